// expect: corps: this record derives from another: write CORPS_EXTEND
#include <corps/model/records.hpp>

namespace user {
struct MyMember : corps::CorpMember {
    corps::Field<std::string> costCentre{};
};
struct Records : corps::StandardRecords {
#ifdef CORPS_EXPECT_FAIL
    using Member = MyMember;
#endif
};
}  // namespace user

corps::RecordTables const& tables() { return corps::tablesOf<user::Records>(); }
