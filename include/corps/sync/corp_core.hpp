// What stands behind a Corp and needs no template: shared by its copies, and by operations that still run.
#pragma once

#include <corps/auth/upstream_auth.hpp>
#include <corps/client/pull.hpp>
#include <corps/config/corp_config.hpp>
#include <corps/context/clock.hpp>
#include <corps/context/context.hpp>
#include <corps/context/detail/event.hpp>
#include <corps/detail/config.hpp>
#include <corps/model/record_tables.hpp>
#include <corps/storage/store.hpp>
#include <corps/sync/announced_change.hpp>
#include <corps/sync/change_signal.hpp>
#include <corps/sync/corp_reader.hpp>
#include <corps/sync/engine.hpp>
#include <corps/sync/local_edits.hpp>
#include <corps/sync/mirror_identity.hpp>
#include <corps/sync/results.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corps {

struct RegistrationScope;

/** Configuration, context and store of one corp. Errors that pass through name the corp. */
class CorpCore {
public:
    /** Opens the tables. `tables` must outlive this. */
    CORPS_DECL CorpCore(CorpConfig config, Context context, std::shared_ptr<Store> store,
                        RecordTables const& tables);
    CorpCore(CorpCore const&) = delete;
    CorpCore& operator=(CorpCore const&) = delete;
    CORPS_DECL virtual ~CorpCore();

    [[nodiscard]] CorpConfig const& config() const noexcept { return config_; }
    [[nodiscard]] Context const& context() const noexcept { return context_; }
    [[nodiscard]] RecordTables const& tables() const noexcept { return tables_; }
    [[nodiscard]] Store& store() noexcept { return *store_; }

    /** Calls f on one consistent view of the store. */
    CORPS_DECL void read(FunctionRef<void(CorpReader const&)> f);
    /** Calls f in one transaction, in the name of `caller`; what f throws undoes it. */
    CORPS_DECL void edit(std::string const& caller, FunctionRef<void(LocalEdits&)> f);

    [[nodiscard]] CORPS_DECL std::vector<FeedEntry> changesSince(std::string_view cursor, std::size_t limit);
    /** Proves the rows, and the store below them. */
    [[nodiscard]] CORPS_DECL VerifyReport verify();

protected:
    /** The findings of the store, then those of `rows`. */
    [[nodiscard]] CORPS_DECL VerifyReport verifyStoreAnd(FunctionRef<VerifyReport()> rows);
    [[nodiscard]] std::string const& name() const noexcept { return config_.fullName; }

private:
    CorpConfig config_;
    Context context_;
    std::shared_ptr<Store> store_;
    RecordTables const& tables_;
};

/** Everything between a corp and its platform. */
class UpstreamParts {
public:
    virtual ~UpstreamParts() = default;
    [[nodiscard]] virtual Upstream& upstream() noexcept = 0;
    [[nodiscard]] virtual asio::awaitable<Identity> identify(LoginCode code) = 0;
    [[nodiscard]] virtual std::string authorizeUrl(LoginRequest const& r) = 0;
};

/** What is made once for a corp by who needs it, and lives with it; see MirrorCore::attached. */
class CorpAttachment {
public:
    virtual ~CorpAttachment() = default;
};

/**
 * A corp that follows an upstream. One network operation at a time: another gets Error(operationInProgress).
 *
 * The coroutines are given what they work on as a shared pointer, so that they may outlive the Corp.
 */
class MirrorCore final : public CorpCore {
public:
    /** @param rootDeptId the platform's id of the root department. */
    CORPS_DECL MirrorCore(CorpConfig config, Context context, std::shared_ptr<Store> store,
                          RecordTables const& tables, MirrorIdentity identity, std::string rootDeptId,
                          std::unique_ptr<UpstreamParts> parts);
    CORPS_DECL ~MirrorCore() override;

    [[nodiscard]] UpstreamParts& parts() noexcept { return *parts_; }
    /** Notified by whoever takes this corp's callbacks when one announced a change. */
    [[nodiscard]] ChangeSignal& changes() noexcept { return changes_; }

    /**
     * Takes in that the platform announced a change: at once, and without waiting for the store. The work
     * follows on the Context: members are renamed, the change is noted (noteAnnounced), and who listens to
     * changes() is told. What cannot be done is logged, and a sync finds it out.
     */
    CORPS_DECL static void announce(std::shared_ptr<MirrorCore> const& self, AnnouncedChange change);
    /** Waits for the work behind every announce() that returned before. */
    [[nodiscard]] CORPS_DECL static asio::awaitable<Done> announced(std::shared_ptr<MirrorCore> self);
    CORPS_DECL static Done announcedNow(std::shared_ptr<MirrorCore> self);
    /** Whom the change feed names for a rename that the platform announced. */
    static constexpr std::string_view kAnnouncedCaller = "callback";
    /** Since when an announced change waits for a sync. */
    [[nodiscard]] CORPS_DECL std::optional<TimePoint> changePendingSince();
    /** When the last complete sync of this object and its copies began to read; nothing before the first. */
    [[nodiscard]] CORPS_DECL std::optional<TimePoint> lastReadFrom() const;
    /** The one attachment of this corp, made when it is first asked for. What `make` throws passes on. */
    [[nodiscard]] CORPS_DECL CorpAttachment& attached(FunctionRef<std::unique_ptr<CorpAttachment>()> make);

