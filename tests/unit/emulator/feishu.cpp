#include "unit/emulator/feishu_client.hpp"
#include "unit/emulator/people.hpp"

#include <corps/emulator/feishu.hpp>
#include <corps/emulator/generate.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace emulator_feishu_test {
namespace {

using namespace corps::emulator;
using Catch::Matchers::ContainsSubstring;
using emulator_test::Answer;
using emulator_test::App;
using emulator_test::Connection;
using emulator_test::escape;
using emulator_test::kApp;
using emulator_test::person;
using emulator_test::texts;
using Strings = std::vector<std::string>;

const std::string kChildren = "/open-apis/contact/v3/departments/0/children";
const std::string kUsers = "/open-apis/contact/v3/users/find_by_department";
const std::string kCustom = "user_id_type=user_id&department_id_type=department_id";

/**
 * root: m0          (a leads nobody's department but b's)
 *   a: m1, m2       led by m1, deputy m2
 *     b: m2, m3     led by m0, from outside
 *   c               empty
 */
Organisation demo() {
    Organisation out;
    out.corpId = "demo";
    out.corpName = "Demo Ltd";
    out.deptList = {{"1", "", "Demo Ltd", 0, {"m0"}},
                    {"a", "1", "A \"quoted\"", 20, {"m1"}},
                    {"b", "a", "B", 5, {"m0", "gone"}},
                    {"c", "1", "C", 10, {}}};
    out.userList = {person("m0", {{"1", false, 0, true}}), person("m1", {{"a", true, 1, false}}),
                    person("m2", {{"a", true, 2, false}, {"b", false, -7, true}}),
                    person("m3", {{"b", false, 3, false}}), person("gone", {})};
    out.userList[1].unionId = "union of m1";
    out.userList[1].phone = "+8613800000001";
    out.userList[1].email = "m1@example.com";
    out.userList[1].jobNumber = "7";
    out.userList[1].position = "CTO";
    out.userList[1].photo = "https://cdn.example.com/1.png";
    out.userList[1].gender = 1;
    out.userList[1].hiredDate = "2020-01-02";
    out.userList[3].phone = "+4915112345678";
    out.userList[3].upstreamStatus = "frozen";
    out.userList[4].status = 2;
    out.userList[4].email = "gone@example.com";
    out.roleList = {{"r1", "", "Finance"}};
    out.roleMemberSet = {{"r1", "m1"}, {"r1", "gone"}, {"r1", "m2"}, {"r1", "m3"}};
    out.adminIds = {"m1"};
    return out;
}

/** A department "d" with so many members. */
Organisation crowd(std::size_t members) {
    Organisation out;
    out.deptList = {{"1", "", "", 0, {}}, {"d", "1", "D", 0, {}}};
    for (std::size_t i = 0; i < members; ++i) {
        out.userList.push_back(person("m" + std::to_string(i), {{"d", false, 0, true}}));
    }
    return out;
}

std::string label(std::string_view path) { return "GET /open-apis/" + std::string(path); }

/** A time that only the test moves. */
FeishuOptions frozen() {
    FeishuOptions out;
    out.clock = [] { return std::chrono::milliseconds(1'000'000); };
    return out;
}

boost::json::value item(const Answer& answer, std::size_t index) {
    return answer.json().at("data").at("items").at(index);
}

}  // namespace

TEST_CASE("feishu emulator: tokens follow the thirty-minute rule", "[emulator]") {
    FeishuServer server(frozen(), demo());
    App app(server);
    const std::string first = app.current();
    CHECK(first.starts_with("t-"));
    auto answer = app.token().json();
    CHECK(answer.at("code") == 0);
    CHECK(answer.at("msg") == "ok");
    CHECK(answer.at("expire") == 7200);
    CHECK(answer.at("tenant_access_token").as_string() == first);

    server.advanceClock(std::chrono::minutes(90));
    answer = app.token().json();
    CHECK(answer.at("tenant_access_token").as_string() == first);  // half an hour left: the same again
    CHECK(answer.at("expire") == 1800);
    server.advanceClock(std::chrono::seconds(1));
    answer = app.token().json();
    CHECK(answer.at("tenant_access_token").as_string() != first);
    CHECK(answer.at("expire") == 7200);
    CHECK(app.get(kChildren).code() == 0);  // the old one is good to its end
    server.advanceClock(std::chrono::minutes(30));
    auto refused = app.get(kChildren);
    CHECK(refused.status == 400);
    CHECK(refused.code() == 99991663);
    app.login();
    CHECK(app.get(kChildren).code() == 0);
    CHECK(server.stats().tokensIssued == 2);

    // With a slash at the end, and the kind for the legacy login.
    CHECK(app.connection()
              .call("POST", "/open-apis/auth/v3/tenant_access_token/internal/",
                    R"({"app_id":"a","app_secret":"b"})")
              .code() == 0);
    answer = app.connection()
                 .call("POST", "/open-apis/auth/v3/app_access_token/internal",
                       R"({"app_id":"a","app_secret":"b"})")
                 .json();
    CHECK(answer.at("app_access_token") == answer.at("tenant_access_token"));
    CHECK(app.connection().call("GET", "/open-apis/auth/v3/tenant_access_token/internal").code() == 99991301);
}

TEST_CASE("feishu emulator: credentials", "[emulator]") {
    FeishuOptions options;
    options.credentials = {{std::string(kApp), "right"}};
    FeishuServer server(options, demo());
    Connection connection(server.port());
    const auto ask = [&](const std::string& body) {
        const auto answer = connection.call("POST", "/open-apis/auth/v3/tenant_access_token/internal", body);
        CHECK(answer.status == 200);
        return std::pair<std::int64_t, std::string>(answer.code(),
                                                    answer.json().at("msg").as_string().c_str());
    };
    using Expected = std::pair<std::int64_t, std::string>;
    CHECK(ask(R"({"app_id":"cli_a1b2c3d4e5f6a7b8","app_secret":"right"})").first == 0);
    CHECK(ask(R"({"app_id":"cli_a1b2c3d4e5f6a7b8","app_secret":"wrong"})") ==
          Expected(10014, "app secret invalid"));
    CHECK(ask(R"({"app_id":"cli_0000000000000000","app_secret":"right"})") ==
          Expected(10014, "app id not exists"));
    CHECK(ask(R"({"app_id":"nonsense","app_secret":"right"})") == Expected(10003, "invalid param"));
    CHECK(ask(R"({"app_id":"","app_secret":"right"})").first == 10003);
    CHECK(ask(R"({"app_secret":"right"})").first == 10003);
    CHECK(ask("not json").first == 10003);
}

