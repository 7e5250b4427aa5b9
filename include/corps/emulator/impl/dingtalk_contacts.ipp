#pragma once

#include <corps/emulator/impl/dingtalk_answers.ipp>

#include <algorithm>
#include <array>

namespace corps::emulator {

namespace detail::dingtalk {

/** Country code and the number itself of a number in the form +86139...; a number without a plus is Chinese.
 */
inline std::pair<std::string, std::string> splitPhone(std::string_view phone) {
    if (!phone.starts_with('+')) {
        return {phone.empty() ? "" : "86", std::string(phone)};
    }
    phone.remove_prefix(1);
    // Country codes of two digits; +1 and +7 have one, all others three (ITU-T E.164, list of country codes).
    static constexpr std::string_view kTwo =
        "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 "
        "81 82 84 86 90 91 92 93 94 95 98 ";
    std::size_t digits = 3;
    if (phone.starts_with('1') || phone.starts_with('7')) {
        digits = 1;
    } else if (phone.size() > 2 &&
               kTwo.find(std::string(phone.substr(0, 2)) + ' ') != std::string_view::npos) {
        digits = 2;
    }
    digits = std::min(digits, phone.size());
    return {std::string(phone.substr(0, digits)), std::string(phone.substr(digits))};
}

}  // namespace detail::dingtalk

// ---------------------------------------------------------------------------------------------------------------------------
// What the calls have in common

CORPS_DECL DingTalkServer::Impl::Index DingTalkServer::Impl::findDept(std::int64_t id) const {
    // Departments of the school-family address book have negative ids; no call for details knows them.
    const auto found = id < 0 ? byDeptId_.end() : byDeptId_.find(id);
    return found == byDeptId_.end() ? kNone : found->second;
}

/** @param badCode What a malformed id is answered with. @param standard The id when none is given. */
CORPS_DECL std::optional<HttpReply> DingTalkServer::Impl::requireDept(const Call& call, Index& out,
                                                                      bool scoped, std::int64_t badCode,
                                                                      std::optional<std::int64_t> standard) {
    std::int64_t id = standard.value_or(0);
    const Found found = call.in.number("dept_id", id);
    if (found == Found::bad || (found == Found::absent && !standard) || id == 0) {
        return failure(badCode);
    }
    out = findDept(id);
    if (out == kNone) {
        return failure(60003);
    }
    if (scoped && !scope_.dept(out)) {
        return failure(50004);
    }
    return std::nullopt;
}

CORPS_DECL std::optional<HttpReply> DingTalkServer::Impl::requireUser(const Call& call, Index& out,
                                                                      bool scoped) {
    const std::string id = call.in.text("userid");
    if (id.empty()) {
        return badParameter();
    }
    out = directory_->findMember(id);
    if (out == kNone || !directory_->isActive(out)) {
        return unknownUser();
    }
    if (scoped && !scope_.member(out)) {
        return failure(50002);
    }
    return std::nullopt;
}

CORPS_DECL bool DingTalkServer::Impl::isListed(Index dept) const {
    return !options_.behaviour.withholdHidden || !hidden_.contains(directory_->dept(dept).deptId);
}

CORPS_DECL bool DingTalkServer::Impl::isRestricted(Index member) const {
    return restricted_.contains(directory_->member(member).memberId);
}

CORPS_DECL const std::string& DingTalkServer::Impl::rootName() const {
    const Organisation& organisation = directory_->organisation();
    return options_.behaviour.rootHasOwnName || organisation.corpName.empty()
               ? directory_->dept(directory_->root()).name
               : organisation.corpName;
}

CORPS_DECL const std::string& DingTalkServer::Impl::deptName(Index dept) const {
    return dept == directory_->root() ? rootName() : directory_->dept(dept).name;
}

/** The departments a member is in; who has none is in the root. */
CORPS_DECL std::vector<DingTalkServer::Impl::Index> DingTalkServer::Impl::places(const Member& member) const {
    std::vector<Index> out;
    for (const Membership& place : member.departments) {
        out.push_back(directory_->findDept(place.deptId));
    }
    if (out.empty()) {
        out.push_back(directory_->root());
    }
    return out;
}

/** DingTalk's order of a member in a department: large ones come first. */
CORPS_DECL std::int64_t DingTalkServer::Impl::orderIn(const Member& member, Index dept) const {
    constexpr std::int64_t kFar = 1'000'000'000'000'000;
    for (const Membership& place : member.departments) {
        if (directory_->findDept(place.deptId) == dept) {
            return kTopOrder - std::clamp(place.order, -kFar, kFar);
        }
    }
    return kTopOrder;
}

CORPS_DECL bool DingTalkServer::Impl::leads(Index member, Index dept) const {
    const auto& leaders = directory_->leaders(dept);
    return std::find(leaders.begin(), leaders.end(), member) != leaders.end();
}

/** The department's own members as the console orders them. */
CORPS_DECL const std::vector<DingTalkServer::Impl::Index>& DingTalkServer::Impl::ordered(Index dept) {
    std::vector<Index>& out = ordered_[dept];
    if (out.empty()) {
        std::vector<std::pair<std::int64_t, Index>> keys;
        for (const Index member : directory_->directMembers(dept)) {
            keys.emplace_back(-orderIn(directory_->member(member), dept), member);
        }
        std::sort(keys.begin(), keys.end());
        for (const auto& key : keys) {
            out.push_back(key.second);
        }
    }
    return out;
}

CORPS_DECL void DingTalkServer::Impl::arrange(std::vector<Index>& items, std::string_view key) const {
    if (options_.behaviour.shuffle) {
        detail::shuffle(items, key, *options_.behaviour.shuffle);
    }
}

namespace detail::dingtalk {

inline constexpr std::int64_t kOpaqueBase = 7'000'003;
inline constexpr std::int64_t kOpaqueStep = 977;

}  // namespace detail::dingtalk

CORPS_DECL std::int64_t DingTalkServer::Impl::cursorOf(std::size_t offset) const {
    const auto number = static_cast<std::int64_t>(offset);
    return options_.behaviour.opaqueCursors && offset > 0
               ? detail::dingtalk::kOpaqueBase + number * detail::dingtalk::kOpaqueStep
               : number;
}

CORPS_DECL std::optional<HttpReply> DingTalkServer::Impl::readPage(const Call& call, const PageCodes& codes,
                                                                   Page& page) {
    std::int64_t size = 0;
    if (call.in.number("cursor", page.cursor) != Found::good || page.cursor < 0) {
        return failure(codes.cursor);
    }
    if (call.in.number("size", size) != Found::good || size < 1) {
        return failure(codes.size);
    }
    if (size > 100) {
        return failure(codes.tooLarge);
    }
    std::int64_t offset = page.cursor;
    if (options_.behaviour.opaqueCursors && offset > 0) {
        using namespace detail::dingtalk;
        if (offset < kOpaqueBase || (offset - kOpaqueBase) % kOpaqueStep != 0) {
            return failure(codes.cursor);
        }
        offset = (offset - kOpaqueBase) / kOpaqueStep;
    }
    page.begin = static_cast<std::size_t>(offset);
    page.size = static_cast<std::size_t>(size);
    return std::nullopt;
}

/** What a page holds, and whether it says that more follows. */
CORPS_DECL DingTalkServer::Impl::Slice DingTalkServer::Impl::slice(const Call& call, const Page& page,
                                                                   std::size_t total) const {
    const DingTalkBehaviour& b = options_.behaviour;
    std::size_t size = b.shortPages ? std::max<std::size_t>(1, page.size * 2 / 3) : page.size;
    size = b.pageLimit != 0 ? std::min(size, b.pageLimit) : size;
    Slice out;
    out.begin = std::min(page.begin, total);
    out.end = out.begin + std::min(size, total - out.begin);
    out.more = out.end < total || (b.moreOnFullLastPage && out.end - out.begin == size);
    if (call.effects.emptySuccess) {
        out.begin = out.end;
        out.more = false;
    }
    out.more = out.more || call.effects.repeatCursor;
    return out;
}

// ---------------------------------------------------------------------------------------------------------------------------
// Departments (DingTalk: user-management-acquires-the-list-departments,
// obtain-the-list-of-sub-department-ids, query-department-details0-v2,
// query-the-list-of-all-parent-departments-of-a-department, ...-of-a-user)

CORPS_DECL void DingTalkServer::Impl::appendDeptBase(std::string& out, Index dept) const {
    using namespace detail::dingtalk;
    out += R"({"auto_add_user":true,"create_dept_group":true)";
    appendInteger(out, "dept_id", deptIds_[dept]);
    // JSON within a string, and only some departments have it.
    if (const auto hash = detail::mix64(static_cast<std::uint64_t>(deptIds_[dept])); hash % 4 == 0) {
        appendText(out, "ext", "{\"faceCount\":\"" + std::to_string(hash % 9 + 1) + "\"}");
    }
    appendText(out, "name", directory_->dept(dept).name);
    appendInteger(out, "parent_id", deptIds_[directory_->parent(dept)]);
    out += '}';
}

CORPS_DECL HttpReply DingTalkServer::Impl::deptListSub(const Call& call) {
    Index dept = kNone;
    if (auto refused = requireDept(call, dept, true, 400002, 1)) {
        return std::move(*refused);
    }
    std::vector<Index> children;
    if (!call.effects.emptySuccess) {
        std::copy_if(directory_->children(dept).begin(), directory_->children(dept).end(),
                     std::back_inserter(children), [this](Index child) { return isListed(child); });
    }
    if (children.empty() && options_.behaviour.omitEmptyLists) {
        return succeed("");
    }
    arrange(children, "departments " + std::to_string(deptIds_[dept]));
    std::string result;
    detail::dingtalk::appendList(result, children,
                                 [this](std::string& out, Index child) { appendDeptBase(out, child); });
    return succeed(result);
}

CORPS_DECL HttpReply DingTalkServer::Impl::deptListSubId(const Call& call) {
    Index dept = kNone;
    if (auto refused = requireDept(call, dept, false, 400002)) {
        return std::move(*refused);
    }
    std::string result = "{\"dept_id_list\":[";
    if (!call.effects.emptySuccess) {
        for (const Index child : directory_->children(dept)) {
            if (isListed(child)) {
                result += result.ends_with('[') ? "" : ",";
                detail::appendNumber(result, deptIds_[child]);
            }
        }
    }
    return succeed(result + "]}");
}

CORPS_DECL HttpReply DingTalkServer::Impl::deptGet(const Call& call) {
    using namespace detail::dingtalk;
    Index index = kNone;
    if (auto refused = requireDept(call, index, true, 400002)) {
        return std::move(*refused);
    }
    const Dept& dept = directory_->dept(index);
    const DingTalkBehaviour& b = options_.behaviour;
    const bool hidden = hidden_.contains(dept.deptId);
    const bool permits = b.permitLists || hidden;
    const auto& leaders = directory_->leaders(index);
    const auto memberId = [this](std::string& out, Index member) {
        detail::appendJson(out, directory_->member(member).memberId);
    };
    std::string out =
        R"({"auto_add_user":true,"auto_approve_apply":false,"brief":"","create_dept_group":true)";
    std::string chat = "chat";
    detail::appendHex(chat, detail::Hash128("chat").add(dept.deptId).id());
    appendText(out, "dept_group_chat_id", chat);
    appendInteger(out, "dept_id", deptIds_[index]);
    out += ",\"dept_manager_userid_list\":";
    appendList(out, leaders, memberId);
    out += permits ? ",\"dept_permits\":[]" : "";
    appendFlag(out, "group_contain_sub_dept", false);
    appendFlag(out, "hide_dept", hidden);
    if (b.memberCounts) {
        appendInteger(out, "member_count", directory_->peopleBelow(index));
    }
    appendText(out, "name", deptName(index));
    appendInteger(out, "order", dept.order);
    if (!leaders.empty()) {
        appendText(out, "org_dept_owner", directory_->member(leaders.front()).memberId);
    }
    appendFlag(out, "outer_dept", false);
    out += b.permitLists ? R"(,"outer_permit_depts":[],"outer_permit_users":[])" : "";
    if (b.memberCounts) {
        appendInteger(out, "owning_member_count",
                      static_cast<std::int64_t>(directory_->directMembers(index).size()));
    }
    if (index != directory_->root()) {
        appendInteger(out, "parent_id", deptIds_[directory_->parent(index)]);
    }
    out += permits ? ",\"user_permits\":[]}" : "}";
    return succeed(out);
}

CORPS_DECL void DingTalkServer::Impl::appendChain(std::string& out, Index dept) const {
    out += '[';
    for (; dept != kNone; dept = directory_->parent(dept)) {
        detail::appendNumber(out, deptIds_[dept]);
        out += dept == directory_->root() ? "]" : ",";
    }
}

CORPS_DECL HttpReply DingTalkServer::Impl::parentsOfDept(const Call& call) {
    Index dept = kNone;
    if (auto refused = requireDept(call, dept, false, 400002)) {
        return std::move(*refused);
    }
    std::string result = "{\"parent_id_list\":";
    appendChain(result, dept);
    return succeed(result + "}");
}

CORPS_DECL HttpReply DingTalkServer::Impl::parentsOfUser(const Call& call) {
    Index member = kNone;
    if (auto refused = requireUser(call, member, false)) {
        return std::move(*refused);
    }
    std::string result = "{\"parent_list\":";
    detail::dingtalk::appendList(result, places(directory_->member(member)),
                                 [this](std::string& out, Index dept) {
                                     out += "{\"parent_dept_id_list\":";
                                     appendChain(out, dept);
                                     out += '}';
                                 });
    return succeed(result + "}");
}

// ---------------------------------------------------------------------------------------------------------------------------
// Members (DingTalk: query-user-details, queries-the-complete-information-of-a-department-user,
// ...-simple-..., ...)

CORPS_DECL std::string DingTalkServer::Impl::unionIdOf(std::uint32_t member) const {
    const Member& person = directory_->member(member);
    if (!person.unionId.empty()) {
        return person.unionId;
    }
    const detail::Id128 id =
        detail::Hash128("unionid").add(directory_->organisation().corpId).add(person.memberId).id();
    std::string bytes;
    for (const std::uint64_t half : {id.high, id.low}) {
        for (unsigned shift = 0; shift < 64; shift += 8) {
            bytes.push_back(static_cast<char>((half >> shift) & 255U));
        }
    }
    return detail::base64Encode(bytes, detail::kBase64Url, false) + "iEiE";
}

/** @param dept The department that is listed; kNone for the one record with everything. */
CORPS_DECL void DingTalkServer::Impl::appendUser(std::string& out, const Call& call, Index index,
                                                 Index dept) const {
    using namespace detail::dingtalk;
    const Member& member = directory_->member(index);
    const DingTalkBehaviour& b = options_.behaviour;
    const bool single = dept == kNone;
    const bool mobile = granted(call, kFieldMobile);
    const bool personal = granted(call, kFieldEmail);
    const auto memberships = places(member);
    const auto [country, number] = splitPhone(member.phone);
    const std::string orgMail =
        b.orgMail && !member.email.empty() ? member.memberId + "@corp.example.com" : "";
    // A field that is withheld is absent, or comes as "" like one without a value.
    const auto optional = [&](std::string_view key, bool allowed, std::string_view value) {
        if ((allowed && !value.empty()) || b.emptyFields) {
            appendText(out, key, allowed ? value : std::string_view{});
        }
    };
    out += '{';
    appendFlag(out, "active", member.upstreamStatus != "unactivated" && member.upstreamStatus != "unjoined");
    appendFlag(out, "admin", directory_->isAdmin(index));
    appendText(out, "avatar", member.photo);
    appendFlag(out, "boss", false);
    if (single) {
        appendText(out, "create_time", "2024-07-15T07:05:43.000Z");
    }
    out += ",\"dept_id_list\":";
    appendList(out, memberships,
               [this](std::string& to, Index at) { detail::appendNumber(to, deptIds_[at]); });
    if (single) {
        out += ",\"dept_order_list\":";
        appendList(out, memberships, [&](std::string& to, Index at) {
            to += '{';
            appendInteger(to, "dept_id", deptIds_[at]);
            appendInteger(to, "order", orderIn(member, at));
            to += '}';
        });
        if (b.positionLists) {
            const Index primary = memberships[detail::Directory::primaryOf(member)];
            out += ",\"dept_position_list\":";
            appendList(out, memberships, [&](std::string& to, Index at) {
                to += '{';
                appendInteger(to, "dept_id", deptIds_[at]);
                appendFlag(to, "is_main", at == primary);
                appendText(to, "title", member.position);
                appendText(to, "work_place", "");
                to += '}';
            });
        }
    } else {
        appendInteger(out, "dept_order", orderIn(member, dept));
    }
    optional("email", personal, member.email);
    appendFlag(out, "exclusive_account", false);
    appendFlag(out, "hide_mobile", false);
    if (const auto days = detail::parseDate(member.hiredDate)) {
        appendInteger(out, "hired_date", *days * 86'400'000 - 8 * 3'600'000);  // midnight in Shanghai
    }
    appendText(out, "job_number", member.jobNumber);
    if (single) {
        out += ",\"leader_in_dept\":";
        appendList(out, memberships, [&](std::string& to, Index at) {
            to += '{';
            appendInteger(to, "dept_id", deptIds_[at]);
            appendFlag(to, "leader", leads(index, at));
            to += '}';
        });
    } else {
        appendFlag(out, "leader", leads(index, dept));
    }
    optional("mobile", mobile, number);
    appendText(out, "name", member.nick);
    optional("org_email", single || personal, orgMail);
    if (single) {
        appendFlag(out, "real_authed", true);
    }
    optional("remark", personal, "");
    if (single) {
        const auto roles = rolesOf_.find(index);
        if (roles != rolesOf_.end() || b.emptyFields) {
            out += ",\"role_list\":";
            appendList(out, roles == rolesOf_.end() ? std::vector<std::size_t>{} : roles->second,
                       [this](std::string& to, std::size_t role) {
                           to += "{";
                           appendText(to, "group_name", groups_[roles_[role].group].name);
                           appendInteger(to, "id", roles_[role].id);
                           appendText(to, "name", roles_[role].name);
                           to += '}';
                       });
        }
        appendFlag(out, "senior", false);
    }
    optional("state_code", mobile, country);
    optional("telephone", true, "");
    appendText(out, "title", member.position);
    if (single) {
        out += ",\"union_emp_ext\":{}";
    }
    appendText(out, "unionid", unionIdOf(index));
    appendText(out, "userid", member.memberId);
    optional("work_place", personal, "");
    out += '}';
}

CORPS_DECL HttpReply DingTalkServer::Impl::memberPage(const Call& call, const PageCodes& codes,
                                                      std::int64_t deptCode, bool simple) {
    const DingTalkBehaviour& b = options_.behaviour;
    Index dept = kNone;
    Page page;
    if (auto refused = requireDept(call, dept, true, deptCode)) {
        return std::move(*refused);
    }
    if (auto refused = readPage(call, codes, page)) {
        return std::move(*refused);
    }
    bool restricted = false;
    std::string order = "custom";
    call.in.text("order_field", order);
    const bool known = order == "custom" || order == "entry_asc" || order == "entry_desc" ||
                       order == "modify_asc" || order == "modify_desc";
    if (!known || call.in.boolean("contain_access_limit", restricted) == Found::bad) {
        return failure(deptCode);
    }
    const bool plain = order == "custom" && (restricted || restricted_.empty()) && !b.shuffle;
    std::vector<Index> changed;
    if (!plain) {
        changed = order == "custom" ? ordered(dept) : directory_->directMembers(dept);
        if (order.ends_with("_desc")) {
            std::reverse(changed.begin(), changed.end());
        }
        if (!restricted) {
            std::erase_if(changed, [this](Index member) { return isRestricted(member); });
        }
        arrange(changed, "members " + std::to_string(deptIds_[dept]));
    }
    const std::vector<Index>& members = plain ? ordered(dept) : changed;
    const Slice part = slice(call, page, members.size());
    std::string result = part.more ? "{\"has_more\":true" : "{\"has_more\":false";
    result.reserve((part.end - part.begin) * (simple ? 64 : 640) + 64);
    if (part.begin < part.end || !b.omitEmptyLists) {
        result += ",\"list\":";
        detail::dingtalk::appendList(result, std::span(members).subspan(part.begin, part.end - part.begin),
                                     [&](std::string& out, Index member) {
                                         if (simple) {
                                             out += "{\"name\":";
                                             detail::appendJson(out, directory_->member(member).nick);
                                             out += ",\"userid\":";
                                             detail::appendJson(out, directory_->member(member).memberId);
                                             out += '}';
                                         } else {
                                             appendUser(out, call, member, dept);
                                         }
                                     });
    }
    if (part.more || b.cursorOnLastPage) {
        detail::dingtalk::appendInteger(result, "next_cursor",
                                        call.effects.repeatCursor ? page.cursor : cursorOf(part.end));
    }
    return succeed(result + "}");
}

CORPS_DECL HttpReply DingTalkServer::Impl::userList(const Call& call) {
    return memberPage(call, {40035, 40035, options_.behaviour.oversizeCode}, 40035, false);
}

CORPS_DECL HttpReply DingTalkServer::Impl::userListSimple(const Call& call) {
    return memberPage(call, {40068, 40069, 40069}, 400002, true);
}

CORPS_DECL HttpReply DingTalkServer::Impl::userListId(const Call& call) {
    Index dept = kNone;
    if (auto refused = requireDept(call, dept, false, 400002)) {
        return std::move(*refused);
    }
    const std::vector<Index> nobody;
    std::string result = "{\"userid_list\":";
    detail::dingtalk::appendList(result, call.effects.emptySuccess ? nobody : ordered(dept),
                                 [this](std::string& out, Index member) {
                                     detail::appendJson(out, directory_->member(member).memberId);
                                 });
    return succeed(result + "}");
}

CORPS_DECL HttpReply DingTalkServer::Impl::userGet(const Call& call) {
    Index member = kNone;
    if (auto refused = requireUser(call, member, true)) {
        return std::move(*refused);
    }
    std::string result;
    appendUser(result, call, member, kNone);
    return succeed(result);
}

CORPS_DECL DingTalkServer::Impl::Index DingTalkServer::Impl::findMobile(std::string_view mobile) {
    if (byMobile_.empty()) {
        for (Index i = 0; i < directory_->organisation().userList.size(); ++i) {
            const Member& member = directory_->member(i);
            if (member.phone.empty() || !directory_->isActive(i)) {
                continue;
            }
            // A number from abroad is written +xx-xxxxxx.
            const auto [country, number] = detail::dingtalk::splitPhone(member.phone);
            byMobile_.emplace(country == "86" ? number : "+" + country + "-" + number, i);
        }
    }
    const auto found = byMobile_.find(std::string(mobile));
    return found == byMobile_.end() ? kNone : found->second;
}

CORPS_DECL DingTalkServer::Impl::Index DingTalkServer::Impl::findUnionId(std::string_view unionId) {
    if (byUnionId_.empty()) {
        for (Index i = 0; i < directory_->organisation().userList.size(); ++i) {
            byUnionId_.emplace(unionIdOf(i), i);
        }
    }
    const auto found = byUnionId_.find(std::string(unionId));
    return found == byUnionId_.end() || !directory_->isActive(found->second) ? kNone : found->second;
}

CORPS_DECL HttpReply DingTalkServer::Impl::userByMobile(const Call& call) {
    const std::string mobile = call.in.text("mobile");
    bool exclusive = false;
    if (mobile.empty() || call.in.boolean("support_exclusive_account_search", exclusive) == Found::bad) {
        return badParameter();
    }
    const bool digits = std::all_of(mobile.begin(), mobile.end(),
                                    [](char c) { return (c >= '0' && c <= '9') || c == '+' || c == '-'; });
    const Index member = digits ? findMobile(mobile) : kNone;
    if (member == kNone) {
        return failure(digits ? options_.behaviour.unknownMobileCode : 40104);
    }
    if (!scope_.member(member)) {
        return failure(50002);
    }
    std::string result = "{";
    if (exclusive) {
        result += "\"exclusive_account_userid_list\":[]";
    }
    detail::dingtalk::appendText(result, "userid", directory_->member(member).memberId);
    return succeed(result + "}");
}

CORPS_DECL HttpReply DingTalkServer::Impl::userByUnionId(const Call& call) {
    const std::string unionId = call.in.text("unionid");
    if (unionId.empty()) {
        return badParameter();
    }
    std::string result = "{";
    if (external_.contains(unionId)) {
        std::string id;
        detail::appendHex(id, detail::Hash128("external").add(unionId).id().high);
        detail::dingtalk::appendInteger(result, "contact_type", 1);
        detail::dingtalk::appendText(result, "userid", id);
        return succeed(result + "}");
    }
    const Index member = findUnionId(unionId);
    if (member == kNone) {
        return failure(60121);
    }
    if (!scope_.member(member)) {
        return failure(50002);
    }
    detail::dingtalk::appendInteger(result, "contact_type", 0);
    detail::dingtalk::appendText(result, "userid", directory_->member(member).memberId);
    return succeed(result + "}");
}

CORPS_DECL HttpReply DingTalkServer::Impl::userCount(const Call& call) {
    bool onlyActive = false;
    if (call.in.boolean("only_active", onlyActive) != Found::good) {
        return failure(40035);
    }
    const auto& people = directory_->organisation().userList;
    const auto count = std::count_if(people.begin(), people.end(), [onlyActive](const Member& member) {
        return member.status == 1 && !(onlyActive && (member.upstreamStatus == "unactivated" ||
                                                      member.upstreamStatus == "unjoined"));
    });
    return succeed("{\"count\":" + std::to_string(count) + "}");
}

}  // namespace corps::emulator
