#pragma once

#include <corps/emulator/impl/callback_messages.hpp>
#include <corps/emulator/impl/dingtalk_answers.ipp>
#include <corps/emulator/impl/message_crypt.hpp>
#include <corps/emulator/impl/organisation_diff.hpp>

#include <boost/json/parse.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/**
 * @file
 * DingTalk's events over HTTP: what they hold, how they are sent and answered, and the calls that register an
 * address (DingTalk: configure-event-subcription, address-book-events,
 * register-the-event-callback-interface).
 */
namespace corps::emulator {

namespace detail::dingtalk {

inline constexpr std::array<std::string_view, 15> kTags{
    "user_add_org",     "user_modify_org",   "user_leave_org",  "user_active_org", "org_admin_add",
    "org_admin_remove", "org_dept_create",   "org_dept_modify", "org_dept_remove", "org_remove",
    "org_change",       "label_user_change", "label_conf_add",  "label_conf_del",  "label_conf_modify"};

/** Whether DingTalk has an event of that name. Those of other parts of it than the contacts are never sent.
 */
inline bool isTag(std::string_view name) noexcept {
    static constexpr std::array<std::string_view, 6> kOthers{"attendance_", "bpms_", "chat_",
                                                             "check_in",    "edu_",  "meetingroom_"};
    return std::find(kTags.begin(), kTags.end(), name) != kTags.end() ||
           std::any_of(kOthers.begin(), kOthers.end(),
                       [name](std::string_view other) { return name.starts_with(other); });
}

/** One event before it is written in a dialect. `data` holds its members under the names of today. */
struct Event {
    std::string_view tag;
    bool timed = false;  ///< has a `timeStamp` of its own
    std::vector<std::pair<std::string, std::string>> data;
};

inline std::string numbers(const std::vector<std::int64_t>& items) {
    std::string out;
    appendList(out, items, [](std::string& to, std::int64_t item) { appendNumber(to, item); });
    return out;
}
inline std::string texts(const std::vector<std::string>& items) {
    std::string out;
    appendList(out, items, [](std::string& to, const std::string& item) { appendJson(to, item); });
    return out;
}

/** As DingTalk asks for an answer: the encrypted word `success`, signed. Empty if it is. */
inline std::string judgeAnswer(const MessageCrypt& crypt, int status, const std::string& body) {
    if (status != 200) {
        return "expected HTTP status 200, found " + std::to_string(status);
    }
    boost::system::error_code ec;
    const auto answer = boost::json::parse(body, ec);
    if (ec || !answer.is_object()) {
        return "expected a JSON object with msg_signature, encrypt, timeStamp and nonce";
    }
    std::array<std::string, 4> found;
    static constexpr std::array<std::string_view, 4> kNames{"msg_signature", "encrypt", "timeStamp", "nonce"};
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        const auto* value = answer.get_object().if_contains(kNames[i]);
        if (value == nullptr || !value->is_string()) {
            return "expected the text " + std::string(kNames[i]) + " in the answer";
        }
        found[i] = value->get_string().c_str();
    }
    if (crypt.signature(found[2], found[3], found[1]) != found[0]) {
        return "msg_signature of the answer is wrong";
    }
    const auto opened = crypt.decrypt(found[1]);
    return opened && opened->message == "success" ? "" : "expected the encrypted word success";
}

}  // namespace detail::dingtalk

CORPS_DECL std::string DingTalkServer::Impl::appKeyOf(const DingTalkCallback& callback) const {
    return !callback.appKey.empty()        ? callback.appKey
           : !options_.credentials.empty() ? options_.credentials.front().appKey
           : !lastApp_.empty()             ? lastApp_
                                           : "dingappkey";
}

