#pragma once

#include <corps/context/detail/event.hpp>
#include <corps/context/rate_limiter.hpp>
#include <corps/error/error.hpp>

#include <algorithm>
#include <deque>
#include <list>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace corps {

struct RateLimiter::State {
    using Queue = std::list<detail::Event>;

    State(std::shared_ptr<Clock> c, std::vector<RateWindow> const& given) : clock(std::move(c)) {
        for (RateWindow const& w : given) {
            if (w.window <= Duration::zero()) continue;
            if (w.calls == 0)
                throw Error(Errc::invalidArgument, "a rate limit of no calls at all can never be kept");
            RateWindow spaced = w;
            spaced.window += spaced.effectiveMargin();
            windows.push_back(spaced);
            remembered = std::max<std::size_t>(remembered, w.calls);
        }
    }

    // How long from `now` until one more permit keeps every limit; zero: at once. Needs the lock.
    [[nodiscard]] Duration delay(Duration now) const {
        Duration at = std::max(now, pausedUntil);
        for (RateWindow const& w : windows) {
            if (stamps.size() >= w.calls) at = std::max(at, stamps[stamps.size() - w.calls] + w.window);
        }
        return at - now;
    }

    void grant(Duration now) {
        ++granted;
        if (remembered == 0) return;
        if (stamps.size() == remembered) stamps.pop_front();
        stamps.push_back(now);
    }

    void leave(Queue::iterator place) {
        bool const head = place == queue.begin();
        queue.erase(place);
        if (head && !queue.empty()) queue.front().set();
    }

    // A place in the queue; given up on any way out, cancellation and destruction included.
    class Place {
    public:
        Place(std::shared_ptr<State> s, Queue::iterator at) : state_(std::move(s)), at_(at) {}
        Place(Place const&) = delete;
        Place& operator=(Place const&) = delete;
        ~Place() {
            std::lock_guard const lock(state_->mutex);
            state_->leave(at_);
        }

    private:
        std::shared_ptr<State> state_;
        Queue::iterator at_;
    };

    static asio::awaitable<void> acquire(std::shared_ptr<State> s) {
        Queue::iterator mine;
        {
            std::lock_guard const lock(s->mutex);
            Duration const now = s->clock->uptime();
            if (s->queue.empty() && s->delay(now) <= Duration::zero()) {
                s->grant(now);
                co_return;
            }
            mine = s->queue.emplace(s->queue.end());
            if (mine == s->queue.begin()) mine->set();
        }
        Place const place(s, mine);
        detail::Event const turn = *mine;
        co_await turn.wait();
        for (;;) {
            Duration wait;
            {
                std::lock_guard const lock(s->mutex);
                Duration const now = s->clock->uptime();
                wait = s->delay(now);
                if (wait <= Duration::zero()) {
                    s->grant(now);
                    co_return;
                }
            }
            co_await s->clock->sleep(wait);
        }
    }

    static asio::awaitable<void> acquireBoth(std::shared_ptr<State> own, std::shared_ptr<State> common) {
        co_await acquire(std::move(own));
        co_await acquire(std::move(common));
    }

    std::shared_ptr<Clock> const clock;
    mutable std::mutex mutex;
    std::vector<RateWindow> windows;  // with their margins
    std::size_t remembered = 0;       // the largest number of calls of a window
    std::deque<Duration> stamps;      // when permits were given, oldest first
    Queue queue;                      // who waits; the first one holds the set event and watches the clock
    Duration pausedUntil = Duration::min();
    std::uint64_t granted = 0;
    std::uint64_t pauses = 0;
};

CORPS_DECL RateLimiter::RateLimiter(Clock& clock, std::vector<RateWindow> windows)
    : RateLimiter(std::shared_ptr<Clock>(std::shared_ptr<void>(), &clock), std::move(windows)) {}

CORPS_DECL RateLimiter::RateLimiter(std::shared_ptr<Clock> clock, std::vector<RateWindow> windows,
                                    RateLimiter* common)
    : state_(std::make_shared<State>(std::move(clock), windows)), common_(common) {}

CORPS_DECL RateLimiter::~RateLimiter() = default;

// The own permit first: who then waits for the common one sends later than the own windows think, but no more
// callers than are under way at once do; the other way round one busy enterprise would use up what is common.
CORPS_DECL asio::awaitable<void> RateLimiter::acquire() {
    if (common_ == nullptr) return State::acquire(state_);
    return State::acquireBoth(state_, common_->state_);
}

CORPS_DECL void RateLimiter::pause(Duration d) {
    std::lock_guard const lock(state_->mutex);
    ++state_->pauses;
    state_->pausedUntil = std::max(state_->pausedUntil, state_->clock->uptime() + d);
}

CORPS_DECL std::uint64_t RateLimiter::granted() const {
    std::lock_guard const lock(state_->mutex);
    return state_->granted;
}

CORPS_DECL std::uint64_t RateLimiter::paused() const {
    std::lock_guard const lock(state_->mutex);
    return state_->pauses;
}

struct RateLimiters::State {
    explicit State(std::shared_ptr<Clock> c) : clock(std::move(c)) {}
    std::shared_ptr<Clock> const clock;
    std::mutex mutex;
    std::unordered_map<std::string, std::unique_ptr<RateLimiter>> limiters;
};

CORPS_DECL RateLimiters::RateLimiters(Clock& clock)
    : RateLimiters(std::shared_ptr<Clock>(std::shared_ptr<void>(), &clock)) {}

CORPS_DECL RateLimiters::RateLimiters(std::shared_ptr<Clock> clock)
    : state_(std::make_shared<State>(std::move(clock))) {}

CORPS_DECL RateLimiters::~RateLimiters() = default;

CORPS_DECL RateLimiter& RateLimiters::get(std::string const& key, std::vector<RateWindow> const& windows) {
    std::lock_guard const lock(state_->mutex);
    auto& slot = state_->limiters[key];
    if (!slot) slot = std::make_unique<RateLimiter>(state_->clock, windows);
    return *slot;
}

CORPS_DECL RateLimiter& RateLimiters::get(std::string const& key, std::vector<RateWindow> const& windows,
                                          RateLimiter& common) {
    std::lock_guard const lock(state_->mutex);
    auto& slot = state_->limiters[key];
    if (!slot) slot = std::make_unique<RateLimiter>(state_->clock, windows, &common);
    return *slot;
}

}  // namespace corps
