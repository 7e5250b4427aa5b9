#include "support/fake_organisation.hpp"
#include "support/mirror_bench.hpp"

#include <corps/error/error.hpp>
#include <corps/model/corp_data.hpp>
#include <corps/model/records.hpp>
#include <corps/sync/engine.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace sync_engine_test {

using namespace corps;
using namespace corps::testsupport;
using Strings = std::set<std::string>;

namespace {

FakeOrganisation twoDepartments() {
    FakeOrganisation org;
    org.dept("a", "0", "Sales").leaders = {"m1", "stranger"};
    org.dept("b", "a", "Sales north");
    org.add("m1", {"a"}).admin = true;
    org.add("m2", {"a", "b"}).in["b"].leads = true;
    org.add("m3", {"b"});
    org.add("m4", {"0"}).phone = "+8613800000004";
    for (auto const& id : {"m2", "m3", "m4"}) org.members[id].admin = false;
    org.roleGroups["g"] = "Functions";
    org.roles["r"] = {"g", "Finance"};
    org.roleMembers["r"] = {"m1", "m3"};
    return org;
}

/** A company with departments d0..d(depts-1) of `each` members. */
FakeOrganisation company(std::size_t depts, std::size_t each) {
    FakeOrganisation org;
    for (std::size_t d = 0; d < depts; ++d) {
        std::string const dept = "d" + std::to_string(d);
        org.dept(dept);
        for (std::size_t m = 0; m < each; ++m) org.add(dept + "m" + std::to_string(m), {dept});
    }
    return org;
}

template <class F>
Error failure(F&& f) {
    try {
        f();
    } catch (Error const& e) {
        return e;
    }
    FAIL("no Error was thrown");
    return Error(Errc::config, "unreachable");
}

}  // namespace

TEST_CASE("sync: the first one brings everything", "[sync][coroutine]") {
    MirrorBench bench;
    FakeUpstream up(twoDepartments());
    CHECK_FALSE(bench.engine->everSynced());
    SyncReport const r = bench.sync(up);
    INFO(r.toText());
    CHECK(r.outcome == SyncOutcome::done);
    CHECK(r.members.created == 4);
    CHECK(r.departments.created == 3);
    CHECK(r.memberships.created == 5);
    CHECK(r.leaders.created == 3);
    CHECK(r.roles.created == 2);
    CHECK(r.roleMembers.created == 2);
    CHECK(r.admins.created == 1);
    CHECK(r.users.created == 4);
    CHECK_FALSE(r.syncId.empty());
    CHECK(bench.engine->everSynced());

    RecordTables const& t = tablesOf<>();
    CHECK(bench.rows.keys(*t.dept) == Strings{"0", "a", "b"});
    CHECK(bench.rows.dept("0")["name"] == "Demo Ltd");
    CHECK(bench.rows.dept("a")["parentId"] == "0");
    CHECK(bench.rows.dept("b")["parentId"] == "a");
    CHECK(bench.rows.memberships() == Strings{"a/m1", "a/m2", "b/m2", "b/m3", "0/m4"});
    CHECK(bench.rows.keys(*t.deptLeader) == Strings{"a/m1/1", "a/stranger/1", "b/m2/2"});
    CHECK(bench.rows.keys(*t.roleMember) == Strings{"r/m1/upstream", "r/m3/upstream"});
    CHECK(bench.rows.keys(*t.admin) == Strings{"m1/upstream"});
    CHECK(bench.rows.keys(*t.thirdAuth) ==
          Strings{"fake/ent-1/m1", "fake/ent-1/m2", "fake/ent-1/m3", "fake/ent-1/m4"});
    auto const m4 = bench.rows.member("m4");
    CHECK(m4.at("phone") == "+8613800000004");
    CHECK(m4.at("thirdUserId") == "m4");
    CHECK(m4.at("status") == "1");
    CHECK_FALSE(m4.contains("email"));  // unknown, not empty
    CHECK(bench.engine->verify().problems.empty());
}

TEST_CASE("sync: a second one at once writes nothing", "[sync][coroutine]") {
    MirrorBench bench;
    FakeUpstream up(twoDepartments());
    bench.sync(up);
    bench.counting.count() = WriteCount();
    SyncReport const r = bench.sync(up);
    CHECK(r.outcome == SyncOutcome::unchanged);
    CHECK(r.syncId.empty());
    CHECK(r.stats.decoded == 4);  // two departments, a role and its group: always decoded
    CHECK(bench.counting.count().upserts == 0);
    CHECK(bench.counting.count().erases == 0);
    CHECK(bench.counting.count().transactions == 0);

    SyncOptions cold;
    cold.useSidecar = false;
    CHECK(bench.sync(up, cold).outcome == SyncOutcome::unchanged);
    CHECK(bench.counting.count().upserts == 0);
}

