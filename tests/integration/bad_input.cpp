// What corpctl says of configuration that is wrong, and of platforms that refuse or cannot be trusted: which
// corp, which file, which key, what was expected; exit code 1, and nothing of a secret.
#include "../../examples/corpctl/corpctl.hpp"
#include "support/one_enterprise.hpp"
#include "support/tls_server.hpp"

#include <corps/config/element.hpp>
#include <corps/corps.hpp>
#include <corps/emulator/emulator.hpp>
#include <corps/storage/memory.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/transport/https.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace integration_bad_input_test {
namespace {

namespace emulator = corps::emulator;

constexpr char const* kSecret = "s3cret-that-nobody-may-see";

struct Ran {
    int code = 0;
    std::string out, err;
};

Ran corpctl(std::vector<std::string> const& words) {
    std::vector<char const*> argv{"corpctl"};
    for (std::string const& w : words) argv.push_back(w.c_str());
    std::ostringstream out, err;
    std::istringstream in;
    Ran r;
    r.code = corpctlMain(static_cast<int>(argv.size()), argv.data(), Console{out, err, in});
    r.out = out.str();
    r.err = err.str();
    return r;
}

/** A credential of a corp's business file, and a good value of it, as JSON. */
struct Credential {
    std::string key;
    std::string value;
    bool orNumber = false;  ///< text or a number
};

/** What a platform's corp is configured with. */
struct Facts {
    std::string type;
    std::vector<Credential> credentials;
    std::string secret;             ///< the credential that is one
    std::vector<std::string> urls;  ///< keys beside baseUrl that hold addresses

    /** The members of a good business file, with `changed` in the place of those of the same key, and without
     * those whose new value is empty. */
    [[nodiscard]] std::string business(std::vector<Credential> const& changed = {}) const {
        std::string out;
        for (Credential const& c : credentials) {
            auto const other = std::find_if(changed.begin(), changed.end(),
                                            [&c](Credential const& with) { return with.key == c.key; });
            std::string const& value = other == changed.end() ? c.value : other->value;
            if (!value.empty()) out += (out.empty() ? "\"" : ", \"") + c.key + "\": " + value;
        }
        return out;
    }
};

std::string quoted(std::string const& text) { return "\"" + text + "\""; }

/** An application directory with one corp. */
class Directory {
public:
    explicit Directory(Facts facts) : facts_(std::move(facts)) {
        std::string name = (std::filesystem::temp_directory_path() / "corps-bad-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        path_ = name;
        write("e.json", R"({"title": "Demo", "type": ")" + facts_.type + "\"}");
        business("");
    }
    Directory(Directory const&) = delete;
    Directory& operator=(Directory const&) = delete;
    ~Directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] std::string app() const { return (path_ / "app").string(); }
    /** A file of the corp. */
    [[nodiscard]] std::filesystem::path file(std::string const& name) const {
        return path_ / "app/corps/Demo" / name;
    }
    void write(std::string const& name, std::string_view text) const {
        std::filesystem::create_directories(file(name).parent_path());
        std::ofstream(file(name), std::ios::binary | std::ios::trunc) << text;
    }
    /** Demo.json with good credentials and `more`. */
    void business(std::string const& more) const { write("Demo.json", "{" + facts_.business() + more + "}"); }
    void businessAt(std::string const& url, std::string const& more = "") const {
        business(R"(, "baseUrl": ")" + url + '"' + more);
    }
    /** The same with other credentials. */
    void changedAt(std::string const& url, std::vector<Credential> const& changed) const {
        write("Demo.json", "{" + facts_.business(changed) + R"(, "baseUrl": ")" + url + "\"}");
    }
    [[nodiscard]] Facts const& facts() const { return facts_; }

private:
    Facts facts_;
    std::filesystem::path path_;
};

bool has(std::string const& text, std::string const& part) { return text.find(part) != std::string::npos; }

/** `corpctl COMMAND` fails with code 1, on one line that names the corp, or the element it is configured
 * with, and has all of `parts`. */
void requireSays(Directory const& d, std::string const& command, std::vector<std::string> const& parts,
                 std::string const& corp = "corps.Demo", std::string const& named = "") {
    Ran const r = corpctl({"--app", d.app(), "--store", "memory", command, corp});
    CAPTURE(command, r.err);
    CHECK(r.code == 1);
    CHECK(r.out.empty());
    std::string const first = r.err.substr(0, r.err.find('\n'));
    bool const names = first.starts_with("corpctl: " + corp + ": ") ||
                       (!named.empty() && first.starts_with("corpctl: " + named + ": "));
    CHECK(names);
    CHECK(first.size() < 600);
    for (std::string const& part : parts) {
        CAPTURE(part);
        CHECK(has(first, part));
    }
    CHECK_FALSE(has(r.err, kSecret));
}

