#include "unit/emulator/people.hpp"
#include "unit/emulator/raw_http.hpp"

#include <corps/emulator/dingtalk.hpp>
#include <corps/emulator/generate.hpp>

#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace emulator_dingtalk_test {
namespace {

using namespace corps::emulator;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Matches;
using Catch::Matchers::StartsWith;
using emulator_test::Answer;
using emulator_test::Connection;
using emulator_test::person;
using Strings = std::vector<std::string>;
using Numbers = std::vector<std::int64_t>;

constexpr std::string_view kKey = "dingexampleappkey01";
const std::string kCorp = "ding0a1b2c3d4e5f60718293a4b5c6d7e8f9";

/**
 * 1: user0001
 *   500000001 Engineering: Lin (leader), Wu
 *     500000002 Platform: Lin
 *   500000003 Sales: nobody, led by user0001
 *   -7 of the school-family address book
 */
Organisation demo() {
    Organisation out;
    out.corpId = kCorp;
    out.corpName = "Example Tech";
    out.deptList = {{"root", "", "Root", 0, {}},
                    {"500000001", "root", "Engineering", 1000, {"user0002"}},
                    {"500000002", "500000001", "Plat/form", 10, {}},
                    {"500000003", "root", "Sales", 2000, {"user0001", "user0900"}},
                    {"-7", "root", "Family", 3000, {}}};
    out.userList = {person("user0001", {}),
                    person("user0002", {{"500000001", false, 5, true}, {"500000002", false, 0, false}}),
                    person("user0003", {{"500000001", false, 4, false}}),
                    person("user0900", {{"500000001", false, 0, false}})};
    Member& lin = out.userList[1];
    lin.nick = "Lin Example";
    lin.unionId = "ExAmPlEuNiOnId0002iEiE";
    lin.phone = "+8613900000002";
    lin.email = "lin@example.com";
    lin.jobNumber = "E0002";
    lin.position = "Engineering lead";
    lin.photo = "https://static-legacy.dingtalk.com/media/example1.jpg";
    lin.hiredDate = "2020-08-16";
    out.userList[2].phone = "+85261234567";
    out.userList[2].upstreamStatus = "unactivated";
    out.userList[3].status = 2;
    out.userList[3].phone = "+8613900000900";
    out.roleGroupList = {{"4065319990", "职务"}};
    out.roleList = {{"4065319999", "4065319990", "Architect"}, {"r2", "4065319990", "Buyer"}};
    out.roleMemberSet = {{"4065319999", "user0002"}, {"4065319999", "user0900"}, {"4065319999", "user0001"}};
    out.adminIds = {"user0001", "user0002"};
    return out;
}

/** A department 2 with so many members. */
Organisation crowd(std::size_t members) {
    Organisation out;
    out.deptList = {{"1", "", "", 0, {}}, {"2", "1", "D", 0, {}}};
    for (std::size_t i = 0; i < members; ++i) {
        out.userList.push_back(
            person("m" + std::to_string(i), {{"2", false, static_cast<std::int64_t>(i), true}}));
    }
    return out;
}

/** A time that only the test moves: 2026-09-02 16:01:02 UTC, which is past midnight in Shanghai. */
DingTalkOptions frozen() {
    DingTalkOptions out;
    out.clock = [] { return std::chrono::milliseconds(1'788'364'862'000); };
    return out;
}

/** An app at work: one connection and a token. */
class App {
public:
    explicit App(const DingTalkServer& server, std::string_view appKey = kKey)
        : appKey_(appKey), connection_(server.port()) {
        login();
    }
    Answer gettoken(std::string_view secret = "SECRET") {
        return raw("GET", "/gettoken?appkey=" + appKey_ + "&appsecret=" + std::string(secret));
    }
    void login() { token = gettoken().json().at("access_token").as_string().c_str(); }
    Answer raw(std::string_view method, std::string_view target, std::string_view body = {},
               std::string_view headers = {}) {
        return connection_.call(method, target, body, headers);
    }
    /** A call of oapi. */
    Answer call(std::string_view path, std::string_view body = "{}") {
        return raw("POST", std::string(path) + "?access_token=" + token, body);
    }
    Answer old(std::string_view path, std::string_view more = {}) {
        return raw("GET", std::string(path) + "?access_token=" + token + std::string(more));
    }
    /** A call of the new family. */
    Answer get(std::string_view path, std::string_view with = {}) {
        return raw("GET", path, {},
                   "x-acs-dingtalk-access-token: " + std::string(with.empty() ? token : with) + "\r\n");
    }
    Answer post(std::string_view path, std::string_view body) {
        return raw("POST", path, body, "x-acs-dingtalk-access-token: " + token + "\r\n");
    }

    std::string token;

private:
    std::string appKey_;
    Connection connection_;
};

std::int64_t errcode(const Answer& answer) {
    CHECK(answer.status == 200);
    return answer.json().at("errcode").to_number<std::int64_t>();
}

std::string word(const Answer& answer, const char* key = "code") {
    return answer.json().at(key).as_string().c_str();
}

/** What stands in `result`, as text, to compare key by key. */
std::string result(const Answer& answer) {
    CHECK(errcode(answer) == 0);
    return boost::json::serialize(answer.json().at("result"));
}

Strings keys(const boost::json::value& object) {
    Strings out;
    for (const auto& member : object.as_object()) {
        out.emplace_back(member.key().data(), member.key().size());
    }
    return out;
}

Strings userids(const Answer& answer, const char* list = "list") {
    Strings out;
    const auto body = answer.json();
    for (const auto& item : body.at("result").at(list).as_array()) {
        out.emplace_back(item.is_string() ? item.as_string().c_str() : item.at("userid").as_string().c_str());
    }
    return out;
}

Numbers dept_ids(const Answer& answer) {
    Numbers out;
    const auto body = answer.json();
    for (const auto& item : body.at("result").as_array()) {
        out.push_back(item.at("dept_id").as_int64());
    }
    return out;
}

std::string escape(std::string_view text) {
    std::string out;
    for (const char c : text) {
        static constexpr char kHex[] = "0123456789ABCDEF";
        out += '%';
        out += kHex[static_cast<unsigned char>(c) >> 4U];
        out += kHex[static_cast<unsigned char>(c) & 15U];
    }
    return out;
}

}  // namespace

TEST_CASE("dingtalk emulator: one token an app, in three ways, renewed by asking", "[emulator]") {
    DingTalkServer server(frozen(), demo());
    App app(server);
    const Answer answer = app.gettoken();
    CHECK(answer.headers.at("Content-Type") == "application/json");
    CHECK(answer.headers.at("Server") == "DingTalk/1.0.0");
    CHECK(answer.headers.at("Transfer-Encoding") == "chunked");
    CHECK(answer.body ==
          R"({"errcode":0,"access_token":")" + app.token + R"(","errmsg":"ok","expires_in":7200})");
    CHECK_THAT(app.token, Matches("[0-9a-f]{32}"));

    const std::string key(kKey);
    CHECK(
        app.raw("POST", "/v1.0/oauth2/accessToken", R"({"appKey":")" + key + R"(","appSecret":"S"})").body ==
        R"({"accessToken":")" + app.token + R"(","expireIn":7200})");
    const std::string unified =
        R"({"client_id":")" + key + R"(","client_secret":"S","grant_type":"client_credentials"})";
    CHECK(app.raw("POST", "/v1.0/oauth2/" + kCorp + "/token", unified).body ==
          R"({"access_token":")" + app.token + R"(","expires_in":7200})");
    CHECK(server.stats().tokensIssued == 1);
    CHECK(server.stats().of("POST /v1.0/oauth2/:corpId/token") == 1);

    // Asked again within its life it is the same, and lives as long again.
    server.advanceClock(std::chrono::seconds(7199));
    CHECK(word(app.gettoken(), "access_token") == app.token);
    server.advanceClock(std::chrono::seconds(7199));
    CHECK(errcode(app.call("/topapi/v2/department/listsub")) == 0);
    server.advanceClock(std::chrono::seconds(1));
    const Answer expired = app.call("/topapi/v2/department/listsub");
    CHECK(expired.json().at("sub_code") == "40014");
    CHECK(word(app.get("/v1.0/contact/organizations/authInfos")) == "InvalidAuthentication");
    const std::string before = app.token;
    app.login();
    CHECK(app.token != before);
    CHECK(errcode(app.call("/topapi/v2/department/listsub")) == 0);
    CHECK(server.stats().tokensIssued == 2);

    DingTalkBehaviour behaviour;
    behaviour.separateTokens = true;
    behaviour.expiredTokenCode = 42001;
    server.setBehaviour(behaviour);
    app.login();
    CHECK(word(app.raw("POST", "/v1.0/oauth2/accessToken", R"({"appKey":")" + key + R"(","appSecret":"S"})"),
               "accessToken") != app.token);
    server.advanceClock(std::chrono::hours(3));
    CHECK(app.call("/topapi/role/list").json().at("sub_code") == "42001");
}

