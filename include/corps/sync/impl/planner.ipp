#pragma once

#include <corps/sync/detail/bytes.hpp>
#include <corps/sync/detail/planner.hpp>
#include <corps/sync/detail/tables.hpp>

#include <algorithm>
#include <array>
#include <numeric>
#include <tuple>

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

CORPS_DECL Planner::Planner(Input const& input, RowAccess& rows, Findings& found, PullProof const& proof,
                            Baseline const& before)
    : in_(input),
      t_(*input.tables),
      c_(*input.columns),
      rows_(rows),
      f_(found),
      proof_(proof),
      base_(before) {}

// ---- stored rows
// --------------------------------------------------------------------------------------------------

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
        auto const it = bulkDepts_.find(member);
        return it == bulkDepts_.end() ? std::vector<std::string>() : it->second;
    }
    std::vector<std::string> out;
    std::array<Cell, 2> const key{Cell::text(in_.corp), Cell::text(member)};
    rows_.forEach(*t_.deptMember, c_.deptMemberByMember, key,
                  [&](std::span<Cell const> row) { out.emplace_back(row[c_.deptMember.deptId].bytes()); });
    return out;
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
// ------------------------------------------------------------------------------------------------

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

CORPS_DECL Seen Planner::seen(ListingKind kind, std::string const& id, std::string const& key) {
    if (kind == ListingKind::deptMembers && (goneDepts_.contains(id) || !parents_.contains(id)))
        return heldDepts_.contains(id) ? Seen::unknown : Seen::no;
    FoundListing const* f = finished(kind, id);
    if (f == nullptr) {
        if (kind == ListingKind::visibleMembers) return Seen::no;
        if (kind == ListingKind::roleMembers && rolesComplete_ && !f_.roles.contains(id)) return Seen::no;
        return Seen::unknown;
    }
    if (auto const it = f_.members.find(key);
        it != f_.members.end()) {  // decoded there: no keys need to be loaded
        FoundMember const& m = it->second;
        auto inDept = [&id](auto const& p) { return p.first == id; };
        if (kind == ListingKind::deptMembers && std::any_of(m.depts.begin(), m.depts.end(), inDept))
            return Seen::yes;
        if (kind == ListingKind::visibleMembers && m.visible) return Seen::yes;
        if (kind == ListingKind::roleMembers &&
            std::find(m.roles.begin(), m.roles.end(), id) != m.roles.end())
            return Seen::yes;
    }
    if (seenKeys(Listing{kind, id}, *f).contains(key)) return Seen::yes;
    return f->state == ListingState::complete ? Seen::no : Seen::unknown;
}

// ---- departments
// --------------------------------------------------------------------------------------------------

CORPS_DECL void Planner::judgeDepartments() {
    FoundListing const* tree = finished(ListingKind::departments, "");
    treeComplete_ = tree != nullptr && tree->state == ListingState::complete;
    std::string const& root = proof_.rootDeptId;

    // Different values of one department within a pull: the one that differs from the store is the newer.
    auto choose = [this](std::string const& id, std::vector<std::string> const& rows) {
        auto const stored = storedDepts_.find(id);
        std::string chosen = rows.front();
        for (std::string const& candidate : rows) {
            if (candidate == chosen) continue;
            if (stored != storedDepts_.end()) {
                auto same = [&](std::string const& packed) {
                    std::vector<Cell> const cells = unpackRow(packed);
                    for (std::size_t i = 0; i < cells.size(); ++i)
                        if (!cells[i].isNull() && !(cells[i] == stored->second[i].view())) return false;
                    return true;
                };
                if (same(candidate)) continue;
                if (same(chosen)) {
                    chosen = candidate;
                    continue;
                }
            }
            if (candidate < chosen) chosen = candidate;
        }
        return chosen;
    };
    for (auto const& [id, rows] : f_.depts) deptRows_[id] = choose(id, rows);

    std::size_t const others = deptRows_.size() - (deptRows_.contains(root) ? 1 : 0);
    std::size_t const storedOthers = storedDepts_.size() - (storedDepts_.contains(root) ? 1 : 0);
    if (treeComplete_ && others == 0 && storedOthers > 0 && proof_.fullScope && !in_.options.allowRemovals) {
        treeComplete_ = false;
        SyncFault fault;
        fault.place = "departments";
        fault.code = make_error_code(Errc::protocol);
        fault.message = "success with no department where there were " + std::to_string(storedOthers);
        faults_.push_back(std::move(fault));
    }

    if (!deptRows_.contains(root)) {
        std::string const& name = proof_.corpName.empty() ? in_.title : proof_.corpName;
        bool const known = storedDepts_.contains(root) && proof_.corpName.empty();
        std::array<Cell, 4> const cells{Cell::text(root), Cell::text(""), known ? Cell() : Cell::text(name),
                                        known ? Cell() : Cell::integer(0)};
        deptRows_[root] = f_.place(UpstreamTable::dept, cells);
    } else {
        std::vector<Cell> cells = unpackRow(deptRows_[root]);
        if (cells[c_.dept.name].isNull() && !storedDepts_.contains(root)) {
            cells[c_.dept.name] = Cell::text(in_.title);
            deptRows_[root] = packRow(cells);
        }
    }

    auto fail = [this](std::string const& what, std::string const& dept) {
        Diagnostics d;
        d.corp = in_.corp;
        d.place = "department " + dept;
        throw Error(Errc::brokenSnapshot, what, std::move(d));
    };
    // Where each department stands: as sent, or as stored when it was not sent and is not proven gone.
    std::map<std::string, std::string> sent;
    for (auto const& [id, packed] : deptRows_) {
        std::vector<Cell> const cells = unpackRow(packed);
        Cell const parent = cells[c_.dept.parentId];
        auto const stored = storedDepts_.find(id);
        if (id == root)
            sent[id] = "";
        else if (parent.isNull()) {  // not granted: as it was
            sent[id] = stored != storedDepts_.end() ? stored->second[c_.dept.parentId].bytes() : root;
            untold_.insert(id);
        } else
            sent[id] = parent.bytes().empty() ? root : std::string(parent.bytes());
    }
    for (auto& [id, parent] : sent) {
        if (id == root || sent.contains(parent)) continue;
        if (!proof_.fullScope) {
            parent = root;
        } else if (treeComplete_ && untold_.contains(id)) {
            std::vector<Cell> cells = unpackRow(deptRows_[id]);
            cells[c_.dept.parentId] = Cell::text(root);
            deptRows_[id] = packRow(cells);
            warnings_.push_back("department " + id + " is put under the root: " + parent +
                                " is gone, and where it stands now is not told");
            parent = root;
        } else if (treeComplete_) {
            fail("a department stands under " + parent + ", which is not in the organisation", id);
        } else if (!storedDepts_.contains(parent)) {
            skippedDepts_.insert(id);
        }
    }
    for (bool grew = !skippedDepts_.empty(); grew;) {
        grew = false;
        for (auto const& [id, parent] : sent)
            if (!skippedDepts_.contains(id) && skippedDepts_.contains(parent)) {
                skippedDepts_.insert(id);
                grew = true;
            }
    }
    for (std::string const& id : skippedDepts_) {
        sent.erase(id);
        deptRows_.erase(id);
    }

    // A circle among what was sent is no tree, whatever else failed.
    std::map<std::string, int> state;
    for (auto const& [id, parent] : sent) {
        std::vector<std::string> way;
        std::string at = id;
        while (true) {
            auto const it = sent.find(at);
            if (it == sent.end() || at == root || state[at] == 2) break;
            if (state[at] == 1) fail("departments stand under each other in a circle", at);
            state[at] = 1;
            way.push_back(at);
            at = it->second;
        }
        for (std::string const& w : way) state[w] = 2;
    }

    for (auto const& [id, row] : storedDepts_) {
        if (id == root || deptRows_.contains(id)) continue;
        if (skippedDepts_.contains(id)) continue;
        if (treeComplete_ && proof_.fullScope)
            goneDepts_.insert(id);
        else if (treeComplete_)
            hiddenDepts_.insert(id);
    }
    if (!proof_.fullScope && !f_.listings.contains(Listing{ListingKind::deptMembers, root}))
        hiddenDepts_.insert(root);
    parents_ = std::move(sent);
    for (auto const& [id, row] : storedDepts_)
        if (!goneDepts_.contains(id) && !parents_.contains(id)) parents_[id] = row[c_.dept.parentId].bytes();
}

