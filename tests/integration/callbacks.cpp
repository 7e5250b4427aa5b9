// From a change upstream over its events to the store, on each platform: emulated platform, receiving server,
// handleCallback, sync. Whatever becomes of the events, the end is that of a full sync.
#include "support/callback_server.hpp"

#include <corps/callback/callbacks.hpp>
#include <corps/corps.hpp>
#include <corps/emulator/emulator.hpp>
#include <corps/emulator/http_server.hpp>
#include <corps/model/json_text.hpp>
#include <corps/storage/memory.hpp>
#include <corps/sync/auto_sync.hpp>
#include <corps/testing/recording_logger.hpp>
#include <corps/transport/https.hpp>
#include <corps/types.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace integration_callbacks_test {

using namespace corps;

namespace {

namespace json = boost::json;

std::string const kToken = "orgSyncToken01";
std::string const kAesKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/** Kinds of change, and what of it a platform tells. */
enum class Change { join, leave, move, rename, newDept, renameDept, moveDept, dropDept, role, newOrder };

/** An address whose events are signed and encrypted with the test's keys. */
template <class Callback>
Callback signedBy(std::string url) {
    Callback out;
    out.url = std::move(url);
    out.token = kToken;
    out.aesKey = kAesKey;
    return out;
}

struct WeComSide {
    using Server = emulator::WeComServer;
    using Type = QywxInnerType<HttpsTransport, MemoryStorage>;
    static void configure(json::object& keys) {
        keys["corpId"] = "ww0123456789abcdef";
        keys["agentId"] = 1000002;
        keys["secret"] = "s";
        keys["callback"] = {{"token", kToken}, {"aesKey", kAesKey}};
    }
    static emulator::WeComCallback callback(std::string url) {
        auto out = signedBy<emulator::WeComCallback>(std::move(url));
        out.corpId = "ww0123456789abcdef";
        return out;
    }
    static bool tells(Change c) {
        return c != Change::rename && c != Change::renameDept && c != Change::newOrder;
    }
};

struct DingTalkSide {
    using Server = emulator::DingTalkServer;
    using Type = DDInnerType<HttpsTransport, MemoryStorage>;
    static void configure(json::object& keys) {
        keys["corpId"] = "dingcorp0000000000000001";
        keys["agentId"] = 1;
        keys["appKey"] = "dingexampleappkey01";
        keys["appSecret"] = "s";
        keys["callback"] = {{"token", kToken}, {"aesKey", kAesKey}};
    }
    static emulator::DingTalkCallback callback(std::string url) {
        auto out = signedBy<emulator::DingTalkCallback>(std::move(url));
        out.appKey = "dingexampleappkey01";
        return out;
    }
    static bool tells(Change) { return true; }
};

struct FeishuSide {
    using Server = emulator::FeishuServer;
    using Type = FSInnerType<HttpsTransport, MemoryStorage>;
    static void configure(json::object& keys) {
        keys["appId"] = "cli_a1b2c3d4e5f6a7b8";
        keys["appSecret"] = "s";
        keys["userIdType"] = "user_id";
        keys["departmentIdType"] = "department_id";
        keys["roles"] = {{{"roleId", "7"}, {"name", "Duty"}}};
        keys["callback"] = {{"verificationToken", kToken}, {"encryptKey", kAesKey}};
    }
    static emulator::FeishuCallback callback(std::string url) {
        auto out = signedBy<emulator::FeishuCallback>(std::move(url));
        out.appId = "cli_a1b2c3d4e5f6a7b8";
        return out;
    }
    static bool tells(Change c) { return c != Change::role; }
};

/** Five departments, of which one is empty; 24 people; one role. */
emulator::Organisation demo() {
    emulator::Organisation out;
    out.corpId = "dingcorp0000000000000001";
    out.corpName = "Demo Ltd";
    auto const dept = [&out](std::string id, std::string parent) {
        emulator::Dept d;
        d.name = "Department " + id;
        d.deptId = std::move(id);
        d.parentId = std::move(parent);
        out.deptList.push_back(std::move(d));
    };
    dept("1", "");
    dept("10", "1");
    dept("11", "10");
    dept("12", "1");
    dept("13", "12");
    dept("14", "1");
    for (int i = 1; i <= 24; ++i) {
        emulator::Member m;
        m.memberId = "m" + std::to_string(100 + i);
        m.nick = "Member " + std::to_string(i);
        m.departments.push_back({std::to_string(10 + i % 4), i % 8 == 0, i, true});
        if (i % 5 == 0) m.departments.push_back({"1", false, 0, false});
        out.userList.push_back(std::move(m));
    }
    out.roleGroupList.push_back({"8", "Functions"});
    out.roleList.push_back({"7", "8", "Duty"});
    out.roleMemberSet.push_back({"7", "m101"});
    out.roleMemberSet.push_back({"7", "m102"});
    out.adminIds = {"m101"};
    return out;
}

class Changer {
public:
    explicit Changer(std::uint32_t seed) : random_(seed) {}

