// Faults found in other programs that sync organisations, with WeCom's own answers: over HTTP, against a
// server that speaks as the platform does. A test for each that can happen there, named after it.
#include "support/wecom_graveyard.hpp"

#include "support/graveyard.hpp"

#include <boost/json/object.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace integration_wecom_graveyard_test {

using namespace corps;
using emulator::FaultKind;

namespace {

using support::failureOf;
using support::Strings;
using support::wecom::kDepts;
using support::wecom::kUsersOf;
using support::wecom::Org;
using support::wecom::Wire;
using Behaviour = emulator::WeComBehaviour;

constexpr char const* kIds = "/cgi-bin/user/list_id";
constexpr char const* kSecret = "s3cret-that-nobody-should-see";

using WeCom = QywxInnerType<Wire, MemoryStorage>;

Behaviour byDepartment() {
    Behaviour b;
    b.ignoreFetchChild = true;
    return b;
}

Behaviour idsOnly(std::size_t page) {
    Behaviour b;
    b.contactSecrets = {kSecret};
    b.pageLimit = page;
    return b;
}

Behaviour part(std::vector<std::string> depts, std::vector<std::string> people = {}) {
    Behaviour b;
    b.scope = support::wecom::scopeOf(std::move(depts), std::move(people));
    return b;
}

boost::json::object keysOf(std::string const& secret) {
    boost::json::object keys;
    keys["corpId"] = "ww1";
    keys["agentId"] = 1000002;
    keys["secret"] = secret;
    return keys;
}

class Bench : public support::GraveyardBench<emulator::WeComServer, WeCom, Wire> {
public:
    explicit Bench(support::Org const& org, Behaviour behaviour = Behaviour(),
                   std::string const& secret = kSecret)
        : GraveyardBench(options(std::move(behaviour)), org, keysOf(secret)) {}

    void answer(char const* match, std::string body) {
        fault(FaultKind::garbage, match, -1, [&body](emulator::Fault& f) {
            f.body = std::move(body);
            f.contentType = "application/json";
        });
    }

private:
    static emulator::WeComOptions options(Behaviour behaviour) {
        behaviour.newApp = false;
        emulator::WeComOptions o;
        o.behaviour = std::move(behaviour);
        return o;
    }
};

}  // namespace

TEST_CASE("wecom: graveyard 1, 2, 7, 8: large departments, many siblings, members of the root, a deep tree",
          "[integration][graveyard][coroutine]") {
    support::wecom::LargeOrg org;
    org.person("root", {"1"}).person("nowhere", {}).person("both", {"1", "101"});
    Behaviour split;
    split.fetchChildRows = 100;
    for (Behaviour const& b : {Behaviour(), byDepartment(), split, idsOnly(50)}) {
        Bench bench(org, b);
        support::wecom::checkLarge(bench, org, 3);
    }
}

TEST_CASE("wecom: graveyard 3, 4: a cursor that repeats, a page that is throttled, pages that are short",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("2").people("m", 9 * 10, "2");
    Bench bench(org, idsOnly(10));
    bench.fault(FaultKind::rateLimit, kIds, 3, [](emulator::Fault& f) { f.after = 6; });
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::done);
    CHECK(bench.server.stats().rateLimited == 3);
    CHECK(bench.active() == 90);
    Org later = org;
    later.without("m7").dept("3");
    bench.show(later);
    for (FaultKind const kind : {FaultKind::repeatCursor, FaultKind::rateLimit, FaultKind::emptySuccess}) {
        CAPTURE(static_cast<int>(kind));
        // The first call is refused, as it is not made by the assistant.
        bench.fault(kind, kIds, -1, [](emulator::Fault& f) { f.after = 3; });
        SyncReport const r = bench.corp.syncCorp();
        CAPTURE(r.toText());
        CHECK(r.outcome == SyncOutcome::incomplete);
        CHECK_FALSE(r.faults.empty());
        CHECK(r.members.removed + r.memberships.removed == 0);
        CHECK(bench.active() == 90);
        CHECK(bench.depts() == Strings{"1", "2", "3"});
        bench.server.clearFaults();
    }
    Behaviour shorter = idsOnly(0);
    shorter.shortPages = true;
    bench.server.setBehaviour(shorter);
    CHECK(bench.corp.syncCorp().members.removed == 1);
    CHECK(bench.active() == 89);
}

