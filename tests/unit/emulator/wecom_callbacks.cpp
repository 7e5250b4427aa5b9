// What the emulator of WeCom tells of changes, read by means of the test's own.
#include "unit/emulator/callback_decoding.hpp"
#include "unit/emulator/callback_receiver.hpp"
#include "unit/emulator/people.hpp"
#include "unit/emulator/raw_http.hpp"
#include "unit/emulator/wecom_callback.hpp"

#include <corps/emulator/wecom.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace emulator_wecom_callbacks_test {
namespace {

using namespace corps::emulator;
using namespace emulator_test::wecom;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using emulator_test::Connection;
using emulator_test::cutOff;
using emulator_test::element;
using emulator_test::member;
using emulator_test::openMessage;
using emulator_test::person;
using emulator_test::Receiver;
using emulator_test::replyOf;
using Strings = std::vector<std::string>;

WeComOptions frozen(bool idsOnly) {
    WeComOptions out;
    out.clock = [] { return std::chrono::milliseconds(1'700'000'001'000); };
    out.behaviour.callbackIdsOnly = idsOnly;
    out.behaviour.callbackDeadline = 30s;  // nobody shall fail because the machine is busy
    out.behaviour.verificationDeadline = 30s;
    return out;
}

WeComCallback callbackTo(const Receiver& receiver, std::int64_t agentId = 0) {
    WeComCallback out;
    out.url = receiver.url();
    out.token = kToken;
    out.aesKey = kKey;
    out.agentId = agentId;
    return out;
}

/** An event, checked and decrypted. */
std::string opened(const HttpRequest& request, const std::string& agentId = "-") {
    const auto message = openEvent(request, kCorp, agentId);
    CHECK(request.parameter("timestamp").substr(0, 6) == "170000");
    CHECK(message.owner == kCorp);
    return message.message;
}

/** What a change makes the assistant's address hear. */
Strings heard(WeComServer& server, Receiver& receiver, const std::string& agentId = "-") {
    REQUIRE(server.waitForCallbacks(60s));
    Strings out;
    for (const HttpRequest& request : receiver.fresh()) {
        if (request.method == "POST") {
            out.push_back(opened(request, agentId));
        }
    }
    return out;
}

std::string change(const std::string& type, const std::string& rest) {
    return contactEvent(kCorp, "1700000001", type, rest);
}

}  // namespace

TEST_CASE("emulator: WeCom asks an address before it tells it anything", "[emulator][callbacks-emu]") {
    WeComServer server(frozen(true), demo());
    Receiver receiver(honest);
    server.setCallback(callbackTo(receiver));
    const auto requests = receiver.requests();
    REQUIRE(requests.size() == 1);
    CHECK(requests[0].method == "GET");
    const std::string echo(requests[0].parameter("echostr"));
    CHECK(requests[0].parameter("msg_signature") == signatureOf(requests[0], echo));
    CHECK(openMessage(kKey, echo).owner == kCorp);

    server.setOrganisation([] {
        auto next = demo();
        next.userList.push_back(person("new", {{"2", false, 0, true}}));
        return next;
    }());
    CHECK(heard(server, receiver).size() == 1);
    server.clearCallbacks();
    server.setOrganisation(demo());
    CHECK(heard(server, receiver).empty());
}