    /** One change of that kind. */
    void make(emulator::Organisation& org, Change kind) {
        std::string const number = std::to_string(++made_);
        switch (kind) {
            case Change::join: {
                emulator::Member m;
                m.memberId = "n" + number;
                m.nick = "New " + number;
                m.departments.push_back({anyDept(org), false, 0, true});
                org.userList.push_back(std::move(m));
                break;
            }
            case Change::leave: {
                std::size_t const at = anyMember(org);
                std::string const id = org.userList[at].memberId;
                org.userList.erase(org.userList.begin() + static_cast<std::ptrdiff_t>(at));
                std::erase_if(org.roleMemberSet, [&](auto const& r) { return r.memberId == id; });
                break;
            }
            case Change::move: {
                emulator::Member& m = org.userList[anyMember(org)];
                std::string dept;
                do dept = anyDept(org);
                while (std::any_of(m.departments.begin(), m.departments.end(),
                                   [&](auto const& p) { return p.deptId == dept; }));
                m.departments.assign(1, {dept, false, 0, true});
                break;
            }
            case Change::rename: org.userList[anyMember(org)].nick = "Renamed " + number; break;
            case Change::newDept: {
                emulator::Dept d;
                d.deptId = std::to_string(100 + made_);
                d.parentId = anyDept(org);
                d.name = "Made " + number;
                org.deptList.push_back(std::move(d));
                break;
            }
            case Change::renameDept: org.deptList[someDept(org)].name = "Renamed " + number; break;
            case Change::moveDept: {
                // A leaf never makes a cycle.
                emulator::Dept& d = *leaf(org, false);
                std::string const parent = d.parentId;
                do d.parentId = anyDept(org);
                while (d.parentId == parent || d.parentId == d.deptId);
                break;
            }
            case Change::dropDept:
                if (auto const at = leaf(org, true); at != org.deptList.end()) org.deptList.erase(at);
                break;
            case Change::role: {
                std::string const id = org.userList[anyMember(org)].memberId;
                if (std::erase_if(org.roleMemberSet, [&](auto const& r) { return r.memberId == id; }) == 0)
                    org.roleMemberSet.push_back({"7", id});
                break;
            }
            case Change::newOrder: org.deptList[someDept(org)].order = static_cast<int>(made_); break;
        }
    }
    std::size_t below(std::size_t n) { return random_() % n; }

private:
    /** Not the administrator: the last one of these would be held. */
    std::size_t anyMember(emulator::Organisation const& org) {
        for (;;) {
            std::size_t const at = below(org.userList.size());
            if (org.userList[at].memberId != "m101") return at;
        }
    }
    std::string anyDept(emulator::Organisation const& org) {
        return org.deptList[below(org.deptList.size())].deptId;
    }
    std::size_t someDept(emulator::Organisation const& org) { return 1 + below(org.deptList.size() - 1); }
    std::vector<emulator::Dept>::iterator leaf(emulator::Organisation& org, bool empty) {
        std::vector<std::vector<emulator::Dept>::iterator> found;
        for (auto at = org.deptList.begin() + 1; at != org.deptList.end(); ++at) {
            bool const parent = std::any_of(org.deptList.begin(), org.deptList.end(),
                                            [&](auto const& d) { return d.parentId == at->deptId; });
            bool const peopled = std::any_of(org.userList.begin(), org.userList.end(), [&](auto const& m) {
                return std::any_of(m.departments.begin(), m.departments.end(),
                                   [&](auto const& p) { return p.deptId == at->deptId; });
            });
            if (!parent && !(empty && peopled)) found.push_back(at);
        }
        return found.empty() ? org.deptList.end() : found[below(found.size())];
    }

