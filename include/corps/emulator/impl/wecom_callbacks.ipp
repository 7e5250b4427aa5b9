#pragma once

#include <corps/emulator/impl/wecom.ipp>
#include <corps/emulator/impl/wecom_events.ipp>

/** @file To whom the server of one enterprise tells what has changed. */
namespace corps::emulator {

namespace detail::wecom {

inline std::string receiverName(std::int64_t agentId) {
    return agentId == 0 ? "contact" : "agent " + std::to_string(agentId);
}

}  // namespace detail::wecom

CORPS_DECL detail::wecom::Patience WeComServer::Impl::patience() const {
    const WeComBehaviour& b = options_.behaviour;
    detail::wecom::Patience out;
    out.answer = b.callbackDeadline;
    out.echo = b.verificationDeadline;
    out.tries = b.callbackTries;
    out.wait = b.callbackRetryWait;
    out.freshTries = b.freshTries;
    return out;
}

CORPS_DECL detail::wecom::Receiver WeComServer::Impl::receiverOf(const WeComCallback& callback) const {
    detail::wecom::Receiver out;
    out.url = callback.url;
    out.crypt = std::make_shared<const detail::MessageCrypt>(callback.token, callback.aesKey);
    out.toUserName = !callback.corpId.empty()        ? callback.corpId
                     : !options_.credentials.empty() ? options_.credentials.front().corpId
                                                     : currentOrganisation().corpId;
    out.agentId = callback.agentId == 0 ? std::string() : std::to_string(callback.agentId);
    out.receiveId = out.toUserName;
    return out;
}

CORPS_DECL detail::CallbackSetting WeComServer::Impl::prepareCallback(const boost::json::value& json) {
    const detail::ObjectReader<detail::ControlError> in(json, "");
    WeComCallback callback;
    detail::readCallbackOptions(in, callback);
    in.read("agentId", callback.agentId);
    in.read("corpId", callback.corpId);
    return prepareCallback(std::move(callback));
}

CORPS_DECL detail::CallbackSetting WeComServer::Impl::prepareCallback(WeComCallback callback) {
    detail::requireUrl(callback.url);
    detail::requireLetters("token", callback.token, 1, 32);
    detail::requireLetters("aesKey", callback.aesKey, 43, 43);
    if (callback.agentId < 0) {
        throw detail::ControlError("agentId",
                                   "expected the id of an app, or 0 for the contact sync assistant");
    }
    detail::CallbackSetting out;
    if (callback.verify) {
        const detail::wecom::Receiver to = receiverOf(callback);
        out.question = detail::wecom::questionJob(
            "question to " + detail::wecom::receiverName(callback.agentId), to, patience(), to.receiveId);
    }
    out.accept = [this, callback] {
        core_.dropCallbacks(detail::wecom::receiverName(callback.agentId));
        callbacks_[callback.agentId] = callback;
    };
    return out;
}

CORPS_DECL std::string WeComServer::Impl::callbacksSet() const {
    std::string out;
    detail::appendList(out, callbacks_, [](std::string& to, const auto& entry) {
        to += '{';
        detail::appendText(to, "url", entry.second.url);
        detail::appendInteger(to, "agentId", entry.first);
        to += '}';
    });
    return out;
}

CORPS_DECL void WeComServer::Impl::clearCallbacks() {
    for (const auto& [agentId, callback] : callbacks_) {
        core_.dropCallbacks(detail::wecom::receiverName(agentId));
    }
    callbacks_.clear();
}

CORPS_DECL WeComServer::Impl::Seen WeComServer::Impl::seen() {
    Seen out;
    if (corp_ == nullptr || callbacks_.empty()) {
        return out;
    }
    for (const auto& [agentId, callback] : callbacks_) {
        const WeComContactScope* scope = &options_.behaviour.scope;
        for (const WeComCredentials& app : options_.credentials) {
            if (app.agentId == agentId && app.scope) {
                scope = &*app.scope;
            }
        }
        out.ranges.emplace(agentId, rangeOf(agentId == 0 ? nullptr : scope));
    }
    for (const Tag& tag : corp_->tags) {
        auto& ids = out.tagDepts[tag.id];
        for (const Index dept : tagDepts(tag.role->roleId)) {
            ids.push_back(std::to_string(corp_->deptIds[dept]));
        }
    }
    return out;
}

CORPS_DECL std::vector<detail::CallbackJob> WeComServer::Impl::contactJobs(
    const WeComCallback& callback, const detail::wecom::Sight& was, const detail::wecom::Sight& is,
    const Seen& before, const Seen& now, const detail::MemberRenames& renames) const {
    const WeComBehaviour& b = options_.behaviour;
    const detail::wecom::Receiver to = receiverOf(callback);
    detail::wecom::ContactEvents what;
    what.corpId = to.toUserName;
    what.atMs = core_.wallMs();
    what.idsOnly = callback.agentId == 0 && b.callbackIdsOnly;
    what.bizMail = b.bizMail;
    what.jobNumberName = b.jobNumberName;
    if (callback.agentId != 0 && b.newApp) {
        what.withheld = {"Mobile", "Gender", "Email", "BizMail", "Avatar", "Address"};
    }
    auto events = detail::wecom::contactEvents(what, was, is, renames);
    // Departments of tags are no matter of the organisation file.
    for (const auto& [tag, depts] : now.tagDepts) {
        const auto former = before.tagDepts.find(tag);
        for (auto& event : detail::wecom::tagEvent(
                 what, tag, {}, {},
                 former == before.tagDepts.end() ? std::vector<std::string>{} : former->second, depts)) {
            events.push_back(std::move(event));
        }
    }
    std::vector<detail::CallbackJob> out;
    for (auto& event : events) {
        out.push_back(detail::wecom::eventJob(detail::wecom::receiverName(callback.agentId), to,
                                              std::move(event.changeType), std::move(event.xml), patience()));
        out.back().connections = callback.connections;
    }
    return out;
}

/** Tells everybody who listens what has changed since `was` and `before`. */
CORPS_DECL void WeComServer::Impl::tell(const detail::WeComEnterprise& was, const Seen& before,
                                        const detail::MemberRenames& renames) {
    if (callbacks_.empty()) {
        return;
    }
    const Seen now = seen();
    for (const auto& [agentId, callback] : callbacks_) {
        const detail::wecom::Sight then{was, before.ranges.at(agentId)};
        const detail::wecom::Sight current{*enterprise_, now.ranges.at(agentId)};
        std::vector<detail::CallbackJob> batch;
        if (agentId == 0 || options_.behaviour.appContactEvents) {
            batch = contactJobs(callback, then, current, before, now, renames);
        }
        if (agentId != 0) {
            // Who comes into sight or gets out of it [90972].
            const detail::wecom::Receiver to = receiverOf(callback);
            const detail::OrganisationDiff diff(*was.directory, *enterprise_->directory, renames, true);
            const auto say = [&](std::string event, const std::string& memberId) {
                auto xml = detail::wecom::eventHead(to.toUserName, memberId, core_.wallMs(), event);
                xml.number("AgentID", agentId).close("xml");
                batch.push_back(detail::wecom::eventJob(detail::wecom::receiverName(agentId), to,
                                                        std::move(event), xml.take(), patience()));
                batch.back().connections = callback.connections;
            };
            const auto judge = [&](Index member, Index nowMember) {
                const bool saw = member != kNone && then.range.member(member);
                const bool sees = nowMember != kNone && current.range.member(nowMember);
                if (saw && !sees) {
                    say("unsubscribe", was.directory->member(member).memberId);
                } else if (sees && !saw) {
                    say("subscribe", enterprise_->directory->member(nowMember).memberId);
                }
            };
            for (const auto& [member, nowMember] : diff.membersKept) {
                judge(member, nowMember);
            }
            for (const Index member : diff.membersAdded) {
                judge(kNone, member);
            }
            for (const Index member : diff.membersRemoved) {
                judge(member, kNone);
            }
        }
        core_.send(std::move(batch));
    }
}

/** That a job is done, which it is then [90972]. */
CORPS_DECL std::string detail::WeComPlatform::exportEvent(const std::string& corpId, ExportJob& job) const {
    static constexpr std::string_view kExport = "/cgi-bin/export/";
    const std::string_view kind = endpoint_->path.substr(kExport.size());
    const bool fails = options_.behaviour.exportFails;
    auto xml = wecom::eventHead(corpId, "sys", core_.wallMs(), "batch_job_result");
    xml.open("BatchJob").text("JobId", job.id);
    xml.text("JobType", "export_" + std::string(kind == "taguser" ? "tag" : kind));
    xml.number("ErrCode", fails ? -1 : 0).text("ErrMsg", fails ? "system busy" : "ok");
    job.polls = options_.behaviour.exportPolls;
    return xml.close("BatchJob").close("xml").take();
}

/** Whoever has an address is told of the end of a job. */
CORPS_DECL void WeComServer::Impl::exportSubmitted(const Token& token, ExportJob& job) {
    auto found = callbacks_.find(token.agentId);
    if (token.agentId == 0 && !token.contact) {  // an app of which nobody said which it is
        found = callbacks_.upper_bound(0);
    }
    if (found == callbacks_.end()) {
        return;
    }
    const detail::wecom::Receiver to = receiverOf(found->second);
    std::string xml = exportEvent(to.toUserName, job);
    std::vector<detail::CallbackJob> batch;
    batch.push_back(detail::wecom::eventJob(detail::wecom::receiverName(found->first), to, "batch_job_result",
                                            std::move(xml), patience()));
    core_.send(std::move(batch));
}

CORPS_DECL void WeComServer::setCallback(const WeComCallback& callback) {
    impl().core().setCallback([&] { return impl().prepareCallback(callback); });
}

CORPS_DECL void WeComServer::renameMember(std::string_view from, std::string_view to) {
    Organisation next = organisation();
    detail::renameMember(next, std::string(from), std::string(to));
    impl().replaceOrganisation(std::move(next), {{std::string(from), std::string(to)}});
}

CORPS_DECL std::optional<std::string> WeComServer::Impl::change(std::string_view what,
                                                                const HttpRequest& request) {
    if (what != "rename" || request.method != "POST") {
        return std::nullopt;
    }
    const auto document = detail::parseJson<detail::ControlError>(request.body);
    const detail::ObjectReader<detail::ControlError> in(document, "");
    std::string from;
    std::string to;
    in.read("from", from);
    in.read("to", to);
    std::optional<Organisation> next;
    {
        const std::lock_guard lock(core_.mutex());
        if (enterprise_->directory->findMember(from) == kNone) {
            throw detail::ControlError("from", "expected the id of a member");
        }
        next = currentOrganisation();
    }
    detail::renameMember(*next, from, to);
    replaceOrganisation(std::move(*next), {{from, to}});
    return "{}\n";
}

}  // namespace corps::emulator
