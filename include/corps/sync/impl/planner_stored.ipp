// What the planner reads of the store, and what the pull showed of somebody.
#pragma once

#include <corps/sync/detail/planner.hpp>
#include <corps/sync/detail/tables.hpp>

#include <algorithm>
#include <array>

namespace corps {
namespace detail {

CORPS_DECL void Planner::readStored() {
    std::array<Cell, 1> const corp{Cell::text(in_.corp)};
    StateValues values(rows_, in_.corp);
    activeMembers_ = values.number(kActiveMembers).value_or(0);
    storeEmpty_ = !values.number(kFeedSequence).has_value();  // nothing was ever written
    rows_.forEach(*t_.dept, 0, corp, [this](std::span<Cell const> row) {
        storedDepts_.emplace(row[c_.dept.deptId].bytes(), Row(row.begin(), row.end()));
    });
    rows_.forEach(*t_.admin, 0, corp, [this](std::span<Cell const> row) {
        adminRows_[std::string(row[c_.admin.memberId].bytes())].emplace(row[c_.admin.origin].bytes());
    });
    rows_.forEach(*t_.role, 0, corp, [this](std::span<Cell const> row) {
        if (row[c_.role.origin].bytes() != kOriginLocal)
            storedRoleRows_.emplace(row[c_.role.roleId].bytes(), packRow(row));
        else
            madeHere_.emplace(t_.role, row[c_.role.roleId].bytes());
    });
    rows_.forEach(*t_.roleGroup, 0, corp, [this](std::span<Cell const> row) {
        if (row[c_.roleGroup.origin].bytes() != kOriginLocal)
            storedGroupRows_.emplace(row[c_.roleGroup.roleGroupId].bytes(), packRow(row));
        else
            madeHere_.emplace(t_.roleGroup, row[c_.roleGroup.roleGroupId].bytes());
    });
    storedHolds_ = loadHolds(rows_, in_.corp);
    for (auto const& [key, row] : storedHolds_)
        if (key.first == kHoldApproval && row.until > in_.now) approvals_.insert(key.second);
    if (!in_.options.approve.empty()) approvals_.insert(in_.options.approve.str());
    pendingBefore_ = loadRunKeys(rows_, in_.corp, kPendingRun, "");
    if (proof_.fullScope) return;
    std::vector<Fingerprint> const when = loadRun(rows_, in_.corp, kOutOfScopeRun, "");
    std::vector<std::string> const who = loadRunKeys(rows_, in_.corp, kOutOfScopeRun, "");
    std::uint64_t const scope = fingerprint(FingerprintKey(), 0, scopeText()).lo;
    for (std::size_t i = 0; i < who.size() && i < when.size(); ++i) {
        auto const at = static_cast<std::int64_t>(when[i].lo);
        if (when[i].hi == scope && at <= in_.now && in_.now - at < kAbsenceMillis)
            explained_.emplace(who[i], at);
    }
}

CORPS_DECL Row Planner::storedMember(std::string const& id) {
    if (storeEmpty_) return Row();
    if (bulk_) {
        auto const it = bulkMembers_.find(id);
        if (it == bulkMembers_.end()) return Row();
        std::vector<Cell> const cells = unpackRow(it->second);
        return Row(cells.begin(), cells.end());
    }
    std::array<Cell, 2> const key{Cell::text(in_.corp), Cell::text(id)};
    return findRow(rows_, *t_.member, key);
}

CORPS_DECL std::vector<std::string> Planner::storedDepts(std::string const& member) {
    if (storeEmpty_) return {};
    if (bulk_) {
        std::vector<std::string> depts;
        if (auto const it = bulkDepts_.find(member); it != bulkDepts_.end())
            for (auto const& [dept, row] : it->second) depts.push_back(dept);
        return depts;
    }
    std::vector<std::string> out;
    std::array<Cell, 2> const key{Cell::text(in_.corp), Cell::text(member)};
    rows_.forEach(*t_.deptMember, c_.deptMemberByMember, key,
                  [&](std::span<Cell const> row) { out.emplace_back(row[c_.deptMember.deptId].bytes()); });
    return out;
}

CORPS_DECL Row Planner::storedMembership(std::string const& member, std::string const& dept) {
    if (bulk_) {
        if (auto const it = bulkDepts_.find(member); it != bulkDepts_.end())
            for (auto const& [id, packed] : it->second) {
                if (id != dept) continue;
                std::vector<Cell> const cells = unpackRow(packed);
                return Row(cells.begin(), cells.end());
            }
        return Row();
    }
    std::array<Cell, 3> const key{Cell::text(in_.corp), Cell::text(dept), Cell::text(member)};
    return findRow(rows_, *t_.deptMember, key);
}

CORPS_DECL std::vector<std::string> Planner::storedRoles(std::string const& member) {
    if (storeEmpty_) return {};
    if (bulk_) {
        auto const it = bulkRoles_.find(member);
        return it == bulkRoles_.end() ? std::vector<std::string>() : it->second;
    }
    std::vector<std::string> out;
    std::array<Cell, 2> const key{Cell::text(in_.corp), Cell::text(member)};
    rows_.forEach(*t_.roleMember, c_.roleMemberByMember, key, [&](std::span<Cell const> row) {
        if (row[c_.roleMember.origin].bytes() != kOriginLocal)
            out.emplace_back(row[c_.roleMember.roleId].bytes());
    });
    return out;
}

CORPS_DECL std::vector<std::string> Planner::storedFlags(std::string const& member) {
    if (storeEmpty_) return {};
    if (bulk_) {
        auto const it = bulkFlags_.find(member);
        return it == bulkFlags_.end() ? std::vector<std::string>() : it->second;
    }
    std::vector<std::string> out;
    std::array<Cell, 2> const key{Cell::text(in_.corp), Cell::text(member)};
    rows_.forEach(*t_.deptLeader, c_.deptLeaderByMember, key, [&](std::span<Cell const> row) {
        if (row[c_.deptLeader.source].integer() == static_cast<std::int64_t>(LeaderSource::memberFlag))
            out.emplace_back(row[c_.deptLeader.deptId].bytes());
    });
    return out;
}

CORPS_DECL bool Planner::hasRightsHere(std::string const& member) {
    auto const it = adminRows_.find(member);
    bool out = it != adminRows_.end() && it->second.contains(std::string(kOriginLocal));
    std::array<Cell, 2> const key{Cell::text(in_.corp), Cell::text(member)};
    rows_.forEach(*t_.roleMember, c_.roleMemberByMember, key, [&](std::span<Cell const> row) {
        out = out || row[c_.roleMember.origin].bytes() == kOriginLocal;
    });
    return out;
}

CORPS_DECL bool Planner::storedAdmin(std::string const& member) const {
    auto const it = adminRows_.find(member);
    return it != adminRows_.end() && it->second.contains(std::string(kOriginUpstream));
}

// ---- what was seen

CORPS_DECL FoundListing const* Planner::finished(ListingKind kind, std::string const& id) const {
    auto const it = f_.listings.find(Listing{kind, id});
    return it != f_.listings.end() && it->second.finished ? &it->second : nullptr;
}

CORPS_DECL std::vector<std::string> const& Planner::storedKeys(Listing const& l) {
    auto const it = storedKeys_.find(l);
    if (it != storedKeys_.end()) return it->second;
    return storedKeys_.emplace(l, loadRunKeys(rows_, in_.corp, static_cast<std::int64_t>(l.kind), l.id))
        .first->second;
}

CORPS_DECL std::unordered_map<std::string, std::uint32_t> const& Planner::seenKeys(Listing const& l,
                                                                                   FoundListing const& f) {
    auto const it = seenKeys_.find(l);
    if (it != seenKeys_.end()) return it->second;
    std::unordered_map<std::string, std::uint32_t>& keys = seenKeys_[l];
    bool const needStored = std::find(f.matched.begin(), f.matched.end(), true) != f.matched.end();
    if (needStored) {
        std::vector<std::string> const& stored = storedKeys(l);
        for (std::size_t i = 0; i < f.matched.size() && i < stored.size(); ++i)
            if (f.matched[i]) ++keys[stored[i]];
    }
    for (std::string const& k : f.newKeys) ++keys[k];
    return keys;
}

/** Of a department, `key` is somebody who has a row there. */
CORPS_DECL Seen Planner::seen(ListingKind kind, std::string const& id, std::string const& key) {
    if (kind == ListingKind::deptMembers && (goneDepts_.contains(id) || !parents_.contains(id)))
        return heldDepts_.contains(id) ? Seen::unknown : Seen::no;
    bool const dept = kind == ListingKind::deptMembers;
    FoundListing const* f = finished(kind, id);
    if (f == nullptr && !dept) {
        if (kind == ListingKind::visibleMembers) return Seen::no;
        if (kind == ListingKind::roleMembers && rolesComplete_ && !f_.roles.contains(id)) return Seen::no;
        return Seen::unknown;
    }
    if (auto const it = f_.members.find(key);
        it != f_.members.end()) {  // decoded there: no keys need to be loaded
        FoundMember const& m = it->second;
        auto inDept = [&id](auto const& p) { return p.first == id; };
        if (dept && (f != nullptr || m.below) && std::any_of(m.depts.begin(), m.depts.end(), inDept))
            return Seen::yes;
        if (kind == ListingKind::visibleMembers && m.visible) return Seen::yes;
        if (kind == ListingKind::roleMembers &&
            std::find(m.roles.begin(), m.roles.end(), id) != m.roles.end())
            return Seen::yes;
    }
    if (f != nullptr && seenKeys(Listing{kind, id}, *f).contains(key)) return Seen::yes;
    if (dept && matchedBelow(key)) return Seen::yes;
    if (dept && covered_.contains(id)) return Seen::no;
    return f != nullptr && f->state == ListingState::complete ? Seen::no : Seen::unknown;
}

/** Whether this listing shows a unit of theirs that is as it was. */
CORPS_DECL bool Planner::matchedIn(Listing const& l, std::string const& member) {
    auto const found = f_.listings.find(l);
    if (found == f_.listings.end()) return false;
    auto const [it, fresh] = matchedKeys_.try_emplace(l);
    if (fresh) {
        std::vector<bool> const& matched = found->second.matched;
        if (std::find(matched.begin(), matched.end(), true) != matched.end()) {
            std::vector<std::string> const& stored = storedKeys(l);
            for (std::size_t i = 0; i < matched.size() && i < stored.size(); ++i)
                if (matched[i]) it->second.insert(stored[i]);
        }
    }
    return it->second.contains(member);
}

/**
 * Whether a list of a whole subtree shows them as they were. Such an entry is kept only while its unit names
 * exactly the departments whose rows they have: it stands for each of these.
 */
CORPS_DECL bool Planner::matchedBelow(std::string const& member) {
    auto it = f_.listings.lower_bound(Listing{ListingKind::subtreeMembers, std::string()});
    for (; it != f_.listings.end() && it->first.kind == ListingKind::subtreeMembers; ++it)
        if (matchedIn(it->first, member)) return true;
    return false;
}

/**
 * Whether one of these departments is met on the way from a department to the root, each step being told in
 * this pull. All of a full scope stands below the root.
 */
CORPS_DECL bool Planner::standsIn(std::string const& dept, std::set<std::string> const& subtrees) const {
    if (proof_.fullScope && subtrees.contains(proof_.rootDeptId)) return true;
    std::string at = dept;
    for (std::size_t steps = 0; steps <= parents_.size(); ++steps) {
        if (subtrees.contains(at)) return true;
        auto const parent = parents_.find(at);
        if (at == proof_.rootDeptId || parent == parents_.end() || !deptRows_.contains(at) ||
            untold_.contains(at))
            return false;
        at = parent->second;
    }
    return false;
}

/** Finds the departments of which a list of a whole subtree says all. */
CORPS_DECL void Planner::coverDepartments() {
    std::set<std::string> whole;
    for (auto const& [listing, found] : f_.listings)
        if (listing.kind == ListingKind::subtreeMembers && found.finished &&
            found.state == ListingState::complete)
            whole.insert(listing.id);
    if (whole.empty()) return;
    for (auto const& [id, parent] : parents_)
        if (standsIn(id, whole)) covered_.insert(id);
}

}  // namespace detail
}  // namespace corps