TEST_CASE("sync: renamed, moved, left, returned", "[sync][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = twoDepartments();
    FakeUpstream up(org);
    bench.sync(up);
    std::string const user3 = bench.rows.userId("m3");
    std::string const user2 = bench.rows.userId("m2");

    org.members["m2"].nick = "another name";
    org.members["m3"].in = {{"a", FakePlace()}};
    org.members.erase("m4");
    up.show(org);
    SyncReport r = bench.sync(up);
    INFO(r.toText());
    CHECK(r.outcome == SyncOutcome::done);
    CHECK(r.members.updated == 1);
    CHECK(r.members.removed == 1);
    CHECK(r.memberships.created == 1);
    CHECK(r.memberships.removed == 2);
    CHECK(bench.rows.member("m2")["nick"] == "another name");
    CHECK(bench.rows.userId("m2") == user2);
    CHECK(bench.rows.row(*tablesOf<>().user, {Cell::text(user2)})["nick"] == "another name");
    CHECK(bench.rows.memberships() == Strings{"a/m1", "a/m2", "b/m2", "a/m3"});
    CHECK(bench.rows.status("m4") == "resigned");
    std::string const user4 = bench.rows.userId("m4");

    up.show(twoDepartments());
    r = bench.sync(up);
    CHECK(r.reinstated == 1);
    CHECK(bench.rows.status("m4") == "active");
    CHECK(bench.rows.userId("m4") == user4);
    CHECK(bench.rows.userId("m3") == user3);
    CHECK(bench.rows.memberships() == Strings{"a/m1", "a/m2", "b/m2", "b/m3", "0/m4"});
    CHECK(bench.engine->verify().problems.empty());
    CHECK(bench.sync(up).outcome == SyncOutcome::unchanged);
}

TEST_CASE("sync: roles, leaders and administrators come and go", "[sync][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = twoDepartments();
    FakeUpstream up(org);
    bench.sync(up);
    RecordTables const& t = tablesOf<>();

    org.roles["r"].second = "Accounting";
    org.roles["s"] = {"g", "Second"};
    org.roleMembers["r"] = {"m3", "m4"};
    org.roleMembers["s"] = {"m1"};
    org.depts["a"].leaders = {"m2", "m1"};
    org.members["m2"].in["b"].leads = false;
    org.members["m3"].in["b"].leads = true;
    org.members["m1"].admin = false;
    org.members["m2"].admin = true;
    up.show(org);
    SyncReport r = bench.sync(up);
    INFO(r.toText());
    CHECK(r.outcome == SyncOutcome::done);
    CHECK(bench.rows.row(*t.role, {Cell::text("r")})["name"] == "Accounting");
    CHECK(bench.rows.keys(*t.roleMember) == Strings{"r/m3/upstream", "r/m4/upstream", "s/m1/upstream"});
    CHECK(bench.rows.keys(*t.deptLeader) == Strings{"a/m1/1", "a/m2/1", "b/m3/2"});
    CHECK(bench.rows.row(*t.deptLeader, {Cell::text("a"), Cell::text("m1"), Cell::integer(1)})["rank"] ==
          "1");
    CHECK(bench.rows.keys(*t.admin) == Strings{"m2/upstream"});

    org.roles.erase("r");
    org.roleMembers.erase("r");
    org.roleGroups["h"] = "Other";
    org.roles["s"].first = "h";
    org.roleGroups.erase("g");
    up.show(org);
    r = bench.sync(up);
    CHECK(bench.rows.keys(*t.role) == Strings{"s"});
    CHECK(bench.rows.keys(*t.roleGroup) == Strings{"h"});
    CHECK(bench.rows.keys(*t.roleMember) == Strings{"s/m1/upstream"});
    CHECK(bench.engine->verify().problems.empty());
}

TEST_CASE("sync: administrators from a list of their own", "[sync][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = company(2, 3);
    org.admins = {"d0m0", "d1m1"};
    FakeUpstream up(org);
    bench.sync(up);
    RecordTables const& t = tablesOf<>();
    CHECK(bench.rows.keys(*t.admin) == Strings{"d0m0/upstream", "d1m1/upstream"});
    org.admins = {"d1m1", "d1m2"};
    up.show(org);
    bench.sync(up);
    CHECK(bench.rows.keys(*t.admin) == Strings{"d1m1/upstream", "d1m2/upstream"});
    FakePull how;
    how.incomplete[{ListingKind::admins, ""}] = 1;
    up.show(org, how);
    CHECK(bench.sync(up).outcome == SyncOutcome::incomplete);
    CHECK(bench.rows.keys(*t.admin) == Strings{"d1m1/upstream", "d1m2/upstream"});
    CHECK(bench.engine->verify().problems.empty());
}