TEST_CASE("wecom: graveyard 5: an error code inside an HTTP 200: nothing under it is removed",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("2").dept("3", "2").dept("4", "3").dept("5");
    org.people("b", 3, "2").people("c", 3, "3").people("d", 3, "4").people("z", 3, "5").person("root", {"1"});
    org.role("7", {"b0", "z0"});
    Bench bench(org, byDepartment());
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    bench.fault(FaultKind::code, "department_id=3&", -1, [](emulator::Fault& f) { f.code = 60003; });
    bench.fault(FaultKind::code, "tagid=7&", -1, [](emulator::Fault& f) { f.code = 40068; });
    // Meanwhile somebody has left where nothing can be read, and somebody where all can be read.
    Org later = org;
    bench.show(later.without("c1").without("z1").without("z0"));
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.outcome == SyncOutcome::incomplete);
    CHECK(r.faults.size() == 2);
    CHECK(bench.depts() == Strings{"1", "2", "3", "4", "5"});
    CHECK(bench.status("c1") == MemberStatus::active);
    CHECK(bench.corp.getDeptMembers("3").size() == 3);
    CHECK(bench.corp.getDeptMembers("5").size() == 1);
    bench.server.clearFaults();
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::done);
    CHECK(bench.status("c1") == MemberStatus::resigned);
    CHECK(bench.status("z1") == MemberStatus::resigned);
    CHECK(bench.active() == 10);
    // The one recursive list, and the tree.
    bench.server.setBehaviour(Behaviour());
    bench.show(later.without("b1"));
    bench.fault(FaultKind::code, kUsersOf, -1, [](emulator::Fault& f) { f.code = 60003; });
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::incomplete);
    bench.server.clearFaults();
    bench.fault(FaultKind::code, kDepts, -1, [](emulator::Fault& f) { f.code = 60003; });
    CHECK(failureOf(bench.corp));
    CHECK(bench.active() == 10);
}

TEST_CASE("wecom: graveyard 6: the record of one person fails: never blank, never resigned",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("2").people("a", 3, "2").person("alone", {"1"}).person("gone", {"1"});
    Bench bench(org, part({"2"}, {"alone", "gone"}));
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    std::string const nick = bench.corp.getMember("alone").nick.value();
    bench.fault(FaultKind::status, "userid=alone&");
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.outcome == SyncOutcome::incomplete);
    REQUIRE(r.faults.size() == 1);
    CHECK(r.faults[0].place == "visible person alone");
    CHECK(bench.active() == 5);
    CHECK(bench.corp.getMember("alone").nick.value() == nick);
    bench.server.clearFaults();
    // No longer visible, and nobody can say why: the answer fails, or says "nobody here" of both.
    bench.server.setBehaviour(part({"2"}, {"alone"}));
    for (std::int64_t const code : {-1, 60111, 60011}) {
        CAPTURE(code);
        bench.fault(FaultKind::code, "userid=gone&", -1, [code](emulator::Fault& f) { f.code = code; });
        CHECK(bench.corp.syncCorp().members.removed == 0);
        CHECK(bench.status("gone") == MemberStatus::active);
        bench.server.clearFaults();
    }
    CHECK(bench.corp.verifyCorp().ok);
}

TEST_CASE("wecom: graveyard 9: ids of any form: taken, left out or refused by a rule, never a crash",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("2").dept("4294967295").people("m", 3, "2").person("Big@Id.x-_", {"4294967295"});
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    CHECK(bench.depts() == Strings{"1", "2", "4294967295"});
    auto const tree = [](std::string const& item) {
        return R"({"errcode":0,"errmsg":"ok","department":[{"id":1,"name":"x","parentid":0},)"
               R"({"id":2,"name":"y","parentid":1},{"id":4294967295,"name":"z","parentid":1},)" +
               item + "]}";
    };
    for (char const* const item : {R"({"id":"x","name":"x","parentid":1})", R"({"id":null})",
                                   R"({"name":"x"})", R"({"id":{"a":1}})", "7"}) {
        CAPTURE(item);
        bench.answer(kDepts, tree(item));
        std::optional<Error> const e = failureOf(bench.corp);
        REQUIRE(e);
        CHECK(e->is(Errc::protocol));
        CHECK(bench.active() == 4);
        bench.server.clearFaults();
    }
    // Those that cannot be a department's are left out.
    for (char const* const item :
         {R"({"id":0,"name":"x","parentid":1})", R"({"id":-7,"name":"x","parentid":1})"}) {
        CAPTURE(item);
        bench.answer(kDepts, tree(item));
        CHECK_FALSE(failureOf(bench.corp));
        CHECK(bench.depts() == Strings{"1", "2", "4294967295"});
        bench.server.clearFaults();
    }
    for (char const* const item :
         {R"({"userid":5,"name":"x"})", R"({"userid":null})", R"({"name":"x"})", R"({"userid":""})"}) {
        CAPTURE(item);
        bench.answer(kUsersOf, std::string(R"({"errcode":0,"errmsg":"ok","userlist":[)") + item + "]}");
        std::optional<Error> const e = failureOf(bench.corp);
        CHECK((!e || e->is(Errc::protocol)));
        CHECK(bench.active() == 4);
        bench.server.clearFaults();
    }
    CHECK_FALSE(failureOf(bench.corp));
    CHECK(bench.corp.verifyCorp().ok);
}

