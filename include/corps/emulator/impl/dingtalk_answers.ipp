#pragma once

#include <corps/emulator/impl/dingtalk_impl.ipp>
#include <corps/emulator/impl/fields.hpp>
#include <corps/emulator/impl/numbered_ids.hpp>

#include <algorithm>
#include <array>
#include <chrono>

/** @file What DingTalk's calls are given and how they answer. */
namespace corps::emulator {

namespace detail::dingtalk {

using detail::appendFlag;
using detail::appendInteger;
using detail::appendList;
using detail::appendText;

inline constexpr std::string_view kDeptRead = "qyapi_get_department_list";
inline constexpr std::string_view kDeptMembers = "qyapi_get_department_member";
inline constexpr std::string_view kMember = "qyapi_get_member";
inline constexpr std::string_view kBase = "qyapi_base";
inline constexpr std::string_view kHrRead = "qyapi_hrm_read_user";
inline constexpr std::string_view kHistoric = "historic_contacts";
inline constexpr std::string_view kFieldMobile = "fieldMobile";
inline constexpr std::string_view kFieldEmail = "fieldEmail";

inline constexpr std::array<std::string_view, 12> kPermissions{kBase,
                                                               kDeptRead,
                                                               kDeptMembers,
                                                               kMember,
                                                               "qyapi_get_member_by_mobile",
                                                               kFieldMobile,
                                                               kFieldEmail,
                                                               "Contact.User.Read",
                                                               "Contact.User.mobile",
                                                               "Contact.Org.Read",
                                                               "Contact.Common.Read",
                                                               "open_app_api_base"};

/** DingTalk's words for its numbers. */
inline std::string_view errorText(std::int64_t code) noexcept {
    struct Entry {
        std::int64_t code;
        std::string_view text;
    };
    static constexpr std::array<Entry, 36> kTexts{{
        {-1, "系统繁忙"},
        {404, "请求的URI地址不存在"},
        {33011, "无效的roleId"},
        {33012, "无效的USERID"},
        {40000, "access_token is blank"},
        {40001, "获取access_token时Secret错误，或者access_token无效"},
        {40009, "不合法的部门id"},
        {40014, "不合法的access_token"},
        {40018, "不允许以递归方式查询部门用户列表"},
        {40035, "不合法的参数"},
        {40036, "参数为空"},
        {40068, "不合法的偏移量"},
        {40069, "不合法的分页大小"},
        {40078, "不存在的临时授权码"},
        {40089, "不合法的corpId或corpSecret"},
        {40096, "不合法的appKey或appSecret"},
        {40102, "过期的临时授权码"},
        {40104, "电话号码无效"},
        {41001, "缺少access_token参数"},
        {42001, "access_token超时"},
        {43001, "需要GET请求"},
        {43002, "需要POST请求"},
        {43007, "需要授权"},
        {45009, "接口调用超过限制"},
        {47001, "解析JSON/XML内容错误"},
        {48002, "Api禁用"},
        {50002, "请求的员工userid不在授权范围内"},
        {50004, "请求的部门id不在授权范围内"},
        {60003, "部门不存在"},
        {60011, "没有调用该接口的权限"},
        {60019, "从部门查询人员失败"},
        {60120, "用户已禁用"},
        {60121, "找不到该用户"},
        {90020, "接口调用超过限制"},
        {400001, "系统错误"},
        {400002, "无效的参数"},
    }};
    for (const Entry& entry : kTexts) {
        if (entry.code == code) {
            return entry.text;
        }
    }
    return "";
}

/** Whether topapi wraps this number in 88. */
inline bool isGatewayCode(std::int64_t code) noexcept {
    static constexpr std::array<std::int64_t, 13> kCodes{40000, 40001, 40014, 41001, 42001, 60011, 60020,
                                                         90001, 90002, 90005, 90006, 90018, 90020};
    return std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

inline void appendTwo(std::string& out, unsigned value) {
    out.push_back(static_cast<char>('0' + value / 10 % 10));
    out.push_back(static_cast<char>('0' + value % 10));
}

/** A moment as `YYYY-MM-DD`, then `separator`, then `HH:MM:SS`. */
inline std::string formatTime(std::int64_t epochMs, char separator) {
    const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(epochMs)};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const auto seconds = static_cast<unsigned>(std::chrono::floor<std::chrono::seconds>(time - day).count());
    std::string out = std::to_string(static_cast<int>(date.year()));
    out += '-';
    appendTwo(out, static_cast<unsigned>(date.month()));
    out += '-';
    appendTwo(out, static_cast<unsigned>(date.day()));
    out += separator;
    appendTwo(out, seconds / 3600);
    out += ':';
    appendTwo(out, seconds / 60 % 60);
    out += ':';
    appendTwo(out, seconds % 60);
    return out;
}

/** The same on a clock in Shanghai. */
inline std::string shanghaiTime(std::int64_t epochMs) { return formatTime(epochMs + 8 * 3'600'000, ' '); }

}  // namespace detail::dingtalk

// ---------------------------------------------------------------------------------------------------------------------------
// Answers

CORPS_DECL std::string DingTalkServer::Impl::requestId() {
    static constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
    const detail::Id128 id = detail::Hash128("request").add(secret_).add(++answers_).id();
    std::string out;
    std::uint64_t rest = id.high;
    for (std::size_t left = 11 + id.low % 4; left > 0; --left) {
        out.push_back(kDigits[static_cast<std::size_t>(rest % 36)]);
        rest = rest / 36 + id.low;
    }
    return out;
}

CORPS_DECL std::string DingTalkServer::Impl::uuid() {
    std::string out;
    detail::appendHex(out, detail::Hash128("uuid").add(secret_).add(++answers_).id());
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; });
    for (const std::size_t at : {8U, 13U, 18U, 23U}) {
        out.insert(at, 1, '-');
    }
    return out;
}