TEST_CASE("sync: many removals are held until approved", "[sync][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = company(4, 5);
    FakeUpstream up(org);
    bench.sync(up);
    for (int i = 0; i < 4; ++i)
        for (int m = 0; m < 2; ++m) org.members.erase("d" + std::to_string(i) + "m" + std::to_string(m));
    org.members["d0m4"].nick = "renamed";
    up.show(org);
    SyncReport r = bench.sync(up);
    INFO(r.toText());
    CHECK(r.outcome == SyncOutcome::held);
    CHECK(r.code() == make_error_code(Errc::held));
    REQUIRE(r.holds.size() == 1);
    CHECK(r.holds[0].reason == HoldReason::tooLargeShare);
    CHECK(r.holds[0].memberIds.size() == 8);
    CHECK(r.holds[0].total == 20);
    CHECK(bench.rows.member("d0m4")["nick"] == "renamed");  // the rest goes through
    CHECK(bench.rows.status("d0m0") == "active");
    CHECK(bench.rows.memberships().size() == 20);

    // Again: the same hold, since the first time, and nothing to write.
    std::int64_t const first = bench.now();
    bench.loop.clock->advance(std::chrono::hours(5));
    bench.counting.count() = WriteCount();
    SyncReport const again = bench.sync(up);
    CHECK(again.outcome == SyncOutcome::held);
    CHECK(again.digest == r.digest);
    CHECK(again.holds.at(0).since == first);
    CHECK(bench.counting.count().upserts == 0);

    SyncOptions strict;
    strict.allOrNothing = true;
    CHECK(failure([&] { bench.sync(up, strict); }).is(Errc::held));

    RemovalDigest other;
    other.bytes[0] = 1;
    CHECK(failure([&] { bench.engine->approve(other); }).is(Errc::notFound));
    bench.engine->approve(r.digest);
    org.add("d0m0", {"d0"});  // one of them is back before the next sync
    up.show(org);
    r = bench.sync(up);
    INFO(r.toText());
    CHECK(r.outcome == SyncOutcome::done);
    CHECK(r.members.removed == 7);
    CHECK(bench.rows.status("d0m0") == "active");
    CHECK(bench.rows.status("d1m0") == "resigned");
    CHECK(bench.engine->verify().problems.empty());
}

TEST_CASE("sync: an approval is forgotten after seven days", "[sync][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = company(1, 6);
    FakeUpstream up(org);
    bench.sync(up);
    for (int m = 0; m < 3; ++m) org.members.erase("d0m" + std::to_string(m));
    up.show(org);
    RemovalDigest const digest = bench.sync(up).digest;
    bench.engine->approve(digest);
    bench.loop.clock->advance(std::chrono::hours(24 * 7 + 1));
    SyncReport const r = bench.sync(up);
    CHECK(r.outcome == SyncOutcome::held);
    SyncOptions approve;
    approve.approve = digest;
    CHECK(bench.sync(up, approve).outcome == SyncOutcome::done);
    CHECK(bench.rows.status("d0m0") == "resigned");
}

TEST_CASE("sync: a held member keeps the departments below which they stand", "[sync][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = company(3, 6);
    org.dept("x", "d2");
    org.dept("y", "x");
    for (int m = 0; m < 6; ++m) org.members["d2m" + std::to_string(m)].in = {{"y", FakePlace()}};
    FakeUpstream up(org);
    bench.sync(up);
    FakeOrganisation less = org;
    for (int m = 0; m < 6; ++m) less.members.erase("d2m" + std::to_string(m));
    less.depts.erase("y");
    less.depts.erase("x");
    less.depts.erase("d2");
    less.depts["d1"].name = "renamed";
    up.show(less);
    SyncReport const r = bench.sync(up);
    INFO(r.toText());
    CHECK(r.outcome == SyncOutcome::held);
    CHECK(bench.rows.keys(*tablesOf<>().dept) == Strings{"0", "d0", "d1", "d2", "x", "y"});
    CHECK(bench.rows.dept("d1")["name"] == "renamed");
    CHECK(bench.rows.memberships().contains("y/d2m3"));
    bench.engine->approve(r.digest);
    CHECK(bench.sync(up).outcome == SyncOutcome::done);
    CHECK(bench.rows.keys(*tablesOf<>().dept) == Strings{"0", "d0", "d1"});
    CHECK(bench.rows.status("d2m0") == "resigned");
    CHECK(bench.engine->verify().problems.empty());
}

