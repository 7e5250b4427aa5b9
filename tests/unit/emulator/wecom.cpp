#include "unit/emulator/people.hpp"
#include "unit/emulator/raw_http.hpp"

#include <corps/emulator/generate.hpp>
#include <corps/emulator/impl/cipher.hpp>
#include <corps/emulator/impl/text.hpp>
#include <corps/emulator/wecom.hpp>

#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace emulator_wecom_test {
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

const std::string kCorp = "ww0123456789abcdef";

/**
 * 1: zhao
 *   2 R&D: lisi (leader), zhangsan (leader of 3)
 *     3 QA: zhangsan, wangwu
 *   2315041299 Sales: chen, led by zhao
 * qian has left.
 */
Organisation demo() {
    Organisation out;
    out.corpId = kCorp;
    out.corpName = "示例科技";
    out.deptList = {{"root", "", "Root", 0, {}},
                    {"2", "root", "研发中心", 10, {"lisi"}},
                    {"3", "2", "QA", 40, {"zhangsan", "qian"}},
                    {"2315041299", "root", "Sales", -1, {"zhao"}}};
    out.userList = {person("zhao", {}),
                    person("lisi", {{"2", false, 1, false}}),
                    person("zhangsan", {{"2", false, 7, false}, {"3", false, 0, true}}),
                    person("wangwu", {{"3", false, 0, false}}),
                    person("chen", {{"2315041299", false, -1, false}}),
                    person("qian", {{"2", false, 0, false}})};
    Member& zhangsan = out.userList[2];
    zhangsan.nick = "张三";
    zhangsan.phone = "+8613800000000";
    zhangsan.email = "zhangsan@example.com";
    zhangsan.jobNumber = "E001";
    zhangsan.position = "后台工程师";
    zhangsan.photo = "http://wx.qlogo.cn/x/0";
    zhangsan.gender = 1;
    out.userList[3].upstreamStatus = "unactivated";
    out.userList[3].phone = "+85261234567";
    out.userList[4].upstreamStatus = "frozen";
    out.userList[5].status = 2;
    out.roleList = {{"1", "", "管理员"}, {"duty", "", "值班"}};
    out.roleMemberSet = {{"1", "zhangsan"}, {"1", "qian"}, {"1", "chen"}, {"duty", "zhao"}};
    out.adminIds = {"zhao"};
    return out;
}

/** A time that only the test moves; `SYNC` is a contact secret. */
WeComOptions frozen() {
    WeComOptions out;
    out.clock = [] { return std::chrono::milliseconds(1'788'364'862'000); };
    out.behaviour.contactSecrets = {"SYNC"};
    return out;
}

WeComBehaviour usual() { return frozen().behaviour; }

/** A secret at work: one connection and a token. */
class App {
public:
    explicit App(const WeComServer& server, std::string secret = "APPSECRET")
        : secret_(std::move(secret)), connection_(server.port()) {
        login();
    }
    Answer gettoken(const std::string& corpId = kCorp) {
        return raw("GET", "/cgi-bin/gettoken?corpid=" + corpId + "&corpsecret=" + secret_);
    }
    void login() {
        const auto body = gettoken().json();
        if (const auto* found = body.as_object().if_contains("access_token")) {
            token = found->as_string().c_str();
        }
    }
    Answer raw(std::string_view method, std::string_view target, std::string_view body = {}) {
        return connection_.call(method, target, body);
    }
    /** `path` below /cgi-bin/, perhaps with parameters. */
    Answer get(std::string_view path) { return raw("GET", address(path)); }
    Answer post(std::string_view path, std::string_view body) { return raw("POST", address(path), body); }

    std::string token;

private:
    std::string address(std::string_view path) const {
        std::string out = "/cgi-bin/" + std::string(path);
        out += out.find('?') == std::string::npos ? '?' : '&';
        return out + "access_token=" + token;
    }
    std::string secret_;
    Connection connection_;
};

std::int64_t errcode(const Answer& answer) {
    CHECK(answer.status == 200);
    CHECK(answer.headers.at("Content-Type") == "application/json; charset=UTF-8");
    const auto code = answer.json().at("errcode").to_number<std::int64_t>();
    CHECK(answer.headers.contains("Error-Code") == (code != 0));
    return code;
}

std::string word(const Answer& answer, const char* key) { return answer.json().at(key).as_string().c_str(); }

Strings keys(const boost::json::value& object) {
    Strings out;
    for (const auto& member : object.as_object()) {
        out.emplace_back(member.key().data(), member.key().size());
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

Numbers ids(const Answer& answer, const char* list = "department", const char* key = "id") {
    CHECK(errcode(answer) == 0);
    Numbers out;
    const auto body = answer.json();
    for (const auto& item : body.at(list).as_array()) {
        out.push_back(item.at(key).as_int64());
    }
    return out;
}

std::string text(const boost::json::value& value) { return boost::json::serialize(value); }

/** Where a redirect leads, and the code in it. */
std::string codeOf(const Answer& answer) {
    REQUIRE(answer.status == 302);
    const std::string& to = answer.headers.at("Location");
    const auto start = to.find("code=") + 5;
    return to.substr(start, to.find('&', start) - start);
}

/** The key of the files that are exported: the bytes 0 to 31. */
const std::string kAesKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/** What was encrypted with it. */
std::string decrypted(std::string text) {
    std::array<unsigned char, 32> key{};
    for (std::size_t i = 0; i < key.size(); ++i) {
        key[i] = static_cast<unsigned char>(i);
    }
    EVP_CIPHER_CTX* const cipher = EVP_CIPHER_CTX_new();
    REQUIRE(EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.data(), key.data()) == 1);
    EVP_CIPHER_CTX_set_padding(cipher, 0);
    std::vector<unsigned char> out(text.size() + 16);
    int size = 0;
    CHECK(EVP_DecryptUpdate(cipher, out.data(), &size, reinterpret_cast<const unsigned char*>(text.data()),
                            static_cast<int>(text.size())) == 1);
    EVP_CIPHER_CTX_free(cipher);
    REQUIRE(size == static_cast<int>(text.size()));
    REQUIRE(size >= 32);
    const std::size_t fill = out[text.size() - 1];
    REQUIRE((fill >= 1 && fill <= 32));
    return {out.begin(), out.begin() + static_cast<std::ptrdiff_t>(text.size() - fill)};
}

std::string md5(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned size = 0;
    REQUIRE(EVP_Digest(text.data(), text.size(), out.data(), &size, EVP_md5(), nullptr) == 1);
    std::string hex;
    for (unsigned i = 0; i < size; ++i) {
        corps::emulator::detail::appendHex(hex, out[i], 2);
    }
    return hex;
}

}  // namespace

