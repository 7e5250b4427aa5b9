// What WeCom's answers mean.
#pragma once

#include <corps/auth/impl/qywx_auth.ipp>
#include <corps/client/impl/json_fields.hpp>
#include <corps/client/qywx_client.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace corps {
namespace detail {

inline Verdict qywxVerdictOf(std::int64_t code) {
    switch (code) {
        case 40001:
        case 40014:
        case 41001:
        case 42001:
            return Verdict(Outcome::failed, Errc::authRejected,
                           "the platform refuses the application's token for this call");
        case 40013:
        case 40091:
        case 45031:
        case 48006:
        case 50003:
        case 60031:
        case 301007:
            return Verdict(
                Outcome::failed, Errc::authRejected,
                "the application or the enterprise is disabled, or its secret is not good any more");
        case 40078:
            return Verdict(
                Outcome::failed, Errc::authRejected,
                "the authorisation code is not known, was used before, or is older than 10 minutes");
        case 40082:
        case 42009:
            return Verdict(Outcome::failed, Errc::authRejected,
                           "the platform refuses the suite's token for this call");
        case 40084:
        case 48004:
            return Verdict(
                Outcome::failed, Errc::authRejected,
                "the permanent code is not good, or the enterprise has withdrawn its authorisation");
        case 48003:
            return Verdict(Outcome::failed, Errc::config, "what is asked for belongs to another suite");
        case 40056:
        case 301002:
            return Verdict(Outcome::failed, Errc::config,
                           "\"agentId\" is not the application whose \"secret\" this is");
        case 60020:
            return Verdict(Outcome::failed, Errc::permissionDenied,
                           "calls from this address are not allowed");
        case 48001:
        case 48002:
        case 48005:
        case 48009:
            return Verdict(Outcome::failed, Errc::permissionDenied, "the application may not make this call");
        case 50002:
        case 60011:
        case 60021:
        case 92000:
            return Verdict(Outcome::failed, Errc::permissionDenied, "outside what the application may see");
        case 40003:
        case 40068:
        case 46004:
        case 60003:
        case 60111:
        case 60136:
            return Verdict(Outcome::failed, Errc::notFound, "the platform knows nothing under this id");
        case 45029: return Verdict(Outcome::failed, Errc::upstream, "the answer would be too large");
        case 50100:
        case 60268:
            return Verdict(Outcome::failed, Errc::upstream,
                           "the platform does not accept its cursor any more");
        case 45009:
        case 45033: {
            Verdict v(Outcome::throttled, Errc::rateLimited, "the platform limits the rate of calls");
            // A refusal for speed lasts as long as its window, and the shortest is a minute (WeCom:
            // document/path/90312); one for too many calls at once ends with them.
            v.wait = code == 45009 ? Duration(std::chrono::minutes(1)) : Duration(std::chrono::seconds(1));
            return v;
        }
        case -1:
        case 6000:
        case 45035:
        case 45036:
            return Verdict(Outcome::transient, Errc::transport, "the platform cannot answer at the moment");
        default: return Verdict(Outcome::failed, Errc::upstream, "the platform refuses the call");
    }
}

}  // namespace detail

CORPS_DECL Verdict classifyQywx(Response const& response, boost::json::object const* envelope) {
    if (envelope == nullptr) return verdictWithoutEnvelope(response);
    boost::json::object const& o = *envelope;
    bool const good = response.status >= 200 && response.status < 300;
    bool const tells = o.contains("errcode");
    std::optional<std::int64_t> const code = detail::jsonInteger(o, "errcode");
    if (tells && !code) return verdictWithoutEnvelope(response);
    if (good && code.value_or(0) == 0) return Verdict();  // some calls leave it out when they succeed
    if (code.value_or(0) == 0) return verdictWithoutEnvelope(response);
    Verdict v = detail::qywxVerdictOf(*code);
    v.upstreamCode = code;
    v.httpStatus = response.status;
    v.upstreamMessage = detail::jsonTextOr(o, "errmsg");
    v.requestId = detail::qywxHint(v.upstreamMessage);
    return v;
}

}  // namespace corps
