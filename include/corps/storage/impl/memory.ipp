#pragma once

#include <corps/error/error.hpp>
#include <corps/storage/detail/stored_schema.hpp>
#include <corps/storage/memory.hpp>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <set>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace corps {
namespace detail {

/** A count that tells its owner, exactly, that nobody else holds the object. */
class MemoryCount {
public:
    MemoryCount() noexcept = default;
    MemoryCount(MemoryCount const&) noexcept {}
    MemoryCount& operator=(MemoryCount const&) = delete;

    void add() const noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
    [[nodiscard]] bool drop() const noexcept { return count_.fetch_sub(1, std::memory_order_acq_rel) == 1; }
    [[nodiscard]] bool single() const noexcept { return count_.load(std::memory_order_acquire) == 1; }

private:
    mutable std::atomic<std::uint32_t> count_{0};
};

/** A stored row: its cells and their bytes in one block, never changed. */
class MemoryRow {
public:
    [[nodiscard]] static boost::intrusive_ptr<MemoryRow const> make(std::span<Cell const> cells) {
        std::size_t bytes = 0;
        for (Cell const& c : cells) bytes += c.bytes().size();
        void* block = ::operator new(sizeof(MemoryRow) + cells.size() * sizeof(Cell) + bytes);
        return new (block) MemoryRow(cells);
    }
    /** Null for a column that came to the table after the row. */
    [[nodiscard]] Cell at(std::size_t column) const noexcept {
        return column < size_ ? first()[column] : Cell();
    }
    [[nodiscard]] std::span<Cell const> cells() const noexcept { return {first(), size_}; }

    friend void intrusive_ptr_add_ref(MemoryRow const* r) noexcept { r->count_.add(); }
    friend void intrusive_ptr_release(MemoryRow const* r) noexcept {
        if (r->count_.drop()) ::operator delete(const_cast<MemoryRow*>(r));
    }

private:
    static_assert(std::is_trivially_destructible_v<Cell> && alignof(Cell) <= alignof(std::max_align_t));

    explicit MemoryRow(std::span<Cell const> cells) noexcept : size_(cells.size()) {
        auto* cell = reinterpret_cast<Cell*>(this + 1);
        char* bytes = reinterpret_cast<char*>(cell + cells.size());
        for (Cell const& c : cells) {
            std::string_view const here(bytes, c.bytes().size());
            if (!here.empty()) std::memcpy(bytes, c.bytes().data(), here.size());
            bytes += here.size();
            switch (c.kind()) {
                case CellKind::null: new (cell) Cell(); break;
                case CellKind::integer: new (cell) Cell(c); break;
                case CellKind::text: new (cell) Cell(Cell::text(here)); break;
                case CellKind::blob: new (cell) Cell(Cell::blob(here)); break;
            }
            ++cell;
        }
    }
    [[nodiscard]] Cell const* first() const noexcept {
        return std::launder(
            reinterpret_cast<Cell const*>(reinterpret_cast<std::byte const*>(this) + sizeof(MemoryRow)));
    }

    alignas(Cell) std::size_t size_;
    MemoryCount count_;
};
static_assert(sizeof(MemoryRow) % alignof(Cell) == 0);

using MemoryRowPtr = boost::intrusive_ptr<MemoryRow const>;

/** Order of a tree: the columns of an index and then the key's, so that no two rows are equal. */
class MemoryOrder {
public:
    MemoryOrder(std::vector<std::size_t> columns, std::size_t keyColumns) : columns_(std::move(columns)) {
        for (std::size_t i = 0; i < keyColumns; ++i)
            if (std::find(columns_.begin(), columns_.end(), i) == columns_.end()) columns_.push_back(i);
    }
    [[nodiscard]] int compare(MemoryRow const& a, MemoryRow const& b) const noexcept {
        for (std::size_t c : columns_)
            if (int const order = compareCells(a.at(c), b.at(c)); order != 0) return order;
        return 0;
    }
    [[nodiscard]] int compare(std::span<Cell const> prefix, MemoryRow const& row) const noexcept {
        for (std::size_t i = 0; i < prefix.size(); ++i)
            if (int const order = compareCells(prefix[i], row.at(columns_[i])); order != 0) return order;
        return 0;
    }

private:
    std::vector<std::size_t> columns_;
};

/**
 * Rows in order: an AVL tree whose copies share their nodes. A node is changed in place while one tree alone
 * holds it (a transaction that writes many rows copies each node once), and copied otherwise.
 */
class MemoryTree {
public:
    void insert(MemoryRowPtr const& row, MemoryOrder const& order) { insert(root_, row, order); }
    void erase(MemoryRow const& row, MemoryOrder const& order) { erase(root_, row, order); }
    void clear() noexcept { root_.reset(); }

