// WeCom's callbacks: what is answered, what is understood, what is refused.
#include <corps/callback/callbacks.hpp>
#include <corps/error/error.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <support/callback_requests.hpp>
#include <support/callback_vectors.hpp>
#include <vector>

namespace callback_qywx_callbacks_test {

using namespace corps;
using namespace corps::test;

namespace {

CallbackReading read(CallbackRequest const& q, CorpConfig const& config = qywxConfig(),
                     TimePoint now = kThen) {
    return QywxCallbacks(config).read(q, now);
}

/** The one event in an answered request. */
CallbackEvent eventIn(std::string const& xml, std::string const& agentId = "") {
    CallbackReading out = read(qywxPost(xml, agentId));
    INFO(out.refusal);
    REQUIRE_FALSE(out.refused());
    REQUIRE(out.response.status == 200);
    REQUIRE(out.response.body == "success");
    REQUIRE(out.events.size() == 1);
    return out.events.front();
}

std::vector<MemberId> members(std::initializer_list<char const*> ids) {
    return std::vector<MemberId>(ids.begin(), ids.end());
}

MessageVector const& vectorNamed(std::string_view start) {
    auto const& all = messageVectors();
    return *std::find_if(all.begin(), all.end(),
                         [start](auto const& v) { return std::string_view(v.name).starts_with(start); });
}

std::string encoded(std::string const& echo) {
    std::string out;
    for (char const c : echo)
        out += c == '+' ? "%2B" : c == '/' ? "%2F" : c == '=' ? "%3D" : std::string(1, c);
    return out;
}

}  // namespace

TEST_CASE("WeCom's check of a URL is answered with the bare text", "[callback]") {
    // The vector that the platform publishes, and one of ours.
    for (char const* name : {"WeCom, published: verification", "WeCom A"}) {
        MessageVector const& v = vectorNamed(name);
        INFO(name);
        CorpConfig config =
            withCallbackKey(withCallbackKey(qywxConfig(), "token", boost::json::string(v.token)), "aesKey",
                            boost::json::string(v.aesKey));
        config.business["corpId"] = v.receiveId;
        TimePoint const now(Duration(std::stoll(v.timestamp) * 1000));
        std::string const before = "/?msg_signature=" + v.signature + "&timestamp=" + v.timestamp +
                                   "&nonce=" + v.nonce + "&echostr=";
        for (std::string const& echo : {encoded(v.encrypted), v.encrypted}) {
            CallbackReading const out = read(CallbackRequest("GET", before + echo, ""), config, now);
            CHECK(out.response.status == 200);
            CHECK(out.response.body == v.text);
            CHECK(out.response.contentType.starts_with("text/plain"));
            CHECK(out.events.empty());
        }
        // Something on the way took '+' for a space.
        std::string spaces = v.encrypted;
        std::replace(spaces.begin(), spaces.end(), '+', ' ');
        std::string percent;
        for (char const c : spaces) percent += c == ' ' ? "%20" : std::string(1, c);
        CHECK(read(CallbackRequest("GET", before + percent, ""), config, now).response.body == v.text);
    }
}

TEST_CASE("WeCom's event with ids only and its full form name the same person", "[callback]") {
    CallbackEvent const full = eventIn(contactXml(
        "create_user",
        "<UserID><![CDATA[zhangsan]]></UserID><Name><![CDATA[张三]]></Name><Department><![CDATA[1,2,3]]>"
        "</Department><MainDepartment>1</MainDepartment><IsLeaderInDept><![CDATA[1,0,0]]></IsLeaderInDept>"
        "<ExtAttr><Item><Name><![CDATA[爱好]]></Name><Type>0</Type><Text><Value><![CDATA[旅游]]></Value>"
        "</Text></Item></ExtAttr>"));
    CallbackEvent const brief =
        eventIn(contactXml("create_user", "<UserID>zhangsan</UserID><Department>1,2,3</Department>"));
    CHECK(full.type == "change_contact/create_user");
    CHECK(full.change.members == members({"zhangsan"}));
    CHECK(brief.change.members == members({"zhangsan"}));
    CHECK(full.change.depts.empty());
    CHECK_FALSE(full.change.unnamed);
    CHECK(full.time == TimePoint(Duration(1'700'000'001'000)));
    CHECK(full.id != brief.id);
    CHECK(eventIn(contactXml("delete_user", "<UserID>zhangsan</UserID>")).change.members ==
          members({"zhangsan"}));
}

TEST_CASE("WeCom's new user id is a rename, in both spellings", "[callback]") {
    for (char const* xml :
         {"<UserID><![CDATA[zhangsan]]></UserID><NewUserID><![CDATA[zhangsan001]]></NewUserID>",
          "<UserId>zhangsan</UserId><NewUserId>zhangsan001</NewUserId>"}) {
        CallbackEvent const e = eventIn(contactXml("update_user", xml));
        CHECK(e.change.members == members({"zhangsan", "zhangsan001"}));
        REQUIRE(e.change.renames.size() == 1);
        CHECK(e.change.renames[0].first == "zhangsan");
        CHECK(e.change.renames[0].second == "zhangsan001");
    }
    // Vector B of the pages is such an event.
    MessageVector const& b = vectorNamed("WeCom B");
    CHECK(eventIn(b.text).change.renames.size() == 1);
}

TEST_CASE("WeCom's departments and tags are named", "[callback]") {
    CHECK(eventIn(contactXml("create_party", "<Id>2</Id><Name><![CDATA[研发]]></Name><ParentId>1</ParentId>"))
              .change.depts == std::vector<DeptId>{"2"});
    CHECK(eventIn(contactXml("update_party", "<Id>2</Id><ParentId>1</ParentId>")).change.depts ==
          std::vector<DeptId>{"2"});
    CHECK(eventIn(contactXml("delete_party", "<Id>2</Id>")).change.depts == std::vector<DeptId>{"2"});
    CallbackEvent const tag = eventIn(
        contactXml("update_tag",
                   "<TagId>1</TagId><AddUserItems><![CDATA[zhangsan,lisi]]></AddUserItems>"
                   "<DelUserItems><![CDATA[wangwu]]></DelUserItems><AddPartyItems>1,2</AddPartyItems>"));
    CHECK(tag.change.roles == std::vector<RoleId>{"1"});
    CHECK(tag.change.members == members({"zhangsan", "lisi", "wangwu"}));
    CHECK(tag.change.depts == std::vector<DeptId>{"1", "2"});
    CHECK(eventIn(contactXml("update_tag", "<TagId>7</TagId>")).change.members.empty());
}

TEST_CASE("Who enters or leaves what an application of WeCom sees is named", "[callback]") {
    auto const xml = [](std::string const& event) {
        return "<xml><ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName><FromUserName>"
               "<![CDATA[zhangsan]]></FromUserName><CreateTime>1700000001</CreateTime><MsgType>"
               "<![CDATA[event]]></MsgType><Event><![CDATA[" +
               event + "]]></Event><AgentID>1000002</AgentID></xml>";
    };
    CHECK(eventIn(xml("subscribe"), "1000002").change.members == members({"zhangsan"}));
    CHECK(eventIn(xml("unsubscribe"), "1000002").change.members == members({"zhangsan"}));
    CHECK(eventIn(xml("enter_agent"), "1000002").change.empty());
}

TEST_CASE("WeCom's other events are answered and change nothing; of the contacts they say that much",
          "[callback]") {
    CHECK(
        eventIn("<xml><ToUserName>ww0123456789abcdef</ToUserName><FromUserName>sys</FromUserName><CreateTime>"
                "1700000001</CreateTime><MsgType>event</MsgType><Event>batch_job_result</Event><BatchJob>"
                "<JobId>j</JobId><JobType>export_user</JobType><ErrCode>0</ErrCode><ErrMsg>ok</ErrMsg>"
                "</BatchJob></xml>")
            .change.empty());
    CHECK(eventIn("<xml><MsgType>text</MsgType><Content>change_contact</Content></xml>").change.empty());
    CHECK(eventIn("<xml></xml>").change.empty());
    CallbackEvent const unknown = eventIn(contactXml("merge_galaxy\n", "<UserID>zhangsan</UserID>"));
    CHECK(unknown.change.unnamed);
    CHECK(eventIn(contactXml("create_user", "")).change.unnamed);
    CHECK(eventIn(contactXml("create_party", "<Id></Id>")).change.unnamed);
}

TEST_CASE("every single bit of a callback of WeCom counts", "[callback]") {
    std::string const contact =
        contactXml("update_user", "<UserID>zhangsan</UserID><Department>1</Department>");
    std::string const app =
        "<xml><ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName><FromUserName><![CDATA[zhangsan]]>"
        "</FromUserName><CreateTime>1700000001</CreateTime><MsgType><![CDATA[event]]></MsgType><Event>"
        "<![CDATA[subscribe]]></Event><AgentID>1000002</AgentID></xml>";
    QywxCallbacks const dialect(qywxConfig());
    for (CallbackRequest const& valid :
         {qywxPost(contact), qywxPost(contact, "1000002"), qywxPost(app, "1000002")}) {
        REQUIRE_FALSE(dialect.read(valid, kThen).refused());
        forEachBit(valid, [&](CallbackRequest const& changed, std::string const& where) {
            CallbackReading const out = dialect.read(changed, kThen);
            if (out.refused() && out.events.empty() && out.response.status >= 400) return;
            FAIL_CHECK(where);
        });
    }
    // The check of a URL, too. Hex digits of percent-encoding mean the same in either case.
    MessageVector const& v = vectorNamed("WeCom A");
    CallbackRequest const check("GET",
                                "/?msg_signature=" + v.signature + "&timestamp=" + v.timestamp +
                                    "&nonce=" + v.nonce + "&echostr=" + encoded(v.encrypted),
                                "");
    REQUIRE(dialect.read(check, kThen).response.body == v.text);
    forEachBit(check, [&](CallbackRequest const& changed, std::string const& where) {
        if (changed.query("echostr") == v.encrypted && changed.query("nonce") == v.nonce) return;
        if (!dialect.read(changed, kThen).refused()) FAIL_CHECK(where);
    });
}

TEST_CASE("a request to WeCom's URL that is none is refused with the status that says why", "[callback]") {
    CallbackRequest const good = qywxPost(contactXml("delete_user", "<UserID>u</UserID>"));
    auto const status = [](CallbackRequest q) {
        CallbackReading const out = read(q);
        CHECK(out.events.empty());
        CHECK(out.refused());
        return out.response.status;
    };
    auto const with = [&good](auto const& change) {
        CallbackRequest q = good;
        change(q);
        return q;
    };
    CHECK(status(with([](CallbackRequest& q) { q.method = "PUT"; })) == 405);
    CHECK(status(with([](CallbackRequest& q) { q.method = "post"; })) == 405);
    CHECK(status(with([](CallbackRequest& q) { q.body.assign(kMostCallbackBytes + 1, 'x'); })) == 413);
    CHECK(status(with([](CallbackRequest& q) { q.target = "/"; })) == 400);
    CHECK(status(with([](CallbackRequest& q) { q.method = "GET"; })) == 400);  // no echostr
    CHECK(status(with([](CallbackRequest& q) { q.body = ""; })) == 400);
    CHECK(status(with([](CallbackRequest& q) { q.body = "{}"; })) == 400);
    CHECK(status(with([](CallbackRequest& q) { q.body = "<html></html>"; })) == 400);
    CHECK(status(with([](CallbackRequest& q) { q.body = "<xml></xml>"; })) == 400);
    CHECK(
        status(with([](CallbackRequest& q) {
            q.body =
                "<!DOCTYPE xml [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><xml><Encrypt>&e;</Encrypt></xml>";
        })) == 400);
    CHECK(status(with([](CallbackRequest& q) {
              std::string deep;
              for (int i = 0; i < 100'000; ++i) deep += "<a>";
              q.body = deep;
          })) == 400);
    CHECK(status(with([](CallbackRequest& q) { q.target.replace(q.target.find("nonce=") + 6, 1, "9"); })) ==
          403);
}

TEST_CASE("what is signed and wrong inside is refused like a wrong signature", "[callback]") {
    MessageCrypt const crypt = messageCrypt();
    auto const post = [&](std::string const& encrypted, std::string const& to = "ww0123456789abcdef") {
        return read(CallbackRequest(
            "POST", "/" + signedQuery(crypt, encrypted),
            "<xml><ToUserName>" + to + "</ToUserName><Encrypt>" + encrypted + "</Encrypt></xml>"));
    };
    std::string const xml = contactXml("delete_user", "<UserID>u</UserID>");
    REQUIRE_FALSE(post(crypt.encrypt(xml, "ww0123456789abcdef")).refused());
    std::vector<CallbackReading> const refusals{
        post("AAAA"),                                                  // no whole block
        post(crypt.encrypt(xml, "ww0123456789abcdef").substr(0, 64)),  // padding
        post(crypt.encrypt(xml, "wwsomebodyelse")),                    // receiver
        post(crypt.encrypt(xml, "")),
        post(crypt.encrypt("not xml", "ww0123456789abcdef")),
        post(crypt.encrypt(xml + xml, "ww0123456789abcdef")),
        post(crypt.encrypt(xml, "ww0123456789abcdef"), "wwsomebodyelse"),  // the envelope
        read(qywxPost(xml, "1000003")),                                    // another application's
        read(qywxPost("<xml><ToUserName>wwsomebodyelse</ToUserName></xml>")),
        read(CallbackRequest("POST", "/?msg_signature=0&timestamp=1700000001&nonce=1",
                             "<xml><Encrypt>AAAA</Encrypt></xml>")),
    };
    for (CallbackReading const& out : refusals) {
        INFO(out.refusal);
        CHECK(out.response.status == 403);
        CHECK(out.response.body == refusals.front().response.body);
        CHECK(out.events.empty());
    }
    // WeCom's own applications have numbers of their own: the contact sync's are taken.
    CHECK_FALSE(read(qywxPost(xml, "2000003")).refused());
}

TEST_CASE("WeCom's timestamp must be within an hour, or what windowSeconds says", "[callback]") {
    CallbackRequest const q = qywxPost(contactXml("delete_user", "<UserID>u</UserID>"));
    TimePoint const sent(Duration(1'700'000'001'000));
    auto const refused = [&q](TimePoint now, CorpConfig const& config) {
        return read(q, config, now).refused();
    };
    using namespace std::chrono_literals;
    CHECK_FALSE(refused(sent + 1h, qywxConfig()));
    CHECK_FALSE(refused(sent - 1h, qywxConfig()));
    CHECK(refused(sent + 1h + 1ms, qywxConfig()));
    CHECK(refused(sent - 1h - 1ms, qywxConfig()));
    CorpConfig const narrow = withCallbackKey(qywxConfig(), "windowSeconds", 5);
    CHECK_FALSE(refused(sent + 5s, narrow));
    CHECK(refused(sent + 6s, narrow));
    CorpConfig const none = withCallbackKey(qywxConfig(), "windowSeconds", 0);
    CHECK_FALSE(refused(sent + 24h * 3650, none));
}

TEST_CASE("a missing or wrong key of WeCom's callbacks is named, and nothing of it is shown", "[callback]") {
    auto const error = [](CorpConfig const& config) -> std::string {
        try {
            QywxCallbacks const dialect(config);
            return {};
        } catch (Error const& e) {
            CHECK(e.is(Errc::config));
            CHECK(e.diagnostics().corp == "corps.WeCom");
            return e.what();
        }
    };
    auto const names = [](std::string const& text, char const* what) {
        INFO(text);
        return text.find(what) != std::string::npos && text.find("WeCom.json") != std::string::npos &&
               text.find("secretive") == std::string::npos;
    };
    CorpConfig good = qywxConfig();
    good.businessFile = "corps/WeCom/WeCom.json";
    REQUIRE(error(good).empty());
    CorpConfig without = good;
    without.business.erase("callback");
    CHECK(names(error(without), "callback"));
    CorpConfig text = good;
    text.business["callback"] = "secretive";
    CHECK(names(error(text), "callback"));
    CHECK(names(error(withCallbackKey(good, "token", "")), "callback.token"));
    CHECK(names(error(withCallbackKey(good, "token", 7)), "callback.token"));
    CHECK(names(error(withCallbackKey(good, "aesKey", "secretive")), "callback.aesKey"));
    CHECK(names(error(withCallbackKey(good, "aesKey", nullptr)), "callback.aesKey"));
    CHECK(names(error(withCallbackKey(good, "windowSeconds", -1)), "callback.windowSeconds"));
    CHECK(names(error(withCallbackKey(good, "windowSeconds", "5")), "callback.windowSeconds"));
}

TEST_CASE("an application of a provider takes the ids that WeCom's pages disagree about, and no others",
          "[callback]") {
    auto auth =
        std::make_shared<CorpConfig>("auths.Provider", "Provider",
                                     boost::json::object{{"authConfig",
                                                          {{"suiteId", "dk0123456789abcdef"},
                                                           {"suiteSecret", "s"},
                                                           {"token", kToken},
                                                           {"encodingAESKey", kAesKey},
                                                           {"providerCorpId", "wwprovider00000001"}}}});
    CorpConfig config("corps.Customer", "Customer",
                      {{"corpId", "wpAAAA"}, {"authFullName", "auths.Provider"}});
    config.auth = auth;
    std::string const xml =
        "<xml><ToUserName>wpAAAA</ToUserName><CreateTime>1700000001</CreateTime><Event>"
        "change_contact</Event><ChangeType>update_user</ChangeType><UserID>woBBBB</UserID>"
        "</xml>";
    MessageCrypt const crypt = messageCrypt();
    auto const post = [&](CorpConfig const& with, std::string const& receiver) {
        std::string const e = crypt.encrypt(xml, receiver);
        return QywxProxyCallbacks(with).read(
            CallbackRequest("POST", "/" + signedQuery(crypt, e),
                            "<xml><ToUserName>wpAAAA</ToUserName><AgentID>1000055</AgentID><Encrypt>" + e +
                                "</Encrypt></xml>"),
            kThen);
    };
    for (char const* receiver : {"wpAAAA", "wwprovider00000001", "dk0123456789abcdef", ""}) {
        CallbackReading const out = post(config, receiver);
        INFO(receiver << ": " << out.refusal);
        REQUIRE(out.events.size() == 1);
        CHECK(out.response.body == "success");
        CHECK(out.events[0].change.members == members({"woBBBB"}));
    }
    CHECK(post(config, "wpCCCC").response.status == 403);
    // The keys of its own address come before the suite's.
    CorpConfig own = config;
    own.business["callback"] = {{"token", kToken}, {"aesKey", kAesKey}, {"receiveId", "wwplain"}};
    CHECK(post(own, "wwplain").events.size() == 1);
    CHECK(post(own, "wpCCCC").response.status == 403);
    CHECK(post(withCallbackKey(own, "token", "another"), "wpAAAA").response.status == 403);
    // An agent id that is known must be the same.
    own.business["agentId"] = "1000056";
    CHECK(post(own, "wpAAAA").response.status == 403);
    config.auth = nullptr;
    CHECK_THROWS_AS(QywxProxyCallbacks(config), Error);
}

}  // namespace callback_qywx_callbacks_test