TEST_CASE("sync: in a list that ended early nobody is missing", "[sync][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = company(3, 4);
    FakeUpstream up(org);
    bench.sync(up);
    org.members.erase("d1m2");
    org.members["d0m0"].nick = "renamed";
    FakePull how;
    how.incomplete[{ListingKind::deptMembers, "d0"}] = 2;
    up.show(org, how);
    SyncReport const r = bench.sync(up);
    INFO(r.toText());
    CHECK(r.outcome == SyncOutcome::incomplete);
    CHECK(r.code() == make_error_code(Errc::upstream));
    CHECK(r.faults.size() == 1);
    CHECK(bench.rows.member("d0m0")["nick"] == "renamed");
    CHECK(bench.rows.status("d0m3") == "active");
    CHECK(bench.rows.memberships().contains("d0/d0m3"));
    CHECK(bench.rows.status("d1m2") == "active");               // may be in the part that was not read
    CHECK_FALSE(bench.rows.memberships().contains("d1/d1m2"));  // this list was read to its end
    up.show(org);
    CHECK(bench.sync(up).outcome == SyncOutcome::done);
    CHECK(bench.rows.status("d1m2") == "resigned");
    CHECK(bench.engine->verify().problems.empty());
}

TEST_CASE("sync: a record that cannot be decoded is a fault and takes nobody away", "[sync][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = company(2, 4);
    FakeUpstream up(org);
    bench.sync(up);
    org.members.erase("d0m1");
    FakePull how;
    how.garbage = {{ListingKind::deptMembers, "d0"}};
    up.show(org, how);
    SyncReport const r = bench.sync(up);
    CHECK(r.outcome == SyncOutcome::incomplete);
    CHECK(r.faults.size() == 1);
    CHECK(bench.rows.status("d0m1") == "active");
    CHECK(bench.rows.memberships().contains("d0/d0m1"));
}

TEST_CASE("sync: a dry run writes nothing and says the same", "[sync][coroutine]") {
    MirrorBench bench;
    FakeUpstream up(twoDepartments());
    SyncOptions dry;
    dry.dryRun = true;
    SyncReport const said = bench.sync(up, dry);
    CHECK(said.dryRun);
    CHECK(said.outcome == SyncOutcome::done);
    CHECK(bench.counting.count().transactions == 0);
    SyncReport const real = bench.sync(up);
    CHECK(said.members.created == real.members.created);
    CHECK(said.memberships.created == real.memberships.created);
}

TEST_CASE("sync: a plan read back from JSON does the same, and later syncs go on from it",
          "[sync][coroutine]") {
    MirrorBench direct;
    MirrorBench json("corps.Demo", CountingStorage(), 1);
    FakeOrganisation org = twoDepartments();
    FakeUpstream up(org);
    auto both = [&] {
        SyncPlan const a = direct.plan(up);
        SyncPlan const b = SyncPlan::fromJson(json.plan(up).toJson());
        CHECK(a.changes.size() == b.changes.size());
        direct.engine->apply(a, SyncOptions(), "sync");
        json.engine->apply(b, SyncOptions(), "sync");
        CHECK(dumpAll(direct.store, "corps.Demo") == dumpAll(json.store, "corps.Demo"));
        CHECK(json.engine->verify().problems.empty());
    };
    both();
    json.sync(up);
    direct.sync(up);
    org.members["m2"].phone = "+861";
    org.add("m5", {"a"});
    org.roleMembers["r"].insert("m5");
    up.show(org);
    both();
    // Who came by a plan from JSON and leaves before any other sync is noticed.
    org.members.erase("m5");
    org.roleMembers["r"].erase("m5");
    up.show(org);
    CHECK(json.sync(up).members.removed == 1);
    direct.sync(up);
    CHECK(dumpAll(direct.store, "corps.Demo") == dumpAll(json.store, "corps.Demo"));
    CHECK(json.engine->everSynced());
}

TEST_CASE("sync: a plan is void once the organisation changed here", "[sync][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = twoDepartments();
    FakeUpstream up(org);
    bench.sync(up);
    org.members["m2"].nick = "n";
    up.show(org);
    SyncPlan const plan = bench.plan(up);
    // A signature voids nothing.
    bench.rows.edit(bench.now(), *tablesOf<>().member, {Cell::text("m2")}, {{"signature", Cell::text("s")}});
    SyncPlan const later = bench.plan(up);
    bench.engine->apply(plan, SyncOptions(), "sync");
    CHECK(failure([&] { bench.engine->apply(later, SyncOptions(), "sync"); }).is(Errc::stalePlan));
    CHECK(bench.rows.member("m2")["signature"] == "s");
    SyncPlan other = plan;
    other.corp = "corps.Other";
    CHECK(failure([&] { bench.engine->apply(other, SyncOptions(), "sync"); }).is(Errc::invalidArgument));
}

