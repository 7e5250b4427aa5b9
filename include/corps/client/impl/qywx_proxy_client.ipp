#pragma once

#include <corps/client/impl/json_fields.hpp>
#include <corps/client/qywx_proxy_client.hpp>
#include <corps/client/suite_agents.hpp>
#include <corps/error/error.hpp>

#include <memory>
#include <utility>

namespace corps {

CORPS_DECL std::string QywxProxyClient::appId(boost::json::object const& settings) {
    return detail::jsonTextOr(settings, "suiteId");
}

CORPS_DECL std::string QywxProxyClient::idTypes(boost::json::object const& settings) {
    return detail::jsonTextOr(settings, "userIdType");
}

CORPS_DECL asio::awaitable<std::string> QywxProxyClient::asyncGetAgentId(Context context, std::string corpId,
                                                                         std::string suiteId) {
    std::shared_ptr<SuiteAgents> const agents = findSuiteAgents(context, suiteId, corpId);
    if (!agents)
        throw Error(Errc::notFound,
                    "neither a Suite nor a corp of this Context knows the suite and the enterprise: expected "
                    "one that was made with this Context");
    std::string out = co_await agents->agentId(std::move(corpId));
    co_return out;
}

CORPS_DECL std::string QywxProxyClient::getAgentId(Context const& context, std::string corpId,
                                                   std::string suiteId) {
    return context.run(asyncGetAgentId(context, std::move(corpId), std::move(suiteId)));
}

}  // namespace corps