/** A job without what is special to events: a text, encrypted, to an address. */
CORPS_DECL detail::CallbackJob DingTalkServer::Impl::callbackJob(const DingTalkCallback& callback,
                                                                 std::string event, std::string text) const {
    const DingTalkBehaviour& b = options_.behaviour;
    const auto crypt = std::make_shared<const detail::MessageCrypt>(callback.token, callback.aesKey);
    const std::string owner = callback.corpIdOwns ? currentOrganisation().corpId : appKeyOf(callback);
    detail::CallbackJob job;
    job.receiver = "app " + callback.appKey;
    job.event = std::move(event);
    job.text = std::move(text);
    job.connections = callback.connections;
    job.timeout = b.callbackDeadline;
    job.connectTimeout = b.callbackDeadline;
    job.write = [crypt, owner, url = callback.url, text = job.text, which = b.signatureNames](
                    std::int64_t nowMs, detail::CallbackSpoil spoil) {
        const std::string timestamp = std::to_string(nowMs);
        const std::string nonce = detail::MessageCrypt::someLetters(8);
        std::string encrypted = crypt->encrypt(text, owner);
        if (spoil == detail::CallbackSpoil::ciphertext) {
            detail::garble(encrypted);
        }
        std::string signature = crypt->signature(timestamp, nonce, encrypted);
        if (spoil == detail::CallbackSpoil::signature) {
            signature = detail::wrongSignature(std::move(signature));
        }
        std::string query;
        for (const std::string& name : which) {
            query += name + "=" + signature + "&";
        }
        detail::CallbackMessage out;
        out.url = detail::withQuery(url, query + "timestamp=" + timestamp + "&nonce=" + nonce);
        out.headers = {{"Content-Type", "application/json"}};
        out.body = "{\"encrypt\":\"" + encrypted + "\"}";
        return out;
    };
    if (!b.freshTries) {
        job.write = detail::sameEachTime(std::move(job.write));
    }
    job.judge = [crypt](int status, const std::string& body) {
        return detail::dingtalk::judgeAnswer(*crypt, status, body);
    };
    return job;
}

CORPS_DECL detail::CallbackSetting DingTalkServer::Impl::prepareCallback(const boost::json::value& json) {
    const detail::ObjectReader<detail::ControlError> in(json, "");
    DingTalkCallback callback;
    detail::readCallbackOptions(in, callback);
    in.read("appKey", callback.appKey);
    in.read("corpIdOwns", callback.corpIdOwns);
    in.readStrings("tags", callback.tags);
    return prepareCallback(std::move(callback));
}

CORPS_DECL detail::CallbackSetting DingTalkServer::Impl::prepareCallback(DingTalkCallback callback) {
    detail::requireUrl(callback.url);
    detail::requireLetters("token", callback.token, 3, 63);
    detail::requireLetters("aesKey", callback.aesKey, 43, 43);
    for (const std::string& tag : callback.tags) {
        if (!detail::dingtalk::isTag(tag)) {
            throw detail::ControlError("tags", "expected names of events, found \"" + tag + "\"");
        }
    }
    detail::CallbackSetting out;
    if (callback.verify) {
        out.question = callbackJob(callback, "check_url", R"({"EventType":"check_url"})");
        out.question.receiver = "question to " + out.question.receiver;
    }
    out.accept = [this, callback] {
        core_.dropCallbacks("app " + callback.appKey);
        callbacks_[callback.appKey] = callback;
    };
    return out;
}

CORPS_DECL std::string DingTalkServer::Impl::callbacksSet() const {
    std::string out;
    detail::appendList(out, callbacks_, [](std::string& to, const auto& entry) {
        to += '{';
        detail::appendText(to, "url", entry.second.url);
        detail::appendText(to, "appKey", entry.first);
        to += ",\"tags\":" + detail::dingtalk::texts(entry.second.tags) + "}";
    });
    return out;
}

CORPS_DECL void DingTalkServer::Impl::clearCallbacks() {
    for (const auto& [appKey, callback] : callbacks_) {
        core_.dropCallbacks("app " + appKey);
    }
    callbacks_.clear();
}

// ---------------------------------------------------------------------------------------------------------------------------
// What a change is told as