TEST_CASE("sync: the change feed tells what happened, in order", "[sync][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = twoDepartments();
    FakeUpstream up(org);
    SyncReport const first = bench.sync(up);
    std::vector<FeedEntry> all = bench.engine->changesSince("", 1000);
    REQUIRE(all.size() == 3 + 3 + 4 + 5 + 2 + 2 + 1 + 4 + 4);  // users and their bindings as well
    CHECK(std::all_of(all.begin(), all.end(), [&](FeedEntry const& e) {
        return e.syncId == first.syncId && e.caller == "sync" && e.change.kind == ChangeKind::create &&
               e.change.cells.empty();
    }));
    std::string cursor = all.back().cursor;
    CHECK(bench.engine->changesSince(cursor, 1000).empty());
    org.members["m2"].nick = "n";
    org.members.erase("m3");
    up.show(org);
    bench.sync(up);
    std::vector<FeedEntry> const news = bench.engine->changesSince(cursor, 1000);
    auto const found = std::find_if(news.begin(), news.end(), [](FeedEntry const& e) {
        return e.change.table == tablesOf<>().member->name && e.change.key.at(0).bytes() == "m2";
    });
    REQUIRE(found != news.end());
    REQUIRE(found->change.cells.size() == 1);
    CHECK(found->change.cells[0].column == "nick");
    CHECK(found->change.cells[0].before.bytes() == "nick m2");
    CHECK(found->change.cells[0].after.bytes() == "n");
    // In pages of one: the same entries.
    std::vector<std::string> cursors;
    for (std::string at = cursor;;) {
        std::vector<FeedEntry> const page = bench.engine->changesSince(at, 1);
        if (page.empty()) break;
        REQUIRE(page.size() == 1);
        at = page[0].cursor;
        cursors.push_back(at);
    }
    REQUIRE(cursors.size() == news.size());
    for (std::size_t i = 0; i < news.size(); ++i) CHECK(cursors[i] == news[i].cursor);
    CHECK(
        failure([&] { static_cast<void>(bench.engine->changesSince("1.2", 1)); }).is(Errc::invalidArgument));
}

TEST_CASE("sync: verify finds what was written past the library", "[sync][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = twoDepartments();
    FakeUpstream up(org);
    bench.sync(up);
    CHECK(bench.engine->verify().ok);
    RecordTables const& t = tablesOf<>();
    bench.store.write([&](RowAccess& rows) {
        std::vector<Cell> row(t.member->columns.size());
        row[0] = Cell::text("corps.Demo");
        row[1] = Cell::text("m1");
        row[t.member->find("nick")] = Cell::text("by hand");
        rows.upsertRow(*t.member, row);
    });
    VerifyReport const v = bench.engine->verify();
    CHECK_FALSE(v.ok);
    REQUIRE(v.problems.size() == 1);
    CHECK(v.problems[0].find("CorpMember") != std::string::npos);
    // The fingerprints are dropped, so the next sync sees the difference.
    bench.sync(up);
    CHECK(bench.rows.member("m1")["nick"] == "nick m1");
}

TEST_CASE("sync: a store of another application or enterprise is refused", "[sync][coroutine]") {
    CountingStorage storage;
    FakeOrganisation org = twoDepartments();
    FakeUpstream up(org);
    MirrorBench(std::string("corps.Demo"), storage).sync(up);
    MirrorIdentity who = MirrorBench::defaultIdentity();
    who.appId = "app-2";
    MirrorBench other("corps.Demo", storage, 2, who);
    CHECK(failure([&] { other.sync(up); }).is(Errc::wrongCorp));
    SyncOptions migrate;
    migrate.migrate = true;
    std::string const user = other.rows.userId("m1");
    CHECK(other.sync(up, migrate).outcome == SyncOutcome::done);
    CHECK(other.sync(up).outcome == SyncOutcome::unchanged);
    CHECK(other.rows.userId("m1") == user);
    org.corpId = "ent-2";
    up.show(org);
    Error const e = failure([&] { other.sync(up); });
    CHECK(e.is(Errc::wrongCorp));
    CHECK(e.diagnostics().corp == "corps.Demo");
}

