#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace corps {

enum class LogLevel : std::uint8_t { error, warning, info, debug };

/** Receives lines that hold no secret, token, phone, mail or name of a person. Called from any thread; must
 * not throw. */
using Logger = std::function<void(LogLevel, std::string_view line)>;

/** How far a pull is. Counters only grow within one pull. */
struct Progress {
    std::string_view corp;      ///< full name; valid during the call
    std::uint64_t calls = 0;    ///< requests answered
    std::uint64_t pages = 0;    ///< pages of listings
    std::uint64_t units = 0;    ///< records seen, a member once for each listing
    std::uint64_t decoded = 0;  ///< of these, decoded: departments, and what is new or changed
};
using ProgressCallback = std::function<void(Progress const&)>;

}  // namespace corps
