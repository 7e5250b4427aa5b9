// Faults found in other programs that sync organisations. A test for each that the engine could repeat, named
// after it.
#include "support/fake_organisation.hpp"
#include "support/mirror_bench.hpp"

#include <corps/error/error.hpp>
#include <corps/sync/engine.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sync_graveyard_test {

using namespace corps;
using namespace corps::testsupport;
using Strings = std::set<std::string>;

namespace {

FakeOrganisation people(std::size_t n, std::string const& dept = "a") {
    FakeOrganisation org;
    org.dept(dept);
    for (std::size_t i = 0; i < n; ++i) org.add("m" + std::to_string(i), {dept});
    return org;
}

std::size_t changesOf(SyncPlan const& plan, TableSchema const& t) {
    std::size_t n = 0;
    for (std::size_t i = 0; i < plan.changes.size(); ++i) n += plan.changes.table(i) == t.name ? 1 : 0;
    return n;
}

}  // namespace

TEST_CASE("graveyard 5: nothing is removed below a part of the tree that could not be read",
          "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = people(3);
    org.dept("b", "a");
    org.dept("c", "b");
    org.add("x", {"b"});
    org.add("y", {"c"});
    FakeUpstream up(org);
    bench.sync(up);
    // The walk fails at b: neither it nor c are shown, and their members are not listed.
    FakeOrganisation less = org;
    less.depts.erase("b");
    less.depts.erase("c");
    FakePull how;
    how.incomplete[{ListingKind::departments, ""}] = 1;
    up.show(less, how);
    SyncReport const r = bench.sync(up);
    CHECK(r.outcome == SyncOutcome::incomplete);
    CHECK(r.members.removed == 0);
    CHECK(r.departments.removed == 0);
    CHECK(bench.rows.memberships() == Strings{"a/m0", "a/m1", "a/m2", "b/x", "c/y"});
    CHECK(bench.rows.keys(*tablesOf<>().dept) == Strings{"0", "a", "b", "c"});
}

TEST_CASE("graveyard 6: a person whose details fail keeps what was known of them",
          "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = people(3);
    org.members["m1"].phone = "+861";
    FakeUpstream up(org);
    bench.sync(up);
    FakeOrganisation bare = org;
    bare.members["m1"].phone.reset();
    bare.members["m1"].nick.reset();
    up.show(bare);
    CHECK(bench.sync(up).members.updated == 0);
    CHECK(bench.rows.member("m1")["nick"] == "nick m1");
    CHECK(bench.rows.member("m1")["phone"] == "+861");
    // A record that cannot be decoded at all: reported, and nobody resigns for it.
    FakeOrganisation without = org;
    without.members.erase("m1");
    FakePull how;
    how.garbage = {{ListingKind::deptMembers, "a"}};
    up.show(without, how);
    SyncReport const r = bench.sync(up);
    CHECK(r.outcome == SyncOutcome::incomplete);
    CHECK(r.faults.size() == 1);
    CHECK(bench.rows.status("m1") == "active");
}

TEST_CASE("graveyard 7: members directly under the root are there", "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org;
    org.add("m", {"0"});
    FakeUpstream up(org);
    bench.sync(up);
    CHECK(bench.rows.memberships() == Strings{"0/m"});
}

TEST_CASE("graveyard 8: a tree twelve levels deep is there", "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org;
    std::string parent = "0";
    for (int i = 0; i < 12; ++i) {
        std::string const id = "z" + std::to_string(20 - i);  // children come before their parents
        org.dept(id, parent);
        org.add("m" + std::to_string(i), {id});
        parent = id;
    }
    FakeUpstream up(org);
    bench.sync(up);
    CHECK(bench.rows.keys(*tablesOf<>().dept).size() == 13);
    CHECK(bench.rows.memberships().size() == 12);
    CHECK(bench.engine->verify().ok);
}

