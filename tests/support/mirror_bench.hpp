// One mirrored corp with everything under control: a loop that runs when asked, a clock that stands, counted
// writes.
#pragma once

#include <corps/context/context.hpp>
#include <corps/model/records.hpp>
#include <corps/storage/memory.hpp>
#include <corps/storage/rows.hpp>
#include <corps/storage/store.hpp>
#include <corps/sync/engine.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/testing/recording_logger.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps::testsupport {

/** What reached a storage, committed or not. */
struct WriteCount {
    std::size_t upserts = 0;
    std::size_t erases = 0;
    std::size_t transactions = 0;
    std::size_t scans = 0;
    std::size_t rowsRead = 0;
    std::map<std::string, std::size_t> writesTo{};  ///< upserts and erases by table
};

/** A MemoryStorage that counts what is read and written. */
class CountingStorage {
public:
    using Lock = MemoryStorage::Lock;
    class Tx final : public RowAccess {
    public:
        Tx(MemoryStorage::Tx& tx, WriteCount& count) : tx_(tx), count_(count) {}
        void scanRows(TableSchema const& t, std::size_t index, std::span<Cell const> prefix, RowVisitor f,
                      void* context) override {
            ++count_.scans;
            Visit visit{f, context, &count_};
            tx_.scanRows(
                t, index, prefix,
                [](std::span<Cell const> row, void* p) {
                    auto const& v = *static_cast<Visit const*>(p);
                    ++v.count->rowsRead;
                    return v.f(row, v.context);
                },
                &visit);
        }
        void upsertRow(TableSchema const& t, std::span<Cell const> cells) override {
            ++count_.upserts;
            ++count_.writesTo[t.name];
            tx_.upsertRow(t, cells);
        }
        std::uint64_t eraseRows(TableSchema const& t, std::span<Cell const> prefix) override {
            ++count_.erases;
            ++count_.writesTo[t.name];
            return tx_.eraseRows(t, prefix);
        }

    private:
        struct Visit {
            RowVisitor f;
            void* context;
            WriteCount* count;
        };
        MemoryStorage::Tx& tx_;
        WriteCount& count_;
    };

    explicit CountingStorage(MemoryStorage storage = MemoryStorage())
        : storage_(std::move(storage)), count_(std::make_shared<WriteCount>()) {}
    void open(std::span<TableSchema const* const> tables) { storage_.open(tables); }
    template <class F>
    void read(F&& f) {
        storage_.read([&](MemoryStorage::Tx& inner) {
            Tx tx(inner, *count_);
            f(tx);
        });
    }
    template <class F>
    void write(F&& f) {
        ++count_->transactions;
        storage_.write([&](MemoryStorage::Tx& inner) {
            Tx tx(inner, *count_);
            f(tx);
        });
    }
    [[nodiscard]] std::optional<Lock> tryLock(std::string_view corp) { return storage_.tryLock(corp); }
    [[nodiscard]] WriteCount& count() const { return *count_; }
    [[nodiscard]] MemoryStorage& inner() { return storage_; }

private:
    MemoryStorage storage_;
    std::shared_ptr<WriteCount> count_;
};

/** Loop, clock and randomness, the same in every run. */
class Loop {
public:
    explicit Loop(std::uint64_t seed = 1)
        : clock(std::make_shared<testing::ManualClock>()), context(make(seed)) {}

    template <class T>
    T run(asio::awaitable<T> operation) {
        std::optional<T> result;
        std::exception_ptr error;
        asio::co_spawn(io, std::move(operation), [&](std::exception_ptr e, T value) {
            error = e;
            result.emplace(std::move(value));
        });
        io.run();
        io.restart();
        if (error) std::rethrow_exception(error);
        return std::move(*result);
    }

    asio::io_context io;
    std::shared_ptr<testing::ManualClock> clock;
    testing::RecordingLogger log;
    Context context;

private:
    ContextOptions options(std::uint64_t seed) {
        ContextOptions o;
        o.executor = io.get_executor();
        o.clock = clock;
        o.logger = log.logger();
        auto const rng = std::make_shared<std::mt19937_64>(seed);
        o.random = [rng] { return (*rng)(); };
        return o;
    }
    Context make(std::uint64_t seed) { return Context(options(seed)); }
};

inline std::string show(Cell const& c) {
    switch (c.kind()) {
        case CellKind::null: return "?";
        case CellKind::integer: return std::to_string(c.integer());
        case CellKind::text:
        case CellKind::blob: return "'" + std::string(c.bytes()) + "'";
    }
    return "";
}

/** One line for each row of a table: its known values by column. */
inline std::vector<std::string> dump(RowAccess& rows, TableSchema const& t, std::span<Cell const> prefix) {
    std::vector<std::string> out;
    rows.forEach(t, 0, prefix, [&](std::span<Cell const> row) {
        std::string line = t.name;
        for (std::size_t i = 0; i < t.columns.size(); ++i)
            if (!row[i].isNull()) line += " " + t.columns[i].name + "=" + show(row[i]);
        out.push_back(std::move(line));
    });
    return out;
}

inline std::vector<std::string> dump(RowAccess& rows, TableSchema const& t, std::string_view corp) {
    std::vector<Cell> prefix;
    if (t.columns[0].type == ColumnType::corp) prefix.push_back(Cell::text(corp));
    return dump(rows, t, prefix);
}

/** Every row of every record's table, and with `engine` of the engine's own. */
inline std::vector<std::string> dumpAll(Store& store, std::string_view corp, bool engine = false) {
    std::vector<std::string> out;
    store.read([&](RowAccess& rows) {
        for (TableSchema const* t : tablesOf<>().all())
            for (std::string& line : dump(rows, *t, corp)) out.push_back(std::move(line));
        if (!engine) return;
        for (TableSchema const* t : engineTables())
            for (std::string& line : dump(rows, *t, corp)) out.push_back(std::move(line));
    });
    return out;
}

