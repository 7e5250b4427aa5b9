// The reference page of corps.DDInnerType, example by example, against an emulated DingTalk; and what a pull
// costs.
#include <corps/app.hpp>
#include <corps/corps.hpp>
#include <corps/emulator/emulator.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/transport/https.hpp>

#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace integration_dingtalk_page_test {

using namespace corps;

namespace {

using DingTalk = DDInnerType<HttpsTransport, MemoryStorage>;

emulator::Organisation organisation() {
    return emulator::parseOrganisation(R"({"corpId": "ding12345678", "corpName": "Demo Ltd",
        "deptList": [{"deptId": "1", "parentId": "", "name": "Demo Ltd"}, {"deptId": "20", "parentId": "1", "name": "技术部"}],
        "userList": [{"memberId": "member123", "unionId": "union123", "nick": "张三", "phone": "+8613800000001",
                      "departments": [{"deptId": "1"}]},
                     {"memberId": "member456", "nick": "李四", "departments": [{"deptId": "20", "isLeader": true}]},
                     {"memberId": "member789", "nick": "王五", "departments": [{"deptId": "20"}]}],
        "roleGroupList": [{"roleGroupId": "100", "name": "职务"}],
        "roleList": [{"roleId": "101", "roleGroupId": "100", "name": "Finance"}],
        "roleMemberSet": [{"roleId": "101", "memberId": "member456"}], "adminIds": ["member123"]})");
}

/** The page's directory: corps/testNailDivision/e.json and testNailDivision.json. */
struct Page {
    Page()
        : server({}, organisation()),
          app(memoryFiles({{"corps/testNailDivision/e.json", R"({
                                "title": "Test DingTalk Organization",
                                "type": "corps.DDInnerType",
                                "backendBundleEntry": ".",
                                "frontBundleEntry": "./testNailDivision.json",
                                "fullName": "corps.testNailDivision"
                            })"},
                           {"corps/testNailDivision/testNailDivision.json", R"({
                                "authConfig": {
                                    "corpId": "ding12345678",
                                    "agentId": "1234567890",
                                    "appKey": "dingxxxxxxxxxxxxxxx",
                                    "appSecret": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                                },
                                "baseUrl": ")" + server.baseUrl() +
                                                                                R"("
                            })"}}),
              Context(), AppOptions(), HttpsTransport(), MemoryStorage()) {}

    emulator::DingTalkServer server;
    App<DingTalk> app;
};

/** Time jumps over what the rate limits ask to wait: the limits themselves are tested elsewhere. */
Context hasty() {
    auto clock = std::make_shared<testing::ManualClock>();
    clock->autoAdvance();
    ContextOptions options;
    options.clock = clock;
    return Context(options);
}

CorpConfig configFor(emulator::DingTalkServer const& server, std::string name = "corps.Calls",
                     std::string corpId = "ding1", std::string detail = "") {
    boost::json::object keys;
    keys["corpId"] = std::move(corpId);
    keys["agentId"] = 1;
    keys["appKey"] = "dingkey";
    keys["appSecret"] = "irrelevant-but-present";
    keys["baseUrl"] = server.baseUrl();
    if (!detail.empty()) keys["detail"] = std::move(detail);
    return CorpConfig(std::move(name), "Calls", std::move(keys));
}

}  // namespace

TEST_CASE("DingTalk's page: usage example", "[integration]") {
    Page page;
    // Get DingTalk Self-built Org. instance
    auto& nailCorp = page.app.getElement<DingTalk>("corps.testNailDivision");
    // Sync organizational architecture
    nailCorp.syncCorp();
    // Get root department
    auto rootDept = nailCorp.getRootDept();
    CHECK(rootDept.name == "Demo Ltd");
}

