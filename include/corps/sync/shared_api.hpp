#pragma once

#include <corps/config/corp_config.hpp>
#include <corps/error/error.hpp>
#include <corps/model/ids.hpp>
#include <corps/model/links.hpp>
#include <corps/model/local_corp_data.hpp>
#include <corps/model/member_status.hpp>
#include <corps/model/records.hpp>
#include <corps/sync/corp_core.hpp>
#include <corps/sync/results.hpp>

#include <boost/json/object.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace corps {

/** What members are looked for by: every text that is not empty must be theirs exactly (a phone as stored, in
 * E.164). */
struct MemberQuery {
    std::string phone{};
    std::string email{};
    std::string jobNumber{};
    std::string nick{};
};

/**
 * The methods that every corp has. Members carry the status that counts: resigned, too, who was set offline
 * here. Lists are sorted by id unless said otherwise.
 *
 * Errors      Error(notFound) for an id that names nothing; Error(storage).
 * Exceptions  Strong guarantee: what throws has changed nothing.
 * Threads     Any; each call is one transaction of its own. They block on the store.
 */
template <class Traits>
class SharedApi {
public:
    using Records = typename Traits::Records;
    using Dept = typename Records::Dept;
    using Member = typename Records::Member;
    using DeptMember = typename Records::DeptMember;
    using Role = typename Records::Role;
    using RoleGroup = typename Records::RoleGroup;
    using RoleMember = typename Records::RoleMember;
    using LocalData = BasicLocalCorpData<Records>;

    // --- what it is ---

    [[nodiscard]] std::string const& title() const noexcept { return config().title; }
    /** "corps.Name" */
    [[nodiscard]] std::string const& fullName() const noexcept { return config().fullName; }
    /** The same as fullName. */
    [[nodiscard]] std::string const& corpFullName() const noexcept { return config().fullName; }
    /** Element and business file merged, secrets masked. */
    [[nodiscard]] boost::json::object corpData() const { return config().publicData(); }
    /** title, fullName, type and configuration; secrets masked. */
    [[nodiscard]] boost::json::object getCorpInfo() const { return config().publicData(); }
    [[nodiscard]] Context const& context() const noexcept { return core_->context(); }

    // --- departments ---

    /** All departments: the root first, then by id. */
    [[nodiscard]] std::vector<Dept> getDepts() const {
        std::vector<Dept> out;
        core_->read([&](CorpReader const& r) { out = depts(r); });
        return out;
    }
    [[nodiscard]] Dept getDept(DeptId deptId) const {
        Dept out{};
        core_->read([&](CorpReader const& r) {
            r.requireDept(deptId.view());
            out = dept(r, deptId.view());
        });
        return out;
    }
    /** Active members of a department and, with `recursive`, of all below it; each once. */
    [[nodiscard]] std::vector<Member> getDeptMembers(DeptId deptId, bool recursive = false) const {
        std::vector<Member> out;
        core_->read([&](CorpReader const& r) {
            r.requireDept(deptId.view());
            std::vector<std::string> depts;
            if (recursive)
                depts = r.subtree(deptId.view());
            else
                depts.push_back(deptId.str());
            out = membersWith(r, r.membersOf(depts));
        });
        return out;
    }
    /** Where a member stands: the primary department first, then by id. */
    [[nodiscard]] std::vector<DeptMember> getMemberDepts(MemberId memberId) const {
        std::vector<DeptMember> out;
        core_->read([&](CorpReader const& r) {
            r.requireMember(memberId.view());
            r.visitDeptsOf(memberId.view(), [&](RowView row) {
                out.push_back(fromRow<DeptMember>(row));
                return true;
            });
            for (DeptMember& m : out) m.isLeader = r.leads(m.deptId.view(), memberId.view());
        });
        std::ranges::sort(out, [](DeptMember const& a, DeptMember const& b) {
            bool const first = a.isPrimary.valueOr(false), second = b.isPrimary.valueOr(false);
            return first != second ? first : a.deptId < b.deptId;
        });
        return out;
    }

    // --- members ---

