#pragma once

#include <corps/auth/authorized.hpp>
#include <corps/client/qywx_proxy_client.hpp>
#include <corps/client/suite_agents.hpp>
#include <corps/config/business_keys.hpp>
#include <corps/error/error.hpp>
#include <corps/suite/qywx_proxy_auth.hpp>
#include <corps/suite/suite_book.hpp>

#include <functional>
#include <mutex>
#include <optional>
#include <utility>

namespace corps {

CORPS_DECL QywxProxyAuth::Config QywxProxyAuth::Config::fromConfig(CorpConfig const& config) {
    std::string const place = config.place();
    detail::BusinessKeys const read(config.business, place);
    Config out;
    out.corpId = read.credential("corpId");
    if (!config.auth) {
        // In code the element is handed over; in a directory App has loaded it by its name.
        throw config.errorAt("authFullName", "the name of an auths.* element, which CorpConfig::auth holds");
    }
    out.suite = SuiteConfig::fromConfig(*config.auth);
    boost::json::object const own = config.credentials();
    if (own.contains("agentId")) out.agentId = read.credential("agentId", true);
    out.permanentCode = read.secretIfAny("permanentCode");
    out.baseUrl = read.baseUrl("baseUrl", out.suite.baseUrl);
    std::string const logins = config.auth->text("accountsBaseUrl");
    out.accountsBaseUrl = read.baseUrl("accountsBaseUrl", logins);
    return out;
}

class QywxProxyAuth::State final : public SuiteAgents, public std::enable_shared_from_this<State> {
public:
    explicit State(Config c) : config(std::move(c)) {}

    /** Which code is used, and whether it is the store's. */
    struct Code {
        Secret secret{};
        bool stored = false;
        std::string corpId{};  ///< as the enterprise is called with it
    };

    void attach(AuthEnvironment const& environment) {
        environment_.emplace(environment);
        book_.emplace(environment.context, environment.store, config.suite.suiteId);
        offerSuiteAgents(environment.context, suiteAgentsName(config.suite.suiteId, config.corpId),
                         shared_from_this());
    }

    [[nodiscard]] Context const* context() const { return environment_ ? &environment_->context : nullptr; }

    Code code() {
        Code out;
        out.corpId = config.corpId;
        if (!book_) {
            out.secret = config.permanentCode;
            if (out.secret.empty()) throw error(Errc::config, kNoCode);
            return out;
        }
        std::optional<SuiteCorp> const corp = book_->find(config.corpId);
        bool const usable = corp && corp->hasCode && isUsable(*corp);
        bool const sealed = corp && corp->hasCode;
        bool const keyless = environment_->context.storeKey() == nullptr;
        if (sealed && !(keyless && !config.permanentCode.empty())) {
            Secret kept = book_->code(config.corpId).value_or(Secret());
            if (usable) {
                out.secret = std::move(kept);
                out.stored = true;
                // The platform takes either id; it is asked with the one that it gave itself.
                out.corpId = corp->corpId;
                return out;
            }
            if (kept == config.permanentCode) return refuse(*corp);
        }
        if (!config.permanentCode.empty()) {
            out.secret = config.permanentCode;
            return out;
        }
        if (corp) return refuse(*corp);
        throw error(Errc::config, kNoCode);
    }

    void refused(Code const& code) {
        if (!code.stored || !book_) return;
        book_->refused(config.corpId, code.secret,
                       environment_->context.clock().now().time_since_epoch().count());
    }

    std::string key() {
        std::uint64_t const changes = book_ ? book_->changes() : 0;
        {
            std::lock_guard const lock(mutex_);
            if (known_ && changes == seen_) return key_;
        }
        std::string out = "wecom provider " + config.baseUrl + " " + config.suite.suiteId + " ";
        try {
            Code const c = code();
            out += c.corpId + " " + std::to_string(std::hash<std::string_view>()(c.secret.reveal()));
        } catch (Error const& e) {
            // Without a code there is no token: token() says why.
            if (!e.is(Errc::config) && !e.is(Errc::authRejected)) throw;
            out += config.corpId + " without a code, for nobody else " +
                   std::to_string(reinterpret_cast<std::uintptr_t>(this));
        }
        std::lock_guard const lock(mutex_);
        known_ = true;
        seen_ = changes;
        key_ = out;
        return out;
    }

