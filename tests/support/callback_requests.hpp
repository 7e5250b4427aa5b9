// Callbacks as the platforms send them.
#pragma once

#include <corps/callback/callbacks.hpp>
#include <corps/transport/message.hpp>

#include <boost/json/object.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace corps::test {

inline std::string const kToken = "orgSyncToken01";
inline std::string const kAesKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
inline std::string const kEncryptKey = "kudPQjXm4xJqGZ7e2TnV";
inline std::string const kVerificationToken = "v-Tok3nV3rifyExample0000000000";

inline MessageCrypt messageCrypt() { return MessageCrypt(Secret(kToken), Secret(kAesKey)); }

inline CorpConfig qywxConfig() {
    return CorpConfig("corps.WeCom", "WeCom",
                      {{"corpId", "ww0123456789abcdef"},
                       {"agentId", 1000002},
                       {"secret", "s"},
                       {"callback", {{"token", kToken}, {"aesKey", kAesKey}}}});
}
inline CorpConfig ddConfig() {
    return CorpConfig("corps.DingTalk", "DingTalk",
                      {{"corpId", "dingcorp0000000000000001"},
                       {"agentId", "1"},
                       {"appKey", "dingexampleappkey01"},
                       {"appSecret", "s"},
                       {"callback", {{"token", kToken}, {"aesKey", kAesKey}}}});
}
inline CorpConfig fsConfig() {
    return CorpConfig(
        "corps.Feishu", "Feishu",
        {{"appId", "cli_a1b2c3d4e5f6a7b8"},
         {"appSecret", "s"},
         {"callback", {{"verificationToken", kVerificationToken}, {"encryptKey", kEncryptKey}}}});
}

/** Replaces a key of `callback`. */
inline CorpConfig withCallbackKey(CorpConfig config, std::string_view key, boost::json::value value) {
    config.business["callback"].as_object()[key] = std::move(value);
    return config;
}

/** 2023-11-14T22:13:20Z: when the vectors were sent. */
inline TimePoint const kThen{Duration(1'700'000'000'000)};

/** Signed parameters of the query. */
inline std::string signedQuery(MessageCrypt const& crypt, std::string const& encrypted,
                               std::string const& timestamp = "1700000001",
                               std::string const& nonce = "380320359") {
    return "?msg_signature=" + crypt.signature(timestamp, nonce, encrypted) + "&timestamp=" + timestamp +
           "&nonce=" + nonce;
}

/** An event of WeCom. @param agentId in the envelope; empty: there is none. */
inline CallbackRequest qywxPost(std::string const& xml, std::string const& agentId = "",
                                std::string const& corpId = "ww0123456789abcdef",
                                std::string const& timestamp = "1700000001") {
    MessageCrypt const crypt = messageCrypt();
    std::string const encrypted = crypt.encrypt(xml, corpId);
    std::string body = "<xml><ToUserName><![CDATA[" + corpId + "]]></ToUserName>";
    if (!agentId.empty()) body += "<AgentID><![CDATA[" + agentId + "]]></AgentID>";
    body += "<Encrypt><![CDATA[" + encrypted + "]]></Encrypt></xml>";
    return CallbackRequest("POST", "/wecom/demo" + signedQuery(crypt, encrypted, timestamp), body);
}

/** The inside of an event of WeCom's contacts. */
inline std::string contactXml(std::string const& changeType, std::string const& rest,
                              std::string const& time = "1700000001") {
    return "<xml><ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName><FromUserName><![CDATA[sys]]>"
           "</FromUserName><CreateTime>" +
           time +
           "</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_contact]]></Event>"
           "<ChangeType>" +
           changeType + "</ChangeType>" + rest + "</xml>";
}

inline CallbackRequest ddPost(std::string const& json, std::string const& owner = "dingexampleappkey01",
                              bool both = false, std::string const& timestamp = "1700000000456") {
    MessageCrypt const crypt = messageCrypt();
    std::string const encrypted = crypt.encrypt(json, owner);
    std::string target = "/dingtalk/demo" + signedQuery(crypt, encrypted, timestamp, "nonce123");
    if (both) target += "&signature=" + crypt.signature(timestamp, "nonce123", encrypted);
    return CallbackRequest("POST", target, {Header("Content-Type", "application/json")},
                           "{\"encrypt\":\"" + encrypted + "\"}");
}

inline CallbackRequest fsPost(std::string const& json, std::string const& timestamp = "1700000001") {
    FSMessageCrypt const crypt{Secret(kEncryptKey)};
    std::string const body = "{\"encrypt\":\"" + crypt.encrypt(json) + "\"}";
    std::string const nonce = "n0nce-d4e5f6";
    return CallbackRequest(
        "POST", "/feishu/demo",
        {Header("X-Lark-Request-Timestamp", timestamp), Header("X-Lark-Request-Nonce", nonce),
         Header("X-Lark-Signature", crypt.signature(timestamp, nonce, body))},
        body);
}
inline CallbackRequest fsPlain(std::string const& json) {
    return CallbackRequest("POST", "/feishu/demo", json);
}

inline std::string fsJson(std::string const& type, std::string const& event,
                          std::string const& id = "00000000000000000000000000000e01",
                          std::string const& token = kVerificationToken) {
    return R"({"schema":"2.0","header":{"event_id":")" + id + R"(","event_type":")" + type +
           R"(","create_time":"1700000000123","token":")" + token +
           R"(","app_id":"cli_a1b2c3d4e5f6a7b8","tenant_key":"1a2b3c4d5e6f7a8b"},"event":)" + event + "}";
}

/** Calls f with the request once for each bit of each of its parts, that bit turned round. */
inline void forEachBit(CallbackRequest const& valid,
                       std::function<void(CallbackRequest const&, std::string const& where)> const& f) {
    auto const turn = [&](std::string& part, CallbackRequest const& changed, std::size_t from, std::size_t to,
                          std::string const& name) {
        for (std::size_t i = from; i < to; ++i)
            for (int bit = 0; bit < 8; ++bit) {
                char const was = part[i];
                part[i] = static_cast<char>(static_cast<unsigned char>(was) ^ (1U << bit));
                f(changed, name + " byte " + std::to_string(i) + " bit " + std::to_string(bit));
                part[i] = was;
            }
    };
    CallbackRequest q = valid;
    turn(q.body, q, 0, q.body.size(), "body");
    // Of the query the values: a parameter by another name is another request.
    for (std::size_t from = q.target.find('='); from != std::string::npos; from = q.target.find('=', from)) {
        std::size_t const to = std::min(q.target.find('&', from), q.target.size());
        turn(q.target, q, from + 1, to, "target");
        from = to;
    }
    for (Header& h : q.headers)
        if (h.name.starts_with("X-Lark")) turn(h.value, q, 0, h.value.size(), h.name);
}

}  // namespace corps::test