CORPS_DECL std::string const& Planner::topLevelOf(std::string const& dept) {
    std::vector<std::string> way;
    std::string top;
    std::string at = dept;
    for (std::size_t steps = 0; steps <= storedDepts_.size(); ++steps) {
        if (auto const known = topLevel_.find(at); known != topLevel_.end()) {
            top = known->second;
            break;
        }
        way.push_back(at);
        auto const it = storedDepts_.find(at);
        if (it == storedDepts_.end()) {
            top = at;
            break;
        }
        std::string const& parent = it->second[c_.dept.parentId].bytes();
        if (parent.empty() || parent == proof_.rootDeptId) {
            if (at != proof_.rootDeptId) top = at;
            break;
        }
        at = parent;
    }
    for (std::string const& w : way) topLevel_[w] = top;
    return topLevel_[dept];
}

// ---- members
// ------------------------------------------------------------------------------------------------------

CORPS_DECL void Planner::doubtEmptyListings() {
    for (auto& [listing, found] : f_.listings) {
        if (listing.kind != ListingKind::deptMembers || !found.finished ||
            found.state != ListingState::complete)
            continue;
        if (found.count && *found.count > static_cast<std::int64_t>(found.prints.size())) {
            found.state = ListingState::incomplete;
            SyncFault fault;
            fault.place = "members of department " + listing.id;
            fault.code = make_error_code(Errc::protocol);
            fault.message = "the platform counts " + std::to_string(*found.count) + " and shows " +
                            std::to_string(found.prints.size());
            faults_.push_back(std::move(fault));
            continue;
        }
        if (!found.prints.empty() || found.count || storeEmpty_ || in_.options.allowRemovals) continue;
        std::vector<std::string> were;
        std::array<Cell, 2> const prefix{Cell::text(in_.corp), Cell::text(listing.id)};
        rows_.forEach(*t_.deptMember, 0, prefix, [&](std::span<Cell const> row) {
            were.emplace_back(row[c_.deptMember.memberId].bytes());
        });
        if (were.size() < 2) continue;
        std::size_t elsewhere = 0;
        for (std::string const& m : were) {
            auto const it = f_.members.find(m);
            if ((it != f_.members.end() && !it->second.rows.empty()) ||
                seen(ListingKind::visibleMembers, "", m) == Seen::yes) {
                ++elsewhere;
                continue;
            }
            for (std::string const& d : storedDepts(m))
                if (d != listing.id && seen(ListingKind::deptMembers, d, m) == Seen::yes) {
                    ++elsewhere;
                    break;
                }
        }
        if (elsewhere == were.size()) continue;
        found.state = ListingState::incomplete;
        SyncFault fault;
        fault.place = "members of department " + listing.id;
        fault.code = make_error_code(Errc::protocol);
        fault.message = "success with nobody where there were " + std::to_string(were.size());
        faults_.push_back(std::move(fault));
    }
}

