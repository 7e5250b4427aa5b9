#pragma once

#include <corps/callback/detail/event_json.hpp>
#include <corps/callback/detail/message_keys.hpp>
#include <corps/callback/qywx_callbacks.hpp>
#include <corps/client/suite_agents.hpp>
#include <corps/config/business_keys.hpp>
#include <corps/error/error.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace corps {

namespace detail {

/** Calls f with each part of a comma-separated list. */
template <class F>
void forEachPart(std::string_view list, F const& f) {
    while (!list.empty()) {
        std::string_view const part = list.substr(0, list.find(','));
        if (!part.empty()) f(part);
        list.remove_prefix(std::min(part.size() + 1, list.size()));
    }
}

/** The contact sync and other applications of WeCom itself have numbers from 2,000,000; an enterprise's own
 * begin at 1,000,002. */
inline bool isOfWecomItself(std::string_view agentId) {
    return agentId.size() == 7 && agentId.starts_with("20") && decimal(agentId).has_value();
}

}  // namespace detail

CORPS_DECL QywxIncoming readQywx(MessageCrypt const& crypt, CallbackRequest const& request,
                                 std::optional<Duration> window, TimePoint now) {
    QywxIncoming out;
    auto const refused = [&out](int status, char const* why) {
        out = QywxIncoming();
        out.status = status;
        out.refusal = why;
        return std::move(out);
    };
    out.verification = request.method == "GET";
    if (!out.verification && request.method != "POST") return refused(405, "neither GET nor POST");
    if (request.body.size() > kMostCallbackBytes || request.target.size() > kMostCallbackBytes)
        return refused(413, "too large");
    std::optional<std::string> const signature = request.query("msg_signature");
    std::optional<std::string> const timestamp = request.query("timestamp");
    std::optional<std::string> const nonce = request.query("nonce");
    if (!signature || !timestamp || !nonce)
        return refused(400, "msg_signature, timestamp or nonce is missing");
    std::string encrypted;
    if (out.verification) {
        std::optional<std::string> echo = request.query("echostr");
        if (!echo) return refused(400, "echostr is missing");
        encrypted = std::move(*echo);
        // Something on the way may have taken the plus signs of a query for spaces.
        std::replace(encrypted.begin(), encrypted.end(), ' ', '+');
    } else {
        try {
            XmlElement const envelope = readXml(request.body, XmlLimits{kMostCallbackBytes, 16});
            if (envelope.name != "xml") return refused(400, "a body that is not WeCom's");
            encrypted = envelope.textOf("Encrypt");
            out.toUserName = envelope.textOf("ToUserName");
            out.agentId = envelope.textOf("AgentID");
        } catch (Error const&) {
            return refused(400, "a body that is not WeCom's");
        }
        if (encrypted.empty()) return refused(400, "a body without Encrypt");
    }
    if (!crypt.verify(*signature, *timestamp, *nonce, encrypted)) return refused(403, "a wrong signature");
    if (!detail::isRecent(*timestamp, window, now)) return refused(403, "a timestamp outside of the window");
    std::optional<CallbackMessage> message = crypt.decrypt(encrypted);
    if (!message) return refused(403, "what is signed cannot be decrypted");
    out.text = std::move(message->text);
    out.receiveId = std::move(message->receiveId);
    return out;
}

CORPS_DECL CallbackEvent qywxEvent(std::string_view text, XmlElement const& xml) {
    CallbackEvent event;
    event.id = detail::textId(text);
    std::string_view const name = xml.textOf("Event");
    event.time = detail::timeOf(xml.textOf("CreateTime"));
    event.type = detail::shownType(name);
    AnnouncedChange& change = event.change;
    // The pages spell it both ways.
    auto const text2 = [&xml](std::string_view a, std::string_view b) {
        std::string_view const first = xml.textOf(a);
        return first.empty() ? xml.textOf(b) : first;
    };
    if (name == "subscribe" || name == "unsubscribe") {
        // Somebody enters or leaves what the application sees, or is disabled.
        std::string_view const who = xml.textOf("FromUserName");
        if (!who.empty() && who != "sys") change.members.emplace_back(who);
        change.unnamed = change.members.empty();
    } else if (name == "change_contact") {
        std::string_view const kind = xml.textOf("ChangeType");
        event.type += "/" + detail::shownType(kind);
        std::string_view const user = text2("UserID", "UserId");
        std::string_view const newUser = text2("NewUserID", "NewUserId");
        std::string_view const dept = xml.textOf("Id");
        if (kind.ends_with("_user") && !user.empty()) {
            change.members.emplace_back(user);
            if (!newUser.empty() && newUser != user) {
                change.members.emplace_back(newUser);
                change.renames.emplace_back(MemberId(user), MemberId(newUser));
            }
        } else if (kind.ends_with("_party") && !dept.empty()) {
            change.depts.emplace_back(dept);
        } else if (kind == "update_tag" && !xml.textOf("TagId").empty()) {
            change.roles.emplace_back(xml.textOf("TagId"));
            for (std::string_view const items : {"AddUserItems", "DelUserItems"})
                detail::forEachPart(xml.textOf(items),
                                    [&](std::string_view id) { change.members.emplace_back(id); });
            for (std::string_view const items : {"AddPartyItems", "DelPartyItems"})
                detail::forEachPart(xml.textOf(items),
                                    [&](std::string_view id) { change.depts.emplace_back(id); });
        } else {
            change.unnamed = true;  // something of the contacts, in a form that is not known
        }
    }
    return event;
}

