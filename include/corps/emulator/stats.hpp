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
};

}  // namespace corps::emulator
