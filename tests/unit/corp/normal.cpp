// Members, departments and what hangs on them, in a corp that is edited here.
#include "unit/corp/normal.hpp"

#include <corps/model/json.hpp>

#include <catch2/catch_template_test_macros.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace corp_normal_test {

using namespace corps;
using normal::thrownBy;
using normal::World;

namespace {

std::vector<DeptId> deptsOf(auto& corp, MemberId const& id) {
    std::vector<DeptId> out;
    for (CorpDeptMember const& m : corp.getMemberDepts(id)) out.push_back(m.deptId);
    return out;
}
std::vector<MemberId> idsOf(std::vector<CorpMember> const& members) {
    std::vector<MemberId> out;
    for (CorpMember const& m : members) out.push_back(m.memberId);
    return out;
}

/** Sales with amy and bob, Support below it with cid; a role; all under ids of our own. */
template <class Storage>
struct Firm : World<Storage> {
    DeptId root;
    Firm() {
        root = this->corp.getRootDept().deptId;
        this->corp.createDept("Sales", {}, "sales");
        this->corp.createDept("Support", "sales", "support");
        this->corp.createRoleGroup("Positions", "positions");
        this->corp.createRole("Manager", "positions", "manager");
        add("amy", "sales");
        add("bob", "sales");
        add("cid", "support");
    }
    void add(std::string const& id, DeptId const& dept) {
        NewMember m;
        m.nick = id;
        m.memberId = id;
        m.userId = "u-" + id;
        m.deptIdList = {dept};
        this->corp.addMember(m);
    }
};

}  // namespace

TEMPLATE_TEST_CASE("normal: a member comes with departments, roles and a user", "[corp][normal]",
                   MemoryStorage, SqliteStorage) {
    Firm<TestType> w;
    CorpMember const m = w.corp.as("alice").addMember({.nick = "Zhang San",
                                                       .deptIdList = {"support", "sales", "support"},
                                                       .roleIdList = {"manager", "manager"},
                                                       .phone = "13800138000",
                                                       .username = "zhangsan",
                                                       .password = "123456"});
    CHECK_FALSE(m.memberId.empty());
    CHECK(m.nick == "Zhang San");
    CHECK(m.phone == "13800138000");
    CHECK(m.status == MemberStatus::active);
    CHECK(m.corpFullName == "corps.Default");
    CHECK(w.corp.getMember(m.memberId) == m);
    CHECK(deptsOf(w.corp, m.memberId) == ids<DeptId>("support", "sales"));
    CHECK(w.corp.getMemberDepts(m.memberId)[0].isPrimary == true);
    CHECK(w.corp.getMemberDepts(m.memberId)[1].isPrimary == false);
    CHECK(w.corp.getMemberRoles(m.memberId).size() == 1);
    CHECK(w.corp.verifyPassword("zhangsan", "123456").user.nick == "Zhang San");
    CHECK(w.corp.verifyCorp().ok);

    CorpMember const other = w.corp.addMember({.nick = "Li Si", .deptIdList = {"sales"}});
    CHECK(m.memberId < other.memberId);  // ids are ordered by time
    CHECK(m.userId != other.userId);

    std::vector<FeedEntry> const feed = w.corp.changesSince();
    std::vector<std::string> tables;
    for (FeedEntry const& e : feed)
        if (e.caller == "alice") tables.push_back(e.change.table);
    CHECK(tables == std::vector<std::string>{"PasswordAuth", "PasswordAuth", "User", "CorpMember",
                                             "CorpDeptMember", "CorpDeptMember", "CorpRoleMember"});
}

