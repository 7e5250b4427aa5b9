#pragma once

#include <corps/callback/dd_callbacks.hpp>
#include <corps/callback/detail/event_json.hpp>
#include <corps/callback/detail/message_keys.hpp>
#include <corps/config/business_keys.hpp>
#include <corps/crypto/digest.hpp>
#include <corps/error/error.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <utility>

namespace corps {

CORPS_DECL CallbackEvent ddEvent(std::string_view text, boost::json::object const& event) {
    auto const field = [&event](std::string_view key) { return detail::findAnyCase(event, key); };
    CallbackEvent out;
    std::string const type = detail::scalarText(field("EventType"));
    out.type = detail::shownType(type);
    out.id = detail::scalarText(field("eventId"));
    if (out.id.empty()) out.id = detail::textId(text);
    out.time = detail::timeOf(detail::scalarText(field("EventTime")));
    if (!out.time) out.time = detail::timeOf(detail::scalarText(field("timeStamp")));
    AnnouncedChange& change = out.change;
    // user_dept_change, user_role_change and org_role_* come to applications of providers.
    if (type.starts_with("user_") || type.starts_with("org_admin_")) {
        detail::addIds(change.members, field("userId"));
        change.unnamed = change.members.empty() || type.starts_with("org_admin_");
    } else if (type.starts_with("org_dept_")) {
        detail::addIds(change.depts, field("deptId"));
        change.unnamed = change.depts.empty();
    } else if (type.starts_with("label_")) {
        detail::addIds(change.roles, field("labelIdList"));
        detail::addIds(change.members, field("userIdList"));
        change.unnamed = change.roles.empty();
    } else if (type == "org_change" || type == "org_update" || type == "org_remove" ||
               type.starts_with("org_role_")) {
        change.unnamed = true;
    }
    return out;
}

CORPS_DECL DDCallbacks::DDCallbacks(CorpConfig const& config)
    : crypt_(detail::messageCryptOf(config)), window_(detail::messageWindowOf(config)) {
    std::string const place = config.place();
    detail::BusinessKeys const keys(config.business, place);
    appKey_ = keys.credential("appKey");
    corpId_ = keys.credential("corpId");
}

CORPS_DECL CallbackReading DDCallbacks::reply(std::string_view text, std::string_view receiver,
                                              TimePoint now) const {
    std::string const encrypted = crypt_.encrypt(text, receiver);
    std::string const timestamp = std::to_string(now.time_since_epoch().count());
    std::string const nonce = toHex(randomBytes(8));
    boost::json::object body;
    body["msg_signature"] = crypt_.signature(timestamp, nonce, encrypted);
    body["encrypt"] = encrypted;
    body["timeStamp"] = timestamp;
    body["nonce"] = nonce;
    return detail::answerCallback(boost::json::serialize(body));
}

CORPS_DECL CallbackReading DDCallbacks::read(CallbackRequest const& request, TimePoint now) const {
    if (request.method != "POST") return detail::refuseCallback(405, "not POST");
    if (request.body.size() > kMostCallbackBytes || request.target.size() > kMostCallbackBytes)
        return detail::refuseCallback(413, "too large");
    // The present name, and that of older pages; the platform may send both.
    std::optional<std::string> const present = request.query("msg_signature");
    std::optional<std::string> const older = request.query("signature");
    std::optional<std::string> const timestamp = request.query("timestamp");
    std::optional<std::string> const nonce = request.query("nonce");
    if ((!present && !older) || !timestamp || !nonce)
        return detail::refuseCallback(400, "msg_signature, timestamp or nonce is missing");
    std::optional<boost::json::object> const body = detail::jsonObject(request.body);
    boost::json::value const* const encrypt = body ? body->if_contains("encrypt") : nullptr;
    if (encrypt == nullptr || !encrypt->is_string())
        return detail::refuseCallback(400, "a body that is not {\"encrypt\": ...}");
    std::string_view const encrypted = encrypt->get_string();
    bool good = crypt_.verify(present ? *present : *older, *timestamp, *nonce, encrypted);
    // Beside the other it is the same; or, as related platforms have it, one that leaves the body out.
    if (present && older)
        good = good && (crypt_.verify(*older, *timestamp, *nonce, encrypted) ||
                        crypt_.verify(*older, *timestamp, *nonce, ""));
    if (!good) return detail::refuseCallback(403, "a wrong signature");
    if (!detail::isRecent(*timestamp, window_, now))
        return detail::refuseCallback(403, "a timestamp outside of the window");
    std::optional<CallbackMessage> const message = crypt_.decrypt(encrypted);
    if (!message) return detail::refuseCallback(403, "what is signed cannot be decrypted");
    if (message->receiveId != appKey_ && message->receiveId != corpId_)
        return detail::refuseCallback(403, "encrypted for another application or enterprise");
    std::optional<boost::json::object> const event = detail::jsonObject(message->text);
    if (!event) return detail::refuseCallback(403, "what is signed is no JSON of DingTalk");
    std::string const corpId = detail::scalarText(detail::findAnyCase(*event, "CorpId"));
    if (!corpId.empty() && corpId != corpId_)
        return detail::refuseCallback(403, "an event of another enterprise");

    std::string const type = detail::scalarText(detail::findAnyCase(*event, "EventType"));
    std::string answer = "success";
    if (type == "check_create_suite_url" || type == "check_update_suite_url")
        answer = detail::scalarText(detail::findAnyCase(*event, "Random"));
    CallbackReading out = reply(answer, message->receiveId, now);
    out.events.push_back(ddEvent(message->text, *event));
    return out;
}

CORPS_DECL CallbackResponse DDCallbacks::handle(std::shared_ptr<MirrorCore> const& core,
                                                CallbackRequest const& request) {
    return takeCallback(core, request, [](CorpConfig const& config) -> std::unique_ptr<CallbackDialect> {
        return std::make_unique<DDCallbacks>(config);
    });
}

}  // namespace corps