TEST_CASE("feishu emulator: gates in their order", "[emulator]") {
    FeishuServer server(frozen(), demo());
    App app(server);
    auto& raw = app.connection();
    const auto check = [](const Answer& answer, int status, std::int64_t code) {
        CHECK(answer.status == status);
        CHECK(answer.code() == code);
        CHECK(answer.headers.contains("X-Tt-Logid"));
        CHECK(answer.headers.contains("X-Request-Id"));
        CHECK(answer.headers.at("Content-Type") == "application/json; charset=utf-8");
    };
    check(raw.call("GET", "/open-apis/contact/v3/nothing"), 404, 99991201);
    check(raw.call("POST", "/open-apis/contact/v3/nothing", "{}"), 404, 99991201);
    check(raw.call("DELETE", kChildren), 405, 99991301);
    check(raw.call("GET", kChildren), 400, 99991661);
    check(raw.call("GET", kChildren, {}, "Authorization: Basic abc\r\n"), 400, 99991661);
    check(raw.call("GET", kChildren, {}, "Authorization: Bearer nonsense\r\n"), 400, 99991671);
    check(raw.call("GET", kChildren, {}, "Authorization: Bearer t-unknown\r\n"), 400, 99991663);
    check(raw.call("GET", kChildren, {}, "Authorization: Bearer u-unknown\r\n"), 400, 99991668);

    FeishuBehaviour behaviour;
    behaviour.scopes = {"contact:user.base:readonly"};
    behaviour.ratePerSecond = 1;
    server.setBehaviour(behaviour);
    auto answer = app.get(kChildren + "?page_size=99");
    check(answer, 400, 99991672);
    CHECK_THAT(answer.body, ContainsSubstring("contact:contact.base:readonly"));
    CHECK(answer.json().at("error").at("permission_violations").at(0).at("type") == "action_scope_required");
    behaviour.scopes = feishuScopes();
    behaviour.range = {false, {"a"}, {}, {}};
    server.setBehaviour(behaviour);
    check(app.get(kChildren + "?page_size=99"), 400, 40011);
    check(app.get(kChildren + "?page_size=99"), 429, 99991400);
    server.advanceClock(std::chrono::seconds(1));
    check(app.get(kChildren), 403, 40004);
    check(app.get("/open-apis/tenant/v2/tenant/query"), 200, 0);  // a limit of its own
    CHECK(server.stats().rateLimited == 1);

    // A body with a GET is read and ignored.
    server.advanceClock(std::chrono::seconds(1));
    CHECK(raw.call("GET", "/open-apis/tenant/v2/tenant/query", "{}",
                   "Authorization: Bearer " + app.current() + "\r\n")
              .code() == 0);
    server.advanceClock(std::chrono::seconds(1));
    CHECK(app.get("/open-apis/tenant/v2/tenant/query").code() == 0);
}

TEST_CASE("feishu emulator: parameters that are wrong", "[emulator]") {
    FeishuServer server({}, demo());
    App app(server);
    for (const char* size : {"0", "-1", "51"}) {
        const auto answer = app.get(kChildren + "?page_size=" + size);
        CHECK(answer.status == 400);
        CHECK(answer.code() == 40011);
    }
    const auto violation = [&](const std::string& path, const std::string& field) {
        const auto answer = app.get(path);
        CHECK(answer.status == 400);
        CHECK(answer.code() == 99992402);
        CHECK(answer.json().at("error").at("field_violations").at(0).at("field") ==
              boost::json::value(field));
    };
    violation(kChildren + "?page_size=ten", "page_size");
    violation(kChildren + "?fetch_child=yes", "fetch_child");
    violation(kChildren + "?user_id_type=email", "user_id_type");
    violation(kChildren + "?department_id_type=od", "department_id_type");
    violation(kUsers, "department_id");
    violation("/open-apis/contact/v3/departments/batch", "department_ids");
    violation("/open-apis/contact/v3/users/batch", "user_ids");
    violation("/open-apis/contact/v3/departments/" + std::string(65, 'x'), "department_id");

    CHECK(app.get(kUsers + "?department_id=nope").code() == 99992357);
    CHECK_THAT(app.get(kUsers + "?department_id=nope").body, ContainsSubstring("Invalid ids: [nope]"));
    CHECK(app.get(kUsers + "?department_id=nope&department_id_type=department_id").code() == 99992380);
    CHECK(app.get(kUsers + "?department_id=1&department_id_type=department_id").code() ==
          99992380);  // the root is "0"
    CHECK(app.get("/open-apis/contact/v3/users/nope").code() == 99992351);
    CHECK(app.get("/open-apis/contact/v3/users/nope?user_id_type=user_id").code() == 99992360);
    CHECK(app.get("/open-apis/contact/v3/users/nope?user_id_type=union_id").code() == 99992363);
    CHECK(app.get(kUsers + "?department_id=" + escape("a\"\xff\n") + "&department_id_type=department_id")
              .code() == 99992380);  // still JSON
}

TEST_CASE("feishu emulator: pages of 49, 50 and 51", "[emulator]") {
    for (const auto& [members, pages] :
         std::map<std::size_t, std::vector<std::size_t>>{{0, {0}},
                                                         {1, {1}},
                                                         {49, {49}},
                                                         {50, {50}},
                                                         {51, {50, 1}},
                                                         {100, {50, 50}},
                                                         {250, {50, 50, 50, 50, 50}}}) {
        FeishuServer server({}, crowd(members));
        App app(server);
        const std::string dept = server.openDepartmentId(kApp, "d");
        const auto listing = app.all(kUsers + "?page_size=50&department_id=" + dept);
        CHECK(listing.pages == pages);
        const auto ids = texts(listing.items, "open_id");
        CHECK(std::set<std::string>(ids.begin(), ids.end()).size() == members);
        CHECK(server.stats().of(label("contact/v3/users/find_by_department")) == pages.size());
    }
    FeishuServer server({}, crowd(25));
    App app(server);
    CHECK(app.all(kUsers + "?department_id_type=department_id&department_id=d").pages ==
          std::vector<std::size_t>{10, 10, 5});
}

