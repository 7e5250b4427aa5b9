#include <corps/model/records.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <set>
#include <string>

namespace model_records_test {
namespace {

using namespace corps;

std::string describe(TableSchema const& t) {
    auto const typeName = [](ColumnType type) {
        switch (type) {
            case ColumnType::corp: return "corp";
            case ColumnType::integer: return "integer";
            case ColumnType::text: return "text";
            case ColumnType::blob: break;
        }
        return "blob";
    };
    auto const ownerName = [](Owner o) {
        switch (o) {
            case Owner::key: return "key";
            case Owner::upstream: return "upstream";
            case Owner::local: return "local";
            case Owner::computed: break;
        }
        return "computed";
    };
    std::string out = t.name + " key " + std::to_string(t.keyColumns) + "\n";
    for (ColumnSchema const& c : t.columns)
        out += "  " + c.name + " " + typeName(c.type) + " " + ownerName(c.owner) + "\n";
    for (IndexSchema const& i : t.indexes) {
        out += i.unique ? "  unique" : "  index";
        for (std::size_t const column : i.columns) out += " " + t.columns[column].name;
        out += "\n";
    }
    return out;
}

// What is stored, where. A change here is a change of every store there is.
constexpr char const* kTables = R"(CorpDept key 2
  corpFullName corp key
  deptId text key
  parentId text upstream
  name text upstream
  order integer upstream
  extendConf text local
  index corpFullName parentId
CorpDeptLeader key 4
  corpFullName corp key
  deptId text key
  memberId text key
  source integer key
  rank integer upstream
  index corpFullName memberId
CorpMember key 2
  corpFullName corp key
  memberId text key
  userId text local
  nick text upstream
  phone text upstream
  email text upstream
  photo text upstream
  gender integer upstream
  jobNumber text upstream
  position text upstream
  status integer upstream
  upstreamStatus text upstream
  hiredDate text upstream
  thirdUserId text upstream
  openId text upstream
  unionId text upstream
  extendConf text local
  localStatus integer local
  rolesLocal integer local
  signature text local
  index corpFullName userId
  index corpFullName phone
  index corpFullName email
  index corpFullName jobNumber
  index corpFullName nick
CorpDeptMember key 3
  corpFullName corp key
  deptId text key
  memberId text key
  order integer upstream
  isPrimary integer upstream
  index corpFullName memberId
CorpRoleGroup key 2
  corpFullName corp key
  roleGroupId text key
  name text upstream
  origin text local
CorpRole key 2
  corpFullName corp key
  roleId text key
  roleGroupId text upstream
  name text upstream
  origin text local
CorpRoleMember key 4
  corpFullName corp key
  roleId text key
  memberId text key
  origin text key
  index corpFullName memberId
CorpAdmin key 3
  corpFullName corp key
  memberId text key
  origin text key
CorpDeptLimit key 4
  corpFullName corp key
  roleId text key
  memberId text key
  deptId text key
  index corpFullName memberId
User key 1
  userId text key
  nick text local
  phone text local
  email text local
  photo text local
  createdBy text local
  createdAt integer local
  updatedAt integer local
ThirdAuth key 3
  platform text key
  thirdCorpId text key
  thirdUserId text key
  userId text local
  unionId text upstream
  profile text upstream
  index userId
  index platform unionId
PasswordAuth key 1
  userId text key
  username text local
  hash text local
  parameters text local
  failures integer local
  lastFailure integer local
  unique username
)";

TEST_CASE("model: the tables of the documented records", "[model]") {
    std::string out;
    for (TableSchema const* t : tablesOf<StandardRecords>().all()) out += describe(*t);
    CHECK(out == kTables);
}

TEST_CASE("model: tables and indexes have names of their own", "[model]") {
    std::set<std::string> names;
    std::size_t n = 0;
    for (TableSchema const* t : tablesOf<StandardRecords>().all()) {
        names.insert(t->name);
        ++n;
        for (IndexSchema const& i : t->indexes) {
            names.insert(i.name);
            ++n;
        }
    }
    CHECK(names.size() == n);
}

TEST_CASE("model: everything that upstream sends has its column", "[model]") {
    RecordTables const& tables = tablesOf<StandardRecords>();
    for (std::size_t i = 0; i < kUpstreamTables; ++i) {
        auto const t = static_cast<UpstreamTable>(i);
        TableSchema const& schema = tables.upstream(t);
        INFO(schema.name);
        auto const positions = upstreamPositions(t, tables);
        auto const columns = upstreamColumns(t);
        REQUIRE(positions.size() == columns.size());  // and no upstream-owned column beyond
        for (std::size_t c = 0; c < columns.size(); ++c) {
            REQUIRE(positions[c] < schema.columns.size());
            CHECK(schema.columns[positions[c]].name == columns[c]);
            CHECK(schema.columns[positions[c]].owner != Owner::local);
        }
        CHECK(schema.columns[kCorpColumn].type == ColumnType::corp);
    }
    CHECK(&tables.upstream(UpstreamTable::member) == tables.member);
    CHECK(&tables.upstream(UpstreamTable::admin) == tables.admin);
}

struct MyMember : CorpMember {
    Field<std::string> costCentre{};
    Field<std::string> badge{};
    Field<int> floor{};
};
CORPS_EXTEND(MyMember, CorpMember, upstream(costCentre), local(badge), upstream(floor))

struct MyDept : CorpDept {};  // not extended

struct MyRecords : StandardRecords {
    using Member = MyMember;
};
struct BadRecords : StandardRecords {
    using Dept = MyDept;
};

static_assert(RecordSet<StandardRecords> && RecordSet<MyRecords> && !RecordSet<BadRecords> &&
              !RecordSet<int>);

TEST_CASE("model: a set of records may hold a wider one", "[model]") {
    RecordTables const& tables = tablesOf<MyRecords>();
    CHECK(&tables == &tablesOf<MyRecords>());
    CHECK(tables.member == &schemaOf<MyMember>());
    CHECK(tables.dept == &schemaOf<CorpDept>());
    auto const positions = upstreamPositions(UpstreamTable::member, tables);
    std::size_t const standard = upstreamColumns(UpstreamTable::member).size();
    REQUIRE(positions.size() == standard + 2);
    CHECK(tables.member->columns[positions[standard]].name == "costCentre");
    CHECK(tables.member->columns[positions[standard + 1]].name == "floor");
}

}  // namespace

}  // namespace model_records_test
