#pragma once

#include <corps/context/detail/event.hpp>
#include <corps/testing/manual_clock.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

namespace corps::testing {

struct ManualClock::State {
    struct Sleeper {
        detail::Event event;
        bool woken = false;  // and out of the map
    };
    using Sleepers = std::multimap<Duration, std::shared_ptr<Sleeper>>;

    // Turns of the executor's queue without any use of the clock that count as idle. Each turn runs all that
    // was queued before it, so only a chain of so many hand-overs that never asks for the time could be taken
    // for idleness.
    static constexpr int kIdleTurns = 256;

    // A coroutine's place among the sleepers; left on any way out.
    class Nap {
    public:
        Nap(std::shared_ptr<State> s, Duration d) : state_(std::move(s)) {
            std::lock_guard const lock(state_->mutex);
            at_ = state_->sleepers.emplace(state_->up + d, sleeper_);
            ++state_->begun;
            ++state_->activity;
            state_->changed.notify_all();
        }
        Nap(Nap const&) = delete;
        Nap& operator=(Nap const&) = delete;
        ~Nap() {
            std::lock_guard const lock(state_->mutex);
            if (!sleeper_->woken) state_->sleepers.erase(at_);
        }
        [[nodiscard]] detail::Event const& event() const { return sleeper_->event; }

    private:
        std::shared_ptr<State> state_;
        std::shared_ptr<Sleeper> sleeper_ = std::make_shared<Sleeper>();
        Sleepers::iterator at_;
    };

    // Watches an executor for idleness by queueing itself again and again. One at a time; it is given up when
    // its executor goes away.
    class Watch {
    public:
        Watch(std::shared_ptr<State> s, asio::any_io_executor ex)
            : state_(std::move(s)), executor_(std::move(ex)) {}
        Watch(Watch&&) = default;
        Watch(Watch const&) = delete;
        Watch& operator=(Watch const&) = delete;
        ~Watch() {
            if (!state_) return;
            std::lock_guard const lock(state_->mutex);
            state_->watched = false;
        }
        void operator()() {
            {
                std::lock_guard const lock(state_->mutex);
                if (!state_->automatic || state_->sleepers.empty()) {
                    state_->watched = false;
                    state_ = nullptr;
                    return;
                }
                if (std::exchange(seen_, state_->activity) != state_->activity) {
                    turns_ = 0;
                } else if (++turns_ >= kIdleTurns) {
                    turns_ = 0;
                    state_->moveTo(state_->sleepers.begin()->first);
                }
            }
            asio::any_io_executor const next = executor_;
            asio::post(next, std::move(*this));
        }

    private:
        std::shared_ptr<State> state_;
        asio::any_io_executor executor_;
        std::uint64_t seen_ = 0;
        int turns_ = 0;
    };

    // Needs the lock.
    void moveTo(Duration target) {
        while (!sleepers.empty() && sleepers.begin()->first <= target) {
            auto const first = sleepers.begin();
            wall += first->first - up;
            up = first->first;
            std::shared_ptr<Sleeper> const sleeper = first->second;
            sleeper->woken = true;
            sleepers.erase(first);
            sleeper->event.set();
        }
        wall += target - up;
        up = target;
        ++activity;
    }

    static asio::awaitable<void> sleep(std::shared_ptr<State> s, Duration d) {
        if (d <= Duration::zero()) co_return;
        asio::any_io_executor const executor = co_await asio::this_coro::executor;
        Nap const nap(s, d);
        bool watch = false;
        {
            std::lock_guard const lock(s->mutex);
            watch = s->automatic && !s->watched;
            s->watched = s->watched || watch;
        }
        if (watch) asio::post(executor, Watch(s, executor));
        co_await nap.event().wait();
    }

    std::mutex mutex;
    std::condition_variable changed;
    TimePoint wall{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};
    Duration up = std::chrono::hours(1);  // not zero: a forgotten initial value should not look like "now"
    Sleepers sleepers;
    std::size_t begun = 0;
    std::uint64_t activity = 0;  // uses of the clock
    bool automatic = false;
    bool watched = false;
};

CORPS_DECL ManualClock::ManualClock() : state_(std::make_shared<State>()) {}

CORPS_DECL ManualClock::ManualClock(TimePoint start) : ManualClock() { state_->wall = start; }

CORPS_DECL TimePoint ManualClock::now() const {
    std::lock_guard const lock(state_->mutex);
    ++state_->activity;
    return state_->wall;
}

CORPS_DECL Duration ManualClock::uptime() const {
    std::lock_guard const lock(state_->mutex);
    ++state_->activity;
    return state_->up;
}

CORPS_DECL asio::awaitable<void> ManualClock::sleep(Duration d) { return State::sleep(state_, d); }

CORPS_DECL void ManualClock::advance(Duration d) {
    std::lock_guard const lock(state_->mutex);
    if (d > Duration::zero()) state_->moveTo(state_->up + d);
}

CORPS_DECL bool ManualClock::advanceToNext() {
    std::lock_guard const lock(state_->mutex);
    if (state_->sleepers.empty()) return false;
    state_->moveTo(state_->sleepers.begin()->first);
    return true;
}

CORPS_DECL void ManualClock::setNow(TimePoint wall) {
    std::lock_guard const lock(state_->mutex);
    state_->wall = wall;
}

CORPS_DECL void ManualClock::autoAdvance(bool on) {
    std::lock_guard const lock(state_->mutex);
    state_->automatic = on;
}

CORPS_DECL std::size_t ManualClock::sleeping() const {
    std::lock_guard const lock(state_->mutex);
    return state_->sleepers.size();
}

CORPS_DECL std::size_t ManualClock::sleeps() const {
    std::lock_guard const lock(state_->mutex);
    return state_->begun;
}

CORPS_DECL bool ManualClock::waitForSleepers(std::size_t count, std::chrono::milliseconds patience) const {
    std::unique_lock lock(state_->mutex);
    return state_->changed.wait_for(lock, patience,
                                    [this, count] { return state_->sleepers.size() >= count; });
}

}  // namespace corps::testing
