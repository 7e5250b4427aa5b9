// Syncs that fail at each of their steps, that meet each other, and that are cancelled.
#include "support/fake_organisation.hpp"
#include "support/mirror_bench.hpp"

#include <corps/error/error.hpp>
#include <corps/sync/engine.hpp>
#include <corps/testing/failing_storage.hpp>
#include <corps/testing/failure_counter.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>
#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <vector>

namespace sync_engine_steps_test {

using namespace corps;
using namespace corps::testsupport;
using corps::testing::failAtEveryStep;
using corps::testing::FailingStorage;
using corps::testing::FailureCounter;

namespace {

FakeOrganisation before() {
    FakeOrganisation org;
    org.dept("a").leaders = {"m1"};
    org.dept("b", "a");
    for (int i = 1; i <= 6; ++i) org.add("m" + std::to_string(i), {i % 2 == 0 ? "a" : "b"});
    org.members["m1"].admin = true;
    org.roles["r"] = {"", "Finance"};
    org.roleMembers["r"] = {"m2", "m3"};
    return org;
}

FakeOrganisation after() {
    FakeOrganisation org = before();
    org.members["m2"].nick = "another name";
    org.members["m3"].in = {{"a", FakePlace()}};
    org.members.erase("m4");
    org.add("m7", {"a", "b"});
    org.members["m8"] = org.members["m7"];
    org.members["m8"].unionId = "union-m8";
    org.dept("c", "0");
    org.depts["b"].name = "renamed";
    org.roleMembers["r"] = {"m7"};
    org.depts["a"].leaders = {"m2"};
    return org;
}

/** Ids of users are made anew by each attempt. */
std::vector<std::string> withoutUsers(std::vector<std::string> lines) {
    for (std::string& line : lines) {
        std::size_t const at = line.find("userId='");
        if (at != std::string::npos) line.erase(at, line.find('\'', at + 8) - at + 1);
        if (line.starts_with("User ")) line = "User";  // keyed by that id
    }
    return lines;
}

SyncEngine engineOver(Loop& loop, Store& store) {
    return SyncEngine(loop.context, store, tablesOf<>(), "corps.Demo", "The title",
                      MirrorBench::defaultIdentity());
}

/** Fails a sync from one organisation to another at each step of the storage. */
std::size_t failEverywhere(std::optional<FakeOrganisation> const& from, FakeOrganisation const& to,
                           SyncOptions options) {
    std::optional<std::vector<std::string>> wanted;
    return failAtEveryStep(
        [&](FailureCounter const& counter) {
            CountingStorage storage;
            MirrorBench bench("corps.Demo", storage);
            FakeUpstream up;
            if (from) {
                up.show(*from);
                bench.sync(up);
            }
            up.show(to);
            bench.loop.clock->advance(std::chrono::seconds(1));
            std::vector<std::string> const old = dumpAll(bench.store, "corps.Demo", true);
            StoreOf<FailingStorage<MemoryStorage>> failing(
                FailingStorage<MemoryStorage>(storage.inner(), counter));
            SyncEngine engine = engineOver(bench.loop, failing);
            bool failed = false;
            try {
                static_cast<void>(bench.loop.run(engine.sync(up, options, "sync")));
            } catch (Error const& e) {
                failed = true;
                CHECK(e.is(Errc::storage));
            }
            CHECK(failed == counter.failed());
            std::vector<std::string> const now = dumpAll(bench.store, "corps.Demo", true);
            if (failed) CHECK(now == old);
            // The next one, with nothing in its way, gets there.
            static_cast<void>(bench.sync(up, options));
            std::vector<std::string> const reached = withoutUsers(dumpAll(bench.store, "corps.Demo"));
            if (!wanted) wanted = reached;
            CHECK(reached == *wanted);
            CHECK(bench.engine->verify().ok);
            CHECK(bench.sync(up, options).outcome == SyncOutcome::unchanged);
        },
        100'000, Errc::storage);
}

asio::awaitable<void> asleep(Context context, Duration how) { co_await context.clock().sleep(how); }

}  // namespace

TEST_CASE("sync: the first one fails at every step of the storage", "[sync][coroutine]") {
    CHECK(failEverywhere(std::nullopt, before(), SyncOptions()) > 50);
}

TEST_CASE("sync: one with every kind of change fails at every step of the storage", "[sync][coroutine]") {
    SyncOptions all;
    all.allowRemovals = true;
    CHECK(failEverywhere(before(), after(), all) > 100);
}

TEST_CASE("sync: one that decodes everything fails at every step of the storage", "[sync][coroutine]") {
    SyncOptions cold;
    cold.allowRemovals = true;
    cold.useSidecar = false;
    CHECK(failEverywhere(before(), after(), cold) > 100);
}

TEST_CASE("sync: one that fails halfway through the pull leaves everything as it was", "[sync][coroutine]") {
    MirrorBench bench;
    FakeUpstream up(before());
    bench.sync(up);
    up.show(after());
    std::vector<std::string> const old = dumpAll(bench.store, "corps.Demo", true);
    struct Broken {
        static asio::awaitable<void> pull() {
            throw Error(Errc::transport, "the connection is gone");
            co_return;
        }
    };
    up.halfway = [] { return Broken::pull(); };
    try {
        bench.sync(up);
        FAIL("no error");
    } catch (Error const& e) {
        CHECK(e.is(Errc::transport));
        CHECK(e.diagnostics().corp == "corps.Demo");
    }
    CHECK(dumpAll(bench.store, "corps.Demo", true) == old);
    up.halfway = nullptr;
    CHECK(bench.sync(up).outcome == SyncOutcome::done);
}

TEST_CASE("sync: two at a time", "[sync][coroutine]") {
    MirrorBench bench;
    FakeUpstream slow(before());
    FakeUpstream quick(before());
    Context const context = bench.loop.context;
    slow.halfway = [context] { return asleep(context, std::chrono::seconds(30)); };
    SyncEngine other = engineOver(bench.loop, bench.store);
    int done = 0;
    auto finished = [&done](std::exception_ptr e, SyncReport) { done += e ? 0 : 1; };
    asio::co_spawn(bench.loop.io, bench.engine->sync(slow, SyncOptions(), "sync"), finished);
    bench.loop.io.poll();
    bench.loop.io.restart();
    REQUIRE(bench.loop.clock->sleeping() == 1);

    SECTION("the second is refused at once") {
        std::optional<Error> refused;
        asio::co_spawn(bench.loop.io, other.sync(quick, SyncOptions(), "sync"),
                       [&](std::exception_ptr e, SyncReport) {
                           try {
                               if (e) std::rethrow_exception(e);
                           } catch (Error const& error) {
                               refused = error;
                           }
                       });
        bench.loop.io.poll();
        bench.loop.io.restart();
        REQUIRE(refused);
        CHECK(refused->is(Errc::busy));
        CHECK(quick.pulls == 0);
        // A dry run locks nothing.
        SyncOptions dry;
        dry.dryRun = true;
        asio::co_spawn(bench.loop.io, other.sync(quick, dry, "sync"), finished);
        bench.loop.io.poll();
        bench.loop.io.restart();
        CHECK(done == 1);
    }
    SECTION("the second waits as long as it may") {
        SyncOptions patient;
        patient.lockTimeout = std::chrono::seconds(5);
        Duration const start = bench.loop.clock->uptime();
        std::exception_ptr error;
        asio::co_spawn(bench.loop.io, other.sync(quick, patient, "sync"),
                       [&](std::exception_ptr e, SyncReport) { error = e; });
        for (int i = 0; i < 200 && !error; ++i) {
            bench.loop.io.poll();
            bench.loop.io.restart();
            bench.loop.clock->advance(std::chrono::milliseconds(50));
        }
        REQUIRE(error);
        CHECK_THROWS_AS(std::rethrow_exception(error), Error);
        CHECK(bench.loop.clock->uptime() - start >= std::chrono::seconds(5));
        CHECK(bench.loop.clock->uptime() - start < std::chrono::seconds(6));
    }
    SECTION("the second goes on when the first is done") {
        SyncOptions patient;
        patient.lockTimeout = std::chrono::minutes(2);
        asio::co_spawn(bench.loop.io, other.sync(quick, patient, "sync"), finished);
        for (int i = 0; i < 1000 && done < 2; ++i) {
            bench.loop.io.poll();
            bench.loop.io.restart();
            bench.loop.clock->advance(std::chrono::milliseconds(100));
        }
        CHECK(done == 2);
        CHECK(quick.pulls == 1);
    }
    bench.loop.clock->advance(std::chrono::minutes(5));
    bench.loop.io.run();
    bench.loop.io.restart();
    CHECK(bench.engine->everSynced());
}

TEST_CASE("sync: cancelled during the pull, it writes nothing", "[sync][coroutine]") {
    MirrorBench bench;
    FakeUpstream up(before());
    bench.sync(up);
    up.show(after());
    std::vector<std::string> const old = dumpAll(bench.store, "corps.Demo", true);
    Context const context = bench.loop.context;
    up.halfway = [context] { return asleep(context, std::chrono::hours(1)); };
    asio::cancellation_signal cancel;
    std::exception_ptr error;
    bool ended = false;
    asio::co_spawn(bench.loop.io, bench.engine->sync(up, SyncOptions(), "sync"),
                   asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr e, SyncReport) {
                       error = e;
                       ended = true;
                   }));
    bench.loop.io.poll();
    bench.loop.io.restart();
    REQUIRE_FALSE(ended);
    cancel.emit(asio::cancellation_type::terminal);
    bench.loop.io.run();
    bench.loop.io.restart();
    CHECK(ended);
    CHECK(error != nullptr);
    CHECK(dumpAll(bench.store, "corps.Demo", true) == old);
    // The lock is free again and the engine as usable as before.
    up.halfway = nullptr;
    CHECK(bench.sync(up).outcome == SyncOutcome::done);
}

TEST_CASE("sync: an approval fails at every step of the storage", "[sync][coroutine]") {
    std::size_t const steps = failAtEveryStep(
        [&](FailureCounter const& counter) {
            CountingStorage storage;
            MirrorBench bench("corps.Demo", storage);
            FakeOrganisation org = before();
            FakeUpstream up(org);
            bench.sync(up);
            for (char const* id : {"m2", "m3", "m4", "m5"}) org.members.erase(id);
            up.show(org);
            RemovalDigest const digest = bench.sync(up).digest;
            REQUIRE_FALSE(digest.empty());
            StoreOf<FailingStorage<MemoryStorage>> failing(
                FailingStorage<MemoryStorage>(storage.inner(), counter));
            SyncEngine engine = engineOver(bench.loop, failing);
            bool failed = false;
            try {
                engine.approve(digest);
            } catch (Error const& e) {
                failed = true;
                CHECK(e.is(Errc::storage));
            }
            CHECK(failed == counter.failed());
            CHECK(bench.sync(up).outcome == (failed ? SyncOutcome::held : SyncOutcome::done));
        },
        1000, Errc::storage);
    CHECK(steps > 3);
}

}  // namespace sync_engine_steps_test
