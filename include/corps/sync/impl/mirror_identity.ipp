#pragma once

#include <corps/error/error.hpp>
#include <corps/sync/detail/tables.hpp>
#include <corps/sync/mirror_identity.hpp>

#include <optional>

namespace corps {
namespace detail {

inline constexpr std::string_view kHowToMigrate =
    "; to keep what is stored and go on with the other, sync once with SyncOptions::migrate (corpctl sync "
    "--migrate)";

[[noreturn]] inline void refuseCorp(std::string_view corp, std::string message) {
    Diagnostics d;
    d.corp = corp;
    throw Error(Errc::wrongCorp, std::move(message), std::move(d));
}

}  // namespace detail

CORPS_DECL std::string MirrorIdentity::packed() const { return platform + '\n' + appId + '\n' + idTypes; }

CORPS_DECL MirrorIdentity MirrorIdentity::unpack(std::string_view packed) {
    MirrorIdentity out;
    for (std::string* part : {&out.platform, &out.appId, &out.idTypes}) {
        std::size_t const end = packed.find('\n');
        *part = packed.substr(0, end);
        packed = end == std::string_view::npos ? std::string_view() : packed.substr(end + 1);
    }
    return out;
}

CORPS_DECL std::string MirrorIdentity::text() const {
    std::string out = platform;
    if (!appId.empty()) out += ", application " + appId;
    if (!idTypes.empty()) out += ", ids " + idTypes;
    return out;
}

[[noreturn]] CORPS_DECL void refuseIdentity(std::string_view corp, MirrorIdentity const& stored,
                                            MirrorIdentity const& asked) {
    detail::refuseCorp(corp, "the store mirrors " + stored.text() + "; the configuration says " +
                                 asked.text() + std::string(detail::kHowToMigrate));
}

[[noreturn]] CORPS_DECL void refuseUpstreamCorp(std::string_view corp, std::string_view stored,
                                                std::string_view shown) {
    detail::refuseCorp(corp, "the store mirrors the enterprise " + std::string(stored) +
                                 "; the credentials belong to " + std::string(shown) +
                                 std::string(detail::kHowToMigrate));
}

CORPS_DECL void requireIdentity(RowAccess& rows, std::string_view corp, MirrorIdentity const& asked) {
    std::optional<std::string> const stored = detail::StateValues(rows, corp).bytes(detail::kIdentity);
    if (!stored || stored->empty()) return;
    MirrorIdentity const remembered = MirrorIdentity::unpack(*stored);
    if (!asked.admits(remembered)) refuseIdentity(corp, remembered, asked);
}

}  // namespace corps
