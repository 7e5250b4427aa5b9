#pragma once

#include <corps/context/clock.hpp>
#include <corps/detail/config.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <memory>

#define CORPS_INCLUDED_TESTING

namespace corps::testing {

/**
 * A clock that stands still until the test moves it: a year of back-off in no time.
 *
 *   auto clock = std::make_shared<ManualClock>();
 *   clock->autoAdvance();                       // or clock->advance(1min) by hand
 *   ContextOptions options;
 *   options.clock = clock;
 *
 * Threads     All members may be called from any thread. Coroutines that sleep may outlive the clock (they
 * never wake then).
 */
class ManualClock final : public Clock {
public:
    /** Wall time starts at 2026-01-01T00:00:00Z if nothing is said. */
    CORPS_DECL ManualClock();
    CORPS_DECL explicit ManualClock(TimePoint start);

    [[nodiscard]] CORPS_DECL TimePoint now() const override;
    [[nodiscard]] CORPS_DECL Duration uptime() const override;
    /** Done when time has been moved by `d`; at once for zero and less. */
    [[nodiscard]] CORPS_DECL asio::awaitable<void> sleep(Duration d) override;

    /** Moves time on and wakes who is due, earliest first. What they do then happens on their executors. */
    CORPS_DECL void advance(Duration d);
    /** Moves time on to the earliest sleep, and wakes it. False, and nothing is done, when nobody sleeps. For
     * a loop that the test turns itself: poll() it until nothing is left, then this, and again. */
    CORPS_DECL bool advanceToNext();
    /** Steps wall time alone, as an administrator does; forth or back. */
    CORPS_DECL void setNow(TimePoint wall);
    /**
     * From now on a sleep moves time by itself: when nothing else is left to run on the sleeper's executor,
     * time jumps to the earliest sleep. Use it with an executor that has one thread, such as a Context's own:
     * there the order of everything is the same each time. What waits for sockets counts as idle.
     */
    CORPS_DECL void autoAdvance(bool on = true);

    /** How many sleep now. */
    [[nodiscard]] CORPS_DECL std::size_t sleeping() const;
    /** How many sleeps were begun so far, those of zero not counted. */
    [[nodiscard]] CORPS_DECL std::size_t sleeps() const;
    /** Blocks until at least `count` sleep; false if that took longer than `patience` of real time. */
    CORPS_DECL bool waitForSleepers(std::size_t count,
                                    std::chrono::milliseconds patience = std::chrono::seconds(10)) const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace corps::testing

#ifdef CORPS_HEADER_ONLY
#include <corps/testing/impl/manual_clock.ipp>
#endif
