#pragma once

#include <corps/emulator/impl/dingtalk_answers.ipp>
#include <corps/emulator/impl/dingtalk_contacts.ipp>

#include <algorithm>
#include <array>

/**
 * @file
 * The organisation's name, who left, and Smart HR (DingTalk: obtain-enterprise-authentication-information,
 * query-the-details-of-employees-who-have-left-office, intelligent-personnel-query-..., obtain-the-list-of-
 * employees-who-have-left, obtain-resignation-information-of-employees-new-version,
 * api-getemployeerosterbyfield).
 */
namespace corps::emulator {

CORPS_DECL HttpReply DingTalkServer::Impl::authInfos(const Call& call) {
    using namespace detail::dingtalk;
    const Organisation& organisation = directory_->organisation();
    const std::string target = call.in.text("targetCorpId");
    if (!target.empty() && !organisation.corpId.empty() && target != organisation.corpId) {
        return v1Failure(400, "permission.denied", "permission.denied");
    }
    const std::int64_t level = options_.behaviour.authLevel;
    std::string out = "{";
    appendText(out, "orgName", rootName());
    if (level != 0) {
        appendText(out, "licenseOrgName", rootName());
        appendText(out, "registrationNum", "110000000000000");
        appendText(out, "unifiedSocialCredit", "91110000000000000X");
        appendText(out, "organizationCode", "11111111-1");
        appendText(out, "legalPerson", "Zhang Example");
        appendText(out, "licenseUrl", "https://example.com/l.png");
    }
    appendInteger(out, "authLevel", level);
    return v1Success(out + "}");
}

CORPS_DECL const DingTalkServer::Impl::Leaver* DingTalkServer::Impl::findLeaver(
    std::string_view memberId) const {
    for (auto at = leavers_.rbegin(); at != leavers_.rend(); ++at) {
        if (at->member.memberId == memberId) {
            return &*at;
        }
    }
    return nullptr;
}

namespace detail::dingtalk {

/** Milliseconds since 1970 of a moment in the form YYYY-MM-DDTHH:MM:SSZ, or nothing. */
inline std::optional<std::int64_t> parseMoment(std::string_view text) {
    if (text.size() != 20 || text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[19] != 'Z') {
        return std::nullopt;
    }
    const auto day = parseDate(text.substr(0, 10));
    const auto hour = parseNumber<unsigned>(text.substr(11, 2));
    const auto minute = parseNumber<unsigned>(text.substr(14, 2));
    const auto second = parseNumber<unsigned>(text.substr(17, 2));
    if (!day || !hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59) {
        return std::nullopt;
    }
    return ((*day * 24 + *hour) * 60 + *minute) * 60'000 + *second * 1000;
}

}  // namespace detail::dingtalk

CORPS_DECL HttpReply DingTalkServer::Impl::leaveRecords(const Call& call) {
    using namespace detail::dingtalk;
    constexpr std::int64_t kYear = 365LL * 86'400'000;
    const auto invalid = [this] {
        return v1Failure(400, "invalidParameter.param.invalid", errorText(400002));
    };
    const auto start = parseMoment(call.in.text("startTime"));
    const std::string endText = call.in.text("endTime");
    const auto end = endText.empty() ? std::optional(core_.nowMs() + 1000) : parseMoment(endText);
    std::int64_t size = 0;
    if (!start || !end || *end < *start || *end - *start > kYear + 1000 ||
        call.in.number("maxResults", size) != Found::good || size < 1 || size > 50) {
        return invalid();
    }
    // The cursor is a place in the list, written so that nobody takes it for one.
    constexpr std::uint64_t kMask = 0xDCCD7A656FFA6F07ULL;
    const std::string token = call.in.text("nextToken");
    std::size_t begin = 0;
    if (!token.empty() && token != "0") {
        std::uint64_t number = 0;
        const auto parsed = std::from_chars(token.data(), token.data() + token.size(), number, 16);
        number ^= kMask;
        if (parsed.ec != std::errc{} || parsed.ptr != token.data() + token.size() ||
            number > leavers_.size()) {
            return invalid();
        }
        begin = static_cast<std::size_t>(number);
    }
    std::vector<const Leaver*> found;
    for (const Leaver& leaver : leavers_) {
        if (leaver.leaveMs >= *start && leaver.leaveMs <= *end) {
            found.push_back(&leaver);
        }
    }
    Page page;
    page.begin = begin;
    page.size = static_cast<std::size_t>(size);
    const Slice part = slice(call, page, found.size());
    std::string out = "{";
    if (part.more) {
        std::string next;
        detail::appendHex(next, (call.effects.repeatCursor ? begin : part.end) ^ kMask);
        std::transform(next.begin(), next.end(), next.begin(),
                       [](char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; });
        out += "\"nextToken\":\"" + next + "\",";
    }
    out += "\"records\":";
    appendList(out, std::span(found).subspan(part.begin, part.end - part.begin),
               [](std::string& to, const Leaver* leaver) {
                   const auto [country, number] = splitPhone(leaver->member.phone);
                   to += '{';
                   appendText(to, "userId", leaver->member.memberId);
                   appendText(to, "name", leaver->member.nick);
                   appendText(to, "stateCode", country);
                   appendText(to, "mobile", number);
                   appendText(to, "leaveTime", formatTime(leaver->leaveMs, 'T') + "Z");
                   appendText(to, "leaveReason", "delete");
                   to += '}';
               });
    return v1Success(out + "}");
}

// ---------------------------------------------------------------------------------------------------------------------------
// Smart HR

/** A page of ids as topapi's HR calls have it: the end is where `next_cursor` is missing. */
template <class Append>
HttpReply DingTalkServer::Impl::idPage(const Call& call, std::size_t total, Append append) {
    Page page;
    std::int64_t size = 0;
    if (call.in.number("offset", page.cursor) != Found::good || page.cursor < 0 ||
        call.in.number("size", size) != Found::good || size < 1 || size > 50) {
        return badParameter();
    }
    page.begin = static_cast<std::size_t>(page.cursor);
    page.size = static_cast<std::size_t>(size);
    const Slice part = slice(call, page, total);
    std::string result = "{\"data_list\":[";
    for (std::size_t i = part.begin; i < part.end; ++i) {
        result += i == part.begin ? "" : ",";
        append(result, i);
    }
    result += ']';
    if (part.more) {
        detail::dingtalk::appendInteger(
            result, "next_cursor",
            call.effects.repeatCursor ? page.cursor : static_cast<std::int64_t>(part.end));
    }
    return succeedFlat("", "\"result\":" + result + "},\"success\":true");
}

CORPS_DECL HttpReply DingTalkServer::Impl::hrOnJob(const Call& call) {
    std::vector<std::string> states;
    if (call.in.list("status_list", states) != Found::good) {
        return badParameter();
    }
    // Everybody has a regular post, which is 3.
    std::vector<Index> people;
    if (std::find(states.begin(), states.end(), "3") != states.end()) {
        for (Index i = 0; i < directory_->organisation().userList.size(); ++i) {
            if (directory_->isActive(i)) {
                people.push_back(i);
            }
        }
    }
    return idPage(call, people.size(), [&](std::string& out, std::size_t i) {
        detail::appendJson(out, directory_->member(people[i]).memberId);
    });
}

CORPS_DECL HttpReply DingTalkServer::Impl::hrLeft(const Call& call) {
    return idPage(call, leavers_.size(), [this](std::string& out, std::size_t i) {
        detail::appendJson(out, leavers_[i].member.memberId);
    });
}

CORPS_DECL HttpReply DingTalkServer::Impl::hrLeftDetails(const Call& call) {
    using namespace detail::dingtalk;
    std::vector<std::string> ids;
    if (call.in.list("userid_list", ids) != Found::good || ids.empty() || ids.size() > 50) {
        return badParameter();
    }
    std::vector<const Leaver*> found;
    for (const std::string& id : ids) {
        if (const Leaver* leaver = findLeaver(id); leaver != nullptr && !call.effects.emptySuccess) {
            found.push_back(leaver);
        }
    }
    std::string result;
    appendList(result, found, [](std::string& out, const Leaver* leaver) {
        out += R"({"handover_userid":"")";
        appendInteger(out, "last_work_day", leaver->leaveMs);
        out += R"(,"pre_status":3,"reason_memo":"","reason_type":2,"status":2)";
        appendText(out, "userid", leaver->member.memberId);
        out += '}';
    });
    return succeedFlat("", "\"result\":" + result + ",\"success\":true");
}

CORPS_DECL HttpReply DingTalkServer::Impl::dismissions(const Call& call) {
    using namespace detail::dingtalk;
    Page page;
    std::int64_t size = 30;
    if (call.in.number("nextToken", page.cursor) == Found::bad || page.cursor < 0 ||
        call.in.number("maxResults", size) == Found::bad || size < 1 || size > 50) {
        return v1Failure(400, "invalidParameter", errorText(400002));
    }
    page.begin = static_cast<std::size_t>(page.cursor);
    page.size = static_cast<std::size_t>(size);
    const Slice part = slice(call, page, leavers_.size());
    std::string out = "{";
    if (part.more) {
        appendInteger(out, "nextToken",
                      call.effects.repeatCursor ? page.cursor : static_cast<std::int64_t>(part.end));
    }
    appendFlag(out, "hasMore", part.more);
    out += ",\"userIdList\":";
    appendList(out, std::span(leavers_).subspan(part.begin, part.end - part.begin),
               [](std::string& to, const Leaver& leaver) { detail::appendJson(to, leaver.member.memberId); });
    return v1Success(out + "}");
}

CORPS_DECL HttpReply DingTalkServer::Impl::dimissionInfos(const Call& call) {
    using namespace detail::dingtalk;
    if (!options_.behaviour.hrmOpen) {
        return v1Failure(400, "corpNotOpenHrm", "corpNotOpenHrm");
    }
    std::vector<std::string> ids;
    if (call.in.list("userIdList", ids) != Found::good || ids.empty() || ids.size() > 50) {
        return v1Failure(400, "invalidParameter", errorText(400002));
    }
    std::string out = "{\"result\":";
    appendList(out, call.effects.emptySuccess ? std::vector<std::string>{} : ids,
               [this](std::string& to, const std::string& id) {
                   const Leaver* leaver = findLeaver(id);
                   to += '{';
                   appendText(to, "userId", leaver != nullptr ? id : detail::quotable(id));
                   if (leaver != nullptr) {
                       appendInteger(to, "lastWorkDay", leaver->leaveMs);
                   }
                   appendInteger(to, "status", leaver != nullptr ? 2 : 3);
                   to += R"(,"preStatus":3,"reasonMemo":"","handoverUserId":"","deptList":[],)"
                         R"("voluntaryReason":[],"passiveReason":[]})";
               });
    return v1Success(out + "}");
}

CORPS_DECL HttpReply DingTalkServer::Impl::rosters(const Call& call) {
    using namespace detail::dingtalk;
    std::vector<std::string> ids;
    std::vector<std::string> wanted;
    std::int64_t agent = 0;
    if (call.in.list("userIdList", ids) != Found::good || ids.empty() || ids.size() > 100 ||
        call.in.list("fieldFilterList", wanted) == Found::bad || wanted.size() > 100 ||
        call.in.number("appAgentId", agent) != Found::good) {
        return v1Failure(400, "invalidParameter", errorText(400002));
    }
    if (!options_.behaviour.hrmOpen) {
        return v1Failure(400, "corpNotOpenHrm", "corpNotOpenHrm");
    }
    const auto fieldsOf = [this](const Member& member) {
        const auto memberships = places(member);
        const Index primary = memberships[detail::Directory::primaryOf(member)];
        std::string depts;
        std::string names;
        for (const Index dept : memberships) {
            depts += (depts.empty() ? "" : options_.behaviour.hrSeparator) + std::to_string(deptIds_[dept]);
            names += (names.empty() ? "" : options_.behaviour.hrSeparator) + deptName(dept);
        }
        return std::array<std::array<std::string, 3>, 9>{{
            {"sys00-name", "姓名", member.nick},
            {"sys00-email", "邮箱", member.email},
            {"sys00-mobile", "手机号", splitPhone(member.phone).second},
            {"sys00-jobNumber", "工号", member.jobNumber},
            {"sys00-position", "职位", member.position},
            {"sys00-deptIds", "部门id", depts},
            {"sys00-dept", "部门", names},
            {"sys00-mainDeptId", "主部门id", std::to_string(deptIds_[primary])},
            {"sys00-mainDept", "主部门", deptName(primary)},
        }};
    };
    std::string out = "{\"result\":[";
    for (const std::string& id : ids) {
        const Index index = directory_->findMember(id);
        if (index == kNone || !directory_->isActive(index) || call.effects.emptySuccess) {
            continue;
        }
        out += out.ends_with('[') ? "{" : ",{";
        appendText(out, "corpId", directory_->organisation().corpId);
        appendText(out, "userId", id);
        out += ",\"fieldDataList\":[";
        bool first = true;
        for (const auto& [code, name, value] : fieldsOf(directory_->member(index))) {
            if (value.empty() ||
                (!wanted.empty() && std::find(wanted.begin(), wanted.end(), code) == wanted.end())) {
                continue;
            }
            out += first ? "{" : ",{";
            first = false;
            appendText(out, "fieldCode", code);
            appendText(out, "fieldName", name);
            appendText(out, "groupId", "sys00");
            out += ",\"fieldValueList\":[{";
            appendText(out, "value", value);
            appendText(out, "label", value);
            appendInteger(out, "itemIndex", 0);
            out += "}]}";
        }
        out += "]}";
    }
    return v1Success(out + "]}");
}

}  // namespace corps::emulator
