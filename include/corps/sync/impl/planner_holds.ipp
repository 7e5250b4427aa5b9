// Which removals are held.
#pragma once

#include <corps/sync/detail/bytes.hpp>
#include <corps/sync/detail/planner.hpp>
#include <corps/sync/detail/tables.hpp>

#include <algorithm>
#include <array>

namespace corps {
namespace detail {

CORPS_DECL std::map<HoldKey, HoldRow> loadHolds(RowAccess& rows, std::string_view corp) {
    std::map<HoldKey, HoldRow> out;
    std::array<Cell, 1> const prefix{Cell::text(corp)};
    rows.forEach(holdTable(), 0, prefix, [&out](std::span<Cell const> row) {
        HoldRow h;
        h.digest = row[3].bytes();
        h.since = row[4].integer();
        h.until = row[5].integer();
        h.place = row[6].bytes();
        h.total = row[7].integer();
        out[{std::string(row[1].bytes()), std::string(row[2].bytes())}] = std::move(h);
    });
    return out;
}

CORPS_DECL std::vector<HoldKey> holdKeys(Hold const& h) {
    std::vector<HoldKey> out;
    std::string kind = "member";
    if (h.reason == HoldReason::differentPerson) kind = "person";
    if (h.reason == HoldReason::lastAdmin) kind = "admin";
    if (h.reason == HoldReason::unmatched) kind = "unmatched";
    for (std::string const& m : h.memberIds)
        out.emplace_back(h.reason == HoldReason::memberships ? "membership" : kind,
                         h.reason == HoldReason::memberships ? h.where + '\x1f' + m : m);
    for (std::string const& d : h.deptIds) out.emplace_back("dept", d);
    return out;
}

CORPS_DECL RemovalDigest digestOf(std::vector<HoldKey> keys) {
    RemovalDigest out;
    if (keys.empty()) return out;
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    std::string all;
    for (auto const& [kind, id] : keys) {
        putText(all, kind);
        putText(all, id);
    }
    Fingerprint const f = fingerprint(FingerprintKey(), 0, all);
    for (std::size_t i = 0; i < 8; ++i) {
        out.bytes[i] = static_cast<std::uint8_t>(f.lo >> (8 * i));
        out.bytes[8 + i] = static_cast<std::uint8_t>(f.hi >> (8 * i));
    }
    return out;
}

CORPS_DECL bool Planner::approvedRow(HoldKey const& key) const {
    if (approvedNow_.contains(key)) return true;
    auto const it = storedHolds_.find(key);
    return it != storedHolds_.end() && approvals_.contains(it->second.digest);
}

CORPS_DECL void Planner::addHold(HoldReason reason, std::string where, std::set<std::string> members,
                                 std::set<std::string> depts, std::uint64_t total) {
    if (members.empty() && depts.empty()) return;
    Hold h;
    h.reason = reason;
    h.where = std::move(where);
    h.memberIds.assign(members.begin(), members.end());
    h.deptIds.assign(depts.begin(), depts.end());
    h.total = total;
    for (HoldKey const& key : holdKeys(h))
        if (auto const it = storedHolds_.find(key); it != storedHolds_.end() && it->second.since != 0)
            h.since = h.since == 0 ? it->second.since : std::min(h.since, it->second.since);
    holds_.push_back(std::move(h));
}

inline bool overLimit(RemovalLimits const& limits, std::size_t count, std::int64_t total,
                      HoldReason& reason) {
    auto const n = static_cast<double>(count);
    auto const of = static_cast<double>(total);
    if (count > limits.maxCount && n > limits.maxShare * of) {
        reason = HoldReason::tooMany;
        return true;
    }
    if (count >= limits.shareMinCount && n > limits.alwaysShare * of) {
        reason = HoldReason::tooLargeShare;
        return true;
    }
    return false;
}

/** Of how many: what is held already is still as many of those who were there when it was first held. */
CORPS_DECL std::int64_t Planner::totalFor(std::int64_t now, std::string const& kind, std::string const& where,
                                          std::set<std::string> const& ids) const {
    for (auto const& [key, row] : storedHolds_)
        if (key.first == kind && row.place == where && row.total > 0 && row.total < now &&
            ids.contains(key.second))
            now = row.total;
    return now;
}

CORPS_DECL void Planner::limitRemovals() {
    std::set<std::string> people;
    std::set<std::string> unmatched;
    for (auto const& [id, j] : judged_) {
        if (j.otherPerson && !in_.options.allowRemovals && !approvedRow({"person", id})) {
            addHold(HoldReason::differentPerson, "", {id}, {}, 1);
            heldMembers_.insert(id);
        }
        HoldKey const key("unmatched", id);
        bool const lost = std::binary_search(in_.unmatched.begin(), in_.unmatched.end(), id);
        if (!j.present && (lost || (j.gone && storedHolds_.contains(key)))) {
            // Whether they left is not what a missing former id says: a person must.
            if (!in_.options.allowRemovals && !approvedRow(key)) unmatched.insert(id);
            continue;
        }
        if (j.gone && !in_.options.allowRemovals && !approvedRow({"member", id})) people.insert(id);
    }
    addHold(HoldReason::unmatched, "", unmatched, {}, static_cast<std::uint64_t>(activeMembers_));
    heldMembers_.insert(unmatched.begin(), unmatched.end());
    HoldReason reason = HoldReason::tooMany;
    std::int64_t const active = totalFor(activeMembers_, "member", "", people);
    if (overLimit(in_.options.members, people.size(), active, reason)) {
        addHold(reason, "", people, {}, static_cast<std::uint64_t>(active));
        heldMembers_.insert(people.begin(), people.end());
    } else if (people.size() >= in_.options.members.wholeDeptMin) {
        std::map<std::string, std::set<std::string>> byTop;
        for (std::string const& id : people)
            for (std::string const& d : storedDepts(id))
                if (std::string const& top = topLevelOf(d); !top.empty()) byTop[top].insert(id);
        std::map<std::string, std::vector<std::string>> below;
        for (auto const& [dept, row] : storedDepts_) below[topLevelOf(dept)].push_back(dept);
        for (auto const& [top, gone] : byTop) {
            if (gone.size() < in_.options.members.wholeDeptMin) continue;
            std::set<std::string> all;
            for (std::string const& dept : below[top]) {
                std::array<Cell, 2> const prefix{Cell::text(in_.corp), Cell::text(dept)};
                rows_.forEach(*t_.deptMember, 0, prefix, [&](std::span<Cell const> m) {
                    all.emplace(m[c_.deptMember.memberId].bytes());
                });
            }
            auto const of = static_cast<std::size_t>(
                totalFor(static_cast<std::int64_t>(all.size()), "member", top, gone));
            if (gone.size() < of) continue;
            addHold(HoldReason::wholeDepartment, top, gone, {}, of);
            heldMembers_.insert(gone.begin(), gone.end());
        }
    }

    std::set<std::string> depts;
    for (std::string const& d : goneDepts_)
        if (!in_.options.allowRemovals && !approvedRow({"dept", d})) depts.insert(d);
    auto const total = totalFor(
        static_cast<std::int64_t>(storedDepts_.size() - (storedDepts_.contains(proof_.rootDeptId) ? 1 : 0)),
        "dept", "", depts);
    if (overLimit(in_.options.departments, depts.size(), total, reason)) {
        addHold(reason, "", {}, depts, static_cast<std::uint64_t>(total));
        heldDepts_ = depts;
    } else if (depts.size() >= in_.options.departments.wholeDeptMin) {
        std::map<std::string, std::set<std::string>> byTop;
        for (std::string const& d : depts) byTop[topLevelOf(d)].insert(d);
        std::map<std::string, std::size_t> all;
        for (auto const& [dept, row] : storedDepts_) ++all[topLevelOf(dept)];
        for (auto const& [top, gone] : byTop) {
            if (top.empty() || gone.size() < in_.options.departments.wholeDeptMin) continue;
            auto const of =
                static_cast<std::size_t>(totalFor(static_cast<std::int64_t>(all[top]), "dept", top, gone));
            if (gone.size() < of) continue;
            addHold(HoldReason::wholeDepartment, top, {}, gone, of);
            heldDepts_.insert(gone.begin(), gone.end());
        }
    }
}

CORPS_DECL void Planner::closeHolds() {
    // What is held keeps the ground it stands on: departments of held members, and the ancestors of held
    // departments.
    std::set<std::string> ground;
    auto hold = [&](std::string at) {
        for (std::size_t steps = 0; goneDepts_.contains(at) && steps <= storedDepts_.size(); ++steps) {
            if (!heldDepts_.contains(at)) {
                heldDepts_.insert(at);
                ground.insert(at);
            }
            at = storedDepts_.at(at)[c_.dept.parentId].bytes();
        }
    };
    for (std::string const& m : heldMembers_)
        for (std::string const& d : storedDepts(m)) hold(d);
    for (std::string const& d : std::set<std::string>(heldDepts_))
        hold(std::string(storedDepts_.at(d)[c_.dept.parentId].bytes()));
    addHold(HoldReason::standsIn, "", {}, ground, storedDepts_.size());
    for (std::string const& d : heldDepts_) parents_[d] = storedDepts_.at(d)[c_.dept.parentId].bytes();
    // Departments kept where they were may close a circle with one that moved below them: that one stays,
    // too. Each turn puts at least one more back, and the stored tree has no circle.
    for (bool again = true; again;) {
        again = false;
        for (auto const& [id, row] : storedDepts_) {
            if (!parents_.contains(id) || deptRows_.contains(id)) continue;
            std::string at = id;
            std::set<std::string> way;
            while (parents_.contains(at) && at != proof_.rootDeptId && way.insert(at).second)
                at = parents_[at];
            if (at == proof_.rootDeptId || !parents_.contains(at)) continue;
            for (std::string const& w : way) {
                auto const stored = storedDepts_.find(w);
                if (stored == storedDepts_.end() || !deptRows_.contains(w)) continue;
                std::string const& was = stored->second[c_.dept.parentId].bytes();
                if (parents_[w] == was) continue;
                parents_[w] = was;
                std::vector<Cell> cells = unpackRow(deptRows_[w]);
                cells[c_.dept.parentId] = Cell();
                deptRows_[w] = packRow(cells);
                warnings_.push_back("department " + w +
                                    " stays where it was: a department that is kept stands above it");
                again = true;
            }
        }
    }
}

CORPS_DECL void Planner::limitMemberships() {
    if (in_.options.allowRemovals) return;
    std::map<std::string, std::set<std::string>> stranded;
    for (auto const& [id, j] : judged_) {
        if (j.gone || j.leaves.empty() || !j.stored || !j.active) continue;
        auto const it = f_.members.find(id);
        if (it != f_.members.end() && !it->second.depts.empty()) continue;
        if (storedDepts(id).size() > j.leaves.size()) continue;
        for (std::string const& d : j.leaves)
            if (!goneDepts_.contains(d) && !approvedRow({"membership", d + '\x1f' + id}))
                stranded[d].insert(id);
    }
    for (auto const& [d, people] : stranded) {
        if (people.size() <= in_.options.memberships.maxCount) continue;
        std::size_t total = 0;
        std::array<Cell, 2> const prefix{Cell::text(in_.corp), Cell::text(d)};
        rows_.forEach(*t_.deptMember, 0, prefix, [&](std::span<Cell const>) { ++total; });
        std::set<std::string> keys;
        for (std::string const& m : people) keys.insert(d + '\x1f' + m);
        total = static_cast<std::size_t>(totalFor(static_cast<std::int64_t>(total), "membership", d, keys));
        if (static_cast<double>(people.size()) <=
            in_.options.memberships.maxShare * static_cast<double>(total))
            continue;
        addHold(HoldReason::memberships, d, people, {}, total);
        heldMemberships_[d] = people;
    }
}

CORPS_DECL void Planner::limitAdmins() {
    FoundListing const* listed = finished(ListingKind::admins, "");
    bool const listedAll = listed != nullptr && listed->state == ListingState::complete;
    for (std::string const& id : touched_) {
        if (listed != nullptr) {
            if (f_.admins.contains(id))
                adminAfter_[id] = true;
            else if (listedAll)
                adminAfter_[id] = false;
            continue;
        }
        auto const it = f_.members.find(id);
        if (it == f_.members.end()) continue;
        bool const yes = it->second.saidAdmin;
        bool const no = it->second.saidNoAdmin;
        if (yes && no)
            adminAfter_[id] = !storedAdmin(id);  // a change between two pages: what differs is newer
        else if (yes || no)
            adminAfter_[id] = yes;
    }
    if (!in_.options.members.keepLastAdmin || in_.options.allowRemovals) return;
    std::set<std::string> lost;
    bool before = false;
    bool after = false;
    for (auto const& [id, origins] : adminRows_) {
        Row const row = storedMember(id);
        auto const j = judged_.find(id);
        if (!row.empty() && row[c_.member.status].integer() == 2 &&
            origins.contains(std::string(kOriginLocal)) && j != judged_.end() && j->second.present &&
            !j->second.otherPerson)
            after = true;  // returns, and administers again
        if (row.empty() || row[c_.member.status].integer() == 2 || row[c_.member.localStatus].integer() == 2)
            continue;
        before = true;
        if (heldMembers_.contains(id)) {  // keeps the right as well
            after = true;
            continue;
        }
        bool const goes = j != judged_.end() && j->second.gone;
        auto const flag = adminAfter_.find(id);
        bool const unflagged =
            flag != adminAfter_.end() && !flag->second && !origins.contains(std::string(kOriginLocal));
        if (goes || unflagged) {
            if (!approvedRow({"admin", id}) && !(goes && approvedRow({"member", id}))) lost.insert(id);
        } else {
            after = true;
        }
    }
    for (auto const& [id, is] : adminAfter_) {
        auto const j = judged_.find(id);
        if (!is || storedAdmin(id) || j == judged_.end() || !j->second.present || j->second.otherPerson)
            continue;
        Row const row = storedMember(id);
        bool const offlineHere =
            !row.empty() && row[c_.member.status].integer() != 2 && row[c_.member.localStatus].integer() == 2;
        if (!offlineHere) after = true;
    }
    if (!before || after || lost.empty()) return;
    addHold(HoldReason::lastAdmin, "", lost, {}, lost.size());
    heldAdmins_ = lost;
    for (std::string const& id : lost)
        if (judged_[id].gone) heldMembers_.insert(id);
}

}  // namespace detail
}  // namespace corps