    [[nodiscard]] std::string knownAgentId(std::string_view corpId) override {
        if (corpId != config.corpId) {
            std::optional<SuiteCorp> const corp = book_ ? book_->find(config.corpId) : std::nullopt;
            if (!corp || !corp->isCalled(corpId)) return {};
        }
        if (!config.agentId.empty()) return config.agentId;
        std::string const kept = keptAgentId();
        std::lock_guard const lock(mutex_);
        return kept.empty() ? agentId_ : kept;
    }

    void learnAgentId(std::string_view corpId, std::string_view agentId) override {
        {
            std::lock_guard const lock(mutex_);
            agentId_ = agentId;
        }
        if (book_) book_->change(corpId, [&](SuiteCorp& c) { c.agentId = agentId; });
    }

    [[nodiscard]] std::vector<std::string> otherCorpIds(std::string_view corpId) override {
        return book_ ? otherIdsOf(*book_, corpId) : std::vector<std::string>();
    }
    /** Of the enterprise that is configured. */
    [[nodiscard]] std::vector<std::string> otherCorpIds() { return otherCorpIds(config.corpId); }

    [[nodiscard]] asio::awaitable<std::string> agentId(std::string corpId) override {
        return askAgentId(shared_from_this(), std::move(corpId));
    }

    Config const config;

private:
    static constexpr char const* kNoCode =
        "there is no permanent code of this enterprise: expected its authorisation by a callback of the "
        "suite "
        "(or Suite::authorize, corpctl authorize), or the business key `permanentCode`";

    static asio::awaitable<std::string> askAgentId(std::shared_ptr<State> self, std::string corpId) {
        std::string known = self->knownAgentId(corpId);
        if (!known.empty()) co_return known;
        AuthEnvironment const environment = *self->environment_;
        QywxProxyAuth auth(self);
        Authorized<QywxProxyAuth> channel(environment.context, environment.wire, std::move(auth));
        boost::json::object settings;
        settings["corpId"] = self->config.corpId;
        settings["suiteId"] = self->config.suite.suiteId;
        settings["baseUrl"] = self->config.baseUrl;
        ClientEnvironment client(environment.context, environment.corp, std::move(settings));
        QywxProxyClient::Api api(channel, std::move(client));
        known = co_await api.agentId();
        co_return known;
    }

    [[nodiscard]] bool isUsable(SuiteCorp const& corp) const {
        if (corp.status != SuiteCorpState::disabled) return corp.status == SuiteCorpState::active;
        // That it is switched on again is told by an event, which may be lost.
        constexpr std::int64_t kDay = 24 * 60 * 60 * 1000;
        return environment_->context.clock().now().time_since_epoch().count() - corp.staleAt > kDay;
    }

    [[nodiscard]] std::string keptAgentId() {
        if (!book_) return {};
        std::optional<SuiteCorp> const corp = book_->find(config.corpId);
        return corp ? corp->agentId : std::string();
    }

    [[nodiscard]] Error error(Errc e, std::string text) const {
        Diagnostics d;
        if (environment_) d.corp = environment_->corp;
        return Error(e, std::move(text), std::move(d));
    }

    [[noreturn]] Code refuse(SuiteCorp const& corp) const {
        if (corp.status == SuiteCorpState::cancelled)
            throw error(Errc::authRejected,
                        "the enterprise has withdrawn its authorisation of the suite: it has to authorise it "
                        "again");
        if (corp.status == SuiteCorpState::disabled)
            throw error(Errc::authRejected,
                        "the enterprise has switched the application off; it is asked again after a day, or "
                        "when the platform says that it is on again");
        if (corp.status == SuiteCorpState::secretStale)
            throw error(Errc::authRejected,
                        "the platform has refused the permanent code, which is not tried again: reset it in "
                        "the provider's console, or let the enterprise authorise the suite again");
        throw error(Errc::config, kNoCode);
    }

