#pragma once

#include <corps/auth/authorized.hpp>
#include <corps/callback/qywx_callbacks.hpp>
#include <corps/callback/xml.hpp>
#include <corps/error/error.hpp>
#include <corps/suite/impl/suite_auth.hpp>
#include <corps/suite/qywx_proxy_auth.hpp>
#include <corps/suite/suite_core.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

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
    std::set<std::string> stale;
    {
        std::lock_guard const lock(self->mutex_);
        stale.swap(self->stale_);
    }
    for (std::string const& corpId : stale) {
        std::optional<Error> problem;
        try {
            std::string id = corpId;
            SuiteCorp const read = co_await refresh(self, std::move(id));
            static_cast<void>(read);
        } catch (Error const& e) {
            problem.emplace(e);
        }
        if (!problem) continue;
        self->context_.log(LogLevel::warning, problem->what());
        if (isRetryable(problem->code())) continue;  // readInfo() has noted it
        SuiteCorp corp = self->book_.find(corpId).value_or(SuiteCorp());
        self->tell(SuiteEventKind::failed, std::move(corp), problem->what());
    }
    bool more = false;
    {
        std::lock_guard const lock(self->mutex_);
        more = !self->stale_.empty();
        if (!self->unread_.empty()) again = true;
        self->stale_.merge(self->unread_);
        self->unread_.clear();
    }
    if (again) self->kickAfter(detail::kExchangeAgain);
    co_return more;
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
}  // namespace corps