    std::mt19937 random_;
    std::uint32_t made_ = 0;
};

/** All that is held of active people; who they are in the pool is another matter. */
template <class Corp>
std::string held(Corp& corp) {
    json::object data = toJson(corp.getLocalCorpData());
    for (json::value& user : data.at("userList").as_array()) user.as_object().erase("userId");
    return json::serialize(data);
}

/** A corp, the server that takes its callbacks, and its platform. */
template <class Side>
struct Following {
    explicit Following(std::function<void(typename Side::Server&)> const& prepare = nullptr)
        : server({}, demo()), corp(config(), Context(contextOptions()), HttpsTransport(), MemoryStorage()) {
        if (prepare) prepare(server);
        corp.syncCorp();
        // Asked first, as the platform does when the address is saved.
        server.setCallback(
            Side::callback("http://127.0.0.1:" + std::to_string(receiver.port()) + "/callback/demo"));
        server.waitForCallbacks();
    }

    CorpConfig config() const {
        json::object keys;
        Side::configure(keys);
        keys["baseUrl"] = server.baseUrl();
        return CorpConfig("corps.Demo", "Demo", std::move(keys));
    }
    ContextOptions contextOptions() const {
        ContextOptions out;
        out.logger = log.logger();
        return out;
    }
    /** Changes the organisation; all its events have come when this returns. */
    void change(std::function<void(emulator::Organisation&)> const& f) {
        emulator::Organisation org = server.organisation();
        f(org);
        server.setOrganisation(std::move(org));
        arrive();
    }
    void arrive() {
        REQUIRE(server.waitForCallbacks(std::chrono::seconds(60)));
        corp.finishCallbacks();
    }
    bool pending() { return corp.changePendingSince().has_value(); }
    /** What a corp that knows nothing finds there now. */
    std::string truth() {
        typename Side::Type other(config(), Context(), HttpsTransport(), MemoryStorage());
        other.syncCorp();
        return held(other);
    }
    /** What becomes of all events from now on. */
    void fault(emulator::CallbackFaultKind kind) {
        emulator::CallbackFault out;
        out.kind = kind;
        out.times = -1;
        server.addCallbackFault(out);
    }
    /** One change upstream, told or not: after the next sync it is here. */
    void prove(Changer& changer, Change kind, bool told) {
        INFO("kind of change: " << static_cast<int>(kind));
        change([&](emulator::Organisation& org) { changer.make(org, kind); });
        CHECK(pending() == told);
        proveEnd();
    }
    void proveEnd() {
        SyncReport const report = corp.syncCorp();
        INFO(report.toText());
        CHECK(report.holds.empty());
        CHECK(report.outcome != SyncOutcome::incomplete);
        CHECK(held(corp) == truth());
        CHECK(corp.verifyCorp().ok);
        CHECK_FALSE(pending());
        CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
    }

    testing::RecordingLogger log;
    typename Side::Server server;
    typename Side::Type corp;
    emulator::HttpServer receiver{emulator::HttpServerOptions(), [this](emulator::HttpRequest const& q) {
                                      return support::handOn(corp, q);
                                  }};
};

constexpr Change kAll[] = {Change::join,    Change::leave,      Change::move,     Change::rename,
                           Change::newDept, Change::renameDept, Change::moveDept, Change::dropDept,
                           Change::role,    Change::newOrder};

}  // namespace

TEMPLATE_TEST_CASE("a change upstream is told and comes here with the next sync", "[integration][callback]",
                   WeComSide, DingTalkSide, FeishuSide) {
    Following<TestType> f;
    Changer changer(1);
    CHECK_FALSE(f.pending());
    for (Change const kind : kAll) f.prove(changer, kind, TestType::tells(kind));
    for (emulator::CallbackRecord const& r : f.server.callbacks()) {
        INFO(r.event << ": " << r.text);
        CHECK(r.state == emulator::CallbackRecord::State::accepted);
        CHECK(r.attempts.size() == 1);
    }
    CHECK(f.log.count(LogLevel::warning) == 0);
}

