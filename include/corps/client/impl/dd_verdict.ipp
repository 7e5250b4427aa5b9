// What DingTalk's answers mean.
#pragma once

#include <corps/client/dd_client.hpp>
#include <corps/client/impl/json_fields.hpp>
#include <corps/model/date.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace corps {
namespace detail {

/** Problems of the gateway come wrapped in 88, with the number that counts in sub_code (DingTalk:
 * server-api-error-codes). */
inline std::optional<std::int64_t> ddCode(boost::json::object const& o) {
    std::optional<std::int64_t> const code = jsonInteger(o, "errcode");
    if (code != 88) return code;
    if (std::optional<std::int64_t> const sub = jsonInteger(o, "sub_code")) return sub;
    std::string_view const message = jsonText(o, "errmsg").value_or(std::string_view());
    std::size_t const at = message.find("subcode=");
    if (at != std::string_view::npos) {
        std::int64_t sub = 0;
        char const* const from = message.data() + at + 8;
        if (std::from_chars(from, message.data() + message.size(), sub).ec == std::errc()) return sub;
    }
    return code;
}

/** Whether a text of the platform has the form of a permission's name: then it may stand in our messages. */
inline bool ddIsPermission(std::string_view name) {
    return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
               c == '_' || c == '-';
    });
}

/** The names in "requiredScopes=[a, b]". */
inline void ddPermissionsInText(std::string_view message, std::vector<std::string>& out) {
    constexpr std::string_view kKey = "requiredScopes=[";
    std::size_t const at = message.find(kKey);
    std::size_t const close = at == std::string_view::npos ? at : message.find(']', at);
    if (close == std::string_view::npos) return;
    namesInList(message.substr(at + kKey.size(), close - at - kKey.size()), &ddIsPermission, out);
}

/** Seconds of the day of "2026-09-03 00:01:02" at `at`. */
inline std::optional<std::int64_t> ddClock(std::string_view text, std::size_t at) {
    while (at < text.size() && text[at] == ' ') ++at;
    std::string_view const t = text.substr(std::min(at, text.size()));
    if (t.size() < 19) return std::nullopt;
    std::optional<Date> const day = Date::parse(t.substr(0, 10));
    auto const two = [t](std::size_t i) { return (t[i] - '0') * 10 + (t[i + 1] - '0'); };
    for (std::size_t const i : {11U, 12U, 14U, 15U, 17U, 18U})
        if (t[i] < '0' || t[i] > '9') return std::nullopt;
    if (!day) return std::nullopt;
    return two(11) * 3600 + two(14) * 60 + two(17);
}

/**
 * How long a refusal for speed lasts: the text says when the counted calls ended ("到 T") and when the
 * refusal will ("将在 T 结束"), both by the platform's clock, so that ours does not matter. A second where it
 * says nothing.
 */
inline Duration ddThrottledFor(std::string_view message) {
    constexpr std::string_view kTo = "到 ";
    constexpr std::string_view kUntil = "将在";
    Duration const second = std::chrono::seconds(1);
    std::size_t const to = message.find(kTo);
    std::size_t const until = message.find(kUntil);
    if (to == std::string_view::npos || until == std::string_view::npos) return second;
    std::optional<std::int64_t> const from = ddClock(message, to + kTo.size());
    std::optional<std::int64_t> const end = ddClock(message, until + kUntil.size());
    if (!from || !end) return second;
    std::int64_t seconds = *end - *from;
    if (seconds < 0) seconds += 24 * 3600;  // over midnight
    return std::max(second, Duration(std::chrono::seconds(seconds)));
}

inline void ddNamePermissions(Verdict& v) {
    if (v.missingPermissions.empty()) return;
    v.message += v.missingPermissions.size() == 1 ? ": " : ": one of ";
    for (std::size_t i = 0; i < v.missingPermissions.size(); ++i)
        v.message += (i == 0 ? "" : ", ") + v.missingPermissions[i];
}

inline Verdict ddVerdictOf(std::int64_t code, std::string_view subMessage) {
    switch (code) {
        case 40000:
        case 40001:
        case 40014:
        case 41001:
        case 42001:
            return Verdict(Outcome::failed, Errc::authRejected,
                           "the platform refuses the application's token for this call");
        case 50003:
        case 50005:
        case 70001:
            return Verdict(Outcome::failed, Errc::authRejected,
                           "the application or the organisation is disabled");
        case 60020:
            return Verdict(Outcome::failed, Errc::permissionDenied,
                           "calls from this address are not allowed");
        case 43007:
        case 48002:
        case 60011:
            return Verdict(Outcome::failed, Errc::permissionDenied, "the application lacks a permission");
        case 50002:
        case 50004:
            return Verdict(Outcome::failed, Errc::permissionDenied, "outside what the application may see");
        case 33011:
        case 33012:
        case 40003:
        case 40104:
        case 60003:
        case 60111:
        case 60121:
        case 60301:
            return Verdict(Outcome::failed, Errc::notFound, "the platform knows nothing under this id");
        case 90002:
        case 90018: {
            Verdict v(Outcome::throttled, Errc::rateLimited, "the platform limits the rate of calls");
            v.wait = ddThrottledFor(subMessage);
            return v;
        }
        // Limits of a minute, a day or a month: waiting a little does not help.
        case 45009:
        case 90001:
        case 90003:
        case 90004:
        case 90005:
        case 90006:
            return Verdict(Outcome::failed, Errc::rateLimited, "the platform refuses calls for some time");
        case 90020:
            return Verdict(Outcome::failed, Errc::upstream,
                           "the organisation's quota of API calls for this month is used up");
        case -1:
        case 60019:
        case 400001:
            return Verdict(Outcome::transient, Errc::transport, "the platform cannot answer at the moment");
        default: return Verdict(Outcome::failed, Errc::upstream, "the platform refuses the call");
    }
}

