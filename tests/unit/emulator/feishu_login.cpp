#include "unit/emulator/feishu_client.hpp"

#include <corps/emulator/feishu.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <string>
#include <string_view>

namespace emulator_feishu_login_test {
namespace {

using namespace corps::emulator;
using Catch::Matchers::StartsWith;
using emulator_test::Answer;
using emulator_test::Connection;
using emulator_test::escape;
using emulator_test::kApp;

Organisation staff() {
    Organisation out;
    out.corpId = "tenant";
    out.deptList = {{"1", "", "", 0, {}}};
    for (const char* id : {"m1", "m2", "m3"}) {
        Member member;
        member.memberId = id;
        member.nick = "N";
        member.phone = "+8613800000001";
        member.email = "m@example.com";
        out.userList.push_back(member);
    }
    out.userList[1].upstreamStatus = "frozen";
    out.userList[2].status = 2;
    out.adminIds = {"m1"};
    return out;
}

FeishuOptions fixedClock() {
    FeishuOptions out;
    out.clock = [] { return std::chrono::milliseconds(1); };
    return out;
}

const std::string kAuthorize =
    "/open-apis/authen/v1/authorize?response_type=code&client_id=" + std::string(kApp);

/** A browser and the program behind it. */
struct Login {
    Connection connection;

    explicit Login(const FeishuServer& server) : connection(server.port()) {}

