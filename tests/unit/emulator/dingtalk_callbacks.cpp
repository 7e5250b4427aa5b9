// What the emulator of DingTalk tells of changes, read and answered by means of the test's own.
#include "unit/emulator/callback_decoding.hpp"
#include "unit/emulator/callback_receiver.hpp"
#include "unit/emulator/people.hpp"
#include "unit/emulator/raw_http.hpp"

#include <corps/emulator/dingtalk.hpp>

#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace emulator_dingtalk_callbacks_test {
namespace {

namespace json = boost::json;
using namespace corps::emulator;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using emulator_test::Connection;
using emulator_test::listOf;
using emulator_test::member;
using emulator_test::openMessage;
using emulator_test::person;
using emulator_test::Receiver;
using emulator_test::replyOf;
using emulator_test::sealMessage;
using emulator_test::sortedSha1;
using Strings = std::vector<std::string>;

const std::string kCorp = "dingcorp0000000000000001";
const std::string kApp = "dingexampleappkey01";
const std::string kToken = "t0kenTest01";
const std::string kKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/** 1: m1, administrator; 10 R&D: m2, m3; 11 below it; 20. Role 501 in group 400: m2. */
Organisation demo() {
    Organisation out;
    out.corpId = kCorp;
    out.corpName = "Demo";
    out.deptList = {{"1", "", "Demo", 0, {}},
                    {"10", "1", "R&D", 1, {}},
                    {"11", "10", "QA", 2, {}},
                    {"20", "1", "Sales", 3, {}}};
    out.userList = {person("m1", {}), person("m2", {{"10", false, 0, true}}),
                    person("m3", {{"10", false, 0, true}})};
    out.userList[2].email = "m3@example.com";
    out.userList[2].jobNumber = "E3";
    out.userList[2].hiredDate = "2020-08-16";
    out.roleGroupList = {{"400", "Functions"}};
    out.roleList = {{"501", "400", "Architect"}};
    out.roleMemberSet = {{"501", "m2"}};
    out.adminIds = {"m1"};
    return out;
}

DingTalkOptions frozen() {
    DingTalkOptions out;
    out.clock = [] { return std::chrono::milliseconds(1'700'000'000'123); };
    out.behaviour.callbackDeadline = 30s;  // nobody shall fail because the machine is busy
    out.behaviour.defaultRoles = false;
    return out;
}

DingTalkCallback callbackTo(const Receiver& receiver) {
    DingTalkCallback out;
    out.url = receiver.url("/ding?tenant=1");
    out.token = kToken;
    out.aesKey = kKey;
    out.appKey = kApp;
    return out;
}

std::string answer(const std::string& word, const std::string& token = kToken) {
    const std::string encrypted = sealMessage(kKey, word, kApp);
    return "{\"msg_signature\":\"" + sortedSha1(token, "1700000000789", "nonce456", encrypted) +
           "\",\"encrypt\":\"" + encrypted + R"(","timeStamp":"1700000000789","nonce":"nonce456"})";
}

/** As a receiver of DingTalk must answer. */
HttpReply honest(const HttpRequest&) { return replyOf(200, answer("success")); }

json::value opened(const HttpRequest& request, const std::string& owner = kApp) {
    CHECK(request.method == "POST");
    CHECK(request.path == "/ding");
    CHECK(request.header("Content-Type") == "application/json");
    const auto body = json::parse(request.body);
    const std::string encrypted(body.at("encrypt").as_string());
    const std::string expected =
        sortedSha1(kToken, request.parameter("timestamp"), request.parameter("nonce"), encrypted);
    CHECK(request.parameter("signature") == expected);
    CHECK(request.parameter("msg_signature") == expected);
    const auto message = openMessage(kKey, encrypted);
    CHECK(message.owner == owner);
    return json::parse(message.message);
}

