// The schedule of a mirrored corp: when it syncs, and when it does not.
#include "../corp/toy.hpp"

#include <corps/context/detail/event.hpp>
#include <corps/corps.hpp>
#include <corps/sync/auto_sync.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/testing/recording_logger.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sync_auto_sync_test {

using namespace corps;
using namespace std::chrono_literals;
using testing::ManualClock;

namespace {

using Steady = std::chrono::steady_clock;

/** What runs in the place of a sync: takes its time, fails as the test says, and watches that it is alone. */
class Work {
public:
    explicit Work(std::shared_ptr<Clock> clock) : clock_(std::move(clock)) {}

    [[nodiscard]] AutoSync::Run run(std::shared_ptr<Work> self) {
        return [self = std::move(self)] { return once(self); };
    }

    std::function<void(std::size_t)> script;  ///< of each run, from 0; may throw
    std::function<Duration()> takes = [] { return Duration(0); };
    std::vector<Duration> begun, ended;  ///< uptime
    int now = 0, most = 0, cancelled = 0;

private:
    struct Inside {
        explicit Inside(Work& w) : work(w) {
            work.most = std::max(work.most, ++work.now);
            work.begun.push_back(work.clock_->uptime());
        }
        Inside(Inside const&) = delete;
        Inside& operator=(Inside const&) = delete;
        ~Inside() {
            --work.now;
            work.ended.push_back(work.clock_->uptime());
        }
        Work& work;
    };

    static asio::awaitable<SyncReport> once(std::shared_ptr<Work> w) {
        std::size_t const number = w->begun.size();
        Inside const inside(*w);
        Duration const d = w->takes();
        try {
            co_await w->clock_->sleep(d);
        } catch (...) {
            ++w->cancelled;
            throw;
        }
        if (w->script) w->script(number);
        co_return SyncReport();
    }

    std::shared_ptr<Clock> clock_;
};

/** A schedule on a loop and a clock that the test turns by hand. */
class Rig {
public:
    explicit Rig(AutoSyncOptions o = plain()) : options(std::move(o)) {
        ContextOptions c;
        c.executor = loop.get_executor();
        c.clock = clock;
        c.random = [r = std::make_shared<std::mt19937_64>(7)] { return (*r)(); };
        c.logger = logger.logger();
        context.emplace(std::move(c));
        options.onRun = [this, user = options.onRun](AutoSyncRun const& r) {
            runs.push_back(r);
            if (user) user(r);
        };
        options.onState = [this, user = options.onState](AutoSyncStatus const& s) {
            states.push_back(s.state);
            if (user) user(s);
        };
    }
    ~Rig() {
        schedule.reset();
        settle();
        CHECK(work->most <= 1);
        CHECK(work->now == 0);
    }

    /** Hourly, exactly, one by one. */
    static AutoSyncOptions plain() {
        AutoSyncOptions out;
        out.jitter = 0;
        return out;
    }

    void start() {
        schedule.emplace(*context, "corps.Demo", work->run(work), options);
        settle();
    }
    /** Runs what is left to run; time stands still. */
    void settle() {
        loop.restart();
        loop.poll();
    }
    /** Lets time pass, second by second. */
    void pass(Duration d, Duration step = 1s) {
        for (Duration done{0}; done < d; done += step) {
            clock->advance(std::min(step, d - done));
            settle();
        }
    }
    /** When the runs began, from the start of the test. */
    [[nodiscard]] std::vector<Duration> begun() const {
        std::vector<Duration> out = work->begun;
        for (Duration& d : out) d -= origin;
        return out;
    }
    [[nodiscard]] std::vector<SyncCause> causes() const {
        std::vector<SyncCause> out;
        for (AutoSyncRun const& r : runs) out.push_back(r.cause);
        return out;
    }
    [[nodiscard]] AutoSyncStatus status() const { return schedule->status(); }
    void failWith(Errc code, std::optional<Duration> retryAfter = std::nullopt) {
        work->script = [code, retryAfter](std::size_t) {
            Diagnostics d;
            d.retryAfter = retryAfter;
            throw Error(code, "it did not work", std::move(d));
        };
    }

    asio::io_context loop{1};
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    Duration const origin = clock->uptime();
    testing::RecordingLogger logger;
    std::optional<Context> context;
    AutoSyncOptions options;
    std::shared_ptr<Work> work = std::make_shared<Work>(clock);
    std::optional<AutoSync> schedule;
    std::vector<AutoSyncRun> runs;
    std::vector<AutoSyncState> states;
};

using Times = std::vector<Duration>;
using Causes = std::vector<SyncCause>;
using States = std::vector<AutoSyncState>;

}  // namespace

// --- by the clock ---

TEST_CASE("schedule: the first run at once, then one each interval, each reported", "[schedule][coroutine]") {
    Rig rig;
    rig.work->takes = [] { return Duration(10s); };
    rig.start();
    CHECK(rig.status().state == AutoSyncState::running);
    CHECK_FALSE(rig.status().nextRun);
    rig.pass(2h + 30min);

    CHECK(rig.begun() == Times{0s, 1h, 2h});
    CHECK(rig.causes() == Causes{SyncCause::start, SyncCause::interval, SyncCause::interval});
    CHECK(rig.states == States{AutoSyncState::running, AutoSyncState::idle, AutoSyncState::running,
                               AutoSyncState::idle, AutoSyncState::running, AutoSyncState::idle});
    AutoSyncRun const& last = rig.runs.back();
    CHECK(last.corp == "corps.Demo");
    CHECK(last.report);
    CHECK_FALSE(last.error);
    CHECK(last.ended - last.begun == 10s);
    CHECK(last.after.nextRun == last.begun + 1h);
    CHECK(last.after.runs == 3);

    AutoSyncStatus const s = rig.status();
    CHECK(s.state == AutoSyncState::idle);
    CHECK(s.runs == 3);
    CHECK(s.failures == 0);
    CHECK(s.lastSuccess == last.ended);
    CHECK(s.lastOutcome == SyncOutcome::unchanged);
    CHECK(s.nextRun == rig.clock->now() + 30min);
    CHECK_FALSE(s.lastError);
}

