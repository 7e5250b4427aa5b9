#pragma once

#include <corps/detail/config.hpp>
#include <corps/storage/rows.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace corps {

namespace detail {
class MemoryStore;
class MemoryTransaction;
}  // namespace detail

/**
 * Corps in memory: for tests, for tools that read once, and as the template of a storage of your own. A
 * StoragePolicy.
 *
 * A handle; copies share one store, which lives as long as its last handle, Lock or running transaction.
 *
 * A transaction works on a version of its own and shares with all other versions the rows it does not touch.
 * So a reader never waits and never makes the writer wait, a rollback drops the version, and a commit is one
 * pointer.
 *
 * Threads     All members, on the same object or on copies: safe.
 * Cost        A row: its bytes, 32 per column, about 50 per index. Reading or writing one: O(log rows).
 *             What a running read still sees stays in memory until it ends.
 */
class MemoryStorage {
public:
    class Tx;
    class Lock;

    CORPS_DECL MemoryStorage();

    /**
     * Prepares tables; see StoragePolicy. All or none of them.
     *
     * Errors      invalidArgument: a schema without key, or with a name twice. storage: a key, column type or
     * index that is not the stored one. alreadyExists: a new unique index that the rows do not fulfil.
     *             operationInProgress: called inside a write of this store.
     * Exceptions  Strong guarantee.
     */
    CORPS_DECL void open(std::span<TableSchema const* const> tables);

    /** Calls f(tx) on the state of the last commit. Writing through tx is refused (invalidArgument). */
    template <class F>
    void read(F&& f);

    /**
     * Calls f(tx) in a transaction: it is committed when f returns, and nothing of it stays when f throws.
     * Waits for the running writer, if any.
     *
     * Errors      operationInProgress: called inside a write of this store. Whatever f throws.
     */
    template <class F>
    void write(F&& f);

    /** Takes the lock of a corp, or gives nothing when somebody holds it. Seen by the copies of this handle
     * only. */
    [[nodiscard]] CORPS_DECL std::optional<Lock> tryLock(std::string_view corp);

private:
    std::shared_ptr<detail::MemoryStore> store_;
};

/**
 * A running transaction of a MemoryStorage; members as in RowAccess. Every TableSchema passed in has to stay
 * as it is until the transaction ends.
 */
class MemoryStorage::Tx final : public RowAccess {
public:
    Tx(Tx const&) = delete;
    Tx& operator=(Tx const&) = delete;
    CORPS_DECL ~Tx() override;

    CORPS_DECL void scanRows(TableSchema const& t, std::size_t index, std::span<Cell const> prefix,
                             RowVisitor f, void* context) override;
    CORPS_DECL void upsertRow(TableSchema const& t, std::span<Cell const> cells) override;
    CORPS_DECL std::uint64_t eraseRows(TableSchema const& t, std::span<Cell const> prefix) override;

private:
    friend class MemoryStorage;
    CORPS_DECL Tx(std::shared_ptr<detail::MemoryStore> store, bool writes);
    CORPS_DECL void commit();

    std::unique_ptr<detail::MemoryTransaction> transaction_;
};

/** The advisory lock of one corp; released by its destructor. */
class MemoryStorage::Lock {
public:
    Lock(Lock&& other) noexcept = default;
    Lock& operator=(Lock&& other) noexcept {
        std::swap(store_, other.store_);
        std::swap(corp_, other.corp_);
        return *this;
    }
    CORPS_DECL ~Lock();

private:
    friend class MemoryStorage;
    Lock(std::shared_ptr<detail::MemoryStore> store, std::string corp)
        : store_(std::move(store)), corp_(std::move(corp)) {}

    std::shared_ptr<detail::MemoryStore> store_;
    std::string corp_;
};

template <class F>
void MemoryStorage::read(F&& f) {
    Tx tx(store_, false);
    f(tx);
}

template <class F>
void MemoryStorage::write(F&& f) {
    Tx tx(store_, true);
    f(tx);
    tx.commit();
}

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/storage/impl/memory.ipp>
#endif
