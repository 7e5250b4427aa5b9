#pragma once

#include <corps/crypto/digest.hpp>
#include <corps/emulator/feishu.hpp>
#include <corps/emulator/impl/callback_messages.hpp>
#include <corps/emulator/impl/feishu_crypt.hpp>
#include <corps/emulator/impl/feishu_records.ipp>
#include <corps/emulator/impl/fields.hpp>
#include <corps/emulator/impl/organisation_diff.hpp>

#include <boost/json/parse.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/**
 * @file
 * Feishu's events of version 2.0: contact.user.*_v3, contact.department.*_v3 and contact.scope.updated_v3,
 * how they are encrypted, signed and sent (Feishu: event-subscription-guide, contact-v3/events).
 */
namespace corps::emulator {

namespace detail::feishu {

/** Names and values of a JSON object, the values written. */
using Members = std::vector<std::pair<std::string, std::string>>;

inline std::string written(const Members& members) {
    std::string out = "{";
    for (const auto& [name, value] : members) {
        out += out.size() == 1 ? "\"" : ",\"";
        out += name;
        out += "\":";
        out += value;
    }
    return out + "}";
}

inline std::string inJson(std::string_view text) {
    std::string out;
    appendJson(out, text);
    return out;
}

/** A message to an address. @param token Stands in the text, as the member `token`. */
inline CallbackMessage eventMessage(const FeishuCallback& to, const std::string& text, bool signPlain,
                                    std::int64_t nowMs, CallbackSpoil spoil) {
    const std::string timestamp = std::to_string(nowMs / 1000);
    const std::string nonce = toHex(randomBytes(8));
    CallbackMessage out;
    out.url = to.url;
    out.body = text;
    if (!to.aesKey.empty()) {
        std::string bytes = encryptEvent(to.aesKey, randomBytes(16), text);
        if (spoil == CallbackSpoil::ciphertext) {
            bytes.resize(bytes.size() - 1);
        }
        out.body = "{\"encrypt\":\"" + base64Encode(bytes) + "\"}";
    } else if (spoil == CallbackSpoil::ciphertext) {
        out.body.resize(out.body.size() / 2);
    } else if (spoil == CallbackSpoil::signature) {
        // Nothing but the token shows whose it is.
        const std::string member = "\"token\":" + inJson(to.token);
        const auto at = out.body.find(member);
        out.body.replace(at, member.size(), "\"token\":" + inJson(to.token + "-not"));
    }
    std::string signature = eventSignature(timestamp, nonce, to.aesKey, out.body);
    if (spoil == CallbackSpoil::signature) {
        signature = wrongSignature(std::move(signature));
    }
    out.headers = {{"Content-Type", "application/json;charset=utf-8"}};
    if (!to.aesKey.empty() || signPlain) {
        out.headers.emplace_back("X-Lark-Request-Timestamp", timestamp);
        out.headers.emplace_back("X-Lark-Request-Nonce", nonce);
        out.headers.emplace_back("X-Lark-Signature", signature);
    }
    return out;
}

}  // namespace detail::feishu

/** An organisation as an app sees it. */
struct FeishuServer::Impl::Sight {
    const detail::Directory& directory;
    const detail::VisibleRange& range;
    std::uint64_t orderShift;
    const std::string& appId;

