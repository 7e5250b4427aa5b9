// The reference page of corps.FSInnerType, example by example, against an emulated Feishu.
#include <corps/app.hpp>
#include <corps/corps.hpp>
#include <corps/emulator/emulator.hpp>
#include <corps/transport/https.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

using namespace corps;

namespace {

using Feishu = FSInnerType<HttpsTransport, MemoryStorage>;

emulator::Organisation organisation() {
    return emulator::parseOrganisation(R"({"corpId": "demo", "corpName": "Demo Ltd",
        "deptList": [{"deptId": "1", "parentId": "", "name": "Demo Ltd"}, {"deptId": "d1", "parentId": "1", "name": "技术部"}],
        "userList": [{"memberId": "user001", "nick": "张三", "departments": [{"deptId": "1"}]},
                     {"memberId": "user002", "nick": "李四", "departments": [{"deptId": "d1", "isLeader": true}]},
                     {"memberId": "admin001", "nick": "王五", "departments": [{"deptId": "1"}]},
                     {"memberId": "admin002", "nick": "赵六", "departments": [{"deptId": "d1"}]},
                     {"memberId": "admin003", "nick": "孙七", "departments": [{"deptId": "d1"}]}],
        "roleList": [{"roleId": "role001", "name": "Finance"}, {"roleId": "role002", "name": "Sales"}],
        "roleMemberSet": [{"roleId": "role001", "memberId": "user002"}], "adminIds": ["admin001"]})");
}

/** The page's directory: corps/MyFeishuCorp/e.json and MyFeishuCorp.json. */
struct Page {
    Page()
        : server({}, organisation()),
          app(memoryFiles({{"corps/MyFeishuCorp/e.json", R"({
                                "title": "My Feishu Organization",
                                "type": "corps.FSInnerType"
                            })"},
                           {"corps/MyFeishuCorp/MyFeishuCorp.json", R"({
                                "appId": "cli_1234567890abcdef",
                                "appSecret": "your_app_secret_here",
                                "baseUrl": ")" + server.baseUrl() + R"(",
                                "userIdType": "user_id",
                                "departmentIdType": "department_id",
                                "roles": [{"roleId": "role001", "name": "Finance"}, {"roleId": "role002", "name": "Sales"}]
                            })"}}),
              Context(), AppOptions(), HttpsTransport(), MemoryStorage()) {}

    emulator::FeishuServer server;
    App<Feishu> app;
};

}  // namespace

TEST_CASE("Feishu's page: usage example", "[integration]") {
    Page page;
    // Get Feishu organization instance
    auto& corp = page.app.getElement<Feishu>("corps.MyFeishuCorp");
    // Initialize organizational structure
    corp.initCorp();
    // Get root department
    auto rootDept = corp.getRootDept();
    CHECK(rootDept.name == "Demo Ltd");
    // Get administrator list
    auto adminList = corp.getAdmin();
    CHECK(adminList == std::vector<MemberId>{"admin001"});
}

TEST_CASE("Feishu's page: initCorp and syncCorp", "[integration]") {
    Page page;
    auto& corp = page.app.getElement<Feishu>("corps.MyFeishuCorp");
    CHECK(corp.getMembers().size() == 5);
    corp.initCorp();
    SyncReport const report = corp.syncCorp();
    CHECK(report.outcome == SyncOutcome::unchanged);
}

TEST_CASE("Feishu's page: getThirdCorpData and bulkRegister", "[integration]") {
    Page page;
    auto& corp = page.app.getElement<Feishu>("corps.MyFeishuCorp");
    auto corpData = corp.getThirdCorpData();
    CHECK(corpData.userDict().size() == 5);
    CHECK(corpData.deptDict().find("d1")->name == "技术部");
    RegisterReport const report = corp.bulkRegister(corpData);
    CHECK(report.unknown.empty());
}

