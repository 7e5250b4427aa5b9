// The reference page of corps.QywxInnerType, example by example, against an emulated WeCom; and what a pull
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
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace corps;

namespace {

using WeCom = QywxInnerType<HttpsTransport, MemoryStorage>;

emulator::Organisation organisation() {
    return emulator::parseOrganisation(R"({"corpId": "ww1234567890abcdef", "corpName": "Demo Ltd",
        "deptList": [{"deptId": "1", "parentId": "", "name": "Demo Ltd"}, {"deptId": "2", "parentId": "1", "name": "技术部"},
                     {"deptId": "3", "parentId": "2", "name": "Platform"}],
        "userList": [{"memberId": "user001", "nick": "张三", "phone": "+8613800000001", "departments": [{"deptId": "1"}]},
                     {"memberId": "user002", "nick": "李四", "departments": [{"deptId": "2", "isLeader": true}, {"deptId": "3"}]},
                     {"memberId": "admin001", "nick": "A", "departments": [{"deptId": "3"}]},
                     {"memberId": "admin002", "nick": "B", "departments": [{"deptId": "3"}]},
                     {"memberId": "admin003", "nick": "C", "departments": [{"deptId": "3"}]}],
        "roleList": [{"roleId": "7", "name": "Finance"}, {"roleId": "8", "name": "Night shift"}],
        "roleMemberSet": [{"roleId": "7", "memberId": "user002"}]})");
}

/** The page's directory: corps/MyQywxCorp/e.json and MyQywxCorp.json. */
struct Page {
    Page()
        : server({}, organisation()),
          app(memoryFiles({{"corps/MyQywxCorp/e.json", R"({
                                "title": "My WeCom Organization",
                                "type": "corps.QywxInnerType"
                            })"},
                           {"corps/MyQywxCorp/MyQywxCorp.json", R"({
                                "corpId": "ww1234567890abcdef",
                                "agentId": "1000001",
                                "secret": "your_secret_key_here",
                                "baseUrl": ")" + server.baseUrl() +
                                                                    R"("
                            })"}}),
              Context(), AppOptions(), HttpsTransport(), MemoryStorage()) {}

    WeCom& corp() { return app.getElement<WeCom>("corps.MyQywxCorp"); }

    emulator::WeComServer server;
    App<WeCom> app;
};

/** Time jumps over what the rate limits ask to wait: the limits themselves are tested elsewhere. */
Context hasty() {
    auto clock = std::make_shared<testing::ManualClock>();
    clock->autoAdvance();
    ContextOptions options;
    options.clock = clock;
    return Context(options);
}

CorpConfig configFor(emulator::WeComServer const& server, std::string name = "corps.Calls",
                     std::string secret = "irrelevant-but-present", std::string contactSecret = "") {
    boost::json::object keys;
    keys["corpId"] = "ww1";
    keys["agentId"] = 1;
    keys["secret"] = std::move(secret);
    keys["baseUrl"] = server.baseUrl();
    if (!contactSecret.empty()) keys["contactSecret"] = std::move(contactSecret);
    return CorpConfig(std::move(name), "Calls", std::move(keys));
}

/** Seven departments in three levels, sixty people in one or two of them, three tags. */
emulator::Organisation company() {
    emulator::Organisation o;
    o.corpId = "ww1";
    o.corpName = "Calls Ltd";
    for (unsigned i = 1; i <= 7; ++i) {
        emulator::Dept d;
        d.deptId = std::to_string(i);
        d.parentId = i == 1 ? "" : std::to_string(i / 2);
        d.name = "Department " + d.deptId;
        d.order = i;
        o.deptList.push_back(d);
    }
    for (unsigned i = 0; i < 60; ++i) {
        emulator::Member m;
        m.memberId = "m" + std::to_string(i);
        m.nick = "Member " + std::to_string(i);
        emulator::Membership in;
        in.deptId = std::to_string(1 + i % 7);
        in.isPrimary = true;
        m.departments.push_back(in);
        if (i % 5 == 0 && i % 7 != 2) {
            in.deptId = "3";
            in.isPrimary = false;
            m.departments.push_back(in);
        }
        o.userList.push_back(m);
    }
    for (unsigned r = 0; r < 3; ++r) {
        emulator::Role role;
        role.roleId = std::to_string(70 + r);
        role.name = "Tag " + std::to_string(r);
        o.roleList.push_back(role);
        for (unsigned i = r; i < 60; i += 9) {
            emulator::RoleMember has;
            has.roleId = role.roleId;
            has.memberId = "m" + std::to_string(i);
            o.roleMemberSet.push_back(has);
        }
    }
    return o;
}

}  // namespace

