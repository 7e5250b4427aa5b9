#pragma once

#include <corps/detail/config.hpp>
#include <corps/emulator/faults.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/**
 * @file
 * Events that an emulator sends of its own accord: where to, what became of each, and what goes wrong on the
 * way.
 */
namespace corps::emulator {

/** Where an emulated platform sends its events, and what they are made unreadable with. */
struct CallbackOptions {
    std::string url;  ///< `http://` or `https://`; any certificate is accepted
    std::string token;
    std::string aesKey;
    bool verify = true;  ///< asks the address first, as the platform does when it is saved
    /** So many events are on their way at once; more than one may arrive in any order. */
    std::size_t connections = 1;
};

/** An address that was not accepted. `what()` says what it did wrong. */
class CallbackError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/** A try to deliver an event. */
struct CallbackAttempt {
    std::int64_t atMs = 0;  ///< by the server's clock
    std::string method;
    std::string url;        ///< with its query
    int status = 0;         ///< of the answer; 0: there was none
    std::string answer;     ///< its body, the first 4096 bytes
    std::string error;      ///< what was wrong; empty: accepted
    bool answered = false;  ///< an answer came in time, right or wrong
    bool accepted = false;
};

/** An event and what has become of it. */
struct CallbackRecord {
    enum class State {
        waiting,  ///< to be sent, or to be tried again
        accepted,
        failed,  ///< no try is left
        lost     ///< a fault kept it from being sent
    };

    std::uint64_t id = 0;  ///< in the order of their making
    std::string receiver;  ///< whom it is for: an app, a kind of address
    std::string event;     ///< the platform's name of it
    std::string text;      ///< what it says, as it is before encryption
    State state = State::waiting;
    std::int64_t dueMs = 0;  ///< while it waits: when it is tried next
    std::vector<CallbackAttempt> attempts;
};

/** The word of the JSON form: `waiting`, `accepted`, `failed`, `lost`. */
[[nodiscard]] CORPS_DECL std::string_view toString(CallbackRecord::State state) noexcept;

/** What goes wrong with an event. The words in quotes are the `kind` of the JSON form. */
enum class CallbackFaultKind {
    lost,            ///< "lost": never sent
    doubled,         ///< "doubled": sent twice, though the first was accepted
    shuffled,        ///< "shuffled": trades places with the others that one change made
    delayed,         ///< "delayed": sent later, by the server's clock
    answerLost,      ///< "answer-lost": the first answer does not arrive, so that it is sent again
    wrongSignature,  ///< "wrong-signature": what shows that the platform sent it is wrong
    garbled,         ///< "garbled": well signed, but it cannot be read
};

/** A fault and the events it meets. Of several that fit an event, the first added applies. */
struct CallbackFault {
    CallbackFaultKind kind = CallbackFaultKind::lost;
    std::string match;         ///< part of the event's name or of its text; empty meets every event
    std::int64_t times = 1;    ///< how often; -1: for ever
    std::int64_t after = 0;    ///< how many matching events pass unharmed first
    double probability = 1.0;  ///< of each matching event after those; drawn from a fixed seed
    std::chrono::milliseconds delay{1000};  ///< of `delayed`
};

/** The word of the JSON form. */
[[nodiscard]] CORPS_DECL std::string_view toString(CallbackFaultKind kind) noexcept;

/**
 * Reads faults from JSON: one object or an array of them, with the member names of CallbackFault as keys,
 * except that `delayMs` means delay.
 *
 * Exceptions  FaultError.
 */
[[nodiscard]] CORPS_DECL std::vector<CallbackFault> parseCallbackFaults(std::string_view json);

}  // namespace corps::emulator

#ifdef CORPS_HEADER_ONLY
#include <corps/emulator/impl/callbacks.ipp>
#endif
