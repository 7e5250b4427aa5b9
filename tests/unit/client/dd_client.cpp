#include <corps/auth/authorized.hpp>
#include <corps/auth/dd_auth.hpp>
#include <corps/client/dd_client.hpp>
#include <corps/context/context.hpp>
#include <corps/error/error.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/testing/scripted_transport.hpp>
#include <corps/types.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <support/pull_sink.hpp>
#include <utility>
#include <vector>

namespace client_dd_client_test {
namespace {

using namespace corps;
using namespace std::chrono_literals;
using support::decoded;
using support::PullSink;
using testing::ManualClock;
using testing::ScriptedTransport;
namespace json = boost::json;

static_assert(ClientPolicy<DDInnerClient>);
static_assert(UpstreamAuth<DDAuth>);

using Strings = std::vector<std::string>;

json::object parsed(std::string_view text) { return json::parse(text).as_object(); }

Response answer(json::value result) {
    json::object o;
    o["errcode"] = 0;
    o["errmsg"] = "ok";
    o["result"] = std::move(result);
    o["request_id"] = "r1";
    return {200, json::serialize(o)};
}
Response refusal(std::int64_t code) {
    return {200, R"({"errcode":)" + std::to_string(code) + R"(,"errmsg":"refused","request_id":"r2"})"};
}
Response wrapped(std::string const& code, std::string const& text = "refused") {
    json::object o;
    o["errcode"] = 88;
    o["sub_code"] = code;
    o["sub_msg"] = text;
    o["errmsg"] = "ding talk error[subcode=" + code + ",submsg=" + text + "]";
    o["request_id"] = "r3";
    return {200, json::serialize(o)};
}

// A platform with an organisation, as small as the client's view of it.
class Platform {
public:
    Platform() {
        net.on("POST /v1.0/oauth2/accessToken", [this](Request const& q) {
            json::object const body = parsed(q.body);
            CHECK(body.at("appKey") == "key1");
            if (body.at("appSecret") != "s3cret")
                return Response(
                    400, R"({"code":"invalidClientIdOrSecret","requestid":"x","message":"无效的 s3cre?"})");
            token = "t" + std::to_string(++tokens);
            return Response(200, R"({"accessToken":")" + token + R"(","expireIn":7200})");
        });
        on("GET /auth/scopes", [this](Request const&) {
            json::object o = parsed(R"({"errcode":0,"errmsg":"ok","auth_user_field":["mobile","email"]})");
            json::object range;
            range["authed_dept"] = scopeDepts;
            range["authed_user"] = scopeUsers;
            o["auth_org_scopes"] = std::move(range);
            return Response(200, json::serialize(o));
        });
        on("POST /topapi/v2/department/get", [this](Request const& q) {
            auto const it = depts.find(parsed(q.body).at("dept_id").as_int64());
            if (it == depts.end()) return refusal(60003);
            json::object o = it->second;
            o["order"] = it->first * 10;
            o["dept_manager_userid_list"] = json::array{"boss"};
            return answer(std::move(o));
        });
        on("POST /topapi/v2/department/listsub", [this](Request const& q) {
            std::int64_t const parent = parsed(q.body).at("dept_id").as_int64();
            json::array out;
            for (auto const& [id, dept] : depts) {
                json::value const* const up = dept.if_contains("parent_id");
                if (up != nullptr && *up == parent) out.emplace_back(dept);
            }
            return answer(std::move(out));
        });
        on("POST /topapi/v2/user/list", [this](Request const& q) {
            json::object const body = parsed(q.body);
            CHECK(body.at("contain_access_limit") == true);
            auto const& all = users[body.at("dept_id").as_int64()];
            std::size_t const from = static_cast<std::size_t>(body.at("cursor").as_int64());
            std::size_t const size = static_cast<std::size_t>(body.at("size").as_int64());
            json::array list;
            for (std::size_t i = from; i < std::min(all.size(), from + size); ++i) list.emplace_back(all[i]);
            json::object result;
            result["has_more"] = from + size < all.size();
            if (from + size < all.size()) result["next_cursor"] = from + size;
            if (!list.empty() || !omitEmpty) result["list"] = std::move(list);
            return answer(std::move(result));
        });
        on("POST /topapi/v2/user/get", [this](Request const& q) {
            auto const it = singles.find(std::string(parsed(q.body).at("userid").as_string()));
            return it == singles.end() ? refusal(60121) : it->second;
        });
        on("POST /topapi/role/list", [](Request const& q) {
            std::int64_t const offset = parsed(q.body).at("offset").as_int64();
            // The second page is not where the first one's size would put it.
            if (offset == 0)
                return Response(200, R"({"errcode":0,"result":{"hasMore":true,"nextCursor":150,"list":[
                    {"groupId":7,"name":"职务","roles":[{"id":71,"name":"Architect"}]}]},"request_id":"r"})");
            CHECK(offset == 150);
            return Response(200, R"({"errcode":0,"result":{"hasMore":false,"list":[
                {"groupId":7,"name":"职务","roles":[{"id":72,"name":"Clerk"}]},{"groupId":8,"name":"空"}]}})");
        });
        on("POST /topapi/role/simplelist", [](Request const& q) {
            json::object const body = parsed(q.body);
            std::int64_t const offset = body.at("offset").as_int64();
            if (body.at("role_id").as_int64() == 72) return refusal(33011);
            json::object result;
            result["hasMore"] = offset == 0;
            result["list"] = json::array{json::object{{"userid", offset == 0 ? "a1" : "a2"}, {"name", "n"}}};
            return answer(std::move(result));
        });
        on("POST /topapi/user/listadmin",
           [](Request const&) { return answer(json::parse(R"([{"sys_level":1,"userid":"boss"}])")); });
    }

    // Behind the token check, and possibly failing.
    void on(std::string const& endpoint, std::function<Response(Request const&)> f) {
        net.on(endpoint, [this, f = std::move(f), endpoint](Request const& q) {
            if (q.url.find("access_token=" + token) == std::string::npos)
                return wrapped("40014", "不合法的access_token");
            if (intercept)
                if (std::optional<Response> r = intercept(q)) return std::move(*r);
            return f(q);
        });
    }

    void dept(std::int64_t id, std::int64_t parent, std::string_view name) {
        json::object o;
        o["dept_id"] = id;
        o["name"] = name;
        if (parent != 0) o["parent_id"] = parent;
        depts[id] = std::move(o);
    }
    void user(std::string_view id, json::array in) {
        for (json::value const& d : in) {
            json::object o;
            o["userid"] = id;
            o["unionid"] = "un-" + std::string(id);
            o["name"] = "N";
            o["dept_id_list"] = in;
            o["leader"] = false;
            users[d.as_int64()].push_back(std::move(o));
        }
    }

    ScriptedTransport net;
    std::map<std::int64_t, json::object> depts;
    std::map<std::int64_t, std::vector<json::object>> users;
    std::map<std::string, Response> singles;
    json::array scopeDepts{1};
    json::array scopeUsers;
    bool omitEmpty = false;
    int tokens = 0;
    std::string token;
    std::function<std::optional<Response>(Request const&)> intercept;
};

