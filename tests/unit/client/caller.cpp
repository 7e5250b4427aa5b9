#include <corps/client/caller.hpp>
#include <corps/client/fs_client.hpp>
#include <corps/context/context.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/testing/scripted_transport.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace client_caller_test {
namespace {

using namespace corps;
using namespace std::chrono_literals;
using testing::Fault;
using testing::ManualClock;
using testing::ScriptedTransport;

constexpr std::string_view kPath[] = {"data", "items"};
constexpr std::string_view kId[] = {"id"};
constexpr PageShape kShape{"test", kPath, kId, 1};

Verdict verdict(Outcome o, std::optional<Duration> wait = std::nullopt) {
    Verdict v(o, Errc::transport, "x");
    v.wait = wait;
    return v;
}

// A caller over a script, on a clock that runs by itself.
class Rig {
public:
    Rig() : wire(net), caller(wire, context, "corps.Test", &classifyFeishu) {}

    Answer call(PageShape const* shape = &kShape) {
        RateLimiter& limiter = context.limiters().get("api", std::vector<RateWindow>());
        return context.run(caller.call(Request("GET", "https://h/x?secret=1", "GET /x"), limiter, shape));
    }
    std::optional<Error> failure() {
        try {
            (void)call();
        } catch (Error const& e) {
            return e;
        }
        return std::nullopt;
    }

    static ContextOptions options(std::shared_ptr<ManualClock> const& clock) {
        ContextOptions out;
        clock->autoAdvance();
        out.clock = clock;
        out.random = [] { return std::uint64_t{0}; };
        return out;
    }

    [[nodiscard]] Duration elapsed() const { return clock->uptime() - start; }

    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    Duration start = clock->uptime();
    Context context{options(clock)};
    ScriptedTransport net;
    Wire<ScriptedTransport> wire;
    Caller caller;
};

Response page(std::string_view items) {
    return {200,
            R"({"code":0,"msg":"success","data":{"has_more":false,"items":[)" + std::string(items) + "]}}"};
}

Response throttled(std::optional<std::string> reset) {
    Response out(429, R"({"code":99991400,"msg":"request trigger frequency limit"})");
    if (reset) out.headers.emplace_back("X-Ogw-Ratelimit-Reset", *reset);
    return out;
}

}  // namespace

TEST_CASE("retry: a passing failure is asked again, twice as late each time, a final one never", "[client]") {
    RetryPolicy const p;
    CHECK(retryDelay(p, verdict(Outcome::transient), 1, 0, 0) == 250ms);
    CHECK(retryDelay(p, verdict(Outcome::transient), 1, 0, 250) == 500ms);
    CHECK(retryDelay(p, verdict(Outcome::transient), 2, 0, 0) == 500ms);
    CHECK(retryDelay(p, verdict(Outcome::transient), 4, 0, 0) == 2s);
    CHECK_FALSE(retryDelay(p, verdict(Outcome::transient), 5, 0, 0));
    CHECK_FALSE(retryDelay(p, verdict(Outcome::failed), 1, 0, 0));
    CHECK_FALSE(retryDelay(p, verdict(Outcome::ok), 1, 0, 0));
    RetryPolicy patient;
    patient.attempts = 60;
    CHECK(retryDelay(patient, verdict(Outcome::transient), 59, 0, 0) == 15s);
}

TEST_CASE("retry: a throttled call waits as long as the platform says, or backs off", "[client]") {
    RetryPolicy const p;
    CHECK(retryDelay(p, verdict(Outcome::throttled, 52s), 0, 1, 0) == 52s);
    CHECK(retryDelay(p, verdict(Outcome::throttled, 0s), 0, 1, 0) == 0s);
    CHECK(*retryDelay(p, verdict(Outcome::throttled, 52s), 0, 1, 12345678901) >= 52s);
    CHECK(*retryDelay(p, verdict(Outcome::throttled, 52s), 0, 1, 12345678901) <= 53s);
    CHECK(retryDelay(p, verdict(Outcome::throttled), 0, 1, 0) == 250ms);
    CHECK(retryDelay(p, verdict(Outcome::throttled, 1s), 9, 7, 0) == 1s);
    CHECK_FALSE(retryDelay(p, verdict(Outcome::throttled, 1s), 0, 8, 0));
    CHECK_FALSE(retryDelay(p, verdict(Outcome::throttled, 200s), 0, 1, 0));
}

