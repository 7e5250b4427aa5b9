// Callbacks of a suite as the platform sends them, and the Context of a provider.
#pragma once

#include <corps/callback/message_crypt.hpp>
#include <corps/callback/request.hpp>
#include <corps/config/secret.hpp>
#include <corps/context/context.hpp>
#include <corps/crypto/store_key.hpp>
#include <corps/error/error.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/transport/message.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <support/proxy_platform.hpp>

namespace corps::testsupport {

inline ContextOptions providerOptions(std::string_view key = "a key for tests") {
    auto clock = std::make_shared<testing::ManualClock>();
    clock->autoAdvance();
    ContextOptions options;
    options.clock = clock;
    if (!key.empty()) options.storeKey = storeKey(Secret(key));
    return options;
}
inline Context providerContext(std::string_view key = "a key for tests") {
    return Context(providerOptions(key));
}

inline Errc failure(std::function<void()> const& f, std::string* text = nullptr) {
    try {
        f();
    } catch (Error const& e) {
        if (text != nullptr) *text = e.what();
        return static_cast<Errc>(e.code().value());
    }
    return Errc();
}

/** An event of the template's callback address, signed and encrypted. */
inline CallbackRequest suiteEvent(std::string const& xml, std::string const& receiveId = kSuiteId) {
    MessageCrypt const crypt{Secret(kCallbackToken), Secret(kAesKey)};
    std::string const encrypted = crypt.encrypt(xml, receiveId);
    std::string const signature = crypt.signature("1767225600", "380320360", encrypted);
    return CallbackRequest(
        "POST", "/suite?msg_signature=" + signature + "&timestamp=1767225600&nonce=380320360",
        "<xml><ToUserName><![CDATA[" + std::string(kSuiteId) + "]]></ToUserName><Encrypt><![CDATA[" +
            encrypted + "]]></Encrypt><AgentID><![CDATA[]]></AgentID></xml>");
}
inline std::string suiteXml(std::string const& kind, long long seconds, std::string const& rest) {
    // The space before the CDATA stands in the platform's own sample.
    return "<xml><SuiteId><![CDATA[" + std::string(kSuiteId) + "]]></SuiteId><InfoType> <![CDATA[" + kind +
           "]]></InfoType><TimeStamp>" + std::to_string(seconds) + "</TimeStamp>" + rest + "</xml>";
}
inline CallbackRequest ticketEvent(std::string const& ticket, long long seconds) {
    return suiteEvent(
        suiteXml("suite_ticket", seconds, "<SuiteTicket><![CDATA[" + ticket + "]]></SuiteTicket>"));
}
inline CallbackRequest createEvent(std::string const& code, long long seconds) {
    return suiteEvent(suiteXml("create_auth", seconds,
                               "<AuthCode><![CDATA[" + code +
                                   "]]></AuthCode><State><![CDATA[corp42]]></State><ExtraInfo></ExtraInfo>"));
}
inline CallbackRequest resetEvent(std::string const& code, long long seconds) {
    return suiteEvent(
        suiteXml("reset_permanent_code", seconds, "<AuthCode><![CDATA[" + code + "]]></AuthCode>"));
}
inline CallbackRequest changeEvent(std::string const& corpId, long long seconds) {
    return suiteEvent(
        suiteXml("change_auth", seconds, "<AuthCorpId><![CDATA[" + corpId + "]]></AuthCorpId>"));
}
inline CallbackRequest cancelEvent(std::string const& corpId, long long seconds) {
    return suiteEvent(
        suiteXml("cancel_auth", seconds, "<AuthCorpId><![CDATA[" + corpId + "]]></AuthCorpId>"));
}

}  // namespace corps::testsupport
