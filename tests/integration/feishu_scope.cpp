// What an application may not see: fields without their permission, and parts of the organisation out of its
// range.
#include <corps/corps.hpp>
#include <corps/emulator/emulator.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/transport/https.hpp>

#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace integration_feishu_scope_test {

using namespace corps;

namespace {

using Feishu = FSInnerType<HttpsTransport, MemoryStorage>;

/** Every permission that docs/feishu.md names. */
std::vector<std::string> documentedPermissions() {
    return {"contact:contact.base:readonly",
            "contact:department.base:readonly",
            "contact:department.organize:readonly",
            "contact:user.base:readonly",
            "contact:user.department:readonly",
            "contact:user.employee:readonly",
            "contact:user.email:readonly",
            "contact:user.phone:readonly",
            "contact:user.gender:readonly",
            "contact:functional_role:readonly",
            "tenant:tenant:readonly"};
}

/** All fields filled, so that a blank one is noticed. */
emulator::Organisation organisation() {
    emulator::Organisation o;
    o.corpId = "tenant-1";
    o.corpName = "Demo Ltd";
    for (auto const& [id, parent, name] : std::vector<std::array<char const*, 3>>{{"top", "", "Demo Ltd"},
                                                                                  {"d1", "top", "North"},
                                                                                  {"d2", "top", "South"},
                                                                                  {"d3", "d1", "Sales"},
                                                                                  {"d4", "d2", "Stock"}}) {
        emulator::Dept d;
        d.deptId = id;
        d.parentId = parent;
        d.name = name;
        d.order = static_cast<std::int64_t>(10 * o.deptList.size());
        o.deptList.push_back(d);
    }
    for (int i = 0; i < 10; ++i) {
        std::string const number = std::to_string(i);
        emulator::Member m;
        m.memberId = "u" + number;
        m.unionId = "on_" + number;
        m.nick = "Person " + number;
        m.phone = "+861380000000" + number;
        m.email = "person" + number + "@demo.example";
        m.jobNumber = "J" + number;
        m.position = "Engineer";
        m.photo = "https://photo.example/" + number + ".png";
        m.gender = 1 + i % 2;
        m.hiredDate = "2020-01-0" + std::to_string(1 + i % 9);
        m.upstreamStatus = i == 9 ? "frozen" : "";
        emulator::Membership in;
        in.deptId = o.deptList[static_cast<std::size_t>(i) % o.deptList.size()].deptId;
        in.order = i;
        in.isLeader = i == 1 || i == 2;
        in.isPrimary = true;
        m.departments.push_back(in);
        o.userList.push_back(m);
    }
    emulator::Role role;
    role.roleId = "r1";
    role.name = "Finance";
    o.roleList.push_back(role);
    for (char const* id : {"u2", "u3"}) {
        emulator::RoleMember has;
        has.roleId = "r1";
        has.memberId = id;
        o.roleMemberSet.push_back(has);
    }
    o.adminIds = {"u0", "u1"};
    return o;
}

emulator::Member& person(emulator::Organisation& o, std::string_view id) {
    auto const it = std::find_if(o.userList.begin(), o.userList.end(),
                                 [&](emulator::Member const& m) { return m.memberId == id; });
    REQUIRE(it != o.userList.end());
    return *it;
}

class Bench {
public:
    explicit Bench(std::string userIdType = "open_id")
        : server({}, organisation()),
          context(contextOptions()),
          corp(config(userIdType), context, HttpsTransport(), storage) {}

    void grant(std::vector<std::string> scopes) {
        emulator::FeishuBehaviour behaviour = server.behaviour();
        behaviour.scopes = std::move(scopes);
        server.setBehaviour(behaviour);
    }
    void see(std::vector<std::string> deptIds, std::vector<std::string> memberIds = {}) {
        emulator::FeishuBehaviour behaviour = server.behaviour();
        behaviour.range.all = false;
        behaviour.range.deptIds = std::move(deptIds);
        behaviour.range.memberIds = std::move(memberIds);
        server.setBehaviour(behaviour);
    }
    void seeAll() {
        emulator::FeishuBehaviour behaviour = server.behaviour();
        behaviour.range = emulator::FeishuContactRange();
        server.setBehaviour(behaviour);
    }
    [[nodiscard]] std::string id(std::string_view memberId) const {
        return server.openUserId("cli_scope", memberId);
    }
    [[nodiscard]] std::string dept(std::string_view deptId) const {
        return server.openDepartmentId("cli_scope", deptId);
    }
    [[nodiscard]] std::set<std::string> active() const {
        std::set<std::string> out;
        for (CorpMember const& m : corp.getMembers("active")) out.insert(m.nick.valueOr("?"));
        return out;
    }
    /** All that is here, as text: equal data is equal text. */
    [[nodiscard]] std::string everything() const {
        LocalCorpData data = corp.getLocalCorpData();
        data.corp = boost::json::object();
        std::string out = boost::json::serialize(toJson(data));
        for (MemberId const& admin : corp.getAdmin()) out += " " + admin.str();
        return out;
    }

