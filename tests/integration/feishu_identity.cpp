// Who is who: logging in through Feishu, and moving a store to other ids of people and departments.
#include <corps/corps.hpp>
#include <corps/emulator/emulator.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/transport/https.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace integration_feishu_identity_test {

using namespace corps;

namespace {

using Feishu = FSInnerType<HttpsTransport, MemoryStorage>;

constexpr std::string_view kBack = "https://portal.example.com/login";

/** Six departments, nine people; names repeat under different parents. */
emulator::Organisation organisation() {
    emulator::Organisation o;
    o.corpId = "tenant-1";
    o.corpName = "Demo Ltd";
    for (auto const& [id, parent, name] : std::vector<std::array<char const*, 3>>{{"top", "", "Demo Ltd"},
                                                                                  {"d1", "top", "North"},
                                                                                  {"d2", "top", "South"},
                                                                                  {"d3", "d1", "Sales"},
                                                                                  {"d4", "d2", "Sales"},
                                                                                  {"d5", "d4", "Night"}}) {
        emulator::Dept d;
        d.deptId = id;
        d.parentId = parent;
        d.name = name;
        o.deptList.push_back(d);
    }
    for (int i = 0; i < 9; ++i) {
        emulator::Member m;
        m.memberId = "u" + std::to_string(i);
        m.unionId = "on_" + std::to_string(i);
        m.nick = "Person " + std::to_string(i);
        m.phone = "+861380000000" + std::to_string(i);
        emulator::Membership in;
        in.deptId = o.deptList[static_cast<std::size_t>(i) % o.deptList.size()].deptId;
        in.isLeader = i == 2 || i == 4;
        m.departments.push_back(in);
        o.userList.push_back(m);
    }
    emulator::Role role;
    role.roleId = "r1";
    role.name = "Finance";
    o.roleList.push_back(role);
    emulator::RoleMember has;
    has.roleId = "r1";
    has.memberId = "u2";
    o.roleMemberSet.push_back(has);
    o.adminIds = {"u0"};
    return o;
}

emulator::Member& person(emulator::Organisation& o, std::string_view id) {
    auto const it = std::find_if(o.userList.begin(), o.userList.end(),
                                 [&](emulator::Member const& m) { return m.memberId == id; });
    REQUIRE(it != o.userList.end());
    return *it;
}

/** How a corp names its people and departments, and through which application. */
struct Ids {
    std::string user = "open_id";
    std::string dept = "open_department_id";
    std::string app = "cli_one";
    [[nodiscard]] std::string text() const { return app + " " + user + "/" + dept; }
    friend bool operator==(Ids const&, Ids const&) = default;
};

SyncOptions migrating() {
    SyncOptions o;
    o.migrate = true;
    return o;
}

template <class F>
Error failure(F const& f) {
    try {
        f();
    } catch (Error const& e) {
        return e;
    }
    FAIL("no error");
    throw 0;
}

class Bench {
public:
    Bench() : server({}, organisation()), context(contextOptions()) {}

    Feishu corp(Ids const& ids = Ids()) {
        boost::json::object keys;
        keys["appId"] = ids.app;
        keys["appSecret"] = "secret-of-" + ids.app;
        keys["baseUrl"] = server.baseUrl();
        keys["accountsBaseUrl"] = server.baseUrl();
        keys["userIdType"] = ids.user;
        keys["departmentIdType"] = ids.dept;
        boost::json::object role;
        role["roleId"] = "r1";
        role["name"] = "Finance";
        keys["roles"] = boost::json::array{role};
        return Feishu(CorpConfig("corps.Demo", "Demo", std::move(keys)), context, HttpsTransport(), storage);
    }

    void show(emulator::Organisation o) { server.setOrganisation(std::move(o)); }

    /** What a browser brings back when this person logs in. */
    LoginCode code(Feishu const& corp, std::string_view memberId) {
        emulator::FeishuBehaviour behaviour = server.behaviour();
        behaviour.loginMemberId = memberId;
        server.setBehaviour(behaviour);
        LoginRequest page{std::string(kBack)};
        page.state = "s1";
        Request q("GET", corp.authorizeUrl(page), "GET /login");
        HttpsTransport browser;
        Response const p = context.run(browser.send(std::move(q)));
        REQUIRE(p.status == 302);
        std::string const to(p.header("Location"));
        REQUIRE(to.starts_with(kBack));
        CHECK(to.find("state=s1") != std::string::npos);
        std::size_t const at = to.find("code=") + 5;
        LoginCode out(to.substr(at, to.find_first_of("&#", at) - at));
        out.redirectUri = kBack;
        return out;
    }

