// What a WeCom may send; see support/decode_fuzz.hpp. The first byte says what the rest is:
//   d s     one department, with its name or its id alone
//   u b v   one user in the list of a department, of it and all below, or granted to the application alone
//   t m     one tag, one member of a tag
//   p       the answers to a whole pull
#include "support/decode_fuzz.hpp"

#include <corps/client/qywx_client.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using namespace corps;
using namespace corps::testsupport::fuzz;

namespace {

constexpr std::string_view kUsual = R"({"corpId":"ww1","agentId":1})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view const rest(reinterpret_cast<char const*>(data + 1), size - 1);
    auto const one = [rest](std::string_view shape, ListingKind kind, std::string id = {}) {
        decodeOne<QywxInnerClient>(kUsual, shape, Listing{kind, std::move(id)}, rest);
    };
    switch (data[0]) {
        case 'd': one("wecom.department", ListingKind::departments); break;
        case 's': one("wecom.department_id", ListingKind::departments); break;
        case 'u': one("wecom.user", ListingKind::deptMembers, "2"); break;
        case 'b': one("wecom.user", ListingKind::subtreeMembers, "2"); break;
        case 'v': one("wecom.user", ListingKind::visibleMembers); break;
        case 't': one("wecom.tag", ListingKind::roles); break;
        case 'm': one("wecom.tag_member", ListingKind::roleMembers, "7"); break;
        case 'p': pull<QywxInnerClient>(kUsual, rest); break;
        default: break;
    }
    return 0;
}
