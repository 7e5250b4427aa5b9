#pragma once

#include <corps/detail/config.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace corps::emulator {

/** What goes wrong. The words in quotes are the `kind` of the JSON form. */
enum class FaultKind {
    status,        ///< "status": an HTTP error status, with the platform's or a proxy's body
    reset,         ///< "reset": part of the answer, then a TCP reset
    truncate,      ///< "truncate": part of the answer, then an orderly close
    close,         ///< "close": the whole answer, then the connection is closed without announcing it
    delay,         ///< "delay": the right answer, late
    garbage,       ///< "garbage": success, but the body is no JSON
    rateLimit,     ///< "rate-limit": refused as too frequent, in the platform's words
    expireToken,   ///< "expire-token": the token the request carries has just expired
    wrongToken,    ///< "wrong-token": the token the request carries is of a kind that this call does not take
    code,          ///< "code": the platform's envelope with an error code
    repeatCursor,  ///< "repeat-cursor": a list page that promises more under the cursor it was asked with
    emptySuccess,  ///< "empty-success": success with nothing in it
};

/** A fault and the requests it meets. Of several faults that fit a request, the first added applies. */
struct Fault {
    std::string match;      ///< part of the request's path and query, as sent; empty meets every request
    bool whole = false;     ///< `match` is all of the path and query
    std::string matchBody;  ///< and part of its body: some platforms tell in it alone what is asked for
    bool sameCall = false;  ///< whichever call it meets first, it meets only that one from then on: `match`
                            ///< becomes its path and query, `whole` true, `matchBody` its body
    FaultKind kind = FaultKind::status;
    std::int64_t times = 1;    ///< how often; -1: for ever
    std::int64_t after = 0;    ///< how many matching requests pass unharmed first
    double probability = 1.0;  ///< of each matching request after those; drawn from a fixed seed

    /** HTTP status of `status` (500), `garbage` (200), `code` (200) and `rateLimit` (429) unless 0. */
    int httpStatus = 0;
    std::int64_t code = 0;  ///< the platform's error code, for `code`
    std::string msg;        ///< its text
    std::string body;       ///< body of `status` and `garbage`, in place of the usual one
    std::string contentType;
    std::chrono::milliseconds delay{0};  ///< of `delay`; any other kind waits as long before it answers
    std::int64_t resetSeconds = 1;       ///< what `rateLimit` says about when to try again
    bool headers = true;                 ///< whether `rateLimit` says it at all
    /** Of `reset` and `truncate`: bytes of the answer, head included, that are sent; -1: head and half the
     * body. */
    std::int64_t afterBytes = -1;
};

/** A fault description that is not understood. `what()` names the place and what was expected there. */
class FaultError : public std::invalid_argument {
public:
    using std::invalid_argument::invalid_argument;
};

/**
 * Reads faults from JSON: one object or an array of them, with the member names of Fault as keys, except that
 * `status` means httpStatus and `delayMs` means delay.
 *
 * Exceptions  FaultError.
 */
[[nodiscard]] CORPS_DECL std::vector<Fault> parseFaults(std::string_view json);

/** The word of the JSON form. */
[[nodiscard]] CORPS_DECL std::string_view toString(FaultKind kind) noexcept;

/** The faults in force, and how far each has come. Not synchronised. */
class FaultList {
public:
    CORPS_DECL void add(Fault fault);
    CORPS_DECL void clear() noexcept;

    /** The fault that this request meets, if any; counts it as met. @param target Path and query as sent. */
    [[nodiscard]] CORPS_DECL std::optional<Fault> take(std::string_view target, std::string_view body = {});

    /** The faults still to come; `times` and `after` are what is left of them. */
    [[nodiscard]] const std::vector<Fault>& pending() const noexcept { return faults_; }

private:
    std::vector<Fault> faults_;
    std::uint64_t random_ = 0;
};

}  // namespace corps::emulator

#ifdef CORPS_HEADER_ONLY
#include <corps/emulator/impl/faults.ipp>
#endif
