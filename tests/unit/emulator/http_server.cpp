#include "unit/emulator/raw_http.hpp"

#include <corps/emulator/http_server.hpp>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <catch2/catch_test_macros.hpp>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace emulator_http_server_test {
namespace {

using namespace corps::emulator;
using emulator_test::Connection;
namespace asio = boost::asio;

/** Says what it got, and ends as the path asks. */
HttpReply echo(const HttpRequest& request) {
    HttpReply reply;
    reply.body = request.method + " " + request.path;
    for (const auto& [name, value] : request.query) {
        reply.body += " " + name + "=" + value;
    }
    reply.body += "|" + request.body + "|" + std::string(request.header("x-TEST"));
    if (request.path == "/truncate") {
        reply.ending = HttpReply::Ending::truncate;
    } else if (request.path == "/reset") {
        reply.ending = HttpReply::Ending::reset;
    } else if (request.path == "/close") {
        reply.ending = HttpReply::Ending::closeAfter;
    } else if (request.path == "/slow") {
        reply.delay = std::chrono::milliseconds(150);
    } else if (request.path == "/throw") {
        throw std::runtime_error("boom");
    }
    return reply;
}

HttpServerOptions small() {
    HttpServerOptions options;
    options.bodyLimit = [](std::string_view target) -> std::uint64_t { return target == "/big" ? 1000 : 10; };
    return options;
}

/** A self-signed certificate for 127.0.0.1 and its key, in files. */
class Certificate {
public:
    Certificate()
        : directory_(std::filesystem::temp_directory_path() /
                     ("corps-http-server-" + std::to_string(reinterpret_cast<std::uintptr_t>(this)))) {
        std::filesystem::create_directories(directory_);
        const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
        const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
        X509_set_version(certificate.get(), 2);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
        X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
        X509_set_pubkey(certificate.get(), key.get());
        X509_NAME* name = X509_get_subject_name(certificate.get());
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>("127.0.0.1"), -1, -1, 0);
        X509_set_issuer_name(certificate.get(), name);
        X509_sign(certificate.get(), key.get(), EVP_sha256());
        write(certificateFile(), [&](std::FILE* file) { PEM_write_X509(file, certificate.get()); });
        write(keyFile(), [&](std::FILE* file) {
            PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        });
    }
    ~Certificate() { std::filesystem::remove_all(directory_); }
    Certificate(const Certificate&) = delete;
    Certificate& operator=(const Certificate&) = delete;

    std::string certificateFile() const { return (directory_ / "cert.pem").string(); }
    std::string keyFile() const { return (directory_ / "key.pem").string(); }

private:
    template <class F>
    static void write(const std::string& path, F f) {
        std::FILE* file = std::fopen(path.c_str(), "w");
        REQUIRE(file != nullptr);
        f(file);
        std::fclose(file);
    }
    std::filesystem::path directory_;
};

}  // namespace

