// What the emulator of Feishu tells of changes, read by means of the test's own.
#include "unit/emulator/callback_decoding.hpp"
#include "unit/emulator/callback_receiver.hpp"
#include "unit/emulator/feishu_client.hpp"
#include "unit/emulator/people.hpp"

#include <corps/emulator/feishu.hpp>
#include <corps/emulator/impl/feishu_crypt.hpp>

#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace emulator_feishu_callbacks_test {
namespace {

namespace json = boost::json;
using namespace corps::emulator;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using emulator_test::App;
using emulator_test::base64;
using emulator_test::Connection;
using emulator_test::feishuSignature;
using emulator_test::kApp;
using emulator_test::listOf;
using emulator_test::member;
using emulator_test::openFeishu;
using emulator_test::person;
using emulator_test::Receiver;
using emulator_test::replyOf;
using emulator_test::unbase64;
using Strings = std::vector<std::string>;

const std::string kToken = "v-Tok3nV3rifyExample0000000000";
const std::string kKey = "kudPQjXm4xJqGZ7e2TnV";
const std::string kTenant = "1a2b3c4d5e6f7a8b";

/** 0: u0001; rd: u0002 leads, u0003; tools below it; sales: u0004. */
Organisation demo() {
    Organisation out;
    out.corpId = kTenant;
    out.corpName = "Demo";
    out.deptList = {{"0", "", "Demo", 0, {}},
                    {"rd", "0", "R&D", 100, {"u0002"}},
                    {"tools", "rd", "Tools", 300, {}},
                    {"sales", "0", "Sales", 400, {}}};
    out.userList = {person("u0001", {}), person("u0002", {{"rd", false, 0, true}}),
                    person("u0003", {{"rd", false, 0, true}}), person("u0004", {{"sales", false, 0, true}})};
    out.userList[2].position = "Engineer";
    out.userList[2].phone = "+8613000000003";
    out.userList[2].email = "u3@example.com";
    out.userList[2].unionId = "on_3";
    out.userList[2].hiredDate = "2020-01-02";
    return out;
}

FeishuOptions frozen() {
    FeishuOptions out;
    out.clock = [] { return std::chrono::milliseconds(1'700'000'000'123); };
    out.behaviour.callbackDeadline = 30s;  // nobody shall fail because the machine is busy
    out.behaviour.verificationDeadline = 30s;
    return out;
}

FeishuCallback callbackTo(const Receiver& receiver, const std::string& key = kKey) {
    FeishuCallback out;
    out.url = receiver.url();
    out.token = kToken;
    out.aesKey = key;
    out.appId = kApp;
    return out;
}

std::string plain(const HttpRequest& request, const std::string& key) {
    if (key.empty()) {
        return request.body;
    }
    const auto body = json::parse(request.body);
    CHECK(request.body ==
          json::serialize(body));  // compact: some sign what they have parsed and written again
    return openFeishu(key, std::string(body.at("encrypt").as_string()));
}

/** As a receiver of Feishu must answer. */
HttpReply honest(const HttpRequest& request, const std::string& key) {
    const auto said = json::parse(plain(request, key));
    if (const auto* challenge = said.as_object().if_contains("challenge")) {
        return replyOf(200, "{\"challenge\": " + json::serialize(*challenge) + "}");
    }
    return replyOf(200, R"({"msg":"success"})");
}
HttpReply honestly(const HttpRequest& request) { return honest(request, kKey); }

/** What a request must be signed with. */
std::string signatureOf(const HttpRequest& request, const std::string& key = kKey) {
    return feishuSignature(request.header("X-Lark-Request-Timestamp"), request.header("X-Lark-Request-Nonce"),
                           key, request.body);
}

json::value opened(const HttpRequest& request, const std::string& key = kKey) {
    CHECK(request.method == "POST");
    CHECK(request.header("Content-Type") == "application/json;charset=utf-8");
    CHECK(request.header("X-Lark-Signature") == signatureOf(request, key));
    return json::parse(plain(request, key));
}

/** What an app hears of a change, the envelopes checked. */
std::vector<json::value> heard(FeishuServer& server, Receiver& receiver) {
    REQUIRE(server.waitForCallbacks(60s));
    std::vector<json::value> out;
    std::set<std::string> ids;
    for (const HttpRequest& request : receiver.fresh()) {
        auto event = opened(request);
        if (event.as_object().contains("challenge")) {
            continue;
        }
        CHECK(event.at("schema") == "2.0");
        const auto& header = event.at("header");
        CHECK(header.at("create_time").as_string().subview(0, 10) == "1700000000");
        CHECK(header.at("token") == json::string(kToken));
        CHECK(header.at("app_id") == json::string(std::string(kApp)));
        CHECK(header.at("tenant_key") == json::string(kTenant));
        CHECK(header.at("event_id").as_string().size() == 32);
        CHECK(ids.insert(header.at("event_id").as_string().c_str()).second);
        out.push_back(std::move(event));
    }
    return out;
}

std::string type(const json::value& event) { return event.at("header").at("event_type").as_string().c_str(); }
Strings types(const std::vector<json::value>& events) {
    Strings out;
    for (const auto& event : events) {
        out.push_back(type(event));
    }
    return out;
}
Strings names(const json::value& object) {
    Strings out;
    for (const auto& member : object.as_object()) {
        out.emplace_back(member.key());
    }
    return out;
}

}  // namespace

