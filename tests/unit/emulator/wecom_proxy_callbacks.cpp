// What the emulator tells a provider of WeCom, read by means of the test's own.
#include "unit/emulator/callback_decoding.hpp"
#include "unit/emulator/callback_receiver.hpp"
#include "unit/emulator/people.hpp"
#include "unit/emulator/raw_http.hpp"
#include "unit/emulator/wecom_callback.hpp"

#include <corps/emulator/wecom_proxy.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace emulator_wecom_proxy_callbacks_test {
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
using emulator_test::sortedSha1;
using Strings = std::vector<std::string>;

const std::string kProvider = "wwprovider00000001";
const std::string kSuite = "dk0123456789abcdef";
const std::string kOther = "wwfedcba9876543210";

/** The time of vector C; it moves only when the test says so. Nobody fails because the machine is busy. */
WeComProxyOptions frozen(bool authorised) {
    WeComProxyOptions out;
    out.clock = [] { return std::chrono::milliseconds(1'700'000'002'000); };
    out.providerCorpId = kProvider;
    WeComSuite suite;
    suite.suiteId = kSuite;
    suite.suiteSecret = "SECRET";
    suite.token = kToken;
    suite.encodingAESKey = kKey;
    out.suites = {suite};
    out.authorised = authorised;
    out.suiteTicketInterval = 0s;
    out.behaviour.callbackDeadline = 30s;
    out.behaviour.suiteDeadline = 30s;
    out.behaviour.verificationDeadline = 30s;
    out.behaviour.callbackRetryWait = 0ms;
    out.behaviour.subscribeEvents = false;
    return out;
}

WeComProxyCallback to(const Receiver& receiver, const std::string& corp = "") {
    WeComProxyCallback out;
    out.url = receiver.url();
    out.corp = corp;
    return out;
}

/** What came to a template's address since the last look. */
Strings heard(WeComProxyServer& server, Receiver& receiver) {
    REQUIRE(server.waitForCallbacks(60s));
    Strings out;
    for (const HttpRequest& request : receiver.fresh()) {
        if (request.method == "POST") {
            emulator_test::Opened event = openEvent(request, kSuite, "");
            CHECK(event.owner == kSuite);
            out.push_back(std::move(event.message));
        }
    }
    return out;
}

/** What came to the address of an enterprise's app. */
Strings heardOf(WeComProxyServer& server, Receiver& receiver, const std::string& corp = kCorp) {
    REQUIRE(server.waitForCallbacks(60s));
    const auto known = server.authorisation(corp);
    const std::string shown = known.encryptedIds ? known.openCorpId : known.corpId;
    Strings out;
    for (const HttpRequest& request : receiver.fresh()) {
        if (request.method == "POST") {
            emulator_test::Opened event = openEvent(request, shown, std::to_string(known.agentId));
            CHECK(event.owner == shown);
            out.push_back(std::move(event.message));
        }
    }
    return out;
}

std::string change(const std::string& corp, const std::string& type, const std::string& rest) {
    return contactEvent(corp, "1700000002", type, rest);
}

/** Exchanges an auth code. */
boost::json::value exchanged(WeComProxyServer& server, const std::string& code) {
    Connection connection(server.port());
    const auto token =
        connection
            .call("POST", "/cgi-bin/service/get_suite_token",
                  "{\"suite_id\":\"" + kSuite + "\",\"suite_secret\":\"SECRET\",\"suite_ticket\":\"" +
                      server.suiteTicket() + "\"}")
            .json();
    return connection
        .call("POST",
              "/cgi-bin/service/v2/get_permanent_code?suite_access_token=" +
                  std::string(token.at("suite_access_token").as_string()),
              "{\"auth_code\":\"" + code + "\"}")
        .json();
}

}  // namespace

