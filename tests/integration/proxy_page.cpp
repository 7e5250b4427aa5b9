// The reference page of corps.QywxProxyType, example by example, against an emulated provider's WeCom; what a
// pull costs; and that the platform's manner changes nothing.
#include <corps/app.hpp>
#include <corps/corps.hpp>
#include <corps/emulator/emulator.hpp>
#include <corps/emulator/wecom_proxy.hpp>
#include <corps/storage/memory.hpp>
#include <corps/suite.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/transport/https.hpp>
#include <corps/types.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace integration_proxy_page_test {

using namespace corps;

namespace {

using Proxy = QywxProxyType<HttpsTransport, MemoryStorage>;
using ProxySuite = Suite<HttpsTransport, MemoryStorage>;
using Strings = std::set<std::string>;

constexpr char const* kAesKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
constexpr char const* kSuite = "dk0123456789abcdef";

emulator::Organisation organisation(std::string const& corpId, std::string const& name) {
    return emulator::parseOrganisation(R"({"corpId": ")" + corpId + R"(", "corpName": ")" + name + R"(",
        "deptList": [{"deptId": "1", "parentId": "", "name": ")" +
                                       name + R"("},
                     {"deptId": "20", "parentId": "1", "name": "技术部", "leaderIds": ["user002"]},
                     {"deptId": "30", "parentId": "1", "name": "Sales"}],
        "userList": [{"memberId": "member123", "nick": "张三", "phone": "+8613800000001", "departments": [{"deptId": "20"}]},
                     {"memberId": "user002", "nick": "李四", "departments": [{"deptId": "20"},
                         {"deptId": "30", "isPrimary": true, "isLeader": true}]},
                     {"memberId": "member1", "nick": "One", "departments": [{"deptId": "30"}]},
                     {"memberId": "member2", "nick": "Two", "departments": [{"deptId": "1"}]},
                     {"memberId": "manager001", "nick": "Boss", "departments": [{"deptId": "1"}]}],
        "roleList": [{"roleId": "5", "name": "Duty"}],
        "roleMemberSet": [{"roleId": "5", "memberId": "member123"}],
        "adminIds": ["manager001"]})");
}

emulator::WeComProxyOptions options() {
    emulator::WeComProxyOptions out;
    emulator::WeComSuite suite;
    suite.suiteId = kSuite;
    suite.suiteSecret = "the-suite-secret";
    suite.token = "orgSyncToken01";
    suite.encodingAESKey = kAesKey;
    out.suites = {suite};
    out.authorised = false;
    out.suiteTicketInterval = std::chrono::seconds(0);
    return out;
}

ContextOptions contextOptions() {
    auto clock = std::make_shared<testing::ManualClock>();
    clock->autoAdvance();
    ContextOptions out;
    out.clock = clock;
    out.storeKey = storeKey(Secret("a key for tests"));
    return out;
}

/**
 * The page's directory: corps/MyQywxProxyCorp with its auths element, and two more enterprises of the suite.
 * The provider has taken their authorisations as the suite's callbacks bring them.
 */
struct Page {
    explicit Page(emulator::WeComProxyOptions made = options())
        : server(std::move(made),
                 {organisation("ww1234567890abcdef", "Demo Ltd"), organisation("wwaaaa567890abcdef", "A Ltd"),
                  organisation("wwbbbb567890abcdef", "B Ltd")}),
          context(contextOptions()),
          app(memoryFiles(files()), context, variables(), HttpsTransport(), storage),
          suite(app.element("auths.QywxProxyAuth"), context, HttpsTransport(), storage) {
        suite.pushTicket(Secret(server.suiteTicket()));
        for (char const* const corp : {"ww1234567890abcdef", "wwaaaa567890abcdef", "wwbbbb567890abcdef"})
            suite.authorize(server.authorise(corp));
        server.resetStats();
    }

