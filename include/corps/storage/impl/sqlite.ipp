#pragma once

#include <corps/error/error.hpp>
#include <corps/storage/detail/stored_schema.hpp>
#include <corps/storage/impl/sqlite_store.ipp>
#include <corps/storage/impl/sqlite_transaction.ipp>
#include <corps/storage/sqlite.hpp>

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#ifndef F_OFD_SETLK
#error "corps: SqliteStorage needs locks of open file descriptions (F_OFD_SETLK)"
#endif

namespace corps {
namespace detail {

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

CORPS_DECL std::vector<std::string> SqliteStorage::check() const { return store_->check(); }

CORPS_DECL std::uint64_t SqliteStorage::rowsChanged() const noexcept { return store_->rowsChanged(); }

CORPS_DECL std::string const& SqliteStorage::path() const noexcept { return store_->file(); }

CORPS_DECL std::optional<SqliteStorage::Lock> SqliteStorage::tryLock(std::string_view corp) {
    std::string const file = store_->file() + ".lock";
    auto const fail = [&](int system) {
        Diagnostics d = detail::atPlace(file);
        d.corp = corp;
        return Error(Errc::storage,
                     "the lock file cannot be used: allow reading and writing it (" +
                         std::system_category().message(system) + ")",
                     std::move(d));
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
