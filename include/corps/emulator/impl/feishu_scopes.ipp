#pragma once

#include <corps/emulator/impl/feishu_records.ipp>

#include <algorithm>
#include <array>
#include <set>

/** @file The contact range as the app is told, functional roles, units, employee types, job titles
 * (contact-v3). */
namespace corps::emulator {

CORPS_DECL HttpReply FeishuServer::Impl::membersInRange(const Call& call, const Page& page,
                                                        bool configuration) {
    const detail::Directory& directory = *directory_;
    const FeishuContactRange& range = options_.behaviour.range;
    std::vector<Index> users;
    std::vector<Index> depts;
    if (wholeRange()) {
        users = directory.directMembers(directory.root());
        depts = directory.children(directory.root());
    } else {
        for (const std::string& id : range.memberIds) {
            if (const Index member = directory.findMember(id); member != kNone) {
                users.push_back(member);
            }
        }
        for (const std::string& id : range.deptIds) {
            if (const Index dept = directory.findDept(id); dept != kNone) {
                depts.push_back(dept);
            }
        }
    }
    if (!configuration && !fields_.userId) {
        users.clear();
    }
    const std::size_t total = users.size() + depts.size() + range.groupIds.size();
    std::size_t begin = std::min(page.begin, total);
    const std::size_t end = std::min(total, begin + page.size);
    bool more = end < total;
    std::string token = more || options_.behaviour.tokenOnLastPage ? pageToken(page, end) : "";
    if (call.effects.emptySuccess) {
        begin = end;
        more = false;
    } else if (call.effects.repeatCursor) {
        more = true;
        token = page.token.empty() ? pageToken(page, 0) : page.token;
    }
    // One page holds so many ids in total, members first.
    std::string lists;
    const auto add = [&](std::string_view name, std::size_t from, std::size_t count, auto append) {
        const std::size_t first = std::max(begin, from);
        const std::size_t last = std::min(end, from + count);
        if (first >= last && options_.behaviour.omitEmptyItems) {
            return;
        }
        lists += lists.empty() ? "\"" : ",\"";
        lists += name;
        lists += "\":[";
        for (std::size_t i = first; i < last; ++i) {
            lists += i == first ? "" : ",";
            append(i - from);
        }
        lists += ']';
    };
    add(configuration ? "open_ids" : "user_ids", 0, users.size(),
        [&](std::size_t i) { appendUserId(lists, call, users[i]); });
    add("department_ids", users.size(), depts.size(),
        [&](std::size_t i) { appendDeptId(lists, call, depts[i]); });
    add("group_ids", users.size() + depts.size(), range.groupIds.size(),
        [&](std::size_t i) { detail::appendJson(lists, range.groupIds[i]); });
    std::string data = "{";
    if (configuration) {
        data += R"("contacts_range":{"contacts_scope_type":"some","visible_list":{)" + lists + "}}";
    } else {
        data += lists;
    }
    data += data.size() == 1 ? "\"has_more\":" : ",\"has_more\":";
    data += more ? "true" : "false";
    if (!token.empty()) {
        data += ",\"page_token\":";
        detail::appendJson(data, token);
    }
    return success(data + "}");
}

CORPS_DECL HttpReply FeishuServer::Impl::scopeList(const Call& call) {
    Page page;
    if (auto refused = readPage(call, {50, 1, 100}, "scopes " + call.appId, page)) {
        return std::move(*refused);
    }
    return membersInRange(call, page, false);
}

CORPS_DECL HttpReply FeishuServer::Impl::rangeConfiguration(const Call& call) {
    Page page;
    PageRules rules{50, 1, 100};
    rules.tokenCode = 210501;
    rules.expiredCode = 210500;
    rules.sizeCode = 99992402;
    if (auto refused = readPage(call, rules, "range " + call.appId, page)) {
        return std::move(*refused);
    }
    if (!call.path[0].starts_with("cli_") && call.path[0] != call.appId) {
        return failure(400, 210503, "invalid app_id");
    }
    if (call.path[0] != call.appId) {
        return failure(400, 210504, "no such app in tenant");
    }
    if (wholeRange()) {
        return success(R"({"contacts_range":{"contacts_scope_type":"all"},"has_more":false})");
    }
    return membersInRange(call, page, true);
}

CORPS_DECL void FeishuServer::Impl::appendRoleMember(std::string& out, const Call& call, Index member) const {
    out += "{\"user_id\":";
    appendUserId(out, call, member);
    out += ",\"scope_type\":\"None\"}";
}

CORPS_DECL HttpReply FeishuServer::Impl::roleMembers(const Call& call) {
    Page page;
    PageRules rules{20, 0, 100};
    rules.sizeCode = 40001;
    rules.tokenCode = 40001;
    rules.expiredCode = 40001;
    if (auto refused = readPage(call, rules, "role " + call.appId + " " + call.path[0], page)) {
        return std::move(*refused);
    }
    if (directory_->findRole(call.path[0]) == nullptr) {
        return failure(404, 41202, "role id is not exist");
    }
    std::vector<Index> members;
    for (const Index member : directory_->roleMembers(call.path[0])) {
        if (directory_->isActive(member)) {
            members.push_back(member);
        }
    }
    const auto items = arranged(members, page.key, false);
    return list(
        call, page, "members", items.size(),
        [&](std::string& out, std::size_t i) { appendRoleMember(out, call, items[i]); }, true);
}

CORPS_DECL HttpReply FeishuServer::Impl::roleMember(const Call& call) {
    if (directory_->findRole(call.path[0]) == nullptr) {
        return failure(404, 41202, "role id is not exist");
    }
    const Index member = findUser(call, call.path[1]);
    const auto& members = directory_->roleMembers(call.path[0]);
    if (member == kNone || !directory_->isActive(member) ||
        std::find(members.begin(), members.end(), member) == members.end()) {
        return failure(404, 41203, "member id is not exist");
    }
    std::string data = "{\"member\":";
    appendRoleMember(data, call, member);
    return success(data + "}");
}

CORPS_DECL HttpReply FeishuServer::Impl::roleCreate(const Call& call) {
    std::string name;
    try {
        const auto document = detail::parseJson<detail::ControlError>(call.request.body);
        detail::ObjectReader<detail::ControlError>(document, "").read("role_name", name);
    } catch (const detail::ControlError& error) {
        return violation("role_name", "", error.what());
    }
    const auto letters = std::count_if(
        name.begin(), name.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; });
    if (letters < 1 || letters > 50) {
        return violation("role_name", "", "the length must be 1 to 50");
    }
    const auto& roles = directory_->organisation().roleList;
    if (std::any_of(roles.begin(), roles.end(), [&](const Role& role) { return role.name == name; })) {
        return failure(400, 41201, "role name already exists");
    }
    if (roles.size() >= 500) {
        return failure(400, 41208, "too many roles");
    }
    std::string id;
    do {
        id = makeToken("", 15);
    } while (directory_->findRole(id) != nullptr);
    directory_->addRole(Role{id, "", name});
    return success("{\"role_id\":\"" + id + "\"}");
}

