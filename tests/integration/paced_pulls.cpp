// Pulls at the rates that the platforms publish and their emulators enforce: no call is refused, and hardly
// any of what is allowed is left unused.
#include <corps/corps.hpp>
#include <corps/emulator/emulator.hpp>
#include <corps/storage/memory.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/transport/https.hpp>
#include <corps/types.hpp>

#include <boost/json/object.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace integration_paced_pulls_test {

using namespace corps;

namespace {

/** Departments below the root, of one member each until there are no more. */
emulator::Organisation broad(std::size_t members, std::size_t departments) {
    emulator::Organisation o;
    o.corpId = "broad";
    o.corpName = "Broad Ltd";
    emulator::Dept root;
    root.deptId = "1";
    root.name = "Broad Ltd";
    o.deptList.push_back(root);
    for (std::size_t i = 0; i < departments; ++i) {
        emulator::Dept d;
        d.deptId = std::to_string(i + 2);
        d.parentId = "1";
        d.name = "Department " + std::to_string(i);
        o.deptList.push_back(d);
    }
    for (std::size_t i = 0; i < members; ++i) {
        emulator::Member m;
        m.memberId = "m" + std::to_string(i);
        m.nick = "Member " + std::to_string(i);
        emulator::Membership in;
        in.deptId = std::to_string(i % departments + 2);
        in.isPrimary = true;
        m.departments.push_back(in);
        o.userList.push_back(m);
    }
    return o;
}

/** A platform some way off: each request and each answer travels for a while, on the test's own clock, which
 * stands still while this machine works. Takes down when the calls of one API were made. */
class Distant {
public:
    /** @param counted part of the endpoint whose calls are taken down. @param way the shortest, one way. */
    Distant(std::shared_ptr<testing::ManualClock> clock, std::string counted, Duration way)
        : state_(std::make_shared<State>(std::move(clock), std::move(counted), way)) {}

    [[nodiscard]] asio::awaitable<Response> send(Request q) const {
        std::shared_ptr<State> const state = state_;
        co_await state->clock->sleep(state->way());
        if (q.endpoint.ends_with(state->counted)) state->times.push_back(state->clock->uptime());
        Response p;
        {
            Working const working(*state);
            p = co_await state->inner.send(std::move(q));
        }
        co_await state->clock->sleep(state->way());
        co_return p;
    }
    /** Calls of the API, and how long after the first one the n-th and the last were made. */
    [[nodiscard]] std::size_t calls() const { return state_->times.size(); }
    [[nodiscard]] double seconds(std::size_t n) const {
        return std::chrono::duration<double>(state_->times.at(n - 1) - state_->times.front()).count();
    }
    [[nodiscard]] double seconds() const { return seconds(calls()); }

private:
    struct State {
        State(std::shared_ptr<testing::ManualClock> c, std::string api, Duration way)
            : clock(std::move(c)), counted(std::move(api)), shortest(way) {}
        /** A sooner or a later one: each point in time costs a while in which nothing happens. */
        Duration way() { return random() % 2 == 0 ? shortest : shortest + Duration(20); }
        std::shared_ptr<testing::ManualClock> clock;
        std::string counted;
        Duration shortest;
        HttpsTransport inner;
        std::minstd_rand random;
        unsigned working = 0;
        std::vector<Duration> times;
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

/** What is particular to a platform: its server, its corp, the API of which most calls are made. */
struct Feishu {
    using Server = emulator::FeishuServer;
    using Options = emulator::FeishuOptions;
    using Corp = FSInnerType<Distant, MemoryStorage>;
    static constexpr char const* kApi = "/users/find_by_department";
    static boost::json::object keys() {
        return {{"appId", "cli_rates"}, {"appSecret", "irrelevant-but-present"}};
    }
};

struct DingTalk {
    using Server = emulator::DingTalkServer;
    using Options = emulator::DingTalkOptions;
    using Corp = DDInnerType<Distant, MemoryStorage>;
    static constexpr char const* kApi = "/topapi/v2/user/list";
    static boost::json::object keys() {
        return {{"corpId", "broad"},
                {"agentId", 1},
                {"appKey", "dingrates"},
                {"appSecret", "irrelevant-but-present"}};
    }
};

/** Where no list shows what is below a department: one call for each of them. */
struct WeCom {
    using Server = emulator::WeComServer;
    using Options = emulator::WeComOptions;
    using Corp = QywxInnerType<Distant, MemoryStorage>;
    static constexpr char const* kApi = "/cgi-bin/user/list";
    static boost::json::object keys() {
        return {{"corpId", "broad"}, {"agentId", 1000001}, {"secret", "irrelevant-but-present"}};
    }
    static void adjust(emulator::WeComBehaviour& b) { b.ignoreFetchChild = true; }
};

/** One pull at the rates that the platform publishes and enforces. */
template <class Platform>
class PacedPull {
public:
    explicit PacedPull(emulator::Organisation const& o, Duration way = Duration(15))
        : clock(std::make_shared<testing::ManualClock>()),
          wire(clock, Platform::kApi, way),
          server(options(clock), o) {
        clock->autoAdvance();
        ContextOptions c;
        c.clock = clock;
        boost::json::object keys = Platform::keys();
        keys["baseUrl"] = server.baseUrl();
        typename Platform::Corp corp(CorpConfig("corps.Rates", "Rates", std::move(keys)), Context(c), wire,
                                     MemoryStorage());
        report = corp.syncCorp();
    }

