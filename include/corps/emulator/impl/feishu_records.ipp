#pragma once

#include <corps/emulator/impl/feishu_impl.ipp>

#include <algorithm>
#include <limits>
#include <type_traits>

/** @file What the app may see, lists and their pages, departments and members as records. */
namespace corps::emulator {

// ---------------------------------------------------------------------------------------------------------------------------
// Contact range

CORPS_DECL void FeishuServer::Impl::prepareRange() {
    if (!rangePrepared_) {
        rangePrepared_ = true;
        const FeishuContactRange& range = options_.behaviour.range;
        range_ = detail::VisibleRange(*directory_, range.all, range.deptIds, range.memberIds, "0");
    }
}

// ---------------------------------------------------------------------------------------------------------------------------
// Lists

CORPS_DECL std::optional<HttpReply> FeishuServer::Impl::readBool(const Call& call, std::string_view name,
                                                                 bool& out) {
    const std::string_view text = call.request.parameter(name);
    // The official SDK for Python writes them with a capital.
    if (text == "true" || text == "True") {
        out = true;
    } else if (text == "false" || text == "False") {
        out = false;
    } else if (!text.empty()) {
        return violation(name, text, "expected true or false");
    }
    return std::nullopt;
}

CORPS_DECL std::optional<HttpReply> FeishuServer::Impl::readPage(const Call& call, const PageRules& rules,
                                                                 std::string key, Page& page) {
    const std::string_view sizeText = call.request.parameter("page_size");
    std::int64_t size = rules.standard;
    if (!sizeText.empty()) {
        const auto number = detail::parseNumber<std::int64_t>(sizeText);
        if (!number) {
            return violation("page_size", sizeText, "expected a number");
        }
        if (*number < rules.smallest || *number > rules.largest) {
            return failure(400, rules.sizeCode,
                           rules.sizeCode == 40011 ? "page size is invalid" : "param error");
        }
        size = *number == 0 ? rules.standard : *number;
    }
    page.size = static_cast<std::size_t>(size);
    if (options_.behaviour.pageLimit != 0) {
        page.size = std::min(page.size, options_.behaviour.pageLimit);
    }
    page.key = std::move(key);
    page.token = std::string(call.request.parameter("page_token"));
    if (page.token.empty()) {
        return std::nullopt;
    }
    const auto invalid = [&] {
        return failure(400, rules.tokenCode,
                       rules.tokenCode == 40012 ? "page token is invalid" : "invalid page_token");
    };
    const auto bytes = detail::base64Decode(page.token);
    if (!bytes || bytes->size() != 32) {
        return invalid();
    }
    // The token is made again from what it says; only one that this server made for this list comes out the
    // same.
    const auto number = [&](std::size_t at) {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < 8; ++i) {
            value = (value << 8U) | static_cast<unsigned char>((*bytes)[at + i]);
        }
        return value;
    };
    const std::uint64_t mask = number(6);
    const std::uint64_t offset = number(14) ^ detail::mix64(mask);
    const std::uint64_t issued = number(22) ^ detail::mix64(mask + 1);
    const detail::Id128 mac = detail::Hash128("page").add(secret_).add(page.key).add(offset).add(issued).id();
    if (mac.high != mask || static_cast<unsigned char>((*bytes)[30]) != (mac.low & 255U) ||
        static_cast<unsigned char>((*bytes)[31]) != ((mac.low >> 8U) & 255U)) {
        return invalid();
    }
    if (core_.nowMs() - static_cast<std::int64_t>(issued) >
        std::chrono::milliseconds(options_.pageTokenLifetime).count()) {
        return failure(400, rules.expiredCode,
                       rules.expiredCode == 40012 ? "page token is invalid"
                                                  : "page_token does not exist or has expired");
    }
    page.begin = static_cast<std::size_t>(offset);
    return std::nullopt;
}

