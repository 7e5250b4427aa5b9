#include <corps/config/business_keys.hpp>
#include <corps/error/error.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <catch2/catch_test_macros.hpp>

#include <string>
#include <string_view>

namespace config_business_keys_test {
namespace {

using namespace corps;
using detail::BusinessKeys;
using detail::isBaseUrl;

boost::json::object keys(std::string_view text) { return boost::json::parse(text).as_object(); }

template <class F>
std::string failure(F&& read) {
    try {
        (void)read();
    } catch (Error const& e) {
        return e.is(Errc::config) ? e.what() : "another error";
    }
    return "none";
}

}  // namespace

TEST_CASE("business keys: credentials nested or flat, never both", "[config]") {
    for (std::string_view const text : {R"({"appId":"cli_1"})", R"({"authConfig":{"appId":"cli_1"}})"}) {
        boost::json::object const o = keys(text);
        CHECK(BusinessKeys(o, "a.json").credential("appId") == "cli_1");
    }
    boost::json::object const both = keys(R"({"appId":"cli_1","authConfig":{"appId":"cli_2"}})");
    CHECK(failure([&] { return BusinessKeys(both, "Acme.json").credential("appId"); }) ==
          "\"appId\": expected it once, under \"authConfig\" or beside it (Acme.json)");
}

TEST_CASE("business keys: an error names file, key and what was expected, never the value", "[config]") {
    boost::json::object const o =
        keys(R"({"appSecret":["hidden"],"appId":"","agentId":7,"baseUrl":"http://hidden.example.com"})");
    BusinessKeys const read(o, "Acme.json");
    CHECK(failure([&] { return read.secret("appSecret"); }) ==
          "\"appSecret\": expected text that is not empty (Acme.json)");
    CHECK(failure([&] { return read.credential("appId"); }) ==
          "\"appId\": expected text that is not empty (Acme.json)");
    CHECK(failure([&] { return read.credential("agentId"); }) ==
          "\"agentId\": expected text that is not empty (Acme.json)");
    CHECK(read.credential("agentId", true) == "7");
    std::string const url = failure([&] { return read.baseUrl("baseUrl", "https://open.feishu.cn"); });
    CHECK(url.find("\"baseUrl\": expected https://") == 0);
    CHECK(url.find("hidden") == std::string::npos);
}

TEST_CASE("business keys: addresses", "[config]") {
    for (std::string_view const url :
         {"https://open.feishu.cn", "https://h:8443/path", "http://127.0.0.1:8080", "http://localhost",
          "http://[::1]:1", "http://127.1.2.3:80/x", "https://[fe80::1]"}) {
        CAPTURE(url);
        CHECK(isBaseUrl(url));
    }
    for (std::string_view const url : {"",
                                       "open.feishu.cn",
                                       "http://open.feishu.cn",
                                       "http://127.0.0.1.example.com",
                                       "http://127.example.com",
                                       "http://localhost.example.com",
                                       "http://localhost@example.com",
                                       "https://user:pw@h",
                                       "https://h?x",
                                       "https://h#x",
                                       "https://",
                                       "https://:80",
                                       "https://h:",
                                       "https://h:0",
                                       "https://h:99999",
                                       "https://h:8x",
                                       "ftp://h",
                                       "https://a b",
                                       "http://127.0.0.1\\@example.com",
                                       "https://[::1",
                                       "http://10.0.0.1"}) {
        CAPTURE(url);
        CHECK_FALSE(isBaseUrl(url));
    }
    boost::json::object const o = keys(R"({"baseUrl":"https://open.larksuite.com/"})");
    CHECK(BusinessKeys(o, "").baseUrl("baseUrl", "x") == "https://open.larksuite.com");
}

}  // namespace config_business_keys_test
