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
 * Authenticates a self-built application of Feishu or Lark: tenant access tokens, and the login of persons.
 *
 * Threads     Const members may be called from many threads.
 */
class FSAuth {
public:
    /** What the platform must know of the application. */
    class Config {
    public:
        Config() = default;
        Config(std::string id, Secret secret) : appId(std::move(id)), appSecret(std::move(secret)) {}
        /**
         * From business keys: appId and appSecret (under "authConfig" or flat), baseUrl, accountsBaseUrl,
         * userIdType.
         * @param place named in errors: the file.
         * Errors   Error(Errc::config) with the key and what was expected.
         */
        [[nodiscard]] CORPS_DECL static Config fromJson(boost::json::object const& keys,
                                                        std::string_view place);

        std::string appId;
        Secret appSecret;
        std::string baseUrl = "https://open.feishu.cn";  ///< without a '/' at its end
        /** The host of the login page. Empty where baseUrl is neither Feishu's nor Lark's own and no key says
         * it. */
        std::string accountsBaseUrl = "https://accounts.feishu.cn";
        std::string userIdType = "open_id";  ///< open_id, user_id or union_id: which id Identity::memberId is
    };

    CORPS_DECL explicit FSAuth(Config config);

    [[nodiscard]] Config const& config() const noexcept { return config_; }

    /**
     * A tenant access token. Its lifetime ends 10 minutes before the platform's, or a third before where that
     * is short: the platform hands out the same token again while 30 minutes remain, so that asking earlier
     * would not renew it. Errors   Error with Errc::authRejected, naming the credential that may be wrong;
     * rateLimited or transport when asking again can help; protocol.
     */
    [[nodiscard]] CORPS_DECL asio::awaitable<IssuedToken> token(Channel& wire) const;
    CORPS_DECL void attach(Request& q, std::string_view token) const;
    /** Whether the answer's code says that the tenant token is not, or no longer, good. */
    [[nodiscard]] CORPS_DECL bool tokenRejected(Response const& p) const;
    [[nodiscard]] CORPS_DECL std::string tokenKey() const;

    /**
     * The address to send a browser to. Errors: Error with Errc::config when the login host is not known,
     * invalidArgument for a kind of login: Feishu has one.
     */
    [[nodiscard]] CORPS_DECL std::string authorizeUrl(LoginRequest const& r) const;
    /**
     * Who came back from the login page with this code. `wire` is the channel without tokens. A code works
     * once. Errors   Error with Errc::authRejected (the code is refused), refused (the platform refuses who
     * came: resigned, frozen, not registered, outside those who may use the application), config (the
     * application's credentials are), invalidArgument (kind, redirect address), transport, protocol.
     */
    [[nodiscard]] CORPS_DECL asio::awaitable<Identity> identify(Channel& wire, Channel& authorised,
                                                                LoginCode code) const;

private:
    Config config_;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/auth/impl/fs_auth.ipp>
#endif
