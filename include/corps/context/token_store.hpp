#pragma once

#include <corps/context/clock.hpp>
#include <corps/detail/config.hpp>

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace corps {

/** A token and until when (Clock::uptime) it is used. */
class Token {
public:
    Token() = default;
    Token(std::string v, Duration u) : value(std::move(v)), useUntil(u) {}
    std::string value;
    Duration useUntil{0};
};

/**
 * Tokens shared by all corps of a Context, by key (host, app). Fetching is single flight: while one fetch
 * runs, who else asks waits for it; the fetch runs detached, so that the first asker may be cancelled and the
 * others still get it. A failed fetch fails those who wait and is not remembered.
 *
 * Threads     All members may be called from any thread. The clock must live as long as the store.
 */
class TokenStore {
public:
    /** Makes a token when none is stored or the stored one is past its time. Must own what it uses. */
    using Fetch = std::function<asio::awaitable<Token>()>;

    CORPS_DECL explicit TokenStore(Clock& clock);
    CORPS_DECL explicit TokenStore(std::shared_ptr<Clock> clock);
    CORPS_DECL ~TokenStore();
    TokenStore(TokenStore const&) = delete;
    TokenStore& operator=(TokenStore const&) = delete;

    /**
     * The token of `key`: the stored one, or what a fetch brings. Throws what the fetch threw. Cancelling the
     * caller leaves the fetch running; it runs on the executor of who asked first, and is given up with
     * system_error(operation_aborted) when that executor goes away.
     */
    [[nodiscard]] CORPS_DECL asio::awaitable<std::string> get(std::string key, Fetch fetch);
    /** Forgets the token if it still is `value` (a newer one stays). */
    CORPS_DECL void drop(std::string_view key, std::string_view value);

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/context/impl/token_store.ipp>
#endif