TEST_CASE("graveyard 10: a field that was not granted is unknown, an empty one is empty",
          "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = people(2);
    org.members["m0"].phone = "+861";
    org.members["m1"].phone = "+862";
    FakeUpstream up(org);
    bench.sync(up);
    org.members["m0"].phone.reset();
    org.members["m1"].phone = "";
    up.show(org);
    bench.sync(up);
    CHECK(bench.rows.member("m0")["phone"] == "+861");
    CHECK(bench.rows.member("m1").at("phone").empty());
}

TEST_CASE("graveyard 14: somebody new in two departments is one person with two memberships",
          "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = people(2);
    org.dept("b");
    FakeUpstream up(org);
    bench.sync(up);
    org.add("both", {"a", "b"});
    up.show(org);
    SyncReport const r = bench.sync(up);
    CHECK(r.members.created == 1);
    CHECK(r.users.created == 1);
    CHECK(r.memberships.created == 2);
    CHECK(bench.rows.memberships().contains("a/both"));
    CHECK(bench.rows.memberships().contains("b/both"));
}

TEST_CASE("graveyard 15: two people of one name are two people", "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org;
    org.dept("a");
    org.add("x", {"a"}, "Zhang San").phone = "+861";
    org.add("y", {"a"}, "Zhang San").phone = "+861";
    FakeUpstream up(org);
    CHECK(bench.sync(up).members.created == 2);
    CHECK(bench.rows.userId("x") != bench.rows.userId("y"));
}

TEST_CASE("graveyard 16: a department with 40 people, renamed and moved, is one change",
          "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = people(40);
    org.dept("b");
    FakeUpstream up(org);
    bench.sync(up);
    org.depts["a"].name = "renamed";
    org.depts["a"].parent = "b";
    up.show(org);
    SyncPlan const plan = bench.plan(up);
    REQUIRE(plan.changes.size() == 1);
    RowChange const c = plan.changes[0];
    CHECK(c.table == tablesOf<>().dept->name);
    CHECK(c.kind == ChangeKind::update);
    CHECK(c.cells.size() == 2);
    CHECK(bench.engine->apply(plan, SyncOptions(), "sync").departments.updated == 1);
    CHECK(bench.rows.dept("a")["parentId"] == "b");
    CHECK(bench.rows.memberships().size() == 40);
}

TEST_CASE("graveyard 17: two departments that swap their names are two renames",
          "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = people(3);
    org.dept("b");
    FakeUpstream up(org);
    bench.sync(up);
    std::swap(org.depts["a"].name, org.depts["b"].name);
    up.show(org);
    SyncReport const r = bench.sync(up);
    CHECK(r.departments.updated == 2);
    CHECK(r.departments.created + r.departments.removed == 0);
    CHECK(bench.rows.dept("a")["name"] == "dept b");
    CHECK(bench.rows.dept("b")["name"] == "dept a");
}

TEST_CASE("graveyard 18: a department moved under its own child while it was read is refused and named",
          "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = people(3);
    org.dept("b", "a");
    FakeUpstream up(org);
    bench.sync(up);
    std::vector<std::string> const old = dumpAll(bench.store, "corps.Demo", true);
    FakePull torn;
    torn.olderDepts["b"] = org.depts["b"];  // still under a
    org.depts["b"].parent = "0";
    org.depts["a"].parent = "b";  // which is under b by now
    up.show(org, torn);
    std::optional<Error> refused;
    try {
        bench.sync(up);
    } catch (Error const& e) {
        refused = e;
    }
    REQUIRE(refused);
    CHECK(refused->is(Errc::brokenSnapshot));
    CHECK((refused->diagnostics().place == "department a" || refused->diagnostics().place == "department b"));
    CHECK(dumpAll(bench.store, "corps.Demo", true) == old);
    // So is one whose parent was not shown at all, where everything was shown.
    FakeOrganisation orphan = people(3);
    orphan.dept("c", "nowhere");
    up.show(orphan);
    CHECK_THROWS_AS(bench.sync(up), Error);
    CHECK(dumpAll(bench.store, "corps.Demo", true) == old);
    up.show(org);
    CHECK(bench.sync(up).departments.updated == 2);
    CHECK(bench.engine->verify().ok);
}

