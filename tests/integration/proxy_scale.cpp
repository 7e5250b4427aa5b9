// Many enterprises under one suite, in one store and one program. The small size runs always; the whole one,
// 100 enterprises with 200,000 members, by its name: corps_tests "[.scale]".
#include <corps/corps.hpp>
#include <corps/storage/memory.hpp>
#include <corps/storage/sqlite.hpp>
#include <corps/suite.hpp>
#include <corps/testing/scripted_transport.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <support/proxy_platform.hpp>
#include <support/suite_callbacks.hpp>
#include <unit/storage/temp_dir.hpp>
#include <utility>
#include <vector>

namespace integration_proxy_scale_test {

using namespace corps;
using namespace corps::testsupport;
using testing::ScriptedTransport;

namespace {

constexpr long long kBegin = 1'767'225'600;

/** Resident memory of this process in MiB, now or at most so far. */
long resident(char const* key) {
    std::ifstream in("/proc/self/status");
    for (std::string line; std::getline(in, line);)
        if (line.starts_with(key)) return std::stol(line.substr(line.find(':') + 1)) / 1024;
    return 0;
}

template <class Storage>
bool right(ProxyEnterprise const& e, Suite<ScriptedTransport, Storage> const& suite) {
    auto corp = suite.open(e.openId);
    std::vector<std::string> found, expected;
    corp.forEachMember([&](CorpMember const& m) { found.push_back(m.memberId.str() + " " + m.nick.value()); },
                       StatusFilter::active);
    for (auto const& u : e.users) expected.push_back(e.shown(u.id) + " " + u.name);
    std::sort(expected.begin(), expected.end());
    return found == expected;
}

/** Initial sync; a code that is reset; an authorisation withdrawn and one renewed; a poisoned enterprise. */
template <class Storage>
void lifeOf(char const* name, Storage storage, int enterprises, int members) {
    using Clock = std::chrono::steady_clock;
    ProxyPlatform platform;
    for (int i = 0; i < enterprises; ++i) platform.add("c" + std::to_string(1000 + i), members);
    long const before = resident("VmRSS");
    auto step = Clock::now();
    std::size_t calls = 0;
    auto const report = [&](char const* what) {
        auto const now = Clock::now();
        std::printf("%s, %d x %d, %s: %.2f s, %zu calls, resident %ld MiB (at most %ld; %ld before)\n", name,
                    enterprises, members, what, std::chrono::duration<double>(now - step).count(),
                    platform.net.calls() - calls, resident("VmRSS"), resident("VmHWM"), before);
        calls = platform.net.calls();
        step = Clock::now();
    };
    Context const context = providerContext();
    Suite<ScriptedTransport, Storage> suite(*suiteElement(), context, platform.net, storage);
    REQUIRE(suite.handleCallback(ticketEvent(platform.ticket, kBegin)).body == "success");
    for (auto const& e : platform.enterprises)
        REQUIRE(suite.handleCallback(createEvent(platform.authorise(*e), kBegin)).body == "success");
    suite.drain();
    REQUIRE(suite.corps().size() == static_cast<std::size_t>(enterprises));
    report("authorised");

    ProxyEnterprise const& poisoned = *platform.enterprises[1];
    platform.intercept = [&](ProxyEnterprise& e, Request const& q) -> std::optional<Response> {
        if (&e == &poisoned && q.url.find("user/list") != std::string::npos)
            return Response(200, R"({"errcode":0,"userlist":[{"userid":{"a":1}},null]})");
        return std::nullopt;
    };
    auto const check = [&](std::vector<SuiteSync> const& all,
                           std::vector<ProxyEnterprise const*> const& failed) {
        for (SuiteSync const& s : all) {
            ProxyEnterprise const* const e = platform.find(s.corp.corpId);
            bool const expected = std::find(failed.begin(), failed.end(), e) != failed.end();
            CAPTURE(s.corp.corpName, s.error ? s.error->what() : "");
            CHECK((s.error.has_value() || s.report.outcome == SyncOutcome::incomplete) == expected);
            if (!expected) CHECK(right(*e, suite));
        }
    };
    auto all = suite.syncAll();
    report("initial sync");
    check(all, {&poisoned});
    step = Clock::now();
    all = suite.syncAll();
    report("nothing changed");
    for (SuiteSync const& s : all)
        if (s.corp.corpId != poisoned.openId) CHECK(s.report.outcome == SyncOutcome::unchanged);

    // One code is reset, one enterprise withdraws, one withdraws and comes back; somebody leaves everywhere.
    ProxyEnterprise& reset = *platform.enterprises[2];
    ProxyEnterprise& gone = *platform.enterprises[3];
    ProxyEnterprise& back = *platform.enterprises[4];
    reset.code = "of-the-console";
    platform.dropTokens(reset);
    platform.cancel(gone);
    platform.cancel(back);
    for (auto const& e : platform.enterprises) e->users.pop_back();
    for (ProxyEnterprise* e : {&gone, &back})
        CHECK(suite.handleCallback(cancelEvent(e->openId, kBegin + 10)).body == "success");
    all = suite.syncAll();
    CHECK(all.size() == static_cast<std::size_t>(enterprises) - 2);
    check(all, {&poisoned, &reset});
    step = Clock::now();
    CHECK(suite.handleCallback(resetEvent(platform.authorise(reset), kBegin + 20)).body == "success");
    CHECK(suite.handleCallback(createEvent(platform.authorise(back), kBegin + 20)).body == "success");
    suite.drain();
    all = suite.syncAll();
    report("one reset, one renewed");
    CHECK(all.size() == static_cast<std::size_t>(enterprises) - 1);
    check(all, {&poisoned});
    CHECK(platform.wrongSecrets == 1);
    CHECK(suite.open(gone.openId).getMembers("active").size() == static_cast<std::size_t>(members));
    // Healed.
    platform.intercept = nullptr;
    check(suite.syncAll(), {});
}

}  // namespace

TEST_CASE("a suite of many enterprises, small", "[proxy][integration]") {
    TempDir dir;
    lifeOf("memory", MemoryStorage(), 8, 60);
    lifeOf("sqlite", SqliteStorage(dir.file("corps.db")), 8, 60);
}

TEST_CASE("100 enterprises, 200,000 members, in memory", "[.scale]") {
    lifeOf("memory", MemoryStorage(), 100, 2000);
}

TEST_CASE("100 enterprises, 200,000 members, in SQLite", "[.scale]") {
    TempDir dir;
    lifeOf("sqlite", SqliteStorage(dir.file("corps.db")), 100, 2000);
}

}  // namespace integration_proxy_scale_test
