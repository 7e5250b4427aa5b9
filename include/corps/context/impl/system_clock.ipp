#pragma once

#include <corps/context/system_clock.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>

namespace corps {

CORPS_DECL TimePoint SystemClock::now() const {
    return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

CORPS_DECL Duration SystemClock::uptime() const {
    return std::chrono::floor<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

CORPS_DECL asio::awaitable<void> SystemClock::sleep(Duration d) {
    // A year at most: Duration::max() would overflow the timer's finer unit.
    Duration const bounded = std::clamp(d, Duration::zero(), Duration(std::chrono::hours(24 * 365)));
    asio::steady_timer timer(co_await asio::this_coro::executor, bounded);
    co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace corps