CORPS_DECL void Planner::touchMembers() {
    std::set<std::string> ids;
    for (auto const& [id, member] : f_.members) ids.insert(id);
    for (std::string const& id : f_.admins) ids.insert(id);
    if (FoundListing const* admins = finished(ListingKind::admins, ""); admins != nullptr)
        for (auto const& [id, origins] : adminRows_) ids.insert(id);
    ids.insert(pendingBefore_.begin(), pendingBefore_.end());
    if (base_.warm) {
        for (auto const& [listing, run] : base_.runs) {
            auto const it = f_.listings.find(listing);
            bool const departed = listing.kind == ListingKind::deptMembers && !parents_.contains(listing.id);
            if (it == f_.listings.end() || !it->second.finished) {
                // Not listed: gone with its department or role, or no longer asked for; else it says nothing.
                bool const says =
                    departed || listing.kind == ListingKind::visibleMembers ||
                    (listing.kind == ListingKind::deptMembers && hiddenDepts_.contains(listing.id)) ||
                    (listing.kind == ListingKind::roleMembers && rolesComplete_ &&
                     !f_.roles.contains(listing.id));
                if (says) {
                    std::vector<std::string> const& keys = storedKeys(listing);
                    ids.insert(keys.begin(), keys.end());
                }
                continue;
            }
            FoundListing const& found = it->second;
            if (std::find(found.matched.begin(), found.matched.end(), false) == found.matched.end()) continue;
            std::vector<std::string> const& keys = storedKeys(listing);
            for (std::size_t i = 0; i < keys.size() && i < found.matched.size(); ++i)
                if (!found.matched[i]) ids.insert(keys[i]);
        }
    } else if (!storeEmpty_) {
        std::array<Cell, 1> const corp{Cell::text(in_.corp)};
        rows_.forEach(*t_.member, 0, corp, [&](std::span<Cell const> row) {
            if (row[c_.member.status].integer() != 2) ids.emplace(row[c_.member.memberId].bytes());
        });
        rows_.forEach(*t_.roleMember, 0, corp,
                      [&](std::span<Cell const> row) { ids.emplace(row[c_.roleMember.memberId].bytes()); });
        rows_.forEach(*t_.deptMember, 0, corp,
                      [&](std::span<Cell const> row) { ids.emplace(row[c_.deptMember.memberId].bytes()); });
    }
    ids.erase(std::string());
    touched_.assign(ids.begin(), ids.end());

    // Many look-ups by key cost more than one scan.
    bulk_ = !storeEmpty_ && touched_.size() > 1000 &&
            static_cast<std::int64_t>(touched_.size()) * 8 > activeMembers_;
    if (!bulk_) return;
    std::array<Cell, 1> const corp{Cell::text(in_.corp)};
    rows_.forEach(*t_.member, 0, corp, [this](std::span<Cell const> row) {
        bulkMembers_.emplace(row[c_.member.memberId].bytes(), packRow(row));
    });
    rows_.forEach(*t_.deptMember, 0, corp, [this](std::span<Cell const> row) {
        bulkDepts_[std::string(row[c_.deptMember.memberId].bytes())].emplace_back(
            row[c_.deptMember.deptId].bytes());
    });
    rows_.forEach(*t_.roleMember, 0, corp, [this](std::span<Cell const> row) {
        if (row[c_.roleMember.origin].bytes() != kOriginLocal)
            bulkRoles_[std::string(row[c_.roleMember.memberId].bytes())].emplace_back(
                row[c_.roleMember.roleId].bytes());
    });
    rows_.forEach(*t_.deptLeader, 0, corp, [this](std::span<Cell const> row) {
        if (row[c_.deptLeader.source].integer() == static_cast<std::int64_t>(LeaderSource::memberFlag))
            bulkFlags_[std::string(row[c_.deptLeader.memberId].bytes())].emplace_back(
                row[c_.deptLeader.deptId].bytes());
    });
}

/** Whether what the last syncs kept of a member may be less than an entry for each of their rows. */
CORPS_DECL bool Planner::noEntry(std::string const& member) const {
    return !base_.warm || std::binary_search(pendingBefore_.begin(), pendingBefore_.end(), member);
}

CORPS_DECL void Planner::judgeMembers() {
    for (auto const& [listing, found] : f_.listings)
        if ((listing.kind == ListingKind::deptMembers || listing.kind == ListingKind::visibleMembers) &&
            (!found.finished || found.state != ListingState::complete))
            listingsComplete_ = false;
    if (!treeComplete_) listingsComplete_ = false;
    // A department of the tree whose members were not even listed leaves the same gap.
    for (auto const& [id, parent] : parents_)
        if (deptRows_.contains(id) && finished(ListingKind::deptMembers, id) == nullptr &&
            !(id == proof_.rootDeptId && !proof_.fullScope))
            listingsComplete_ = false;

    for (std::string const& id : touched_) {
        Judged j;
        Row const stored = storedMember(id);
        j.stored = !stored.empty();
        j.active = j.stored && stored[c_.member.status].integer() != 2;
        auto const it = f_.members.find(id);
        FoundMember const* found = it == f_.members.end() ? nullptr : &it->second;
        j.present = found != nullptr && !found->rows.empty();
        bool unknownSomewhere = false;
        bool hidden = false;
        for (std::string const& d : storedDepts(id)) {
            if (hiddenDepts_.contains(
                    d)) {  // says nothing: whether they left is asked for if nothing else shows them
                hidden = true;
                continue;
            }
            switch (seen(ListingKind::deptMembers, d, id)) {
                case Seen::yes: j.present = true; break;
                case Seen::no: j.leaves.push_back(d); break;
                case Seen::unknown: unknownSomewhere = true; break;
            }
        }
        if (!j.present && seen(ListingKind::visibleMembers, "", id) == Seen::yes) j.present = true;
        if (j.present && found != nullptr && !found->rows.empty() && j.stored) {
            auto differ = [&](std::size_t column) {
                std::string const& was = stored[column].bytes();
                if (was.empty()) return 0;  // nothing to compare with
                int verdict = 0;
                for (std::string const& packed : found->rows) {
                    std::vector<Cell> const cells = unpackRow(packed);
                    if (cells[column].isNull() || cells[column].bytes().empty()) continue;
                    verdict = std::max(verdict, cells[column].bytes() == was ? 1 : 2);
                }
                return verdict;
            };
            int const byUnion = differ(c_.member.unionId);
            j.otherPerson = byUnion == 2 || (byUnion == 0 && differ(c_.member.openId) == 2);
        }
        if (!j.present && j.stored && j.active) {
            if (unknownSomewhere || !listingsComplete_)
                j.unproven = true;
            else
                j.gone = true;
        }
        // No entry of last time brings them up again, so their name must.
        if ((unknownSomewhere || hidden) && noEntry(id)) j.unproven = true;
        judged_.emplace(id, std::move(j));
    }
}

CORPS_DECL std::vector<std::string> Planner::unexplained() {
    readStored();
    FoundListing const* roles = finished(ListingKind::roles, "");
    rolesComplete_ = roles != nullptr && roles->state == ListingState::complete;
    judgeDepartments();
    doubtEmptyListings();
    touchMembers();
    judgeMembers();
    std::vector<std::string> out;
    if (proof_.fullScope) return out;
    for (auto const& [id, j] : judged_)
        if (j.gone) out.push_back(id);
    return out;
}

// ---- holds
// --------------------------------------------------------------------------------------------------------

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
    for (auto const& [id, j] : judged_) {
        if (j.otherPerson && !in_.options.allowRemovals && !approvedRow({"person", id})) {
            addHold(HoldReason::differentPerson, "", {id}, {}, 1);
            heldMembers_.insert(id);
        }
        if (j.gone && !in_.options.allowRemovals && !approvedRow({"member", id})) people.insert(id);
    }
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

// ---- changes
// ------------------------------------------------------------------------------------------------------

