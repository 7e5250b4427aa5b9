// What the graveyards of WeCom share. An enterprise's own application and that of a provider make the same
// calls, so most of what can go wrong with them is the same; each file has what happens to its kind alone.
#pragma once

#include "support/graveyard.hpp"

#include <corps/corps.hpp>
#include <corps/emulator/emulator.hpp>

#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support::wecom {

inline constexpr char const* kUsersOf = "/cgi-bin/user/list?";
inline constexpr char const* kDepts = "/cgi-bin/department/list";

/** Where WeCom's tokens travel: at the end of the address. */
struct Ear {
    static void request(corps::Request const& q, Tokens const& tokens) {
        tokens.addBehind(q.url, "access_token=", '&');
    }
    static void answer(corps::Response const&, Tokens const&) {}
};

using Wire = Overhearing<Ear>;

class Org : public support::Org {
public:
    Org() : support::Org("ww1", "1") {}
};

/** Not the whole organisation, but these. */
inline corps::emulator::WeComContactScope scopeOf(std::vector<std::string> depts,
                                                  std::vector<std::string> people = {}) {
    corps::emulator::WeComContactScope out;
    out.all = false;
    out.deptIds = std::move(depts);
    out.memberIds = std::move(people);
    return out;
}

/** Large departments, many siblings, a deep tree: 563 people, and whom a test puts directly below the root.
 */
