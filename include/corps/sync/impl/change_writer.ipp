#pragma once

#include <corps/sync/detail/bytes.hpp>
#include <corps/sync/detail/columns.hpp>
#include <corps/sync/detail/fingerprint.hpp>
#include <corps/sync/detail/runs.hpp>
#include <corps/sync/detail/table_sum.hpp>
#include <corps/sync/detail/tables.hpp>
#include <corps/sync/engine.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace corps {
namespace detail {

inline constexpr std::size_t kFeedPart = 256 * 1024;
inline constexpr std::int64_t kFeedDays = 400;

/** Place of a table among those whose changes are fed: its number in the feed, which is stored. */
CORPS_DECL std::size_t feedNumber(RecordTables const& tables, TableSchema const& t) {
    auto const all = tables.all();
    for (std::size_t i = 0; i < all.size(); ++i)
        if (all[i] == &t) return i;
    throw Error(Errc::invalidArgument, "a change of a table that is no record's: " + t.name);
}

/** Whether an upstream fills this table: these have sums, and a change of an upstream-owned column bumps the
 * generation. */
CORPS_DECL bool isMirrored(RecordTables const& tables, TableSchema const& t) {
    return feedNumber(tables, t) < kUpstreamTables;
}

}  // namespace detail

struct ChangeWriter::State {
    State(RowAccess& r, RecordTables const& t, std::string corpName, std::string who, std::string sync,
          std::int64_t at)
        : rows(r),
          tables(t),
          columns(t),
          corp(std::move(corpName)),
          caller(std::move(who)),
          syncId(std::move(sync)),
          now(at) {}

    RowAccess& rows;
    RecordTables const& tables;
    detail::Columns columns;
    std::string corp;
    std::string caller;
    std::string syncId;
    std::int64_t now;
    bool keepRuns = false;  // a sync writes new runs itself
    std::optional<bool> runsThere;

    std::vector<std::string> parts;
    std::string entry;  // the one in hand
    std::map<std::string, detail::TableSum> sums;
    detail::RunEntries forget;
    std::set<std::string> forgetMembers;  // wherever they are listed
    std::set<std::string> created;        // members that no run can name yet
    bool upstreamTouched = false;
    std::int64_t activeDelta = 0;
    std::int64_t deptDelta = 0;
    std::uint64_t changes = 0;

    void feed(TableSchema const& t, ChangeKind kind, std::span<Cell const> key,
              std::span<std::size_t const> changed, std::span<Cell const> before,
              std::span<Cell const> after) {
        if (parts.empty() || parts.back().size() > detail::kFeedPart) parts.emplace_back();
        std::string& out = parts.back();
        entry.clear();
        detail::putNumber(entry, detail::feedNumber(tables, t));
        entry += static_cast<char>(kind);
        std::size_t const start = detail::keyStart(t);
        detail::putNumber(entry, t.keyColumns - start);
        for (std::size_t i = start; i < t.keyColumns; ++i) detail::putCell(entry, key[i]);
        // A created record is found by its key; what proves a password is nobody's history.
        if (kind != ChangeKind::create && &t != tables.passwordAuth) {
            for (std::size_t i : changed) {
                detail::putText(entry, t.columns[i].name);
                detail::putCell(entry, before[i]);
                detail::putCell(entry, after.empty() ? Cell() : after[i]);
            }
        }
        detail::putText(out, entry);
        ++changes;
    }

    [[nodiscard]] bool madeHere(TableSchema const& t, std::span<Cell const> row) const {
        std::size_t origin = TableSchema::npos;
        if (&t == tables.role) origin = columns.role.origin;
        if (&t == tables.roleGroup) origin = columns.roleGroup.origin;
        if (&t == tables.roleMember) origin = columns.roleMember.origin;
        if (&t == tables.admin) origin = columns.admin.origin;
        return origin != TableSchema::npos && row[origin].bytes() == kOriginLocal;
    }

    /** Whether there are runs, and it is for this writer to keep them in step. */
    [[nodiscard]] bool followsRuns() {
        if (keepRuns) return false;
        if (!runsThere) runsThere = detail::hasRuns(rows, corp);
        return *runsThere;
    }

