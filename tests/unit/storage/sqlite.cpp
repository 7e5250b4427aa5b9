#include "tables.hpp"
#include "temp_dir.hpp"

#include <corps/error/error.hpp>
#include <corps/storage/sqlite.hpp>

#include <catch2/catch_test_macros.hpp>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace storage_sqlite_test {

using namespace corps;

namespace {

/** The file as another program sees it. */
class Raw {
public:
    explicit Raw(std::string const& file) { REQUIRE(sqlite3_open(file.c_str(), &db_) == SQLITE_OK); }
    Raw(Raw const&) = delete;
    Raw& operator=(Raw const&) = delete;
    ~Raw() { sqlite3_close(db_); }

    /** All values, one row after the other. */
    std::string run(std::string const& sql) {
        std::string all;
        char* said = nullptr;
        int const code = sqlite3_exec(
            db_, sql.c_str(),
            [](void* to, int columns, char** values, char**) {
                auto& text = *static_cast<std::string*>(to);
                for (int i = 0; i < columns; ++i)
                    (text += text.empty() ? "" : " ") += values[i] == nullptr ? "null" : values[i];
                return 0;
            },
            &all, &said);
        std::string const problem = said == nullptr ? "" : said;
        sqlite3_free(said);
        INFO(sql << ": " << problem);
        REQUIRE(code == SQLITE_OK);
        return all;
    }

private:
    sqlite3* db_ = nullptr;
};

std::string bytesOf(std::string const& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void overwrite(std::string const& file, std::string const& bytes) {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out << bytes;
}

/** An Errc::storage that says what happened and names the file. */
bool says(Error const& e, std::string const& what, std::string const& file) {
    UNSCOPED_INFO(e.what());
    return e.is(Errc::storage) && e.message().find(what) != std::string::npos &&
           e.diagnostics().place.starts_with(file);
}

// SQLite calls one of these on every connection it opens while an object of this class lives.
class OnEveryConnection {
public:
    explicit OnEveryConnection(std::function<void(sqlite3*)> f) {
        action() = std::move(f);
        sqlite3_auto_extension(reinterpret_cast<void (*)()>(&call));
    }
    OnEveryConnection(OnEveryConnection const&) = delete;
    OnEveryConnection& operator=(OnEveryConnection const&) = delete;
    ~OnEveryConnection() {
        sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&call));
        action() = nullptr;
    }

private:
    static int call(sqlite3* db, char const**, void const*) {
        action()(db);
        return SQLITE_OK;
    }
    static std::function<void(sqlite3*)>& action() {
        static std::function<void(sqlite3*)> f;
        return f;
    }
};

SqliteStorage withPeople(std::string const& file, SqliteOptions options = SqliteOptions()) {
    SqliteStorage s(file, options);
    openTables(s);
    s.write([](RowAccess& tx) {
        putPerson(tx, "a", 1);
        putPerson(tx, "b", 2, "corps.B");
    });
    return s;
}

}  // namespace

TEST_CASE("storage: a write to SQLite that changes nothing writes nothing", "[storage]") {
    TempDir const dir;
    std::string const file = dir.file("corps.db");
    SqliteStorage s = withPeople(file);
    std::uint64_t const rows = s.rowsChanged();
    auto files = [&] { return bytesOf(file) + bytesOf(file + "-wal"); };
    std::string const before = files();

    s.write([](RowAccess&) {});
    s.write([](RowAccess& tx) {
        putPerson(tx, "a", 1);
        put(tx, people(), {Cell::text("corps.B"), Cell::text("b"), Cell(), Cell()});
        tx.eraseRows(people(), std::vector<Cell>{Cell::text("corps.A"), Cell::text("nobody")});
        tx.eraseRows(people(), std::vector<Cell>{Cell::text("corps.None")});
        shown(tx);
    });
    openTables(s);
    SqliteStorage again(file);
    openTables(again);
    CHECK(stored(again) == "a 1, b 2");
    CHECK(s.rowsChanged() == rows);
    CHECK(again.rowsChanged() == 0);
    CHECK(files() == before);

    s.write([](RowAccess& tx) {
        putPerson(tx, "a", 2);
        putPerson(tx, "c", 3);
        put(tx, people(), {Cell::text("corps.A"), Cell::text("a"), Cell(), Cell()});
    });
    CHECK(s.rowsChanged() == rows + 2);
    CHECK(files() != before);
}