    emulator::FeishuServer server;
    Context context;
    MemoryStorage storage;

private:
    static ContextOptions contextOptions() {
        auto clock = std::make_shared<testing::ManualClock>();
        clock->autoAdvance();
        ContextOptions o;
        o.clock = clock;
        return o;
    }
};

std::string idOf(Feishu const& corp, std::string const& nick) {
    MemberQuery query;
    query.nick = nick;
    std::vector<CorpMember> const found = corp.findMembers(query);
    REQUIRE(found.size() == 1);
    return found[0].memberId.str();
}

std::string pathOf(Feishu const& corp, DeptId const& id) {
    std::string out;
    for (DeptId const& d : corp.getDept(id).path) out += "/" + corp.getDept(d).name;
    return out;
}

DeptId deptAt(Feishu const& corp, std::string const& path) {
    for (CorpDept const& d : corp.getDepts())
        if (pathOf(corp, d.deptId) == path) return d.deptId;
    FAIL("no department " << path);
    throw 0;
}

/** Everything that is somebody's, without any id that may change. */
struct Held {
    std::string userId, unionId, signature;
    bool active = false, admin = false;
    std::set<std::string> depts, roles, limits;
    friend bool operator==(Held const&, Held const&) = default;
};

std::map<std::string, Held> everything(Feishu const& corp) {
    std::map<std::string, Held> out;
    std::vector<MemberId> const admins = corp.getAdmin();
    for (CorpMember const& m : corp.getMembers()) {
        Held& h = out[m.nick.value()];
        h.userId = m.userId.value().str();
        h.unionId = m.unionId.value();
        h.signature = corp.getUserSignature(m.memberId).signature;
        h.active = m.status == MemberStatus::active;
        h.admin = std::find(admins.begin(), admins.end(), m.memberId) != admins.end();
        for (CorpDeptMember const& d : corp.getMemberDepts(m.memberId))
            h.depts.insert(pathOf(corp, d.deptId));
        for (CorpRole const& r : corp.getRoles()) {
            bool has = false;
            for (CorpMember const& other : corp.getRoleMembers(r.roleId))
                has = has || other.memberId == m.memberId;
            if (has) h.roles.insert(r.name);
            for (DeptId const& d : corp.getDeptLimit(r.roleId, m.memberId)) h.limits.insert(pathOf(corp, d));
        }
    }
    return out;
}

/** What people get here beside what the platform knows. */
void giveThings(Feishu& corp) {
    CorpRoleGroup const group = corp.createRoleGroup("Ours");
    CorpRole const role = corp.createRole("Auditor", group.roleGroupId);
    corp.setUserRole(idOf(corp, "Person 1"), {role.roleId});
    corp.setUserRole(idOf(corp, "Person 3"), {role.roleId, "r1"});
    corp.setDeptLimit(role.roleId, idOf(corp, "Person 3"), {deptAt(corp, "/Demo Ltd/South/Sales/Night")});
    corp.setDeptLimit(role.roleId, idOf(corp, "Person 1"),
                      {deptAt(corp, "/Demo Ltd/North/Sales"), deptAt(corp, "/Demo Ltd/South")});
    corp.setAdmin({idOf(corp, "Person 4"), idOf(corp, "Person 8")});
    corp.offlineMember({idOf(corp, "Person 5")});
    for (char const* nick : {"Person 4", "Person 5", "Person 7"})
        corp.saveUserSignature(idOf(corp, nick), std::string("https://sign.example/") + nick);
}

}  // namespace

// --- logging in ---

