// Faults found in other programs that sync organisations, with Feishu's own answers: over HTTP, against a
// server that speaks as the platform does. A test for each that can happen there, named after it.
#include "support/graveyard.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace integration_feishu_graveyard_test {

using namespace corps;
using emulator::FaultKind;

namespace {

using Feishu = FSInnerType<HttpsTransport, MemoryStorage>;
using support::failureOf;
using support::Strings;

constexpr char const* kUsersOf = "/users/find_by_department";
constexpr char const* kChildren = "/children";

class Org : public support::Org {
public:
    Org() : support::Org("grave", "0") {}
};

class Bench : public support::GraveyardBench<emulator::FeishuServer, Feishu, HttpsTransport> {
public:
    explicit Bench(support::Org const& org, boost::json::array roles = {})
        : Bench({}, org, std::move(roles)) {}
    Bench(emulator::FeishuBehaviour const& behaviour, support::Org const& org, boost::json::array roles = {})
        : GraveyardBench(options(behaviour), org, keys(std::move(roles))) {}

private:
    static emulator::FeishuOptions options(emulator::FeishuBehaviour const& behaviour) {
        emulator::FeishuOptions o;
        o.behaviour = behaviour;
        return o;
    }
    static boost::json::object keys(boost::json::array roles) {
        boost::json::object keys;
        keys["appId"] = "cli_graveyard";
        keys["appSecret"] = "irrelevant-but-present";
        keys["userIdType"] = "user_id";
        keys["departmentIdType"] = "department_id";
        if (!roles.empty()) keys["roles"] = std::move(roles);
        return keys;
    }
};

/** Where Feishu's tokens travel: as bearers, and in the answers that give them out. */
struct Ear {
    static void request(Request const& q, support::Tokens const& tokens) {
        std::string_view const authorization = findHeader(q.headers, "Authorization");
        if (authorization.size() > 7) tokens.add(authorization.substr(7));
    }
    static void answer(Response const& p, support::Tokens const& tokens) {
        for (char const* const key : {"tenant_access_token", "access_token", "refresh_token"})
            tokens.addBehind(p.body, "\"" + std::string(key) + "\":\"", '"');
    }
};

/** A corp over an overheard wire, and all that it says in public. */
class Witness : public support::Witness {
public:
    using Overheard = FSInnerType<support::Overhearing<Ear>, MemoryStorage>;

    explicit Witness(emulator::Organisation organisation) : server(options(), std::move(organisation)) {}

    Overheard corp(std::string const& secret) {
        boost::json::object keys;
        keys["appId"] = "cli_graveyard";
        keys["appSecret"] = secret;
        keys["baseUrl"] = server.baseUrl();
        keys["accountsBaseUrl"] = server.baseUrl();
        return Overheard(support::configOf(std::move(keys)), support::contextOf(log), wire, storage);
    }

    emulator::FeishuServer server;
    MemoryStorage storage;
    support::Overhearing<Ear> wire;
    testing::RecordingLogger log;

private:
    static emulator::FeishuOptions options() {
        emulator::FeishuOptions o;
        o.credentials = {{"cli_graveyard", "s3cret-that-nobody-should-see"}};
        return o;
    }
};

emulator::FeishuBehaviour levelByLevel() {
    emulator::FeishuBehaviour b;
    b.recursionLimit = 1;
    return b;
}

}  // namespace

TEST_CASE("feishu: graveyard 1: a department with 101, 200, 250 members: all arrive",
          "[integration][graveyard][coroutine]") {
    Org org;
    for (std::size_t const n : {101U, 200U, 250U}) {
        std::string const dept = "d" + std::to_string(n);
        org.dept(dept).people(dept + "-", n, dept);
    }
    Bench bench(org);
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::done);
    for (std::size_t const n : {101U, 200U, 250U})
        CHECK(bench.corp.getDeptMembers("d" + std::to_string(n)).size() == n);
    CHECK(bench.active() == 551);
}

TEST_CASE("feishu: graveyard 2: 51 sibling departments: all arrive", "[integration][graveyard][coroutine]") {
    Org org;
    for (int i = 0; i < 51; ++i) org.dept("s" + std::to_string(i));
    for (bool const recursive : {true, false}) {
        Bench bench(recursive ? emulator::FeishuBehaviour() : levelByLevel(), org);
        CHECK(bench.corp.syncCorp().outcome == SyncOutcome::done);
        CHECK(bench.depts().size() == 52);
    }
}

TEST_CASE("feishu: graveyard 3: a cursor that repeats: an error, not a loop",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("big").people("m", 120, "big");
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    bench.fault(FaultKind::repeatCursor, "department_id=big", -1, [](emulator::Fault& f) { f.after = 1; });
    bench.show(org.without("m7").dept("more"));
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.outcome == SyncOutcome::incomplete);
    REQUIRE(r.faults.size() == 1);
    CHECK(r.faults[0].code == make_error_code(Errc::protocol));
    CHECK(r.faults[0].place == "members of department big, page 2");
    CHECK(bench.active() == 120);
    CHECK(bench.depts() == Strings{"0", "big", "more"});
    bench.server.clearFaults();
    CHECK(bench.corp.syncCorp().members.removed == 1);
}