TEST_CASE("emulator: events of Feishu are encrypted and signed byte for byte", "[emulator][callbacks-emu]") {
    using namespace corps::emulator::detail::feishu;
    struct Vector {
        std::string text, iv, encrypted, timestamp, nonce, signature;
    };
    // Computed with OpenSSL and Python; the dispatchers of the official SDKs for Go and Node take both.
    const std::vector<Vector> vectors{
        {"{\"challenge\":\"ajls384kdjx98XX\",\"token\":\"v-Tok3nV3rifyExample0000000000\",\"type\":\""
         "url_verification\"}",
         "000102030405060708090a0b0c0d0e0f",
         "AAECAwQFBgcICQoLDA0OD5xuLvBxydzhZMDhONrM439NIVLYBS+AQgt3HpDG0zv8cZ//D7Oz/pZi/bIV"
         "iFB02fo4FRQtvqCK5ptDsJUEnDDl5f0UgtOjBty1hsX0rcJX55MloFYlrz25c8VVjhateWvS6Zl8Cco3"
         "z5SLqplgrwA=",
         "1700000000", "n0nce-a1b2c3", "2180d32c49a98d1d782933c49e444601ac0654c6045d4cf40ea547ffee9678f7"},
        {"{\"schema\":\"2.0\",\"header\":{\"event_id\":\"0f1e2d3c4b5a69788796a5b4c3d2e1f0\",\"event_t"
         "ype\":\"contact.user.updated_v3\",\"create_time\":\"1700000000123\",\"token\":\"v-Tok3nV3r"
         "ifyExample0000000000\",\"app_id\":\"cli_a1b2c3d4e5f6a7b8\",\"tenant_key\":\"1a2b3c4d5e6f"
         "7a8b\"},\"event\":{\"object\":{\"open_id\":\"ou_00000000000000000000000000000001\",\"union"
         "_id\":\"on_00000000000000000000000000000001\",\"user_id\":\"u0001\",\"name\":\"李雷\",\"depart"
         "ment_ids\":[\"od-0000000000000000000000000000000b\"]},\"old_object\":{\"department_ids"
         "\":[\"od-0000000000000000000000000000000a\"]}}}",
         "f0e0d0c0b0a090807060504030201000",
         "8ODQwLCgkIBwYFBAMCAQAKEHTF1y33Mzw8BTx63VjDNsQqgMgvrUgSAvidwVygspdWOORM3bSpu/nDjV"
         "6OK1roDnLTM/OCNYLHKJXhivnBlJNBMwqfDmgnwQkxa9UM3XN7jixvO0KTqEaAzjCbS/Hj3tBYIx1nBi"
         "vx4RicaPKYEtOowC9Cr1SfkBZcYBAuzGkWhRtKM/Qu31svmPgSbv28kZWDmm0i86jHF0LVANsn0Kq2aH"
         "3l6k8mAa9M0eRSzRx26Hny1hIY0E0XHiR7meZUT6HPYzkzYthFdcpvpR36S4+P3v70EFcrkkd9YfpIzZ"
         "jenbBESv9NK9yWpExDSaboqpSDrMADA690dX9Zl6xo20ISJt5rfaj5WRc5HMgr6/wBjdW5EIRjuddzUr"
         "MK5RuCgsMDpoQPVZUvzDsy7DyI1UOE+BpgFnL0xpEp0Vk3k5TdbrJonHB30XY10e9Ff91MJiNwiZTFZA"
         "swOYMav20KETPgttXWCddqCL4NabM1zs2cy/7W9Pd8wuqHQqO59DuEwgM0JOWWoQlNQMX0UZaE1XzV3J"
         "9Isv7Q8kRXrGogNIQxu7YHhmLvBJzYf9dTNYaeyF2mA/+2BfeVhgWdi6NNj5THjLrdggt95ybRBYXB+z"
         "SIqm4Os2NMtXoGfH6im4vuKd7F5y32Y34im6CU7UpEF5ejotesiT4akx/P3NTqoG9+5aloKOGuih/Ens"
         "nwf1f5NVHRGGiHRxrzUfKZ9Psyc=",
         "1700000001", "n0nce-d4e5f6", "488ebc30553efa3816adf863f32b07484be311c5aad425b80b356fb79a0cd971"}};
    for (const Vector& v : vectors) {
        std::string iv;
        for (std::size_t i = 0; i < v.iv.size(); i += 2) {
            iv += static_cast<char>(std::stoi(v.iv.substr(i, 2), nullptr, 16));
        }
        const std::string encrypted = base64(encryptEvent(kKey, iv, v.text));
        CHECK(encrypted == v.encrypted);
        CHECK(openFeishu(kKey, encrypted) == v.text);
        const std::string body = "{\"encrypt\":\"" + encrypted + "\"}";
        CHECK(eventSignature(v.timestamp, v.nonce, kKey, body) == v.signature);
        CHECK(feishuSignature(v.timestamp, v.nonce, kKey, body) == v.signature);
    }
    // The sample of Feishu's own page.
    const std::string sample = unbase64("P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=");
    CHECK(encryptEvent("test key", sample.substr(0, 16), "hello world") == sample);
    // Without a key.
    CHECK(eventSignature("1700000000", "n", "", R"({"a":1})") ==
          "49ce0f54a3a07a69305959e2436feb28a7f606df4002435ff6f1ec20d1b0bee9");
}

