// The reference page of corps.NormalType, example by example, on both storages.
#include <corps/app.hpp>
#include <corps/corps.hpp>
#include <corps/crypto/password.hpp>
#include <corps/storage/sqlite.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace integration_generic_page_test {

using namespace corps;

namespace {

struct InMemory {
    using Storage = MemoryStorage;
    [[nodiscard]] static Storage storage() { return {}; }
};

class InSqlite {
public:
    using Storage = SqliteStorage;
    InSqlite() {
        std::string name = (std::filesystem::temp_directory_path() / "corps-page-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        dir_ = name;
    }
    InSqlite(InSqlite const&) = delete;
    InSqlite& operator=(InSqlite const&) = delete;
    ~InSqlite() {
        std::error_code ignored;
        std::filesystem::remove_all(dir_, ignored);
    }
    [[nodiscard]] Storage storage() const { return Storage((dir_ / "corps.db").string()); }

private:
    std::filesystem::path dir_;
};

/** The page's directory: corps/Default/e.json and Default.json. */
template <class Where>
struct Page {
    using Corp = NormalType<typename Where::Storage>;

    Page()
        : app(memoryFiles({{"corps/Default/e.json", R"({
                                "allowJoin": 1,
                                "backendBundleEntry": ".",
                                "frontBundleEntry": "./Default.json",
                                "refSpace": false,
                                "title": "Default Organization Architecture",
                                "type": "corps.NormalType"
                            })"},
                           {"corps/Default/Default.json", R"({
                                "firstMember": {
                                    "memberId": "admin123",
                                    "nick": "Administrator",
                                    "password": "admin123",
                                    "userId": "admin123",
                                    "username": "admin123"
                                }
                            })"}}),
              Context(), AppOptions(), where.storage()) {}

    /** The organisation that the examples speak of: dept001, member001, role001, group001. */
    Corp& organisation() {
        Corp& corp = app.template getElement<Corp>("corps.Default");
        corp.importCorpData(parseCorpData(R"({
            "deptList": [{"deptId": "dept001", "parentId": ")" +
                                          corp.getRootDept().deptId.str() + R"(", "name": "Technology"},
                         {"deptId": "dept002", "parentId": "dept001", "name": "Frontend"}],
            "userList": [{"memberId": "member001", "nick": "Li", "departments": [{"deptId": "dept001"}]},
                         {"memberId": "member002", "nick": "Wang", "departments": [{"deptId": "dept001"}]},
                         {"memberId": "member003", "nick": "Zhao", "departments": [{"deptId": "dept002"}]}],
            "roleGroupList": [{"roleGroupId": "group001", "name": "Functions"}],
            "roleList": [{"roleId": "role001", "roleGroupId": "group001", "name": "Finance"}]})"));
        return corp;
    }

