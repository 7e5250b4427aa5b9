// corpctl watch, without a process: its words, and its lines.
#include "../../../examples/corpctl/watch.hpp"

#include "../../../examples/corpctl/arguments.hpp"
#include "run_corpctl.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace corpctl_watch_test {

using namespace std::chrono_literals;

namespace {

corpctl::Arguments parsed(std::vector<std::string> const& words) {
    std::vector<char const*> argv{"corpctl", "--app", "x", "--store", "memory", "watch"};
    for (std::string const& w : words) argv.push_back(w.c_str());
    return corpctl::parse(static_cast<int>(argv.size()), argv.data());
}

std::string refused(std::vector<std::string> const& words) {
    std::vector<std::string> all{"--app", "x", "--store", "memory", "watch"};
    all.insert(all.end(), words.begin(), words.end());
    Ran const r = run(all);
    CHECK(r.code == 2);
    CHECK(has(r.err, "watch"));
    return r.err.substr(0, r.err.find('\n'));
}

}  // namespace

TEST_CASE("corpctl watch: its words", "[corpctl][schedule]") {
    corpctl::Arguments const usual = parsed({});
    CHECK(usual.corps.empty());
    CHECK(usual.watch.interval == 1h);
    CHECK(usual.watch.settle == 5s);
    CHECK(usual.watch.distance == 60s);
    CHECK(usual.watch.parallel == 4);
    CHECK_FALSE(usual.watch.listen);

    corpctl::Arguments const all = parsed({"--interval", "90", "--listen", "[::1]:0", "--settle", "0",
                                           "--distance", "7", "--parallel", "100", "corps.B", "corps.A"});
    CHECK(all.corps == std::vector<std::string>{"corps.A", "corps.B"});
    CHECK(all.watch.interval == 90s);
    CHECK(all.watch.settle == 0s);
    CHECK(all.watch.distance == 7s);
    CHECK(all.watch.parallel == 100);
    CHECK(all.watch.listen == std::pair<std::string, std::uint16_t>("::1", 0));
    CHECK(parsed({"--listen", "localhost:65535"}).watch.listen->second == 65535);

    CHECK(refused({"--interval", "0"}) == "corpctl: --interval needs a number from 1 to 31536000");
    CHECK(refused({"--interval", "ten"}) == "corpctl: --interval needs a number from 1 to 31536000");
    CHECK(refused({"--settle", "-1"}) == "corpctl: --settle needs a number from 0 to 31536000");
    CHECK(refused({"--parallel", "0"}) == "corpctl: --parallel needs a number from 1 to 1000");
    for (char const* bad : {"8080", ":8080", "127.0.0.1:", "127.0.0.1:65536", "::1:80", "x:8o"})
        CHECK(refused({"--listen", bad}) ==
              "corpctl: --listen needs HOST:PORT, like 127.0.0.1:8080; port 0 is any that is free");
    CHECK(refused({"Demo"}) ==
          "corpctl: the name of a corp reads corps.Name, that of a suite auths.Name, not Demo");
    CHECK(refused({"corps.A", "corps.A"}) == "corpctl: corps.A stands there twice");
}

TEST_CASE("corpctl watch: a run in one line", "[corpctl][schedule]") {
    corps::SyncReport r;
    CHECK(corpctl::summary(r) == "unchanged");
    r.outcome = corps::SyncOutcome::done;
    r.members = {5, 0, 2};
    r.departments = {0, 1, 0};
    CHECK(corpctl::summary(r) == "done: departments ~1, members +5 -2");
    r.outcome = corps::SyncOutcome::held;
    r.holds.emplace_back();
    r.digest.bytes[0] = 0xab;
    r.faults.emplace_back();
    CHECK(corpctl::summary(r) ==
          "held: departments ~1, members +5 -2; removals wait for approval, digest ab" +
              std::string(30, '0') + "; 1 could not be read");
}

TEST_CASE("corpctl watch: a state in one line", "[corpctl][schedule]") {
    corps::TimePoint const now(1000h);
    corps::AutoSyncStatus s;
    s.corp = "corps.Demo";
    s.state = corps::AutoSyncState::running;
    CHECK(corpctl::describe(s, now) == "corps.Demo: running; 0 runs, 0 failed");
    s.state = corps::AutoSyncState::backingOff;
    s.runs = 3;
    s.failures = 1;
    s.failuresInARow = 1;
    s.nextRun = now + 19'001ms;
    s.lastSuccess = now - 61s;
    s.lastOutcome = corps::SyncOutcome::done;
    s.lastError = corps::Error(corps::Errc::transport, "no connection");
    CHECK(corpctl::describe(s, now) ==
          "corps.Demo: backing off; next in 20 s; 3 runs, 1 failed; done 61 s ago; no connection");
}

}  // namespace corpctl_watch_test