TEST_CASE("emulator: Feishu challenges an address, encrypted and plain", "[emulator][callbacks-emu]") {
    for (const std::string& key : {kKey, std::string()}) {
        CAPTURE(key);
        FeishuServer server(frozen(), demo());
        Receiver receiver([&key](const HttpRequest& request) { return honest(request, key); });
        server.setCallback(callbackTo(receiver, key));
        const auto requests = receiver.requests();
        REQUIRE(requests.size() == 1);
        const auto challenge = opened(requests[0], key);
        CHECK(names(challenge) == Strings{"challenge", "token", "type"});
        CHECK(challenge.at("token") == json::string(kToken));
        CHECK(challenge.at("type") == "url_verification");
    }
    CHECK(FeishuBehaviour().verificationDeadline == 1s);
    CHECK(FeishuBehaviour().callbackDeadline == 3s);
}

TEST_CASE("emulator: Feishu refuses an address that does not give the challenge back",
          "[emulator][callbacks-emu]") {
    FeishuServer server(frozen(), demo());
    Connection control(server.port());
    for (const char* wrong : {"", "{}", R"({"challenge":"another"})", R"({"challenge":1})", "ok"}) {
        CAPTURE(wrong);
        Receiver receiver([wrong](const HttpRequest&) { return replyOf(200, wrong); });
        CHECK_THROWS_AS(server.setCallback(callbackTo(receiver)), CallbackError);
    }
    Receiver failing([](const HttpRequest& request) {
        auto reply = honestly(request);
        reply.status = 500;
        return reply;
    });
    const auto answer = control.call("POST", "/_emulator/callback",
                                     "{\"url\":\"" + failing.url() + "\",\"verificationToken\":\"" + kToken +
                                         "\",\"encryptKey\":\"" + kKey + "\"}");
    CHECK(answer.status == 400);
    CHECK_THAT(answer.body, ContainsSubstring("found 500"));
    Receiver receiver(honestly);
    CHECK(control
              .call("POST", "/_emulator/callback",
                    "{\"url\":\"" + receiver.url() + "\",\"token\":\"" + kToken + "\",\"aesKey\":\"" + kKey +
                        "\",\"appId\":\"cli_a1b2c3d4e5f6a7b8\"}")
              .status == 200);
    const std::string set = control.call("GET", "/_emulator/callback").body;
    CHECK_THAT(set, ContainsSubstring("cli_a1b2c3d4e5f6a7b8") && !ContainsSubstring(kKey) &&
                        !ContainsSubstring(kToken));
    CHECK(control.call("POST", "/_emulator/callback", R"({"url":"nowhere"})").status == 400);
}

