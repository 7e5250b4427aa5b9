#pragma once

#include <corps/transport/message.hpp>

#include <boost/asio/awaitable.hpp>

#include <concepts>
#include <utility>

namespace corps {

namespace asio = boost::asio;

namespace detail {

template <class T>
concept HasSend = requires(T t, Request q) {
    { t.send(std::move(q)) } -> std::same_as<asio::awaitable<Response>>;
};

}  // namespace detail

/**
 * Sends one request and returns the response, whatever its status. A cheap copyable handle; copies share
 * connections and may be used by many coroutines at once on the executor that awaits. Throws Error with
 * Errc::transport (connection, TLS, deadline, size, a response that is not HTTP); cancellation passes as
 * boost::system::system_error(operation_aborted). TransportVerdict (verdict.hpp) says what a type lacks.
 */
template <class T>
concept Transport = std::copyable<T> && detail::HasSend<T>;

/** Where a client and an auth policy send their requests: the wire itself, or something wrapped around it. */
class Channel {
public:
    virtual ~Channel() = default;
    [[nodiscard]] virtual asio::awaitable<Response> send(Request q) = 0;
};

/** The bare transport as a Channel. */
template <Transport T>
class Wire final : public Channel {
public:
    explicit Wire(T transport) : transport_(std::move(transport)) {}
    [[nodiscard]] asio::awaitable<Response> send(Request q) override { return transport_.send(std::move(q)); }

private:
    T transport_;
};

}  // namespace corps
