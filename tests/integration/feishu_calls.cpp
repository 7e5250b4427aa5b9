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
#include <random>
#include <string>
#include <utility>

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

/** A platform some way off: each request and each answer travels for a while, on the test's own clock, which
 * stands still while this machine works. */
class Distant {
public:
    explicit Distant(std::shared_ptr<testing::ManualClock> clock)
        : state_(std::make_shared<State>(std::move(clock))) {}

    [[nodiscard]] asio::awaitable<Response> send(Request q) const {
        std::shared_ptr<State> const state = state_;
        co_await state->clock->sleep(state->way());
        if (q.endpoint.find("/users/find_by_department") != std::string::npos) {
            Duration const now = state->clock->uptime();
            if (state->calls++ == 0) state->first = now;
            state->last = now;
        }
        Response p;
        {
            Working const working(*state);
            p = co_await state->inner.send(std::move(q));
        }
        co_await state->clock->sleep(state->way());
        co_return p;
    }
    /** Calls for members of departments, and how long after the first the last one was made. */
    [[nodiscard]] std::uint64_t calls() const { return state_->calls; }
    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>(state_->last - state_->first).count();
    }

private:
    struct State {
        explicit State(std::shared_ptr<testing::ManualClock> c) : clock(std::move(c)) {}
        Duration way() { return Duration(15 + static_cast<Duration::rep>(random() % 20)); }
        std::shared_ptr<testing::ManualClock> clock;
        HttpsTransport inner;
        std::minstd_rand random;
        unsigned working = 0;
        std::uint64_t calls = 0;
        Duration first{};
        Duration last{};
    };
    class Working {
    public:
        explicit Working(State& s) : state_(s) {
            if (state_.working++ == 0) state_.clock->autoAdvance(false);
        }
        Working(Working const&) = delete;
        Working& operator=(Working const&) = delete;
        ~Working() {
            if (--state_.working == 0) state_.clock->autoAdvance();
        }

    private:
        State& state_;
    };
    std::shared_ptr<State> state_;
};

/** One pull at the rates that Feishu publishes and enforces. */
class PacedPull {
public:
    explicit PacedPull(emulator::Organisation const& o)
        : clock(std::make_shared<testing::ManualClock>()), wire(clock), server(options(clock), o) {
        clock->autoAdvance();
        ContextOptions c;
        c.clock = clock;
        FSInnerType<Distant, MemoryStorage> corp(configFor(server), Context(c), wire, MemoryStorage());
        report = corp.syncCorp();
    }

    std::shared_ptr<testing::ManualClock> clock;
    Distant wire;
    emulator::FeishuServer server;
    SyncReport report;

private:
    static emulator::FeishuOptions options(std::shared_ptr<testing::ManualClock> const& clock) {
        emulator::FeishuOptions o;
        o.behaviour.publishedRates = true;
        o.clock = [clock] { return clock->uptime(); };
        return o;
    }
};

}  // namespace

TEST_CASE("feishu: ten thousand people at the published rate: at least 95 % of it, and no refusal",
          "[integration][coroutine]") {
    PacedPull const pull(emulator::generate(10'000, 7));
    CHECK(pull.report.outcome == SyncOutcome::done);
    CHECK(pull.report.members.created == 10'000);
    CHECK(pull.server.stats().rateLimited == 0);
    REQUIRE(pull.wire.calls() > 500);
    REQUIRE(pull.wire.calls() <= 1000);  // or the limit of a minute would be the one that counts
    CHECK(static_cast<double>(pull.wire.calls()) / pull.wire.seconds() >= 0.95 * 50);
}

TEST_CASE("feishu: more calls than a minute allows", "[integration][coroutine]") {
    PacedPull const pull(organisationOf(20, 1'100));
    CHECK(pull.report.outcome == SyncOutcome::done);
    CHECK(pull.report.departments.created == 1'101);
    CHECK(pull.server.stats().rateLimited == 0);
    REQUIRE(pull.wire.calls() == 1'101);
    // The 1,001st must wait for the next minute, and the last but one second of it: 50, 50 and 1 more.
    CHECK(pull.wire.seconds() >= 62);
    CHECK(pull.wire.seconds() <= 62 / 0.95);
}

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