    void touched(TableSchema const& t, std::span<Cell const> row) {
        if (madeHere(t, row)) return;
        upstreamTouched = true;
        if (!followsRuns()) return;
        auto remember = [this](ListingKind kind, Cell const& id, Cell const& key) {
            forget[{static_cast<std::int64_t>(kind), std::string(id.bytes())}].emplace(key.bytes());
        };
        if (&t == tables.deptMember)
            remember(ListingKind::deptMembers, row[columns.deptMember.deptId],
                     row[columns.deptMember.memberId]);
        else if (&t == tables.deptLeader)
            remember(ListingKind::deptMembers, row[columns.deptLeader.deptId],
                     row[columns.deptLeader.memberId]);
        else if (&t == tables.roleMember)
            remember(ListingKind::roleMembers, row[columns.roleMember.roleId],
                     row[columns.roleMember.memberId]);
        else if (&t == tables.member)
            forgetMembers.emplace(row[columns.member.memberId].bytes());
        else if (&t == tables.admin)
            forgetMembers.emplace(row[columns.admin.memberId].bytes());
    }

    static bool isActive(Cell const& status) {
        return status.kind() == CellKind::integer && status.integer() == 1;
    }

    void create(TableSchema const& t, std::span<Cell const> row) {
        rows.upsertRow(t, row);
        if (detail::isMirrored(tables, t)) {
            sums[t.name].add(detail::rowSum(t, row).sum());
            if (&t == tables.member && isActive(row[columns.member.status])) ++activeDelta;
            if (&t == tables.member && followsRuns()) created.emplace(row[columns.member.memberId].bytes());
            if (&t == tables.dept) ++deptDelta;
            touched(t, row);
        }
        feed(t, ChangeKind::create, row, {}, {}, {});
    }

    /** `before` and `after` are whole rows; after holds null where nothing changes. */
    void update(TableSchema const& t, std::span<Cell const> before, std::span<Cell const> after,
                std::span<std::size_t const> changed) {
        rows.upsertRow(t, after);
        ChangeKind kind = ChangeKind::update;
        if (detail::isMirrored(tables, t)) {
            std::size_t const start = detail::keyStart(t);
            detail::RowSum delta(before.subspan(start, t.keyColumns - start));
            bool upstream = false;
            for (std::size_t i : changed) {
                if (t.columns[i].owner != Owner::upstream) continue;
                upstream = true;
                if (!before[i].isNull()) delta.subtract(t.columns[i].name, before[i]);
                delta.add(t.columns[i].name, after[i]);
                if (&t == tables.member && i == columns.member.status) {
                    bool const was = isActive(before[i]);
                    bool const is = isActive(after[i]);
                    activeDelta += (is ? 1 : 0) - (was ? 1 : 0);
                    if (was && !is) kind = ChangeKind::resign;
                    if (!was && is) kind = ChangeKind::reinstate;
                }
            }
            if (upstream) {
                sums[t.name].add(delta.sum());
                touched(t, before);
            }
            // Who owns a member's roles decides what a plan may write: one made before is void.
            if (&t == tables.member &&
                std::find(changed.begin(), changed.end(), columns.member.rolesLocal) != changed.end())
                upstreamTouched = true;
        }
        feed(t, kind, before, changed, before, after);
    }

    void erase(TableSchema const& t, std::span<Cell const> row) {
        rows.eraseRows(t, row.first(t.keyColumns));
        if (detail::isMirrored(tables, t)) {
            sums[t.name].subtract(detail::rowSum(t, row).sum());
            if (&t == tables.member && isActive(row[columns.member.status])) --activeDelta;
            if (&t == tables.dept) --deptDelta;
            touched(t, row);
        }
        std::vector<std::size_t> known;
        for (std::size_t i = t.keyColumns; i < t.columns.size(); ++i)
            if (!row[i].isNull()) known.push_back(i);
        feed(t, ChangeKind::erase, row, known, row, {});
    }

    void forgetTouched() {
        if (forget.empty() && forgetMembers.empty()) return;
        // Whoever has rows but stands in no run would not be missed when a listing ceases to show them.
        std::set<std::string> pending =
            detail::forgetEntries(rows, tables, corp, std::move(forget), forgetMembers);
        for (std::string const& m : created) pending.insert(m);
        detail::addPending(rows, corp, std::move(pending));
    }