/** Adds a change; `row` is a whole row of the table, `before` a whole row or empty. */
CORPS_DECL void Planner::emit(TableSchema const& t, ChangeKind kind, std::span<Cell const> row,
                              std::span<Cell const> before) {
    RowChange c;
    c.table = t.name;
    c.kind = kind;
    std::size_t const start = t.columns[0].type == ColumnType::corp ? 1 : 0;
    std::string sortKey;
    for (std::size_t i = start; i < t.keyColumns; ++i) {
        c.key.emplace_back(row[i]);
        if (row[i].kind() == CellKind::integer) {
            auto const biased = static_cast<std::uint64_t>(row[i].integer()) ^ (std::uint64_t{1} << 63);
            for (int shift = 56; shift >= 0; shift -= 8) sortKey += static_cast<char>(biased >> shift);
        } else {
            sortKey += row[i].bytes();
        }
        sortKey += '\0';
    }
    for (std::size_t i = t.keyColumns; i < t.columns.size(); ++i) {
        bool const had = !before.empty() && !before[i].isNull();
        if (kind == ChangeKind::erase) {
            if (row[i].isNull()) continue;
            CellChange v;
            v.column = t.columns[i].name;
            v.before = row[i];
            c.cells.push_back(std::move(v));
            continue;
        }
        if (row[i].isNull() || (had && row[i] == before[i])) continue;
        CellChange v;
        v.column = t.columns[i].name;
        if (had) v.before = before[i];
        v.after = row[i];
        c.cells.push_back(std::move(v));
    }
    if (kind != ChangeKind::erase && kind != ChangeKind::create && c.cells.empty()) return;
    int place = 0;
    auto const all = t_.all();
    while (place < static_cast<int>(all.size()) && all[static_cast<std::size_t>(place)] != &t) ++place;
    order_.emplace_back(place, std::move(sortKey));
    changes_.push_back(c);
}

inline std::vector<Cell> viewsOf(Row const& row) {
    std::vector<Cell> out;
    out.reserve(row.size());
    for (OwnedCell const& c : row) out.push_back(c.view());
    return out;
}

CORPS_DECL void Planner::emitDepartments() {
    for (auto const& [id, packed] : deptRows_) {
        std::vector<Cell> row = unpackRow(packed);
        auto const stored = storedDepts_.find(id);
        std::string const& parent = parents_[id];
        if (!row[c_.dept.parentId].isNull() || stored == storedDepts_.end())
            row[c_.dept.parentId] = Cell::text(parent);
        if (stored == storedDepts_.end()) {
            emit(*t_.dept, ChangeKind::create, row, {});
        } else {
            emit(*t_.dept, ChangeKind::update, row, viewsOf(stored->second));
        }
    }
    for (std::string const& id : goneDepts_)
        if (!heldDepts_.contains(id)) emit(*t_.dept, ChangeKind::erase, viewsOf(storedDepts_.at(id)), {});

    // Leaders of a department's own list: the whole list came with the department.
    std::map<std::pair<std::string, std::string>, Row> stored;
    std::array<Cell, 1> const corp{Cell::text(in_.corp)};
    rows_.forEach(*t_.deptLeader, 0, corp, [&](std::span<Cell const> row) {
        if (row[c_.deptLeader.source].integer() == static_cast<std::int64_t>(LeaderSource::departmentList))
            stored.emplace(std::pair(std::string(row[c_.deptLeader.deptId].bytes()),
                                     std::string(row[c_.deptLeader.memberId].bytes())),
                           Row(row.begin(), row.end()));
    });
    for (auto const& [key, packed] : f_.listLeaders) {
        if (!deptRows_.contains(key.first)) continue;
        std::vector<Cell> const row = unpackRow(packed);
        auto const was = stored.find(key);
        if (was == stored.end())
            emit(*t_.deptLeader, ChangeKind::create, row, {});
        else
            emit(*t_.deptLeader, ChangeKind::update, row, viewsOf(was->second));
    }
    for (auto const& [key, row] : stored) {
        if (f_.listLeaders.contains(key)) continue;
        auto const& [dept, member] = key;
        // Who may not know where a department stands is not told who leads it either.
        if (untold_.contains(dept)) continue;
        bool const removed = goneDepts_.contains(dept) && !heldDepts_.contains(dept);
        bool const listedAnew = deptRows_.contains(dept) && !heldMembers_.contains(member);
        if (removed || listedAnew) emit(*t_.deptLeader, ChangeKind::erase, viewsOf(row), {});
    }
}

CORPS_DECL void Planner::dispute(std::string const& member) {
    // Two values in one pull, or a change that another listing of the member does not show: decode them all
    // next time.
    auto const it = f_.members.find(member);
    if (it != f_.members.end())
        for (auto const& [d, row] : it->second.depts)
            forget_.insert({Listing{ListingKind::deptMembers, d}, member});
    for (std::string const& d : storedDepts(member))
        forget_.insert({Listing{ListingKind::deptMembers, d}, member});
    forget_.insert({Listing{ListingKind::visibleMembers, ""}, member});
}

CORPS_DECL void Planner::forgetEverywhere(std::string const& member) {
    dispute(member);
    auto const it = f_.members.find(member);
    if (it != f_.members.end())
        for (std::string const& r : it->second.roles)
            forget_.insert({Listing{ListingKind::roleMembers, r}, member});
    for (std::string const& r : storedRoles(member))
        forget_.insert({Listing{ListingKind::roleMembers, r}, member});
}

CORPS_DECL void Planner::fillUser(std::span<Cell const> member, std::string const& userId, bool created) {
    std::vector<Cell> row(t_.user->columns.size());
    row[c_.user.userId] = Cell::text(userId);
    std::array<std::pair<std::size_t, std::size_t>, 4> const fields{
        std::pair(c_.user.nick, c_.member.nick), std::pair(c_.user.phone, c_.member.phone),
        std::pair(c_.user.email, c_.member.email), std::pair(c_.user.photo, c_.member.photo)};
    if (created) {
        for (auto const& [user, from] : fields) row[user] = member[from];
        row[c_.user.createdBy] = Cell::text(in_.corp);
        row[c_.user.createdAt] = Cell::integer(in_.now);
        row[c_.user.updatedAt] = Cell::integer(in_.now);
        emit(*t_.user, ChangeKind::create, row, {});
        return;
    }
    std::array<Cell, 1> const key{Cell::text(userId)};
    Row const stored = findRow(rows_, *t_.user, key);
    if (stored.empty()) return;
    bool const ours = stored[c_.user.createdBy].bytes() == in_.corp;
    bool changes = false;
    for (auto const& [user, from] : fields) {
        if (member[from].isNull() || (!ours && !stored[user].isNull())) continue;
        if (member[from] == stored[user].view()) continue;
        row[user] = member[from];
        changes = true;
    }
    if (!changes) return;
    row[c_.user.updatedAt] = Cell::integer(in_.now);
    emit(*t_.user, ChangeKind::update, row, viewsOf(stored));
}

/** The user of a member: the one bound before, the one with the same union id on this platform, or a new one.
 */
