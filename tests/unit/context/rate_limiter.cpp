#include <corps/client/impl/qywx_endpoints.hpp>
#include <corps/context/context.hpp>
#include <corps/context/rate_limiter.hpp>
#include <corps/testing/manual_clock.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace context_rate_limiter_test {
namespace {

using namespace corps;
using namespace std::chrono_literals;
using testing::ManualClock;

asio::awaitable<void> take(RateLimiter& limiter, std::shared_ptr<Clock> clock, int id,
                           std::vector<std::pair<int, Duration>>& out) {
    co_await limiter.acquire();
    out.emplace_back(id, clock->uptime());
}

// The largest number of grants within any half-open stretch of `window`.
std::size_t busiest(std::vector<std::pair<int, Duration>> const& grants, Duration window) {
    std::size_t most = 0;
    for (std::size_t i = 0; i < grants.size(); ++i) {
        std::size_t j = i;
        while (j < grants.size() && grants[j].second - grants[i].second < window) ++j;
        most = std::max(most, j - i);
    }
    return most;
}

struct Fixture {
    asio::io_context io;
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    std::vector<std::pair<int, Duration>> grants;
    Duration const begin = clock->uptime();

    void ask(RateLimiter& limiter, int first, int count) {
        for (int i = first; i < first + count; ++i)
            asio::co_spawn(io, take(limiter, clock, i, grants), asio::detached);
    }
    void settle() {
        io.restart();
        io.poll();
    }
    [[nodiscard]] std::vector<int> order() const {
        std::vector<int> ids;
        for (auto const& g : grants) ids.push_back(g.first);
        return ids;
    }
};

RateWindow window(std::uint32_t calls, Duration w, Duration margin = Duration(0)) {
    RateWindow out;
    out.calls = calls;
    out.window = w;
    out.margin = margin;
    return out;
}

}  // namespace

TEST_CASE("rate limiter: a burst passes up to the limit, the rest when the window has moved on",
          "[context][coroutine]") {
    Fixture f;
    RateLimiter limiter(*f.clock, {window(3, 1s)});
    f.ask(limiter, 0, 5);
    f.settle();
    CHECK(f.order() == std::vector{0, 1, 2});
    f.clock->advance(999ms);
    f.settle();
    CHECK(f.grants.size() == 3);
    f.clock->advance(1ms);
    f.settle();
    CHECK(f.order() == std::vector{0, 1, 2, 3, 4});
    CHECK(limiter.granted() == 5);
}

TEST_CASE("rate limiter: no limits, or a window of zero, never wait; a limit of nothing is refused",
          "[context][coroutine]") {
    Fixture f;
    RateLimiter none(*f.clock, {});
    RateLimiter zero(*f.clock, {RateWindow()});
    f.ask(none, 0, 100);
    f.ask(zero, 100, 100);
    f.settle();
    CHECK(f.grants.size() == 200);
    CHECK_THROWS_AS(RateLimiter(*f.clock, {window(0, 1s)}), Error);
}