TEST_CASE("WeCom's page: usage example and initCorp", "[integration]") {
    Page page;
    // corp = app.getElement("corps.MyQywxCorp")
    auto& corp = page.corp();
    corp.initCorp();
    auto rootDept = corp.getRootDept();
    // print(f"Root Department: {root_dept.name.value}")
    CHECK(rootDept.name == "Demo Ltd");
    // WeCom tells no administrators: the list is that which is kept here.
    CHECK(corp.getAdmin().empty());
}

TEST_CASE("WeCom's page: syncCorp", "[integration]") {
    Page page;
    auto& corp = page.corp();
    corp.syncCorp();
    CHECK(corp.getMembers("active").size() == 5);
    CHECK(corp.getDept("2").leaderIds == std::vector<MemberId>{"user002"});
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
}

TEST_CASE("WeCom's page: getThirdCorpData and bulkRegister", "[integration]") {
    Page page;
    auto& corp = page.corp();
    auto corpData = corp.getThirdCorpData();
    // print(f"User Count: {len(corp_data.get('userDict', {}))}")
    CHECK(corpData.userDict().size() == 5);
    CHECK(corpData.deptDict().find("2")->name == "技术部");
    CHECK(corp.bulkRegister(corpData).unknown.empty());
}

TEST_CASE("WeCom's page: getLocalCorpData and getRootDept", "[integration]") {
    Page page;
    auto& corp = page.corp();
    auto localData = corp.getLocalCorpData();
    // print(f"Local User Count: {len(local_data['userList'])}")
    CHECK(localData.userList.size() == 5);
    // print(f"Local Department Count: {len(local_data['deptList'])}")
    CHECK(localData.deptList.size() == 3);
    auto rootDept = corp.getRootDept();
    // print(f"Root Department ID: {root_dept.deptId.value}")
    CHECK(rootDept.deptId == "1");
    CHECK(rootDept.name == "Demo Ltd");
}

TEST_CASE("WeCom's page: setUserRole", "[integration]") {
    Page page;
    auto& corp = page.corp();
    corp.syncCorp();
    auto result = corp.setUserRole("user001", {"7", "8"});
    REQUIRE(result.size() == 2);
    CHECK(result[0].roleId == "7");
    CHECK(result[1].roleId == "8");
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
    CHECK(corp.getMemberRoles("user001").size() == 2);
}

TEST_CASE("WeCom's page: offlineMember and the signatures", "[integration]") {
    Page page;
    auto& corp = page.corp();
    corp.offlineMember({"user001", "user002"});
    CHECK(corp.getMembers("offline").size() == 2);
    corp.syncCorp();
    CHECK(corp.getMembers("offline").size() == 2);
    auto result = corp.saveUserSignature("user001", "https://example.com/signature.png");
    CHECK(result == Done());
    auto signatureInfo = corp.getUserSignature("user001");
    // print(f"Signature: {signature_info['signature']}")
    CHECK(signatureInfo.signature == "https://example.com/signature.png");
}

TEST_CASE("WeCom's page: setAdmin, getAdmin and batches", "[integration]") {
    Page page;
    auto& corp = page.corp();
    corp.setAdmin({"admin001", "admin002"});
    CHECK(corp.getAdmin() == std::vector<MemberId>{"admin001", "admin002"});
    // Batch operation example
    auto corpData = corp.getThirdCorpData();
    corp.bulkRegister(corpData);
    corp.setAdmin({"admin001", "admin002", "admin003"});
    corp.offlineMember({"user001", "user002"});
    corp.syncCorp();
    CHECK(corp.getAdmin() == std::vector<MemberId>{"admin001", "admin002", "admin003"});
}

TEST_CASE("WeCom's page: getCorpInfo and the properties", "[integration]") {
    Page page;
    auto& corp = page.corp();
    auto corpInfo = corp.getCorpInfo();
    CHECK(corpInfo["title"] == "My WeCom Organization");
    CHECK(corpInfo["fullName"] == "corps.MyQywxCorp");
    CHECK(boost::json::serialize(corpInfo).find("your_secret_key_here") == std::string::npos);
    CHECK(corp.corpData() == corpInfo);
    CHECK(corp.title() == "My WeCom Organization");
    CHECK(corp.fullName() == "corps.MyQywxCorp");
    CHECK(corp.corpFullName() == "corps.MyQywxCorp");
    // print(f"Enterprise ID: {corp.authConfig['corpId']}")
    CHECK(corp.authConfig()["corpId"] == "ww1234567890abcdef");
    // print(f"Application ID: {corp.authConfig['agentId']}")
    CHECK(corp.authConfig()["agentId"] == "1000001");
}

