// The emulator counts what a pull costs, and the formula says what it may cost. Neither knows the other.
#include <corps/corps.hpp>
#include <corps/emulator/emulator.hpp>
#include <corps/storage/memory.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/transport/https.hpp>
#include <corps/types.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace integration_feishu_calls_test {

using namespace corps;

namespace {

using Feishu = FSInnerType<HttpsTransport, MemoryStorage>;

CorpConfig configFor(emulator::FeishuServer const& server, boost::json::array roles = {}) {
    boost::json::object keys;
    keys["appId"] = "cli_calls";
    keys["appSecret"] = "irrelevant-but-present";
    keys["baseUrl"] = server.baseUrl();
    if (!roles.empty()) keys["roles"] = std::move(roles);
    return CorpConfig("corps.Calls", "Calls", std::move(keys));
}

/** A chain of departments 12 deep, then siblings below the root; members dealt out round robin, root
 * included. */
emulator::Organisation organisationOf(std::size_t members, std::size_t departments) {
    emulator::Organisation o;
    o.corpId = "calls";
    o.corpName = "Calls Ltd";
    emulator::Dept root;
    root.deptId = "1";
    root.name = "Calls Ltd";
    o.deptList.push_back(root);
    for (std::size_t i = 0; i < departments; ++i) {
        emulator::Dept d;
        d.deptId = "d" + std::to_string(i);
        d.parentId = i == 0 || i >= 12 ? "1" : "d" + std::to_string(i - 1);
        d.name = "Department " + std::to_string(i);
        d.order = static_cast<std::int64_t>(i);
        o.deptList.push_back(d);
    }
    for (std::size_t i = 0; i < members; ++i) {
        emulator::Member m;
        m.memberId = "m" + std::to_string(i);
        m.nick = "Member " + std::to_string(i);
        emulator::Membership in;
        // Half of them in one department, so that a list has more than one page.
        in.deptId = o.deptList[i % 2 == 0 ? o.deptList.size() - 1 : i % o.deptList.size()].deptId;
        in.isPrimary = true;
        m.departments.push_back(in);
        o.userList.push_back(m);
    }
    return o;
}

/** Time jumps over what the rate limits ask to wait: the limits themselves are tested elsewhere. */
Context hasty() {
    auto clock = std::make_shared<testing::ManualClock>();
    clock->autoAdvance();
    ContextOptions options;
    options.clock = clock;
    return Context(options);
}

std::uint64_t pages(std::size_t records, std::size_t size) {
    return std::max<std::uint64_t>(1, (records + size - 1) / size);
}

std::uint64_t formula(emulator::Organisation const& o) {
    std::map<std::string, std::size_t> direct;
    for (auto const& d : o.deptList) direct[d.deptId];
    for (auto const& m : o.userList)
        for (auto const& d : m.departments) ++direct[d.deptId];
    std::uint64_t calls = 1 + 1 + pages(o.deptList.size() - 1, 50);
    for (auto const& [dept, n] : direct) calls += pages(n, 50);
    return calls;
}

}  // namespace

TEST_CASE("feishu: a pull costs the calls of the formula, no more and no less", "[integration][coroutine]") {
    emulator::FeishuServer server;
    for (unsigned departments : {0U, 1U, 12U, 49U, 50U, 51U, 120U}) {
        for (unsigned members : {1U, 49U, 50U, 51U, 1000U}) {
            CAPTURE(departments, members);
            emulator::Organisation const o = organisationOf(members, departments);
            server.setOrganisation(o);
            server.advanceClock(std::chrono::hours(3));  // the next pull needs a token of its own
            server.resetStats();
            Feishu corp(configFor(server), hasty(), HttpsTransport(), MemoryStorage());
            SyncReport const report = corp.syncCorp();
            CHECK(report.outcome == SyncOutcome::done);
            CHECK(report.members.created == members);
            CHECK(report.departments.created == departments + 1);
            CHECK(server.stats().requests == formula(o));
            CHECK(server.stats().tokensIssued == 1);
        }
    }
}

TEST_CASE("feishu: roles cost their pages of a hundred", "[integration][coroutine]") {
    emulator::Organisation o = organisationOf(240, 3);
    for (char const* role : {"r1", "r2", "r3"}) {
        emulator::Role r;
        r.roleId = role;
        r.name = role;
        o.roleList.push_back(r);
    }
    for (std::size_t i = 0; i < 201; ++i) {
        emulator::RoleMember m;
        m.roleId = "r1";
        m.memberId = "m" + std::to_string(i);
        o.roleMemberSet.push_back(m);
    }
    emulator::RoleMember one;
    one.roleId = "r2";
    one.memberId = "m7";
    o.roleMemberSet.push_back(one);
    emulator::FeishuServer server;
    server.setOrganisation(o);
    boost::json::array roles;
    for (char const* role : {"r1", "r2", "r3"}) {
        boost::json::object r;
        r["roleId"] = role;
        r["name"] = std::string("Role ") + role;
        roles.push_back(std::move(r));
    }
    Feishu corp(configFor(server, std::move(roles)), hasty(), HttpsTransport(), MemoryStorage());
    SyncReport const report = corp.syncCorp();
    CHECK(report.outcome == SyncOutcome::done);
    CHECK(report.roles.created == 3);
    CHECK(report.roleMembers.created == 202);
    CHECK(server.stats().requests == formula(o) + 3 + 1 + 1);
}

TEST_CASE("feishu: a second sync finds nothing to do, whatever the order of the pages",
          "[integration][coroutine]") {
    emulator::FeishuServer server;
    server.setOrganisation(emulator::generate(700, 3));
    Feishu corp(configFor(server), hasty(), HttpsTransport(), MemoryStorage());
    SyncReport const first = corp.syncCorp();
    CHECK(first.outcome == SyncOutcome::done);
    SyncReport const second = corp.syncCorp();
    CHECK(second.outcome == SyncOutcome::unchanged);
    CHECK(second.stats.decoded <= second.stats.departments + 10);
    for (unsigned seed : {1U, 2U, 3U}) {
        emulator::FeishuBehaviour behaviour = server.behaviour();
        behaviour.shuffle = seed;
        behaviour.shortPages = seed == 2;
        behaviour.parentsAfterChildren = seed == 3;
        server.setBehaviour(behaviour);
        CAPTURE(seed);
        CHECK(corp.planSync().empty());
        CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
    }
    CHECK(corp.verifyCorp().ok);
}

}  // namespace integration_feishu_calls_test
