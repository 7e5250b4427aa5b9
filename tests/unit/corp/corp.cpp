#include "toy.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace corp_corp_test {

using namespace corps;

namespace {

std::vector<std::string> ids(std::vector<CorpMember> const& members) {
    std::vector<std::string> out;
    for (CorpMember const& m : members) out.push_back(m.memberId.str());
    return out;
}
std::vector<std::string> ids(std::vector<CorpRole> const& roles) {
    std::vector<std::string> out;
    for (CorpRole const& r : roles) out.push_back(r.roleId.str());
    return out;
}
std::vector<std::string> ids(std::vector<MemberId> const& members) {
    std::vector<std::string> out;
    for (MemberId const& m : members) out.push_back(m.str());
    return out;
}
using Ids = std::vector<std::string>;

/** The code of the Error that f throws. */
template <class F>
Errc codeOf(F&& f) {
    try {
        f();
    } catch (Error const& e) {
        return static_cast<Errc>(e.code().value());
    }
    return Errc{};
}

}  // namespace

TEST_CASE("corp: initCorp syncs a store that never was, once", "[corp]") {
    toy::World w;
    CHECK(w.corp.initCorp() == Done());
    CHECK(ids(w.corp.getMembers()) == Ids{"ann", "bob", "cid", "dan", "eve"});
    int const calls = w.org->calls;
    CHECK(w.corp.initCorp() == Done());
    CHECK(w.org->calls == calls);
}

TEST_CASE("corp: a corp says what it is and shows no secret", "[corp]") {
    toy::World w;
    CHECK(w.corp.title() == "Toy");
    CHECK(w.corp.fullName() == "corps.Toy");
    CHECK(w.corp.corpFullName() == w.corp.fullName());
    boost::json::object const info = w.corp.getCorpInfo();
    CHECK(info.at("title") == "Toy");
    CHECK(info.at("fullName") == "corps.Toy");
    CHECK(info.at("type") == "corps.ToyType");
    CHECK(info.at("appId") == "toy-app");
    CHECK(info.at("appSecret") == "***");
    CHECK(w.corp.corpData() == info);
    CHECK(w.corp.authConfig()["appId"] == "toy-app");
    CHECK(w.corp.authConfig()["appSecret"] == "open sesame");
    CHECK(codeOf([&] { (void)w.corp.authConfig()["agentId"]; }) == Errc::notFound);
}

TEST_CASE("corp: departments with path and leaders", "[corp]") {
    toy::World w;
    w.corp.syncCorp();
    CorpDept const root = w.corp.getRootDept();
    CHECK(root.deptId == "root");
    CHECK(root.name == "Toy Ltd");
    CHECK(root.parentId.empty());
    CHECK(root.path == std::vector<DeptId>{"root"});

    std::vector<CorpDept> const all = w.corp.getDepts();
    REQUIRE(all.size() == 4);
    CHECK(all[0].deptId == "root");
    CHECK(all[1].deptId == "dev");
    CHECK(all[2].deptId == "ops");
    CHECK(all[3].deptId == "web");
    CHECK(all[3].path == std::vector<DeptId>{"root", "dev", "web"});
    CHECK(all[1].leaderIds == std::vector<MemberId>{"bob"});
    for (CorpDept const& d : all) CHECK(w.corp.getDept(d.deptId) == d);
    CHECK(codeOf([&] { (void)w.corp.getDept("nowhere"); }) == Errc::notFound);
}

TEST_CASE("corp: the root is made when there is none", "[corp]") {
    toy::World w;
    CorpDept const root = w.corp.as("alice").getRootDept();
    CHECK(root.deptId == "root");
    CHECK(root.name == "Toy");
    CHECK(w.corp.getDepts().size() == 1);
    CHECK(w.org->calls == 0);
    SyncReport const report = w.corp.syncCorp();
    CHECK(report.outcome == SyncOutcome::done);
    CHECK(w.corp.getRootDept().name == "Toy Ltd");
    CHECK(w.corp.verifyCorp().ok);
}

