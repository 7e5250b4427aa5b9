#include <corps/error/error.hpp>
#include <corps/model/date.hpp>

#include <catch2/catch_test_macros.hpp>

#include <type_traits>

namespace model_date_test {
namespace {

using corps::Date;

static_assert(std::is_trivially_copyable_v<Date>);
static_assert(Date::parse("2020-01-02")->view() == "2020-01-02");

TEST_CASE("model: dates are days of the calendar", "[model]") {
    for (auto const* text :
         {"2020-02-29", "2000-02-29", "1999-12-31", "0001-01-01", "9999-12-31", "2021-04-30"}) {
        INFO(text);
        REQUIRE(Date::parse(text));
        CHECK(Date::parse(text)->view() == text);
    }
    for (auto const* text :
         {"", "2020", "2020-1-02", "2020-01-2", "2020/01/02", "2020-01-02 ", " 2020-01-02", "2020-00-01",
          "2020-13-01", "2020-01-00", "2020-01-32", "2021-04-31", "2021-02-29", "1900-02-29", "0000-01-01",
          "20200-1-02", "2020-01-0a", "-020-01-01", "2020-01-02T00:00:00Z"}) {
        INFO(text);
        CHECK_FALSE(Date::parse(text));
        CHECK_THROWS_AS(Date(text), corps::Error);
    }
    CHECK(Date("2020-01-02") < Date("2020-01-10"));
}

}  // namespace

}  // namespace model_date_test
