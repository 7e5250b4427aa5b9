#include "tables.hpp"
#include "temp_dir.hpp"

#include <corps/error/error.hpp>
#include <corps/storage/memory.hpp>
#include <corps/storage/sqlite.hpp>
#include <corps/storage/store.hpp>
#include <corps/testing/failing_storage.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cstddef>
#include <string>

namespace storage_failing_storage_test {

using namespace corps;
using namespace corps::testing;

namespace {

template <class S>
void failEverywhere(S storage) {
    openTables(storage);
    storage.write([](RowAccess& tx) {
        putPerson(tx, "a", 1);
        putPerson(tx, "b", 2);
    });
    std::size_t const steps = failAtEveryStep(
        [&](FailureCounter const& counter) {
            StoreOf<FailingStorage<S>> store{FailingStorage<S>(storage, counter)};
            try {
                openTables(store);
                auto const lock = store.tryLock("corps.A");
                REQUIRE(lock != nullptr);
                std::string const before = stored(store);
                store.write([](RowAccess& tx) {
                    putPerson(tx, "c", 3);
                    tx.eraseRows(people(), {});
                    putPerson(tx, "d", 4);
                });
            } catch (Error const& e) {
                REQUIRE(e.is(Errc::storage));
                REQUIRE(counter.failed());
            }
            CHECK(stored(storage) == (counter.failed() ? "a 1, b 2" : "d 4"));
            CHECK(storage.tryLock("corps.A").has_value());
        },
        100, Errc::storage);
    // open, lock, read, its scan and two rows, write, upsert, erase, upsert, commit
    CHECK(steps == 11);
}

}  // namespace

TEST_CASE("storage: whatever step fails, MemoryStorage is as it was", "[storage]") {
    failEverywhere(MemoryStorage());
}

TEST_CASE("storage: whatever step fails, SqliteStorage is as it was", "[storage]") {
    TempDir const dir;
    failEverywhere(SqliteStorage(dir.file("fail.db")));
}

}  // namespace storage_failing_storage_test
