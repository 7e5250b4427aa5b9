#pragma once

#include <corps/model/cell.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace corps {

/** The tables that an upstream fills. */
enum class UpstreamTable : std::uint8_t {
    dept,
    deptLeader,
    member,
    deptMember,
    roleGroup,
    role,
    roleMember,
    admin
};
inline constexpr std::size_t kUpstreamTables = 8;

/**
 * What a client decodes, column by column: the order of the cells it hands to a RowSink. A null cell is
 * unknown. Cells beyond these are the upstream-owned fields that CORPS_EXTEND added, in declared order.
 *
 * Leaders come from a department's own list (source 1) or from a flag of the member there (source 2); both
 * are kept. Every list of a department's leaders and every membership replaces what was stored of it; where
 * the platform does not tell (a permission is missing, a call failed), a row with a null source says so:
 * (deptId, memberId, null) of one member's flag, (deptId, null, null) of a department's own list. gender 0
 * unknown, 1 male, 2 female, 3 other. status 1 active, 2 resigned. hiredDate "YYYY-MM-DD" in UTC+8. `order`:
 * smaller first. A department without a parent in sight has an empty parentId. A row of `admin` that comes
 * with the record of a member may have a second cell, 0 or 1: 0 says that the member is known to be none (no
 * row at all: not known).
 */
inline constexpr std::string_view kDeptColumns[] = {"deptId", "parentId", "name", "order"};
inline constexpr std::string_view kDeptLeaderColumns[] = {"deptId", "memberId", "source", "rank"};
inline constexpr std::string_view kMemberColumns[] = {
    "memberId", "nick",   "phone",          "email",     "photo",       "gender", "jobNumber",
    "position", "status", "upstreamStatus", "hiredDate", "thirdUserId", "openId", "unionId"};
inline constexpr std::string_view kDeptMemberColumns[] = {"deptId", "memberId", "order", "isPrimary"};
inline constexpr std::string_view kRoleGroupColumns[] = {"roleGroupId", "name"};
inline constexpr std::string_view kRoleColumns[] = {"roleId", "roleGroupId", "name"};
inline constexpr std::string_view kRoleMemberColumns[] = {"roleId", "memberId"};
inline constexpr std::string_view kAdminColumns[] = {"memberId"};

[[nodiscard]] constexpr std::span<std::string_view const> upstreamColumns(UpstreamTable t) noexcept {
    switch (t) {
        case UpstreamTable::dept: return kDeptColumns;
        case UpstreamTable::deptLeader: return kDeptLeaderColumns;
        case UpstreamTable::member: return kMemberColumns;
        case UpstreamTable::deptMember: return kDeptMemberColumns;
        case UpstreamTable::roleGroup: return kRoleGroupColumns;
        case UpstreamTable::role: return kRoleColumns;
        case UpstreamTable::roleMember: return kRoleMemberColumns;
        case UpstreamTable::admin: return kAdminColumns;
    }
    return {};
}

enum class LeaderSource : std::uint8_t { departmentList = 1, memberFlag = 2 };

/** Receives decoded rows; the cells live until row() returns. */
class RowSink {
public:
    virtual ~RowSink() = default;
    virtual void row(UpstreamTable table, std::span<Cell const> cells) = 0;
};

}  // namespace corps
