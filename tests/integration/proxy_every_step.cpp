// Every call of a sync of a provider's enterprise fails in every way, once and for good; see
// support/every_step.hpp.
#include "support/one_enterprise.hpp"
#include "support/wecom_steps.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>

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

    static void randomise(Behaviour& b, std::function<std::size_t(std::size_t)> const& draw) {
        b.ignoreFetchChild = draw(4) == 0;
        b.fetchChildRows = draw(3) == 0 ? 5 + draw(40) : 0;
        b.maskParents = draw(2) == 0;
        b.omitErrcode = draw(4) == 0;
        b.newTokens = draw(2) == 0;
        b.expiredTokenCode = draw(2) == 0 ? 42001 : 40014;
    }
};

using ProxyHow = How<ProxySteps>;
using ProxyBench = Bench<ProxySteps>;

}  // namespace

TEST_CASE("proxy: each call of a sync fails in each way", "[integration][coroutine][fire][proxy]") {
    ProxyBench bench{ProxyHow()};
    CHECK(tryAll(bench, 8) >= ProxySteps::ways().size());
    for (char const* const path : {kToken, kAgents, kAgent, kDepts, kUsersOf, kTags, kTag})
        CHECK(has(bench.log(), path));
}

TEST_CASE("proxy: each call of a sync by departments fails in each way",
          "[integration][coroutine][fire][proxy]") {
    ProxyHow how;
    how.behaviour.fetchChildRows = 14;
    how.behaviour.tagDepts["r2"] = {ProxySteps::deptId("f")};
    ProxyBench bench(how);
    CHECK(tryAll(bench, 16) >= ProxySteps::ways().size());
    CHECK(has(bench.log(), "department_id=11"));
}

TEST_CASE("proxy: a call that takes longer than anybody waits", "[integration][coroutine][fire][proxy]") {
    ProxyHow how;
    ProxyBench bench(how);
    tryLate(bench, {kToken, kAgents, kAgent, kDepts, kUsersOf, kTag}, {kTag});
}

TEST_CASE("proxy: several failures at once, at random", "[integration][coroutine][fire][proxy]") {
    std::size_t const runs = sizeFrom("CORPS_FIRE_RUNS", 30);
    ProxyBench bench{ProxyHow()};
    for (std::size_t run = 0; run < runs; ++run) tryRandom(bench, run);
}