TEST_CASE("WeCom's page: getClient", "[integration]") {
    Page page;
    auto& corp = page.corp();
    QywxInnerClient::Api& client = corp.getClient();
    Context const& context = corp.context();
    CHECK(context.run(client.department().list()).size() == 3);
    CHECK(context.run(client.department().get("2")).at("name") == "技术部");
    CHECK(context.run(client.user().list("3")).size() == 4);
    CHECK(context.run(client.user().get("user001")).at("name") == "张三");
    CHECK(context.run(client.tag().list()).size() == 2);
    CHECK(context.run(client.tag().get("7")).at("tagname") == "Finance");
    Query q;
    q.add("agentid", "1000001");
    CHECK(context.run(client.get("/cgi-bin/agent/get", q)).at("agentid") == 1000001);
}

TEST_CASE("WeCom: who logs in, inside WeCom and in a browser", "[integration]") {
    Page page;
    auto& corp = page.corp();
    for (std::string_view const kind : {std::string_view(), QywxAuth::kWorkbench}) {
        LoginCode code(page.server.loginCode("user002", 1000001));
        code.kind = kind;
        CHECK(corp.identify(code).member.memberId == "user002");
        CHECK_THROWS_AS(corp.identify(code), Error);  // it works once
    }
    corp.offlineMember({"user002"});
    CHECK_THROWS_AS(corp.identify(LoginCode(page.server.loginCode("user002", 1000001))), Error);
}

TEST_CASE("WeCom: a pull costs the calls of the formula, no more and no less", "[integration][coroutine]") {
    emulator::WeComServer server;
    for (unsigned departments : {0U, 1U, 13U}) {
        for (unsigned members : {1U, 100U, 450U}) {
            for (unsigned tags : {0U, 3U}) {
                CAPTURE(departments, members, tags);
                emulator::Organisation o;
                o.corpId = "ww1";
                o.corpName = "Calls Ltd";
                for (unsigned i = 0; i <= departments; ++i) {
                    emulator::Dept d;
                    d.deptId = std::to_string(i + 1);
                    d.parentId = i == 0 ? "" : std::to_string(i);
                    d.name = "Department " + d.deptId;
                    o.deptList.push_back(d);
                }
                for (unsigned i = 0; i < members; ++i) {
                    emulator::Member m;
                    m.memberId = "m" + std::to_string(i);
                    m.nick = "Member";
                    emulator::Membership in;
                    in.deptId = std::to_string(i % 3 == 0 ? departments + 1 : 1);
                    m.departments.push_back(in);
                    o.userList.push_back(m);
                }
                for (unsigned r = 0; r < tags; ++r) {
                    emulator::Role role;
                    role.roleId = std::to_string(r + 1);
                    role.name = "Tag " + role.roleId;
                    o.roleList.push_back(role);
                    emulator::RoleMember has;
                    has.roleId = role.roleId;
                    has.memberId = "m0";
                    o.roleMemberSet.push_back(has);
                }
                server.setOrganisation(o);
                server.advanceClock(std::chrono::hours(3));  // the next pull needs a token of its own
                server.resetStats();
                WeCom corp(configFor(server), hasty(), HttpsTransport(), MemoryStorage());
                SyncReport const report = corp.syncCorp();
                CHECK(report.outcome == SyncOutcome::done);
                CHECK(report.members.created == members);
                CHECK(report.departments.created == departments + 1);
                CHECK(report.roles.created == tags);
                CHECK(report.roleMembers.created == tags);
                // Token, application, departments, members below the one root, tags and each of them.
                CHECK(server.stats().requests == 1 + 1 + 1 + 1 + 1 + tags);
                CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
            }
        }
    }
}

