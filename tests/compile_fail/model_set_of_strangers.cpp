// expect: corps: a set of records needs, in this place, the documented record
#include <corps/model/records.hpp>

namespace user {
struct Person {
    corps::MemberId memberId{};
};
CORPS_RECORD(Person, key(memberId))
struct Records : corps::StandardRecords {
#ifdef CORPS_EXPECT_FAIL
    using Member = Person;
#endif
};
}  // namespace user

corps::RecordTables const& tables() { return corps::tablesOf<user::Records>(); }