    [[nodiscard]] std::vector<Member> getMembers(StatusFilter status = StatusFilter::all) const {
        std::vector<Member> out;
        forEachMember([&out](Member const& m) { out.push_back(m); }, status);
        return out;
    }
    /** @param status "all", "active" or "offline". Errors: invalidArgument for another word. */
    [[nodiscard]] std::vector<Member> getMembers(std::string_view status) const {
        return getMembers(parseStatusFilter(status));
    }
    [[nodiscard]] Member getMember(MemberId memberId) const {
        Member out{};
        core_->read([&](CorpReader const& r) {
            r.visitMember(memberId, [&](RowView row, MemberStatus status) {
                out = member(row, status);
                return false;
            });
        });
        return out;
    }
    /**
     * Calls f(member) for each, in one view of the store and without a list of them all; when f returns bool,
     * false ends it. f must not change this corp.
     */
    template <class F>
        requires std::invocable<F&, Member const&>
    void forEachMember(F&& f, StatusFilter status = StatusFilter::all) const {
        core_->read([&](CorpReader const& r) {
            r.visitMembers(status, [&](RowView row, MemberStatus s) {
                if constexpr (std::is_void_v<std::invoke_result_t<F&, Member const&>>) {
                    f(member(row, s));
                    return true;
                } else {
                    return static_cast<bool>(f(member(row, s)));
                }
            });
        });
    }
    /** Members of any status whose fields equal all that `query` names. Errors: invalidArgument when it names
     * nothing. */
    [[nodiscard]] std::vector<Member> findMembers(MemberQuery const& query) const {
        std::array<std::pair<std::string_view, std::string const*>, 4> const wanted{
            {{"jobNumber", &query.jobNumber},
             {"phone", &query.phone},
             {"email", &query.email},
             {"nick", &query.nick}}};
        auto const first = std::ranges::find_if(wanted, [](auto const& w) { return !w.second->empty(); });
        if (first == wanted.end())
            throw Error(Errc::invalidArgument, "findMembers needs something to look for");
        auto const equals = [](Field<std::string> const& f, std::string const& v) {
            return v.empty() || (f.known() && f.value() == v);
        };
        std::vector<Member> out;
        core_->read([&](CorpReader const& r) {
            r.visitMembersBy(first->first, *first->second, [&](RowView row, MemberStatus status) {
                Member m = member(row, status);
                if (equals(m.phone, query.phone) && equals(m.email, query.email) &&
                    equals(m.jobNumber, query.jobNumber) && equals(m.nick, query.nick))
                    out.push_back(std::move(m));
                return true;
            });
        });
        sortBy(out, &Member::memberId);
        return out;
    }

    // --- roles ---

    [[nodiscard]] std::vector<Role> getRoles() const { return all<Role>(*core_->tables().role); }
    [[nodiscard]] std::vector<RoleGroup> getRoleGroups() const {
        return all<RoleGroup>(*core_->tables().roleGroup);
    }
    /** Roles a member has, from upstream and from here; none while the member counts as resigned. */
    [[nodiscard]] std::vector<Role> getMemberRoles(MemberId memberId) const {
        std::vector<Role> out;
        core_->read([&](CorpReader const& r) {
            r.requireMember(memberId.view());
            if (r.findStatus(memberId.view()) != MemberStatus::active) return;
            for (std::string const& id : r.rolesOf(memberId.view()))
                r.visitOne(*core_->tables().role, id,
                           [&](RowView row) { out.push_back(fromRow<Role>(row)); });
        });
        return out;
    }
    /** Active members who have a role. */
    [[nodiscard]] std::vector<Member> getRoleMembers(RoleId roleId) const {
        std::vector<Member> out;
        core_->read([&](CorpReader const& r) {
            r.requireRole(roleId.view());
            out = membersWith(r, r.withRole(roleId.view()));
        });
        return out;
    }
    /**
     * Clears all roles of a member, then sets these: from now on the member's roles are owned here and no
     * sync changes them, until releaseUserRole.
     */
    std::vector<RoleMember> setUserRole(MemberId memberId, std::vector<RoleId> const& roleIdList) {
        std::vector<RoleMember> out;
        core_->edit(caller_, [&](LocalEdits& edits) {
            edits.setUserRole(memberId, roleIdList);
            edits.reader().visitRolesOf(memberId.view(), [&](RowView row) {
                out.push_back(fromRow<RoleMember>(row));
                return true;
            });
        });
        sortBy(out, &RoleMember::roleId);
        return out;
    }
    RoleGroup createRoleGroup(std::string_view name) {
        RoleGroupId const id(context().newId());
        core_->edit(caller_, [&](LocalEdits& edits) { edits.createRoleGroup(id, name); });
        return one<RoleGroup>(*core_->tables().roleGroup, id.view());
    }
    /** Errors: refused for a group of the upstream; invalidArgument for an empty name. */
    RoleGroup renameRoleGroup(RoleGroupId roleGroupId, std::string_view name) {
        core_->edit(caller_, [&](LocalEdits& edits) { edits.renameRoleGroup(roleGroupId, name); });
        return one<RoleGroup>(*core_->tables().roleGroup, roleGroupId.view());
    }
    /** Errors: refused for a group of the upstream, and for one that has roles. */
    Done deleteRoleGroup(RoleGroupId roleGroupId) {
        core_->edit(caller_, [&](LocalEdits& edits) { edits.deleteRoleGroup(roleGroupId); });
        return Done();
    }
    /** Makes a role of our own. Errors: invalidArgument for an empty name; notFound for the group. */
    Role createRole(std::string_view name, RoleGroupId roleGroupId) {
        RoleId const id(context().newId());
        core_->edit(caller_, [&](LocalEdits& edits) { edits.createRole(id, roleGroupId, name); });
        return one<Role>(*core_->tables().role, id.view());
    }
    /** Errors: refused for a role of the upstream; invalidArgument for an empty name. */
    Role renameRole(RoleId roleId, std::string_view name) {
        core_->edit(caller_, [&](LocalEdits& edits) { edits.renameRole(roleId, name); });
        return one<Role>(*core_->tables().role, roleId.view());
    }
    /** With who has it and its limits. Errors: refused for a role of the upstream. */
    Done deleteRole(RoleId roleId) {
        core_->edit(caller_, [&](LocalEdits& edits) { edits.deleteRole(roleId); });
        return Done();
    }
    Done addRoleMember(RoleId roleId, std::vector<MemberId> const& memberIdList) {
        core_->edit(caller_, [&](LocalEdits& edits) { edits.addRoleMembers(roleId, memberIdList); });
        return Done();
    }
    /** Errors: refused for a member who has the role from the upstream; setUserRole takes such a member over.
     */
    Done deleteRoleMember(RoleId roleId, std::vector<MemberId> const& memberIdList) {
        core_->edit(caller_, [&](LocalEdits& edits) { edits.deleteRoleMembers(roleId, memberIdList); });
        return Done();
    }
    /** Limits a member's role to departments; replaces the limit there was; an empty list is no limit. */
    Done setDeptLimit(RoleId roleId, MemberId memberId, std::vector<DeptId> const& deptIdList) {
        core_->edit(caller_, [&](LocalEdits& edits) { edits.setDeptLimit(roleId, memberId, deptIdList); });
        return Done();
    }
    /** As set, with departments that have vanished since: they allow nothing, but the limit stays a limit.
     * Empty: none. */
    [[nodiscard]] std::vector<DeptId> getDeptLimit(RoleId roleId, MemberId memberId) const {
        std::vector<DeptId> out;
        core_->read([&](CorpReader const& r) {
            r.requireRole(roleId.view());
            r.requireMember(memberId.view());
            for (std::string& id : r.deptLimit(roleId.view(), memberId.view()))
                out.push_back(DeptId(std::move(id)));
        });
        return out;
    }

