// What carries the events of every emulated platform.
#include "support/tls_server.hpp"
#include "unit/emulator/callback_receiver.hpp"

#include <corps/emulator/emulator.hpp>
#include <corps/emulator/impl/callback_sender.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace emulator_callback_sender_test {
namespace {

using namespace corps::emulator;
using namespace std::chrono_literals;
using corps::emulator::detail::CallbackJob;
using corps::emulator::detail::CallbackMessage;
using corps::emulator::detail::CallbackSender;
using corps::emulator::detail::CallbackSpoil;
using emulator_test::Receiver;
using emulator_test::replyOf;
using State = CallbackRecord::State;

/** A clock that stands until it is moved. */
struct StandingClock {
    std::atomic<std::int64_t> ms = 1'000'000;
    std::function<std::int64_t()> reader() {
        return [this] { return ms.load(); };
    }
};

CallbackJob job(const std::string& url, const std::string& text) {
    CallbackJob out;
    out.receiver = "app";
    out.event = "changed";
    out.text = text;
    out.timeout = 30s;  // real time; no test waits for it
    out.connectTimeout = 30s;
    out.write = [url, text](std::int64_t, CallbackSpoil) {
        CallbackMessage message;
        message.url = url;
        message.headers = {{"Content-Type", "text/plain"}, {"X-Signature", "s"}};
        message.body = text;
        return message;
    };
    out.judge = [](int status, const std::string& body) -> std::string {
        return status == 200 && body == "success" ? "" : "expected success";
    };
    return out;
}

HttpReply success(const HttpRequest&) { return replyOf(200, "success"); }

std::vector<std::string> bodies(const Receiver& receiver) {
    std::vector<std::string> out;
    for (const HttpRequest& request : receiver.requests()) {
        out.push_back(request.body);
    }
    return out;
}

}  // namespace

TEST_CASE("emulator: a callback arrives as it was written, and the log says how it was answered",
          "[emulator][callbacks-emu]") {
    Receiver receiver(success);
    StandingClock clock;
    CallbackSender sender(clock.reader(), false);
    sender.send(job(receiver.url("/hook?a=1"), "hello"));
    REQUIRE(sender.wait(10s));

    const auto requests = receiver.requests();
    REQUIRE(requests.size() == 1);
    CHECK(requests[0].method == "POST");
    CHECK(requests[0].target == "/hook?a=1");
    CHECK(requests[0].header("Content-Type") == "text/plain");
    CHECK(requests[0].header("X-Signature") == "s");
    CHECK(requests[0].body == "hello");

    const auto records = sender.records();
    REQUIRE(records.size() == 1);
    CHECK(records[0].state == State::accepted);
    CHECK(records[0].event == "changed");
    CHECK(records[0].text == "hello");
    REQUIRE(records[0].attempts.size() == 1);
    CHECK(records[0].attempts[0].atMs == 1'000'000);
    CHECK(records[0].attempts[0].status == 200);
    CHECK(records[0].attempts[0].answer == "success");
    CHECK(records[0].attempts[0].accepted);

    sender.forget();
    CHECK(sender.records().empty());
}

TEST_CASE(
    "emulator: callbacks of one receiver keep their order, and one that is tried again does not hold them up",
    "[emulator][callbacks-emu]") {
    Receiver receiver([](const HttpRequest& request) {
        return replyOf(200, request.body == "first" ? "what?" : "success");
    });
    StandingClock clock;
    CallbackSender sender(clock.reader(), false);
    auto first = job(receiver.url(), "first");
    first.retries = {15s};
    sender.send(first);
    for (int i = 0; i < 50; ++i) {
        sender.send(job(receiver.url(), std::to_string(i)));
    }
    REQUIRE(sender.wait(20s));
    auto got = bodies(receiver);
    REQUIRE(got.size() == 51);
    CHECK(got[0] == "first");
    for (std::size_t i = 0; i < 50; ++i) {
        CHECK(got[i + 1] == std::to_string(i));
    }
}

