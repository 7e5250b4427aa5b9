// What does the row layer cost? Upserts through SqliteStorage against the loop one would write by hand: one
// prepared statement, one transaction, the same table, settings and rows in key order. Both run in turns in
// one process, each round on new files; the files are compared at the end of each round.
//
//     bench_upsert [rows = 300000] [rounds = 5] [directory for the files = .]
//
// Prints CSV: case, rows, median seconds of both, median of the ratios of a round, and the least and largest
// ratio.
#include <corps/storage/sqlite.hpp>

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace corps;

constexpr std::size_t kColumns = 14;
constexpr std::string_view kCorp = "corps.Benchmark";

TableSchema const& members() {
    static TableSchema const t = [] {
        TableSchema m{"members",
                      {{"corp", ColumnType::corp, Owner::key}, {"memberId", ColumnType::text, Owner::key}},
                      2,
                      {}};
        for (char const* name :
             {"userId", "nick", "phone", "email", "photo", "jobNumber", "position", "openId", "unionId"})
            m.columns.push_back({name, ColumnType::text, Owner::upstream});
        for (char const* name : {"gender", "status", "hiredDate"})
            m.columns.push_back({name, ColumnType::integer, Owner::upstream});
        m.indexes.push_back({"byUserId", {0, 2}, false});
        return m;
    }();
    return t;
}

struct Member {
    std::array<std::string, 10> text;
    std::array<std::int64_t, 3> number;
};

std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31U);
}