CORPS_DECL std::string Planner::bind(std::span<Cell const> member, std::string const& id, std::string userId,
                                     bool fresh) {
    std::string const corpId = proof_.upstreamCorpId.empty() ? in_.corp : proof_.upstreamCorpId;
    std::array<Cell, 3> const key{Cell::text(in_.identity.platform), Cell::text(corpId), Cell::text(id)};
    Row const auth = findRow(rows_, *t_.thirdAuth, key);
    std::string_view const unionId = member[c_.member.unionId].bytes();
    bool created = false;
    if (userId.empty() && !auth.empty() && !fresh) userId = auth[c_.thirdAuth.userId].bytes();
    std::string other;
    if (!unionId.empty()) {
        if (auto const it = newUsersByUnion_.find(std::string(unionId)); it != newUsersByUnion_.end())
            other = it->second;
        std::array<Cell, 2> const byUnion{Cell::text(in_.identity.platform), Cell::text(unionId)};
        rows_.forEach(*t_.thirdAuth, c_.thirdAuthByUnion, byUnion, [&](std::span<Cell const> row) {
            other = row[c_.thirdAuth.userId].bytes();
            return userId.empty() || other != userId ? false : true;
        });
    }
    if (userId.empty())
        userId = other;
    else if (!other.empty() && other != userId)
        warnings_.push_back("users " + userId + " and " + other +
                            " have one union id: the same person, kept apart");
    if (userId.empty()) {
        userId = in_.newId();
        created = true;
        if (!unionId.empty()) newUsersByUnion_[std::string(unionId)] = userId;
    }
    fillUser(member, userId, created);
    std::vector<Cell> row(t_.thirdAuth->columns.size());
    row[c_.thirdAuth.platform] = key[0];
    row[c_.thirdAuth.thirdCorpId] = key[1];
    row[c_.thirdAuth.thirdUserId] = key[2];
    row[c_.thirdAuth.userId] = Cell::text(userId);
    row[c_.thirdAuth.unionId] = member[c_.member.unionId];
    if (fresh && !auth.empty() && !auth[c_.thirdAuth.unionId].bytes().empty() &&
        !(auth[c_.thirdAuth.unionId].view() == row[c_.thirdAuth.unionId])) {
        // The id is somebody else's now. Who had it stays known by the union id, should they come back under
        // another.
        std::vector<Cell> former = viewsOf(auth);
        former[c_.thirdAuth.thirdUserId] = former[c_.thirdAuth.unionId];
        if (findRow(rows_, *t_.thirdAuth, std::span<Cell const>(former).first(t_.thirdAuth->keyColumns))
                .empty())
            emit(*t_.thirdAuth, ChangeKind::create, former, {});
    }
    if (auth.empty())
        emit(*t_.thirdAuth, ChangeKind::create, row, {});
    else
        emit(*t_.thirdAuth, ChangeKind::update, row, viewsOf(auth));
    return userId;
}

/** Whether no unit of this member was passed over as unchanged. */
CORPS_DECL bool Planner::decodedEverywhere(std::string const& member, std::vector<std::string> const& depts) {
    auto const it = f_.members.find(member);
    for (std::string const& d : depts) {
        if (seen(ListingKind::deptMembers, d, member) != Seen::yes) continue;
        if (it == f_.members.end() || std::none_of(it->second.depts.begin(), it->second.depts.end(),
                                                   [&d](auto const& p) { return p.first == d; }))
            return false;
    }
    return true;
}

/** Of several values in one pull the one that differs from the store is newer; else the order of pages must
 * not matter. */
CORPS_DECL std::vector<Cell> Planner::newest(std::vector<std::string> const& rows,
                                             std::span<Cell const> before) {
    std::vector<Cell> row = unpackRow(rows.front());
    for (std::size_t v = 1; v < rows.size(); ++v) {
        std::vector<Cell> const other = unpackRow(rows[v]);
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (other[i].isNull() || other[i] == row[i]) continue;
            bool const rowIsStored = !before.empty() && row[i] == before[i];
            bool const otherIsStored = !before.empty() && other[i] == before[i];
            if (row[i].isNull() || rowIsStored || (!otherIsStored && compareCells(other[i], row[i]) < 0))
                row[i] = other[i];
        }
    }
    return row;
}

