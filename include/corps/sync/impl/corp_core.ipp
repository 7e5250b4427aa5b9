#pragma once

#include <corps/error/error.hpp>
#include <corps/model/corp_data.hpp>
#include <corps/sync/corp_core.hpp>
#include <corps/sync/login.hpp>
#include <corps/sync/registration.hpp>
#include <corps/sync/rename.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <functional>
#include <utility>

namespace corps {

// --- CorpCore ---

CORPS_DECL CorpCore::CorpCore(CorpConfig config, Context context, std::shared_ptr<Store> store,
                              RecordTables const& tables)
    : config_(std::move(config)), context_(std::move(context)), store_(std::move(store)), tables_(tables) {
    if (config_.fullName.empty()) throw Error(Errc::config, "a corp needs a full name, \"corps.Name\"");
    std::vector<TableSchema const*> all = engineTables();
    for (TableSchema const* t : tables_.all()) all.push_back(t);
    try {
        store_->open(all);
    } catch (Error const& e) {
        throw e.withCorp(name());
    }
}

CORPS_DECL CorpCore::~CorpCore() = default;

CORPS_DECL void CorpCore::read(FunctionRef<void(CorpReader const&)> f) {
    try {
        store_->read([&](RowAccess& rows) {
            CorpReader const reader(rows, tables_, name());
            f(reader);
        });
    } catch (Error const& e) {
        throw e.withCorp(name());
    }
}

CORPS_DECL void CorpCore::edit(std::string const& caller, FunctionRef<void(LocalEdits&)> f) {
    std::int64_t const now = context_.clock().now().time_since_epoch().count();
    try {
        store_->write([&](RowAccess& rows) {
            LocalEdits edits(rows, tables_, name(), caller, now);
            f(edits);
            edits.finish();
        });
    } catch (Error const& e) {
        throw e.withCorp(name());
    }
}

CORPS_DECL std::vector<FeedEntry> CorpCore::changesSince(std::string_view cursor, std::size_t limit) {
    std::vector<FeedEntry> out;
    read([&](CorpReader const& r) { out = readFeed(r.rows(), tables_, name(), cursor, limit); });
    return out;
}

CORPS_DECL VerifyReport CorpCore::verifyStoreAnd(FunctionRef<VerifyReport()> rows) {
    try {
        std::vector<std::string> problems = store_->check();
        VerifyReport out = rows();
        out.ok = out.ok && problems.empty();
        problems.insert(problems.end(), out.problems.begin(), out.problems.end());
        out.problems = std::move(problems);
        return out;
    } catch (Error const& e) {
        throw e.withCorp(name());
    }
}

CORPS_DECL VerifyReport CorpCore::verify() {
    return verifyStoreAnd([this] {
        VerifyReport out;
        store_->read([&](RowAccess& rows) { out = verifyRows(rows, tables_, name()); });
        return out;
    });
}

// --- MirrorCore ---

/** Holds the right to be the one operation that runs. */
class MirrorCore::Operation {
public:
    explicit Operation(MirrorCore& core) : core_(core) {
        if (core_.busy_.exchange(true)) {
            Diagnostics d;
            d.corp = core_.name();
            throw Error(Errc::operationInProgress,
                        "this corp object already runs an operation; another object may run its own",
                        std::move(d));
        }
    }
    Operation(Operation const&) = delete;
    Operation& operator=(Operation const&) = delete;
    ~Operation() { core_.busy_.store(false); }

private:
    MirrorCore& core_;
};

CORPS_DECL MirrorCore::MirrorCore(CorpConfig config, Context context, std::shared_ptr<Store> store,
                                  RecordTables const& tables, MirrorIdentity identity, std::string rootDeptId,
                                  std::unique_ptr<UpstreamParts> parts)
    : CorpCore(std::move(config), std::move(context), std::move(store), tables),
      identity_(identity),
      rootDeptId_(std::move(rootDeptId)),
      parts_(std::move(parts)),
      engine_(this->context(), this->store(), tables, name(), this->config().title, std::move(identity)) {}

CORPS_DECL MirrorCore::~MirrorCore() = default;

CORPS_DECL asio::awaitable<Done> MirrorCore::init(std::shared_ptr<MirrorCore> self, std::string caller) {
    Operation const running(*self);
    if (self->engine_.everSynced()) {
        self->ensureRoot(caller);
    } else {
        SyncOptions const options;
        TimePoint const from = self->context().clock().now();
        SyncReport const report = co_await self->engine_.sync(self->parts_->upstream(), options, caller);
        self->noteRead(from, report);
    }
    co_return Done();
}

CORPS_DECL asio::awaitable<SyncReport> MirrorCore::sync(std::shared_ptr<MirrorCore> self, SyncOptions options,
                                                        std::string caller) {
    Operation const running(*self);
    TimePoint const from = self->context().clock().now();
    SyncReport report = co_await self->engine_.sync(self->parts_->upstream(), options, std::move(caller));
    self->noteRead(from, report);
    co_return report;
}

CORPS_DECL asio::awaitable<SyncPlan> MirrorCore::plan(std::shared_ptr<MirrorCore> self, SyncOptions options) {
    Operation const running(*self);
    co_return co_await self->engine_.plan(self->parts_->upstream(), options);
}

CORPS_DECL asio::awaitable<CorpData> MirrorCore::collect(std::shared_ptr<MirrorCore> self,
                                                         PullOptions options) {
    Operation const running(*self);
    co_return co_await self->engine_.collect(self->parts_->upstream(), options);
}

CORPS_DECL asio::awaitable<Identity> MirrorCore::identify(std::shared_ptr<MirrorCore> self, LoginCode code) {
    try {
        co_return co_await self->parts_->identify(std::move(code));
    } catch (Error const& e) {
        throw e.withCorp(self->name());
    }
}

CORPS_DECL Done MirrorCore::initNow(std::shared_ptr<MirrorCore> self, std::string caller) {
    Context const context = self->context();
    return context.run(init(std::move(self), std::move(caller)));
}

CORPS_DECL SyncReport MirrorCore::syncNow(std::shared_ptr<MirrorCore> self, SyncOptions options,
                                          std::string caller) {
    Context const context = self->context();
    return context.run(sync(std::move(self), options, std::move(caller)));
}

CORPS_DECL SyncPlan MirrorCore::planNow(std::shared_ptr<MirrorCore> self, SyncOptions options) {
    Context const context = self->context();
    return context.run(plan(std::move(self), options));
}

CORPS_DECL CorpData MirrorCore::collectNow(std::shared_ptr<MirrorCore> self, PullOptions options) {
    Context const context = self->context();
    return context.run(collect(std::move(self), options));
}

CORPS_DECL SyncPlan MirrorCore::plan(CorpData const& data, SyncOptions options) {
    Operation const running(*this);
    return engine_.plan(data, options);
}

CORPS_DECL SyncReport MirrorCore::apply(SyncPlan const& plan, SyncOptions options, std::string_view caller) {
    Operation const running(*this);
    return engine_.apply(plan, options, caller);
}

CORPS_DECL void MirrorCore::approve(RemovalDigest digest) {
    Operation const running(*this);
    engine_.approve(digest);
}

CORPS_DECL RegistrationScope MirrorCore::registrationScope(std::string const& caller) const {
    RegistrationScope scope;
    scope.corp = name();
    scope.platform = identity_.platform;
    scope.caller = caller;
    scope.now = context().clock().now().time_since_epoch().count();
    scope.newId = [this] { return context().newId(); };
    return scope;
}

CORPS_DECL RegisterReport MirrorCore::registerMembers(CorpData const& data, std::vector<MemberId> const* only,
                                                      std::string const& caller) {
    RegistrationScope const scope = registrationScope(caller);
    RegisterReport out;
    try {
        store().write([&](RowAccess& rows) {
            requireIdentity(rows, name(), identity_);
            out = corps::registerMembers(rows, tables(), data, only, scope);
        });
    } catch (Error const& e) {
        throw e.withCorp(name());
    }
    return out;
}

CORPS_DECL void MirrorCore::renameMember(MemberId const& from, MemberId const& to,
                                         std::string const& caller) {
    RegistrationScope const scope = registrationScope(caller);
    store().write([&](RowAccess& rows) {
        requireIdentity(rows, name(), identity_);
        corps::renameMember(rows, tables(), from, to, scope);
    });
}

/** Tells who waits that the work has ended, however it did: an executor that ends destroys it. */
class MirrorCore::Announcing {
public:
    explicit Announcing(std::shared_ptr<MirrorCore> core) : core_(std::move(core)) {}
    Announcing(Announcing&&) noexcept = default;
    Announcing(Announcing const&) = delete;
    Announcing& operator=(Announcing const&) = delete;
    Announcing& operator=(Announcing&&) = delete;
    ~Announcing() {
        if (core_ == nullptr) return;
        std::lock_guard const lock(core_->mutex_);
        if (!core_->working_) return;
        core_->working_ = false;
        core_->idle_.set();
    }
    /** What is to be done next; nothing when that was all. */
    [[nodiscard]] std::optional<AnnouncedChange> next() {
        std::lock_guard const lock(core_->mutex_);
        if (!core_->waiting_.empty()) return std::exchange(core_->waiting_, AnnouncedChange());
        core_->working_ = false;
        core_->idle_.set();
        return std::nullopt;
    }

private:
    std::shared_ptr<MirrorCore> core_;
};

namespace detail {
/** More names than this in one go say no more than that much has changed. */
inline constexpr std::size_t kMostAnnounced = 100'000;
}  // namespace detail

CORPS_DECL void MirrorCore::announce(std::shared_ptr<MirrorCore> const& self, AnnouncedChange change) {
    if (change.empty()) return;
    {
        std::lock_guard const lock(self->mutex_);
        AnnouncedChange& waiting = self->waiting_;
        waiting.add(std::move(change));
        if (waiting.members.size() + waiting.depts.size() + waiting.roles.size() > detail::kMostAnnounced) {
            waiting.members.clear();
            waiting.depts.clear();
            waiting.roles.clear();
            waiting.unnamed = true;
        }
        if (self->working_) return;
        self->working_ = true;
        self->idle_ = detail::Event();
    }
    asio::co_spawn(self->context().executor(), workOff(self, Announcing(self)), asio::detached);
}

CORPS_DECL asio::awaitable<void> MirrorCore::workOff(std::shared_ptr<MirrorCore> self, Announcing work) {
    // Never within announce(), which may have been called on this very executor.
    co_await asio::post(asio::use_awaitable);
    for (;;) {
        std::optional<AnnouncedChange> const taken = work.next();
        if (!taken) co_return;
        std::function<void()> const write = [&] { self->takeIn(*taken); };
        try {
            co_await self->context().blocking(write);
        } catch (std::exception const&) {
            self->context().log(LogLevel::error, self->name() + ": an announced change was not noted");
        }
        self->changes_.notify();
    }
}

CORPS_DECL void MirrorCore::takeIn(AnnouncedChange const& change) {
    auto const failed = [this](std::string_view what, Error const& e) {
        context().log(LogLevel::warning, name() + ": " + std::string(what) + ": " + e.code().message());
    };
    // Told in any order: of two renames of one person the second may come first.
    std::vector<std::pair<MemberId, MemberId>> renames = change.renames;
    for (bool progress = true; progress && !renames.empty();) {
        progress = false;
        std::erase_if(renames, [&](std::pair<MemberId, MemberId> const& r) {
            try {
                renameMember(r.first, r.second, std::string(kAnnouncedCaller));
            } catch (Error const& e) {
                if (e.is(Errc::notFound)) return false;  // yet
                failed("a member whom the platform renamed was not renamed here", e);
                return true;
            }
            progress = true;
            return true;
        });
    }
    try {
        std::int64_t const now = context().clock().now().time_since_epoch().count();
        store().write([&](RowAccess& rows) {
            requireIdentity(rows, name(), identity_);
            noteAnnounced(rows, tables(), name(), change, now);
        });
    } catch (Error const& e) {
        failed("an announced change was not noted", e);
    }
}

CORPS_DECL asio::awaitable<Done> MirrorCore::announced(std::shared_ptr<MirrorCore> self) {
    detail::Event idle;
    {
        std::lock_guard const lock(self->mutex_);
        if (!self->working_) co_return Done();
        idle = self->idle_;
    }
    co_await idle.wait();
    co_return Done();
}

CORPS_DECL Done MirrorCore::announcedNow(std::shared_ptr<MirrorCore> self) {
    Context const context = self->context();
    return context.run(announced(std::move(self)));
}

CORPS_DECL std::optional<TimePoint> MirrorCore::changePendingSince() {
    std::optional<std::int64_t> since;
    read([&](CorpReader const& r) { since = announcedSince(r.rows(), name()); });
    if (!since) return std::nullopt;
    return TimePoint(Duration(*since));
}

CORPS_DECL std::optional<TimePoint> MirrorCore::lastReadFrom() const {
    std::lock_guard const lock(mutex_);
    return readFrom_;
}

CORPS_DECL void MirrorCore::noteRead(TimePoint from, SyncReport const& report) {
    if (report.dryRun || report.outcome == SyncOutcome::incomplete) return;
    std::lock_guard const lock(mutex_);
    if (!readFrom_ || *readFrom_ < from) readFrom_ = from;
}

CORPS_DECL CorpAttachment& MirrorCore::attached(FunctionRef<std::unique_ptr<CorpAttachment>()> make) {
    std::lock_guard const lock(mutex_);
    if (attachment_ == nullptr) attachment_ = make();
    return *attachment_;
}

CORPS_DECL VerifyReport MirrorCore::verify() {
    Operation const running(*this);
    return verifyStoreAnd([this] { return engine_.verify(); });
}

CORPS_DECL std::string MirrorCore::authorizeUrl(LoginRequest const& r) {
    try {
        return parts_->authorizeUrl(r);
    } catch (Error const& e) {
        throw e.withCorp(name());
    }
}

CORPS_DECL std::string MirrorCore::requireLogin(CorpReader const& r, Identity const& who) const {
    return corps::requireLogin(r, identity_, who);
}

CORPS_DECL void MirrorCore::ensureRoot(std::string const& caller) {
    bool there = false;
    read([&](CorpReader const& r) {
        requireIdentity(r.rows(), name(), identity_);
        there = !r.rootDeptId().empty();
    });
    if (there) return;
    edit(caller, [&](LocalEdits& edits) { edits.ensureRoot(DeptId(rootDeptId_), config().title); });
}

CORPS_DECL std::shared_ptr<MirrorCore> makeMirrorCore(CorpConfig config, Context context,
                                                      std::shared_ptr<Store> store,
                                                      RecordTables const& tables, PlatformFacts const& facts,
                                                      MakeUpstreamParts make, std::shared_ptr<Channel> wire) {
    boost::json::object const settings = config.settings();
    AuthEnvironment const environment(context, store, std::move(wire), config.fullName);
    std::unique_ptr<UpstreamParts> parts = make(environment, config);
    MirrorIdentity identity;
    identity.platform = facts.platform;
    identity.appId = facts.appId(settings);
    identity.idTypes = facts.idTypes(settings);
    return std::make_shared<MirrorCore>(std::move(config), std::move(context), std::move(store), tables,
                                        std::move(identity), std::string(facts.rootDeptId), std::move(parts));
}

}  // namespace corps