TEST_CASE("corp: members of a department, directly and with all below", "[corp]") {
    toy::World w;
    w.corp.syncCorp();
    CHECK(ids(w.corp.getDeptMembers("dev")) == Ids{"bob", "cid"});
    CHECK(ids(w.corp.getDeptMembers("dev", true)) == Ids{"bob", "cid", "dan"});
    CHECK(ids(w.corp.getDeptMembers("root", true)) == Ids{"ann", "bob", "cid", "dan", "eve"});
    CHECK(codeOf([&] { (void)w.corp.getDeptMembers("nowhere"); }) == Errc::notFound);

    std::vector<CorpDeptMember> const of = w.corp.getMemberDepts("cid");
    REQUIRE(of.size() == 2);
    CHECK(of[0].deptId == "dev");
    CHECK(of[0].isPrimary == true);
    CHECK_FALSE(of[0].isLeader);
    CHECK(of[1].deptId == "ops");
    CHECK(w.corp.getMemberDepts("bob").at(0).isLeader);
    CHECK(codeOf([&] { (void)w.corp.getMemberDepts("nobody"); }) == Errc::notFound);

    w.corp.offlineMember({"bob"});
    CHECK(ids(w.corp.getDeptMembers("dev")) == Ids{"cid"});
}

TEST_CASE("corp: findMembers looks for what is given, exactly", "[corp]") {
    toy::World w;
    w.corp.syncCorp();
    CHECK(ids(w.corp.findMembers({.phone = "+8613800000002"})) == Ids{"bob"});
    CHECK(ids(w.corp.findMembers({.email = "eve@toy.example"})) == Ids{"eve"});
    CHECK(ids(w.corp.findMembers({.jobNumber = "7"})) == Ids{"bob"});
    CHECK(ids(w.corp.findMembers({.nick = "Dan"})) == Ids{"dan"});
    CHECK(ids(w.corp.findMembers({.email = "bob@toy.example", .nick = "Bob"})) == Ids{"bob"});
    CHECK(w.corp.findMembers({.email = "bob@toy.example", .nick = "Ann"}).empty());
    CHECK(w.corp.findMembers({.phone = "138"}).empty());
    CHECK(codeOf([&] { (void)w.corp.findMembers({}); }) == Errc::invalidArgument);
    w.corp.offlineMember({"bob"});
    CHECK(w.corp.findMembers({.nick = "Bob"}).at(0).status == MemberStatus::resigned);
}

TEST_CASE("corp: members by status, in documented words too", "[corp]") {
    toy::World w;
    w.corp.syncCorp();
    w.corp.offlineMember({"dan"});
    w.org->members.erase("eve");
    w.corp.syncCorp();
    CHECK(ids(w.corp.getMembers("active")) == Ids{"ann", "bob", "cid"});
    CHECK(ids(w.corp.getMembers("offline")) == Ids{"dan", "eve"});
    CHECK(ids(w.corp.getMembers(StatusFilter::offline)) == Ids{"dan", "eve"});
    CHECK(w.corp.getMembers().size() == 5);
    CHECK(w.corp.getMember("dan").status == MemberStatus::resigned);
    CHECK(codeOf([&] { (void)w.corp.getMembers("gone"); }) == Errc::invalidArgument);
    CHECK(codeOf([&] { (void)w.corp.getMember("nobody"); }) == Errc::notFound);

    Ids seen;
    w.corp.forEachMember([&](CorpMember const& m) {
        seen.push_back(m.memberId.str());
        return seen.size() < 2;
    });
    CHECK(seen == Ids{"ann", "bob"});
}

TEST_CASE("corp: who is set offline stays so through every sync", "[corp]") {
    toy::World w;
    w.corp.syncCorp();
    CHECK(w.corp.offlineMember({"bob", "cid"}) == Done());
    CHECK(w.corp.syncCorp().outcome == SyncOutcome::unchanged);
    w.org->members["bob"].nick = "Robert";
    w.corp.syncCorp();
    CHECK(w.corp.getMember("bob").status == MemberStatus::resigned);
    CHECK(w.corp.getMember("bob").nick == "Robert");

    w.corp.reinstateMember({"bob"});
    CHECK(w.corp.getMember("bob").status == MemberStatus::active);
    CHECK(w.corp.getMember("cid").status == MemberStatus::resigned);

    SECTION("until they leave upstream and return") {
        toy::Organisation::Member const cid = w.org->members["cid"];
        w.org->members.erase("cid");
        w.corp.syncCorp();
        CHECK(codeOf([&] { w.corp.reinstateMember({"cid"}); }) == Errc::refused);
        w.org->members["cid"] = cid;
        w.corp.syncCorp();
        CHECK(w.corp.getMember("cid").status == MemberStatus::active);
    }
    SECTION("an unknown id changes nothing") {
        CHECK(codeOf([&] { w.corp.offlineMember({"ann", "nobody"}); }) == Errc::notFound);
        CHECK(w.corp.getMember("ann").status == MemberStatus::active);
    }
}

