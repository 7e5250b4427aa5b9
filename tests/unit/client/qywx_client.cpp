#include <corps/auth/authorized.hpp>
#include <corps/auth/qywx_auth.hpp>
#include <corps/client/qywx_client.hpp>
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

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <support/pull_sink.hpp>
#include <utility>
#include <vector>

namespace client_qywx_client_test {
namespace {

using namespace corps;
using namespace std::chrono_literals;
using support::decoded;
using support::PullSink;
using testing::ManualClock;
using testing::ScriptedTransport;
namespace json = boost::json;

static_assert(ClientPolicy<QywxInnerClient>);
static_assert(UpstreamAuth<QywxAuth>);

using Strings = std::vector<std::string>;

json::object parsed(std::string_view text) { return json::parse(text).as_object(); }

Response refusal(std::int64_t code) {
    return {200, R"({"errcode":)" + std::to_string(code) +
                     R"(,"errmsg":"refused, hint: [1686402237354962763423746], from ip: 203.0.113.7"})"};
}

std::string parameter(Request const& q, std::string const& name) {
    for (char const lead : {'?', '&'}) {
        std::size_t const at = q.url.find(lead + name + "=");
        if (at == std::string::npos) continue;
        std::size_t const from = at + name.size() + 2;
        return q.url.substr(from, q.url.find('&', from) - from);
    }
    return {};
}

// A platform with an organisation, as small as the client's view of it.
class Platform {
public:
    Platform() {
        net.on("GET /cgi-bin/gettoken", [this](Request const& q) {
            std::string const secret = parameter(q, "corpsecret");
            if (secret == "wrong") return refusal(40001);
            std::string const token = (secret == "contact" ? "c" : "t") + std::to_string(++tokens);
            valid.insert(token);
            return Response(
                200, R"({"errcode":0,"errmsg":"ok","access_token":")" + token + R"(","expires_in":7200})");
        });
        on("GET /cgi-bin/agent/get", [this](Request const& q) {
            if (parameter(q, "agentid") != "1000002") return refusal(301002);
            return Response(200, json::serialize(agent));
        });
        on("GET /cgi-bin/department/list", [this](Request const&) { return list("department", depts); });
        on("GET /cgi-bin/department/simplelist", [this](Request const&) {
            json::array out;
            for (json::value v : depts) {
                v.as_object().erase("name");
                v.as_object().erase("department_leader");
                out.push_back(std::move(v));
            }
            return list("department_id", out);
        });
        on("GET /cgi-bin/department/get", [this](Request const& q) {
            for (json::value const& v : depts)
                if (std::to_string(v.at("id").as_int64()) == parameter(q, "id")) {
                    json::object o = parsed(R"({"errcode":0,"errmsg":"ok"})");
                    o["department"] = v;
                    return Response(200, json::serialize(o));
                }
            return refusal(60003);
        });
        on("GET /cgi-bin/user/list", [this](Request const& q) {
            std::string const dept = parameter(q, "department_id");
            bool const recursive = parameter(q, "fetch_child") == "1" && !ignoreRecursion;
            if (parameter(q, "fetch_child") == "1" && tooLarge.contains(dept)) return refusal(45029);
            if (parameter(q, "fetch_child") == "1" && refuseRecursion) return refusal(40058);
            json::array out;
            for (json::value const& u : users)
                for (json::value const& d : u.at("department").as_array())
                    if (std::to_string(d.as_int64()) == dept || (recursive && below(d.as_int64(), dept))) {
                        out.push_back(u);
                        break;
                    }
            return list("userlist", out);
        });
        on("GET /cgi-bin/user/get", [this](Request const& q) {
            auto const it = singles.find(parameter(q, "userid"));
            return it == singles.end() ? refusal(60111) : it->second;
        });
        on("POST /cgi-bin/user/list_id", [this](Request const& q) {
            if (parameter(q, "access_token").front() != 'c') return refusal(48002);
            json::object const body = parsed(q.body);
            CHECK(body.at("limit") == 10'000);
            bool const second = body.contains("cursor");
            json::array out;
            std::size_t n = 0;
            for (json::value const& u : users)
                for (json::value const& d : u.at("department").as_array())
                    if ((n++ < 2) != second)
                        out.emplace_back(json::object{{"userid", u.at("userid")}, {"department", d}});
            json::object o = parsed(R"({"errcode":0,"errmsg":"ok"})");
            o["next_cursor"] = second ? "" : "next";
            o["dept_user"] = std::move(out);
            return Response(200, json::serialize(o));
        });
        on("GET /cgi-bin/tag/list", [this](Request const&) { return list("taglist", tags); });
        on("GET /cgi-bin/tag/get", [this](Request const& q) {
            auto const it = tagged.find(parameter(q, "tagid"));
            return it == tagged.end() ? refusal(40068) : Response(200, it->second);
        });
    }

    static Response list(std::string_view key, json::array what) {
        json::object o = parsed(R"({"errcode":0,"errmsg":"ok"})");
        o[key] = std::move(what);
        return {200, json::serialize(o)};
    }

    // Behind the token check, and possibly failing.
    void on(std::string const& endpoint, std::function<Response(Request const&)> f) {
        net.on(endpoint, [this, f = std::move(f)](Request const& q) {
            if (!valid.contains(parameter(q, "access_token"))) return refusal(40014);
            if (intercept)
                if (std::optional<Response> r = intercept(q)) return std::move(*r);
            return f(q);
        });
    }

    bool below(std::int64_t dept, std::string const& top) const {
        for (json::value const& v : depts)
            if (v.at("id") == dept) {
                std::int64_t const parent = v.at("parentid").as_int64();
                return std::to_string(parent) == top || below(parent, top);
            }
        return false;
    }
    void dept(std::int64_t id, std::int64_t parent, std::string_view name) {
        depts.emplace_back(json::object{{"id", id},
                                        {"parentid", parent},
                                        {"name", name},
                                        {"order", 100},
                                        {"department_leader", json::array()}});
    }
    void user(std::string_view id, json::array in) {
        json::array leads;
        for (std::size_t i = 0; i < in.size(); ++i) leads.emplace_back(0);
        users.emplace_back(json::object{{"userid", id},
                                        {"name", "N"},
                                        {"department", std::move(in)},
                                        {"is_leader_in_dept", std::move(leads)},
                                        {"status", 1}});
    }

    ScriptedTransport net;
    json::object agent = parsed(R"({"errcode":0,"errmsg":"ok","agentid":1000002,"name":"app",
        "allow_userinfos":{"user":[]},"allow_partys":{"partyid":[1]},"allow_tags":{"tagid":[]},"close":0})");
    json::array depts;
    json::array users;
    std::map<std::string, Response> singles;
    json::array tags;
    std::map<std::string, std::string> tagged;
    bool ignoreRecursion = false;
    bool refuseRecursion = false;
    std::set<std::string> tooLarge;
    std::set<std::string> valid;
    int tokens = 0;
    std::function<std::optional<Response>(Request const&)> intercept;
};

class Rig {
public:
    explicit Rig(std::string_view secrets = R"("secret": "s3cret")", std::string_view agent = "1000002")
        : context(options(clock)),
          channel(context, std::make_shared<Wire<ScriptedTransport>>(platform.net),
                  QywxAuth(config(secrets, agent))),
          api(channel,
              ClientEnvironment(context, "corps.Acme",
                                parsed(R"({"corpId": "ww1", "agentId": )" + std::string(agent) + "}"))) {
        platform.dept(1, 0, "Acme");
        platform.dept(2, 1, "Sales");
        platform.dept(2315041299, 2, "East");
        platform.dept(4, 1, "Works");
        platform.user("boss", {1});
        platform.user("a1", {2, 2315041299});
        platform.user("a2", {2315041299});
        platform.tags = parsed(R"({"t":[{"tagid":7,"tagname":"值班"}]})").at("t").as_array();
        platform.tagged["7"] =
            R"({"errcode":0,"tagname":"值班","userlist":[{"userid":"boss","name":"N"}],"partylist":[2]})";
    }

