#include "tables.hpp"

#include <corps/error/error.hpp>
#include <corps/storage/memory.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace storage_memory_test {

using namespace corps;

TEST_CASE("storage: a write inside a write of a MemoryStorage is refused, not waited for", "[storage]") {
    MemoryStorage s;
    openTables(s);
    MemoryStorage copy = s;
    s.write([&](RowAccess& tx) {
        putPerson(tx, "a", 1);
        CHECK(refusal([&] { copy.write([](RowAccess&) {}); }).is(Errc::operationInProgress));
        CHECK(refusal([&] { openTables(copy); }).is(Errc::operationInProgress));
        CHECK(stored(copy).empty());  // a read inside sees what is committed
    });
    CHECK(stored(s) == "a 1");
}

TEST_CASE("storage: a MemoryStorage refuses what is no row, prefix or table of its own", "[storage]") {
    MemoryStorage s;
    CHECK(refusal([&] { stored(s); }).is(Errc::invalidArgument));  // not opened
    openTables(s);
    Cell const three[] = {Cell::text("corps.A"), Cell::text("a"), Cell::integer(1)};
    TableSchema wider = people();
    wider.columns.push_back({"extra", ColumnType::text, Owner::local});
    s.write([&](RowAccess& tx) {
        CHECK(refusal([&] { tx.upsertRow(people(), three); }).is(Errc::invalidArgument));
        CHECK(refusal([&] { tx.eraseRows(people(), three); }).is(Errc::invalidArgument));
        CHECK(refusal([&] { tx.forEach(people(), 3, {}, [](auto) {}); }).is(Errc::invalidArgument));
        CHECK(refusal([&] { shown(tx, wider); }).is(Errc::invalidArgument));  // never opened that wide
        putPerson(tx, "a", 1);
    });
    CHECK(stored(s) == "a 1");
    s.read([](RowAccess& tx) {
        CHECK(refusal([&] { putPerson(tx, "b", 1); }).is(Errc::invalidArgument));
        CHECK(refusal([&] { tx.eraseRows(people(), {}); }).is(Errc::invalidArgument));
    });
}

TEST_CASE("storage: tables that are none are refused", "[storage]") {
    MemoryStorage s;
    auto refused = [&](TableSchema const& t) {
        return refusal([&] { openTables(s, {&t}); }).is(Errc::invalidArgument);
    };
    ColumnSchema const key{"k", ColumnType::text, Owner::key};
    CHECK(refused({"", {key}, 1, {}}));
    CHECK(refused({"t", {}, 0, {}}));
    CHECK(refused({"t", {key}, 0, {}}));
    CHECK(refused({"t", {key}, 2, {}}));
    CHECK(refused({"t", {key, key}, 1, {}}));
    CHECK(refused({"t", {{"", ColumnType::text, Owner::key}}, 1, {}}));
    CHECK(refused({"t", {key}, 1, {{"i", {1}, false}}}));
    CHECK(refused({"t", {key}, 1, {{"i", {}, false}}}));
    CHECK(refused({"t", {key}, 1, {{"i", {0}, false}, {"i", {0}, true}}}));
    CHECK_FALSE(refused({"t", {key}, 1, {{"i", {0}, false}}}));
}

TEST_CASE("storage: opening tables is all or nothing in a MemoryStorage", "[storage]") {
    MemoryStorage s;
    openTables(s, {&people()});
    TableSchema changed = people();
    changed.columns[2].type = ColumnType::text;
    CHECK(refusal([&] { openTables(s, {&counters(), &changed}); }).is(Errc::storage));
    CHECK(refusal([&] { stored(s, counters()); }).is(Errc::invalidArgument));
}

TEST_CASE("storage: a lock of a MemoryStorage moves and outlives its store's handles", "[storage]") {
    std::optional<MemoryStorage::Lock> lock;
    MemoryStorage other;
    {
        MemoryStorage s;
        lock = s.tryLock("corps.A");
        CHECK(lock.has_value());
        CHECK(other.tryLock("corps.A").has_value());  // another store
    }
    MemoryStorage::Lock moved = std::move(*lock);
    lock.reset();
    auto second = other.tryLock("corps.A");
    REQUIRE(second.has_value());
    moved = std::move(*second);  // the first one goes
    CHECK_FALSE(other.tryLock("corps.A").has_value());
}

TEST_CASE("storage: an index that changed is refused by name in a MemoryStorage", "[storage]") {
    MemoryStorage s;
    openTables(s);
    for (bool unique : {false, true}) {
        TableSchema changed = people();
        changed.indexes[0] = {"byAge", {0, std::size_t{unique ? 2U : 3U}}, unique};
        Error const e = refusal([&] { openTables(s, {&changed}); });
        CHECK(e.is(Errc::storage));
        CHECK(std::string(e.what()).find("byAge") != std::string::npos);
        CHECK(std::string(e.what()).find("people") != std::string::npos);
    }
}

}  // namespace storage_memory_test