TEST_CASE("corp: administrators are upstream's and ours, as long as they are active", "[corp]") {
    toy::World w;
    w.corp.syncCorp();
    CHECK(ids(w.corp.getAdmin()) == Ids{"ann", "bob"});
    CHECK(w.corp.setAdmin({"eve", "bob"}) == Done());
    CHECK(ids(w.corp.getAdmin()) == Ids{"ann", "bob", "eve"});
    w.corp.setAdmin({"dan"});
    CHECK(ids(w.corp.getAdmin()) == Ids{"ann", "bob", "dan"});
    CHECK(codeOf([&] { w.corp.setAdmin({"cid", "nobody"}); }) == Errc::notFound);
    CHECK(ids(w.corp.getAdmin()) == Ids{"ann", "bob", "dan"});

    w.corp.syncCorp();
    CHECK(ids(w.corp.getAdmin()) == Ids{"ann", "bob", "dan"});
    w.org->members["bob"].admin = false;
    w.corp.syncCorp();
    CHECK(ids(w.corp.getAdmin()) == Ids{"ann", "dan"});

    w.corp.offlineMember({"dan"});
    CHECK(ids(w.corp.getAdmin()) == Ids{"ann"});
    w.corp.reinstateMember({"dan"});
    CHECK(ids(w.corp.getAdmin()) == Ids{"ann", "dan"});
    w.corp.setAdmin({});
    CHECK(ids(w.corp.getAdmin()) == Ids{"ann"});
}

TEST_CASE("corp: an administrator set here who leaves works again on return", "[corp]") {
    toy::World w;
    w.corp.syncCorp();
    w.corp.setAdmin({"eve"});
    toy::Organisation::Member const eve = w.org->members["eve"];
    w.org->members.erase("eve");
    w.corp.syncCorp();
    CHECK(ids(w.corp.getAdmin()) == Ids{"ann", "bob"});
    w.org->members["eve"] = eve;
    w.corp.syncCorp();
    CHECK(ids(w.corp.getAdmin()) == Ids{"ann", "bob", "eve"});
}

TEST_CASE("corp: signatures are kept here", "[corp]") {
    toy::World w;
    w.corp.syncCorp();
    CHECK(w.corp.getUserSignature("ann").signature.empty());
    CHECK(w.corp.saveUserSignature("ann", "https://example.com/signature.png") == Done());
    w.org->members["ann"].nick = "Anna";
    w.corp.syncCorp();
    CHECK(w.corp.getUserSignature("ann").signature == "https://example.com/signature.png");
    w.corp.saveUserSignature("ann", "");
    CHECK(w.corp.getUserSignature("ann").signature.empty());
    CHECK(codeOf([&] { (void)w.corp.getUserSignature("nobody"); }) == Errc::notFound);
    CHECK(codeOf([&] { w.corp.saveUserSignature("nobody", "x"); }) == Errc::notFound);
}

TEST_CASE("corp: upstream's roles follow upstream, ours stay beside them", "[corp]") {
    toy::World w;
    w.corp.syncCorp();
    CHECK(ids(w.corp.getRoles()) == Ids{"finance", "sales"});
    CHECK(ids(w.corp.getMemberRoles("cid")) == Ids{"finance"});
    CHECK(ids(w.corp.getRoleMembers("finance")) == Ids{"ann", "cid"});
    CHECK(codeOf([&] { (void)w.corp.getRoleMembers("nothing"); }) == Errc::notFound);

    CorpRoleGroup const group = w.corp.createRoleGroup("Project");
    CorpRole const lead = w.corp.createRole("Lead", group.roleGroupId);
    CHECK(lead.name == "Lead");
    CHECK(lead.roleGroupId == group.roleGroupId);
    CHECK(lead.origin == kOriginLocal);
    w.corp.addRoleMember(lead.roleId, {"cid", "dan"});
    w.corp.addRoleMember("sales", {"cid"});
    CHECK(w.corp.getMemberRoles("cid").size() == 3);

    w.org->roles["finance"].second = {"ann", "dan"};
    w.corp.syncCorp();
    CHECK(ids(w.corp.getRoleMembers("finance")) == Ids{"ann", "dan"});
    CHECK(ids(w.corp.getRoleMembers(lead.roleId)) == Ids{"cid", "dan"});
    CHECK(ids(w.corp.getRoleMembers("sales")) == Ids{"cid", "eve"});

    w.corp.deleteRoleMember("sales", {"cid"});
    CHECK(ids(w.corp.getRoleMembers("sales")) == Ids{"eve"});
    CHECK(codeOf([&] { w.corp.deleteRoleMember("sales", {"eve"}); }) == Errc::refused);
    CHECK(codeOf([&] { w.corp.addRoleMember("nothing", {"cid"}); }) == Errc::notFound);
    CHECK(codeOf([&] { w.corp.addRoleMember("sales", {"nobody"}); }) == Errc::notFound);

    w.corp.offlineMember({"cid"});
    CHECK(w.corp.getMemberRoles("cid").empty());
    CHECK(ids(w.corp.getRoleMembers(lead.roleId)) == Ids{"dan"});
    w.corp.reinstateMember({"cid"});
    CHECK(ids(w.corp.getRoleMembers(lead.roleId)) == Ids{"cid", "dan"});
}

