// corpctl on an organisation that is edited here: made from nothing, exported, imported.
#include "run_corpctl.hpp"

#include <corps/corps.hpp>
#include <corps/crypto/password.hpp>
#include <corps/storage/sqlite.hpp>

#include <boost/json/parse.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace corpctl_organisation_test {
namespace {

/** An application directory with two corps that are edited here, and a database. */
class Office {
public:
    Office() {
        std::string name = (std::filesystem::temp_directory_path() / "corpctl-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        dir_ = name;
        write("app/corps/Own/e.json", R"({"title": "Our own", "type": "corps.NormalType"})");
        write("app/corps/Own/Own.json",
              R"({"firstMember": {"memberId": "boss", "nick": "Boss", "userId": "boss"}})");
        write("app/corps/Demo/e.json", R"({"title": "Demo", "type": "corps.FSInnerType"})");
        write("app/corps/Demo/Demo.json", R"({"appId": "cli_1", "appSecret": "s3cret"})");
    }
    Office(Office const&) = delete;
    Office& operator=(Office const&) = delete;
    ~Office() {
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
    /** On corps.Own, unless another is named. */
    Ran operator()(std::vector<std::string> const& command, Input input = Input(),
                   std::string const& corp = "corps.Own", std::string const& store = "corps.db") const {
        std::vector<std::string> words{"--app", file("app"), "--store", "sqlite:" + file(store)};
        words.insert(words.end(), command.begin(), command.end());
        words.push_back(corp);
        return run(words, std::move(input));
    }
    /** Runs it, expects success, and gives the first word of what it printed. */
    std::string id(std::vector<std::string> const& command) const {
        Ran const r = (*this)(command);
        INFO(r.err);
        REQUIRE(r.code == 0);
        return r.out.substr(0, r.out.find('\t'));
    }
    [[nodiscard]] corps::NormalType<corps::SqliteStorage> corp() const {
        return {corps::CorpConfig("corps.Own", "Our own"), corps::Context(),
                corps::SqliteStorage(file("corps.db"))};
    }

private:
    std::filesystem::path dir_;
};

}  // namespace

TEST_CASE("corpctl: an organisation from nothing", "[corpctl]") {
    Office const office;
    CHECK(office({"init"}).out == "corps.Own: initialised, 1 departments, 1 active members\n");
    std::string const dev = office.id({"dept", "create", "Development"});
    std::string const web = office.id({"dept", "create", "--parent", dev, "Wev"});
    CHECK(office({"dept", "rename", web, "Web"}).out == web + "\tWeb\n");

    std::string const group = office.id({"role", "group", "create", "Functions"});
    std::string const role = office.id({"role", "create", "--id", "finance", "Finance", group});
    CHECK(role == "finance");
    CHECK(office({"member", "add", "--id", "ann", "--dept", web + "," + dev, "--role", role, "--phone", "12",
                  "Ann"})
              .out == "ann\tAnn\n");
    CHECK(office({"member", "add", "--id", "bo", "Bo"}).code == 0);
    CHECK(office({"dept", "leaders", "--set", "ann", dev}).out == "ann\tAnn\n");
    CHECK(office({"dept", "leaders", dev}).out == "ann\tAnn\n");
    CHECK(office({"tree"}).out == "Our own [" + office.corp().getRootDept().deptId.str() +
                                      "] 2 members\n  Development [" + dev +
                                      "] 1 members, led by Ann\n    Web [" + web + "] 1 members\n");
    CHECK(office({"member", "departments", "ann"}).out ==
          web + "\tWeb\tmain\t\n" + dev + "\tDevelopment\t\tleader\n");
    CHECK(office({"member", "departments", "--add", dev, "bo"}).code == 0);
    CHECK(has(office({"tree"}).out, "] 2 members, led by Ann"));
    CHECK(office({"member", "departments", "--remove", dev, "bo"}).code == 0);

    CHECK(office({"role", "list"}).out == "Functions [" + group + "]\n  Finance [" + role + "] 1 members\n");
    CHECK(office({"role", "members", "--add", "bo", role}).out == "ann\tAnn\nbo\tBo\n");
    CHECK(office({"role", "members", "--remove", "ann", role}).out == "bo\tBo\n");
    CHECK(office({"role", "limit", "--set", web, role, "bo"}).out == web + "\tWeb\n");
    CHECK(office({"role", "rename", role, "Money"}).out == role + "\tMoney\n");
    CHECK(office({"role", "group", "rename", group, "Jobs"}).out == group + "\tJobs\n");

    Ran const updated = office({"member", "update", "--nick", "Anna", "--gender", "female", "--phone", "",
                                "--extend", R"({"desk": 7})", "--json", "ann"});
    CHECK(boost::json::parse(updated.out).at("gender") == 2);
    boost::json::value const shown = boost::json::parse(office({"member", "show", "ann"}).out);
    CHECK(shown.at("nick") == "Anna");
    CHECK(shown.at("phone") == "");
    CHECK(shown.at("extendConf").at("desk") == 7);
    CHECK(shown.at("departments").as_array().size() == 2);

    CHECK(office({"dept", "move", web, office.corp().getRootDept().deptId.str()}).code == 0);
    CHECK(office.corp().getDept(web).path.size() == 2);
    CHECK(office.corp().getDept(web).name == "Web");
    Ran const full = office({"dept", "delete", web});
    CHECK(full.code == 1);
    CHECK(has(full.err, "corps.Own"));
    CHECK(has(full.err, "active members"));
    CHECK(office({"member", "delete", "ann"}).code == 1);
    CHECK(office({"member", "resign", "ann,bo"}).code == 0);
    CHECK(office({"member", "reinstate", "bo"}).code == 0);
    CHECK(office({"members", "--status", "offline"}).out == "ann\toffline\tAnna\t\t\t\n");
    CHECK(office({"member", "delete", "ann"}).code == 0);
    CHECK(office({"dept", "delete", web}).code == 0);
    CHECK(office({"dept", "delete", dev}).code == 0);
    CHECK(office({"role", "delete", role}).code == 0);
    CHECK(office({"role", "group", "delete", group}).code == 0);
    CHECK(office({"role", "list"}).out.empty());
    CHECK(office({"verify"}).code == 0);
    CHECK(office({"member", "show", "nobody"}).code == 1);
}

TEST_CASE("corpctl: who did it stands in the change feed", "[corpctl]") {
    Office const office;
    office({"init"});
    office({"--as", "alice", "dept", "create", "Sales"});
    office({"admin", "--set", "boss"});
    auto const feed = office.corp().changesSince();
    REQUIRE(feed.size() >= 2);
    CHECK(feed.front().caller == "corpctl");
    CHECK(feed.back().caller == "alice");  // the administrators were what they were
}

TEST_CASE("corpctl: a password comes from standard input or the terminal", "[corpctl]") {
    Office const office;
    office({"init"});
    Ran const nameless = office({"passwd", "boss"}, {.text = "secret\n"});
    CHECK(nameless.code == 1);
    CHECK(has(nameless.err, "username"));
    CHECK(office({"passwd", "--username", "bo", "boss"}, {.text = "secret\r\nmore"}).code == 0);
    CHECK(office.corp().verifyPassword("bo", "secret").member.memberId == "boss");

    std::vector<std::string> answers{"other", "other"}, asked;
    auto const ask = [&](std::string const& prompt) {
        asked.push_back(prompt);
        std::string const answer = answers.back();
        answers.pop_back();
        return answer;
    };
    Ran const r = office({"passwd", "boss"}, {.askSecret = ask});
    CHECK(r.code == 0);
    CHECK(r.out == "password set\n");
    CHECK(asked == std::vector<std::string>{"New password: ", "Once more: "});
    CHECK(office.corp().verifyPassword("bo", "other").member.memberId == "boss");
    answers = {"a", "b"};
    CHECK(office({"passwd", "boss"}, {.askSecret = ask}).err == "corpctl: the two are not the same\n");
    CHECK(office({"passwd", "boss"}, {.text = "\n"}).code == 1);
    CHECK(office.corp().verifyPassword("bo", "other").user.userId == "boss");

    CHECK(office({"member", "add", "--username", "ann", "--ask-password", "Ann"}, {.text = "hers"}).code ==
          0);
    CHECK(office.corp().verifyPassword("ann", "hers").member.nick == "Ann");
    for (std::string const word : {"secret", "other", "hers"})
        CHECK_FALSE(has(office.read("corps.db"), word));
}

TEST_CASE("corpctl: export --org, import, export --org again", "[corpctl]") {
    Office const office;
    std::string const organisation = R"({"corpId": "elsewhere", "corpName": "Demo Ltd",
 "deptList": [{"deptId": "1", "parentId": "", "name": "Demo Ltd"}, {"deptId": "dev", "parentId": "1", "name": "Development", "leaderIds": ["bob", "ann"]},
              {"deptId": "web", "parentId": "dev", "name": "Web", "order": 3}],
 "userList": [{"memberId": "ann", "nick": "Ann", "phone": "+8613800000001", "unionId": "u7", "gender": 2, "departments": [{"deptId": "1"}]},
              {"memberId": "bob", "nick": "Bob", "position": "Head", "hiredDate": "2020-01-02",
               "departments": [{"deptId": "dev", "isLeader": true, "isPrimary": true, "order": 1}, {"deptId": "web"}]}],
 "roleGroupList": [{"roleGroupId": "g", "name": "Functions"}],
 "roleList": [{"roleId": "r", "roleGroupId": "g", "name": "Finance"}, {"roleId": "s", "name": "In no group"}],
 "roleMemberSet": [{"roleId": "r", "memberId": "bob"}], "adminIds": ["ann"]})";
    office.write("org.json", organisation);
    Ran const first = office({"import", office.file("org.json")});
    CHECK(first.err.empty());
    CHECK(first.code == 0);
    CHECK(first.out ==
          "corps.Own: imported\n  departments: 3 new, 0 changed, 0 as they were\n"
          "  members: 2 new, 0 changed, 0 as they were\n  role groups: 1 new, 0 changed, 0 as they were\n"
          "  roles: 2 new, 0 changed, 0 as they were\n  administrators changed\n");
    std::size_t const changes = office.corp().changesSince().size();
    Ran const again = office({"import", "-"}, {.text = organisation});
    CHECK(again.out ==
          "corps.Own: nothing to change\n  departments: 0 new, 0 changed, 3 as they were\n"
          "  members: 0 new, 0 changed, 2 as they were\n  role groups: 0 new, 0 changed, 1 as they were\n"
          "  roles: 0 new, 0 changed, 2 as they were\n");
    CHECK(office.corp().changesSince().size() == changes);
    CHECK(office({"verify"}).code == 0);
    CHECK(office.corp().getMember("bob").userId.known());

