// Every call of a DingTalk sync fails in every way, once and for good; see support/every_step.hpp.
#include "support/every_step.hpp"

#include <boost/json/object.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace integration_dingtalk_every_step_test {

using namespace corps;
using namespace corps::testsupport;
using emulator::FaultKind;

namespace {

constexpr char const* kToken = "/v1.0/oauth2/accessToken";
constexpr char const* kScopes = "/auth/scopes";
constexpr char const* kBelow = "/topapi/v2/department/listsub";
constexpr char const* kDept = "/topapi/v2/department/get";
constexpr char const* kUsersOf = "/topapi/v2/user/list";
constexpr char const* kOneUser = "/topapi/v2/user/get";
constexpr char const* kRoles = "/topapi/role/list";
constexpr char const* kRoleMembers = "/topapi/role/simplelist";
constexpr char const* kAdmins = "/topapi/user/listadmin";

struct DingTalkSteps {
    using Corp = DDInnerType<RecordedHttps, MemoryStorage>;
    using Server = emulator::DingTalkServer;
    using Options = emulator::DingTalkOptions;
    using Behaviour = emulator::DingTalkBehaviour;
    static constexpr char const* kMembers = kUsersOf;
    static constexpr bool kKnownInPart = true;

    static std::string deptId(std::string_view name) { return numberedDept(name); }

    static boost::json::object keys(Server const& server) {
        boost::json::object out;
        out["corpId"] = "fire";
        out["agentId"] = 1;
        out["appKey"] = "dingfire";
        out["appSecret"] = "irrelevant-but-present";
        out["baseUrl"] = server.baseUrl();
        return out;
    }

    /** What is asked for stands in the body. That of the call for a token holds the secret. */
    static Call call(SentCall const& sent) {
        Call out;
        out.match = sent.target.substr(0, sent.target.find('?'));
        out.name = out.match;
        if (out.match == kToken) return out;
        out.match += "?access_token=";
        out.matchBody = sent.body;
        out.name += " " + sent.body;
        return out;
    }

    static Facts facts(How<DingTalkSteps> const& how, Call const& call) {
        auto const is = [&call](char const* path) {
            return std::string_view(call.name).substr(0, call.name.find(' ')) == path;
        };
        bool const all = how.behaviour.scope.all;
        Facts out;
        out.token = is(kToken);
        out.members = is(kUsersOf);
        out.paged = out.members || is(kRoles) || is(kRoleMembers);
        out.later = out.members && !has(call.name, "\"cursor\":0,");
        out.vital = out.token || is(kScopes) || (all && is(kBelow) && has(call.name, "{\"dept_id\":1}"));
        out.needed = is(kBelow) || out.members;
        out.why = !all && is(kOneUser);
        for (std::string const& id : how.behaviour.scope.memberIds)
            out.why = out.why && !has(call.name, "\"" + id + "\"");
        return out;
    }

    static std::optional<End> endOf(Facts const& c, Way const& way, bool) {
        // A range that cannot be told, or no longer has the root in it.
        if (way.kind == Way::Kind::outside && c.vital) return End::error;
        // Who asks why does not give up for a quota.
        if (way.kind == Way::Kind::token && c.why) return End::open;
        return std::nullopt;
    }

    /** The call for a token belongs to the other family, whose failures have other forms. */
    static void adapt(emulator::Fault& f, Facts const& c, Way const& way) {
        if (!c.token || f.kind != FaultKind::code) return;
        f.httpStatus = way.kind == Way::Kind::passing ? 500 : 400;
        f.msg = way.kind == Way::Kind::passing ? "system.error" : "unauthorized.client";
    }

    static void randomise(Behaviour& b, std::function<std::size_t(std::size_t)> const& draw) {
        b.omitEmptyLists = draw(2) == 0;
        b.cursorOnLastPage = draw(2) == 0;
        b.opaqueCursors = draw(3) == 0;
        b.countRoles = draw(2) == 0;
        b.roleNextCursor = draw(2) == 0;
        b.expiredTokenCode = draw(2) == 0 ? 40014 : 42001;
        b.unknownUserCode = draw(2) == 0 ? 60121 : 33012;
        b.emptyFields = draw(2) == 0;
    }

