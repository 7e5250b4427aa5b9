#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace corps::emulator {

/** What an emulator has seen since it started or since its counters were reset. Control calls are not
 * counted. */
struct Stats {
    std::uint64_t requests = 0;
    /** By method and path template, e.g. `GET /open-apis/contact/v3/departments/:department_id`; paths
     * without a route are `unknown`. */
    std::map<std::string, std::uint64_t, std::less<>> byEndpoint;
    /** The same of each organisation, by its id in the organisation file, where a server has several: of
     * requests that are known to be about one. */
    std::map<std::string, std::map<std::string, std::uint64_t, std::less<>>, std::less<>> byCorp;
    std::uint64_t highestConcurrency = 0;  ///< requests received and not yet answered, at the worst moment
    std::uint64_t connections = 0;         ///< connections accepted, those of control calls among them
    std::uint64_t rateLimited = 0;         ///< requests refused as too frequent, injected ones included
    std::uint64_t tokensIssued = 0;        ///< new app tokens; handing out one again does not count
    std::uint64_t faultsInjected = 0;

    /** Requests of one endpoint, 0 if there were none. */
    [[nodiscard]] std::uint64_t of(std::string_view endpoint) const {
        const auto found = byEndpoint.find(endpoint);
        return found == byEndpoint.end() ? 0 : found->second;
    }
    /** The same of one organisation. */
    [[nodiscard]] std::uint64_t of(std::string_view corpId, std::string_view endpoint) const {
        const auto corp = byCorp.find(corpId);
        if (corp == byCorp.end()) {
            return 0;
        }
        const auto found = corp->second.find(endpoint);
        return found == corp->second.end() ? 0 : found->second;
    }
};

}  // namespace corps::emulator