    Where where;
    App<Corp> app;
};

template <class List>
std::vector<MemberId> memberIds(List const& list) {
    std::vector<MemberId> out;
    for (auto const& m : list) out.push_back(m.memberId);
    return out;
}

}  // namespace

#define CORPS_ON_BOTH(name) TEMPLATE_TEST_CASE("Generic page: " name, "[integration]", InMemory, InSqlite)

CORPS_ON_BOTH("usage example") {
    Page<TestType> page;
    using Corp = typename Page<TestType>::Corp;
    // Get standard organization instance
    auto& corp = page.app.template getElement<Corp>("corps.Default");
    // Initialize organization
    Done const result = corp.initCorp();
    CHECK(result == Done());
    // Get organization information
    auto corp_info = corp.getCorpInfo();
    CHECK(corp_info.at("title") == "Default Organization Architecture");
    CHECK(corp_info.at("firstMember").at("password") == "***");
}

CORPS_ON_BOTH("initCorp") {
    Page<TestType> page;
    using Corp = typename Page<TestType>::Corp;
    auto& corp = page.app.template getElement<Corp>("corps.Default");
    corp.initCorp();
    auto const once = toJson(corp.getLocalCorpData());
    corp.initCorp();
    CHECK(toJson(corp.getLocalCorpData()) == once);
    CHECK(corp.getMember("admin123").userId == UserId("admin123"));
    CHECK(corp.verifyPassword("admin123", "admin123").member.memberId == "admin123");
}

CORPS_ON_BOTH("addMember") {
    Page<TestType> page;
    auto& corp = page.organisation();
    // Add regular member
    auto member_data = corp.addMember({.nick = "Zhang San",
                                       .deptIdList = {"dept001"},
                                       .roleIdList = {"role001"},
                                       .phone = "13800138000",
                                       .username = "zhangsan",
                                       .password = "123456"});
    CHECK(member_data.nick == "Zhang San");
    CHECK(member_data.phone == "13800138000");
    CHECK(member_data.status == MemberStatus::active);
    CHECK(corp.getMember(member_data.memberId) == member_data);
    CHECK(corp.getMemberDepts(member_data.memberId).front().deptId == "dept001");
    CHECK(corp.getMemberRoles(member_data.memberId).front().roleId == "role001");
    // The password is the same, in the clear or as the MD5 that the page asks for.
    CHECK(corp.verifyPassword("zhangsan", "123456").member.memberId == member_data.memberId);
    CHECK(corp.verifyPassword("zhangsan", "e10adc3949ba59abbe56e057f20f883e").member.memberId ==
          member_data.memberId);
}

CORPS_ON_BOTH("createDept") {
    Page<TestType> page;
    auto& corp = page.organisation();
    // Create first-level department
    auto dept = corp.createDept("Technology Department");
    CHECK(dept.name == "Technology Department");
    CHECK(dept.parentId == corp.getRootDept().deptId);
    // Create sub-department
    auto sub_dept = corp.createDept("Frontend Group", dept.deptId);
    CHECK(sub_dept.parentId == dept.deptId);
    CHECK(sub_dept.path == std::vector<DeptId>{corp.getRootDept().deptId, dept.deptId, sub_dept.deptId});
}

CORPS_ON_BOTH("updateDept") {
    Page<TestType> page;
    auto& corp = page.organisation();
    // Update department name
    auto updated_dept = corp.updateDept("dept001", "Technology R&D Department");
    CHECK(updated_dept.name == "Technology R&D Department");
    CHECK(updated_dept.parentId == corp.getRootDept().deptId);
    auto moved = corp.updateDept("dept002", "Frontend", corp.getRootDept().deptId);
    CHECK(moved.parentId == corp.getRootDept().deptId);
}

CORPS_ON_BOTH("deleteDept") {
    Page<TestType> page;
    auto& corp = page.organisation();
    // Delete department (ensure no sub-departments and members)
    corp.deleteDeptMember("dept002", {"member003"});
    corp.deleteDept("dept002");
    corp.deleteDeptMember("dept001", {"member001", "member002"});
    Done const result = corp.deleteDept("dept001");
    CHECK(result == Done());
    CHECK(corp.getDepts().size() == 1);
}

CORPS_ON_BOTH("setDeptLeaderByDept") {
    Page<TestType> page;
    auto& corp = page.organisation();
    // Set department leader
    auto leaders = corp.setDeptLeaderByDept("dept001", {"member001", "member002"});
    REQUIRE(leaders.size() == 2);
    CHECK(memberIds(leaders) == std::vector<MemberId>{"member001", "member002"});
    CHECK((leaders[0].isLeader && leaders[1].isLeader));
    CHECK(corp.getDept("dept001").leaderIds == std::vector<MemberId>{"member001", "member002"});
    corp.setDeptLeaderByDept("dept001", {"member002"});
    CHECK(corp.getDept("dept001").leaderIds == std::vector<MemberId>{"member002"});
}

CORPS_ON_BOTH("createRole") {
    Page<TestType> page;
    auto& corp = page.organisation();
    // Create role
    auto role = corp.createRole("Project Manager", "group001");
    CHECK(role.name == "Project Manager");
    CHECK(role.roleGroupId == "group001");
    CHECK(corp.getRoles().size() == 2);
}

CORPS_ON_BOTH("updateUserInfo") {
    Page<TestType> page;
    auto& corp = page.organisation();
    // Update member information
    corp.updateUserInfo("member001", {.nick = "Li Si", .phone = "13900139000", .email = "lisi@example.com"});
    auto const member = corp.getMember("member001");
    CHECK(member.nick == "Li Si");
    CHECK(member.phone == "13900139000");
    CHECK(member.email == "lisi@example.com");
    // The same as a dictionary, as the page has it.
    corp.updateUserInfo("member001", boost::json::object{{"nick", "Li Wu"}, {"gender", 1}});
    CHECK(corp.getMember("member001").nick == "Li Wu");
    CHECK(corp.getMember("member001").gender == Gender::male);
    CHECK(corp.getMember("member001").email == "lisi@example.com");
}

CORPS_ON_BOTH("changeMemberStatus") {
    Page<TestType> page;
    auto& corp = page.organisation();
    // Set members as resigned
    corp.changeMemberStatus({"member001", "member002"}, MemberStatus::resigned);
    CHECK(memberIds(corp.getMembers("offline")) == std::vector<MemberId>{"member001", "member002"});
    corp.changeMemberStatus({"member001"}, MemberStatus::active);
    CHECK(memberIds(corp.getMembers("offline")) == std::vector<MemberId>{"member002"});
}

CORPS_ON_BOTH("setAdmin and getAdmin") {
    Page<TestType> page;
    auto& corp = page.organisation();
    // Set administrators
    Done const result = corp.setAdmin({"member001"});
    CHECK(result == Done());
    // Get administrator list
    auto admins = corp.getAdmin();
    CHECK(admins == std::vector<MemberId>{"member001"});
}

CORPS_ON_BOTH("getLocalCorpData") {
    Page<TestType> page;
    auto& corp = page.organisation();
    corp.addRoleMember("role001", {"member001"});
    // Get complete organization data
    auto corp_data = corp.getLocalCorpData();
    CHECK(corp_data.userList.size() == 4);
    CHECK(corp_data.deptList.size() == 3);
    std::vector<std::string> keys;
    auto const json = toJson(corp_data);
    for (auto const& entry : json) keys.emplace_back(entry.key());
    CHECK(keys == std::vector<std::string>{"corp", "userList", "deptList", "deptMemberList", "roleList",
                                           "roleGroupList", "roleMemberSet"});
    CHECK(json.at("deptList").at(2).at("path").as_array().size() == 3);
    CHECK(json.at("roleMemberSet").at(0).at("memberId") == "member001");
}

CORPS_ON_BOTH("properties") {
    Page<TestType> page;
    using Corp = typename Page<TestType>::Corp;
    auto& corp = page.app.template getElement<Corp>("corps.Default");
    CHECK(corp.corpFullName() == "corps.Default");
    CHECK(corp.title() == "Default Organization Architecture");
    CHECK(corp.fullName() == "corps.Default");
}

CORPS_ON_BOTH("organization initialization process") {
    Page<TestType> page;
    using Corp = typename Page<TestType>::Corp;
    auto& corp = page.app.template getElement<Corp>("corps.Default");
    // Execute initialization
    corp.initCorp();
    // Verify initialization result
    auto admins = corp.getAdmin();
    auto corp_data = corp.getLocalCorpData();
    CHECK(admins == std::vector<MemberId>{"admin123"});
    CHECK(corp_data.deptList[0].name == "Default Organization Architecture");
}

CORPS_ON_BOTH("batch operation support") {
    Page<TestType> page;
    auto& corp = page.organisation();
    // Batch add department members
    corp.addDeptMember("dept001", {"member001", "member002", "member003"});
    CHECK(corp.getDeptMembers("dept001").size() == 3);
    // Batch delete department members
    corp.deleteDeptMember("dept001", {"member003"});
    CHECK(memberIds(corp.getDeptMembers("dept001")) == std::vector<MemberId>{"member001", "member002"});
    // Batch add role members
    corp.addRoleMember("role001", {"member001", "member002"});
    CHECK(memberIds(corp.getRoleMembers("role001")) == std::vector<MemberId>{"member001", "member002"});
}

CORPS_ON_BOTH("permission and status management") {
    Page<TestType> page;
    auto& corp = page.organisation();
    corp.addRoleMember("role001", {"member001"});
    // Set department restrictions
    corp.setDeptLimit("role001", "member001", {"dept001", "dept002"});
    CHECK(corp.getDeptLimit("role001", "member001") == std::vector<DeptId>{"dept001", "dept002"});
    // Change member status to resigned
    corp.changeMemberStatus({"member002"}, MemberStatus::resigned);
    // Delete resigned members
    corp.deleteMember({"member002"});
    CHECK(memberIds(corp.getMembers()) == std::vector<MemberId>{"admin123", "member001", "member003"});
    CHECK(corp.verifyCorp().ok);
}

CORPS_ON_BOTH("allowJoin") {
    Page<TestType> page;
    auto& corp = page.organisation();
    auto const member = corp.join("newcomer", "secret", "New Comer");
    CHECK(corp.getMemberDepts(member.memberId).front().deptId == corp.getRootDept().deptId);
    CHECK(corp.getMemberRoles(member.memberId).empty());
    CHECK(corp.verifyPassword("newcomer", "secret").member.memberId == member.memberId);
}

}  // namespace integration_generic_page_test