TEST_CASE("feishu emulator: page tokens are opaque and belong to their list", "[emulator]") {
    FeishuServer server(frozen(), crowd(120));
    App app(server);
    const std::string list = kUsers + "?page_size=50&department_id=" + server.openDepartmentId(kApp, "d");
    const std::string token(app.get(list).json().at("data").at("page_token").as_string());
    for (const char c : {'+', '/', '='}) {
        CHECK(token.find(c) != std::string::npos);
    }
    CHECK(app.get(list + "&page_token=" + escape(token)).code() == 0);
    CHECK(app.get(list + "&page_token=" + token).code() == 40012);  // not escaped: the plus becomes a space
    CHECK(app.get(list + "&page_token=2").code() == 40012);
    std::string forged = token;
    forged[30] = forged[30] == 'A' ? 'B' : 'A';
    CHECK(app.get(list + "&page_token=" + escape(forged)).code() == 40012);
    CHECK(app.get(kUsers + "?department_id=0&page_token=" + escape(token)).code() == 40012);
    CHECK(app.get(kChildren + "?page_token=" + escape(token)).code() == 40012);
    App other(server, "cli_0000000000000000");
    CHECK(other
              .get(kUsers + "?department_id=" + server.openDepartmentId("cli_0000000000000000", "d") +
                   "&page_token=" + escape(token))
              .code() == 40012);
    server.advanceClock(std::chrono::hours(2));
    app.login();
    CHECK(app.get(list + "&page_token=" + escape(token)).code() == 0);
    server.advanceClock(std::chrono::seconds(1));
    CHECK(app.get(list + "&page_token=" + escape(token)).code() == 40012);
    const auto last = app.get(list + "&page_size=50").json();
    CHECK(last.at("data").at("has_more") == true);
    CHECK_FALSE(app.get(kUsers + "?department_id=0").json().at("data").as_object().contains("page_token"));
}

TEST_CASE("feishu emulator: the tree of departments", "[emulator]") {
    FeishuServer server({}, demo());
    App app(server);
    CHECK(texts(app.all(kChildren + "?" + kCustom).items, "department_id") ==
          Strings{"c", "a"});  // smaller order first
    CHECK(texts(app.all(kChildren + "?fetch_child=true&" + kCustom).items, "department_id") ==
          Strings{"c", "a", "b"});
    // As the official SDK for Python writes it.
    CHECK(app.all(kChildren + "?fetch_child=True&" + kCustom).items ==
          app.all(kChildren + "?fetch_child=true&" + kCustom).items);
    const auto below = app.get("/open-apis/contact/v3/departments/a/children?" + kCustom);
    CHECK(item(below, 0).at("parent_department_id") == "a");

    const auto children = app.get(kChildren + "?" + kCustom);
    const auto a = item(children, 1);
    CHECK(a.at("name") == "A \"quoted\"");
    CHECK(a.at("parent_department_id") == "0");
    CHECK(a.at("open_department_id") == boost::json::value(server.openDepartmentId(kApp, "a")));
    CHECK(a.at("order") == "20");
    CHECK(a.at("leader_user_id") == "m1");
    REQUIRE(a.at("leaders").as_array().size() == 2);
    CHECK(a.at("leaders").at(0) == boost::json::parse(R"({"leaderType":1,"leaderID":"m1"})"));
    CHECK(a.at("leaders").at(1) == boost::json::parse(R"({"leaderType":2,"leaderID":"m2"})"));
    CHECK(a.at("member_count") == 4);  // m1, m2, m3 and m0, who leads b from outside
    CHECK(a.at("primary_member_count") == 3);
    CHECK(a.at("status").at("is_deleted") == false);
    CHECK(item(children, 0).at("member_count") == 0);
    CHECK(item(children, 0).at("leader_user_id") == "");

    const auto open = app.get(kChildren + "?fetch_child=true");
    CHECK(item(open, 2).at("parent_department_id") == boost::json::value(server.openDepartmentId(kApp, "a")));
    CHECK(item(open, 2).at("leader_user_id") == boost::json::value(server.openUserId(kApp, "m0")));
    CHECK(item(open, 2).at("leaders").as_array().size() == 1);  // who left leads nothing
    CHECK(item(app.get(kChildren + "?user_id_type=union_id"), 1).at("leader_user_id") == "union of m1");

    FeishuBehaviour behaviour;
    behaviour.countOutsideLeaders = false;
    server.setBehaviour(behaviour);
    CHECK(item(app.get(kChildren), 1).at("member_count") == 3);

    const auto one =
        app.get("/open-apis/contact/v3/departments/b?" + kCustom).json().at("data").at("department");
    CHECK(one.at("department_id") == "b");
    const auto root = app.get("/open-apis/contact/v3/departments/0").json().at("data").at("department");
    CHECK(
        root ==
        boost::json::parse(
            R"({"department_id":"0","open_department_id":"0","name":"","member_count":4,"primary_member_count":4})"));

    CHECK(texts(app.all("/open-apis/contact/v3/departments/parent?department_id=b&" + kCustom).items,
                "department_id") == Strings{"a"});
    CHECK(app.all("/open-apis/contact/v3/departments/parent?department_id=a&" + kCustom).items.empty());
    const auto batch = app.get(
        "/open-apis/contact/v3/departments/batch?department_ids=b&department_ids=nope&department_ids=c&" +
        kCustom);
    REQUIRE(batch.json().at("data").at("items").as_array().size() == 2);
    CHECK(item(batch, 0).at("department_id") == "b");
    std::string many = "/open-apis/contact/v3/departments/batch?department_id_type=department_id";
    for (int i = 0; i < 51; ++i) {
        many += "&department_ids=b";
    }
    CHECK(app.get(many).code() == 40011);
    CHECK(
        texts(app.all("/open-apis/contact/v3/departments?parent_department_id=0&fetch_child=true&" + kCustom)
                  .items,
              "department_id") == Strings{"c", "a", "b"});
    CHECK(texts(app.all("/open-apis/contact/v3/departments?" + kCustom).items, "department_id") ==
          Strings{"0"});
}