/** The gateway's own answer to an address that it has blocked: JSON, but of no API. */
inline bool ddIsBlocked(boost::json::object const& o) {
    return jsonText(o, "punish") == std::string_view("deny");
}

inline Verdict ddBlocked(int status) {
    Verdict v(Outcome::failed, Errc::rateLimited,
              "the platform has blocked this address for some minutes: too many calls");
    v.httpStatus = status;
    return v;
}

}  // namespace detail

CORPS_DECL Verdict classifyDingTalk(Response const& response, boost::json::object const* envelope) {
    if (envelope == nullptr) return verdictWithoutEnvelope(response);
    boost::json::object const& o = *envelope;
    std::optional<std::int64_t> const code = detail::ddCode(o);
    if (!code) {
        // Errors of the other family appear here too, from gateways that serve both.
        if (o.contains("code")) return classifyDingTalkV1(response, envelope);
        if (detail::ddIsBlocked(o)) return detail::ddBlocked(response.status);
        return verdictWithoutEnvelope(response);
    }
    if (*code == 0 && response.status >= 200 && response.status < 300) return Verdict();
    Verdict v;
    std::string_view const sub = detail::jsonText(o, "sub_msg").value_or(std::string_view());
    std::string_view const message = detail::jsonText(o, "errmsg").value_or(std::string_view());
    if (*code == 0) {  // says well, with a status that says otherwise
        v = verdictWithoutEnvelope(response);
    } else {
        v = detail::ddVerdictOf(*code, sub.empty() ? message : sub);
        if (*code == 60011 || *code == 43007)
            detail::ddPermissionsInText(sub.empty() ? message : sub, v.missingPermissions);
        detail::ddNamePermissions(v);
    }
    v.upstreamCode = code;
    v.httpStatus = response.status;
    v.upstreamMessage = std::string(sub.empty() ? message : sub);
    v.requestId = detail::jsonTextOr(o, "request_id");
    return v;
}

CORPS_DECL Verdict classifyDingTalkV1(Response const& response, boost::json::object const* envelope) {
    if (envelope == nullptr) return verdictWithoutEnvelope(response);
    boost::json::object const& o = *envelope;
    // Keys of errors come in either case.
    auto const either = [&o](std::string_view a, std::string_view b, std::string_view c) {
        for (std::string_view const key : {a, b, c})
            if (std::optional<std::string_view> const t = detail::jsonText(o, key)) return *t;
        return std::string_view();
    };
    std::string_view const code = either("code", "Code", "code");
    bool const good = response.status >= 200 && response.status < 300;
    if (good && detail::ddIsBlocked(o)) return detail::ddBlocked(response.status);
    // Some gateways answer here as the other family does.
    std::optional<std::int64_t> const number = detail::ddCode(o);
    if (number && code.empty())
        return *number == 0 && good ? Verdict() : classifyDingTalk(response, envelope);
    if (good && code.empty()) return Verdict();
    auto const has = [code](std::string_view part) { return code.find(part) != std::string_view::npos; };
    Verdict v;
    if (code.empty()) {
        v = verdictWithoutEnvelope(response);
    } else if (has("QpsLimit") || has("QpmLimit")) {
        v = Verdict(Outcome::throttled, Errc::rateLimited, "the platform limits the rate of calls");
        v.wait = has("Qpm") ? Duration(std::chrono::minutes(1)) : Duration(std::chrono::seconds(1));
    } else if (has("ApiCountLimit")) {
        v = Verdict(Outcome::failed, Errc::upstream,
                    "the organisation's quota of API calls for this month is used up");
    } else if (has("InvalidAuthentication") || has("AuthenticationFailed")) {
        v = Verdict(Outcome::failed, Errc::authRejected,
                    "the platform refuses the application's token for this call");
    } else if (has("IpNotInWhiteList")) {
        v = Verdict(Outcome::failed, Errc::permissionDenied, "calls from this address are not allowed");
    } else if (has("AccessDenied") || has("permission.denied")) {
        v = Verdict(Outcome::failed, Errc::permissionDenied, "the application lacks a permission");
    } else if (has("notFound") || has("NotFound") || response.status == 404) {
        v = Verdict(Outcome::failed, Errc::notFound, "the platform knows nothing under this id");
    } else if (response.status >= 500 || has("system.error") || has("systemError")) {
        v = Verdict(Outcome::transient, Errc::transport, "the platform cannot answer at the moment");
    } else {
        v = Verdict(Outcome::failed, Errc::upstream, "the platform refuses the call");
    }
    for (std::string_view const key :
         {std::string_view("accessdenieddetail"), std::string_view("accessDeniedDetail"),
          std::string_view("AccessDeniedDetail")}) {
        boost::json::object const* const denied = detail::jsonObject(o, key);
        boost::json::array const* const scopes =
            denied == nullptr ? nullptr : detail::jsonArray(*denied, "requiredScopes");
        if (scopes == nullptr) continue;
        for (boost::json::value const& s : *scopes)
            if (s.is_string() && detail::ddIsPermission(s.get_string()))
                v.missingPermissions.emplace_back(s.get_string());
    }
    detail::ddNamePermissions(v);
    v.httpStatus = response.status;
    v.upstreamMessage = std::string(either("message", "Message", "message"));
    v.requestId = std::string(either("requestid", "requestId", "RequestId"));
    return v;
}

}  // namespace corps
