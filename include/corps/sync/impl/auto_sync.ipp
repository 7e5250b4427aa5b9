#pragma once

#include <corps/context/detail/event.hpp>
#include <corps/sync/auto_sync.hpp>
#include <corps/sync/detail/gate.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <exception>
#include <list>
#include <mutex>
#include <new>
#include <utility>

namespace corps {

CORPS_DECL std::string_view toString(AutoSyncState s) noexcept {
    switch (s) {
        case AutoSyncState::idle: return "idle";
        case AutoSyncState::queued: return "queued";
        case AutoSyncState::running: return "running";
        case AutoSyncState::backingOff: return "backing off";
        case AutoSyncState::stopped: return "stopped";
    }
    return "unknown";
}

CORPS_DECL std::string_view toString(SyncCause c) noexcept {
    switch (c) {
        case SyncCause::start: return "start";
        case SyncCause::interval: return "interval";
        case SyncCause::change: return "change";
        case SyncCause::hand: return "hand";
        case SyncCause::retry: return "retry";
    }
    return "unknown";
}

// --- AutoSyncGroup ---

struct AutoSyncGroup::State {
    struct Waiter {
        detail::Event turn;
        bool granted = false;
    };

    explicit State(std::size_t limit) : free(limit) {}

    // Needs the lock.
    void giveBack() {
        --running;
        if (waiting.empty()) {
            ++free;
            return;
        }
        std::shared_ptr<Waiter> const next = std::move(waiting.front());
        waiting.pop_front();
        ++running;
        next->granted = true;
        next->turn.set();
    }

    std::mutex mutex;
    std::size_t free;
    std::size_t running = 0;
    std::list<std::shared_ptr<Waiter>> waiting;
};

/** The right to sync; given back when it goes. */
class AutoSyncGroup::Permit {
public:
    explicit Permit(std::shared_ptr<State> s) noexcept : state_(std::move(s)) {}
    Permit(Permit&& other) noexcept = default;
    Permit& operator=(Permit&&) = delete;
    ~Permit() { release(); }
    void release() noexcept {
        std::shared_ptr<State> const state = std::move(state_);
        if (state == nullptr) return;
        std::lock_guard const lock(state->mutex);
        state->giveBack();
    }

private:
    std::shared_ptr<State> state_;
};

/** A place in the queue; given up on any way out, cancellation and destruction included. */
class AutoSyncGroup::Place {
public:
    explicit Place(std::shared_ptr<State> s)
        : state_(std::move(s)), mine_(std::make_shared<State::Waiter>()) {
        state_->waiting.push_back(mine_);
    }
    Place(Place const&) = delete;
    Place& operator=(Place const&) = delete;
    ~Place() {
        std::lock_guard const lock(state_->mutex);
        if (taken_) return;
        if (mine_->granted)
            state_->giveBack();
        else
            state_->waiting.remove(mine_);
    }
    [[nodiscard]] detail::Event const& turn() const { return mine_->turn; }
    void take() { taken_ = true; }

private:
    std::shared_ptr<State> state_;
    std::shared_ptr<State::Waiter> mine_;
    bool taken_ = false;
};

CORPS_DECL AutoSyncGroup::AutoSyncGroup(std::size_t limit) : state_(std::make_shared<State>(limit)) {
    if (limit == 0)
        throw Error(Errc::invalidArgument, "a group of schedules must let at least one sync at a time");
}

CORPS_DECL std::size_t AutoSyncGroup::running() const {
    if (state_ == nullptr) return 0;
    std::lock_guard const lock(state_->mutex);
    return state_->running;
}

CORPS_DECL std::size_t AutoSyncGroup::waiting() const {
    if (state_ == nullptr) return 0;
    std::lock_guard const lock(state_->mutex);
    return state_->waiting.size();
}

CORPS_DECL asio::awaitable<AutoSyncGroup::Permit> AutoSyncGroup::enter(std::shared_ptr<State> state) {
    if (state == nullptr) co_return Permit(nullptr);
    std::optional<Place> place;
    {
        std::lock_guard const lock(state->mutex);
        if (state->free > 0) {
            --state->free;
            ++state->running;
            co_return Permit(state);
        }
        place.emplace(state);
    }
    co_await place->turn().wait();
    place->take();
    co_return Permit(state);
}

// --- AutoSync ---

namespace detail {

/** What an error means for a schedule. */
enum class RunResult : std::uint8_t {
    ok,
    declined,   ///< not this time, and nobody failed: as planned
    elsewhere,  ///< another operation was at work: soon again
    passing,    ///< a failure that may pass: ever more slowly
    lasting,    ///< a failure that somebody has to mend: rarely
};

CORPS_DECL RunResult judgeRun(Error const& e) noexcept {
    if (e.code().category() != corpsCategory()) return RunResult::passing;
    switch (static_cast<Errc>(e.code().value())) {
        case Errc::held: return RunResult::declined;  // with allOrNothing, as the options asked for
        case Errc::busy:
        case Errc::operationInProgress: return RunResult::elsewhere;
        case Errc::config:
        case Errc::authRejected:
        case Errc::permissionDenied:
        case Errc::wrongCorp:
        case Errc::storageTooNew:
        case Errc::invalidArgument:
        case Errc::alreadyExists:
        case Errc::notFound:
        case Errc::refused:
        case Errc::unsupported: return RunResult::lasting;
        default: return RunResult::passing;
    }
}

/** Any exception as an Error; foreign text stays out, since it may hold anything. */
CORPS_DECL Error errorOf(std::exception_ptr const& failure, std::string const& corp) {
    Diagnostics d;
    d.corp = corp;
    try {
        std::rethrow_exception(failure);
    } catch (Error const& e) {
        return e.withCorp(corp);
    } catch (boost::system::system_error const& e) {
        if (e.code() == asio::error::operation_aborted)
            return Error(Errc::cancelled, "the sync was cancelled", std::move(d));
        return Error(e.code(), "the sync ended with an error of the system", std::move(d));
    } catch (std::bad_alloc const&) {
        return Error(boost::system::errc::make_error_code(boost::system::errc::not_enough_memory),
                     "there was not enough memory to sync", std::move(d));
    } catch (...) {
        return Error(boost::system::errc::make_error_code(boost::system::errc::state_not_recoverable),
                     "the sync threw an exception that is none of the library's", std::move(d));
    }
}

}  // namespace detail

struct AutoSync::State {
    State(Context c, std::string n, Run r, AutoSyncOptions o)
        : context(std::move(c)),
          name(std::move(n)),
          run(std::move(r)),
          options(std::move(o)),
          strand(asio::make_strand(context.executor())) {
        status.corp = name;
        scheduled = context.clock().uptime() + options.firstAfter;
    }

