// The calls of Feishu that a client makes: their paths, limits, and where the records are in their answers.
#pragma once

#include <corps/client/pull.hpp>
#include <corps/context/rate_limiter.hpp>
#include <corps/transport/message.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace corps::detail {

inline constexpr std::string_view kFsItems[] = {"data", "items"};
inline constexpr std::string_view kFsMembers[] = {"data", "members"};
inline constexpr std::string_view kFsOpenDepartmentId[] = {"open_department_id"};
inline constexpr std::string_view kFsDepartmentId[] = {"department_id"};
inline constexpr std::string_view kFsOpenId[] = {"open_id"};
inline constexpr std::string_view kFsUserId[] = {"user_id"};
inline constexpr std::string_view kFsUnionId[] = {"union_id"};

// The key of a unit is data, so each id type that may be chosen has a shape of its own.
inline constexpr std::array<PageShape, 6> kFsShapes = {
    PageShape{"feishu.department", kFsItems, kFsOpenDepartmentId, 1},
    PageShape{"feishu.department.custom", kFsItems, kFsDepartmentId, 1},
    PageShape{"feishu.user.open_id", kFsItems, kFsOpenId, 2},
    PageShape{"feishu.user.user_id", kFsItems, kFsUserId, 2},
    PageShape{"feishu.user.union_id", kFsItems, kFsUnionId, 2},
    PageShape{"feishu.role_member", kFsMembers, kFsUserId, 1},
};
inline constexpr PageShape const& kFsRoleMemberShape = kFsShapes[5];

inline constexpr std::string_view kFsRoot = "0";
inline constexpr std::string_view kFsChildren =
    "GET /open-apis/contact/v3/departments/:department_id/children";
inline constexpr std::string_view kFsDepartment = "GET /open-apis/contact/v3/departments/:department_id";
inline constexpr std::string_view kFsDepartmentBatch = "GET /open-apis/contact/v3/departments/batch";
inline constexpr std::string_view kFsUsersOf = "GET /open-apis/contact/v3/users/find_by_department";
inline constexpr std::string_view kFsUserBatch = "GET /open-apis/contact/v3/users/batch";
inline constexpr std::string_view kFsUser = "GET /open-apis/contact/v3/users/:user_id";
inline constexpr std::string_view kFsScopes = "GET /open-apis/contact/v3/scopes";
inline constexpr std::string_view kFsRoleMembers =
    "GET /open-apis/contact/v3/functional_roles/:role_id/members";
inline constexpr std::string_view kFsTenant = "GET /open-apis/tenant/v2/tenant/query";

inline constexpr std::size_t kFsBatch = 50;  // ids in one call of departments/batch and users/batch

/** The path of an endpoint, without its method. */
inline std::string fsPath(std::string_view endpoint) {
    return std::string(endpoint.substr(endpoint.find(' ') + 1));
}

inline std::string fsPath(std::string_view endpoint, std::string_view parameter, std::string_view value) {
    std::string out = fsPath(endpoint);
    std::size_t const at = out.find(parameter);
    out.replace(at, parameter.size(), percentEncode(value));
    return out;
}

/** What logs and limits call a path given as a whole: without what looks like an id in it. */
inline std::string fsEndpoint(std::string_view method, std::string_view path) {
    std::string out(method);
    out += ' ';
    while (!path.empty()) {
        std::size_t const end = std::min(path.find('/', 1), path.size());
        std::string_view const part = path.substr(0, end);
        path.remove_prefix(end);
        bool const version = part.size() == 3 && part[1] == 'v' && part[2] >= '0' && part[2] <= '9';
        bool const id = !version && part.find_first_of("0123456789@%-.") != std::string_view::npos &&
                        part != "/open-apis";
        out += id ? std::string_view("/:id") : part;
    }
    return out;
}

/** The published limits (Feishu: frequency control), per API, application and tenant. */
inline std::vector<RateWindow> fsWindows(std::string_view endpoint) {
    auto const has = [endpoint](std::string_view part) {
        return endpoint.find(part) != std::string_view::npos;
    };
    using std::chrono::minutes;
    using std::chrono::seconds;
    std::vector<RateWindow> out;
    if (has("/contact/v3/job_titles")) {
        out.push_back(RateWindow{10, minutes(1)});
    } else if (has("/contact/v3/functional_roles") || has("/ehr/v1/") || has("/application/v6/")) {
        out.push_back(RateWindow{100, minutes(1)});
    } else {
        out.push_back(RateWindow{50, seconds(1)});
        out.push_back(RateWindow{1000, minutes(1)});
    }
    return out;
}

}  // namespace corps::detail
