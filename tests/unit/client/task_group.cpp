#include <corps/client/task_group.hpp>
#include <corps/context/detail/event.hpp>
#include <corps/error/error.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <exception>
#include <string>
#include <vector>

namespace client_task_group_test {
namespace {

using namespace corps;

struct Log {
    std::vector<std::string> lines;
    int running = 0;
    int most = 0;
    int cancelled = 0;
};

asio::awaitable<void> turn() {
    asio::any_io_executor const executor = co_await asio::this_coro::executor;
    co_await asio::post(executor, asio::use_awaitable);
}

asio::awaitable<void> work(Log* log, std::string name) {
    log->most = std::max(log->most, ++log->running);
    for (int i = 0; i < 3; ++i) co_await turn();
    --log->running;
    log->lines.push_back(std::move(name));
}

asio::awaitable<void> hang(Log* log) {
    detail::Event const never;
    try {
        co_await never.wait();
    } catch (boost::system::system_error const&) {
        ++log->cancelled;
        throw;
    }
}

asio::awaitable<void> fail() {
    co_await turn();
    throw Error(Errc::notFound, "gone");
}

asio::awaitable<void> grow(TaskGroup* group, Log* log, int depth) {
    co_await turn();
    log->lines.push_back(std::to_string(depth));
    if (depth == 0) co_return;
    group->add([=] { return grow(group, log, depth - 1); });
    group->add([=] { return grow(group, log, depth - 1); });
}

// Runs `body` to its end; what it threw.
template <class F>
std::exception_ptr run(F&& body, asio::cancellation_signal* signal = nullptr) {
    asio::io_context loop;
    std::exception_ptr out;
    asio::cancellation_signal unused;
    asio::cancellation_slot const slot = signal != nullptr ? signal->slot() : unused.slot();
    asio::co_spawn(loop, body(loop.get_executor()),
                   asio::bind_cancellation_slot(slot, [&out](std::exception_ptr e) { out = std::move(e); }));
    if (signal != nullptr) {
        for (int i = 0; i < 20; ++i) loop.poll_one();
        signal->emit(asio::cancellation_type::terminal);
    }
    loop.run();
    return out;
}

bool isAborted(std::exception_ptr const& e) {
    try {
        if (e) std::rethrow_exception(e);
    } catch (boost::system::system_error const& s) {
        return s.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
    return false;
}

asio::awaitable<void> many(asio::any_io_executor executor, Log* log, unsigned limit, int jobs) {
    TaskGroup group(executor, limit);
    for (int i = 0; i < jobs; ++i) group.add([=] { return work(log, std::to_string(i)); });
    co_await group.join();
}

asio::awaitable<void> growing(asio::any_io_executor executor, Log* log) {
    TaskGroup group(executor, 3);
    group.add([&group, log] { return grow(&group, log, 6); });
    co_await group.join();
    co_await group.join();  // nothing left: at once
}

asio::awaitable<void> failing(asio::any_io_executor executor, Log* log) {
    TaskGroup group(executor, 3);
    group.add([=] { return hang(log); });
    group.add([=] { return fail(); });
    group.add([=] { return hang(log); });
    for (int i = 0; i < 5; ++i) group.add([=] { return work(log, "late"); });
    co_await group.join();
}

asio::awaitable<void> hanging(asio::any_io_executor executor, Log* log) {
    TaskGroup group(executor, 2);
    for (int i = 0; i < 4; ++i) group.add([=] { return hang(log); });
    co_await group.join();
}

}  // namespace

TEST_CASE("task group: at most so many at once, in the order they came", "[client][coroutine]") {
    for (unsigned const limit : {0U, 1U, 3U, 50U}) {
        Log log;
        CHECK_FALSE(run([&](asio::any_io_executor const& e) { return many(e, &log, limit, 10); }));
        CHECK(log.lines == std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
        CHECK(log.most == static_cast<int>(std::min(std::max(limit, 1U), 10U)));
    }
    Log log;
    CHECK_FALSE(run([&](asio::any_io_executor const& e) { return many(e, &log, 3, 0); }));
}

TEST_CASE("task group: jobs add jobs", "[client][coroutine]") {
    Log log;
    CHECK_FALSE(run([&](asio::any_io_executor const& e) { return growing(e, &log); }));
    CHECK(log.lines.size() == 127);
}

TEST_CASE("task group: the first failure stops the rest, and all have ended when it is told",
          "[client][coroutine]") {
    Log log;
    std::exception_ptr const e = run([&](asio::any_io_executor const& x) { return failing(x, &log); });
    REQUIRE(e);
    CHECK_THROWS_AS(std::rethrow_exception(e), Error);
    CHECK(log.cancelled == 2);
    CHECK(log.lines.empty());
}

TEST_CASE("task group: cancellation reaches the jobs, and join ends after them", "[client][coroutine]") {
    Log log;
    asio::cancellation_signal signal;
    std::exception_ptr const e =
        run([&](asio::any_io_executor const& x) { return hanging(x, &log); }, &signal);
    CHECK(isAborted(e));
    CHECK(log.cancelled == 2);  // the two that waited never began
}

TEST_CASE("task group: on a strand of many threads", "[client][coroutine][thread]") {
    Log log;
    asio::thread_pool pool(4);
    asio::any_io_executor const strand = asio::make_strand(pool);
    asio::co_spawn(strand, many(strand, &log, 8, 500), asio::use_future).get();
    CHECK(log.lines.size() == 500);
    CHECK(log.running == 0);
}

}  // namespace client_task_group_test
