#include <corps/error/error.hpp>
#include <corps/model/local_corp_data.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <random>
#include <sstream>
#include <string>

namespace model_local_corp_data_test {
namespace {

using namespace corps;

LocalCorpData sample() {
    LocalCorpData d;
    d.corp = {{"title", "Demo"}, {"fullName", "corps.Demo"}};
    for (auto const* id : {"m2", "m1", "m3"}) {
        CorpMember m;
        m.memberId = id;
        m.userId = std::string("u-") + id;
        m.corpFullName = "corps.Demo";
        d.userList.push_back(m);
    }
    for (auto const* id : {"b", "a", "root"}) {
        CorpDept dept;
        dept.deptId = id;
        dept.name = id;
        if (dept.deptId != "root") dept.parentId = "root";
        d.deptList.push_back(dept);
    }
    fillPaths(d.deptList);
    d.deptMemberList = {
        {"b", "m1", kUnknown, true, false}, {"a", "m2", 1, kUnknown, true}, {"a", "m1", 2, false, false}};
    d.roleList = {{"r2", "", "two", "local"}, {"r1", "g", "one", "upstream"}};
    d.roleGroupList = {{"g", "group", "upstream"}};
    d.roleMemberSet = {{"r1", "m1", "upstream"}, {"r1", "m1", "local"}};
    return d;
}

std::string streamed(LocalCorpData const& data) {
    std::ostringstream out;
    writeJson(data, out);
    return out.str();
}

TEST_CASE("model: local data has exactly the documented keys, sorted", "[model]") {
    LocalCorpData d = sample();
    d.sort();
    std::string const text = streamed(d);
    CHECK(text == boost::json::serialize(toJson(d)));
    std::string keys;
    for (auto const& item : toJson(d)) keys += std::string(item.key()) + " ";
    CHECK(keys == "corp userList deptList deptMemberList roleList roleGroupList roleMemberSet ");
    CHECK(
        text ==
        R"({"corp":{"title":"Demo","fullName":"corps.Demo"},"userList":[)"
        R"({"memberId":"m1","userId":"u-m1","status":1,"corpFullName":"corps.Demo"},)"
        R"({"memberId":"m2","userId":"u-m2","status":1,"corpFullName":"corps.Demo"},)"
        R"({"memberId":"m3","userId":"u-m3","status":1,"corpFullName":"corps.Demo"}],"deptList":[)"
        R"({"deptId":"root","parentId":"","name":"root","corpFullName":"","leaderIds":[],"path":["root"]},)"
        R"({"deptId":"a","parentId":"root","name":"a","corpFullName":"","leaderIds":[],"path":["root","a"]},)"
        R"({"deptId":"b","parentId":"root","name":"b","corpFullName":"","leaderIds":[],"path":["root","b"]}],"deptMemberList":[)"
        R"({"deptId":"a","memberId":"m1","order":2,"isPrimary":false,"isLeader":false},)"
        R"({"deptId":"a","memberId":"m2","order":1,"isLeader":true},)"
        R"({"deptId":"b","memberId":"m1","isPrimary":true,"isLeader":false}],"roleList":[)"
        R"({"roleId":"r1","roleGroupId":"g","name":"one","origin":"upstream"},)"
        R"({"roleId":"r2","roleGroupId":"","name":"two","origin":"local"}],)"
        R"("roleGroupList":[{"roleGroupId":"g","name":"group","origin":"upstream"}],"roleMemberSet":[)"
        R"({"roleId":"r1","memberId":"m1","origin":"local"},{"roleId":"r1","memberId":"m1","origin":"upstream"}]})");
}

TEST_CASE("model: equal local data is equal text", "[model]") {
    LocalCorpData d = sample();
    d.sort();
    for (unsigned seed = 1; seed <= 20; ++seed) {
        INFO("seed " << seed);
        std::mt19937 random(seed);
        LocalCorpData other = d;
        detail::eachLocalList(other, [&random](std::string_view, auto& list) {
            std::shuffle(list.begin(), list.end(), random);
        });
        other.sort();
        CHECK(streamed(other) == streamed(d));
    }
}

TEST_CASE("model: local data survives its JSON", "[model]") {
    LocalCorpData const d = sample();
    CHECK(localCorpDataFromJson(boost::json::parse(streamed(d))) == d);
    LocalCorpData const none;
    CHECK(localCorpDataFromJson(toJson(none)) == none);
}

TEST_CASE("model: JSON that is no local data is refused", "[model]") {
    auto const errorOf = [](char const* json) -> std::string {
        try {
            (void)localCorpDataFromJson(boost::json::parse(json));
        } catch (Error const& e) {
            CHECK(e.is(Errc::invalidArgument));
            return e.what();
        }
        return "none";
    };
    CHECK(errorOf("7") == "expected an object, found a number");
    CHECK(errorOf("{}") == "expected an object, found nothing (corp)");
    CHECK(errorOf(R"({"corp":{}})") == "expected an array, found nothing (userList)");
    CHECK(errorOf(R"({"corp":{},"userList":[{"memberId":"a"},{}]})") ==
          "expected a string, found nothing (userList[1].memberId)");
}

struct Wide : CorpMember {
    Field<std::string> costCentre{};
    friend bool operator==(Wide const&, Wide const&) = default;
};
CORPS_EXTEND(Wide, CorpMember, upstream(costCentre))
struct WideRecords : StandardRecords {
    using Member = Wide;
};

TEST_CASE("model: a wider member is exported whole", "[model]") {
    BasicLocalCorpData<WideRecords> d;
    d.userList.resize(2);
    d.userList[0].memberId = "b";
    d.userList[1].memberId = "a";
    d.userList[1].costCentre = "42";
    d.sort();
    boost::json::object const json = toJson(d);
    CHECK(
        boost::json::serialize(json.at("userList")) ==
        R"([{"memberId":"a","status":1,"corpFullName":"","costCentre":"42"},{"memberId":"b","status":1,"corpFullName":""}])");
    CHECK(localCorpDataFromJson<WideRecords>(json) == d);
}

}  // namespace

}  // namespace model_local_corp_data_test