TEST_CASE("storage: what a SQLite file looks like to other tools", "[storage]") {
    TempDir const dir;
    std::string const file = dir.file("corps.db");
    SqliteStorage s = withPeople(file);
    s.write([](RowAccess& tx) { putPerson(tx, "c", 3); });
    Raw raw(file);
    CHECK(raw.run("PRAGMA application_id") == std::to_string(0x636f7270));
    CHECK(raw.run("PRAGMA journal_mode") == "wal");
    CHECK(raw.run("SELECT * FROM corps_meta") == "format 1");
    CHECK(raw.run("SELECT name FROM corps_names ORDER BY name") == "corps.A corps.B");
    CHECK(raw.run("SELECT count(DISTINCT typeof(corp)), max(typeof(corp)) FROM people") == "1 integer");
    CHECK(raw.run("SELECT p.id FROM people p JOIN corps_names n ON n.id = p.corp WHERE n.name = 'corps.A'") ==
          "a c");
    CHECK(raw.run("PRAGMA foreign_key_list(people)").empty());
    CHECK(raw.run("PRAGMA integrity_check") == "ok");
    CHECK(s.path() == file);
}

TEST_CASE("storage: what others added to a SQLite file stays", "[storage]") {
    TempDir const dir;
    std::string const file = dir.file("corps.db");
    SqliteStorage s = withPeople(file);
    {
        Raw raw(file);
        raw.run("ALTER TABLE people ADD COLUMN note REAL");
        raw.run("UPDATE people SET note = 1.5");
        raw.run("CREATE INDEX mine ON people(note)");
        raw.run("CREATE TABLE other(x); INSERT INTO other VALUES(7)");
    }
    s.write([](RowAccess& tx) { putPerson(tx, "a", 5); });  // prepared before the column came
    openTables(s);
    SqliteStorage again(file);
    openTables(again);
    again.write([](RowAccess& tx) { putPerson(tx, "b", 6, "corps.B"); });
    CHECK(stored(s) == "a 5, b 6");
    CHECK(Raw(file).run("SELECT note FROM people UNION ALL SELECT x FROM other") == "1.5 1.5 7");

    TableSchema clash = people();
    clash.columns.push_back({"note", ColumnType::blob, Owner::local});
    Error const e = refusal([&] { openTables(again, {&clash}); });
    CHECK(says(e, "note", file));
    CHECK(std::string(e.what()).find("people") != std::string::npos);
}

TEST_CASE("storage: a newer SQLite file is refused and left alone", "[storage]") {
    TempDir const dir;
    std::string const file = dir.file("corps.db");
    SqliteStorage open = withPeople(file);
    Raw(file).run("UPDATE corps_meta SET value = 2 WHERE name = 'format'");
    std::string const before = bytesOf(file) + bytesOf(file + "-wal");

    SqliteStorage s(file);
    TableSchema wider = people();
    wider.columns.push_back({"extra", ColumnType::text, Owner::local});
    Error const e = refusal([&] { openTables(s, {&wider}); });
    CHECK(e.is(Errc::storageTooNew));
    CHECK(std::string(e.what()).find(file) != std::string::npos);
    // Also by a handle from before: another program brought the file to the new format meanwhile.
    CHECK(refusal([&] { stored(open); }).is(Errc::storageTooNew));
    CHECK(refusal([&] { open.write([](RowAccess& tx) { putPerson(tx, "x", 1); }); }).is(Errc::storageTooNew));
    CHECK(bytesOf(file) + bytesOf(file + "-wal") == before);
}

