// Moving a store to other ids: who is who, the stored rows as they will be, and rewriting them.
#pragma once

#include <corps/client/pull.hpp>
#include <corps/detail/config.hpp>
#include <corps/storage/rows.hpp>
#include <corps/sync/detail/columns.hpp>
#include <corps/sync/detail/findings.hpp>
#include <corps/sync/migration.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace corps {
class ChangeWriter;
}

namespace corps::detail {

/** By which other ids the records of a pull are known, too. */
struct OtherIds {
    std::unordered_map<std::string, std::string> members;      // other id -> id of this pull
    std::unordered_map<std::string, std::string> departments;  // other id -> id of this pull

    CORPS_DECL void add(Unit const& unit, std::vector<std::string> const& others);
};

/** What findMigration() works with. */
struct MigrationInput {
    RecordTables const* tables = nullptr;
    Columns const* columns = nullptr;
    std::string corp;
    MirrorIdentity from;
    MirrorIdentity to;
    std::string fromCorp;  ///< empty: not known
    std::string toCorp;    ///< empty: not known
    std::string rootDeptId;
};

/**
 * Who is who.
 * Errors      Error(wrongCorp) when there are active members and not one of them is found again.
 */
[[nodiscard]] CORPS_DECL Migration findMigration(MigrationInput const& in, RowAccess& rows,
                                                 Findings const& found, OtherIds const& others);

/** How the rows of one corp read after a migration. */
class RowTranslation {
public:
    CORPS_DECL RowTranslation(RecordTables const& tables, Columns const& columns, std::string corp,
                              Migration const& migration);

    /** Whether rows of this table can differ. */
    [[nodiscard]] CORPS_DECL bool concerns(TableSchema const& t) const;
    /** The row after the migration; true when it differs. The result lives as long as `row` and this object.
     */
    CORPS_DECL bool translate(TableSchema const& t, std::span<Cell const> row, std::vector<Cell>& out) const;
    /** The former of a new id; nothing when nobody has it after the migration. */
    [[nodiscard]] CORPS_DECL std::optional<std::string_view> formerMember(std::string_view id) const;
    [[nodiscard]] CORPS_DECL std::optional<std::string_view> formerDept(std::string_view id) const;
    [[nodiscard]] CORPS_DECL std::string_view newMember(std::string_view id) const;
    [[nodiscard]] CORPS_DECL std::string_view newDept(std::string_view id) const;
    /** Kind and id of a stored hold, translated. */
    [[nodiscard]] CORPS_DECL std::string holdId(std::string_view kind, std::string_view id) const;

    [[nodiscard]] Migration const& migration() const noexcept { return migration_; }
    [[nodiscard]] std::string const& corp() const noexcept { return corp_; }
    [[nodiscard]] RecordTables const& tables() const noexcept { return t_; }
    [[nodiscard]] Columns const& columns() const noexcept { return c_; }

private:
    friend class MigratedRows;
    enum class Id : std::uint8_t { none, member, dept };
    [[nodiscard]] Id idOf(TableSchema const& t, std::size_t column) const;
    using Ids = std::unordered_map<std::string_view, std::string_view>;

    RecordTables const& t_;
    Columns const& c_;
    std::string corp_;
    Migration const& migration_;
    Ids members_, formerMembers_, depts_, formerDepts_;
};

/**
 * The stored rows as they will be after the migration, for reading. In no particular order; nothing is
 * remembered of fingerprints.
 */
class MigratedRows final : public RowAccess {
public:
    MigratedRows(RowAccess& rows, RowTranslation const& translation) : rows_(rows), to_(translation) {}

    CORPS_DECL void scanRows(TableSchema const& t, std::size_t index, std::span<Cell const> prefix,
                             RowVisitor f, void* context) override;
    CORPS_DECL void upsertRow(TableSchema const& t, std::span<Cell const> cells) override;
    CORPS_DECL std::uint64_t eraseRows(TableSchema const& t, std::span<Cell const> prefix) override;

private:
    void scanBindings(TableSchema const& t, std::span<Cell const> prefix, RowVisitor f, void* context);
    void scanHolds(TableSchema const& t, std::span<Cell const> prefix, RowVisitor f, void* context);

    RowAccess& rows_;
    RowTranslation const& to_;
};

/**
 * Rewrites what is stored. The rows that change are held in memory together.
 * Errors      Error(wrongCorp) when the store is not what the migration starts from; Error(invalidArgument)
 * when two rows would stand under one id.
 */
CORPS_DECL void applyMigration(RowAccess& rows, ChangeWriter& writer, RowTranslation const& translation);

}  // namespace corps::detail

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/migration.ipp>
#endif
