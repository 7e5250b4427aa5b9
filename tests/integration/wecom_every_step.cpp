// Every call of a WeCom sync fails in every way, once and for good; see support/every_step.hpp.
#include "support/wecom_steps.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <utility>
#include <vector>

namespace integration_wecom_every_step_test {

using namespace corps;
using namespace corps::testsupport;

namespace {

using WeComHow = How<WeComSteps>;

/** Without it nobody tells who left a part of the organisation, and who has only moved out of it. */
void withContactSecret(WeComHow& how) {
    how.keys["contactSecret"] = kContactSecret;
    how.behaviour.contactSecrets = {kContactSecret};
}

/** A part of the organisation. */
WeComHow part(std::vector<std::string> const& depts, std::vector<std::string> people) {
    WeComHow how;
    narrow<WeComSteps>(how.behaviour.scope, depts, std::move(people));
    withContactSecret(how);
    return how;
}

}  // namespace

TEST_CASE("wecom: each call of a sync fails in each way", "[integration][coroutine][fire]") {
    checkEveryStep(WeComHow(), 8, {kToken, kAgent, kDepts, kUsersOf, kTags, kTag});
}

TEST_CASE("wecom: each call of a sync by departments fails in each way", "[integration][coroutine][fire]") {
    std::string const calls = checkEveryStep(byDepartments<WeComSteps>(), 16, {"department_id=11"});
    CHECK_FALSE(has(calls, "department_id=10&access"));
}

TEST_CASE("wecom: each call of a sync of a part fails in each way", "[integration][coroutine][fire]") {
    checkEveryStep(part({"a", "b", "c"}, {"m0", "m1", "m30", "m59"}), 16, {kOneUser});
}

TEST_CASE("wecom: each call of a sync of ids alone fails in each way", "[integration][coroutine][fire]") {
    WeComHow how;
    how.keys["secret"] = kContactSecret;
    withContactSecret(how);
    checkEveryStep(how, 16, {kDeptIds, kIds});
}

TEST_CASE("wecom: a call that takes longer than anybody waits", "[integration][coroutine][fire]") {
    Bench<WeComSteps> bench{WeComHow()};
    tryLate(bench, {kToken, kAgent, kDepts, kUsersOf, kTag}, {kTag});
}

TEST_CASE("wecom: several failures at once, at random", "[integration][coroutine][fire]") {
    tryRandom<WeComSteps>({WeComHow(), part({"a", "b"}, {"m0", "m3", "m9"})});
}

}  // namespace integration_wecom_every_step_test