CORPS_DECL HttpReply DingTalkServer::Impl::reply(std::string body) {
    HttpReply out;
    out.headers = {{"Server", "DingTalk/1.0.0"}};
    out.contentType = family_ == Family::topapi ? "application/json;charset=UTF-8" : "application/json";
    out.body = std::move(body);
    out.chunked = true;
    if (options_.behaviour.escapeSlashes) {
        std::string escaped;
        for (const char c : out.body) {
            if (c == '/') {
                escaped += '\\';
            }
            escaped += c;
        }
        out.body = std::move(escaped);
    }
    return out;
}

/** `{"errcode":0,"errmsg":"ok","result":...,"request_id":"..."}`. */
CORPS_DECL HttpReply DingTalkServer::Impl::succeed(std::string_view result) {
    return succeedFlat("", result.empty() ? std::string() : "\"result\":" + std::string(result));
}

/** An answer whose members stand on top, before and after the code. */
CORPS_DECL HttpReply DingTalkServer::Impl::succeedFlat(std::string_view before, std::string_view after,
                                                       bool errmsg) {
    std::string body = "{";
    const auto add = [&body](std::string_view members) {
        if (!members.empty()) {
            body += body.size() == 1 ? "" : ",";
            body += members;
        }
    };
    add(before);
    add(R"("errcode":0)");
    add(errmsg ? R"("errmsg":"ok")" : "");
    add(after);
    if (family_ == Family::topapi) {
        add("\"request_id\":\"" + requestId() + "\"");
    }
    return reply(body + "}");
}

CORPS_DECL HttpReply DingTalkServer::Impl::failure(std::int64_t code, std::string_view msg) {
    std::string body = "{\"errcode\":";
    detail::appendNumber(body, code);
    body += ",\"errmsg\":";
    detail::appendJson(body, msg.empty() ? detail::dingtalk::errorText(code) : msg);
    if (family_ == Family::topapi) {
        body += ",\"request_id\":\"" + requestId() + "\"";
    }
    return reply(body + "}");
}

CORPS_DECL HttpReply DingTalkServer::Impl::gatewayFailure(std::int64_t code, std::string_view msg) {
    if (family_ != Family::topapi) {
        return failure(code, msg);
    }
    const std::string text(msg.empty() ? detail::dingtalk::errorText(code) : msg);
    const std::string number = std::to_string(code);
    std::string body = R"({"errcode":88,"sub_code":")" + number + "\",\"sub_msg\":";
    detail::appendJson(body, text);
    body += ",\"errmsg\":";
    detail::appendJson(body, "ding talk error[subcode=" + number + ",submsg=" + text + "]");
    return reply(body + ",\"request_id\":\"" + requestId() + "\"}");
}

CORPS_DECL HttpReply DingTalkServer::Impl::v1Success(std::string body) {
    HttpReply out = reply(std::move(body));
    out.contentType = "application/json;charset=utf-8";
    const std::string id = uuid();
    out.headers.emplace_back("x-acs-request-id", id);
    out.headers.emplace_back("x-acs-trace-id", id);
    return out;
}

CORPS_DECL HttpReply DingTalkServer::Impl::v1Failure(int httpStatus, std::string_view code,
                                                     std::string_view message, std::string_view detail) {
    HttpReply out = v1Success("");
    out.status = httpStatus;
    out.body = "{\"code\":";
    detail::appendJson(out.body, code);
    out.body += ",\"requestid\":\"" + out.headers.back().second + "\",\"message\":";
    detail::appendJson(out.body, message);
    if (!detail.empty()) {
        out.body += ",\"accessdenieddetail\":";
        out.body += detail;
    }
    out.body += '}';
    return out;
}

