// Random histories of an organisation, synced after every few changes, with faults, holds and edits made
// here. What must be true after each sync is said by plain code below that shares nothing with the engine.
//
// CORPS_HISTORIES=20000 runs more of them; CORPS_SEED=123 runs that one alone and tells what happens in it.
#include "support/fake_organisation.hpp"
#include "support/mirror_bench.hpp"

#include <corps/error/error.hpp>
#include <corps/model/corp_data.hpp>
#include <corps/model/records.hpp>
#include <corps/sync/engine.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace property_sync_histories_test {

using namespace corps;
using namespace corps::testsupport;

namespace {

constexpr int kSyncs = 14;

// ---- what upstream owns here, read plainly
// -------------------------------------------------------------------------

using Value = std::string;  // "?" is unknown

struct MemberState {
    std::map<std::string, Value> fields{};  // nick, phone, email, unionId, thirdUserId
    bool active = true;
    friend bool operator==(MemberState const&, MemberState const&) = default;
};

struct Mirrored {
    std::map<std::string, std::map<std::string, Value>> depts{};  // parentId, name, order
    std::map<std::string, MemberState> members{};
    std::map<std::pair<std::string, std::string>, std::pair<Value, Value>>
        memberships{};                                                     // (dept, member): order, primary
    std::map<std::tuple<std::string, std::string, int>, Value> leaders{};  // (dept, member, source): rank
    std::map<std::string, Value> groups{};
    std::map<std::string, std::pair<Value, Value>> roles{};
    std::set<std::pair<std::string, std::string>> roleMembers{};
    std::set<std::string> admins{};
    friend bool operator==(Mirrored const&, Mirrored const&) = default;
};

/** What people here own. */
struct Local {
    std::map<std::string, std::map<std::string, Value>>
        members{};  // userId, localStatus, rolesLocal, signature, extendConf
    std::map<std::string, Value> deptNotes{};
    std::set<std::string> rows{};  // roles, groups, assignments, administrators and limits made here
};

struct State {
    Mirrored up{};
    Local local{};
    std::map<std::string, std::set<std::string>> admins{};  // member: origins
};

State readState(Store& store, std::string const& corp) {
    State out;
    RecordTables const& t = tablesOf<>();
    store.read([&](RowAccess& rows) {
        std::array<Cell, 1> const prefix{Cell::text(corp)};
        auto scan = [&](TableSchema const& table, auto&& f) {
            rows.forEach(table, 0, prefix, [&](std::span<Cell const> row) {
                auto at = [&](std::string_view column) {
                    Cell const& c = row[table.find(column)];
                    return c.isNull()                      ? Value("?")
                           : c.kind() == CellKind::integer ? std::to_string(c.integer())
                                                           : std::string(c.bytes());
                };
                f(at);
            });
        };
        scan(*t.dept, [&](auto at) {
            for (char const* c : {"parentId", "name", "order"}) out.up.depts[at("deptId")][c] = at(c);
            out.local.deptNotes[at("deptId")] = at("extendConf");
        });
        scan(*t.member, [&](auto at) {
            MemberState& m = out.up.members[at("memberId")];
            for (char const* c : {"nick", "phone", "email", "unionId", "thirdUserId"}) m.fields[c] = at(c);
            m.active = at("status") == "1";
            for (char const* c : {"userId", "localStatus", "rolesLocal", "signature", "extendConf"})
                out.local.members[at("memberId")][c] = at(c);
        });
        scan(*t.deptMember, [&](auto at) {
            out.up.memberships[{at("deptId"), at("memberId")}] = {at("order"), at("isPrimary")};
        });
        scan(*t.deptLeader, [&](auto at) {
            out.up.leaders[{at("deptId"), at("memberId"), std::stoi(at("source"))}] = at("rank");
        });
        scan(*t.roleGroup, [&](auto at) {
            if (at("origin") == kOriginLocal)
                out.local.rows.insert("group " + at("roleGroupId") + " " + at("name"));
            else
                out.up.groups[at("roleGroupId")] = at("name");
        });
        scan(*t.role, [&](auto at) {
            if (at("origin") == kOriginLocal)
                out.local.rows.insert("role " + at("roleId") + " " + at("name"));
            else
                out.up.roles[at("roleId")] = {at("roleGroupId"), at("name")};
        });
        scan(*t.roleMember, [&](auto at) {
            if (at("origin") == kOriginLocal)
                out.local.rows.insert("assignment " + at("roleId") + " " + at("memberId"));
            else
                out.up.roleMembers.insert({at("roleId"), at("memberId")});
        });
        scan(*t.admin, [&](auto at) {
            out.admins[at("memberId")].insert(at("origin"));
            if (at("origin") == kOriginLocal)
                out.local.rows.insert("admin " + at("memberId"));
            else
                out.up.admins.insert(at("memberId"));
        });
        scan(*t.deptLimit, [&](auto at) {
            out.local.rows.insert("limit " + at("roleId") + " " + at("memberId") + " " + at("deptId"));
        });
    });
    return out;
}

std::string describe(Mirrored const& m) {
    std::string out;
    for (auto const& [id, d] : m.depts) {
        out += "dept " + id;
        for (auto const& [k, v] : d) out += " " + k + "=" + v;
        out += "\n";
    }
    for (auto const& [id, x] : m.members) {
        out += "member " + id + (x.active ? "" : " resigned");
        for (auto const& [k, v] : x.fields) out += " " + k + "=" + v;
        out += "\n";
    }
    for (auto const& [k, v] : m.memberships)
        out += "in " + k.first + "/" + k.second + " " + v.first + " " + v.second + "\n";
    for (auto const& [k, v] : m.leaders)
        out += "leads " + std::get<0>(k) + "/" + std::get<1>(k) + "/" + std::to_string(std::get<2>(k)) + " " +
               v + "\n";
    for (auto const& [k, v] : m.groups) out += "group " + k + " " + v + "\n";
    for (auto const& [k, v] : m.roles) out += "role " + k + " " + v.first + " " + v.second + "\n";
    for (auto const& [r, x] : m.roleMembers) out += "has " + r + "/" + x + "\n";
    for (auto const& a : m.admins) out += "admin " + a + "\n";
    return out;
}

/** The lines that only one of them has. */
std::string difference(std::string const& a, std::string const& b) {
    auto lines = [](std::string const& s) {
        std::set<std::string> out;
        for (std::size_t at = 0; at < s.size();) {
            std::size_t const end = s.find('\n', at);
            out.insert(s.substr(at, end - at));
            at = end + 1;
        }
        return out;
    };
    std::set<std::string> const x = lines(a);
    std::set<std::string> const y = lines(b);
    std::string out;
    for (auto const& l : x)
        if (!y.contains(l)) out += "  expected " + l + "\n";
    for (auto const& l : y)
        if (!x.contains(l)) out += "  found    " + l + "\n";
    return out;
}

// ---- the naive model
// ------------------------------------------------------------------------------------------------

Value valueOf(std::optional<std::string> const& v) { return v ? *v : Value("?"); }

/** Unknown is not empty: it keeps the old value. */
Value kept(Value const& now, std::map<std::string, Value> const* before, std::string const& column) {
    if (now != "?" || before == nullptr) return now;
    auto const it = before->find(column);
    return it == before->end() ? now : it->second;
}

bool visible(FakeMember const& m, FakeOrganisation const& org) {
    if (m.granted) return true;
    for (auto const& [d, place] : m.in)
        if (d == org.root || org.depts.contains(d)) return true;
    return false;
}

bool samePerson(MemberState const& stored, FakeMember const& m) {
    Value const& was = stored.fields.at("unionId");
    return was == "?" || was.empty() || !m.unionId || *m.unionId == was;
}

/** After a sync that read everything and held nothing: here is what upstream is. */
Mirrored expected(FakeOrganisation const& org, State const& before) {
    Mirrored out;
    for (auto const& [id, d] : org.depts) {
        auto const was = before.up.depts.find(id);
        std::map<std::string, Value> const* old = was == before.up.depts.end() ? nullptr : &was->second;
        Value parent = valueOf(d.parent);
        if (parent == "?" && old == nullptr) parent = org.root;
        parent = kept(parent, old, "parentId");
        out.depts[id]["parentId"] = org.depts.contains(parent) ? parent : org.root;
        out.depts[id]["name"] = kept(valueOf(d.name), old, "name");
        out.depts[id]["order"] = std::to_string(d.order);
        if (d.parent)
            for (std::size_t i = 0; i < d.leaders.size(); ++i)
                out.leaders[{id, d.leaders[i], 1}] = std::to_string(i);
        else
            for (auto const& [k, rank] : before.up.leaders)
                if (std::get<0>(k) == id && std::get<2>(k) == 1) out.leaders[k] = rank;
    }
    out.depts[org.root] = {{"parentId", ""}, {"name", org.corpName}, {"order", "0"}};
    for (auto const& [id, m] : before.up.members) {  // the dead are kept
        MemberState& x = out.members[id];
        x = m;
        x.active = false;
    }
    for (auto const& [id, m] : org.members) {
        if (!visible(m, org)) continue;
        auto const was = before.up.members.find(id);
        std::map<std::string, Value> const* old =
            was == before.up.members.end() ? nullptr : &was->second.fields;
        if (old != nullptr && !samePerson(was->second, m))
            old = nullptr;  // somebody else: nothing of theirs is kept
        MemberState x;
        x.fields["nick"] = kept(valueOf(m.nick), old, "nick");
        x.fields["phone"] = kept(valueOf(m.phone), old, "phone");
        x.fields["email"] = kept(valueOf(m.email), old, "email");
        x.fields["unionId"] = kept(valueOf(m.unionId), old, "unionId");
        x.fields["thirdUserId"] = id;
        out.members[id] = x;
        for (auto const& [d, place] : m.in) {
            if (d != org.root && !org.depts.contains(d)) continue;
            out.memberships[{d, id}] = {std::to_string(place.order), place.primary ? "1" : "0"};
            if (place.leads) out.leaders[{d, id, 2}] = "?";
        }
        bool admin = before.up.admins.contains(id);
        if (org.admins)
            admin = org.admins->contains(id);
        else if (m.admin)
            admin = *m.admin;
        if (admin) out.admins.insert(id);
    }
    out.groups.insert(org.roleGroups.begin(), org.roleGroups.end());
    for (auto const& [id, r] : org.roles) out.roles[id] = r;
    for (auto const& [role, people] : org.roleMembers)
        for (std::string const& id : people) {
            if (!org.roles.contains(role) || !out.members.contains(id) || !out.members[id].active) continue;
            auto const l = before.local.members.find(id);
            bool const ownedHere = l != before.local.members.end() && l->second.at("rolesLocal") == "1";
            auto const was = before.up.members.find(id);
            bool const other = was != before.up.members.end() && !samePerson(was->second, org.members.at(id));
            if (!ownedHere || other) out.roleMembers.insert({role, id});
        }
    return out;
}

std::string topLevel(Mirrored const& m, std::string id, std::string const& root) {
    if (id == root) return "";
    for (std::size_t steps = 0; steps <= m.depts.size(); ++steps) {
        auto const it = m.depts.find(id);
        if (it == m.depts.end()) return id;
        Value const& parent = it->second.at("parentId");
        if (parent == root || parent.empty()) return id;
        id = parent;
    }
    return id;
}

bool tooMany(std::size_t n, std::size_t of) {
    return (n > 10 && static_cast<double>(n) > 0.05 * static_cast<double>(of)) || (n >= 2 && n * 3 > of);
}

/** Who was held by the last syncs, where and of how many. */
using HeldOf = std::map<std::pair<std::string, std::string>,
                        std::map<std::string, std::size_t>>;  // (kind, id): where -> total

std::size_t atFirst(HeldOf const& held, std::string const& kind, std::string const& where,
                    std::set<std::string> const& ids, std::size_t now) {
    for (std::string const& id : ids)
        if (auto const it = held.find({kind, id}); it != held.end())
            if (auto const w = it->second.find(where); w != it->second.end()) now = std::min(now, w->second);
    return now;
}

/** Whether a sync that read everything has to hold something (no approval given). */
bool mustHold(FakeOrganisation const& org, State const& before, HeldOf const& held) {
    std::set<std::string> leavers;
    std::size_t active = 0;
    for (auto const& [id, m] : before.up.members) {
        auto const now = org.members.find(id);
        bool const there = now != org.members.end() && visible(now->second, org);
        if (there && !samePerson(m, now->second)) return true;
        if (!m.active) continue;
        ++active;
        if (!there) leavers.insert(id);
    }
    if (tooMany(leavers.size(), atFirst(held, "member", "", leavers, active))) return true;
    std::map<std::string, std::set<std::string>> peopleOf;
    for (auto const& [k, v] : before.up.memberships)
        peopleOf[topLevel(before.up, k.first, org.root)].insert(k.second);
    for (auto const& [top, people] : peopleOf) {
        std::set<std::string> going;
        for (std::string const& id : people)
            if (leavers.contains(id)) going.insert(id);
        if (!top.empty() && going.size() >= 5 &&
            going.size() >= atFirst(held, "member", top, going, people.size()))
            return true;
    }

    std::set<std::string> gone;
    std::map<std::string, std::pair<std::set<std::string>, std::size_t>>
        below;  // of top-level departments: gone, all
    for (auto const& [id, d] : before.up.depts) {
        if (id == org.root) continue;
        auto& [lost, all] = below[topLevel(before.up, id, org.root)];
        ++all;
        if (org.depts.contains(id)) continue;
        gone.insert(id);
        lost.insert(id);
    }
    if (tooMany(gone.size(), atFirst(held, "dept", "", gone,
                                     before.up.depts.size() - (before.up.depts.contains(org.root) ? 1 : 0))))
        return true;
    for (auto const& [top, count] : below)
        if (count.first.size() >= 5 &&
            count.first.size() >= atFirst(held, "dept", top, count.first, count.second))
            return true;

    bool had = false;
    for (auto const& [id, origins] : before.admins) {
        auto const m = before.up.members.find(id);
        if (m != before.up.members.end() && m->second.active &&
            before.local.members.at(id).at("localStatus") != "2")
            had = true;
    }
    if (!had) return false;
    Mirrored const after = expected(org, before);
    for (auto const& [id, m] : after.members) {
        if (!m.active) continue;
        auto const l = before.local.members.find(id);
        auto const was = before.up.members.find(id);
        bool const returns = was != before.up.members.end() && !was->second.active;
        bool const offline =
            l != before.local.members.end() && l->second.at("localStatus") == "2" && !returns;
        if (offline) continue;
        if (after.admins.contains(id)) return false;
        if (before.admins.contains(id) && before.admins.at(id).contains(std::string(kOriginLocal)))
            return false;
    }
    return true;
}

/** Success with nothing in it where there was something, and no count of the platform's own to say so. */
bool doubtful(FakeOrganisation const& org, FakePull const& how, State const& before, bool removalsAllowed) {
    std::size_t hadDepts = 0;
    for (auto const& [id, d] : before.up.depts) hadDepts += id == org.root ? 0 : 1;
    bool const noTree = how.empty.contains({ListingKind::departments, ""}) || org.depts.empty();
    if (noTree && hadDepts > 0 && !removalsAllowed) return true;
    std::map<Listing, std::set<std::string>> in;  // whom each list would show
    std::map<Listing, std::set<std::string>> had;
    std::set<std::string> listed{org.root};
    for (auto const& [d, x] : org.depts) listed.insert(d);
    for (std::string const& d : listed)
        for (Listing const& l : listsOf(org, how, d)) {
            in[l];
            for (auto const& [id, m] : org.members)
                if (m.in.contains(d)) in[l].insert(id);
        }
    for (std::string const& d : listed) {
        std::vector<Listing> const lists = listsOf(org, how, d);
        if (std::any_of(lists.begin(), lists.end(), [&](Listing const& l) {
                return !in[l].empty() && !how.empty.contains(l) && !how.missing.contains(l) &&
                       !how.incomplete.contains(l) && !how.garbage.contains(l);
            }))
            continue;  // shown whole by one of them
        for (Listing const& l : lists)
            for (auto const& [k, v] : before.up.memberships)
                if (k.first == d) had[l].insert(k.second);
    }
    std::set<std::string> shown;
    for (auto const& [id, m] : org.members)
        if (m.granted) shown.insert(id);
    for (auto const& [l, people] : in)
        if (!how.empty.contains(l) && !how.missing.contains(l)) shown.insert(people.begin(), people.end());
    for (auto const& [l, people] : in) {
        if (how.missing.contains(l) || how.incomplete.contains(l)) continue;
        bool const empty = people.empty() || how.empty.contains(l);
        if (how.counts && empty && !people.empty()) return true;  // the platform counts more than it shows
        if (!empty || how.counts || removalsAllowed) continue;
        // Of one alone the platform is asked.
        bool const alone = had[l].size() == 1;
        if (alone && l.kind != ListingKind::deptMembers) continue;
        for (std::string const& id : had[l])
            if (!shown.contains(id) && (!alone || org.members.contains(id))) return true;
    }
    for (auto const& [role, r] : org.roles) {
        Listing const l{ListingKind::roleMembers, role};
        auto const people = org.roleMembers.find(role);
        bool const empty = people == org.roleMembers.end() || people->second.empty() || how.empty.contains(l);
        if (!empty || how.incomplete.contains(l) || removalsAllowed) continue;
        std::size_t had_ = 0;
        for (auto const& [other, id] : before.up.roleMembers) had_ += other == role ? 1 : 0;
        if (had_ >= 2) return true;
    }
    // No role at all any more, where there were several or several people had one.
    return org.roles.empty() && !removalsAllowed &&
           (before.up.roles.size() >= 2 || before.up.roleMembers.size() >= 2);
}

// ---- a plan as text, without what a cold and a warm one may differ in
// ------------------------------------------------

std::string show(OwnedCell const& c, std::map<std::string, std::string> const& madeUp) {
    if (c.kind() == CellKind::integer) return std::to_string(c.integer());
    if (c.isNull()) return "?";
    auto const it = madeUp.find(c.bytes());
    return it == madeUp.end() ? "'" + c.bytes() + "'" : it->second;
}

std::string describe(SyncPlan const& plan) {
    std::map<std::string, std::string> madeUp;
    for (RowChange const c : plan.changes)
        if (c.table == tablesOf<>().user->name && c.kind == ChangeKind::create)
            madeUp.emplace(c.key.at(0).bytes(), "user#" + std::to_string(madeUp.size()));
    std::string out;
    for (RowChange const c : plan.changes) {
        out += std::string(toString(c.kind)) + " " + c.table;
        for (OwnedCell const& k : c.key) out += "/" + show(k, madeUp);
        for (CellChange const& v : c.cells)
            out += " " + v.column + ":" + show(v.before, madeUp) + ">" + show(v.after, madeUp);
        out += "\n";
    }
    for (Hold const& h : plan.holds) {
        out += "hold " + std::string(toString(h.reason)) + " " + h.where + " of " + std::to_string(h.total) +
               " since " + std::to_string(h.since);
        for (auto const& m : h.memberIds) out += " " + m;
        for (auto const& d : h.deptIds) out += " dept " + d;
        out += "\n";
    }
    out += "digest " + plan.digest.str() + "\n";
    for (auto const& m : plan.outOfScope) out += "out of scope " + m + "\n";
    for (auto const& w : plan.warnings) {
        std::string line = w;  // a new user's id is not the same twice
        for (auto const& [id, name] : madeUp)
            if (std::size_t const at = line.find(id); at != std::string::npos)
                line.replace(at, id.size(), name);
        out += "warning " + line + "\n";
    }
    std::multiset<std::string> faults;
    for (auto const& f : plan.faults) faults.insert(f.place + ": " + f.message);
    for (auto const& f : faults) out += "fault " + f + "\n";
    out += std::string(plan.complete ? "complete" : "incomplete") +
           (plan.scopeChanged ? " other scope" : "") + "\n";
    return out;
}

// ---- one history
// ----------------------------------------------------------------------------------------------------

struct Coverage {
    std::size_t syncs = 0, held = 0, incomplete = 0, whole = 0, disputed = 0, viaJson = 0, approved = 0,
                doubted = 0, partial = 0, resigned = 0, reinstated = 0, others = 0, unchanged = 0,
                outOfScope = 0, refused = 0, collected = 0, subtrees = 0, switched = 0, stale = 0;
};

class History {
public:
    History(std::uint64_t seed, Coverage& coverage, bool tell)
        : rng_(seed), seed_(seed), seen_(coverage), tell_(tell) {}