TEMPLATE_TEST_CASE("normal: a batch of members is one change or none", "[corp][normal]", MemoryStorage,
                   SqliteStorage) {
    Firm<TestType> w;
    std::vector<NewMember> many(3);
    for (std::size_t i = 0; i < many.size(); ++i) {
        many[i].nick = "n" + std::to_string(i);
        many[i].memberId = "m" + std::to_string(9 - i);
        many[i].deptIdList = {"sales"};
    }
    CHECK(idsOf(w.corp.addMembers(many)) == ids<MemberId>("m9", "m8", "m7"));
    std::string const before = w.dump();
    for (NewMember& m : many) m.memberId = m.memberId.str() + "x";
    many.back().memberId = "m9";
    Error const e = thrownBy([&] { w.corp.addMembers(many); });
    CHECK(e.is(Errc::alreadyExists));
    CHECK(e.diagnostics().place == "members[2], member m9");
    CHECK(w.dump() == before);
    CHECK(w.corp.addMembers({}).empty());
    CHECK(w.dump() == before);
}

TEMPLATE_TEST_CASE("normal: users are one pool", "[corp][normal]", MemoryStorage, SqliteStorage) {
    Firm<TestType> w;
    normal::Type<TestType> second(CorpConfig("corps.Second", "Second"), w.context, w.storage);
    DeptId const there = second.getRootDept().deptId;
    CorpMember const m =
        second.addMember({.nick = "Amy there", .deptIdList = {there}, .phone = "1", .userId = "u-amy"});
    CHECK(m.userId == UserId("u-amy"));
    // The corp that made the user says what they are called; another one fills what is not known.
    w.corp.setPassword("u-amy", "secret", "amy");
    User const user = second.verifyPassword("amy", "secret").user;
    CHECK(user.nick == "amy");
    CHECK(user.phone == "1");
    w.corp.updateUserInfo("amy", {.nick = "Amy", .phone = "2"});
    CHECK(second.verifyPassword("amy", "secret").user.nick == "Amy");
    CHECK(second.verifyPassword("amy", "secret").user.phone == "2");
    CHECK(second.verifyPassword("amy", "secret").member.nick == "Amy there");
    CHECK(w.corp.verifyPassword("amy", "secret").member.memberId == MemberId("amy"));
}

TEMPLATE_TEST_CASE("normal: what updateUserInfo changes", "[corp][normal]", MemoryStorage, SqliteStorage) {
    Firm<TestType> w;
    w.corp.updateUserInfo("amy", boost::json::object{{"nick", "Li Si"},
                                                     {"phone", "13900139000"},
                                                     {"email", "lisi@example.com"},
                                                     {"gender", 2},
                                                     {"extendConf", {{"a", 1}, {"b", 2}}}});
    CorpMember m = w.corp.getMember("amy");
    CHECK(m.nick == "Li Si");
    CHECK(m.phone == "13900139000");
    CHECK(m.email == "lisi@example.com");
    CHECK(m.gender == Gender::female);
    CHECK_FALSE(m.photo.known());
    w.corp.updateUserInfo("amy", {.photo = "https://example.com/p.png", .extendConf = JsonText("{\"c\":3}")});
    m = w.corp.getMember("amy");
    CHECK(m.nick == "Li Si");
    CHECK(m.photo == "https://example.com/p.png");
    CHECK(m.extendConf.value().str() == "{\"c\":3}");
    std::string const before = w.dump();
    w.corp.updateUserInfo("amy", MemberUpdate());
    w.corp.updateUserInfo("amy", {.nick = "Li Si"});
    CHECK(w.dump() == before);
    CHECK(w.corp.findMembers({.phone = "13900139000"}).size() == 1);
}

