#pragma once

#include <corps/emulator/impl/directory.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace corps::emulator::detail {

/** Members whose id has changed: the former one, and what it is now. */
using MemberRenames = std::map<std::string, std::string>;

/** What distinguishes an organisation from the one before. Members that do not work there count as absent. */
struct OrganisationDiff {
    using Index = Directory::Index;
    static constexpr Index kNone = Directory::kNone;

    /** @param renames Beside these, with `byUnionId`, who left and who joined with the same union id are one.
     */
    OrganisationDiff(const Directory& was, const Directory& is, const MemberRenames& renames = {},
                     bool byUnionId = false) {
        for (const Index dept : is.preorder()) {
            const Index before = same(was, is, dept);
            if (before == kNone) {
                deptsAdded.push_back(dept);
            } else {
                deptsKept.emplace_back(before, dept);
            }
        }
        for (auto dept = was.preorder().rbegin(); dept != was.preorder().rend(); ++dept) {
            if (same(is, was, *dept) == kNone) {
                deptsRemoved.push_back(*dept);
            }
        }
        const auto& before = was.organisation().userList;
        const auto& now = is.organisation().userList;
        std::vector<bool> known(now.size());
        std::unordered_map<std::string, Index> joined;
        if (byUnionId) {
            for (Index i = 0; i < now.size(); ++i) {
                if (is.isActive(i) && !now[i].unionId.empty() && !there(was, now[i].memberId)) {
                    joined.emplace(now[i].unionId, i);
                }
            }
        }
        for (Index i = 0; i < before.size(); ++i) {
            if (!was.isActive(i)) {
                continue;
            }
            const auto renamed = renames.find(before[i].memberId);
            Index after = is.findMember(renamed == renames.end() ? before[i].memberId : renamed->second);
            if (after == kNone && !before[i].unionId.empty()) {
                const auto other = joined.find(before[i].unionId);
                after = other == joined.end() ? kNone : other->second;
            }
            if (after == kNone || !is.isActive(after)) {
                membersRemoved.push_back(i);
            } else {
                membersKept.emplace_back(i, after);
                known[after] = true;
            }
        }
        for (Index i = 0; i < now.size(); ++i) {
            if (is.isActive(i) && !known[i]) {
                membersAdded.push_back(i);
            }
        }
    }

    std::vector<Index> deptsAdded;                     ///< of the new one, parents before children
    std::vector<std::pair<Index, Index>> deptsKept;    ///< whether anything changed or not
    std::vector<Index> deptsRemoved;                   ///< of the old one, children before parents
    std::vector<Index> membersAdded;                   ///< of the new one
    std::vector<std::pair<Index, Index>> membersKept;  ///< whether anything changed or not
    std::vector<Index> membersRemoved;                 ///< of the old one

private:
    static bool there(const Directory& in, const std::string& memberId) {
        const Index member = in.findMember(memberId);
        return member != kNone && in.isActive(member);
    }
    /** The department of `in` that `dept` of `from` is. */
    static Index same(const Directory& in, const Directory& from, Index dept) {
        if (dept == from.root()) {
            return in.root();
        }
        const Index found = in.findDept(from.dept(dept).deptId);
        return found == in.root() ? kNone : found;
    }
};

/** The same organisation with another id for a member. */
inline void renameMember(Organisation& organisation, const std::string& from, const std::string& to) {
    const auto rename = [&](std::string& id) {
        if (id == from) {
            id = to;
        }
    };
    for (Member& member : organisation.userList) {
        rename(member.memberId);
    }
    for (Dept& dept : organisation.deptList) {
        for (std::string& leader : dept.leaderIds) {
            rename(leader);
        }
    }
    for (RoleMember& pair : organisation.roleMemberSet) {
        rename(pair.memberId);
    }
    for (std::string& admin : organisation.adminIds) {
        rename(admin);
    }
}

}  // namespace corps::emulator::detail
