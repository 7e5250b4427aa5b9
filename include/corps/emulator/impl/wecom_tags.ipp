#pragma once

#include <corps/emulator/impl/fields.hpp>
#include <corps/emulator/impl/wecom_impl.ipp>

#include <algorithm>

/** @file Tags [90213, 90216] and the app itself [90227]. */
namespace corps::emulator {

CORPS_DECL std::int64_t detail::WeComPlatform::tagId(std::string_view roleId) const {
    for (const Tag& tag : corp_->tags) {
        if (tag.role->roleId == roleId) {
            return tag.id;
        }
    }
    return 0;
}

CORPS_DECL const detail::WeComPlatform::Tag* detail::WeComPlatform::findTag(std::int64_t id) const {
    const auto found =
        std::find_if(corp_->tags.begin(), corp_->tags.end(), [id](const Tag& tag) { return tag.id == id; });
    return found == corp_->tags.end() ? nullptr : &*found;
}

CORPS_DECL std::vector<detail::WeComPlatform::Index> detail::WeComPlatform::tagDepts(
    const std::string& roleId) const {
    std::vector<Index> out;
    const auto found = options_.behaviour.tagDepts.find(roleId);
    if (found != options_.behaviour.tagDepts.end()) {
        for (const std::string& id : found->second) {
            const Index dept = id == "1" ? corp_->directory->root() : corp_->directory->findDept(id);
            if (dept != kNone) {
                out.push_back(dept);
            }
        }
    }
    return out;
}

CORPS_DECL HttpReply detail::WeComPlatform::tagList(const Call& call) {
    std::string out = ",\"taglist\":";
    detail::appendList(out, call.effects.emptySuccess || !seesTags(call) ? std::vector<Tag>{} : corp_->tags,
                       [](std::string& to, const Tag& tag) {
                           to += '{';
                           detail::appendInteger(to, "tagid", tag.id);
                           detail::appendText(to, "tagname", tag.role->name);
                           to += '}';
                       });
    return succeed(call, out);
}

CORPS_DECL std::optional<HttpReply> detail::WeComPlatform::requireTag(const Call& call, const Tag*& out) {
    std::int64_t id = 0;
    const Found found = call.in.number("tagid", id);
    if (found == Found::absent) {
        return failure(call, 41017);
    }
    out = found == Found::bad || !seesTags(call) ? nullptr : findTag(id);
    return out == nullptr ? std::optional<HttpReply>(failure(40068)) : std::nullopt;
}

CORPS_DECL std::vector<detail::WeComPlatform::Index> detail::WeComPlatform::tagMembers(const Call& call,
                                                                                       const Tag& tag) const {
    std::vector<Index> out = corp_->directory->roleMembers(tag.role->roleId);
    std::erase_if(out, [&](Index member) { return !visible(call, member); });
    return out;
}

CORPS_DECL std::vector<detail::WeComPlatform::Index> detail::WeComPlatform::tagDepts(const Call& call,
                                                                                     const Tag& tag) const {
    std::vector<Index> out = tagDepts(tag.role->roleId);
    if (options_.behaviour.filterTagDepts) {
        std::erase_if(out, [&](Index dept) { return !call.range->dept(dept); });
    }
    return out;
}

CORPS_DECL void detail::WeComPlatform::appendTagUser(std::string& out, const Call& call, Index member) const {
    const WeComBehaviour& b = options_.behaviour;
    out += '{';
    detail::appendText(out, "userid", userId(call, member));
    if (!call.token->contact || !b.contactNewAddress || b.contactTagNames) {
        appendName(out, call, member);
    }
    out += '}';
}

CORPS_DECL HttpReply detail::WeComPlatform::tagGet(const Call& call) {
    const Tag* tag = nullptr;
    if (auto refused = requireTag(call, tag)) {
        return std::move(*refused);
    }
    const bool none = call.effects.emptySuccess;
    std::string out;
    detail::appendText(out, "tagname", tag->role->name);
    out += ",\"userlist\":";
    detail::appendList(out, none ? std::vector<Index>{} : tagMembers(call, *tag),
                       [&](std::string& to, Index member) { appendTagUser(to, call, member); });
    out += ",\"partylist\":";
    appendIds(out, none ? std::vector<Index>{} : tagDepts(call, *tag));
    return succeed(call, out);
}

/** What a range names, as far as it is there. */
CORPS_DECL detail::WeComPlatform::Scope detail::WeComPlatform::resolve(const WeComEnterprise& contacts,
                                                                       const WeComContactScope& scope) {
    const Directory& directory = *contacts.directory;
    Scope out;
    if (scope.all) {
        out.depts.push_back(1);
        return out;
    }
    for (const std::string& id : scope.memberIds) {
        const Index member = directory.findMember(id);
        if (member != kNone && directory.isActive(member)) {
            out.members.push_back(member);
        }
    }
    for (const std::string& id : scope.deptIds) {
        const Index dept = id == "1" ? directory.root() : directory.findDept(id);
        if (dept != kNone) {
            out.depts.push_back(contacts.deptIds[dept]);
        }
    }
    for (const std::string& id : scope.tagIds) {
        for (const Tag& tag : contacts.tags) {
            if (tag.role->roleId == id) {
                out.tags.push_back(tag.id);
            }
        }
    }
    return out;
}

CORPS_DECL HttpReply detail::WeComPlatform::agentGet(const Call& call) {
    std::int64_t id = 0;
    const Found found = call.in.number("agentid", id);
    if (found == Found::absent) {
        return failure(41011);
    }
    if (found == Found::bad || id < 1) {
        return failure(40056);
    }
    if (call.token->agentId != 0 && call.token->agentId != id) {
        return failure(301002);
    }
    const auto [depts, users, tags] = resolve(*corp_, *scopeOf(*call.token));
    std::string out;
    detail::appendInteger(out, "agentid", id);
    detail::appendText(out, "name", appName(call));
    out += R"(,"square_logo_url":"https://p.qlogo.cn/example/0","description":"",)"
           R"("allow_userinfos":{"user":)";
    detail::appendList(out, users, [&](std::string& to, Index member) {
        to += '{';
        detail::appendText(to, "userid", userId(call, member));
        to += '}';
    });
    out += R"(},"allow_partys":{"partyid":)";
    detail::appendList(out, depts,
                       [](std::string& to, std::int64_t dept) { detail::appendNumber(to, dept); });
    out += R"(},"allow_tags":{"tagid":)";
    detail::appendList(out, tags, [](std::string& to, std::int64_t tag) { detail::appendNumber(to, tag); });
    out += '}';
    appendAgent(out, call);
    detail::appendText(out, "redirect_domain", options_.trustedDomain);
    return succeed(call, out + R"(,"report_location_flag":0,"isreportenter":0,"home_url":"")");
}

CORPS_DECL void detail::WeComPlatform::appendAgent(std::string& out, const Call& /*call*/) const {
    detail::appendInteger(out, "close", 0);
}

CORPS_DECL HttpReply detail::WeComPlatform::agentList(const Call& call) {
    std::string out = ",\"agentlist\":[";
    if (!call.effects.emptySuccess) {
        out += '{';
        detail::appendInteger(out, "agentid",
                              call.token->agentId != 0 ? call.token->agentId : detail::wecom::kSomeAgent);
        detail::appendText(out, "name", appName(call));
        out += R"(,"square_logo_url":"https://p.qlogo.cn/example/0"})";
    }
    return succeed(call, out + "]");
}

CORPS_DECL HttpReply detail::WeComPlatform::callbackIps(const Call& call) {
    HttpReply out = succeed(call, "");
    out.body.insert(1, out.body == "{}" ? R"("ip_list":["127.0.0.1"])" : R"("ip_list":["127.0.0.1"],)");
    return out;
}

}  // namespace corps::emulator