TEMPLATE_TEST_CASE("normal: departments are made, moved and deleted", "[corp][normal]", MemoryStorage,
                   SqliteStorage) {
    Firm<TestType> w;
    CorpDept const made = w.corp.createDept("Technology");
    CHECK(made.parentId == w.root);
    CHECK(made.path == std::vector<DeptId>{w.root, made.deptId});
    CorpDept const moved = w.corp.updateDept("sales", "Sales and more", made.deptId);
    CHECK(moved.name == "Sales and more");
    CHECK(moved.path == std::vector<DeptId>{w.root, made.deptId, "sales"});
    CHECK(w.corp.getDept("support").path == std::vector<DeptId>{w.root, made.deptId, "sales", "support"});
    CHECK(w.corp.updateDept("sales", "Sales").parentId == made.deptId);
    CHECK(w.corp.updateDept(w.root, "The firm").name == "The firm");

    // Resigned members do not keep a department; limits keep naming it.
    w.corp.setDeptLimit("manager", "amy", {"support"});
    w.corp.setDeptLeaderByDept("support", {"cid"});
    w.corp.changeMemberStatus({"cid"}, 2);
    CHECK(w.corp.deleteDept("support") == Done());
    CHECK(deptsOf(w.corp, "cid").empty());
    CHECK(w.corp.getDeptLimit("manager", "amy") == ids<DeptId>("support"));
    CHECK(w.corp.getDepts().size() == 3);
    CHECK(w.corp.verifyCorp().ok);
}

TEMPLATE_TEST_CASE("normal: members of a department and who leads it", "[corp][normal]", MemoryStorage,
                   SqliteStorage) {
    Firm<TestType> w;
    w.corp.addDeptMember("support", {"bob", "amy", "bob"});
    CHECK(idsOf(w.corp.getDeptMembers("support")) == ids<MemberId>("amy", "bob", "cid"));
    std::string const before = w.dump();
    w.corp.addDeptMember("support", {"amy"});
    CHECK(w.dump() == before);

    std::vector<CorpDeptMember> const leaders = w.corp.setDeptLeaderByDept("support", {"cid", "amy"});
    REQUIRE(leaders.size() == 2);
    CHECK(leaders[0].memberId == MemberId("cid"));
    CHECK(leaders[0].isLeader);
    CHECK(leaders[1].memberId == MemberId("amy"));
    CHECK(w.corp.getDept("support").leaderIds == ids<MemberId>("cid", "amy"));
    w.corp.setDeptLeaderByDept("support", {"amy", "bob"});
    CHECK(w.corp.getDept("support").leaderIds == ids<MemberId>("amy", "bob"));
    // Who resigned leads nothing while that lasts.
    w.corp.changeMemberStatus({"amy"}, MemberStatus::resigned);
    CHECK(w.corp.getDept("support").leaderIds == ids<MemberId>("bob"));
    CHECK(w.corp.getLocalCorpData().deptList[2].leaderIds == ids<MemberId>("bob"));
    w.corp.changeMemberStatus({"amy"}, MemberStatus::active);
    CHECK(w.corp.getDept("support").leaderIds == ids<MemberId>("amy", "bob"));
    // Who leaves the department does not lead it either.
    w.corp.deleteDeptMember("support", {"amy", "amy"});
    CHECK(w.corp.getDept("support").leaderIds == ids<MemberId>("bob"));
    CHECK(deptsOf(w.corp, "amy") == ids<DeptId>("sales"));
    std::string const after = w.dump();
    w.corp.deleteDeptMember("support", {"amy"});
    CHECK(w.dump() == after);
    CHECK(w.corp.setDeptLeaderByDept("support", {}).empty());
    CHECK(w.corp.getDept("support").leaderIds.empty());
    w.corp.deleteDeptMember("sales", {"amy"});
    CHECK(deptsOf(w.corp, "amy").empty());
    CHECK(w.corp.verifyCorp().ok);
}