    FileTexts files() const {
        FileTexts out{
            {"auths/QywxProxyAuth/e.json", R"({"title": "Our suite", "type": "auths.QywxProxyType"})"},
            {"auths/QywxProxyAuth/QywxProxyAuth.json",
             R"({"authConfig": {"suiteId": "dk0123456789abcdef", "suiteSecret": "the-suite-secret",
                           "token": "orgSyncToken01", "encodingAESKey": ")" +
                 std::string(kAesKey) + R"(", "providerCorpId": "wwprovider00000001"},
                           "baseUrl": ")" +
                 server.baseUrl() + R"("})"}};
        std::map<std::string, std::string> const corps{
            {"MyQywxProxyCorp", "{{qywxProxyCorpId}}"}, {"CorpA", "{{corpA}}"}, {"CorpB", "{{corpB}}"}};
        for (auto const& [name, id] : corps) {
            out["corps/" + name + "/e.json"] = R"({
                "type": "corps.QywxProxyType",
                "title": "My WeCom Proxy Development Organization",
                "version": "1.0.0"
            })";
            out["corps/" + name + "/" + name + ".json"] =
                R"({"corpId": ")" + id + R"(", "authFullName": "auths.QywxProxyAuth"})";
        }
        return out;
    }
    AppOptions variables() const {
        AppOptions out;
        out.variables.values["qywxProxyCorpId"] = server.openCorpId("ww1234567890abcdef");
        out.variables.values["corpA"] = server.openCorpId("wwaaaa567890abcdef");
        out.variables.values["corpB"] = server.openCorpId("wwbbbb567890abcdef");
        return out;
    }
    Proxy& corp() { return app.getElement<Proxy>("corps.MyQywxProxyCorp"); }
    /** What the provider is shown in the place of a member's id. */
    std::string id(std::string const& member) const {
        return server.openUserId("ww1234567890abcdef", member);
    }

    emulator::WeComProxyServer server;
    MemoryStorage storage;
    Context context;
    App<Proxy> app;
    ProxySuite suite;
};

bool refusedAs(Errc e, std::function<void()> const& f) {
    try {
        f();
    } catch (Error const& error) {
        return error.is(e);
    }
    return false;
}

}  // namespace

TEST_CASE("the proxy's page: usage example, initCorp, getRootDept and syncCorp", "[proxy][integration]") {
    Page page;
    // Get WeCom proxy development organization instance
    auto& corp = page.corp();
    // Initialize organizational architecture
    corp.initCorp();
    // Sync organizational architecture
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
    // Get root department
    auto root_dept = corp.getRootDept();
    CHECK(root_dept.name == "Demo Ltd");
    CHECK(root_dept.deptId == "1");
    CHECK(corp.getDept("20").leaderIds == std::vector<MemberId>{page.id("user002")});
}

TEST_CASE("the proxy's page: setUserRole, offlineMember and member status", "[proxy][integration]") {
    Page page;
    auto& corp = page.corp();
    // The page's "role1" and "role2" are tags, whose ids are numbers, or roles made here.
    auto const group = corp.createRoleGroup("Ours").roleGroupId;
    corp.createRole("One", group, "role1");
    corp.createRole("Two", group, "role2");
    auto role_members = corp.setUserRole(page.id("member123"), {"role1", "role2"});
    REQUIRE(role_members.size() == 2);
    for (auto const& role_member : role_members) CHECK(role_member.memberId == page.id("member123"));
    CHECK(role_members[0].roleId == "role1");

    corp.offlineMember({page.id("member1"), page.id("member2")});
    CHECK(corp.getMembers("active").size() == 3);
    CHECK(corp.getMembers("offline").size() == 2);
    // Automatically handle resigned members during sync
    auto left = page.server.organisation("ww1234567890abcdef");
    std::erase_if(left.userList, [](auto const& m) { return m.memberId == "user002"; });
    for (auto& d : left.deptList) d.leaderIds.clear();
    page.server.setOrganisation("ww1234567890abcdef", left);
    SyncReport const report = corp.syncCorp();
    CAPTURE(report.toText());
    CHECK(corp.getMember(page.id("user002")).status == MemberStatus::resigned);
    CHECK(corp.getMembers("active").size() == 2);
    CHECK(corp.getMemberRoles(page.id("member123")).size() == 2);

    // Batch set roles
    std::map<std::string, std::vector<RoleId>> const member_roles{{"member123", {"role1"}},
                                                                  {"manager001", {"role1", "role2"}}};
    for (auto const& [member_id, role_list] : member_roles)
        CHECK(corp.setUserRole(page.id(member_id), role_list).size() == role_list.size());
    CHECK(refusedAs(Errc::notFound, [&] { corp.setUserRole("nobody", {"role1"}); }));
    CHECK(refusedAs(Errc::notFound, [&] { corp.offlineMember({"nobody"}); }));
}