TEST_CASE("emulator: what Feishu tells of people", "[emulator][callbacks-emu]") {
    FeishuServer server(frozen(), demo());
    Receiver receiver(honestly);
    server.setCallback(callbackTo(receiver));
    const std::string rd = server.openDepartmentId(kApp, "rd");
    const std::string tools = server.openDepartmentId(kApp, "tools");
    const std::string u3 = server.openUserId(kApp, "u0003");
    Organisation now = demo();

    SECTION("somebody joins") {
        Member zhao = person("u0009", {{"tools", false, -7, true}});
        zhao.nick = "赵六";
        zhao.phone = "+8613000000009";
        zhao.gender = 1;
        zhao.unionId = "on_9";
        zhao.hiredDate = "2023-11-15";
        zhao.upstreamStatus = "unactivated";
        now.userList.push_back(zhao);
        server.setOrganisation(now);
        const auto events = heard(server, receiver);
        REQUIRE(types(events) == Strings{"contact.user.created_v3"});
        CHECK(names(events[0].at("event")) == Strings{"object"});
        const auto& object = events[0].at("event").at("object");
        CHECK(object ==
              json::parse(R"({"open_id":")" + server.openUserId(kApp, "u0009") +
                          R"(","union_id":"on_9","user_id":"u0009","name":"赵六","en_name":"","nickname":"",
            "email":"","enterprise_email":"","job_title":"","mobile":"+8613000000009","gender":1,
            "avatar":{"avatar_72":"","avatar_240":"","avatar_640":"","avatar_origin":""},
            "status":{"is_frozen":false,"is_resigned":false,"is_activated":false,"is_exited":false,"is_unjoin":false},
            "department_ids":[")" +
                          tools + R"("],"leader_user_id":"","city":"","country":"","work_station":"",
            "join_time":1699977600,"employee_no":"","employee_type":1,"orders":[{"department_id":")" +
                          tools + R"(","user_order":7,"department_order":200,"is_primary_dept":true}],
            "custom_attrs":[],"job_level_id":"","job_family_id":"","dotted_line_leader_user_ids":[]})"));
    }
    SECTION("somebody moves and is promoted: one event, the former values of what changed") {
        member(now, "u0003").departments = {{"tools", false, 0, true}};
        member(now, "u0003").position = "Senior engineer";
        server.setOrganisation(now);
        const auto events = heard(server, receiver);
        REQUIRE(types(events) == Strings{"contact.user.updated_v3"});
        const auto& object = events[0].at("event").at("object");
        CHECK(object.at("open_id") == json::string(u3));
        CHECK(object.at("department_ids") == listOf(tools));
        CHECK(object.at("name") == "N u0003");
        const auto& old = events[0].at("event").at("old_object");
        CHECK(names(old) == Strings{"job_title", "department_ids", "orders"});
        CHECK(old.at("job_title") == "Engineer");
        CHECK(old.at("department_ids") == listOf(rd));
    }
    SECTION("a mobile and an e-mail come in events of their own") {
        member(now, "u0003").phone = "+8613111111111";
        member(now, "u0003").email = "new@example.com";
        member(now, "u0003").upstreamStatus = "frozen";
        server.setOrganisation(now);
        const auto events = heard(server, receiver);
        REQUIRE(types(events) == Strings(3, "contact.user.updated_v3"));
        CHECK(names(events[0].at("event").at("old_object")) == Strings{"status"});
        CHECK(events[0].at("event").at("object").at("status").at("is_frozen") == true);
        CHECK(names(events[1].at("event").at("old_object")) == Strings{"mobile"});
        CHECK(events[1].at("event").at("old_object").at("mobile") == "+8613000000003");
        CHECK(names(events[2].at("event").at("old_object")) == Strings{"email"});
    }
    SECTION("somebody leaves: without departments, which are among what was") {
        member(now, "u0003").status = 2;
        server.setOrganisation(now);
        const auto events = heard(server, receiver);
        REQUIRE(types(events) == Strings{"contact.user.deleted_v3"});
        const auto& object = events[0].at("event").at("object");
        CHECK_FALSE(object.as_object().contains("department_ids"));
        CHECK_FALSE(object.as_object().contains("orders"));
        CHECK(object.at("status").at("is_resigned") == true);
        CHECK(object.at("mobile") == "+8613000000003");
        const auto& old = events[0].at("event").at("old_object");
        CHECK(names(old) == Strings{"department_ids", "open_id"});
        CHECK(old.at("department_ids") == listOf(rd));
        CHECK(old.at("open_id") == json::string(u3));
        server.setOrganisation(demo());
        CHECK(types(heard(server, receiver)) == Strings{"contact.user.created_v3"});
    }
    SECTION("fields without their scope are in no event") {
        auto behaviour = server.behaviour();
        behaviour.scopes = {"contact:contact.base:readonly", "contact:user.base:readonly"};
        server.setBehaviour(behaviour);
        member(now, "u0003").position = "CTO";
        server.setOrganisation(now);
        auto events = heard(server, receiver);
        REQUIRE(events.size() == 1);
        CHECK(names(events[0].at("event").at("object")) ==
              Strings{"open_id", "union_id", "name", "en_name", "nickname", "avatar"});
        CHECK(events[0].at("event").at("old_object").as_object().empty());
        behaviour.eventsOfHiddenFields = false;
        server.setBehaviour(behaviour);
        server.setOrganisation(demo());
        CHECK(heard(server, receiver).empty());
        behaviour.oldUserWhole = true;
        server.setBehaviour(behaviour);
        member(now, "u0003").nick = "New";
        server.setOrganisation(now);
        events = heard(server, receiver);
        REQUIRE(events.size() == 1);
        CHECK(names(events[0].at("event").at("old_object")) == names(events[0].at("event").at("object")));
    }
    SECTION("only what is in the contact range makes events") {
        auto behaviour = server.behaviour();
        behaviour.range.all = false;
        behaviour.range.deptIds = {"sales"};
        server.setBehaviour(behaviour);
        heard(server, receiver);
        member(now, "u0003").nick = "unseen";
        member(now, "u0004").nick = "seen";
        now.userList.push_back(person("u0010", {{"rd", false, 0, true}}));
        now.deptList[1].name = "unseen";
        now.deptList[3].name = "seen";
        server.setOrganisation(now);
        const auto events = heard(server, receiver);
        REQUIRE(types(events) == Strings{"contact.department.updated_v3", "contact.user.updated_v3"});
        CHECK(events[1].at("event").at("object").at("name") == "seen");
    }
    SECTION("nothing changes") {
        server.setOrganisation(demo());
        CHECK(heard(server, receiver).empty());
    }
}