/** What a change is told as: name and data, without the envelope, which is checked. */
Strings heard(DingTalkServer& server, Receiver& receiver) {
    REQUIRE(server.waitForCallbacks(60s));
    Strings out;
    for (const HttpRequest& request : receiver.fresh()) {
        const auto event = opened(request).as_object();
        if (event.at("EventType") == "check_url") {
            continue;
        }
        CHECK(event.at("EventTime") == 1'700'000'000'123);
        CHECK(event.at("CorpId") == json::string(kCorp));
        CHECK(event.at("BizId") == "1700000000123");
        CHECK(event.at("eventId").as_string().size() == 32);
        std::string text(event.at("EventType").as_string());
        const bool timed = event.contains("timeStamp");
        CHECK(timed ==
              ((text.starts_with("user_") && text != "user_active_org") || text.starts_with("org_admin")));
        const Strings envelope{"EventType", "EventTime", "CorpId", "BizId", "eventId", "timeStamp"};
        json::object data;  // in the order sent
        for (const auto& each : event) {
            if (std::find(envelope.begin(), envelope.end(), std::string(each.key())) == envelope.end()) {
                data.insert(each);
            }
        }
        out.push_back(text + " " + json::serialize(data));
    }
    return out;
}

/** A text with single quotes in place of double ones. */
std::string q(std::string text) {
    std::replace(text.begin(), text.end(), '\'', '"');
    return text;
}

class App {
public:
    explicit App(const DingTalkServer& server) : connection_(server.port()) {
        token_ = connection_.call("GET", "/gettoken?appkey=" + kApp + "&appsecret=S")
                     .json()
                     .at("access_token")
                     .as_string()
                     .c_str();
    }
    json::value get(const std::string& call) {
        return connection_.call("GET", "/call_back/" + call + "?access_token=" + token_).json();
    }
    json::value post(const std::string& call, const std::string& body) {
        return connection_.call("POST", "/call_back/" + call + "?access_token=" + token_, body).json();
    }
    std::int64_t code(const std::string& call, const std::string& body) {
        return post(call, body).at("errcode").to_number<std::int64_t>();
    }

private:
    Connection connection_;
    std::string token_;
};

std::string registration(const Receiver& receiver, const std::string& tags = R"(["user_add_org"])",
                         const std::string& token = kToken) {
    return "{\"call_back_tag\":" + tags + ",\"token\":\"" + token + "\",\"aes_key\":\"" + kKey +
           "\",\"url\":\"" + receiver.url("/ding") + "\"}";
}

}  // namespace

