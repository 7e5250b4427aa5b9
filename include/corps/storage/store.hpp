#pragma once

#include <corps/storage/rows.hpp>
#include <corps/storage/storage_policy.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps {

/** A reference to a callable that lives longer than the call it is passed to. Two pointers; never allocates.
 */
template <class Signature>
class FunctionRef;
template <class R, class... Args>
class FunctionRef<R(Args...)> {
public:
    template <class F>
        requires(!std::same_as<std::remove_cvref_t<F>, FunctionRef> && std::is_invocable_r_v<R, F&, Args...>)
    FunctionRef(F&& f) noexcept  // NOLINT(google-explicit-constructor): made at the call
        : object_(const_cast<void*>(static_cast<void const*>(std::addressof(f)))),
          call_([](void* p, Args... args) -> R {
              return (*static_cast<std::remove_reference_t<F>*>(p))(std::forward<Args>(args)...);
          }) {}
    R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

private:
    void* object_;
    R (*call_)(void*, Args...);
};

/** Holds an advisory lock until it is destroyed. */
class StoreLock {
public:
    virtual ~StoreLock() = default;
};

/** Any StoragePolicy behind one non-template face: what the engine, the clients' token stores and the readers
 * use. */
class Store {
public:
    virtual ~Store() = default;
    virtual void open(std::span<TableSchema const* const> tables) = 0;
    virtual void read(FunctionRef<void(RowAccess&)> f) = 0;
    virtual void write(FunctionRef<void(RowAccess&)> f) = 0;
    /** Null when somebody else holds it. */
    [[nodiscard]] virtual std::unique_ptr<StoreLock> tryLock(std::string_view corp) = 0;
    /** What is wrong below the rows, as far as the storage can tell; empty: nothing. */
    [[nodiscard]] virtual std::vector<std::string> check() { return {}; }
};

/** A Store over a storage handle, held by value. */
template <StoragePolicy S>
class StoreOf final : public Store {
public:
    explicit StoreOf(S storage) : storage_(std::move(storage)) {}
    void open(std::span<TableSchema const* const> tables) override { storage_.open(tables); }
    void read(FunctionRef<void(RowAccess&)> f) override {
        storage_.read([&f](typename S::Tx& tx) {
            Access rows(tx);
            f(rows);
        });
    }
    void write(FunctionRef<void(RowAccess&)> f) override {
        storage_.write([&f](typename S::Tx& tx) {
            Access rows(tx);
            f(rows);
        });
    }
    [[nodiscard]] std::unique_ptr<StoreLock> tryLock(std::string_view corp) override {
        std::optional<typename S::Lock> lock = storage_.tryLock(corp);
        if (!lock) return nullptr;
        return std::make_unique<Held>(std::move(*lock));
    }
    [[nodiscard]] std::vector<std::string> check() override {
        if constexpr (requires(S s) {
                          { s.check() } -> std::same_as<std::vector<std::string>>;
                      })
            return storage_.check();
        else
            return {};
    }
    [[nodiscard]] S& storage() noexcept { return storage_; }

private:
    class Access final : public RowAccess {
    public:
        explicit Access(typename S::Tx& tx) : tx_(tx) {}
        void scanRows(TableSchema const& t, std::size_t index, std::span<Cell const> prefix, RowVisitor f,
                      void* context) override {
            tx_.scanRows(t, index, prefix, f, context);
        }
        void upsertRow(TableSchema const& t, std::span<Cell const> cells) override {
            tx_.upsertRow(t, cells);
        }
        std::uint64_t eraseRows(TableSchema const& t, std::span<Cell const> prefix) override {
            return tx_.eraseRows(t, prefix);
        }

    private:
        typename S::Tx& tx_;
    };
    struct Held final : StoreLock {
        explicit Held(typename S::Lock l) : lock(std::move(l)) {}
        typename S::Lock lock;
    };
    S storage_;
};

}  // namespace corps