class Rig {
public:
    explicit Rig(std::string_view more = "", std::string_view secret = "s3cret")
        : context(options(clock)),
          channel(context, std::make_shared<Wire<ScriptedTransport>>(platform.net), DDAuth(config(secret))),
          api(channel, ClientEnvironment(context, "corps.Acme",
                                         parsed(R"({"corpId": "ding1", "agentId": 7, "appKey": "key1")" +
                                                std::string(more) + "}"))) {
        platform.dept(1, 0, "Acme");
        platform.dept(10, 1, "Sales");
        platform.dept(11, 10, "East");
        platform.dept(20, 1, "Works");
        platform.user("boss", {1});
        platform.user("a1", {10, 11});
        platform.user("a2", {11});
    }

    static DDAuth::Config config(std::string_view secret) {
        json::object keys = parsed(R"({"corpId": "ding1", "agentId": 7, "appKey": "key1"})");
        keys["appSecret"] = secret;
        return DDAuth::Config::fromJson(keys, "corps.Acme");
    }
    void pull() { proof = context.run(api.pull(sink, PullOptions())); }
    std::optional<Error> failure() {
        try {
            pull();
        } catch (Error const& e) {
            return e;
        }
        return std::nullopt;
    }
    void fail(std::string endpoint, std::string inBody, Response r, int times = 1000) {
        auto const left = std::make_shared<int>(times);
        platform.intercept = [=](Request const& q) -> std::optional<Response> {
            if (q.endpoint == endpoint && q.body.find(inBody) != std::string::npos && (*left)-- > 0) return r;
            return std::nullopt;
        };
    }
    static ContextOptions options(std::shared_ptr<ManualClock> const& clock) {
        ContextOptions out;
        clock->autoAdvance();
        out.clock = clock;
        return out;
    }

    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    Platform platform;
    Context context;
    Authorized<DDAuth> channel;
    DDInnerClient::Api api;
    PullSink sink;
    PullProof proof;
};