TEST_CASE("emulator: retries follow the clock of the server, not the machine's",
          "[emulator][callbacks-emu]") {
    Receiver receiver([](const HttpRequest&) { return replyOf(500, ""); });
    StandingClock clock;
    CallbackSender sender(clock.reader(), false);
    auto once = job(receiver.url(), "again");
    once.retries = {15s, 5min};
    sender.send(once);
    REQUIRE(sender.wait(10s));
    CHECK(receiver.requests().size() == 1);
    CHECK(sender.records()[0].dueMs == 1'015'000);

    clock.ms += 14'999;
    sender.wake();
    REQUIRE(sender.wait(10s));
    CHECK(receiver.requests().size() == 1);

    clock.ms += 1;  // without a word: the sender looks at a clock that it does not know
    REQUIRE(sender.wait(10s));
    CHECK(receiver.requests().size() == 2);

    receiver.answer(success);
    clock.ms += 300'000;
    sender.wake();
    REQUIRE(sender.wait(10s));
    const auto records = sender.records();
    CHECK(records[0].state == State::accepted);
    REQUIRE(records[0].attempts.size() == 3);
    CHECK(records[0].attempts[0].error == "expected success");
    CHECK(records[0].attempts[1].atMs == 1'015'000);
    CHECK(records[0].attempts[2].atMs == 1'315'000);
}

TEST_CASE("emulator: a callback without tries left has failed, and its maker hears of it once",
          "[emulator][callbacks-emu]") {
    Receiver receiver([](const HttpRequest&) { return replyOf(200, "no"); });
    StandingClock clock;
    CallbackSender sender(clock.reader(), false);
    std::atomic<int> heard = 0;
    auto failing = job(receiver.url(), "x");
    failing.retries = {10s};
    failing.done = [&](const CallbackRecord& record) {
        heard += record.state == State::failed && record.attempts.size() == 2 ? 1 : 100;
    };
    sender.send(failing);
    REQUIRE(sender.wait(10s));
    CHECK(heard == 0);
    clock.ms += 10'000;
    REQUIRE(sender.wait(10s));
    CHECK(heard == 1);
    CHECK(sender.records()[0].state == State::failed);
}

TEST_CASE("emulator: where only silence is tried again, a wrong answer is the end",
          "[emulator][callbacks-emu]") {
    Receiver receiver([](const HttpRequest&) { return replyOf(500, "broken"); });
    StandingClock clock;
    CallbackSender sender(clock.reader(), false);
    auto refused = job(receiver.url(), "refused");
    refused.retries = {0s, 0s};
    refused.retryRefused = false;
    sender.send(refused);
    REQUIRE(sender.wait(10s));
    CHECK(receiver.requests().size() == 1);

    receiver.answer([](const HttpRequest&) {
        HttpReply cut = replyOf(200, "success");
        cut.ending = HttpReply::Ending::reset;
        return cut;
    });
    auto cut = job(receiver.url(), "cut");
    cut.retries = {0s, 0s};
    cut.retryRefused = false;
    sender.send(cut);
    REQUIRE(sender.wait(10s));
    CHECK(receiver.requests().size() == 4);

    const auto records = sender.records();
    CHECK(records[0].state == State::failed);
    CHECK(records[0].attempts.size() == 1);
    CHECK(records[1].state == State::failed);
    REQUIRE(records[1].attempts.size() == 3);
    CHECK_FALSE(records[1].attempts[2].answered);
    CHECK(records[1].attempts[2].error.starts_with("no whole answer"));
}

TEST_CASE("emulator: nobody listens, and an answer that comes too late", "[emulator][callbacks-emu]") {
    StandingClock clock;
    CallbackSender sender(clock.reader(), false);
    Receiver gone(success);
    const std::string url = gone.url();
    gone.stop();
    sender.send(job(url, "x"));
    REQUIRE(sender.wait(10s));
    CHECK(sender.records()[0].attempts[0].error.starts_with("no connection"));

    Receiver slow([](const HttpRequest&) {
        HttpReply late = replyOf(200, "success");
        late.delay = 1h;
        return late;
    });
    auto hurried = job(slow.url(), "y");
    hurried.timeout = 20ms;
    sender.send(hurried);
    REQUIRE(sender.wait(10s));
    const auto late = sender.records()[1];
    CHECK(late.state == State::failed);
    CHECK(late.attempts[0].error.find("within 20 ms") != std::string::npos);
}

