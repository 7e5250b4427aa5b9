// What a suite asks of the platform: for itself, and for one of its enterprises.
#pragma once

#include <corps/auth/authorized.hpp>
#include <corps/client/impl/json_fields.hpp>
#include <corps/client/impl/qywx_endpoints.hpp>
#include <corps/client/qywx_proxy_client.hpp>
#include <corps/error/error.hpp>
#include <corps/suite/impl/suite_auth.hpp>
#include <corps/suite/qywx_proxy_auth.hpp>
#include <corps/suite/suite_core.hpp>

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <functional>
#include <utility>

namespace corps {

namespace detail {

inline std::vector<std::string> suiteIds(boost::json::object const* o, std::string_view key) {
    std::vector<std::string> out;
    boost::json::array const* const list = o == nullptr ? nullptr : jsonArray(*o, key);
    if (list == nullptr) return out;
    for (boost::json::value const& v : *list) {
        if (v.is_string()) {
            out.emplace_back(v.get_string());
        } else if (std::optional<std::int64_t> const n = jsonInteger(v)) {
            out.push_back(std::to_string(*n));
        }
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

/** What get_permanent_code and get_auth_info tell of an enterprise. */
inline SuiteCorp suiteFacts(boost::json::object const& answer) {
    SuiteCorp c;
    if (boost::json::object const* const corp = jsonObject(answer, "auth_corp_info")) {
        c.corpId = jsonTextOr(*corp, "corpid");
        c.corpName = jsonTextOr(*corp, "corp_name");
        c.legalName = jsonTextOr(*corp, "corp_full_name");
    }
    c.state = jsonTextOr(answer, "state");
    boost::json::object const* const info = jsonObject(answer, "auth_info");
    boost::json::array const* const agents = info == nullptr ? nullptr : jsonArray(*info, "agent");
    if (agents == nullptr) return c;
    boost::json::object const* mine = nullptr;
    for (boost::json::value const& v : *agents) {
        if (!v.is_object()) continue;
        bool const customized = jsonBool(v.get_object(), "is_customized_app").value_or(false);
        if (mine == nullptr || customized) mine = &v.get_object();
        if (customized) break;
    }
    if (mine == nullptr) return c;
    c.agentId = qywxNumber(*mine, "agentid");
    if (boost::json::object const* const p = jsonObject(*mine, "privilege")) {
        SuiteRange range;
        range.deptIds = suiteIds(p, "allow_party");
        range.memberIds = suiteIds(p, "allow_user");
        range.tagIds = suiteIds(p, "allow_tag");
        c.range = std::move(range);
    }
    return c;
}

/** What an enterprise's own token is asked for, as its corp asks. */
class SuiteCorpClient {
public:
    SuiteCorpClient(SuiteConfig const& suite, Context const& context, std::shared_ptr<Store> store,
                    std::shared_ptr<Channel> wire, std::string const& corpId)
        : channel_(context, wire, auth(suite, context, std::move(store), wire, corpId)),
          api_(channel_, ClientEnvironment(context, suite.fullName, settings(suite, corpId))) {}
    [[nodiscard]] QywxProxyClient::Api& api() noexcept { return api_; }

private:
    static QywxProxyAuth auth(SuiteConfig const& suite, Context const& context, std::shared_ptr<Store> store,
                              std::shared_ptr<Channel> wire, std::string const& corpId) {
        QywxProxyAuth::Config config;
        config.corpId = corpId;
        config.suite = suite;
        config.baseUrl = suite.baseUrl;
        AuthEnvironment const environment(context, std::move(store), std::move(wire), suite.fullName);
        return QywxProxyAuth(std::move(config), environment);
    }
    static boost::json::object settings(SuiteConfig const& suite, std::string const& corpId) {
        boost::json::object out;
        out["corpId"] = corpId;
        out["suiteId"] = suite.suiteId;
        out["baseUrl"] = suite.baseUrl;
        return out;
    }

    Authorized<QywxProxyAuth> channel_;
    QywxProxyClient::Api api_;
};

}  // namespace detail

CORPS_DECL asio::awaitable<boost::json::object> SuiteCore::post(std::shared_ptr<SuiteCore> self,
                                                                std::string path, boost::json::object body,
                                                                std::string credential) {
    Caller caller(*self->channel_, self->context_, self->config_.fullName, &classifyQywx);
    RateLimiter& limiter =
        detail::qywxLimiter(self->context_, self->config_.baseUrl, self->config_.providerCorpId, path, true);
    Request q("POST", self->config_.baseUrl + path, "POST " + path);
    q.headers.emplace_back("Content-Type", "application/json");
    q.body = boost::json::serialize(body);
    q.credential = std::move(credential);
    Answer a = co_await caller.call(std::move(q), limiter, nullptr);
    co_return std::move(a.envelope);
}

// The newer form of a call, or the older one where the newer is not there: then nothing was done.
CORPS_DECL asio::awaitable<boost::json::object> SuiteCore::newerOrOlder(std::shared_ptr<SuiteCore> self,
                                                                        std::string name,
                                                                        boost::json::object body) {
    bool absent = false;
    boost::json::object out;
    try {
        boost::json::object first = body;
        out = co_await post(self, "/cgi-bin/service/v2/" + name, std::move(first), std::string());
    } catch (CallError const& e) {
        std::int64_t const code = e.diagnostics().upstreamCode.value_or(0);
        absent = e.diagnostics().httpStatus == 404 || code == 48001 || code == 48002 || code == 48005;
        if (!absent) throw;
    }
    if (absent) out = co_await post(self, "/cgi-bin/service/" + name, std::move(body), std::string());
    co_return out;
}

CORPS_DECL asio::awaitable<std::string> SuiteCore::openCorpId(std::shared_ptr<SuiteCore> self,
                                                              std::string corpId) {
    boost::json::object body;
    body["corpid"] = corpId;
    boost::json::object const a =
        co_await post(self, "/cgi-bin/service/corpid_to_opencorpid", std::move(body), std::string(kProvider));
    std::string out = detail::jsonTextOr(a, "open_corpid");
    if (out.empty()) throw self->named(Error(Errc::protocol, "the answer holds no open_corpid"));
    co_return out;
}

CORPS_DECL asio::awaitable<SuiteCorp> SuiteCore::exchange(std::shared_ptr<SuiteCore> self, Secret authCode,
                                                          bool reset, std::int64_t at) {
    boost::json::object body;
    body["auth_code"] = authCode.reveal();
    boost::json::object const a = co_await newerOrOlder(self, "get_permanent_code", std::move(body));
    SuiteCorp facts = detail::suiteFacts(a);
    Secret const code(detail::jsonTextOr(a, "permanent_code"));
    if (facts.corpId.empty() || code.empty())
        throw self->named(Error(Errc::protocol, "the answer holds no permanent_code of an enterprise"));
    facts.codeAt = self->now();
    if (!reset) facts.authorizedAt = at;
    // Kept before anything else is asked: the platform tells it once.
    std::function<void()> const keep = [&] { self->book_.putCode(facts, code); };
    co_await self->context_.blocking(keep);
    if (!self->config_.providerSecret.empty() && !facts.corpId.starts_with("wp")) {
        std::string open;
        try {
            std::string id = facts.corpId;
            open = co_await openCorpId(self, std::move(id));
        } catch (Error const& e) {
            self->context_.log(LogLevel::info, self->named(e).what());
        }
        std::function<void()> const note = [&] {
            self->book_.change(facts.corpId, [&](SuiteCorp& c) {
                if (!open.empty() && open != c.corpId) c.otherCorpId = open;
            });
        };
        co_await self->context_.blocking(note);
    }
    SuiteCorp corp;
    std::string problem;
    try {
        corp = co_await readInfo(self, facts.corpId);
    } catch (Error const& e) {
        problem = self->named(e).what();
    }
    if (!problem.empty()) {
        // It is authorised all the same; what is not known is asked for when it is needed.
        self->context_.log(LogLevel::warning, problem);
        corp = self->book_.find(facts.corpId).value_or(facts);
    }
    self->tell(reset ? SuiteEventKind::secretReset : SuiteEventKind::authorized, corp);
    co_return corp;
}

CORPS_DECL asio::awaitable<SuiteCorp> SuiteCore::authorize(std::shared_ptr<SuiteCore> self,
                                                           std::string authCode) {
    std::optional<Error> failure;
    SuiteCorp out;
    try {
        Secret code(std::move(authCode));
        if (code.empty()) throw Error(Errc::invalidArgument, "an authorisation code is not empty");
        std::int64_t const at = self->now();
        out = co_await exchange(self, std::move(code), false, at);
    } catch (Error const& e) {
        failure.emplace(self->named(e));
    }
    if (failure) throw *failure;
    co_return out;
}

CORPS_DECL asio::awaitable<std::vector<std::string>> SuiteCore::readPermissions(
    std::shared_ptr<SuiteCore> self, std::string corpId) {
    detail::SuiteCorpClient client(self->config_, self->context_, self->store_, self->wire_, corpId);
    QywxAgents agents = client.api().agent();
    boost::json::object const a = co_await agents.permissions();
    std::vector<std::string> out = detail::suiteIds(&a, "app_permissions");
    if (boost::json::array const* const timed = detail::jsonArray(a, "app_permissions_ext"))
        for (boost::json::value const& v : *timed)
            if (v.is_object())
                if (std::string name = detail::jsonTextOr(v.get_object(), "permission_name"); !name.empty())
                    out.push_back(std::move(name));
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    co_return out;
}

// Range, names and application from the suite's side; permissions with the enterprise's own token. One of the
// two failing leaves what is known of it: without tickets the second still works.
CORPS_DECL asio::awaitable<SuiteCorp> SuiteCore::readInfo(std::shared_ptr<SuiteCore> self,
                                                          std::string corpId) {
    std::optional<SuiteCorp> before;
    std::optional<Secret> code;
    std::function<void()> const look = [&] {
        before = self->book_.find(corpId);
        code = self->book_.code(corpId);
    };
    co_await self->context_.blocking(look);
    if (!before)
        throw self->named(Error(Errc::notFound, "no enterprise of this id has authorised the suite"));
    if (!code || before->status == SuiteCorpState::cancelled)
        throw self->named(
            Error(Errc::authRejected, "the enterprise has withdrawn its authorisation of the suite"));
    std::optional<SuiteCorp> facts;
    std::optional<Error> failure;
    try {
        boost::json::object body;
        body["auth_corpid"] = before->corpId;
        body["permanent_code"] = code->reveal();
        boost::json::object const a = co_await newerOrOlder(self, "get_auth_info", std::move(body));
        facts = detail::suiteFacts(a);
    } catch (Error const& e) {
        failure.emplace(self->named(e));
    }
    std::int64_t const told = failure ? failure->diagnostics().upstreamCode.value_or(0) : 0;
    bool const refused = told == 40084 || told == 48004;
    std::function<void()> const note = [&] {
        if (refused) self->book_.refused(before->corpId, *code, self->now());
        if (!facts) return;
        self->book_.change(before->corpId, [&](SuiteCorp& c) {
            if (!facts->agentId.empty()) c.agentId = facts->agentId;
            // It was asked about by one id, and the platform answers with the other one.
            if (!facts->corpId.empty() && facts->corpId != c.corpId) c.otherCorpId = facts->corpId;
            if (!facts->corpName.empty()) c.corpName = facts->corpName;
            if (!facts->legalName.empty()) c.legalName = facts->legalName;
            if (facts->range && c.range != facts->range) {
                c.range = facts->range;
                c.changedAt = self->now();
            }
            // The platform takes the code: whatever was wrong with it is over.
            if (c.status != SuiteCorpState::cancelled) c.status = SuiteCorpState::active;
            c.staleAt = 0;
        });
    };
    co_await self->context_.blocking(note);
    if (refused) throw *failure;
    std::vector<std::string> permissions;
    std::optional<Error> withheld;
    try {
        std::string id = before->corpId;
        permissions = co_await readPermissions(self, std::move(id));
    } catch (Error const& e) {
        withheld.emplace(self->named(e));
    }
    SuiteCorp out;
    std::function<void()> const keep = [&] {
        self->book_.change(before->corpId, [&](SuiteCorp& c) {
            if (!withheld && c.permissions != permissions) {
                c.permissions = permissions;
                c.changedAt = self->now();
            }
            // Good to the suite, and no token for it: the enterprise has switched the application off.
            if (withheld && withheld->is(Errc::authRejected) && facts &&
                c.status != SuiteCorpState::cancelled) {
                c.status = SuiteCorpState::disabled;
                c.staleAt = self->now();
            }
        });
        out = self->book_.find(before->corpId).value_or(*before);
    };
    co_await self->context_.blocking(keep);
    for (std::optional<Error> const* e : {&failure, &withheld}) {
        if (!*e || !isRetryable((*e)->code())) continue;
        std::lock_guard const lock(self->mutex_);
        self->unread_.insert(before->corpId);
    }
    if (failure && withheld) throw *failure;
    for (std::optional<Error> const* e : {&failure, &withheld})
        if (*e) self->context_.log(LogLevel::warning, (*e)->what());
    co_return out;
}

CORPS_DECL asio::awaitable<SuiteCorp> SuiteCore::refresh(std::shared_ptr<SuiteCore> self,
                                                         std::string corpId) {
    std::optional<SuiteCorp> before;
    std::function<void()> const look = [&] { before = self->book_.find(corpId); };
    co_await self->context_.blocking(look);
    SuiteCorp out = co_await readInfo(self, std::move(corpId));
    if (before && !(out == *before)) self->tell(SuiteEventKind::changed, out);
    co_return out;
}

// --- agent ids ---

CORPS_DECL std::string SuiteCore::knownAgentId(std::string_view corpId) {
    std::optional<SuiteCorp> const corp = book_.find(corpId);
    if (corp && !corp->agentId.empty()) return corp->agentId;
    // A corp that is configured with its code may know.
    std::shared_ptr<void> const other = context_.find(suiteAgentsName(config_.suiteId, corpId));
    return other ? std::static_pointer_cast<SuiteAgents>(other)->knownAgentId(corpId) : std::string();
}

CORPS_DECL void SuiteCore::learnAgentId(std::string_view corpId, std::string_view agentId) {
    bool const kept = book_.change(corpId, [&](SuiteCorp& c) { c.agentId = agentId; });
    std::shared_ptr<void> const other = context_.find(suiteAgentsName(config_.suiteId, corpId));
    if (!kept && other) std::static_pointer_cast<SuiteAgents>(other)->learnAgentId(corpId, agentId);
}

CORPS_DECL std::vector<std::string> SuiteCore::otherCorpIds(std::string_view corpId) {
    return otherIdsOf(book_, corpId);
}

CORPS_DECL asio::awaitable<std::string> SuiteCore::agentId(std::string corpId) {
    return askAgentId(shared_from_this(), std::move(corpId));
}

CORPS_DECL asio::awaitable<std::string> SuiteCore::listAgent(std::shared_ptr<SuiteCore> self,
                                                             std::string corpId) {
    detail::SuiteCorpClient client(self->config_, self->context_, self->store_, self->wire_, corpId);
    std::string out = co_await client.api().agentId();
    co_return out;
}

CORPS_DECL asio::awaitable<std::string> SuiteCore::askAgentId(std::shared_ptr<SuiteCore> self,
                                                              std::string corpId) {
    std::string known;
    std::optional<SuiteCorp> corp;
    std::function<void()> const look = [&] {
        known = self->knownAgentId(corpId);
        corp = self->book_.find(corpId);
    };
    co_await self->context_.blocking(look);
    if (!known.empty()) co_return known;
    if (!corp || corp->status == SuiteCorpState::cancelled) {
        std::shared_ptr<void> const other =
            self->context_.find(suiteAgentsName(self->config_.suiteId, corpId));
        if (!other)
            throw self->named(
                Error(Errc::notFound, corp ? "the enterprise has withdrawn its authorisation"
                                           : "no enterprise of this id has authorised the suite"));
        std::shared_ptr<SuiteAgents> const agents = std::static_pointer_cast<SuiteAgents>(other);
        std::string out = co_await agents->agentId(std::move(corpId));
        co_return out;
    }
    try {
        std::string id = corpId;
        SuiteCorp const read = co_await readInfo(self, std::move(id));
        known = read.agentId;
    } catch (Error const& e) {
        self->context_.log(LogLevel::info, self->named(e).what());
    }
    if (known.empty()) known = co_await listAgent(self, std::move(corpId));
    co_return known;
}
}  // namespace corps