    /** A row with this prefix, or null. */
    [[nodiscard]] MemoryRowPtr find(std::span<Cell const> prefix, MemoryOrder const& order) const noexcept {
        Node const* n = root_.get();
        while (n != nullptr) {
            int const c = order.compare(prefix, *n->row);
            if (c == 0) return n->row;
            n = (c < 0 ? n->left : n->right).get();
        }
        return nullptr;
    }
    /** Calls f(row) in order while it returns true. The tree may change meanwhile: the walk sees it as it
     * was. */
    template <class F>
    void walk(std::span<Cell const> prefix, MemoryOrder const& order, F&& f) const {
        Ptr const kept = root_;
        walk(kept.get(), prefix, order, f);
    }

private:
    struct Node;
    using Ptr = boost::intrusive_ptr<Node>;
    struct Node {
        explicit Node(MemoryRowPtr r) noexcept : row(std::move(r)) {}
        friend void intrusive_ptr_add_ref(Node const* n) noexcept { n->count.add(); }
        friend void intrusive_ptr_release(Node const* n) noexcept {
            if (n->count.drop()) delete n;
        }
        MemoryRowPtr row;
        Ptr left;
        Ptr right;
        int height = 1;
        MemoryCount count;
    };

    static void own(Ptr& n) {
        if (!n->count.single()) n = Ptr(new Node(*n));
    }
    static int height(Ptr const& n) noexcept { return n ? n->height : 0; }
    static void measure(Node& n) noexcept { n.height = 1 + std::max(height(n.left), height(n.right)); }

    static void rotateRight(Ptr& n) {
        own(n->left);
        Ptr up = std::move(n->left);
        n->left = std::move(up->right);
        measure(*n);
        up->right = std::move(n);
        measure(*up);
        n = std::move(up);
    }
    static void rotateLeft(Ptr& n) {
        own(n->right);
        Ptr up = std::move(n->right);
        n->right = std::move(up->left);
        measure(*n);
        up->left = std::move(n);
        measure(*up);
        n = std::move(up);
    }
    static void balance(Ptr& n) {
        int const lean = height(n->left) - height(n->right);
        if (lean > 1) {
            if (height(n->left->left) < height(n->left->right)) {
                own(n->left);
                rotateLeft(n->left);
            }
            rotateRight(n);
        } else if (lean < -1) {
            if (height(n->right->right) < height(n->right->left)) {
                own(n->right);
                rotateRight(n->right);
            }
            rotateLeft(n);
        } else {
            measure(*n);
        }
    }
    static void insert(Ptr& n, MemoryRowPtr const& row, MemoryOrder const& order) {
        if (!n) {
            n = Ptr(new Node(row));
            return;
        }
        own(n);
        int const c = order.compare(*row, *n->row);
        if (c == 0) {
            n->row = row;
            return;
        }
        insert(c < 0 ? n->left : n->right, row, order);
        balance(n);
    }
    static void erase(Ptr& n, MemoryRow const& row, MemoryOrder const& order) {
        if (!n) return;
        own(n);
        int const c = order.compare(row, *n->row);
        if (c != 0) {
            erase(c < 0 ? n->left : n->right, row, order);
        } else if (!n->left || !n->right) {
            Ptr rest = n->left ? std::move(n->left) : std::move(n->right);
            n = std::move(rest);
            return;  // what is left of it is balanced
        } else {
            n->row = takeFirst(n->right);
        }
        balance(n);
    }
    static MemoryRowPtr takeFirst(Ptr& n) {
        own(n);
        MemoryRowPtr taken;
        if (n->left) {
            taken = takeFirst(n->left);
            balance(n);
        } else {
            taken = std::move(n->row);
            Ptr rest = std::move(n->right);
            n = std::move(rest);
        }
        return taken;
    }
    template <class F>
    static bool walk(Node const* n, std::span<Cell const> prefix, MemoryOrder const& order, F& f) {
        if (n == nullptr) return true;
        int const c = order.compare(prefix, *n->row);
        if (c <= 0 && !walk(n->left.get(), prefix, order, f)) return false;
        if (c == 0 && !f(*n->row)) return false;
        return c < 0 || walk(n->right.get(), prefix, order, f);
    }