    // --- what may be called from any thread ---

    void announce() {
        std::lock_guard const lock(mutex);
        if (announced) return;
        announced = context.clock().uptime();
        wake.set();
    }
    void trigger() {
        std::lock_guard const lock(mutex);
        if (std::exchange(byHand, true)) return;
        wake.set();
    }
    void stop() noexcept {
        ChangeSubscription doomed;
        try {
            asio::any_io_executor executor;
            {
                std::lock_guard const lock(mutex);
                if (std::exchange(stopping, true) || over) return;
                doomed = std::move(subscription);
                executor = strand;
            }
            asio::post(executor, [self = self_.lock()] {
                if (self == nullptr) return;
                {
                    std::lock_guard const lock(self->mutex);
                    if (self->over) return;
                }
                if (std::shared_ptr<asio::cancellation_signal> const signal = self->cancel.lock())
                    signal->emit(asio::cancellation_type::terminal);
            });
        } catch (...) {
            // Not even memory for that: it stops when it looks next.
        }
    }
    [[nodiscard]] AutoSyncStatus look() const {
        std::lock_guard const lock(mutex);
        return lookLocked();
    }

    // --- what is planned; needs the lock ---

    /** When announced changes are due; only if there are some. */
    [[nodiscard]] Duration changeDue() const {
        Duration at = *announced + options.settle;
        if (lastEnd) at = std::max(at, *lastEnd + options.distance);
        if (failing) at = std::max(at, scheduled);
        return at;
    }
    [[nodiscard]] Duration due() const {
        if (byHand) return Duration::min();
        return announced ? std::min(scheduled, changeDue()) : scheduled;
    }
    [[nodiscard]] SyncCause cause() const {
        if (byHand) return SyncCause::hand;
        if (announced && changeDue() < scheduled) return SyncCause::change;
        if (again) return SyncCause::retry;
        return everBegun ? SyncCause::interval : SyncCause::start;
    }
    [[nodiscard]] AutoSyncStatus lookLocked() const {
        AutoSyncStatus out = status;
        if (out.state == AutoSyncState::idle || out.state == AutoSyncState::backingOff) {
            Duration const left =
                byHand ? Duration::zero() : std::max(due() - context.clock().uptime(), Duration::zero());
            out.nextRun = context.clock().now() + left;
        }
        return out;
    }

