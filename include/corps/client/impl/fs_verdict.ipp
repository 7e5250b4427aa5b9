// What Feishu's answers mean.
#pragma once

#include <corps/client/fs_client.hpp>
#include <corps/client/impl/json_fields.hpp>

#include <algorithm>

namespace corps {
namespace detail {

/** Whether a text of the platform has the form of a permission's name: then it may stand in our messages. */
inline bool fsIsPermission(std::string_view name) {
    return name.size() <= 128 && name.find(':') != std::string_view::npos &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ':' || c == '.' || c == '_' ||
                      c == '-';
           });
}

/** The names in "... is required: [a, b]": some gateways name permissions in the message only. */
inline void fsPermissionsInText(std::string_view message, std::vector<std::string>& out) {
    std::size_t const open = message.find('[');
    std::size_t const close = message.find(']', open == std::string_view::npos ? 0 : open);
    if (open == std::string_view::npos || close == std::string_view::npos) return;
    namesInList(message.substr(open + 1, close - open - 1), &fsIsPermission, out);
}

}  // namespace detail

CORPS_DECL Verdict classifyFeishu(Response const& response, boost::json::object const* envelope) {
    if (envelope == nullptr) return verdictWithoutEnvelope(response);
    boost::json::object const& o = *envelope;
    std::optional<std::int64_t> const code = detail::jsonInteger(o, "code");
    if (!code) return verdictWithoutEnvelope(response);
    int const status = response.status;
    if (*code == 0 && status >= 200 && status < 300) return Verdict();

    Verdict v;
    switch (*code) {
        case 0: v = verdictWithoutEnvelope(response); break;  // says well, with a status that says otherwise
        case 99991403:  // HTTP 429, too, but it lasts until the next month
            v = Verdict(Outcome::failed, Errc::upstream,
                        "the tenant's quota of API calls for this month is used up");
            break;
        case 99991661:
        case 99991663:
        case 99991664:
        case 99991665:
        case 99991668:
        case 99991671:
        case 99991677:
            v = Verdict(Outcome::failed, Errc::authRejected,
                        "the platform refuses the application's token for this call");
            break;
        case 99991662:
        case 99991673:
            v = Verdict(Outcome::failed, Errc::authRejected,
                        "the application is disabled, or not available in this tenant");
            break;
        case 99991401:
            v = Verdict(Outcome::failed, Errc::permissionDenied, "calls from this address are not allowed");
            break;
        case 99991672:
        case 99991679:
            v = Verdict(Outcome::failed, Errc::permissionDenied, "the application lacks a permission");
            break;
        case 40004:
        case 40014:
        case 41050:
        case 1184001:
            v = Verdict(Outcome::failed, Errc::permissionDenied, "outside what the application may see");
            break;
        case 40008:
        case 40015:
        case 41012:
        case 41202:
        case 41203:
        case 1184000:
        case 99992351:
        case 99992357:
        case 99992358:
        case 99992359:
        case 99992360:
        case 99992363:
        case 99992379:
        case 99992380:
            v = Verdict(Outcome::failed, Errc::notFound, "the platform knows nothing under this id");
            break;
        case 43010:
            v = Verdict(Outcome::failed, Errc::upstream, "too many departments to be listed recursively");
            break;
        case 40012:
            v = Verdict(Outcome::failed, Errc::upstream, "the platform does not accept its cursor any more");
            break;
        case 99991400:
            v = Verdict(Outcome::throttled, Errc::rateLimited, "the platform limits the rate of calls");
            break;
        case 1500:
        case 2200:
        case 5000:
        case 40003:
        case 45500:
            v = Verdict(Outcome::transient, Errc::transport, "the platform cannot answer at the moment");
            break;
        default:
            if (status == 429) {
                v = Verdict(Outcome::throttled, Errc::rateLimited, "the platform limits the rate of calls");
            } else if (status >= 500) {
                v = Verdict(Outcome::transient, Errc::transport, "the platform cannot answer at the moment");
            } else {
                v = Verdict(Outcome::failed, Errc::upstream, "the platform refuses the call");
            }
            break;
    }
    if (v.outcome == Outcome::throttled) v.wait = parseSeconds(response.header("x-ogw-ratelimit-reset"));
    v.upstreamCode = code;
    v.httpStatus = status;
    v.upstreamMessage = detail::jsonTextOr(o, "msg");
    boost::json::object const* const error = detail::jsonObject(o, "error");
    for (std::string_view const header : {std::string_view("X-Tt-Logid"), std::string_view("X-Request-Id")}) {
        if (v.requestId.empty()) v.requestId = std::string(response.header(header));
    }
    if (error != nullptr) {
        for (std::string_view const key : {std::string_view("log_id"), std::string_view("logid")}) {
            if (v.requestId.empty()) v.requestId = detail::jsonTextOr(*error, key);
        }
        if (boost::json::array const* const violations = detail::jsonArray(*error, "permission_violations")) {
            for (boost::json::value const& violation : *violations) {
                if (!violation.is_object()) continue;
                std::string subject = detail::jsonTextOr(violation.get_object(), "subject");
                if (detail::fsIsPermission(subject)) v.missingPermissions.push_back(std::move(subject));
            }
        }
    }
    if (v.missingPermissions.empty() && *code == 99991672)
        detail::fsPermissionsInText(v.upstreamMessage, v.missingPermissions);
    if (!v.missingPermissions.empty()) {
        v.message += v.missingPermissions.size() == 1 ? ": " : ": one of ";
        for (std::size_t i = 0; i < v.missingPermissions.size(); ++i)
            v.message += (i == 0 ? "" : ", ") + v.missingPermissions[i];
    }
    return v;
}

}  // namespace corps