    Ptr root_;
};

/** What a table is like. Not changed once a version refers to it. */
struct MemoryShape {
    TableSchema schema;
    std::vector<MemoryOrder> orders;  ///< of the key and of each index

    explicit MemoryShape(TableSchema s) : schema(std::move(s)) {
        orders.emplace_back(std::vector<std::size_t>(), schema.keyColumns);
        for (IndexSchema const& index : schema.indexes) orders.emplace_back(index.columns, schema.keyColumns);
    }
};

struct MemoryTable {
    std::shared_ptr<MemoryShape const> shape;
    std::vector<MemoryTree> trees;  ///< by key and by each index

    [[nodiscard]] MemoryTree const& rows() const noexcept { return trees.front(); }

    /** Refuses `row` when a unique index has another row like it. */
    void checkUnique(MemoryRow const& row) const {
        TableSchema const& t = shape->schema;
        std::vector<Cell> cells;
        for (std::size_t i = 0; i < t.indexes.size(); ++i) {
            if (!t.indexes[i].unique) continue;
            cells.clear();
            for (std::size_t c : t.indexes[i].columns) cells.push_back(row.at(c));
            if (std::any_of(cells.begin(), cells.end(), [](Cell const& c) { return c.isNull(); })) continue;
            MemoryRowPtr const other = trees[i + 1].find(cells, shape->orders[i + 1]);
            if (other && shape->orders[0].compare(*other, row) != 0) throw takenBy(t, t.indexes[i]);
        }
    }
    /** Puts `row` in the place of `before`, which has the same key, or null. */
    void put(MemoryRowPtr const& row, MemoryRowPtr const& before) {
        for (std::size_t i = 1; i < trees.size(); ++i) {
            if (before && shape->orders[i].compare(*before, *row) != 0)
                trees[i].erase(*before, shape->orders[i]);
            trees[i].insert(row, shape->orders[i]);
        }
        trees[0].insert(row, shape->orders[0]);
    }
    void take(MemoryRow const& row) {
        for (std::size_t i = 0; i < trees.size(); ++i) trees[i].erase(row, shape->orders[i]);
    }
    void widen(TableSchema const& wanted) {
        TableSchema schema = shape->schema;
        std::size_t const had = schema.indexes.size();
        if (!widenTable(schema, wanted)) return;
        MemoryTable wide;
        wide.shape = std::make_shared<MemoryShape const>(std::move(schema));
        wide.trees = trees;
        wide.trees.resize(wide.shape->orders.size());
        if (wide.shape->schema.indexes.size() != had)
            rows().walk({}, shape->orders[0], [&](MemoryRow const& row) {
                MemoryRowPtr const shared(&row);
                wide.checkUnique(row);
                for (std::size_t i = had + 1; i < wide.trees.size(); ++i)
                    wide.trees[i].insert(shared, wide.shape->orders[i]);
                return true;
            });
        *this = std::move(wide);
    }
};

using MemoryVersion = std::map<std::string, MemoryTable, std::less<>>;

class MemoryStore {
public:
    [[nodiscard]] std::shared_ptr<MemoryVersion const> committed() const {
        std::lock_guard const guard(mutex_);
        return committed_;
    }
    void commit(std::shared_ptr<MemoryVersion const> version) {
        std::lock_guard const guard(mutex_);
        committed_.swap(version);  // the old one is freed after the mutex
    }

