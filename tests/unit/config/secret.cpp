#include <corps/config/secret.hpp>

#include <catch2/catch_test_macros.hpp>

#include <concepts>
#include <ostream>
#include <string>
#include <string_view>

namespace config_secret_test {

using corps::Secret;

template <class T>
concept Streams = requires(std::ostream& out, T const& t) { out << t; };

static_assert(!Streams<Secret>);
static_assert(!std::convertible_to<Secret, std::string>);
static_assert(!std::convertible_to<Secret, std::string_view>);
static_assert(!std::convertible_to<std::string, Secret>);

TEST_CASE("secret: holds, copies, moves", "[config]") {
    Secret a(std::string_view("s3cret"));
    Secret const copy = a;
    CHECK(copy.reveal() == "s3cret");
    Secret const moved = std::move(a);
    CHECK(moved.reveal() == "s3cret");
    CHECK(a.empty());  // NOLINT(bugprone-use-after-move): said in its contract by what it does
    a = copy;
    CHECK(a == copy);
    Secret const& self = a;
    a = self;
    CHECK(a.reveal() == "s3cret");
    CHECK(Secret().empty());
    CHECK(Secret() == Secret(""));
}

TEST_CASE("secret: takes the memory of a text over", "[config]") {
    std::string text(64, 'x');
    char const* const bytes = text.data();
    Secret const s(std::move(text));
    CHECK(s.reveal() == std::string(64, 'x'));
    CHECK(text.empty());  // NOLINT(bugprone-use-after-move)
    CHECK(std::string_view(bytes, 64) == std::string(64, '\0'));
}

TEST_CASE("secret: equality", "[config]") {
    Secret const a("abc");
    CHECK(a.equals("abc"));
    CHECK_FALSE(a.equals("abd"));
    CHECK_FALSE(a.equals("ab"));
    CHECK_FALSE(a.equals("abcabc"));
    CHECK_FALSE(a.equals(""));
    CHECK_FALSE(Secret().equals("a"));
    CHECK_FALSE(Secret().equals(std::string_view("\0", 1)));
}

}  // namespace config_secret_test
