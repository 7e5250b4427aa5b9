#include "support/tls_server.hpp"

#include <corps/context/context.hpp>
#include <corps/transport/https.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/system/system_error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace transport_https_test {
namespace {

using namespace corps;
using namespace std::chrono_literals;
using support::Gate;
using support::TlsIdentity;
using support::TlsServer;
using Peer = TlsServer::Peer;

static_assert(Transport<HttpsTransport>);

TlsIdentity const& authority() {
    static TlsIdentity const one = support::makeAuthority();
    return one;
}
TlsIdentity const& localhost() {
    static TlsIdentity const one = support::makeIdentity(&authority());
    return one;
}

HttpsOptions trusting() {
    HttpsOptions options;
    static support::TextFile const file(authority().certificatePem());
    options.caFile = file.path();
    return options;
}

Request request(std::string url, std::string method = "GET") {
    Request q(std::move(method), std::move(url), "GET /endpoint");
    q.timeout = 10s;
    return q;
}

// What a request came to: "200 body", or the error's text.
std::string outcome(Context const& context, HttpsTransport const& transport, Request q) {
    try {
        Response const p = context.run(transport.send(std::move(q)));
        return std::to_string(p.status) + ' ' + p.body;
    } catch (Error const& e) {
        CHECK(e.is(Errc::transport));
        CHECK(e.retryable());
        CHECK(e.diagnostics().endpoint == "GET /endpoint");
        return e.message();
    }
}
std::string outcome(HttpsTransport const& transport, Request q) {
    return outcome(Context(), transport, std::move(q));
}

// The outcome of one request to a server that answers with these bytes and closes.
std::string answeredWith(std::string const& bytes, std::size_t limit = 1000) {
    TlsServer const server(localhost(), [&bytes](Peer& peer) {
        if (peer.request()) peer.send(bytes);
    });
    Request q = request(server.url());
    q.maxResponseBytes = limit;
    return outcome(HttpsTransport(trusting()), std::move(q));
}

bool contains(std::string const& text, std::string const& part) {
    UNSCOPED_INFO(text);
    return text.find(part) != std::string::npos;
}

asio::awaitable<void> call(HttpsTransport transport, Request q, std::vector<std::string>& log) {
    std::string line;
    try {
        Response const p = co_await transport.send(std::move(q));
        line = p.body;
    } catch (Error const& e) {
        line = e.message();
    } catch (boost::system::system_error const& e) {
        line = e.code() == asio::error::operation_aborted ? "aborted" : "other";
    }
    log.push_back(std::move(line));
}

// Runs `io` until it has nothing left to do, or `done` holds.
template <class Done>
void runUntil(asio::io_context& io, Done done) {
    auto const end = std::chrono::steady_clock::now() + 20s;
    while (!done() && std::chrono::steady_clock::now() < end) {
        io.restart();
        io.run_for(2ms);
    }
    REQUIRE(done());
}

}  // namespace

TEST_CASE("https: a request and its response, as both sides see them", "[https][coroutine]") {
    std::string seen;
    TlsServer const server(localhost(), [&seen](Peer& peer) {
        seen = peer.request().value_or("nothing");
        peer.send(
            "HTTP/1.1 201 Created\r\nX-One: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nTransfer-Encoding: "
            "chunked\r\n\r\n"
            "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
    });
    HttpsOptions options = trusting();
    options.userAgent = "test/1";
    Request q = request(server.url("/a/b?c=d"), "POST");
    q.body = "{\"x\":1}";
    q.headers.emplace_back("Content-Type", "application/json");
    Response const p = Context().run(HttpsTransport(options).send(std::move(q)));
    CHECK(p.status == 201);
    CHECK(p.body == "abcdefg");
    CHECK(p.header("x-one") == "1");
    CHECK(std::count_if(p.headers.begin(), p.headers.end(),
                        [](Header const& h) { return h.name == "Set-Cookie"; }) == 2);
    CHECK(seen == "POST /a/b?c=d HTTP/1.1\r\nHost: localhost:" + std::to_string(server.port()) +
                      "\r\nContent-Type: application/json\r\nUser-Agent: test/1\r\nAccept: "
                      "*/*\r\nAccept-Encoding: identity\r\n"
                      "Content-Length: 7\r\n\r\n{\"x\":1}");
}

TEST_CASE("https: statuses are answers, and bodies end where HTTP says", "[https][coroutine]") {
    CHECK(answeredWith("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy") == "503 busy");
    CHECK(answeredWith("HTTP/1.1 204 No Content\r\n\r\n") == "204 ");
    CHECK(answeredWith("HTTP/1.1 302 Found\r\nLocation: https://localhost:1/\r\nContent-Length: 0\r\n\r\n") ==
          "302 ");
    CHECK(answeredWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 "
                       "OK\r\nContent-Length: 2\r\n\r\nok") == "200 ok");
    CHECK(answeredWith("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold") == "200 old");

    TlsServer const head(localhost(), [](Peer& peer) {
        while (peer.request()) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
    });
    HttpsTransport const transport(trusting());
    Context const context;
    CHECK(outcome(context, transport, request(head.url(), "HEAD")) == "200 ");
    CHECK(outcome(context, transport, request(head.url(), "HEAD")) == "200 ");
    CHECK(head.accepted() == 1);
}

