// The calls of WeCom that a client makes, and where the records are in their answers.
#pragma once

#include <corps/client/impl/json_fields.hpp>
#include <corps/client/pull.hpp>
#include <corps/context/context.hpp>
#include <corps/context/rate_limiter.hpp>

#include <boost/json/object.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corps::detail {

inline constexpr std::string_view kQywxDepartmentPath[] = {"department"};
inline constexpr std::string_view kQywxDepartmentIdPath[] = {"department_id"};
inline constexpr std::string_view kQywxUserPath[] = {"userlist"};
inline constexpr std::string_view kQywxTagPath[] = {"taglist"};
inline constexpr std::string_view kQywxPairPath[] = {"dept_user"};
inline constexpr std::string_view kQywxIdKey[] = {"id"};
inline constexpr std::string_view kQywxUserKey[] = {"userid"};
inline constexpr std::string_view kQywxTagKey[] = {"tagid"};

inline constexpr std::array<PageShape, 8> kQywxShapes = {
    PageShape{"wecom.department", kQywxDepartmentPath, kQywxIdKey, 1},
    PageShape{"wecom.department_id", kQywxDepartmentIdPath, kQywxIdKey, 1},
    PageShape{"wecom.user", kQywxUserPath, kQywxUserKey, 1},
    PageShape{"wecom.tag", kQywxTagPath, kQywxTagKey, 1},
    PageShape{"wecom.tag_member", kQywxUserPath, kQywxUserKey, 1},
    PageShape{"wecom.dept_user", kQywxPairPath, kQywxUserKey, 1},
    // Of an application that is sent ids in the place of names.
    PageShape{"wecom.department_nameless", kQywxDepartmentPath, kQywxIdKey, 1},
    PageShape{"wecom.user_nameless", kQywxUserPath, kQywxUserKey, 1},
};
inline constexpr std::size_t kQywxInnerShapes = 6;
inline constexpr PageShape const& kQywxDeptShape = kQywxShapes[0];
inline constexpr PageShape const& kQywxSimpleDeptShape = kQywxShapes[1];
inline constexpr PageShape const& kQywxUserShape = kQywxShapes[2];
inline constexpr PageShape const& kQywxTagShape = kQywxShapes[3];
inline constexpr PageShape const& kQywxTagMemberShape = kQywxShapes[4];
inline constexpr PageShape const& kQywxPairShape = kQywxShapes[5];
inline constexpr PageShape const& kQywxNamelessDeptShape = kQywxShapes[6];
inline constexpr PageShape const& kQywxNamelessUserShape = kQywxShapes[7];

inline constexpr std::string_view kQywxRoot = "1";
inline constexpr std::string_view kQywxAgent = "/cgi-bin/agent/get";
inline constexpr std::string_view kQywxAgents = "/cgi-bin/agent/list";
inline constexpr std::string_view kQywxDepartments = "/cgi-bin/department/list";
inline constexpr std::string_view kQywxDepartmentIds = "/cgi-bin/department/simplelist";
inline constexpr std::string_view kQywxDepartment = "/cgi-bin/department/get";
inline constexpr std::string_view kQywxUsersOf = "/cgi-bin/user/list";
inline constexpr std::string_view kQywxUser = "/cgi-bin/user/get";
inline constexpr std::string_view kQywxUserIds = "/cgi-bin/user/list_id";
inline constexpr std::string_view kQywxTags = "/cgi-bin/tag/list";
inline constexpr std::string_view kQywxTag = "/cgi-bin/tag/get";

/** The kinds of ids of people: the enterprise's own, and those that a provider is shown in their place. */
inline constexpr std::string_view kQywxPlainIds = "userid";
inline constexpr std::string_view kQywxOpenIds = "open_userid";
/** How the second kind looks, as far as anybody has seen: the platform does not say. */
inline bool qywxOpenUserId(std::string_view id) noexcept { return id.size() >= 24 && id.starts_with("wo"); }
inline constexpr std::size_t kQywxConversions = 1000;  // ids a call

inline constexpr int kQywxIdPage = 10'000;
// One answer may hold a whole enterprise: some 400 bytes a member.
inline constexpr std::size_t kQywxLargestAnswer = std::size_t{1} << 30U;
inline constexpr std::chrono::milliseconds kQywxPatience{180'000};

/** The published limits (WeCom: document/path/90312), per API and enterprise. */
inline std::vector<RateWindow> qywxWindows() {
    return {RateWindow{10'000, std::chrono::minutes(1)}, RateWindow{150'000, std::chrono::hours(1)}};
}

/** What a provider has beside these, per API and address, for all enterprises together. */
inline std::vector<RateWindow> qywxProviderWindows() {
    return {RateWindow{40'000, std::chrono::minutes(1)}, RateWindow{1'200'000, std::chrono::hours(1)}};
}

/** A number that may stand as text. */
inline std::string qywxNumber(boost::json::object const& settings, std::string_view key) {
    if (std::optional<std::int64_t> const n = jsonInteger(settings, key)) return std::to_string(*n);
    return jsonTextOr(settings, key);
}

/** What paces one API of one enterprise; a provider's calls count for all its enterprises together, too. */
inline RateLimiter& qywxLimiter(Context const& context, std::string const& baseUrl, std::string const& corpId,
                                std::string const& path, bool provider) {
    RateLimiters& all = context.limiters();
    std::string const host = (provider ? "wecom provider " : "wecom ") + baseUrl + " ";
    if (!provider) return all.get(host + corpId + " " + path, qywxWindows());
    RateLimiter& common = all.get(host + path, qywxProviderWindows());
    return all.get(host + corpId + " " + path, qywxWindows(), common);
}

}  // namespace corps::detail
