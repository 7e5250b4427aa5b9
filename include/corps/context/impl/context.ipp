#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <array>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#if __has_include(<sys/random.h>)
#include <sys/random.h>
#include <unistd.h>
#else
#include <random>
#endif

#include <corps/context/context.hpp>
#include <corps/context/system_clock.hpp>

namespace corps {
namespace detail {

CORPS_DECL std::uint64_t systemRandom() {
#if __has_include(<sys/random.h>)
    std::uint64_t out = 0;
    if (::getentropy(&out, sizeof out) != 0)
        throw Error(Errc::config, "the operating system gives no randomness");
    return out;
#else
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32) | static_cast<std::uint32_t>(device());
#endif
}

// The thread of a Context to which no executor was given. The thread shares ownership, because the last
// handle may be dropped on it, and a thread cannot join itself.
class OwnLoop {
public:
    explicit OwnLoop(Logger log) : log_(std::move(log)) {}

    [[nodiscard]] asio::any_io_executor executor() { return io_.get_executor(); }

    static std::thread start(std::shared_ptr<OwnLoop> self) {
        return std::thread([self = std::move(self)] { self->work(); });
    }
    void stop() { io_.stop(); }

private:
    void work() noexcept {
        for (;;) {
            try {
                io_.run();
                return;
            } catch (std::exception const&) {
                // Only a bare handler of the program can get here: coroutines hand their exceptions on. Its
                // text may hold anything, so it is not logged.
                try {
                    if (log_)
                        log_(LogLevel::error, "a handler on the library's own thread threw an exception");
                } catch (...) {
                }
            }
        }
    }

    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> guard_ = asio::make_work_guard(io_);
    Logger log_;
};

// Whether the calling thread runs handlers of `executor`; false where that cannot be told.
CORPS_DECL bool runsHere(asio::any_io_executor const& executor) {
    using Loop = asio::io_context::executor_type;
    if (auto const* e = executor.target<Loop>()) return e->running_in_this_thread();
    if (auto const* e = executor.target<asio::strand<Loop>>())
        return e->get_inner_executor().running_in_this_thread();
    if (auto const* e = executor.target<asio::strand<asio::any_io_executor>>())
        return runsHere(e->get_inner_executor());
    return false;
}

}  // namespace detail

class Context::State {
public:
    explicit State(ContextOptions given)
        : options(std::move(given)),
          clock(options.clock ? options.clock : std::make_shared<SystemClock>()),
          limiters(clock),
          tokens(clock) {}
    State(State const&) = delete;
    State& operator=(State const&) = delete;

    ~State() {
        if (!thread_.joinable()) return;
        // What is still suspended is destroyed with the loop: nobody is left to wait for it.
        loop_->stop();
        if (thread_.get_id() == std::this_thread::get_id())
            thread_.detach();
        else
            thread_.join();
    }

    asio::any_io_executor executor() {
        if (options.executor) return options.executor;
        std::lock_guard const lock(mutex_);
        if (!loop_) {
            auto loop = std::make_shared<detail::OwnLoop>(options.logger);
            thread_ = detail::OwnLoop::start(loop);
            loop_ = std::move(loop);
        }
        return loop_->executor();
    }

    std::uint64_t random() {
        if (!options.random) return detail::systemRandom();
        std::lock_guard const lock(mutex_);
        return options.random();
    }

    std::string newId() {
        static constexpr char kDigits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        std::uint64_t const high = random();
        std::uint64_t const low = random();
        std::uint64_t const ms =
            static_cast<std::uint64_t>(clock->now().time_since_epoch().count()) & 0xFFFF'FFFF'FFFFU;
        std::array<std::uint64_t, 3> id{};  // milliseconds, 40 bits, 40 bits
        {
            std::lock_guard const lock(mutex_);
            if (ms > lastId_[0]) {
                lastId_ = {ms, high & kForty, low & kForty};
            } else if ((lastId_[2] = (lastId_[2] + 1) & kForty) == 0 &&
                       (lastId_[1] = (lastId_[1] + 1) & kForty) == 0) {
                ++lastId_[0];
            }
            id = lastId_;
        }
        std::string out(26, '0');
        auto put = [&out](std::size_t first, std::size_t count, std::uint64_t bits) {
            for (std::size_t i = count; i-- > 0; bits >>= 5) out[first + i] = kDigits[bits & 31];
        };
        put(0, 10, id[0]);
        put(10, 8, id[1]);
        put(18, 8, id[2]);
        return out;
    }

    void offer(std::string name, std::weak_ptr<void> service) {
        std::lock_guard const lock(mutex_);
        std::erase_if(services_, [](auto const& entry) { return entry.second.expired(); });
        services_.insert_or_assign(std::move(name), std::move(service));
    }

    std::shared_ptr<void> find(std::string_view name) {
        std::lock_guard const lock(mutex_);
        auto const it = services_.find(name);
        return it == services_.end() ? nullptr : it->second.lock();
    }

    std::shared_ptr<void> findOrMake(std::string name, std::function<std::shared_ptr<void>()> const& make) {
        std::lock_guard const lock(mutex_);
        std::weak_ptr<void>& slot = services_[std::move(name)];
        std::shared_ptr<void> out = slot.lock();
        if (!out) slot = out = make();
        return out;
    }

