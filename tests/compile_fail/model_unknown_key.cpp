// expect: corps: a key is never unknown
#include <corps/model/record.hpp>

namespace user {
struct Note {
    corps::MemberId memberId{};
    corps::Field<int> number{};
};
#ifdef CORPS_EXPECT_FAIL
CORPS_RECORD(Note, key(memberId, number))
#else
CORPS_RECORD(Note, key(memberId), local(number))
#endif
}  // namespace user

corps::TableSchema const& table() { return corps::schemaOf<user::Note>(); }
