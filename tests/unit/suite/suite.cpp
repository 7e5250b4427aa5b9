// Suite: a provider's callbacks, the life of an authorisation, what the store keeps sealed, and many
// enterprises beside each other.
#include <corps/callback/callbacks.hpp>
#include <corps/context/rate_limiter.hpp>
#include <corps/corps.hpp>
#include <corps/storage/sqlite.hpp>
#include <corps/suite.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/testing/scripted_transport.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <support/proxy_platform.hpp>
#include <support/suite_callbacks.hpp>
#include <unit/storage/temp_dir.hpp>
#include <utility>
#include <vector>

namespace suite_suite_test {

using namespace corps;
using namespace corps::testsupport;
using namespace std::chrono_literals;
using testing::ManualClock;
using testing::ScriptedTransport;

namespace {

/** A store of one of the two kinds, gone with this object. */
template <class Storage>
struct Kept;
template <>
struct Kept<MemoryStorage> {
    MemoryStorage storage;
    [[nodiscard]] MemoryStorage reopened() const { return storage; }
};
template <>
struct Kept<SqliteStorage> {
    TempDir dir;
    SqliteStorage storage{dir.file("corps.db")};
    [[nodiscard]] SqliteStorage reopened() const { return SqliteStorage(dir.file("corps.db")); }
};

constexpr long long kBegin = 1'767'225'600;  // where the tests' clock begins

std::string bodyOf(CallbackResponse const& r) {
    CHECK(r.status == 200);
    return r.body;
}

/** A suite that has a ticket. */
template <class Storage>
Suite<ScriptedTransport, Storage> suiteOf(ProxyPlatform& platform, Context const& context, Storage storage,
                                          SuiteOptions options = SuiteOptions()) {
    Suite<ScriptedTransport, Storage> suite(*suiteElement(), context, platform.net, std::move(storage),
                                            options);
    REQUIRE(bodyOf(suite.handleCallback(ticketEvent(platform.ticket, kBegin))) == "success");
    return suite;
}

std::string bytesOf(std::filesystem::path const& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("the suite answers the published callbacks: verification, ticket, authorisation",
          "[proxy][callback]") {
    ProxyPlatform platform;
    ProxyEnterprise& e = platform.add("alpha");
    platform.authCodes["AUTHCODE-0001"] = &e;
    ContextOptions made = providerOptions();
    auto const clock = std::make_shared<ManualClock>(TimePoint(1'700'000'005s));
    made.clock = clock;
    Suite<ScriptedTransport, MemoryStorage> suite(*suiteElement(), Context(made), platform.net,
                                                  MemoryStorage());
    // Computed with OpenSSL and with the platform's own npm package.
    CallbackResponse const verified = suite.handleCallback(CallbackRequest(
        "GET",
        "/suite?msg_signature=9e7dc13e753ef0c3b7264b4bc7e8e207248a5939&timestamp=1700000005&nonce=42&echostr="
        "4j%2FAuRx71kQlxVlzbpsMWFHe92iq4VdHki6B%2Bj5nrtg71mFdQm%2Bko3NxTfdGK3HjBjeJUeY6ebrxJg1rOmkb6A%3D%3D",
        ""));
    CHECK(bodyOf(verified) == "1616140317555161061");
    std::string const ticket =
        "4j/AuRx71kQlxVlzbpsMWPVXJc0RXUTdS5A833U0bhDBrOYVY/dEMNc/wK0FXx8JWV3W7NhS+dJ1SoLHXsdLn5V0rh3Pygng7s/"
        "EmGczZZBeYdoOAYPiBlpsGRShX3ZwKWdId07YLTMsy3O+ZL9o8jILV0/J+ehmh0brwXXRDLcsdo5YSVMNWsSWPUq+"
        "qGfepxTVBUH9o4/cDqHPwTx36hVfDKUDxoXrH11kVn4kgQesWCqY3ZUnGOMIHXlNTNoNJeu/"
        "kPuJEkfgo2394ZELqhAHCZhmwnGhqrWEB8v11aJqTCiDTLazHsrNdMVIiCJtkmCAgA/ivVOXchWIPfOeBg==";
    auto const post = [&](std::string const& encrypted, std::string const& signature,
                          std::string const& timestamp, std::string const& nonce) {
        return suite.handleCallback(CallbackRequest(
            "POST", "/suite?msg_signature=" + signature + "&timestamp=" + timestamp + "&nonce=" + nonce,
            "<xml><Encrypt><![CDATA[" + encrypted + "]]></Encrypt></xml>"));
    };
    CHECK_FALSE(suite.ticketAge());
    CHECK(bodyOf(post(ticket, "db69f48fdd58d5ee80d2c4587fc54526c6c5dea2", "1700000002", "380320360")) ==
          "success");
    CHECK(suite.ticketAge());
    CHECK(bodyOf(post(
              "4j/"
              "AuRx71kQlxVlzbpsMWKJhvTDVKfL732fOS8yy4A1bdPIREo+"
              "BYcn5XD7oihnXKZr1sMsjt6wz26giqV3znX6Xh58FHvHVJuE7NAch7LlxYqr8iI8yLDHlfVkPuENfSjkIIdWt6kuLo4gng"
              "xs2NYxNcK3UGSHj5FFLNgwZaKbxT/"
              "egkQ/p0h6OnDHjvuUC9NHJb2keOs/6/EgZSxuq2J6wXekT+/"
              "duAimTOEsrPijvQH3PWdvDfURPdhaTAsYM2eIopB5cUnpU6Pa1xdRBsI8uRuralCBh+ostk+"
              "zzKk1q8IIC8hk633n3Wc11aeppxtWVrxGhNqOP8mbGldpwIBH56V3TC/Cm3/Gj6MX6RYrW+C/nvcdk8wD1IMhy6a2N",
              "11dc6fdff90d95e58f091d9289a1788b79d3321e", "1700000003", "380320361")) == "success");
    suite.drain();
    REQUIRE(suite.corps().size() == 1);
    CHECK(suite.corps()[0].corpId == e.openId);
    CHECK(suite.corps()[0].state == "corp42");

    // Not the platform's: one letter of the signature.
    CHECK(post(ticket, "eb69f48fdd58d5ee80d2c4587fc54526c6c5dea2", "1700000002", "380320360").status == 403);
    CHECK(suite.handleCallback(CallbackRequest("POST", "/suite", "<xml></xml>")).status == 400);
    CHECK(suite.handleCallback(CallbackRequest("PUT", "/suite", "")).status == 405);
    // Sent long ago.
    clock->setNow(TimePoint(1'767'225'600s));
    CHECK(post(ticket, "db69f48fdd58d5ee80d2c4587fc54526c6c5dea2", "1700000002", "380320360").status == 403);
    // Another receiver's, signed with our own token; and ours by any of our names.
    std::string const fine = suiteXml("suite_ticket", 1, "<SuiteTicket>OLD</SuiteTicket>");
    CHECK(suite.handleCallback(suiteEvent(fine, "dkother")).status == 403);
    std::string of = fine;
    of.replace(of.find(kSuiteId), std::string_view(kSuiteId).size(), "dkother");
    CHECK(suite.handleCallback(suiteEvent(of)).status == 403);
    for (std::string const& name :
         {std::string(kSuiteId), std::string(kProviderCorp), e.openId, std::string()})
        CHECK(bodyOf(suite.handleCallback(suiteEvent(fine, name))) == "success");
    for (char const* const xml : {"<xml><SuiteId>dkother</SuiteId><InfoType>x</InfoType></xml>", "no xml",
                                  "<!DOCTYPE x>", "<xml><SuiteId>dk0123456789abcdef</SuiteId></xml>"})
        CHECK(suite.handleCallback(suiteEvent(xml)).status == 403);
    CHECK(suite.handleCallback(suiteEvent(suiteXml("create_auth", kBegin, ""))).status == 403);
    CHECK(bodyOf(suite.handleCallback(suiteEvent(suiteXml("unlicensed_notify", kBegin, "")))) == "success");
}

TEMPLATE_TEST_CASE("an authorisation lives: made, changed, reset, withdrawn, made again", "[proxy]",
                   MemoryStorage, SqliteStorage) {
    ProxyPlatform platform;
    ProxyEnterprise& e = platform.add("alpha");
    Kept<TestType> kept;
    Context const context = providerContext();
    auto suite = suiteOf<TestType>(platform, context, kept.storage);
    std::mutex mutex;
    std::vector<SuiteEventKind> events;
    SuiteSubscription const listening = suite.onEvent([&](SuiteEvent const& event) {
        std::lock_guard const lock(mutex);
        events.push_back(event.kind);
    });
    CHECK(suite.corps().empty());

    // Authorised: sent twice, done once.
    std::string const code = platform.authorise(e);
    CHECK(bodyOf(suite.handleCallback(createEvent(code, kBegin + 1))) == "success");
    CHECK(bodyOf(suite.handleCallback(createEvent(code, kBegin + 1))) == "success");
    suite.drain();
    CHECK(platform.net.calls("POST /cgi-bin/service/v2/get_permanent_code") == 1);
    CHECK(platform.net.calls("POST /cgi-bin/service/get_suite_token") == 1);
    SuiteCorp const first = suite.corp(e.openId);
    CHECK(first.agentId == "1000005");
    CHECK(first.corpName == "Enterprise alpha");
    CHECK(first.legalName == "Enterprise alpha Ltd");
    CHECK(first.permissions ==
          std::vector<std::string>{"contact:sensitive:department_name", "contact:sensitive:user_name"});
    CHECK(first.range == SuiteRange{{"1"}, {}, {}});
    CHECK(suite.getAgentId(e.openId) == "1000005");
    auto corp = suite.open(e.openId);
    CHECK(corp.title() == "Enterprise alpha");
    corp.initCorp();
    CHECK(corp.getMembers("active").size() == 3);
    CHECK(platform.tokensIssued == 1);  // the suite and the corp share the enterprise's token

    // Less of it may be seen: read again, and told.
    e.rangeDepts = {2};
    e.depts = {{2, 1}};
    e.permissions.push_back("corp_arch:base:base");
    CHECK(bodyOf(suite.handleCallback(changeEvent(e.openId, kBegin + 2))) == "success");
    suite.drain();
    CHECK(suite.corp(e.openId).range == SuiteRange{{"2"}, {}, {}});
    CHECK(suite.corp(e.openId).permissions->size() == 3);

    // The secret is made anew: the old one is dead at once.
    std::string const reset = platform.authorise(e);
    e.code = "nobody-knows-it-yet";
    platform.dropTokens(e);
    CHECK(failure([&] { corp.syncCorp(); }) == Errc::authRejected);
    CHECK(suite.corp(e.openId).status == SuiteCorpState::secretStale);
    CHECK(bodyOf(suite.handleCallback(resetEvent(reset, kBegin + 3))) == "success");
    suite.drain();
    CHECK(suite.corp(e.openId).status == SuiteCorpState::active);
    CHECK(corp.syncCorp().outcome != SyncOutcome::incomplete);
    int const wrong = platform.wrongSecrets;

    // Withdrawn. What is mirrored stays, since nothing else was asked for.
    platform.cancel(e);
    CHECK(bodyOf(suite.handleCallback(cancelEvent(e.openId, kBegin + 4))) == "success");
    CHECK(suite.corps().empty());
    CHECK(suite.corps(true).size() == 1);
    CHECK_FALSE(suite.corp(e.openId).hasCode);
    CHECK(failure([&] { corp.syncCorp(); }) == Errc::authRejected);
    CHECK(corp.getMembers().size() == 3);
    CHECK(platform.wrongSecrets == wrong);
    // Events of before come late.
    CHECK(bodyOf(suite.handleCallback(changeEvent(e.openId, kBegin + 2))) == "success");
    suite.drain();
    CHECK(suite.corp(e.openId).status == SuiteCorpState::cancelled);

    // Authorised again, with another application.
    e.agentId = "1000042";
    e.rangeDepts = {1};
    e.depts = {{1, 0}, {2, 1}};
    CHECK(bodyOf(suite.handleCallback(createEvent(platform.authorise(e), kBegin + 10))) == "success");
    CHECK(bodyOf(suite.handleCallback(cancelEvent(e.openId, kBegin + 4))) == "success");  // late, and twice
    suite.drain();
    CHECK(suite.corp(e.openId).status == SuiteCorpState::active);
    CHECK(suite.getAgentId(e.openId) == "1000042");
    corp.syncCorp();
    CHECK(corp.getMembers("active").size() == 3);
    CHECK(corp.verifyCorp().ok);

    std::vector<SuiteEventKind> const expected{SuiteEventKind::authorized,  SuiteEventKind::changed,
                                               SuiteEventKind::secretReset, SuiteEventKind::cancelled,
                                               SuiteEventKind::failed,      SuiteEventKind::authorized};
    std::lock_guard const lock(mutex);
    CHECK(events == expected);
}

TEST_CASE(
    "an enterprise whose ids become encrypted is refused until that is asked for, and nobody becomes "
    "somebody "
    "else",
    "[proxy]") {
    ProxyPlatform platform;
    ProxyEnterprise& e = platform.add("alpha", 6);
    e.encrypted = false;
    e.tags[7] = {"Duty", {"u1"}};
    MemoryStorage store;
    Context const context = providerContext();
    auto suite = suiteOf<MemoryStorage>(platform, context, store);
    SuiteCorp const authorised = suite.authorize(platform.authorise(e));
    CHECK(authorised.corpId == e.plainId);
    CHECK(authorised.otherCorpId == e.openId);
    auto corp = suite.open(e.plainId);
    corp.syncCorp();
    CHECK(corp.getMember("u1").nick == "alpha person 1");
    auto const role = corp.createRole("Made here", corp.createRoleGroup("Ours").roleGroupId);
    corp.setUserRole("u2", {role.roleId});
    corp.saveUserSignature("u3", "https://example.com/3.png");
    corp.offlineMember({"u4"});
    std::map<std::string, std::string> users;
    for (auto const& m : corp.getMembers()) users[m.memberId.str()] = m.userId.value().str();

    e.encrypted = true;  // for good
    std::string text;
    CHECK(failure([&] { corp.syncCorp(); }, &text) == Errc::wrongCorp);
    CHECK(text.find("open_userid") != std::string::npos);
    CHECK(text.find("migrate") != std::string::npos);
    CHECK(corp.getMember("u1").userId.value().str() == users["u1"]);
    CHECK(platform.net.calls("POST /cgi-bin/batch/userid_to_openuserid") == 0);

    // Somebody leaves in the same moment.
    e.users.erase(e.users.begin() + 5);
    SyncOptions migrate;
    migrate.migrate = true;
    migrate.dryRun = true;
    SyncReport const planned = corp.syncCorp(migrate);
    REQUIRE(planned.migration);
    CHECK(planned.migration->members.size() == 5);
    CHECK(corp.getMember("u1").userId.value().str() == users["u1"]);
    migrate.dryRun = false;
    SyncReport const report = corp.syncCorp(migrate);
    CAPTURE(report.toText());
    for (int i = 0; i < 5; ++i) {
        std::string const id = "u" + std::to_string(i);
        CAPTURE(id);
        CHECK(corp.getMember(e.shown(id)).userId.value().str() == users[id]);
        CHECK(failure([&] { static_cast<void>(corp.getMember(id)); }) == Errc::notFound);
    }
    CHECK(corp.getMemberRoles(e.shown("u2")).front().roleId == role.roleId);
    CHECK(corp.getUserSignature(e.shown("u3")).signature == "https://example.com/3.png");
    CHECK(corp.getMember(e.shown("u4")).status == MemberStatus::resigned);
    CHECK(corp.getRoleMembers("7").front().memberId == e.shown("u1"));
    CHECK(corp.getMembers().size() == 6);
    CHECK(corp.syncCorp().members.created == 0);
    CHECK(corp.verifyCorp().ok);

    // The enterprise by its other id is the same one, for a sync and for a login.
    CorpConfig config = suite.configOf(e.openId);
    config.business["corpId"] = e.openId;
    auto renamed = suite.open(config);
    CHECK(renamed.syncCorp().members.created == 0);
    CHECK(renamed.getMember(e.shown("u1")).userId.value().str() == users["u1"]);
    CHECK(renamed.identify(LoginCode("u1")).member.memberId == e.shown("u1"));
    CHECK(renamed.bulkRegister(renamed.getThirdCorpData()).unknown.empty());
    // Another enterprise's id is not.
    ProxyEnterprise& other = platform.add("beta");
    suite.authorize(platform.authorise(other));
    config.business["corpId"] = other.openId;
    auto wrong = suite.open(config);
    CHECK(failure([&] { wrong.syncCorp(); }) == Errc::wrongCorp);
}

TEST_CASE("contact changes come to each enterprise's own address, and to nobody else", "[proxy]") {
    ProxyPlatform platform;
    ProxyEnterprise& a = platform.add("alpha");
    ProxyEnterprise& b = platform.add("beta");
    auto suite = suiteOf<MemoryStorage>(platform, providerContext(), MemoryStorage());
    suite.authorize(platform.authorise(a));
    suite.authorize(platform.authorise(b));
    auto corpA = suite.open(a.openId);
    auto corpB = suite.open(b.openId);
    corpA.syncCorp();
    corpB.syncCorp();
    int told = 0;
    auto const listening = corpA.onChange([&told] { ++told; });
    auto const event = [](std::string const& corpId, std::string const& receiver) {
        CallbackRequest out =
            suiteEvent("<xml><ToUserName><![CDATA[" + corpId +
                           "]]></ToUserName><FromUserName>sys</FromUserName><CreateTime>1767229200"
                           "</CreateTime><MsgType>event</MsgType><Event>change_contact</Event>"
                           "<ChangeType>delete_user</ChangeType><UserID>u1</UserID></xml>",
                       receiver);
        std::size_t const at = out.body.find(kSuiteId);
        out.body.replace(at, std::string(kSuiteId).size(), corpId);
        return out;
    };
    // The suite's token and key are the application's, as the platform fills them in.
    CHECK(bodyOf(corpA.handleCallback(event(a.openId, a.openId))) == "success");
    corpA.finishCallbacks();
    CHECK(told == 1);
    CHECK(corpA.handleCallback(event(b.openId, b.openId)).status == 403);
    CHECK(corpA.handleCallback(event(b.openId, kProviderCorp)).status == 403);
    CHECK(corpB.handleCallback(event(a.openId, a.openId)).status == 403);
    corpA.finishCallbacks();
    CHECK(told == 1);
}

TEST_CASE("only the newest ticket counts, and a dead ticket pipeline stops no directory work", "[proxy]") {
    ProxyPlatform platform;
    ProxyEnterprise& e = platform.add("alpha");
    MemoryStorage store;
    Context const context = providerContext();
    auto suite = suiteOf<MemoryStorage>(platform, context, store);
    suite.authorize(platform.authorise(e));
    // An older one comes late.
    CHECK(bodyOf(suite.handleCallback(ticketEvent("TICKET-0000", kBegin - 600))) == "success");
    platform.suiteTokens.clear();  // the suite's token is refused (40082): a new one with the same ticket
    e.rangeUsers = {"u0"};         // what only the suite itself is told
    CHECK(suite.refresh(e.openId).range.value().memberIds.size() == 1);
    CHECK(platform.net.calls("POST /cgi-bin/service/get_suite_token") == 2);

    platform.ticket = "TICKET-0002";  // and never arrives
    platform.suiteTokens.clear();
    std::string text;
    ProxyEnterprise& other = platform.add("beta");
    CHECK(failure([&] { suite.authorize(platform.authorise(other)); }, &text) == Errc::authRejected);
    CHECK(text.find("ticket") != std::string::npos);
    CHECK(text.find("TICKET") == std::string::npos);
    auto corp = suite.open(e.openId);
    CHECK(corp.syncCorp().outcome == SyncOutcome::done);
    // What the enterprise grants is still read with its own token, and its application is found.
    e.permissions = {"corp_arch:base:base"};
    CHECK(suite.refresh(e.openId).permissions == e.permissions);

    // A code that came meanwhile is exchanged when the ticket comes at last.
    CHECK(bodyOf(suite.handleCallback(createEvent(platform.authorise(other), kBegin + 5))) == "success");
    suite.drain();
    CHECK(suite.corps().size() == 1);
    CHECK(bodyOf(suite.handleCallback(ticketEvent("TICKET-0002", kBegin + 6))) == "success");
    suite.drain();
    CHECK(suite.corps().size() == 2);
}

TEST_CASE("a provider's limit is common to its enterprises, beside each one's own", "[proxy]") {
    ContextOptions made = providerOptions();
    std::shared_ptr<Clock> const clock = made.clock;
    Context const context(made);
    Duration const exact(0);
    RateLimiter& common = context.limiters().get("all", {RateWindow{5, 1min, exact}});
    RateLimiter& a = context.limiters().get("a", {RateWindow{3, 1min, exact}}, common);
    RateLimiter& b = context.limiters().get("b", {RateWindow{3, 1min, exact}}, common);
    Duration const begin = clock->uptime();
    for (int i = 0; i < 3; ++i) context.run(a.acquire());
    for (int i = 0; i < 2; ++i) context.run(b.acquire());
    CHECK(clock->uptime() == begin);
    context.run(b.acquire());  // its own third, and the sixth of all
    CHECK(clock->uptime() == begin + 1min);
    CHECK(common.granted() == 6);
}

TEST_CASE("where the newer calls are not there the older ones do", "[proxy]") {
    ProxyPlatform platform;
    platform.v2 = false;
    ProxyEnterprise& e = platform.add("alpha");
    auto suite = suiteOf<MemoryStorage>(platform, providerContext(), MemoryStorage());
    SuiteCorp const corp = suite.authorize(platform.authorise(e));
    CHECK(corp.agentId == "1000005");
    CHECK(platform.net.calls("POST /cgi-bin/service/get_permanent_code") == 1);
    // A code works once.
    CHECK(failure([&] { suite.authorize("AUTHCODE-1"); }) == Errc::authRejected);
}

TEST_CASE("an enterprise switches the application off and on again", "[proxy]") {
    ProxyPlatform platform;
    ProxyEnterprise& e = platform.add("alpha");
    auto suite = suiteOf<MemoryStorage>(platform, providerContext(), MemoryStorage());
    suite.authorize(platform.authorise(e));
    auto corp = suite.open(e.openId);
    corp.syncCorp();
    e.enabled = false;
    platform.dropTokens(e);
    CHECK(bodyOf(suite.handleCallback(changeEvent(e.openId, kBegin + 5))) == "success");
    suite.drain();
    CHECK(suite.corp(e.openId).status == SuiteCorpState::disabled);
    int const wrong = platform.wrongSecrets;
    std::string text;
    CHECK(failure([&] { corp.syncCorp(); }, &text) == Errc::authRejected);
    CHECK(text.find("switched") != std::string::npos);
    CHECK(platform.wrongSecrets == wrong);
    e.enabled = true;
    CHECK(bodyOf(suite.handleCallback(changeEvent(e.openId, kBegin + 6))) == "success");
    suite.drain();
    CHECK(suite.corp(e.openId).status == SuiteCorpState::active);
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
}

TEST_CASE("that an application is on again is found out after a day, when nobody tells", "[proxy]") {
    ProxyPlatform platform;
    ProxyEnterprise& e = platform.add("alpha");
    ContextOptions made = providerOptions();
    auto const clock = std::make_shared<ManualClock>();
    clock->autoAdvance();
    made.clock = clock;
    auto suite = suiteOf<MemoryStorage>(platform, Context(made), MemoryStorage());
    suite.authorize(platform.authorise(e));
    auto corp = suite.open(e.openId);
    corp.syncCorp();
    e.enabled = false;
    platform.dropTokens(e);
    CHECK(bodyOf(suite.handleCallback(changeEvent(e.openId, kBegin + 5))) == "success");
    suite.drain();
    e.enabled = true;
    clock->advance(23h);
    CHECK(failure([&] { corp.syncCorp(); }) == Errc::authRejected);
    clock->advance(2h);
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
}

TEST_CASE("a changed authorisation that cannot be read while the platform is down is read when it is back",
          "[proxy]") {
    ProxyPlatform platform;
    ProxyEnterprise& e = platform.add("alpha");
    MemoryStorage store;
    ContextOptions made = providerOptions();
    auto const clock = std::make_shared<ManualClock>(TimePoint(std::chrono::seconds(kBegin)));
    clock->autoAdvance();
    made.clock = clock;
    Context const context(made);
    auto suite = suiteOf<MemoryStorage>(platform, context, store);
    suite.authorize(platform.authorise(e));
    std::promise<SuiteCorp> changed;
    std::vector<SuiteEventKind> others;
    SuiteSubscription const listening = suite.onEvent([&](SuiteEvent const& event) {
        if (event.kind == SuiteEventKind::changed)
            changed.set_value(event.corp);
        else
            others.push_back(event.kind);
    });
    platform.infoOutages = 12;  // more than one call tries
    e.rangeDepts = {2};
    CHECK(bodyOf(suite.handleCallback(changeEvent(e.openId, kBegin + 2))) == "success");
    std::future<SuiteCorp> answer = changed.get_future();
    REQUIRE(answer.wait_for(30s) == std::future_status::ready);
    CHECK(answer.get().range == SuiteRange{{"2"}, {}, {}});
    CHECK(platform.infoOutages == 0);
    CHECK(others.empty());
}

TEST_CASE("a code that a program did not get to exchange is exchanged by the next one", "[proxy]") {
    ProxyPlatform platform;
    ProxyEnterprise& e = platform.add("alpha");
    Kept<SqliteStorage> kept;
    {
        SuiteBook book(providerContext(), std::make_shared<StoreOf<SqliteStorage>>(kept.storage), kSuiteId);
        book.putTicket(Secret(platform.ticket), 1);
        CHECK(book.putWork(Secret(platform.authorise(e)), false, kBegin * 1000, kBegin * 1000));
    }
    Suite<ScriptedTransport, SqliteStorage> suite(*suiteElement(), providerContext(), platform.net,
                                                  kept.reopened());
    suite.resume();
    suite.drain();
    CHECK(suite.corps().size() == 1);
}

TEST_CASE("of several programs over one store one exchanges, and another later what it has left", "[proxy]") {
    ProxyPlatform platform;
    ProxyEnterprise& e = platform.add("alpha");
    MemoryStorage store;
    auto suite = suiteOf<MemoryStorage>(platform, providerContext(), store);
    suite.drain();
    {
        StoreOf<MemoryStorage> other(store);
        std::unique_ptr<StoreLock> const working = other.tryLock(std::string("suite ") + kSuiteId);
        REQUIRE(working);
        CHECK(bodyOf(suite.handleCallback(createEvent(platform.authorise(e), kBegin + 1))) == "success");
        suite.drain();
        CHECK(suite.corps().empty());
        CHECK(platform.net.calls("POST /cgi-bin/service/v2/get_permanent_code") == 0);
    }
    suite.drain();
    CHECK(suite.corps().size() == 1);
}

TEST_CASE("a code that the platform does not know is given up at once, any other after ten minutes",
          "[proxy]") {
    ProxyPlatform platform;
    ProxyEnterprise& e = platform.add("alpha");
    ContextOptions made = providerOptions();
    auto const clock = std::make_shared<ManualClock>();  // stands still
    made.clock = clock;
    auto suite = suiteOf<MemoryStorage>(platform, Context(made), MemoryStorage());
    std::vector<std::string> failed;
    SuiteSubscription const listening = suite.onEvent([&](SuiteEvent const& event) {
        if (event.kind == SuiteEventKind::failed) failed.push_back(event.problem);
    });
    char const* const exchange = "POST /cgi-bin/service/v2/get_permanent_code";
    CHECK(bodyOf(suite.handleCallback(createEvent("AUTHCODE-OF-NOBODY", kBegin + 1))) == "success");
    suite.drain();
    REQUIRE(failed.size() == 1);
    CHECK(failed[0].find("reset the enterprise's secret") != std::string::npos);
    CHECK(failed[0].find("AUTHCODE-OF-NOBODY") == std::string::npos);
    suite.drain();
    CHECK(platform.net.calls(exchange) == 1);

    platform.ticket.clear();  // no token of the suite until another ticket comes
    platform.suiteTokens.clear();
    std::string const code = platform.authorise(e);
    CHECK(bodyOf(suite.handleCallback(createEvent(code, kBegin + 2))) == "success");
    suite.drain();
    clock->advance(9min);
    suite.drain();
    CHECK(failed.size() == 1);
    clock->advance(2min);
    suite.drain();
    REQUIRE(failed.size() == 2);
    CHECK(failed[1].find("ticket") != std::string::npos);
    CHECK(failed[1].find(code) == std::string::npos);
    platform.ticket = "TICKET-0002";
    std::size_t const calls = platform.net.calls(exchange);
    CHECK(bodyOf(suite.handleCallback(ticketEvent("TICKET-0002", kBegin + 700))) == "success");
    suite.drain();
    CHECK(platform.net.calls(exchange) == calls);
    CHECK(suite.corps().empty());
}

TEST_CASE("a withdrawal that comes while the authorisation is read stays one", "[proxy]") {
    ProxyPlatform platform;
    ProxyEnterprise& e = platform.add("alpha");
    auto suite = suiteOf<MemoryStorage>(platform, providerContext(), MemoryStorage());
    suite.authorize(platform.authorise(e));
    std::function<void()> const withdraw = [&] {
        CHECK(bodyOf(suite.handleCallback(cancelEvent(e.openId, 32'503'680'000))) == "success");
    };
    SECTION("while the suite is told of it") { platform.infoAsked = withdraw; }
    SECTION("while the enterprise refuses the rest") {
        platform.intercept = [&](ProxyEnterprise&, Request const&) -> std::optional<Response> {
            withdraw();
            return ProxyPlatform::refusal(40001);
        };
    }
    static_cast<void>(failure([&] { suite.refresh(e.openId); }));
    CHECK(suite.corp(e.openId).status == SuiteCorpState::cancelled);
    CHECK_FALSE(suite.corp(e.openId).hasCode);
}

TEST_CASE("a suite with another secret does not live on the tokens of the first", "[proxy]") {
    ProxyPlatform platform;
    ProxyEnterprise& e = platform.add("alpha");
    MemoryStorage store;
    Context const context = providerContext();
    auto suite = suiteOf<MemoryStorage>(platform, context, store);
    suite.authorize(platform.authorise(e));
    CorpConfig wrong = *suiteElement();
    wrong.business["authConfig"].as_object()["suiteSecret"] = "no-suite-secret";
    Suite<ScriptedTransport, MemoryStorage> other(wrong, context, platform.net, store);
    std::string text;
    CHECK(failure([&] { other.authorize(platform.authorise(e)); }, &text) == Errc::authRejected);
    CHECK(text.find("suiteSecret") != std::string::npos);
}

TEST_CASE(
    "neither codes nor tickets can be read from the store's file; another key is an error that changes "
    "nothing",
    "[proxy]") {
    ProxyPlatform platform;
    platform.ticket = "a-ticket-that-nobody-may-read";
    ProxyEnterprise& e = platform.add("alpha");
    Kept<SqliteStorage> kept;
    std::string secret;
    {
        auto suite = suiteOf<SqliteStorage>(platform, providerContext(), kept.storage);
        std::string const code = platform.authorise(e);
        CHECK(bodyOf(suite.handleCallback(createEvent(code, kBegin))) == "success");
        suite.drain();
        suite.open(e.openId).syncCorp();
        secret = e.code;
        for (auto const& entry : std::filesystem::directory_iterator(kept.dir.path())) {
            std::string const bytes = bytesOf(entry.path());
            CAPTURE(entry.path());
            CHECK(bytes.find(secret) == std::string::npos);
            CHECK(bytes.find(platform.ticket) == std::string::npos);
            CHECK(bytes.find(code) == std::string::npos);
            CHECK(bytes.find("corptoken") == std::string::npos);
        }
    }
    auto const begin = [&](std::string_view key) {
        return Suite<ScriptedTransport, SqliteStorage>(*suiteElement(), providerContext(key), platform.net,
                                                       kept.reopened());
    };
    std::string text;
    CHECK(failure([&] { begin("another key"); }, &text) == Errc::config);
    CHECK(text.find("auths.QywxProxyAuth") != std::string::npos);
    CHECK(text.find("not the one") != std::string::npos);
    CHECK(failure([&] { begin(""); }, &text) == Errc::config);
    CHECK(text.find("CORPS_STORE_KEY") != std::string::npos);
    // A corp alone says the same.
    CorpConfig config("corps.Alone", "Alone",
                      {{"corpId", e.openId}, {"authFullName", "auths.QywxProxyAuth"}});
    config.auth = suiteElement();
    QywxProxyType<ScriptedTransport, SqliteStorage> alone(config, providerContext("another key"),
                                                          platform.net, kept.reopened());
    CHECK(failure([&] { alone.syncCorp(); }, &text) == Errc::config);
    CHECK(text.find("not the one") != std::string::npos);
    // Nothing was overwritten.
    auto suite = begin("a key for tests");
    CHECK(suite.corps().size() == 1);
    CHECK(suite.open(e.openId).syncCorp().outcome == SyncOutcome::unchanged);
    CHECK(secret == e.code);
}

TEST_CASE("what is sealed opens in its own row only", "[proxy]") {
    std::shared_ptr<StoreKey const> const key = storeKey(Secret("k"));
    std::string const salt = key->newSalt();
    std::string const sealed = key->seal(salt, "text", "row 1");
    CHECK(key->open(salt, sealed, "row 1") == "text");
    CHECK(sealed != key->seal(salt, "text", "row 1"));
    CHECK_FALSE(key->open(salt, sealed, "row 2"));
    CHECK_FALSE(key->open(key->newSalt(), sealed, "row 1"));
    CHECK_FALSE(storeKey(Secret("K"))->open(salt, sealed, "row 1"));
    CHECK_FALSE(key->open(salt, "", "row 1"));
    for (std::size_t i = 0; i < sealed.size() * 8; ++i) {
        std::string changed = sealed;
        changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
        CHECK_FALSE(key->open(salt, changed, "row 1"));
    }
    CHECK(key->open(salt, key->seal(salt, "", ""), "") == "");
    CHECK(key->mark(salt, "a") == key->mark(salt, "a"));
    CHECK(key->mark(salt, "a") != key->mark(salt, "b"));
    CHECK(failure([] { static_cast<void>(storeKey(Secret())); }) == Errc::config);
}

TEST_CASE("after a cancellation what was mirrored is erased when its time has come, unless it was withdrawn",
          "[proxy]") {
    ProxyPlatform platform;
    ProxyEnterprise& gone = platform.add("alpha");
    ProxyEnterprise& back = platform.add("beta");
    MemoryStorage store;
    ContextOptions made = providerOptions();
    auto const clock = std::make_shared<ManualClock>();  // stands still
    made.clock = clock;
    Context const context(made);
    SuiteOptions options;
    options.eraseAfter = 24h;
    auto suite = suiteOf<MemoryStorage>(platform, context, store, options);
    for (ProxyEnterprise* e : {&gone, &back}) {
        suite.authorize(platform.authorise(*e));
        suite.open(e->openId).syncCorp();
        clock->advance(1s);
        platform.cancel(*e);
        CHECK(bodyOf(suite.handleCallback(cancelEvent(e->openId, kBegin + 100))) == "success");
    }
    REQUIRE(clock->waitForSleepers(1));
    clock->advance(23h);
    suite.authorize(platform.authorise(back));
    CHECK(suite.open(gone.openId).getMembers().size() == 3);
    std::vector<std::string> erased;
    std::promise<void> done;
    SuiteSubscription const listening = suite.onEvent([&](SuiteEvent const& event) {
        if (event.kind != SuiteEventKind::erased) return;
        erased.push_back(event.corp.corpId);
        done.set_value();
    });
    clock->advance(2h);
    REQUIRE(done.get_future().wait_for(10s) == std::future_status::ready);
    CHECK(erased == std::vector<std::string>{gone.openId});
    CHECK(suite.open(gone.openId).getMembers().empty());
    CHECK(suite.open(back.openId).getMembers().size() == 3);
}

TEMPLATE_TEST_CASE(
    "many enterprises side by side: one is poisoned, one is withdrawn, and every other is right", "[proxy]",
    MemoryStorage, SqliteStorage) {
    ProxyPlatform platform;
    constexpr int kEnterprises = 12;
    for (int i = 0; i < kEnterprises; ++i) platform.add("corp" + std::to_string(100 + i), 20 + i);
    Kept<TestType> kept;
    Context const context = providerContext();
    auto suite = suiteOf<TestType>(platform, context, kept.storage);
    for (auto const& e : platform.enterprises)
        CHECK(bodyOf(suite.handleCallback(createEvent(platform.authorise(*e), kBegin))) == "success");
    suite.drain();
    REQUIRE(suite.corps().size() == kEnterprises);
    ProxyEnterprise const& poisoned = *platform.enterprises[3];
    platform.intercept = [&](ProxyEnterprise& e, Request const& q) -> std::optional<Response> {
        if (&e != &poisoned) return std::nullopt;
        if (q.url.find("user/list") != std::string::npos)
            return Response(200, R"({"errcode":0,"userlist":[{"userid":null},{"userid":{"a":[]}},7]})");
        return std::nullopt;
    };
    ProxyEnterprise& withdrawn = *platform.enterprises[5];
    platform.cancel(withdrawn);  // the callback is lost
    auto const check = [&](std::vector<SuiteSync> const& all) {
        REQUIRE(all.size() == kEnterprises);
        for (SuiteSync const& s : all) {
            CAPTURE(s.corp.corpName, s.error ? s.error->what() : "", s.report.toText());
            ProxyEnterprise const& e = *platform.find(s.corp.corpId);
            if (&e == &poisoned || &e == &withdrawn) {
                CHECK((s.error.has_value() || s.report.outcome == SyncOutcome::incomplete));
                CHECK(suite.open(s.corp.corpId).getMembers().empty());
                continue;
            }
            CHECK_FALSE(s.error);
            auto corp = suite.open(s.corp.corpId);
            std::vector<std::string> ids, expected;
            for (auto const& m : corp.getMembers("active")) ids.push_back(m.memberId.str() + m.nick.value());
            for (auto const& u : e.users) expected.push_back(e.shown(u.id) + u.name);
            std::sort(expected.begin(), expected.end());
            CHECK(ids == expected);
            CHECK(corp.verifyCorp().ok);
        }
    };
    check(suite.syncAll());
    CHECK(platform.wrongSecrets == 1);
    check(suite.syncAll());
    CHECK(platform.wrongSecrets == 1);
}

}  // namespace suite_suite_test
