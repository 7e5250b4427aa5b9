// corpctl watch as a process: what changes on the platform comes here by itself, and signals end it cleanly.
//
// CORPS_CORPCTL names the program; without it corpctl's own function runs in a child process.
#include "../../examples/corpctl/corpctl.hpp"
#include "support/emulator_process.hpp"

#include <corps/callback/message_crypt.hpp>
#include <corps/config/secret.hpp>
#include <corps/emulator/emulator.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <arpa/inet.h>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <netinet/in.h>
#include <poll.h>
#include <sstream>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace integration_watch_test {
namespace {

using namespace corps;
using namespace std::chrono_literals;
using processes::Kind;
using processes::Platform;
using Steady = std::chrono::steady_clock;

bool has(std::string const& text, std::string const& part) { return text.find(part) != std::string::npos; }

/** corpctl in a process of its own, whose lines are read. */
class Child {
public:
    explicit Child(std::vector<std::string> const& words) {
        int out[2];
        if (::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
        std::cout.flush();
        pid_ = ::fork();
        if (pid_ < 0) throw std::runtime_error("no process");
        if (pid_ > 0) {
            ::close(out[1]);
            out_ = out[0];
            return;
        }
        ::dup2(out[1], STDOUT_FILENO);
        std::vector<char*> argv{const_cast<char*>("corpctl")};
        for (std::string const& w : words) argv.push_back(const_cast<char*>(w.c_str()));
        if (char const* const program = std::getenv("CORPS_CORPCTL")) {
            argv.push_back(nullptr);
            ::execv(program, argv.data());
            ::_exit(127);
        }
        int code = 126;
        try {
            code = corpctlMain(static_cast<int>(argv.size()), argv.data(),
                               Console{std::cout, std::cerr, std::cin});
            std::cout.flush();
        } catch (...) {
        }
        ::_exit(code);
    }
    Child(Child const&) = delete;
    Child& operator=(Child const&) = delete;
    ~Child() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
        ::close(out_);
    }

    void signal(int number) const { ::kill(pid_, number); }
    /** The first line since mark() with this in it; reads on until there is one. Empty, and a failure, when
     * none comes. */
    std::string lineWith(std::string const& part, std::chrono::seconds patience = 60s) {
        Steady::time_point const until = Steady::now() + patience;
        for (std::size_t at = mark_;;) {
            for (std::size_t end = text_.find('\n', at); end != std::string::npos;
                 end = text_.find('\n', at)) {
                std::string line = text_.substr(at, end - at);
                at = end + 1;
                if (has(line, part)) return line;
            }
            if (!readMore(until)) {
                FAIL_CHECK("no line with \"" << part << "\" in:\n" << text_);
                return {};
            }
        }
    }
    /** What was read so far is old. */
    void mark() { mark_ = text_.rfind('\n') + 1; }
    /** Its exit code, once all it prints is read; -1 when it does not end, or not by itself. */
    int wait(std::chrono::seconds patience = 60s) {
        Steady::time_point const until = Steady::now() + patience;
        while (readMore(until)) {
        }
        int status = 0;
        while (::waitpid(pid_, &status, WNOHANG) == 0) {
            if (Steady::now() > until) return -1;
            ::usleep(1000);
        }
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    [[nodiscard]] std::string const& text() const { return text_; }

private:
    /** False at the end, and when nothing comes for too long. */
    bool readMore(Steady::time_point until) {
        auto const left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Steady::now());
        if (left <= 0ms) return false;
        pollfd waiting{out_, POLLIN, 0};
        if (::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return false;
        char buffer[4096];
        ::ssize_t const n = ::read(out_, buffer, sizeof buffer);
        if (n <= 0) return false;
        text_.append(buffer, static_cast<std::size_t>(n));
        return true;
    }

    ::pid_t pid_ = -1;
    int out_ = -1;
    std::string text_;
    std::size_t mark_ = 0;
};

/** A socket to 127.0.0.1. */
class Socket {
public:
    Socket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    }
    Socket(Socket const&) = delete;
    Socket& operator=(Socket const&) = delete;
    ~Socket() { ::close(fd_); }