/** An event in the words of the dialect. */
CORPS_DECL std::string DingTalkServer::Impl::written(const detail::dingtalk::Event& event,
                                                     std::int64_t nowMs) const {
    using detail::dingtalk::texts;
    const std::string& corpId = currentOrganisation().corpId;
    std::string out = "{";
    const auto member = [&out](std::string_view name, const std::string& value) {
        out += out.size() == 1 ? "\"" : ",\"";
        out += name;
        out += "\":";
        out += value;
    };
    const auto quoted = [](std::string_view text) {
        std::string written;
        detail::appendJson(written, text);
        return written;
    };
    const std::string now = std::to_string(nowMs);
    if (!options_.behaviour.capturedEvents) {
        member("EventType", quoted(event.tag));
        member("EventTime", now);
        member("CorpId", quoted(corpId));
        member("BizId", quoted(now));
        member("eventId", quoted(toHex(randomBytes(16))));
        if (event.timed) {
            member("timeStamp", quoted(now));
        }
        for (const auto& [name, value] : event.data) {
            member(name, value);
        }
        return out + "}";
    }
    // As it was seen from 2019 to 2022: names begin with a capital, but for three of them.
    member("CorpId", quoted(corpId));
    member("EventType", quoted(event.tag));
    for (const auto& [name, value] : event.data) {
        std::string capital = name;
        if (name != "action" && name != "scope" && name != "diffInfo") {
            capital.front() = static_cast<char>(capital.front() - 'a' + 'A');
        }
        member(capital, value);
    }
    if (event.tag == "user_add_org" && !currentOrganisation().adminIds.empty()) {
        member("OptStaffId", quoted(currentOrganisation().adminIds.front()));
    }
    member("TimeStamp", quoted(now));
    return out + "}";
}

/** How roles are told of. */
CORPS_DECL std::vector<detail::dingtalk::Event> DingTalkServer::Impl::roleEvents(
    const detail::Directory& before, const Roles& was) const {
    using detail::dingtalk::Event;
    using detail::dingtalk::numbers;
    using detail::dingtalk::texts;
    /** A role or a group of roles. */
    struct Label {
        std::string name;
        std::int64_t parent = 0;
        std::set<std::string> members;
    };
    using Labels = std::map<std::int64_t, Label>;
    const auto labelsOf = [](const detail::Directory& directory, const std::vector<GroupEntry>& groups,
                             const std::vector<RoleEntry>& roles) {
        Labels out;
        for (const GroupEntry& group : groups) {
            out[group.id].name = group.name;
        }
        for (const RoleEntry& role : roles) {
            Label& label = out[role.id];
            label.name = role.name;
            label.parent = groups[role.group].id;
            for (const Index member : role.members) {
                label.members.insert(directory.member(member).memberId);
            }
        }
        return out;
    };
    const Labels then = labelsOf(before, was.groups, was.roles);
    const Labels now = labelsOf(*directory_, groups_, roles_);
    std::vector<Event> out;
    const std::string scope = "\"1\"";
    for (const auto& [id, label] : now) {
        const auto found = then.find(id);
        if (found == then.end()) {
            out.push_back({"label_conf_add", false, {{"scope", scope}, {"labelIdList", numbers({id})}}});
        } else if (found->second.name != label.name || found->second.parent != label.parent) {
            const std::int64_t labelId = id;
            const auto whole = [labelId](const Label& of) {
                std::string text = R"({"deleted":false,"color":-11687445,"hidden":false,"level":1,"scope":1)";
                detail::appendText(text, "name", of.name);
                detail::appendInteger(text, "id", labelId);
                detail::appendInteger(text, "parentId", of.parent);
                return text + ",\"extraInfo\":{}}";
            };
            const auto part = [labelId](const Label& of) {
                std::string text = R"({"hidden":false)";
                detail::appendText(text, "name", of.name);
                detail::appendInteger(text, "id", labelId);
                return text + ",\"extraInfo\":{}}";
            };
            // Which of the two is whole differs between the page and what was seen.
            const bool seen = options_.behaviour.capturedEvents;
            const std::string post = seen ? part(label) : whole(label);
            const std::string pre = seen ? whole(found->second) : part(found->second);
            out.push_back({"label_conf_modify",
                           false,
                           {{"postLabelList", texts({post})},
                            {"preLabelList", texts({pre})},
                            {"scope", scope},
                            {"labelIdList", numbers({id})}}});
        }
    }
    const auto tell = [&](std::int64_t id, const std::set<std::string>& these,
                          const std::set<std::string>& those, std::string_view action) {
        std::vector<std::string> only;
        std::set_difference(these.begin(), these.end(), those.begin(), those.end(), std::back_inserter(only));
        if (action == options_.behaviour.removeAction) {
            // Who has left altogether is told of already.
            std::erase_if(only, [this](const std::string& memberId) {
                const Index member = directory_->findMember(memberId);
                return member == kNone || !directory_->isActive(member);
            });
        }
        if (!only.empty()) {
            std::string word;
            detail::appendJson(word, action);
            out.push_back({"label_user_change",
                           false,
                           {{"userIdList", texts(only)}, {"action", word}, {"labelIdList", numbers({id})}}});
        }
    };
    for (const auto& [id, label] : now) {
        const auto found = then.find(id);
        const std::set<std::string> nobody;
        const std::set<std::string>& former = found == then.end() ? nobody : found->second.members;
        tell(id, label.members, former, "add");
        tell(id, former, label.members, options_.behaviour.removeAction);
    }
    for (const auto& [id, label] : then) {
        if (!now.contains(id)) {
            Event gone{"label_conf_del", false, {{"labelIdList", numbers({id})}}};
            if (options_.behaviour.capturedEvents) {
                gone.data.emplace_back("scope", scope);
            }
            out.push_back(std::move(gone));
        }
    }
    return out;
}