TEST_CASE("feishu emulator: orders keep their sequence in Feishu's own directions", "[emulator]") {
    Organisation made = demo();
    made.deptList[1].order = -5;
    made.deptList[3].order = INT64_MAX;
    FeishuServer server({}, made);
    App app(server);
    const auto listed = app.get(kChildren + "?fetch_child=true&" + kCustom).json();
    std::map<std::string, std::uint64_t> orders;
    for (const auto& dept : listed.at("data").at("items").as_array()) {
        orders[dept.at("department_id").as_string().c_str()] =
            std::stoull(dept.at("order").as_string().c_str());
    }
    CHECK(orders == std::map<std::string, std::uint64_t>{{"a", 0}, {"b", 10}, {"c", 9223372036854775812U}});

    const auto m2 = item(app.get(kUsers + "?department_id=b&" + kCustom), 0);
    CHECK(m2.at("user_id") == "m2");
    CHECK(m2.at("department_ids") == boost::json::parse(R"(["a","b"])"));
    const auto& places = m2.at("orders").as_array();
    CHECK(places.at(0).at("user_order") == -2);  // 2 in the file; here larger comes first
    CHECK(places.at(1).at("user_order") == 7);
    CHECK(places.at(0).at("is_primary_dept") == false);
    CHECK(places.at(1).at("is_primary_dept") == true);
    CHECK(places.at(1).at("department_order").as_int64() > places.at(0).at("department_order").as_int64());
}

TEST_CASE("feishu emulator: members of a department", "[emulator]") {
    FeishuServer server({}, demo());
    App app(server);
    const auto ids = [&](const std::string& dept) {
        return texts(app.all(kUsers + "?" + kCustom + "&department_id=" + dept).items, "user_id");
    };
    CHECK(ids("0") == Strings{"m0"});
    CHECK(ids("a") == Strings{"m1", "m2"});  // not those below
    CHECK(ids("b") == Strings{"m2", "m3"});
    CHECK(ids("c").empty());

    const auto m1 = item(app.get(kUsers + "?department_id=" + server.openDepartmentId(kApp, "a")), 0);
    CHECK(m1.at("open_id") == boost::json::value(server.openUserId(kApp, "m1")));
    CHECK(m1.at("union_id") == "union of m1");
    CHECK(m1.at("user_id") == "m1");
    CHECK(m1.at("name") == "N m1");
    CHECK(m1.at("mobile") == "13800000001");
    CHECK(m1.at("email") == "m1@example.com");
    CHECK(m1.at("gender") == 1);
    CHECK(m1.at("employee_no") == "7");
    CHECK(m1.at("job_title") == "CTO");
    CHECK(m1.at("avatar").at("avatar_240") == "https://cdn.example.com/1.png");
    CHECK(m1.at("is_tenant_manager") == true);
    CHECK(m1.at("join_time") == 1577894400);  // 2020-01-02 in China
    CHECK(m1.at("department_ids").at(0) == boost::json::value(server.openDepartmentId(kApp, "a")));
    CHECK(
        m1.at("status") ==
        boost::json::parse(
            R"({"is_frozen":false,"is_resigned":false,"is_activated":true,"is_exited":false,"is_unjoin":false})"));

    const auto b = app.get(kUsers + "?department_id=b&" + kCustom);
    CHECK(item(b, 1).at("status").at("is_frozen") == true);
    CHECK(item(b, 1).at("is_frozen") == true);
    CHECK(item(b, 1).at("mobile") == "+4915112345678");
    CHECK(item(b, 0).at("mobile") == "");
    CHECK_FALSE(item(b, 0).as_object().contains("join_time"));
    CHECK(item(b, 0).at("union_id").as_string().starts_with("on_"));
    CHECK(server.unionId("m2") == item(b, 0).at("union_id").as_string().c_str());

    FeishuBehaviour behaviour;
    const std::string root = kUsers + "?department_id=0";
    CHECK(item(app.get(root), 0).at("department_ids") == boost::json::parse(R"(["0"])"));
    behaviour.rootMembersHaveNoDept = true;
    behaviour.mobileWithCountryCode = true;
    server.setBehaviour(behaviour);
    CHECK(item(app.get(root), 0).at("department_ids") == boost::json::parse("[]"));
    CHECK(item(app.get(kUsers + "?department_id=a&" + kCustom), 0).at("mobile") == "+8613800000001");
}

TEST_CASE("feishu emulator: single members, those who left among them", "[emulator]") {
    FeishuServer server({}, demo());
    App app(server);
    const auto gone = app.get("/open-apis/contact/v3/users/gone?" + kCustom).json().at("data").at("user");
    CHECK(gone.at("status").at("is_resigned") == true);
    CHECK(gone.at("department_ids") == boost::json::parse("[]"));
    CHECK(gone.at("orders") == boost::json::parse("[]"));
    CHECK(app.get("/open-apis/contact/v3/users/" + server.openUserId(kApp, "m1"))
              .json()
              .at("data")
              .at("user")
              .at("name") == "N m1");
    CHECK(app.get("/open-apis/contact/v3/users/" + escape("union of m1") + "?user_id_type=union_id")
              .json()
              .at("data")
              .at("user")
              .at("user_id") == "m1");

    const auto batch =
        app.get("/open-apis/contact/v3/users/batch?user_ids=m3&user_ids=nope&user_ids=m1&" + kCustom);
    CHECK(texts({item(batch, 0), item(batch, 1)}, "user_id") == Strings{"m3", "m1"});
    std::string many = "/open-apis/contact/v3/users/batch?user_id_type=user_id";
    for (int i = 0; i < 51; ++i) {
        many += "&user_ids=m1";
    }
    CHECK(app.get(many).code() == 40001);

    const auto found = app.post(
        "/open-apis/contact/v3/users/batch_get_id?user_id_type=user_id",
        R"({"emails":["m1@example.com","gone@example.com","x@example.com"],"mobiles":["13800000001","+4915112345678"]})");
    const auto list = found.json().at("data").at("user_list");
    CHECK(list.at(0).at("user_id") == "m1");
    CHECK(list.at(1) == boost::json::parse(R"({"email":"gone@example.com"})"));
    CHECK(list.at(2) == boost::json::parse(R"({"email":"x@example.com"})"));
    CHECK(list.at(3).at("user_id") == "m1");
    CHECK(list.at(4).at("user_id") == "m3");
    CHECK(app.post("/open-apis/contact/v3/users/batch_get_id?user_id_type=user_id",
                   R"({"emails":["gone@example.com"],"include_resigned":true})")
              .json()
              .at("data")
              .at("user_list")
              .at(0)
              .at("user_id") == "gone");
}

