// corpctl killed at any moment of a sync: the store is as it was before or as it is after, never in between,
// and the next sync brings what the platform shows.
//
// CORPS_KILLS says how often (24), CORPS_SEED repeats a run, and CORPS_CORPCTL names the program to kill;
// without it corpctl's own function is, in a child process.
#include "../../examples/corpctl/corpctl.hpp"
#include "support/emulator_process.hpp"

#include <corps/emulator/emulator.hpp>
#include <corps/model/records.hpp>
#include <corps/storage/sqlite.hpp>
#include <corps/sync/engine.hpp>

#include <catch2/catch_test_macros.hpp>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace integration_killed_test {
namespace {

using namespace corps;
using processes::Kind;
using processes::Platform;
using Steady = std::chrono::steady_clock;
using Micros = std::chrono::microseconds;

struct Ran {
    int code = 0;
    std::string out, err;
};

Ran corpctl(std::vector<std::string> const& words) {
    std::vector<char const*> argv{"corpctl"};
    for (std::string const& w : words) argv.push_back(w.c_str());
    std::ostringstream out, err;
    std::istringstream in;
    Ran r;
    r.code = corpctlMain(static_cast<int>(argv.size()), argv.data(), Console{out, err, in});
    r.out = out.str();
    r.err = err.str();
    return r;
}

std::uint64_t numberFrom(char const* variable, std::uint64_t otherwise) {
    char const* const text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/** corpctl in a process of its own. */
class Child {
public:
    explicit Child(std::vector<std::string> const& words) {
        pid_ = ::fork();
        if (pid_ < 0) throw std::runtime_error("no process");
        if (pid_ > 0) return;
        if (char const* const program = std::getenv("CORPS_CORPCTL")) {
            std::vector<char*> argv{const_cast<char*>("corpctl")};
            for (std::string const& w : words) argv.push_back(const_cast<char*>(w.c_str()));
            argv.push_back(nullptr);
            int const nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
            ::dup2(nowhere, STDOUT_FILENO);
            ::execv(program, argv.data());
            ::_exit(127);
        }
        Ran r;
        try {
            r = corpctl(words);
        } catch (...) {
            ::_exit(126);
        }
        ::_exit(r.code);
    }
    Child(Child const&) = delete;
    Child& operator=(Child const&) = delete;
    ~Child() { kill(); }

    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(std::exchange(pid_, -1), &status_, 0);
    }
    /** Whether it is gone by itself. */
    bool ended() {
        if (pid_ > 0 && ::waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = -1;
        return pid_ <= 0;
    }
    /** It was killed, or did what it was told. */
    [[nodiscard]] bool fine() const {
        return WIFSIGNALED(status_) ? WTERMSIG(status_) == SIGKILL
                                    : WIFEXITED(status_) && WEXITSTATUS(status_) == 0;
    }

private:
    ::pid_t pid_ = -1;
    int status_ = 0;
};

/** Whether somebody writes to the file now: SQLite's lock for writers is on byte 120 of its -shm file. */
bool beingWritten(std::string const& file) {
    int const shm = ::open((file + "-shm").c_str(), O_RDONLY | O_CLOEXEC);
    if (shm < 0) return false;
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = 120;
    lock.l_len = 1;
    bool const held = ::fcntl(shm, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    ::close(shm);
    return held;
}

/** An organisation that lives. It stays small: a platform allows so many calls a second. */
class Evolution {
public:
    explicit Evolution(std::uint64_t seed) : random_(seed), now(emulator::generate(60, seed % 1000)) {}

    void step() {
        int const changes = pick(4) == 0 ? 60 : 1 + static_cast<int>(pick(12));
        for (int i = 0; i < changes; ++i) change();
        emulator::validate(now);
    }

private:
    std::mt19937_64 random_;

public:
    emulator::Organisation now;

private:
    std::size_t pick(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
    emulator::Dept& dept() { return now.deptList[pick(now.deptList.size())]; }
    emulator::Member& member() { return now.userList[pick(now.userList.size())]; }
    std::string name() { return std::to_string(++names_); }

    void place(emulator::Member& m) {
        m.departments.clear();
        std::size_t const n = 1 + pick(3);
        for (std::size_t i = 0; i < n; ++i) {
            std::string const id = dept().deptId;
            if (std::none_of(m.departments.begin(), m.departments.end(),
                             [&](auto const& d) { return d.deptId == id; }))
                m.departments.push_back({id, pick(6) == 0, static_cast<std::int64_t>(pick(100)), i == 0});
        }
    }
    bool isBelow(std::string at, std::string const& above) const {
        while (!at.empty() && at != above)
            at = std::find_if(now.deptList.begin(), now.deptList.end(), [&](auto const& d) {
                     return d.deptId == at;
                 })->parentId;
        return at == above;
    }
    template <class List, class Entry>
    static void toggle(List& list, Entry const& entry) {
        if (std::erase(list, entry) == 0) list.push_back(entry);
    }
    void change() {
        switch (pick(11)) {
            case 0: {
                if (now.userList.size() > 120) return;
                emulator::Member m;
                m.memberId = "new" + name();
                m.nick = "New " + name();
                m.phone = "+86138" + std::to_string(10'000'000 + pick(80'000'000));
                place(m);
                now.userList.push_back(m);
                return;
            }
            case 1: {  // leaves, or comes back
                emulator::Member& m = member();
                m.status = m.status == 1 ? 2 : 1;
                return;
            }
            case 2: place(member()); return;
            case 3: member().nick = "Renamed " + name(); return;
            case 4: {
                emulator::Member& m = member();
                m.email = "m" + name() + "@demo.cn";
                m.position = "Position " + name();
                return;
            }
            case 5: {
                if (now.deptList.size() > 14) return;
                emulator::Dept d;
                d.deptId = std::to_string(900'000 + ++names_);  // a number: so two of the platforms have it
                d.parentId = dept().deptId;
                d.name = "Department " + name();
                now.deptList.push_back(d);
                return;
            }
            case 6: dept().name = "Renamed " + name(); return;
            case 7: {
                emulator::Dept& d = dept();
                std::string const to = dept().deptId;
                if (!d.parentId.empty() && !isBelow(to, d.deptId)) d.parentId = to;
                return;
            }
            case 8: {
                std::string const gone = dept().deptId;
                if (now.deptList.size() < 4 ||
                    std::any_of(now.deptList.begin(), now.deptList.end(), [&](auto const& d) {
                        return d.parentId == gone || (d.deptId == gone && d.parentId.empty());
                    }))
                    return;
                std::erase_if(now.deptList, [&](auto const& d) { return d.deptId == gone; });
                for (emulator::Member& m : now.userList)
                    std::erase_if(m.departments, [&](auto const& d) { return d.deptId == gone; });
                return;
            }
            case 9:
                toggle(now.roleMemberSet, emulator::RoleMember{now.roleList[pick(now.roleList.size())].roleId,
                                                               member().memberId});
                return;
            default: toggle(pick(2) == 0 ? now.adminIds : dept().leaderIds, member().memberId); return;
        }
    }

    int names_ = 0;
};

/** All that is in a file, row by row; the name of the column before each value. */
using Tables = std::map<std::string, std::vector<std::vector<std::pair<std::string, std::string>>>>;

class Reader {
public:
    explicit Reader(std::string const& file) {
        if (sqlite3_open_v2(file.c_str(), &db_, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK)
            throw std::runtime_error("cannot open " + file);
    }
    Reader(Reader const&) = delete;
    Reader& operator=(Reader const&) = delete;
    ~Reader() { sqlite3_close(db_); }

    std::vector<std::vector<std::pair<std::string, std::string>>> query(std::string const& sql) {
        sqlite3_stmt* s = nullptr;
        if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &s, nullptr) != SQLITE_OK)
            throw std::runtime_error(sqlite3_errmsg(db_));
        std::vector<std::vector<std::pair<std::string, std::string>>> out;
        int code = SQLITE_OK;
        while ((code = sqlite3_step(s)) == SQLITE_ROW) {
            auto& row = out.emplace_back();
            for (int i = 0; i < sqlite3_column_count(s); ++i) {
                auto const* bytes = static_cast<char const*>(sqlite3_column_blob(s, i));
                std::string value = sqlite3_column_type(s, i) == SQLITE_NULL ? "null" : "=";
                if (bytes != nullptr)
                    value.append(bytes, static_cast<std::size_t>(sqlite3_column_bytes(s, i)));
                row.emplace_back(sqlite3_column_name(s, i), std::move(value));
            }
        }
        sqlite3_finalize(s);
        if (code != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(db_));
        return out;
    }
    Tables all() {
        Tables out;
        for (auto const& table : query("SELECT name FROM sqlite_master WHERE type='table' ORDER BY name")) {
            std::string const name = table[0].second.substr(1);
            out[name] = query("SELECT * FROM \"" + name + "\"");
            std::sort(out[name].begin(), out[name].end());
        }
        return out;
    }

private:
    sqlite3* db_ = nullptr;
};

std::string integrityOf(std::string const& file) {
    return Reader(file).query("PRAGMA integrity_check")[0][0].second;
}

/** The change feed, without the time and the name of a sync. */
std::vector<std::string> feedOf(std::string const& file, std::map<std::string, std::string> const& people) {
    SqliteStorage storage(file);
    RecordTables const& tables = tablesOf<StandardRecords>();
    std::vector<TableSchema const*> all = engineTables();
    for (TableSchema const* t : tables.all()) all.push_back(t);
    storage.open(all);
    std::vector<std::string> out;
    storage.read([&](RowAccess& rows) {
        for (FeedEntry const& e : readFeed(rows, tables, "corps.Demo", "", 1'000'000)) {
            std::string line = e.cursor.substr(0, e.cursor.find('.')) + " " + e.caller + " " +
                               e.change.table + " " + std::to_string(static_cast<int>(e.change.kind));
            auto const show = [&](OwnedCell const& c) {
                std::string text = c.view().kind() == CellKind::integer ? std::to_string(c.view().integer())
                                                                        : std::string(c.view().bytes());
                if (auto const it = people.find(text); it != people.end()) text = it->second;
                line += " " + text;
            };
            for (OwnedCell const& k : e.change.key) show(k);
            for (CellChange const& c : e.change.cells) {
                if (c.column == "createdAt" || c.column == "updatedAt") continue;
                line += " " + c.column;
                show(c.before);
                show(c.after);
            }
            out.push_back(std::move(line));
        }
    });
    std::sort(out.begin(), out.end());
    return out;
}

/**
 * What two stores that mirrored the same have in common: all but times, ids that were made at random, and,
 * when the stores began with this sync, the key of the fingerprints.
 */
struct Picture {
    Tables rows;
    std::vector<std::string> feed;

    Picture(std::string const& file, bool fresh) : rows(Reader(file).all()) {
        std::map<std::string, std::string> people;
        for (auto const& row : rows["CorpMember"]) {
            std::string id, user;
            for (auto const& [column, value] : row) {
                if (column == "memberId") id = value;
                if (column == "userId") user = value;
            }
            people[user.substr(1)] = "user of " + id;
        }
        static std::set<std::string> const kTimes{"at",    "createdAt", "updatedAt", "since",
                                                  "until", "syncId",    "entries"};
        for (auto& [table, list] : rows) {
            for (auto& row : list) {
                bool const key = fresh && table == "SyncState" && row[1].second == "=fingerprintKey";
                bool const time = table == "SyncState" && row[1].second == "=feedFrom";
                for (auto& [column, value] : row) {
                    if (kTimes.contains(column) || (fresh && column == "fingerprints") ||
                        (key && column == "bytes") || (time && column == "number"))
                        value = "?";
                    else if (auto const it = people.find(value.substr(1)); it != people.end())
                        value = it->second;
                }
            }
            std::sort(list.begin(), list.end());
        }
        feed = feedOf(file, people);
    }
    bool operator==(Picture const&) const = default;
};

/** Where two pictures differ first. */
std::string difference(Picture const& a, Picture const& b) {
    for (auto const& [table, list] : a.rows) {
        auto const other = b.rows.find(table);
        if (other == b.rows.end()) return table + " is missing";
        if (list == other->second) continue;
        std::string out = table;
        for (std::size_t i = 0; i < std::max(list.size(), other->second.size()); ++i) {
            if (i < list.size() && i < other->second.size() && list[i] == other->second[i]) continue;
            for (auto const* side : {&list, &other->second}) {
                out += side == &list ? "\n   " : "\nnot ";
                if (i < side->size())
                    for (auto const& [column, value] : (*side)[i]) out += " " + column + value.substr(0, 60);
            }
            return out;
        }
    }
    for (std::size_t i = 0; i < std::max(a.feed.size(), b.feed.size()); ++i)
        if (i >= a.feed.size() || i >= b.feed.size() || a.feed[i] != b.feed[i])
            return "feed: " + (i < a.feed.size() ? a.feed[i] : "nothing") + "\nnot   " +
                   (i < b.feed.size() ? b.feed[i] : "nothing");
    return a.rows.size() == b.rows.size() ? "" : "a table more";
}

/** An application directory, a platform it follows, and the file that is maltreated. */
class Bench {
public:
    Bench(Kind kind, std::uint64_t seed) : evolution(seed), platform(kind, evolution.now) {
        std::string name = (std::filesystem::temp_directory_path() / "corps-killed-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        dir_ = name;
        std::filesystem::create_directories(dir_ / "app/corps/Demo");
        std::ofstream element(dir_ / "app/corps/Demo/e.json");
        std::ofstream keys(dir_ / "app/corps/Demo/Demo.json");
        keys << R"({"baseUrl": ")" << platform.baseUrl() << R"(", )";
        switch (kind) {
            case Kind::feishu:
                element << R"({"title": "Demo", "type": "corps.FSInnerType"})";
                keys << R"("appId": "cli_1", "appSecret": "s3cret", "userIdType": "user_id",)"
                     << R"( "departmentIdType": "department_id", "roles": [{"roleId": ")"
                     << evolution.now.roleList.at(0).roleId << R"(", "name": "First"}, {"roleId": ")"
                     << evolution.now.roleList.at(1).roleId << R"(", "name": "Second"}]})";
                break;
            case Kind::dingTalk:
                element << R"({"title": "Demo", "type": "corps.DDInnerType"})";
                keys << R"("corpId": "ding1", "agentId": 1, "appKey": "key1", "appSecret": "s3cret"})";
                break;
            case Kind::weCom:
                element << R"({"title": "Demo", "type": "corps.QywxInnerType"})";
                keys << R"("corpId": "ww1", "agentId": 1000002, "secret": "s3cret"})";
                break;
            case Kind::proxy: {
                element << R"({"title": "Demo", "type": "corps.QywxProxyType"})";
                keys << R"("corpId": ")" << evolution.now.corpId
                     << R"(", "authFullName": "auths.Suite", "permanentCode": ")" << platform.permanentCode()
                     << "\"}";
                std::filesystem::create_directories(dir_ / "app/auths/Suite");
                std::ofstream(dir_ / "app/auths/Suite/e.json")
                    << R"({"title": "Suite", "type": "auths.QywxProxyType"})";
                std::ofstream(dir_ / "app/auths/Suite/Suite.json")
                    << R"({"suiteId": "dk0123456789abcdef", "suiteSecret": "s3cret", "token": "t0ken",)"
                    << R"( "encodingAESKey": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",)"
                    << R"( "providerCorpId": "wwprovider00000001"})";
                break;
            }
        }
    }
    Bench(Bench const&) = delete;
    Bench& operator=(Bench const&) = delete;
    ~Bench() {
        std::error_code ignored;
        std::filesystem::remove_all(dir_, ignored);
    }

    [[nodiscard]] std::string file(char const* name = "corps.db") const { return (dir_ / name).string(); }
    [[nodiscard]] std::vector<std::string> words(std::vector<std::string> const& command,
                                                 std::string const& store) const {
        std::vector<std::string> out{"--app", file("app"), "--store", "sqlite:" + store};
        out.insert(out.end(), command.begin(), command.end());
        out.emplace_back("corps.Demo");
        return out;
    }
    /** Syncs, in this process. */
    std::string sync(std::string const& store) const {
        Ran const r = corpctl(words({"sync", "--allow-removals"}, store));
        INFO(r.err);
        REQUIRE(r.code == 0);
        return r.out;
    }
    void requireConsistent(std::string const& store) const {
        Ran const r = corpctl(words({"verify"}, store));
        INFO(r.out << r.err);
        REQUIRE(r.code == 0);
        REQUIRE(integrityOf(store) == "=ok");
    }
    void forget(std::string const& store) const {
        for (char const* end : {"", "-wal", "-shm", "-journal"}) std::filesystem::remove(store + end);
    }

    Evolution evolution;
    Platform platform;

