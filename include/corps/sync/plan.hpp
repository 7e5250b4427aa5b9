#pragma once

#include <corps/detail/config.hpp>
#include <corps/model/cell.hpp>
#include <corps/sync/migration.hpp>
#include <corps/sync/options.hpp>

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace corps {

/** What happens to one row. resign and reinstate are updates of a member that people look for by name. */
enum class ChangeKind : std::uint8_t { create, update, erase, resign, reinstate };

/** A column with its value before (null: unknown) and after. */
struct CellChange {
    std::string column;
    OwnedCell before;
    OwnedCell after;
    friend bool operator==(CellChange const&, CellChange const&) = default;
};

/**
 * One change of one row. `key` holds the key without the corp. For create, `cells` are the known values; for
 * erase, the values that go.
 */
struct RowChange {
    std::string table;  ///< name of the TableSchema
    ChangeKind kind = ChangeKind::update;
    Row key;
    std::vector<CellChange> cells;
    friend bool operator==(RowChange const&, RowChange const&) = default;
};

/**
 * The changes of a plan, packed: a member costs some 250 bytes instead of kilobytes. Iterates as RowChange
 * values, decoded one at a time.
 */
class ChangeList {
public:
    class Iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = RowChange;
        using difference_type = std::ptrdiff_t;
        using pointer = RowChange const*;
        using reference = RowChange;
        Iterator(ChangeList const* list, std::size_t at) : list_(list), at_(at) {}
        RowChange operator*() const { return (*list_)[at_]; }
        Iterator& operator++() {
            ++at_;
            return *this;
        }
        friend bool operator==(Iterator const& a, Iterator const& b) { return a.at_ == b.at_; }

    private:
        ChangeList const* list_;
        std::size_t at_;
    };

    [[nodiscard]] bool empty() const noexcept { return spans_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return spans_.size(); }
    [[nodiscard]] CORPS_DECL RowChange operator[](std::size_t i) const;
    [[nodiscard]] Iterator begin() const { return Iterator(this, 0); }
    [[nodiscard]] Iterator end() const { return Iterator(this, spans_.size()); }
    CORPS_DECL void push_back(RowChange const& c);
    /** The same in pieces, without a copy: begin(), cell() for each value, end(). The views live until then.
     */
    CORPS_DECL void begin(std::string_view table, ChangeKind kind, std::span<Cell const> key);
    CORPS_DECL void cell(std::string_view column, Cell const& before, Cell const& after);
    /** @param keepEmpty false: a change without a value is none. True when it was added. */
    CORPS_DECL bool end(bool keepEmpty);

    /** Table and kind of a change, without decoding it. */
    [[nodiscard]] CORPS_DECL std::string const& table(std::size_t i) const;
    [[nodiscard]] CORPS_DECL ChangeKind kind(std::size_t i) const;
    /** Key and values as views into the list, for whoever applies it: `cells` in the order pushed. */
    CORPS_DECL void visit(std::size_t i, std::vector<Cell>& key, std::vector<std::string_view>& columns,
                          std::vector<Cell>& before, std::vector<Cell>& after) const;

    /** Puts the changes in another order: element i of `order` is the place of the change that comes i-th. */
    CORPS_DECL void reorder(std::vector<std::size_t> const& order);

    friend CORPS_DECL bool operator==(ChangeList const& a, ChangeList const& b);

private:
    [[nodiscard]] CORPS_DECL std::size_t intern(std::string_view name);
    struct Span {
        std::size_t at;
        std::size_t length;
    };
    [[nodiscard]] std::string_view packed(std::size_t i) const {
        return std::string_view(bytes_).substr(spans_[i].at, spans_[i].length);
    }

    std::string bytes_;
    std::size_t begun_ = 0;      // where the change that is being added begins
    std::size_t firstCell_ = 0;  // and its values
    std::vector<Span> spans_;
    std::vector<std::string> names_;  // of tables and columns
};

enum class HoldReason : std::uint8_t {
    tooMany,          ///< more than the count and share allowed
    tooLargeShare,    ///< more than a third
    wholeDepartment,  ///< everybody of a top-level department
    lastAdmin,        ///< no administrator would be left
    differentPerson,  ///< the id came back with another union or open id
    memberships,      ///< a department would lose too many memberships at once
    standsIn,         ///< a held member stands in this department or below it
    reversed,         ///< undone here; held until released
    unmatched,        ///< a migration to other ids did not find them again
};

