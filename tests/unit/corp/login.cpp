// Who logged in, on a platform of our own: what a corp decides, whatever platform it follows.
#include "unit/corp/toy.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace corp_login_test {

using namespace corps;

namespace {

toy::World world() {
    auto org = toy::demo();
    for (auto& [id, member] : org->members) member.unionId = "union-" + id;
    org->members["dan"].unionId.clear();
    return toy::World(std::move(org));
}

std::string refusal(toy::Type<>& corp, LoginCode code) {
    try {
        static_cast<void>(corp.identify(std::move(code)));
    } catch (Error const& e) {
        CHECK(e.is(Errc::refused));
        CHECK(e.diagnostics().corp == "corps.Toy");
        return e.message();
    }
    return "let in";
}

bool has(std::string const& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("login: each kind of a platform's logins leads to the member and the user", "[corp][coroutine]") {
    toy::World w = world();
    w.corp.initCorp();
    LoginRequest request("https://here.example/back");
    request.state = "s";
    CHECK(w.corp.authorizeUrl(request) == "https://toy.example/login?back=https://here.example/back&state=s");
    CHECK(w.corp.identify(LoginCode("bob/union-bob")).member.nick == "Bob");
    LoginCode badge("cid/union-cid");
    badge.kind = "badge";  // the platform tells it to the application's token only
    auto const login = w.corp.identify(badge);
    CHECK(login.member.memberId == "cid");
    CHECK(login.user.phone == "+8613800000003");
    CHECK(login.user.userId == login.member.userId);
    // The caller, and a copy, are the same corp.
    CHECK(w.corp.as("portal").identify(LoginCode("bob")).member.nick == "Bob");
}

TEST_CASE("login: an id and what names the person for good must agree", "[corp][coroutine]") {
    toy::World w = world();
    w.corp.initCorp();
    CHECK(w.corp.identify(LoginCode("/union-eve")).member.memberId == "eve");
    CHECK(w.corp.identify(LoginCode("renamed/union-eve")).member.memberId == "eve");
    CHECK(w.corp.identify(LoginCode("bob/union-eve")).member.memberId == "eve");
    CHECK(has(refusal(w.corp, LoginCode("bob/union-of-a-stranger")), "somebody else's"));
    CHECK(has(refusal(w.corp, LoginCode("stranger/union-of-a-stranger")), "no member here"));
    CHECK(has(refusal(w.corp, LoginCode("/")), "no member here"));
    // Nothing to compare with: the id alone decides.
    CHECK(w.corp.identify(LoginCode("dan/union-nobody-knew")).member.memberId == "dan");
    // Two records of one person, both active: not for a login to choose.
    w.org->members["twin"] = w.org->members["eve"];
    static_cast<void>(w.corp.syncCorp());
    CHECK(has(refusal(w.corp, LoginCode("/union-eve")), "more than one"));
    CHECK(w.corp.identify(LoginCode("twin/union-eve")).member.memberId == "twin");
}

TEST_CASE("login: who may not enter is told why", "[corp][coroutine]") {
    toy::World w = world();
    CHECK(has(refusal(w.corp, LoginCode("bob")), "no member here"));
    for (auto const& [id, standing] : std::vector<std::pair<std::string, std::string>>{{"ann", "frozen"},
                                                                                       {"bob", "disabled"},
                                                                                       {"cid", "unactivated"},
                                                                                       {"dan", "unjoined"},
                                                                                       {"eve", "exited"}})
        w.org->members[id].standing = standing;
    w.corp.initCorp();
    CHECK(has(refusal(w.corp, LoginCode("ann")), "frozen"));
    CHECK(has(refusal(w.corp, LoginCode("bob")), "disabled"));
    CHECK(has(refusal(w.corp, LoginCode("eve")), "exited"));
    CHECK(w.corp.identify(LoginCode("cid")).member.memberId == "cid");
    CHECK(w.corp.identify(LoginCode("dan")).member.memberId == "dan");

    for (auto& [id, member] : w.org->members) member.standing.clear();
    static_cast<void>(w.corp.syncCorp());
    w.corp.offlineMember({"ann"});
    CHECK(has(refusal(w.corp, LoginCode("ann")), "offline here"));
    w.corp.reinstateMember({"ann"});
    CHECK(w.corp.identify(LoginCode("ann")).member.memberId == "ann");

    // Resigned, and back under another id: the active record counts.
    toy::Organisation::Member const bob = w.org->members["bob"];
    w.org->members.erase("bob");
    static_cast<void>(w.corp.syncCorp());
    CHECK(has(refusal(w.corp, LoginCode("bob")), "resigned"));
    CHECK(has(refusal(w.corp, LoginCode("robert/union-bob")), "resigned"));
    w.org->members["robert"] = bob;
    static_cast<void>(w.corp.syncCorp());
    CHECK(w.corp.identify(LoginCode("/union-bob")).member.memberId == "robert");

    LoginCode elsewhere("ann");
    elsewhere.redirectUri = "another-corp";
    CHECK(has(refusal(w.corp, elsewhere), "another enterprise"));
    CHECK_THROWS_AS(w.corp.identify([] {
        LoginCode code("nobody");
        code.kind = "badge";
        return code;
    }()),
                    Error);
}

}  // namespace corp_login_test
