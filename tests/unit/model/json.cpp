#include <corps/error/error.hpp>
#include <corps/model/json.hpp>
#include <corps/model/records.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>

#include <string>

namespace model_json_test {
namespace {

using namespace corps;

template <class T>
std::string text(T const& record) {
    return boost::json::serialize(toJson(record));
}

template <class T>
std::string errorOf(char const* json, std::string_view place = {}) {
    try {
        (void)fromJson<T>(boost::json::parse(json), place);
    } catch (Error const& e) {
        CHECK(e.is(Errc::invalidArgument));
        return e.what();
    }
    return "none";
}

CorpMember member() {
    CorpMember m;
    m.memberId = "m1";
    m.userId = "u1";
    m.nick = "张三";
    m.phone = "";
    m.photo = "https://example.com/1.png";
    m.gender = Gender::female;
    m.hiredDate = "2020-01-02";
    m.corpFullName = "corps.A";
    m.extendConf = R"({"z":1,"a":[null,"x"]})";
    return m;
}

TEST_CASE("model: JSON has the documented keys in declared order and leaves out the unknown", "[model]") {
    CHECK(
        text(member()) ==
        R"({"memberId":"m1","userId":"u1","nick":"张三","phone":"","photo":"https://example.com/1.png","gender":2,"status":1,)"
        R"("hiredDate":"2020-01-02","corpFullName":"corps.A","extendConf":{"z":1,"a":[null,"x"]}})");

    CorpDept d;
    d.deptId = "2";
    d.parentId = "1";
    d.name = "R&D \"x\"";
    d.order = -5;
    d.leaderIds = {"m1", "m2"};
    d.path = {"1", "2"};
    CHECK(
        text(d) ==
        R"({"deptId":"2","parentId":"1","name":"R&D \"x\"","order":-5,"corpFullName":"","leaderIds":["m1","m2"],"path":["1","2"]})");

