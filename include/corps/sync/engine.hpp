#pragma once

#include <corps/client/pull.hpp>
#include <corps/context/context.hpp>
#include <corps/detail/config.hpp>
#include <corps/model/record_tables.hpp>
#include <corps/storage/store.hpp>
#include <corps/sync/mirror_identity.hpp>
#include <corps/sync/options.hpp>
#include <corps/sync/plan.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace corps {

struct CorpData;

/** The tables the engine keeps beside the records: state, fingerprints, holds, change feed. Opened with the
 * records'. */
[[nodiscard]] CORPS_DECL std::vector<TableSchema const*> engineTables();

/** One entry of the change feed. */
struct FeedEntry {
    std::string cursor;   ///< pass it to changesSince() to go on after this entry
    std::int64_t at = 0;  ///< milliseconds since 1970
    std::string syncId;   ///< of the sync; empty for a change made here
    std::string caller;   ///< who made it here ("sync" for a sync)
    RowChange change;     ///< a created record carries its key only
};

struct VerifyReport {
    bool ok = true;
    std::vector<std::string> problems;  ///< by table and key; no personal data
};

/**
 * Writes rows of one corp in the caller's transaction and keeps what must stay in step with them: the change
 * feed, the sums that verify() checks, the mirror generation, and the fingerprints of what was touched. Every
 * write to a record's table goes through one of these; nothing is recorded unless a value really changes.
 */
class ChangeWriter {
public:
    /** @param caller "sync", or who made the change here. @param syncId empty for a change made here. @param
     * now ms since 1970. */
    CORPS_DECL ChangeWriter(RowAccess& rows, RecordTables const& tables, std::string corp, std::string caller,
                            std::string syncId, std::int64_t now);
    ChangeWriter(ChangeWriter const&) = delete;
    ChangeWriter& operator=(ChangeWriter const&) = delete;
    CORPS_DECL ~ChangeWriter();

    /** Inserts or updates one row; one cell per column, null leaves what is stored. True when something
     * changed. */
    CORPS_DECL bool upsert(TableSchema const& t, std::span<Cell const> cells);
    /** The same for a row that is known not to be there. */
    CORPS_DECL void insert(TableSchema const& t, std::span<Cell const> cells);
    /** Erases the row with this whole key; true when it was there. */
    CORPS_DECL bool erase(TableSchema const& t, std::span<Cell const> key);
    /** Writes feed, sums and generation. Call it once, last, before the transaction ends. */
    CORPS_DECL void finish();
    /** Changes so far. */
    [[nodiscard]] CORPS_DECL std::uint64_t changes() const noexcept;

private:
    friend class SyncEngine;
    struct State;
    std::unique_ptr<State> state_;
};

/**
 * Syncs one mirrored corp: pull, compare, plan, hold, apply. Not a template: works on rows. A Corp owns one.
 *
 * Threads     One operation at a time.
 */
class SyncEngine {
public:
    /** `store`, `tables` and the upstream passed later must outlive the engine. */
    CORPS_DECL SyncEngine(Context context, Store& store, RecordTables const& tables, std::string corp,
                          std::string title, MirrorIdentity identity);
    CORPS_DECL ~SyncEngine();
    SyncEngine(SyncEngine const&) = delete;
    SyncEngine& operator=(SyncEngine const&) = delete;

    /** Pulls and plans; writes nothing. */
    [[nodiscard]] CORPS_DECL asio::awaitable<SyncPlan> plan(Upstream& upstream, SyncOptions options);
    /** Plans from collected data, the slow and simple way. Data without proof plans no removal. */
    [[nodiscard]] CORPS_DECL SyncPlan plan(CorpData const& data, SyncOptions options);
    /** Applies exactly this plan in one transaction. Throws Error(stalePlan) when upstream-owned rows changed
     * since. */
    CORPS_DECL SyncReport apply(SyncPlan const& plan, SyncOptions options, std::string_view caller);
    /** Lock, plan, apply. When upstream-owned rows were changed here during the pull, it pulls once more. */
    [[nodiscard]] CORPS_DECL asio::awaitable<SyncReport> sync(Upstream& upstream, SyncOptions options,
                                                              std::string caller);
    /** Remembers for 7 days that the removals named by the digest may go. */
    CORPS_DECL void approve(RemovalDigest digest);
    /** Everything upstream holds, decoded. */
    [[nodiscard]] CORPS_DECL asio::awaitable<CorpData> collect(Upstream& upstream, PullOptions options);

    /** Entries after `cursor` (empty: from the oldest kept), at most `limit`. */
    [[nodiscard]] CORPS_DECL std::vector<FeedEntry> changesSince(std::string_view cursor, std::size_t limit);
    /** Proves references, the tree and the sums; drops the fingerprints when something is wrong. */
    CORPS_DECL VerifyReport verify();
    /** Whether this corp was ever synced into this store. */
    [[nodiscard]] CORPS_DECL bool everSynced();
    /** Forgets the fingerprints: the next sync decodes everything. */
    CORPS_DECL void dropSidecar();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/** changesSince and verify for a corp that is edited here. */
[[nodiscard]] CORPS_DECL std::vector<FeedEntry> readFeed(RowAccess& rows, RecordTables const& tables,
                                                         std::string_view corp, std::string_view cursor,
                                                         std::size_t limit);
[[nodiscard]] CORPS_DECL VerifyReport verifyRows(RowAccess& rows, RecordTables const& tables,
                                                 std::string_view corp);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/engine.ipp>
#endif
