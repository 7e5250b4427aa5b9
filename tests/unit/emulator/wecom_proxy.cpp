// The emulator of a WeCom provider: what its calls answer, what an app sees of an enterprise, and how long
// things live.
#include "unit/emulator/people.hpp"
#include "unit/emulator/raw_http.hpp"

#include <corps/emulator/generate.hpp>
#include <corps/emulator/wecom_proxy.hpp>

#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace emulator_wecom_proxy_test {
namespace {

using namespace corps::emulator;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Matches;
using emulator_test::Answer;
using emulator_test::Connection;
using emulator_test::person;
using Strings = std::vector<std::string>;
using Numbers = std::vector<std::int64_t>;

const std::string kSuite = "dk0123456789abcdef";
const std::string kSecret = "SUITESECRET";
const std::string kProvider = "wwprovider00000001";
const std::string kProviderSecret = "PROVIDERSECRET";
const std::string kThirdParty = "ww11112222333344445";
const std::string kCorp = "wwAAAA0123456789";
const std::string kOther = "wwBBBB0123456789";

const Strings kBasic{};
const std::string kUserName = "contact:sensitive:user_name";
const std::string kDeptName = "contact:sensitive:department_name";
const std::string kStructure = "corp_arch:base:base";

/**
 * 1: zhao (administrator)
 *   2 R&D: lisi (leader), zhangsan
 *     3 QA: zhangsan (leader), wangwu
 *   4 Sales: chen (leader)
 */
Organisation demo(const std::string& corpId = kCorp) {
    Organisation out;
    out.corpId = corpId;
    out.corpName = "示例科技";
    out.deptList = {{"1", "", "Root", 0, {}},
                    {"2", "1", "研发中心", 10, {"lisi"}},
                    {"3", "2", "QA", 40, {"zhangsan"}},
                    {"4", "1", "Sales", 20, {"chen"}}};
    out.userList = {person("zhao", {}), person("lisi", {{"2", false, 1, false}}),
                    person("zhangsan", {{"2", false, 7, true}, {"3", false, 0, false}}),
                    person("wangwu", {{"3", false, 0, false}}), person("chen", {{"4", false, 0, false}})};
    Member& zhangsan = out.userList[2];
    zhangsan.nick = "张三";
    zhangsan.phone = "+8613800000000";
    zhangsan.email = "zhangsan@example.com";
    zhangsan.jobNumber = "E001";
    zhangsan.position = "后台工程师";
    zhangsan.photo = "http://wx.qlogo.cn/x/0";
    zhangsan.gender = 1;
    out.roleList = {{"1", "", "管理员"}};
    out.roleMemberSet = {{"1", "zhangsan"}, {"1", "chen"}};
    out.adminIds = {"zhao"};
    return out;
}

/** Two enterprises, one template of proxy development and a third-party app; a time that only the test moves.
 */
WeComProxyOptions frozen() {
    WeComProxyOptions out;
    out.clock = [] { return std::chrono::milliseconds(1'788'364'862'000); };
    out.providerCorpId = kProvider;
    out.providerSecret = kProviderSecret;
    out.suiteTicketInterval = 0s;
    WeComSuite proxy;
    proxy.suiteId = kSuite;
    proxy.suiteSecret = kSecret;
    WeComSuite third;
    third.suiteId = kThirdParty;
    third.suiteSecret = kSecret;
    third.name = "Third party";
    out.suites = {proxy, third};
    return out;
}

WeComProxyServer twoEnterprises(WeComProxyOptions options = frozen()) {
    return WeComProxyServer(std::move(options), {demo(), demo(kOther)});
}

std::string word(const boost::json::value& json, const char* key) { return json.at(key).as_string().c_str(); }
std::string word(const Answer& answer, const char* key) { return word(answer.json(), key); }
bool has(const Answer& answer, const char* key) { return answer.json().as_object().contains(key); }
std::string text(const boost::json::value& value) { return boost::json::serialize(value); }

std::int64_t errcode(const Answer& answer) {
    CHECK(answer.status == 200);
    CHECK(answer.headers.at("Content-Type") == "application/json; charset=UTF-8");
    const auto code = answer.json().at("errcode").to_number<std::int64_t>();
    CHECK(answer.headers.contains("Error-Code") == (code != 0));
    return code;
}

/** `{"a":"b",...}` of pairs. */
std::string object(const std::vector<std::pair<std::string, std::string>>& pairs) {
    boost::json::object out;
    for (const auto& [key, value] : pairs) {
        out[key] = value;
    }
    return boost::json::serialize(out);
}

/** The provider at work: one connection and its tokens. */
class Provider {
public:
    explicit Provider(WeComProxyServer& server, std::string suiteId = kSuite)
        : server_(server), suiteId_(std::move(suiteId)), connection_(server.port()) {}

    Answer raw(std::string_view method, std::string_view target, std::string_view body = {}) {
        return connection_.call(method, target, body);
    }
    Answer askSuiteToken(const std::string& ticket) {
        return raw("POST", "/cgi-bin/service/get_suite_token",
                   object({{"suite_id", suiteId_}, {"suite_secret", kSecret}, {"suite_ticket", ticket}}));
    }
    std::string suiteToken() {
        return word(askSuiteToken(server_.suiteTicket(suiteId_)), "suite_access_token");
    }
    /** A call with the template's token. */
    Answer suite(std::string_view path, const std::string& body) {
        return raw("POST", "/cgi-bin/service/" + std::string(path) + "?suite_access_token=" + suiteToken(),
                   body);
    }
    Answer suiteGet(const std::string& path, const std::string& query = "") {
        return raw("GET", "/cgi-bin/service/" + path + "?suite_access_token=" + suiteToken() + query);
    }
    Answer exchange(const std::string& code, std::string_view version = "v2/") {
        return suite(std::string(version) + "get_permanent_code", object({{"auth_code", code}}));
    }
    Answer provider(const std::string& path, const std::string& body) {
        const auto token = raw("POST", "/cgi-bin/service/get_provider_token",
                               object({{"corpid", kProvider}, {"provider_secret", kProviderSecret}}));
        return raw(
            "POST",
            "/cgi-bin/service/" + path + "?provider_access_token=" + word(token, "provider_access_token"),
            body);
    }

private:
    WeComProxyServer& server_;
    std::string suiteId_;
    Connection connection_;
};

/** The app of one enterprise at work. */
class App {
public:
    explicit App(WeComProxyServer& server, std::string corp = kCorp)
        : server_(server), corp_(std::move(corp)), connection_(server.port()) {
        login();
    }
    Answer gettoken(const std::string& corpId, const std::string& secret) {
        return connection_.call("GET", "/cgi-bin/gettoken?corpid=" + corpId + "&corpsecret=" + secret);
    }
    Answer gettoken() { return gettoken(corp_, server_.authorisation(corp_, kSuite).permanentCode); }
    void login() {
        const auto body = gettoken().json();
        if (const auto* found = body.as_object().if_contains("access_token")) {
            token = found->as_string().c_str();
        }
    }
    Answer raw(std::string_view method, const std::string& target, std::string_view body = {}) {
        return connection_.call(method, target, body);
    }
    /** `path` below /cgi-bin/, perhaps with parameters. */
    Answer get(std::string_view path) { return connection_.call("GET", address(path)); }
    Answer post(std::string_view path, std::string_view body = "{}") {
        return connection_.call("POST", address(path), body);
    }
    boost::json::value user(const std::string& id) { return get("user/get?userid=" + id).json(); }

    std::string token;

private:
    std::string address(std::string_view path) const {
        std::string out = "/cgi-bin/" + std::string(path);
        out += out.find('?') == std::string::npos ? '?' : '&';
        return out + "access_token=" + token;
    }
    WeComProxyServer& server_;
    std::string corp_;
    Connection connection_;
};

Numbers ids(const Answer& answer, const char* list, const char* key = "id") {
    CHECK(errcode(answer) == 0);
    Numbers out;
    const auto body = answer.json();
    for (const auto& item : body.at(list).as_array()) {
        out.push_back(item.at(key).as_int64());
    }
    return out;
}

Strings userids(const Answer& answer, const char* list = "userlist") {
    CHECK(errcode(answer) == 0);
    Strings out;
    const auto body = answer.json();
    for (const auto& item : body.at(list).as_array()) {
        out.emplace_back(item.at("userid").as_string().c_str());
    }
    return out;
}

WeComContactScope range(Strings deptIds, Strings memberIds = {}, Strings tagIds = {}) {
    return {false, std::move(deptIds), std::move(memberIds), std::move(tagIds)};
}

}  // namespace

// ---------------------------------------------------------------------------------------------------------------------------
// Tickets and tokens

