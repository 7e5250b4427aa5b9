// corpctl as a function, against an emulated Feishu on this machine.

#include "run_corpctl.hpp"

#include <corps/emulator/emulator.hpp>
#include <corps/model/corp_data.hpp>
#include <corps/model/local_corp_data.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace corpctl_corpctl_test {
namespace {

constexpr char const* kOrganisation = R"({"corpId": "demo", "corpName": "Demo Ltd",
 "deptList": [{"deptId": "1", "parentId": "", "name": "Demo Ltd"}, {"deptId": "dev", "parentId": "1", "name": "Development", "leaderIds": ["bob"]},
              {"deptId": "web", "parentId": "dev", "name": "Web"}],
 "userList": [{"memberId": "ann", "nick": "Ann", "phone": "+8613800000001", "departments": [{"deptId": "1"}]},
              {"memberId": "bob", "nick": "Bob", "position": "Head", "departments": [{"deptId": "dev"}]},
              {"memberId": "cid", "nick": "Cid", "departments": [{"deptId": "web"}]},
              {"memberId": "dan", "nick": "Dan", "departments": [{"deptId": "web"}]}],
 "adminIds": ["ann"]})";

/** An application directory, a database, and a Feishu that they follow. */
class Bench {
public:
    explicit Bench(corps::emulator::FeishuOptions options = {})
        : server(std::move(options), corps::emulator::parseOrganisation(kOrganisation)) {
        std::string name = (std::filesystem::temp_directory_path() / "corpctl-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        dir_ = name;
        write("app/corps/Demo/e.json", R"({"title": "Demo", "type": "corps.FSInnerType"})");
        write("app/corps/Demo/Demo.json",
              R"({"appId": "cli_1", "appSecret": "s3cret", "userIdType": "user_id",
              "departmentIdType": "department_id", "baseUrl": ")" +
                  server.baseUrl() + "\"}");
        write("app/corps/Own/e.json", R"({"title": "Our own", "type": "corps.NormalType"})");
    }
    Bench(Bench const&) = delete;
    Bench& operator=(Bench const&) = delete;
    ~Bench() {
        std::error_code ignored;
        std::filesystem::remove_all(dir_, ignored);
    }

    void write(std::string const& path, std::string const& text) const {
        std::filesystem::create_directories((dir_ / path).parent_path());
        std::ofstream(dir_ / path) << text;
    }
    [[nodiscard]] std::string file(std::string const& name) const { return (dir_ / name).string(); }
    [[nodiscard]] std::string read(std::string const& name) const {
        std::ifstream in(dir_ / name);
        return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }
    Ran operator()(std::vector<std::string> const& command) const {
        std::vector<std::string> words{"--app", file("app"), "--store", "sqlite:" + file("corps.db")};
        words.insert(words.end(), command.begin(), command.end());
        return run(words);
    }
    void setOrganisation(std::string text, std::string const& from, std::string const& to) {
        std::size_t const at = text.find(from);
        REQUIRE(at != std::string::npos);
        text.replace(at, from.size(), to);
        server.setOrganisation(corps::emulator::parseOrganisation(text));
    }

    corps::emulator::FeishuServer server;

private:
    std::filesystem::path dir_;
};

std::string digestIn(std::string const& text) {
    std::string const before = "approve ";
    std::size_t const at = text.find(before);
    REQUIRE(at != std::string::npos);
    return text.substr(at + before.size(), 32);
}

}  // namespace