TEST_CASE("graveyard 19: somebody renamed upstream is the same person", "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = people(4);
    FakeUpstream up(org);
    bench.sync(up);
    std::string const user = bench.rows.userId("m1");
    org.members["new id"] = org.members["m1"];
    org.members.erase("m1");
    up.show(org);
    SyncReport const r = bench.sync(up);
    CHECK(r.users.created == 0);
    CHECK(bench.rows.userId("new id") == user);
    CHECK(bench.rows.status("m1") == "resigned");
}

TEST_CASE("graveyard 20: values that look alike when put side by side differ",
          "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = people(2);
    org.members["m0"].nick = "a|b";
    org.members["m0"].phone = "c";
    org.dept("x|y");
    org.add("z", {"x|y"});
    FakeUpstream up(org);
    bench.sync(up);
    org.members["m0"].nick = "a";
    org.members["m0"].phone = "b|c";
    up.show(org);
    CHECK(bench.sync(up).members.updated == 1);
    CHECK(bench.rows.member("m0")["nick"] == "a");
    CHECK(bench.rows.member("m0")["phone"] == "b|c");
    org.members.erase("z");
    org.dept("x");
    org.depts.erase("x|y");
    org.add("y|z", {"x"});
    up.show(org);
    bench.sync(up);
    CHECK(bench.rows.memberships() == Strings{"a/m0", "a/m1", "x/y|z"});
    CHECK(bench.engine->verify().ok);
    // What verify() sums tells them apart, too.
    bench.store.write([&](RowAccess& rows) {
        TableSchema const& t = *tablesOf<>().member;
        std::vector<Cell> row(t.columns.size());
        row[0] = Cell::text("corps.Demo");
        row[t.find("memberId")] = Cell::text("m0");
        row[t.find("nick")] = Cell::text("b|c");
        row[t.find("phone")] = Cell::text("a");
        rows.upsertRow(t, row);
    });
    CHECK_FALSE(bench.engine->verify().ok);
}

TEST_CASE("graveyard 21: where nothing changed nothing is written or told", "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = people(30);
    FakeUpstream up(org);
    bench.sync(up);
    bench.counting.count() = WriteCount();
    std::size_t const told = bench.loop.log.lines().size();
    CHECK(bench.sync(up).outcome == SyncOutcome::unchanged);
    CHECK(bench.counting.count().transactions == 0);
    std::vector<testing::RecordingLogger::Line> const lines = bench.loop.log.lines();
    CHECK(std::none_of(lines.begin() + static_cast<std::ptrdiff_t>(told), lines.end(),
                       [](auto const& l) { return l.first > LogLevel::debug; }));
}

TEST_CASE("graveyard 22: twice as many people cost twice as much", "[sync][graveyard][coroutine]") {
    struct Cost {
        std::size_t first, same, cold;
    };
    auto measure = [](std::size_t n) {
        MirrorBench bench;
        FakeOrganisation org;
        for (std::size_t d = 0; d < n / 10; ++d) {
            std::string const dept = "d" + std::to_string(d);
            org.dept(dept);
            for (std::size_t m = 0; m < 10; ++m) org.add(dept + "m" + std::to_string(m), {dept});
        }
        FakePull how;
        how.pageSize = 50;
        FakeUpstream up(org, how);
        auto cost = [&](SyncOptions options) {
            bench.counting.count() = WriteCount();
            bench.sync(up, options);
            WriteCount const& c = bench.counting.count();
            return c.scans + c.rowsRead + c.upserts + c.erases;
        };
        Cost out{};
        out.first = cost(SyncOptions());
        out.same = cost(SyncOptions());
        SyncOptions cold;
        cold.useSidecar = false;
        out.cold = cost(cold);
        return out;
    };
    Cost const one = measure(1000);
    Cost const two = measure(2000);
    CHECK(two.first < one.first * 21 / 10);
    CHECK(two.same < one.same * 21 / 10);
    CHECK(two.cold < one.cold * 21 / 10);
    CHECK(two.same < two.cold / 3);  // what is remembered is worth it
}