TEST_CASE("sync: corps of one store share users by union id", "[sync][coroutine]") {
    CountingStorage storage;
    MirrorBench one("corps.One", storage, 1);
    MirrorBench two("corps.Two", storage, 2);
    FakeOrganisation a = company(1, 3);
    FakeOrganisation b = company(1, 4);
    b.corpId = "ent-2";
    a.members["d0m0"].phone = "+86138";
    b.members["d0m0"].nick = "called otherwise";
    b.members["d0m0"].phone = "+86139";
    b.members["d0m1"].unionId = std::nullopt;
    b.members["d0m2"].email = "m2@two.cn";
    FakeUpstream upA(a);
    FakeUpstream upB(b);
    one.sync(upA);
    SyncReport const r = two.sync(upB);
    CHECK(r.users.created == 2);
    CHECK(one.rows.userId("d0m0") == two.rows.userId("d0m0"));
    CHECK(one.rows.userId("d0m1") != two.rows.userId("d0m1"));
    auto const user = one.rows.row(*tablesOf<>().user, {Cell::text(one.rows.userId("d0m0"))});
    CHECK(user.at("nick") == "nick d0m0");  // from the corp that made the user
    CHECK(user.at("phone") == "+86138");
    CHECK(user.at("createdBy") == "corps.One");
    auto const filled = one.rows.row(*tablesOf<>().user, {Cell::text(one.rows.userId("d0m2"))});
    CHECK(filled.at("email") == "m2@two.cn");  // was unknown
    CHECK(two.sync(upB).outcome == SyncOutcome::unchanged);
    CHECK(one.sync(upA).outcome == SyncOutcome::unchanged);
    // Equality proven later is reported, and nobody is merged.
    b.members["d0m1"].unionId = "union-d0m1";
    upB.show(b);
    SyncReport const merged = two.sync(upB);
    REQUIRE(merged.warnings.size() == 1);
    CHECK(one.rows.userId("d0m1") != two.rows.userId("d0m1"));
}

TEST_CASE("sync: an id that comes back with another union id is another person", "[sync][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = company(2, 4);
    FakeUpstream up(org);
    bench.sync(up);
    std::string const user = bench.rows.userId("d0m1");
    FakeOrganisation without = org;
    without.members.erase("d0m1");
    up.show(without);
    bench.sync(up);
    org.members["d0m1"].unionId = "somebody else";
    org.members["d0m1"].nick = "Else";
    org.members["d0m2"].nick = "renamed";
    up.show(org);
    SyncReport const r = bench.sync(up);
    INFO(r.toText());
    CHECK(r.outcome == SyncOutcome::held);
    REQUIRE(r.holds.size() == 1);
    CHECK(r.holds[0].reason == HoldReason::differentPerson);
    CHECK(r.holds[0].memberIds == std::vector<std::string>{"d0m1"});
    CHECK(bench.rows.status("d0m1") == "resigned");
    CHECK(bench.rows.userId("d0m1") == user);
    CHECK(bench.rows.member("d0m2")["nick"] == "renamed");
    CHECK(bench.sync(up).outcome == SyncOutcome::held);
    bench.engine->approve(r.digest);
    CHECK(bench.sync(up).outcome == SyncOutcome::done);
    CHECK(bench.rows.status("d0m1") == "active");
    CHECK(bench.rows.member("d0m1")["nick"] == "Else");
    CHECK(bench.rows.userId("d0m1") != user);
    CHECK(bench.sync(up).outcome == SyncOutcome::unchanged);
    CHECK(bench.engine->verify().problems.empty());
}

TEST_CASE("sync: an offline mark set here outlives syncs, and ends when its bearer returns",
          "[sync][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = company(2, 4);
    FakeUpstream up(org);
    bench.sync(up);
    RecordTables const& t = tablesOf<>();
    bench.rows.edit(bench.now(), *t.member, {Cell::text("d0m1")},
                    {{"localStatus", Cell::integer(2)}, {"signature", Cell::text("s")}});
    org.members["d0m1"].nick = "renamed";
    up.show(org);
    bench.sync(up);
    CHECK(bench.rows.member("d0m1")["localStatus"] == "2");
    CHECK(bench.rows.member("d0m1")["nick"] == "renamed");
    FakeOrganisation without = org;
    without.members.erase("d0m1");
    up.show(without);
    bench.sync(up);
    CHECK(bench.rows.member("d0m1")["localStatus"] == "2");
    up.show(org);
    bench.sync(up);
    CHECK(bench.rows.member("d0m1")["localStatus"] == "0");
    CHECK(bench.rows.member("d0m1")["signature"] == "s");
}