    ContextOptions options;
    std::shared_ptr<Clock> clock;
    RateLimiters limiters;
    TokenStore tokens;

private:
    static constexpr std::uint64_t kForty = (std::uint64_t{1} << 40) - 1;

    std::mutex mutex_;
    std::array<std::uint64_t, 3> lastId_{};
    std::map<std::string, std::weak_ptr<void>, std::less<>> services_;
    std::shared_ptr<detail::OwnLoop> loop_;
    std::thread thread_;
};

CORPS_DECL Context::Context() : Context(ContextOptions()) {}

CORPS_DECL Context::Context(ContextOptions options) : state_(std::make_shared<State>(std::move(options))) {}

CORPS_DECL asio::any_io_executor Context::executor() const { return state_->executor(); }

CORPS_DECL bool Context::hasOwnThread() const noexcept { return !state_->options.executor; }

CORPS_DECL Clock& Context::clock() const noexcept { return *state_->clock; }

CORPS_DECL std::uint64_t Context::random() const { return state_->random(); }

CORPS_DECL void Context::log(LogLevel level, std::string_view line) const noexcept {
    try {
        if (state_->options.logger) state_->options.logger(level, line);
    } catch (...) {
        // A logger must not throw; one that does costs its line, not the operation.
    }
}

CORPS_DECL void Context::report(Progress const& p) const noexcept {
    try {
        if (state_->options.progress) state_->options.progress(p);
    } catch (...) {
        // As above.
    }
}

CORPS_DECL RateLimiters& Context::limiters() const noexcept { return state_->limiters; }

CORPS_DECL TokenStore& Context::tokens() const noexcept { return state_->tokens; }

CORPS_DECL StoreKey const* Context::storeKey() const noexcept { return state_->options.storeKey.get(); }

CORPS_DECL void Context::offer(std::string name, std::weak_ptr<void> service) const {
    state_->offer(std::move(name), std::move(service));
}

CORPS_DECL std::shared_ptr<void> Context::findOrMake(
    std::string name, std::function<std::shared_ptr<void>()> const& make) const {
    return state_->findOrMake(std::move(name), make);
}

CORPS_DECL std::shared_ptr<void> Context::find(std::string_view name) const { return state_->find(name); }

CORPS_DECL std::string Context::newId() const { return state_->newId(); }

namespace detail {

// Not a child coroutine on the other executor: a cancellation must not leave the work running behind the
// caller's back. `context` keeps the own thread, where the way back leads, until both ends have let go of it.
struct InitiateBlocking {
    template <class Handler>
    void operator()(Handler&& handler, asio::any_io_executor storage, std::function<void()> work,
                    std::exception_ptr* failure, std::shared_ptr<void> context) const {
        auto back = asio::prefer(asio::any_io_executor(asio::get_associated_executor(handler)),
                                 asio::execution::outstanding_work.tracked);
        asio::post(storage, [h = std::forward<Handler>(handler), back = std::move(back),
                             work = std::move(work), failure, context = std::move(context)]() mutable {
            std::shared_ptr<void> const last = std::move(context);
            asio::any_io_executor const target = std::move(back);
            try {
                work();
            } catch (...) {
                *failure = std::current_exception();
            }
            work = nullptr;  // before the caller goes on: it may refer to what the caller owns
            asio::post(target, std::move(h));
        });
    }
};

CORPS_DECL asio::awaitable<void> callOn(asio::any_io_executor storage, std::function<void()> work,
                                        std::shared_ptr<void> const context) {
    std::exception_ptr failure;
    co_await asio::async_initiate<asio::use_awaitable_t<> const, void()>(
        InitiateBlocking(), asio::use_awaitable, std::move(storage), std::move(work), &failure, context);
    if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
}

// Caught on its own thread, so that when the caller hears of it nobody else holds the exception.
CORPS_DECL asio::awaitable<void> keepFailure(asio::awaitable<void> operation, std::exception_ptr& failure) {
    try {
        co_await std::move(operation);
    } catch (...) {
        failure = std::current_exception();
    }
}

CORPS_DECL asio::awaitable<void> callHere(std::function<void()> work) {
    work();
    co_return;
}

}  // namespace detail

CORPS_DECL asio::awaitable<void> Context::blocking(std::function<void()> work) const {
    if (!state_->options.storageExecutor) return detail::callHere(std::move(work));
    return detail::callOn(state_->options.storageExecutor, std::move(work), state_);
}

CORPS_DECL void Context::runErased(asio::awaitable<void> operation) const {
    asio::any_io_executor const executor = state_->executor();
    if (detail::runsHere(executor)) {
        throw Error(Errc::invalidArgument,
                    "the blocking form was called on a thread of the Context's executor, where it would wait "
                    "for itself; "
                    "await the asynchronous form there");
    }
    std::promise<void> promise;
    std::future<void> done = promise.get_future();
    std::exception_ptr failure;
    asio::co_spawn(executor, detail::keepFailure(std::move(operation), failure),
                   [p = std::move(promise)](std::exception_ptr) mutable { p.set_value(); });
    try {
        done.get();
    } catch (std::future_error const&) {
        throw Error(Errc::cancelled, "the executor ended before the operation did");
    }
    if (!failure) return;
    try {
        std::rethrow_exception(failure);
    } catch (boost::system::system_error const& e) {
        if (e.code() == asio::error::operation_aborted)
            throw Error(Errc::cancelled, "the operation was cancelled");
        throw;
    }
}

}  // namespace corps