inline void openAll(Store& store) {
    auto const records = tablesOf<>().all();
    std::vector<TableSchema const*> all(records.begin(), records.end());
    for (TableSchema const* t : engineTables()) all.push_back(t);
    store.open(all);
}

/** Reads and edits of one corp in a store. */
class CorpRows {
public:
    CorpRows(Store& store, std::string corp) : store_(store), corp_(std::move(corp)) {}

    /** A row by its key without the corp, as text by column; empty when there is none. */
    [[nodiscard]] std::map<std::string, std::string> row(TableSchema const& t, std::vector<Cell> key) const {
        std::map<std::string, std::string> out;
        if (t.columns[0].type == ColumnType::corp) key.insert(key.begin(), Cell::text(corp_));
        store_.read([&](RowAccess& rows) {
            rows.forEach(t, 0, key, [&](std::span<Cell const> r) {
                for (std::size_t i = 0; i < t.columns.size(); ++i)
                    if (!r[i].isNull())
                        out[t.columns[i].name] = r[i].kind() == CellKind::integer
                                                     ? std::to_string(r[i].integer())
                                                     : std::string(r[i].bytes());
            });
        });
        return out;
    }
    [[nodiscard]] std::map<std::string, std::string> member(std::string const& id) const {
        return row(*tablesOf<>().member, {Cell::text(id)});
    }
    [[nodiscard]] std::map<std::string, std::string> dept(std::string const& id) const {
        return row(*tablesOf<>().dept, {Cell::text(id)});
    }
    [[nodiscard]] std::string at(std::map<std::string, std::string> const& row,
                                 std::string const& column) const {
        auto const it = row.find(column);
        return it == row.end() ? "?" : it->second;
    }
    [[nodiscard]] std::string status(std::string const& id) const {
        auto const m = member(id);
        return m.empty() ? "none" : at(m, "status") == "1" ? "active" : "resigned";
    }
    [[nodiscard]] std::string userId(std::string const& id) const { return at(member(id), "userId"); }

    /** The keys of a table without the corp, joined by '/'. */
    [[nodiscard]] std::set<std::string> keys(TableSchema const& t) const {
        std::set<std::string> out;
        std::vector<Cell> prefix;
        std::size_t const start = t.columns[0].type == ColumnType::corp ? 1 : 0;
        if (start == 1) prefix.push_back(Cell::text(corp_));
        store_.read([&](RowAccess& rows) {
            rows.forEach(t, 0, prefix, [&](std::span<Cell const> r) {
                std::string key;
                for (std::size_t i = start; i < t.keyColumns; ++i) {
                    if (i > start) key += '/';
                    key += r[i].kind() == CellKind::integer ? std::to_string(r[i].integer())
                                                            : std::string(r[i].bytes());
                }
                out.insert(std::move(key));
            });
        });
        return out;
    }
    [[nodiscard]] std::set<std::string> memberships() const { return keys(*tablesOf<>().deptMember); }

    /** Sets columns of one row through a ChangeWriter, as a caller of the library does. */
    void edit(std::int64_t now, TableSchema const& t, std::vector<Cell> const& key,
              std::vector<std::pair<std::string, Cell>> const& values = {}) {
        store_.write([&](RowAccess& rows) {
            ChangeWriter writer(rows, tablesOf<>(), corp_, "alice", "", now);
            std::vector<Cell> cells(t.columns.size());
            cells[0] = Cell::text(corp_);
            for (std::size_t i = 0; i < key.size(); ++i) cells[i + 1] = key[i];
            for (auto const& [column, value] : values) cells[t.find(column)] = value;
            writer.upsert(t, cells);
            writer.finish();
        });
    }
    void take(std::int64_t now, TableSchema const& t, std::vector<Cell> key) {
        key.insert(key.begin(), Cell::text(corp_));
        store_.write([&](RowAccess& rows) {
            ChangeWriter writer(rows, tablesOf<>(), corp_, "alice", "", now);
            writer.erase(t, key);
            writer.finish();
        });
    }

private:
    Store& store_;
    std::string corp_;
};

/** A corp that mirrors a FakeUpstream over a store of its own, or one that is shared. */
class MirrorBench {
public:
    explicit MirrorBench(std::string corp = "corps.Demo", CountingStorage storage = CountingStorage(),
                         std::uint64_t seed = 1, MirrorIdentity identity = defaultIdentity())
        : loop(seed),
          counting(storage),
          store(std::move(storage)),
          name(std::move(corp)),
          rows(store, name),
          who(std::move(identity)) {
        openAll(store);
        restart();
    }
    [[nodiscard]] static MirrorIdentity defaultIdentity() {
        MirrorIdentity i;
        i.platform = "fake";
        i.appId = "app-1";
        i.idTypes = "id";
        return i;
    }

    /** What happens when the process ends and starts again. */
    void restart() {
        engine = std::make_unique<SyncEngine>(loop.context, store, tablesOf<>(), name, "The title", who);
    }

    SyncReport sync(Upstream& upstream, SyncOptions options = SyncOptions()) {
        return loop.run(engine->sync(upstream, options, "sync"));
    }
    SyncPlan plan(Upstream& upstream, SyncOptions options = SyncOptions()) {
        return loop.run(engine->plan(upstream, options));
    }
    [[nodiscard]] std::int64_t now() const { return loop.clock->now().time_since_epoch().count(); }

    Loop loop;
    CountingStorage counting;
    StoreOf<CountingStorage> store;
    std::string name;
    CorpRows rows;
    MirrorIdentity who;
    std::unique_ptr<SyncEngine> engine;
};

}  // namespace corps::testsupport