TEST_CASE("storage: a file that is no SQLite file of ours is refused and left alone", "[storage]") {
    TempDir const dir;
    std::string const file = dir.file("corps.db");
    auto refused = [&](std::string const& what) {
        std::string const before = bytesOf(file);
        SqliteStorage s(file);
        CHECK(says(refusal([&] { openTables(s); }), what, file));
        CHECK(bytesOf(file) == before);
    };
    SECTION("text") {
        overwrite(file, std::string(5000, 'x'));
        refused("not a database");
    }
    SECTION("another program's tables") {
        Raw(file).run("CREATE TABLE notes(x)");
        refused("another program");
    }
    SECTION("another program's mark") {
        Raw(file).run("PRAGMA application_id=77");
        refused("another program");
    }
    SECTION("a directory") {
        std::filesystem::create_directory(file);
        SqliteStorage s(file);
        CHECK(says(refusal([&] { openTables(s); }), "cannot be opened", file));
    }
}

TEST_CASE("storage: an empty file becomes a SQLite store", "[storage]") {
    TempDir const dir;
    overwrite(dir.file("corps.db"), "");
    CHECK(stored(*std::make_unique<SqliteStorage>(withPeople(dir.file("corps.db")))) == "a 1, b 2");
}

TEST_CASE("storage: paths that name no file are refused", "[storage]") {
    CHECK(refusal([] { SqliteStorage(""); }).is(Errc::invalidArgument));
    CHECK(refusal([] { SqliteStorage(":memory:"); }).is(Errc::invalidArgument));
    CHECK(std::filesystem::path(SqliteStorage("relative.db").path()).is_absolute());
    TempDir const dir;
    std::string const file = dir.file("missing/corps.db");
    SqliteStorage s(file);
    CHECK(says(refusal([&] { openTables(s); }), "cannot be opened", file));
    CHECK(says(refusal([&] { (void)s.tryLock("corps.A"); }), "lock file", file + ".lock"));
    CHECK_FALSE(std::filesystem::exists(dir.file("missing")));
}

TEST_CASE("storage: a path that looks like a URI is a path", "[storage]") {
    TempDir const dir;
    std::string const name = dir.file("file:corps.db?mode=memory");
    SqliteStorage s = withPeople(name);
    CHECK(std::filesystem::exists(name));
}

TEST_CASE("storage: a damaged SQLite file is an error that names it", "[storage]") {
    TempDir const dir;
    std::string const file = dir.file("corps.db");
    {
        SqliteStorage s = withPeople(file);
        s.write([](RowAccess& tx) {
            for (int i = 0; i < 3000; ++i) putPerson(tx, "person " + std::to_string(i), i);
        });
    }
    std::string bytes = bytesOf(file);
    REQUIRE(bytes.size() > 16 * 4096);
    std::fill(bytes.begin() + 8 * 4096, bytes.end(), '\x5a');
    overwrite(file, bytes);
    SqliteStorage s(file);
    CHECK(says(refusal([&] {
                   openTables(s);
                   stored(s);
               }),
               "damaged", file));
    CHECK(says(refusal([&] {
                   s.write([](RowAccess& tx) {
                       for (int i = 0; i < 3000; ++i) putPerson(tx, "person " + std::to_string(i), 1);
                   });
               }),
               "damaged", file));
}

TEST_CASE("storage: a value of another type, put there by another tool, is an error", "[storage]") {
    TempDir const dir;
    std::string const file = dir.file("corps.db");
    SqliteStorage s = withPeople(file);
    Raw(file).run("UPDATE people SET age = 'old' WHERE id = 'a'");
    CHECK(says(refusal([&] { stored(s); }), "age", file));
    Raw(file).run("UPDATE people SET age = 1.5 WHERE id = 'a'");
    CHECK(says(refusal([&] { stored(s); }), "age", file));
    Raw(file).run("UPDATE people SET age = 1, corp = 99 WHERE id = 'a'");
    CHECK(says(refusal([&] { stored(s); }), "without a name", file));
    Raw(file).run("DELETE FROM people WHERE id = 'a'");
    CHECK(stored(s) == "b 2");
}

TEST_CASE("storage: a SQLite file locked by another program is an error after the busy timeout",
          "[storage]") {
    TempDir const dir;
    std::string const file = dir.file("corps.db");
    SqliteOptions options;
    options.busyTimeout = std::chrono::milliseconds(20);
    SqliteStorage s = withPeople(file, options);
    Raw other(file);
    other.run("BEGIN IMMEDIATE");
    CHECK(says(refusal([&] { s.write([](RowAccess& tx) { putPerson(tx, "c", 3); }); }), "locked", file));
    CHECK(stored(s) == "a 1, b 2");  // readers are not concerned
    openTables(s);                   // nor is opening what is there
    other.run("COMMIT");
    s.write([](RowAccess& tx) { putPerson(tx, "c", 3); });
    CHECK(stored(s) == "a 1, c 3, b 2");
}