TEST_CASE("dingtalk emulator: tokens are refused in each family's words", "[emulator]") {
    DingTalkOptions options = frozen();
    options.credentials = {{std::string(kKey), "SECRET"}};
    DingTalkServer server(options, demo());
    App app(server);
    CHECK(app.gettoken("wrong").body == R"({"errcode":40096,"errmsg":"不合法的appKey或appSecret"})");
    CHECK(app.raw("GET", "/gettoken").body == R"({"errcode":40035,"errmsg":"缺少参数 corpid or appkey"})");
    CHECK(errcode(app.raw("GET", "/gettoken?corpid=" + kCorp + "&corpsecret=wrong")) == 40089);
    CHECK(errcode(app.raw("GET", "/gettoken?corpid=" + kCorp + "&corpsecret=SECRET")) == 0);
    Answer answer = app.raw("POST", "/v1.0/oauth2/accessToken", R"({"appKey":"a","appSecret":"b"})");
    CHECK(answer.status == 400);
    CHECK(keys(answer.json()) == Strings{"code", "requestid", "message"});
    CHECK(word(answer) == "invalidClientIdOrSecret");
    CHECK(word(answer, "message") == "无效的clientId或者clientSecret");
    CHECK_THAT(word(answer, "requestid"), Matches("[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}"));
    const std::string grant =
        R"({"client_id":"dingexampleappkey01","client_secret":"SECRET","grant_type":"client_credentials"})";
    CHECK(word(app.raw("POST", "/v1.0/oauth2/ding1/token", grant)) == "unknownError");
    CHECK(word(app.raw("POST", "/v1.0/oauth2/" + kCorp + "/token", R"({"grant_type":"x"})")) ==
          "unsupported.grant.type");
    CHECK(word(app.raw("POST", "/v1.0/oauth2/" + kCorp + "/token",
                       R"({"grant_type":"client_credentials"})")) == "invalid.client");

    // Wrapped on topapi, on top on the older paths, words on the new ones.
    answer = app.raw("POST", "/topapi/v2/user/get?access_token=wrong", R"({"userid":"user0002"})");
    CHECK(answer.headers.at("Content-Type") == "application/json;charset=UTF-8");
    CHECK_THAT(
        answer.body,
        StartsWith(
            R"({"errcode":88,"sub_code":"40014","sub_msg":"不合法的access_token",)"
            R"("errmsg":"ding talk error[subcode=40014,submsg=不合法的access_token]","request_id":")"));
    CHECK_THAT(word(answer, "request_id"), Matches("[0-9a-z]{11,14}"));
    CHECK(app.raw("GET", "/auth/scopes?access_token=wrong").body ==
          R"({"errcode":40014,"errmsg":"不合法的access_token"})");
    answer =
        app.raw("POST", "/topapi/v2/user/get", "{}", "x-acs-dingtalk-access-token: " + app.token + "\r\n");
    CHECK(answer.json().at("sub_code") == "40000");
    CHECK(answer.json().at("sub_msg") == "access_token is blank");
    answer = app.get("/v1.0/contact/organizations/authInfos", "wrong");
    CHECK(answer.status == 400);
    CHECK(word(answer, "message") == "不合法的access_token");
    answer = app.raw("GET", "/v1.0/contact/organizations/authInfos?access_token=" + app.token);
    CHECK(answer.status == 400);
    CHECK(word(answer) == "AuthenticationFailed.MissingParameter");
    CHECK(word(answer, "message") == "缺少参数：x-acs-dingtalk-access-token");
    CHECK(answer.headers.contains("x-acs-request-id"));

    DingTalkBehaviour behaviour;
    behaviour.deniedIp = "203.0.113.9";
    server.setBehaviour(behaviour);
    CHECK(app.call("/topapi/role/list").json().at("sub_msg") ==
          "访问ip不在白名单之中,request ip=203.0.113.9 appKey(dingexampleappkey01)");
    CHECK(word(app.get("/v1.0/contact/organizations/authInfos")) ==
          "Forbidden.AccessDenied.IpNotInWhiteList");
}

TEST_CASE("dingtalk emulator: parameters as JSON, as strings, as a form", "[emulator]") {
    DingTalkServer server(frozen(), demo());
    App app(server);
    const std::string path = "/topapi/v2/user/list";
    for (const char* body :
         {R"({"dept_id":500000001,"cursor":0,"size":10,"contain_access_limit":false})",
          R"({"dept_id":"500000001","cursor":"0","size":"10","contain_access_limit":"false"})"}) {
        CHECK(userids(app.call(path, body)) == Strings{"user0003", "user0002"});
    }
    const std::string form = "dept_id=500000001&cursor=0&size=10&access_token=" + app.token;
    Connection connection(server.port());
    connection.send("POST " + path +
                    " HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n" +
                    "Content-Length: " + std::to_string(form.size()) + "\r\n\r\n" + form);
    CHECK(userids(connection.receive()) == Strings{"user0003", "user0002"});
    CHECK(errcode(app.call(path, "{")) == 47001);

    // The new family takes JSON only.
    const std::string login = "appKey=a&appSecret=b";
    connection.send(
        "POST /v1.0/oauth2/accessToken HTTP/1.1\r\nHost: h\r\nContent-Type: "
        "application/x-www-form-urlencoded\r\n"
        "Content-Length: " +
        std::to_string(login.size()) + "\r\n\r\n" + login);
    const Answer answer = connection.receive();
    CHECK(answer.status == 400);
    CHECK(word(answer) == "Missingbody");
}

TEST_CASE("dingtalk emulator: paths and methods that are not there", "[emulator]") {
    DingTalkServer server(frozen(), demo());
    App app(server);
    const Answer unknown = app.call("/topapi/v2/user/notexist");
    CHECK_THAT(
        unknown.body,
        StartsWith("{\"errcode\":22,\"sub_msg\":\"不合法ApiName，ApiName = dingtalk.oapi.v2.user.notexist\","
                   "\"errmsg\":\"Invalid method[submsg=不合法ApiName，ApiName = "
                   "dingtalk.oapi.v2.user.notexist]\",\"request_id\":"));
    CHECK(app.raw("GET", "/contact/users/me").body == "{\"errcode\":404,\"errmsg\":\"请求的URI地址不存在\"}");
    CHECK(app.get("/v1.0/contact/nothing").status == 404);
    CHECK(word(app.get("/v1.0/contact/nothing")) == "InvalidAction.NotFound");
    CHECK(app.post("/v1.0/contact/empLeaveRecords", "{}").status == 404);
    CHECK(errcode(app.old("/topapi/role/list")) == 43002);
    CHECK(errcode(app.call("/auth/scopes")) == 43001);
    CHECK(server.stats().of("unknown") == 7);
}

TEST_CASE("dingtalk emulator: departments", "[emulator]") {
    DingTalkServer server(frozen(), demo());
    App app(server);
    Answer answer = app.call("/topapi/v2/department/listsub");
    CHECK(keys(answer.json()) == Strings{"errcode", "errmsg", "result", "request_id"});
    CHECK(dept_ids(answer) == Numbers{500000001, 500000003, -7});
    auto first = answer.json().at("result").at(0).as_object();
    first.stable_erase("ext");  // some have it
    CHECK(
        boost::json::serialize(first) ==
        R"({"auto_add_user":true,"create_dept_group":true,"dept_id":500000001,"name":"Engineering","parent_id":1})");
    CHECK(result(app.call("/topapi/v2/department/listsub", R"({"dept_id":500000002})")) == "[]");
    CHECK(errcode(app.call("/topapi/v2/department/listsub", R"({"dept_id":4})")) == 60003);
    CHECK(app.call("/topapi/v2/department/listsub", R"({"dept_id":4})").json().at("errmsg") == "部门不存在");
    CHECK(errcode(app.call("/topapi/v2/department/listsub", R"({"dept_id":-7})")) == 60003);
    CHECK(errcode(app.call("/topapi/v2/department/listsub", R"({"dept_id":"x"})")) == 400002);

    CHECK(result(app.call("/topapi/v2/department/listsubid", R"({"dept_id":1})")) ==
          R"({"dept_id_list":[500000001,500000003,-7]})");
    CHECK(errcode(app.call("/topapi/v2/department/listsubid")) == 400002);

    answer = app.call("/topapi/v2/department/get", R"({"dept_id":500000001})");
    const std::string chat(answer.json().at("result").at("dept_group_chat_id").as_string());
    CHECK_THAT(chat, Matches("chat[0-9a-f]{32}"));
    CHECK(
        result(answer) ==
        R"({"auto_add_user":true,"auto_approve_apply":false,"brief":"","create_dept_group":true,"dept_group_chat_id":")" +
            chat +
            R"(","dept_id":500000001,"dept_manager_userid_list":["user0002"],"dept_permits":[],)"
            R"("group_contain_sub_dept":false,"hide_dept":false,"member_count":2,"name":"Engineering","order":1000,)"
            R"("org_dept_owner":"user0002","outer_dept":false,"outer_permit_depts":[],"outer_permit_users":[],)"
            R"("owning_member_count":2,"parent_id":1,"user_permits":[]})");
    const auto root =
        app.call("/topapi/v2/department/get", R"({"dept_id":1})").json().at("result").as_object();
    CHECK(root.at("name") == "Example Tech");
    CHECK_FALSE(root.contains("parent_id"));
    CHECK(root.at("member_count") == 3);
    CHECK(root.at("owning_member_count") == 1);
    CHECK(errcode(app.call("/topapi/v2/department/get", R"({"dept_id":-7})")) == 60003);
    // A leader need not be a member; one who has left does not lead.
    CHECK(boost::json::serialize(app.call("/topapi/v2/department/get", R"({"dept_id":500000003})")
                                     .json()
                                     .at("result")
                                     .at("dept_manager_userid_list")) == R"(["user0001"])");

    CHECK(result(app.call("/topapi/v2/department/listparentbydept", R"({"dept_id":500000002})")) ==
          R"({"parent_id_list":[500000002,500000001,1]})");
    CHECK(
        result(app.call("/topapi/v2/department/listparentbyuser", R"({"userid":"user0002"})")) ==
        R"({"parent_list":[{"parent_dept_id_list":[500000001,1]},{"parent_dept_id_list":[500000002,500000001,1]}]})");
    CHECK(errcode(app.call("/topapi/v2/department/listparentbyuser", R"({"userid":"user0900"})")) == 60121);

    DingTalkBehaviour behaviour;
    behaviour.omitEmptyLists = true;
    behaviour.memberCounts = false;
    behaviour.permitLists = false;
    behaviour.rootHasOwnName = true;
    behaviour.escapeSlashes = true;
    behaviour.hiddenDeptIds = {"500000003"};
    server.setBehaviour(behaviour);
    CHECK_FALSE(app.call("/topapi/v2/department/listsub", R"({"dept_id":500000002})")
                    .json()
                    .as_object()
                    .contains("result"));
    CHECK_THAT(app.call("/topapi/v2/department/listsub", R"({"dept_id":500000001})").body,
               ContainsSubstring("Plat\\/form"));
    const auto bare =
        app.call("/topapi/v2/department/get", R"({"dept_id":1})").json().at("result").as_object();
    CHECK(bare.at("name") == "Root");
    CHECK_FALSE(bare.contains("member_count"));
    CHECK_FALSE(bare.contains("dept_permits"));
    const auto hidden =
        app.call("/topapi/v2/department/get", R"({"dept_id":500000003})").json().at("result").as_object();
    CHECK(hidden.at("hide_dept") == true);
    CHECK(hidden.contains("dept_permits"));
    CHECK(dept_ids(app.call("/topapi/v2/department/listsub")).size() == 3);
    behaviour.withholdHidden = true;
    server.setBehaviour(behaviour);
    CHECK(dept_ids(app.call("/topapi/v2/department/listsub")) == Numbers{500000001, -7});
}