private:
    std::filesystem::path dir_;
};

/** How long a sync takes that nobody kills, and how long it writes. */
struct Pace {
    Micros whole{0};
    Micros write{0};
};

Pace paceOf(Bench const& bench, std::string const& store) {
    Steady::time_point const begin = Steady::now();
    Steady::time_point first{}, last{};
    Child child(bench.words({"sync", "--allow-removals"}, store));
    while (!child.ended()) {
        if (!beingWritten(store)) continue;
        last = Steady::now();
        if (first == Steady::time_point()) first = last;
    }
    REQUIRE(child.fine());
    return {std::chrono::duration_cast<Micros>(Steady::now() - begin),
            std::chrono::duration_cast<Micros>(last - first)};
}

struct Counts {
    int before = 0, inside = 0, after = 0, late = 0;  ///< where the signal hit
    int oldState = 0, newState = 0, fresh = 0;
};

/** @param standard how often, where nobody says. */
void killAtAnyMoment(Kind kind, std::uint64_t standard) {
    std::uint64_t const kills = numberFrom("CORPS_KILLS", standard);
    std::uint64_t const seed = numberFrom("CORPS_SEED", std::random_device()());
    CAPTURE(seed, static_cast<int>(kind));
    std::mt19937_64 random(seed);
    Bench bench(kind, seed);
    std::string const store = bench.file();
    std::string const twin = bench.file("twin.db");

    Pace first = paceOf(bench, store);
    bench.evolution.step();
    bench.platform.show(bench.evolution.now);
    Pace pace = paceOf(bench, store);
    // On a busy machine nobody may have looked while it wrote, and a step may change nothing that is shown.
    for (Pace* const p : {&first, &pace})
        if (p->write.count() == 0) p->write = p->whole / 4;

    Counts counts;
    for (std::uint64_t done = 0; done < kills;) {
        CAPTURE(done);
        bench.evolution.step();
        bench.platform.show(bench.evolution.now);
        bool const fresh = random() % 8 == 0;
        if (fresh) {
            bench.forget(store);
            bench.forget(twin);
            ++counts.fresh;
        } else {
            bench.requireConsistent(store);  // the log is in the file now, which is all there is
            REQUIRE_FALSE(std::filesystem::exists(store + "-wal"));
            std::filesystem::copy_file(store, twin, std::filesystem::copy_options::overwrite_existing);
        }
        bench.requireConsistent(twin);
        Tables const before = Reader(twin).all();
        Picture const pictureBefore(twin, fresh);
        Steady::time_point const begin = Steady::now();
        std::string const report = bench.sync(twin);
        auto const whole = std::chrono::duration_cast<Micros>(Steady::now() - begin);
        Picture const expected(twin, fresh);
        bool const work = expected != pictureBefore;

        // The same sync is killed, and what it left killed again, until one has got to its end.
        bool reached = false;
        for (int tries = 0; tries < 4 && !reached && done < kills; ++tries) {
            CAPTURE(tries);
            Micros const write = fresh ? first.write : pace.write;
            bool const aimed = work && random() % 3 != 0;
            Child child(bench.words({"sync", "--allow-removals"}, store));
            if (aimed) {
                while (!child.ended() && !beingWritten(store)) {
                }
                std::this_thread::sleep_for(
                    Micros(random() % static_cast<std::uint64_t>(2 * write.count() + 1)));
            } else {
                std::this_thread::sleep_for(Micros(random() % static_cast<std::uint64_t>(whole.count() + 1)));
            }
            bool const writing = beingWritten(store);
            bool const late = child.ended();
            child.kill();
            REQUIRE(child.fine());
            if (!late) ++done;

            bench.requireConsistent(store);
            bool const isOld = Reader(store).all() == before;
            if (!isOld) {
                Picture const now(store, fresh);
                INFO(difference(now, expected));
                REQUIRE(now == expected);
            }
            reached = !isOld || !work;
            ++(isOld ? counts.oldState : counts.newState);
            ++(late ? counts.late : writing ? counts.inside : isOld ? counts.before : counts.after);
        }
        bench.sync(store);
        Picture const now(store, fresh);
        INFO(report << difference(now, expected));
        REQUIRE(now == expected);
        REQUIRE(bench.sync(store).find("nothing written") != std::string::npos);
    }
    bench.requireConsistent(store);
    if (kills < 200) return;  // too few to hit every part of a sync for sure
    CHECK(counts.before > 0);
    CHECK(counts.inside > 0);
    CHECK(counts.after > 0);
    std::cerr << "killed: seed " << seed << ", syncs of some " << pace.whole.count() << " us, "
              << pace.write.count() << " of them writing; " << kills << " kills: " << counts.before
              << " before the write, " << counts.inside << " inside it, " << counts.after << " after it (and "
              << counts.late << " that came too late); " << counts.oldState << " stores as before, "
              << counts.newState << " as after; " << counts.fresh << " syncs began with no file\n";
}

}  // namespace

TEST_CASE("killed: a sync of Feishu killed at any moment leaves the store as before or as after",
          "[integration]") {
    killAtAnyMoment(Kind::feishu, 24);
}

TEST_CASE("killed: a sync of DingTalk killed at any moment leaves the store as before or as after",
          "[integration]") {
    killAtAnyMoment(Kind::dingTalk, 8);
}

TEST_CASE("killed: a sync of WeCom killed at any moment leaves the store as before or as after",
          "[integration]") {
    killAtAnyMoment(Kind::weCom, 8);
}

TEST_CASE(
    "killed: a sync of a provider's enterprise killed at any moment leaves the store as before or as after",
    "[integration]") {
    killAtAnyMoment(Kind::proxy, 8);
}

}  // namespace integration_killed_test