    /** Takes connections and never says anything. */
    std::uint16_t listen() {
        ::socklen_t size = sizeof address_;
        auto* const at = reinterpret_cast<sockaddr*>(&address_);
        if (::bind(fd_, at, size) != 0 || ::listen(fd_, 8) != 0 || ::getsockname(fd_, at, &size) != 0)
            throw std::runtime_error("cannot listen");
        return ::ntohs(address_.sin_port);
    }
    /** Sends this, and reads until the other end closes. */
    std::string ask(std::uint16_t port, std::string const& request) {
        address_.sin_port = ::htons(port);
        if (::connect(fd_, reinterpret_cast<sockaddr*>(&address_), sizeof address_) != 0)
            throw std::runtime_error("cannot connect");
        if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) < 0)
            throw std::runtime_error("cannot send");
        std::string out;
        char buffer[4096];
        for (::ssize_t n = 0; (n = ::recv(fd_, buffer, sizeof buffer, 0)) > 0;)
            out.append(buffer, static_cast<std::size_t>(n));
        return out;
    }

private:
    int fd_;
    sockaddr_in address_{};
};

/** An application directory and a store. */
class Bench {
public:
    Bench() {
        std::string name = (std::filesystem::temp_directory_path() / "corps-watch-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        dir_ = name;
    }
    Bench(Bench const&) = delete;
    Bench& operator=(Bench const&) = delete;
    ~Bench() {
        std::error_code ignored;
        std::filesystem::remove_all(dir_, ignored);
    }

    void write(std::string const& path, std::string const& text) const {
        std::filesystem::create_directories((dir_ / path).parent_path());
        std::ofstream(dir_ / path) << text;
    }
    /** @param more keys of the business file. */
    void corp(std::string const& name, Kind kind, std::string const& baseUrl,
              std::string const& more = {}) const {
        std::string type, keys = R"({"baseUrl": ")" + baseUrl + R"(", )" + more + (more.empty() ? "" : ", ");
        switch (kind) {
            case Kind::feishu:
                type = "FSInnerType";
                keys += R"("appId": "cli_1", "appSecret": "s3cret", "userIdType": "user_id",)"
                        R"( "departmentIdType": "department_id"})";
                break;
            case Kind::dingTalk:
                type = "DDInnerType";
                keys += R"("corpId": "ding1", "agentId": 1, "appKey": "key1", "appSecret": "s3cret"})";
                break;
            case Kind::weCom:
                type = "QywxInnerType";
                keys += R"("corpId": "ww1", "agentId": 1000002, "secret": "s3cret"})";
                break;
            case Kind::proxy: throw std::invalid_argument("an enterprise of a provider comes with its suite");
        }
        write("app/corps/" + name + "/e.json",
              R"({"title": ")" + name + R"(", "type": "corps.)" + type + R"("})");
        write("app/corps/" + name + "/" + name + ".json", keys);
    }
    [[nodiscard]] std::vector<std::string> words(std::vector<std::string> const& command) const {
        std::vector<std::string> out{"--app", (dir_ / "app").string(), "--store",
                                     "sqlite:" + (dir_ / "corps.db").string()};
        out.insert(out.end(), command.begin(), command.end());
        return out;
    }
    /** In this process. */
    [[nodiscard]] std::string run(std::vector<std::string> const& command) const {
        std::vector<std::string> const all = words(command);
        std::vector<char const*> argv{"corpctl"};
        for (std::string const& w : all) argv.push_back(w.c_str());
        std::ostringstream out;
        std::istringstream in;
        int const code = corpctlMain(static_cast<int>(argv.size()), argv.data(), Console{out, out, in});
        return "exit " + std::to_string(code) + "\n" + out.str();
    }

private:
    std::filesystem::path dir_;
};

/** Sends a request to 127.0.0.1 and gives the answer with its head. */
std::string post(std::uint16_t port, std::string const& target, std::string const& body) {
    return Socket().ask(port, "POST " + target +
                                  " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: " +
                                  std::to_string(body.size()) + "\r\n\r\n" + body);
}
/** The text after "name": of a JSON text. */
std::string textIn(std::string const& json, std::string const& name) {
    std::size_t const at = json.find("\"" + name + "\"");
    REQUIRE(at != std::string::npos);
    std::size_t const from = json.find('"', json.find(':', at)) + 1;
    return json.substr(from, json.find('"', from) - from);
}

constexpr char const* kToken = "orgSyncToken01";
constexpr char const* kAesKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/** An event as WeCom sends it now. */
std::string sendEvent(std::uint16_t port, std::string const& path, std::string const& xml,
                      std::string const& receiver, char const* token = kToken) {
    MessageCrypt const crypt{Secret(token), Secret(kAesKey)};
    std::string const now = std::to_string(std::time(nullptr));
    std::string const encrypted = crypt.encrypt(xml, receiver);
    return post(port,
                path + "?msg_signature=" + crypt.signature(now, "n0nce", encrypted) + "&timestamp=" + now +
                    "&nonce=n0nce",
                "<xml><ToUserName><![CDATA[" + receiver + "]]></ToUserName><Encrypt><![CDATA[" + encrypted +
                    "]]></Encrypt></xml>");
}

constexpr char const* kSuiteId = "dk0123456789abcdef";

/** An emulated provider of WeCom with two enterprises that have not authorised it yet, in a process of its
 * own. */
class Provider {
public:
    Provider() {
        int out[2];
        if (::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
        pid_ = ::fork();
        if (pid_ < 0) throw std::runtime_error("no process");
        if (pid_ == 0) {
            try {
                emulator::WeComProxyOptions options;
                options.authorised = false;
                emulator::WeComSuite suite;
                suite.suiteId = kSuiteId;
                suite.token = kToken;
                suite.encodingAESKey = kAesKey;
                options.suites.push_back(suite);
                std::vector<emulator::Organisation> enterprises{emulator::generate(20, 5),
                                                                emulator::generate(30, 6)};
                enterprises[0].corpId = "wwalpha";
                enterprises[1].corpId = "wwbeta";
                emulator::WeComProxyServer const server(std::move(options), std::move(enterprises));
                std::string const url = server.baseUrl() + "\n";
                if (::write(out[1], url.data(), url.size()) > 0) ::pause();
            } catch (std::exception const& e) {
                std::cerr << e.what() << '\n';
            }
            ::_exit(1);
        }
        ::close(out[1]);
        for (char c = 0; ::read(out[0], &c, 1) == 1 && c != '\n';) url_ += c;
        ::close(out[0]);
        if (url_.empty()) throw std::runtime_error("no provider");
    }
    Provider(Provider const&) = delete;
    Provider& operator=(Provider const&) = delete;
    ~Provider() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    [[nodiscard]] std::string const& url() const { return url_; }
    /** What somebody does at a console; the answer. */
    [[nodiscard]] std::string act(std::string const& what, std::string const& json) const {
        auto const port = static_cast<std::uint16_t>(std::stoul(url_.substr(url_.rfind(':') + 1)));
        std::string const out = post(port, "/_emulator/" + what, json);
        INFO(out);
        REQUIRE(has(out, " 200 "));
        return out;
    }

private:
    ::pid_t pid_ = -1;
    std::string url_;
};

/** A variable of the environment, while this lives. */
class Variable {
public:
    Variable(char const* name, std::string const& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
    Variable(Variable const&) = delete;
    Variable& operator=(Variable const&) = delete;
    ~Variable() { ::unsetenv(name_); }

private:
    char const* name_;
};

void writeSuite(Bench const& bench, Provider const& provider) {
    bench.write("app/auths/Suite/e.json", R"({"title": "A suite", "type": "auths.QywxProxyAuth"})");
    bench.write("app/auths/Suite/Suite.json",
                R"({"suiteId": ")" + std::string(kSuiteId) + R"(", "suiteSecret": "s3cret", "token": ")" +
                    kToken + R"(", "encodingAESKey": ")" + kAesKey +
                    R"(", "providerCorpId": "wwprovider00000001", "baseUrl": ")" + provider.url() + "\"}");
}

std::string suiteXml(std::string const& kind, std::string const& rest) {
    return "<xml><SuiteId><![CDATA[" + std::string(kSuiteId) + "]]></SuiteId><InfoType><![CDATA[" + kind +
           "]]></InfoType><TimeStamp>" + std::to_string(std::time(nullptr)) + "</TimeStamp>" + rest +
           "</xml>";
}

std::uint16_t portIn(std::string const& line) {
    std::size_t const colon = line.rfind(':');
    return colon == std::string::npos ? std::uint16_t{0}
                                      : static_cast<std::uint16_t>(std::stoul(line.substr(colon + 1)));
}

}  // namespace

TEST_CASE(
    "corpctl watch: every corp of the application follows its platform; one that is broken stops no other",
    "[integration][schedule]") {
    Kind const kind = GENERATE(Kind::feishu, Kind::dingTalk, Kind::weCom);
    emulator::Organisation org = emulator::generate(40, 11);
    Platform const platform(kind, org);
    Bench const bench;
    bench.corp("Demo", kind, platform.baseUrl());
    bench.corp("Lost", kind, platform.baseUrl() + "/nowhere");
    bench.write("app/corps/Own/e.json", R"({"title": "Our own", "type": "corps.NormalType"})");
    bench.write("app/corps/Broken/e.json", R"({"title": "Broken", "type": "corps.NoType"})");
    bench.write("app/auths/Suite/e.json", R"({"title": "Not a corp", "type": "auths.QywxProxyAuth"})");

    Child watch(bench.words({"watch", "--interval", "1", "--listen", "127.0.0.1:0"}));
    std::uint16_t const port = portIn(watch.lineWith("listening on 127.0.0.1:"));
    CHECK(has(watch.lineWith("corps.Broken"), "it is not watched"));
    CHECK(watch.lineWith("corps.Demo: watched") == "corps.Demo: watched, every 1 s");
    CHECK(has(watch.lineWith("corps.Own"), "edited here"));
    CHECK(has(watch.lineWith("corps.Demo: done"), "members +"));

    // The platform changes, and the schedule brings it.
    watch.mark();
    org.userList.front().nick = "Renamed";
    platform.show(org);
    CHECK(has(watch.lineWith("corps.Demo: done"), "members ~1"));
    CHECK(has(watch.text(), "corps.Lost"));

    watch.mark();
    watch.signal(SIGUSR1);
    CHECK(watch.lineWith(", 0 failed").starts_with("corps.Demo: "));
    CHECK(has(Socket().ask(port, "GET /secret HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "404"));
    CHECK(has(Socket().ask(port, "nonsense\r\n\r\n"), "400"));

    watch.signal(SIGTERM);
    CHECK(watch.wait() == 0);
    CHECK(has(watch.text(), "stopping\n"));
    CHECK(watch.text().ends_with("stopped\n"));
    CHECK_FALSE(has(watch.text(), "auths"));
    CHECK(has(bench.run({"members", "corps.Demo"}), "Renamed"));
    CHECK(has(bench.run({"verify", "corps.Demo"}), "exit 0"));
}

TEST_CASE("corpctl watch: a callback brings a sync at once, a forged one nothing",
          "[integration][schedule]") {
    emulator::Organisation org = emulator::generate(20, 4);
    Platform const platform(Kind::weCom, org);
    Bench const bench;
    bench.corp("Deaf", Kind::weCom, platform.baseUrl());
    bench.corp("Demo", Kind::weCom, platform.baseUrl(),
               R"("callback": {"token": ")" + std::string(kToken) + R"(", "aesKey": ")" + kAesKey + "\"}");
    Child watch(bench.words({"watch", "--listen", "127.0.0.1:0", "--settle", "0", "--distance", "0"}));
    std::uint16_t const port = portIn(watch.lineWith("listening on"));
    CHECK(has(watch.lineWith("takes callbacks"), "/callback/corps.Demo"));
    watch.lineWith("corps.Demo: done");
    watch.lineWith("corps.Deaf: done");

    watch.mark();
    org.userList.front().nick = "Renamed";
    platform.show(org);
    // A little later than the sync that is over, by a clock of whole seconds.
    std::string const xml =
        "<xml><ToUserName><![CDATA[ww1]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>"
        "<CreateTime>" +
        std::to_string(std::time(nullptr) + 2) +
        "</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_contact]]></Event>"
        "<ChangeType>update_user</ChangeType><UserID><![CDATA[" +
        org.userList.front().memberId + "]]></UserID></xml>";
    CHECK(has(sendEvent(port, "/callback/corps.Demo", xml, "ww1", "another token"), "HTTP/1.1 4"));
    CHECK(has(sendEvent(port, "/callback/corps.Deaf", xml, "ww1"), "404"));
    CHECK(has(sendEvent(port, "/callback/corps.Demo", xml, "ww1"), "success"));
    CHECK(has(watch.lineWith("corps.Demo: done"), "members ~1"));
    watch.signal(SIGTERM);
    CHECK(watch.wait() == 0);
    CHECK(has(bench.run({"members", "corps.Demo"}), "Renamed"));
    CHECK_FALSE(has(bench.run({"members", "corps.Deaf"}), "Renamed"));  // its hour has not come
}

TEST_CASE("corpctl watch: each platform is heard when it calls back", "[integration][schedule]") {
    Kind const kind = GENERATE(Kind::feishu, Kind::dingTalk, Kind::weCom);
    CAPTURE(static_cast<int>(kind));
    std::string const key = kind == Kind::feishu ? "kudPQjXm4xJqGZ7e2TnV" : kAesKey;
    std::string const callback =
        kind == Kind::feishu
            ? R"("callback": {"verificationToken": ")" + std::string(kToken) + R"(", "encryptKey": ")" + key +
                  "\"}"
            : R"("callback": {"token": ")" + std::string(kToken) + R"(", "aesKey": ")" + key + "\"}";
    emulator::Organisation org = emulator::generate(20, 4);
    org.corpId = kind == Kind::dingTalk ? "ding1" : "ww1";  // as the business file has it: events name it
    Platform const platform(kind, org);
    Bench const bench;
    bench.corp("Demo", kind, platform.baseUrl(), callback);
    Child watch(bench.words({"watch", "--listen", "127.0.0.1:0", "--settle", "0", "--distance", "0"}));
    std::string const address = watch.lineWith("takes callbacks");
    watch.lineWith("corps.Demo: done");
    watch.mark();

    // At the platform's console: the address, which it asks at once.
    std::string const named = post(portIn(platform.baseUrl()), "/_emulator/callback",
                                   R"({"url": ")" + address.substr(0, address.find(' ')) +
                                       R"(", "token": ")" + kToken + R"(", "aesKey": ")" + key + "\"}");
    INFO(named);
    REQUIRE(has(named, " 200 "));
    // Somebody comes: not every platform tells of every change.
    emulator::Member somebody = org.userList.front();
    somebody.memberId = "somebody";
    somebody.nick = "Somebody";
    somebody.unionId = somebody.phone = somebody.email = somebody.jobNumber = "";
    org.userList.push_back(somebody);
    platform.show(org);
    CHECK(has(watch.lineWith("members +1"), "corps.Demo: done"));
    watch.signal(SIGTERM);
    CHECK(watch.wait() == 0);
    CHECK(has(bench.run({"members", "corps.Demo"}), "Somebody"));
}

