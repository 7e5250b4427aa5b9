// From what a pull found and what is stored to a plan: the one meaning of a sync, warm or cold.
#pragma once

#include <corps/client/pull.hpp>
#include <corps/detail/config.hpp>
#include <corps/storage/rows.hpp>
#include <corps/sync/detail/binding.hpp>
#include <corps/sync/detail/columns.hpp>
#include <corps/sync/detail/findings.hpp>
#include <corps/sync/detail/runs.hpp>
#include <corps/sync/mirror_identity.hpp>
#include <corps/sync/options.hpp>
#include <corps/sync/plan.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace corps::detail {

/** One run as it is to be stored. */
struct RunUpdate {
    std::int64_t kind = 0;
    std::string id;
    std::vector<Fingerprint> prints;
    std::vector<std::string> keys;
};

/** What apply writes beside the changes. Travels with the plan in memory. */
struct NextRuns {
    std::vector<RunUpdate> updates;
    std::vector<std::pair<std::int64_t, std::string>> erased;
    std::vector<std::pair<std::string, std::string>> state;
    bool holdsChanged = false;
    std::optional<std::int64_t> seen;  ///< so many announced changes, when some had not been seen
    std::set<std::pair<std::string, std::string>>
        keptHolds;  ///< not held by this plan, whose absence this pull did not prove
    [[nodiscard]] bool nothing() const noexcept {
        return updates.empty() && erased.empty() && state.empty() && !holdsChanged && !seen;
    }
};

/** What the engine knew before the pull. */
struct Baseline {
    std::int64_t generation = 0;
    bool everSynced = false;
    bool warm = false;  ///< fingerprints of last time are in `runs` and mean the same as this pull's
    RunMap runs;
    FingerprintKey key;
    bool newKey = false;
    std::string sidecarIdentity;
    std::string storedSidecarIdentity;
    std::string scope;
    std::string upstreamCorp;
    std::string identity;
    std::int64_t announced = 0;  ///< changes that the platform has announced
    std::int64_t seen = 0;       ///< of these, by a complete sync
};

struct HoldRow {
    std::string digest;
    std::int64_t since = 0;
    std::int64_t until = 0;
    std::string place;       ///< Hold::where
    std::int64_t total = 0;  ///< Hold::total when it was first held; 0: does not count
};
using HoldKey = std::pair<std::string, std::string>;  // kind, id
inline constexpr std::string_view kHoldApproval = "approval";

/** The stored holds and approvals of a corp. */
[[nodiscard]] CORPS_DECL std::map<HoldKey, HoldRow> loadHolds(RowAccess& rows, std::string_view corp);
/** Kind and id under which each part of a hold is stored. */
[[nodiscard]] CORPS_DECL std::vector<HoldKey> holdKeys(Hold const& h);
[[nodiscard]] CORPS_DECL RemovalDigest digestOf(std::vector<HoldKey> keys);

/** Seen, surely not there, or not known because a listing was not read to its end. */
enum class Seen : std::uint8_t { no, yes, unknown };

class Planner {
public:
    struct Input {
        RecordTables const* tables = nullptr;
        Columns const* columns = nullptr;
        std::string corp;
        std::string title;
        MirrorIdentity identity;
        SyncOptions options;
        std::int64_t now = 0;
        std::function<std::string()> newId;
        std::vector<std::string> unmatched;  ///< members whom a migration did not find again; sorted
    };

    CORPS_DECL Planner(Input const& input, RowAccess& rows, Findings& found, PullProof const& proof,
                       Baseline const& before);

    /**
     * Members whose absence only the platform can explain (partial scope), but for those of whom it did so
     * lately. Empty: plan() can be called at once. Runs everything up to the question of who left.
     */
    [[nodiscard]] CORPS_DECL std::vector<std::string> unexplained();
    /** @param absences what the platform says of those it was asked of. */
    /** Full scope: who is missing from listings that may have been cut short, and from which. unexplained()
     * names them. */
    [[nodiscard]] std::map<std::string, std::vector<Listing>> const& doubts() const noexcept {
        return doubts_;
    }
    [[nodiscard]] CORPS_DECL SyncPlan plan(std::map<std::string, Absence> const& absences);

private:
    struct Judged {
        bool present = false;
        bool stored = false;
        bool active = false;
        bool gone = false;      // a removal is planned unless held
        bool unproven = false;  // not seen, but nobody proved that they left
        bool outOfScope = false;
        bool otherPerson = false;
        std::vector<std::string> leaves;  // departments that no longer list them
    };

    // findings, stage by stage
    void readStored();
    void judgeDepartments();
    void doubtNoRoles();
    void doubtEmptyListings();
    void doubtCutListings();
    bool doubt(std::string const& member);
    void touchMembers();
    void judgeMembers();
    void limitRemovals();
    void closeHolds();
    void limitMemberships();
    void limitAdmins();
    void emitDepartments();
    void emitMember(std::string const& id, Judged const& j);
    void emitRoles();
    void emitAdmins();
    void nextRuns(SyncPlan& plan);
    void stateUpdates(SyncPlan& plan);
    void rememberAbsences(std::map<std::string, Absence> const& absences, NextRuns& next) const;
    std::string scopeText() const;

    // stored rows, read by key or all at once when most are wanted
    Row storedMember(std::string const& id);
    Row storedMembership(std::string const& member, std::string const& dept);
    std::vector<std::string> storedDepts(std::string const& member);
    std::vector<std::string> storedRoles(std::string const& member);
    std::vector<std::string> storedFlags(std::string const& member);
    bool hasRightsHere(std::string const& member);
    bool storedAdmin(std::string const& member) const;