    /** All of them came, and no call was refused. */
    void check(std::size_t members) const {
        CHECK(report.outcome == SyncOutcome::done);
        CHECK(report.members.created == members);
        CHECK(server.stats().rateLimited == 0);
    }

    std::shared_ptr<testing::ManualClock> clock;
    Distant wire;
    typename Platform::Server server;
    SyncReport report;

private:
    static auto options(std::shared_ptr<testing::ManualClock> const& clock) {
        typename Platform::Options o;
        if constexpr (requires { Platform::adjust(o.behaviour); }) Platform::adjust(o.behaviour);
        o.behaviour.publishedRates = true;
        o.clock = [clock] { return clock->uptime(); };
        return o;
    }
};

/**
 * Pulls ten thousand people.
 * @param rate calls in a second that the platform lets through.
 * @return how many calls it took.
 */
template <class Platform>
std::size_t checkRate(double rate) {
    PacedPull<Platform> const pull(emulator::generate(10'000, 7));
    pull.check(10'000);
    REQUIRE(pull.wire.calls() > 500);
    CHECK(static_cast<double>(pull.wire.calls()) / pull.wire.seconds() >= 0.95 * rate);
    return pull.wire.calls();
}

}  // namespace

TEST_CASE("feishu: ten thousand people at the published rate: at least 95 % of it, and no refusal",
          "[integration][coroutine]") {
    std::size_t const calls = checkRate<Feishu>(50);
    REQUIRE(calls <= 1000);  // or the limit of a minute would be the one that counts
}

TEST_CASE("feishu: more calls than a minute allows", "[integration][coroutine]") {
    PacedPull<Feishu> const pull(broad(20, 1'100));
    pull.check(20);
    CHECK(pull.report.departments.created == 1'101);
    REQUIRE(pull.wire.calls() == 1'101);
    // The 1,001st must wait for the next minute, and the last but one second of it: 50, 50 and 1 more.
    CHECK(pull.wire.seconds() >= 62);
    CHECK(pull.wire.seconds() <= 62 / 0.95);
}

TEST_CASE("dingtalk: ten thousand people at the published rate: at least 95 % of it, and no refusal",
          "[integration][coroutine]") {
    checkRate<DingTalk>(20);
}

// Ten thousand departments take a minute of this machine's time, and that many are needed to meet the limit:
// CORPS_WECOM_DEPARTMENTS=10050 does it. A pull that never meets it must not be put off.
TEST_CASE("wecom: ten thousand people at the published rate: at least 95 % of it, and no refusal",
          "[integration][coroutine]") {
    char const* const asked = std::getenv("CORPS_WECOM_DEPARTMENTS");
    std::size_t const departments = asked == nullptr ? 400 : std::strtoull(asked, nullptr, 10);
    PacedPull<WeCom> const pull(broad(10'000, departments), Duration(1));
    pull.check(10'000);
    REQUIRE(pull.wire.calls() == departments + 1);
    // A minute lets 10,000 through, at whatever pace, and then come the next ones: 8 at once, each of them on
    // its way for 22 ms or so.
    std::size_t const first = std::min<std::size_t>(pull.wire.calls(), 10'000);
    CHECK(pull.wire.seconds(first) < static_cast<double>(first) / 8 * 0.04);
    if (pull.wire.calls() <= 10'000) return;
    CHECK(pull.wire.seconds(10'001) >= 60);
    CHECK(pull.wire.seconds() <= 60 / 0.95);
}

}  // namespace integration_paced_pulls_test
