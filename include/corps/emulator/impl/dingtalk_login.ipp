#pragma once

#include <corps/emulator/impl/dingtalk_answers.ipp>
#include <corps/emulator/impl/dingtalk_contacts.ipp>
#include <corps/emulator/impl/login.hpp>

#include <algorithm>
#include <array>

/**
 * @file
 * Tokens and login (DingTalk: api-gettoken, obtain-the-access-token-of-an-internal-app, obtain-orgapp-token,
 * obtain-the-userid-of-a-user-by-using-the-log-free, obtain-identity-credentials, obtain-user-token,
 * dingtalk-retrieve-user-information).
 */
namespace corps::emulator {

CORPS_DECL std::string DingTalkServer::Impl::makeToken(std::string_view prefix, std::size_t digits) {
    return detail::makeToken(secret_, issued_, prefix, digits);
}

CORPS_DECL void DingTalkServer::Impl::forgetExpired() {
    constexpr std::size_t kMany = 1000;
    // A day longer than they live, to tell "expired" from "unknown".
    const std::int64_t limit = core_.nowMs() - 86'400'000;
    const auto clean = [&](auto& map) {
        if (map.size() > kMany) {
            std::erase_if(map, [&](const auto& entry) { return entry.second.expiresMs < limit; });
        }
    };
    clean(tokens_);
    clean(codes_);
    clean(refreshTokens_);
}

CORPS_DECL bool DingTalkServer::Impl::knownApp(std::string_view appKey, std::string_view secret) const {
    if (appKey.empty() || secret.empty() || appKey.size() > 256) {
        return false;
    }
    return options_.credentials.empty() ||
           std::any_of(options_.credentials.begin(), options_.credentials.end(),
                       [&](const DingTalkCredentials& app) {
                           return app.appKey == appKey && app.appSecret == secret;
                       });
}

/** The app's token: the same again while it lives, and then it lives longer. */
CORPS_DECL std::string DingTalkServer::Impl::issueToken(const std::string& appKey, std::string_view which) {
    lastApp_ = appKey;
    forgetExpired();
    const std::int64_t now = core_.nowMs();
    std::string key = appKey;
    if (options_.behaviour.separateTokens) {
        key += ' ';
        key += which;
    }
    std::string& current = appTokens_[key];
    const auto living = tokens_.find(current);
    if (living == tokens_.end() || living->second.expiresMs <= now) {
        current = makeToken("", 32);
        Token token;
        token.appKey = appKey;
        token.permissions = permissions_;
        tokens_.emplace(current, std::move(token));
        core_.countToken();
    }
    tokens_.at(current).expiresMs = now + std::chrono::milliseconds(options_.tokenLifetime).count();
    return current;
}

CORPS_DECL HttpReply DingTalkServer::Impl::oldToken(const Call& call) {
    std::string appKey = call.in.text("appkey");
    std::string secret = call.in.text("appsecret");
    const std::string corpId = call.in.text("corpid");
    if (appKey.empty() && corpId.empty()) {
        return failure(40035, "缺少参数 corpid or appkey");
    }
    const bool old = appKey.empty();
    if (old) {  // apps of old times are known by the organisation and a secret
        secret = call.in.text("corpsecret");
        appKey = corpId;
        const std::string& own = directory_->organisation().corpId;
        const bool known =
            (own.empty() || own == corpId) && !secret.empty() &&
            (options_.credentials.empty() ||
             std::any_of(options_.credentials.begin(), options_.credentials.end(),
                         [&](const DingTalkCredentials& app) { return app.appSecret == secret; }));
        if (!known) {
            return failure(40089);
        }
    } else if (!knownApp(appKey, secret)) {
        return failure(40096);
    }
    const std::string token = issueToken(appKey, "gettoken");
    return reply(R"({"errcode":0,"access_token":")" + token + R"(","errmsg":"ok","expires_in":)" +
                 std::to_string(options_.tokenLifetime.count()) + "}");
}

CORPS_DECL HttpReply DingTalkServer::Impl::accessToken(const Call& call) {
    const std::string appKey = call.in.text("appKey");
    if (!knownApp(appKey, call.in.text("appSecret"))) {
        return v1Failure(400, "invalidClientIdOrSecret", "无效的clientId或者clientSecret");
    }
    return v1Success("{\"accessToken\":\"" + issueToken(appKey, "accessToken") +
                     "\",\"expireIn\":" + std::to_string(options_.tokenLifetime.count()) + "}");
}

CORPS_DECL HttpReply DingTalkServer::Impl::unifiedToken(const Call& call) {
    const std::string& corpId = directory_->organisation().corpId;
    if (!corpId.empty() && corpId != pathPart_) {
        return v1Failure(500, "unknownError", "未知错误");
    }
    if (call.in.text("grant_type") != "client_credentials") {
        return v1Failure(400, "unsupported.grant.type", "unsupported.grant.type");
    }
    const std::string appKey = call.in.text("client_id");
    if (!knownApp(appKey, call.in.text("client_secret"))) {
        return v1Failure(400, "invalid.client", "invalid.client");
    }
    return v1Success("{\"access_token\":\"" + issueToken(appKey, "token") +
                     "\",\"expires_in\":" + std::to_string(options_.tokenLifetime.count()) + "}");
}

// ---------------------------------------------------------------------------------------------------------------------------
// The workbench

CORPS_DECL std::string DingTalkServer::Impl::workbenchCode(std::string_view appKey,
                                                           std::string_view memberId) {
    forgetExpired();
    LoginCode code;
    code.appKey = std::string(appKey);
    code.memberId = std::string(memberId);
    code.expiresMs = core_.nowMs() + std::chrono::milliseconds(options_.codeLifetime).count();
    std::string text = makeToken("", 32);
    codes_.emplace(text, std::move(code));
    return text;
}

/** Takes a code of the workbench out of circulation. @return 0, or DingTalk's error code. */
CORPS_DECL std::int64_t DingTalkServer::Impl::redeem(const Call& call, Index& member) {
    const auto found = codes_.find(call.in.text("code"));
    if (found == codes_.end() || found->second.kind != CodeKind::workbench ||
        found->second.expiresMs <= core_.nowMs() ||
        (!found->second.appKey.empty() && found->second.appKey != call.appKey)) {
        return 40078;
    }
    member = directory_->findMember(found->second.memberId);
    codes_.erase(found);
    return member == kNone || !directory_->isActive(member) ? options_.behaviour.unknownUserCode : 0;
}

namespace detail::dingtalk {

inline std::string deviceOf(std::string_view memberId) {
    std::string out;
    appendHex(out, Hash128("device").add(memberId).id());
    return out;
}

}  // namespace detail::dingtalk

CORPS_DECL HttpReply DingTalkServer::Impl::userInfo(const Call& call) {
    using namespace detail::dingtalk;
    if (call.in.text("code").empty()) {
        return badParameter();
    }
    Index index = kNone;
    if (const std::int64_t code = redeem(call, index); code != 0) {
        return failure(code);
    }
    const Member& member = directory_->member(index);
    const int level = adminLevel(index);
    std::string out = "{";
    appendText(out, "device_id", deviceOf(member.memberId));
    appendText(out, "name", member.nick);
    appendFlag(out, "sys", level != 0);
    appendInteger(out, "sys_level", level);
    appendText(out, "unionid", unionIdOf(index));
    appendText(out, "userid", member.memberId);
    return succeed(out + "}");
}

CORPS_DECL HttpReply DingTalkServer::Impl::oldUserInfo(const Call& call) {
    using namespace detail::dingtalk;
    Index index = kNone;
    if (const std::int64_t code = redeem(call, index); code != 0) {
        return failure(code);
    }
    const Member& member = directory_->member(index);
    const int level = adminLevel(index);
    std::string after;
    appendFlag(after, "is_sys", level != 0);
    appendText(after, "name", member.nick);
    appendInteger(after, "sys_level", level);
    appendText(after, "userid", member.memberId);
    std::string before;
    before += "\"deviceId\":\"" + deviceOf(member.memberId) + "\"";
    return succeedFlat(before, std::string_view(after).substr(1));
}

// ---------------------------------------------------------------------------------------------------------------------------
// The browser

CORPS_DECL HttpReply DingTalkServer::Impl::authorize(const Call& call) {
    const HttpRequest& request = call.request;
    const std::string appKey(request.parameter("client_id"));
    const std::string redirect(request.parameter("redirect_uri"));
    const std::string_view scope = request.parameter("scope");
    const auto refuse = [this](std::string_view code, std::string_view message) {
        return v1Failure(400, code, message);
    };
    const bool app = options_.credentials.empty() ||
                     std::any_of(options_.credentials.begin(), options_.credentials.end(),
                                 [&](const DingTalkCredentials& known) { return known.appKey == appKey; });
    if (appKey.empty() || !app) {
        return refuse("invalidParameter.clientId", "无效的clientId");
    }
    if (!detail::mayLeadTo(redirect, options_.redirectUris)) {
        return refuse("invalidParameter.redirectUri", "无效的redirect_uri");
    }
    if (request.parameter("response_type") != "code" || (scope != "openid" && scope != "openid corpid")) {
        return refuse("invalidParameter", "无效的参数");
    }
    const DingTalkBehaviour& b = options_.behaviour;
    std::string unionId = b.loginUnionId;
    if (unionId.empty()) {
        // Only the organisation's own people log in to its app.
        const Index member =
            directory_->findMember(detail::whoLogsIn(directory_->organisation(), b.loginMemberId));
        if (member != kNone && directory_->isActive(member)) {
            unionId = unionIdOf(member);
        }
    }
    std::string result = "error=access_denied";
    if (!b.denyLogin && !unionId.empty()) {
        forgetExpired();
        LoginCode code;
        code.kind = CodeKind::oauth;
        code.appKey = appKey;
        code.unionId = unionId;
        code.withCorp = scope == "openid corpid";
        code.expiresMs = core_.nowMs() + std::chrono::milliseconds(options_.codeLifetime).count();
        const std::string text = makeToken("", 32);
        codes_.emplace(text, std::move(code));
        result = "code=" + text + "&authCode=" + text;
    }
    HttpReply out;
    out.status = 302;
    out.headers = {{"Location", detail::redirectTo(redirect, std::move(result), request)}};
    return out;
}

CORPS_DECL std::string DingTalkServer::Impl::userToken(const std::string& appKey,
                                                       const std::string& unionId) {
    Token token;
    token.appKey = appKey;
    token.kind = TokenKind::user;
    token.unionId = unionId;
    token.permissions = permissions_;
    token.expiresMs = core_.nowMs() + std::chrono::milliseconds(options_.tokenLifetime).count();
    std::string text = makeToken("", 32);
    tokens_.emplace(text, std::move(token));
    return text;
}

CORPS_DECL HttpReply DingTalkServer::Impl::userAccessToken(const Call& call) {
    constexpr std::int64_t kMonth = 30LL * 86'400'000;
    const std::string appKey = call.in.text("clientId");
    if (!knownApp(appKey, call.in.text("clientSecret"))) {
        return v1Failure(400, "invalidClientIdOrSecret", "无效的clientId或者clientSecret");
    }
    if (!granted(call, "open_app_api_base")) {
        return permissionMissing(call, "open_app_api_base");
    }
    const std::string grantType = call.in.text("grantType");
    RefreshToken grant;
    grant.appKey = appKey;
    if (grantType == "authorization_code") {
        const auto code = codes_.find(call.in.text("code"));
        if (code == codes_.end() || code->second.kind != CodeKind::oauth || code->second.appKey != appKey ||
            code->second.expiresMs <= core_.nowMs()) {
            return v1Failure(options_.behaviour.badLoginCodeStatus, "invalidParameter.authCode.notFound",
                             "不合法的临时授权码");
        }
        grant.unionId = code->second.unionId;
        grant.withCorp = code->second.withCorp;
        codes_.erase(code);
    } else if (grantType == "refresh_token") {
        const auto old = refreshTokens_.find(call.in.text("refreshToken"));
        if (old == refreshTokens_.end() || old->second.appKey != appKey ||
            old->second.expiresMs <= core_.nowMs()) {
            return v1Failure(400, "invalidParameter.refreshToken.notFound", "不合法的refreshToken");
        }
        grant = old->second;
        refreshTokens_.erase(old);
    } else {
        return v1Failure(400, "invalidParameter.grantType", "无效的grantType");
    }
    const std::string access = userToken(appKey, grant.unionId);
    const std::string refresh = makeToken("", 32);
    grant.expiresMs = core_.nowMs() + kMonth;
    std::string body = R"({"accessToken":")" + access + R"(","refreshToken":")" + refresh +
                       "\",\"expireIn\":" + std::to_string(options_.tokenLifetime.count());
    if (grant.withCorp) {
        detail::dingtalk::appendText(body, "corpId", directory_->organisation().corpId);
    }
    refreshTokens_.emplace(refresh, std::move(grant));
    return v1Success(body + "}");
}

