#pragma once

#include <corps/emulator/impl/wecom_impl.ipp>
#include <corps/emulator/wecom_proxy.hpp>

#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace corps::emulator {

namespace detail {

namespace wecom {
struct SuiteEvent;
}  // namespace wecom

/** A template with what has become of it. */
struct WeComTemplate {
    struct Ticket {
        std::string text;
        std::int64_t atMs = 0;
    };

    WeComSuite config;
    std::deque<Ticket> tickets;  ///< those that live, and the newest
    std::int64_t everyMs = 0;    ///< 0: only when it is asked for
    std::int64_t nextMs = 0;
    std::string currentToken;
    std::optional<CallbackOptions> callback;

    /** An app of proxy development: its permanent code is a secret like that of an own app. */
    [[nodiscard]] bool proxy() const { return config.suiteId.starts_with("dk"); }
};

/** An enterprise and what the provider knows it by. */
struct WeComClient {
    std::string id;  ///< as in the organisation file
    std::string openId;
    WeComEnterprise contacts;
    std::unordered_map<std::string, WeComEnterprise::Index> byOpenId;  ///< made when asked for
    std::int64_t nextAgent = 1'000'002;
    std::uint32_t wrongIds = 0;
    std::int64_t idsBlockedUntilMs = 0;
};

/** An app of a template in an enterprise, before and after the authorisation too. */
struct WeComProviderApp {
    WeComTemplate* suite = nullptr;
    WeComClient* client = nullptr;
    bool installed = false;
    bool enabled = true;
    bool encrypted = true;
    bool externalEncrypted = true;
    std::int64_t agentId = 0;
    std::string permanentCode;
    std::string state;  ///< of the authorisation
    std::optional<CallbackOptions> callback;
    std::string oldCode;  ///< good until the new one is fetched
    std::uint64_t codes = 0;
    std::set<std::string, std::less<>> permissions;
    WeComContactScope scope;
    std::optional<std::int64_t> firstMs;  ///< of the first installation
    std::set<std::string> activated;      ///< members who got an account at a login

    [[nodiscard]] bool has(std::string_view permission) const { return permissions.contains(permission); }
    [[nodiscard]] const std::string& corpId() const { return encrypted ? client->openId : client->id; }
};

}  // namespace detail

/** The server of a provider. Endpoints `service/...` are in wecom_proxy_service.ipp, what people do at their
 * consoles in wecom_proxy_console.ipp. */
class WeComProxyServer::Impl final : public detail::WeComPlatform {
public:
    using Suite = detail::WeComTemplate;
    using Client = detail::WeComClient;
    using App = detail::WeComProviderApp;

    Impl(WeComProxyOptions options, std::vector<Organisation> organisations);
    ~Impl() override { core_.stop(); }

    // With the lock held:
    void setBehaviour(WeComProxyBehaviour behaviour);
    const WeComProxyBehaviour& behaviour() const noexcept { return proxy_.behaviour; }

    /** @throws detail::ControlError */
    Client& client(std::string_view corp) const;
    Suite& suite(std::string_view suiteId) const;
    App& app(std::string_view corp, std::string_view suiteId) const;
    App& installed(std::string_view corp, std::string_view suiteId) const;
    Index member(const Client& client, std::string_view memberId) const;

    std::string openUserId(const Client& client, std::string_view memberId) const;
    std::int64_t tagId(Client& client, std::string_view roleId);
    std::string providerJson() const;
    WeComAuthorisation describe(const App& app) const;
    std::string newestTicket(const Suite& suite) const { return suite.tickets.back().text; }
    void tick();
    std::string pushTicket(Suite& suite);
    void pushTicketEvery(Suite& suite, std::chrono::milliseconds interval);
    std::string authorise(App& app, std::string_view state);
    void setRange(App& app, WeComContactScope range);
    void setPermissions(App& app, const std::vector<std::string>& permissions);
    void setEnabled(App& app, bool enabled);
    void cancel(App& app);
    std::string resetSecret(App& app);
    void upgradeIds(App& app) { app.encrypted = app.externalEncrypted = true; }
    std::string loginCode(App& app, std::string_view memberId, bool privateInfo, bool service);

    std::string_view route(const HttpRequest& request) override;
    const Organisation& currentOrganisation() const override {
        return clients_.front()->contacts.directory->organisation();
    }
    const Organisation& organisationOf(std::string_view corp) const override;
    void replaceOrganisation(Organisation organisation) override;
    void replaceOrganisationOf(std::string_view corp, Organisation organisation) override;
    std::string behaviourJson() const override;
    void readBehaviour(const boost::json::value& json) override;
    std::optional<std::string> control(std::string_view what, const HttpRequest& request) override;
    detail::CallbackSetting prepareCallback(const boost::json::value& json) override;
    /** @throws ControlError */
    detail::CallbackSetting prepareCallback(WeComProxyCallback callback);
    std::string callbacksSet() const override;
    void clearCallbacks() override;

private:
    struct SuiteToken {
        Suite* suite = nullptr;  ///< none: the provider's own
        std::int64_t expiresMs = 0;
    };
    struct AuthCode {
        App* app = nullptr;
        std::string state;
        bool used = false;
        std::int64_t expiresMs = 0;
    };
    /** A QR code, or a page where a third-party app is installed. */
    struct Invitation {
        std::vector<Suite*> suites;
        std::string state;
        std::int64_t expiresMs = 0;
    };