TEST_CASE("wecom emulator: one token a secret, the same until it ends", "[emulator]") {
    WeComServer server(frozen(), demo());
    App app(server);
    CHECK(app.gettoken().body ==
          R"({"errcode":0,"errmsg":"ok","access_token":")" + app.token + R"(","expires_in":7200})");
    server.advanceClock(std::chrono::seconds(7000));
    CHECK(app.gettoken().body ==
          R"({"errcode":0,"errmsg":"ok","access_token":")" + app.token + R"(","expires_in":200})");
    CHECK(word(app.gettoken("WW0123456789ABCDEF"), "access_token") == app.token);  // any case
    CHECK(server.stats().tokensIssued == 1);
    App sync(server, "SYNC");
    CHECK(sync.token != app.token);
    CHECK(server.stats().tokensIssued == 2);

    server.advanceClock(std::chrono::seconds(199));
    CHECK(errcode(app.get("department/list")) == 0);
    server.advanceClock(std::chrono::seconds(1));
    CHECK(errcode(app.get("department/list")) == 42001);
    const std::string before = app.token;
    app.login();
    CHECK(app.token != before);
    CHECK(errcode(app.get("department/list")) == 0);
    CHECK(server.stats().of("GET /cgi-bin/gettoken") == 6);

    WeComBehaviour behaviour = usual();
    behaviour.newTokens = true;
    server.setBehaviour(behaviour);
    const std::string other = word(app.gettoken(), "access_token");
    CHECK(other != app.token);
    CHECK(errcode(app.get("department/list")) == 0);
    behaviour.newTokens = false;
    behaviour.wholeLifetime = true;
    behaviour.expiredTokenCode = 40014;
    server.setBehaviour(behaviour);
    server.advanceClock(std::chrono::seconds(100));
    CHECK(app.gettoken().json().at("expires_in") == 7200);
    server.advanceClock(std::chrono::hours(3));
    CHECK(errcode(app.get("department/list")) == 40014);
}

TEST_CASE("wecom emulator: an error is HTTP 200, with its number in a header and a text that says too much",
          "[emulator]") {
    WeComOptions options = frozen();
    options.credentials = {{kCorp, 1000002, "APPSECRET", "SYNC", {}}, {"wwother", 1000003, "OTHER", "", {}}};
    WeComServer server(options, demo());
    App app(server, "wrong");
    const Answer answer = app.gettoken();
    CHECK(answer.status == 200);
    CHECK(answer.headers.at("Error-Code") == "40001");
    CHECK(answer.headers.at("Error-Msg") == word(answer, "errmsg"));
    CHECK(keys(answer.json()) == Strings{"errcode", "errmsg"});
    CHECK_THAT(
        word(answer, "errmsg"),
        Matches(
            R"(invalid credential, hint: \[[0-9]+\], from ip: 127\.0\.0\.1, more info at https://open\.work\.weixin\.qq\.com/devtool/query\?e=40001)"));
    const std::string gettoken = "/cgi-bin/gettoken";
    CHECK(errcode(app.raw("GET", gettoken)) == 41002);
    CHECK(errcode(app.raw("GET", gettoken + "?corpid=" + kCorp)) == 41004);
    CHECK(errcode(app.raw("GET", gettoken + "?corpid=wwnobody&corpsecret=APPSECRET")) == 40013);
    CHECK(errcode(app.raw("GET", gettoken + "?corpid=" + kCorp + "&corpsecret=OTHER")) == 40091);
    CHECK(errcode(app.raw("GET", gettoken + "?corpid=wwother&corpsecret=")) == 41004);
    CHECK(errcode(app.raw("GET", gettoken + "?corpid=" + kCorp + "&corpsecret=SYNC")) == 0);

    CHECK(errcode(app.raw("GET", "/cgi-bin/department/list")) == 41001);
    const Answer wrong = app.raw("GET", "/cgi-bin/department/list?access_token=wrong");
    CHECK_THAT(word(wrong, "errmsg"), StartsWith("invalid access_token, hint: ["));
    CHECK(errcode(wrong) == 40014);
    CHECK(app.raw("GET", "/cgi-bin/department/nothing").status == 404);
    CHECK(server.stats().of("unknown") == 1);

    App good(server);
    // GET where POST is needed; a body that is no JSON leaves the parameters out, and says so.
    CHECK(errcode(good.get("user/getuserid")) == 40058);
    const Answer bad = good.post("user/getuserid", "mobile=13800000000");
    CHECK(errcode(bad) == 40063);
    CHECK_THAT(word(bad, "errmsg"), ContainsSubstring("Warning: wrong json format. "));

    WeComBehaviour behaviour = usual();
    behaviour.deniedIp = "203.0.113.7";
    server.setBehaviour(behaviour);
    CHECK(errcode(good.gettoken()) == 0);
    const Answer denied = good.get("department/list");
    CHECK(errcode(denied) == 60020);
    CHECK_THAT(word(denied, "errmsg"), StartsWith("not allow to access from your ip, hint: [") &&
                                           ContainsSubstring("], from ip: 203.0.113.7, more info at"));
    behaviour.deniedAtToken = true;
    server.setBehaviour(behaviour);
    CHECK(errcode(good.gettoken()) == 60020);
    behaviour = usual();
    behaviour.appDisabled = true;
    server.setBehaviour(behaviour);
    CHECK(errcode(good.gettoken()) == 40001);
    CHECK(errcode(good.get("department/list")) == 50003);
}

TEST_CASE("wecom emulator: who guesses secrets gets no token for an hour", "[emulator]") {
    WeComOptions options = frozen();
    options.credentials = {{kCorp, 1000002, "APPSECRET", "", {}}};
    options.behaviour.wrongSecrets = 3;
    WeComServer server(options, demo());
    App app(server);
    App guess(server, "guess");  // once
    CHECK(errcode(guess.gettoken()) == 40001);
    CHECK(errcode(guess.gettoken()) == 40001);
    CHECK(errcode(guess.gettoken()) == 45009);
    CHECK(errcode(app.gettoken()) == 45009);
    CHECK(errcode(app.get("department/list")) == 0);
    server.advanceClock(std::chrono::minutes(59));
    CHECK(errcode(app.gettoken()) == 45009);
    server.advanceClock(std::chrono::minutes(1));
    CHECK(errcode(app.gettoken()) == 0);
    CHECK(server.stats().rateLimited == 3);
}

TEST_CASE("wecom emulator: departments", "[emulator]") {
    WeComServer server(frozen(), demo());
    App app(server);
    // Larger orders come first; ids and orders go beyond 31 bits.
    CHECK(app.get("department/list").body ==
          R"({"errcode":0,"errmsg":"ok","department":[)"
          R"({"id":1,"name":"示例科技","parentid":0,"order":4000000000,"department_leader":[]},)"
          R"({"id":2315041299,"name":"Sales","parentid":1,"order":4000000001,"department_leader":["zhao"]},)"
          R"({"id":2,"name":"研发中心","parentid":1,"order":3999999990,"department_leader":["lisi"]},)"
          R"({"id":3,"name":"QA","parentid":2,"order":3999999960,"department_leader":["zhangsan"]}]})");
    CHECK(ids(app.get("department/list?id=2")) == Numbers{2, 3});
    CHECK(app.get("department/simplelist?id=2").body ==
          R"({"errcode":0,"errmsg":"ok","department_id":[{"id":2,"parentid":1,"order":3999999990},)"
          R"({"id":3,"parentid":2,"order":3999999960}]})");
    CHECK(ids(app.get("department/simplelist"), "department_id") == Numbers{1, 2315041299, 2, 3});
    CHECK(
        app.get("department/get?id=2").body ==
        R"({"errcode":0,"errmsg":"ok","department":{"id":2,"name":"研发中心","department_leader":["lisi"],"parentid":1,)"
        R"("order":3999999990}})");
    CHECK(errcode(app.get("department/get")) == 40063);
    CHECK(errcode(app.get("department/get?id=x")) == 60123);
    CHECK(errcode(app.get("department/get?id=404")) == 60003);
    CHECK(errcode(app.get("department/list?id=404")) == 60003);

    WeComBehaviour behaviour = usual();
    behaviour.omitErrcode = true;
    behaviour.shuffle = 7;
    server.setBehaviour(behaviour);
    const Answer shuffled = app.get("department/simplelist");
    CHECK(keys(shuffled.json()) == Strings{"department_id"});
    CHECK(shuffled.json().at("department_id").as_array().size() == 4);
    CHECK_FALSE(app.get("department/get?id=404").json().at("errcode") == 0);
}