    void run() {
        bench_ = std::make_unique<MirrorBench>("corps.Demo", CountingStorage(), seed_);
        found();
        for (step_ = 0; step_ < kSyncs; ++step_) step();
        // Whatever went wrong before: without faults, and with every removal allowed, it is as upstream is.
        how_ = FakePull();
        note("the end: no faults, removals allowed");
        SyncOptions all;
        all.allowRemovals = true;
        FakeUpstream up(org_, how_);
        State const before = read();
        SyncReport const r = bench_->sync(up, all);
        require(r.outcome == SyncOutcome::done || r.outcome == SyncOutcome::unchanged,
                [&] { return "the last sync: " + r.toText(); });
        same(expected(org_, before), read().up, "at the end");
        require(bench_->sync(up).outcome == SyncOutcome::unchanged,
                [] { return std::string("one more sync is not empty"); });
        verify();
    }

private:
    std::size_t below(std::size_t n) { return n == 0 ? 0 : static_cast<std::size_t>(rng_() % n); }
    bool chance(unsigned percent) { return rng_() % 100 < percent; }
    template <class Map>
    auto pick(Map& m) {
        return std::next(m.begin(), static_cast<std::ptrdiff_t>(below(m.size())));
    }
    void note(std::string text) {
        if (tell_) std::cerr << "[" << step_ << "] " << text << "\n";
    }
    template <class F>
    void require(bool ok, F&& why) {
        if (!ok)
            throw std::runtime_error("seed " + std::to_string(seed_) + ", sync " + std::to_string(step_) +
                                     ": " + why());
    }
    void same(Mirrored const& wanted, Mirrored const& found, std::string const& when) {
        require(wanted == found, [&] {
            return when + ", what upstream owns is not what upstream shows:\n" +
                   difference(describe(wanted), describe(found));
        });
    }
    State read() { return readState(bench_->store, bench_->name); }
    void verify() {
        VerifyReport const v = bench_->engine->verify();
        require(v.ok, [&] { return "verify: " + v.problems.front(); });
    }