TEST_CASE("wecom proxy emulator: a suite token costs a ticket that lives, and is the same until it ends",
          "[emulator][proxy-emu]") {
    auto server = twoEnterprises();
    Provider provider(server);
    const std::string first = server.suiteTicket(kSuite);
    const auto answer = provider.askSuiteToken(first);
    CHECK(errcode(answer) == 0);
    CHECK(answer.json().at("expires_in") == 7200);
    CHECK(word(provider.askSuiteToken(first), "suite_access_token") == word(answer, "suite_access_token"));

    // Two tickets live side by side, each for half an hour.
    server.advanceClock(10min);
    const std::string second = server.pushTicket(kSuite);
    CHECK(second != first);
    CHECK(server.suiteTicket(kSuite) == second);
    CHECK(errcode(provider.askSuiteToken(first)) == 0);
    server.advanceClock(20min);
    CHECK(errcode(provider.askSuiteToken(first)) == 40085);
    CHECK(errcode(provider.askSuiteToken(second)) == 0);
    server.advanceClock(10min);
    CHECK(errcode(provider.askSuiteToken(second)) == 40085);

    // Every n seconds of the server's clock.
    server.pushTicketEvery(60s, kSuite);
    server.advanceClock(59s);
    CHECK(server.suiteTicket(kSuite) == second);
    server.advanceClock(1s);
    CHECK(server.suiteTicket(kSuite) != second);
    CHECK(errcode(provider.askSuiteToken(server.suiteTicket(kSuite))) == 0);

    // A token that has ended makes way for another.
    server.advanceClock(2h);
    const auto later = provider.askSuiteToken(server.suiteTicket(kSuite));
    CHECK(word(later, "suite_access_token") != word(answer, "suite_access_token"));
    CHECK(errcode(provider.raw(
              "POST",
              "/cgi-bin/service/v2/get_auth_info?suite_access_token=" + word(answer, "suite_access_token"),
              "{}")) == 42009);
}

TEST_CASE("wecom proxy emulator: what is wrong with a question for a suite token is told apart",
          "[emulator][proxy-emu]") {
    auto server = twoEnterprises();
    Provider provider(server);
    const std::string ticket = server.suiteTicket(kSuite);
    const auto ask = [&](const std::string& id, const std::string& secret, const std::string& suiteTicket) {
        std::vector<std::pair<std::string, std::string>> body;
        for (const auto& [key, value] : {std::pair{"suite_id", id}, std::pair{"suite_secret", secret},
                                         std::pair{"suite_ticket", suiteTicket}}) {
            if (!value.empty()) {
                body.emplace_back(key, value);
            }
        }
        return errcode(provider.raw("POST", "/cgi-bin/service/get_suite_token", object(body)));
    };
    CHECK(ask("", kSecret, ticket) == 41021);
    CHECK(ask(kSuite, "", ticket) == 41024);
    CHECK(ask(kSuite, kSecret, "") == 41023);
    CHECK(ask("dkffff", kSecret, ticket) == 40083);
    CHECK(ask(kSuite, "wrong", ticket) == 40080);
    CHECK(ask(kSuite, kSecret, "wrong") == 40085);
    CHECK(ask(kSuite, kSecret, server.suiteTicket(kThirdParty)) == 40085);  // another template's
    CHECK(ask(kSuite, kSecret, ticket) == 0);
    CHECK(errcode(provider.raw("GET", "/cgi-bin/service/get_suite_token")) == 40058);

    const std::string path = "/cgi-bin/service/v2/get_auth_info";
    CHECK(errcode(provider.raw("POST", path, "{}")) == 41022);
    CHECK(errcode(provider.raw("POST", path + "?suite_access_token=wrong", "{}")) == 40082);
    // A token of another kind is none.
    App app(server);
    CHECK(errcode(provider.raw("POST", path + "?suite_access_token=" + app.token, "{}")) == 40082);
    CHECK(errcode(provider.raw("GET", "/cgi-bin/department/list?access_token=" + provider.suiteToken())) ==
          40014);

    server.addFault([] {
        Fault out;
        out.match = "v2/get_auth_info";
        out.kind = FaultKind::expireToken;
        return out;
    }());
    const std::string token = provider.suiteToken();
    CHECK(errcode(provider.raw("POST", path + "?suite_access_token=" + token, "{}")) == 42009);
    CHECK(provider.suiteToken() != token);
}

TEST_CASE("wecom proxy emulator: a provider's token comes without a code", "[emulator][proxy-emu]") {
    auto server = twoEnterprises();
    Provider provider(server);
    const auto ask = [&](const std::string& corp, const std::string& secret) {
        return provider.raw("POST", "/cgi-bin/service/get_provider_token",
                            object({{"corpid", corp}, {"provider_secret", secret}}));
    };
    const auto answer = ask(kProvider, kProviderSecret);
    CHECK(answer.json().as_object().size() == 2);
    CHECK(answer.json().at("expires_in") == 7200);
    CHECK(word(ask(kProvider, kProviderSecret), "provider_access_token") ==
          word(answer, "provider_access_token"));
    CHECK(errcode(ask("", kProviderSecret)) == 41002);
    CHECK(errcode(ask(kProvider, "")) == 41004);
    CHECK(errcode(ask("ww", kProviderSecret)) == 40013);
    CHECK(errcode(ask(kProvider, "wrong")) == 40001);

    const std::string path = "/cgi-bin/service/corpid_to_opencorpid?provider_access_token=";
    CHECK(errcode(provider.raw("POST", path, "{}")) == 41001);
    CHECK(errcode(provider.raw("POST", path + "wrong", "{}")) == 40014);
    server.advanceClock(2h);
    CHECK(errcode(provider.raw("POST", path + word(answer, "provider_access_token"), "{}")) == 42001);
    CHECK(word(ask(kProvider, kProviderSecret), "provider_access_token") !=
          word(answer, "provider_access_token"));
}

TEST_CASE("wecom proxy emulator: successes may come without a code, errors never do",
          "[emulator][proxy-emu]") {
    auto options = frozen();
    options.behaviour.omitErrcode = true;
    auto server = twoEnterprises(options);
    Provider provider(server);
    const auto answer = provider.askSuiteToken(server.suiteTicket(kSuite));
    CHECK_FALSE(has(answer, "errcode"));
    CHECK_FALSE(has(answer, "errmsg"));
    CHECK(errcode(provider.askSuiteToken("wrong")) == 40085);
    App app(server);
    CHECK_FALSE(has(app.get("department/list"), "errcode"));
}

// ---------------------------------------------------------------------------------------------------------------------------
// Authorisations

TEST_CASE("wecom proxy emulator: an auth code is good once, for ten minutes, for its template",
          "[emulator][proxy-emu]") {
    auto options = frozen();
    options.authorised = false;
    auto server = twoEnterprises(options);
    Provider provider(server);
    Provider third(server, kThirdParty);
    CHECK_FALSE(server.authorisation(kCorp, kSuite).authorised);

    const std::string code = server.authorise(kCorp, "corp42", kSuite);
    CHECK(errcode(third.exchange(code)) == 48003);
    const auto answer = provider.exchange(code);
    REQUIRE(errcode(answer) == 0);
    const auto known = server.authorisation(kCorp, kSuite);
    CHECK(known.authorised);
    CHECK(word(answer, "permanent_code") == known.permanentCode);
    CHECK(word(answer, "state") == "corp42");
    CHECK(word(answer.json().at("auth_corp_info"), "corpid") == server.openCorpId(kCorp));
    CHECK(word(answer.json().at("auth_corp_info"), "corp_name") == "示例科技");
    CHECK(answer.json().at("auth_corp_info").as_object().size() == 2);
    CHECK(word(answer.json().at("auth_user_info"), "userid") == server.openUserId(kCorp, "zhao"));
    CHECK(word(answer.json().at("auth_user_info"), "name") == "N zhao");
    CHECK_FALSE(has(answer, "auth_info"));     // no agent id
    CHECK_FALSE(has(answer, "access_token"));  // third-party apps get one
    CHECK(errcode(provider.exchange(code)) == 40078);
    CHECK(errcode(provider.exchange("wrong")) == 40078);
    CHECK(errcode(provider.suite("v2/get_permanent_code", "{}")) == 40078);

    const std::string late = server.authorise(kOther, "", kSuite);
    server.advanceClock(599s);
    CHECK(errcode(provider.exchange("wrong")) == 40078);
    server.advanceClock(1s);
    CHECK(errcode(provider.exchange(late)) == 40078);
    CHECK_THROWS_AS(server.authorise(kOther, "", kSuite), std::invalid_argument);  // once is enough
}

TEST_CASE("wecom proxy emulator: the older call tells the whole enterprise and the agent id",
          "[emulator][proxy-emu]") {
    auto options = frozen();
    options.authorised = false;
    options.behaviour.dealer = true;
    auto server = twoEnterprises(options);
    Provider provider(server);
    const auto answer = provider.exchange(server.authorise(kCorp, "", kSuite), "");
    REQUIRE(errcode(answer) == 0);
    const auto body = answer.json();
    CHECK(body.at("auth_info").at("agent").as_array().size() == 1);
    CHECK(body.at("auth_info").at("agent").at(0).at("agentid") ==
          server.authorisation(kCorp, kSuite).agentId);
    CHECK(body.at("auth_info").at("agent").at(0).at("is_customized_app") == true);
    CHECK(word(body.at("auth_corp_info"), "corp_full_name") == "示例科技");
    CHECK(body.at("auth_corp_info").as_object().contains("corp_wxqrcode"));
    CHECK(body.as_object().contains("dealer_corp_info"));
    CHECK_FALSE(body.as_object().contains("state"));
    CHECK_FALSE(body.as_object().contains("access_token"));
}

