#pragma once

#include <corps/auth/upstream_auth.hpp>
#include <corps/config/secret.hpp>
#include <corps/detail/config.hpp>
#include <corps/transport/channel.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/json/fwd.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace corps {

/**
 * Authenticates a self-built application of DingTalk: access tokens for both of its API families, and the
 * login of persons, from the workbench and in a browser.
 *
 * Threads     Const members may be called from many threads.
 */
class DDAuth {
public:
    /** What the platform must know of the application. */
    class Config {
    public:
        Config() = default;
        Config(std::string corp, std::string key, Secret secret)
            : corpId(std::move(corp)), appKey(std::move(key)), appSecret(std::move(secret)) {}
        /**
         * From business keys: corpId, agentId, appKey and appSecret (under "authConfig" or flat), baseUrl,
         * apiBaseUrl, accountsBaseUrl.
         * @param place named in errors: the file.
         * Errors   Error(Errc::config) with the key and what was expected.
         */
        [[nodiscard]] CORPS_DECL static Config fromJson(boost::json::object const& keys,
                                                        std::string_view place);

        std::string corpId;
        std::string agentId;  ///< no call of the contacts needs it
        std::string appKey;
        Secret appSecret;
        std::string baseUrl =
            "https://oapi.dingtalk.com";  ///< of the topapi family, without a '/' at its end
        std::string apiBaseUrl = "https://api.dingtalk.com";  ///< of the v1.0 family
        /** The host of the login page. Empty where baseUrl is not DingTalk's own and no key says it. */
        std::string accountsBaseUrl = "https://login.dingtalk.com";
    };

    CORPS_DECL explicit DDAuth(Config config);

    [[nodiscard]] Config const& config() const noexcept { return config_; }

    /**
     * An access token, good for both families. Its lifetime ends 10 minutes before the platform's (DingTalk:
     * obtain-the-access-token-of-an-internal-app), or a third before where that is short.
     * Errors   Error with Errc::authRejected; rateLimited or transport when asking again can help; protocol.
     */
    [[nodiscard]] CORPS_DECL asio::awaitable<IssuedToken> token(Channel& wire) const;
    /** Into the query for the topapi family, into a header for v1.0. */
    CORPS_DECL void attach(Request& q, std::string_view token) const;
    /** Whether the answer's code says that the token is not, or no longer, good; wrapped (88) or not. */
    [[nodiscard]] CORPS_DECL bool tokenRejected(Response const& p) const;
    [[nodiscard]] CORPS_DECL std::string tokenKey() const;

    /** LoginCode::kind of who opened the application inside DingTalk. Empty: in a browser. */
    static constexpr std::string_view kWorkbench = "workbench";

    /**
     * The address to send a browser to (DingTalk: obtain-identity-credentials).
     * Errors   Error with Errc::config when the login host is not known; invalidArgument for another kind of
     * login than a browser's, and for a code challenge, which DingTalk does not take.
     */
    [[nodiscard]] CORPS_DECL std::string authorizeUrl(LoginRequest const& r) const;
    /**
     * Who came back with this code; `kind` kWorkbench or empty. A code works once.
     * Cost     1 call from the workbench, 3 from a browser.
     * Errors   Error with Errc::authRejected (the code is refused), refused (the person belongs to another
     * organisation or to none), config (the application's credentials are refused), transport, protocol.
     */
    [[nodiscard]] CORPS_DECL asio::awaitable<Identity> identify(Channel& wire, Channel& authorised,
                                                                LoginCode code) const;

private:
    [[nodiscard]] asio::awaitable<Identity> fromWorkbench(Channel* authorised, std::string code) const;
    [[nodiscard]] asio::awaitable<Identity> fromBrowser(Channel* wire, Channel* authorised,
                                                        std::string code) const;

    Config config_;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/auth/impl/dd_auth.ipp>
#endif