TEST_CASE("feishu: graveyard 3: page 7 of 9 throttled: retried, then either whole or reported incomplete",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("big").people("m", 9 * 50, "big");
    Bench bench(org);
    auto const throttle = [&bench](std::int64_t times, bool headers) {
        bench.fault(FaultKind::rateLimit, "department_id=big", times, [headers](emulator::Fault& f) {
            f.after = 6;
            f.resetSeconds = 3;
            f.headers = headers;
        });
    };
    throttle(3, true);
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::done);
    CHECK(bench.server.stats().rateLimited == 3);
    CHECK(bench.active() == 450);
    throttle(-1, false);
    bench.show(org.without("m0").without("m449"));
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.outcome == SyncOutcome::incomplete);
    REQUIRE(r.faults.size() == 1);
    CHECK(r.faults[0].place == "members of department big, page 7");
    CHECK(r.faults[0].code == make_error_code(Errc::rateLimited));
    CHECK(r.faults[0].upstreamCode == 99991400);
    CHECK_FALSE(r.faults[0].requestId.empty());
    CHECK(bench.active() == 450);
}

TEST_CASE("feishu: graveyard 4: a returned next cursor that is not cursor + size: followed",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("big").people("m", 170, "big");
    for (int i = 0; i < 70; ++i) org.dept("d" + std::to_string(i), "big");
    emulator::FeishuBehaviour short_;
    short_.shortPages = true;
    Bench bench(short_, org);
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::done);
    CHECK(bench.active() == 170);
    CHECK(bench.depts().size() == 72);
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
}

TEST_CASE(
    "graveyard 5: an error code inside an HTTP 200 in the middle of a tree walk: nothing under it is removed",
    "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").dept("b", "a").dept("c", "b").dept("z");
    org.people("a", 3, "a").people("b", 3, "b").people("c", 3, "c").people("z", 3, "z");
    Bench bench(levelByLevel(), org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    bench.fault(FaultKind::code, "/departments/b/children", -1, [](emulator::Fault& f) {
        f.code = 40008;
        f.msg = "dept info is null";
    });
    // Meanwhile somebody has left below the part that cannot be read, and somebody where all can be read.
    bench.show(org.without("c1").without("z1"));
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.outcome == SyncOutcome::incomplete);
    REQUIRE(r.faults.size() == 1);
    CHECK(r.faults[0].place == "departments below b, page 1");
    CHECK(bench.depts() == Strings{"0", "a", "b", "c", "z"});
    CHECK(bench.corp.getMember("c1").status == MemberStatus::active);
    CHECK(bench.corp.getDeptMembers("c").size() == 3);
    bench.server.clearFaults();
    SyncReport const whole = bench.corp.syncCorp();
    CHECK(whole.outcome == SyncOutcome::done);
    CHECK(bench.corp.getMember("c1").status == MemberStatus::resigned);
    CHECK(bench.corp.getMember("z1").status == MemberStatus::resigned);
}

TEST_CASE("feishu: graveyard 6: the detail call of one person fails: never blank, never resigned",
          "[integration][graveyard][coroutine]") {
    // Where the range names people one by one, their records are details: by the batch, and one by one for
    // who is not shown any more.
    Org org;
    org.dept("a").people("a", 3, "a").person("alone", {"0"}).person("gone", {"0"});
    emulator::FeishuBehaviour part;
    part.range.all = false;
    part.range.deptIds = {"a"};
    part.range.memberIds = {"alone", "gone"};
    Bench bench(part, org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    std::string const phone = bench.corp.getMember("alone").phone.value();

    SECTION("the batch") {
        bench.fault(FaultKind::status, "/users/batch", -1);
        SyncReport const r = bench.corp.syncCorp();
        CHECK(r.outcome == SyncOutcome::incomplete);
        REQUIRE(r.faults.size() == 1);
        CHECK(r.faults[0].place == "visible people 1 to 2");
        CHECK(bench.active() == 5);
        CHECK(bench.corp.getMember("alone").phone.value() == phone);
        CHECK(bench.corp.getMember("alone").nick.value() == "Person alone");
    }
    SECTION("the one") {
        part.range.memberIds = {"alone"};
        bench.server.setBehaviour(part);
        bench.fault(FaultKind::status, "/users/gone", -1);
        SyncReport const r = bench.corp.syncCorp();
        CHECK(r.outOfScope == std::vector<std::string>{"gone"});
        CHECK(r.members.removed == 0);
        CHECK(bench.corp.getMember("gone").status == MemberStatus::active);
        CHECK_FALSE(bench.corp.getMember("gone").phone.value().empty());
    }
    CHECK(bench.corp.verifyCorp().ok);
}

TEST_CASE("feishu: graveyard 7: members directly under the root: present",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").person("root", {"0"}).person("nowhere", {}).person("both", {"0", "a"});
    for (bool const named : {true, false}) {
        emulator::FeishuBehaviour b;
        b.rootMembersHaveNoDept = !named;
        Bench bench(b, org);
        CHECK(bench.corp.syncCorp().outcome == SyncOutcome::done);
        CHECK(bench.memberships() == Strings{"0/root", "0/nowhere", "0/both", "a/both"});
    }
}

TEST_CASE("feishu: graveyard 8: a tree twelve levels deep: present", "[integration][graveyard][coroutine]") {
    Org org;
    std::string parent = "0";
    for (int i = 0; i < 12; ++i) {
        std::string const id = "l" + std::to_string(20 - i);
        org.dept(id, parent).person("m" + std::to_string(i), {id});
        parent = id;
    }
    for (bool const childrenFirst : {false, true}) {
        emulator::FeishuBehaviour b;
        b.parentsAfterChildren = childrenFirst;
        Bench bench(b, org);
        CHECK(bench.corp.syncCorp().outcome == SyncOutcome::done);
        CHECK(bench.corp.getDept("l9").path.size() == 13);
        CHECK(bench.active() == 12);
    }
    Bench levels(levelByLevel(), org);
    CHECK(levels.corp.syncCorp().outcome == SyncOutcome::done);
    CHECK(levels.corp.getDept("l9").path.size() == 13);
}

TEST_CASE(
    "feishu: graveyard 9: a negative department id, one like the root's, a 64-bit one: texts like any other",
    "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("-1").dept("00").dept("18446744073709551616").dept("a.b_c-d@e");
    org.person("-7", {"-1"}).person("0", {"00"}).person("9223372036854775808", {"18446744073709551616"});
    Bench bench(org);
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::done);
    CHECK(bench.depts() == Strings{"0", "-1", "00", "18446744073709551616", "a.b_c-d@e"});
    CHECK(bench.memberships() == Strings{"-1/-7", "00/0", "18446744073709551616/9223372036854775808"});
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
}