TEST_CASE("wecom emulator: a member as a new app sees it, and as an old one", "[emulator]") {
    WeComOptions options = frozen();
    options.behaviour.bizMail = true;
    WeComServer server(options, demo());
    App app(server);
    const std::string head =
        R"({"errcode":0,"errmsg":"ok","userid":"zhangsan","name":"张三","department":[2,3],)"
        R"("order":[3999999993,4000000000],"position":"后台工程师",)";
    const std::string leading = R"("is_leader_in_dept":[0,1],"direct_leader":["lisi"],)";
    const std::string tail =
        R"("main_department":3,"extattr":{"attrs":[{"type":0,"name":"工号","text":{"value":"E001"}}]},"status":1,)";
    const std::string rest =
        R"("external_position":"","external_profile":{"external_corp_name":"","external_attr":[]}})";
    CHECK(app.get("user/get?userid=zhangsan").body ==
          head + leading + R"("telephone":"","alias":"","open_userid":"",)" + tail + rest);

    WeComBehaviour behaviour = options.behaviour;
    behaviour.emptyFields = true;
    server.setBehaviour(behaviour);
    CHECK(app.get("user/get?userid=zhangsan").body ==
          head + R"("mobile":"","gender":"0","email":"","biz_mail":"",)" + leading +
              R"("avatar":"","thumb_avatar":"","telephone":"","alias":"","address":"","open_userid":"",)" +
              tail + R"("qr_code":"",)" + rest);

    behaviour.newApp = false;
    behaviour.legacyFields = true;
    behaviour.openUserId = false;
    server.setBehaviour(behaviour);
    const auto full = app.get("user/get?userid=zhangsan").json().as_object();
    CHECK(full.at("mobile") == "13800000000");
    CHECK(full.at("gender") == "1");
    CHECK(full.at("email") == "zhangsan@example.com");
    CHECK(full.at("biz_mail") == "zhangsan@corp.example.com");
    CHECK(full.at("avatar") == "http://wx.qlogo.cn/x/0");
    CHECK_FALSE(full.contains("open_userid"));
    CHECK(full.at("enable") == 1);
    CHECK(full.at("isleader") == 1);
    CHECK_THAT(std::string(full.at("qr_code").as_string()),
               StartsWith("https://open.work.weixin.qq.com/wwopen/userQRCode?vcode="));

    // Everybody's status; nobody above who leads all.
    const auto status = [&](const char* id) {
        return app.get(std::string("user/get?userid=") + id).json().at("status").as_int64();
    };
    CHECK(status("zhao") == 1);
    CHECK(status("chen") == 2);
    CHECK(status("wangwu") == 4);
    Organisation left = demo();
    left.userList[3].upstreamStatus = "exited";
    server.setOrganisation(left);
    CHECK(status("wangwu") == 5);
    const auto zhao = app.get("user/get?userid=zhao").json();
    CHECK(text(zhao.at("department")) == "[1]");
    CHECK(text(zhao.at("direct_leader")) == "[]");
    CHECK(app.get("user/get?userid=wangwu").json().at("mobile") == "+85261234567");

    CHECK(errcode(app.get("user/get")) == 41009);
    CHECK(errcode(app.get("user/get?userid=-x")) == 40003);
    CHECK(errcode(app.get("user/get?userid=" + std::string(65, 'a'))) == 40003);
    CHECK(errcode(app.get("user/get?userid=nobody")) == 60111);
    CHECK_THAT(word(app.get("user/get?userid=qian"), "errmsg"), StartsWith("userid not found, hint: ["));
}

TEST_CASE("wecom emulator: lists of members, with all below or without", "[emulator]") {
    WeComServer server(frozen(), demo());
    App app(server);
    CHECK(userids(app.get("user/list?department_id=2")) == Strings{"lisi", "zhangsan"});
    CHECK(userids(app.get("user/list?department_id=2&fetch_child=0&status=0")) ==
          Strings{"lisi", "zhangsan"});
    CHECK(userids(app.get("user/list?department_id=2&fetch_child=1")) ==
          Strings{"lisi", "zhangsan", "wangwu"});  // each once
    const auto one = app.get("user/list?department_id=3").json().at("userlist").at(0);
    CHECK(one.at("name") == "张三");
    CHECK(text(one.at("department")) == "[2,3]");
    CHECK(app.get("user/simplelist?department_id=3").body ==
          R"({"errcode":0,"errmsg":"ok","userlist":[{"userid":"zhangsan","name":"张三","department":[2,3],)"
          R"("open_userid":""},{"userid":"wangwu","name":"N wangwu","department":[3],"open_userid":""}]})");
    CHECK(errcode(app.get("user/list")) == 40063);
    CHECK(errcode(app.get("user/list?department_id=404")) == 60003);

    WeComBehaviour behaviour = usual();
    behaviour.shuffle = 1;
    std::set<Strings> orders;
    for (; *behaviour.shuffle < 9; ++*behaviour.shuffle) {
        server.setBehaviour(behaviour);
        const Strings order = userids(app.get("user/list?department_id=1&fetch_child=1"));
        CHECK(order.size() == 5);
        orders.insert(order);
    }
    CHECK(orders.size() > 1);
    behaviour.shuffle.reset();
    behaviour.fetchChildRows = 4;
    server.setBehaviour(behaviour);
    CHECK(errcode(app.get("user/list?department_id=1&fetch_child=1")) == 45029);
    CHECK(userids(app.get("user/list?department_id=2&fetch_child=1")).size() == 3);
    CHECK(userids(app.get("user/list?department_id=1")) == Strings{"zhao"});
    behaviour.fetchChildRows = 5;
    server.setBehaviour(behaviour);
    CHECK(userids(app.get("user/list?department_id=1&fetch_child=1")).size() == 5);
    behaviour.fetchChildRows = 0;
    behaviour.ignoreFetchChild = true;
    server.setBehaviour(behaviour);
    CHECK(userids(app.get("user/list?department_id=2&fetch_child=1")) == Strings{"lisi", "zhangsan"});
    behaviour.fetchChildCode = 40058;
    server.setBehaviour(behaviour);
    CHECK(errcode(app.get("user/simplelist?department_id=2&fetch_child=1")) == 40058);
    CHECK(userids(app.get("user/simplelist?department_id=2")).size() == 2);
}