TEST_CASE("wecom proxy callbacks: the test reads the vectors that everybody reads",
          "[emulator][proxy-emu][callbacks-emu]") {
    const std::string c =
        "4j/AuRx71kQlxVlzbpsMWPVXJc0RXUTdS5A833U0bhDBrOYVY/dEMNc/wK0FXx8JWV3W7NhS+dJ1SoLHXsdLn5V0rh3Pygng7s/"
        "EmGcz"
        "ZZBeYdoOAYPiBlpsGRShX3ZwKWdId07YLTMsy3O+ZL9o8jILV0/J+ehmh0brwXXRDLcsdo5YSVMNWsSWPUq+qGfepxTVBUH9o4/"
        "cDqHP"
        "wTx36hVfDKUDxoXrH11kVn4kgQesWCqY3ZUnGOMIHXlNTNoNJeu/"
        "kPuJEkfgo2394ZELqhAHCZhmwnGhqrWEB8v11aJqTCiDTLazHsrN"
        "dMVIiCJtkmCAgA/ivVOXchWIPfOeBg==";
    CHECK(sortedSha1(kToken, "1700000002", "380320360", c) == "db69f48fdd58d5ee80d2c4587fc54526c6c5dea2");
    CHECK(openMessage(kKey, c).owner == kSuite);
    CHECK(
        openMessage(kKey, c).message ==
        "<xml><SuiteId><![CDATA[dk0123456789abcdef]]></SuiteId><InfoType><![CDATA[suite_ticket]]></InfoType>"
        "<TimeStamp>1700000002</TimeStamp><SuiteTicket><![CDATA[TICKET-0001]]></SuiteTicket></xml>");
    const std::string d =
        "4j/"
        "AuRx71kQlxVlzbpsMWKJhvTDVKfL732fOS8yy4A1bdPIREo+"
        "BYcn5XD7oihnXKZr1sMsjt6wz26giqV3znX6Xh58FHvHVJuE7NAch"
        "7LlxYqr8iI8yLDHlfVkPuENfSjkIIdWt6kuLo4gngxs2NYxNcK3UGSHj5FFLNgwZaKbxT/egkQ/p0h6OnDHjvuUC9NHJb2keOs/"
        "6/EgZ"
        "Sxuq2J6wXekT+/"
        "duAimTOEsrPijvQH3PWdvDfURPdhaTAsYM2eIopB5cUnpU6Pa1xdRBsI8uRuralCBh+ostk+zzKk1q8IIC8hk633n3"
        "Wc11aeppxtWVrxGhNqOP8mbGldpwIBH56V3TC/Cm3/Gj6MX6RYrW+C/nvcdk8wD1IMhy6a2N";
    CHECK(sortedSha1(kToken, "1700000003", "380320361", d) == "11dc6fdff90d95e58f091d9289a1788b79d3321e");
    CHECK(openMessage(kKey, d).owner == kSuite);
    CHECK(element(openMessage(kKey, d).message, "AuthCode") == "AUTHCODE-0001");
    const std::string f =
        "4j/AuRx71kQlxVlzbpsMWFHe92iq4VdHki6B+j5nrtg71mFdQm+ko3NxTfdGK3HjBjeJUeY6ebrxJg1rOmkb6A==";
    CHECK(sortedSha1(kToken, "1700000005", "42", f) == "9e7dc13e753ef0c3b7264b4bc7e8e207248a5939");
    CHECK(openMessage(kKey, f).message == "1616140317555161061");
    CHECK(openMessage(kKey, f).owner == kProvider);
}

TEST_CASE("wecom proxy callbacks: a template's address is asked in the provider's name",
          "[emulator][proxy-emu][callbacks-emu]") {
    WeComProxyServer server(frozen(true), {demo()});
    Receiver receiver(honest);
    server.setCallback(to(receiver));
    auto requests = receiver.fresh();
    REQUIRE(requests.size() == 1);
    CHECK(requests[0].method == "GET");
    const std::string echo(requests[0].parameter("echostr"));
    CHECK(requests[0].parameter("msg_signature") == signatureOf(requests[0], echo));
    CHECK(openMessage(kKey, echo).owner == kProvider);

    // So is that of an app, as far as is known; both can be switched.
    auto behaviour = server.behaviour();
    for (const auto& [switched, owner] : {std::pair<std::string, std::string>{"provider", kProvider},
                                          {"suite", kSuite},
                                          {"corp", kCorp},
                                          {"openCorp", server.openCorpId(kCorp)},
                                          {"none", ""}}) {
        behaviour.appGetReceiver = switched;
        server.setBehaviour(behaviour);
        server.setCallback(to(receiver, kCorp));
        CHECK(openMessage(kKey, receiver.fresh().at(0).parameter("echostr")).owner == owner);
    }
    behaviour.templateGetReceiver = "suite";
    server.setBehaviour(behaviour);
    server.setCallback(to(receiver));
    CHECK(openMessage(kKey, receiver.fresh().at(0).parameter("echostr")).owner == kSuite);

    Receiver wrong([](const HttpRequest&) { return replyOf(200, "success"); });
    CHECK_THROWS_AS(server.setCallback(to(wrong)), CallbackError);
    auto bad = to(receiver);
    bad.aesKey = "short";
    CHECK_THROWS_AS(server.setCallback(bad), CallbackError);
    bad = to(receiver, "wwnobody");
    CHECK_THROWS_AS(server.setCallback(bad), CallbackError);
}