TEMPLATE_TEST_CASE("events lost, doubled, out of order, late, or answered in vain: the end is the same",
                   "[integration][callback]", WeComSide, DingTalkSide, FeishuSide) {
    using Kind = emulator::CallbackFaultKind;
    for (std::uint32_t seed = 1; seed <= 2; ++seed) {
        INFO("seed " << seed);
        Following<TestType> f;
        Changer changer(seed);
        for (int step = 0; step < 6; ++step) {
            f.server.clearCallbackFaults();
            constexpr Kind kKinds[] = {Kind::lost, Kind::doubled, Kind::shuffled, Kind::delayed,
                                       Kind::answerLost};
            for (Kind const kind : kKinds) {
                emulator::CallbackFault fault;
                fault.kind = kind;
                fault.times = -1;
                fault.probability = 0.3;
                fault.delay = std::chrono::seconds(5);
                f.server.addCallbackFault(fault);
            }
            // Several changes at once make several events.
            f.change([&](emulator::Organisation& org) {
                for (std::size_t n = 1 + changer.below(4); n > 0; --n)
                    changer.make(org, kAll[changer.below(std::size(kAll))]);
            });
            // What is late comes after the sync as often as before it.
            if (changer.below(2) == 0) f.corp.syncCorp();
            f.server.advanceClock(std::chrono::seconds(15));
            f.arrive();
            if (changer.below(2) == 0) f.proveEnd();
        }
        f.server.clearCallbackFaults();
        f.server.advanceClock(std::chrono::minutes(10));
        f.arrive();
        f.proveEnd();
    }
}

TEMPLATE_TEST_CASE("an event that somebody has touched is refused and does nothing",
                   "[integration][callback]", WeComSide, DingTalkSide, FeishuSide) {
    using Kind = emulator::CallbackFaultKind;
    for (Kind const kind : {Kind::wrongSignature, Kind::garbled}) {
        Following<TestType> f;
        f.fault(kind);
        Changer changer(3);
        f.server.forgetCallbacks();
        f.change([&](emulator::Organisation& org) { changer.make(org, Change::join); });
        CHECK_FALSE(f.pending());
        REQUIRE_FALSE(f.server.callbacks().empty());
        for (emulator::CallbackRecord const& r : f.server.callbacks()) {
            REQUIRE_FALSE(r.attempts.empty());
            CHECK(r.attempts.front().status == 403);
            CHECK_FALSE(r.attempts.front().accepted);
        }
        CHECK(f.log.contains("a callback was refused"));
        f.proveEnd();
    }
}

TEST_CASE("WeCom's rename keeps the person, however its event comes", "[integration][callback]") {
    using Kind = emulator::CallbackFaultKind;
    for (Kind const kind : {Kind::shuffled, Kind::doubled, Kind::answerLost, Kind::delayed}) {
        Following<WeComSide> f;
        UserId const user = f.corp.getMember("m103").userId.value();
        f.corp.saveUserSignature("m103", "https://sign.example/103");
        f.corp.setDeptLimit("7", "m103", {"10"});
        f.fault(kind);
        f.server.renameMember("m103", "zhangsan");
        f.arrive();
        f.server.advanceClock(std::chrono::seconds(10));
        f.arrive();
        CHECK(f.corp.getMember("zhangsan").userId.value() == user);
        SyncReport const report = f.corp.syncCorp();
        INFO(report.toText());
        CHECK(report.members.created == 0);
        CHECK(report.members.removed == 0);
        CHECK(f.corp.getMember("zhangsan").userId.value() == user);
        CHECK(f.corp.getUserSignature("zhangsan").signature == "https://sign.example/103");
        CHECK(f.corp.getDeptLimit("7", "zhangsan").size() == 1);
        CHECK_THROWS_AS(f.corp.getMember("m103"), Error);
        f.server.clearCallbackFaults();
        f.corp.setDeptLimit("7", "zhangsan", {});
        f.proveEnd();
    }
}

