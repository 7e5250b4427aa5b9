#include <corps/client/phone.hpp>

#include <catch2/catch_test_macros.hpp>

namespace client_phone_test {

using corps::parsePhone;

TEST_CASE("phone: what says enough becomes E.164", "[client]") {
    CHECK(parsePhone("13011111111").text == "+8613011111111");
    CHECK(parsePhone("+8613011111111").text == "+8613011111111");
    CHECK(parsePhone("+86 130-1111-1111").text == "+8613011111111");
    CHECK(parsePhone("008613011111111").text == "+8613011111111");
    CHECK(parsePhone("+1 (415) 555.0100").text == "+14155550100");
    CHECK(parsePhone("+1 (415) 555.0100").parsed);
}

TEST_CASE("graveyard 11: a phone that does not parse, a foreign one, none at all", "[client]") {
    for (char const* given :
         {"12011111111", "1301111111", "0571-88888888", "ext. 7", "+", "+0123456789", "+12345678901234567",
          "130+11111111", "++8613011111111", "call me", "86 13011111111"}) {
        CAPTURE(given);
        CHECK(parsePhone(given).text == given);
        CHECK_FALSE(parsePhone(given).parsed);
    }
    CHECK(parsePhone("").text.empty());
    CHECK(parsePhone("").parsed);
    CHECK(parsePhone("+442071838750").text == "+442071838750");
}

}  // namespace client_phone_test
