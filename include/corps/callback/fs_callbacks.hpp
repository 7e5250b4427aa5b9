#pragma once

#include <corps/callback/dialect.hpp>
#include <corps/config/secret.hpp>

#include <boost/json/fwd.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace corps {

/**
 * The cryptography of Feishu's and Lark's events: SHA-256 over the raw body, AES-256-CBC with a key that is
 * the digest of the Encrypt Key. (Feishu: event-subscription-configure, "Receive encrypted events".)
 *
 * Threads     const calls are safe at the same time.
 */
class FSMessageCrypt {
public:
    /** @param encryptKey what the console calls Encrypt Key, any text that is not empty; an empty one signs
     * and encrypts nothing of worth. */
    CORPS_DECL explicit FSMessageCrypt(Secret encryptKey);

    /** Lower-case hex, over timestamp, nonce, key and the body as it was received. */
    [[nodiscard]] CORPS_DECL std::string signature(std::string_view timestamp, std::string_view nonce,
                                                   std::string_view body) const;
    /** Exact, in constant time. */
    [[nodiscard]] CORPS_DECL bool verify(std::string_view signature, std::string_view timestamp,
                                         std::string_view nonce, std::string_view body) const;
    /** The text in the value of `encrypt`; nothing when it is none. */
    [[nodiscard]] CORPS_DECL std::optional<std::string> decrypt(std::string_view encrypted) const;
    /** The inverse, with a random start. */
    [[nodiscard]] CORPS_DECL std::string encrypt(std::string_view text) const;
    /** The same with the 16 bytes it starts with given, for tests against published vectors. */
    [[nodiscard]] CORPS_DECL std::string encryptWith(std::string_view iv, std::string_view text) const;

private:
    Secret encryptKey_;
    Secret key_;
};

/** Which of its ids name a corp's people and departments. */
struct FSIdTypes {
    std::string user = "open_id";
    std::string department = "open_department_id";
};

/**
 * The event in a message of Feishu, in its second form and its first (Feishu:
 * event-subscription-guide/event-subscriptions, contact-v3 events). Who is named without the id that the corp
 * goes by is not named. A user_id that changed is a rename where the corp goes by it.
 */
[[nodiscard]] CORPS_DECL CallbackEvent fsEvent(std::string_view text, boost::json::object const& message,
                                               FSIdTypes const& ids);

/**
 * Feishu's and Lark's callbacks to a self-built application.
 *
 * With an Encrypt Key every request is encrypted and signed, but for the check of the URL, which is not
 * signed; a plain one is refused then. Without one the Verification Token is all that tells the platform from
 * others, and it stands in every request: set an Encrypt Key.
 *
 * Business keys: appId, userIdType, departmentIdType, and `callback`: {verificationToken, encryptKey,
 * windowSeconds}; encryptKey where the console has one. Feishu tries again for 7 hours, and does not say
 * whether it signs anew: a window is used only when windowSeconds says so.
 */
class FSCallbacks final : public CallbackDialect {
public:
    /** Errors: Error(config) naming the file and the key. */
    CORPS_DECL explicit FSCallbacks(CorpConfig const& config);

    [[nodiscard]] CORPS_DECL CallbackReading read(CallbackRequest const& request,
                                                  TimePoint now) const override;

    /** What handleCallback() of a corp calls. */
    [[nodiscard]] CORPS_DECL static CallbackResponse handle(std::shared_ptr<MirrorCore> const& core,
                                                            CallbackRequest const& request);

private:
    Secret token_;
    std::optional<FSMessageCrypt> crypt_;
    std::optional<Duration> window_;
    std::string appId_;
    FSIdTypes ids_;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/callback/impl/fs_callbacks.ipp>
#endif
