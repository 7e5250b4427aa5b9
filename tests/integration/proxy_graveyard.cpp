// Faults found in other programs that sync organisations, for an enterprise that authorised a provider's
// suite: over HTTP, against a server that speaks as WeCom does to providers. The pull is the self-built
// application's, whose graveyard is beside this one; here stands what happens to an enterprise of a provider
// in a way of its own.
#include "support/graveyard.hpp"
#include "support/one_enterprise.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace corps;
using emulator::FaultKind;

namespace {

using support::failureOf;
using support::OneEnterprise;
using support::Strings;
using Behaviour = emulator::WeComProxyBehaviour;

constexpr char const* kUsersOf = "/cgi-bin/user/list?";
constexpr char const* kDepts = "/cgi-bin/department/list";

/** Where WeCom's tokens travel: at the end of the address. */
struct Ear {
    static void request(Request const& q, support::Tokens const& tokens) {
        tokens.addBehind(q.url, "access_token=", '&');
    }
    static void answer(Response const&, support::Tokens const&) {}
};

using Wire = support::Overhearing<Ear>;
using Proxy = QywxProxyType<Wire, MemoryStorage>;

class Org : public support::Org {
public:
    Org() : support::Org("ww1", "1") {}
};

/** Ids as in the test; nothing else is withheld. */
Behaviour plain() {
    Behaviour b;
    b.encryptedIds = false;
    b.newApp = false;
    return b;
}

Behaviour part(std::vector<std::string> depts, std::vector<std::string> people = {}) {
    Behaviour b = plain();
    b.scope.all = false;
    b.scope.deptIds = std::move(depts);
    b.scope.memberIds = std::move(people);
    return b;
}

CorpConfig configure(OneEnterprise const& server) {
    return OneEnterprise::complete(support::configOf(server.keys()));
}

class Bench : public support::GraveyardBench<OneEnterprise, Proxy, Wire> {
public:
    explicit Bench(support::Org const& org, Behaviour const& behaviour = plain())
        : GraveyardBench(options(behaviour), org, &configure) {}

    /** The enterprise's corp anew, on the same store: its permanent code may be another one by now. */
    [[nodiscard]] std::unique_ptr<Proxy> again() {
        return std::make_unique<Proxy>(configure(server), context(), wire, storage);
    }

private:
    static OneEnterprise::Options options(Behaviour const& behaviour) {
        OneEnterprise::Options o;
        o.behaviour = behaviour;
        return o;
    }
};

}  // namespace