TEMPLATE_TEST_CASE("normal: long lists of ids mean what short ones mean", "[corp][normal]", MemoryStorage,
                   SqliteStorage) {
    Firm<TestType> w;
    std::vector<NewMember> many(400);
    for (std::size_t i = 0; i < many.size(); ++i) {
        many[i].nick = "n";
        many[i].memberId = "m" + std::to_string(1000 + i);
        many[i].deptIdList = {"sales"};
    }
    w.corp.addMembers(many);
    auto const from = [&](std::size_t first, std::size_t count) {  // last first, and once more
        std::vector<MemberId> out;
        for (std::size_t i = first + count; i > first; --i) out.push_back(many[i - 1].memberId);
        out.push_back(many[first].memberId);
        return out;
    };
    auto const in = [&](DeptId const& dept) { return w.corp.getDeptMembers(dept).size(); };
    w.corp.createDept("All", {}, "all");
    w.corp.addDeptMember("all", from(0, 400));  // one scan of the members
    CHECK(in("all") == 400);
    w.corp.createDept("Some", {}, "some");
    w.corp.addDeptMember("some", from(50, 100));  // too few of them for a scan to the end
    w.corp.addDeptMember("some", from(0, 80));    // some are there: before, among and behind
    w.corp.addDeptMember("some", from(300, 100));
    CHECK(in("some") == 250);
    for (std::size_t first :
         {std::size_t{0}, std::size_t{149}, std::size_t{150}, std::size_t{299}, std::size_t{399}})
        CHECK(deptsOf(w.corp, many[first].memberId).size() == (first == 150 || first == 299 ? 2U : 3U));

    std::string const before = w.dump();
    w.corp.addDeptMember("some", from(0, 150));
    for (std::string const stranger : {"a", "m1200x", "z"}) {
        for (std::size_t count : {std::size_t{100}, std::size_t{400}}) {
            std::vector<MemberId> who = from(400 - count, count);
            who.push_back(stranger);
            Error const e = thrownBy([&] { w.corp.addDeptMember("some", who); });
            CHECK(e.is(Errc::notFound));
            CHECK(e.diagnostics().place == "member " + stranger);
        }
    }
    CHECK(w.dump() == before);

    w.corp.addRoleMember("manager", from(100, 200));
    w.corp.addRoleMember("manager", from(0, 400));
    CHECK(w.corp.getRoleMembers("manager").size() == 400);
    w.corp.deleteRoleMember("manager", from(0, 150));
    CHECK(w.corp.getRoleMembers("manager").size() == 250);
    w.corp.changeMemberStatus(from(200, 200), 2);
    CHECK(w.corp.getMembers("active").size() == 203);
    CHECK(w.corp.getRoleMembers("manager").size() == 50);
    w.corp.changeMemberStatus(from(0, 400), 1);
    CHECK(w.corp.getMembers("active").size() == 403);
    w.corp.deleteDeptMember("some", from(0, 400));
    CHECK(in("some") == 0);
    CHECK(w.corp.deleteDept("some") == Done());
    w.corp.changeMemberStatus(from(0, 400), 2);
    w.corp.deleteMember(from(0, 400));
    CHECK(w.corp.getMembers().size() == 3);
    CHECK(w.corp.verifyCorp().ok);
}

TEMPLATE_TEST_CASE("normal: what resigning suspends comes back on return; deletion is for good",
                   "[corp][normal]", MemoryStorage, SqliteStorage) {
    Firm<TestType> w;
    w.corp.setAdmin({"amy", "bob"});
    w.corp.addRoleMember("manager", {"amy"});
    w.corp.setDeptLimit("manager", "amy", {"sales"});
    w.corp.setDeptLeaderByDept("sales", {"amy"});
    w.corp.as("carol").changeMemberStatus({"amy"}, 2);
    CHECK(w.corp.changesSince().back().caller == "carol");
    CHECK(w.corp.changesSince().back().change.kind == ChangeKind::resign);
    CHECK(w.corp.getAdmin() == ids<MemberId>("bob"));
    CHECK(w.corp.getMemberRoles("amy").empty());
    CHECK(idsOf(w.corp.getDeptMembers("sales")) == ids<MemberId>("bob"));
    CHECK(idsOf(w.corp.getMembers("offline")) == ids<MemberId>("amy"));
    w.corp.reinstateMember({"amy"});
    CHECK(w.corp.getAdmin() == ids<MemberId>("amy", "bob"));
    CHECK(w.corp.getMemberRoles("amy").size() == 1);
    CHECK(w.corp.getDept("sales").leaderIds == ids<MemberId>("amy"));
    CHECK(idsOf(w.corp.getDeptMembers("sales")) == ids<MemberId>("amy", "bob"));

    w.corp.offlineMember({"amy"});
    CHECK(w.corp.getMember("amy").status == MemberStatus::resigned);
    CHECK(w.corp.deleteMember({"amy"}) == Done());
    CHECK(thrownBy([&] { (void)w.corp.getMember("amy"); }).is(Errc::notFound));
    CHECK(w.dump().find("amy") != std::string::npos);  // the user, and the history
    CHECK(w.corp.getDept("sales").leaderIds.empty());
    CHECK(w.corp.getRoleMembers("manager").empty());
    CHECK(w.corp.verifyCorp().ok);
    // The same user may come again, under the same memberId: as a new member.
    w.add("amy", "sales");
    CHECK(w.corp.getAdmin() == ids<MemberId>("bob"));
    CHECK(w.corp.getDeptLimit("manager", "amy").empty());
}