TEST_CASE("feishu: graveyard 9: an id that is a number, or none: refused by its place, never a crash",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").people("m", 3, "a");
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    auto const answer = [&bench](char const* match, std::string const& item) {
        bench.server.clearFaults();
        bench.fault(FaultKind::garbage, match, -1, [&item](emulator::Fault& f) {
            f.body = R"({"code":0,"msg":"success","data":{"has_more":false,"items":[)" + item + "]}}";
            f.contentType = "application/json";
        });
    };
    for (char const* const item :
         {R"({"department_id":5,"name":"x","parent_department_id":"0"})", R"({"department_id":null})",
          R"({"name":"x"})", R"({"department_id":""})"}) {
        CAPTURE(item);
        answer(kChildren, item);
        std::optional<Error> const e = failureOf(bench.corp);
        REQUIRE(e);
        CHECK(e->is(Errc::protocol));
        CHECK(e->message().find("department_id") != std::string::npos);
        CHECK(bench.active() == 3);
    }
    for (char const* const item : {R"({"user_id":5,"name":"x"})", R"({"user_id":null})", R"({"name":"x"})"}) {
        CAPTURE(item);
        answer("department_id=a&", item);
        SyncReport const r = bench.corp.syncCorp();
        CHECK(r.outcome == SyncOutcome::incomplete);
        REQUIRE(r.faults.size() == 1);
        CHECK(r.faults[0].place.find(" of a") != std::string::npos);
        CHECK(bench.active() == 3);
    }
}

TEST_CASE("feishu: graveyard 10: a field absent because it was not granted: unknown, the old value stays",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").people("m", 3, "a");
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    std::string const phone = bench.corp.getMember("m0").phone.value();

    emulator::FeishuBehaviour less = bench.server.behaviour();
    std::erase(less.scopes, "contact:user.phone:readonly");
    std::erase(less.scopes, "contact:user.email:readonly");
    std::erase(less.scopes, "contact:user.employee:readonly");
    bench.server.setBehaviour(less);
    org.member("m0").nick = "Changed";
    org.member("m0").phone = "+8613900000000";
    bench.show(org);
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.outcome == SyncOutcome::done);
    CHECK(bench.corp.getMember("m0").nick.value() == "Changed");
    CHECK(bench.corp.getMember("m0").phone.value() == phone);
    CHECK(bench.corp.getMember("m0").email.value() == "m0@graveyard.example");
    CHECK(bench.corp.getMember("m0").status == MemberStatus::active);
    for (char const* const scope :
         {"contact:user.phone:readonly", "contact:user.email:readonly", "contact:user.employee:readonly"})
        CHECK(std::count(r.missingPermissions.begin(), r.missingPermissions.end(), scope) == 1);

    // Granted and empty is something else.
    bench.server.setBehaviour(emulator::FeishuBehaviour());
    org.member("m0").phone.clear();
    bench.show(org);
    static_cast<void>(bench.corp.syncCorp());
    CHECK(bench.corp.getMember("m0").phone.value().empty());
}

TEST_CASE(
    "graveyard 11: a phone that does not parse, a foreign one, none at all: at most one warning, the sync "
    "goes on",
    "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").people("m", 4, "a");
    org.member("m0").phone = "call the desk, ext. 12";
    org.member("m1").phone = "+4915112345678";
    org.member("m2").phone = "";
    org.member("m3").phone = "+8613812345678";
    Bench bench(org);
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.outcome == SyncOutcome::done);
    CHECK(r.warnings.size() <= 1);
    CHECK(bench.corp.getMember("m0").phone.value() == "call the desk, ext. 12");
    CHECK(bench.corp.getMember("m1").phone.value() == "+4915112345678");
    CHECK(bench.corp.getMember("m2").phone.value().empty());
    CHECK(bench.corp.getMember("m3").phone.value() == "+8613812345678");
}

