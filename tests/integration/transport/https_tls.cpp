#include "support/tls_server.hpp"

#include <corps/context/context.hpp>
#include <corps/transport/https.hpp>

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

namespace transport_https_tls_test {
namespace {

using namespace corps;
using support::CertificateOptions;
using support::makeAuthority;
using support::makeIdentity;
using support::TlsIdentity;
using support::TlsServer;

TlsIdentity const& authority() {
    static TlsIdentity const one = makeAuthority();
    return one;
}

HttpsTransport trusting(TlsIdentity const& ca) {
    HttpsOptions options;
    options.extraCaPem = ca.certificatePem();
    return HttpsTransport(options);
}

Request get(std::string url) {
    Request q("GET", std::move(url), "GET /endpoint");
    q.timeout = std::chrono::seconds(10);
    return q;
}

// The error of a request that must fail.
Error failure(HttpsTransport const& transport, std::string url) {
    Context const context;
    try {
        Response const p = context.run(transport.send(get(std::move(url))));
        return Error(Errc::unsupported, "answered: " + p.body);
    } catch (Error const& e) {
        return e;
    }
}

std::string body(HttpsTransport const& transport, std::string url) {
    Context const context;
    return context.run(transport.send(get(std::move(url)))).body;
}

// Not to be fixed by trying again, and named.
void checkRefused(Error const& e, std::string const& reason) {
    INFO(e.what());
    CHECK(e.is(Errc::config));
    CHECK_FALSE(e.retryable());
    CHECK(e.message().find("certificate verify failed") != std::string::npos);
    CHECK(e.message().find(reason) != std::string::npos);
    CHECK(e.diagnostics().endpoint == "GET /endpoint");
}

}  // namespace

TEST_CASE("https: a certificate for the name or the address is accepted", "[https][coroutine]") {
    CertificateOptions options;
    options.names = "DNS:localhost,IP:127.0.0.1";
    TlsServer const server(makeIdentity(&authority(), options), TlsServer::echo);
    HttpsTransport const transport = trusting(authority());
    CHECK(body(transport, server.url("/by-name")) == "/by-name");
    CHECK(body(transport, server.url("/by-address", "127.0.0.1")) == "/by-address");
    CHECK(body(transport, server.url("/case", "LocalHost")) == "/case");
}

TEST_CASE("https: a certificate for another name or address is refused", "[https][coroutine]") {
    CertificateOptions options;
    options.names = "DNS:other.example";
    TlsServer const server(makeIdentity(&authority(), options), TlsServer::echo);
    HttpsTransport const transport = trusting(authority());
    checkRefused(failure(transport, server.url()), "hostname mismatch");
    checkRefused(failure(transport, server.url("/", "127.0.0.1")), "IP address mismatch");

    // A name that merely looks like the address does not do.
    options.names = "DNS:127.0.0.1";
    TlsServer const lookalike(makeIdentity(&authority(), options), TlsServer::echo);
    checkRefused(failure(transport, lookalike.url("/", "127.0.0.1")), "IP address mismatch");
}

TEST_CASE("https: an unknown authority is refused, and nothing of the request is sent",
          "[https][coroutine]") {
    std::atomic<int> requests = 0;
    TlsServer const server(makeIdentity(&authority()),
                           [&requests](TlsServer::Peer& peer) { requests += peer.request() ? 1 : 0; });
    TlsIdentity const stranger = makeAuthority("another authority");
    checkRefused(failure(trusting(stranger), server.url()), "issuer");
    checkRefused(failure(HttpsTransport(), server.url()), "issuer");
    // One of the same name is not the same one.
    checkRefused(failure(trusting(makeAuthority()), server.url()), "certificate");
    CHECK(requests == 0);
}

TEST_CASE("https: a certificate outside its time is refused", "[https][coroutine]") {
    CertificateOptions options;
    options.from = -7200;
    options.until = -3600;
    TlsServer const expired(makeIdentity(&authority(), options), TlsServer::echo);
    checkRefused(failure(trusting(authority()), expired.url()), "expired");
    options.from = 3600;
    options.until = 7200;
    TlsServer const early(makeIdentity(&authority(), options), TlsServer::echo);
    checkRefused(failure(trusting(authority()), early.url()), "not yet valid");
}

TEST_CASE("https: TLS 1.1 is refused, TLS 1.2 is not", "[https][coroutine]") {
    TlsServer const old(makeIdentity(&authority()), TlsServer::echo, TLS1_1_VERSION);
    Error const e = failure(trusting(authority()), old.url());
    INFO(e.what());
    CHECK(e.is(Errc::config));
    CHECK_FALSE(e.retryable());
    CHECK(e.message().find("protocol") != std::string::npos);
    TlsServer const fine(makeIdentity(&authority()), TlsServer::echo, TLS1_2_VERSION);
    CHECK(body(trusting(authority()), fine.url("/x")) == "/x");
}

TEST_CASE("https: verification is off only when it was switched off", "[https][coroutine]") {
    CertificateOptions options;
    options.names = "DNS:other.example";
    options.until = -1;
    TlsServer const server(makeIdentity(&authority(), options), TlsServer::echo);
    HttpsOptions unsafe;
    unsafe.verifyServer = false;
    CHECK(body(HttpsTransport(unsafe), server.url("/x")) == "/x");
}

TEST_CASE("https: a file of authorities replaces the system's", "[https][coroutine]") {
    std::optional<support::TextFile> file(authority().certificatePem());
    TlsServer const server(makeIdentity(&authority()), TlsServer::echo);
    HttpsOptions options;
    options.caFile = file->path();
    CHECK(body(HttpsTransport(options), server.url("/x")) == "/x");
    file.reset();
    try {
        HttpsTransport const missing(options);
        FAIL("made without its authorities");
    } catch (Error const& e) {
        CHECK(e.is(Errc::config));
        CHECK(e.diagnostics().place == options.caFile);
    }
    options.caFile.clear();
    options.extraCaPem = "no certificate";
    CHECK_THROWS_AS(HttpsTransport(options), Error);
    options.extraCaPem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    CHECK_THROWS_AS(HttpsTransport(options), Error);
}

TEST_CASE("https: several authorities in one text are all trusted", "[https][coroutine]") {
    TlsIdentity const second = makeAuthority("second authority");
    HttpsOptions options;
    options.extraCaPem = authority().certificatePem() + second.certificatePem();
    HttpsTransport const transport(options);
    for (TlsIdentity const* ca : {&authority(), &second}) {
        TlsServer const server(makeIdentity(ca), TlsServer::echo);
        CHECK(body(transport, server.url("/x")) == "/x");
    }
}

TEST_CASE("https: a second connection resumes the TLS session of the first", "[https][coroutine]") {
    for (int const version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        INFO(version);
        TlsServer const server(makeIdentity(&authority()), TlsServer::echo, version);
        HttpsTransport const transport = trusting(authority());
        for (int i = 0; i < 3; ++i) {
            CHECK(body(transport, server.url("/x")) == "/x");
            transport.closeIdle();
        }
        CHECK(server.accepted() == 3);
        CHECK(server.resumed() == 2);
        CHECK(transport.counters().resumedSessions == 2);
    }
}

TEST_CASE("https: what speaks no TLS is an error of the connection", "[https][coroutine]") {
    TlsServer const plain([](TlsServer::Peer& peer) { peer.send("HTTP/1.1 400 Bad Request\r\n\r\n"); });
    std::string url = plain.url();
    url.replace(0, 4, "https");
    Error const e = failure(trusting(authority()), url);
    INFO(e.what());
    CHECK(e.is(Errc::transport));
    CHECK(e.message().find("TLS handshake") != std::string::npos);

    TlsServer const silent([](TlsServer::Peer&) {});
    url = silent.url();
    url.replace(0, 4, "https");
    Error const closed = failure(trusting(authority()), url);
    CHECK(closed.is(Errc::transport));
    CHECK(closed.message().find("during the TLS handshake") != std::string::npos);
}

}  // namespace transport_https_tls_test
