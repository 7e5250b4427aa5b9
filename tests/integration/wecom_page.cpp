// The reference page of corps.QywxInnerType, example by example, against an emulated WeCom; what a pull
// costs; and that the platform's manner changes nothing.
#include <corps/app.hpp>
#include <corps/corps.hpp>
#include <corps/emulator/emulator.hpp>
#include <corps/storage/memory.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/transport/https.hpp>
#include <corps/types.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace integration_wecom_page_test {

using namespace corps;

namespace {

using WeCom = QywxInnerType<HttpsTransport, MemoryStorage>;
using Strings = std::set<std::string>;

emulator::Organisation organisation() {
    return emulator::parseOrganisation(R"({"corpId": "ww1234567890abcdef", "corpName": "Demo Ltd",
        "deptList": [{"deptId": "1", "parentId": "", "name": "Demo Ltd"},
                     {"deptId": "20", "parentId": "1", "name": "技术部", "leaderIds": ["user002"]},
                     {"deptId": "4294967295", "parentId": "20", "name": "East", "order": 3},
                     {"deptId": "30", "parentId": "1", "name": "Sales"}],
        "userList": [{"memberId": "user001", "nick": "张三", "phone": "+8613800000001", "email": "u1@demo.example",
                      "gender": 1, "photo": "https://p.example.com/1.png", "departments": [{"deptId": "20"}]},
                     {"memberId": "user002", "nick": "李四", "phone": "+4915112345678",
                      "departments": [{"deptId": "20"}, {"deptId": "30", "order": 7, "isPrimary": true, "isLeader": true}]},
                     {"memberId": "user003", "nick": "王五", "upstreamStatus": "frozen", "departments": [{"deptId": "4294967295"}]},
                     {"memberId": "admin001", "nick": "One", "departments": [{"deptId": "1"}]},
                     {"memberId": "admin002", "nick": "Two", "departments": [{"deptId": "30"}]},
                     {"memberId": "admin003", "nick": "Three", "upstreamStatus": "unactivated", "departments": [{"deptId": "1"}]}],
        "roleList": [{"roleId": "5", "name": "Duty"}, {"roleId": "6", "name": "Drivers"}],
        "roleMemberSet": [{"roleId": "5", "memberId": "admin001"}, {"roleId": "6", "memberId": "user001"}],
        "adminIds": ["admin001"]})");
}

/** Tags that departments carry, too. */
emulator::WeComBehaviour withTagDepts(bool newApp = true) {
    emulator::WeComBehaviour b;
    b.tagDepts["5"] = {"20"};
    b.newApp = newApp;
    return b;
}

emulator::WeComOptions options(emulator::WeComBehaviour behaviour) {
    emulator::WeComOptions out;
    out.behaviour = std::move(behaviour);
    return out;
}

/** The page's directory: corps/MyQywxCorp/e.json and MyQywxCorp.json. */
struct Page {
    Page()
        : server(options(withTagDepts(false)), organisation()),
          app(memoryFiles({{"corps/MyQywxCorp/e.json", R"({
                                "title": "My WeCom Organization",
                                "type": "corps.QywxInnerType"
                            })"},
                           {"corps/MyQywxCorp/MyQywxCorp.json", R"({
                                "corpId": "ww1234567890abcdef",
                                "agentId": "1000001",
                                "secret": "your_secret_key_here",
                                "baseUrl": ")" + server.baseUrl() +
                                                                    R"("
                            })"}}),
              Context(), AppOptions(), HttpsTransport(), MemoryStorage()) {}
    WeCom& corp() { return app.getElement<WeCom>("corps.MyQywxCorp"); }

    emulator::WeComServer server;
    App<WeCom> app;
};

/** Time jumps over what the rate limits ask to wait: the limits themselves are tested elsewhere. */
Context hasty() {
    auto clock = std::make_shared<testing::ManualClock>();
    clock->autoAdvance();
    ContextOptions options;
    options.clock = clock;
    return Context(options);
}

CorpConfig configFor(emulator::WeComServer const& server, std::string name = "corps.Calls",
                     std::string contactSecret = "", std::string corpId = "ww1") {
    boost::json::object keys;
    keys["corpId"] = std::move(corpId);
    keys["agentId"] = 1000001;
    keys["secret"] = "irrelevant-but-present";
    if (!contactSecret.empty()) keys["contactSecret"] = std::move(contactSecret);
    keys["baseUrl"] = server.baseUrl();
    return CorpConfig(std::move(name), "Calls", std::move(keys));
}