    static QywxAuth::Config config(std::string_view secrets, std::string_view agent = "1000002") {
        return QywxAuth::Config::fromJson(parsed(R"({"authConfig": {"corpId": "ww1", "agentId": )" +
                                                 std::string(agent) + ", " + std::string(secrets) + "}}"),
                                          "corps.Acme");
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
    void fail(std::string endpoint, std::string inUrl, Response r, int times = 1000) {
        auto const left = std::make_shared<int>(times);
        platform.intercept = [=](Request const& q) -> std::optional<Response> {
            if (q.endpoint == endpoint && q.url.find(inUrl) != std::string::npos && (*left)-- > 0) return r;
            return std::nullopt;
        };
    }
    [[nodiscard]] std::size_t calls(std::string_view endpoint) const { return platform.net.calls(endpoint); }
    static ContextOptions options(std::shared_ptr<ManualClock> const& clock) {
        ContextOptions out;
        clock->autoAdvance();
        out.clock = clock;
        return out;
    }

    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    Platform platform;
    Context context;
    Authorized<QywxAuth> channel;
    QywxInnerClient::Api api;
    PullSink sink;
    PullProof proof;
};

PageShape const& shape(std::string_view name) {
    for (PageShape const& s : QywxInnerClient::Api::shapes())
        if (s.name == name) return s;
    throw std::runtime_error("no such shape");
}

constexpr std::string_view kUsers = "GET /cgi-bin/user/list";

}  // namespace

TEST_CASE("qywx_client: a whole organisation in the documented calls", "[client]") {
    Rig rig;
    rig.pull();
    CHECK(rig.proof.fullScope);
    CHECK(rig.proof.corpName == "Acme");
    CHECK(rig.sink.sorted("departments") == Strings{"1", "2", "2315041299", "4"});
    CHECK(rig.sink.sorted("other 1") == Strings{"a1", "a2", "boss"});
    CHECK(rig.sink.complete("other 1"));
    CHECK(rig.sink.complete("departments"));
    CHECK(rig.sink.complete("visible"));
    CHECK(rig.sink.sorted("roles") == Strings{"7"});
    // The tag's department stands for its members and those below it.
    CHECK(rig.sink.sorted("role 7") == Strings{"a1", "a2", "boss"});
    CHECK(rig.sink.complete("role 7"));
    CHECK_FALSE(rig.sink.finished.contains("admins"));
    // 1 token, 1 application, 1 list of departments, 1 of members, 1 of tags, 1 tag.
    CHECK(rig.platform.net.calls() == 6);
    CHECK(rig.proof.calls == 5);
    CHECK(rig.proof.faults.empty());
}

TEST_CASE("qywx_client: recursion that is ignored, refused or too large", "[client]") {
    Rig rig;
    SECTION("ignored, and not tried again") {
        rig.platform.ignoreRecursion = true;
        rig.pull();
        CHECK(rig.calls(kUsers) == 4);
        rig.sink = PullSink();
        rig.pull();
        CHECK(rig.calls(kUsers) == 8);
    }
    SECTION("refused") {
        rig.platform.refuseRecursion = true;
        rig.pull();
        CHECK(rig.calls(kUsers) == 5);
    }
    SECTION("nobody but who also stands in the root: no proof of it") {
        for (json::value& u : rig.platform.users) u.at("department") = json::array{1, 2};
        rig.pull();
        CHECK(rig.calls(kUsers) == 4);
        CHECK(rig.sink.sorted("members 2") == Strings{"a1", "a2", "boss"});
        return;
    }
    SECTION("too large") {
        rig.platform.tooLarge = {"1"};
        rig.pull();
        // The root alone; 2 with what is below; 4, which is a leaf.
        CHECK(rig.calls(kUsers) == 4);
        CHECK(rig.sink.sorted("members 1") == Strings{"boss"});
        CHECK(rig.sink.sorted("other 2") == Strings{"a1", "a2"});
        CHECK(rig.sink.complete("members 4"));
        CHECK(rig.sink.sorted("role 7") == Strings{"a1", "a2", "boss"});
        return;
    }
    CHECK(rig.sink.sorted("members 1") == Strings{"boss"});
    CHECK(rig.sink.sorted("members 2") == Strings{"a1"});
    CHECK(rig.sink.sorted("members 2315041299") == Strings{"a1", "a2"});
    CHECK(rig.sink.complete("members 4"));
    CHECK_FALSE(rig.sink.finished.contains("other 1"));
    CHECK(rig.sink.sorted("role 7") == Strings{"a1", "a2", "boss"});
    CHECK(rig.proof.faults.empty());
}

TEST_CASE("qywx_client: a list that is too large, and then details are refused", "[client]") {
    Rig rig;
    rig.platform.tooLarge = {"1"};
    rig.platform.intercept = [](Request const& q) -> std::optional<Response> {
        if (q.endpoint == kUsers && parameter(q, "fetch_child").empty()) return refusal(48009);
        return std::nullopt;
    };
    std::optional<Error> const e = rig.failure();
    REQUIRE(e);
    CHECK(e->diagnostics().upstreamCode == 48009);
    CHECK(rig.calls(kUsers) == 2);
}

TEST_CASE("qywx_client: a part of an organisation", "[client]") {
    Rig rig(R"("secret": "s3cret", "contactSecret": "contact")");
    rig.platform.agent = parsed(R"({"errcode":0,"errmsg":"ok","agentid":1000002,
        "allow_userinfos":{"user":[{"userid":"lone"},{"userid":"a1"}]},"allow_partys":{"partyid":[2]},
        "allow_tags":{"tagid":[8]}})");
    rig.platform.depts.erase(rig.platform.depts.begin());      // the root is out of sight
    rig.platform.depts.erase(rig.platform.depts.begin() + 2);  // and so is 4
    rig.platform.users.erase(rig.platform.users.begin());
    rig.platform.tags =
        parsed(R"({"t":[{"tagid":7,"tagname":"x"},{"tagid":8,"tagname":"y"}]})").at("t").as_array();
    rig.platform.tagged["8"] = R"({"errcode":0,"userlist":[{"userid":"tagged"}],"partylist":[99]})";
    rig.platform.singles["lone"] =
        Response(200, R"({"errcode":0,"errmsg":"ok","userid":"lone","name":"L","department":[9]})");
    rig.platform.singles["tagged"] =
        Response(200, R"({"errcode":0,"errmsg":"ok","userid":"tagged","department":[]})");
    rig.pull();
    CHECK_FALSE(rig.proof.fullScope);
    CHECK(rig.proof.visibleRoots == Strings{"2"});
    CHECK(rig.proof.corpName.empty());
    CHECK(rig.sink.sorted("visible") == Strings{"lone", "tagged"});
    CHECK(rig.sink.complete("visible"));
    CHECK(rig.calls("GET /cgi-bin/user/get") == 2);  // a1 is in a department that is visible
    CHECK(rig.sink.complete("role 8"));

