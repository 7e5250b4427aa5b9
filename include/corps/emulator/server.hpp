#pragma once

#include <corps/detail/config.hpp>
#include <corps/emulator/callbacks.hpp>
#include <corps/emulator/faults.hpp>
#include <corps/emulator/organisation.hpp>
#include <corps/emulator/stats.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace corps::emulator {

namespace detail {
class Platform;
}  // namespace detail

/** What every emulated platform can be told when it starts. */
struct ServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;       ///< 0: any free one
    std::string certificateFile;  ///< PEM chain; with keyFile the server speaks TLS
    std::string keyFile;          ///< PEM
    /** Time for lifetimes and rate windows, never backwards. A platform whose answers tell the time reads it
     * as the time since 1970; otherwise any origin does. The machine's clock if not set. */
    std::function<std::chrono::milliseconds()> clock;
};

/**
 * A server on this machine that answers as a platform does; which one is the derived class's matter.
 *
 * It starts with the object and serves on a thread of its own until `stop` or destruction. Beside the
 * platform's own paths it answers control calls, which need no token and appear in no counter:
 *
 *     GET|DELETE    /_emulator/stats      the counters; start them anew
 *     GET|PUT       /_emulator/org        the organisation file; replace it
 *     GET|POST|DELETE /_emulator/faults   those still to come; add (an object or an array); forget all
 *     POST          /_emulator/clock      {"advanceSeconds": N}
 *     GET|PUT       /_emulator/behaviour  the platform's behaviour as JSON; what a PUT does not name stays
 *     GET|POST|DELETE /_emulator/callback     where events go; {"url": ..., "token": ..., "aesKey": ...}
 * names an address, which is asked first; no events any more GET|DELETE    /_emulator/callbacks      what was
 * sent and how it was answered; forget what is over GET|POST|DELETE /_emulator/callback-faults  as faults, of
 * events
 *
 * Threads     Every member may be called from any thread.
 * Cost        Some 20,000 small answers a second on one thread. Memory: the organisation and about 200 bytes
 * a member.
 */
class Server {
public:
    CORPS_DECL virtual ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    [[nodiscard]] CORPS_DECL std::uint16_t port() const noexcept;
    /** `http://127.0.0.1:PORT` or `https://127.0.0.1:PORT`: for every host of the platform. */
    [[nodiscard]] CORPS_DECL std::string baseUrl() const;

    /**
     * Replaces the organisation: the next request sees it. Tokens stay valid.
     *
     * Exceptions  OrganisationError, with the old organisation still in place.
     */
    CORPS_DECL void setOrganisation(Organisation organisation);
    [[nodiscard]] CORPS_DECL Organisation organisation() const;

    [[nodiscard]] CORPS_DECL Stats stats() const;
    CORPS_DECL void resetStats();

    CORPS_DECL void addFault(Fault fault);
    /** Those still to come; `times`, `after` and `match` are what has become of them. */
    [[nodiscard]] CORPS_DECL std::vector<Fault> faults() const;
    CORPS_DECL void clearFaults();

    /** No events any more: every address is forgotten, and what waits for it. */
    CORPS_DECL void clearCallbacks();
    /** Events, and the questions to addresses, in the order of their making; of those that are over the last
     * ten thousand. */
    [[nodiscard]] CORPS_DECL std::vector<CallbackRecord> callbacks() const;
    CORPS_DECL void forgetCallbacks();  ///< those that are over
    /** Nothing is on its way and nothing is due. A try that waits for the clock to move is not due. */
    [[nodiscard]] CORPS_DECL bool callbacksIdle() const;
    /** Waits, in real time, until that is so. @return Whether it came so far. */
    CORPS_DECL bool waitForCallbacks(
        std::chrono::milliseconds atMost = std::chrono::milliseconds(10'000)) const;
    CORPS_DECL void addCallbackFault(CallbackFault fault);
    /** Those still to come; `times` and `after` are what is left of them. */
    [[nodiscard]] CORPS_DECL std::vector<CallbackFault> callbackFaults() const;
    CORPS_DECL void clearCallbackFaults();

    /** Lets time pass, on top of the clock: tokens age, rate windows end, events are tried again. */
    CORPS_DECL void advanceClock(std::chrono::milliseconds by);

    /** Closes every connection and ends the thread. Idempotent. */
    CORPS_DECL void stop();

protected:
    CORPS_DECL explicit Server(std::unique_ptr<detail::Platform> platform);

    std::unique_ptr<detail::Platform> platform_;
};

}  // namespace corps::emulator

#ifdef CORPS_HEADER_ONLY
#include <corps/emulator/impl/server.ipp>
#endif