TEST_CASE("graveyard 23: success with nobody in it removes nobody", "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = people(6);
    org.dept("b");
    org.add("x", {"b"});
    FakeUpstream up(org);
    bench.sync(up);
    FakePull how;
    SECTION("one department") { how.empty = {{ListingKind::deptMembers, "a"}}; }
    SECTION("the departments") { how.empty = {{ListingKind::departments, ""}}; }
    SECTION("everything") { org = FakeOrganisation(); }
    up.show(org, how);
    SyncReport const r = bench.sync(up);
    CHECK(r.code());
    CHECK((r.outcome == SyncOutcome::incomplete || r.outcome == SyncOutcome::held));
    CHECK_FALSE(r.faults.empty());
    CHECK(r.members.removed == 0);
    CHECK(r.departments.removed == 0);
    CHECK(bench.rows.status("m0") == "active");
    CHECK(bench.rows.memberships().size() == 7);
}

TEST_CASE("graveyard 6: the details of one person fail, and what was known of them stays",
          "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = people(3);
    for (auto& [id, m] : org.members) m.in["a"] = {false, 7, true};
    FakePull how;
    how.details = true;
    bool const subtree = GENERATE(false, true);
    if (subtree) how.subtrees = {org.root};
    FakeUpstream up(org, how);
    bench.sync(up);
    auto place = [&](std::string const& id) {
        return bench.rows.row(*tablesOf<>().deptMember, {Cell::text("a"), Cell::text(id)});
    };
    REQUIRE(place("m1").at("order") == "7");

    for (auto& [id, m] : org.members) {
        m.in["a"].order = 9;
        m.nick = "other " + id;
    }
    how.failedDetails = {"m1"};
    up.show(org, how);
    SyncReport r = bench.sync(up);
    CHECK(r.outcome == SyncOutcome::incomplete);
    CHECK(r.stale == std::vector<std::string>{"m1"});
    CHECK(place("m1").at("order") == "7");
    CHECK(place("m1").at("isPrimary") == "1");
    CHECK(place("m0").at("order") == "9");
    CHECK(bench.rows.at(bench.rows.member("m1"), "nick") == "other m1");
    CHECK(bench.rows.status("m1") == "active");
    how.failedDetails.clear();
    up.show(org, how);
    r = bench.sync(up);
    CHECK(r.stale.empty());
    CHECK(place("m1").at("order") == "9");
    CHECK(bench.engine->verify().ok);
}

TEST_CASE("sync: one list of a whole subtree, read in the same or another way, changes nothing",
          "[sync][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org;
    org.dept("a");
    org.dept("b", "a");
    org.dept("c");
    org.add("one", {"a", "b"});
    org.add("two", {"b", "c"});
    org.add("three", {"c"});
    FakePull whole;
    whole.subtrees = {org.root};
    FakeUpstream up(org, whole);
    SyncReport r = bench.sync(up);
    CHECK(r.stats.units < 10);
    CHECK(bench.rows.memberships() == std::set<std::string>{"a/one", "b/one", "b/two", "c/two", "c/three"});
    // Nothing is decoded but departments.
    r = bench.sync(up);
    CHECK(r.outcome == SyncOutcome::unchanged);
    CHECK(r.stats.decoded == 3);
    // The list of the root was refused: its members, and the lists of its children.
    FakePull split;
    split.subtrees = {"a"};
    up.show(org, split);
    CHECK(bench.sync(up).outcome == SyncOutcome::unchanged);
    up.show(org);
    CHECK(bench.sync(up).outcome == SyncOutcome::unchanged);
    up.show(org, whole);
    CHECK(bench.sync(up).outcome == SyncOutcome::unchanged);
    // Out of one department of two, though the list that shows the other one ended early.
    org.members["two"].in.erase("c");
    org.members["one"].in.erase("b");
    up.show(org, split);
    split.incomplete[{ListingKind::subtreeMembers, "a"}] = 0;
    up.show(org, split);
    r = bench.sync(up);
    CHECK(r.outcome == SyncOutcome::incomplete);
    CHECK(bench.rows.memberships() == std::set<std::string>{"a/one", "b/one", "b/two", "c/three"});
    CHECK(r.members.removed == 0);
    up.show(org, whole);
    bench.sync(up);
    CHECK(bench.rows.memberships() == std::set<std::string>{"a/one", "b/two", "c/three"});
    CHECK(bench.engine->verify().ok);
}