CORPS_DECL HttpReply DingTalkServer::Impl::usersMe(const Call& call) {
    using namespace detail::dingtalk;
    if (pathPart_ != "me" && pathPart_ != call.unionId) {
        return v1Failure(404, "invalidParameter.user.notFound", errorText(60121));
    }
    const Index index = findUnionId(call.unionId);
    static const Member kGuest;  // somebody of another organisation
    const Member& member = index == kNone ? kGuest : directory_->member(index);
    const detail::Id128 open = detail::Hash128("openId").add(call.appKey).add(call.unionId).id();
    std::string openId;
    detail::appendHex(openId, open.high);
    std::string out = "{";
    appendText(out, "nick", member.nick.empty() ? "Guest" : member.nick);
    appendText(out, "unionId", call.unionId);
    if (!member.photo.empty()) {
        appendText(out, "avatarUrl", member.photo);
    }
    appendText(out, "openId", openId + "iEiE");
    if (!member.phone.empty() && granted(call, "Contact.User.mobile")) {
        const auto [country, number] = splitPhone(member.phone);
        appendText(out, "mobile", number);
        appendText(out, "stateCode", country);
    }
    if (!member.email.empty()) {
        appendText(out, "email", member.email);
    }
    appendFlag(out, "visitor", false);
    return v1Success(out + "}");
}

}  // namespace corps::emulator
