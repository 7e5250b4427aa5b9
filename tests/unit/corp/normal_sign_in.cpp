// Passwords, and forgetting those who had them.
#include "unit/corp/normal.hpp"
#include "unit/corp/toy.hpp"

#include <corps/crypto/digest.hpp>

#include <catch2/catch_template_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace corp_normal_sign_in_test {

using namespace corps;
using namespace std::chrono_literals;
using normal::thrownBy;
using normal::World;

namespace {

/** amy, who signs in with "secret". */
template <class Storage>
struct Door : World<Storage> {
    DeptId root;
    Door() {
        root = this->corp.getRootDept().deptId;
        this->corp.addMember({.nick = "Amy",
                              .deptIdList = {root},
                              .username = "amy",
                              .password = "secret",
                              .memberId = "amy",
                              .userId = "u-amy"});
    }
    Errc knock(std::string_view username, std::string_view password) {
        try {
            static_cast<void>(this->corp.verifyPassword(username, password));
        } catch (Error const& e) {
            return static_cast<Errc>(e.code().value());
        }
        return Errc();
    }
    Row credentials(std::string_view userId = "u-amy") {
        Row out;
        this->storage.read([&](auto& tx) {
            std::array<Cell, 1> const key{Cell::text(userId)};
            tx.forEach(*tablesOf<>().passwordAuth, 0, key,
                       [&](std::span<Cell const> row) { out.assign(row.begin(), row.end()); });
        });
        return out;
    }
};

/** Does what a test wants while a password is compared. */
struct Watched : normal::QuickLogin {
    static inline std::function<void()> meanwhile;
    static bool verify(std::string_view password, PasswordHash const& stored) {
        bool const right = normal::QuickLogin::verify(password, stored);
        if (auto const f = std::exchange(meanwhile, nullptr)) f();
        return right;
    }
};

}  // namespace

TEMPLATE_TEST_CASE("normal: signing in", "[corp][normal]", MemoryStorage, SqliteStorage) {
    Door<TestType> w;
    CHECK(w.corp.verifyPassword("amy", "secret").member.memberId == MemberId("amy"));
    CHECK(w.corp.verifyPassword("amy", "secret").user.userId == UserId("u-amy"));
    CHECK(w.corp.verifyPassword("amy", "5ebe2294ecd0e0f08eab7690d2a6ee69").member.nick == "Amy");  // its MD5
    std::string const before = w.dump();
    CHECK(w.knock("amy", "secret") == Errc());
    CHECK(w.dump() == before);

    w.corp.as("carol").setPassword("u-amy", "better");
    CHECK(w.knock("amy", "better") == Errc());
    CHECK(w.knock("amy", "secret") == Errc::authRejected);
    w.corp.setPassword("u-amy", "better", "amelie");
    CHECK(w.knock("amy", "better") == Errc::authRejected);
    CHECK(w.knock("amelie", "better") == Errc());
    for (FeedEntry const& e : w.corp.changesSince())
        if (e.change.table == "PasswordAuth") {
            CHECK(e.change.cells.empty());
            CHECK(e.change.key[0].bytes() == "u-amy");
        }
    CHECK(w.corp.changesSince().back().change.table == "PasswordAuth");

    w.corp.changeMemberStatus({"amy"}, 2);
    CHECK(w.knock("amelie", "better") == Errc::refused);
    CHECK(w.knock("amelie", "worse") == Errc::authRejected);
    CHECK(w.knock("", "better") == Errc::authRejected);
    CHECK(w.knock("amelie", "") == Errc::authRejected);
}

