// Two programs edit one SQLite store at once while a third reads it.
#include "unit/corp/normal.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace corp_normal_processes_test {

using namespace corps;
using namespace normal;

namespace {

Type<SqliteStorage> openCorp(TempDir const& dir) {
    return {CorpConfig("corps.Default", "Default"), Context(), SqliteStorage(dir.file("corps.db"))};
}

/** A process that does one thing; 0 when it went well. */
pid_t inProcess(std::function<void()> const& work) {
    std::fflush(nullptr);
    pid_t const pid = fork();
    if (pid != 0) return pid;
    alarm(120);  // should the test end without it
    int code = 0;
    try {
        work();
    } catch (std::exception const& e) {
        std::fprintf(stderr, "in another process: %s\n", e.what());
        code = 1;
    }
    _exit(code);
}

bool wentWell(pid_t pid) {
    int status = 0;
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

class Pipe {
public:
    Pipe() { REQUIRE(pipe(ends_) == 0); }
    Pipe(Pipe const&) = delete;
    Pipe& operator=(Pipe const&) = delete;
    ~Pipe() {
        close(ends_[0]);
        close(ends_[1]);
    }
    void say() const {
        char const c = 'x';
        if (write(ends_[1], &c, 1) != 1) throw std::runtime_error("the pipe is gone");
    }
    void wait() const {
        char c = 0;
        if (read(ends_[0], &c, 1) != 1) throw std::runtime_error("the pipe is gone");
    }

private:
    int ends_[2] = {-1, -1};
};

constexpr int kRounds = 60;

/** What each of the two does, as `me`; the other one does the same as itself. */
void edit(TempDir const& dir, std::string const& me) {
    auto corp = openCorp(dir).as(me);
    for (int i = 0; i < kRounds; ++i) {
        std::string const n = std::to_string(i);
        // Two members that come together or not at all.
        corp.addMembers({{.nick = me + n, .deptIdList = {"common"}, .memberId = me + n + "-left"},
                         {.nick = me + n, .deptIdList = {"common"}, .memberId = me + n + "-right"}});
        corp.addRoleMember("role", {me + n + "-left", me + n + "-right"});
        // Both write the same member: each its own field.
        corp.updateUserInfo("shared", me == "ann" ? MemberUpdate{.phone = n} : MemberUpdate{.email = n});
        // Only one of the two can make this one.
        try {
            corp.addMember({.nick = me, .deptIdList = {"common"}, .memberId = "one" + n});
        } catch (Error const& e) {
            if (!e.is(Errc::alreadyExists)) throw;
        }
        DeptId const dept = corp.createDept(me + n, "common").deptId;
        if (i % 3 == 0) corp.updateDept(dept, "moved", me == "ann" ? "left" : "right");
        if (i % 5 == 0) corp.deleteDept(dept);
    }
}

}  // namespace

TEST_CASE("normal: two programs edit one store, and nothing is lost or torn", "[corp][normal]") {
    TempDir const dir;
    {
        auto corp = openCorp(dir);
        corp.initCorp();
        corp.createDept("Common", {}, "common");
        corp.createDept("Left", {}, "left");
        corp.createDept("Right", {}, "right");
        corp.createRoleGroup("Group", "group");
        corp.createRole("Role", "group", "role");
        corp.addMember({.nick = "Shared", .deptIdList = {"common"}, .memberId = "shared"});
    }
    std::vector<pid_t> writers;
    for (std::string const me : {"ann", "bob"}) writers.push_back(inProcess([&] { edit(dir, me); }));
    pid_t const reader = inProcess([&] {
        auto const corp = openCorp(dir);
        auto const must = [](bool ok, std::string const& what) {
            if (!ok) throw std::runtime_error(what);
        };
        for (std::size_t members = 0; members < 1 + 5 * kRounds;) {
            LocalCorpData const data = corp.getLocalCorpData();
            members = data.userList.size();
            std::set<MemberId> ids;
            for (CorpMember const& m : data.userList) ids.insert(m.memberId);
            for (MemberId const& id : ids)
                if (id.str().ends_with("-left"))
                    must(ids.contains(id.str().substr(0, id.str().size() - 4) + "right"), "half a pair");
            std::set<DeptId> depts;
            for (CorpDept const& d : data.deptList) depts.insert(d.deptId);
            for (CorpDept const& d : data.deptList)
                must(d.parentId.empty() || depts.contains(d.parentId), "a department without its parent");
            std::set<MemberId> placed;
            for (CorpDeptMember const& m : data.deptMemberList) {
                must(ids.contains(m.memberId) && depts.contains(m.deptId), "a membership of nobody");
                placed.insert(m.memberId);
            }
            must(placed == ids, "somebody without a department");
            VerifyReport const report = corp.verifyCorp();
            must(report.ok, "verifyCorp: " + (report.ok ? std::string() : report.problems.front()));
        }
    });
    for (pid_t const w : writers) CHECK(wentWell(w));
    CHECK(wentWell(reader));

    auto const corp = openCorp(dir);
    CHECK(corp.verifyCorp().ok);
    CHECK(corp.getMembers().size() == 1 + 5 * kRounds);  // two pairs and one contested, each round
    CHECK(corp.getRoleMembers("role").size() == 4 * kRounds);
    std::string const last = std::to_string(kRounds - 1);
    CHECK(corp.getMember("shared").phone == last);
    CHECK(corp.getMember("shared").email == last);
    CHECK(corp.getDepts().size() == 4 + 2 * (kRounds - kRounds / 5));
    // Each of them stands in the feed for all that it did, in one order without gaps.
    std::map<std::string, std::size_t> created;
    std::string cursor;
    for (;;) {
        std::vector<FeedEntry> const some = corp.changesSince(cursor, 500);
        if (some.empty()) break;
        cursor = some.back().cursor;
        for (FeedEntry const& e : some)
            if (e.change.kind == ChangeKind::create && e.change.table == "CorpMember") ++created[e.caller];
    }
    CHECK(created["ann"] + created["bob"] == 5 * kRounds);
    CHECK(created["ann"] >= 2 * kRounds);
    CHECK(created["bob"] >= 2 * kRounds);
}

TEST_CASE("normal: a reader goes on while another program writes", "[corp][normal]") {
    TempDir const dir;
    {
        auto corp = openCorp(dir);
        corp.initCorp();
        corp.addMember({.nick = "Ann", .deptIdList = {corp.getRootDept().deptId}, .memberId = "ann"});
    }
    Pipe const begun, goOn;
    pid_t const writer = inProcess([&] {
        SqliteStorage storage(dir.file("corps.db"));
        auto corp = openCorp(dir);  // opens the tables
        storage.open(tablesOf<>().all());
        storage.write([&](SqliteStorage::Tx& tx) {
            TableSchema const& t = *tablesOf<>().member;
            std::vector<Cell> row(t.columns.size());
            row[kCorpColumn] = Cell::text("corps.Default");
            row[1] = Cell::text("ann");
            row[t.find("nick")] = Cell::text("Anna");
            tx.upsertRow(t, row);
            begun.say();
            goOn.wait();  // the transaction is open all the while
        });
    });
    begun.wait();
    // None of these returns if readers wait for writers: nobody else lets the writer go on.
    auto const corp = openCorp(dir);
    CHECK(corp.getMember("ann").nick == "Ann");
    CHECK(corp.getLocalCorpData().userList.size() == 1);
    CHECK(corp.verifyCorp().ok);
    goOn.say();
    CHECK(wentWell(writer));
    CHECK(corp.getMember("ann").nick == "Anna");
}

}  // namespace corp_normal_processes_test