TEST_CASE("feishu identity: who comes back from the login page is a member and a user, whatever the ids",
          "[integration][coroutine]") {
    for (char const* type : {"open_id", "user_id", "union_id"}) {
        CAPTURE(type);
        Bench bench;
        Ids ids;
        ids.user = type;
        Feishu corp = bench.corp(ids);
        corp.initCorp();
        auto const login = corp.identify(bench.code(corp, "u3"));
        CHECK(login.member.nick == "Person 3");
        CHECK(login.member.memberId.str() == login.identity.memberId);
        CHECK(login.user.userId == login.member.userId.value());
        CHECK(login.user.nick == "Person 3");
        CHECK(login.identity.unionId == "on_3");
        CHECK(login.identity.upstreamCorpId == "tenant-1");
        // A code works once.
        LoginCode const code = bench.code(corp, "u3");
        static_cast<void>(corp.identify(code));
        CHECK(failure([&] { static_cast<void>(corp.identify(code)); }).is(Errc::authRejected));
        LoginCode elsewhere = bench.code(corp, "u3");
        elsewhere.redirectUri = "https://portal.example.com/other";
        CHECK(failure([&] { static_cast<void>(corp.identify(elsewhere)); }).is(Errc::invalidArgument));
        LoginCode kind = bench.code(corp, "u3");
        kind.kind = "badge";
        Error const e = failure([&] { static_cast<void>(corp.identify(kind)); });
        CHECK(e.is(Errc::invalidArgument));
        CHECK(e.diagnostics().corp == "corps.Demo");
    }
}

TEST_CASE("feishu identity: the resigned, the offline, the frozen and the unknown are refused, and told why",
          "[integration][coroutine]") {
    Bench bench;
    Feishu corp = bench.corp();
    auto const refused = [&](std::string_view memberId, std::string_view why) {
        CAPTURE(memberId, why);
        LoginCode const code = bench.code(corp, memberId);
        Error const e = failure([&] { static_cast<void>(corp.identify(code)); });
        CHECK(e.is(Errc::refused));
        CHECK_FALSE(e.retryable());
        CHECK(e.diagnostics().corp == "corps.Demo");
        CHECK(e.message().find(why) != std::string::npos);
        for (std::string_view const personal : {std::string_view("Person"), std::string_view("+86138"),
                                                std::string_view("secret"), std::string_view(code.code)})
            CHECK(std::string_view(e.what()).find(personal) == std::string_view::npos);
    };
    refused("u1", "no member here");  // nothing was ever synced
    corp.initCorp();

    corp.offlineMember({idOf(corp, "Person 1")});
    refused("u1", "set offline here");
    corp.reinstateMember({idOf(corp, "Person 1")});
    CHECK(corp.identify(bench.code(corp, "u1")).member.nick == "Person 1");

    emulator::Organisation o = organisation();
    person(o, "u2").upstreamStatus = "frozen";
    person(o, "u3").status = 2;
    person(o, "u4").upstreamStatus = "unactivated";
    person(o, "u6").upstreamStatus = "exited";
    emulator::Organisation const changed = o;
    bench.show(changed);
    refused("u2", "refuses this person's status");  // the platform's own word, before any sync
    static_cast<void>(corp.syncCorp());

    // The platform let them in again, but nothing was synced since.
    bench.show(organisation());
    refused("u2", "frozen");
    refused("u3", "has resigned");
    refused("u6", "exited");
    // Whoever comes back from the login page has activated the account.
    CHECK(corp.identify(bench.code(corp, "u4")).member.nick == "Person 4");

    emulator::Organisation more = organisation();
    emulator::Member fresh;
    fresh.memberId = "u99";
    fresh.nick = "Person 99";
    more.userList.push_back(fresh);
    bench.show(more);
    refused("u99", "no member here");
    static_cast<void>(corp.syncCorp());
    CHECK(corp.identify(bench.code(corp, "u99")).member.nick == "Person 99");

    // The same application, another enterprise: nobody's ids mean anything there.
    emulator::Organisation other = organisation();
    other.corpId = "tenant-2";
    bench.show(other);
    refused("u1", "another enterprise");
}

