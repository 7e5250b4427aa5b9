#pragma once

#include <corps/auth/qywx_auth.hpp>
#include <corps/auth/upstream_auth.hpp>
#include <corps/config/corp_config.hpp>
#include <corps/config/secret.hpp>
#include <corps/detail/config.hpp>
#include <corps/suite/suite_config.hpp>
#include <corps/transport/channel.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace corps {

/**
 * Authenticates the application that a service provider runs for an enterprise: its secret is the permanent
 * code that the enterprise's authorisation of a suite brought (WeCom: document/path/97164). With it, tokens
 * and logins are those of a self-built application, and neither the suite's ticket nor its token is needed.
 *
 * The permanent code is the one that the store keeps of the suite and the enterprise; where none came (no
 * callback can), or where that one is refused or withdrawn, the business key `permanentCode`. A code that the
 * platform refuses (40001) is remembered in the store as stale and not tried again, since wrong secrets get
 * the address blocked for all enterprises, until a new one comes.
 *
 * Threads     Const members may be called from many threads.
 */
class QywxProxyAuth {
public:
    class Config {
    public:
        Config() = default;
        /**
         * From corpId, authFullName with its auths.* element (CorpConfig::auth), optional agentId,
         * permanentCode, baseUrl, accountsBaseUrl.
         * Errors   Error(Errc::config) with the file, the key and what was expected.
         */
        [[nodiscard]] CORPS_DECL static Config fromConfig(CorpConfig const& config);

        std::string corpId;    ///< of the enterprise, plain or encrypted
        std::string agentId;   ///< empty: as it is remembered
        Secret permanentCode;  ///< empty: as it is remembered
        SuiteConfig suite;
        std::string baseUrl = "https://qyapi.weixin.qq.com";  ///< without a '/' at its end
        std::string accountsBaseUrl;  ///< the host of the login pages, when it is not WeCom's own
    };

    /** Without a store: the permanent code of the configuration is all there is. */
    CORPS_DECL explicit QywxProxyAuth(Config config);
    /** Opens the suite's tables in the store. Errors: storage. */
    CORPS_DECL QywxProxyAuth(Config config, AuthEnvironment const& environment);

    [[nodiscard]] CORPS_DECL Config const& config() const noexcept;

    /**
     * An access token of the enterprise. Reads the store.
     * Errors   Error with Errc::config (there is no code; there is no key to the store's, or a wrong one),
     * authRejected (the code is refused, or was; the authorisation is withdrawn), rateLimited or transport
     * when asking again can help; protocol.
     */
    [[nodiscard]] CORPS_DECL asio::awaitable<IssuedToken> token(Channel& wire, std::string credential) const;
    [[nodiscard]] asio::awaitable<IssuedToken> token(Channel& wire) const {
        return token(wire, std::string());
    }
    CORPS_DECL void attach(Request& q, std::string_view token) const;
    [[nodiscard]] CORPS_DECL bool tokenRejected(Response const& p) const;
    /** Takes part: the code, as a hash. Reads the store when codes of the suite have changed. */
    [[nodiscard]] CORPS_DECL std::string tokenKey(std::string_view credential) const;
    [[nodiscard]] std::string tokenKey() const { return tokenKey(std::string_view()); }

    /**
     * As QywxAuth::authorizeUrl, with the enterprise's id and application.
     * Errors   Error with Errc::notFound where the application's id is not known yet; invalidArgument.
     */
    [[nodiscard]] CORPS_DECL std::string authorizeUrl(LoginRequest const& r) const;
    /** As QywxAuth::identify; never by the suite's own login calls, which are not for proxy development. */
    [[nodiscard]] CORPS_DECL asio::awaitable<Identity> identify(Channel& wire, Channel& authorised,
                                                                LoginCode code) const;

private:
    class State;
    CORPS_DECL explicit QywxProxyAuth(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/suite/impl/qywx_proxy_auth.ipp>
#endif