    // -- upstream

    std::string anyDept(bool root = true) {
        std::size_t const n = below(org_.depts.size() + (root ? 1 : 0));
        if (n >= org_.depts.size()) return org_.root;
        return std::next(org_.depts.begin(), static_cast<std::ptrdiff_t>(n))->first;
    }
    FakePlace place() {
        FakePlace p;
        p.leads = flags_ && chance(15);
        p.order = static_cast<std::int64_t>(below(4));
        p.primary = chance(80);
        return p;
    }
    void join() {
        std::string id;
        for (int i = 0; i < 8; ++i) {
            id = "p" + std::to_string(below(34));
            if (!org_.members.contains(id)) break;
        }
        if (org_.members.contains(id) || org_.members.size() >= 25) return;
        FakeMember m;
        m.nick = "n" + std::to_string(below(6));
        // Mostly the same person as the last time; sometimes the id goes to somebody else.
        bool const same = unions_.contains(id) && !chance(15);
        if (unionIds_) m.unionId = same ? unions_[id] : "u" + std::to_string(nextUnion_++);
        if (m.unionId) unions_[id] = *m.unionId;
        if (chance(50)) m.phone = "+86" + std::to_string(below(5));
        if (chance(30)) m.email = "e" + std::to_string(below(5));
        if (adminsBy_ == 1) m.admin = chance(15);
        for (std::size_t i = chance(30) ? 2 : 1; i > 0; --i) m.in[anyDept()] = place();
        if (chance(4)) {
            m.granted = true;
            if (chance(50)) m.in.clear();
        }
        note("joins " + id + " in " + std::to_string(m.in.size()));
        org_.members[id] = std::move(m);
    }
    void found() {
        flags_ = chance(60);
        adminsBy_ = below(3);
        unionIds_ = chance(80);
        counts_ = chance(30);
        scopes_ = chance(25);
        hidesUnions_ = chance(15);
        strategy_ = below(5) / 2;
        detailed_ = chance(20);
        for (std::size_t i = 2 + below(11); i > 0; --i) newDept();
        for (std::size_t i = below(26); i > 0; --i) join();
        for (std::size_t i = below(4); i > 0; --i) change(10);
        if (adminsBy_ == 2) org_.admins.emplace();
        for (std::size_t i = below(3); i > 0; --i) change(13);
    }
    void newDept() {
        std::string const id = "d" + std::to_string(below(16));
        if (org_.depts.contains(id) || org_.depts.size() >= 12) return;
        std::string const parent = anyDept();
        FakeDept& d = org_.depts[id];
        d.parent = parent;
        d.name = "D" + std::to_string(below(5));
        d.order = static_cast<std::int64_t>(below(3));
        note("department " + id + " under " + parent);
    }
    [[nodiscard]] bool standsBelow(std::string at, std::string const& above) const {
        for (std::size_t steps = 0; steps <= org_.depts.size(); ++steps) {
            if (at == above) return true;
            auto const it = org_.depts.find(at);
            if (it == org_.depts.end()) return false;
            at = *it->second.parent;
        }
        return true;
    }
    void dropDept(std::string const& id) {
        std::string const parent = *org_.depts[id].parent;
        bool const withPeople = chance(30);
        note("department " + id + " goes" + (withPeople ? " with its people" : ""));
        for (auto it = org_.members.begin(); it != org_.members.end();) {
            FakeMember& m = it->second;
            if (m.in.erase(id) > 0 && m.in.empty() && !m.granted) {
                if (withPeople) {
                    it = org_.members.erase(it);
                    continue;
                }
                m.in[parent] = place();
            }
            ++it;
        }
        for (auto& [child, d] : org_.depts)
            if (*d.parent == id) d.parent = parent;
        org_.depts.erase(id);
    }
    void change(std::size_t what) {
        switch (what) {
            case 0:
            case 1:
            case 2: join(); return;
            case 3:
                if (org_.members.empty()) return;
                {
                    auto const it = pick(org_.members);
                    note("leaves " + it->first);
                    org_.members.erase(it);
                }
                return;
            case 4:
                if (org_.members.empty()) return;
                {
                    auto const it = pick(org_.members);
                    std::string const d = anyDept();
                    note("moves " + it->first + " to " + d);
                    if (chance(60)) it->second.in.clear();
                    it->second.in[d] = place();
                }
                return;
            case 5:
                if (org_.members.empty()) return;
                {
                    auto const it = pick(org_.members);
                    FakeMember& m = it->second;
                    note("changes " + it->first);
                    switch (below(6)) {
                        case 0: m.nick = "n" + std::to_string(below(6)); break;
                        case 1:
                            m.phone = chance(30) ? std::string() : "+86" + std::to_string(below(5));
                            break;
                        case 2:
                            m.email = chance(30) ? std::nullopt
                                                 : std::optional<std::string>("e" + std::to_string(below(5)));
                            break;
                        case 3: m.phone.reset(); break;
                        case 4: m.noise = std::to_string(rng_() % 1000); break;
                        case 5:
                            if (adminsBy_ == 1)
                                m.admin = chance(20) ? std::nullopt : std::optional<bool>(chance(40));
                            break;
                        default: break;
                    }
                }
                return;
            case 6:
                if (!org_.members.empty()) {
                    auto const it = pick(org_.members);
                    for (auto& [d, p] : it->second.in) p = place();
                    note("reorders " + it->first);
                }
                if (!org_.depts.empty()) pick(org_.depts)->second.order = static_cast<std::int64_t>(below(3));
                return;
            case 7: newDept(); return;
            case 8:
                if (!org_.depts.empty()) dropDept(pick(org_.depts)->first);
                return;
            case 9:
                if (!org_.depts.empty()) {
                    auto const it = pick(org_.depts);
                    std::string const to = anyDept();
                    if (standsBelow(to, it->first)) return;
                    note("department " + it->first + " moves under " + to);
                    it->second.parent = to;
                    if (chance(40)) it->second.name = "D" + std::to_string(below(5));
                }
                return;
            case 10:
                if (!org_.depts.empty() && !org_.members.empty()) {
                    auto const it = pick(org_.depts);
                    std::vector<std::string> leaders;
                    for (std::size_t i = below(3); i > 0; --i) {
                        std::string const id = pick(org_.members)->first;
                        if (std::find(leaders.begin(), leaders.end(), id) == leaders.end())
                            leaders.push_back(id);
                    }
                    it->second.leaders = leaders;
                    note("leaders of " + it->first);
                }
                return;
            case 11:
                if (org_.depts.size() >= 2) {
                    auto const a = pick(org_.depts);
                    auto const b = pick(org_.depts);
                    std::swap(a->second.name, b->second.name);
                    note("names of " + a->first + " and " + b->first + " swap");
                }
                return;
            case 12: {  // two departments swap places in the tree: parent and child
                for (auto& [id, d] : org_.depts) {
                    auto const up = org_.depts.find(*d.parent);
                    if (up == org_.depts.end() || !chance(50)) continue;
                    std::string const grand = *up->second.parent;
                    up->second.parent = id;
                    d.parent = grand;
                    note("departments " + id + " and " + up->first + " change places");
                    return;
                }
                return;
            }
            case 13: {
                std::string const id = "r" + std::to_string(below(4));
                if (chance(20)) {
                    org_.roles.erase(id);
                    org_.roleMembers.erase(id);
                    note("role " + id + " goes");
                    return;
                }
                std::string const group = "g" + std::to_string(below(2));
                org_.roleGroups[group] = "G" + std::to_string(below(3));
                org_.roles[id] = {group, "R" + std::to_string(below(3))};
                for (std::size_t i = below(4); i > 0 && !org_.members.empty(); --i)
                    org_.roleMembers[id].insert(pick(org_.members)->first);
                if (chance(30) && !org_.roleMembers[id].empty())
                    org_.roleMembers[id].erase(pick(org_.roleMembers[id]));
                note("role " + id);
                return;
            }
            case 14:
                if (org_.admins && !org_.members.empty()) {
                    std::string const id = pick(org_.members)->first;
                    if (org_.admins->erase(id) == 0) org_.admins->insert(id);
                    note("administrator " + id);
                }
                return;
            case 15:  // the same person under another id
                if (!org_.members.empty() && unionIds_) {
                    auto const it = pick(org_.members);
                    std::string const id = "p" + std::to_string(below(34));
                    if (org_.members.contains(id) || unions_.contains(id)) return;
                    FakeMember m = it->second;
                    if (!m.unionId) return;
                    note(it->first + " is now called " + id);
                    unions_[id] = *m.unionId;
                    unions_.erase(it->first);
                    org_.members.erase(it);
                    org_.members[id] = std::move(m);
                }
                return;
            case 16:  // many at once
                if (chance(25))
                    for (std::size_t i = 1 + below(12); i > 0 && !org_.members.empty(); --i) {
                        auto const it = pick(org_.members);
                        note("leaves " + it->first);
                        org_.members.erase(it);
                    }
                return;
            default: return;
        }
    }

