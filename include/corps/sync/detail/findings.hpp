// What one pull found: rows of the records that were decoded, and for each listing what it held.
#pragma once

#include <corps/client/pull.hpp>
#include <corps/detail/config.hpp>
#include <corps/model/record_tables.hpp>
#include <corps/sync/detail/fingerprint.hpp>
#include <corps/sync/detail/runs.hpp>
#include <corps/sync/plan.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace corps::detail {

/** One member's decoded contributions. Rows are packed, whole rows of the table; equal ones are kept once. */
struct FoundMember {
    std::vector<std::string> rows;  ///< more than one: upstream showed different values
    std::vector<std::pair<std::string, std::string>>
        depts;  ///< department, packed membership row; distinct ones
    std::vector<std::pair<std::string, std::string>>
        detailDepts;  ///< the same from details: rows of memberships that are shown elsewhere
    std::vector<std::pair<std::string, std::string>>
        flags;                          ///< department, packed leader row of source memberFlag
    std::vector<std::string> flagless;  ///< departments whose unit was decoded and shows no flag
    std::vector<std::string> roles;
    bool saidAdmin = false;     ///< a record of the member says so
    bool saidNoAdmin = false;   ///< a record of the member denies it
    bool visible = false;       ///< listed one by one
    bool listed = false;        ///< a list of members shows them; what only details say makes nobody present
    bool below = false;         ///< decoded in a list of a whole subtree
    bool belowDiffers = false;  ///< and there with other departments than in another such list
    RollingSum belowSum;        ///< of the departments that it names (sumOfDept)
};

/** What became of one listing. */
struct FoundListing {
    bool finished = false;
    bool emptyPage = false;  ///< a page that the one before it announced held nothing
    ListingState state = ListingState::incomplete;
    std::optional<std::int64_t> count;
    std::vector<Fingerprint> const* stored = nullptr;  ///< of the last sync, matched against; null when cold
    std::vector<Fingerprint> prints;                   ///< of this pull, in delivered order
    std::vector<std::uint32_t>
        source;  ///< where the key is: an index of `stored`, or kNewKey + one of `newKeys`
    std::vector<std::string> newKeys;
    std::vector<bool> matched;  ///< by index of `stored`

    static constexpr std::uint32_t kNewKey = 0x8000'0000U;

private:
    friend class Findings;
    std::size_t next_ = 0;
    std::optional<std::unordered_multimap<std::uint64_t, std::uint32_t>> byPrint_;
};

/**
 * Receives a pull. A unit whose bytes equal those of last time is counted and forgotten; every other is
 * decoded at once. Departments, roles and administrators are always decoded: they are few, and the tree is
 * checked as a whole.
 */
class Findings final : public PageSink {
public:
    using Decode = std::function<void(Unit const&, RowSink&)>;
    using Report = std::function<void(SyncStats const&)>;

    /** @param stored fingerprints to compare with; empty for a cold sync. Must outlive the findings. */
    CORPS_DECL Findings(RecordTables const& tables, std::string corp, FingerprintKey key,
                        RunMap const& stored, Decode decode, Report report);

    CORPS_DECL void page(PageShape const& shape, Listing const& listing,
                         std::span<std::string_view const> units) override;
    CORPS_DECL void finish(Listing const& listing, ListingState state,
                           std::optional<std::int64_t> count) override;
    CORPS_DECL void row(UpstreamTable table, std::span<Cell const> cells) override;
    CORPS_DECL void called(std::uint64_t calls) override;
    CORPS_DECL void stale(UpstreamTable table, std::string_view id) override;
    CORPS_DECL void placed(std::string_view dept, std::string_view member) override;
    /** After the pull: a listing that was begun and never finished was not read to its end. */
    CORPS_DECL void end();

    /** Whole-table row from decoded cells. */
    [[nodiscard]] CORPS_DECL std::string place(UpstreamTable table, std::span<Cell const> cells) const;

    std::map<Listing, FoundListing> listings;
    std::unordered_map<std::string, FoundMember> members;
    std::map<std::string, std::vector<std::string>>
        depts;  ///< packed rows by id; several: different values in one pull
    std::map<std::pair<std::string, std::string>, std::string>
        listLeaders;  ///< (department, member): packed row
    std::map<std::string, std::string> roles;
    std::map<std::string, std::string> roleGroups;
    std::set<std::string> admins;         ///< from the list of administrators
    std::set<std::string> untoldLeaders;  ///< departments whose own list of leaders was not told
    std::set<std::string> staleMembers;
    std::set<std::string> staleDepts;
    std::unordered_map<std::string, std::vector<std::string>>
        places;  ///< by department: who stands there as another list says
    std::vector<SyncFault> faults;
    SyncStats stats;

private:
    void decodeUnit(PageShape const& shape, Listing const& listing, FoundListing& found,
                    std::string_view bytes, Fingerprint print);

    FoundMember& memberOf(std::string_view id);

    RecordTables const& tables_;
    std::string corp_;
    FingerprintKey key_;
    RunMap const& stored_;
    Decode decode_;
    Report report_;
    std::array<std::vector<std::size_t>, kUpstreamTables> positions_;
    Listing const* current_ = nullptr;    // of the unit being decoded
    std::string memberKey_;               // member that the unit being decoded is about
    FoundMember* last_ = nullptr;         // whom the last row was about
    std::string_view lastId_;             // of them, in `members`
    std::vector<std::string> unitDepts_;  // departments that the unit being decoded names
    std::vector<std::string> unitFlags_;  // of these, those it leads or may not tell of
};

/** What one department adds to the sum of those that a unit names. */
[[nodiscard]] inline Fingerprint sumOfDept(std::string_view dept) noexcept {
    return fingerprint(FingerprintKey(), 0, dept);
}

/** Whether fingerprints are kept of a listing of this kind. */
[[nodiscard]] constexpr bool hasRun(ListingKind k) noexcept {
    return k == ListingKind::deptMembers || k == ListingKind::subtreeMembers ||
           k == ListingKind::visibleMembers || k == ListingKind::memberDetails ||
           k == ListingKind::roleMembers;
}

/** Whether a listing of this kind says who is there. */
[[nodiscard]] constexpr bool listsMembers(ListingKind k) noexcept {
    return k == ListingKind::deptMembers || k == ListingKind::subtreeMembers ||
           k == ListingKind::visibleMembers;
}

}  // namespace corps::detail

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/findings.ipp>
#endif
