#include <corps/auth/fs_auth.hpp>
#include <corps/context/context.hpp>
#include <corps/error/error.hpp>
#include <corps/testing/scripted_transport.hpp>
#include <corps/transport/channel.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace auth_fs_auth_test {
namespace {

using namespace corps;
using namespace std::chrono_literals;
using testing::ScriptedTransport;

static_assert(UpstreamAuth<FSAuth>);

constexpr std::string_view kSecretText = "s3cr3tExampleValue";

boost::json::object keys(std::string_view text) { return boost::json::parse(text).as_object(); }

class Rig {
public:
    Rig() : wire(net), auth(FSAuth::Config("cli_1", Secret(kSecretText))) {}

    IssuedToken token() { return context.run(auth.token(wire)); }
    Error tokenFailure(Response answer) {
        net.push(std::move(answer));
        try {
            (void)token();
        } catch (Error const& e) {
            return e;
        }
        FAIL("a token came");
        throw 0;
    }
    Identity identify(LoginCode code) { return context.run(auth.identify(wire, wire, std::move(code))); }
    std::optional<Error> loginFailure(LoginCode code) {
        try {
            (void)identify(std::move(code));
        } catch (Error const& e) {
            return e;
        }
        return std::nullopt;
    }

    Context context;
    ScriptedTransport net;
    Wire<ScriptedTransport> wire;
    FSAuth auth;
};

bool shows(Error const& e, std::string_view text) {
    Diagnostics const& d = e.diagnostics();
    for (std::string const& s :
         {std::string(e.what()), e.message(), d.upstreamMessage, d.place, d.endpoint, d.requestId}) {
        if (s.find(text) != std::string::npos) return true;
    }
    return false;
}

}  // namespace

