#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corps {

/** How an enterprise stands to a suite. Stored as its number. */
enum class SuiteCorpState : std::uint8_t {
    active = 1,
    disabled = 2,  ///< the enterprise has switched the application off
    secretStale =
        3,  ///< the platform refuses the permanent code: nothing is asked with it until a new one comes
    cancelled = 4,  ///< the enterprise has withdrawn its authorisation
};

[[nodiscard]] constexpr std::string_view toText(SuiteCorpState s) noexcept {
    switch (s) {
        case SuiteCorpState::active: return "active";
        case SuiteCorpState::disabled: return "disabled";
        case SuiteCorpState::secretStale: return "secret stale";
        case SuiteCorpState::cancelled: return "cancelled";
    }
    return "unknown";
}

/** What the application may see in an enterprise. */
struct SuiteRange {
    std::vector<std::string> deptIds{};
    std::vector<std::string> memberIds{};
    std::vector<std::string> tagIds{};
    friend bool operator==(SuiteRange const&, SuiteRange const&) = default;
};

/**
 * An enterprise that has authorised a suite. Times are milliseconds since 1970; 0: never. No secrets in it.
 */
struct SuiteCorp {
    std::string suiteId{};
    std::string corpId{};       ///< as the platform named it at the authorisation
    std::string otherCorpId{};  ///< the same enterprise's plain or encrypted id; empty: not known
    std::string agentId{};      ///< of the application there; empty: not known yet
    std::string corpName{};
    std::string legalName{};  ///< the platform's corp_full_name
    std::string state{};      ///< that the link of the authorisation carried
    SuiteCorpState status = SuiteCorpState::active;
    bool hasCode = false;  ///< a permanent code is kept
    std::optional<std::vector<std::string>>
        permissions{};                  ///< by the platform's names, sorted; not known yet
    std::optional<SuiteRange> range{};  ///< not known yet: nothing
    std::int64_t authorizedAt = 0;      ///< the last authorisation
    std::int64_t codeAt = 0;            ///< the permanent code that is kept
    std::int64_t changedAt = 0;         ///< when range or permissions changed last
    std::int64_t staleAt = 0;           ///< when the code was refused
    std::int64_t cancelledAt = 0;
    std::int64_t erasedAt = 0;  ///< when what was mirrored of it was erased after the cancellation

    friend bool operator==(SuiteCorp const&, SuiteCorp const&) = default;

    /** Whether this is one of its ids. */
    [[nodiscard]] bool isCalled(std::string_view id) const noexcept {
        return !id.empty() && (id == corpId || id == otherCorpId);
    }
};

}  // namespace corps
