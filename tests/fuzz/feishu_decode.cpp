// What a Feishu may send; see support/decode_fuzz.hpp. The first byte says what the rest is:
//   d D     one department, named by open_department_id or by department_id
//   o u n   one user in the list of a department, named by open_id, user_id or union_id
//   v       one user in the list of people granted to the application one by one
//   r       one member of a role
//   p P     the answers to a whole pull with the usual ids or the others
#include "support/decode_fuzz.hpp"

#include <corps/client/fs_client.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using namespace corps;
using namespace corps::testsupport::fuzz;

namespace {

constexpr std::string_view kUsualIds =
    R"({"appId":"a","roles":[{"roleId":"r1","name":"R"},{"roleId":"r2"}]})";
constexpr std::string_view kOtherIds =
    R"({"appId":"a","userIdType":"user_id","departmentIdType":"department_id"})";
constexpr std::string_view kUnionIds = R"({"appId":"a","userIdType":"union_id"})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view const rest(reinterpret_cast<char const*>(data + 1), size - 1);
    Listing const tree{ListingKind::departments, std::string()};
    Listing const dept{ListingKind::deptMembers, "od-1"};
    Listing const visible{ListingKind::visibleMembers, std::string()};
    Listing const role{ListingKind::roleMembers, "r1"};
    switch (data[0]) {
        case 'd': decodeOne<FSInnerClient>(kUsualIds, "feishu.department", tree, rest); break;
        case 'D': decodeOne<FSInnerClient>(kOtherIds, "feishu.department.custom", tree, rest); break;
        case 'o': decodeOne<FSInnerClient>(kUsualIds, "feishu.user.open_id", dept, rest); break;
        case 'u': decodeOne<FSInnerClient>(kOtherIds, "feishu.user.user_id", dept, rest); break;
        case 'n': decodeOne<FSInnerClient>(kUnionIds, "feishu.user.union_id", dept, rest); break;
        case 'v': decodeOne<FSInnerClient>(kUsualIds, "feishu.user.open_id", visible, rest); break;
        case 'r': decodeOne<FSInnerClient>(kUsualIds, "feishu.role_member", role, rest); break;
        case 'p': pull<FSInnerClient>(kUsualIds, rest); break;
        case 'P': pull<FSInnerClient>(kOtherIds, rest); break;
        default: break;
    }
    return 0;
}