TEST_CASE("feishu identity: an id that changed hands lets nobody in as somebody else",
          "[integration][coroutine]") {
    Bench bench;
    Ids ids;
    ids.user = "user_id";
    Feishu corp = bench.corp(ids);
    corp.initCorp();

    // u1 is called u9 now, and somebody new is called u1.
    emulator::Organisation o = organisation();
    person(o, "u1").memberId = "u9";
    emulator::Member fresh;
    fresh.memberId = "u1";
    fresh.unionId = "on_new";
    fresh.nick = "Somebody new";
    o.userList.push_back(fresh);
    bench.show(o);
    auto const renamed = corp.identify(bench.code(corp, "u9"));
    CHECK(renamed.member.nick == "Person 1");
    CHECK(renamed.member.memberId == "u1");
    CHECK(renamed.identity.memberId == "u9");
    LoginCode const taken = bench.code(corp, "u1");
    Error const e = failure([&] { static_cast<void>(corp.identify(taken)); });
    CHECK(e.is(Errc::refused));
    CHECK(e.message().find("somebody else's") != std::string::npos);

    // Without the permission for user_id the platform does not tell it: the ids given for good do.
    bench.show(organisation());
    emulator::FeishuBehaviour behaviour = bench.server.behaviour();
    std::erase(behaviour.scopes, "contact:user.employee_id:readonly");
    bench.server.setBehaviour(behaviour);
    auto const quiet = corp.identify(bench.code(corp, "u5"));
    CHECK(quiet.identity.memberId.empty());
    CHECK(quiet.member.memberId == "u5");
}

TEST_CASE("feishu identity: people log in while the same corp syncs", "[integration][coroutine]") {
    Bench bench;
    Feishu corp = bench.corp();
    corp.initCorp();
    LoginCode const code = bench.code(corp, "u3");
    struct Both {
        static asio::awaitable<void> run(Feishu corp, LoginCode code, std::string* nick,
                                         SyncOutcome* outcome) {
            using namespace asio::experimental::awaitable_operators;
            auto both = co_await (corp.asyncSyncCorp() && corp.asyncIdentify(std::move(code)));
            *outcome = std::get<0>(both).outcome;
            *nick = std::get<1>(both).member.nick.value();
        }
    };
    std::string nick;
    SyncOutcome outcome = SyncOutcome::held;
    bench.context.run(Both::run(corp, code, &nick, &outcome));
    CHECK(nick == "Person 3");
    CHECK(outcome == SyncOutcome::unchanged);
}

// --- other ids ---

TEST_CASE("feishu identity: a store of other ids is refused, and moves to them with everything people have",
          "[integration][coroutine]") {
    std::vector<Ids> all;
    for (char const* user : {"open_id", "user_id", "union_id"})
        for (char const* dept : {"open_department_id", "department_id"})
            for (char const* app : {"cli_one", "cli_two"}) {
                Ids ids;
                ids.user = user;
                ids.dept = dept;
                ids.app = app;
                all.push_back(ids);
            }
    for (Ids const& from : all)
        for (Ids const& to : all) {
            if (from.app != "cli_one" || from == to) continue;
            CAPTURE(from.text(), to.text());
            Bench bench;
            Feishu was = bench.corp(from);
            was.initCorp();
            giveThings(was);
            emulator::Organisation o = organisation();
            person(o, "u7").status = 2;  // resigned before, with a signature
            bench.show(o);
            CHECK(was.syncCorp().members.removed == 1);
            std::map<std::string, Held> const before = everything(was);
            std::string const feed = was.changesSince().back().cursor;

            Feishu is = bench.corp(to);
            auto const refuses = [&](std::function<void()> const& f) {
                Error const e = failure(f);
                CHECK(e.is(Errc::wrongCorp));
                CHECK(e.message().find(from.app) != std::string::npos);
                CHECK(e.message().find(from.user + "/" + from.dept) != std::string::npos);
                CHECK(e.message().find(to.app) != std::string::npos);
                CHECK(e.message().find(to.user + "/" + to.dept) != std::string::npos);
                CHECK(e.message().find("migrate") != std::string::npos);
            };
            refuses([&] { is.initCorp(); });
            refuses([&] { static_cast<void>(is.getRootDept()); });
            refuses([&] { static_cast<void>(is.syncCorp()); });
            refuses([&] { static_cast<void>(is.planSync()); });
            refuses([&] { static_cast<void>(is.bulkRegister(is.getThirdCorpData())); });
            refuses([&] { static_cast<void>(is.identify(bench.code(is, "u1"))); });
            SyncOptions dry = migrating();
            dry.dryRun = true;
            SyncReport const would = is.syncCorp(dry);
            CHECK(would.outcome == SyncOutcome::done);
            CHECK(would.migration);
            CHECK(everything(was) == before);

            SyncReport const report = is.syncCorp(migrating());
            CAPTURE(report.toText());
            CHECK(report.outcome == SyncOutcome::done);
            REQUIRE(report.migration);
            CHECK(report.migration->unmatched.empty());
            CHECK(report.members.created == 0);
            CHECK(report.members.removed == 0);
            CHECK(report.users.created == 0);
            CHECK(report.departments.created == 0);
            CHECK(report.departments.removed == 0);
            CHECK(report.memberships.created == 0);
            CHECK(report.memberships.removed == 0);
            CHECK(everything(is) == before);
            CHECK(is.verifyCorp().problems == std::vector<std::string>());
            CHECK(is.syncCorp().outcome == SyncOutcome::unchanged);
            CHECK(is.bulkRegister(is.getThirdCorpData()).unchanged == 8);
            CHECK(is.identify(bench.code(is, "u3")).user.userId.str() == before.at("Person 3").userId);
            CHECK(failure([&] { static_cast<void>(was.syncCorp()); }).is(Errc::wrongCorp));
            // The history goes on: what stood here before still stands there, and the move after it.
            CHECK_FALSE(is.changesSince(feed).empty());
            CHECK(is.changesSince().front().cursor == was.changesSince().front().cursor);

            // Who had resigned comes back as the same person where the store knew their new id.
            bench.show(organisation());
            SyncReport const back = is.syncCorp();
            CHECK(back.users.created == 0);
            std::vector<CorpMember> returned;
            for (CorpMember const& m : is.getMembers("active"))
                if (m.nick == "Person 7") returned.push_back(m);
            REQUIRE(returned.size() == 1);
            CHECK(returned[0].userId.value().str() == before.at("Person 7").userId);
            bool const known = to.user == "union_id" || (to.user == "open_id" && from.app == to.app) ||
                               (to.user == "user_id" && from.user == "user_id");
            CHECK(back.reinstated == (known ? 1 : 0));
            if (known)
                CHECK(is.getUserSignature(returned[0].memberId).signature == "https://sign.example/Person 7");
        }
}