TEST_CASE("emulator: what Feishu tells of departments", "[emulator][callbacks-emu]") {
    FeishuServer server(frozen(), demo());
    Receiver receiver(honestly);
    server.setCallback(callbackTo(receiver));
    const std::string rd = server.openDepartmentId(kApp, "rd");
    const std::string u2 = server.openUserId(kApp, "u0002");
    Organisation now = demo();
    now.deptList.push_back({"below", "above", "Below", 7, {}});
    now.deptList.push_back({"above", "rd", "Above", 5, {"u0002", "u0003"}});
    server.setOrganisation(now);
    auto events = heard(server, receiver);
    REQUIRE(types(events) == Strings(2, "contact.department.created_v3"));
    CHECK(events[0].at("event").at("object") ==
          json::parse(R"({"name":"Above","parent_department_id":")" + rd +
                      R"(","department_id":"above","open_department_id":")" +
                      server.openDepartmentId(kApp, "above") + R"(","leader_user_id":")" + u2 +
                      R"(","order":5,"status":{"is_deleted":false},"leaders":[{"leaderType":1,"leaderID":")" +
                      u2 + R"("},{"leaderType":2,"leaderID":")" + server.openUserId(kApp, "u0003") +
                      R"("}],"department_hrbps":[]})"));

    now.deptList[5].parentId = "0";  // moved with what is below: one event
    now.deptList[5].leaderIds = {"u0002"};
    server.setOrganisation(now);
    events = heard(server, receiver);
    REQUIRE(types(events) == Strings{"contact.department.updated_v3"});
    CHECK(events[0].at("event").at("object").at("parent_department_id") == "0");
    CHECK(names(events[0].at("event").at("old_object")) == names(events[0].at("event").at("object")));
    CHECK(events[0].at("event").at("old_object").at("parent_department_id") == json::string(rd));
    CHECK(events[0].at("event").at("old_object").at("leaders").as_array().size() == 2);

    server.setOrganisation(demo());
    events = heard(server, receiver);
    REQUIRE(types(events) == Strings(2, "contact.department.deleted_v3"));
    CHECK(events[0].at("event").at("object").at("name") == "Below");  // leaves first
    CHECK(events[1].at("event").at("object").at("status").at("is_deleted") == true);
    CHECK(events[1].at("event").at("object").at("leaders").as_array().empty());
    CHECK(events[1].at("event").at("old_object") ==
          json::parse(R"({"status":{"is_deleted":false},"open_department_id":")" +
                      server.openDepartmentId(kApp, "above") + "\"}"));

    now = demo();
    now.deptList[0].name = "Another";  // the root is no department
    now.deptList[1].order = 1;
    server.setOrganisation(now);
    events = heard(server, receiver);
    REQUIRE(types(events) == Strings{"contact.department.updated_v3"});
    CHECK(events[0].at("event").at("object").at("order") == 1);
}

