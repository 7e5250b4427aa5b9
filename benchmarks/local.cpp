// Does it cost more to edit an organisation the bigger it is? And what does a batch cost, beside the loop one
// would write by hand?
//
// The first: medians of createDept, addMember, getMember and others on corps of growing size, in SQLite
// without waiting for the disk, and their ratios to the smallest size of the same run. The second:
// addDeptMember of 100,000 members in one call, and prepared statements in one transaction that look each
// member up and insert the membership, into a table with the same key and index; in turn, what counts is the
// ratio.
//
//     bench_local [MOST_MEMBERS [ROUNDS]]        (100000, 5)
#include <corps/corps.hpp>
#include <corps/crypto/password.hpp>
#include <corps/storage/sqlite.hpp>

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

using Corp = corps::NormalType<corps::SqliteStorage>;

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
double median(std::vector<double> v) {
    std::sort(v.begin(), v.end());
    return v[v.size() / 2];
}
template <class F>
double timed(F&& f) {
    double const begin = now();
    f();
    return now() - begin;
}

std::string memberName(std::size_t i) { return "member" + std::to_string(10'000'000 + i); }

/** Members [from, to) and a department for each hundred of them. */
corps::CorpData people(std::size_t from, std::size_t to) {
    corps::CorpData out;
    if (from == 0) {
        out.deptList.push_back({});
        out.deptList.back().deptId = "root";
        out.deptList.back().name = "Root";
    }
    for (std::size_t i = from; i < to; ++i) {
        corps::DeptId const dept = "dept" + std::to_string(i / 100);
        if (i % 100 == 0) {
            corps::CorpDept d;
            d.deptId = dept;
            // Ten below each.
            std::size_t const n = i / 100;
            d.parentId =
                n == 0 ? corps::DeptId("root") : corps::DeptId("dept" + std::to_string((n - 1) / 10));
            d.name = "Department " + std::to_string(n);
            out.deptList.push_back(std::move(d));
        }
        corps::CorpMember m;
        m.memberId = memberName(i);
        m.nick = "Member " + std::to_string(i);
        m.phone = "+86138" + std::to_string(10'000'000 + i);
        out.userList.push_back(std::move(m));
        corps::CorpDeptMember place;
        place.deptId = dept;
        place.memberId = memberName(i);
        out.deptMemberList.push_back(std::move(place));
    }
    out.normalise();
    return out;
}

struct Point {
    std::size_t size = 0;
    std::vector<std::pair<char const*, double>> costs{};
};

/** Median of what some calls cost, on a corp that has `size` members. */
Point measure(Corp& corp, std::size_t size) {
    Point out;
    out.size = size;
    std::mt19937_64 random(size);
    std::size_t constexpr kCalls = 200;
    auto const each = [&](char const* what, auto&& call) {
        std::vector<double> times;
        for (std::size_t i = 0; i < kCalls; ++i) times.push_back(timed([&] { call(i); }));
        out.costs.emplace_back(what, median(std::move(times)));
    };
    auto const any = [&] { return corps::MemberId(memberName(random() % size)); };
    auto const anyDept = [&] {
        return corps::DeptId("dept" + std::to_string(random() % ((size + 99) / 100)));
    };
    std::string const n = std::to_string(size);
    each("createDept", [&](std::size_t i) { (void)corp.createDept("New " + std::to_string(i), anyDept()); });
    each("addMember", [&](std::size_t i) {
        (void)corp.addMember(
            {.nick = "New", .deptIdList = {anyDept()}, .memberId = n + "-" + std::to_string(i)});
    });
    each("getMember", [&](std::size_t) { (void)corp.getMember(any()); });
    each("updateUserInfo", [&](std::size_t i) {
        corp.updateUserInfo(any(), corps::MemberUpdate{.email = std::to_string(i) + "@example.com"});
    });
    each("updateDept",
         [&](std::size_t i) { (void)corp.updateDept("dept0", "Renamed " + n + " " + std::to_string(i)); });
    each("addDeptMember", [&](std::size_t) { corp.addDeptMember(anyDept(), {any()}); });
    each("leaders", [&](std::size_t) {
        corps::DeptId const dept = anyDept();
        corp.setDeptLeaderByDept(dept, {corp.getDeptMembers(dept).front().memberId});
    });
    each("resign, delete", [&](std::size_t i) {
        corps::MemberId const id = n + "-" + std::to_string(i);
        corp.changeMemberStatus({id}, corps::MemberStatus::resigned);
        corp.deleteMember({id});
    });
    return out;
}

void check(int rc, sqlite3* db) {
    if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW) return;
    std::fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db));
    std::exit(1);
}