TEST_CASE("retry: seconds in headers", "[client]") {
    CHECK(parseSeconds("52") == 52s);
    CHECK(parseSeconds(" 0.5 ") == 500ms);
    CHECK(parseSeconds("1.2345") == 1235ms);
    CHECK(parseSeconds("0") == 0s);
    for (std::string_view const text : {"", "x", "-1", "1x", "1.x", "99999999999999999999", ".5"}) {
        CAPTURE(text);
        CHECK_FALSE(parseSeconds(text));
    }
}

TEST_CASE("cursor: followed to the end; a loop is an error", "[client]") {
    CursorGuard guard;
    CHECK(guard.next(true, "a") == "a");
    CHECK(guard.next(true, "b") == "b");
    CHECK_FALSE(guard.next(false, "c"));  // a cursor beside has_more false is not followed
    CHECK(guard.pages() == 3);
    CursorGuard empty;
    CHECK_THROWS_AS((void)empty.next(true, ""), Error);
    CursorGuard repeats;
    CHECK(repeats.next(true, "a") == "a");
    CHECK(repeats.next(true, "b") == "b");
    CHECK_THROWS_AS((void)repeats.next(true, "a"), Error);
    CursorGuard endless(3);
    CHECK(endless.next(true, "a"));
    CHECK(endless.next(true, "b"));
    CHECK_THROWS_AS((void)endless.next(true, "c"), Error);
}

TEST_CASE("query: percent-encoded", "[client]") {
    Query q;
    CHECK(q.text().empty());
    q.add("page_token", "a+/b=").add("name", "李 雷&x");
    CHECK(q.text() == "?page_token=a%2B%2Fb%3D&name=%E6%9D%8E%20%E9%9B%B7%26x");
}

TEST_CASE("classify: answers of Feishu", "[client]") {
    struct Case {
        int status;
        std::string_view body;
        Outcome outcome;
        Errc errc;
    };
    for (Case const& c : std::vector<Case>{
             {200, R"({"code":0,"msg":"success","data":{}})", Outcome::ok, Errc::upstream},
             {200, R"({"code":99991400,"msg":""})", Outcome::throttled, Errc::rateLimited},
             {400, R"({"code":99991400,"msg":""})", Outcome::throttled, Errc::rateLimited},
             {429, R"({"code":1,"msg":""})", Outcome::throttled, Errc::rateLimited},
             {429, "<html>", Outcome::throttled, Errc::rateLimited},
             {429, R"({"code":99991403,"msg":""})", Outcome::failed, Errc::upstream},
             {502, "<html><body>502 Bad Gateway</body></html>", Outcome::transient, Errc::transport},
             {502, "", Outcome::transient, Errc::transport},
             {500, R"({"code":40003,"msg":"internal error"})", Outcome::transient, Errc::transport},
             {400, R"({"code":2200,"msg":"internal error"})", Outcome::transient, Errc::transport},
             {500, R"({"code":123,"msg":"?"})", Outcome::transient, Errc::transport},
             {500, R"({"code":0,"msg":"?"})", Outcome::transient, Errc::transport},
             {200, "", Outcome::transient, Errc::protocol},
             {200, "[]", Outcome::transient, Errc::protocol},
             {200, R"({"msg":"no code"})", Outcome::transient, Errc::protocol},
             {200, R"({"code":"zero"})", Outcome::transient, Errc::protocol},
             {404, "404 page not found", Outcome::failed, Errc::protocol},
             {400, R"({"code":99991663,"msg":""})", Outcome::failed, Errc::authRejected},
             {200, R"({"code":99991663,"msg":""})", Outcome::failed, Errc::authRejected},
             {400, R"({"code":99991672,"msg":""})", Outcome::failed, Errc::permissionDenied},
             {403, R"({"code":40004,"msg":""})", Outcome::failed, Errc::permissionDenied},
             {400, R"({"code":41050,"msg":""})", Outcome::failed, Errc::permissionDenied},
             {400, R"({"code":99992351,"msg":""})", Outcome::failed, Errc::notFound},
             {404, R"({"code":41202,"msg":""})", Outcome::failed, Errc::notFound},
             {400, R"({"code":40011,"msg":"page size is invalid"})", Outcome::failed, Errc::upstream},
         }) {
        CAPTURE(c.status, c.body);
        boost::system::error_code ec;
        boost::json::value const v = boost::json::parse(c.body, ec);
        bool const object = !ec && v.is_object();
        Verdict const got =
            classifyFeishu(Response(c.status, std::string(c.body)), object ? &v.get_object() : nullptr);
        CHECK(got.outcome == c.outcome);
        if (c.outcome != Outcome::ok) CHECK(got.errc == c.errc);
    }
}

