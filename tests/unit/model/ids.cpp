#include <corps/model/ids.hpp>

#include <catch2/catch_test_macros.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <unordered_set>

namespace model_ids_test {
namespace {

using namespace corps;

template <class A, class B>
concept Comparable = requires(A const& a, B const& b) { a == b; };

static_assert(!std::convertible_to<DeptId, MemberId> && !std::constructible_from<MemberId, DeptId>);
static_assert(!std::convertible_to<UserId, MemberId> && !std::convertible_to<RoleGroupId, RoleId>);
static_assert(!std::assignable_from<MemberId&, DeptId const&>);
static_assert(!Comparable<MemberId, DeptId>);
static_assert(std::convertible_to<char const*, MemberId> && std::convertible_to<std::string_view, MemberId>);
static_assert(!std::convertible_to<MemberId, std::string>);

TEST_CASE("model: an id holds its text and orders by it", "[model]") {
    MemberId const a = "a";
    CHECK(a == "a");
    CHECK(a < MemberId("b"));
    CHECK(a.view() == "a");
    CHECK(MemberId().empty());
    std::unordered_set<MemberId> set{a, "b", "a"};
    CHECK(set.size() == 2);
}

TEST_CASE("model: ids() names a list of ids", "[model]") {
    auto const list = ids<DeptId>("1", std::string("2"), std::string_view("3"));
    REQUIRE(list.size() == 3);
    CHECK(list[2] == "3");
}

}  // namespace

}  // namespace model_ids_test