Strings membersOf(WeCom& corp, std::string const& dept) {
    Strings out;
    for (auto const& m : corp.getDeptMembers(dept)) out.insert(m.memberId.str());
    return out;
}

Strings tagged(WeCom& corp, std::string const& role) {
    Strings out;
    for (auto const& m : corp.getRoleMembers(role)) out.insert(m.memberId.str());
    return out;
}

Strings deptsOf(WeCom& corp) {
    Strings out;
    for (auto const& d : corp.getDepts()) out.insert(d.deptId.str());
    return out;
}

}  // namespace

TEST_CASE("WeCom's page: usage example", "[integration]") {
    Page page;
    // Get WeCom organization instance
    auto& corp = page.corp();
    // Initialize organizational architecture
    corp.initCorp();
    // Get root department
    auto rootDept = corp.getRootDept();
    CHECK(rootDept.name == "Demo Ltd");
    CHECK(rootDept.deptId == "1");
    // Get administrator list: WeCom tells none
    CHECK(corp.getAdmin().empty());
    CHECK(page.app.getElement<WeCom>("corps.MyQywxCorp").getCorpInfo() == corp.getCorpInfo());
}

TEST_CASE("WeCom's page: initCorp and syncCorp", "[integration]") {
    Page page;
    auto& corp = page.corp();
    corp.initCorp();
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
    CHECK(deptsOf(corp) == Strings{"1", "20", "30", "4294967295"});
    CHECK(membersOf(corp, "20") == Strings{"user001", "user002"});
    CHECK(membersOf(corp, "4294967295") == Strings{"user003"});
    auto const first = corp.getMember("user001");
    CHECK(first.nick == "张三");
    CHECK(first.phone == "+8613800000001");
    CHECK(first.email == "u1@demo.example");
    CHECK(corp.getMember("user002").phone == "+4915112345678");
    CHECK(corp.getMember("user003").upstreamStatus == "disabled");
    CHECK(corp.getMember("admin003").upstreamStatus == "unactivated");
    CHECK(corp.getDept("20").leaderIds == std::vector<MemberId>{"user002"});
    CHECK(corp.getDept("30").leaderIds == std::vector<MemberId>{"user002"});
    for (auto const& place : corp.getMemberDepts("user002"))
        CHECK(place.isPrimary == (place.deptId == DeptId("30")));
    // A tag's department stands for everybody in it and below.
    CHECK(tagged(corp, "5") == Strings{"admin001", "user001", "user002", "user003"});
    CHECK(tagged(corp, "6") == Strings{"user001"});
}

TEST_CASE("WeCom's page: getThirdCorpData, bulkRegister and getLocalCorpData", "[integration]") {
    Page page;
    auto& corp = page.corp();
    auto corpData = corp.getThirdCorpData();
    CHECK(corpData.userDict().size() == 6);
    CHECK(corpData.deptDict().find("20")->name == "技术部");
    RegisterReport const report = corp.bulkRegister(corpData);
    CHECK(report.unknown.empty());
    CHECK(report.unchanged == 6);  // a sync registers those it brings
    auto localData = corp.getLocalCorpData();
    CHECK(localData.userList.size() == 6);
    CHECK(localData.deptList.size() == 4);
}

TEST_CASE("WeCom's page: roles, administrators, signatures and offlineMember", "[integration]") {
    Page page;
    auto& corp = page.corp();
    // The page's "role001" and "role002" are tags, whose ids are numbers, or roles made here.
    auto const made = corp.createRole("Made here", corp.createRoleGroup("Ours").roleGroupId);
    auto result = corp.setUserRole("user001", {"5", made.roleId});
    REQUIRE(result.size() == 2);
    CHECK(result[0].memberId == "user001");
    CHECK(corp.setAdmin({"admin001", "admin002"}) == Done());
    CHECK(corp.getAdmin() == std::vector<MemberId>{"admin001", "admin002"});
    CHECK(corp.saveUserSignature("user001", "https://example.com/signature.png") == Done());
    CHECK(corp.getUserSignature("user001").signature == "https://example.com/signature.png");
    corp.offlineMember({"user001", "user002"});
    CHECK(corp.getMembers("active").size() == 4);
    corp.syncCorp();
    CHECK(corp.getMembers("active").size() == 4);
    CHECK(corp.getAdmin() == std::vector<MemberId>{"admin001", "admin002"});
    for (auto const& call : std::vector<std::function<void()>>{
             [&] { corp.setUserRole("nobody", {"5"}); }, [&] { corp.setUserRole("user001", {"no role"}); },
             [&] { corp.offlineMember({"admin001", "nobody"}); }, [&] { corp.setAdmin({"nobody"}); }}) {
        try {
            call();
            FAIL("an unknown id must be an error");
        } catch (Error const& e) {
            CHECK(e.is(Errc::notFound));
        }
    }
}

