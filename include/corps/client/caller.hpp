#pragma once

#include <corps/client/pull.hpp>
#include <corps/context/context.hpp>
#include <corps/detail/config.hpp>
#include <corps/error/error.hpp>
#include <corps/transport/channel.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps {

/** What an answer means for the call. */
enum class Outcome : std::uint8_t {
    ok,
    throttled,  ///< too fast: wait, then ask again
    transient,  ///< a failure that passes: ask again, ever more slowly
    failed,     ///< final
};

/** What a platform's classifier makes of one answer. */
class Verdict {
public:
    Verdict() = default;
    Verdict(Outcome o, Errc e, std::string m) : outcome(o), errc(e), message(std::move(m)) {}

    Outcome outcome = Outcome::ok;
    Errc errc = Errc::upstream;    ///< what it is when it stays: for everything but ok
    std::string message;           ///< our text
    std::optional<Duration> wait;  ///< how long the platform asks to wait, for throttled
    std::optional<std::int64_t> upstreamCode;
    int httpStatus = 0;
    std::string upstreamMessage;  ///< the platform's text: untrusted
    std::string requestId;
    std::vector<std::string> missingPermissions;  ///< by the platform's names
};

/**
 * How one platform reads an answer; pure. `envelope` is the body as an object with the list left out, or null
 * when the body is empty, HTML, or anything else that is no JSON object.
 */
using Classifier = Verdict (*)(Response const& response, boost::json::object const* envelope);

/** When to ask again. */
struct RetryPolicy {
    unsigned attempts = 5;           ///< answers that may fail in passing, before it is final
    unsigned throttledAttempts = 8;  ///< the same for being throttled
    Duration firstDelay{500};        ///< doubles each time
    Duration longestDelay{30'000};
    Duration longestWait{120'000};  ///< a platform that asks to wait longer is not waited for
};

/**
 * How long to wait before asking again; nothing when it is over. Pure.
 * @param failed how often this call was transient, @param throttled how often it was throttled, this time
 * included.
 * @param random 64 uniform bits, so that callers who failed together do not come back together.
 */
[[nodiscard]] CORPS_DECL std::optional<Duration> retryDelay(RetryPolicy const& policy, Verdict const& verdict,
                                                            unsigned failed, unsigned throttled,
                                                            std::uint64_t random);

/** An answer that went well. */
class Answer {
public:
    Answer() = default;
    int status = 0;
    boost::json::object envelope;         ///< the body; an array at the shape's path is empty in it
    std::vector<std::string_view> units;  ///< the records of that array; they live as long as this answer
    /** The object under "data", or null. */
    [[nodiscard]] CORPS_DECL boost::json::object const* data() const noexcept;

private:
    friend class Caller;
    std::unique_ptr<Response> response_;  // on the heap: the units point into it
};

/** An Error of a call, with the permissions that are missing. */
class CallError : public Error {
public:
    CORPS_DECL CallError(Verdict const& verdict, Diagnostics d);
    [[nodiscard]] std::vector<std::string> const& missingPermissions() const noexcept { return *missing_; }

private:
    std::shared_ptr<std::vector<std::string> const> missing_;  // shared: copying an exception must not throw
};

/**
 * Sends calls through a rate limiter, and asks again where that helps: the one place where clients of all
 * platforms do so. Where many calls in a row failed for good, each further one is asked once only, until one
 * goes well: a platform that is down fails a pull quickly.
 *
 * Threads     One coroutine at a time may be in a member; coroutines of one strand interleave.
 */
class Caller {
public:
    /** The channel must outlive this. `corp` is named in errors. */
    CORPS_DECL Caller(Channel& channel, Context context, std::string corp, Classifier classify,
                      RetryPolicy retry = RetryPolicy());

    /**
     * @param limiter of this API; must outlive the call.
     * @param shape where the records are, or null to have the whole body as the envelope. Must outlive the
     * call.
     * @return the answer, when the classifier says ok.
     *
     * Errors      CallError with the code of the last verdict; Error as the channel throws it. Cancellation
     * passes as system_error(operation_aborted).
     */
    [[nodiscard]] CORPS_DECL asio::awaitable<Answer> call(Request request, RateLimiter& limiter,
                                                          PageShape const* shape);

    /** Answers received since this was made, failed ones included. */
    [[nodiscard]] std::uint64_t calls() const noexcept { return calls_; }
    [[nodiscard]] Context const& context() const noexcept { return context_; }
    [[nodiscard]] std::string const& corp() const noexcept { return corp_; }

private:
    Channel* channel_;
    Context context_;
    std::string corp_;
    Classifier classify_;
    RetryPolicy retry_;
    std::uint64_t calls_ = 0;
    unsigned failedInARow_ = 0;
};

/**
 * Follows the cursor of one list: one object for each list, so that a cursor never reaches another one.
 */
class CursorGuard {
public:
    /** @param maxPages a list that goes on longer is taken for a loop. */
    explicit CursorGuard(std::size_t maxPages = 100'000) : maxPages_(maxPages) {}
    /**
     * Called with what each page says. @return the cursor of the next page, or nothing at the end.
     * Errors      Error(Errc::protocol) when there is more but no cursor, when a cursor repeats, or after too
     * many pages.
     */
    [[nodiscard]] CORPS_DECL std::optional<std::string> next(bool hasMore, std::string_view cursor);
    /** Pages seen so far. */
    [[nodiscard]] std::size_t pages() const noexcept { return pages_; }

private:
    std::set<std::string, std::less<>> seen_;
    std::size_t maxPages_;
    std::size_t pages_ = 0;
};

/** Query parameters in order; names may repeat. */
class Query {
public:
    Query() = default;
    /** Adds `&name=value`, both percent-encoded. */
    CORPS_DECL Query& add(std::string_view name, std::string_view value);
    /** Empty, or "?a=b&c=d". */
    [[nodiscard]] std::string const& text() const noexcept { return text_; }

private:
    std::string text_;
};

/** The classifier's verdict for an answer that is no JSON object, the same on all platforms. Pure. */
[[nodiscard]] CORPS_DECL Verdict verdictWithoutEnvelope(Response const& response);

/** Seconds as a header gives them ("52", "0.5"), as a duration; nothing when it is no such number. Pure. */
[[nodiscard]] CORPS_DECL std::optional<Duration> parseSeconds(std::string_view text) noexcept;

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/client/impl/caller.ipp>
#endif