TEST_CASE("emulator: one who does not answer holds nobody else up", "[emulator][callbacks-emu]") {
    Receiver mute([](const HttpRequest&) {
        HttpReply late = replyOf(200, "success");
        late.delay = 1h;
        return late;
    });
    Receiver receiver(success);
    StandingClock clock;
    CallbackSender sender(clock.reader(), false);
    std::promise<void> arrived;
    sender.send(job(mute.url(), "stuck"));
    auto other = job(receiver.url(), "through");
    other.receiver = "another app";
    other.done = [&arrived](const CallbackRecord&) { arrived.set_value(); };
    sender.send(other);
    REQUIRE(arrived.get_future().wait_for(10s) == std::future_status::ready);
    CHECK_FALSE(sender.idle());
    CHECK_FALSE(sender.wait(0ms));
    sender.stop();  // cuts what is on its way
    CHECK(sender.idle());
    sender.send(job(receiver.url(), "after the end"));
    CHECK(receiver.requests().size() == 1);
}

TEST_CASE("emulator: several callbacks of a receiver are on their way at once where it says so",
          "[emulator][callbacks-emu]") {
    std::mutex mutex;
    std::condition_variable all;
    int inside = 0;
    // The receiver of each event answers when the other is there, too: one at a time would never end.
    const auto together = [&](const HttpRequest&) {
        std::unique_lock lock(mutex);
        ++inside;
        all.notify_all();
        return replyOf(200, all.wait_for(lock, 10s, [&] { return inside == 2; }) ? "success" : "alone");
    };
    Receiver one(together);
    Receiver two(together);
    StandingClock clock;
    CallbackSender sender(clock.reader(), false);
    for (const Receiver* to : {&one, &two}) {
        auto parallel = job(to->url(), "x");
        parallel.connections = 2;
        sender.send(parallel);
    }
    REQUIRE(sender.wait(20s));
    const auto records = sender.records();
    CHECK(records[0].state == State::accepted);
    CHECK(records[1].state == State::accepted);
}

TEST_CASE("emulator: a callback over TLS takes any certificate", "[emulator][callbacks-emu]") {
    const support::TlsIdentity identity = support::makeIdentity(nullptr);
    const auto directory =
        std::filesystem::temp_directory_path() / ("corps-callback-" + std::to_string(std::random_device()()));
    std::filesystem::create_directory(directory);
    HttpServerOptions options;
    options.certificateFile = (directory / "cert.pem").string();
    options.keyFile = (directory / "key.pem").string();
    std::ofstream(options.certificateFile) << identity.certificatePem();
    std::ofstream(options.keyFile) << identity.keyPem();
    {
        Receiver receiver(success, options);
        StandingClock clock;
        CallbackSender sender(clock.reader(), false);
        sender.send(job(receiver.url(), "secret"));
        auto named = job("https://localhost:" + receiver.url("").substr(18), "by name");
        sender.send(named);
        REQUIRE(sender.wait(20s));
        for (const CallbackRecord& record : sender.records()) {
            CAPTURE(record.attempts.at(0).error);
            CHECK(record.state == State::accepted);
        }
        CHECK(bodies(receiver) == std::vector<std::string>{"secret", "by name"});
    }
    std::filesystem::remove_all(directory);
}

TEST_CASE("emulator: what cannot be sent is a failure that says why", "[emulator][callbacks-emu]") {
    StandingClock clock;
    CallbackSender sender(clock.reader(), false);
    auto ftp = job("ftp://127.0.0.1/", "x");
    ftp.retries = {0s};
    sender.send(ftp);
    auto thrown = job("", "x");
    thrown.write = [](std::int64_t, CallbackSpoil) -> CallbackMessage {
        throw std::invalid_argument("no key");
    };
    sender.send(thrown);
    REQUIRE(sender.wait(10s));
    const auto records = sender.records();
    REQUIRE(records[0].attempts.size() == 1);
    CHECK(records[0].attempts[0].error.find("https:// or http://") != std::string::npos);
    CHECK(records[1].attempts[0].error == "no key");
}

