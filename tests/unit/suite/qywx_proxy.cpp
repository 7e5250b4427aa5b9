// corps.QywxProxyType over a platform in memory: whose code is used, whose application it is, what is
// withheld, and that enterprises do not meet.
#include <corps/app.hpp>
#include <corps/corps.hpp>
#include <corps/crypto/store_key.hpp>
#include <corps/suite/suite_book.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/testing/scripted_transport.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <string>
#include <support/proxy_platform.hpp>
#include <support/suite_callbacks.hpp>
#include <utility>
#include <vector>

namespace suite_qywx_proxy_test {

using namespace corps;
using namespace corps::testsupport;
using testing::ScriptedTransport;

namespace {

using Proxy = QywxProxyType<ScriptedTransport, MemoryStorage>;

static_assert(ClientPolicy<QywxProxyClient>);
static_assert(UpstreamAuth<QywxProxyAuth>);

/** A method of the proxy is no method of another type, and the compiler says why. */
template <class T>
concept HasSuite = requires(T corp) { corp.authFullName(); };
static_assert(HasSuite<Proxy>);
static_assert(!HasSuite<QywxInnerType<ScriptedTransport, MemoryStorage>>);

CorpConfig configFor(ProxyEnterprise const& e, std::string name, std::string code = {}) {
    boost::json::object keys;
    keys["corpId"] = e.shownCorp();
    keys["authFullName"] = "auths.QywxProxyAuth";
    if (!code.empty()) keys["permanentCode"] = std::move(code);
    CorpConfig out(std::move(name), "One", std::move(keys));
    out.auth = suiteElement();
    return out;
}

}  // namespace

TEST_CASE("a proxy corp with its code in the business file syncs without callbacks, keys or suite tokens",
          "[proxy]") {
    ProxyPlatform platform;
    ProxyEnterprise& e = platform.add("alpha");
    e.code = "perm-1";
    e.tags[7] = {"Duty", {"u1"}};
    Context const context = providerContext("");
    Proxy corp(configFor(e, "corps.Alpha", "perm-1"), context, platform.net, MemoryStorage());
    SyncReport const report = corp.syncCorp();
    CAPTURE(report.toText());
    CHECK(report.outcome == SyncOutcome::done);
    CHECK(corp.getMembers("active").size() == 3);
    CHECK(corp.getRootDept().name == "Enterprise alpha");
    CHECK(corp.getRoleMembers("7").size() == 1);
    CHECK(corp.corpId() == e.openId);
    CHECK(corp.authFullName() == "auths.QywxProxyAuth");
    // token, the application's id, the application, departments, members, tags, one tag
    CHECK(platform.net.calls() == 7);
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
    CHECK(platform.net.calls() == 7 + 5);  // token and application are known
    CHECK(Proxy::getAgentId(context, e.openId, kSuiteId) == "1000005");
    CHECK(platform.net.calls() == 7 + 5);
    CHECK(failure([&] { static_cast<void>(Proxy::getAgentId(context, "wpother", kSuiteId)); }) ==
          Errc::notFound);

    // Secrets stay out of what is shown, and are there by key.
    std::string const shown = boost::json::serialize(corp.getCorpInfo());
    CHECK(shown.find("perm-1") == std::string::npos);
    CHECK(shown.find("suite-secret") == std::string::npos);
    CHECK(corp.authConfig()["permanentCode"] == "perm-1");
    CHECK(corp.authConfig()["suiteId"] == kSuiteId);
}

TEST_CASE("without a code a proxy corp says what is expected, and asks nothing of the platform", "[proxy]") {
    ProxyPlatform platform;
    ProxyEnterprise& e = platform.add("alpha");
    Proxy corp(configFor(e, "corps.Alpha"), providerContext(), platform.net, MemoryStorage());
    std::string text;
    CHECK(failure([&] { corp.syncCorp(); }, &text) == Errc::config);
    CHECK(text.find("corps.Alpha") != std::string::npos);
    CHECK(text.find("permanentCode") != std::string::npos);
    CHECK(platform.net.calls() == 0);
}

TEST_CASE(
    "the store's permanent code is the one that is used; a refused one is not tried again until another "
    "comes",
    "[proxy]") {
    ProxyPlatform platform;
    ProxyEnterprise& e = platform.add("alpha");
    e.code = "perm-1";
    MemoryStorage store;
    Context const context = providerContext();
    SuiteBook book(context, std::make_shared<StoreOf<MemoryStorage>>(store), kSuiteId);
    SuiteCorp facts;
    facts.corpId = e.openId;
    facts.otherCorpId = e.plainId;
    facts.agentId = e.agentId;
    book.putCode(facts, Secret("perm-1"));
    Proxy corp(configFor(e, "corps.Alpha"), context, platform.net, store);
    CHECK(corp.syncCorp().outcome == SyncOutcome::done);
    CHECK(platform.net.calls("GET /cgi-bin/agent/list") == 0);

    // Reset in the console; the callback is late.
    e.code = "perm-2";
    platform.dropTokens(e);
    CHECK(failure([&] { corp.syncCorp(); }) == Errc::authRejected);
    CHECK(book.find(e.plainId)->status == SuiteCorpState::secretStale);
    CHECK(platform.wrongSecrets == 1);
    std::string text;
    CHECK(failure([&] { corp.syncCorp(); }, &text) == Errc::authRejected);
    CHECK(text.find("not tried again") != std::string::npos);
    CHECK(platform.wrongSecrets == 1);

    // The same one from the business file is not tried either; another one is.
    CHECK(failure([&] {
              Proxy(configFor(e, "corps.Same", "perm-1"), context, platform.net, store).syncCorp();
          }) == Errc::authRejected);
    CHECK(platform.wrongSecrets == 1);
    CHECK(Proxy(configFor(e, "corps.Other", "perm-2"), context, platform.net, store).syncCorp().outcome ==
          SyncOutcome::done);

    book.putCode(facts, Secret("perm-2"));
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
    CHECK(book.find(e.openId)->status == SuiteCorpState::active);

    // Withdrawn: said, and not asked.
    std::size_t const calls = platform.net.calls();
    CHECK(book.cancel(e.plainId, 1, 2));
    CHECK(failure([&] { corp.syncCorp(); }, &text) == Errc::authRejected);
    CHECK(text.find("withdrawn") != std::string::npos);
    CHECK(platform.net.calls() == calls);
    CHECK(corp.getMembers("active").size() == 3);
}

TEST_CASE("without the store's key a refused code of the business file is a refusal, and no question of keys",
          "[proxy]") {
    ProxyPlatform platform;
    ProxyEnterprise& e = platform.add("alpha");
    e.code = "perm-2";
    MemoryStorage store;
    Context const keyed = providerContext();
    SuiteBook book(keyed, std::make_shared<StoreOf<MemoryStorage>>(store), kSuiteId);
    SuiteCorp facts;
    facts.corpId = e.openId;
    book.putCode(facts, Secret("perm-2"));
    Context const keyless = providerContext("");
    Proxy corp(configFor(e, "corps.Alpha", "perm-1"), keyless, platform.net, store);
    CHECK(failure([&] { corp.syncCorp(); }) == Errc::authRejected);
    CHECK(book.find(e.openId)->status == SuiteCorpState::active);
}

TEST_CASE("an application that was made anew is found again, and names that are withheld stay what they were",
          "[proxy]") {
    ProxyPlatform platform;
    ProxyEnterprise& e = platform.add("alpha");
    e.code = "perm-1";
    Context const context = providerContext();
    Proxy corp(configFor(e, "corps.Alpha", "perm-1"), context, platform.net, MemoryStorage());
    CHECK(corp.syncCorp().outcome == SyncOutcome::done);
    e.agentId = "1000099";
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
    CHECK(Proxy::getAgentId(context, e.openId, kSuiteId) == "1000099");

    e.namesGranted = false;
    SyncReport const report = corp.syncCorp();
    CAPTURE(report.toText());
    CHECK(corp.getMember(e.shown("u1")).nick == "alpha person 1");
    CHECK(corp.getDept("2").name == "Department 2");
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);