TEST_CASE("feishu: graveyard 12: a token that expires between two pages: refreshed once",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("big").people("m", 250, "big");
    Bench bench(org);
    bench.fault(FaultKind::expireToken, "department_id=big", 1, [](emulator::Fault& f) { f.after = 2; });
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::done);
    CHECK(bench.active() == 250);
    CHECK(bench.server.stats().tokensIssued == 2);
}

TEST_CASE("feishu: graveyard 12: a token of the wrong kind: a clear error",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").people("m", 3, "a");
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    bench.server.resetStats();
    bench.fault(FaultKind::wrongToken, kUsersOf, -1);
    std::optional<Error> const e = failureOf(bench.corp);
    REQUIRE(e);
    CHECK(e->is(Errc::authRejected));
    CHECK_FALSE(e->retryable());
    CHECK(e->diagnostics().corp == "corps.Grave");
    CHECK(e->diagnostics().endpoint == "GET /open-apis/contact/v3/users/find_by_department");
    CHECK(e->diagnostics().upstreamCode == 99991668);
    CHECK(e->message() == "the platform refuses the application's token for this call");
    CHECK(bench.server.stats().tokensIssued == 0);  // another would be of the same kind
    CHECK(bench.active() == 3);
}

TEST_CASE("feishu: graveyard 14: a person in two departments, new in this run: one person, two memberships",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").dept("b").people("m", 3, "a");
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    bench.show(org.person("both", {"a", "b"}));
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.members.created == 1);
    CHECK(r.users.created == 1);
    CHECK(r.memberships.created == 2);
    auto const in = bench.corp.getMemberDepts("both");
    REQUIRE(in.size() == 2);
    CHECK(in[0].deptId == "a");
    CHECK(in[0].isPrimary.value());
    CHECK_FALSE(in[1].isPrimary.value());
}

TEST_CASE("feishu: graveyard 15: two people with the same name: two people",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").people("m", 2, "a");
    for (char const* const id : {"m0", "m1"}) {
        org.member(id).nick = "Zhang San";
        org.member(id).phone = "+8613800000000";
        org.member(id).email = "zhang@graveyard.example";
    }
    Bench bench(org);
    CHECK(bench.corp.syncCorp().users.created == 2);
    CHECK(bench.corp.getMember("m0").userId != bench.corp.getMember("m1").userId);
}

TEST_CASE(
    "graveyard 16: a department renamed, moved, or both, with 40 people in it: one change, on the department",
    "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").dept("b").people("m", 40, "a");
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    for (int const what : {1, 2, 3}) {
        if ((what & 1) != 0) org.department("a").name += "!";
        if ((what & 2) != 0) org.department("a").parentId = what == 2 ? "b" : "0";
        bench.show(org);
        SyncPlan const plan = bench.corp.planSync();
        REQUIRE(plan.changes.size() == 1);
        CHECK(plan.changes.table(0) == tablesOf<>().dept->name);
        CHECK(plan.changes[0].cells.size() == (what == 3 ? 2U : 1U));
        CHECK(bench.corp.syncCorp().departments.updated == 1);
    }
    CHECK(bench.corp.getDeptMembers("a").size() == 40);
}

TEST_CASE("feishu: graveyard 17: two departments swap their names: two renames, no collision",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").dept("b").people("m", 2, "a");
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    std::swap(org.department("a").name, org.department("b").name);
    bench.show(org);
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.departments.updated == 2);
    CHECK(r.departments.created + r.departments.removed + r.memberships.created + r.memberships.removed == 0);
    CHECK(bench.corp.getDept("a").name == "Department b");
    CHECK(bench.corp.getDept("b").name == "Department a");
}

TEST_CASE(
    "graveyard 18: a department moved under its own child between two calls: the cycle is refused and named",
    "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").dept("b", "a").people("m", 3, "b");
    emulator::FeishuBehaviour small;
    small.pageLimit = 1;
    Bench bench(small, org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);

    // The first page still shows b under a; before the second one, b has become the upper one.
    Org turned = org;
    turned.department("b").parentId = "0";
    turned.department("a").parentId = "b";
    emulator::FeishuBehaviour reversed = small;
    reversed.parentsAfterChildren = true;
    bench.server.setBehaviour(reversed);
    constexpr char const* kList = "GET /open-apis/contact/v3/departments/:department_id/children";
    bench.server.resetStats();
    bool turnedNow = false;
    bench.onProgress = [&] {
        if (!turnedNow && bench.server.stats().of(kList) == 1) {
            turnedNow = true;
            bench.server.setBehaviour(small);
            bench.show(turned);
        }
    };
    SyncOptions inTurn;
    inTurn.concurrency = 1;
    std::optional<Error> refused;
    try {
        static_cast<void>(bench.corp.syncCorp(inTurn));
    } catch (Error const& e) {
        refused = e;
    }
    CHECK(turnedNow);
    REQUIRE(refused);
    CHECK(refused->is(Errc::brokenSnapshot));
    CHECK((refused->diagnostics().place == "department a" || refused->diagnostics().place == "department b"));
    CHECK(bench.corp.getDept("b").parentId == "a");
    CHECK(bench.corp.syncCorp().departments.updated == 2);
    CHECK(bench.corp.getDept("a").parentId == "b");
}