CORPS_DECL HttpReply FeishuServer::Impl::roleAddMembers(const Call& call) {
    std::vector<std::string> ids;
    try {
        const auto document = detail::parseJson<detail::ControlError>(call.request.body);
        detail::ObjectReader<detail::ControlError>(document, "").readStrings("members", ids);
    } catch (const detail::ControlError& error) {
        return violation("members", "", error.what());
    }
    if (ids.empty() || ids.size() > 100) {
        return violation("members", "", "the length must be 1 to 100");
    }
    const std::string& roleId = call.path[0];
    if (directory_->findRole(roleId) == nullptr) {
        return failure(404, 41202, "role id is not exist");
    }
    if (directory_->roleMembers(roleId).size() + ids.size() > 1000) {
        return failure(400, 41209, "too many members in the role");
    }
    std::string data = "{\"results\":[";
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const Index member = findUser(call, ids[i]);
        int reason = 1;
        if (member == kNone || !directory_->isActive(member)) {
            reason = 2;
        } else if (!userVisible(member)) {
            reason = 3;
        } else if (const auto& present = directory_->roleMembers(roleId);
                   std::find(present.begin(), present.end(), member) != present.end()) {
            reason = 4;
        } else {
            directory_->addRoleMember(roleId, member);
        }
        data += i == 0 ? "{\"user_id\":" : ",{\"user_id\":";
        detail::appendJson(data, ids[i]);
        data += ",\"reason\":";
        detail::appendNumber(data, reason);
        data += '}';
    }
    return success(data + "]}");
}

