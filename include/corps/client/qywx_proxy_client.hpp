#pragma once

#include <corps/client/qywx_client.hpp>
#include <corps/context/context.hpp>
#include <corps/detail/config.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps {

class QywxProxyCallbacks;

/**
 * The client of an application that a service provider runs for an enterprise (WeCom: document/path/97164).
 *
 * Reads as QywxInnerClient does, and maps fields as it does, with these differences:
 * - `agentId` need not be configured: it is what is remembered of the authorisation, or costs one more call;
 * - an enterprise may withhold names; an id in the place of every name of a list is taken for that. They keep
 *   what they were;
 * - its calls are paced for the enterprise and, together, for all enterprises of the provider: 40,000 a
 * minute and 1,200,000 an hour for each API;
 * - there is no contact-sync assistant;
 * - ids of members are the enterprise's own ("userid") or encrypted for the provider ("open_userid"). Which,
 *   the platform decides for each application, and it changes from the first to the second for good. Each
 * pull tells by how they look (`userIdType` says it instead), a store remembers it, and a change is refused
 *   (wrongCorp) until it is asked for: SyncOptions::migrate, with which the platform itself says who is who.
 *
 * Business keys: corpId, authFullName; optional agentId, permanentCode, baseUrl, userIdType.
 */
struct QywxProxyClient {
    static constexpr std::string_view kElementType = "corps.QywxProxyType";
    static constexpr std::string_view kPlatform = "wecom";
    static constexpr std::string_view kRootDeptId = "1";
    /** What a store remembers of the business keys: the suite. The application in the enterprise may become
     * another one. */
    [[nodiscard]] CORPS_DECL static std::string appId(boost::json::object const& settings);
    /** What handleCallback() reads the platform's callbacks with: <corps/callback/callbacks.hpp>. */
    using Callbacks = QywxProxyCallbacks;
    /** `userIdType`, where it is configured; else pulls tell. */
    [[nodiscard]] CORPS_DECL static std::string idTypes(boost::json::object const& settings);
    class Api;

    /**
     * The application's id in an enterprise: as it is remembered; else as the platform tells it of the
     * authorisation; else as the application's token tells it.
     * Errors   Error with Errc::notFound when neither a Suite nor a corp of this Context knows the
     * enterprise; as the calls.
     */
    [[nodiscard]] CORPS_DECL static asio::awaitable<std::string> asyncGetAgentId(Context context,
                                                                                 std::string corpId,
                                                                                 std::string suiteId);
    [[nodiscard]] CORPS_DECL static std::string getAgentId(Context const& context, std::string corpId,
                                                           std::string suiteId);
};

/** Made for one corp; see QywxInnerClient::Api. The channel must authorise requests. */
class QywxProxyClient::Api : public QywxInnerClient::Api {
public:
    /** Errors: Error(Errc::config) naming the business key. */
    Api(Channel& channel, ClientEnvironment environment)
        : QywxInnerClient::Api(channel, std::move(environment), Provider()) {}

    /** The application's id in this enterprise. Cost: nothing where it is known; else one call. */
    [[nodiscard]] asio::awaitable<std::string> agentId() { return findAgentId(); }

    /**
     * Under which encrypted ids the platform knows these members now, whose plain ids are given; in their
     * order, empty for who is not visible. Nothing where the last pull showed plain ids. One call for 1,000
     * (WeCom: document/path/97105).
     */
    [[nodiscard]] asio::awaitable<std::vector<std::string>> currentIds(std::vector<std::string> memberIds) {
        return convertIds(std::move(memberIds));
    }
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/client/impl/qywx_proxy_client.ipp>
#endif