    void beginWrite() {
        if (writer_.load(std::memory_order_relaxed) == std::this_thread::get_id())
            throw Error(Errc::operationInProgress, "a write inside a write of the same storage");
        writing_.lock();
        writer_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    }
    void endWrite() noexcept {
        writer_.store(std::thread::id(), std::memory_order_relaxed);
        writing_.unlock();
    }

    [[nodiscard]] bool lock(std::string const& corp) {
        std::lock_guard const guard(mutex_);
        return locked_.insert(corp).second;
    }
    void unlock(std::string const& corp) noexcept {
        std::lock_guard const guard(mutex_);
        locked_.erase(corp);
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<MemoryVersion const> committed_ = std::make_shared<MemoryVersion const>();
    std::set<std::string> locked_;
    std::mutex writing_;
    std::atomic<std::thread::id> writer_{};
};

class MemoryTransaction {
public:
    MemoryTransaction(std::shared_ptr<MemoryStore> store, bool writes)
        : store_(std::move(store)), writes_(writes) {
        if (writes_) store_->beginWrite();
        try {
            seen_ = store_->committed();
            if (writes_) {
                own_ = std::make_shared<MemoryVersion>(*seen_);
                seen_ = own_;
            }
        } catch (...) {
            if (writes_) store_->endWrite();
            throw;
        }
    }
    MemoryTransaction(MemoryTransaction const&) = delete;
    MemoryTransaction& operator=(MemoryTransaction const&) = delete;
    ~MemoryTransaction() {
        if (writes_) store_->endWrite();
    }

    void commit() {
        if (torn_) throw Error(Errc::storage, "a transaction in which a write failed cannot be committed");
        if (changed_) store_->commit(own_);
    }

    void open(std::span<TableSchema const* const> tables) {
        for (TableSchema const* t : tables) {
            checkTable(*t);
            auto const [at, added] = own_->try_emplace(t->name);
            if (added) {
                at->second.shape = std::make_shared<MemoryShape const>(*t);
                at->second.trees.resize(at->second.shape->orders.size());
            } else {
                at->second.widen(*t);
            }
        }
        changed_ = true;
    }

    void scan(TableSchema const& t, std::size_t index, std::span<Cell const> prefix, RowVisitor f,
              void* context) {
        checkPrefix(t, index, prefix);
        std::shared_ptr<Table const> const view = find(t);
        std::size_t const tree = index == 0 ? 0 : view->indexes[index - 1];
        MemoryOrder const& order = view->table->shape->orders[tree];
        std::vector<Cell> cells;
        view->table->trees[tree].walk(prefix, order, [&](MemoryRow const& row) {
            if (view->same && row.cells().size() >= t.columns.size())
                return f(row.cells().first(t.columns.size()), context);
            cells.clear();
            for (std::size_t c : view->columns) cells.push_back(row.at(c));
            return f(cells, context);
        });
    }

    void upsert(TableSchema const& t, std::span<Cell const> cells) {
        if (!writes_) refuseWrite(t.name);
        checkRow(t, cells);
        Table const& view = *find(t);
        MemoryTable& table = *view.table;
        MemoryRowPtr const before = table.rows().find(cells.first(t.keyColumns), table.shape->orders[0]);
        merged_.assign(table.shape->schema.columns.size(), Cell());
        if (before) std::copy(before->cells().begin(), before->cells().end(), merged_.begin());
        bool differs = !before;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            Cell& to = merged_[view.columns[i]];
            if (cells[i].isNull() || to == cells[i]) continue;
            to = cells[i];
            differs = true;
        }
        if (!differs) return;
        MemoryRowPtr const row = MemoryRow::make(merged_);
        table.checkUnique(*row);
        change([&] { table.put(row, before); });
    }

    std::uint64_t erase(TableSchema const& t, std::span<Cell const> prefix) {
        if (!writes_) refuseWrite(t.name);
        checkPrefix(t, 0, prefix);
        MemoryTable& table = *find(t)->table;
        std::vector<MemoryRowPtr> rows;
        table.rows().walk(prefix, table.shape->orders[0], [&](MemoryRow const& row) {
            rows.emplace_back(&row);
            return true;
        });
        if (rows.empty()) return 0;
        change([&] {
            if (prefix.empty())
                for (MemoryTree& tree : table.trees) tree.clear();
            else
                for (MemoryRowPtr const& row : rows) table.take(*row);
        });
        return rows.size();
    }

private:
    /** A schema of the caller, laid over the table as it is stored. */
    struct Table {
        TableSchema const* schema = nullptr;
        std::string name;
        MemoryTable* table = nullptr;
        std::vector<std::size_t> columns;  ///< stored position of each column
        std::vector<std::size_t> indexes;  ///< tree of each index
        bool same = true;                  ///< the columns are the first of the stored ones
    };