TEST_CASE("storage: a writer waits for another program", "[storage]") {
    TempDir const dir;
    std::string const file = dir.file("corps.db");
    SqliteStorage s = withPeople(file);
    Raw other(file);
    other.run("BEGIN IMMEDIATE; UPDATE people SET age = 7 WHERE id = 'a'");
    std::thread release([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        other.run("COMMIT");
    });
    std::string found;
    s.write([&](RowAccess& tx) { found = shown(tx); });
    release.join();
    CHECK(found == "a 7, b 2");
}

TEST_CASE("storage: a full disk loses nothing that was committed", "[storage]") {
    TempDir const dir;
    std::string const file = dir.file("corps.db");
    {
        SqliteStorage s = withPeople(file);
    }
    {
        OnEveryConnection const limited(
            [](sqlite3* db) {  // what SQLite does when the disk has no room for another page
                sqlite3_exec(db, "PRAGMA max_page_count=12", nullptr, nullptr, nullptr);
            });
        SqliteStorage s(file);
        openTables(s);
        auto fill = [](RowAccess& tx) {
            for (int i = 0; i < 3000; ++i) putPerson(tx, "person " + std::to_string(i), i);
        };
        CHECK(says(refusal([&] { s.write(fill); }), "full", file));
        CHECK(stored(s) == "a 1, b 2");
        s.write([](RowAccess& tx) { putPerson(tx, "a", 5); });  // small enough

        // A caller that goes on after the failure gets neither half a transaction nor a part of it committed.
        std::optional<Error> first;
        Error const e = refusal([&] {
            s.write([&](RowAccess& tx) {
                putPerson(tx, "a", 6);
                first = refusal([&] { fill(tx); });
                CHECK(refusal([&] { putPerson(tx, "b", 7, "corps.B"); }).is(Errc::storage));
                CHECK(refusal([&] { shown(tx); }).is(Errc::storage));
            });
        });
        CHECK(first->is(Errc::storage));
        CHECK(says(e, "has failed", file));
        CHECK(stored(s) == "a 5, b 2");
    }
    SqliteStorage s(file);
    openTables(s);
    s.write([](RowAccess& tx) { putPerson(tx, "c", 3); });
    CHECK(stored(s) == "a 5, c 3, b 2");
    CHECK(Raw(file).run("PRAGMA integrity_check") == "ok");
}

TEST_CASE("storage: a SQLite file that may not be written to", "[storage]") {
    TempDir const dir;
    std::string const file = dir.file("corps.db");
    SqliteStorage keepsTheLogOpen = withPeople(file);
    std::filesystem::permissions(dir.path(), std::filesystem::perms(0755));
    // The superuser may write everywhere: be somebody else.
    bool const root = ::geteuid() == 0;
    for (char const* end : {"", "-wal", "-shm"})
        std::filesystem::permissions(file + end, std::filesystem::perms(root ? 0644 : 0444));
    if (root) REQUIRE(::seteuid(65534) == 0);
    Error written(Errc::cancelled, "");
    Error locked(Errc::cancelled, "");
    {
        SqliteStorage s(file);
        written = refusal([&] {
            openTables(s);
            s.write([](RowAccess& tx) { putPerson(tx, "c", 3); });
        });
        if (root) locked = refusal([&] { (void)s.tryLock("corps.A"); });
    }
    if (root) REQUIRE(::seteuid(0) == 0);
    CHECK(says(written, "cannot be written to", file));
    if (root) CHECK(says(locked, "lock file", file + ".lock"));
    CHECK(stored(keepsTheLogOpen) == "a 1, b 2");
}