TEST_CASE("wecom proxy callbacks: a ticket looks like the platform's",
          "[emulator][proxy-emu][callbacks-emu]") {
    WeComProxyServer server(frozen(true), {demo()});
    Receiver receiver(honest);
    server.setCallback(to(receiver));
    receiver.fresh();
    const std::string ticket = server.pushTicket();
    CHECK(heard(server, receiver) == Strings{"<xml><SuiteId><![CDATA[dk0123456789abcdef]]></"
                                             "SuiteId><InfoType><![CDATA[suite_ticket]]></InfoType>"
                                             "<TimeStamp>1700000002</TimeStamp><SuiteTicket><![CDATA[" +
                                             ticket + "]]></SuiteTicket></xml>"});
    auto behaviour = server.behaviour();
    behaviour.spaceBeforeInfoType = true;
    behaviour.templatePostReceiver = "provider";
    server.setBehaviour(behaviour);
    server.pushTicket();
    REQUIRE(server.waitForCallbacks(60s));
    const auto event = openEvent(receiver.fresh().at(0), kSuite, "");
    CHECK_THAT(event.message, ContainsSubstring("<InfoType> <![CDATA[suite_ticket]]></InfoType>"));
    CHECK(event.owner == kProvider);
    CHECK(server.callbacks().back().event == "suite_ticket");
}

TEST_CASE("wecom proxy callbacks: tickets come by the server's clock, though nobody asks",
          "[emulator][proxy-emu][callbacks-emu]") {
    WeComProxyServer server(frozen(true), {demo()});
    Receiver receiver(honest);
    server.pushTicketEvery(600s);
    server.setCallback(to(receiver));
    CHECK(heard(server, receiver).empty());
    server.advanceClock(599s);
    CHECK(heard(server, receiver).empty());
    server.advanceClock(1s);
    const auto first = heard(server, receiver);
    REQUIRE(first.size() == 1);
    CHECK(element(first[0], "SuiteTicket") == server.suiteTicket());
    CHECK(element(first[0], "TimeStamp") == "1700000602");
    // One that gets lost does not stop the next.
    CallbackFault lost;
    lost.match = "suite_ticket";
    server.addCallbackFault(lost);
    server.advanceClock(600s);
    CHECK(heard(server, receiver).empty());
    server.advanceClock(600s);
    CHECK(heard(server, receiver).size() == 1);
    server.pushTicketEvery(0s);
    server.advanceClock(24h);
    CHECK(heard(server, receiver).empty());
    server.pushTicketEvery(60s);
    server.advanceClock(60s);
    CHECK(heard(server, receiver).size() == 1);
    server.clearCallbacks();
    server.advanceClock(60s);
    CHECK(heard(server, receiver).empty());
}