TEST_CASE("feishu: graveyard 19: a member whose id is renamed upstream: the same person",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").people("m", 5, "a");
    org.member("m1").unionId = "on_0000000000000000000000000000abcd";
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    auto const user = bench.corp.getMember("m1").userId;
    org.member("m1").memberId = "renamed";
    bench.show(org);
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.users.created == 0);
    CHECK(bench.corp.getMember("renamed").userId == user);
    CHECK(bench.corp.getMember("m1").status == MemberStatus::resigned);
}

TEST_CASE("feishu: graveyard 20: values a|b and c against a and b|c: different",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").people("m", 2, "a");
    org.member("m0").nick = "a|b";
    org.member("m0").email = "c";
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    org.member("m0").nick = "a";
    org.member("m0").email = "b|c";
    bench.show(org);
    CHECK(bench.corp.syncCorp().members.updated == 1);
    CHECK(bench.corp.getMember("m0").nick.value() == "a");
    CHECK(bench.corp.getMember("m0").email.value() == "b|c");
}

TEST_CASE("feishu: graveyard 21: nothing changed: no writes at all, and no log line above debug",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").dept("b", "a").people("m", 70, "a").people("n", 3, "b");
    Bench bench(org);
    support::checkNothingWritten(bench);
}

TEST_CASE("feishu: graveyard 23: success with an empty list where there were people: nothing removed",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a")
        .dept("b")
        .people("a", 20, "a")
        .people("b", 3, "b")
        .person("root", {"0"})
        .person("chief", {"0"});
    for (bool const keyThere : {true, false}) {
        emulator::FeishuBehaviour b;
        b.omitEmptyItems = !keyThere;
        Bench bench(b, org);
        REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
        for (char const* const what :
             {"department_id=a&", "department_id=b&", "department_id=0&", kUsersOf}) {
            CAPTURE(keyThere, what);
            bench.fault(FaultKind::emptySuccess, what, -1);
            SyncReport const r = bench.corp.syncCorp();
            CHECK((r.outcome == SyncOutcome::incomplete || r.outcome == SyncOutcome::held));
            CHECK(r.members.removed == 0);
            CHECK(r.memberships.removed == 0);
            CHECK(bench.active() == 25);
            bench.server.clearFaults();
        }
        CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
    }
}

TEST_CASE(
    "feishu: graveyard 23: who stands in two departments keeps both when the list of one comes back empty",
    "[integration][graveyard][coroutine]") {
    for (std::size_t const n : {1U, 3U}) {
        CAPTURE(n);
        Org org;
        org.dept("a").dept("b").people("b", 60, "b").person("root", {"0"});
        for (std::size_t i = 0; i < n; ++i) org.person("both" + std::to_string(i), {"a", "b"});
        Bench bench(org);
        support::checkPlacesStay(bench, org, "a",
                                 [&] { bench.fault(FaultKind::emptySuccess, "department_id=a&"); });
    }
}

TEST_CASE("feishu: graveyard 23: of who stood alone in a list that came back empty, the platform is asked",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").dept("b", "a").people("a", 60, "a").person("alone", {"b"});
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);

    // The department, the page that was announced, and the tree: none of them proves that anybody left.
    struct Cut {
        char const* what;
        std::int64_t after;
        char const* place;
    };
    for (Cut const& cut : {Cut{"department_id=b&", 0, "members of department b"},
                           Cut{"department_id=a&", 1, "members of department a"},
                           Cut{"/departments/0/children", 0, "departments"}}) {
        CAPTURE(cut.what);
        bench.fault(FaultKind::emptySuccess, cut.what, -1,
                    [&cut](emulator::Fault& f) { f.after = cut.after; });
        SyncReport const r = bench.corp.syncCorp();
        CHECK(r.outcome == SyncOutcome::incomplete);
        REQUIRE_FALSE(r.faults.empty());
        CHECK(r.faults[0].place == cut.place);
        CHECK(r.members.removed + r.memberships.removed + r.departments.removed == 0);
        CHECK(bench.active() == 61);
        bench.server.clearFaults();
    }
    // A department that is gone with somebody who did not leave is one that was not shown.
    bench.fault(FaultKind::garbage, "/departments/0/children", -1, [](emulator::Fault& f) {
        f.body =
            R"({"code":0,"data":{"has_more":false,"items":[{"department_id":"a","parent_department_id":"0",)"
            R"("name":"Department a"}]}})";
        f.contentType = "application/json";
    });
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::incomplete);
    CHECK(bench.depts() == Strings{"0", "a", "b"});
    CHECK(bench.active() == 61);
    bench.server.clearFaults();

    // Who really left, did, though the list looks the same; and so did a department with its last member.
    bench.show(org.without("alone"));
    SyncReport const left = bench.corp.syncCorp();
    CHECK(left.outcome == SyncOutcome::done);
    CHECK(left.members.removed == 1);
    std::erase_if(org.data.deptList, [](emulator::Dept const& d) { return d.deptId == "b"; });
    bench.show(org);
    CHECK(bench.corp.syncCorp().departments.removed == 1);
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
    CHECK(bench.corp.verifyCorp().ok);
}

