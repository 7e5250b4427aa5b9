#pragma once

#include <corps/emulator/impl/feishu_impl.ipp>
#include <corps/emulator/impl/login.hpp>

#include <algorithm>
#include <array>

namespace corps::emulator {

namespace detail::feishu {

/** The string members of a JSON object, whatever else it holds; false when it is no JSON object. */
inline bool readStrings(std::string_view body, std::map<std::string, std::string, std::less<>>& out) {
    boost::system::error_code ec;
    const auto document = boost::json::parse(boost::json::string_view(body.data(), body.size()), ec);
    if (ec || !document.is_object()) {
        return false;
    }
    for (const auto& member : document.get_object()) {
        if (member.value().is_string()) {
            const auto& text = member.value().get_string();
            out.emplace(std::string(member.key().data(), member.key().size()),
                        std::string(text.data(), text.size()));
        }
    }
    return true;
}

/** Words between spaces. */
inline std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        if (end > 0) {
            out.emplace_back(text.substr(0, end));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

}  // namespace detail::feishu

CORPS_DECL std::string FeishuServer::Impl::makeToken(std::string_view prefix, std::size_t digits) {
    return detail::makeToken(secret_, issued_, prefix, digits);
}

CORPS_DECL void FeishuServer::Impl::forgetExpired() {
    constexpr std::size_t kMany = 1000;
    // A day longer than they live, to tell "expired" from "invalid".
    const std::int64_t limit = core_.nowMs() - 86'400'000;
    if (tokens_.size() > kMany) {
        std::erase_if(tokens_, [&](const auto& entry) { return entry.second.expiresMs < limit; });
    }
    if (codes_.size() > kMany) {
        std::erase_if(codes_, [&](const auto& entry) { return entry.second.expiresMs < limit; });
    }
    if (refreshTokens_.size() > kMany) {
        std::erase_if(refreshTokens_, [&](const auto& entry) { return entry.second.expiresMs < limit; });
    }
}

CORPS_DECL const FeishuCredentials* FeishuServer::Impl::findApp(std::string_view appId) const noexcept {
    for (const FeishuCredentials& app : options_.credentials) {
        if (app.appId == appId) {
            return &app;
        }
    }
    return nullptr;
}

// ---------------------------------------------------------------------------------------------------------------------------
// App tokens (Feishu: authentication-management/access-token)

CORPS_DECL HttpReply FeishuServer::Impl::tenantToken(const Call& call) { return issueToken(call, false); }
CORPS_DECL HttpReply FeishuServer::Impl::appToken(const Call& call) { return issueToken(call, true); }

CORPS_DECL HttpReply FeishuServer::Impl::issueToken(const Call& call, bool app) {
    // These answers are flat, and their failures come with HTTP 200.
    std::map<std::string, std::string, std::less<>> in;
    const bool readable = detail::feishu::readStrings(call.request.body, in);
    const std::string& appId = in["app_id"];
    const std::string& secret = in["app_secret"];
    if (!readable || appId.empty() || secret.empty() || appId.size() > 256) {
        return reply(200, R"({"code":10003,"msg":"invalid param","data":{}})");
    }
    if (!options_.credentials.empty()) {
        const FeishuCredentials* known = findApp(appId);
        if (known == nullptr) {
            return reply(200, appId.starts_with("cli_")
                                  ? R"({"code":10014,"msg":"app id not exists"})"
                                  : R"({"code":10003,"msg":"invalid param","data":{}})");
        }
        if (known->appSecret != secret) {
            return reply(200, R"({"code":10014,"msg":"app secret invalid"})");
        }
    }
    if (call.effects.emptySuccess) {
        return reply(200, R"({"code":0,"msg":"ok"})");
    }
    forgetExpired();
    const std::int64_t now = core_.nowMs();
    const std::int64_t renewal = std::chrono::milliseconds(options_.tokenRenewal).count();
    lastApp_ = appId;
    AppToken& current = appTokens_[appId];
    if (current.token.empty() || current.expiresMs - now < renewal || current.expiresMs <= now) {
        current.token = makeToken("t-g1044", 34);
        current.expiresMs = now + std::chrono::milliseconds(options_.tokenLifetime).count();
        tokens_[current.token] = Token{appId, TokenKind::tenant, current.expiresMs, ""};
        core_.countToken();
    }
    std::string body = R"({"code":0,"msg":"ok",)";
    if (app) {
        body += "\"app_access_token\":\"" + current.token + "\",";
    }
    body += "\"tenant_access_token\":\"" + current.token + "\",\"expire\":";
    detail::appendNumber(body, (current.expiresMs - now) / 1000);
    return reply(200, body + "}");
}

// ---------------------------------------------------------------------------------------------------------------------------
// Login (Feishu: obtain-oauth-code, get-user-access-token, refresh-user-access-token)

CORPS_DECL HttpReply FeishuServer::Impl::authorize(const Call& call) {
    const HttpRequest& request = call.request;
    const std::string clientId(request.hasParameter("client_id") ? request.parameter("client_id")
                                                                 : request.parameter("app_id"));
    const std::string redirect(request.parameter("redirect_uri"));
    const std::string_view responseType = request.parameter("response_type");
    const std::string_view method = request.parameter("code_challenge_method");
    if (clientId.empty() || redirect.empty()) {
        return failure(400, 20001, clientId.empty() ? "client_id is required" : "redirect_uri is required");
    }
    if ((!responseType.empty() && responseType != "code") ||
        (!method.empty() && method != "plain" && method != "S256")) {
        return failure(400, 20001, "invalid request");
    }
    if (!options_.credentials.empty() && findApp(clientId) == nullptr) {
        return failure(400, 20048, "app does not exist");
    }
    if (!detail::mayLeadTo(redirect, options_.redirectUris)) {
        return failure(400, 20029, "redirect_uri is invalid");
    }
    const auto wanted = detail::feishu::words(request.parameter("scope"));
    std::string scope;
    for (const std::string& word : wanted) {
        if (!granted(word)) {
            return failure(400, 20027, "scope is not enabled for the app");
        }
        scope += scope.empty() ? word : " " + word;
    }
    if (wanted.size() > 50) {
        return failure(400, 20001, "too many scopes");
    }
    if (scope.empty()) {
        scope = "auth:user.id:read";
    }

    const std::string memberId =
        detail::whoLogsIn(directory_->organisation(), options_.behaviour.loginMemberId);
    std::string result;
    if (options_.behaviour.denyLogin || memberId.empty()) {
        result = "error=access_denied";
    } else {
        forgetExpired();
        LoginCode code;
        code.grant = LoginGrant{clientId, memberId, scope};
        code.redirectUri = redirect;
        code.challenge = std::string(request.parameter("code_challenge"));
        code.sha256 = method == "S256";
        code.expiresMs = core_.nowMs() + 300'000;
        const std::string text = makeToken("", 48) + "_-" + makeToken("", 14);
        codes_.emplace(text, std::move(code));
        result = "code=" + text;
    }
    HttpReply out = reply(302, "");
    out.headers.emplace_back("Location", detail::redirectTo(redirect, std::move(result), request));
    return out;
}

CORPS_DECL HttpReply FeishuServer::Impl::oauthFailure(int httpStatus, std::int64_t code,
                                                      std::string_view error, std::string_view description) {
    std::string body = "{\"code\":";
    detail::appendNumber(body, code);
    body += ",\"error\":";
    detail::appendJson(body, error);
    body += ",\"error_description\":";
    detail::appendJson(body, description);
    return reply(httpStatus, body + "}");
}

/** Takes a code out of circulation. @return 0, or Feishu's error code. */
CORPS_DECL std::int64_t FeishuServer::Impl::redeemCode(std::string_view code, std::string_view appId,
                                                       LoginCode& out) {
    const auto found = codes_.find(std::string(code));
    if (found == codes_.end()) {
        return 20003;
    }
    if (found->second.grant.appId != appId) {
        return 20024;
    }
    if (found->second.used) {
        return 20065;
    }
    if (found->second.expiresMs <= core_.nowMs()) {
        return 20004;
    }
    found->second.used = true;
    out = found->second;
    return 0;
}

CORPS_DECL std::string FeishuServer::Impl::userToken(const LoginGrant& grant, bool legacy) {
    // The newer tokens are long: who keeps them must have room for kilobytes.
    std::string text = legacy ? makeToken("u-", 48) : makeToken("eyJ", 1200);
    tokens_[text] =
        Token{grant.appId, TokenKind::user,
              core_.nowMs() + std::chrono::milliseconds(options_.tokenLifetime).count(), grant.memberId};
    return text;
}

CORPS_DECL std::string FeishuServer::Impl::refreshToken(const LoginGrant& grant, bool legacy,
                                                        const std::string& accessToken,
                                                        std::int64_t authorizedMs) {
    constexpr std::int64_t kDay = 86'400'000;
    std::string text = legacy ? makeToken("ur-", 48) : makeToken("eyJ", 1200);
    const std::int64_t lifetime = legacy ? 30 * kDay : 7 * kDay;
    RefreshToken token;
    token.grant = grant;
    token.legacy = legacy;
    token.accessToken = accessToken;
    token.authorizedMs = authorizedMs;
    token.expiresMs = std::min(core_.nowMs() + lifetime, authorizedMs + 365 * kDay);
    refreshTokens_.emplace(text, std::move(token));
    return text;
}

CORPS_DECL HttpReply FeishuServer::Impl::oauthSuccess(const LoginGrant& grant, std::string_view scope,
                                                      std::int64_t authorizedMs) {
    const auto granted = detail::feishu::words(scope);
    LoginGrant narrowed = grant;
    narrowed.scope = std::string(scope);
    const std::string access = userToken(narrowed, false);
    std::string body = "{\"code\":0,\"access_token\":\"" + access + "\",\"expires_in\":";
    detail::appendNumber(body, options_.tokenLifetime.count());
    if (std::find(granted.begin(), granted.end(), "offline_access") != granted.end()) {
        body += ",\"refresh_token\":\"" + refreshToken(narrowed, false, access, authorizedMs) +
                "\",\"refresh_token_expires_in\":604800";
    }
    body += ",\"scope\":";
    detail::appendJson(body, scope);
    return reply(200, body + ",\"token_type\":\"Bearer\"}");
}

/** Why this member may not log in, as Feishu's error code; 0 if they may. */
CORPS_DECL std::int64_t FeishuServer::Impl::loginState(const std::string& memberId) const {
    const Index index = directory_->findMember(memberId);
    if (index == kNone) {
        return 20008;
    }
    const Member& member = directory_->member(index);
    if (member.status != 1) {
        return 20021;
    }
    if (member.upstreamStatus == "frozen") {
        return 20022;
    }
    return member.upstreamStatus == "unactivated" || member.upstreamStatus == "unjoined" ? 20023 : 0;
}

CORPS_DECL HttpReply FeishuServer::Impl::oauthToken(const Call& call) {
    std::map<std::string, std::string, std::less<>> in;
    if (!detail::feishu::readStrings(call.request.body, in)) {
        return oauthFailure(400, 20063, "invalid_request", "The request is malformed.");
    }
    const auto refuse = [&](std::int64_t code) {
        static constexpr std::array<std::pair<std::int64_t, std::string_view>, 17> kTexts{{
            {20003,
             "The authorization code is not found. Please note that an authorization code can only be used "
             "once."},
            {20004, "The authorization code has expired."},
            {20008, "The user does not exist."},
            {20024, "The provided authorization code or refresh token does not match the client id."},
            {20026, "The refresh token is invalid."},
            {20037, "The refresh token has expired."},
            {20049, "PKCE code challenge failed."},
            {20065, "The authorization code has been used."},
            {20066, "The user status is invalid."},
            {20067, "The scope list contains duplicates."},
            {20068, "The scope list contains scopes that were not granted."},
            {20071, "The redirect_uri does not match the one of the authorization request."},
            {20073, "The refresh token has been used."},
            {20002, "The client secret is invalid."},
            {20048, "The app does not exist."},
            {20036, "The grant_type is not supported."},
            {20070, "Two authentication methods were used."},
        }};
        std::string_view text = "The request is missing a required parameter.";
        for (const auto& [known, words] : kTexts) {
            text = known == code ? words : text;
        }
        const bool client = code == 20002 || code == 20048 || code == 20070;
        const bool request = code == 20001 || code == 20067 || code == 20071;
        return oauthFailure(400, code,
                            client          ? "invalid_client"
                            : request       ? "invalid_request"
                            : code == 20036 ? "unsupported_grant_type"
                            : code == 20068 ? "invalid_scope"
                                            : "invalid_grant",
                            text);
    };
    const std::string& grantType = in["grant_type"];
    const std::string& clientId = in["client_id"];
    const std::string& secret = in["client_secret"];
    if (call.request.header("Authorization").starts_with("Basic ") && !secret.empty()) {
        return refuse(20070);
    }
    if (grantType.empty() || clientId.empty() || secret.empty()) {
        return refuse(20001);
    }
    if (grantType != "authorization_code" && grantType != "refresh_token") {
        return refuse(20036);
    }
    if (!options_.credentials.empty()) {
        const FeishuCredentials* app = findApp(clientId);
        if (app == nullptr) {
            return refuse(20048);
        }
        if (app->appSecret != secret) {
            return refuse(20002);
        }
    }
    LoginGrant grant;
    std::int64_t authorizedMs = core_.nowMs();
    if (grantType == "authorization_code") {
        if (in["code"].empty()) {
            return refuse(20001);
        }
        LoginCode code;
        if (const auto error = redeemCode(in["code"], clientId, code); error != 0) {
            return refuse(error);
        }
        if (!in["redirect_uri"].empty() && in["redirect_uri"] != code.redirectUri) {
            return refuse(20071);
        }
        if (!code.challenge.empty()) {
            const std::string& verifier = in["code_verifier"];
            const bool wellFormed = verifier.size() >= 43 && verifier.size() <= 128 &&
                                    std::all_of(verifier.begin(), verifier.end(), [](char c) {
                                        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                               (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                                               c == '~';
                                    });
            const std::string shown =
                code.sha256 ? detail::base64Encode(detail::sha256(verifier), detail::kBase64Url, false)
                            : verifier;
            if (!wellFormed || shown != code.challenge) {
                return refuse(20049);
            }
        }
        grant = code.grant;
    } else {
        const auto found = refreshTokens_.find(in["refresh_token"]);
        if (in["refresh_token"].empty()) {
            return refuse(20001);
        }
        if (found == refreshTokens_.end() || found->second.legacy) {
            return refuse(20026);
        }
        RefreshToken& token = found->second;
        if (token.grant.appId != clientId) {
            return refuse(20024);
        }
        if (token.used) {
            return refuse(20073);
        }
        if (token.expiresMs <= core_.nowMs()) {
            return refuse(20037);
        }
        token.used = true;
        grant = token.grant;
        authorizedMs = token.authorizedMs;
        // The former access token stays good for one more minute.
        if (const auto old = tokens_.find(token.accessToken); old != tokens_.end()) {
            old->second.expiresMs = std::min(old->second.expiresMs, core_.nowMs() + 60'000);
        }
    }
    if (const auto state = loginState(grant.memberId); state != 0) {
        return refuse(state == 20008 ? 20008 : 20066);
    }
    std::string scope = grant.scope;
    if (!in["scope"].empty()) {
        auto asked = detail::feishu::words(in["scope"]);
        const auto given = detail::feishu::words(grant.scope);
        if (std::any_of(asked.begin(), asked.end(), [&](const std::string& word) {
                return std::find(given.begin(), given.end(), word) == given.end();
            })) {
            return refuse(20068);
        }
        scope = in["scope"];
        std::sort(asked.begin(), asked.end());
        if (std::adjacent_find(asked.begin(), asked.end()) != asked.end()) {
            return refuse(20067);
        }
    }
    return oauthSuccess(grant, scope, authorizedMs);
}

CORPS_DECL void FeishuServer::Impl::appendLegacyTokens(std::string& out, const LoginGrant& grant,
                                                       std::int64_t authorizedMs) {
    const std::string access = userToken(grant, true);
    out += "\"access_token\":\"" + access + "\",\"refresh_token\":\"" +
           refreshToken(grant, true, access, authorizedMs) + "\",\"token_type\":\"Bearer\",\"expires_in\":";
    detail::appendNumber(out, options_.tokenLifetime.count());
    out += ",\"refresh_expires_in\":2592000,\"scope\":";
    detail::appendJson(out, grant.scope);
}

CORPS_DECL HttpReply FeishuServer::Impl::oidcToken(const Call& call) {
    std::map<std::string, std::string, std::less<>> in;
    if (!detail::feishu::readStrings(call.request.body, in) || in["code"].empty()) {
        return failure(200, 20001, "invalid request");
    }
    if (in["grant_type"] != "authorization_code") {
        return failure(200, 20036, "grant_type is not supported");
    }
    LoginCode code;
    if (const auto error = redeemCode(in["code"], call.appId, code); error != 0) {
        return error == 20065 ? failure(200, 20003, "code is invalid or used")
                              : failure(200, error, "code is invalid");
    }
    if (const auto state = loginState(code.grant.memberId); state != 0) {
        return failure(200, state, "user status is invalid");
    }
    std::string data = "{";
    appendLegacyTokens(data, code.grant, core_.nowMs());
    return success(data + "}");
}

CORPS_DECL HttpReply FeishuServer::Impl::oidcRefresh(const Call& call) {
    std::map<std::string, std::string, std::less<>> in;
    if (!detail::feishu::readStrings(call.request.body, in) || in["refresh_token"].empty()) {
        return failure(200, 20001, "invalid request");
    }
    if (in["grant_type"] != "refresh_token") {
        return failure(200, 20036, "grant_type is not supported");
    }
    const auto found = refreshTokens_.find(in["refresh_token"]);
    if (found == refreshTokens_.end() || !found->second.legacy || found->second.used ||
        found->second.grant.appId != call.appId || found->second.expiresMs <= core_.nowMs()) {
        return failure(200, 20007, "refresh token is invalid");
    }
    found->second.used = true;
    const LoginGrant grant = found->second.grant;
    if (const auto state = loginState(grant.memberId); state != 0) {
        return failure(200, state, "user status is invalid");
    }
    std::string data = "{";
    appendLegacyTokens(data, grant, found->second.authorizedMs);
    return success(data + "}");
}

CORPS_DECL void FeishuServer::Impl::appendUserInfo(std::string& out, const std::string& appId, Index index) {
    const Member& member = directory_->member(index);
    const auto add = [&](std::string_view key, std::string_view value) {
        out += ",\"";
        out += key;
        out += "\":";
        detail::appendJson(out, value);
    };
    out += "\"name\":";
    detail::appendJson(out, member.nick);
    add("en_name", "");
    add("avatar_url", member.photo);
    add("avatar_thumb", member.photo);
    add("avatar_middle", member.photo);
    add("avatar_big", member.photo);
    add("open_id", openUserId(appId, member.memberId));
    add("union_id", unionIdOf(index));
    add("tenant_key", directory_->organisation().corpId);
    if (fields_.email) {
        add("email", member.email);
    }
    if (fields_.employee) {
        add("enterprise_email", "");
        add("employee_no", member.jobNumber);
    }
    if (fields_.userId) {
        add("user_id", member.memberId);
    }
    if (fields_.phone) {
        add("mobile", member.phone);  // with the country code, unlike the contacts
    }
}

CORPS_DECL HttpReply FeishuServer::Impl::oldUserToken(const Call& call) {
    std::map<std::string, std::string, std::less<>> in;
    if (!detail::feishu::readStrings(call.request.body, in) || in["code"].empty()) {
        return failure(200, 20001, "invalid request");
    }
    LoginCode code;
    if (const auto error = redeemCode(in["code"], call.appId, code); error != 0) {
        return error == 20065 ? failure(200, 20003, "code is invalid or used")
                              : failure(200, error, "code is invalid");
    }
    if (const auto state = loginState(code.grant.memberId); state != 0) {
        return failure(200, state, "user status is invalid");
    }
    std::string data = "{";
    appendLegacyTokens(data, code.grant, core_.nowMs());
    data += ',';
    appendUserInfo(data, call.appId, directory_->findMember(code.grant.memberId));
    data += ",\"sid\":\"" + makeToken("", 32) + "\"}";
    return success(data);
}

CORPS_DECL HttpReply FeishuServer::Impl::userInfo(const Call& call) {
    if (const auto state = loginState(call.memberId); state != 0) {
        return failure(200, state,
                       state == 20008   ? "user not exist"
                       : state == 20021 ? "user resigned"
                       : state == 20022 ? "user frozen"
                                        : "user not registered");
    }
    if (call.effects.emptySuccess) {
        return success("{}");
    }
    std::string data = "{";
    appendUserInfo(data, call.appId, directory_->findMember(call.memberId));
    return success(data + "}");
}

}  // namespace corps::emulator