TEST_CASE("corpctl: wrong usage exits 2 and says what is wrong", "[corpctl]") {
    std::vector<std::string> const store{"--app", "app", "--store", "memory"};
    auto const error = [](std::vector<std::string> words, std::vector<std::string> const& more) {
        words.insert(words.end(), more.begin(), more.end());
        Ran const r = run(words);
        CHECK(r.code == 2);
        CHECK(r.out.empty());
        CHECK(has(r.err, "usage: corpctl"));
        return r.err.substr(0, r.err.find('\n'));
    };
    CHECK(error({}, {}) == "corpctl: a command is missing");
    CHECK(error(store, {"dance", "corps.X"}) == "corpctl: there is no command dance");
    CHECK(error(store, {"sync"}) == "corpctl: sync needs corps.Name");
    CHECK(error(store, {"export", "corps.X"}) == "corpctl: export needs FILE corps.Name");
    CHECK(error(store, {"sync", "X"}) == "corpctl: the name of a corp reads corps.Name, not X");
    CHECK(error(store, {"sync", "corps.X", "corps.Y"}) == "corpctl: too many arguments: corps.Y");
    CHECK(error(store, {"sync", "--fast", "corps.X"}) == "corpctl: there is no option --fast");
    CHECK(error(store, {"tree", "--json", "corps.X"}) == "corpctl: --json is no option of tree");
    CHECK(error(store, {"members", "--status", "gone", "corps.X"}) ==
          "corpctl: --status needs all, active or offline");
    CHECK(error(store, {"sync", "corps.X", "--approve"}) == "corpctl: --approve needs a value");
    CHECK(error(store, {"sync", "corps.X", "--approve", "12"}) ==
          "corpctl: --approve needs a digest of 32 hex digits, as a report prints it");
    CHECK(error(store, {"sync", "corps.X", "--allow-removals", "--approve", std::string(32, 'a')}) ==
          "corpctl: either --approve or --allow-removals");
    CHECK(error({"--store", "memory"}, {"sync", "corps.X"}) == "corpctl: --app DIR is missing");
    CHECK(error({"--app", "x"}, {"sync", "corps.X"}) == "corpctl: --store is missing: sqlite:FILE or memory");
    CHECK(error({"--app", "x", "--store", "postgres://x"}, {"sync", "corps.X"}) ==
          "corpctl: postgres: is no storage of this version; sqlite:FILE or memory");
    CHECK(error({"--app", "x", "--store", "sqlite:"}, {"sync", "corps.X"}) ==
          "corpctl: --store needs sqlite:FILE or memory");
    CHECK(error(store, {"tree", "--as", "", "corps.X"}) == "corpctl: --as needs a name");
    CHECK(error(store, {"members", "--status", "all", "--status", "all", "corps.X"}) ==
          "corpctl: --status stands there twice");
    CHECK(error(store, {"tree", "--", "--verbose"}) ==
          "corpctl: the name of a corp reads corps.Name, not --verbose");
    CHECK(error({"help"}, {"dance"}) == "corpctl: there is no command dance");
    CHECK(run({"--help"}).code == 0);
    CHECK(has(run({"--help"}).out, "usage: corpctl"));
    CHECK(run({"help"}).out == run({"-h"}).out);
    CHECK(run({"help", "sync"}).out == run({"sync", "--help"}).out);
    CHECK_FALSE(has(run({"help", "sync"}).out, "export"));
    CHECK(run({"--version"}).code == 0);
}

TEST_CASE("corpctl: other ids in the business file are refused, and --migrate moves the store to them",
          "[corpctl]") {
    Bench bench;
    CHECK(bench({"sync", "corps.Demo"}).code == 0);
    CHECK(bench({"admin", "--set", "dan", "corps.Demo"}).code == 0);
    bench.write("app/corps/Demo/Demo.json", R"({"appId": "cli_2", "appSecret": "s3cret",
                "userIdType": "union_id", "baseUrl": ")" +
                                                bench.server.baseUrl() + "\"}");
    Ran const refused = bench({"sync", "corps.Demo"});
    CHECK(refused.code == 1);
    CHECK(has(refused.err, "application cli_1, ids user_id/department_id"));
    CHECK(has(refused.err, "application cli_2, ids union_id/open_department_id"));
    CHECK(has(refused.err, "corpctl sync --migrate"));
    Ran const dry = bench({"sync", "--migrate", "--dry-run", "corps.Demo"});
    CHECK(dry.code == 0);
    CHECK(has(dry.out, "4 members and 2 departments stand under other ids"));
    CHECK(bench({"sync", "--migrate", "corps.Demo"}).code == 0);
    CHECK(has(bench({"admin", "corps.Demo"}).out, bench.server.unionId("dan")));
    CHECK(has(bench({"sync", "corps.Demo"}).out, "nothing written"));
    CHECK(bench({"verify", "corps.Demo"}).code == 0);
}

TEST_CASE("corpctl: from the first sync to a tree", "[corpctl]") {
    Bench bench;
    Ran const dry = bench({"sync", "--dry-run", "corps.Demo"});
    CHECK(dry.code == 0);
    CHECK(has(dry.out, "members: 4 new"));
    CHECK(bench({"members", "corps.Demo"}).out.empty());

    Ran const first = bench({"sync", "corps.Demo"});
    CHECK(first.code == 0);
    CHECK(has(first.out, "members: 4 new"));
    CHECK(first.err.empty());
    Ran const again = bench({"sync", "corps.Demo"});
    CHECK(again.code == 0);
    CHECK(has(again.out, "nothing written"));

    Ran const json = bench({"sync", "--json", "corps.Demo"});
    CHECK(json.code == 0);
    CHECK(boost::json::parse(json.out).at("outcome") == "unchanged");

    CHECK(bench({"tree", "corps.Demo"}).out ==
          "Demo Ltd [0] 1 members\n"
          "  Development [dev] 1 members, led by Bob\n"
          "    Web [web] 2 members\n");
    CHECK(bench({"members", "--status", "active", "corps.Demo"}).out ==
          "ann\tactive\tAnn\t\t+8613800000001\t\n"
          "bob\tactive\tBob\tHead\t\t\n"
          "cid\tactive\tCid\t\t\t\n"
          "dan\tactive\tDan\t\t\t\n");
    Ran const verify = bench({"verify", "corps.Demo"});
    CHECK(verify.code == 0);
    CHECK(verify.out == "corps.Demo: the store is consistent\n");
}