TEST_CASE("https: a body without a length ends with a proper end of the connection only",
          "[https][coroutine]") {
    static constexpr char kHead[] = "HTTP/1.1 200 OK\r\n\r\nwhole";
    TlsServer const proper(localhost(), [](Peer& peer) {
        if (!peer.request()) return;
        peer.send(kHead);
        peer.closeNotify();
    });
    CHECK(outcome(HttpsTransport(trusting()), request(proper.url())) == "200 whole");
    CHECK(contains(answeredWith(kHead), "in the middle of the response"));
    TlsServer const plain([](Peer& peer) {
        if (peer.request()) peer.send(kHead);
    });
    CHECK(outcome(HttpsTransport(), request(plain.url())) == "200 whole");
}

TEST_CASE("https: connections are kept and used again", "[https][coroutine]") {
    TlsServer const server(localhost(), TlsServer::echo);
    HttpsTransport const transport(trusting());
    Context const context;
    for (int i = 0; i < 20; ++i) {
        std::string const path = "/" + std::to_string(i);
        CHECK(outcome(context, transport, request(server.url(path))) == "200 " + path);
    }
    CHECK(server.accepted() == 1);
    CHECK(transport.counters().connections == 1);
    CHECK(transport.counters().requests == 20);
    transport.closeIdle();
    CHECK(outcome(context, transport, request(server.url("/x"))) == "200 /x");
    CHECK(server.accepted() == 2);
}

TEST_CASE("https: a connection is not kept when the server or the options say so", "[https][coroutine]") {
    std::string headers;
    int idleMs = 30'000;
    SECTION("Connection: close") { headers = "Connection: close\r\n"; }
    SECTION("a keep-alive that is over at once") { headers = "Keep-Alive: timeout=1, max=100\r\n"; }
    SECTION("no idle time") { idleMs = 0; }
    TlsServer const server(localhost(), [&headers](Peer& peer) {
        while (peer.request()) peer.send(TlsServer::ok("x", headers));
    });
    HttpsOptions options = trusting();
    options.idleTimeout = std::chrono::milliseconds(idleMs);
    HttpsTransport const transport(options);
    Context const context;
    for (int i = 0; i < 3; ++i) CHECK(outcome(context, transport, request(server.url())) == "200 x");
    CHECK(server.accepted() == 3);
    CHECK(transport.counters().retriedConnections == 0);
}

TEST_CASE("https: bytes nobody asked for are not taken for the next response", "[https][coroutine]") {
    bool const oneRecord = GENERATE(true, false);
    TlsServer const server(localhost(), [oneRecord](Peer& peer) {
        while (peer.request()) {
            if (oneRecord)
                peer.send(TlsServer::ok("right") + TlsServer::ok("planted"));
            else
                peer.sendTogether(TlsServer::ok("right"), TlsServer::ok("planted"));
        }
    });
    HttpsTransport const transport(trusting());
    Context const context;
    for (int i = 0; i < 3; ++i) CHECK(outcome(context, transport, request(server.url())) == "200 right");
    CHECK(server.accepted() == 3);  // such a connection is not used again
}