TEST_CASE("wecom emulator: the contact secret gets ids, and more from an old address only", "[emulator]") {
    WeComServer server(frozen(), demo());
    App app(server);
    App sync(server, "SYNC");
    CHECK(errcode(app.post("user/list_id", "{}")) == 48002);
    for (const char* path : {"department/list", "department/get?id=2", "user/get?userid=lisi",
                             "user/list?department_id=2", "user/simplelist?department_id=2"}) {
        CHECK(errcode(sync.get(path)) == 48009);
    }
    CHECK(ids(sync.get("department/simplelist"), "department_id").size() == 4);
    CHECK(ids(sync.get("tag/list"), "taglist", "tagid").size() == 2);
    CHECK(userids(sync.get("tag/get?tagid=1")) == Strings{"zhangsan", "chen"});
    CHECK(errcode(sync.get("agent/list")) == 48002);
    CHECK(errcode(sync.get("auth/getuserinfo?code=" + server.loginCode("lisi"))) == 50001);

    CHECK(sync.post("user/list_id", R"({"cursor":"","limit":10000})").body ==
          R"({"errcode":0,"errmsg":"ok","next_cursor":"","dept_user":[{"userid":"zhao","department":1},)"
          R"({"userid":"lisi","department":2},{"userid":"zhangsan","department":2},)"
          R"({"userid":"zhangsan","department":3},{"userid":"wangwu","department":3},)"
          R"({"userid":"chen","department":2315041299}]})");
    CHECK(errcode(sync.post("user/list_id", R"({"limit":0})")) == 40058);
    CHECK(errcode(sync.post("user/list_id", R"({"limit":10001})")) == 40058);
    CHECK(errcode(sync.post("user/list_id", R"({"cursor":"guess"})")) == 50100);
    CHECK_THAT(word(sync.post("user/list_id", "no json"), "errmsg"),
               ContainsSubstring("Warning: wrong json format."));

    const auto pages = [&](int limit) {
        Numbers sizes;
        std::string cursor;
        do {
            const Answer answer = sync.post(
                "user/list_id", R"({"cursor":")" + cursor + R"(","limit":)" + std::to_string(limit) + "}");
            REQUIRE(errcode(answer) == 0);
            sizes.push_back(static_cast<std::int64_t>(answer.json().at("dept_user").as_array().size()));
            cursor = word(answer, "next_cursor");
        } while (!cursor.empty());
        return sizes;
    };
    CHECK(pages(4) == Numbers{4, 2});
    CHECK(pages(3) == Numbers{3, 3});
    WeComBehaviour behaviour = usual();
    behaviour.moreOnFullLastPage = true;
    behaviour.contactTagNames = false;
    server.setBehaviour(behaviour);
    CHECK(pages(3) == Numbers{3, 3, 0});
    CHECK(text(sync.get("tag/get?tagid=1").json().at("userlist").at(0)) == R"({"userid":"zhangsan"})");
    behaviour = usual();
    behaviour.limitCountsMembers = true;
    server.setBehaviour(behaviour);
    CHECK(pages(3) == Numbers{4, 2});
    behaviour = usual();
    behaviour.shortPages = true;
    server.setBehaviour(behaviour);
    CHECK(pages(6) == Numbers{4, 2});
    behaviour = usual();
    behaviour.pageLimit = 5;
    behaviour.contactNewAddress = false;
    server.setBehaviour(behaviour);
    CHECK(pages(10000) == Numbers{5, 1});
    CHECK(sync.get("user/get?userid=zhangsan").json().at("mobile") == "13800000000");
    CHECK(ids(sync.get("department/list")).size() == 4);

    // A cursor grows old.
    const std::string cursor = word(sync.post("user/list_id", R"({"limit":1})"), "next_cursor");
    CHECK(cursor.size() >= 16);
    server.advanceClock(std::chrono::hours(1));
    CHECK(errcode(sync.post("user/list_id", R"({"cursor":")" + cursor + R"(","limit":1})")) == 50100);
}

TEST_CASE("wecom emulator: a visible range cuts departments, members and leaders alike", "[emulator]") {
    WeComServer server(frozen(), demo());
    App app(server);
    App sync(server, "SYNC");
    WeComBehaviour behaviour = usual();
    behaviour.scope = {false, {"3", "404"}, {"chen", "qian"}, {}};
    behaviour.newApp = false;
    server.setBehaviour(behaviour);
    CHECK(app.get("department/list").body ==
          R"({"errcode":0,"errmsg":"ok","department":[{"id":3,"name":"QA","parentid":2,"order":3999999960,)"
          R"("department_leader":["zhangsan"]}]})");
    for (const char* path : {"department/list?id=1", "department/get?id=2", "department/simplelist?id=2",
                             "user/list?department_id=2", "user/simplelist?department_id=1&fetch_child=1"}) {
        CHECK(errcode(app.get(path)) == 60011);
    }
    CHECK(userids(app.get("user/list?department_id=3")) == Strings{"zhangsan", "wangwu"});
    const auto member = app.get("user/get?userid=zhangsan").json();
    CHECK(text(member.at("department")) == "[3]");
    CHECK(text(member.at("order")) == "[4000000000]");
    CHECK(text(member.at("is_leader_in_dept")) == "[1]");
    CHECK(text(member.at("direct_leader")) == "[]");  // lisi is out of sight
    CHECK(member.at("main_department") == 3);
    CHECK(text(app.get("user/get?userid=wangwu").json().at("direct_leader")) == R"(["zhangsan"])");
    // Named, and in no department that may be seen.
    const auto chen = app.get("user/get?userid=chen").json();
    CHECK(text(chen.at("department")) == "[]");
    CHECK(text(chen.at("is_leader_in_dept")) == "[]");
    CHECK_FALSE(chen.as_object().contains("main_department"));
    const Answer refused = app.get("user/get?userid=lisi");
    CHECK(errcode(refused) == 60011);
    CHECK_THAT(word(refused, "errmsg"),
               StartsWith("no privilege to access/modify contact/party/agent, hint: ["));
    CHECK(errcode(app.get("user/get?userid=nobody")) == 60111);
    CHECK(errcode(app.get("user/get?userid=qian")) == 60111);
    CHECK(errcode(app.post("user/convert_to_openid", R"({"userid":"lisi"})")) == 60011);
    CHECK(userids(app.get("tag/get?tagid=1")) == Strings{"zhangsan", "chen"});
    CHECK(userids(app.get("tag/get?tagid=" + std::to_string(server.tagId("duty")))).empty());
    CHECK(userids(sync.post("user/list_id", "{}"), "dept_user").size() == 6);  // no range for the secret
    const auto agent = app.get("agent/get?agentid=1000002").json();
    CHECK(text(agent.at("allow_userinfos")) == R"({"user":[{"userid":"chen"}]})");
    CHECK(text(agent.at("allow_partys")) == R"({"partyid":[3]})");
    CHECK(text(agent.at("allow_tags")) == R"({"tagid":[]})");

    behaviour.maskParents = true;
    behaviour.invisibleUserCode = 60111;
    behaviour.invisibleDeptCode = 60003;
    server.setBehaviour(behaviour);
    CHECK(app.get("department/get?id=3").json().at("department").at("parentid") == 0);
    CHECK(errcode(app.get("user/get?userid=lisi")) == 60111);
    CHECK(errcode(app.get("department/get?id=2")) == 60003);

    // Who leads it is out of sight.
    behaviour = usual();
    behaviour.scope = {false, {"2315041299"}, {}, {}};
    server.setBehaviour(behaviour);
    CHECK(text(app.get("department/get?id=2315041299").json().at("department").at("department_leader")) ==
          "[]");
    CHECK(text(app.get("department/list").json().at("department").at(0).at("department_leader")) == "[]");

    // A tag brings its members and departments.
    behaviour = usual();
    behaviour.tagDepts = {{"1", {"2", "404"}}};
    behaviour.scope = {false, {}, {}, {"1"}};
    server.setBehaviour(behaviour);
    CHECK(ids(app.get("department/list")) == Numbers{2, 3});
    CHECK(errcode(app.get("user/get?userid=chen")) == 0);
    CHECK(errcode(app.get("user/get?userid=lisi")) == 0);
    CHECK(errcode(app.get("user/get?userid=zhao")) == 60011);
    CHECK(text(app.get("agent/get?agentid=1000002").json().at("allow_tags")) == R"({"tagid":[1]})");
}