CORPS_DECL std::string FeishuServer::Impl::pageToken(const Page& page, std::size_t offset) const {
    const auto issued = static_cast<std::uint64_t>(core_.nowMs());
    const detail::Id128 mac = detail::Hash128("page")
                                  .add(secret_)
                                  .add(page.key)
                                  .add(static_cast<std::uint64_t>(offset))
                                  .add(issued)
                                  .id();
    // Starts as "AQD9/R+c": with a slash and a plus, as clients must be ready to send them back.
    std::string bytes("\x01\x00\xfd\xfd\x1f\x9c", 6);
    const auto add = [&](std::uint64_t value) {
        for (int i = 7; i >= 0; --i) {
            bytes.push_back(static_cast<char>((value >> (8U * static_cast<unsigned>(i))) & 255U));
        }
    };
    add(mac.high);
    add(static_cast<std::uint64_t>(offset) ^ detail::mix64(mac.high));
    add(issued ^ detail::mix64(mac.high + 1));
    bytes.push_back(static_cast<char>(mac.low & 255U));
    bytes.push_back(static_cast<char>((mac.low >> 8U) & 255U));
    return detail::base64Encode(bytes);
}

CORPS_DECL std::span<const FeishuServer::Impl::Index> FeishuServer::Impl::arranged(
    std::span<const Index> items, std::string_view key, bool recursive) {
    const bool reversed = recursive && options_.behaviour.parentsAfterChildren;
    if (!reversed && !options_.behaviour.shuffle) {
        return items;
    }
    scratch_.assign(items.begin(), items.end());
    if (options_.behaviour.shuffle) {
        detail::shuffle(scratch_, key, *options_.behaviour.shuffle);
    } else {
        std::reverse(scratch_.begin(), scratch_.end());
    }
    return scratch_;
}

template <class Append>
HttpReply FeishuServer::Impl::list(const Call& call, const Page& page, std::string_view name,
                                   std::size_t total, Append append, bool alwaysToken) {
    const FeishuBehaviour& behaviour = options_.behaviour;
    std::size_t begin = std::min(page.begin, total);
    std::size_t end = std::min(
        total, begin + (behaviour.shortPages ? std::max<std::size_t>(1, page.size * 2 / 3) : page.size));
    bool more = end < total;
    if (call.effects.emptySuccess) {
        begin = end;
        more = false;
    }
    std::string data = "{\"has_more\":";
    data.reserve(128 + (end - begin) * 1024);
    std::string token;
    if (call.effects.repeatCursor) {
        more = true;
        token = page.token.empty() ? pageToken(page, 0) : page.token;
    } else if (more || alwaysToken || behaviour.tokenOnLastPage) {
        token = pageToken(page, end);
    }
    data += more ? "true" : "false";
    if (!token.empty()) {
        data += ",\"page_token\":";
        detail::appendJson(data, token);
    }
    if (begin < end || !behaviour.omitEmptyItems) {
        data += ",\"";
        data += name;
        data += "\":[";
        for (std::size_t i = begin; i < end; ++i) {
            if (i != begin) {
                data += ',';
            }
            append(data, i);
        }
        data += ']';
    }
    data += '}';
    return success(data);
}

CORPS_DECL void FeishuServer::Impl::appendDept(std::string& out, const Call& call, Index dept) const {
    using detail::appendJson;
    using detail::appendNumber;
    const detail::Directory& directory = *directory_;
    const std::int64_t people = options_.behaviour.countOutsideLeaders ? directory.peopleAndLeadersBelow(dept)
                                                                       : directory.peopleBelow(dept);
    if (dept == directory.root()) {
        out += "{\"open_department_id\":\"0\"";
        if (fields_.deptBase) {
            out += ",\"department_id\":\"0\",\"name\":\"\"";
        }
        if (fields_.deptOrganize) {
            out += ",\"member_count\":";
            appendNumber(out, people);
            out += ",\"primary_member_count\":";
            appendNumber(out, directory.primaryBelow(dept));
        }
        out += '}';
        return;
    }
    const Dept& record = directory.dept(dept);
    const auto& leaders = directory.leaders(dept);
    out += '{';
    if (fields_.deptBase) {
        out += "\"name\":";
        appendJson(out, record.name);
        out += ",\"i18n_name\":{\"zh_cn\":";
        appendJson(out, record.name);
        out += "},\"department_id\":";
        appendJson(out, record.deptId);
        out += ',';
    }
    if (fields_.deptOrganize) {
        out += "\"parent_department_id\":";
        appendDeptId(out, call, directory.parent(dept));
        out += ",\"leader_user_id\":";
        if (leaders.empty()) {
            out += "\"\"";
        } else {
            appendUserId(out, call, leaders.front());
        }
        out += ",\"order\":\"";
        appendNumber(out, static_cast<std::uint64_t>(record.order) + orderShift_);
        out += "\",\"unit_ids\":[],\"member_count\":";
        appendNumber(out, people);
        out += ",\"primary_member_count\":";
        appendNumber(out, directory.primaryBelow(dept));
        out += ',';
    }
    out += "\"open_department_id\":\"od-";
    detail::appendHex(out, call.view->depts[dept]);
    out += '"';
    if (fields_.deptBase) {
        out += ",\"status\":{\"is_deleted\":false}";
    }
    out += ",\"leaders\":[";
    for (std::size_t i = 0; i < leaders.size(); ++i) {
        out += i == 0 ? "{\"leaderType\":1" : ",{\"leaderType\":2";
        if (fields_.deptOrganize) {
            out += ",\"leaderID\":";
            appendUserId(out, call, leaders[i]);
        }
        out += '}';
    }
    out += "],\"group_chat_employee_types\":[]";
    if (fields_.deptHrbp) {
        out += ",\"department_hrbps\":[]";
    }
    out += '}';
}