    std::string user(Index member) const {
        std::string out = "\"ou_";
        detail::appendHex(out, derive("open_id", appId, directory.organisation().corpId,
                                      directory.member(member).memberId));
        return out + '"';
    }
    std::string dept(Index dept) const {
        if (dept == directory.root()) {
            return "\"0\"";
        }
        std::string out = "\"od-";
        detail::appendHex(out, derive("open_department_id", appId, directory.organisation().corpId,
                                      directory.dept(dept).deptId));
        return out + '"';
    }
};

/** A member as events have it. */
CORPS_DECL detail::feishu::Members FeishuServer::Impl::userMembers(const Sight& sight, Index index,
                                                                   const Fields& fields) const {
    using detail::feishu::inJson;
    const Member& member = sight.directory.member(index);
    detail::feishu::Members out;
    const auto add = [&out](bool shown, std::string_view name, std::string value) {
        if (shown) {
            out.emplace_back(name, std::move(value));
        }
    };
    const auto places = placesOf(sight.directory, sight.range, member);
    std::string avatar;
    for (const char* size : {"avatar_72", "avatar_240", "avatar_640", "avatar_origin"}) {
        avatar += avatar.empty() ? "{\"" : ",\"";
        avatar += size;
        avatar += "\":" + inJson(member.photo);
    }
    std::string status;
    appendStatus(status, member);
    std::string deptIds;
    detail::appendList(deptIds, places,
                       [&sight](std::string& to, const auto& place) { to += sight.dept(place.first); });
    std::string orders;
    appendOrders(orders, places, member, [&sight](std::string& to, Index dept) { to += sight.dept(dept); });

    add(true, "open_id", sight.user(index));
    add(true, "union_id", inJson(unionIdOf(sight.directory, index)));
    add(fields.userId, "user_id", inJson(member.memberId));
    add(fields.userBase, "name", inJson(member.nick));
    add(fields.userBase, "en_name", "\"\"");
    add(fields.userBase, "nickname", "\"\"");
    add(fields.email, "email", inJson(member.email));
    add(fields.employee, "enterprise_email", "\"\"");
    add(fields.employee, "job_title", inJson(member.position));
    add(fields.phone, "mobile", inJson(member.phone));
    add(fields.gender, "gender", std::to_string(member.gender));
    add(fields.userBase, "avatar", avatar + "}");
    add(fields.employee, "status", status);
    add(fields.userDept, "department_ids", deptIds);
    add(fields.userDept, "leader_user_id", "\"\"");
    add(fields.employee, "city", "\"\"");
    add(fields.employee, "country", "\"\"");
    add(fields.employee, "work_station", "\"\"");
    if (const auto day = detail::parseDate(member.hiredDate)) {
        add(fields.employee, "join_time", std::to_string(*day * 86'400 - 8 * 3'600));  // midnight in China
    }
    add(fields.employeeNo, "employee_no", inJson(member.jobNumber));
    add(fields.employee, "employee_type", "1");
    add(fields.userDept, "orders", orders);
    add(fields.employee, "custom_attrs", "[]");
    add(fields.jobLevel, "job_level_id", "\"\"");
    add(fields.jobFamily, "job_family_id", "\"\"");
    add(fields.dottedLine, "dotted_line_leader_user_ids", "[]");
    return out;
}

/** A department as events have it: `order` is a number here, and the scopes of two fields are others. */
CORPS_DECL detail::feishu::Members FeishuServer::Impl::deptMembers(const Sight& sight, Index dept,
                                                                   bool deleted) const {
    using detail::feishu::inJson;
    const Dept& record = sight.directory.dept(dept);
    const auto& leaders = sight.directory.leaders(dept);
    detail::feishu::Members out;
    const auto add = [&out](bool shown, std::string_view name, std::string value) {
        if (shown) {
            out.emplace_back(name, std::move(value));
        }
    };
    std::string leaderList = "[";
    for (std::size_t i = 0; !deleted && i < leaders.size(); ++i) {
        leaderList += i == 0 ? "{\"leaderType\":1" : ",{\"leaderType\":2";
        leaderList += fields_.deptOrganize ? ",\"leaderID\":" + sight.user(leaders[i]) + "}" : "}";
    }
    add(fields_.deptBase, "name", inJson(record.name));
    add(fields_.deptOrganize, "parent_department_id", sight.dept(sight.directory.parent(dept)));
    add(fields_.deptBase, "department_id", inJson(record.deptId));
    add(true, "open_department_id", sight.dept(dept));
    add(fields_.deptBase, "leader_user_id", leaders.empty() ? "\"\"" : sight.user(leaders.front()));
    add(fields_.deptOrganize, "order",
        std::to_string(static_cast<std::uint64_t>(record.order) + sight.orderShift));
    add(fields_.deptBase, "status", deleted ? "{\"is_deleted\":true}" : "{\"is_deleted\":false}");
    add(true, "leaders", leaderList + "]");
    add(fields_.deptHrbp, "department_hrbps", "[]");
    return out;
}

CORPS_DECL std::string FeishuServer::Impl::appIdOf(const FeishuCallback& callback) const {
    if (!callback.appId.empty()) {
        return callback.appId;
    }
    if (!options_.credentials.empty()) {
        return options_.credentials.front().appId;
    }
    if (!lastApp_.empty()) {
        return lastApp_;
    }
    std::string out = "cli_";
    detail::appendHex(out, detail::Hash128("app").add(currentOrganisation().corpId).id().high);
    return out;
}

/** @param event The member `event`, written. */
CORPS_DECL detail::CallbackJob FeishuServer::Impl::eventJob(const FeishuCallback& callback,
                                                            std::string_view type, const std::string& event) {
    using namespace std::chrono_literals;
    using detail::feishu::inJson;
    const FeishuBehaviour& b = options_.behaviour;
    detail::CallbackJob job;
    job.receiver = "app " + callback.appId;
    job.event = std::string(type);
    job.text = R"({"schema":"2.0","header":{"event_id":")" + toHex(randomBytes(16)) + R"(","event_type":")" +
               std::string(type) + R"(","create_time":")" + std::to_string(core_.wallMs()) + R"(","token":)" +
               inJson(callback.token) + ",\"app_id\":" + inJson(appIdOf(callback)) +
               ",\"tenant_key\":" + inJson(currentOrganisation().corpId) + "},\"event\":" + event + "}";
    job.connections = callback.connections;
    job.connectTimeout = std::min<std::chrono::milliseconds>(2s, b.callbackDeadline);
    job.timeout = b.callbackDeadline;
    job.retries = {15s, 5min, 1h, 6h};
    job.write = [callback, text = job.text, signPlain = b.signUnencrypted](std::int64_t nowMs,
                                                                           detail::CallbackSpoil spoil) {
        return detail::feishu::eventMessage(callback, text, signPlain, nowMs, spoil);
    };
    if (!b.freshTries) {
        job.write = detail::sameEachTime(std::move(job.write));
    }
    job.judge = [](int status, const std::string&) {
        return status == 200 ? std::string() : "expected HTTP status 200, found " + std::to_string(status);
    };
    return job;
}

