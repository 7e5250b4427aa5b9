#pragma once

#include <corps/detail/config.hpp>
#include <corps/storage/rows.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#define CORPS_INCLUDED_SQLITE 1

namespace corps {

namespace detail {
class SqliteStore;
class SqliteTransaction;
}  // namespace detail

/** What a commit waits for (SQLite: PRAGMA synchronous). A file stays consistent with each, unless said
 * otherwise. */
enum class SqliteSync : std::uint8_t {
    full,    ///< the disk has the commit: it survives a power failure
    normal,  ///< a power failure may undo the last commits
    off,     ///< a power failure may destroy the file; for files that can be made again
};

struct SqliteOptions {
    /** How long a write waits for a writer of another program or handle before it fails with Errc::storage.
     */
    std::chrono::milliseconds busyTimeout{10'000};
    /**
     * full, since a sync reports what it applied and forgets it: a commit that a power failure undoes would
     * be reported twice, or, when the hold of a removal was approved in between, never. It costs one flush
     * per write().
     */
    SqliteSync sync = SqliteSync::full;
    /** Once the log beside the file has this many bytes, it is moved into the file after a commit, not inside
     * it. */
    std::uint64_t checkpointBytes = 8U << 20U;
    /** Memory for pages of the writing connection, in bytes. */
    std::uint64_t cacheBytes = 16U << 20U;
    /** Reading connections kept open while nobody reads. More reads than these at once open more, and close
     * them. */
    std::size_t idleReaders = 4;
};

/**
 * Corps in a file of SQLite (3.35 or later), in WAL mode. A StoragePolicy.
 *
 * A handle; copies share the connections and prepared statements. Any number of handles, threads and programs
 * may use one file at a time, on one machine. Do not carry a handle into a forked process that uses it.
 *
 * The file is an ordinary database for other tools: a table for each table, text compared byte by byte, a
 * corp as an integer whose name stands in `corps_names`. Columns, indexes and tables that others added stay
 * as they are.
 *
 * Beside the file: `<file>-wal` and `<file>-shm` (SQLite's own, while in use) and `<file>.lock` (see
 * tryLock).
 *
 * Errors      Errc::storage whose message says what happened (not a database, another program's database,
 * damaged, full, read-only, locked) and whose place names the file; Errc::storageTooNew for a file of a newer
 * version. What was committed stays; what was not is undone. Threads     All members, on the same object or
 * on copies: safe.
 */
class SqliteStorage {
public:
    class Tx;
    class Lock;

    /**
     * Names the file; open() makes it when it is missing. Its directory must exist.
     *
     * Errors      invalidArgument: an empty path or ":memory:"; MemoryStorage is the storage without a file.
     */
    CORPS_DECL explicit SqliteStorage(std::string const& path, SqliteOptions options = SqliteOptions());

    /**
     * Prepares tables; see StoragePolicy. All or none of them. Writes nothing when the file has all of it
     * already.
     *
     * Errors      invalidArgument: a schema without key, or with a name twice or reserved. storage: a key,
     * column type or index that is not the stored one; anything about the file. alreadyExists: a new unique
     * index that the rows do not fulfil. operationInProgress: called inside a write of this handle or a copy.
     * Exceptions  Strong guarantee.
     */
    CORPS_DECL void open(std::span<TableSchema const* const> tables);

    /**
     * Calls f(tx) on the state of the last commit, on a connection of its own: never waits for a writer, nor
     * makes one wait. Writing through tx is refused (invalidArgument).
     */
    template <class F>
    void read(F&& f);

    /**
     * Calls f(tx) in a transaction: it is committed when f returns, and nothing of it stays when f throws.
     * Waits for writers of this handle and its copies without limit, for others SqliteOptions::busyTimeout.
     * When f changes nothing, nothing is written to the file.
     *
     * Errors      operationInProgress: called inside a write of this handle or a copy. Whatever f throws.
     */
    template <class F>
    void write(F&& f);

    /**
     * Takes the lock of a corp, or gives nothing when somebody, in this or another program, holds it. Waits
     * for nothing.
     *
     * It is a lock on one byte of `<file>.lock` held by an open file description; the byte's position is the
     * FNV-1a hash (64 bits) of the corp's full name without its highest bit. The file stays empty and is
     * never deleted.
     */
    [[nodiscard]] CORPS_DECL std::optional<Lock> tryLock(std::string_view corp);

    /**
     * What SQLite finds wrong in the file (its integrity check): pages that contradict each other, rows that
     * an index lacks. At most 20 findings, without values; none: the file is sound. A value that was changed
     * inside an intact page is not found here but by verifyCorp().
     *
     * Errors      As read(). Cost        Reads the whole file; writers go on meanwhile.
     */
    [[nodiscard]] CORPS_DECL std::vector<std::string> check() const;

    /** Rows inserted, updated and erased through this handle and its copies so far, rolled back ones
     * included. No-throw. */
    [[nodiscard]] CORPS_DECL std::uint64_t rowsChanged() const noexcept;

    /** The file, as an absolute path. */
    [[nodiscard]] CORPS_DECL std::string const& path() const noexcept;

private:
    std::shared_ptr<detail::SqliteStore> store_;
};

/**
 * A running transaction of a SqliteStorage; members as in RowAccess. Every TableSchema passed in has to stay
 * as it is until the transaction ends. After an Errc::storage the transaction cannot go on, nor be committed.
 */
class SqliteStorage::Tx final : public RowAccess {
public:
    Tx(Tx const&) = delete;
    Tx& operator=(Tx const&) = delete;
    CORPS_DECL ~Tx() override;

    CORPS_DECL void scanRows(TableSchema const& t, std::size_t index, std::span<Cell const> prefix,
                             RowVisitor f, void* context) override;
    CORPS_DECL void upsertRow(TableSchema const& t, std::span<Cell const> cells) override;
    CORPS_DECL std::uint64_t eraseRows(TableSchema const& t, std::span<Cell const> prefix) override;

private:
    friend class SqliteStorage;
    CORPS_DECL Tx(std::shared_ptr<detail::SqliteStore> store, bool writes);
    CORPS_DECL void commit();

    std::unique_ptr<detail::SqliteTransaction> transaction_;
};

/** The advisory lock of one corp; released by its destructor, or by the system when the process dies. */
class SqliteStorage::Lock {
public:
    Lock(Lock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
    Lock& operator=(Lock&& other) noexcept {
        std::swap(file_, other.file_);
        return *this;
    }
    CORPS_DECL ~Lock();

private:
    friend class SqliteStorage;
    explicit Lock(int file) noexcept : file_(file) {}

    int file_;
};

template <class F>
void SqliteStorage::read(F&& f) {
    Tx tx(store_, false);
    f(tx);
}

template <class F>
void SqliteStorage::write(F&& f) {
    Tx tx(store_, true);
    f(tx);
    tx.commit();
}

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/storage/impl/sqlite.ipp>
#endif
