// Faults found in other programs that sync organisations, with DingTalk's own answers: over HTTP, against a
// server that speaks as the platform does. A test for each that can happen there in a way of its own.
#include "support/graveyard.hpp"

#include <boost/json/object.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace integration_dingtalk_graveyard_test {

using namespace corps;
using emulator::FaultKind;

namespace {

using support::Strings;

constexpr char const* kBelow = "/topapi/v2/department/listsub";
constexpr char const* kUsersOf = "/topapi/v2/user/list";
constexpr char const* kOneUser = "/topapi/v2/user/get?";

/** Where DingTalk's tokens travel: in the answer that gives them out. */
struct Ear {
    static void request(Request const&, support::Tokens const&) {}
    static void answer(Response const& p, support::Tokens const& tokens) {
        tokens.addBehind(p.body, "\"accessToken\":\"", '"');
    }
};

/** HTTPS whose answers are changed on the way: what no emulator may send. It also hears the tokens. */
class Edited {
public:
    [[nodiscard]] asio::awaitable<Response> send(Request q) const {
        Response p = co_await inner_.send(q);
        std::lock_guard const lock(state_->mutex);
        for (auto const& [path, from, to] : state_->edits) {
            if (q.url.find(path) == std::string::npos) continue;
            std::size_t at = 0;
            while ((at = p.body.find(from, at)) != std::string::npos) {
                p.body.replace(at, from.size(), to);
                at += to.size();
            }
        }
        co_return p;
    }
    void edit(std::string path, std::string from, std::string to) const {
        std::lock_guard const lock(state_->mutex);
        state_->edits.push_back({std::move(path), std::move(from), std::move(to)});
    }
    void clear() const {
        std::lock_guard const lock(state_->mutex);
        state_->edits.clear();
    }
    [[nodiscard]] Strings tokens() const { return inner_.tokens(); }

private:
    struct Edit {
        std::string path, from, to;
    };
    struct State {
        std::mutex mutex;
        std::vector<Edit> edits;
    };
    support::Overhearing<Ear> inner_;
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

using DingTalk = DDInnerType<Edited, MemoryStorage>;

class Org : public support::Org {
public:
    Org() : support::Org("ding1", "1") {}
};

class Bench : public support::GraveyardBench<emulator::DingTalkServer, DingTalk, Edited> {
public:
    explicit Bench(support::Org const& org, emulator::DingTalkBehaviour const& b = {},
                   std::string const& detail = "")
        : GraveyardBench(options(b), org, keys(detail)) {}

    /** @param body part of the request's body: what is asked for stands there. */
    void fault(FaultKind kind, std::string match, std::string const& body, std::int64_t times,
               std::int64_t code = 0) {
        GraveyardBench::fault(kind, std::move(match), times, [&](emulator::Fault& f) {
            f.matchBody = body;
            f.code = code;
        });
    }

private:
    static emulator::DingTalkOptions options(emulator::DingTalkBehaviour const& b) {
        emulator::DingTalkOptions o;
        o.behaviour = b;
        o.behaviour.defaultRoles = false;
        o.credentials = {{"dinggrave", "s3cret-that-nobody-should-see"}};
        return o;
    }
    static boost::json::object keys(std::string const& detail) {
        boost::json::object keys;
        keys["corpId"] = "ding1";
        keys["agentId"] = 1;
        keys["appKey"] = "dinggrave";
        keys["appSecret"] = "s3cret-that-nobody-should-see";
        if (!detail.empty()) keys["detail"] = detail;
        return keys;
    }
};

}  // namespace

TEST_CASE("dingtalk: graveyard 1: a department with 101, 200, 250 members: all arrive",
          "[integration][graveyard][coroutine]") {
    Org org;
    for (std::size_t const n : {101U, 200U, 250U})
        org.dept(std::to_string(n)).people("p" + std::to_string(n) + "-", n, std::to_string(n));
    Bench bench(org);
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::done);
    for (std::size_t const n : {101U, 200U, 250U})
        CHECK(bench.corp.getDeptMembers(std::to_string(n)).size() == n);
}