TEST_CASE("emulator: Feishu tells of another contact range", "[emulator][callbacks-emu]") {
    FeishuServer server(frozen(), demo());
    Receiver receiver(honestly);
    server.setCallback(callbackTo(receiver));
    auto behaviour = server.behaviour();
    behaviour.range.all = false;
    behaviour.range.deptIds = {"sales", "tools"};
    behaviour.range.memberIds = {"u0003"};
    behaviour.range.groupIds = {"g0000001"};
    Connection control(server.port());
    CHECK(
        control
            .call("PUT", "/_emulator/behaviour",
                  R"({"range":{"deptIds":["sales","tools"],"memberIds":["u0003"],"groupIds":["g0000001"]}})")
            .status == 200);
    const auto events = heard(server, receiver);
    REQUIRE(types(events) == Strings{"contact.scope.updated_v3"});
    const auto& added = events[0].at("event").at("added");
    const auto& removed = events[0].at("event").at("removed");
    REQUIRE(added.at("departments").as_array().size() == 1);
    CHECK(added.at("departments").at(0).at("department_id") == "tools");
    CHECK(added.at("departments").at(0).at("order") == "300");  // a text, as everywhere but in events
    CHECK(added.at("departments").at(0).at("member_count") == 0);
    REQUIRE(added.at("users").as_array().size() == 1);
    CHECK(added.at("users").at(0).at("user_id") == "u0003");
    CHECK(added.at("users").at(0).at("is_frozen") == false);
    CHECK_FALSE(added.at("users").at(0).as_object().contains("department_ids"));
    CHECK(added.at("user_groups").at(0).at("user_group_id") == "g0000001");
    REQUIRE(removed.at("departments").as_array().size() == 1);
    CHECK(removed.at("departments").at(0).at("department_id") == "rd");
    CHECK(removed.at("users").at(0).at("user_id") == "u0001");
    server.setBehaviour(server.behaviour());
    CHECK(heard(server, receiver).empty());
}

