#pragma once

#include <corps/context/context.hpp>
#include <corps/detail/config.hpp>
#include <corps/error/error.hpp>
#include <corps/sync/change_signal.hpp>
#include <corps/sync/options.hpp>
#include <corps/sync/plan.hpp>
#include <corps/sync/sync_policy.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace corps {

/** What a schedule does at the moment. */
enum class AutoSyncState : std::uint8_t {
    idle,        ///< waits for its time
    queued,      ///< its time has come, and as many others of its group sync as may at once
    running,     ///< syncs
    backingOff,  ///< the last run failed; waits before it tries again
    stopped,     ///< stopped, or its executor is gone
};

/** Why a run began. */
enum class SyncCause : std::uint8_t {
    start,     ///< the first one
    interval,  ///< its time had come
    change,    ///< a change was announced
    hand,      ///< trigger()
    retry,     ///< the run before failed, or found another sync of this corp at work
};

[[nodiscard]] CORPS_DECL std::string_view toString(AutoSyncState s) noexcept;
[[nodiscard]] CORPS_DECL std::string_view toString(SyncCause c) noexcept;

/** How a schedule stands. */
struct AutoSyncStatus {
    std::string corp;  ///< full name
    AutoSyncState state = AutoSyncState::idle;
    std::uint64_t runs = 0;                  ///< that have ended, failed ones included
    std::uint64_t failures = 0;              ///< of these, failed
    std::uint64_t failuresInARow = 0;        ///< since the last success; not 0: lastError says why
    std::optional<TimePoint> lastSuccess;    ///< when the last run that succeeded ended
    std::optional<SyncOutcome> lastOutcome;  ///< what came of it: held and incomplete are successes, too
    std::optional<TimePoint> lastFailure;
    std::optional<Error> lastError;    ///< of the last run that did not succeed
    std::optional<TimePoint> nextRun;  ///< as planned now; none while it runs, is queued or has stopped
};

/** One run of a schedule: either `report` or `error`. */
struct AutoSyncRun {
    std::string corp;  ///< full name
    SyncCause cause = SyncCause::interval;
    TimePoint begun{};
    TimePoint ended{};
    std::optional<SyncReport> report;
    std::optional<Error> error;
    AutoSyncStatus after;  ///< how the schedule stands then: when it runs next
};

/**
 * Limits how many syncs run at once, over all schedules that are given it: `options.group`. Who waits is
 * served in the order of asking. A cheap handle; copies are the same group.
 *
 * Threads     May be used from any thread.
 */
class AutoSyncGroup {
public:
    /** No limit. */
    AutoSyncGroup() = default;
    /** @param limit syncs at once, at most. Errors: invalidArgument for 0. */
    CORPS_DECL explicit AutoSyncGroup(std::size_t limit);