    static std::vector<Way> ways() {
        return withUsualWays(
            {{"an error code inside an HTTP 200: busy", Kind::passing, FaultKind::code, 200, -1},
             {"the same with HTTP 500", Kind::passing, FaultKind::code, 500, -1},
             {"the lists of members fail", Kind::passing, FaultKind::code, 200, 60019},
             {"a parameter is refused", Kind::final, FaultKind::code, 200, 400002},
             {"no such department, any more", Kind::final, FaultKind::code, 200, 60003},
             {"no such path", Kind::final, FaultKind::code, 200, 22},
             {"outside the range", Kind::outside, FaultKind::code, 200, 50004},
             {"a permission is missing", Kind::denied, FaultKind::code, 200, 60011},
             {"too fast, until a time", Kind::passing, FaultKind::rateLimit},
             {"too fast, all applications together", Kind::passing, FaultKind::rateLimit, 0, 90002},
             {"too fast, without a time", Kind::passing, FaultKind::rateLimit, 0, 0, nullptr, false},
             {"too fast for an hour", Kind::hour, FaultKind::rateLimit, 0, 0, nullptr, true, 3600},
             {"the address is blocked", Kind::final, FaultKind::garbage, 200, 0,
              R"({"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"xxx"})"},
             {"the month's quota", Kind::token, FaultKind::code, 200, 90020},
             // The platform has one code for tokens that are old, of the wrong kind, or none.
             {"a token of the wrong kind", Kind::renewed, FaultKind::wrongToken}},
            R"({"errcode":-1,"errmsg":"busy"})", R"({"errcode":0,"errmsg":"ok","result":{"list":[{"na)",
            R"(["errcode", 0])");
    }
};

using DingTalkHow = How<DingTalkSteps>;

DingTalkHow whole() {
    DingTalkHow how;
    how.behaviour.defaultRoles = false;
    return how;
}

/** A part of the organisation. */
DingTalkHow part(std::vector<std::string> const& depts, std::vector<std::string> people) {
    DingTalkHow how = whole();
    narrow<DingTalkSteps>(how.behaviour.scope, depts, std::move(people));
    return how;
}

}  // namespace

TEST_CASE("dingtalk: each call of a sync fails in each way", "[integration][coroutine][fire]") {
    checkEveryStep(whole(), 48, {kToken, kScopes, kBelow, kDept, kUsersOf, kRoles, kRoleMembers, kAdmins});
}

TEST_CASE("dingtalk: each call of a sync of a part fails in each way", "[integration][coroutine][fire]") {
    checkEveryStep(part({"a", "b", "c"}, {"m0", "m1", "m30", "m59"}), 48,
                   {kScopes, kDept, kUsersOf, kOneUser});
}

TEST_CASE("dingtalk: each call of a sync with details fails in each way", "[integration][coroutine][fire]") {
    DingTalkHow how = whole();
    how.keys["detail"] = "full";
    how.behaviour.positionLists = true;
    checkEveryStep(how, 48, {kDept, kOneUser});
}

TEST_CASE("dingtalk: a call that takes longer than anybody waits", "[integration][coroutine][fire]") {
    DingTalkHow how = whole();
    how.pageLimit = 100;
    Bench<DingTalkSteps> bench(how);
    tryLate(bench, {kToken, kScopes, kBelow, kDept, kUsersOf, kRoleMembers}, {kUsersOf, kAdmins});
}

TEST_CASE("dingtalk: several failures at once, at random", "[integration][coroutine][fire]") {
    tryRandom<DingTalkSteps>({whole(), part({"a", "b"}, {"m0", "m3", "m9"})});
}

}  // namespace integration_dingtalk_every_step_test
