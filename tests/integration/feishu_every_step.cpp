// Every call of a Feishu sync fails in every way, once and for good; see support/every_step.hpp.
#include "support/every_step.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace integration_feishu_every_step_test {

using namespace corps;
using namespace corps::testsupport;
using emulator::FaultKind;

namespace {

constexpr char const* kToken = "/open-apis/auth/v3/";
constexpr char const* kTenant = "/open-apis/tenant/";
constexpr char const* kChildren = "/children?";
constexpr char const* kBatch = "/departments/batch?";
constexpr char const* kScopes = "/contact/v3/scopes?";
constexpr char const* kOneUser = "/contact/v3/users/ou_";
constexpr char const* kUserBatch = "/users/batch?";
constexpr char const* kUsersOf = "/users/find_by_department?";
constexpr char const* kRoles = "/functional_roles/";

struct FeishuSteps {
    using Corp = FSInnerType<RecordedHttps, MemoryStorage>;
    using Server = emulator::FeishuServer;
    using Options = emulator::FeishuOptions;
    using Behaviour = emulator::FeishuBehaviour;
    static constexpr char const* kMembers = "/users/find_by_department";
    static constexpr bool kKnownInPart = false;

    static std::string deptId(std::string_view name) { return std::string(name); }

    static boost::json::object keys(Server const& server) {
        boost::json::object out;
        out["appId"] = "cli_fire";
        out["appSecret"] = "irrelevant-but-present";
        out["baseUrl"] = server.baseUrl();
        return out;
    }

    /** The path and query tell all; the token is in a header. */
    static Call call(SentCall const& sent) {
        Call out;
        out.name = sent.target;
        out.match = sent.target;
        out.whole = true;
        return out;
    }

    static Facts facts(How<FeishuSteps> const&, Call const& call) {
        auto const is = [&call](char const* part) { return has(call.name, part); };
        Facts out;
        out.token = is(kToken);
        out.name = is(kTenant);
        out.later = is("page_token=");
        out.scopes = is(kScopes);
        out.members = is(kUsersOf);
        out.why = is(kOneUser);
        out.needed = out.members || is(kUserBatch);
        out.paged = !out.token && !out.name;
        out.vital = out.token || out.scopes || (is(kChildren) && is("/departments/0/") && !out.later);
        return out;
    }

    static std::optional<End> endOf(Facts const&, Way const&, bool) { return std::nullopt; }

    static void adapt(emulator::Fault&, Facts const&, Way const&) {}

    static void randomise(Behaviour& b, std::function<std::size_t(std::size_t)> const& draw) {
        b.parentsAfterChildren = draw(4) == 0;
        b.omitEmptyItems = draw(2) == 0;
        b.tokenOnLastPage = draw(2) == 0;
        b.recursionLimit = draw(3) == 0 ? 1 + draw(8) : 0;
    }

    static std::vector<Way> ways() {
        return withUsualWays(
            {{"HTTP 400, internal error", Kind::passing, FaultKind::code, 400, 2200},
             {"HTTP 403, outside the range", Kind::outside, FaultKind::code, 403, 40004},
             {"HTTP 400, a permission is missing", Kind::denied, FaultKind::code, 400, 99991672},
             {"HTTP 404, no such path", Kind::final, FaultKind::code, 404, 99991201},
             {"an error code inside an HTTP 200", Kind::passing, FaultKind::code, 200, 2200},
             {"too fast, with headers", Kind::passing, FaultKind::rateLimit},
             {"too fast, without headers", Kind::passing, FaultKind::rateLimit, 0, 0, nullptr, false},
             {"too fast, as HTTP 400", Kind::passing, FaultKind::rateLimit, 400},
             {"too fast for an hour", Kind::hour, FaultKind::rateLimit, 0, 0, nullptr, true, 3600},
             {"the month's quota", Kind::token, FaultKind::code, 429, 99991403},
             {"a token of the wrong kind", Kind::token, FaultKind::wrongToken}},
            R"({"code":2200,"msg":"internal error"})", R"({"code":0,"data":{"items":[{"na)",
            R"(["code", 0])");
    }
};

using FeishuHow = How<FeishuSteps>;

FeishuHow withRoles() {
    FeishuHow how;
    how.keys["roles"] = boost::json::parse(R"([{"roleId": "r1"}, {"roleId": "r2"}])");
    return how;
}

}  // namespace

TEST_CASE("feishu: each call of a sync fails in each way", "[integration][coroutine][fire]") {
    checkEveryStep(withRoles(), 16, {kTenant, kRoles});
}

TEST_CASE("feishu: each call of a sync level by level fails in each way", "[integration][coroutine][fire]") {
    FeishuHow how;
    how.behaviour.recursionLimit = 3;
    checkEveryStep(how, 16, {"fetch_child=false"});
}

TEST_CASE("feishu: each call of a sync of a part fails in each way", "[integration][coroutine][fire]") {
    FeishuHow how;
    narrow<FeishuSteps>(how.behaviour.range, {"a", "b", "c"}, {"m0", "m1", "m30", "m59"});
    how.behaviour.recursionLimit = 2;
    checkEveryStep(how, 16, {kScopes, kBatch, kUserBatch, kOneUser});
}

TEST_CASE("feishu: a call that takes longer than anybody waits", "[integration][coroutine][fire]") {
    FeishuHow how = withRoles();
    how.pageLimit = 50;
    Bench<FeishuSteps> bench(how);
    tryLate(bench, {kToken, kTenant, kChildren, kUsersOf, kRoles}, {kChildren, kUsersOf});
}

TEST_CASE("feishu: several failures at once, at random", "[integration][coroutine][fire]") {
    FeishuHow part = withRoles();
    narrow<FeishuSteps>(part.behaviour.range, {"a", "b"}, {"m0", "m3", "m9"});
    tryRandom<FeishuSteps>({withRoles(), part});
}

}  // namespace integration_feishu_every_step_test
