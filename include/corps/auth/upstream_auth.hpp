#pragma once

#include <corps/context/clock.hpp>
#include <corps/context/token_store.hpp>
#include <corps/transport/channel.hpp>

#include <boost/asio/awaitable.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <utility>

namespace corps {

/** What a person brings back from the platform's login page. */
class LoginCode {
public:
    LoginCode() = default;
    explicit LoginCode(std::string c) : code(std::move(c)) {}
    std::string code;
    std::string kind;          ///< platform specific; empty: the platform's usual login
    std::string redirectUri;   ///< as given to authorizeUrl, when the platform compares it
    std::string codeVerifier;  ///< PKCE
};

/** Who logged in, as the platform says; ids are empty where it does not tell. */
class Identity {
public:
    Identity() = default;
    std::string upstreamCorpId;
    std::string memberId;  ///< in the id type of the corp
    std::string openId;
    std::string unionId;
};

/** What a platform answered to a request for a token. */
class IssuedToken {
public:
    IssuedToken() = default;
    IssuedToken(std::string v, Duration l) : value(std::move(v)), lifetime(l) {}
    std::string value;
    Duration lifetime{0};  ///< from now; already shortened by the policy's own safety margin
};

/**
 * How one platform authenticates an application. No cache and no retry in it: Authorized has both.
 * - `token(wire)` asks the platform for a token; throws Error(authRejected) when it refuses for good;
 * - `attach(request, token)` puts it on a request;
 * - `tokenRejected(response)` says whether this response means that the token is no longer good;
 * - `identify(wire, code)` tells who logged in.
 */
template <class A>
concept UpstreamAuth =
    std::constructible_from<A, typename A::Config> &&
    requires(A a, Channel& wire, Request& q, Response const& p, LoginCode code) {
        { a.token(wire) } -> std::same_as<asio::awaitable<IssuedToken>>;
        { a.attach(q, std::string_view{}) } -> std::same_as<void>;
        { a.tokenRejected(p) } -> std::same_as<bool>;
        { a.identify(wire, std::move(code)) } -> std::same_as<asio::awaitable<Identity>>;
        {
            a.tokenKey()
        } -> std::convertible_to<std::string>;  // host and application: what tokens are shared by
    };

}  // namespace corps
