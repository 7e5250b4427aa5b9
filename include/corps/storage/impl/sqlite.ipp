#pragma once

#include <corps/error/error.hpp>
#include <corps/storage/detail/stored_schema.hpp>
#include <corps/storage/sqlite.hpp>

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <unistd.h>
#include <unordered_map>
#include <utility>
#include <vector>

#ifndef F_OFD_SETLK
#error "corps: SqliteStorage needs locks of open file descriptions (F_OFD_SETLK)"
#endif

namespace corps {
namespace detail {

// In the header of every file of ours ("corp"), so that tools can tell it and no other program's file is
// taken for one.
inline constexpr std::int64_t kSqliteApplicationId = 0x636f7270;
// Raised when an older library could not read, or would damage, what this one writes.
inline constexpr std::int64_t kSqliteFormat = 1;

[[nodiscard]] inline char const* sqliteProblem(int code) noexcept {
    switch (code & 0xff) {
        case SQLITE_NOTADB: return "the file is not a database";
        case SQLITE_CORRUPT: return "the database file is damaged";
        case SQLITE_FULL: return "the disk is full";
        case SQLITE_READONLY: return "the database file cannot be written to";
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return "the database file is locked by another writer";
        case SQLITE_CANTOPEN: return "the database file cannot be opened";
        case SQLITE_IOERR: return "reading or writing the database file failed";
        case SQLITE_PERM:
        case SQLITE_AUTH: return "access to the database file is denied";
        case SQLITE_NOMEM: return "out of memory in the database";
        case SQLITE_TOOBIG: return "a value is larger than the database can keep";
        default: return "the database failed";
    }
}

/** Our words, then SQLite's own in brackets; those name tables and columns but never quote values. */
[[nodiscard]] inline Error sqliteError(sqlite3* db, int code, std::string place) {
    std::string message = sqliteProblem(code);
    message += " (SQLite ";
    message += std::to_string(code);
    message += ": ";
    message +=
        db != nullptr && sqlite3_extended_errcode(db) == code ? sqlite3_errmsg(db) : sqlite3_errstr(code);
    int const system = db == nullptr ? 0 : sqlite3_system_errno(db);
    if (system != 0 &&
        ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN || (code & 0xff) == SQLITE_FULL))
        message += "; " + std::system_category().message(system);
    return Error(Errc::storage, message + ")", atPlace(std::move(place)));
}

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

/** One connection; used by one thread at a time. */
class SqliteConnection {
public:
    /** @param file absolute, so that SQLite sees neither a URI nor one of its special names in it. */
    SqliteConnection(std::string file, SqliteOptions const& options, bool writes) : file_(std::move(file)) {
        int const flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                          (writes ? SQLITE_OPEN_CREATE : 0);
        int const code = sqlite3_open_v2(file_.c_str(), &db_, flags, nullptr);
        try {
            if (db_ != nullptr) sqlite3_extended_result_codes(db_, 1);
            if (code != SQLITE_OK)
                throw sqliteError(db_, db_ == nullptr ? code : sqlite3_extended_errcode(db_), file_);
            sqlite3_busy_timeout(
                db_, static_cast<int>(std::clamp<std::int64_t>(options.busyTimeout.count(), 0, 1 << 30)));
            // The schema of a file comes from whoever wrote it: it may not call functions.
            run("PRAGMA trusted_schema=OFF");
            run("PRAGMA cache_size=-" +
                std::to_string(writes ? std::min<std::uint64_t>(options.cacheBytes / 1024 + 1, 1U << 30U)
                                      : 2048));
            if (!writes) run("PRAGMA query_only=ON");
        } catch (...) {
            sqlite3_close_v2(db_);
            throw;
        }
    }
    SqliteConnection(SqliteConnection const&) = delete;
    SqliteConnection& operator=(SqliteConnection const&) = delete;
    ~SqliteConnection() {
        views_.clear();
        format_ = SqliteStatement();
        corpName_ = SqliteStatement();
        corpId_ = SqliteStatement();
        addCorp_ = SqliteStatement();
        sqlite3_close_v2(db_);
    }

    [[nodiscard]] sqlite3* db() const noexcept { return db_; }
    [[nodiscard]] Error error(int code, std::string const& table = std::string()) const {
        return sqliteError(db_, code, table.empty() ? file_ : file_ + ", table " + table);
    }

