#pragma once

#include <corps/emulator/impl/fields.hpp>
#include <corps/emulator/impl/login.hpp>
#include <corps/emulator/impl/wecom_impl.ipp>

#include <algorithm>

/** @file Tokens and login. In brackets the pages of WeCom's documentation. */
namespace corps::emulator {

CORPS_DECL std::string detail::WeComPlatform::makeToken(std::string_view prefix, std::size_t digits) {
    return detail::makeToken(secret_, issued_, prefix, digits);
}

CORPS_DECL void detail::WeComPlatform::forgetExpired() {
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
    clean(tickets_);
    clean(cursors_);
}

CORPS_DECL WeComServer::Impl::Identity WeComServer::Impl::identify(const std::string& corpId,
                                                                   const std::string& secret) {
    const WeComBehaviour& b = options_.behaviour;
    Identity out;
    Token& token = out.token;
    token.corpId = corpId;
    bool known = options_.credentials.empty();
    bool corpKnown = known;
    if (known) {
        token.contact =
            std::find(b.contactSecrets.begin(), b.contactSecrets.end(), secret) != b.contactSecrets.end();
        token.agentId = token.contact ? 0 : b.agentId;
    }
    bool elsewhere = false;
    for (const WeComCredentials& app : options_.credentials) {
        const bool corp = detail::wecom::sameCorp(app.corpId, corpId);
        const bool contact = app.contactSecret == secret;
        corpKnown = corpKnown || corp;
        elsewhere = elsewhere || (!corp && (contact || app.secret == secret));
        if (!known && corp && (contact || app.secret == secret)) {
            known = true;
            token.contact = contact;
            token.agentId = contact ? 0 : app.agentId;
            token.scope = app.scope ? &*app.scope : nullptr;
        }
    }
    if (!corpKnown) {
        out.code = 40013;
    } else if (!known) {
        out.code = elsewhere ? 40091 : 40001;
        out.wrongSecret = true;
    } else if (b.appDisabled && !token.contact) {
        out.code = 40001;
    }
    return out;
}

/** The caller's address has guessed too many secrets. */
CORPS_DECL bool detail::WeComPlatform::banned() {
    const auto caller = callers_.find(caller_);
    const bool out = caller != callers_.end() && core_.nowMs() < caller->second.bannedUntilMs;
    if (out) {
        core_.countRateLimited();
    }
    return out;
}

CORPS_DECL void detail::WeComPlatform::countWrongSecret() {
    const std::uint32_t most = options_.behaviour.wrongSecrets;
    Caller& caller = callers_[caller_];
    if (most != 0 && ++caller.wrongSecrets >= most) {
        caller.wrongSecrets = 0;
        caller.bannedUntilMs = core_.nowMs() + 3'600'000;
    }
}

// [91039]
CORPS_DECL HttpReply detail::WeComPlatform::gettoken(const Call& call) {
    const WeComBehaviour& b = options_.behaviour;
    const std::string corpId = call.in.text("corpid");
    const std::string secret = call.in.text("corpsecret");
    if (banned()) {
        return failure(45009);
    }
    if (corpId.empty()) {
        return failure(41002);
    }
    if (secret.empty()) {
        return failure(41004);
    }
    if (b.deniedAtToken) {
        if (auto refused = checkAddress()) {
            return std::move(*refused);
        }
    }
    Identity who = identify(corpId, secret);
    if (who.wrongSecret) {
        countWrongSecret();
    }
    if (who.code != 0) {
        return failure(who.code);
    }
    std::string out;
    appendToken(out, std::move(who.token), secret);
    return succeed(call, out);
}

/** Gives the token out that a secret stands for: the one there is, or another. */
CORPS_DECL void detail::WeComPlatform::appendToken(std::string& out, Token token, std::string_view secret) {
    const WeComBehaviour& b = options_.behaviour;
    const std::int64_t now = core_.nowMs();
    forgetExpired();
    token.key = wecom::lowerCase(token.corpId);
    token.key += ' ';
    token.key += secret;
    std::string& current = currentTokens_[token.key];
    const auto living = tokens_.find(current);
    const std::int64_t lifetime = std::chrono::milliseconds(options_.tokenLifetime).count();
    if (b.newTokens || living == tokens_.end() || living->second.expiresMs <= now) {
        current = makeToken("", 64);
        token.expiresMs = now + lifetime;
        tokens_.emplace(current, std::move(token));
        core_.countToken();
    } else if (living->second.contact != token.contact || living->second.agentId != token.agentId) {
        living->second.contact = token.contact;  // what secrets are for has been changed meanwhile
        living->second.agentId = token.agentId;
    }
    const std::int64_t left = b.wholeLifetime ? lifetime : tokens_.at(current).expiresMs - now;
    appendText(out, "access_token", current);
    appendInteger(out, "expires_in", left / 1000);
}

// ---------------------------------------------------------------------------------------------------------------------------
// The pages [91022, 98152]

CORPS_DECL std::string detail::WeComPlatform::addCode(LoginCode code) {
    forgetExpired();
    code.expiresMs = core_.nowMs() + std::chrono::milliseconds(options_.codeLifetime).count();
    std::string text = makeToken("", 43);
    codes_.emplace(text, std::move(code));
    return text;
}

CORPS_DECL std::string WeComServer::Impl::loginCode(std::string_view memberId, std::int64_t agentId,
                                                    bool privateInfo) {
    LoginCode code;
    code.agentId = agentId;
    code.userId = std::string(memberId);
    code.privateInfo = privateInfo;
    return addCode(std::move(code));
}

namespace detail::wecom {

/** The host of an address, in lower case. */
inline std::string hostOf(std::string_view url) {
    const auto start = url.find("://");
    if (start == std::string_view::npos) {
        return {};
    }
    url.remove_prefix(start + 3);
    url = url.substr(0, url.find_first_of("/?#"));
    if (const auto at = url.rfind('@'); at != std::string_view::npos) {
        url.remove_prefix(at + 1);
    }
    return lowerCase(url.substr(0, url.find(':')));
}

inline bool isState(std::string_view state) noexcept {
    return state.size() <= 128 && std::all_of(state.begin(), state.end(), isAlnum);
}

}  // namespace detail::wecom

CORPS_DECL std::int64_t WeComServer::Impl::findLogin(const std::string& corpId, std::int64_t agentId,
                                                     LoginTarget& out) {
    out.corp = enterprise_.get();
    out.corpId = corpId;
    const auto& apps = options_.credentials;
    const auto corp = [&](const WeComCredentials& each) {
        return detail::wecom::sameCorp(each.corpId, corpId);
    };
    if (corpId.empty() || (!apps.empty() && std::none_of(apps.begin(), apps.end(), corp))) {
        return 40013;
    }
    const auto app = std::find_if(apps.begin(), apps.end(), [&](const WeComCredentials& each) {
        return corp(each) && !each.secret.empty() && (agentId == 0 || each.agentId == agentId);
    });
    if (!apps.empty() && app == apps.end()) {
        return 40056;
    }
    out.scope = app != apps.end() && app->scope ? &*app->scope : nullptr;
    return 0;
}

/** Somebody logs in for the app. @param scan By a page that only who sees the app gets through. */
CORPS_DECL HttpReply detail::WeComPlatform::logIn(const Call& call, bool scan, bool privateInfo,
                                                  std::int64_t agentId) {
    const WeComBehaviour& b = options_.behaviour;
    const HttpRequest& request = call.request;
    const std::string redirect(request.parameter("redirect_uri"));
    if (redirect.empty()) {
        return page(scan ? -31035 : 50001);
    }
    if (!detail::mayLeadTo(redirect, {}) ||
        (!options_.trustedDomain.empty() &&
         detail::wecom::hostOf(redirect) != detail::wecom::lowerCase(options_.trustedDomain))) {
        return page(scan ? -31020 : 50001);
    }
    LoginTarget target;
    if (const std::int64_t wrong = findLogin(std::string(request.parameter("appid")), agentId, target);
        wrong != 0) {
        return page(!scan ? wrong : wrong == 40013 ? -31027 : -31028);
    }
    corp_ = target.corp;
    LoginCode code;
    code.corpId = target.corpId;
    code.agentId = agentId;
    code.app = target.app;
    code.service = target.service;
    if (b.denyLogin) {
        return page(50002);
    }
    if (!b.loginOpenId.empty()) {
        code.openId = b.loginOpenId;
    } else if (!b.loginLinkedId.empty()) {
        code.userId = b.loginLinkedId;
    } else {
        code.userId = detail::whoLogsIn(corp_->directory->organisation(), b.loginMemberId);
        const Index member = corp_->directory->findMember(code.userId);
        if (member == kNone || !corp_->directory->isActive(member)) {
            return page(50002);
        }
        const bool sees = rangeOf(target.scope != nullptr ? target.scope : &b.scope).member(member);
        if (!sees && (scan || privateInfo)) {
            return page(50002);
        }
        if (const std::int64_t refused = checkLogin(target, member, agentId); refused != 0) {
            return page(refused);
        }
    }
    if (scan && !code.openId.empty()) {
        return page(50002);
    }
    code.privateInfo = privateInfo;
    HttpReply out;
    out.status = 302;
    out.headers = {{"Location", detail::redirectTo(redirect, "code=" + addCode(std::move(code)), request)}};
    return out;
}

/** Within the WeCom client. */
CORPS_DECL HttpReply detail::WeComPlatform::oauthPage(const Call& call) {
    const HttpRequest& request = call.request;
    const std::string_view scope = request.parameter("scope");
    const auto agentId = detail::parseNumber<std::int64_t>(request.parameter("agentid")).value_or(0);
    if (request.parameter("response_type") != "code" ||
        (scope != "snsapi_base" && scope != "snsapi_privateinfo") ||
        !detail::wecom::isState(request.parameter("state"))) {
        return page(40058);
    }
    // Without the app it silently asks for less.
    return logIn(call, false, scope == "snsapi_privateinfo" && agentId != 0, agentId);
}

/** In a browser. */
CORPS_DECL HttpReply detail::WeComPlatform::ssoPage(const Call& call) {
    if (!knowsLoginType(call.request.parameter("login_type"))) {
        return page(-31040);
    }
    return qrPage(call);
}

/** In a browser, as it was once. */
CORPS_DECL HttpReply detail::WeComPlatform::qrPage(const Call& call) {
    const auto agentId = detail::parseNumber<std::int64_t>(call.request.parameter("agentid")).value_or(0);
    return agentId < 1 && call.request.parameter("login_type") != "ServiceApp"
               ? page(-31028)
               : logIn(call, true, false, agentId);
}

// ---------------------------------------------------------------------------------------------------------------------------
// Who it was [91023, 95833]

/** The code of the call, if it is good. @param code Else the number it is refused with. */
CORPS_DECL detail::WeComPlatform::LoginCode* detail::WeComPlatform::findCode(const Call& call,
                                                                             std::int64_t& code) {
    const std::string text = call.in.text("code");
    const bool distinct = options_.behaviour.distinctCodeErrors;
    code = text.empty() ? 41008 : 40029;
    const auto found = codes_.find(text);
    if (found == codes_.end()) {
        return nullptr;
    }
    LoginCode& login = found->second;
    const bool foreign =
        (!login.corpId.empty() && !detail::wecom::sameCorp(login.corpId, call.token->corpId)) ||
        (login.agentId != 0 && call.token->agentId != 0 && login.agentId != call.token->agentId);
    if (foreign || (login.app != nullptr && login.app != call.token->app) || login.service ||
        call.token->contact) {
        return nullptr;
    }
    if (login.used || login.expiresMs <= core_.nowMs()) {
        code = !distinct ? 40029 : login.used ? 42022 : 42003;
        return nullptr;
    }
    return &login;
}

CORPS_DECL HttpReply detail::WeComPlatform::userInfo(const Call& call) {
    std::int64_t refused = 0;
    LoginCode* login = findCode(call, refused);
    if (login == nullptr) {
        return failure(refused);
    }
    login->used = true;
    const WeComBehaviour& b = options_.behaviour;
    const Index member = corp_->directory->findMember(login->userId);
    std::string out;
    const bool linked = login->userId.find('/') != std::string::npos;
    if (linked || (member != kNone && corp_->directory->isActive(member))) {
        detail::appendText(out, "userid", linked ? login->userId : userId(call, member));
        if (!linked && login->privateInfo && visible(call, member)) {
            const std::string text = makeToken("", 64);
            tickets_.emplace(
                text, Ticket{login->userId, call.token->key,
                             core_.nowMs() + std::chrono::milliseconds(options_.ticketLifetime).count()});
            detail::appendText(out, "user_ticket", text);
        }
        return succeed(call, out);
    }
    detail::appendText(out, "openid",
                       login->openId.empty()
                           ? detail::wecom::openIdOf(corp_->directory->organisation().corpId, login->userId)
                           : login->openId);
    if (!b.loginExternalUserId.empty()) {
        detail::appendText(out, "external_userid", b.loginExternalUserId);
    }
    return succeed(call, out);
}

/** As it was once, with capitals. */
CORPS_DECL HttpReply detail::WeComPlatform::oldUserInfo(const Call& call) {
    std::int64_t refused = 0;
    LoginCode* login = findCode(call, refused);
    if (login == nullptr) {
        return failure(refused);
    }
    login->used = true;
    const Index member = corp_->directory->findMember(login->userId);
    std::string out;
    const bool linked = login->userId.find('/') != std::string::npos;
    if (linked || (member != kNone && corp_->directory->isActive(member))) {
        detail::appendText(out, "UserId", linked ? login->userId : userId(call, member));
    } else {
        detail::appendText(out, "OpenId",
                           login->openId.empty() ? detail::wecom::openIdOf(
                                                       corp_->directory->organisation().corpId, login->userId)
                                                 : login->openId);
    }
    std::string device;
    detail::appendHex(device, detail::Hash128("device").add(login->userId).id());
    detail::appendText(out, "DeviceId", device);
    return succeed(call, out);
}

CORPS_DECL HttpReply detail::WeComPlatform::userDetail(const Call& call) {
    const std::string text = call.in.text("user_ticket");
    const auto ticket = tickets_.find(text);
    if (text.empty() || ticket == tickets_.end() || ticket->second.key != call.token->key) {
        return failure(call, 84015);
    }
    if (ticket->second.expiresMs <= core_.nowMs()) {
        return failure(84014);
    }
    const Index index = corp_->directory->findMember(ticket->second.memberId);
    if (index == kNone || !corp_->directory->isActive(index)) {
        return failure(options_.behaviour.unknownUserCode);
    }
    std::string out;
    detail::appendText(out, "userid", userId(call, index));
    appendPrivate(out, index, [&](Field field) { return consented(call, field); });
    return succeed(call, out);
}

/** What a member shows to who asks for it, of that what the enterprise lets the app see. */
CORPS_DECL void detail::WeComPlatform::appendPrivate(std::string& out, Index index,
                                                     const std::function<bool(Field)>& consented) const {
    const Member& member = corp_->directory->member(index);
    const auto& fields = options_.behaviour.privateFields;
    const auto add = [&](std::string_view key, Field field, const std::string& value) {
        if (consented(field) && std::find(fields.begin(), fields.end(), key) != fields.end()) {
            appendText(out, key, value);
        }
    };
    add("gender", Field::gender, wecom::genderOf(member));
    add("avatar", Field::avatar, member.photo);
    add("qr_code", Field::qrCode, wecom::qrCodeOf(member.memberId));
    add("mobile", Field::mobile, wecom::mobileOf(member.phone));
    add("email", Field::email, member.email);
    add("biz_mail", Field::bizMail, options_.behaviour.bizMail ? wecom::bizMailOf(member.memberId) : "");
    add("address", Field::address, "");
}

}  // namespace corps::emulator