    void dropOldFeed(detail::StateValues& values) {
        std::int64_t const oldest = now - kFeedMillis;
        // Known without reading the first entry, which may be long.
        std::optional<std::int64_t> const from = values.number(detail::kFeedFrom);
        if (from && *from >= oldest) return;
        std::vector<std::int64_t> gone;
        std::int64_t next = now;
        std::array<Cell, 1> const prefix{Cell::text(corp)};
        rows.forEach(detail::feedTable(), 0, prefix, [&](std::span<Cell const> row) {
            if (row[3].integer() >= oldest || gone.size() == 64) {
                next = row[3].integer();
                return false;
            }
            if (gone.empty() || gone.back() != row[1].integer()) gone.push_back(row[1].integer());
            return true;
        });
        for (std::int64_t sequence : gone) {
            std::array<Cell, 2> const key{Cell::text(corp), Cell::integer(sequence)};
            rows.eraseRows(detail::feedTable(), key);
        }
        values.setNumber(detail::kFeedFrom, next);
    }
    static constexpr std::int64_t kFeedMillis = detail::kFeedDays * 24 * 3600 * 1000;
};

CORPS_DECL ChangeWriter::ChangeWriter(RowAccess& rows, RecordTables const& tables, std::string corp,
                                      std::string caller, std::string syncId, std::int64_t now)
    : state_(std::make_unique<State>(rows, tables, std::move(corp), std::move(caller), std::move(syncId),
                                     now)) {}

CORPS_DECL ChangeWriter::~ChangeWriter() = default;

CORPS_DECL bool ChangeWriter::upsert(TableSchema const& t, std::span<Cell const> cells) {
    State& s = *state_;
    Row const stored = detail::findRow(s.rows, t, cells.first(t.keyColumns));
    if (stored.empty()) {
        s.create(t, cells);
        return true;
    }
    std::vector<Cell> before;
    before.reserve(stored.size());
    for (OwnedCell const& c : stored) before.push_back(c.view());
    std::vector<Cell> after(t.columns.size());
    std::vector<std::size_t> changed;
    for (std::size_t i = 0; i < t.columns.size(); ++i) {
        if (i < t.keyColumns) {
            after[i] = cells[i];
        } else if (!cells[i].isNull() && !(cells[i] == before[i])) {
            after[i] = cells[i];
            changed.push_back(i);
        }
    }
    if (changed.empty()) return false;
    s.update(t, before, after, changed);
    return true;
}

CORPS_DECL void ChangeWriter::insert(TableSchema const& t, std::span<Cell const> cells) {
    state_->create(t, cells);
}

CORPS_DECL bool ChangeWriter::erase(TableSchema const& t, std::span<Cell const> key) {
    State& s = *state_;
    Row const stored = detail::findRow(s.rows, t, key);
    if (stored.empty()) return false;
    std::vector<Cell> row;
    row.reserve(stored.size());
    for (OwnedCell const& c : stored) row.push_back(c.view());
    s.erase(t, row);
    return true;
}

CORPS_DECL std::uint64_t ChangeWriter::changes() const noexcept { return state_->changes; }

CORPS_DECL void ChangeWriter::finish() {
    State& s = *state_;
    if (s.changes == 0) return;
    detail::StateValues values(s.rows, s.corp);
    std::int64_t const sequence = values.number(detail::kFeedSequence).value_or(0) + 1;
    values.setNumber(detail::kFeedSequence, sequence);
    for (std::size_t i = 0; i < s.parts.size(); ++i) {
        std::array<Cell, 7> const row{
            Cell::text(s.corp),    Cell::integer(sequence), Cell::integer(static_cast<std::int64_t>(i)),
            Cell::integer(s.now),  Cell::text(s.syncId),    Cell::text(s.caller),
            Cell::blob(s.parts[i])};
        s.rows.upsertRow(detail::feedTable(), row);
    }
    s.dropOldFeed(values);
    for (auto const& [table, delta] : s.sums) {
        std::string const name = detail::sumName(table);
        detail::TableSum sum = detail::unpackSum(values.bytes(name).value_or(std::string()));
        sum.add(delta);
        values.setBytes(name, detail::packSum(sum));
    }
    if (s.activeDelta != 0)
        values.setNumber(detail::kActiveMembers,
                         values.number(detail::kActiveMembers).value_or(0) + s.activeDelta);
    if (s.deptDelta != 0)
        values.setNumber(detail::kDepartments, values.number(detail::kDepartments).value_or(0) + s.deptDelta);
    if (s.upstreamTouched)
        values.setNumber(detail::kGeneration, values.number(detail::kGeneration).value_or(0) + 1);
    s.forgetTouched();
}

}  // namespace corps