CORPS_DECL void FeishuServer::Impl::appendStatus(std::string& out, const Member& member) {
    const bool active = member.status == 1;
    const auto flag = [&](const char* name, bool value) {
        out += name;
        out += value ? "true" : "false";
    };
    flag("{\"is_frozen\":", active && member.upstreamStatus == "frozen");
    flag(",\"is_resigned\":", !active);
    flag(",\"is_activated\":",
         active && member.upstreamStatus != "unactivated" && member.upstreamStatus != "unjoined");
    flag(",\"is_exited\":", active && member.upstreamStatus == "exited");
    flag(",\"is_unjoin\":", active && member.upstreamStatus == "unjoined");
    out += '}';
}

CORPS_DECL void FeishuServer::Impl::appendMobile(std::string& out, const Member& member,
                                                 bool countryCode) const {
    std::string_view phone = member.phone;
    if (!countryCode && phone.starts_with("+86")) {
        phone.remove_prefix(3);
    }
    detail::appendJson(out, phone);
}

/** The departments of a member as the app is told, with the member's place in each; none in the root that
 * nothing says. */
CORPS_DECL FeishuServer::Impl::Places FeishuServer::Impl::placesOf(const detail::Directory& directory,
                                                                   const detail::VisibleRange& range,
                                                                   const Member& member) const {
    const FeishuBehaviour& behaviour = options_.behaviour;
    Places out;
    if (member.status != 1) {
        return out;
    }
    for (const Membership& place : member.departments) {
        const Index dept = directory.findDept(place.deptId);
        if ((dept != directory.root() || !behaviour.rootMembersHaveNoDept) &&
            (!behaviour.hideDeptsOutOfRange || range.dept(dept))) {
            out.emplace_back(dept, &place);
        }
    }
    if (member.departments.empty() && !behaviour.rootMembersHaveNoDept) {
        out.emplace_back(directory.root(), nullptr);
    }
    return out;
}

template <class AppendDept>
void FeishuServer::Impl::appendOrders(std::string& out, const Places& places, const Member& member,
                                      AppendDept append) {
    const std::size_t primary = detail::Directory::primaryOf(member);
    out += '[';
    for (std::size_t i = 0; i < places.size(); ++i) {
        const Membership* place = places[i].second;
        const bool isPrimary = place == nullptr || place == &member.departments[primary];
        const std::int64_t order = place == nullptr ? 0 : place->order;
        out += i == 0 ? "{\"department_id\":" : ",{\"department_id\":";
        append(out, places[i].first);
        // Here the larger one comes first.
        out += ",\"user_order\":";
        detail::appendNumber(out, order == INT64_MIN ? INT64_MAX : -order);
        out += ",\"department_order\":";
        detail::appendNumber(out, isPrimary ? (places.size() + 1) * 100 : (places.size() - i) * 100);
        out += isPrimary ? ",\"is_primary_dept\":true}" : ",\"is_primary_dept\":false}";
    }
    out += ']';
}

