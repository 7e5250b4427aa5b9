// DingTalk's callbacks: what is answered, what is understood, what is refused.
#include <corps/callback/callbacks.hpp>
#include <corps/error/error.hpp>

#include <boost/json/parse.hpp>
#include <catch2/catch_test_macros.hpp>

#include <string>
#include <support/callback_requests.hpp>
#include <support/callback_vectors.hpp>
#include <vector>

namespace callback_dd_callbacks_test {

using namespace corps;
using namespace corps::test;

namespace {

CallbackReading read(CallbackRequest const& q, CorpConfig const& config = ddConfig(), TimePoint now = kThen) {
    return DDCallbacks(config).read(q, now);
}

/** What an encrypted answer says, once its signature is proven; its receiver. */
CallbackMessage replyIn(CallbackReading const& out, MessageCrypt const& crypt = messageCrypt()) {
    INFO(out.refusal);
    REQUIRE(out.response.status == 200);
    CHECK(out.response.contentType == "application/json");
    boost::json::object const body = boost::json::parse(out.response.body).as_object();
    auto const text = [&body](char const* key) { return std::string(body.at(key).as_string()); };
    CHECK(body.size() == 4);
    auto message = crypt.open(text("msg_signature"), text("timeStamp"), text("nonce"), text("encrypt"));
    REQUIRE(message.has_value());
    return *message;
}

CallbackEvent eventIn(std::string const& json) {
    CallbackReading const out = read(ddPost(json));
    CHECK(replyIn(out).text == "success");
    REQUIRE(out.events.size() == 1);
    return out.events.front();
}

}  // namespace

TEST_CASE("every event of DingTalk is answered with an encrypted success", "[callback]") {
    for (char const* json : {R"({"EventType":"check_url"})", R"({"EventType":"user_add_org","UserId":["u"]})",
                             R"({"EventType":"never_heard_of"})", "{}"}) {
        CallbackReading const out = read(ddPost(json));
        CallbackMessage const reply = replyIn(out);
        CHECK(reply.text == "success");
        CHECK(reply.receiveId == "dingexampleappkey01");
        // Stamped with our own time.
        CHECK(boost::json::parse(out.response.body).at("timeStamp").as_string() == "1700000000000");
    }
    // Where the historic call set the URL, the corp id stands in the appKey's place, and does so in the
    // answer.
    CHECK(replyIn(read(ddPost(R"({"EventType":"check_url"})", "dingcorp0000000000000001"))).receiveId ==
          "dingcorp0000000000000001");
}

TEST_CASE("a suite's check of its URL is answered with its random text: DingTalk's published vector",
          "[callback]") {
    for (MessageVector const& v : messageVectors()) {
        if (std::string_view(v.name) != "DingTalk, published: check_create_suite_url") continue;
        CorpConfig config =
            withCallbackKey(withCallbackKey(ddConfig(), "token", boost::json::string(v.token)), "aesKey",
                            boost::json::string(v.aesKey));
        config.business["appKey"] = v.receiveId;
        // As that page has it: `signature`.
        CallbackRequest const q(
            "POST", "/?signature=" + v.signature + "&timestamp=" + v.timestamp + "&nonce=" + v.nonce,
            "{\"encrypt\":\"" + v.encrypted + "\"}");
        CallbackReading const out = read(q, config, TimePoint(Duration(std::stoll(v.timestamp))));
        CallbackMessage const reply = replyIn(out, MessageCrypt(Secret(v.token), Secret(v.aesKey)));
        CHECK(reply.text == "LPIdSnlF");
        CHECK(reply.receiveId == v.receiveId);
        return;
    }
    FAIL("the vector is missing");
}

TEST_CASE("DingTalk's events name people, departments and roles", "[callback]") {
    std::string const head =
        R"("EventTime":1700000000123,"CorpId":"dingcorp0000000000000001","eventId":"e1",)";
    for (char const* type : {"user_add_org", "user_modify_org", "user_leave_org", "user_active_org"}) {
        CallbackEvent const e = eventIn("{\"EventType\":\"" + std::string(type) + "\"," + head +
                                        R"("userId":["user0001","user0002"]})");
        CHECK(e.type == type);
        CHECK(e.id == "e1");
        CHECK(e.time == TimePoint(Duration(1'700'000'000'123)));
        CHECK(e.change.members == std::vector<MemberId>{"user0001", "user0002"});
        CHECK_FALSE(e.change.unnamed);
    }
    for (char const* type : {"org_dept_create", "org_dept_modify", "org_dept_remove"}) {
        CallbackEvent const e =
            eventIn("{\"EventType\":\"" + std::string(type) + "\"," + head + R"("deptId":[500000004,5]})");
        CHECK(e.change.depts == std::vector<DeptId>{"500000004", "5"});
        CHECK(e.change.members.empty());
    }
    CallbackEvent const role = eventIn(
        R"({"EventType":"label_user_change","userIdList":["user0002"],"action":"add","labelIdList":[4065319999]})");
    CHECK(role.change.roles == std::vector<RoleId>{"4065319999"});
    CHECK(role.change.members == std::vector<MemberId>{"user0002"});
    for (char const* type : {"label_conf_add", "label_conf_modify", "label_conf_del"})
        CHECK(
            eventIn("{\"EventType\":\"" + std::string(type) + R"(","scope":"1","labelIdList":[4065319999]})")
                .change.roles == std::vector<RoleId>{"4065319999"});
    CallbackEvent const admin = eventIn(R"({"EventType":"org_admin_add","userId":["user0002"]})");
    CHECK(admin.change.members == std::vector<MemberId>{"user0002"});
    CHECK(admin.change.unnamed);
    CHECK(eventIn(R"({"EventType":"org_change"})").change.unnamed);
    CHECK(eventIn(R"({"EventType":"org_remove"})").change.unnamed);
    CHECK(eventIn(R"({"EventType":"user_add_org"})").change.unnamed);
    CHECK(eventIn(R"({"EventType":"bpms_task_change","userId":["user0002"]})").change.empty());
    CHECK(eventIn(R"({"EventType":["user_add_org"]})").change.empty());
}