TEST_CASE("storage: names that SQLite or the storage keeps for itself are refused", "[storage]") {
    TempDir const dir;
    SqliteStorage s(dir.file("corps.db"));
    for (char const* name : {"corps_meta", "corps_names", "sqlite_x"}) {
        TableSchema t = counters();
        t.name = name;
        CHECK(refusal([&] { openTables(s, {&t}); }).is(Errc::invalidArgument));
    }
    TableSchema odd{
        "or\"der by;--",
        {{"select \"x\"", ColumnType::text, Owner::key}, {"order", ColumnType::integer, Owner::local}},
        1,
        {{"in\"dex", {1}, true}}};
    openTables(s, {&odd});
    s.write([&](RowAccess& tx) { put(tx, odd, {Cell::text("k"), Cell::integer(5)}); });
    CHECK(stored(s, odd, 1) == "k 5");
    SqliteStorage again(dir.file("corps.db"));
    openTables(again, {&odd});
    CHECK(stored(again, odd, 1) == "k 5");
}

TEST_CASE("storage: a SqliteStorage that was not opened says so", "[storage]") {
    TempDir const dir;
    SqliteStorage s(dir.file("corps.db"));
    CHECK(refusal([&] { stored(s); }).is(Errc::invalidArgument));
    CHECK(refusal([&] { s.write([](RowAccess&) {}); }).is(Errc::invalidArgument));
    CHECK_FALSE(std::filesystem::exists(dir.file("corps.db")));
    openTables(s, {&people()});
    CHECK(refusal([&] { stored(s, counters()); }).is(Errc::invalidArgument));
    TableSchema wider = people();
    wider.columns.push_back({"extra", ColumnType::text, Owner::local});
    CHECK(refusal([&] { stored(s, wider); }).is(Errc::invalidArgument));
}

TEST_CASE("storage: opening tables is all or nothing in a SqliteStorage", "[storage]") {
    TempDir const dir;
    std::string const file = dir.file("corps.db");
    SqliteStorage s(file);
    openTables(s, {&people()});
    TableSchema changed = people();
    changed.columns[2].type = ColumnType::text;
    CHECK(refusal([&] { openTables(s, {&counters(), &changed}); }).is(Errc::storage));
    CHECK(refusal([&] { stored(s, counters()); }).is(Errc::invalidArgument));
    CHECK(Raw(file).run("SELECT count(*) FROM sqlite_schema WHERE name = 'counters'") == "0");
}

TEST_CASE("storage: a write inside a write of a SqliteStorage is refused, not waited for", "[storage]") {
    TempDir const dir;
    SqliteStorage s = withPeople(dir.file("corps.db"));
    SqliteStorage copy = s;
    s.write([&](RowAccess& tx) {
        putPerson(tx, "a", 5);
        CHECK(refusal([&] { copy.write([](RowAccess&) {}); }).is(Errc::operationInProgress));
        CHECK(refusal([&] { openTables(copy); }).is(Errc::operationInProgress));
        CHECK(stored(copy) == "a 1, b 2");
    });
    CHECK(stored(s) == "a 5, b 2");
    s.read([](RowAccess& tx) {
        CHECK(refusal([&] { putPerson(tx, "b", 1); }).is(Errc::invalidArgument));
        CHECK(refusal([&] { tx.eraseRows(people(), {}); }).is(Errc::invalidArgument));
    });
}

TEST_CASE("storage: handles that make the same SQLite file at the same time both get it",
          "[storage][thread]") {
    TempDir const dir;
    for (int round = 0; round < 10; ++round) {
        std::string const file = dir.file(std::to_string(round) + ".db");
        std::vector<std::string> failures(3);
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < failures.size(); ++i)
            threads.emplace_back([&, i] {
                try {
                    SqliteStorage s(file);
                    openTables(s);
                    s.write([&](RowAccess& tx) {
                        putPerson(tx, std::to_string(i), 1, "corps." + std::to_string(i));
                    });
                } catch (std::exception const& e) {
                    failures[i] = e.what();
                }
            });
        for (std::thread& t : threads) t.join();
        for (std::string const& f : failures) CHECK(f == "");
        CHECK(Raw(file).run("SELECT id FROM people ORDER BY id") == "0 1 2");
    }
}