TEST_CASE("emulator: what waits for a receiver that is dropped is not sent", "[emulator][callbacks-emu]") {
    Receiver receiver([](const HttpRequest&) { return replyOf(500, ""); });
    StandingClock clock;
    CallbackSender sender(clock.reader(), false);
    auto waiting = job(receiver.url(), "x");
    waiting.retries = {10s};
    sender.send(waiting);
    REQUIRE(sender.wait(10s));
    sender.drop("somebody else");
    CHECK(sender.records()[0].state == State::waiting);
    sender.drop("app");
    CHECK(sender.records()[0].state == State::failed);
    clock.ms += 10'000;
    REQUIRE(sender.wait(10s));
    CHECK(receiver.requests().size() == 1);
}

TEST_CASE("emulator: an alarm rings once, when the clock has come so far", "[emulator][callbacks-emu]") {
    StandingClock clock;
    CallbackSender sender(clock.reader(), false);
    std::atomic<int> rung = 0;
    sender.wakeAt("a", 1'000'500, [&] { ++rung; });
    sender.wakeAt("b", 1'000'500, [&] { rung += 100; });
    sender.wakeAt("b", 1'000'600, [&] { rung += 10; });  // in place of the former
    sender.wakeAt("c", 1'000'500, [&] { rung += 1000; });
    sender.forgetAlarm("c");
    CHECK(sender.wait(10s));
    CHECK(rung == 0);
    clock.ms = 1'000'500;
    CHECK(sender.wait(30s));
    CHECK(rung == 1);
    // What rings may set the next one.
    sender.wakeAt("a", 1'000'600, [&] { sender.wakeAt("a", 1'000'700, [&] { ++rung; }); });
    clock.ms = 1'000'700;
    CHECK(sender.wait(30s));
    CHECK(rung == 12);
}

TEST_CASE("emulator: the log keeps the last ten thousand that are over", "[emulator][callbacks-emu]") {
    StandingClock clock;
    CallbackSender sender(clock.reader(), false);
    const auto lost = job("http://127.0.0.1:9/", "x");
    for (int i = 0; i < 10'001; ++i) {
        sender.lose(lost);
    }
    const auto records = sender.records();
    REQUIRE(records.size() == 10'000);
    CHECK(records.front().id == 2);
    CHECK(records.back().id == 10'001);
    CHECK(records.back().state == State::lost);
}

TEST_CASE("emulator: faults of callbacks in JSON", "[emulator][callbacks-emu]") {
    const auto faults = parseCallbackFaults(
        R"([{"kind":"delayed","match":"user","times":-1,"after":2,"probability":0.5,"delayMs":250},{"kind":"garbled"}])");
    REQUIRE(faults.size() == 2);
    CHECK(faults[0].kind == CallbackFaultKind::delayed);
    CHECK(faults[0].match == "user");
    CHECK(faults[0].times == -1);
    CHECK(faults[0].after == 2);
    CHECK(faults[0].delay == 250ms);
    CHECK(faults[1].kind == CallbackFaultKind::garbled);
    for (const char* wrong : {R"({"kind":"vanished"})", R"({"kind":"lost","times":-2})",
                              R"({"kind":"delayed","delayMs":-1})", "[1]", "{"}) {
        CAPTURE(wrong);
        CHECK_THROWS_AS(parseCallbackFaults(wrong), FaultError);
    }
    for (const CallbackFaultKind kind :
         {CallbackFaultKind::lost, CallbackFaultKind::doubled, CallbackFaultKind::shuffled,
          CallbackFaultKind::delayed, CallbackFaultKind::answerLost, CallbackFaultKind::wrongSignature,
          CallbackFaultKind::garbled}) {
        const auto read = parseCallbackFaults("{\"kind\":\"" + std::string(toString(kind)) + "\"}");
        CHECK(read.at(0).kind == kind);
    }
}

}  // namespace emulator_callback_sender_test