TEST_CASE("corp: roles and groups made here can be changed here, upstream's cannot", "[corp]") {
    toy::World w;
    w.corp.syncCorp();
    CorpRoleGroup const group = w.corp.createRoleGroup("Project");
    CorpRole const role = w.corp.createRole("Lead", group.roleGroupId);
    w.corp.addRoleMember(role.roleId, {"ann"});
    w.corp.setDeptLimit(role.roleId, "ann", {"dev"});

    CHECK(w.corp.renameRole(role.roleId, "Chief").name == "Chief");
    CHECK(w.corp.renameRoleGroup(group.roleGroupId, "Projects").name == "Projects");
    CHECK(codeOf([&] { w.corp.renameRole("finance", "x"); }) == Errc::refused);
    CHECK(codeOf([&] { w.corp.deleteRole("finance"); }) == Errc::refused);
    CHECK(codeOf([&] { w.corp.renameRole("nothing", "x"); }) == Errc::notFound);
    CHECK(codeOf([&] { w.corp.renameRole(role.roleId, ""); }) == Errc::invalidArgument);
    CHECK(codeOf([&] { w.corp.createRole("", group.roleGroupId); }) == Errc::invalidArgument);
    CHECK(codeOf([&] { w.corp.createRole("x", "nothing"); }) == Errc::notFound);
    CHECK(codeOf([&] { w.corp.createRoleGroup(""); }) == Errc::invalidArgument);
    CHECK(codeOf([&] { w.corp.deleteRoleGroup(group.roleGroupId); }) == Errc::refused);

    CHECK(w.corp.deleteRole(role.roleId) == Done());
    CHECK(ids(w.corp.getRoles()) == Ids{"finance", "sales"});
    CHECK(ids(w.corp.getMemberRoles("ann")) == Ids{"finance"});
    CHECK(w.corp.deleteRoleGroup(group.roleGroupId) == Done());
    CHECK(w.corp.getRoleGroups().empty());
    CHECK(w.corp.verifyCorp().ok);
}

TEST_CASE("corp: setUserRole takes a member's roles over until they are released", "[corp]") {
    toy::World w;
    w.corp.syncCorp();
    std::vector<CorpRoleMember> const set = w.corp.setUserRole("cid", {"sales"});
    REQUIRE(set.size() == 1);
    CHECK(set[0].roleId == "sales");
    CHECK(set[0].memberId == "cid");
    CHECK(set[0].origin == kOriginLocal);
    CHECK(ids(w.corp.getMemberRoles("cid")) == Ids{"sales"});

    w.corp.syncCorp();
    CHECK(ids(w.corp.getMemberRoles("cid")) == Ids{"sales"});
    w.org->roles["sales"].second.insert("cid");
    w.org->roles["finance"].second.insert("dan");
    w.corp.syncCorp();
    CHECK(ids(w.corp.getMemberRoles("cid")) == Ids{"sales"});
    CHECK(ids(w.corp.getMemberRoles("dan")) == Ids{"finance"});
    CHECK(w.corp.syncCorp().outcome == SyncOutcome::unchanged);

    CHECK(w.corp.setUserRole("cid", {}).empty());
    CHECK(w.corp.getMemberRoles("cid").empty());

    w.corp.releaseUserRole("cid");
    w.corp.syncCorp();
    CHECK(ids(w.corp.getMemberRoles("cid")) == Ids{"finance", "sales"});
    CHECK(w.corp.verifyCorp().ok);

    CHECK(codeOf([&] { w.corp.setUserRole("nobody", {"sales"}); }) == Errc::notFound);
    CHECK(codeOf([&] { w.corp.setUserRole("cid", {"sales", "nothing"}); }) == Errc::notFound);
    CHECK(ids(w.corp.getMemberRoles("cid")) == Ids{"finance", "sales"});
}

