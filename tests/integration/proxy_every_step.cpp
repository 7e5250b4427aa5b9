// Every call of a sync of a provider's enterprise fails in every way, once and for good; see
// support/every_step.hpp.
#include "support/one_enterprise.hpp"
#include "support/wecom_steps.hpp"

#include <catch2/catch_test_macros.hpp>

#include <utility>

namespace integration_proxy_every_step_test {

using namespace corps;
using namespace corps::testsupport;

namespace {

/** WeCom's calls with a permanent code in the place of the secret, and one more for the application's id. */
struct ProxySteps : WeComSteps {
    using Corp = QywxProxyType<RecordedHttps, MemoryStorage>;
    using Server = support::OneEnterprise;
    using Options = support::OneEnterprise::Options;
    struct Behaviour : emulator::WeComProxyBehaviour {
        Behaviour() { encryptedIds = false; }
    };

    static boost::json::object keys(Server const& server) { return server.keys(); }
    static CorpConfig complete(CorpConfig config) { return Server::complete(std::move(config)); }
};

using ProxyHow = How<ProxySteps>;

}  // namespace

TEST_CASE("proxy: each call of a sync fails in each way", "[integration][coroutine][fire][proxy]") {
    checkEveryStep(ProxyHow(), 8, {kToken, kAgents, kAgent, kDepts, kUsersOf, kTags, kTag});
}

TEST_CASE("proxy: each call of a sync by departments fails in each way",
          "[integration][coroutine][fire][proxy]") {
    checkEveryStep(byDepartments<ProxySteps>(), 16, {"department_id=11"});
}

TEST_CASE("proxy: a call that takes longer than anybody waits", "[integration][coroutine][fire][proxy]") {
    Bench<ProxySteps> bench{ProxyHow()};
    tryLate(bench, {kToken, kAgents, kAgent, kDepts, kUsersOf, kTag}, {kTag});
}

TEST_CASE("proxy: several failures at once, at random", "[integration][coroutine][fire][proxy]") {
    tryRandom<ProxySteps>({ProxyHow()});
}

}  // namespace integration_proxy_every_step_test