    std::optional<AuthEnvironment> environment_;
    std::optional<SuiteBook> book_;
    std::mutex mutex_;
    std::string agentId_;  // as it was told where the store has no enterprise to keep it with
    std::string key_;
    std::uint64_t seen_ = 0;
    bool known_ = false;

    friend class QywxProxyAuth;
};

CORPS_DECL QywxProxyAuth::QywxProxyAuth(Config config) : state_(std::make_shared<State>(std::move(config))) {}

CORPS_DECL QywxProxyAuth::QywxProxyAuth(Config config, AuthEnvironment const& environment)
    : QywxProxyAuth(std::move(config)) {
    state_->attach(environment);
}

CORPS_DECL QywxProxyAuth::QywxProxyAuth(std::shared_ptr<State> state) : state_(std::move(state)) {}

CORPS_DECL QywxProxyAuth::Config const& QywxProxyAuth::config() const noexcept { return state_->config; }

CORPS_DECL asio::awaitable<IssuedToken> QywxProxyAuth::token(Channel& wire, std::string credential) const {
    if (!credential.empty())
        throw Error(Errc::config,
                    "\"contactSecret\": there is none; a provider has no contact-sync assistant");
    std::shared_ptr<State> const state = state_;
    State::Code code;
    std::function<void()> const look = [&] { code = state->code(); };
    if (state->context() != nullptr) {
        co_await state->context()->blocking(look);
    } else {
        look();
    }
    QywxAuth::Config config(code.corpId, std::string(), code.secret);
    config.baseUrl = state->config.baseUrl;
    config.secretName = "permanentCode";
    QywxAuth const platform(std::move(config));
    std::optional<Error> refusal;
    IssuedToken out;
    try {
        out = co_await platform.token(wire, std::string());
    } catch (Error const& e) {
        switch (e.diagnostics().upstreamCode.value_or(0)) {
            case 40001:
            case 40084:
            case 40091:
            case 45031: refusal.emplace(e); break;
            default: throw;
        }
    }
    if (!refusal) co_return out;
    std::function<void()> const note = [&] { state->refused(code); };
    if (state->context() != nullptr) co_await state->context()->blocking(note);
    throw *refusal;
}

CORPS_DECL void QywxProxyAuth::attach(Request& q, std::string_view token) const {
    QywxAuth(QywxAuth::Config()).attach(q, token);
}

CORPS_DECL bool QywxProxyAuth::tokenRejected(Response const& p) const {
    return QywxAuth(QywxAuth::Config()).tokenRejected(p);
}

CORPS_DECL std::string QywxProxyAuth::tokenKey(std::string_view credential) const {
    return credential.empty() ? state_->key() : state_->key() + " " + std::string(credential);
}

CORPS_DECL std::string QywxProxyAuth::authorizeUrl(LoginRequest const& r) const {
    QywxAuth::Config config(state_->config.corpId, state_->knownAgentId(state_->config.corpId), Secret());
    config.accountsBaseUrl = state_->config.accountsBaseUrl;
    if (config.agentId.empty())
        throw Error(Errc::notFound,
                    "the application's agentId is not known yet: sync once, ask getAgentId, or configure it");
    return QywxAuth(std::move(config)).authorizeUrl(r);
}

CORPS_DECL asio::awaitable<Identity> QywxProxyAuth::identify(Channel& wire, Channel& authorised,
                                                             LoginCode code) const {
    std::shared_ptr<State> const state = state_;
    QywxAuth::Config config(state->config.corpId, std::string(), Secret());
    config.baseUrl = state->config.baseUrl;
    QywxAuth const platform(std::move(config));
    Identity out = co_await platform.identify(wire, authorised, std::move(code));
    // The token is the enterprise's: who it is of is a member of it, under whichever of its ids it is stored.
    std::function<void()> const look = [&] { out.otherCorpIds = state->otherCorpIds(); };
    if (state->context() != nullptr) co_await state->context()->blocking(look);
    co_return out;
}

}  // namespace corps