TEST_CASE("dingtalk: graveyard 2, 7, 8: 51 siblings, people of the root, a tree twelve levels deep",
          "[integration][graveyard][coroutine]") {
    Org org;
    for (int i = 0; i < 51; ++i) org.dept(std::to_string(100 + i));
    for (int i = 0; i < 12; ++i) org.dept(std::to_string(200 + i), i == 0 ? "1" : std::to_string(199 + i));
    org.people("root", 3, "1").person("deep", {"211"});
    Bench bench(org);
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::done);
    CHECK(bench.depts().size() == 64);
    CHECK(bench.corp.getDeptMembers("1").size() == 3);
    CHECK(bench.corp.getDeptMembers("211").size() == 1);
}

TEST_CASE("dingtalk: graveyard 3: a cursor that repeats: an error, not a loop",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("20").people("m", 250, "20");
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    bench.fault(FaultKind::repeatCursor, kUsersOf, "\"dept_id\":20,\"cursor\":100", -1);
    bench.show(org.without("m7").dept("30"));
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.outcome == SyncOutcome::incomplete);
    REQUIRE(r.faults.size() == 1);
    CHECK(r.faults[0].code == make_error_code(Errc::protocol));
    CHECK(bench.active() == 250);
    CHECK(bench.depts() == Strings{"1", "20", "30"});
    bench.server.clearFaults();
    CHECK(bench.corp.syncCorp().members.removed == 1);
}

TEST_CASE(
    "dingtalk: graveyard 4: a next_cursor that is not cursor + size, and pages that are short: followed",
    "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("20").people("m", 250, "20");
    std::vector<std::string> holders;
    for (int i = 0; i < 150; ++i) holders.push_back("m" + std::to_string(i));
    org.role("70", holders).role("71", holders);
    emulator::DingTalkBehaviour b;
    b.opaqueCursors = true;
    b.shortPages = true;
    for (bool const told : {false, true}) {
        b.roleNextCursor = told;
        Bench bench(org, b);
        SyncReport const r = bench.corp.syncCorp();
        CAPTURE(told, r.toText());
        CHECK(r.outcome == SyncOutcome::done);
        CHECK(bench.active() == 250);
        CHECK(r.roleMembers.created == 300);
        CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
    }
}

TEST_CASE("dingtalk: graveyard 5: an error code inside an HTTP 200 in the middle of a tree walk",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("20").dept("21", "20").dept("22", "21").dept("30");
    org.people("a", 3, "20").people("b", 3, "21").people("c", 3, "22").people("d", 3, "30");
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    org.without("a0").without("d0").dept("31", "30");
    bench.show(org);
    struct Case {
        char const* match;
        char const* body;
        std::int64_t code;
    };
    // Out of the range; deleted during the walk; busy, and staying so.
    for (Case const c :
         {Case{kBelow, "{\"dept_id\":20}", 50004}, Case{kBelow, "{\"dept_id\":20}", 60003},
          Case{kUsersOf, "\"dept_id\":21,", 60003}, Case{kUsersOf, "\"dept_id\":21,", 60019}}) {
        CAPTURE(c.match, c.code);
        bench.fault(FaultKind::code, c.match, c.body, -1, c.code);
        SyncReport const r = bench.corp.syncCorp();
        CAPTURE(r.toText());
        CHECK(r.outcome == SyncOutcome::incomplete);
        REQUIRE_FALSE(r.faults.empty());
        CHECK(r.faults[0].upstreamCode == c.code);
        CHECK(bench.depts() == Strings{"1", "20", "21", "22", "30", "31"});
        CHECK(r.departments.removed == 0);
        CHECK(bench.corp.getDeptMembers("21").size() == 3);
        CHECK(bench.corp.getDeptMembers("22").size() == 3);
        bench.server.clearFaults();
    }
    static_cast<void>(bench.corp.syncCorp());
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
    CHECK(bench.active() == 10);
}