    /** Uniform in [0, 1). Where the system has no randomness left, the middle. */
    [[nodiscard]] double draw() const noexcept {
        try {
            return static_cast<double>(context.random() >> 11) * 0x1p-53;
        } catch (...) {
            return 0.5;
        }
    }
    /** d, give or take the jitter. */
    [[nodiscard]] Duration spread(Duration d) const noexcept {
        return scaled(d, 1.0 + options.jitter * (2.0 * draw() - 1.0));
    }
    [[nodiscard]] static Duration scaled(Duration d, double by) noexcept {
        return Duration(static_cast<Duration::rep>(static_cast<double>(d.count()) * by));
    }
    [[nodiscard]] Duration backOff(std::uint64_t failures) const noexcept {
        Duration d = options.retryFirst;
        for (std::uint64_t i = 1; i < failures && d < options.retryMost; ++i) d *= 2;
        return scaled(std::min(d, options.retryMost), 0.5 + 0.5 * draw());
    }

    // --- the loop, on the strand ---

    /** Ends the schedule on any way out: also when the executor goes away under it. */
    class Life {
    public:
        explicit Life(std::shared_ptr<State> s) : state_(std::move(s)) {}
        Life(Life const&) = delete;
        Life& operator=(Life const&) = delete;
        ~Life() {
            asio::any_io_executor last;  // goes here: later the executor itself may be gone
            {
                std::lock_guard const lock(state_->mutex);
                state_->over = true;
                state_->status.state = AutoSyncState::stopped;
                last = std::move(state_->strand);
                state_->strand = nullptr;
            }
            state_->ended.set();
        }

    private:
        std::shared_ptr<State> state_;
    };

    struct Alarm {
        void stop() {
            if (!rung) cancel.emit(asio::cancellation_type::terminal);
        }
        asio::cancellation_signal cancel;
        bool rung = false;
    };
    static asio::awaitable<void> ring(Context context, Duration after, detail::Event wake) {
        co_await context.clock().sleep(after);
        wake.set();
    }

    static asio::awaitable<void> untilDue(std::shared_ptr<State> s) {
        for (;;) {
            detail::Event wake;
            Duration wait{0};
            {
                std::lock_guard const lock(s->mutex);
                if (s->stopping) co_return;
                Duration const now = s->context.clock().uptime();
                Duration const due = s->due();
                if (due <= now) co_return;
                wait = due - now;
                s->wake = wake;
            }
            auto const alarm = std::make_shared<Alarm>();
            asio::co_spawn(s->strand, ring(s->context, wait, wake),
                           asio::bind_cancellation_slot(alarm->cancel.slot(),
                                                        [alarm](std::exception_ptr) { alarm->rung = true; }));
            try {
                co_await wake.wait();
            } catch (...) {
                alarm->stop();
                throw;
            }
            alarm->stop();
        }
    }

    static asio::awaitable<void> once(std::shared_ptr<State> s) {
        if (s->options.group.state_ != nullptr) s->become(AutoSyncState::queued);
        AutoSyncGroup::Permit permit = co_await AutoSyncGroup::enter(s->options.group.state_);
        AutoSyncRun out;
        s->begin(out);
        s->tellState();
        std::exception_ptr failure;
        try {
            SyncReport report = co_await s->run();
            out.report = std::move(report);
        } catch (...) {
            failure = std::current_exception();
        }
        permit.release();
        if (failure) out.error = detail::errorOf(std::exchange(failure, nullptr), s->name);
        s->end(out);
        s->tellRun(out);
        s->tellState();
    }

    static asio::awaitable<void> loop(std::shared_ptr<State> s) {
        Life const life(s);
        while (!s->isStopping()) {
            try {
                co_await untilDue(s);
                if (s->isStopping()) break;
                co_await once(s);
            } catch (...) {
                // Cancelled; or no memory to wait with, and then it is a failure like others.
                s->stumble();
            }
        }
        s->become(AutoSyncState::stopped);
    }

    [[nodiscard]] bool isStopping() const {
        std::lock_guard const lock(mutex);
        return stopping;
    }

    void become(AutoSyncState state) {
        {
            std::lock_guard const lock(mutex);
            status.state = state;
        }
        tellState();
    }

