// expect: EditedHere
// A mirrored corp is not edited: the platform is where departments and people are made, and who signs in.
#include <corps/corps.hpp>
#include <corps/crypto/password.hpp>
#include <corps/testing/scripted_transport.hpp>

#include <vector>

using Feishu = corps::FSInnerType<corps::testing::ScriptedTransport, corps::MemoryStorage>;
using Normal = corps::NormalType<corps::MemoryStorage>;
using Members = std::vector<corps::MemberId>;

template <class Corp>
concept CanAddMember = requires(Corp corp, corps::NewMember m) { corp.addMember(m); };
template <class Corp>
concept CanAddMembers = requires(Corp corp, std::vector<corps::NewMember> m) { corp.addMembers(m); };
template <class Corp>
concept CanUpdateUserInfo = requires(Corp corp, corps::MemberUpdate u) { corp.updateUserInfo("a", u); };
template <class Corp>
concept CanChangeStatus = requires(Corp corp, Members m) { corp.changeMemberStatus(m, 2); };
template <class Corp>
concept CanDeleteMember = requires(Corp corp, Members m) { corp.deleteMember(m); };
template <class Corp>
concept CanCreateDept = requires(Corp corp) { corp.createDept("Sales"); };
template <class Corp>
concept CanUpdateDept = requires(Corp corp) { corp.updateDept("a", "Sales"); };
template <class Corp>
concept CanDeleteDept = requires(Corp corp) { corp.deleteDept("a"); };
template <class Corp>
concept CanSetLeaders = requires(Corp corp, Members m) { corp.setDeptLeaderByDept("a", m); };
template <class Corp>
concept CanAddDeptMember = requires(Corp corp, Members m) { corp.addDeptMember("a", m); };
template <class Corp>
concept CanDeleteDeptMember = requires(Corp corp, Members m) { corp.deleteDeptMember("a", m); };
template <class Corp>
concept CanBeJoined = requires(Corp corp) { corp.join("a", "b", "c"); };
template <class Corp>
concept CanVerifyPassword = requires(Corp corp) { corp.verifyPassword("a", "b"); };
template <class Corp>
concept CanSetPassword = requires(Corp corp) { corp.setPassword("a", "b"); };
template <class Corp>
concept CanImport = requires(Corp corp, corps::CorpData d) { corp.importCorpData(d); };

template <class Corp>
constexpr int kEdits =
    CanAddMember<Corp> + CanAddMembers<Corp> + CanUpdateUserInfo<Corp> + CanChangeStatus<Corp> +
    CanDeleteMember<Corp> + CanCreateDept<Corp> + CanUpdateDept<Corp> + CanDeleteDept<Corp> +
    CanSetLeaders<Corp> + CanAddDeptMember<Corp> + CanDeleteDeptMember<Corp> + CanBeJoined<Corp> +
    CanVerifyPassword<Corp> + CanSetPassword<Corp> + CanImport<Corp>;
static_assert(kEdits<Feishu> == 0);
static_assert(kEdits<Normal> == 15);

void use(Feishu& corp) {
#ifdef CORPS_EXPECT_FAIL
    corp.createDept("Sales");
#else
    corp.syncCorp();
#endif
}
