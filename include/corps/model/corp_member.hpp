#pragma once

#include <corps/model/member_status.hpp>
#include <corps/model/record.hpp>

#include <string>

namespace corps {

/** A person in a corp. */
struct CorpMember {
    MemberId memberId{};
    Field<UserId> userId{};  ///< the user of the pool this member is bound to
    Field<std::string> nick{};
    Field<std::string> phone{};  ///< E.164 where it could be parsed
    Field<std::string> email{};
    Field<std::string> photo{};
    Field<Gender> gender{};
    Field<std::string> jobNumber{};
    Field<std::string> position{};
    /** As upstream, or who edits the corp, has it. A mark set here may override it: see effectiveStatus(). */
    MemberStatus status = MemberStatus::active;
    Field<std::string> upstreamStatus{};  ///< what else the platform says, in its own word
    Field<Date> hiredDate{};              ///< in UTC+8
    Field<std::string> thirdUserId{};     ///< the memberId as pulled
    Field<std::string> openId{};
    Field<std::string> unionId{};
    std::string corpFullName{};
    Field<JsonText> extendConf{};
    // Kept beside the record and out of its JSON:
    Field<int> localStatus{};        ///< 2: set offline here, through every sync; 0 or unknown: no mark
    Field<bool> rolesLocal{};        ///< the roles of this member are owned here
    Field<std::string> signature{};  ///< see getUserSignature

    /** The nick; empty when unknown. */
    [[nodiscard]] std::string name() const { return nick.valueOr(); }

    friend bool operator==(CorpMember const&, CorpMember const&) = default;
};

CORPS_RECORD(CorpMember, key(memberId), local(userId),
             upstream(nick, phone, email, photo, gender, jobNumber, position, status, upstreamStatus,
                      hiredDate, thirdUserId, openId, unionId),
             corp(corpFullName), local(extendConf), internal(localStatus, rolesLocal, signature),  //
             index(userId), index(phone), index(email), index(jobNumber), index(nick))

/**
 * The status that counts: resigned when the stored status says so or when the member was set offline here.
 * Everything that asks whether a member is active asks this; the readers of a Corp return members with
 * `status` already set to it.
 */
[[nodiscard]] inline MemberStatus effectiveStatus(CorpMember const& m) noexcept {
    bool const offlineHere =
        m.localStatus.known() && m.localStatus.value() == static_cast<int>(MemberStatus::resigned);
    return offlineHere ? MemberStatus::resigned : m.status;
}

}  // namespace corps