TEST_CASE("feishu emulator: another app sees other open ids", "[emulator]") {
    FeishuServer server({}, demo());
    App one(server);
    App two(server, "cli_0000000000000000");
    const auto mine = item(one.get(kUsers + "?department_id=0"), 0);
    const auto theirs = item(two.get(kUsers + "?department_id=0"), 0);
    CHECK(mine.at("open_id") != theirs.at("open_id"));
    CHECK(mine.at("union_id") == theirs.at("union_id"));
    CHECK(two.get("/open-apis/contact/v3/users/" + server.openUserId(kApp, "m0")).code() == 99992361);
    CHECK(std::string(mine.at("open_id").as_string()).size() == 35);
}

TEST_CASE("feishu emulator: fields without their scope are absent", "[emulator]") {
    FeishuServer server({}, demo());
    App app(server);
    FeishuBehaviour behaviour;
    behaviour.scopes = {"contact:contact.base:readonly"};
    server.setBehaviour(behaviour);
    const auto keys = [](const boost::json::value& value) {
        std::set<std::string> out;
        for (const auto& member : value.as_object()) {
            out.emplace(member.key());
        }
        return out;
    };
    const std::string list = kUsers + "?department_id=" + server.openDepartmentId(kApp, "a");
    CHECK(keys(item(app.get(list), 0)) ==
          std::set<std::string>{"union_id", "open_id", "mobile_visible", "is_frozen"});
    CHECK(keys(item(app.get(kChildren), 0)) ==
          std::set<std::string>{"open_department_id", "leaders", "group_chat_employee_types"});
    CHECK(item(app.get(kChildren), 1).at("leaders").at(0) == boost::json::parse(R"({"leaderType":1})"));

    const std::map<std::string, std::set<std::string>> opens{
        {"contact:user.employee_id:readonly", {"user_id"}},
        {"contact:user.base:readonly", {"name", "en_name", "nickname", "avatar"}},
        {"contact:user.email:readonly", {"email"}},
        {"contact:user.phone:readonly", {"mobile"}},
        {"contact:user.gender:readonly", {"gender"}},
        {"contact:user.department:readonly", {"department_ids", "leader_user_id", "orders"}},
        {"contact:user.employee_number:read", {"employee_no"}},
        {"contact:user.employee:readonly",
         {"status", "city", "country", "work_station", "join_time", "is_tenant_manager", "employee_type",
          "custom_attrs", "enterprise_email", "job_title", "employee_no"}},
    };
    for (const auto& [scope, fields] : opens) {
        behaviour.scopes = {"contact:contact.base:readonly", scope};
        server.setBehaviour(behaviour);
        auto seen = keys(item(app.get(list), 0));
        for (const char* always : {"union_id", "open_id", "mobile_visible", "is_frozen"}) {
            seen.erase(always);
        }
        CHECK(seen == fields);
    }
    behaviour.scopes = {"contact:contact.base:readonly", "contact:department.organize:readonly"};
    server.setBehaviour(behaviour);
    const auto dept = item(app.get(kChildren), 1);
    CHECK(dept.at("parent_department_id") == "0");
    CHECK_FALSE(dept.as_object().contains("name"));

    const auto refused = app.get(kUsers + "?department_id=0&user_id_type=user_id");
    CHECK(refused.code() == 99991672);
    CHECK(refused.json().at("error").at("permission_violations").at(0).at("type") == "field_scope_required");
    behaviour.scopes = {"contact:contact:readonly"};  // a legacy one stands for many
    server.setBehaviour(behaviour);
    CHECK(item(app.get(kChildren), 1).at("name") == "A \"quoted\"");
    CHECK(app.get("/open-apis/contact/v3/departments/batch?department_ids=x").code() == 99991672);
}

