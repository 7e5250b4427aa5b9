#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <corps/context/clock.hpp>
#include <corps/detail/config.hpp>

namespace corps {

/** At most `calls` within any `window`. */
struct RateWindow {
    std::uint32_t calls = 0;
    Duration window{0};
};

/**
 * Paces calls to one API of one application so that the platform never has to refuse one. Waiting callers are served in
 * the order they came. Sliding windows: any stretch of `window` holds at most `calls` permits.
 */
class RateLimiter {
public:
    CORPS_DECL RateLimiter(Clock& clock, std::vector<RateWindow> windows);
    CORPS_DECL ~RateLimiter();
    /** Waits for a permit; cancellable. Cost: O(1) amortised; memory: one time stamp for each permit of the longest window. */
    [[nodiscard]] CORPS_DECL asio::awaitable<void> acquire();
    /** The platform refused a call all the same: nobody gets a permit before `d` has passed. */
    CORPS_DECL void pause(Duration d);
    /** Permits given and pauses asked for, for reports. */
    [[nodiscard]] CORPS_DECL std::uint64_t granted() const;
    [[nodiscard]] CORPS_DECL std::uint64_t paused() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

/** The limiters of a Context, made on first use. */
class RateLimiters {
public:
    CORPS_DECL explicit RateLimiters(Clock& clock);
    CORPS_DECL ~RateLimiters();
    /** The limiter of `key` (host, app, API); `windows` are used the first time. */
    [[nodiscard]] CORPS_DECL RateLimiter& get(std::string const& key, std::vector<RateWindow> const& windows);

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/context/impl/rate_limiter.ipp>
#endif