TEST_CASE("WeCom's page: batch operations", "[integration]") {
    Page page;
    auto& corp = page.corp();
    auto corpData = corp.getThirdCorpData();
    corp.bulkRegister(corpData);
    std::vector<MemberId> adminIds = {"admin001", "admin002", "admin003"};
    corp.setAdmin(adminIds);
    CHECK(corp.getAdmin() == adminIds);
    corp.offlineMember({"user001", "user002"});
    CHECK(corp.getMembers("offline").size() == 2);
}

TEST_CASE("WeCom's page: getCorpInfo, the properties and getClient", "[integration]") {
    Page page;
    auto& corp = page.corp();
    auto corpInfo = corp.getCorpInfo();
    CHECK(corpInfo["title"] == "My WeCom Organization");
    CHECK(corpInfo["fullName"] == "corps.MyQywxCorp");
    CHECK(boost::json::serialize(corpInfo).find("your_secret_key_here") == std::string::npos);
    CHECK(corp.corpData() == corpInfo);
    CHECK(corp.title() == "My WeCom Organization");
    CHECK(corp.fullName() == "corps.MyQywxCorp");
    CHECK(corp.corpFullName() == "corps.MyQywxCorp");
    CHECK(corp.authConfig()["corpId"] == "ww1234567890abcdef");
    CHECK(corp.authConfig()["agentId"] == "1000001");

    QywxInnerClient::Api& client = corp.getClient();
    Context const& context = corp.context();
    CHECK(context.run(client.user().get("user001")).at("name") == "张三");
    CHECK(context.run(client.user().list("20")).size() == 2);
    CHECK(context.run(client.user().list("20", true)).size() == 3);
    CHECK(context.run(client.department().list()).size() == 4);
    CHECK(context.run(client.department().list("20")).size() == 2);
    CHECK(context.run(client.department().get("4294967295")).at("name") == "East");
    CHECK(context.run(client.tag().list()).size() == 2);
    CHECK(context.run(client.tag().get("5")).at("partylist").as_array().size() == 1);
    Query q;
    q.add("agentid", "1000001");
    CHECK(context.run(client.get("/cgi-bin/agent/get", q)).at("agentid") == 1000001);
    boost::json::object body;
    body["mobile"] = "13800000001";
    CHECK(context.run(client.post("/cgi-bin/user/getuserid", body)).at("userid") == "user001");
}

TEST_CASE("WeCom: who logs in, inside WeCom and in a browser", "[integration]") {
    Page page;
    auto& corp = page.corp();
    for (char const* const kind : {"workbench", ""}) {
        CAPTURE(kind);
        LoginCode code(page.server.loginCode("user001"));
        code.kind = kind;
        auto const login = corp.identify(code);
        CHECK(login.member.memberId == "user001");
        CHECK(login.identity.upstreamCorpId == "ww1234567890abcdef");
        try {
            static_cast<void>(corp.identify(code));
            FAIL("a code works once");
        } catch (Error const& e) {
            CHECK(e.is(Errc::authRejected));
        }
    }
    for (char const* const kind : {"workbench", ""}) {
        CAPTURE(kind);
        LoginRequest request("https://portal.example.com/login");
        request.state = "s1";
        request.kind = kind;
        std::string const url = corp.authorizeUrl(request);
        CHECK(url.starts_with(*kind == '\0' ? "https://login.work.weixin.qq.com/wwlogin/sso/login?"
                                            : "https://open.weixin.qq.com/connect/oauth2/authorize?"));
        std::size_t const path = url.find('/', 8);
        Request q("GET", page.server.baseUrl() + url.substr(path, url.find('#') - path), "GET login");
        Response const p = corp.context().run(HttpsTransport().send(std::move(q)));
        std::string const back(p.header("Location"));
        CHECK(back.starts_with("https://portal.example.com/login?"));
        CHECK(back.find("state=s1") != std::string::npos);
        std::size_t const at = back.find("code=") + 5;
        LoginCode code(back.substr(at, back.find('&', at) - at));
        code.kind = kind;
        CHECK(corp.identify(code).member.memberId == "admin001");
    }
    auto const refused = [&corp](std::string code) {
        try {
            static_cast<void>(corp.identify(LoginCode(std::move(code))));
        } catch (Error const& e) {
            return e.code();
        }
        return boost::system::error_code();
    };
    CHECK(refused(page.server.loginCode("a-stranger")) == make_error_code(Errc::refused));
    corp.offlineMember({"user001"});
    CHECK(refused(page.server.loginCode("user001")));
    CHECK(refused("made-up") == make_error_code(Errc::authRejected));
}