TEST_CASE("wecom: graveyard 10, 11: fields that are withheld stay what they were; phones of any form",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("2").people("m", 4, "2");
    org.member("m1").phone = "+4915112345678";
    org.member("m2").phone = "";
    org.member("m3").phone = "call the desk, ext. 12";
    org.member("m0").gender = 2;
    Bench bench(org);
    SyncReport const first = bench.corp.syncCorp();
    CHECK(first.outcome == SyncOutcome::done);
    CHECK(first.warnings.size() <= 1);
    std::string const phone = bench.corp.getMember("m0").phone.value();
    CHECK(phone == "+8613800001000");
    CHECK(bench.corp.getMember("m1").phone.value() == "+4915112345678");
    CHECK(bench.corp.getMember("m3").phone.value() == "call the desk, ext. 12");
    org.member("m0").nick = "Changed";
    org.member("m0").phone = "+8613900000000";
    bench.show(org);
    for (bool const empty : {false, true}) {
        Behaviour b;
        b.newApp = true;
        b.emptyFields = empty;
        bench.server.setBehaviour(b);
        SyncReport const r = bench.corp.syncCorp();
        CHECK(r.outcome == (empty ? SyncOutcome::unchanged : SyncOutcome::done));
        auto const m = bench.corp.getMember("m0");
        CHECK(m.nick.value() == "Changed");
        CHECK(m.phone.value() == phone);
        CHECK(m.email.value() == "m0@graveyard.example");
        CHECK(m.gender.known());
    }
}

TEST_CASE("wecom: graveyard 12: a token that expires is renewed once; one of the wrong kind is a clear error",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("2").people("m", 25, "2");
    Bench bench(org);
    support::wecom::checkExpiredToken(bench);
    CHECK(bench.server.stats().tokensIssued == 2);
    bench.server.resetStats();
    Error const e = support::wecom::checkWrongToken(bench);
    CHECK(e.diagnostics().upstreamCode == 40014);
    CHECK(e.message() == "the platform refuses the application's token for this call");
    CHECK(bench.server.stats().tokensIssued <= 1);  // there is one code for both: asked once again
}

TEST_CASE(
    "wecom: graveyard 14, 15, 19, 20: who is one person and who is two, what is one value and what is two",
    "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("2").dept("3").people("m", 5, "2");
    for (char const* const id : {"m0", "m1"}) {
        org.member(id).nick = "Zhang San";
        org.member(id).phone = "+8613800000000";
        org.member(id).email = "zhang@graveyard.example";
    }
    org.member("m2").nick = "a|b";
    org.member("m2").email = "c";
    Bench bench(org);
    CHECK(bench.corp.syncCorp().users.created == 5);
    CHECK(bench.corp.getMember("m0").userId != bench.corp.getMember("m1").userId);

    bench.show(org.person("both", {"2", "3"}));
    SyncReport const both = bench.corp.syncCorp();
    CHECK(both.members.created == 1);
    CHECK(both.users.created == 1);
    CHECK(both.memberships.created == 2);
    auto const in = bench.corp.getMemberDepts("both");
    REQUIRE(in.size() == 2);
    CHECK(in[0].isPrimary.value() != in[1].isPrimary.value());

    org.member("m2").nick = "a";
    org.member("m2").email = "b|c";
    bench.show(org);
    CHECK(bench.corp.syncCorp().members.updated == 1);
    CHECK(bench.corp.getMember("m2").email.value() == "b|c");

    // WeCom has no id beside the one that was renamed: two people, none of whom takes the other's place.
    auto const user = bench.corp.getMember("m4").userId;
    org.member("m4").memberId = "renamed";
    bench.show(org);
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::done);
    CHECK(bench.status("m4") == MemberStatus::resigned);
    CHECK(bench.corp.getMember("m4").userId == user);
    CHECK(bench.corp.getMember("renamed").userId != user);
}

