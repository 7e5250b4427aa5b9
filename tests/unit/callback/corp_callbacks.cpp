// handleCallback() of a corp: the answer first, the work afterwards; what the work does; what a replay does
// not.
#include "../corp/toy.hpp"

#include <corps/callback/callbacks.hpp>
#include <corps/callback/replay_guard.hpp>
#include <corps/storage/memory.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/testing/recording_logger.hpp>

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <support/callback_requests.hpp>
#include <thread>
#include <vector>

namespace callback_corp_callbacks_test {

using namespace corps;
using namespace corps::test;

namespace {

/** A platform as small as can be, whose callbacks are written as WeCom's. */
struct CallingClient : toy::Client {
    using Callbacks = QywxCallbacks;
};
using ToyCorp =
    Corp<toy::Auth, Over<CallingClient, testing::ScriptedTransport>, MemoryStorage, Mirror<StandardRecords>>;

CorpConfig toyConfig() {
    CorpConfig out = toy::config();
    out.business["corpId"] = "ww0123456789abcdef";
    out.business["agentId"] = "1000002";
    out.business["callback"] = {{"token", kToken}, {"aesKey", kAesKey}};
    return out;
}

ContextOptions options(std::shared_ptr<Clock> clock, testing::RecordingLogger const& log) {
    ContextOptions out;
    out.clock = std::move(clock);
    out.logger = log.logger();
    return out;
}

struct World {
    explicit World(ContextOptions more = ContextOptions())
        : context([&] {
              ContextOptions o = options(clock, log);
              o.executor = more.executor;
              return o;
          }()),
          corp(toyConfig(), context, toy::wireTo(org), storage),
          told(corp.onChange([this] { ++changes; })) {}