TEST_CASE("emulator: keep-alive, pipelining and decoding", "[emulator]") {
    HttpServer server(small(), echo);
    Connection connection(server.port());
    CHECK(connection.call("GET", "/a%20b?x=1+2&y=%2B%E5%BC%A0&x=&z", "{}", "X-Test: here\r\n").body ==
          "GET /a%20b x=1 2 y=+张 x= z=|{}|here");
    connection.send(
        "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\nGET http://h:1/3?a=b "
        "HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(connection.receive().body == "GET /1||");
    CHECK(connection.receive().body == "GET /2||");
    CHECK(connection.receive().body == "GET /3 a=b||");
    CHECK(server.connections() == 1);
}

TEST_CASE("emulator: chunked requests, 100-continue, HEAD and HTTP/1.0", "[emulator]") {
    HttpServer server(small(), echo);
    {
        Connection connection(server.port());
        connection.send(
            "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
            "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
        CHECK(connection.receive().body == "POST /c|abcde|");
        connection.send("POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n");
        CHECK(connection.receive().status == 100);
        connection.send("xyz");
        CHECK(connection.receive().body == "POST /e|xyz|");
        connection.send("HEAD /h HTTP/1.1\r\nHost: h\r\n\r\n");
        const auto head = connection.receive(true);
        CHECK(head.headers.at("Content-Length") == "9");
        CHECK(connection.call("GET", "/after").body == "GET /after||");  // no stray body in between
        connection.send("GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        CHECK(connection.receive().headers.at("Connection") == "close");
        CHECK(connection.rest().second == asio::error::eof);
    }
    {
        Connection connection(server.port());
        connection.send("GET /old HTTP/1.0\r\n\r\n");
        CHECK(connection.receive().body == "GET /old||");
        CHECK(connection.rest().second == asio::error::eof);
    }
    {
        Connection connection(server.port());
        connection.send("GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        CHECK(connection.receive().headers.at("Connection") == "keep-alive");
        CHECK(connection.call("GET", "/again").status == 200);
    }
}

TEST_CASE("emulator: what is too large or no HTTP is refused", "[emulator]") {
    HttpServer server(small(), echo);
    CHECK(Connection(server.port()).call("POST", "/x", "12345678901").status == 413);
    CHECK(Connection(server.port()).call("POST", "/big", "12345678901").status == 200);
    {
        Connection connection(server.port());
        connection.send(
            "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
            "chunked\r\n\r\n20\r\n12345678901234567890123456789012\r\n0\r\n\r\n");
        CHECK(connection.receive().status == 413);
    }
    {
        Connection connection(server.port());
        connection.send("this is not HTTP\r\n\r\n");
        CHECK(connection.receive().status == 400);
        CHECK(connection.rest().second == asio::error::eof);
    }
    {
        Connection connection(server.port());
        connection.send("GET / HTTP/1.1\r\nX: " + std::string(100'000, 'a') + "\r\n\r\n");
        CHECK(connection.receive().status == 431);
    }
    CHECK(Connection(server.port()).call("GET", "/throw").status == 500);
}

TEST_CASE("emulator: answers cut short", "[emulator]") {
    HttpServer server(small(), echo);
    {
        Connection connection(server.port());
        connection.send("GET /truncate HTTP/1.1\r\nHost: h\r\n\r\n");
        const auto [text, ec] = connection.rest();
        CHECK(ec == asio::error::eof);
        CHECK(text.find("Content-Length: 15") != std::string::npos);
        CHECK(text.substr(text.find("\r\n\r\n") + 4) == "GET /tr");
    }
    {
        Connection connection(server.port());
        connection.send("GET /reset HTTP/1.1\r\nHost: h\r\n\r\n");
        CHECK(connection.rest().second == asio::error::connection_reset);
    }
    {
        Connection connection(server.port());
        const auto whole = connection.call("GET", "/close");
        CHECK(whole.body == "GET /close||");
        CHECK(whole.headers.at("Connection") == "keep-alive");
        CHECK(connection.rest().second == asio::error::eof);
    }
}

TEST_CASE("emulator: many connections at once are counted", "[emulator]") {
    HttpServer server(small(), echo);
    constexpr int kCount = 20;
    std::vector<std::unique_ptr<Connection>> connections;
    for (int i = 0; i < kCount; ++i) {
        connections.push_back(std::make_unique<Connection>(server.port()));
        connections.back()->send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    for (const auto& connection : connections) {
        CHECK(connection->receive().status == 200);
    }
    CHECK(server.connections() == kCount);
    CHECK(server.highestConcurrency() > 1);
    CHECK(server.highestConcurrency() <= kCount);
    server.resetCounters();
    CHECK(server.highestConcurrency() == 0);
}

TEST_CASE("emulator: stopping ends connections, and the port can be had again", "[emulator]") {
    auto server = std::make_unique<HttpServer>(small(), echo);
    const std::uint16_t port = server->port();
    Connection idle(port);
    CHECK(idle.call("GET", "/x").status == 200);
    Connection waiting(port);
    waiting.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    server->stop();
    CHECK(idle.rest().second);
    CHECK(waiting.rest().second);
    server->stop();
    HttpServerOptions options = small();
    options.port = port;
    HttpServer next(std::move(options), echo);
    CHECK(next.port() == port);
    CHECK(Connection(port).call("GET", "/x").status == 200);
    options = small();
    options.port = port;
    CHECK_THROWS_AS(HttpServer(std::move(options), echo), boost::system::system_error);
}

TEST_CASE("emulator: TLS", "[emulator]") {
    const Certificate certificate;
    HttpServerOptions options = small();
    options.certificateFile = certificate.certificateFile();
    options.keyFile = certificate.keyFile();
    HttpServer server(options, echo);
    asio::ssl::context context(asio::ssl::context::tls_client);
    context.load_verify_file(certificate.certificateFile());
    context.set_verify_mode(asio::ssl::verify_peer);
    using Tls = emulator_test::ConnectionOver<asio::ssl::stream<asio::ip::tcp::socket>>;
    {
        Tls connection(server.port(), context);
        connection.stream().handshake(asio::ssl::stream_base::client);
        CHECK(connection.call("GET", "/x").body == "GET /x||");
        connection.send("GET /y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        CHECK(connection.receive().body == "GET /y||");
        CHECK(connection.rest().second == asio::error::eof);  // an orderly end of TLS
    }
    {
        Tls connection(server.port(), context);
        connection.stream().handshake(asio::ssl::stream_base::client);
        connection.send("GET /truncate HTTP/1.1\r\nHost: h\r\n\r\n");
        CHECK(connection.rest().second == asio::ssl::error::stream_truncated);
    }
    // Somebody who speaks no TLS is no trouble to the others.
    Connection plain(server.port());
    plain.send("GET / HTTP/1.1\r\n\r\n");
    plain.rest();
    options.keyFile = "/nonexistent";
    CHECK_THROWS_AS(HttpServer(options, echo), boost::system::system_error);
}

}  // namespace emulator_http_server_test