    // --- administrators, signatures, who is offline ---

    /** Administrators who are active: the upstream's and those set here. */
    [[nodiscard]] std::vector<MemberId> getAdmin() const {
        std::vector<MemberId> out;
        core_->read([&](CorpReader const& r) {
            for (std::string& id : r.admins()) out.push_back(MemberId(std::move(id)));
        });
        return out;
    }
    /** Replaces the administrators set here; the upstream's stay as they are. */
    Done setAdmin(std::vector<MemberId> const& memberIdList) {
        core_->edit(caller_, [&](LocalEdits& edits) { edits.setAdmins(memberIdList); });
        return Done();
    }
    [[nodiscard]] UserSignature getUserSignature(MemberId memberId) const {
        UserSignature out;
        core_->read([&](CorpReader const& r) { out.signature = r.memberText(memberId, "signature"); });
        return out;
    }
    /** @param signature a link to the picture; empty takes it away. */
    Done saveUserSignature(MemberId memberId, std::string_view signature) {
        core_->edit(caller_, [&](LocalEdits& edits) { edits.saveSignature(memberId, signature); });
        return Done();
    }
    /**
     * Members who count as resigned from now on, through every sync, until reinstateMember or until they
     * leave upstream and return. Does not concern their other corps.
     */
    Done offlineMember(std::vector<MemberId> const& memberIdList) {
        core_->edit(caller_, [&](LocalEdits& edits) { edits.setOffline(memberIdList); });
        return Done();
    }
    /** The inverse of offlineMember. Errors: refused for who has resigned upstream. */
    Done reinstateMember(std::vector<MemberId> const& memberIdList) {
        core_->edit(caller_, [&](LocalEdits& edits) { edits.reinstate(memberIdList); });
        return Done();
    }

    // --- everything ---