TEMPLATE_TEST_CASE("normal: roles and their groups", "[corp][normal]", MemoryStorage, SqliteStorage) {
    Firm<TestType> w;
    CHECK(w.corp.getRoles()[0].roleId == RoleId("manager"));
    CHECK(w.corp.renameRole("manager", "Head").name == "Head");
    CHECK(w.corp.renameRoleGroup("positions", "Posts").name == "Posts");
    w.corp.addRoleMember("manager", {"amy", "bob"});
    w.corp.setDeptLimit("manager", "amy", {"sales", "support"});
    CHECK(w.corp.getDeptLimit("manager", "amy") == ids<DeptId>("sales", "support"));
    w.corp.deleteRoleMember("manager", {"bob"});
    CHECK(idsOf(w.corp.getRoleMembers("manager")) == ids<MemberId>("amy"));
    CHECK(w.corp.setUserRole("bob", {"manager"}).size() == 1);
    CHECK(w.corp.setUserRole("bob", {}).empty());
    w.corp.deleteRole("manager");
    CHECK(w.corp.getMemberRoles("amy").empty());
    CHECK(w.corp.deleteRoleGroup("positions") == Done());
    CHECK(w.corp.getRoleGroups().empty());
    // A role made again under the same id begins without limits.
    w.corp.createRoleGroup("Positions", "positions");
    w.corp.createRole("Manager", "positions", "manager");
    CHECK(w.corp.getDeptLimit("manager", "amy").empty());
    CHECK(w.corp.getRoleMembers("manager").empty());
    w.corp.saveUserSignature("amy", "https://example.com/s.png");
    CHECK(w.corp.getUserSignature("amy").signature == "https://example.com/s.png");
    CHECK(w.corp.verifyCorp().ok);
}