    // -- people here

    void editHere() {
        State const now = read();
        RecordTables const& t = tablesOf<>();
        std::int64_t const at = bench_->now();
        CorpRows& rows = bench_->rows;
        if (now.up.members.empty()) return;
        std::string const id = pick(now.up.members)->first;
        Cell const key = Cell::text(id);
        switch (below(9)) {
            case 0:
                rows.edit(at, *t.member, {key}, {{"localStatus", Cell::integer(2)}});
                note("here: offline " + id);
                break;
            case 1:
                rows.edit(at, *t.member, {key}, {{"localStatus", Cell::integer(0)}});
                note("here: reinstated " + id);
                break;
            case 2:
                rows.edit(at, *t.member, {key}, {{"signature", Cell::text("s" + std::to_string(step_))}});
                break;
            case 3: {
                note("here: roles of " + id);
                std::set<std::pair<std::string, std::string>> had;
                for (auto const& [r, m] : now.up.roleMembers)
                    if (m == id)
                        rows.take(at, *t.roleMember, {Cell::text(r), key, Cell::text(kOriginUpstream)});
                rows.edit(at, *t.role, {Cell::text("own")},
                          {{"name", Cell::text("Own")}, {"origin", Cell::text(kOriginLocal)}});
                rows.edit(at, *t.roleMember, {Cell::text("own"), key, Cell::text(kOriginLocal)});
                rows.edit(at, *t.member, {key}, {{"rolesLocal", Cell::integer(1)}});
                break;
            }
            case 4:
                rows.edit(at, *t.member, {key}, {{"rolesLocal", Cell::integer(0)}});
                note("here: roles of " + id + " released");
                break;
            case 5:
                rows.edit(at, *t.admin, {key, Cell::text(kOriginLocal)});
                note("here: administrator " + id);
                break;
            case 6: rows.take(at, *t.admin, {key, Cell::text(kOriginLocal)}); break;
            case 7:
                if (!now.up.roles.empty()) {
                    std::string const role = pick(now.up.roles)->first;
                    rows.edit(at, *t.roleMember, {Cell::text(role), key, Cell::text(kOriginLocal)});
                    rows.edit(at, *t.deptLimit, {Cell::text(role), key, Cell::text(anyDept())});
                }
                break;
            case 8:
                rows.edit(at, *t.member, {key},
                          {{"extendConf", Cell::text("{\"k\":" + std::to_string(step_) + "}")}});
                break;
            default: break;
        }
    }