TEST_CASE("feishu identity: a migration can be planned, read as text, and applied later",
          "[integration][coroutine]") {
    Bench bench;
    Feishu was = bench.corp();
    was.initCorp();
    giveThings(was);
    std::map<std::string, Held> const before = everything(was);
    Ids to;
    to.user = "user_id";
    to.dept = "department_id";
    Feishu is = bench.corp(to);
    SyncPlan const plan = is.planSync(migrating());
    REQUIRE(plan.migration);
    CHECK_FALSE(plan.empty());
    CHECK(plan.migration->members.size() == 9);
    CHECK(plan.migration->departments.size() == 5);
    CHECK(plan.toText().find("9 members and 5 departments") != std::string::npos);
    SyncPlan const read = SyncPlan::fromJson(plan.toJson());
    CHECK(read.migration == plan.migration);
    CHECK(read.toJson() == plan.toJson());
    CHECK(everything(was) == before);
    CHECK(failure([&] { static_cast<void>(was.applyPlan(read)); }).is(Errc::wrongCorp));
    CHECK(is.applyPlan(read).outcome == SyncOutcome::done);
    CHECK(everything(is) == before);
    CHECK(is.verifyCorp().ok);
    CHECK(failure([&] { static_cast<void>(is.applyPlan(read)); }).is(Errc::stalePlan));
    CHECK(is.syncCorp().outcome == SyncOutcome::unchanged);
    // Collected data does the same, as far as its ids go.
    Ids third;
    third.user = "union_id";
    third.dept = "department_id";
    Feishu next = bench.corp(third);
    CHECK(next.applyPlan(next.planSync(next.getThirdCorpData(), migrating())).outcome == SyncOutcome::done);
    CHECK(everything(next) == before);
    CHECK(next.syncCorp().outcome == SyncOutcome::unchanged);

    boost::json::object broken = boost::json::parse(plan.toJson()).as_object();
    boost::json::object& m = broken["migration"].as_object();
    m["members"].as_array().push_back(m["members"].as_array().front());
    CHECK(failure([&] {
              static_cast<void>(SyncPlan::fromJson(boost::json::serialize(broken)));
          }).is(Errc::invalidArgument));
}

