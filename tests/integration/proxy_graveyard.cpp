// Faults found in other programs that sync organisations, for an enterprise that authorised a provider's
// suite: over HTTP, against a server that speaks as WeCom does to providers. The pull is the self-built
// application's, whose graveyard is beside this one; here stands what happens to an enterprise of a provider
// in a way of its own.
#include "support/graveyard.hpp"
#include "support/one_enterprise.hpp"
#include "support/wecom_graveyard.hpp"

#include <boost/json/object.hpp>
#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace integration_proxy_graveyard_test {

using namespace corps;
using emulator::FaultKind;

namespace {

using support::failureOf;
using support::OneEnterprise;
using support::wecom::kDepts;
using support::wecom::kUsersOf;
using support::wecom::Org;
using support::wecom::Wire;
using Behaviour = emulator::WeComProxyBehaviour;

using Proxy = QywxProxyType<Wire, MemoryStorage>;

/** Ids as in the test; nothing else is withheld. */
Behaviour plain() {
    Behaviour b;
    b.encryptedIds = false;
    b.newApp = false;
    return b;
}

Behaviour byDepartment() {
    Behaviour b = plain();
    b.ignoreFetchChild = true;
    return b;
}

Behaviour part(std::vector<std::string> depts, std::vector<std::string> people = {}) {
    Behaviour b = plain();
    b.scope = support::wecom::scopeOf(std::move(depts), std::move(people));
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
    support::wecom::LargeOrg org;
    org.person("root", {"1"}).person("both", {"1", "101"});
    Behaviour split = plain();
    split.fetchChildRows = 100;
    Behaviour encrypted = plain();
    encrypted.encryptedIds = true;
    for (Behaviour const& b : {plain(), split, byDepartment(), encrypted}) {
        Bench bench(org, b);
        support::wecom::checkLarge(bench, org, 2);
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
    support::wecom::checkExpiredToken(bench);
    support::wecom::checkWrongToken(bench);
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
    for (bool const recursive : {true, false}) {
        Bench bench(support::wecom::peopled(), recursive ? plain() : byDepartment());
        support::wecom::checkEmptyLists(bench, recursive,
                                        std::to_string(bench.server.server.tagId(bench.server.corp, "7")));
    }
}

TEST_CASE(
    "proxy: graveyard 23: who stands in two departments keeps both when the list of one comes back empty",
    "[integration][graveyard][coroutine][proxy]") {
    Org org;
    org.dept("2").dept("3").people("m", 60, "3").person("root", {"1"}).person("both", {"2", "3"});
    Bench bench(org, byDepartment());
    support::checkPlacesStay(bench, org, "2",
                             [&] { bench.fault(FaultKind::emptySuccess, "department_id=2&"); });
}

TEST_CASE("proxy: graveyard 24: the enterprise narrows the range to one department: out of scope, not left",
          "[integration][graveyard][coroutine][proxy]") {
    support::wecom::checkNarrowed<Bench>(plain());
}

TEST_CASE("proxy: graveyard 25, 26: a leaver, who returns: the same user",
          "[integration][graveyard][coroutine][proxy]") {
    support::wecom::checkLeaversReturn<Bench>();
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
    Bench bench(support::wecom::talkedAbout());
    std::string const code = bench.server.permanentCode();
    support::Witness witness;
    auto const attempt = [&](Proxy& corp) { witness.attempt([&] { witness.hear(corp.syncCorp()); }); };
    attempt(bench.corp);
    support::wecom::failIndiscreetly(bench,
                                     {"/gettoken", "/agent/list", "/agent/get", kDepts, kUsersOf, "/tag/get"},
                                     {40001, 40014, 40084, 42001, 45009, 48002, 60011, 60020, 60111, -1, 1},
                                     code, [&] { attempt(*bench.again()); });
    bench.server.setBehaviour(part({"2"}));
    attempt(bench.corp);
    static_cast<void>(bench.server.server.resetSecret(bench.server.corp));
    bench.server.advanceClock(std::chrono::hours(3));
    attempt(bench.corp);
    support::wecom::checkDiscreet(bench, witness,
                                  {code, support::kSuiteSecret, "token-of-the-callbacks",
                                   "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"});
}

}  // namespace integration_proxy_graveyard_test
