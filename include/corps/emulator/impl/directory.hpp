#pragma once

#include <corps/emulator/impl/text.hpp>
#include <corps/emulator/organisation.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace corps::emulator::detail {

/** Nothing but a root. */
inline Organisation emptyOrganisation(std::string_view rootId) {
    Organisation out;
    out.deptList.push_back(Dept{std::string(rootId), "", "", 0, {}});
    return out;
}

/** An organisation with what a server looks up in it. Departments and members are known by their place in the
 * lists. */
class Directory {
public:
    using Index = std::uint32_t;
    static constexpr Index kNone = static_cast<Index>(-1);

    /** @throws OrganisationError */
    explicit Directory(Organisation organisation) : organisation_(std::move(organisation)) {
        validate(organisation_);
        const auto deptCount = static_cast<Index>(organisation_.deptList.size());
        const auto memberCount = static_cast<Index>(organisation_.userList.size());
        depts_.reserve(deptCount);
        for (Index i = 0; i < deptCount; ++i) {
            depts_.emplace(organisation_.deptList[i].deptId, i);
        }
        members_.reserve(memberCount);
        for (Index i = 0; i < memberCount; ++i) {
            members_.emplace(organisation_.userList[i].memberId, i);
        }
        admins_.resize(memberCount);
        for (const std::string& id : organisation_.adminIds) {
            admins_[members_.at(id)] = true;
        }
        buildTree(deptCount);
        buildMembers(memberCount);
        for (const RoleMember& pair : organisation_.roleMemberSet) {
            roleMembers_[pair.roleId].push_back(members_.at(pair.memberId));
        }
    }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    [[nodiscard]] const Organisation& organisation() const noexcept { return organisation_; }
    [[nodiscard]] const Dept& dept(Index i) const noexcept { return organisation_.deptList[i]; }
    [[nodiscard]] const Member& member(Index i) const noexcept { return organisation_.userList[i]; }
    [[nodiscard]] Index root() const noexcept { return root_; }
    [[nodiscard]] Index parent(Index dept) const noexcept { return nodes_[dept].parent; }
    [[nodiscard]] const std::vector<Index>& children(Index dept) const noexcept {
        return nodes_[dept].children;
    }
    /** Active members placed in the department itself, in the file's order. */
    [[nodiscard]] const std::vector<Index>& directMembers(Index dept) const noexcept {
        return nodes_[dept].members;
    }
    /** Active leaders, the main one first. */
    [[nodiscard]] const std::vector<Index>& leaders(Index dept) const noexcept {
        return nodes_[dept].leaders;
    }
    /** Departments in the order of the tree; those below one follow it without a gap. */
    [[nodiscard]] const std::vector<Index>& preorder() const noexcept { return preorder_; }
    [[nodiscard]] std::size_t position(Index dept) const noexcept { return nodes_[dept].position; }
    [[nodiscard]] std::size_t subtreeEnd(Index dept) const noexcept { return nodes_[dept].end; }

    /** Different people in the department and below. */
    [[nodiscard]] std::int64_t peopleBelow(Index dept) const noexcept { return nodes_[dept].people; }
    /** The same with those who lead a department without being in it. */
    [[nodiscard]] std::int64_t peopleAndLeadersBelow(Index dept) const noexcept {
        return nodes_[dept].peopleAndLeaders;
    }
    /** People whose primary department is this one or one below. */
    [[nodiscard]] std::int64_t primaryBelow(Index dept) const noexcept { return nodes_[dept].primary; }

    [[nodiscard]] Index findDept(std::string_view id) const noexcept { return find(depts_, id); }
    [[nodiscard]] Index findMember(std::string_view id) const noexcept { return find(members_, id); }
    [[nodiscard]] bool isAdmin(Index member) const noexcept { return admins_[member]; }
    [[nodiscard]] bool isActive(Index member) const noexcept {
        return organisation_.userList[member].status == 1;
    }
    /** Which of the member's departments is the primary one. */
    [[nodiscard]] static std::size_t primaryOf(const Member& member) noexcept {
        for (std::size_t i = 0; i < member.departments.size(); ++i) {
            if (member.departments[i].isPrimary) {
                return i;
            }
        }
        return 0;
    }

    [[nodiscard]] const Role* findRole(std::string_view id) const noexcept {
        for (const Role& role : organisation_.roleList) {
            if (role.roleId == id) {
                return &role;
            }
        }
        return nullptr;
    }
    /** Members of a role, resigned ones among them. */
    [[nodiscard]] const std::vector<Index>& roleMembers(const std::string& roleId) const noexcept {
        static const std::vector<Index> kNobody;
        const auto found = roleMembers_.find(roleId);
        return found == roleMembers_.end() ? kNobody : found->second;
    }
    void addRole(Role role) { organisation_.roleList.push_back(std::move(role)); }
    void addRoleMember(const std::string& roleId, Index member) {
        organisation_.roleMemberSet.push_back({roleId, organisation_.userList[member].memberId});
        roleMembers_[roleId].push_back(member);
    }

private:
    struct Node {
        Index parent = kNone;
        Index depth = 0;
        std::size_t position = 0;
        std::size_t end = 0;
        std::vector<Index> children;
        std::vector<Index> members;
        std::vector<Index> leaders;
        std::int64_t people = 0;
        std::int64_t peopleAndLeaders = 0;
        std::int64_t primary = 0;
    };
    using Map = std::unordered_map<std::string_view, Index>;