TEMPLATE_TEST_CASE("normal: the first member is made once", "[corp][normal]", MemoryStorage, SqliteStorage) {
    CorpConfig config("corps.First", "First");
    config.business["firstMember"] = boost::json::object{{"memberId", "admin123"},
                                                         {"nick", "Administrator"},
                                                         {"password", "admin123"},
                                                         {"userId", "admin123"},
                                                         {"username", "admin123"}};
    World<TestType> w(config);
    CHECK(w.corp.getAdmin() == ids<MemberId>("admin123"));
    CHECK(w.corp.verifyPassword("admin123", "admin123").member.nick == "Administrator");
    CHECK(deptsOf(w.corp, "admin123") == std::vector<DeptId>{w.corp.getRootDept().deptId});
    std::string const before = w.dump();
    CHECK(before.find("\"admin123\"") == std::string::npos);
    w.corp.initCorp();
    CHECK(w.dump() == before);

    // A second corp with the documented file shares the user, who signs in to both.
    config.fullName = "corps.Second";
    normal::Type<TestType> second(config, w.context, w.storage);
    second.initCorp();
    CHECK(second.verifyPassword("admin123", "admin123").member.memberId == MemberId("admin123"));

    // Who was removed does not come back by themselves.
    w.corp.addMember({.nick = "Amy", .deptIdList = {w.corp.getRootDept().deptId}, .memberId = "amy"});
    w.corp.setAdmin({"amy"});
    w.corp.changeMemberStatus({"admin123"}, 2);
    w.corp.deleteMember({"admin123"});
    w.corp.initCorp();
    CHECK(w.corp.getAdmin() == ids<MemberId>("amy"));
    CHECK(w.corp.getMembers().size() == 1);

    for (auto const& [key, expected] :
         std::vector<std::pair<std::string, std::string>>{{"memberId", "firstMember.memberId"},
                                                          {"nick", "firstMember.nick"},
                                                          {"userId", "firstMember.userId"}}) {
        CorpConfig wrong = config;
        wrong.fullName = "corps.Wrong";
        wrong.business["firstMember"].as_object()[key] = "";
        normal::Type<TestType> corp(wrong, w.context, w.storage);
        Error const e = thrownBy([&] { corp.initCorp(); });
        CHECK(e.is(Errc::config));
        CHECK(std::string(e.what()).find(expected) != std::string::npos);
        CHECK(corp.getDepts().empty());
    }
}

TEMPLATE_TEST_CASE("normal: joining", "[corp][normal]", MemoryStorage, SqliteStorage) {
    CorpConfig config("corps.Open", "Open");
    config.element["allowJoin"] = 1;
    World<TestType> w(config);
    CorpMember const m = w.corp.join("zoe", "secret", "Zoe");
    CHECK(m.nick == "Zoe");
    CHECK(w.corp.getMemberRoles(m.memberId).empty());
    CHECK(deptsOf(w.corp, m.memberId) == std::vector<DeptId>{w.corp.getRootDept().deptId});
    CHECK(w.corp.verifyPassword("zoe", "secret").member.memberId == m.memberId);
    std::string const before = w.dump();
    CHECK(thrownBy([&] { w.corp.join("zoe", "other", "Zoe"); }).is(Errc::alreadyExists));
    CHECK(thrownBy([&] { w.corp.join("", "other", "Zoe"); }).is(Errc::invalidArgument));
    CHECK(thrownBy([&] { w.corp.join("yan", "", "Zoe"); }).is(Errc::invalidArgument));
    CHECK(thrownBy([&] { w.corp.join("yan", "other", ""); }).is(Errc::invalidArgument));
    CHECK(w.dump() == before);
    for (boost::json::value const& no :
         {boost::json::value(0), boost::json::value("1"), boost::json::value()}) {
        CorpConfig shut("corps.Shut", "Shut");
        shut.element["allowJoin"] = no;
        normal::Type<TestType> corp(shut, w.context, w.storage);
        CHECK(thrownBy([&] { corp.join("yan", "secret", "Yan"); }).is(Errc::refused));
        CHECK(corp.getDepts().empty());
    }
}