CORPS_DECL CallbackReading readQywxApp(QywxReceiver const& receiver, CallbackRequest const& request,
                                       TimePoint now) {
    QywxIncoming in = readQywx(receiver.crypt, request, receiver.window, now);
    if (!in.refusal.empty()) return detail::refuseCallback(in.status, std::move(in.refusal));
    auto const isOurs = [&receiver](std::string_view id) {
        return std::find(receiver.ids.begin(), receiver.ids.end(), id) != receiver.ids.end();
    };
    if (!isOurs(in.receiveId)) return detail::refuseCallback(403, "encrypted for another enterprise");
    if (in.verification) return detail::answerCallback(std::move(in.text), "text/plain; charset=utf-8");
    CallbackReading out = detail::answerCallback("success", "text/plain; charset=utf-8");
    try {
        XmlElement const xml = readXml(in.text, XmlLimits{kMostCallbackBytes, 16});
        // What stands outside of the signed part must say the same as what stands in it.
        bool const ours = (in.toUserName.empty() || isOurs(in.toUserName)) &&
                          (xml.child("ToUserName") == nullptr || isOurs(xml.textOf("ToUserName")));
        std::string_view const inner = xml.textOf("AgentID");
        bool const known =
            receiver.agentId.empty() || in.agentId == receiver.agentId || detail::isOfWecomItself(in.agentId);
        bool const sameApp = in.agentId.empty() || (inner.empty() ? known : in.agentId == inner);
        if (!ours || !sameApp)
            return detail::refuseCallback(403, "the envelope is of another enterprise or application");
        out.events.push_back(qywxEvent(in.text, xml));
    } catch (Error const&) {
        return detail::refuseCallback(403, "what is signed is no XML of WeCom");
    }
    return out;
}

namespace detail {

CORPS_DECL QywxReceiver qywxReceiverOf(CorpConfig const& config) {
    std::string const place = config.place();
    BusinessKeys const keys(config.business, place);
    QywxReceiver out{messageCryptOf(config), messageWindowOf(config)};
    out.ids.push_back(keys.credential("corpId"));
    out.agentId = keys.credential("agentId", true);
    return out;
}

CORPS_DECL QywxReceiver qywxProxyReceiverOf(CorpConfig const& config) {
    std::string const place = config.place();
    BusinessKeys const keys(config.business, place);
    auto const receiver = [&]() -> QywxReceiver {
        if (config.auth == nullptr || config.business.contains("callback")) {
            QywxReceiver out{messageCryptOf(config), messageWindowOf(config)};
            out.ids.emplace_back(CallbackKeys(config, "an object").secretIfAny("receiveId").reveal());
            return out;
        }
        std::string const file = config.auth->place();
        BusinessKeys const suite(config.auth->business, file);
        Secret token = suite.secret("token");
        Secret const aesKey = suite.secret("encodingAESKey");
        try {
            return QywxReceiver{MessageCrypt(std::move(token), aesKey), kMessageWindow};
        } catch (Error const&) {
            throw config.auth->errorAt("encodingAESKey", "43 letters and digits");
        }
    };
    QywxReceiver out = receiver();
    out.ids.push_back(keys.credential("corpId"));
    out.ids.emplace_back();
    boost::json::object const settings = config.settings();
    for (std::string_view const key : {"providerCorpId", "suiteId"})
        if (std::string id = textIn(settings, key); !id.empty()) out.ids.push_back(std::move(id));
    out.agentId = textIn(settings, "agentId");
    return out;
}

}  // namespace detail

CORPS_DECL QywxCallbacks::QywxCallbacks(CorpConfig const& config)
    : receiver_(detail::qywxReceiverOf(config)) {}

CORPS_DECL CallbackResponse QywxCallbacks::handle(std::shared_ptr<MirrorCore> const& core,
                                                  CallbackRequest const& request) {
    return takeCallback(core, request, [](CorpConfig const& config) -> std::unique_ptr<CallbackDialect> {
        return std::make_unique<QywxCallbacks>(config);
    });
}

CORPS_DECL QywxProxyCallbacks::QywxProxyCallbacks(CorpConfig const& config,
                                                  std::vector<std::string> otherCorpIds)
    : receiver_(detail::qywxProxyReceiverOf(config)) {
    for (std::string& id : otherCorpIds) receiver_.ids.push_back(std::move(id));
}

CORPS_DECL CallbackResponse QywxProxyCallbacks::handle(std::shared_ptr<MirrorCore> const& core,
                                                       CallbackRequest const& request) {
    return takeCallback(core, request, [&core](CorpConfig const& config) -> std::unique_ptr<CallbackDialect> {
        boost::json::object const settings = config.settings();
        std::string const corpId = detail::textIn(settings, "corpId");
        std::shared_ptr<SuiteAgents> const agents =
            findSuiteAgents(core->context(), detail::textIn(settings, "suiteId"), corpId);
        std::vector<std::string> others = agents ? agents->otherCorpIds(corpId) : std::vector<std::string>();
        return std::make_unique<QywxProxyCallbacks>(config, std::move(others));
    });
}

}  // namespace corps
