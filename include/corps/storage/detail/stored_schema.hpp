#pragma once

#include <corps/error/error.hpp>
#include <corps/model/cell.hpp>
#include <corps/model/table_schema.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

// What every storage has to check in the same way: schemas that are not ones, programs that disagree with
// what is stored, cells of the wrong kind.
namespace corps::detail {

[[nodiscard]] inline char const* columnTypeName(ColumnType t) noexcept {
    switch (t) {
        case ColumnType::corp: return "corp";
        case ColumnType::integer: return "integer";
        case ColumnType::text: return "text";
        case ColumnType::blob: return "blob";
    }
    return "unknown";
}

[[nodiscard]] inline Diagnostics atPlace(std::string place) {
    Diagnostics d;
    d.place = std::move(place);
    return d;
}

[[nodiscard]] inline Diagnostics atTable(std::string const& table) { return atPlace("table " + table); }

/** Refuses a schema that no storage could keep (Errc::invalidArgument). */
inline void checkTable(TableSchema const& t) {
    auto refuse = [&t](std::string message) {
        throw Error(Errc::invalidArgument, std::move(message), atTable(t.name));
    };
    if (t.name.empty()) refuse("a table needs a name");
    if (t.keyColumns == 0 || t.keyColumns > t.columns.size())
        refuse("a table needs key columns, and they come first");
    for (std::size_t i = 0; i < t.columns.size(); ++i) {
        if (t.columns[i].name.empty()) refuse("a column needs a name");
        if (t.find(t.columns[i].name) != i) refuse("two columns are named " + t.columns[i].name);
    }
    for (std::size_t i = 0; i < t.indexes.size(); ++i) {
        IndexSchema const& index = t.indexes[i];
        if (index.name.empty() || index.columns.empty()) refuse("an index needs a name and columns");
        for (std::size_t j = 0; j < i; ++j)
            if (t.indexes[j].name == index.name) refuse("two indexes are named " + index.name);
        for (std::size_t c : index.columns)
            if (c >= t.columns.size()) refuse("index " + index.name + " names a column that is not there");
    }
}

[[nodiscard]] inline IndexSchema const* findIndex(TableSchema const& t, std::string const& name) noexcept {
    auto at = std::find_if(t.indexes.begin(), t.indexes.end(),
                           [&](IndexSchema const& i) { return i.name == name; });
    return at == t.indexes.end() ? nullptr : &*at;
}

/**
 * Widens `stored`, a table as it is kept, to what `wanted` needs: columns and indexes it does not have yet
 * come last. A changed key, column type or index is refused with the name of table and column
 * (Errc::storage).
 * @return whether anything was added.
 */
inline bool widenTable(TableSchema& stored, TableSchema const& wanted) {
    auto refuse = [&wanted](std::string message) {
        throw Error(Errc::storage, std::move(message), atTable(wanted.name));
    };
    for (std::size_t i = 0; i < std::min(stored.keyColumns, wanted.keyColumns); ++i) {
        if (stored.columns[i].name != wanted.columns[i].name)
            refuse("the stored table has the key column " + stored.columns[i].name +
                   " where this program has " + wanted.columns[i].name);
    }
    if (stored.keyColumns > wanted.keyColumns)
        refuse("the stored table has one more key column, " + stored.columns[wanted.keyColumns].name);
    if (stored.keyColumns < wanted.keyColumns)
        refuse("column " + wanted.columns[stored.keyColumns].name + " is not part of the stored table's key");

    bool widened = false;
    for (ColumnSchema const& column : wanted.columns) {
        std::size_t const at = stored.find(column.name);
        if (at == TableSchema::npos) {
            stored.columns.push_back(column);
            widened = true;
        } else if (stored.columns[at].type != column.type) {
            refuse("column " + column.name + " is stored as " + columnTypeName(stored.columns[at].type) +
                   ", this program has it as " + columnTypeName(column.type));
        } else if (at < stored.keyColumns && wanted.find(column.name) >= wanted.keyColumns) {
            refuse("column " + column.name + " is part of the stored table's key");
        }
    }
    for (IndexSchema const& index : wanted.indexes) {
        IndexSchema added{index.name, {}, index.unique};
        for (std::size_t c : index.columns) added.columns.push_back(stored.find(wanted.columns[c].name));
        if (IndexSchema const* had = findIndex(stored, index.name)) {
            if (had->columns != added.columns || had->unique != added.unique)
                refuse("index " + index.name + " is stored with other columns");
        } else {
            stored.indexes.push_back(std::move(added));
            widened = true;
        }
    }
    return widened;
}

[[nodiscard]] inline bool fits(CellKind kind, ColumnType type) noexcept {
    switch (kind) {
        case CellKind::null: return true;
        case CellKind::integer: return type == ColumnType::integer;
        case CellKind::text: return type == ColumnType::text || type == ColumnType::corp;
        case CellKind::blob: return type == ColumnType::blob;
    }
    return false;
}

[[noreturn]] inline void refuseCell(TableSchema const& t, std::size_t column) {
    throw Error(Errc::invalidArgument,
                "column " + t.columns[column].name + " takes " + columnTypeName(t.columns[column].type) +
                    (column < t.keyColumns ? ", never null" : ""),
                atTable(t.name));
}

/** Refuses cells that are no row of `t` (Errc::invalidArgument). */
inline void checkRow(TableSchema const& t, std::span<Cell const> cells) {
    if (cells.size() != t.columns.size())
        throw Error(Errc::invalidArgument, "a row needs one cell for each column", atTable(t.name));
    for (std::size_t i = 0; i < cells.size(); ++i)
        if (!fits(cells[i].kind(), t.columns[i].type) || (i < t.keyColumns && cells[i].isNull()))
            refuseCell(t, i);
}

/** Refuses cells that are no prefix of the key or index (Errc::invalidArgument). */
inline void checkPrefix(TableSchema const& t, std::size_t index, std::span<Cell const> prefix) {
    if (index > t.indexes.size())
        throw Error(Errc::invalidArgument, "there is no such index", atTable(t.name));
    std::size_t const most = index == 0 ? t.keyColumns : t.indexes[index - 1].columns.size();
    if (prefix.size() > most)
        throw Error(Errc::invalidArgument, "a prefix with more cells than the index has columns",
                    atTable(t.name));
    for (std::size_t i = 0; i < prefix.size(); ++i) {
        std::size_t const column = index == 0 ? i : t.indexes[index - 1].columns[i];
        if (!fits(prefix[i].kind(), t.columns[column].type)) refuseCell(t, column);
    }
}

[[noreturn]] inline void refuseUnopened(std::string const& table) {
    throw Error(Errc::invalidArgument,
                "the storage was not opened with this table, or not with all its columns and indexes",
                atTable(table));
}

[[noreturn]] inline void refuseWrite(std::string const& table) {
    throw Error(Errc::invalidArgument, "a read transaction cannot write", atTable(table));
}

/** The Error of a unique index; names the columns, never the values. */
[[nodiscard]] inline Error takenBy(TableSchema const& t, IndexSchema const& index) {
    std::string columns;
    for (std::size_t c : index.columns) columns += (columns.empty() ? "" : ", ") + t.columns[c].name;
    return Error(Errc::alreadyExists, "another row has the same " + columns, atTable(t.name));
}

}  // namespace corps::detail
