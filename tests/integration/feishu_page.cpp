// The reference page of corps.FSInnerType, example by example and under the page's own headings, against an
// emulated Feishu; and what is offered beside it. The page's Python stands as C++ here: corp.initCorp() is
// corp.initCorp(), a dict's ["key"] is a member or a key of the same name, a RowData's field.value is the
// field.
#include <corps/app.hpp>
#include <corps/corps.hpp>
#include <corps/emulator/emulator.hpp>
#include <corps/transport/https.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace integration_feishu_page_test {

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
                                "accountsBaseUrl": ")" + server.baseUrl() +
                                                                        R"(",
                                "userIdType": "user_id",
                                "departmentIdType": "department_id",
                                "roles": [{"roleId": "role001", "name": "Finance"}, {"roleId": "role002", "name": "Sales"}]
                            })"}}),
              Context(), AppOptions(), HttpsTransport(), MemoryStorage()) {}

    /** corp = app.getElement("corps.MyFeishuCorp") */
    Feishu& corp() { return app.getElement<Feishu>("corps.MyFeishuCorp"); }

    emulator::FeishuServer server;
    App<Feishu> app;
};

// Return Value: None, list, dict: what the page's methods give, as types.
template <class T, class Expected>
constexpr bool gives = std::same_as<std::remove_cvref_t<T>, Expected>;

}  // namespace

// --- Quick Start ---

TEST_CASE("Feishu's page: Creating Instance Elements, Usage Example", "[integration]") {
    Page page;
    // Get Feishu organization instance
    auto& corp = page.app.getElement<Feishu>("corps.MyFeishuCorp");
    // Initialize organizational structure
    corp.initCorp();
    // Get root department
    auto rootDept = corp.getRootDept();
    // print(f"Root department: {root_dept.name.value}")
    CHECK(rootDept.name == "Demo Ltd");
    // Get administrator list
    auto adminList = corp.getAdmin();
    // print(f"Administrators: {admin_list}")
    CHECK(adminList == std::vector<MemberId>{"admin001"});
}

TEST_CASE("Feishu's page: Element Configuration", "[integration]") {
    // title and type, appId and appSecret are required: each error names the file and the key.
    auto const refusal = [](std::string const& element, std::string const& business) {
        App<Feishu> app(memoryFiles({{"corps/MyFeishuCorp/e.json", element},
                                     {"corps/MyFeishuCorp/MyFeishuCorp.json", business}}),
                        Context(), AppOptions(), HttpsTransport(), MemoryStorage());
        try {
            static_cast<void>(app.getElement<Feishu>("corps.MyFeishuCorp"));
            return std::string("no error");
        } catch (Error const& e) {
            CHECK(e.is(Errc::config));
            return std::string(e.what());
        }
    };
    std::string const element = R"({"title": "My Feishu Organization", "type": "corps.FSInnerType"})";
    auto const says = [](std::string const& text, std::string const& file, std::string const& key) {
        CAPTURE(text);
        CHECK(text.find(file) != std::string::npos);
        CHECK(text.find(key) != std::string::npos);
        CHECK(text.find("your_app_secret_here") == std::string::npos);
    };
    says(refusal(R"({"type": "corps.FSInnerType"})", "{}"), "e.json", "title");
    says(refusal(R"({"title": "My Feishu Organization"})", "{}"), "e.json", "type");
    says(refusal(element, R"({"appSecret": "your_app_secret_here"})"), "MyFeishuCorp.json", "appId");
    says(refusal(element, R"({"appId": "cli_1234567890abcdef"})"), "MyFeishuCorp.json", "appSecret");
}

// --- Methods ---

TEST_CASE("Feishu's page: initCorp", "[integration]") {
    Page page;
    auto& corp = page.corp();
    corp.initCorp();
    // "initialization automatically synchronizes organizational structure data"
    CHECK(corp.getMembers().size() == 5);
    CHECK(corp.getDepts().size() == 2);
}

