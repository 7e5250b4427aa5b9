#pragma once

#include <corps/emulator/impl/callback_messages.hpp>
#include <corps/emulator/impl/fields.hpp>
#include <corps/emulator/impl/wecom_events.ipp>
#include <corps/emulator/impl/wecom_proxy_impl.ipp>
#include <corps/emulator/impl/xml_writer.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <utility>

/**
 * @file
 * What a provider is told: of its templates at the address of each [96238, 97172, 97173, 97175, 100965], of
 * the contacts of an enterprise at that of its app, as an enterprise's own app is [90968, 90970]. In brackets
 * the pages of WeCom's documentation.
 */
namespace corps::emulator {

// ---------------------------------------------------------------------------------------------------------------------------
// Whom

/** @param which As the behaviour says it. */
CORPS_DECL std::string WeComProxyServer::Impl::receiveId(const std::string& which, const Suite& suite,
                                                         const App* app) const {
    if (which == "suite") {
        return suite.config.suiteId;
    }
    if (which == "none") {
        return {};
    }
    if (app != nullptr && which == "corp") {
        return app->client->id;
    }
    if (app != nullptr && which == "openCorp") {
        return app->corpId();
    }
    return proxy_.providerCorpId;
}

CORPS_DECL std::string WeComProxyServer::Impl::receiverName(const Suite& suite, const App* app) {
    return app == nullptr ? "template " + suite.config.suiteId
                          : "app " + app->client->id + " " + suite.config.suiteId;
}

CORPS_DECL detail::wecom::Receiver WeComProxyServer::Impl::receiver(const CallbackOptions& callback,
                                                                    const Suite& suite,
                                                                    const App* app) const {
    detail::wecom::Receiver out;
    out.url = callback.url;
    out.crypt = std::make_shared<const detail::MessageCrypt>(callback.token, callback.aesKey);
    out.toUserName = app == nullptr ? suite.config.suiteId : app->corpId();
    out.agentId = app == nullptr ? std::string() : std::to_string(app->agentId);
    out.emptyAgentId = true;
    const WeComProxyBehaviour& b = proxy_.behaviour;
    out.receiveId = receiveId(app == nullptr ? b.templatePostReceiver : b.appPostReceiver, suite, app);
    return out;
}

CORPS_DECL detail::wecom::Patience WeComProxyServer::Impl::patience(
    std::chrono::milliseconds deadline) const {
    const WeComBehaviour& b = options_.behaviour;
    detail::wecom::Patience out;
    out.answer = deadline;
    out.echo = b.verificationDeadline;
    out.tries = b.callbackTries;
    out.wait = b.callbackRetryWait;
    out.freshTries = b.freshTries;
    return out;
}

CORPS_DECL detail::CallbackSetting WeComProxyServer::Impl::prepareCallback(const boost::json::value& json) {
    const detail::ObjectReader<detail::ControlError> in(json, "");
    WeComProxyCallback callback;
    detail::readCallbackOptions(in, callback);
    in.read("suiteId", callback.suiteId);
    in.read("corp", callback.corp);
    return prepareCallback(std::move(callback));
}

CORPS_DECL detail::CallbackSetting WeComProxyServer::Impl::prepareCallback(WeComProxyCallback callback) {
    static constexpr std::string_view kPlace = "$CORPID$";
    Suite& which = suite(callback.suiteId);
    callback.token = callback.token.empty() ? which.config.token : callback.token;
    callback.aesKey = callback.aesKey.empty() ? which.config.encodingAESKey : callback.aesKey;
    detail::requireUrl(callback.url);
    detail::requireLetters("token", callback.token, 1, 32);
    detail::requireLetters("aesKey", callback.aesKey, 43, 43);
    std::vector<App*> apps;
    if (callback.corp == "*") {
        for (const auto& each : apps_) {
            if (each->suite == &which) {
                apps.push_back(each.get());
            }
        }
    } else if (!callback.corp.empty()) {
        apps.push_back(&app(callback.corp, which.config.suiteId));
    }
    const auto urlFor = [url = callback.url](const App* app) {
        std::string out = url;
        const auto at = out.find(kPlace);
        return app == nullptr || at == std::string::npos ? out
                                                         : out.replace(at, kPlace.size(), app->corpId());
    };
    detail::CallbackSetting out;
    if (callback.verify) {
        const App* first = apps.empty() ? nullptr : apps.front();
        CallbackOptions asked = callback;
        asked.url = urlFor(first);
        const WeComProxyBehaviour& b = proxy_.behaviour;
        out.question = detail::wecom::questionJob(
            "question to " + receiverName(which, first), receiver(asked, which, first),
            patience(b.callbackDeadline),
            receiveId(first == nullptr ? b.templateGetReceiver : b.appGetReceiver, which, first));
    }
    out.accept = [this, callback, apps, urlFor, &which] {
        if (apps.empty()) {
            core_.dropCallbacks(receiverName(which, nullptr));
            which.callback = callback;
            setTicketAlarm(which);
            return;
        }
        for (App* each : apps) {
            core_.dropCallbacks(receiverName(which, each));
            each->callback = callback;
            each->callback->url = urlFor(each);
        }
    };
    return out;
}

CORPS_DECL std::string WeComProxyServer::Impl::callbacksSet() const {
    std::string out = "[";
    const auto add = [&out](const Suite& suite, const App* app, const std::string& url) {
        out += out.size() == 1 ? "{" : ",{";
        detail::appendText(out, "suiteId", suite.config.suiteId);
        if (app != nullptr) {
            detail::appendText(out, "corp", app->client->id);
        }
        detail::appendText(out, "url", url);
        out += '}';
    };
    for (const auto& suite : suites_) {
        if (suite->callback) {
            add(*suite, nullptr, suite->callback->url);
        }
    }
    for (const auto& app : apps_) {
        if (app->callback) {
            add(*app->suite, app.get(), app->callback->url);
        }
    }
    return out + "]";
}

CORPS_DECL void WeComProxyServer::Impl::clearCallbacks() {
    for (const auto& suite : suites_) {
        core_.dropCallbacks(receiverName(*suite, nullptr));
        suite->callback.reset();
        setTicketAlarm(*suite);
    }
    for (const auto& app : apps_) {
        core_.dropCallbacks(receiverName(*app->suite, app.get()));
        app->callback.reset();
    }
}

// ---------------------------------------------------------------------------------------------------------------------------
// Of templates

namespace detail::wecom {

/** Who waits for the alarm of a template's tickets. */
inline std::string ticketAlarm(const WeComTemplate& suite) { return "ticket " + suite.config.suiteId; }

/** An event of a template; what is not said is left out. */
struct SuiteEvent {
    std::string infoType;
    std::string authCode;
    std::string ticket;
    std::string authCorpId;
    bool state = false;
    std::string stateText;
    bool space = false;  ///< before the type of the event, as in an official sample