TEMPLATE_TEST_CASE("normal: failures make the next attempt wait, for a name that nobody has as well",
                   "[corp][normal]", MemoryStorage, SqliteStorage) {
    Door<TestType> w;
    for (std::string const name : {"amy", "nobody"}) {
        CAPTURE(name);
        for (int i = 0; i < 3; ++i) CHECK(w.knock(name, "wrong") == Errc::authRejected);
        std::chrono::seconds wait = 1s;
        for (int i = 0; i < 12; ++i) {
            normal::Type<TestType> again(CorpConfig("corps.Default", "Default"), w.context, w.storage);
            Error const e = thrownBy([&] { (void)again.verifyPassword(name, "secret"); });
            CHECK(e.is(Errc::rateLimited));
            CHECK(e.retryable());
            CHECK(e.diagnostics().retryAfter == wait);
            CHECK(std::string(e.what()).find(name) == std::string::npos);
            w.clock->advance(wait - 1ms);
            CHECK(w.knock(name, "wrong") == Errc::rateLimited);
            w.clock->advance(1ms);
            CHECK(w.knock(name, "wrong") == Errc::authRejected);
            wait = std::min<std::chrono::seconds>(2 * wait, 15min);
        }
    }
    // A day without failures is a new beginning, and so is a success.
    w.clock->advance(24h);
    CHECK(w.knock("amy", "wrong") == Errc::authRejected);
    CHECK(w.knock("amy", "wrong") == Errc::authRejected);
    CHECK(w.knock("amy", "secret") == Errc());
    for (int i = 0; i < 3; ++i) CHECK(w.knock("amy", "wrong") == Errc::authRejected);
    CHECK(w.knock("amy", "secret") == Errc::rateLimited);
    w.corp.setPassword("u-amy", "secret");
    CHECK(w.knock("amy", "secret") == Errc());
    // A clock set back locks nobody out for years.
    for (int i = 0; i < 3; ++i) CHECK(w.knock("amy", "wrong") == Errc::authRejected);
    w.clock->setNow(w.clock->now() - 24h * 365);
    CHECK(w.knock("amy", "secret") == Errc());
}

TEMPLATE_TEST_CASE("normal: a hash rises with its parameters and never falls", "[corp][normal]",
                   MemoryStorage, SqliteStorage) {
    Door<TestType> w;
    std::string const weak = w.credentials()[3].bytes();
    std::size_t const entries = w.corp.changesSince().size();
    normal::Type<TestType, ScryptLogin<PasswordCost{4, 1, 1}>> costly(CorpConfig("corps.Default", "Default"),
                                                                      w.context, w.storage);
    CHECK_THROWS_AS((void)costly.verifyPassword("amy", "wrong"), Error);
    CHECK(w.credentials()[3].bytes() == weak);
    CHECK(costly.verifyPassword("amy", "secret").member.nick == "Amy");
    std::string const strong = w.credentials()[3].bytes();
    CHECK(strong.starts_with("scrypt$4$1$1$"));
    CHECK(w.knock("amy", "secret") == Errc());
    CHECK(w.credentials()[3].bytes() == strong);
    CHECK(w.corp.changesSince().size() == entries);  // nobody changed a password
}

TEMPLATE_TEST_CASE("normal: while a password is compared no transaction is open, and what happens counts",
                   "[corp][normal]", MemoryStorage, SqliteStorage) {
    Door<TestType> w;
    normal::Type<TestType, Watched> corp(CorpConfig("corps.Default", "Default"), w.context, w.storage);
    // A write inside a write of one handle would be refused.
    Watched::meanwhile = [&] { w.corp.updateUserInfo("amy", {.phone = "1"}); };
    CHECK(corp.verifyPassword("amy", "secret").member.phone == "1");
    Watched::meanwhile = [&] { w.corp.updateUserInfo("amy", {.phone = "2"}); };
    CHECK(thrownBy([&] { (void)corp.verifyPassword("amy", "wrong"); }).is(Errc::authRejected));
    CHECK(w.knock("amy", "secret") == Errc());

    Watched::meanwhile = [&] {
        for (int i = 0; i < 3; ++i) w.knock("amy", "wrong");
    };
    CHECK(thrownBy([&] { (void)corp.verifyPassword("amy", "secret"); }).is(Errc::rateLimited));
    w.clock->advance(1s);
    Watched::meanwhile = [&] { w.corp.setPassword("u-amy", "changed"); };
    CHECK(thrownBy([&] { (void)corp.verifyPassword("amy", "secret"); }).is(Errc::authRejected));
    CHECK(w.knock("amy", "changed") == Errc());
}

TEMPLATE_TEST_CASE("normal: a known user keeps their credentials when a corp binds them", "[corp][normal]",
                   MemoryStorage, SqliteStorage) {
    Door<TestType> w;
    normal::Type<TestType> second(CorpConfig("corps.Second", "Second"), w.context, w.storage);
    NewMember m{.nick = "Amy", .deptIdList = {second.getRootDept().deptId}, .userId = "u-amy"};
    std::string const before = w.dump();
    m.username = "other";
    CHECK(thrownBy([&] { second.addMember(m); }).is(Errc::refused));
    m.username = "amy";
    m.password = "guess";
    CHECK(thrownBy([&] { second.addMember(m); }).is(Errc::refused));
    CHECK(w.dump() == before);
    m.password = "secret";
    CHECK(second.addMember(m).userId == UserId("u-amy"));
    CHECK(second.verifyPassword("amy", "secret").member.corpFullName == "corps.Second");
    CHECK(w.knock("amy", "secret") == Errc());
    // Signing in is for members: one corp's user is a stranger in another.
    w.corp.addMember({.nick = "Bob", .deptIdList = {w.root}, .username = "bob", .password = "b"});
    CHECK(thrownBy([&] { (void)second.verifyPassword("bob", "b"); }).is(Errc::refused));
}

