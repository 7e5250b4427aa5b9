#include <corps/error/error.hpp>
#include <corps/sync/plan.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace sync_plan_test {

using namespace corps;

namespace {

SyncPlan samplePlan() {
    SyncPlan plan;
    plan.corp = "corps.Demo";
    plan.generation = 7;
    plan.complete = false;
    plan.scopeChanged = true;
    RowChange member;
    member.table = "CorpMember";
    member.kind = ChangeKind::update;
    member.key = {OwnedCell(Cell::text("m\"1\\ü\n"))};
    CellChange nick;
    nick.column = "nick";
    nick.before = Cell::text("");
    nick.after = Cell::text("张三");
    CellChange gender;
    gender.column = "gender";
    gender.after = Cell::integer(-9223372036854775807LL - 1);
    CellChange blob;
    blob.column = "raw";
    blob.before = Cell::blob(std::string_view("\0\xff\x10", 3));
    member.cells = {nick, gender, blob};
    plan.changes.push_back(member);
    RowChange leader;
    leader.table = "CorpDeptLeader";
    leader.kind = ChangeKind::erase;
    leader.key = {OwnedCell(Cell::text("d")), OwnedCell(Cell::text("m")), OwnedCell(Cell::integer(2))};
    plan.changes.push_back(leader);
    Hold hold;
    hold.reason = HoldReason::wholeDepartment;
    hold.where = "d1";
    hold.memberIds = {"a", "b"};
    hold.deptIds = {"d1"};
    hold.total = 2;
    hold.since = 1767225600000;
    plan.holds.push_back(hold);
    plan.digest.bytes[3] = 0xab;
    plan.outOfScope = {"x"};
    SyncFault fault;
    fault.place = "members of department d1, page 2";
    fault.code = make_error_code(Errc::rateLimited);
    fault.message = "too fast";
    fault.upstreamCode = 99991400;
    fault.requestId = "L1";
    plan.faults = {fault, SyncFault{"a page", make_error_code(Errc::protocol), "no JSON", {}, {}}};
    plan.warnings = {"a warning"};
    plan.missingPermissions = {"contact:user.phone:readonly"};
    plan.stats.units = 12;
    return plan;
}

Error failure(std::string_view json) {
    try {
        static_cast<void>(SyncPlan::fromJson(json));
    } catch (Error const& e) {
        return e;
    }
    FAIL("accepted: " << json);
    return Error(Errc::config, "unreachable");
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
    std::size_t const at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), by);
}

}  // namespace

TEST_CASE("sync plan: through JSON and back", "[sync]") {
    SyncPlan const plan = samplePlan();
    std::string const text = plan.toJson();
    SyncPlan const back = SyncPlan::fromJson(text);
    CHECK(back.changes == plan.changes);
    CHECK(back.holds == plan.holds);
    CHECK(back.corp == plan.corp);
    CHECK(back.generation == 7);
    CHECK_FALSE(back.complete);
    CHECK(back.scopeChanged);
    CHECK(back.digest == plan.digest);
    CHECK(back.outOfScope == plan.outOfScope);
    REQUIRE(back.faults.size() == 2);
    CHECK(back.faults[0].place == plan.faults[0].place);
    CHECK(back.faults[0].code == Errc::rateLimited);
    CHECK(back.faults[0].upstreamCode == 99991400);
    CHECK(back.faults[0].requestId == "L1");
    CHECK(back.faults[1].code == Errc::protocol);
    CHECK_FALSE(back.faults[1].upstreamCode);
    CHECK(back.warnings == plan.warnings);
    CHECK(back.missingPermissions == plan.missingPermissions);
    CHECK(back.stats.units == 12);
    CHECK(back.runs == nullptr);
    CHECK(back.toJson() == text);
}

TEST_CASE("sync plan: bad JSON is refused where it is bad", "[sync]") {
    std::string const good = samplePlan().toJson();
    auto place = [](std::string_view json) {
        Error const e = failure(json);
        CHECK(e.is(Errc::invalidArgument));
        return e.diagnostics().place;
    };
    CHECK(place("") == "document");
    CHECK(place("[1]") == "document");
    CHECK(place(good.substr(0, good.size() / 2)) == "document");
    CHECK(place("{}") == "plan.version");
    CHECK(place(replaced(good, "\"version\":1", "\"version\":2")) == "plan.version");
    CHECK(place(replaced(good, "\"generation\":7", "\"generation\":\"7\"")) == "plan.generation");
    CHECK(place(replaced(good, "\"kind\":\"update\"", "\"kind\":\"drop\"")) == "plan.changes[0].kind");
    CHECK(place(replaced(good, "\"nick\":[\"\",", "\"nick\":[")) == "plan.changes[0].cells.nick");
    CHECK(place(replaced(good, "\"reason\":\"wholeDepartment\"", "\"reason\":\"because\"")) ==
          "plan.holds[0].reason");
    CHECK(place(replaced(good, "\"outOfScope\":[\"x\"]", "\"outOfScope\":[1]")) == "plan.outOfScope");
    CHECK(place(replaced(good, "\"error\":\"rate limited\"", "\"error\":\"?\"")) == "plan.faults[0].error");
    CHECK(place(replaced(good, "\"total\":2", "\"total\":-2")) == "plan.holds[0].total");
    CHECK(place(replaced(good, "\"units\":12", "\"units\":-1")) == "plan.stats.units");
    CHECK(place(replaced(good, "00ff10", "00ff1")) == "plan.changes[0].cells.raw");
    CHECK(place(replaced(good, "00ff10", "00ffzz")) == "plan.changes[0].cells.raw");
    // Whatever is cut off, it is refused and nothing worse.
    for (std::size_t n = 0; n < good.size(); n += 7)
        CHECK(failure(good.substr(0, n)).is(Errc::invalidArgument));
}

TEST_CASE("sync plan: personal values are printed when asked for only", "[sync]") {
    SyncPlan const plan = samplePlan();
    CHECK(plan.toText().find("nick") != std::string::npos);
    CHECK(plan.toText().find("张三") == std::string::npos);
    CHECK(plan.toText(true).find("张三") != std::string::npos);
    CHECK(plan.toText().find(plan.digest.str()) != std::string::npos);
}

TEST_CASE("sync plan: digests are 32 hex digits", "[sync]") {
    RemovalDigest d;
    CHECK(d.empty());
    d.bytes[0] = 1;
    d.bytes[15] = 0xfe;
    CHECK(d.str().size() == 32);
    CHECK(RemovalDigest::parse(d.str()) == d);
    CHECK_FALSE(RemovalDigest::parse(""));
    CHECK_FALSE(RemovalDigest::parse(d.str() + "0"));
    CHECK_FALSE(RemovalDigest::parse("zz" + d.str().substr(2)));
}

TEST_CASE("sync plan: changes can be put in another order without being unpacked", "[sync]") {
    ChangeList list = samplePlan().changes;
    RowChange const a = list[0];
    RowChange const b = list[1];
    list.reorder({1, 0});
    CHECK(list[0] == b);
    CHECK(list[1] == a);
    CHECK(list.table(0) == "CorpDeptLeader");
    CHECK(list.kind(0) == ChangeKind::erase);
    std::vector<Cell> key;
    std::vector<std::string_view> columns;
    std::vector<Cell> before;
    std::vector<Cell> after;
    list.visit(1, key, columns, before, after);
    REQUIRE(columns.size() == 3);
    CHECK(columns[0] == "nick");
    CHECK(after[0].bytes() == "张三");
    CHECK(before[1].isNull());
}

}  // namespace sync_plan_test
