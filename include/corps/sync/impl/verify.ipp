#pragma once

#include <corps/sync/detail/columns.hpp>
#include <corps/sync/detail/runs.hpp>
#include <corps/sync/detail/table_sum.hpp>
#include <corps/sync/detail/tables.hpp>
#include <corps/sync/engine.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace corps {
namespace detail {

/** Collects what is wrong, each thing as "Table key: what". */
class Problems {
public:
    explicit Problems(VerifyReport& out) : out_(out) {}
    Problems(Problems const&) = delete;
    Problems& operator=(Problems const&) = delete;
    ~Problems() = default;

    void add(TableSchema const& t, std::string_view key, std::string_view what) {
        out_.ok = false;
        if (out_.problems.size() >= kMost) {
            ++hidden_;
            return;
        }
        std::string text = t.name;
        if (!key.empty()) (text += ' ') += key;
        ((text += ": ") += what);
        out_.problems.push_back(std::move(text));
    }
    void finish() {
        if (hidden_ > 0) out_.problems.push_back("and " + std::to_string(hidden_) + " more");
    }

private:
    static constexpr std::size_t kMost = 100;
    VerifyReport& out_;
    std::size_t hidden_ = 0;
};

/** The key of a row, for a person: ids, without the corp. */
inline std::string keyText(TableSchema const& t, std::span<Cell const> row) {
    std::string out;
    for (std::size_t i = keyStart(t); i < t.keyColumns; ++i) {
        if (!out.empty()) out += ", ";
        out += row[i].kind() == CellKind::integer ? std::to_string(row[i].integer())
                                                  : std::string(row[i].bytes());
    }
    return out;
}

/** Compares the rows of a table with the sum of what was written; names the row where one alone differs. */
inline void verifySum(RowAccess& rows, TableSchema const& t, std::span<Cell const> prefix,
                      TableSum const& written, Problems& problems) {
    TableSum difference = written;
    rows.forEach(t, 0, prefix, [&](std::span<Cell const> row) { difference.subtract(rowSum(t, row).sum()); });
    if (difference.rows == RollingSum()) return;
    std::string key;
    rows.forEach(t, 0, prefix, [&](std::span<Cell const> row) {
        if (!rowSum(t, row).explains(difference)) return true;
        key = keyText(t, row);
        return false;
    });
    if (key.empty())
        problems.add(t, "", "rows are missing, or several are not what was written last");
    else
        problems.add(t, key, "it is not what was written last");
}

/** Set while what is kept beside the rows does not fit them. */
inline constexpr std::string_view kDamaged = "damaged";

/** After damage was found: the next sync decodes everything, and no plan that was made before is applied. */
inline void distrust(RowAccess& rows, std::string_view corp) {
    eraseRuns(rows, corp);
    StateValues values(rows, corp);
    values.setNumber(kGeneration, values.number(kGeneration).value_or(0) + 1);
    values.setBytes(kDamaged, "1");
}

/** After a sync that decoded everything: the rows are right again, so sums and counts follow them. */
inline void trustAgain(RowAccess& rows, RecordTables const& tables, std::string_view corp) {
    StateValues values(rows, corp);
    if (values.bytes(kDamaged).value_or(std::string()).empty()) return;
    values.setBytes(kDamaged, "");
    std::array<Cell, 1> const prefix{Cell::text(corp)};
    for (std::size_t i = 0; i < kUpstreamTables; ++i) {
        TableSchema const& t = tables.upstream(static_cast<UpstreamTable>(i));
        TableSum sum;
        rows.forEach(t, 0, prefix, [&](std::span<Cell const> row) { sum.add(rowSum(t, row).sum()); });
        values.setBytes(sumName(t.name), packSum(sum));
    }
    std::size_t const status = Columns(tables).member.status;
    std::int64_t active = 0;
    std::int64_t depts = 0;
    rows.forEach(*tables.member, 0, prefix, [&](std::span<Cell const> row) {
        if (row[status].kind() == CellKind::integer && row[status].integer() == 1) ++active;
    });
    rows.forEach(*tables.dept, 0, prefix, [&](std::span<Cell const>) { ++depts; });
    values.setNumber(kActiveMembers, active);
    values.setNumber(kDepartments, depts);
}

}  // namespace detail

