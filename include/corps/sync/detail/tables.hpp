// The tables that the engine keeps beside the records, and small values in them.
#pragma once

#include <corps/detail/config.hpp>
#include <corps/model/record_tables.hpp>
#include <corps/storage/rows.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace corps::detail {

/** SyncState(corp, name; number, bytes): generation, counters, sums, identity. */
[[nodiscard]] CORPS_DECL TableSchema const& stateTable();
/** SyncRun(corp, kind, id, chunk; fingerprints): 16 bytes a unit, in delivered order. */
[[nodiscard]] CORPS_DECL TableSchema const& runTable();
/** SyncRunKeys(corp, kind, id, chunk; keys): the units' keys, read only where a run changed. */
[[nodiscard]] CORPS_DECL TableSchema const& runKeysTable();
/** SyncHold(corp, kind, id; digest, since, until, place, total): what is held, of how many where; and
 * approvals. */
[[nodiscard]] CORPS_DECL TableSchema const& holdTable();
/** ChangeFeed(corp, seq, part; at, syncId, caller, entries). */
[[nodiscard]] CORPS_DECL TableSchema const& feedTable();

/** Named values of one corp in SyncState. */
class StateValues {
public:
    StateValues(RowAccess& rows, std::string_view corp) : rows_(rows), corp_(corp) {}
    [[nodiscard]] CORPS_DECL std::optional<std::int64_t> number(std::string_view name);
    [[nodiscard]] CORPS_DECL std::optional<std::string> bytes(std::string_view name);
    CORPS_DECL void setNumber(std::string_view name, std::int64_t value);
    CORPS_DECL void setBytes(std::string_view name, std::string_view value);

private:
    RowAccess& rows_;
    std::string corp_;
};

inline constexpr std::string_view kGeneration = "generation";
inline constexpr std::string_view kFeedSequence = "feedSequence";
inline constexpr std::string_view kFeedFrom = "feedFrom";  ///< when its oldest entry was made
inline constexpr std::string_view kActiveMembers = "activeMembers";
inline constexpr std::string_view kDepartments = "departments";
inline constexpr std::string_view kSidecarIdentity = "sidecarIdentity";
inline constexpr std::string_view kFingerprintKey = "fingerprintKey";
inline constexpr std::string_view kScope = "scope";
inline constexpr std::string_view kIdentity = "identity";
inline constexpr std::string_view kUpstreamCorp = "upstreamCorp";
inline constexpr std::string_view kSynced = "synced";
/** How many changes the platform has announced; how many of them a complete sync has seen; since when one
 * waits.
 */
inline constexpr std::string_view kChangesAnnounced = "changesAnnounced";
inline constexpr std::string_view kChangesSeen = "changesSeen";
inline constexpr std::string_view kChangePendingSince = "changePendingSince";

}  // namespace corps::detail

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/tables.ipp>
#endif
