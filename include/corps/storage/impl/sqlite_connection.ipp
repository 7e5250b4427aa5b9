#pragma once

#include <corps/error/error.hpp>
#include <corps/storage/detail/stored_schema.hpp>
#include <corps/storage/impl/sqlite_statements.ipp>
#include <corps/storage/sqlite.hpp>

#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

// One connection to a file, and what its failures are called.
namespace corps::detail {

// In the header of every file of ours ("corp"), so that tools can tell it and no other program's file is
// taken for one.
inline constexpr std::int64_t kSqliteApplicationId = 0x636f7270;
// Raised when an older library could not read, or would damage, what this one writes.
inline constexpr std::int64_t kSqliteFormat = 1;

/** What happened, and what to do about it. */
[[nodiscard]] inline char const* sqliteProblem(int code) noexcept {
    switch (code & 0xff) {
        case SQLITE_NOTADB:
            return "the file is not a database: name another one, or put a copy in its place if it was one";
        case SQLITE_CORRUPT: return "the database file is damaged: put a copy of it in its place";
        case SQLITE_FULL: return "the disk is full: make room and do it again";
        case SQLITE_READONLY:
            return "the database file cannot be written to: allow writing to it, to its directory and to the "
                   "files beside it";
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return "the database file is locked by another writer: do it again when that has finished";
        case SQLITE_CANTOPEN:
            return "the database file cannot be opened: its directory must exist, and reading and writing "
                   "there be allowed";
        case SQLITE_IOERR: return "reading or writing the database file failed: look at the disk";
        case SQLITE_PERM:
        case SQLITE_AUTH: return "access to the database file is denied: look at its permissions";
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
                            ", this version understands up to " + std::to_string(kSqliteFormat) +
                            ": use a newer version of the program",
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

}  // namespace corps::detail