/** Files that are wrong: the error names e.json or Demo.json with its path, and what is in `says`. */
struct BadFile {
    char const* file;
    std::string text;
    std::vector<std::string> says;
};

std::string utf16(std::string_view text) {
    std::string out = "\xFF\xFE";
    for (char c : text) (out += c) += '\0';
    return out;
}

std::string repeated(std::string_view text, std::size_t times) {
    std::string out;
    out.reserve(text.size() * times);
    for (std::size_t i = 0; i < times; ++i) out += text;
    return out;
}

std::string element(std::string const& more) {
    return R"({"title": "Demo", "type": "corps.FSInnerType", )" + more + "}";
}
std::string keys(std::string const& more) {
    return R"({"appId": "cli_1", "appSecret": ")" + std::string(kSecret) + "\", " + more + "}";
}

/** Credentials that the platform refuses, and what is said of that. */
struct Refusal {
    std::vector<Credential> changed;
    std::vector<std::string> says;
};

struct Feishu {
    using Server = emulator::FeishuServer;
    template <class Storage>
    using Corp = corps::FSInnerType<corps::HttpsTransport, Storage>;
    static constexpr char const* kTokens = "/open-apis/auth/v3/tenant_access_token/internal";
    static Facts facts() {
        return {"corps.FSInnerType",
                {{"appId", R"("cli_1")"}, {"appSecret", quoted(kSecret)}},
                "appSecret",
                {"accountsBaseUrl"}};
    }
    static emulator::FeishuOptions options() {
        emulator::FeishuOptions o;
        o.credentials.push_back({"cli_1", kSecret});
        o.credentials.push_back({"cli_2", "another"});
        return o;
    }
    static std::vector<Refusal> refusals() {
        return {{{{"appId", R"("cli_2")"}}, {"appSecret", kTokens, "code 10014"}},
                {{{"appId", R"("cli_3")"}}, {"appId", kTokens, "code 1"}}};
    }
    static void withoutPermission(Server& server) {
        emulator::FeishuBehaviour b = server.behaviour();
        b.scopes.clear();
        server.setBehaviour(b);
    }
    static std::vector<std::string> lacks() { return {"permission", "contact:"}; }
};

struct DingTalk {
    using Server = emulator::DingTalkServer;
    template <class Storage>
    using Corp = corps::DDInnerType<corps::HttpsTransport, Storage>;
    static constexpr char const* kTokens = "/v1.0/oauth2/accessToken";
    static Facts facts() {
        return {"corps.DDInnerType",
                {{"corpId", R"("ding1")"},
                 {"agentId", R"("1234")", true},
                 {"appKey", R"("dingkey1")"},
                 {"appSecret", quoted(kSecret)}},
                "appSecret",
                {"apiBaseUrl", "accountsBaseUrl"}};
    }
    static emulator::DingTalkOptions options() {
        emulator::DingTalkOptions o;
        o.credentials.push_back({"dingkey1", kSecret});
        o.credentials.push_back({"dingkey2", "another"});
        return o;
    }
    static std::vector<Refusal> refusals() {
        return {{{{"appKey", R"("dingkey2")"}}, {"appSecret", kTokens, "HTTP 400"}},
                {{{"appKey", R"("dingkey3")"}}, {"appKey", kTokens, "HTTP 400"}}};
    }
    static void withoutPermission(Server& server) {
        emulator::DingTalkBehaviour b = server.behaviour();
        std::erase(b.permissions, "qyapi_get_department_list");
        server.setBehaviour(b);
    }
    static std::vector<std::string> lacks() {
        return {"lacks a permission", "qyapi_get_department_list", "code 60011"};
    }
};

struct WeCom {
    using Server = emulator::WeComServer;
    template <class Storage>
    using Corp = corps::QywxInnerType<corps::HttpsTransport, Storage>;
    static constexpr char const* kTokens = "/cgi-bin/gettoken";
    static Facts facts() {
        return {"corps.QywxInnerType",
                {{"corpId", R"("ww1")"}, {"agentId", "1000002", true}, {"secret", quoted(kSecret)}},
                "secret",
                {"accountsBaseUrl"}};
    }
    static emulator::WeComOptions options() {
        emulator::WeComOptions o;
        emulator::WeComCredentials one;
        one.corpId = "ww1";
        one.agentId = 1000002;
        one.secret = kSecret;
        emulator::WeComCredentials two = one;
        two.agentId = 1000003;
        two.secret = "another";
        o.credentials = {one, two};
        return o;
    }
    static std::vector<Refusal> refusals() {
        return {{{{"secret", R"("of-nobody")"}}, {"the platform refuses secret", kTokens, "code 40001"}},
                {{{"corpId", R"("ww2")"}}, {"corpId", kTokens, "code 40013"}},
                {{{"secret", R"("another")"}}, {"agentId", "/cgi-bin/agent/get", "code 301002"}}};
    }
    /** There are no permissions with names: an application may make a call or not, from an address or not. */
    static void withoutPermission(Server& server) {
        emulator::WeComBehaviour b = server.behaviour();
        b.deniedIp = "127.0.0.1";
        server.setBehaviour(b);
    }
    static std::vector<std::string> lacks() { return {"from this address", "code 60020"}; }
};