TEST_CASE("dingtalk emulator: a member in the list and alone", "[emulator]") {
    DingTalkServer server(frozen(), demo());
    App app(server);
    const std::string list = R"({"dept_id":500000001,"cursor":0,"size":100})";
    // Larger orders come first, and they lie beyond what a double holds.
    const Answer answer = app.call("/topapi/v2/user/list", list);
    CHECK(
        result(answer) ==
        R"({"has_more":false,"list":[{"active":false,"admin":false,"avatar":"","boss":false,)"
        R"("dept_id_list":[500000001],"dept_order":176188733616559508,"exclusive_account":false,)"
        R"("hide_mobile":false,"job_number":"","leader":false,"mobile":"61234567","name":"N user0003",)"
        R"("state_code":"852","title":"","unionid":")" +
            server.unionId("user0003") +
            R"(","userid":"user0003"},)"
            R"({"active":true,"admin":true,"avatar":"https://static-legacy.dingtalk.com/media/example1.jpg",)"
            R"("boss":false,"dept_id_list":[500000001,500000002],"dept_order":176188733616559507,)"
            R"("email":"lin@example.com","exclusive_account":false,"hide_mobile":false,)"
            R"("hired_date":1597507200000,"job_number":"E0002","leader":true,"mobile":"13900000002",)"
            R"("name":"Lin Example","state_code":"86","title":"Engineering lead",)"
            R"("unionid":"ExAmPlEuNiOnId0002iEiE","userid":"user0002"}]})");
    CHECK_THAT(server.unionId("user0003"), Matches("[A-Za-z0-9_-]{22}iEiE"));
    // In the other department she leads nobody.
    const Answer other = app.call("/topapi/v2/user/list", R"({"dept_id":500000002,"cursor":0,"size":100})");
    CHECK(other.json().at("result").at("list").at(0).at("leader") == false);
    CHECK(other.json().at("result").at("list").at(0).at("dept_order") == 176188733616559512);

    const std::string get = R"({"userid":"user0002"})";
    CHECK(result(app.call("/topapi/v2/user/get", get)) ==
          R"({"active":true,"admin":true,"avatar":"https://static-legacy.dingtalk.com/media/example1.jpg",)"
          R"("boss":false,"create_time":"2024-07-15T07:05:43.000Z","dept_id_list":[500000001,500000002],)"
          R"("dept_order_list":[{"dept_id":500000001,"order":176188733616559507},)"
          R"({"dept_id":500000002,"order":176188733616559512}],"email":"lin@example.com",)"
          R"("exclusive_account":false,"hide_mobile":false,"hired_date":1597507200000,"job_number":"E0002",)"
          R"("leader_in_dept":[{"dept_id":500000001,"leader":true},{"dept_id":500000002,"leader":false}],)"
          R"("mobile":"13900000002","name":"Lin Example","real_authed":true,)"
          R"("role_list":[{"group_name":"默认","id":)" +
              std::to_string(app.call("/topapi/role/list")
                                 .json()
                                 .at("result")
                                 .at("list")
                                 .at(0)
                                 .at("roles")
                                 .at(1)
                                 .at("id")
                                 .as_int64()) +
              R"(,"name":"主管"},{"group_name":"默认","id":)" +
              std::to_string(app.call("/topapi/role/list")
                                 .json()
                                 .at("result")
                                 .at("list")
                                 .at(0)
                                 .at("roles")
                                 .at(3)
                                 .at("id")
                                 .as_int64()) +
              R"(,"name":"子管理员"},{"group_name":"职务","id":4065319999,"name":"Architect"}],)"
              R"("senior":false,"state_code":"86","title":"Engineering lead","union_emp_ext":{},)"
              R"("unionid":"ExAmPlEuNiOnId0002iEiE","userid":"user0002"})");
    // Who is in no department is in the root; no role, no list.
    const auto wu =
        app.call("/topapi/v2/user/get", R"({"userid":"user0003"})").json().at("result").as_object();
    CHECK_FALSE(wu.contains("role_list"));
    CHECK_FALSE(wu.contains("hired_date"));
    CHECK(boost::json::serialize(app.call("/topapi/v2/user/get", R"({"userid":"user0001"})")
                                     .json()
                                     .at("result")
                                     .at("dept_id_list")) == "[1]");

    CHECK(errcode(app.call("/topapi/v2/user/get")) == 400002);
    for (const char* gone : {"user0900", "nobody"}) {
        const Answer refused = app.call("/topapi/v2/user/get", std::string(R"({"userid":")") + gone + "\"}");
        CHECK(errcode(refused) == 60121);
        CHECK(refused.json().at("errmsg") == "找不到该用户");
        CHECK_FALSE(refused.json().as_object().contains("sub_code"));
    }

    DingTalkBehaviour behaviour;
    behaviour.positionLists = true;
    behaviour.orgMail = true;
    behaviour.unknownUserCode = 33012;
    behaviour.permissions = dingtalkPermissions();
    std::erase(behaviour.permissions, "fieldMobile");
    std::erase(behaviour.permissions, "fieldEmail");
    server.setBehaviour(behaviour);
    const auto alone = app.call("/topapi/v2/user/get", get).json().at("result").as_object();
    for (const char* withheld : {"mobile", "state_code", "email"}) {
        CHECK_FALSE(alone.contains(withheld));
    }
    CHECK(alone.at("org_email") == "user0002@corp.example.com");
    CHECK(boost::json::serialize(alone.at("dept_position_list")) ==
          R"([{"dept_id":500000001,"is_main":true,"title":"Engineering lead","work_place":""},)"
          R"({"dept_id":500000002,"is_main":false,"title":"Engineering lead","work_place":""}])");
    const auto listed =
        app.call("/topapi/v2/user/list", list).json().at("result").at("list").at(1).as_object();
    CHECK_FALSE(listed.contains("mobile"));
    CHECK_FALSE(listed.contains("org_email"));  // in the list it needs the permission
    CHECK(errcode(app.call("/topapi/v2/user/get", R"({"userid":"nobody"})")) == 33012);
    behaviour.emptyFields = true;
    server.setBehaviour(behaviour);
    const auto empty = app.call("/topapi/v2/user/get", get).json().at("result").as_object();
    CHECK(empty.at("mobile") == "");
    CHECK(empty.at("email") == "");
    CHECK(empty.at("work_place") == "");
}