TEST_CASE("feishu emulator: contact range", "[emulator]") {
    FeishuServer server({}, demo());
    App app(server);
    const auto scopes = [&] { return app.get("/open-apis/contact/v3/scopes?" + kCustom).json().at("data"); };
    const std::string config = "/open-apis/application/v6/applications/" + std::string(kApp) +
                               "/contacts_range_configuration?" + kCustom;
    CHECK(scopes() ==
          boost::json::parse(
              R"({"user_ids":["m0"],"department_ids":["c","a"],"group_ids":[],"has_more":false})"));
    CHECK(app.get(config).json().at("data").at("contacts_range").at("contacts_scope_type") == "all");

    FeishuBehaviour behaviour;
    behaviour.range = {false, {"b"}, {"m0", "m3"}, {"g1"}};
    server.setBehaviour(behaviour);
    CHECK(scopes() ==
          boost::json::parse(
              R"({"user_ids":["m0","m3"],"department_ids":["b"],"group_ids":["g1"],"has_more":false})"));
    CHECK(
        app.get(config).json().at("data").at("contacts_range") ==
        boost::json::parse(
            R"({"contacts_scope_type":"some","visible_list":{"open_ids":["m0","m3"],"department_ids":["b"],"group_ids":["g1"]}})"));
    // One page holds so many ids in all.
    const auto first = app.get("/open-apis/contact/v3/scopes?page_size=3&" + kCustom).json().at("data");
    CHECK(first.at("user_ids").as_array().size() + first.at("department_ids").as_array().size() == 3);
    CHECK(first.at("group_ids").as_array().empty());
    CHECK(first.at("has_more") == true);
    const auto second = app.get("/open-apis/contact/v3/scopes?page_size=3&" + kCustom +
                                "&page_token=" + escape(first.at("page_token").as_string().c_str()));
    CHECK(second.json().at("data").at("group_ids").as_array().size() == 1);
    CHECK(app.get("/open-apis/application/v6/applications/cli_x/contacts_range_configuration").code() ==
          210504);
    CHECK(app.get(config + "&page_token=x").code() == 210501);

    const auto refused = [&](const std::string& path, int status, std::int64_t code) {
        const auto answer = app.get("/open-apis/contact/v3/" + path + kCustom);
        CHECK(answer.status == status);
        CHECK(answer.code() == code);
    };
    refused("departments/0/children?", 403, 40004);
    refused("departments/a/children?", 403, 40014);
    refused("departments/0?", 403, 40004);
    refused("departments/a?", 403, 40004);
    refused("departments/b?", 200, 0);
    refused("users/find_by_department?department_id=0&", 403, 40004);
    refused("users/find_by_department?department_id=a&", 403, 40004);
    refused("users/m1?", 400, 41050);
    refused("users/m0?", 200, 0);
    refused("users/m2?", 200, 0);
    refused("users/gone?", 400, 41050);
    CHECK(app.get("/open-apis/contact/v3/departments/batch?department_ids=a&department_ids=b&" + kCustom)
              .json()
              .at("data")
              .at("items")
              .as_array()
              .size() == 1);
    CHECK(app.get("/open-apis/contact/v3/users/batch?user_ids=m1&user_ids=m2&" + kCustom)
              .json()
              .at("data")
              .at("items")
              .as_array()
              .size() == 1);
    CHECK(app.all("/open-apis/contact/v3/departments/parent?department_id=b&" + kCustom).items.empty());
    CHECK(texts(app.all("/open-apis/contact/v3/users?" + kCustom).items, "user_id") ==
          Strings{"m0"});  // alone, in no visible department
    CHECK(texts(app.all("/open-apis/contact/v3/departments?" + kCustom).items, "department_id") ==
          Strings{"b"});

    const auto m2 = item(app.get(kUsers + "?department_id=b&" + kCustom), 0);
    CHECK(m2.at("department_ids") == boost::json::parse(R"(["a","b"])"));
    behaviour.hideDeptsOutOfRange = true;
    server.setBehaviour(behaviour);
    CHECK(item(app.get(kUsers + "?department_id=b&" + kCustom), 0).at("department_ids") ==
          boost::json::parse(R"(["b"])"));
}

TEST_CASE("feishu emulator: roles", "[emulator]") {
    FeishuServer server({}, demo());
    App app(server);
    const std::string role = "/open-apis/contact/v3/functional_roles/r1/members";
    const auto page = app.get(role + "?page_size=2&" + kCustom).json().at("data");
    CHECK(
        page.at("members") ==
        boost::json::parse(R"([{"user_id":"m1","scope_type":"None"},{"user_id":"m2","scope_type":"None"}])"));
    const auto last = app.get(role + "?page_size=2&" + kCustom +
                              "&page_token=" + escape(page.at("page_token").as_string().c_str()))
                          .json()
                          .at("data");
    CHECK(last.at("members").as_array().size() == 1);
    CHECK(last.at("has_more") == false);
    CHECK(last.as_object().contains("page_token"));  // though nothing follows
    CHECK(app.get("/open-apis/contact/v3/functional_roles/nope/members").status == 404);
    CHECK(app.get("/open-apis/contact/v3/functional_roles/nope/members").code() == 41202);
    CHECK(app.get(role + "?page_size=101").code() == 40001);
    CHECK(app.get(role + "?page_size=0").code() == 0);
    CHECK(app.get(role + "/m2?" + kCustom).json().at("data").at("member").at("user_id") == "m2");
    CHECK(app.get(role + "/m0?" + kCustom).code() == 41203);

    const auto made = app.post("/open-apis/contact/v3/functional_roles", R"({"role_name":"安全员"})");
    const std::string id(made.json().at("data").at("role_id").as_string());
    CHECK(app.post("/open-apis/contact/v3/functional_roles", R"({"role_name":"安全员"})").code() == 41201);
    CHECK(app.post("/open-apis/contact/v3/functional_roles", R"({"role_name":""})").code() == 99992402);
    const auto added = app.post(
        "/open-apis/contact/v3/functional_roles/" + id + "/members/batch_create?user_id_type=user_id",
        R"({"members":["m0","nope","m0"]})");
    CHECK(added.json().at("data").at("results") ==
          boost::json::parse(
              R"([{"user_id":"m0","reason":1},{"user_id":"nope","reason":2},{"user_id":"m0","reason":4}])"));
    CHECK(app.all("/open-apis/contact/v3/functional_roles/" + id + "/members", "members").items.size() == 1);
    CHECK(server.organisation().roleMemberSet.back() == RoleMember{id, "m0"});
}

TEST_CASE("feishu emulator: tenant, units, employee types, job titles", "[emulator]") {
    FeishuServer server({}, demo());
    App app(server);
    const auto tenant = app.get("/open-apis/tenant/v2/tenant/query").json().at("data").at("tenant");
    CHECK(tenant.at("name") == "Demo Ltd");
    CHECK(tenant.at("tenant_key") == "demo");
    CHECK(app.get("/open-apis/contact/v3/unit").json().at("data").at("unitlist").as_array().empty());
    CHECK(app.get("/open-apis/contact/v3/unit/list_department?unit_id=x").code() == 43051);
    const auto types = app.all("/open-apis/contact/v3/employee_type_enums?page_size=2").items;
    CHECK(texts(types, "enum_value") == Strings{"1", "2", "3", "4", "5"});
    const auto titles = app.all("/open-apis/contact/v3/job_titles").items;
    CHECK(texts(titles, "name") == Strings{"CTO"});
    const std::string id(titles[0].at("job_title_id").as_string());
    CHECK(app.get("/open-apis/contact/v3/job_titles/" + id).json().at("data").at("job_title").at("name") ==
          "CTO");
    CHECK(app.get("/open-apis/contact/v3/job_titles/nope").code() == 40001);
}