TEST_CASE("wecom emulator: tags", "[emulator]") {
    WeComOptions options = frozen();
    options.behaviour.tagDepts = {{"1", {"2"}}};
    WeComServer server(options, demo());
    App app(server);
    const std::string duty = std::to_string(server.tagId("duty"));
    CHECK(server.tagId("1") == 1);
    CHECK(server.tagId("none") == 0);
    CHECK(app.get("tag/list").body ==
          R"({"errcode":0,"errmsg":"ok","taglist":[{"tagid":1,"tagname":"管理员"},{"tagid":)" + duty +
              R"(,"tagname":"值班"}]})");
    CHECK(app.get("tag/get?tagid=1").body ==
          R"({"errcode":0,"errmsg":"ok","tagname":"管理员","userlist":[{"userid":"zhangsan","name":"张三"},)"
          R"({"userid":"chen","name":"N chen"}],"partylist":[2]})");
    CHECK(errcode(app.get("tag/get")) == 41017);
    CHECK(errcode(app.get("tag/get?tagid=404")) == 40068);
    WeComBehaviour behaviour = options.behaviour;
    behaviour.scope = {false, {"2315041299"}, {}, {}};
    server.setBehaviour(behaviour);
    CHECK(ids(app.get("tag/list"), "taglist", "tagid").size() == 2);
    CHECK(text(app.get("tag/get?tagid=1").json().at("partylist")) == "[2]");
    behaviour.filterTagDepts = true;
    server.setBehaviour(behaviour);
    CHECK(text(app.get("tag/get?tagid=1").json().at("partylist")) == "[]");
}

TEST_CASE("wecom emulator: the app itself, each with its own range", "[emulator]") {
    WeComOptions options = frozen();
    options.trustedDomain = "app.example.com";
    options.credentials = {{kCorp, 1000002, "APPSECRET", "SYNC", {}},
                           {kCorp, 1000003, "SMALL", "", WeComContactScope{false, {"3"}, {}, {}}}};
    WeComServer server(options, demo());
    App app(server);
    App small(server, "SMALL");
    CHECK(
        app.get("agent/get?agentid=1000002").body ==
        R"({"errcode":0,"errmsg":"ok","agentid":1000002,"name":"App","square_logo_url":"https://p.qlogo.cn/example/0",)"
        R"("description":"","allow_userinfos":{"user":[]},"allow_partys":{"partyid":[1]},"allow_tags":{"tagid":[]},)"
        R"("close":0,"redirect_domain":"app.example.com","report_location_flag":0,"isreportenter":0,"home_url":""})");
    CHECK(
        small.get("agent/list").body ==
        R"({"errcode":0,"errmsg":"ok","agentlist":[{"agentid":1000003,"name":"App","square_logo_url":"https://p.qlogo.cn/example/0"}]})");
    CHECK(errcode(small.get("agent/get?agentid=1000002")) == 301002);
    CHECK(errcode(small.get("agent/get")) == 41011);
    CHECK(errcode(small.get("agent/get?agentid=x")) == 40056);
    CHECK(ids(app.get("department/list")).size() == 4);
    CHECK(ids(small.get("department/list")) == Numbers{3});
    CHECK(small.get("getcallbackip").body == R"({"ip_list":["127.0.0.1"],"errcode":0,"errmsg":"ok"})");
}

TEST_CASE("wecom emulator: ids by phone, e-mail and for payments", "[emulator]") {
    WeComServer server(frozen(), demo());
    App app(server);
    CHECK(app.post("user/getuserid", R"({"mobile":"13800000000"})").body ==
          R"({"errcode":0,"errmsg":"ok","userid":"zhangsan"})");
    CHECK(errcode(app.post("user/getuserid", R"({"mobile":"13800000009"})")) == 46004);
    CHECK(errcode(app.post("user/getuserid", "{}")) == 40063);
    CHECK(word(app.post("user/get_userid_by_email", R"({"email":"zhangsan@example.com"})"), "userid") ==
          "zhangsan");
    CHECK(errcode(app.post("user/get_userid_by_email", R"({"email":"no@example.com"})")) == 46004);
    const Answer open = app.post("user/convert_to_openid", R"({"userid":"zhangsan"})");
    CHECK(keys(open.json()) == Strings{"errcode", "errmsg", "openid"});
    CHECK(app.post("user/convert_to_userid", R"({"openid":")" + word(open, "openid") + "\"}").body ==
          R"({"errcode":0,"errmsg":"ok","userid":"zhangsan"})");
    WeComBehaviour behaviour = usual();
    behaviour.unboundMemberIds = {"zhangsan"};
    server.setBehaviour(behaviour);
    CHECK(errcode(app.post("user/convert_to_openid", R"({"userid":"zhangsan"})")) == 43004);
}

