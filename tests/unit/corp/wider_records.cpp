// A corp with more fields than the documented ones, in the same tables.
#include "toy.hpp"

#include <corps/corps.hpp>
#include <corps/crypto/password.hpp>
#include <corps/model/json.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>

namespace corp_wider_records_test {

namespace wider {

struct MyMember : corps::CorpMember {
    corps::Field<std::string> costCentre{};
};
CORPS_EXTEND(MyMember, corps::CorpMember, local(costCentre))

struct MyRecords : corps::StandardRecords {
    using Member = MyMember;
};

}  // namespace wider

using namespace corps;

TEST_CASE("corp: a wider member is read whole, beside a corp that knows the documented fields", "[corp]") {
    toy::World w;
    toy::Type<MemoryStorage, wider::MyRecords> mine(toy::config(), w.context, toy::wireTo(w.org), w.storage);
    mine.syncCorp();
    wider::MyMember const bob = mine.getMember("bob");
    CHECK(bob.nick == "Bob");
    CHECK_FALSE(bob.costCentre.known());
    CHECK(mine.getMembers().size() == 5);
    CHECK(mine.getLocalCorpData().userList.size() == 5);
    CHECK(w.corp.getMember("bob").nick == "Bob");
    CHECK(w.corp.syncCorp().members.updated == 0);
    mine.offlineMember({"bob"});
    CHECK(w.corp.getMember("bob").status == MemberStatus::resigned);
}

TEST_CASE("corp: a generic corp has what all corps have", "[corp]") {
    Context const context;
    MemoryStorage const storage;
    NormalType<MemoryStorage> corp(CorpConfig("corps.Default", "Default Organization Architecture"), context,
                                   storage);
    CHECK(corp.initCorp() == Done());
    CHECK(corp.getCorpInfo().at("type") == "corps.NormalType");
    CorpDept const root = corp.getRootDept();
    CHECK(root.name == "Default Organization Architecture");
    CHECK(corp.initCorp() == Done());
    CHECK(corp.getDepts().size() == 1);

    CorpDept const tech = corp.as("alice").createDept("Technology Department");
    CHECK(tech.parentId == root.deptId);
    CorpDept const front = corp.createDept("Frontend Group", tech.deptId);
    CHECK(front.path == std::vector<DeptId>{root.deptId, tech.deptId, front.deptId});
    CHECK_THROWS_AS(corp.createDept(""), Error);
    CHECK_THROWS_AS(corp.createDept("x", "nowhere"), Error);
    CHECK(corp.getDepts().size() == 3);

    CorpRoleGroup const group = corp.createRoleGroup("Positions");
    CorpRole const role = corp.createRole("Project Manager", group.roleGroupId);
    CHECK(corp.getRoles() == std::vector<CorpRole>{role});
    CHECK(corp.getAdmin().empty());
    CHECK(corp.getLocalCorpData().deptList.size() == 3);
    CHECK(corp.verifyCorp().ok);
    CHECK(corp.changesSince().size() == 5);
}

}  // namespace corp_wider_records_test
