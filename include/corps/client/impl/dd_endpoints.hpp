// The calls of DingTalk that a client makes, and where the records are in their answers.
#pragma once

#include <corps/client/pull.hpp>
#include <corps/context/rate_limiter.hpp>
#include <corps/error/error.hpp>

#include <boost/json/object.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corps::detail {

inline constexpr std::string_view kDdResult[] = {"result"};
inline constexpr std::string_view kDdList[] = {"result", "list"};
inline constexpr std::string_view kDdDeptKey[] = {"dept_id"};
inline constexpr std::string_view kDdUserKey[] = {"userid"};
inline constexpr std::string_view kDdGroupKey[] = {"groupId"};

inline constexpr std::array<PageShape, 5> kDdShapes = {
    PageShape{"dingtalk.department", kDdResult, kDdDeptKey, 1},
    PageShape{"dingtalk.user", kDdList, kDdUserKey, 1},
    PageShape{"dingtalk.role_group", kDdList, kDdGroupKey, 1},
    PageShape{"dingtalk.role_member", kDdList, kDdUserKey, 1},
    PageShape{"dingtalk.admin", kDdResult, kDdUserKey, 1},
};
inline constexpr PageShape const& kDdDeptShape = kDdShapes[0];
inline constexpr PageShape const& kDdUserShape = kDdShapes[1];
inline constexpr PageShape const& kDdRoleShape = kDdShapes[2];
inline constexpr PageShape const& kDdRoleMemberShape = kDdShapes[3];
inline constexpr PageShape const& kDdAdminShape = kDdShapes[4];

inline constexpr std::string_view kDdRoot = "1";
inline constexpr std::string_view kDdScopes = "/auth/scopes";
inline constexpr std::string_view kDdSubDepartments = "/topapi/v2/department/listsub";
inline constexpr std::string_view kDdDepartment = "/topapi/v2/department/get";
inline constexpr std::string_view kDdUsersOf = "/topapi/v2/user/list";
inline constexpr std::string_view kDdUser = "/topapi/v2/user/get";
inline constexpr std::string_view kDdRoles = "/topapi/role/list";
inline constexpr std::string_view kDdRoleMembers = "/topapi/role/simplelist";
inline constexpr std::string_view kDdAdmins = "/topapi/user/listadmin";

inline constexpr std::int64_t kDdUserPage = 100;
inline constexpr std::int64_t kDdRolePage = 200;
inline constexpr std::int64_t kDdRoleMemberPage = 100;

// Keys that the client itself adds to a record, for what another call told of it.
inline constexpr std::string_view kDdMainDept = "main_dept_id";
inline constexpr std::string_view kDdNoDetail = "detail_missing";

/** A record with keys in front of its own; `keys` without brackets ("\"a\":1"). */
inline std::string ddWithKeys(std::string_view record, std::string_view keys) {
    std::size_t const open = record.find('{');
    std::size_t const next = record.find_first_not_of(" \t\r\n", open + 1);
    std::string out = "{";
    out += keys;
    if (next != std::string_view::npos && record[next] != '}') out += ',';
    out += record.substr(open + 1);
    return out;
}

/** A department's number from its id; nothing for what DingTalk cannot have given. */
inline std::optional<std::int64_t> ddDeptNumber(std::string_view id) {
    std::int64_t out = 0;
    auto const [end, ec] = std::from_chars(id.data(), id.data() + id.size(), out);
    if (ec != std::errc() || end != id.data() + id.size()) return std::nullopt;
    return out;
}

inline boost::json::object ddDeptBody(std::string_view id) {
    boost::json::object out;
    if (std::optional<std::int64_t> const number = ddDeptNumber(id)) {
        out["dept_id"] = *number;
    } else {
        out["dept_id"] = id;  // the platform says what is wrong with it
    }
    return out;
}

/**
 * How far a page of the list of roles leads, where no cursor says it. Nobody says whether its size counts
 * groups or roles; of a page that is full in neither way only the groups are certain.
 */
inline std::int64_t ddRolesRead(std::size_t groups, std::size_t roles, std::int64_t size = kDdRolePage) {
    std::size_t const most = static_cast<std::size_t>(size);
    return groups >= most || roles >= most ? size : static_cast<std::int64_t>(groups);
}

/** The published limit (DingTalk: call-frequency-limit): 20 calls a second of one API by one application. */
inline std::vector<RateWindow> ddWindows() { return {RateWindow{20, std::chrono::seconds(1)}}; }

/** Of a list whose pages go on without end. */
inline Error ddNothingNew() {
    return Error(Errc::protocol, "a list is said to go on, but its page brings nothing new");
}

}  // namespace corps::detail
