#include <corps/context/context.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/testing/recording_logger.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/system/system_error.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace context_context_test {
namespace {

using namespace corps;
using testing::ManualClock;

asio::awaitable<std::thread::id> whereAmI() { co_return std::this_thread::get_id(); }
asio::awaitable<std::string> longText() { co_return std::string(100, 'x'); }
asio::awaitable<void> failWith(Errc e) {
    throw Error(e, "as asked");
    co_return;
}
asio::awaitable<void> abortMe() {
    throw boost::system::system_error(asio::error::operation_aborted);
    co_return;
}
asio::awaitable<void> sleepOn(std::shared_ptr<Clock> clock, Duration d) { co_await clock->sleep(d); }
asio::awaitable<void> holdHandle(Context c, std::shared_ptr<std::promise<void>> gone, Duration d) {
    co_await c.clock().sleep(d);
    gone->set_value();
}
asio::awaitable<std::optional<Errc>> nestedRun(Context c) {
    try {
        c.run(failWith(Errc::busy));
    } catch (Error const& e) {
        co_return static_cast<Errc>(e.code().value());
    }
    co_return std::nullopt;
}

Errc codeOf(Context const& c, asio::awaitable<void> operation) {
    try {
        c.run(std::move(operation));
    } catch (Error const& e) {
        return static_cast<Errc>(e.code().value());
    }
    return Errc{};
}

}  // namespace

TEST_CASE("context: the blocking form runs on a thread of its own and brings back results and errors",
          "[context][coroutine][thread]") {
    Context const context;
    CHECK(context.run(whereAmI()) != std::this_thread::get_id());
    CHECK(context.run(whereAmI()) == context.run(whereAmI()));
    CHECK(context.run(longText()) == std::string(100, 'x'));
    CHECK(codeOf(context, failWith(Errc::held)) == Errc::held);
    CHECK(codeOf(context, abortMe()) == Errc::cancelled);
}

TEST_CASE("context: the blocking form is refused where it would wait for itself",
          "[context][coroutine][thread]") {
    SECTION("own thread") {
        Context const context;
        CHECK(context.run(nestedRun(context)) == Errc::invalidArgument);
    }
    SECTION("a thread of the caller's executor") {
        asio::io_context io;
        auto const work = asio::make_work_guard(io);
        std::thread thread([&io] { io.run(); });
        for (bool const strand : {false, true}) {
            ContextOptions options;
            if (strand)
                options.executor = asio::make_strand(io);
            else
                options.executor = io.get_executor();
            Context const context(options);
            CHECK(context.run(nestedRun(context)) == Errc::invalidArgument);
        }
        io.stop();
        thread.join();
    }
}

TEST_CASE("context: many threads may block on one context", "[context][coroutine][thread]") {
    Context const context;
    std::vector<std::thread> threads;
    std::atomic<int> done = 0;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([context, &done] {
            for (int k = 0; k < 50; ++k) done += context.run(longText()).size() == 100 ? 1 : 0;
        });
    }
    for (auto& t : threads) t.join();
    CHECK(done == 400);
}

TEST_CASE("context: an executor that ends first cancels the blocking form", "[context][coroutine][thread]") {
    auto io = std::make_unique<asio::io_context>();
    auto const clock = std::make_shared<ManualClock>();
    ContextOptions options;
    options.executor = io->get_executor();
    options.clock = clock;
    Context const context(options);
    auto waiting = std::async(std::launch::async,
                              [&] { return codeOf(context, sleepOn(clock, std::chrono::hours(1))); });
    while (clock->sleeping() == 0) {
        io->restart();
        io->poll();
    }
    io.reset();
    CHECK(waiting.get() == Errc::cancelled);
}

TEST_CASE("context: the last handle may go on the context's own thread", "[context][coroutine][thread]") {
    auto const gone = std::make_shared<std::promise<void>>();
    auto future = gone->get_future();
    {
        Context const context;
        asio::co_spawn(context.executor(), holdHandle(context, gone, Duration(5)), asio::detached);
    }
    // Nothing but the coroutine holds the context now.
    CHECK(future.wait_for(std::chrono::seconds(10)) == std::future_status::ready);
}

TEST_CASE("context: what is suspended goes with the last handle", "[context][coroutine][thread]") {
    auto const clock = std::make_shared<ManualClock>();
    {
        Context const context;
        asio::co_spawn(context.executor(), sleepOn(clock, std::chrono::hours(1)), asio::detached);
        REQUIRE(clock->waitForSleepers(1));
    }
    CHECK(clock->sleeping() == 0);
}

TEST_CASE("context: ids sort by time of making and do not repeat", "[context]") {
    auto const clock = std::make_shared<ManualClock>();
    ContextOptions options;
    options.clock = clock;
    SECTION("with the system's randomness") {}
    SECTION("with bits that are all ones, so that counting up carries") {
        options.random = [] { return ~std::uint64_t{0}; };
    }
    Context const context(options);
    std::vector<std::string> ids;
    for (int i = 0; i < 300; ++i) {
        if (i == 100) clock->advance(Duration(1));
        if (i == 200) clock->setNow(clock->now() - std::chrono::hours(1));
        ids.push_back(context.newId());
    }
    CHECK(std::is_sorted(ids.begin(), ids.end()));
    CHECK(std::set<std::string>(ids.begin(), ids.end()).size() == ids.size());
    for (auto const& id : ids) {
        CHECK(id.size() == 26);
        CHECK(id.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ") == std::string::npos);
    }
}

TEST_CASE("context: an id holds its time", "[context]") {
    ContextOptions options;
    options.clock = std::make_shared<ManualClock>(TimePoint(std::chrono::milliseconds(1469918176385)));
    options.random = [] { return std::uint64_t{0}; };
    // The example of the ULID specification has this time stamp.
    CHECK(Context(options).newId() == "01ARYZ6S410000000000000000");
}

TEST_CASE("context: randomness differs from call to call", "[context]") {
    Context const context;
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 100; ++i) seen.insert(context.random());
    CHECK(seen.size() == 100);
}