TEST_CASE("dingtalk emulator: pages of members at their edges", "[emulator]") {
    DingTalkServer server(frozen());
    App app(server);
    const auto pages = [&](std::string_view path) {
        std::vector<std::size_t> out;
        std::set<std::string> seen;
        std::int64_t cursor = 0;
        for (int i = 0; i < 50; ++i) {
            const Answer answer =
                app.call(path, R"({"dept_id":2,"size":100,"cursor":)" + std::to_string(cursor) + "}");
            const auto ids = userids(answer);
            out.push_back(ids.size());
            seen.insert(ids.begin(), ids.end());
            const auto body = answer.json().at("result").as_object();
            if (!body.at("has_more").as_bool()) {
                break;
            }
            cursor = body.at("next_cursor").as_int64();
        }
        std::size_t total = 0;
        for (const std::size_t count : out) {
            total += count;
        }
        CHECK(seen.size() == total);
        return out;
    };
    using Sizes = std::vector<std::size_t>;
    for (const std::string_view path : {"/topapi/v2/user/list", "/topapi/user/listsimple"}) {
        const std::vector<std::pair<std::size_t, Sizes>> cases{
            {0, {0}}, {99, {99}}, {100, {100}}, {101, {100, 1}}, {201, {100, 100, 1}}};
        for (const auto& [members, sizes] : cases) {
            server.setOrganisation(crowd(members));
            CHECK(pages(path) == sizes);
        }
    }
    const auto last = [&] {
        return app.call("/topapi/v2/user/list", R"({"dept_id":2,"cursor":200,"size":100})")
            .json()
            .at("result")
            .as_object();
    };
    CHECK_FALSE(last().contains("next_cursor"));

    DingTalkBehaviour behaviour;
    behaviour.cursorOnLastPage = true;
    server.setBehaviour(behaviour);
    CHECK(last().at("next_cursor") == 201);
    behaviour = {};
    behaviour.moreOnFullLastPage = true;
    server.setBehaviour(behaviour);
    server.setOrganisation(crowd(100));
    CHECK(pages("/topapi/v2/user/list") == Sizes{100, 0});
    behaviour = {};
    behaviour.shortPages = true;
    server.setBehaviour(behaviour);
    CHECK(pages("/topapi/v2/user/list") == Sizes{66, 34});
    behaviour = {};
    behaviour.pageLimit = 40;
    server.setBehaviour(behaviour);
    CHECK(pages("/topapi/v2/user/list") == Sizes{40, 40, 20});
    behaviour = {};
    behaviour.opaqueCursors = true;
    behaviour.omitEmptyLists = true;
    server.setBehaviour(behaviour);
    server.setOrganisation(crowd(101));
    CHECK(pages("/topapi/v2/user/list") == Sizes{100, 1});
    const auto answer = app.call("/topapi/v2/user/list", R"({"dept_id":2,"cursor":0,"size":100})");
    CHECK(answer.json().at("result").at("next_cursor") != 100);
    CHECK(errcode(app.call("/topapi/v2/user/list", R"({"dept_id":2,"cursor":100,"size":100})")) == 40035);
    CHECK_FALSE(app.call("/topapi/v2/user/list", R"({"dept_id":1,"cursor":0,"size":100})")
                    .json()
                    .at("result")
                    .as_object()
                    .contains("list"));
}

TEST_CASE("dingtalk emulator: lists of members refuse what is malformed", "[emulator]") {
    DingTalkServer server(frozen(), demo());
    App app(server);
    const auto list = [&](const char* body) { return errcode(app.call("/topapi/v2/user/list", body)); };
    CHECK(list(R"({"cursor":0,"size":10})") == 40035);
    CHECK(list(R"({"dept_id":1,"size":10})") == 40035);
    CHECK(list(R"({"dept_id":1,"cursor":-1,"size":10})") == 40035);
    CHECK(list(R"({"dept_id":1,"cursor":0})") == 40035);
    CHECK(list(R"({"dept_id":1,"cursor":0,"size":0})") == 40035);
    CHECK(list(R"({"dept_id":1,"cursor":0,"size":101})") == 40035);
    CHECK(list(R"({"dept_id":1,"cursor":0,"size":10,"order_field":"age"})") == 40035);
    CHECK(list(R"({"dept_id":9,"cursor":0,"size":10})") == 60003);
    CHECK(list(R"({"dept_id":1,"cursor":5,"size":10})") == 0);
    const auto simple = [&](const char* body) { return errcode(app.call("/topapi/user/listsimple", body)); };
    CHECK(simple(R"({"cursor":0,"size":10})") == 400002);
    CHECK(simple(R"({"dept_id":1,"cursor":-1,"size":10})") == 40068);
    CHECK(simple(R"({"dept_id":1,"cursor":0,"size":101})") == 40069);
    CHECK(result(app.call("/topapi/user/listsimple", R"({"dept_id":500000001,"cursor":0,"size":1})")) ==
          R"({"has_more":true,"list":[{"name":"N user0003","userid":"user0003"}],"next_cursor":1})");
    CHECK(result(app.call("/topapi/user/listid", R"({"dept_id":500000001})")) ==
          R"({"userid_list":["user0003","user0002"]})");

    DingTalkBehaviour behaviour;
    behaviour.oversizeCode = 400002;
    behaviour.restrictedMemberIds = {"user0003"};
    server.setBehaviour(behaviour);
    CHECK(list(R"({"dept_id":1,"cursor":0,"size":101})") == 400002);
    const std::string page = R"({"dept_id":500000001,"cursor":0,"size":10)";
    CHECK(userids(app.call("/topapi/v2/user/list", page + "}")) == Strings{"user0002"});
    CHECK(userids(app.call("/topapi/v2/user/list", page + R"(,"contain_access_limit":true})")).size() == 2);
    CHECK(userids(app.call("/topapi/v2/user/list",
                           page + R"(,"contain_access_limit":true,"order_field":"entry_asc"})")) ==
          Strings{"user0002", "user0003"});
}

TEST_CASE("dingtalk emulator: looking people up", "[emulator]") {
    DingTalkServer server(frozen(), demo());
    App app(server);
    CHECK(result(app.call("/topapi/v2/user/getbymobile", R"({"mobile":"13900000002"})")) ==
          R"({"userid":"user0002"})");
    CHECK(result(app.call("/topapi/v2/user/getbymobile",
                          R"({"mobile":"+852-61234567","support_exclusive_account_search":true})")) ==
          R"({"exclusive_account_userid_list":[],"userid":"user0003"})");
    CHECK(errcode(app.call("/topapi/v2/user/getbymobile", R"({"mobile":"13900000900"})")) ==
          40104);  // has left
    CHECK(errcode(app.call("/topapi/v2/user/getbymobile")) == 400002);
    CHECK(result(app.call("/topapi/user/getbyunionid", R"({"unionid":"ExAmPlEuNiOnId0002iEiE"})")) ==
          R"({"contact_type":0,"userid":"user0002"})");
    CHECK(errcode(app.call("/topapi/user/getbyunionid",
                           R"({"unionid":")" + server.unionId("user0900") + "\"}")) == 60121);
    CHECK(result(app.call("/topapi/user/count", R"({"only_active":false})")) == R"({"count":3})");
    CHECK(result(app.call("/topapi/user/count", R"({"only_active":"true"})")) == R"({"count":2})");
    CHECK(errcode(app.call("/topapi/user/count")) == 40035);

    DingTalkBehaviour behaviour;
    behaviour.externalUnionIds = {"ExTeRnAl"};
    behaviour.unknownMobileCode = 60121;
    server.setBehaviour(behaviour);
    CHECK(app.call("/topapi/user/getbyunionid", R"({"unionid":"ExTeRnAl"})")
              .json()
              .at("result")
              .at("contact_type") == 1);
    CHECK(errcode(app.call("/topapi/v2/user/getbymobile", R"({"mobile":"13900000900"})")) == 60121);
}