TEST_CASE("schedule: the first run may wait", "[schedule][coroutine]") {
    AutoSyncOptions o = Rig::plain();
    o.firstAfter = 20min;
    Rig rig(o);
    rig.start();
    rig.pass(2h);
    CHECK(rig.begun() == Times{20min, 80min});
}

TEST_CASE("schedule: a run that takes longer than the interval is not overtaken", "[schedule][coroutine]") {
    AutoSyncOptions o = Rig::plain();
    o.interval = 10min;
    Rig rig(o);
    rig.work->takes = [] { return Duration(25min); };
    rig.start();
    rig.pass(1h);
    CHECK(rig.begun() == Times{0min, 26min, 52min});  // `distance` lies between them
    CHECK(rig.work->most == 1);
}

TEST_CASE("schedule: intervals are spread evenly over what jitter allows", "[schedule][coroutine]") {
    AutoSyncOptions o;
    o.interval = 100s;
    o.jitter = 0.2;
    Rig rig(o);
    rig.start();
    rig.pass(1000 * 100s, 200ms);
    Times const begun = rig.begun();
    REQUIRE(begun.size() > 960);
    REQUIRE(begun.size() < 1040);
    std::vector<int> fifths(5);
    for (std::size_t i = 1; i < begun.size(); ++i) {
        Duration const gap = begun[i] - begun[i - 1];
        REQUIRE(gap >= 80s);
        REQUIRE(gap <= 120s + 200ms);  // as finely as the clock of the test goes
        ++fifths[static_cast<std::size_t>(std::min<std::int64_t>(4, (gap - 80s) / 8s))];
    }
    for (int const n : fifths) CHECK((n > 150 && n < 250));  // some 200 each
}

TEST_CASE("schedule: two schedules that began together drift apart", "[schedule][coroutine]") {
    Rig rig;
    rig.options.jitter = 0.1;
    auto const other = std::make_shared<Work>(rig.clock);
    AutoSync const second(*rig.context, "corps.Other", other->run(other), rig.options);
    rig.start();
    rig.pass(24h);
    REQUIRE(rig.work->begun.size() > 20);
    REQUIRE(other->begun.size() > 20);
    CHECK(rig.work->begun[0] == other->begun[0]);
    std::size_t same = 0;
    for (std::size_t i = 1; i < 20; ++i)
        if (rig.work->begun[i] == other->begun[i]) ++same;
    CHECK(same < 3);
}

// --- failures ---

TEST_CASE("schedule: after failures it waits ever longer, spread over half of each wait, and recovers",
          "[schedule][coroutine]") {
    Rig rig;
    rig.failWith(Errc::transport);
    rig.start();
    CHECK(rig.status().state == AutoSyncState::backingOff);
    rig.pass(12h);
    Times const begun = rig.begun();
    REQUIRE(begun.size() > 12);
    Duration expected = 30s;
    std::vector<double> shares;
    for (std::size_t i = 1; i < begun.size(); ++i) {
        Duration const wait = begun[i] - begun[i - 1];
        CHECK(wait >= expected / 2);
        CHECK(wait <= expected + 1s);
        shares.push_back(static_cast<double>(wait.count()) / static_cast<double>(expected.count()));
        expected = std::min<Duration>(2 * expected, 1h);
    }
    CHECK(*std::max_element(shares.begin(), shares.end()) - *std::min_element(shares.begin(), shares.end()) >
          0.2);
    for (std::size_t i = 1; i < rig.runs.size(); ++i) CHECK(rig.runs[i].cause == SyncCause::retry);

    AutoSyncStatus const s = rig.status();
    CHECK(s.failures == begun.size());
    CHECK(s.failuresInARow == begun.size());
    REQUIRE(s.lastError);
    CHECK(s.lastError->is(Errc::transport));
    CHECK(s.lastError->diagnostics().corp == "corps.Demo");
    CHECK(s.lastFailure == rig.runs.back().ended);
    CHECK_FALSE(s.lastSuccess);
    CHECK(rig.logger.contains("corps.Demo: it did not work"));

    // It works again: from now on by the hour, and the next failure begins at the beginning.
    rig.work->script = nullptr;
    rig.pass(1h);
    CHECK(rig.status().state == AutoSyncState::idle);
    CHECK(rig.status().failuresInARow == 0);
    CHECK(rig.status().lastError);  // still says what it was
    std::size_t const next = rig.runs.size();
    rig.failWith(Errc::transport);
    rig.pass(1h);
    REQUIRE(rig.runs.size() > next);
    CHECK(*rig.runs[next].after.nextRun - rig.runs[next].ended <= 30s);
}

TEST_CASE("schedule: what somebody has to mend is tried rarely; what may pass, soon",
          "[schedule][coroutine]") {
    struct Case {
        Errc code;
        Duration least, most;
    };
    auto const c = GENERATE(
        Case{Errc::authRejected, 1h, 1h}, Case{Errc::permissionDenied, 1h, 1h}, Case{Errc::config, 1h, 1h},
        Case{Errc::wrongCorp, 1h, 1h}, Case{Errc::storageTooNew, 1h, 1h}, Case{Errc::unsupported, 1h, 1h},
        Case{Errc::transport, 15s, 30s}, Case{Errc::protocol, 15s, 30s}, Case{Errc::upstream, 15s, 30s},
        Case{Errc::rateLimited, 15s, 30s}, Case{Errc::storage, 15s, 30s},
        Case{Errc::brokenSnapshot, 15s, 30s}, Case{Errc::stalePlan, 15s, 30s});
    AutoSyncOptions o = Rig::plain();
    o.interval = 10min;
    Rig rig(o);
    rig.failWith(c.code);
    rig.start();
    CAPTURE(make_error_code(c.code).message());
    CHECK(rig.status().state == AutoSyncState::backingOff);
    CHECK(rig.status().failures == 1);
    Duration const wait = *rig.status().nextRun - rig.clock->now();
    CHECK(wait >= c.least);
    CHECK(wait <= c.most);
}

