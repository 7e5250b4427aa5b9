#pragma once

#include <cstdint>

#include <corps/model/record.hpp>
#include <corps/model/upstream_tables.hpp>

namespace corps {

/**
 * Somebody leads a department, by its own list or by a flag of the member there; both may say so, as two records. A
 * leader need not be a member of the department.
 */
struct CorpDeptLeader {
    DeptId deptId{};
    MemberId memberId{};
    LeaderSource source = LeaderSource::departmentList;
    Field<std::int64_t> rank{};  ///< smaller first; the main leader is the first

    friend bool operator==(CorpDeptLeader const&, CorpDeptLeader const&) = default;
};

CORPS_RECORD(CorpDeptLeader, key(deptId, memberId, source), upstream(rank), index(memberId))

}  // namespace corps