TEST_CASE("dingtalk: graveyard 6: the detail call of one person or department fails: the old values stay",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("20").dept("30").person("two", {"20", "30"}).person("one", {"20"});
    org.data.deptList[1].order = 7;
    org.data.deptList[1].leaderIds = {"one"};
    emulator::DingTalkBehaviour b;
    b.positionLists = true;
    Bench bench(org, b, "full");
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    REQUIRE(bench.corp.getDept("20").leaderIds == std::vector<MemberId>{"one"});
    auto const order = bench.corp.getDept("20").order;
    bench.fault(FaultKind::code, kOneUser, "\"two\"", -1, -1);
    bench.fault(FaultKind::code, "/department/get", "\"dept_id\":20", -1, -1);
    SyncReport const r = bench.corp.syncCorp();
    CAPTURE(r.toText());
    CHECK(r.outcome == SyncOutcome::incomplete);
    CHECK(std::count(r.stale.begin(), r.stale.end(), "two") == 1);
    CHECK(bench.corp.getDept("20").order == order);
    CHECK(bench.corp.getDept("20").leaderIds == std::vector<MemberId>{"one"});
    std::vector<CorpDeptMember> const places = bench.corp.getMemberDepts("two");
    REQUIRE(places.size() == 2);
    for (CorpDeptMember const& p : places) CHECK(p.isPrimary == (p.deptId == "20"));
    bench.server.clearFaults();
    CHECK(bench.corp.syncCorp().outcome != SyncOutcome::incomplete);
}

TEST_CASE("dingtalk: graveyard 9: negative department ids, id 0, ids as strings, orders of 64 bits",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("20").dept("30").people("m", 3, "20").person("far", {"30"});
    org.member("m1").departments[0].order = 9'000'000'000'000'000'000;
    Bench bench(org);
    // A book of a school, and what no platform should send.
    bench.wire.edit(kBelow, "\"result\":[{",
                    R"("result":[{"dept_id":-7,"name":"School","parent_id":1},)"
                    R"({"dept_id":0,"name":"Zero","parent_id":1},{)");
    bench.wire.edit(kBelow, "\"dept_id\":20,", "\"dept_id\":\"20\",");
    bench.wire.edit(kUsersOf, "\"dept_id_list\":[20]", "\"dept_id_list\":[\"20\",-7]");
    SyncReport const r = bench.corp.syncCorp();
    CAPTURE(r.toText());
    CHECK(r.outcome == SyncOutcome::done);
    CHECK(bench.depts() == Strings{"1", "20", "30"});
    CHECK(bench.active() == 4);
    bench.wire.clear();
    CHECK(bench.corp.syncCorp().departments.created == 0);

    // A department without an id is refused, with its place; nothing is lost.
    bench.wire.edit(kBelow, "\"dept_id\":30,", "\"dept_id\":null,");
    CHECK_THROWS_AS(bench.corp.syncCorp(), Error);
    CHECK(bench.depts() == Strings{"1", "20", "30"});
}

TEST_CASE("dingtalk: graveyard 10: a mobile that is withheld, as nothing or as \"\": the old value stays",
          "[integration][graveyard][coroutine]") {
    for (bool const empty : {false, true}) {
        Org org;
        org.dept("20").people("m", 3, "20");
        Bench bench(org);
        REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
        std::string const phone = bench.corp.getMember("m0").phone.value();
        REQUIRE_FALSE(phone.empty());
        emulator::DingTalkBehaviour less = bench.server.behaviour();
        std::erase(less.permissions, "fieldMobile");
        less.emptyFields = empty;
        bench.server.setBehaviour(less);
        org.member("m0").nick = "Changed";
        bench.show(org);
        SyncReport const r = bench.corp.syncCorp();
        CAPTURE(empty, r.toText());
        CHECK(r.outcome == SyncOutcome::done);
        CHECK(bench.corp.getMember("m0").nick.value() == "Changed");
        CHECK(bench.corp.getMember("m0").phone.value() == phone);
        CHECK(std::count(r.missingPermissions.begin(), r.missingPermissions.end(), "fieldMobile") == 1);
    }
}

