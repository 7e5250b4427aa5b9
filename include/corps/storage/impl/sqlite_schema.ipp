#pragma once

#include <corps/error/error.hpp>
#include <corps/storage/detail/stored_schema.hpp>
#include <corps/storage/impl/sqlite_connection.ipp>

#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What tables a file has, and making those that are missing.
namespace corps::detail {

/** A table as the file has it. */
struct SqliteTable {
    TableSchema schema;
    std::vector<std::string> foreign;  ///< columns of types that are not ours: added by others, left alone
    bool exists = false;
};

/** A table as the file has it; one that does not exist has no columns. */
[[nodiscard]] inline SqliteTable loadSqliteTable(SqliteConnection& c, std::string const& name) {
    SqliteTable table;
    table.schema.name = name;
    SqliteStatement const columns =
        c.prepare("SELECT name, upper(type), pk FROM pragma_table_xinfo(?1) WHERE hidden IN (0, 2, 3)");
    c.bindText(columns.get(), 1, name);
    std::map<std::int64_t, ColumnSchema> key;
    std::vector<ColumnSchema> rest;
    int code = SQLITE_OK;
    while ((code = sqlite3_step(columns.get())) == SQLITE_ROW) {
        table.exists = true;
        ColumnSchema column{std::string(c.textAt(columns.get(), 0)), ColumnType::blob, Owner::local};
        std::string_view const type = c.textAt(columns.get(), 1);
        bool ours = false;
        for (ColumnType t : {ColumnType::corp, ColumnType::integer, ColumnType::text, ColumnType::blob}) {
            if (type != sqliteType(t)) continue;
            column.type = t;
            ours = true;
        }
        if (!ours) table.foreign.push_back(column.name);
        std::int64_t const at = sqlite3_column_int64(columns.get(), 2);
        if (at > 0)
            key.emplace(at, std::move(column));
        else
            rest.push_back(std::move(column));
    }
    if (code != SQLITE_DONE) throw c.error(code, name);
    for (auto& [at, column] : key) table.schema.columns.push_back(std::move(column));
    table.schema.keyColumns = key.size();
    std::move(rest.begin(), rest.end(), std::back_inserter(table.schema.columns));

    std::string const prefix = sqliteIndexName(name, "");
    for (bool unique : {false, true})
        for (std::string const& index :
             c.texts(unique ? "SELECT name FROM pragma_index_list(?1) WHERE \"unique\"=1"
                            : "SELECT name FROM pragma_index_list(?1) WHERE \"unique\"=0",
                     name)) {
            if (!index.starts_with(prefix)) continue;  // SQLite's for the key, or somebody's own
            IndexSchema is{index.substr(prefix.size()), {}, unique};
            for (std::string const& column :
                 c.texts("SELECT coalesce(name, '') FROM pragma_index_xinfo(?1) WHERE key=1 ORDER BY seqno",
                         index))
                is.columns.push_back(table.schema.find(column));
            table.schema.indexes.push_back(std::move(is));
        }
    return table;
}

inline void createSqliteTable(SqliteConnection& c, TableSchema const& t) {
    std::string text = "CREATE TABLE " + sqliteName(t.name) + "(";
    for (std::size_t i = 0; i < t.columns.size(); ++i)
        text += sqliteName(t.columns[i].name) + " " + sqliteType(t.columns[i].type) +
                (i < t.keyColumns ? " NOT NULL, " : ", ");
    // Without rowid the table is its key's tree: one search for a row, and neighbours by key lie
    // together.
    c.run(text + "PRIMARY KEY(" + sqliteColumnList(t, firstColumns(t.keyColumns)) + ")) WITHOUT ROWID");
}

inline void addSqliteIndex(SqliteConnection& c, TableSchema const& t, IndexSchema const& index) {
    SqliteStatement const statement =
        c.prepare(std::string("CREATE ") + (index.unique ? "UNIQUE " : "") + "INDEX " +
                  sqliteName(sqliteIndexName(t.name, index.name)) + " ON " + sqliteName(t.name) + "(" +
                  sqliteColumnList(t, index.columns) + ")");
    int const code = sqlite3_step(statement.get());
    if ((code & 0xff) == SQLITE_CONSTRAINT) throw takenBy(t, index);
    if (code != SQLITE_DONE) throw c.error(code, t.name);
}

/**
 * Makes what `tables` need beyond what the file has, and notes in `now` what it has then.
 * @return false, and nothing was done, when something is missing and `mayWrite` is false.
 */
inline bool prepareSqliteTables(SqliteConnection& c, std::span<TableSchema const* const> tables,
                                std::map<std::string, TableSchema, std::less<>>& now, bool mayWrite) {
    for (TableSchema const* t : tables) {
        SqliteTable had = loadSqliteTable(c, t->name);
        TableSchema& schema = now[t->name];
        schema = had.schema;
        if (!had.exists) {
            if (!mayWrite) return false;
            schema = *t;
            createSqliteTable(c, *t);
            had.schema.columns = t->columns;
        } else {
            for (ColumnSchema const& column : t->columns)
                if (std::find(had.foreign.begin(), had.foreign.end(), column.name) != had.foreign.end())
                    throw Error(Errc::storage,
                                "column " + column.name + " is stored with a type that is none of ours",
                                atTable(t->name));
            if (!widenTable(schema, *t)) continue;
            if (!mayWrite) return false;
        }
        for (std::size_t i = had.schema.columns.size(); i < schema.columns.size(); ++i)
            c.run("ALTER TABLE " + sqliteName(t->name) + " ADD COLUMN " + sqliteName(schema.columns[i].name) +
                  " " + sqliteType(schema.columns[i].type));
        for (std::size_t i = had.schema.indexes.size(); i < schema.indexes.size(); ++i)
            addSqliteIndex(c, schema, schema.indexes[i]);
    }
    return true;
}

}  // namespace corps::detail