    // The contact-sync assistant knows who is in the enterprise.
    CHECK(rig.context.run(rig.api.explainAbsence({"left", "a1"})) ==
          std::vector<Absence>{Absence::left, Absence::outOfScope});
    CHECK(rig.calls("GET /cgi-bin/user/get") == 2);

    Rig other;  // without it, who is not found may have left or be out of sight
    other.platform.singles["hidden"] = refusal(60011);
    CHECK(other.context.run(other.api.explainAbsence({"left", "hidden"})) ==
          std::vector<Absence>{Absence::unknown, Absence::outOfScope});
}

TEST_CASE("qywx_client: only ids may be read", "[client]") {
    Rig rig(R"("secret": "s3cret", "contactSecret": "contact")");
    rig.platform.intercept = [](Request const& q) -> std::optional<Response> {
        if (q.url.find("/user/list?") != std::string::npos ||
            q.url.find("/department/list") != std::string::npos ||
            q.url.find("/department/get") != std::string::npos)
            return refusal(48009);
        if (q.url.find("/agent/get") != std::string::npos) return refusal(48002);
        return std::nullopt;
    };
    rig.pull();
    CHECK(rig.proof.fullScope);
    CHECK(rig.sink.sorted("departments") == Strings{"1", "2", "2315041299", "4"});
    CHECK(rig.sink.sorted("members 2315041299") == Strings{"a1", "a2"});
    CHECK(rig.sink.sorted("members 2") == Strings{"a1"});
    CHECK(rig.sink.complete("members 4"));
    CHECK(rig.sink.sorted("role 7") == Strings{"a1", "a2", "boss"});
    for (PullSink::Stored const& s : rig.sink.stored)
        if (s.listing == Listing{ListingKind::deptMembers, "2"})
            CHECK(
                decoded(rig.api, *s.shape, s.listing, s.bytes) ==
                Strings{"member(a1,?,?,?,?,?,?,?,1,?,?,a1,?,?)", "deptMember(2,a1,?,?)", "leader(2,a1,?,?)"});

    Rig without;  // no secret of the assistant: what was refused is what is wrong
    without.fail(std::string(kUsers), "", refusal(48002));
    std::optional<Error> const e = without.failure();
    REQUIRE(e);
    CHECK(e->is(Errc::permissionDenied));
    CHECK(e->diagnostics().endpoint == kUsers);
    CHECK(e->diagnostics().requestId == "1686402237354962763423746");
}

TEST_CASE("qywx_client: departments one by one where their list is refused", "[client]") {
    Rig rig;
    rig.fail("GET /cgi-bin/department/list", "", refusal(48005));
    rig.pull();
    CHECK(rig.calls("GET /cgi-bin/department/get") == 4);
    CHECK(rig.sink.sorted("departments") == Strings{"1", "2", "2315041299", "4"});
    CHECK(rig.proof.corpName == "Acme");
    CHECK(rig.proof.faults.empty());
}

TEST_CASE("qywx_client: what fails", "[client]") {
    SECTION("a member list: only that part is unknown") {
        Rig rig;
        rig.fail(std::string(kUsers), "", refusal(-1));
        rig.pull();
        CHECK(rig.sink.incomplete("other 1"));
        CHECK(rig.sink.incomplete("role 7"));
        CHECK(rig.sink.complete("departments"));
    }
    SECTION("a tag") {
        Rig rig;
        rig.fail("GET /cgi-bin/tag/get", "", refusal(40068));
        rig.pull();
        CHECK(rig.sink.incomplete("role 7"));
        CHECK(rig.sink.complete("other 1"));
    }
    SECTION("the department list: nothing is known") {
        Rig rig;
        rig.fail("GET /cgi-bin/department/list", "", refusal(60011));
        REQUIRE(rig.failure());
    }
    SECTION("an agent id of another application") {
        Rig rig(R"("secret": "s3cret")", "5");
        std::optional<Error> const e = rig.failure();
        REQUIRE(e);
        CHECK(e->is(Errc::config));
        CHECK(e->message().find("agentId") != std::string::npos);
    }
    SECTION("a wrong secret") {
        Rig rig(R"("secret": "wrong")");
        std::optional<Error> const e = rig.failure();
        REQUIRE(e);
        CHECK(e->is(Errc::authRejected));
        CHECK(rig.platform.net.calls() == rig.calls("GET /cgi-bin/gettoken"));
        CHECK(std::string(e->what()).find("corpsecret") == std::string::npos);
    }
    SECTION("an old token is renewed once") {
        Rig rig;
        rig.pull();
        rig.platform.valid.clear();
        rig.sink = PullSink();
        rig.pull();
        CHECK(rig.platform.tokens == 2);
        CHECK(rig.sink.complete("other 1"));
    }
    SECTION("too fast") {
        Rig rig;
        rig.fail(std::string(kUsers), "", refusal(45009), 2);
        rig.pull();
        CHECK(rig.sink.complete("other 1"));
    }
}

TEST_CASE("qywx_client: what answers mean", "[client]") {
    auto const verdict = [](std::string_view body) {
        json::object const o = parsed(body);
        return classifyQywx(Response(200, std::string(body)), &o);
    };
    CHECK(verdict(R"({"errcode":0})").outcome == Outcome::ok);
    CHECK(verdict(R"({"ip_list":[]})").outcome == Outcome::ok);
    CHECK(verdict(R"({"errcode":"what"})").outcome == Outcome::transient);
    CHECK(verdict(R"({"errcode":-1})").outcome == Outcome::transient);
    CHECK(verdict(R"({"errcode":45009})").wait == Duration(60s));
    CHECK(verdict(R"({"errcode":45033})").outcome == Outcome::throttled);
    CHECK(verdict(R"({"errcode":60020})").errc == Errc::permissionDenied);
    CHECK(verdict(R"({"errcode":42001})").errc == Errc::authRejected);
    CHECK(verdict(R"({"errcode":60111})").errc == Errc::notFound);
    CHECK(classifyQywx(Response(200, "<html>"), nullptr).outcome == Outcome::transient);
    CHECK(classifyQywx(Response(502, "<html>"), nullptr).outcome == Outcome::transient);
}

TEST_CASE("qywx_client: what records become", "[client]") {
    Rig rig;
    std::string_view const user =
        R"({"userid":"ZhangSan","name":"张三","department":[1,2],"order":[4294967295,2],"position":"工程师",
            "mobile":"13800000000","gender":"1","email":"z@example.com","biz_mail":"z@corp","is_leader_in_dept":[1,0],
            "avatar":"http://x/0","main_department":1,"status":1})";
    Strings const person{
        "member(ZhangSan,张三,+8613800000000,z@example.com,http://x/0,1,?,工程师,1,,?,ZhangSan,?,?)"};
    Strings all = person;
    all.insert(all.end(), {"deptMember(1,ZhangSan,-4294967295,1)", "leader(1,ZhangSan,2,?)",
                           "deptMember(2,ZhangSan,-2,0)"});
    CHECK(decoded(rig.api, shape("wecom.user"), Listing{ListingKind::subtreeMembers, "1"}, user) == all);
    CHECK(decoded(rig.api, shape("wecom.user"), Listing{ListingKind::deptMembers, "2"}, user) ==
          Strings{person[0], "deptMember(2,ZhangSan,-2,0)"});
    CHECK(decoded(rig.api, shape("wecom.user"), Listing{ListingKind::visibleMembers, ""}, user) == person);
    // Made since 2022: what is withheld is absent, or empty, or "0".
    CHECK(
        decoded(
            rig.api, shape("wecom.user"), Listing{ListingKind::deptMembers, "3"},
            R"({"userid":"u","name":"u","department":[3],"mobile":"","email":"","gender":"0","avatar":"","status":2})") ==
        Strings{"member(u,u,?,?,?,?,?,?,1,disabled,?,u,?,?)", "deptMember(3,u,?,1)", "leader(3,u,?,?)"});
    CHECK(decoded(rig.api, shape("wecom.user"), Listing{ListingKind::deptMembers, "3"},
                  R"({"userid":"u","department":[3],"status":5})")
              .empty());
    CHECK(decoded(rig.api, shape("wecom.department"), Listing{},
                  R"({"id":2,"name":"研发","parentid":1,"order":10,"department_leader":["a","b"]})") ==
          Strings{"dept(2,1,研发,-10)", "leader(2,a,1,0)", "leader(2,b,1,1)"});
    CHECK(decoded(rig.api, shape("wecom.department_id"), Listing{}, R"({"id":2,"parentid":1,"order":10})") ==
          Strings{"dept(2,1,?,-10)", "leader(2,?,?,?)"});
    CHECK_THROWS_AS(
        decoded(rig.api, shape("wecom.user"), Listing{ListingKind::deptMembers, "3"}, R"({"name":1})"),
        Error);
}

