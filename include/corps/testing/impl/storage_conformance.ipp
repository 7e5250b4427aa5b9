#pragma once

#include <corps/error/error.hpp>
#include <corps/testing/storage_conformance.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace corps::testing {
namespace detail::conformance {

using Rows = std::vector<Row>;

inline constexpr auto kPatience = std::chrono::seconds(5);

// ---- what the checks work on

inline TableSchema const& things() {
    static TableSchema const t{"conformanceThings",
                               {{"corp", ColumnType::corp, Owner::key},
                                {"id", ColumnType::text, Owner::key},
                                {"number", ColumnType::integer, Owner::upstream},
                                {"word", ColumnType::text, Owner::upstream},
                                {"bytes", ColumnType::blob, Owner::local}},
                               2,
                               {{"byNumber", {0, 2}, false}, {"byWord", {0, 3}, true}}};
    return t;
}

inline TableSchema const& numbers() {
    static TableSchema const t{"conformanceNumbers",
                               {{"a", ColumnType::integer, Owner::key},
                                {"b", ColumnType::integer, Owner::key},
                                {"value", ColumnType::text, Owner::upstream}},
                               2,
                               {}};
    return t;
}

inline TableSchema const& blobs() {
    static TableSchema const t{"conformanceBlobs", {{"key", ColumnType::blob, Owner::key}}, 1, {}};
    return t;
}

inline void openTables(Store& s, std::vector<TableSchema const*> const& tables) { s.open(tables); }

inline std::unique_ptr<Store> opened(StorageSubject const& subject) {
    std::unique_ptr<Store> s = subject.fresh();
    openTables(*s, {&things(), &numbers(), &blobs()});
    return s;
}

inline Cell text(std::string_view v) { return Cell::text(v); }
inline Cell integer(std::int64_t v) { return Cell::integer(v); }

inline void put(RowAccess& tx, TableSchema const& t, std::vector<Cell> const& cells) {
    tx.upsertRow(t, cells);
}
inline void put(Store& s, TableSchema const& t, std::vector<Cell> const& cells) {
    s.write([&](RowAccess& tx) { put(tx, t, cells); });
}
inline void putThing(RowAccess& tx, std::string_view corp, std::string_view id, Cell number = Cell(),
                     Cell word = Cell(), Cell bytes = Cell()) {
    put(tx, things(), {text(corp), text(id), number, word, bytes});
}
inline void putThing(Store& s, std::string_view corp, std::string_view id, Cell number = Cell(),
                     Cell word = Cell(), Cell bytes = Cell()) {
    s.write([&](RowAccess& tx) { putThing(tx, corp, id, number, word, bytes); });
}
inline std::uint64_t erase(RowAccess& tx, TableSchema const& t, std::vector<Cell> const& prefix) {
    return tx.eraseRows(t, prefix);
}

inline Rows rows(RowAccess& tx, TableSchema const& t, std::size_t index = 0,
                 std::vector<Cell> const& prefix = {}) {
    Rows all;
    tx.forEach(t, index, prefix,
               [&](std::span<Cell const> row) { all.emplace_back(row.begin(), row.end()); });
    return all;
}
inline Rows rows(Store& s, TableSchema const& t, std::size_t index = 0,
                 std::vector<Cell> const& prefix = {}) {
    Rows all;
    s.read([&](RowAccess& tx) { all = rows(tx, t, index, prefix); });
    return all;
}

inline std::string shown(OwnedCell const& c) {
    switch (c.kind()) {
        case CellKind::null: return "null";
        case CellKind::integer: return std::to_string(c.integer());
        case CellKind::text:
        case CellKind::blob: break;
    }
    std::string s(1, c.kind() == CellKind::text ? '"' : '<');
    static constexpr char kHex[] = "0123456789abcdef";
    for (char byte : c.bytes().substr(0, 40)) {
        auto const b = static_cast<unsigned char>(byte);
        if (b >= 0x20 && b < 0x7f)
            s += byte;
        else
            (s += "\\x").append({kHex[b >> 4U], kHex[b & 15U]});
    }
    if (c.bytes().size() > 40) s += "...";
    return s + (c.kind() == CellKind::text ? '"' : '>');
}

/** One column of rows: what most checks compare. */
inline std::string column(Rows const& all, std::size_t at) {
    std::string s;
    for (Row const& row : all) s += (s.empty() ? "" : " ") + shown(row.at(at));
    return s;
}

inline void expect(bool holds, std::string const& otherwise) {
    if (!holds) throw ConformanceFailure(otherwise);
}
inline void expectSame(std::string const& found, std::string const& wanted, std::string const& what) {
    expect(found == wanted, what + ": expected " + wanted + ", found " + found);
}
inline void expectIds(Rows const& all, std::string const& wanted, std::string const& what) {
    std::string found;
    for (std::size_t i = 0; i < all.size(); ++i) (found += i == 0 ? "" : " ") += all[i].at(1).bytes();
    expectSame(found, wanted, what);
}

/** Runs f and expects an Error of this code; @return what it says. */
template <class F>
std::string expectError(Errc code, std::string const& what, F f) {
    try {
        f();
    } catch (Error const& e) {
        expect(e.is(code),
               what + ": expected Errc \"" + make_error_code(code).message() + "\", found: " + e.what());
        return e.what();
    }
    throw ConformanceFailure(what + ": not refused");
}

/** A thread that tells when it is done, and whose exception is not lost. */
class Helper {
public:
    template <class F>
    explicit Helper(F f)
        : thread_([this, f]() mutable {
              try {
                  f();
              } catch (...) {
                  failure_ = std::current_exception();
              }
              std::lock_guard const guard(mutex_);
              done_ = true;
              changed_.notify_all();
          }) {}
    Helper(Helper const&) = delete;
    Helper& operator=(Helper const&) = delete;
    ~Helper() {
        if (thread_.joinable()) thread_.join();
    }
    /** Whether it got through in time. */
    [[nodiscard]] bool doneInTime(std::chrono::milliseconds patience = kPatience) {
        std::unique_lock guard(mutex_);
        return changed_.wait_for(guard, patience, [this] { return done_; });
    }
    void join() {
        thread_.join();
        if (failure_) std::rethrow_exception(failure_);
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool done_ = false;
    std::exception_ptr failure_;
    std::thread thread_;  // last: it uses the others
};

struct Thrown {};  // an exception that no storage knows

// ---- rows and their order

inline void readsBackWhatWasWritten(StorageSubject const& subject) {
    auto s = opened(subject);
    putThing(*s, "corps.A", "1", integer(7), text("seven"), Cell::blob("\x01\x02"));
    Row const row{text("corps.A"), text("1"), integer(7), text("seven"), Cell::blob("\x01\x02")};
    Rows const found = rows(*s, things());
    expect(found.size() == 1, "one row was written, " + std::to_string(found.size()) + " are read");
    for (std::size_t i = 0; i < row.size(); ++i)
        expectSame(shown(found[0].at(i)), shown(row[i]), "column " + things().columns[i].name);
    expect(rows(*s, numbers()).empty(), "a table that nobody wrote to has rows");
}

inline void aTransactionSeesItsOwnWrites(StorageSubject const& subject) {
    auto s = opened(subject);
    s->write([](RowAccess& tx) {
        putThing(tx, "corps.A", "2", integer(2));
        putThing(tx, "corps.A", "1", integer(1));
        expectIds(rows(tx, things()), "1 2", "rows by key inside the writing transaction");
        putThing(tx, "corps.A", "1", integer(3));
        expectIds(rows(tx, things(), 1), "2 1", "rows by index inside the writing transaction");
        erase(tx, things(), {text("corps.A"), text("2")});
        expectIds(rows(tx, things()), "1", "rows after erasing inside the writing transaction");
    });
}

inline void textKeysAreInByteOrder(StorageSubject const& subject) {
    auto s = opened(subject);
    using namespace std::string_view_literals;
    std::vector<std::string_view> const sorted{
        ""sv,  "\x01"sv, "1"sv,        "10"sv,           "2"sv,
        "A"sv, "B"sv,    "a"sv,        "aa"sv,           "a\xc3\xa9"sv,
        "b"sv, "\x7f"sv, "\xc3\xa9"sv, "\xe4\xb8\xad"sv, "\xf0\x9f\x98\x80"sv};
    std::string wanted;
    for (std::string_view id : sorted) wanted += (wanted.empty() ? "" : " ") + shown(OwnedCell(text(id)));
    s->write([&](RowAccess& tx) {
        for (std::size_t i = 0; i < sorted.size(); ++i)
            putThing(tx, "corps.A", sorted[i * 7 % sorted.size()]);
    });
    expectSame(column(rows(*s, things(), 0, {text("corps.A")}), 1), wanted, "text keys");
}

inline void integerKeysAreInOrder(StorageSubject const& subject) {
    auto s = opened(subject);
    constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    std::vector<std::int64_t> const sorted{kLeast,    kLeast + 1, -(1LL << 53) - 1, -1,        0,    1, 9, 10,
                                           1LL << 32, 1LL << 53,  (1LL << 53) + 1,  kMost - 1, kMost};
    std::string wanted;
    for (std::int64_t v : sorted) wanted += (wanted.empty() ? "" : " ") + std::to_string(v);
    s->write([&](RowAccess& tx) {
        for (std::size_t i = 0; i < sorted.size(); ++i)
            put(tx, numbers(), {integer(sorted[i * 5 % sorted.size()]), integer(-3), Cell()});
    });
    expectSame(column(rows(*s, numbers()), 0), wanted, "integer keys");
    for (std::int64_t v : sorted)
        expect(rows(*s, numbers(), 0, {integer(v)}).size() == 1,
               "the row with key " + std::to_string(v) + " is not found");
}

inline void blobKeysAreInByteOrder(StorageSubject const& subject) {
    auto s = opened(subject);
    using namespace std::string_view_literals;
    std::vector<std::string_view> const sorted{""sv,     "\0"sv,   "\0\0"sv, "\0\xff"sv,
                                               "\x01"sv, "\x80"sv, "\xff"sv, "\xff\0"sv};
    std::string wanted;
    for (std::string_view v : sorted) wanted += (wanted.empty() ? "" : " ") + shown(OwnedCell(Cell::blob(v)));
    s->write([&](RowAccess& tx) {
        for (std::size_t i = 0; i < sorted.size(); ++i)
            put(tx, blobs(), {Cell::blob(sorted[i * 3 % sorted.size()])});
    });
    expectSame(column(rows(*s, blobs()), 0), wanted, "blob keys");
}

inline void manyRowsStayInOrder(StorageSubject const& subject) {
    auto s = opened(subject);
    constexpr std::int64_t kCount = 1000;  // shares no factor with 1009: every number is met once
    s->write([](RowAccess& tx) {
        for (std::int64_t i = 0; i < kCount; ++i)
            put(tx, numbers(), {integer(i * 1009 % kCount / 10), integer(i * 1009 % kCount % 10), text("x")});
    });
    std::int64_t next = 0;
    s->read([&](RowAccess& tx) {
        tx.forEach(numbers(), 0, {}, [&](std::span<Cell const> row) {
            expect(row[0].integer() * 10 + row[1].integer() == next,
                   "row " + std::to_string(next) + " is not in its place");
            ++next;
        });
    });
    expect(next == kCount, "some of many rows are missing");
    expectSame(column(rows(*s, numbers(), 0, {integer(42)}), 1), "0 1 2 3 4 5 6 7 8 9",
               "rows with the prefix 42");
}

inline void scansByPrefix(StorageSubject const& subject) {
    auto s = opened(subject);
    s->write([](RowAccess& tx) {
        for (std::string_view id : {"a", "ab", "b", ""}) {
            putThing(tx, "corps.A", id);
            putThing(tx, "corps.AB", id);
        }
    });
    auto found = [&](std::vector<Cell> const& prefix) { return rows(*s, things(), 0, prefix); };
    expectIds(found({text("corps.A")}), " a ab b", "rows of one corp");
    expect(found({text("corps.A"), text("a")}).size() == 1,
           "a whole key names one row, not those whose text begins like it");
    expect(found({text("corps.A"), text("")}).size() == 1, "an empty text is a cell like others");
    expect(found({text("corps.A"), text("c")}).empty(), "a key that is not there has rows");
    expect(found({text("corps.C")}).empty(), "a corp that is not there has rows");
    expect(found({}).size() == 8, "the empty prefix means all rows");
}

inline void aScanEndsWhenItsVisitorSaysSo(StorageSubject const& subject) {
    auto s = opened(subject);
    s->write([](RowAccess& tx) {
        for (std::string_view id : {"a", "b", "c"}) putThing(tx, "corps.A", id, integer(1));
    });
    for (std::size_t index : {0U, 1U}) {
        std::string seen;
        s->read([&](RowAccess& tx) {
            tx.forEach(things(), index, {}, [&](std::span<Cell const> row) {
                seen += row[1].bytes();
                return row[1].bytes() != "b";
            });
        });
        expectSame(seen, "ab", "rows seen until the visitor had enough");
    }
}

inline void aVisitorMayThrow(StorageSubject const& subject) {
    auto s = opened(subject);
    putThing(*s, "corps.A", "a");
    bool passed = false;
    try {
        s->read([](RowAccess& tx) {
            tx.forEach(things(), 0, {}, [](std::span<Cell const>) { throw Thrown(); });
        });
    } catch (Thrown const&) {
        passed = true;
    }
    expect(passed, "an exception of a visitor does not come out");
    putThing(*s, "corps.A", "b");
    expectIds(rows(*s, things()), "a b", "rows after a visitor threw");
}

inline void scansNest(StorageSubject const& subject) {
    auto s = opened(subject);
    s->write([](RowAccess& tx) {
        for (std::string_view id : {"a", "b", "c"}) putThing(tx, "corps.A", id);
    });
    std::string seen;
    s->read([&](RowAccess& tx) {
        std::array const prefix{text("corps.A")};
        tx.forEach(things(), 0, prefix, [&](std::span<Cell const> outer) {
            tx.forEach(things(), 0, prefix, [&](std::span<Cell const> inner) {
                (seen += outer[1].bytes()) += inner[1].bytes();
                seen += ' ';
            });
        });
    });
    expectSame(seen, "aa ab ac ba bb bc ca cb cc ", "a scan inside a scan");
}

inline void aScanMayWriteToAnotherTable(StorageSubject const& subject) {
    auto s = opened(subject);
    s->write([](RowAccess& tx) {
        for (std::string_view id : {"a", "b", "c"}) putThing(tx, "corps.A", id);
        std::int64_t n = 0;
        tx.forEach(things(), 0, {}, [&](std::span<Cell const> row) {
            put(tx, numbers(), {integer(++n), integer(0), row[1]});
        });
    });
    expectSame(column(rows(*s, numbers()), 2), "\"a\" \"b\" \"c\"",
               "rows written while another table was scanned");
}

inline void corpsAreApart(StorageSubject const& subject) {
    auto s = opened(subject);
    s->write([](RowAccess& tx) {
        putThing(tx, "corps.A", "1", integer(1), text("same"));
        putThing(tx, "corps.B", "1", integer(2), text("same"));
    });
    expectSame(column(rows(*s, things(), 0, {text("corps.A")}), 2), "1", "the row of the first corp");
    expectSame(column(rows(*s, things(), 0, {text("corps.B")}), 2), "2", "the row of the second corp");
    s->write([](RowAccess& tx) {
        expect(erase(tx, things(), {text("corps.A")}) == 1, "the rows of one corp are erased alone");
    });
    expectSame(column(rows(*s, things()), 0), "\"corps.B\"", "the corp that stays");
}

// ---- indexes

inline void scansByIndex(StorageSubject const& subject) {
    auto s = opened(subject);
    s->write([](RowAccess& tx) {
        putThing(tx, "corps.A", "e", integer(1));
        putThing(tx, "corps.A", "d", integer(1));
        putThing(tx, "corps.A", "c", integer(-5));
        putThing(tx, "corps.A", "b");
        putThing(tx, "corps.A", "a", integer(10));
        putThing(tx, "corps.B", "f", integer(1));
    });
    auto found = [&](std::vector<Cell> const& prefix) { return rows(*s, things(), 1, prefix); };
    expectIds(found({text("corps.A")}), "b c d e a", "rows by number, null first, then by key");
    expectIds(found({text("corps.A"), integer(1)}), "d e", "rows with the number 1");
    expectIds(found({text("corps.A"), Cell()}), "b", "rows without a number");
    expect(found({text("corps.A"), integer(2)}).empty(), "a number that no row has");
    expect(found({}).size() == 6, "the empty prefix means all rows");
    s->write([](RowAccess& tx) {
        putThing(tx, "corps.A", "b", integer(1));
        putThing(tx, "corps.A", "d", integer(11));
        erase(tx, things(), {text("corps.A"), text("c")});
    });
    expectIds(found({text("corps.A")}), "b e a d", "rows by number after changes");
    expectIds(found({text("corps.A"), integer(1)}), "b e", "rows with the number 1 after changes");
    expect(found({text("corps.A"), Cell()}).empty(),
           "the row that has a number now is still found without one");
}

inline void aUniqueIndexRefusesASecondRow(StorageSubject const& subject) {
    auto s = opened(subject);
    putThing(*s, "corps.A", "1", integer(1), text("taken"));
    putThing(*s, "corps.A", "2", integer(2), text("free"));
    expectError(Errc::alreadyExists, "a second row with the same unique cells",
                [&] { putThing(*s, "corps.A", "3", integer(3), text("taken")); });
    expectError(Errc::alreadyExists, "a row changed to the unique cells of another",
                [&] { putThing(*s, "corps.A", "2", integer(4), text("taken")); });
    expectIds(rows(*s, things()), "1 2", "rows after the refusals");
    expectSame(column(rows(*s, things()), 2), "1 2", "numbers after the refusals");
    putThing(*s, "corps.B", "1", Cell(), text("taken"));
    s->write([](RowAccess& tx) {
        erase(tx, things(), {text("corps.A"), text("1")});
        putThing(tx, "corps.A", "3", Cell(), text("taken"));
    });
    expectSame(column(rows(*s, things(), 2, {text("corps.A"), text("taken")}), 1), "\"3\"",
               "who has the unique cells now");
}

inline void aUniqueIndexLetsARowKeepItsCells(StorageSubject const& subject) {
    auto s = opened(subject);
    putThing(*s, "corps.A", "1", integer(1), text("mine"));
    putThing(*s, "corps.A", "1", integer(2), text("mine"));
    expectSame(column(rows(*s, things()), 2), "2", "a row written again with its own unique cells");
}

inline void aUniqueIndexDoesNotCompareNull(StorageSubject const& subject) {
    auto s = opened(subject);
    putThing(*s, "corps.A", "1");
    putThing(*s, "corps.A", "2");
    expectIds(rows(*s, things(), 2, {text("corps.A"), Cell()}), "1 2", "rows without a word");
}

// ---- upsert and erase

inline void aNullCellLeavesWhatIsStored(StorageSubject const& subject) {
    auto s = opened(subject);
    putThing(*s, "corps.A", "1", integer(7), text("seven"));
    putThing(*s, "corps.A", "1", Cell(), text("eight"), Cell::blob("b"));
    Rows const found = rows(*s, things());
    expectSame(column(found, 2), "7", "a number that was left out");
    expectSame(column(found, 3), "\"eight\"", "a word that was given");
    expectSame(column(found, 4), "<b>", "bytes that had been null");
    putThing(*s, "corps.A", "1");
    expectSame(column(rows(*s, things()), 2), "7", "a number after a row of nulls");
}

inline void emptyIsNotNull(StorageSubject const& subject) {
    auto s = opened(subject);
    putThing(*s, "corps.A", "1", integer(1), text("word"), Cell::blob("bytes"));
    putThing(*s, "corps.A", "1", integer(0), Cell::text(std::string_view()), Cell::blob(std::string_view()));
    putThing(*s, "corps.A", "2");
    Rows const found = rows(*s, things());
    expectSame(column(found, 2), "0 null", "the number 0, and none");
    expectSame(column(found, 3), "\"\" null", "the empty text, and none");
    expectSame(column(found, 4), "<> null", "the empty blob, and none");
}

inline void valuesAreKeptExactly(StorageSubject const& subject) {
    auto s = opened(subject);
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    std::string large;
    while (large.size() < 1'000'000) large += all;
    std::string const nul("a\0b\0", 4);
    std::string const utf8 =
        "\xe7\xbb\x84\xe7\xbb\x87 \xc3\x85ngstr\xc3\xb6m e\xcc\x81 "
        "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb";
    std::string const like = "0123 1e3 'x'; \"--% ";
    putThing(*s, "corps.A", "nul", Cell(), text(nul), Cell::blob(nul));
    putThing(*s, "corps.A", "utf8", Cell(), text(utf8), Cell::blob(all));
    putThing(*s, "corps.A", "large", Cell(), text(std::string(300'000, 'x')), Cell::blob(large));
    putThing(*s, "corps.A", "like", Cell(), text(like));
    putThing(*s, "corps.A", "digits", Cell(), text("007"));
    auto at = [&](std::string_view id, std::size_t c) {
        Rows const found = rows(*s, things(), 0, {text("corps.A"), text(id)});
        expect(found.size() == 1, "the row is not found");
        return found[0].at(c).bytes();
    };
    expect(at("nul", 3) == nul && at("nul", 4) == nul, "a NUL inside text or blob is kept");
    expect(at("utf8", 3) == utf8, "UTF-8 is kept byte by byte");
    expect(at("utf8", 4) == all, "a blob of all bytes is kept");
    expect(at("large", 4) == large, "a blob of 1 MB is kept");
    expect(at("large", 3).size() == 300'000, "a text of 300 kB is kept");
    expect(at("like", 3) == like && at("digits", 3) == "007",
           "text that looks like something else stays text");
    expectSame(column(rows(*s, things(), 2, {text("corps.A"), text(nul)}), 1), "\"nul\"",
               "a NUL in an index");
}

inline void integersAreKeptToTheirLimits(StorageSubject const& subject) {
    auto s = opened(subject);
    putThing(*s, "corps.A", "1", integer(std::numeric_limits<std::int64_t>::min()));
    putThing(*s, "corps.A", "2", integer(std::numeric_limits<std::int64_t>::max()));
    putThing(*s, "corps.A", "3", integer((1LL << 53) + 1));
    expectSame(column(rows(*s, things()), 2), "-9223372036854775808 9223372036854775807 9007199254740993",
               "integers");
}

inline void erasesByPrefix(StorageSubject const& subject) {
    auto s = opened(subject);
    s->write([](RowAccess& tx) {
        for (std::int64_t a = 0; a < 3; ++a)
            for (std::int64_t b = 0; b < 4; ++b) put(tx, numbers(), {integer(a), integer(b), text("x")});
    });
    s->write([](RowAccess& tx) {
        expect(erase(tx, numbers(), {integer(1), integer(2)}) == 1, "one row by its whole key");
        expect(erase(tx, numbers(), {integer(1)}) == 3, "the rest of a prefix");
        expect(erase(tx, numbers(), {integer(1)}) == 0, "a prefix without rows");
        expect(erase(tx, numbers(), {integer(7)}) == 0, "a prefix that never was");
        expect(erase(tx, things(), {text("corps.Never")}) == 0, "a corp that never was");
    });
    expectSame(column(rows(*s, numbers()), 0), "0 0 0 0 2 2 2 2", "what stays");
    s->write([](RowAccess& tx) { expect(erase(tx, numbers(), {}) == 8, "all rows by the empty prefix"); });
    expect(rows(*s, numbers()).empty(), "rows stay after all were erased");
}

inline void anErasedRowLeavesNothing(StorageSubject const& subject) {
    auto s = opened(subject);
    putThing(*s, "corps.A", "1", integer(7), text("seven"), Cell::blob("b"));
    s->write([](RowAccess& tx) { erase(tx, things(), {text("corps.A"), text("1")}); });
    putThing(*s, "corps.A", "1");
    Rows const found = rows(*s, things());
    expectSame(column(found, 2) + " " + column(found, 3) + " " + column(found, 4), "null null null",
               "a row made anew");
    expect(rows(*s, things(), 1, {text("corps.A"), integer(7)}).empty(), "an index still has an erased row");
}

// ---- transactions

inline void aThrowUndoesTheTransaction(StorageSubject const& subject) {
    auto s = opened(subject);
    putThing(*s, "corps.A", "1", integer(1), text("one"));
    putThing(*s, "corps.A", "2", integer(2), text("two"));
    bool passed = false;
    try {
        s->write([](RowAccess& tx) {
            putThing(tx, "corps.A", "1", integer(5), text("five"));
            erase(tx, things(), {text("corps.A"), text("2")});
            putThing(tx, "corps.A", "3", integer(3), text("two"));
            put(tx, numbers(), {integer(1), integer(1), text("x")});
            throw Thrown();
        });
    } catch (Thrown const&) {
        passed = true;
    }
    expect(passed, "the exception does not come out");
    expectIds(rows(*s, things()), "1 2", "rows by key");
    expectIds(rows(*s, things(), 1), "1 2", "rows by index");
    expectSame(column(rows(*s, things()), 3), "\"one\" \"two\"", "words");
    expect(rows(*s, numbers()).empty(), "a row in another table stays");
    putThing(*s, "corps.A", "3", integer(3), text("five"));
}

inline void aCorpMayBeginInAnUndoneTransaction(StorageSubject const& subject) {
    auto s = opened(subject);
    try {
        s->write([](RowAccess& tx) {
            putThing(tx, "corps.Undone", "1");
            throw Thrown();
        });
    } catch (Thrown const&) {
    }
    putThing(*s, "corps.Other", "1");
    expect(rows(*s, things(), 0, {text("corps.Undone")}).empty(),
           "a corp that was undone has another's rows");
    putThing(*s, "corps.Undone", "2");
    expectIds(rows(*s, things(), 0, {text("corps.Undone")}), "2", "rows of the corp that was undone once");
    expectIds(rows(*s, things(), 0, {text("corps.Other")}), "1", "rows of the other corp");
}

inline void aReadChangesNothing(StorageSubject const& subject) {
    auto s = opened(subject);
    putThing(*s, "corps.A", "1");
    try {
        s->read([](RowAccess& tx) { putThing(tx, "corps.A", "2"); });
    } catch (std::exception const&) {  // refused: good
    }
    try {
        s->read([](RowAccess& tx) { erase(tx, things(), {}); });
    } catch (std::exception const&) {
    }
    expectIds(rows(*s, things()), "1", "rows after a read that tried to write");
}

inline void aReadDoesNotSeeARunningWrite(StorageSubject const& subject) {
    auto s = opened(subject);
    putThing(*s, "corps.A", "1", integer(1));
    bool inTime = false;
    std::unique_ptr<Helper> reader;  // outlives the write: it may be what the reader waits for
    s->write([&](RowAccess& tx) {
        putThing(tx, "corps.A", "1", integer(2));
        putThing(tx, "corps.A", "2");
        reader = std::make_unique<Helper>(
            [&] { expectSame(column(rows(*s, things()), 2), "1", "what is read while a write runs"); });
        inTime = reader->doneInTime();
    });
    expect(inTime, "a read waits for a running write");
    reader->join();
    expectSame(column(rows(*s, things()), 2), "2 null", "what is read after the write");
}

inline void aReadSeesOneView(StorageSubject const& subject) {
    auto s = opened(subject);
    putThing(*s, "corps.A", "1", integer(1));
    bool inTime = false;
    std::unique_ptr<Helper> writer;
    s->read([&](RowAccess& tx) {
        expectIds(rows(tx, things()), "1", "the first look");
        writer = std::make_unique<Helper>([&] {
            s->write([](RowAccess& own) {
                putThing(own, "corps.A", "1", integer(2));
                putThing(own, "corps.A", "2");
                put(own, numbers(), {integer(1), integer(1), Cell()});
            });
        });
        inTime = writer->doneInTime();
        expectIds(rows(tx, things()), "1", "the second look of the same read");
        expectSame(column(rows(tx, things(), 1), 2), "1", "its look by index");
        expect(rows(tx, numbers()).empty(), "its first look at another table shows what came later");
    });
    expect(inTime, "a write waits for a running read");
    writer->join();
    expectIds(rows(*s, things()), "1 2", "the next read");
}

inline void writersTakeTurns(StorageSubject const& subject) {
    auto s = opened(subject);
    put(*s, numbers(), {integer(0), integer(0), text("0")});
    constexpr int kThreads = 3;
    constexpr int kTimes = 20;
    std::vector<std::unique_ptr<Store>> handles;
    std::vector<std::unique_ptr<Helper>> writers;
    for (int i = 0; i < kThreads; ++i) handles.push_back(subject.copy(*s));
    for (auto& handle : handles)
        writers.push_back(std::make_unique<Helper>([&handle] {
            for (int i = 0; i < kTimes; ++i)
                handle->write([](RowAccess& tx) {
                    std::string const next =
                        std::to_string(std::stoi(rows(tx, numbers()).at(0).at(2).bytes()) + 1);
                    put(tx, numbers(), {integer(0), integer(0), text(next)});
                });
        }));
    for (auto& writer : writers) writer->join();
    expectSame(column(rows(*s, numbers()), 2), "\"" + std::to_string(kThreads * kTimes) + "\"",
               "a number that several threads count up");
}

inline void aSecondWriterWaits(StorageSubject const& subject) {
    auto s = opened(subject);
    bool early = false;
    std::unique_ptr<Helper> second;
    s->write([&](RowAccess& tx) {
        putThing(tx, "corps.A", "1", integer(1));
        second = std::make_unique<Helper>([&] {
            s->write([](RowAccess& own) {
                expectSame(column(rows(own, things()), 2), "1", "what the second writer finds");
                putThing(own, "corps.A", "1", integer(2));
            });
        });
        early = second->doneInTime(std::chrono::milliseconds(50));
    });
    second->join();
    expect(!early, "two writes ran at the same time");
    expectSame(column(rows(*s, things()), 2), "2", "what the second writer left");
}

inline void readersAndAWriterRunTogether(StorageSubject const& subject) {
    auto s = opened(subject);
    s->write([](RowAccess& tx) {
        for (std::int64_t i = 0; i < 50; ++i) put(tx, numbers(), {integer(i), integer(0), text("0")});
    });
    Helper writer([&] {
        for (int round = 1; round <= 20; ++round)
            s->write([&](RowAccess& tx) {
                std::string const value = std::to_string(round);
                for (std::int64_t i = 0; i < 50; ++i)
                    put(tx, numbers(), {integer(i), integer(0), text(value)});
            });
    });
    auto read = [&] {
        for (int round = 0; round < 40; ++round) {
            Rows const found = rows(*s, numbers());
            expect(found.size() == 50, "a read misses rows while others are written");
            for (Row const& row : found)
                expect(row.at(2) == found[0].at(2), "a read sees half of a transaction");
        }
    };
    Helper first(read);
    Helper second(read);
    writer.join();
    first.join();
    second.join();
}

inline void copiesShareOneStore(StorageSubject const& subject) {
    auto s = opened(subject);
    auto other = subject.copy(*s);
    putThing(*other, "corps.A", "1");
    expectIds(rows(*s, things()), "1", "what a copy wrote");
    s.reset();
    expectIds(rows(*other, things()), "1", "what stays when the first handle is gone");
}

// ---- tables that change

inline TableSchema narrow() {
    return TableSchema{"conformanceWidth",
                       {{"corp", ColumnType::corp, Owner::key},
                        {"id", ColumnType::text, Owner::key},
                        {"first", ColumnType::text, Owner::upstream}},
                       2,
                       {}};
}
/** The same table as a program knows it that has more columns, not in the same order, and indexes on them. */
inline TableSchema wide() {
    return TableSchema{"conformanceWidth",
                       {{"corp", ColumnType::corp, Owner::key},
                        {"id", ColumnType::text, Owner::key},
                        {"extra", ColumnType::integer, Owner::local},
                        {"first", ColumnType::text, Owner::upstream},
                        {"name", ColumnType::text, Owner::local}},
                       2,
                       {{"byExtra", {2}, false}, {"byName", {0, 4}, true}}};
}

inline void opensTwice(StorageSubject const& subject) {
    auto s = opened(subject);
    putThing(*s, "corps.A", "1", integer(1));
    openTables(*s, {&things()});
    openTables(*s, {&things(), &numbers()});
    expectSame(column(rows(*s, things()), 2), "1", "a row after opening again");
}

inline void opensMoreTablesLater(StorageSubject const& subject) {
    auto s = opened(subject);
    putThing(*s, "corps.A", "1");
    TableSchema const t = narrow();
    openTables(*s, {&t});
    put(*s, t, {text("corps.A"), text("2"), Cell()});
    expectIds(rows(*s, things()), "1", "a row of the first table");
    expectIds(rows(*s, t), "2", "a row of the table that came later");
}

inline void aWiderTableKeepsItsRows(StorageSubject const& subject) {
    auto s = subject.fresh();
    TableSchema const before = narrow();
    TableSchema const after = wide();
    openTables(*s, {&before});
    put(*s, before, {text("corps.A"), text("1"), text("kept")});
    openTables(*s, {&after});
    expectSame(column(rows(*s, after), 3), "\"kept\"", "a column that was there");
    expectSame(column(rows(*s, after), 2), "null", "a column that was added");
    put(*s, after, {text("corps.A"), text("1"), integer(5), Cell(), text("name")});
    put(*s, after, {text("corps.A"), text("2"), integer(4), text("new"), Cell()});
    expectIds(rows(*s, after, 1), "2 1", "rows by an index that was added");
    expectSame(column(rows(*s, after), 3), "\"kept\" \"new\"", "a column that was there, after new rows");
}

inline void anAddedIndexFindsOldRows(StorageSubject const& subject) {
    auto s = subject.fresh();
    TableSchema const before = narrow();
    TableSchema after = narrow();
    after.indexes.push_back({"byFirst", {2}, false});
    openTables(*s, {&before});
    put(*s, before, {text("corps.A"), text("1"), text("b")});
    put(*s, before, {text("corps.A"), text("2"), text("a")});
    openTables(*s, {&after});
    expectIds(rows(*s, after, 1), "2 1", "rows that were there before the index");
}

inline void anAddedUniqueIndexIsRefusedByRowsThatBreakIt(StorageSubject const& subject) {
    auto s = subject.fresh();
    TableSchema const before = narrow();
    TableSchema after = narrow();
    after.indexes.push_back({"byFirst", {2}, true});
    openTables(*s, {&before});
    put(*s, before, {text("corps.A"), text("1"), text("a")});
    put(*s, before, {text("corps.A"), text("2"), text("a")});
    expectError(Errc::alreadyExists, "a unique index over rows that are alike",
                [&] { openTables(*s, {&after}); });
    expectIds(rows(*s, before), "1 2", "rows after the refusal");
}

inline void aNarrowerProgramLeavesWhatItDoesNotKnow(StorageSubject const& subject) {
    auto s = subject.fresh();
    TableSchema const less = narrow();
    TableSchema const more = wide();
    openTables(*s, {&more});
    put(*s, more, {text("corps.A"), text("1"), integer(5), text("old"), text("name")});
    openTables(*s, {&less});
    put(*s, less, {text("corps.A"), text("1"), text("new")});
    put(*s, less, {text("corps.A"), text("2"), text("two")});
    expectSame(column(rows(*s, less), 2), "\"new\" \"two\"", "what the narrower program sees");
    expectSame(column(rows(*s, more), 2) + " " + column(rows(*s, more), 4), "5 null \"name\" null",
               "what it does not know");
    expectIds(rows(*s, more, 1, {integer(5)}), "1", "an index that it does not know");
    expectError(Errc::alreadyExists, "a second row with the same name",
                [&] { put(*s, more, {text("corps.A"), text("3"), Cell(), Cell(), text("name")}); });
}

inline void expectRefusedByName(Store& s, TableSchema const& t, std::string const& name,
                                std::string const& what) {
    std::string said;
    try {
        openTables(s, {&t});
    } catch (Error const& e) {
        said = e.what();
    }
    expect(!said.empty(), what + " is not refused");
    expect(said.find(t.name) != std::string::npos && said.find(name) != std::string::npos,
           what + " is refused without naming table and column: " + said);
}

inline void aChangedKeyIsRefusedByName(StorageSubject const& subject) {
    auto s = subject.fresh();
    TableSchema const t = narrow();
    openTables(*s, {&t});
    put(*s, t, {text("corps.A"), text("1"), text("kept")});
    TableSchema longer = t;
    longer.keyColumns = 3;
    expectRefusedByName(*s, longer, "first", "one more key column");
    TableSchema shorter = t;
    shorter.keyColumns = 1;
    expectRefusedByName(*s, shorter, "id", "one key column fewer");
    TableSchema renamed = t;
    renamed.columns[1].name = "number";
    expectRefusedByName(*s, renamed, "number", "a renamed key column");
    TableSchema typed = t;
    typed.columns[1].type = ColumnType::integer;
    expectRefusedByName(*s, typed, "id", "a key column of another type");
    expectSame(column(rows(*s, t), 2), "\"kept\"", "the row after the refusals");
}

inline void aChangedTypeIsRefusedByName(StorageSubject const& subject) {
    auto s = subject.fresh();
    TableSchema const t = narrow();
    openTables(*s, {&t});
    put(*s, t, {text("corps.A"), text("1"), text("kept")});
    for (ColumnType type : {ColumnType::integer, ColumnType::blob, ColumnType::corp}) {
        TableSchema changed = t;
        changed.columns[2].type = type;
        expectRefusedByName(*s, changed, "first", "a column of another type");
    }
    TableSchema corpless = t;
    corpless.columns[0].type = ColumnType::text;
    expectRefusedByName(*s, corpless, "corp", "a corp column that becomes text");
    expectSame(column(rows(*s, t), 2), "\"kept\"", "the row after the refusals");
}

inline void cellsOfTheWrongKindAreRefused(StorageSubject const& subject) {
    auto s = opened(subject);
    auto refused = [&](std::vector<Cell> const& cells, std::string const& what) {
        bool thrown = false;
        try {
            put(*s, things(), cells);
        } catch (std::exception const&) {
            thrown = true;
        }
        expect(thrown, what + " is not refused");
    };
    refused({text("corps.A"), Cell(), Cell(), Cell(), Cell()}, "a key with null");
    refused({text("corps.A"), text("1"), text("7"), Cell(), Cell()}, "text in a column of integers");
    refused({text("corps.A"), text("1"), Cell(), integer(7), Cell()}, "an integer in a column of text");
    refused({text("corps.A"), text("1"), Cell(), Cell::blob("x"), Cell()}, "a blob in a column of text");
    expect(rows(*s, things()).empty(), "a refused row was written");
}

// ---- locks

inline void aLockIsExclusive(StorageSubject const& subject) {
    auto s = opened(subject);
    auto held = s->tryLock("corps.A");
    expect(held != nullptr, "a lock that nobody holds is not given");
    expect(s->tryLock("corps.A") == nullptr, "a lock is given twice");
    expect(subject.copy(*s)->tryLock("corps.A") == nullptr, "a lock is given again to a copy of the handle");
    bool given = true;
    Helper([&] { given = s->tryLock("corps.A") != nullptr; }).join();
    expect(!given, "a lock is given again to another thread");
}

inline void aLockIsReleased(StorageSubject const& subject) {
    auto s = opened(subject);
    for (int i = 0; i < 3; ++i)
        expect(s->tryLock("corps.A") != nullptr, "a lock that was released is not given again");
    auto held = s->tryLock("corps.A");
    Helper([&] { held.reset(); }).join();
    expect(s->tryLock("corps.A") != nullptr, "a lock that another thread released is not given again");
}

inline void aLockIsForOneCorp(StorageSubject const& subject) {
    auto s = opened(subject);
    auto held = s->tryLock("corps.A");
    auto other = s->tryLock("corps.B");
    expect(other != nullptr && s->tryLock("corps.A ") != nullptr && s->tryLock("") != nullptr,
           "a lock holds other corps too");
    held.reset();
    expect(s->tryLock("corps.B") == nullptr, "releasing one lock releases another");
}

inline void aLockDoesNotStopWrites(StorageSubject const& subject) {
    auto s = opened(subject);
    auto held = s->tryLock("corps.A");
    bool inTime = false;
    {
        Helper writer([&] { putThing(*s, "corps.A", "1"); });
        inTime = writer.doneInTime();
        held.reset();
        writer.join();
    }
    expect(inTime, "a write waits for a lock");
}

inline void aLockOutlivesItsHandle(StorageSubject const& subject) {
    auto s = opened(subject);
    auto other = subject.copy(*s);
    auto held = s->tryLock("corps.A");
    s.reset();
    expect(other->tryLock("corps.A") == nullptr, "a lock is lost with the handle it came from");
    held.reset();
    expect(other->tryLock("corps.A") != nullptr, "a lock that was released is not given again");
}

// ---- stores that stay

inline void aStoreIsFoundAgain(StorageSubject const& subject) {
    if (!subject.reopen) return;
    std::string large(1'000'000, '\0');
    {
        auto s = opened(subject);
        putThing(*s, "corps.A", "1", integer(1), text("one"), Cell::blob(large));
        putThing(*s, "corps.B", "2", integer(2));
        try {
            s->write([](RowAccess& tx) {
                putThing(tx, "corps.C", "3");
                throw Thrown();
            });
        } catch (Thrown const&) {
        }
    }
    auto s = subject.reopen();
    openTables(*s, {&things(), &numbers(), &blobs()});
    expectIds(rows(*s, things(), 0, {text("corps.A")}), "1", "rows of the first corp");
    expectIds(rows(*s, things(), 1, {text("corps.B")}), "2", "rows of the second corp, by index");
    expect(rows(*s, things(), 0, {text("corps.C")}).empty(), "a row that was undone is found again");
    expect(rows(*s, things(), 0, {text("corps.A")}).at(0).at(4).bytes() == large,
           "a large blob is found again");
    putThing(*s, "corps.C", "4");
    expect(rows(*s, things()).size() == 3, "the store can be written to again");
}

inline void aStoreIsFoundAgainWiderAndNarrower(StorageSubject const& subject) {
    if (!subject.reopen) return;
    TableSchema const less = narrow();
    TableSchema const more = wide();
    {
        auto s = subject.fresh();
        openTables(*s, {&less});
        put(*s, less, {text("corps.A"), text("1"), text("old")});
    }
    {
        auto s = subject.reopen();
        openTables(*s, {&more});
        put(*s, more, {text("corps.A"), text("1"), integer(5), Cell(), text("name")});
    }
    {
        auto s = subject.reopen();
        openTables(*s, {&less});
        put(*s, less, {text("corps.A"), text("1"), text("new")});
        TableSchema changed = less;
        changed.columns[2].type = ColumnType::integer;
        expectRefusedByName(*s, changed, "first", "a column of another type");
    }
    auto s = subject.reopen();
    openTables(*s, {&more});
    Rows const found = rows(*s, more);
    expectSame(column(found, 2) + " " + column(found, 3) + " " + column(found, 4), "5 \"new\" \"name\"",
               "the row in the end");
}

inline void aLockIsNotFoundAgain(StorageSubject const& subject) {
    if (!subject.reopen) return;
    {
        auto s = opened(subject);
        auto held = s->tryLock("corps.A");
    }
    auto s = subject.reopen();
    expect(s->tryLock("corps.A") != nullptr, "a lock stays when all handles are gone");
}

inline constexpr StorageCheck kChecks[] = {
    {"readsBackWhatWasWritten", readsBackWhatWasWritten},
    {"aTransactionSeesItsOwnWrites", aTransactionSeesItsOwnWrites},
    {"textKeysAreInByteOrder", textKeysAreInByteOrder},
    {"integerKeysAreInOrder", integerKeysAreInOrder},
    {"blobKeysAreInByteOrder", blobKeysAreInByteOrder},
    {"manyRowsStayInOrder", manyRowsStayInOrder},
    {"scansByPrefix", scansByPrefix},
    {"aScanEndsWhenItsVisitorSaysSo", aScanEndsWhenItsVisitorSaysSo},
    {"aVisitorMayThrow", aVisitorMayThrow},
    {"scansNest", scansNest},
    {"aScanMayWriteToAnotherTable", aScanMayWriteToAnotherTable},
    {"corpsAreApart", corpsAreApart},
    {"scansByIndex", scansByIndex},
    {"aUniqueIndexRefusesASecondRow", aUniqueIndexRefusesASecondRow},
    {"aUniqueIndexLetsARowKeepItsCells", aUniqueIndexLetsARowKeepItsCells},
    {"aUniqueIndexDoesNotCompareNull", aUniqueIndexDoesNotCompareNull},
    {"aNullCellLeavesWhatIsStored", aNullCellLeavesWhatIsStored},
    {"emptyIsNotNull", emptyIsNotNull},
    {"valuesAreKeptExactly", valuesAreKeptExactly},
    {"integersAreKeptToTheirLimits", integersAreKeptToTheirLimits},
    {"erasesByPrefix", erasesByPrefix},
    {"anErasedRowLeavesNothing", anErasedRowLeavesNothing},
    {"aThrowUndoesTheTransaction", aThrowUndoesTheTransaction},
    {"aCorpMayBeginInAnUndoneTransaction", aCorpMayBeginInAnUndoneTransaction},
    {"aReadChangesNothing", aReadChangesNothing},
    {"aReadDoesNotSeeARunningWrite", aReadDoesNotSeeARunningWrite},
    {"aReadSeesOneView", aReadSeesOneView},
    {"writersTakeTurns", writersTakeTurns},
    {"aSecondWriterWaits", aSecondWriterWaits},
    {"readersAndAWriterRunTogether", readersAndAWriterRunTogether},
    {"copiesShareOneStore", copiesShareOneStore},
    {"opensTwice", opensTwice},
    {"opensMoreTablesLater", opensMoreTablesLater},
    {"aWiderTableKeepsItsRows", aWiderTableKeepsItsRows},
    {"anAddedIndexFindsOldRows", anAddedIndexFindsOldRows},
    {"anAddedUniqueIndexIsRefusedByRowsThatBreakIt", anAddedUniqueIndexIsRefusedByRowsThatBreakIt},
    {"aNarrowerProgramLeavesWhatItDoesNotKnow", aNarrowerProgramLeavesWhatItDoesNotKnow},
    {"aChangedKeyIsRefusedByName", aChangedKeyIsRefusedByName},
    {"aChangedTypeIsRefusedByName", aChangedTypeIsRefusedByName},
    {"cellsOfTheWrongKindAreRefused", cellsOfTheWrongKindAreRefused},
    {"aLockIsExclusive", aLockIsExclusive},
    {"aLockIsReleased", aLockIsReleased},
    {"aLockIsForOneCorp", aLockIsForOneCorp},
    {"aLockDoesNotStopWrites", aLockDoesNotStopWrites},
    {"aLockOutlivesItsHandle", aLockOutlivesItsHandle},
    {"aStoreIsFoundAgain", aStoreIsFoundAgain},
    {"aStoreIsFoundAgainWiderAndNarrower", aStoreIsFoundAgainWiderAndNarrower},
    {"aLockIsNotFoundAgain", aLockIsNotFoundAgain},
};

}  // namespace detail::conformance

inline std::span<StorageCheck const> storageChecks() noexcept { return detail::conformance::kChecks; }

inline std::vector<StorageFailure> runStorageConformance(StorageSubject const& subject) {
    std::vector<StorageFailure> failures;
    for (StorageCheck const& check : storageChecks()) {
        try {
            check.run(subject);
        } catch (std::exception const& e) {
            failures.push_back({check.name, e.what()});
        } catch (...) {
            failures.push_back({check.name, "an exception of unknown type"});
        }
    }
    return failures;
}

}  // namespace corps::testing
