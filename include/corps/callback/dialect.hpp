// What the dialects of the platforms' callbacks have in common.
#pragma once

#include <corps/callback/request.hpp>
#include <corps/config/corp_config.hpp>
#include <corps/config/secret.hpp>
#include <corps/context/clock.hpp>
#include <corps/detail/config.hpp>
#include <corps/sync/announced_change.hpp>
#include <corps/sync/corp_core.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#define CORPS_INCLUDED_CRYPTO 1
#define CORPS_INCLUDED_CALLBACKS 1

namespace corps {

/** A larger request is refused unread. */
inline constexpr std::size_t kMostCallbackBytes = std::size_t{4} << 20;

/** One event of a platform, after every check of who sent it. */
struct CallbackEvent {
    std::string id;    ///< what tells it from others: the platform's id, or a digest of its text
    std::string type;  ///< the platform's own name of it, "contact.user.updated_v3"
    std::optional<TimePoint> time{};  ///< when it happened, where it says so
    AnnouncedChange change{};         ///< empty: nothing that concerns the organisation
};

/** What a dialect makes of a request. */
struct CallbackReading {
    CallbackResponse response;
    std::vector<CallbackEvent> events{};
    std::string refusal{};  ///< why it was refused, in words of ours alone; empty when it was not

    [[nodiscard]] bool refused() const noexcept { return !refusal.empty(); }
};

/**
 * The callbacks of one platform to one corp: checks, decrypts, decodes and answers. Keeps nothing.
 *
 * A request that is none is refused: 405 for another method, 413 for one that is too large, 400 for one that
 * lacks what every callback has, and 403 for everything after that, whether its signature, padding, content
 * or receiver is wrong: the answer does not tell how far a forged one came.
 *
 * Threads     read() is safe at the same time.
 */
class CallbackDialect {
public:
    virtual ~CallbackDialect() = default;
    /** @param now what the request's timestamp is compared with, and what an answer is stamped with. */
    [[nodiscard]] virtual CallbackReading read(CallbackRequest const& request, TimePoint now) const = 0;
};

/**
 * Handles one callback of a corp: reads it and answers. What it announces is worked off afterwards, on the
 * corp's Context (MirrorCore::announce); an event that was seen before, or is older than the last complete
 * sync, announces nothing. The dialect is made when the corp's first callback comes.
 *
 * Errors      Error(config) naming the file and the business key, when `make` finds none.
 */
[[nodiscard]] CORPS_DECL CallbackResponse
takeCallback(std::shared_ptr<MirrorCore> const& core, CallbackRequest const& request,
             FunctionRef<std::unique_ptr<CallbackDialect>(CorpConfig const&)> make);

namespace detail {

/** A refusal. @param reason for the log, in words of ours. */
[[nodiscard]] CORPS_DECL CallbackReading refuseCallback(int status, std::string reason);
[[nodiscard]] CORPS_DECL CallbackReading answerCallback(std::string body,
                                                        std::string contentType = "application/json");

/** A whole decimal number, and nothing else. */
[[nodiscard]] CORPS_DECL std::optional<std::int64_t> decimal(std::string_view text);
/** A time given in seconds, milliseconds or microseconds since 1970, whichever it must be to lie in our age.
 */
[[nodiscard]] CORPS_DECL std::optional<TimePoint> timeOf(std::string_view text);
/** What tells this text from others. */
[[nodiscard]] CORPS_DECL std::string textId(std::string_view text);
/** A platform's name of an event as it may be shown: 64 harmless characters at most. */
[[nodiscard]] CORPS_DECL std::string shownType(std::string_view type);

/** The object under the business key `callback`. Errors: Error(config) naming the file and the key. */
class CallbackKeys {
public:
    /** @param config must outlive this. @param expected what should stand there. */
    CORPS_DECL CallbackKeys(CorpConfig const& config, std::string_view expected);
    [[nodiscard]] CORPS_DECL Secret secret(std::string_view key) const;
    [[nodiscard]] CORPS_DECL Secret secretIfAny(std::string_view key) const;
    /** `windowSeconds`, or this; none where it is 0. */
    [[nodiscard]] CORPS_DECL std::optional<Duration> window(std::optional<Duration> otherwise) const;
    [[nodiscard]] CORPS_DECL Error errorAt(std::string_view key, std::string const& expected) const;

private:
    CorpConfig const& config_;
    boost::json::object const* keys_ = nullptr;
};

/** Whether a timestamp lies in the window around now. */
[[nodiscard]] CORPS_DECL bool isRecent(std::string_view timestamp, std::optional<Duration> window,
                                       TimePoint now);

}  // namespace detail
}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/callback/impl/dialect.ipp>
#endif