TEST_CASE("emulator: DingTalk checks an address before it tells it anything", "[emulator][callbacks-emu]") {
    DingTalkServer server(frozen(), demo());
    Receiver receiver(honest);
    server.setCallback(callbackTo(receiver));
    const auto requests = receiver.fresh();
    REQUIRE(requests.size() == 1);
    CHECK(requests[0].parameter("tenant") == "1");
    CHECK(requests[0].parameter("timestamp") == "1700000000123");
    CHECK(opened(requests[0]) == json::parse(R"({"EventType":"check_url"})"));

    const std::vector<std::pair<std::string, std::string>> wrong{
        {"success", "JSON object"},
        {"{}", "msg_signature"},
        {answer("success", "another token"), "msg_signature of the answer is wrong"},
        {answer("failure"), "encrypted word success"},
        {R"({"msg_signature":"x","encrypt":"","timeStamp":1700000000789,"nonce":""})", "timeStamp"}};
    for (const auto& [body, why] : wrong) {
        CAPTURE(body);
        Receiver bad([answered = body](const HttpRequest&) { return replyOf(200, answered); });
        try {
            server.setCallback(callbackTo(bad));
            FAIL("it was accepted");
        } catch (const CallbackError& error) {
            CHECK_THAT(error.what(), ContainsSubstring(why));
        }
    }
    Receiver moved([](const HttpRequest&) {
        auto reply = replyOf(302, "");
        reply.headers.emplace_back("Location", "/elsewhere");
        return reply;
    });
    CHECK_THROWS_AS(server.setCallback(callbackTo(moved)), CallbackError);
    CHECK(moved.requests().size() == 1);
    CHECK(DingTalkBehaviour().callbackDeadline == 1500ms);

    Connection control(server.port());
    CHECK(control
              .call("POST", "/_emulator/callback",
                    "{\"url\":\"" + receiver.url("/ding") + "\",\"token\":\"" + kToken + "\",\"aesKey\":\"" +
                        kKey + "\",\"appKey\":\"a\",\"tags\":[\"user_add_org\"]}")
              .status == 200);
    const std::string set = control.call("GET", "/_emulator/callback").body;
    CHECK_THAT(set,
               ContainsSubstring("user_add_org") && !ContainsSubstring(kKey) && !ContainsSubstring(kToken));
    CHECK(control
              .call("POST", "/_emulator/callback",
                    R"({"url":"http://x","token":"abc","aesKey":")" + kKey + R"(","tags":["?"]})")
              .status == 400);
}

TEST_CASE("emulator: what DingTalk tells of changes, as it is documented", "[emulator][callbacks-emu]") {
    DingTalkServer server(frozen(), demo());
    Receiver receiver(honest);
    server.setCallback(callbackTo(receiver));
    Organisation now = demo();

    SECTION("somebody joins: two events") {
        now.userList.push_back(person("m9", {{"11", false, 0, true}}));
        server.setOrganisation(now);
        CHECK(heard(server, receiver) ==
              Strings{q("user_add_org {'userId':['m9']}"), q("user_modify_org {'userId':['m9']}")});
    }
    SECTION("somebody moves: one, with the data that are told; a picture makes none") {
        member(now, "m3").departments = {{"11", false, 0, true}};
        member(now, "m2").photo = "https://example.com/p";
        member(now, "m2").gender = 2;
        server.setOrganisation(now);
        CHECK(heard(server, receiver) ==
              Strings{q(
                  "user_modify_org {'diffInfo':{'prev':{'name':'N m3','email':'m3@example.com',"
                  "'jobNumber':'E3','hiredDate':'2020-08-16'},'curr':{'name':'N m3','email':'m3@example.com',"
                  "'jobNumber':'E3','hiredDate':'2020-08-16'},'userid':'m3'},'userId':['m3']}")});
    }
    SECTION("somebody activates the account") {
        member(now, "m2").upstreamStatus = "unactivated";
        server.setOrganisation(now);
        CHECK(heard(server, receiver).empty());
        server.setOrganisation(demo());
        CHECK(heard(server, receiver) == Strings{q("user_active_org {'userId':['m2']}")});
    }
    SECTION("somebody leaves") {
        member(now, "m2").status = 2;
        server.setOrganisation(now);
        CHECK(heard(server, receiver) == Strings{q("user_leave_org {'userId':['m2']}")});
    }
    SECTION("several at once: an event each, or one for all") {
        now.userList.pop_back();
        now.userList.pop_back();
        now.roleMemberSet.clear();
        server.setOrganisation(now);
        CHECK(heard(server, receiver) ==
              Strings{q("user_leave_org {'userId':['m2']}"), q("user_leave_org {'userId':['m3']}")});
        auto behaviour = server.behaviour();
        behaviour.groupedEvents = true;
        behaviour.modifyAfterAdd = false;
        behaviour.diffInfo = false;
        server.setBehaviour(behaviour);
        server.setOrganisation(demo());
        CHECK(heard(server, receiver) == Strings{q("user_add_org {'userId':['m2','m3']}"),
                                                 q("label_user_change {'userIdList':['m2'],'action':'add',"
                                                   "'labelIdList':[501]}")});
        now = demo();
        member(now, "m3").jobNumber = "E4";
        server.setOrganisation(now);
        CHECK(heard(server, receiver) == Strings{q("user_modify_org {'userId':['m3']}")});
    }
    SECTION("departments come and change; one that moves makes one event") {
        now.deptList.push_back({"13", "12", "below", 0, {}});
        now.deptList.push_back({"12", "10", "above", 0, {}});
        server.setOrganisation(now);
        CHECK(heard(server, receiver) ==
              Strings{q("org_dept_create {'deptId':[12]}"), q("org_dept_create {'deptId':[13]}")});
        now.deptList[5].parentId = "20";
        now.deptList[3].leaderIds = {"m1"};
        server.setOrganisation(now);
        CHECK(heard(server, receiver) ==
              Strings{q("org_dept_modify {'deptId':[20]}"), q("org_dept_modify {'deptId':[12]}")});
    }
    SECTION("a department goes with all below it: one event") {
        now.deptList.erase(now.deptList.begin() + 1, now.deptList.begin() + 3);
        member(now, "m2").departments = {};
        member(now, "m3").departments = {};
        server.setOrganisation(now);
        const auto events = heard(server, receiver);
        REQUIRE(events.size() == 3);
        CHECK(events[2] == q("org_dept_remove {'deptId':[10,11]}"));
    }
    SECTION("the organisation has another name") {
        now.corpName = "Another";
        server.setOrganisation(now);
        CHECK(heard(server, receiver) == Strings{"org_change {}", q("org_dept_modify {'deptId':[1]}")});
    }
    SECTION("administrators come and go") {
        now.adminIds = {"m2"};
        server.setOrganisation(now);
        CHECK(heard(server, receiver) ==
              Strings{q("org_admin_add {'userId':['m2']}"), q("org_admin_remove {'userId':['m1']}")});
    }
    SECTION("administrators are roles, too") {
        auto behaviour = server.behaviour();
        behaviour.defaultRoles = true;
        server.setBehaviour(behaviour);
        now.adminIds = {"m1", "m2"};
        server.setOrganisation(now);
        const auto events = heard(server, receiver);
        REQUIRE(events.size() == 2);
        CHECK_THAT(events[0], ContainsSubstring(q("label_user_change {'userIdList':['m2'],'action':'add'")));
        CHECK(events[1] == q("org_admin_add {'userId':['m2']}"));
    }
    SECTION("roles") {
        now.roleList.push_back({"502", "400", "Tester"});
        now.roleMemberSet = {{"501", "m3"}, {"502", "m1"}};
        server.setOrganisation(now);
        CHECK(heard(server, receiver) ==
              Strings{q("label_conf_add {'scope':'1','labelIdList':[502]}"),
                      q("label_user_change {'userIdList':['m3'],'action':'add','labelIdList':[501]}"),
                      q("label_user_change {'userIdList':['m2'],'action':'remove','labelIdList':[501]}"),
                      q("label_user_change {'userIdList':['m1'],'action':'add','labelIdList':[502]}")});
        now.roleList[0].name = "Chief";
        server.setOrganisation(now);
        const auto events = heard(server, receiver);
        REQUIRE(events.size() == 1);
        const auto data = json::parse(events[0].substr(std::string("label_conf_modify ").size()));
        CHECK(json::parse(data.at("postLabelList").at(0).as_string()) ==
              json::parse(R"({"deleted":false,"color":-11687445,"hidden":false,"level":1,"scope":1,
                              "name":"Chief","id":501,"parentId":400,"extraInfo":{}})"));
        CHECK(json::parse(data.at("preLabelList").at(0).as_string()) ==
              json::parse(R"({"hidden":false,"name":"Architect","id":501,"extraInfo":{}})"));
        now.roleList.erase(now.roleList.begin());
        now.roleMemberSet.erase(now.roleMemberSet.begin());
        server.setOrganisation(now);
        CHECK(heard(server, receiver) == Strings{q("label_conf_del {'labelIdList':[501]}")});
    }
    SECTION("what is out of scope makes events all the same, unless it shall not") {
        auto behaviour = server.behaviour();
        behaviour.scope.all = false;
        behaviour.scope.deptIds = {"20"};
        server.setBehaviour(behaviour);
        now.deptList[1].name = "Research";
        server.setOrganisation(now);
        CHECK(heard(server, receiver) == Strings{q("org_dept_modify {'deptId':[10]}")});
        behaviour.eventsOutsideScope = false;
        server.setBehaviour(behaviour);
        member(now, "m2").nick = "Somebody";
        now.deptList[1].name = "R&D";
        now.deptList[3].name = "Sellers";
        server.setOrganisation(now);
        CHECK(heard(server, receiver) == Strings{q("org_dept_modify {'deptId':[20]}")});
    }
    SECTION("only what was asked for") {
        auto callback = callbackTo(receiver);
        callback.tags = {"user_leave_org"};
        server.setCallback(callback);
        now.userList.pop_back();
        now.corpName = "Another";
        server.setOrganisation(now);
        CHECK(heard(server, receiver) == Strings{q("user_leave_org {'userId':['m3']}")});
    }
    SECTION("nothing changes") {
        server.setOrganisation(now);
        CHECK(heard(server, receiver).empty());
    }
}

TEST_CASE("emulator: what DingTalk tells of changes, as it was seen", "[emulator][callbacks-emu]") {
    auto options = frozen();
    options.behaviour.capturedEvents = true;
    DingTalkServer server(options, demo());
    Receiver receiver(honest);
    server.setCallback(callbackTo(receiver));
    receiver.fresh();
    Organisation now = demo();
    now.corpName = "Another";
    now.deptList[1].name = "Research";
    now.userList.push_back(person("m9", {{"11", false, 0, true}}));
    now.roleList[0].name = "B";
    now.roleMemberSet = {{"501", "m2"}, {"501", "m3"}};
    server.setOrganisation(now);
    const auto texts = [&] {
        REQUIRE(server.waitForCallbacks(60s));
        Strings out;
        for (const HttpRequest& request : receiver.fresh()) {
            out.push_back(json::serialize(opened(request)));
        }
        return out;
    };
    const std::string head = "{'CorpId':'" + kCorp + "','EventType':";
    const std::string end = ",'TimeStamp':'1700000000123'}";
    CHECK(texts() ==
          Strings{
              q(head + "'org_change'" + end), q(head + "'org_dept_modify','DeptId':[1]" + end),
              q(head + "'org_dept_modify','DeptId':[10]" + end),
              q(head + "'user_add_org','UserId':['m9'],'OptStaffId':'m1'" + end),
              q(head + "'user_modify_org','UserId':['m9']" + end),
              q(head +
                R"('label_conf_modify','PostLabelList':["{\"hidden\":false,\"name\":\"B\",\"id\":501,)"
                R"(\"extraInfo\":{}}"],'PreLabelList':["{\"deleted\":false,\"color\":-11687445,)"
                R"(\"hidden\":false,\"level\":1,\"scope\":1,\"name\":\"Architect\",\"id\":501,)"
                R"(\"parentId\":400,\"extraInfo\":{}}"],'scope':'1','LabelIdList':[501])" +
                end),
              q(head + "'label_user_change','UserIdList':['m3'],'action':'add','LabelIdList':[501]" + end)});
    now.roleMemberSet.clear();
    now.roleList.clear();
    server.setOrganisation(now);
    CHECK(texts() == Strings{q(head + "'label_conf_del','LabelIdList':[501],'scope':'1'" + end)});
}

