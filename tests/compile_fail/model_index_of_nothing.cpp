// expect: corps: index.* name stored fields of the record
#include <corps/model/record.hpp>

namespace user {
struct Note {
    corps::MemberId memberId{};
    std::string title{};
};
#ifdef CORPS_EXPECT_FAIL
CORPS_RECORD(Note, key(memberId), local(title), index(titel))
#else
CORPS_RECORD(Note, key(memberId), local(title), index(title))
#endif
}  // namespace user

corps::TableSchema const& table() { return corps::schemaOf<user::Note>(); }
