#include <corps/auth/authorized.hpp>
#include <corps/auth/fs_auth.hpp>
#include <corps/context/context.hpp>
#include <corps/error/error.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/testing/scripted_transport.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace auth_authorized_test {
namespace {

using namespace corps;
using namespace std::chrono_literals;
using testing::ManualClock;
using testing::ScriptedTransport;

constexpr std::string_view kTokenCall = "POST /open-apis/auth/v3/tenant_access_token/internal";

// A platform that issues t-1, t-2, ... and accepts those in `good`.
struct Platform {
    Platform() {
        net.on(std::string(kTokenCall), [this](Request const&) {
            std::string const token = "t-" + std::to_string(++issued);
            if (acceptNew) good.insert(token);
            return Response(
                200, R"({"code":0,"msg":"ok","tenant_access_token":")" + token + R"(","expire":7200})");
        });
        net.on("GET /x", [this](Request const& q) {
            std::string_view const header = findHeader(q.headers, "Authorization");
            bool const once = std::count_if(q.headers.begin(), q.headers.end(),
                                            [](Header const& h) { return h.name == "Authorization"; }) == 1;
            if (once && header.starts_with("Bearer ") && good.contains(header.substr(7)))
                return Response(200, R"({"code":0})");
            return Response(400, R"({"code":99991663,"msg":"Invalid access token for authorization."})");
        });
    }
    ScriptedTransport net;
    std::set<std::string, std::less<>> good;
    int issued = 0;
    bool acceptNew = true;
};

ContextOptions with(std::shared_ptr<ManualClock> const& clock, asio::any_io_executor executor = {}) {
    ContextOptions out;
    out.clock = clock;
    out.executor = std::move(executor);
    return out;
}

Authorized<FSAuth> authorized(Context const& context, Platform& platform) {
    return {context, std::make_shared<Wire<ScriptedTransport>>(platform.net),
            FSAuth(FSAuth::Config("cli_1", Secret("x")))};
}

Request get() { return {"GET", "https://h/x", "GET /x"}; }

asio::awaitable<void> call(Channel* channel, std::vector<int>* statuses) {
    Response const p = co_await channel->send(get());
    statuses->push_back(p.status);
}

}  // namespace

TEST_CASE("authorized: one token for all calls and all channels of an application", "[auth][coroutine]") {
    Platform platform;
    auto const clock = std::make_shared<ManualClock>();
    Context const context(with(clock));
    Authorized<FSAuth> a = authorized(context, platform);
    Authorized<FSAuth> b = authorized(context, platform);
    for (int i = 0; i < 3; ++i) {
        CHECK(context.run(a.send(get())).status == 200);
        CHECK(context.run(b.send(get())).status == 200);
    }
    CHECK(platform.issued == 1);
    clock->advance(109min);
    CHECK(context.run(a.send(get())).status == 200);
    CHECK(platform.issued == 1);
    clock->advance(1min);
    CHECK(context.run(a.send(get())).status == 200);
    CHECK(platform.issued == 2);
}

TEST_CASE("graveyard 12: a token that expires between two pages is refreshed once", "[auth][coroutine]") {
    Platform platform;
    Context const context;
    Authorized<FSAuth> a = authorized(context, platform);
    CHECK(context.run(a.send(get())).status == 200);
    platform.good.clear();
    CHECK(context.run(a.send(get())).status == 200);
    CHECK(platform.issued == 2);
    CHECK(platform.net.calls("GET /x") == 3);
}

TEST_CASE("graveyard 12: a token that is never accepted is not asked for again and again",
          "[auth][coroutine]") {
    Platform platform;
    platform.acceptNew = false;
    Context const context;
    Authorized<FSAuth> a = authorized(context, platform);
    CHECK(context.run(a.send(get())).status == 400);
    CHECK(platform.issued == 2);
    CHECK(platform.net.calls("GET /x") == 2);
}