TEST_CASE("rate limiter: several windows hold at once, and the allowance is used", "[context][coroutine]") {
    Fixture f;
    f.clock->autoAdvance();
    SECTION("exactly") {
        RateLimiter limiter(*f.clock, {window(50, 1s), window(1000, 1min)});
        f.ask(limiter, 0, 3000);
        f.io.run();
        REQUIRE(f.grants.size() == 3000);
        CHECK(busiest(f.grants, 1s) == 50);
        CHECK(busiest(f.grants, 1min) == 1000);
        // 1000 at once would take 20 s; the third thousand begins after two minutes and takes 19 s.
        CHECK(f.grants.back().second - f.begin == 2min + 19s);
        CHECK(std::is_sorted(f.grants.begin(), f.grants.end()));
    }
    SECTION("with the margin a network needs") {
        RateWindow perSecond;
        perSecond.calls = 50;
        perSecond.window = 1s;
        RateLimiter limiter(*f.clock, {perSecond});
        f.ask(limiter, 0, 5000);
        f.io.run();
        Duration const spent = f.grants.back().second - f.begin;
        // Arrivals that differ by up to the margin still keep the limit.
        CHECK(busiest(f.grants, 1s + perSecond.effectiveMargin()) == 50);
        CHECK(perSecond.effectiveMargin() == 40ms);
        // At least 95 % of 50 a second.
        CHECK(4950.0 / std::chrono::duration<double>(spent).count() >= 0.95 * 50);
    }
    SECTION("of a minute, as WeCom publishes them") {
        RateLimiter limiter(*f.clock, detail::qywxWindows());
        f.ask(limiter, 0, 30'001);
        f.io.run();
        REQUIRE(f.grants.size() == 30'001);
        for (std::size_t i = 10'000; i < f.grants.size(); ++i)
            if (f.grants[i].second - f.grants[i - 10'000].second < 1min) FAIL("too early: " << i);
        CHECK(f.grants.back().second - f.begin <= Duration(180'000 * 100 / 95));
    }
}

TEST_CASE("rate limiter: the margin is small against the window", "[context]") {
    CHECK(window(1, 10ms, -1ms).effectiveMargin() == 1ms);
    CHECK(window(1, 1min, -1ms).effectiveMargin() == 250ms);
    CHECK(window(1, 1min, 5ms).effectiveMargin() == 5ms);
    CHECK(window(1, 1min, 0ms).effectiveMargin() == 0ms);
}

TEST_CASE("rate limiter: nobody passes during a pause, and the order holds", "[context][coroutine]") {
    Fixture f;
    RateLimiter limiter(*f.clock, {window(2, 1s)});
    f.ask(limiter, 0, 4);
    f.settle();
    CHECK(f.order() == std::vector{0, 1});
    limiter.pause(10s);  // while number 2 already sleeps for its turn
    limiter.pause(1s);   // does not shorten it
    f.ask(limiter, 4, 1);
    f.clock->advance(9999ms);
    f.settle();
    CHECK(f.grants.size() == 2);
    f.clock->advance(1ms);
    f.settle();
    CHECK(f.order() == std::vector{0, 1, 2, 3});
    f.clock->advance(1s);
    f.settle();
    CHECK(f.order() == std::vector{0, 1, 2, 3, 4});
    CHECK(limiter.paused() == 2);
}

TEST_CASE("rate limiter: who is cancelled takes no permit and keeps nobody", "[context][coroutine]") {
    Fixture f;
    RateLimiter limiter(*f.clock, {window(1, 1s)});
    f.ask(limiter, 0, 1);
    f.settle();
    int aborted = 0;
    std::deque<asio::cancellation_signal> signals(3);
    for (int i = 0; i < 3; ++i) {
        asio::co_spawn(
            f.io, take(limiter, f.clock, 10 + i, f.grants),
            asio::bind_cancellation_slot(signals[static_cast<std::size_t>(i)].slot(),
                                         [&aborted](std::exception_ptr e) { aborted += e ? 1 : 0; }));
    }
    f.ask(limiter, 20, 1);
    f.settle();
    signals[0].emit(asio::cancellation_type::terminal);  // the head, which sleeps
    signals[1].emit(asio::cancellation_type::terminal);  // one in the queue
    f.settle();
    CHECK(aborted == 2);
    f.clock->advance(1s);
    f.settle();
    CHECK(f.order() == std::vector{0, 12});
    f.clock->advance(1s);
    f.settle();
    CHECK(f.order() == std::vector{0, 12, 20});
    CHECK(limiter.granted() == 3);
}

TEST_CASE("rate limiter: waiting callers may be destroyed with their executor", "[context][coroutine]") {
    auto const clock = std::make_shared<ManualClock>();
    RateLimiter limiter(*clock, {window(1, 1s)});
    std::vector<std::pair<int, Duration>> grants;
    {
        asio::io_context io;
        for (int i = 0; i < 3; ++i) asio::co_spawn(io, take(limiter, clock, i, grants), asio::detached);
        io.poll();
    }
    CHECK(grants.size() == 1);
    asio::io_context io;
    asio::co_spawn(io, take(limiter, clock, 9, grants), asio::detached);
    io.poll();
    clock->advance(1s);
    io.poll();
    CHECK(grants.size() == 2);
}

TEST_CASE("rate limiter: limits hold with many threads", "[context][coroutine][thread]") {
    asio::thread_pool pool(4);
    auto const clock = std::make_shared<ManualClock>();
    RateLimiter limiter(*clock, {window(10, 1s)});
    std::atomic<int> passed = 0;
    struct Body {
        static asio::awaitable<void> go(RateLimiter& l, std::atomic<int>& n) {
            co_await l.acquire();
            ++n;
        }
    };
    for (int i = 0; i < 100; ++i) asio::co_spawn(pool, Body::go(limiter, passed), asio::detached);
    for (int round = 1; round <= 10; ++round) {
        // The head of the queue sleeps again when the ten of this second have passed.
        while (limiter.granted() < static_cast<std::uint64_t>(round) * 10) std::this_thread::yield();
        if (round < 10) REQUIRE(clock->waitForSleepers(1));
        CHECK(limiter.granted() == static_cast<std::uint64_t>(round) * 10);
        clock->advance(1s);
    }
    pool.join();
    CHECK(passed == 100);
}

TEST_CASE("rate limiter: a context keeps one limiter for a key", "[context][thread]") {
    Context const context;
    RateLimiter& a = context.limiters().get("feishu/app/users", {window(5, 1s)});
    RateLimiter& b = context.limiters().get("feishu/app/users", {window(9, 1s)});
    RateLimiter& c = context.limiters().get("feishu/app/departments", {window(5, 1s)});
    CHECK(&a == &b);
    CHECK(&a != &c);
}

}  // namespace context_rate_limiter_test
