// Random transactions on a storage and on a std::map, which is what a storage means.
#include "tables.hpp"
#include "temp_dir.hpp"

#include <corps/storage/memory.hpp>
#include <corps/storage/sqlite.hpp>
#include <corps/storage/store.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace storage_model_test {

using namespace corps;

namespace {

struct Person {
    std::optional<std::int64_t> age;
    std::optional<std::string> nick;
    friend bool operator==(Person const&, Person const&) = default;
};
using Key = std::pair<std::string, std::string>;
using Model = std::map<Key, Person>;

Person personIn(std::span<Cell const> row) {
    Person p;
    if (!row[2].isNull()) p.age = row[2].integer();
    if (!row[3].isNull()) p.nick = std::string(row[3].bytes());
    return p;
}

bool taken(Model const& model, Key const& key, std::string const& nick) {
    for (auto const& [other, person] : model)
        if (other != key && other.first == key.first && person.nick == nick) return true;
    return false;
}

void compare(Store& store, Model const& model) {
    store.read([&](RowAccess& tx) {
        Model found;
        tx.forEach(people(), 0, {}, [&](std::span<Cell const> row) {
            found.emplace(Key(row[0].bytes(), row[1].bytes()), personIn(row));
        });
        REQUIRE(found == model);
        for (char const* corp : {"corps.A", "corps.B"}) {
            std::vector<std::tuple<std::optional<std::int64_t>, std::string>> byAge;
            std::vector<std::string> byKey;
            for (auto const& [key, person] : model) {
                if (key.first != corp) continue;
                byAge.emplace_back(person.age, key.second);
                byKey.push_back(key.second);
            }
            std::sort(byAge.begin(), byAge.end());  // an empty optional is less than all others, like null
            Cell const prefix[] = {Cell::text(corp)};
            std::size_t at = 0;
            tx.forEach(people(), 1, prefix, [&](std::span<Cell const> row) {
                REQUIRE(at < byAge.size());
                REQUIRE(std::make_tuple(personIn(row).age, std::string(row[1].bytes())) == byAge[at++]);
            });
            REQUIRE(at == byAge.size());
            at = 0;
            tx.forEach(people(), 0, prefix, [&](std::span<Cell const> row) {
                REQUIRE(at < byKey.size());
                REQUIRE(row[1].bytes() == byKey[at++]);
            });
            REQUIRE(at == byKey.size());
        }
    });
}

void runAgainstModel(Store& store, int transactions) {
    openTables(store);
    unsigned const seed = std::random_device()();
    CAPTURE(seed);
    std::mt19937 random(seed);
    auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    Model model;
    for (int i = 0; i < transactions; ++i) {
        Model const before = model;
        bool const undone = below(4) == 0;
        try {
            store.write([&](RowAccess& tx) {
                for (unsigned n = below(40); n > 0; --n) {
                    Key const key(below(2) == 0 ? "corps.A" : "corps.B", std::to_string(below(60)));
                    Cell const cells[] = {Cell::text(key.first), Cell::text(key.second)};
                    if (unsigned const what = below(20); what == 0) {
                        std::uint64_t const had =
                            std::erase_if(model, [&](auto const& e) { return e.first.first == key.first; });
                        REQUIRE(tx.eraseRows(people(), {cells, 1}) == had);
                    } else if (what < 6) {
                        REQUIRE(tx.eraseRows(people(), cells) == model.erase(key));
                    } else {
                        Person given;
                        if (below(2) == 0) given.age = static_cast<std::int64_t>(below(5));
                        if (below(3) == 0) given.nick = "n" + std::to_string(below(30));
                        std::vector<Cell> row(cells, cells + 2);
                        row.push_back(given.age ? Cell::integer(*given.age) : Cell());
                        row.push_back(given.nick ? Cell::text(*given.nick) : Cell());
                        if (given.nick && taken(model, key, *given.nick)) {
                            REQUIRE(refusal([&] { tx.upsertRow(people(), row); }).is(Errc::alreadyExists));
                            continue;  // a refused row leaves the transaction as it was
                        }
                        tx.upsertRow(people(), row);
                        Person& person = model[key];
                        if (given.age) person.age = given.age;
                        if (given.nick) person.nick = given.nick;
                    }
                }
                if (undone) throw i;
            });
        } catch (int) {
            model = before;
        }
        compare(store, model);
    }
}

}  // namespace

TEST_CASE("storage: random transactions on MemoryStorage give what they mean", "[storage]") {
    StoreOf<MemoryStorage> store{MemoryStorage()};
    runAgainstModel(store, 400);
}

TEST_CASE("storage: random transactions on SqliteStorage give what they mean", "[storage]") {
    TempDir const dir;
    SqliteOptions options;
    options.sync = SqliteSync::off;
    options.checkpointBytes = 200'000;
    StoreOf<SqliteStorage> store{SqliteStorage(dir.file("model.db"), options)};
    runAgainstModel(store, 200);
}

}  // namespace storage_model_test