    /** All that is held here of active members, sorted by id, so that equal data is equal text. Holds it all
     * in memory. */
    [[nodiscard]] LocalData getLocalCorpData() const {
        LocalData out;
        out.corp = getCorpInfo();
        core_->read([&](CorpReader const& r) {
            RecordTables const& t = core_->tables();
            r.visitMembers(StatusFilter::active, [&](RowView row, MemberStatus status) {
                out.userList.push_back(member(row, status));
                return true;
            });
            // Rows come in the order of their keys.
            auto const active = [&](MemberId const& id) {
                return std::ranges::binary_search(out.userList, id, {}, &Member::memberId);
            };
            out.deptList = depts(r);
            r.visitAll(*t.deptMember, [&](RowView row) {
                DeptMember m = fromRow<DeptMember>(row);
                if (active(m.memberId)) out.deptMemberList.push_back(std::move(m));
                return true;
            });
            fillIsLeader(out.deptMemberList, rowsOf<typename Records::DeptLeader>(r, *t.deptLeader));
            out.roleList = rowsOf<Role>(r, *t.role);
            out.roleGroupList = rowsOf<RoleGroup>(r, *t.roleGroup);
            r.visitAll(*t.roleMember, [&](RowView row) {
                RoleMember m = fromRow<RoleMember>(row);
                bool const exists = std::ranges::binary_search(out.roleList, m.roleId, {}, &Role::roleId);
                if (exists && active(m.memberId)) out.roleMemberSet.push_back(std::move(m));
                return true;
            });
        });
        out.sort();
        return out;
    }
    /**
     * The change feed: who changed what, when, with old and new values.
     * @param cursor of the last entry seen; empty: from the oldest kept. @param limit at most so many
     * entries.
     */
    [[nodiscard]] std::vector<FeedEntry> changesSince(std::string_view cursor = {},
                                                      std::size_t limit = 1000) const {
        return core_->changesSince(cursor, limit);
    }

protected:
    using Core = typename Traits::Core;

    SharedApi(std::shared_ptr<Core> core, std::string caller)
        : core_(std::move(core)), caller_(std::move(caller)) {}
    ~SharedApi() = default;
    SharedApi(SharedApi const&) = default;
    SharedApi(SharedApi&&) noexcept = default;
    SharedApi& operator=(SharedApi const&) = default;
    SharedApi& operator=(SharedApi&&) noexcept = default;

    [[nodiscard]] CorpConfig const& config() const noexcept { return core_->config(); }
    [[nodiscard]] std::shared_ptr<Core> const& core() const noexcept { return core_; }
    [[nodiscard]] std::string const& caller() const noexcept { return caller_; }

    [[nodiscard]] Dept rootDept() const {
        Dept out{};
        core_->read([&](CorpReader const& r) {
            std::string const id = r.rootDeptId();
            r.requireDept(id);
            out = dept(r, id);
        });
        return out;
    }
    template <class Record>
    [[nodiscard]] Record one(TableSchema const& t, std::string_view id) const {
        Record out{};
        core_->read([&](CorpReader const& r) {
            r.visitOne(t, id, [&](RowView row) { out = fromRow<Record>(row); });
        });
        return out;
    }

private:
    template <class Record>
    [[nodiscard]] static std::vector<Record> rowsOf(CorpReader const& r, TableSchema const& t) {
        std::vector<Record> out;
        r.visitAll(t, [&](RowView row) {
            out.push_back(fromRow<Record>(row));
            return true;
        });
        return out;
    }
    template <class Record>
    [[nodiscard]] std::vector<Record> all(TableSchema const& t) const {
        std::vector<Record> out;
        core_->read([&](CorpReader const& r) { out = rowsOf<Record>(r, t); });
        return out;
    }
    [[nodiscard]] static Member member(RowView row, MemberStatus status) {
        Member out = fromRow<Member>(row);
        out.status = status;
        return out;
    }
    [[nodiscard]] static std::vector<Member> membersWith(CorpReader const& r, std::vector<std::string> ids) {
        std::vector<Member> out;
        r.visitMembers(std::move(ids), StatusFilter::active, [&](RowView row, MemberStatus status) {
            out.push_back(member(row, status));
            return true;
        });
        return out;
    }
    [[nodiscard]] std::vector<Dept> depts(CorpReader const& r) const {
        std::vector<Dept> out = rowsOf<Dept>(r, *core_->tables().dept);
        fillPaths(out);
        fillLeaderIds(out, rowsOf<typename Records::DeptLeader>(r, *core_->tables().deptLeader));
        sortDepts(out);
        return out;
    }
    [[nodiscard]] Dept dept(CorpReader const& r, std::string_view id) const {
        std::vector<Dept> found(1);
        r.visitOne(*core_->tables().dept, id, [&](RowView row) { found[0] = fromRow<Dept>(row); });
        std::vector<typename Records::DeptLeader> leaders;
        r.visitLeaders(id, [&](RowView row) {
            leaders.push_back(fromRow<typename Records::DeptLeader>(row));
            return true;
        });
        fillLeaderIds(found, leaders);
        found[0].path = r.pathOf(id);
        return std::move(found[0]);
    }

    std::shared_ptr<Core> core_;
    std::string caller_;
};

}  // namespace corps
