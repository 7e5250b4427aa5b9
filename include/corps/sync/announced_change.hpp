#pragma once

#include <corps/detail/config.hpp>
#include <corps/model/ids.hpp>
#include <corps/model/record_tables.hpp>
#include <corps/storage/rows.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace corps {

/**
 * What a platform said has changed, by the corp's own ids. A hint and no data: what there is now, a sync
 * finds out.
 */
struct AnnouncedChange {
    std::vector<MemberId> members;
    std::vector<DeptId> depts;
    std::vector<RoleId> roles;
    std::vector<std::pair<MemberId, MemberId>> renames;  ///< former and new id, in the order of telling
    bool unnamed = false;  ///< something beside them: the range, the enterprise, its administrators

    [[nodiscard]] bool empty() const noexcept {
        return members.empty() && depts.empty() && roles.empty() && renames.empty() && !unnamed;
    }
    /** Adds what the other names. */
    CORPS_DECL void add(AnnouncedChange&& other);
};

/**
 * Notes in the caller's transaction that a change was announced, until a complete sync whose pull began after
 * this clears it; and forgets what the last pull said of whom the change names, so that the next one decodes
 * them anew and asks again why somebody is missing. Touches no record and writes no feed.
 *
 * @param now milliseconds since 1970.
 * Cost        Linear in the listings that name these members; a named department's or role's whole listing is
 *             decoded again by the next sync.
 */
CORPS_DECL void noteAnnounced(RowAccess& rows, RecordTables const& tables, std::string_view corp,
                              AnnouncedChange const& change, std::int64_t now);

/** Since when (ms since 1970) an announced change waits for a sync; nothing when none does. */
[[nodiscard]] CORPS_DECL std::optional<std::int64_t> announcedSince(RowAccess& rows, std::string_view corp);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/announced_change.ipp>
#endif
