#pragma once

#include <corps/emulator/impl/behaviour_json.hpp>
#include <corps/emulator/impl/fields.hpp>
#include <corps/emulator/impl/wecom.ipp>
#include <corps/emulator/impl/wecom_proxy_impl.ipp>

#include <algorithm>
#include <array>
#include <utility>

/** @file What a provider's app sees of an enterprise. In brackets the pages of WeCom's documentation. */
namespace corps::emulator {

CORPS_DECL std::vector<std::string> weComPermissions() {
    return {"contact:sensitive:user_name",
            "contact:sensitive:department_name",
            "contact:sensitive:position",
            "contact:sensitive:telephone",
            "contact:sensitive:extattr",
            "contact:sensitive:external_profile",
            "contact:sensitive:external_position",
            "contact:sensitive:avatar",
            "contact:sensitive:qrcode",
            "contact:sensitive:gender",
            "contact:sensitive:mobile",
            "contact:sensitive:email",
            "contact:sensitive:address",
            "contact:sensitive:biz_mail",
            "corp_arch:base:base",
            "corp_arch:member:direct_leader"};
}

namespace detail::wecom {

/** An id as one provider sees it: the same in every run, another for another provider. */
inline std::string encryptedId(std::string_view kind, std::string_view provider, std::string_view corpId,
                               std::string_view memberId = {}) {
    const auto bytes = [](const Id128& id) {
        std::string out;
        for (const std::uint64_t half : {id.high, id.low}) {
            for (unsigned shift = 64; shift > 0; shift -= 8) {
                out.push_back(static_cast<char>((half >> (shift - 8)) & 255U));
            }
        }
        return out;
    };
    std::string out(kind);
    // Those of one provider begin alike.
    out += base64Encode(bytes(Hash128("provider").add(provider).id()).substr(0, 6), kBase64Url, false);
    return out + base64Encode(bytes(Hash128(kind).add(provider).add(lowerCase(corpId)).add(memberId).id()),
                              kBase64Url, false);
}

inline WeComOptions optionsOf(const WeComProxyOptions& options) {
    WeComOptions out;
    static_cast<ServerOptions&>(out) = options;
    out.trustedDomain = options.trustedDomain;
    out.behaviour = options.behaviour;
    out.tokenLifetime = options.tokenLifetime;
    out.codeLifetime = options.codeLifetime;
    out.ticketLifetime = options.ticketLifetime;
    return out;
}

}  // namespace detail::wecom

CORPS_DECL WeComProxyServer::Impl::Impl(WeComProxyOptions options, std::vector<Organisation> organisations)
    : WeComPlatform(detail::wecom::optionsOf(options)),
      proxy_(std::move(options)),
      open_(proxy_.suites.empty()) {
    if (organisations.empty()) {
        throw OrganisationError("document", "expected an enterprise or more");
    }
    for (Organisation& organisation : organisations) {
        const std::string id = organisation.corpId;
        if (id.empty()) {
            throw OrganisationError("corpId", "expected an id, to tell the enterprises apart");
        }
        auto client =
            std::make_unique<Client>(Client{id,
                                            detail::wecom::encryptedId("wp", proxy_.providerCorpId, id),
                                            detail::WeComEnterprise(std::move(organisation)),
                                            {}});
        if (!byCorpId_.emplace(detail::wecom::lowerCase(id), client.get()).second) {
            throw OrganisationError(
                "corpId", "expected another id; two enterprises are \"" + detail::quotable(id) + "\"");
        }
        byCorpId_.emplace(client->openId, client.get());
        clients_.push_back(std::move(client));
    }
    std::vector<WeComSuite> suites = proxy_.suites;
    if (suites.empty()) {
        suites.emplace_back();
    }
    const std::int64_t now = core_.nowMs();
    for (WeComSuite& config : suites) {
        auto suite = std::make_unique<Suite>();
        suite->config = std::move(config);
        suite->everyMs = std::chrono::milliseconds(proxy_.suiteTicketInterval).count();
        suite->nextMs = now + suite->everyMs;
        addTicket(*suite);
        suites_.push_back(std::move(suite));
    }
    for (const auto& client : clients_) {
        for (const auto& suite : suites_) {
            auto app = std::make_unique<App>();
            app->suite = suite.get();
            app->client = client.get();
            appsOf_[client.get()].push_back(app.get());
            if (proxy_.authorised) {
                install(*app);
            }
            apps_.push_back(std::move(app));
        }
    }
    const auto add = [this](std::string_view method, std::string_view path,
                            HttpReply (Impl::*handler)(const Call&), Gate gate, bool page = false) {
        addEndpoint(method, path, static_cast<Handler>(handler), gate, false, page);
    };
    add("POST", "/cgi-bin/service/get_suite_token", &Impl::suiteToken, Gate::open);
    add("POST", "/cgi-bin/service/get_permanent_code", &Impl::permanentCode, Gate::suite);
    add("POST", "/cgi-bin/service/v2/get_permanent_code", &Impl::permanentCode2, Gate::suite);
    add("POST", "/cgi-bin/service/get_auth_info", &Impl::authInfo, Gate::suite);
    add("POST", "/cgi-bin/service/v2/get_auth_info", &Impl::authInfo2, Gate::suite);
    add("POST", "/cgi-bin/service/get_admin_list", &Impl::suiteAdmins, Gate::suite);
    add("GET", "/cgi-bin/service/get_pre_auth_code", &Impl::preAuthCode, Gate::suite);
    add("POST", "/cgi-bin/service/get_corp_token", &Impl::corpToken, Gate::suite);
    add("POST", "/cgi-bin/service/set_session_info", &Impl::sessionInfo, Gate::suite);
    add("GET", "/cgi-bin/service/auth/getuserinfo3rd", &Impl::thirdPartyUser, Gate::suite);
    add("GET", "/cgi-bin/service/getuserinfo3rd", &Impl::oldThirdPartyUser, Gate::suite);
    for (const std::string_view path :
         {"/cgi-bin/service/auth/getuserdetail3rd", "/cgi-bin/service/getuserdetail3rd"}) {
        add("POST", path, &Impl::thirdPartyDetail, Gate::suite);
    }
    add("POST", "/cgi-bin/service/get_provider_token", &Impl::providerToken, Gate::open);
    add("POST", "/cgi-bin/service/get_customized_auth_url", &Impl::authUrl, Gate::provider);
    add("POST", "/cgi-bin/service/corpid_to_opencorpid", &Impl::openCorpIdOf, Gate::provider);
    add("POST", "/cgi-bin/service/finish_openid_migration", &Impl::finishMigration, Gate::provider);
    add("POST", "/cgi-bin/agent/get_permissions", &Impl::permissions, Gate::app);
    add("POST", "/cgi-bin/agent/get_admin_list", &Impl::admins, Gate::app);
    add("POST", "/cgi-bin/batch/userid_to_openuserid", &Impl::openUserIds, Gate::app);
    add("POST", "/cgi-bin/batch/openuserid_to_userid", &Impl::userIdsOfOpen, Gate::app);
    add("POST", "/cgi-bin/corp/get_openid_migration", &Impl::migration, Gate::app);
    add("GET", "/3rdapp/install", &Impl::installPage, Gate::open, true);
    add("GET", "/3rdapp/customized", &Impl::scanPage, Gate::open, true);
    start();
}

CORPS_DECL void WeComProxyServer::Impl::setBehaviour(WeComProxyBehaviour behaviour) {
    proxy_.behaviour = std::move(behaviour);
    options_.behaviour = proxy_.behaviour;
    for (const auto& client : clients_) {
        client->contacts.ranges.clear();
    }
    behaviourChanged();
}

// ---------------------------------------------------------------------------------------------------------------------------
// Who is who

/** @param corpId In plaintext, whatever the case of letters, or encrypted, letter by letter. */
CORPS_DECL WeComProxyServer::Impl::Client* WeComProxyServer::Impl::findClient(std::string_view corpId) const {
    auto found = byCorpId_.find(std::string(corpId));
    if (found == byCorpId_.end() || found->second->openId != corpId) {
        found = byCorpId_.find(detail::wecom::lowerCase(corpId));
    }
    return found == byCorpId_.end() ? nullptr : found->second;
}

CORPS_DECL WeComProxyServer::Impl::Suite* WeComProxyServer::Impl::findSuite(std::string_view suiteId) const {
    for (const auto& suite : suites_) {
        if (open_ || suite->config.suiteId == suiteId) {
            return suite.get();
        }
    }
    return nullptr;
}

CORPS_DECL WeComProxyServer::Impl::App* WeComProxyServer::Impl::appOf(const Client& client,
                                                                      const Suite& suite) const {
    for (App* app : appsOf_.at(&client)) {
        if (app->suite == &suite) {
            return app;
        }
    }
    return nullptr;
}

CORPS_DECL std::string WeComProxyServer::Impl::openUserId(const Client& client,
                                                          std::string_view memberId) const {
    return detail::wecom::encryptedId("wo", proxy_.providerCorpId, client.id, memberId);
}

CORPS_DECL std::string WeComProxyServer::Impl::shownId(const App& app, Index member) const {
    const std::string& id = app.client->contacts.directory->member(member).memberId;
    return app.encrypted ? openUserId(*app.client, id) : id;
}

CORPS_DECL std::string WeComProxyServer::Impl::userId(const Call& call, Index member) const {
    return shownId(*call.token->app, member);
}

CORPS_DECL WeComProxyServer::Impl::Index WeComProxyServer::Impl::findOpenUser(Client& client,
                                                                              const std::string& id) {
    if (client.byOpenId.empty()) {
        const auto& users = client.contacts.directory->organisation().userList;
        client.byOpenId.reserve(users.size());
        for (Index i = 0; i < users.size(); ++i) {
            client.byOpenId.emplace(openUserId(client, users[i].memberId), i);
        }
    }
    const auto found = client.byOpenId.find(id);
    return found == client.byOpenId.end() ? kNone : found->second;
}

CORPS_DECL WeComProxyServer::Impl::Index WeComProxyServer::Impl::findUser(const Call& call,
                                                                          const std::string& id) {
    App& app = *call.token->app;
    const Index encrypted = findOpenUser(*app.client, id);
    if (encrypted != kNone || (app.encrypted && !proxy_.behaviour.plainIds)) {
        return encrypted;
    }
    return app.client->contacts.directory->findMember(id);
}

// [97164] A permanent code is the secret of an app like any other.
CORPS_DECL WeComProxyServer::Impl::Identity WeComProxyServer::Impl::identify(const std::string& corpId,
                                                                             const std::string& secret) {
    Identity out;
    Client* client = findClient(corpId);
    if (client == nullptr) {
        out.code = 40013;
        return out;
    }
    core_.countCorp(client->id, endpoint_->label);
    const auto mine = [&](const App& app) {
        return app.installed && app.suite->proxy() &&
               (open_ || app.permanentCode == secret || (!app.oldCode.empty() && app.oldCode == secret));
    };
    const auto& own = appsOf_.at(client);
    const auto found = std::find_if(own.begin(), own.end(), [&](const App* app) { return mine(*app); });
    if (found == own.end()) {
        out.wrongSecret = true;
        out.code = std::any_of(apps_.begin(), apps_.end(), [&](const auto& app) { return mine(*app); })
                       ? 40091
                       : 40001;
        return out;
    }
    App& app = **found;
    if (!app.enabled) {
        out.code = 40001;
    }
    out.token = tokenOf(app, false);
    return out;
}

CORPS_DECL WeComProxyServer::Impl::Token WeComProxyServer::Impl::tokenOf(App& app, bool thirdParty) const {
    Token out;
    out.corp = &app.client->contacts;
    out.corpId = app.client->id;
    out.agentId = app.agentId;
    out.scope = &app.scope;
    out.app = &app;
    out.thirdParty = thirdParty;
    return out;
}

// ---------------------------------------------------------------------------------------------------------------------------
// What is shown [97104, 96259, 96260]

CORPS_DECL bool WeComProxyServer::Impl::consented(const App& app, Field field) {
    switch (field) {
        case Field::name: return app.has("contact:sensitive:user_name");
        case Field::deptName: return app.has("contact:sensitive:department_name");
        case Field::deptLeaders:
        case Field::leaderFlags: return app.has("corp_arch:base:base");
        case Field::directLeader: return app.has("corp_arch:member:direct_leader");
        case Field::position: return app.has("contact:sensitive:position");
        case Field::telephone: return app.has("contact:sensitive:telephone");
        case Field::extattr: return app.has("contact:sensitive:extattr");
        case Field::externalPosition: return app.has("contact:sensitive:external_position");
        case Field::externalProfile: return app.has("contact:sensitive:external_profile");
        case Field::mobile: return app.has("contact:sensitive:mobile");
        case Field::gender: return app.has("contact:sensitive:gender");
        case Field::email: return app.has("contact:sensitive:email");
        case Field::bizMail: return app.has("contact:sensitive:biz_mail");
        case Field::avatar:
        case Field::thumbAvatar: return app.has("contact:sensitive:avatar");
        case Field::address: return app.has("contact:sensitive:address");
        case Field::qrCode: return app.has("contact:sensitive:qrcode");
    }
    return false;
}

CORPS_DECL bool WeComProxyServer::Impl::shows(const App& app, Field field, bool list) const {
    switch (field) {
        case Field::mobile:
        case Field::gender:
        case Field::email:
        case Field::avatar:
        case Field::thumbAvatar:
        case Field::address:
        case Field::qrCode:
            // Since 2022-06-20 the member has to agree, too, and then they come by getuserdetail.
            return !proxy_.behaviour.newApp && consented(app, field);
        case Field::bizMail: return !proxy_.behaviour.newApp && !list && consented(app, field);
        case Field::directLeader:
            return (!list || proxy_.behaviour.listDirectLeader) && consented(app, field);
        case Field::name:
        case Field::deptName:
        case Field::deptLeaders:
        case Field::leaderFlags:
        case Field::position:
        case Field::telephone:
        case Field::extattr:
        case Field::externalPosition:
        case Field::externalProfile: break;
    }
    return consented(app, field);
}

CORPS_DECL void WeComProxyServer::Impl::appendAgent(std::string& out, const Call& call) const {
    detail::appendInteger(out, "close", call.token->app->enabled ? 0 : 1);
    if (call.token->app->suite->proxy()) {
        detail::appendInteger(out, "customized_publish_status", proxy_.behaviour.publishStatus);
    }
}

// ---------------------------------------------------------------------------------------------------------------------------
// Gates

CORPS_DECL std::string_view WeComProxyServer::Impl::route(const HttpRequest& request) {
    tick();
    suite_ = nullptr;
    return WeComPlatform::route(request);
}

CORPS_DECL std::optional<HttpReply> WeComProxyServer::Impl::checkAddress() {
    const auto& allowed = proxy_.behaviour.ipWhitelist;
    if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), caller_) == allowed.end()) {
        return failure(60020);
    }
    return WeComPlatform::checkAddress();
}