PageShape const& shape(std::string_view name) {
    for (PageShape const& s : DDInnerClient::Api::shapes())
        if (s.name == name) return s;
    throw std::runtime_error("no such shape");
}

}  // namespace

TEST_CASE("dd_client: a whole organisation in the documented calls", "[client]") {
    Rig rig;
    rig.platform.dept(-7, 1, "school");
    rig.platform.omitEmpty = GENERATE(false, true);
    rig.pull();
    CHECK(rig.proof.fullScope);
    CHECK(rig.proof.corpName == "Acme");
    CHECK(rig.proof.upstreamCorpId == "ding1");
    CHECK(rig.sink.sorted("departments") == Strings{"10", "11", "20"});
    CHECK(rig.sink.sorted("members 1") == Strings{"boss"});
    CHECK(rig.sink.sorted("members 10") == Strings{"a1"});
    CHECK(rig.sink.sorted("members 11") == Strings{"a1", "a2"});
    CHECK(rig.sink.complete("members 20"));
    CHECK(rig.sink.complete("departments"));
    CHECK(rig.sink.complete("visible"));
    CHECK(rig.sink.sorted("roles") == Strings{"7", "7", "8"});
    CHECK(rig.sink.sorted("role 71") == Strings{"a1", "a2"});
    CHECK(rig.sink.sorted("admins") == Strings{"boss"});
    // Somebody deleted a role meanwhile: nothing of it is known.
    CHECK(rig.sink.incomplete("role 72"));
    // 1 token, 1 range, 1 root, 4 lists of departments, 4 of members, 2 of roles, 2 + 1 of their members, 1
    // of administrators.
    CHECK(rig.platform.net.calls() == 1 + 1 + 1 + 4 + 4 + 2 + 3 + 1);
    CHECK(rig.proof.calls == rig.platform.net.calls() - 1);
}

TEST_CASE("dd_client: pages of a hundred", "[client]") {
    for (auto const& [n, calls] :
         {std::pair(99, 1), std::pair(100, 1), std::pair(101, 2), std::pair(250, 3)}) {
        Rig rig;
        rig.platform.users[20].clear();
        for (int i = 0; i < n; ++i) rig.platform.user("u" + std::to_string(i), {20});
        rig.pull();
        CHECK(rig.sink.ids["members 20"].size() == static_cast<std::size_t>(n));
        CHECK(rig.platform.net.calls("POST /topapi/v2/user/list") == static_cast<std::size_t>(3 + calls));
    }
}

TEST_CASE("dd_client: a part of an organisation", "[client]") {
    Rig rig;
    rig.platform.scopeDepts = {11, 10};
    rig.platform.scopeUsers = {"lone", "gone", "hidden"};
    rig.platform.singles["lone"] = answer(json::parse(R"({"userid":"lone","name":"L","dept_id_list":[99]})"));
    rig.platform.singles["hidden"] = refusal(50002);
    rig.pull();
    CHECK_FALSE(rig.proof.fullScope);
    CHECK(rig.proof.visibleRoots == Strings{"10", "11"});
    CHECK(rig.sink.sorted("departments") == Strings{"10", "11"});
    CHECK(rig.sink.ids["visible"] == Strings{"lone"});
    CHECK(rig.sink.incomplete("visible"));  // hidden could not be read; gone has left
    REQUIRE(rig.proof.faults.size() == 2);  // with role 72
    CHECK(rig.sink.sorted("members 11") == Strings{"a1", "a2"});

    rig.platform.singles["left"] = refusal(60121);
    CHECK(rig.context.run(rig.api.explainAbsence({"left", "hidden", "lone"})) ==
          std::vector<Absence>{Absence::left, Absence::outOfScope, Absence::unknown});
}

