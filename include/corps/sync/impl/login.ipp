#pragma once

#include <corps/error/error.hpp>
#include <corps/sync/detail/tables.hpp>
#include <corps/sync/impl/corp_reader.ipp>
#include <corps/sync/login.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace corps {
namespace detail {

/** How the ids that a platform gives for good compare. */
enum class SamePerson : std::uint8_t { yes, no, unknown };

/** The union id decides where both sides know one, else the open id. */
[[nodiscard]] inline SamePerson samePerson(std::string_view unionA, std::string_view unionB,
                                           std::string_view openA, std::string_view openB) noexcept {
    if (!unionA.empty() && !unionB.empty()) return unionA == unionB ? SamePerson::yes : SamePerson::no;
    if (!openA.empty() && !openB.empty()) return openA == openB ? SamePerson::yes : SamePerson::no;
    return SamePerson::unknown;
}

[[noreturn]] inline void refuseLogin(std::string_view memberId, std::string message) {
    Diagnostics d;
    if (!memberId.empty()) d.place = "member " + std::string(memberId);
    throw Error(Errc::refused, std::move(message), std::move(d));
}

}  // namespace detail

CORPS_DECL std::string requireLogin(CorpReader const& r, MirrorIdentity const& mirror, Identity const& who) {
    requireIdentity(r.rows(), r.corp(), mirror);
    std::string const corpId =
        detail::StateValues(r.rows(), r.corp()).bytes(detail::kUpstreamCorp).value_or(std::string());
    bool const known =
        std::find(who.otherCorpIds.begin(), who.otherCorpIds.end(), corpId) != who.otherCorpIds.end();
    if (!corpId.empty() && !who.upstreamCorpId.empty() && corpId != who.upstreamCorpId && !known)
        detail::refuseLogin("", "who logged in belongs to another enterprise of the platform");

    TableSchema const& t = *r.tables().member;
    std::size_t const unionId = detail::columnOf(t, "unionId");
    std::size_t const openId = detail::columnOf(t, "openId");
    std::size_t const localStatus = detail::columnOf(t, "localStatus");
    std::size_t const status = detail::columnOf(t, "status");
    std::size_t const upstreamStatus = detail::columnOf(t, "upstreamStatus");
    std::size_t const userId = detail::columnOf(t, "userId");
    auto const compare = [&](RowView row) {
        return detail::samePerson(row[unionId].bytes(), who.unionId, row[openId].bytes(), who.openId);
    };

    std::string id;
    bool taken = false;  // the memberId is somebody else's here
    if (!who.memberId.empty())
        r.visitOne(t, who.memberId, [&](RowView row) {
            taken = compare(row) == detail::SamePerson::no;
            if (!taken) id = who.memberId;
        });
    if (id.empty()) {
        // Active ones first: who came back under another id left the former record behind.
        std::array<std::vector<std::string>, 2> found;
        r.visitMembers(StatusFilter::all, [&](RowView row, MemberStatus s) {
            if (compare(row) == detail::SamePerson::yes)
                found[s == MemberStatus::active ? 0 : 1].emplace_back(row[1].bytes());
            return true;
        });
        std::vector<std::string> const& ids = found[0].empty() ? found[1] : found[0];
        if (ids.empty())
            detail::refuseLogin(taken ? std::string_view(who.memberId) : std::string_view(),
                                taken ? "the id of who logged in was somebody else's at the last sync, and "
                                        "nobody here has their union or open id"
                                      : "who logged in is no member here, or not since the last sync");
        if (ids.size() > 1 && !found[0].empty())
            detail::refuseLogin(ids.front(), "who logged in is more than one member here");
        id = ids.front();
    }

    r.visitOne(t, id, [&](RowView row) {
        constexpr auto kResigned = static_cast<std::int64_t>(MemberStatus::resigned);
        if (row[status].integer() == kResigned) detail::refuseLogin(id, "who logged in has resigned");
        if (row[localStatus].integer() == kResigned)
            detail::refuseLogin(id, "who logged in was set offline here");
        if (std::string_view const word = row[upstreamStatus].bytes(); barsLogin(word))
            detail::refuseLogin(id, "the platform has the account of who logged in as " + std::string(word));
        if (row[userId].bytes().empty())
            detail::refuseLogin(id, "who logged in is bound to no user yet: sync, or bulkRegister");
    });
    return id;
}

}  // namespace corps