TEST_CASE("storage: SQLite scans by an index and never sorts", "[storage]") {
    TempDir const dir;
    std::string const file = dir.file("corps.db");
    static std::vector<std::string> statements;
    statements.clear();
    {
        OnEveryConnection const traced([](sqlite3* db) {
            sqlite3_trace_v2(
                db, SQLITE_TRACE_STMT,
                [](unsigned, void*, void* statement, void*) {
                    statements.emplace_back(sqlite3_sql(static_cast<sqlite3_stmt*>(statement)));
                    return 0;
                },
                nullptr);
        });
        SqliteStorage s = withPeople(file);
        s.read([](RowAccess& tx) {
            Cell const prefix[] = {Cell::text("corps.A"), Cell::text("a")};
            for (std::size_t index = 0; index < 3; ++index)
                for (std::size_t length = 0; length < 3; ++length)
                    if (index != 1 || length < 2) tx.forEach(people(), index, {prefix, length}, [](auto) {});
            Cell const age[] = {Cell::text("corps.A"), Cell::integer(1)};
            tx.forEach(people(), 1, age, [](auto) {});
        });
        CHECK(std::count(statements.begin(), statements.end(), "PRAGMA synchronous=FULL") == 1);
    }
    Raw raw(file);
    int scans = 0;
    for (std::string const& sql : statements) {
        if (sql.find("FROM \"people\"") == std::string::npos || sql.find("ORDER BY") == std::string::npos)
            continue;
        ++scans;
        std::string const plan = raw.run("EXPLAIN QUERY PLAN " + sql);
        INFO(sql << "\n" << plan);
        CHECK(plan.find("TEMP B-TREE") == std::string::npos);
        if (sql.find("WHERE") != std::string::npos) CHECK(plan.find("SEARCH") != std::string::npos);
    }
    CHECK(scans == 9);
}

TEST_CASE("storage: the log of a SQLite file is emptied after commits", "[storage]") {
    TempDir const dir;
    std::string const file = dir.file("corps.db");
    SqliteOptions options;
    options.checkpointBytes = 100'000;
    SqliteStorage s = withPeople(file, options);
    std::uintmax_t most = 0;
    for (int round = 0; round < 40; ++round) {
        s.write([&](RowAccess& tx) {
            for (int i = 0; i < 500; ++i) putPerson(tx, "person " + std::to_string(i), round);
        });
        most = std::max(most, std::filesystem::file_size(file + "-wal"));
    }
    CHECK(most < 400'000);  // one commit and what was below the limit
    CHECK(std::filesystem::file_size(file) > 20'000);
}

TEST_CASE("storage: the lock of a corp is the byte that is documented", "[storage]") {
    TempDir const dir;
    std::string const file = dir.file("corps.db");
    SqliteStorage s(file);
    auto lock = s.tryLock("corps.A");
    REQUIRE(lock.has_value());
    std::uint64_t hash = 14695981039346656037U;
    for (char c : std::string("corps.A")) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    auto held = [&](std::uint64_t at) {
        int const fd = ::open((file + ".lock").c_str(), O_RDWR);
        REQUIRE(fd >= 0);
        struct flock range{};
        range.l_type = F_WRLCK;
        range.l_whence = SEEK_SET;
        range.l_start = static_cast<off_t>(at);
        range.l_len = 1;
        REQUIRE(::fcntl(fd, F_OFD_GETLK, &range) == 0);
        ::close(fd);
        return range.l_type != F_UNLCK;
    };
    std::uint64_t const at = hash & (UINT64_MAX >> 1U);
    CHECK(held(at));
    CHECK_FALSE(held(at - 1));
    CHECK_FALSE(held(0));
    SqliteStorage other(file);
    CHECK_FALSE(other.tryLock("corps.A").has_value());
    SqliteStorage::Lock moved = std::move(*lock);
    lock.reset();
    CHECK(held(at));
    moved = std::move(*other.tryLock("corps.B"));
    CHECK_FALSE(held(at));
    CHECK(std::filesystem::file_size(file + ".lock") == 0);
}

TEST_CASE("storage: an index that changed is refused by name in a SqliteStorage", "[storage]") {
    TempDir const dir;
    SqliteStorage s(dir.file("corps.db"));
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

}  // namespace storage_sqlite_test