TEST_CASE("Feishu's page: getLocalCorpData", "[integration]") {
    Page page;
    auto& corp = page.app.getElement<Feishu>("corps.MyFeishuCorp");
    auto localData = corp.getLocalCorpData();
    CHECK(localData.userList.size() == 5);
    CHECK(localData.deptList.size() == 2);
}

TEST_CASE("Feishu's page: getRootDept", "[integration]") {
    Page page;
    auto& corp = page.app.getElement<Feishu>("corps.MyFeishuCorp");
    auto rootDept = corp.getRootDept();
    CHECK(rootDept.deptId == "0");
    CHECK(rootDept.name == "Demo Ltd");
}

TEST_CASE("Feishu's page: setUserRole", "[integration]") {
    Page page;
    auto& corp = page.app.getElement<Feishu>("corps.MyFeishuCorp");
    auto result = corp.setUserRole("user001", {"role001", "role002"});
    REQUIRE(result.size() == 2);
    CHECK(result[0].roleId == "role001");
    CHECK(result[1].memberId == "user001");
}

TEST_CASE("Feishu's page: offlineMember", "[integration]") {
    Page page;
    auto& corp = page.app.getElement<Feishu>("corps.MyFeishuCorp");
    corp.offlineMember({"user001", "user002"});
    CHECK(corp.getMembers("offline").size() == 2);
    corp.syncCorp();
    CHECK(corp.getMembers("offline").size() == 2);
}

TEST_CASE("Feishu's page: getUserSignature and saveUserSignature", "[integration]") {
    Page page;
    auto& corp = page.app.getElement<Feishu>("corps.MyFeishuCorp");
    auto result = corp.saveUserSignature("user001", "https://example.com/signature.png");
    CHECK(result == Done());
    auto signatureInfo = corp.getUserSignature("user001");
    CHECK(signatureInfo.signature == "https://example.com/signature.png");
}

TEST_CASE("Feishu's page: setAdmin and getAdmin", "[integration]") {
    Page page;
    auto& corp = page.app.getElement<Feishu>("corps.MyFeishuCorp");
    corp.setAdmin({"admin001", "admin002"});
    auto adminList = corp.getAdmin();
    CHECK(adminList == std::vector<MemberId>{"admin001", "admin002"});
}

TEST_CASE("Feishu's page: getCorpInfo, getClient and the properties", "[integration]") {
    Page page;
    auto& corp = page.app.getElement<Feishu>("corps.MyFeishuCorp");
    auto corpInfo = corp.getCorpInfo();
    CHECK(corpInfo["title"] == "My Feishu Organization");
    CHECK(corpInfo["fullName"] == "corps.MyFeishuCorp");
    CHECK(corpInfo["appSecret"] == "***");

    // Use client to call Feishu APIs
    FSInnerClient::Api& client = corp.getClient();
    boost::json::object const user = corp.context().run(client.user().get("user001"));
    CHECK(user.at("name") == "张三");

    CHECK(corp.corpData() == corpInfo);
    CHECK(corp.title() == "My Feishu Organization");
    CHECK(corp.fullName() == "corps.MyFeishuCorp");
    CHECK(corp.corpFullName() == "corps.MyFeishuCorp");
    CHECK(corp.authConfig()["appId"] == "cli_1234567890abcdef");
    CHECK(corp.authConfig()["appSecret"] == "your_app_secret_here");
}

TEST_CASE("Feishu's page: batch operations", "[integration]") {
    Page page;
    auto& corp = page.app.getElement<Feishu>("corps.MyFeishuCorp");
    // Get third-party data
    auto corpData = corp.getThirdCorpData();
    // Batch register users
    corp.bulkRegister(corpData);
    // Batch set administrators
    std::vector<MemberId> adminIds = {"admin001", "admin002", "admin003"};
    corp.setAdmin(adminIds);
    CHECK(corp.getAdmin() == adminIds);
    // Batch resignation processing
    std::vector<MemberId> offlineIds = {"user001", "user002"};
    corp.offlineMember(offlineIds);
    CHECK(corp.getMembers("active").size() == 3);
}