    emulator::FeishuServer server;
    Context context;
    MemoryStorage storage;
    Feishu corp;

private:
    CorpConfig config(std::string const& userIdType) const {
        boost::json::object keys;
        keys["appId"] = "cli_scope";
        keys["appSecret"] = "irrelevant-but-present";
        keys["baseUrl"] = server.baseUrl();
        keys["userIdType"] = userIdType;
        boost::json::object role;
        role["roleId"] = "r1";
        role["name"] = "Finance";
        keys["roles"] = boost::json::array{role};
        return CorpConfig("corps.Scope", "Scope", std::move(keys));
    }
    static ContextOptions contextOptions() {
        auto clock = std::make_shared<testing::ManualClock>();
        clock->autoAdvance();
        ContextOptions o;
        o.clock = clock;
        return o;
    }
};

bool names(std::vector<std::string> const& list, std::string const& one) {
    return std::find(list.begin(), list.end(), one) != list.end();
}

}  // namespace

// --- permissions ---

TEST_CASE("feishu scope: with the documented permissions nothing is missing", "[integration][coroutine]") {
    Bench bench;
    SyncReport const all = bench.corp.syncCorp();
    CHECK(all.missingPermissions.empty());
    std::string const before = bench.everything();
    bench.grant(documentedPermissions());
    SyncReport const documented = bench.corp.syncCorp();
    CHECK(documented.missingPermissions == std::vector<std::string>());
    CHECK(bench.everything() == before);
    SyncOptions cold;
    cold.useSidecar = false;
    CHECK(bench.corp.syncCorp(cold).outcome == SyncOutcome::unchanged);
}

TEST_CASE("feishu scope: each permission withheld leaves its fields as they were and is named",
          "[integration][coroutine]") {
    for (std::string const& withheld : documentedPermissions()) {
        CAPTURE(withheld);
        Bench bench;
        bench.grant(documentedPermissions());
        static_cast<void>(bench.corp.syncCorp());
        std::string const before = bench.everything();

        std::vector<std::string> less = documentedPermissions();
        std::erase(less, withheld);
        bench.grant(less);
        SyncReport const report = bench.corp.syncCorp();
        CAPTURE(report.toText());
        CHECK(report.members.removed == 0);
        CHECK(report.memberships.removed == 0);
        CHECK(report.departments.removed == 0);
        CHECK(report.leaders.removed == 0);
        CHECK(report.roleMembers.removed == 0);
        CHECK(report.admins.removed == 0);
        CHECK(report.holds.empty());
        CHECK(bench.everything() == before);
        // Departments and members may be listed with either of two permissions.
        bool const twofold = withheld == "contact:contact.base:readonly";
        CHECK(names(report.missingPermissions, withheld) == !twofold);
        // Each other name is one that would do as well.
        for (std::string const& name : report.missingPermissions)
            CHECK(withheld.starts_with(name.substr(0, name.find(":readonly"))));
        CHECK((report.outcome == SyncOutcome::incomplete) ==
              (withheld == "contact:functional_role:readonly"));

        // Who is new meanwhile has what is granted; the rest is unknown, which is not empty.
        emulator::Organisation o = organisation();
        emulator::Member fresh = o.userList[3];
        fresh.memberId = "u10";
        fresh.unionId = "on_10";
        fresh.nick = "Person 10";
        o.userList.push_back(fresh);
        bench.server.setOrganisation(o);
        CHECK(bench.corp.syncCorp().members.created == 1);
        CorpMember const m = bench.corp.getMember(bench.id("u10"));
        CHECK(m.nick.known() == (withheld != "contact:user.base:readonly"));
        CHECK(m.photo.known() == (withheld != "contact:user.base:readonly"));
        CHECK(m.email.known() == (withheld != "contact:user.email:readonly"));
        CHECK(m.phone.known() == (withheld != "contact:user.phone:readonly"));
        CHECK(m.gender.known() == (withheld != "contact:user.gender:readonly"));
        bool const employee = withheld != "contact:user.employee:readonly";
        CHECK(m.jobNumber.known() == employee);
        CHECK(m.position.known() == employee);
        CHECK(m.hiredDate.known() == employee);
        CHECK(m.upstreamStatus.known() == employee);
        CHECK(bench.corp.getMemberDepts(m.memberId).size() == 1);

        // Granted again: everything is told, and nothing had been lost.
        bench.grant(documentedPermissions());
        SyncReport const back = bench.corp.syncCorp();
        CHECK(back.missingPermissions.empty());
        CHECK(back.members.removed == 0);
        CorpMember const told = bench.corp.getMember(bench.id("u10"));
        for (bool const known : {told.nick.known(), told.photo.known(), told.email.known(),
                                 told.phone.known(), told.gender.known(), told.jobNumber.known(),
                                 told.position.known(), told.hiredDate.known(), told.upstreamStatus.known()})
            CHECK(known);
        bench.server.setOrganisation(organisation());
        static_cast<void>(bench.corp.syncCorp());
        CHECK(bench.everything() == before);
        CHECK(bench.corp.verifyCorp().ok);
    }
}