TEST_CASE("wecom proxy callbacks: an authorisation from its beginning to its end",
          "[emulator][proxy-emu][callbacks-emu]") {
    WeComProxyServer server(frozen(false), {demo(), demo(kOther)});
    Receiver receiver(honest);
    server.setCallback(to(receiver));
    receiver.fresh();
    const std::string head = "<xml><SuiteId><![CDATA[" + kSuite + "]]></SuiteId>";

    const std::string code = server.authorise(kCorp, "corp42");
    auto events = heard(server, receiver);
    CHECK(events == Strings{head + "<AuthCode><![CDATA[" + code +
                            "]]></AuthCode><InfoType><![CDATA[create_auth]]></InfoType>"
                            "<TimeStamp>1700000002</TimeStamp><State><![CDATA[corp42]]></State>"
                            "<ExtraInfo></ExtraInfo></xml>"});
    CHECK(exchanged(server, element(events.at(0), "AuthCode")).at("state") == "corp42");

    const std::string changed =
        head +
        "<InfoType><![CDATA[change_auth]]></InfoType><TimeStamp>1700000002</TimeStamp>"
        "<AuthCorpId><![CDATA[" +
        server.openCorpId(kCorp) +
        "]]></AuthCorpId><State><![CDATA[corp42]]></State><ExtraInfo></ExtraInfo></xml>";
    server.setRange(kCorp, {false, {"2"}, {}, {}});
    CHECK(heard(server, receiver) == Strings{changed});
    server.setPermissions(kCorp, {});
    CHECK(heard(server, receiver) == Strings{changed});
    server.disable(kCorp);
    CHECK(heard(server, receiver) == Strings{changed});
    server.enable(kCorp);
    CHECK(heard(server, receiver) == Strings{changed});

    const std::string reset = server.resetSecret(kCorp);
    CHECK(heard(server, receiver) ==
          Strings{head + "<AuthCode><![CDATA[" + reset +
                  "]]></AuthCode><InfoType><![CDATA[reset_permanent_code]]></InfoType>"
                  "<TimeStamp>1700000002</TimeStamp></xml>"});
    CHECK(exchanged(server, reset).at("permanent_code").as_string() ==
          server.authorisation(kCorp).permanentCode);

    server.cancel(kCorp);
    CHECK(heard(server, receiver) ==
          Strings{head +
                  "<InfoType><![CDATA[cancel_auth]]></InfoType><TimeStamp>1700000002</TimeStamp>"
                  "<AuthCorpId><![CDATA[" +
                  server.openCorpId(kCorp) + "]]></AuthCorpId></xml>"});

    // The same over the control calls; where ids are in plaintext, so is this one.
    auto behaviour = server.behaviour();
    behaviour.encryptedIds = false;
    server.setBehaviour(behaviour);
    Connection connection(server.port());
    connection.call("POST", "/_emulator/authorise", "{\"corp\":\"" + kOther + "\",\"state\":\"s\"}");
    connection.call("POST", "/_emulator/permissions", "{\"corp\":\"" + kOther + "\",\"permissions\":[]}");
    events = heard(server, receiver);
    REQUIRE(events.size() == 2);
    CHECK(element(events[0], "InfoType") == "create_auth");
    CHECK(element(events[1], "AuthCorpId") == kOther);
}

TEST_CASE("wecom proxy callbacks: only success will do, and only silence is tried again",
          "[emulator][proxy-emu][callbacks-emu]") {
    auto options = frozen(false);
    const bool sameCode = GENERATE(true, false);
    options.behaviour.repeatAuthCode = sameCode;
    WeComProxyServer server(options, {demo()});
    Receiver receiver(honest);
    server.setCallback(to(receiver));
    receiver.fresh();
    receiver.answer([](const HttpRequest&) { return replyOf(200, ""); });
    server.authorise(kCorp);
    CHECK(heard(server, receiver).size() == 1);
    auto record = server.callbacks().back();
    CHECK(record.state == CallbackRecord::State::failed);
    CHECK_FALSE(record.attempts.at(0).error.empty());

    server.cancel(kCorp);
    REQUIRE(server.waitForCallbacks(60s));
    receiver.fresh();
    receiver.answer(cutOff);
    server.authorise(kCorp, "st");
    const auto events = heard(server, receiver);
    REQUIRE(events.size() == 3);
    CHECK(server.callbacks().back().attempts.size() == 3);
    std::set<std::string> codes;
    for (const std::string& event : events) {
        codes.insert(element(event, "AuthCode"));
        CHECK(element(event, "State") == "st");
    }
    CHECK(codes.size() == (sameCode ? 1U : 3U));
    CHECK(exchanged(server, element(events[2], "AuthCode")).at("errcode") == 0);
}

TEST_CASE("wecom proxy callbacks: an answer after the deadline is none",
          "[emulator][proxy-emu][callbacks-emu]") {
    auto options = frozen(false);
    options.behaviour.suiteDeadline = 1ms;
    options.behaviour.callbackTries = 1;
    WeComProxyServer server(options, {demo()});
    Receiver receiver([](const HttpRequest& request) {
        HttpReply out = honest(request);
        out.delay = request.method == "GET" ? 0ms : 300ms;
        return out;
    });
    server.setCallback(to(receiver));
    server.authorise(kCorp);
    REQUIRE(server.waitForCallbacks(60s));
    CHECK_FALSE(server.callbacks().back().attempts.at(0).answered);
    server.pushTicket();  // has longer
    REQUIRE(server.waitForCallbacks(60s));
    CHECK(server.callbacks().back().state == CallbackRecord::State::accepted);
}