/** What is told of a member's data beside the id. */
CORPS_DECL std::string DingTalkServer::Impl::memberInfo(const detail::Directory& directory,
                                                        Index index) const {
    const Member& member = directory.member(index);
    std::string out = "{";
    const auto add = [&out](std::string_view name, const std::string& value) {
        if (!value.empty()) {
            detail::appendText(out, name, value);
        }
    };
    add("name", member.nick);
    add("email", member.email);
    add("jobNumber", member.jobNumber);
    add("hiredDate", member.hiredDate);
    return out + "}";
}

CORPS_DECL std::vector<detail::dingtalk::Event> DingTalkServer::Impl::changeEvents(
    const detail::Directory& before, const std::vector<std::int64_t>& idsBefore, const Roles& roles) const {
    using detail::dingtalk::Event;
    using detail::dingtalk::numbers;
    using detail::dingtalk::texts;
    const DingTalkBehaviour& b = options_.behaviour;
    const detail::Directory& now = *directory_;
    const detail::OrganisationDiff diff(before, now);
    const detail::VisibleRange sawRange(before, b.scope.all, b.scope.deptIds, b.scope.memberIds, "1");
    const auto sawDept = [&](Index dept) { return b.eventsOutsideScope || sawRange.dept(dept); };
    const auto sawMember = [&](Index member) { return b.eventsOutsideScope || sawRange.member(member); };
    const auto seesDept = [&](Index dept) { return b.eventsOutsideScope || scope_.dept(dept); };
    const auto seesMember = [&](Index member) { return b.eventsOutsideScope || scope_.member(member); };
    std::vector<Event> out;
    const auto people = [&out, &b](std::string_view tag, const std::vector<std::string>& ids, bool timed) {
        if (b.groupedEvents) {
            if (!ids.empty()) {
                out.push_back({tag, timed, {{"userId", texts(ids)}}});
            }
            return;
        }
        for (const std::string& id : ids) {
            out.push_back({tag, timed, {{"userId", texts({id})}}});
        }
    };

    const auto nameOfRoot = [&b](const detail::Directory& directory) {
        const Organisation& organisation = directory.organisation();
        return b.rootHasOwnName || organisation.corpName.empty() ? directory.dept(directory.root()).name
                                                                 : organisation.corpName;
    };
    if (before.organisation().corpName != now.organisation().corpName) {
        out.push_back({"org_change", false, {}});
    }
    const auto depts = [&out, &b](std::string_view tag, const std::vector<std::int64_t>& ids) {
        if (b.groupedEvents) {
            if (!ids.empty()) {
                out.push_back({tag, false, {{"deptId", numbers(ids)}}});
            }
            return;
        }
        for (const std::int64_t id : ids) {
            out.push_back({tag, false, {{"deptId", numbers({id})}}});
        }
    };
    std::vector<std::int64_t> created;
    for (const Index dept : diff.deptsAdded) {
        if (seesDept(dept)) {
            created.push_back(deptIds_[dept]);
        }
    }
    depts("org_dept_create", created);
    std::vector<std::int64_t> modified;
    for (const auto& [then, dept] : diff.deptsKept) {
        const auto leaders = [](const detail::Directory& directory, Index of) {
            std::vector<std::string> ids;
            for (const Index leader : directory.leaders(of)) {
                ids.push_back(directory.member(leader).memberId);
            }
            return ids;
        };
        const bool root = dept == now.root();
        const auto parentId = [](const detail::Directory& directory, const std::vector<std::int64_t>& ids,
                                 Index of) { return ids[directory.parent(of)]; };
        const bool changed =
            (root ? nameOfRoot(before) != nameOfRoot(now)
                  : before.dept(then).name != now.dept(dept).name ||
                        parentId(before, idsBefore, then) != parentId(now, deptIds_, dept)) ||
            before.dept(then).order != now.dept(dept).order || leaders(before, then) != leaders(now, dept);
        if (changed && seesDept(dept)) {
            modified.push_back(deptIds_[dept]);
        }
    }
    depts("org_dept_modify", modified);

    std::vector<std::string> joined;
    for (const Index member : diff.membersAdded) {
        if (seesMember(member)) {
            joined.push_back(now.member(member).memberId);
        }
    }
    people("user_add_org", joined, true);
    if (b.modifyAfterAdd) {
        people("user_modify_org", joined, true);
    }
    for (const auto& [then, index] : diff.membersKept) {
        if (!seesMember(index)) {
            continue;
        }
        const Member& was = before.member(then);
        Member is = now.member(index);
        if (was.upstreamStatus == "unactivated" && is.upstreamStatus != "unactivated") {
            out.push_back({"user_active_org", false, {{"userId", texts({is.memberId})}}});
        }
        // What belongs to the person and not to the organisation makes no event.
        is.photo = was.photo;
        is.gender = was.gender;
        is.upstreamStatus = was.upstreamStatus;
        if (is != was) {
            Event event{"user_modify_org", true, {}};
            if (b.diffInfo) {
                std::string info =
                    "{\"prev\":" + memberInfo(before, then) + ",\"curr\":" + memberInfo(now, index);
                detail::appendText(info, "userid", is.memberId);
                event.data.emplace_back("diffInfo", info + "}");
            }
            event.data.emplace_back("userId", texts({is.memberId}));
            out.push_back(std::move(event));
        }
    }
    std::vector<std::string> left;
    for (const Index member : diff.membersRemoved) {
        if (sawMember(member)) {
            left.push_back(before.member(member).memberId);
        }
    }
    people("user_leave_org", left, true);

    for (Event& event : roleEvents(before, roles)) {
        out.push_back(std::move(event));
    }
    const auto admins = [](const detail::Directory& directory) {
        std::set<std::string> ids;
        for (const std::string& id : directory.organisation().adminIds) {
            if (directory.isActive(directory.findMember(id))) {
                ids.insert(id);
            }
        }
        return ids;
    };
    const auto were = admins(before);
    const auto are = admins(now);
    std::vector<std::string> change;
    std::set_difference(are.begin(), are.end(), were.begin(), were.end(), std::back_inserter(change));
    people("org_admin_add", change, true);
    change.clear();
    std::set_difference(were.begin(), were.end(), are.begin(), are.end(), std::back_inserter(change));
    people("org_admin_remove", change, true);

    // A department and all below it go in one event.
    const std::set<Index> removed(diff.deptsRemoved.begin(), diff.deptsRemoved.end());
    for (const Index top : before.preorder()) {
        if (!removed.contains(top) || removed.contains(before.parent(top))) {
            continue;
        }
        std::vector<std::int64_t> ids;
        for (std::size_t i = before.position(top); i < before.subtreeEnd(top); ++i) {
            const Index dept = before.preorder()[i];
            if (removed.contains(dept) && sawDept(dept)) {
                ids.push_back(idsBefore[dept]);
            }
        }
        if (!ids.empty()) {
            out.push_back({"org_dept_remove", false, {{"deptId", numbers(ids)}}});
        }
    }
    return out;
}

