// The same person under another id.
#include "support/fake_organisation.hpp"
#include "support/mirror_bench.hpp"

#include <corps/error/error.hpp>
#include <corps/sync/rename.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <string>

namespace sync_rename_test {

using namespace corps;
using namespace corps::testsupport;

namespace {

FakeOrganisation demo() {
    FakeOrganisation org;
    org.dept("a");
    org.dept("b", "a");
    org.add("old", {"a", "b"});
    org.members["old"].in["a"].leads = true;
    org.depts["b"].leaders = {"old"};
    org.add("other", {"a"});
    org.add("third", {"b"});
    org.roleGroups["g"] = "Group";
    org.roles["r"] = {"g", "Role"};
    org.roleMembers["r"] = {"old"};
    org.admins = {{"old"}};
    return org;
}

/** Upstream calls them by another id. */
void callOtherwise(FakeOrganisation& org, std::string const& from, std::string const& to) {
    org.members[to] = org.members[from];
    org.members.erase(from);
    for (auto& [id, d] : org.depts) std::replace(d.leaders.begin(), d.leaders.end(), from, to);
    for (auto& [id, people] : org.roleMembers)
        if (people.erase(from) > 0) people.insert(to);
    if (org.admins && org.admins->erase(from) > 0) org.admins->insert(to);
}

void rename(MirrorBench& bench, std::string const& from, std::string const& to) {
    RegistrationScope scope;
    scope.corp = bench.name;
    scope.platform = bench.who.platform;
    scope.caller = "alice";
    scope.now = bench.now();
    scope.newId = [&bench] { return bench.loop.context.newId(); };
    bench.store.write(
        [&](RowAccess& rows) { renameMember(rows, tablesOf<>(), MemberId(from), MemberId(to), scope); });
}

Errc refused(MirrorBench& bench, std::string const& from, std::string const& to) {
    try {
        rename(bench, from, to);
    } catch (Error const& e) {
        for (Errc code : {Errc::notFound, Errc::refused, Errc::invalidArgument})
            if (e.is(code)) return code;
    }
    return Errc();
}

void giveRights(MirrorBench& bench) {
    RecordTables const& t = tablesOf<>();
    Cell const id = Cell::text("old");
    std::int64_t const now = bench.now();
    bench.rows.edit(now, *t.member, {id},
                    {{"signature", Cell::text("drawn")}, {"rolesLocal", Cell::integer(0)}});
    bench.rows.edit(now, *t.role, {Cell::text("own")},
                    {{"name", Cell::text("Own")}, {"origin", Cell::text(kOriginLocal)}});
    bench.rows.edit(now, *t.roleMember, {Cell::text("own"), id, Cell::text(kOriginLocal)});
    bench.rows.edit(now, *t.deptLimit, {Cell::text("own"), id, Cell::text("b")});
    bench.rows.edit(now, *t.admin, {id, Cell::text(kOriginLocal)});
}

std::size_t named(MirrorBench& bench, std::string const& id) {
    std::size_t out = 0;
    for (std::string const& line : dumpAll(bench.store, bench.name))
        if (line.find("'" + id + "'") != std::string::npos) ++out;
    return out;
}

}  // namespace

TEST_CASE("rename: everything of a member stands under the new id, and the next sync finds them there") {
    MirrorBench bench;
    FakeOrganisation org = demo();
    bool const subtree = GENERATE(false, true);
    FakePull how;
    if (subtree) how.subtrees = {org.root};
    FakeUpstream up(org, how);
    bench.sync(up);
    giveRights(bench);
    std::string const user = bench.rows.userId("old");
    std::size_t const rows = named(bench, "old");
    REQUIRE(rows >= 10);

    rename(bench, "old", "new");
    CHECK(named(bench, "old") == 0);
    CHECK(named(bench, "new") == rows);
    CHECK(bench.rows.userId("new") == user);
    CHECK(bench.rows.at(bench.rows.member("new"), "signature") == "drawn");
    CHECK(bench.rows.keys(*tablesOf<>().deptLimit) == std::set<std::string>{"own/new/b"});
    CHECK(bench.rows.keys(*tablesOf<>().admin) == std::set<std::string>{"new/local", "new/upstream"});
    CHECK(bench.engine->verify().ok);
    bool told = false;
    for (FeedEntry const& e : bench.engine->changesSince("", 1000))
        if (e.caller == "alice" && e.change.table == tablesOf<>().member->name &&
            e.change.kind == ChangeKind::create && e.change.key.at(0).bytes() == "new")
            told = true;
    CHECK(told);

    // Upstream says the same from now on: there is nothing to do.
    callOtherwise(org, "old", "new");
    up.show(org, how);
    SyncReport const r = bench.sync(up);
    CHECK(r.outcome == SyncOutcome::unchanged);
    CHECK(r.syncId.empty());
    CHECK(bench.rows.userId("new") == user);
    CHECK(bench.rows.status("old") == "none");

    // And is as attentive as before.
    org.members.erase("new");
    org.roleMembers["r"].clear();
    org.admins = {{"other"}};
    org.depts["b"].leaders.clear();
    up.show(org, how);
    bench.sync(up);
    CHECK(bench.rows.status("new") == "resigned");
    CHECK(bench.engine->verify().ok);
}

TEST_CASE("rename: the id of somebody else is refused, and nothing is changed") {
    MirrorBench bench;
    FakeOrganisation org = demo();
    FakeUpstream up(org);
    bench.sync(up);
    std::vector<std::string> const before = dumpAll(bench.store, bench.name, true);
    CHECK(refused(bench, "old", "other") == Errc::refused);
    CHECK(refused(bench, "nobody", "new") == Errc::notFound);
    CHECK(refused(bench, "old", "old") == Errc::invalidArgument);
    CHECK(refused(bench, "old", "") == Errc::invalidArgument);
    CHECK(dumpAll(bench.store, bench.name, true) == before);

    org.members.erase("third");
    up.show(org);
    bench.sync(up);
    REQUIRE(bench.rows.status("third") == "resigned");
    CHECK(refused(bench, "old", "third") == Errc::refused);
}

TEST_CASE("rename: a hold follows the member") {
    MirrorBench bench;
    FakeOrganisation org = demo();
    FakeUpstream up(org);
    bench.sync(up);
    org.members.erase("old");  // the last administrator
    org.admins.emplace();
    up.show(org);
    SyncReport const held = bench.sync(up);
    REQUIRE(held.outcome == SyncOutcome::held);
    rename(bench, "old", "new");
    SyncReport const again = bench.sync(up);
    REQUIRE(again.holds.size() == 1);
    CHECK(again.holds[0].memberIds == std::vector<std::string>{"new"});
    CHECK(again.holds[0].since > 0);
    CHECK(bench.rows.status("new") == "active");
}

TEST_CASE("rename: who comes under another id with the same union id in one pull is the same user") {
    MirrorBench bench;
    FakeOrganisation org = demo();
    FakeUpstream up(org);
    bench.sync(up);
    std::string const user = bench.rows.userId("old");
    callOtherwise(org, "old", "new");
    up.show(org);
    bench.sync(up);
    CHECK(bench.rows.status("old") == "resigned");
    CHECK(bench.rows.status("new") == "active");
    CHECK(bench.rows.userId("new") == user);
    CHECK(bench.rows.userId("old") == user);
    CHECK(bench.engine->verify().ok);

    // What was given to the former id can still be moved, when it is told late: not over an active member.
    CHECK(refused(bench, "old", "new") == Errc::refused);
    // Back again: the resigned former id makes room.
    rename(bench, "new", "old");
    CHECK(bench.rows.status("old") == "active");
    CHECK(bench.rows.status("new") == "none");
    CHECK(bench.rows.userId("old") == user);
    CHECK(bench.engine->verify().ok);
}

}  // namespace sync_rename_test