TEST_CASE("sync: roles owned here are left alone until released", "[sync][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = twoDepartments();
    FakeUpstream up(org);
    bench.sync(up);
    RecordTables const& t = tablesOf<>();
    // As setUserRole does: every role goes, the given ones come, and the mark is set.
    bench.rows.take(bench.now(), *t.roleMember,
                    {Cell::text("r"), Cell::text("m1"), Cell::text(kOriginUpstream)});
    bench.rows.edit(bench.now(), *t.role, {Cell::text("here")},
                    {{"name", Cell::text("Here")}, {"origin", Cell::text(kOriginLocal)}});
    bench.rows.edit(bench.now(), *t.roleMember,
                    {Cell::text("here"), Cell::text("m1"), Cell::text(kOriginLocal)});
    bench.rows.edit(bench.now(), *t.member, {Cell::text("m1")}, {{"rolesLocal", Cell::integer(1)}});
    CHECK(bench.sync(up).outcome == SyncOutcome::unchanged);
    org.roles["s"] = {"g", "Second"};
    org.roleMembers["s"] = {"m1", "m2"};
    up.show(org);
    bench.sync(up);
    CHECK(bench.rows.keys(*t.roleMember) == Strings{"here/m1/local", "r/m3/upstream", "s/m2/upstream"});
    bench.rows.edit(bench.now(), *t.member, {Cell::text("m1")}, {{"rolesLocal", Cell::integer(0)}});
    bench.sync(up);
    CHECK(bench.rows.keys(*t.roleMember) ==
          Strings{"here/m1/local", "r/m1/upstream", "r/m3/upstream", "s/m1/upstream", "s/m2/upstream"});
    CHECK(bench.sync(up).outcome == SyncOutcome::unchanged);
    CHECK(bench.engine->verify().problems.empty());
}

TEST_CASE("sync: an edit made here during the pull costs a second pull, not an error", "[sync][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = twoDepartments();
    FakeUpstream up(org);
    bench.sync(up);
    RecordTables const& t = tablesOf<>();
    org.members["m2"].nick = "n";
    up.show(org);
    up.pulls = 0;
    bool always = false;
    up.onPull = [&] {
        if (up.pulls > 1 && !always) return;
        bench.rows.edit(bench.now(), *t.roleMember,
                        {Cell::text("r"), Cell::text("m4"), Cell::text(kOriginUpstream)});
        bench.rows.take(bench.now(), *t.roleMember,
                        {Cell::text("r"), Cell::text("m4"), Cell::text(kOriginUpstream)});
    };
    CHECK(bench.sync(up).outcome == SyncOutcome::done);
    CHECK(up.pulls == 2);
    CHECK(bench.rows.member("m2")["nick"] == "n");
    always = true;
    org.members["m2"].nick = "o";
    up.show(org);
    up.pulls = 0;
    CHECK(failure([&] { bench.sync(up); }).is(Errc::stalePlan));
    CHECK(up.pulls == 2);
}

TEST_CASE("sync: who takes over a member's roles voids a plan that gives them one", "[sync][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = twoDepartments();
    FakeUpstream up(org);
    bench.sync(up);
    org.roleMembers["r"].insert("m4");
    up.show(org);
    SyncPlan const plan = bench.plan(up);
    bench.rows.edit(bench.now(), *tablesOf<>().member, {Cell::text("m4")},
                    {{"rolesLocal", Cell::integer(1)}});
    CHECK(failure([&] { bench.engine->apply(plan, SyncOptions(), "sync"); }).is(Errc::stalePlan));
    bench.sync(up);
    CHECK_FALSE(bench.rows.keys(*tablesOf<>().roleMember).contains("r/m4/upstream"));
}

TEST_CASE("sync: a plan that was text is not believed about what is stored", "[sync][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = company(2, 6);
    FakeUpstream up(org);
    bench.sync(up);
    org.members.erase("d0m1");
    org.members["d0m2"].nick = "renamed";
    up.show(org);
    SyncPlan plan = SyncPlan::fromJson(bench.plan(up).toJson());
    // Somebody edited it by hand: other values before, a row that is not there, no values of what is erased.
    ChangeList edited;
    for (RowChange c : plan.changes) {
        for (CellChange& v : c.cells)
            if (!v.before.isNull())
                v.before = v.before.kind() == CellKind::integer ? OwnedCell(Cell::integer(77))
                                                                : OwnedCell(Cell::text("made up"));
        if (c.kind == ChangeKind::erase) c.cells.clear();
        edited.push_back(c);
    }
    RowChange nobody;
    nobody.table = tablesOf<>().deptMember->name;
    nobody.kind = ChangeKind::erase;
    nobody.key = {OwnedCell(Cell::text("d0")), OwnedCell(Cell::text("nobody"))};
    edited.push_back(nobody);
    plan.changes = edited;
    bench.engine->apply(plan, SyncOptions(), "sync");
    CHECK(bench.rows.status("d0m1") == "resigned");
    CHECK(bench.rows.member("d0m2")["nick"] == "renamed");
    CHECK(bench.engine->verify().problems.empty());
    for (FeedEntry const& e : bench.engine->changesSince("", 1000))
        for (CellChange const& c : e.change.cells) CHECK(c.before.bytes() != "made up");
    // Nor may it reach what no sync writes.
    RowChange password;
    password.table = tablesOf<>().passwordAuth->name;
    password.kind = ChangeKind::create;
    password.key = {OwnedCell(Cell::text(bench.rows.userId("d0m2")))};
    SyncPlan bad = bench.plan(up);
    bad.changes.push_back(password);
    CHECK(failure([&] { bench.engine->apply(bad, SyncOptions(), "sync"); }).is(Errc::invalidArgument));
    bad.runs.reset();
    CHECK(failure([&] { bench.engine->apply(bad, SyncOptions(), "sync"); }).is(Errc::invalidArgument));
}

