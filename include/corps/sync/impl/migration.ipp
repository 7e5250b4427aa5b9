#pragma once

#include <corps/client/cutter.hpp>
#include <corps/error/error.hpp>
#include <corps/sync/detail/migration.hpp>
#include <corps/sync/detail/runs.hpp>
#include <corps/sync/detail/tables.hpp>
#include <corps/sync/engine.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <set>
#include <utility>

namespace corps {

namespace detail {

CORPS_DECL void OtherIds::add(Unit const& unit, std::vector<std::string> const& others) {
    if (others.empty()) return;
    std::optional<std::string> const id = keyOf(unit.bytes, unit.shape->keyPath);
    if (!id) return;
    auto& ids = unit.listing->kind == ListingKind::departments ? departments : members;
    for (std::string const& other : others)
        if (!other.empty() && other != *id) ids.emplace(other, *id);
}

/** The part of the id types that concerns people, or departments: "people/departments". */
inline std::string_view idTypeOf(MirrorIdentity const& identity, bool people) {
    std::string_view const all = identity.idTypes;
    std::size_t const slash = all.find('/');
    if (slash == std::string_view::npos) return people ? all : std::string_view();
    return people ? all.substr(0, slash) : all.substr(slash + 1);
}

/** Finds who is who among people. */
class MemberMatcher {
public:
    MemberMatcher(MigrationInput const& in, RowAccess& rows, Findings const& found, OtherIds const& others)
        : others_(others) {
        Columns const& c = *in.columns;
        std::array<Cell, 1> const corp{Cell::text(in.corp)};
        rows.forEach(*in.tables->member, 0, corp, [&](std::span<Cell const> row) {
            Person p;
            p.id = row[c.member.memberId].bytes();
            p.unionId = row[c.member.unionId].bytes();
            p.openId = row[c.member.openId].bytes();
            p.active = row[c.member.status].integer() != 2;
            stored_.push_back(std::move(p));
        });
        for (auto const& [id, member] : found.members) {
            if (member.rows.empty()) continue;
            Person p;
            p.id = id;
            for (std::string const& packed : member.rows) {
                std::vector<Cell> const row = unpackRow(packed);
                if (p.unionId.empty()) p.unionId = row[c.member.unionId].bytes();
                if (p.openId.empty()) p.openId = row[c.member.openId].bytes();
            }
            shown_.push_back(std::move(p));
        }
        auto const byId = [](Person const& a, Person const& b) { return a.id < b.id; };
        std::sort(stored_.begin(), stored_.end(), byId);
        std::sort(shown_.begin(), shown_.end(), byId);
        bool const samePlatform = in.from.platform == in.to.platform;
        bool const sameCorp = in.fromCorp.empty() || in.toCorp.empty() || in.fromCorp == in.toCorp;
        bool const sameApp = in.from.appId == in.to.appId;
        sameType_ = idTypeOf(in.from, true) == idTypeOf(in.to, true);
        openIds_ = samePlatform && sameCorp && sameApp;
        unionIds_ = samePlatform;
        ids_ = samePlatform && sameCorp;
        sameApp_ = sameApp && sameCorp;
        for (std::size_t i = 0; i < shown_.size(); ++i) {
            shownById_.emplace(shown_[i].id, i);
            if (!shown_[i].openId.empty() && shown_[i].id != shown_[i].openId) keyIsOpen_ = false;
            if (!shown_[i].unionId.empty() && shown_[i].id != shown_[i].unionId) keyIsUnion_ = false;
            anyOpen_ = anyOpen_ || !shown_[i].openId.empty();
            anyUnion_ = anyUnion_ || !shown_[i].unionId.empty();
        }
        keyIsOpen_ = keyIsOpen_ && anyOpen_;
        keyIsUnion_ = keyIsUnion_ && anyUnion_;
        to_.assign(stored_.size(), std::string());
        taken_.assign(shown_.size(), false);
    }