TEST_CASE("graveyard 24: who is out of the application's sight has not left",
          "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = people(6);
    org.dept("b");
    org.dept("c", "b");
    for (int i = 0; i < 6; ++i) org.add("b" + std::to_string(i), {i < 3 ? "b" : "c"});
    org.add("r", {"0"});
    FakeUpstream up(org);
    bench.sync(up);
    FakePull narrow;
    narrow.fullScope = false;
    narrow.visibleRoots = {"a"};
    up.show(org, narrow);
    up.onAbsence = [&org](std::string const& id) {
        return org.members.contains(id) ? Absence::outOfScope : Absence::left;
    };
    SyncReport r = bench.sync(up);
    CHECK(r.outcome == SyncOutcome::unchanged);
    CHECK(r.scopeChanged);
    CHECK(r.outOfScope == std::vector<std::string>{"b0", "b1", "b2", "b3", "b4", "b5", "r"});
    CHECK(r.members.removed + r.memberships.removed + r.departments.removed == 0);
    CHECK(bench.rows.memberships().size() == 13);
    CHECK(up.asked.size() == 7);  // one call each, perhaps: not at every sync
    up.asked.clear();
    WriteCount const settled = bench.counting.count();
    CHECK(bench.sync(up).outOfScope.size() == 7);
    CHECK(up.asked.empty());
    CHECK(bench.counting.count().transactions == settled.transactions);
    // In sight somebody leaves, out of sight somebody does, and the platform says so within a day.
    org.members.erase("m0");
    org.members.erase("b0");
    up.show(org, narrow);
    r = bench.sync(up);
    CHECK(up.asked == std::vector<std::string>{"m0"});
    CHECK(r.members.removed == 1);
    CHECK(bench.rows.status("m0") == "resigned");
    CHECK(bench.rows.status("b0") == "active");
    bench.loop.clock->advance(std::chrono::hours(24));
    up.asked.clear();
    r = bench.sync(up);
    CHECK(up.asked.size() == 7);
    CHECK(r.members.removed == 1);
    CHECK(bench.rows.status("b0") == "resigned");
    CHECK(r.outOfScope == std::vector<std::string>{"b1", "b2", "b3", "b4", "b5", "r"});
    CHECK(bench.engine->verify().ok);
    // In another scope it is asked again, and at every sync of whom it could say nothing.
    up.asked.clear();
    narrow.visibleRoots = {"a", "b"};
    up.show(org, narrow);
    auto const knows = up.onAbsence;
    up.onAbsence = [&knows](std::string const& id) { return id == "r" ? Absence::unknown : knows(id); };
    r = bench.sync(up);
    CHECK(up.asked == std::vector<std::string>{"r"});
    up.asked.clear();
    bench.sync(up);
    CHECK(up.asked == std::vector<std::string>{"r"});
    // Wide again: as if nothing had been.
    up.show(org);
    r = bench.sync(up);
    CHECK(r.outcome == SyncOutcome::unchanged);
    CHECK(r.scopeChanged);
    CHECK(r.outOfScope.empty());
    CHECK(bench.sync(up).scopeChanged == false);
}

TEST_CASE("graveyard 25: after somebody left, the second and the third sync succeed",
          "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = people(6);
    FakeUpstream up(org);
    bench.sync(up);
    org.members.erase("m3");
    up.show(org);
    CHECK(bench.sync(up).outcome == SyncOutcome::done);
    CHECK(bench.sync(up).outcome == SyncOutcome::unchanged);
    SyncOptions cold;
    cold.useSidecar = false;
    CHECK(bench.sync(up, cold).outcome == SyncOutcome::unchanged);
}

