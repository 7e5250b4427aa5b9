#pragma once

#include <corps/emulator/impl/feishu_records.ipp>

#include <algorithm>

/** @file Departments and members. Each function stands for the page of its name in Feishu's documentation
 * (contact-v3). */
namespace corps::emulator {

CORPS_DECL HttpReply FeishuServer::Impl::tenantQuery(const Call& call) {
    if (call.effects.emptySuccess) {
        return success("{}");
    }
    const Organisation& organisation = directory_->organisation();
    const detail::Id128 id = detail::Hash128("tenant").add(organisation.corpId).id();
    std::string data = "{\"tenant\":{\"name\":";
    detail::appendJson(data, organisation.corpName);
    data += ",\"display_id\":\"F";
    detail::appendNumber(data, 100'000'000 + id.low % 900'000'000);
    data += "\",\"tenant_tag\":0,\"tenant_key\":";
    detail::appendJson(data, organisation.corpId);
    data += R"(,"avatar":{"avatar_origin":"","avatar_72":"","avatar_240":"","avatar_640":""})";
    if (granted("tenant:tenant.domain:read")) {
        data += ",\"domain\":\"example.feishu.cn\"";
    }
    data += "}}";
    return success(data);
}

CORPS_DECL HttpReply FeishuServer::Impl::deptChildren(const Call& call) {
    const std::string& id = call.path[0];
    if (id.size() > 64) {
        return violation("department_id", id, "the max len is 64");
    }
    bool recursive = false;
    if (auto refused = readBool(call, "fetch_child", recursive)) {
        return std::move(*refused);
    }
    Page page;
    if (auto refused = readPage(call, {10, 1, 50},
                                "children " + call.appId + " " + id + (recursive ? " all" : ""), page)) {
        return std::move(*refused);
    }
    const Index dept = findDept(call, id);
    if (dept == kNone) {
        return wasDept(call, id) ? failure(400, 40008, "dept info is null") : unknownDept(call, id);
    }
    if (dept == directory_->root() ? !wholeRange() : !deptVisible(dept)) {
        return dept == directory_->root() ? noDeptAuthority()
                                          : failure(403, 40014, "no parent dept authority");
    }
    return deptList(call, dept, recursive, page);
}

CORPS_DECL HttpReply FeishuServer::Impl::deptGet(const Call& call) {
    const std::string& id = call.path[0];
    if (id.size() > 64) {
        return violation("department_id", id, "the max len is 64");
    }
    const Index dept = findDept(call, id);
    if (dept == kNone) {
        return wasDept(call, id) ? failure(400, 40015, "department not exist") : unknownDept(call, id);
    }
    if (!deptVisible(dept)) {
        return noDeptAuthority();
    }
    if (call.effects.emptySuccess) {
        return success("{}");
    }
    std::string data = "{\"department\":";
    appendDept(data, call, dept);
    return success(data + "}");
}

CORPS_DECL HttpReply FeishuServer::Impl::deptBatch(const Call& call) {
    std::vector<Index> found;
    std::size_t asked = 0;
    for (const auto& [name, value] : call.request.query) {
        if (name == "department_ids") {
            ++asked;
            const Index dept = findDept(call, value);
            if (dept != kNone && deptVisible(dept) &&
                std::find(found.begin(), found.end(), dept) == found.end()) {
                found.push_back(dept);
            }
        }
    }
    if (asked == 0) {
        return violation("department_ids", "", "department_ids is required");
    }
    if (asked > 50) {
        return failure(400, 40011, "page size is invalid");
    }
    std::string data = "{";
    if (!call.effects.emptySuccess && (!found.empty() || !options_.behaviour.omitEmptyItems)) {
        data += "\"items\":[";
        for (std::size_t i = 0; i < found.size(); ++i) {
            data += i == 0 ? "" : ",";
            appendDept(data, call, found[i]);
        }
        data += "]";
    }
    return success(data + "}");
}

CORPS_DECL HttpReply FeishuServer::Impl::deptParents(const Call& call) {
    const std::string_view id = call.request.parameter("department_id");
    if (id.empty()) {
        return violation("department_id", "", "department_id is required");
    }
    Page page;
    if (auto refused = readPage(call, {20, 1, 50}, "parent " + call.appId + " " + std::string(id), page)) {
        return std::move(*refused);
    }
    const Index dept = findDept(call, id);
    if (dept == kNone) {
        return unknownDept(call, id);
    }
    if (!deptVisible(dept)) {
        return noDeptAuthority();
    }
    std::vector<Index> chain;
    for (Index at = directory_->parent(dept); at != kNone && at != directory_->root();
         at = directory_->parent(at)) {
        if (deptVisible(at)) {
            chain.push_back(at);
        }
    }
    return list(call, page, "items", chain.size(),
                [&](std::string& out, std::size_t i) { appendDept(out, call, chain[i]); });
}

CORPS_DECL HttpReply FeishuServer::Impl::deptsOld(const Call& call) {
    const std::string id(call.request.parameter("parent_department_id"));
    bool recursive = false;
    if (auto refused = readBool(call, "fetch_child", recursive)) {
        return std::move(*refused);
    }
    Page page;
    if (auto refused = readPage(call, {10, 1, 50},
                                "departments " + call.appId + " " + id + (recursive ? " all" : ""), page)) {
        return std::move(*refused);
    }
    if (!id.empty()) {
        const Index dept = findDept(call, id);
        if (dept == kNone) {
            return unknownDept(call, id);
        }
        if (!deptVisible(dept)) {
            return noDeptAuthority();
        }
        return deptList(call, dept, recursive, page);
    }
    std::vector<Index> items;
    if (wholeRange()) {
        items.push_back(directory_->root());
    } else {
        std::set<Index> known;
        for (const std::string& top : options_.behaviour.range.deptIds) {
            const Index dept = directory_->findDept(top);
            if (dept == kNone) {
                continue;
            }
            const std::size_t end = recursive ? directory_->subtreeEnd(dept) : directory_->position(dept) + 1;
            for (std::size_t i = directory_->position(dept); i < end; ++i) {
                if (known.insert(directory_->preorder()[i]).second) {
                    items.push_back(directory_->preorder()[i]);
                }
            }
        }
    }
    return list(call, page, "items", items.size(),
                [&](std::string& out, std::size_t i) { appendDept(out, call, items[i]); });
}

CORPS_DECL HttpReply FeishuServer::Impl::usersByDept(const Call& call) {
    const std::string_view id = call.request.parameter("department_id");
    if (id.empty()) {
        return violation("department_id", "", "department_id is required");
    }
    Page page;
    if (auto refused = readPage(call, {10, 1, 50}, "users " + call.appId + " " + std::string(id), page)) {
        return std::move(*refused);
    }
    const Index dept = findDept(call, id);
    if (dept == kNone) {
        return unknownDept(call, id);
    }
    if (!deptVisible(dept)) {
        return noDeptAuthority();
    }
    return userList(call, directory_->directMembers(dept), page);
}

CORPS_DECL HttpReply FeishuServer::Impl::userBatch(const Call& call) {
    std::vector<Index> found;
    std::size_t asked = 0;
    for (const auto& [name, value] : call.request.query) {
        if (name == "user_ids") {
            ++asked;
            const Index member = findUser(call, value);
            if (member != kNone && userVisible(member) &&
                std::find(found.begin(), found.end(), member) == found.end()) {
                found.push_back(member);
            }
        }
    }
    if (asked == 0) {
        return violation("user_ids", "", "user_ids is required");
    }
    if (asked > 50) {
        return failure(400, 40001, "invalid parameter");
    }
    std::string data = "{";
    if (!call.effects.emptySuccess && (!found.empty() || !options_.behaviour.omitEmptyItems)) {
        data += "\"items\":[";
        for (std::size_t i = 0; i < found.size(); ++i) {
            data += i == 0 ? "" : ",";
            appendUser(data, call, found[i], false);
        }
        data += "]";
    }
    return success(data + "}");
}

CORPS_DECL HttpReply FeishuServer::Impl::userGet(const Call& call) {
    const Index member = findUser(call, call.path[0]);
    if (member == kNone) {
        return unknownUser(call, call.path[0]);
    }
    if (!userVisible(member)) {
        return noUserAuthority();
    }
    if (call.effects.emptySuccess) {
        return success("{}");
    }
    std::string data = "{\"user\":";
    appendUser(data, call, member, true);
    return success(data + "}");
}

CORPS_DECL HttpReply FeishuServer::Impl::userIdsByContact(const Call& call) {
    boost::json::value document;
    std::vector<std::string> emails;
    std::vector<std::string> mobiles;
    bool resigned = false;
    try {
        document =
            detail::parseJson<detail::ControlError>(call.request.body.empty() ? "{}" : call.request.body);
        const detail::ObjectReader<detail::ControlError> in(document, "");
        in.readStrings("emails", emails);
        in.readStrings("mobiles", mobiles);
        in.read("include_resigned", resigned);
    } catch (const detail::ControlError& error) {
        return violation("body", "", error.what());
    }
    if (emails.size() > 50 || mobiles.size() > 50) {
        return violation(emails.size() > 50 ? "emails" : "mobiles", "", "the max len is 50");
    }
    const auto bare = [](std::string_view phone) {
        return std::string(phone.starts_with("+86") ? phone.substr(3) : phone);
    };
    if (!indexedContacts_) {
        indexedContacts_ = true;
        for (Index i = 0; i < directory_->organisation().userList.size(); ++i) {
            const Member& member = directory_->member(i);
            // One who is active goes before one who left.
            const auto add = [&](std::unordered_map<std::string, Index>& map, const std::string& key) {
                if (!key.empty() && (!map.emplace(key, i).second && directory_->isActive(i) &&
                                     !directory_->isActive(map[key]))) {
                    map[key] = i;
                }
            };
            add(byEmail_, member.email);
            add(byMobile_, bare(member.phone));
        }
    }
    std::string data = "{\"user_list\":[";
    bool first = true;
    const auto entry = [&](const std::unordered_map<std::string, Index>& map, const std::string& key,
                           std::string_view name, const std::string& value) {
        data += first ? "{" : ",{";
        first = false;
        const auto found = map.find(key);
        const bool known = found != map.end() && userVisible(found->second) &&
                           (resigned || directory_->isActive(found->second));
        if (known) {
            data += "\"user_id\":";
            appendUserId(data, call, found->second);
            data += ',';
        }
        data += '"';
        data += name;
        data += "\":";
        detail::appendJson(data, value);
        if (known) {
            data += ",\"status\":";
            appendStatus(data, directory_->member(found->second));
        }
        data += '}';
    };
    for (const std::string& email : emails) {
        entry(byEmail_, email, "email", email);
    }
    for (const std::string& mobile : mobiles) {
        entry(byMobile_, bare(mobile), "mobile", mobile);
    }
    return success(data + "]}");
}

CORPS_DECL HttpReply FeishuServer::Impl::usersOld(const Call& call) {
    const std::string id(call.request.parameter("department_id"));
    Page page;
    if (auto refused = readPage(call, {10, 1, 100}, "old users " + call.appId + " " + id, page)) {
        return std::move(*refused);
    }
    if (!id.empty()) {
        const Index dept = findDept(call, id);
        if (dept == kNone) {
            return unknownDept(call, id);
        }
        if (!deptVisible(dept)) {
            return noDeptAuthority();
        }
        return userList(call, directory_->directMembers(dept), page);
    }
    // Those in the range by themselves, not through a department.
    std::vector<Index> alone;
    if (!wholeRange()) {
        for (const Index member : range_.named()) {
            const auto& places = directory_->member(member).departments;
            if (std::none_of(places.begin(), places.end(), [this](const Membership& place) {
                    return deptVisible(directory_->findDept(place.deptId));
                })) {
                alone.push_back(member);
            }
        }
    }
    return userList(call, alone, page);
}

}  // namespace corps::emulator