TEST_CASE("the proxy's page: getClient and getAgentId", "[proxy][integration]") {
    Page page;
    auto& corp = page.corp();
    // Use client to call WeCom API
    QywxProxyClient::Api& client = corp.getClient();
    Context const& context = corp.context();
    auto dept_list = context.run(client.department().list());
    CHECK(dept_list.size() == 3);
    CHECK(context.run(client.department().get("20")).at("name") == "技术部");
    CHECK(context.run(client.user().get(page.id("member123"))).at("name") == "张三");
    CHECK(context.run(client.user().list("20")).size() == 2);
    CHECK(context.run(client.tag().list()).size() == 1);
    CHECK(context.run(client.agent().permissions()).at("app_permissions").as_array().size() > 3);
    CHECK(context.run(client.get("/cgi-bin/agent/list")).at("agentlist").as_array().size() == 1);

    std::string const corpId = page.server.openCorpId("ww1234567890abcdef");
    std::string const expected = std::to_string(page.server.authorisation("ww1234567890abcdef").agentId);
    page.server.resetStats();
    auto agent_id = Proxy::getAgentId(context, corpId, kSuite);
    CHECK(agent_id == expected);
    CHECK(context.run(client.agentId()) == expected);
    CHECK(page.server.stats().requests == 0);
    CHECK(refusedAs(Errc::notFound,
                    [&] { static_cast<void>(Proxy::getAgentId(context, "wpnobody", kSuite)); }));
}

TEST_CASE("the proxy's page: getThirdCorpData, bulkRegister and the readers", "[proxy][integration]") {
    Page page;
    auto& corp = page.corp();
    auto corp_data = corp.getThirdCorpData();
    CHECK(corp_data.corpName == "Demo Ltd");
    CHECK(corp_data.deptList.size() == 3);
    RegisterReport const report = corp.bulkRegister(corp_data);
    CHECK(report.unknown.empty());
    CHECK(report.unchanged == 5);
    auto depts = corp.getDepts();
    CHECK(depts.size() == 3);
    CHECK(depts.front().deptId == "1");
    // Get all members
    CHECK(corp.getMembers().size() == 5);
    // Get active members
    CHECK(corp.getMembers("active").size() == 5);
    CHECK(corp.getMember(page.id("member123")).name() == "张三");
    CHECK(corp.getDept("30").name == "Sales");
    CHECK(refusedAs(Errc::notFound, [&] { static_cast<void>(corp.getMember("member123")); }));
    CHECK(refusedAs(Errc::notFound, [&] { static_cast<void>(corp.getDept("dept123")); }));
}

TEST_CASE("the proxy's page: properties, and getCorpInfo without secrets", "[proxy][integration]") {
    Page page;
    auto& corp = page.corp();
    CHECK(corp.corpId() == page.server.openCorpId("ww1234567890abcdef"));
    CHECK(corp.authFullName() == "auths.QywxProxyAuth");
    CHECK(corp.title() == "My WeCom Proxy Development Organization");
    CHECK(corp.corpFullName() == "corps.MyQywxProxyCorp");
    auto const info = corp.getCorpInfo();
    CHECK(info.at("version") == "1.0.0");
    CHECK(info.at("authFullName") == "auths.QywxProxyAuth");
    std::string const shown = boost::json::serialize(info);
    CHECK(shown.find("the-suite-secret") == std::string::npos);
    CHECK(shown.find(page.server.authorisation("ww1234567890abcdef").permanentCode) == std::string::npos);
    CHECK(corp.authConfig()["suiteSecret"] == "the-suite-secret");
}

TEST_CASE("the proxy's page: multi-enterprise management", "[proxy][integration]") {
    Page page;
    // Enterprise A's organizational architecture
    auto& corp_a = page.app.getElement<Proxy>("corps.CorpA");
    corp_a.syncCorp();
    // Enterprise B's organizational architecture
    auto& corp_b = page.app.getElement<Proxy>("corps.CorpB");
    corp_b.syncCorp();
    // Count member numbers of each enterprise
    CHECK(corp_a.getMembers().size() == 5);
    CHECK(corp_b.getMembers().size() == 5);
    // The same plain id is another person in each.
    std::string const a = page.server.openUserId("wwaaaa567890abcdef", "member123");
    CHECK(corp_a.getMember(a).userId !=
          corp_b.getMember(page.server.openUserId("wwbbbb567890abcdef", "member123")).userId);
    CHECK(page.suite.corps().size() == 3);
}

TEST_CASE("the proxy: a pull costs the calls of a self-built application's", "[proxy][integration]") {
    Page page;
    auto& corp = page.corp();
    // Tokens and the application's id are known from the authorisation: the application, departments,
    // members, tags and one tag.
    CHECK(page.server.stats().requests == 5);
    page.server.resetStats();
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
    CHECK(page.server.stats().requests == 5);
}

