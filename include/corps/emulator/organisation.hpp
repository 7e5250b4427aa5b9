#pragma once

#include <corps/detail/config.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/**
 * @file
 * The organisation file: what an emulator serves, and what `generate` makes.
 *
 * It is one JSON object with the keys `corpId`, `corpName`, `deptList`, `userList`, `roleGroupList`,
 * `roleList`, `roleMemberSet` and `adminIds`. Member names below are the file's keys. Unknown keys are
 * ignored; `null` and an absent key mean the same; only ids are required.
 */
namespace corps::emulator {

/** A department. The one without a parent is the root. */
struct Dept {
    std::string deptId;
    std::string parentId;    ///< empty for the root
    std::string name;        ///< not validated
    std::int64_t order = 0;  ///< smaller comes first among siblings
    /** Leaders, the main one first; they need not be members of the department. */
    std::vector<std::string> leaderIds;

    friend bool operator==(const Dept&, const Dept&) = default;
};

/** A member's place in one department. */
struct Membership {
    std::string deptId;
    bool isLeader = false;   ///< adds to the department's `leaderIds`
    std::int64_t order = 0;  ///< smaller comes first within the department
    bool isPrimary = false;  ///< at most one per member; if none is, the first department counts

    friend bool operator==(const Membership&, const Membership&) = default;
};

/** A person. */
struct Member {
    std::string memberId;
    std::string unionId;  ///< empty: the platform derives one
    std::string nick;     ///< not validated
    std::string phone;    ///< E.164, or empty
    std::string email;
    std::string jobNumber;
    std::string position;
    std::string photo;
    int gender = 0;  ///< 0 unknown, 1 male, 2 female, 3 other
    int status = 1;  ///< 1 active, 2 resigned: no longer listed
    /** What the platform says of an active member: `frozen`, `unactivated`, `exited`, `unjoined`, or anything
     * else for nothing special. */
    std::string upstreamStatus;
    std::string hiredDate;  ///< `YYYY-MM-DD`, or empty
    /** An active member without any is a direct member of the root. */
    std::vector<Membership> departments;

    friend bool operator==(const Member&, const Member&) = default;
};

struct RoleGroup {
    std::string roleGroupId;
    std::string name;

    friend bool operator==(const RoleGroup&, const RoleGroup&) = default;
};

struct Role {
    std::string roleId;
    std::string roleGroupId;  ///< empty: in no group
    std::string name;

    friend bool operator==(const Role&, const Role&) = default;
};

struct RoleMember {
    std::string roleId;
    std::string memberId;

    friend bool operator==(const RoleMember&, const RoleMember&) = default;
};

/** A whole organisation. */
struct Organisation {
    std::string corpId;
    std::string corpName;
    std::vector<Dept> deptList;
    std::vector<Member> userList;
    std::vector<RoleGroup> roleGroupList;
    std::vector<Role> roleList;
    std::vector<RoleMember> roleMemberSet;
    std::vector<std::string> adminIds;

    friend bool operator==(const Organisation&, const Organisation&) = default;
};

/** An organisation file that cannot be served. `what()` names the place and what was expected there. */
class OrganisationError : public std::invalid_argument {
public:
    OrganisationError(std::string where, const std::string& expected)
        : std::invalid_argument(where + ": " + expected), where_(std::move(where)) {}

    /** The place, such as `userList[3].departments[0].deptId`. */
    [[nodiscard]] const std::string& where() const noexcept { return where_; }

private:
    std::string where_;
};

/**
 * Reads an organisation file and validates it.
 *
 * @param json UTF-8 text.
 *
 * Exceptions  OrganisationError for anything that is not a valid organisation file.
 * Cost        Linear; holds the parsed document while it works.
 */
[[nodiscard]] CORPS_DECL Organisation parseOrganisation(std::string_view json);

/** `parseOrganisation` on a file. A file that cannot be read is an OrganisationError too. */
[[nodiscard]] CORPS_DECL Organisation readOrganisation(const std::string& path);

/**
 * Writes an organisation as such a file: compact JSON, one department, member or role a line, UTF-8, ending
 * in a newline.
 *
 * Empty optional values are left out. `parseOrganisation` of the result gives an equal organisation.
 */
[[nodiscard]] CORPS_DECL std::string writeOrganisation(const Organisation& organisation);

/**
 * Checks what a platform relies on: exactly one root, no cycle, no unknown or duplicate id, at most one
 * primary department a member, known values of gender, status and hiredDate. Names are not validated.
 *
 * Exceptions  OrganisationError naming the first fault.
 */
CORPS_DECL void validate(const Organisation& organisation);

}  // namespace corps::emulator

#ifdef CORPS_HEADER_ONLY
#include <corps/emulator/impl/organisation.ipp>
#endif