TEST_CASE("wecom proxy emulator: information on an authorisation, and who may have it",
          "[emulator][proxy-emu]") {
    auto server = twoEnterprises();
    Provider provider(server);
    const auto known = server.authorisation(kCorp, kSuite);
    const auto ask = [&](const std::string& corp, const std::string& code,
                         const std::string& version = "v2/") {
        return provider.suite(version + "get_auth_info",
                              object({{"auth_corpid", corp}, {"permanent_code", code}}));
    };
    for (const std::string& corp : {kCorp, std::string("wwaaaa0123456789"), server.openCorpId(kCorp)}) {
        const auto body = ask(corp, known.permanentCode).json();
        INFO(corp);
        CHECK(body.at("errcode") == 0);
        CHECK(word(body.at("auth_corp_info"), "corpid") == server.openCorpId(kCorp));
        CHECK(word(body.at("auth_corp_info").at("corp_ex_name"), "name_list") == "示例科技");
        const auto agent = body.at("auth_info").at("agent").at(0);
        CHECK(agent.at("agentid") == known.agentId);
        CHECK(
            text(agent.at("privilege")) ==
            R"({"level":0,"allow_party":[1],"allow_user":[],"allow_tag":[],"extra_party":[],"extra_user":[],"extra_tag":[]})");
    }
    server.setRange(kCorp, range({"3"}, {"chen"}, {"1"}), kSuite);
    const auto narrow =
        ask(kCorp, known.permanentCode).json().at("auth_info").at("agent").at(0).at("privilege");
    CHECK(text(narrow.at("allow_party")) == "[3]");
    CHECK(text(narrow.at("allow_user")) == "[\"" + server.openUserId(kCorp, "chen") + "\"]");
    CHECK(text(narrow.at("allow_tag")) == "[1]");
    CHECK(ask(kCorp, known.permanentCode, "")
              .json()
              .at("auth_corp_info")
              .as_object()
              .contains("corp_wxqrcode"));

    auto behaviour = server.behaviour();
    behaviour.exNamesAsList = true;
    server.setBehaviour(behaviour);
    CHECK(
        text(
            ask(kCorp, known.permanentCode).json().at("auth_corp_info").at("corp_ex_name").at("name_list")) ==
        R"(["示例科技"])");

    CHECK(errcode(ask("", known.permanentCode)) == 84054);
    CHECK(errcode(ask(kCorp, "")) == 41025);
    CHECK(errcode(ask(kCorp, "wrong")) == 40084);
    CHECK(errcode(ask(kOther, known.permanentCode)) == 40084);
    CHECK(errcode(ask("wwnobody", known.permanentCode)) == 48004);
    CHECK(errcode(ask(kCorp, server.authorisation(kCorp, kThirdParty).permanentCode)) == 48003);
    server.cancel(kCorp, kSuite);
    CHECK(errcode(ask(kCorp, known.permanentCode)) == 40084);
    behaviour.cancelledCode = 48004;
    server.setBehaviour(behaviour);
    CHECK(errcode(ask(kCorp, known.permanentCode)) == 48004);
}

TEST_CASE("wecom proxy emulator: a cancelled authorisation ends its secret and its tokens",
          "[emulator][proxy-emu]") {
    auto server = twoEnterprises();
    App app(server);
    App other(server, kOther);
    const auto before = server.authorisation(kCorp, kSuite);
    server.cancel(kCorp, kSuite);
    CHECK(errcode(app.get("department/list")) == 40014);
    CHECK(errcode(app.gettoken(kCorp, before.permanentCode)) == 40001);
    CHECK(errcode(other.get("department/list")) == 0);
    CHECK_THROWS_AS(server.cancel(kCorp, kSuite), std::invalid_argument);

    // Who comes back gets a new secret and, unless told otherwise, another agent id.
    Provider provider(server);
    provider.exchange(server.authorise(kCorp, "", kSuite));
    const auto after = server.authorisation(kCorp, kSuite);
    CHECK(after.permanentCode != before.permanentCode);
    CHECK(after.agentId != before.agentId);
    CHECK(errcode(app.gettoken(kCorp, before.permanentCode)) == 40001);
    app.login();
    CHECK(errcode(app.get("department/list")) == 0);
    auto behaviour = server.behaviour();
    behaviour.newAgentIds = false;
    server.setBehaviour(behaviour);
    server.cancel(kCorp, kSuite);
    server.authorise(kCorp, "", kSuite);
    CHECK(server.authorisation(kCorp, kSuite).agentId == after.agentId);
}

TEST_CASE("wecom proxy emulator: a reset secret dies at once, or when the new one is fetched",
          "[emulator][proxy-emu]") {
    auto options = frozen();
    const bool atOnce = GENERATE(true, false);
    options.behaviour.oldSecretDies = atOnce;
    auto server = twoEnterprises(options);
    App app(server);
    Provider provider(server);
    const std::string old = server.authorisation(kCorp, kSuite).permanentCode;
    const std::string code = server.resetSecret(kCorp, kSuite);
    CHECK(errcode(app.gettoken(kCorp, old)) == (atOnce ? 40001 : 0));
    CHECK(errcode(app.get("department/list")) == (atOnce ? 40014 : 0));
    const auto answer = provider.exchange(code);
    REQUIRE(errcode(answer) == 0);
    CHECK(word(answer, "permanent_code") != old);
    CHECK(word(answer.json().at("auth_corp_info"), "corpid") == server.openCorpId(kCorp));
    CHECK_FALSE(has(answer, "state"));
    CHECK(errcode(app.gettoken(kCorp, old)) == 40001);
    CHECK(errcode(app.get("department/list")) == 40014);
    CHECK(errcode(app.gettoken(kCorp, word(answer, "permanent_code"))) == 0);
}

TEST_CASE("wecom proxy emulator: a disabled app has no tokens, and those there are do not work",
          "[emulator][proxy-emu]") {
    auto server = twoEnterprises();
    App app(server);
    server.disable(kCorp, kSuite);
    CHECK_FALSE(server.authorisation(kCorp, kSuite).enabled);
    CHECK(errcode(app.get("department/list")) == 50003);
    CHECK(errcode(app.gettoken()) == 40001);
    server.enable(kCorp, kSuite);
    CHECK(errcode(app.get("department/list")) == 0);
    CHECK(errcode(app.gettoken()) == 0);
}

TEST_CASE("wecom proxy emulator: a QR code carries a state to who scans it", "[emulator][proxy-emu]") {
    auto options = frozen();
    options.authorised = false;
    WeComSuite offline;
    offline.suiteId = "dkoffline";
    options.suites.push_back(offline);
    auto server = twoEnterprises(options);
    Provider provider(server);
    const auto ask = [&](const std::string& state, const std::string& templates) {
        return provider.provider("get_customized_auth_url",
                                 "{\"state\":\"" + state + "\",\"templateid_list\":" + templates + "}");
    };
    auto bad = options;
    CHECK(errcode(ask("s", "[]")) == 842004);
    CHECK(errcode(ask("s", R"(["dk1","dk1","dk1","dk1","dk1","dk1","dk1","dk1","dk1","dk1"])")) == 842004);
    CHECK(errcode(ask("s", R"(["dk1"])")) == 842003);
    CHECK(errcode(ask("s", "[\"" + kThirdParty + "\"]")) == 842005);
    CHECK(errcode(ask("not alphanumeric", "[\"" + kSuite + "\"]")) == 40058);
    CHECK(errcode(ask(std::string(33, 'a'), "[\"" + kSuite + "\"]")) == 40058);
    bad.suites[0].online = false;
    {
        WeComProxyServer off(bad, {demo()});
        Provider there(off);
        CHECK(errcode(there.provider("get_customized_auth_url",
                                     "{\"templateid_list\":[\"" + kSuite + "\"]}")) == 842002);
    }

    const auto answer = ask("corp42", "[\"" + kSuite + "\"]");
    REQUIRE(errcode(answer) == 0);
    CHECK(answer.json().at("expires_in") == 864000);
    const std::string url = word(answer, "qrcode_url").substr(server.baseUrl().size());
    CHECK_THAT(provider.raw("GET", url + "&corp=wwnobody").body, ContainsSubstring("40013"));
    CHECK_FALSE(server.authorisation(kCorp, kSuite).authorised);
    CHECK(provider.raw("GET", url + "&corp=" + kCorp).status == 200);
    CHECK(server.authorisation(kCorp, kSuite).authorised);
    CHECK_THAT(provider.raw("GET", url + "&corp=" + kCorp).body, ContainsSubstring("842006"));
    server.advanceClock(std::chrono::seconds(864000));
    CHECK_THAT(provider.raw("GET", url + "&corp=" + kOther).body, ContainsSubstring("40078"));
}