TEST_CASE("normal: a corp without passwords", "[corp][normal]") {
    World<MemoryStorage> w;
    Corp<NoAuth, NoUpstream, MemoryStorage, LocalAuthority<>> corp(CorpConfig("corps.Plain", "Plain"),
                                                                   w.context, w.storage);
    DeptId const root = corp.getRootDept().deptId;
    CorpMember const m = corp.addMember({.nick = "Amy", .deptIdList = {root}});
    CHECK(thrownBy([&] {
              corp.addMember({.nick = "B", .deptIdList = {root}, .username = "b", .password = "b"});
          }).is(Errc::unsupported));
    CHECK(thrownBy([&] { (void)corp.verifyPassword("b", "b"); }).is(Errc::unsupported));
    CHECK(thrownBy([&] { corp.setPassword(m.userId.value(), "b", "b"); }).is(Errc::unsupported));
}

TEST_CASE("normal: a stolen file reveals no password", "[corp][normal]") {
    Door<SqliteStorage> w;
    w.corp.setPassword("u-amy", "correct horse battery");
    static_cast<void>(w.knock("amy", "wrong guess"));
    static_cast<void>(w.knock("nobody at all", "wrong guess"));
    std::string bytes;
    for (auto const& entry : std::filesystem::directory_iterator(w.dir.path())) {
        std::ifstream in(entry.path(), std::ios::binary);
        bytes.append(std::istreambuf_iterator<char>(in), {});
    }
    REQUIRE(bytes.find("u-amy") != std::string::npos);
    auto const unhex = [](std::string const& hex) {
        std::string out;
        for (std::size_t i = 0; i < hex.size(); i += 2)
            out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
        return out;
    };
    // MD5 of the passwords; what plain hashes of these and of the passwords would be.
    std::vector<std::string> forms{"secret", "correct horse battery", "wrong guess", "nobody at all"};
    for (std::string const md5 : {"5ebe2294ecd0e0f08eab7690d2a6ee69", "88e4ddd2402d92d50e1879d6ecd9ffd4"}) {
        forms.push_back(md5);
        forms.push_back(unhex(md5));
        forms.push_back(toHex(sha256(md5)));
        forms.push_back(sha256(md5));
        forms.push_back(toHex(sha256(unhex(md5))));
    }
    for (std::string const password : {"secret", "correct horse battery"}) {
        forms.push_back(toHex(sha256(password)));
        forms.push_back(sha256(password));
    }
    for (std::size_t i = 0; i < forms.size(); ++i) {
        CAPTURE(i);
        CHECK(bytes.find(forms[i]) == std::string::npos);
    }
}

