#pragma once

#include <corps/auth/dd_auth.hpp>
#include <corps/auth/impl/auth_answer.hpp>
#include <corps/auth/impl/dd_hosts.hpp>
#include <corps/config/business_keys.hpp>
#include <corps/error/error.hpp>

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace corps {
namespace detail {

/** The error number that counts: problems of the gateway come wrapped in 88 (DingTalk:
 * server-api-error-codes). */
inline std::optional<std::int64_t> dingTalkCode(AuthAnswer const& a) {
    std::optional<std::int64_t> const code = a.integer("errcode");
    if (code != 88) return code;
    std::string const sub = a.text("sub_code");
    std::int64_t inner = 0;
    auto const [end, ec] = std::from_chars(sub.data(), sub.data() + sub.size(), inner);
    if (ec == std::errc() && end == sub.data() + sub.size() && !sub.empty()) return inner;
    if (std::optional<std::int64_t> const number = a.integer("sub_code")) return number;
    std::string const message = a.text("errmsg");
    std::size_t const at = message.find("subcode=");
    if (at != std::string::npos) {
        char const* const from = message.data() + at + 8;
        if (std::from_chars(from, message.data() + message.size(), inner).ec == std::errc()) return inner;
    }
    return code;
}

/** An answer of one of the families, with what it says of itself noted for an error. */
inline AuthAnswer dingTalkAnswer(Request const& q, Response const& p,
                                 std::initializer_list<std::string_view> secrets) {
    AuthAnswer out(q.endpoint, p, secrets);
    std::optional<std::int64_t> const code = dingTalkCode(out);
    std::string message = code ? out.text("errmsg") : out.text("message");
    std::string request = out.text("request_id");
    if (request.empty()) request = out.text("requestid");
    out.tells(code, std::move(message), std::move(request));
    return out;
}

}  // namespace detail

CORPS_DECL DDAuth::Config DDAuth::Config::fromJson(boost::json::object const& keys, std::string_view place) {
    detail::BusinessKeys const read(keys, place);
    Config out(read.credential("corpId"), read.credential("appKey"), read.secret("appSecret"));
    out.agentId = read.credential("agentId", true);
    out.baseUrl = read.baseUrl("baseUrl", detail::kDingTalkOapi);
    out.apiBaseUrl = read.baseUrl("apiBaseUrl", detail::dingTalkApiBeside(out.baseUrl));
    out.accountsBaseUrl =
        read.baseUrl("accountsBaseUrl",
                     out.baseUrl == detail::kDingTalkOapi ? detail::kDingTalkLogin : std::string_view());
    return out;
}

CORPS_DECL DDAuth::DDAuth(Config config) : config_(std::move(config)) {}

CORPS_DECL asio::awaitable<IssuedToken> DDAuth::token(Channel& wire) const {
    // The newer of the two calls: its secret is in the body, never in an address that something may log.
    boost::json::object body;
    body["appKey"] = config_.appKey;
    body["appSecret"] = config_.appSecret.reveal();
    Request q("POST", config_.apiBaseUrl + "/v1.0/oauth2/accessToken", "POST /v1.0/oauth2/accessToken");
    q.headers.emplace_back("Content-Type", "application/json");
    q.headers.emplace_back("Accept", "application/json");
    q.body = boost::json::serialize(body);
    Request sent = q;
    Response const p = co_await wire.send(std::move(sent));
    detail::AuthAnswer a = detail::dingTalkAnswer(q, p, {config_.appSecret.reveal()});
    a.raiseIfPassing();
    std::string value = a.text("accessToken");
    if (value.empty()) {
        std::string const code = a.text("code");
        if (code == "invalidClientIdOrSecret" || a.integer("errcode") == 40096)
            a.raise(Errc::authRejected, "the platform refuses appKey or appSecret");
        if (code.find("IpNotInWhiteList") != std::string::npos || a.integer("errcode") == 60020)
            a.raise(Errc::authRejected,
                    "the platform refuses calls from this address: see the application's list of allowed "
                    "addresses");
        if (code.find("Qps") != std::string::npos || code.find("Qpm") != std::string::npos)
            a.raise(Errc::rateLimited, "the platform limits the rate of calls");
        if (a.integer("errcode") == -1) a.raise(Errc::transport, "the platform cannot answer at the moment");
        if (a.integer("errcode") == 404 || a.status() == 404)
            a.raise(Errc::protocol, "the platform has no such call at this address: is baseUrl right?");
        if (a.status() == 200 && code.empty() && !a.integer("errcode"))
            a.raise(Errc::protocol, "the answer holds no token");
        a.raise(Errc::authRejected, "the platform gives no token for appKey and appSecret");
    }
    std::int64_t const seconds = a.integer("expireIn").value_or(0);
    if (seconds <= 0) a.raise(Errc::protocol, "the answer holds no lifetime of the token");
    Duration const lifetime = std::chrono::seconds(std::min<std::int64_t>(seconds, 7 * 24 * 3600));
    IssuedToken out(std::move(value), lifetime - std::min<Duration>(std::chrono::minutes(10), lifetime / 3));
    co_return out;
}

CORPS_DECL void DDAuth::attach(Request& q, std::string_view token) const {
    if (detail::isDingTalkV1(q.url)) {
        q.headers.emplace_back("x-acs-dingtalk-access-token", std::string(token));
    } else {
        q.url += q.url.find('?') == std::string::npos ? '?' : '&';
        q.url += "access_token=" + percentEncode(token);
    }
}

CORPS_DECL bool DDAuth::tokenRejected(Response const& p) const {
    // A refusal is short; pages of people need not be parsed once more.
    if (p.body.size() > 4096) return false;
    detail::AuthAnswer const a(std::string(), p, {});
    if (a.text("code") == "InvalidAuthentication") return true;
    std::optional<std::int64_t> const code = detail::dingTalkCode(a);
    return code == 40014 || code == 42001 || code == 40001;
}

CORPS_DECL std::string DDAuth::tokenKey() const {
    // The secret takes part, as a hash: a corp that does not know it must not live on the token of one that
    // does.
    std::size_t const proof = std::hash<std::string_view>()(config_.appSecret.reveal());
    return "dingtalk " + config_.apiBaseUrl + " " + config_.appKey + " " + std::to_string(proof);
}

CORPS_DECL std::string DDAuth::authorizeUrl(LoginRequest const& r) const {
    if (!r.kind.empty())
        throw Error(
            Errc::invalidArgument,
            "a kind of login: only the login in a browser, the empty kind, has a page; inside DingTalk "
            "its JavaScript interface gives the code");
    if (!r.codeChallenge.empty())
        throw Error(Errc::invalidArgument, "a code challenge: DingTalk's login takes none");
    if (config_.accountsBaseUrl.empty())
        throw Error(Errc::config,
                    "\"accountsBaseUrl\": expected the host of the login page, since \"baseUrl\" is not "
                    "DingTalk's own");
    std::string out = config_.accountsBaseUrl + "/oauth2/auth?redirect_uri=" + percentEncode(r.redirectUri) +
                      "&response_type=code&client_id=" + percentEncode(config_.appKey) +
                      "&scope=" + percentEncode(r.scope.empty() ? std::string_view("openid") : r.scope);
    if (!r.state.empty()) out += "&state=" + percentEncode(r.state);
    out += "&prompt=consent";
    return out;
}

CORPS_DECL asio::awaitable<Identity> DDAuth::identify(Channel& wire, Channel& authorised,
                                                      LoginCode code) const {
    if (code.kind == kWorkbench) return fromWorkbench(&authorised, std::move(code.code));
    if (code.kind.empty()) return fromBrowser(&wire, &authorised, std::move(code.code));
    throw Error(Errc::invalidArgument, "a kind of login: expected \"workbench\", or none for a browser's");
}

CORPS_DECL asio::awaitable<Identity> DDAuth::fromWorkbench(Channel* authorised, std::string code) const {
    boost::json::object body;
    body["code"] = code;
    Request q("POST", config_.baseUrl + "/topapi/v2/user/getuserinfo", "POST /topapi/v2/user/getuserinfo");
    q.headers.emplace_back("Content-Type", "application/json");
    q.body = boost::json::serialize(body);
    Request sent = q;
    Response const p = co_await authorised->send(std::move(sent));
    detail::AuthAnswer a = detail::dingTalkAnswer(q, p, {code});
    a.raiseIfPassing();
    switch (detail::dingTalkCode(a).value_or(-2)) {
        case 0: break;
        case 40029:
        case 40078:
        case 40079:
        case 40102: a.raise(Errc::authRejected, "the login code is not known, too old, or was used before");
        case -1:
        case 400001: a.raise(Errc::transport, "the platform cannot answer at the moment");
        case 90002:
        case 90018: a.raise(Errc::rateLimited, "the platform limits the rate of calls");
        case 60011: a.raise(Errc::permissionDenied, "the application lacks the permission qyapi_base");
        case 60020: a.raise(Errc::permissionDenied, "calls from this address are not allowed");
        default: a.raise(Errc::authRejected, "the platform refuses the login");
    }
    boost::json::object const* const result = a.object("result");
    Identity out;
    out.upstreamCorpId = config_.corpId;  // a code of another organisation is not known here
    if (result != nullptr) {
        out.memberId = detail::AuthAnswer::text(*result, "userid");
        out.unionId = detail::AuthAnswer::text(*result, "unionid");
    }
    if (out.memberId.empty()) a.raise(Errc::protocol, "the answer says nothing of who logged in");
    co_return out;
}

CORPS_DECL asio::awaitable<Identity> DDAuth::fromBrowser(Channel* wire, Channel* authorised,
                                                         std::string code) const {
    Identity out;
    std::string userToken;
    {
        boost::json::object body;
        body["clientId"] = config_.appKey;
        body["clientSecret"] = config_.appSecret.reveal();
        body["code"] = code;
        body["grantType"] = "authorization_code";
        Request q("POST", config_.apiBaseUrl + "/v1.0/oauth2/userAccessToken",
                  "POST /v1.0/oauth2/userAccessToken");
        q.headers.emplace_back("Content-Type", "application/json");
        q.headers.emplace_back("Accept", "application/json");
        q.body = boost::json::serialize(body);
        Request sent = q;
        Response const p = co_await wire->send(std::move(sent));
        detail::AuthAnswer a = detail::dingTalkAnswer(q, p, {config_.appSecret.reveal(), code});
        a.raiseIfPassing();
        userToken = a.text("accessToken");
        if (userToken.empty()) {
            std::string const refusal = a.text("code");
            if (refusal == "invalidClientIdOrSecret")
                a.raise(Errc::config, "the platform refuses appKey or appSecret");
            if (refusal.find("Qps") != std::string::npos)
                a.raise(Errc::rateLimited, "the platform limits the rate of calls");
            a.raise(Errc::authRejected, "the login code is not known, too old, or was used before");
        }
        out.upstreamCorpId = a.text("corpId");  // present where the person chose an organisation
        if (!out.upstreamCorpId.empty() && out.upstreamCorpId != config_.corpId)
            a.raise(Errc::refused, "this person logged in for another organisation");
    }
    {
        Request q("GET", config_.apiBaseUrl + "/v1.0/contact/users/me", "GET /v1.0/contact/users/me");
        q.headers.emplace_back("Accept", "application/json");
        q.headers.emplace_back("x-acs-dingtalk-access-token", userToken);
        Request sent = q;
        Response const p = co_await wire->send(std::move(sent));
        detail::AuthAnswer a = detail::dingTalkAnswer(q, p, {userToken});
        a.raiseIfPassing();
        out.unionId = a.text("unionId");
        out.openId = a.text("openId");
        if (out.unionId.empty()) {
            std::string const refusal = a.text("code");
            if (refusal.find("AccessTokenPermissionDenied") != std::string::npos)
                a.raise(Errc::permissionDenied, "the application lacks the permission Contact.User.Read");
            if (refusal == "invalidParameter.user.notFound")
                a.raise(Errc::refused, "the platform does not know this person any more");
            a.raise(refusal.empty() ? Errc::protocol : Errc::authRejected,
                    "the platform does not say who logged in");
        }
    }
    // The person is somebody's member; whether of this organisation only the application's token can ask.
    boost::json::object body;
    body["unionid"] = out.unionId;
    Request q("POST", config_.baseUrl + "/topapi/user/getbyunionid", "POST /topapi/user/getbyunionid");
    q.headers.emplace_back("Content-Type", "application/json");
    q.body = boost::json::serialize(body);
    Request sent = q;
    Response const p = co_await authorised->send(std::move(sent));
    detail::AuthAnswer a = detail::dingTalkAnswer(q, p, {});
    a.raiseIfPassing();
    switch (detail::dingTalkCode(a).value_or(-2)) {
        case 0: break;
        case 60121:
        case 33012: a.raise(Errc::refused, "this person is not a member of the organisation");
        case -1:
        case 400001: a.raise(Errc::transport, "the platform cannot answer at the moment");
        case 90002:
        case 90018: a.raise(Errc::rateLimited, "the platform limits the rate of calls");
        case 60011: a.raise(Errc::permissionDenied, "the application lacks the permission qyapi_get_member");
        case 60020: a.raise(Errc::permissionDenied, "calls from this address are not allowed");
        default: a.raise(Errc::authRejected, "the platform does not say who logged in");
    }
    boost::json::object const* const result = a.object("result");
    if (result != nullptr) {
        boost::json::value const* const kind = result->if_contains("contact_type");
        if (kind != nullptr && kind->is_int64() && kind->get_int64() != 0)
            a.raise(Errc::refused, "this person is an external contact, not a member of the organisation");
        out.memberId = detail::AuthAnswer::text(*result, "userid");
    }
    if (out.memberId.empty()) a.raise(Errc::protocol, "the answer says nothing of who logged in");
    out.upstreamCorpId = config_.corpId;
    co_return out;
}

}  // namespace corps
