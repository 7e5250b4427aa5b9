#include <corps/emulator/generate.hpp>
#include <corps/emulator/organisation.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

namespace emulator_organisation_test {
namespace {

using namespace corps::emulator;
using Catch::Matchers::ContainsSubstring;

constexpr const char* kDemo = R"({"corpId": "demo", "corpName": "Demo Ltd",
 "deptList": [{"deptId": "1", "parentId": "", "name": "Demo Ltd", "order": 0, "leaderIds": ["m1"]},
              {"deptId": "2", "parentId": "1", "name": "研发 \"R/D\""}],
 "userList": [{"memberId": "m1", "unionId": "u1", "nick": "张三", "phone": "+8613800000001", "email": "a@demo.cn", "jobNumber": "7",
               "position": "CTO", "photo": "", "gender": 1, "status": 1, "hiredDate": "2020-01-02", "somethingElse": {"a": [1]},
               "departments": [{"deptId": "1", "isLeader": true, "order": 1, "isPrimary": true}]},
              {"memberId": "m2", "phone": null}],
 "roleGroupList": [{"roleGroupId": "g1", "name": "Functions"}],
 "roleList": [{"roleId": "r1", "roleGroupId": "g1", "name": "Finance"}, {"roleId": "r2"}],
 "roleMemberSet": [{"roleId": "r1", "memberId": "m1"}], "adminIds": ["m1"]})";

/** The place and the text of the complaint about a file. */
std::pair<std::string, std::string> complaint(const std::string& text) {
    try {
        (void)parseOrganisation(text);
    } catch (const OrganisationError& error) {
        return {error.where(), error.what()};
    }
    return {"", ""};
}

std::string withUsers(const std::string& users) {
    return R"({"deptList": [{"deptId": "1"}, {"deptId": "2", "parentId": "1"}], "userList": [)" + users +
           "]}";
}

}  // namespace

TEST_CASE("emulator: an organisation file is read, keys may be absent", "[emulator]") {
    const Organisation demo = parseOrganisation(kDemo);
    CHECK(demo.corpName == "Demo Ltd");
    REQUIRE(demo.deptList.size() == 2);
    CHECK(demo.deptList[0].leaderIds == std::vector<std::string>{"m1"});
    CHECK(demo.deptList[1].name == "研发 \"R/D\"");
    REQUIRE(demo.userList.size() == 2);
    CHECK(demo.userList[0].hiredDate == "2020-01-02");
    CHECK(demo.userList[0].departments.at(0) == Membership{"1", true, 1, true});
    CHECK(demo.userList[1] == [] {
        Member member;
        member.memberId = "m2";
        return member;
    }());
    CHECK(demo.roleList[1].roleGroupId.empty());
    CHECK(parseOrganisation(R"({"deptList":[{"deptId":"x"}]})").userList.empty());
}

TEST_CASE("emulator: what is written is read back equal", "[emulator]") {
    const Organisation demo = parseOrganisation(kDemo);
    CHECK(parseOrganisation(writeOrganisation(demo)) == demo);
    Organisation odd;
    odd.deptList.push_back({"r", "", std::string("\x01\t\"\\/\n", 6), INT64_MIN, {}});
    odd.deptList.push_back({"c", "r", "", INT64_MAX, {}});
    CHECK(parseOrganisation(writeOrganisation(odd)) == odd);
    const Organisation made = generate(300, 3);
    CHECK(parseOrganisation(writeOrganisation(made)) == made);
}