TEST_CASE("feishu scope: a permission without which nothing can be read is an error that names it",
          "[integration][coroutine]") {
    auto const fails = [](Bench& bench, std::string const& permission) {
        std::string const before = bench.everything();
        try {
            static_cast<void>(bench.corp.syncCorp());
            FAIL("the sync must fail");
        } catch (Error const& e) {
            CHECK(e.is(Errc::permissionDenied));
            CHECK(e.message().find(permission) != std::string::npos);
            CHECK_FALSE(e.retryable());
        }
        CHECK(bench.everything() == before);
    };
    {
        Bench bench;
        static_cast<void>(bench.corp.syncCorp());
        std::vector<std::string> less = documentedPermissions();
        std::erase(less, "contact:contact.base:readonly");
        std::erase(less, "contact:department.organize:readonly");
        bench.grant(less);
        fails(bench, "contact:contact.base:readonly");
    }
    {
        Bench bench("user_id");
        static_cast<void>(bench.corp.syncCorp());
        bench.grant(documentedPermissions());  // without the one for user_id
        fails(bench, "contact:user.employee_id:readonly");
    }
}

// --- a part of the organisation ---

TEST_CASE("feishu scope: what is visible hangs under a root made here", "[integration][coroutine]") {
    Bench bench;
    bench.see({"d3", "d2"}, {"u1", "u0"});
    SyncReport const first = bench.corp.syncCorp();
    CAPTURE(first.toText());
    CHECK(first.outcome == SyncOutcome::done);
    CHECK(bench.corp.getRootDept().deptId == "0");
    CHECK(bench.corp.getRootDept().name == "Demo Ltd");
    CHECK(bench.corp.getDepts().size() == 4);  // the root, d2 with d4 below, d3
    CHECK(bench.corp.getDept(bench.dept("d3")).parentId == "0");
    CHECK(bench.corp.getDept(bench.dept("d4")).parentId == bench.dept("d2"));
    // People of the departments, and those granted one by one, who stand in none that is visible.
    CHECK(bench.active() == std::set<std::string>{"Person 0", "Person 1", "Person 2", "Person 3", "Person 4",
                                                  "Person 7", "Person 8", "Person 9"});
    CHECK(bench.corp.getMemberDepts(bench.id("u1")).empty());
    CHECK(bench.corp.getMemberDepts(bench.id("u0")).empty());
    CHECK(bench.corp.verifyCorp().ok);
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
    bench.corp.saveUserSignature(bench.id("u1"), "https://sign.example/1");

    // The whole organisation comes into sight: the same people, where they really stand.
    bench.seeAll();
    SyncReport const whole = bench.corp.syncCorp();
    CHECK(whole.scopeChanged);
    CHECK(whole.members.created == 2);
    CHECK(whole.members.removed == 0);
    CHECK(bench.corp.getDept(bench.dept("d3")).parentId == bench.dept("d1"));
    REQUIRE(bench.corp.getMemberDepts(bench.id("u1")).size() == 1);
    CHECK(bench.corp.getMemberDepts(bench.id("u1"))[0].deptId == bench.dept("d1"));
    CHECK(bench.corp.getUserSignature(bench.id("u1")).signature == "https://sign.example/1");
    CHECK(bench.corp.verifyCorp().ok);
}

TEST_CASE("feishu scope: nobody visible at all is an organisation of nobody, not an error",
          "[integration][coroutine]") {
    Bench bench;
    bench.see({});
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::done);
    CHECK(bench.active().empty());
    CHECK(bench.corp.getDepts().size() == 1);
}