TEST_CASE("dingtalk: graveyard 11: a phone that does not parse, a foreign one, none at all: the sync goes on",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("20").people("m", 4, "20");
    org.member("m0").phone = "call the desk, ext. 12";
    org.member("m1").phone = "+4915112345678";
    org.member("m2").phone = "";
    Bench bench(org);
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.outcome == SyncOutcome::done);
    CHECK(r.warnings.size() <= 1);
    CHECK(bench.corp.getMember("m1").phone.value() == "+4915112345678");
    CHECK(bench.corp.getMember("m3").phone.value().starts_with("+86138"));
    CHECK(bench.active() == 4);
}

TEST_CASE(
    "dingtalk: graveyard 12: a token that expires between two pages: refreshed once; one that never "
    "does: a clear error",
    "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("20").people("m", 250, "20");
    Bench bench(org);
    bench.fault(FaultKind::expireToken, kUsersOf, "\"cursor\":100", 1);
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::done);
    CHECK(bench.active() == 250);
    CHECK(bench.server.stats().tokensIssued == 2);

    bench.fault(FaultKind::wrongToken, kUsersOf, "", -1);
    try {
        bench.corp.syncCorp();
        FAIL("no list can be read with such a token");
    } catch (Error const& e) {
        CHECK(e.is(Errc::authRejected));
        CHECK_FALSE(e.retryable());
        CHECK(e.diagnostics().upstreamCode == 40014);
        CHECK(e.diagnostics().endpoint == "POST /topapi/v2/user/list");
    }
    CHECK(bench.active() == 250);
}

TEST_CASE("dingtalk: graveyard 14, 15: a person in two departments is one person; two of one name are two",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("20").dept("30").people("m", 3, "20");
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    org.person("both", {"20", "30"}).person("twin", {"30"});
    org.member("twin").nick = org.member("both").nick;
    bench.show(org);
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.members.created == 2);
    CHECK(r.memberships.created == 3);
    CHECK(bench.active() == 5);
}

TEST_CASE(
    "dingtalk: graveyard 16, 17: departments renamed, moved, their names swapped: changes of departments",
    "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("20").dept("30").dept("40").people("m", 40, "20");
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    std::swap(org.data.deptList[1].name, org.data.deptList[2].name);
    org.data.deptList[1].parentId = "40";
    bench.show(org);
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.outcome == SyncOutcome::done);
    CHECK(r.departments.updated == 2);
    CHECK(r.members.updated + r.memberships.created + r.memberships.removed == 0);
    CHECK(bench.corp.getDept("20").name == "Department 30");
    CHECK(bench.corp.getDept("20").parentId == "40");
}

TEST_CASE("dingtalk: graveyard 23: success with an empty list where there were people or departments",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("20").dept("21", "20").dept("30").people("m", 5, "20").people("n", 5, "21").people("o", 5, "30");
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    for (auto const& [match, body] : std::vector<std::pair<std::string, std::string>>{
             {kUsersOf, "\"dept_id\":20,"}, {kUsersOf, ""}, {kBelow, "{\"dept_id\":20}"}, {kBelow, ""}}) {
        bench.fault(FaultKind::emptySuccess, match, body, -1);
        SyncReport const r = bench.corp.syncCorp();
        CAPTURE(match, body, r.toText());
        CHECK(r.outcome != SyncOutcome::done);
        CHECK(r.outcome != SyncOutcome::unchanged);
        CHECK(r.members.removed == 0);
        CHECK(bench.active() == 15);
        bench.server.clearFaults();
    }
    CHECK(bench.corp.getDeptMembers("21").size() == 5);
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
}