    /** An event of the contacts, sent now. */
    CallbackRequest event(std::string const& type, std::string const& rest) const {
        std::string const now =
            std::to_string(std::chrono::floor<std::chrono::seconds>(clock->now()).time_since_epoch().count());
        return qywxPost(contactXml(type, rest, now), "", "ww0123456789abcdef", now);
    }
    CallbackRequest about(std::string const& member) const {
        return event("update_user", "<UserID>" + member + "</UserID>");
    }
    void take(CallbackRequest const& q) {
        CallbackResponse const out = corp.handleCallback(q);
        REQUIRE(out.status == 200);
        REQUIRE(out.body == "success");
        corp.finishCallbacks();
    }

    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    testing::RecordingLogger log;
    std::shared_ptr<toy::Organisation> org = toy::demo();
    Context context;
    MemoryStorage storage;
    ToyCorp corp;
    std::atomic<int> changes{0};
    ChangeSubscription told;
};

}  // namespace

TEST_CASE("the answer comes before the work, which runs on the corp's Context", "[callback]") {
    boost::asio::io_context loop;
    ContextOptions o;
    o.executor = loop.get_executor();
    World w(o);
    CallbackResponse const out = w.corp.handleCallback(w.about("bob"));
    CHECK(out.status == 200);
    CHECK(out.body == "success");
    CHECK(w.changes == 0);
    CHECK_FALSE(w.corp.changePendingSince().has_value());
    loop.run();
    CHECK(w.changes == 1);
    CHECK(w.corp.changePendingSince() == w.clock->now());

    // On a thread of that very executor, too.
    loop.restart();
    w.clock->advance(std::chrono::minutes(1));
    boost::asio::post(loop, [&] {
        CHECK(w.corp.handleCallback(w.about("bob")).status == 200);
        CHECK(w.changes == 1);
    });
    loop.run();
    CHECK(w.changes == 2);
}

TEST_CASE("an announced change waits until a complete sync that began after it", "[callback]") {
    World w;
    w.corp.syncCorp();
    CHECK_FALSE(w.corp.changePendingSince().has_value());

    w.clock->advance(std::chrono::hours(1));
    TimePoint const first = w.clock->now();
    w.take(w.about("bob"));
    w.clock->advance(std::chrono::minutes(5));
    w.take(w.about("cid"));
    CHECK(w.corp.changePendingSince() == first);
    CHECK(w.changes == 2);
    {
        // Another process sees it as well.
        ToyCorp other(toyConfig(), w.context, toy::wireTo(w.org), w.storage);
        CHECK(other.changePendingSince() == first);
    }
    w.org->members["bob"].nick = "Bobby";
    CHECK(w.corp.syncCorp({.dryRun = true}).members.updated == 1);
    CHECK(w.corp.changePendingSince() == first);
    SyncReport const report = w.corp.syncCorp();
    CHECK(report.members.updated == 1);
    CHECK_FALSE(w.corp.changePendingSince().has_value());
    CHECK(w.corp.verifyCorp().ok);

    // A sync that finds nothing to change clears it, too; the one after that writes nothing.
    w.clock->advance(std::chrono::hours(1));
    w.take(w.about("bob"));
    CHECK(w.corp.changePendingSince().has_value());
    CHECK(w.corp.syncCorp().outcome == SyncOutcome::unchanged);
    CHECK_FALSE(w.corp.changePendingSince().has_value());
}

TEST_CASE("a change that is announced while a sync reads waits for the next", "[callback]") {
    World w;
    w.corp.syncCorp();
    w.clock->advance(std::chrono::hours(1));
    w.take(w.about("bob"));
    bool announced = false;
    testing::ScriptedTransport const wire([&](Request const& q) {
        if (!announced && q.url.ends_with("/roles")) {
            announced = true;
            std::thread([&] {
                CHECK(w.corp.handleCallback(w.about("eve")).status == 200);
                w.corp.finishCallbacks();
            }).join();
        }
        return w.org->answer(q);
    });
    // Reads on a thread of its own, so that the first corp's work can be done meanwhile.
    ToyCorp reader(toyConfig(), Context(options(w.clock, w.log)), wire, w.storage);
    CHECK(reader.syncCorp().outcome == SyncOutcome::unchanged);
    REQUIRE(announced);
    CHECK(w.corp.changePendingSince().has_value());
    CHECK(w.corp.syncCorp().outcome == SyncOutcome::unchanged);
    CHECK_FALSE(w.corp.changePendingSince().has_value());
}

TEST_CASE("who is named is decoded anew by the next sync, and nobody else", "[callback]") {
    World w;
    w.corp.syncCorp();
    std::uint64_t const warm = w.corp.syncCorp().stats.decoded;
    w.clock->advance(std::chrono::hours(1));

    w.take(w.about("dan"));
    CHECK(w.corp.syncCorp().stats.decoded == warm + 1);
    CHECK(w.corp.syncCorp().stats.decoded == warm);

    w.clock->advance(std::chrono::hours(1));
    w.take(w.about("cid"));  // in two departments
    CHECK(w.corp.syncCorp().stats.decoded == warm + 2);

    w.clock->advance(std::chrono::hours(1));
    w.take(w.event("update_party", "<Id>ops</Id>"));  // cid and eve
    CHECK(w.corp.syncCorp().stats.decoded == warm + 2);

    w.clock->advance(std::chrono::hours(1));
    w.take(w.event("update_tag", "<TagId>finance</TagId>"));  // ann and cid
    CHECK(w.corp.syncCorp().stats.decoded == warm + 2);

    w.clock->advance(std::chrono::hours(1));
    w.take(w.event("delete_user", "<UserID>nobody</UserID>"));
    w.take(w.event("delete_party", "<Id>nowhere</Id>"));
    CHECK(w.corp.syncCorp().stats.decoded == warm);
    CHECK(w.corp.syncCorp().outcome == SyncOutcome::unchanged);
    CHECK(w.corp.verifyCorp().ok);
}

TEST_CASE("a rename keeps the person: user, roles given here and mark", "[callback]") {
    World w;
    w.corp.syncCorp();
    UserId const user = w.corp.getMember("bob").userId.value();
    w.corp.saveUserSignature("bob", "https://sign.example/bob");
    w.corp.setAdmin({"bob"});
    w.clock->advance(std::chrono::hours(1));

    w.take(w.event("update_user", "<UserID>bob</UserID><NewUserID>bob.smith</NewUserID>"));
    auto const node = w.org->members.extract("bob");
    w.org->members["bob.smith"] = node.mapped();
    SyncReport const report = w.corp.syncCorp();
    CHECK(report.members.created == 0);
    CHECK(report.members.removed == 0);
    CHECK(w.corp.getMember("bob.smith").userId.value() == user);
    CHECK(w.corp.getUserSignature("bob.smith").signature == "https://sign.example/bob");
    CHECK_THROWS_AS(w.corp.getMember("bob"), Error);
    std::vector<FeedEntry> const feed = w.corp.changesSince();
    CHECK(std::any_of(feed.begin(), feed.end(), [](FeedEntry const& e) { return e.caller == "callback"; }));

    // Told again, and told wrongly: nothing happens to anybody.
    w.clock->advance(std::chrono::hours(1));
    w.take(w.event("update_user", "<UserID>bob</UserID><NewUserID>bob.smith</NewUserID>"));
    w.take(w.event("update_user", "<UserID>cid</UserID><NewUserID>ann</NewUserID>"));
    CHECK(w.corp.getMember("cid").userId.value() != w.corp.getMember("ann").userId.value());
    CHECK(w.log.contains("was not renamed"));
    CHECK_FALSE(w.log.contains("cid"));
    CHECK(w.corp.syncCorp().outcome == SyncOutcome::unchanged);
}

TEST_CASE("two renames of one person in the wrong order end where they should", "[callback]") {
    boost::asio::io_context loop;
    ContextOptions o;
    o.executor = loop.get_executor();
    World w(o);
    std::thread syncing;
    {
        auto const guard = boost::asio::make_work_guard(loop);
        syncing = std::thread([&] { loop.run(); });
        w.corp.syncCorp();
    }
    syncing.join();
    loop.restart();
    UserId const user = w.corp.getMember("bob").userId.value();
    w.clock->advance(std::chrono::hours(1));
    CHECK(w.corp.handleCallback(w.event("update_user", "<UserID>b2</UserID><NewUserID>b3</NewUserID>"))
              .status == 200);
    CHECK(w.corp.handleCallback(w.event("update_user", "<UserID>bob</UserID><NewUserID>b2</NewUserID>"))
              .status == 200);
    loop.run();
    CHECK(w.corp.getMember("b3").userId.value() == user);
    CHECK(w.changes == 1);  // what came together is told together
}

TEST_CASE("a replay is answered like the first and does nothing more", "[callback]") {
    World w;
    w.corp.syncCorp();
    w.clock->advance(std::chrono::hours(1));
    CallbackRequest const q = w.about("bob");
    CallbackResponse const first = w.corp.handleCallback(q);
    w.corp.finishCallbacks();
    w.corp.syncCorp();
    for (int i = 0; i < 3; ++i) {
        CallbackResponse const again = ToyCorp(w.corp).handleCallback(q);
        CHECK(again.status == first.status);
        CHECK(again.body == first.body);
    }
    w.corp.finishCallbacks();
    CHECK(w.changes == 1);
    CHECK_FALSE(w.corp.changePendingSince().has_value());
    // The same event, signed and encrypted anew: so a platform may try again.
    CHECK(w.corp.handleCallback(w.about("bob")).status == 200);
    w.corp.finishCallbacks();
    CHECK(w.changes == 1);
}

TEST_CASE("an event older than the last complete sync is no news; one about as old is", "[callback]") {
    World w;
    CallbackRequest const before = w.about("bob");
    w.clock->advance(std::chrono::seconds(30));
    CallbackRequest const justBefore = w.about("bob");
    w.clock->advance(std::chrono::seconds(40));
    w.corp.syncCorp();
    w.take(before);
    CHECK(w.changes == 0);
    CHECK_FALSE(w.corp.changePendingSince().has_value());
    w.take(justBefore);
    CHECK(w.changes == 1);
    CHECK(w.corp.changePendingSince().has_value());
}

TEST_CASE("unknown events and refused requests do nothing; the log has the reason and nothing else",
          "[callback]") {
    World w;
    w.take(qywxPost("<xml><Event>enter_agent</Event></xml>", "", "ww0123456789abcdef", "1767225600"));
    CHECK(w.changes == 0);
    CallbackRequest forged = w.about("secretive-member");
    forged.target.replace(forged.target.find("nonce=") + 6, 3, "xyz");
    CallbackResponse const out = w.corp.handleCallback(forged);
    w.corp.finishCallbacks();
    CHECK(out.status == 403);
    CHECK(w.changes == 0);
    CHECK_FALSE(w.corp.changePendingSince().has_value());
    CHECK(w.log.contains("corps.Toy: a callback was refused: a wrong signature"));
    CHECK_FALSE(w.log.contains("secretive"));
    CHECK_FALSE(w.log.contains(kToken));
    CHECK_FALSE(w.log.contains("xyz"));
}

TEST_CASE("a corp without the business key says so, and again", "[callback]") {
    CorpConfig config = toyConfig();
    config.business.erase("callback");
    config.businessFile = "corps/Toy/Toy.json";
    toy::World w;
    ToyCorp corp(config, w.context, toy::wireTo(w.org), w.storage);
    for (int i = 0; i < 2; ++i) {
        try {
            (void)corp.handleCallback(CallbackRequest());
            FAIL("was handled");
        } catch (Error const& e) {
            CHECK(e.is(Errc::config));
            CHECK(e.diagnostics().corp == "corps.Toy");
            CHECK(e.diagnostics().place == "corps/Toy/Toy.json: callback");
        }
    }
}

TEST_CASE("callbacks may come on many threads at once, while the corp syncs", "[callback]") {
    World w;
    w.corp.syncCorp();
    w.clock->advance(std::chrono::hours(1));
    std::vector<std::thread> threads;
    std::atomic<int> answered{0};
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 50; ++i) {
                std::string const who = "m" + std::to_string(i % 10) + "-" + std::to_string(t);
                if (w.corp.handleCallback(w.about(i % 2 == 0 ? "bob" : who)).status == 200) ++answered;
            }
        });
    for (int i = 0; i < 5; ++i) w.corp.syncCorp();
    for (std::thread& t : threads) t.join();
    w.corp.finishCallbacks();
    CHECK(answered == 200);
    CHECK(w.changes >= 1);
    w.take(w.about("eve"));
    CHECK(w.corp.changePendingSince().has_value());
    w.corp.syncCorp();
    CHECK_FALSE(w.corp.changePendingSince().has_value());
    CHECK(w.corp.verifyCorp().ok);
}

TEST_CASE("an executor that ends before the work does leaves the corp usable", "[callback]") {
    auto loop = std::make_unique<boost::asio::io_context>();
    ContextOptions o;
    o.executor = loop->get_executor();
    World w(o);
    CHECK(w.corp.handleCallback(w.about("bob")).status == 200);
    loop.reset();
    CHECK_FALSE(w.corp.changePendingSince().has_value());
}

TEST_CASE("the replay guard forgets the oldest and no other", "[callback]") {
    ReplayGuard guard(3);
    CHECK(guard.first("a"));
    CHECK(guard.first("b"));
    CHECK(guard.first("c"));
    CHECK_FALSE(guard.first("a"));
    CHECK_FALSE(guard.first("c"));
    CHECK(guard.first("d"));  // a is forgotten
    CHECK_FALSE(guard.first("b"));
    CHECK(guard.first("a"));  // b is
    CHECK_FALSE(guard.first("c"));
    CHECK(guard.first("b"));
    ReplayGuard none(0);
    CHECK(none.first("a"));
    CHECK_FALSE(none.first("a"));
    CHECK(none.first("b"));
}

}  // namespace callback_corp_callbacks_test