    // -- one sync

    Listing anyMembersListing() {
        std::vector<Listing> const lists = listsOf(org_, how_, anyDept());
        return lists[below(lists.size())];
    }
    /** The departments whose members come in one list with all below them; another choice each time. */
    std::set<std::string> chooseSubtrees() {
        std::set<std::string> out;
        if (strategy_ == 0 || (strategy_ == 2 && chance(25))) return out;
        if (strategy_ == 1 || chance(35)) {
            if (how_.fullScope)
                out.insert(org_.root);
            else
                out.insert(how_.visibleRoots.begin(), how_.visibleRoots.end());
            return out;
        }
        std::set<std::string> const sight = listedDepts();
        for (std::string const& d : sight)
            if (chance(25)) out.insert(d);
        return out;
    }
    [[nodiscard]] bool wholeTrees() const {
        return how_.subtrees.empty() || how_.subtrees == std::set<std::string>{org_.root};
    }

    void choosePull(FakeOrganisation const& older) {
        how_ = FakePull();
        how_.counts = counts_;
        how_.pageSize = 1 + below(5);
        truncated_ = disputed_ = lostTree_ = torn_ = false;
        hidden_.clear();
        if (scopes_) {
            if (partial_ ? chance(30) : chance(12)) partial_ = !partial_;
            if (partial_ && (roots_.empty() || chance(20))) {
                roots_.clear();
                for (std::size_t i = 1 + below(3); i > 0; --i) roots_.push_back(anyDept());
            }
            if (partial_) {
                how_.fullScope = false;
                for (std::string const& r : roots_)
                    if (org_.depts.contains(r)) how_.visibleRoots.push_back(r);
                std::sort(how_.visibleRoots.begin(), how_.visibleRoots.end());
                how_.visibleRoots.erase(std::unique(how_.visibleRoots.begin(), how_.visibleRoots.end()),
                                        how_.visibleRoots.end());
                note("only a part is in sight");
            }
        }
        how_.subtrees = chooseSubtrees();
        how_.namesUnseen = chance(40);
        how_.details = detailed_ && chance(85);
        for (std::string const& top : how_.subtrees) note("below " + top + " in one list");
        if (!chance(45)) return;
        for (std::size_t i = 1 + below(2); i > 0; --i) {
            switch (below(12)) {
                case 0:
                case 1:
                    how_.incomplete[anyMembersListing()] = below(4);
                    truncated_ = true;
                    break;
                case 2: how_.missing.insert(anyMembersListing()); break;
                case 3:
                    how_.empty.insert(anyMembersListing());
                    empties_ = true;
                    break;
                case 4:
                    how_.incomplete[{ListingKind::departments, ""}] = below(6);
                    truncated_ = true;
                    lostTree_ = true;
                    break;
                case 5:
                    how_.missing.insert({ListingKind::departments, ""});
                    lostTree_ = true;
                    break;
                case 6:
                    if (!org_.roles.empty()) {
                        how_.incomplete[{ListingKind::roleMembers, pick(org_.roles)->first}] = below(2);
                        truncated_ = true;
                    } else if (org_.admins) {
                        how_.incomplete[{ListingKind::admins, ""}] = below(2);
                        truncated_ = true;
                    }
                    break;
                case 7: how_.garbage.insert(anyMembersListing()); break;
                case 8:
                    // A change between two pages: in one of their departments a member is shown as before it,
                    // or in both ways.
                    for (auto& [id, m] : org_.members) {
                        if (!chance(30)) continue;
                        FakeMember const was = m;
                        if (chance(70)) m.nick = "n" + std::to_string(below(6));
                        if (chance(50)) m.phone = "+86" + std::to_string(below(5));
                        if (adminsBy_ == 1 && chance(30)) m.admin = chance(50);
                        if (m == was || m.in.empty()) continue;
                        std::string const d = pick(m.in)->first;
                        std::vector<Listing> const lists = listsOf(org_, how_, d);
                        std::string const list = lists[below(lists.size())].id;
                        if (m.in.size() >= 2 && chance(70))
                            how_.older[{list, id}] = was;
                        else
                            how_.twice[{list, id}] = was;
                        if (chance(50)) m.in[d] = place();
                        disputed_ = true;
                        note("disputed in " + d + ": " + id);
                        break;
                    }
                    break;
                case 9:
                    // The tree is read while it changes.
                    for (auto const& [id, d] : older.depts) {
                        auto const now = org_.depts.find(id);
                        if (now == org_.depts.end() || now->second.parent == d.parent ||
                            !org_.depts.contains(*d.parent))
                            continue;
                        how_.olderDepts[id] = d;
                        torn_ = true;
                        note("torn: " + id + " still under " + *d.parent);
                        break;
                    }
                    break;
                case 10:
                    if (chance(30)) hidden_.insert("parent");
                    if (chance(30)) hidden_.insert("name");
                    if (chance(30)) hidden_.insert("nick");
                    if (chance(30)) hidden_.insert("phone");
                    if (chance(30)) hidden_.insert("admin");
                    if (hidesUnions_ && chance(30)) hidden_.insert("union");
                    for (auto const& h : hidden_) note("withheld: " + h);
                    break;
                case 11:
                    if (how_.details && !org_.members.empty())
                        how_.failedDetails.insert(pick(org_.members)->first);
                    for (std::string const& id : how_.failedDetails) note("no details of " + id);
                    break;
                default: break;
            }
        }
        for (auto const& [l, n] : how_.incomplete)
            note("incomplete: " + std::to_string(static_cast<int>(l.kind)) + " " + l.id);
        for (auto const& l : how_.missing)
            note("missing: " + std::to_string(static_cast<int>(l.kind)) + " " + l.id);
        for (auto const& l : how_.empty)
            note("empty: " + std::to_string(static_cast<int>(l.kind)) + " " + l.id);
        for (auto const& l : how_.garbage) note("garbage: " + l.id);
    }

    [[nodiscard]] std::set<std::string> listedDepts() const {
        std::set<std::string> out = sightOf(org_, how_);
        if (how_.fullScope) out.insert(org_.root);
        return out;
    }