TEST_CASE("wecom emulator: limits of each API of an organisation, and how long they hold", "[emulator]") {
    WeComServer server(frozen(), demo());
    App app(server);
    WeComBehaviour behaviour = usual();
    behaviour.ratePerMinute = 3;
    server.setBehaviour(behaviour);
    for (int i = 0; i < 3; ++i) {
        CHECK(errcode(app.get("tag/list")) == 0);
    }
    server.advanceClock(std::chrono::seconds(59));
    const Answer refused = app.get("tag/list");
    CHECK(errcode(refused) == 45009);
    CHECK_THAT(word(refused, "errmsg"), StartsWith("api freq out of limit, hint: ["));
    CHECK(errcode(app.get("agent/list")) == 0);  // another API
    server.advanceClock(std::chrono::seconds(1));
    CHECK(errcode(app.get("tag/list")) == 45009);  // the block is as long as the window
    server.advanceClock(std::chrono::seconds(58));
    CHECK(errcode(app.get("tag/list")) == 45009);
    server.advanceClock(std::chrono::seconds(1));
    CHECK(errcode(app.get("tag/list")) == 0);
    CHECK(server.stats().rateLimited == 3);

    behaviour.ratePerMinute = 0;
    behaviour.ratePerSecond = 1;
    server.setBehaviour(behaviour);
    CHECK(errcode(app.get("tag/list")) == 0);
    CHECK(errcode(app.get("tag/list")) == 45009);
    CHECK(errcode(app.gettoken()) == 0);  // counts as well
    CHECK(errcode(app.gettoken()) == 45009);
    server.advanceClock(std::chrono::seconds(1));
    CHECK(errcode(app.get("tag/list")) == 0);
    CHECK(server.stats().rateLimited == 5);
    behaviour.ratePerMinute = 3;
    behaviour.ratePerSecond = 0;
    server.setBehaviour(behaviour);

    // Logins that succeed are not counted.
    for (int i = 0; i < 5; ++i) {
        CHECK(errcode(app.get("auth/getuserinfo?code=" + server.loginCode("lisi"))) == 0);
    }
    for (int i = 0; i < 3; ++i) {
        CHECK(errcode(app.get("auth/getuserinfo?code=guess")) == 40029);
    }
    CHECK(errcode(app.get("auth/getuserinfo?code=guess")) == 45009);

    behaviour = usual();
    behaviour.publishedRates = true;
    server.setBehaviour(behaviour);
    App other(server, "OTHER");
    Connection connection(server.port());
    const std::string one =
        "GET /cgi-bin/tag/list?access_token=" + app.token + " HTTP/1.1\r\nHost: h\r\n\r\n";
    int good = 0;
    for (int done = 0; done < 10'200; done += 300) {
        std::string batch;
        for (int i = 0; i < 300; ++i) {
            batch += one;
        }
        connection.send(batch);
        for (int i = 0; i < 300; ++i) {
            good += connection.receive().headers.contains("Error-Code") ? 0 : 1;
        }
    }
    CHECK(good == 10'000);
    CHECK(errcode(other.get("tag/list")) == 45009);  // the same organisation
    CHECK(errcode(other.get("agent/list")) == 0);
}

TEST_CASE("wecom emulator: too many calls at once", "[emulator]") {
    WeComOptions options = frozen();
    WeComServer server(options, demo());
    App app(server);
    WeComBehaviour behaviour = usual();
    behaviour.concurrency = 2;
    behaviour.latency = std::chrono::milliseconds(400);
    server.setBehaviour(behaviour);
    const std::string one =
        "GET /cgi-bin/tag/list?access_token=" + app.token + " HTTP/1.1\r\nHost: h\r\n\r\n";
    std::vector<std::unique_ptr<Connection>> connections;
    for (int i = 0; i < 3; ++i) {
        connections.push_back(std::make_unique<Connection>(server.port()));
        connections.back()->send(one);
    }
    std::vector<std::int64_t> codes;
    for (auto& connection : connections) {
        codes.push_back(errcode(connection->receive()));
    }
    std::sort(codes.begin(), codes.end());
    CHECK(codes == Numbers{0, 0, 45033});
    behaviour.latency = std::chrono::milliseconds(10);
    server.setBehaviour(behaviour);
    CHECK(errcode(app.get("tag/list")) == 0);  // one after another is fine
    CHECK(errcode(app.get("tag/list")) == 0);
    CHECK(errcode(app.get("tag/list")) == 0);
}

TEST_CASE("wecom emulator: a login gives a code, and the code a member", "[emulator]") {
    WeComOptions options = frozen();
    options.credentials = {{kCorp, 1000002, "APPSECRET", "SYNC", {}},
                           {kCorp, 1000003, "SMALL", "", WeComContactScope{false, {"3"}, {}, {}}}};
    options.trustedDomain = "app.example.com";
    WeComServer server(options, demo());
    App app(server);
    App small(server, "SMALL");
    const std::string back = "&redirect_uri=https%3A%2F%2Fapp.example.com%2Fback%3Fa%3D1&state=S1";
    const std::string sso = "/wwlogin/sso/login?login_type=CorpApp&appid=" + kCorp;
    Answer answer = app.raw("GET", sso + "&agentid=1000002" + back);
    const std::string code = codeOf(answer);
    CHECK(answer.headers.at("Location") == "https://app.example.com/back?a=1&code=" + code + "&state=S1");
    CHECK(errcode(small.get("auth/getuserinfo?code=" + code)) == 40029);  // another app's
    CHECK(app.get("auth/getuserinfo?code=" + code).body ==
          R"({"errcode":0,"errmsg":"ok","userid":"zhao"})");  // the first administrator
    CHECK_THAT(word(app.get("auth/getuserinfo?code=" + code), "errmsg"), StartsWith("invalid code, hint: ["));
    CHECK(errcode(app.get("auth/getuserinfo")) == 41008);

    WeComBehaviour behaviour = usual();
    behaviour.loginMemberId = "zhangsan";
    behaviour.distinctCodeErrors = true;
    server.setBehaviour(behaviour);
    CHECK(errcode(app.get("auth/getuserinfo?code=" + code)) == 42022);
    const std::string old =
        codeOf(app.raw("GET", "/wwopen/sso/qrConnect?appid=" + kCorp + "&agentid=1000002" + back));
    answer = app.get("user/getuserinfo?code=" + old);
    CHECK(keys(answer.json()) == Strings{"errcode", "errmsg", "UserId", "DeviceId"});
    CHECK(word(answer, "UserId") == "zhangsan");
    const std::string late = server.loginCode("lisi");
    server.advanceClock(std::chrono::minutes(5));
    CHECK(errcode(app.get("auth/getuserinfo?code=" + late)) == 42003);

    // What the pages refuse.
    const auto shows = [&](const std::string& target) {
        const Answer page = app.raw("GET", target);
        CHECK(page.headers.at("Content-Type") == "text/html; charset=utf-8");
        const auto start = page.body.find("<p>") + 3;
        return page.body.substr(start, page.body.find("</p>") - start);
    };
    CHECK(shows("/wwlogin/sso/login?login_type=x&appid=" + kCorp + "&agentid=1000002" + back) == "-31040");
    CHECK(shows(sso + back) == "-31028");
    CHECK(shows(sso + "&agentid=1000009" + back) == "-31028");
    CHECK(shows("/wwlogin/sso/login?login_type=CorpApp&appid=wwx&agentid=1000002" + back) == "-31027");
    CHECK(shows(sso + "&agentid=1000002") == "-31035");
    CHECK(shows(sso + "&agentid=1000002&redirect_uri=https%3A%2F%2Fevil.example%2F") == "-31020");
    behaviour.loginMemberId = "lisi";
    server.setBehaviour(behaviour);
    CHECK(shows(sso + "&agentid=1000003" + back) == "50002");  // does not see that app

    // Within the client.
    const std::string oauth = "/connect/oauth2/authorize?appid=" + kCorp + "&response_type=code" + back;
    answer = small.get("auth/getuserinfo?code=" +
                       codeOf(app.raw("GET", oauth + "&scope=snsapi_base&agentid=1000003")));
    CHECK(word(answer, "userid") == "lisi");  // in the range or not
    CHECK(shows(oauth + "&scope=snsapi_privateinfo&agentid=1000003") == "50002");
    CHECK(shows(oauth + "&scope=snsapi_login") == "40058");
    CHECK(shows("/connect/oauth2/authorize?appid=" + kCorp +
                "&response_type=code&scope=snsapi_base&redirect_uri=https%3A%2F%2Fevil.example%2F") ==
          "50001");
    CHECK(
        shows("/connect/oauth2/authorize?appid=" + kCorp +
              "&response_type=code&scope=snsapi_base&redirect_uri=https%3A%2F%2Fapp.example.com&state=a-b") ==
        "40058");
    behaviour.denyLogin = true;
    server.setBehaviour(behaviour);
    CHECK(shows(oauth + "&scope=snsapi_base") == "50002");
}

TEST_CASE("wecom emulator: what members show to who asks, and who is no member", "[emulator]") {
    WeComOptions options = frozen();
    options.behaviour.loginMemberId = "zhangsan";
    WeComServer server(options, demo());
    App app(server);
    App other(server, "OTHER");
    const std::string oauth = "/connect/oauth2/authorize?appid=" + kCorp +
                              "&response_type=code&state=1&redirect_uri=http%3A%2F%2Flocalhost%3A8080%2F";
    // Without the app it asks for less.
    CHECK_FALSE(
        app.get("auth/getuserinfo?code=" + codeOf(app.raw("GET", oauth + "&scope=snsapi_privateinfo")))
            .json()
            .as_object()
            .contains("user_ticket"));
    Answer answer = app.get("auth/getuserinfo?code=" +
                            codeOf(app.raw("GET", oauth + "&scope=snsapi_privateinfo&agentid=1000002")));
    CHECK(keys(answer.json()) == Strings{"errcode", "errmsg", "userid", "user_ticket"});
    const std::string ticket = R"({"user_ticket":")" + word(answer, "user_ticket") + "\"}";
    CHECK(errcode(other.post("auth/getuserdetail", ticket)) == 84015);
    answer = app.post("auth/getuserdetail", ticket);
    CHECK(keys(answer.json()) == Strings{"errcode", "errmsg", "userid", "gender", "avatar", "qr_code",
                                         "mobile", "email", "biz_mail", "address"});
    CHECK(word(answer, "gender") == "1");
    CHECK(word(answer, "mobile") == "13800000000");
    CHECK(app.post("user/getuserdetail", ticket).body == answer.body);
    WeComBehaviour behaviour = options.behaviour;
    behaviour.privateFields = {"email"};
    behaviour.loginOpenId = "oOutsider";
    behaviour.loginExternalUserId = "wmCustomer";
    server.setBehaviour(behaviour);
    CHECK(app.post("auth/getuserdetail", ticket).body ==
          R"({"errcode":0,"errmsg":"ok","userid":"zhangsan","email":"zhangsan@example.com"})");
    server.advanceClock(std::chrono::minutes(30));
    CHECK(errcode(app.post("auth/getuserdetail", ticket)) == 84014);
    CHECK(errcode(app.post("auth/getuserdetail", R"({"user_ticket":"x"})")) == 84015);

    CHECK(app.get("auth/getuserinfo?code=" + codeOf(app.raw("GET", oauth + "&scope=snsapi_base"))).body ==
          R"({"errcode":0,"errmsg":"ok","openid":"oOutsider","external_userid":"wmCustomer"})");
    CHECK(word(app.get("user/getuserinfo?code=" + codeOf(app.raw("GET", oauth + "&scope=snsapi_base"))),
               "OpenId") == "oOutsider");
    behaviour.loginOpenId.clear();
    behaviour.loginLinkedId = "wwlinked/sun";
    server.setBehaviour(behaviour);
    CHECK(word(app.get("auth/getuserinfo?code=" + codeOf(app.raw("GET", oauth + "&scope=snsapi_base"))),
               "userid") == "wwlinked/sun");
    // Out of sight there is no ticket.
    CHECK(app.get("auth/getuserinfo?code=" + server.loginCode("lisi", 0, true)).body.find("user_ticket") !=
          std::string::npos);
    behaviour.scope = {false, {"3"}, {}, {}};
    server.setBehaviour(behaviour);
    CHECK(app.get("auth/getuserinfo?code=" + server.loginCode("lisi", 0, true)).body ==
          R"({"errcode":0,"errmsg":"ok","userid":"lisi"})");
    // Who has left is no member.
    CHECK(app.get("auth/getuserinfo?code=" + server.loginCode("qian")).json().as_object().contains("openid"));
}