TEST_CASE("context: ids and injected randomness from many threads", "[context][thread]") {
    ContextOptions options;
    std::uint64_t state = 1;  // not atomic: the context has to take turns
    options.random = [&state] { return state = state * 6364136223846793005ULL + 1442695040888963407ULL; };
    Context const context(options);
    std::vector<std::vector<std::string>> ids(4);
    std::vector<std::thread> threads;
    for (auto& mine : ids) {
        threads.emplace_back([&mine, context] {
            for (int i = 0; i < 200; ++i) mine.push_back(context.newId());
        });
    }
    for (auto& t : threads) t.join();
    std::set<std::string> all;
    for (auto const& mine : ids) {
        CHECK(std::is_sorted(mine.begin(), mine.end()));
        all.insert(mine.begin(), mine.end());
    }
    CHECK(all.size() == 800);
}

TEST_CASE("context: log and progress reach the caller, and what they throw goes nowhere", "[context]") {
    testing::RecordingLogger log;
    std::uint64_t pages = 0;
    ContextOptions options;
    options.logger = log.logger();
    options.progress = [&pages](Progress const& p) { pages = p.pages; };
    Context const context(options);
    context.log(LogLevel::warning, "limit reached");
    Progress progress;
    progress.pages = 3;
    context.report(progress);
    CHECK(log.contains("limit reached"));
    CHECK(log.count(LogLevel::warning) == 1);
    CHECK(pages == 3);

    options.logger = [](LogLevel, std::string_view) { throw std::runtime_error("x"); };
    options.progress = [](Progress const&) { throw std::runtime_error("x"); };
    Context const hostile(options);
    hostile.log(LogLevel::error, "line");
    hostile.report(progress);

    Context const silent;
    silent.log(LogLevel::error, "line");
    silent.report(progress);
}

TEST_CASE("context: storage calls block where they are told to", "[context][coroutine][thread]") {
    asio::thread_pool pool(1);
    std::thread::id const there = [&pool] {
        std::promise<std::thread::id> id;
        asio::post(pool, [&id] { id.set_value(std::this_thread::get_id()); });
        return id.get_future().get();
    }();
    ContextOptions options;
    SECTION("on the storage executor") { options.storageExecutor = pool.get_executor(); }
    SECTION("right here without one") {}
    Context const context(options);
    std::thread::id const own = context.run(whereAmI());
    std::thread::id ran;
    std::thread::id after;
    struct Body {
        static asio::awaitable<void> go(Context c, std::thread::id* ran, std::thread::id* after) {
            co_await c.blocking([ran] { *ran = std::this_thread::get_id(); });
            *after = std::this_thread::get_id();
        }
    };
    context.run(Body::go(context, &ran, &after));
    CHECK(ran == (options.storageExecutor ? there : own));
    CHECK(after == own);
    CHECK(codeOf(context, context.blocking([] { throw Error(Errc::storageTooNew, "x"); })) ==
          Errc::storageTooNew);
}

TEST_CASE("context: cancelling does not abandon a storage call that has begun",
          "[context][coroutine][thread]") {
    asio::thread_pool pool(1);
    asio::io_context io;
    ContextOptions options;
    options.executor = io.get_executor();
    options.storageExecutor = pool.get_executor();
    Context const context(options);
    std::promise<void> begun;
    std::promise<void> release;
    bool written = false;
    bool finished = false;
    asio::cancellation_signal signal;
    asio::co_spawn(
        io, context.blocking([&] {
            begun.set_value();
            release.get_future().wait();
            written = true;
        }),
        asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e) { finished = e == nullptr; }));
    io.poll();
    begun.get_future().wait();
    signal.emit(asio::cancellation_type::terminal);
    io.poll();
    CHECK_FALSE(finished);
    release.set_value();
    io.run();
    CHECK(finished);
    CHECK(written);
}

TEST_CASE("context: a storage call that runs keeps the context until it is over",
          "[context][coroutine][thread]") {
    asio::thread_pool pool(1);
    std::promise<void> release;
    auto const released = release.get_future().share();
    std::atomic<bool> finished = false;
    {
        ContextOptions options;
        options.storageExecutor = pool.get_executor();
        Context const context(options);
        std::promise<void> begun;
        asio::co_spawn(context.executor(), context.blocking([&begun, released] {
            begun.set_value();
            released.wait();
        }),
                       [&finished](std::exception_ptr) { finished = true; });
        begun.get_future().wait();
    }
    release.set_value();
    pool.join();
    for (int i = 0; i < 5000 && !finished; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    CHECK(finished);
}

}  // namespace context_context_test
