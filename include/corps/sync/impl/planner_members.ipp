// Who is there, who left, and of whom that is not known.
#pragma once

#include <corps/sync/detail/planner.hpp>

#include <algorithm>
#include <array>

namespace corps {
namespace detail {

/** A list of roles that came back empty where there were some, or with an announced page that was empty. */
CORPS_DECL void Planner::doubtNoRoles() {
    if (storeEmpty_ || in_.options.allowRemovals) return;
    auto const it = f_.listings.find(Listing{ListingKind::roles, std::string()});
    if (it == f_.listings.end() || !it->second.finished || it->second.state != ListingState::complete) return;
    FoundListing& found = it->second;
    if (!found.emptyPage && !f_.roles.empty()) return;
    std::size_t missing = 0;
    std::size_t people = 0;
    for (auto const& [role, row] : storedRoleRows_) {
        if (f_.roles.contains(role)) continue;
        ++missing;
        std::array<Cell, 2> const prefix{Cell::text(in_.corp), Cell::text(role)};
        rows_.forEach(*t_.roleMember, 0, prefix, [&](std::span<Cell const> has) {
            people += has[c_.roleMember.origin].bytes() == kOriginLocal ? 0U : 1U;
        });
    }
    // One role that nobody or one person had may go with an empty list, as one person does from a role's.
    if (missing == 0 || (!found.emptyPage && missing < 2 && people < 2)) return;
    found.state = ListingState::incomplete;
    SyncFault fault;
    fault.place = "roles";
    fault.code = make_error_code(Errc::protocol);
    fault.message = "success with none, and " + std::to_string(missing) + " are missing";
    faults_.push_back(std::move(fault));
}

CORPS_DECL void Planner::doubtEmptyListings() {
    // What another list shows whole is not in doubt.
    std::set<std::string> shown;
    for (auto const& [listing, found] : f_.listings)
        if (listing.kind == ListingKind::subtreeMembers && found.finished && !found.prints.empty() &&
            found.state == ListingState::complete)
            shown.insert(listing.id);
    for (auto& [listing, found] : f_.listings) {
        bool const below = listing.kind == ListingKind::subtreeMembers;
        if ((listing.kind != ListingKind::deptMembers && !below) || !found.finished ||
            found.state != ListingState::complete)
            continue;
        std::string const place =
            (below ? "members below department " : "members of department ") + listing.id;
        if (found.count && *found.count > static_cast<std::int64_t>(found.prints.size())) {
            found.state = ListingState::incomplete;
            SyncFault fault;
            fault.place = place;
            fault.code = make_error_code(Errc::protocol);
            fault.message = "the platform counts " + std::to_string(*found.count) + " and shows " +
                            std::to_string(found.prints.size());
            faults_.push_back(std::move(fault));
            continue;
        }
        if (!found.prints.empty() || found.count || storeEmpty_ || in_.options.allowRemovals) continue;
        std::set<std::string> were;
        auto addRows = [&](std::string const& dept) {
            if (standsIn(dept, shown)) return;
            std::array<Cell, 2> const prefix{Cell::text(in_.corp), Cell::text(dept)};
            rows_.forEach(*t_.deptMember, 0, prefix, [&](std::span<Cell const> row) {
                were.emplace(row[c_.deptMember.memberId].bytes());
            });
        };
        if (below) {
            for (auto const& [dept, row] : storedDepts_)
                if (parents_.contains(dept) && standsIn(dept, {listing.id})) addRows(dept);
        } else {
            addRows(listing.id);
        }
        if (auto const it = f_.places.find(listing.id); !below && it != f_.places.end()) {
            std::set<std::string> const told(it->second.begin(), it->second.end());
            auto const there = std::count_if(told.begin(), told.end(),
                                             [&were](std::string const& m) { return were.contains(m); });
            if (there > 0) {
                found.state = ListingState::incomplete;
                SyncFault fault;
                fault.place = place;
                fault.code = make_error_code(Errc::protocol);
                fault.message =
                    "success with nobody, and other lists place " + std::to_string(there) + " there";
                faults_.push_back(std::move(fault));
                continue;
            }
        }
        if (were.size() < 2) continue;
        std::size_t elsewhere = 0;
        for (std::string const& m : were) {
            auto const it = f_.members.find(m);
            if ((it != f_.members.end() && it->second.listed) || matchedBelow(m) ||
                seen(ListingKind::visibleMembers, "", m) == Seen::yes) {
                ++elsewhere;
                continue;
            }
            for (std::string const& d : storedDepts(m))
                if ((below || d != listing.id) && seen(ListingKind::deptMembers, d, m) == Seen::yes) {
                    ++elsewhere;
                    break;
                }
        }
        if (elsewhere == were.size()) continue;
        found.state = ListingState::incomplete;
        SyncFault fault;
        fault.place = place;
        fault.code = make_error_code(Errc::protocol);
        fault.message = "success with nobody where there were " + std::to_string(were.size());
        faults_.push_back(std::move(fault));
    }
}

/**
 * Lists of roles that hold nobody, and lists of departments and roles with a page that was announced and held
 * nobody: whoever is missing there may stand on a page that did not come. Of departments only those count who
 * are seen elsewhere; the others are asked about (see doubt).
 */
CORPS_DECL void Planner::doubtCutListings() {
    if (storeEmpty_ || in_.options.allowRemovals) return;
    // Where something else could not be read, nobody is asked about: they may be there.
    bool const asked =
        treeComplete_ && std::all_of(f_.listings.begin(), f_.listings.end(), [](auto const& l) {
            return !listsMembers(l.first.kind) ||
                   (l.second.finished && l.second.state == ListingState::complete);
        });
    bool again = false;
    for (auto& [listing, found] : f_.listings) {
        bool const role = listing.kind == ListingKind::roleMembers;
        if ((!role && listing.kind != ListingKind::deptMembers) || !found.finished ||
            found.state != ListingState::complete || found.count)
            continue;
        if (!found.emptyPage && (!found.prints.empty() || (!role && asked))) continue;
        std::vector<std::string> were;
        std::array<Cell, 2> const prefix{Cell::text(in_.corp), Cell::text(listing.id)};
        rows_.forEach(role ? *t_.roleMember : *t_.deptMember, 0, prefix, [&](std::span<Cell const> row) {
            if (role && row[c_.roleMember.origin].bytes() == kOriginLocal) return;
            were.emplace_back(row[role ? c_.roleMember.memberId : c_.deptMember.memberId].bytes());
        });
        auto const elsewhere = [&](std::string const& m) {
            auto const it = f_.members.find(m);
            if (it != f_.members.end() && !it->second.rows.empty()) return true;
            std::vector<std::string> const depts = storedDepts(m);
            return std::any_of(depts.begin(), depts.end(), [&](std::string const& d) {
                return d != listing.id && seen(ListingKind::deptMembers, d, m) == Seen::yes;
            });
        };
        auto const missing = std::count_if(were.begin(), were.end(), [&](std::string const& m) {
            if (seen(listing.kind, listing.id, m) != Seen::no) return false;
            return role || (found.emptyPage ? !asked || elsewhere(m) : !elsewhere(m));
        });
        if (missing < (found.emptyPage || !role ? 1 : 2)) continue;
        found.state = ListingState::incomplete;
        again = again || !role;
        SyncFault fault;
        fault.place = (role ? "members of role " : "members of department ") + listing.id;
        fault.code = make_error_code(Errc::protocol);
        fault.message = "success with nobody, and " + std::to_string(missing) + " are missing";
        faults_.push_back(std::move(fault));
    }
    if (again && asked) doubtCutListings();
}

/**
 * Whether somebody counts as gone only because a list came back empty, or ended so, or because their
 * department is gone: an answer that is cut short looks the same. Notes which listings are in question.
 */
CORPS_DECL bool Planner::doubt(std::string const& member) {
    if (in_.options.allowRemovals) return false;
    std::vector<Listing> listings;
    for (std::string const& dept : storedDepts(member)) {
        Listing listing{ListingKind::deptMembers, dept};
        if (goneDepts_.contains(dept)) {
            listings.push_back(Listing{ListingKind::departments, std::string()});
            continue;
        }
        auto const it = f_.listings.find(listing);
        if (it == f_.listings.end() || !it->second.finished || it->second.count) continue;
        if (it->second.prints.empty() || it->second.emptyPage) listings.push_back(std::move(listing));
    }
    if (listings.empty()) return false;
    doubts_[member] = std::move(listings);
    return true;
}

CORPS_DECL void Planner::touchMembers() {
    std::vector<std::string> ids;
    for (auto const& [id, member] : f_.members) ids.push_back(id);
    for (std::string const& id : f_.admins) ids.push_back(id);
    if (FoundListing const* admins = finished(ListingKind::admins, ""); admins != nullptr)
        for (auto const& [id, origins] : adminRows_) ids.push_back(id);
    ids.insert(ids.end(), pendingBefore_.begin(), pendingBefore_.end());
    if (base_.warm) {
        for (auto const& [listing, run] : base_.runs) {
            auto const it = f_.listings.find(listing);
            bool const departed = listing.kind == ListingKind::deptMembers && !parents_.contains(listing.id);
            if (it == f_.listings.end() || !it->second.finished) {
                // Not listed: gone with its department or role, or no longer asked for; else it says nothing.
                bool const says =
                    departed || listing.kind == ListingKind::visibleMembers ||
                    listing.kind == ListingKind::subtreeMembers ||
                    (listing.kind == ListingKind::deptMembers && covered_.contains(listing.id)) ||
                    (listing.kind == ListingKind::deptMembers && hiddenDepts_.contains(listing.id)) ||
                    (listing.kind == ListingKind::roleMembers && rolesComplete_ &&
                     !f_.roles.contains(listing.id));
                if (says) {
                    std::vector<std::string> const& keys = storedKeys(listing);
                    ids.insert(ids.end(), keys.begin(), keys.end());
                    if (listing.kind == ListingKind::subtreeMembers)
                        lostEntries_.insert(keys.begin(), keys.end());
                }
                continue;
            }
            FoundListing const& found = it->second;
            if (std::find(found.matched.begin(), found.matched.end(), false) == found.matched.end()) continue;
            std::vector<std::string> const& keys = storedKeys(listing);
            for (std::size_t i = 0; i < keys.size() && i < found.matched.size(); ++i)
                if (!found.matched[i]) {
                    ids.push_back(keys[i]);
                    if (listing.kind == ListingKind::subtreeMembers) lostEntries_.insert(keys[i]);
                }
        }
        // No entry of a subtree's list is lost with a department that is gone.
        bool const below = std::any_of(base_.runs.begin(), base_.runs.end(), [](auto const& run) {
            return run.first.kind == ListingKind::subtreeMembers;
        });
        for (auto const& [dept, row] : storedDepts_) {
            if (!below || parents_.contains(dept)) continue;
            std::array<Cell, 2> const prefix{Cell::text(in_.corp), Cell::text(dept)};
            rows_.forEach(*t_.deptMember, 0, prefix, [&](std::span<Cell const> m) {
                ids.emplace_back(m[c_.deptMember.memberId].bytes());
            });
        }
    } else if (!storeEmpty_) {
        std::array<Cell, 1> const corp{Cell::text(in_.corp)};
        rows_.forEach(*t_.member, 0, corp, [&](std::span<Cell const> row) {
            if (row[c_.member.status].integer() != 2) ids.emplace_back(row[c_.member.memberId].bytes());
        });
        rows_.forEach(*t_.roleMember, 0, corp, [&](std::span<Cell const> row) {
            ids.emplace_back(row[c_.roleMember.memberId].bytes());
        });
        rows_.forEach(*t_.deptMember, 0, corp, [&](std::span<Cell const> row) {
            ids.emplace_back(row[c_.deptMember.memberId].bytes());
        });
    }
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    if (!ids.empty() && ids.front().empty()) ids.erase(ids.begin());
    touched_ = std::move(ids);

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
            row[c_.deptMember.deptId].bytes(), packRow(row));
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
    return !base_.warm || lostEntries_.contains(member) ||
           std::binary_search(pendingBefore_.begin(), pendingBefore_.end(), member);
}

CORPS_DECL void Planner::judgeMembers() {
    for (auto const& [listing, found] : f_.listings)
        if (listsMembers(listing.kind) && (!found.finished || found.state != ListingState::complete))
            listingsComplete_ = false;
    if (!treeComplete_) listingsComplete_ = false;
    // A department of the tree whose members were not even listed leaves the same gap.
    for (auto const& [id, parent] : parents_)
        if (deptRows_.contains(id) && finished(ListingKind::deptMembers, id) == nullptr &&
            !covered_.contains(id) && !(id == proof_.rootDeptId && !proof_.fullScope))
            listingsComplete_ = false;

    for (std::string const& id : touched_) {
        Judged j;
        Row const stored = storedMember(id);
        j.stored = !stored.empty();
        j.active = j.stored && stored[c_.member.status].integer() != 2;
        auto const it = f_.members.find(id);
        FoundMember const* found = it == f_.members.end() ? nullptr : &it->second;
        j.present = found != nullptr && found->listed;
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
        judged_.emplace_hint(judged_.end(), id, std::move(j));
    }
}

}  // namespace detail
}  // namespace corps
