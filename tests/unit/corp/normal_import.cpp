// importCorpData: what cannot be brought in changes nothing; and what a store gives away when it is stolen.
#include "unit/corp/normal.hpp"

#include <catch2/catch_template_test_macros.hpp>
#include <openssl/evp.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace corp_normal_import_test {

using namespace corps;
using namespace normal;

namespace {

std::string digest(EVP_MD const* kind, std::string const& text) {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    REQUIRE(EVP_Digest(text.data(), text.size(), out, &size, kind, nullptr) == 1);
    return {reinterpret_cast<char const*>(out), size};
}
std::string hex(std::string const& bytes) {
    static char const kDigits[] = "0123456789abcdef";
    std::string out;
    for (char c : bytes) {
        auto const b = static_cast<unsigned char>(c);
        out += kDigits[b >> 4U];
        out += kDigits[b & 15U];
    }
    return out;
}
std::string upper(std::string text) {
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
}

}  // namespace

TEMPLATE_TEST_CASE("normal: an import that is refused leaves every row as it was", "[corp][normal]",
                   MemoryStorage, SqliteStorage) {
    World<TestType> w;
    w.corp.importCorpData(parseCorpData(R"({"deptList": [{"deptId": "1", "name": "Demo"},
        {"deptId": "2", "parentId": "1", "name": "Two"}], "userList": [{"memberId": "ann", "nick": "Ann"}]})"));
    struct Case {
        char const* data;
        Errc code;
        char const* place;
    };
    // Each with something before it that could be brought in.
    std::vector<Case> const cases{
        {R"({"deptList": [{"deptId": "0", "parentId": "1", "name": "new"}, {"deptId": "3", "parentId": "9", "name": "x"}]})",
         Errc::notFound, "department 3"},
        {R"({"deptList": [{"deptId": "3", "name": "x"}, {"deptId": "4", "name": "y"}]})",
         Errc::invalidArgument, "department 4"},
        {R"({"deptList": [{"deptId": "3", "parentId": "1"}]})", Errc::invalidArgument, "department 3"},
        {R"({"deptList": [{"deptId": "3", "parentId": "4", "name": "x"}, {"deptId": "4", "parentId": "3", "name": "y"}]})",
         Errc::invalidArgument, "department "},
        {R"({"deptList": [{"deptId": "2", "parentId": "2", "name": "x"}]})", Errc::invalidArgument,
         "department 2"},
        {R"({"deptList": [{"deptId": "1", "parentId": "2", "name": "x"}]})", Errc::refused, "department 1"},
        {R"({"deptList": [{"deptId": "2", "name": "x"}]})", Errc::refused, "department 2"},
        {R"({"deptList": [{"deptId": "2", "parentId": "1", "name": "x", "leaderIds": ["no"]}]})",
         Errc::notFound, "department 2"},
        {R"({"userList": [{"memberId": "bob", "nick": "Bob", "departments": [{"deptId": "9"}]}]})",
         Errc::notFound, "member bob"},
        {R"({"roleList": [{"roleId": "r", "roleGroupId": "g", "name": "x"}]})", Errc::notFound, "role r"},
        {R"({"roleList": [{"roleId": "r"}]})", Errc::invalidArgument, "role r"},
        {R"({"roleGroupList": [{"roleGroupId": "g"}]})", Errc::invalidArgument, "role group g"},
        {R"({"roleMemberSet": [{"roleId": "r", "memberId": "ann"}]})", Errc::notFound, "member ann"},
        {R"({"userList": [{"memberId": "bob", "nick": "Bob"}], "adminIds": ["bob", "no"]})", Errc::notFound,
         "administrator no"}};
    std::string const before = w.dump();
    for (Case const& c : cases) {
        CAPTURE(c.data);
        Error const e = thrownBy([&] { w.corp.importCorpData(parseCorpData(c.data)); });
        CHECK(e.code() == make_error_code(c.code));
        CHECK(e.diagnostics().place.find(c.place) != std::string::npos);
        CHECK(e.diagnostics().corp == "corps.Default");
        CHECK(w.dump() == before);
    }
    // A user who signs in otherwise keeps name and password.
    w.corp.setPassword(w.corp.getMember("ann").userId.value(), "secret", "ann");
    UserId const user = w.corp.getMember("ann").userId.value();
    w.corp.changeMemberStatus({"ann"}, 2);
    w.corp.deleteMember({"ann"});
    std::string const then = w.dump();
    NewMember again{.nick = "Ann", .deptIdList = {"1"}, .username = "other", .userId = user};
    CHECK(thrownBy([&] { w.corp.addMember(again); }).is(Errc::refused));
    again.username = "ann";
    again.password = "wrong";
    CHECK(thrownBy([&] { w.corp.addMember(again); }).is(Errc::refused));
    CHECK(w.dump() == then);
    again.password = "secret";
    CHECK(w.corp.addMember(again).userId == user);
}