TEST_CASE("emulator: Feishu tries again after 15 seconds, 5 minutes, 1 hour and 6 hours",
          "[emulator][callbacks-emu]") {
    FeishuServer server(frozen(), demo());
    Receiver receiver(honestly);
    server.setCallback(callbackTo(receiver));
    receiver.fresh();
    receiver.answer([](const HttpRequest&) { return replyOf(503, ""); });
    Organisation now = demo();
    now.userList.pop_back();
    server.setOrganisation(now);
    REQUIRE(server.waitForCallbacks(60s));
    for (const auto wait : {std::chrono::seconds(15s), std::chrono::seconds(5min), std::chrono::seconds(1h),
                            std::chrono::seconds(6h)}) {
        const auto before = receiver.requests().size();
        server.advanceClock(wait - 1s);
        REQUIRE(server.waitForCallbacks(60s));
        CHECK(receiver.requests().size() == before);
        server.advanceClock(1s);
        REQUIRE(server.waitForCallbacks(60s));
        CHECK(receiver.requests().size() == before + 1);
    }
    server.advanceClock(24h);
    REQUIRE(server.waitForCallbacks(60s));
    const auto tries = receiver.fresh();
    REQUIRE(tries.size() == 5);
    CHECK(opened(tries[0]) == opened(tries[4]));  // the same event, with a signature of its own
    CHECK(tries[0].body != tries[4].body);
    CHECK(server.callbacks().back().state == CallbackRecord::State::failed);
}

TEST_CASE("emulator: without a key Feishu signs for show, or not at all, and the token tells",
          "[emulator][callbacks-emu]") {
    FeishuServer server(frozen(), demo());
    Receiver receiver([](const HttpRequest& request) { return honest(request, ""); });
    server.setCallback(callbackTo(receiver, ""));
    receiver.fresh();
    auto behaviour = server.behaviour();
    behaviour.signUnencrypted = false;
    server.setBehaviour(behaviour);
    for (const char* kind : {"wrong-signature", "garbled"}) {
        server.addCallbackFault(parseCallbackFaults("{\"kind\":\"" + std::string(kind) + "\"}").at(0));
    }
    Organisation now = demo();
    now.userList.pop_back();
    now.userList.pop_back();
    server.setOrganisation(now);
    receiver.answer([](const HttpRequest&) { return HttpReply{}; });
    REQUIRE(server.waitForCallbacks(60s));
    const auto requests = receiver.fresh();
    REQUIRE(requests.size() == 2);
    CHECK(requests[0].header("X-Lark-Signature").empty());
    CHECK(json::parse(requests[0].body).at("header").at("token") != json::string(kToken));
    boost::system::error_code ec;
    json::parse(requests[1].body, ec);
    CHECK(ec.failed());
}

TEST_CASE("emulator: faults of Feishu's events with a key", "[emulator][callbacks-emu]") {
    FeishuServer server(frozen(), demo());
    Receiver receiver(honestly);
    server.setCallback(callbackTo(receiver));
    receiver.fresh();
    receiver.answer([](const HttpRequest&) { return HttpReply{}; });
    for (const char* kind : {"wrong-signature", "garbled"}) {
        server.addCallbackFault(parseCallbackFaults("{\"kind\":\"" + std::string(kind) + "\"}").at(0));
    }
    Organisation now = demo();
    now.userList.pop_back();
    now.userList.pop_back();
    server.setOrganisation(now);
    REQUIRE(server.waitForCallbacks(60s));
    const auto requests = receiver.fresh();
    REQUIRE(requests.size() == 2);
    CHECK_FALSE(requests[0].header("X-Lark-Signature") == signatureOf(requests[0]));
    CHECK_NOTHROW(plain(requests[0], kKey));
    CHECK(requests[1].header("X-Lark-Signature") == signatureOf(requests[1]));
    CHECK_THROWS(plain(requests[1], kKey));
}

TEST_CASE("emulator: an address named without an app is that of the app that asks for tokens",
          "[emulator][callbacks-emu]") {
    FeishuServer server(frozen(), demo());
    Receiver receiver(honestly);
    auto callback = callbackTo(receiver);
    callback.appId.clear();
    server.setCallback(callback);
    App app(server);
    Organisation now = demo();
    now.userList.pop_back();
    server.setOrganisation(now);
    CHECK(heard(server, receiver).size() == 1);  // checks the app's id
    const auto ips = app.get("/open-apis/event/v1/outbound_ip?page_size=50").json();
    CHECK(ips.at("data").at("ip_list") == listOf("127.0.0.1"));
    CHECK(ips.at("data").at("has_more") == false);
    CHECK(app.get("/open-apis/event/v1/outbound_ip?page_size=51").code() == 1810001);
}

}  // namespace emulator_feishu_callbacks_test