CORPS_DECL void DingTalkServer::Impl::tell(const detail::Directory& before,
                                           const std::vector<std::int64_t>& idsBefore, const Roles& roles) {
    using namespace std::chrono_literals;
    if (callbacks_.empty()) {
        return;
    }
    prepareScope();
    const auto events = changeEvents(before, idsBefore, roles);
    for (const auto& [appKey, callback] : callbacks_) {
        std::vector<detail::CallbackJob> batch;
        for (const auto& event : events) {
            const std::string tag(event.tag);
            const auto& tags = callback.tags;
            if (!tags.empty() && std::find(tags.begin(), tags.end(), tag) == tags.end()) {
                continue;
            }
            const std::int64_t now = core_.wallMs();
            auto job = callbackJob(callback, tag, written(event, now));
            job.retries = {10s, 30s};
            FailedEvent failed{appKey, tag, now, 0, event.data};
            job.done = [this, failed = std::move(failed)](const CallbackRecord& record) mutable {
                if (record.state == CallbackRecord::State::failed) {
                    const std::lock_guard lock(core_.mutex());
                    failed.readableMs = core_.wallMs() + options_.behaviour.failedListDelay.count();
                    failedEvents_.push_back(std::move(failed));
                }
            };
            batch.push_back(std::move(job));
        }
        core_.send(std::move(batch));
    }
}