TEST_CASE("classify: request id, message and missing permissions of Feishu", "[client]") {
    boost::json::value const v = boost::json::parse(
        R"({"code":99991672,"msg":"Access denied. One of the following scopes is required: [x:y].","error":{"log_id":"L1",
            "permission_violations":[{"type":"action_scope_required","subject":"contact:contact.base:readonly"},
                                     {"type":"action_scope_required","subject":"<b>not a name</b>"}]}})");
    Response p(400, "");
    Verdict got = classifyFeishu(p, &v.get_object());
    CHECK(got.upstreamCode == 99991672);
    CHECK(got.requestId == "L1");
    CHECK(got.upstreamMessage.starts_with("Access denied."));
    CHECK(got.missingPermissions == std::vector<std::string>{"contact:contact.base:readonly"});
    CHECK(got.message == "the application lacks a permission: contact:contact.base:readonly");
    p.headers.emplace_back("x-tt-logid", "L2");
    CHECK(classifyFeishu(p, &v.get_object()).requestId == "L2");

    boost::json::value const bare = boost::json::parse(
        R"({"code":99991672,"msg":"Access denied. One of the following scopes is required: [a:b, c:d.e]."})");
    got = classifyFeishu(p, &bare.get_object());
    CHECK(got.missingPermissions == std::vector<std::string>{"a:b", "c:d.e"});
    CHECK(got.message == "the application lacks a permission: one of a:b, c:d.e");
}

TEST_CASE("caller: units and envelope of an answer", "[client][coroutine]") {
    Rig rig;
    rig.net.push(page(R"({"id":"a"},{"id":"b"})"));
    Answer const a = rig.call();
    CHECK(a.units == std::vector<std::string_view>{R"({"id":"a"})", R"({"id":"b"})"});
    REQUIRE(a.data() != nullptr);
    CHECK(a.data()->at("items").as_array().empty());
    CHECK_FALSE(a.data()->at("has_more").as_bool());
    CHECK(rig.caller.calls() == 1);
}

