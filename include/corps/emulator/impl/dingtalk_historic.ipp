#pragma once

#include <corps/emulator/impl/dingtalk_answers.ipp>
#include <corps/emulator/impl/dingtalk_contacts.ipp>

#include <algorithm>

/**
 * @file
 * The contacts API before topapi/v2, which apps of old times still call (DingTalk:
 * obtain-the-department-list, obtain-department-members-details, queries-department-details).
 */
namespace corps::emulator {

CORPS_DECL HttpReply DingTalkServer::Impl::oldDeptList(const Call& call) {
    using namespace detail::dingtalk;
    std::int64_t id = 1;
    bool whole = false;
    if (call.in.number("id", id) == Found::bad || id <= 0) {
        return failure(40009);
    }
    if (call.in.boolean("fetch_child", whole) == Found::bad) {
        return failure(40035);
    }
    const Index dept = findDept(id);
    if (dept == kNone) {
        return failure(60003);
    }
    if (!scope_.dept(dept)) {
        return failure(50004);
    }
    std::vector<Index> below;
    if (whole) {
        for (std::size_t i = directory_->position(dept) + 1; i < directory_->subtreeEnd(dept); ++i) {
            below.push_back(directory_->preorder()[i]);
        }
    } else {
        below = directory_->children(dept);
    }
    std::erase_if(below, [&](Index at) { return call.effects.emptySuccess || !isListed(at); });
    arrange(below, "departments");
    std::string out = "\"department\":";
    appendList(out, below, [this](std::string& to, Index at) {
        to += R"({"autoAddUser":true,"createDeptGroup":true)";
        appendInteger(to, "id", deptIds_[at]);
        appendText(to, "name", directory_->dept(at).name);
        appendInteger(to, "parentid", deptIds_[directory_->parent(at)]);
        to += '}';
    });
    return succeedFlat(out, "");
}

CORPS_DECL HttpReply DingTalkServer::Impl::oldDeptGet(const Call& call) {
    using namespace detail::dingtalk;
    std::int64_t id = 0;
    if (call.in.number("id", id) != Found::good || id <= 0) {
        return failure(40009);
    }
    const Index dept = findDept(id);
    if (dept == kNone) {
        return failure(60003);
    }
    if (!scope_.dept(dept)) {
        return failure(50004);
    }
    std::string managers;
    for (const Index member : directory_->leaders(dept)) {
        managers += (managers.empty() ? "" : "|") + directory_->member(member).memberId;
    }
    std::string before = R"("autoAddUser":true,"createDeptGroup":true)";
    appendText(before, "deptManagerUseridList", managers);
    std::string after;
    appendInteger(after, "id", id);
    appendText(after, "name", deptName(dept));
    appendInteger(after, "order", directory_->dept(dept).order);
    if (dept != directory_->root()) {
        appendInteger(after, "parentid", deptIds_[directory_->parent(dept)]);
    }
    return succeedFlat(before, std::string_view(after).substr(1));
}

/** @param dept The department that is listed; kNone for one member alone. */
CORPS_DECL void DingTalkServer::Impl::appendOldUser(std::string& out, const Call& call, Index index,
                                                    Index dept) const {
    using namespace detail::dingtalk;
    const Member& member = directory_->member(index);
    const bool personal = granted(call, kFieldEmail);
    out += '{';
    appendFlag(out, "active", member.upstreamStatus != "unactivated" && member.upstreamStatus != "unjoined");
    appendText(out, "avatar", member.photo);
    out += ",\"department\":";
    appendList(out, places(member),
               [this](std::string& to, Index at) { detail::appendNumber(to, deptIds_[at]); });
    if (personal && !member.email.empty()) {
        appendText(out, "email", member.email);
    }
    out += ",\"extattr\":{}";
    if (const auto days = detail::parseDate(member.hiredDate)) {
        appendInteger(out, "hiredDate", *days * 86'400'000 - 8 * 3'600'000);
    }
    appendFlag(out, "isAdmin", directory_->isAdmin(index));
    appendFlag(out, "isBoss", false);
    appendFlag(out, "isHide", false);
    if (dept != kNone) {
        appendFlag(out, "isLeader", leads(index, dept));
    }
    appendText(out, "jobnumber", member.jobNumber);
    if (granted(call, kFieldMobile) && !member.phone.empty()) {
        appendText(out, "mobile", splitPhone(member.phone).second);
    }
    appendText(out, "name", member.nick);
    if (dept != kNone) {
        appendInteger(out, "order", orderIn(member, dept));
    }
    appendText(out, "position", member.position);
    appendText(out, "unionid", unionIdOf(index));
    appendText(out, "userid", member.memberId);
    out += '}';
}

CORPS_DECL HttpReply DingTalkServer::Impl::oldUserPage(const Call& call) {
    std::int64_t id = 0;
    std::int64_t size = 0;
    Page page;
    if (call.in.number("department_id", id) != Found::good || id <= 0) {
        return failure(40009);
    }
    if (call.in.number("offset", page.cursor) != Found::good || page.cursor < 0) {
        return failure(40068);
    }
    if (call.in.number("size", size) != Found::good || size < 1 || size > 100) {
        return failure(40069);
    }
    const Index dept = findDept(id);
    if (dept == kNone) {
        return failure(60003);
    }
    if (!scope_.dept(dept)) {
        return failure(50004);
    }
    page.begin = static_cast<std::size_t>(page.cursor);
    page.size = static_cast<std::size_t>(size);
    const auto& members = ordered(dept);
    const Slice part = slice(call, page, members.size());
    std::string after = part.more ? "\"hasMore\":true,\"userlist\":" : "\"hasMore\":false,\"userlist\":";
    detail::dingtalk::appendList(
        after, std::span(members).subspan(part.begin, part.end - part.begin),
        [&](std::string& out, Index member) { appendOldUser(out, call, member, dept); });
    return succeedFlat("", after);
}

CORPS_DECL HttpReply DingTalkServer::Impl::oldUserGet(const Call& call) {
    Index member = kNone;
    if (auto refused = requireUser(call, member, true)) {
        return std::move(*refused);
    }
    std::string record;
    appendOldUser(record, call, member, kNone);
    return succeedFlat("", std::string_view(record).substr(1, record.size() - 2));
}

CORPS_DECL HttpReply DingTalkServer::Impl::oldDeptMembers(const Call& call) {
    std::int64_t id = 0;
    if (call.in.number("deptId", id) != Found::good || id <= 0) {
        return failure(40009);
    }
    const Index dept = findDept(id);
    if (dept == kNone) {
        return failure(60003);
    }
    const std::vector<Index> nobody;
    std::string out = "\"userIds\":";
    detail::dingtalk::appendList(out, call.effects.emptySuccess ? nobody : ordered(dept),
                                 [this](std::string& to, Index member) {
                                     detail::appendJson(to, directory_->member(member).memberId);
                                 });
    return succeedFlat("", out);
}

}  // namespace corps::emulator