// ---------------------------------------------------------------------------------------------------------------------------
// What an app sees

TEST_CASE("wecom proxy emulator: a permanent code is the secret of one enterprise's app",
          "[emulator][proxy-emu]") {
    auto server = twoEnterprises();
    App app(server);
    const std::string secret = server.authorisation(kCorp, kSuite).permanentCode;
    const std::string open = server.openCorpId(kCorp);
    // In plaintext whatever the case of letters, encrypted letter by letter: the same token.
    CHECK(word(app.gettoken(kCorp, secret), "access_token") == app.token);
    CHECK(word(app.gettoken("WWaaaa0123456789", secret), "access_token") == app.token);
    CHECK(word(app.gettoken(open, secret), "access_token") == app.token);
    std::string folded = open;
    std::transform(folded.begin(), folded.end(), folded.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    REQUIRE(folded != open);
    CHECK(errcode(app.gettoken(folded, secret)) == 40013);
    CHECK(errcode(app.gettoken("wwnobody", secret)) == 40013);
    CHECK(errcode(app.gettoken(kCorp, "wrong")) == 40001);
    CHECK(errcode(app.gettoken(kOther, secret)) == 40091);
    CHECK(errcode(app.gettoken("", secret)) == 41002);
    CHECK(errcode(app.gettoken(kCorp, "")) == 41004);
    // That of a third-party app is none.
    CHECK(errcode(app.gettoken(kCorp, server.authorisation(kCorp, kThirdParty).permanentCode)) == 40001);

    CHECK(ids(app.get("agent/list"), "agentlist", "agentid") ==
          Numbers{server.authorisation(kCorp, kSuite).agentId});
    const auto agent =
        app.get("agent/get?agentid=" + std::to_string(server.authorisation(kCorp, kSuite).agentId));
    CHECK(agent.json().at("customized_publish_status") == 2);
    CHECK(agent.json().at("close") == 0);
    CHECK(word(agent, "name") == "同步助手");
    CHECK(errcode(app.get("agent/get?agentid=1")) == 301002);
    CHECK(errcode(app.post("user/list_id")) == 60020);
}

TEST_CASE("wecom proxy emulator: ids are the provider's own and everywhere the same",
          "[emulator][proxy-emu]") {
    auto server = twoEnterprises();
    App app(server);
    const auto open = [&](const std::string& id) { return server.openUserId(kCorp, id); };
    CHECK_THAT(open("zhangsan"), Matches("wo[0-9A-Za-z_-]{30}"));
    CHECK_THAT(server.openCorpId(kCorp), Matches("wp[0-9A-Za-z_-]{30}"));
    CHECK(open("zhangsan") != server.openUserId(kOther, "zhangsan"));  // other people
    CHECK(open("zhangsan") == WeComProxyServer(frozen(), {demo()}).openUserId(kCorp, "zhangsan"));
    auto another = frozen();
    another.providerCorpId = "wwprovider00000002";
    CHECK(open("zhangsan") != WeComProxyServer(another, {demo()}).openUserId(kCorp, "zhangsan"));

    CHECK(userids(app.get("user/list?department_id=3")) == Strings{open("zhangsan"), open("wangwu")});
    CHECK(userids(app.get("user/simplelist?department_id=3")) == Strings{open("zhangsan"), open("wangwu")});
    CHECK(word(app.user(open("wangwu")), "userid") == open("wangwu"));
    CHECK(text(app.get("department/get?id=2").json().at("department").at("department_leader")) ==
          "[\"" + open("lisi") + "\"]");
    CHECK(text(app.user(open("wangwu")).at("direct_leader")) == "[\"" + open("zhangsan") + "\"]");
    CHECK(userids(app.get("tag/get?tagid=1")) == Strings{open("zhangsan"), open("chen")});
    CHECK(userids(app.post("agent/get_admin_list"), "admin") == Strings{open("zhao")});
    const std::string openid =
        word(app.post("user/convert_to_openid", object({{"userid", open("chen")}})), "openid");
    CHECK(word(app.post("user/convert_to_userid", object({{"openid", openid}})), "userid") == open("chen"));
    CHECK(word(app.post("user/getuserid", R"({"mobile":"13800000000"})"), "userid") == open("zhangsan"));

    // Letter by letter, and not in plaintext unless that is switched on.
    std::string folded = open("zhangsan");
    std::transform(folded.begin(), folded.end(), folded.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    REQUIRE(folded != open("zhangsan"));
    CHECK(errcode(app.get("user/get?userid=" + folded)) == 60111);
    CHECK(errcode(app.get("user/get?userid=zhangsan")) == 60111);
    auto behaviour = server.behaviour();
    behaviour.plainIds = true;
    server.setBehaviour(behaviour);
    CHECK(word(app.user("zhangsan"), "userid") == open("zhangsan"));
}

TEST_CASE("wecom proxy emulator: ids in plaintext until the migration is finished, and never again",
          "[emulator][proxy-emu]") {
    auto options = frozen();
    options.behaviour.encryptedIds = false;
    auto server = twoEnterprises(options);
    App app(server);
    Provider provider(server);
    const auto known = server.authorisation(kCorp, kSuite);
    CHECK_FALSE(known.encryptedIds);
    CHECK(userids(app.get("user/list?department_id=3")) == Strings{"zhangsan", "wangwu"});
    CHECK(word(app.user(server.openUserId(kCorp, "wangwu")), "userid") == "wangwu");  // both are understood
    const auto info = provider.suite(
        "v2/get_auth_info", object({{"auth_corpid", kCorp}, {"permanent_code", known.permanentCode}}));
    CHECK(word(info.json().at("auth_corp_info"), "corpid") == kCorp);
    CHECK(text(app.post("corp/get_openid_migration").json().at("migration_info")) ==
          R"([{"openid_type":1,"status":0},{"openid_type":3,"status":0}])");

    CHECK(word(provider.provider("corpid_to_opencorpid", object({{"corpid", kCorp}})), "open_corpid") ==
          server.openCorpId(kCorp));
    CHECK(errcode(provider.provider("corpid_to_opencorpid", object({{"corpid", "wwnobody"}}))) == 48001);
    CHECK(errcode(provider.provider("corpid_to_opencorpid", "{}")) == 41002);

    const auto converted =
        app.post("batch/userid_to_openuserid", R"({"userid_list":["zhangsan","nobody","chen"]})");
    CHECK(errcode(converted) == 0);
    CHECK(text(converted.json().at("open_userid_list")) ==
          "[{\"userid\":\"zhangsan\",\"open_userid\":\"" + server.openUserId(kCorp, "zhangsan") +
              "\"},{\"userid\":\"chen\",\"open_userid\":\"" + server.openUserId(kCorp, "chen") + "\"}]");
    CHECK(text(converted.json().at("invalid_userid_list")) == R"(["nobody"])");
    CHECK(errcode(app.post("batch/openuserid_to_userid", "{}")) == 48002);  // for the enterprise's own apps

    const auto finish = [&](const std::string& corp, std::int64_t agent, const std::string& types) {
        return errcode(provider.provider("finish_openid_migration",
                                         "{\"corpid\":\"" + corp + "\",\"agentid\":" + std::to_string(agent) +
                                             ",\"openid_type\":" + types + "}"));
    };
    CHECK(finish(kCorp, known.agentId, "[2]") == 40058);
    CHECK(finish(kCorp, known.agentId, "[]") == 40058);
    CHECK(finish(kCorp, 1, "[1]") == 40056);
    CHECK(finish("wwnobody", known.agentId, "[1]") == 48001);
    CHECK(finish(kCorp, known.agentId, "[1]") == 0);
    CHECK(text(app.post("corp/get_openid_migration").json().at("migration_info")) ==
          R"([{"openid_type":1,"status":1},{"openid_type":3,"status":0}])");
    CHECK(finish(kCorp, known.agentId, "[1,3]") == 0);
    CHECK(text(app.post("corp/get_openid_migration").json().at("migration_info")) ==
          R"([{"openid_type":1,"status":1},{"openid_type":3,"status":1}])");
    CHECK(userids(app.get("user/list?department_id=3")) ==
          Strings{server.openUserId(kCorp, "zhangsan"), server.openUserId(kCorp, "wangwu")});
    CHECK(errcode(app.get("user/get?userid=wangwu")) == 60111);
    App other(server, kOther);  // each app by itself
    CHECK(userids(other.get("user/list?department_id=3")) == Strings{"zhangsan", "wangwu"});
    server.upgradeIds(kOther, kSuite);
    CHECK(userids(other.get("user/list?department_id=3")).front() == server.openUserId(kOther, "zhangsan"));
}

TEST_CASE("wecom proxy emulator: who converts many ids that are none may not for the rest of the day",
          "[emulator][proxy-emu]") {
    auto options = frozen();
    options.behaviour.wrongIds = 3;
    auto server = twoEnterprises(options);
    App app(server);
    App other(server, kOther);
    CHECK(errcode(app.post("batch/userid_to_openuserid", R"({"userid_list":["a","b"]})")) == 0);
    CHECK(errcode(app.post("batch/userid_to_openuserid", R"({"userid_list":["a"]})")) == 0);
    CHECK(errcode(app.post("batch/userid_to_openuserid", R"({"userid_list":["zhao"]})")) == 45009);
    CHECK(errcode(other.post("batch/userid_to_openuserid", R"({"userid_list":["zhao"]})")) == 0);
    server.advanceClock(24h);
    app.login();
    CHECK(errcode(app.post("batch/userid_to_openuserid", R"({"userid_list":["zhao"]})")) == 0);
    CHECK(errcode(app.post("batch/userid_to_openuserid", R"({"userid_list":[]})")) == 40058);
    boost::json::array many(1001, "x");
    CHECK(errcode(app.post("batch/userid_to_openuserid",
                           boost::json::serialize(boost::json::object{{"userid_list", many}}))) == 40058);
}

TEST_CASE("wecom proxy emulator: each field of a record needs its permission", "[emulator][proxy-emu]") {
    auto options = frozen();
    options.behaviour.newApp = false;
    options.behaviour.bizMail = true;
    auto server = twoEnterprises(options);
    App app(server);
    const std::string zhangsan = server.openUserId(kCorp, "zhangsan");
    const std::map<std::string, Strings> fields{
        {kUserName, {"name"}},
        {"contact:sensitive:position", {"position"}},
        {"contact:sensitive:telephone", {"telephone"}},
        {"contact:sensitive:extattr", {"extattr"}},
        {"contact:sensitive:external_profile", {"external_profile"}},
        {"contact:sensitive:external_position", {"external_position"}},
        {"contact:sensitive:avatar", {"avatar", "thumb_avatar"}},
        {"contact:sensitive:qrcode", {"qr_code"}},
        {"contact:sensitive:gender", {"gender"}},
        {"contact:sensitive:mobile", {"mobile"}},
        {"contact:sensitive:email", {"email"}},
        {"contact:sensitive:address", {"address"}},
        {"contact:sensitive:biz_mail", {"biz_mail"}},
        {kStructure, {"is_leader_in_dept"}},
        {"corp_arch:member:direct_leader", {"direct_leader"}}};
    const Strings always{"errcode", "errmsg", "userid",          "department",
                         "order",   "alias",  "main_department", "status"};
    const auto shown = [&] {
        Strings out;
        const auto record = app.user(zhangsan);
        for (const auto& member : record.as_object()) {
            const std::string name(member.key());
            if (std::find(always.begin(), always.end(), name) == always.end()) {
                out.push_back(name);
            }
        }
        return out;
    };
    const auto listed = [&](const std::string& field) {
        const auto list = app.get("user/list?department_id=3").json();
        return list.at("userlist").at(0).as_object().contains(field);
    };
    Strings all;
    for (const std::string& permission : weComPermissions()) {
        INFO(permission);
        server.setPermissions(kCorp, {permission}, kSuite);
        const auto expected = fields.find(permission);
        Strings names = expected == fields.end() ? Strings{} : expected->second;
        CHECK(shown() == names);
        for (const std::string& name : names) {
            CHECK(listed(name) == (name != "biz_mail" && name != "direct_leader"));
        }
        all.insert(all.end(), names.begin(), names.end());
    }
    CHECK(all.size() == 16);

    // Apps authorised since 2022-06-20 get what is personal by getuserdetail alone.
    auto behaviour = server.behaviour();
    behaviour.newApp = true;
    server.setBehaviour(behaviour);
    server.setPermissions(kCorp, weComPermissions(), kSuite);
    CHECK(shown() == Strings{"name", "position", "is_leader_in_dept", "direct_leader", "telephone", "extattr",
                             "external_position", "external_profile"});

    // What is withheld is absent, empty, or for names the id.
    server.setPermissions(kCorp, kBasic, kSuite);
    CHECK(shown().empty());
    behaviour.emptyFields = true;
    server.setBehaviour(behaviour);
    CHECK(word(app.user(zhangsan), "name").empty());
    CHECK(word(app.user(zhangsan), "gender") == "0");
    CHECK(text(app.user(zhangsan).at("is_leader_in_dept")) == "[]");
    behaviour.namesAsIds = true;
    server.setBehaviour(behaviour);
    CHECK(word(app.user(zhangsan), "name") == zhangsan);
    CHECK(word(app.get("department/get?id=2").json().at("department"), "name") == "2");
    behaviour.listDirectLeader = true;
    server.setBehaviour(behaviour);
    server.setPermissions(kCorp, {"corp_arch:member:direct_leader"}, kSuite);
    CHECK(text(app.get("user/list?department_id=3").json().at("userlist").at(1).at("direct_leader")) ==
          "[\"" + zhangsan + "\"]");
}

TEST_CASE("wecom proxy emulator: names of people and departments need their permissions everywhere",
          "[emulator][proxy-emu]") {
    auto server = twoEnterprises();
    App app(server);
    const auto seen = [&] {
        const auto depts = app.get("department/list").json();
        const auto people = app.get("user/simplelist?department_id=3").json();
        const auto tag = app.get("tag/get?tagid=1").json();
        return Numbers{
            depts.at("department").at(1).as_object().contains("name") ? 1 : 0,
            app.get("department/get?id=2").json().at("department").as_object().contains("name") ? 1 : 0,
            people.at("userlist").at(0).as_object().contains("name") ? 1 : 0,
            tag.at("userlist").at(0).as_object().contains("name") ? 1 : 0};
    };
    CHECK(seen() == Numbers{1, 1, 1, 1});
    server.setPermissions(kCorp, {kUserName}, kSuite);
    CHECK(seen() == Numbers{0, 0, 1, 1});
    server.setPermissions(kCorp, {kDeptName}, kSuite);
    CHECK(seen() == Numbers{1, 1, 0, 0});
    CHECK(word(app.get("tag/get?tagid=1"), "tagname") == "管理员");
    auto behaviour = server.behaviour();
    behaviour.allTags = false;
    server.setBehaviour(behaviour);
    CHECK(app.get("tag/list").json().at("taglist").as_array().empty());
    CHECK(errcode(app.get("tag/get?tagid=1")) == 40068);
}

TEST_CASE("wecom proxy emulator: the structure reaches beyond the range in simplelist and get alone",
          "[emulator][proxy-emu]") {
    auto server = twoEnterprises();
    App app(server);
    server.setRange(kCorp, range({"3"}), kSuite);
    const std::string zhangsan = server.openUserId(kCorp, "zhangsan");

    server.setPermissions(kCorp, {kStructure, kDeptName}, kSuite);
    CHECK(ids(app.get("department/list"), "department") == Numbers{3});
    CHECK(ids(app.get("department/simplelist"), "department_id") == Numbers{1, 2, 3, 4});
    CHECK(ids(app.get("department/simplelist?id=2"), "department_id") == Numbers{2, 3});
    const auto above = app.get("department/get?id=2").json();
    CHECK(above.at("errcode") == 0);
    CHECK(word(above.at("department"), "name") == "研发中心");
    CHECK(text(above.at("department").at("department_leader")) == "[]");  // lisi is out of range
    CHECK(text(app.get("department/get?id=3").json().at("department").at("department_leader")) ==
          "[\"" + zhangsan + "\"]");
    CHECK(app.get("department/list").json().at("department").at(0).at("parentid") == 2);
    CHECK(text(app.user(zhangsan).at("department")) == "[2,3]");
    CHECK(app.user(zhangsan).at("order").as_array().size() == 2);
    CHECK(text(app.user(zhangsan).at("is_leader_in_dept")) == "[0,1]");
    CHECK(app.user(zhangsan).at("main_department") == 2);
    CHECK(errcode(app.get("user/list?department_id=2")) == 60011);
    CHECK(errcode(app.get("department/list?id=2")) == 60011);

    server.setPermissions(kCorp, {kDeptName}, kSuite);
    CHECK(ids(app.get("department/simplelist"), "department_id") == Numbers{3});
    CHECK(errcode(app.get("department/get?id=2")) == 60011);
    CHECK(app.get("department/list").json().at("department").at(0).at("parentid") == 0);
    CHECK(text(app.user(zhangsan).at("department")) == "[3]");
    CHECK_FALSE(app.user(zhangsan).as_object().contains("main_department"));
    CHECK_FALSE(
        app.get("department/get?id=3").json().at("department").as_object().contains("department_leader"));
    CHECK(errcode(app.get("user/get?userid=" + server.openUserId(kCorp, "chen"))) == 60011);
}

TEST_CASE("wecom proxy emulator: a range is the app's own, and so are permissions", "[emulator][proxy-emu]") {
    auto server = twoEnterprises();
    App app(server);
    App other(server, kOther);
    server.setRange(kCorp, range({"4"}, {"wangwu"}), kSuite);
    server.setPermissions(kCorp, {kUserName}, kSuite);
    CHECK(ids(app.get("department/list"), "department") == Numbers{4});
    CHECK(userids(app.get("user/list?department_id=4")) == Strings{server.openUserId(kCorp, "chen")});
    CHECK(app.user(server.openUserId(kCorp, "wangwu")).at("errcode") == 0);
    CHECK(ids(other.get("department/list"), "department") == Numbers{1, 2, 3, 4});
    CHECK(text(app.post("agent/get_permissions").json().at("app_permissions")) == "[\"" + kUserName + "\"]");
    CHECK(other.post("agent/get_permissions").json().at("app_permissions").as_array().size() ==
          weComPermissions().size());
    CHECK(other.post("agent/get_permissions").json().at("app_permissions_ext").as_array().size() == 7);
    // A range of an app that comes later.
    auto behaviour = server.behaviour();
    behaviour.scope = range({"2"});
    behaviour.permissions = {kDeptName};
    server.setBehaviour(behaviour);
    CHECK(ids(other.get("department/list"), "department") == Numbers{1, 2, 3, 4});
    server.cancel(kOther, kSuite);
    server.authorise(kOther, "", kSuite);
    other.login();
    CHECK(ids(other.get("department/list"), "department") == Numbers{2, 3});
    CHECK(server.authorisation(kOther, kSuite).permissions == Strings{kDeptName});
}

TEST_CASE("wecom proxy emulator: exports hide the same fields", "[emulator][proxy-emu]") {
    auto server = twoEnterprises();
    App app(server);
    server.setPermissions(kCorp, {kUserName}, kSuite);
    const std::string job =
        word(app.post("export/user", R"({"encoding_aeskey":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"})"),
             "jobid");
    Answer result;
    for (int i = 0; i < 5; ++i) {
        result = app.get("export/get_result?jobid=" + job);
    }
    REQUIRE(result.json().at("status") == 2);
    // Same padding, same key: the size says whether more fields came.
    const auto size = [&](const Strings& permissions) {
        server.setPermissions(kCorp, permissions, kSuite);
        const std::string id = word(
            app.post("export/user", R"({"encoding_aeskey":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"})"),
            "jobid");
        Answer answer;
        for (int i = 0; i < 3; ++i) {
            answer = app.get("export/get_result?jobid=" + id);
        }
        return answer.json().at("data_list").at(0).at("size").as_int64();
    };
    CHECK(size({kUserName}) == result.json().at("data_list").at(0).at("size").as_int64());
    CHECK(size(kBasic) < size({kUserName}));
    CHECK(size({kUserName}) < size(weComPermissions()));
}