TEST_CASE("feishu: graveyard 23: a role whose list came back empty keeps its people",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").people("m", 8, "a");
    boost::json::array roles;
    for (char const* const id : {"r1", "r2"}) {
        emulator::Role r;
        r.roleId = id;
        r.name = id;
        org.data.roleList.push_back(r);
        boost::json::object named;
        named["roleId"] = id;
        roles.push_back(std::move(named));
    }
    for (char const* const id : {"m0", "m1", "m2"}) {
        emulator::RoleMember rm;
        rm.roleId = "r1";
        rm.memberId = id;
        org.data.roleMemberSet.push_back(rm);
    }
    Bench bench(org, std::move(roles));
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    bench.fault(FaultKind::emptySuccess, "/functional_roles/r1", -1);
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.outcome == SyncOutcome::incomplete);
    REQUIRE(r.faults.size() == 1);
    CHECK(r.faults[0].place == "members of role r1");
    CHECK(bench.corp.getRoleMembers("r1").size() == 3);
    bench.server.clearFaults();
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
}

TEST_CASE(
    "feishu: graveyard 24: the app's scope narrowed from the root to one department: out of scope, not left",
    "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").dept("b").people("a", 4, "a").people("b", 4, "b").person("root", {"0"});
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    emulator::FeishuBehaviour narrow;
    narrow.range.all = false;
    narrow.range.deptIds = {"a"};
    bench.server.setBehaviour(narrow);
    bench.show(org.without("b3"));  // and one of those out of sight does leave
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.scopeChanged);
    CHECK(r.departments.removed == 0);
    CHECK(r.outOfScope.size() >= 4);
    CHECK(std::count(r.outOfScope.begin(), r.outOfScope.end(), "root") == 1);
    for (char const* const id : {"b0", "b1", "b2", "root"})
        CHECK(bench.corp.getMember(id).status == MemberStatus::active);
    CHECK(bench.depts() == Strings{"0", "a", "b"});
    bench.server.setBehaviour(emulator::FeishuBehaviour());
    static_cast<void>(bench.corp.syncCorp());
    CHECK(bench.active() == 8);
    CHECK(bench.corp.getMember("b3").status == MemberStatus::resigned);
    CHECK(bench.corp.getDeptMembers("b").size() == 3);
}

TEST_CASE("feishu: graveyard 25: a leaver between two syncs: the second and the third sync succeed",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").people("m", 5, "a");
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    support::checkOneLeaves(bench, org.without("m2"));
    CHECK(bench.corp.getMember("m2").status == MemberStatus::resigned);
    // Another way to leave: still listed, with the mark of who has resigned.
    org.member("m3").status = 2;
    support::checkOneLeaves(bench, org);
    CHECK(bench.active() == 3);
}

TEST_CASE("feishu: graveyard 26: a leaver returns: the same userId, history unbroken",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").people("m", 5, "a");
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    auto const user = bench.corp.getMember("m2").userId;
    Org less = org;
    bench.show(less.without("m2"));
    static_cast<void>(bench.corp.syncCorp());
    bench.show(org);
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.reinstated == 1);
    CHECK(r.users.created == 0);
    CHECK(bench.corp.getMember("m2").userId == user);
    CHECK(bench.corp.getMemberDepts("m2").size() == 1);
    std::vector<ChangeKind> history;
    for (FeedEntry const& e : bench.corp.changesSince({}, 100'000)) {
        if (e.change.table == tablesOf<>().member->name && e.change.key[0].bytes() == "m2")
            history.push_back(e.change.kind);
    }
    CHECK(history == std::vector<ChangeKind>{ChangeKind::create, ChangeKind::resign, ChangeKind::reinstate});
}

TEST_CASE(
    "feishu: graveyard 27: a plan that takes away the last administrator: held, whatever the percentage",
    "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").people("m", 60, "a");
    org.data.adminIds = {"m0"};
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    Org less = org;
    less.without("m0");
    less.data.adminIds.clear();
    bench.show(less);
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.outcome == SyncOutcome::held);
    CHECK(r.code() == make_error_code(Errc::held));
    REQUIRE(r.holds.size() == 1);
    CHECK(r.holds[0].reason == HoldReason::lastAdmin);
    CHECK(bench.corp.getAdmin() == std::vector<MemberId>{"m0"});
    bench.corp.approve(r.digest);
    CHECK(bench.corp.syncCorp().members.removed == 1);
    CHECK(bench.corp.getAdmin().empty());
}