TEST_CASE("Feishu's page: syncCorp", "[integration]") {
    Page page;
    auto& corp = page.corp();
    corp.syncCorp();
    // "departments, members, roles, and other information"
    emulator::Organisation o = organisation();
    o.deptList[1].name = "研发部";
    o.userList[1].nick = "李四四";
    o.roleMemberSet.push_back({"role002", "user001"});
    page.server.setOrganisation(o);
    SyncReport const report = corp.syncCorp();
    CHECK(report.outcome == SyncOutcome::done);
    CHECK(corp.getDept("d1").name == "研发部");
    CHECK(corp.getMember("user002").nick == "李四四");
    REQUIRE(corp.getMemberRoles("user001").size() == 1);
    CHECK(corp.getMemberRoles("user001")[0].name == "Sales");
}

TEST_CASE("Feishu's page: getThirdCorpData", "[integration]") {
    Page page;
    auto& corp = page.corp();
    auto corpData = corp.getThirdCorpData();
    // print(f"Number of users: {len(corp_data.get('userDict', {}))}")
    CHECK(corpData.userDict().size() == 5);
    CHECK(corpData.deptDict().find("d1")->name == "技术部");
    CHECK(corpData.roleList.size() == 2);
}

TEST_CASE("Feishu's page: bulkRegister", "[integration]") {
    Page page;
    auto& corp = page.corp();
    auto corpData = corp.getThirdCorpData();
    RegisterReport const report = corp.bulkRegister(corpData);
    CHECK(report.unknown.empty());
    CHECK(report.unchanged == 5);  // a sync registers those it brings
}

TEST_CASE("Feishu's page: getLocalCorpData", "[integration]") {
    Page page;
    auto& corp = page.corp();
    auto localData = corp.getLocalCorpData();
    // print(f"Number of local users: {len(local_data['userList'])}")
    CHECK(localData.userList.size() == 5);
    // print(f"Number of local departments: {len(local_data['deptList'])}")
    CHECK(localData.deptList.size() == 2);
    boost::json::object const json = toJson(localData);
    CHECK(json.at("userList").as_array().size() == 5);
    CHECK(json.at("deptList").as_array().size() == 2);
    // "user pool and third-party Feishu authentication information"
    for (CorpMember const& m : localData.userList) {
        CHECK(m.userId.known());
        CHECK(m.thirdUserId == m.memberId.str());
    }
}

TEST_CASE("Feishu's page: getRootDept", "[integration]") {
    Page page;
    auto& corp = page.corp();
    auto rootDept = corp.getRootDept();
    // print(f"Root department ID: {root_dept.deptId.value}")
    CHECK(rootDept.deptId == "0");
    // print(f"Root department name: {root_dept.name.value}")
    CHECK(rootDept.name == "Demo Ltd");
}

TEST_CASE("Feishu's page: setUserRole", "[integration]") {
    Page page;
    auto& corp = page.corp();
    auto result = corp.setUserRole("user001", {"role001", "role002"});
    // print(f"Role setting result: {result}")
    REQUIRE(result.size() == 2);
    CHECK(result[0].roleId == "role001");
    CHECK(result[0].memberId == "user001");
    CHECK(result[1].roleId == "role002");
    CHECK(result[1].memberId == "user001");
}

TEST_CASE("Feishu's page: offlineMember", "[integration]") {
    Page page;
    auto& corp = page.corp();
    corp.offlineMember({"user001", "user002"});
    CHECK(corp.getMembers("offline").size() == 2);
    corp.syncCorp();
    CHECK(corp.getMembers("offline").size() == 2);
}

TEST_CASE("Feishu's page: getUserSignature", "[integration]") {
    Page page;
    auto& corp = page.corp();
    auto signatureInfo = corp.getUserSignature("user001");
    // print(f"Signature: {signature_info['signature']}")
    CHECK(signatureInfo.signature.empty());
}

TEST_CASE("Feishu's page: saveUserSignature", "[integration]") {
    Page page;
    auto& corp = page.corp();
    auto result = corp.saveUserSignature("user001", "https://example.com/signature.png");
    // print(f"Save result: {result}")
    CHECK(result == Done());
    CHECK(corp.getUserSignature("user001").signature == "https://example.com/signature.png");
}

TEST_CASE("Feishu's page: setAdmin", "[integration]") {
    Page page;
    auto& corp = page.corp();
    auto result = corp.setAdmin({"admin001", "admin002"});
    CHECK(result == Done());  // "dict - Empty dictionary"
    CHECK(corp.getAdmin() == std::vector<MemberId>{"admin001", "admin002"});
}