    /** Whether a list ended early or was not shown at all. */
    [[nodiscard]] bool cutShort(Listing const& l) const {
        return how_.incomplete.contains(l) || how_.missing.contains(l) || how_.garbage.contains(l) ||
               how_.empty.contains(l);
    }
    /** Whether a list was not read to its end. */
    [[nodiscard]] bool unread(Listing const& l) const {
        return how_.incomplete.contains(l) || how_.missing.contains(l) || how_.garbage.contains(l);
    }

    FakeUpstream upstream(FakePull const& how) {
        FakeUpstream up(shown_, how);
        FakeOrganisation const* org = &org_;
        up.onAbsence = [org, whole = how.fullScope](std::string const& id) {
            if (org->members.contains(id)) return Absence::outOfScope;
            return id.back() == '3' && !whole ? Absence::unknown : Absence::left;
        };
        return up;
    }

    [[nodiscard]] std::unique_ptr<MirrorBench> clone() {
        auto out = std::make_unique<MirrorBench>("corps.Demo", CountingStorage(),
                                                 seed_ ^ static_cast<std::uint64_t>(step_ + 1));
        out->loop.clock->setNow(bench_->loop.clock->now());
        std::vector<TableSchema const*> tables = engineTables();
        for (TableSchema const* t : tablesOf<>().all()) tables.push_back(t);
        bench_->store.read([&](RowAccess& from) {
            out->store.write([&](RowAccess& to) {
                for (TableSchema const* t : tables)
                    from.forEach(*t, 0, {}, [&](std::span<Cell const> row) { to.upsertRow(*t, row); });
            });
        });
        return out;
    }

    bool approvalsStored() {
        bool out = false;
        bench_->store.read([&](RowAccess& rows) {
            for (TableSchema const* t : engineTables())
                if (t->name == "SyncHold")
                    for (std::string const& line : dump(rows, *t, bench_->name))
                        out = out || line.find("'approval'") != std::string::npos;
        });
        return out;
    }

    [[nodiscard]] bool adminsTold() const {
        return adminsBy_ != 1 || std::all_of(org_.members.begin(), org_.members.end(),
                                             [](auto const& m) { return m.second.admin.has_value(); });
    }

    /** Whether the departments, as they are shown, stand under each other in a circle. */
    [[nodiscard]] bool circle() const {
        if (lostTree_ || !how_.fullScope || hidden_.contains("parent")) return false;
        for (auto const& [id, d] : org_.depts) {
            std::string at = id;
            for (std::size_t steps = 0; at != org_.root; ++steps) {
                if (steps > org_.depts.size()) return true;
                auto const older = how_.olderDepts.find(at);
                at = *(older == how_.olderDepts.end() ? org_.depts.at(at) : older->second).parent;
            }
        }
        return false;
    }

    void step() {
        FakeOrganisation const older = org_;
        for (std::size_t i = below(5); i > 0; --i) change(below(17));
        for (std::size_t i = step_ > 0 && chance(40) ? 1 + below(2) : 0; i > 0; --i) editHere();
        if (chance(8)) {
            note("fingerprints dropped");
            bench_->engine->dropSidecar();
        }
        if (chance(15)) bench_->restart();
        bench_->loop.clock->advance(std::chrono::minutes(1 + below(60 * 24)));
        empties_ = false;
        choosePull(older);
        if (!how_.fullScope || !wholeTrees()) hidden_.erase("parent");  // which part it is could not be told
        shown_ = org_;
        for (auto& [id, d] : shown_.depts) {
            if (hidden_.contains("parent")) {
                d.parent.reset();
                d.leaders.clear();
            }
            if (hidden_.contains("name")) d.name.reset();
        }
        for (auto& [id, m] : shown_.members) {
            if (hidden_.contains("nick")) m.nick.reset();
            if (hidden_.contains("phone")) m.phone.reset();
            if (hidden_.contains("admin")) m.admin.reset();
            if (hidden_.contains("union")) m.unionId.reset();
        }

        SyncOptions options;
        if (chance(5)) options.allowRemovals = true;
        if (!lastDigest_.empty() && chance(40)) {
            ++seen_.approved;
            note("approved " + lastDigest_.str());
            if (chance(50))
                bench_->engine->approve(lastDigest_);
            else
                options.approve = lastDigest_;
        }
        bool const approving = !options.approve.empty() || approvalsStored();
        lastDigest_ = RemovalDigest();

        State const before = read();
        FakeUpstream up = upstream(how_);
        WriteCount const count = bench_->counting.count();

        // A tree that is none is refused, the same with and without fingerprints.
        std::string warm;
        std::optional<SyncPlan> plan;
        try {
            plan = bench_->plan(up, options);
            warm = describe(*plan);
        } catch (Error const& e) {
            if (!e.is(Errc::brokenSnapshot)) throw;
            warm = std::string("refused: ") + e.what();
        }
        SyncOptions coldOptions = options;
        coldOptions.useSidecar = false;
        std::string cold;
        try {
            cold = describe(bench_->plan(up, coldOptions));
        } catch (Error const& e) {
            if (!e.is(Errc::brokenSnapshot)) throw;
            cold = std::string("refused: ") + e.what();
        }
        require(warm == cold, [&] {
            return "with and without fingerprints the plans differ\n" + difference(cold + "\n", warm + "\n");
        });
        if (!truncated_) {
            FakePull mixed = how_;
            mixed.shuffle = rng_();
            mixed.duplicatePercent = counts_ ? 0 : 10;
            FakeUpstream other = upstream(mixed);
            std::string shuffled;
            try {
                shuffled = describe(bench_->plan(other, options));
            } catch (Error const& e) {
                if (!e.is(Errc::brokenSnapshot)) throw;
                shuffled = std::string("refused: ") + e.what();
            }
            require(warm == shuffled, [&] {
                return "the order of pages makes a difference\n" + difference(warm + "\n", shuffled + "\n");
            });
        }
        require(bench_->counting.count().upserts == count.upserts &&
                    bench_->counting.count().erases == count.erases,
                [] { return std::string("planning writes"); });
        if (plan && how_.fullScope && !disputed_ && !torn_ && hidden_.empty() &&
            how_.empty.empty() &&  // data cannot ask the platform of whom an empty list does not show
            (adminsBy_ != 1 || (adminsTold() && plan->complete)) && chance(20)) {
            // The same from data that was collected first; its faults are told in other words.
            CorpData const data = bench_->loop.run(bench_->engine->collect(up, PullOptions()));
            SyncPlan collected = bench_->engine->plan(data, options);
            collected.faults = plan->faults;
            std::string const text = describe(collected);
            require(text == warm,
                    [&] { return "collected data gives another plan\n" + difference(warm, text); });
            ++seen_.collected;
        }
        if (torn_ && circle())
            require(!plan.has_value(), [] { return std::string("a circle of departments is accepted"); });
        if (!plan) {
            ++seen_.refused;
            require(torn_, [&] { return warm; });
            return;
        }
        if (tell_) std::cerr << warm;

        bool const viaJson = chance(15);
        SyncReport report;
        if (viaJson) {
            ++seen_.viaJson;
            std::unique_ptr<MirrorBench> const direct = clone();
            SyncPlan copy = *plan;
            direct->engine->apply(copy, options, "sync");
            report = bench_->engine->apply(SyncPlan::fromJson(plan->toJson()), options, "sync");
            std::vector<std::string> const a = dumpAll(direct->store, "corps.Demo");
            std::vector<std::string> const b = dumpAll(bench_->store, "corps.Demo");
            require(a == b, [] { return std::string("a plan read back from JSON does something else"); });
            note("applied from JSON");
        } else {
            if (chance(25)) {  // the same pull in another order
                FakePull mixed = how_;
                if (!truncated_) {
                    mixed.shuffle = rng_();
                    mixed.duplicatePercent = counts_ ? 0 : 10;
                }
                FakeUpstream other = upstream(mixed);
                report = bench_->sync(other, options);
            } else {
                report = bench_->sync(up, options);
            }
        }
        State const after = read();
        ++seen_.syncs;
        seen_.held += plan->holds.empty() ? 0 : 1;
        seen_.incomplete += plan->complete ? 0 : 1;
        seen_.disputed += disputed_ ? 1 : 0;
        seen_.reinstated += report.reinstated;
        seen_.unchanged += report.outcome == SyncOutcome::unchanged ? 1 : 0;
        seen_.partial += how_.fullScope ? 0 : 1;
        seen_.outOfScope += plan->outOfScope.size();
        seen_.subtrees += how_.subtrees.empty() ? 0 : 1;
        seen_.stale += plan->stale.size();
        require(plan->stale == std::vector<std::string>(how_.failedDetails.begin(), how_.failedDetails.end()),
                [] { return std::string("other people are called stale"); });
        verify();
        checkRemovals(before, after);
        checkLocal(before, after);
        checkUsers(after);

        bool const allowed = options.allowRemovals;
        if (how_.fullScope) {
            bool const doubt = doubtful(shown_, how_, before, allowed);
            seen_.doubted += doubt ? 1 : 0;
            bool unread = lostTree_ || !how_.failedDetails.empty();
            for (std::string const& d : listedDepts()) {
                bool read = false;  // one list that shows a department whole is enough
                for (Listing const& l : listsOf(org_, how_, d)) {
                    bool const missing = how_.missing.contains(l);
                    bool const broken = how_.incomplete.contains(l) || how_.garbage.contains(l);
                    unread = unread || (broken && !missing);
                    read = read || (!broken && !missing);
                }
                unread = unread || !read;
            }
            for (auto const& [l, n] : how_.incomplete)
                unread = unread || l.kind == ListingKind::admins || l.kind == ListingKind::roleMembers;
            require((torn_ && !wholeTrees()) || plan->complete == !(doubt || unread), [&] {
                return std::string("the plan is called ") + (plan->complete ? "complete" : "incomplete") +
                       ", doubt " + std::to_string(doubt) + ", unread " + std::to_string(unread);
            });
            bool const whole = plan->complete && !disputed_ && !empties_ && !torn_;
            if (whole && !approving && !allowed && !unsure_)
                require(plan->holds.empty() != mustHold(shown_, before, heldOf_), [&] {
                    return plan->holds.empty() ? std::string("nothing is held that should be")
                                               : "held for no reason\n" + warm;
                });
            if (whole && plan->holds.empty()) {
                ++seen_.whole;
                same(expected(shown_, before), after.up, "after a whole sync");
            } else if (whole) {
                checkRest(before, after, *plan);
            }
        }
        if (!plan->holds.empty()) lastDigest_ = plan->digest;
        remember(*plan, after);

        // Again at once: nothing to do and nothing written.
        if (disputed_) return;
        SyncOptions again;
        if (allowed) again.allowRemovals = true;
        if (allowed || !approving) {
            FakeUpstream same = upstream(how_);
            SyncPlan const second = bench_->plan(same, again);
            require(second.empty(),
                    [&] { return "a second sync at once is not empty\n" + describe(second); });
            SyncReport const r = bench_->sync(same, again);
            require(r.syncId.empty(), [] { return std::string("a second sync at once is recorded"); });
            if (!viaJson && report.stats.units == second.stats.units) {
                SyncReport const third = bench_->sync(same, again);
                WriteCount const settled = bench_->counting.count();
                bench_->sync(same, again);
                require(bench_->counting.count().upserts == settled.upserts &&
                            bench_->counting.count().erases == settled.erases,
                        [] { return std::string("a sync that changes nothing writes"); });
                static_cast<void>(third);
            }
            bool const faultless = how_.incomplete.empty() && how_.missing.empty() && how_.empty.empty() &&
                                   how_.garbage.empty() && !torn_ && !allowed &&
                                   (how_.fullScope || !how_.namesUnseen) && plan->complete &&
                                   plan->holds.empty();
            if (strategy_ == 2 && faultless) {  // the same, read in another way
                FakePull const was = how_;
                how_.subtrees = chooseSubtrees();
                ++seen_.switched;
                FakeUpstream other = upstream(how_);
                SyncReport const r2 = bench_->sync(other, again);
                require(r2.syncId.empty(),
                        [&] { return "another way to list the members makes a difference\n" + r2.toText(); });
                verify();
                if (chance(50)) bench_->sync(same, again);
                how_ = was;
            }
        }
    }

