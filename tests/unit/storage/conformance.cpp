#include "temp_dir.hpp"

#include <corps/storage/memory.hpp>
#include <corps/storage/sqlite.hpp>
#include <corps/testing/storage_conformance.hpp>

#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace storage_conformance_test {

using namespace corps;
using namespace corps::testing;

namespace {

void check(StorageSubject const& subject) {
    for (StorageCheck const& c : storageChecks()) {
        DYNAMIC_SECTION(c.name) { CHECK_NOTHROW(c.run(subject)); }
    }
}

}  // namespace

TEST_CASE("storage: MemoryStorage passes the conformance suite", "[storage][thread]") {
    check(storageSubject<MemoryStorage>([] { return MemoryStorage(); }));
}

TEST_CASE("storage: SqliteStorage passes the conformance suite", "[storage][thread]") {
    TempDir const dir;
    SqliteOptions options;
    options.sync = SqliteSync::off;
    int files = 0;
    auto file = [&] { return dir.file(std::to_string(files) + ".db"); };
    check(storageSubject<SqliteStorage>(
        [&] {
            ++files;
            return SqliteStorage(file(), options);
        },
        [&] { return SqliteStorage(file(), options); }));
}

}  // namespace storage_conformance_test