TEST_CASE("qywx_client: calls by name and by path", "[client]") {
    Rig rig;
    CHECK(rig.context.run(rig.api.department().list()).size() == 4);
    CHECK(rig.context.run(rig.api.department().get("2")).at("name") == "Sales");
    CHECK(rig.context.run(rig.api.user().list("2", true)).size() == 2);
    CHECK(rig.context.run(rig.api.tag().list()).size() == 1);
    CHECK(rig.context.run(rig.api.tag().get("7")).at("partylist").as_array().size() == 1);
    rig.platform.singles["a1"] = Response(200, R"({"errcode":0,"errmsg":"ok","userid":"a1"})");
    CHECK(rig.context.run(rig.api.user().get("a1")) == parsed(R"({"userid":"a1"})"));
    Query q;
    q.add("tagid", "7");
    CHECK(rig.context.run(rig.api.get("/cgi-bin/tag/get", q)).at("tagname") == "值班");
    CHECK_THROWS_AS(rig.context.run(rig.api.user().get("nobody")), CallError);
}

TEST_CASE("qywx_auth: keys and pages", "[auth]") {
    QywxAuth const auth(Rig::config(R"("secret": "s3cret")"));
    LoginRequest page("https://app.example.com/cb");
    page.state = "xyz";
    CHECK(auth.authorizeUrl(page) ==
          "https://login.work.weixin.qq.com/wwlogin/sso/login?login_type=CorpApp&appid=ww1&agentid=1000002"
          "&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&state=xyz");
    page.kind = QywxAuth::kWorkbench;
    CHECK(auth.authorizeUrl(page) ==
          "https://open.weixin.qq.com/connect/oauth2/"
          "authorize?appid=ww1&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb"
          "&response_type=code&scope=snsapi_base&state=xyz&agentid=1000002#wechat_redirect");
    page.kind = "fax";
    CHECK_THROWS_AS(auth.authorizeUrl(page), Error);
    CHECK_THROWS_AS(Rig::config(R"("secret": "")"), Error);
    CHECK_THROWS_AS(Rig::config(R"("secret": "s", "contactSecret": 5)"), Error);
    CHECK(auth.tokenKey() != auth.tokenKey(QywxAuth::kContact));
}

