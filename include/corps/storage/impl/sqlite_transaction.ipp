#pragma once

#include <corps/error/error.hpp>
#include <corps/storage/detail/stored_schema.hpp>
#include <corps/storage/impl/sqlite_connection.ipp>
#include <corps/storage/impl/sqlite_store.ipp>

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace corps::detail {

class SqliteTransaction {
public:
    SqliteTransaction(std::shared_ptr<SqliteStore> store, bool writes)
        : store_(std::move(store)), writes_(writes) {
        store_->requireReady();
        if (!writes_) {
            reader_ = store_->takeReader();
            connection_ = reader_.get();
            connection_->run("BEGIN");
            connection_->checkFormat();
            return;
        }
        store_->beginWrite();
        try {
            connection_ = &store_->writer();
            connection_->run("BEGIN IMMEDIATE");
            connection_->checkFormat();
        } catch (...) {
            if (connection_ != nullptr) connection_->rollback();
            store_->endWrite();
            throw;
        }
    }
    SqliteTransaction(SqliteTransaction const&) = delete;
    SqliteTransaction& operator=(SqliteTransaction const&) = delete;
    ~SqliteTransaction() {
        connection_->rollback();
        if (writes_)
            store_->endWrite();
        else if (!failed_)
            store_->giveReader(std::move(reader_));
    }

    void commit() {
        requireSound();
        connection_->commit();
        store_->afterCommit(*connection_);
    }

    void scan(TableSchema const& t, std::size_t index, std::span<Cell const> prefix, RowVisitor f,
              void* context) {
        requireSound();
        checkPrefix(t, index, prefix);
        SqliteView& v = view(t);
        SqliteScan* scan = &v.scans[index][prefix.size()];
        SqliteScan nested;  // the prepared one is at work when a visitor scans the same way again
        if (scan->running) scan = &nested;
        if (!scan->statement) {
            scan->statement =
                guarded([&] { return connection_->prepare(sqliteScanText(t, index, prefix.size()), true); });
            scan->row.resize(t.columns.size());
        }
        struct Running {
            explicit Running(SqliteScan& s) noexcept : scan(s) { scan.running = true; }
            Running(Running const&) = delete;
            Running& operator=(Running const&) = delete;
            ~Running() {
                sqlite3_reset(scan.statement.get());
                scan.running = false;
            }
            SqliteScan& scan;
        };
        Running const running(*scan);
        sqlite3_stmt* const s = scan->statement.get();
        for (std::size_t i = 0; i < prefix.size(); ++i) {
            std::size_t const column = index == 0 ? i : t.indexes[index - 1].columns[i];
            if (!bind(s, static_cast<int>(i) + 1, t.columns[column].type, prefix[i], false)) return;
        }
        for (;;) {
            int const code = sqlite3_step(s);
            if (code == SQLITE_DONE) return;
            if (code != SQLITE_ROW) fail(code, t);
            for (std::size_t i = 0; i < t.columns.size(); ++i)
                scan->row[i] = cellAt(s, static_cast<int>(i), t);
            if (!f(scan->row, context)) return;
        }
    }

    void upsert(TableSchema const& t, std::span<Cell const> cells) {
        requireSound();
        if (!writes_) refuseWrite(t.name);
        checkRow(t, cells);
        SqliteView& v = view(t);
        if (!v.upsert) v.upsert = guarded([&] { return connection_->prepare(sqliteUpsertText(t), true); });
        sqlite3_stmt* const s = v.upsert.get();
        SqliteReset const reset(s);
        for (std::size_t i = 0; i < cells.size(); ++i)
            bind(s, static_cast<int>(i) + 1, t.columns[i].type, cells[i], true);
        int const code = sqlite3_step(s);
        if (code == SQLITE_CONSTRAINT_UNIQUE) refuseTaken(t);
        if (code != SQLITE_DONE) fail(code, t);
    }

    std::uint64_t erase(TableSchema const& t, std::span<Cell const> prefix) {
        requireSound();
        if (!writes_) refuseWrite(t.name);
        checkPrefix(t, 0, prefix);
        SqliteView& v = view(t);
        SqliteStatement& statement = v.erase[prefix.size()];
        if (!statement)
            statement =
                guarded([&] { return connection_->prepare(sqliteEraseText(t, prefix.size()), true); });
        SqliteReset const reset(statement.get());
        for (std::size_t i = 0; i < prefix.size(); ++i)
            if (!bind(statement.get(), static_cast<int>(i) + 1, t.columns[i].type, prefix[i], false))
                return 0;
        if (int const code = sqlite3_step(statement.get()); code != SQLITE_DONE) fail(code, t);
        return static_cast<std::uint64_t>(sqlite3_changes(connection_->db()));
    }

private:
    struct Known {
        TableSchema const* schema;
        SqliteView* view;
    };

    SqliteView& view(TableSchema const& t) {
        for (Known& known : known_) {
            if (known.schema != &t || known.view->schema.name != t.name ||
                known.view->schema.columns.size() != t.columns.size())
                continue;
            if (&known != &known_.front()) std::swap(known, known_.front());
            return *known_.front().view;
        }
        SqliteView* v = connection_->findView(t);
        if (v == nullptr) {
            store_->requireOpened(t);
            v = &connection_->addView(t);
        }
        known_.insert(known_.begin(), Known{&t, v});
        return *v;
    }

    void requireSound() const {
        if (failed_)
            throw Error(Errc::storage, "the transaction has failed and cannot go on",
                        atPlace(store_->file()));
    }
    // After a failure SQLite may have undone the whole transaction. What came later would be committed
    // without it.
    [[noreturn]] void fail(int code, TableSchema const& t) {
        failed_ = true;
        throw connection_->error(code, t.name);
    }
    template <class F>
    std::invoke_result_t<F&> guarded(F f) {
        try {
            return f();
        } catch (...) {
            failed_ = true;
            throw;
        }
    }
    [[noreturn]] void refuseTaken(TableSchema const& t) const {
        std::string const said = sqlite3_errmsg(connection_->db());  // names columns: "UNIQUE ...: t.a, t.b"
        for (IndexSchema const& index : t.indexes) {
            std::string columns;
            for (std::size_t c : index.columns)
                columns += (columns.empty() ? ": " : ", ") + t.name + "." + t.columns[c].name;
            if (index.unique && said.ends_with(columns)) throw takenBy(t, index);
        }
        throw Error(Errc::alreadyExists, "another row has the same cells in a unique index", atTable(t.name));
    }

    /** @return false for a corp that has no number and gets none here: no row can have it. */
    bool bind(sqlite3_stmt* s, int at, ColumnType type, Cell const& cell, bool mayAdd) {
        switch (cell.kind()) {
            case CellKind::null: connection_->check(sqlite3_bind_null(s, at)); return true;
            case CellKind::integer:
                connection_->check(sqlite3_bind_int64(s, at, cell.integer()));
                return true;
            case CellKind::blob: connection_->bindBlob(s, at, cell.bytes()); return true;
            case CellKind::text: break;
        }
        if (type != ColumnType::corp) {
            connection_->bindText(s, at, cell.bytes());
            return true;
        }
        std::int64_t const id = guarded([&] {
            return mayAdd ? connection_->corpIdOrNew(cell.bytes()) : connection_->corpId(cell.bytes());
        });
        connection_->check(sqlite3_bind_int64(s, at, id));
        return id != 0;
    }

    [[nodiscard]] Cell cellAt(sqlite3_stmt* s, int at, TableSchema const& t) {
        ColumnSchema const& column = t.columns[static_cast<std::size_t>(at)];
        switch (sqlite3_column_type(s, at)) {
            case SQLITE_NULL: return Cell();
            case SQLITE_INTEGER:
                if (column.type == ColumnType::integer) return Cell::integer(sqlite3_column_int64(s, at));
                if (column.type == ColumnType::corp)
                    return Cell::text(
                        guarded([&] { return connection_->corpName(sqlite3_column_int64(s, at)); }));
                break;
            case SQLITE_TEXT:
                if (column.type == ColumnType::text) return Cell::text(connection_->textAt(s, at));
                break;
            case SQLITE_BLOB:
                if (column.type == ColumnType::blob) {
                    auto const* bytes = static_cast<char const*>(sqlite3_column_blob(s, at));
                    return Cell::blob({bytes, static_cast<std::size_t>(sqlite3_column_bytes(s, at))});
                }
                break;
            default: break;
        }
        throw Error(Errc::storage,
                    "column " + column.name + " holds a value that is no " + columnTypeName(column.type),
                    atPlace(store_->file() + ", table " + t.name));
    }

    std::shared_ptr<SqliteStore> store_;
    std::unique_ptr<SqliteConnection> reader_;
    SqliteConnection* connection_ = nullptr;
    std::vector<Known> known_;
    bool const writes_;
    bool failed_ = false;
};

}  // namespace corps::detail