    void begin(AutoSyncRun& out) {
        std::lock_guard const lock(mutex);
        out.corp = name;
        out.cause = cause();
        out.begun = context.clock().now();
        lastBegin = context.clock().uptime();
        everBegun = true;
        byHand = false;
        announced.reset();  // what is announced from now on may come too late for this run
        status.state = AutoSyncState::running;
    }

    void end(AutoSyncRun& out) {
        std::lock_guard const lock(mutex);
        detail::RunResult result = detail::RunResult::ok;
        if (out.error) result = detail::judgeRun(*out.error);
        Duration const now = context.clock().uptime();
        out.ended = context.clock().now();
        ++status.runs;
        lastEnd = now;
        if (out.error && !(stopping && out.error->is(Errc::cancelled))) status.lastError = out.error;
        plan(result, now, out.error ? out.error->diagnostics().retryAfter : std::nullopt);
        if (result == detail::RunResult::ok) {
            status.lastSuccess = out.ended;
            status.lastOutcome = out.report->outcome;
        } else if (failing) {
            status.lastFailure = out.ended;
        }
        if (stopping) status.state = AutoSyncState::stopped;
        out.after = lookLocked();
    }

    /** When the next run is, after one that ended so. Needs the lock. */
    void plan(detail::RunResult result, Duration now, std::optional<Duration> retryAfter) {
        again = failing = false;
        Duration const pause = std::min(options.distance, options.interval);
        switch (result) {
            case detail::RunResult::ok: status.failuresInARow = 0; [[fallthrough]];
            case detail::RunResult::declined:
                scheduled = std::max(lastBegin + spread(options.interval), now + pause);
                break;
            case detail::RunResult::elsewhere:
                again = true;
                scheduled = now + backOff(1);
                break;
            case detail::RunResult::passing:
            case detail::RunResult::lasting:
                if (stopping) break;  // cancelled
                again = failing = true;
                ++status.failures;
                ++status.failuresInARow;
                scheduled = now + (result == detail::RunResult::passing
                                       ? backOff(status.failuresInARow)
                                       : spread(std::max(options.interval, options.retryMost)));
                break;
        }
        if (retryAfter && again) {
            Duration const asked =
                std::clamp<Duration>(*retryAfter, Duration::zero(), std::chrono::hours(24));
            scheduled = std::max(scheduled, now + scaled(asked, 1.0 + options.jitter * draw()));
        }
        status.state = failing ? AutoSyncState::backingOff : AutoSyncState::idle;
    }

    /** Something else than a run failed. */
    void stumble() noexcept {
        std::lock_guard const lock(mutex);
        if (stopping) return;
        plan(detail::RunResult::passing, context.clock().uptime(), std::nullopt);
    }

    void tellRun(AutoSyncRun const& out) noexcept {
        if (out.error && out.after.state == AutoSyncState::backingOff) {
            try {
                auto const wait =
                    std::chrono::ceil<std::chrono::seconds>(*out.after.nextRun - out.ended).count();
                std::string const what = out.error->what();  // names the corp
                context.log(LogLevel::warning, "a scheduled sync failed, the next one is in " +
                                                   std::to_string(wait) + " s: " + what);
            } catch (...) {
                // The line is lost, the report is not.
            }
        }
        if (options.onRun) tell([&] { options.onRun(out); });
    }
    void tellState() noexcept {
        if (!options.onState) return;
        tell([&] {
            AutoSyncStatus const now = look();
            if (told == now.state) return;
            told = now.state;
            options.onState(now);
        });
    }
    template <class F>
    void tell(F&& f) noexcept {
        try {
            gate.pass(f);
        } catch (...) {
            context.log(LogLevel::error, "a callback of a schedule threw an exception; it is dropped");
        }
    }

    Context const context;
    std::string const name;
    Run const run;
    AutoSyncOptions const options;
    std::weak_ptr<State> self_;

    // Of the loop, and kept by it: what a spawned coroutine leaves in a signal holds its executor, which must
    // not outlive the loop. Used on the strand only.
    std::weak_ptr<asio::cancellation_signal> cancel;
    std::optional<AutoSyncState> told;  // used behind the gate only
    detail::Gate gate;
    detail::Event const ended;