TEST_CASE("authorized: a call that is sent again asks its limiter for another permit", "[auth][coroutine]") {
    Platform platform;
    auto const clock = std::make_shared<ManualClock>();
    clock->autoAdvance();
    Context const context(with(clock));
    Authorized<FSAuth> a = authorized(context, platform);
    RateLimiter& limiter = context.limiters().get("x", {RateWindow{1, 1min, 0ms}});
    Request q = get();
    q.limiter = &limiter;
    CHECK(context.run(a.send(q)).status == 200);
    CHECK(limiter.granted() == 0);  // the first permit is the caller's to ask for
    platform.good.clear();
    Duration const before = clock->uptime();
    CHECK(context.run(a.send(q)).status == 200);
    CHECK(context.run(a.send(q)).status == 200);
    CHECK(limiter.granted() == 1);
    platform.good.clear();
    CHECK(context.run(a.send(q)).status == 200);
    CHECK(limiter.granted() == 2);
    CHECK(clock->uptime() - before == 1min);
}

TEST_CASE("authorized: a refusal that quotes the token does not bring it further", "[auth][coroutine]") {
    Platform platform;
    platform.acceptNew = false;
    platform.net.on("GET /x", [](Request const& q) {
        std::string const token(findHeader(q.headers, "Authorization").substr(7));
        return Response(400, R"({"code":99991663,"msg":"no )" + token + " and no " + token + "\"}");
    });
    Context const context;
    Authorized<FSAuth> a = authorized(context, platform);
    Response const p = context.run(a.send(get()));
    CHECK(p.body == R"({"code":99991663,"msg":"no *** and no ***"})");
    CHECK(platform.issued == 2);
}

TEST_CASE("authorized: many calls at once cause one fetch, and one refresh when the token is refused",
          "[auth][coroutine]") {
    Platform platform;
    platform.net.interleave(5, 7);
    asio::io_context loop;
    Context const context(with(std::make_shared<ManualClock>(), loop.get_executor()));
    Authorized<FSAuth> a = authorized(context, platform);
    std::vector<int> statuses;
    auto const burst = [&] {
        statuses.clear();
        loop.restart();
        for (int i = 0; i < 20; ++i) {
            asio::co_spawn(loop, call(&a, &statuses), [](std::exception_ptr const& e) { CHECK_FALSE(e); });
        }
        loop.run();
    };
    burst();
    CHECK(statuses == std::vector<int>(20, 200));
    CHECK(platform.issued == 1);
    platform.good.clear();
    burst();
    CHECK(statuses == std::vector<int>(20, 200));
    CHECK(platform.issued == 2);
}

TEST_CASE("authorized: who asked first is cancelled, the others get the token", "[auth][coroutine]") {
    Platform platform;
    platform.net.interleave(8, 1);
    asio::io_context loop;
    Context const context(with(std::make_shared<ManualClock>(), loop.get_executor()));
    Authorized<FSAuth> a = authorized(context, platform);
    std::vector<int> statuses;
    asio::cancellation_signal signal;
    bool first = false;
    asio::co_spawn(loop, call(&a, &statuses),
                   asio::bind_cancellation_slot(signal.slot(), [&first](std::exception_ptr const& e) {
                       first = static_cast<bool>(e);
                   }));
    asio::co_spawn(loop, call(&a, &statuses), [](std::exception_ptr const& e) { CHECK_FALSE(e); });
    while (platform.net.calls(kTokenCall) == 0) loop.run_one();
    signal.emit(asio::cancellation_type::terminal);
    loop.run();
    CHECK(first);
    CHECK(statuses == std::vector<int>{200});
    CHECK(platform.issued == 1);
}

TEST_CASE("authorized: a refused application fails the call, and the next call asks again",
          "[auth][coroutine]") {
    Platform platform;
    platform.net.on(std::string(kTokenCall), [](Request const&) {
        return Response(200, R"({"code":10014,"msg":"app secret invalid"})");
    });
    Context const context;
    Authorized<FSAuth> a = authorized(context, platform);
    for (int i = 1; i <= 2; ++i) {
        try {
            (void)context.run(a.send(get()));
            FAIL("answered");
        } catch (Error const& e) {
            CHECK(e.is(Errc::authRejected));
        }
        CHECK(platform.net.calls(kTokenCall) == static_cast<std::size_t>(i));
        CHECK(platform.net.calls("GET /x") == 0);
    }
}

}  // namespace auth_authorized_test
