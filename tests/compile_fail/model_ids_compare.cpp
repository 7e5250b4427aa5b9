// expect: no match for|invalid operands
#include <corps/model/ids.hpp>

bool same(corps::DeptId const& dept, corps::MemberId const& member) {
#ifdef CORPS_EXPECT_FAIL
    return dept == member;
#else
    return dept.view() == member.view();
#endif
}
