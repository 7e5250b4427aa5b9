// expect: corps: CORPS_EXTEND cannot add to the key
#include <corps/model/records.hpp>

namespace user {
struct MyRole : corps::CorpRole {
    std::string region{};
};
#ifdef CORPS_EXPECT_FAIL
CORPS_EXTEND(MyRole, corps::CorpRole, key(region))
#else
CORPS_EXTEND(MyRole, corps::CorpRole, local(region))
#endif
}  // namespace user

corps::TableSchema const& table() { return corps::schemaOf<user::MyRole>(); }
