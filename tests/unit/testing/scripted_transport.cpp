#include <corps/context/context.hpp>
#include <corps/testing/failure_counter.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/testing/scripted_transport.hpp>
#include <corps/transport/channel.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace testing_scripted_transport_test {
namespace {

using namespace corps;
using namespace std::chrono_literals;
using testing::FailureCounter;
using testing::Fault;
using testing::ManualClock;
using testing::ScriptedTransport;

static_assert(Transport<ScriptedTransport>);

Request get(std::string endpoint) {
    Request q("GET", "https://example.org/x?secret=1", std::move(endpoint));
    q.timeout = 2s;
    return q;
}

// What a call came to: the body, or the error's text.
std::string outcome(Context const& context, ScriptedTransport const& net, std::string endpoint = "GET /x") {
    try {
        Response const p = context.run(net.send(get(std::move(endpoint))));
        return std::to_string(p.status) + " " + p.body;
    } catch (Error const& e) {
        return e.message();
    }
}

asio::awaitable<void> call(ScriptedTransport net, std::string endpoint, std::vector<std::string>& log) {
    Response const p = co_await net.send(get(endpoint));
    log.push_back(p.body);
}

}  // namespace

TEST_CASE("scripted transport: queue, endpoint handlers and general handler", "[testing][coroutine]") {
    Context const context;
    ScriptedTransport net([](Request const& q) { return Response(200, "general " + q.endpoint); });
    net.on("GET /a", [](Request const&) { return Response(200, "a"); });
    net.push(Response(429, "slow down")).push(Fault::connection());
    CHECK(outcome(context, net, "GET /a") == "200 a");
    CHECK(net.queued() == 2);
    CHECK(outcome(context, net) == "429 slow down");
    CHECK(outcome(context, net) == "connection reset");
    CHECK(outcome(context, net) == "200 general GET /x");
    CHECK(net.calls() == 4);
    CHECK(net.calls("GET /a") == 1);
    CHECK(net.requests().at(1).url == "https://example.org/x?secret=1");
    CHECK(net.inFlight() == 0);
}

TEST_CASE("scripted transport: a call that the script does not know fails for good", "[testing][coroutine]") {
    Context const context;
    ScriptedTransport const net;
    try {
        (void)context.run(net.send(get("GET /nowhere")));
        FAIL("answered");
    } catch (Error const& e) {
        CHECK(e.is(Errc::unsupported));
        CHECK_FALSE(e.retryable());
        CHECK(e.diagnostics().endpoint == "GET /nowhere");
    }
}

TEST_CASE("scripted transport: faults at a chosen call", "[testing][coroutine]") {
    auto const clock = std::make_shared<ManualClock>();
    clock->autoAdvance();
    ContextOptions options;
    options.clock = clock;
    Context const context(options);
    ScriptedTransport net([](Request const&) { return Response(200, "0123456789"); });
    net.delay(clock, 10ms);
    net.failAt(1, Fault::status(503, "busy"))
        .failAt(2, Fault::garbage())
        .failAt(3, Fault::truncated())
        .failAt(4, Fault::timeout())
        .failAt(5, Fault::error(std::make_exception_ptr(Error(Errc::config, "chosen"))));
    CHECK(outcome(context, net) == "200 0123456789");
    CHECK(outcome(context, net) == "503 busy");
    CHECK(outcome(context, net) == "200 <html><body>502 Bad Gateway</body></html>");
    CHECK(outcome(context, net) == "200 01234");
    Duration const before = clock->uptime();
    CHECK(outcome(context, net) == "timed out after 2000 ms");
    CHECK(clock->uptime() - before >= 2s);
    CHECK(outcome(context, net) == "chosen");
    CHECK(outcome(context, net) == "200 0123456789");
    net.delay(clock, 3s);  // later than the request allows
    CHECK(outcome(context, net) == "timed out after 2000 ms");
}

TEST_CASE("scripted transport: a call that hangs ends by cancellation", "[testing][coroutine]") {
    asio::io_context io;
    ScriptedTransport net;
    net.push(Fault::hang());
    std::vector<std::string> log;
    asio::cancellation_signal signal;
    bool aborted = false;
    asio::co_spawn(io, call(net, "GET /x", log),
                   asio::bind_cancellation_slot(
                       signal.slot(), [&aborted](std::exception_ptr e) { aborted = e != nullptr; }));
    io.poll();
    CHECK(net.inFlight() == 1);
    signal.emit(asio::cancellation_type::terminal);
    io.poll();
    CHECK(aborted);
    CHECK(net.inFlight() == 0);
}

TEST_CASE("scripted transport: concurrent calls overtake each other the same way each time",
          "[testing][coroutine]") {
    std::vector<std::string> first;
    for (int round = 0; round < 2; ++round) {
        asio::io_context io;
        ScriptedTransport net([](Request const& q) { return Response(200, q.endpoint); });
        net.interleave(20, 7);
        std::vector<std::string> log;
        for (char c = 'a'; c <= 'h'; ++c)
            asio::co_spawn(io, call(net, std::string(1, c), log), asio::detached);
        io.run();
        CHECK(net.maxConcurrent() == 8);
        CHECK(log.size() == 8);
        CHECK_FALSE(std::is_sorted(log.begin(), log.end()));
        if (round == 0) first = log;
        CHECK(log == first);
    }
}

TEST_CASE("failure counter: each step of an operation fails once, then it gets through",
          "[testing][coroutine]") {
    Context const context;
    std::vector<std::size_t> callsAtFailure;
    std::size_t const steps = testing::failAtEveryStep([&](FailureCounter const& counter) {
        ScriptedTransport net([](Request const&) { return Response(200, "page"); });
        net.failWith(counter);
        std::size_t done = 0;
        while (done < 3 && outcome(context, net) == "200 page") ++done;
        if (counter.failed()) callsAtFailure.push_back(net.calls());
        CHECK((done == 3) != counter.failed());
    });
    CHECK(steps == 3);
    CHECK(callsAtFailure == std::vector<std::size_t>{1, 2, 3});
    CHECK_THROWS_AS(testing::failAtEveryStep(
                        [](FailureCounter const& c) {
                            (void)c.due();
                            while (!c.failed()) (void)c.due();
                        },
                        5),
                    std::logic_error);
}

}  // namespace testing_scripted_transport_test
