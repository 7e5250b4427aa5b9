#pragma once

#include <corps/error/error.hpp>
#include <corps/storage/detail/stored_schema.hpp>
#include <corps/storage/impl/sqlite_connection.ipp>
#include <corps/storage/impl/sqlite_schema.ipp>
#include <corps/storage/sqlite.hpp>

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

// A file with its connections.
namespace corps::detail {

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
            if (prepareSqliteTables(c, tables, now, false)) {
                c.commit();
            } else {
                c.rollback();
                c.run("BEGIN IMMEDIATE");
                c.checkFormat();
                now = opened();
                prepareSqliteTables(c, tables, now, true);
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

    [[nodiscard]] std::vector<std::string> check() {
        requireReady();
        std::unique_ptr<SqliteConnection> reader = takeReader();
        reader->checkFormat();
        std::vector<std::string> found =
            reader->texts("SELECT integrity_check FROM pragma_integrity_check(?1)", "20");
        giveReader(std::move(reader));
        if (found.size() == 1 && found.front() == "ok") found.clear();
        for (std::string& finding : found)
            finding = "the file is damaged, put a copy of it in its place: " + finding;
        return found;
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
        throw Error(Errc::storage, "the file is a database of another program: name another one",
                    atPlace(file_));
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

}  // namespace corps::detail