    void match(Migration& out) {
        if (unionIds_ && !sameApp_ && unionIdsOfAnotherDeveloper()) unionIds_ = false;
        if (unionIds_) matchBy(&Person::unionId);
        if (openIds_) matchBy(&Person::openId);
        if (ids_)
            for (std::size_t s = 0; s < stored_.size(); ++s) matchById(s);
        found_ = static_cast<std::size_t>(std::count_if(stored_.begin(), stored_.end(), [&](Person const& p) {
            return p.active && !to_[static_cast<std::size_t>(&p - stored_.data())].empty();
        }));
        matchUnseen();
        makeRoom();
        for (std::size_t s = 0; s < stored_.size(); ++s) {
            if (to_[s].empty() && stored_[s].active) out.unmatched.push_back(stored_[s].id);
            if (!to_[s].empty() && to_[s] != stored_[s].id)
                out.members.push_back(IdChange{stored_[s].id, to_[s]});
        }
        out.openIdsVoid = !openIds_;
        out.unionIdsVoid = !unionIds_;
    }
    [[nodiscard]] bool nobodyFound() const {
        return found_ == 0 &&
               std::any_of(stored_.begin(), stored_.end(), [](Person const& p) { return p.active; });
    }

private:
    struct Person {
        std::string id, unionId, openId;
        bool active = true;
    };

    /** Who is shown under this id, whatever kind of id it is. */
    [[nodiscard]] std::size_t shownAs(std::string const& id) const {
        auto const own = shownById_.find(id);
        if (own != shownById_.end()) return own->second;
        auto const other = others_.members.find(id);
        if (other == others_.members.end()) return kNobody;
        auto const it = shownById_.find(other->second);
        return it == shownById_.end() ? kNobody : it->second;
    }

    /** Another application of another developer: who is the same by id has another union id, all of them. */
    [[nodiscard]] bool unionIdsOfAnotherDeveloper() const {
        std::unordered_set<std::string_view> shown;
        for (Person const& p : shown_) shown.insert(p.unionId);
        bool differs = false;
        for (Person const& p : stored_) {
            if (p.unionId.empty()) continue;
            if (shown.contains(p.unionId)) return false;
            std::size_t const now = ids_ ? shownAs(p.id) : kNobody;
            differs = differs || (now != kNobody && !shown_[now].unionId.empty());
        }
        return differs;
    }

    /** The ids that name a person for good say that these are two. */
    [[nodiscard]] bool contradict(Person const& was, Person const& is) const {
        if (unionIds_ && !was.unionId.empty() && !is.unionId.empty()) return was.unionId != is.unionId;
        return openIds_ && !was.openId.empty() && !is.openId.empty() && was.openId != is.openId;
    }

    void take(std::size_t s, std::size_t now) {
        to_[s] = shown_[now].id;
        taken_[now] = true;
    }

    void matchBy(std::string Person::* id) {
        std::unordered_map<std::string_view, std::size_t> shown;
        for (std::size_t i = 0; i < shown_.size(); ++i)
            if (!(shown_[i].*id).empty()) shown.emplace(shown_[i].*id, i);
        // Of several records of one person the active one, who came back under another id, goes first.
        for (bool const active : {true, false})
            for (std::size_t s = 0; s < stored_.size(); ++s) {
                if (stored_[s].active != active || !to_[s].empty() || (stored_[s].*id).empty()) continue;
                auto const it = shown.find(stored_[s].*id);
                if (it == shown.end() || taken_[it->second] || contradict(stored_[s], shown_[it->second]))
                    continue;
                take(s, it->second);
            }
    }

    void matchById(std::size_t s) {
        if (!to_[s].empty()) return;
        std::size_t const now = shownAs(stored_[s].id);
        if (now != kNobody && !taken_[now] && !contradict(stored_[s], shown_[now])) take(s, now);
    }

    /** Who is not shown: gone, out of sight, or resigned long ago. Their new id may be known all the same. */
    void matchUnseen() {
        std::unordered_set<std::string_view> used;
        for (Person const& p : shown_) used.insert(p.id);
        for (std::size_t s = 0; s < stored_.size(); ++s) {
            Person const& p = stored_[s];
            if (!to_[s].empty()) continue;
            std::string const* now = nullptr;
            if (keyIsOpen_) {
                if (openIds_ && !p.openId.empty()) now = &p.openId;
            } else if (keyIsUnion_) {
                if (unionIds_ && !p.unionId.empty()) now = &p.unionId;
            } else if (ids_ && sameType_) {
                // What the tenant itself names people by means the same to every application.
                now = &p.id;
            }
            if (now == nullptr) continue;
            // Shown, and not the same by what names people for good: the id is somebody else's now. Under
            // their own former id that is for the plan to hold; another's id they must not get.
            if (*now != p.id && !used.insert(*now).second) continue;
            to_[s] = *now;
        }
    }