TEST_CASE("dd_client: details of departments and of who has several", "[client]") {
    Rig rig(R"(, "detail": "full")");
    rig.platform.singles["a1"] = answer(json::parse(
        R"({"userid":"a1","dept_position_list":[{"dept_id":10,"is_main":false},{"dept_id":11,"is_main":true}]})"));
    bool const failing = GENERATE(false, true);
    if (failing) rig.fail("POST /topapi/v2/department/get", "20", refusal(400002));
    rig.pull();
    CHECK(rig.platform.net.calls("POST /topapi/v2/user/get") == 1);
    CHECK(rig.sink.complete("departments"));
    CHECK(rig.proof.faults.size() == (failing ? 2 : 1));
    bool sawMain = false;
    bool sawDept = false;
    for (PullSink::Stored const& s : rig.sink.stored) {
        Strings const rows = decoded(rig.api, *s.shape, s.listing, s.bytes);
        if (s.listing == Listing{ListingKind::deptMembers, "11"} && rows[0].starts_with("member(a1"))
            sawMain = rows[1] == "deptMember(11,a1,?,1)";
        if (s.listing.kind == ListingKind::departments && rows[0].starts_with("dept(20")) {
            sawDept = true;
            CHECK(rows == (failing ? Strings{"dept(20,1,Works,?)", "leader(20,?,?,?)"}
                                   : Strings{"dept(20,1,Works,200)", "leader(20,boss,1,0)"}));
        }
    }
    CHECK(sawMain);
    CHECK(sawDept);
}

TEST_CASE("dd_client: what fails", "[client]") {
    SECTION("below the root: only that part is unknown") {
        Rig rig;
        rig.fail("POST /topapi/v2/department/listsub", ":10}", refusal(60003));
        rig.pull();
        CHECK(rig.sink.incomplete("departments"));
        CHECK(rig.sink.complete("members 20"));
        CHECK_FALSE(rig.sink.finished.contains("members 11"));
    }
    SECTION("the root's list: nothing is") {
        Rig rig;
        rig.fail("POST /topapi/v2/department/listsub", ":1}", refusal(400002));
        REQUIRE(rig.failure());
    }
    SECTION("a permission, by its name") {
        Rig rig;
        rig.fail(
            "POST /topapi/v2/user/list", "",
            wrapped("60011", "应用尚未开通所需的权限：[x], {requiredScopes=[qyapi_get_department_member]}"));
        std::optional<Error> const e = rig.failure();
        REQUIRE(e);
        CHECK(e->is(Errc::permissionDenied));
        CHECK(e->message().find("qyapi_get_department_member") != std::string::npos);
        CHECK(e->diagnostics().upstreamCode == 60011);
        CHECK(e->diagnostics().requestId == "r3");
    }
    SECTION("a limit of rate passes") {
        Rig rig;
        rig.fail("POST /topapi/v2/user/list", "", wrapped("90018", "请求总次数超过 20 次"), 3);
        rig.pull();
        CHECK(rig.sink.sorted("members 11") == Strings{"a1", "a2"});
    }
    SECTION("a page of a wall in between") {
        Rig rig;
        rig.fail("POST /topapi/v2/user/list", ":11", Response(200, "<html>"));
        rig.pull();
        CHECK(rig.sink.incomplete("members 11"));
    }
    SECTION("success without a result") {
        Rig rig;
        rig.fail("POST /topapi/v2/user/list", ":11", Response(200, R"({"errcode":0,"errmsg":"ok"})"));
        rig.pull();
        CHECK(rig.sink.incomplete("members 11"));
    }
    SECTION("a cursor that repeats, and one that is missing") {
        Rig rig;
        rig.fail("POST /topapi/v2/user/list", ":11",
                 answer(json::parse(R"({"has_more":true,"next_cursor":1,"list":[{"userid":"z"}]})")));
        rig.pull();
        CHECK(rig.sink.incomplete("members 11"));
        CHECK(rig.platform.net.calls("POST /topapi/v2/user/list") == 3 + 2);
        Rig other;
        other.fail("POST /topapi/v2/user/list", ":11", answer(json::parse(R"({"has_more":true,"list":[]})")));
        other.pull();
        CHECK(other.sink.incomplete("members 11"));
    }
    SECTION("lists of roles that go on with the same page for ever") {
        Rig rig;
        std::string const endpoint = GENERATE("POST /topapi/role/list", "POST /topapi/role/simplelist");
        bool const list = endpoint.ends_with("role/list");
        rig.fail(endpoint, "",
                 list ? answer(json::parse(R"({"hasMore":true,"list":[{"groupId":7,"roles":[{"id":71}]}]})"))
                      : answer(json::parse(R"({"hasMore":true,"list":[{"userid":"a1"}]})")));
        rig.pull();
        CHECK(rig.sink.incomplete(list ? "roles" : "role 71"));
        if (list)
            CHECK_THROWS_AS(rig.context.run(rig.api.role().list()), Error);
        else
            CHECK_THROWS_AS(rig.context.run(rig.api.role().members("71")), Error);
        CHECK(rig.platform.net.calls(endpoint) < 10);
    }
    SECTION("an old token is renewed once") {
        Rig rig;
        rig.pull();
        int const before = rig.platform.tokens;
        rig.platform.token = "another";
        rig.sink = PullSink();
        rig.pull();
        CHECK(rig.platform.tokens == before + 1);
        CHECK(rig.sink.complete("members 11"));
    }
    SECTION("a wrong secret") {
        Rig rig("", "wrong");
        std::optional<Error> const e = rig.failure();
        REQUIRE(e);
        CHECK(e->is(Errc::authRejected));
        CHECK(std::string(e->what()).find("wrong") == std::string::npos);
    }
}