TEST_CASE("corp: what is local and refers to something that vanished sleeps", "[corp]") {
    toy::World w;
    w.corp.syncCorp();
    w.corp.addRoleMember("sales", {"dan"});
    w.corp.setDeptLimit("sales", "dan", {"web", "ops"});
    CHECK(w.corp.getDeptLimit("sales", "dan") == std::vector<DeptId>{"ops", "web"});
    CHECK(codeOf([&] { w.corp.setDeptLimit("sales", "dan", {"nowhere"}); }) == Errc::notFound);
    CHECK(w.corp.getDeptLimit("sales", "ann").empty());

    auto const role = w.org->roles["sales"];
    auto const dept = w.org->depts["web"];
    w.org->roles.erase("sales");
    w.org->depts.erase("web");
    w.org->members["dan"].depts = {"dev"};
    SyncReport const report = w.corp.syncCorp();
    CHECK(report.outcome == SyncOutcome::done);
    CHECK(w.corp.getMemberRoles("dan").empty());
    CHECK(w.corp.verifyCorp().ok);

    w.org->roles["sales"] = role;
    w.corp.syncCorp();
    CHECK(ids(w.corp.getMemberRoles("dan")) == Ids{"sales"});
    // The limit is still one: a department that is gone allows nothing.
    CHECK(w.corp.getDeptLimit("sales", "dan") == std::vector<DeptId>{"ops", "web"});
    w.corp.setDeptLimit("sales", "dan", {"web"});
    CHECK(w.corp.getDeptLimit("sales", "dan") == std::vector<DeptId>{"web"});
    w.corp.setDeptLimit("sales", "dan", {});
    CHECK(w.corp.getDeptLimit("sales", "dan").empty());
}

TEST_CASE("corp: local data holds what is active, in one order", "[corp]") {
    toy::World w;
    w.corp.syncCorp();
    w.corp.offlineMember({"cid"});
    LocalCorpData const data = w.corp.getLocalCorpData();
    CHECK(data.corp == w.corp.getCorpInfo());
    CHECK(ids(data.userList) == Ids{"ann", "bob", "dan", "eve"});
    for (CorpMember const& m : data.userList) CHECK_FALSE(m.userId.valueOr().empty());
    REQUIRE(data.deptList.size() == 4);
    CHECK(data.deptList[0].deptId == "root");
    CHECK(data.deptList[3].path == std::vector<DeptId>{"root", "dev", "web"});
    CHECK(data.deptMemberList.size() == 4);
    CHECK(std::ranges::none_of(data.deptMemberList,
                               [](CorpDeptMember const& m) { return m.memberId == "cid"; }));
    CHECK(std::ranges::any_of(data.deptMemberList,
                              [](CorpDeptMember const& m) { return m.memberId == "bob" && m.isLeader; }));
    CHECK(ids(data.roleList) == Ids{"finance", "sales"});
    REQUIRE(data.roleMemberSet.size() == 2);
    CHECK(data.roleMemberSet[0].memberId == "ann");

    boost::json::object const text = toJson(data);
    CHECK(text.contains("roleGroupList"));
    CHECK(boost::json::serialize(text).find("open sesame") == std::string::npos);
    CHECK(localCorpDataFromJson(text) == data);
}

