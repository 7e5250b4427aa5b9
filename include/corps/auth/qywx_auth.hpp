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
 * Authenticates a self-built application of WeCom: access tokens of the application and, where its secret is
 * given, of the contact-sync assistant; and the login of persons, inside WeCom and in a browser.
 *
 * Threads     Const members may be called from many threads.
 */
class QywxAuth {
public:
    /** What the platform must know of the application. */
    class Config {
    public:
        Config() = default;
        Config(std::string corp, std::string agent, Secret s)
            : corpId(std::move(corp)), agentId(std::move(agent)), secret(std::move(s)) {}
        /**
         * From business keys: corpId, agentId, secret, optional contactSecret (under "authConfig" or flat),
         * baseUrl, accountsBaseUrl.
         * @param place named in errors: the file.
         * Errors   Error(Errc::config) with the key and what was expected.
         */
        [[nodiscard]] CORPS_DECL static Config fromJson(boost::json::object const& keys,
                                                        std::string_view place);

        std::string corpId;
        std::string agentId;
        Secret secret;
        Secret contactSecret;               ///< of the contact-sync assistant; empty: there is none
        std::string secretName = "secret";  ///< what errors call the secret: its business key
        std::string baseUrl = "https://qyapi.weixin.qq.com";  ///< without a '/' at its end
        /** The host of the login pages, when it is not WeCom's own. */
        std::string accountsBaseUrl;
    };

    CORPS_DECL explicit QywxAuth(Config config);

    [[nodiscard]] Config const& config() const noexcept { return config_; }

    /** Request::credential of calls made as the contact-sync assistant. */
    static constexpr std::string_view kContact = "contact";

    /**
     * An access token, of the application or of the contact-sync assistant. Its lifetime ends a tenth before
     * the platform's (WeCom: document/path/91039).
     * Errors   Error with Errc::authRejected (asking again with a wrong secret blocks the address for an
     * hour), rateLimited or transport when asking again can help; config when there is no such credential;
     * protocol.
     */
    [[nodiscard]] CORPS_DECL asio::awaitable<IssuedToken> token(Channel& wire, std::string credential) const;
    [[nodiscard]] asio::awaitable<IssuedToken> token(Channel& wire) const {
        return token(wire, std::string());
    }
    CORPS_DECL void attach(Request& q, std::string_view token) const;
    /** Whether the answer's code says that the token is not, or no longer, good. */
    [[nodiscard]] CORPS_DECL bool tokenRejected(Response const& p) const;
    [[nodiscard]] CORPS_DECL std::string tokenKey(std::string_view credential) const;
    [[nodiscard]] std::string tokenKey() const { return tokenKey(std::string_view()); }

    /** LoginRequest::kind of a page that is opened inside WeCom. Empty: in a browser. */
    static constexpr std::string_view kWorkbench = "workbench";

    /**
     * The address to send a browser to (WeCom: document/path/98152), or a page inside WeCom with kind
     * kWorkbench (document/path/91022).
     * Errors   Error with Errc::invalidArgument for another kind, and for a code challenge, which WeCom does
     * not take.
     */
    [[nodiscard]] CORPS_DECL std::string authorizeUrl(LoginRequest const& r) const;
    /**
     * Who came back with this code, of either kind. A code works once. The platform names members outside of
     * the application's visible range, too. One call.
     * Errors   Error with Errc::authRejected (the code is refused), refused (the person is no member of the
     * enterprise), config, transport, protocol.
     */
    [[nodiscard]] CORPS_DECL asio::awaitable<Identity> identify(Channel& wire, Channel& authorised,
                                                                LoginCode code) const;

private:
    Config config_;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/auth/impl/qywx_auth.ipp>
#endif
