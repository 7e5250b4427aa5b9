// What corpctl does with a store that is full, locked, damaged, foreign, too new or out of reach: it says
// which corp, which file and what to do, exits with 1, and what was in the store is still there.
#include "../../examples/corpctl/corpctl.hpp"

#include <corps/emulator/emulator.hpp>
#include <corps/error/error.hpp>
#include <corps/storage/sqlite.hpp>

#include <catch2/catch_test_macros.hpp>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace integration_broken_store_test {
namespace {

namespace emulator = corps::emulator;

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

bool has(std::string const& text, std::string const& part) { return text.find(part) != std::string::npos; }

std::string bytesOf(std::string const& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}
void overwrite(std::string const& file, std::string const& bytes) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

/** The file as another program sees it. */
class Other {
public:
    explicit Other(std::string const& file) {
        if (sqlite3_open(file.c_str(), &db_) != SQLITE_OK) throw std::runtime_error("cannot open " + file);
        sqlite3_busy_timeout(db_, 1000);
    }
    Other(Other const&) = delete;
    Other& operator=(Other const&) = delete;
    ~Other() { sqlite3_close(db_); }
    /** All values, one after the other. */
    std::string run(std::string const& sql) {
        std::string all;
        char* said = nullptr;
        int const code = sqlite3_exec(
            db_, sql.c_str(),
            [](void* to, int columns, char** values, char**) {
                for (int i = 0; i < columns; ++i)
                    (*static_cast<std::string*>(to) += values[i] == nullptr ? "null" : values[i]) += '|';
                return 0;
            },
            &all, &said);
        std::string const problem = said == nullptr ? "" : said;
        sqlite3_free(said);
        if (code != SQLITE_OK) throw std::runtime_error(sql + ": " + problem);
        return all;
    }

private:
    sqlite3* db_ = nullptr;
};

/** All that is in the file, for comparison. */
std::string dump(std::string const& file) {
    Other db(file);
    std::string out = db.run("PRAGMA integrity_check");
    std::istringstream tables(db.run("SELECT name FROM sqlite_master WHERE type='table' ORDER BY name"));
    for (std::string name; std::getline(tables, name, '|');) {
        std::string columns;
        std::istringstream names(db.run("SELECT quote(name) FROM pragma_table_info('" + name + "')"));
        for (std::string column; std::getline(names, column, '|');)
            columns +=
                (columns.empty() ? "quote(\"" : ",quote(\"") + column.substr(1, column.size() - 2) + "\")";
        out +=
            name + "\n" + db.run("SELECT " + columns + " FROM \"" + name + "\" ORDER BY " + columns) + "\n";
    }
    return out;
}

/** A store with an organisation in it, and a platform where it has changed since. */
class Bench {
public:
    Bench() : server({}, emulator::generate(300, 3)) {
        std::string name = (std::filesystem::temp_directory_path() / "corps-broken-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        dir_ = name;
        std::filesystem::create_directories(dir_ / "app/corps/Demo");
        std::ofstream(dir_ / "app/corps/Demo/e.json") << R"({"title": "Demo", "type": "corps.FSInnerType"})";
        std::ofstream(dir_ / "app/corps/Demo/Demo.json")
            << R"({"appId": "cli_1", "appSecret": "s3cret", "userIdType": "user_id",)"
            << R"( "departmentIdType": "department_id", "baseUrl": ")" << server.baseUrl() << "\"}";
        Ran const r = (*this)({"sync"});
        INFO(r.err);
        REQUIRE(r.code == 0);
        std::filesystem::create_directory(dir_ / "kept");
        std::filesystem::copy_file(store(), dir_ / "kept/corps.db");
        before = dump(store());
        emulator::Organisation now = server.organisation();
        for (emulator::Member& m : now.userList) m.nick += " of late";
        server.setOrganisation(now);
    }
    Bench(Bench const&) = delete;
    Bench& operator=(Bench const&) = delete;
    ~Bench() {
        std::error_code ignored;
        std::filesystem::remove_all(dir_, ignored);
    }

