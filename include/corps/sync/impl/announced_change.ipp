#pragma once

#include <corps/sync/announced_change.hpp>
#include <corps/sync/detail/runs.hpp>
#include <corps/sync/detail/tables.hpp>

#include <iterator>
#include <set>
#include <string>

namespace corps {
namespace detail {

/** Every entry of one run. */
inline void forgetRun(RowAccess& rows, std::string_view corp, ListingKind kind, std::string_view id) {
    auto const number = static_cast<std::int64_t>(kind);
    std::vector<std::string> keys = loadRunKeys(rows, corp, number, id);
    if (keys.empty()) return;
    std::set<std::string> const all(std::make_move_iterator(keys.begin()),
                                    std::make_move_iterator(keys.end()));
    static_cast<void>(forgetRunEntries(rows, corp, number, id, all));
}

/** Who is named is asked for again, however lately the platform called them out of scope. */
inline void forgetAbsences(RowAccess& rows, std::string_view corp, std::set<std::string> const& members) {
    std::vector<std::string> const keys = loadRunKeys(rows, corp, kOutOfScopeRun, "");
    std::vector<Fingerprint> const prints = loadRun(rows, corp, kOutOfScopeRun, "");
    std::vector<std::string> keptKeys;
    std::vector<Fingerprint> keptPrints;
    for (std::size_t i = 0; i < keys.size() && i < prints.size(); ++i) {
        if (members.contains(keys[i])) continue;
        keptKeys.push_back(keys[i]);
        keptPrints.push_back(prints[i]);
    }
    if (keptKeys.size() != keys.size()) saveRun(rows, corp, kOutOfScopeRun, "", keptPrints, keptKeys);
}

}  // namespace detail

CORPS_DECL void AnnouncedChange::add(AnnouncedChange&& other) {
    auto const take = [](auto& to, auto& from) {
        to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
    };
    take(members, other.members);
    take(depts, other.depts);
    take(roles, other.roles);
    take(renames, other.renames);
    unnamed = unnamed || other.unnamed;
}

CORPS_DECL void noteAnnounced(RowAccess& rows, RecordTables const& tables, std::string_view corp,
                              AnnouncedChange const& change, std::int64_t now) {
    detail::StateValues values(rows, corp);
    std::int64_t const announced = values.number(detail::kChangesAnnounced).value_or(0);
    if (announced == values.number(detail::kChangesSeen).value_or(0))
        values.setNumber(detail::kChangePendingSince, now);
    values.setNumber(detail::kChangesAnnounced, announced + 1);
    if (!detail::hasRuns(rows, corp)) return;

    std::set<std::string> members;
    for (MemberId const& m : change.members) members.insert(m.str());
    if (!members.empty()) {
        static_cast<void>(detail::forgetEntries(rows, tables, corp, detail::RunEntries(), members));
        detail::forgetAbsences(rows, corp, members);
    }
    // Departments themselves are decoded at every pull.
    std::set<std::string_view> done;
    for (DeptId const& d : change.depts)
        if (done.insert(d.view()).second) detail::forgetRun(rows, corp, ListingKind::deptMembers, d.view());
    done.clear();
    for (RoleId const& r : change.roles)
        if (done.insert(r.view()).second) detail::forgetRun(rows, corp, ListingKind::roleMembers, r.view());
}

CORPS_DECL std::optional<std::int64_t> announcedSince(RowAccess& rows, std::string_view corp) {
    detail::StateValues values(rows, corp);
    if (values.number(detail::kChangesAnnounced) == values.number(detail::kChangesSeen)) return std::nullopt;
    return values.number(detail::kChangePendingSince);
}

}  // namespace corps