TEST_CASE("wecom proxy emulator: an organisation is replaced without touching the others",
          "[emulator][proxy-emu]") {
    auto server = twoEnterprises();
    App app(server);
    App other(server, kOther);
    Organisation next = demo();
    next.userList.push_back(person("new", {{"3", false, 0, false}}));
    CHECK(errcode(app.get("user/get?userid=" + server.openUserId(kCorp, "new"))) == 60111);
    server.setOrganisation(kCorp, next);
    CHECK(userids(app.get("user/list?department_id=3")).size() == 3);
    CHECK(app.user(server.openUserId(kCorp, "new")).at("errcode") == 0);
    CHECK(userids(other.get("user/list?department_id=3")).size() == 2);
    CHECK(server.organisation(kCorp) == next);
    CHECK(server.organisation(server.openCorpId(kOther)) == demo(kOther));

    server.setOrganisation(demo(kOther));  // by its id
    CHECK(
        errcode(app.raw("PUT", "/_emulator/org?corp=" + kOther, writeOrganisation(demo(kOther))).status == 200
                    ? other.get("department/list")
                    : other.get("nothing")) == 0);
    CHECK(parseOrganisation(app.raw("GET", "/_emulator/org?corp=" + server.openCorpId(kCorp)).body) == next);
    CHECK(app.raw("GET", "/_emulator/org").status == 400);
    CHECK(app.raw("PUT", "/_emulator/org?corp=wwnobody", writeOrganisation(demo())).status == 400);
    CHECK_THROWS_AS(server.setOrganisation(demo("wwnobody")), OrganisationError);
    CHECK_THROWS_AS(WeComProxyServer(frozen(), {demo(), demo("WWAAAA0123456789")}), OrganisationError);
    CHECK_THROWS_AS(WeComProxyServer(frozen(), {demo("")}), OrganisationError);
    CHECK_THROWS_AS(WeComProxyServer(frozen(), {}), OrganisationError);
}