// ---------------------------------------------------------------------------------------------------------------------------
// The calls that register an address

CORPS_DECL std::int64_t DingTalkServer::Impl::callbackCode(std::int64_t old, std::int64_t now) const {
    return options_.behaviour.newCallbackCodes ? now : old;
}

/** Asks the address before it answers. */
CORPS_DECL HttpReply DingTalkServer::Impl::registerCallBack(const Call& call) {
    return keepCallBack(call, true);
}
CORPS_DECL HttpReply DingTalkServer::Impl::updateCallBack(const Call& call) {
    return keepCallBack(call, false);
}

CORPS_DECL DingTalkCallback* DingTalkServer::Impl::callbackOf(const std::string& appKey) {
    auto found = callbacks_.find(appKey);
    if (found == callbacks_.end()) {
        // One that was named without an app is that of the app that is meant then.
        found = callbacks_.find("");
        if (found != callbacks_.end() && appKeyOf(found->second) != appKey) {
            found = callbacks_.end();
        }
    }
    return found == callbacks_.end() ? nullptr : &found->second;
}

CORPS_DECL HttpReply DingTalkServer::Impl::keepCallBack(const Call& call, bool fresh) {
    const bool known = callbackOf(call.appKey) != nullptr;
    if (fresh && known) {
        return failure(callbackCode(71006, 400041), "回调地址已经存在");
    }
    if (!fresh && !known) {
        return failure(callbackCode(71007, 400040), "回调不存在");
    }
    DingTalkCallback callback;
    callback.appKey = call.appKey;
    callback.corpIdOwns = true;
    callback.url = call.in.text("url");
    callback.token = call.in.text("token");
    callback.aesKey = call.in.text("aes_key");
    if (call.in.list("call_back_tag", callback.tags) != Found::good || callback.tags.empty()) {
        return failure(71010, "参数错误");
    }
    for (const std::string& tag : callback.tags) {
        if (!detail::dingtalk::isTag(tag)) {
            return failure(71008, "不合法的回调类型");
        }
    }
    try {
        detail::requireUrl(callback.url);
    } catch (const detail::ControlError&) {
        return failure(callbackCode(71011, 400050), "url格式错误");
    }
    detail::CallbackSetting setting;
    try {
        setting = prepareCallback(callback);
    } catch (const detail::ControlError&) {
        return failure(71010, "参数错误");
    }
    HttpReply out;
    out.later = [this, setting = std::move(setting)](const std::function<void(HttpReply)>& answer) mutable {
        setting.question.done = [this, accept = setting.accept, answer](const CallbackRecord& record) {
            const std::lock_guard lock(core_.mutex());
            family_ = Family::old;
            if (record.state == CallbackRecord::State::accepted) {
                accept();
                answer(succeedFlat("", ""));
                return;
            }
            const CallbackAttempt& last = record.attempts.back();
            if (last.answered) {
                answer(failure(callbackCode(71009, 400052), "回调地址返回的不是success"));
            } else if (last.error.starts_with("no answer within")) {
                answer(failure(callbackCode(71012, 400054), "url地址访问异常, 访问超时"));
            } else {
                answer(failure(callbackCode(71012, 400051), "url地址访问异常"));
            }
        };
        core_.sender().send(std::move(setting.question));
    };
    return out;
}