/** In key order. With `changed`, every hundredth differs from what it is without, and only those are made. */
std::vector<Member> makeMembers(std::size_t n, bool changed) {
    std::vector<Member> all;
    for (std::size_t i = 0; i < n; ++i) {
        if (changed && i % 100 != 0) continue;
        std::uint64_t const h = mix(i + 1);
        std::string const key = std::to_string(1'000'000'000 + i);
        std::string const some = std::to_string(h);
        Member m;
        m.text = {"ou_" + key,
                  "user" + some,
                  "Member " + some.substr(0, 6),
                  "+86138" + some.substr(0, 8),
                  "m" + key + "@example.com",
                  "https://avatar.example.com/static/" + some + "/72x72.png",
                  "J" + key.substr(3),
                  changed ? "Director" : "Engineer",
                  "on_" + std::to_string(mix(h)),
                  "un_" + std::to_string(mix(h + 1))};
        m.number = {static_cast<std::int64_t>(h % 3), 1, 19'000 + static_cast<std::int64_t>(h % 2000)};
        all.push_back(std::move(m));
    }
    return all;
}

void must(bool holds, char const* what) {
    if (!holds) throw std::runtime_error(what);
}

/** The loop written by hand. */
class Hand {
public:
    explicit Hand(std::string const& file) {
        must(sqlite3_open(file.c_str(), &db_) == SQLITE_OK, "open");
        run("PRAGMA journal_mode=WAL");
        run("PRAGMA synchronous=FULL");
        run("PRAGMA wal_autocheckpoint=0");
        run(("PRAGMA cache_size=-" + std::to_string(SqliteOptions().cacheBytes / 1024)).c_str());
        run("CREATE TABLE members(corp INTEGER NOT NULL, memberId TEXT NOT NULL, userId TEXT, nick TEXT, "
            "phone TEXT, email TEXT, "
            "photo TEXT, jobNumber TEXT, position TEXT, openId TEXT, unionId TEXT, gender INTEGER, status "
            "INTEGER, "
            "hiredDate INTEGER, PRIMARY KEY(corp, memberId)) WITHOUT ROWID");
        run("CREATE INDEX byUserId ON members(corp, userId)");
        must(
            sqlite3_prepare_v2(db_,
                               "INSERT INTO members VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(corp, "
                               "memberId) DO UPDATE SET "
                               "userId=excluded.userId, nick=excluded.nick, phone=excluded.phone, "
                               "email=excluded.email, photo=excluded.photo, "
                               "jobNumber=excluded.jobNumber, position=excluded.position, "
                               "openId=excluded.openId, unionId=excluded.unionId, "
                               "gender=excluded.gender, status=excluded.status, hiredDate=excluded.hiredDate",
                               -1, &upsert_, nullptr) == SQLITE_OK,
            "prepare");
    }
    Hand(Hand const&) = delete;
    Hand& operator=(Hand const&) = delete;
    ~Hand() {
        sqlite3_finalize(upsert_);
        sqlite3_close(db_);
    }
    void write(std::vector<Member> const& rows) {
        run("BEGIN IMMEDIATE");
        for (Member const& m : rows) {
            int at = 1;
            sqlite3_bind_int64(upsert_, at++, 1);
            for (std::string const& s : m.text)
                sqlite3_bind_text(upsert_, at++, s.data(), static_cast<int>(s.size()), SQLITE_STATIC);
            for (std::int64_t v : m.number) sqlite3_bind_int64(upsert_, at++, v);
            must(sqlite3_step(upsert_) == SQLITE_DONE, "step");
            sqlite3_reset(upsert_);
        }
        run("COMMIT");
        // As the storage does when the log is large, which it is whenever a case writes at all.
        sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    }

private:
    void run(char const* sql) { must(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK, sql); }
    sqlite3* db_ = nullptr;
    sqlite3_stmt* upsert_ = nullptr;
};

class Rows {
public:
    explicit Rows(std::string const& file) : storage_(file) {
        std::array<TableSchema const*, 1> const tables{&members()};
        storage_.open(tables);
    }
    void write(std::vector<Member> const& rows) {
        storage_.write([&](SqliteStorage::Tx& tx) {
            for (Member const& m : rows) {
                std::array<Cell, kColumns> cells;
                std::size_t at = 0;
                cells[at++] = Cell::text(kCorp);
                for (std::string const& s : m.text) cells[at++] = Cell::text(s);
                for (std::int64_t v : m.number) cells[at++] = Cell::integer(v);
                tx.upsertRow(members(), cells);
            }
        });
    }

private:
    SqliteStorage storage_;
};

template <class F>
double seconds(F f) {
    auto const begin = std::chrono::steady_clock::now();
    f();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double> v) {
    std::sort(v.begin(), v.end());
    return v[v.size() / 2];
}

/** What is in a file, as numbers that differ when a cell differs. */
std::string checksum(std::string const& file) {
    sqlite3* db = nullptr;
    must(sqlite3_open(file.c_str(), &db) == SQLITE_OK, "open");
    std::string found;
    int const code = sqlite3_exec(
        db,
        "SELECT count(*), sum(length(memberId) + length(nick) * 3 + length(position) * 5 + length(photo) * "
        "7), "
        "sum(gender + status * 3 + hiredDate * 5), max(memberId), min(userId) FROM members",
        [](void* to, int n, char** values, char**) {
            for (int i = 0; i < n; ++i) (*static_cast<std::string*>(to) += values[i]) += ' ';
            return 0;
        },
        &found, nullptr);
    sqlite3_close(db);
    must(code == SQLITE_OK, "checksum");
    return found;
}

struct Case {
    char const* name;
    std::vector<Member> const* rows;
    std::vector<double> hand;
    std::vector<double> layer;
    std::vector<double> ratio;
};

}  // namespace

int main(int argc, char** argv) try {
    std::size_t const n = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 300'000;
    int const rounds = argc > 2 ? std::atoi(argv[2]) : 5;
    std::filesystem::path const directory = argc > 3 ? argv[3] : ".";
    std::vector<Member> const whole = makeMembers(n, false);
    std::vector<Member> const delta = makeMembers(n, true);
    Case cases[] = {{"into an empty table", &whole, {}, {}, {}},
                    {"1 % changed", &delta, {}, {}, {}},
                    {"the same 1 % again", &delta, {}, {}, {}}};

    auto const remove = [&] {
        for (char const* name : {"bench_upsert_hand.db", "bench_upsert_rows.db"})
            for (char const* end : {"", "-wal", "-shm", ".lock"})
                std::filesystem::remove(directory / (std::string(name) + end));
    };
    std::string const handFile = (directory / "bench_upsert_hand.db").string();
    std::string const layerFile = (directory / "bench_upsert_rows.db").string();
    for (int round = 0; round < rounds; ++round) {
        remove();
        {
            Hand hand(handFile);
            Rows layer(layerFile);
            for (Case& c : cases) {
                double byHand = 0;
                double byLayer = 0;
                if (round % 2 == 0) byHand = seconds([&] { hand.write(*c.rows); });
                byLayer = seconds([&] { layer.write(*c.rows); });
                if (round % 2 != 0) byHand = seconds([&] { hand.write(*c.rows); });
                c.hand.push_back(byHand);
                c.layer.push_back(byLayer);
                c.ratio.push_back(byLayer / byHand);
            }
        }
        must(checksum(handFile) == checksum(layerFile), "the files differ");
    }
    remove();
    std::printf("case,rows,by hand s,row layer s,ratio,least,largest\n");
    for (Case const& c : cases)
        std::printf("%s,%zu,%.4f,%.4f,%.3f,%.3f,%.3f\n", c.name, c.rows->size(), median(c.hand),
                    median(c.layer), median(c.ratio), *std::min_element(c.ratio.begin(), c.ratio.end()),
                    *std::max_element(c.ratio.begin(), c.ratio.end()));
    return 0;
} catch (std::exception const& e) {
    std::fprintf(stderr, "bench_upsert: %s\n", e.what());
    return 1;
}
