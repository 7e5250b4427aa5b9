// From what was judged to changes.
#pragma once

#include <corps/sync/detail/planner.hpp>

#include <algorithm>
#include <array>

namespace corps {
namespace detail {

/** Adds a change; `row` is a whole row of the table, `before` a whole row or empty. */
CORPS_DECL void Planner::emit(TableSchema const& t, ChangeKind kind, std::span<Cell const> row,
                              std::span<Cell const> before) {
    std::size_t const start = t.columns[0].type == ColumnType::corp ? 1 : 0;
    std::span<Cell const> const key = row.subspan(start, t.keyColumns - start);
    changes_.begin(t.name, kind, key);
    for (std::size_t i = t.keyColumns; i < t.columns.size(); ++i) {
        if (row[i].isNull()) continue;
        bool const had = !before.empty() && !before[i].isNull();
        if (kind == ChangeKind::erase)
            changes_.cell(t.columns[i].name, row[i], Cell());
        else if (!had || !(row[i] == before[i]))
            changes_.cell(t.columns[i].name, had ? before[i] : Cell(), row[i]);
    }
    if (!changes_.end(kind == ChangeKind::erase || kind == ChangeKind::create)) return;
    std::string sortKey;
    for (Cell const& k : key) {
        if (k.kind() == CellKind::integer) {
            auto const biased = static_cast<std::uint64_t>(k.integer()) ^ (std::uint64_t{1} << 63);
            for (int shift = 56; shift >= 0; shift -= 8) sortKey += static_cast<char>(biased >> shift);
        } else {
            sortKey += k.bytes();
        }
        sortKey += '\0';
    }
    int place = 0;
    auto const all = t_.all();
    while (place < static_cast<int>(all.size()) && all[static_cast<std::size_t>(place)] != &t) ++place;
    order_.emplace_back(place, std::move(sortKey));
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
        if (untold_.contains(dept) || f_.untoldLeaders.contains(dept)) continue;
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
    forget_.insert({Listing{ListingKind::memberDetails, ""}, member});
    forgetBelow_.insert(member);
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

/** What phone and e-mail are looked up by; nothing for what does not bind. */
inline std::vector<std::string> contactKeys(SyncOptions const& options, Cell phone, Cell email) {
    std::vector<std::string> out;
    if (options.bindByPhone && phone.bytes().starts_with("+")) out.emplace_back(phone.bytes());
    if (options.bindByEmail && email.bytes().find('@') != std::string_view::npos) {
        std::string text(email.bytes());
        for (char& c : text)
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        out.push_back(std::move(text));
    }
    return out;
}

/**
 * The one user who has this member's phone or e-mail, where the caller wants that. Empty when there is none,
 * when there are several, and when it is somebody who is known to be another: a member of this corp, or the
 * owner of another union id on this platform.
 */
CORPS_DECL std::string Planner::byContact(std::span<Cell const> member) {
    std::vector<std::string> const keys =
        contactKeys(in_.options, member[c_.member.phone], member[c_.member.email]);
    if (keys.empty()) return {};
    if (!contacts_) {
        Contacts& all = contacts_.emplace();
        rows_.forEach(*t_.user, 0, {}, [&](std::span<Cell const> row) {
            for (std::string& key : contactKeys(in_.options, row[c_.user.phone], row[c_.user.email]))
                all.users[std::move(key)].emplace(row[c_.user.userId].bytes());
        });
        std::array<Cell, 1> const platform{Cell::text(in_.identity.platform)};
        rows_.forEach(*t_.thirdAuth, 0, platform, [&](std::span<Cell const> row) {
            if (!row[c_.thirdAuth.unionId].bytes().empty())
                all.unions[std::string(row[c_.thirdAuth.userId].bytes())].emplace(
                    row[c_.thirdAuth.unionId].bytes());
        });
        std::array<Cell, 1> const corp{Cell::text(in_.corp)};
        rows_.forEach(*t_.member, 0, corp,
                      [&](std::span<Cell const> row) { boundHere_.emplace(row[c_.member.userId].bytes()); });
    }
    std::set<std::string> found;
    for (std::string const& key : keys)
        if (auto const it = contacts_->users.find(key); it != contacts_->users.end())
            found.insert(it->second.begin(), it->second.end());
    if (found.size() != 1 || boundHere_.contains(*found.begin())) return {};
    std::string const unionId(member[c_.member.unionId].bytes());
    auto const known = contacts_->unions.find(*found.begin());
    if (!unionId.empty() && known != contacts_->unions.end() && !known->second.contains(unionId)) return {};
    return *found.begin();
}

/** The user of a member: the one bound before, the one with the same union id on this platform, or a new one.
 */
CORPS_DECL std::string Planner::bind(std::span<Cell const> member, std::string const& id, std::string linked,
                                     bool otherPerson) {
    std::string const unionId(member[c_.member.unionId].bytes());
    if (!anyBound_) anyBound_ = users_.any();
    Binding found;
    if (*anyBound_)
        found = users_.find(id, std::move(linked), unionId, otherPerson);
    else
        found.userId = std::move(linked);
    std::string userId = std::move(found.userId);
    std::string other = std::move(found.byUnion);
    if (other.empty() && !unionId.empty())
        if (auto const it = newUsersByUnion_.find(unionId); it != newUsersByUnion_.end()) other = it->second;
    if (userId.empty())
        userId = other;
    else if (!other.empty() && other != userId)
        warnings_.push_back("users " + userId + " and " + other +
                            " have one union id: the same person, kept apart");
    if (userId.empty()) userId = byContact(member);
    bool const created = userId.empty();
    if (created) {
        userId = in_.newId();
        if (!unionId.empty()) newUsersByUnion_[unionId] = userId;
    }
    if (in_.options.bindByPhone || in_.options.bindByEmail) boundHere_.insert(userId);
    Row const stored = created ? Row() : users_.stored(userId);
    if (created || !stored.empty()) {
        UserProfile const profile{member[c_.member.nick], member[c_.member.phone], member[c_.member.email],
                                  member[c_.member.photo]};
        std::vector<Cell> const row = users_.userRow(userId, profile, stored);
        if (!row.empty())
            emit(*t_.user, created ? ChangeKind::create : ChangeKind::update, row, viewsOf(stored));
    }
    std::vector<Cell> const row = users_.authRow(id, userId, member[c_.member.unionId]);
    Row const& auth = found.auth;
    if (otherPerson && !auth.empty() && !auth[c_.thirdAuth.unionId].bytes().empty() &&
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
    if (matchedBelow(member) || matchedIn(Listing{ListingKind::visibleMembers, ""}, member) ||
        matchedIn(Listing{ListingKind::memberDetails, ""}, member))
        return false;
    auto const it = f_.members.find(member);
    for (std::string const& d : depts) {
        if (seen(ListingKind::deptMembers, d, member) != Seen::yes) continue;
        if (it == f_.members.end() || std::none_of(it->second.depts.begin(), it->second.depts.end(),
                                                   [&d](auto const& p) { return p.first == d; }))
            return false;
    }
    return true;
}

/**
 * Keeps no entry of a member that does not equal what is stored after this plan. `before`, `after`: the
 * departments they have a row in.
 */
CORPS_DECL void Planner::settleEntries(std::string const& member, std::vector<std::string> const& before,
                                       std::vector<std::string> const& after, bool changed) {
    auto const it = f_.members.find(member);
    if (it != f_.members.end() && it->second.below) {
        RollingSum sum;
        for (std::string const& d : after) sum.add(sumOfDept(d));
        if (it->second.belowDiffers || !(it->second.belowSum == sum)) forgetBelow_.insert(member);
    }
    if (!changed) return;
    changed_.insert(member);
    for (std::string const& d : before)
        if (finished(ListingKind::deptMembers, d) == nullptr)
            forget_.insert({Listing{ListingKind::deptMembers, d}, member});
    // A unit that names all of their departments was passed over, and no longer says what is here.
    if (matchedBelow(member) || matchedIn(Listing{ListingKind::memberDetails, ""}, member) ||
        (it != f_.members.end() && it->second.below && !decodedEverywhere(member, before)))
        dispute(member);
}

/** Whether two of these rows, decoded in one pull, say different things of one column. */
inline bool contradict(std::vector<std::string> const& rows) {
    if (rows.size() < 2) return false;
    std::vector<Cell> known = unpackRow(rows.front());
    for (std::size_t v = 1; v < rows.size(); ++v) {
        std::vector<Cell> const other = unpackRow(rows[v]);
        for (std::size_t i = 0; i < known.size(); ++i) {
            if (other[i].isNull()) continue;
            if (known[i].isNull())
                known[i] = other[i];
            else if (!(known[i] == other[i]))
                return true;
        }
    }
    return false;
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
    std::size_t const start = changes_.size();
    std::vector<std::string> after = depts;
    bool profile = false;
    if (found != nullptr && !found->rows.empty() && active) {
        std::vector<Cell> row = newest(found->rows, before);
        bool const disputed = contradict(found->rows);
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
        std::erase(after, d);
        if (std::find(flags.begin(), flags.end(), d) != flags.end()) eraseFlag(d);
    }
    if (found != nullptr) {
        std::map<std::string, std::vector<std::string>> byDept;
        for (auto const& [d, packed] : found->depts) byDept[d].push_back(packed);
        for (auto const& [d, packed] : found->detailDepts) {
            bool const has = std::find(depts.begin(), depts.end(), d) != depts.end();
            if (byDept.contains(d) || (has && seen(ListingKind::deptMembers, d, id) == Seen::yes))
                byDept[d].push_back(packed);
            else
                forget_.insert({Listing{ListingKind::memberDetails, ""}, id});
        }
        for (auto const& [d, versions] : byDept) {
            if (!active || !parents_.contains(d)) {
                forget_.insert({Listing{ListingKind::deptMembers, d}, id});
                forget_.insert({Listing{ListingKind::memberDetails, ""}, id});
                continue;
            }
            Row const was =
                std::find(depts.begin(), depts.end(), d) == depts.end() ? Row() : storedMembership(id, d);
            std::vector<Cell> const row = newest(versions, viewsOf(was));
            std::size_t const count = changes_.size();
            if (was.empty()) after.push_back(d);
            emit(*t_.deptMember, was.empty() ? ChangeKind::create : ChangeKind::update, row, viewsOf(was));
            bool twice = contradict(versions);
            if (!was.empty() && changes_.size() != count) {
                Listing const listing{ListingKind::deptMembers, d};
                FoundListing const* f = finished(ListingKind::deptMembers, d);
                if (f != nullptr) {
                    auto const& keys = seenKeys(listing, *f);
                    auto const n = keys.find(id);
                    twice = twice || (n != keys.end() && n->second > 1);
                }
            }
            if (twice) {
                forget_.insert({Listing{ListingKind::deptMembers, d}, id});
                forget_.insert({Listing{ListingKind::memberDetails, ""}, id});
                forgetBelow_.insert(id);
            }
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
    settleEntries(id, depts, after, changes_.size() != start);

    bool const rolesLocal = j.stored && !j.otherPerson && stored[c_.member.rolesLocal].integer() != 0;
    bool const mayHaveRoles = active && !rolesLocal;
    if (!rolesLocal)
        for (std::string const& r : roles) {
            Seen const there = seen(ListingKind::roleMembers, r, id);
            // Whoever may be on a list that was not read keeps a role that there still is: the members of
            // some come from the same lists.
            bool const missed = j.unproven && !j.present && !(rolesComplete_ && !f_.roles.contains(r));
            if (there == Seen::no && !missed) eraseRole(r);
            if (missed || (there == Seen::unknown && noEntry(id))) pendingAfter_.insert(id);
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
        if (changed) changed_.insert(id);
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

}  // namespace detail
}  // namespace corps
