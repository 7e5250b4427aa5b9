#pragma once

#include <corps/model/record.hpp>

namespace corps {

/** A role of a member holds in this department only; several records allow several departments. */
struct CorpDeptLimit {
    RoleId roleId{};
    MemberId memberId{};
    DeptId deptId{};

    friend bool operator==(CorpDeptLimit const&, CorpDeptLimit const&) = default;
};

CORPS_RECORD(CorpDeptLimit, key(roleId, memberId, deptId), index(memberId))

}  // namespace corps
