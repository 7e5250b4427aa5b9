#pragma once

#include <corps/storage/rows.hpp>
#include <corps/storage/storage_policy.hpp>
#include <corps/testing/failure_counter.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace corps::testing {

/**
 * A storage that fails when its counter says so, and otherwise does what the storage inside does. Copies
 * share both. Steps are: open, the beginning of a read, the beginning of a write, each scanRows, each row
 * given to its visitor, each upsertRow and eraseRows, the commit, and tryLock.
 *
 *     failAtEveryStep(
 *         [&](FailureCounter const& counter) { ... FailingStorage<MemoryStorage>(MemoryStorage(), counter)
 * ... }, 10'000, Errc::storage);
 */
template <StoragePolicy S>
class FailingStorage {
public:
    using Lock = typename S::Lock;

    /** Members as in RowAccess. */
    class Tx final : public RowAccess {
    public:
        Tx(Tx const&) = delete;
        Tx& operator=(Tx const&) = delete;
        ~Tx() override = default;

        void scanRows(TableSchema const& t, std::size_t index, std::span<Cell const> prefix, RowVisitor f,
                      void* context) override {
            counter_.step();
            Visit visit{f, context, &counter_};
            tx_.scanRows(
                t, index, prefix,
                [](std::span<Cell const> row, void* p) {
                    auto const& v = *static_cast<Visit const*>(p);
                    v.counter->step();
                    return v.f(row, v.context);
                },
                &visit);
        }
        void upsertRow(TableSchema const& t, std::span<Cell const> cells) override {
            counter_.step();
            tx_.upsertRow(t, cells);
        }
        std::uint64_t eraseRows(TableSchema const& t, std::span<Cell const> prefix) override {
            counter_.step();
            return tx_.eraseRows(t, prefix);
        }

    private:
        friend class FailingStorage;
        struct Visit {
            RowVisitor f;
            void* context;
            FailureCounter const* counter;
        };
        Tx(typename S::Tx& tx, FailureCounter const& counter) : tx_(tx), counter_(counter) {}
        typename S::Tx& tx_;
        FailureCounter const& counter_;
    };

    explicit FailingStorage(S storage,
                            FailureCounter counter = FailureCounter(FailureCounter::kNever, Errc::storage))
        : storage_(std::move(storage)), counter_(std::move(counter)) {}

    void open(std::span<TableSchema const* const> tables) {
        counter_.step();
        storage_.open(tables);
    }
    template <class F>
    void read(F&& f) {
        counter_.step();
        storage_.read([&](typename S::Tx& inner) {
            Tx tx(inner, counter_);
            f(tx);
        });
    }
    template <class F>
    void write(F&& f) {
        counter_.step();
        storage_.write([&](typename S::Tx& inner) {
            Tx tx(inner, counter_);
            f(tx);
            counter_.step();
        });
    }
    [[nodiscard]] std::optional<Lock> tryLock(std::string_view corp) {
        counter_.step();
        return storage_.tryLock(corp);
    }
    [[nodiscard]] S& storage() noexcept { return storage_; }

private:
    S storage_;
    FailureCounter counter_;
};

}  // namespace corps::testing
