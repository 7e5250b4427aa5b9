// Tokens of a suite and of its provider.
#pragma once

#include <corps/auth/impl/qywx_auth.ipp>
#include <corps/auth/upstream_auth.hpp>
#include <corps/error/error.hpp>
#include <corps/suite/suite_book.hpp>
#include <corps/suite/suite_config.hpp>
#include <corps/suite/suite_core.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace corps::detail {

/** Request::credential of calls made as the provider. */
inline constexpr std::string_view kProviderCredential = SuiteCore::kProvider;

/** An UpstreamAuth for what a service provider asks for itself: nobody logs in with it. */
class SuiteAuth {
public:
    struct Config {
        SuiteConfig suite;
        Context context;
        std::shared_ptr<Store> store;
    };
    explicit SuiteAuth(Config config)
        : suite_(std::move(config.suite)),
          context_(config.context),
          book_(std::make_shared<SuiteBook>(config.context, std::move(config.store), suite_.suiteId)) {}

    [[nodiscard]] asio::awaitable<IssuedToken> token(Channel& wire, std::string credential) const {
        return credential == kProviderCredential ? providerToken(&wire) : suiteToken(&wire);
    }
    [[nodiscard]] asio::awaitable<IssuedToken> token(Channel& wire) const {
        return token(wire, std::string());
    }
    void attach(Request& q, std::string_view token) const {
        q.url += q.url.find('?') == std::string::npos ? '?' : '&';
        q.url += (q.credential == kProviderCredential ? "provider_access_token=" : "suite_access_token=") +
                 percentEncode(token);
    }
    [[nodiscard]] bool tokenRejected(Response const& p) const {
        if (p.body.size() > 4096) return false;
        AuthAnswer const a(std::string(), p, {});
        switch (a.integer("errcode").value_or(0)) {
            case 40014:
            case 40082:
            case 42001:
            case 42009: return true;
            default: return false;
        }
    }
    [[nodiscard]] std::string tokenKey(std::string_view credential) const {
        Secret const& secret = credential == kProviderCredential ? suite_.providerSecret : suite_.suiteSecret;
        return "wecom suite " + suite_.baseUrl + " " + suite_.suiteId + " " + suite_.providerCorpId + " " +
               std::string(credential) + " " + std::to_string(std::hash<std::string_view>()(secret.reveal()));
    }
    [[nodiscard]] std::string tokenKey() const { return tokenKey(std::string_view()); }
    [[nodiscard]] std::string authorizeUrl(LoginRequest const&) const { return refuseLogin(); }
    [[nodiscard]] asio::awaitable<Identity> identify(Channel&, Channel&, LoginCode) const {
        static_cast<void>(refuseLogin());
        co_return Identity();
    }

private:
    [[nodiscard]] static std::string refuseLogin() {
        throw Error(Errc::unsupported, "nobody logs in to a suite: ask the corp of the enterprise");
    }

    static IssuedToken issued(AuthAnswer& a, std::string_view key) {
        std::string value = a.text(key);
        std::int64_t const seconds = a.integer("expires_in").value_or(0);
        if (value.empty() || seconds <= 0)
            a.raise(Errc::protocol, "the answer holds no token with a lifetime");
        Duration const lifetime = std::chrono::seconds(std::min<std::int64_t>(seconds, 7 * 24 * 3600));
        return IssuedToken(std::move(value), lifetime - lifetime / 10);
    }

    [[nodiscard]] Request ask(std::string const& path, boost::json::object const& body) const {
        Request q("POST", suite_.baseUrl + path, "POST " + path);
        q.headers.emplace_back("Content-Type", "application/json");
        q.body = boost::json::serialize(body);
        return q;
    }

    [[nodiscard]] asio::awaitable<IssuedToken> suiteToken(Channel* wire) const {
        std::optional<SuiteTicket> ticket;
        std::shared_ptr<SuiteBook> const book = book_;
        SuiteConfig const suite = suite_;
        Context const context = context_;
        std::function<void()> const look = [&] { ticket = book->ticket(); };
        co_await context.blocking(look);
        if (!ticket)
            throw Error(Errc::authRejected,
                        "no suite ticket has come yet: the platform pushes one to the template's callback "
                        "address every 10 minutes, and on request in the provider's console");
        boost::json::object body;
        body["suite_id"] = suite.suiteId;
        body["suite_secret"] = suite.suiteSecret.reveal();
        body["suite_ticket"] = ticket->value.reveal();
        Request q = ask("/cgi-bin/service/get_suite_token", body);
        Request sent = q;
        Response const p = co_await wire->send(std::move(sent));
        AuthAnswer a = qywxAnswer(q, p, {suite.suiteSecret.reveal(), ticket->value.reveal()});
        qywxRaiseIfPassing(a);
        std::int64_t const minutes =
            (context.clock().now().time_since_epoch().count() - ticket->receivedAt) / 60'000;
        switch (a.integer("errcode").value_or(0)) {
            case 0: break;
            case 40083: a.raise(Errc::authRejected, "the platform does not know suiteId");
            case 40080: a.raise(Errc::authRejected, "the platform refuses suiteSecret");
            case 40085:
                a.raise(Errc::authRejected, "the platform refuses the suite ticket: the newest one came " +
                                                std::to_string(minutes) +
                                                " minutes ago, and one is good for 30");
            case 60020:
                a.raise(Errc::authRejected,
                        "the platform refuses calls from this address: see the provider's list of addresses");
            default: a.raise(Errc::authRejected, "the platform gives no token of the suite");
        }
        IssuedToken out = issued(a, "suite_access_token");
        co_return out;
    }

    [[nodiscard]] asio::awaitable<IssuedToken> providerToken(Channel* wire) const {
        SuiteConfig const suite = suite_;
        if (suite.providerSecret.empty()) throw Error(Errc::config, "\"providerSecret\": there is none");
        boost::json::object body;
        body["corpid"] = suite.providerCorpId;
        body["provider_secret"] = suite.providerSecret.reveal();
        Request q = ask("/cgi-bin/service/get_provider_token", body);
        Request sent = q;
        Response const p = co_await wire->send(std::move(sent));
        AuthAnswer a = qywxAnswer(q, p, {suite.providerSecret.reveal()});
        qywxRaiseIfPassing(a);
        if (a.integer("errcode").value_or(0) != 0)
            a.raise(Errc::authRejected, "the platform refuses providerCorpId and providerSecret");
        IssuedToken out = issued(a, "provider_access_token");
        co_return out;
    }

    SuiteConfig suite_;
    Context context_;
    std::shared_ptr<SuiteBook> book_;
};

}  // namespace corps::detail