    [[nodiscard]] std::filesystem::path const& dir() const { return dir_; }
    [[nodiscard]] std::string store() const { return (dir_ / "corps.db").string(); }
    [[nodiscard]] std::vector<std::string> words(std::vector<std::string> const& command,
                                                 std::string const& file) const {
        std::vector<std::string> out{"--app", (dir_ / "app").string(), "--store", "sqlite:" + file};
        out.insert(out.end(), command.begin(), command.end());
        out.emplace_back("corps.Demo");
        return out;
    }
    Ran operator()(std::vector<std::string> const& command, std::string const& file = {}) const {
        return corpctl(words(command, file.empty() ? store() : file));
    }
    /** The store as it was first. */
    void restore() const {
        for (char const* end : {"-wal", "-shm"}) std::filesystem::remove(store() + end);
        overwrite(store(), bytesOf((dir_ / "kept/corps.db").string()));
    }
    /** Nothing was lost, and the next sync goes through. */
    void requireWhole() const {
        CHECK(dump(store()) == before);
        Ran const r = (*this)({"sync"});
        CAPTURE(r.err);
        CHECK(r.code == 0);
        CHECK((*this)({"verify"}).code == 0);
    }

    emulator::FeishuServer server;
    std::string before;

private:
    std::filesystem::path dir_;
};

/** It failed, and said on one line which corp, which file, and all of `parts`. */
void requireSays(Ran const& r, std::string const& file, std::initializer_list<std::string> parts) {
    CAPTURE(r.out, r.err);
    CHECK(r.code == 1);
    CHECK(r.out.empty());
    CHECK(r.err.starts_with("corpctl: corps.Demo: "));
    CHECK(has(r.err, file));
    for (std::string const& part : parts) {
        CAPTURE(part);
        CHECK(has(r.err, part));
    }
}

/** Runs corpctl in a process of its own, where `first` was called before. */
Ran inChild(std::function<void()> const& first, std::vector<std::string> const& words) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    ::pid_t const pid = ::fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
        first();
        Ran const r = corpctl(words);
        std::string const all = r.out + '\0' + r.err;
        ::ssize_t const n = ::write(ends[1], all.data(), all.size());
        ::_exit(n == static_cast<::ssize_t>(all.size()) ? r.code : 99);
    }
    ::close(ends[1]);
    std::string all;
    std::array<char, 4096> part{};
    for (::ssize_t n = 0; (n = ::read(ends[0], part.data(), part.size())) > 0;)
        all.append(part.data(), static_cast<std::size_t>(n));
    ::close(ends[0]);
    int status = 0;
    ::waitpid(pid, &status, 0);
    Ran r;
    r.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    r.out = all.substr(0, all.find('\0'));
    r.err = all.find('\0') == std::string::npos ? "" : all.substr(all.find('\0') + 1);
    return r;
}

/** While it lives, no database of this process may have more pages: what SQLite does when the disk is full.
 */
class FewPages {
public:
    explicit FewPages(int pages) {
        most() = pages;
        sqlite3_auto_extension(reinterpret_cast<void (*)()>(&limit));
    }
    FewPages(FewPages const&) = delete;
    FewPages& operator=(FewPages const&) = delete;
    ~FewPages() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&limit)); }

private:
    static int limit(sqlite3* db, char const**, void const*) {
        std::string const sql = "PRAGMA max_page_count=" + std::to_string(most());
        sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
        return SQLITE_OK;
    }
    static int& most() {
        static int pages = 0;
        return pages;
    }
};

}  // namespace