TEST_CASE("feishu scope: who is out of sight is kept and reported, and is the same when in sight again",
          "[integration][coroutine]") {
    for (bool const hidesDepts : {false, true}) {
        CAPTURE(hidesDepts);
        Bench bench;
        emulator::FeishuBehaviour behaviour = bench.server.behaviour();
        behaviour.hideDeptsOutOfRange = hidesDepts;
        bench.server.setBehaviour(behaviour);
        static_cast<void>(bench.corp.syncCorp());
        std::string const before = bench.everything();

        bench.see({"d1"});
        SyncReport const less = bench.corp.syncCorp();
        CAPTURE(less.toText());
        CHECK(less.scopeChanged);
        CHECK(less.members.removed == 0);
        CHECK(less.memberships.removed == 0);
        CHECK(less.departments.removed == 0);
        CHECK(less.holds.empty());
        // Those of the root, of South and of Stock: u0, u5, u2, u7, u4, u9.
        CHECK(less.outOfScope.size() == 6);
        CHECK(bench.everything() == before);
        SyncReport const again = bench.corp.syncCorp();
        CHECK_FALSE(again.scopeChanged);
        CHECK(again.members.removed == 0);
        CHECK(bench.everything() == before);

        // Even less, and then somebody without their department.
        bench.see({"d3"}, {"u2"});
        CHECK(bench.corp.syncCorp().members.removed == 0);
        CHECK(bench.active().size() == 10);

        bench.seeAll();
        SyncReport const back = bench.corp.syncCorp();
        CHECK(back.scopeChanged);
        CHECK(back.members.created == 0);
        CHECK(back.members.removed == 0);
        CHECK(back.outOfScope.empty());
        CHECK(bench.everything() == before);
        CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
        CHECK(bench.corp.verifyCorp().ok);
    }
}

TEST_CASE("feishu scope: in a part of the organisation leaving differs from going out of sight",
          "[integration][coroutine]") {
    Bench bench;
    bench.see({"d1", "d2"}, {"u5"});
    static_cast<void>(bench.corp.syncCorp());
    REQUIRE(bench.active().size() == 9);

    emulator::Organisation o = organisation();
    person(o, "u5").status = 2;                     // resigned, and the application may still read them
    person(o, "u3").status = 2;                     // resigned, which puts them out of its departments, too
    person(o, "u6").departments[0].deptId = "top";  // moved out of sight
    person(o, "u1").departments[0].deptId = "d4";   // moved within sight
    std::erase_if(o.userList,
                  [](emulator::Member const& m) { return m.memberId == "u8"; });  // deleted for good
    bench.server.setOrganisation(o);
    SyncReport const report = bench.corp.syncCorp();
    CAPTURE(report.toText());
    CHECK(report.outcome == SyncOutcome::done);
    CHECK(report.members.removed == 2);
    std::vector<std::string> hidden{bench.id("u3"), bench.id("u6")};
    std::sort(hidden.begin(), hidden.end());
    CHECK(report.outOfScope == hidden);
    CHECK(bench.corp.getMember(bench.id("u5")).status == MemberStatus::resigned);
    CHECK(bench.corp.getMember(bench.id("u3")).status == MemberStatus::active);
    CHECK(bench.corp.getMember(bench.id("u8")).status == MemberStatus::resigned);
    CHECK(bench.corp.getMember(bench.id("u6")).status == MemberStatus::active);
    REQUIRE(bench.corp.getMemberDepts(bench.id("u1")).size() == 1);
    CHECK(bench.corp.getMemberDepts(bench.id("u1"))[0].deptId == bench.dept("d4"));

    // Who resigns while out of sight does so when the application sees everybody again.
    person(o, "u6").status = 2;
    bench.server.setOrganisation(o);
    CHECK(bench.corp.syncCorp().members.removed == 0);
    CHECK(bench.corp.getMember(bench.id("u6")).status == MemberStatus::active);
    bench.seeAll();
    SyncReport const whole = bench.corp.syncCorp();
    CAPTURE(whole.toText());
    CHECK(whole.members.removed == 2);
    CHECK(bench.corp.getMember(bench.id("u3")).status == MemberStatus::resigned);
    CHECK(bench.corp.getMember(bench.id("u6")).status == MemberStatus::resigned);
    CHECK(bench.corp.verifyCorp().ok);
}

TEST_CASE("feishu scope: a part of the organisation too large for one recursive list",
          "[integration][coroutine]") {
    Bench bench;
    bench.see({"d1", "d2"});
    static_cast<void>(bench.corp.syncCorp());
    std::string const before = bench.everything();
    emulator::FeishuBehaviour behaviour = bench.server.behaviour();
    behaviour.recursionLimit = 1;
    bench.server.setBehaviour(behaviour);
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
    bench.seeAll();
    SyncReport const whole = bench.corp.syncCorp();
    CHECK(whole.outcome == SyncOutcome::done);
    CHECK(whole.members.created == 2);
    CHECK(bench.corp.getDepts().size() == 5);
    CHECK(bench.corp.verifyCorp().ok);
}

}  // namespace integration_feishu_scope_test