TEST_CASE("feishu: graveyard 28: what was made locally: never touched by a sync",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").dept("b").people("m", 6, "a").person("x", {"b"});
    emulator::Role upstream;
    upstream.roleId = "r1";
    upstream.name = "r1";
    org.data.roleList.push_back(upstream);
    for (char const* const id : {"m0", "m1"}) {
        emulator::RoleMember rm;
        rm.roleId = "r1";
        rm.memberId = id;
        org.data.roleMemberSet.push_back(rm);
    }
    boost::json::object role;
    role["roleId"] = "r1";
    role["name"] = "First";
    boost::json::array roles;
    roles.push_back(std::move(role));
    Bench bench(org, std::move(roles));
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);

    auto const group = bench.corp.createRoleGroup("Ours");
    auto const ours = bench.corp.createRole("Keeper", group.roleGroupId);
    bench.corp.addRoleMember(ours.roleId, {"m2", "m3"});
    bench.corp.setDeptLimit(ours.roleId, "m2", {"b"});
    bench.corp.setAdmin({"m4"});
    bench.corp.saveUserSignature("m2", "https://files.example/m2.png");
    bench.corp.offlineMember({"m5"});
    bench.corp.setUserRole("m1", {ours.roleId});

    // Everything of upstream changes: names, places, the role, and the department of the limit goes.
    Org later = org;
    for (emulator::Member& m : later.data.userList) m.nick += "!";
    later.member("x").departments[0].deptId = "a";
    std::erase_if(later.data.deptList, [](emulator::Dept const& d) { return d.deptId == "b"; });
    std::erase_if(later.data.roleMemberSet, [](emulator::RoleMember const& m) { return m.memberId == "m0"; });
    bench.show(later);
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.outcome == SyncOutcome::done);
    CHECK(bench.corp.getMember("m5").nick.value() == "Person m5!");
    CHECK(bench.corp.getMember("m5").status == MemberStatus::resigned);
    CHECK(bench.corp.getRoleMembers(ours.roleId).size() == 3);
    CHECK(bench.corp.getRoleMembers("r1").empty());
    CHECK(bench.corp.getDeptLimit(ours.roleId, "m2") == std::vector<DeptId>{"b"});
    CHECK(bench.corp.getAdmin() == std::vector<MemberId>{"m4"});
    CHECK(bench.corp.getUserSignature("m2").signature == "https://files.example/m2.png");
    CHECK(bench.corp.verifyCorp().ok);
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
}

