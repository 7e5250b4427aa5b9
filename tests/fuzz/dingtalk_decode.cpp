// What a DingTalk may send; see support/decode_fuzz.hpp. The first byte says what the rest is:
//   d       one department
//   u v     one user in the list of a department, or granted to the application alone
//   g       one group of roles
//   r a     one member of a role, one administrator
//   p P     the answers to a whole pull, without details or with them
#include "support/decode_fuzz.hpp"

#include <corps/client/dd_client.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using namespace corps;
using namespace corps::testsupport::fuzz;

namespace {

constexpr std::string_view kUsual = R"({"corpId":"ding1","agentId":1,"appKey":"k"})";
constexpr std::string_view kDetails = R"({"corpId":"ding1","agentId":1,"appKey":"k","detail":"full"})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view const rest(reinterpret_cast<char const*>(data + 1), size - 1);
    auto const one = [rest](std::string_view shape, ListingKind kind, std::string id = {}) {
        decodeOne<DDInnerClient>(kUsual, shape, Listing{kind, std::move(id)}, rest);
    };
    switch (data[0]) {
        case 'd': one("dingtalk.department", ListingKind::departments); break;
        case 'u': one("dingtalk.user", ListingKind::deptMembers, "20"); break;
        case 'v': one("dingtalk.user", ListingKind::visibleMembers); break;
        case 'g': one("dingtalk.role_group", ListingKind::roles); break;
        case 'r': one("dingtalk.role_member", ListingKind::roleMembers, "90"); break;
        case 'a': one("dingtalk.admin", ListingKind::admins); break;
        case 'p': pull<DDInnerClient>(kUsual, rest); break;
        case 'P': pull<DDInnerClient>(kDetails, rest); break;
        default: break;
    }
    return 0;
}