TEST_CASE("WeCom: a pull costs the calls of the formula, no more and no less", "[integration][coroutine]") {
    emulator::WeComServer server;
    for (bool const recursive : {true, false}) {
        for (unsigned const departments : {1U, 2U, 13U}) {
            for (unsigned const tags : {0U, 1U, 7U}) {
                CAPTURE(recursive, departments, tags);
                emulator::Organisation o;
                o.corpId = "ww1";
                for (unsigned i = 0; i < departments; ++i) {
                    emulator::Dept d;
                    d.deptId = std::to_string(i + 1);
                    d.parentId = i == 0 ? "" : std::to_string((i + 1) / 2);
                    d.name = "Department " + d.deptId;
                    o.deptList.push_back(d);
                }
                for (unsigned i = 0; i < 150; ++i) {
                    emulator::Member m;
                    m.memberId = "m" + std::to_string(i);
                    m.nick = "Member";
                    emulator::Membership in;
                    in.deptId = std::to_string(i % departments + 1);
                    m.departments.push_back(in);
                    o.userList.push_back(m);
                }
                for (unsigned i = 0; i < tags; ++i) {
                    emulator::Role role;
                    role.roleId = std::to_string(i + 1);
                    role.name = "r" + role.roleId;
                    o.roleList.push_back(role);
                    emulator::RoleMember has;
                    has.roleId = role.roleId;
                    has.memberId = "m" + std::to_string(i);
                    o.roleMemberSet.push_back(has);
                }
                server.setOrganisation(o);
                emulator::WeComBehaviour behaviour;
                behaviour.ignoreFetchChild = !recursive;
                server.setBehaviour(behaviour);
                server.advanceClock(std::chrono::hours(3));  // the next pull needs a token of its own
                server.resetStats();
                WeCom corp(configFor(server), hasty(), HttpsTransport(), MemoryStorage());
                SyncReport const report = corp.syncCorp();
                CHECK(report.outcome == SyncOutcome::done);
                CHECK(report.members.created == 150);
                CHECK(report.roleMembers.created == tags);
                CHECK(server.stats().requests == 1 + 1 + 1 + (recursive ? 1 : departments) + 1 + tags);
                server.resetStats();
                CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
                CHECK(server.stats().requests == 1 + 1 + (recursive ? 1 : departments) + 1 + tags);
            }
        }
    }
}