CORPS_DECL void Planner::emitMember(std::string const& id, Judged const& j) {
    auto const it = f_.members.find(id);
    FoundMember const* found = it == f_.members.end() ? nullptr : &it->second;
    Row const stored = storedMember(id);
    std::vector<Cell> const before = viewsOf(stored);
    std::vector<std::string> const depts = storedDepts(id);
    std::vector<std::string> const roles = storedRoles(id);
    std::vector<std::string> const flags = storedFlags(id);
    Cell const corp = Cell::text(in_.corp);
    auto eraseRow = [&](TableSchema const& t, std::span<Cell const> key) {
        Row const row = findRow(rows_, t, key);
        if (!row.empty()) emit(t, ChangeKind::erase, viewsOf(row), {});
    };
    auto eraseMembership = [&](std::string const& d) {
        std::array<Cell, 3> const key{corp, Cell::text(d), Cell::text(id)};
        eraseRow(*t_.deptMember, key);
    };
    auto eraseRole = [&](std::string const& r) {
        std::vector<Cell> key(t_.roleMember->keyColumns);
        key[kCorpColumn] = corp;
        key[c_.roleMember.roleId] = Cell::text(r);
        key[c_.roleMember.memberId] = Cell::text(id);
        key[c_.roleMember.origin] = Cell::text(kOriginUpstream);
        eraseRow(*t_.roleMember, key);
    };
    auto eraseFlag = [&](std::string const& d) {
        std::vector<Cell> key(t_.deptLeader->keyColumns);
        key[kCorpColumn] = corp;
        key[c_.deptLeader.deptId] = Cell::text(d);
        key[c_.deptLeader.memberId] = Cell::text(id);
        key[c_.deptLeader.source] = Cell::integer(static_cast<std::int64_t>(LeaderSource::memberFlag));
        eraseRow(*t_.deptLeader, key);
    };

    if (j.outOfScope || ((j.gone || j.otherPerson) && heldMembers_.contains(id))) {
        // As they are, but for what is no more itself.
        for (std::string const& r : roles)
            if (rolesComplete_ && !f_.roles.contains(r)) eraseRole(r);
        pendingAfter_.insert(id);
        forgetEverywhere(id);
        return;
    }
    if (j.gone) {
        std::vector<Cell> row(t_.member->columns.size());
        row[kCorpColumn] = corp;
        row[c_.member.memberId] = Cell::text(id);
        row[c_.member.status] = Cell::integer(2);
        emit(*t_.member, ChangeKind::resign, row, before);
        for (std::string const& d : depts) eraseMembership(d);
        for (std::string const& r : roles) eraseRole(r);
        for (std::string const& d : flags) eraseFlag(d);
        forgetEverywhere(id);
        return;
    }
    if (j.unproven) pendingAfter_.insert(id);

    bool const active = j.present || (j.stored && j.active);
    bool profile = false;
    if (found != nullptr && !found->rows.empty()) {
        std::vector<Cell> row = newest(found->rows, before);
        bool const disputed = found->rows.size() > 1;
        bool const returns = j.stored && !j.active;
        if (row[c_.member.status].isNull()) row[c_.member.status] = Cell::integer(1);
        std::string userId;
        bool const rebind = j.otherPerson;
        if (!j.stored || rebind || stored[c_.member.userId].bytes().empty()) {
            userId = bind(row, id, std::string(), rebind);
            row[c_.member.userId] = Cell::text(userId);
        } else {
            bool profileChanged = false;
            for (std::size_t column :
                 {c_.member.nick, c_.member.phone, c_.member.email, c_.member.photo, c_.member.unionId})
                if (!row[column].isNull() && !(row[column] == before[column])) profileChanged = true;
            if (profileChanged) {
                // The binding's own copy of the union id and the user's profile follow the member.
                std::vector<Cell> merged = before;
                for (std::size_t i = 0; i < merged.size(); ++i)
                    if (!row[i].isNull()) merged[i] = row[i];
                bind(merged, id, stored[c_.member.userId].bytes(), false);
            }
        }
        if (returns && stored[c_.member.localStatus].integer() != 0)
            row[c_.member.localStatus] = Cell::integer(0);
        std::size_t const count = changes_.size();
        if (rebind) {
            // Nothing of whoever had this id before may show as theirs; the change feed keeps it.
            emit(*t_.member, ChangeKind::erase, before, {});
            emit(*t_.member, ChangeKind::create, row, {});
            if (hasRightsHere(id))
                warnings_.push_back("member " + id +
                                    " is somebody else now: what was given to this id here still stands");
        } else {
            emit(*t_.member,
                 !j.stored ? ChangeKind::create
                 : returns ? ChangeKind::reinstate
                           : ChangeKind::update,
                 row, before);
        }
        profile = changes_.size() != count;
        // A change that a matched unit of the same person does not show: its entry no longer equals what is
        // stored.
        if (disputed || (profile && j.stored && !decodedEverywhere(id, depts))) dispute(id);
    }

    for (std::string const& d : j.leaves) {
        auto const held = heldMemberships_.find(d);
        if (held != heldMemberships_.end() && held->second.contains(id)) {
            pendingAfter_.insert(id);
            continue;
        }
        if (heldDepts_.contains(d)) {
            pendingAfter_.insert(id);
            continue;
        }
        eraseMembership(d);
        if (std::find(flags.begin(), flags.end(), d) != flags.end()) eraseFlag(d);
    }
    if (found != nullptr) {
        std::map<std::string, std::vector<std::string>> byDept;
        for (auto const& [d, packed] : found->depts) byDept[d].push_back(packed);
        for (auto const& [d, versions] : byDept) {
            if (!active || !parents_.contains(d)) {
                forget_.insert({Listing{ListingKind::deptMembers, d}, id});
                continue;
            }
            std::array<Cell, 3> const key{corp, Cell::text(d), Cell::text(id)};
            Row const was = std::find(depts.begin(), depts.end(), d) == depts.end()
                                ? Row()
                                : findRow(rows_, *t_.deptMember, key);
            std::vector<Cell> const row = newest(versions, viewsOf(was));
            std::size_t const count = changes_.size();
            emit(*t_.deptMember, was.empty() ? ChangeKind::create : ChangeKind::update, row, viewsOf(was));
            bool twice = versions.size() > 1;
            if (!was.empty() && changes_.size() != count) {
                Listing const listing{ListingKind::deptMembers, d};
                FoundListing const* f = finished(ListingKind::deptMembers, d);
                if (f != nullptr) {
                    auto const& keys = seenKeys(listing, *f);
                    auto const n = keys.find(id);
                    twice = twice || (n != keys.end() && n->second > 1);
                }
            }
            if (twice) forget_.insert({Listing{ListingKind::deptMembers, d}, id});
        }
        // A flag shown and denied in one pull: what differs from the store is newer, here as everywhere.
        auto denied = [&](std::string const& d) {
            return std::find(found->flagless.begin(), found->flagless.end(), d) != found->flagless.end();
        };
        std::map<std::string, std::vector<std::string>> flagsByDept;
        for (auto const& [d, packed] : found->flags) flagsByDept[d].push_back(packed);
        for (auto const& [d, versions] : flagsByDept) {
            if (!active || !parents_.contains(d)) continue;
            bool const had = std::find(flags.begin(), flags.end(), d) != flags.end();
            if (had && denied(d)) continue;
            std::vector<Cell> const key = unpackRow(versions.front());
            Row const was = had ? findRow(rows_, *t_.deptLeader,
                                          std::span<Cell const>(key).first(t_.deptLeader->keyColumns))
                                : Row();
            std::vector<Cell> const row = newest(versions, viewsOf(was));
            emit(*t_.deptLeader, was.empty() ? ChangeKind::create : ChangeKind::update, row, viewsOf(was));
        }
        for (std::string const& d : flags)
            if (denied(d) && std::find(j.leaves.begin(), j.leaves.end(), d) == j.leaves.end()) eraseFlag(d);
    }

    bool const rolesLocal = j.stored && !j.otherPerson && stored[c_.member.rolesLocal].integer() != 0;
    bool const mayHaveRoles = active && !rolesLocal;
    if (!rolesLocal)
        for (std::string const& r : roles) {
            Seen const there = seen(ListingKind::roleMembers, r, id);
            if (there == Seen::no) eraseRole(r);
            if (there == Seen::unknown && noEntry(id)) pendingAfter_.insert(id);
        }
    if (found != nullptr)
        for (std::string const& r : found->roles) {
            bool const known = f_.roles.contains(r) || storedRoleRows_.contains(r);
            if (!mayHaveRoles || !known) {
                forget_.insert({Listing{ListingKind::roleMembers, r}, id});
                continue;
            }
            if (std::find(roles.begin(), roles.end(), r) != roles.end()) continue;
            std::array<Cell, 2> const cells{Cell::text(r), Cell::text(id)};
            std::string const packed = f_.place(UpstreamTable::roleMember, cells);
            emit(*t_.roleMember, ChangeKind::create, unpackRow(packed), {});
        }
}

