#include <corps/error/error.hpp>
#include <corps/model/corp_data.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace model_corp_data_test {
namespace {

using namespace corps;

constexpr char const* kDemo =
    R"({"corpId":"demo","corpName":"Demo Ltd","deptList":[)"
    R"({"deptId":"1","parentId":"","name":"Demo Ltd","order":0,"leaderIds":["m2","m1"]},)"
    R"({"deptId":"2","parentId":"1","name":"R&D","leaderIds":[]}],)"
    R"("userList":[)"
    R"({"memberId":"m1","nick":"张三","phone":"+8613800000001","email":"a@demo.cn","photo":"","gender":1,)"
    R"("jobNumber":"7","position":"CTO","status":1,"hiredDate":"2020-01-02","unionId":"u1",)"
    R"("departments":[{"deptId":"1","isLeader":false,"order":1,"isPrimary":true},)"
    R"({"deptId":"2","isLeader":true}]},)"
    R"({"memberId":"m2","status":2,"upstreamStatus":"frozen","departments":[]}],)"
    R"("roleGroupList":[{"roleGroupId":"g1","name":"Functions"}],)"
    R"("roleList":[{"roleId":"r1","roleGroupId":"g1","name":"Finance"}],)"
    R"("roleMemberSet":[{"roleId":"r1","memberId":"m1"}],"adminIds":["m1"]})";

std::string streamed(CorpData const& data) {
    std::ostringstream out;
    writeJson(data, out);
    return out.str();
}

std::string errorOf(std::string const& json) {
    try {
        (void)parseCorpData(json);
    } catch (Error const& e) {
        CHECK(e.is(Errc::invalidArgument));
        return e.what();
    }
    return "none";
}

TEST_CASE("model: an organisation file reads into records", "[model]") {
    CorpData const d = parseCorpData(kDemo);
    CHECK(d.corpId == "demo");
    CHECK(d.corpName == "Demo Ltd");
    REQUIRE(d.deptList.size() == 2);
    CHECK(d.deptList[0].name == "Demo Ltd");
    CHECK(d.deptList[0].leaderIds == ids<MemberId>("m2", "m1"));
    CHECK(d.deptList[1].leaderIds == ids<MemberId>("m1"));  // by the member's flag
    CHECK(d.deptList[1].path == ids<DeptId>("1", "2"));
    CHECK_FALSE(d.deptList[1].order.known());
    REQUIRE(d.userList.size() == 2);
    CHECK(d.userList[0].nick == "张三");
    CHECK(d.userList[0].photo == "");
    CHECK_FALSE(d.userList[0].upstreamStatus.known());
    CHECK(d.userList[1].status == MemberStatus::resigned);
    CHECK_FALSE(d.userList[1].nick.known());
    REQUIRE(d.deptMemberList.size() == 2);
    CHECK(d.deptMemberList[0] == CorpDeptMember{"1", "m1", 1, true, true});
    CHECK(d.deptMemberList[1] == CorpDeptMember{"2", "m1", kUnknown, kUnknown, true});
    REQUIRE(d.deptLeaderList.size() == 3);
    CHECK(d.deptLeaderList[0] == CorpDeptLeader{"1", "m1", LeaderSource::departmentList, 1});
    CHECK(d.deptLeaderList[1] == CorpDeptLeader{"1", "m2", LeaderSource::departmentList, 0});
    CHECK(d.deptLeaderList[2] == CorpDeptLeader{"2", "m1", LeaderSource::memberFlag, kUnknown});
    CHECK(d.roleMemberSet.at(0) == CorpRoleMember{"r1", "m1", "upstream"});
    CHECK(d.roleList.at(0).origin == kOriginUpstream);
    CHECK(d.adminIds == ids<MemberId>("m1"));
    CHECK(d.proof.empty());
}

TEST_CASE("model: an organisation file written is the file read", "[model]") {
    CorpData const d = parseCorpData(kDemo);
    CHECK(streamed(d) == kDemo);
    CHECK(boost::json::serialize(toJson(d)) == kDemo);
    CHECK(streamed(CorpData()) ==
          R"({"corpId":"","corpName":"","deptList":[],"userList":[],"roleGroupList":[],"roleList":[],)"
          R"("roleMemberSet":[],"adminIds":[]})");
    CHECK(parseCorpData("{}") == CorpData());
}

TEST_CASE("model: what is kept here is no part of an organisation file", "[model]") {
    CorpData d = parseCorpData(kDemo);
    d.userList[0].userId = "user";
    d.userList[0].corpFullName = "corps.A";
    d.userList[0].extendConf = "{}";
    d.userList[0].signature = "s";
    d.deptList[0].corpFullName = "corps.A";
    CHECK(streamed(d) == kDemo);
    CHECK(parseCorpData(R"({"userList":[{"memberId":"m","userId":"u"}]})").userList[0].userId == kUnknown);
}

TEST_CASE("model: the proof travels with the data", "[model]") {
    CorpData d = parseCorpData(kDemo);
    d.proof.fullScope = true;
    d.proof.rootDeptId = "1";
    d.proof.visibleRoots = {"1", "9"};
    d.proof.listings.push_back({CorpDataListing::Kind::deptMembers, "1", true, 2});
    d.proof.listings.push_back({CorpDataListing::Kind::admins, "", false, std::nullopt});
    d.proof.faults.push_back({CorpDataListing::Kind::roleMembers, "r1", "members of role r1, page 2",
                              "rate limited", 99991400, "q"});
    d.proof.missingPermissions = {"contact:user.phone:readonly"};
    std::string const text = streamed(d);
    CHECK(text == boost::json::serialize(toJson(d)));
    CHECK(parseCorpData(text) == d);
    for (auto const kind : {CorpDataListing::Kind::departments, CorpDataListing::Kind::visibleMembers,
                            CorpDataListing::Kind::roles}) {
        d.proof.listings[0].kind = kind;
        CHECK(parseCorpData(streamed(d)) == d);
    }
}

TEST_CASE("model: a wrong organisation file is refused with place and what was expected", "[model]") {
    CHECK(errorOf("[]") == "expected an object, found an array");
    CHECK(errorOf("{") == "expected an organisation file, found text that is not JSON");
    CHECK(errorOf(R"({"corpId":7})") == "expected a string, found a number (corpId)");
    CHECK(errorOf(R"({"deptList":{}})") == "expected an array, found an object (deptList)");
    CHECK(errorOf(R"({"deptList":["x"]})") == "expected an object, found a string (deptList[0])");
    CHECK(errorOf(R"({"deptList":[{"name":"x"}]})") ==
          "expected a string, found nothing (deptList[0].deptId)");
    CHECK(errorOf(R"({"deptList":[{"deptId":"1"},{"deptId":"1"}]})") ==
          "expected an id of its own, found one that an earlier record has (deptList[1].deptId)");
    CHECK(errorOf(R"({"deptList":[{"deptId":"1","leaderIds":["a","a"]}]})") ==
          "expected an id of its own, found one that an earlier record has (deptList[0].leaderIds[1])");
    CHECK(errorOf(R"({"deptList":[{"deptId":"1","leaderIds":[""]}]})") ==
          "expected an id, found an empty string (deptList[0].leaderIds[0])");
    CHECK(errorOf(R"({"deptList":[{"deptId":"1","order":"x"}]})") ==
          "expected a whole number, found a string (deptList[0].order)");
    CHECK(errorOf(R"({"userList":[{"memberId":"a"},{"memberId":"a"}]})") ==
          "expected an id of its own, found one that an earlier record has (userList[1].memberId)");
    CHECK(errorOf(R"({"userList":[{"memberId":"a","status":3}]})") ==
          "expected 1 (active) or 2 (resigned), found a number (userList[0].status)");
    CHECK(errorOf(R"({"userList":[{"memberId":"a","departments":[{"deptId":"1"},{"deptId":5}]}]})") ==
          "expected a string, found a number (userList[0].departments[1].deptId)");
    CHECK(errorOf(R"({"userList":[{"memberId":"a","departments":[{}]}]})") ==
          "expected a string, found nothing (userList[0].departments[0].deptId)");
    CHECK(errorOf(R"({"userList":[{"memberId":"a","departments":[{"deptId":"1","isLeader":1}]}]})") ==
          "expected true or false, found a number (userList[0].departments[0].isLeader)");
    CHECK(errorOf(R"({"userList":[{"memberId":"a","departments":[{"deptId":"1"},{"deptId":"1"}]}]})") ==
          "expected an id of its own, found one that an earlier record has "
          "(userList[0].departments[1].deptId)");
    CHECK(errorOf(R"({"roleList":[{"roleId":"r"},{"roleId":"r"}]})") ==
          "expected an id of its own, found one that an earlier record has (roleList[1].roleId)");
    CHECK(errorOf(R"({"roleMemberSet":[{"roleId":"r"}]})") ==
          "expected a string, found nothing (roleMemberSet[0].memberId)");
    CHECK(errorOf(R"({"roleMemberSet":[{"roleId":"r","memberId":"m"},{"roleId":"r","memberId":"m"}]})") ==
          "expected an id of its own, found one that an earlier record has (roleMemberSet[1])");
    CHECK(errorOf(R"({"adminIds":["a",1]})") == "expected a string, found a number (adminIds[1])");
    CHECK(errorOf(R"({"proof":{"listings":[{"kind":"x"}]}})") ==
          "expected the name of a kind of list, found a string (proof.listings[0].kind)");
}

TEST_CASE("model: members and departments by id", "[model]") {
    CorpData const d = parseCorpData(kDemo);
    CHECK(d.userDict().size() == 2);
    REQUIRE(d.userDict().find("m1"));
    CHECK(d.userDict().find("m1")->position == "CTO");
    CHECK(d.deptDict().contains("2"));
    CHECK_FALSE(d.deptDict().contains("3"));
}

TEST_CASE("model: flags of several leaders stay with their memberships", "[model]") {
    CorpData d;
    for (auto const* id : {"1", "2"}) d.deptList.emplace_back().deptId = id;
    for (auto const* id : {"m1", "m2"}) d.userList.emplace_back().memberId = id;
    d.deptMemberList = {{"1", "m1", kUnknown, kUnknown, false},
                        {"1", "m2", kUnknown, kUnknown, false},
                        {"2", "m1", kUnknown, kUnknown, false}};
    d.deptLeaderList = {{"1", "m2", LeaderSource::memberFlag, kUnknown},
                        {"2", "m1", LeaderSource::memberFlag, kUnknown}};
    d.normalise();
    CHECK(parseCorpData(streamed(d)) == d);
    CHECK(d.deptMemberList[1].isLeader);
    CHECK_FALSE(d.deptMemberList[0].isLeader);
}

TEST_CASE("model: a leader who stands in no department is listed at the department", "[model]") {
    CorpData d;
    d.deptList.resize(1);
    d.deptList[0].deptId = "1";
    d.deptLeaderList.push_back({"1", "away", LeaderSource::memberFlag, kUnknown});
    d.normalise();
    CHECK(d.deptList[0].leaderIds == ids<MemberId>("away"));
    CHECK(parseCorpData(streamed(d)).deptList[0].leaderIds == ids<MemberId>("away"));
}

/** Keeps rows with their bytes. */
class KeptRows final : public RowSink {
public:
    void row(UpstreamTable table, std::span<Cell const> cells) override {
        rows.emplace_back(table, Row(cells.begin(), cells.end()));
    }
    void replay(RowSink& to) const {
        for (auto const& [table, row] : rows) {
            std::vector<Cell> cells;
            for (OwnedCell const& c : row) cells.push_back(c.view());
            to.row(table, cells);
        }
    }
    std::vector<std::pair<UpstreamTable, Row>> rows;
};

TEST_CASE("model: data survives its rows, in any order and seen twice", "[model]") {
    CorpData const d = parseCorpData(kDemo);
    KeptRows rows;
    emitRows(d, rows);
    CHECK(rows.rows.size() == 2 + 3 + 2 + 2 + 1 + 1 + 1 + 1);
    for (auto const& [table, row] : rows.rows) CHECK(row.size() == upstreamColumns(table).size());
    auto const twice = rows.rows;
    rows.rows.insert(rows.rows.end(), twice.begin(), twice.end());
    for (unsigned seed = 1; seed <= 50; ++seed) {
        INFO("seed " << seed);
        std::mt19937 random(seed);
        std::shuffle(rows.rows.begin(), rows.rows.end(), random);
        CorpDataCollector collector;
        rows.replay(collector);
        CorpData back = std::move(collector).take();
        back.corpId = d.corpId;
        back.corpName = d.corpName;
        CHECK(back == d);
    }
}

TEST_CASE("model: of a member seen twice every known value is kept, whatever came first", "[model]") {
    for (bool const swapped : {false, true}) {
        CorpData d;
        d.userList.resize(2);
        CorpMember& a = d.userList[swapped ? 1 : 0];
        CorpMember& b = d.userList[swapped ? 0 : 1];
        a.memberId = b.memberId = "m";
        a.nick = "x";
        a.phone = "1";
        b.phone = "2";
        b.email = "";
        d.normalise();
        REQUIRE(d.userList.size() == 1);
        CHECK(d.userList[0].nick == "x");
        CHECK(d.userList[0].phone == "2");
        CHECK(d.userList[0].email == "");
        CorpData again = d;
        again.normalise();
        CHECK(again == d);
    }
}

TEST_CASE("model: a row without its key is refused", "[model]") {
    CorpDataCollector collector;
    std::vector<Cell> cells{Cell(), Cell::text("nick")};
    try {
        collector.row(UpstreamTable::member, cells);
        FAIL("no error");
    } catch (Error const& e) {
        CHECK(e.is(Errc::protocol));
        CHECK(e.diagnostics().place == "CorpMember.memberId");
    }
    cells = {Cell::text("m"), Cell::integer(1)};
    CHECK_THROWS_AS(collector.row(UpstreamTable::member, cells), Error);
    cells = {Cell::text("r"), Cell::text("m")};
    CHECK_NOTHROW(collector.row(UpstreamTable::roleMember, cells));
    CHECK(std::move(collector).take().roleMemberSet.at(0).origin == kOriginUpstream);
}

}  // namespace

}  // namespace model_corp_data_test