TEST_CASE("dingtalk emulator: roles, their groups and administrators", "[emulator]") {
    DingTalkServer server(frozen(), demo());
    App app(server);
    Answer answer = app.call("/topapi/role/list", R"({"size":200,"offset":0})");
    CHECK(keys(answer.json()) == Strings{"errcode", "result", "request_id"});  // no errmsg
    auto groups = answer.json().at("result").at("list");
    REQUIRE(groups.as_array().size() == 2);
    CHECK(groups.at(0).at("name") == "默认");
    Strings defaults;
    for (const auto& role : groups.at(0).at("roles").as_array()) {
        defaults.emplace_back(role.at("name").as_string().c_str());
        CHECK(role.at("id").as_int64() > INT32_MAX);
    }
    CHECK(defaults == Strings{"负责人", "主管", "主管理员", "子管理员"});
    CHECK(boost::json::serialize(groups.at(1)) ==
          R"({"groupId":4065319990,"name":"职务","roles":[{"id":4065319999,"name":"Architect"},{"id":)" +
              std::to_string(server.roleId("r2")) + R"(,"name":"Buyer"}]})");
    CHECK(server.roleGroupId("4065319990") == 4065319990);
    CHECK(server.roleId("nothing") == 0);

    const auto members = [&](std::int64_t role) {
        return userids(app.call("/topapi/role/simplelist", "{\"role_id\":" + std::to_string(role) + "}"));
    };
    CHECK(members(4065319999) == Strings{"user0002", "user0001"});  // the third has left
    CHECK(members(server.roleId("r2")).empty());
    CHECK(members(groups.at(0).at("roles").at(1).at("id").as_int64()) == Strings{"user0001", "user0002"});
    CHECK(members(groups.at(0).at("roles").at(2).at("id").as_int64()) == Strings{"user0001"});
    answer = app.call("/topapi/role/simplelist", R"({"role_id":4065319999,"size":1,"offset":0})");
    CHECK(keys(answer.json()) == Strings{"errcode", "result", "request_id"});
    CHECK(result(answer) == R"({"hasMore":true,"list":[{"name":"Lin Example","userid":"user0002"}]})");
    answer =
        app.call("/topapi/role/simplelist",
                 "{\"role_id\":" + std::to_string(groups.at(0).at("roles").at(1).at("id").as_int64()) + "}");
    CHECK(boost::json::serialize(answer.json().at("result").at("list").at(0).at("manageScopes")) ==
          R"([{"dept_id":500000003,"name":"Sales"}])");
    CHECK(userids(app.call("/topapi/role/simplelist", R"({"role_id":4065319999,"size":1})")).size() == 2);
    CHECK(errcode(app.call("/topapi/role/simplelist", R"({"role_id":1})")) == 33011);
    CHECK(errcode(app.call("/topapi/role/simplelist", R"({"role_id":4065319999,"size":101})")) == 40069);
    CHECK(errcode(app.call("/topapi/role/list", R"({"size":201,"offset":0})")) == 40069);
    CHECK(errcode(app.call("/topapi/role/list", R"({"size":200,"offset":-1})")) == 40068);

    answer = app.call("/topapi/role/getrolegroup", R"({"group_id":4065319990})");
    CHECK_THAT(answer.body,
               StartsWith(R"({"errcode":0,"errmsg":"ok","role_group":{"group_name":"职务","roles":[{)"
                          R"("role_id":4065319999,"role_name":"Architect"})"));
    CHECK(errcode(app.call("/topapi/role/getrolegroup", R"({"group_id":5})")) == 400002);
    answer = app.call("/topapi/role/getrole", R"({"roleId":4065319999})");
    CHECK_THAT(answer.body,
               StartsWith(R"({"errcode":0,"role":{"groupId":4065319990,"name":"Architect"},"request_id":)"));
    CHECK(errcode(app.call("/topapi/role/getrole", R"({"role_id":4065319999})")) == 33011);

    CHECK(result(app.call("/topapi/user/listadmin", "")) ==
          R"([{"sys_level":1,"userid":"user0001"},{"sys_level":2,"userid":"user0002"}])");
    CHECK_THAT(app.call("/topapi/user/get_admin_scope", R"({"userid":"user0002"})").body,
               StartsWith(R"({"dept_ids":[1],"errcode":0,"errmsg":"ok","request_id":)"));
    CHECK(errcode(app.call("/topapi/user/get_admin_scope")) == 40036);
    CHECK(errcode(app.call("/topapi/user/get_admin_scope", R"({"userid":"user0900"})")) == 60121);

    DingTalkBehaviour behaviour;
    behaviour.defaultRoles = false;
    behaviour.countRoles = true;
    behaviour.roleNextCursor = true;
    server.setBehaviour(behaviour);
    CHECK(result(app.call("/topapi/role/list", R"({"size":1,"offset":0})")) ==
          R"({"hasMore":true,"list":[{"groupId":4065319990,"name":"职务","roles":[{"id":4065319999,)"
          R"("name":"Architect"}]}],"nextCursor":1})");
    CHECK(result(app.call("/topapi/role/list", R"({"size":1,"offset":1})")) ==
          R"({"hasMore":false,"list":[{"groupId":4065319990,"name":"职务","roles":[{"id":)" +
              std::to_string(server.roleId("r2")) + R"(,"name":"Buyer"}]}]})");
    // One of the two alone has no effect.
    CHECK(app.call("/topapi/role/list", R"({"size":1})").json().at("result").at("hasMore") == false);
}

TEST_CASE("dingtalk emulator: permissions open calls and fields", "[emulator]") {
    DingTalkServer server(frozen(), demo());
    App app(server);
    CHECK_THAT(
        app.old("/auth/scopes").body,
        StartsWith(
            R"({"auth_org_scopes":{"authed_dept":[1],"authed_user":[]},"auth_user_field":["jobnumber",)") &&
            ContainsSubstring(R"("mobile","email"],"condition_field":[],"errcode":0,"errmsg":"ok"})"));
    DingTalkBehaviour behaviour;
    behaviour.permissions = {"qyapi_base"};
    server.setBehaviour(behaviour);
    const Answer answer = app.call("/topapi/v2/department/listsub");
    const std::string text =
        "应用尚未开通所需的权限：[qyapi_get_department_list]，点击链接申请并开通即可："
        "https://open-dev.dingtalk.com/appscope/"
        "apply?content=dingexampleappkey01%23qyapi_get_department_list, "
        "{requiredScopes=[qyapi_get_department_list]}";
    CHECK(answer.status == 200);
    CHECK(answer.json().at("errcode") == 88);
    CHECK(answer.json().at("sub_code") == "60011");
    CHECK(answer.json().at("sub_msg").as_string() == text);
    CHECK(answer.json().at("errmsg").as_string() == "ding talk error[subcode=60011,submsg=" + text + "]");
    CHECK_FALSE(app.old("/auth/scopes").body.find("\"mobile\"") != std::string::npos);
    const Answer v1 = app.get("/v1.0/contact/organizations/authInfos");
    CHECK(v1.status == 403);
    CHECK(word(v1) == "Forbidden.AccessDenied.AccessTokenPermissionDenied");
    CHECK(boost::json::serialize(v1.json().at("accessdenieddetail")) ==
          R"({"requiredScopes":["Contact.Org.Read"]})");
    const std::vector<std::pair<const char*, const char*>> calls{
        {"/topapi/v2/user/list", "qyapi_get_department_member"},
        {"/topapi/user/listid", "qyapi_get_member"},
        {"/topapi/v2/user/get", "qyapi_get_member"},
        {"/topapi/v2/user/getbymobile", "qyapi_get_member_by_mobile"},
        {"/topapi/role/list", "qyapi_get_department_list"},
        {"/topapi/role/simplelist", "qyapi_get_department_member"},
        {"/topapi/user/listadmin", "qyapi_get_member"}};
    for (const auto& [path, point] : calls) {
        CHECK_THAT(word(app.call(path), "errmsg"),
                   ContainsSubstring(std::string("requiredScopes=[") + point + "]"));
    }

    // A point that is granted while the token lives may need a new one.
    behaviour.permissionNeedsNewToken = true;
    server.setBehaviour(behaviour);
    server.advanceClock(std::chrono::hours(3));
    app.login();
    behaviour.permissions = dingtalkPermissions();
    server.setBehaviour(behaviour);
    CHECK(app.call("/topapi/v2/department/listsub").json().at("sub_code") == "60011");
    server.advanceClock(std::chrono::hours(3));
    app.login();
    CHECK(errcode(app.call("/topapi/v2/department/listsub")) == 0);
}

TEST_CASE("dingtalk emulator: a partial scope, and who left against who is out of it", "[emulator]") {
    DingTalkServer server(frozen(), demo());
    App app(server);
    DingTalkBehaviour behaviour;
    behaviour.scope = {false, {"500000002", "500000003", "404"}, {"user0003", "user0900"}};
    server.setBehaviour(behaviour);
    CHECK_THAT(
        app.old("/auth/scopes").body,
        StartsWith(
            R"({"auth_org_scopes":{"authed_dept":[500000002,500000003],"authed_user":["user0003"]},)"));
    for (const char* dept : {"1", "500000001"}) {
        const std::string body = std::string("{\"cursor\":0,\"size\":100,\"dept_id\":") + dept + "}";
        for (const char* path : {"/topapi/v2/department/listsub", "/topapi/v2/department/get",
                                 "/topapi/v2/user/list", "/topapi/user/listsimple"}) {
            const Answer refused = app.call(path, body);
            CHECK(errcode(refused) == 50004);
            CHECK(refused.json().at("errmsg") == "请求的部门id不在授权范围内");
        }
        // These do not look at the scope.
        for (const char* path : {"/topapi/v2/department/listsubid", "/topapi/user/listid",
                                 "/topapi/v2/department/listparentbydept"}) {
            CHECK(errcode(app.call(path, body)) == 0);
        }
    }
    CHECK(result(app.call("/topapi/v2/department/listsub", R"({"dept_id":500000002})")) == "[]");
    const Answer list = app.call("/topapi/v2/user/list", R"({"dept_id":500000002,"cursor":0,"size":100})");
    CHECK(userids(list) == Strings{"user0002"});
    CHECK(boost::json::serialize(list.json().at("result").at("list").at(0).at("dept_id_list")) ==
          "[500000001,500000002]");  // departments out of scope among them
    const auto get = [&](const char* id) {
        return errcode(app.call("/topapi/v2/user/get", std::string("{\"userid\":\"") + id + "\"}"));
    };
    CHECK(get("user0002") == 0);
    CHECK(get("user0003") == 0);      // named
    CHECK(get("user0001") == 50002);  // there, but out of scope
    CHECK(get("user0900") == 60121);  // has left
    CHECK(errcode(app.call("/topapi/user/getbyunionid",
                           R"({"unionid":")" + server.unionId("user0001") + "\"}")) == 50002);
    CHECK(userids(app.call("/topapi/role/simplelist", R"({"role_id":4065319999})")) == Strings{"user0002"});
    CHECK(result(app.call("/topapi/user/count", R"({"only_active":false})")) == R"({"count":3})");
    CHECK(result(app.call("/topapi/user/listadmin")) ==
          R"([{"sys_level":1,"userid":"user0001"},{"sys_level":2,"userid":"user0002"}])");
}