TEST_CASE("corp: plan, look, apply", "[corp]") {
    toy::World w;
    SyncPlan const first = w.corp.planSync();
    CHECK_FALSE(first.empty());
    CHECK(w.corp.getMembers().empty());
    SyncReport const report = w.corp.applyPlan(first);
    CHECK(report.outcome == SyncOutcome::done);
    CHECK(report.members.created == 5);
    CHECK(w.corp.planSync().empty());

    w.org->members["ann"].nick = "Anna";
    SyncPlan const second = w.corp.planSync();
    SECTION("a plan comes back from its text") {
        SyncPlan const copy = SyncPlan::fromJson(second.toJson());
        CHECK(w.corp.applyPlan(copy).members.updated == 1);
        CHECK(w.corp.getMember("ann").nick == "Anna");
    }
    SECTION("a plan over a changed store is refused") {
        w.org->members["bob"].nick = "Robert";
        w.corp.syncCorp();
        CHECK(codeOf([&] { w.corp.applyPlan(second); }) == Errc::stalePlan);
    }
    SECTION("a signature saved meanwhile does not matter") {
        w.corp.saveUserSignature("ann", "s");
        CHECK(w.corp.applyPlan(second).members.updated == 1);
    }
    SECTION("a dry run is a plan") {
        SyncReport const dry = w.corp.syncCorp({.dryRun = true});
        CHECK(dry.dryRun);
        CHECK(dry.members.updated == 1);
        CHECK(w.corp.getMember("ann").nick == "Ann");
    }
}

TEST_CASE("corp: held removals are approved by their digest", "[corp]") {
    toy::World w;
    w.corp.syncCorp();
    w.org->members.erase("dan");
    w.org->members.erase("eve");
    SyncReport const held = w.corp.syncCorp();
    CHECK(held.outcome == SyncOutcome::held);
    CHECK(held.code() == make_error_code(Errc::held));
    CHECK(ids(w.corp.getMembers("active")).size() == 5);
    CHECK(codeOf([&] { w.corp.approve("zz"); }) == Errc::invalidArgument);
    CHECK(w.corp.approve(held.digest.str()) == Done());
    SyncReport const report = w.corp.syncCorp();
    CHECK(report.outcome == SyncOutcome::done);
    CHECK(ids(w.corp.getMembers("active")) == Ids{"ann", "bob", "cid"});
}

TEST_CASE("corp: what upstream holds, and a plan from it", "[corp]") {
    toy::World w;
    CorpData const data = w.corp.getThirdCorpData();
    CHECK(data.corpId == "toy-corp");
    CHECK(data.corpName == "Toy Ltd");
    CHECK(data.userDict().size() == 5);
    CHECK(data.userDict().find("bob")->nick == "Bob");
    CHECK(data.adminIds == std::vector<MemberId>{"ann", "bob"});
    CHECK(w.corp.getMembers().empty());

    w.corp.applyPlan(w.corp.planSync(data));
    CHECK(ids(w.corp.getMembers("active")) == Ids{"ann", "bob", "cid", "dan", "eve"});
    CHECK(w.corp.planSync(data).empty());
    // What comes without proof removes nobody.
    CorpData unproven;
    unproven.deptList = data.deptList;
    for (RowChange const& c : w.corp.planSync(unproven).changes) {
        CHECK(c.kind != ChangeKind::erase);
        CHECK(c.kind != ChangeKind::resign);
    }
}

TEST_CASE("corp: changes are fed under the name of who made them", "[corp]") {
    toy::World w;
    w.corp.syncCorp();
    std::vector<FeedEntry> const first = w.corp.changesSince();
    REQUIRE_FALSE(first.empty());
    CHECK(first.front().caller == "sync");
    CHECK_FALSE(first.front().syncId.empty());

    w.corp.as("alice").setAdmin({"eve"});
    w.corp.setAdmin({});
    std::vector<FeedEntry> const later = w.corp.changesSince(first.back().cursor);
    REQUIRE(later.size() == 2);
    CHECK(later[0].caller == "alice");
    CHECK(later[0].change.table == "CorpAdmin");
    CHECK(later[0].change.kind == ChangeKind::create);
    CHECK(later[0].syncId.empty());
    CHECK(later[1].caller == "local");
    CHECK(later[1].change.kind == ChangeKind::erase);
    CHECK(w.corp.changesSince(first.back().cursor, 1).size() == 1);
    CHECK(w.corp.changesSince(later.back().cursor).empty());
}

TEST_CASE("corp: a change that changes nothing is not recorded", "[corp]") {
    toy::World w;
    w.corp.syncCorp();
    w.corp.setAdmin({"eve"});
    w.corp.saveUserSignature("ann", "s");
    w.corp.setUserRole("dan", {"sales"});
    w.corp.offlineMember({"cid"});
    std::string const cursor = w.corp.changesSince({}, 100000).back().cursor;
    w.corp.setAdmin({"eve", "eve"});
    w.corp.saveUserSignature("ann", "s");
    w.corp.setUserRole("dan", {"sales"});
    w.corp.offlineMember({"cid"});
    w.corp.releaseUserRole("ann");
    w.corp.reinstateMember({"ann"});
    CHECK(w.corp.changesSince(cursor).empty());
}

