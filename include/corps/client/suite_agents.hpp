#pragma once

#include <corps/context/context.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps {

/**
 * Who knows the applications and the ids of a suite's enterprises: a Suite, or the auth policy of one corp.
 * Found in a Context by the suite, and by suite and enterprise.
 *
 * Threads     All members may be called from any thread.
 */
class SuiteAgents {
public:
    virtual ~SuiteAgents() = default;
    /** The application's id in this enterprise, as it is remembered; empty: not known. Blocks on the store.
     */
    [[nodiscard]] virtual std::string knownAgentId(std::string_view corpId) = 0;
    /** @param agentId empty: what is remembered has turned out to be wrong. */
    virtual void learnAgentId(std::string_view corpId, std::string_view agentId) = 0;
    /** Under which other ids the same enterprise is known. Blocks on the store. */
    [[nodiscard]] virtual std::vector<std::string> otherCorpIds(std::string_view corpId) = 0;
    /** The application's id, asked for where it is not known. */
    [[nodiscard]] virtual asio::awaitable<std::string> agentId(std::string corpId) = 0;
};

/** @param corpId empty: of the whole suite. */
[[nodiscard]] inline std::string suiteAgentsName(std::string_view suiteId, std::string_view corpId = {}) {
    std::string out = "wecom suite " + std::string(suiteId);
    if (!corpId.empty()) out += " corp " + std::string(corpId);
    return out;
}

inline void offerSuiteAgents(Context const& context, std::string name,
                             std::shared_ptr<SuiteAgents> const& agents) {
    std::shared_ptr<void> const service = agents;
    context.offer(std::move(name), service);
}

/** Who looks after the suite; else who knows this enterprise; else null. */
[[nodiscard]] inline std::shared_ptr<SuiteAgents> findSuiteAgents(Context const& context,
                                                                  std::string_view suiteId,
                                                                  std::string_view corpId) {
    std::shared_ptr<void> service = context.find(suiteAgentsName(suiteId));
    if (!service) service = context.find(suiteAgentsName(suiteId, corpId));
    return std::static_pointer_cast<SuiteAgents>(std::move(service));
}

}  // namespace corps
