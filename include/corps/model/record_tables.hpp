// The tables of one set of records, as data: what everything below the typed rim knows about records.
#pragma once

#include <corps/model/table_schema.hpp>
#include <corps/model/upstream_tables.hpp>

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

namespace corps {

/** Position of the corp's full name in every table that is not shared by all corps. */
inline constexpr std::size_t kCorpColumn = 0;

/** `origin` of roles, role members and administrators: who made the row. */
inline constexpr std::string_view kOriginUpstream = "upstream";
inline constexpr std::string_view kOriginLocal = "local";

/**
 * Where each record of a set lives. Made by tablesOf<Records>() (model/records.hpp), which never leaves a
 * pointer null; the schemas live as long as the program.
 *
 * `user`, `thirdAuth` and `passwordAuth` are shared by all corps of a store and have no corp column; every
 * other table starts with one.
 */
struct RecordTables {
    TableSchema const* dept = nullptr;
    TableSchema const* deptLeader = nullptr;
    TableSchema const* member = nullptr;
    TableSchema const* deptMember = nullptr;
    TableSchema const* roleGroup = nullptr;
    TableSchema const* role = nullptr;
    TableSchema const* roleMember = nullptr;
    TableSchema const* admin = nullptr;
    TableSchema const* deptLimit = nullptr;
    TableSchema const* user = nullptr;
    TableSchema const* thirdAuth = nullptr;
    TableSchema const* passwordAuth = nullptr;

    /** The table that rows of `t` belong to. */
    [[nodiscard]] TableSchema const& upstream(UpstreamTable t) const noexcept {
        switch (t) {
            case UpstreamTable::dept: return *dept;
            case UpstreamTable::deptLeader: return *deptLeader;
            case UpstreamTable::member: return *member;
            case UpstreamTable::deptMember: return *deptMember;
            case UpstreamTable::roleGroup: return *roleGroup;
            case UpstreamTable::role: return *role;
            case UpstreamTable::roleMember: return *roleMember;
            case UpstreamTable::admin: break;
        }
        return *admin;
    }

    /** All of them, for StoragePolicy::open. */
    [[nodiscard]] std::array<TableSchema const*, 12> all() const noexcept {
        return {dept,       deptLeader, member,    deptMember, roleGroup, role,
                roleMember, admin,      deptLimit, user,       thirdAuth, passwordAuth};
    }
};

/**
 * Where the cells of a RowSink go: element i is the position in the table's columns of the i-th cell of a
 * decoded row. First upstreamColumns(t), then the upstream-owned columns that an extended record added, in
 * declared order.
 *
 * Columns that are not named stay as they are (null cells of an upsert); the corp column and `origin` are
 * filled by whoever writes the row. A client that knows nothing of an extension hands over fewer cells: the
 * rest is unknown.
 */
[[nodiscard]] inline std::vector<std::size_t> upstreamPositions(UpstreamTable t, RecordTables const& tables) {
    TableSchema const& schema = tables.upstream(t);
    std::vector<std::size_t> out;
    std::vector<bool> named(schema.columns.size(), false);
    for (std::string_view column : upstreamColumns(t)) {
        std::size_t const at = schema.find(column);
        out.push_back(at);
        if (at != TableSchema::npos) named[at] = true;
    }
    for (std::size_t i = 0; i < schema.columns.size(); ++i)
        if (!named[i] && schema.columns[i].owner == Owner::upstream) out.push_back(i);
    return out;
}

}  // namespace corps