TEST_CASE("corpctl watch: enterprises of a suite are watched when they authorise, and until they withdraw",
          "[integration][schedule]") {
    Provider const provider;
    Bench const bench;
    writeSuite(bench, provider);
    Variable const key("CORPS_STORE_KEY", "a key for tests");
    std::string const ticket = textIn(provider.act("ticket", "{}"), "suiteTicket");
    Child watch(bench.words({"watch", "--listen", "127.0.0.1:0"}));
    std::uint16_t const port = portIn(watch.lineWith("listening on"));
    CHECK(has(watch.lineWith("takes callbacks"), "/suite/auths.Suite"));
    watch.lineWith("auths.Suite: its enterprises are watched");

    auto const send = [&](std::string const& kind, std::string const& rest) {
        return has(sendEvent(port, "/suite/auths.Suite", suiteXml(kind, rest), kSuiteId), "success");
    };
    CHECK(send("suite_ticket", "<SuiteTicket><![CDATA[" + ticket + "]]></SuiteTicket>"));
    std::string const code = textIn(provider.act("authorise", R"({"corp": "wwalpha"})"), "authCode");
    CHECK(send("create_auth", "<AuthCode><![CDATA[" + code + "]]></AuthCode><State></State>"));
    CHECK(has(watch.lineWith("has authorised the suite"), "auths.Suite: "));
    std::string const done = watch.lineWith(": done: ");
    CHECK(done.starts_with("corps." + std::string(kSuiteId) + "_"));
    CHECK(has(done, "members +"));
    std::string const name = done.substr(0, done.find(':'));
    std::string const corpId = name.substr(name.find('_') + 1);

    static_cast<void>(provider.act("cancel", R"({"corp": "wwalpha"})"));
    CHECK(send("cancel_auth", "<AuthCorpId><![CDATA[" + corpId + "]]></AuthCorpId>"));
    CHECK(has(watch.lineWith("has withdrawn its authorisation"), corpId));
    CHECK(watch.lineWith("it is watched no more").starts_with(name));
    watch.signal(SIGTERM);
    CHECK(watch.wait() == 0);
    CHECK_FALSE(has(watch.text(), ticket));
    CHECK_FALSE(has(watch.text(), code));
}