/** The loop that one would write by hand. */
class ByHand {
public:
    ByHand(std::string const& path, std::size_t members) {
        check(sqlite3_open(path.c_str(), &db_), db_);
        exec("PRAGMA journal_mode=WAL");
        exec("PRAGMA synchronous=FULL");
        exec(
            "CREATE TABLE member(corp INTEGER, id TEXT, nick TEXT, phone TEXT, status INTEGER, PRIMARY "
            "KEY(corp, id)) "
            "WITHOUT ROWID");
        exec(
            "CREATE TABLE membership(corp INTEGER, dept TEXT, id TEXT, ord INTEGER, isPrimary INTEGER, "
            "PRIMARY KEY(corp, dept, id)) WITHOUT ROWID");
        exec("CREATE INDEX membershipById ON membership(corp, id)");
        exec("BEGIN");
        sqlite3_stmt* s = prepare("INSERT INTO member VALUES(1, ?, 'Member', '+8613800000000', 1)");
        sqlite3_stmt* p = prepare("INSERT INTO membership VALUES(1, ?, ?, NULL, NULL)");
        for (std::size_t i = 0; i < members; ++i) {
            run(s, memberName(i), {});
            run(p, "dept" + std::to_string(i / 100), memberName(i));
        }
        sqlite3_finalize(s);
        sqlite3_finalize(p);
        exec("COMMIT");
    }
    ByHand(ByHand const&) = delete;
    ByHand& operator=(ByHand const&) = delete;
    ~ByHand() { sqlite3_close(db_); }

    void addDeptMembers(std::string const& dept, std::vector<corps::MemberId> const& ids) {
        exec("BEGIN IMMEDIATE");
        sqlite3_stmt* find = prepare("SELECT status FROM member WHERE corp = 1 AND id = ?");
        sqlite3_stmt* put = prepare("INSERT OR IGNORE INTO membership VALUES(1, ?, ?, NULL, NULL)");
        for (corps::MemberId const& id : ids) {
            if (!run(find, id.str(), {})) std::exit(1);
            run(put, dept, id.str());
        }
        sqlite3_finalize(find);
        sqlite3_finalize(put);
        exec("COMMIT");
    }

private:
    void exec(char const* sql) { check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr), db_); }
    sqlite3_stmt* prepare(char const* sql) {
        sqlite3_stmt* s = nullptr;
        check(sqlite3_prepare_v2(db_, sql, -1, &s, nullptr), db_);
        return s;
    }
    /** Whether a row came. */
    bool run(sqlite3_stmt* s, std::string const& first, std::string const& second) {
        check(sqlite3_bind_text(s, 1, first.data(), static_cast<int>(first.size()), SQLITE_STATIC), db_);
        if (!second.empty())
            check(sqlite3_bind_text(s, 2, second.data(), static_cast<int>(second.size()), SQLITE_STATIC),
                  db_);
        int const rc = sqlite3_step(s);
        check(rc, db_);
        sqlite3_reset(s);
        return rc == SQLITE_ROW;
    }

    sqlite3* db_ = nullptr;
};

void curves(std::filesystem::path const& dir, std::size_t most) {
    corps::SqliteOptions options;
    options.sync = corps::SqliteSync::off;
    Corp corp(corps::CorpConfig("corps.Bench", "Bench"), corps::Context(),
              corps::SqliteStorage((dir / "curve.db").string(), options));
    std::vector<Point> points;
    std::size_t have = 0;
    for (std::size_t size = 1000; size <= most; size *= 10) {
        double const filling = timed([&] {
            for (; have < size; have = std::min(have + 50'000, size))
                corp.importCorpData(people(have, std::min(have + 50'000, size)));
        });
        std::fprintf(stderr, "%zu members after %.1f s\n", size, filling);
        (void)measure(corp, size);  // warm
        points.push_back(measure(corp, size));
    }
    std::printf("microseconds a call (and its ratio to the smallest corp)\n%-16s", "members");
    for (Point const& p : points) std::printf("%18zu", p.size);
    std::printf("\n");
    for (std::size_t i = 0; i < points.front().costs.size(); ++i) {
        std::printf("%-16s", points.front().costs[i].first);
        for (Point const& p : points)
            std::printf("%10.1f (%4.2f)", p.costs[i].second * 1e6,
                        p.costs[i].second / points.front().costs[i].second);
        std::printf("\n");
    }
}

void batch(std::filesystem::path const& dir, std::size_t rounds) {
    std::size_t constexpr kMembers = 100'000;
    Corp corp(corps::CorpConfig("corps.Bench", "Bench"), corps::Context(),
              corps::SqliteStorage((dir / "batch.db").string()));
    for (std::size_t i = 0; i < kMembers; i += 50'000) corp.importCorpData(people(i, i + 50'000));
    ByHand hand((dir / "hand.db").string(), kMembers);
    std::vector<corps::MemberId> ids;
    for (std::size_t i = 0; i < kMembers; ++i) ids.emplace_back(memberName(i));
    std::vector<double> ours, theirs, ratios;
    for (std::size_t r = 0; r < rounds; ++r) {
        std::string const dept = corp.createDept("Batch").deptId.str();
        auto const library = [&] { ours.push_back(timed([&] { corp.addDeptMember(dept, ids); })); };
        auto const loop = [&] { theirs.push_back(timed([&] { hand.addDeptMembers(dept, ids); })); };
        if (r % 2 == 0) {
            library();
            loop();
        } else {
            loop();
            library();
        }
        ratios.push_back(ours.back() / theirs.back());
    }
    std::printf("addDeptMember of %zu: %.3f s; by hand, without change feed and sums: %.3f s; ratio %.2f\n",
                kMembers, median(ours), median(theirs), median(ratios));
}

}  // namespace

int main(int argc, char** argv) try {
    std::size_t const most = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100'000;
    std::size_t const rounds = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 5;
    std::string name = (std::filesystem::temp_directory_path() / "corps-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr || rounds == 0) return 1;
    curves(name, most);
    batch(name, rounds);
    std::filesystem::remove_all(name);
    return 0;
} catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