TEST_CASE("emulator: WeCom refuses an address that answers wrongly, over the control call too",
          "[emulator][callbacks-emu]") {
    WeComServer server(frozen(true), demo());
    Receiver wrong([](const HttpRequest& request) {
        auto reply = honest(request);
        reply.body += "\n";
        return reply;
    });
    CHECK_THROWS_AS(server.setCallback(callbackTo(wrong)), CallbackError);

    Connection control(server.port());
    const auto post = [&](const Receiver& receiver, const std::string& more) {
        return control.call("POST", "/_emulator/callback",
                            "{\"url\":\"" + receiver.url() + "\",\"token\":\"" + kToken + "\",\"aesKey\":\"" +
                                kKey + "\"" + more + "}");
    };
    const auto refused = post(wrong, "");
    CHECK(refused.status == 400);
    CHECK_THAT(refused.body, ContainsSubstring("expected the decrypted echostr and nothing else"));
    CHECK(control.call("GET", "/_emulator/callback").body == "[]\n");
    CHECK(post(wrong, ",\"verify\":false").status == 200);

    Receiver right(honest);
    CHECK(post(right, ",\"agentId\":1000002").status == 200);
    const std::string set = control.call("GET", "/_emulator/callback").body;
    CHECK_THAT(set, ContainsSubstring(right.url()) && ContainsSubstring("1000002"));
    CHECK_THAT(set, !ContainsSubstring(kKey) && !ContainsSubstring(kToken));
    CHECK(control.call("DELETE", "/_emulator/callback").status == 200);
    CHECK(control.call("GET", "/_emulator/callback").body == "[]\n");

    for (const char* body : {"{}", R"({"url":"ftp://x","token":"t","aesKey":"k"})",
                             R"({"url":"http://x","token":"","aesKey":""})",
                             R"({"url":"http://x","token":"t","aesKey":"short"})", R"({"url":1})"}) {
        CAPTURE(body);
        CHECK(control.call("POST", "/_emulator/callback", body).status == 400);
    }
}

TEST_CASE("emulator: WeCom waits a second for an echo, and no answer is no consent",
          "[emulator][callbacks-emu]") {
    auto options = frozen(true);
    options.behaviour.verificationDeadline = 20ms;
    WeComServer server(options, demo());
    Receiver mute(emulator_test::tooLate);
    try {
        server.setCallback(callbackTo(mute));
        FAIL("it was accepted");
    } catch (const CallbackError& error) {
        CHECK_THAT(error.what(), ContainsSubstring("20 ms"));
    }
    CHECK(WeComBehaviour().verificationDeadline == 1s);
    CHECK(WeComBehaviour().callbackDeadline == 5s);
}

TEST_CASE("emulator: the server goes on answering while it waits for an address",
          "[emulator][callbacks-emu]") {
    WeComServer server(frozen(true), demo());
    // The address asks the platform something before it answers.
    Receiver curious([&server](const HttpRequest& request) {
        Connection connection(server.port());
        const auto token = connection.call("GET", "/cgi-bin/gettoken?corpid=c&corpsecret=s");
        return token.status == 200 ? honest(request) : replyOf(500, "");
    });
    server.setCallback(callbackTo(curious));
    Connection control(server.port());
    CHECK(control
              .call("POST", "/_emulator/callback",
                    "{\"url\":\"" + curious.url() + "\",\"token\":\"" + kToken + "\",\"aesKey\":\"" + kKey +
                        "\"}")
              .status == 200);
}

TEST_CASE("emulator: contact events of WeCom in the full form", "[emulator][callbacks-emu]") {
    auto options = frozen(false);
    options.behaviour.bizMail = true;
    WeComServer server(options, demo());
    Receiver receiver(honest);
    server.setCallback(callbackTo(receiver));
    Organisation now = demo();

    SECTION("somebody joins") {
        Member zhou = person("zhou", {{"2", true, 0, false}, {"3", false, 0, true}});
        zhou.nick = "周]]>八";
        zhou.phone = "+8613800000000";
        zhou.email = "zhou@example.com";
        zhou.position = "产品经理";
        zhou.gender = 1;
        zhou.photo = "http://wx.qlogo.cn/x/0";
        zhou.jobNumber = "E9";
        now.userList.push_back(zhou);
        server.setOrganisation(now);
        const auto events = heard(server, receiver);
        REQUIRE(events.size() == 2);
        CHECK(element(events[1], "UserID") == "lisi");  // has a leader now
        CHECK(element(events[1], "DirectLeader") == "zhou");
        CHECK(events[0] ==
              change("create_user",
                     "<UserID><![CDATA[zhou]]></UserID><Name><![CDATA[周]]]]><![CDATA[>八]]></Name>"
                     "<Department><![CDATA[2,3]]></Department><MainDepartment>3</MainDepartment>"
                     "<IsLeaderInDept><![CDATA[1,0]]></IsLeaderInDept><DirectLeader><![CDATA[lisi]]></"
                     "DirectLeader>"
                     "<Position><![CDATA[产品经理]]></Position><Mobile>13800000000</Mobile><Gender>1</Gender>"
                     "<Email><![CDATA[zhou@example.com]]></Email><BizMail><![CDATA[zhou@corp.example.com]]></"
                     "BizMail>"
                     "<Status>1</Status><Avatar><![CDATA[http://wx.qlogo.cn/x/0]]></Avatar>"
                     "<ExtAttr><Item><Name><![CDATA[工号]]></Name><Type>0</Type><Text><Value><![CDATA[E9]]></"
                     "Value>"
                     "</Text></Item></ExtAttr>"));
    }
    SECTION("somebody changes: only what did is told") {
        member(now, "zhangsan").nick = "张三";
        member(now, "zhangsan").upstreamStatus = "frozen";
        member(now, "wangwu").departments = {{"2", false, 0, true}};
        server.setOrganisation(now);
        CHECK(heard(server, receiver) ==
              Strings{
                  change(
                      "update_user",
                      "<UserID><![CDATA[zhangsan]]></UserID><Name><![CDATA[张三]]></Name><Status>2</Status>"),
                  change("update_user",
                         "<UserID><![CDATA[wangwu]]></UserID><Department><![CDATA[2]]></Department>"
                         "<MainDepartment>2</MainDepartment>")});
    }
    SECTION("what becomes empty is told as empty") {
        member(now, "zhangsan").position = "x";
        server.setOrganisation(now);
        heard(server, receiver);
        server.setOrganisation(demo());
        CHECK(heard(server, receiver) ==
              Strings{change("update_user",
                             "<UserID><![CDATA[zhangsan]]></UserID><Position><![CDATA[]]></Position>")});
    }
    SECTION("somebody leaves, by absence or by status") {
        now.userList.pop_back();
        member(now, "zhao").status = 2;
        now.adminIds.clear();
        server.setOrganisation(now);
        CHECK(heard(server, receiver) ==
              Strings{change("delete_user", "<UserID><![CDATA[zhao]]></UserID>"),
                      change("delete_user", "<UserID><![CDATA[wangwu]]></UserID>")});
    }
    SECTION("departments come, parents first, and go, children first") {
        now.deptList.insert(now.deptList.begin() + 1,
                            {{"2315041299", "9", "Below", -1, {}}, {"9", "2", "Above", 5, {}}});
        server.setOrganisation(now);
        CHECK(heard(server, receiver) ==
              Strings{change("create_party",
                             "<Id>9</Id><Name><![CDATA[Above]]></Name><ParentId><![CDATA[2]]>"
                             "</ParentId><Order>3999999995</Order>"),
                      change("create_party",
                             "<Id>2315041299</Id><Name><![CDATA[Below]]></Name><ParentId><![CDATA[9]]>"
                             "</ParentId><Order>4000000001</Order>")});
        server.setOrganisation(demo());
        CHECK(heard(server, receiver) ==
              Strings{change("delete_party", "<Id>2315041299</Id>"), change("delete_party", "<Id>9</Id>")});
    }
    SECTION("a department is renamed, another is moved") {
        now.deptList[1].name = "研发";
        now.deptList[2].parentId = "1";
        server.setOrganisation(now);
        const auto events = heard(server, receiver);
        REQUIRE(events.size() >= 2);
        CHECK(events[0] == change("update_party", "<Id>2</Id><Name><![CDATA[研发]]></Name>"));
        CHECK(events[1] == change("update_party", "<Id>3</Id><ParentId><![CDATA[1]]></ParentId>"));
    }
    SECTION("a userid changes: told by the call, or found by the union id") {
        server.renameMember("zhangsan", "zhangsan001");
        CHECK(heard(server, receiver) ==
              Strings{
                  change("update_user",
                         "<UserID><![CDATA[zhangsan]]></UserID><NewUserID><![CDATA[zhangsan001]]></NewUserID>"
                         "<BizMail><![CDATA[zhangsan001@corp.example.com]]></BizMail>")});
        Connection control(server.port());
        CHECK(control.call("POST", "/_emulator/rename", R"({"from":"zhangsan001","to":"zs"})").status == 200);
        CHECK(element(heard(server, receiver).at(0), "NewUserID") == "zs");
        CHECK(control.call("POST", "/_emulator/rename", R"({"from":"nobody","to":"zs"})").status == 400);
        CHECK(control.call("POST", "/_emulator/rename", R"({"from":"zs","to":"lisi"})").status == 400);

        auto organisation = server.organisation();
        member(organisation, "wangwu").unionId = "u1";
        server.setOrganisation(organisation);
        member(organisation, "wangwu").memberId = "wang5";
        server.setOrganisation(organisation);
        const auto events = heard(server, receiver);
        REQUIRE(events.size() == 1);
        CHECK(element(events[0], "UserID") == "wangwu");
        CHECK(element(events[0], "NewUserID") == "wang5");
    }
    SECTION("tags: members and departments come and go") {
        now.roleMemberSet = {{"7", "lisi"}, {"7", "zhao"}};
        server.setOrganisation(now);
        auto events = heard(server, receiver);
        REQUIRE(events.size() == 1);
        CHECK_THAT(events[0],
                   ContainsSubstring("<ChangeType><![CDATA[update_tag]]></ChangeType><TagId>7</TagId>"
                                     "<AddUserItems><![CDATA[lisi,zhao]]></AddUserItems>"
                                     "<DelUserItems><![CDATA[zhangsan]]></DelUserItems></xml>"));
        auto behaviour = server.behaviour();
        behaviour.tagDepts = {{"7", {"2", "3"}}};
        server.setBehaviour(behaviour);
        events = heard(server, receiver);
        REQUIRE(events.size() == 1);
        CHECK(element(events[0], "AddPartyItems") == "2,3");
        behaviour.tagDepts = {{"7", {"3"}}};
        server.setBehaviour(behaviour);
        CHECK(element(heard(server, receiver).at(0), "DelPartyItems") == "2");
    }
    SECTION("nothing changes, nothing is told; neither is the order of departments") {
        now.deptList[1].order = 99;
        server.setOrganisation(now);
        CHECK(heard(server, receiver).empty());
    }
}

TEST_CASE("emulator: contact events of WeCom since 2022: ids alone", "[emulator][callbacks-emu]") {
    WeComServer server(frozen(true), demo());
    Receiver receiver(honest);
    server.setCallback(callbackTo(receiver));
    Organisation now = demo();
    member(now, "zhangsan").nick = "another name";               // no event
    now.deptList[1].name = "another name";                       // no event
    member(now, "wangwu").departments = {{"2", true, 0, true}};  // moves, and leads there
    now.deptList.push_back({"4", "2", "New", 0, {}});
    now.deptList[2].parentId = "1";
    now.userList.push_back(person("zhou", {{"4", false, 0, true}}));
    server.setOrganisation(now);
    CHECK(heard(server, receiver) ==
          Strings{change("create_party", "<Id>4</Id><ParentId><![CDATA[2]]></ParentId>"),
                  change("update_party", "<Id>3</Id><ParentId><![CDATA[1]]></ParentId>"),
                  change("create_user",
                         "<UserID><![CDATA[zhou]]></UserID><Department><![CDATA[4]]></Department>"),
                  change("update_user",
                         "<UserID><![CDATA[wangwu]]></UserID><Department><![CDATA[2]]></Department>")});

    now.deptList[1].leaderIds = {};  // a leader no more: an event for the member
    server.setOrganisation(now);
    CHECK(heard(server, receiver) ==
          Strings{change("update_user",
                         "<UserID><![CDATA[lisi]]></UserID><Department><![CDATA[2]]></Department>")});
}

TEST_CASE("emulator: an app of WeCom hears who comes into its sight, and of its exports",
          "[emulator][callbacks-emu]") {
    auto options = frozen(true);
    options.behaviour.scope.all = false;
    options.behaviour.scope.deptIds = {"3"};
    WeComServer server(options, demo());
    Receiver receiver(honest);
    server.setCallback(callbackTo(receiver, 1'000'002));
    Organisation now = demo();
    member(now, "zhangsan").departments = {{"3", false, 0, true}};  // comes
    member(now, "wangwu").departments = {{"2", false, 0, true}};    // goes
    now.userList.push_back(person("zhou", {{"3", false, 0, true}}));
    now.userList.push_back(person("unseen", {{"2", false, 0, true}}));
    server.setOrganisation(now);
    const auto expected = [](const std::string& who, const std::string& event) {
        return "<xml><ToUserName><![CDATA[" + kCorp + "]]></ToUserName><FromUserName><![CDATA[" + who +
               "]]></FromUserName><CreateTime>1700000001</CreateTime><MsgType><![CDATA[event]]></MsgType>"
               "<Event><![CDATA[" +
               event + "]]></Event><AgentID>1000002</AgentID></xml>";
    };
    CHECK(heard(server, receiver, "1000002") == Strings{expected("zhangsan", "subscribe"),
                                                        expected("wangwu", "unsubscribe"),
                                                        expected("zhou", "subscribe")});

    auto behaviour = server.behaviour();
    behaviour.scope.deptIds = {"2"};
    behaviour.appContactEvents = true;  // then it hears of the contacts as well, as far as it sees them
    server.setBehaviour(behaviour);
    // R&D comes, and three people, who are told of twice; two have a leader now whom the app can see.
    CHECK(heard(server, receiver, "1000002").size() == 1 + 3 * 2 + 2);
    member(now, "zhangsan").phone = "+8613900000000";  // withheld from new apps
    member(now, "lisi").position = "CTO";
    server.setOrganisation(now);
    const auto events = heard(server, receiver, "1000002");
    REQUIRE(events.size() == 1);
    CHECK(element(events[0], "ChangeType") == "update_user");
    CHECK(element(events[0], "Position") == "CTO");

    Connection connection(server.port());
    const std::string token(connection.call("GET", "/cgi-bin/gettoken?corpid=" + kCorp + "&corpsecret=S")
                                .json()
                                .at("access_token")
                                .as_string());
    const auto job = connection.call("POST", "/cgi-bin/export/taguser?access_token=" + token,
                                     R"({"tagid":7,"encoding_aeskey":")" + kKey + "\"}");
    const std::string id(job.json().at("jobid").as_string());
    const auto done = heard(server, receiver, "1000002");
    REQUIRE(done.size() == 1);
    CHECK(element(done[0], "Event") == "batch_job_result");
    CHECK(element(done[0], "JobId") == id);
    CHECK(element(done[0], "JobType") == "export_tag");
    CHECK(element(done[0], "ErrCode") == "0");
    CHECK(connection.call("GET", "/cgi-bin/export/get_result?jobid=" + id + "&access_token=" + token)
              .json()
              .at("status") == 2);
}