    mutable std::mutex mutex;      // for all below
    asio::any_io_executor strand;  // of the loop, while there is one
    AutoSyncStatus status;
    detail::Event wake;                 // of the wait that is under way
    Duration scheduled{0};              // the next run, whatever else comes
    std::optional<Duration> announced;  // when the first of the changes was that no run has seen yet
    bool byHand = false;
    Duration lastBegin{0};
    std::optional<Duration> lastEnd;
    bool everBegun = false;
    bool again = false;    // the last run has not done its work
    bool failing = false;  // because of a failure
    bool stopping = false;
    bool over = false;
    ChangeSubscription subscription;
};

CORPS_DECL AutoSync::AutoSync(Context context, std::string corp, Run run, AutoSyncOptions options) {
    auto const require = [&](bool good, char const* what) {
        if (good) return;
        Diagnostics d;
        d.corp = corp;
        throw Error(Errc::invalidArgument, std::string("AutoSyncOptions::") + what, std::move(d));
    };
    Duration const zero = Duration::zero();
    // A hundred years: times can be added up then without a second thought.
    Duration const most = std::chrono::hours(24) * 36525;
    require(options.interval > zero && options.interval <= most,
            "interval must be more than zero and at most a hundred years");
    require(options.jitter >= 0.0 && options.jitter < 1.0, "jitter must be at least 0 and less than 1");
    require(options.firstAfter >= zero && options.firstAfter <= most,
            "firstAfter must be at least zero and at most a hundred years");
    require(options.settle >= zero && options.settle <= most,
            "settle must be at least zero and at most a hundred years");
    require(options.distance >= zero && options.distance <= most,
            "distance must be at least zero and at most a hundred years");
    require(options.retryFirst > zero && options.retryFirst <= most,
            "retryFirst must be more than zero and at most a hundred years");
    require(options.retryMost >= options.retryFirst && options.retryMost <= most,
            "retryMost must be at least retryFirst and at most a hundred years");
    require(static_cast<bool>(run), "and what to run must be given");
    state_ = std::make_shared<State>(std::move(context), std::move(corp), std::move(run), std::move(options));
    state_->self_ = state_;
    auto const cancel = std::make_shared<asio::cancellation_signal>();
    state_->cancel = cancel;
    auto ended = [state = state_, cancel](std::exception_ptr) {};
    asio::any_io_executor const executor = state_->strand;  // the loop may end before this does
    asio::co_spawn(executor, State::loop(state_),
                   asio::bind_cancellation_slot(cancel->slot(), std::move(ended)));
}

CORPS_DECL AutoSync& AutoSync::operator=(AutoSync&& other) noexcept {
    if (this != &other) {
        end();
        state_ = std::move(other.state_);
    }
    return *this;
}

CORPS_DECL AutoSync::~AutoSync() { end(); }

CORPS_DECL void AutoSync::end() noexcept {
    std::shared_ptr<State> const mine = std::move(state_);
    if (mine == nullptr) return;
    mine->stop();
    if (mine->context.hasOwnThread()) {
        try {
            mine->context.run(joinOn(mine));
        } catch (...) {
            // On that very thread, where it would wait for itself.
        }
    }
    mine->gate.close();
}

CORPS_DECL void AutoSync::announce() {
    if (state_ != nullptr) state_->announce();
}

CORPS_DECL void AutoSync::trigger() {
    if (state_ != nullptr) state_->trigger();
}

CORPS_DECL void AutoSync::stop() noexcept {
    if (state_ != nullptr) state_->stop();
}

CORPS_DECL asio::awaitable<void> AutoSync::joinOn(std::shared_ptr<State> state) {
    if (state != nullptr) co_await state->ended.wait();
}

CORPS_DECL asio::awaitable<void> AutoSync::asyncJoin() { return joinOn(state_); }

CORPS_DECL void AutoSync::join() {
    if (state_ == nullptr) return;
    Context const context = state_->context;
    context.run(joinOn(state_));
}

CORPS_DECL AutoSyncStatus AutoSync::status() const {
    AutoSyncStatus out;
    out.state = AutoSyncState::stopped;
    return state_ == nullptr ? out : state_->look();
}

CORPS_DECL void AutoSync::listen(ChangeSubscription subscription) {
    std::lock_guard const lock(state_->mutex);
    if (!state_->stopping) state_->subscription = std::move(subscription);
}

CORPS_DECL std::function<void()> AutoSync::announcer() const {
    return [weak = std::weak_ptr<State>(state_)] {
        if (std::shared_ptr<State> const state = weak.lock()) state->announce();
    };
}

}  // namespace corps
