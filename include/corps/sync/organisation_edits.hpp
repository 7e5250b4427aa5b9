#pragma once

#include <corps/detail/config.hpp>
#include <corps/model/ids.hpp>
#include <corps/model/member_status.hpp>
#include <corps/model/password_hash.hpp>
#include <corps/sync/detail/columns.hpp>
#include <corps/sync/local_edits.hpp>
#include <corps/sync/new_member.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corps {

/** What is known of a new member's password before the transaction: hashing takes too long for one. */
struct PreparedPassword {
    std::optional<PasswordHash> hash{};  ///< for a user who has none yet
    std::string matches{};               ///< the stored hash that the password was found to match
};

/**
 * What only a corp that is edited here can do: members, departments, who stands where, who signs in. As
 * LocalEdits: one object serves one transaction, and what throws leaves nothing behind.
 *
 * Lists of ids may hold one twice; order matters where said only.
 *
 * Errors      notFound for an id that names nothing; invalidArgument for an empty id or name;
 *             what each says.
 */
class OrganisationEdits : public LocalEdits {
public:
    CORPS_DECL OrganisationEdits(RowAccess& rows, RecordTables const& tables, std::string corp,
                                 std::string caller, std::int64_t now, std::function<std::string()> newId);

    /**
     * Writes user, member, departments, roles and credentials; the new member's id.
     * Errors      alreadyExists: the memberId, the username, or the user is a member already.
     *             refused: the user of this id has another username or password.
     */
    CORPS_DECL MemberId addMember(NewMember const& member, PreparedPassword const& password);
    /** Errors: refused unless all have resigned. */
    CORPS_DECL void deleteMembers(std::vector<MemberId> const& ids);
    CORPS_DECL void setStatus(std::vector<MemberId> const& ids, MemberStatus status);
    CORPS_DECL void updateMember(MemberId const& id, MemberUpdate const& update);

    /** @param parent empty: below the root. Errors: alreadyExists. */
    CORPS_DECL void createDept(DeptId const& id, DeptId const& parent, std::string_view name);
    /** @param parent empty: stays where it is. Errors: refused for a parent inside the department's own
     * subtree, and for a parent of the root. */
    CORPS_DECL void updateDept(DeptId const& id, std::string_view name, DeptId const& parent);
    /** Errors: refused for the root, and while departments or active members are in it. */
    CORPS_DECL void deleteDept(DeptId const& id);
    /** Replaces the leaders, in this order. Errors: refused for who is no member of the department. */
    CORPS_DECL void setLeaders(DeptId const& id, std::vector<MemberId> const& members);
    CORPS_DECL void addDeptMembers(DeptId const& id, std::vector<MemberId> const& members);
    /** With their leaderships of it. Errors: notFound for who is no member of the corp. */
    CORPS_DECL void deleteDeptMembers(DeptId const& id, std::vector<MemberId> const& members);

    /** Makes the root and the first member, once in the life of a store. */
    CORPS_DECL void addFirstMember(NewMember member, PreparedPassword const& password);

    /**
     * Errors      alreadyExists: another user's username. invalidArgument: no username given, and none there.
     *             notFound: no member of this corp is this user.
     */
    CORPS_DECL void setPassword(UserId const& user, std::string_view username, PasswordHash const& hash);

private:
    void putCredentials(std::string_view user, std::string_view username, PasswordHash const& hash);
    [[nodiscard]] std::vector<Row> leadersOf(std::string_view dept) const;
    /** The member who is this user; empty when there is none. */
    [[nodiscard]] std::string memberOfUser(std::string_view userId) const;
    void putShared(TableSchema const& t, std::string_view key, Values values);
    void requireFreeUsername(std::string_view username, std::string_view userId) const;
    void giveCredentials(std::string const& userId, NewMember const& member,
                         PreparedPassword const& password);
    /** Fills what the user's record does not know, or all of it when this corp made the user. */
    void fillUser(std::string_view userId, MemberUpdate const& from);

    std::int64_t now_;
    std::function<std::string()> newId_;
    std::optional<detail::Columns> columns_;  // where a call needs them
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/organisation_edits.ipp>
#endif