TEST_CASE("corpctl: init makes the root, and syncs a store that never was", "[corpctl]") {
    Bench bench;
    CHECK(bench({"init", "corps.Demo"}).out == "corps.Demo: initialised, 3 departments, 4 active members\n");
    bench.server.resetStats();
    CHECK(bench({"init", "corps.Demo"}).code == 0);
    CHECK(bench.server.stats().requests == 0);
    CHECK(bench({"init", "corps.Own"}).out == "corps.Own: initialised, 1 departments, 0 active members\n");
    Ran const sync = bench({"sync", "corps.Own"});
    CHECK(sync.code == 1);
    CHECK(sync.err == "corpctl: corps.Own is edited here; there is nothing to sync it with\n");
}

TEST_CASE("corpctl: held removals exit 3, dry or not, until they are approved", "[corpctl]") {
    Bench bench;
    REQUIRE(bench({"sync", "corps.Demo"}).code == 0);
    std::string text = kOrganisation;
    std::size_t const at = text.find(R"({"memberId": "cid")");
    std::size_t const end = text.find("],\n \"adminIds\"");
    text.erase(text.rfind(',', at), end - text.rfind(',', at));
    bench.server.setOrganisation(corps::emulator::parseOrganisation(text));

    Ran const dry = bench({"sync", "--dry-run", "corps.Demo"});
    CHECK(dry.code == 3);
    Ran const held = bench({"sync", "corps.Demo"});
    CHECK(held.code == 3);
    CHECK(digestIn(held.out) == digestIn(dry.out));
    CHECK(bench({"sync", "--json", "corps.Demo"}).code == 3);
    CHECK(has(bench({"members", "--status", "active", "corps.Demo"}).out, "cid\t"));

    SECTION("by their digest") {
        Ran const approved = bench({"sync", "--approve", digestIn(held.out), "corps.Demo"});
        CHECK(approved.code == 0);
    }
    SECTION("or all of them") { CHECK(bench({"sync", "--allow-removals", "corps.Demo"}).code == 0); }
    std::string const left = bench({"members", "--status", "offline", "corps.Demo"}).out;
    CHECK(has(left, "cid\toffline"));
    CHECK(has(left, "dan\toffline"));
}

TEST_CASE("corpctl: what could not be read exits 3", "[corpctl]") {
    Bench bench;
    corps::emulator::Fault fault;
    fault.match = "department_id=web";
    fault.kind = corps::emulator::FaultKind::code;
    fault.code = 40001;
    fault.times = -1;
    bench.server.addFault(fault);
    Ran const dry = bench({"sync", "--dry-run", "corps.Demo"});
    CHECK(dry.code == 3);
    Ran const r = bench({"sync", "corps.Demo"});
    CHECK(r.code == 3);
    CHECK(has(r.out, "incomplete"));
    CHECK(has(r.out, "department web"));
}

TEST_CASE("corpctl: failures exit 1, name the place and no secret", "[corpctl]") {
    corps::emulator::FeishuOptions options;
    options.credentials.push_back({"cli_1", "another secret"});
    Bench bench(std::move(options));
    Ran const r = bench({"sync", "corps.Demo"});
    CHECK(r.code == 1);
    CHECK(r.out.empty());
    CHECK(has(r.err, "corps.Demo: "));
    CHECK_FALSE(has(r.err, "s3cret"));
    CHECK(bench({"check", "corps.Demo"}).code == 1);

    Ran const none = bench({"tree", "corps.None"});
    CHECK(none.code == 1);
    CHECK(has(none.err, "corps/None/e.json"));
    bench.write("app/corps/Demo/Demo.json", R"({"appId": "cli_1"})");
    Ran const config = bench({"tree", "corps.Demo"});
    CHECK(config.code == 1);
    CHECK(has(config.err, "appSecret"));
    CHECK(has(config.err, "corps/Demo/Demo.json"));
    Ran const store = run({"--app", bench.file("app"), "--store", "sqlite:" + bench.file("no/such/corps.db"),
                           "tree", "corps.Own"});
    CHECK(store.code == 1);
}