CORPS_DECL VerifyReport verifyRows(RowAccess& rows, RecordTables const& tables, std::string_view corp) {
    VerifyReport out;
    detail::Problems problems(out);
    detail::Columns const c(tables);
    std::array<Cell, 1> const prefix{Cell::text(corp)};
    detail::StateValues values(rows, corp);
    for (std::size_t i = 0; i < kUpstreamTables; ++i) {
        TableSchema const& t = tables.upstream(static_cast<UpstreamTable>(i));
        std::string const sum = values.bytes(detail::sumName(t.name)).value_or(std::string());
        detail::verifySum(rows, t, prefix, detail::unpackSum(sum), problems);
    }

    std::map<std::string, std::string> parents;
    rows.forEach(*tables.dept, 0, prefix, [&](std::span<Cell const> row) {
        parents.emplace(row[c.dept.deptId].bytes(), row[c.dept.parentId].bytes());
    });
    for (auto const& [id, parent] : parents) {
        if (!parent.empty() && !parents.contains(parent))
            problems.add(*tables.dept, id, "its parent " + parent + " does not exist");
        std::string at = id;
        for (std::size_t steps = 0; !at.empty(); ++steps) {
            if (steps > parents.size()) {
                problems.add(*tables.dept, id, "it stands in a circle");
                break;
            }
            auto const it = parents.find(at);
            if (it == parents.end()) break;
            at = it->second;
        }
    }
    if (values.number(detail::kDepartments).value_or(0) != static_cast<std::int64_t>(parents.size()))
        problems.add(*tables.dept, "", "the count of departments is wrong");

    std::set<std::string, std::less<>> members;
    std::int64_t active = 0;
    rows.forEach(*tables.member, 0, prefix, [&](std::span<Cell const> row) {
        members.emplace(row[c.member.memberId].bytes());
        if (row[c.member.status].kind() == CellKind::integer && row[c.member.status].integer() == 1) ++active;
    });
    if (values.number(detail::kActiveMembers).value_or(0) != active)
        problems.add(*tables.member, "", "the count of active members is wrong");

    rows.forEach(*tables.deptMember, 0, prefix, [&](std::span<Cell const> row) {
        if (!parents.contains(std::string(row[c.deptMember.deptId].bytes())))
            problems.add(*tables.deptMember, detail::keyText(*tables.deptMember, row),
                         "the department does not exist");
        if (!members.contains(row[c.deptMember.memberId].bytes()))
            problems.add(*tables.deptMember, detail::keyText(*tables.deptMember, row),
                         "the member does not exist");
    });
    rows.forEach(*tables.deptLeader, 0, prefix, [&](std::span<Cell const> row) {
        if (!parents.contains(std::string(row[c.deptLeader.deptId].bytes())))
            problems.add(*tables.deptLeader, detail::keyText(*tables.deptLeader, row),
                         "the department does not exist");
    });

    std::set<std::string, std::less<>> roles;
    rows.forEach(*tables.role, 0, prefix,
                 [&](std::span<Cell const> row) { roles.emplace(row[c.role.roleId].bytes()); });
    rows.forEach(*tables.roleMember, 0, prefix, [&](std::span<Cell const> row) {
        if (row[c.roleMember.origin].bytes() == kOriginLocal)
            return;  // may sleep while its role or member is away
        if (!roles.contains(row[c.roleMember.roleId].bytes()))
            problems.add(*tables.roleMember, detail::keyText(*tables.roleMember, row),
                         "the role does not exist");
        if (!members.contains(row[c.roleMember.memberId].bytes()))
            problems.add(*tables.roleMember, detail::keyText(*tables.roleMember, row),
                         "the member does not exist");
    });
    problems.finish();
    return out;
}

}  // namespace corps