CORPS_DECL void FeishuServer::Impl::appendUser(std::string& out, const Call& call, Index index,
                                               bool single) const {
    using detail::appendJson;
    using detail::appendNumber;
    const detail::Directory& directory = *directory_;
    const Member& member = directory.member(index);
    const bool active = member.status == 1;
    out += "{\"union_id\":";
    appendJson(out, unionIdOf(index));
    if (fields_.userId) {
        out += ",\"user_id\":";
        appendJson(out, member.memberId);
    }
    out += ",\"open_id\":\"ou_";
    detail::appendHex(out, call.view->users[index]);
    out += '"';
    if (fields_.userBase) {
        out += ",\"name\":";
        appendJson(out, member.nick);
        out += ",\"en_name\":\"\",\"nickname\":\"\"";
    }
    if (fields_.email) {
        out += ",\"email\":";
        appendJson(out, member.email);
    }
    if (fields_.phone) {
        out += ",\"mobile\":";
        appendMobile(out, member, options_.behaviour.mobileWithCountryCode);
    }
    out += ",\"mobile_visible\":true";
    if (fields_.gender) {
        out += ",\"gender\":";
        appendNumber(out, member.gender);
    }
    if (fields_.userBase) {
        out += ",\"avatar\":{\"avatar_72\":";
        appendJson(out, member.photo);
        out += ",\"avatar_240\":";
        appendJson(out, member.photo);
        out += ",\"avatar_640\":";
        appendJson(out, member.photo);
        out += ",\"avatar_origin\":";
        appendJson(out, member.photo);
        out += '}';
    }
    if (fields_.employee) {
        out += ",\"status\":";
        appendStatus(out, member);
    }
    if (fields_.userDept) {
        const Places places = placesOf(directory, range_, member);
        out += ",\"department_ids\":[";
        for (std::size_t i = 0; i < places.size(); ++i) {
            if (i != 0) {
                out += ',';
            }
            appendDeptId(out, call, places[i].first);
        }
        out += "],\"leader_user_id\":\"\",\"orders\":";
        appendOrders(out, places, member, [&](std::string& to, Index dept) { appendDeptId(to, call, dept); });
    }
    if (fields_.employee) {
        out += R"(,"city":"","country":"","work_station":"")";
        if (const auto day = detail::parseDate(member.hiredDate)) {
            out += ",\"join_time\":";
            appendNumber(out, *day * 86'400 - 8 * 3'600);  // midnight in China
        }
        out += directory.isAdmin(index) && active ? ",\"is_tenant_manager\":true"
                                                  : ",\"is_tenant_manager\":false";
        out += R"(,"employee_type":1,"custom_attrs":[],"enterprise_email":"","job_title":)";
        appendJson(out, member.position);
    }
    if (fields_.employeeNo) {
        out += ",\"employee_no\":";
        appendJson(out, member.jobNumber);
    }
    if (!single) {
        out += active && member.upstreamStatus == "frozen" ? ",\"is_frozen\":true" : ",\"is_frozen\":false";
    }
    if (fields_.geo) {
        out += ",\"geo\":\"cn\"";
    }
    if (fields_.jobLevel) {
        out += ",\"job_level_id\":\"\"";
    }
    if (fields_.jobFamily) {
        out += ",\"job_family_id\":\"\"";
    }
    if (fields_.dottedLine) {
        out += ",\"dotted_line_leader_user_ids\":[]";
    }
    if (single && fields_.assignInfo) {
        out += ",\"assign_info\":[]";
    }
    out += '}';
}

CORPS_DECL HttpReply FeishuServer::Impl::deptList(const Call& call, Index dept, bool recursive,
                                                  const Page& page) {
    std::span<const Index> items = directory_->children(dept);
    if (recursive) {
        const std::size_t begin = directory_->position(dept) + 1;
        const std::size_t count = directory_->subtreeEnd(dept) - begin;
        if (options_.behaviour.recursionLimit != 0 && count > options_.behaviour.recursionLimit) {
            return failure(400, 43010, "big dept forbid recursion error");
        }
        items = std::span<const Index>(directory_->preorder()).subspan(begin, count);
    }
    items = arranged(items, page.key, recursive);
    return list(call, page, "items", items.size(),
                [&](std::string& out, std::size_t i) { appendDept(out, call, items[i]); });
}

CORPS_DECL HttpReply FeishuServer::Impl::userList(const Call& call, std::span<const Index> members,
                                                  const Page& page) {
    members = arranged(members, page.key, false);
    return list(call, page, "items", members.size(),
                [&](std::string& out, std::size_t i) { appendUser(out, call, members[i], false); });
}

}  // namespace corps::emulator
