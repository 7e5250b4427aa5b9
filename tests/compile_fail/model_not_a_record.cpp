// expect: corps: this is not a record: write CORPS_RECORD
#include <corps/model/record.hpp>

namespace user {
struct Note {
    corps::MemberId memberId{};
    std::string text{};
};
#ifndef CORPS_EXPECT_FAIL
CORPS_RECORD(Note, key(memberId), local(text))
#endif
}  // namespace user

user::Note read(std::span<corps::Cell const> row) { return corps::fromRow<user::Note>(row); }