    // -- what must be true

    /** Keeps of how many somebody was held first, until they are back or gone. */
    void remember(SyncPlan const& plan, State const& after) {
        HeldOf now;
        for (Hold const& h : plan.holds) {
            if (h.reason != HoldReason::tooMany && h.reason != HoldReason::tooLargeShare &&
                h.reason != HoldReason::wholeDepartment)
                continue;
            auto put = [&](std::string const& kind, std::string const& id) {
                now[{kind, id}].emplace(h.where, static_cast<std::size_t>(h.total));
            };
            for (std::string const& m : h.memberIds) put("member", m);
            for (std::string const& d : h.deptIds) put("dept", d);
        }
        bool const whole = plan.complete && how_.fullScope;
        if (whole) unsure_ = false;
        for (auto const& [key, where] : heldOf_) {
            auto const& [kind, id] = key;
            if (whole || now.contains(key)) continue;
            bool const member = kind == "member";
            if (member ? !after.up.members.at(id).active : !after.up.depts.contains(id)) continue;
            // Not proven gone: still open. Whether they were seen is not worked out here.
            if (member ? org_.members.contains(id) : org_.depts.contains(id))
                unsure_ = true;
            else
                now.emplace(key, where);
        }
        heldOf_ = std::move(now);
    }

    /** Nobody resigns without proof, and nothing goes from a list that was not read to its end. */
    void checkRemovals(State const& before, State const& after) {
        bool allRead = !lostTree_;
        for (std::string const& d : listedDepts()) {
            bool mentioned = false;
            for (Listing const& l : listsOf(org_, how_, d)) {
                if (how_.missing.contains(l)) continue;  // another one may show it whole
                mentioned = true;
                allRead = allRead && !cutShort(l);
            }
            allRead = allRead && mentioned;
        }
        std::set<std::string> const sight = listedDepts();
        for (auto const& [id, m] : before.up.members) {
            auto const now = after.up.members.find(id);
            require(now != after.up.members.end(), [&] { return "member " + id + " is gone altogether"; });
            if (!m.active || now->second.active) continue;
            ++seen_.resigned;
            auto const there = org_.members.find(id);
            bool shown = there != org_.members.end() && visible(there->second, org_) && how_.fullScope;
            if (!how_.fullScope) shown = there != org_.members.end();
            bool const emptied = !how_.empty.empty();
            require(!shown || emptied, [&] { return "member " + id + " resigned though upstream has them"; });
            require(allRead || emptied,
                    [&] { return "member " + id + " resigned though a list was not read to its end"; });
        }
        for (auto const& [k, v] : before.up.memberships) {
            if (after.up.memberships.contains(k)) continue;
            auto const& [d, id] = k;
            bool const deptGone = !after.up.depts.contains(d);
            bool const resigned = !after.up.members.at(id).active;
            if (deptGone || resigned) continue;
            std::vector<Listing> const lists = listsOf(org_, how_, d);
            bool const read =
                std::any_of(lists.begin(), lists.end(), [this](auto const& l) { return !unread(l); });
            require(read || (torn_ && !wholeTrees()), [&] {
                return "membership " + d + "/" + id + " went, though no list of it was read to its end";
            });
            require(how_.fullScope || sight.contains(d),
                    [&] { return "membership " + d + "/" + id + " went out of sight and was removed"; });
        }
        for (auto const& [d, x] : before.up.depts) {
            if (after.up.depts.contains(d)) continue;
            require(!lostTree_ && how_.fullScope,
                    [&] { return "department " + d + " was removed without proof"; });
            require(!org_.depts.contains(d),
                    [&] { return "department " + d + " was removed though upstream has it"; });
        }
        for (auto const& [role, id] : before.up.roleMembers)
            if (!after.up.roleMembers.contains({role, id}) && after.up.members.at(id).active &&
                org_.roles.contains(role))
                require(!how_.incomplete.contains({ListingKind::roleMembers, role}),
                        [&] { return "role " + role + " of " + id + " went without proof"; });
    }