    template <class F>
    void change(F f) {
        bool const was = std::exchange(torn_, true);  // stays if memory runs out between two trees
        f();
        torn_ = was;
        changed_ = true;
    }

    // The tables are few; the last one used comes again most of the time.
    std::shared_ptr<Table const> const& find(TableSchema const& t) {
        for (std::shared_ptr<Table const>& known : tables_) {
            if (known->schema != &t || known->name != t.name || known->columns.size() != t.columns.size())
                continue;
            if (&known != &tables_.front()) std::swap(known, tables_.front());
            return tables_.front();
        }
        auto const at = std::as_const(*seen_).find(t.name);
        if (at == seen_->end()) refuseUnopened(t.name);
        auto laid = std::make_shared<Table>();
        laid->schema = &t;
        laid->name = t.name;
        laid->table = const_cast<MemoryTable*>(
            &at->second);  // changed in write transactions only, in their own version
        TableSchema const& stored = at->second.shape->schema;
        TableSchema widened = stored;
        if (widenTable(widened, t)) refuseUnopened(t.name);
        for (std::size_t i = 0; i < t.columns.size(); ++i) {
            laid->columns.push_back(stored.find(t.columns[i].name));
            laid->same = laid->same && laid->columns.back() == i;
        }
        for (IndexSchema const& index : t.indexes)
            laid->indexes.push_back(
                static_cast<std::size_t>(findIndex(stored, index.name) - stored.indexes.data()) + 1);
        tables_.insert(tables_.begin(), std::move(laid));
        return tables_.front();
    }

    std::shared_ptr<MemoryStore> store_;
    std::shared_ptr<MemoryVersion const> seen_;
    std::shared_ptr<MemoryVersion> own_;
    std::vector<std::shared_ptr<Table const>> tables_;
    std::vector<Cell> merged_;
    bool const writes_;
    bool changed_ = false;
    bool torn_ = false;
};

}  // namespace detail

CORPS_DECL MemoryStorage::MemoryStorage() : store_(std::make_shared<detail::MemoryStore>()) {}

CORPS_DECL void MemoryStorage::open(std::span<TableSchema const* const> tables) {
    detail::MemoryTransaction transaction(store_, true);
    transaction.open(tables);
    transaction.commit();
}

CORPS_DECL std::optional<MemoryStorage::Lock> MemoryStorage::tryLock(std::string_view corp) {
    std::string name(corp);
    if (!store_->lock(name)) return std::nullopt;
    return Lock(store_, std::move(name));
}

CORPS_DECL MemoryStorage::Lock::~Lock() {
    if (store_) store_->unlock(corp_);
}

CORPS_DECL MemoryStorage::Tx::Tx(std::shared_ptr<detail::MemoryStore> store, bool writes)
    : transaction_(std::make_unique<detail::MemoryTransaction>(std::move(store), writes)) {}

CORPS_DECL MemoryStorage::Tx::~Tx() = default;

CORPS_DECL void MemoryStorage::Tx::commit() { transaction_->commit(); }

CORPS_DECL void MemoryStorage::Tx::scanRows(TableSchema const& t, std::size_t index,
                                            std::span<Cell const> prefix, RowVisitor f, void* context) {
    transaction_->scan(t, index, prefix, f, context);
}

CORPS_DECL void MemoryStorage::Tx::upsertRow(TableSchema const& t, std::span<Cell const> cells) {
    transaction_->upsert(t, cells);
}

CORPS_DECL std::uint64_t MemoryStorage::Tx::eraseRows(TableSchema const& t, std::span<Cell const> prefix) {
    return transaction_->erase(t, prefix);
}

}  // namespace corps