TEST_CASE("schedule: an interval longer than every wait also holds for what somebody has to mend",
          "[schedule][coroutine]") {
    AutoSyncOptions o = Rig::plain();
    o.interval = 24h;
    Rig rig(o);
    rig.failWith(Errc::authRejected);
    rig.start();
    CHECK(*rig.status().nextRun == rig.clock->now() + 24h);
}

TEST_CASE("schedule: when the platform says how long to wait, nothing but a person asks before",
          "[schedule][coroutine]") {
    Rig rig;
    rig.failWith(Errc::rateLimited, 50min);
    rig.start();
    CHECK(*rig.status().nextRun == rig.clock->now() + 50min);
    rig.schedule->announce();
    rig.pass(49min);
    CHECK(rig.work->begun.size() == 1);
    rig.pass(2min);
    CHECK(rig.work->begun.size() == 2);

    // What nobody can mean is not believed for ever.
    rig.failWith(Errc::rateLimited, Duration(10'000h));
    rig.schedule->trigger();
    rig.settle();
    CHECK(rig.work->begun.size() == 3);
    CHECK(*rig.status().nextRun == rig.clock->now() + 24h);
}

TEST_CASE("schedule: another sync of the corp at work is no failure", "[schedule][coroutine]") {
    Errc const code = GENERATE(Errc::busy, Errc::operationInProgress);
    Rig rig;
    rig.failWith(code);
    rig.start();
    CHECK(rig.status().state == AutoSyncState::idle);
    rig.pass(10min);
    std::size_t const tries = rig.runs.size();
    CHECK(tries >= 20);  // each 15 to 30 seconds, not ever longer
    CHECK(tries <= 41);
    CHECK(rig.status().failures == 0);
    CHECK_FALSE(rig.status().lastFailure);
    REQUIRE(rig.runs.back().error);
    CHECK(rig.runs.back().error->is(code));

    rig.work->script = nullptr;
    rig.pass(2h);
    CHECK(rig.runs.size() <= tries + 3);
    CHECK(rig.runs[tries].report);
    CHECK(rig.runs[tries].cause == SyncCause::retry);
}

TEST_CASE("schedule: removals that are held, as an exception, wait for a person and not for a retry",
          "[schedule][coroutine]") {
    Rig rig;
    rig.failWith(Errc::held);
    rig.start();
    CHECK(rig.status().state == AutoSyncState::idle);
    CHECK(rig.status().failures == 0);
    CHECK(rig.status().lastError->is(Errc::held));
    CHECK(*rig.status().nextRun == rig.clock->now() + 1h);
}

TEST_CASE("schedule: whatever a run throws is an error that is reported, without a stranger's text",
          "[schedule][coroutine]") {
    Rig rig;
    rig.work->script = [](std::size_t n) {
        if (n == 0) throw std::runtime_error("Ann's token is t-123");
        if (n == 1) throw std::bad_alloc();
        if (n == 2) throw 42;
        if (n == 3) throw boost::system::system_error(asio::error::connection_reset, "Bo's token");
    };
    rig.start();
    rig.pass(20min);
    REQUIRE(rig.runs.size() >= 5);
    for (std::size_t i = 0; i < 4; ++i) {
        REQUIRE(rig.runs[i].error);
        std::string const what = rig.runs[i].error->what();
        CHECK(what.starts_with("corps.Demo: "));
        CHECK(what.find("token") == std::string::npos);
    }
    CHECK(rig.runs[1].error->code() == boost::system::errc::not_enough_memory);
    CHECK(rig.runs[3].error->code() == asio::error::connection_reset);
    CHECK(rig.runs[4].report);
    CHECK_FALSE(rig.logger.contains("token"));
}

// --- changes ---

TEST_CASE("schedule: many changes within a while are one sync", "[schedule][coroutine]") {
    Rig rig;
    rig.start();
    rig.pass(10min);
    for (int i = 0; i < 50; ++i) {
        rig.schedule->announce();
        rig.pass(80ms, 80ms);  // four seconds in all
    }
    CHECK(rig.work->begun.size() == 1);
    CHECK(*rig.status().nextRun == rig.clock->now() + 1s);
    rig.pass(1min);
    CHECK(rig.begun() == Times{0s, 10min + 5s});
    CHECK(rig.runs.back().cause == SyncCause::change);
    rig.pass(59min);
    CHECK(rig.work->begun.size() == 2);  // and the hour begins anew with it
    rig.pass(2min);
    CHECK(rig.work->begun.size() == 3);
}

TEST_CASE("schedule: changes without end are a sync now and then, and none is forgotten",
          "[schedule][coroutine]") {
    Rig rig;
    rig.work->takes = [] { return Duration(7s); };
    rig.start();
    for (int i = 0; i < 3600; ++i) {
        rig.schedule->announce();
        rig.pass(1s);
    }
    Times const begun = rig.work->begun;
    Times const ended = rig.work->ended;
    CHECK(begun.size() >= 53);  // one in 67 seconds, or in 68 by the test's clock
    CHECK(begun.size() <= 55);
    for (std::size_t i = 1; i < begun.size(); ++i) CHECK(begun[i] - ended[i - 1] >= 60s);
    rig.pass(67s);
    CHECK(rig.work->begun.size() == begun.size() + 1);  // for the last of them
    rig.pass(10min);
    CHECK(rig.work->begun.size() == begun.size() + 1);
}

TEST_CASE("schedule: a change that is announced while a run is under way gets a run of its own",
          "[schedule][coroutine]") {
    Rig rig;
    rig.work->takes = [] { return Duration(30s); };
    rig.start();
    rig.pass(10s);
    rig.schedule->announce();
    rig.pass(3min);
    CHECK(rig.begun() == Times{0s, 90s});
    CHECK(rig.runs.back().cause == SyncCause::change);
}

TEST_CASE("schedule: a change does not shorten the wait after a failure", "[schedule][coroutine]") {
    Rig rig;
    rig.failWith(Errc::transport);
    rig.start();
    rig.pass(30min);
    std::size_t const before = rig.work->begun.size();
    TimePoint const next = *rig.status().nextRun;
    REQUIRE(next > rig.clock->now() + 10s);
    rig.schedule->announce();
    CHECK(*rig.status().nextRun == next);
    rig.pass(std::chrono::floor<std::chrono::seconds>(next - rig.clock->now()) - 1s);
    CHECK(rig.work->begun.size() == before);
    rig.pass(3s);
    CHECK(rig.work->begun.size() == before + 1);
    CHECK(rig.runs.back().cause == SyncCause::retry);
}

// --- by hand ---

TEST_CASE("schedule: by hand it runs now, whatever was planned", "[schedule][coroutine]") {
    Rig rig;
    rig.start();
    rig.pass(1s);
    rig.schedule->trigger();
    rig.schedule->trigger();
    CHECK(*rig.status().nextRun == rig.clock->now());
    rig.settle();
    CHECK(rig.begun() == Times{0s, 1s});
    CHECK(rig.runs.back().cause == SyncCause::hand);

    rig.failWith(Errc::authRejected);
    rig.schedule->trigger();
    rig.settle();
    CHECK(rig.status().state == AutoSyncState::backingOff);
    rig.work->script = nullptr;  // somebody has mended it
    rig.schedule->trigger();
    rig.settle();
    CHECK(rig.status().state == AutoSyncState::idle);
    CHECK(rig.work->begun.size() == 4);
}

TEST_CASE("schedule: by hand during a run: one more right after it", "[schedule][coroutine]") {
    Rig rig;
    rig.work->takes = [] { return Duration(30s); };
    rig.start();
    rig.pass(10s);
    for (int i = 0; i < 5; ++i) rig.schedule->trigger();
    rig.pass(10min);
    CHECK(rig.begun() == Times{0s, 30s});
}

// --- its end ---

TEST_CASE("schedule: stopped while it waits, nothing runs any more", "[schedule][coroutine]") {
    Rig rig;
    rig.start();
    rig.schedule->stop();
    rig.schedule->stop();
    bool joined = false;
    asio::co_spawn(rig.loop, rig.schedule->asyncJoin(), [&](std::exception_ptr e) { joined = !e; });
    rig.settle();  // no time passes
    CHECK(joined);
    CHECK(rig.status().state == AutoSyncState::stopped);
    CHECK(rig.states.back() == AutoSyncState::stopped);
    CHECK(rig.clock->sleeping() == 0);
    rig.schedule->announce();
    rig.schedule->trigger();
    rig.pass(3h);
    CHECK(rig.work->begun.size() == 1);
    CHECK_FALSE(rig.status().nextRun);
}

TEST_CASE("schedule: stopped while it syncs, the sync is cancelled, and that is no failure",
          "[schedule][coroutine]") {
    Rig rig;
    rig.work->takes = [] { return Duration(1h); };
    rig.start();
    rig.pass(1min);
    rig.schedule->stop();
    rig.settle();
    CHECK(rig.work->cancelled == 1);
    CHECK(rig.work->now == 0);
    REQUIRE(rig.runs.size() == 1);
    REQUIRE(rig.runs[0].error);
    CHECK(rig.runs[0].error->is(Errc::cancelled));
    CHECK(rig.runs[0].after.state == AutoSyncState::stopped);
    CHECK_FALSE(rig.runs[0].after.nextRun);
    CHECK(rig.status().failures == 0);
    CHECK_FALSE(rig.status().lastError);
    CHECK(rig.states == States{AutoSyncState::running, AutoSyncState::stopped});
    CHECK(rig.logger.lines().empty());
}

TEST_CASE("schedule: when it is gone no callback is called any more", "[schedule][coroutine]") {
    Rig rig;
    rig.work->takes = [] { return Duration(1h); };
    rig.start();
    rig.schedule.reset();
    rig.settle();
    CHECK(rig.work->cancelled == 1);
    CHECK(rig.runs.empty());
    CHECK(rig.states == States{AutoSyncState::running});
    CHECK(rig.clock->sleeping() == 0);
}

TEST_CASE("schedule: its own callback may destroy it", "[schedule][coroutine]") {
    bool const byRun = GENERATE(true, false);
    Rig rig;
    int calls = 0;
    auto const destroy = [&] {
        ++calls;
        rig.schedule.reset();
        CHECK_FALSE(rig.schedule);
    };
    if (byRun)
        rig.options.onRun = [&](AutoSyncRun const&) { destroy(); };
    else
        rig.options.onState = [&](AutoSyncStatus const&) { destroy(); };
    rig.start();
    rig.pass(3h);
    CHECK(calls == 1);
    CHECK(rig.work->begun.size() == 1);
}

TEST_CASE("schedule: it may outlive the loop that it ran on", "[schedule][coroutine]") {
    bool const running = GENERATE(true, false);
    auto const clock = std::make_shared<ManualClock>();
    auto const work = std::make_shared<Work>(clock);
    if (running) work->takes = [] { return Duration(1h); };
    std::optional<AutoSync> schedule;
    {
        asio::io_context loop;
        ContextOptions c;
        c.executor = loop.get_executor();
        c.clock = clock;
        schedule.emplace(Context(c), "corps.Demo", work->run(work));
        loop.poll();
        CHECK(schedule->status().state == (running ? AutoSyncState::running : AutoSyncState::idle));
    }
    CHECK(work->now == 0);
    CHECK(schedule->status().state == AutoSyncState::stopped);
    schedule->announce();
    schedule->trigger();
    schedule->stop();
}

TEST_CASE("schedule: moved, it goes on; moved away from, it does nothing", "[schedule][coroutine]") {
    Rig rig;
    rig.start();
    AutoSync first = std::move(*rig.schedule);
    CHECK(rig.schedule->status().state == AutoSyncState::stopped);
    rig.schedule->announce();
    rig.schedule->trigger();
    rig.schedule->stop();
    rig.schedule->join();
    rig.pass(1h);
    CHECK(rig.work->begun.size() == 2);
    first = std::move(*rig.schedule);  // which ends the one that was there
    rig.pass(3h);
    CHECK(rig.work->begun.size() == 2);
}

TEST_CASE("schedule: callbacks that throw cost a line in the log", "[schedule][coroutine]") {
    Rig rig;
    rig.options.onRun = [user = rig.options.onRun](AutoSyncRun const& r) {
        user(r);
        throw std::runtime_error("Ann's report");
    };
    rig.options.onState = [user = rig.options.onState](AutoSyncStatus const& s) {
        user(s);
        throw 42;
    };
    rig.start();
    rig.pass(2h + 1s);
    CHECK(rig.work->begun.size() == 3);
    CHECK(rig.runs.size() == 3);
    CHECK(rig.states.size() == 6);
    CHECK(rig.logger.lines().size() == 9);
    CHECK(rig.logger.contains("a callback of a schedule threw an exception"));
    CHECK_FALSE(rig.logger.contains("Ann"));
}

TEST_CASE("schedule: an option out of range is refused by name", "[schedule]") {
    auto const refused = [](void (*spoil)(AutoSyncOptions&), std::string const& name) {
        asio::io_context loop;
        ContextOptions c;
        c.executor = loop.get_executor();
        auto const work = std::make_shared<Work>(std::make_shared<ManualClock>());
        AutoSyncOptions o;
        spoil(o);
        try {
            AutoSync const schedule(Context(c), "corps.Demo", work->run(work), o);
        } catch (Error const& e) {
            CAPTURE(e.what());
            CHECK(e.is(Errc::invalidArgument));
            CHECK(e.diagnostics().corp == "corps.Demo");
            return e.message().find(name) != std::string::npos;
        }
        return false;
    };
    CHECK(refused([](AutoSyncOptions& o) { o.interval = 0s; }, "interval"));
    CHECK(refused([](AutoSyncOptions& o) { o.interval = Duration::max(); }, "interval"));
    CHECK(refused([](AutoSyncOptions& o) { o.jitter = 1.0; }, "jitter"));
    CHECK(refused([](AutoSyncOptions& o) { o.jitter = -0.1; }, "jitter"));
    CHECK(refused([](AutoSyncOptions& o) { o.jitter = std::nan(""); }, "jitter"));
    CHECK(refused([](AutoSyncOptions& o) { o.firstAfter = -1s; }, "firstAfter"));
    CHECK(refused([](AutoSyncOptions& o) { o.settle = -1s; }, "settle"));
    CHECK(refused([](AutoSyncOptions& o) { o.distance = -1s; }, "distance"));
    CHECK(refused([](AutoSyncOptions& o) { o.retryFirst = 0s; }, "retryFirst"));
    CHECK(refused([](AutoSyncOptions& o) { o.retryMost = 29s; }, "retryMost"));
    CHECK_THROWS_AS(AutoSyncGroup(0), Error);
}

// --- many ---

TEST_CASE("schedule: a group lets so many sync at once, in the order of asking", "[schedule][coroutine]") {
    asio::io_context loop{1};
    auto const clock = std::make_shared<ManualClock>();
    ContextOptions c;
    c.executor = loop.get_executor();
    c.clock = clock;
    Context const context(c);
    AutoSyncGroup const group(2);
    AutoSyncOptions o;
    o.jitter = 0;
    o.group = group;
    std::vector<std::string> order;
    o.onState = [&](AutoSyncStatus const& s) {
        if (s.state == AutoSyncState::running) order.push_back(s.corp);
        CHECK(group.running() <= 2);
    };
    std::vector<std::shared_ptr<Work>> work;
    std::vector<AutoSync> schedules;
    for (int i = 0; i < 7; ++i) {
        work.push_back(std::make_shared<Work>(clock));
        work.back()->takes = [] { return Duration(1min); };
        if (i == 1) work.back()->script = [](std::size_t) { throw Error(Errc::config, "poisoned"); };
        schedules.emplace_back(context, "corps." + std::to_string(i), work.back()->run(work.back()), o);
    }
    auto const pass = [&](Duration d) {
        for (Duration done{0}; done < d; done += 1s) {
            clock->advance(1s);
            loop.restart();
            loop.poll();
        }
    };
    loop.poll();
    CHECK(group.running() == 2);
    CHECK(group.waiting() == 5);
    CHECK(schedules[0].status().state == AutoSyncState::running);
    CHECK(schedules[2].status().state == AutoSyncState::queued);

    schedules[3].stop();  // gives up its place
    loop.restart();
    loop.poll();
    CHECK(group.waiting() == 4);
    CHECK(schedules[3].status().state == AutoSyncState::stopped);

    pass(4min);
    CHECK(order ==
          std::vector<std::string>{"corps.0", "corps.1", "corps.2", "corps.4", "corps.5", "corps.6"});
    CHECK(group.running() == 0);
    CHECK(group.waiting() == 0);

    // Whoever holds a place and is stopped gives it back.
    for (AutoSync& s : schedules) s.trigger();
    loop.restart();
    loop.poll();
    CHECK(group.running() == 2);
    schedules[0].stop();
    schedules[1].stop();
    loop.restart();
    loop.poll();
    CHECK(group.running() == 2);
    CHECK(group.waiting() == 2);
    schedules.clear();
    loop.restart();
    loop.poll();
    CHECK(group.running() == 0);
    CHECK(group.waiting() == 0);
    CHECK(AutoSyncGroup().running() == 0);
}

// --- a corp ---

namespace {

/** A corp and its schedule on a loop and a clock that the test turns. */
struct CorpRig {
    explicit CorpRig(testing::ScriptedTransport wire) : net(std::move(wire)) {
        ContextOptions c;
        c.executor = loop.get_executor();
        c.clock = clock;
        corp.emplace(toy::config(), Context(c), net, storage);
        options.jitter = 0;
        options.onRun = [this](AutoSyncRun const& r) { runs.push_back(r); };
    }
    CorpRig() : CorpRig(toy::wireTo(toy::demo())) {}
    void settle() {
        loop.restart();
        loop.poll();
    }
    void pass(Duration d) {
        for (Duration done{0}; done < d; done += 1s) {
            clock->advance(1s);
            settle();
        }
    }

    asio::io_context loop{1};
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    testing::ScriptedTransport net;
    MemoryStorage storage;
    std::optional<toy::Type<>> corp;
    AutoSyncOptions options;
    std::vector<AutoSyncRun> runs;
};

}  // namespace

TEST_CASE("schedule: a corp follows its platform by the hour, and sooner when a callback tells",
          "[schedule][coroutine]") {
    auto const org = toy::demo();
    CorpRig rig(toy::wireTo(org));
    AutoSync const schedule(*rig.corp, rig.options);
    rig.settle();
    CHECK(rig.corp->getMembers().size() == 5);
    REQUIRE(rig.runs.size() == 1);
    CHECK(rig.runs[0].corp == "corps.Toy");
    CHECK(rig.runs[0].report->outcome == SyncOutcome::done);
    CHECK(rig.runs[0].report->members.created == 5);

    org->members["fay"] = {"Fay", "", "", {"ops"}};
    rig.pass(59min);
    CHECK(rig.corp->getMembers().size() == 5);
    rig.pass(2min);
    CHECK(rig.corp->getMembers().size() == 6);

    // As the corp's own callbacks do it; a copy of the handle is the same corp.
    struct Callback : toy::Type<> {
        explicit Callback(toy::Type<> c) : toy::Type<>(std::move(c)) {}
        void arrive() { core()->changes().notify(); }
    } callback(rig.corp->as("callback"));
    org->members["guy"] = {"Guy", "", "", {"ops"}};
    rig.pass(2min);
    callback.arrive();
    callback.arrive();
    rig.pass(6s);
    CHECK(rig.corp->getMembers().size() == 7);
    CHECK(rig.runs.back().cause == SyncCause::change);
    CHECK(rig.runs.size() == 3);

    rig.options.listen = false;
    AutoSync const deaf(*rig.corp, rig.options);
    rig.pass(2min);
    std::size_t const before = rig.runs.size();
    callback.arrive();
    rig.pass(2min);
    CHECK(rig.runs.size() == before + 1);  // the first schedule's
}

TEST_CASE("schedule: stopped at any call of a sync, nothing is written, and nothing goes on",
          "[schedule][coroutine]") {
    for (std::size_t call = 1;; ++call) {
        REQUIRE(call < 20);
        CorpRig rig;
        rig.net.failAt(call, testing::Fault::hang());
        AutoSync schedule(*rig.corp, rig.options);
        rig.settle();
        if (schedule.status().state != AutoSyncState::running) {
            CHECK(call == 9);  // token, departments, four lists of members, roles, two lists of who has them
            break;
        }
        schedule.stop();
        rig.settle();
        CHECK(schedule.status().state == AutoSyncState::stopped);
        CHECK(rig.net.inFlight() == 0);
        REQUIRE(rig.runs.size() == 1);
        REQUIRE(rig.runs[0].error);
        CHECK(rig.runs[0].error->is(Errc::cancelled));
        CHECK(rig.corp->getMembers().empty());
        CHECK(rig.corp->changesSince().empty());

        // Nobody holds the corp any more: the next schedule brings it all.
        AutoSync const next(*rig.corp, rig.options);
        rig.settle();
        CHECK(rig.runs.back().report);
        CHECK(rig.corp->getMembers().size() == 5);
    }
}

TEST_CASE("schedule: another operation of the same corp object goes first", "[schedule][coroutine]") {
    CorpRig rig;
    rig.net.interleave(3);
    bool planned = false;
    asio::co_spawn(rig.loop, rig.corp->asyncPlanSync(),
                   [&](std::exception_ptr e, SyncPlan const&) { planned = !e; });
    AutoSync const schedule(*rig.corp, rig.options);
    rig.settle();
    CHECK(planned);
    REQUIRE(rig.runs.size() == 1);
    CHECK(rig.runs[0].error->is(Errc::operationInProgress));
    CHECK(schedule.status().failures == 0);
    rig.pass(31s);
    REQUIRE(rig.runs.size() == 2);
    CHECK(rig.runs[1].report);
}

// --- a year ---

TEST_CASE("schedule: a year of hourly runs, with failures, changes and impatient people",
          "[schedule][coroutine]") {
    char const* const given = std::getenv("CORPS_SEED");
    std::uint64_t const seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    auto const chance = [&](double p) { return std::uniform_real_distribution<>()(random) < p; };
    auto const between = [&](Duration a, Duration b) {
        return Duration(std::uniform_int_distribution<Duration::rep>(a.count(), b.count())(random));
    };

    struct Event {
        Duration at;
        bool byHand;
    };
    struct Seen {
        Duration begun, ended;
        SyncCause cause;
        std::optional<Errc> error;
        std::optional<Duration> next;  // as reported
    };
    std::vector<Event> events;
    std::vector<Seen> seen;

    asio::io_context loop{1};
    auto const clock = std::make_shared<ManualClock>();
    ContextOptions c;
    c.executor = loop.get_executor();
    c.clock = clock;
    c.random = [&random] { return random(); };
    Context const context(c);
    Duration const start = clock->uptime();
    Duration const year = std::chrono::hours(365 * 24);

    auto const work = std::make_shared<Work>(clock);
    bool down = false;  // failures come in spells
    work->takes = [&] { return chance(0.02) ? between(1h, 2h) : between(0s, 10min); };
    work->script = [&](std::size_t) {
        down = down ? chance(0.8) : chance(0.01);
        if (chance(0.005)) throw Error(Errc::busy, "somebody else");
        if (!down) return;
        if (chance(0.1)) throw Error(Errc::permissionDenied, "not allowed");
        throw Error(Errc::transport, "no connection");
    };
    AutoSyncOptions o;
    o.onRun = [&](AutoSyncRun const& r) {
        Seen s{work->begun.back(), work->ended.back(), r.cause, std::nullopt, std::nullopt};
        if (r.error) s.error = static_cast<Errc>(r.error->code().value());
        if (r.after.nextRun) s.next = s.ended + (*r.after.nextRun - r.ended);
        seen.push_back(s);
        CHECK(r.report.has_value() != r.error.has_value());
    };
    std::optional<AutoSync> schedule(std::in_place, context, "corps.Demo", work->run(work), o);

    struct World {
        static asio::awaitable<void> turn(std::shared_ptr<ManualClock> time, Duration until,
                                          std::function<Duration()> next, std::function<void()> act,
                                          std::function<void()> end) {
            while (time->uptime() < until) {
                Duration const wait = next();
                co_await time->sleep(wait);
                act();
            }
            end();
        }
    };
    std::function<Duration()> const quiet = [&] {
        return chance(0.5) ? between(1ms, 10s) : between(1ms, 8h);
    };
    std::function<void()> const act = [&] {
        bool const byHand = chance(0.1);
        events.push_back({clock->uptime(), byHand});
        byHand ? schedule->trigger() : schedule->announce();
    };
    std::function<void()> const end = [&] { schedule->stop(); };
    asio::co_spawn(loop, World::turn(clock, start + year, quiet, act, end), asio::detached);
    do {
        loop.restart();
        loop.poll();
    } while (clock->advanceToNext());

    CHECK(work->most == 1);
    CHECK(work->begun.size() == work->ended.size());
    REQUIRE(seen.size() == work->begun.size());
    CHECK(seen.size() > 9000);
    CHECK(seen.size() < 16000);
    CHECK(schedule->status().runs == seen.size());

    // Each run against what is documented, with what was known before it began.
    // What was announced in the very millisecond in which the last run began may belong to either.
    auto const explains = [&](Seen const& last, Seen const& now, bool byHand, auto const& due) {
        for (Duration const from : {last.begun - 1ms, last.begun}) {
            auto const e = std::find_if(events.begin(), events.end(), [&](Event const& x) {
                return x.at > from && x.at <= now.begun && x.byHand == byHand;
            });
            if (e != events.end() && now.begun == due(e->at)) return true;
        }
        return false;
    };
    std::uint64_t inARow = 0;
    std::size_t checkedWaits = 0;
    for (std::size_t i = 1; i < seen.size(); ++i) {
        Seen const& last = seen[i - 1];
        Seen const& now = seen[i];
        CAPTURE(i, toString(now.cause));
        REQUIRE(now.begun >= last.ended);
        Duration const wait = now.begun - last.ended;
        bool const passing = last.error == Errc::transport;
        bool const lasting = last.error == Errc::permissionDenied;
        if (passing || lasting) ++inARow;
        if (!last.error) inARow = 0;
        switch (now.cause) {
            case SyncCause::hand:
                REQUIRE(explains(last, now, true, [&](Duration at) { return std::max(at, last.ended); }));
                break;
            case SyncCause::change:
                REQUIRE(explains(last, now, false, [&](Duration at) {
                    return std::max<Duration>(at + 5s, last.ended + 1min);
                }));
                REQUIRE_FALSE((passing || lasting));
                break;
            case SyncCause::interval:
                REQUIRE_FALSE(last.error);
                REQUIRE((wait == 1min ||
                         (now.begun - last.begun >= 54min - 1ms && now.begun - last.begun <= 66min)));
                ++checkedWaits;
                break;
            case SyncCause::retry:
                REQUIRE(last.error);
                if (passing) {
                    Duration const most =
                        std::min<Duration>(30s * (1 << std::min<std::uint64_t>(inARow - 1, 10)), 1h);
                    REQUIRE(wait >= most / 2 - 1ms);
                    REQUIRE(wait <= most);
                } else if (lasting) {
                    REQUIRE(wait >= 54min - 1ms);
                    REQUIRE(wait <= 66min);
                } else {
                    REQUIRE(wait >= 15s);
                    REQUIRE(wait <= 30s);
                }
                ++checkedWaits;
                break;
            case SyncCause::start: FAIL("only the first run is the first");
        }
        // It came when it was said to come, or sooner for a reason that came meanwhile.
        REQUIRE(last.next);
        REQUIRE(now.begun <= *last.next);
    }
    CHECK(checkedWaits > 3000);

    // Nobody was forgotten: after each change a run began, as soon as was promised.
    for (Event const& e : events) {
        auto const run =
            std::find_if(seen.begin(), seen.end(), [&](Seen const& s) { return s.begun >= e.at; });
        if (run == seen.end()) {
            REQUIRE(e.at > start + year - 4h);  // the end came first
            continue;
        }
        if (run == seen.begin()) continue;
        auto const before = run - 1;
        Duration const free = std::max(e.at, before->ended);
        bool const backingOff = before->error == Errc::transport || before->error == Errc::permissionDenied;
        if (e.byHand)
            REQUIRE(run->begun == free);
        else if (!backingOff)
            REQUIRE(run->begun <= std::max<Duration>(e.at + 5s, before->ended + 1min));
    }
}

// --- threads ---

namespace {

/** A run that ends only when it is cancelled. */
asio::awaitable<SyncReport> hang(std::shared_ptr<std::promise<void>> begun) {
    detail::Event const never;
    begun->set_value();
    co_await never.wait();
    co_return SyncReport();
}

}  // namespace

TEST_CASE("schedule: stopped from another thread within a second, in the middle of a sync or of a wait",
          "[schedule][thread]") {
    bool const running = GENERATE(true, false);
    Context const context;
    auto const begun = std::make_shared<std::promise<void>>();
    auto const idle = std::make_shared<std::promise<void>>();
    AutoSyncOptions o;
    o.onState = [idle](AutoSyncStatus const& s) {
        if (s.state == AutoSyncState::idle) idle->set_value();
    };
    AutoSync::Run run;
    if (running)
        run = [begun] { return hang(begun); };
    else
        run = []() -> asio::awaitable<SyncReport> { co_return SyncReport(); };
    AutoSync schedule(context, "corps.Demo", std::move(run), std::move(o));
    (running ? begun : idle)->get_future().get();

    Steady::time_point const asked = Steady::now();
    schedule.stop();
    schedule.join();
    CHECK(Steady::now() - asked < 1s);
    CHECK(schedule.status().state == AutoSyncState::stopped);
    CHECK(schedule.status().runs == 1);
}

TEST_CASE("schedule: its end waits on a thread of the context's own, and not for itself",
          "[schedule][thread]") {
    // On another thread: when the schedule is gone, so is its run.
    std::atomic<int> alive{0};
    struct Counted {
        explicit Counted(std::atomic<int>& n) : count(n) { ++count; }
        Counted(Counted const&) = delete;
        Counted& operator=(Counted const&) = delete;
        ~Counted() { --count; }
        std::atomic<int>& count;
    };
    struct Body {
        static asio::awaitable<SyncReport> run(std::atomic<int>& n,
                                               std::shared_ptr<std::promise<void>> begun) {
            Counted const counted(n);
            SyncReport out = co_await hang(begun);
            co_return out;
        }
    };
    Context const context;
    {
        auto const begun = std::make_shared<std::promise<void>>();
        AutoSync const schedule(context, "corps.Demo", [&alive, begun] { return Body::run(alive, begun); });
        begun->get_future().get();
        CHECK(alive == 1);
    }
    CHECK(alive == 0);

    // By its own callback, on that thread.
    std::promise<void> gone;
    auto own = std::make_shared<std::unique_ptr<AutoSync>>();
    std::promise<void> set;
    std::shared_future<void> const ready(set.get_future());
    AutoSyncOptions o;
    o.onRun = [&gone, own, ready](AutoSyncRun const&) {
        ready.wait();
        own->reset();
        gone.set_value();
    };
    auto quick = []() -> asio::awaitable<SyncReport> { co_return SyncReport(); };
    *own = std::make_unique<AutoSync>(context, "corps.Demo", quick, std::move(o));
    set.set_value();
    gone.get_future().get();
    CHECK(*own == nullptr);
}

TEST_CASE("schedule: joined on the context's own thread it says so instead of waiting for itself",
          "[schedule][thread]") {
    Context const context;
    auto quick = []() -> asio::awaitable<SyncReport> { co_return SyncReport(); };
    AutoSync schedule(context, "corps.Demo", quick);
    std::promise<std::optional<Error>> said;
    asio::post(context.executor(), [&] {
        schedule.stop();
        try {
            schedule.join();
            said.set_value(std::nullopt);
        } catch (Error const& e) {
            said.set_value(e);
        }
    });
    std::optional<Error> const e = said.get_future().get();
    REQUIRE(e);
    CHECK(e->is(Errc::invalidArgument));
    schedule.join();
}

TEST_CASE("schedule: used from many threads at once, on an executor with many", "[schedule][thread]") {
    asio::thread_pool pool(3);
    ContextOptions c;
    c.executor = pool.get_executor();
    Context const context(c);
    AutoSyncGroup const group(2);
    std::atomic<int> now{0};
    std::atomic<int> most{0};
    struct Body {
        static asio::awaitable<SyncReport> run(Context ctx, std::atomic<int>& n, std::atomic<int>& m) {
            int const mine = ++n;
            for (int seen = m; mine > seen && !m.compare_exchange_weak(seen, mine);) {
            }
            try {
                co_await ctx.clock().sleep(1ms);
            } catch (...) {
                --n;
                throw;
            }
            --n;
            co_return SyncReport();
        }
    };
    std::atomic<int> reports{0};
    {
        AutoSyncOptions o;
        o.settle = o.distance = 0s;
        o.group = group;
        o.onRun = [&](AutoSyncRun const&) { ++reports; };
        std::vector<AutoSync> schedules;
        for (int i = 0; i < 4; ++i)
            schedules.emplace_back(
                context, "corps." + std::to_string(i), [&, context] { return Body::run(context, now, most); },
                o);
        std::vector<std::thread> users;
        for (int t = 0; t < 3; ++t)
            users.emplace_back([&, t] {
                for (int i = 0; i < 300; ++i) {
                    AutoSync& s = schedules[static_cast<std::size_t>((i + t) % 4)];
                    i % 2 == 0 ? s.announce() : s.trigger();
                    static_cast<void>(s.status());
                }
                schedules[static_cast<std::size_t>(t)].stop();
            });
        for (std::thread& u : users) u.join();
        while (reports < 8) schedules[3].trigger();
        for (std::size_t i = 0; i < 3; ++i) schedules[i].join();
        CHECK(schedules[0].status().state == AutoSyncState::stopped);
    }
    int const told = reports;
    pool.join();
    CHECK(reports == told);
    CHECK(now == 0);
    CHECK(most <= 2);
    CHECK(most > 0);
}

}  // namespace sync_auto_sync_test