TEST_CASE("https: idle connections that the server closed are replaced", "[https][coroutine]") {
    Gate closed;
    TlsServer const server(localhost(), [&](Peer& peer) {
        if (!peer.request()) return;
        peer.send(TlsServer::ok("x"));
        if (peer.number == 0) {
            peer.close();
            closed.open();
        } else {
            peer.waitForEnd();
        }
    });
    HttpsTransport const transport(trusting());
    Context const context;
    CHECK(outcome(context, transport, request(server.url(), "POST")) == "200 x");
    REQUIRE(closed.wait());
    std::this_thread::sleep_for(5ms);  // for the end to cross the loopback device
    CHECK(outcome(context, transport, request(server.url(), "POST")) == "200 x");
    CHECK(server.accepted() == 2);
}

TEST_CASE("https: a kept connection that ends on the next request is retried once if that is safe",
          "[https][coroutine]") {
    // Closes on the second request of every connection, as a server does whose idle time has just run out.
    bool const everyTime = GENERATE_COPY(false, true);
    TlsServer const server(localhost(), [everyTime](Peer& peer) {
        if (everyTime && peer.number > 0) {
            (void)peer.request();
            return;
        }
        if (peer.request()) peer.send(TlsServer::ok("x"));
        (void)peer.request();
    });
    HttpsTransport const transport(trusting());
    Context const context;
    CHECK(outcome(context, transport, request(server.url())) == "200 x");
    if (everyTime) {
        CHECK(contains(outcome(context, transport, request(server.url())), "closed by"));
        CHECK(server.accepted() == 2);  // the new one failed, too: that was it
    } else {
        CHECK(outcome(context, transport, request(server.url())) == "200 x");
        CHECK(server.accepted() == 2);
        CHECK(transport.counters().retriedConnections == 1);
        // It may have been carried out.
        CHECK(contains(outcome(context, transport, request(server.url(), "POST")), "before a response"));
        CHECK(server.accepted() == 2);
    }
}

TEST_CASE("https: a new connection that ends is not retried", "[https][coroutine]") {
    TlsServer const server(localhost(), [](Peer& peer) { (void)peer.request(); });
    HttpsTransport const transport(trusting());
    std::string const text = outcome(transport, request(server.url("/path?token=s3cret")));
    CHECK(text == "connection closed by localhost:" + std::to_string(server.port()) + " before a response");
    CHECK(server.accepted() == 1);
}