    REQUIRE(office({"export", "--org", office.file("one.json")}).code == 0);
    CHECK(office({"import", office.file("one.json")}, {}, "corps.Own", "second.db").code == 0);
    REQUIRE(office({"export", "--org", office.file("two.json")}, {}, "corps.Own", "second.db").code == 0);
    CHECK(office.read("one.json") == office.read("two.json"));
    CHECK(has(office.read("one.json"), R"("leaderIds":["bob","ann"])"));

    // The first member comes to the imported root; what the file does not name stays.
    CHECK(office({"init"}).out == "corps.Own: initialised, 3 departments, 3 active members\n");
    CHECK(office({"member", "departments", "boss"}).out == "1\tDemo Ltd\tmain\t\n");
    CHECK(has(office({"import", office.file("org.json"), "--json"}).out, "\"adminsChanged\": true"));
    CHECK(has(office({"members"}).out, "boss\tactive"));
}

TEST_CASE("corpctl: import into a corp that has a root of its own", "[corpctl]") {
    Office const office;
    office({"init"});
    std::string const dept = office.id({"dept", "create", "Old"});
    std::string const group = office.id({"role", "group", "create", "G"});
    std::string const role = office.id({"role", "create", "R", group});
    std::string const root = office.corp().getRootDept().deptId.str();
    office({"role", "limit", "--set", root, role, "boss"});
    office({"dept", "leaders", "--set", "boss", root});
    office.write(
        "org.json",
        R"({"deptList": [{"deptId": "1", "name": "Demo"}, {"deptId": "2", "parentId": "1", "name": "Two"}],
                                 "userList": [{"memberId": "boss", "nick": "The Boss"}]})");
    Ran const r = office({"import", office.file("org.json")});
    CHECK(r.code == 0);
    CHECK(has(r.out, "departments: 1 new, 1 changed"));
    CHECK(has(r.out, "members: 0 new, 1 changed"));
    CHECK(has(r.out, "the root department has the id of the file now"));
    auto const corp = office.corp();
    CHECK(corp.getDepts().size() == 3);
    CHECK(corp.getDept(dept).parentId == "1");
    CHECK(corp.getMemberDepts("boss").front().deptId == "1");
    CHECK(corp.getDept("1").leaderIds == std::vector<corps::MemberId>{"boss"});
    CHECK(corp.getDeptLimit(role, "boss") == std::vector<corps::DeptId>{"1"});
    CHECK(corp.getMember("boss").nick == "The Boss");
    CHECK(office({"verify"}).code == 0);
}

