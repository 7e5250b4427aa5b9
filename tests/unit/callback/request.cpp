// What a callback's query says.
#include <corps/callback/request.hpp>

#include <catch2/catch_test_macros.hpp>

namespace callback_request_test {

using namespace corps;

TEST_CASE("a parameter of the query is percent-decoded, and '+' stays '+'", "[callback]") {
    CallbackRequest const q("GET", "/wecom/corp?msg_signature=5c45&nonce=&echostr=P9n%2Fa%3d+=&flag#x=1", "");
    CHECK(q.query("msg_signature") == "5c45");
    CHECK(q.query("nonce") == "");
    CHECK(q.query("flag") == "");
    CHECK(q.query("echostr") == "P9n/a=+=");
    CHECK_FALSE(q.query("x").has_value());
    CHECK_FALSE(q.query("absent").has_value());
    CHECK_FALSE(CallbackRequest("GET", "/wecom", "").query("a").has_value());
    CHECK_FALSE(CallbackRequest("GET", "", "").query("a").has_value());
}

TEST_CASE("a parameter that is malformed or ambiguous is empty", "[callback]") {
    for (char const* target :
         {"/?a=%", "/?a=%2", "/?a=%zz", "/?a=%+1", "/?a=%-1", "/?a=1&a=2", "/?a=1&a=%&a=1", "/?a=1&%61=2"})
        CHECK(CallbackRequest("GET", target, "").query("a") == "");
    CHECK_FALSE(CallbackRequest("GET", "/?%=1", "").query("a").has_value());
    CHECK(CallbackRequest("GET", "/?a=1&a=1", "").query("a") == "1");
    CHECK(CallbackRequest("GET", "/?%61=1", "").query("a") == "1");
    CHECK(CallbackRequest("GET", "/?&&a=1&", "").query("a") == "1");
}

TEST_CASE("headers are found whatever their case", "[callback]") {
    CallbackRequest const q("POST", "/", {Header("x-lark-signature", "abc")}, "{}");
    CHECK(q.header("X-Lark-Signature") == "abc");
    CHECK(q.header("X-Lark-Request-Nonce").empty());
}

}  // namespace callback_request_test
