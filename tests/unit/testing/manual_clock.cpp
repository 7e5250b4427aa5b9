#include <corps/context/context.hpp>
#include <corps/testing/manual_clock.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch_test_macros.hpp>

#include <string>
#include <thread>
#include <vector>

namespace testing_manual_clock_test {
namespace {

using namespace corps;
using namespace std::chrono_literals;
using testing::ManualClock;

asio::awaitable<void> nap(std::shared_ptr<ManualClock> clock, Duration d, std::string name,
                          std::vector<std::string>& log) {
    Duration const begin = clock->uptime();
    co_await clock->sleep(d);
    log.push_back(name + "@" + std::to_string((clock->uptime() - begin).count()));
}

asio::awaitable<void> busyThenNap(std::shared_ptr<ManualClock> clock, int turns, Duration d, std::string name,
                                  std::vector<std::string>& log) {
    Duration const begin = clock->uptime();
    auto const executor = co_await asio::this_coro::executor;
    for (int i = 0; i < turns; ++i) co_await asio::post(executor, asio::use_awaitable);
    co_await clock->sleep(d);
    log.push_back(name + "@" + std::to_string((clock->uptime() - begin).count()));
}

}  // namespace

TEST_CASE("manual clock: sleeps end when time is moved, earliest first", "[testing][coroutine]") {
    asio::io_context io;
    auto const clock = std::make_shared<ManualClock>();
    std::vector<std::string> log;
    asio::co_spawn(io, nap(clock, 20ms, "b", log), asio::detached);
    asio::co_spawn(io, nap(clock, 10ms, "a", log), asio::detached);
    asio::co_spawn(io, nap(clock, 30ms, "c", log), asio::detached);
    asio::co_spawn(io, nap(clock, 0ms, "now", log), asio::detached);
    io.poll();
    CHECK(log == std::vector<std::string>{"now@0"});
    CHECK(clock->sleeping() == 3);
    TimePoint const before = clock->now();
    clock->advance(20ms);
    io.poll();
    CHECK(log == std::vector<std::string>{"now@0", "a@20", "b@20"});
    CHECK(clock->sleeping() == 1);
    CHECK(clock->sleeps() == 3);
    CHECK(clock->now() - before == 20ms);
}

TEST_CASE("manual clock: time moves from sleep to sleep for a loop that the test turns",
          "[testing][coroutine]") {
    asio::io_context io;
    auto const clock = std::make_shared<ManualClock>();
    std::vector<std::string> log;
    CHECK_FALSE(clock->advanceToNext());
    asio::co_spawn(io, nap(clock, 24h, "b", log), asio::detached);
    asio::co_spawn(io, nap(clock, 10ms, "a", log), asio::detached);
    io.poll();
    CHECK(clock->advanceToNext());
    io.poll();
    CHECK(log == std::vector<std::string>{"a@10"});
    CHECK(clock->advanceToNext());
    io.poll();
    CHECK(log == std::vector<std::string>{"a@10", "b@86400000"});
    CHECK_FALSE(clock->advanceToNext());
}

TEST_CASE("manual clock: wall time can step, the other time does not", "[testing]") {
    ManualClock clock(TimePoint(5min));
    Duration const up = clock.uptime();
    clock.setNow(TimePoint(1min));
    CHECK(clock.now() == TimePoint(1min));
    CHECK(clock.uptime() == up);
    clock.advance(1s);
    CHECK(clock.now() == TimePoint(61s));
    CHECK(clock.uptime() == up + 1s);
}

TEST_CASE("manual clock: time jumps by itself when nothing else is left to run", "[testing][coroutine]") {
    asio::io_context io;
    auto const clock = std::make_shared<ManualClock>();
    clock->autoAdvance();
    std::vector<std::string> log;
    asio::co_spawn(io, nap(clock, 24h, "day", log), asio::detached);
    asio::co_spawn(io, busyThenNap(clock, 100, 1h, "hour", log), asio::detached);
    asio::co_spawn(io, busyThenNap(clock, 30, 10ms, "soon", log), asio::detached);
    io.run();
    // Each woke at its own time: nobody's time was moved past a sleep that was about to begin.
    CHECK(log == std::vector<std::string>{"soon@10", "hour@3600000", "day@86400000"});
}

TEST_CASE("manual clock: the blocking form sleeps a year at once", "[testing][coroutine][thread]") {
    auto const clock = std::make_shared<ManualClock>();
    clock->autoAdvance();
    ContextOptions options;
    options.clock = clock;
    Context const context(options);
    std::vector<std::string> log;
    for (int i = 0; i < 3; ++i) context.run(nap(clock, 24h * 365, "year", log));
    CHECK(log == std::vector<std::string>(3, "year@31536000000"));
}

TEST_CASE("manual clock: a cancelled sleep leaves nothing behind", "[testing][coroutine]") {
    asio::io_context io;
    auto const clock = std::make_shared<ManualClock>();
    asio::cancellation_signal signal;
    bool aborted = false;
    asio::co_spawn(io, clock->sleep(1h),
                   asio::bind_cancellation_slot(
                       signal.slot(), [&aborted](std::exception_ptr e) { aborted = e != nullptr; }));
    io.poll();
    REQUIRE(clock->sleeping() == 1);
    signal.emit(asio::cancellation_type::terminal);
    io.poll();
    CHECK(aborted);
    CHECK(clock->sleeping() == 0);
    clock->advance(2h);
}

TEST_CASE("manual clock: automatic time goes on on another executor after the first one is gone",
          "[testing][coroutine]") {
    auto const clock = std::make_shared<ManualClock>();
    clock->autoAdvance();
    std::vector<std::string> log;
    {
        asio::io_context doomed;
        asio::co_spawn(doomed, nap(clock, 1h, "never", log), asio::detached);
        doomed.run_one();
    }
    asio::io_context io;
    asio::co_spawn(io, nap(clock, 1h, "hour", log), asio::detached);
    io.run();
    CHECK(log == std::vector<std::string>{"hour@3600000"});
}

TEST_CASE("manual clock: sleeping and moving time from many threads", "[testing][coroutine][thread]") {
    auto const clock = std::make_shared<ManualClock>();
    ContextOptions options;
    options.clock = clock;
    Context const context(options);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([context, clock] {
            for (int k = 0; k < 20; ++k) context.run(clock->sleep(10ms));
        });
    }
    std::thread mover([clock] {
        for (int k = 0; k < 80; ++k) {
            if (!clock->waitForSleepers(1, 100ms)) break;
            clock->advance(10ms);
        }
        while (clock->waitForSleepers(1, 50ms)) clock->advance(10ms);
    });
    for (auto& t : threads) t.join();
    mover.join();
    CHECK(clock->sleeps() == 80);
    CHECK(clock->sleeping() == 0);
}

}  // namespace testing_manual_clock_test
