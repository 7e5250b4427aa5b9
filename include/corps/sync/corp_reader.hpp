#pragma once

#include <corps/detail/config.hpp>
#include <corps/model/cell.hpp>
#include <corps/model/ids.hpp>
#include <corps/model/member_status.hpp>
#include <corps/model/record_tables.hpp>
#include <corps/storage/store.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps {

/** One row as a reader passes it on; lives during the call. */
using RowView = std::span<Cell const>;

/**
 * What the methods of a Corp read, on rows: everything about it that needs no record type. Valid during the
 * transaction of `rows`.
 *
 * Errors      Error(notFound) for an id that names nothing, where said; whatever the storage throws.
 */
class CorpReader {
public:
    /** All must outlive this object. */
    CORPS_DECL CorpReader(RowAccess& rows, RecordTables const& tables, std::string_view corp);

    [[nodiscard]] RowAccess& rows() const noexcept { return rows_; }
    [[nodiscard]] RecordTables const& tables() const noexcept { return tables_; }
    [[nodiscard]] std::string_view corp() const noexcept { return corp_; }

    // --- members; the status passed is the one that counts (see effectiveStatus) ---
    using MemberVisitor = FunctionRef<bool(RowView, MemberStatus)>;
    [[nodiscard]] CORPS_DECL MemberStatus statusOf(RowView member) const noexcept;
    /** All that match, by id; false ends it. */
    CORPS_DECL void visitMembers(StatusFilter filter, MemberVisitor f) const;
    /** One member. Throws Error(notFound). */
    CORPS_DECL void visitMember(MemberId const& id, MemberVisitor f) const;
    /** The members of these ids that match, by id; ids that name nobody are passed over. */
    CORPS_DECL void visitMembers(std::vector<std::string> ids, StatusFilter filter, MemberVisitor f) const;
    /** The members whose column has this value: an index look-up where the table has one, else all are read.
     */
    CORPS_DECL void visitMembersBy(std::string_view column, std::string_view value, MemberVisitor f) const;
    /** Nothing when there is no such member. */
    [[nodiscard]] CORPS_DECL std::optional<MemberStatus> findStatus(std::string_view memberId) const;
    /** The active ones, sorted. */
    [[nodiscard]] CORPS_DECL std::vector<std::string> activeMembers() const;

    // --- departments ---
    /** Ids from the root to this department, itself included; empty for an unknown one. */
    [[nodiscard]] CORPS_DECL std::vector<DeptId> pathOf(std::string_view deptId) const;
    /** This department and all below it, parents first. */
    [[nodiscard]] CORPS_DECL std::vector<std::string> subtree(std::string_view deptId) const;
    /** Ids of the departments directly below, sorted. */
    [[nodiscard]] CORPS_DECL std::vector<std::string> childrenOf(std::string_view deptId) const;
    [[nodiscard]] CORPS_DECL bool hasChildren(std::string_view deptId) const;
    [[nodiscard]] CORPS_DECL bool hasDept(std::string_view deptId) const;
    /** The department without a parent; empty when there is none. */
    [[nodiscard]] CORPS_DECL std::string rootDeptId() const;
    /** Ids of the members of these departments, each once, sorted; resigned ones included. */
    [[nodiscard]] CORPS_DECL std::vector<std::string> membersOf(
        std::vector<std::string> const& deptIds) const;
    /** Rows of CorpDeptLeader of one department. */
    CORPS_DECL void visitLeaders(std::string_view deptId, FunctionRef<bool(RowView)> f) const;
    /** Rows of CorpDeptMember of one member. */
    CORPS_DECL void visitDeptsOf(std::string_view memberId, FunctionRef<bool(RowView)> f) const;
    /** Whether the member stands in the department. */
    [[nodiscard]] CORPS_DECL bool standsIn(std::string_view deptId, std::string_view memberId) const;
    /** Whether the member leads the department; who counts as resigned does not. */
    [[nodiscard]] CORPS_DECL bool leads(std::string_view deptId, std::string_view memberId) const;

    // --- roles and administrators ---
    [[nodiscard]] CORPS_DECL bool hasRole(std::string_view roleId) const;
    [[nodiscard]] CORPS_DECL bool hasRoleGroup(std::string_view roleGroupId) const;
    /** Ids of the roles a member has and that exist, each once, sorted. */
    [[nodiscard]] CORPS_DECL std::vector<std::string> rolesOf(std::string_view memberId) const;
    /** Rows of CorpRoleMember of one member. */
    CORPS_DECL void visitRolesOf(std::string_view memberId, FunctionRef<bool(RowView)> f) const;
    /** Ids of who has the role, each once, sorted; resigned ones included. */
    [[nodiscard]] CORPS_DECL std::vector<std::string> withRole(std::string_view roleId) const;
    /** Administrators who are active, upstream's and those set here, sorted. */
    [[nodiscard]] CORPS_DECL std::vector<std::string> admins() const;
    /** Departments a member's role is limited to, as set: also those that are gone for now. Sorted. */
    [[nodiscard]] CORPS_DECL std::vector<std::string> deptLimit(std::string_view roleId,
                                                                std::string_view memberId) const;

    /** Text of one column of a member; empty when unknown. Throws Error(notFound). */
    [[nodiscard]] CORPS_DECL std::string memberText(MemberId const& id, std::string_view column) const;

    /** The user of the pool with this id; false when there is none. */
    CORPS_DECL bool visitUser(std::string_view userId, FunctionRef<void(RowView)> f) const;

    // --- any table ---
    /** Rows of the corp in one of its tables, in key order. */
    CORPS_DECL void visitAll(TableSchema const& t, FunctionRef<bool(RowView)> f) const;
    /**
     * The first row under each of these keys, in order; keys without one are passed over; false ends it. A
     * key stands behind the corp, or behind the corp and `under`. One scan where that costs less than a
     * look-up for each.
     * @param keys sorted, each once.
     */
    CORPS_DECL void visitEach(TableSchema const& t, std::optional<std::string_view> under,
                              std::span<std::string_view const> keys, FunctionRef<bool(RowView)> f) const;
    /** Rows whose column has this value: by index where there is one, else all are read. */
    CORPS_DECL void visitBy(TableSchema const& t, std::string_view column, std::string_view value,
                            FunctionRef<bool(RowView)> f) const;
    /** The row with this key behind the corp; false when there is none. */
    CORPS_DECL bool visitOne(TableSchema const& t, std::string_view key, FunctionRef<void(RowView)> f) const;

    /** The first row whose key starts with these two behind the corp; false when there is none. */
    CORPS_DECL bool visitPair(TableSchema const& t, std::string_view first, std::string_view second,
                              FunctionRef<void(RowView)> f) const;

    CORPS_DECL void requireMember(std::string_view id) const;
    /** @param ids sorted, each once. */
    CORPS_DECL void requireMembers(std::span<std::string_view const> ids) const;
    CORPS_DECL void requireDept(std::string_view id) const;
    CORPS_DECL void requireRole(std::string_view id) const;
    CORPS_DECL void requireRoleGroup(std::string_view id) const;

private:
    RowAccess& rows_;
    RecordTables const& tables_;
    std::string_view corp_;
    std::size_t status_, localStatus_;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/corp_reader.ipp>
#endif