TEST_CASE("broken store: a full disk loses nothing", "[integration]") {
    Bench const bench;
    SECTION("as SQLite sees it") {
        {
            FewPages const few(1);  // SQLite takes it as: no more than there are
            requireSays(bench({"sync"}), bench.store(), {"full", "make room"});
        }
        bench.requireWhole();
    }
    SECTION("a file that may not grow") {
        for (std::uint64_t limit : {std::uint64_t{0}, std::uint64_t{4096}, std::uint64_t{40'000}}) {
            CAPTURE(limit);
            Ran const r = inChild(
                [limit] {
                    std::signal(SIGXFSZ, SIG_IGN);
                    struct rlimit const most{limit, limit};
                    ::setrlimit(RLIMIT_FSIZE, &most);
                },
                bench.words({"sync"}, bench.store()));
            requireSays(r, bench.store(), {"writing the database file failed", "look at the disk"});
        }
        bench.requireWhole();
    }
    SECTION("from the first byte") {
        std::string const fresh = (bench.dir() / "fresh.db").string();
        for (std::uint64_t limit : {std::uint64_t{0}, std::uint64_t{9000}, std::uint64_t{100'000}}) {
            CAPTURE(limit);
            Ran const r = inChild(
                [limit] {
                    std::signal(SIGXFSZ, SIG_IGN);
                    struct rlimit const most{limit, limit};
                    ::setrlimit(RLIMIT_FSIZE, &most);
                },
                bench.words({"sync"}, fresh));
            requireSays(r, fresh, {"failed", "look at the disk"});
        }
        CHECK(bench({"members"}, fresh).out.empty());
        CHECK(bench({"sync"}, fresh).code == 0);
        CHECK(bench({"verify"}, fresh).code == 0);
    }
}

TEST_CASE("broken store: somebody else has it", "[integration]") {
    Bench const bench;
    SECTION("another sync of the same corp") {
        std::optional<corps::SqliteStorage::Lock> lock =
            corps::SqliteStorage(bench.store()).tryLock("corps.Demo");
        REQUIRE(lock);
        Ran const r = bench({"sync"});
        CHECK(r.code == 1);
        CHECK(r.err == "corpctl: corps.Demo: another sync of this corp is running\n");
        CHECK(bench({"sync", "--dry-run"}).code == 0);
        CHECK(bench({"verify"}).code == 0);
        CHECK(bench({"members"}).code == 0);
        lock.reset();
        bench.requireWhole();
    }
    SECTION("another program writes to the file") {
        {
            Other other(bench.store());
            other.run("BEGIN IMMEDIATE");
            CHECK(bench({"members"}).code == 0);
            CHECK(bench({"sync", "--dry-run"}).code == 0);
            // The library waits ten seconds for a writer; without that:
            corps::SqliteOptions options;
            options.busyTimeout = std::chrono::milliseconds(10);
            corps::SqliteStorage storage(bench.store(), options);
            storage.open({});
            try {
                storage.write([](corps::RowAccess&) {});
                FAIL("two writers at once");
            } catch (corps::Error const& e) {
                CHECK(has(e.what(), "locked by another writer: do it again when that has finished"));
                CHECK(has(e.what(), bench.store()));
            }
        }
        bench.requireWhole();
    }
}

TEST_CASE("broken store: files that are none of ours are left alone", "[integration]") {
    Bench const bench;
    std::string const file = (bench.dir() / "other.db").string();
    auto const refused = [&](std::initializer_list<std::string> parts) {
        std::string const bytes = bytesOf(file);
        for (std::string const command : {"sync", "verify", "members", "init"})
            requireSays(bench({command}, file), file, parts);
        CHECK(bytesOf(file) == bytes);
    };
    SECTION("text") {
        overwrite(file, std::string(10'000, 'x'));
        refused({"not a database", "name another one"});
    }
    SECTION("a database of another program") {
        Other(file).run("CREATE TABLE notes(x); INSERT INTO notes VALUES('mine')");
        refused({"another program", "name another one"});
    }
    SECTION("a newer version's") {
        std::filesystem::copy_file(bench.store(), file);
        Other(file).run("UPDATE corps_meta SET value = 999 WHERE name = 'format'");
        refused({"format 999", "up to 1", "newer version"});
    }
    SECTION("a directory") {
        std::filesystem::create_directory(file);
        requireSays(bench({"sync"}, file), file, {"cannot be opened"});
    }
    SECTION("a directory that is not there") {
        std::string const nowhere = (bench.dir() / "none/corps.db").string();
        requireSays(bench({"sync"}, nowhere), nowhere, {"cannot be opened", "directory must exist"});
        CHECK_FALSE(std::filesystem::exists(bench.dir() / "none"));
    }
    bench.requireWhole();
}

TEST_CASE("broken store: what may not be written to", "[integration]") {
    Bench const bench;
    using std::filesystem::perms;
    std::filesystem::permissions(bench.dir(), perms(0755));
    bool const root = ::geteuid() == 0;  // may write everywhere: be somebody else
    auto const asAnybody = [root] {
        if (root && ::seteuid(65534) != 0) ::_exit(98);
    };
    std::string const file = bench.store();
    SECTION("the file") {
        std::filesystem::permissions(file, perms(0444));
        std::filesystem::permissions(file + ".lock", perms(0666));
        std::filesystem::permissions(bench.dir(), perms(0777));
        requireSays(inChild(asAnybody, bench.words({"sync"}, file)), file, {"cannot be written to", "allow"});
        std::filesystem::permissions(file, perms(0644));
    }
    SECTION("the directory") {
        std::filesystem::permissions(bench.dir(), perms(0555));
        std::filesystem::permissions(file, perms(0666));
        requireSays(inChild(asAnybody, bench.words({"sync"}, file)), file, {"directory", "writ"});
        std::filesystem::permissions(bench.dir(), perms(0755));
    }
    SECTION("nor be read") {
        std::filesystem::permissions(file, perms(0000));
        requireSays(inChild(asAnybody, bench.words({"members"}, file)), file,
                    {"cannot be opened", "reading"});
        std::filesystem::permissions(file, perms(0644));
    }
    SECTION("the lock") {
        overwrite(file + ".lock", "");
        std::filesystem::permissions(file + ".lock", perms(0000));
        for (char const* end : {"", "-wal", "-shm"})
            if (std::filesystem::exists(file + end)) std::filesystem::permissions(file + end, perms(0666));
        std::filesystem::permissions(bench.dir(), perms(0777));
        requireSays(inChild(asAnybody, bench.words({"sync"}, file)), file + ".lock",
                    {"lock file", "ermission"});
        std::filesystem::permissions(file + ".lock", perms(0644));
    }
    bench.requireWhole();
}

TEST_CASE("broken store: a damaged file is an error or a finding, never an invention", "[integration]") {
    Bench const bench;
    std::string const good = bytesOf(bench.store());
    REQUIRE(good.size() > 100'000);
    std::string const members = bench({"members"}).out;
    SECTION("cut off") {
        for (std::size_t part : {std::size_t{2}, std::size_t{3}, std::size_t{50}}) {
            CAPTURE(part);
            for (char const* command : {"sync", "verify"}) {
                bench.restore();
                std::filesystem::resize_file(bench.store(), good.size() / part / 4096 * 4096);
                requireSays(bench({command}), bench.store(), {"damaged", "copy"});
            }
        }
    }
    SECTION("overwritten") {
        for (std::size_t at = 4096; at + 8192 < good.size(); at += good.size() / 12) {
            CAPTURE(at);
            bench.restore();
            std::string bytes = good;
            std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at / 4096 * 4096), 8192, '\x5a');
            overwrite(bench.store(), bytes);
            Ran const r = bench({"verify"});
            CAPTURE(r.out, r.err);
            CHECK(r.code == 1);
            CHECK(has(r.out + r.err, "corps.Demo: "));
        }
    }
    SECTION("single bytes") {
        std::uint64_t const seed = std::random_device()();
        CAPTURE(seed);
        std::mt19937_64 random(seed);
        char const* const asked = std::getenv("CORPS_DAMAGES");
        int const rounds = asked == nullptr ? 8 : std::atoi(asked);
        for (int round = 0; round < rounds; ++round) {
            CAPTURE(round);
            bench.restore();
            std::string bytes = good;
            for (int i = 0; i < (round % 2 == 0 ? 1 : 4); ++i)
                bytes[random() % bytes.size()] ^= static_cast<char>(1 + random() % 255);
            overwrite(bench.store(), bytes);
            Ran const verified = bench({"verify"});
            CAPTURE(verified.out, verified.err);
            CHECK((verified.code == 0 || verified.code == 1));
            if (verified.code == 0) CHECK(bench({"members"}).out == members);
            Ran const synced = bench({"sync"});
            CAPTURE(synced.out, synced.err);
            CHECK((synced.code == 0 || synced.code == 1 || synced.code == 3));
        }
    }
    bench.restore();
    CHECK(bench({"members"}).out == members);
    bench.requireWhole();
}

TEST_CASE("broken store: verify names what is wrong by table and key, and a sync mends it", "[integration]") {
    Bench const bench;
    std::string member, dept, below;
    {
        Other db(bench.store());
        member = db.run("SELECT memberId FROM CorpMember ORDER BY memberId LIMIT 1 OFFSET 100");
        dept = db.run("SELECT deptId FROM CorpDept WHERE parentId='0' ORDER BY deptId LIMIT 1");
        member.pop_back();
        dept.pop_back();
        below = db.run("SELECT deptId FROM CorpDept WHERE parentId='" + dept + "' ORDER BY deptId LIMIT 1");
        if (!below.empty()) below.pop_back();
    }
    std::string const whole = bench({"members"}).out;
    auto const finds = [&](std::string const& sql, std::initializer_list<std::string> parts) {
        CAPTURE(sql);
        bench.restore();
        Other(bench.store()).run(sql);
        for (int twice = 0; twice < 2; ++twice) {
            Ran const r = bench({"verify"});
            CAPTURE(r.out, r.err);
            CHECK(r.code == 1);
            for (std::string const& part : parts) {
                CAPTURE(part);
                CHECK(has(r.out, part));
            }
        }
        Ran const r = bench({"sync", "--allow-removals"});
        CAPTURE(r.out, r.err);
        CHECK(r.code == 0);
        Ran const healed = bench({"verify"});
        CAPTURE(healed.out);
        CHECK(healed.code == 0);
        CHECK(has(bench({"sync"}).out, "nothing written"));
    };
    std::string const of = " WHERE memberId='" + member + "'";
    finds("UPDATE CorpMember SET nick='Somebody else'" + of,
          {"CorpMember " + member + ": it is not what was written last"});
    finds("UPDATE CorpDept SET name='Elsewhere' WHERE deptId='" + dept + "'",
          {"CorpDept " + dept + ": it is not what was written last"});
    finds("DELETE FROM CorpMember" + of,
          {", " + member + ": the member does not exist", "CorpMember: rows are missing",
           "CorpMember: the count of active members is wrong"});
    finds("UPDATE CorpMember SET phone='+8613900000000' WHERE memberId < '" + member + "'",
          {"CorpMember: rows are missing, or several"});
    finds("INSERT INTO CorpDeptMember(corpFullName, deptId, memberId) VALUES(1, '" + dept + "', 'nobody')",
          {"CorpDeptMember " + dept + ", nobody: the member does not exist",
           "CorpDeptMember " + dept + ", nobody: it is not what was written last"});
    finds("INSERT INTO CorpDeptMember(corpFullName, deptId, memberId) VALUES(1, 'nowhere', '" + member + "')",
          {"CorpDeptMember nowhere, " + member + ": the department does not exist"});
    finds("UPDATE CorpDept SET parentId='" + dept + "' WHERE deptId='" + dept + "'",
          {"CorpDept " + dept + ": it stands in a circle"});
    finds("UPDATE CorpDept SET parentId='nowhere' WHERE deptId='" + dept + "'",
          {"CorpDept " + dept + ": its parent nowhere does not exist"});
    if (!below.empty())
        finds("UPDATE CorpDept SET parentId='" + below + "' WHERE deptId='" + dept + "'",
              {"CorpDept " + dept + ": it stands in a circle",
               "CorpDept " + below + ": it stands in a circle"});
    finds("UPDATE SyncState SET number = 7 WHERE name='activeMembers'",
          {"CorpMember: the count of active members is wrong"});

    // Below the rows: an index that was not there when one of them changed.
    bench.restore();
    std::string const index = "CorpMember.CorpMember_userId";
    std::string entry =
        Other(bench.store()).run("SELECT rootpage, quote(sql) FROM sqlite_master WHERE name='" + index + "'");
    entry.pop_back();
    std::replace(entry.begin(), entry.end(), '|', ',');
    Other(bench.store())
        .run("PRAGMA writable_schema=ON; DELETE FROM sqlite_master WHERE name='" + index + "'");
    Other(bench.store()).run("UPDATE CorpMember SET userId='nobody'" + of);
    Other(bench.store())
        .run("PRAGMA writable_schema=ON; INSERT INTO sqlite_master VALUES('index','" + index +
             "','CorpMember'," + entry + ")");
    Ran const r = bench({"verify"});
    CAPTURE(r.out, r.err);
    CHECK(r.code == 1);
    CHECK(has(r.out, "the file is damaged"));
    CHECK(has(r.out, index));
}

}  // namespace integration_broken_store_test
