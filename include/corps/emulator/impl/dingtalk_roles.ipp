#pragma once

#include <corps/emulator/impl/dingtalk_answers.ipp>

#include <algorithm>
#include <array>

/**
 * @file
 * Roles, administrators and what the app may see (DingTalk: obtains-a-list-of-enterprise-roles,
 * obtain-the-list-of-employees-of-a-role, obtains-the-role-group-information, queries-role-details,
 * query-the-administrator-list, query-permissions-of-the-administrator-address-book,
 * obtain-corpsecret-authorization-scope).
 */
namespace corps::emulator {

CORPS_DECL int DingTalkServer::Impl::adminLevel(Index member) const {
    if (!directory_->isActive(member) || !directory_->isAdmin(member)) {
        return 0;
    }
    return directory_->organisation().adminIds.front() == directory_->member(member).memberId ? 1 : 2;
}

CORPS_DECL void DingTalkServer::Impl::prepareRoles() {
    static constexpr std::string_view kDefaultGroup = "默认";
    const Organisation& organisation = directory_->organisation();
    roles_.clear();
    groups_.clear();
    roleIds_.clear();
    groupIds_.clear();
    rolesOf_.clear();
    constexpr std::int64_t kFirst = 4'000'000'000;  // beyond 32 bits with a sign
    detail::NumberedIds roleNumbers(kFirst);
    detail::NumberedIds groupNumbers(kFirst);
    for (const RoleGroup& group : organisation.roleGroupList) {
        groupNumbers.reserve(group.roleGroupId);
    }
    for (const Role& role : organisation.roleList) {
        roleNumbers.reserve(role.roleId);
    }
    std::unordered_map<std::string_view, std::size_t> groupPlaces;
    const bool named = std::any_of(organisation.roleGroupList.begin(), organisation.roleGroupList.end(),
                                   [](const RoleGroup& group) { return group.name == kDefaultGroup; });
    const bool loose = std::any_of(organisation.roleList.begin(), organisation.roleList.end(),
                                   [](const Role& role) { return role.roleGroupId.empty(); });
    // The group that every organisation has; roles of the file without a group are in it too.
    const bool defaults = options_.behaviour.defaultRoles && !named;
    if (defaults || loose) {
        groups_.push_back(
            {groupNumbers.numberFor("default group", organisation.corpId), std::string(kDefaultGroup), {}});
        groupPlaces.emplace("", 0);
    }
    for (const RoleGroup& group : organisation.roleGroupList) {
        const std::int64_t id = groupNumbers.numberFor("group", group.roleGroupId);
        groupPlaces.emplace(group.roleGroupId, groups_.size());
        groupIds_.emplace(group.roleGroupId, id);
        groups_.push_back({id, group.name, {}});
    }
    const auto addRole = [this](RoleEntry role) {
        groups_[role.group].roles.push_back(roles_.size());
        for (const Index member : role.members) {
            rolesOf_[member].push_back(roles_.size());
        }
        roles_.push_back(std::move(role));
    };
    if (defaults) {
        std::vector<Index> leaders;
        std::vector<Index> mainAdmins;
        std::vector<Index> subAdmins;
        std::set<Index> leading;
        for (Index dept = 0; dept < organisation.deptList.size(); ++dept) {
            leading.insert(directory_->leaders(dept).begin(), directory_->leaders(dept).end());
        }
        for (Index member = 0; member < organisation.userList.size(); ++member) {
            const int level = adminLevel(member);
            if (leading.contains(member)) {
                leaders.push_back(member);
            }
            if (level != 0) {
                (level == 1 ? mainAdmins : subAdmins).push_back(member);
            }
        }
        const auto add = [&](std::string_view name, std::vector<Index> members) {
            addRole({roleNumbers.numberFor("default role", name), std::string(name), 0, std::move(members)});
        };
        add("负责人", {});
        add("主管", std::move(leaders));
        add("主管理员", std::move(mainAdmins));
        add("子管理员", std::move(subAdmins));
    }
    for (const Role& role : organisation.roleList) {
        const std::int64_t id = roleNumbers.numberFor("role", role.roleId);
        roleIds_.emplace(role.roleId, id);
        RoleEntry entry{id, role.name, groupPlaces.at(role.roleGroupId), {}};
        for (const Index member : directory_->roleMembers(role.roleId)) {
            if (directory_->isActive(member)) {
                entry.members.push_back(member);
            }
        }
        addRole(std::move(entry));
    }
}

CORPS_DECL const DingTalkServer::Impl::RoleEntry* DingTalkServer::Impl::findRole(std::int64_t id) const {
    const auto found =
        std::find_if(roles_.begin(), roles_.end(), [id](const RoleEntry& role) { return role.id == id; });
    return found == roles_.end() ? nullptr : &*found;
}

/** `offset` and `size` have no effect one without the other. */
CORPS_DECL std::optional<HttpReply> DingTalkServer::Impl::readOffset(const Call& call, std::int64_t standard,
                                                                     std::int64_t largest, Page& page) {
    std::int64_t size = standard;
    const Found hasOffset = call.in.number("offset", page.cursor);
    const Found hasSize = call.in.number("size", size);
    if (hasOffset == Found::bad || page.cursor < 0) {
        return failure(40068);
    }
    if (hasSize == Found::bad || size < 1 || size > largest) {
        return failure(40069);
    }
    if (hasOffset == Found::absent || hasSize == Found::absent) {
        page.cursor = 0;
        size = standard;
    }
    page.begin = static_cast<std::size_t>(page.cursor);
    page.size = static_cast<std::size_t>(size);
    return std::nullopt;
}

CORPS_DECL HttpReply DingTalkServer::Impl::roleList(const Call& call) {
    using namespace detail::dingtalk;
    Page page;
    if (auto refused = readOffset(call, 20, 200, page)) {
        return std::move(*refused);
    }
    const DingTalkBehaviour& b = options_.behaviour;
    std::vector<std::pair<std::size_t, std::size_t>> flat;  // group and role, in their order
    for (std::size_t group = 0; group < groups_.size(); ++group) {
        for (const std::size_t role : groups_[group].roles) {
            flat.emplace_back(group, role);
        }
    }
    const Slice part = slice(call, page, b.countRoles ? flat.size() : groups_.size());
    std::vector<std::pair<std::size_t, std::vector<std::size_t>>> shown;
    for (std::size_t i = part.begin; i < part.end; ++i) {
        if (!b.countRoles) {
            shown.emplace_back(i, groups_[i].roles);
        } else if (!shown.empty() && shown.back().first == flat[i].first) {
            shown.back().second.push_back(flat[i].second);
        } else {
            shown.push_back({flat[i].first, {flat[i].second}});
        }
    }
    std::string result = part.more ? "{\"hasMore\":true,\"list\":" : "{\"hasMore\":false,\"list\":";
    appendList(result, shown, [this](std::string& out, const auto& entry) {
        out += "{";
        appendInteger(out, "groupId", groups_[entry.first].id);
        appendText(out, "name", groups_[entry.first].name);
        out += ",\"roles\":";
        appendList(out, entry.second, [this](std::string& to, std::size_t role) {
            to += '{';
            appendInteger(to, "id", roles_[role].id);
            appendText(to, "name", roles_[role].name);
            to += '}';
        });
        out += '}';
    });
    if (b.roleNextCursor && part.more) {
        appendInteger(result, "nextCursor",
                      call.effects.repeatCursor ? page.cursor : static_cast<std::int64_t>(part.end));
    }
    return succeedFlat("", "\"result\":" + result + "}", false);
}

CORPS_DECL HttpReply DingTalkServer::Impl::roleMembers(const Call& call) {
    using namespace detail::dingtalk;
    std::int64_t id = 0;
    Page page;
    const RoleEntry* role = call.in.number("role_id", id) == Found::good ? findRole(id) : nullptr;
    if (role == nullptr) {
        return failure(33011);
    }
    if (auto refused = readOffset(call, 20, 100, page)) {
        return std::move(*refused);
    }
    std::vector<Index> members;
    std::copy_if(role->members.begin(), role->members.end(), std::back_inserter(members),
                 [this](Index member) { return scope_.member(member); });
    arrange(members, "role " + std::to_string(id));
    const Slice part = slice(call, page, members.size());
    const bool managers = role->name == "主管" && role->group == 0;
    std::string result = part.more ? "{\"hasMore\":true,\"list\":" : "{\"hasMore\":false,\"list\":";
    appendList(result, std::span(members).subspan(part.begin, part.end - part.begin),
               [&](std::string& out, Index member) {
                   out += '{';
                   if (managers) {
                       std::vector<Index> led;
                       for (Index dept = 0; dept < directory_->organisation().deptList.size(); ++dept) {
                           if (leads(member, dept)) {
                               led.push_back(dept);
                           }
                       }
                       out += "\"manageScopes\":";
                       appendList(out, led, [this](std::string& to, Index dept) {
                           to += '{';
                           appendInteger(to, "dept_id", deptIds_[dept]);
                           appendText(to, "name", deptName(dept));
                           to += '}';
                       });
                   }
                   appendText(out, "name", directory_->member(member).nick);
                   appendText(out, "userid", directory_->member(member).memberId);
                   out += '}';
               });
    if (options_.behaviour.roleNextCursor && part.more) {
        appendInteger(result, "nextCursor",
                      call.effects.repeatCursor ? page.cursor : static_cast<std::int64_t>(part.end));
    }
    return succeedFlat("", "\"result\":" + result + "}", false);
}

CORPS_DECL HttpReply DingTalkServer::Impl::roleGroupGet(const Call& call) {
    using namespace detail::dingtalk;
    std::int64_t id = 0;
    const Found found = call.in.number("group_id", id);
    const auto group = std::find_if(groups_.begin(), groups_.end(),
                                    [id](const GroupEntry& entry) { return entry.id == id; });
    if (found != Found::good || group == groups_.end()) {
        return badParameter();
    }
    std::string out = "\"role_group\":{";
    appendText(out, "group_name", group->name);
    out += ",\"roles\":";
    appendList(out, group->roles, [this](std::string& to, std::size_t role) {
        to += '{';
        appendInteger(to, "role_id", roles_[role].id);
        appendText(to, "role_name", roles_[role].name);
        to += '}';
    });
    return succeedFlat("", out + "}");
}

CORPS_DECL HttpReply DingTalkServer::Impl::roleGet(const Call& call) {
    using namespace detail::dingtalk;
    std::int64_t id = 0;
    const RoleEntry* role = call.in.number("roleId", id) == Found::good ? findRole(id) : nullptr;
    if (role == nullptr) {
        return failure(33011);
    }
    std::string out = "\"role\":{";
    appendInteger(out, "groupId", groups_[role->group].id);
    appendText(out, "name", role->name);
    return succeedFlat("", out + "}", false);
}

CORPS_DECL HttpReply DingTalkServer::Impl::adminList(const Call& call) {
    using namespace detail::dingtalk;
    std::vector<Index> admins;
    for (const std::string& id : directory_->organisation().adminIds) {
        const Index member = directory_->findMember(id);
        if (directory_->isActive(member) && !call.effects.emptySuccess) {
            admins.push_back(member);
        }
    }
    std::string result;
    appendList(result, admins, [this](std::string& out, Index member) {
        out += '{';
        appendInteger(out, "sys_level", adminLevel(member));
        appendText(out, "userid", directory_->member(member).memberId);
        out += '}';
    });
    return succeed(result);
}

CORPS_DECL HttpReply DingTalkServer::Impl::adminScope(const Call& call) {
    const std::string id = call.in.text("userid");
    if (id.empty()) {
        return failure(40036);
    }
    const Index member = directory_->findMember(id);
    if (member == kNone || !directory_->isActive(member)) {
        return failure(60121);
    }
    return succeedFlat(adminLevel(member) == 0 ? "\"dept_ids\":[]" : "\"dept_ids\":[1]", "");
}

CORPS_DECL HttpReply DingTalkServer::Impl::authScopes(const Call& call) {
    using namespace detail::dingtalk;
    const DingTalkContactScope& scope = options_.behaviour.scope;
    std::vector<std::int64_t> depts;
    std::vector<std::string> members;
    if (scope_.whole()) {
        depts.push_back(1);
    } else {
        for (const std::string& id : scope.deptIds) {
            if (const Index dept = directory_->findDept(id); dept != kNone) {
                depts.push_back(deptIds_[dept]);
            }
        }
        for (const std::string& id : scope.memberIds) {
            const Index member = directory_->findMember(id);
            if (member != kNone && directory_->isActive(member)) {
                members.push_back(id);
            }
        }
    }
    std::string out = "\"auth_org_scopes\":{\"authed_dept\":";
    appendList(out, depts, [](std::string& to, std::int64_t id) { detail::appendNumber(to, id); });
    out += ",\"authed_user\":";
    appendList(out, members, [](std::string& to, const std::string& id) { detail::appendJson(to, id); });
    std::vector<std::string_view> fields{"jobnumber", "isLeader",   "name",   "position", "isAdmin",
                                         "avatar",    "department", "userid", "deviceId", "isHide"};
    if (granted(call, kFieldMobile)) {
        fields.push_back("mobile");
    }
    if (granted(call, kFieldEmail)) {
        fields.push_back("email");
    }
    out += "},\"auth_user_field\":";
    appendList(out, fields, [](std::string& to, std::string_view name) { detail::appendJson(to, name); });
    return succeedFlat(out + ",\"condition_field\":[]", "");
}

}  // namespace corps::emulator