TEST_CASE("corpctl: a file that cannot be imported names the place and changes nothing", "[corpctl]") {
    Office const office;
    office({"init"});
    std::string const root = office.corp().getRootDept().deptId.str();
    office(
        {"import", "-"},
        {.text =
             R"({"deptList": [{"deptId": "1", "name": "Demo"}, {"deptId": "2", "parentId": "1", "name": "Two"}]})"});
    office({"export", "-"});
    std::string const before = office({"export", "-"}).out;
    auto const refuses = [&](std::string const& text, std::string const& place, std::string const& what) {
        Ran const r = office({"import", "-"}, {.text = text});
        INFO(text << "\n" << r.err);
        CHECK(r.code == 1);
        CHECK(r.out.empty());
        CHECK(has(r.err, place));
        CHECK(has(r.err, what));
        CHECK(office({"export", "-"}).out == before);
    };
    refuses("nonsense", "-: ", "not JSON");
    refuses(R"({"deptList": [{"deptId": 7}]})", "deptList[0].deptId", "expected a string");
    refuses(R"({"deptList": [{"deptId": "3", "parentId": "9", "name": "x"}]})", "department 3",
            "9 is neither");
    refuses(R"({"deptList": [{"deptId": "3", "name": "x"}, {"deptId": "4", "name": "y"}]})", "department 4",
            "without a parent");
    refuses(R"({"deptList": [{"deptId": "3", "parentId": "1"}]})", "department 3", "needs a name");
    refuses(
        R"({"deptList": [{"deptId": "3", "parentId": "4", "name": "x"}, {"deptId": "4", "parentId": "3", "name": "y"}]})",
        "department ", "below itself");
    refuses(R"({"deptList": [{"deptId": "1", "parentId": "2", "name": "x"}]})", "department 1",
            "root department here");
    refuses(R"({"deptList": [{"deptId": "2", "name": "x"}]})", "department 2",
            "not the root department here");
    refuses(R"({"deptList": [{"deptId": "3", "parentId": "1", "name": "x", "leaderIds": ["no"]}]})",
            "department 3", "no is neither");
    refuses(R"({"userList": [{"memberId": "m", "departments": [{"deptId": "9"}]}]})", "member m",
            "9 is neither");
    refuses(R"({"roleList": [{"roleId": "r", "roleGroupId": "g", "name": "x"}]})", "role r", "g is neither");
    refuses(R"({"roleList": [{"roleId": "r"}]})", "role r", "needs a name");
    refuses(R"({"roleGroupList": [{"roleGroupId": "g"}]})", "role group g", "needs a name");
    refuses(R"({"roleMemberSet": [{"roleId": "r", "memberId": "boss"}]})", "member boss", "r is neither");
    refuses(R"({"adminIds": ["no"]})", "administrator no", "neither");
    CHECK(office({"import", office.file("none.json")}).code == 1);
}