TEMPLATE_TEST_CASE("normal: a person is forgotten with their history", "[corp][normal]", MemoryStorage,
                   SqliteStorage) {
    Door<TestType> w;
    normal::Type<TestType> second(CorpConfig("corps.Second", "Second"), w.context, w.storage);
    second.addMember({.nick = "Amy", .deptIdList = {second.getRootDept().deptId}, .userId = "u-amy"});
    std::string const early = w.corp.changesSince().front().cursor;
    w.corp.addMember({.nick = "Bobby",
                      .deptIdList = {w.root},
                      .phone = "bobs-phone",
                      .username = "bobby",
                      .password = "b",
                      .memberId = "bob",
                      .userId = "u-bob"});
    w.corp.setAdmin({"bob", "amy"});
    w.corp.setDeptLeaderByDept(w.root, {"bob"});
    w.corp.createRoleGroup("G", "g");
    w.corp.createRole("R", "g", "r");
    w.corp.addRoleMember("r", {"bob"});
    w.corp.setDeptLimit("r", "bob", {w.root});
    w.corp.updateUserInfo("bob", {.phone = "his-other-phone"});
    w.corp.changeMemberStatus({"bob", "amy"}, 2);
    std::string const middle = w.corp.changesSince().back().cursor;
    w.corp.createDept("After");
    std::size_t const after = w.corp.changesSince(middle).size();

    CHECK(w.corp.eraseMember("bob") == Done());
    std::string const text = w.dump();
    for (std::string const trace : {"bob", "Bobby", "phone"}) CHECK(text.find(trace) == std::string::npos);
    CHECK(thrownBy([&] { w.corp.eraseMember("bob"); }).is(Errc::notFound));
    CHECK(w.corp.changesSince(middle).size() == after);  // cursors go on
    CHECK_FALSE(w.corp.changesSince(early).empty());
    CHECK(w.corp.verifyCorp().ok);
    CHECK(second.verifyCorp().ok);

    // Who is in another corp stays there, and signs in.
    w.corp.eraseMember("amy");
    CHECK(second.verifyPassword("amy", "secret").user.nick == "Amy");
    for (FeedEntry const& e : w.corp.changesSince())
        for (OwnedCell const& key : e.change.key) CHECK(key.bytes() != "amy");

    // Who was deleted before is still in the history.
    w.corp.addMember({.nick = "Cidney", .deptIdList = {w.root}, .username = "cidney", .memberId = "cid"});
    w.corp.changeMemberStatus({"cid"}, 2);
    w.corp.deleteMember({"cid"});
    CHECK(w.dump().find("cid") != std::string::npos);
    w.corp.eraseMember("cid");
    for (std::string const trace : {"cid", "Cid"}) CHECK(w.dump().find(trace) == std::string::npos);
    // Whoever came back under another id is still there.
    UserId const user =
        w.corp.addMember({.nick = "Dot", .deptIdList = {w.root}, .memberId = "dot"}).userId.value();
    w.corp.changeMemberStatus({"dot"}, 2);
    w.corp.deleteMember({"dot"});
    w.corp.addMember({.nick = "Dot", .deptIdList = {w.root}, .memberId = "dot2", .userId = user});
    w.corp.eraseMember("dot");
    w.corp.setPassword(user, "secret", "dotty");
    CHECK(w.corp.verifyPassword("dotty", "secret").user.nick == "Dot");
}

TEMPLATE_TEST_CASE("normal: a corp is forgotten, and may begin again", "[corp][normal]", MemoryStorage,
                   SqliteStorage) {
    Door<TestType> w;
    normal::Type<TestType> second(CorpConfig("corps.Second", "Second"), w.context, w.storage);
    second.addMember({.nick = "Amy", .deptIdList = {second.getRootDept().deptId}, .userId = "u-amy"});
    w.corp.addMember({.nick = "Bobby", .deptIdList = {w.root}, .username = "bobby", .userId = "u-bob"});
    w.corp.addMember({.nick = "Cidney", .deptIdList = {w.root}, .memberId = "cid"});
    w.corp.changeMemberStatus({"cid"}, 2);
    w.corp.deleteMember({"cid"});
    std::string const cursor = w.corp.changesSince().back().cursor;

    CHECK(w.corp.eraseCorp() == Done());
    std::string const text = w.dump();
    for (std::string const trace : {"Bobby", "bobby", "u-bob", "Cidney", "cid", w.root.str().c_str()})
        CHECK(text.find(trace) == std::string::npos);
    CHECK(w.corp.getDepts().empty());
    CHECK(w.corp.getMembers().empty());
    CHECK(w.corp.changesSince().empty());
    CHECK(w.corp.verifyCorp().ok);
    CHECK(second.verifyPassword("amy", "secret").member.nick == "Amy");
    CHECK(second.verifyCorp().ok);
    CHECK(w.corp.eraseCorp() == Done());

    w.corp.createDept("Anew");
    CHECK(w.corp.getDepts().size() == 2);
    CHECK(w.corp.changesSince(cursor).size() == 2);
    {
        auto const lock = w.storage.tryLock("corps.Default");
        CHECK(thrownBy([&] { w.corp.eraseCorp(); }).is(Errc::busy));
    }
    CHECK(w.corp.getDepts().size() == 2);
}

