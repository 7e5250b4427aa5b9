// Runs of fingerprints: what a listing held when it was last read.
#pragma once

#include <corps/client/pull.hpp>
#include <corps/detail/config.hpp>
#include <corps/model/record_tables.hpp>
#include <corps/storage/rows.hpp>
#include <corps/sync/detail/fingerprint.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps::detail {

/** Kind of the run that names members whose absence was found but not acted upon: they are judged anew each
 * time. */
inline constexpr std::int64_t kPendingRun = 100;
/**
 * Kind of the run that names members whom the platform called out of scope. In place of a fingerprint stands
 * when (ms since 1970) and for which scope.
 */
inline constexpr std::int64_t kOutOfScopeRun = 101;
/** The platform is asked again of somebody out of scope after a day, or when the scope is another. */
inline constexpr std::int64_t kAbsenceMillis = std::int64_t{24} * 3600 * 1000;

/** Fingerprints of one listing in delivered order; the keys beside them are loaded when asked for. */
using RunMap = std::map<Listing, std::vector<Fingerprint>>;

/** Loads the fingerprints of every listing of a corp. 16 bytes a unit. */
[[nodiscard]] CORPS_DECL RunMap loadRuns(RowAccess& rows, std::string_view corp);
/** Loads the fingerprints of one run. */
[[nodiscard]] CORPS_DECL std::vector<Fingerprint> loadRun(RowAccess& rows, std::string_view corp,
                                                          std::int64_t kind, std::string_view id);
/** Loads the keys of one run, in its order. */
[[nodiscard]] CORPS_DECL std::vector<std::string> loadRunKeys(RowAccess& rows, std::string_view corp,
                                                              std::int64_t kind, std::string_view id);
/** Replaces one run. An empty one is erased. */
CORPS_DECL void saveRun(RowAccess& rows, std::string_view corp, std::int64_t kind, std::string_view id,
                        std::span<Fingerprint const> prints, std::span<std::string const> keys);
CORPS_DECL void eraseRuns(RowAccess& rows, std::string_view corp);
/**
 * Makes the entries of these keys equal nothing, so that the next pull decodes their units; returns the keys
 * that the run does not have. O(units of the run).
 */
CORPS_DECL std::set<std::string> forgetRunEntries(RowAccess& rows, std::string_view corp, std::int64_t kind,
                                                  std::string_view id, std::set<std::string> const& keys);
/** Keys of units, by kind and id of the listing that has them. */
using RunEntries = std::map<std::pair<std::int64_t, std::string>, std::set<std::string>>;
/**
 * Forgets these entries, and these members wherever they are listed as what is stored says; also what other
 * runs say of all departments of a member, or as details. Returns whom a run should name and does not.
 */
CORPS_DECL std::set<std::string> forgetEntries(RowAccess& rows, RecordTables const& tables,
                                               std::string_view corp, RunEntries forget,
                                               std::set<std::string> const& members);
/** Members whom no run names: the next sync judges them whatever its listings show. */
CORPS_DECL void addPending(RowAccess& rows, std::string_view corp, std::set<std::string> members);
[[nodiscard]] CORPS_DECL bool hasRuns(RowAccess& rows, std::string_view corp);

}  // namespace corps::detail

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/runs.ipp>
#endif