TEST_CASE(
    "wecom proxy callbacks: an enterprise's changes come in the manner of an own app, under the provider's "
    "ids",
    "[emulator][proxy-emu][callbacks-emu]") {
    WeComProxyServer server(frozen(true), {demo(), demo(kOther)});
    Receiver receiver(honest);
    Receiver others(honest);
    server.setCallback(to(receiver, kCorp));
    server.setCallback(to(others, kOther));
    receiver.fresh();
    const auto open = [&](const std::string& id) { return server.openUserId(kCorp, id); };
    const std::string corp = server.openCorpId(kCorp);

    Organisation next = demo();
    next.userList.push_back(person("new", {{"3", false, 0, true}}));
    member(next, "zhangsan").position = "Engineer";
    next.deptList[2].name = "Quality";
    next.roleMemberSet.push_back({"7", "wangwu"});
    next.userList.erase(next.userList.begin());  // zhao
    next.adminIds.clear();
    server.setOrganisation(kCorp, next);
    const auto events = heardOf(server, receiver);
    REQUIRE(events.size() == 5);
    const auto of = [&](const std::string& type) {
        for (const std::string& event : events) {
            if (element(event, "ChangeType") == type) {
                return event;
            }
        }
        return std::string();
    };
    CHECK(of("update_party") == change(corp, "update_party", "<Id>3</Id><Name><![CDATA[Quality]]></Name>"));
    CHECK(element(of("create_user"), "UserID") == open("new"));
    CHECK(element(of("create_user"), "Name") == "N new");
    CHECK(element(of("create_user"), "Department") == "3");
    CHECK(element(of("create_user"), "DirectLeader") == open("lisi"));
    CHECK(element(of("create_user"), "Mobile") == "-");
    CHECK(of("update_user") == change(corp, "update_user",
                                      "<UserID><![CDATA[" + open("zhangsan") +
                                          "]]></UserID><Position><![CDATA[Engineer]]></Position>"));
    CHECK(of("delete_user") ==
          change(corp, "delete_user", "<UserID><![CDATA[" + open("zhao") + "]]></UserID>"));
    CHECK(element(of("update_tag"), "AddUserItems") == open("wangwu"));
    CHECK(heardOf(server, others, kOther).empty());

    // Without permissions there are ids, departments and no names.
    server.setPermissions(kCorp, {});
    Organisation third = next;
    third.deptList[2].name = "Again";
    member(third, "zhangsan").position = "Another";
    member(third, "zhangsan").departments = {{"3", false, 0, true}};
    third.userList.push_back(person("more", {{"2", false, 0, true}}));
    server.setOrganisation(kCorp, third);
    const auto poor = heardOf(server, receiver);
    REQUIRE(poor.size() == 2);
    CHECK(poor[0] ==
          change(corp, "create_user",
                 "<UserID><![CDATA[" + open("more") +
                     "]]></UserID><Department><![CDATA[2]]></Department><MainDepartment>2</MainDepartment>"
                     "<Status>1</Status>"));
    CHECK(poor[1] ==
          change(corp, "update_user",
                 "<UserID><![CDATA[" + open("zhangsan") +
                     "]]></UserID><Department><![CDATA[3]]></Department><MainDepartment>3</MainDepartment>"));

    // What an app does not see, it does not hear of.
    server.setRange(kCorp, {false, {"3"}, {}, {}});
    server.setOrganisation(kCorp, next);
    const auto narrow = heardOf(server, receiver);
    REQUIRE(narrow.size() == 2);
    CHECK(element(narrow[1], "DelUserItems") == open("zhangsan"));
    CHECK(narrow[0] == change(corp, "delete_user", "<UserID><![CDATA[" + open("zhangsan") + "]]></UserID>"));
    server.disable(kCorp);
    server.setOrganisation(kCorp, third);
    CHECK(heardOf(server, receiver).empty());
}

