// expect: (could not convert|cannot convert|no viable conversion|no matching function|conversion from)
#include <corps/model/ids.hpp>

void resign(corps::MemberId id);

void caller() {
    corps::DeptId const dept = "42";
    resign("m1");
    resign(corps::MemberId(dept.view()));  // on purpose, through its text
#ifdef CORPS_EXPECT_FAIL
    resign(dept);
#endif
}
