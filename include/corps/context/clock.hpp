#pragma once

#include <boost/asio/awaitable.hpp>

#include <chrono>

namespace corps {

namespace asio = boost::asio;

using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;
using Duration = std::chrono::milliseconds;

/**
 * Where the library takes time from. Inject testing::ManualClock to run a year in a second.
 * Threads: all members may be called from any thread.
 */
class Clock {
public:
    virtual ~Clock() = default;
    /** Wall time, for what is written down. */
    [[nodiscard]] virtual TimePoint now() const = 0;
    /** Never goes backwards; for lifetimes, limits and deadlines. */
    [[nodiscard]] virtual Duration uptime() const = 0;
    /** Waits on the awaiting coroutine's executor; cancellable (throws system_error(operation_aborted)). */
    [[nodiscard]] virtual asio::awaitable<void> sleep(Duration d) = 0;
};

}  // namespace corps