TEST_CASE("emulator: WeCom sends three times for want of an answer, and never because of one",
          "[emulator][callbacks-emu]") {
    WeComServer server(frozen(true), demo());
    Receiver receiver(honest);
    server.setCallback(callbackTo(receiver));
    receiver.fresh();
    receiver.answer(cutOff);
    Organisation now = demo();
    now.userList.pop_back();
    server.setOrganisation(now);
    REQUIRE(server.waitForCallbacks(60s));
    CHECK(receiver.requests().size() == 2);
    server.advanceClock(1s);
    REQUIRE(server.waitForCallbacks(60s));
    Connection(server.port()).call("POST", "/_emulator/clock", R"({"advanceSeconds":1})");
    REQUIRE(server.waitForCallbacks(60s));
    server.advanceClock(1h);
    REQUIRE(server.waitForCallbacks(60s));
    auto tries = receiver.fresh();
    REQUIRE(tries.size() == 3);
    CHECK(opened(tries[0]) == opened(tries[2]));
    CHECK(tries[0].body != tries[1].body);  // a ciphertext of its own
    CHECK(server.callbacks().back().state == CallbackRecord::State::failed);

    receiver.answer([](const HttpRequest&) { return replyOf(500, ""); });
    server.setOrganisation(demo());
    REQUIRE(server.waitForCallbacks(60s));
    server.advanceClock(1h);
    REQUIRE(server.waitForCallbacks(60s));
    CHECK(receiver.fresh().size() == 1);

    auto behaviour = server.behaviour();
    behaviour.freshTries = false;
    behaviour.callbackTries = 2;
    server.setBehaviour(behaviour);
    receiver.answer(cutOff);
    server.setOrganisation(now);
    REQUIRE(server.waitForCallbacks(60s));
    server.advanceClock(1s);
    REQUIRE(server.waitForCallbacks(60s));
    tries = receiver.fresh();
    REQUIRE(tries.size() == 2);
    CHECK(tries[0].target == tries[1].target);
    CHECK(tries[0].body == tries[1].body);
}