    [[nodiscard]] SqliteStatement prepare(std::string const& text, bool keep = false) {
        sqlite3_stmt* statement = nullptr;
        int const code = sqlite3_prepare_v3(db_, text.c_str(), static_cast<int>(text.size() + 1),
                                            keep ? SQLITE_PREPARE_PERSISTENT : 0, &statement, nullptr);
        if (code != SQLITE_OK) throw error(code);
        return SqliteStatement(statement);
    }
    /** Runs a statement to its end; @return the integer in the first column of its first row, or 0. */
    std::int64_t run(std::string const& text) {
        SqliteStatement const statement = prepare(text);
        std::int64_t value = 0;
        int code = sqlite3_step(statement.get());
        if (code == SQLITE_ROW) value = sqlite3_column_int64(statement.get(), 0);
        while (code == SQLITE_ROW) code = sqlite3_step(statement.get());
        if (code != SQLITE_DONE) throw error(code);
        return value;
    }
    /** The first column of all rows, as text. */
    [[nodiscard]] std::vector<std::string> texts(std::string const& text, std::string const& argument) {
        SqliteStatement const statement = prepare(text);
        bindText(statement.get(), 1, argument);
        std::vector<std::string> all;
        int code = SQLITE_OK;
        while ((code = sqlite3_step(statement.get())) == SQLITE_ROW)
            all.emplace_back(textAt(statement.get(), 0));
        if (code != SQLITE_DONE) throw error(code);
        return all;
    }

    [[nodiscard]] bool inTransaction() const noexcept { return sqlite3_get_autocommit(db_) == 0; }
    void rollback() noexcept {
        if (inTransaction()) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
        if (corpsAdded_) {
            corpIds_.clear();
            corpNames_.clear();
            corpsAdded_ = false;
            lastCorp_ = {};
        }
    }
    void commit() {
        run("COMMIT");
        corpsAdded_ = false;
    }

    /** Reads what a transaction needs to know first; with that its view is fixed. */
    void checkFormat() {
        if (!format_) format_ = prepare("SELECT value FROM corps_meta WHERE name='format'", true);
        SqliteReset const reset(format_.get());
        int const code = sqlite3_step(format_.get());
        if (code != SQLITE_ROW && code != SQLITE_DONE) throw error(code);
        std::int64_t const format = code == SQLITE_ROW ? sqlite3_column_int64(format_.get(), 0) : 0;
        if (format > kSqliteFormat)
            throw Error(Errc::storageTooNew,
                        "the file has format " + std::to_string(format) +
                            ", this version understands up to " + std::to_string(kSqliteFormat),
                        atPlace(file_));
        if (format < 1) throw Error(Errc::storage, "the file lacks its format", atPlace(file_));
    }

    /** The number of a corp, or 0 when it has none. */
    [[nodiscard]] std::int64_t corpId(std::string_view name) {
        if (lastCorp_.second != 0 && lastCorp_.first == name) return lastCorp_.second;
        auto const known = corpIds_.find(name);
        if (known != corpIds_.end()) {
            lastCorp_ = {known->first, known->second};
            return known->second;
        }
        if (!corpId_) corpId_ = prepare("SELECT id FROM corps_names WHERE name=?1", true);
        SqliteReset const reset(corpId_.get());
        bindText(corpId_.get(), 1, name);
        int const code = sqlite3_step(corpId_.get());
        if (code == SQLITE_DONE) return 0;
        if (code != SQLITE_ROW) throw error(code, "corps_names");
        return remember(name, sqlite3_column_int64(corpId_.get(), 0));
    }
    [[nodiscard]] std::int64_t corpIdOrNew(std::string_view name) {
        if (std::int64_t const id = corpId(name); id != 0) return id;
        if (!addCorp_) addCorp_ = prepare("INSERT INTO corps_names(name) VALUES(?1)", true);
        SqliteReset const reset(addCorp_.get());
        bindText(addCorp_.get(), 1, name);
        if (int const code = sqlite3_step(addCorp_.get()); code != SQLITE_DONE)
            throw error(code, "corps_names");
        corpsAdded_ = true;
        return remember(name, sqlite3_last_insert_rowid(db_));
    }
    [[nodiscard]] std::string_view corpName(std::int64_t id) {
        auto const known = corpNames_.find(id);
        if (known != corpNames_.end()) return known->second;
        if (!corpName_) corpName_ = prepare("SELECT name FROM corps_names WHERE id=?1", true);
        SqliteReset const reset(corpName_.get());
        check(sqlite3_bind_int64(corpName_.get(), 1, id));
        int const code = sqlite3_step(corpName_.get());
        if (code != SQLITE_ROW && code != SQLITE_DONE) throw error(code, "corps_names");
        if (code == SQLITE_DONE)
            throw Error(Errc::storage, "a row belongs to a corp without a name",
                        atPlace(file_ + ", table corps_names"));
        return corpNames_.emplace(id, std::string(textAt(corpName_.get(), 0))).first->second;
    }