std::vector<BadFile> badFiles() {
    std::string const secret = kSecret;
    return {
        // not JSON, or not the JSON that is expected
        {"e.json", "", {"JSON", "empty"}},
        {"e.json", "\xEF\xBB\xBF", {"JSON", "empty"}},
        {"e.json", R"({"title": "Demo")", {"JSON", "line 1, column 17"}},
        {"e.json", "{\"title\": \"Demo\",\r\n \"type\" \"x\"}", {"JSON", "line 2, column 9"}},
        {"e.json", R"(["title"])", {"JSON object"}},
        {"e.json", "null", {"JSON object"}},
        {"e.json", R"({"title": "Demo", "type": "corps.FSInnerType"} {})", {"JSON", "line 1, column 48"}},
        {"e.json", utf16(element(R"("x": 1)")), {"UTF-8", "UTF-16"}},
        {"e.json", "{\"title\": \"\xFF\xFE\"}", {"JSON", "line 1, column 12"}},
        {"e.json", std::string(10'000'000, '\0'), {"JSON"}},
        {"e.json", "{\"title\": \"" + std::string(10'000'000, 'x'), {"JSON", "column 10000012"}},
        {"e.json", repeated("{\"a\":", 100'000), {"JSON", "too deep"}},
        {"e.json", element("\"x\": " + repeated("[", 100'000)), {"JSON", "too deep"}},
        {"e.json", std::string(17U << 20U, ' '), {"cannot be read", "larger than 16 MiB"}},
        {"Demo.json", "", {"JSON", "empty"}},
        {"Demo.json", utf16(keys("\"x\": 1")), {"UTF-8", "UTF-16"}},
        {"Demo.json",
         "{\"appId\": \"cli_1\",\n\n \"appSecret\": " + secret + "}",
         {"JSON", "line 3, column 15"}},
        {"Demo.json", R"({"appSecret": ")" + secret, {"JSON", "line 1, column 42"}},
        {"Demo.json", "[\"" + secret + "\"]", {"JSON object"}},
        {"Demo.json", repeated(secret, 400'000), {"JSON"}},
        // e.json: keys that are missing or of another kind
        {"e.json", R"({"type": "corps.FSInnerType"})", {": title", "text"}},
        {"e.json", R"({"title": "Demo"})", {": type", "text"}},
        {"e.json", R"({"title": "", "type": "corps.FSInnerType"})", {": title", "not empty"}},
        {"e.json", R"({"title": 7, "type": "corps.FSInnerType"})", {": title", "text"}},
        {"e.json", R"({"title": "Demo", "type": ["corps.FSInnerType"]})", {": type", "text"}},
        {"e.json",
         R"({"title": "Demo", "type": "corps.None"})",
         {": type", "corps.None", "\"corps.FSInnerType\"", "\"corps.NormalType\""}},
        {"e.json", element(R"("fullName": "corps.Other")"), {": fullName", "\"corps.Demo\""}},
        {"e.json", element(R"("fullName": 7)"), {": fullName", "text"}},
        {"e.json", element(R"("allowJoin": "yes")"), {": allowJoin", "1 or 0"}},
        {"e.json", element(R"("refSpace": 2)"), {": refSpace", "1 or 0"}},
        {"e.json", element(R"("backendBundleEntry": 1)"), {": backendBundleEntry", "text"}},
        {"e.json", element(R"("frontBundleEntry": 1)"), {": frontBundleEntry", "text"}},
        {"e.json", element(R"("frontBundleEntry": "../Demo.json")"), {": frontBundleEntry", "own directory"}},
        {"e.json", element(R"("frontBundleEntry": "/etc/passwd")"), {": frontBundleEntry", "own directory"}},
        {"e.json", element(R"("note": "{{CORPS_NOT_SET}}")"), {": note", "{{CORPS_NOT_SET}}", "environment"}},
        // keys of Feishu's
        {"Demo.json", keys(R"("userIdType": "phone")"), {"userIdType", "open_id"}},
        {"Demo.json", keys(R"("departmentIdType": "name")"), {"departmentIdType", "open_department_id"}},
        {"Demo.json", keys(R"("roles": "all")"), {"roles", "list"}},
        {"Demo.json", keys(R"("roles": [{"name": "x"}])"), {"roles", "roleId"}},
        {"Demo.json",
         keys(R"("roles": [{"roleId": "{{CORPS_NOT_SET}}"}])"),
         {": roles[0].roleId", "{{CORPS_NOT_SET}}"}},
    };
}

/** Business files whose credentials or addresses are wrong, and what every platform's corp says of them. */
std::vector<BadFile> badCredentials(Facts const& facts) {
    std::vector<BadFile> out;
    auto const add = [&](std::string const& members, std::vector<std::string> says) {
        out.push_back({"Demo.json", "{" + members + "}", std::move(says)});
    };
    add("", {"expected text"});
    for (Credential const& c : facts.credentials) {
        std::string const& key = c.key;
        add(facts.business({{key, ""}}), {key, "text"});
        add(facts.business({{key, "[" + quoted(kSecret) + "]"}}), {key, "text"});
        add(facts.business({{key, "\"\""}}), {key, "not empty"});
        add(facts.business({{key, "null"}}), {key, "text"});
        add(facts.business({{key, "true"}}), {key, "text"});
        add(facts.business({{key, R"("{{CORPS_NOT_SET}}")"}}),
            {": " + key, "{{CORPS_NOT_SET}}", "environment"});
        if (!c.orNumber) add(facts.business({{key, "7"}}), {key, "text"});
        if (c.orNumber) add(facts.business({{key, "7.5"}}), {key, "text", "whole number"});
        add("\"" + key + "\": " + c.value + R"(, "authConfig": {)" + facts.business({{key, ""}}) + "}",
            {": " + key, "`authConfig`", "not in both"});
        add(R"("authConfig": {)" + facts.business({{key, ""}}) + "}", {key, "text"});
    }
    add(facts.business() + R"(, "authConfig": {)" + facts.business() + "}",
        {": " + facts.credentials.front().key, "`authConfig`", "not in both"});
    add(R"("authConfig": )" + quoted(kSecret), {": authConfig", "object"});
    std::vector<std::string> urls = facts.urls;
    urls.emplace_back("baseUrl");
    for (std::string const& key : urls) {
        auto const url = [&](std::string const& value, std::string const& says) {
            add(facts.business() + ", \"" + key + "\": " + value, {key, says});
        };
        url("1", "text");
        url(R"("open.feishu.cn")", "https://");
        url(R"("http://192.0.2.1")", "127.0.0.1");
        url(R"("https://me:)" + std::string(kSecret) + "@host\"", "https://");
    }
    auto const ca = [&](std::string const& value, std::string const& says) {
        add(facts.business() + R"(, "caFile": )" + value, {": caFile", "PEM", says});
    };
    ca("1", "caFile");
    ca(R"("no-such.pem")", "no-such.pem");
    ca(R"("e.json")", "e.json");
    return out;
}

void requireAllSaid(std::vector<BadFile> const& files, Facts const& facts) {
    ::unsetenv("CORPS_NOT_SET");
    for (BadFile const& bad : files) {
        CAPTURE(bad.file, bad.text.substr(0, 200));
        Directory const d(facts);
        d.write(bad.file, bad.text);
        std::vector<std::string> says = bad.says;
        says.push_back(d.file(bad.file).string());
        requireSays(d, "tree", says);
    }
}

}  // namespace

TEST_CASE("bad input: files that are wrong are named, with the key and what was expected", "[integration]") {
    requireAllSaid(badFiles(), Feishu::facts());
}

TEMPLATE_TEST_CASE("bad input: credentials and addresses that are wrong are named by file and key",
                   "[integration]", Feishu, DingTalk, WeCom) {
    requireAllSaid(badCredentials(TestType::facts()), TestType::facts());
}

TEST_CASE("bad input: keys that one platform alone knows", "[integration]") {
    auto const with = [](Facts const& facts, std::string const& more) {
        return "{" + facts.business() + ", " + more + "}";
    };
    Facts const dingTalk = DingTalk::facts();
    requireAllSaid({{"Demo.json", with(dingTalk, R"("detail": "all")"), {"detail", "\"full\""}},
                    {"Demo.json", with(dingTalk, R"("detail": 1)"), {"detail", "text"}}},
                   dingTalk);
    Facts const weCom = WeCom::facts();
    requireAllSaid({{"Demo.json", with(weCom, R"("contactSecret": "")"), {"contactSecret", "not empty"}},
                    {"Demo.json", with(weCom, R"("contactSecret": 7)"), {"contactSecret", "text"}},
                    {"Demo.json",
                     with(weCom, R"("contactSecret": "{{CORPS_NOT_SET}}")"),
                     {": contactSecret", "{{CORPS_NOT_SET}}", "environment"}}},
                   weCom);
}

TEST_CASE("bad input: what is only unusual is taken", "[integration]") {
    Directory const d(Feishu::facts());
    std::string const good = R"({"title": "Demo", "type": "corps.FSInnerType"})";
    auto const taken = [&] {
        Ran const r = corpctl({"--app", d.app(), "--store", "memory", "info", "corps.Demo"});
        CAPTURE(r.err);
        CHECK(r.code == 0);
        CHECK_FALSE(has(r.out, kSecret));
    };
    d.write("e.json", "\xEF\xBB\xBF" + good);
    taken();
    d.write("e.json", "{\r\n\t\"title\": \"Demo\",\r\n\t\"type\": \"corps.FSInnerType\"\r\n}\r\n");
    taken();
    d.write("e.json", element("\"more\": " + repeated("[", 30) + repeated("]", 30)));
    taken();
    d.write("Demo.json", "\xEF\xBB\xBF" + keys("\"padding\": \"" + std::string(1'000'000, 'x') + '"'));
    taken();
}

TEST_CASE("bad input: files and directories that are not there or cannot be read", "[integration]") {
    Directory const d(Feishu::facts());
    std::string const e = d.file("e.json").string();
    std::string const business = d.file("Demo.json").string();
    SECTION("no application directory") {
        Ran const r = corpctl({"--app", d.app() + "/none", "--store", "memory", "tree", "corps.Demo"});
        CHECK(r.code == 1);
        CHECK(r.err == "corpctl: the application directory does not exist (" + d.app() + "/none)\n");
        Ran const file = corpctl({"--app", e, "--store", "memory", "tree", "corps.Demo"});
        CHECK(file.code == 1);
        CHECK(has(file.err, e));
    }
    SECTION("no such corp: those that there are") {
        std::filesystem::create_directories(d.file("../Other"));
        std::filesystem::copy_file(d.file("e.json"), d.file("../Other/e.json"));
        requireSays(d, "tree", {"corps/Dmo/e.json", "does not exist", "corps.Demo, corps.Other"},
                    "corps.Dmo");
        std::filesystem::remove_all(d.app() + "/corps");
        requireSays(d, "tree", {"corps/Dmo/e.json", "does not exist", "nor does any other"}, "corps.Dmo");
    }
    SECTION("a name that leads elsewhere") {
        requireSays(d, "tree", {"corps.Name"}, "corps.Demo.More");
        requireSays(d, "tree", {"corps.Name"}, "corps.../Demo");
        Ran const r = corpctl({"--app", d.app(), "--store", "memory", "tree", "auths.Demo"});
        CHECK(r.code == 2);
        CHECK(has(r.err, "corps.Name, not auths.Demo"));
    }
    SECTION("no business file") {
        std::filesystem::remove(business);
        requireSays(d, "tree", {business, "expected text", "the file does not exist"});
        d.write("e.json", element(R"("frontBundleEntry": "./Other.json")"));
        requireSays(d, "tree", {d.file("Other.json").string(), "`frontBundleEntry`", "does not exist"});
    }
    SECTION("a directory in place of a file") {
        for (std::string const& file : {business, e}) {
            std::filesystem::remove(file);
            std::filesystem::create_directory(file);
            requireSays(d, "tree", {file, "cannot be read", "directory"});
        }
    }
    SECTION("a link to itself") {
        std::filesystem::remove(business);
        std::filesystem::create_symlink("Demo.json", business);
        requireSays(d, "tree", {business, "cannot be read"});
    }
    SECTION("a file without end") {
        std::filesystem::remove(business);
        std::filesystem::create_symlink("/dev/zero", business);
        requireSays(d, "tree", {business, "cannot be read", "larger than"});
    }
    SECTION("a file that may not be read") {
        std::filesystem::permissions(business, std::filesystem::perms::none);
        bool const root = ::geteuid() == 0;  // may read everything: be somebody else
        for (auto p = d.file(""); p != p.root_path() && root; p = p.parent_path())
            if (p.string().starts_with(std::filesystem::temp_directory_path().string() + "/"))
                std::filesystem::permissions(p, std::filesystem::perms(0755));
        if (root) REQUIRE(::seteuid(65534) == 0);
        Ran const r = corpctl({"--app", d.app(), "--store", "memory", "tree", "corps.Demo"});
        if (root) REQUIRE(::seteuid(0) == 0);
        CHECK(r.code == 1);
        CHECK(has(r.err, "corpctl: corps.Demo: the file cannot be read: Permission denied (" + business));
    }
}

TEST_CASE("bad input: output that cannot be written is an error", "[integration]") {
    Directory const d(Feishu::facts());
    std::string const app = d.app();
    std::array<char const*, 7> const argv{"corpctl", "--app", app.c_str(), "--store",
                                          "memory",  "info",  "corps.Demo"};
    std::ostream nowhere(nullptr);
    std::ostringstream err;
    std::istringstream in;
    CHECK(corpctlMain(static_cast<int>(argv.size()), argv.data(), Console{nowhere, err, in}) == 1);
    CHECK(err.str() == "corpctl: standard output cannot be written to\n");
}

TEMPLATE_TEST_CASE("bad input: what the platform refuses", "[integration]", Feishu, DingTalk, WeCom) {
    Directory const d(TestType::facts());
    for (std::string const command : {"sync", "init", "check"}) {
        typename TestType::Server server(TestType::options(), emulator::generate(5));
        d.businessAt(server.baseUrl());
        CHECK(corpctl({"--app", d.app(), "--store", "memory", command, "corps.Demo"}).code != 1);

        for (Refusal const& r : TestType::refusals()) {
            d.changedAt(server.baseUrl(), r.changed);
            requireSays(d, command, r.says);
        }
        d.businessAt(server.baseUrl() + "/elsewhere");
        requireSays(d, command, {"baseUrl", TestType::kTokens, "404"});

        d.businessAt(server.baseUrl());
        TestType::withoutPermission(server);
        requireSays(d, command, TestType::lacks());
    }
}

TEMPLATE_TEST_CASE("bad input: servers that cannot be trusted", "[integration]", Feishu, DingTalk, WeCom) {
    Directory const d(TestType::facts());
    support::TlsIdentity const authority = support::makeAuthority();
    support::TextFile const caFile(authority.certificatePem());
    std::string const trusting = R"(, "caFile": ")" + caFile.path() + '"';
    auto const sync = [&](support::CertificateOptions const& how, bool signedByItself,
                          std::string const& more, std::vector<std::string> const& parts) {
        support::TlsIdentity const identity =
            support::makeIdentity(signedByItself ? nullptr : &authority, how);
        support::TextFile const certificate(identity.certificatePem());
        support::TextFile const key(identity.keyPem());
        auto options = TestType::options();
        options.certificateFile = certificate.path();
        options.keyFile = key.path();
        typename TestType::Server server(std::move(options), emulator::generate(5));
        d.businessAt(server.baseUrl(), more);
        if (parts.empty()) {
            Ran const r = corpctl({"--app", d.app(), "--store", "memory", "sync", "corps.Demo"});
            CAPTURE(r.err);
            CHECK(r.code == 0);
            return;
        }
        requireSays(d, "sync", parts);
        requireSays(d, "sync", {"certificate verify failed for 127.0.0.1:" + std::to_string(server.port())});
        CHECK(server.stats().requests == 0);
    };
    support::CertificateOptions good;
    good.names = "IP:127.0.0.1";
    sync(good, false, trusting, {});
    sync(good, false, "", {"`caFile`"});  // an authority that nobody knows
    sync(good, true, "", {"self-signed", "`caFile`"});
    sync(good, true, trusting, {"self-signed"});
    support::CertificateOptions expired = good;
    expired.from = -7200;
    expired.until = -3600;
    sync(expired, false, trusting, {"expired"});
    support::CertificateOptions early = good;
    early.from = 3600;
    early.until = 7200;
    sync(early, false, trusting, {"not yet valid"});
    support::CertificateOptions other;
    other.names = "DNS:open.feishu.cn,IP:127.0.0.2";
    sync(other, false, trusting, {"another host"});
}

TEMPLATE_TEST_CASE("bad input: servers that are not there, or speak another language", "[integration]",
                   Feishu, DingTalk, WeCom) {
    Directory const d(TestType::facts());
    // As corpctl does it, but for the clock: a sync tries again for seconds before it gives up.
    auto const said = [&](std::string const& url) -> std::string {
        d.businessAt(url);
        auto clock = std::make_shared<corps::testing::ManualClock>();
        clock->autoAdvance();
        corps::ContextOptions options;
        options.clock = clock;
        typename TestType::template Corp<corps::MemoryStorage> corp(
            corps::loadElement(*corps::directoryFiles(d.app()), "corps.Demo"), corps::Context(options),
            corps::HttpsTransport(), corps::MemoryStorage());
        try {
            static_cast<void>(corp.syncCorp());
        } catch (corps::Error const& e) {
            CHECK_FALSE(has(e.what(), kSecret));
            CHECK(std::string(e.what()).starts_with("corps.Demo: "));
            return e.what();
        }
        return "no error";
    };
    CHECK(has(said("http://127.0.0.1:1"), "connection refused by 127.0.0.1:1"));
    CHECK(has(said("https://no..such.invalid"), "could not resolve host no..such.invalid"));
    support::TlsServer noise([](support::TlsServer::Peer& peer) {
        while (peer.request()) peer.send("220 mail.example.com ESMTP\r\n");
    });
    CHECK(has(said(noise.url("", "127.0.0.1")), "not HTTP"));
    support::TlsServer page([](support::TlsServer::Peer& peer) {
        while (peer.request()) peer.send(support::TlsServer::ok("<html>Welcome</html>"));
    });
    std::string const html = said(page.url("", "127.0.0.1"));
    CHECK(has(html, "not the platform's JSON"));
    CHECK(has(html, "baseUrl"));
}

namespace {

/** An application directory with an enterprise of a provider, and the provider's suite. */
class ProviderDirectory : public Directory {
public:
    ProviderDirectory() : Directory({"corps.QywxProxyType", {}, "", {}}) {
        suite(kElement, suiteKeys());
        corp("");
    }
    static constexpr char const* kElement = R"({"title": "Suite", "type": "auths.QywxProxyType"})";

    /** The suite's keys, one of them left out or with another value (as JSON). */
    static std::string suiteKeys(std::string const& key = "", std::string const& value = "") {
        std::vector<Credential> const all{
            {"suiteId", R"("dk0123456789abcdef")"},
            {"suiteSecret", quoted(kSecret)},
            {"token", R"("t0kenOfTheCallbacks")"},
            {"encodingAESKey", R"("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")"},
            {"providerCorpId", R"("wwprovider00000001")"}};
        std::string const out = Facts{"", all, "", {}}.business({{key, value}});
        bool const another =
            std::none_of(all.begin(), all.end(), [&](Credential const& c) { return c.key == key; });
        return "{" + out + (another && !key.empty() ? ", \"" + key + "\": " + value : "") + "}";
    }
    [[nodiscard]] std::filesystem::path suiteFile(std::string const& name) const {
        return std::filesystem::path(app()) / "auths/Suite" / name;
    }
    void suite(std::string const& element, std::string const& keys) const {
        std::filesystem::create_directories(suiteFile("").parent_path());
        std::ofstream(suiteFile("e.json"), std::ios::trunc) << element;
        std::ofstream(suiteFile("Suite.json"), std::ios::trunc) << keys;
    }
    /** Demo.json with good keys and `more`. */
    void corp(std::string const& more, std::string const& corpId = "ww1",
              std::string const& code = kSecret) const {
        write("Demo.json", R"({"corpId": ")" + corpId +
                               R"(", "authFullName": "auths.Suite", "permanentCode": ")" + code + '"' + more +
                               "}");
    }
};

}  // namespace

TEST_CASE("bad input: an enterprise of a provider, and the suite that it names", "[integration][proxy]") {
    ::unsetenv("CORPS_NOT_SET");
    ProviderDirectory const d;
    SECTION("the corp's own keys") {
        std::string const code = R"(, "permanentCode": )" + quoted(kSecret) + "}";
        std::vector<std::pair<std::string, std::vector<std::string>>> const bad{
            {R"({"authFullName": "auths.Suite")" + code, {"corpId", "text"}},
            {R"({"corpId": 7, "authFullName": "auths.Suite")" + code, {"corpId", "text"}},
            {R"({"corpId": "", "authFullName": "auths.Suite")" + code, {"corpId", "not empty"}},
            {R"({"corpId": "{{CORPS_NOT_SET}}", "authFullName": "auths.Suite")" + code,
             {": corpId", "{{CORPS_NOT_SET}}", "environment"}},
            {R"({"corpId": "ww1")" + code, {"authFullName", "auths."}},
            {R"({"corpId": "ww1", "authFullName": 7)" + code, {"authFullName", "auths."}},
            {R"({"corpId": "ww1", "authFullName": "corps.Demo")" + code, {"authFullName", "auths."}},
            {R"({"corpId": "ww1", "authFullName": "auths.Suite", "permanentCode": ["x"]})",
             {"permanentCode", "text"}},
            {R"({"corpId": "ww1", "authFullName": "auths.Suite", "baseUrl": "http://192.0.2.1"})",
             {"baseUrl", "https://", "127.0.0.1"}},
            {R"({"corpId": "ww1", "authFullName": "auths.Suite", "permanentCode": ")" + std::string(kSecret),
             {"JSON", "line 1"}},
        };
        for (auto const& [text, says] : bad) {
            CAPTURE(text);
            d.write("Demo.json", text);
            std::vector<std::string> all = says;
            all.push_back(d.file("Demo.json").string());
            requireSays(d, "tree", all);
        }
    }
    SECTION("the suite's keys") {
        std::vector<std::pair<std::string, std::vector<std::string>>> bad{
            {"", {"JSON", "empty"}},
            {"[]", {"JSON object"}},
            {ProviderDirectory::suiteKeys("encodingAESKey", quoted(kSecret)), {"encodingAESKey", "43"}},
            {ProviderDirectory::suiteKeys("providerSecret", "7"), {"providerSecret", "text"}},
            {ProviderDirectory::suiteKeys("baseUrl", R"("qyapi.weixin.qq.com")"), {"baseUrl", "https://"}},
            {ProviderDirectory::suiteKeys("authConfig", ProviderDirectory::suiteKeys()),
             {"`authConfig`", "not in both"}},
        };
        for (std::string const key :
             {"suiteId", "suiteSecret", "token", "encodingAESKey", "providerCorpId"}) {
            bad.push_back({ProviderDirectory::suiteKeys(key, ""), {key, "text"}});
            bad.push_back({ProviderDirectory::suiteKeys(key, "[]"), {key, "text"}});
            bad.push_back({ProviderDirectory::suiteKeys(key, "\"\""), {key, "not empty"}});
            bad.push_back({ProviderDirectory::suiteKeys(key, R"("{{CORPS_NOT_SET}}")"),
                           {": " + key, "{{CORPS_NOT_SET}}", "environment"}});
        }
        for (auto const& [text, says] : bad) {
            CAPTURE(text);
            d.suite(ProviderDirectory::kElement, text);
            std::vector<std::string> all = says;
            all.push_back(d.suiteFile("Suite.json").string());
            requireSays(d, "tree", all, "corps.Demo", "auths.Suite");
        }
    }
    SECTION("no such suite, or one that is no element") {
        d.suite("{", ProviderDirectory::suiteKeys());
        requireSays(d, "tree", {d.suiteFile("e.json").string(), "JSON", "authFullName"});
        std::filesystem::remove(d.suiteFile("Suite.json"));
        d.suite(ProviderDirectory::kElement, ProviderDirectory::suiteKeys());
        std::filesystem::remove(d.suiteFile("Suite.json"));
        requireSays(d, "tree", {d.suiteFile("Suite.json").string(), "suiteId", "the file does not exist"},
                    "corps.Demo", "auths.Suite");
        std::filesystem::remove_all(d.suiteFile("").parent_path());
        requireSays(d, "tree", {"auths/Suite/e.json", "does not exist", "authFullName"});
    }
    SECTION("what the platform refuses") {
        support::OneEnterprise enterprise{support::OneEnterprise::Options(), emulator::generate(5)};
        std::string const at = R"(, "baseUrl": ")" + enterprise.baseUrl() + '"';
        for (std::string const command : {"sync", "init", "check"}) {
            d.corp(at, enterprise.corp, enterprise.permanentCode());
            Ran const good = corpctl({"--app", d.app(), "--store", "memory", command, "corps.Demo"});
            CAPTURE(command, good.err);
            CHECK(good.code != 1);
            CHECK_FALSE(has(good.out + good.err, enterprise.permanentCode()));

            d.corp(at, enterprise.corp);
            requireSays(d, command, {"permanentCode", "/cgi-bin/gettoken", "code 40001"});
            d.corp(at, "ww0000000000000000", enterprise.permanentCode());
            requireSays(d, command, {"corpId", "/cgi-bin/gettoken", "code 40013"});
            d.corp(R"(, "baseUrl": ")" + enterprise.baseUrl() + R"(/elsewhere")", enterprise.corp,
                   enterprise.permanentCode());
            requireSays(d, command, {"baseUrl", "/cgi-bin/gettoken", "404"});
            d.corp(R"(, "baseUrl": "http://127.0.0.1:1")", enterprise.corp, enterprise.permanentCode());
        }
        auto b = enterprise.behaviour();
        b.deniedIp = "127.0.0.1";
        enterprise.setBehaviour(b);
        d.corp(at, enterprise.corp, enterprise.permanentCode());
        requireSays(d, "sync", {"from this address", "code 60020"});
    }
}

}  // namespace integration_bad_input_test
