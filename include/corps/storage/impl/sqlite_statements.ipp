#pragma once

#include <corps/model/cell.hpp>
#include <corps/model/table_schema.hpp>

#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The texts of the statements that rows need, and statements that are prepared once.
namespace corps::detail {

[[nodiscard]] inline std::string sqliteName(std::string_view name) {
    std::string quoted = "\"";
    for (char c : name) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + '"';
}

[[nodiscard]] inline std::string sqliteIndexName(std::string const& table, std::string const& index) {
    return table + "." + index;
}

[[nodiscard]] inline char const* sqliteType(ColumnType t) noexcept {
    switch (t) {
        case ColumnType::corp: return "CORP INTEGER";
        case ColumnType::integer: return "INTEGER";
        case ColumnType::text: return "TEXT";
        case ColumnType::blob: break;
    }
    return "BLOB";
}

class SqliteStatement {
public:
    SqliteStatement() = default;
    explicit SqliteStatement(sqlite3_stmt* s) noexcept : statement_(s) {}
    SqliteStatement(SqliteStatement&& other) noexcept
        : statement_(std::exchange(other.statement_, nullptr)) {}
    SqliteStatement& operator=(SqliteStatement&& other) noexcept {
        std::swap(statement_, other.statement_);
        return *this;
    }
    ~SqliteStatement() { sqlite3_finalize(statement_); }

    explicit operator bool() const noexcept { return statement_ != nullptr; }
    [[nodiscard]] sqlite3_stmt* get() const noexcept { return statement_; }

private:
    sqlite3_stmt* statement_ = nullptr;
};

/** Leaves a statement ready for its next use, however its use ended. */
class SqliteReset {
public:
    explicit SqliteReset(sqlite3_stmt* s) noexcept : statement_(s) {}
    SqliteReset(SqliteReset const&) = delete;
    SqliteReset& operator=(SqliteReset const&) = delete;
    ~SqliteReset() { sqlite3_reset(statement_); }

private:
    sqlite3_stmt* statement_;
};

/** A scan prepared once, and room for the row it is at. */
struct SqliteScan {
    SqliteStatement statement;
    std::vector<Cell> row;
    bool running = false;
};

/** A schema of the caller on one connection, with what was prepared for it. */
struct SqliteView {
    TableSchema schema;
    SqliteStatement upsert;
    std::vector<SqliteStatement> erase;          ///< by length of the prefix
    std::vector<std::vector<SqliteScan>> scans;  ///< by index and length of the prefix

    explicit SqliteView(TableSchema const& t)
        : schema(t), erase(t.keyColumns + 1), scans(t.indexes.size() + 1) {
        scans[0].resize(t.keyColumns + 1);
        for (std::size_t i = 0; i < t.indexes.size(); ++i)
            scans[i + 1].resize(t.indexes[i].columns.size() + 1);
    }
    [[nodiscard]] bool isOf(TableSchema const& t) const noexcept {
        return schema.name == t.name && schema.keyColumns == t.keyColumns &&
               std::equal(
                   schema.columns.begin(), schema.columns.end(), t.columns.begin(), t.columns.end(),
                   [](auto const& a, auto const& b) { return a.type == b.type && a.name == b.name; }) &&
               std::equal(
                   schema.indexes.begin(), schema.indexes.end(), t.indexes.begin(), t.indexes.end(),
                   [](auto const& a, auto const& b) { return a.name == b.name && a.columns == b.columns; });
    }
};

[[nodiscard]] inline std::string sqliteColumnList(TableSchema const& t,
                                                  std::vector<std::size_t> const& columns) {
    std::string list;
    for (std::size_t c : columns) list += (list.empty() ? "" : ",") + sqliteName(t.columns[c].name);
    return list;
}

[[nodiscard]] inline std::vector<std::size_t> firstColumns(std::size_t n) {
    std::vector<std::size_t> columns(n);
    for (std::size_t i = 0; i < n; ++i) columns[i] = i;
    return columns;
}

[[nodiscard]] inline std::string sqliteScanText(TableSchema const& t, std::size_t index, std::size_t prefix) {
    std::vector<std::size_t> order = index == 0 ? firstColumns(t.keyColumns) : t.indexes[index - 1].columns;
    // IS also finds null, which a key never has.
    std::string where;
    for (std::size_t i = 0; i < prefix; ++i)
        where += (i == 0 ? " WHERE " : " AND ") + sqliteName(t.columns[order[i]].name) +
                 (index == 0 ? "=?" : " IS ?") + std::to_string(i + 1);
    for (std::size_t i = 0; i < t.keyColumns; ++i)
        if (std::find(order.begin(), order.end(), i) == order.end()) order.push_back(i);
    // Named, so that the order comes from the index and never from sorting.
    std::string const by =
        index == 0 ? "sqlite_autoindex_" + t.name + "_1" : sqliteIndexName(t.name, t.indexes[index - 1].name);
    return "SELECT " + sqliteColumnList(t, firstColumns(t.columns.size())) + " FROM " + sqliteName(t.name) +
           " INDEXED BY " + sqliteName(by) + where + " ORDER BY " + sqliteColumnList(t, order);
}

[[nodiscard]] inline std::string sqliteUpsertText(TableSchema const& t) {
    std::string values;
    std::string set;
    std::string differs;
    for (std::size_t i = 0; i < t.columns.size(); ++i) {
        values += (i == 0 ? "?" : ",?") + std::to_string(i + 1);
        if (i < t.keyColumns) continue;
        std::string const name = sqliteName(t.columns[i].name);
        std::string const stored = sqliteName(t.name) + "." + name;
        set += (set.empty() ? " DO UPDATE SET " : ",") + name + "=coalesce(excluded." + name + "," + stored +
               ")";
        // An equal row is not rewritten: nothing changed, so nothing reaches the file.
        differs += (differs.empty() ? " WHERE " : " OR ") + ("(excluded." + name) +
                   " IS NOT NULL AND excluded." + name + " IS NOT " + stored + ")";
    }
    return "INSERT INTO " + sqliteName(t.name) + "(" + sqliteColumnList(t, firstColumns(t.columns.size())) +
           ") VALUES(" + values + ") ON CONFLICT(" + sqliteColumnList(t, firstColumns(t.keyColumns)) + ")" +
           (set.empty() ? " DO NOTHING" : set + differs);
}

[[nodiscard]] inline std::string sqliteEraseText(TableSchema const& t, std::size_t prefix) {
    std::string text = "DELETE FROM " + sqliteName(t.name);
    for (std::size_t i = 0; i < prefix; ++i)
        text += (i == 0 ? " WHERE " : " AND ") + sqliteName(t.columns[i].name) + "=?" + std::to_string(i + 1);
    return text;
}

}  // namespace corps::detail
