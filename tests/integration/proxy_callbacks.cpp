// A provider's program and the platform, with nothing in between but HTTP: what enterprises do at their
// consoles comes as callbacks, some of them lost, doubled and out of order.
#include "support/callback_server.hpp"

#include <corps/callback/callbacks.hpp>
#include <corps/corps.hpp>
#include <corps/emulator/http_server.hpp>
#include <corps/emulator/wecom_proxy.hpp>
#include <corps/suite.hpp>
#include <corps/transport/https.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace integration_proxy_callbacks_test {

using namespace corps;

namespace {

using ProxySuite = Suite<HttpsTransport, MemoryStorage>;

constexpr char const* kCorp = "ww1234567890abcdef";
constexpr char const* kAesKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
constexpr char const* kToken = "orgSyncToken01";

emulator::Organisation organisation(std::string const& corpId) {
    return emulator::parseOrganisation(R"({"corpId": ")" + corpId + R"(", "corpName": "Demo Ltd",
        "deptList": [{"deptId": "1", "parentId": "", "name": "Demo Ltd"},
                     {"deptId": "20", "parentId": "1", "name": "Lab"}],
        "userList": [{"memberId": "m1", "nick": "One", "departments": [{"deptId": "20"}]},
                     {"memberId": "m2", "nick": "Two", "departments": [{"deptId": "1"}]}]})");
}

emulator::WeComProxyOptions options() {
    emulator::WeComProxyOptions out;
    emulator::WeComSuite suite;
    suite.suiteSecret = "the-suite-secret";
    suite.token = kToken;
    suite.encodingAESKey = kAesKey;
    out.suites = {suite};
    out.authorised = false;
    out.suiteTicketInterval = std::chrono::seconds(0);
    return out;
}

/** A provider: its suite, and the server at the template's callback address. */
struct Provider {
    Provider() : platform(options(), {organisation(kCorp), organisation("wwother7890abcdef")}) {
        boost::json::object keys;
        keys["baseUrl"] = platform.baseUrl();
        boost::json::object& auth = keys["authConfig"].emplace_object();
        auth["suiteId"] = "dk0123456789abcdef";
        auth["suiteSecret"] = "the-suite-secret";
        auth["token"] = kToken;
        auth["encodingAESKey"] = kAesKey;
        auth["providerCorpId"] = "wwprovider00000001";
        ContextOptions made;
        made.storeKey = storeKey(Secret("a key for tests"));
        suite.emplace(CorpConfig("auths.QywxProxyAuth", "Our suite", keys), Context(made), HttpsTransport(),
                      MemoryStorage());
        server.emplace(emulator::HttpServerOptions(),
                       [this](emulator::HttpRequest const& q) { return support::handOn(*suite, q); });
        emulator::WeComProxyCallback callback;
        callback.url = "http://127.0.0.1:" + std::to_string(server->port()) + "/suite";
        callback.token = kToken;
        callback.aesKey = kAesKey;
        platform.setCallback(callback);  // asks the address first
    }

    /** What was sent has arrived, and what it asks for is done. */
    void settle() {
        REQUIRE(platform.waitForCallbacks());
        suite->drain();
    }
    [[nodiscard]] std::string corpId() const { return platform.openCorpId(kCorp); }

    emulator::WeComProxyServer platform;
    std::optional<ProxySuite> suite;
    std::optional<emulator::HttpServer> server;
};

void fault(emulator::WeComProxyServer& platform, emulator::CallbackFaultKind kind, std::string match) {
    emulator::CallbackFault f;
    f.kind = kind;
    f.match = std::move(match);
    platform.addCallbackFault(f);
}

}  // namespace

TEST_CASE("the platform's own callbacks carry an authorisation through its life", "[proxy][integration]") {
    Provider p;
    p.platform.pushTicket();
    p.settle();
    REQUIRE(p.suite->ticketAge());
    p.platform.authorise(kCorp, "corp42");
    p.settle();
    REQUIRE(p.suite->corps().size() == 1);
    CHECK(p.suite->corps()[0].state == "corp42");
    auto corp = p.suite->open(p.corpId());
    corp.initCorp();
    CHECK(corp.getMembers("active").size() == 2);

    emulator::WeComContactScope range;
    range.all = false;
    range.deptIds = {"20"};
    p.platform.setRange(kCorp, range);
    p.settle();
    CHECK(p.suite->corp(p.corpId()).range->deptIds == std::vector<std::string>{"20"});

    p.platform.resetSecret(kCorp);
    p.settle();
    CHECK(p.suite->corp(p.corpId()).status == SuiteCorpState::active);
    CHECK(corp.syncCorp().members.removed == 0);

    p.platform.disable(kCorp);
    p.settle();
    CHECK(p.suite->corp(p.corpId()).status == SuiteCorpState::disabled);
    p.platform.enable(kCorp);
    p.settle();
    CHECK(p.suite->corp(p.corpId()).status == SuiteCorpState::active);

    p.platform.cancel(kCorp);
    p.settle();
    CHECK(p.suite->corps().empty());
    p.platform.authorise(kCorp);
    p.settle();
    CHECK(p.suite->corps().size() == 1);
    CHECK(p.suite->getAgentId(p.corpId()) == std::to_string(p.platform.authorisation(kCorp).agentId));
    corp.syncCorp();
    CHECK(corp.verifyCorp().ok);
    for (auto const& record : p.platform.callbacks())
        CHECK(record.state == emulator::CallbackRecord::State::accepted);
}

TEST_CASE("callbacks that are doubled, answered in vain, forged or lost do no harm", "[proxy][integration]") {
    Provider p;
    fault(p.platform, emulator::CallbackFaultKind::doubled, "suite_ticket");
    p.platform.pushTicket();
    fault(p.platform, emulator::CallbackFaultKind::doubled, "create_auth");
    p.platform.authorise(kCorp);
    p.settle();
    CHECK(p.suite->corps().size() == 1);

    fault(p.platform, emulator::CallbackFaultKind::wrongSignature, "cancel_auth");
    fault(p.platform, emulator::CallbackFaultKind::garbled, "create_auth");
    p.platform.authorise("wwother7890abcdef");
    p.platform.cancel("wwother7890abcdef");
    REQUIRE(p.platform.waitForCallbacks());
    p.suite->drain();
    CHECK(p.suite->corps().size() == 1);

    // The cancellation is lost: the enterprise's corp finds out, and asks no more.
    auto corp = p.suite->open(p.corpId());
    corp.initCorp();
    fault(p.platform, emulator::CallbackFaultKind::lost, "cancel_auth");
    p.platform.cancel(kCorp);
    p.settle();
    CHECK(p.suite->corps().size() == 1);
    for (int i = 0; i < 3; ++i) {
        try {
            corp.syncCorp();
            FAIL("a withdrawn authorisation gives no token");
        } catch (Error const& e) {
            CHECK(e.is(Errc::authRejected));
        }
    }
    CHECK(p.suite->corp(p.corpId()).status == SuiteCorpState::secretStale);
    CHECK(corp.getMembers("active").size() == 2);
}

}  // namespace integration_proxy_callbacks_test