TEST_CASE("proxy: graveyard 1, 2, 7, 8: large departments, many siblings, members of the root, a deep tree",
          "[integration][graveyard][coroutine][proxy]") {
    Org org;
    for (std::size_t const n : {101U, 200U, 250U})
        org.dept(std::to_string(n)).people("d" + std::to_string(n) + "-", n, std::to_string(n));
    for (int i = 0; i < 51; ++i) org.dept(std::to_string(1000 + i));
    std::string parent = "1";
    for (int i = 0; i < 12; ++i) {
        std::string const id = std::to_string(4'294'967'295 - i);
        org.dept(id, parent).person("deep" + std::to_string(i), {id});
        parent = id;
    }
    org.person("root", {"1"}).person("both", {"1", "101"});
    Behaviour split = plain();
    split.fetchChildRows = 100;
    Behaviour one = plain();
    one.ignoreFetchChild = true;
    Behaviour encrypted = plain();
    encrypted.encryptedIds = true;
    for (Behaviour const& b : {plain(), split, one, encrypted}) {
        Bench bench(org, b);
        SyncReport const r = bench.corp.syncCorp();
        CAPTURE(r.toText());
        CHECK(r.outcome == SyncOutcome::done);
        CHECK(bench.depts().size() == 1 + 3 + 51 + 12);
        CHECK(bench.corp.getDeptMembers("101").size() == 102);
        CHECK(bench.corp.getDeptMembers("250").size() == 250);
        CHECK(bench.corp.getDeptMembers("1").size() == 2);
        CHECK(bench.corp.getDept(parent).path.size() == 13);
        CHECK(bench.active() == 551 + 12 + 2);
        CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
    }
}

TEST_CASE("proxy: graveyard 5, 6: an error code inside an HTTP 200, and one person's record: nobody is lost",
          "[integration][graveyard][coroutine][proxy]") {
    Org org;
    org.dept("2").dept("3", "2").dept("5");
    org.people("b", 3, "2").people("c", 3, "3").people("z", 3, "5").person("alone", {"1"});
    Behaviour b = part({"2", "5"}, {"alone"});
    b.ignoreFetchChild = true;
    Bench bench(org, b);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    REQUIRE(bench.active() == 10);
    std::string const nick = bench.corp.getMember("alone").nick.value();
    bench.fault(FaultKind::code, "department_id=3&", -1, [](emulator::Fault& f) { f.code = 60003; });
    bench.fault(FaultKind::status, "userid=alone&");
    Org later = org;
    bench.show(later.without("c1").without("z1"));
    SyncReport const r = bench.corp.syncCorp();
    CAPTURE(r.toText());
    CHECK(r.outcome == SyncOutcome::incomplete);
    CHECK(r.faults.size() == 2);
    CHECK(r.members.removed == 0);
    CHECK(bench.corp.getDeptMembers("3").size() == 3);
    CHECK(bench.corp.getMember("alone").nick.value() == nick);
    CHECK(bench.active() == 10);
    bench.server.clearFaults();
    // No contact-sync assistant tells a provider who has left a part and who has left the enterprise.
    SyncReport const healed = bench.corp.syncCorp();
    CAPTURE(healed.toText());
    CHECK(healed.outcome != SyncOutcome::incomplete);
    CHECK(healed.members.removed == 0);
    CHECK(bench.active() == 10);
    bench.server.setBehaviour(plain());
    CHECK(bench.corp.syncCorp().members.removed == 2);
    CHECK(bench.active() == 8);
    CHECK(bench.corp.verifyCorp().ok);
}

TEST_CASE("proxy: graveyard 10: what the enterprise does not grant stays what it was, its names above all",
          "[integration][graveyard][coroutine][proxy]") {
    for (bool const ids : {false, true}) {
        CAPTURE(ids);
        Org org;
        org.dept("2").people("m", 4, "2").role("7", {"m0"});
        Behaviour b = plain();
        b.namesAsIds = ids;
        Bench bench(org, b);
        REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
        org.member("m0").nick = "Changed";
        org.member("m0").phone = "+8613900000000";
        org.member("m1").departments[0].deptId = "1";
        org.department("2").name = "Renamed";
        org.dept("3").person("new", {"3"});
        bench.show(org);
        b.permissions.clear();
        bench.server.setBehaviour(b);
        SyncReport const r = bench.corp.syncCorp();
        CAPTURE(r.toText());
        CHECK(r.outcome == SyncOutcome::done);
        CHECK(bench.corp.getMember("m0").nick == "Person m0");
        CHECK(bench.corp.getMember("m0").phone == "+8613800001000");
        CHECK(bench.corp.getMember("m0").email == "m0@graveyard.example");
        CHECK(bench.corp.getDept("2").name == "Department 2");
        CHECK(bench.corp.getDeptMembers("1").size() == 1);  // where they stand is told
        CHECK_FALSE(bench.corp.getMember("new").nick.known());
        CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
        // Granted again: now it is as it is there.
        bench.server.setBehaviour(plain());
        CHECK(bench.corp.syncCorp().outcome == SyncOutcome::done);
        CHECK(bench.corp.getMember("m0").nick == "Changed");
        CHECK(bench.corp.getDept("2").name == "Renamed");
        CHECK(bench.corp.getMember("new").nick == "Person new");
        CHECK(bench.corp.verifyCorp().ok);
    }
}

TEST_CASE("proxy: graveyard 12: a token that expires is renewed once; one of the wrong kind is a clear error",
          "[integration][graveyard][coroutine][proxy]") {
    Org org;
    org.dept("2").people("m", 25, "2");
    Bench bench(org);
    bench.fault(FaultKind::expireToken, kUsersOf, 1);
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::done);
    CHECK(bench.active() == 25);
    bench.fault(FaultKind::wrongToken, kUsersOf);
    std::optional<Error> const e = failureOf(bench.corp);
    REQUIRE(e);
    CHECK(e->is(Errc::authRejected));
    CHECK_FALSE(e->retryable());
    CHECK(e->diagnostics().endpoint == "GET /cgi-bin/user/list");
    CHECK(bench.active() == 25);
}

