#include <corps/model/date.hpp>
#include <corps/model/field.hpp>
#include <corps/model/ids.hpp>

#include <catch2/catch_test_macros.hpp>

#include <concepts>
#include <cstdint>
#include <sstream>
#include <string>

namespace model_field_test {
namespace {

using namespace corps;

static_assert(!std::constructible_from<Field<MemberId>, DeptId>);
static_assert(!std::constructible_from<Field<MemberId>, Field<DeptId>>);

TEST_CASE("model: unknown is not empty", "[model]") {
    Field<std::string> f;
    CHECK_FALSE(f.known());
    CHECK(f == kUnknown);
    CHECK(f.valueOr("?") == "?");
    f = "";
    CHECK(f.known());
    CHECK(f != kUnknown);
    CHECK(f == "");
    CHECK(f.valueOr("?").empty());
    f = kUnknown;
    CHECK_FALSE(f.known());
}

TEST_CASE("model: a field takes what its value takes", "[model]") {
    Field<MemberId> id = "m1";
    CHECK(id.value() == "m1");
    Field<std::int64_t> n = 0;
    CHECK(n.known());
    Field<Date> d = "2020-02-29";
    CHECK(d.value().view() == "2020-02-29");
}

TEST_CASE("model: a field prints its value, or nothing", "[model]") {
    std::ostringstream out;
    out << Field<std::string>("x") << '|' << Field<std::string>() << '|' << Field<MemberId>("m") << '|'
        << Field<int>(7);
    CHECK(out.str() == "x||m|7");
}

}  // namespace

}  // namespace model_field_test