    Seen seen(ListingKind kind, std::string const& id, std::string const& key);
    FoundListing const* finished(ListingKind kind, std::string const& id) const;
    std::unordered_map<std::string, std::uint32_t> const& seenKeys(Listing const& l, FoundListing const& f);
    std::vector<std::string> const& storedKeys(Listing const& l);
    bool matchedIn(Listing const& l, std::string const& member);
    bool matchedBelow(std::string const& member);
    bool standsIn(std::string const& dept, std::set<std::string> const& subtrees) const;
    void coverDepartments();
    bool approvedRow(HoldKey const& key) const;
    std::int64_t totalFor(std::int64_t now, std::string const& kind, std::string const& where,
                          std::set<std::string> const& ids) const;
    bool unread(HoldKey const& key) const;
    std::string const& topLevelOf(std::string const& dept);
    bool noEntry(std::string const& member) const;
    void dispute(std::string const& member);
    void forgetEverywhere(std::string const& member);
    void emit(TableSchema const& t, ChangeKind kind, std::span<Cell const> row, std::span<Cell const> before);
    std::string bind(std::span<Cell const> member, std::string const& id, std::string linked,
                     bool otherPerson);
    std::string byContact(std::span<Cell const> member);
    bool decodedEverywhere(std::string const& member, std::vector<std::string> const& depts);
    void settleEntries(std::string const& member, std::vector<std::string> const& before,
                       std::vector<std::string> const& after, bool changed);
    static std::vector<Cell> newest(std::vector<std::string> const& rows, std::span<Cell const> before);
    void addHold(HoldReason reason, std::string where, std::set<std::string> members,
                 std::set<std::string> depts, std::uint64_t total);

    Input const& in_;
    RecordTables const& t_;
    Columns const& c_;
    RowAccess& rows_;
    Findings& f_;
    PullProof const& proof_;
    Baseline const& base_;
    Users users_;

    std::int64_t activeMembers_ = 0;
    std::map<std::string, Row> storedDepts_;
    std::map<std::string, std::string> deptRows_;  // chosen row of each decoded department, packed
    std::map<std::string, std::string> parents_;   // of the tree after the plan
    std::set<std::string> goneDepts_;
    std::set<std::string> heldDepts_;
    std::set<std::string> skippedDepts_;
    std::set<std::string> untold_;  // departments whose parent the application may not know
    bool treeComplete_ = false;
    bool listingsComplete_ = true;       // every listing of members was read to its end
    std::set<std::string> hiddenDepts_;  // stored, and out of the application's sight
    std::unordered_map<std::string, std::string> topLevel_;
    std::vector<std::string> pendingBefore_;  // sorted
    std::set<std::string> pendingAfter_;
    std::map<std::string, std::int64_t> explained_;  // out of this scope, and when the platform said so
    std::vector<std::string> touched_;
    std::map<std::string, Judged> judged_;
    std::map<std::string, std::vector<Listing>> doubts_;
    std::set<std::string> heldMembers_;
    std::map<std::string, std::set<std::string>> heldMemberships_;  // department -> members who keep it
    std::set<std::string> heldAdmins_;
    std::map<HoldKey, HoldRow> storedHolds_;
    std::set<std::string> approvals_;
    std::set<HoldKey> approvedNow_;
    std::set<std::pair<Listing, std::string>> forget_;
    std::unordered_set<std::string> forgetBelow_;  // members, in every list of a subtree
    std::unordered_set<std::string> changed_;      // members whose rows this plan changes
    std::unordered_set<std::string> lostEntries_;  // members whose unit in a list of a subtree is not there
    std::unordered_set<std::string> covered_;      // departments that a list of a subtree shows whole
    std::map<std::string, std::set<std::string>> adminRows_;  // member -> origins
    std::map<std::string, bool> adminAfter_;                  // touched members whose upstream flag is known
    std::map<std::string, std::string> storedRoleRows_;       // upstream roles, packed
    std::map<std::string, std::string> storedGroupRows_;
    std::set<std::pair<TableSchema const*, std::string>> madeHere_;  // roles and groups of local origin
    bool rolesComplete_ = false;

    bool bulk_ = false;
    bool storeEmpty_ = false;
    std::unordered_map<std::string, std::string> bulkMembers_;
    std::unordered_map<std::string, std::vector<std::pair<std::string, std::string>>>
        bulkDepts_;  // department, packed row
    std::unordered_map<std::string, std::vector<std::string>> bulkRoles_;
    std::unordered_map<std::string, std::vector<std::string>> bulkFlags_;
    std::map<Listing, std::unordered_map<std::string, std::uint32_t>> seenKeys_;
    std::map<Listing, std::vector<std::string>> storedKeys_;
    std::map<Listing, std::unordered_set<std::string_view>> matchedKeys_;  // views into storedKeys_

    std::vector<Hold> holds_;
    std::vector<std::string> warnings_;
    std::vector<SyncFault> faults_;
    ChangeList changes_;
    std::vector<std::pair<int, std::string>> order_;  // by table, then key
    std::map<std::string, std::string> newUsersByUnion_;
    struct Contacts {
        std::unordered_map<std::string, std::set<std::string>> users;   // by phone or e-mail
        std::unordered_map<std::string, std::set<std::string>> unions;  // by user: union ids on this platform
    };
    std::optional<Contacts> contacts_;           // of the whole store, where they bind; read when it matters
    std::unordered_set<std::string> boundHere_;  // users who are members of this corp, where contacts bind
    std::optional<bool> anyBound_;               // somebody is, in the whole store; asked when it matters
};

}  // namespace corps::detail

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/planner.ipp>
#endif
