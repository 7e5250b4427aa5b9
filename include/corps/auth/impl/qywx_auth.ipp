#pragma once

#include <corps/auth/impl/auth_answer.hpp>
#include <corps/auth/qywx_auth.hpp>
#include <corps/config/business_keys.hpp>
#include <corps/error/error.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace corps {
namespace detail {

/** "hint: [1686402237354962763423746]" in a message is how WeCom names a request. */
inline std::string qywxHint(std::string_view message) {
    constexpr std::string_view kHint = "hint: [";
    std::size_t const at = message.find(kHint);
    if (at == std::string_view::npos) return {};
    std::string_view const rest = message.substr(at + kHint.size());
    std::size_t const end = rest.find(']');
    if (end == std::string_view::npos || end > 64) return {};
    std::string_view const hint = rest.substr(0, end);
    bool const plain = std::all_of(hint.begin(), hint.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
               c == '-';
    });
    return plain ? std::string(hint) : std::string();
}

inline AuthAnswer qywxAnswer(Request const& q, Response const& p,
                             std::initializer_list<std::string_view> secrets) {
    AuthAnswer out(q.endpoint, p, secrets);
    std::string message = out.text("errmsg");
    std::string hint = qywxHint(message);
    out.tells(out.integer("errcode"), std::move(message), std::move(hint));
    return out;
}

/** What every endpoint of WeCom may answer for reasons of its own. */
inline void qywxRaiseIfPassing(AuthAnswer& a) {
    a.raiseIfPassing();
    switch (a.integer("errcode").value_or(0)) {
        case -1:
        case 6000:
        case 45035:
        case 45036: a.raise(Errc::transport, "the platform cannot answer at the moment");
        case 45009:
        case 45033: a.raise(Errc::rateLimited, "the platform limits the rate of calls");
        default: break;
    }
}

}  // namespace detail

CORPS_DECL QywxAuth::Config QywxAuth::Config::fromJson(boost::json::object const& keys,
                                                       std::string_view place) {
    detail::BusinessKeys const read(keys, place);
    Config out(read.credential("corpId"), read.credential("agentId", true), read.secret("secret"));
    out.contactSecret = read.secretIfAny("contactSecret");
    out.baseUrl = read.baseUrl("baseUrl", "https://qyapi.weixin.qq.com");
    out.accountsBaseUrl = read.baseUrl("accountsBaseUrl", "");
    return out;
}

CORPS_DECL QywxAuth::QywxAuth(Config config) : config_(std::move(config)) {}

CORPS_DECL asio::awaitable<IssuedToken> QywxAuth::token(Channel& wire, std::string credential) const {
    bool const contact = credential == kContact;
    Secret const& secret = contact ? config_.contactSecret : config_.secret;
    std::string const key = contact ? "contactSecret" : config_.secretName;
    if (secret.empty()) throw Error(Errc::config, "\"" + key + "\": there is none");
    Request q("GET",
              config_.baseUrl + "/cgi-bin/gettoken?corpid=" + percentEncode(config_.corpId) +
                  "&corpsecret=" + percentEncode(secret.reveal()),
              "GET /cgi-bin/gettoken");
    Request sent = q;
    Response const p = co_await wire.send(std::move(sent));
    detail::AuthAnswer a = detail::qywxAnswer(q, p, {secret.reveal()});
    detail::qywxRaiseIfPassing(a);
    switch (a.integer("errcode").value_or(0)) {
        case 0: break;
        case 40013: a.raise(Errc::authRejected, "the platform does not know corpId");
        case 40001:
        case 40091:
            a.raise(Errc::authRejected,
                    "the platform refuses " + key +
                        ": it is wrong, not of this corpId, or the application is disabled");
        case 45031: a.raise(Errc::authRejected, "the platform wants " + key + " to be made anew");
        case 60020:
            a.raise(Errc::authRejected,
                    "the platform refuses calls from this address: see the application's list of trusted "
                    "addresses");
        case 301007: a.raise(Errc::authRejected, "the enterprise is not available on the platform");
        default: a.raise(Errc::authRejected, "the platform gives no token for corpId and " + key);
    }
    std::string value = a.text("access_token");
    std::int64_t const seconds = a.integer("expires_in").value_or(0);
    if (value.empty() || seconds <= 0) a.raise(Errc::protocol, "the answer holds no token with a lifetime");
    Duration const lifetime = std::chrono::seconds(std::min<std::int64_t>(seconds, 7 * 24 * 3600));
    IssuedToken out(std::move(value), lifetime - lifetime / 10);
    co_return out;
}

