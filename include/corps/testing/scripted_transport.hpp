#pragma once

#include <corps/context/clock.hpp>
#include <corps/detail/config.hpp>
#include <corps/testing/failure_counter.hpp>
#include <corps/transport/message.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#define CORPS_INCLUDED_TESTING

namespace corps::testing {

/** A way in which a call can go wrong. */
class Fault {
public:
    /** Another status than the right one. */
    static Fault status(int code, std::string body = std::string()) {
        return Fault(Kind::status, code, std::move(body));
    }
    /** Error(Errc::transport), as when the connection is reset. */
    static Fault connection() { return Fault(Kind::connection, 0, std::string()); }
    /** Error(Errc::transport) once Request::timeout has passed (on the clock of ScriptedTransport::delay, if
     * one is set). */
    static Fault timeout() { return Fault(Kind::timeout, 0, std::string()); }
    /** 200 with a body that is no JSON. */
    static Fault garbage(std::string body = "<html><body>502 Bad Gateway</body></html>") {
        return Fault(Kind::status, 200, std::move(body));
    }
    /** The right answer, with the second half of its body missing. */
    static Fault truncated() { return Fault(Kind::truncated, 0, std::string()); }
    /** No answer at all, ever: ends by cancellation only. */
    static Fault hang() { return Fault(Kind::hang, 0, std::string()); }
    /** An exception of the caller's choice. */
    static Fault error(std::exception_ptr e) {
        Fault out(Kind::error, 0, std::string());
        out.exception_ = std::move(e);
        return out;
    }

private:
    friend class ScriptedTransport;
    enum class Kind : std::uint8_t { status, connection, timeout, truncated, hang, error };
    Fault(Kind k, int s, std::string b) : kind_(k), status_(s), body_(std::move(b)) {}

    Kind kind_;
    int status_;
    std::string body_;
    std::exception_ptr exception_;
};

/**
 * A Transport without a network: answers come from functions or a queue, calls are recorded, any of them can
 * be made to fail. A cheap handle; copies share everything. The template for a transport of one's own, too.
 *
 *   ScriptedTransport net;
 *   net.push(Response(200, R"({"code":0})"));                         // next call without a handler
 *   net.on("GET /open-apis/contact/v3/users", [](Request const& q) { return Response(200, pageOf(q)); });
 *   net.failAt(3, Fault::status(503));                                // the fourth call of all
 *
 * A call is answered by, in this order: its fault, the handler of its endpoint, the queue, the general
 * handler. A call that nobody answers throws Error(Errc::unsupported), which is not retried.
 *
 * Threads     All members may be called from any thread; handlers run one at a time.
 */
class ScriptedTransport {
public:
    /** Answers a request; may throw what a transport throws. */
    using Handler = std::function<Response(Request const&)>;

    CORPS_DECL ScriptedTransport();
    CORPS_DECL explicit ScriptedTransport(Handler handler);

    /** Appends to the queue. */
    CORPS_DECL ScriptedTransport& push(Response answer);
    CORPS_DECL ScriptedTransport& push(Fault fault);
    /** Answers all calls of one Request::endpoint; replaces what was set for it. */
    CORPS_DECL ScriptedTransport& on(std::string endpoint, Handler handler);
    /** The call with this number (from 0, over all endpoints) goes wrong. */
    CORPS_DECL ScriptedTransport& failAt(std::size_t call, Fault fault);
    /** Every call is a step of `counter`; the step that fails goes wrong with `fault`. */
    CORPS_DECL ScriptedTransport& failWith(FailureCounter counter, Fault fault = Fault::connection());

    /**
     * Answers after 1 to `turns` turns of the executor's queue, drawn from `seed`, so that concurrent calls
     * overtake each other in the same way each time. 0: at once (the default).
     */
    CORPS_DECL ScriptedTransport& interleave(unsigned turns, std::uint64_t seed = 1);
    /** Answers after `d` on `clock`; past Request::timeout, the call fails then as with Fault::timeout. */
    CORPS_DECL ScriptedTransport& delay(std::shared_ptr<Clock> clock, Duration d);

    [[nodiscard]] CORPS_DECL asio::awaitable<Response> send(Request q) const;

    /** Calls begun, in order, with headers and bodies. */
    [[nodiscard]] CORPS_DECL std::vector<Request> requests() const;
    [[nodiscard]] CORPS_DECL std::size_t calls() const;
    [[nodiscard]] CORPS_DECL std::size_t calls(std::string_view endpoint) const;
    /** The highest number of calls that were under way at once; how many are now. */
    [[nodiscard]] CORPS_DECL std::size_t maxConcurrent() const;
    [[nodiscard]] CORPS_DECL std::size_t inFlight() const;
    /** Answers of the queue not asked for: 0 at the end of an exact script. */
    [[nodiscard]] CORPS_DECL std::size_t queued() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace corps::testing

#ifdef CORPS_HEADER_ONLY
#include <corps/testing/impl/scripted_transport.ipp>
#endif
