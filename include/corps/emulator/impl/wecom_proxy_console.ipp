#pragma once

#include <corps/emulator/impl/fields.hpp>
#include <corps/emulator/impl/json_reader.hpp>
#include <corps/emulator/impl/wecom_proxy_impl.ipp>

#include <algorithm>
#include <utility>

/** @file What people do at the provider's and the enterprises' consoles. In brackets the pages of WeCom's
 * documentation. */
namespace corps::emulator {

// ---------------------------------------------------------------------------------------------------------------------------
// Of whom they speak

CORPS_DECL WeComProxyServer::Impl::Client& WeComProxyServer::Impl::client(std::string_view corp) const {
    if (corp.empty() && clients_.size() == 1) {
        return *clients_.front();
    }
    Client* found = findClient(corp);
    if (found == nullptr) {
        throw detail::ControlError(
            "corp", "expected the id of an enterprise, found \"" + detail::quotable(corp) + "\"");
    }
    return *found;
}

CORPS_DECL WeComProxyServer::Impl::Suite& WeComProxyServer::Impl::suite(std::string_view suiteId) const {
    Suite* found = suiteId.empty() && suites_.size() == 1 ? suites_.front().get() : findSuite(suiteId);
    if (found == nullptr) {
        throw detail::ControlError(
            "suiteId", "expected the id of a template, found \"" + detail::quotable(suiteId) + "\"");
    }
    return *found;
}

CORPS_DECL WeComProxyServer::Impl::App& WeComProxyServer::Impl::app(std::string_view corp,
                                                                    std::string_view suiteId) const {
    return *appOf(client(corp), suite(suiteId));
}

CORPS_DECL WeComProxyServer::Impl::App& WeComProxyServer::Impl::installed(std::string_view corp,
                                                                          std::string_view suiteId) const {
    App& out = app(corp, suiteId);
    if (!out.installed) {
        throw detail::ControlError("corp", "expected an enterprise that has authorised " +
                                               out.suite->config.suiteId + ", found \"" +
                                               detail::quotable(corp) + "\"");
    }
    return out;
}

CORPS_DECL WeComProxyServer::Impl::Index WeComProxyServer::Impl::member(const Client& client,
                                                                        std::string_view memberId) const {
    const Index out = client.contacts.directory->findMember(memberId);
    if (out == kNone) {
        throw detail::ControlError("memberId", "expected the id of a member");
    }
    return out;
}

CORPS_DECL std::int64_t WeComProxyServer::Impl::tagId(Client& client, std::string_view roleId) {
    for (const auto& tag : client.contacts.tags) {
        if (tag.role->roleId == roleId) {
            return tag.id;
        }
    }
    return 0;
}

CORPS_DECL WeComAuthorisation WeComProxyServer::Impl::describe(const App& app) const {
    WeComAuthorisation out;
    out.suiteId = app.suite->config.suiteId;
    out.corpId = app.client->id;
    out.openCorpId = app.client->openId;
    out.corpName = nameOf(*app.client);
    out.authorised = app.installed;
    out.enabled = app.enabled;
    out.encryptedIds = app.encrypted;
    out.agentId = app.agentId;
    out.permanentCode = app.permanentCode;
    out.range = app.scope;
    out.permissions.assign(app.permissions.begin(), app.permissions.end());
    return out;
}

// ---------------------------------------------------------------------------------------------------------------------------
// Organisations

CORPS_DECL const Organisation& WeComProxyServer::Impl::organisationOf(std::string_view corp) const {
    return client(corp).contacts.directory->organisation();
}

CORPS_DECL void WeComProxyServer::Impl::replaceOrganisation(Organisation organisation) {
    const std::string corp = organisation.corpId;
    if (findClient(corp) == nullptr) {
        throw OrganisationError(
            "corpId", "expected the id of one of the enterprises, found \"" + detail::quotable(corp) + "\"");
    }
    replaceOrganisationOf(corp, std::move(organisation));
}

CORPS_DECL void WeComProxyServer::Impl::replaceOrganisationOf(std::string_view corp,
                                                              Organisation organisation) {
    Client& whose = client(corp);  // who there is never changes
    detail::WeComEnterprise next(std::move(organisation));
    const std::lock_guard lock(core_.mutex());
    std::vector<std::pair<App*, detail::VisibleRange>> before;
    for (App* app : appsOf_.at(&whose)) {
        if (app->callback && app->installed && app->enabled) {
            before.emplace_back(app, rangeOf(*app));
        }
    }
    std::swap(whose.contacts, next);
    whose.byOpenId.clear();
    for (const auto& [app, range] : before) {
        tellContacts(*app, next, range);
    }
}

// ---------------------------------------------------------------------------------------------------------------------------
// Tickets [97173]

CORPS_DECL std::string WeComProxyServer::Impl::addTicket(Suite& suite) {
    const std::int64_t now = core_.nowMs();
    const std::int64_t oldest = now - std::chrono::milliseconds(proxy_.suiteTicketLifetime).count();
    std::erase_if(suite.tickets, [&](const Suite::Ticket& each) { return each.atMs <= oldest; });
    suite.tickets.push_back({makeToken("", 64), now});
    return suite.tickets.back().text;
}

CORPS_DECL std::string WeComProxyServer::Impl::pushTicket(Suite& suite) {
    std::string out = addTicket(suite);
    tellTicket(suite);
    return out;
}

CORPS_DECL void WeComProxyServer::Impl::pushTicketEvery(Suite& suite, std::chrono::milliseconds interval) {
    suite.everyMs = interval.count();
    suite.nextMs = core_.nowMs() + suite.everyMs;
    setTicketAlarm(suite);
}

/** What has come due since the last request. */
CORPS_DECL void WeComProxyServer::Impl::tick() {
    const std::int64_t now = core_.nowMs();
    for (const auto& suite : suites_) {
        if (suite->everyMs > 0 && suite->nextMs <= now) {
            pushTicket(*suite);
            suite->nextMs = now + suite->everyMs;
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------------------
// Authorisations [97163, 97172, 97175]

/** A secret of its own for every authorisation and every reset, the same in every run. */
CORPS_DECL void WeComProxyServer::Impl::newSecret(App& app) {
    const auto half = [&](std::string_view which) {
        return detail::Hash128(which)
            .add(proxy_.providerCorpId)
            .add(app.suite->config.suiteId)
            .add(app.client->id)
            .add(app.codes)
            .id();
    };
    ++app.codes;
    app.permanentCode.clear();
    detail::appendHex(app.permanentCode, half("permanent code"));
    detail::appendHex(app.permanentCode, half("code, permanent").high, 11);
}

CORPS_DECL void WeComProxyServer::Impl::install(App& app) {
    const WeComProxyBehaviour& b = proxy_.behaviour;
    if (app.agentId == 0 || b.newAgentIds) {
        app.agentId = app.client->nextAgent++;
    }
    app.installed = true;
    app.enabled = true;
    app.encrypted = b.encryptedIds;
    app.externalEncrypted = b.encryptedIds;
    app.permissions = {b.permissions.begin(), b.permissions.end()};
    app.scope = b.scope;
    app.client->contacts.ranges.erase(&app.scope);
    app.firstMs = app.firstMs ? *app.firstMs : core_.nowMs();  // a trial begins once
    app.oldCode.clear();
    newSecret(app);
}

CORPS_DECL void WeComProxyServer::Impl::dropTokens(const App& app) {
    std::erase_if(tokens_, [&](const auto& entry) { return entry.second.app == &app; });
}

CORPS_DECL void WeComProxyServer::Impl::forgetOld() {
    constexpr std::size_t kMany = 1000;
    // A day longer than they live, to tell what has ended from what never was.
    const std::int64_t limit = core_.nowMs() - 86'400'000;
    const auto clean = [&](auto& map) {
        if (map.size() > kMany) {
            std::erase_if(map, [&](const auto& entry) { return entry.second.expiresMs < limit; });
        }
    };
    clean(suiteTokens_);
    clean(authCodes_);
    clean(invitations_);
}

CORPS_DECL std::string WeComProxyServer::Impl::addAuthCode(App& app, std::string_view state) {
    forgetOld();
    std::string out = makeToken("", 64);
    authCodes_[out] = AuthCode{&app, std::string(state), false,
                               core_.nowMs() + std::chrono::milliseconds(proxy_.authCodeLifetime).count()};
    return out;
}

CORPS_DECL std::string WeComProxyServer::Impl::authorise(App& app, std::string_view state) {
    if (app.installed) {
        throw detail::ControlError(
            "corp", "expected an enterprise that has not authorised " + app.suite->config.suiteId + " yet");
    }
    const detail::VisibleRange before = rangeOf(app);
    install(app);
    app.state = std::string(state);
    std::string code = addAuthCode(app, state);
    tellAuthCode(app, "create_auth", code, state);
    tellSight(app, before);
    return code;
}

CORPS_DECL void WeComProxyServer::Impl::setRange(App& app, WeComContactScope range) {
    const detail::VisibleRange before = rangeOf(app);
    app.scope = std::move(range);
    app.client->contacts.ranges.erase(&app.scope);
    tellAuth(app, "change_auth");
    tellSight(app, before);
}

CORPS_DECL void WeComProxyServer::Impl::setPermissions(App& app,
                                                       const std::vector<std::string>& permissions) {
    app.permissions = {permissions.begin(), permissions.end()};
    tellAuth(app, "change_auth");
}

CORPS_DECL void WeComProxyServer::Impl::setEnabled(App& app, bool enabled) {
    const detail::VisibleRange before = rangeOf(app);
    app.enabled = enabled;
    tellAuth(app, "change_auth");
    tellSight(app, before);
}

CORPS_DECL void WeComProxyServer::Impl::cancel(App& app) {
    app.installed = false;
    app.oldCode.clear();
    dropTokens(app);
    std::erase_if(authCodes_, [&](const auto& entry) { return entry.second.app == &app; });
    tellAuth(app, "cancel_auth");
}

CORPS_DECL std::string WeComProxyServer::Impl::resetSecret(App& app) {
    if (proxy_.behaviour.oldSecretDies) {
        dropTokens(app);
    } else if (app.oldCode.empty()) {
        app.oldCode = app.permanentCode;
    }
    newSecret(app);
    std::string code = addAuthCode(app, {});
    tellAuthCode(app, "reset_permanent_code", code, {});
    return code;
}

CORPS_DECL std::string WeComProxyServer::Impl::loginCode(App& app, std::string_view memberId,
                                                         bool privateInfo, bool service) {
    LoginCode code;
    code.corpId = app.client->id;
    code.agentId = app.agentId;
    code.userId = std::string(memberId);
    code.app = &app;
    code.service = service;
    code.privateInfo = privateInfo;
    return addCode(std::move(code));
}

// ---------------------------------------------------------------------------------------------------------------------------
// Control calls

CORPS_DECL std::optional<std::string> WeComProxyServer::Impl::control(std::string_view what,
                                                                      const HttpRequest& request) {
    using detail::ControlError;
    tick();
    std::string out = "{";
    if (what == "code" && request.method == "GET") {
        App& whose = app(request.parameter("corp"), request.parameter("suiteId"));
        const std::string_view memberId = request.parameter("memberId");
        member(*whose.client, memberId);
        detail::appendText(out, "code",
                           loginCode(whose, memberId, request.parameter("scope") == "snsapi_privateinfo",
                                     request.parameter("service") == "true"));
        return out + "}\n";
    }
    if (what == "provider" && request.method == "GET") {
        return providerJson();
    }
    if (request.method != "POST") {
        return std::nullopt;
    }
    const auto document = request.body.empty() ? boost::json::value(boost::json::object())
                                               : detail::parseJson<ControlError>(request.body);
    const detail::ObjectReader<ControlError> in(document, "");
    const auto text = [&in](std::string_view key) {
        std::string value;
        in.read(key, value);
        return value;
    };
    if (what == "ticket") {
        Suite& which = suite(text("suiteId"));
        std::int64_t seconds = -1;
        in.read("everySeconds", seconds);
        if (in.find("everySeconds") == nullptr) {
            detail::appendText(out, "suiteTicket", pushTicket(which));
        } else if (seconds < 0) {
            throw ControlError("everySeconds", "expected seconds, 0 or more");
        } else {
            pushTicketEvery(which, std::chrono::seconds(seconds));
        }
        return out + "}\n";
    }
    if (what == "authorise") {
        App& whose = app(text("corp"), text("suiteId"));
        detail::appendText(out, "authCode", authorise(whose, text("state")));
        detail::appendInteger(out, "agentId", whose.agentId);
        return out + "}\n";
    }
    static constexpr std::array<std::string_view, 7> kOthers{"range",  "permissions", "disable", "enable",
                                                             "cancel", "reset",       "upgrade"};
    if (std::find(kOthers.begin(), kOthers.end(), what) == kOthers.end()) {
        return std::nullopt;
    }
    App& whose = installed(text("corp"), text("suiteId"));
    if (what == "range") {
        WeComContactScope range;
        in.readStrings("deptIds", range.deptIds);
        in.readStrings("memberIds", range.memberIds);
        in.readStrings("tagIds", range.tagIds);
        range.all =
            in.find("deptIds") == nullptr && in.find("memberIds") == nullptr && in.find("tagIds") == nullptr;
        in.read("all", range.all);
        setRange(whose, std::move(range));
    } else if (what == "permissions") {
        std::vector<std::string> names;
        if (in.find("permissions") == nullptr) {
            throw ControlError("permissions", "expected an array of names");
        }
        in.readStrings("permissions", names);
        setPermissions(whose, names);
    } else if (what == "disable" || what == "enable") {
        setEnabled(whose, what == "enable");
    } else if (what == "cancel") {
        cancel(whose);
    } else if (what == "reset") {
        detail::appendText(out, "authCode", resetSecret(whose));
    } else {
        upgradeIds(whose);
    }
    return out + "}\n";
}

CORPS_DECL std::string WeComProxyServer::Impl::providerJson() const {
    using namespace detail;
    const auto strings = [](std::string& out, std::string_view key, const auto& values) {
        out += ",\"";
        out += key;
        out += "\":";
        appendList(out, values, [](std::string& to, const std::string& value) { appendJson(to, value); });
    };
    std::string out = "{";
    appendText(out, "providerCorpId", proxy_.providerCorpId);
    out += ",\"suites\":";
    appendList(out, suites_, [&](std::string& to, const auto& suite) {
        to += '{';
        appendText(to, "suiteId", suite->config.suiteId);
        appendText(to, "name", suite->config.name);
        appendText(to, "suiteTicket", newestTicket(*suite));
        appendInteger(to, "ticketAgeSeconds", (core_.nowMs() - suite->tickets.back().atMs) / 1000);
        appendInteger(to, "everySeconds", suite->everyMs / 1000);
        to += '}';
    });
    out += ",\"enterprises\":";
    appendList(out, clients_, [&](std::string& to, const auto& client) {
        to += '{';
        appendText(to, "corpId", client->id);
        appendText(to, "openCorpId", client->openId);
        appendText(to, "corpName", nameOf(*client));
        appendInteger(to, "members",
                      static_cast<std::int64_t>(client->contacts.directory->organisation().userList.size()));
        to += ",\"apps\":";
        appendList(to, appsOf_.at(client.get()), [&](std::string& each, const App* app) {
            each += '{';
            appendText(each, "suiteId", app->suite->config.suiteId);
            appendFlag(each, "authorised", app->installed);
            appendFlag(each, "enabled", app->enabled);
            appendFlag(each, "encryptedIds", app->encrypted);
            appendInteger(each, "agentId", app->agentId);
            appendText(each, "permanentCode", app->permanentCode);
            each += ",\"range\":{";
            appendFlag(each, "all", app->scope.all);
            strings(each, "deptIds", app->scope.deptIds);
            strings(each, "memberIds", app->scope.memberIds);
            strings(each, "tagIds", app->scope.tagIds);
            each += '}';
            strings(each, "permissions", app->permissions);
            each += '}';
        });
        to += '}';
    });
    return out + "}\n";
}

// ---------------------------------------------------------------------------------------------------------------------------
// The public face

CORPS_DECL WeComProxyServer::WeComProxyServer(WeComProxyOptions options,
                                              std::vector<Organisation> organisations)
    : Server(std::make_unique<Impl>(std::move(options), std::move(organisations))) {}

CORPS_DECL WeComProxyServer::Impl& WeComProxyServer::impl() const noexcept {
    return static_cast<Impl&>(*platform_);
}

CORPS_DECL void WeComProxyServer::setBehaviour(WeComProxyBehaviour behaviour) {
    const std::lock_guard lock(impl().core().mutex());
    impl().setBehaviour(std::move(behaviour));
}
CORPS_DECL WeComProxyBehaviour WeComProxyServer::behaviour() const {
    const std::lock_guard lock(impl().core().mutex());
    return impl().behaviour();
}

CORPS_DECL void WeComProxyServer::setOrganisation(std::string_view corp, Organisation organisation) {
    impl().replaceOrganisationOf(corp, std::move(organisation));
}
CORPS_DECL Organisation WeComProxyServer::organisation(std::string_view corp) const {
    const std::lock_guard lock(impl().core().mutex());
    return impl().organisationOf(corp);
}

CORPS_DECL std::string WeComProxyServer::openCorpId(std::string_view corp) const {
    return impl().client(corp).openId;
}
CORPS_DECL std::string WeComProxyServer::openUserId(std::string_view corp, std::string_view memberId) const {
    return impl().openUserId(impl().client(corp), memberId);
}
CORPS_DECL std::int64_t WeComProxyServer::tagId(std::string_view corp, std::string_view roleId) const {
    const std::lock_guard lock(impl().core().mutex());
    return impl().tagId(impl().client(corp), roleId);
}

CORPS_DECL std::string WeComProxyServer::suiteTicket(std::string_view suiteId) const {
    const std::lock_guard lock(impl().core().mutex());
    impl().tick();
    return impl().newestTicket(impl().suite(suiteId));
}
CORPS_DECL std::string WeComProxyServer::pushTicket(std::string_view suiteId) {
    const std::lock_guard lock(impl().core().mutex());
    return impl().pushTicket(impl().suite(suiteId));
}
CORPS_DECL void WeComProxyServer::pushTicketEvery(std::chrono::seconds interval, std::string_view suiteId) {
    const std::lock_guard lock(impl().core().mutex());
    impl().pushTicketEvery(impl().suite(suiteId), interval);
}

CORPS_DECL std::string WeComProxyServer::authorise(std::string_view corp, std::string_view state,
                                                   std::string_view suiteId) {
    const std::lock_guard lock(impl().core().mutex());
    return impl().authorise(impl().app(corp, suiteId), state);
}
CORPS_DECL void WeComProxyServer::setRange(std::string_view corp, WeComContactScope range,
                                           std::string_view suiteId) {
    const std::lock_guard lock(impl().core().mutex());
    impl().setRange(impl().installed(corp, suiteId), std::move(range));
}
CORPS_DECL void WeComProxyServer::setPermissions(std::string_view corp, std::vector<std::string> permissions,
                                                 std::string_view suiteId) {
    const std::lock_guard lock(impl().core().mutex());
    impl().setPermissions(impl().installed(corp, suiteId), permissions);
}
CORPS_DECL void WeComProxyServer::disable(std::string_view corp, std::string_view suiteId) {
    const std::lock_guard lock(impl().core().mutex());
    impl().setEnabled(impl().installed(corp, suiteId), false);
}
CORPS_DECL void WeComProxyServer::enable(std::string_view corp, std::string_view suiteId) {
    const std::lock_guard lock(impl().core().mutex());
    impl().setEnabled(impl().installed(corp, suiteId), true);
}
CORPS_DECL void WeComProxyServer::cancel(std::string_view corp, std::string_view suiteId) {
    const std::lock_guard lock(impl().core().mutex());
    impl().cancel(impl().installed(corp, suiteId));
}
CORPS_DECL std::string WeComProxyServer::resetSecret(std::string_view corp, std::string_view suiteId) {
    const std::lock_guard lock(impl().core().mutex());
    return impl().resetSecret(impl().installed(corp, suiteId));
}
CORPS_DECL void WeComProxyServer::upgradeIds(std::string_view corp, std::string_view suiteId) {
    const std::lock_guard lock(impl().core().mutex());
    impl().upgradeIds(impl().installed(corp, suiteId));
}
CORPS_DECL WeComAuthorisation WeComProxyServer::authorisation(std::string_view corp,
                                                              std::string_view suiteId) const {
    const std::lock_guard lock(impl().core().mutex());
    return impl().describe(impl().app(corp, suiteId));
}

CORPS_DECL std::string WeComProxyServer::loginCode(std::string_view corp, std::string_view memberId,
                                                   bool privateInfo, std::string_view suiteId) {
    const std::lock_guard lock(impl().core().mutex());
    return impl().loginCode(impl().app(corp, suiteId), memberId, privateInfo, false);
}

}  // namespace corps::emulator