TEST_CASE("corp: two corps of one store know nothing of each other", "[corp]") {
    toy::World w;
    w.corp.syncCorp();
    CorpConfig other = toy::config();
    other.fullName = "corps.Other";
    toy::Type<> second(other, w.context, toy::wireTo(toy::demo()), w.storage);
    CHECK(second.getMembers().empty());
    CHECK(second.getAdmin().empty());
    second.syncCorp();
    second.setAdmin({"dan"});
    CHECK(ids(w.corp.getAdmin()) == Ids{"ann", "bob"});
    CHECK(w.corp.verifyCorp().ok);
    CHECK(second.verifyCorp().ok);
}

TEST_CASE("corp: errors name the corp", "[corp]") {
    toy::World w;
    try {
        (void)w.corp.getMember("nobody");
        FAIL("an unknown member was found");
    } catch (Error const& e) {
        CHECK(e.diagnostics().corp == "corps.Toy");
        CHECK(std::string(e.what()) == "corps.Toy: there is no such member (member nobody)");
    }
    w.org->secret = "another";
    try {
        w.corp.syncCorp();
        FAIL("a wrong secret was taken");
    } catch (Error const& e) {
        CHECK(e.is(Errc::authRejected));
        CHECK(e.diagnostics().corp == "corps.Toy");
        CHECK(std::string(e.what()).find("sesame") == std::string::npos);
    }
    CHECK(w.corp.getMembers().empty());
}

TEST_CASE("corp: credentials nested or flat, not both", "[corp]") {
    Context const context;
    auto const make = [&](boost::json::object keys) {
        toy::Type<> const corp(CorpConfig("corps.Toy", "Toy", std::move(keys)), context,
                               toy::wireTo(toy::demo()), MemoryStorage());
        return corp.authConfig()["appSecret"];
    };
    CHECK(make({{"appId", "a"}, {"appSecret", "s"}}) == "s");
    CHECK(make({{"authConfig", {{"appId", "a"}, {"appSecret", "s"}}}}) == "s");
    CHECK(codeOf([&] { make({{"appId", "a"}, {"authConfig", {{"appSecret", "s"}}}}); }) == Errc::config);
    CHECK(codeOf([&] { make({{"appId", "a"}}); }) == Errc::config);
    CHECK(codeOf([&] { make({{"authConfig", "s"}}); }) == Errc::config);
}

TEST_CASE("corp: bulkRegister binds members who exist here, and makes none", "[corp]") {
    toy::World w;
    CorpData const data = w.corp.getThirdCorpData();
    RegisterReport const nobody = w.corp.bulkRegister(data);
    CHECK(nobody.bound == 0);
    CHECK(ids(nobody.unknown) == Ids{"ann", "bob", "cid", "dan", "eve"});
    CHECK(w.corp.getMembers().empty());

    w.corp.syncCorp();
    std::string const ann = w.corp.getMember("ann").userId.valueOr().str();
    CHECK_FALSE(ann.empty());
    RegisterReport const same = w.corp.bulkRegister(data);
    CHECK(same.unchanged == 5);
    CHECK(same.bound == 0);
    CHECK(same.users == 0);

    CorpData changed = data;
    for (CorpMember& m : changed.userList)
        if (m.memberId == "ann") m.photo = "https://toy.example/ann.png";
    std::string const cursor = w.corp.changesSince({}, 100000).back().cursor;
    RegisterReport const some = w.corp.as("alice").bulkRegister(changed, {"ann", "eve", "nobody"});
    CHECK(some.users == 1);
    CHECK(some.unchanged == 1);
    CHECK(ids(some.unknown) == Ids{"nobody"});
    std::vector<FeedEntry> const feed = w.corp.changesSince(cursor);
    REQUIRE(feed.size() == 1);
    CHECK(feed[0].change.table == "User");
    CHECK(feed[0].change.key.at(0).bytes() == ann);
    CHECK(feed[0].caller == "alice");
    CHECK(w.corp.getMember("ann").userId.valueOr() == ann);
    CHECK_FALSE(w.corp.getMember("ann").photo.known());

    CorpData other = data;
    other.corpId = "another";
    CHECK(codeOf([&] { w.corp.bulkRegister(other); }) == Errc::wrongCorp);
}

}  // namespace corp_corp_test