// ---------------------------------------------------------------------------------------------------------------------------
// Limits

TEST_CASE("wecom proxy emulator: the provider's addresses are listed", "[emulator][proxy-emu]") {
    auto server = twoEnterprises();
    Provider provider(server);
    App app(server);
    const std::string suiteToken = provider.suiteToken();
    auto behaviour = server.behaviour();
    behaviour.ipWhitelist = {"127.0.0.2"};
    server.setBehaviour(behaviour);
    const auto refused = provider.askSuiteToken(server.suiteTicket(kSuite));
    CHECK(errcode(refused) == 60020);
    CHECK_THAT(refused.body, ContainsSubstring("from ip: 127.0.0.1"));
    CHECK(errcode(provider.raw("POST", "/cgi-bin/service/v2/get_auth_info?suite_access_token=" + suiteToken,
                               "{}")) == 60020);
    CHECK(errcode(app.get("department/list")) == 60020);
    CHECK(errcode(app.gettoken()) == 0);
    behaviour.deniedAtToken = true;
    server.setBehaviour(behaviour);
    CHECK(errcode(app.gettoken()) == 60020);
    behaviour.ipWhitelist = {"127.0.0.2", "127.0.0.1"};
    server.setBehaviour(behaviour);
    CHECK(errcode(provider.askSuiteToken(server.suiteTicket(kSuite))) == 0);
    CHECK(errcode(app.get("department/list")) == 0);
}

TEST_CASE("wecom proxy emulator: an address has its limit, and each enterprise has one",
          "[emulator][proxy-emu]") {
    auto options = frozen();
    options.behaviour.addressRatePerMinute = 5;
    options.behaviour.ratePerMinute = 3;
    auto server = twoEnterprises(options);
    App app(server);
    App other(server, kOther);
    for (int i = 0; i < 3; ++i) {
        CHECK(errcode(app.get("department/list")) == 0);
    }
    CHECK(errcode(app.get("department/list")) == 45009);  // the enterprise's fourth
    CHECK(errcode(app.get("department/simplelist")) == 0);
    CHECK(errcode(other.get("department/list")) == 0);
    CHECK(errcode(other.get("department/list")) == 0);
    CHECK(errcode(other.get("department/list")) == 45009);  // the address's sixth that counts
    CHECK(server.stats().rateLimited == 2);
    server.advanceClock(59s);
    CHECK(errcode(other.get("department/list")) == 45009);
    server.advanceClock(61s);
    CHECK(errcode(other.get("department/list")) == 0);
    CHECK(errcode(app.get("department/list")) == 0);
}

