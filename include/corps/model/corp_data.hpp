#pragma once

#include <corps/detail/config.hpp>
#include <corps/model/keyed_view.hpp>
#include <corps/model/records.hpp>
#include <corps/model/upstream_tables.hpp>

#include <boost/json/fwd.hpp>

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps {

/** One list of a pull, and whether it was read to its end. */
struct CorpDataListing {
    /**
     * visibleMembers are people granted to the application one by one; subtreeMembers those of a department
     * and of all below it; memberDetails what further calls told of members, which proves no absence.
     */
    enum class Kind : std::uint8_t {
        departments,
        deptMembers,
        visibleMembers,
        roles,
        roleMembers,
        admins,
        subtreeMembers,
        memberDetails
    };
    Kind kind = Kind::departments;
    std::string id{};  ///< of the department or role; empty otherwise
    bool complete = false;
    std::optional<std::int64_t> count{};  ///< the platform's own number of records, where it gives one

    friend bool operator==(CorpDataListing const&, CorpDataListing const&) = default;
};

/** Something that could not be read; the rest went on. */
struct CorpDataFault {
    CorpDataListing::Kind kind = CorpDataListing::Kind::departments;
    std::string id{};
    std::string place{};    ///< "members of department 42, page 3"
    std::string message{};  ///< our text
    std::optional<std::int64_t> upstreamCode{};
    std::string requestId{};

    friend bool operator==(CorpDataFault const&, CorpDataFault const&) = default;
};

/**
 * What was seen: only where a list was read to its end does absence from it mean anything. Without any
 * listing nothing is proven, and planning from such data removes nothing.
 */
struct CorpDataProof {
    bool fullScope = false;              ///< the application sees the whole organisation
    DeptId rootDeptId{};                 ///< the platform's root id
    std::vector<DeptId> visibleRoots{};  ///< without full scope: what it sees, with everything below
    std::vector<CorpDataListing> listings{};
    std::vector<CorpDataFault> faults{};
    std::vector<std::string> missingPermissions{};  ///< by the platform's own names

    [[nodiscard]] bool empty() const { return *this == CorpDataProof(); }
    friend bool operator==(CorpDataProof const&, CorpDataProof const&) = default;
};

/**
 * What upstream holds, everything decoded: fields that upstream owns, nothing that is kept here.
 *
 * The lists may be filled by hand; call normalise() afterwards. Memory: it owns its strings: 700 bytes a
 * member and more with long ids and addresses; about 1 kB, one membership included, where an id has 36
 * characters. syncCorp never builds it.
 *
 * Threads     A value: reading from several threads is safe.
 */
struct CorpData {
    std::string corpId{};    ///< the platform's id of the enterprise
    std::string corpName{};  ///< empty when it may not be read
    std::vector<CorpDept> deptList{};
    std::vector<CorpDeptLeader> deptLeaderList{};
    std::vector<CorpMember> userList{};
    std::vector<CorpDeptMember> deptMemberList{};
    std::vector<CorpRoleGroup> roleGroupList{};
    std::vector<CorpRole> roleList{};
    std::vector<CorpRoleMember> roleMemberSet{};
    std::vector<MemberId> adminIds{};
    CorpDataProof proof{};

    /** The members by memberId. O(n) on a normalised list, otherwise O(n log n): keep the view. */
    [[nodiscard]] CORPS_DECL KeyedView<MemberId, CorpMember> userDict() const;
    /** The departments by deptId. */
    [[nodiscard]] CORPS_DECL KeyedView<DeptId, CorpDept> deptDict() const;

    /**
     * Brings every list into order (departments: roots first, then by id; the others by id) and makes one
     * record of several with the same key: a known value wins over an unknown one, and of two known ones the
     * same wins whatever their order was. Then sets path, leaderIds and isLeader. Doing it twice changes
     * nothing. O(n log n).
     */
    CORPS_DECL void normalise();

    friend bool operator==(CorpData const&, CorpData const&) = default;
};

/**
 * Builds a CorpData of the rows that a client decodes; upstream fields of widened records are left out.
 *
 *     CorpDataCollector rows;  // as a RowSink
 *     CorpData data = std::move(rows).take();
 *
 * Errors      Error(Errc::protocol) from row() for a row without its key or with a cell of another type.
 */
class CorpDataCollector final : public RowSink {
public:
    CORPS_DECL void row(UpstreamTable table, std::span<Cell const> cells) override;
    /** The data, normalised; corpId, corpName and the proof are the caller's to set. */
    [[nodiscard]] CORPS_DECL CorpData take() &&;

private:
    CorpData data_;
};

/** Hands every row to `rows`, cells as in upstreamColumns(), one table after the other. */
CORPS_DECL void emitRows(CorpData const& data, RowSink& rows);

/**
 * CorpData as an organisation file: one JSON object with corpId, corpName, deptList (with leaderIds),
 * userList (each with departments: deptId, isLeader, order, isPrimary), roleGroupList, roleList,
 * roleMemberSet, adminIds, and, if anything is proven, proof. Leaders by a department's own list are in its
 * leaderIds, in the order of their rank; leaders by a member's flag are that member's isLeader. Memberships
 * of people who are not in userList are left out.
 */
[[nodiscard]] CORPS_DECL boost::json::object toJson(CorpData const& data);
/** The same text, written piece by piece: needs memory for one member. Errors stay in the stream. */
CORPS_DECL void writeJson(CorpData const& data, std::ostream& out);

/**
 * Reads an organisation file. Only ids are required; an absent key or null is unknown, a list that is absent
 * is empty; keys that are none of an organisation file are ignored. The result is normalised. References are
 * not checked: an application that sees a part of an organisation may well hold parents and leaders out of
 * its sight.
 *
 * Errors      Error(Errc::invalidArgument) that names the place and what was expected: "expected a string,
 * found a number (userList[3].departments[0].deptId)"; for a second record with an id that is taken; for text
 * that is not JSON.
 */
[[nodiscard]] CORPS_DECL CorpData corpDataFromJson(boost::json::value const& value);
[[nodiscard]] CORPS_DECL CorpData parseCorpData(std::string_view json);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/model/impl/corp_data.ipp>
#endif