TEMPLATE_TEST_CASE("normal: an import replaces the lists it gives and keeps the others", "[corp][normal]",
                   MemoryStorage, SqliteStorage) {
    World<TestType> w;
    w.corp.importCorpData(parseCorpData(R"({"deptList": [{"deptId": "1", "name": "Demo"},
        {"deptId": "2", "parentId": "1", "name": "Two", "leaderIds": ["ann", "bob"]}],
        "userList": [{"memberId": "ann", "nick": "Ann", "phone": "1", "departments": [{"deptId": "1"}, {"deptId": "2"}]},
                     {"memberId": "bob", "nick": "Bob", "departments": [{"deptId": "2"}]}],
        "roleList": [{"roleId": "r", "name": "R"}],
        "roleMemberSet": [{"roleId": "r", "memberId": "ann"}], "adminIds": ["ann"]})"));
    ImportReport const kept = w.corp.importCorpData(parseCorpData(
        R"({"deptList": [{"deptId": "2", "parentId": "1"}], "userList": [{"memberId": "ann", "email": "a@b"}]})"));
    CHECK(kept.depts == ImportReport::Counts{0, 0, 1});
    CHECK(kept.members == ImportReport::Counts{0, 1, 0});
    CHECK(w.corp.getMember("ann").phone == "1");
    CHECK(w.corp.getMemberDepts("ann").size() == 2);
    CHECK(w.corp.getDept("2").leaderIds == std::vector<MemberId>{"ann", "bob"});
    ImportReport const replaced = w.corp.importCorpData(parseCorpData(
        R"({"deptList": [{"deptId": "2", "parentId": "1", "leaderIds": ["bob"]}],
            "userList": [{"memberId": "ann", "departments": [{"deptId": "1"}]}],
            "roleMemberSet": [{"roleId": "r", "memberId": "bob"}], "adminIds": ["bob"]})"));
    CHECK(replaced.depts.changed == 1);
    CHECK(replaced.members.changed == 1);
    CHECK(replaced.roles.changed == 1);
    CHECK(replaced.adminsChanged);
    CHECK(w.corp.getMemberDepts("ann").size() == 1);
    CHECK(w.corp.getDept("2").leaderIds == std::vector<MemberId>{"bob"});
    CHECK(w.corp.getRoleMembers("r").front().memberId == "bob");
    CHECK(w.corp.getAdmin() == std::vector<MemberId>{"bob"});
    CHECK(w.corp.as("x").importCorpData(CorpData()).nothing());
    CHECK(w.corp.verifyCorp().ok);
}

TEST_CASE("normal: a stolen store tells no password", "[corp][normal]") {
    TempDir const dir;
    NormalType<SqliteStorage> corp(CorpConfig("corps.Default", "Default"), Context(),
                                   SqliteStorage(dir.file("corps.db")));
    DeptId const root = corp.getRootDept().deptId;
    std::vector<std::string> const passwords{"correct horse battery staple", "Pa55-wörd; 'quoted'",
                                             "changed afterwards by hand"};
    std::string const asMd5 = "sent as its MD5 only";
    corp.addMember({.nick = "A", .deptIdList = {root}, .username = "a", .password = passwords[0]});
    UserId const b =
        corp.addMember({.nick = "B", .deptIdList = {root}, .username = "b", .password = passwords[1]})
            .userId.value();
    corp.addMember(
        {.nick = "C", .deptIdList = {root}, .username = "c", .password = hex(digest(EVP_md5(), asMd5))});
    corp.setPassword(b, passwords[2]);
    CHECK(corp.verifyPassword("c", asMd5).member.nick == "C");
    CHECK(thrownBy([&] {
              (void)corp.verifyPassword("a", "tried and wrong, but close");
          }).is(Errc::authRejected));
    // The same password twice does not look the same.
    corp.addMember({.nick = "D", .deptIdList = {root}, .username = "d", .password = passwords[0]});

    std::string stolen;
    for (auto const& entry : std::filesystem::directory_iterator(dir.path())) {
        std::ifstream in(entry.path(), std::ios::binary);
        stolen.append(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    REQUIRE(stolen.find("Default") != std::string::npos);  // what is searched does hold the store
    std::vector<std::string> secrets = passwords;
    secrets.push_back(asMd5);
    secrets.emplace_back("tried and wrong, but close");
    std::size_t const plain = secrets.size();
    for (std::size_t i = 0; i < plain; ++i) {  // its MD5, and SHA-1 and SHA-256 of either, in every writing
        std::string const md5 = digest(EVP_md5(), secrets[i]);
        for (std::string const& of : {secrets[i], md5, hex(md5), upper(hex(md5))})
            for (EVP_MD const* kind : {EVP_md5(), EVP_sha1(), EVP_sha256(), EVP_sha512()}) {
                std::string const bytes = digest(kind, of);
                secrets.insert(secrets.end(), {bytes, hex(bytes), upper(hex(bytes))});
            }
    }
    for (std::string const& secret : secrets) CHECK(stolen.find(secret) == std::string::npos);
}

}  // namespace corp_normal_import_test
