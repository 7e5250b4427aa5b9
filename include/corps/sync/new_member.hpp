#pragma once

#include <corps/detail/config.hpp>
#include <corps/model/field.hpp>
#include <corps/model/ids.hpp>
#include <corps/model/json_text.hpp>
#include <corps/model/member_status.hpp>

#include <boost/json/fwd.hpp>

#include <string>
#include <vector>

namespace corps {

/**
 * Somebody to add to a corp that is edited here: `corp.addMember({.nick = "Zhang San", .deptIdList =
 * {"dept001"}})`. What is empty was not given.
 */
struct NewMember {
    std::string nick{};                ///< required
    std::vector<DeptId> deptIdList{};  ///< required; the first is the primary department
    std::vector<RoleId> roleIdList{};
    std::string phone{};     ///< kept as given
    std::string username{};  ///< of the user; unique among all users of the store
    std::string password{};  ///< the password or its MD5 (32 hex digits); needs a username
    MemberId memberId{};     ///< not given: a new one
    UserId userId{};         ///< not given: a new user; one that exists is bound to the member
};

/** What updateUserInfo changes: the fields that are known. Empty text takes a value away (not the nick). */
struct MemberUpdate {
    Field<std::string> nick{};
    Field<std::string> phone{};
    Field<std::string> email{};
    Field<std::string> photo{};
    Field<Gender> gender{};
    Field<JsonText> extendConf{};  ///< an object; takes the place of the whole one there was
};

/** The same from JSON. @throws Error(Errc::invalidArgument) for a key that is not one of these, or a value of
 * another kind. */
[[nodiscard]] CORPS_DECL MemberUpdate memberUpdateFromJson(boost::json::object const& fields);

/** The documented numbers. @throws Error(Errc::invalidArgument) unless it is 1 (active) or 2 (resigned). */
[[nodiscard]] CORPS_DECL MemberStatus memberStatusOf(int number);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/new_member.ipp>
#endif