TEST_CASE("caller: an HTML 502, half an answer and a reset connection are asked again",
          "[client][coroutine]") {
    Rig rig;
    rig.net.push(Response(502, "<html><body>502 Bad Gateway</body></html>"));
    rig.net.push(Response(200, R"({"code":0,"data":{"items":[{"id":"a"},{"id)"));
    rig.net.push(Fault::connection());
    rig.net.push(page("1"));
    CHECK(rig.call().units.size() == 1);
    CHECK(rig.net.calls() == 4);
    CHECK(rig.caller.calls() == 3);  // one was never answered
    CHECK(rig.elapsed() >= 250ms + 500ms + 1s);
}

TEST_CASE("caller: a call that keeps failing ends with what failed", "[client][coroutine]") {
    Rig rig;
    for (int i = 0; i < 5; ++i)
        rig.net.push(Response(500, R"({"code":40003,"msg":"internal error","error":{"log_id":"L9"}})"));
    std::optional<Error> const e = rig.failure();
    REQUIRE(e);
    CHECK(e->is(Errc::transport));
    CHECK(e->retryable());
    CHECK(e->diagnostics().corp == "corps.Test");
    CHECK(e->diagnostics().endpoint == "GET /x");
    CHECK(e->diagnostics().upstreamCode == 40003);
    CHECK(e->diagnostics().httpStatus == 500);
    CHECK(e->diagnostics().requestId == "L9");
    CHECK(e->diagnostics().upstreamMessage == "internal error");
    CHECK(std::string(e->what()).find("internal error") == std::string::npos);  // untrusted text
    CHECK(std::string(e->what()).find("secret") == std::string::npos);
    CHECK(rig.net.calls() == 5);
}

TEST_CASE("caller: throttled with a header: everybody waits that long", "[client][coroutine]") {
    Rig rig;
    rig.net.push(throttled("52"));
    rig.net.push(page("1"));
    CHECK(rig.call().units.size() == 1);
    CHECK(rig.elapsed() >= 52s);
    CHECK(rig.elapsed() < 54s);
    CHECK(rig.context.limiters().get("api", {}).paused() == 1);
}

TEST_CASE("caller: throttled without a header: backs off; for ever: an error", "[client][coroutine]") {
    Rig rig;
    rig.net.push(throttled(std::nullopt)).push(throttled(std::nullopt)).push(page("1"));
    CHECK(rig.call().units.size() == 1);
    CHECK(rig.elapsed() >= 750ms);
    for (int i = 0; i < 8; ++i) rig.net.push(throttled("1"));
    std::optional<Error> const e = rig.failure();
    REQUIRE(e);
    CHECK(e->is(Errc::rateLimited));
    CHECK(rig.net.calls() == 11);
    CHECK(e->diagnostics().retryAfter == 1s);  // for whoever tries again later
}

TEST_CASE("caller: a platform that asks to wait too long is not waited for; the error says how long",
          "[client][coroutine]") {
    Rig rig;
    rig.net.push(throttled("600"));
    std::optional<Error> const e = rig.failure();
    REQUIRE(e);
    CHECK(e->is(Errc::rateLimited));
    CHECK(e->diagnostics().retryAfter == 600s);
    CHECK(rig.net.calls() == 1);
}

TEST_CASE("caller: a used-up monthly quota is not asked again although it is a 429", "[client][coroutine]") {
    Rig rig;
    rig.net.push(Response(429, R"({"code":99991403,"msg":"This month's API call quota has been exceeded"})"));
    std::optional<Error> const e = rig.failure();
    REQUIRE(e);
    CHECK(e->is(Errc::upstream));
    CHECK_FALSE(e->retryable());
    CHECK(rig.net.calls() == 1);
}

TEST_CASE("caller: after many failures in a row calls are asked once, until one goes well",
          "[client][coroutine]") {
    Rig rig;
    for (int i = 0; i < 8; ++i) {
        for (int k = 0; k < 5; ++k) rig.net.push(Fault::connection());
        REQUIRE(rig.failure());
    }
    CHECK(rig.net.calls() == 40);
    rig.net.push(Fault::connection());
    REQUIRE(rig.failure());
    CHECK(rig.net.calls() == 41);
    rig.net.push(page("1"));
    CHECK(rig.call().units.size() == 1);
    rig.net.push(Fault::connection()).push(page("1"));
    CHECK(rig.call().units.size() == 1);
}

TEST_CASE("caller: what the channel refuses for good passes at once", "[client][coroutine]") {
    Rig rig;
    std::optional<Error> const e = rig.failure();  // the script has no answer
    REQUIRE(e);
    CHECK(e->is(Errc::unsupported));
    CHECK(e->diagnostics().corp == "corps.Test");
    CHECK(rig.net.calls() == 1);
}

}  // namespace client_caller_test