TEST_CASE("wecom emulator: faults", "[emulator]") {
    WeComServer server(frozen(), demo());
    App app(server);
    App sync(server, "SYNC");
    const auto fault = [&](FaultKind kind, std::int64_t code = 0) {
        Fault out;
        out.kind = kind;
        out.code = code;
        server.addFault(out);
    };
    fault(FaultKind::expireToken);
    CHECK(errcode(app.get("tag/list")) == 42001);
    app.login();
    CHECK(errcode(app.get("tag/list")) == 0);
    fault(FaultKind::wrongToken);
    CHECK(errcode(app.get("tag/list")) == 40014);
    CHECK(errcode(app.get("tag/list")) == 0);
    fault(FaultKind::rateLimit);
    CHECK(errcode(app.get("tag/list")) == 45009);
    fault(FaultKind::rateLimit, 45033);
    CHECK(errcode(app.get("tag/list")) == 45033);
    fault(FaultKind::code, -1);
    const Answer busy = app.get("tag/list");
    CHECK(errcode(busy) == -1);
    CHECK(busy.headers.at("Error-Code") == "-1");
    CHECK_THAT(word(busy, "errmsg"), StartsWith("system busy, hint: ["));
    fault(FaultKind::status);
    CHECK(app.get("tag/list").status == 500);
    fault(FaultKind::emptySuccess);
    CHECK(app.get("department/list").body == R"({"errcode":0,"errmsg":"ok","department":[]})");
    fault(FaultKind::emptySuccess);
    CHECK(app.get("user/get?userid=lisi").body == R"({"errcode":0,"errmsg":"ok"})");
    const std::string cursor = word(sync.post("user/list_id", R"({"limit":2})"), "next_cursor");
    fault(FaultKind::repeatCursor);
    CHECK(word(sync.post("user/list_id", R"({"limit":2,"cursor":")" + cursor + "\"}"), "next_cursor") ==
          cursor);
    fault(FaultKind::garbage);
    CHECK_THAT(app.get("tag/list").body, StartsWith("<!DOCTYPE html>"));
}

TEST_CASE("wecom emulator: files are encrypted as documented", "[emulator]") {
    std::string key;
    for (char c = 0; c < 32; ++c) {
        key += c;
    }
    const std::string text = R"({"department":[{"id":1,"name":"Root","parentid":0,"order":100000000},)"
                             R"({"id":2,"name":"R&D","parentid":1,"order":10}]})";
    REQUIRE(text.size() == 116);
    const std::string file = detail::encryptExport(key, text);
    CHECK(detail::base64Encode(file) ==
          "gzJiJhiY7I6KvdTsR1SS3fZEJQhD6+nMkUWSUSCBaNSWNXklLo+iX5iYVp4veS205WHmiYLI3vUEQLODY44IduicR33vO/"
          "lrZTyCS4JTxQS7Qf3QSHeRl9ot9eyKT2igaDrhckLNI9+O9Z1VoLGPBOKQpWWm/UTifQL266UxqAU=");
    CHECK(md5(file) == "adb7e613674cd8103c5464e4d66dcdea");
    for (std::size_t size = 0; size < 130; ++size) {
        const std::string some(size, 'x');
        CHECK(decrypted(detail::encryptExport(key, some)) == some);
    }
}

