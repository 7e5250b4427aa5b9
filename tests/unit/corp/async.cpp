// The coroutine forms: one operation at a time, cancellation, corps that go while one runs.
#include "toy.hpp"

#include <corps/corps.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace corp_async_test {

using namespace corps;

namespace {

/** A corp whose coroutines run on a loop of our own. */
struct LoopWorld {
    LoopWorld() : LoopWorld(toy::wireTo(toy::demo())) {}
    explicit LoopWorld(testing::ScriptedTransport wire)
        : net(std::move(wire)), corp(toy::config(), context(), net, storage) {}

    Context context() {
        ContextOptions options;
        options.executor = loop.get_executor();
        return Context(options);
    }

    asio::io_context loop;
    testing::ScriptedTransport net;
    MemoryStorage storage;
    toy::Type<> corp;
};

std::optional<Errc> codeOf(std::exception_ptr const& e) {
    if (!e) return std::nullopt;
    try {
        std::rethrow_exception(e);
    } catch (Error const& error) {
        return static_cast<Errc>(error.code().value());
    } catch (...) {
        return std::nullopt;
    }
}

asio::awaitable<void> tour(toy::Type<> corp, std::string* done) {
    co_await corp.asyncInitCorp();
    SyncReport const report = co_await corp.asyncSyncCorp();
    CorpData const data = co_await corp.asyncGetThirdCorpData();
    SyncPlan const plan = co_await corp.asyncPlanSync();
    corp.offlineMember(ids<MemberId>("ann", "bob"));
    *done = std::string(toString(report.outcome)) + " " + std::to_string(data.userList.size()) +
            (plan.empty() ? " empty" : " changes");
}

}  // namespace

TEST_CASE("corp: every network operation is a coroutine too", "[corp][coroutine]") {
    LoopWorld w;
    std::string done;
    asio::co_spawn(w.loop, tour(w.corp, &done), asio::detached);
    w.loop.run();
    CHECK(done == "unchanged 5 empty");
    CHECK(w.corp.getMembers("offline").size() == 2);
}

TEST_CASE("corp: one operation at a time", "[corp][coroutine]") {
    LoopWorld w;
    w.net.interleave(3);
    std::exception_ptr first, second, third;
    asio::co_spawn(w.loop, w.corp.asyncSyncCorp(),
                   [&](std::exception_ptr e, SyncReport const&) { first = std::move(e); });
    asio::co_spawn(w.loop, w.corp.as("alice").asyncPlanSync(),
                   [&](std::exception_ptr e, SyncPlan const&) { second = std::move(e); });
    w.loop.run();
    CHECK_FALSE(first);
    CHECK(codeOf(second) == Errc::operationInProgress);
    w.loop.restart();
    asio::co_spawn(w.loop, w.corp.asyncSyncCorp(),
                   [&](std::exception_ptr e, SyncReport const&) { third = std::move(e); });
    w.loop.run();
    CHECK_FALSE(third);
}

TEST_CASE("corp: cancelled at any call, a sync has written nothing and the corp is as usable as before",
          "[corp][coroutine]") {
    // From the second call on: the first fetches the token, for whoever else may want it, and is not
    // cancelled with us.
    for (std::size_t call = 1;; ++call) {
        REQUIRE(call < 20);
        LoopWorld w;
        w.net.failAt(call, testing::Fault::hang());
        asio::cancellation_signal stop;
        std::exception_ptr failure;
        bool ended = false;
        asio::co_spawn(
            w.loop, w.corp.asyncSyncCorp(),
            asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr e, SyncReport const&) {
                failure = std::move(e);
                ended = true;
            }));
        w.loop.poll();
        if (ended && !failure) {
            CHECK(call == 9);  // token, departments, four lists of members, roles, two lists of who has them
            break;
        }
        CHECK_FALSE(ended);
        stop.emit(asio::cancellation_type::terminal);
        w.loop.restart();
        w.loop.run();
        CHECK(ended);
        CHECK(failure);
        CHECK(w.corp.getMembers().empty());
        CHECK(w.corp.changesSince().empty());

        SyncReport report;
        w.loop.restart();
        asio::co_spawn(w.loop, w.corp.asyncSyncCorp(), [&](std::exception_ptr e, SyncReport r) {
            CHECK_FALSE(e);
            report = std::move(r);
        });
        w.loop.run();
        CHECK(report.members.created == 5);
    }
}

TEST_CASE("corp: an operation outlives the object it was called on", "[corp][coroutine]") {
    asio::io_context loop;
    MemoryStorage storage;
    testing::ScriptedTransport net = toy::wireTo(toy::demo());
    net.interleave(2);
    std::optional<SyncReport> report;
    {
        ContextOptions options;
        options.executor = loop.get_executor();
        toy::Type<> corp(toy::config(), Context(options), net, storage);
        asio::co_spawn(loop, corp.asyncSyncCorp(), [&](std::exception_ptr e, SyncReport r) {
            CHECK_FALSE(e);
            report = std::move(r);
        });
    }
    loop.run();
    REQUIRE(report);
    CHECK(report->members.created == 5);
}

TEST_CASE("corp: the blocking form is refused on the context's own thread", "[corp][coroutine]") {
    toy::World w;
    std::optional<Errc> code;
    auto const call = [&]() -> asio::awaitable<int> {
        try {
            w.corp.syncCorp();
        } catch (Error const& e) {
            code = static_cast<Errc>(e.code().value());
        }
        co_return 0;
    };
    CHECK(w.context.run(call()) == 0);
    CHECK(code == Errc::invalidArgument);
}

}  // namespace corp_async_test