TEST_CASE("dd_client: what answers mean", "[client]") {
    auto const verdict = [](Response const& r) {
        json::object const o = parsed(r.body);
        return classifyDingTalk(r, &o);
    };
    CHECK(verdict(Response(200, R"({"errcode":0})")).outcome == Outcome::ok);
    CHECK(verdict(refusal(-1)).outcome == Outcome::transient);
    CHECK(verdict(wrapped("40014")).errc == Errc::authRejected);
    CHECK(verdict(Response(200, R"({"errcode":88,"sub_code":60020})")).errc == Errc::permissionDenied);
    CHECK(verdict(Response(200, R"({"errcode":88,"errmsg":"x[subcode=60011,submsg=y]"})")).errc ==
          Errc::permissionDenied);
    CHECK(verdict(refusal(60121)).errc == Errc::notFound);
    CHECK(verdict(wrapped("90020")).outcome == Outcome::failed);
    CHECK(verdict(Response(200, R"({"status":1111,"wait":5,"punish":"deny"})")).errc == Errc::rateLimited);
    CHECK(verdict(Response(200, R"({"hello":1})")).outcome == Outcome::transient);
    Verdict const slow = verdict(wrapped("90002",
                                         "apiPath(x), 从 2026-09-03 23:59:58 到 2026-09-03 23:59:59 "
                                         "请求总次数超过 1200 次, 限制将在 2026-09-04 00:00:09 结束."));
    CHECK(slow.outcome == Outcome::throttled);
    CHECK(slow.wait == Duration(10s));

    auto const v1 = [](int status, std::string_view body) {
        json::object const o = parsed(body);
        return classifyDingTalkV1(Response(status, std::string(body)), &o);
    };
    CHECK(v1(200, R"({"orgName":"x"})").outcome == Outcome::ok);
    CHECK(v1(400, R"({"code":"InvalidAuthentication","message":"m","requestid":"q"})").errc ==
          Errc::authRejected);
    Verdict const denied = v1(403, R"({"code":"Forbidden.AccessDenied.AccessTokenPermissionDenied",
        "requestid":"q","message":"m","accessdenieddetail":{"requiredScopes":["Contact.Org.Read"]}})");
    CHECK(denied.errc == Errc::permissionDenied);
    CHECK(denied.missingPermissions == Strings{"Contact.Org.Read"});
    CHECK(denied.requestId == "q");
    CHECK(v1(403, R"({"Code":"Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"})").outcome ==
          Outcome::throttled);
    CHECK(v1(500, R"({"code":"system.error"})").outcome == Outcome::transient);
}

