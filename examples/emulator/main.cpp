// corps-emulator: a platform on this machine, to try a program against.
#include <corps/emulator/emulator.hpp>
#include <corps/version.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace emulator = corps::emulator;

constexpr std::string_view kHelp = R"(corps-emulator: answers as a platform does, on 127.0.0.1

usage: corps-emulator --platform feishu|dingtalk|wecom|wecom-proxy
                      (--org FILE | --org-dir DIR | --generate MEMBERS[:SEED]) [options]

  --platform NAME         feishu, dingtalk, wecom, or wecom-proxy: a provider of WeCom and its enterprises
  --org FILE              serve this organisation file
  --org-dir DIR           wecom-proxy: one enterprise for every file DIR/*.json
  --generate MEMBERS[:SEED]
                          make a realistic organisation; the same numbers make the same one
  --enterprises N         wecom-proxy: so many of them, with MEMBERS in all
  --unauthorised          wecom-proxy: no enterprise has authorised anything yet; else all have
  --print-org             print the organisation file and exit
  --port N                listen there; without it, or with 0, on any free port
  --latency-ms N          every answer waits so long
  --rate N                refuse more than N calls a second of one API by one app
  --published-rates       refuse what the platform's published limits refuse
  --tls CERT KEY          speak TLS with this certificate chain and key (PEM)
  --credentials FILE      a JSON object with appId (on DingTalk appKey) and appSecret, on WeCom corpId,
                          agentId, secret and perhaps contactSecret, as in a business file, on wecom-proxy
                          suiteId, suiteSecret, token, encodingAESKey, providerCorpId and providerSecret, as in
                          an auths file; without it any credentials are accepted
  --help, --version

It prints "listening on 127.0.0.1:PORT" when it is ready, and stops on SIGINT and SIGTERM.
Exit codes: 0 stopped, 1 failed, 2 wrong usage.

While it runs:
  GET|DELETE       /_emulator/stats      requests by endpoint, highest concurrency, tokens issued; start anew
  GET|PUT          /_emulator/org[?corp=ID]   the organisation file (of that enterprise); replace it
  GET|POST|DELETE  /_emulator/faults     [{"match": "/path", "times": 3, "kind": "status|reset|truncate|close|delay|
                                         garbage|rate-limit|expire-token|wrong-token|code|repeat-cursor|empty-success", ...}]
  POST             /_emulator/clock      {"advanceSeconds": N}
  GET|PUT          /_emulator/behaviour  scopes, contact range and other ways to answer
  GET|POST|DELETE  /_emulator/callback   where events go when the organisation changes: {"url", "token", "aesKey"} (Feishu:
                                         "verificationToken", "encryptKey"; "appId"; DingTalk: "appKey"; WeCom: "agentId"
                                         of an app); the address is asked first, unless "verify" is false
  GET|DELETE       /_emulator/callbacks  events, what became of each, and whether all that is due is done; forget
  GET|POST|DELETE  /_emulator/callback-faults   [{"match": "event or text", "kind": "lost|doubled|shuffled|delayed|
                                         answer-lost|wrong-signature|garbled", "times": 1, "delayMs": 1000}]
  POST             /_emulator/rename     {"from", "to"}: WeCom: another userid for a member
  GET              /_emulator/code?memberId=ID[&corp=ID]   DingTalk, WeCom: a code as a login gives it to an app

wecom-proxy, of the enterprise "corp" (its id in either form):
  GET   /_emulator/provider      templates with their tickets, enterprises with agent ids, permanent codes and ranges
  POST  /_emulator/ticket        {}: push a suite_ticket now; {"everySeconds": N}: from now on so often
  POST  /_emulator/authorise     {"corp", "state"}: create_auth; says the auth_code
  POST  /_emulator/range         {"corp", "all": true} or {"corp", "deptIds", "memberIds", "tagIds"}: change_auth
  POST  /_emulator/permissions   {"corp", "permissions": ["contact:sensitive:user_name", ...]}: change_auth
  POST  /_emulator/disable, /_emulator/enable   {"corp"}: change_auth
  POST  /_emulator/cancel        {"corp"}: cancel_auth
  POST  /_emulator/reset         {"corp"}: reset_permanent_code; says the auth_code
  POST  /_emulator/upgrade       {"corp"}: the app's ids are encrypted from now on
  POST  /_emulator/callback      {"url", "token", "aesKey"}: where the template's events go, at first a question; with
                                 "corp" those of its app there, with "corp": "*" those of all, and $CORPID$ in the url
                                 is the id of each. Without token and aesKey: those of the credentials
)";

/** Wrong usage: exit code 2. */
class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct Arguments {
    std::string platform;
    std::string orgFile;
    std::string orgDir;
    std::string credentialsFile;
    std::optional<std::size_t> members;
    std::uint64_t seed = 1;
    bool printOrg = false;
    std::size_t enterprises = 1;
    bool authorised = true;
    emulator::ServerOptions server;
    std::chrono::milliseconds latency{0};
    std::uint32_t ratePerSecond = 0;
    bool publishedRates = false;
};