TEST_CASE(
    "dingtalk: graveyard 23: who stands in two departments keeps both when the list of one comes back empty",
    "[integration][graveyard][coroutine]") {
    for (char const* const detail : {"", "full"}) {
        for (std::size_t const n : {1U, 3U}) {
            CAPTURE(detail, n);
            Org org;
            org.dept("20").dept("30").people("m", 60, "30").person("root", {"1"});
            for (std::size_t i = 0; i < n; ++i) org.person("both" + std::to_string(i), {"20", "30"});
            Bench bench(org, {}, detail);
            support::checkPlacesStay(bench, org, "20", [&] {
                bench.fault(FaultKind::emptySuccess, kUsersOf, "\"dept_id\":20,", -1);
            });
        }
    }
}

TEST_CASE("dingtalk: graveyard 23: a full last page that promises more is no page that was lost",
          "[integration][graveyard][coroutine]") {
    emulator::DingTalkBehaviour b;
    b.moreOnFullLastPage = true;
    for (char const* const manner : {"", "opaque", "told"}) {
        b.opaqueCursors = std::string_view(manner) == "opaque";
        b.roleNextCursor = std::string_view(manner) == "told";
        CAPTURE(manner);
        Org org;
        org.dept("20").dept("30").people("m", 201, "20").people("n", 20, "30");
        std::vector<std::string> holders;
        for (int i = 0; i < 101; ++i) holders.push_back("m" + std::to_string(i));
        org.role("70", holders);
        Bench bench(org, b);
        REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
        // One moves away, and one gives up the role: what is left fills its pages.
        org.member("m5").departments[0].deptId = "30";
        std::erase_if(org.data.roleMemberSet, [](auto const& m) { return m.memberId == "m7"; });
        bench.show(org);
        SyncReport const r = bench.corp.syncCorp();
        CAPTURE(r.toText());
        CHECK(r.outcome == SyncOutcome::done);
        CHECK(bench.corp.getDeptMembers("20").size() == 200);
        CHECK(bench.corp.getDeptMembers("30").size() == 21);
        CHECK(bench.corp.getRoleMembers("70").size() == 100);
        CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
    }
}

TEST_CASE("dingtalk: graveyard 23: an announced page that came back empty is one that was lost",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("20").dept("30").people("m", 100, "20").people("n", 50, "30");
    std::vector<std::string> holders;
    for (int i = 0; i < 100; ++i) holders.push_back("m" + std::to_string(i));
    for (int i = 0; i < 30; ++i) holders.push_back("n" + std::to_string(i));
    for (int i = 0; i < 100; ++i) org.person("z" + std::to_string(i), {"20"});
    for (int i = 0; i < 20; ++i) org.person("zz" + std::to_string(i), {"20", "30"});
    org.role("70", holders);
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    Strings const places = bench.memberships();
    std::string const role = "\"role_id\":" + std::to_string(bench.server.roleId("70"));
    for (char const* const lost : {"100", "200"}) {
        CAPTURE(lost);
        auto const empty = [&](char const* match, std::string const& body, char const* more) {
            bench.GraveyardBench::fault(FaultKind::garbage, match, -1, [&](emulator::Fault& f) {
                f.matchBody = body;
                f.contentType = "application/json";
                f.body = std::string(R"({"errcode":0,"errmsg":"ok","result":{")") + more +
                         R"(":false,"list":[]},"request_id":"x"})";
            });
        };
        empty(kUsersOf, std::string("\"dept_id\":20,\"cursor\":") + lost, "has_more");
        empty("/topapi/role/simplelist", role + ",\"size\":100,\"offset\":100", "hasMore");
        SyncReport const r = bench.corp.syncCorp();
        CAPTURE(r.toText());
        CHECK(r.outcome == SyncOutcome::incomplete);
        CHECK(r.faults.size() >= 2);
        CHECK(bench.memberships() == places);
        CHECK(bench.corp.getRoleMembers("70").size() == 130);
        bench.server.clearFaults();
        CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
    }
}