    CHECK(text(CorpDeptMember{"1", "m1", 3, true, true}) ==
          R"({"deptId":"1","memberId":"m1","order":3,"isPrimary":true,"isLeader":true})");
    CHECK(text(CorpDeptMember{"1", "m1", kUnknown, kUnknown, false}) ==
          R"({"deptId":"1","memberId":"m1","isLeader":false})");
    CHECK(text(CorpDeptLeader{"1", "m1", LeaderSource::memberFlag, 0}) ==
          R"({"deptId":"1","memberId":"m1","source":2,"rank":0})");
    CHECK(text(CorpRoleMember{"r", "m1", "local"}) == R"({"roleId":"r","memberId":"m1","origin":"local"})");
    CHECK(text(CorpRole{"r", "", "x", "upstream"}) ==
          R"({"roleId":"r","roleGroupId":"","name":"x","origin":"upstream"})");
}

TEST_CASE("model: what a record keeps for itself is not in its JSON", "[model]") {
    CorpMember m = member();
    std::string const before = text(m);
    m.localStatus = 2;
    m.rolesLocal = true;
    m.signature = "https://example.com/s.png";
    CHECK(text(m) == before);

    PasswordAuth p;
    p.userId = "u1";
    p.username = "alice";
    p.hash = "HASH";
    p.parameters = "SALT";
    p.failures = 3;
    CHECK(text(p) == R"({"userId":"u1","username":"alice"})");
    CHECK_FALSE(fromJson<PasswordAuth>(boost::json::parse(R"({"userId":"u1","hash":"x"})")).hash.known());
}

TEST_CASE("model: records survive their JSON, unknown and empty apart", "[model]") {
    CorpMember const m = member();
    CHECK(fromJson<CorpMember>(toJson(m)) == m);
    CorpMember bare;
    bare.memberId = "m2";
    CHECK(fromJson<CorpMember>(toJson(bare)) == bare);

    CorpDept d;
    d.deptId = "1";
    d.name = "x";
    d.leaderIds = {"a"};
    d.path = {"1"};
    CHECK(fromJson<CorpDept>(toJson(d)) == d);
    CorpDeptMember const dm{"1", "m1", kUnknown, false, true};
    CHECK(fromJson<CorpDeptMember>(toJson(dm)) == dm);
    CorpDeptLeader const l{"1", "m1", LeaderSource::memberFlag, 4};
    CHECK(fromJson<CorpDeptLeader>(toJson(l)) == l);
    ThirdAuth t;
    t.platform = "feishu";
    t.thirdCorpId = "c";
    t.thirdUserId = "x";
    t.profile = R"({"a":1})";
    CHECK(fromJson<ThirdAuth>(toJson(t)) == t);
    User u;
    u.userId = "u";
    u.createdAt = 1700000000000;
    CHECK(fromJson<User>(toJson(u)) == u);
}

TEST_CASE("model: null is unknown where a field may be, and unknown keys are ignored", "[model]") {
    auto const m = fromJson<CorpMember>(
        boost::json::parse(R"({"memberId":"m","phone":null,"email":"","nonsense":{"x":[1]}})"));
    CHECK_FALSE(m.phone.known());
    CHECK(m.email == "");
    CHECK_FALSE(m.nick.known());
    CHECK(m.status == MemberStatus::active);
}

TEST_CASE("model: JSON that is no record is refused with place, key and what was expected", "[model]") {
    CHECK(errorOf<CorpMember>("[]", "userList[3]") == "expected an object, found an array (userList[3])");
    CHECK(errorOf<CorpMember>("{}", "userList[3]") ==
          "expected a string, found nothing (userList[3].memberId)");
    CHECK(errorOf<CorpMember>(R"({"memberId":null})") == "expected a string, found null (memberId)");
    CHECK(errorOf<CorpMember>(R"({"memberId":7})") == "expected a string, found a number (memberId)");
    CHECK(errorOf<CorpMember>(R"({"memberId":""})") == "expected an id, found an empty string (memberId)");
    CHECK(errorOf<CorpMember>(R"({"memberId":"m","nick":{}})") ==
          "expected a string, found an object (nick)");
    CHECK(errorOf<CorpMember>(R"({"memberId":"m","gender":9})") ==
          "expected 0 (unknown), 1 (male), 2 (female) or 3 (other), found a number (gender)");
    CHECK(errorOf<CorpMember>(R"({"memberId":"m","gender":-1})") ==
          "expected a number in range, found a number (gender)");
    CHECK(errorOf<CorpMember>(R"({"memberId":"m","status":0})") ==
          "expected 1 (active) or 2 (resigned), found a number (status)");
    CHECK(errorOf<CorpMember>(R"({"memberId":"m","status":1.5})") ==
          "expected a whole number, found a number (status)");
    CHECK(errorOf<CorpMember>(R"({"memberId":"m","status":"1"})") ==
          "expected a whole number, found a string (status)");
    CHECK(errorOf<CorpMember>(R"({"memberId":"m","hiredDate":"2021-02-29"})") ==
          "expected a date as YYYY-MM-DD, found a string (hiredDate)");
    CHECK(errorOf<CorpMember>(R"({"memberId":"m","hiredDate":5})") ==
          "expected a date as YYYY-MM-DD, found a number (hiredDate)");
    CHECK(errorOf<CorpDept>(R"({"deptId":"1","order":18446744073709551615})") ==
          "expected a smaller number, found a number (order)");
    CHECK(errorOf<CorpDept>(R"({"deptId":"1","name":null})") == "expected a string, found null (name)");
    CHECK(errorOf<CorpDept>(R"({"deptId":"1","leaderIds":"m1"})") ==
          "expected an array, found a string (leaderIds)");
    CHECK(errorOf<CorpDept>(R"({"deptId":"1","leaderIds":["m1",2]})", "d") ==
          "expected a string, found a number (d.leaderIds[1])");
    CHECK(errorOf<CorpDeptMember>(R"({"deptId":"1","memberId":"m","isPrimary":1})") ==
          "expected true or false, found a number (isPrimary)");
    CHECK(errorOf<CorpDeptLeader>(R"({"deptId":"1","memberId":"m","source":3})") ==
          "expected 1 (department list) or 2 (member flag), found a number (source)");
}

TEST_CASE("model: a stored text that is not JSON is an error of the store", "[model]") {
    CorpMember m = member();
    m.extendConf = "{not json";
    try {
        (void)toJson(m);
        FAIL("no error");
    } catch (Error const& e) {
        CHECK(e.is(Errc::storage));
        CHECK(e.diagnostics().place == "extendConf");
        CHECK(std::string(e.what()).find("not json") == std::string::npos);
    }
    CHECK(toJsonText(boost::json::parse(" { \"b\" : 1, \"a\" : [ ] } ")).str() == R"({"b":1,"a":[]})");
}

}  // namespace

}  // namespace model_json_test
