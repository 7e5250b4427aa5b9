#include <corps/error/error.hpp>
#include <corps/model/record.hpp>
#include <corps/model/records.hpp>

#include <boost/hana/equal.hpp>
#include <boost/hana/keys.hpp>
#include <boost/hana/length.hpp>
#include <boost/hana/members.hpp>
#include <catch2/catch_test_macros.hpp>

#include <array>
#include <limits>
#include <random>
#include <thread>

namespace model_record_test {
namespace {

using namespace corps;

enum class Colour : short { red = -1, green = 300 };

/** One field of every kind that can be stored. */
struct Everything {
    std::string second{};
    MemberId first{};
    bool flag = false;
    int small = 0;
    std::int64_t big = 0;
    Colour colour = Colour::red;
    JsonText json{};
    Field<std::string> text{};
    Field<bool> maybeFlag{};
    Field<int> maybeSmall{};
    Field<std::int64_t> maybeBig{};
    Field<Colour> maybeColour{};
    Field<Date> date{};
    Field<JsonText> maybeJson{};
    Field<DeptId> dept{};
    std::vector<DeptId> computedIds{};
    Field<bool> computedFlag{};
    friend bool operator==(Everything const&, Everything const&) = default;
};
CORPS_RECORD(Everything, table(all_kinds), key(second), local(flag, small), key(first),
             upstream(big, colour, json, text, maybeFlag, maybeSmall, maybeBig, maybeColour, date, maybeJson,
                      dept),
             computed(computedIds, computedFlag), unique(small, dept), index(first))

struct Shared {
    std::string name{};
    int n = 0;
};
CORPS_RECORD(Shared, shared(), key(name), local(n), unique(n))

struct WithCorp {
    std::string id{};
    std::string corpFullName{};
};
CORPS_RECORD(WithCorp, key(id), corp(corpFullName), index(corpFullName, id))

struct Wide : CorpMember {
    Field<std::string> costCentre{};
    Field<int> desk{};
    friend bool operator==(Wide const&, Wide const&) = default;
};
CORPS_EXTEND(Wide, CorpMember, upstream(costCentre), local(desk), index(costCentre))

struct Wider : Wide {
    Field<Date> born{};
};
CORPS_EXTEND(Wider, Wide, upstream(born))

struct Renamed : CorpMember {};
CORPS_EXTEND(Renamed, CorpMember)

struct Lost : CorpMember {
    int lost = 0;
};

static_assert(Record<CorpMember> && Record<Wide> && Record<Wider> && Record<Renamed>);
static_assert(!Record<Lost> && !Record<int>);
static_assert(!boost::hana::Struct<Lost>::value, "a derived record must not pass for its base");
static_assert(boost::hana::Struct<Wide>::value);

std::string names(TableSchema const& t) {
    std::string out;
    for (ColumnSchema const& c : t.columns) out += c.name + " ";
    return out;
}

TEST_CASE("model: the corp comes first, then the key as listed, then the rest as listed", "[model]") {
    TableSchema const& t = schemaOf<Everything>();
    CHECK(t.name == "all_kinds");
    CHECK(t.keyColumns == 3);
    CHECK(names(t) ==
          "corpFullName second first flag small big colour json text maybeFlag maybeSmall maybeBig "
          "maybeColour date maybeJson dept ");
    CHECK(t.columns[0].type == ColumnType::corp);
    CHECK(t.columns[0].owner == Owner::key);
    CHECK(t.columns[2].owner == Owner::key);
    CHECK(t.columns[3].owner == Owner::local);
    CHECK(t.columns[5].owner == Owner::upstream);
    CHECK(t.columns[6].type == ColumnType::integer);
    CHECK(t.columns[13].type == ColumnType::text);
    REQUIRE(t.indexes.size() == 2);
    CHECK(t.indexes[0].name == "all_kinds_small_dept");
    CHECK(t.indexes[0].unique);
    CHECK(t.indexes[0].columns == std::vector<std::size_t>{0, 4, 15});
    CHECK(t.indexes[1].columns == std::vector<std::size_t>{0, 2});
    CHECK_FALSE(t.indexes[1].unique);
    static_assert(columnCount<Everything>() == 16);
}

TEST_CASE("model: a shared record has no corp column", "[model]") {
    TableSchema const& t = schemaOf<Shared>();
    CHECK(t.name == "Shared");
    CHECK(names(t) == "name n ");
    CHECK(t.keyColumns == 1);
    CHECK(t.indexes.at(0).columns == std::vector<std::size_t>{1});
    CHECK(t.indexes.at(0).unique);
}

TEST_CASE("model: a field may show the corp column, wherever it stands", "[model]") {
    TableSchema const& t = schemaOf<WithCorp>();
    CHECK(names(t) == "corpFullName id ");
    CHECK(t.indexes.at(0).columns == std::vector<std::size_t>{0, 1});
    WithCorp r{"1", "corps.A"};
    std::array<Cell, 2> cells;
    toCells(r, cells);
    CHECK(cells[0] == Cell::text("corps.A"));
    CHECK(cells[1] == Cell::text("1"));
    toCells(r, "corps.B", cells);
    CHECK(cells[0] == Cell::text("corps.B"));
    CHECK(fromRow<WithCorp>(cells).corpFullName == "corps.B");
}

TEST_CASE("model: a schema is one object", "[model]") {
    TableSchema const* const one = &schemaOf<Everything>();
    TableSchema const* other = nullptr;
    std::thread([&other] { other = &schemaOf<Everything>(); }).join();
    CHECK(one == other);
    CHECK(&schemaOf<Wide>() != &schemaOf<CorpMember>());
}

TEST_CASE("model: records are Hana structs", "[model]") {
    CorpAdmin admin{"m1", "local"};
    auto const members = boost::hana::members(admin);
    static_assert(decltype(boost::hana::length(members))::value == 2);
    auto const keys = boost::hana::keys(admin);
    CHECK(std::string(boost::hana::to<char const*>(keys[boost::hana::size_c<0>])) == "memberId");
    CHECK(members[boost::hana::size_c<1>] == "local");
    std::size_t n = 0;
    boost::hana::for_each(boost::hana::accessors<Wide>(), [&n](auto const&) { ++n; });
    CHECK(n == fieldsOf<CorpMember>().size() + 2);
}

TEST_CASE("model: fields as data, in declared order", "[model]") {
    auto const fields = fieldsOf<CorpDept>();
    std::string out;
    for (FieldInfo const& f : fields) out += std::string(f.name) + (f.mayBeUnknown ? "? " : " ");
    CHECK(out == "deptId parentId name order? corpFullName extendConf? leaderIds path ");
    CHECK(fields[4].use == FieldUse::corp);
    CHECK(fields[6].owner == Owner::computed);
}

TEST_CASE("model: a row gives its record back, unknown and empty apart", "[model]") {
    Everything e;
    e.second = "s";
    e.first = "m1";
    e.text = "";
    e.maybeFlag = false;
    e.maybeBig = std::numeric_limits<std::int64_t>::min();
    e.dept = "";
    e.computedIds = {"1"};
    e.computedFlag = true;
    std::array<Cell, columnCount<Everything>()> cells;
    toCells(e, "corps.A", cells);
    CHECK(cells[0] == Cell::text("corps.A"));
    CHECK(cells[1] == Cell::text("s"));
    CHECK(cells[1].bytes().data() == e.second.data());  // a view, not a copy
    CHECK(cells[6] == Cell::integer(-1));
    CHECK(cells[8] == Cell::text(""));
    CHECK(cells[9] == Cell::integer(0));
    CHECK(cells[10].isNull());
    CHECK(cells[13].isNull());
    CHECK(cells[15] == Cell::text(""));
    Everything back = fromRow<Everything>(cells);
    CHECK(back.computedIds.empty());
    CHECK_FALSE(back.computedFlag.known());
    e.computedIds.clear();
    e.computedFlag = kUnknown;
    CHECK(back == e);
    CHECK_FALSE(back.maybeSmall.known());
    CHECK(back.text.known());

    toCells(e, cells);
    CHECK(cells[0].isNull());  // for the caller to fill
}

TEST_CASE("model: null reads as the type's own empty value where a field cannot be unknown", "[model]") {
    std::array<Cell, columnCount<Everything>()> cells;
    Everything const e = fromRow<Everything>(cells);
    CHECK(e.second.empty());
    CHECK_FALSE(e.flag);
    CHECK(e.colour == Colour{});
    CHECK(e.json == JsonText());
    CHECK_FALSE(e.text.known());
}

TEST_CASE("model: a stored value of another type is an error that names the column", "[model]") {
    struct Case {
        std::size_t column;
        Cell cell;
        char const* place;
    };
    for (Case const& c :
         {Case{4, Cell::text("7"), "all_kinds.small"}, Case{1, Cell::integer(7), "all_kinds.second"},
          Case{3, Cell::integer(2), "all_kinds.flag"}, Case{3, Cell::integer(-1), "all_kinds.flag"},
          Case{4, Cell::integer(1LL << 40), "all_kinds.small"},
          Case{11, Cell::blob("x"), "all_kinds.maybeBig"},
          Case{12, Cell::integer(40000), "all_kinds.maybeColour"},
          Case{13, Cell::text("2021-02-29"), "all_kinds.date"}}) {
        std::array<Cell, columnCount<Everything>()> cells;
        cells[c.column] = c.cell;
        try {
            (void)fromRow<Everything>(cells);
            FAIL("no error for " << c.place);
        } catch (Error const& e) {
            CHECK(e.is(Errc::storage));
            CHECK(e.diagnostics().place == c.place);
        }
    }
    std::array<Cell, columnCount<Everything>() - 1> shorter;
    CHECK_THROWS_AS(fromRow<Everything>(shorter), Error);
}

TEST_CASE("model: random records survive their row", "[model]") {
    for (unsigned seed = 1; seed <= 300; ++seed) {
        INFO("seed " << seed);
        std::mt19937_64 random(seed);
        auto const coin = [&random] { return random() % 2 == 0; };
        auto const word = [&random] {
            return std::string(random() % 40, static_cast<char>('a' + random() % 26));
        };
        Everything e;
        e.second = word();
        e.first = word();
        e.flag = coin();
        e.small = static_cast<int>(random());
        e.big = static_cast<std::int64_t>(random());
        if (coin()) e.colour = Colour::green;
        if (coin()) e.text = word();
        if (coin()) e.maybeFlag = coin();
        if (coin()) e.maybeSmall = static_cast<int>(random());
        if (coin()) e.maybeBig = static_cast<std::int64_t>(random());
        if (coin()) e.maybeColour = Colour::green;
        if (coin()) e.date = "1999-12-31";
        if (coin()) e.maybeJson = "[1]";
        if (coin()) e.dept = word();
        std::array<Cell, columnCount<Everything>()> cells;
        toCells(e, "corps.A", cells);
        CHECK(fromRow<Everything>(cells) == e);
    }
}

TEST_CASE("model: a wider record shares its base's table and adds columns at the end", "[model]") {
    TableSchema const& base = schemaOf<CorpMember>();
    TableSchema const& wide = schemaOf<Wide>();
    CHECK(wide.name == "CorpMember");
    CHECK(wide.keyColumns == base.keyColumns);
    REQUIRE(wide.columns.size() == base.columns.size() + 2);
    for (std::size_t i = 0; i < base.columns.size(); ++i) CHECK(wide.columns[i].name == base.columns[i].name);
    CHECK(wide.columns[base.columns.size()].name == "costCentre");
    CHECK(wide.columns[base.columns.size()].owner == Owner::upstream);
    CHECK(wide.columns.back().owner == Owner::local);
    CHECK(wide.indexes.size() == base.indexes.size() + 1);
    CHECK(wide.indexes.back().name == "CorpMember_costCentre");
    CHECK(schemaOf<Wider>().columns.back().name == "born");
    CHECK(schemaOf<Wider>().name == "CorpMember");
    CHECK(schemaOf<Renamed>().columns.size() == base.columns.size());

    Wide w;
    w.memberId = "m1";
    w.nick = "n";
    w.costCentre = "42";
    std::array<Cell, columnCount<Wide>()> cells;
    toCells(w, "corps.A", cells);
    w.corpFullName = "corps.A";
    CHECK(fromRow<Wide>(cells) == w);
    CHECK(fromRow<CorpMember>(cells) == static_cast<CorpMember const&>(w));  // the base reads a wider row
}

}  // namespace

}  // namespace model_record_test
