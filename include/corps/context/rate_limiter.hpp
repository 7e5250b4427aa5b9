#pragma once

#include <corps/context/clock.hpp>
#include <corps/detail/config.hpp>

#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace corps {

/** At most `calls` within any `window`. A window of zero limits nothing; `calls` of zero with a window is
 * refused. */
struct RateWindow {
    std::uint32_t calls = 0;
    Duration window{0};
    /**
     * What the window is stretched by here, because requests travel for different times: two that leave
     * `window` apart may arrive closer together. Negative: 4 % of the window, at least 1 ms and at most 250
     * ms, which uses at least 96 % of what the platform allows.
     */
    Duration margin{-1};

    [[nodiscard]] constexpr Duration effectiveMargin() const noexcept {
        if (margin >= Duration::zero()) return margin;
        return std::clamp(window / 25, Duration(1), Duration(250));
    }
};

/**
 * Paces calls to one API of one application so that the platform never has to refuse one. Waiting callers are
 * served in the order they came. Sliding windows: any stretch of `window` holds at most `calls` permits; all
 * windows hold at once. Within them calls go out in bursts.
 *
 * Threads     All members may be called from any thread. The clock must live as long as anybody waits.
 */
class RateLimiter {
public:
    /** @throws Error(Errc::invalidArgument) for a window that allows no call. */
    CORPS_DECL RateLimiter(Clock& clock, std::vector<RateWindow> windows);
    /** @param common what paces this one together with others, where a platform counts twice: each permit is
     * one of both. Null: nothing does. Must outlive this one. */
    CORPS_DECL RateLimiter(std::shared_ptr<Clock> clock, std::vector<RateWindow> windows,
                           RateLimiter* common = nullptr);
    CORPS_DECL ~RateLimiter();
    RateLimiter(RateLimiter const&) = delete;
    RateLimiter& operator=(RateLimiter const&) = delete;
    /**
     * Waits for a permit. Cancellation (system_error(operation_aborted)) gives up the place in the queue and
     * takes no permit. Cost: O(1) for each window; memory: one time stamp for each permit of the largest
     * window.
     */
    [[nodiscard]] CORPS_DECL asio::awaitable<void> acquire();
    /** The platform refused a call all the same: nobody gets a permit before `d` has passed. */
    CORPS_DECL void pause(Duration d);
    /** Permits given and pauses asked for, for reports. */
    [[nodiscard]] CORPS_DECL std::uint64_t granted() const;
    [[nodiscard]] CORPS_DECL std::uint64_t paused() const;

private:
    struct State;
    std::shared_ptr<State> state_;
    RateLimiter* common_ = nullptr;
};

/** The limiters of a Context, made on first use. Threads: may be used from any thread. */
class RateLimiters {
public:
    CORPS_DECL explicit RateLimiters(Clock& clock);
    CORPS_DECL explicit RateLimiters(std::shared_ptr<Clock> clock);
    CORPS_DECL ~RateLimiters();
    /** The limiter of `key` (host, app, API); `windows` are used the first time. Valid as long as this
     * object. */
    [[nodiscard]] CORPS_DECL RateLimiter& get(std::string const& key, std::vector<RateWindow> const& windows);
    /** The same, together with one of this object's that many share: each permit is one of both. */
    [[nodiscard]] CORPS_DECL RateLimiter& get(std::string const& key, std::vector<RateWindow> const& windows,
                                              RateLimiter& common);

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/context/impl/rate_limiter.ipp>
#endif
