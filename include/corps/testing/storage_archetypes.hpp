#pragma once

#include <corps/storage/memory.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace corps::testing {

/**
 * The least that is a StoragePolicy: copyable and nothing more, its transaction and lock with only the
 * members asked for. It keeps its rows in a MemoryStorage, so that algorithms can run on it. Compile a
 * template of your own with this type, and it asks for no more than StoragePolicy promises.
 */
class MinimalStorage {
public:
    /** Neither made nor copied by anybody else. */
    class Tx {
    public:
        Tx(Tx const&) = delete;
        Tx& operator=(Tx const&) = delete;
        void scanRows(TableSchema const& t, std::size_t index, std::span<Cell const> prefix, RowVisitor f,
                      void* context) {
            tx_.scanRows(t, index, prefix, f, context);
        }
        void upsertRow(TableSchema const& t, std::span<Cell const> cells) { tx_.upsertRow(t, cells); }
        std::uint64_t eraseRows(TableSchema const& t, std::span<Cell const> prefix) {
            return tx_.eraseRows(t, prefix);
        }

    private:
        friend class MinimalStorage;
        explicit Tx(MemoryStorage::Tx& tx) : tx_(tx) {}
        MemoryStorage::Tx& tx_;
    };

    /** Can be moved, no more. */
    class Lock {
    public:
        Lock(Lock&&) noexcept = default;
        Lock& operator=(Lock&&) = delete;

    private:
        friend class MinimalStorage;
        explicit Lock(MemoryStorage::Lock lock) : lock_(std::move(lock)) {}
        MemoryStorage::Lock lock_;
    };

    [[nodiscard]] static MinimalStorage make() { return MinimalStorage(MemoryStorage()); }

    void open(std::span<TableSchema const* const> tables) { memory_.open(tables); }
    template <class F>
    void read(F&& f) {
        memory_.read([&f](MemoryStorage::Tx& memory) {
            Tx tx(memory);
            f(tx);
        });
    }
    template <class F>
    void write(F&& f) {
        memory_.write([&f](MemoryStorage::Tx& memory) {
            Tx tx(memory);
            f(tx);
        });
    }
    [[nodiscard]] std::optional<Lock> tryLock(std::string_view corp) {
        std::optional<MemoryStorage::Lock> lock = memory_.tryLock(corp);
        if (!lock) return std::nullopt;
        return Lock(std::move(*lock));
    }

private:
    explicit MinimalStorage(MemoryStorage memory) : memory_(std::move(memory)) {}
    MemoryStorage memory_;
};

// Each lacks one requirement of a StoragePolicy and no other. They are for tests of what is said then: none
// can be used.

namespace detail {

struct ScanOnly {
    void scanRows(TableSchema const&, std::size_t, std::span<Cell const>, RowVisitor, void*);
};
struct UpsertOnly {
    void upsertRow(TableSchema const&, std::span<Cell const>);
};
struct EraseOnly {
    std::uint64_t eraseRows(TableSchema const&, std::span<Cell const>);
};
template <class... Parts>
struct TxOf : Parts... {};
using WholeTx = TxOf<ScanOnly, UpsertOnly, EraseOnly>;

template <class T>
struct WithTx {
    using Tx = T;
};
struct WithOpen {
    void open(std::span<TableSchema const* const>);
};
template <class T>
struct WithRead {
    void read(void (*)(T&));
};
template <class T>
struct WithWrite {
    void write(void (*)(T&));
};
struct WithLock {
    struct Lock {};
    std::optional<Lock> tryLock(std::string_view);
};
template <class... Parts>
struct StorageOf : Parts... {};
template <class T>
using StorageWithTx = StorageOf<WithTx<T>, WithOpen, WithRead<T>, WithWrite<T>, WithLock>;

struct LockThatWaits {
    struct Lock {};
    Lock tryLock(std::string_view);  // cannot say that somebody else holds it
};
struct EraseWithoutCount {
    void eraseRows(TableSchema const&, std::span<Cell const>);
};
struct NotCopyable {
    NotCopyable(NotCopyable const&) = delete;
    NotCopyable& operator=(NotCopyable const&) = delete;
    NotCopyable(NotCopyable&&) = default;
    NotCopyable& operator=(NotCopyable&&) = default;
};

}  // namespace detail

struct StorageWithoutCopy : detail::StorageWithTx<detail::WholeTx>, detail::NotCopyable {};
struct StorageWithoutTx : detail::StorageOf<detail::WithOpen, detail::WithRead<detail::WholeTx>,
                                            detail::WithWrite<detail::WholeTx>, detail::WithLock> {};
struct StorageWithoutScanRows : detail::StorageWithTx<detail::TxOf<detail::UpsertOnly, detail::EraseOnly>> {};
struct StorageWithoutUpsertRow : detail::StorageWithTx<detail::TxOf<detail::ScanOnly, detail::EraseOnly>> {};
struct StorageWithoutEraseRows
    : detail::StorageWithTx<detail::TxOf<detail::ScanOnly, detail::UpsertOnly, detail::EraseWithoutCount>> {};
struct StorageWithoutOpen
    : detail::StorageOf<detail::WithTx<detail::WholeTx>, detail::WithRead<detail::WholeTx>,
                        detail::WithWrite<detail::WholeTx>, detail::WithLock> {};
struct StorageWithoutRead : detail::StorageOf<detail::WithTx<detail::WholeTx>, detail::WithOpen,
                                              detail::WithWrite<detail::WholeTx>, detail::WithLock> {};
struct StorageWithoutWrite : detail::StorageOf<detail::WithTx<detail::WholeTx>, detail::WithOpen,
                                               detail::WithRead<detail::WholeTx>, detail::WithLock> {};
struct StorageWithoutTryLock
    : detail::StorageOf<detail::WithTx<detail::WholeTx>, detail::WithOpen, detail::WithRead<detail::WholeTx>,
                        detail::WithWrite<detail::WholeTx>, detail::LockThatWaits> {};

}  // namespace corps::testing
