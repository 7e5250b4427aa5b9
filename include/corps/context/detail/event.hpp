#pragma once

#include <corps/context/clock.hpp>
#include <corps/detail/config.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>

namespace corps::detail {

/**
 * A one-shot event that coroutines on any executors wait for. A cheap handle; copies are the same event. A
 * timer that is cancelled would not do: setting it may overtake the start of the wait where an executor has
 * many threads.
 */
class Event {
public:
    CORPS_DECL Event();
    /** Wakes all who wait, on their own executors, and lets all later waits pass. Once is enough. Any thread.
     */
    CORPS_DECL void set() const;
    [[nodiscard]] CORPS_DECL bool isSet() const;
    /** Cancellable (throws system_error(operation_aborted)); the event and others who wait are not touched by
     * that. */
    [[nodiscard]] CORPS_DECL asio::awaitable<void> wait() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace corps::detail

#ifdef CORPS_HEADER_ONLY
#include <corps/context/impl/event.ipp>
#endif