TEST_CASE("dingtalk: graveyard 24: the app's scope narrowed to one department: out of scope, not left",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("20").dept("30").people("a", 4, "20").people("b", 4, "30").person("root", {"1"});
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    emulator::DingTalkBehaviour narrow = bench.server.behaviour();
    narrow.scope.all = false;
    narrow.scope.deptIds = {"20"};
    bench.server.setBehaviour(narrow);
    // Two leave meanwhile: 60121. The others are only out of sight: 50002.
    bench.show(org.without("b3").without("a3"));
    SyncReport const r = bench.corp.syncCorp();
    CAPTURE(r.toText());
    CHECK(r.scopeChanged);
    CHECK(r.departments.removed == 0);
    for (char const* const id : {"b0", "b1", "b2", "root"}) {
        CHECK(std::count(r.outOfScope.begin(), r.outOfScope.end(), id) == 1);
        CHECK(bench.corp.getMember(id).status == MemberStatus::active);
    }
    for (char const* const id : {"a3", "b3"})
        CHECK(bench.corp.getMember(id).status == MemberStatus::resigned);
    CHECK(bench.depts() == Strings{"1", "20", "30"});
    narrow.scope.all = true;
    bench.server.setBehaviour(narrow);
    static_cast<void>(bench.corp.syncCorp());
    CHECK(bench.active() == 7);
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
}

TEST_CASE("dingtalk: graveyard 25, 26: a leaver, who returns: the same user",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("20").people("m", 5, "20");
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    auto const user = bench.corp.getMember("m2").userId;
    Org less = org;
    support::checkOneLeaves(bench, less.without("m2"));
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
    CHECK(bench.corp.getMember("m2").status == MemberStatus::resigned);
    bench.show(org);
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.reinstated == 1);
    CHECK(bench.corp.getMember("m2").userId == user);
}

TEST_CASE("dingtalk: graveyard 27: a plan that takes away the last administrator: held",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("20").people("m", 60, "20");
    org.data.adminIds = {"m0"};
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    org.without("m0");
    org.data.adminIds.clear();
    bench.show(org);
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.outcome == SyncOutcome::held);
    CHECK(bench.corp.getAdmin() == std::vector<MemberId>{"m0"});
    bench.corp.approve(r.digest);
    CHECK(bench.corp.syncCorp().members.removed == 1);
}

TEST_CASE("dingtalk: graveyard 32: no phone, mail, token, secret or name in what a whole run says",
          "[integration][graveyard][coroutine]") {
    Org org;
    org.dept("20").dept("30").people("somebody", 30, "20").people("else", 5, "30");
    Bench bench(org);
    support::Witness witness;
    auto const run = [&] { witness.attempt([&] { witness.hear(bench.corp.syncCorp()); }); };
    run();
    // Everything goes wrong, in the platform's own words, which quote what they were sent.
    emulator::Member const& somebody = org.data.userList[3];
    for (char const* const match :
         {"/v1.0/oauth2/accessToken", "/auth/scopes", kBelow, kUsersOf, "/listadmin"}) {
        for (std::int64_t const code : {-1, 22, 40014, 50004, 60003, 60011, 60020, 90018, 90020, 400002}) {
            emulator::Fault f;
            f.kind = FaultKind::code;
            f.match = match;
            f.code = code;
            f.times = -1;
            f.msg = "Invalid s3cret-that-nobody-should-see for " + somebody.nick + " " + somebody.phone +
                    " " + somebody.email;
            bench.server.addFault(f);
            bench.server.advanceClock(std::chrono::hours(3));
            run();
            bench.server.clearFaults();
        }
        for (FaultKind const kind :
             {FaultKind::garbage, FaultKind::truncate, FaultKind::reset, FaultKind::expireToken}) {
            bench.fault(kind, match, "", -1);
            run();
            bench.server.clearFaults();
        }
    }
    CHECK(witness.errors >= 20);
    CHECK(witness.incomplete >= 4);
    Strings never = bench.wire.tokens();
    REQUIRE_FALSE(never.empty());
    never.insert("s3cret");
    for (emulator::Member const& m : org.data.userList)
        never.insert({m.nick, m.phone, m.phone.substr(3), m.email});
    support::checkNeverSaid(witness.all(bench.log), never);
}

}  // namespace integration_dingtalk_graveyard_test