TEST_CASE("normal: a mirrored corp forgets, too", "[corp][normal]") {
    toy::World w;
    w.org->members["bob"].unionId = "union-of-bob";
    w.corp.syncCorp();
    CHECK(thrownBy([&] { w.corp.eraseMember("bob"); }).is(Errc::refused));
    w.corp.offlineMember({"bob"});
    CHECK(thrownBy([&] { w.corp.eraseMember("bob"); }).is(Errc::refused));  // a sync would bring him back
    w.org->members.erase("bob");
    w.corp.syncCorp();
    REQUIRE(w.corp.getMember("bob").status == MemberStatus::resigned);
    UserId const user = w.corp.getMember("bob").userId.value();
    w.corp.eraseMember("bob");
    auto const dump = [&] {
        std::string out;
        std::vector<TableSchema const*> tables = engineTables();
        for (TableSchema const* t : tablesOf<>().all()) tables.push_back(t);
        w.storage.read([&](auto& tx) {
            for (TableSchema const* t : tables)
                tx.forEach(*t, 0, {}, [&](std::span<Cell const> row) {
                    for (Cell const& c : row) out.append(c.bytes()).append("|");
                });
        });
        return out;
    };
    CHECK(dump().find("bob") == std::string::npos);
    CHECK(dump().find(user.str()) == std::string::npos);
    CHECK(w.corp.verifyCorp().ok);
    SyncReport const next = w.corp.syncCorp();
    CHECK(next.members.created == 0);
    CHECK(next.members.updated == 0);
    CHECK(w.corp.getMembers().size() == 4);

    // A plan of before does not bring back what was erased.
    w.org->members["ann"].nick = "Anne";
    SyncPlan const plan = w.corp.planSync();
    w.corp.eraseCorp();
    CHECK(w.corp.getMembers().empty());
    CHECK(dump().find("Ann") == std::string::npos);
    CHECK(dump().find("toy-corp") == std::string::npos);
    CHECK(thrownBy([&] { w.corp.applyPlan(plan); }).is(Errc::stalePlan));
    CHECK(w.corp.syncCorp().members.created == 4);
    CHECK(w.corp.verifyCorp().ok);
}

TEST_CASE("normal: two programs edit one store", "[corp][normal]") {
    World<SqliteStorage> w;
    DeptId const root = w.corp.getRootDept().deptId;
    w.corp.createRoleGroup("G", "g");
    w.corp.createRole("R", "g", "r");
    constexpr int kEach = 60;
    // Each adds its own members, gives all of them the one role, and renames the one department.
    auto const edit = [&](std::string const& who) {
        normal::Type<SqliteStorage> corp(CorpConfig("corps.Default", "Default"), Context(),
                                         SqliteStorage(w.storage.path(), w.quick()));
        for (int i = 0; i < kEach; ++i) {
            MemberId const id = who + std::to_string(i);
            corp.addMember({.nick = who, .deptIdList = {root}, .roleIdList = {"r"}, .memberId = id});
            corp.as(who).updateDept(root, who + std::to_string(i));
            corp.setDeptLeaderByDept(root, {id});
        }
    };
    pid_t const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        try {
            edit("b");
            ::_exit(0);
        } catch (...) {
            ::_exit(1);
        }
    }
    std::thread reader([&] {  // sees whole states only, and waits for nobody
        for (int status = 0; ::waitpid(child, &status, WNOHANG) == 0;) {
            LocalCorpData const data = w.corp.getLocalCorpData();
            if (data.userList.size() != data.deptMemberList.size() ||
                data.userList.size() != data.roleMemberSet.size())
                std::abort();
            if (data.deptList.front().leaderIds.size() > 1) std::abort();
        }
    });
    edit("a");
    reader.join();
    // The child has ended: the reader waited for it.
    LocalCorpData const data = w.corp.getLocalCorpData();
    CHECK(data.userList.size() == 2 * kEach);
    CHECK(data.deptMemberList.size() == 2 * kEach);
    CHECK(data.roleMemberSet.size() == 2 * kEach);
    CHECK(data.deptList.front().leaderIds.size() == 1);
    std::string const last = std::to_string(kEach - 1);
    CHECK((data.deptList.front().name == "a" + last || data.deptList.front().name == "b" + last));
    CHECK(w.corp.verifyCorp().ok);
    std::size_t renames = 0;
    std::string cursor;
    for (;;) {
        std::vector<FeedEntry> const page = w.corp.changesSince(cursor, 100);
        if (page.empty()) break;
        for (FeedEntry const& e : page)
            if (e.change.table == "CorpDept" && e.change.kind == ChangeKind::update) ++renames;
        cursor = page.back().cursor;
    }
    CHECK(renames == 2 * kEach);
}

}  // namespace corp_normal_sign_in_test
