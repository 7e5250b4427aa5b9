#pragma once

#include <corps/context/detail/event.hpp>
#include <corps/context/token_store.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <map>
#include <mutex>
#include <utility>

namespace corps {

struct TokenStore::State {
    // One fetch under way. Result and failure are written before the event is set, and only read after.
    struct Flight {
        detail::Event done;
        std::string value;
        std::exception_ptr failure;
    };

    // Ends a flight on any way out: also when its executor is destroyed with the fetch unfinished, so that
    // nobody waits for it for ever.
    class Landing {
    public:
        Landing(std::shared_ptr<State> s, std::string k, std::shared_ptr<Flight> f)
            : state_(std::move(s)), key_(std::move(k)), flight_(std::move(f)) {}
        Landing(Landing&&) = default;
        Landing(Landing const&) = delete;
        Landing& operator=(Landing const&) = delete;
        ~Landing() {
            if (!flight_) return;
            finish(std::make_exception_ptr(boost::system::system_error(asio::error::operation_aborted)));
        }
        void succeed(Token token) {
            flight_->value = token.value;
            {
                std::lock_guard const lock(state_->mutex);
                state_->tokens.insert_or_assign(key_, std::move(token));
            }
            finish(nullptr);
        }
        void finish(std::exception_ptr failure) {
            flight_->failure = std::move(failure);
            {
                std::lock_guard const lock(state_->mutex);
                state_->flights.erase(key_);
            }
            std::exchange(flight_, nullptr)->done.set();
        }

    private:
        std::shared_ptr<State> state_;
        std::string key_;
        std::shared_ptr<Flight> flight_;
    };

    static asio::awaitable<void> fly(Landing landing, Fetch fetch) {
        std::exception_ptr failure;
        try {
            Token token = co_await fetch();
            landing.succeed(std::move(token));
            co_return;
        } catch (...) {
            failure = std::current_exception();
        }
        landing.finish(std::move(failure));
    }

    static asio::awaitable<std::string> get(std::shared_ptr<State> s, std::string key, Fetch fetch) {
        std::shared_ptr<Flight> flight;
        bool first = false;
        {
            std::lock_guard const lock(s->mutex);
            auto const stored = s->tokens.find(key);
            if (stored != s->tokens.end() && s->clock->uptime() < stored->second.useUntil)
                co_return stored->second.value;
            std::shared_ptr<Flight>& slot = s->flights[key];
            first = !slot;
            if (first) slot = std::make_shared<Flight>();
            flight = slot;
        }
        if (first) {
            auto const executor = co_await asio::this_coro::executor;
            Landing landing(s, std::move(key), flight);
            asio::co_spawn(executor, fly(std::move(landing), std::move(fetch)), asio::detached);
        }
        co_await flight->done.wait();
        if (flight->failure) std::rethrow_exception(flight->failure);
        co_return flight->value;
    }

    explicit State(std::shared_ptr<Clock> c) : clock(std::move(c)) {}
    std::shared_ptr<Clock> const clock;
    std::mutex mutex;
    std::map<std::string, Token, std::less<>> tokens;
    std::map<std::string, std::shared_ptr<Flight>, std::less<>> flights;
};

CORPS_DECL TokenStore::TokenStore(Clock& clock)
    : TokenStore(std::shared_ptr<Clock>(std::shared_ptr<void>(), &clock)) {}

CORPS_DECL TokenStore::TokenStore(std::shared_ptr<Clock> clock)
    : state_(std::make_shared<State>(std::move(clock))) {}

CORPS_DECL TokenStore::~TokenStore() = default;

CORPS_DECL asio::awaitable<std::string> TokenStore::get(std::string key, Fetch fetch) {
    return State::get(state_, std::move(key), std::move(fetch));
}

CORPS_DECL void TokenStore::drop(std::string_view key, std::string_view value) {
    std::lock_guard const lock(state_->mutex);
    auto const it = state_->tokens.find(key);
    if (it != state_->tokens.end() && it->second.value == value) state_->tokens.erase(it);
}

}  // namespace corps