CORPS_DECL HttpReply FeishuServer::Impl::units(const Call& call) {
    Page page;
    if (auto refused = readPage(call, {50, 1, 100}, "units " + call.appId, page)) {
        return std::move(*refused);
    }
    return list(call, page, "unitlist", 0, [](std::string&, std::size_t) {});
}

CORPS_DECL HttpReply FeishuServer::Impl::unitDepts(const Call& call) {
    Page page;
    if (auto refused = readPage(call, {50, 1, 100}, "unit " + call.appId, page)) {
        return std::move(*refused);
    }
    // Units are a paid feature that organisation files do not know.
    return failure(400, 43051, "unit_id invalid");
}

CORPS_DECL HttpReply FeishuServer::Impl::employeeTypes(const Call& call) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kTypes{
        {{"Regular", "正式"},
         {"Intern", "实习"},
         {"Outsourced", "外包"},
         {"Contractor", "劳务"},
         {"Consultant", "顾问"}}};
    Page page;
    if (auto refused = readPage(call, {20, 1, 100}, "employee types " + call.appId, page)) {
        return std::move(*refused);
    }
    return list(call, page, "items", kTypes.size(), [&](std::string& out, std::size_t i) {
        std::string id;
        const detail::Id128 hash = detail::Hash128("employee type").add(static_cast<std::uint64_t>(i)).id();
        detail::appendHex(id, hash.high);
        out += "{\"enum_id\":";
        detail::appendJson(out, detail::base64Encode(id));
        out += ",\"enum_value\":\"";
        detail::appendNumber(out, i + 1);
        out += "\",\"content\":";
        detail::appendJson(out, kTypes[i].first);
        out += R"(,"enum_type":1,"enum_status":1,"i18n_content":[{"locale":"zh_cn","value":)";
        detail::appendJson(out, kTypes[i].second);
        out += "}]}";
    });
}

CORPS_DECL const std::vector<std::string>& FeishuServer::Impl::jobTitleNames() {
    if (!jobTitles_) {
        std::set<std::string> names;
        for (const Member& member : directory_->organisation().userList) {
            if (!member.position.empty()) {
                names.insert(member.position);
            }
        }
        jobTitles_.emplace(names.begin(), names.end());
    }
    return *jobTitles_;
}

namespace detail::feishu {

inline std::string jobTitleId(std::string_view name) {
    std::string out;
    appendHex(out, Hash128("job title").add(name).id().high, 12);
    return out;
}

inline void appendJobTitle(std::string& out, const std::string& name) {
    out += "{\"job_title_id\":\"" + jobTitleId(name) + "\",\"name\":";
    appendJson(out, name);
    out += R"(,"i18n_name":[{"locale":"zh_cn","value":)";
    appendJson(out, name);
    out += "}],\"status\":true}";
}

}  // namespace detail::feishu

CORPS_DECL HttpReply FeishuServer::Impl::jobTitles(const Call& call) {
    Page page;
    PageRules rules{10, 1, 50};
    rules.sizeCode = 40001;
    rules.tokenCode = 40001;
    rules.expiredCode = 40001;
    if (auto refused = readPage(call, rules, "job titles " + call.appId, page)) {
        return std::move(*refused);
    }
    const auto& names = jobTitleNames();
    return list(
        call, page, "items", names.size(),
        [&](std::string& out, std::size_t i) { detail::feishu::appendJobTitle(out, names[i]); }, true);
}

CORPS_DECL HttpReply FeishuServer::Impl::jobTitle(const Call& call) {
    for (const std::string& name : jobTitleNames()) {
        if (detail::feishu::jobTitleId(name) == call.path[0]) {
            std::string data = "{\"job_title\":";
            detail::feishu::appendJobTitle(data, name);
            return success(data + "}");
        }
    }
    return failure(400, 40001, "param error");
}

}  // namespace corps::emulator
