#pragma once

#include <corps/callback/dialect.hpp>
#include <corps/callback/message_crypt.hpp>

#include <boost/json/fwd.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace corps {

/**
 * The event in a decrypted message of DingTalk, in both forms of its keys: their case does not count
 * (DingTalk: "Event subscription", contact events). Its id is `eventId`, or a digest of its text where there
 * is none; what is not about the organisation changes nothing.
 */
[[nodiscard]] CORPS_DECL CallbackEvent ddEvent(std::string_view text, boost::json::object const& event);

/**
 * DingTalk's callbacks over HTTP to an internal application. Every event is answered with an encrypted
 * `success`, the check of a URL likewise, and a suite's check with its random text.
 *
 * The receiver in the encrypted part is the appKey, or the corpId where the historic register_call_back set
 * the URL: either is ours.
 *
 * Business keys: appKey, corpId, and `callback`: {token, aesKey, windowSeconds}. DingTalk tries again after
 * 10 and 30 seconds, so a timestamp more than an hour from now is refused; windowSeconds: another limit, 0
 * for none.
 */
class DDCallbacks final : public CallbackDialect {
public:
    /** Errors: Error(config) naming the file and the key. */
    CORPS_DECL explicit DDCallbacks(CorpConfig const& config);

    [[nodiscard]] CORPS_DECL CallbackReading read(CallbackRequest const& request,
                                                  TimePoint now) const override;

    /** What handleCallback() of a corp calls. */
    [[nodiscard]] CORPS_DECL static CallbackResponse handle(std::shared_ptr<MirrorCore> const& core,
                                                            CallbackRequest const& request);

private:
    [[nodiscard]] CallbackReading reply(std::string_view text, std::string_view receiver,
                                        TimePoint now) const;

    MessageCrypt crypt_;
    std::optional<Duration> window_;
    std::string appKey_;
    std::string corpId_;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/callback/impl/dd_callbacks.ipp>
#endif
