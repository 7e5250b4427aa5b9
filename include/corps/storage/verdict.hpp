#pragma once

#include <corps/detail/verdict.hpp>
#include <corps/storage/storage_policy.hpp>

#include <concepts>

namespace corps {

namespace detail {

struct StorageNeedsCopy {
    template <class S>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<S>,
                      "corps: StoragePolicy needs to be copyable: make it a handle, for example a "
                      "std::shared_ptr to the store");
        return true;  // one error, not two
    }
};
struct StorageNeedsTx {
    template <class S>
    static consteval bool verify() {
        static_assert(
            kAlwaysFalse<S>,
            "corps: StoragePolicy needs a nested type `Tx`, what read() and write() pass to a function");
        return true;
    }
};
struct StorageNeedsScanRows {
    template <class S>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<S, typename S::Tx>,
                      "corps: StoragePolicy needs `void Tx::scanRows(TableSchema const&, std::size_t index, "
                      "std::span<Cell const> prefix, RowVisitor, void* context)`");
        return true;
    }
};
struct StorageNeedsUpsertRow {
    template <class S>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<S, typename S::Tx>,
                      "corps: StoragePolicy needs `void Tx::upsertRow(TableSchema const&, std::span<Cell "
                      "const> cells)`");
        return true;
    }
};
struct StorageNeedsEraseRows {
    template <class S>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<S, typename S::Tx>,
                      "corps: StoragePolicy needs `std::uint64_t Tx::eraseRows(TableSchema const&, "
                      "std::span<Cell const> prefix)`");
        return true;
    }
};
struct StorageNeedsOpen {
    template <class S>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<S>,
                      "corps: StoragePolicy needs `void open(std::span<TableSchema const* const> tables)`");
        return true;
    }
};
struct StorageNeedsRead {
    template <class S>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<S>,
                      "corps: StoragePolicy needs `template <class F> void read(F&& f)`, which calls f(Tx&)");
        return true;
    }
};
struct StorageNeedsWrite {
    template <class S>
    static consteval bool verify() {
        static_assert(
            kAlwaysFalse<S>,
            "corps: StoragePolicy needs `template <class F> void write(F&& f)`, which calls f(Tx&)");
        return true;
    }
};
struct StorageNeedsTryLock {
    template <class S>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<S>,
                      "corps: StoragePolicy needs `std::optional<Lock> tryLock(std::string_view corp)` and a "
                      "nested type `Lock`");
        return true;
    }
};

template <class S>
struct StorageTx {
    struct Type {};
};
template <HasTx S>
struct StorageTx<S> {
    using Type = typename S::Tx;
};

}  // namespace detail

/**
 * What a type lacks to be a StoragePolicy: detail::PolicyOk if nothing, else the first missing requirement,
 * whose `verify<S>()` is a static_assert that shows the signature to add. Made of the concepts that
 * StoragePolicy is made of.
 */
template <class S>
using StorageVerdict = detail::FirstFailure<
    detail::Check<std::copyable<S>, detail::StorageNeedsCopy>,
    detail::Check<detail::HasTx<S>, detail::StorageNeedsTx>,
    detail::Check<detail::HasScanRows<typename detail::StorageTx<S>::Type>, detail::StorageNeedsScanRows>,
    detail::Check<detail::HasUpsertRow<typename detail::StorageTx<S>::Type>, detail::StorageNeedsUpsertRow>,
    detail::Check<detail::HasEraseRows<typename detail::StorageTx<S>::Type>, detail::StorageNeedsEraseRows>,
    detail::Check<detail::HasOpen<S>, detail::StorageNeedsOpen>,
    detail::Check<detail::HasRead<S>, detail::StorageNeedsRead>,
    detail::Check<detail::HasWrite<S>, detail::StorageNeedsWrite>,
    detail::Check<detail::HasTryLock<S>, detail::StorageNeedsTryLock>>;

}  // namespace corps