    [[nodiscard]] SqliteView* findView(TableSchema const& t) noexcept {
        for (std::unique_ptr<SqliteView> const& v : views_)
            if (v->isOf(t)) return v.get();
        return nullptr;
    }
    [[nodiscard]] SqliteView& addView(TableSchema const& t) {
        views_.push_back(std::make_unique<SqliteView>(t));
        return *views_.back();
    }

    void check(int code) const {
        if (code != SQLITE_OK) throw error(code);
    }
    // The bytes are the caller's and stay until the statement was stepped: SQLite need not copy them. A null
    // pointer would bind null, and an empty view may have one.
    void bindText(sqlite3_stmt* s, int at, std::string_view v) const {
        check(sqlite3_bind_text64(s, at, v.empty() ? "" : v.data(), v.size(), SQLITE_STATIC, SQLITE_UTF8));
    }
    void bindBlob(sqlite3_stmt* s, int at, std::string_view v) const {
        check(sqlite3_bind_blob64(s, at, v.empty() ? "" : v.data(), v.size(), SQLITE_STATIC));
    }
    [[nodiscard]] std::string_view textAt(sqlite3_stmt* s, int column) const {
        auto const* text = reinterpret_cast<char const*>(sqlite3_column_text(s, column));
        if (text == nullptr) throw error(SQLITE_NOMEM);
        return {text, static_cast<std::size_t>(sqlite3_column_bytes(s, column))};
    }

private:
    std::int64_t remember(std::string_view name, std::int64_t id) {
        auto const at = corpIds_.emplace(std::string(name), id).first;
        lastCorp_ = {at->first, id};
        return id;
    }

    std::string file_;
    sqlite3* db_ = nullptr;
    std::vector<std::unique_ptr<SqliteView>> views_;
    SqliteStatement format_;
    SqliteStatement corpName_;
    SqliteStatement corpId_;
    SqliteStatement addCorp_;
    // A number, once committed, names the same corp for good.
    std::map<std::string, std::int64_t, std::less<>> corpIds_;
    std::unordered_map<std::int64_t, std::string> corpNames_;
    std::pair<std::string_view, std::int64_t> lastCorp_;
    bool corpsAdded_ = false;
};

/** A table as the file has it. */
struct SqliteTable {
    TableSchema schema;
    std::vector<std::string> foreign;  ///< columns of types that are not ours: added by others, left alone
    bool exists = false;
};

/** What the copies of a handle share. */
class SqliteStore {
public:
    SqliteStore(std::string file, SqliteOptions options) : file_(std::move(file)), options_(options) {}
    ~SqliteStore() {
        idle_.clear();
        writer_.reset();
    }
    SqliteStore(SqliteStore const&) = delete;
    SqliteStore& operator=(SqliteStore const&) = delete;

    [[nodiscard]] std::string const& file() const noexcept { return file_; }
    [[nodiscard]] std::uint64_t rowsChanged() const noexcept {
        return changed_.load(std::memory_order_relaxed);
    }

    void open(std::span<TableSchema const* const> tables) {
        for (TableSchema const* t : tables) {
            checkTable(*t);
            if (t->name == "corps_meta" || t->name == "corps_names" || t->name.rfind("sqlite_", 0) == 0)
                throw Error(Errc::invalidArgument, "this name is reserved", atTable(t->name));
        }
        Writing const writing(*this);
        SqliteConnection& c = writer();
        std::map<std::string, TableSchema, std::less<>> now = opened();
        try {
            c.run("BEGIN");
            c.checkFormat();
            if (prepareTables(c, tables, now, false)) {
                c.commit();
            } else {
                c.rollback();
                c.run("BEGIN IMMEDIATE");
                c.checkFormat();
                now = opened();
                prepareTables(c, tables, now, true);
                c.commit();
            }
        } catch (Error const& e) {
            c.rollback();
            if (!e.is(Errc::storage) || !e.diagnostics().place.starts_with("table ")) throw;
            throw Error(e.code(), e.message(), atPlace(file_ + ", " + e.diagnostics().place));
        } catch (...) {
            c.rollback();
            throw;
        }
        {
            std::lock_guard const guard(mutex_);
            opened_ = std::move(now);
            ready_ = true;
        }
        afterCommit(c);
    }

