// corps-emulator: a platform on this machine, to try a program against.
#include <corps/emulator/emulator.hpp>
#include <corps/version.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/json.hpp>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
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

usage: corps-emulator --platform feishu|dingtalk|wecom (--org FILE | --generate MEMBERS[:SEED]) [options]

  --platform NAME         feishu, dingtalk or wecom
  --org FILE              serve this organisation file
  --generate MEMBERS[:SEED]
                          make a realistic organisation; the same numbers make the same one
  --print-org             print the organisation file and exit
  --port N                listen there; without it, or with 0, on any free port
  --latency-ms N          every answer waits so long
  --rate N                refuse more than N calls a second of one API by one app
  --published-rates       refuse what the platform's published limits refuse
  --tls CERT KEY          speak TLS with this certificate chain and key (PEM)
  --credentials FILE      a JSON object with appId (on DingTalk appKey) and appSecret, on WeCom corpId,
                          agentId, secret and perhaps contactSecret, as in a business file; without it
                          any credentials are accepted
  --help, --version

It prints "listening on 127.0.0.1:PORT" when it is ready, and stops on SIGINT and SIGTERM.
Exit codes: 0 stopped, 1 failed, 2 wrong usage.

While it runs:
  GET|DELETE       /_emulator/stats      requests by endpoint, highest concurrency, tokens issued; start anew
  GET|PUT          /_emulator/org        the organisation file; replace it
  GET|POST|DELETE  /_emulator/faults     [{"match": "/path", "times": 3, "kind": "status|reset|truncate|close|delay|
                                         garbage|rate-limit|expire-token|wrong-token|code|repeat-cursor|empty-success", ...}]
  POST             /_emulator/clock      {"advanceSeconds": N}
  GET|PUT          /_emulator/behaviour  scopes, contact range and other ways to answer
  GET              /_emulator/code?memberId=ID   DingTalk, WeCom: a code as a login gives it to an app
)";

/** Wrong usage: exit code 2. */
class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct Arguments {
    std::string platform;
    std::string orgFile;
    std::string credentialsFile;
    std::optional<std::size_t> members;
    std::uint64_t seed = 1;
    bool printOrg = false;
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
    if (out.platform == "wecom-proxy") {
        throw UsageError(
            "--platform wecom-proxy is not available in this version; feishu, dingtalk and wecom are");
    }
    if (out.platform != "feishu" && out.platform != "dingtalk" && out.platform != "wecom") {
        throw UsageError("--platform: expected feishu, dingtalk or wecom, found \"" + out.platform + "\"");
    }
    if (out.orgFile.empty() == !out.members) {
        throw UsageError("expected either --org FILE or --generate MEMBERS[:SEED]");
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

/** @param credentials Makes credentials of a CredentialsFile. */
template <class Options, class Credentials>
Options optionsOf(const Arguments& arguments, Credentials credentials) {
    Options out;
    static_cast<emulator::ServerOptions&>(out) = arguments.server;
    out.behaviour.latency = arguments.latency;
    out.behaviour.ratePerSecond = arguments.ratePerSecond;
    out.behaviour.publishedRates = arguments.publishedRates;
    if (!arguments.credentialsFile.empty()) {
        out.credentials.push_back(credentials(CredentialsFile(arguments.credentialsFile)));
    }
    return out;
}

std::unique_ptr<emulator::Server> startServer(const Arguments& arguments,
                                              emulator::Organisation organisation) {
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
    emulator::Organisation organisation = arguments.members
                                              ? emulator::generate(*arguments.members, arguments.seed)
                                              : emulator::readOrganisation(arguments.orgFile);
    if (arguments.printOrg) {
        std::cout << emulator::writeOrganisation(organisation) << std::flush;
        return std::cout ? 0 : 1;
    }
    // Before the server's thread, so that no signal is missed.
    boost::asio::io_context context;
    boost::asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([](const boost::system::error_code&, int) {});

    const auto server = startServer(arguments, std::move(organisation));
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
