// Callbacks. The first byte says which platform, the second how the rest comes: as a whole request (target, a
// line with headers' values, body); as an envelope's body whose signature is right; as the bytes inside a
// right encryption, padding and length included; as the text of a message; or as the XML alone. Refused with
// a status of 4xx and without an event, or answered; never anything else.
#include <corps/callback/callbacks.hpp>
#include <corps/crypto/base64.hpp>
#include <corps/crypto/cipher.hpp>
#include <corps/crypto/digest.hpp>
#include <corps/error/error.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <support/callback_requests.hpp>
#include <vector>

namespace {

using namespace corps;
using namespace corps::test;

void require(bool fine, char const* what) {
    if (fine) return;
    std::fputs(what, stderr);
    std::fputc('\n', stderr);
    std::abort();
}

void check(CallbackReading const& out, bool mustBeAnswered) {
    int const status = out.response.status;
    if (out.refused()) {
        require(status == 400 || status == 403 || status == 405 || status == 413, "another status");
        require(out.events.empty(), "a refused request with an event");
        require(!mustBeAnswered, "a right request was refused");
        return;
    }
    require(status == 200, "answered with another status");
    for (CallbackEvent const& e : out.events) {
        require(!e.id.empty(), "an event without an id");
        for (char const c : e.type) require(c > ' ' && c < 0x7F, "a type that is not to be shown");
        for (MemberId const& m : e.change.members) require(!m.empty(), "an empty member id");
        for (DeptId const& d : e.change.depts) require(!d.empty(), "an empty department id");
        for (RoleId const& r : e.change.roles) require(!r.empty(), "an empty role id");
        for (auto const& [from, to] : e.change.renames)
            require(!from.empty() && !to.empty() && from != to, "a rename that is none");
    }
}

std::string_view upTo(std::string_view& rest, char end) {
    std::string_view const out = rest.substr(0, rest.find(end));
    rest.remove_prefix(std::min(out.size() + 1, rest.size()));
    return out;
}

/** Whole blocks of any content under the key of WeCom and DingTalk. */
std::string encryptRaw(std::string_view key, std::string_view iv, std::string plain) {
    plain.resize((plain.size() + 15) / 16 * 16);
    return base64Encode(aes256CbcEncrypt(key, iv, plain));
}

void checkXml(std::string_view text) {
    try {
        XmlElement const root = readXml(text, XmlLimits{std::size_t{1} << 16, 8});
        require(!root.name.empty(), "an element without a name");
        // Deeper than the limit there is nothing.
        std::vector<std::pair<XmlElement const*, int>> open{{&root, 1}};
        while (!open.empty()) {
            auto const [e, depth] = open.back();
            open.pop_back();
            require(depth <= 8, "deeper than allowed");
            for (XmlElement const& c : e->children) open.emplace_back(&c, depth + 1);
        }
    } catch (Error const& e) {
        require(e.is(Errc::protocol), "another error");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size < 2) return 0;
    static QywxCallbacks const qywx(qywxConfig());
    static DDCallbacks const dd(ddConfig());
    static FSCallbacks const fs(fsConfig());
    static FSCallbacks const fsPlainly([] {
        CorpConfig config = fsConfig();
        config.business["callback"].as_object().erase("encryptKey");
        return config;
    }());
    std::array<CallbackDialect const*, 4> const dialects{&qywx, &dd, &fs, &fsPlainly};
    std::size_t const platform = data[0] % dialects.size();
    CallbackDialect const& dialect = *dialects[platform];
    std::string_view rest(reinterpret_cast<char const*>(data) + 2, size - 2);
    std::string key;
    for (int i = 0; i < 32; ++i) key += static_cast<char>(i);
    switch (data[1] % 5) {
        case 0: {
            CallbackRequest q;
            q.method = upTo(rest, '\n');
            q.target = upTo(rest, '\n');
            for (char const* name : {"X-Lark-Request-Timestamp", "X-Lark-Request-Nonce", "X-Lark-Signature"})
                q.headers.emplace_back(name, std::string(upTo(rest, '\n')));
            q.body = rest;
            check(dialect.read(q, kThen), false);
            break;
        }
        case 1: {  // the envelope
            CallbackRequest q("POST", "/" + signedQuery(messageCrypt(), std::string(rest)),
                              std::string(rest));
            FSMessageCrypt const crypt{Secret(kEncryptKey)};
            q.headers = {Header("X-Lark-Request-Timestamp", "1"), Header("X-Lark-Request-Nonce", "2"),
                         Header("X-Lark-Signature", crypt.signature("1", "2", rest))};
            check(dialect.read(q, kThen), false);
            break;
        }
        case 2: {  // the bytes that are encrypted
            std::string const iv = key.substr(0, 16);
            if (platform == 0) {
                std::string const e = encryptRaw(key, iv, std::string(rest));
                check(dialect.read(CallbackRequest("POST", "/" + signedQuery(messageCrypt(), e),
                                                   "<xml><Encrypt>" + e + "</Encrypt></xml>"),
                                   kThen),
                      false);
            } else if (platform == 1) {
                std::string const e = encryptRaw(key, iv, std::string(rest));
                check(dialect.read(CallbackRequest("POST", "/" + signedQuery(messageCrypt(), e),
                                                   "{\"encrypt\":\"" + e + "\"}"),
                                   kThen),
                      false);
            } else {
                std::string const e = encryptRaw(sha256(kEncryptKey), iv, std::string(rest));
                check(fs.read(CallbackRequest("POST", "/", "{\"encrypt\":\"" + e + "\"}"), kThen), false);
            }
            break;
        }
        case 3: {  // the text of a message
            std::string const text(rest);
            if (platform == 0)
                check(dialect.read(qywxPost(text, text.size() % 2 == 0 ? "" : "1000002"), kThen), false);
            if (platform == 1) check(dialect.read(ddPost(text), kThen), false);
            if (platform == 2) check(dialect.read(fsPost(text), kThen), false);
            if (platform == 3) check(dialect.read(fsPlain(text), kThen), false);
            // Within what every check accepts: ids that nobody foresaw.
            std::string id;
            for (char const c : text.substr(0, 100))
                id += c > ' ' && c < 0x7F && c != '"' && c != '\\' && c != '<' && c != '&' ? c : '_';
            if (platform == 0)
                check(dialect.read(qywxPost(contactXml(id, "<UserID>" + id + "</UserID>")), kThen), true);
            if (platform == 1)
                check(dialect.read(
                          ddPost("{\"EventType\":\"user_" + id + "\",\"userid\":[\"" + id + "\",7]}"), kThen),
                      true);
            if (platform == 2)
                check(dialect.read(
                          fsPost(fsJson("contact.user." + id, "{\"object\":{\"open_id\":\"" + id + "\"}}")),
                          kThen),
                      true);
            break;
        }
        default: checkXml(rest);
    }
    return 0;
}