TEST_CASE("wecom: graveyard 16, 17, 18: departments renamed and moved, names swapped, a circle",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("2").dept("3").people("m", 40, "2").person("root", {"1"});
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    for (int const what : {1, 2, 3}) {
        if ((what & 1) != 0) org.department("2").name += "!";
        if ((what & 2) != 0) org.department("2").parentId = what == 2 ? "3" : "1";
        bench.show(org);
        SyncPlan const plan = bench.corp.planSync();
        REQUIRE(plan.changes.size() == 1);
        CHECK(plan.changes[0].cells.size() == (what == 3 ? 2U : 1U));
        CHECK(bench.corp.syncCorp().departments.updated == 1);
    }
    CHECK(bench.corp.getDeptMembers("2").size() == 40);
    std::string const name = org.department("2").name;
    std::swap(org.department("2").name, org.department("3").name);
    bench.show(org);
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.departments.updated == 2);
    CHECK(r.departments.created + r.departments.removed + r.memberships.created + r.memberships.removed == 0);
    CHECK(bench.corp.getDept("3").name == name);

    bench.answer(kDepts, R"({"errcode":0,"errmsg":"ok","department":[{"id":1,"name":"x","parentid":0},)"
                         R"({"id":2,"name":"y","parentid":3},{"id":3,"name":"z","parentid":2}]})");
    std::optional<Error> const refused = failureOf(bench.corp);
    REQUIRE(refused);
    CHECK(refused->is(Errc::brokenSnapshot));
    CHECK((refused->diagnostics().place == "department 2" || refused->diagnostics().place == "department 3"));
    CHECK(bench.corp.getDept("2").parentId == "1");
    bench.server.clearFaults();
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
}

TEST_CASE("wecom: graveyard 21: nothing changed: no writes at all, and no log line above debug",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("2").dept("3", "2").people("m", 70, "2").people("n", 3, "3").role("7", {"m0"});
    Bench bench(org);
    support::checkNothingWritten(bench);
}

TEST_CASE("wecom: graveyard 23: success with an empty list where there were people: nothing removed",
          "[integration][graveyard][coroutine]") {
    Org const org = support::wecom::peopled();
    for (bool const recursive : {true, false}) {
        Bench bench(org, recursive ? Behaviour() : byDepartment());
        support::wecom::checkEmptyLists(bench, recursive, "7");
        // Who really left, did, though the list of the department looks the same.
        Org later = org;
        bench.show(later.without("single"));
        SyncReport const left = bench.corp.syncCorp();
        CAPTURE(left.toText());
        CHECK(left.outcome == SyncOutcome::done);
        CHECK(left.members.removed == 1);
        CHECK(bench.status("single") == MemberStatus::resigned);
        bench.show(later.withoutDept("4"));
        CHECK(bench.corp.syncCorp().departments.removed == 1);
        CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
        CHECK(bench.corp.verifyCorp().ok);
    }
}

TEST_CASE(
    "wecom: graveyard 23: who stands in two departments keeps both, and the tag by one, when the list of "
    "that "
    "one comes back empty",
    "[integration][graveyard][coroutine]") {
    for (std::size_t const n : {1U, 3U}) {
        CAPTURE(n);
        Org org;
        org.dept("2").dept("3").people("m", 60, "3").person("root", {"1"}).role("7", {}).role("8", {"m1"});
        for (std::size_t i = 0; i < n; ++i) org.person("both" + std::to_string(i), {"2", "3"});
        Behaviour b = byDepartment();
        b.tagDepts["7"] = {"2"};
        Bench bench(org, b);
        std::size_t having = n;
        support::checkPlacesStay(
            bench, org, "2", [&] { bench.fault(FaultKind::emptySuccess, "department_id=2&"); },
            [&] { CHECK(bench.corp.getRoleMembers("7").size() == having); });
        CHECK(bench.corp.getRoleMembers("7").empty());
    }
}

TEST_CASE("wecom: graveyard 23: whoever is visible one by one keeps the place that their record names",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("2").dept("3").people("m", 60, "3").person("named", {"2"}).role("7", {});
    Behaviour b = part({"2", "3"}, {"named"});
    b.newApp = false;
    b.tagDepts["7"] = {"2"};
    Bench bench(org, b);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    REQUIRE(bench.corp.getRoleMembers("7").size() == 1);
    bench.fault(FaultKind::emptySuccess, "department_id=2&");
    for (int i = 0; i < 2; ++i) {
        SyncReport const r = bench.corp.syncCorp();
        CAPTURE(r.toText());
        CHECK(r.outcome == SyncOutcome::incomplete);
        CHECK(r.memberships.removed + r.roleMembers.removed == 0);
        CHECK(bench.corp.getDeptMembers("2").size() == 1);
        CHECK(bench.corp.getRoleMembers("7").size() == 1);
    }
    bench.server.clearFaults();
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
}