CORPS_DECL detail::CallbackSetting FeishuServer::Impl::prepareCallback(const boost::json::value& json) {
    const detail::ObjectReader<detail::ControlError> in(json, "");
    FeishuCallback callback;
    detail::readCallbackOptions(in, callback);
    in.read("verificationToken", callback.token);
    in.read("encryptKey", callback.aesKey);
    in.read("appId", callback.appId);
    return prepareCallback(std::move(callback));
}

CORPS_DECL detail::CallbackSetting FeishuServer::Impl::prepareCallback(FeishuCallback callback) {
    using detail::feishu::inJson;
    detail::requireUrl(callback.url);
    detail::CallbackSetting out;
    if (callback.verify) {
        const std::string challenge = toHex(randomBytes(16));
        detail::CallbackJob& job = out.question;
        job.receiver = "question to app " + callback.appId;
        job.event = "url_verification";
        job.text = "{\"challenge\":" + inJson(challenge) + ",\"token\":" + inJson(callback.token) +
                   R"(,"type":"url_verification"})";
        job.timeout = options_.behaviour.verificationDeadline;
        job.connectTimeout = job.timeout;
        job.write = [callback, text = job.text, signPlain = options_.behaviour.signUnencrypted](
                        std::int64_t nowMs, detail::CallbackSpoil spoil) {
            return detail::feishu::eventMessage(callback, text, signPlain, nowMs, spoil);
        };
        job.judge = [challenge](int status, const std::string& body) -> std::string {
            if (status != 200) {
                return "expected HTTP status 200, found " + std::to_string(status);
            }
            boost::system::error_code ec;
            const auto answer = boost::json::parse(body, ec);
            const auto* found =
                !ec && answer.is_object() ? answer.get_object().if_contains("challenge") : nullptr;
            return found != nullptr && found->is_string() && found->get_string() == challenge
                       ? ""
                       : "expected the challenge in plain JSON: {\"challenge\": ...}";
        };
    }
    out.accept = [this, callback] {
        core_.dropCallbacks("app " + callback.appId);
        callbacks_[callback.appId] = callback;
    };
    return out;
}

CORPS_DECL std::string FeishuServer::Impl::callbacksSet() const {
    std::string out;
    detail::appendList(out, callbacks_, [](std::string& to, const auto& entry) {
        to += '{';
        detail::appendText(to, "url", entry.second.url);
        detail::appendText(to, "appId", entry.first);
        detail::appendFlag(to, "encrypted", !entry.second.aesKey.empty());
        to += '}';
    });
    return out;
}

CORPS_DECL void FeishuServer::Impl::clearCallbacks() {
    for (const auto& [appId, callback] : callbacks_) {
        core_.dropCallbacks("app " + appId);
    }
    callbacks_.clear();
}

namespace detail::feishu {

/** The members whose values differ in `now`, those that it does not have among them, as they were. */
inline std::set<std::string> changedNames(const Members& was, const Members& now) {
    std::set<std::string> out;
    const auto compare = [&out](const Members& these, const Members& those) {
        for (const auto& member : these) {
            if (std::find(those.begin(), those.end(), member) == those.end()) {
                out.insert(member.first);
            }
        }
    };
    compare(was, now);
    compare(now, was);
    return out;
}

inline Members only(const Members& members, const std::set<std::string>& names) {
    Members out = members;
    std::erase_if(out, [&names](const auto& member) { return !names.contains(member.first); });
    return out;
}

inline Members without(const Members& members, const std::set<std::string>& names) {
    Members out = members;
    std::erase_if(out, [&names](const auto& member) { return names.contains(member.first); });
    return out;
}

}  // namespace detail::feishu

