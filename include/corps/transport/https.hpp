#pragma once

#include <corps/detail/config.hpp>
#include <corps/error/error.hpp>
#include <corps/transport/channel.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#define CORPS_INCLUDED_HTTPS

namespace corps {

/** How HttpsTransport connects. The defaults are meant for the public addresses of the platforms. */
struct HttpsOptions {
    /// PEM file of the certificate authorities to trust instead of the system's; empty: the system's.
    std::string caFile;
    /// More authorities to trust, as PEM text.
    std::string extraCaPem;
    /// Whether the server must prove its name with a certificate. Off, anybody in between can read and change
    /// everything.
    bool verifyServer = true;
    /// For finding the address, connecting and the TLS handshake together; Request::timeout counts on beside
    /// it.
    std::chrono::milliseconds connectTimeout{10'000};
    /// No request takes longer, whatever its Request::timeout says; zero: as long as that says.
    std::chrono::milliseconds deadline{0};
    /// Connections to one origin (scheme, host, port), idle ones included. Who finds them all in use waits in
    /// line.
    std::size_t maxConnectionsPerOrigin = 16;
    /// How long a connection is kept for the next request; at most what the server says in `Keep-Alive:
    /// timeout=`.
    std::chrono::milliseconds idleTimeout{30'000};
    /// No response may be larger, whatever its Request::maxResponseBytes says.
    std::size_t maxResponseBytes = 256ULL * 1024 * 1024;
    /// The User-Agent header; empty: "corps/" and the version.
    std::string userAgent;
};

/** What a HttpsTransport did since it was made. */
struct HttpsCounters {
    std::uint64_t requests = 0;            ///< begun
    std::uint64_t connections = 0;         ///< opened, TLS included
    std::uint64_t resumedSessions = 0;     ///< of these, with a TLS session of an earlier one
    std::uint64_t retriedConnections = 0;  ///< kept ones that turned out closed, replaced without an error
};

/**
 * HTTP/1.1 over TLS 1.2 or newer, with kept connections. Certificates and host names (or IP addresses) are
 * verified against the system's authorities. Plain `http://` is allowed to this machine only (127.0.0.0/8,
 * ::1, localhost). Proxies are not used, redirects not followed, compression not asked for.
 *
 * A cheap handle; copies share connections, which belong to the I/O context that awaits: with several, each
 * has its own. Connections are closed with the last handle or with their I/O context. Nothing is pending
 * while they are idle, so they do not keep an io_context running.
 *
 * A request on a kept connection that the server has closed meanwhile is sent again, once, on a new one: GET
 * and HEAD if no byte of a response has come, others if nothing of the request was sent.
 *
 * Errors      Errc::transport: name not found, connection refused, closed or reset, deadline, response too
 *             large, response that is not HTTP. Errc::config: certificate not valid or not for this host,
 *             protocol version refused, plain http to another machine; these do not go away by themselves
 *             and are not retryable. Errc::invalidArgument: a malformed URL or header. Errc::protocol: an
 *             encoding that was not asked for. The text names host and port, never path, query, header
 *             values or bodies.
 *
 * Threads     All members may be called from any thread; the executor that awaits may have many.
 *
 * Cancellation  At once, also while a name is looked up; the connection in use is closed, the others are not
 *             touched.
 */
class HttpsTransport {
public:
    CORPS_DECL HttpsTransport();
    /**
     * @throws Error(Errc::config) when the given authorities cannot be read; Errc::invalidArgument for a
     * limit of zero. The system's authorities are read on the first use of TLS.
     */
    CORPS_DECL explicit HttpsTransport(HttpsOptions options);

    [[nodiscard]] CORPS_DECL asio::awaitable<Response> send(Request q) const;

    /**
     * A transport with the same options that trusts the authorities in this PEM file; with connections of its
     * own. What the business key `caFile` of a corp asks for. @throws as the constructor.
     */
    [[nodiscard]] CORPS_DECL HttpsTransport withCaFile(std::string file) const;

    [[nodiscard]] CORPS_DECL HttpsCounters counters() const;
    /** Closes the connections that are idle now. */
    CORPS_DECL void closeIdle() const;

private:
    class State;
    std::shared_ptr<State> state_;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/transport/impl/https.ipp>
#endif
