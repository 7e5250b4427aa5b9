#pragma once

#include <corps/detail/config.hpp>
#include <corps/storage/rows.hpp>

#include <string>
#include <string_view>

namespace corps {

/** What a store remembers of the upstream it mirrors; opening it with another is refused. */
struct MirrorIdentity {
    std::string platform;  ///< "feishu", "dingtalk", "wecom"
    std::string appId;
    std::string idTypes;  ///< of people and departments, "open_id/open_department_id"; empty where a platform
                          ///< has one kind, or where its pulls tell

    friend bool operator==(MirrorIdentity const&, MirrorIdentity const&) = default;

    /** Whether a store that remembers `stored` may be opened as this. */
    [[nodiscard]] bool admits(MirrorIdentity const& stored) const noexcept {
        return platform == stored.platform && appId == stored.appId &&
               (idTypes.empty() || stored.idTypes.empty() || idTypes == stored.idTypes);
    }
    /** As the store keeps it. */
    [[nodiscard]] CORPS_DECL std::string packed() const;
    [[nodiscard]] CORPS_DECL static MirrorIdentity unpack(std::string_view packed);
    /** For a person: "feishu, application cli_1, ids open_id/open_department_id". */
    [[nodiscard]] CORPS_DECL std::string text() const;
};

/** The error for a store that remembers `stored` and is opened as `asked`; names both. */
[[noreturn]] CORPS_DECL void refuseIdentity(std::string_view corp, MirrorIdentity const& stored,
                                            MirrorIdentity const& asked);
/** The same for the platform's ids of two enterprises. */
[[noreturn]] CORPS_DECL void refuseUpstreamCorp(std::string_view corp, std::string_view stored,
                                                std::string_view shown);

/**
 * What the store remembers of this corp is what it is opened as, or nothing yet.
 * Errors      Error(wrongCorp) that names both.
 */
CORPS_DECL void requireIdentity(RowAccess& rows, std::string_view corp, MirrorIdentity const& asked);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/mirror_identity.ipp>
#endif