TEST_CASE("Feishu's page: getAdmin", "[integration]") {
    Page page;
    auto& corp = page.corp();
    auto adminList = corp.getAdmin();
    // print(f"Administrator list: {admin_list}")
    CHECK(adminList == std::vector<MemberId>{"admin001"});
}

TEST_CASE("Feishu's page: getCorpInfo", "[integration]") {
    Page page;
    auto& corp = page.corp();
    auto corpInfo = corp.getCorpInfo();
    // print(f"Organization name: {corp_info['title']}")
    CHECK(corpInfo["title"] == "My Feishu Organization");
    // print(f"Full name: {corp_info['fullName']}")
    CHECK(corpInfo["fullName"] == "corps.MyFeishuCorp");
    CHECK(corpInfo["appSecret"] == "***");
}

TEST_CASE("Feishu's page: getClient", "[integration]") {
    Page page;
    auto& corp = page.corp();
    FSInnerClient::Api& client = corp.getClient();
    // Use client to call Feishu APIs
    boost::json::object const user = corp.context().run(client.user().get("user001"));
    CHECK(user.at("name") == "张三");
    boost::json::object const tenant = corp.context().run(client.get("/open-apis/tenant/v2/tenant/query"));
    CHECK(tenant.at("data").at("tenant").at("name") == "Demo Ltd");
}

// --- Properties ---

TEST_CASE("Feishu's page: corpData, title, fullName, corpFullName", "[integration]") {
    Page page;
    auto& corp = page.corp();
    // print(f"Organizational structure data: {corp.corpData}")
    CHECK(corp.corpData() == corp.getCorpInfo());
    CHECK(boost::json::serialize(corp.corpData()).find("your_app_secret_here") == std::string::npos);
    // print(f"Title: {corp.title}")
    CHECK(corp.title() == "My Feishu Organization");
    // print(f"Full name: {corp.fullName}")
    CHECK(corp.fullName() == "corps.MyFeishuCorp");
    // print(f"Organizational structure full name: {corp.corpFullName}")
    CHECK(corp.corpFullName() == "corps.MyFeishuCorp");
}

TEST_CASE("Feishu's page: authConfig", "[integration]") {
    Page page;
    auto& corp = page.corp();
    // print(f"Application ID: {corp.authConfig['appId']}")
    CHECK(corp.authConfig()["appId"] == "cli_1234567890abcdef");
    // print(f"Application Secret: {corp.authConfig['appSecret']}")
    CHECK(corp.authConfig()["appSecret"] == "your_app_secret_here");
}

// --- Advanced Features ---

TEST_CASE("Feishu's page: Automatic Synchronization Configuration", "[integration]") {
    Page page;
    auto& corp = page.corp();
    // Synchronize organizational structure every hour
    for (int hour = 0; hour < 3; ++hour) {
        page.server.advanceClock(std::chrono::hours(1));  // tokens age
        CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
    }
}