    static Index find(const Map& map, std::string_view id) noexcept {
        const auto found = map.find(id);
        return found == map.end() ? kNone : found->second;
    }

    void buildTree(Index count) {
        nodes_.resize(count);
        for (Index i = 0; i < count; ++i) {
            const Dept& dept = organisation_.deptList[i];
            if (dept.parentId.empty()) {
                root_ = i;
            } else {
                nodes_[i].parent = depts_.at(dept.parentId);
                nodes_[nodes_[i].parent].children.push_back(i);
            }
        }
        for (Node& node : nodes_) {
            std::sort(node.children.begin(), node.children.end(), [this](Index a, Index b) {
                return std::pair(organisation_.deptList[a].order, a) <
                       std::pair(organisation_.deptList[b].order, b);
            });
        }
        std::vector<Index> open{root_};
        while (!open.empty()) {
            const Index at = open.back();
            open.pop_back();
            nodes_[at].position = preorder_.size();
            nodes_[at].depth = at == root_ ? 0 : nodes_[nodes_[at].parent].depth + 1;
            preorder_.push_back(at);
            open.insert(open.end(), nodes_[at].children.rbegin(), nodes_[at].children.rend());
        }
        for (auto at = preorder_.rbegin(); at != preorder_.rend(); ++at) {
            Node& node = nodes_[*at];
            node.end = node.children.empty() ? node.position + 1 : nodes_[node.children.back()].end;
        }
    }

    void buildMembers(Index count) {
        for (Index d = 0; d < nodes_.size(); ++d) {
            for (const std::string& id : organisation_.deptList[d].leaderIds) {
                addLeader(d, members_.at(id));
            }
        }
        std::vector<Index> places;
        for (Index m = 0; m < count; ++m) {
            const Member& member = organisation_.userList[m];
            if (member.status != 1) {
                continue;
            }
            places.clear();
            for (const Membership& membership : member.departments) {
                const Index d = depts_.at(membership.deptId);
                places.push_back(d);
                nodes_[d].members.push_back(m);
                if (membership.isLeader) {
                    addLeader(d, m);
                }
            }
            if (places.empty()) {
                places.push_back(root_);
                nodes_[root_].members.push_back(m);
            }
            ++nodes_[places[primaryOf(member)]].primary;
            count1(places, &Node::people);
        }
        // Who leads what, to count leaders from outside once.
        std::unordered_map<Index, std::vector<Index>> outside;
        for (Index d = 0; d < nodes_.size(); ++d) {
            for (const Index m : nodes_[d].leaders) {
                outside[m].push_back(d);
            }
        }
        for (Index m = 0; m < count; ++m) {
            const Member& member = organisation_.userList[m];
            if (member.status != 1) {
                continue;
            }
            places.clear();
            for (const Membership& membership : member.departments) {
                places.push_back(depts_.at(membership.deptId));
            }
            if (places.empty()) {
                places.push_back(root_);
            }
            if (const auto led = outside.find(m); led != outside.end()) {
                places.insert(places.end(), led->second.begin(), led->second.end());
            }
            count1(places, &Node::peopleAndLeaders);
        }
        for (auto at = preorder_.rbegin(); at != preorder_.rend(); ++at) {
            if (*at != root_) {
                Node& node = nodes_[*at];
                Node& above = nodes_[node.parent];
                above.people += node.people;
                above.peopleAndLeaders += node.peopleAndLeaders;
                above.primary += node.primary;
            }
        }
    }

    void addLeader(Index dept, Index member) {
        auto& leaders = nodes_[dept].leaders;
        if (organisation_.userList[member].status == 1 &&
            std::find(leaders.begin(), leaders.end(), member) == leaders.end()) {
            leaders.push_back(member);
        }
    }

    /** One more person in all departments on the way from `places` to the root, once each; summed up later.
     */
    void count1(std::vector<Index>& places, std::int64_t Node::* counter) {
        std::sort(places.begin(), places.end(),
                  [this](Index a, Index b) { return nodes_[a].position < nodes_[b].position; });
        places.erase(std::unique(places.begin(), places.end()), places.end());
        for (std::size_t i = 0; i < places.size(); ++i) {
            ++(nodes_[places[i]].*counter);
            if (i > 0) {
                --(nodes_[commonAncestor(places[i - 1], places[i])].*counter);
            }
        }
    }

    [[nodiscard]] Index commonAncestor(Index a, Index b) const noexcept {
        while (a != b) {
            if (nodes_[a].depth >= nodes_[b].depth) {
                a = nodes_[a].parent;
            } else {
                b = nodes_[b].parent;
            }
        }
        return a;
    }

    Organisation organisation_;
    Index root_ = 0;
    std::vector<Node> nodes_;
    std::vector<Index> preorder_;
    Map depts_;
    Map members_;
    std::vector<bool> admins_;
    std::unordered_map<std::string, std::vector<Index>> roleMembers_;
};

}  // namespace corps::emulator::detail