TEST_CASE("dingtalk emulator: each API of each app has its own second", "[emulator]") {
    DingTalkServer server(frozen(), demo());
    App app(server);
    App other(server, "dingother");
    DingTalkBehaviour behaviour;
    behaviour.publishedRates = true;
    server.setBehaviour(behaviour);
    for (int i = 0; i < 20; ++i) {
        CHECK(errcode(app.call("/topapi/v2/department/listsub")) == 0);
    }
    const Answer refused = app.call("/topapi/v2/department/listsub");
    CHECK(refused.status == 200);
    CHECK(refused.json().at("errcode") == 88);
    CHECK(refused.json().at("sub_code") == "90018");
    CHECK(refused.json().at("sub_msg").as_string() ==
          "您的企业应用调用钉钉开放平台当前接口的所有请求都被暂时禁用了, "
          "apiPath(dingtalk.oapi.v2.department.listsub), 从 2026-09-03 00:01:02 到 2026-09-03 00:01:02 "
          "请求总次数超过 20 次, 限制将在 2026-09-03 00:01:03 结束.");
    CHECK(errcode(app.call("/topapi/v2/department/listsubid", R"({"dept_id":1})")) == 0);
    CHECK(errcode(other.call("/topapi/v2/department/listsub")) == 0);
    CHECK(server.stats().rateLimited == 1);
    server.advanceClock(std::chrono::milliseconds(999));
    CHECK(errcode(app.call("/topapi/v2/department/listsub")) == 88);
    server.advanceClock(std::chrono::milliseconds(1));
    CHECK(errcode(app.call("/topapi/v2/department/listsub")) == 0);

    behaviour.publishedRates = false;
    behaviour.ratePerSecond = 1;
    server.setBehaviour(behaviour);
    CHECK(app.get("/v1.0/contact/organizations/authInfos").status == 200);
    const Answer v1 = app.get("/v1.0/contact/organizations/authInfos");
    CHECK(v1.status == 403);
    CHECK(word(v1) == "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi");
    CHECK(word(v1, "message") == "您的企业应用调用钉钉开放平台当前接口的所有请求都被暂时禁用了");
    CHECK(errcode(app.old("/auth/scopes")) == 0);
    CHECK(errcode(app.old("/auth/scopes")) == 90018);  // not wrapped
}