CORPS_DECL void FeishuServer::Impl::tell(const detail::Directory& before, std::uint64_t orderShiftBefore) {
    using namespace detail::feishu;
    if (callbacks_.empty()) {
        return;
    }
    const FeishuContactRange& range = options_.behaviour.range;
    prepareRange();
    const detail::VisibleRange rangeBefore(before, range.all, range.deptIds, range.memberIds, "0");
    const detail::OrganisationDiff diff(before, *directory_);
    Fields all;
    all.deptBase = all.deptOrganize = all.deptHrbp = all.userId = all.userBase = all.email = all.phone = true;
    all.gender = all.userDept = all.employee = all.employeeNo = all.geo = all.jobLevel = true;
    all.jobFamily = all.dottedLine = all.assignInfo = true;
    for (const auto& [key, callback] : callbacks_) {
        const std::string appId = appIdOf(callback);
        const Sight was{before, rangeBefore, orderShiftBefore, appId};
        const Sight is{*directory_, range_, orderShift_, appId};
        std::vector<detail::CallbackJob> batch;
        const auto emit = [&](std::string_view type, const Members& object, const Members* old) {
            std::string event = "{\"object\":" + written(object);
            if (old != nullptr) {
                event += ",\"old_object\":" + written(*old);
            }
            batch.push_back(eventJob(callback, type, event + "}"));
        };
        for (const Index dept : diff.deptsAdded) {
            if (is.range.dept(dept)) {
                emit("contact.department.created_v3", deptMembers(is, dept, false), nullptr);
            }
        }
        for (const Index member : diff.membersAdded) {
            if (is.range.member(member)) {
                emit("contact.user.created_v3", userMembers(is, member, fields_), nullptr);
            }
        }
        for (const auto& [then, now] : diff.deptsKept) {
            const auto leaderIds = [](const Sight& sight, Index dept) {
                std::vector<std::string> out;
                for (const Index leader : sight.directory.leaders(dept)) {
                    out.push_back(sight.directory.member(leader).memberId);
                }
                return out;
            };
            if (now == is.directory.root() || !is.range.dept(now)) {
                continue;
            }
            const Dept& old = was.directory.dept(then);
            const Dept& record = is.directory.dept(now);
            if (old.name != record.name || old.order != record.order ||
                was.dept(was.directory.parent(then)) != is.dept(is.directory.parent(now)) ||
                leaderIds(was, then) != leaderIds(is, now)) {
                const Members former = deptMembers(was, then, false);
                emit("contact.department.updated_v3", deptMembers(is, now, false), &former);
            }
        }
        for (const auto& [then, now] : diff.membersKept) {
            if (!is.range.member(now)) {
                continue;
            }
            // In most organisations most people stay as they are.
            if (!options_.behaviour.hideDeptsOutOfRange &&
                was.directory.member(then) == is.directory.member(now) &&
                before.organisation().corpId == currentOrganisation().corpId) {
                continue;
            }
            auto changed = changedNames(userMembers(was, then, all), userMembers(is, now, all));
            if (changed.empty()) {
                continue;
            }
            const Members object = userMembers(is, now, fields_);
            const Members former = userMembers(was, then, fields_);
            // Mobile and e-mail come in events of their own.
            std::vector<std::set<std::string>> groups;
            for (const char* alone : {"mobile", "email"}) {
                if (changed.erase(alone) != 0) {
                    groups.push_back({alone});
                }
            }
            if (!changed.empty()) {
                groups.insert(groups.begin(), changed);
            }
            for (const auto& group : groups) {
                const Members old = options_.behaviour.oldUserWhole ? former : only(former, group);
                if (!old.empty() || options_.behaviour.eventsOfHiddenFields) {
                    emit("contact.user.updated_v3", object, &old);
                }
            }
        }
        for (const Index member : diff.membersRemoved) {
            if (was.range.member(member)) {
                Members object = without(userMembers(was, member, fields_),
                                         {"department_ids", "leader_user_id", "orders"});
                for (auto& [name, value] : object) {
                    if (name == "status") {
                        Member gone = was.directory.member(member);
                        gone.status = 2;
                        value.clear();
                        appendStatus(value, gone);
                    }
                }
                Members old = only(userMembers(was, member, fields_), {"department_ids"});
                old.emplace_back("open_id", was.user(member));
                emit("contact.user.deleted_v3", object, &old);
            }
        }
        for (const Index dept : diff.deptsRemoved) {
            if (was.range.dept(dept)) {
                Members old;
                if (fields_.deptBase) {
                    old.emplace_back("status", "{\"is_deleted\":false}");
                }
                old.emplace_back("open_department_id", was.dept(dept));
                emit("contact.department.deleted_v3", deptMembers(was, dept, true), &old);
            }
        }
        core_.send(std::move(batch));
    }
}