TEST_CASE("feishu identity: who is not found again is held, sync after sync, until approved",
          "[integration][coroutine]") {
    Bench bench;
    Feishu was = bench.corp();
    was.initCorp();
    giveThings(was);
    std::map<std::string, Held> const before = everything(was);
    emulator::Organisation o = organisation();
    person(o, "u4").status = 2;  // left in between
    bench.show(o);
    Ids to;
    to.user = "user_id";
    Feishu is = bench.corp(to);
    SyncReport const first = is.syncCorp(migrating());
    CHECK(first.outcome == SyncOutcome::held);
    REQUIRE(first.holds.size() == 1);
    CHECK(first.holds[0].reason == HoldReason::unmatched);
    CHECK(first.holds[0].memberIds == std::vector<std::string>{idOf(is, "Person 4")});
    CHECK(first.members.removed == 0);
    CHECK(everything(is) == before);
    SyncReport const second = is.syncCorp();
    CHECK(second.outcome == SyncOutcome::held);
    CHECK(second.digest == first.digest);
    CHECK(everything(is) == before);
    is.approve(second.digest);
    SyncReport const third = is.syncCorp();
    CHECK(third.outcome == SyncOutcome::done);
    CHECK(third.members.removed == 1);
    CHECK(is.getMember(idOf(is, "Person 4")).status == MemberStatus::resigned);
    CHECK(is.syncCorp().outcome == SyncOutcome::unchanged);
    CHECK(is.verifyCorp().ok);

    // Where the store knew the new id, somebody who left is an ordinary leaver.
    Bench known;
    known.corp().initCorp();
    known.show(o);
    Ids unions;
    unions.user = "union_id";
    SyncReport const left = known.corp(unions).syncCorp(migrating());
    CHECK(left.outcome == SyncOutcome::done);
    CHECK(left.members.removed == 1);
}

TEST_CASE("feishu identity: in a part of the organisation nobody out of sight is lost by a migration",
          "[integration][coroutine]") {
    Bench bench;
    Feishu was = bench.corp();
    was.initCorp();
    giveThings(was);
    std::map<std::string, Held> const before = everything(was);
    emulator::FeishuBehaviour behaviour = bench.server.behaviour();
    behaviour.range.all = false;
    behaviour.range.deptIds = {"d2"};
    bench.server.setBehaviour(behaviour);
    for (char const* user : {"union_id", "user_id"}) {
        CAPTURE(user);
        Ids to;
        to.user = user;
        Feishu is = bench.corp(to);
        SyncReport const report = is.syncCorp(migrating());
        CAPTURE(report.toText());
        CHECK(report.members.removed == 0);
        CHECK(report.departments.removed == 0);
        CHECK(is.getMembers("active").size() == 8);
        CHECK(is.syncCorp().members.removed == 0);
        CHECK(everything(is) == before);
        CHECK(is.verifyCorp().ok);
    }
    // In sight again, all of them are who they were.
    behaviour.range = emulator::FeishuContactRange();
    bench.server.setBehaviour(behaviour);
    Ids to;
    to.user = "union_id";
    Feishu is = bench.corp(to);
    SyncReport const whole = is.syncCorp(migrating());
    CAPTURE(whole.toText());
    CHECK(whole.members.created == 0);
    CHECK(whole.users.created == 0);
    CHECK(everything(is) == before);
}

TEST_CASE("feishu identity: ids that changed hands meanwhile go with the person",
          "[integration][coroutine]") {
    Bench bench;
    Ids from;
    from.user = "user_id";
    Feishu was = bench.corp(from);
    was.initCorp();
    giveThings(was);
    std::map<std::string, Held> const before = everything(was);
    // u3 and u4 swapped their ids; u5 is called u55, and u5 is somebody new.
    emulator::Organisation o = organisation();
    emulator::Member& three = person(o, "u3");
    emulator::Member& four = person(o, "u4");
    std::swap(three.memberId, four.memberId);
    person(o, "u5").memberId = "u55";
    emulator::Member fresh;
    fresh.memberId = "u5";
    fresh.unionId = "on_new";
    fresh.nick = "Somebody new";
    o.userList.push_back(fresh);
    bench.show(o);
    Ids to = from;
    to.app = "cli_two";
    Feishu is = bench.corp(to);
    SyncReport const report = is.syncCorp(migrating());
    CAPTURE(report.toText());
    CHECK(report.outcome == SyncOutcome::done);
    CHECK(report.members.created == 1);
    CHECK(report.users.created == 1);
    std::map<std::string, Held> after = everything(is);
    CHECK(after.erase("Somebody new") == 1);
    CHECK(after == before);
    CHECK(is.getMember("u4").nick == "Person 3");
    CHECK(is.getMember("u55").nick == "Person 5");
    CHECK(is.verifyCorp().ok);
    CHECK(is.syncCorp().outcome == SyncOutcome::unchanged);
}

