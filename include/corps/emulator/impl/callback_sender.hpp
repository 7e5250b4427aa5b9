#pragma once

#include <corps/detail/config.hpp>
#include <corps/emulator/callbacks.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace corps::emulator::detail {

/** A request of the platform to somebody. */
struct CallbackMessage {
    std::string method = "POST";
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

/** How a message is spoilt, for tests of those who must refuse it. */
enum class CallbackSpoil { none, signature, ciphertext };

/** An event, or the question whether an address may have any. */
struct CallbackJob {
    std::string receiver;  ///< jobs of one receiver are sent in their order
    std::string event;     ///< for the log and the faults
    std::string text;      ///< what it says, for the log and the faults
    std::size_t connections = 1;

    /** The message; called for each try, on the sender's thread. */
    std::function<CallbackMessage(std::int64_t nowMs, CallbackSpoil spoil)> write;
    /** What is wrong with an answer, empty if nothing is. On the sender's thread. */
    std::function<std::string(int status, const std::string& body)> judge;
    std::vector<std::chrono::milliseconds> retries;  ///< how long each further try waits, by the clock
    bool retryRefused = true;                        ///< a wrong answer is tried again, too, not only none
    std::chrono::milliseconds connectTimeout{2000};  ///< real time, like the next
    std::chrono::milliseconds timeout{3000};         ///< from the start to the end of the answer
    /** Told what came of it, once, on the sender's thread; not when the server stops first. */
    std::function<void(const CallbackRecord&)> done;

    std::int64_t dueMs = std::numeric_limits<std::int64_t>::min();  ///< not sent before
    CallbackSpoil spoil = CallbackSpoil::none;
    std::uint32_t answersLost = 0;  ///< so many good answers do not arrive
};

/**
 * Sends what a platform says of its own accord, on a thread of its own that starts with the first job.
 *
 * Threads  Any member from any thread. No callback of a job runs while a lock of the sender is held.
 */
class CallbackSender {
public:
    /** @param now The server's clock; called without any lock of the sender.
     *  @param steady The clock moves with real time, but for `wake`. */
    CORPS_DECL CallbackSender(std::function<std::int64_t()> now, bool steady);
    CORPS_DECL ~CallbackSender();
    CallbackSender(const CallbackSender&) = delete;
    CallbackSender& operator=(const CallbackSender&) = delete;

    CORPS_DECL void send(CallbackJob job);
    /** Notes a job that is not sent. */
    CORPS_DECL void lose(const CallbackJob& job);
    /** Forgets what waits for a receiver: it counts as failed, and `done` is not called. */
    CORPS_DECL void drop(const std::string& receiver);
    /** Calls `ring` once the clock has come so far, on the sender's thread and without a lock. @param name
     * Whose alarm it is: one of that name that has not rung yet is replaced. */
    CORPS_DECL void wakeAt(const std::string& name, std::int64_t dueMs, std::function<void()> ring);
    CORPS_DECL void forgetAlarm(const std::string& name);
    /** The clock was moved. */
    CORPS_DECL void wake();

    /** In the order of their making; of those that are over, the last ten thousand. */
    [[nodiscard]] CORPS_DECL std::vector<CallbackRecord> records() const;
    CORPS_DECL void forget();  ///< those that are over
    /** Nothing is on its way, and nothing is due. Not from a callback. */
    [[nodiscard]] CORPS_DECL bool idle() const;
    /** Waits until that is so. @return Whether it came so far. */
    CORPS_DECL bool wait(std::chrono::milliseconds atMost) const;
    /** Cuts what is on its way and joins the thread; later jobs are ignored. Idempotent. */
    CORPS_DECL void stop();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace corps::emulator::detail

#ifdef CORPS_HEADER_ONLY
#include <corps/emulator/impl/callback_sender.ipp>
#endif