TEST_CASE("the proxy: logins are those of the enterprise's own application", "[proxy][integration]") {
    Page page;
    auto& corp = page.corp();
    LoginCode code(page.server.loginCode("ww1234567890abcdef", "member123"));
    auto const login = corp.identify(code);
    CHECK(login.member.memberId == page.id("member123"));
    CHECK(refusedAs(Errc::authRejected, [&] { static_cast<void>(corp.identify(code)); }));
    LoginRequest request("https://portal.example.com/login");
    std::string const url = corp.authorizeUrl(request);
    CHECK(url.find("appid=" + corp.corpId()) != std::string::npos);
    CHECK(url.find("agentid=" + std::to_string(page.server.authorisation("ww1234567890abcdef").agentId)) !=
          std::string::npos);
    // A code of another enterprise's member is nobody's here.
    LoginCode foreign(page.server.loginCode("wwaaaa567890abcdef", "member123"));
    CHECK_FALSE(refusedAs(Errc(), [&] { static_cast<void>(corp.identify(foreign)); }));
}

TEST_CASE("the proxy: the life of an authorisation against the platform", "[proxy][integration]") {
    Page page;
    auto& corp = page.corp();
    char const* const kCorp = "ww1234567890abcdef";
    // Withheld: names keep what they were, as ids or absent.
    for (bool const asIds : {true, false}) {
        CAPTURE(asIds);
        emulator::WeComProxyBehaviour behaviour = page.server.behaviour();
        behaviour.namesAsIds = asIds;
        page.server.setBehaviour(behaviour);
        page.server.setPermissions(kCorp, {"corp_arch:base:base"});
        corp.syncCorp();
        CHECK(corp.getMember(page.id("member123")).nick == "张三");
        CHECK(corp.getDept("20").name == "技术部");
        CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
    }
    CHECK(page.suite.refresh(corp.corpId()).permissions == std::vector<std::string>{"corp_arch:base:base"});
    page.server.setPermissions(kCorp, emulator::weComPermissions());
    corp.syncCorp();

    // Part of it.
    emulator::WeComContactScope range;
    range.all = false;
    range.deptIds = {"20"};
    page.server.setRange(kCorp, range);
    CHECK(page.suite.refresh(corp.corpId()).range->deptIds == std::vector<std::string>{"20"});
    SyncReport const partial = corp.syncCorp();
    CAPTURE(partial.toText());
    CHECK(partial.members.removed == 0);
    CHECK(corp.getMembers("active").size() == 5);
    range.all = true;
    range.deptIds.clear();
    page.server.setRange(kCorp, range);
    CHECK(corp.syncCorp().members.removed == 0);

    // A new secret.
    std::string const reset = page.server.resetSecret(kCorp);
    CHECK(refusedAs(Errc::authRejected, [&] { corp.syncCorp(); }));
    CHECK(page.suite.corp(corp.corpId()).status == SuiteCorpState::secretStale);
    page.suite.authorize(reset);
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);

    // Off and on.
    page.server.disable(kCorp);
    CHECK(refusedAs(Errc::authRejected, [&] { corp.syncCorp(); }));
    page.server.enable(kCorp);
    page.suite.refresh(corp.corpId());
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);

    // Withdrawn and renewed, with another application.
    page.server.cancel(kCorp);
    CHECK(refusedAs(Errc::authRejected, [&] { corp.syncCorp(); }));
    SuiteCorp const renewed = page.suite.authorize(page.server.authorise(kCorp));
    CHECK(renewed.agentId == std::to_string(page.server.authorisation(kCorp).agentId));
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
    CHECK(corp.verifyCorp().ok);
}

TEST_CASE("the proxy: an enterprise authorised long ago has plain ids until they are encrypted for good",
          "[proxy][integration]") {
    emulator::WeComProxyOptions made = options();
    made.behaviour.encryptedIds = false;
    Page page(made);
    char const* const kCorp = "ww1234567890abcdef";
    auto corp = page.suite.open(kCorp);
    corp.syncCorp();
    UserId const user = corp.getMember("member123").userId.value();
    page.server.upgradeIds(kCorp);
    CHECK(refusedAs(Errc::wrongCorp, [&] { corp.syncCorp(); }));
    SyncOptions migrate;
    migrate.migrate = true;
    SyncReport const report = corp.syncCorp(migrate);
    CAPTURE(report.toText());
    CHECK(corp.getMembers("active").size() == 5);
    CHECK(corp.getMember(page.id("member123")).userId == user);
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
    // The other enterprises are as they were.
    CHECK(page.suite.open("wwaaaa567890abcdef").syncCorp().members.created == 5);
    CHECK(page.suite.open("wwaaaa567890abcdef").getMember("member123").nick == "张三");
}

}  // namespace integration_proxy_page_test