    [[nodiscard]] std::string xml(const std::string& suiteId, std::int64_t atMs) const {
        XmlWriter out;
        out.open("xml").text("SuiteId", suiteId);
        if (!authCode.empty()) {
            out.text("AuthCode", authCode);
        }
        if (space) {
            out.plain("InfoType", " <![CDATA[" + infoType + "]]>");
        } else {
            out.text("InfoType", infoType);
        }
        out.number("TimeStamp", atMs / 1000);
        if (!ticket.empty()) {
            out.text("SuiteTicket", ticket);
        }
        if (!authCorpId.empty()) {
            out.text("AuthCorpId", authCorpId);
        }
        if (state) {
            out.text("State", stateText).open("ExtraInfo").close("ExtraInfo");
        }
        return out.close("xml").take();
    }
};

}  // namespace detail::wecom

/** Sends it to the template's address, if there is one. @param app Whose auth code it carries, if any. */
CORPS_DECL void WeComProxyServer::Impl::tellSuite(Suite& suite, detail::wecom::SuiteEvent event, App* app,
                                                  const std::string& state) {
    if (!suite.callback) {
        return;
    }
    const WeComProxyBehaviour& b = proxy_.behaviour;
    const bool ticket = event.infoType == "suite_ticket";
    event.space = b.spaceBeforeInfoType;
    const detail::wecom::Receiver to = receiver(*suite.callback, suite, nullptr);
    const detail::wecom::Patience wait = patience(ticket ? b.callbackDeadline : b.suiteDeadline);
    const auto make = [to, wait, suiteId = suite.config.suiteId, name = receiverName(suite, nullptr)](
                          const detail::wecom::SuiteEvent& what, std::int64_t atMs) {
        return detail::wecom::eventJob(name, to, what.infoType, what.xml(suiteId, atMs), wait, "success");
    };
    detail::CallbackJob job = make(event, core_.wallMs());
    job.connections = suite.callback->connections;
    if (app != nullptr && !b.repeatAuthCode) {
        // Every further try has a code of its own.
        const auto again = std::make_shared<bool>(false);
        job.write = [this, make, event, app, state, again, first = job.write](std::int64_t nowMs,
                                                                              detail::CallbackSpoil spoil) {
            if (!std::exchange(*again, true)) {
                return first(nowMs, spoil);
            }
            detail::wecom::SuiteEvent next = event;
            const std::lock_guard lock(core_.mutex());
            next.authCode = addAuthCode(*app, state);
            return make(next, nowMs).write(nowMs, spoil);
        };
    }
    std::vector<detail::CallbackJob> batch;
    batch.push_back(std::move(job));
    core_.send(std::move(batch));
}

CORPS_DECL void WeComProxyServer::Impl::tellTicket(Suite& suite) {
    detail::wecom::SuiteEvent event;
    event.infoType = "suite_ticket";
    event.ticket = newestTicket(suite);
    tellSuite(suite, std::move(event));
}

/** create_auth or reset_permanent_code. */
CORPS_DECL void WeComProxyServer::Impl::tellAuthCode(App& app, std::string infoType, std::string authCode,
                                                     std::string_view state) {
    detail::wecom::SuiteEvent event;
    event.state = infoType == "create_auth";
    event.infoType = std::move(infoType);
    event.authCode = std::move(authCode);
    event.stateText = std::string(state);
    tellSuite(*app.suite, std::move(event), &app, std::string(state));
}

/** change_auth or cancel_auth. */
CORPS_DECL void WeComProxyServer::Impl::tellAuth(App& app, std::string infoType) {
    detail::wecom::SuiteEvent event;
    event.state = infoType == "change_auth";
    event.infoType = std::move(infoType);
    event.authCorpId = app.corpId();
    event.stateText = app.state;
    tellSuite(*app.suite, std::move(event));
}

/** Tickets go out in time though nobody asks anything. */
CORPS_DECL void WeComProxyServer::Impl::setTicketAlarm(Suite& suite) {
    const std::string name = detail::wecom::ticketAlarm(suite);
    if (!suite.callback || suite.everyMs == 0) {
        core_.sender().forgetAlarm(name);
        return;
    }
    core_.sender().wakeAt(name, suite.nextMs + core_.wallMs() - core_.nowMs(), [this, &suite] {
        const std::lock_guard lock(core_.mutex());
        tick();
        setTicketAlarm(suite);
    });
}

// ---------------------------------------------------------------------------------------------------------------------------
// Of an enterprise [96301, 96302, 96304]

CORPS_DECL void WeComProxyServer::Impl::tellApp(const App& app, std::vector<detail::CallbackJob>& batch,
                                                std::string event, std::string xml) const {
    batch.push_back(detail::wecom::eventJob(receiverName(*app.suite, &app),
                                            receiver(*app.callback, *app.suite, &app), std::move(event),
                                            std::move(xml), patience(options_.behaviour.callbackDeadline)));
    batch.back().connections = app.callback->connections;
}

/** What the app sees of its enterprise now; of one that sees nothing, nothing. */
CORPS_DECL detail::VisibleRange WeComProxyServer::Impl::rangeOf(App& app) {
    if (!app.installed || !app.enabled) {
        return {*app.client->contacts.directory, false, {}, {}, "1"};
    }
    auto* const former = std::exchange(corp_, &app.client->contacts);
    detail::VisibleRange out = WeComPlatform::rangeOf(&app.scope);
    corp_ = former;
    return out;
}

/** subscribe and unsubscribe: who comes into sight, and who gets out of it [90972]. */
CORPS_DECL void WeComProxyServer::Impl::tellSight(App& app, const detail::WeComEnterprise& was,
                                                  const detail::VisibleRange& before,
                                                  std::vector<detail::CallbackJob>& batch) {
    const detail::VisibleRange after = rangeOf(app);
    const detail::Directory& then = *was.directory;
    const detail::Directory& now = *app.client->contacts.directory;
    const auto say = [&](std::string event, const detail::Directory& where, Index member) {
        const std::string& id = where.member(member).memberId;
        auto xml = detail::wecom::eventHead(app.corpId(), app.encrypted ? openUserId(*app.client, id) : id,
                                            core_.wallMs(), event);
        xml.number("AgentID", app.agentId).close("xml");
        tellApp(app, batch, std::move(event), xml.take());
    };
    const detail::OrganisationDiff diff(then, now, {}, true);
    for (const auto& [old, member] : diff.membersKept) {
        if (before.member(old) != after.member(member)) {
            say(after.member(member) ? "subscribe" : "unsubscribe", now, member);
        }
    }
    for (const Index member : diff.membersAdded) {
        if (after.member(member)) {
            say("subscribe", now, member);
        }
    }
    for (const Index member : diff.membersRemoved) {
        if (before.member(member)) {
            say("unsubscribe", then, member);
        }
    }
}

/** The same when the range or the app has changed and the enterprise has not. */
CORPS_DECL void WeComProxyServer::Impl::tellSight(App& app, const detail::VisibleRange& before) {
    if (!app.callback || !proxy_.behaviour.subscribeEvents) {
        return;
    }
    std::vector<detail::CallbackJob> batch;
    tellSight(app, app.client->contacts, before, batch);
    core_.send(std::move(batch));
}

/** Tells the app what has changed in its enterprise. */
CORPS_DECL void WeComProxyServer::Impl::tellContacts(App& app, const detail::WeComEnterprise& was,
                                                     const detail::VisibleRange& before) {
    const WeComBehaviour& b = options_.behaviour;
    detail::wecom::ContactEvents what;
    what.corpId = app.corpId();
    what.atMs = core_.wallMs();
    what.idsOnly = b.callbackIdsOnly;
    what.bizMail = b.bizMail;
    what.jobNumberName = b.jobNumberName;
    what.withheld = withheldElements(app);
    if (app.encrypted) {
        what.userId = [this, &app](const std::string& id) { return openUserId(*app.client, id); };
    }
    const detail::VisibleRange after = rangeOf(app);
    std::vector<detail::CallbackJob> batch;
    for (auto& event : detail::wecom::contactEvents(what, {was, before}, {app.client->contacts, after}, {})) {
        if (event.changeType != "update_tag" || proxy_.behaviour.allTags) {
            tellApp(app, batch, std::move(event.changeType), std::move(event.xml));
        }
    }
    if (proxy_.behaviour.subscribeEvents) {
        tellSight(app, was, before, batch);
    }
    core_.send(std::move(batch));
}

/** Elements of a member that are not told of, by their names; `DeptName` is that of departments. */
CORPS_DECL std::vector<std::string> WeComProxyServer::Impl::withheldElements(const App& app) const {
    static constexpr std::array<std::pair<std::string_view, Field>, 13> kFields{{
        {"Name", Field::name},
        {"DeptName", Field::deptName},
        {"IsLeaderInDept", Field::leaderFlags},
        {"DirectLeader", Field::directLeader},
        {"Position", Field::position},
        {"Telephone", Field::telephone},
        {"ExtAttr", Field::extattr},
        {"Mobile", Field::mobile},
        {"Gender", Field::gender},
        {"Email", Field::email},
        {"BizMail", Field::bizMail},
        {"Avatar", Field::avatar},
        {"Address", Field::address},
    }};
    std::vector<std::string> out;
    for (const auto& [name, field] : kFields) {
        if (!shows(app, field, false)) {
            out.emplace_back(name);
        }
    }
    return out;
}

/** Whoever has an address is told of the end of a job. */
CORPS_DECL void WeComProxyServer::Impl::exportSubmitted(const Token& token, ExportJob& job) {
    const App& app = *token.app;
    if (app.callback) {
        std::vector<detail::CallbackJob> batch;
        tellApp(app, batch, "batch_job_result", exportEvent(app.corpId(), job));
        core_.send(std::move(batch));
    }
}

CORPS_DECL void WeComProxyServer::setCallback(const WeComProxyCallback& callback) {
    impl().core().setCallback([&] { return impl().prepareCallback(callback); });
}

}  // namespace corps::emulator
