// Every call of a WeCom sync fails in every way, once and for good; see support/every_step.hpp.
#include "support/wecom_steps.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstddef>
#include <cstdint>

using namespace corps;
using namespace corps::testsupport;

namespace {

using WeComHow = How<WeComSteps>;
using WeComBench = Bench<WeComSteps>;

/** Without it nobody tells who left a part of the organisation, and who has only moved out of it. */
void withContactSecret(WeComHow& how) {
    how.keys["contactSecret"] = kContactSecret;
    how.behaviour.contactSecrets = {kContactSecret};
}

}  // namespace

TEST_CASE("wecom: each call of a sync fails in each way", "[integration][coroutine][fire]") {
    WeComBench bench{WeComHow()};
    CHECK(tryAll(bench, 8) >= WeComSteps::ways().size());
    for (char const* const path : {kToken, kAgent, kDepts, kUsersOf, kTags, kTag})
        CHECK(has(bench.log(), path));
}

TEST_CASE("wecom: each call of a sync by departments fails in each way", "[integration][coroutine][fire]") {
    WeComHow how;
    how.behaviour.fetchChildRows = 14;
    how.behaviour.tagDepts["r2"] = {WeComSteps::deptId("f")};
    WeComBench bench(how);
    CHECK(tryAll(bench, 16) >= WeComSteps::ways().size());
    CHECK(has(bench.log(), "department_id=10&access") == false);
    CHECK(has(bench.log(), "department_id=11"));
}

TEST_CASE("wecom: each call of a sync of a part fails in each way", "[integration][coroutine][fire]") {
    WeComHow how;
    how.behaviour.scope.all = false;
    for (char const* const name : {"a", "b", "c"})
        how.behaviour.scope.deptIds.push_back(WeComSteps::deptId(name));
    how.behaviour.scope.memberIds = {"m0", "m1", "m30", "m59"};
    withContactSecret(how);
    WeComBench bench(how);
    CHECK(tryAll(bench, 16) >= WeComSteps::ways().size());
    CHECK(has(bench.log(), kOneUser));
}

TEST_CASE("wecom: each call of a sync of ids alone fails in each way", "[integration][coroutine][fire]") {
    WeComHow how;
    how.keys["secret"] = kContactSecret;
    withContactSecret(how);
    WeComBench bench(how);
    CHECK(tryAll(bench, 16) >= WeComSteps::ways().size());
    for (char const* const path : {kDeptIds, kIds}) CHECK(has(bench.log(), path));
}

TEST_CASE("wecom: a call that takes longer than anybody waits", "[integration][coroutine][fire]") {
    WeComHow how;
    WeComBench bench(how);
    tryLate(bench, {kToken, kAgent, kDepts, kUsersOf, kTag}, {kTag});
}

TEST_CASE("wecom: several failures at once, at random", "[integration][coroutine][fire]") {
    std::size_t const runs = sizeFrom("CORPS_FIRE_RUNS", 30);
    for (std::uint64_t const world : {0U, 1U}) {
        WeComHow how;
        if (world == 1) {
            how.behaviour.scope.all = false;
            how.behaviour.scope.deptIds = {WeComSteps::deptId("a"), WeComSteps::deptId("b")};
            how.behaviour.scope.memberIds = {"m0", "m3", "m9"};
            withContactSecret(how);
        }
        WeComBench bench(how);
        for (std::size_t run = 0; run < runs; ++run) tryRandom(bench, run * 2 + world);
    }
}
