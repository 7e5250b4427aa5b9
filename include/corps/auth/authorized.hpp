#pragma once

#include <corps/auth/upstream_auth.hpp>
#include <corps/context/context.hpp>
#include <corps/context/rate_limiter.hpp>
#include <corps/transport/channel.hpp>

#include <boost/asio/awaitable.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace corps {

/**
 * A Channel that puts the application's token on every request. The token comes from the Context, so that all
 * corps of one application share it: it is fetched once while many ask, and the fetch goes on when who asked
 * first is cancelled. A request whose token is refused is sent once more with a new token and a permit of its
 * limiter, and never a third time: the second answer is the caller's, whatever it says.
 *
 * Threads     As the channel below it. Errors: as the channel below and Auth::token.
 */
template <UpstreamAuth Auth>
class Authorized final : public Channel {
public:
    /** `wire` sends requests as they are. */
    Authorized(Context context, std::shared_ptr<Channel> wire, Auth auth)
        : context_(std::move(context)), shared_(std::make_shared<Shared>(std::move(wire), std::move(auth))) {}

    [[nodiscard]] asio::awaitable<Response> send(Request q) override {
        // Locals share what they use: this object may go while a cancelled request still unwinds.
        Context const context = context_;
        std::shared_ptr<Shared> const shared = shared_;
        std::string const credential = q.credential;
        std::string const key = keyOf(shared->auth, credential);
        std::string token = co_await context.tokens().get(key, fetcher(context, shared, credential));
        Request again = q;
        shared->auth.attach(q, token);
        Response first = co_await shared->wire->send(std::move(q));
        hide(first, token);
        if (!shared->auth.tokenRejected(first)) co_return first;
        context.tokens().drop(key, token);
        token = co_await context.tokens().get(key, fetcher(context, shared, credential));
        // The refused call counts for the platform, and so does this one.
        if (again.limiter != nullptr) co_await again.limiter->acquire();
        shared->auth.attach(again, token);
        Response second = co_await shared->wire->send(std::move(again));
        hide(second, token);
        co_return second;
    }

    [[nodiscard]] Auth& auth() noexcept { return shared_->auth; }
    /** The channel without tokens, for what authenticates itself (a login). */
    [[nodiscard]] Channel& wire() noexcept { return *shared_->wire; }

private:
    struct Shared {
        Shared(std::shared_ptr<Channel> w, Auth a) : wire(std::move(w)), auth(std::move(a)) {}
        std::shared_ptr<Channel> wire;
        Auth auth;
    };

    static constexpr bool kSeveral = requires(Auth const& a, Channel& wire) {
        { a.token(wire, std::string()) } -> std::same_as<asio::awaitable<IssuedToken>>;
        { a.tokenKey(std::string_view()) } -> std::convertible_to<std::string>;
    };

    static std::string keyOf(Auth const& auth, std::string const& credential) {
        if constexpr (kSeveral) {
            return auth.tokenKey(std::string_view(credential));
        } else {
            return auth.tokenKey();
        }
    }

    /** A platform that quotes the token in a refusal must not bring it into an error. Refusals are small. */
    static void hide(Response& p, std::string const& token) {
        constexpr std::size_t kRefusal = 16 * 1024;
        if (token.empty() || p.body.size() > kRefusal) return;
        for (std::size_t at = p.body.find(token); at != std::string::npos; at = p.body.find(token, at))
            p.body.replace(at, token.size(), token.size(), '*');
    }

    static TokenStore::Fetch fetcher(Context const& context, std::shared_ptr<Shared> const& shared,
                                     std::string const& credential) {
        return [context, shared, credential] { return fetch(context, shared, credential); };
    }

    static asio::awaitable<Token> fetch(Context context, std::shared_ptr<Shared> shared,
                                        std::string credential) {
        // Lifetimes count from before the request: the token is never used longer than the platform allows.
        Duration const asked = context.clock().uptime();
        IssuedToken issued;
        if constexpr (kSeveral) {
            issued = co_await shared->auth.token(*shared->wire, std::move(credential));
        } else {
            issued = co_await shared->auth.token(*shared->wire);
        }
        Token out(std::move(issued.value), asked + issued.lifetime);
        co_return out;
    }

    Context context_;
    std::shared_ptr<Shared> shared_;
};

}  // namespace corps
