// The hosts of DingTalk's two API families.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace corps::detail {

inline constexpr std::string_view kDingTalkOapi = "https://oapi.dingtalk.com";
inline constexpr std::string_view kDingTalkApi = "https://api.dingtalk.com";
inline constexpr std::string_view kDingTalkAbroadOapi = "https://oapi.dingtalk.io";
inline constexpr std::string_view kDingTalkAbroadApi = "https://api.dingtalk.io";
inline constexpr std::string_view kDingTalkLogin = "https://login.dingtalk.com";

/** The host of the v1.0 family where only that of the topapi family is told: a server of its own has both. */
inline std::string_view dingTalkApiBeside(std::string_view oapi) {
    if (oapi == kDingTalkOapi) return kDingTalkApi;
    if (oapi == kDingTalkAbroadOapi) return kDingTalkAbroadApi;
    return oapi;
}

/** Whether a path or address belongs to the family whose token goes into a header. */
inline bool isDingTalkV1(std::string_view url) {
    std::size_t const scheme = url.find("://");
    if (scheme != std::string_view::npos) url.remove_prefix(std::min(url.find('/', scheme + 3), url.size()));
    return url.size() > 3 && url[0] == '/' && url[1] == 'v' && url[2] >= '0' && url[2] <= '9';
}

}  // namespace corps::detail