CORPS_DECL void QywxAuth::attach(Request& q, std::string_view token) const {
    q.url += q.url.find('?') == std::string::npos ? '?' : '&';
    q.url += "access_token=" + percentEncode(token);
}

CORPS_DECL bool QywxAuth::tokenRejected(Response const& p) const {
    // A refusal is short; lists of a whole enterprise need not be parsed once more.
    if (p.body.size() > 4096) return false;
    detail::AuthAnswer const a(std::string(), p, {});
    std::optional<std::int64_t> const code = a.integer("errcode");
    return code == 40014 || code == 42001;
}

CORPS_DECL std::string QywxAuth::tokenKey(std::string_view credential) const {
    // The secret takes part, as a hash: a corp that does not know it must not live on the token of one that
    // does.
    Secret const& secret = credential == kContact ? config_.contactSecret : config_.secret;
    std::size_t const proof = std::hash<std::string_view>()(secret.reveal());
    return "wecom " + config_.baseUrl + " " + config_.corpId + " " + std::string(credential) + " " +
           std::to_string(proof);
}

CORPS_DECL std::string QywxAuth::authorizeUrl(LoginRequest const& r) const {
    if (!r.codeChallenge.empty())
        throw Error(Errc::invalidArgument, "a code challenge: WeCom's login takes none");
    std::string const host = config_.accountsBaseUrl;
    std::string out;
    if (r.kind.empty()) {
        out = (host.empty() ? "https://login.work.weixin.qq.com" : host) +
              "/wwlogin/sso/login?login_type=CorpApp&appid=" + percentEncode(config_.corpId) +
              "&agentid=" + percentEncode(config_.agentId) + "&redirect_uri=" + percentEncode(r.redirectUri);
        if (!r.state.empty()) out += "&state=" + percentEncode(r.state);
    } else if (r.kind == kWorkbench) {
        out = (host.empty() ? "https://open.weixin.qq.com" : host) +
              "/connect/oauth2/authorize?appid=" + percentEncode(config_.corpId) +
              "&redirect_uri=" + percentEncode(r.redirectUri) + "&response_type=code&scope=" +
              percentEncode(r.scope.empty() ? std::string_view("snsapi_base") : r.scope);
        if (!r.state.empty()) out += "&state=" + percentEncode(r.state);
        out += "&agentid=" + percentEncode(config_.agentId) + "#wechat_redirect";
    } else {
        throw Error(Errc::invalidArgument,
                    "a kind of login: expected \"workbench\", or none for a browser's");
    }
    return out;
}

CORPS_DECL asio::awaitable<Identity> QywxAuth::identify(Channel& /*wire*/, Channel& authorised,
                                                        LoginCode code) const {
    if (!code.kind.empty() && code.kind != kWorkbench)
        throw Error(Errc::invalidArgument,
                    "a kind of login: expected \"workbench\", or none for a browser's");
    Request q("GET", config_.baseUrl + "/cgi-bin/auth/getuserinfo?code=" + percentEncode(code.code),
              "GET /cgi-bin/auth/getuserinfo");
    Request sent = q;
    Response const p = co_await authorised.send(std::move(sent));
    detail::AuthAnswer a = detail::qywxAnswer(q, p, {code.code});
    detail::qywxRaiseIfPassing(a);
    switch (a.integer("errcode").value_or(0)) {
        case 0: break;
        case 50001:
            a.raise(Errc::config,
                    "the redirect address is not of the application's trusted domain, or the "
                    "secret is not an application's");
        case 60020: a.raise(Errc::permissionDenied, "calls from this address are not allowed");
        case 40029:
        case 41008:
        case 42003:
        case 42022: a.raise(Errc::authRejected, "the login code is not known, too old, or was used before");
        default: a.raise(Errc::authRejected, "the platform refuses the login");
    }
    Identity out;
    out.upstreamCorpId = config_.corpId;
    out.memberId = a.text("userid");
    if (out.memberId.empty()) out.memberId = a.text("UserId");  // servers of an older kind
    if (out.memberId.empty()) {
        bool const stranger = !a.text("openid").empty() || !a.text("OpenId").empty();
        a.raise(stranger ? Errc::refused : Errc::protocol,
                stranger ? "this person is not a member of the enterprise"
                         : "the answer says nothing of who logged in");
    }
    // Who belongs to a linked enterprise comes as "CorpId/userid"; a userid has no '/'.
    if (out.memberId.find('/') != std::string::npos)
        a.raise(Errc::refused, "this person is a member of another enterprise");
    co_return out;
}

}  // namespace corps