TEST_CASE("the keys of DingTalk's events are read whatever their case: events as captured", "[callback]") {
    CallbackEvent const user =
        eventIn(R"({"CorpId":"dingcorp0000000000000001","EventType":"user_add_org","UserId":["user0001"],)"
                R"("OptStaffId":"user0002","TimeStamp":"1640921671286"})");
    CHECK(user.change.members == std::vector<MemberId>{"user0001"});
    CHECK(user.time == TimePoint(Duration(1'640'921'671'286)));
    CHECK(user.id.starts_with("sha256:"));
    CHECK(eventIn(R"({"EventType":"org_dept_modify","DeptId":[500000004]})").change.depts ==
          std::vector<DeptId>{"500000004"});
    CallbackEvent const role =
        eventIn(R"({"UserIdList":["user0002"],"EventType":"label_user_change","LabelIdList":[4065319999]})");
    CHECK(role.change.roles == std::vector<RoleId>{"4065319999"});
    CHECK(role.change.members == std::vector<MemberId>{"user0002"});
}

TEST_CASE("every single bit of a callback of DingTalk counts", "[callback]") {
    std::string const json =
        R"({"EventType":"user_add_org","CorpId":"dingcorp0000000000000001","eventId":"e","userId":["user0001"]})";
    DDCallbacks const dialect(ddConfig());
    for (bool const both : {false, true}) {
        CallbackRequest const valid = ddPost(json, "dingexampleappkey01", both);
        REQUIRE_FALSE(dialect.read(valid, kThen).refused());
        forEachBit(valid, [&](CallbackRequest const& changed, std::string const& where) {
            CallbackReading const out = dialect.read(changed, kThen);
            if (out.refused() && out.events.empty() && out.response.status >= 400) return;
            FAIL_CHECK(where);
        });
    }
}

TEST_CASE("a request to DingTalk's URL that is none is refused with the status that says why", "[callback]") {
    CallbackRequest const good = ddPost(R"({"EventType":"check_url"})");
    auto const status = [&good](auto const& change) {
        CallbackRequest q = good;
        change(q);
        CallbackReading const out = read(q);
        CHECK(out.refused());
        CHECK(out.events.empty());
        return out.response.status;
    };
    CHECK(status([](CallbackRequest& q) { q.method = "GET"; }) == 405);
    CHECK(status([](CallbackRequest& q) { q.body.assign(kMostCallbackBytes + 1, ' '); }) == 413);
    CHECK(status([](CallbackRequest& q) { q.target = "/"; }) == 400);
    CHECK(status([](CallbackRequest& q) { q.body = ""; }) == 400);
    CHECK(status([](CallbackRequest& q) { q.body = "[]"; }) == 400);
    CHECK(status([](CallbackRequest& q) { q.body = "{\"encrypt\":1}"; }) == 400);
    CHECK(status([](CallbackRequest& q) { q.body = std::string(100'000, '['); }) == 400);
    CHECK(status([](CallbackRequest& q) { q.body = "{\"encrypt\":\"AAAA\"}"; }) == 403);
}

TEST_CASE("what is signed and wrong inside is refused like a wrong signature of DingTalk", "[callback]") {
    MessageCrypt const crypt = messageCrypt();
    auto const post = [&](std::string const& encrypted) {
        return read(CallbackRequest("POST", "/" + signedQuery(crypt, encrypted),
                                    "{\"encrypt\":\"" + encrypted + "\"}"));
    };
    std::string const json = R"({"EventType":"org_change"})";
    std::string const app = "dingexampleappkey01";
    REQUIRE_FALSE(post(crypt.encrypt(json, app)).refused());
    std::vector<CallbackReading> const refusals{
        post(""),
        post("AAAA"),
        post(crypt.encrypt(json, app).substr(0, 64)),
        post(crypt.encrypt(json, "somebody else")),
        post(crypt.encrypt(json, "")),
        post(crypt.encrypt("[]", app)),
        post(crypt.encrypt("{", app)),
        post(crypt.encrypt(R"({"EventType":"org_change","CorpId":"dingsomebodyelse"})", app)),
        read(ddPost(json), ddConfig(), kThen + std::chrono::hours(2)),
    };
    for (CallbackReading const& out : refusals) {
        INFO(out.refusal);
        CHECK(out.response.status == 403);
        CHECK(out.response.body == refusals.front().response.body);
        CHECK(out.events.empty());
    }
    // Seconds in the timestamp are as good as milliseconds.
    CHECK_FALSE(read(ddPost(json, app, false, "1700000000")).refused());
}

TEST_CASE("a missing key of DingTalk's callbacks is named", "[callback]") {
    CorpConfig without = ddConfig();
    without.business.erase("callback");
    CHECK_THROWS_AS(DDCallbacks(without), Error);
    CorpConfig noKey = ddConfig();
    noKey.business.erase("appKey");
    CHECK_THROWS_AS(DDCallbacks(noKey), Error);
}

}  // namespace callback_dd_callbacks_test