TEST_CASE("graveyard 26: who returns has the same user and an unbroken history",
          "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation const org = people(6);
    FakeUpstream up(org);
    bench.sync(up);
    std::string const user = bench.rows.userId("m3");
    FakeOrganisation less = org;
    less.members.erase("m3");
    up.show(less);
    bench.sync(up);
    bench.engine->dropSidecar();
    up.show(org);
    bench.sync(up);
    CHECK(bench.rows.userId("m3") == user);
    std::vector<ChangeKind> history;
    for (FeedEntry const& e : bench.engine->changesSince("", 10000))
        if (e.change.table == tablesOf<>().member->name && e.change.key.at(0).bytes() == "m3")
            history.push_back(e.change.kind);
    CHECK(history == std::vector<ChangeKind>{ChangeKind::create, ChangeKind::resign, ChangeKind::reinstate});
}

TEST_CASE("graveyard 27: the last administrator is held, whatever the percentage",
          "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = people(100);
    for (auto& [id, m] : org.members) m.admin = id == "m7";
    FakeUpstream up(org);
    bench.sync(up);
    SECTION("who leaves") { org.members.erase("m7"); }
    SECTION("who loses the right") { org.members["m7"].admin = false; }
    up.show(org);
    SyncReport r = bench.sync(up);
    CHECK(r.outcome == SyncOutcome::held);
    REQUIRE(r.holds.size() == 1);
    CHECK(r.holds[0].reason == HoldReason::lastAdmin);
    CHECK(bench.rows.keys(*tablesOf<>().admin) == Strings{"m7/upstream"});
    CHECK(bench.rows.status("m7") == "active");
    // Somebody else who administers ends the hold.
    org.members["m8"].admin = true;
    up.show(org);
    r = bench.sync(up);
    CHECK(r.outcome == SyncOutcome::done);
    CHECK(bench.rows.keys(*tablesOf<>().admin) == Strings{"m8/upstream"});
}

TEST_CASE("graveyard 28: what was made here is never touched", "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = people(6);
    org.roles["r"] = {"", "Upstream's"};
    org.roleMembers["r"] = {"m1"};
    FakeUpstream up(org);
    bench.sync(up);
    RecordTables const& t = tablesOf<>();
    Cell const local = Cell::text(kOriginLocal);
    auto edit = [&](TableSchema const& table, std::vector<Cell> const& key,
                    std::vector<std::pair<std::string, Cell>> const& values = {}) {
        bench.rows.edit(bench.now(), table, key, values);
    };
    edit(*t.roleGroup, {Cell::text("here")}, {{"name", Cell::text("Ours")}, {"origin", local}});
    edit(*t.role, {Cell::text("own")},
         {{"name", Cell::text("Own")}, {"roleGroupId", Cell::text("here")}, {"origin", local}});
    edit(*t.roleMember, {Cell::text("own"), Cell::text("m2"), local});
    edit(*t.roleMember, {Cell::text("r"), Cell::text("m2"), local});
    edit(*t.admin, {Cell::text("m2"), local});
    edit(*t.deptLimit, {Cell::text("own"), Cell::text("m2"), Cell::text("a")});
    edit(*t.member, {Cell::text("m2")}, {{"signature", Cell::text("s")}, {"extendConf", Cell::text("{}")}});
    CHECK(bench.sync(up).outcome == SyncOutcome::unchanged);
    auto own = [&] {
        std::vector<std::string> out;
        for (std::string const& line : dumpAll(bench.store, "corps.Demo"))
            if (line.find("'local'") != std::string::npos || line.starts_with("CorpDeptLimit") ||
                line.find("signature") != std::string::npos)
                out.push_back(line);
        return out;
    };
    std::vector<std::string> const before = own();
    REQUIRE(before.size() == 7);
    // The department and the upstream's role vanish, and the member with them.
    FakeOrganisation other = people(5, "b");
    other.members.erase("m2");
    up.show(other);
    SyncOptions all;
    all.allowRemovals = true;
    bench.sync(up, all);
    CHECK(bench.rows.status("m2") == "resigned");
    CHECK(bench.rows.member("m2")["signature"] == "s");
    CHECK(bench.rows.keys(*t.role) == Strings{"own"});
    CHECK(bench.rows.keys(*t.roleMember) == Strings{"own/m2/local", "r/m2/local"});
    CHECK(bench.rows.keys(*t.admin) == Strings{"m2/local"});
    CHECK(bench.rows.keys(*t.deptLimit) == Strings{"own/m2/a"});
    CHECK(bench.rows.keys(*t.roleGroup) == Strings{"here"});
    CHECK(bench.sync(up).outcome == SyncOutcome::unchanged);
    up.show(org);
    bench.sync(up, all);
    CHECK(own() == before);
    CHECK(bench.engine->verify().ok);
}