TEST_CASE("corpctl authorize: a person brings the code where no callback can, and watch finds the enterprise",
          "[integration][schedule]") {
    Provider const provider;
    Bench const bench;
    writeSuite(bench, provider);
    std::string const ticket = textIn(provider.act("ticket", "{}"), "suiteTicket");
    std::string const code = textIn(provider.act("authorise", R"({"corp": "wwbeta"})"), "authCode");
    {
        std::string const out = bench.run({"authorize", code, "auths.Suite"});
        CHECK(has(out, "exit 1"));  // nothing can be kept without a key
        CHECK_FALSE(has(out, code));
    }
    Variable const key("CORPS_STORE_KEY", "a key for tests");
    Variable const given("CORPS_SUITE_TICKET", ticket);
    std::string const out = bench.run({"authorize", code, "auths.Suite"});
    INFO(out);
    CHECK(has(out, "exit 0"));
    CHECK(has(out, "\tcorps." + std::string(kSuiteId) + "_"));
    CHECK_FALSE(has(out, code));
    CHECK(has(bench.run({"authorize", code, "auths.Suite"}), "exit 1"));  // it works once

    Child watch(bench.words({"watch", "auths.Suite"}));
    CHECK(has(watch.lineWith(": done: "), "members +"));
    watch.signal(SIGTERM);
    CHECK(watch.wait() == 0);
    CHECK(has(bench.run({"authorize", "auths.Suite"}), "exit 2"));
    CHECK(has(bench.run({"authorize", code, "corps.Demo"}), "exit 2"));
}