TEST_CASE("fs auth: configuration", "[auth]") {
    FSAuth::Config const c =
        FSAuth::Config::fromJson(keys(R"({"appId":"cli_1","appSecret":"x"})"), "Acme.json");
    CHECK(c.baseUrl == "https://open.feishu.cn");
    CHECK(c.accountsBaseUrl == "https://accounts.feishu.cn");
    CHECK(c.userIdType == "open_id");
    CHECK(c.appSecret.equals("x"));

    FSAuth::Config const lark = FSAuth::Config::fromJson(
        keys(R"({"appId":"cli_1","appSecret":"x","baseUrl":"https://open.larksuite.com"})"), "Acme.json");
    CHECK(lark.accountsBaseUrl == "https://accounts.larksuite.com");
    CHECK(FSAuth(lark).authorizeUrl(LoginRequest("https://portal.example.com/cb")) ==
          "https://accounts.larksuite.com/open-apis/authen/v1/authorize?client_id=cli_1&response_type=code"
          "&redirect_uri=https%3A%2F%2Fportal.example.com%2Fcb");

    // A private deployment, the emulator: the login host is not guessed.
    FSAuth::Config const other = FSAuth::Config::fromJson(
        keys(
            R"({"authConfig":{"appId":"cli_1","appSecret":"x"},"baseUrl":"http://127.0.0.1:80/","userIdType":"user_id"})"),
        "");
    CHECK(other.baseUrl == "http://127.0.0.1:80");
    CHECK(other.accountsBaseUrl.empty());
    CHECK_THROWS_AS((void)FSAuth(other).authorizeUrl(LoginRequest()), Error);

    for (std::string_view const text :
         {R"({})", R"({"appId":"cli_1"})", R"({"appSecret":"x"})", R"({"appId":1,"appSecret":"x"})",
          R"({"appId":"cli_1","appSecret":"x","userIdType":"openid"})",
          R"({"appId":"cli_1","appSecret":"x","baseUrl":"http://example.com"})",
          R"({"appId":"cli_1","appSecret":"x","accountsBaseUrl":"https://accounts.larksuite.com"})",
          R"({"appId":"cli_1","appSecret":"x","baseUrl":"https://open.larksuite.com",
              "accountsBaseUrl":"https://accounts.feishu.cn"})"}) {
        CAPTURE(text);
        try {
            (void)FSAuth::Config::fromJson(keys(text), "Acme.json");
            FAIL("accepted");
        } catch (Error const& e) {
            CHECK(e.is(Errc::config));
            CHECK(e.diagnostics().place == "Acme.json");
        }
    }
}

TEST_CASE("fs auth: a token, and how long it is used", "[auth][coroutine]") {
    Rig rig;
    rig.net.push(Response(200, R"({"code":0,"msg":"ok","tenant_access_token":"t-1","expire":7200})"));
    IssuedToken t = rig.token();
    CHECK(t.value == "t-1");
    CHECK(t.lifetime == 110min);
    Request const q = rig.net.requests().at(0);
    CHECK(q.method == "POST");
    CHECK(q.url == "https://open.feishu.cn/open-apis/auth/v3/tenant_access_token/internal");
    CHECK(boost::json::parse(q.body) ==
          boost::json::parse(R"({"app_id":"cli_1","app_secret":"s3cr3tExampleValue"})"));
    CHECK(findHeader(q.headers, "content-type") == "application/json; charset=utf-8");

    // The platform repeats a token while 30 minutes remain: one fetched then must count as good for a while.
    for (int const left : {1800, 1860, 4567}) {
        rig.net.push(
            Response(200, R"({"code":0,"tenant_access_token":"t-1","expire":)" + std::to_string(left) + "}"));
        t = rig.token();
        CHECK(t.lifetime >= 20min);
        CHECK(t.lifetime <= std::chrono::seconds(left) - 10min);
    }
    rig.net.push(Response(200, R"({"code":0,"tenant_access_token":"t-1","expire":9})"));
    CHECK(rig.token().lifetime == 6s);
}

TEST_CASE("fs auth: refused credentials are named, never shown", "[auth][coroutine]") {
    Rig rig;
    Error e = rig.tokenFailure(Response(200, R"({"code":10014,"msg":"app secret invalid"})"));
    CHECK(e.is(Errc::authRejected));
    CHECK(e.message().find("appId or appSecret") != std::string::npos);
    CHECK(e.diagnostics().upstreamCode == 10014);
    CHECK(e.diagnostics().upstreamMessage == "app secret invalid");
}

TEST_CASE("fs auth: failures of the token call", "[auth][coroutine]") {
    struct Case {
        int status;
        std::string_view body;
        Errc errc;
    };
    for (Case const& c : std::vector<Case>{
             {200, R"({"code":10003,"msg":"invalid param","data":{}})", Errc::authRejected},
             {200, R"({"code":10015,"msg":"wrong app secret"})", Errc::authRejected},
             {200, R"({"code":99991673,"msg":""})", Errc::authRejected},
             {400, R"({"code":99991401,"msg":""})", Errc::authRejected},
             {200, R"({"code":10014,"msg":"echo s3cr3tExampleValue"})", Errc::authRejected},
             {200, R"({"code":2200,"msg":"internal error"})", Errc::transport},
             {429, R"({"code":99991400,"msg":""})", Errc::rateLimited},
             {429, "", Errc::rateLimited},
             {429, R"({"code":99991403,"msg":""})", Errc::upstream},
             {502, "<html>", Errc::transport},
             {200, "<html>", Errc::transport},
             {404, "<html>", Errc::protocol},
             {200, R"({"code":0,"msg":"ok"})", Errc::protocol},
             {200, R"({"code":0,"tenant_access_token":"","expire":7200})", Errc::protocol},
             {200, R"({"code":0,"tenant_access_token":"t-1"})", Errc::protocol},
             {200, R"({"code":0,"tenant_access_token":"t-1","expire":0})", Errc::protocol},
         }) {
        CAPTURE(c.status, c.body);
        Rig rig;
        Error const e = rig.tokenFailure(Response(c.status, std::string(c.body)));
        CHECK(e.code() == make_error_code(c.errc));
        CHECK(e.diagnostics().endpoint == "POST /open-apis/auth/v3/tenant_access_token/internal");
        CHECK_FALSE(shows(e, kSecretText));
        CHECK_FALSE(shows(e, "t-1"));
    }
}

TEST_CASE("fs auth: which answers reject the token", "[auth]") {
    FSAuth const auth(FSAuth::Config("cli_1", Secret(kSecretText)));
    for (int const status : {200, 400, 401}) {
        for (char const* code : {"99991663", "99991664", "99991665", "99991671"}) {
            CHECK(auth.tokenRejected(Response(status, std::string(R"({"msg":"","code":)") + code + "}")));
        }
    }
    CHECK_FALSE(auth.tokenRejected(
        Response(200, R"({"code":0,"data":{"items":[{"name":"99991663","code":99991663}]}})")));
    CHECK_FALSE(auth.tokenRejected(Response(400, R"({"code":99991672,"msg":"no permission"})")));
    CHECK_FALSE(auth.tokenRejected(Response(400, R"({"code":99991668,"msg":"user token"})")));
    CHECK_FALSE(auth.tokenRejected(Response(502, "99991663")));
    CHECK_FALSE(auth.tokenRejected(Response(200, "")));
}

TEST_CASE("fs auth: tokens are shared by host and application, among those who know its secret", "[auth]") {
    FSAuth::Config c("cli_1", Secret("xyzzy"));
    std::string const key = FSAuth(c).tokenKey();
    CHECK(FSAuth(c).tokenKey() == key);
    CHECK(key.find("xyzzy") == std::string::npos);
    c.appSecret = Secret("plugh");
    CHECK(FSAuth(c).tokenKey() != key);
    c.appSecret = Secret("xyzzy");
    c.baseUrl = "https://open.larksuite.com";
    CHECK(FSAuth(c).tokenKey() != key);
    Request q;
    FSAuth(c).attach(q, "t-1");
    CHECK(findHeader(q.headers, "Authorization") == "Bearer t-1");
}

TEST_CASE("fs auth: the login page", "[auth]") {
    FSAuth const auth(FSAuth::Config("cli_1", Secret("x")));
    LoginRequest r;
    r.redirectUri = "https://portal.example.com/cb?a=1&b=2";
    r.state = "s t";
    CHECK(auth.authorizeUrl(r) ==
          "https://accounts.feishu.cn/open-apis/authen/v1/authorize?client_id=cli_1&response_type=code"
          "&redirect_uri=https%3A%2F%2Fportal.example.com%2Fcb%3Fa%3D1%26b%3D2&state=s%20t");
    r.codeChallenge = "abc";
    r.scope = "auth:user.id:read offline_access";
    CHECK(
        auth.authorizeUrl(r).ends_with("&scope=auth%3Auser.id%3Aread%20offline_access&state=s%20t&code_"
                                       "challenge=abc&code_challenge_method=S256"));
}

TEST_CASE("fs auth: who logged in", "[auth][coroutine]") {
    Rig rig;
    rig.net.push(
        Response(200, R"({"code":0,"access_token":"u-secret","expires_in":7200,"token_type":"Bearer"})"));
    rig.net.push(Response(
        200,
        R"({"code":0,"msg":"success","data":{"name":"x","open_id":"ou_1","union_id":"on_1","tenant_key":"tk"}})"));
    LoginCode code("the-code");
    code.redirectUri = "https://portal.example.com/cb";
    code.codeVerifier = "verifier";
    Identity const who = rig.identify(code);
    CHECK(who.upstreamCorpId == "tk");
    CHECK(who.memberId == "ou_1");
    CHECK(who.openId == "ou_1");
    CHECK(who.unionId == "on_1");
    CHECK(
        boost::json::parse(rig.net.requests().at(0).body) ==
        boost::json::parse(
            R"({"grant_type":"authorization_code","client_id":"cli_1","client_secret":"s3cr3tExampleValue","code":"the-code",
                                 "redirect_uri":"https://portal.example.com/cb","code_verifier":"verifier"})"));
    CHECK(findHeader(rig.net.requests().at(1).headers, "Authorization") == "Bearer u-secret");
}

TEST_CASE("fs auth: a login that is refused", "[auth][coroutine]") {
    struct Case {
        int status;
        std::string_view body;
        Errc errc;
    };
    for (Case const& c : std::vector<Case>{
             {400, R"({"code":20003,"error":"invalid_grant","error_description":"not found"})",
              Errc::authRejected},
             {400, R"({"code":20065,"error":"invalid_grant"})", Errc::authRejected},
             {400, R"({"code":20010,"error":"x"})", Errc::refused},
             {400, R"({"code":20066,"error":"x"})", Errc::refused},
             {400, R"({"code":20046,"error":"x"})", Errc::config},
             {400, R"({"code":20002,"error":"invalid_client"})", Errc::config},
             {400, R"({"code":20071,"error":"x"})", Errc::invalidArgument},
             {500, R"({"code":20050,"error":"server_error"})", Errc::transport},
             {503, R"({"code":20072,"error":"x"})", Errc::transport},
             {502, "<html>", Errc::transport},
         }) {
        CAPTURE(c.body);
        Rig rig;
        rig.net.push(Response(c.status, std::string(c.body)));
        std::optional<Error> const e = rig.loginFailure(LoginCode("the-code"));
        REQUIRE(e);
        CHECK(e->code() == make_error_code(c.errc));
        CHECK_FALSE(shows(*e, kSecretText));
        CHECK_FALSE(shows(*e, "the-code"));
        CHECK(rig.net.calls() == 1);
    }
    for (auto const& [body, errc] : std::vector<std::pair<std::string_view, Errc>>{
             {R"({"code":20008,"msg":"not exist"})", Errc::refused},
             {R"({"code":20021,"msg":"resigned"})", Errc::refused},
             {R"({"code":20022,"msg":"frozen"})", Errc::refused},
             {R"({"code":20023,"msg":"not registered"})", Errc::refused},
             {R"({"code":20005,"msg":""})", Errc::authRejected}}) {
        CAPTURE(body);
        Rig rig;
        rig.net.push(Response(200, R"({"code":0,"access_token":"u-secret"})"));
        rig.net.push(Response(200, std::string(body)));
        std::optional<Error> const e = rig.loginFailure(LoginCode("the-code"));
        REQUIRE(e);
        CHECK(e->code() == make_error_code(errc));
        CHECK_FALSE(shows(*e, "u-secret"));
    }
    // A kind of login that Feishu does not have: nothing is sent.
    Rig rig;
    LoginCode other("the-code");
    other.kind = "qr";
    std::optional<Error> const e = rig.loginFailure(other);
    REQUIRE(e);
    CHECK(e->is(Errc::invalidArgument));
    CHECK(rig.net.calls() == 0);
    LoginRequest page("https://portal.example.com/cb");
    page.kind = "qr";
    CHECK_THROWS_AS((void)rig.auth.authorizeUrl(page), Error);
}

}  // namespace auth_fs_auth_test