TEST_CASE("graveyard 28: a role of the upstream does not take the place of one made here",
          "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = people(3);
    FakeUpstream up(org);
    bench.sync(up);
    RecordTables const& t = tablesOf<>();
    bench.rows.edit(bench.now(), *t.role, {Cell::text("r")},
                    {{"name", Cell::text("Own")}, {"origin", Cell::text(kOriginLocal)}});
    org.roles["r"] = {"", "Upstream's"};
    up.show(org);
    SyncReport const r = bench.sync(up);
    CHECK(r.warnings.size() == 1);
    CHECK(bench.rows.row(*t.role, {Cell::text("r")})["name"] == "Own");
    CHECK(bench.engine->verify().ok);
}

TEST_CASE("graveyard 30: removals are in the change feed by name, in the same transaction",
          "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = people(6);
    org.dept("gone");
    FakeUpstream up(org);
    bench.sync(up);
    std::string const cursor = bench.engine->changesSince("", 10000).back().cursor;
    org.members.erase("m4");
    org.depts.erase("gone");
    up.show(org);
    bench.counting.count() = WriteCount();
    SyncReport const r = bench.sync(up);
    CHECK(bench.counting.count().transactions == 1);
    std::set<std::string> told;
    for (FeedEntry const& e : bench.engine->changesSince(cursor, 10000)) {
        CHECK(e.syncId == r.syncId);
        std::string line = std::string(toString(e.change.kind)) + " " + e.change.table;
        for (OwnedCell const& k : e.change.key) line += "/" + k.bytes();
        if (e.change.table == tablesOf<>().dept->name)
            for (CellChange const& c : e.change.cells)
                if (c.column == "name") line += " " + c.before.bytes();
        told.insert(line);
    }
    CHECK(told ==
          Strings{"resign CorpMember/m4", "erase CorpDeptMember/a/m4", "erase CorpDept/gone dept gone"});
}

TEST_CASE("graveyard 31: a sync never writes a password", "[sync][graveyard][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = people(4);
    FakeUpstream up(org);
    bench.sync(up);
    TableSchema const& passwords = *tablesOf<>().passwordAuth;
    std::string const user = bench.rows.userId("m1");
    bench.store.write([&](RowAccess& rows) {
        std::vector<Cell> row(passwords.columns.size());
        row[0] = Cell::text(user);
        for (std::size_t i = 1; i < row.size(); ++i)
            row[i] =
                passwords.columns[i].type == ColumnType::integer ? Cell::integer(1) : Cell::text("secret");
        rows.upsertRow(passwords, row);
    });
    auto const before = bench.rows.row(passwords, {Cell::text(user)});
    REQUIRE(before.size() > 1);
    bench.counting.count() = WriteCount();
    org.members["m1"].nick = "n";
    org.members.erase("m2");
    up.show(org);
    SyncPlan const plan = bench.plan(up);
    CHECK(changesOf(plan, passwords) == 0);
    bench.sync(up);
    CHECK(bench.counting.count().upserts > 0);
    CHECK_FALSE(bench.counting.count().writesTo.contains(passwords.name));
    CHECK(bench.rows.row(passwords, {Cell::text(user)}) == before);
    for (FeedEntry const& e : bench.engine->changesSince("", 10000)) CHECK(e.change.table != passwords.name);
}

}  // namespace sync_graveyard_test