TEST_CASE("wecom proxy emulator: a provider's address may call twice as much as others",
          "[emulator][proxy-emu]") {
    auto options = frozen();
    options.behaviour.publishedRates = true;
    WeComProxyServer server(options, {demo(), demo(kOther), demo("wwC"), demo("wwD"), demo("wwE")});
    std::vector<std::string> tokens;
    for (const char* corp : {"wwAAAA0123456789", "wwBBBB0123456789", "wwC", "wwD", "wwE"}) {
        tokens.push_back(App(server, corp).token);
    }
    Connection connection(server.port());
    const auto call = [&](std::size_t corp) {
        return connection.call("GET", "/cgi-bin/agent/list?access_token=" + tokens[corp])
                   .body.find("45009") == std::string::npos;
    };
    std::size_t fine = 0;
    for (std::size_t corp = 0; corp < 4; ++corp) {
        for (int i = 0; i < 10'000; ++i) {
            fine += call(corp) ? 1U : 0U;
        }
    }
    CHECK(fine == 40'000);
    CHECK_FALSE(call(4));  // nothing of its own used up
    server.advanceClock(60s);
    CHECK(call(4));
}

TEST_CASE("wecom proxy emulator: who guesses secrets gets no token for an hour, for no enterprise",
          "[emulator][proxy-emu]") {
    auto options = frozen();
    options.behaviour.wrongSecrets = 3;
    auto server = twoEnterprises(options);
    App app(server);
    Provider provider(server);
    CHECK(errcode(app.gettoken(kCorp, "wrong")) == 40001);
    CHECK(errcode(app.gettoken(kOther, "wrong")) == 40001);
    CHECK(errcode(provider.raw(
              "POST", "/cgi-bin/service/get_suite_token",
              object({{"suite_id", kSuite}, {"suite_secret", "wrong"}, {"suite_ticket", "x"}}))) == 40080);
    CHECK(errcode(app.gettoken()) == 45009);
    CHECK(errcode(provider.askSuiteToken(server.suiteTicket(kSuite))) == 45009);
    CHECK(errcode(app.get("department/list")) == 0);
    server.advanceClock(1h);
    CHECK(errcode(app.gettoken()) == 0);
}

// ---------------------------------------------------------------------------------------------------------------------------
// Logins

TEST_CASE("wecom proxy emulator: a login names the enterprise, and tells its own id of who it was",
          "[emulator][proxy-emu]") {
    auto server = twoEnterprises();
    App app(server);
    App other(server, kOther);
    const auto known = server.authorisation(kCorp, kSuite);
    auto behaviour = server.behaviour();
    behaviour.loginMemberId = "zhangsan";
    server.setBehaviour(behaviour);
    const auto codeOf = [](const Answer& answer) {
        CHECK(answer.status == 302);
        const std::string location = answer.headers.at("Location");
        const auto begin = location.find("code=") + 5;
        return location.substr(begin, location.find('&', begin) - begin);
    };
    const auto open = [&](const std::string& appid, const std::string& scope) {
        return app.raw("GET",
                       "/connect/oauth2/authorize?appid=" + appid +
                           "&redirect_uri=https%3A%2F%2Fapp.example.com%2Fback&response_type=code&scope=" +
                           scope + "&state=s&agentid=" + std::to_string(known.agentId));
    };
    for (const std::string& appid : {kCorp, server.openCorpId(kCorp)}) {
        const std::string code = codeOf(open(appid, "snsapi_base"));
        CHECK(errcode(other.get("auth/getuserinfo?code=" + code)) == 40029);  // another enterprise's
        const auto who = app.get("auth/getuserinfo?code=" + code);
        CHECK(word(who, "userid") == server.openUserId(kCorp, "zhangsan"));
        CHECK_FALSE(has(who, "user_ticket"));
        CHECK(errcode(app.get("auth/getuserinfo?code=" + code)) == 40029);
    }
    CHECK_THAT(open("wwnobody", "snsapi_base").body, ContainsSubstring("40013"));
    const auto browser = app.raw(
        "GET",
        "/wwlogin/sso/login?login_type=CorpApp&appid=" + server.openCorpId(kCorp) +
            "&redirect_uri=https%3A%2F%2Fapp.example.com&state=s&agentid=" + std::to_string(known.agentId));
    CHECK(word(app.get("user/getuserinfo?code=" + codeOf(browser)), "UserId") ==
          server.openUserId(kCorp, "zhangsan"));
    CHECK_THAT(app.raw("GET", "/wwlogin/sso/login?login_type=CorpApp&appid=" + kCorp +
                                  "&redirect_uri=https%3A%2F%2Fapp.example.com&state=s&agentid=77")
                   .body,
               ContainsSubstring("-31028"));

    // What is personal: the administrator and the member have to agree.
    server.setPermissions(kCorp, {"contact:sensitive:mobile", "contact:sensitive:email"}, kSuite);
    behaviour.privateFields = {"mobile", "gender"};
    server.setBehaviour(behaviour);
    const std::string ticket =
        word(app.get("auth/getuserinfo?code=" + codeOf(open(kCorp, "snsapi_privateinfo"))), "user_ticket");
    const auto detail = app.post("auth/getuserdetail", object({{"user_ticket", ticket}}));
    CHECK(word(detail, "userid") == server.openUserId(kCorp, "zhangsan"));
    CHECK(word(detail, "mobile") == "13800000000");
    CHECK_FALSE(has(detail, "gender"));
    CHECK_FALSE(has(detail, "email"));

    CHECK(word(app.get("auth/getuserinfo?code=" + server.loginCode(kCorp, "chen", false, kSuite)),
               "userid") == server.openUserId(kCorp, "chen"));
    const auto control =
        app.raw("GET", "/_emulator/code?corp=" + kCorp + "&suiteId=" + kSuite + "&memberId=chen");
    CHECK(word(app.get("auth/getuserinfo?code=" + word(control, "code")), "userid") ==
          server.openUserId(kCorp, "chen"));
    CHECK(
        app.raw("GET", "/_emulator/code?corp=" + kCorp + "&suiteId=" + kSuite + "&memberId=nobody").status ==
        400);
}

TEST_CASE("wecom proxy emulator: after the trial a login needs an account", "[emulator][proxy-emu]") {
    auto options = frozen();
    options.behaviour.licences = true;
    options.behaviour.autoActivate = false;
    options.behaviour.licensedMemberIds = {"lisi"};
    auto server = twoEnterprises(options);
    App app(server);
    auto behaviour = server.behaviour();
    const auto opens = [&](const std::string& member, bool named) {
        behaviour.loginMemberId = member;
        server.setBehaviour(behaviour);
        const std::string agent =
            named ? "&agentid=" + std::to_string(server.authorisation(kCorp, kSuite).agentId) : "";
        return app.raw("GET",
                       "/connect/oauth2/authorize?appid=" + kCorp +
                           "&redirect_uri=https%3A%2F%2Fa.example.com&response_type=code&scope=snsapi_base" +
                           agent)
                   .status == 302;
    };
    CHECK(opens("chen", true));
    server.advanceClock(24h * 90);
    CHECK_FALSE(opens("chen", true));
    CHECK(opens("lisi", true));
    behaviour.autoActivate = true;
    CHECK_FALSE(opens("chen", false));
    CHECK(opens("chen", true));  // naming the app activates the account
    behaviour.autoActivate = false;
    CHECK(opens("chen", true));
    // Installing again begins no other trial.
    server.cancel(kCorp, kSuite);
    server.authorise(kCorp, "", kSuite);
    CHECK_FALSE(opens("wangwu", true));

    behaviour.licenceReadCode = 701099;
    server.setBehaviour(behaviour);
    app.login();
    CHECK(errcode(app.get("user/get?userid=" + server.openUserId(kCorp, "wangwu"))) == 701099);
    CHECK(errcode(app.get("user/get?userid=" + server.openUserId(kCorp, "lisi"))) == 0);
}

// ---------------------------------------------------------------------------------------------------------------------------
// Third-party apps

TEST_CASE("wecom proxy emulator: what is for third-party apps is refused to templates of proxy development",
          "[emulator][proxy-emu]") {
    auto server = twoEnterprises();
    Provider provider(server);
    const auto known = server.authorisation(kCorp, kSuite);
    const std::string ask = object({{"auth_corpid", kCorp}, {"permanent_code", known.permanentCode}});
    CHECK(errcode(provider.suite("get_corp_token", ask)) == 48002);
    CHECK(errcode(provider.suiteGet("auth/getuserinfo3rd", "&code=x")) == 48002);
    CHECK(errcode(provider.suite("auth/getuserdetail3rd", R"({"user_ticket":"x"})")) == 48002);
    // It may be that only later calls are refused, or none.
    auto behaviour = server.behaviour();
    behaviour.corpTokenCode = 0;
    server.setBehaviour(behaviour);
    const std::string token = word(provider.suite("get_corp_token", ask), "access_token");
    App app(server);
    CHECK(token != app.token);
    CHECK(errcode(app.raw("GET", "/cgi-bin/department/list?access_token=" + token)) == 48002);
    behaviour.corpTokenCallCode = 0;
    server.setBehaviour(behaviour);
    CHECK(errcode(app.raw("GET", "/cgi-bin/department/list?access_token=" + token)) == 0);
    CHECK(userids(provider.suite("get_admin_list", object({{"auth_corpid", kCorp}})), "admin") ==
          Strings{server.openUserId(kCorp, "zhao")});
    CHECK(errcode(provider.suite("get_admin_list", "{}")) == 84054);
    CHECK(errcode(provider.suite("get_admin_list", object({{"auth_corpid", "wwnobody"}}))) == 48004);
}

TEST_CASE("wecom proxy emulator: a third-party app is installed and used in its own way",
          "[emulator][proxy-emu]") {
    auto options = frozen();
    options.authorised = false;
    auto server = twoEnterprises(options);
    Provider provider(server, kThirdParty);
    const auto install = [&](const std::string& code, const std::string& suiteId = kThirdParty) {
        return provider.raw("GET", "/3rdapp/install?suite_id=" + suiteId + "&pre_auth_code=" + code +
                                       "&redirect_uri=https%3A%2F%2Fapp.example.com%2Fin&state=s1");
    };
    const auto answer = provider.suiteGet("get_pre_auth_code");
    CHECK(errcode(answer) == 0);
    CHECK(answer.json().at("expires_in") == 1200);
    CHECK(errcode(provider.suite("set_session_info",
                                 object({{"pre_auth_code", word(answer, "pre_auth_code")}}))) == 0);
    CHECK(errcode(provider.suite("set_session_info", object({{"pre_auth_code", "wrong"}}))) == 40077);
    CHECK_THAT(install("wrong").body, ContainsSubstring("40077"));
    CHECK_THAT(install(word(answer, "pre_auth_code"), kSuite).body, ContainsSubstring("40077"));
    const auto done = install(word(answer, "pre_auth_code"));
    REQUIRE(done.status == 302);
    const std::string location = done.headers.at("Location");
    CHECK_THAT(location,
               Matches("https://app\\.example\\.com/in\\?auth_code=[0-9a-f]+&expires_in=600&state=s1"));
    const std::string late = word(provider.suiteGet("get_pre_auth_code"), "pre_auth_code");
    server.advanceClock(1200s);
    CHECK_THAT(install(late).body, ContainsSubstring("42007"));

    server.cancel(kCorp, kThirdParty);
    const auto first = provider.exchange(server.authorise(kCorp, "s2", kThirdParty), "");
    REQUIRE(errcode(first) == 0);
    CHECK_FALSE(word(first, "access_token").empty());
    CHECK(first.json().at("auth_info").at("agent").at(0).at("is_customized_app") == false);
    const std::string ask = object(
        {{"auth_corpid", server.openCorpId(kCorp)}, {"permanent_code", word(first, "permanent_code")}});
    const auto token = provider.suite("get_corp_token", ask);
    REQUIRE(errcode(token) == 0);
    CHECK(errcode(provider.raw("GET",
                               "/cgi-bin/department/list?access_token=" + word(token, "access_token"))) == 0);

    auto behaviour = server.behaviour();
    behaviour.loginMemberId = "chen";
    server.setBehaviour(behaviour);
    const auto login = [&](const std::string& scope) {
        const std::string to =
            provider
                .raw("GET",
                     "/connect/oauth2/authorize?appid=" + kThirdParty +
                         "&redirect_uri=https%3A%2F%2Fapp.example.com&response_type=code&scope=" + scope +
                         "&agentid=" + std::to_string(server.authorisation(kCorp, kThirdParty).agentId))
                .headers.at("Location");
        return to.substr(to.find("code=") + 5);
    };
    const auto who = provider.suiteGet("auth/getuserinfo3rd", "&code=" + login("snsapi_privateinfo"));
    REQUIRE(errcode(who) == 0);
    CHECK(word(who, "corpid") == server.openCorpId(kCorp));
    CHECK(word(who, "userid") == server.openUserId(kCorp, "chen"));
    CHECK(word(who, "open_userid") == word(who, "userid"));
    const auto detail =
        provider.suite("auth/getuserdetail3rd", object({{"user_ticket", word(who, "user_ticket")}}));
    CHECK(word(detail, "name") == word(who, "userid"));
    CHECK_FALSE(has(detail, "mobile"));
    CHECK(errcode(provider.suite("auth/getuserdetail3rd", "{}")) == 84015);
    CHECK(errcode(provider.suiteGet("auth/getuserinfo3rd", "&code=wrong")) == 40029);
    CHECK(errcode(provider.suiteGet("auth/getuserinfo3rd")) == 41008);
    const auto older = provider.suiteGet("getuserinfo3rd", "&code=" + login("snsapi_base"));
    CHECK(word(older, "CorpId") == word(who, "corpid"));
    CHECK(word(older, "UserId") == word(who, "userid"));
    CHECK_FALSE(has(older, "user_ticket"));
    // Such a code is none of an app that logs in for itself.
    CHECK(
        errcode(provider.raw("GET", "/cgi-bin/auth/getuserinfo?access_token=" + word(token, "access_token") +
                                        "&code=" + login("snsapi_base"))) == 40029);
}

// ---------------------------------------------------------------------------------------------------------------------------
// The emulator itself

TEST_CASE("wecom proxy emulator: without credentials any will do, but tickets and codes have to be right",
          "[emulator][proxy-emu]") {
    WeComProxyOptions options;
    options.clock = [] { return 1'788'364'862'000ms; };
    WeComProxyServer server(options, {demo(), demo(kOther)});
    Connection connection(server.port());
    const auto token = [&](const std::string& ticket) {
        return connection.call(
            "POST", "/cgi-bin/service/get_suite_token",
            object({{"suite_id", "dkanything"}, {"suite_secret", "x"}, {"suite_ticket", ticket}}));
    };
    CHECK(errcode(token("wrong")) == 40085);
    const std::string suiteToken = word(token(server.suiteTicket()), "suite_access_token");
    CHECK(errcode(connection.call("POST",
                                  "/cgi-bin/service/v2/get_permanent_code?suite_access_token=" + suiteToken,
                                  R"({"auth_code":"wrong"})")) == 40078);
    CHECK(
        errcode(connection.call("POST", "/cgi-bin/service/v2/get_auth_info?suite_access_token=" + suiteToken,
                                object({{"auth_corpid", kOther}, {"permanent_code", "x"}}))) == 0);
    CHECK(errcode(connection.call("GET", "/cgi-bin/gettoken?corpid=" + kOther + "&corpsecret=x")) == 0);
    CHECK(errcode(connection.call("GET", "/cgi-bin/gettoken?corpid=wwnobody&corpsecret=x")) == 40013);
    // The permanent codes there are follow from what they are for: they can be written into a file.
    CHECK(server.authorisation(kCorp).permanentCode ==
          WeComProxyServer(options, {demo()}).authorisation(kCorp).permanentCode);
    CHECK(server.authorisation(kCorp).permanentCode != server.authorisation(kOther).permanentCode);
}

TEST_CASE("wecom proxy emulator: requests are counted for each enterprise, too", "[emulator][proxy-emu]") {
    auto server = twoEnterprises();
    App app(server);
    App other(server, kOther);
    app.get("department/list");
    app.get("department/list");
    other.get("user/list?department_id=1");
    other.get("user/list?department_id=77");
    const auto stats = server.stats();
    CHECK(stats.of("GET /cgi-bin/department/list") == 2);
    CHECK(stats.of(kCorp, "GET /cgi-bin/department/list") == 2);
    CHECK(stats.of(kOther, "GET /cgi-bin/department/list") == 0);
    CHECK(stats.of(kOther, "GET /cgi-bin/user/list") == 2);
    CHECK(stats.of(kCorp, "GET /cgi-bin/gettoken") == 1);
    const auto json = app.raw("GET", "/_emulator/stats").json();
    CHECK(json.at("corps").at(kOther).at("GET /cgi-bin/user/list") == 2);
    server.resetStats();
    CHECK(server.stats().byCorp.empty());
}

TEST_CASE("wecom proxy emulator: the consoles are at hand as control calls", "[emulator][proxy-emu]") {
    auto options = frozen();
    options.suites.pop_back();
    options.authorised = false;
    auto server = twoEnterprises(options);
    Provider provider(server);
    const auto act = [&](const std::string& what, const std::string& body) {
        return provider.raw("POST", "/_emulator/" + what, body);
    };
    const auto app = [&] {
        return provider.raw("GET", "/_emulator/provider").json().at("enterprises").at(0).at("apps").at(0);
    };
    const std::string corp = "{\"corp\":\"" + kCorp + "\"";
    CHECK(app().at("authorised") == false);
    CHECK(act("cancel", corp + "}").status == 400);
    const auto authorised = act("authorise", corp + ",\"state\":\"st\"}");
    CHECK(authorised.json().at("agentId") == app().at("agentId"));
    CHECK(word(provider.exchange(word(authorised, "authCode")), "state") == "st");
    CHECK(act("authorise", corp + "}").status == 400);
    CHECK(act("authorise", R"({"corp":"wwnobody"})").status == 400);
    CHECK_THAT(act("authorise", "{}").body, ContainsSubstring("corp: expected the id of an enterprise"));

    CHECK(act("range", corp + R"(,"deptIds":["2"],"memberIds":["chen"]})").status == 200);
    CHECK(text(app().at("range")) == R"({"all":false,"deptIds":["2"],"memberIds":["chen"],"tagIds":[]})");
    CHECK(act("range", corp + R"(,"all":true})").status == 200);
    CHECK(app().at("range").at("all") == true);
    CHECK(act("permissions", corp + R"(,"permissions":["corp_arch:base:base"]})").status == 200);
    CHECK(text(app().at("permissions")) == R"(["corp_arch:base:base"])");
    CHECK(act("permissions", corp + "}").status == 400);
    CHECK(act("disable", corp + "}").status == 200);
    CHECK(app().at("enabled") == false);
    CHECK(act("enable", corp + "}").status == 200);
    CHECK(app().at("enabled") == true);
    const std::string old = word(app(), "permanentCode");
    const auto reset = act("reset", corp + "}");
    CHECK(word(provider.exchange(word(reset, "authCode")), "permanent_code") == word(app(), "permanentCode"));
    CHECK(word(app(), "permanentCode") != old);
    CHECK(act("cancel", corp + "}").status == 200);
    CHECK(app().at("authorised") == false);

    const std::string ticket = word(act("ticket", "{}"), "suiteTicket");
    CHECK(ticket == server.suiteTicket());
    CHECK(act("ticket", R"({"everySeconds":60})").status == 200);
    const auto suite = provider.raw("GET", "/_emulator/provider").json().at("suites").at(0);
    CHECK(suite.at("everySeconds") == 60);
    CHECK(word(suite, "suiteTicket") == ticket);
    CHECK(act("ticket", R"({"everySeconds":-1})").status == 400);
    CHECK(act("nothing", "{}").status == 404);

    CHECK(provider.raw("PUT", "/_emulator/behaviour", R"({"namesAsIds":true,"shortPages":true})").status ==
          200);
    CHECK(server.behaviour().namesAsIds);
    CHECK(server.behaviour().shortPages);
}

}  // namespace emulator_wecom_proxy_test
