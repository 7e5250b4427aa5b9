// Every call of a Feishu sync fails in every way, once and for good; see support/every_step.hpp.
#include "support/every_step.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
constexpr char const* kProxy = "<html><body>Not here</body></html>";

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
        return {
            {"HTTP 400, internal error", Kind::passing, FaultKind::code, 400, 2200},
            {"HTTP 400, something else than the platform", Kind::final, FaultKind::status, 400, 0, kProxy},
            {"HTTP 403, something else than the platform", Kind::final, FaultKind::status, 403, 0, kProxy},
            {"HTTP 403, outside the range", Kind::outside, FaultKind::code, 403, 40004},
            {"HTTP 400, a permission is missing", Kind::denied, FaultKind::code, 400, 99991672},
            {"HTTP 404, no such path", Kind::final, FaultKind::code, 404, 99991201},
            {"HTTP 500", Kind::passing, FaultKind::status, 500},
            {"HTTP 502", Kind::passing, FaultKind::status, 502},
            {"HTTP 503, JSON", Kind::passing, FaultKind::status, 503, 0,
             R"({"code":2200,"msg":"internal error"})"},
            {"an error code inside an HTTP 200", Kind::passing, FaultKind::code, 200, 2200},
            {"reset before an answer", Kind::passing, FaultKind::reset, 0, 0, nullptr, true, 1, 0},
            {"reset within an answer", Kind::passing, FaultKind::reset},
            {"half an answer", Kind::passing, FaultKind::truncate},
            {"closed without a word", Kind::none, FaultKind::close},
            {"no JSON", Kind::passing, FaultKind::garbage, 200, 0, "\x01\x02 no JSON {{{"},
            {"JSON that ends early", Kind::passing, FaultKind::garbage, 200, 0,
             R"({"code":0,"data":{"items":[{"na)"},
            {"JSON of another kind", Kind::passing, FaultKind::garbage, 200, 0, R"(["code", 0])"},
            {"HTML with HTTP 200", Kind::passing, FaultKind::garbage},
            {"too fast, with headers", Kind::passing, FaultKind::rateLimit},
            {"too fast, without headers", Kind::passing, FaultKind::rateLimit, 0, 0, nullptr, false},
            {"too fast, as HTTP 400", Kind::passing, FaultKind::rateLimit, 400},
            {"too fast for an hour", Kind::hour, FaultKind::rateLimit, 0, 0, nullptr, true, 3600},
            {"the month's quota", Kind::token, FaultKind::code, 429, 99991403},
            {"an expired token", Kind::renewed, FaultKind::expireToken},
            {"a token of the wrong kind", Kind::token, FaultKind::wrongToken},
            {"a cursor that repeats", Kind::cursor, FaultKind::repeatCursor},
            {"success with nothing in it", Kind::empty, FaultKind::emptySuccess},
        };
    }
};

using FeishuHow = How<FeishuSteps>;
using FeishuBench = Bench<FeishuSteps>;

FeishuHow withRoles() {
    FeishuHow how;
    how.keys["roles"] = boost::json::parse(R"([{"roleId": "r1"}, {"roleId": "r2"}])");
    return how;
}

}  // namespace

TEST_CASE("feishu: each call of a sync fails in each way", "[integration][coroutine][fire]") {
    FeishuBench bench(withRoles());
    CHECK(tryAll(bench) >= FeishuSteps::ways().size());
    CHECK(has(bench.log(), kTenant));
    CHECK(has(bench.log(), kRoles));
}

TEST_CASE("feishu: each call of a sync level by level fails in each way", "[integration][coroutine][fire]") {
    FeishuHow how;
    how.behaviour.recursionLimit = 3;
    FeishuBench bench(how);
    CHECK(tryAll(bench) >= FeishuSteps::ways().size());
    CHECK(has(bench.log(), "fetch_child=false"));
}

TEST_CASE("feishu: each call of a sync of a part fails in each way", "[integration][coroutine][fire]") {
    FeishuHow how;
    how.behaviour.range.all = false;
    how.behaviour.range.deptIds = {"a", "b", "c"};
    how.behaviour.range.memberIds = {"m0", "m1", "m30", "m59"};
    how.behaviour.recursionLimit = 2;
    FeishuBench bench(how);
    CHECK(tryAll(bench) >= FeishuSteps::ways().size());
    for (char const* const path : {kScopes, kBatch, kUserBatch, kOneUser}) CHECK(has(bench.log(), path));
}

TEST_CASE("feishu: a call that takes longer than anybody waits", "[integration][coroutine][fire]") {
    FeishuHow how = withRoles();
    how.pageLimit = 50;
    FeishuBench bench(how);
    tryLate(bench, {kToken, kTenant, kChildren, kUsersOf, kRoles}, {kChildren, kUsersOf});
}

TEST_CASE("feishu: several failures at once, at random", "[integration][coroutine][fire]") {
    std::size_t const runs = sizeFrom("CORPS_FIRE_RUNS", 30);
    for (std::uint64_t const world : {0U, 1U}) {
        FeishuHow how = withRoles();
        if (world == 1) {
            how.behaviour.range.all = false;
            how.behaviour.range.deptIds = {"a", "b"};
            how.behaviour.range.memberIds = {"m0", "m3", "m9"};
        }
        FeishuBench bench(how);
        for (std::size_t run = 0; run < runs; ++run) tryRandom(bench, run * 2 + world);
    }
}
