#pragma once

#include <corps/model/record.hpp>
#include <corps/model/upstream_tables.hpp>

#include <cstdint>
#include <string_view>

namespace corps {

/**
 * Somebody leads a department, by its own list or by a flag of the member there; both may say so, as two
 * records. A leader need not be a member of the department.
 */
struct CorpDeptLeader {
    DeptId deptId{};
    MemberId memberId{};
    LeaderSource source = LeaderSource::departmentList;
    Field<std::int64_t> rank{};  ///< smaller first; the main leader is the first

    friend bool operator==(CorpDeptLeader const&, CorpDeptLeader const&) = default;
};

// What is expected where a source is read from text; see member_status.hpp.
[[nodiscard]] constexpr bool hasName(LeaderSource s) noexcept {
    return s == LeaderSource::departmentList || s == LeaderSource::memberFlag;
}
[[nodiscard]] constexpr std::string_view namesOf(LeaderSource) noexcept {
    return "1 (department list) or 2 (member flag)";
}

CORPS_RECORD(CorpDeptLeader, key(deptId, memberId, source), upstream(rank), index(memberId))

}  // namespace corps