TEST_CASE("corpctl: what is edited on a platform is not edited here", "[corpctl]") {
    Office const office;
    for (std::vector<std::string> const& command :
         std::vector<std::vector<std::string>>{{"dept", "create", "x"},
                                               {"dept", "leaders", "--set", "", "x"},
                                               {"member", "add", "x"},
                                               {"member", "update", "x"},
                                               {"member", "delete", "x"},
                                               {"passwd", "x"},
                                               {"import", "x"}}) {
        Ran const r = office(command, {}, "corps.Demo");
        CHECK(r.code == 1);
        CHECK(r.err ==
              "corpctl: corps.Demo follows a platform: this is changed there, and a sync brings it here\n");
    }
    CHECK(office({"role", "group", "create", "Ours"}, {}, "corps.Demo").code == 0);
}

TEST_CASE("corpctl: usage of the commands that edit", "[corpctl]") {
    auto const error = [](std::vector<std::string> words) {
        words.insert(words.begin(), {"--app", "app", "--store", "memory"});
        Ran const r = run(words);
        CHECK(r.code == 2);
        return r.err.substr(0, r.err.find('\n'));
    };
    CHECK(error({"dept"}) == "corpctl: dept needs to know what to do");
    CHECK(error({"role", "group"}) == "corpctl: role group needs to know what to do");
    CHECK(error({"dept", "dance", "corps.X"}) == "corpctl: there is no command dept dance");
    CHECK(error({"dept", "create", "corps.X"}) == "corpctl: dept create needs NAME corps.Name");
    CHECK(error({"member", "update", "--gender", "x", "m", "corps.X"}) ==
          "corpctl: --gender needs unknown, male, female or other");
    CHECK(error({"role", "members", "--add", "a", "--remove", "b", "r", "corps.X"}) ==
          "corpctl: either --add or --remove");
    CHECK(error({"member", "add", "--password", "x", "corps.X"}) == "corpctl: there is no option --password");
    std::string const help = run({"help", "dept"}).out;
    for (char const* command : {"dept create", "dept rename", "dept move", "dept delete", "dept leaders"})
        CHECK(has(help, command));
    CHECK_FALSE(has(help, "member add"));
    CHECK(run({"dept", "create", "--help"}).out == run({"help", "dept", "create"}).out);
}

}  // namespace corpctl_organisation_test