    // Begun without names: none are made up of ids.
    Proxy begun(configFor(e, "corps.Begun", "perm-1"), context, platform.net, MemoryStorage());
    begun.syncCorp();
    CHECK_FALSE(begun.getMember(e.shown("u1")).nick.known());
    CHECK(begun.getDept("2").name.empty());
    e.namesGranted = true;
    begun.syncCorp();
    CHECK(begun.getMember(e.shown("u1")).nick == "alpha person 1");
}

TEST_CASE("enterprises of a suite do not live on each other's tokens, and fail alone", "[proxy]") {
    ProxyPlatform platform;
    ProxyEnterprise& a = platform.add("alpha");
    ProxyEnterprise& b = platform.add("beta");
    a.code = "perm-a";
    b.code = "perm-b";
    MemoryStorage store;
    Context const context = providerContext();
    Proxy corpA(configFor(a, "corps.A", "perm-a"), context, platform.net, store);
    Proxy corpB(configFor(b, "corps.B", "perm-b"), context, platform.net, store);
    corpA.syncCorp();
    corpB.syncCorp();
    CHECK(platform.tokensIssued == 2);
    // The same enterprise's name and another code: refused, although the right token is at hand.
    Proxy thief(configFor(a, "corps.Thief", "perm-b"), context, platform.net, MemoryStorage());
    CHECK(failure([&] { thief.syncCorp(); }) == Errc::authRejected);
    // Without any code, on a store of its own: the same.
    Proxy stranger(configFor(a, "corps.Stranger"), context, platform.net, MemoryStorage());
    CHECK(failure([&] { stranger.syncCorp(); }) == Errc::config);

    platform.intercept = [&](ProxyEnterprise& e, Request const& q) -> std::optional<Response> {
        if (&e == &a && q.url.find("department/list") != std::string::npos)
            return Response(200, R"({"errcode":0,"department":[{"id":1,"parentid":0},{"id":2,"parentid":3},
                                                                   {"id":3,"parentid":2}]})");
        return std::nullopt;
    };
    CHECK(failure([&] { corpA.syncCorp(); }) == Errc::brokenSnapshot);
    CHECK(corpB.syncCorp().outcome == SyncOutcome::unchanged);
    CHECK(corpA.getMembers("active").size() == 3);
}

