#include <corps/config/corp_config.hpp>
#include <corps/config/element.hpp>
#include <corps/config/file_tree.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <string>

namespace config_config_test {

using namespace corps;
namespace json = boost::json;

namespace {

json::object object(char const* text) { return json::parse(text).as_object(); }

CorpConfig load(std::string element, std::string business, TemplateVariables const& variables = {}) {
    return loadElement(
        *memoryFiles({{"corps/X/e.json", std::move(element)}, {"corps/X/X.json", std::move(business)}}),
        "corps.X", variables);
}

constexpr char const* kElement = R"({"title": "X", "type": "corps.T"})";

}  // namespace

TEST_CASE("config: secrets are known by name, at any depth and in any case", "[config]") {
    for (char const* key :
         {"appSecret", "secret", "contactSecret", "suiteSecret", "encodingAESKey", "aesKey", "token",
          "encryptKey", "verificationToken", "password", "permanentCode", "providerSecret", "APPSECRET"})
        CHECK(isSecretKey(key));
    for (char const* key : {"appId", "appKey", "corpId", "agentId", "title", "tokens", "", "secretary"})
        CHECK_FALSE(isSecretKey(key));

    json::object const masked =
        maskSecrets(object(R"({"appId": "a", "callback": {"token": "t", "aesKey": "k", "url": "u"},
                                                        "list": [{"password": {"deep": 1}}, 7], "authConfig": {"appSecret": "s"}})"));
    CHECK(masked == object(R"({"appId": "a", "callback": {"token": "***", "aesKey": "***", "url": "u"},
                                "list": [{"password": "***"}, 7], "authConfig": {"appSecret": "***"}})"));
}

TEST_CASE("config: what is shown and what a client gets", "[config]") {
    CorpConfig const nested = load(
        R"({"title": "X", "type": "corps.T", "refSpace": false, "version": "2", "extra": {"a": 1}})",
        R"({"authConfig": {"corpId": "c", "agentId": 1000002, "secret": "s3cret"}, "baseUrl": "https://x",
                                       "callback": {"token": "t", "aesKey": "k"}, "other": [1]})");
    json::object const shown = nested.publicData();
    CHECK(shown.at("title") == "X");
    CHECK(shown.at("fullName") == "corps.X");
    CHECK(shown.at("extra") == object(R"({"a": 1})"));
    CHECK(shown.at("other").is_array());
    CHECK(json::serialize(shown).find("s3cret") == std::string::npos);

    CHECK(
        nested.settings() ==
        object(
            R"({"corpId": "c", "agentId": 1000002, "baseUrl": "https://x", "callback": {}, "other": [1]})"));
    AuthConfig const auth(nested.credentials());
    CHECK(auth["agentId"] == "1000002");
    CHECK(auth["secret"] == "s3cret");
    CHECK(auth.keys() == std::vector<std::string>{"corpId", "agentId", "secret"});

    CorpConfig const flat = load(
        kElement, R"({"corpId": "c", "agentId": "1000002", "secret": "s3cret", "baseUrl": "https://x"})");
    CHECK(AuthConfig(flat.credentials())["agentId"] == "1000002");
    CHECK(flat.credentials().size() == 3);
    CHECK(flat.settings() == object(R"({"corpId": "c", "agentId": "1000002", "baseUrl": "https://x"})"));
}

TEST_CASE("config: defaults of an element", "[config]") {
    CorpConfig const bare = loadElement(*memoryFiles({{"corps/X/e.json", kElement}}), "corps.X");
    CHECK(bare.business.empty());
    CHECK_FALSE(bare.businessFound);
    CHECK(bare.businessFile == "corps/X/X.json");
    CHECK(std::string(bare.errorAt("appId", "a text").what()) ==
          "corps.X: `appId` must be a text; the file does not exist (corps/X/X.json: appId)");

    CorpConfig const named =
        loadElement(*memoryFiles({{"corps/X/e.json", R"({"title": "X", "type": "corps.T",
                                                          "frontBundleEntry": "./keys//Mine.json"})"},
                                  {"corps/X/keys/Mine.json", "\xEF\xBB\xBF{\"appId\": \"a\"}"}}),
                    "corps.X");
    CHECK(named.business.at("appId") == "a");

    CorpConfig const deep =
        loadElement(*memoryFiles({{"auths/A/B/e.json", R"({"title": "B", "type": "auths.T"})"},
                                  {"auths/A/B/B.json", "{}"}}),
                    "auths.A.B");
    CHECK(deep.businessFound);
}

TEST_CASE("config: templates come from the application, then from the environment", "[config]") {
    REQUIRE(::setenv("CORPS_TEST_NAME", "from the environment", 1) == 0);
    TemplateVariables variables;
    variables.values = {{"name", "mine"}, {"quote", "\"{{name}}\""}};
    CorpConfig const c = load(
        R"({"title": "{{name}} corp", "type": "corps.T"})",
        R"({"a": "{{ CORPS_TEST_NAME }}", "b": ["x", {"c": "{{name}}-{{name}}"}], "d": "{{quote}}", "{{name}}": 1,
                                  "open": "{{ is no template", "n": 5})",
        variables);
    CHECK(c.title == "mine corp");
    CHECK(
        c.business ==
        object(
            R"({"a": "from the environment", "b": ["x", {"c": "mine-mine"}], "d": "\"{{name}}\"", "{{name}}": 1,
                                   "open": "{{ is no template", "n": 5})"));
    variables.environment = false;
    for (char const* text :
         {R"({"b": ["x", {"c": "{{CORPS_TEST_NAME}}"}]})", R"({"b": ["x", {"c": "{{}}"}]})"}) {
        try {
            (void)load(kElement, text, variables);
            FAIL("an unresolved template was taken");
        } catch (Error const& e) {
            CHECK(e.is(Errc::config));
            CHECK(e.diagnostics().place == "corps/X/X.json: b[1].c");
        }
    }
    ::unsetenv("CORPS_TEST_NAME");
}

TEST_CASE("config: no value of a broken file reaches an error", "[config]") {
    for (char const* text : {R"({"appSecret": "s3cret)", R"({"appSecret": "s3cret"} x)", R"(["s3cret"])",
                             R"({"appSecret": s3cret})"}) {
        try {
            (void)load(kElement, text);
            FAIL("broken JSON was taken");
        } catch (Error const& e) {
            CHECK(std::string(e.what()).find("s3cret") == std::string::npos);
            CHECK(e.diagnostics().place.starts_with("corps/X/X.json"));
        }
    }
}

TEST_CASE("config: element names", "[config]") {
    auto const files = memoryFiles({{"corps/B/e.json", ""},
                                    {"corps/A/e.json", ""},
                                    {"corps/A/deeper/e.json", ""},
                                    {"corps/e.json", ""},
                                    {"auths/P/Q/e.json", ""},
                                    {"others/X/e.json", ""},
                                    {"corps/C/C.json", ""}});
    CHECK(elementNames(*files) == std::vector<std::string>{"auths.P.Q", "corps.A", "corps.B"});
}

}  // namespace config_config_test
