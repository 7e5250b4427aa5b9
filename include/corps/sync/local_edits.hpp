#pragma once

#include <corps/detail/config.hpp>
#include <corps/model/ids.hpp>
#include <corps/model/record_tables.hpp>
#include <corps/sync/corp_reader.hpp>
#include <corps/sync/engine.hpp>

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps {

/**
 * What is changed here and not by a sync: administrators, roles, limits, signatures, who is offline. One
 * object serves one transaction; finish() comes last. All members check first and write then, so that an
 * Error leaves no part behind (the transaction is rolled back with it).
 *
 * Errors      Error(notFound) for an id that names nothing; what each says; whatever the storage throws.
 */
class LocalEdits {
public:
    LocalEdits(LocalEdits const&) = delete;
    LocalEdits& operator=(LocalEdits const&) = delete;
    ~LocalEdits() = default;

    /** @param caller who makes the change: stands in the change feed. @param now milliseconds since 1970. */
    CORPS_DECL LocalEdits(RowAccess& rows, RecordTables const& tables, std::string corp, std::string caller,
                          std::int64_t now);

    [[nodiscard]] CorpReader const& reader() const noexcept { return reader_; }

    /** Replaces the administrators set here; upstream's stay. */
    CORPS_DECL void setAdmins(std::vector<MemberId> const& ids);
    CORPS_DECL void saveSignature(MemberId const& id, std::string_view signature);

    /** Clears every role of the member, sets these, and makes the member's roles local. */
    CORPS_DECL void setUserRole(MemberId const& id, std::vector<RoleId> const& roles);
    /** From the next sync on the member has upstream's roles again, beside those set here. */
    CORPS_DECL void releaseUserRole(MemberId const& id);

    /** Marks members as resigned, whatever upstream says; who already counts as resigned gets no mark. */
    CORPS_DECL void setOffline(std::vector<MemberId> const& ids);
    /** Takes the mark away. Errors: refused, for who has resigned upstream. */
    CORPS_DECL void reinstate(std::vector<MemberId> const& ids);

    /** Errors: invalidArgument, for an empty name; alreadyExists. */
    CORPS_DECL void createRoleGroup(RoleGroupId const& id, std::string_view name);
    /** Errors: refused, for a group of upstream; invalidArgument, for an empty name. */
    CORPS_DECL void renameRoleGroup(RoleGroupId const& id, std::string_view name);
    /** Errors: refused, for a group of upstream or one that has roles. */
    CORPS_DECL void deleteRoleGroup(RoleGroupId const& id);
    /** Errors: invalidArgument, for an empty name; alreadyExists. */
    CORPS_DECL void createRole(RoleId const& id, RoleGroupId const& group, std::string_view name);
    /** Errors: refused, for a role of upstream; invalidArgument, for an empty name. */
    CORPS_DECL void renameRole(RoleId const& id, std::string_view name);
    /** With its members and limits. Errors: refused, for a role of upstream. */
    CORPS_DECL void deleteRole(RoleId const& id);
    CORPS_DECL void addRoleMembers(RoleId const& role, std::vector<MemberId> const& ids);
    /** Errors: refused, for a member who has the role from upstream. */
    CORPS_DECL void deleteRoleMembers(RoleId const& role, std::vector<MemberId> const& ids);
    /** Replaces the departments to which this member's role is limited; none: no limit. */
    CORPS_DECL void setDeptLimit(RoleId const& role, MemberId const& id, std::vector<DeptId> const& depts);

    /** Makes the root department if there is none. True when it was made. */
    CORPS_DECL bool ensureRoot(DeptId const& id, std::string_view name);

    /** A member with memberships, leaderships, roles, limits and administrator rows; the user stays. */
    CORPS_DECL void takeMember(std::string_view id);

    /** Ends the work; the transaction may commit. */
    CORPS_DECL void finish();

protected:
    using Values = std::initializer_list<std::pair<std::string_view, Cell>>;
    /** Upserts the row of `key` (behind the corp) with these values. */
    void put(TableSchema const& t, std::initializer_list<std::string_view> key, Values values = {});
    /** Makes the rows of these members behind `under`, and an origin if it is not empty, where there are
     * none.
     * @param members sorted, each once. */
    void putNew(TableSchema const& t, std::string_view under, std::span<std::string_view const> members,
                std::string_view origin);
    void take(TableSchema const& t, std::vector<std::string> const& key);
    void takeRow(TableSchema const& t, Row const& row);
    /** Keys (behind the corp) of the rows that start with `prefix`. */
    [[nodiscard]] std::vector<std::vector<std::string>> keysUnder(
        TableSchema const& t, std::initializer_list<std::string_view> prefix) const;
    /** Throws Error(refused) unless the row was made here. */
    void requireLocal(TableSchema const& t, std::string_view id, std::string_view what) const;
    [[nodiscard]] RecordTables const& tables() const noexcept { return tables_; }
    [[nodiscard]] std::string const& corp() const noexcept { return corp_; }
    [[nodiscard]] ChangeWriter& writer() noexcept { return writer_; }

private:
    RecordTables const& tables_;
    std::string corp_;
    CorpReader reader_;
    ChangeWriter writer_;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/local_edits.ipp>
#endif