template <class T>
T number(std::string_view option, std::string_view text, T most) {
    T value{};
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc{} || end != text.data() + text.size() || value > most) {
        throw UsageError(std::string(option) + ": expected a number from 0 to " + std::to_string(most) +
                         ", found \"" + std::string(text) + "\"");
    }
    return value;
}

Arguments readArguments(const std::vector<std::string>& words) {
    Arguments out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& option = words[i];
        const auto value = [&]() -> const std::string& {
            if (i + 1 >= words.size()) {
                throw UsageError(option + ": expected a value");
            }
            return words[++i];
        };
        if (option == "--platform") {
            out.platform = value();
        } else if (option == "--org") {
            out.orgFile = value();
        } else if (option == "--org-dir") {
            out.orgDir = value();
        } else if (option == "--enterprises") {
            out.enterprises = number<std::size_t>(option, value(), 100'000);
        } else if (option == "--unauthorised") {
            out.authorised = false;
        } else if (option == "--generate") {
            const std::string_view text = value();
            const auto colon = text.find(':');
            out.members = number<std::size_t>(option, text.substr(0, colon), 10'000'000);
            if (colon != std::string_view::npos) {
                out.seed = number<std::uint64_t>(option, text.substr(colon + 1), UINT64_MAX);
            }
        } else if (option == "--print-org") {
            out.printOrg = true;
        } else if (option == "--port") {
            out.server.port = number<std::uint16_t>(option, value(), 65535);
        } else if (option == "--latency-ms") {
            out.latency = std::chrono::milliseconds(number<std::uint32_t>(option, value(), 3'600'000));
        } else if (option == "--rate") {
            out.ratePerSecond = number<std::uint32_t>(option, value(), 1'000'000'000);
        } else if (option == "--published-rates") {
            out.publishedRates = true;
        } else if (option == "--tls") {
            out.server.certificateFile = value();
            out.server.keyFile = value();
        } else if (option == "--credentials") {
            out.credentialsFile = value();
        } else {
            throw UsageError("unknown option " + option);
        }
    }
    if (out.platform.empty()) {
        throw UsageError("--platform is missing");
    }
    const bool proxy = out.platform == "wecom-proxy";
    if (!proxy && out.platform != "feishu" && out.platform != "dingtalk" && out.platform != "wecom") {
        throw UsageError("--platform: expected feishu, dingtalk, wecom or wecom-proxy, found \"" +
                         out.platform + "\"");
    }
    if (int{!out.orgFile.empty()} + int{!out.orgDir.empty()} + int{out.members.has_value()} != 1) {
        throw UsageError("expected one of --org FILE, --org-dir DIR and --generate MEMBERS[:SEED]");
    }
    if (!proxy && (!out.orgDir.empty() || out.enterprises != 1 || !out.authorised)) {
        throw UsageError("--org-dir, --enterprises and --unauthorised are for --platform wecom-proxy");
    }
    if (out.enterprises != 1 && (!out.members || out.enterprises == 0)) {
        throw UsageError("--enterprises: expected 1 or more, with --generate");
    }
    if (out.printOrg && (!out.orgDir.empty() || out.enterprises != 1)) {
        throw UsageError("--print-org prints one organisation, not several");
    }
    return out;
}

/** The credentials of a business file, where they stand flat or under authConfig. */
class CredentialsFile {
public:
    explicit CredentialsFile(const std::string& path) : path_(path) {
        std::ifstream in(path, std::ios::binary);
        if (!in) {
            throw std::runtime_error(path + ": cannot be read");
        }
        const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
        boost::system::error_code ec;
        const auto document = boost::json::parse(text, ec);
        if (ec || !document.is_object()) {
            throw std::runtime_error(path + ": expected a JSON object");
        }
        object_ = document.get_object();
        if (const auto* nested = object_.if_contains("authConfig");
            nested != nullptr && nested->is_object()) {
            object_ = boost::json::object(nested->get_object());
        }
    }

    std::string text(const char* key) const {
        const auto* value = object_.if_contains(key);
        if (value == nullptr || !value->is_string() || value->get_string().empty()) {
            throw std::runtime_error(path_ + ": " + key + ": expected a string");
        }
        return value->get_string().c_str();
    }
    std::string textIfThere(const char* key) const {
        const auto* value = object_.if_contains(key);
        return value == nullptr || value->is_null() ? std::string() : text(key);
    }
    /** A whole number, or one in a string. */
    std::int64_t number(const char* key) const {
        const auto* value = object_.if_contains(key);
        if (value != nullptr && value->is_int64()) {
            return value->get_int64();
        }
        const std::string digits = text(key);
        std::int64_t out = 0;
        const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
        if (ec != std::errc{} || end != digits.data() + digits.size()) {
            throw std::runtime_error(path_ + ": " + key + ": expected a number");
        }
        return out;
    }

private:
    std::string path_;
    boost::json::object object_;
};

template <class Options>
Options optionsOf(const Arguments& arguments) {
    Options out;
    static_cast<emulator::ServerOptions&>(out) = arguments.server;
    out.behaviour.latency = arguments.latency;
    out.behaviour.ratePerSecond = arguments.ratePerSecond;
    out.behaviour.publishedRates = arguments.publishedRates;
    return out;
}

/** @param credentials Makes credentials of a CredentialsFile. */
template <class Options, class Credentials>
Options optionsOf(const Arguments& arguments, Credentials credentials) {
    auto out = optionsOf<Options>(arguments);
    if (!arguments.credentialsFile.empty()) {
        out.credentials.push_back(credentials(CredentialsFile(arguments.credentialsFile)));
    }
    return out;
}

std::unique_ptr<emulator::Server> startProvider(const Arguments& arguments,
                                                std::vector<emulator::Organisation> organisations) {
    auto options = optionsOf<emulator::WeComProxyOptions>(arguments);
    options.authorised = arguments.authorised;
    if (!arguments.credentialsFile.empty()) {
        const CredentialsFile file(arguments.credentialsFile);
        emulator::WeComSuite suite;
        suite.suiteId = file.text("suiteId");
        suite.suiteSecret = file.text("suiteSecret");
        suite.token = file.textIfThere("token");
        suite.encodingAESKey = file.textIfThere("encodingAESKey");
        options.suites.push_back(std::move(suite));
        if (std::string id = file.textIfThere("providerCorpId"); !id.empty()) {
            options.providerCorpId = std::move(id);
        }
        options.providerSecret = file.textIfThere("providerSecret");
    }
    return std::make_unique<emulator::WeComProxyServer>(std::move(options), std::move(organisations));
}

/** One, or of a provider several. */
std::vector<emulator::Organisation> readOrganisations(const Arguments& arguments) {
    std::vector<emulator::Organisation> out;
    if (arguments.members) {
        const std::size_t count = arguments.enterprises;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t members = *arguments.members / count + (i < *arguments.members % count ? 1 : 0);
            out.push_back(emulator::generate(members, arguments.seed + i));
            if (count > 1) {
                out.back().corpName += " " + std::to_string(i + 1);
            }
        }
        return out;
    }
    if (!arguments.orgFile.empty()) {
        out.push_back(emulator::readOrganisation(arguments.orgFile));
        return out;
    }
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(arguments.orgDir)) {
        if (entry.path().extension() == ".json") {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
        out.push_back(emulator::readOrganisation(file.string()));
    }
    if (out.empty()) {
        throw std::runtime_error(arguments.orgDir + ": expected organisation files, *.json");
    }
    return out;
}