TEST_CASE("feishu: graveyard 30: removals are in the change feed by name, in the same transaction",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").dept("b").people("m", 8, "a").person("x", {"b"});
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    std::string const seen = bench.corp.changesSince({}, 100'000).back().cursor;
    Org less = org;
    less.without("m7").member("x").departments[0].deptId = "a";
    std::erase_if(less.data.deptList, [](emulator::Dept const& d) { return d.deptId == "b"; });
    bench.show(less);
    SyncReport const r = bench.corp.syncCorp();
    Strings removed;
    for (FeedEntry const& e : bench.corp.changesSince(seen)) {
        CHECK(e.syncId == r.syncId);
        CHECK(e.caller == "sync");
        if (e.change.kind != ChangeKind::erase && e.change.kind != ChangeKind::resign) continue;
        std::string what = e.change.table;
        for (auto const& key : e.change.key) what += " " + std::string(key.bytes());
        removed.insert(std::move(what));
    }
    CHECK(removed == Strings{"CorpMember m7", "CorpDept b", "CorpDeptMember a m7", "CorpDeptMember b x"});
}

TEST_CASE("feishu: graveyard 31: a sync never writes a password", "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("a").people("m", 8, "a");
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    CHECK(bench.rowsOf(*tablesOf<>().user) == 8);
    CHECK(bench.rowsOf(*tablesOf<>().passwordAuth) == 0);
}

TEST_CASE("feishu: graveyard 32: no phone, mail, token, secret or name in what a whole run says",
          "[integration][graveyard][coroutine]") {
    std::string const secret = "s3cret-that-nobody-should-see";
    std::string const wrongSecret = "another-s3cret-that-is-wrong";
    std::string const code = "login-code-of-somebody";
    emulator::Organisation const whole = emulator::generate(150, 5);
    Witness witness(whole);
    emulator::FeishuServer& server = witness.server;
    auto corp = witness.corp(secret);

    // A run as it should be, with and without something to do, written down in every form.
    witness.attempt([&] { corp.initCorp(); });
    CHECK(witness.hear(corp.syncCorp()) == SyncOutcome::unchanged);
    emulator::Organisation later = whole;
    for (std::size_t i = 0; i < 8; ++i) {
        later.userList[i].nick += " the Second";
        later.userList[i].phone = "+8613712345678";
    }
    later.userList[20].status = 2;
    server.setOrganisation(later);
    witness.hear(corp.planSync());
    SyncOptions dry;
    dry.dryRun = true;
    witness.hear(corp.syncCorp(dry));
    CHECK(witness.hear(corp.syncCorp()) == SyncOutcome::done);

    // Everything goes wrong, in the platform's own words, which quote what they were sent.
    emulator::Member const& somebody = whole.userList[3];
    std::size_t incomplete = 0;
    for (std::string const match :
         {"/tenant_access_token", "/tenant/v2", "/departments/0/children", kUsersOf}) {
        bool const credentials = match == "/tenant_access_token";
        for (std::int64_t const fault : {99991672, 99991668, 99991671, 10014, 40004, 2200, 1, 99991400}) {
            emulator::Fault f;
            f.kind = FaultKind::code;
            f.match = match;
            f.httpStatus = 400;
            f.code = fault;
            f.msg = "Invalid " + (credentials ? secret : witness.wire.latest()) + " for " + somebody.nick +
                    " " + somebody.phone + " " + somebody.email;
            f.times = -1;
            f.after = match == kUsersOf ? 1 : 0;
            server.addFault(std::move(f));
            if (credentials) server.advanceClock(std::chrono::hours(3));
            witness.attempt(
                [&] { incomplete += witness.hear(corp.syncCorp()) == SyncOutcome::incomplete ? 1U : 0U; });
            server.clearFaults();
        }
        witness.attempt([&] { witness.hear(corp.syncCorp()); });
    }
    CHECK(witness.errors >= 16);
    CHECK(incomplete >= 4);
    for (FaultKind const kind :
         {FaultKind::garbage, FaultKind::truncate, FaultKind::reset, FaultKind::expireToken}) {
        for (char const* const match : {"/tenant_access_token", "/departments/0/children", kUsersOf}) {
            emulator::Fault f;
            f.kind = kind;
            f.match = match;
            f.body = kind == FaultKind::garbage ? "<html>" + somebody.nick + somebody.phone + "</html>"
                                                : std::string();
            f.times = -1;
            server.addFault(std::move(f));
            witness.attempt([&] { witness.hear(corp.syncCorp()); });
            server.clearFaults();
        }
    }
    // A record that is none, with a person's name in it.
    emulator::Fault broken;
    broken.kind = FaultKind::garbage;
    broken.match = kUsersOf;
    broken.contentType = "application/json";
    broken.body = R"({"code":0,"data":{"has_more":false,"items":[{"name":")" + somebody.nick +
                  R"(","mobile":")" + somebody.phone + R"(","open_id":7}]}})";
    server.addFault(std::move(broken));
    witness.attempt([&] { witness.hear(corp.syncCorp()); });
    server.clearFaults();

    // Held, out of scope, approved; fields that are not granted.
    emulator::Organisation half = later;
    half.userList.resize(60);
    half.roleMemberSet.clear();
    std::erase_if(half.adminIds, [&half](std::string const& id) {
        return std::none_of(half.userList.begin(), half.userList.end(),
                            [&id](auto const& m) { return m.memberId == id; });
    });
    for (emulator::Dept& d : half.deptList) d.leaderIds.clear();
    server.setOrganisation(half);
    witness.hear(corp.planSync());
    SyncReport const held = corp.syncCorp();
    CHECK(witness.hear(held) == SyncOutcome::held);
    SyncOptions all;
    all.allOrNothing = true;
    witness.attempt([&] { witness.hear(corp.syncCorp(all)); });
    emulator::FeishuBehaviour narrow = server.behaviour();
    narrow.range.all = false;
    narrow.range.deptIds = {half.deptList[1].deptId};
    server.setBehaviour(narrow);
    witness.hear(corp.syncCorp());
    narrow.scopes = {"contact:contact.base:readonly", "contact:department.organize:readonly"};
    server.setBehaviour(narrow);
    witness.hear(corp.syncCorp());
    narrow.scopes.clear();
    server.setBehaviour(narrow);
    witness.attempt([&] { witness.hear(corp.syncCorp()); });
    server.setBehaviour(emulator::FeishuBehaviour());
    corp.approve(held.digest);
    witness.hear(corp.syncCorp());
    witness.attempt([&] { witness.said += corp.verifyCorp().ok ? "fine\n" : "not fine\n"; });

    // Logins that are refused, and questions about nobody.
    witness.attempt([&] { static_cast<void>(corp.identify(LoginCode(code))); });
    for (bool const resigned : {false, true}) {
        emulator::FeishuBehaviour login;
        login.loginMemberId = half.userList[resigned ? 20 : 5].memberId;
        server.setBehaviour(login);
        std::string const page = corp.authorizeUrl(LoginRequest("https://p.example.com/cb"));
        Request q("GET", page, "GET the login page");
        Response const p = corp.context().run(HttpsTransport().send(std::move(q)));
        std::string const to(p.header("Location"));
        std::size_t const at = to.find("code=");
        if (at == std::string::npos) continue;
        LoginCode back(to.substr(at + 5, to.find('&', at) - at - 5));
        back.redirectUri = "https://p.example.com/cb";
        for (int twice = 0; twice < 2; ++twice)
            witness.attempt([&] { static_cast<void>(corp.identify(back)); });
    }
    witness.attempt([&] { static_cast<void>(corp.getMember("nobody")); });
    witness.attempt([&] { static_cast<void>(corp.getClient().get("/open-apis/contact/v3/users/nobody")); });
    auto stranger = witness.corp(wrongSecret);
    witness.attempt([&] { witness.hear(stranger.syncCorp()); });
    boost::json::object const info = corp.getCorpInfo();
    witness.said += boost::json::serialize(info) + boost::json::serialize(corp.corpData());

    std::string const said = witness.all(witness.log);
    std::string const everything = said + witness.quoted;
    CHECK(said.size() > 10'000);
    Strings secrets = witness.wire.tokens();
    CHECK(secrets.size() >= 3);
    secrets.insert({secret, wrongSecret, code});
    support::checkNeverSaid(everything, secrets);
    Strings people{"the Second", "13712345678"};
    for (emulator::Member const& m : whole.userList) {
        people.insert(m.nick);
        people.insert(m.email);
        people.insert(m.phone.starts_with("+86") ? m.phone.substr(3) : m.phone);
    }
    std::erase_if(people, [](std::string const& p) { return p.size() < 5; });
    support::checkNeverSaid(said, people);
}

}  // namespace integration_feishu_graveyard_test
