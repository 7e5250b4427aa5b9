#pragma once

#include <corps/model/record.hpp>

#include <cstdint>

namespace corps {

/** A member stands in a department. */
struct CorpDeptMember {
    DeptId deptId{};
    MemberId memberId{};
    Field<std::int64_t> order{};  ///< within the department; smaller first
    Field<bool> isPrimary{};      ///< the member's main department
    bool isLeader = false;        ///< computed: some CorpDeptLeader names both

    friend bool operator==(CorpDeptMember const&, CorpDeptMember const&) = default;
};

CORPS_RECORD(CorpDeptMember, key(deptId, memberId), upstream(order, isPrimary), computed(isLeader),
             index(memberId))

}  // namespace corps