class LargeOrg : public Org {
public:
    LargeOrg() {
        for (std::size_t const n : {101U, 200U, 250U})
            dept(std::to_string(n)).people("d" + std::to_string(n) + "-", n, std::to_string(n));
        for (int i = 0; i < 51; ++i) dept(std::to_string(1000 + i));
        for (int i = 0; i < 12; ++i) {
            std::string const id = std::to_string(4'294'967'295 - i);
            dept(id, deepest).person("deep" + std::to_string(i), {id});
            deepest = id;
        }
    }

    std::string deepest = "1";
};

/** @param root how many people stand directly below the root, one of them in department 101 as well. */
template <class Bench>
void checkLarge(Bench& bench, LargeOrg const& org, std::size_t root) {
    corps::SyncReport const r = bench.corp.syncCorp();
    CAPTURE(r.toText());
    CHECK(r.outcome == corps::SyncOutcome::done);
    CHECK(bench.depts().size() == 1 + 3 + 51 + 12);
    CHECK(bench.corp.getDeptMembers("101").size() == 102);
    CHECK(bench.corp.getDeptMembers("200").size() == 200);
    CHECK(bench.corp.getDeptMembers("250").size() == 250);
    CHECK(bench.corp.getDeptMembers("1").size() == root);
    CHECK(bench.corp.getDept(org.deepest).path.size() == 13);
    CHECK(bench.active() == 551 + 12 + root);
    CHECK(bench.corp.syncCorp().outcome == corps::SyncOutcome::unchanged);
}

/** A token that expires within the first sync of 25 people is renewed. */
template <class Bench>
void checkExpiredToken(Bench& bench) {
    bench.fault(corps::emulator::FaultKind::expireToken, kUsersOf, 1);
    CHECK(bench.corp.syncCorp().outcome == corps::SyncOutcome::done);
    CHECK(bench.active() == 25);
}

/** A token that is refused again and again is an error, and the 25 people stay. @return the error. */
template <class Bench>
corps::Error checkWrongToken(Bench& bench) {
    bench.fault(corps::emulator::FaultKind::wrongToken, kUsersOf);
    std::optional<corps::Error> const e = failureOf(bench.corp);
    REQUIRE(e);
    CHECK(e->is(corps::Errc::authRejected));
    CHECK_FALSE(e->retryable());
    CHECK(e->diagnostics().endpoint == "GET /cgi-bin/user/list");
    CHECK(bench.active() == 25);
    return *e;
}

/** Four departments, of which one has somebody who stands nowhere else, 26 people, two roles. */
inline Org peopled() {
    Org org;
    org.dept("2").dept("3").people("a", 20, "2").people("b", 3, "3").person("root", {"1"});
    org.person("alone", {"3"}).dept("4", "2").person("single", {"4"});
    org.role("7", {"a0", "b0"}).role("8", {"a1"});
    return org;
}

/**
 * Each list comes back as a success with nothing in it: nobody of peopled() loses anything by that.
 * @param recursive whether one list has the people of all departments.
 * @param tag the id that the platform has for role 7.
 */
template <class Bench>
void checkEmptyLists(Bench& bench, bool recursive, std::string const& tag) {
    using corps::SyncOutcome;
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    std::string const tagged = "tagid=" + tag + "&";
    for (std::string_view const what :
         std::initializer_list<std::string_view>{"department_id=2&", "department_id=3&", "department_id=4&",
                                                 kUsersOf, kDepts, tagged, "/tag/list"}) {
        if (recursive && what.starts_with("department_id")) continue;
        CAPTURE(recursive, what);
        bench.fault(corps::emulator::FaultKind::emptySuccess, std::string(what));
        try {
            corps::SyncReport const r = bench.corp.syncCorp();
            CAPTURE(r.toText());
            CHECK((r.outcome == SyncOutcome::incomplete || r.outcome == SyncOutcome::held));
            CHECK(r.members.removed + r.memberships.removed + r.roleMembers.removed == 0);
        } catch (corps::Error const& e) {
            CAPTURE(std::string(e.what()));
            CHECK(e.is(corps::Errc::protocol));
        }
        CHECK(bench.active() == 26);
        CHECK(bench.depts().size() == 4);
        CHECK(bench.corp.getRoleMembers("7").size() == 2);
        bench.server.clearFaults();
    }
    CHECK(bench.corp.syncCorp().outcome == SyncOutcome::unchanged);
}

/**
 * What an application may see is narrowed to one department, while somebody out of sight leaves: that one is
 * found once all is in sight again, and nobody else is taken for gone.
 * @param wide how the platform behaves to whoever sees all.
 */
template <class Bench, class Behaviour>
void checkNarrowed(Behaviour const& wide) {
    Org org;
    org.dept("2").dept("3").people("a", 4, "2").people("b", 4, "3").person("root", {"1"});
    for (std::int64_t const code : {60011, 60111}) {
        CAPTURE(code);
        Bench bench(org, wide);
        REQUIRE(bench.corp.syncCorp().outcome == corps::SyncOutcome::done);
        Behaviour narrow = wide;
        narrow.scope = scopeOf({"2"});
        narrow.invisibleUserCode = code;
        bench.server.setBehaviour(narrow);
        Org later = org;
        bench.show(later.without("b3"));
        corps::SyncReport const r = bench.corp.syncCorp();
        CAPTURE(r.toText());
        CHECK(r.scopeChanged);
        CHECK(r.departments.removed + r.members.removed == 0);
        if (code == 60011) CHECK(r.outOfScope.size() >= 4);
        CHECK(bench.active() == 9);
        CHECK(bench.depts() == Strings{"1", "2", "3"});
        bench.server.setBehaviour(wide);
        static_cast<void>(bench.corp.syncCorp());
        CHECK(bench.active() == 8);
        CHECK(bench.status("b3") == corps::MemberStatus::resigned);
        CHECK(bench.corp.getDeptMembers("3").size() == 3);
    }
}

/** Two people leave, each in a way that the platform has for it, and return as the users that they were. */
template <class Bench>
void checkLeaversReturn() {
    using corps::SyncOutcome;
    Org org;
    org.dept("2").people("m", 5, "2");
    Bench bench(org);
    REQUIRE(bench.corp.syncCorp().outcome == SyncOutcome::done);
    auto const user = bench.corp.getMember("m2").userId;
    Org less = org;
    checkOneLeaves(bench, less.without("m2"));
    // Another way to leave: still listed, with the mark of who has left (5).
    less.member("m3").upstreamStatus = "exited";
    checkOneLeaves(bench, less);
    CHECK(bench.active() == 3);
    bench.show(org);
    corps::SyncReport const r = bench.corp.syncCorp();
    CHECK(r.reinstated == 2);
    CHECK(r.users.created == 0);
    CHECK(bench.corp.getMember("m2").userId == user);
    CHECK(bench.memberships() == Strings{"2/m0", "2/m1", "2/m2", "2/m3", "2/m4"});
}

/** Sixty people in two departments, of whom the first is known by name, phone and mail. */
inline Org talkedAbout() {
    Org org;
    org.dept("2").dept("3").people("somebody", 30, "2").people("another", 30, "3").role("7", {"somebody0"});
    org.data.userList[0].nick = "Ouyang Xiaoming";
    return org;
}

/**
 * Lets each of the calls fail in each way, the platform quoting what must never be repeated: the first of
 * talkedAbout() and what the call was made with, which for that for a token is `secret`.
 */
template <class Bench>
void failIndiscreetly(Bench& bench, std::vector<std::string> const& calls,
                      std::vector<std::int64_t> const& codes, std::string const& secret,
                      std::function<void()> const& attempt) {
    using corps::emulator::FaultKind;
    corps::emulator::Member const somebody = talkedAbout().data.userList[0];
    for (std::string const& match : calls) {
        bool const credentials = match == "/gettoken";
        for (std::int64_t const code : codes) {
            bench.fault(FaultKind::code, match, -1, [&](corps::emulator::Fault& f) {
                f.code = code;
                f.msg = "invalid " + (credentials ? secret : bench.wire.latest()) + " of " + somebody.nick +
                        " " + somebody.phone + " " + somebody.email + ", hint: [1234567890]";
            });
            if (credentials) bench.server.advanceClock(std::chrono::hours(3));
            attempt();
            bench.server.clearFaults();
        }
        for (FaultKind const kind : {FaultKind::garbage, FaultKind::truncate, FaultKind::reset}) {
            bench.fault(kind, match, -1, [&](corps::emulator::Fault& f) {
                if (kind == FaultKind::garbage)
                    f.body = "<html>" + somebody.nick + somebody.phone + "</html>";
            });
            attempt();
            bench.server.clearFaults();
        }
    }
}

/** Somebody logs in, and all that was said holds no token, none of `secrets` and nothing of talkedAbout(). */
template <class Bench>
void checkDiscreet(Bench& bench, Witness& witness, Strings const& secrets) {
    witness.attempt(
        [&] { static_cast<void>(bench.corp.identify(corps::LoginCode("login-code-of-somebody"))); });
    witness.said +=
        boost::json::serialize(bench.corp.getCorpInfo()) + boost::json::serialize(bench.corp.corpData());

    std::string const said = witness.all(bench.log);
    CHECK(witness.errors >= 16);  // the refused login included
    CHECK(said.size() > 5'000);
    Strings never = bench.wire.tokens();
    CHECK(never.size() >= 2);
    never.insert(secrets.begin(), secrets.end());
    never.insert(
        {"login-code-of-somebody", talkedAbout().data.userList[0].nick, "graveyard.example", "1380000"});
    checkNeverSaid(said, never);
}

}  // namespace support::wecom