    /** Makes sure of the root, and syncs if the store never was. */
    [[nodiscard]] CORPS_DECL static asio::awaitable<Done> init(std::shared_ptr<MirrorCore> self,
                                                               std::string caller);
    [[nodiscard]] CORPS_DECL static asio::awaitable<SyncReport> sync(std::shared_ptr<MirrorCore> self,
                                                                     SyncOptions options, std::string caller);
    [[nodiscard]] CORPS_DECL static asio::awaitable<SyncPlan> plan(std::shared_ptr<MirrorCore> self,
                                                                   SyncOptions options);
    [[nodiscard]] CORPS_DECL static asio::awaitable<CorpData> collect(std::shared_ptr<MirrorCore> self,
                                                                      PullOptions options);
    /** Who logged in, as the platform says. Not an operation: any number at once, beside one. */
    [[nodiscard]] CORPS_DECL static asio::awaitable<Identity> identify(std::shared_ptr<MirrorCore> self,
                                                                       LoginCode code);
    // The blocking forms.
    CORPS_DECL static Done initNow(std::shared_ptr<MirrorCore> self, std::string caller);
    CORPS_DECL static SyncReport syncNow(std::shared_ptr<MirrorCore> self, SyncOptions options,
                                         std::string caller);
    [[nodiscard]] CORPS_DECL static SyncPlan planNow(std::shared_ptr<MirrorCore> self, SyncOptions options);
    [[nodiscard]] CORPS_DECL static CorpData collectNow(std::shared_ptr<MirrorCore> self,
                                                        PullOptions options);

    [[nodiscard]] CORPS_DECL SyncPlan plan(CorpData const& data, SyncOptions options);
    CORPS_DECL SyncReport apply(SyncPlan const& plan, SyncOptions options, std::string_view caller);
    CORPS_DECL void approve(RemovalDigest digest);
    /** @param only null: all members of the data. */
    CORPS_DECL RegisterReport registerMembers(CorpData const& data, std::vector<MemberId> const* only,
                                              std::string const& caller);
    CORPS_DECL void renameMember(MemberId const& from, MemberId const& to, std::string const& caller);
    [[nodiscard]] CORPS_DECL VerifyReport verify();
    [[nodiscard]] CORPS_DECL std::string authorizeUrl(LoginRequest const& r);
    /** The member who was identified; see corps::requireLogin. */
    [[nodiscard]] CORPS_DECL std::string requireLogin(CorpReader const& r, Identity const& who) const;
    /** Makes the root department, with the corp's title for a name, if there is none. */
    CORPS_DECL void ensureRoot(std::string const& caller);

private:
    class Operation;
    class Announcing;
    [[nodiscard]] static asio::awaitable<void> workOff(std::shared_ptr<MirrorCore> self, Announcing work);
    void takeIn(AnnouncedChange const& change);
    void noteRead(TimePoint from, SyncReport const& report);
    [[nodiscard]] RegistrationScope registrationScope(std::string const& caller) const;

    MirrorIdentity identity_;
    std::string rootDeptId_;
    std::unique_ptr<UpstreamParts> parts_;
    SyncEngine engine_;
    ChangeSignal changes_;
    std::atomic<bool> busy_{false};
    mutable std::mutex mutex_;  // of what follows
    AnnouncedChange waiting_;
    bool working_ = false;
    detail::Event idle_;
    std::optional<TimePoint> readFrom_;
    std::unique_ptr<CorpAttachment> attachment_;
};

/** What a platform's client says of itself. */
struct PlatformFacts {
    std::string_view platform;
    std::string_view rootDeptId;
    std::string (*appId)(boost::json::object const& settings);
    std::string (*idTypes)(boost::json::object const& settings);
};

using MakeUpstreamParts = std::unique_ptr<UpstreamParts> (*)(AuthEnvironment const&, CorpConfig const&);

[[nodiscard]] CORPS_DECL std::shared_ptr<MirrorCore> makeMirrorCore(
    CorpConfig config, Context context, std::shared_ptr<Store> store, RecordTables const& tables,
    PlatformFacts const& facts, MakeUpstreamParts make, std::shared_ptr<Channel> wire);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/corp_core.ipp>
#endif
