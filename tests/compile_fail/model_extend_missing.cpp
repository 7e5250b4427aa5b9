// expect: corps: this record derives from another: write CORPS_EXTEND
#include <corps/model/records.hpp>

namespace user {
struct MyMember : corps::CorpMember {
    corps::Field<std::string> costCentre{};
};
#ifndef CORPS_EXPECT_FAIL
CORPS_EXTEND(MyMember, corps::CorpMember, upstream(costCentre))
#endif
}  // namespace user

corps::TableSchema const& table() { return corps::schemaOf<user::MyMember>(); }