TEST_CASE("WeCom: a second sync finds nothing to do, whatever the platform's manner",
          "[integration][coroutine]") {
    using Behaviour = emulator::WeComBehaviour;
    emulator::WeComServer server(options(withTagDepts(false)), organisation());
    WeCom corp(configFor(server), hasty(), HttpsTransport(), MemoryStorage());
    CHECK(corp.syncCorp().outcome == SyncOutcome::done);
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
    std::vector<std::pair<char const*, std::function<void(Behaviour&)>>> const manners{
        {"fetch_child is ignored", [](Behaviour& b) { b.ignoreFetchChild = true; }},
        {"fetch_child is refused as a parameter", [](Behaviour& b) { b.fetchChildCode = 40058; }},
        {"fetch_child is refused as not allowed", [](Behaviour& b) { b.fetchChildCode = 48002; }},
        {"lists are too large", [](Behaviour& b) { b.fetchChildRows = 2; }},
        {"shuffled", [](Behaviour& b) { b.shuffle = 5; }},
        {"shuffled, without recursion",
         [](Behaviour& b) {
             b.shuffle = 6;
             b.ignoreFetchChild = true;
         }},
        {"without errcode", [](Behaviour& b) { b.omitErrcode = true; }},
        {"withheld and absent", [](Behaviour& b) { b.newApp = true; }},
        {"withheld and empty",
         [](Behaviour& b) {
             b.newApp = true;
             b.emptyFields = true;
         }},
        {"fields of other times",
         [](Behaviour& b) {
             b.legacyFields = true;
             b.bizMail = true;
             b.openUserId = false;
             b.thumbAvatar = true;
         }},
        {"tokens that change, a parent that is masked",
         [](Behaviour& b) {
             b.newTokens = true;
             b.maskParents = true;
         }},
        {"a contact secret, as an old address is told", [](Behaviour& b) { b.contactNewAddress = false; }},
        {"a contact secret, as a new address is told", [](Behaviour&) {}},
        {"the same, on short pages", [](Behaviour& b) { b.pageLimit = 2; }},
        {"the same, with a last page that promises more",
         [](Behaviour& b) {
             b.pageLimit = 1;
             b.moreOnFullLastPage = true;
         }},
    };
    for (std::size_t i = 0; i < manners.size(); ++i) {
        CAPTURE(manners[i].first);
        Behaviour behaviour = withTagDepts(false);
        manners[i].second(behaviour);
        if (i >= 11) behaviour.contactSecrets = {"irrelevant-but-present"};
        server.setBehaviour(behaviour);
        server.advanceClock(std::chrono::hours(3));
        SyncReport const report = corp.syncCorp();
        CAPTURE(report.toText());
        CHECK(report.outcome == SyncOutcome::unchanged);
        CHECK(report.faults.empty());
    }
    CHECK(corp.getMember("user001").phone == "+8613800000001");
    CHECK(corp.getMember("user001").email == "u1@demo.example");
    CHECK(corp.verifyCorp().ok);

    // And the other way round: begun under each of them that withholds nothing.
    for (std::size_t i = 0; i < 7; ++i) {
        CAPTURE(manners[i].first);
        Behaviour behaviour = withTagDepts(false);
        manners[i].second(behaviour);
        server.setBehaviour(behaviour);
        server.advanceClock(std::chrono::hours(3));
        WeCom begun(configFor(server), hasty(), HttpsTransport(), MemoryStorage());
        CHECK(begun.syncCorp().outcome == SyncOutcome::done);
        CHECK(begun.syncCorp().outcome == SyncOutcome::unchanged);
        server.setBehaviour(withTagDepts(false));
        CHECK(begun.syncCorp().outcome == SyncOutcome::unchanged);
        CHECK(begun.getMembers("active").size() == 6);
        CHECK(begun.verifyCorp().ok);
    }
}

TEST_CASE("WeCom: ids and memberships are what a new address of the contact-sync assistant gets",
          "[integration][coroutine]") {
    emulator::WeComBehaviour behaviour = withTagDepts();
    behaviour.contactSecrets = {"irrelevant-but-present"};
    behaviour.pageLimit = 3;
    emulator::WeComServer server(options(behaviour), organisation());
    WeCom corp(configFor(server), hasty(), HttpsTransport(), MemoryStorage());
    SyncReport const report = corp.syncCorp();
    CAPTURE(report.toText());
    CHECK(report.outcome == SyncOutcome::done);
    CHECK(deptsOf(corp) == Strings{"1", "20", "30", "4294967295"});
    CHECK(membersOf(corp, "20") == Strings{"user001", "user002"});
    CHECK(membersOf(corp, "30") == Strings{"admin002", "user002"});
    CHECK(tagged(corp, "5") == Strings{"admin001", "user001", "user002", "user003"});
    CHECK_FALSE(corp.getMember("user001").nick.known());
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
    // Who leaves is seen to have left, alone in a department, too: there is no other list to ask.
    emulator::Organisation o = organisation();
    std::erase_if(o.userList, [](emulator::Member const& m) { return m.memberId == "user003"; });
    server.setOrganisation(o);
    SyncReport const left = corp.syncCorp();
    CAPTURE(left.toText());
    CHECK(left.members.removed == 1);
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
}

TEST_CASE("WeCom: where only ids are told any more, names stay what they were, and places follow",
          "[integration]") {
    emulator::WeComServer server(options(withTagDepts(false)), organisation());
    WeCom corp(configFor(server), hasty(), HttpsTransport(), MemoryStorage());
    REQUIRE(corp.syncCorp().outcome == SyncOutcome::done);
    emulator::WeComBehaviour behaviour = withTagDepts();
    behaviour.contactSecrets = {"irrelevant-but-present"};
    server.setBehaviour(behaviour);
    server.advanceClock(std::chrono::hours(3));
    emulator::Organisation o = organisation();
    o.userList[0].nick = "Renamed";
    o.userList[0].departments[0].deptId = "30";
    server.setOrganisation(o);
    SyncReport const report = corp.syncCorp();
    CAPTURE(report.toText());
    CHECK(report.members.removed + report.members.updated == 0);
    CHECK(corp.getMember("user001").nick == "张三");
    CHECK(corp.getMember("user001").phone == "+8613800000001");
    REQUIRE(corp.getMemberDepts("user001").size() == 1);
    CHECK(corp.getMemberDepts("user001")[0].deptId == "30");
    CHECK(corp.getDept("20").leaderIds == std::vector<MemberId>{"user002"});
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
}