TEST_CASE("emulator: one signature of DingTalk, or the other", "[emulator][callbacks-emu]") {
    auto options = frozen();
    options.behaviour.signatureNames = {"signature"};
    DingTalkServer server(options, demo());
    Receiver receiver(honest);
    server.setCallback(callbackTo(receiver));
    CHECK_FALSE(receiver.requests().at(0).parameter("signature").empty());
    CHECK_FALSE(receiver.requests().at(0).hasParameter("msg_signature"));
}

TEST_CASE("emulator: DingTalk tries again after 10 and 30 seconds, then lists what failed",
          "[emulator][callbacks-emu]") {
    DingTalkServer server(frozen(), demo());
    Receiver receiver(honest);
    server.setCallback(callbackTo(receiver));
    receiver.fresh();
    receiver.answer([](const HttpRequest&) { return replyOf(200, answer("not success")); });
    Organisation now = demo();
    now.userList.pop_back();
    now.deptList.pop_back();
    now.roleMemberSet = {{"501", "m1"}, {"501", "m2"}};
    server.setOrganisation(now);
    REQUIRE(server.waitForCallbacks(60s));
    CHECK(receiver.fresh().size() == 3);
    server.advanceClock(10s);
    REQUIRE(server.waitForCallbacks(60s));
    CHECK(receiver.fresh().size() == 3);
    server.advanceClock(29s);
    REQUIRE(server.waitForCallbacks(60s));
    CHECK(receiver.fresh().empty());
    server.advanceClock(1s);
    REQUIRE(server.waitForCallbacks(60s));
    CHECK(receiver.fresh().size() == 3);
    server.advanceClock(1h);
    REQUIRE(server.waitForCallbacks(60s));
    CHECK(receiver.fresh().empty());

    App app(server);
    const auto failed = app.get("get_call_back_failed_result");
    CHECK(failed ==
          json::parse(q("{'errcode':0,'errmsg':'ok','failed_list':["
                        "{'call_back_tag':'user_leave_org','event_time':1700000000123,"
                        "'user_leave_org':{'corpid':'" +
                        kCorp +
                        "','userid':['m3']}},"
                        "{'call_back_tag':'label_user_change','event_time':1700000000123,"
                        "'label_user_change':{'corpid':'" +
                        kCorp +
                        "','roleLabelChange':{'userIdList':['m1'],'action':'add','labelIdList':[501]}}},"
                        "{'call_back_tag':'org_dept_remove','event_time':1700000000123,"
                        "'org_dept_remove':{'corpid':'" +
                        kCorp + "','deptid':[20]}}],'has_more':false}")));
    // What one call tells the next one forgets.
    CHECK(app.get("get_call_back_failed_result").at("failed_list").as_array().empty());

    // Two hundred at most, and not before some minutes have gone by.
    auto behaviour = server.behaviour();
    behaviour.failedListDelay = 180s;
    behaviour.modifyAfterAdd = false;
    server.setBehaviour(behaviour);
    for (int i = 0; i < 201; ++i) {
        now.userList.push_back(person("p" + std::to_string(i), {}));
    }
    server.setOrganisation(now);
    for (const auto wait : {0s, 10s, 30s}) {
        server.advanceClock(wait);
        REQUIRE(server.waitForCallbacks(60s));
    }
    CHECK(app.get("get_call_back_failed_result").at("failed_list").as_array().empty());
    server.advanceClock(180s);
    auto page = app.get("get_call_back_failed_result");
    CHECK(page.at("failed_list").as_array().size() == 200);
    CHECK(page.at("has_more") == true);
    page = app.get("get_call_back_failed_result");
    CHECK(page.at("failed_list").as_array().size() == 1);
    CHECK(page.at("has_more") == false);
}