CORPS_DECL FeishuServer::Impl::Nodes FeishuServer::Impl::rangeNodes() const {
    const FeishuContactRange& range = options_.behaviour.range;
    Nodes out;
    if (range.all) {
        out.depts.insert(directory_->children(directory_->root()).begin(),
                         directory_->children(directory_->root()).end());
        out.users.insert(directory_->directMembers(directory_->root()).begin(),
                         directory_->directMembers(directory_->root()).end());
        return out;
    }
    for (const std::string& id : range.deptIds) {
        if (const Index dept = directory_->findDept(id); dept != kNone) {
            out.depts.insert(dept);
        }
    }
    for (const std::string& id : range.memberIds) {
        if (const Index member = directory_->findMember(id);
            member != kNone && directory_->isActive(member)) {
            out.users.insert(member);
        }
    }
    out.groups.insert(range.groupIds.begin(), range.groupIds.end());
    return out;
}

/** The contact range is another one than that of `before`. */
CORPS_DECL void FeishuServer::Impl::tellRange(const Nodes& before) {
    using namespace detail::feishu;
    const Nodes now = rangeNodes();
    prepareRange();
    static const HttpRequest kNoRequest;
    static const detail::Effects kNoEffects;
    static const std::vector<std::string> kNoPath;
    for (const auto& [key, callback] : callbacks_) {
        const std::string appId = appIdOf(callback);
        const Sight is{*directory_, range_, orderShift_, appId};
        Call call{kNoRequest, kNoEffects, kNoPath, appId, "", "", nullptr};
        call.view = &viewOf(appId);
        const auto lists = [&](const Nodes& these, const Nodes& those) {
            std::string out = "{\"departments\":[";
            bool any = false;
            bool first = true;
            const auto next = [&] {
                out += std::exchange(first, false) ? "" : ",";
                any = true;
            };
            for (const Index dept : these.depts) {
                if (!those.depts.contains(dept)) {
                    next();
                    appendDept(out, call, dept);
                }
            }
            out += "],\"users\":[";
            first = true;
            for (const Index member : these.users) {
                if (!those.users.contains(member)) {
                    next();
                    Members user = without(userMembers(is, member, fields_),
                                           {"department_ids", "orders", "job_level_id", "job_family_id",
                                            "dotted_line_leader_user_ids"});
                    user.emplace_back("is_frozen", directory_->member(member).upstreamStatus == "frozen"
                                                       ? "true"
                                                       : "false");
                    out += written(user);
                }
            }
            out += "],\"user_groups\":[";
            first = true;
            for (const std::string& group : these.groups) {
                if (!those.groups.contains(group)) {
                    next();
                    out += "{\"user_group_id\":" + inJson(group) + ",\"name\":" + inJson(group) +
                           R"(,"type":1,"member_count":0,"status":1})";
                }
            }
            return std::pair(out + "]}", any);
        };
        const auto [added, anyAdded] = lists(now, before);
        const auto [removed, anyRemoved] = lists(before, now);
        if (anyAdded || anyRemoved) {
            std::vector<detail::CallbackJob> batch;
            batch.push_back(eventJob(callback, "contact.scope.updated_v3",
                                     "{\"added\":" + added + ",\"removed\":" + removed + "}"));
            core_.send(std::move(batch));
        }
    }
}

CORPS_DECL HttpReply FeishuServer::Impl::outboundIps(const Call& call) {
    Page page;
    PageRules rules{50, 1, 50};
    rules.sizeCode = 1810001;
    rules.tokenCode = 1810001;
    rules.expiredCode = 1810001;
    if (auto refused = readPage(call, rules, "outbound ips " + call.appId, page)) {
        return std::move(*refused);
    }
    return list(call, page, "ip_list", 1, [](std::string& out, std::size_t) { out += "\"127.0.0.1\""; });
}

CORPS_DECL void FeishuServer::setCallback(const FeishuCallback& callback) {
    impl().core().setCallback([&] { return impl().prepareCallback(callback); });
}

}  // namespace corps::emulator