TEST_CASE("sync: collected data without proof removes nobody", "[sync][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = company(2, 6);
    FakeUpstream up(org);
    bench.sync(up);
    org.members.erase("d0m1");
    org.depts.erase("d1");
    for (auto& [id, m] : org.members) m.in.erase("d1");
    org.members["d0m2"].nick = "renamed";
    org.add("new", {"d0"});
    up.show(org);
    CorpData data = bench.loop.run(bench.engine->collect(up, PullOptions()));
    CHECK(data.corpId == "ent-1");
    CHECK(data.userList.size() == 6);
    SyncOptions all;
    all.allowRemovals = true;
    SyncPlan const proven = bench.engine->plan(data, all);
    data.proof = CorpDataProof();
    SyncPlan const unproven = bench.engine->plan(data, all);
    auto removals = [](SyncPlan const& p) {
        std::size_t n = 0;
        for (std::size_t i = 0; i < p.changes.size(); ++i)
            n += p.changes.kind(i) == ChangeKind::erase || p.changes.kind(i) == ChangeKind::resign ? 1 : 0;
        return n;
    };
    CHECK(removals(proven) > 7);
    CHECK(removals(unproven) == 0);
    CHECK_FALSE(unproven.complete);
    bench.engine->apply(unproven, SyncOptions(), "sync");
    CHECK(bench.rows.member("d0m2")["nick"] == "renamed");
    CHECK(bench.rows.memberships().contains("d0/new"));
    CHECK(bench.rows.memberships().contains("d1/d1m0"));
    CHECK(bench.engine->verify().problems.empty());
    // What came without a pull is noticed by the next one.
    org.members.erase("new");
    up.show(org);
    CHECK(bench.sync(up, all).outcome == SyncOutcome::done);
    CHECK(bench.rows.status("new") == "resigned");
    CHECK(bench.rows.status("d0m1") == "resigned");
}

TEST_CASE("sync: a change writer records what really changes and nothing else", "[sync]") {
    MirrorBench bench;
    FakeUpstream up(twoDepartments());
    bench.sync(up);
    RecordTables const& t = tablesOf<>();
    std::string const cursor = bench.engine->changesSince("", 1000).back().cursor;
    bench.counting.count() = WriteCount();
    bench.rows.edit(bench.now(), *t.member, {Cell::text("m1")}, {{"nick", Cell::text("nick m1")}});
    bench.rows.take(bench.now(), *t.admin, {Cell::text("nobody"), Cell::text(kOriginLocal)});
    CHECK(bench.counting.count().upserts == 0);
    CHECK(bench.engine->changesSince(cursor, 1000).empty());
    bench.rows.edit(bench.now(), *t.member, {Cell::text("m1")}, {{"signature", Cell::text("s")}});
    std::vector<FeedEntry> const news = bench.engine->changesSince(cursor, 1000);
    REQUIRE(news.size() == 1);
    CHECK(news[0].caller == "alice");
    CHECK(news[0].syncId.empty());
    REQUIRE(news[0].change.cells.size() == 1);
    CHECK(news[0].change.cells[0].column == "signature");
    CHECK(news[0].change.cells[0].before.isNull());
    CHECK(bench.engine->verify().ok);
}

TEST_CASE("sync: what the change feed keeps ends after its time", "[sync][coroutine]") {
    MirrorBench bench;
    FakeOrganisation org = twoDepartments();
    FakeUpstream up(org);
    bench.sync(up);
    bench.loop.clock->advance(std::chrono::hours(24 * 399));
    org.members["m2"].nick = "n";
    up.show(org);
    bench.sync(up);
    CHECK(bench.engine->changesSince("", 1000).size() > 20);
    bench.loop.clock->advance(std::chrono::hours(24 * 2));
    org.members["m2"].nick = "o";
    up.show(org);
    bench.sync(up);
    std::vector<FeedEntry> const left = bench.engine->changesSince("", 1000);
    CHECK(left.size() == 4);  // the member and the user, twice
    CHECK(std::all_of(left.begin(), left.end(),
                      [](FeedEntry const& e) { return e.change.kind == ChangeKind::update; }));
}

}  // namespace sync_engine_test
