#include <corps/model/keyed_view.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

namespace model_keyed_view_test {
namespace {

struct Thing {
    std::string id;
    int value = 0;
};

TEST_CASE("model: a keyed view finds the records of a list", "[model]") {
    std::vector<Thing> const list{{"c", 3}, {"a", 1}, {"b", 2}, {"a", 9}};
    corps::KeyedView<std::string, Thing> const view(list, &Thing::id);
    CHECK(view.size() == 3);
    REQUIRE(view.find("a"));
    CHECK(view.find("a") == &list[1]);  // the first of two
    CHECK(view.find("c")->value == 3);
    CHECK_FALSE(view.contains("d"));
    CHECK_FALSE(view.contains(""));
    std::string order;
    for (auto const& [id, thing] : view) order += id + std::to_string(thing.value);
    CHECK(order == "a1b2c3");

    std::vector<Thing> const none;
    corps::KeyedView<std::string, Thing> const empty(none, &Thing::id);
    CHECK(empty.empty());
    CHECK(empty.begin() == empty.end());
}

}  // namespace

}  // namespace model_keyed_view_test