TEMPLATE_TEST_CASE("normal: what is refused changes nothing and says what was expected", "[corp][normal]",
                   MemoryStorage, SqliteStorage) {
    Firm<TestType> w;
    w.corp.setPassword("u-amy", "secret", "amy");
    auto& c = w.corp;
    NewMember const good{.nick = "New", .deptIdList = {"sales"}};
    auto const with = [&](std::function<void(NewMember&)> const& change) {
        NewMember m = good;
        change(m);
        c.addMember(m);
    };
    struct Case {
        std::function<void()> call;
        Errc code;
        std::string says;
    };
    std::vector<Case> const cases{
        // adding members
        {[&] { with([](NewMember& m) { m.nick = ""; }); }, Errc::invalidArgument, "name"},
        {[&] { with([](NewMember& m) { m.deptIdList = {}; }); }, Errc::invalidArgument, "deptIdList"},
        {[&] { with([](NewMember& m) { m.deptIdList = {"sales", ""}; }); }, Errc::invalidArgument,
         "department"},
        {[&] { with([](NewMember& m) { m.deptIdList = {"nowhere"}; }); }, Errc::notFound,
         "department nowhere"},
        {[&] { with([](NewMember& m) { m.roleIdList = {"norole"}; }); }, Errc::notFound, "role norole"},
        {[&] { with([](NewMember& m) { m.roleIdList = {""}; }); }, Errc::invalidArgument, "role"},
        {[&] { with([](NewMember& m) { m.memberId = "amy"; }); }, Errc::alreadyExists, "member amy"},
        {[&] { with([](NewMember& m) { m.userId = "u-bob"; }); }, Errc::alreadyExists, "user u-bob"},
        {[&] { with([](NewMember& m) { m.username = "amy"; }); }, Errc::alreadyExists, "username"},
        {[&] { with([](NewMember& m) { m.password = "x"; }); }, Errc::invalidArgument, "username"},
        // members
        {[&] { c.updateUserInfo("nobody", {.nick = "x"}); }, Errc::notFound, "member nobody"},
        {[&] { c.updateUserInfo("amy", {.nick = ""}); }, Errc::invalidArgument, "member amy"},
        {[&] { c.updateUserInfo("amy", boost::json::object{{"nick", "x"}, {"status", 2}}); },
         Errc::invalidArgument, "status"},
        {[&] { c.updateUserInfo("amy", boost::json::object{{"phone", 1}}); }, Errc::invalidArgument, "phone"},
        {[&] { c.updateUserInfo("amy", boost::json::object{{"gender", 4}}); }, Errc::invalidArgument,
         "gender"},
        {[&] { c.updateUserInfo("amy", {.gender = static_cast<Gender>(9)}); }, Errc::invalidArgument,
         "gender"},
        {[&] { c.updateUserInfo("amy", boost::json::object{{"extendConf", "text"}}); }, Errc::invalidArgument,
         "extendConf"},
        {[&] { c.updateUserInfo("amy", {.extendConf = JsonText("{")}); }, Errc::invalidArgument,
         "extendConf"},
        {[&] { c.changeMemberStatus({"amy", "nobody"}, 2); }, Errc::notFound, "member nobody"},
        {[&] { c.changeMemberStatus({"amy", ""}, 2); }, Errc::invalidArgument, "member"},
        {[&] { c.changeMemberStatus({"amy"}, 3); }, Errc::invalidArgument, "1 (active) or 2 (resigned)"},
        {[&] { c.changeMemberStatus({"amy"}, static_cast<MemberStatus>(7)); }, Errc::invalidArgument,
         "status"},
        {[&] { c.deleteMember({"amy"}); }, Errc::refused, "member amy"},
        {[&] { c.deleteMember({"nobody"}); }, Errc::notFound, "member nobody"},
        {[&] { c.eraseMember("amy"); }, Errc::refused, "member amy"},
        {[&] { c.eraseMember("nobody"); }, Errc::notFound, "member nobody"},
        // departments
        {[&] { c.createDept(""); }, Errc::invalidArgument, "name"},
        {[&] { c.createDept("x", "nowhere"); }, Errc::notFound, "department nowhere"},
        {[&] { c.createDept("x", "sales", "support"); }, Errc::alreadyExists, "department support"},
        {[&] { c.updateDept("sales", ""); }, Errc::invalidArgument, "department sales"},
        {[&] { c.updateDept("nowhere", "x"); }, Errc::notFound, "department nowhere"},
        {[&] { c.updateDept("sales", "x", "nowhere"); }, Errc::notFound, "department nowhere"},
        {[&] { c.updateDept("sales", "x", "support"); }, Errc::refused, "department sales"},
        {[&] { c.updateDept("sales", "x", "sales"); }, Errc::refused, "department sales"},
        {[&] { c.updateDept(w.root, "x", "sales"); }, Errc::refused, "department " + w.root.str()},
        {[&] { c.deleteDept(w.root); }, Errc::refused, "root"},
        {[&] { c.deleteDept("sales"); }, Errc::refused, "departments below"},
        {[&] { c.deleteDept("support"); }, Errc::refused, "active members"},
        {[&] { c.deleteDept("nowhere"); }, Errc::notFound, "department nowhere"},
        {[&] { c.setDeptLeaderByDept("support", {"cid", "amy"}); }, Errc::refused, "member amy"},
        {[&] { c.setDeptLeaderByDept("support", {"nobody"}); }, Errc::notFound, "member nobody"},
        {[&] { c.setDeptLeaderByDept("nowhere", {}); }, Errc::notFound, "department nowhere"},
        {[&] { c.addDeptMember("sales", {"cid", "nobody"}); }, Errc::notFound, "member nobody"},
        {[&] { c.addDeptMember("sales", {"cid", ""}); }, Errc::invalidArgument, "member"},
        {[&] { c.addDeptMember("nowhere", {"cid"}); }, Errc::notFound, "department nowhere"},
        {[&] { c.deleteDeptMember("sales", {"amy", "nobody"}); }, Errc::notFound, "member nobody"},
        {[&] { c.deleteDeptMember("nowhere", {"amy"}); }, Errc::notFound, "department nowhere"},
        // roles and administrators
        {[&] { c.createRole("x", "nogroup"); }, Errc::notFound, "role group nogroup"},
        {[&] { c.createRole("", "positions"); }, Errc::invalidArgument, "name"},
        {[&] { c.createRole("x", "positions", "manager"); }, Errc::alreadyExists, "role manager"},
        {[&] { c.createRoleGroup("x", "positions"); }, Errc::alreadyExists, "role group positions"},
        {[&] { c.createRoleGroup(""); }, Errc::invalidArgument, "name"},
        {[&] { c.renameRole("norole", "x"); }, Errc::notFound, "role norole"},
        {[&] { c.deleteRoleGroup("positions"); }, Errc::refused, "roles in it"},
        {[&] { c.addRoleMember("manager", {"amy", "nobody"}); }, Errc::notFound, "member nobody"},
        {[&] { c.addRoleMember("norole", {"amy"}); }, Errc::notFound, "role norole"},
        {[&] { c.deleteRoleMember("norole", {"amy"}); }, Errc::notFound, "role norole"},
        {[&] { c.setUserRole("amy", {"manager", "norole"}); }, Errc::notFound, "role norole"},
        {[&] { c.setDeptLimit("manager", "amy", {"sales", "nowhere"}); }, Errc::notFound,
         "department nowhere"},
        {[&] { c.setDeptLimit("norole", "amy", {}); }, Errc::notFound, "role norole"},
        {[&] { c.setDeptLimit("manager", "nobody", {}); }, Errc::notFound, "member nobody"},
        {[&] { c.setAdmin({"amy", "nobody"}); }, Errc::notFound, "member nobody"},
        {[&] { c.saveUserSignature("nobody", "x"); }, Errc::notFound, "member nobody"},
        // signing in
        {[&] { c.join("zoe", "secret", "Zoe"); }, Errc::refused, "allowJoin"},
        {[&] { c.setPassword("u-nobody", "x"); }, Errc::notFound, "user u-nobody"},
        {[&] { c.setPassword("u-bob", "x"); }, Errc::invalidArgument, "username"},
        {[&] { c.setPassword("u-bob", "x", "amy"); }, Errc::alreadyExists, "username"},
        {[&] { c.setPassword("u-amy", ""); }, Errc::invalidArgument, "password"},
    };
    std::string const before = w.dump();
    for (std::size_t i = 0; i < cases.size(); ++i) {
        CAPTURE(i, cases[i].says);
        Error const e = thrownBy(cases[i].call);
        CHECK(e.code() == make_error_code(cases[i].code));
        CHECK(std::string(e.what()).find(cases[i].says) != std::string::npos);
        CHECK(w.dump() == before);
    }
}

}  // namespace corp_normal_test