TEST_CASE("emulator: a faulty organisation file is refused with its place", "[emulator]") {
    CHECK(complaint("{").first == "document");
    CHECK(complaint("[]") ==
          std::pair<std::string, std::string>("document", "document: expected an object, found an array"));
    CHECK(complaint("{}").first == "deptList");
    CHECK(complaint(R"({"deptList": {}})").second == "deptList: expected an array, found an object");
    CHECK(complaint(R"({"deptList": [{"deptId": 1}]})").second ==
          "deptList[0].deptId: expected a string, found a number");
    CHECK(complaint(R"({"deptList": [{"deptId": ""}]})").first == "deptList[0].deptId");
    CHECK(complaint(R"({"deptList": [{"deptId": "a"}, {"deptId": "b"}]})").first == "deptList[1].parentId");
    CHECK(complaint(R"({"deptList": [{"deptId": "a"}, {"deptId": "a", "parentId": "a"}]})").first ==
          "deptList[1].deptId");
    CHECK(complaint(R"({"deptList": [{"deptId": "a"}, {"deptId": "b", "parentId": "nowhere"}]})").first ==
          "deptList[1].parentId");
    CHECK(complaint(R"({"deptList": [{"deptId": "a", "leaderIds": ["m"]}]})").first ==
          "deptList[0].leaderIds[0]");
    CHECK(complaint(R"({"deptList": [{"deptId": "a", "order": "1"}]})").second ==
          "deptList[0].order: expected a whole number, found a string");
    CHECK(complaint(withUsers(R"({"memberId": ""})")).first == "userList[0].memberId");
    CHECK(complaint(withUsers(R"({"memberId": "m"}, {"memberId": "m"})")).first == "userList[1].memberId");
    CHECK(complaint(withUsers(R"({"memberId": "m", "unionId": "u"}, {"memberId": "n", "unionId": "u"})"))
              .first == "userList[1].unionId");
    CHECK(complaint(withUsers(R"({"memberId": "m", "gender": 4})")).first == "userList[0].gender");
    CHECK(complaint(withUsers(R"({"memberId": "m", "status": 0})")).first == "userList[0].status");
    CHECK(complaint(withUsers(R"({"memberId": "m", "hiredDate": "2020-02-30"})")).first ==
          "userList[0].hiredDate");
    CHECK(complaint(withUsers(R"({"memberId": "m", "departments": [{"deptId": "3"}]})")).first ==
          "userList[0].departments[0].deptId");
    CHECK(complaint(withUsers(R"({"memberId": "m", "departments": [{"deptId": "2"}, {"deptId": "2"}]})"))
              .first == "userList[0].departments[1].deptId");
    CHECK(
        complaint(
            withUsers(
                R"({"memberId": "m", "departments": [{"deptId": "1", "isPrimary": true}, {"deptId": "2", "isPrimary": true}]})"))
            .first == "userList[0].departments[1].isPrimary");
    CHECK(complaint(R"({"deptList": [{"deptId": "a"}], "adminIds": ["m"]})").first == "adminIds[0]");
    CHECK(complaint(R"({"deptList": [{"deptId": "a"}], "roleList": [{"roleId": "r", "roleGroupId": "g"}]})")
              .first == "roleList[0].roleGroupId");
    CHECK(complaint(R"({"deptList": [{"deptId": "a"}], "roleMemberSet": [{"roleId": "r", "memberId": "m"}]})")
              .first == "roleMemberSet[0].roleId");
}

TEST_CASE("emulator: a cycle of departments is named", "[emulator]") {
    const auto [where, what] =
        complaint(R"({"deptList": [{"deptId": "root"}, {"deptId": "ok", "parentId": "root"},
        {"deptId": "below", "parentId": "a"}, {"deptId": "a", "parentId": "b"}, {"deptId": "b", "parentId": "c"}, {"deptId": "c", "parentId": "a"}]})");
    CHECK_THAT(where, ContainsSubstring("deptList["));
    CHECK_THAT(what, ContainsSubstring("\"a\" in \"b\" in \"c\" in \"a\""));
    CHECK_THAT(complaint(R"({"deptList": [{"deptId": "root"}, {"deptId": "a", "parentId": "a"}]})").second,
               ContainsSubstring("\"a\" in \"a\""));
}

TEST_CASE("emulator: organisation files on disk", "[emulator]") {
    const auto path = std::filesystem::temp_directory_path() /
                      ("corps-organisation-" + std::to_string(std::hash<std::string>{}(__FILE__)) + ".json");
    std::ofstream(path) << kDemo;
    CHECK(readOrganisation(path.string()) == parseOrganisation(kDemo));
    std::ofstream(path) << "{\"deptList\": 1}";
    CHECK_THROWS_AS(readOrganisation(path.string()), OrganisationError);
    try {
        (void)readOrganisation(path.string());
    } catch (const OrganisationError& error) {
        CHECK(error.what() == path.string() + ": deptList: expected an array, found a number");
    }
    std::filesystem::remove(path);
    CHECK_THROWS_AS(readOrganisation(path.string()), OrganisationError);
}

}  // namespace emulator_organisation_test