TEST_CASE("DingTalk's page: bulkRegister and getThirdCorpData", "[integration]") {
    Page page;
    auto& nailCorp = page.app.getElement<DingTalk>("corps.testNailDivision");
    // Get organization data
    auto corpData = nailCorp.getThirdCorpData();
    // Access organization data attributes
    CHECK(corpData.corpId == "ding12345678");
    CHECK(corpData.userDict().size() == 3);
    CHECK(corpData.deptDict().find("20")->name == "技术部");
    // Batch register all members, or some
    CHECK(nailCorp.bulkRegister(corpData).unknown.empty());
    CHECK(nailCorp.bulkRegister(corpData, {"member123"}).unknown.empty());
}

TEST_CASE("DingTalk's page: getAdmin and setAdmin", "[integration]") {
    Page page;
    auto& nailCorp = page.app.getElement<DingTalk>("corps.testNailDivision");
    auto adminIds = nailCorp.getAdmin();
    CHECK(adminIds == std::vector<MemberId>{"member123"});
    auto result = nailCorp.setAdmin({"member123", "member456"});
    CHECK(result == Done());
    CHECK(nailCorp.getAdmin() == std::vector<MemberId>{"member123", "member456"});
}

TEST_CASE("DingTalk's page: getClient", "[integration]") {
    Page page;
    auto& nailCorp = page.app.getElement<DingTalk>("corps.testNailDivision");
    DDInnerClient::Api& client = nailCorp.getClient();
    Context const& context = nailCorp.context();
    CHECK(context.run(client.user().get("member123")).at("name") == "张三");
    CHECK(context.run(client.department().list()).size() == 1);
    CHECK(context.run(client.get("/v1.0/contact/organizations/authInfos")).at("orgName") == "Demo Ltd");
}