TEST_CASE("corpctl: check tells what the application sees and writes nothing", "[corpctl]") {
    Bench bench;
    Ran const r = run({"--app", bench.file("app"), "check", "corps.Demo"});
    CHECK(r.code == 0);
    CHECK(has(r.out, "the credentials are good"));
    CHECK(has(r.out, "the whole organisation, 3 departments, 4 members"));

    corps::emulator::FeishuBehaviour narrow;
    narrow.range.all = false;
    narrow.range.deptIds = {"dev"};
    bench.server.setBehaviour(narrow);
    Ran const part = bench({"check", "corps.Demo"});
    CHECK(has(part.out, "a part of the organisation"));
    CHECK(has(part.out, "department dev and below"));
    CHECK_FALSE(std::filesystem::exists(bench.file("corps.db")));
    CHECK(bench({"check", "corps.Own"}).code == 0);
}

TEST_CASE("corpctl: check names missing permissions", "[corpctl]") {
    Bench bench;
    corps::emulator::FeishuBehaviour behaviour;
    std::erase_if(behaviour.scopes,
                  [](std::string const& s) { return s.find("phone") != std::string::npos; });
    bench.server.setBehaviour(behaviour);
    Ran const r = bench({"check", "corps.Demo"});
    CHECK(r.code == 3);
    CHECK(has(r.out, "missing permission: contact:user.phone:readonly"));

    behaviour.scopes.clear();
    bench.server.setBehaviour(behaviour);
    Ran const none = bench({"check", "corps.Demo"});
    CHECK(none.code == 1);
    CHECK(has(none.err, "contact:"));
}

TEST_CASE("corpctl: progress on a terminal only, and gone before the report", "[corpctl]") {
    Bench bench;
    Ran const r =
        run({"--app", bench.file("app"), "--store", "memory", "sync", "corps.Demo"}, Input{.terminal = true});
    CHECK(r.code == 0);
    CHECK(has(r.err, " pages, "));
    CHECK(r.err.ends_with(" \r"));
    CHECK_FALSE(has(r.out, " pages, "));
    CHECK(run({"--app", bench.file("app"), "--store", "memory", "sync", "corps.Demo"}).err.empty());
}

TEST_CASE("corpctl: administrators", "[corpctl]") {
    Bench bench;
    REQUIRE(bench({"sync", "corps.Demo"}).code == 0);
    CHECK(bench({"admin", "corps.Demo"}).out == "ann\tAnn\n");
    CHECK(bench({"admin", "--set", "bob,cid", "corps.Demo"}).out == "ann\tAnn\nbob\tBob\ncid\tCid\n");
    CHECK(bench({"admin", "--set", "", "corps.Demo"}).out == "ann\tAnn\n");
    Ran const unknown = bench({"admin", "--set", "nobody", "corps.Demo"});
    CHECK(unknown.code == 1);
    CHECK(has(unknown.err, "nobody"));
}

TEST_CASE("corpctl: exports", "[corpctl]") {
    Bench bench;
    REQUIRE(bench({"sync", "corps.Demo"}).code == 0);
    REQUIRE(bench({"export", bench.file("local.json"), "corps.Demo"}).code == 0);
    corps::LocalCorpData const local =
        corps::localCorpDataFromJson(boost::json::parse(bench.read("local.json")));
    CHECK(local.userList.size() == 4);
    CHECK(local.corp.at("appSecret") == "***");

    REQUIRE(bench({"export", "--org", bench.file("org.json"), "corps.Demo"}).code == 0);
    corps::CorpData const org = corps::parseCorpData(bench.read("org.json"));
    CHECK(org.userDict().find("bob")->position == "Head");
    CHECK(org.deptDict().find("dev")->leaderIds == std::vector<corps::MemberId>{"bob"});
    CHECK(org.adminIds == std::vector<corps::MemberId>{"ann"});
    // The emulator serves it again, and the store that follows it has nothing to change.
    boost::json::value served = boost::json::parse(bench.read("org.json"));
    served.as_object()["corpId"] = "demo";  // the store knows the enterprise it follows
    bench.server.setOrganisation(corps::emulator::parseOrganisation(boost::json::serialize(served)));
    CHECK(has(bench({"sync", "corps.Demo"}).out, "nothing written"));

    CHECK(has(bench({"export", "-", "corps.Demo"}).out, "\"userList\""));
    CHECK(bench({"export", bench.file("no/such/file"), "corps.Demo"}).code == 1);
    Ran const info = bench({"info", "corps.Demo"});
    CHECK(boost::json::parse(info.out).at("title") == "Demo");
    CHECK_FALSE(has(info.out, "s3cret"));
}

TEST_CASE("corpctl: --verbose logs, without names, phones or secrets", "[corpctl]") {
    Bench bench;
    Ran const r = bench({"--verbose", "sync", "corps.Demo"});
    CHECK(r.code == 0);
    for (char const* word : {"Ann", "Bob", "13800000001", "s3cret"}) CHECK_FALSE(has(r.err, word));
}

}  // namespace corpctl_corpctl_test