TEST_CASE("WeCom: a part of an organisation", "[integration][coroutine]") {
    struct Part {
        char const* name;
        std::vector<std::string> depts;
        std::vector<std::string> people;
        std::vector<std::string> tags;
        Strings seen;
        std::uint64_t roots;  // lists of members
        std::uint64_t one;    // records of people who are visible otherwise
    };
    std::vector<Part> const parts{
        {"one department", {"20"}, {}, {}, {"user001", "user002", "user003"}, 1, 0},
        {"several roots", {"30", "4294967295"}, {}, {}, {"admin002", "user002", "user003"}, 2, 0},
        {"a department within another",
         {"20", "4294967295"},
         {},
         {},
         {"user001", "user002", "user003"},
         1,
         0},
        {"people, one of whom stands in a department",
         {"30"},
         {"user002", "admin001"},
         {},
         {"admin001", "admin002", "user002"},
         1,
         1},
        {"a tag with its department and its people",
         {"4294967295"},
         {},
         {"5", "6"},
         {"admin001", "user001", "user002", "user003"},
         1,
         1},
        {"people alone", {}, {"user001", "admin003"}, {}, {"user001", "admin003"}, 0, 2},
    };
    for (Part const& part : parts) {
        for (bool const masked : {false, true}) {
            CAPTURE(part.name, masked);
            emulator::WeComBehaviour behaviour = withTagDepts();
            behaviour.scope.all = false;
            behaviour.scope.deptIds = part.depts;
            behaviour.scope.memberIds = part.people;
            behaviour.scope.tagIds = part.tags;
            behaviour.maskParents = masked;
            behaviour.filterTagDepts = masked;
            emulator::WeComServer server(options(behaviour), organisation());
            WeCom corp(configFor(server), hasty(), HttpsTransport(), MemoryStorage());
            SyncReport const report = corp.syncCorp();
            CAPTURE(report.toText());
            CHECK(report.outcome == SyncOutcome::done);
            Strings seen;
            for (auto const& m : corp.getMembers("active")) seen.insert(m.memberId.str());
            CHECK(seen == part.seen);
            CHECK(server.stats().requests == 1 + 1 + 1 + part.roots + 1 + 2 + part.one);
            CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
            CHECK(corp.verifyCorp().ok);
        }
    }
}

TEST_CASE("WeCom: two enterprises share no users, and contactSecret tells who left a part",
          "[integration][coroutine]") {
    emulator::WeComBehaviour behaviour = withTagDepts();
    behaviour.scope.all = false;
    behaviour.scope.deptIds = {"20", "30"};
    behaviour.contactSecrets = {"contact"};
    emulator::WeComServer server(options(behaviour), organisation());
    MemoryStorage store;
    Context const context = hasty();
    WeCom with(configFor(server, "corps.With", "contact"), context, HttpsTransport(), store);
    WeCom without(configFor(server, "corps.Without", "", "ww2"), context, HttpsTransport(), store);
    with.syncCorp();
    without.syncCorp();
    CHECK(with.getMember("user001").userId != without.getMember("user001").userId);

    // One leaves, another one moves out of sight.
    emulator::Organisation o = organisation();
    std::erase_if(o.userList, [](emulator::Member const& m) { return m.memberId == "user001"; });
    std::erase_if(o.roleMemberSet, [](emulator::RoleMember const& m) { return m.memberId == "user001"; });
    for (emulator::Member& m : o.userList)
        if (m.memberId == "admin002") m.departments[0].deptId = "1";
    server.setOrganisation(o);
    for (std::int64_t const unseen : {60111, 60011}) {
        CAPTURE(unseen);
        behaviour.invisibleUserCode = unseen;
        server.setBehaviour(behaviour);
        with.syncCorp();
        CHECK(with.getMember("user001").status == MemberStatus::resigned);
        CHECK(with.getMember("admin002").status == MemberStatus::active);
        without.syncCorp();
        CHECK(without.getMember("user001").status == MemberStatus::active);
        CHECK(without.getMember("admin002").status == MemberStatus::active);
    }
}

}  // namespace integration_wecom_page_test