TEST_CASE("dingtalk emulator: an API may be too busy with everybody, an address be shut out", "[emulator]") {
    DingTalkServer server(frozen(), demo());
    App app(server);
    DingTalkBehaviour behaviour;
    behaviour.publishedRates = true;
    behaviour.ratePerSecond = 100'000;
    server.setBehaviour(behaviour);
    std::string batch;
    constexpr int kCalls = 10'000;
    Connection connection(server.port());
    const std::string one = "GET /auth/scopes?access_token=" + app.token + " HTTP/1.1\r\nHost: h\r\n\r\n";
    int good = 0;
    int busy = 0;
    for (int done = 0; done < kCalls; done += 500) {
        batch.clear();
        for (int i = 0; i < 500; ++i) {
            batch += one;
        }
        connection.send(batch);
        for (int i = 0; i < 500; ++i) {
            const Answer answer = connection.receive();
            (answer.body.find("\"errcode\":90002") != std::string::npos ? busy : good) += 1;
        }
    }
    CHECK(good == 1200);
    CHECK(busy == kCalls - 1200);
    const Answer shut = app.old("/auth/scopes");
    CHECK_THAT(shut.body, StartsWith(R"({"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":")"));
    CHECK_THAT(app.gettoken().body, StartsWith(R"({"status":1111)"));
    server.advanceClock(std::chrono::seconds(299));
    CHECK_THAT(app.old("/auth/scopes").body, StartsWith(R"({"status":1111)"));
    server.advanceClock(std::chrono::seconds(1));
    CHECK(errcode(app.old("/auth/scopes")) == 0);
}

TEST_CASE("dingtalk emulator: who left, and Smart HR", "[emulator]") {
    DingTalkServer server(frozen(), demo());
    App app(server);
    server.advanceClock(std::chrono::hours(24));
    app.login();
    Organisation smaller = demo();
    smaller.userList.erase(smaller.userList.begin() + 2);
    server.setOrganisation(smaller);
    const std::string records =
        "/v1.0/contact/empLeaveRecords?startTime=2026-09-01T00%3A00%3A00Z&maxResults=";
    Answer answer = app.get(records + "1&nextToken=0");
    CHECK(answer.status == 200);
    CHECK(keys(answer.json()) == Strings{"nextToken", "records"});
    CHECK(boost::json::serialize(answer.json().at("records")) ==
          R"([{"userId":"user0900","name":"N user0900","stateCode":"86","mobile":"13900000900",)"
          R"("leaveTime":"2026-09-02T16:01:02Z","leaveReason":"delete"}])");
    answer = app.get(records + "1&nextToken=" + word(answer, "nextToken"));
    CHECK(keys(answer.json()) == Strings{"records"});
    CHECK(answer.json().at("records").at(0).at("userId") == "user0003");
    CHECK(answer.json().at("records").at(0).at("leaveTime") == "2026-09-03T16:01:02Z");
    CHECK(app.get(records + "50&endTime=2026-09-01T01%3A00%3A00Z").json().at("records").as_array().empty());
    CHECK(word(app.get(records + "51")) == "invalidParameter.param.invalid");
    CHECK(word(app.get("/v1.0/contact/empLeaveRecords?startTime=2025-09-01T00%3A00%3A00Z&maxResults=50")) ==
          "invalidParameter.param.invalid");
    CHECK(errcode(app.call("/topapi/v2/user/get", R"({"userid":"user0003"})")) == 60121);

    CHECK(app.get("/v1.0/hrm/employees/dismissions").status == 403);
    DingTalkBehaviour behaviour;
    behaviour.permissions.push_back("qyapi_hrm_read_user");
    server.setBehaviour(behaviour);
    CHECK(app.get("/v1.0/hrm/employees/dismissions?nextToken=0&maxResults=1").body ==
          R"({"nextToken":1,"hasMore":true,"userIdList":["user0900"]})");
    CHECK(app.get("/v1.0/hrm/employees/dismissions?nextToken=1&maxResults=50").body ==
          R"({"hasMore":false,"userIdList":["user0003"]})");
    const std::string left = "/v1.0/hrm/employees/dimissionInfos?userIdList=" + escape(R"(["user0900"])");
    CHECK(app.get(left).json().at("result").at(0).at("status") == 2);
    CHECK_THAT(app.call("/topapi/smartwork/hrm/employee/queryonjob",
                        R"({"status_list":"2,3,5,-1","offset":0,"size":1})")
                   .body,
               StartsWith(R"({"errcode":0,"errmsg":"ok","result":{"data_list":["user0001"],"next_cursor":1},)"
                          R"("success":true,"request_id":)"));
    CHECK(result(app.call("/topapi/smartwork/hrm/employee/queryonjob",
                          R"({"status_list":"3","offset":1,"size":50})")) == R"({"data_list":["user0002"]})");
    CHECK(result(app.call("/topapi/smartwork/hrm/employee/querydimission", R"({"offset":0,"size":50})")) ==
          R"({"data_list":["user0900","user0003"]})");
    CHECK(app.call("/topapi/smartwork/hrm/employee/listdimission", R"({"userid_list":"user0900,user0001"})")
              .json()
              .at("result")
              .as_array()
              .size() == 1);
    CHECK(
        app.post(
               "/v1.0/hrm/rosters/lists/query",
               R"({"userIdList":["user0002"],"fieldFilterList":["sys00-deptIds","sys00-mainDeptId"],"appAgentId":2000000001})")
            .body ==
        R"({"result":[{"corpId":")" + kCorp +
            R"(","userId":"user0002","fieldDataList":[{"fieldCode":"sys00-deptIds","fieldName":"部门id",)"
            R"("groupId":"sys00","fieldValueList":[{"value":"500000001,500000002","label":"500000001,500000002",)"
            R"("itemIndex":0}]},{"fieldCode":"sys00-mainDeptId","fieldName":"主部门id","groupId":"sys00",)"
            R"("fieldValueList":[{"value":"500000001","label":"500000001","itemIndex":0}]}]}]})");
    behaviour.hrmOpen = false;
    server.setBehaviour(behaviour);
    CHECK(word(app.get(left)) == "corpNotOpenHrm");
}

TEST_CASE("dingtalk emulator: the organisation's name", "[emulator]") {
    DingTalkServer server(frozen(), demo());
    App app(server);
    const auto full = app.get("/v1.0/contact/organizations/authInfos?targetCorpId=" + kCorp);
    CHECK(keys(full.json()) == Strings{"orgName", "licenseOrgName", "registrationNum", "unifiedSocialCredit",
                                       "organizationCode", "legalPerson", "licenseUrl", "authLevel"});
    CHECK(word(app.get("/v1.0/contact/organizations/authInfos?targetCorpId=other")) == "permission.denied");
    DingTalkBehaviour behaviour;
    behaviour.authLevel = 0;
    server.setBehaviour(behaviour);
    CHECK(app.get("/v1.0/contact/organizations/authInfos").body ==
          R"({"orgName":"Example Tech","authLevel":0})");
}

TEST_CASE("dingtalk emulator: the historic contacts, for who still may", "[emulator]") {
    DingTalkServer server(frozen(), demo());
    App app(server);
    CHECK(app.old("/department/list").body == R"({"errcode":60011,"errmsg":"没有调用该接口的权限"})");
    DingTalkBehaviour behaviour;
    behaviour.permissions.push_back("historic_contacts");
    server.setBehaviour(behaviour);
    CHECK(
        app.old("/department/list", "&fetch_child=true&id=1").body ==
        R"({"department":[{"autoAddUser":true,"createDeptGroup":true,"id":500000001,"name":"Engineering","parentid":1},)"
        R"({"autoAddUser":true,"createDeptGroup":true,"id":500000002,"name":"Plat/form","parentid":500000001},)"
        R"({"autoAddUser":true,"createDeptGroup":true,"id":500000003,"name":"Sales","parentid":1},)"
        R"({"autoAddUser":true,"createDeptGroup":true,"id":-7,"name":"Family","parentid":1}],"errcode":0,"errmsg":"ok"})");
    // As a program in Python writes it; and direct children only unless told otherwise.
    CHECK(app.old("/department/list", "&fetch_child=True").json().at("department").as_array().size() == 4);
    CHECK(app.old("/department/list").json().at("department").as_array().size() == 3);
    CHECK(errcode(app.old("/department/list", "&fetch_child=2")) == 40035);
    CHECK(errcode(app.old("/department/list", "&id=0")) == 40009);
    CHECK(app.old("/department/get", "&id=500000001").json().at("deptManagerUseridList") == "user0002");
    CHECK(errcode(app.old("/department/get", "&id=-7")) == 40009);
    const Answer page = app.old("/user/listbypage", "&department_id=500000001&offset=0&size=1&order=custom");
    CHECK(page.json().at("hasMore") == true);
    CHECK(app.old("/user/list", "&department_id=500000001&offset=0&size=1").body == page.body);
    CHECK(page.json().at("userlist").at(0).at("userid") == "user0003");
    CHECK(page.json().at("userlist").at(0).at("order") == 176188733616559508);
    CHECK(errcode(app.old("/user/listbypage", "&department_id=500000001&offset=0&size=101")) == 40069);
    CHECK(app.old("/user/get", "&userid=user0002").json().at("mobile") == "13900000002");
    behaviour.scope = {false, {"500000001"}, {}};
    server.setBehaviour(behaviour);
    CHECK(errcode(app.old("/department/list", "&fetch_child=true")) == 50004);
    CHECK(app.old("/department/list", "&id=500000001").json().at("department").as_array().size() == 1);
    CHECK(boost::json::serialize(app.old("/user/getDeptMember", "&deptId=500000002").json().at("userIds")) ==
          R"(["user0002"])");
}

TEST_CASE("dingtalk emulator: who opens the app in the workbench", "[emulator]") {
    DingTalkServer server(frozen(), demo());
    App app(server);
    const auto redeem = [&](const std::string& code) {
        return app.call("/topapi/v2/user/getuserinfo", "{\"code\":\"" + code + "\"}");
    };
    const std::string code = server.workbenchCode(kKey, "user0002");
    const Answer answer = redeem(code);
    auto info = answer.json().at("result").as_object();
    CHECK_THAT(std::string(info.at("device_id").as_string()), Matches("[0-9a-f]{32}"));
    info.stable_erase("device_id");
    CHECK(
        boost::json::serialize(info) ==
        R"({"name":"Lin Example","sys":true,"sys_level":2,"unionid":"ExAmPlEuNiOnId0002iEiE","userid":"user0002"})");
    const Answer again = redeem(code);
    CHECK_THAT(again.body, StartsWith(R"({"errcode":40078,"errmsg":"不存在的临时授权码","request_id":)"));
    CHECK(errcode(redeem(server.workbenchCode("another app", "user0002"))) == 40078);
    const std::string old = server.workbenchCode(kKey, "user0001");
    server.advanceClock(std::chrono::minutes(5));
    CHECK(errcode(redeem(old)) == 40078);

    // Over the wire, as a program in another language gets one; and the historic call.
    const Answer control = app.raw("GET", "/_emulator/code?memberId=user0001&appKey=" + std::string(kKey));
    const Answer historic = app.old("/user/getuserinfo", "&code=" + word(control));
    CHECK(keys(historic.json()) ==
          Strings{"deviceId", "errcode", "errmsg", "is_sys", "name", "sys_level", "userid"});
    CHECK(historic.json().at("sys_level") == 1);
    CHECK(app.raw("GET", "/_emulator/code?memberId=nobody").status == 400);
    CHECK(server.stats().of("unknown") == 0);
}

TEST_CASE("dingtalk emulator: who logs in with a browser", "[emulator]") {
    DingTalkOptions options = frozen();
    options.credentials = {{std::string(kKey), "SECRET"}};
    options.redirectUris = {"https://app.example.com/cb", "https://app.example.com/?x=1#part"};
    options.behaviour.loginMemberId = "user0002";
    DingTalkServer server(options, demo());
    App app(server);
    const auto browse = [&](const std::string& redirect, const std::string& more = "&scope=openid%20corpid") {
        const Answer answer =
            app.raw("GET", "/oauth2/auth?response_type=code&prompt=consent&client_id=" + std::string(kKey) +
                               "&redirect_uri=" + escape(redirect) + more);
        REQUIRE(answer.status == 302);
        return answer.headers.at("Location");
    };
    const auto code = [](const std::string& location) {
        const auto begin = location.find("authCode=") + 9;
        return location.substr(begin, location.find_first_of("&#", begin) - begin);
    };
    const auto exchange = [&](const std::string& text, const std::string& secret = "SECRET") {
        return app.raw("POST", "/v1.0/oauth2/userAccessToken",
                       R"({"clientId":"dingexampleappkey01","clientSecret":")" + secret + R"(","code":")" +
                           text + R"(","grantType":"authorization_code"})");
    };
    const std::string location = browse("https://app.example.com/cb", "&scope=openid%20corpid&state=a%20b");
    CHECK_THAT(location,
               Matches("https://app.example.com/cb\\?code=([0-9a-f]{32})&authCode=\\1&state=a%20b"));
    CHECK(word(exchange(code(location), "wrong")) == "invalidClientIdOrSecret");
    const Answer token = exchange(code(location));
    CHECK(keys(token.json()) == Strings{"accessToken", "refreshToken", "expireIn", "corpId"});
    CHECK(token.json().at("expireIn") == 7200);
    CHECK(word(token, "corpId") == kCorp);
    const Answer again = exchange(code(location));
    CHECK(again.status == 400);
    CHECK(word(again) == "invalidParameter.authCode.notFound");
    CHECK(word(again, "message") == "不合法的临时授权码");
    const std::string user = word(token, "accessToken");

    const Answer me = app.get("/v1.0/contact/users/me", user);
    CHECK(keys(me.json()) ==
          Strings{"nick", "unionId", "avatarUrl", "openId", "mobile", "stateCode", "email", "visitor"});
    CHECK(word(me, "unionId") == "ExAmPlEuNiOnId0002iEiE");
    CHECK(word(me, "mobile") == "13900000002");
    CHECK(app.get("/v1.0/contact/users/ExAmPlEuNiOnId0002iEiE", user).status == 200);
    CHECK(app.get("/v1.0/contact/users/somebody", user).status == 404);
    CHECK(word(app.get("/v1.0/contact/users/me")) == "InvalidAuthentication");  // an app's token
    CHECK(app.raw("POST", "/topapi/user/getbyunionid?access_token=" + user, R"({"unionid":"x"})")
              .json()
              .at("sub_code") == "40014");  // a person's token
    CHECK(result(app.call("/topapi/user/getbyunionid", R"({"unionid":"ExAmPlEuNiOnId0002iEiE"})")) ==
          R"({"contact_type":0,"userid":"user0002"})");

    // A token is refreshed; it ends.
    const Answer fresh = app.raw(
        "POST", "/v1.0/oauth2/userAccessToken",
        R"({"clientId":"dingexampleappkey01","clientSecret":"SECRET","grantType":"refresh_token","refreshToken":")" +
            word(token, "refreshToken") + "\"}");
    CHECK(app.get("/v1.0/contact/users/me", word(fresh, "accessToken")).status == 200);
    server.advanceClock(std::chrono::hours(2));
    const Answer expired = app.get("/v1.0/contact/users/me", user);
    CHECK(expired.status == 400);
    CHECK(word(expired) == "accesstoken.expired");
    app.login();

    // Codes of one way in do not open the other.
    CHECK(word(exchange(server.workbenchCode(kKey, "user0002"))) == "invalidParameter.authCode.notFound");
    const std::string other = code(browse("https://app.example.com/cb", "&scope=openid"));
    CHECK(errcode(app.call("/topapi/v2/user/getuserinfo", "{\"code\":\"" + other + "\"}")) == 40078);
    CHECK_FALSE(exchange(other).json().as_object().contains("corpId"));
    const std::string late = code(browse("https://app.example.com/cb"));
    server.advanceClock(std::chrono::minutes(5));
    CHECK(word(exchange(late)) == "invalidParameter.authCode.notFound");
    CHECK_THAT(browse("https://app.example.com/?x=1#part"),
               StartsWith("https://app.example.com/?x=1&code=") && Catch::Matchers::EndsWith("#part"));
    CHECK(app.raw("GET", "/oauth2/auth?response_type=code&scope=openid&client_id=" + std::string(kKey) +
                             "&redirect_uri=" + escape("https://evil.example.com/"))
              .status == 400);

    // Who has left cannot log in; a stranger can be made to, and is nobody's colleague.
    DingTalkBehaviour behaviour;
    behaviour.loginMemberId = "user0900";
    server.setBehaviour(behaviour);
    CHECK(browse("https://app.example.com/cb", "&scope=openid&state=s") ==
          "https://app.example.com/cb?error=access_denied&state=s");
    behaviour.loginUnionId = "StRaNgEr";
    behaviour.badLoginCodeStatus = 404;
    std::erase(behaviour.permissions, "Contact.User.mobile");
    server.setBehaviour(behaviour);
    const Answer stranger = exchange(code(browse("https://app.example.com/cb")));
    CHECK(word(app.get("/v1.0/contact/users/me", word(stranger, "accessToken")), "unionId") == "StRaNgEr");
    CHECK(errcode(app.call("/topapi/user/getbyunionid", R"({"unionid":"StRaNgEr"})")) == 60121);
    CHECK(exchange("nonsense").status == 404);
}