CORPS_DECL void Planner::emitRoles() {
    auto emitAll = [this](TableSchema const& t, std::map<std::string, std::string> const& sent,
                          std::map<std::string, std::string> const& stored) {
        for (auto const& [id, packed] : sent) {
            if (madeHere_.contains({&t, id})) {
                warnings_.push_back(t.name + " " + id +
                                    " was made here; the upstream's of the same id is left out");
                continue;
            }
            auto const was = stored.find(id);
            std::vector<Cell> const row = unpackRow(packed);
            if (was == stored.end())
                emit(t, ChangeKind::create, row, {});
            else
                emit(t, ChangeKind::update, row, unpackRow(was->second));
        }
        if (!rolesComplete_) return;
        for (auto const& [id, packed] : stored)
            if (!sent.contains(id)) emit(t, ChangeKind::erase, unpackRow(packed), {});
    };
    emitAll(*t_.roleGroup, f_.roleGroups, storedGroupRows_);
    emitAll(*t_.role, f_.roles, storedRoleRows_);
}

CORPS_DECL void Planner::emitAdmins() {
    for (std::string const& id : touched_) {
        Judged const& j = judged_.at(id);
        bool const stored = storedAdmin(id);
        bool const leaves = j.gone && !heldMembers_.contains(id);
        bool const stays = j.present && !(j.otherPerson && heldMembers_.contains(id));
        auto const flag = adminAfter_.find(id);
        std::array<Cell, 1> const cells{Cell::text(id)};
        std::string const packed = f_.place(UpstreamTable::admin, cells);
        bool const changed = flag != adminAfter_.end() && flag->second != stored;
        if (changed && finished(ListingKind::admins, "") == nullptr &&
            !decodedEverywhere(id, storedDepts(id)))
            dispute(id);
        bool const heldBack = heldAdmins_.contains(id) || heldMembers_.contains(id);
        if (stored && (leaves || (changed && !heldBack)))
            emit(*t_.admin, ChangeKind::erase, unpackRow(packed), {});
        if (stored && flag != adminAfter_.end() && !flag->second && heldAdmins_.contains(id)) {
            pendingAfter_.insert(id);
            forgetEverywhere(id);
        }
        if (!stored && stays && flag != adminAfter_.end() && flag->second)
            emit(*t_.admin, ChangeKind::create, unpackRow(packed), {});
    }
}

CORPS_DECL SyncPlan Planner::plan(std::map<std::string, Absence> const& absences) {
    SyncPlan plan;
    plan.corp = in_.corp;
    plan.generation = base_.generation;
    if (!proof_.fullScope)
        for (auto& [id, j] : judged_) {
            if (!j.gone) continue;
            auto const it = absences.find(id);
            if (it != absences.end() && it->second == Absence::left) continue;
            j.gone = false;
            j.outOfScope = true;
        }

    std::map<std::string, std::string> const rows = deptRows_;
    std::map<std::string, std::string> const parents = parents_;
    std::vector<std::string> const warnings = warnings_;
    for (int round = 0;; ++round) {
        deptRows_ = rows;
        parents_ = parents;
        warnings_ = warnings;
        holds_.clear();
        heldMembers_.clear();
        heldDepts_.clear();
        heldAdmins_.clear();
        heldMemberships_.clear();
        adminAfter_.clear();
        limitRemovals();
        limitAdmins();
        closeHolds();
        limitMemberships();
        std::vector<HoldKey> keys;
        for (Hold const& h : holds_)
            for (HoldKey& k : holdKeys(h)) keys.push_back(std::move(k));
        plan.digest = digestOf(keys);
        // The whole set named by an approval may go; what is left is judged anew without it.
        if (round == 0 && !plan.digest.empty() && approvals_.contains(plan.digest.str())) {
            approvedNow_.insert(keys.begin(), keys.end());
            continue;
        }
        break;
    }
    if (!in_.options.approve.empty() && approvedNow_.empty()) {
        bool used = false;
        std::string const asked = in_.options.approve.str();
        for (auto const& [key, row] : storedHolds_)
            if (row.digest == asked) used = true;
        if (!used) warnings_.push_back("the approved digest names no removals that are held now");
    }

    emitDepartments();
    for (std::string const& id : touched_) emitMember(id, judged_.at(id));
    emitRoles();
    emitAdmins();

    std::vector<std::size_t> order(changes_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
        return std::tie(order_[a], a) < std::tie(order_[b], b);
    });
    changes_.reorder(order);
    plan.changes = std::move(changes_);
    plan.holds = std::move(holds_);

    for (auto const& [id, j] : judged_)
        if (j.outOfScope) plan.outOfScope.push_back(id);
    for (PullFault const& f : proof_.faults) {
        SyncFault fault;
        fault.place = f.place;
        fault.code = f.code;
        fault.message = f.message;
        fault.upstreamCode = f.upstreamCode;
        fault.requestId = f.requestId;
        plan.faults.push_back(std::move(fault));
    }
    plan.faults.insert(plan.faults.end(), f_.faults.begin(), f_.faults.end());
    plan.faults.insert(plan.faults.end(), faults_.begin(), faults_.end());
    for (auto const& [listing, found] : f_.listings)
        if (!found.finished || found.state != ListingState::complete) plan.complete = false;
    if (!treeComplete_ || !listingsComplete_) plan.complete = false;
    plan.warnings = std::move(warnings_);
    std::sort(plan.warnings.begin(), plan.warnings.end());
    plan.warnings.erase(std::unique(plan.warnings.begin(), plan.warnings.end()), plan.warnings.end());
    plan.missingPermissions = proof_.missingPermissions;
    plan.stats = f_.stats;
    plan.stats.calls = proof_.calls;
    plan.stats.members = static_cast<std::uint64_t>(activeMembers_);
    plan.stats.departments = storedDepts_.size();
    plan.runs = std::make_shared<NextRuns>();
    nextRuns(plan);
    stateUpdates(plan);
    return plan;
}