TEST_CASE("qywx_auth: who logs in", "[auth]") {
    Rig rig;
    QywxAuth const auth(Rig::config(R"("secret": "s3cret")"));
    Wire<ScriptedTransport> wire(rig.platform.net);
    rig.platform.on("GET /cgi-bin/auth/getuserinfo", [](Request const& q) {
        std::string const code = parameter(q, "code");
        if (code == "good")
            return Response(200, R"({"errcode":0,"errmsg":"ok","userid":"a1","user_ticket":"T"})");
        if (code == "old")
            return Response(200, R"({"errcode":0,"errmsg":"ok","UserId":"a1","DeviceId":"d"})");
        if (code == "linked") return Response(200, R"({"errcode":0,"errmsg":"ok","userid":"ww9/a1"})");
        if (code == "guest")
            return Response(200, R"({"errcode":0,"errmsg":"ok","openid":"o","external_userid":"wm1"})");
        return refusal(40029);
    });
    auto const identify = [&](std::string code) {
        return rig.context.run(auth.identify(wire, rig.channel, LoginCode(std::move(code))));
    };
    CHECK(identify("good").memberId == "a1");
    CHECK(identify("old").memberId == "a1");
    for (auto const& [text, errc] : {std::pair("linked", Errc::refused), std::pair("guest", Errc::refused),
                                     std::pair("used", Errc::authRejected)}) {
        try {
            identify(text);
            FAIL(text);
        } catch (Error const& e) {
            CHECK(e.is(errc));
        }
    }
}

}  // namespace client_qywx_client_test