    void requireReady() const {
        std::lock_guard const guard(mutex_);
        if (!ready_) throw Error(Errc::invalidArgument, "the storage was not opened", atPlace(file_));
    }
    [[nodiscard]] std::unique_ptr<SqliteConnection> takeReader() {
        {
            std::lock_guard const guard(mutex_);
            if (!idle_.empty()) {
                std::unique_ptr<SqliteConnection> reader = std::move(idle_.back());
                idle_.pop_back();
                return reader;
            }
        }
        return std::make_unique<SqliteConnection>(file_, options_, false);
    }
    void giveReader(std::unique_ptr<SqliteConnection> reader) noexcept {
        std::lock_guard const guard(mutex_);
        if (idle_.size() >= options_.idleReaders) return;
        try {
            idle_.push_back(std::move(reader));
        } catch (...) {  // one connection fewer is kept
        }
    }

    void beginWrite() {
        if (writingThread_.load(std::memory_order_relaxed) == std::this_thread::get_id())
            throw Error(Errc::operationInProgress, "a write inside a write of the same storage",
                        atPlace(file_));
        writing_.lock();
        writingThread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    }
    void endWrite() noexcept {
        if (writer_) {
#if SQLITE_VERSION_NUMBER >= 3037000
            changed_.store(static_cast<std::uint64_t>(sqlite3_total_changes64(writer_->db())),
                           std::memory_order_relaxed);
#else
            changed_.store(static_cast<std::uint32_t>(sqlite3_total_changes(writer_->db())),
                           std::memory_order_relaxed);
#endif
        }
        writingThread_.store(std::thread::id(), std::memory_order_relaxed);
        writing_.unlock();
    }
    /** The writing connection, with the file behind it made if need be. Only between beginWrite and endWrite.
     */
    [[nodiscard]] SqliteConnection& writer() {
        if (writer_) return *writer_;
        auto c = std::make_unique<SqliteConnection>(file_, options_, true);
        prepareFile(*c);
        sqlite3_wal_hook(
            c->db(),
            [](void* store, sqlite3*, char const*, int pages) {
                static_cast<SqliteStore*>(store)->logPages_ = static_cast<std::uint64_t>(pages);
                return SQLITE_OK;
            },
            this);
        pageBytes_ = static_cast<std::uint64_t>(c->run("PRAGMA page_size"));
        writer_ = std::move(c);
        return *writer_;
    }
    /** Moves a large log into the file. What is committed is safe already: if this fails, the next commit
     * tries again. */
    void afterCommit(SqliteConnection const& c) noexcept {
        if (logPages_ * pageBytes_ < options_.checkpointBytes) return;
        sqlite3_wal_checkpoint_v2(c.db(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
        logPages_ = 0;
    }

    [[nodiscard]] std::map<std::string, TableSchema, std::less<>> opened() const {
        std::lock_guard const guard(mutex_);
        return opened_;
    }
    void requireOpened(TableSchema const& t) const {
        std::lock_guard const guard(mutex_);
        auto const at = opened_.find(t.name);
        if (at == opened_.end()) refuseUnopened(t.name);
        TableSchema stored = at->second;
        if (widenTable(stored, t)) refuseUnopened(t.name);
    }

private:
    struct Writing {
        explicit Writing(SqliteStore& s) : store(s) { store.beginWrite(); }
        Writing(Writing const&) = delete;
        Writing& operator=(Writing const&) = delete;
        ~Writing() { store.endWrite(); }
        SqliteStore& store;
    };

    void prepareFile(SqliteConnection& c) const {
        c.run("BEGIN");  // one view: another program may be making the file just now
        bool const fresh = isFresh(c);
        c.run("COMMIT");
        useLog(c);
        c.run(options_.sync == SqliteSync::full     ? "PRAGMA synchronous=FULL"
              : options_.sync == SqliteSync::normal ? "PRAGMA synchronous=NORMAL"
                                                    : "PRAGMA synchronous=OFF");
        // A log that was written out once is used again. To shorten it costs a fifth of the next small
        // commit: only for the first fill of a large store, whose log would else keep its size.
        c.run("PRAGMA journal_size_limit=" +
              std::to_string(16 * std::min<std::uint64_t>(options_.checkpointBytes, 1U << 30U)));
        if (!fresh) return;
        c.run("BEGIN IMMEDIATE");
        try {
            if (isFresh(c)) {  // unless another program was faster
                c.run("PRAGMA application_id=" + std::to_string(kSqliteApplicationId));
                c.run("CREATE TABLE corps_meta(name TEXT NOT NULL PRIMARY KEY, value) WITHOUT ROWID");
                c.run("INSERT INTO corps_meta VALUES('format'," + std::to_string(kSqliteFormat) + ")");
                c.run("CREATE TABLE corps_names(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)");
            }
            c.commit();
        } catch (...) {
            c.rollback();
            throw;
        }
    }
    /** Whether the file is still empty; refuses another program's, before anything in it is touched. */
    [[nodiscard]] bool isFresh(SqliteConnection& c) const {
        std::int64_t const id = c.run("PRAGMA application_id");
        if (id == kSqliteApplicationId) return false;
        if (id == 0 && c.run("SELECT count(*) FROM sqlite_master") == 0) return true;
        throw Error(Errc::storage, "the file is a database of another program", atPlace(file_));
    }
    /** Two programs that make the file at the same time get SQLITE_BUSY here without any waiting. */
    void useLog(SqliteConnection& c) const {
        auto const until = std::chrono::steady_clock::now() + options_.busyTimeout;
        for (;;) {
            SqliteStatement const statement = c.prepare("PRAGMA journal_mode=WAL");
            int const code = sqlite3_step(statement.get());
            if (code == SQLITE_ROW && c.textAt(statement.get(), 0) == "wal") return;
            if (code == SQLITE_ROW)
                throw Error(Errc::storage, "the database file cannot have a write-ahead log here",
                            atPlace(file_));
            if ((code & 0xff) != SQLITE_BUSY || std::chrono::steady_clock::now() >= until)
                throw c.error(code);
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }

    [[nodiscard]] static SqliteTable load(SqliteConnection& c, std::string const& name) {
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
                for (std::string const& column : c.texts(
                         "SELECT coalesce(name, '') FROM pragma_index_xinfo(?1) WHERE key=1 ORDER BY seqno",
                         index))
                    is.columns.push_back(table.schema.find(column));
                table.schema.indexes.push_back(std::move(is));
            }
        return table;
    }

    /**
     * Makes what `tables` need beyond what the file has, and notes in `now` what it has then.
     * @return false, and nothing was done, when something is missing and `mayWrite` is false.
     */
    bool prepareTables(SqliteConnection& c, std::span<TableSchema const* const> tables,
                       std::map<std::string, TableSchema, std::less<>>& now, bool mayWrite) const {
        for (TableSchema const* t : tables) {
            SqliteTable had = load(c, t->name);
            TableSchema& schema = now[t->name];
            schema = had.schema;
            if (!had.exists) {
                if (!mayWrite) return false;
                schema = *t;
                create(c, *t);
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
                c.run("ALTER TABLE " + sqliteName(t->name) + " ADD COLUMN " +
                      sqliteName(schema.columns[i].name) + " " + sqliteType(schema.columns[i].type));
            for (std::size_t i = had.schema.indexes.size(); i < schema.indexes.size(); ++i)
                addIndex(c, schema, schema.indexes[i]);
        }
        return true;
    }
    static void create(SqliteConnection& c, TableSchema const& t) {
        std::string text = "CREATE TABLE " + sqliteName(t.name) + "(";
        for (std::size_t i = 0; i < t.columns.size(); ++i)
            text += sqliteName(t.columns[i].name) + " " + sqliteType(t.columns[i].type) +
                    (i < t.keyColumns ? " NOT NULL, " : ", ");
        // Without rowid the table is its key's tree: one search for a row, and neighbours by key lie
        // together.
        c.run(text + "PRIMARY KEY(" + sqliteColumnList(t, firstColumns(t.keyColumns)) + ")) WITHOUT ROWID");
    }
    static void addIndex(SqliteConnection& c, TableSchema const& t, IndexSchema const& index) {
        SqliteStatement const statement =
            c.prepare(std::string("CREATE ") + (index.unique ? "UNIQUE " : "") + "INDEX " +
                      sqliteName(sqliteIndexName(t.name, index.name)) + " ON " + sqliteName(t.name) + "(" +
                      sqliteColumnList(t, index.columns) + ")");
        int const code = sqlite3_step(statement.get());
        if ((code & 0xff) == SQLITE_CONSTRAINT) throw takenBy(t, index);
        if (code != SQLITE_DONE) throw c.error(code, t.name);
    }

    std::string const file_;
    SqliteOptions const options_;
    mutable std::mutex mutex_;
    std::map<std::string, TableSchema, std::less<>> opened_;  ///< with the columns of wider programs
    bool ready_ = false;
    std::vector<std::unique_ptr<SqliteConnection>> idle_;
    std::mutex writing_;
    std::atomic<std::thread::id> writingThread_{};
    std::unique_ptr<SqliteConnection> writer_;
    std::uint64_t pageBytes_ = 0;
    std::uint64_t logPages_ = 0;
    std::atomic<std::uint64_t> changed_{0};
};

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

[[nodiscard]] inline std::string sqliteFile(std::string const& path) {
    if (path.empty() || path == ":memory:")
        throw Error(Errc::invalidArgument,
                    "a SqliteStorage needs the path of a file; MemoryStorage keeps corps in memory");
    std::error_code failure;
    std::filesystem::path const absolute = std::filesystem::absolute(path, failure);
    if (failure)
        throw Error(Errc::storage, "the database file cannot be opened (" + failure.message() + ")",
                    atPlace(path));
    return absolute.string();
}

}  // namespace detail

CORPS_DECL SqliteStorage::SqliteStorage(std::string const& path, SqliteOptions options)
    : store_(std::make_shared<detail::SqliteStore>(detail::sqliteFile(path), options)) {}

CORPS_DECL void SqliteStorage::open(std::span<TableSchema const* const> tables) { store_->open(tables); }

CORPS_DECL std::uint64_t SqliteStorage::rowsChanged() const noexcept { return store_->rowsChanged(); }

CORPS_DECL std::string const& SqliteStorage::path() const noexcept { return store_->file(); }

CORPS_DECL std::optional<SqliteStorage::Lock> SqliteStorage::tryLock(std::string_view corp) {
    std::string const file = store_->file() + ".lock";
    auto const fail = [&file](int system) {
        return Error(Errc::storage,
                     "the lock file cannot be used (" + std::system_category().message(system) + ")",
                     detail::atPlace(file));
    };
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (char c : corp) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;

    Lock lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (lock.file_ < 0) throw fail(errno);
    struct flock range{};
    range.l_type = F_WRLCK;
    range.l_whence = SEEK_SET;
    range.l_start = static_cast<off_t>(hash & 0x7fff'ffff'ffff'ffffU);
    range.l_len = 1;
    while (::fcntl(lock.file_, F_OFD_SETLK, &range) != 0) {
        if (errno == EAGAIN || errno == EACCES) return std::nullopt;
        if (errno != EINTR) throw fail(errno);
    }
    return lock;
}

CORPS_DECL SqliteStorage::Lock::~Lock() {
    if (file_ >= 0) ::close(file_);
}

CORPS_DECL SqliteStorage::Tx::Tx(std::shared_ptr<detail::SqliteStore> store, bool writes)
    : transaction_(std::make_unique<detail::SqliteTransaction>(std::move(store), writes)) {}

CORPS_DECL SqliteStorage::Tx::~Tx() = default;

CORPS_DECL void SqliteStorage::Tx::commit() { transaction_->commit(); }

CORPS_DECL void SqliteStorage::Tx::scanRows(TableSchema const& t, std::size_t index,
                                            std::span<Cell const> prefix, RowVisitor f, void* context) {
    transaction_->scan(t, index, prefix, f, context);
}

CORPS_DECL void SqliteStorage::Tx::upsertRow(TableSchema const& t, std::span<Cell const> cells) {
    transaction_->upsert(t, cells);
}

CORPS_DECL std::uint64_t SqliteStorage::Tx::eraseRows(TableSchema const& t, std::span<Cell const> prefix) {
    return transaction_->erase(t, prefix);
}

}  // namespace corps