    /** What is owned here stays, but for the mark of those who return and the rows of those who are somebody
     * else now. */
    void checkLocal(State const& before, State const& after) {
        require(before.local.rows == after.local.rows, [] { return std::string("rows made here changed"); });
        for (auto const& [d, x] : before.local.deptNotes)
            if (after.local.deptNotes.contains(d))
                require(after.local.deptNotes.at(d) == x, [&] { return "extendConf of department " + d; });
        for (auto const& [id, was] : before.local.members) {
            std::map<std::string, Value> const& is = after.local.members.at(id);
            MemberState const& oldUp = before.up.members.at(id);
            MemberState const& newUp = after.up.members.at(id);
            Value const& u = oldUp.fields.at("unionId");
            if (u != "?" && newUp.fields.at("unionId") != u) {
                ++seen_.others;
                continue;
            }
            bool const returned = !oldUp.active && newUp.active;
            for (auto const& [column, value] : was) {
                if (column == "localStatus" && returned && value == "2") {
                    require(is.at(column) == "0", [&] { return "the mark of " + id + ", who returned"; });
                    continue;
                }
                require(is.at(column) == value,
                        [&] { return column + " of " + id + " changed: " + value + " to " + is.at(column); });
            }
        }
    }

    /** One human, one user, for ever. */
    void checkUsers(State const& after) {
        for (auto const& [id, m] : after.up.members) {
            Value const& user = after.local.members.at(id).at("userId");
            Value const& u = m.fields.at("unionId");
            require(user != "?" && !user.empty(), [&] { return "member " + id + " has no user"; });
            std::string const person = u == "?" ? "id " + id : "union " + u;
            auto const [it, fresh] = userOf_.emplace(person, user);
            require(fresh || it->second == user || hidesUnions_,
                    [&] { return person + " has another user than before"; });
            require(!bench_->rows.row(*tablesOf<>().user, {Cell::text(user)}).empty(),
                    [&] { return "user " + user + " does not exist"; });
        }
    }

    /** With something held, everything else is applied. */
    void checkRest(State const& before, State const& after, SyncPlan const& plan) {
        std::set<std::string> heldMembers;
        std::set<std::string> heldDepts;
        for (Hold const& h : plan.holds) {
            // Of the last administrator who stays, only the right is held.
            for (std::string const& id : h.memberIds)
                if (h.reason != HoldReason::lastAdmin || !org_.members.contains(id) ||
                    !visible(org_.members.at(id), org_))
                    heldMembers.insert(id);
            heldDepts.insert(h.deptIds.begin(), h.deptIds.end());
        }
        Mirrored const wanted = expected(shown_, before);
        for (auto const& [id, m] : wanted.members) {
            if (heldMembers.contains(id)) {
                // Only the removal is held, and a profile only where somebody else has come.
                require(after.up.members.at(id).active == before.up.members.at(id).active,
                        [&] { return "held member " + id + " changed status"; });
                continue;
            }
            require(after.up.members.at(id) == m, [&] {
                return "member " + id + " is not as upstream shows them, though nothing of theirs is held";
            });
        }
        for (auto const& [k, v] : wanted.memberships)
            if (!heldMembers.contains(k.second))
                require(after.up.memberships.contains(k) && after.up.memberships.at(k) == v,
                        [&] { return "membership " + k.first + "/" + k.second + " is missing"; });
        for (auto const& [k, v] : after.up.memberships)
            if (!heldMembers.contains(k.second) && !heldDepts.contains(k.first))
                require(wanted.memberships.contains(k),
                        [&] { return "membership " + k.first + "/" + k.second + " is still here"; });
        for (auto const& [id, d] : wanted.depts) {
            require(after.up.depts.contains(id), [&] { return "department " + id + " is missing"; });
            require(after.up.depts.at(id).at("name") == d.at("name"),
                    [&] { return "name of department " + id; });
        }
        for (auto const& [id, d] : after.up.depts)
            require(wanted.depts.contains(id) || heldDepts.contains(id),
                    [&] { return "department " + id + " is still here"; });
        for (auto const& [id, m] : before.up.members)
            if (heldMembers.contains(id) && m.active)
                for (auto const& [k, v] : before.up.memberships)
                    if (k.second == id)
                        require(after.up.memberships.contains(k), [&] {
                            return "membership " + k.first + "/" + id + " of a held member went";
                        });
    }

    std::mt19937_64 rng_;
    std::uint64_t seed_;
    Coverage& seen_;
    bool tell_;
    int step_ = -1;
    std::unique_ptr<MirrorBench> bench_;
    FakeOrganisation org_;
    FakePull how_;
    std::map<std::string, std::string> unions_;  // whose id it is
    std::map<std::string, std::string> userOf_;
    std::size_t nextUnion_ = 1;
    bool flags_ = false;
    std::size_t adminsBy_ = 0;  // nobody tells, their records, a list
    bool unionIds_ = true;
    bool counts_ = false;
    bool scopes_ = false;
    bool partial_ = false;
    std::size_t strategy_ = 0;  // members by department, by subtree, in another way each time
    bool detailed_ = false;
    std::vector<std::string> roots_;
    bool truncated_ = false, disputed_ = false, lostTree_ = false, empties_ = false, torn_ = false,
         hidesUnions_ = false;
    std::set<std::string> hidden_;  // fields that the application may not read
    FakeOrganisation shown_;        // the organisation without them
    RemovalDigest lastDigest_;
    HeldOf heldOf_;
    bool unsure_ = false;  // of how many somebody was held
};

}  // namespace

TEST_CASE("sync: random histories", "[sync][property]") {
    char const* const many = std::getenv("CORPS_HISTORIES");
    char const* const one = std::getenv("CORPS_SEED");
    std::uint64_t const histories = many != nullptr ? std::strtoull(many, nullptr, 10) : 200;
    std::uint64_t const first = one != nullptr ? std::strtoull(one, nullptr, 10) : 1;
    Coverage seen;
    for (std::uint64_t seed = first; seed < first + (one != nullptr ? 1 : histories); ++seed) {
        std::string problem;
        try {
            History(seed, seen, one != nullptr).run();
        } catch (std::exception const& e) {
            problem = e.what();
            if (problem.find("seed") == std::string::npos)
                problem = "seed " + std::to_string(seed) + ": " + problem;
        }
        if (!problem.empty()) FAIL(problem);
    }
    std::ostringstream counted;
    counted << "syncs " << seen.syncs << ", whole " << seen.whole << ", held " << seen.held << ", incomplete "
            << seen.incomplete << ", disputed " << seen.disputed << ", approved " << seen.approved
            << ", doubted " << seen.doubted << ", refused " << seen.refused << ", partial scope "
            << seen.partial << ", out of scope " << seen.outOfScope << ", resigned " << seen.resigned
            << ", reinstated " << seen.reinstated << ", somebody else " << seen.others << ", via JSON "
            << seen.viaJson << ", unchanged " << seen.unchanged << ", from collected data " << seen.collected
            << ", by subtrees " << seen.subtrees << ", in another way at once " << seen.switched << ", stale "
            << seen.stale;
    INFO(counted.str());
    if (many != nullptr) std::cerr << counted.str() << "\n";
    if (one == nullptr && histories >= 200) {  // a history in which nothing happens proves nothing
        CHECK(seen.whole > histories);
        CHECK(seen.held > histories / 2);
        CHECK(seen.incomplete > histories / 2);
        CHECK(seen.disputed > histories / 10);
        CHECK(seen.refused > 2);
        CHECK(seen.approved > 20);
        CHECK(seen.resigned > histories);
        CHECK(seen.reinstated > 20);
        CHECK(seen.others > 5);
        CHECK(seen.viaJson > histories / 2);
        CHECK(seen.outOfScope > 20);
        CHECK(seen.collected > 20);
        CHECK(seen.subtrees > histories);
        CHECK(seen.switched > histories / 4);
        CHECK(seen.stale > 10);
    }
}

}  // namespace property_sync_histories_test
