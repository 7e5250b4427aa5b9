#pragma once

#include <corps/storage/rows.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace corps {

namespace detail {

template <class Tx>
concept HasScanRows =
    requires(Tx tx, TableSchema const& t, std::size_t index, std::span<Cell const> c, RowVisitor f, void* p) {
        { tx.scanRows(t, index, c, f, p) } -> std::same_as<void>;
    };
template <class Tx>
concept HasUpsertRow = requires(Tx tx, TableSchema const& t, std::span<Cell const> c) {
    { tx.upsertRow(t, c) } -> std::same_as<void>;
};
template <class Tx>
concept HasEraseRows = requires(Tx tx, TableSchema const& t, std::span<Cell const> c) {
    { tx.eraseRows(t, c) } -> std::same_as<std::uint64_t>;
};
template <class S>
concept HasTx = requires { typename S::Tx; };
template <class S>
concept HasOpen = requires(S s, std::span<TableSchema const* const> tables) {
    { s.open(tables) } -> std::same_as<void>;
};
template <class S>
concept HasRead = HasTx<S> && requires(S s, void (*f)(typename S::Tx&)) { s.read(f); };
template <class S>
concept HasWrite = HasTx<S> && requires(S s, void (*f)(typename S::Tx&)) { s.write(f); };
template <class S>
concept HasTryLock = requires(S s, std::string_view corp) {
    { s.tryLock(corp) } -> std::same_as<std::optional<typename S::Lock>>;
};

}  // namespace detail

/** Reading and writing rows in a transaction; each member as RowAccess describes it. */
template <class Tx>
concept Rows = detail::HasScanRows<Tx> && detail::HasUpsertRow<Tx> && detail::HasEraseRows<Tx>;

/**
 * Where corps are kept. A cheap copyable handle; copies share one store and may be used from any thread.
 *
 * - `open(tables)` prepares the tables; called again with more or wider tables it adds nullable columns and
 * indexes and never drops anything; a changed key or column type is refused with an Error that names table
 * and column.
 * - `read(f)` calls f(tx) on one consistent view; readers do not block the writer.
 * - `write(f)` calls f(tx) in one transaction: committed when f returns, rolled back when it throws (the
 * exception passes through). One writer at a time, others wait. f is a plain callable: no transaction spans a
 * suspension.
 * - `tryLock(corp)` is an advisory lock across threads and processes, released by ~Lock and when the process
 * dies.
 *
 * One that can tell more about what it keeps than its rows do may have `std::vector<std::string> check()`:
 * what is wrong, in words without values, or nothing. verifyCorp() asks it.
 *
 * Run corps/testing/storage_conformance.hpp over your own.
 */
template <class S>
concept StoragePolicy = std::copyable<S> && detail::HasTx<S> && Rows<typename S::Tx> && detail::HasOpen<S> &&
                        detail::HasRead<S> && detail::HasWrite<S> && detail::HasTryLock<S>;

}  // namespace corps
