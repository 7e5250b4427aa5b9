#pragma once

#include <corps/callback/dialect.hpp>
#include <corps/callback/message_crypt.hpp>
#include <corps/callback/xml.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corps {

/** A request of WeCom whose signature was right, decrypted; or why it was refused. */
struct QywxIncoming {
    std::string refusal{};      ///< empty: it was not refused
    int status = 0;             ///< of the refusal
    bool verification = false;  ///< of the URL: answer with the bare text
    std::string text{};         ///< echostr, or the XML of an event
    std::string receiveId{};    ///< to be compared with who we are
    std::string toUserName{};   ///< outside of the encrypted part
    std::string agentId{};      ///< likewise
};

/**
 * Reads a request of WeCom: GET with echostr, POST with an encrypted XML (WeCom: document/path/90930, 90968).
 * Serves enterprises' own applications, applications of providers, and suites.
 *
 * @param window how far the signed timestamp may be from now; none: any.
 */
[[nodiscard]] CORPS_DECL QywxIncoming readQywx(MessageCrypt const& crypt, CallbackRequest const& request,
                                               std::optional<Duration> window, TimePoint now);

/**
 * The event in a decrypted message: change_contact in its full form and with ids only (WeCom:
 * document/path/90970), subscribe and unsubscribe; any other changes nothing. An event has no id of its own:
 * its text is what tells it from others.
 */
[[nodiscard]] CORPS_DECL CallbackEvent qywxEvent(std::string_view text, XmlElement const& xml);

/** Who takes callbacks of WeCom, and what they are checked with. */
struct QywxReceiver {
    MessageCrypt crypt;
    std::optional<Duration> window{};  ///< see readQywx()
    std::vector<std::string> ids{};    ///< whom a message may be encrypted for, and an envelope addressed to
    std::string agentId{};             ///< the application; empty: not known
};

/** Reads a request to an application, its events and its answer. */
[[nodiscard]] CORPS_DECL CallbackReading readQywxApp(QywxReceiver const& receiver,
                                                     CallbackRequest const& request, TimePoint now);

/**
 * WeCom's callbacks to an enterprise's own application or to its contact sync.
 *
 * Business keys: corpId, agentId, and `callback`: {token, aesKey, windowSeconds}. WeCom signs when it sends
 * and tries again within seconds, so a timestamp more than an hour from now is refused; windowSeconds:
 * another limit, 0 for none.
 */
class QywxCallbacks final : public CallbackDialect {
public:
    /** Errors: Error(config) naming the file and the key. */
    CORPS_DECL explicit QywxCallbacks(CorpConfig const& config);

    [[nodiscard]] CallbackReading read(CallbackRequest const& request, TimePoint now) const override {
        return readQywxApp(receiver_, request, now);
    }

    /** What handleCallback() of a corp calls. */
    [[nodiscard]] CORPS_DECL static CallbackResponse handle(std::shared_ptr<MirrorCore> const& core,
                                                            CallbackRequest const& request);

private:
    QywxReceiver receiver_;
};

/**
 * WeCom's callbacks to the application that a service provider runs for one enterprise: contact events, and
 * who enters and leaves the range. (The template's own, tickets and authorisations, go to Suite.)
 *
 * Whose id stands in the encrypted part is told differently in different places: the enterprise's, by either
 * of its ids, the provider's, the suite's or none is taken, and `receiveId` where the platform uses another
 * one.
 *
 * Business keys: corpId, agentId (optional), and `callback`: {token, aesKey, windowSeconds, receiveId};
 * without it, token and encodingAESKey of the auths.* element.
 */
class QywxProxyCallbacks final : public CallbackDialect {
public:
    /** @param otherCorpIds under which other ids the enterprise is known. Errors: Error(config) naming the
     * file and the key. */
    CORPS_DECL explicit QywxProxyCallbacks(CorpConfig const& config,
                                           std::vector<std::string> otherCorpIds = {});

    [[nodiscard]] CallbackReading read(CallbackRequest const& request, TimePoint now) const override {
        return readQywxApp(receiver_, request, now);
    }

    /** What handleCallback() of a corp calls. */
    [[nodiscard]] CORPS_DECL static CallbackResponse handle(std::shared_ptr<MirrorCore> const& core,
                                                            CallbackRequest const& request);

private:
    QywxReceiver receiver_;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/callback/impl/qywx_callbacks.ipp>
#endif