TEST_CASE(
    "proxy: a permanent code that was reset, an authorisation that was withdrawn: said, and nobody is lost",
    "[integration][graveyard][coroutine][proxy]") {
    Org org;
    org.dept("2").people("m", 5, "2");
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    auto const user = bench.corp.getMember("m2").userId;
    auto const refused = [&](Proxy& corp) {
        std::optional<Error> const e = failureOf(corp);
        REQUIRE(e);
        CAPTURE(std::string(e->what()));
        CHECK(e->is(Errc::authRejected));
        CHECK(std::string_view(e->what()).find("permanentCode") != std::string_view::npos);
        CHECK(bench.active() == 5);
    };
    std::string const old = bench.server.permanentCode();
    std::string const code = bench.server.server.resetSecret(bench.server.corp);
    CHECK_FALSE(code.empty());
    bench.server.advanceClock(std::chrono::hours(3));  // and the tokens of the old one are over
    std::unique_ptr<Proxy> const same = [&] {
        boost::json::object keys = bench.server.keys();
        keys["permanentCode"] = old;
        CorpConfig config = OneEnterprise::complete(support::configOf(std::move(keys)));
        return std::make_unique<Proxy>(std::move(config), bench.context(), bench.wire, bench.storage);
    }();
    refused(*same);
    // The application is made anew: other code, other agent id, the same people.
    bench.server.server.cancel(bench.server.corp);
    refused(*same);
    static_cast<void>(bench.server.server.authorise(bench.server.corp));
    Org later = org;
    bench.show(later.without("m4"));
    CHECK(bench.active() == 5);
    CHECK(bench.corp.getMember("m2").userId == user);
}

TEST_CASE("proxy: graveyard 23: success with an empty list where there were people: nothing removed",
          "[integration][graveyard][coroutine][proxy]") {
    Org org;
    org.dept("2").dept("3").people("a", 20, "2").people("b", 3, "3").person("root", {"1"});
    org.dept("4", "2").person("single", {"4"}).role("7", {"a0", "b0"});
    for (bool const recursive : {true, false}) {
        Behaviour b = plain();
        b.ignoreFetchChild = !recursive;
        Bench bench(org, b);
        REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
        std::string const tag =
            "tagid=" + std::to_string(bench.server.server.tagId(bench.server.corp, "7")) + "&";
        for (std::string const& what : {std::string("department_id=2&"), std::string("department_id=3&"),
                                        std::string("department_id=4&"), std::string(kUsersOf),
                                        std::string(kDepts), tag, std::string("/tag/list")}) {
            if (recursive && what.starts_with("department_id")) continue;
            CAPTURE(recursive, what);
            bench.fault(FaultKind::emptySuccess, what);
            try {
                SyncReport const r = bench.corp.syncCorp();
                CAPTURE(r.toText());
                CHECK((r.outcome == SyncOutcome::incomplete || r.outcome == SyncOutcome::held));
                CHECK(r.members.removed + r.memberships.removed + r.roleMembers.removed == 0);
            } catch (Error const& e) {
                CAPTURE(std::string(e.what()));
                CHECK(e.is(Errc::protocol));
            }
            CHECK(bench.active() == 25);
            CHECK(bench.depts().size() == 4);
            CHECK(bench.corp.getRoleMembers("7").size() == 2);
            bench.server.clearFaults();
        }
        CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
    }
}

TEST_CASE(
    "proxy: graveyard 23: who stands in two departments keeps both when the list of one comes back empty",
    "[integration][graveyard][coroutine][proxy]") {
    Org org;
    org.dept("2").dept("3").people("m", 60, "3").person("root", {"1"}).person("both", {"2", "3"});
    Behaviour b = plain();
    b.ignoreFetchChild = true;
    Bench bench(org, b);
    support::checkPlacesStay(bench, org, "2",
                             [&] { bench.fault(FaultKind::emptySuccess, "department_id=2&"); });
}

TEST_CASE("proxy: graveyard 24: the enterprise narrows the range to one department: out of scope, not left",
          "[integration][graveyard][coroutine][proxy]") {
    Org org;
    org.dept("2").dept("3").people("a", 4, "2").people("b", 4, "3").person("root", {"1"});
    for (std::int64_t const code : {60011, 60111}) {
        CAPTURE(code);
        Bench bench(org);
        REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
        Behaviour narrow = part({"2"});
        narrow.invisibleUserCode = code;
        bench.server.setBehaviour(narrow);
        Org later = org;
        bench.show(later.without("b3"));
        SyncReport const r = bench.corp.syncCorp();
        CAPTURE(r.toText());
        CHECK(r.scopeChanged);
        CHECK(r.departments.removed + r.members.removed == 0);
        CHECK(bench.active() == 9);
        CHECK(bench.depts() == Strings{"1", "2", "3"});
        bench.server.setBehaviour(plain());
        static_cast<void>(bench.corp.syncCorp());
        CHECK(bench.active() == 8);
        CHECK(bench.status("b3") == MemberStatus::resigned);
    }
}