TEST_CASE("wecom: graveyard 24: the scope narrowed from the root to one department: out of scope, not left",
          "[integration][graveyard][coroutine]") {
    Behaviour wide;
    wide.newApp = false;
    support::wecom::checkNarrowed<Bench>(wide);
}

TEST_CASE("wecom: graveyard 25, 26: a leaver, listed or not, and one who returns",
          "[integration][graveyard][coroutine]") {
    support::wecom::checkLeaversReturn<Bench>();
}

TEST_CASE("wecom: graveyard 27, 28: the last administrator, and what was made here",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("2").dept("3").people("m", 60, "2").person("x", {"3"}).role("7", {"m0", "m1"});
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    auto const ours = bench.corp.createRole("Keeper", bench.corp.createRoleGroup("Ours").roleGroupId);
    bench.corp.addRoleMember(ours.roleId, {"m2", "m3"});
    bench.corp.setDeptLimit(ours.roleId, "m2", {"3"});
    bench.corp.setAdmin({"m4"});
    bench.corp.saveUserSignature("m2", "https://files.example/m2.png");
    bench.corp.offlineMember({"m5"});
    Org later = org;
    for (emulator::Member& m : later.data.userList) m.nick += "!";
    later.member("x").departments[0].deptId = "2";
    later.withoutDept("3");
    std::erase_if(later.data.roleMemberSet, [](emulator::RoleMember const& m) { return m.memberId == "m0"; });
    bench.show(later);
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::done);
    CHECK(bench.corp.getMember("m5").nick.value() == "Person m5!");
    CHECK(bench.status("m5") == MemberStatus::resigned);
    CHECK(bench.corp.getRoleMembers(ours.roleId).size() == 2);
    CHECK(bench.corp.getRoleMembers("7").size() == 1);
    CHECK(bench.corp.getDeptLimit(ours.roleId, "m2") == std::vector<DeptId>{"3"});
    CHECK(bench.corp.getAdmin() == std::vector<MemberId>{"m4"});
    CHECK(bench.corp.getUserSignature("m2").signature == "https://files.example/m2.png");
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);

    bench.show(later.without("m4"));
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.outcome == SyncOutcome::held);
    REQUIRE(r.holds.size() == 1);
    CHECK(r.holds[0].reason == HoldReason::lastAdmin);
    CHECK(bench.status("m4") == MemberStatus::active);
    bench.corp.approve(r.digest);
    CHECK(bench.corp.syncCorp().members.removed == 1);
    CHECK(bench.corp.verifyCorp().ok);
}

TEST_CASE("wecom: graveyard 32: no phone, mail, token, secret or name in what a whole run says",
          "[integration][graveyard][coroutine]") {
    Org const org = support::wecom::talkedAbout();
    Bench bench(org, Behaviour());
    support::Witness witness;
    auto const attempt = [&](WeCom& corp) { witness.attempt([&] { witness.hear(corp.syncCorp()); }); };
    attempt(bench.corp);
    emulator::Member const somebody = org.data.userList[0];
    support::wecom::failIndiscreetly(bench, {"/gettoken", "/agent/get", kDepts, kUsersOf, "/tag/get"},
                                     {40001, 40014, 42001, 45009, 48002, 60011, 60020, 60111, -1, 1}, kSecret,
                                     [&] { attempt(bench.corp); });
    bench.answer(kUsersOf, R"({"errcode":0,"userlist":[{"name":")" + somebody.nick + R"(","mobile":")" +
                               somebody.phone + R"(","userid":7}]})");
    attempt(bench.corp);
    bench.server.clearFaults();
    bench.show(Org().dept("2").people("somebody", 3, "2"));
    attempt(bench.corp);
    bench.server.setBehaviour(part({"2"}));
    attempt(bench.corp);
    WeCom stranger(bench.config(keysOf("another-s3cret")), bench.context(), bench.wire, MemoryStorage());
    bench.fault(FaultKind::code, "/gettoken", -1, [](emulator::Fault& f) {
        f.code = 40001;
        f.msg = "invalid credential another-s3cret";
    });
    bench.server.advanceClock(std::chrono::hours(3));
    attempt(stranger);
    support::wecom::checkDiscreet(bench, witness, {kSecret, "another-s3cret"});
}

}  // namespace integration_wecom_graveyard_test
