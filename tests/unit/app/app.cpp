#include "unit/corp/toy.hpp"

#include <corps/app.hpp>
#include <corps/crypto/password.hpp>
#include <corps/storage/memory.hpp>
#include <corps/testing/scripted_transport.hpp>
#include <corps/types.hpp>

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

namespace app_app_test {

using namespace corps;

namespace {

using Toy = toy::Type<>;
using Normal = NormalType<MemoryStorage>;
using Feishu = FSInnerType<testing::ScriptedTransport, MemoryStorage>;

FileTexts files() {
    return {
        {"corps/Toy/e.json", R"({"title": "Toy corp", "type": "corps.ToyType"})"},
        {"corps/Toy/Toy.json", R"({"appId": "toy-app", "appSecret": "{{TOY_SECRET}}"})"},
        {"corps/Default/e.json",
         R"({"title": "Default", "type": "corps.NormalType", "allowJoin": 1, "backendBundleEntry": "."})"},
        {"corps/MyFeishuCorp/e.json", R"({"title": "My Feishu Organization", "type": "corps.FSInnerType"})"},
        {"corps/MyFeishuCorp/MyFeishuCorp.json",
         R"({"appId": "cli_1234567890abcdef", "appSecret": "your_app_secret_here"})"},
        {"auths/Wecom/Provider/e.json", R"({"title": "Provider", "type": "auths.QywxProxyType"})"},
        {"auths/Wecom/Provider/Provider.json", R"({"authConfig": {"suiteId": "s1", "suiteSecret": "x"}})"}};
}

AppOptions options(bool init = true) {
    AppOptions out;
    out.variables.values["TOY_SECRET"] = "open sesame";
    out.variables.environment = false;
    out.init = init;
    return out;
}

struct Fixture {
    explicit Fixture(FileTexts texts = files(), AppOptions o = options())
        : org(toy::demo()),
          app(memoryFiles(std::move(texts)), Context(), std::move(o), toy::wireTo(org), MemoryStorage()) {}
    std::shared_ptr<toy::Organisation> org;
    App<Toy, Normal, Feishu> app;
};

/** The Error that f throws, as code, place and text. */
template <class F>
std::string errorOf(F&& f) {
    try {
        f();
    } catch (Error const& e) {
        return e.what();
    }
    return "no error";
}

}  // namespace

TEST_CASE("app: an element becomes a corp of its type, initialised", "[app]") {
    Fixture f;
    Toy& corp = f.app.getElement<Toy>("corps.Toy");
    CHECK(corp.title() == "Toy corp");
    CHECK(corp.getMembers().size() == 5);
    int const calls = f.org->calls;
    CHECK(&f.app.getElement<Toy>("corps.Toy") == &corp);
    CHECK(f.org->calls == calls);
    CHECK(corp.authConfig()["appSecret"] == "open sesame");

    Normal& other = f.app.getElement<Normal>("corps.Default");
    CHECK(other.getRootDept().name == "Default");
    CHECK(other.corpData().at("allowJoin") == 1);
}

TEST_CASE("app: without initialisation nothing is sent", "[app]") {
    Fixture f(files(), options(false));
    CHECK(f.app.getElement<Toy>("corps.Toy").getMembers().empty());
    CHECK(f.org->calls == 0);
}

TEST_CASE("app: what initCorp throws is passed on, and the next call tries again", "[app]") {
    Fixture f;
    f.org->secret = "another";
    CHECK(errorOf([&] { (void)f.app.getElement<Toy>("corps.Toy"); }) == "corps.Toy: the secret is wrong");
    f.org->secret = "open sesame";
    CHECK(f.app.getElement<Toy>("corps.Toy").getMembers().size() == 5);
}

TEST_CASE("app: visit calls with the right type", "[app]") {
    Fixture f;
    auto const kind = [](auto& corp) -> std::string {
        using Corp = std::remove_cvref_t<decltype(corp)>;
        if constexpr (std::is_same_v<Corp, Toy>) return "toy " + corp.title();
        if constexpr (std::is_same_v<Corp, Normal>) return "normal " + corp.title();
        return "feishu " + corp.title();
    };
    CHECK(f.app.visit("corps.Toy", kind) == "toy Toy corp");
    CHECK(f.app.visit("corps.Default", kind) == "normal Default");
}

TEST_CASE("app: a type of one's own takes the place of an official one", "[app]") {
    App<ElementType<"corps.FSInnerType", Toy>, Feishu> app(memoryFiles(files()), Context(), options(),
                                                           toy::wireTo(toy::demo()), MemoryStorage());
    CHECK(errorOf([&] { (void)app.getElement<Toy>("corps.MyFeishuCorp"); }) ==
          "corps.MyFeishuCorp: the secret is wrong");
    CHECK(errorOf([&] { (void)app.getElement<Feishu>("corps.MyFeishuCorp"); }).find("the secret is wrong") !=
          std::string::npos);
}

TEST_CASE("app: names of what there is", "[app]") {
    Fixture f;
    CHECK(f.app.names() == std::vector<std::string>{"auths.Wecom.Provider", "corps.Default",
                                                    "corps.MyFeishuCorp", "corps.Toy"});
    CorpConfig const auth = f.app.element("auths.Wecom.Provider");
    CHECK(AuthConfig(auth.credentials())["suiteId"] == "s1");
}

TEST_CASE("app: errors name file and key and what was expected", "[app]") {
    auto const error = [](std::string const& path, std::string text, std::string const& name = "corps.Toy") {
        FileTexts texts = files();
        if (text.empty())
            texts.erase(path);
        else
            texts[path] = std::move(text);
        Fixture f(std::move(texts));
        return errorOf([&] { f.app.visit(name, [](auto&) {}); });
    };
    std::string const e = "corps/Toy/e.json", b = "corps/Toy/Toy.json";
    CHECK(
        error(e, "") ==
        "corps.Toy: the file does not exist; there are corps.Default, corps.MyFeishuCorp (corps/Toy/e.json)");
    CHECK(error(e, "[]") == "corps.Toy: the file must hold a JSON object (corps/Toy/e.json)");
    CHECK(error(e, "{\"title\": \"x\",\n  oops}").starts_with("corps.Toy: the file must be JSON: "));
    CHECK(error(e, "{\"title\": \"x\",\n  oops}").ends_with("(corps/Toy/e.json: line 2, column 3)"));
    CHECK(error(e, R"({"type": "corps.ToyType"})") ==
          "corps.Toy: `title` must be a text, and not empty (corps/Toy/e.json: title)");
    CHECK(error(e, R"({"title": "x"})") ==
          "corps.Toy: `type` must be a text, and not empty (corps/Toy/e.json: type)");
    CHECK(error(e, R"({"title": "x", "type": 7})") ==
          "corps.Toy: `type` must be a text (corps/Toy/e.json: type)");
    CHECK(error(e, R"({"title": "x", "type": "corps.Other"})") ==
          "corps.Toy: `type` is \"corps.Other\"; expected one of \"corps.ToyType\", \"corps.NormalType\", "
          "\"corps.FSInnerType\", the "
          "types that this application knows (corps/Toy/e.json: type)");
    CHECK(error(e, R"({"title": "x", "type": "corps.ToyType", "fullName": "corps.Tom"})") ==
          "corps.Toy: `fullName` must be \"corps.Toy\", as the directory says (corps/Toy/e.json: fullName)");
    CHECK(error(e, R"({"title": "x", "type": "corps.ToyType", "allowJoin": "yes"})") ==
          "corps.Toy: `allowJoin` must be 1 or 0 (corps/Toy/e.json: allowJoin)");
    for (std::string const entry :
         {"../Other.json", "/etc/passwd", "a/../../b.json", "..", ".", "", "c:x", "a\\\\b"})
        CHECK(error(e, R"({"title": "x", "type": "corps.ToyType", "frontBundleEntry": ")" + entry + "\"}")
                  .ends_with("(corps/Toy/e.json: frontBundleEntry)"));
    CHECK(error(e, R"({"title": "x", "type": "corps.ToyType", "frontBundleEntry": "./Keys.json"})") ==
          "corps.Toy: `frontBundleEntry` of e.json names a file that does not exist (corps/Toy/Keys.json)");
    CHECK(error(b, "") ==
          "corps.Toy: \"appSecret\": expected text that is not empty; the file does not exist "
          "(corps/Toy/Toy.json)");
    CHECK(error(b, R"({"appSecret": "{{NOT_THERE}}"})") ==
          "corps.Toy: `{{NOT_THERE}}` is not resolved: expected a variable of the application with this name "
          "(corps/Toy/Toy.json: appSecret)");
    CHECK(error(b, R"({"appId": "a", "authConfig": {"appSecret": "s3cret"}})") ==
          "corps.Toy: `appId` must be either here or under `authConfig`, not in both ways at once "
          "(corps/Toy/Toy.json: appId)");
    CHECK(error(b, R"({"authConfig": {"appSecret": ["s3cret"]}})") ==
          "corps.Toy: `authConfig.appSecret` must be a text (corps/Toy/Toy.json: authConfig.appSecret)");
    CHECK(error(b, R"({"authConfig": {"appSecret": "s3cret", "baseUrl": "https://x.example"}})") ==
          "corps.Toy: `authConfig.baseUrl` must be beside `authConfig`, not in it "
          "(corps/Toy/Toy.json: authConfig.baseUrl)");
    CHECK(error(b, R"({"appSecret": "open sesame", "caFile": "ca.pem"})") ==
          "corps.Toy: `caFile` must be absent: the transport of this corp has no `withCaFile(std::string)` "
          "(corps/Toy/Toy.json: caFile)");
    CHECK(error("corps/MyFeishuCorp/MyFeishuCorp.json", R"({"appId": "cli_1"})", "corps.MyFeishuCorp")
              .find("corps/MyFeishuCorp/MyFeishuCorp.json") != std::string::npos);
    CHECK(error("corps/MyFeishuCorp/MyFeishuCorp.json",
                R"({"appId": "a", "appSecret": "b", "baseUrl": "http://example.com"})", "corps.MyFeishuCorp")
              .ends_with("(corps/MyFeishuCorp/MyFeishuCorp.json)"));
    CHECK(error("corps/MyFeishuCorp/MyFeishuCorp.json",
                R"({"appId": "a", "appSecret": "b", "userIdType": "x"})", "corps.MyFeishuCorp")
              .ends_with("(corps/MyFeishuCorp/MyFeishuCorp.json)"));
    for (std::string const name :
         {"Toy", "corps", "corps.", "corps..Toy", "corps.Toy.Deep", "corps.../Toy", "other.Toy", ""})
        CHECK(errorOf([&] { Fixture().app.visit(name, [](auto&) {}); }) ==
              (name.empty() ? "" : name + ": ") + "an element's name reads \"corps.Name\" or \"auths.Name\"");
    CHECK(errorOf([&] { (void)Fixture().app.getElement<Normal>("corps.Toy"); }) ==
          "corps.Toy: `type` is \"corps.ToyType\"; expected \"corps.NormalType\", as which this corp is "
          "asked for (corps/Toy/e.json: type)");
}

TEST_CASE("app: a directory, with the files where the documents put them", "[app]") {
    std::filesystem::path const root =
        std::filesystem::temp_directory_path() / ("corps-app-" + Context().newId());
    for (auto const& [path, text] : files()) {
        std::filesystem::create_directories((root / path).parent_path());
        std::ofstream(root / path) << text;
    }
    {
        App<Toy, Normal> app(directoryFiles(root.string()), Context(), options(), toy::wireTo(toy::demo()),
                             MemoryStorage());
        CHECK(app.names().size() == 4);
        CHECK(app.getElement<Toy>("corps.Toy").getMembers().size() == 5);
        std::string const missing = errorOf([&] { (void)app.getElement<Toy>("corps.None"); });
        CHECK(missing.find((root / "corps/None/e.json").string()) != std::string::npos);
    }
    std::filesystem::remove_all(root);
    CHECK(errorOf([&] {
              (void)directoryFiles(root.string());
          }).find("the application directory does not exist") != std::string::npos);
}

TEST_CASE("app: many threads ask for one corp and read it while it syncs", "[app][thread]") {
    Fixture f;
    std::vector<std::thread> threads;
    std::vector<Toy*> seen(4);
    std::vector<int> whole(4);
    for (std::size_t i = 0; i < seen.size(); ++i)
        threads.emplace_back([&f, &seen, &whole, i] {
            seen[i] = &f.app.getElement<Toy>("corps.Toy");
            for (int n = 0; n < 20; ++n) {
                if (seen[i]->getMembers("active").size() == 5) ++whole[i];
                if (i == 0) seen[0]->as("alice").saveUserSignature("ann", std::to_string(n));
            }
        });
    for (std::thread& t : threads) t.join();
    for (Toy* corp : seen) CHECK(corp == seen[0]);
    CHECK(whole == std::vector<int>(4, 20));
    CHECK(f.org->calls == 9);  // one pull, whoever came first
    CHECK(seen[0]->getUserSignature("ann").signature == "19");
}

}  // namespace app_app_test
