#pragma once

#include <corps/emulator/impl/fields.hpp>
#include <corps/emulator/impl/wecom_impl.ipp>

#include <algorithm>

/** @file Departments and members. In brackets the pages of WeCom's documentation. */
namespace corps::emulator {

// ---------------------------------------------------------------------------------------------------------------------------
// What the calls have in common

/** @param mandatory Without an id: refused, or else `out` stays as it is.
 * @param structure Departments out of range count, too. */
CORPS_DECL std::optional<HttpReply> detail::WeComPlatform::requireDept(const Call& call,
                                                                       std::string_view name, Index& out,
                                                                       bool mandatory, bool structure) {
    std::int64_t id = 0;
    const Found found = call.in.number(name, id);
    if (found == Found::absent) {
        return mandatory ? std::optional<HttpReply>(failure(40063)) : std::nullopt;
    }
    if (found == Found::bad || id < 1) {
        return failure(60123);
    }
    const auto dept = corp_->byDeptId.find(id);
    if (dept == corp_->byDeptId.end()) {
        return failure(options_.behaviour.unknownDeptCode);
    }
    if (!call.range->dept(dept->second) && !structure) {
        return failure(options_.behaviour.invisibleDeptCode);
    }
    out = dept->second;
    return std::nullopt;
}

CORPS_DECL std::optional<HttpReply> detail::WeComPlatform::requireUser(const Call& call, Index& out) {
    const std::string id = call.in.text("userid");
    if (id.empty()) {
        return failure(call, 41009);
    }
    if (!detail::wecom::isUserId(id)) {
        return failure(40003);
    }
    out = findUser(call, id);
    if (out == kNone || !corp_->directory->isActive(out)) {
        return failure(options_.behaviour.unknownUserCode);
    }
    if (!call.range->member(out)) {
        return failure(options_.behaviour.invisibleUserCode);
    }
    return std::nullopt;
}

namespace detail::wecom {

/** WeCom's order: large ones come first, 0 to 2^32 - 1, most of them beyond 31 bits. */
inline std::int64_t orderFrom(std::int64_t order) noexcept {
    constexpr std::int64_t kTop = 4'000'000'000;
    constexpr std::int64_t kMost = 4'294'967'295;
    return kTop - std::clamp(order, kTop - kMost, kTop);
}

/** A mainland number without its country code; others with it. */
inline std::string mobileOf(const std::string& phone) {
    return phone.starts_with("+86") ? phone.substr(3) : phone;
}

inline std::string bizMailOf(const std::string& memberId) { return memberId + "@corp.example.com"; }

inline std::string qrCodeOf(const std::string& memberId) {
    std::string out = "https://open.work.weixin.qq.com/wwopen/userQRCode?vcode=";
    appendHex(out, Hash128("qr").add(memberId).id().high);
    return out;
}

inline std::string openIdOf(const std::string& corpId, const std::string& memberId) {
    std::string out = "oDjGHs-";
    appendHex(out, Hash128("openid").add(corpId).add(memberId).id().high, 16);
    return out;
}

inline std::string genderOf(const Member& member) {
    return member.gender == 1 || member.gender == 2 ? std::to_string(member.gender) : "0";
}

inline Directory::Index mainDept(const Directory& directory, Directory::Index member) {
    const Member& person = directory.member(member);
    return person.departments.empty()
               ? directory.root()
               : directory.findDept(person.departments[Directory::primaryOf(person)].deptId);
}

/** The leader of the main department, or for that one the leader above. */
inline Directory::Index directLeader(const Directory& directory, Directory::Index member) {
    for (auto dept = mainDept(directory, member); dept != Directory::kNone; dept = directory.parent(dept)) {
        for (const Directory::Index leader : directory.leaders(dept)) {
            if (leader != member) {
                return leader;
            }
        }
    }
    return Directory::kNone;
}

/** 1 active, 2 disabled, 4 not activated, 5 left the enterprise. */
inline int statusOf(const Member& member) {
    return member.upstreamStatus == "frozen"                                               ? 2
           : member.upstreamStatus == "unactivated" || member.upstreamStatus == "unjoined" ? 4
           : member.upstreamStatus == "exited"                                             ? 5
                                                                                           : 1;
}

}  // namespace detail::wecom

CORPS_DECL std::string detail::WeComPlatform::deptName(Index dept) const {
    const Organisation& organisation = corp_->directory->organisation();
    return dept == corp_->directory->root() && !organisation.corpName.empty()
               ? organisation.corpName
               : corp_->directory->dept(dept).name;
}

CORPS_DECL std::int64_t detail::WeComPlatform::parentId(const Call& call, Index dept) const {
    const Index parent = corp_->directory->parent(dept);
    return parent == kNone ||
                   (options_.behaviour.maskParents && !call.range->dept(parent) && !seesStructure(call))
               ? 0
               : corp_->deptIds[parent];
}

/** The departments a member is in, as far as they may be seen; who has none is in the root. */
CORPS_DECL std::vector<detail::WeComPlatform::Index> detail::WeComPlatform::places(const Call& call,
                                                                                   Index member) const {
    std::vector<Index> out;
    for (const Membership& place : corp_->directory->member(member).departments) {
        out.push_back(corp_->directory->findDept(place.deptId));
    }
    if (out.empty()) {
        out.push_back(corp_->directory->root());
    }
    if (!seesStructure(call)) {
        std::erase_if(out, [&call](Index dept) { return !call.range->dept(dept); });
    }
    return out;
}

CORPS_DECL std::int64_t detail::WeComPlatform::orderIn(Index member, Index dept) const {
    for (const Membership& place : corp_->directory->member(member).departments) {
        if (corp_->directory->findDept(place.deptId) == dept) {
            return detail::wecom::orderFrom(place.order);
        }
    }
    return detail::wecom::orderFrom(0);
}

CORPS_DECL bool detail::WeComPlatform::leads(Index member, Index dept) const {
    const auto& leaders = corp_->directory->leaders(dept);
    return std::find(leaders.begin(), leaders.end(), member) != leaders.end();
}

CORPS_DECL void detail::WeComPlatform::appendIds(std::string& out, const std::vector<Index>& depts) const {
    detail::appendList(
        out, depts, [this](std::string& to, Index dept) { detail::appendNumber(to, corp_->deptIds[dept]); });
}

// ---------------------------------------------------------------------------------------------------------------------------
// Departments [90208, 95350, 95351]

CORPS_DECL void detail::WeComPlatform::appendDeptName(std::string& out, const Call& call, Index dept) const {
    if (shows(call, Field::deptName, false)) {
        appendText(out, "name", deptName(dept));
    } else if (namesAsIds() || options_.behaviour.emptyFields) {
        appendText(out, "name", namesAsIds() ? std::to_string(corp_->deptIds[dept]) : "");
    }
}

CORPS_DECL void detail::WeComPlatform::appendDeptBase(std::string& out, const Call& call, Index dept,
                                                      bool name) const {
    detail::appendInteger(out, "id", corp_->deptIds[dept]);
    if (name) {
        appendDeptName(out, call, dept);
    }
    detail::appendInteger(out, "parentid", parentId(call, dept));
    detail::appendInteger(out, "order", detail::wecom::orderFrom(corp_->directory->dept(dept).order));
}

CORPS_DECL void detail::WeComPlatform::appendLeaders(std::string& out, const Call& call, Index dept) const {
    std::vector<Index> leaders;
    if (shows(call, Field::deptLeaders, false)) {
        leaders = corp_->directory->leaders(dept);
        std::erase_if(leaders, [&](Index leader) { return !visible(call, leader); });
    } else if (!options_.behaviour.emptyFields) {
        return;
    }
    out += ",\"department_leader\":";
    detail::appendList(out, leaders,
                       [&](std::string& to, Index leader) { detail::appendJson(to, userId(call, leader)); });
}

/** The departments a list has: that of the parameter with all below, or everything that may be seen.
 * @return Whether there is an answer to be made; else `refused` is it. */
CORPS_DECL bool detail::WeComPlatform::departments(const Call& call, std::vector<Index>& out,
                                                   std::optional<HttpReply>& refused, bool structure) {
    Index top = corp_->directory->root();
    refused = requireDept(call, "id", top, false, structure);
    if (refused) {
        return false;
    }
    if (!call.effects.emptySuccess) {
        for (std::size_t i = corp_->directory->position(top); i < corp_->directory->subtreeEnd(top); ++i) {
            if (const Index dept = corp_->directory->preorder()[i]; structure || call.range->dept(dept)) {
                out.push_back(dept);
            }
        }
        if (options_.behaviour.shuffle) {
            detail::shuffle(out, "departments", *options_.behaviour.shuffle);
        }
    }
    return true;
}

CORPS_DECL HttpReply detail::WeComPlatform::departmentList(const Call& call) {
    std::vector<Index> depts;
    std::optional<HttpReply> refused;
    if (!departments(call, depts, refused)) {
        return std::move(*refused);
    }
    std::string out = ",\"department\":";
    detail::appendList(out, depts, [&](std::string& to, Index dept) {
        to += '{';
        appendDeptBase(to, call, dept, true);
        appendLeaders(to, call, dept);
        to += '}';
    });
    return succeed(call, out);
}

CORPS_DECL HttpReply detail::WeComPlatform::departmentSimpleList(const Call& call) {
    std::vector<Index> depts;
    std::optional<HttpReply> refused;
    if (!departments(call, depts, refused, seesStructure(call))) {
        return std::move(*refused);
    }
    std::string out = ",\"department_id\":";
    detail::appendList(out, depts, [&](std::string& to, Index dept) {
        to += '{';
        appendDeptBase(to, call, dept, false);
        to += '}';
    });
    return succeed(call, out);
}

CORPS_DECL HttpReply detail::WeComPlatform::departmentGet(const Call& call) {
    Index dept = kNone;
    if (auto refused = requireDept(call, "id", dept, true, seesStructure(call))) {
        return std::move(*refused);
    }
    std::string out = ",\"department\":{";
    detail::appendInteger(out, "id", corp_->deptIds[dept]);
    appendDeptName(out, call, dept);
    appendLeaders(out, call, dept);
    detail::appendInteger(out, "parentid", parentId(call, dept));
    detail::appendInteger(out, "order", detail::wecom::orderFrom(corp_->directory->dept(dept).order));
    return succeed(call, out + "}");
}

// ---------------------------------------------------------------------------------------------------------------------------
// Members [90196, 90200, 90201, 96067]

CORPS_DECL bool detail::WeComPlatform::shows(const Call& call, Field field, bool /*list*/) const {
    const bool full = !options_.behaviour.newApp || call.token->contact;
    switch (field) {
        case Field::mobile:
        case Field::gender:
        case Field::email:
        case Field::bizMail:
        case Field::avatar:
        case Field::address:
        case Field::qrCode: return full;
        case Field::thumbAvatar: return full || options_.behaviour.thumbAvatar;
        case Field::name:
        case Field::deptName:
        case Field::deptLeaders:
        case Field::leaderFlags:
        case Field::directLeader:
        case Field::position:
        case Field::telephone:
        case Field::extattr:
        case Field::externalPosition:
        case Field::externalProfile: break;
    }
    return true;
}

CORPS_DECL void detail::WeComPlatform::appendName(std::string& out, const Call& call, Index member) const {
    if (shows(call, Field::name, false)) {
        appendText(out, "name", corp_->directory->member(member).nick);
    } else if (namesAsIds() || options_.behaviour.emptyFields) {
        appendText(out, "name", namesAsIds() ? userId(call, member) : "");
    }
}

/** The members of a record, each with a comma before it. @param list As a list of members has it. */
CORPS_DECL void detail::WeComPlatform::appendUser(std::string& out, const Call& call, Index index,
                                                  bool list) const {
    const Member& member = corp_->directory->member(index);
    const WeComBehaviour& b = options_.behaviour;
    const auto depts = places(call, index);
    // A field that is withheld is absent, or comes with nothing in it.
    const auto text = [&](std::string_view key, Field field, const std::string& value,
                          std::string_view none = "") {
        const bool shown = shows(call, field, list);
        if (shown || b.emptyFields) {
            appendText(out, key, shown ? std::string_view(value) : none);
        }
    };
    const auto part = [&](std::string_view key, Field field, std::string_view none, const auto& append) {
        const bool shown = shows(call, field, list);
        if (shown || b.emptyFields) {
            out += ",\"";
            out += key;
            out += "\":";
            if (shown) {
                append();
            } else {
                out += none;
            }
        }
    };
    appendText(out, "userid", userId(call, index));
    appendName(out, call, index);
    out += ",\"department\":";
    appendIds(out, depts);
    out += ",\"order\":";
    appendList(out, depts, [&](std::string& to, Index dept) { appendNumber(to, orderIn(index, dept)); });
    text("position", Field::position, member.position);
    text("mobile", Field::mobile, wecom::mobileOf(member.phone));
    text("gender", Field::gender, wecom::genderOf(member), "0");
    text("email", Field::email, member.email);
    text("biz_mail", Field::bizMail, b.bizMail ? wecom::bizMailOf(member.memberId) : "");
    part("is_leader_in_dept", Field::leaderFlags, "[]", [&] {
        appendList(out, depts, [&](std::string& to, Index dept) { to += leads(index, dept) ? '1' : '0'; });
    });
    const Index main = wecom::mainDept(*corp_->directory, index);
    part("direct_leader", Field::directLeader, "[]", [&] {
        const Index leader = wecom::directLeader(*corp_->directory, index);
        out += '[';
        if (leader != kNone && visible(call, leader)) {
            appendJson(out, userId(call, leader));
        }
        out += ']';
    });
    text("avatar", Field::avatar, member.photo);
    text("thumb_avatar", Field::thumbAvatar, member.photo);
    text("telephone", Field::telephone, "");
    appendText(out, "alias", "");
    text("address", Field::address, "");
    if (b.openUserId) {
        appendText(out, "open_userid", "");
    }
    if (call.range->dept(main) || seesStructure(call)) {
        appendInteger(out, "main_department", corp_->deptIds[main]);
    }
    part("extattr", Field::extattr, R"({"attrs":[]})", [&] {
        out += R"({"attrs":[)";
        if (!member.jobNumber.empty() && !b.jobNumberName.empty()) {
            out += R"({"type":0)";
            appendText(out, "name", b.jobNumberName);
            out += ",\"text\":{";
            appendText(out, "value", member.jobNumber);
            out += "}}";
        }
        out += "]}";
    });
    appendInteger(out, "status", wecom::statusOf(member));
    text("qr_code", Field::qrCode, wecom::qrCodeOf(member.memberId));
    text("external_position", Field::externalPosition, "");
    part("external_profile", Field::externalProfile, "{}",
         [&] { out += R"({"external_corp_name":"","external_attr":[]})"; });
    if (b.legacyFields) {
        const bool leads =
            std::any_of(depts.begin(), depts.end(), [&](Index dept) { return this->leads(index, dept); });
        appendInteger(out, "enable", wecom::statusOf(member) == 2 ? 0 : 1);
        appendInteger(out, "isleader", leads ? 1 : 0);
        appendInteger(out, "hide_mobile", 0);
        if (list) {
            appendText(out, "english_name", "");
        }
    }
}

CORPS_DECL HttpReply detail::WeComPlatform::userGet(const Call& call) {
    Index member = kNone;
    if (auto refused = requireUser(call, member)) {
        return std::move(*refused);
    }
    std::string out;
    appendUser(out, call, member, false);
    return succeed(call, out);
}

/** The members a list has. @return As `departments`. */
CORPS_DECL bool detail::WeComPlatform::membersOf(const Call& call, std::vector<Index>& out,
                                                 std::optional<HttpReply>& refused) {
    const WeComBehaviour& b = options_.behaviour;
    Index top = kNone;
    refused = requireDept(call, "department_id", top, true);
    if (refused) {
        return false;
    }
    const bool children = call.in.text("fetch_child") == "1";
    if (children && b.fetchChildCode != 0) {
        refused = failure(b.fetchChildCode);
        return false;
    }
    if (call.effects.emptySuccess) {
        return true;
    }
    if (!children || b.ignoreFetchChild) {
        out = corp_->directory->directMembers(top);
    } else {
        std::vector<bool> seen(corp_->directory->organisation().userList.size());
        for (std::size_t i = corp_->directory->position(top); i < corp_->directory->subtreeEnd(top); ++i) {
            for (const Index member : corp_->directory->directMembers(corp_->directory->preorder()[i])) {
                if (!seen[member]) {
                    seen[member] = true;
                    out.push_back(member);
                }
            }
        }
        if (b.fetchChildRows != 0 && out.size() > b.fetchChildRows) {
            refused = failure(45029);
            return false;
        }
    }
    if (b.shuffle) {
        detail::shuffle(out, "members " + std::to_string(corp_->deptIds[top]), *b.shuffle);
    }
    return true;
}

CORPS_DECL HttpReply detail::WeComPlatform::userList(const Call& call) {
    std::vector<Index> members;
    std::optional<HttpReply> refused;
    if (!membersOf(call, members, refused)) {
        return std::move(*refused);
    }
    std::string out = ",\"userlist\":";
    out.reserve(members.size() * 512 + 64);
    detail::appendList(out, members, [&](std::string& to, Index member) {
        to += '{';
        appendUser(to, call, member, true);
        to += '}';
    });
    return succeed(call, out);
}

CORPS_DECL void detail::WeComPlatform::appendSimpleUser(std::string& out, const Call& call,
                                                        Index member) const {
    out += '{';
    detail::appendText(out, "userid", userId(call, member));
    appendName(out, call, member);
    out += ",\"department\":";
    appendIds(out, places(call, member));
    if (options_.behaviour.openUserId) {
        detail::appendText(out, "open_userid", "");
    }
    out += '}';
}

CORPS_DECL HttpReply detail::WeComPlatform::userSimpleList(const Call& call) {
    std::vector<Index> members;
    std::optional<HttpReply> refused;
    if (!membersOf(call, members, refused)) {
        return std::move(*refused);
    }
    std::string out = ",\"userlist\":";
    detail::appendList(out, members,
                       [&](std::string& to, Index member) { appendSimpleUser(to, call, member); });
    return succeed(call, out);
}

CORPS_DECL HttpReply detail::WeComPlatform::userListId(const Call& call) {
    constexpr std::int64_t kMost = 10'000;
    const WeComBehaviour& b = options_.behaviour;
    auto limit = static_cast<std::int64_t>(b.listIdLimit);
    if (call.in.number("limit", limit) == Found::bad || limit < 1 || limit > kMost) {
        return failure(40058);
    }
    if (corp_->pairs.empty()) {
        for (Index member = 0; member < corp_->directory->organisation().userList.size(); ++member) {
            if (corp_->directory->isActive(member)) {
                for (const Index dept : places(call, member)) {
                    corp_->pairs.push_back({member, dept});
                }
            }
        }
    }
    std::size_t begin = 0;
    const std::string cursor = call.in.text("cursor");
    if (!cursor.empty()) {
        const auto found = cursors_.find(cursor);
        if (found == cursors_.end() || found->second.expiresMs <= core_.nowMs()) {
            return failure(50100);
        }
        begin = std::min(found->second.at, corp_->pairs.size());
    }
    auto size = static_cast<std::size_t>(limit);
    size = b.shortPages ? std::max<std::size_t>(1, size * 2 / 3) : size;
    size = b.pageLimit != 0 ? std::min(size, b.pageLimit) : size;
    std::size_t end = begin;
    std::size_t counted = 0;
    while (end < corp_->pairs.size() && !call.effects.emptySuccess) {
        const bool another =
            !b.limitCountsMembers || end == begin || corp_->pairs[end - 1].member != corp_->pairs[end].member;
        if (another && counted == size) {
            break;
        }
        counted += another ? 1U : 0U;
        ++end;
    }
    const bool more = !call.effects.emptySuccess &&
                      (end < corp_->pairs.size() || (b.moreOnFullLastPage && counted == size));
    std::string next;
    if (call.effects.repeatCursor && !cursor.empty()) {
        next = cursor;
    } else if (more || call.effects.repeatCursor) {
        forgetExpired();
        next = makeToken("", 40);
        cursors_[next] = {call.effects.repeatCursor ? begin : end,
                          core_.nowMs() + std::chrono::milliseconds(options_.cursorLifetime).count()};
    }
    std::string out;
    detail::appendText(out, "next_cursor", next);
    out += ",\"dept_user\":[";
    for (std::size_t i = begin; i < end; ++i) {
        out += i == begin ? "{" : ",{";
        detail::appendText(out, "userid", corp_->directory->member(corp_->pairs[i].member).memberId);
        detail::appendInteger(out, "department", corp_->deptIds[corp_->pairs[i].dept]);
        out += '}';
    }
    return succeed(call, out + "]");
}

CORPS_DECL detail::WeComPlatform::Index detail::WeComPlatform::findByText(bool email,
                                                                          std::string_view text) const {
    const auto& users = corp_->directory->organisation().userList;
    const auto found = std::find_if(users.begin(), users.end(), [&](const Member& member) {
        if (member.status != 1) {
            return false;
        }
        if (!email) {
            return !member.phone.empty() &&
                   (member.phone == text || detail::wecom::mobileOf(member.phone) == text);
        }
        return (!member.email.empty() && member.email == text) ||
               (options_.behaviour.bizMail && detail::wecom::bizMailOf(member.memberId) == text);
    });
    return found == users.end() ? kNone : static_cast<Index>(found - users.begin());
}

CORPS_DECL HttpReply detail::WeComPlatform::userByMobile(const Call& call) {
    const std::string mobile = call.in.text("mobile");
    if (mobile.empty()) {
        return failure(call, 40063);
    }
    const Index member = findByText(false, mobile);
    if (member == kNone || !visible(call, member)) {
        return failure(46004);
    }
    std::string out;
    detail::appendText(out, "userid", userId(call, member));
    return succeed(call, out);
}

CORPS_DECL HttpReply detail::WeComPlatform::userByEmail(const Call& call) {
    const std::string email = call.in.text("email");
    if (email.empty()) {
        return failure(call, 40063);
    }
    const Index member = findByText(true, email);
    if (member == kNone || !visible(call, member)) {
        return failure(46004);
    }
    std::string out;
    detail::appendText(out, "userid", userId(call, member));
    return succeed(call, out);
}

// Ids for payments [90202]
CORPS_DECL HttpReply detail::WeComPlatform::openIdOf(const Call& call) {
    Index index = kNone;
    if (auto refused = requireUser(call, index)) {
        return std::move(*refused);
    }
    const Member& member = corp_->directory->member(index);
    const auto& unbound = options_.behaviour.unboundMemberIds;
    if (std::find(unbound.begin(), unbound.end(), member.memberId) != unbound.end()) {
        return failure(43004);
    }
    std::string out;
    detail::appendText(out, "openid",
                       detail::wecom::openIdOf(corp_->directory->organisation().corpId, member.memberId));
    return succeed(call, out);
}

CORPS_DECL HttpReply detail::WeComPlatform::userOfOpenId(const Call& call) {
    const std::string openId = call.in.text("openid");
    if (openId.empty()) {
        return failure(call, 40063);
    }
    const Organisation& organisation = corp_->directory->organisation();
    for (Index member = 0; member < organisation.userList.size(); ++member) {
        const std::string& id = corp_->directory->member(member).memberId;
        if (visible(call, member) && detail::wecom::openIdOf(organisation.corpId, id) == openId) {
            std::string out;
            detail::appendText(out, "userid", userId(call, member));
            return succeed(call, out);
        }
    }
    return failure(options_.behaviour.unknownUserCode);
}

}  // namespace corps::emulator