std::unique_ptr<emulator::Server> startServer(const Arguments& arguments,
                                              std::vector<emulator::Organisation> organisations) {
    if (arguments.platform == "wecom-proxy") {
        return startProvider(arguments, std::move(organisations));
    }
    emulator::Organisation& organisation = organisations.front();
    if (arguments.platform == "dingtalk") {
        const auto credentials = [](const CredentialsFile& file) {
            return emulator::DingTalkCredentials{file.text("appKey"), file.text("appSecret")};
        };
        return std::make_unique<emulator::DingTalkServer>(
            optionsOf<emulator::DingTalkOptions>(arguments, credentials), std::move(organisation));
    }
    if (arguments.platform == "wecom") {
        const auto credentials = [](const CredentialsFile& file) {
            return emulator::WeComCredentials{file.text("corpId"), file.number("agentId"),
                                              file.text("secret"), file.textIfThere("contactSecret"),
                                              std::nullopt};
        };
        return std::make_unique<emulator::WeComServer>(
            optionsOf<emulator::WeComOptions>(arguments, credentials), std::move(organisation));
    }
    const auto credentials = [](const CredentialsFile& file) {
        return emulator::FeishuCredentials{file.text("appId"), file.text("appSecret")};
    };
    return std::make_unique<emulator::FeishuServer>(
        optionsOf<emulator::FeishuOptions>(arguments, credentials), std::move(organisation));
}

int run(const std::vector<std::string>& words) {
    for (const std::string& word : words) {
        if (word == "--help" || word == "-h") {
            std::cout << kHelp;
            return 0;
        }
        if (word == "--version") {
            std::cout << "corps-emulator " << CORPS_VERSION_STRING << '\n';
            return 0;
        }
    }
    const Arguments arguments = readArguments(words);
    std::vector<emulator::Organisation> organisations = readOrganisations(arguments);
    if (arguments.printOrg) {
        std::cout << emulator::writeOrganisation(organisations.front()) << std::flush;
        return std::cout ? 0 : 1;
    }
    // Before the server's thread, so that no signal is missed.
    boost::asio::io_context context;
    boost::asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([](const boost::system::error_code&, int) {});

    const auto server = startServer(arguments, std::move(organisations));
    std::cout << "listening on 127.0.0.1:" << server->port() << std::endl;
    context.run();
    server->stop();
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(std::vector<std::string>(argv + 1, argv + argc));
    } catch (const UsageError& error) {
        std::cerr << "corps-emulator: " << error.what() << "\ncorps-emulator --help says more\n";
        return 2;
    } catch (const std::exception& error) {
        std::cerr << "corps-emulator: " << error.what() << '\n';
        return 1;
    }
}
