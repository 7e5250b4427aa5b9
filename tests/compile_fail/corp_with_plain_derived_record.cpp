// expect: corps: this record derives from another: write CORPS_EXTEND
// A wider member that was not described would silently lose its own fields.
#include <corps/corps.hpp>
#include <corps/crypto/password.hpp>

#include <string>

struct MyMember : corps::CorpMember {
    corps::Field<std::string> costCentre{};
};
#ifndef CORPS_EXPECT_FAIL
CORPS_EXTEND(MyMember, corps::CorpMember, upstream(costCentre))
#endif

struct MyRecords : corps::StandardRecords {
    using Member = MyMember;
};

void use(corps::NormalType<corps::MemoryStorage, MyRecords>& corp) { corp.initCorp(); }