TEST_CASE("https: truncated, reset and foreign answers are errors that say what happened",
          "[https][coroutine]") {
    CHECK(
        contains(answeredWith("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"), "closed by localhost"));
    CHECK(contains(answeredWith("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"),
                   "in the middle of the response"));
    CHECK(contains(answeredWith("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n123"),
                   "in the middle of the response"));
    CHECK(contains(answeredWith("HTTP/1.1 200 OK\r\nX: "), "in the middle of the response"));
    CHECK(contains(answeredWith("SSH-2.0-OpenSSH_9.2\r\n\r\n"), "the response is not HTTP"));
    CHECK(
        contains(answeredWith("HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n"), "the response is not HTTP"));
    CHECK(contains(answeredWith("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
                   "the response is not HTTP"));
    CHECK(contains(answeredWith("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n"),
                   "head of the response is too large"));

    TlsServer const resets(localhost(), [](Peer& peer) {
        if (!peer.request()) return;
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
        peer.reset();
    });
    CHECK(contains(outcome(HttpsTransport(trusting()), request(resets.url())), "by localhost:"));
}

TEST_CASE("https: a response over the limit is an error, however it comes", "[https][coroutine]") {
    std::string const big(2000, 'x');
    CHECK(answeredWith(TlsServer::ok(big), 1000) == "the response is larger than 1000 bytes");
    CHECK(answeredWith(TlsServer::ok(big), 2000) == "200 " + big);
    CHECK(answeredWith("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", 1000) ==
          "the response is larger than 1000 bytes");
    CHECK(answeredWith("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + big + "\r\n0\r\n\r\n",
                       1000) == "the response is larger than 1000 bytes");
    CHECK(answeredWith("HTTP/1.1 200 OK\r\n\r\n" + big, 1000) == "the response is larger than 1000 bytes");
    // While it is read, not after: this one never ends.
    TlsServer const endless(localhost(), [](Peer& peer) {
        if (!peer.request()) return;
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (int i = 0; i < 2'000; ++i) peer.send("400\r\n" + std::string(1024, 'x') + "\r\n");
        peer.waitForEnd();
    });
    HttpsOptions options = trusting();
    options.maxResponseBytes = 100'000;
    CHECK(outcome(HttpsTransport(options), request(endless.url())) ==
          "the response is larger than 100000 bytes");
}

TEST_CASE("https: an encoding that was not asked for is not handed on", "[https][coroutine]") {
    TlsServer const server(localhost(), [](Peer& peer) {
        while (peer.request()) peer.send(TlsServer::ok("\x1f\x8b", "Content-Encoding: gzip\r\n"));
    });
    try {
        (void)Context().run(HttpsTransport(trusting()).send(request(server.url())));
        FAIL("handed on");
    } catch (Error const& e) {
        CHECK(e.is(Errc::protocol));
    }
}

TEST_CASE("https: the deadline covers every stage", "[https][coroutine]") {
    auto const timedOut = [](TlsServer const& server, HttpsOptions options, std::string const& during) {
        Request q = request(server.url());
        q.timeout = 100ms;
        auto const begin = std::chrono::steady_clock::now();
        std::string const text = outcome(HttpsTransport(std::move(options)), std::move(q));
        CHECK(text == "timed out after 100 ms while " + during);
        CHECK(std::chrono::steady_clock::now() - begin < 5s);
    };
    TlsServer const silent(localhost(), [](Peer& peer) { peer.waitForEnd(); });
    timedOut(silent, trusting(), "reading the response");

    TlsServer const dripping(localhost(), [](Peer& peer) {
        if (!peer.request()) return;
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        for (int i = 0; i < 40; ++i) {
            peer.send("x");
            std::this_thread::sleep_for(5ms);
        }
    });
    timedOut(dripping, trusting(), "reading the response");

    TlsServer const mute([](Peer& peer) { peer.waitForEnd(); });
    Request q = request("https" + mute.url().substr(4));
    q.timeout = 100ms;
    CHECK(outcome(HttpsTransport(trusting()), q) == "timed out after 100 ms while agreeing on TLS");
    HttpsOptions options = trusting();
    options.connectTimeout = 50ms;
    q.timeout = 10s;
    CHECK(outcome(HttpsTransport(options), q) ==
          "timed out after 50 ms while agreeing on TLS with localhost:" + std::to_string(mute.port()));

    options = trusting();
    options.deadline = 60ms;
    CHECK(outcome(HttpsTransport(options), request(silent.url())) ==
          "timed out after 60 ms while reading the response");
    CHECK(outcome(HttpsTransport(trusting()),
                  [&] {
                      Request none = request(silent.url());
                      none.timeout = 0ms;
                      return none;
                  }())
              .starts_with("timed out after 0 ms"));
}

TEST_CASE("https: a request body too large for the server's patience times out while sending",
          "[https][coroutine]") {
    Gate done;
    TlsServer const server(localhost(), [&done](Peer&) { done.wait(); });
    Request q = request(server.url(), "POST");
    q.body.assign(20'000'000, 'x');
    q.timeout = 200ms;
    CHECK(outcome(HttpsTransport(trusting()), std::move(q)) ==
          "timed out after 200 ms while sending the request");
    done.open();
}

TEST_CASE("https: large bodies pass both ways", "[https][coroutine]") {
    std::string body(3'000'000, '\0');
    for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i * 7919 % 26);
    TlsServer const server(localhost(), [](Peer& peer) {
        while (auto const q = peer.request())
            peer.send(TlsServer::ok(std::string_view(*q).substr(q->find("\r\n\r\n") + 4)));
    });
    Request q = request(server.url(), "PUT");
    q.body = body;
    Response const p = Context().run(HttpsTransport(trusting()).send(std::move(q)));
    CHECK(p.body == body);
}

TEST_CASE("https: who finds all connections in use waits in line", "[https][coroutine]") {
    TlsServer const server(localhost(), TlsServer::echo);
    HttpsOptions options = trusting();
    for (std::size_t const limit : {1U, 3U}) {
        options.maxConnectionsPerOrigin = limit;
        HttpsTransport const transport(options);
        TlsServer const own(localhost(), TlsServer::echo);
        asio::io_context io;
        std::vector<std::string> log;
        std::vector<std::string> expected;
        for (int i = 0; i < 30; ++i) {
            expected.push_back("/" + std::to_string(i));
            asio::co_spawn(io, call(transport, request(own.url(expected.back())), log), asio::detached);
        }
        io.run();
        if (limit == 1) CHECK(log == expected);
        CHECK(log.size() == 30);
        CHECK(own.mostOpen() <= static_cast<int>(limit));
        CHECK(own.accepted() == static_cast<int>(limit));
    }
}

TEST_CASE("https: requests run at once up to the limit", "[https][coroutine]") {
    std::atomic<int> waiting = 0;
    Gate all;
    TlsServer const server(localhost(), [&](Peer& peer) {
        while (peer.request()) {
            if (++waiting == 16) all.open();
            all.wait();
            peer.send(TlsServer::ok("x"));
        }
    });
    HttpsTransport const transport(trusting());
    asio::io_context io;
    std::vector<std::string> log;
    for (int i = 0; i < 32; ++i)
        asio::co_spawn(io, call(transport, request(server.url()), log), asio::detached);
    io.run();
    CHECK(log == std::vector<std::string>(32, "x"));
    CHECK(server.mostOpen() == 16);
}

TEST_CASE("https: cancelling ends one request and leaves the others and the pool alone",
          "[https][coroutine]") {
    std::atomic<int> asked = 0;
    TlsServer const server(localhost(), [&asked](Peer& peer) {
        while (auto const q = peer.request()) {
            ++asked;
            if (q->find("/hang") == std::string::npos) peer.send(TlsServer::ok("x"));
        }
    });
    HttpsOptions options = trusting();
    options.maxConnectionsPerOrigin = 1;
    HttpsTransport const transport(options);
    asio::io_context io;
    std::vector<std::string> log;
    std::vector<std::string> others;
    asio::cancellation_signal first;
    asio::cancellation_signal inLine;
    asio::co_spawn(io, call(transport, request(server.url("/hang")), log),
                   asio::bind_cancellation_slot(first.slot(), asio::detached));
    runUntil(io, [&] { return asked == 1; });
    asio::co_spawn(io, call(transport, request(server.url("/b")), log),
                   asio::bind_cancellation_slot(inLine.slot(), asio::detached));
    asio::co_spawn(io, call(transport, request(server.url("/c")), others), asio::detached);
    io.restart();
    io.poll();
    inLine.emit(asio::cancellation_type::terminal);
    runUntil(io, [&] { return log.size() == 1; });
    CHECK(others.empty());
    first.emit(asio::cancellation_type::terminal);
    runUntil(io, [&] { return others.size() == 1 && log.size() == 2; });
    CHECK(log == std::vector<std::string>(2, "aborted"));
    CHECK(others == std::vector<std::string>{"x"});
    CHECK(asked == 2);
    asio::co_spawn(io, call(transport, request(server.url("/d")), others), asio::detached);
    runUntil(io, [&] { return others.size() == 2; });
    CHECK(server.accepted() == 2);  // that of /hang was closed
}

TEST_CASE("https: a time-out frees the connection's place", "[https][coroutine]") {
    TlsServer const server(localhost(), [](Peer& peer) {
        while (auto const q = peer.request()) {
            if (q->find("/hang") == std::string::npos) peer.send(TlsServer::ok("x"));
        }
    });
    HttpsOptions options = trusting();
    options.maxConnectionsPerOrigin = 1;
    HttpsTransport const transport(options);
    Context const context;
    for (int i = 0; i < 3; ++i) {
        Request q = request(server.url("/hang"));
        q.timeout = 30ms;
        CHECK(contains(outcome(context, transport, q), "timed out after 30 ms"));
        CHECK(outcome(context, transport, request(server.url())) == "200 x");
    }
    asio::io_context io;
    std::vector<std::string> log;
    asio::co_spawn(io, call(transport, request(server.url("/hang")), log), asio::detached);
    Request q = request(server.url());
    q.timeout = 50ms;
    asio::co_spawn(io, call(transport, q, log), asio::detached);
    runUntil(io, [&] { return !log.empty(); });
    CHECK(log.front() == "timed out after 50 ms while waiting for a free connection");
}

TEST_CASE("https: who cannot be reached is named", "[https][coroutine]") {
    std::uint16_t port = 0;
    {
        TlsServer const gone(TlsServer::echo);
        port = gone.port();
    }
    std::string const at = "127.0.0.1:" + std::to_string(port);
    CHECK(outcome(HttpsTransport(), request("http://" + at + "/?secret=s3cret")) ==
          "connection refused by " + at);
    CHECK(outcome(HttpsTransport(), request("https://" + at)) == "connection refused by " + at);
    // Not a name that any server is asked for: an empty label.
    CHECK(contains(outcome(HttpsTransport(), request("https://no..such.invalid/?secret=s3cret")),
                   "could not resolve host no..such.invalid"));
}

TEST_CASE("https: plain http is for this machine only", "[https][coroutine]") {
    TlsServer const server(TlsServer::echo);
    HttpsTransport const transport;
    Context const context;
    CHECK(outcome(context, transport, request(server.url("/name"))) == "200 /name");
    CHECK(outcome(context, transport, request(server.url("/address", "127.0.0.1"))) == "200 /address");
    for (char const* url :
         {"http://192.0.2.1/", "http://example.org/", "http://[2001:db8::1]/", "http://0.0.0.0/",
          "http://localhost.example.org/", "http://127.0.0.1.example.org/", "http://[::ffff:192.0.2.1]/"}) {
        INFO(url);
        try {
            (void)context.run(transport.send(request(url)));
            FAIL("sent");
        } catch (Error const& e) {
            CHECK(e.is(Errc::config));
            CHECK_FALSE(e.retryable());
        }
    }
    CHECK(transport.counters().connections == 2);
}

TEST_CASE("https: options that let nothing through are refused", "[https]") {
    HttpsOptions options;
    options.maxConnectionsPerOrigin = 0;
    CHECK_THROWS_AS(HttpsTransport(options), Error);
    options = HttpsOptions();
    options.connectTimeout = 0ms;
    CHECK_THROWS_AS(HttpsTransport(options), Error);
}

TEST_CASE("https: errors never hold what may be secret", "[https][coroutine]") {
    TlsServer const server(localhost(), [](Peer& peer) {
        if (peer.request())
            peer.send("HTTP/1.1 200 OK\r\nX-Token: s3cret\r\nContent-Length: 100\r\n\r\ns3cret");
    });
    Request q = request(server.url("/s3cret?access_token=s3cret"));
    q.headers.emplace_back("Authorization", "Bearer s3cret");
    try {
        (void)Context().run(HttpsTransport(trusting()).send(std::move(q)));
        FAIL("answered");
    } catch (Error const& e) {
        CHECK(std::string(e.what()).find("s3cret") == std::string::npos);
        CHECK(e.diagnostics().upstreamMessage.empty());
    }
}

TEST_CASE("https: a transport outlives the I/O contexts that used it", "[https][coroutine]") {
    TlsServer const server(localhost(), TlsServer::echo);
    auto transport = std::make_unique<HttpsTransport>(trusting());
    for (int i = 0; i < 3; ++i) {
        Context const context;  // a thread and an I/O context of its own
        CHECK(outcome(context, *transport, request(server.url("/x"))) == "200 /x");
    }
    CHECK(server.accepted() == 3);
    // And the other way round, with an idle connection and one in use.
    asio::io_context io;
    std::vector<std::string> log;
    asio::co_spawn(io, call(*transport, request(server.url("/y")), log), asio::detached);
    io.run();  // returns although a connection is kept
    CHECK(log == std::vector<std::string>{"/y"});
    asio::co_spawn(io, call(*transport, request(server.url("/z")), log), asio::detached);
    io.restart();
    io.poll();
    transport.reset();
    runUntil(io, [&] { return log.size() == 2; });
    CHECK(log.back() == "/z");
}

TEST_CASE("https: what is under way is destroyed with its I/O context", "[https][coroutine]") {
    std::atomic<int> asked = 0;
    TlsServer const server(localhost(), [&asked](Peer& peer) {
        while (peer.request()) ++asked;
    });
    HttpsOptions options = trusting();
    options.maxConnectionsPerOrigin = 2;
    HttpsTransport const transport(options);
    std::vector<std::string> log;
    {
        asio::io_context io;
        for (int i = 0; i < 5; ++i)
            asio::co_spawn(io, call(transport, request(server.url()), log), asio::detached);
        runUntil(io, [&] { return asked == 2; });
    }
    CHECK(log.empty());
}

TEST_CASE("https: many requests on many threads", "[https][coroutine][thread]") {
    TlsServer const server(localhost(), TlsServer::echo);
    HttpsOptions options = trusting();
    options.maxConnectionsPerOrigin = 4;
    HttpsTransport const transport(options);
    std::atomic<int> right = 0;
    struct Body {
        static asio::awaitable<void> go(HttpsTransport t, std::string url, std::string path,
                                        std::atomic<int>& right) {
            for (int i = 0; i < 10; ++i) {
                Response const p = co_await t.send(request(url + path));
                right += p.body == path ? 1 : 0;
            }
        }
    };
    asio::thread_pool pool(3);
    for (int i = 0; i < 20; ++i) {
        std::string path = "/" + std::to_string(i);
        std::string base = server.url("");
        if (i % 2 == 0)
            asio::co_spawn(pool, Body::go(transport, std::move(base), std::move(path), right),
                           asio::detached);
        else
            asio::co_spawn(asio::make_strand(pool),
                           Body::go(transport, std::move(base), std::move(path), right), asio::detached);
    }
    pool.join();
    CHECK(right == 200);
    CHECK(server.mostOpen() <= 4);
}

TEST_CASE("https: cancelling and timing out on many threads", "[https][coroutine][thread]") {
    TlsServer const server(localhost(), [](Peer& peer) {
        while (auto const q = peer.request()) {
            if (q->find("/hang") == std::string::npos) peer.send(TlsServer::ok("x"));
        }
    });
    HttpsOptions options = trusting();
    options.maxConnectionsPerOrigin = 3;
    HttpsTransport const transport(options);
    asio::thread_pool pool(3);
    std::atomic<int> ended = 0;
    struct One {
        explicit One(asio::thread_pool& p) : strand(asio::make_strand(p)) {}
        asio::strand<asio::thread_pool::executor_type> strand;
        asio::cancellation_signal signal;
    };
    struct Body {
        static asio::awaitable<void> go(HttpsTransport t, Request q, std::atomic<int>& ended) {
            try {
                (void)co_await t.send(std::move(q));
            } catch (std::exception const&) {
            }
            ++ended;
        }
    };
    std::vector<std::unique_ptr<One>> ones;
    for (int i = 0; i < 40; ++i) {
        ones.push_back(std::make_unique<One>(pool));
        Request q = request(server.url(i % 2 == 0 ? "/hang" : "/"));
        if (i % 4 == 0) q.timeout = std::chrono::milliseconds(5 + i % 7);
        asio::co_spawn(ones.back()->strand, Body::go(transport, std::move(q), ended),
                       asio::bind_cancellation_slot(ones.back()->signal.slot(), asio::detached));
    }
    for (auto& one : ones) {
        std::this_thread::sleep_for(1ms);
        asio::post(one->strand, [&one] { one->signal.emit(asio::cancellation_type::terminal); });
    }
    pool.join();
    CHECK(ended == 40);
    CHECK(outcome(transport, request(server.url())) == "200 x");
}

}  // namespace transport_https_test