TEST_CASE("wecom emulator: exports", "[emulator]") {
    WeComServer server(frozen(), demo());
    App app(server);
    App sync(server, "SYNC");
    const std::string body = R"({"encoding_aeskey":")" + kAesKey + R"(","block_size":10000)";
    CHECK(errcode(app.post("export/user", "{}")) == 40063);
    CHECK(errcode(app.post("export/user", R"({"encoding_aeskey":"short"})")) == 40058);
    CHECK(errcode(app.post("export/user", R"({"encoding_aeskey":")" + kAesKey + R"(","block_size":9999})")) ==
          40058);
    CHECK(errcode(app.post("export/taguser", body + "}")) == 41017);
    CHECK(errcode(sync.post("export/department", body + "}")) == 48009);

    const auto submit = [&](const char* what, const std::string& more = "") {
        const Answer answer = app.post(std::string("export/") + what, body + more + "}");
        CHECK(keys(answer.json()) == Strings{"errcode", "errmsg", "jobid"});
        return word(answer, "jobid");
    };
    const auto path = [&](const boost::json::value& item) {
        const std::string url(item.at("url").as_string());
        REQUIRE(url.starts_with(server.baseUrl()));
        return url.substr(server.baseUrl().size());
    };
    const auto poll = [&](const std::string& job) { return app.get("export/get_result?jobid=" + job); };
    const auto download = [&](const std::string& job) {
        std::vector<std::string> files;
        Answer answer = poll(job);
        while (answer.json().at("status") != 2) {
            answer = poll(job);
        }
        const auto result = answer.json();
        for (const auto& item : result.at("data_list").as_array()) {
            const Answer file = app.raw("GET", path(item));
            CHECK(file.body.size() == item.at("size").to_number<std::size_t>());
            CHECK(md5(file.body) == item.at("md5").as_string());
            files.push_back(decrypted(file.body));
        }
        return files;
    };
    const std::string first = submit("department");
    CHECK(poll(first).body == R"({"errcode":0,"errmsg":"ok","status":0})");
    CHECK(poll(first).body == R"({"errcode":0,"errmsg":"ok","status":1})");
    CHECK(download(first) ==
          Strings{R"({"department":[{"id":1,"name":"示例科技","parentid":0,"order":4000000000},)"
                  R"({"id":2315041299,"name":"Sales","parentid":1,"order":4000000001},)"
                  R"({"id":2,"name":"研发中心","parentid":1,"order":3999999990},)"
                  R"({"id":3,"name":"QA","parentid":2,"order":3999999960}]})"});
    CHECK(errcode(sync.get("export/get_result?jobid=" + first)) == 48009);
    App other(server, "OTHER");
    CHECK(errcode(other.get("export/get_result?jobid=" + first)) == 40088);
    CHECK(errcode(app.get("export/get_result?jobid=guess")) == 40088);

    // As the lists have them, out of the same range.
    const auto list = [](const std::string& text, const char* key) {
        return boost::json::serialize(boost::json::parse(text).at(key));
    };
    WeComBehaviour behaviour = usual();
    behaviour.exportPolls = 0;
    behaviour.scope = {false, {"3"}, {"chen"}, {}};
    behaviour.tagDepts = {{"1", {"2"}}};
    server.setBehaviour(behaviour);
    const std::string users = download(submit("user")).at(0);
    CHECK(boost::json::parse(users).at("userlist").as_array().size() == 3);
    CHECK(list(download(submit("simple_user")).at(0), "userlist") ==
          R"([{"userid":"zhangsan","name":"张三","department":[3],"open_userid":""},)"
          R"({"userid":"wangwu","name":"N wangwu","department":[3],"open_userid":""},)"
          R"({"userid":"chen","name":"N chen","department":[],"open_userid":""}])");
    CHECK(download(submit("taguser", R"(,"tagid":1)")) ==
          Strings{R"({"tagname":"管理员","userlist":[{"userid":"zhangsan","name":"张三"},)"
                  R"({"userid":"chen","name":"N chen"}],"partylist":[2]})"});
    behaviour.exportNamed = false;
    behaviour.exportBase64 = true;
    server.setBehaviour(behaviour);
    const std::string last = submit("user");
    auto result = poll(last).json();
    Answer file = app.raw("GET", path(result.at("data_list").at(0)));
    CHECK(list(decrypted(*detail::base64Decode(file.body)), "userlist") ==
          boost::json::serialize(app.get("user/list?department_id=3").json().at("userlist")));

    // Only the last five are kept, and files for two hours.
    CHECK(errcode(poll(first)) == 0);
    submit("user");
    CHECK(errcode(poll(first)) == 40089);
    const std::string where = path(result.at("data_list").at(0));
    Connection connection(server.port());
    const Answer part = connection.call("GET", where, "", "Range: bytes=4-7\r\n");
    CHECK(part.status == 206);
    CHECK(part.body == file.body.substr(4, 4));
    CHECK(part.headers.at("Content-Range") == "bytes 4-7/" + std::to_string(file.body.size()));
    CHECK(connection.call("GET", where, "", "Range: bytes=999999-\r\n").status == 416);
    server.advanceClock(std::chrono::hours(2));
    CHECK(app.raw("GET", where).status == 403);
    app.login();
    behaviour.exportFails = true;
    server.setBehaviour(behaviour);
    CHECK(poll(last).json().at("status") == 3);

    // Many rows are many files.
    server.setBehaviour(usual());
    server.setOrganisation(generate(10'050, 2));
    std::set<std::string> everybody;
    const auto files = download(submit("simple_user"));
    REQUIRE(files.size() == 2);
    for (const std::string& text : files) {
        const auto parsed = boost::json::parse(text);
        for (const auto& user : parsed.at("userlist").as_array()) {
            everybody.emplace(user.at("userid").as_string().c_str());
        }
    }
    CHECK(everybody.size() == 10'050);
}

TEST_CASE("wecom emulator: organisations that WeCom cannot have", "[emulator]") {
    const auto refused = [](auto change) {
        Organisation organisation = demo();
        change(organisation);
        WeComServer server(frozen(), demo());
        try {
            server.setOrganisation(organisation);
        } catch (const OrganisationError& error) {
            CHECK(server.organisation() == demo());
            return error.where();
        }
        return std::string("accepted");
    };
    CHECK(refused([](Organisation& o) {
              o.deptList[3].deptId = "4294967296";
              o.userList[4].departments[0].deptId = "4294967296";
          }) == "deptList[3].deptId");
    CHECK(refused([](Organisation& o) {
              o.deptList[3].deptId = o.userList[4].departments[0].deptId = "1";
          }) == "deptList[3].deptId");
    CHECK(refused([](Organisation& o) {
              o.deptList[3].deptId = o.userList[4].departments[0].deptId = "d";
          }) == "deptList[3].deptId");
    CHECK(refused([](Organisation& o) {
              o.userList[1].memberId = "x y";
              o.deptList[1].leaderIds.clear();
          }) == "userList[1].memberId");
    CHECK(refused([](Organisation& o) { o.userList.push_back(person("WangWu", {})); }) ==
          "userList[6].memberId");
}

TEST_CASE("wecom emulator: control calls", "[emulator]") {
    WeComServer server(frozen(), demo());
    App app(server);
    const Answer code = app.raw("GET", "/_emulator/code?memberId=lisi&agentId=7&scope=snsapi_privateinfo");
    CHECK(app.get("auth/getuserinfo?code=" + word(code, "code")).json().as_object().contains("user_ticket"));
    CHECK(app.raw("GET", "/_emulator/code?memberId=nobody").status == 400);
    const auto before = app.raw("GET", "/_emulator/behaviour").body;
    CHECK(app.raw("PUT", "/_emulator/behaviour", before).body == before);
    const auto changed =
        app.raw("PUT", "/_emulator/behaviour",
                R"({"tagDepts":{"1":["2","3"],"duty":[]},"scope":{"tagIds":["1"]},"concurrency":3})")
            .json();
    CHECK(text(changed.at("tagDepts")) == R"({"1":["2","3"],"duty":[]})");
    CHECK(text(changed.at("scope")) == R"({"all":false,"deptIds":[],"memberIds":[],"tagIds":["1"]})");
    CHECK(server.behaviour().concurrency == 3);
    CHECK(server.behaviour().tagDepts.at("1") == Strings{"2", "3"});
    CHECK(ids(app.get("department/list")) == Numbers{2, 3});
    CHECK(app.raw("PUT", "/_emulator/behaviour", R"({"tagDepts":{"1":"2"}})").status == 400);
    CHECK(app.raw("PUT", "/_emulator/behaviour", R"({"tagDepts":[]})").status == 400);
}

TEST_CASE("wecom emulator: a generated organisation comes whole, by every way", "[emulator]") {
    WeComServer server(frozen(), generate(400, 3));
    App app(server);
    App sync(server, "SYNC");
    const Organisation organisation = server.organisation();
    std::set<std::string> everybody;
    for (const Member& member : organisation.userList) {
        everybody.insert(member.memberId);
    }
    const auto asSet = [](const Strings& list) { return std::set<std::string>(list.begin(), list.end()); };
    const Numbers depts = ids(app.get("department/list"));
    CHECK(depts.size() == organisation.deptList.size());
    const Strings below = userids(app.get("user/list?department_id=1&fetch_child=1"));
    CHECK(below.size() == everybody.size());
    CHECK(asSet(below) == everybody);
    std::set<std::string> walked;
    for (const std::int64_t dept : depts) {
        walked.merge(asSet(userids(app.get("user/list?department_id=" + std::to_string(dept)))));
    }
    CHECK(walked == everybody);
    CHECK(asSet(userids(sync.post("user/list_id", "{}"), "dept_user")) == everybody);
}

}  // namespace emulator_wecom_test