CORPS_DECL void Planner::nextRuns(SyncPlan& plan) {
    NextRuns& next = *plan.runs;
    std::map<Listing, std::set<std::string>> forgotten;
    for (auto const& [listing, key] : forget_) forgotten[listing].insert(key);

    for (auto& [listing, found] : f_.listings) {
        if (!hasRun(listing.kind) || !found.finished) continue;
        auto const storedRun = base_.runs.find(listing);
        std::vector<Fingerprint> const* stored = storedRun == base_.runs.end() ? nullptr : &storedRun->second;
        if (found.state != ListingState::complete && found.stored != nullptr) {
            std::unordered_set<std::string> const decoded(found.newKeys.begin(), found.newKeys.end());
            for (std::size_t i = 0; i < found.matched.size(); ++i) {
                if (found.matched[i] || (!decoded.empty() && decoded.contains(storedKeys(listing).at(i))))
                    continue;
                // Not read this time: what was known of it still holds.
                found.prints.push_back((*found.stored)[i]);
                found.source.push_back(static_cast<std::uint32_t>(i));
            }
        }
        std::vector<std::string> const* oldKeys = nullptr;
        auto keyAt = [&](std::size_t i) -> std::string const& {
            std::uint32_t const source = found.source[i];
            if (source >= FoundListing::kNewKey) return found.newKeys[source - FoundListing::kNewKey];
            if (oldKeys == nullptr) oldKeys = &storedKeys(listing);
            return oldKeys->at(source);
        };
        if (auto const it = forgotten.find(listing); it != forgotten.end())
            for (std::size_t i = 0; i < found.prints.size(); ++i)
                if (!found.prints[i].none() && it->second.contains(keyAt(i))) found.prints[i] = Fingerprint();
        if (!found.newKeys.empty()) {
            // Of one key with different bytes in one listing, one at most equals the rows: none is kept.
            std::unordered_map<std::string, std::size_t> first;
            std::vector<std::size_t> differing;
            for (std::size_t i = 0; i < found.prints.size(); ++i) {
                auto const [at, fresh] = first.try_emplace(keyAt(i), i);
                if (fresh || found.prints[at->second] == found.prints[i]) continue;
                differing.push_back(at->second);
                differing.push_back(i);
            }
            for (std::size_t i : differing) found.prints[i] = Fingerprint();
        }
        bool same = stored != nullptr ? *stored == found.prints : found.prints.empty();
        if (same && std::any_of(found.prints.begin(), found.prints.end(),
                                [](Fingerprint const& p) { return p.none(); })) {
            // Entries that equal nothing look alike: only their keys tell whether they still name the same
            // people.
            std::vector<std::string> const& was = storedKeys(listing);
            for (std::size_t i = 0; same && i < found.prints.size(); ++i)
                same = i < was.size() && was[i] == keyAt(i);
        }
        if (same) continue;
        RunUpdate update;
        update.kind = static_cast<std::int64_t>(listing.kind);
        update.id = listing.id;
        update.keys.reserve(found.prints.size());
        for (std::size_t i = 0; i < found.prints.size(); ++i) update.keys.push_back(keyAt(i));
        update.prints = std::move(found.prints);
        next.updates.push_back(std::move(update));
    }
    for (auto const& [listing, run] : base_.runs) {
        auto const it = f_.listings.find(listing);
        if (it != f_.listings.end() && it->second.finished) continue;
        bool erased = !base_.warm && base_.storedSidecarIdentity != base_.sidecarIdentity;
        if (listing.kind == ListingKind::deptMembers && goneDepts_.contains(listing.id) &&
            !heldDepts_.contains(listing.id))
            erased = true;
        if (listing.kind == ListingKind::visibleMembers) erased = true;
        if (listing.kind == ListingKind::roleMembers && rolesComplete_ && !f_.roles.contains(listing.id))
            erased = true;
        if (erased) {
            next.erased.emplace_back(static_cast<std::int64_t>(listing.kind), listing.id);
            continue;
        }
        auto const forgot = forgotten.find(listing);
        if (forgot == forgotten.end()) continue;
        RunUpdate update;
        update.prints = run;
        update.keys = storedKeys(listing);
        bool changes = false;
        for (std::size_t i = 0; i < update.prints.size(); ++i)
            if (!update.prints[i].none() && forgot->second.contains(update.keys.at(i))) {
                update.prints[i] = Fingerprint();
                changes = true;
            }
        if (!changes) continue;
        update.kind = static_cast<std::int64_t>(listing.kind);
        update.id = listing.id;
        next.updates.push_back(std::move(update));
    }
    // Whoever is no longer here needs no second judgement.
    std::vector<std::string> pending(pendingAfter_.begin(), pendingAfter_.end());
    if (pending != pendingBefore_) {
        RunUpdate update;
        update.kind = kPendingRun;
        update.prints.resize(pending.size());
        update.keys = std::move(pending);
        next.updates.push_back(std::move(update));
    }
}

/** Whether this pull says neither that somebody held is back nor that they are gone. */
CORPS_DECL bool Planner::unread(HoldKey const& key) const {
    auto const& [kind, id] = key;
    if (kind == "dept")
        return storedDepts_.contains(id) && !deptRows_.contains(id) && !goneDepts_.contains(id);
    if (kind == "membership") return false;
    auto const j = judged_.find(id);
    return j != judged_.end() && !j->second.present && !j->second.gone && j->second.stored &&
           (j->second.active || kind == "person");
}

CORPS_DECL void Planner::stateUpdates(SyncPlan& plan) {
    NextRuns& next = *plan.runs;
    auto set = [&next](std::string_view name, std::string const& was, std::string is) {
        if (was != is) next.state.emplace_back(name, std::move(is));
    };
    std::string scope = proof_.fullScope ? "full" : "partial";
    std::vector<std::string> roots = proof_.visibleRoots;
    std::sort(roots.begin(), roots.end());
    for (std::string const& r : roots) scope += " " + r;
    plan.scopeChanged = !base_.scope.empty() && base_.scope != scope;
    set(kScope, base_.scope, scope);
    if (!proof_.upstreamCorpId.empty()) set(kUpstreamCorp, base_.upstreamCorp, proof_.upstreamCorpId);
    set(kIdentity, base_.identity,
        in_.identity.platform + '\n' + in_.identity.appId + '\n' + in_.identity.idTypes);
    set(kSidecarIdentity, base_.storedSidecarIdentity, base_.sidecarIdentity);
    if (base_.newKey)
        next.state.emplace_back(kFingerprintKey, std::string(reinterpret_cast<char const*>(base_.key.word),
                                                             sizeof base_.key.word));
    if (!base_.everSynced) next.state.emplace_back(kSynced, "1");

    std::set<HoldKey> now;
    for (Hold const& h : plan.holds)
        for (HoldKey& k : holdKeys(h)) now.insert(std::move(k));
    std::string const digest = plan.digest.str();
    for (HoldKey const& k : now) {
        auto const it = storedHolds_.find(k);
        if (it == storedHolds_.end() || it->second.digest != digest) next.holdsChanged = true;
    }
    for (auto const& [key, row] : storedHolds_) {
        if (key.first == kHoldApproval) {
            if (row.until <= in_.now) next.holdsChanged = true;
        } else if (!now.contains(key)) {
            if (unread(key))
                next.keptHolds.insert(key);
            else
                next.holdsChanged = true;
        }
    }
}

}  // namespace detail
}  // namespace corps
