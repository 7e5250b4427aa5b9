#pragma once

#include <corps/auth/authorized.hpp>
#include <corps/callback/qywx_callbacks.hpp>
#include <corps/callback/xml.hpp>
#include <corps/client/impl/json_fields.hpp>
#include <corps/client/impl/qywx_client.ipp>
#include <corps/client/qywx_proxy_client.hpp>
#include <corps/error/error.hpp>
#include <corps/suite/impl/suite_auth.hpp>
#include <corps/suite/qywx_proxy_auth.hpp>
#include <corps/suite/suite_core.hpp>
#include <corps/sync/corp_core.hpp>
#include <corps/sync/detail/tables.hpp>
#include <corps/sync/erasure.hpp>
#include <corps/sync/mirror_identity.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <charconv>
#include <functional>
#include <utility>

namespace corps {

namespace detail {

inline constexpr std::int64_t kAuthCodeLife = 10 * 60 * 1000;         // of an authorisation code
inline constexpr std::int64_t kWorkMemory = 24 * 60 * 60 * 1000;      // of one that was seen
inline constexpr Duration kExchangeAgain = std::chrono::seconds(20);  // after a failure that passes

inline std::int64_t suiteTime(std::string_view seconds) {
    std::int64_t out = 0;
    auto const [end, ec] = std::from_chars(seconds.data(), seconds.data() + seconds.size(), out);
    if (ec != std::errc() || end != seconds.data() + seconds.size() || out < 0 || out > 9'000'000'000'000)
        throw Error(Errc::protocol, "the event's TimeStamp is no time");
    return out * 1000;
}

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

CORPS_DECL SuiteCore::SuiteCore(SuiteConfig config, Context context, std::shared_ptr<Store> store,
                                std::shared_ptr<Channel> wire, RecordTables const& tables,
                                SuiteOptions options)
    : config_(std::move(config)),
      context_(std::move(context)),
      store_(std::move(store)),
      wire_(std::move(wire)),
      tables_(tables),
      options_(options),
      book_(context_, store_, config_.suiteId),
      crypt_(config_.token, config_.encodingAESKey),
      channel_(std::make_shared<Authorized<detail::SuiteAuth>>(
          context_, wire_, detail::SuiteAuth(detail::SuiteAuth::Config{config_, context_, store_}))) {}

CORPS_DECL SuiteCore::~SuiteCore() = default;

CORPS_DECL std::shared_ptr<SuiteCore> SuiteCore::make(SuiteConfig config, Context context,
                                                      std::shared_ptr<Store> store,
                                                      std::shared_ptr<Channel> wire,
                                                      RecordTables const& tables, SuiteOptions options) {
    std::string const name = config.fullName;
    std::string const offered = suiteAgentsName(config.suiteId);
    try {
        std::shared_ptr<SuiteCore> out(new SuiteCore(std::move(config), std::move(context), std::move(store),
                                                     std::move(wire), tables, options));
        out->book_.requireKey();
        offerSuiteAgents(out->context_, offered, out);
        return out;
    } catch (Error const& e) {
        throw e.withCorp(name);
    }
}

CORPS_DECL std::int64_t SuiteCore::now() const { return context_.clock().now().time_since_epoch().count(); }

CORPS_DECL Error SuiteCore::named(Error const& e) const { return e.withCorp(config_.fullName); }

// --- listeners ---

CORPS_DECL SuiteSubscription SuiteCore::onEvent(SuiteListener listener) {
    auto slot = std::make_shared<detail::SuiteListenerSlot>();
    slot->call = std::move(listener);
    std::lock_guard const lock(mutex_);
    std::erase_if(listeners_, [](auto const& l) { return l.expired(); });
    listeners_.push_back(slot);
    return SuiteSubscription(std::move(slot));
}

CORPS_DECL void SuiteCore::tell(SuiteEventKind kind, SuiteCorp corp, std::string problem) {
    std::vector<std::weak_ptr<detail::SuiteListenerSlot>> listeners;
    {
        std::lock_guard const lock(mutex_);
        listeners = listeners_;
    }
    SuiteEvent event;
    event.kind = kind;
    event.corp = std::move(corp);
    if (event.corp.suiteId.empty()) event.corp.suiteId = config_.suiteId;
    event.problem = std::move(problem);
    for (auto const& weak : listeners) {
        std::shared_ptr<detail::SuiteListenerSlot> const slot = weak.lock();
        if (!slot) continue;
        std::lock_guard const lock(slot->mutex);
        if (slot->gone) continue;
        try {
            slot->call(event);
        } catch (std::exception const&) {
            context_.log(LogLevel::error, "a listener of the suite threw an exception");
        }
    }
}

CORPS_DECL void SuiteCore::tellOf(SuiteEventKind kind, std::string_view corpId) {
    SuiteCorp corp = book_.find(corpId).value_or(SuiteCorp());
    tell(kind, std::move(corp));
}

// --- callbacks ---

// The signature is the authentication. Which of its names the platform puts into a message differs by kind of
// address and has changed; anything else than one of ours is another receiver's message.
CORPS_DECL bool SuiteCore::isOurs(std::string_view receiveId, bool verification) {
    std::string_view const usual =
        verification ? std::string_view(config_.providerCorpId) : std::string_view(config_.suiteId);
    if (receiveId == usual) return true;
    bool const ours = receiveId.empty() || receiveId == config_.providerCorpId ||
                      receiveId == config_.suiteId || book_.find(receiveId).has_value();
    if (ours)
        context_.log(LogLevel::info, "a callback of the suite names another receiver of ours than usual");
    return ours;
}

CORPS_DECL CallbackResponse SuiteCore::handleCallback(CallbackRequest const& request) {
    auto const refuse = [this](int status, std::string const& why) {
        context_.log(LogLevel::warning, config_.fullName + ": a callback was refused: " + why);
        return detail::refuseCallback(status, why).response;
    };
    try {
        std::optional<Duration> window;
        if (options_.callbackWindow > Duration::zero()) window = options_.callbackWindow;
        QywxIncoming const in = readQywx(crypt_, request, window, context_.clock().now());
        if (!in.refusal.empty()) return refuse(in.status, in.refusal);
        if (!isOurs(in.receiveId, in.verification)) return refuse(403, "encrypted for another receiver");
        if (in.verification) return CallbackResponse(200, "text/plain; charset=utf-8", in.text);
        return answerEvent(in.text);
    } catch (Error const& e) {
        if (e.is(Errc::protocol)) return refuse(403, "what is signed is no event of a suite");
        // The platform sends it again; what is wrong stands in the log, and holds no secret.
        context_.log(LogLevel::error, named(e).what());
        return CallbackResponse(500, "text/plain; charset=utf-8", "not now");
    }
}

CORPS_DECL CallbackResponse SuiteCore::answerEvent(std::string const& xml) {
    XmlElement const event = readXml(xml);
    std::string_view const kind = event.textOf("InfoType");
    auto const lacks = [](bool missing) {
        if (missing) throw Error(Errc::protocol, "an event of a suite that lacks what it is about");
    };
    lacks(event.textOf("SuiteId") != config_.suiteId || kind.empty());
    std::int64_t const at = detail::suiteTime(event.textOf("TimeStamp"));
    if (kind == "suite_ticket") {
        Secret const ticket(event.textOf("SuiteTicket"));
        lacks(ticket.empty());
        if (book_.putTicket(ticket, at)) kick();
    } else if (kind == "create_auth" || kind == "reset_permanent_code") {
        Secret const code(event.textOf("AuthCode"));
        lacks(code.empty());
        if (book_.putWork(code, kind == "reset_permanent_code", at, now())) kick();
    } else if (kind == "change_auth") {
        std::string const corpId(event.textOf("AuthCorpId"));
        lacks(corpId.empty());
        {
            std::lock_guard const lock(mutex_);
            stale_.insert(corpId);
        }
        kick();
    } else if (kind == "cancel_auth") {
        std::string const corpId(event.textOf("AuthCorpId"));
        lacks(corpId.empty());
        std::optional<SuiteCorp> const before = book_.find(corpId);
        if (book_.cancel(corpId, at, now())) {
            if (before && before->status != SuiteCorpState::cancelled)
                tellOf(SuiteEventKind::cancelled, corpId);
            if (options_.eraseAfter)  // after the answer
                asio::co_spawn(context_.executor(), later(weak_from_this(), Duration(0), true),
                               asio::detached);
        }
    } else {
        context_.log(LogLevel::info, "the suite was told of something that it does nothing about");
    }
    return CallbackResponse(200, "text/plain; charset=utf-8", "success");
}

// --- work ---

CORPS_DECL void SuiteCore::kick() {
    {
        std::lock_guard const lock(mutex_);
        if (queued_) return;
        queued_ = true;
    }
    asio::co_spawn(context_.executor(), detachedDrain(shared_from_this()), asio::detached);
}

CORPS_DECL asio::awaitable<void> SuiteCore::detachedDrain(std::shared_ptr<SuiteCore> self) {
    try {
        co_await drain(self);
    } catch (Error const& e) {
        self->context_.log(LogLevel::error, self->named(e).what());
    } catch (std::exception const&) {
        self->context_.log(LogLevel::error, "work of the suite ended early");
    }
}

// Whoever waits must not keep what it waits for: a program that ends takes its sleepers with it.
CORPS_DECL asio::awaitable<void> SuiteCore::later(std::weak_ptr<SuiteCore> weak, Duration d, bool erase) {
    std::shared_ptr<SuiteCore> asleep = weak.lock();
    if (!asleep) co_return;
    asio::awaitable<void> sleep = asleep->context_.clock().sleep(d);
    asleep.reset();
    try {
        co_await std::move(sleep);
    } catch (std::exception const&) {
        co_return;
    }
    std::shared_ptr<SuiteCore> const self = weak.lock();
    if (!self) co_return;
    if (erase) {
        self->scheduleErasure();
    } else {
        self->kick();
    }
}

CORPS_DECL void SuiteCore::kickAfter(Duration d) {
    asio::co_spawn(context_.executor(), later(weak_from_this(), d, false), asio::detached);
}

CORPS_DECL void SuiteCore::resume() {
    kick();
    scheduleErasure();
}

/** Holds the right to be the one who works. */
class SuiteCore::Running {
public:
    explicit Running(std::shared_ptr<SuiteCore> core) : core_(std::move(core)) {}
    Running(Running const&) = delete;
    Running& operator=(Running const&) = delete;
    ~Running() {
        std::lock_guard const lock(core_->mutex_);
        core_->working_ = false;
        core_->idle_.set();
    }

private:
    std::shared_ptr<SuiteCore> core_;
};

CORPS_DECL asio::awaitable<void> SuiteCore::drain(std::shared_ptr<SuiteCore> self) {
    for (;;) {
        std::optional<detail::Event> busy;
        {
            std::lock_guard const lock(self->mutex_);
            if (self->working_) {
                busy = self->idle_;
            } else {
                self->working_ = true;
                self->queued_ = false;
                self->idle_ = detail::Event();
            }
        }
        if (!busy) break;
        co_await busy->wait();
    }
    Running const running(self);
    // Of several programs over one store one exchanges: a code works once.
    std::unique_ptr<StoreLock> lock;
    std::function<void()> const take = [&] {
        lock = self->store_->tryLock("suite " + self->config_.suiteId);
    };
    co_await self->context_.blocking(take);
    if (!lock) {
        self->kickAfter(detail::kExchangeAgain);
        co_return;
    }
    bool more = true;
    while (more) more = co_await workOnce(self);
}

// True when there may be more to do at once.
CORPS_DECL asio::awaitable<bool> SuiteCore::workOnce(std::shared_ptr<SuiteCore> self) {
    std::vector<SuiteWork> work;
    std::function<void()> const look = [&] {
        self->book_.forgetWork(self->now() - detail::kWorkMemory);
        work = self->book_.work();
    };
    co_await self->context_.blocking(look);
    bool again = false;
    for (SuiteWork const& w : work) {
        SuiteWork mine = w;
        try {
            co_await exchangeWork(self, std::move(mine));
        } catch (Error const& e) {
            self->context_.log(LogLevel::error, self->named(e).what());
        }
    }
    std::function<void()> const count = [&] { again = !self->book_.work().empty(); };
    co_await self->context_.blocking(count);
    if (again) self->kickAfter(detail::kExchangeAgain);
    std::set<std::string> stale;
    {
        std::lock_guard const lock(self->mutex_);
        stale.swap(self->stale_);
    }
    for (std::string const& corpId : stale) {
        std::string problem;
        try {
            std::string id = corpId;
            SuiteCorp const read = co_await refresh(self, std::move(id));
            static_cast<void>(read);
        } catch (Error const& e) {
            problem = e.what();
        }
        if (problem.empty()) continue;
        self->context_.log(LogLevel::warning, problem);
        SuiteCorp corp = self->book_.find(corpId).value_or(SuiteCorp());
        self->tell(SuiteEventKind::failed, std::move(corp), problem);
    }
    std::lock_guard const lock(self->mutex_);
    co_return !self->stale_.empty();
}

CORPS_DECL asio::awaitable<void> SuiteCore::exchangeWork(std::shared_ptr<SuiteCore> self, SuiteWork work) {
    std::optional<Error> failure;
    std::function<void()> const begin = [&] { self->book_.attempted(work.id); };
    co_await self->context_.blocking(begin);
    SuiteCorp corp;
    try {
        Secret code = work.authCode;
        corp = co_await exchange(self, std::move(code), work.reset, work.at);
    } catch (Error const& e) {
        failure.emplace(self->named(e));
    }
    // Without a ticket, or while the platform is out of reach, the code stays good for 10 minutes.
    bool const over = self->now() - work.receivedAt > detail::kAuthCodeLife;
    bool const later = failure && !over && failure->diagnostics().upstreamCode != std::int64_t{40078};
    if (!later) {
        std::function<void()> const end = [&] { self->book_.finished(work.id); };
        co_await self->context_.blocking(end);
    }
    if (!failure) co_return;
    self->context_.log(later ? LogLevel::warning : LogLevel::error, failure->what());
    if (!later)
        self->tell(SuiteEventKind::failed, SuiteCorp(),
                   std::string("an authorisation code could not be exchanged: ") + failure->what() +
                       "; reset the enterprise's secret in the provider's console");
}

// --- calls ---

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

// --- erasing ---

CORPS_DECL std::size_t SuiteCore::eraseMirrored(std::string_view corpId) {
    SuiteCorp const corp = book_.find(corpId).value_or(SuiteCorp());
    std::vector<std::string> names;
    std::vector<TableSchema const*> all = engineTables();
    for (TableSchema const* t : tables_.all()) all.push_back(t);
    store_->open(all);
    store_->read([&](RowAccess& rows) {
        std::set<std::string> seen;
        rows.forEach(detail::stateTable(), 0, {},
                     [&](std::span<Cell const> row) { seen.emplace(row[0].bytes()); });
        for (std::string const& name : seen) {
            detail::StateValues values(rows, name);
            MirrorIdentity const who =
                MirrorIdentity::unpack(values.bytes(detail::kIdentity).value_or(std::string()));
            std::string const enterprise = values.bytes(detail::kUpstreamCorp).value_or(std::string());
            bool const ours = who.platform == QywxProxyClient::kPlatform && who.appId == config_.suiteId &&
                              (enterprise == corpId || corp.isCalled(enterprise));
            if (ours) names.push_back(name);
        }
    });
    for (std::string const& name : names) {
        CorpCore core(CorpConfig(name, name), context_, store_, tables_);
        corps::eraseCorp(core);
    }
    return names.size();
}

CORPS_DECL void SuiteCore::scheduleErasure() {
    if (!options_.eraseAfter) return;
    std::optional<std::int64_t> next;
    std::int64_t const time = now();
    for (SuiteCorp const& c : book_.corps()) {
        if (c.status != SuiteCorpState::cancelled || c.erasedAt != 0) continue;
        std::int64_t const due = c.cancelledAt + options_.eraseAfter->count();
        if (due > time) {
            next = std::min(next.value_or(due), due);
            continue;
        }
        try {
            eraseMirrored(c.corpId);
            book_.change(c.corpId, [&](SuiteCorp& row) { row.erasedAt = std::max<std::int64_t>(time, 1); });
            tellOf(SuiteEventKind::erased, c.corpId);
        } catch (Error const& e) {
            context_.log(LogLevel::warning, named(e).what());  // a sync of it runs: again in a minute
            next = std::min(next.value_or(time + 60'000), time + 60'000);
        }
    }
    if (!next) return;
    asio::co_spawn(context_.executor(),
                   later(weak_from_this(), Duration(std::max<std::int64_t>(*next - time, 1)), true),
                   asio::detached);
}

}  // namespace corps