TEST_CASE("proxy: graveyard 25, 26: a leaver, who returns: the same user",
          "[integration][graveyard][coroutine][proxy]") {
    Org org;
    org.dept("2").people("m", 5, "2");
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    auto const user = bench.corp.getMember("m2").userId;
    Org less = org;
    bench.show(less.without("m2"));
    CHECK(bench.corp.syncCorp().members.removed == 1);
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
    bench.show(org);
    SyncReport const r = bench.corp.syncCorp();
    CHECK(r.reinstated == 1);
    CHECK(r.users.created == 0);
    CHECK(bench.corp.getMember("m2").userId == user);
}

TEST_CASE("proxy: ids that become encrypted are no enterprise that everybody has left",
          "[integration][graveyard][coroutine][proxy]") {
    Org org;
    org.dept("2").people("m", 30, "2").person("root", {"1"});
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    bench.server.server.upgradeIds(bench.server.corp);
    // Until somebody asks for a migration (proxy_page.cpp), nothing is compared that cannot be.
    std::optional<Error> const refused = failureOf(bench.corp);
    REQUIRE(refused);
    CHECK(refused->is(Errc::wrongCorp));
    for (char const* const id : {"m0", "m29", "root"}) CHECK(bench.status(id) == MemberStatus::active);
}

TEST_CASE("proxy: graveyard 32: no phone, mail, token, code, secret or name in what a whole run says",
          "[integration][graveyard][coroutine][proxy]") {
    Org org;
    org.dept("2").dept("3").people("somebody", 30, "2").people("another", 30, "3").role("7", {"somebody0"});
    org.data.userList[0].nick = "Ouyang Xiaoming";
    Bench bench(org);
    std::string const code = bench.server.permanentCode();
    support::Witness witness;
    auto const attempt = [&](Proxy& corp) { witness.attempt([&] { witness.hear(corp.syncCorp()); }); };
    attempt(bench.corp);
    emulator::Member const somebody = org.data.userList[0];
    for (char const* const match : {"/gettoken", "/agent/list", "/agent/get", kDepts, kUsersOf, "/tag/get"}) {
        bool const credentials = std::string_view(match) == "/gettoken";
        for (std::int64_t const number :
             {40001, 40014, 40084, 42001, 45009, 48002, 60011, 60020, 60111, -1, 1}) {
            bench.fault(FaultKind::code, match, -1, [&](emulator::Fault& f) {
                f.code = number;
                f.msg = "invalid " + (credentials ? code : bench.wire.latest()) + " of " + somebody.nick +
                        " " + somebody.phone + " " + somebody.email + ", hint: [1234567890]";
            });
            if (credentials) bench.server.advanceClock(std::chrono::hours(3));
            attempt(*bench.again());
            bench.server.clearFaults();
        }
        for (FaultKind const kind : {FaultKind::garbage, FaultKind::truncate, FaultKind::reset}) {
            bench.fault(kind, match, -1, [&](emulator::Fault& f) {
                if (kind == FaultKind::garbage)
                    f.body = "<html>" + somebody.nick + somebody.phone + "</html>";
            });
            attempt(*bench.again());
            bench.server.clearFaults();
        }
    }
    bench.server.setBehaviour(part({"2"}));
    attempt(bench.corp);
    static_cast<void>(bench.server.server.resetSecret(bench.server.corp));
    bench.server.advanceClock(std::chrono::hours(3));
    attempt(bench.corp);
    witness.attempt([&] { static_cast<void>(bench.corp.identify(LoginCode("login-code-of-somebody"))); });
    witness.said +=
        boost::json::serialize(bench.corp.getCorpInfo()) + boost::json::serialize(bench.corp.corpData());

    std::string const said = witness.all(bench.log);
    CHECK(witness.errors >= 16);
    CHECK(said.size() > 5'000);
    Strings never = bench.wire.tokens();
    CHECK(never.size() >= 2);
    never.insert({code, support::kSuiteSecret, "token-of-the-callbacks",
                  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "login-code-of-somebody", somebody.nick,
                  "graveyard.example", "1380000"});
    support::checkNeverSaid(said, never);
}