    std::string location(const std::string& more) {
        const Answer answer = connection.call("GET", kAuthorize + more);
        REQUIRE(answer.status == 302);
        return answer.headers.at("Location");
    }
    std::string code(const std::string& more = "") {
        const std::string to = location("&redirect_uri=" + escape("https://p.example.com/cb") + more);
        const auto begin = to.find("code=") + 5;
        return to.substr(begin, to.find_first_of("&#", begin) - begin);
    }
    Answer token(const std::string& fields, const std::string& headers = "") {
        return connection.call(
            "POST", "/open-apis/authen/v2/oauth/token",
            "{\"client_id\":\"" + std::string(kApp) + "\",\"client_secret\":\"s\"," + fields + "}", headers);
    }
    Answer redeem(const std::string& code, const std::string& more = "") {
        return token("\"grant_type\":\"authorization_code\",\"code\":\"" + code + "\"" + more);
    }
    Answer info(std::string_view token) {
        return connection.call("GET", "/open-apis/authen/v1/user_info", {},
                               "Authorization: Bearer " + std::string(token) + "\r\n");
    }
};

std::string text(const Answer& answer, const char* key) { return answer.json().at(key).as_string().c_str(); }

}  // namespace

TEST_CASE("feishu emulator: login from the authorize page to the person", "[emulator]") {
    FeishuServer server(fixedClock(), staff());
    Login login(server);
    const auto answer = login.redeem(login.code());
    CHECK(answer.status == 200);
    CHECK(answer.json().at("code") == 0);
    CHECK(answer.json().at("token_type") == "Bearer");
    CHECK(answer.json().at("expires_in") == 7200);
    CHECK_FALSE(answer.json().as_object().contains("refresh_token"));
    CHECK(text(answer, "access_token").size() > 1000);
    const auto info = login.info(text(answer, "access_token")).json().at("data");
    CHECK(info.at("open_id").as_string() == server.openUserId(kApp, "m1"));
    CHECK(info.at("union_id").as_string() == server.unionId("m1"));
    CHECK(info.at("user_id") == "m1");
    CHECK(info.at("tenant_key") == "tenant");
    CHECK(info.at("mobile") == "+8613800000001");

    FeishuBehaviour behaviour;
    behaviour.scopes.clear();
    server.setBehaviour(behaviour);
    const auto bare = login.info(text(answer, "access_token")).json().at("data").as_object();
    for (const char* hidden : {"user_id", "email", "mobile", "employee_no", "enterprise_email"}) {
        CHECK_FALSE(bare.contains(hidden));
    }
    CHECK(bare.contains("open_id"));
}

TEST_CASE("feishu emulator: the authorize page", "[emulator]") {
    FeishuOptions options = fixedClock();
    options.redirectUris = {"https://p.example.com/cb", "https://p.example.com/?x=1#part"};
    options.credentials = {{std::string(kApp), "s"}};
    FeishuServer server(options, staff());
    Login login(server);
    CHECK_THAT(
        login.location("&redirect_uri=" + escape("https://p.example.com/cb") + "&state=" + escape("a b&c")),
        StartsWith("https://p.example.com/cb?code="));
    CHECK(login.location("&redirect_uri=" + escape("https://p.example.com/cb") + "&state=" + escape("a b&c"))
              .ends_with("&state=a%20b%26c"));
    const auto fragment = login.location("&redirect_uri=" + escape("https://p.example.com/?x=1#part"));
    CHECK_THAT(fragment, StartsWith("https://p.example.com/?x=1&code="));
    CHECK(fragment.ends_with("#part"));
    const auto refuse = [&](const std::string& path, std::int64_t code) {
        CHECK(login.connection.call("GET", path).code() == code);
    };
    refuse(kAuthorize + "&redirect_uri=" + escape("https://evil.example.com/"), 20029);
    refuse(kAuthorize, 20001);
    refuse(kAuthorize + "&redirect_uri=" + escape("https://p.example.com/cb") + "&scope=unknown:scope",
           20027);
    refuse("/open-apis/authen/v1/authorize?response_type=code&client_id=cli_x&redirect_uri=" +
               escape("https://p.example.com/cb"),
           20048);
    CHECK(login.connection
              .call("GET", "/open-apis/authen/v1/index?app_id=" + std::string(kApp) +
                               "&redirect_uri=" + escape("https://p.example.com/cb"))
              .status == 302);

    FeishuBehaviour behaviour;
    behaviour.denyLogin = true;
    server.setBehaviour(behaviour);
    CHECK(login.location("&state=1&redirect_uri=" + escape("https://p.example.com/cb")) ==
          "https://p.example.com/cb?error=access_denied&state=1");
}

TEST_CASE("feishu emulator: codes are good once, for five minutes, for their app", "[emulator]") {
    FeishuServer server(fixedClock(), staff());
    Login login(server);
    const std::string used = login.code();
    CHECK(login.redeem(used).code() == 0);
    const auto refuse = [](const Answer& answer, std::int64_t code) {
        CHECK(answer.status == 400);
        CHECK(answer.code() == code);
        CHECK(answer.json().as_object().contains("error_description"));
    };
    refuse(login.redeem(used), 20065);
    refuse(login.redeem("nonsense"), 20003);
    const std::string late = login.code();
    server.advanceClock(std::chrono::minutes(5));
    refuse(login.redeem(late), 20004);
    const std::string foreign = login.code();
    refuse(login.connection.call(
               "POST", "/open-apis/authen/v2/oauth/token",
               R"({"grant_type":"authorization_code","client_id":"cli_other","client_secret":"s","code":")" +
                   foreign + "\"}"),
           20024);
    refuse(login.redeem(login.code(), R"(,"redirect_uri":"https://elsewhere.example.com")"), 20071);
    CHECK(login.redeem(login.code(), R"(,"redirect_uri":"https://p.example.com/cb")").code() == 0);
    refuse(login.token(R"("grant_type":"password")"), 20036);
    refuse(login.token(R"("code":"x")"), 20001);
    refuse(login.token(R"("grant_type":"authorization_code","code":"x")", "Authorization: Basic YTpi\r\n"),
           20070);
    refuse(login.connection.call("POST", "/open-apis/authen/v2/oauth/token", "not json"), 20063);
    refuse(login.redeem(login.code(), R"(,"scope":"offline_access")"), 20068);
}

TEST_CASE("feishu emulator: PKCE", "[emulator]") {
    FeishuServer server(fixedClock(), staff());
    Login login(server);
    // RFC 7636, appendix B.
    const std::string verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const std::string challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const std::string with = R"(,"code_verifier":")" + verifier + "\"";
    const std::string s256 = "&code_challenge_method=S256&code_challenge=" + challenge;
    CHECK(login.redeem(login.code(s256), with).code() == 0);
    CHECK(login.redeem(login.code(s256)).code() == 20049);
    CHECK(login.redeem(login.code(s256), R"(,"code_verifier":")" + challenge + "\"").code() == 20049);
    CHECK(login.redeem(login.code("&code_challenge=" + verifier), with).code() ==
          0);  // plain unless said otherwise
    CHECK(login.redeem(login.code("&code_challenge=short"), R"(,"code_verifier":"short")").code() == 20049);
}

TEST_CASE("feishu emulator: refresh tokens rotate", "[emulator]") {
    FeishuServer server(fixedClock(), staff());
    Login login(server);
    const auto first = login.redeem(login.code("&scope=offline_access"));
    CHECK(text(first, "scope") == "offline_access");
    CHECK(first.json().at("refresh_token_expires_in") == 604800);
    const auto refresh = [&](const std::string& token) {
        return login.token(R"("grant_type":"refresh_token","refresh_token":")" + token + "\"");
    };
    const auto second = refresh(text(first, "refresh_token"));
    CHECK(second.code() == 0);
    CHECK(refresh(text(first, "refresh_token")).code() == 20073);
    CHECK(refresh("nonsense").code() == 20026);
    CHECK(login.info(text(first, "access_token")).code() == 0);  // for one more minute
    server.advanceClock(std::chrono::minutes(1));
    CHECK(login.info(text(first, "access_token")).code() == 99991677);
    CHECK(login.info(text(second, "access_token")).code() == 0);
    server.advanceClock(std::chrono::hours(24 * 7));
    CHECK(refresh(text(second, "refresh_token")).code() == 20037);
}

TEST_CASE("feishu emulator: who may not log in", "[emulator]") {
    FeishuServer server(fixedClock(), staff());
    Login login(server);
    FeishuBehaviour behaviour;
    const std::string token = text(login.redeem(login.code()), "access_token");
    for (const char* id : {"m2", "m3"}) {
        behaviour.loginMemberId = id;
        server.setBehaviour(behaviour);
        CHECK(login.redeem(login.code()).code() == 20066);
    }
    Organisation next = staff();
    next.userList[0].status = 2;
    server.setOrganisation(next);
    CHECK(login.info(token).status == 200);
    CHECK(login.info(token).code() == 20021);
    next.userList[0].status = 1;
    next.userList[0].upstreamStatus = "frozen";
    server.setOrganisation(next);
    CHECK(login.info(token).code() == 20022);
    next.userList.erase(next.userList.begin());
    next.adminIds.clear();
    server.setOrganisation(next);
    CHECK(login.info(token).code() == 20008);

    CHECK(login.info("eyJnonsense").code() == 20005);
    emulator_test::App app(server);
    CHECK(login.info(app.current()).code() == 20005);
    CHECK(login.connection
              .call("GET", "/open-apis/contact/v3/departments/0/children", {},
                    "Authorization: Bearer " + token + "\r\n")
              .code() == 99991668);
}

TEST_CASE("feishu emulator: legacy login", "[emulator]") {
    FeishuServer server(fixedClock(), staff());
    Login login(server);
    emulator_test::App app(server);
    const auto redeem = [&](const std::string& code) {
        return app.post("/open-apis/authen/v1/oidc/access_token",
                        R"({"grant_type":"authorization_code","code":")" + code + "\"}");
    };
    const std::string code = login.code();
    const auto first = redeem(code);
    CHECK(first.code() == 0);
    const auto data = first.json().at("data");
    CHECK(data.at("access_token").as_string().starts_with("u-"));
    CHECK(login.info(data.at("access_token").as_string().c_str()).json().at("data").at("user_id") == "m1");
    CHECK(redeem(code).status == 200);
    CHECK(redeem(code).code() == 20003);
    const auto refresh = [&](const std::string& token) {
        return app.post("/open-apis/authen/v1/oidc/refresh_access_token",
                        R"({"grant_type":"refresh_token","refresh_token":")" + token + "\"}");
    };
    const std::string old(data.at("refresh_token").as_string());
    CHECK(login.token(R"("grant_type":"refresh_token","refresh_token":")" + old + "\"").code() ==
          20026);  // not interchangeable
    CHECK(refresh(old).code() == 0);
    CHECK(refresh(old).code() == 20007);
    CHECK(login.connection
              .call("POST", "/open-apis/authen/v1/oidc/access_token", "{}",
                    "Authorization: Bearer t-nonsense\r\n")
              .code() == 20014);
    const auto one = app.post("/open-apis/authen/v1/access_token",
                              R"({"grant_type":"authorization_code","code":")" + login.code() + "\"}")
                         .json()
                         .at("data");
    CHECK(one.at("open_id").as_string() == server.openUserId(kApp, "m1"));
    CHECK(one.as_object().contains("access_token"));
}

}  // namespace emulator_feishu_login_test