/** Removals that wait for approval. */
struct Hold {
    HoldReason reason = HoldReason::tooMany;
    std::string where;                   ///< department id; empty: the whole corp
    std::vector<std::string> memberIds;  ///< sorted
    std::vector<std::string> deptIds;    ///< sorted
    std::uint64_t total = 0;             ///< of how many active members or departments
    std::int64_t since = 0;              ///< milliseconds since 1970 when first held; 0: now
    friend bool operator==(Hold const&, Hold const&) = default;
};

/** Something that could not be read; the rest went on. */
struct SyncFault {
    std::string place;
    boost::system::error_code code;
    std::string message;
    std::optional<std::int64_t> upstreamCode;
    std::string requestId;
};

struct SyncStats {
    std::uint64_t calls = 0;  ///< requests answered
    std::uint64_t pages = 0;
    std::uint64_t units = 0;        ///< records seen, a member once for each listing
    std::uint64_t decoded = 0;      ///< of these, decoded
    std::uint64_t members = 0;      ///< active members before
    std::uint64_t departments = 0;  ///< departments before
};

namespace detail {
struct NextRuns;
}

/**
 * What a sync would do, computed from two models without writing. Applying it does exactly this. Prints for a
 * person (toText), serialises (toJson) and comes back (fromJson); fingerprints travel beside it in memory and
 * not in the JSON.
 */
struct SyncPlan {
    std::string corp;
    std::int64_t generation = 0;  ///< of upstream-owned rows when planned
    bool complete = true;         ///< every listing was read to its end
    bool scopeChanged = false;    ///< the application sees another part than last time
    ChangeList changes;           ///< in the order in which they are applied: by table, then key
    std::vector<Hold> holds;
    RemovalDigest digest;                 ///< of all held removals; empty when nothing is held
    std::vector<std::string> outOfScope;  ///< members no longer visible, kept as they are; sorted
    std::vector<std::string>
        stale;  ///< members whose details could not be read: what was known stays; sorted
    std::vector<SyncFault> faults;
    std::vector<std::string> warnings;
    std::vector<std::string> missingPermissions;
    SyncStats stats;
    std::optional<Migration> migration;      ///< comes before the changes, when the store moves to other ids
    std::shared_ptr<detail::NextRuns> runs;  ///< null after fromJson

    [[nodiscard]] bool empty() const noexcept { return changes.empty() && !migration; }
    /** Ids, names of columns and counts; values of personal fields only with `values`. */
    [[nodiscard]] CORPS_DECL std::string toText(bool values = false) const;
    [[nodiscard]] CORPS_DECL std::string toJson() const;
    /** Throws Error(Errc::invalidArgument) that names the place. */
    [[nodiscard]] CORPS_DECL static SyncPlan fromJson(std::string_view text);
};

enum class SyncOutcome : std::uint8_t {
    done,        ///< everything upstream shows is here now
    unchanged,   ///< there was nothing to do, and nothing was written
    held,        ///< removals wait for approval; the rest is applied
    incomplete,  ///< something could not be read; nothing in that part was removed
};

struct ChangeCounts {
    std::uint64_t created = 0;
    std::uint64_t updated = 0;
    std::uint64_t removed = 0;
};

struct SyncReport {
    std::string corp;
    std::string syncId;  ///< empty when nothing was written
    SyncOutcome outcome = SyncOutcome::unchanged;
    bool dryRun = false;
    ChangeCounts departments;
    ChangeCounts members;  ///< removed: resigned
    ChangeCounts memberships;
    ChangeCounts leaders;
    ChangeCounts roles;  ///< roles and role groups
    ChangeCounts roleMembers;
    ChangeCounts admins;
    ChangeCounts users;  ///< users of the pool made or filled
    std::uint64_t reinstated = 0;
    std::vector<Hold> holds;
    RemovalDigest digest;
    std::vector<std::string> outOfScope;
    std::vector<std::string> stale;
    std::vector<SyncFault> faults;
    std::vector<std::string> warnings;
    std::vector<std::string> missingPermissions;
    bool scopeChanged = false;
    std::optional<Migration> migration;  ///< what moved to other ids
    SyncStats stats;

    /** Errc::held when removals are held, Errc::upstream when incomplete, else no error. */
    [[nodiscard]] CORPS_DECL boost::system::error_code code() const noexcept;
    /** For a person: counts, holds with digest, faults. No names, phones or mails. */
    [[nodiscard]] CORPS_DECL std::string toText() const;
    [[nodiscard]] CORPS_DECL std::string toJson() const;
};

[[nodiscard]] CORPS_DECL std::string_view toString(SyncOutcome o) noexcept;
[[nodiscard]] CORPS_DECL std::string_view toString(HoldReason r) noexcept;
[[nodiscard]] CORPS_DECL std::string_view toString(ChangeKind k) noexcept;

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/plan.ipp>
#endif