TEST_CASE("feishu identity: an application of another developer, or another enterprise",
          "[integration][coroutine]") {
    Bench bench;
    Ids from;
    from.user = "user_id";
    Feishu was = bench.corp(from);
    was.initCorp();
    giveThings(was);
    std::map<std::string, Held> const before = everything(was);
    emulator::Organisation o = organisation();
    for (emulator::Member& m : o.userList) m.unionId += "-of-another-developer";
    bench.show(o);
    Ids to = from;
    to.app = "cli_two";

    SECTION("the tenant's own ids name the same people") {
        Feishu is = bench.corp(to);
        SyncReport const report = is.syncCorp(migrating());
        CAPTURE(report.toText());
        CHECK(report.outcome == SyncOutcome::done);
        CHECK(report.migration->unionIdsVoid);
        CHECK(report.users.created == 0);
        std::map<std::string, Held> after = everything(is);
        for (auto& [nick, held] : after) {
            CHECK(held.unionId.ends_with("-of-another-developer"));
            held.unionId.resize(held.unionId.find('-'));
        }
        CHECK(after == before);
        CHECK(is.verifyCorp().ok);
        CHECK(is.syncCorp().outcome == SyncOutcome::unchanged);
    }
    SECTION("nothing in common: refused, and nothing changed") {
        // Open ids are per application, union ids per developer, and nobody is told the tenant's own.
        emulator::FeishuBehaviour behaviour = bench.server.behaviour();
        std::erase(behaviour.scopes, "contact:user.employee_id:readonly");
        bench.server.setBehaviour(behaviour);
        to.user = "open_id";
        Feishu is = bench.corp(to);
        Error const e = failure([&] { static_cast<void>(is.syncCorp(migrating())); });
        CHECK(e.is(Errc::wrongCorp));
        CHECK(e.message().find("not one") != std::string::npos);
        CHECK(everything(was) == before);
    }
    SECTION("another enterprise has other people, whatever they are called there") {
        o.corpId = "tenant-2";
        bench.show(o);
        Error const plain = failure([&] { static_cast<void>(was.syncCorp()); });
        CHECK(plain.is(Errc::wrongCorp));
        CHECK(plain.message().find("tenant-1") != std::string::npos);
        CHECK(plain.message().find("tenant-2") != std::string::npos);
        CHECK(failure([&] { static_cast<void>(was.syncCorp(migrating())); }).is(Errc::wrongCorp));
        CHECK(everything(was) == before);
    }
    SECTION("another enterprise of the same people by union id") {
        emulator::Organisation moved = organisation();
        moved.corpId = "tenant-2";
        for (emulator::Member& m : moved.userList) m.memberId = "new-" + m.memberId;
        moved.roleMemberSet[0].memberId = "new-u2";
        moved.adminIds = {"new-u0"};
        bench.show(moved);
        SyncReport const report = was.syncCorp(migrating());
        CAPTURE(report.toText());
        CHECK(report.outcome == SyncOutcome::done);
        CHECK(report.users.created == 0);
        CHECK(everything(was) == before);
        CHECK(was.verifyCorp().ok);
        CHECK(was.bulkRegister(was.getThirdCorpData()).unchanged == 9);
        CHECK(was.syncCorp().outcome == SyncOutcome::unchanged);
    }
}

TEST_CASE("feishu identity: asked to migrate where nothing differs, a sync is an ordinary one",
          "[integration][coroutine]") {
    Bench bench;
    Feishu corp = bench.corp();
    CHECK(corp.syncCorp(migrating()).outcome == SyncOutcome::done);
    giveThings(corp);
    std::map<std::string, Held> const before = everything(corp);
    SyncReport const report = corp.syncCorp(migrating());
    CHECK(report.outcome == SyncOutcome::unchanged);
    CHECK_FALSE(report.migration);
    CHECK(everything(corp) == before);
}

}  // namespace integration_feishu_identity_test
