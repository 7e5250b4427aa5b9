#pragma once

#include <corps/auth/upstream_auth.hpp>
#include <corps/config/corp_config.hpp>
#include <corps/detail/verdict.hpp>

#include <boost/json/fwd.hpp>

#include <concepts>
#include <string_view>

namespace corps {

namespace detail {

template <class A>
concept HasAuthConfig = requires { typename A::Config; } && std::constructible_from<A, typename A::Config>;
template <class A>
concept HasConfigFromJson = requires(boost::json::object const& keys, std::string_view place) {
    { A::Config::fromJson(keys, place) } -> std::same_as<typename A::Config>;
};
template <class A>
concept HasConfigFromConfig = requires(CorpConfig const& config) {
    { A::Config::fromConfig(config) } -> std::same_as<typename A::Config>;
};
template <class A>
concept ConfiguresItself = HasConfigFromJson<A> || HasConfigFromConfig<A>;
template <class A>
concept TakesEnvironment = std::constructible_from<A, typename A::Config, AuthEnvironment const&>;
template <class A>
concept HasToken = requires(A a, Channel& wire) {
    { a.token(wire) } -> std::same_as<asio::awaitable<IssuedToken>>;
};
template <class A>
concept HasAttach = requires(A a, Request& q) {
    { a.attach(q, std::string_view{}) } -> std::same_as<void>;
};
template <class A>
concept HasTokenRejected = requires(A a, Response const& p) {
    { a.tokenRejected(p) } -> std::same_as<bool>;
};
template <class A>
concept HasTokenKey = requires(A a) {
    { a.tokenKey() } -> std::convertible_to<std::string>;
};

template <class A>
concept HasAuthorizeUrl = requires(A a, LoginRequest const& login) {
    { a.authorizeUrl(login) } -> std::convertible_to<std::string>;
};

struct AuthNeedsConfig {
    template <class A>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<A>,
                      "corps: AuthPolicy needs a nested type `Config` and a constructor from it");
        return true;  // one error, not two
    }
};
struct AuthNeedsConfigFromJson {
    template <class A>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<A>,
                      "corps: AuthPolicy needs `static Config Config::fromJson(boost::json::object const& "
                      "keys, std::string_view "
                      "place)`: business keys, and the file that errors name");
        return true;
    }
};
struct AuthNeedsToken {
    template <class A>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<A>,
                      "corps: AuthPolicy needs `asio::awaitable<IssuedToken> token(Channel& wire)`");
        return true;
    }
};
struct AuthNeedsAttach {
    template <class A>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<A>,
                      "corps: AuthPolicy needs `void attach(Request&, std::string_view token)`");
        return true;
    }
};
struct AuthNeedsTokenRejected {
    template <class A>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<A>, "corps: AuthPolicy needs `bool tokenRejected(Response const&)`");
        return true;
    }
};
struct AuthNeedsTokenKey {
    template <class A>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<A>,
                      "corps: AuthPolicy needs `std::string tokenKey()`: the host and the application that "
                      "share a token");
        return true;
    }
};
struct AuthNeedsAuthorizeUrl {
    template <class A>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<A>,
                      "corps: AuthPolicy needs `std::string authorizeUrl(LoginRequest const&)`: the address "
                      "of the login page");
        return true;
    }
};
struct AuthNeedsIdentify {
    template <class A>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<A>,
                      "corps: AuthPolicy needs `asio::awaitable<Identity> identify(Channel& wire, Channel& "
                      "authorised, LoginCode)`");
        return true;
    }
};

}  // namespace detail

/** What a type lacks to be an UpstreamAuth that a Corp can configure; see StorageVerdict. */
template <class A>
using AuthVerdict =
    detail::FirstFailure<detail::Check<detail::HasAuthConfig<A>, detail::AuthNeedsConfig>,
                         detail::Check<detail::HasToken<A>, detail::AuthNeedsToken>,
                         detail::Check<detail::HasAttach<A>, detail::AuthNeedsAttach>,
                         detail::Check<detail::HasTokenRejected<A>, detail::AuthNeedsTokenRejected>,
                         detail::Check<detail::HasTokenKey<A>, detail::AuthNeedsTokenKey>,
                         detail::Check<detail::HasAuthorizeUrl<A>, detail::AuthNeedsAuthorizeUrl>,
                         detail::Check<UpstreamAuth<A>, detail::AuthNeedsIdentify>,
                         detail::Check<detail::ConfiguresItself<A>, detail::AuthNeedsConfigFromJson>>;

}  // namespace corps