    // What an app sees
    Identity identify(const std::string& corpId, const std::string& secret) override;
    std::int64_t findLogin(const std::string& corpId, std::int64_t agentId, LoginTarget& out) override;
    bool shows(const Call& call, Field field, bool list) const override {
        return shows(*call.token->app, field, list);
    }
    bool consented(const Call& call, Field field) const override {
        return consented(*call.token->app, field);
    }
    bool shows(const App& app, Field field, bool list) const;
    static bool consented(const App& app, Field field);
    bool seesStructure(const Call& call) const override {
        return call.token->app->has("corp_arch:base:base");
    }
    bool namesAsIds() const override { return proxy_.behaviour.namesAsIds; }
    std::string userId(const Call& call, Index member) const override;
    Index findUser(const Call& call, const std::string& id) override;
    bool seesTags(const Call& /*call*/) const override { return proxy_.behaviour.allTags; }
    std::string appName(const Call& call) const override { return call.token->app->suite->config.name; }
    void appendAgent(std::string& out, const Call& call) const override;
    std::optional<HttpReply> checkApp(const Call& call) override;
    std::optional<HttpReply> checkProvider(Call& call) override;
    std::optional<HttpReply> checkAddress() override;
    std::int64_t checkLogin(const LoginTarget& target, Index member, std::int64_t agentId) override;
    bool knowsLoginType(std::string_view type) const override {
        return type == "CorpApp" || type == "ServiceApp";
    }
    bool addressUsedUp() override;

    Client* findClient(std::string_view corpId) const;
    Suite* findSuite(std::string_view suiteId) const;
    App* appOf(const Client& client, const Suite& suite) const;
    Index findOpenUser(Client& client, const std::string& id);
    bool licensed(const App& app, Index member) const;
    Token tokenOf(App& app, bool thirdParty) const;
    static std::string thirdPartyKey(const App& app) {
        return "third party " + app.client->id + " " + app.suite->config.suiteId;
    }
    void newSecret(App& app);
    void install(App& app);
    void dropTokens(const App& app);
    void forgetOld();
    std::string addTicket(Suite& suite);
    std::string addAuthCode(App& app, std::string_view state);
    std::string shownId(const App& app, Index member) const;

    // what is told
    std::string receiveId(const std::string& which, const Suite& suite, const App* app) const;
    static std::string receiverName(const Suite& suite, const App* app);
    detail::wecom::Receiver receiver(const CallbackOptions& callback, const Suite& suite,
                                     const App* app) const;
    detail::wecom::Patience patience(std::chrono::milliseconds deadline) const;
    void tellSuite(Suite& suite, detail::wecom::SuiteEvent event, App* app = nullptr,
                   const std::string& state = {});
    void tellTicket(Suite& suite);
    void tellAuthCode(App& app, std::string infoType, std::string authCode, std::string_view state);
    void tellAuth(App& app, std::string infoType);
    void setTicketAlarm(Suite& suite);
    void tellApp(const App& app, std::vector<detail::CallbackJob>& batch, std::string event,
                 std::string xml) const;
    detail::VisibleRange rangeOf(App& app);
    void tellSight(App& app, const detail::WeComEnterprise& was, const detail::VisibleRange& before,
                   std::vector<detail::CallbackJob>& batch);
    void tellSight(App& app, const detail::VisibleRange& before);
    void tellContacts(App& app, const detail::WeComEnterprise& was, const detail::VisibleRange& before);
    std::vector<std::string> withheldElements(const App& app) const;
    void exportSubmitted(const Token& token, ExportJob& job) override;

    // service/...
    HttpReply suiteToken(const Call& call);
    HttpReply permanentCode(const Call& call);
    HttpReply permanentCode2(const Call& call);
    HttpReply exchange(const Call& call, bool old);
    HttpReply authInfo(const Call& call);
    HttpReply authInfo2(const Call& call);
    HttpReply information(const Call& call, bool old);
    HttpReply suiteAdmins(const Call& call);
    HttpReply providerToken(const Call& call);
    HttpReply authUrl(const Call& call);
    HttpReply openCorpIdOf(const Call& call);
    HttpReply finishMigration(const Call& call);
    HttpReply preAuthCode(const Call& call);
    HttpReply corpToken(const Call& call);
    HttpReply sessionInfo(const Call& call);
    HttpReply thirdPartyUser(const Call& call);
    HttpReply oldThirdPartyUser(const Call& call);
    HttpReply whoLoggedIn(const Call& call, bool old);
    HttpReply thirdPartyDetail(const Call& call);
    HttpReply installPage(const Call& call);
    HttpReply scanPage(const Call& call);
    std::optional<HttpReply> requireApp(const Call& call, App*& out);
    void appendCorp(std::string& out, const App& app, bool whole, bool old) const;
    void appendAuthInfo(std::string& out, const App& app) const;
    void appendDealer(std::string& out) const;
    void appendAdmins(std::string& out, const App& app) const;
    std::string nameOf(const Client& client) const;

    // the enterprise's token
    HttpReply permissions(const Call& call);
    HttpReply admins(const Call& call);
    HttpReply openUserIds(const Call& call);
    HttpReply userIdsOfOpen(const Call& call);
    HttpReply migration(const Call& call);

    WeComProxyOptions proxy_;
    bool open_ = false;  // any secrets
    std::vector<std::unique_ptr<Suite>> suites_;
    std::vector<std::unique_ptr<Client>> clients_;
    std::vector<std::unique_ptr<App>> apps_;             // of each enterprise, of each template
    std::unordered_map<std::string, Client*> byCorpId_;  // in lower case, and the encrypted ones
    std::unordered_map<const Client*, std::vector<App*>> appsOf_;
    Suite* suite_ = nullptr;  // whose token the request in hand carries

    std::unordered_map<std::string, SuiteToken> suiteTokens_;
    std::string providerToken_;
    std::unordered_map<std::string, AuthCode> authCodes_;
    std::unordered_map<std::string, Invitation> invitations_;
};

}  // namespace corps::emulator