TEST_CASE("emulator: what goes wrong with events", "[emulator][callbacks-emu]") {
    WeComServer server(frozen(true), demo());
    Receiver receiver(honest);
    server.setCallback(callbackTo(receiver));
    receiver.fresh();
    const auto fault = [&](const std::string& json) {
        CHECK(Connection(server.port()).call("POST", "/_emulator/callback-faults", json).status == 200);
    };
    const auto join = [&](int first, int last) {
        Organisation now = server.organisation();
        for (int i = first; i <= last; ++i) {
            now.userList.push_back(person("p" + std::to_string(i), {{"2", false, 0, true}}));
        }
        server.setOrganisation(now);
    };
    const auto ids = [&] {
        Strings out;
        for (const std::string& event : heard(server, receiver)) {
            out.push_back(element(event, "UserID"));
        }
        return out;
    };

    SECTION("lost, doubled") {
        fault(R"([{"kind":"lost","match":"p1"},{"kind":"doubled","match":"create_user","after":1}])");
        join(1, 3);
        CHECK(ids() == Strings{"p2", "p3", "p3"});
        CHECK(server.callbacks().at(1).state == CallbackRecord::State::lost);
    }
    SECTION("delayed, by the clock of the server") {
        fault(R"({"kind":"delayed","match":"p1","delayMs":90000})");
        join(1, 2);
        CHECK(ids() == Strings{"p2"});
        server.advanceClock(90s);
        CHECK(ids() == Strings{"p1"});
    }
    SECTION("shuffled: the same events in another order") {
        fault(R"({"kind":"shuffled","times":-1})");
        join(1, 20);
        Strings order = ids();
        CHECK(order.size() == 20);
        Strings plain;
        for (int i = 1; i <= 20; ++i) {
            plain.push_back("p" + std::to_string(i));
        }
        CHECK(order != plain);
        std::sort(order.begin(), order.end());
        std::sort(plain.begin(), plain.end());
        CHECK(order == plain);
    }
    SECTION("the answer is lost: it comes again though it was accepted") {
        fault(R"({"kind":"answer-lost"})");
        join(1, 1);
        CHECK(ids() == Strings{"p1"});
        server.advanceClock(1s);
        CHECK(ids() == Strings{"p1"});
        CHECK(server.callbacks().back().state == CallbackRecord::State::accepted);
    }
    SECTION("a wrong signature, and a right one of what cannot be read") {
        fault(R"([{"kind":"wrong-signature","match":"p1"},{"kind":"garbled","match":"p2"}])");
        join(1, 2);
        REQUIRE(server.waitForCallbacks(60s));
        const auto requests = receiver.fresh();
        REQUIRE(requests.size() == 2);
        const std::string forged = element(requests[0].body, "Encrypt");
        CHECK_FALSE(requests[0].parameter("msg_signature") == signatureOf(requests[0], forged));
        CHECK(openMessage(kKey, forged).owner == kCorp);
        const std::string garbled = element(requests[1].body, "Encrypt");
        CHECK(requests[1].parameter("msg_signature") == signatureOf(requests[1], garbled));
        CHECK_THROWS(openMessage(kKey, garbled));
    }
    CHECK(server.stats().faultsInjected > 0);

    Connection control(server.port());
    CHECK_THAT(control.call("GET", "/_emulator/callbacks").body,
               ContainsSubstring("\"idle\":true") && ContainsSubstring("\"event\":\"create_user\"") &&
                   ContainsSubstring("\"accepted\":true"));
    fault(R"({"kind":"lost","times":-1})");
    CHECK_THAT(control.call("GET", "/_emulator/callback-faults").body,
               ContainsSubstring("\"kind\":\"lost\""));
    CHECK(control.call("DELETE", "/_emulator/callback-faults").status == 200);
    CHECK(server.callbackFaults().empty());
    CHECK(control.call("DELETE", "/_emulator/callbacks").status == 200);
    CHECK(control.call("GET", "/_emulator/callbacks").body == "{\"idle\":true,\"callbacks\":[]}\n");
    CHECK(control.call("POST", "/_emulator/callback-faults", R"({"kind":"?"})").status == 400);
}

TEST_CASE("emulator: the behaviour of events over the control call", "[emulator][callbacks-emu]") {
    WeComServer server(frozen(true), demo());
    Connection control(server.port());
    const auto answer =
        control.call("PUT", "/_emulator/behaviour",
                     R"({"callbackIdsOnly":false,"callbackDeadlineMs":1234,"callbackTries":5})");
    CHECK_THAT(answer.body, ContainsSubstring("\"callbackDeadlineMs\":1234"));
    CHECK_FALSE(server.behaviour().callbackIdsOnly);
    CHECK(server.behaviour().callbackTries == 5);
}

}  // namespace emulator_wecom_callbacks_test
