#pragma once

#include <corps/error/error.hpp>
#include <corps/sync/detail/bytes.hpp>
#include <corps/sync/detail/columns.hpp>

namespace corps {
namespace detail {

CORPS_DECL std::size_t needColumn(TableSchema const& t, std::string_view column) {
    std::size_t const at = t.find(column);
    if (at == TableSchema::npos) {
        Diagnostics d;
        d.place = t.name + "." + std::string(column);
        throw Error(Errc::invalidArgument, "a set of records lacks a column that sync needs", std::move(d));
    }
    return at;
}

CORPS_DECL std::size_t indexOn(TableSchema const& t, std::string_view column) {
    for (std::size_t i = 0; i < t.indexes.size(); ++i) {
        std::vector<std::size_t> const& on = t.indexes[i].columns;
        if (on.size() >= 2 && t.columns[on[0]].type == ColumnType::corp && t.columns[on[1]].name == column)
            return i + 1;
    }
    Diagnostics d;
    d.place = t.name + "." + std::string(column);
    throw Error(Errc::invalidArgument, "a set of records lacks an index that sync needs", std::move(d));
}

CORPS_DECL Columns::Columns(RecordTables const& t) {
    auto const& m = *t.member;
    member = {needColumn(m, "memberId"),    needColumn(m, "userId"),    needColumn(m, "nick"),
              needColumn(m, "phone"),       needColumn(m, "email"),     needColumn(m, "photo"),
              needColumn(m, "status"),      needColumn(m, "openId"),    needColumn(m, "unionId"),
              needColumn(m, "localStatus"), needColumn(m, "rolesLocal")};
    dept = {needColumn(*t.dept, "deptId"), needColumn(*t.dept, "parentId"), needColumn(*t.dept, "name")};
    deptMember = {needColumn(*t.deptMember, "deptId"), needColumn(*t.deptMember, "memberId")};
    deptLeader = {needColumn(*t.deptLeader, "deptId"), needColumn(*t.deptLeader, "memberId"),
                  needColumn(*t.deptLeader, "source"), needColumn(*t.deptLeader, "rank")};
    roleMember = {needColumn(*t.roleMember, "roleId"), needColumn(*t.roleMember, "memberId"),
                  needColumn(*t.roleMember, "origin")};
    role = {needColumn(*t.role, "roleId"), needColumn(*t.role, "origin")};
    roleGroup = {needColumn(*t.roleGroup, "roleGroupId"), needColumn(*t.roleGroup, "origin")};
    admin = {needColumn(*t.admin, "memberId"), needColumn(*t.admin, "origin")};
    auto const& u = *t.user;
    user = {needColumn(u, "userId"),    needColumn(u, "nick"),     needColumn(u, "phone"),
            needColumn(u, "email"),     needColumn(u, "photo"),    needColumn(u, "createdBy"),
            needColumn(u, "createdAt"), needColumn(u, "updatedAt")};
    auto const& a = *t.thirdAuth;
    thirdAuth = {needColumn(a, "platform"), needColumn(a, "thirdCorpId"), needColumn(a, "thirdUserId"),
                 needColumn(a, "userId"),   needColumn(a, "unionId"),     needColumn(a, "profile")};
    deptMemberByMember = indexOn(*t.deptMember, "memberId");
    roleMemberByMember = indexOn(*t.roleMember, "memberId");
    deptLeaderByMember = indexOn(*t.deptLeader, "memberId");
    thirdAuthByUnion = 0;
    for (std::size_t i = 0; i < a.indexes.size(); ++i) {
        std::vector<std::size_t> const& on = a.indexes[i].columns;
        if (on.size() >= 2 && on[0] == thirdAuth.platform && on[1] == thirdAuth.unionId)
            thirdAuthByUnion = i + 1;
    }
    if (thirdAuthByUnion == 0)
        throw Error(Errc::invalidArgument, "ThirdAuth lacks its index by platform and unionId");
}

CORPS_DECL Row findRow(RowAccess& rows, TableSchema const& t, std::span<Cell const> key) {
    Row out;
    rows.forEach(t, 0, key, [&out](std::span<Cell const> row) {
        out.assign(row.begin(), row.end());
        return false;
    });
    return out;
}

CORPS_DECL std::vector<Cell> viewsOf(Row const& row) {
    std::vector<Cell> out;
    out.reserve(row.size());
    for (OwnedCell const& c : row) out.push_back(c.view());
    return out;
}

CORPS_DECL std::string packRow(std::span<Cell const> row) {
    std::string out;
    for (Cell const& c : row) putCell(out, c);
    return out;
}

CORPS_DECL std::vector<Cell> unpackRow(std::string_view packed) {
    std::vector<Cell> out;
    ByteReader in(packed);
    while (!in.done()) out.push_back(in.cell());
    return out;
}

}  // namespace detail
}  // namespace corps