TEST_CASE("WeCom: a second sync finds nothing to do, whatever the platform's manner",
          "[integration][coroutine]") {
    emulator::WeComServer server;
    server.setOrganisation(company());
    for (int first = 0; first < 8; ++first) {
        for (int second = 0; second < 8; ++second) {
            if (first != 0 && second != 0) continue;
            WeCom corp(configFor(server), hasty(), HttpsTransport(), MemoryStorage());
            for (int const manner : {first, second, second, first}) {
                emulator::WeComBehaviour b;
                b.ignoreFetchChild = manner == 1;
                b.fetchChildCode = manner == 2 ? 40035 : manner == 3 ? 301025 : 0;
                b.fetchChildRows = manner == 4 ? 12 : 0;
                b.shuffle = manner == 5 ? std::optional<std::uint64_t>(5) : std::nullopt;
                b.omitErrcode = manner == 6;
                b.emptyFields = manner == 7;
                b.thumbAvatar = manner == 7;
                b.bizMail = manner == 7;
                server.setBehaviour(b);
                bool const empty = corp.getMembers("active").empty();
                SyncReport const report = corp.syncCorp();
                CAPTURE(first, second, manner, report.toText());
                CHECK(report.outcome == (empty ? SyncOutcome::done : SyncOutcome::unchanged));
                CHECK(corp.getMembers("active").size() == 60);
            }
            CHECK(corp.verifyCorp().ok);
        }
    }
}

TEST_CASE("WeCom: the contact-sync assistant is told ids and places, and no names", "[integration]") {
    emulator::WeComServer server;
    server.setOrganisation(company());
    emulator::WeComBehaviour b;
    b.contactSecrets = {"the-contact-secret"};
    b.pageLimit = 7;
    server.setBehaviour(b);
    MemoryStorage store;
    {
        WeCom corp(configFor(server), hasty(), HttpsTransport(), store);
        CHECK(corp.syncCorp().outcome == SyncOutcome::done);
    }
    // The same store, with the other secret alone: names stay what they were, places follow.
    emulator::Organisation o = company();
    o.userList[3].nick = "Renamed";
    o.userList[3].departments[0].deptId = "7";
    server.setOrganisation(o);
    WeCom corp(configFor(server, "corps.Calls", "the-contact-secret", "the-contact-secret"), hasty(),
               HttpsTransport(), store);
    SyncReport const report = corp.syncCorp();
    CAPTURE(report.toText());
    CHECK(report.members.removed == 0);
    CHECK(corp.getMember("m3").nick == "Member 3");
    REQUIRE(corp.getMemberDepts("m3").size() == 1);
    CHECK(corp.getMemberDepts("m3")[0].deptId == "7");
    SyncReport const again = corp.syncCorp();
    CAPTURE(again.toText());
    CHECK(again.outcome == SyncOutcome::unchanged);

    // From nothing: everybody is there, without a name.
    WeCom fresh(configFor(server, "corps.Fresh", "the-contact-secret", "the-contact-secret"), hasty(),
                HttpsTransport(), MemoryStorage());
    SyncReport const begun = fresh.syncCorp();
    CAPTURE(begun.toText());
    CHECK(fresh.getMembers("active").size() == 60);
}

TEST_CASE("WeCom: a part of the organisation, with people and tags of their own", "[integration]") {
    emulator::WeComServer server;
    server.setOrganisation(company());
    emulator::WeComBehaviour b;
    b.scope.all = false;
    b.scope.deptIds = {"2", "6"};
    b.scope.memberIds = {"m2", "m3"};  // 3 and 4: one stands in no visible department
    b.scope.tagIds = {"71"};
    b.tagDepts["72"] = {"4", "6"};
    for (bool const masked : {false, true}) {
        b.maskParents = masked;
        server.setBehaviour(b);
        WeCom corp(configFor(server, "corps.Part"), hasty(), HttpsTransport(), MemoryStorage());
        SyncReport const report = corp.syncCorp();
        CAPTURE(masked, report.toText());
        CHECK(report.outcome == SyncOutcome::done);
        std::vector<CorpDept> const depts = corp.getLocalCorpData().deptList;
        std::vector<std::string> ids;
        for (CorpDept const& d : depts) ids.emplace_back(d.deptId.view());
        std::sort(ids.begin(), ids.end());
        CHECK(ids == std::vector<std::string>{"1", "2", "4", "5", "6"});
        CHECK(corp.getDept("2").parentId == "1");
        CHECK(corp.getMember("m2").memberId == "m2");
        CHECK(corp.getMember("m1").memberId == "m1");    // by its department
        CHECK(corp.getMember("m28").memberId == "m28");  // by the tag alone
        CHECK(corp.getMemberRoles("m5").size() == 1);    // by the tag's department
        SyncReport const again = corp.syncCorp();
        CAPTURE(again.toText());
        CHECK(again.outcome == SyncOutcome::unchanged);
        CHECK(corp.verifyCorp().ok);
    }
}
