// Any bytes as a plan in JSON: refused with Error; or read, and what is written reads back as the same. Then
// it is applied, as if it were of this corp and up to date, to a store with a few people in it: refused with
// Error and nothing changed, or applied, and everything can still be read, verified and synced.
#include <corps/error/error.hpp>
#include <corps/model/corp_data.hpp>
#include <corps/storage/memory.hpp>
#include <corps/sync/plan.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/testing/scripted_transport.hpp>
#include <corps/types.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

namespace {

using namespace corps;
using Feishu = FSInnerType<testing::ScriptedTransport, MemoryStorage>;

void require(bool fine, char const* what) {
    if (fine) return;
    std::fputs(what, stderr);
    std::fputc('\n', stderr);
    std::abort();
}

constexpr std::string_view kOrganisation = R"({
  "deptList": [{"deptId": "0", "parentId": "", "name": "Acme", "order": 0},
               {"deptId": "d1", "parentId": "0", "name": "A", "order": 1, "leaderIds": ["m1"]},
               {"deptId": "d2", "parentId": "d1", "name": "B", "order": 2}],
  "userList": [{"memberId": "m1", "nick": "N1", "unionId": "u1", "status": 1, "departments": [{"deptId": "d1"}]},
               {"memberId": "m2", "nick": "N2", "phone": "+8613000000002", "status": 1, "gender": 1,
                "departments": [{"deptId": "d1"}, {"deptId": "d2", "order": 3, "isPrimary": true}]}],
  "roleList": [{"roleId": "r1", "name": "R"}],
  "roleMemberSet": [{"roleId": "r1", "memberId": "m2"}], "adminIds": ["m1"]})";

Context quietContext() {
    ContextOptions options;
    options.clock = std::make_shared<testing::ManualClock>();
    options.random = [] { return std::uint64_t{0}; };
    return Context(options);
}

std::string everything(Feishu& corp) {
    std::ostringstream out;
    writeJson(corp.getLocalCorpData(), out);
    for (CorpDept const& dept : corp.getDepts()) {
        out << dept.deptId.view() << dept.path.size();
        for (CorpMember const& m : corp.getDeptMembers(dept.deptId, true)) out << m.memberId.view();
    }
    for (CorpMember const& m : corp.getMembers()) {
        out << m.memberId.view() << static_cast<int>(m.status);
        out << corp.getMemberDepts(m.memberId).size() << corp.getMemberRoles(m.memberId).size();
    }
    for (MemberId const& id : corp.getAdmin()) out << id.view();
    for (FeedEntry const& e : corp.changesSince()) out << e.change.table << e.cursor;
    return out.str();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    SyncPlan plan;
    try {
        plan = SyncPlan::fromJson({reinterpret_cast<char const*>(data), size});
    } catch (Error const& e) {
        require(e.is(Errc::invalidArgument), "another error than documented");
        return 0;
    }
    std::string const text = plan.toJson();
    try {
        require(SyncPlan::fromJson(text).toJson() == text, "what was written reads back as something else");
    } catch (Error const& e) {
        require(false, e.what());
    }
    static_cast<void>(plan.toText(true));

    static CorpData const organisation = parseCorpData(kOrganisation);
    Feishu corp(CorpConfig("corps.Demo", "Demo", {{"appId", "a"}, {"appSecret", "b"}}), quietContext(),
                testing::ScriptedTransport(), MemoryStorage());
    corp.applyPlan(corp.planSync(organisation));
    std::string const before = everything(corp);
    require(corp.verifyCorp().ok, "the organisation that plans are applied to is wrong");

    plan.corp = "corps.Demo";
    plan.generation = corp.planSync(organisation).generation;
    bool applied = true;
    try {
        SyncReport const report = corp.applyPlan(plan);
        static_cast<void>(report.toText());
        static_cast<void>(report.toJson());
    } catch (Error const&) {
        applied = false;
    }
    try {
        std::string const after = everything(corp);
        require(applied || after == before, "what was refused left something behind");
        static_cast<void>(corp.verifyCorp());
        corp.applyPlan(corp.planSync(organisation));
        static_cast<void>(everything(corp));
    } catch (Error const& e) {
        require(false, e.what());
    }
    return 0;
}