    /** A new id that is the former one of somebody who keeps it cannot be given away. */
    void makeRoom() {
        std::unordered_map<std::string_view, std::size_t> byId;
        for (std::size_t s = 0; s < stored_.size(); ++s) byId.emplace(stored_[s].id, s);
        for (bool again = true; again;) {
            again = false;
            for (std::size_t s = 0; s < stored_.size(); ++s) {
                if (to_[s].empty() || to_[s] == stored_[s].id) continue;
                auto const owner = byId.find(to_[s]);
                if (owner == byId.end()) continue;
                std::string const& goes = to_[owner->second];
                if (!goes.empty() && goes != stored_[owner->second].id) continue;
                to_[s].clear();
                again = true;
            }
        }
    }

    static constexpr std::size_t kNobody = static_cast<std::size_t>(-1);
    OtherIds const& others_;
    std::vector<Person> stored_, shown_;  // by id
    std::unordered_map<std::string_view, std::size_t> shownById_;
    std::vector<std::string> to_;  // by index of stored_: the new id; empty: not found
    std::vector<bool> taken_;      // by index of shown_
    std::size_t found_ = 0;
    bool openIds_ = false, unionIds_ = false, ids_ = false;  // mean the same on both sides
    bool sameApp_ = false, sameType_ = false;
    bool keyIsOpen_ = true, keyIsUnion_ = true;  // what the new ids of people are
    bool anyOpen_ = false, anyUnion_ = false;
};

/** Finds which department is which. */
inline void matchDepartments(MigrationInput const& in, RowAccess& rows, Findings const& found,
                             OtherIds const& others, Migration& out) {
    Columns const& c = *in.columns;
    struct Dept {
        std::string parent, name;
    };
    std::map<std::string, Dept> stored, shown;
    std::array<Cell, 1> const corp{Cell::text(in.corp)};
    rows.forEach(*in.tables->dept, 0, corp, [&](std::span<Cell const> row) {
        stored.emplace(row[c.dept.deptId].bytes(), Dept{std::string(row[c.dept.parentId].bytes()),
                                                        std::string(row[c.dept.name].bytes())});
    });
    for (auto const& [id, versions] : found.depts) {
        std::vector<Cell> const row = unpackRow(versions.front());
        std::string parent(row[c.dept.parentId].bytes());
        if (parent.empty() && id != in.rootDeptId) parent = in.rootDeptId;
        shown.emplace(id, Dept{std::move(parent), std::string(row[c.dept.name].bytes())});
    }
    bool const ids = in.from.platform == in.to.platform &&
                     (in.fromCorp.empty() || in.toCorp.empty() || in.fromCorp == in.toCorp);
    bool const byPlace =
        !ids || in.from.appId != in.to.appId || idTypeOf(in.from, false) != idTypeOf(in.to, false);
    std::map<std::string, std::string> to;
    std::set<std::string> taken;
    auto const take = [&](std::string const& id, std::string const& now) {
        if (taken.insert(now).second) to.emplace(id, now);
    };
    for (auto const& [id, dept] : stored)
        if (dept.parent.empty()) take(id, in.rootDeptId);
    if (ids)
        for (auto const& [id, dept] : stored) {
            if (to.contains(id)) continue;
            auto const other = others.departments.find(id);
            if (shown.contains(id))
                take(id, id);
            else if (other != others.departments.end() && shown.contains(other->second))
                take(id, other->second);
        }
    if (byPlace) {
        std::map<std::string, std::vector<std::string>> storedBelow, shownBelow;
        for (auto const& [id, dept] : stored) storedBelow[dept.parent].push_back(id);
        for (auto const& [id, dept] : shown) shownBelow[dept.parent].push_back(id);
        std::deque<std::string> open;
        for (std::string const& root : storedBelow[std::string()]) open.push_back(root);
        for (std::size_t steps = 0; !open.empty() && steps <= stored.size(); ++steps) {
            std::string const parent = open.front();
            open.pop_front();
            std::vector<std::string> const& children = storedBelow[parent];
            if (auto const at = to.find(parent); at != to.end()) {
                std::map<std::string, std::vector<std::string>> byName, byNameNow;
                for (std::string const& id : children)
                    if (!to.contains(id)) byName[stored[id].name].push_back(id);
                for (std::string const& id : shownBelow[at->second])
                    if (!taken.contains(id)) byNameNow[shown[id].name].push_back(id);
                for (auto const& [name, list] : byName) {
                    auto const now = byNameNow.find(name);
                    if (!name.empty() && list.size() == 1 && now != byNameNow.end() &&
                        now->second.size() == 1)
                        take(list.front(), now->second.front());
                }
            }
            open.insert(open.end(), children.begin(), children.end());
        }
    }
    // As with people: an id that somebody keeps cannot be given away.
    for (bool again = true; again;) {
        again = false;
        for (auto it = to.begin(); it != to.end();) {
            auto const owner = to.find(it->second);
            bool const kept = it->second != it->first && stored.contains(it->second) &&
                              (owner == to.end() || owner->second == it->second);
            if (kept) again = true;
            it = kept ? to.erase(it) : std::next(it);
        }
    }
    for (auto const& [id, now] : to)
        if (id != now) out.departments.push_back(IdChange{id, now});
}

CORPS_DECL Migration findMigration(MigrationInput const& in, RowAccess& rows, Findings const& found,
                                   OtherIds const& others) {
    Migration out;
    out.from = in.from;
    out.to = in.to;
    out.fromCorp = in.fromCorp.empty() ? in.corp : in.fromCorp;
    out.toCorp = in.toCorp.empty() ? in.corp : in.toCorp;
    MemberMatcher members(in, rows, found, others);
    members.match(out);
    if (members.nobodyFound()) {
        Diagnostics d;
        d.corp = in.corp;
        throw Error(Errc::wrongCorp,
                    "of the members stored here (" + in.from.text() +
                        ") not one is among those that the platform " + "shows now (" + in.to.text() +
                        "): no id is common to both",
                    std::move(d));
    }
    matchDepartments(in, rows, found, others, out);
    return out;
}

// ---- rows as they will be
// -----------------------------------------------------------------------------------------

CORPS_DECL RowTranslation::RowTranslation(RecordTables const& tables, Columns const& columns,
                                          std::string corp, Migration const& migration)
    : t_(tables), c_(columns), corp_(std::move(corp)), migration_(migration) {
    auto const fill = [](std::vector<IdChange> const& list, Ids& to, Ids& former) {
        for (IdChange const& change : list) {
            to.emplace(change.from, change.to);
            former.emplace(change.to, change.from);
        }
    };
    fill(migration.members, members_, formerMembers_);
    fill(migration.departments, depts_, formerDepts_);
}

CORPS_DECL RowTranslation::Id RowTranslation::idOf(TableSchema const& t, std::size_t column) const {
    if (&t == t_.dept && (column == c_.dept.deptId || column == c_.dept.parentId)) return Id::dept;
    if (&t == t_.member && column == c_.member.memberId) return Id::member;
    if (&t == t_.deptMember) {
        if (column == c_.deptMember.deptId) return Id::dept;
        if (column == c_.deptMember.memberId) return Id::member;
    }
    if (&t == t_.deptLeader) {
        if (column == c_.deptLeader.deptId) return Id::dept;
        if (column == c_.deptLeader.memberId) return Id::member;
    }
    if (&t == t_.roleMember && column == c_.roleMember.memberId) return Id::member;
    if (&t == t_.admin && column == c_.admin.memberId) return Id::member;
    if (&t == t_.deptLimit && column < t.keyColumns) {
        if (t.columns[column].name == "memberId") return Id::member;
        if (t.columns[column].name == "deptId") return Id::dept;
    }
    return Id::none;
}

CORPS_DECL bool RowTranslation::concerns(TableSchema const& t) const {
    return &t == t_.dept || &t == t_.member || &t == t_.deptMember || &t == t_.deptLeader ||
           &t == t_.roleMember || &t == t_.admin || &t == t_.deptLimit;
}

CORPS_DECL std::string_view RowTranslation::newMember(std::string_view id) const {
    auto const it = members_.find(id);
    return it == members_.end() ? id : it->second;
}

CORPS_DECL std::string_view RowTranslation::newDept(std::string_view id) const {
    auto const it = depts_.find(id);
    return it == depts_.end() ? id : it->second;
}

CORPS_DECL std::optional<std::string_view> RowTranslation::formerMember(std::string_view id) const {
    if (auto const it = formerMembers_.find(id); it != formerMembers_.end()) return it->second;
    if (members_.contains(id)) return std::nullopt;
    return id;
}

CORPS_DECL std::optional<std::string_view> RowTranslation::formerDept(std::string_view id) const {
    if (auto const it = formerDepts_.find(id); it != formerDepts_.end()) return it->second;
    if (depts_.contains(id)) return std::nullopt;
    return id;
}

CORPS_DECL bool RowTranslation::translate(TableSchema const& t, std::span<Cell const> row,
                                          std::vector<Cell>& out) const {
    out.assign(row.begin(), row.end());
    bool differs = false;
    for (std::size_t i = 1; i < out.size(); ++i) {
        Id const kind = idOf(t, i);
        if (kind == Id::none || out[i].isNull()) continue;
        std::string_view const was = out[i].bytes();
        std::string_view const is = kind == Id::member ? newMember(was) : newDept(was);
        if (is == was) continue;
        out[i] = Cell::text(is);
        differs = true;
    }
    if (&t == t_.member) {
        auto const forget = [&](bool isVoid, std::size_t column) {
            if (!isVoid || out[column].isNull()) return;
            out[column] = Cell();
            differs = true;
        };
        forget(migration_.openIdsVoid, c_.member.openId);
        forget(migration_.unionIdsVoid, c_.member.unionId);
    }
    return differs;
}

CORPS_DECL std::string RowTranslation::holdId(std::string_view kind, std::string_view id) const {
    if (kind == "approval") return std::string(id);  // of a digest, not of a person
    if (kind == "dept") return std::string(newDept(id));
    if (kind == "membership") {
        std::size_t const at = id.find('\x1f');
        if (at == std::string_view::npos) return std::string(id);
        return std::string(newDept(id.substr(0, at))) + '\x1f' + std::string(newMember(id.substr(at + 1)));
    }
    return std::string(newMember(id));
}

CORPS_DECL void MigratedRows::scanBindings(TableSchema const& t, std::span<Cell const> prefix, RowVisitor f,
                                           void* context) {
    Migration const& m = to_.migration();
    Columns const& c = to_.c_;
    bool const ours = prefix[c.thirdAuth.platform].bytes() == m.to.platform &&
                      prefix[c.thirdAuth.thirdCorpId].bytes() == m.toCorp;
    std::string_view const id = prefix[c.thirdAuth.thirdUserId].bytes();
    std::optional<std::string_view> const former = ours ? to_.formerMember(id) : std::optional(id);
    bool found = false;
    if (ours && former) {
        std::array<Cell, 3> const key{Cell::text(m.from.platform), Cell::text(m.fromCorp),
                                      Cell::text(*former)};
        rows_.forEach(t, 0, key, [&](std::span<Cell const> row) {
            found = true;
            std::vector<Cell> now(row.begin(), row.end());
            for (std::size_t i = 0; i < prefix.size(); ++i) now[i] = prefix[i];
            return f(now, context);
        });
    }
    // Of another corp of the store, or of this one from before.
    if (!found && (!ours || former)) rows_.scanRows(t, 0, prefix, f, context);
}

CORPS_DECL void MigratedRows::scanHolds(TableSchema const& t, std::span<Cell const> prefix, RowVisitor f,
                                        void* context) {
    rows_.forEach(t, 0, prefix.first(1), [&](std::span<Cell const> row) {
        std::vector<Cell> now(row.begin(), row.end());
        std::string const id = to_.holdId(row[1].bytes(), row[2].bytes());
        std::string const place(to_.newDept(row[6].bytes()));
        now[2] = Cell::text(id);
        now[6] = Cell::text(place);
        for (std::size_t i = 0; i < prefix.size(); ++i)
            if (!(now[i] == prefix[i])) return true;
        return f(now, context);
    });
}

CORPS_DECL void MigratedRows::scanRows(TableSchema const& t, std::size_t index, std::span<Cell const> prefix,
                                       RowVisitor f, void* context) {
    if (&t == &runTable() || &t == &runKeysTable()) return;
    if (&t == to_.t_.thirdAuth && index == 0 && prefix.size() == 3)
        return scanBindings(t, prefix, f, context);
    bool const ours = !prefix.empty() && prefix[kCorpColumn].bytes() == to_.corp();
    if (&t == &holdTable() && ours) return scanHolds(t, prefix, f, context);
    if (!ours || !to_.concerns(t)) return rows_.scanRows(t, index, prefix, f, context);
    std::vector<Cell> former(prefix.begin(), prefix.end());
    for (std::size_t i = 1; i < former.size(); ++i) {
        RowTranslation::Id const kind = to_.idOf(t, index == 0 ? i : t.indexes[index - 1].columns[i]);
        if (kind == RowTranslation::Id::none || former[i].isNull()) continue;
        std::optional<std::string_view> const id = kind == RowTranslation::Id::member
                                                       ? to_.formerMember(former[i].bytes())
                                                       : to_.formerDept(former[i].bytes());
        if (!id) return;  // nobody has it any more
        former[i] = Cell::text(*id);
    }
    std::vector<Cell> now;
    rows_.forEach(t, index, former, [&](std::span<Cell const> row) {
        to_.translate(t, row, now);
        return f(now, context);
    });
}

CORPS_DECL void MigratedRows::upsertRow(TableSchema const& t, std::span<Cell const>) {
    throw Error(Errc::invalidArgument, "rows of a migration are for reading: " + t.name);
}

CORPS_DECL std::uint64_t MigratedRows::eraseRows(TableSchema const& t, std::span<Cell const>) {
    throw Error(Errc::invalidArgument, "rows of a migration are for reading: " + t.name);
}

// ---- rewriting
// ---------------------------------------------------------------------------------------------------

CORPS_DECL void applyMigration(RowAccess& rows, ChangeWriter& writer, RowTranslation const& to) {
    Migration const& m = to.migration();
    RecordTables const& tables = to.tables();
    Columns const& c = to.columns();
    std::string const& corp = to.corp();
    std::string const stored = StateValues(rows, corp).bytes(kIdentity).value_or(std::string());
    if (stored != m.from.packed()) refuseIdentity(corp, MirrorIdentity::unpack(stored), m.from);
    // A plan that was text may say anything: bindings of another enterprise are not this corp's to move.
    std::string const enterprise = StateValues(rows, corp).bytes(kUpstreamCorp).value_or(std::string());
    if ((enterprise.empty() ? corp : enterprise) != m.fromCorp)
        refuseUpstreamCorp(corp, enterprise, m.fromCorp);

    struct Move {
        TableSchema const* table = nullptr;
        Row before, after;
    };
    std::vector<Move> moves;
    auto const views = [](Row const& row) {
        std::vector<Cell> out;
        out.reserve(row.size());
        for (OwnedCell const& cell : row) out.push_back(cell.view());
        return out;
    };
    std::array<Cell, 1> const prefix{Cell::text(corp)};
    bool const sameCorp = m.from.platform == m.to.platform && m.fromCorp == m.toCorp;
    std::vector<std::string> people;
    rows.forEach(*tables.member, 0, prefix, [&](std::span<Cell const> row) {
        std::string_view const id = row[c.member.memberId].bytes();
        if (!sameCorp || to.newMember(id) != id) people.emplace_back(id);
    });
    for (std::string const& id : people) {
        std::array<Cell, 3> const key{Cell::text(m.from.platform), Cell::text(m.fromCorp), Cell::text(id)};
        Move move;
        move.table = tables.thirdAuth;
        move.before = findRow(rows, *tables.thirdAuth, key);
        if (move.before.empty()) continue;
        move.after = move.before;
        move.after[c.thirdAuth.platform] = Cell::text(m.to.platform);
        move.after[c.thirdAuth.thirdCorpId] = Cell::text(m.toCorp);
        move.after[c.thirdAuth.thirdUserId] = Cell::text(to.newMember(id));
        moves.push_back(std::move(move));
    }
    std::vector<Cell> now;
    for (TableSchema const* t : tables.all()) {
        if (!to.concerns(*t)) continue;
        rows.forEach(*t, 0, prefix, [&](std::span<Cell const> row) {
            if (!to.translate(*t, row, now)) return;
            moves.push_back(Move{t, Row(row.begin(), row.end()), Row(now.begin(), now.end())});
        });
    }
    // Ids may change places: all go before any comes.
    for (Move const& move : moves)
        writer.erase(*move.table, std::span<Cell const>(views(move.before)).first(move.table->keyColumns));
    for (Move const& move : moves) {
        std::vector<Cell> const row = views(move.after);
        if (!findRow(rows, *move.table, std::span<Cell const>(row).first(move.table->keyColumns)).empty()) {
            if (move.table == tables.thirdAuth) continue;  // another corp of the store knows them as well
            Diagnostics d;
            d.corp = corp;
            d.place = move.table->name;
            throw Error(Errc::invalidArgument, "a migration that puts two rows under one id", std::move(d));
        }
        writer.upsert(*move.table, row);
    }

    std::vector<Row> holds;
    rows.forEach(holdTable(), 0, prefix,
                 [&](std::span<Cell const> row) { holds.emplace_back(row.begin(), row.end()); });
    rows.eraseRows(holdTable(), prefix);
    for (Row& hold : holds) {
        hold[2] = Cell::text(to.holdId(hold[1].bytes(), hold[2].bytes()));
        hold[6] = Cell::text(to.newDept(hold[6].bytes()));
        rows.upsertRow(holdTable(), views(hold));
    }
    eraseRuns(rows, corp);
}

}  // namespace detail
}  // namespace corps
