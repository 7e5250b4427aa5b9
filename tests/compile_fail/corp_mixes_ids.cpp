// expect: (cannot convert|no viable conversion)
// A department's id where a member's is expected.
#include <corps/corps.hpp>
#include <corps/crypto/password.hpp>

void use(corps::NormalType<corps::MemoryStorage>& corp, corps::DeptId const& dept,
         corps::MemberId const& member) {
#ifdef CORPS_EXPECT_FAIL
    static_cast<void>(member);
    static_cast<void>(corp.getMember(dept));
#else
    static_cast<void>(corp.getDept(dept));
    static_cast<void>(corp.getMember(member));
#endif
}
