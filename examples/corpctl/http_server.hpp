// A small HTTP server in front of handleCallback: how a program that has none of its own mounts it.
#pragma once

#include <corps/callback/request.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace boost::asio {
class io_context;
}

namespace corpctl {

/**
 * Serves HTTP/1.1, without TLS: platforms want https, which the proxy in front of it speaks. Requests of more
 * than 4 MiB, connections that are silent for half a minute, and more than 256 connections at once are
 * refused.
 */
class HttpServer {
public:
    /** Answers a request, on the loop's thread, soon: platforms wait for a few seconds. */
    using Handler = std::function<corps::CallbackResponse(corps::CallbackRequest const&)>;

    /**
     * Listens from now on; serves while the loop runs.
     * @param host an address or a name of this machine. @param port 0: any that is free.
     * Throws std::runtime_error that names both when it cannot.
     */
    HttpServer(boost::asio::io_context& loop, std::string const& host, std::uint16_t port, Handler handler);
    HttpServer(HttpServer const&) = delete;
    HttpServer& operator=(HttpServer const&) = delete;
    ~HttpServer();

    /** "127.0.0.1:8080" */
    [[nodiscard]] std::string const& address() const noexcept;
    /** Takes no connection any more and closes those there are. */
    void close();

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace corpctl
