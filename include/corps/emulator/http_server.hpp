#pragma once

#include <corps/detail/config.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps::emulator {

/** A request, read to its end. */
struct HttpRequest {
    std::string method;                                      ///< in upper case
    std::string target;                                      ///< path and query as sent
    std::string path;                                        ///< the path as sent, still percent-encoded
    std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in the order sent
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::string caller;  ///< the address it came from

    /** A header's value, empty if absent. @param name In any case. */
    [[nodiscard]] CORPS_DECL std::string_view header(std::string_view name) const noexcept;
    /** The first query parameter of that name, empty if absent. */
    [[nodiscard]] CORPS_DECL std::string_view parameter(std::string_view name) const noexcept;
    /** Whether the query has that parameter, perhaps without a value. */
    [[nodiscard]] CORPS_DECL bool hasParameter(std::string_view name) const noexcept;
};

/** An answer, and how it is delivered. */
struct HttpReply {
    enum class Ending {
        complete,    ///< as HTTP wants it
        closeAfter,  ///< whole, then the connection is closed though nothing said so
        truncate,    ///< cut short, then an orderly close
        reset        ///< cut short, then a TCP reset
    };

    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string contentType = "application/json; charset=utf-8";
    std::string body;
    std::chrono::milliseconds delay{0};
    Ending ending = Ending::complete;
    std::int64_t afterBytes = -1;  ///< where it is cut: bytes, head included; -1: head and half the body
    bool counted = true;           ///< whether it counts for the highest concurrency
    bool chunked = false;          ///< the body comes in chunks, to who speaks HTTP/1.1
    /** Not empty: the answer is not known yet. Called on the server's thread with what takes it, once, from
     * any thread while the server lives; the delay and the ending are those of this reply and of that one. */
    std::function<void(std::function<void(HttpReply)>)> later;
};

struct HttpServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;       ///< 0: any free one
    std::string certificateFile;  ///< PEM chain; with keyFile it makes the server speak TLS
    std::string keyFile;          ///< PEM
    /** Largest body accepted, by target. Larger ones are answered 413. */
    std::function<std::uint64_t(std::string_view target)> bodyLimit;
};

/**
 * An HTTP/1.1 server with a thread of its own: keep-alive, pipelining, chunked requests, `Expect:
 * 100-continue`, HTTP/1.0.
 *
 * The handler runs on that thread, one call at a time.
 *
 * Exceptions  The constructor throws boost::system::system_error when it cannot listen or read the
 * certificate.
 */
class HttpServer {
public:
    using Handler = std::function<HttpReply(const HttpRequest&)>;

    CORPS_DECL HttpServer(HttpServerOptions options, Handler handler);
    CORPS_DECL ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    [[nodiscard]] CORPS_DECL std::uint16_t port() const noexcept;
    /** Connections accepted so far. Any thread. */
    [[nodiscard]] CORPS_DECL std::uint64_t connections() const noexcept;
    /** Most counted requests that were in the works at once. Any thread. */
    [[nodiscard]] CORPS_DECL std::uint64_t highestConcurrency() const noexcept;
    /** Starts both counters anew. Any thread. */
    CORPS_DECL void resetCounters() noexcept;
    /** Closes every connection and joins the thread. Idempotent; not from the handler. */
    CORPS_DECL void stop();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace corps::emulator

#ifdef CORPS_HEADER_ONLY
#include <corps/emulator/impl/http_server.ipp>
#endif
