// expect: corps: a stored field is an id, std::string, an integer
#include <corps/model/record.hpp>

namespace user {
struct Note {
    corps::MemberId memberId{};
    std::vector<std::string> lines{};
};
#ifdef CORPS_EXPECT_FAIL
CORPS_RECORD(Note, key(memberId), local(lines))
#else
CORPS_RECORD(Note, key(memberId), computed(lines))
#endif
}  // namespace user

corps::TableSchema const& table() { return corps::schemaOf<user::Note>(); }
