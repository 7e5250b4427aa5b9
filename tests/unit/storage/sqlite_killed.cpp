// A program killed in the middle of a write leaves the file as it was before the transaction or as it was
// after it.
#include "tables.hpp"
#include "temp_dir.hpp"

#include <corps/storage/sqlite.hpp>

#include <catch2/catch_test_macros.hpp>
#include <sqlite3.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace storage_sqlite_killed_test {

using namespace corps;

namespace {

constexpr int kPeople = 100;

/** Runs f in a process of its own, which never returns into the tests; tells progress through a pipe. */
class Child {
public:
    template <class F>
    explicit Child(F f) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        pid_ = ::fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            ::close(ends[0]);
            try {
                f(ends[1]);
            } catch (...) {
            }
            ::_exit(1);
        }
        ::close(ends[1]);
        progress_ = ends[0];
    }
    Child(Child const&) = delete;
    Child& operator=(Child const&) = delete;
    ~Child() {
        kill();
        ::close(progress_);
    }
    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(std::exchange(pid_, -1), nullptr, 0);
    }
    /** The next number it told; -1 when it is gone and all was read. */
    [[nodiscard]] std::int64_t next() const {
        std::int64_t n = -1;
        return ::read(progress_, &n, sizeof n) == sizeof n ? n : -1;
    }

private:
    ::pid_t pid_ = -1;
    int progress_ = -1;
};

void tell(int to, std::int64_t n) {
    if (::write(to, &n, sizeof n) != sizeof n) ::_exit(2);
}

std::int64_t counterIn(RowAccess& tx) {
    std::int64_t value = 0;
    tx.forEach(counters(), 0, {}, [&](std::span<Cell const> row) { value = row[1].integer(); });
    return value;
}

/** Transactions without end: each sets everybody's age and the counter to the next number. */
[[noreturn]] void writeForEver(std::string const& file, int progress) {
    SqliteOptions options;
    options.checkpointBytes = 100'000;  // so that some are killed while the log is moved into the file
    SqliteStorage s(file, options);
    openTables(s);
    for (;;) {
        std::int64_t n = 0;
        s.write([&](RowAccess& tx) {
            n = counterIn(tx) + 1;
            for (int i = 0; i < kPeople; ++i) putPerson(tx, std::to_string(i), n);
            tx.eraseRows(people(),
                         std::array{Cell::text("corps.A"), Cell::text(std::to_string(n % kPeople))});
            put(tx, counters(), {Cell::text("n"), Cell::integer(n)});
        });
        tell(progress, n);
    }
}

}  // namespace

TEST_CASE("storage: a SQLite file survives a writer that is killed at any moment", "[storage]") {
    TempDir const dir;
    std::string const file = dir.file("corps.db");
    unsigned const seed = std::random_device()();
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::int64_t reached = 0;
    for (int round = 0; round < 20; ++round) {
        std::int64_t told = reached;
        {
            Child child([&](int progress) { writeForEver(file, progress); });
            if (round % 4 != 0) told = child.next();  // else: perhaps while the file is made or recovered
            std::this_thread::sleep_for(std::chrono::microseconds(random() % 12'000));
            child.kill();
            for (std::int64_t n = child.next(); n != -1; n = child.next()) told = n;
        }
        SqliteStorage s(file);
        openTables(s);
        s.read([&](RowAccess& tx) {
            reached = counterIn(tx);
            CHECK(reached >= told);  // what was told is committed
            CHECK(reached <= told + 1);
            int rows = 0;
            bool same = true;
            tx.forEach(people(), 0, {}, [&](std::span<Cell const> row) {
                ++rows;
                same = same && row[2].integer() == reached;
            });
            CHECK(same);
            CHECK(rows == (reached == 0 ? 0 : kPeople - 1));
        });
        sqlite3* db = nullptr;
        REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
        std::string verdict;
        sqlite3_exec(
            db, "PRAGMA integrity_check",
            [](void* to, int, char** values, char**) {
                *static_cast<std::string*>(to) += values[0];
                return 0;
            },
            &verdict, nullptr);
        sqlite3_close(db);
        CHECK(verdict == "ok");
    }
    CHECK(reached > 0);
}

TEST_CASE("storage: the lock of a corp is released when its process is killed", "[storage]") {
    TempDir const dir;
    std::string const file = dir.file("corps.db");
    Child child([&](int progress) {
        SqliteStorage s(file);
        auto const lock = s.tryLock("corps.A");
        tell(progress, lock.has_value() ? 1 : 0);
        for (;;) ::pause();
    });
    SqliteStorage s(file);
    REQUIRE(child.next() == 1);
    CHECK_FALSE(s.tryLock("corps.A").has_value());
    CHECK(s.tryLock("corps.B").has_value());
    child.kill();
    CHECK(s.tryLock("corps.A").has_value());
}

}  // namespace storage_sqlite_killed_test