CORPS_DECL HttpReply DingTalkServer::Impl::getCallBack(const Call& call) {
    const DingTalkCallback* callback = callbackOf(call.appKey);
    if (callback == nullptr) {
        return failure(callbackCode(71007, 400040), "回调不存在");
    }
    std::string before;
    std::string after;
    detail::appendText(before, "aes_key", callback->aesKey);
    const auto& all = detail::dingtalk::kTags;
    before += ",\"call_back_tag\":" +
              detail::dingtalk::texts(
                  callback->tags.empty() ? std::vector<std::string>(all.begin(), all.end()) : callback->tags);
    detail::appendText(after, "token", callback->token);
    detail::appendText(after, "url", callback->url);
    // Each brings the comma before it.
    return succeedFlat(std::string_view(before).substr(1), std::string_view(after).substr(1));
}

CORPS_DECL HttpReply DingTalkServer::Impl::deleteCallBack(const Call& call) {
    const DingTalkCallback* callback = callbackOf(call.appKey);
    if (callback == nullptr) {
        return failure(callbackCode(71007, 400040), "回调不存在");
    }
    const std::string key = callback->appKey;
    core_.dropCallbacks("app " + key);
    callbacks_.erase(key);
    return succeedFlat("", "");
}

/** What the previous call told is forgotten, not what this one tells. */
CORPS_DECL HttpReply DingTalkServer::Impl::failedCallBacks(const Call& call) {
    constexpr std::size_t kMost = 200;
    const DingTalkCallback* callback = callbackOf(call.appKey);
    const std::string key = callback == nullptr ? call.appKey : callback->appKey;
    std::erase_if(failedEvents_,
                  [&key](const FailedEvent& event) { return event.appKey == key && event.told; });
    const std::int64_t now = core_.wallMs();
    std::string listed = "\"failed_list\":[";
    std::size_t count = 0;
    bool more = false;
    for (FailedEvent& event : failedEvents_) {
        if (event.appKey != key || event.readableMs > now) {
            continue;
        }
        if (count == kMost) {
            more = true;
            break;
        }
        event.told = true;
        listed += count++ == 0 ? "{" : ",{";
        detail::appendText(listed, "call_back_tag", event.tag);
        detail::appendInteger(listed, "event_time", event.atMs);
        listed += ",\"" + event.tag + "\":{";
        detail::appendText(listed, "corpid", currentOrganisation().corpId);
        if (event.tag.starts_with("label_")) {
            listed += ",\"roleLabelChange\":{";
            for (const auto& [name, value] : event.data) {
                listed += listed.ends_with('{') ? "\"" : ",\"";
                listed += name + "\":" + value;
            }
            listed += '}';
        } else {
            for (const auto& [name, value] : event.data) {
                if (name == "userId" || name == "deptId") {
                    listed += name == "userId" ? ",\"userid\":" : ",\"deptid\":";
                    listed += value;
                }
            }
        }
        listed += "}}";
    }
    return succeedFlat("", listed + (more ? "],\"has_more\":true" : "],\"has_more\":false"));
}

CORPS_DECL void DingTalkServer::setCallback(const DingTalkCallback& callback) {
    impl().core().setCallback([&] { return impl().prepareCallback(callback); });
}

}  // namespace corps::emulator
