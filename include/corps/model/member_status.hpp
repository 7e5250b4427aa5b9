#pragma once

#include <corps/detail/config.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace corps {

/** Whether a member belongs to the corp now. The numbers are what is stored and what JSON holds. */
enum class MemberStatus : std::uint8_t { active = 1, resigned = 2 };

/** The numbers are what is stored and what JSON holds. */
enum class Gender : std::uint8_t { unknown = 0, male = 1, female = 2, other = 3 };

/** Which members a reader returns. `offline` are those who resigned or were set offline here. */
enum class StatusFilter : std::uint8_t { all, active, offline };

/** The documented words "all", "active" and "offline". No-throw. */
[[nodiscard]] constexpr std::optional<StatusFilter> findStatusFilter(std::string_view word) noexcept {
    if (word == "all") return StatusFilter::all;
    if (word == "active") return StatusFilter::active;
    if (word == "offline") return StatusFilter::offline;
    return std::nullopt;
}

/** The same. @throws Error(Errc::invalidArgument) for any other word. */
[[nodiscard]] CORPS_DECL StatusFilter parseStatusFilter(std::string_view word);

/** Whether a member of this effective status passes. */
[[nodiscard]] constexpr bool matches(StatusFilter filter, MemberStatus status) noexcept {
    return filter == StatusFilter::all ||
           (filter == StatusFilter::active) == (status == MemberStatus::active);
}

// What is expected where one of these is read from text; false for numbers without a name.
[[nodiscard]] constexpr bool hasName(MemberStatus s) noexcept {
    return s == MemberStatus::active || s == MemberStatus::resigned;
}
[[nodiscard]] constexpr bool hasName(Gender g) noexcept { return g <= Gender::other; }
[[nodiscard]] constexpr std::string_view namesOf(MemberStatus) noexcept {
    return "1 (active) or 2 (resigned)";
}
[[nodiscard]] constexpr std::string_view namesOf(Gender) noexcept {
    return "0 (unknown), 1 (male), 2 (female) or 3 (other)";
}

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/model/impl/member_status.ipp>
#endif