TEST_CASE("emulator: an app of DingTalk registers its address", "[emulator][callbacks-emu]") {
    DingTalkServer server(frozen(), demo());
    Receiver receiver(honest);
    App app(server);
    CHECK(app.get("get_call_back").at("errcode") == 71007);
    CHECK(app.get("delete_call_back").at("errcode") == 71007);
    CHECK(app.code("update_call_back", registration(receiver)) == 71007);
    CHECK(json::serialize(app.post("register_call_back", registration(receiver))) ==
          R"({"errcode":0,"errmsg":"ok"})");
    const auto check = receiver.fresh();
    REQUIRE(check.size() == 1);
    CHECK(opened(check[0], kCorp) == json::parse(R"({"EventType":"check_url"})"));
    CHECK(json::serialize(app.get("get_call_back")) ==
          R"({"aes_key":")" + kKey +
              R"(","call_back_tag":["user_add_org"],"errcode":0,"errmsg":"ok","token":")" + kToken +
              R"(","url":")" + receiver.url("/ding") + "\"}");
    CHECK(app.code("register_call_back", registration(receiver)) == 71006);

    Organisation now = demo();
    now.userList.push_back(person("m9", {}));
    now.corpName = "Another";
    server.setOrganisation(now);
    REQUIRE(server.waitForCallbacks(60s));
    const auto events = receiver.fresh();
    REQUIRE(events.size() == 1);
    CHECK(opened(events[0], kCorp).at("userId") == listOf("m9"));

    CHECK(app.code("update_call_back",
                   registration(receiver, R"(["org_change","chat_quit","user_leave_org"])")) == 0);
    receiver.fresh();
    server.setOrganisation(demo());
    REQUIRE(server.waitForCallbacks(60s));
    CHECK(receiver.fresh().size() == 2);

    CHECK(app.get("delete_call_back").at("errcode") == 0);
    server.setOrganisation(now);
    REQUIRE(server.waitForCallbacks(60s));
    CHECK(receiver.fresh().empty());

    // What is refused, in old numbers and in new ones.
    CHECK(app.code("register_call_back", registration(receiver, R"(["no_such_event"])")) == 71008);
    CHECK(app.code("register_call_back", registration(receiver, "[]")) == 71010);
    CHECK(app.code("register_call_back", registration(receiver, R"(["org_change"])", "!")) == 71010);
    CHECK(app.code("register_call_back", R"({"call_back_tag":["org_change"],"url":"nowhere"})") == 71011);
    Receiver refusing([](const HttpRequest&) { return replyOf(200, "no"); });
    Receiver gone(honest);
    gone.stop();
    Receiver mute(emulator_test::tooLate);
    CHECK(app.code("register_call_back", registration(refusing)) == 71009);
    CHECK(app.code("register_call_back", registration(gone)) == 71012);
    auto behaviour = server.behaviour();
    behaviour.newCallbackCodes = true;
    server.setBehaviour(behaviour);
    CHECK(app.code("register_call_back", registration(refusing)) == 400052);
    CHECK(app.code("register_call_back", registration(gone)) == 400051);
    behaviour.callbackDeadline = 20ms;
    server.setBehaviour(behaviour);
    CHECK(app.code("register_call_back", registration(mute)) == 400054);
    CHECK(app.get("get_call_back").at("errcode") == 400040);
}

}  // namespace emulator_dingtalk_callbacks_test