TEST_CASE("dingtalk emulator: organisations that DingTalk could not have are refused", "[emulator]") {
    const auto refusal = [](const std::string& id) -> std::string {
        Organisation organisation;
        organisation.deptList = {{"r", "", "", 0, {}}, {id, "r", "D", 0, {}}};
        try {
            DingTalkServer server(frozen(), organisation);
            return "";
        } catch (const OrganisationError& error) {
            return error.what();
        }
    };
    CHECK(refusal("a1") ==
          "deptList[1].deptId: expected a whole number, as department ids of DingTalk are, found \"a1\"");
    for (const char* bad : {"007", "0", "-0", "1.5", "9223372036854775808", " 7"}) {
        CHECK_THAT(refusal(bad), ContainsSubstring("expected a whole number"));
    }
    CHECK_THAT(refusal("1"), ContainsSubstring("\"1\" is the root"));
    CHECK(refusal("9223372036854775807").empty());
    CHECK(refusal("-1").empty());

    DingTalkServer server(frozen(), demo());
    Organisation bad = demo();
    bad.deptList[2].deptId = "x";
    bad.userList[1].departments.pop_back();
    CHECK_THROWS_AS(server.setOrganisation(bad), OrganisationError);
    CHECK(server.organisation() == demo());
}

TEST_CASE("dingtalk emulator: faults speak its language", "[emulator]") {
    DingTalkServer server(frozen(), demo());
    App app(server);
    const std::string list = "/topapi/v2/user/list";
    const std::string page = R"({"dept_id":500000001,"cursor":0,"size":1})";
    const auto add = [&](const char* json) {
        for (Fault& fault : parseFaults(json)) {
            server.addFault(std::move(fault));
        }
    };
    add(R"({"match":"/topapi/","kind":"rate-limit"})");
    Answer answer = app.call(list, page);
    CHECK(answer.status == 200);
    CHECK(answer.json().at("sub_code") == "90018");
    add(R"({"match":"/topapi/","kind":"rate-limit","code":90002,"resetSeconds":3})");
    answer = app.call(list, page);
    CHECK(answer.json().at("sub_code") == "90002");
    CHECK_THAT(word(answer, "sub_msg"),
               ContainsSubstring("请求总次数超过 1200 次, 限制将在 2026-09-03 00:01:05 结束."));
    add(R"({"match":"/v1.0/","kind":"rate-limit"})");
    CHECK(app.get("/v1.0/contact/organizations/authInfos").status == 403);
    add(R"({"match":"/topapi/","kind":"code","code":-1})");
    CHECK_THAT(app.call(list, page).body, StartsWith(R"({"errcode":-1,"errmsg":"系统繁忙","request_id":)"));
    add(R"({"match":"/topapi/","kind":"code","code":60011})");
    CHECK(app.call(list, page).json().at("sub_code") == "60011");
    add(R"({"match":"/topapi/","kind":"status","httpStatus":0})");
    CHECK(app.call(list, page).status == 500);
    add(R"({"match":"/topapi/","kind":"garbage"})");
    CHECK(app.call(list, page).headers.at("Content-Type") == "text/html; charset=utf-8");
    add(R"({"match":"/topapi/","kind":"repeat-cursor"})");
    answer = app.call(list, page);
    CHECK(answer.json().at("result").at("has_more") == true);
    CHECK(answer.json().at("result").at("next_cursor") == 0);
    add(R"({"match":"/topapi/","kind":"empty-success","times":2})");
    CHECK(result(app.call(list, page)) == R"({"has_more":false,"list":[]})");
    CHECK(keys(app.call("/topapi/v2/user/get", R"({"userid":"user0002"})").json()) ==
          Strings{"errcode", "errmsg", "request_id"});
    add(R"({"match":"/topapi/","kind":"wrong-token"})");
    CHECK(app.call(list, page).json().at("sub_code") == "40014");
    CHECK(errcode(app.call(list, page)) == 0);
    add(R"({"match":"/topapi/","kind":"expire-token"})");
    CHECK(app.call(list, page).json().at("sub_code") == "40014");
    CHECK(app.call(list, page).json().at("sub_code") == "40014");
    app.login();
    CHECK(errcode(app.call(list, page)) == 0);
    CHECK(server.stats().faultsInjected == 12);
}

TEST_CASE("dingtalk emulator: behaviour over the wire", "[emulator]") {
    DingTalkServer server(frozen(), demo());
    Connection connection(server.port());
    const std::string before = connection.call("GET", "/_emulator/behaviour").body;
    CHECK(connection.call("PUT", "/_emulator/behaviour", before).body == before);
    const Answer answer = connection.call(
        "PUT", "/_emulator/behaviour",
        R"({"permissions":["qyapi_base"],"scope":{"deptIds":["500000002"]},"ratePerSecond":3,"shuffle":5,"oversizeCode":400002,"hrSeparator":"|"})");
    CHECK(answer.status == 200);
    const DingTalkBehaviour now = server.behaviour();
    CHECK(now.permissions == Strings{"qyapi_base"});
    CHECK_FALSE(now.scope.all);
    CHECK(now.scope.deptIds == Strings{"500000002"});
    CHECK(now.ratePerSecond == 3);
    CHECK(now.shuffle == 5U);
    CHECK(now.oversizeCode == 400002);
    CHECK(now.hrSeparator == "|");
    CHECK(now.memberCounts);
    connection.call("PUT", "/_emulator/behaviour", R"({"shuffle":null,"scope":{"all":true}})");
    CHECK_FALSE(server.behaviour().shuffle);
    CHECK(server.behaviour().scope.all);
    CHECK(connection.call("PUT", "/_emulator/behaviour", R"({"ratePerSecond":-1})").status == 400);
}

TEST_CASE("dingtalk emulator: a whole organisation by walking it", "[emulator]") {
    const Organisation organisation = generate(3000, 7);
    DingTalkOptions options;
    options.behaviour.shuffle = 11;
    options.behaviour.opaqueCursors = true;
    DingTalkServer server(options, organisation);
    App app(server);
    std::set<std::string> people;
    std::size_t memberships = 0;
    std::vector<std::int64_t> open{1};
    std::size_t depts = 0;
    while (!open.empty()) {
        const std::int64_t dept = open.back();
        open.pop_back();
        ++depts;
        const std::string id = std::to_string(dept);
        for (const std::int64_t child :
             dept_ids(app.call("/topapi/v2/department/listsub", "{\"dept_id\":" + id + "}"))) {
            open.push_back(child);
        }
        for (std::int64_t cursor = 0; cursor >= 0;) {
            const Answer answer =
                app.call("/topapi/v2/user/list",
                         "{\"dept_id\":" + id + ",\"size\":100,\"cursor\":" + std::to_string(cursor) + "}");
            for (const std::string& member : userids(answer)) {
                people.insert(member);
                ++memberships;
            }
            const auto body = answer.json().at("result").as_object();
            cursor = body.at("has_more").as_bool() ? body.at("next_cursor").as_int64() : -1;
        }
    }
    CHECK(depts == organisation.deptList.size());
    CHECK(people.size() == 3000);
    std::size_t expected = 0;
    for (const Member& member : organisation.userList) {
        expected += std::max<std::size_t>(1, member.departments.size());
    }
    CHECK(memberships == expected);
    CHECK(server.stats().of("POST /topapi/v2/department/listsub") == depts);
}

}  // namespace emulator_dingtalk_test