TEST_CASE("wecom proxy callbacks: who comes into an app's sight subscribes",
          "[emulator][proxy-emu][callbacks-emu]") {
    auto options = frozen(true);
    options.behaviour.subscribeEvents = true;
    WeComProxyServer server(options, {demo()});
    Receiver receiver(honest);
    server.setCallback(to(receiver, kCorp));
    receiver.fresh();
    const auto seen = [&] {
        std::multiset<std::string> out;
        for (const std::string& event : heardOf(server, receiver)) {
            out.insert(element(event, "Event") + " " + element(event, "FromUserName"));
            CHECK(element(event, "AgentID") == std::to_string(server.authorisation(kCorp).agentId));
        }
        return out;
    };
    const auto open = [&](const std::string& id) { return server.openUserId(kCorp, id); };
    using Set = std::multiset<std::string>;
    server.setRange(kCorp, {false, {"3"}, {"zhao"}, {}});
    CHECK(seen() == Set{"unsubscribe " + open("lisi"), "unsubscribe " + open("zhangsan")});
    server.setRange(kCorp, {false, {"2"}, {}, {}});
    CHECK(seen() ==
          Set{"unsubscribe " + open("zhao"), "subscribe " + open("lisi"), "subscribe " + open("zhangsan")});
    server.disable(kCorp);
    CHECK(seen() == Set{"unsubscribe " + open("lisi"), "unsubscribe " + open("zhangsan"),
                        "unsubscribe " + open("wangwu")});
    server.enable(kCorp);
    CHECK(seen().size() == 3);
    server.cancel(kCorp);
    CHECK(seen().empty());
    server.authorise(kCorp);
    CHECK(seen().size() == 4);
}

TEST_CASE("wecom proxy callbacks: addresses of many apps at once, and over the control calls",
          "[emulator][proxy-emu][callbacks-emu]") {
    WeComProxyServer server(frozen(true), {demo(), demo(kOther)});
    Receiver receiver(honest);
    Connection connection(server.port());
    const auto name = [&](const std::string& body) {
        return connection.call("POST", "/_emulator/callback", body);
    };
    CHECK(name("{\"url\":\"" + receiver.url("/app/$CORPID$") + "\",\"corp\":\"*\"}").status == 200);
    CHECK(receiver.fresh().at(0).path == "/app/" + server.openCorpId(kCorp));
    CHECK(name("{\"url\":\"" + receiver.url("/suite") + "\",\"suiteId\":\"" + kSuite + "\"}").status == 200);
    receiver.fresh();
    const auto set = connection.call("GET", "/_emulator/callback").json().as_array();
    REQUIRE(set.size() == 3);
    CHECK(set[0].at("url").as_string() == receiver.url("/suite"));
    CHECK(set[2].at("url").as_string() == receiver.url("/app/" + server.openCorpId(kOther)));
    CHECK(set[2].at("corp").as_string() == kOther);

    Organisation next = demo(kOther);
    next.userList.push_back(person("new", {{"2", false, 0, true}}));
    server.setOrganisation(next);
    server.pushTicket();
    REQUIRE(server.waitForCallbacks(60s));
    std::set<std::string> paths;
    for (const auto& request : receiver.fresh()) {
        paths.insert(request.path);
    }
    CHECK(paths == std::set<std::string>{"/suite", "/app/" + server.openCorpId(kOther)});

    CHECK(name("{\"url\":\"" + receiver.url() + "\",\"token\":\"not a token\"}").status == 400);
    CHECK(name("{\"url\":\"ftp://x\"}").status == 400);
    CHECK(name("{\"url\":\"" + receiver.url() + "\",\"corp\":\"wwnobody\"}").status == 400);
    CHECK(connection.call("PUT", "/_emulator/behaviour", R"({"appPostReceiver":"nobody"})").status == 400);
    CHECK(connection.call("DELETE", "/_emulator/callback").status == 200);
    CHECK(connection.call("GET", "/_emulator/callback").json().as_array().empty());
}

TEST_CASE("wecom proxy callbacks: the end of an export is told to the app",
          "[emulator][proxy-emu][callbacks-emu]") {
    WeComProxyServer server(frozen(true), {demo()});
    Receiver receiver(honest);
    server.setCallback(to(receiver, kCorp));
    receiver.fresh();
    Connection connection(server.port());
    const auto token = connection
                           .call("GET", "/cgi-bin/gettoken?corpid=" + kCorp +
                                            "&corpsecret=" + server.authorisation(kCorp).permanentCode)
                           .json();
    const std::string access(token.at("access_token").as_string());
    const auto job = connection
                         .call("POST", "/cgi-bin/export/simple_user?access_token=" + access,
                               "{\"encoding_aeskey\":\"" + kKey + "\"}")
                         .json();
    const auto events = heardOf(server, receiver);
    REQUIRE(events.size() == 1);
    CHECK(element(events[0], "Event") == "batch_job_result");
    CHECK(element(events[0], "JobId") == std::string(job.at("jobid").as_string()));
    CHECK(connection
              .call("GET", "/cgi-bin/export/get_result?access_token=" + access +
                               "&jobid=" + std::string(job.at("jobid").as_string()))
              .json()
              .at("status") == 2);
}

}  // namespace emulator_wecom_proxy_callbacks_test
