#pragma once

#include <corps/error/error.hpp>
#include <corps/sync/corp_reader.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <set>

namespace corps {
namespace detail {

/** A handful of keys is looked up, one by one. */
inline constexpr std::size_t kWorthScanning = 64;

inline void sortUnique(std::vector<std::string>& v) {
    std::sort(v.begin(), v.end());
    v.erase(std::unique(v.begin(), v.end()), v.end());
}

[[nodiscard]] inline Error unknownId(std::string_view what, std::string_view id) {
    Diagnostics d;
    d.place = std::string(what) + " " + std::string(id);
    return Error(Errc::notFound, "there is no such " + std::string(what), std::move(d));
}

/** The index whose columns are the corp and then `column`, for scanRows; 0 (the key) when it starts with that
 * column. */
[[nodiscard]] inline std::optional<std::size_t> lookUpBy(TableSchema const& t, std::string_view column) {
    if (t.keyColumns > 1 && t.columns[1].name == column) return 0;
    for (std::size_t i = 0; i < t.indexes.size(); ++i)
        if (t.indexes[i].columns.size() > 1 && t.columns[t.indexes[i].columns[1]].name == column)
            return i + 1;
    return std::nullopt;
}

[[nodiscard]] inline std::size_t columnOf(TableSchema const& t, std::string_view column) {
    std::size_t const at = t.find(column);
    if (at == TableSchema::npos)
        throw Error(Errc::invalidArgument, "the table " + t.name + " has no column " + std::string(column));
    return at;
}

}  // namespace detail

CORPS_DECL CorpReader::CorpReader(RowAccess& rows, RecordTables const& tables, std::string_view corp)
    : rows_(rows),
      tables_(tables),
      corp_(corp),
      status_(detail::columnOf(*tables.member, "status")),
      localStatus_(detail::columnOf(*tables.member, "localStatus")) {}

CORPS_DECL MemberStatus CorpReader::statusOf(RowView member) const noexcept {
    constexpr auto kResigned = static_cast<std::int64_t>(MemberStatus::resigned);
    bool const resigned =
        member[status_].integer() == kResigned || member[localStatus_].integer() == kResigned;
    return resigned ? MemberStatus::resigned : MemberStatus::active;
}

CORPS_DECL void CorpReader::visitAll(TableSchema const& t, FunctionRef<bool(RowView)> f) const {
    std::array<Cell, 1> const key{Cell::text(corp_)};
    rows_.forEach(t, 0, key, [&](RowView row) { return f(row); });
}

CORPS_DECL bool CorpReader::visitOne(TableSchema const& t, std::string_view id,
                                     FunctionRef<void(RowView)> f) const {
    std::array<Cell, 2> const key{Cell::text(corp_), Cell::text(id)};
    bool found = false;
    rows_.forEach(t, 0, key, [&](RowView row) {
        found = true;
        f(row);
        return false;
    });
    return found;
}

CORPS_DECL bool CorpReader::visitUser(std::string_view userId, FunctionRef<void(RowView)> f) const {
    std::array<Cell, 1> const key{Cell::text(userId)};
    bool found = false;
    rows_.forEach(*tables_.user, 0, key, [&](RowView row) {
        found = true;
        f(row);
        return false;
    });
    return found;
}

CORPS_DECL void CorpReader::visitMembers(StatusFilter filter, MemberVisitor f) const {
    visitAll(*tables_.member, [&](RowView row) {
        MemberStatus const status = statusOf(row);
        return !matches(filter, status) || f(row, status);
    });
}

CORPS_DECL void CorpReader::visitMember(MemberId const& id, MemberVisitor f) const {
    bool const found = visitOne(*tables_.member, id.view(), [&](RowView row) { f(row, statusOf(row)); });
    if (!found) throw detail::unknownId("member", id.view());
}

CORPS_DECL void CorpReader::visitMembers(std::vector<std::string> ids, StatusFilter filter,
                                         MemberVisitor f) const {
    detail::sortUnique(ids);
    std::vector<std::string_view> const keys(ids.begin(), ids.end());
    visitEach(*tables_.member, std::nullopt, keys, [&](RowView row) {
        MemberStatus const status = statusOf(row);
        return !matches(filter, status) || f(row, status);
    });
}

CORPS_DECL void CorpReader::visitEach(TableSchema const& t, std::optional<std::string_view> under,
                                      std::span<std::string_view const> keys,
                                      FunctionRef<bool(RowView)> f) const {
    std::array<Cell, 3> key{Cell::text(corp_)};
    std::size_t column = 1;
    if (under) key[column++] = Cell::text(*under);
    std::size_t next = 0;
    bool more = true;
    // A row that a scan passes costs about a third of a look-up. How many there are is not known, so a scan
    // that does not pay is given up; what it has passed is settled.
    std::size_t const worthScanning = keys.size() < detail::kWorthScanning ? 0 : 2 * keys.size();
    if (worthScanning > 0) {
        std::size_t passed = 0;
        bool whole = true;
        rows_.forEach(t, 0, std::span<Cell const>(key.data(), column), [&](RowView row) {
            std::string_view const at = row[column].bytes();
            while (next < keys.size() && keys[next] < at) ++next;
            if (next < keys.size() && keys[next] == at) {
                ++next;
                more = f(row);
            }
            if (!more || next == keys.size()) return false;
            whole = ++passed < worthScanning;
            return whole;
        });
        if (whole) return;
    }
    for (; more && next < keys.size(); ++next) {
        key[column] = Cell::text(keys[next]);
        rows_.forEach(t, 0, std::span<Cell const>(key.data(), column + 1), [&](RowView row) {
            more = f(row);
            return false;
        });
    }
}

CORPS_DECL void CorpReader::visitBy(TableSchema const& t, std::string_view column, std::string_view value,
                                    FunctionRef<bool(RowView)> f) const {
    std::size_t const at = detail::columnOf(t, column);
    std::optional<std::size_t> const index = detail::lookUpBy(t, column);
    std::array<Cell, 2> const prefix{Cell::text(corp_), Cell::text(value)};
    std::span<Cell const> const key(prefix.data(), index ? 2 : 1);
    rows_.forEach(t, index.value_or(0), key,
                  [&](RowView row) { return row[at].isNull() || row[at].bytes() != value || f(row); });
}

CORPS_DECL void CorpReader::visitMembersBy(std::string_view column, std::string_view value,
                                           MemberVisitor f) const {
    visitBy(*tables_.member, column, value, [&](RowView row) { return f(row, statusOf(row)); });
}

CORPS_DECL std::optional<MemberStatus> CorpReader::findStatus(std::string_view memberId) const {
    std::optional<MemberStatus> out;
    visitOne(*tables_.member, memberId, [&](RowView row) { out = statusOf(row); });
    return out;
}

CORPS_DECL std::vector<std::string> CorpReader::activeMembers() const {
    std::vector<std::string> out;
    visitMembers(StatusFilter::active, [&](RowView row, MemberStatus) {
        out.emplace_back(row[1].bytes());
        return true;
    });
    return out;
}

CORPS_DECL std::vector<DeptId> CorpReader::pathOf(std::string_view deptId) const {
    std::size_t const parent = detail::columnOf(*tables_.dept, "parentId");
    std::vector<DeptId> out;
    std::string at(deptId);
    while (!at.empty()) {
        std::string next;
        if (!visitOne(*tables_.dept, at, [&](RowView row) { next = row[parent].bytes(); })) break;
        DeptId const id(at);
        if (std::find(out.begin(), out.end(), id) != out.end()) break;  // a cycle: verify() names it
        out.push_back(id);
        at = std::move(next);
    }
    std::reverse(out.begin(), out.end());
    return out;
}

CORPS_DECL std::vector<std::string> CorpReader::childrenOf(std::string_view deptId) const {
    std::vector<std::string> out;
    visitBy(*tables_.dept, "parentId", deptId, [&](RowView row) {
        out.emplace_back(row[1].bytes());
        return true;
    });
    std::sort(out.begin(), out.end());
    return out;
}

CORPS_DECL std::vector<std::string> CorpReader::subtree(std::string_view deptId) const {
    std::vector<std::string> out;
    std::set<std::string, std::less<>> seen;
    std::vector<std::string> open{std::string(deptId)};
    while (!open.empty()) {
        std::string at = std::move(open.back());
        open.pop_back();
        if (!seen.insert(at).second) continue;
        std::vector<std::string> const children = childrenOf(at);
        open.insert(open.end(), children.rbegin(), children.rend());
        out.push_back(std::move(at));
    }
    return out;
}

CORPS_DECL void CorpReader::visitLeaders(std::string_view deptId, FunctionRef<bool(RowView)> f) const {
    std::array<Cell, 2> const key{Cell::text(corp_), Cell::text(deptId)};
    rows_.forEach(*tables_.deptLeader, 0, key, [&](RowView row) { return f(row); });
}

CORPS_DECL void CorpReader::visitDeptsOf(std::string_view memberId, FunctionRef<bool(RowView)> f) const {
    visitBy(*tables_.deptMember, "memberId", memberId, f);
}

CORPS_DECL void CorpReader::visitRolesOf(std::string_view memberId, FunctionRef<bool(RowView)> f) const {
    visitBy(*tables_.roleMember, "memberId", memberId, f);
}

CORPS_DECL bool CorpReader::hasDept(std::string_view id) const {
    return visitOne(*tables_.dept, id, [](RowView) {});
}
CORPS_DECL bool CorpReader::hasRole(std::string_view id) const {
    return visitOne(*tables_.role, id, [](RowView) {});
}
CORPS_DECL bool CorpReader::hasRoleGroup(std::string_view id) const {
    return visitOne(*tables_.roleGroup, id, [](RowView) {});
}

CORPS_DECL bool CorpReader::hasChildren(std::string_view deptId) const {
    bool found = false;
    visitBy(*tables_.dept, "parentId", deptId, [&](RowView) {
        found = true;
        return false;
    });
    return found;
}

CORPS_DECL std::string CorpReader::rootDeptId() const {
    std::vector<std::string> const roots = childrenOf("");
    return roots.empty() ? std::string() : roots.front();
}

CORPS_DECL std::vector<std::string> CorpReader::membersOf(std::vector<std::string> const& deptIds) const {
    std::vector<std::string> out;
    for (std::string const& dept : deptIds) {
        std::array<Cell, 2> const key{Cell::text(corp_), Cell::text(dept)};
        rows_.forEach(*tables_.deptMember, 0, key, [&](RowView row) { out.emplace_back(row[2].bytes()); });
    }
    detail::sortUnique(out);
    return out;
}

CORPS_DECL bool CorpReader::standsIn(std::string_view deptId, std::string_view memberId) const {
    return visitPair(*tables_.deptMember, deptId, memberId, [](RowView) {});
}
CORPS_DECL bool CorpReader::leads(std::string_view deptId, std::string_view memberId) const {
    return visitPair(*tables_.deptLeader, deptId, memberId, [](RowView) {}) &&
           findStatus(memberId) != MemberStatus::resigned;
}

CORPS_DECL bool CorpReader::visitPair(TableSchema const& t, std::string_view first, std::string_view second,
                                      FunctionRef<void(RowView)> f) const {
    std::array<Cell, 3> const key{Cell::text(corp_), Cell::text(first), Cell::text(second)};
    bool found = false;
    rows_.forEach(t, 0, key, [&](RowView row) {
        found = true;
        f(row);
        return false;
    });
    return found;
}

CORPS_DECL std::vector<std::string> CorpReader::rolesOf(std::string_view memberId) const {
    std::vector<std::string> out;
    visitRolesOf(memberId, [&](RowView row) {
        out.emplace_back(row[1].bytes());
        return true;
    });
    detail::sortUnique(out);
    std::erase_if(out, [this](std::string const& id) { return !hasRole(id); });
    return out;
}

CORPS_DECL std::vector<std::string> CorpReader::withRole(std::string_view roleId) const {
    std::array<Cell, 2> const key{Cell::text(corp_), Cell::text(roleId)};
    std::vector<std::string> out;
    rows_.forEach(*tables_.roleMember, 0, key, [&](RowView row) { out.emplace_back(row[2].bytes()); });
    detail::sortUnique(out);
    return out;
}

CORPS_DECL std::vector<std::string> CorpReader::admins() const {
    std::vector<std::string> out;
    visitAll(*tables_.admin, [&](RowView row) {
        out.emplace_back(row[1].bytes());
        return true;
    });
    detail::sortUnique(out);
    std::erase_if(out, [this](std::string const& id) { return findStatus(id) != MemberStatus::active; });
    return out;
}

CORPS_DECL std::vector<std::string> CorpReader::deptLimit(std::string_view roleId,
                                                          std::string_view memberId) const {
    std::array<Cell, 3> const key{Cell::text(corp_), Cell::text(roleId), Cell::text(memberId)};
    std::vector<std::string> out;
    rows_.forEach(*tables_.deptLimit, 0, key, [&](RowView row) { out.emplace_back(row[3].bytes()); });
    return out;
}

CORPS_DECL std::string CorpReader::memberText(MemberId const& id, std::string_view column) const {
    std::size_t const at = detail::columnOf(*tables_.member, column);
    std::string out;
    visitMember(id, [&](RowView row, MemberStatus) {
        out = row[at].bytes();
        return true;
    });
    return out;
}

CORPS_DECL void CorpReader::requireMember(std::string_view id) const {
    if (!findStatus(id)) throw detail::unknownId("member", id);
}
CORPS_DECL void CorpReader::requireMembers(std::span<std::string_view const> ids) const {
    std::size_t found = 0;  // so many of the first ids
    visitEach(*tables_.member, std::nullopt, ids, [&](RowView row) {
        bool const all = row[1].bytes() == ids[found];
        if (all) ++found;
        return all;
    });
    if (found < ids.size()) throw detail::unknownId("member", ids[found]);
}
CORPS_DECL void CorpReader::requireDept(std::string_view id) const {
    if (!hasDept(id)) throw detail::unknownId("department", id);
}
CORPS_DECL void CorpReader::requireRole(std::string_view id) const {
    if (!hasRole(id)) throw detail::unknownId("role", id);
}
CORPS_DECL void CorpReader::requireRoleGroup(std::string_view id) const {
    if (!hasRoleGroup(id)) throw detail::unknownId("role group", id);
}

}  // namespace corps
