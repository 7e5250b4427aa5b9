// Where the engine finds the columns it works with, for one set of tables.
#pragma once

#include <corps/detail/config.hpp>
#include <corps/model/cell.hpp>
#include <corps/model/record_tables.hpp>
#include <corps/storage/rows.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace corps::detail {

/** Position of the index (for scanRows) that starts with these columns after the corp; throws when there is
 * none. */
[[nodiscard]] CORPS_DECL std::size_t indexOn(TableSchema const& t, std::string_view column);

struct Columns {
    CORPS_DECL explicit Columns(RecordTables const& t);

    struct {
        std::size_t memberId, userId, nick, phone, email, photo, status, openId, unionId, localStatus,
            rolesLocal;
    } member;
    struct {
        std::size_t deptId, parentId, name;
    } dept;
    struct {
        std::size_t deptId, memberId;
    } deptMember;
    struct {
        std::size_t deptId, memberId, source, rank;
    } deptLeader;
    struct {
        std::size_t roleId, memberId, origin;
    } roleMember;
    struct {
        std::size_t roleId, origin;
    } role;
    struct {
        std::size_t roleGroupId, origin;
    } roleGroup;
    struct {
        std::size_t memberId, origin;
    } admin;
    struct {
        std::size_t userId, nick, phone, email, photo, createdBy, createdAt, updatedAt;
    } user;
    struct {
        std::size_t platform, thirdCorpId, thirdUserId, userId, unionId, profile;
    } thirdAuth;
    std::size_t deptMemberByMember, roleMemberByMember, deptLeaderByMember, thirdAuthByUnion;
};

/** One row by its whole key, owned; empty when there is none. */
[[nodiscard]] CORPS_DECL Row findRow(RowAccess& rows, TableSchema const& t, std::span<Cell const> key);

/** The cells of an owned row; they live as long as it does. */
[[nodiscard]] CORPS_DECL std::vector<Cell> viewsOf(Row const& row);

/** A row as one string, and back. */
[[nodiscard]] CORPS_DECL std::string packRow(std::span<Cell const> row);
[[nodiscard]] CORPS_DECL std::vector<Cell> unpackRow(std::string_view packed);

}  // namespace corps::detail

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/columns.ipp>
#endif