/** Success, and nothing in it. */
CORPS_DECL HttpReply DingTalkServer::Impl::nothing() {
    return family_ == Family::v1 ? v1Success("{}") : succeed("");
}

CORPS_DECL HttpReply DingTalkServer::Impl::unknownPath(const HttpRequest& request) {
    if (wrongMethod_ && family_ != Family::v1) {
        return failure(request.method == "GET" ? 43002 : 43001);
    }
    switch (family_) {
        case Family::topapi: {
            std::string api = "dingtalk.oapi." + detail::quotable(request.path.substr(8));
            std::replace(api.begin(), api.end(), '/', '.');
            const std::string sub = "不合法ApiName，ApiName = " + api;
            std::string body = "{\"errcode\":22,\"sub_msg\":";
            detail::appendJson(body, sub);
            body += ",\"errmsg\":";
            detail::appendJson(body, "Invalid method[submsg=" + sub + "]");
            return reply(body + ",\"request_id\":\"" + requestId() + "\"}");
        }
        case Family::v1:
            return v1Failure(options_.behaviour.unknownPathStatus, "InvalidAction.NotFound",
                             "Specified api is not found, please check your url and method.");
        case Family::old:
        case Family::page: break;
    }
    return failure(404);
}

CORPS_DECL HttpReply DingTalkServer::Impl::permissionMissing(const Call& call, std::string_view permission) {
    const std::string point(permission);
    if (family_ == Family::v1) {
        std::string detail = "{\"requiredScopes\":[";
        detail::appendJson(detail, point);
        return v1Failure(403, "Forbidden.AccessDenied.AccessTokenPermissionDenied", "没有调用该接口的权限",
                         detail + "]}");
    }
    if (permission == detail::dingtalk::kHistoric) {
        return gatewayFailure(60011);
    }
    return gatewayFailure(60011, "应用尚未开通所需的权限：[" + point +
                                     "]，点击链接申请并开通即可：https://open-dev.dingtalk.com/appscope/"
                                     "apply?content=" +
                                     detail::quotable(call.appKey) + "%23" + point + ", {requiredScopes=[" +
                                     point + "]}");
}

CORPS_DECL HttpReply DingTalkServer::Impl::tooFast(Limit limit, std::uint32_t calls, std::int64_t seconds,
                                                   bool times) {
    const bool own = limit == Limit::appAndApi;
    if (family_ == Family::v1) {
        return own ? v1Failure(403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi",
                               "您的企业应用调用钉钉开放平台当前接口的所有请求都被暂时禁用了")
                   : v1Failure(403, "Forbidden.AccessDenied.QpsLimitForApi",
                               "您的服务器调用钉钉开放平台当前接口的所有请求都被暂时禁用了");
    }
    std::string text =
        own ? "您的企业应用调用钉钉开放平台当前接口的所有请求都被暂时禁用了"
            : "当前所有钉钉应用调用该接口次数过多，超出了该接口承受的最大qps，请求被暂时限制了，建议错开整点"
              "时刻调用该接口";
    if (times) {
        const std::int64_t now = core_.nowMs();
        const std::string from = detail::dingtalk::shanghaiTime(now);
        text += ", apiPath(" + (endpoint_ == nullptr ? std::string("unknown") : endpoint_->api) + "), 从 " +
                from + " 到 " + from + " 请求总次数超过 " + std::to_string(calls) + " 次, 限制将在 " +
                detail::dingtalk::shanghaiTime(now + seconds * 1000) + " 结束.";
    }
    return gatewayFailure(own ? 90018 : 90002, text);
}

CORPS_DECL HttpReply DingTalkServer::Impl::tooFast(const Fault& fault) {
    HttpReply out = fault.code == 90002 ? tooFast(Limit::api, 1200, fault.resetSeconds, fault.headers)
                                        : tooFast(Limit::appAndApi, 20, fault.resetSeconds, fault.headers);
    if (fault.httpStatus != 0) {
        out.status = fault.httpStatus;
    }
    return out;
}

CORPS_DECL HttpReply DingTalkServer::Impl::envelope(int httpStatus, std::int64_t code,
                                                    const std::string& msg) {
    if (family_ == Family::v1) {
        return v1Failure(httpStatus == 200 ? 400 : httpStatus, msg.empty() ? std::to_string(code) : msg, msg);
    }
    HttpReply out = detail::dingtalk::isGatewayCode(code) ? gatewayFailure(code, msg) : failure(code, msg);
    out.status = httpStatus;
    return out;
}

CORPS_DECL HttpReply DingTalkServer::Impl::internalError(int httpStatus) {
    HttpReply out =
        family_ == Family::v1 ? v1Failure(httpStatus, "ServiceUnavailable", "系统繁忙") : failure(-1);
    out.status = httpStatus;
    return out;
}

}  // namespace corps::emulator
