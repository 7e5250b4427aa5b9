#pragma once

#include <corps/context/clock.hpp>
#include <corps/context/logger.hpp>
#include <corps/context/rate_limiter.hpp>
#include <corps/context/store_key.hpp>
#include <corps/context/token_store.hpp>
#include <corps/detail/config.hpp>
#include <corps/error/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace corps {

/** What a Context is made of; everything has a default. */
struct ContextOptions {
    asio::any_io_executor executor;  ///< where coroutines run; empty: one thread of the Context's own
    asio::any_io_executor
        storageExecutor;           ///< where storage calls block; empty: the coroutine's own executor
    std::shared_ptr<Clock> clock;  ///< empty: the system's
    std::function<std::uint64_t()>
        random;                 ///< 64 uniform bits a call; empty: the operating system's randomness
    Logger logger;              ///< empty: silent
    ProgressCallback progress;  ///< empty: none
    /** What the secrets in a store are sealed with: storeKey() of <corps/crypto/store_key.hpp>. Empty: such
     * secrets can be neither kept nor read. */
    std::shared_ptr<StoreKey const> storeKey{};
};

/**
 * What operations share beside the four policies: executor, clock, randomness, logger, progress, rate
 * limiters and tokens. A cheap handle; copies share one state. Many corps use one Context: limits are kept by
 * (host, app, API), tokens by (host, app).
 *
 * Threads     All members may be called from any thread. The own thread starts with the first operation and
 * ends with the last handle; what is suspended on it then is destroyed, as if its process had ended.
 */
class Context {
public:
    CORPS_DECL Context();
    CORPS_DECL explicit Context(ContextOptions options);

    [[nodiscard]] CORPS_DECL asio::any_io_executor executor() const;
    /** Whether that is one thread of the Context's own: it runs as long as there is a handle. */
    [[nodiscard]] CORPS_DECL bool hasOwnThread() const noexcept;
    [[nodiscard]] CORPS_DECL Clock& clock() const noexcept;
    [[nodiscard]] CORPS_DECL std::uint64_t random() const;
    CORPS_DECL void log(LogLevel level, std::string_view line) const noexcept;
    CORPS_DECL void report(Progress const& p) const noexcept;
    [[nodiscard]] CORPS_DECL RateLimiters& limiters() const noexcept;
    [[nodiscard]] CORPS_DECL TokenStore& tokens() const noexcept;
    /** Null without one. */
    [[nodiscard]] CORPS_DECL StoreKey const* storeKey() const noexcept;
    /**
     * Lets others who share this Context find `service`, which it does not keep alive, by a name that says
     * what it is: what an offer of the same name was before is found no more.
     */
    CORPS_DECL void offer(std::string name, std::weak_ptr<void> service) const;
    /** What stands under this name, or what `make` makes; who gets it keeps it alive. */
    [[nodiscard]] CORPS_DECL std::shared_ptr<void> findOrMake(
        std::string name, std::function<std::shared_ptr<void>()> const& make) const;
    /** What was offered under this name and still lives, or null. */
    [[nodiscard]] CORPS_DECL std::shared_ptr<void> find(std::string_view name) const;
    /**
     * An id of 26 characters (Crockford base 32): 48 bits of milliseconds, 80 random ones. Ids of one Context
     * sort in the order of making, also within a millisecond and when the clock is set back.
     */
    [[nodiscard]] CORPS_DECL std::string newId() const;

    /**
     * Runs a storage call that blocks: on storageExecutor if one was given, else right here. Rethrows what it
     * throws. Not cancellable once begun: `work` may refer to the caller's locals.
     */
    [[nodiscard]] CORPS_DECL asio::awaitable<void> blocking(std::function<void()> work) const;

    /**
     * The blocking form of an operation: spawns it on the executor and waits. Rethrows what it throws;
     * cancellation becomes Error(Errc::cancelled). Refused with Errc::invalidArgument on the Context's own
     * thread (or, where that can be told, on any thread of the given executor), where it would wait for
     * itself. An executor of the caller's must be running on another thread; if it ends first,
     * Errc::cancelled.
     */
    template <class T>
    T run(asio::awaitable<T> operation) const {
        std::optional<T> result;
        runErased(store(std::move(operation), result));
        return std::move(*result);
    }
    void run(asio::awaitable<void> operation) const { runErased(std::move(operation)); }

private:
    template <class T>
    static asio::awaitable<void> store(asio::awaitable<T> operation, std::optional<T>& result) {
        result.emplace(co_await std::move(operation));
    }
    CORPS_DECL void runErased(asio::awaitable<void> operation) const;

    class State;
    std::shared_ptr<State> state_;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/context/impl/context.ipp>
#endif
