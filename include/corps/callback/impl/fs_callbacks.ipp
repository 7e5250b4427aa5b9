#pragma once

#include <corps/callback/detail/event_json.hpp>
#include <corps/callback/fs_callbacks.hpp>
#include <corps/config/business_keys.hpp>
#include <corps/crypto/base64.hpp>
#include <corps/crypto/cipher.hpp>
#include <corps/crypto/digest.hpp>
#include <corps/error/error.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <utility>

namespace corps {

namespace detail {

/** What the first form of events calls a kind of id. */
inline std::string_view formerIdKey(std::string_view type) {
    return type == "user_id" ? std::string_view("employee_id") : type;
}

}  // namespace detail

CORPS_DECL FSMessageCrypt::FSMessageCrypt(Secret encryptKey)
    : encryptKey_(std::move(encryptKey)), key_(sha256(encryptKey_.reveal())) {}

CORPS_DECL std::string FSMessageCrypt::signature(std::string_view timestamp, std::string_view nonce,
                                                 std::string_view body) const {
    std::string all;
    all.reserve(timestamp.size() + nonce.size() + encryptKey_.reveal().size() + body.size());
    all += timestamp;
    all += nonce;
    all += encryptKey_.reveal();
    all += body;
    std::string out = toHex(sha256(all));
    Secret const wiped(std::move(all));  // it holds the key
    return out;
}

CORPS_DECL bool FSMessageCrypt::verify(std::string_view signature, std::string_view timestamp,
                                       std::string_view nonce, std::string_view body) const {
    return constantTimeEqual(this->signature(timestamp, nonce, body), signature);
}

CORPS_DECL std::optional<std::string> FSMessageCrypt::decrypt(std::string_view encrypted) const {
    std::optional<std::string> const bytes = base64Decode(encrypted);
    if (!bytes || bytes->size() < 32 || bytes->size() % 16 != 0) return std::nullopt;
    std::string_view const all = *bytes;
    std::string out = aes256CbcDecrypt(key_.reveal(), all.substr(0, 16), all.substr(16));
    std::size_t const padding = static_cast<unsigned char>(out.back());
    if (padding < 1 || padding > 16) return std::nullopt;
    if (std::string_view(out).substr(out.size() - padding).find_first_not_of(out.back()) !=
        std::string_view::npos)
        return std::nullopt;
    out.resize(out.size() - padding);
    return out;
}

CORPS_DECL std::string FSMessageCrypt::encrypt(std::string_view text) const {
    return encryptWith(randomBytes(16), text);
}

CORPS_DECL std::string FSMessageCrypt::encryptWith(std::string_view iv, std::string_view text) const {
    std::size_t const padding = 16 - text.size() % 16;
    std::string plain(text);
    plain.append(padding, static_cast<char>(padding));
    std::string out(iv);
    out += aes256CbcEncrypt(key_.reveal(), iv, plain);
    return base64Encode(out);
}

CORPS_DECL CallbackEvent fsEvent(std::string_view text, boost::json::object const& message,
                                 FSIdTypes const& ids) {
    CallbackEvent out;
    boost::json::object const& header = detail::objectIn(message, "header");
    boost::json::object const& event = detail::objectIn(message, "event");
    AnnouncedChange& change = out.change;
    if (!header.empty()) {
        std::string const type = detail::textIn(header, "event_type");
        out.type = detail::shownType(type);
        out.id = detail::textIn(header, "event_id");
        out.time = detail::timeOf(detail::textIn(header, "create_time"));
        boost::json::object const& is = detail::objectIn(event, "object");
        boost::json::object const& was = detail::objectIn(event, "old_object");
        if (type.starts_with("contact.user.")) {
            std::string const id = detail::textIn(is, ids.user);
            std::string const former = detail::textIn(was, ids.user);
            if (!id.empty()) change.members.emplace_back(id);
            if (!former.empty() && former != id) {
                change.members.emplace_back(former);
                if (!id.empty()) change.renames.emplace_back(MemberId(former), MemberId(id));
            }
            change.unnamed = change.members.empty();
        } else if (type.starts_with("contact.department.")) {
            for (boost::json::object const* o : {&is, &was}) {
                std::string const id = detail::textIn(*o, ids.department);
                if (!id.empty() &&
                    std::find(change.depts.begin(), change.depts.end(), DeptId(id)) == change.depts.end())
                    change.depts.emplace_back(id);
            }
            change.unnamed = change.depts.empty();
        } else if (type.starts_with("contact.scope.")) {
            change.unnamed = true;
        }
    } else {
        std::string const type = detail::textIn(event, "type");
        out.type = detail::shownType(type);
        out.id = detail::textIn(message, "uuid");
        // Seconds with a fraction.
        std::string const ts = detail::textIn(message, "ts");
        out.time = detail::timeOf(std::string_view(ts).substr(0, ts.find('.')));
        if (type == "user_add" || type == "user_update" || type == "user_leave" ||
            type == "user_status_change") {
            std::string const id = detail::textIn(event, detail::formerIdKey(ids.user));
            if (!id.empty()) change.members.emplace_back(id);
            change.unnamed = change.members.empty();
        } else if (type == "dept_add" || type == "dept_update" || type == "dept_delete") {
            std::string const id = detail::textIn(event, ids.department);
            if (!id.empty()) change.depts.emplace_back(id);
            change.unnamed = change.depts.empty();
        } else if (type == "contact_scope_change") {
            change.unnamed = true;
        }
    }
    if (out.id.empty()) out.id = detail::textId(text);
    return out;
}

CORPS_DECL FSCallbacks::FSCallbacks(CorpConfig const& config) {
    detail::CallbackKeys const keys(
        config, "an object with the verificationToken and encryptKey of the developer console");
    token_ = keys.secret("verificationToken");
    if (Secret key = keys.secretIfAny("encryptKey"); !key.empty()) crypt_.emplace(std::move(key));
    window_ = keys.window(std::nullopt);
    std::string const place = config.place();
    detail::BusinessKeys const business(config.business, place);
    appId_ = business.credential("appId");
    ids_.user = business.text("userIdType", ids_.user);
    ids_.department = business.text("departmentIdType", ids_.department);
}

CORPS_DECL CallbackReading FSCallbacks::read(CallbackRequest const& request, TimePoint now) const {
    if (request.method != "POST") return detail::refuseCallback(405, "not POST");
    if (request.body.size() > kMostCallbackBytes) return detail::refuseCallback(413, "too large");
    std::optional<boost::json::object> message = detail::jsonObject(request.body);
    if (!message) return detail::refuseCallback(400, "a body that is no JSON object");
    std::string text = request.body;
    bool isSigned = false;
    if (crypt_) {
        boost::json::value const* const encrypt = message->if_contains("encrypt");
        if (encrypt == nullptr || !encrypt->is_string())
            return detail::refuseCallback(403, "not encrypted, while there is an Encrypt Key");
        std::string_view const timestamp = request.header("X-Lark-Request-Timestamp");
        isSigned = crypt_->verify(request.header("X-Lark-Signature"), timestamp,
                                  request.header("X-Lark-Request-Nonce"), request.body);
        if (isSigned && !detail::isRecent(timestamp, window_, now))
            return detail::refuseCallback(403, "a timestamp outside of the window");
        // Decrypted without a signature, too, for that is how the URL is checked. Whatever fails from here on
        // fails alike, so that nobody can try out paddings.
        std::optional<std::string> plain = crypt_->decrypt(encrypt->get_string());
        message = plain ? detail::jsonObject(*plain) : std::nullopt;
        if (plain) text = std::move(*plain);
    }
    static constexpr char const* kForged = "a wrong signature, token or content";
    if (!message) return detail::refuseCallback(403, kForged);
    boost::json::object const& header = detail::objectIn(*message, "header");
    bool const second = !header.empty();
    bool const challenge = !second && detail::textIn(*message, "type") == "url_verification";
    if (crypt_ && !isSigned && !challenge) return detail::refuseCallback(403, kForged);
    std::string const token = detail::textIn(second ? header : *message, "token");
    if (!token_.equals(token)) return detail::refuseCallback(403, kForged);
    if (challenge) {
        boost::json::object body;
        body["challenge"] = detail::textIn(*message, "challenge");
        return detail::answerCallback(boost::json::serialize(body));
    }
    std::string const appId = detail::textIn(second ? header : detail::objectIn(*message, "event"), "app_id");
    if (!appId.empty() && appId != appId_)
        return detail::refuseCallback(403, "an event for another application");
    CallbackReading out = detail::answerCallback("{\"msg\":\"success\"}");
    out.events.push_back(fsEvent(text, *message, ids_));
    return out;
}

CORPS_DECL CallbackResponse FSCallbacks::handle(std::shared_ptr<MirrorCore> const& core,
                                                CallbackRequest const& request) {
    return takeCallback(core, request, [](CorpConfig const& config) -> std::unique_ptr<CallbackDialect> {
        return std::make_unique<FSCallbacks>(config);
    });
}

}  // namespace corps