TEST_CASE("feishu emulator: rate limits", "[emulator]") {
    FeishuServer server(frozen(), demo());
    App app(server);
    FeishuBehaviour behaviour;
    behaviour.publishedRates = true;
    server.setBehaviour(behaviour);
    for (int i = 0; i < 50; ++i) {
        REQUIRE(app.get(kChildren).status == 200);
    }
    const auto refused = app.get(kChildren);
    CHECK(refused.status == 429);
    CHECK(refused.code() == 99991400);
    CHECK(refused.headers.at("x-ogw-ratelimit-limit") == "50");
    CHECK(refused.headers.at("x-ogw-ratelimit-reset") == "1");
    CHECK(app.get(kUsers + "?department_id=0").status == 200);                // another API
    CHECK(App(server, "cli_0000000000000000").get(kChildren).status == 200);  // another app
    for (int second = 1; second < 20; ++second) {
        server.advanceClock(std::chrono::seconds(1));
        for (int i = 0; i < 50; ++i) {
            REQUIRE(app.get(kChildren).status == 200);
        }
    }
    server.advanceClock(
        std::chrono::seconds(1));  // twenty seconds in, the thousand of this minute are used up
    const auto minute = app.get(kChildren);
    CHECK(minute.status == 429);
    CHECK(minute.headers.at("x-ogw-ratelimit-limit") == "1000");
    CHECK(minute.headers.at("x-ogw-ratelimit-reset") == "40");
    server.advanceClock(std::chrono::seconds(40));
    CHECK(app.get(kChildren).status == 200);
    CHECK(server.stats().rateLimited == 2);
}

TEST_CASE("feishu emulator: ways to answer that clients must bear", "[emulator]") {
    Organisation wide;
    wide.deptList.push_back({"1", "", "", 0, {}});
    for (int i = 0; i < 120; ++i) {
        wide.deptList.push_back(
            {"d" + std::to_string(i), i < 60 ? "1" : "d" + std::to_string(i - 60), "D", i, {}});
    }
    FeishuServer server({}, wide);
    App app(server);
    const std::string tree = kChildren + "?fetch_child=true&page_size=50&" + kCustom;
    const auto plain = texts(app.all(tree).items, "department_id");
    CHECK(app.all(tree).pages == std::vector<std::size_t>{50, 50, 20});
    const auto sorted = [](Strings items) {
        std::sort(items.begin(), items.end());
        return items;
    };

    FeishuBehaviour behaviour;
    behaviour.shuffle = 3;
    server.setBehaviour(behaviour);
    const auto shuffled = texts(app.all(tree).items, "department_id");
    CHECK(shuffled != plain);
    CHECK(sorted(shuffled) == sorted(plain));
    behaviour.shuffle = 4;
    server.setBehaviour(behaviour);
    CHECK(texts(app.all(tree).items, "department_id") != shuffled);

    behaviour = {};
    behaviour.parentsAfterChildren = true;
    server.setBehaviour(behaviour);
    const auto reversed = texts(app.all(tree).items, "department_id");
    CHECK(std::find(reversed.begin(), reversed.end(), "d60") <
          std::find(reversed.begin(), reversed.end(), "d0"));
    CHECK(sorted(reversed) == sorted(plain));

    behaviour = {};
    behaviour.shortPages = true;
    server.setBehaviour(behaviour);
    CHECK(app.all(tree).pages == std::vector<std::size_t>{33, 33, 33, 21});

    behaviour = {};
    behaviour.recursionLimit = 119;
    server.setBehaviour(behaviour);
    CHECK(app.get(tree).status == 400);
    CHECK(app.get(tree).code() == 43010);
    CHECK(app.all(kChildren + "?page_size=50").items.size() == 60);
    behaviour.recursionLimit = 120;
    behaviour.omitEmptyItems = true;
    behaviour.tokenOnLastPage = true;
    server.setBehaviour(behaviour);
    CHECK(app.get(tree).code() == 0);
    const auto empty = app.get(kUsers + "?department_id=0").json().at("data").as_object();
    CHECK_FALSE(empty.contains("items"));
    CHECK(empty.at("has_more") == false);
    CHECK_FALSE(empty.at("page_token").as_string().empty());
}

TEST_CASE("feishu emulator: faults", "[emulator]") {
    FeishuServer server({}, crowd(120));
    App app(server);
    const std::string list = kUsers + "?page_size=50&department_id=" + server.openDepartmentId(kApp, "d");
    const auto inject = [&](const char* json) {
        CHECK(Connection(server.port()).call("POST", "/_emulator/faults", json).status == 200);
    };

    inject(R"({"match": "find_by", "kind": "status", "status": 500})");
    CHECK(app.get(list).status == 500);
    CHECK(app.get(list).status == 200);
    inject(R"({"match": "find_by", "kind": "status", "status": 502})");
    auto answer = app.get(list);
    CHECK(answer.status == 502);
    CHECK_THAT(answer.body, ContainsSubstring("<html>"));
    inject(R"({"match": "find_by", "kind": "garbage"})");
    answer = app.get(list);
    CHECK(answer.status == 200);
    CHECK_THROWS(answer.json());
    inject(R"({"match": "find_by", "kind": "code", "code": 40003, "msg": "internal error"})");
    answer = app.get(list);
    CHECK(answer.status == 200);
    CHECK(answer.code() == 40003);
    inject(
        R"([{"match": "find_by", "kind": "rate-limit", "resetSeconds": 3}, {"match": "find_by", "kind": "rate-limit", "status": 400, "headers": false}])");
    answer = app.get(list);
    CHECK(answer.status == 429);
    CHECK(answer.headers.at("x-ogw-ratelimit-reset") == "3");
    answer = app.get(list);
    CHECK(answer.status == 400);
    CHECK(answer.code() == 99991400);
    CHECK_FALSE(answer.headers.contains("x-ogw-ratelimit-reset"));
    inject(R"({"match": "find_by", "kind": "expire-token"})");
    CHECK(app.get(list).code() == 99991663);
    CHECK(app.get(list).code() == 99991663);
    app.login();
    CHECK(app.get(list).code() == 0);
    inject(R"({"match": "find_by", "kind": "empty-success"})");
    CHECK(app.get(list).json().at("data") == boost::json::parse(R"({"has_more":false,"items":[]})"));

    inject(R"({"match": "find_by", "kind": "repeat-cursor", "times": -1})");
    answer = app.get(list);
    const std::string first(answer.json().at("data").at("page_token").as_string());
    CHECK(answer.json().at("data").at("has_more") == true);
    CHECK(app.get(list + "&page_token=" + escape(first)).json().at("data").at("page_token").as_string() ==
          first);
    CHECK(Connection(server.port()).call("DELETE", "/_emulator/faults").status == 200);
    CHECK(app.all(list).pages == std::vector<std::size_t>{50, 50, 20});

    inject(R"({"match": "find_by", "kind": "truncate"})");
    CHECK_THROWS(App(server).get(list));
    inject(R"({"match": "find_by", "kind": "reset", "afterBytes": 0})");
    CHECK_THROWS(App(server).get(list));
    inject(R"({"match": "find_by", "kind": "delay", "delayMs": 60})");
    const auto before = std::chrono::steady_clock::now();
    CHECK(app.get(list).status == 200);
    CHECK(std::chrono::steady_clock::now() - before >= std::chrono::milliseconds(60));
    CHECK(server.stats().faultsInjected == 13);
}