TEST_CASE("dd_client: what records become", "[client]") {
    Rig rig;
    Listing const sales{ListingKind::deptMembers, "10"};
    CHECK(
        decoded(
            rig.api, shape("dingtalk.user"), sales,
            R"({"userid":"0115","unionid":"un","name":"林","state_code":"86","mobile":"13900000002","email":"",
                      "avatar":"p","job_number":"E2","title":"Lead","active":false,"hired_date":1597573616828,
                      "dept_id_list":[10,1],"dept_order":176188733616559512,"leader":true,"admin":true})") ==
        Strings{"member(0115,林,+8613900000002,,p,?,E2,Lead,1,unactivated,2020-08-16,0115,?,un)",
                "deptMember(10,0115,-176188733616559512,?)", "leader(10,0115,2,?)"});
    // Not granted: no mobile, or an empty one; nothing is said of leaders.
    CHECK(decoded(rig.api, shape("dingtalk.user"), sales,
                  R"({"userid":"u","name":"","mobile":"","dept_id_list":[10],"dept_order":"5"})") ==
          Strings{"member(u,,?,?,?,?,?,?,1,?,?,u,?,?)", "deptMember(10,u,-5,1)", "leader(10,u,?,?)"});
    CHECK(
        decoded(
            rig.api, shape("dingtalk.user"), sales,
            R"({"userid":"u","state_code":"1","mobile":"2025550123","leader":false,"dept_id_list":[10]})")[0]
            .starts_with("member(u,?,+12025550123"));
    CHECK(decoded(rig.api, shape("dingtalk.department"), Listing{},
                  R"({"dept_id":"500000001","name":"x","parent_id":1})") == Strings{"dept(500000001,1,x,?)"});
    CHECK(decoded(rig.api, shape("dingtalk.role_group"), Listing{ListingKind::roles, ""},
                  R"({"groupId":7,"name":"g","roles":[{"id":71,"name":"r"}]})") ==
          Strings{"roleGroup(7,g)", "role(71,7,r)"});
    CHECK_THROWS_AS(decoded(rig.api, shape("dingtalk.user"), sales, R"({"name":"x"})"), Error);
    CHECK_THROWS_AS(decoded(rig.api, shape("dingtalk.user"), sales, R"({"userid":)"), Error);
}

TEST_CASE("dd_client: calls by name and by path", "[client]") {
    Rig rig;
    rig.platform.singles["a1"] = answer(json::parse(R"({"userid":"a1","name":"N"})"));
    CHECK(rig.context.run(rig.api.department().list()).size() == 3);
    CHECK(rig.context.run(rig.api.department().list("10", false)).size() == 1);
    CHECK(rig.context.run(rig.api.department().get("10")).at("order") == 100);
    CHECK(rig.context.run(rig.api.user().list("11")).size() == 2);
    CHECK(rig.context.run(rig.api.user().get("a1")).at("name") == "N");
    CHECK_THROWS_AS(rig.context.run(rig.api.user().get("nobody")), CallError);
    CHECK(rig.context.run(rig.api.role().members("71")).size() == 2);
    rig.platform.net.on("GET /v1.0/contact/organizations/authInfos", [&](Request const& q) {
        CHECK(q.url == "https://api.dingtalk.com/v1.0/contact/organizations/authInfos?targetCorpId=ding1");
        CHECK(findHeader(q.headers, "x-acs-dingtalk-access-token") == rig.platform.token);
        return Response(200, R"({"orgName":"Acme"})");
    });
    Query query;
    query.add("targetCorpId", "ding1");
    CHECK(rig.context.run(rig.api.get("/v1.0/contact/organizations/authInfos", query)).at("orgName") ==
          "Acme");
}

