#pragma once

#include <corps/emulator/impl/fields.hpp>
#include <corps/emulator/impl/login.hpp>
#include <corps/emulator/impl/wecom_proxy_impl.ipp>

#include <algorithm>
#include <utility>

/** @file The provider's own calls. In brackets the pages of WeCom's documentation. */
namespace corps::emulator {

// ---------------------------------------------------------------------------------------------------------------------------
// Tokens

// [97162]
CORPS_DECL HttpReply WeComProxyServer::Impl::suiteToken(const Call& call) {
    const std::string id = call.in.text("suite_id");
    const std::string secret = call.in.text("suite_secret");
    const std::string ticket = call.in.text("suite_ticket");
    if (banned()) {
        return failure(45009);
    }
    if (id.empty() || secret.empty() || ticket.empty()) {
        return failure(call, id.empty() ? 41021 : secret.empty() ? 41024 : 41023);
    }
    if (auto refused = checkAddress()) {
        return std::move(*refused);
    }
    Suite* suite = findSuite(id);
    if (suite == nullptr) {
        return failure(40083);
    }
    if (!suite->config.suiteSecret.empty() && suite->config.suiteSecret != secret) {
        countWrongSecret();
        return failure(40080);
    }
    const std::int64_t now = core_.nowMs();
    const std::int64_t oldest = now - std::chrono::milliseconds(proxy_.suiteTicketLifetime).count();
    if (std::none_of(suite->tickets.begin(), suite->tickets.end(),
                     [&](const Suite::Ticket& each) { return each.text == ticket && each.atMs > oldest; })) {
        return failure(40085);
    }
    const std::int64_t lifetime = std::chrono::milliseconds(proxy_.tokenLifetime).count();
    auto token = suiteTokens_.find(suite->currentToken);
    if (proxy_.behaviour.newSuiteTokens || token == suiteTokens_.end() || token->second.expiresMs <= now) {
        forgetOld();
        suite->currentToken = makeToken("", 64);
        token = suiteTokens_.emplace(suite->currentToken, SuiteToken{suite, now + lifetime}).first;
        core_.countToken();
    }
    std::string out;
    detail::appendText(out, "suite_access_token", suite->currentToken);
    detail::appendInteger(out, "expires_in",
                          (proxy_.behaviour.wholeLifetime ? lifetime : token->second.expiresMs - now) / 1000);
    return succeed(call, out);
}

// [96237] Without a code, whatever else is said with one.
CORPS_DECL HttpReply WeComProxyServer::Impl::providerToken(const Call& call) {
    const std::string id = call.in.text("corpid");
    const std::string secret = call.in.text("provider_secret");
    if (banned()) {
        return failure(45009);
    }
    if (id.empty() || secret.empty()) {
        return failure(call, id.empty() ? 41002 : 41004);
    }
    if (auto refused = checkAddress()) {
        return std::move(*refused);
    }
    if (!open_ && !detail::wecom::sameCorp(id, proxy_.providerCorpId)) {
        return failure(40013);
    }
    if (!proxy_.providerSecret.empty() && proxy_.providerSecret != secret) {
        countWrongSecret();
        return failure(40001);
    }
    const std::int64_t now = core_.nowMs();
    const std::int64_t lifetime = std::chrono::milliseconds(proxy_.tokenLifetime).count();
    auto token = suiteTokens_.find(providerToken_);
    if (token == suiteTokens_.end() || token->second.expiresMs <= now) {
        providerToken_ = makeToken("", 64);
        token = suiteTokens_.emplace(providerToken_, SuiteToken{nullptr, now + lifetime}).first;
        core_.countToken();
    }
    HttpReply out;
    out.contentType = "application/json; charset=UTF-8";
    out.body = "{";
    detail::appendText(out.body, "provider_access_token", providerToken_);
    detail::appendInteger(out.body, "expires_in",
                          (proxy_.behaviour.wholeLifetime ? lifetime : token->second.expiresMs - now) / 1000);
    out.body += '}';
    return out;
}

// ---------------------------------------------------------------------------------------------------------------------------
// Authorisations [97163, 100795]

CORPS_DECL std::string WeComProxyServer::Impl::nameOf(const Client& client) const {
    const detail::Directory& directory = *client.contacts.directory;
    const std::string& name = directory.organisation().corpName;
    return name.empty() ? directory.dept(directory.root()).name : name;
}

/** `auth_corp_info`. @param whole As more than a name. @param old As the older call has it. */
CORPS_DECL void WeComProxyServer::Impl::appendCorp(std::string& out, const App& app, bool whole,
                                                   bool old) const {
    using namespace detail;
    const std::string name = nameOf(*app.client);
    const auto people = app.client->contacts.directory->peopleBelow(app.client->contacts.directory->root());
    out += R"(,"auth_corp_info":{)";
    appendText(out, "corpid", app.corpId());
    appendText(out, "corp_name", name);
    if (whole) {
        appendText(out, "corp_type", "verified");
        appendText(out, "corp_square_logo_url", "https://p.qlogo.cn/example/corp");
        if (old) {
            appendText(out, "corp_round_logo_url", "https://p.qlogo.cn/example/corp");
            appendText(out, "corp_wxqrcode", "https://p.qlogo.cn/example/wxqrcode");
        }
        appendInteger(out, "corp_user_max", std::max<std::int64_t>(200, people * 2));
        appendText(out, "corp_full_name", name);
        appendInteger(out, "verified_end_time", 1'893'456'000);
        appendInteger(out, "subject_type", 1);
        appendText(out, "corp_scale",
                   people <= 50     ? "1-50人"
                   : people <= 100  ? "51-100人"
                   : people <= 200  ? "101-200人"
                   : people <= 500  ? "201-500人"
                   : people <= 1000 ? "501-1000人"
                                    : "1000人以上");
        appendText(out, "corp_industry", "IT服务");
        appendText(out, "corp_sub_industry", "计算机软件/硬件/信息服务");
        if (!old) {
            out += R"(,"corp_ex_name":{)";
            if (proxy_.behaviour.exNamesAsList) {
                out += "\"name_list\":[";
                appendJson(out, name);
                out += "]";
            } else {
                appendText(out, "name_list", name);
            }
            out += '}';
        }
    }
    out += '}';
}

/** `auth_info`: the app, and what it may see. */
CORPS_DECL void WeComProxyServer::Impl::appendAuthInfo(std::string& out, const App& app) const {
    using namespace detail;
    const WeComEnterprise& contacts = app.client->contacts;
    out += R"(,"auth_info":{"agent":[{)";
    appendInteger(out, "agentid", app.agentId);
    appendText(out, "name", app.suite->config.name);
    appendText(out, "round_logo_url", "https://p.qlogo.cn/example/0");
    appendText(out, "square_logo_url", "https://p.qlogo.cn/example/0");
    appendInteger(out, "appid", 1);
    appendInteger(out, "auth_mode", 0);
    appendFlag(out, "is_customized_app", app.suite->proxy());
    appendFlag(out, "auth_from_thirdapp", false);
    out += R"(,"privilege":{)";
    appendInteger(out, "level", app.suite->proxy() ? 0 : 1);
    const Scope scope = resolve(contacts, app.scope);
    const auto numbers = [&out](std::string_view key, const std::vector<std::int64_t>& values) {
        out += ",\"";
        out += key;
        out += "\":";
        appendList(out, values, [](std::string& to, std::int64_t value) { appendNumber(to, value); });
    };
    numbers("allow_party", scope.depts);
    out += ",\"allow_user\":";
    appendList(out, scope.members,
               [&](std::string& to, Index member) { appendJson(to, shownId(app, member)); });
    numbers("allow_tag", scope.tags);
    out += R"(,"extra_party":[],"extra_user":[],"extra_tag":[]}}]})";
}

CORPS_DECL void WeComProxyServer::Impl::appendDealer(std::string& out) const {
    if (proxy_.behaviour.dealer) {
        out += R"(,"dealer_corp_info":{"corpid":"wwdealer000000001","corp_name":"示例代理"})";
    }
}

CORPS_DECL HttpReply WeComProxyServer::Impl::permanentCode(const Call& call) { return exchange(call, true); }
CORPS_DECL HttpReply WeComProxyServer::Impl::permanentCode2(const Call& call) {
    return exchange(call, false);
}

CORPS_DECL HttpReply WeComProxyServer::Impl::exchange(const Call& call, bool old) {
    const auto code = authCodes_.find(call.in.text("auth_code"));
    if (code == authCodes_.end() || code->second.used || code->second.expiresMs <= core_.nowMs()) {
        return failure(call, 40078);
    }
    App& app = *code->second.app;
    if (app.suite != suite_) {
        return failure(48003);
    }
    code->second.used = true;
    if (!app.oldCode.empty()) {
        app.oldCode.clear();
        dropTokens(app);
    }
    core_.countCorp(app.client->id, endpoint_->label);
    std::string out;
    if (!app.suite->proxy()) {
        appendToken(out, tokenOf(app, true), app.permanentCode);
    }
    detail::appendText(out, "permanent_code", app.permanentCode);
    if (old) {
        appendDealer(out);
    }
    appendCorp(out, app, old, old);
    if (old) {
        appendAuthInfo(out, app);
    }
    const detail::Directory& directory = *app.client->contacts.directory;
    const auto& admins = directory.organisation().adminIds;
    if (proxy_.behaviour.authUserInfo && !admins.empty()) {
        const Index admin = directory.findMember(admins.front());
        out += R"(,"auth_user_info":{)";
        detail::appendText(out, "userid", shownId(app, admin));
        detail::appendText(out, "open_userid", openUserId(*app.client, admins.front()));
        detail::appendText(out, "name", directory.member(admin).nick);
        detail::appendText(out, "avatar", directory.member(admin).photo);
        out += '}';
    }
    if (!code->second.state.empty()) {
        detail::appendText(out, "state", code->second.state);
    }
    return succeed(call, out);
}

/** The app that the enterprise's id and a permanent code in the body mean. */
CORPS_DECL std::optional<HttpReply> WeComProxyServer::Impl::requireApp(const Call& call, App*& out) {
    const std::string corpId = call.in.text("auth_corpid");
    const std::string code = call.in.text("permanent_code");
    if (corpId.empty() || code.empty()) {
        return failure(call, corpId.empty() ? 84054 : 41025);
    }
    Client* client = findClient(corpId);
    App* app = client == nullptr ? nullptr : appOf(*client, *suite_);
    if (app == nullptr || app->codes == 0) {
        return failure(48004);
    }
    core_.countCorp(client->id, endpoint_->label);
    if (!app->installed) {
        return failure(proxy_.behaviour.cancelledCode);
    }
    if (!open_ && app->permanentCode != code && (app->oldCode.empty() || app->oldCode != code)) {
        const auto& others = appsOf_.at(client);
        const bool another = std::any_of(others.begin(), others.end(), [&](const App* each) {
            return each->installed && each->permanentCode == code;
        });
        return failure(another ? 48003 : 40084);
    }
    out = app;
    return std::nullopt;
}

CORPS_DECL HttpReply WeComProxyServer::Impl::authInfo(const Call& call) { return information(call, true); }
CORPS_DECL HttpReply WeComProxyServer::Impl::authInfo2(const Call& call) { return information(call, false); }

CORPS_DECL HttpReply WeComProxyServer::Impl::information(const Call& call, bool old) {
    App* app = nullptr;
    if (auto refused = requireApp(call, app)) {
        return std::move(*refused);
    }
    std::string out;
    appendDealer(out);
    appendCorp(out, *app, true, old);
    appendAuthInfo(out, *app);
    return succeed(call, out);
}

CORPS_DECL void WeComProxyServer::Impl::appendAdmins(std::string& out, const App& app) const {
    const detail::Directory& directory = *app.client->contacts.directory;
    out += ",\"admin\":";
    detail::appendList(out, directory.organisation().adminIds, [&](std::string& to, const std::string& id) {
        to += '{';
        detail::appendText(to, "userid", shownId(app, directory.findMember(id)));
        detail::appendInteger(to, "auth_type", 1);
        to += '}';
    });
}

/** As it was once [90606]. */
CORPS_DECL HttpReply WeComProxyServer::Impl::suiteAdmins(const Call& call) {
    const std::string corpId = call.in.text("auth_corpid");
    if (corpId.empty()) {
        return failure(call, 84054);
    }
    Client* client = findClient(corpId);
    App* app = client == nullptr ? nullptr : appOf(*client, *suite_);
    if (app == nullptr || !app->installed) {
        return failure(48004);
    }
    std::int64_t agentId = 0;
    if (call.in.number("agentid", agentId) == Found::bad || (agentId != 0 && agentId != app->agentId)) {
        return failure(40056);
    }
    core_.countCorp(client->id, endpoint_->label);
    std::string out;
    appendAdmins(out, *app);
    return succeed(call, out);
}

// ---------------------------------------------------------------------------------------------------------------------------
// QR codes that carry a state [98744]

CORPS_DECL HttpReply WeComProxyServer::Impl::authUrl(const Call& call) {
    constexpr std::size_t kMost = 9;
    constexpr std::int64_t kLifetime = 864'000;
    const std::string state = call.in.text("state");
    std::vector<std::string> ids;
    if (state.size() > 32 || !detail::wecom::isState(state) ||
        call.in.list("templateid_list", ids) == Found::bad) {
        return failure(call, 40058);
    }
    if (ids.empty() || ids.size() > kMost) {
        return failure(call, 842004);
    }
    Invitation invitation;
    for (const std::string& id : ids) {
        Suite* suite = findSuite(id);
        if (suite == nullptr) {
            return failure(842003);
        }
        if (!suite->proxy()) {
            return failure(842005);
        }
        if (!suite->config.online) {
            return failure(842002);
        }
        invitation.suites.push_back(suite);
    }
    invitation.state = state;
    invitation.expiresMs = core_.nowMs() + kLifetime * 1000;
    forgetOld();
    const std::string code = makeToken("", 40);
    invitations_[code] = std::move(invitation);
    std::string out;
    detail::appendText(out, "qrcode_url", core_.baseUrl() + "/3rdapp/customized?code=" + code);
    detail::appendInteger(out, "expires_in", kLifetime);
    return succeed(call, out);
}

/** An administrator scans the code: who it is, the caller says in `corp`. */
CORPS_DECL HttpReply WeComProxyServer::Impl::scanPage(const Call& call) {
    const auto found = invitations_.find(std::string(call.request.parameter("code")));
    if (found == invitations_.end() || found->second.expiresMs <= core_.nowMs()) {
        return page(40078);
    }
    const std::string_view corp = call.request.parameter("corp");
    Client* client = corp.empty() && clients_.size() == 1 ? clients_.front().get() : findClient(corp);
    if (client == nullptr) {
        return page(40013);
    }
    for (const Suite* suite : found->second.suites) {
        if (appOf(*client, *suite)->installed) {
            return page(842006);
        }
    }
    for (const Suite* suite : found->second.suites) {
        authorise(*appOf(*client, *suite), found->second.state);
    }
    return page(0);
}

// ---------------------------------------------------------------------------------------------------------------------------
// Ids [97104, 97105, 97106, 95884]

CORPS_DECL HttpReply WeComProxyServer::Impl::openCorpIdOf(const Call& call) {
    const std::string id = call.in.text("corpid");
    if (id.empty()) {
        return failure(call, 41002);
    }
    const Client* client = findClient(id);
    if (client == nullptr) {
        return failure(48001);
    }
    const auto& own = appsOf_.at(client);
    if (std::none_of(own.begin(), own.end(), [](const App* app) { return app->installed; })) {
        return failure(48001);
    }
    std::string out;
    detail::appendText(out, "open_corpid", client->openId);
    return succeed(call, out);
}

CORPS_DECL HttpReply WeComProxyServer::Impl::finishMigration(const Call& call) {
    const std::string id = call.in.text("corpid");
    std::int64_t agentId = 0;
    if (id.empty()) {
        return failure(call, 41002);
    }
    if (call.in.number("agentid", agentId) == Found::absent) {
        return failure(call, 41011);
    }
    std::vector<std::int64_t> types;
    if (!call.in.numbers("openid_type", types) || types.empty() ||
        std::any_of(types.begin(), types.end(), [](std::int64_t type) { return type != 1 && type != 3; })) {
        return failure(call, 40058);
    }
    Client* client = findClient(id);
    App* app = nullptr;
    bool any = false;
    if (client != nullptr) {
        for (App* each : appsOf_.at(client)) {
            any = any || each->installed;
            app = each->installed && each->agentId == agentId ? each : app;
        }
    }
    if (app == nullptr) {
        return failure(any ? 40056 : 48001);
    }
    for (const std::int64_t type : types) {
        (type == 1 ? app->encrypted : app->externalEncrypted) = true;
    }
    return succeed(call, "");
}

CORPS_DECL HttpReply WeComProxyServer::Impl::migration(const Call& call) {
    const App& app = *call.token->app;
    std::string out = R"(,"migration_info":[{"openid_type":1,"status":)";
    out += app.encrypted ? '1' : '0';
    out += R"(},{"openid_type":3,"status":)";
    out += app.externalEncrypted ? '1' : '0';
    return succeed(call, out + "}]");
}

CORPS_DECL HttpReply WeComProxyServer::Impl::openUserIds(const Call& call) {
    constexpr std::size_t kMost = 1000;
    Client& client = *call.token->app->client;
    std::vector<std::string> ids;
    if (call.in.list("userid_list", ids) != Found::good || ids.empty() || ids.size() > kMost) {
        return failure(call, 40058);
    }
    const std::int64_t now = core_.nowMs();
    if (now < client.idsBlockedUntilMs) {
        core_.countRateLimited();
        return failure(45009);
    }
    std::string good;
    std::string bad;
    for (const std::string& id : ids) {
        Index member = client.contacts.directory->findMember(id);
        member = member == kNone ? findOpenUser(client, id) : member;
        if (member != kNone && visible(call, member)) {
            good += good.empty() ? "{" : ",{";
            detail::appendText(good, "userid", id);
            detail::appendText(good, "open_userid",
                               openUserId(client, client.contacts.directory->member(member).memberId));
            good += '}';
        } else {
            detail::appendJson(bad += bad.empty() ? "" : ",", id);
            ++client.wrongIds;
        }
    }
    if (proxy_.behaviour.wrongIds != 0 && client.wrongIds >= proxy_.behaviour.wrongIds) {
        constexpr std::int64_t kDay = 86'400'000;
        client.wrongIds = 0;
        client.idsBlockedUntilMs = now - now % kDay + kDay;
    }
    return succeed(call, ",\"open_userid_list\":[" + good + "],\"invalid_userid_list\":[" + bad + "]");
}

/** Only the enterprise's own apps may [95884]. */
CORPS_DECL HttpReply WeComProxyServer::Impl::userIdsOfOpen(const Call& /*call*/) { return failure(48002); }

// ---------------------------------------------------------------------------------------------------------------------------
// What the app may do [99108, 100072]

CORPS_DECL HttpReply WeComProxyServer::Impl::permissions(const Call& call) {
    const App& app = *call.token->app;
    std::string out = ",\"app_permissions\":";
    detail::appendList(out, app.permissions,
                       [](std::string& to, const std::string& name) { detail::appendJson(to, name); });
    // Those that every member has to agree to.
    std::vector<std::string> both;
    for (const char* name : {"avatar", "qrcode", "gender", "mobile", "email", "address", "biz_mail"}) {
        std::string permission = std::string("contact:sensitive:") + name;
        if (app.has(permission)) {
            both.push_back(std::move(permission));
        }
    }
    out += ",\"app_permissions_ext\":";
    detail::appendList(out, both, [](std::string& to, const std::string& name) {
        to += '{';
        detail::appendText(to, "permission_name", name);
        detail::appendInteger(to, "expire_time", 0);
        to += '}';
    });
    return succeed(call, out);
}

CORPS_DECL HttpReply WeComProxyServer::Impl::admins(const Call& call) {
    std::string out;
    appendAdmins(out, *call.token->app);
    return succeed(call, out);
}

// ---------------------------------------------------------------------------------------------------------------------------
// Third-party apps [91121, 91122, 90605]

CORPS_DECL HttpReply WeComProxyServer::Impl::preAuthCode(const Call& call) {
    constexpr std::int64_t kLifetime = 1200;
    forgetOld();
    const std::string code = makeToken("", 43);
    invitations_[code] = Invitation{{suite_}, "", core_.nowMs() + kLifetime * 1000};
    std::string out;
    detail::appendText(out, "pre_auth_code", code);
    detail::appendInteger(out, "expires_in", kLifetime);
    return succeed(call, out);
}

/** Where an administrator installs a third-party app. */
CORPS_DECL HttpReply WeComProxyServer::Impl::installPage(const Call& call) {
    const auto found = invitations_.find(std::string(call.request.parameter("pre_auth_code")));
    Suite* suite = findSuite(call.request.parameter("suite_id"));
    const std::string redirect(call.request.parameter("redirect_uri"));
    if (suite == nullptr) {
        return page(40083);
    }
    if (found == invitations_.end() || found->second.suites != std::vector<Suite*>{suite}) {
        return page(40077);
    }
    if (found->second.expiresMs <= core_.nowMs()) {
        return page(42007);
    }
    if (!detail::mayLeadTo(redirect, {})) {
        return page(50001);
    }
    const std::string& corp = proxy_.behaviour.loginCorpId;
    Client* client = corp.empty() ? nullptr : findClient(corp);
    for (const auto& app : apps_) {
        if (app->suite == suite && !app->installed && (client == nullptr || client == app->client)) {
            invitations_.erase(found);
            const std::string code = authorise(*app, call.request.parameter("state"));
            HttpReply out;
            out.status = 302;
            out.headers = {{"Location", detail::redirectTo(redirect, "auth_code=" + code + "&expires_in=600",
                                                           call.request)}};
            return out;
        }
    }
    return page(842006);
}

CORPS_DECL HttpReply WeComProxyServer::Impl::corpToken(const Call& call) {
    if (suite_->proxy() && proxy_.behaviour.corpTokenCode != 0) {
        return failure(proxy_.behaviour.corpTokenCode);
    }
    App* app = nullptr;
    if (auto refused = requireApp(call, app)) {
        return std::move(*refused);
    }
    std::string out;
    appendToken(out, tokenOf(*app, true), app->permanentCode + " third party");
    return succeed(call, out);
}

/** Whether a test installation is meant; the emulator makes no difference [90602]. */
CORPS_DECL HttpReply WeComProxyServer::Impl::sessionInfo(const Call& call) {
    return invitations_.contains(call.in.text("pre_auth_code")) ? succeed(call, "") : failure(call, 40077);
}

CORPS_DECL HttpReply WeComProxyServer::Impl::thirdPartyUser(const Call& call) {
    return whoLoggedIn(call, false);
}
CORPS_DECL HttpReply WeComProxyServer::Impl::oldThirdPartyUser(const Call& call) {
    return whoLoggedIn(call, true);
}

/** @param old As it was once, with capitals. */
CORPS_DECL HttpReply WeComProxyServer::Impl::whoLoggedIn(const Call& call, bool old) {
    if (suite_->proxy() && proxy_.behaviour.thirdPartyLoginCode != 0) {
        return failure(proxy_.behaviour.thirdPartyLoginCode);
    }
    const std::string text = call.in.text("code");
    const auto found = codes_.find(text);
    if (found == codes_.end() || found->second.app == nullptr || found->second.app->suite != suite_ ||
        found->second.used || found->second.expiresMs <= core_.nowMs()) {
        return failure(text.empty() ? 41008 : 40029);
    }
    LoginCode& login = found->second;
    login.used = true;
    const App& app = *login.app;
    const detail::Directory& directory = *app.client->contacts.directory;
    const Index member = directory.findMember(login.userId);
    core_.countCorp(app.client->id, endpoint_->label);
    std::string out;
    if (member == kNone || !directory.isActive(member)) {
        detail::appendText(out, old ? "OpenId" : "openid",
                           detail::wecom::openIdOf(app.client->id, login.userId + login.openId));
        return succeed(call, out);
    }
    detail::appendText(out, old ? "CorpId" : "corpid", app.corpId());
    detail::appendText(out, old ? "UserId" : "userid", shownId(app, member));
    if (login.privateInfo) {
        const std::string ticket = makeToken("", 64);
        const std::int64_t lifetime = std::chrono::milliseconds(proxy_.ticketLifetime).count();
        tickets_.emplace(ticket, Ticket{login.userId, thirdPartyKey(app), core_.nowMs() + lifetime});
        detail::appendText(out, "user_ticket", ticket);
        detail::appendInteger(out, "expires_in", lifetime / 1000);
    }
    detail::appendText(out, "open_userid", openUserId(*app.client, login.userId));
    return succeed(call, out);
}

CORPS_DECL HttpReply WeComProxyServer::Impl::thirdPartyDetail(const Call& call) {
    if (suite_->proxy() && proxy_.behaviour.thirdPartyLoginCode != 0) {
        return failure(proxy_.behaviour.thirdPartyLoginCode);
    }
    const auto ticket = tickets_.find(call.in.text("user_ticket"));
    App* app = nullptr;
    if (ticket != tickets_.end()) {
        for (const auto& each : apps_) {
            if (each->suite == suite_ && ticket->second.key == thirdPartyKey(*each)) {
                app = each.get();
            }
        }
    }
    if (app == nullptr) {
        return failure(call, 84015);
    }
    if (ticket->second.expiresMs <= core_.nowMs()) {
        return failure(84014);
    }
    corp_ = &app->client->contacts;
    const Index member = corp_->directory->findMember(ticket->second.memberId);
    if (member == kNone || !corp_->directory->isActive(member)) {
        return failure(proxy_.behaviour.unknownUserCode);
    }
    core_.countCorp(app->client->id, endpoint_->label);
    std::string out;
    detail::appendText(out, "corpid", app->corpId());
    detail::appendText(out, "userid", shownId(*app, member));
    detail::appendText(out, "name", shownId(*app, member));
    appendPrivate(out, member, [](Field field) {
        return field == Field::gender || field == Field::avatar || field == Field::qrCode;
    });
    return succeed(call, out);
}

}  // namespace corps::emulator