TEST_CASE("feishu emulator: control calls", "[emulator]") {
    FeishuServer server(frozen(), demo());
    App app(server);
    Connection control(server.port());
    app.get(kChildren);
    app.get(kChildren + "?page_size=5");
    app.get("/open-apis/contact/v3/users/" + server.openUserId(kApp, "m1"));
    app.get("/nothing");
    auto stats = control.call("GET", "/_emulator/stats").json();
    CHECK(stats.at("requests") == 5);
    CHECK(stats.at("tokensIssued") == 1);
    CHECK(stats.at("endpoints") ==
          boost::json::parse(R"({"POST /open-apis/auth/v3/tenant_access_token/internal": 1,
        "GET /open-apis/contact/v3/departments/:department_id/children": 2, "GET /open-apis/contact/v3/users/:user_id": 1, "unknown": 1})"));
    CHECK(server.stats().of(label("contact/v3/users/:user_id")) == 1);
    CHECK(server.stats().highestConcurrency == 1);
    control.call("DELETE", "/_emulator/stats");
    CHECK(server.stats().requests == 0);

    const std::string file = control.call("GET", "/_emulator/org").body;
    CHECK(parseOrganisation(file) == demo());
    Organisation next = demo();
    next.deptList.pop_back();
    next.userList[0].nick = "renamed";
    CHECK(control.call("PUT", "/_emulator/org", writeOrganisation(next)).body ==
          "{\"departments\":3,\"members\":5}\n");
    CHECK(app.all(kChildren).items.size() == 1);  // with the token of before
    CHECK(item(app.get(kUsers + "?department_id=0"), 0).at("name") == "renamed");
    CHECK(app.get("/open-apis/contact/v3/departments/c?" + kCustom).code() == 40015);  // deleted, not unknown
    CHECK(app.get("/open-apis/contact/v3/departments/" + server.openDepartmentId(kApp, "c")).code() == 40015);
    const auto refused = control.call("PUT", "/_emulator/org",
                                      R"({"deptList":[{"deptId":"1"},{"deptId":"0","parentId":"1"}]})");
    CHECK(refused.status == 400);
    CHECK_THAT(std::string(refused.json().at("error").as_string()), ContainsSubstring("deptList[1].deptId"));
    CHECK(control.call("PUT", "/_emulator/org", "nonsense").status == 400);
    CHECK(server.organisation() == next);

    CHECK(control.call("POST", "/_emulator/clock", R"({"advanceSeconds": 7200})").status == 200);
    CHECK(app.get(kChildren).code() == 99991663);
    CHECK(control.call("POST", "/_emulator/clock", R"({"advanceSeconds": -1})").status == 400);
    CHECK(control.call("POST", "/_emulator/faults", R"({"kind": "explode"})").status == 400);
    app.login();

    CHECK(control
              .call("PUT", "/_emulator/behaviour",
                    R"({"range": {"deptIds": ["a"]}, "omitEmptyItems": true, "shuffle": 7})")
              .status == 200);
    CHECK(app.get(kChildren).code() == 40004);
    CHECK(server.behaviour().shuffle == 7U);
    CHECK(
        control.call("PUT", "/_emulator/behaviour", R"({"shuffle": null, "range": {"all": true}})").status ==
        200);
    CHECK_FALSE(server.behaviour().shuffle);
    CHECK(server.behaviour().omitEmptyItems);
    CHECK(app.get(kChildren).code() == 0);
    CHECK(control.call("PUT", "/_emulator/behaviour", R"({"ratePerSecond": -1})").status == 400);
    CHECK(control.call("PUT", "/_emulator/behaviour", control.call("GET", "/_emulator/behaviour").body)
              .status == 200);
    CHECK(control.call("GET", "/_emulator/nothing").status == 404);
}

TEST_CASE("feishu emulator: a whole pull of a generated organisation", "[emulator]") {
    const Organisation made = generate(3000, 11);
    FeishuServer server({}, made);
    App app(server);
    server.resetStats();
    std::map<std::string, std::set<std::string>> expected;
    std::size_t calls = 0;
    for (const Dept& dept : made.deptList) {
        expected[dept.parentId.empty() ? "0" : dept.deptId];
    }
    for (const Member& member : made.userList) {
        for (const Membership& place : member.departments) {
            expected[place.deptId == "1" ? "0" : place.deptId].insert(member.memberId);
        }
    }
    Strings depts =
        texts(app.all(kChildren + "?fetch_child=true&page_size=50&" + kCustom).items, "department_id");
    depts.push_back("0");
    std::map<std::string, std::set<std::string>> seen;
    for (const std::string& dept : depts) {
        const auto listing = app.all(kUsers + "?page_size=50&" + kCustom + "&department_id=" + dept);
        const auto ids = texts(listing.items, "user_id");
        seen[dept] = {ids.begin(), ids.end()};
        calls += std::max<std::size_t>(1, (seen[dept].size() + 49) / 50);
    }
    CHECK(seen == expected);
    CHECK(server.stats().of(label("contact/v3/users/find_by_department")) == calls);
    CHECK(server.stats().of(label("contact/v3/departments/:department_id/children")) ==
          (made.deptList.size() - 1 + 49) / 50);
}

}  // namespace emulator_feishu_test