    /** How many sync now, of how many wait for their turn. Without a limit: 0. */
    [[nodiscard]] CORPS_DECL std::size_t running() const;
    [[nodiscard]] CORPS_DECL std::size_t waiting() const;

private:
    friend class AutoSync;
    struct State;
    class Permit;
    class Place;
    [[nodiscard]] CORPS_DECL static asio::awaitable<Permit> enter(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

/** When a corp is synced. All times are milliseconds; write `std::chrono::minutes(10)`. */
struct AutoSyncOptions {
    /** From the beginning of one run to that of the next. More than zero. */
    Duration interval = std::chrono::hours(1);
    /**
     * Each interval is drawn anew from interval * (1 - jitter) to interval * (1 + jitter), so that many corps
     * and many programs do not ask a platform at the same moment for ever. From 0 to less than 1.
     */
    double jitter = 0.1;
    /** From now to the first run. */
    Duration firstAfter{0};
    /** How long changes are gathered: a sync begins so long after the first announced change. */
    Duration settle = std::chrono::seconds(5);
    /**
     * At least between the end of a run and the next one that a change brings; changes that are announced
     * meanwhile wait, and one sync serves them all. A run that takes longer than the interval is followed by
     * a pause of this length, too, but never longer than the interval.
     */
    Duration distance = std::chrono::minutes(1);
    /**
     * The first wait after a failure. It doubles with each further one until `retryMost`; what is waited is
     * drawn from half of it to all of it. More than zero.
     */
    Duration retryFirst = std::chrono::seconds(30);
    /** The longest wait after a failure that may pass. At least `retryFirst`. */
    Duration retryMost = std::chrono::hours(1);
    SyncOptions sync{};     ///< of every run
    bool listen = true;     ///< sync when the corp's callbacks announce a change (Mirror's onChange)
    AutoSyncGroup group{};  ///< whose limit counts; none by default
    /**
     * Called after each run. Both are called on the Context's executor, one at a time, and should return
     * soon, since the schedule waits for them. What they throw is dropped, with a line in the log.
     */
    std::function<void(AutoSyncRun const&)> onRun{};
    /** Called when the state has changed. */
    std::function<void(AutoSyncStatus const&)> onState{};
};

/**
 * Syncs a mirrored corp again and again, on its Context, from when it is made until it is stopped:
 *
 *     corps::AutoSync schedule(corp, {.interval = std::chrono::minutes(30)});
 *
 * - Runs never overlap. One begins every `interval`, give or take `jitter`.
 * - announce() says that something changed: the next run begins `settle` later, but not before `distance` has
 *   passed since the last one. However many changes are announced until then, it is one run; what is
 *   announced while a run is under way gets one of its own. The callbacks of the corp announce by themselves.
 * - trigger() asks for a run now, whatever else was planned; during a run, for another one right after it.
 * - After a failure that may pass (transport, protocol, rate limits, storage, an inconsistent tree and
 *   whatever else is not named below) it waits from `retryFirst` on ever longer. After one that somebody has
 *   to mend (config, authRejected, permissionDenied, wrongCorp, storageTooNew, invalidArgument, refused,
 *   unsupported, notFound) it waits for `interval` or `retryMost`, whichever is longer. Not before
 *   Diagnostics::retryAfter, where the platform said when (a day at most is believed). Changes that are
 *   announced meanwhile wait, too.
 * - Another sync of the corp at work (busy), or another operation of this corp object (operationInProgress),
 *   is no failure: it tries again after `retryFirst`. Held removals are none either, nor an incomplete pull.
 *
 * Nothing is thrown out of the schedule, whatever a run or a callback throws; each run is reported.
 *
 * The object may be destroyed at any time, also by its own callbacks: as stop(), and when it is gone no
 * callback is called any more. Where the Context has a thread of its own, the destructor waits until nothing
 * runs (unless it is called on that thread); on an executor of yours it does not, since nobody may be running
 * it any longer: stop() and join() first if it matters. Who holds a lock that a callback takes must not
 * destroy it.
 *
 * Threads     All members may be called from any thread; moving and destroying as usual by one.
 */
class AutoSync {
public:
    /** What a run is. Called on the executor; must own what the coroutine uses. */
    using Run = std::function<asio::awaitable<SyncReport>()>;

    /**
     * Syncs this corp; keeps a copy of the handle.
     * Errors      invalidArgument for an option that is out of range: its name is in the message.
     */
    template <class Corp>
        requires FollowsAnUpstream<typename Corp::Sync>
    explicit AutoSync(Corp corp, AutoSyncOptions options = AutoSyncOptions())
        : AutoSync(corp.context(), corp.fullName(), runOf(corp, options.sync), options) {
        if (options.listen) listen(corp.onChange(announcer()));
    }
    /** The same for anything that can be run. @param corp its name, for reports and errors. */
    CORPS_DECL AutoSync(Context context, std::string corp, Run run,
                        AutoSyncOptions options = AutoSyncOptions());
    AutoSync(AutoSync&& other) noexcept = default;
    CORPS_DECL AutoSync& operator=(AutoSync&& other) noexcept;
    CORPS_DECL ~AutoSync();

    /** Something changed at the platform. Cheap; as often as you like. */
    CORPS_DECL void announce();
    /** A run now. */
    CORPS_DECL void trigger();
    /**
     * No run begins any more, and one that is under way is cancelled: it has written all or nothing. Returns
     * at once. onRun is still told of that run, with its report or Errc::cancelled, and onState of the end.
     */
    CORPS_DECL void stop() noexcept;
    /**
     * Waits until nothing runs any more, after stop().
     * Errors      as Context::run: invalidArgument on the executor's own thread.
     */
    CORPS_DECL void join();
    [[nodiscard]] CORPS_DECL asio::awaitable<void> asyncJoin();

    [[nodiscard]] CORPS_DECL AutoSyncStatus status() const;

private:
    struct State;

    template <class Corp>
    [[nodiscard]] static Run runOf(Corp corp, SyncOptions const& options) {
        return [corp = std::move(corp), options]() mutable { return corp.asyncSyncCorp(options); };
    }
    CORPS_DECL void listen(ChangeSubscription subscription);
    [[nodiscard]] CORPS_DECL std::function<void()> announcer() const;
    [[nodiscard]] CORPS_DECL static asio::awaitable<void> joinOn(std::shared_ptr<State> state);
    CORPS_DECL void end() noexcept;

    std::shared_ptr<State> state_;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/auto_sync.ipp>
#endif