TEST_CASE("corpctl watch: only the corps that are named", "[integration][schedule]") {
    Platform const platform(Kind::weCom, emulator::generate(10, 3));
    Bench const bench;
    bench.corp("One", Kind::weCom, platform.baseUrl());
    bench.corp("Two", Kind::weCom, platform.baseUrl());
    Child watch(bench.words({"watch", "corps.Two", "corps.Missing"}));
    CHECK(has(watch.lineWith("corps.Missing"), "it is not watched"));
    CHECK(has(watch.lineWith("corps.Two: done"), "next in"));
    watch.signal(SIGINT);
    CHECK(watch.wait() == 0);
    CHECK_FALSE(has(watch.text(), "corps.One: "));
}

TEST_CASE("corpctl watch: stopped in the middle of a sync, it ends at once and has written nothing",
          "[integration][schedule]") {
    Socket silent;
    Bench const bench;
    bench.corp("Demo", Kind::feishu, "http://127.0.0.1:" + std::to_string(silent.listen()));
    Child watch(bench.words({"watch"}));
    watch.lineWith("corps.Demo: first sync");
    Steady::time_point const asked = Steady::now();
    watch.signal(SIGTERM);
    CHECK(watch.wait() == 0);
    CHECK(Steady::now() - asked < 10s);  // not the deadline of a request
    CHECK(has(watch.text(), "corps.Demo: its sync was stopped; nothing of it is written\n"));
    CHECK(bench.run({"members", "corps.Demo"}) == "exit 0\n");
}

TEST_CASE("corpctl watch: nothing to watch, or no place to listen, is an error", "[integration][schedule]") {
    Bench const bench;
    bench.write("app/corps/Own/e.json", R"({"title": "Our own", "type": "corps.NormalType"})");
    std::string const nothing = bench.run({"watch"});
    CHECK(has(nothing, "exit 1"));
    CHECK(has(nothing, "there is nothing to watch"));
    Socket taken;
    std::string const port = std::to_string(taken.listen());
    std::string const noPlace = bench.run({"watch", "--listen", "127.0.0.1:" + port});
    CHECK(has(noPlace, "exit 1"));
    CHECK(has(noPlace, "cannot listen on 127.0.0.1:" + port));
}

}  // namespace integration_watch_test