CORPS_DECL bool WeComProxyServer::Impl::addressUsedUp() {
    static constexpr std::array<detail::RateLimit, 2> kAddress{{{40'000, 60'000}, {1'200'000, 3'600'000}}};
    const WeComProxyBehaviour& b = proxy_.behaviour;
    const std::array<detail::RateLimit, 1> minute{{{b.addressRatePerMinute, 60'000}}};
    const std::string own = caller_ + " " + endpoint_->label;
    return (b.addressRatePerMinute > 0 && used("address minute " + own, minute)) ||
           (b.publishedRates && used("address " + own, kAddress));
}

CORPS_DECL std::optional<HttpReply> WeComProxyServer::Impl::checkApp(const Call& call) {
    const App& app = *call.token->app;
    core_.countCorp(app.client->id, endpoint_->label);
    if (!app.enabled) {
        return failure(50003);
    }
    if (call.token->thirdParty && app.suite->proxy() && proxy_.behaviour.corpTokenCallCode != 0) {
        return failure(proxy_.behaviour.corpTokenCallCode);
    }
    if (proxy_.behaviour.licenceReadCode != 0 && endpoint_->path == "/cgi-bin/user/get") {
        const Index member = findUser(call, call.in.text("userid"));
        if (member != kNone && !licensed(app, member)) {
            return failure(proxy_.behaviour.licenceReadCode);
        }
    }
    return WeComPlatform::checkApp(call);
}

/** The token of a template, or of the provider. */
CORPS_DECL std::optional<HttpReply> WeComProxyServer::Impl::checkProvider(Call& call) {
    const bool suite = endpoint_->gate == Gate::suite;
    const std::string text(call.request.parameter(suite ? "suite_access_token" : "provider_access_token"));
    if (text.empty()) {
        return failure(suite ? 41022 : 41001);
    }
    const auto found = suiteTokens_.find(text);
    const bool known = found != suiteTokens_.end() && (found->second.suite != nullptr) == suite;
    if (known && call.effects.expireToken) {
        found->second.expiresMs = core_.nowMs();
    }
    if (!known || call.effects.wrongToken) {
        return failure(suite ? 40082 : proxy_.behaviour.badProviderTokenCode);
    }
    if (found->second.expiresMs <= core_.nowMs()) {
        return failure(suite ? 42009 : proxy_.behaviour.expiredProviderTokenCode);
    }
    if (auto refused = checkAddress()) {
        return refused;
    }
    suite_ = found->second.suite;
    const std::string whose = suite ? suite_->config.suiteId : proxy_.providerCorpId;
    if (auto refused = checkRate(whose)) {
        return refused;
    }
    return checkConcurrency(whose);
}

// ---------------------------------------------------------------------------------------------------------------------------
// Logins [97165, 98174]

CORPS_DECL std::int64_t WeComProxyServer::Impl::findLogin(const std::string& corpId, std::int64_t agentId,
                                                          LoginTarget& out) {
    Client* client = findClient(corpId);
    const Suite* suite = nullptr;
    if (client == nullptr) {
        // A third-party app is named by its template, and whoever comes belongs to some enterprise.
        for (const auto& each : suites_) {
            if (each->config.suiteId == corpId && !each->proxy()) {
                suite = each.get();
            }
        }
        if (suite == nullptr) {
            return 40013;
        }
        if (!proxy_.behaviour.loginCorpId.empty()) {
            client = findClient(proxy_.behaviour.loginCorpId);
        }
    }
    for (const auto& app : apps_) {
        if (app->installed && (client == nullptr || app->client == client) &&
            (suite == nullptr ? agentId == 0 || app->agentId == agentId : app->suite == suite)) {
            out.corp = &app->client->contacts;
            out.corpId = app->client->id;
            out.scope = &app->scope;
            out.app = app.get();
            out.service = suite != nullptr;
            return 0;
        }
    }
    return 40056;
}

CORPS_DECL bool WeComProxyServer::Impl::licensed(const App& app, Index member) const {
    const WeComProxyBehaviour& b = proxy_.behaviour;
    const std::string& id = app.client->contacts.directory->member(member).memberId;
    return !b.licences || core_.nowMs() - app.firstMs.value_or(0) < std::int64_t{b.trialDays} * 86'400'000 ||
           app.activated.contains(id) ||
           std::find(b.licensedMemberIds.begin(), b.licensedMemberIds.end(), id) != b.licensedMemberIds.end();
}

CORPS_DECL std::int64_t WeComProxyServer::Impl::checkLogin(const LoginTarget& target, Index member,
                                                           std::int64_t agentId) {
    App& app = *target.app;
    if (!app.enabled) {
        return 50003;
    }
    if (!licensed(app, member)) {
        if (!proxy_.behaviour.autoActivate || agentId == 0) {
            return 701099;
        }
        app.activated.insert(app.client->contacts.directory->member(member).memberId);
    }
    return 0;
}

// ---------------------------------------------------------------------------------------------------------------------------
// Behaviour over the control calls

namespace detail::wecom {

template <class Behaviour, class Visitor>
void visitProxy(Behaviour& b, Visitor& at) {
    visit(b, at);
    at("encryptedIds", b.encryptedIds);
    at("permissions", b.permissions);
    at("newAgentIds", b.newAgentIds);
    at("plainIds", b.plainIds);
    at("wrongIds", b.wrongIds);
    at("namesAsIds", b.namesAsIds);
    at("listDirectLeader", b.listDirectLeader);
    at("allTags", b.allTags);
    at("newSuiteTokens", b.newSuiteTokens);
    at("oldSecretDies", b.oldSecretDies);
    at("cancelledCode", b.cancelledCode);
    at("corpTokenCode", b.corpTokenCode);
    at("corpTokenCallCode", b.corpTokenCallCode);
    at("thirdPartyLoginCode", b.thirdPartyLoginCode);
    at("badProviderTokenCode", b.badProviderTokenCode);
    at("expiredProviderTokenCode", b.expiredProviderTokenCode);
    at("ipWhitelist", b.ipWhitelist);
    at("addressRatePerMinute", b.addressRatePerMinute);
    at("licences", b.licences);
    at("trialDays", b.trialDays);
    at("licensedMemberIds", b.licensedMemberIds);
    at("autoActivate", b.autoActivate);
    at("licenceReadCode", b.licenceReadCode);
    at("publishStatus", b.publishStatus);
    at("authUserInfo", b.authUserInfo);
    at("dealer", b.dealer);
    at("exNamesAsList", b.exNamesAsList);
    at("templateGetReceiver", b.templateGetReceiver);
    at("templatePostReceiver", b.templatePostReceiver);
    at("appGetReceiver", b.appGetReceiver);
    at("appPostReceiver", b.appPostReceiver);
    at("repeatAuthCode", b.repeatAuthCode);
    at("suiteDeadlineMs", b.suiteDeadline);
    at("spaceBeforeInfoType", b.spaceBeforeInfoType);
    at("subscribeEvents", b.subscribeEvents);
    at("loginCorpId", b.loginCorpId);
}

}  // namespace detail::wecom

CORPS_DECL std::string WeComProxyServer::Impl::behaviourJson() const {
    detail::BehaviourWriter out;
    detail::wecom::visitProxy(proxy_.behaviour, out);
    return out.finish();
}

CORPS_DECL void WeComProxyServer::Impl::readBehaviour(const boost::json::value& json) {
    WeComProxyBehaviour next = proxy_.behaviour;
    detail::BehaviourReader in(json);
    detail::wecom::visitProxy(next, in);
    const auto check = [](std::string_view name, const std::string& value) {
        static constexpr std::array<std::string_view, 5> kWho{"provider", "suite", "corp", "openCorp",
                                                              "none"};
        if (std::find(kWho.begin(), kWho.end(), value) == kWho.end()) {
            throw detail::ControlError(std::string(name),
                                       "expected provider, suite, corp, openCorp or none, found \"" +
                                           detail::quotable(value) + "\"");
        }
    };
    check("templateGetReceiver", next.templateGetReceiver);
    check("templatePostReceiver", next.templatePostReceiver);
    check("appGetReceiver", next.appGetReceiver);
    check("appPostReceiver", next.appPostReceiver);
    setBehaviour(std::move(next));
}

}  // namespace corps::emulator

#include <corps/emulator/impl/wecom_proxy_callbacks.ipp>
#include <corps/emulator/impl/wecom_proxy_console.ipp>
#include <corps/emulator/impl/wecom_proxy_service.ipp>
