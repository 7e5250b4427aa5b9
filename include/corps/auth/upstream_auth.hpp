#pragma once

#include <corps/context/clock.hpp>
#include <corps/context/context.hpp>
#include <corps/context/token_store.hpp>
#include <corps/transport/channel.hpp>

#include <boost/asio/awaitable.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps {

class CorpConfig;
class Store;

/**
 * What a policy may be made with beside its Config: `Auth(Config, AuthEnvironment const&)`. All of it may be
 * kept; fetches of tokens outlive the corp that asked for them.
 */
class AuthEnvironment {
public:
    AuthEnvironment(Context c, std::shared_ptr<Store> s, std::shared_ptr<Channel> w, std::string name)
        : context(std::move(c)), store(std::move(s)), wire(std::move(w)), corp(std::move(name)) {}
    Context context;
    std::shared_ptr<Store> store;   ///< where the corp is kept; its tables may not be open yet
    std::shared_ptr<Channel> wire;  ///< sends requests as they are
    std::string corp;               ///< "corps.Name"
};

/** What a login page is opened with. */
class LoginRequest {
public:
    LoginRequest() = default;
    explicit LoginRequest(std::string redirect) : redirectUri(std::move(redirect)) {}
    std::string redirectUri;    ///< exactly as it is registered with the application
    std::string kind;           ///< platform specific; empty: the platform's usual login
    std::string state;          ///< comes back unchanged; unguessable, to be compared
    std::string scope;          ///< space separated; empty: what the login itself needs
    std::string codeChallenge;  ///< PKCE, method S256; empty: without
};

/** What a person brings back from the platform's login page. */
class LoginCode {
public:
    LoginCode() = default;
    explicit LoginCode(std::string c) : code(std::move(c)) {}
    std::string code;
    std::string kind;          ///< as in LoginRequest
    std::string redirectUri;   ///< as in LoginRequest, when the platform compares it
    std::string codeVerifier;  ///< PKCE
};

/** Who logged in, as the platform says; ids are empty where it does not tell. */
class Identity {
public:
    Identity() = default;
    std::string upstreamCorpId;
    std::vector<std::string> otherCorpIds;  ///< under which other ids the platform knows the same enterprise
    std::string memberId;                   ///< in the id type of the corp
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
 * - `authorizeUrl(request)` is the address of the platform's login page; throws Error(invalidArgument) for a
 * kind of login that it does not know;
 * - `identify(wire, authorised, code)` tells who came back from there; `wire` sends requests as they are,
 * `authorised` with the application's token. Throws Error(authRejected) when the code is refused,
 * Error(refused) when the platform refuses the person.
 *
 * A policy that keeps something in the store, or needs its Context, has a constructor from Config and
 * AuthEnvironment, too; one that is configured by more than business keys has `Config::fromConfig(CorpConfig
 * const&)` in the place of `Config::fromJson(keys, place)`.
 *
 * An application with several credentials has `token(wire, credential)` and `tokenKey(credential)`, too, for
 * the Request::credential of each call; empty is the usual one.
 */
template <class A>
concept UpstreamAuth =
    std::constructible_from<A, typename A::Config> &&
    requires(A a, Channel& wire, Channel& authorised, Request& q, Response const& p, LoginCode code,
             LoginRequest const& login) {
        { a.token(wire) } -> std::same_as<asio::awaitable<IssuedToken>>;
        { a.attach(q, std::string_view{}) } -> std::same_as<void>;
        { a.tokenRejected(p) } -> std::same_as<bool>;
        { a.authorizeUrl(login) } -> std::convertible_to<std::string>;
        { a.identify(wire, authorised, std::move(code)) } -> std::same_as<asio::awaitable<Identity>>;
        {
            a.tokenKey()
        } -> std::convertible_to<std::string>;  // host and application: what tokens are shared by
    };

}  // namespace corps
