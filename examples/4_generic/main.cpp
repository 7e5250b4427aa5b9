// Makes an organisation from nothing, with passwords and roles, and shows it. No platform, no credentials.
//
//     example_4_generic FILE
#include <corps/corps.hpp>
#include <corps/crypto/password.hpp>
#include <corps/storage/sqlite.hpp>

#include <algorithm>
#include <cstdio>

using Company = corps::NormalType<corps::SqliteStorage>;

namespace {

/** The first time only: the store keeps it. */
void found(Company& company) {
    corps::CorpDept const development = company.createDept("Development");
    corps::CorpDept const web = company.createDept("Web", development.deptId);
    corps::CorpRoleGroup const functions = company.createRoleGroup("Functions");
    corps::CorpRole const finance = company.createRole("Finance", functions.roleGroupId);

    // One call is one transaction: user, member, departments, roles and password, or nothing of them.
    corps::CorpMember const ann = company.addMember({.nick = "Ann",
                                                     .deptIdList = {development.deptId, web.deptId},
                                                     .roleIdList = {finance.roleId},
                                                     .phone = "+8613800000001",
                                                     .username = "ann",
                                                     .password = "correct horse"});
    corps::CorpMember const bo = company.addMember({.nick = "Bo", .deptIdList = {web.deptId}});

    company.setDeptLeaderByDept(development.deptId, {ann.memberId});
    company.setDeptLimit(finance.roleId, ann.memberId, {web.deptId});  // finance, of this department only
    company.updateUserInfo(bo.memberId, corps::MemberUpdate{.email = "bo@example.com"});
    company.setAdmin({ann.memberId});
}

void show(Company const& company) {
    for (corps::CorpDept const& dept : company.getDepts()) {
        std::printf("%*s%s:", static_cast<int>(2 * dept.path.size()), "", dept.name.c_str());
        for (corps::CorpMember const& m : company.getDeptMembers(dept.deptId))
            std::printf(" %s%s", m.name().c_str(),
                        std::ranges::count(dept.leaderIds, m.memberId) != 0 ? " (leads)" : "");
        std::printf("\n");
    }
    for (corps::CorpRole const& role : company.getRoles())
        std::printf("%s: %zu members\n", role.name.c_str(), company.getRoleMembers(role.roleId).size());
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s FILE\n", argv[0]);
        return 2;
    }
    Company company(corps::CorpConfig("corps.Company", "My Company"), corps::Context(),
                    corps::SqliteStorage(argv[1]));
    company.initCorp();  // the root department
    // What is changed through this handle stands under this name in the change feed.
    Company asSetup = company.as("setup");
    if (company.getMembers().empty()) found(asSetup);
    show(company);

    std::printf("signed in: %s\n", company.verifyPassword("ann", "correct horse").member.name().c_str());
    try {
        (void)company.verifyPassword("ann", "wrong");
    } catch (corps::Error const& e) {
        if (!e.is(corps::Errc::authRejected)) throw;
        std::printf("not signed in: %s\n", e.what());
    }
    return 0;
} catch (corps::Error const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