TEST_CASE("dd_auth: keys", "[auth]") {
    auto const read = [](std::string_view text) { return DDAuth::Config::fromJson(parsed(text), "f.json"); };
    DDAuth::Config const plain =
        read(R"({"authConfig":{"corpId":"c","agentId":"1","appKey":"k","appSecret":"s"}})");
    CHECK(plain.baseUrl == "https://oapi.dingtalk.com");
    CHECK(plain.apiBaseUrl == "https://api.dingtalk.com");
    CHECK(plain.agentId == "1");
    DDAuth::Config const local =
        read(R"({"corpId":"c","agentId":5,"appKey":"k","appSecret":"s","baseUrl":"http://127.0.0.1:1/"})");
    CHECK(local.apiBaseUrl == "http://127.0.0.1:1");
    CHECK(local.agentId == "5");
    CHECK(local.accountsBaseUrl.empty());
    CHECK_THROWS_AS(read(R"({"corpId":"c","appKey":"k","appSecret":"s"})"), Error);
    CHECK_THROWS_AS(read(R"({"corpId":"c","agentId":1,"appKey":"k"})"), Error);
}

TEST_CASE("dd_auth: who logs in", "[auth]") {
    Rig rig;
    DDAuth const auth(Rig::config("s3cret"));
    LoginRequest page("https://app.example.com/cb");
    page.state = "x y";
    CHECK(auth.authorizeUrl(page) ==
          "https://login.dingtalk.com/oauth2/"
          "auth?redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&response_type=code"
          "&client_id=key1&scope=openid&state=x%20y&prompt=consent");
    page.kind = DDAuth::kWorkbench;
    CHECK_THROWS_AS(auth.authorizeUrl(page), Error);

    Wire<ScriptedTransport> wire(rig.platform.net);
    auto const identify = [&](LoginCode code) {
        return rig.context.run(auth.identify(wire, rig.channel, std::move(code)));
    };

    rig.platform.on("POST /topapi/v2/user/getuserinfo", [](Request const& q) {
        if (parsed(q.body).at("code") != "good") return refusal(40078);
        return answer(json::parse(R"({"userid":"a1","unionid":"un-a1","sys":false,"sys_level":0})"));
    });
    LoginCode inside("good");
    inside.kind = DDAuth::kWorkbench;
    Identity const worker = identify(inside);
    CHECK(worker.memberId == "a1");
    CHECK(worker.unionId == "un-a1");
    inside.code = "used";
    try {
        identify(inside);
        FAIL("a used code");
    } catch (Error const& e) {
        CHECK(e.is(Errc::authRejected));
    }

    rig.platform.net.on("POST /v1.0/oauth2/userAccessToken", [](Request const& q) {
        json::object const body = parsed(q.body);
        CHECK(body.at("grantType") == "authorization_code");
        if (body.at("code") == "elsewhere")
            return Response(200,
                            R"({"accessToken":"ut","refreshToken":"r","expireIn":7200,"corpId":"ding9"})");
        if (body.at("code") != "good" && body.at("code") != "external")
            return Response(400,
                            R"({"code":"invalidParameter.authCode.notFound","requestid":"q","message":"m"})");
        return Response(200, R"({"accessToken":"ut-)" + std::string(body.at("code").as_string()) +
                                 R"(","refreshToken":"r","expireIn":7200})");
    });
    rig.platform.net.on("GET /v1.0/contact/users/me", [](Request const& q) {
        std::string_view const token = findHeader(q.headers, "x-acs-dingtalk-access-token");
        return Response(
            200, R"({"nick":"L","unionId":"un-)" + std::string(token.substr(3)) + R"(","openId":"o"})");
    });
    rig.platform.on("POST /topapi/user/getbyunionid", [](Request const& q) {
        if (parsed(q.body).at("unionid") == "un-external")
            return answer(json::parse(R"({"contact_type":1,"userid":"ext"})"));
        return answer(json::parse(R"({"contact_type":0,"userid":"a1"})"));
    });
    Identity const browser = identify(LoginCode("good"));
    CHECK(browser.memberId == "a1");
    CHECK(browser.openId == "o");
    for (auto const& [text, errc] :
         {std::pair("bad", Errc::authRejected), std::pair("external", Errc::refused),
          std::pair("elsewhere", Errc::refused)}) {
        try {
            identify(LoginCode(text));
            FAIL(text);
        } catch (Error const& e) {
            CHECK(e.is(errc));
        }
    }
    LoginCode strange("good");
    strange.kind = "fax";
    CHECK_THROWS_AS(identify(strange), Error);
}

}  // namespace client_dd_client_test