TEST_CASE("DingTalk's page: getCorpInfo and the properties", "[integration]") {
    Page page;
    auto& nailCorp = page.app.getElement<DingTalk>("corps.testNailDivision");
    auto corpInfo = nailCorp.getCorpInfo();
    CHECK(corpInfo["title"] == "Test DingTalk Organization");
    CHECK(boost::json::serialize(corpInfo).find("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx") == std::string::npos);
    CHECK(nailCorp.authConfig()["appKey"] == "dingxxxxxxxxxxxxxxx");
    CHECK(nailCorp.authConfig()["appSecret"] == "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    CHECK(nailCorp.corpData() == corpInfo);
    CHECK(nailCorp.corpFullName() == "corps.testNailDivision");
    CHECK(nailCorp.fullName() == "corps.testNailDivision");
    CHECK(nailCorp.title() == "Test DingTalk Organization");
}

TEST_CASE("DingTalk's page: getLocalCorpData and getRootDept", "[integration]") {
    Page page;
    auto& nailCorp = page.app.getElement<DingTalk>("corps.testNailDivision");
    auto localData = nailCorp.getLocalCorpData();
    // Access different types of data
    CHECK(localData.userList.size() == 3);
    CHECK(localData.deptList.size() == 2);
    CHECK(std::any_of(localData.roleList.begin(), localData.roleList.end(),
                      [](CorpRole const& r) { return r.name == "Finance"; }));
    auto rootDept = nailCorp.getRootDept();
    // Access root department attributes
    CHECK(rootDept.deptId == "1");
    CHECK(rootDept.name == "Demo Ltd");
    CHECK(rootDept.corpFullName == "corps.testNailDivision");
}

TEST_CASE("DingTalk's page: signatures, initCorp and offlineMember", "[integration]") {
    Page page;
    auto& nailCorp = page.app.getElement<DingTalk>("corps.testNailDivision");
    auto result = nailCorp.saveUserSignature("member123", "https://example.com/signature.png");
    CHECK(result == Done());
    auto signatureInfo = nailCorp.getUserSignature("member123");
    CHECK(signatureInfo.signature == "https://example.com/signature.png");
    // Usually no need to call manually
    nailCorp.initCorp();
    nailCorp.offlineMember({"member123", "member456"});
    CHECK(nailCorp.getMembers("offline").size() == 2);
    nailCorp.syncCorp();
    CHECK(nailCorp.getMembers("offline").size() == 2);
}

TEST_CASE("DingTalk's page: syncCorp", "[integration]") {
    Page page;
    auto& nailCorp = page.app.getElement<DingTalk>("corps.testNailDivision");
    try {
        SyncReport const report = nailCorp.syncCorp();
        CHECK(report.outcome == SyncOutcome::unchanged);
    } catch (Error const& e) {
        FAIL(e.what());
    }
    // By the leader's flag, and by the department's own list of managers.
    CHECK(nailCorp.getDept("20").leaderIds == std::vector<MemberId>{"member456"});
}

TEST_CASE("DingTalk: who logs in, from the workbench and in a browser", "[integration]") {
    Page page;
    auto& nailCorp = page.app.getElement<DingTalk>("corps.testNailDivision");
    LoginCode code(page.server.workbenchCode("dingxxxxxxxxxxxxxxx", "member123"));
    code.kind = DDAuth::kWorkbench;
    auto const inside = nailCorp.identify(code);
    CHECK(inside.member.memberId == "member123");
    CHECK_THROWS_AS(nailCorp.identify(code), Error);  // it works once

    nailCorp.offlineMember({"member123"});
    LoginCode again(page.server.workbenchCode("dingxxxxxxxxxxxxxxx", "member123"));
    again.kind = DDAuth::kWorkbench;
    CHECK_THROWS_AS(nailCorp.identify(again), Error);
}

TEST_CASE("DingTalk: a pull costs the calls of the formula, no more and no less",
          "[integration][coroutine]") {
    emulator::DingTalkServer server;
    emulator::DingTalkBehaviour behaviour = server.behaviour();
    behaviour.defaultRoles = false;
    server.setBehaviour(behaviour);
    for (unsigned departments : {0U, 1U, 13U}) {
        for (unsigned members : {1U, 99U, 100U, 101U, 450U}) {
            CAPTURE(departments, members);
            emulator::Organisation o;
            o.corpId = "ding1";
            o.corpName = "Calls Ltd";
            std::map<std::string, std::size_t> direct;
            auto const pages = [](std::size_t n, std::size_t size) {
                return std::max<std::uint64_t>(1, (n + size - 1) / size);
            };
            for (std::size_t i = 0; i <= departments; ++i) {
                emulator::Dept d;
                d.deptId = std::to_string(i + 1);
                d.parentId = i == 0 ? "" : std::to_string(i);
                d.name = "Department " + d.deptId;
                direct[d.deptId];
                o.deptList.push_back(d);
            }
            for (std::size_t i = 0; i < members; ++i) {
                emulator::Member m;
                m.memberId = "m" + std::to_string(i);
                m.nick = "Member";
                for (std::size_t const at :
                     {i % 3 == 0 ? departments : 0U, i % 5 == 0 ? departments / 2 : 0U}) {
                    emulator::Membership in;
                    in.deptId = std::to_string(at + 1);
                    if (!m.departments.empty() && m.departments.front().deptId == in.deptId) continue;
                    ++direct[in.deptId];
                    m.departments.push_back(in);
                }
                o.userList.push_back(m);
            }
            emulator::RoleGroup group;
            group.roleGroupId = "9";
            group.name = "g";
            o.roleGroupList.push_back(group);
            emulator::Role role;
            role.roleId = "90";
            role.roleGroupId = "9";
            role.name = "r";
            o.roleList.push_back(role);
            for (emulator::Member const& m : o.userList) {
                emulator::RoleMember has;
                has.roleId = "90";
                has.memberId = m.memberId;
                o.roleMemberSet.push_back(has);
            }
            // Token, range, root; one list of departments each; members by 100; roles; their members by 100;
            // admins.
            std::uint64_t expected = 1 + 1 + 1 + departments + 1;
            for (auto const& [dept, n] : direct) expected += pages(n, 100);
            expected += 1 + pages(members, 100) + 1;

            server.setOrganisation(o);
            server.advanceClock(std::chrono::hours(3));  // the next pull needs a token of its own
            server.resetStats();
            DingTalk corp(configFor(server), hasty(), HttpsTransport(), MemoryStorage());
            SyncReport const report = corp.syncCorp();
            CHECK(report.outcome == SyncOutcome::done);
            CHECK(report.members.created == members);
            CHECK(report.departments.created == departments + 1);
            CHECK(report.roleMembers.created == members);
            CHECK(server.stats().requests == expected);
            SyncReport const again = corp.syncCorp();
            CHECK(again.outcome == SyncOutcome::unchanged);
        }
    }
}

TEST_CASE("DingTalk: a second sync finds nothing to do, whatever the platform's manner",
          "[integration][coroutine]") {
    emulator::DingTalkServer server;
    server.setOrganisation(emulator::generate(500, 3));
    DingTalk corp(configFor(server), hasty(), HttpsTransport(), MemoryStorage());
    CHECK(corp.syncCorp().outcome == SyncOutcome::done);
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
    for (int manner = 0; manner < 6; ++manner) {
        emulator::DingTalkBehaviour behaviour = server.behaviour();
        behaviour.shuffle = manner == 1 ? std::optional<std::uint64_t>(5) : std::nullopt;
        behaviour.shortPages = manner == 2;
        behaviour.opaqueCursors = manner == 3;
        behaviour.moreOnFullLastPage = manner == 4;
        behaviour.omitEmptyLists = manner == 4;
        behaviour.roleNextCursor = manner == 5;
        behaviour.countRoles = manner == 5;
        server.setBehaviour(behaviour);
        CAPTURE(manner);
        SyncReport const report = corp.syncCorp();
        CAPTURE(report.toText());
        CHECK(report.outcome == SyncOutcome::unchanged);
    }
    CHECK(corp.verifyCorp().ok);
}

TEST_CASE("DingTalk: details cost a call for each department and for who has several", "[integration]") {
    emulator::DingTalkServer server({}, organisation());
    emulator::DingTalkBehaviour behaviour = server.behaviour();
    behaviour.positionLists = true;
    server.setBehaviour(behaviour);
    emulator::Organisation o = organisation();
    o.deptList.push_back(o.deptList.back());
    o.deptList.back().deptId = "30";
    o.deptList.back().order = 5;
    emulator::Membership in;
    in.deptId = "30";
    in.isPrimary = true;
    o.userList[1].departments.push_back(in);
    server.setOrganisation(o);
    DingTalk corp(configFor(server, "corps.Detail", "ding1", "full"), hasty(), HttpsTransport(),
                  MemoryStorage());
    CHECK(corp.syncCorp().outcome == SyncOutcome::done);
    std::vector<CorpDeptMember> const places = corp.getMemberDepts("member456");
    REQUIRE(places.size() == 2);
    CHECK(places[0].deptId == "30");
    CHECK(places[0].isPrimary == true);
    CHECK(places[1].isPrimary == false);
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
}

TEST_CASE("DingTalk: one human in two organisations is one user; a phone alone joins nobody",
          "[integration]") {
    emulator::DingTalkServer one({}, organisation());
    emulator::DingTalkServer two({}, organisation());
    emulator::FeishuServer feishu({}, organisation());
    MemoryStorage store;
    Context const context = hasty();
    DingTalk first(configFor(one, "corps.One", "ding1"), context, HttpsTransport(), store);
    DingTalk second(configFor(two, "corps.Two", "ding2"), context, HttpsTransport(), store);
    boost::json::object keys;
    keys["appId"] = "cli_1";
    keys["appSecret"] = "s";
    keys["baseUrl"] = feishu.baseUrl();
    keys["userIdType"] = "user_id";
    FSInnerType<HttpsTransport, MemoryStorage> third(CorpConfig("corps.Three", "Three", keys), context,
                                                     HttpsTransport(), store);
    first.syncCorp();
    second.syncCorp();
    third.syncCorp();
    Field<UserId> const user = first.getMember("member123").userId;
    CHECK(second.getMember("member123").userId == user);
    CHECK(third.getMember("member123").userId != user);

    // Resigned in one, still known to the other.
    first.offlineMember({"member123"});
    LoginCode code(two.workbenchCode("dingkey", "member123"));
    code.kind = DDAuth::kWorkbench;
    CHECK(second.identify(code).member.userId == user);
}

TEST_CASE("DingTalk: people of another platform are found by phone or e-mail where the caller wants that",
          "[integration]") {
    emulator::Organisation here = organisation();
    for (emulator::Member& m : here.userList) m.email = m.memberId + "@Demo.example";
    // A number that several users have finds none of them.
    here.userList[1].phone = here.userList[2].phone = "+8613800000077";
    emulator::Organisation there = here;
    there.corpId = "ww1";
    for (emulator::Member& m : there.userList) m.unionId.clear();
    there.userList[1].email = "MEMBER456@demo.EXAMPLE";
    // Two with one number: whoever comes first may be that user, and the other one is not.
    emulator::Member twin = there.userList[0];
    twin.memberId = "member999";
    twin.email = "twin@demo.example";
    there.userList.push_back(twin);
    emulator::DingTalkServer dingTalk({}, here);
    emulator::WeComOptions options;
    options.behaviour.newApp = false;
    emulator::WeComServer weCom(options, there);
    boost::json::object keys;
    keys["corpId"] = "ww1";
    keys["agentId"] = 1000001;
    keys["secret"] = "s";
    keys["baseUrl"] = weCom.baseUrl();
    for (auto const& [byPhone, byEmail] :
         {std::pair(false, false), std::pair(true, false), std::pair(false, true)}) {
        CAPTURE(byPhone, byEmail);
        MemoryStorage store;
        Context const context = hasty();
        DingTalk first(configFor(dingTalk, "corps.One", "ding1"), context, HttpsTransport(), store);
        QywxInnerType<HttpsTransport, MemoryStorage> second(CorpConfig("corps.Two", "Two", keys), context,
                                                            HttpsTransport(), store);
        first.syncCorp();
        SyncOptions o;
        o.bindByPhone = byPhone;
        o.bindByEmail = byEmail;
        SyncReport const r = second.syncCorp(o);
        CAPTURE(r.toText());
        auto const same = [&](char const* id) {
            return first.getMember(id).userId == second.getMember(id).userId;
        };
        CHECK(same("member123") == (byPhone || byEmail));
        CHECK(same("member456") == byEmail);
        CHECK(same("member789") == byEmail);
        CHECK(second.getMember("member999").userId != second.getMember("member123").userId);
        CHECK(second.getMembers("active").size() == 4);
        // Who has a user keeps it, whatever the option later.
        SyncOptions both;
        both.bindByPhone = both.bindByEmail = true;
        CHECK(second.syncCorp(both).outcome == SyncOutcome::unchanged);
        CHECK(same("member456") == byEmail);
        CHECK(second.verifyCorp().ok);
    }
}

TEST_CASE("DingTalk: a phone is nobody's proof against another union id", "[integration]") {
    emulator::Organisation there = organisation();
    there.userList[0].unionId = "another human, who has the number now";
    emulator::DingTalkServer one({}, organisation());
    emulator::DingTalkServer two({}, there);
    MemoryStorage store;
    Context const context = hasty();
    DingTalk first(configFor(one, "corps.One", "ding1"), context, HttpsTransport(), store);
    DingTalk second(configFor(two, "corps.Two", "ding2"), context, HttpsTransport(), store);
    first.syncCorp();
    SyncOptions o;
    o.bindByPhone = true;
    second.syncCorp(o);
    CHECK(first.getMember("member123").userId != second.getMember("member123").userId);
}

}  // namespace integration_dingtalk_page_test