TEST_CASE("WeCom's rename whose event is lost: one goes and another comes, and nobody else is touched",
          "[integration][callback]") {
    Following<WeComSide> f;
    f.fault(emulator::CallbackFaultKind::lost);
    f.server.renameMember("m103", "zhangsan");
    f.arrive();
    CHECK_FALSE(f.pending());
    SyncReport const report = f.corp.syncCorp();
    CHECK(report.members.created == 1);
    CHECK(report.members.removed == 1);
    f.proveEnd();
}

TEST_CASE("an application of WeCom hears of who comes into its sight", "[integration][callback]") {
    Following<WeComSide> f;
    emulator::WeComCallback app =
        WeComSide::callback("http://127.0.0.1:" + std::to_string(f.receiver.port()) + "/callback/app");
    app.agentId = 1000002;
    f.server.clearCallbacks();
    f.server.setCallback(app);
    Changer changer(5);
    f.prove(changer, Change::join, true);
    // Of a move within its sight it hears nothing: that takes the hourly sync.
    f.prove(changer, Change::move, false);
}

TEST_CASE("WeCom's full events, and DingTalk's as they were captured, say the same",
          "[integration][callback]") {
    Changer changer(9);
    Following<WeComSide> wecom([](emulator::WeComServer& server) {
        emulator::WeComBehaviour b = server.behaviour();
        b.callbackIdsOnly = false;
        server.setBehaviour(b);
    });
    Following<DingTalkSide> dingtalk([](emulator::DingTalkServer& server) {
        emulator::DingTalkBehaviour b = server.behaviour();
        b.capturedEvents = true;
        b.groupedEvents = true;
        b.signatureNames = {"signature"};
        server.setBehaviour(b);
    });
    for (Change const kind : kAll) {
        wecom.prove(changer, kind, kind != Change::newOrder);
        dingtalk.prove(changer, kind, true);
    }
}

TEST_CASE("Feishu without an Encrypt Key, and with open ids", "[integration][callback]") {
    struct Plain : FeishuSide {
        static void configure(json::object& keys) {
            FeishuSide::configure(keys);
            keys["userIdType"] = "open_id";
            keys["departmentIdType"] = "open_department_id";
            keys["callback"].as_object().erase("encryptKey");
        }
        static emulator::FeishuCallback callback(std::string url) {
            emulator::FeishuCallback out = FeishuSide::callback(std::move(url));
            out.aesKey.clear();
            return out;
        }
    };
    Following<Plain> f;
    Changer changer(11);
    for (Change const kind : kAll) f.prove(changer, kind, FeishuSide::tells(kind));
}

TEMPLATE_TEST_CASE("a schedule that listens brings each change here by itself", "[integration][callback]",
                   WeComSide, DingTalkSide, FeishuSide) {
    Following<TestType> f;
    std::mutex mutex;
    std::condition_variable ran;
    std::uint64_t changed = 0;
    AutoSyncOptions options;
    options.interval = std::chrono::hours(24);
    options.firstAfter = std::chrono::hours(24);
    options.settle = std::chrono::milliseconds(5);
    options.distance = std::chrono::milliseconds(0);
    options.onRun = [&](AutoSyncRun const& run) {
        std::lock_guard const lock(mutex);
        if (run.cause == SyncCause::change && run.report) ++changed;
        ran.notify_all();
    };
    AutoSync schedule(f.corp, options);
    Changer changer(7);
    for (Change const kind : {Change::join, Change::move, Change::leave}) {
        std::uint64_t before = 0;
        {
            std::lock_guard const lock(mutex);
            before = changed;
        }
        f.change([&](emulator::Organisation& org) { changer.make(org, kind); });
        std::unique_lock lock(mutex);
        bool const came = ran.wait_for(lock, std::chrono::seconds(60), [&] { return changed > before; });
        REQUIRE(came);
        // Events of one change may need more than one run.
        auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (f.pending() && std::chrono::steady_clock::now() < deadline)
            ran.wait_for(lock, std::chrono::milliseconds(20));
        lock.unlock();
        REQUIRE_FALSE(f.pending());
        CHECK(held(f.corp) == f.truth());
    }
    schedule.stop();
    schedule.join();
}

}  // namespace integration_callbacks_test