TEST_CASE("an app's directory names the suite; what is missing or wrong is named with file and key",
          "[proxy]") {
    ProxyPlatform platform;
    ProxyEnterprise& e = platform.add("alpha");
    e.code = "perm-1";
    FileTexts files{
        {"corps/MyQywxProxyCorp/e.json",
         R"({"type": "corps.QywxProxyType", "title": "My WeCom Proxy Development Organization"})"},
        {"corps/MyQywxProxyCorp/MyQywxProxyCorp.json",
         R"({"corpId": "{{qywxProxyCorpId}}", "authFullName": "auths.QywxProxyAuth",
                         "permanentCode": "perm-1"})"},
        {"auths/QywxProxyAuth/e.json", R"({"type": "auths.QywxProxyType", "title": "Suite"})"},
        {"auths/QywxProxyAuth/QywxProxyAuth.json",
         R"({"authConfig": {"suiteId": "dk0123456789abcdef", "suiteSecret": "s",
                         "token": "t", "encodingAESKey": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
                         "providerCorpId": "wwprovider00000001"}})"}};
    AppOptions options;
    options.variables.values["qywxProxyCorpId"] = e.openId;
    auto const make = [&](FileTexts const& texts) {
        return std::make_unique<App<Proxy>>(memoryFiles(texts), providerContext(), options, platform.net,
                                            MemoryStorage());
    };
    auto const app = make(files);
    Proxy& corp = app->getElement<Proxy>("corps.MyQywxProxyCorp");
    CHECK(corp.corpId() == e.openId);
    CHECK(corp.getMembers().size() == 3);

    struct Broken {
        char const* file;
        std::string text;
        std::vector<std::string> says;
    };
    std::string const corpFile = "corps/MyQywxProxyCorp/MyQywxProxyCorp.json";
    std::string const authFile = "auths/QywxProxyAuth/QywxProxyAuth.json";
    std::string const good = files[authFile];
    auto const without = [&](std::string const& key) {
        std::string out = good;
        out.replace(out.find(key), key.size(), "no" + key);
        return out;
    };
    std::vector<Broken> const broken{
        {corpFile.c_str(), R"({"corpId": "wp1"})", {corpFile, "authFullName"}},
        {corpFile.c_str(), R"({"corpId": "wp1", "authFullName": 7})", {corpFile, "authFullName"}},
        {corpFile.c_str(), R"({"corpId": "wp1", "authFullName": "corps.X"})", {corpFile, "authFullName"}},
        {corpFile.c_str(),
         R"({"corpId": "wp1", "authFullName": "auths.No"})",
         {"auths/No/e.json", "authFullName"}},
        {corpFile.c_str(), R"({"authFullName": "auths.QywxProxyAuth"})", {corpFile, "corpId"}},
        {corpFile.c_str(),
         R"({"corpId": "wp1", "authFullName": "auths.QywxProxyAuth", "permanentCode": 7})",
         {corpFile, "permanentCode"}},
        {authFile.c_str(), without("suiteId"), {authFile, "suiteId"}},
        {authFile.c_str(), without("suiteSecret"), {authFile, "suiteSecret"}},
        {authFile.c_str(), without("token"), {authFile, "token"}},
        {authFile.c_str(), without("encodingAESKey"), {authFile, "encodingAESKey"}},
        {authFile.c_str(), without("providerCorpId"), {authFile, "providerCorpId"}},
    };
    for (Broken const& b : broken) {
        CAPTURE(b.text);
        FileTexts texts = files;
        texts[b.file] = b.text;
        std::string text;
        CHECK(failure([&] { static_cast<void>(make(texts)->getElement<Proxy>("corps.MyQywxProxyCorp")); },
                      &text) == Errc::config);
        for (std::string const& part : b.says) {
            CAPTURE(text, part);
            CHECK(text.find(part) != std::string::npos);
        }
    }
}

}  // namespace suite_qywx_proxy_test