TEST_CASE("Feishu's page: Batch Operation Optimization", "[integration]") {
    Page page;
    auto& corp = page.corp();
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

TEST_CASE("Feishu's page: Return Value", "[integration]") {
    Page page;
    auto& corp = page.corp();
    CHECK(gives<decltype(corp.initCorp()), Done>);
    CHECK(gives<decltype(corp.syncCorp()), SyncReport>);  // not None: what was done
    CHECK(gives<decltype(corp.getThirdCorpData()), CorpData>);
    CHECK(gives<decltype(corp.getLocalCorpData()), LocalCorpData>);
    CHECK(gives<decltype(corp.getRootDept()), CorpDept>);
    CHECK(gives<decltype(corp.setUserRole("user001", {})), std::vector<CorpRoleMember>>);
    CHECK(gives<decltype(corp.offlineMember({})), Done>);
    CHECK(gives<decltype(corp.getUserSignature("user001")), UserSignature>);
    CHECK(gives<decltype(corp.saveUserSignature("user001", "")), Done>);
    CHECK(gives<decltype(corp.setAdmin({})), Done>);
    CHECK(gives<decltype(corp.getAdmin()), std::vector<MemberId>>);
    CHECK(gives<decltype(corp.getCorpInfo()), boost::json::object>);
    CHECK(gives<decltype(corp.getClient()), FSInnerClient::Api>);
    // An id that names nobody, in any of them:
    for (auto const& call : std::vector<std::function<void()>>{
             [&] { corp.setUserRole("nobody", {"role001"}); },
             [&] { corp.setUserRole("user001", {"no role"}); },
             [&] { corp.offlineMember({"user001", "nobody"}); },
             [&] { static_cast<void>(corp.getUserSignature("nobody")); },
             [&] { corp.saveUserSignature("nobody", "x"); }, [&] { corp.setAdmin({"nobody"}); }}) {
        try {
            call();
            FAIL("an unknown id must be an error");
        } catch (Error const& e) {
            CHECK(e.is(Errc::notFound));
        }
    }
    CHECK(corp.getMembers("active").size() == 5);
    CHECK(corp.getMemberRoles("user001").empty());
}

// --- Beside the page ---

TEST_CASE("Feishu beside its page: logging in", "[integration]") {
    Page page;
    auto& corp = page.corp();
    // Send the browser to Feishu ...
    LoginRequest request("https://portal.example.com/login");
    request.state = "unguessable";
    std::string const address = corp.authorizeUrl(request);
    CHECK(address.starts_with(page.server.baseUrl() + "/open-apis/authen/v1/authorize?"));
    emulator::FeishuBehaviour behaviour = page.server.behaviour();
    behaviour.loginMemberId = "user002";
    page.server.setBehaviour(behaviour);
    HttpsTransport browser;
    Request visit("GET", address, "GET /login");
    Response const redirect = corp.context().run(browser.send(std::move(visit)));
    std::string const back(redirect.header("Location"));
    std::size_t const at = back.find("code=") + 5;
    // ... and take who comes back with a code.
    LoginCode code(back.substr(at, back.find('&', at) - at));
    code.redirectUri = "https://portal.example.com/login";
    auto login = corp.identify(code);
    CHECK(login.member.memberId == "user002");
    CHECK(login.member.nick == "李四");
    CHECK(login.user.userId == login.member.userId);
    CHECK(login.identity.upstreamCorpId == "demo");
}

TEST_CASE("Feishu beside its page: planning, and coroutines", "[integration][coroutine]") {
    Page page;
    auto& corp = page.corp();
    emulator::Organisation o = organisation();
    o.userList.pop_back();
    page.server.setOrganisation(o);
    SyncPlan const plan = corp.planSync();
    CHECK(plan.changes.size() > 0);
    CHECK(corp.getMembers("active").size() == 5);
    struct Everything {
        static asio::awaitable<std::size_t> run(Feishu corp) {
            co_await corp.asyncInitCorp();
            CorpData const data = co_await corp.asyncGetThirdCorpData();
            SyncPlan const planned = co_await corp.asyncPlanSync();
            CHECK_FALSE(planned.empty());
            SyncReport const report = co_await corp.asyncSyncCorp();
            CHECK(report.members.removed == 1);
            co_return data.userList.size();
        }
    };
    CHECK(corp.context().run(Everything::run(corp)) == 4);
    CHECK(corp.getMembers("active").size() == 4);
}

TEST_CASE("Lark is Feishu under other hosts", "[integration]") {
    AppOptions options;
    options.init = false;
    App<Feishu> app(
        memoryFiles({{"corps/MyLarkCorp/e.json", R"({"title": "My Lark", "type": "corps.FSInnerType"})"},
                     {"corps/MyLarkCorp/MyLarkCorp.json", R"({
                                      "appId": "cli_1234567890abcdef",
                                      "appSecret": "your_app_secret_here",
                                      "baseUrl": "https://open.larksuite.com"})"}}),
        Context(), options, HttpsTransport(), MemoryStorage());
    auto& corp = app.getElement<Feishu>("corps.MyLarkCorp");
    CHECK(corp.authorizeUrl(LoginRequest("https://portal.example.com/login"))
              .starts_with("https://accounts.larksuite.com/open-apis/authen/v1/"
                           "authorize?client_id=cli_1234567890abcdef"));
}

}  // namespace integration_feishu_page_test
