#pragma once

#include <corps/detail/config.hpp>
#include <corps/error/error.hpp>
#include <corps/model/ids.hpp>
#include <corps/model/links.hpp>
#include <corps/model/local_corp_data.hpp>
#include <corps/model/member_status.hpp>
#include <corps/model/records.hpp>
#include <corps/storage/store.hpp>
#include <corps/sync/corp_core.hpp>
#include <corps/sync/corp_reader.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
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
 * Rows as records of one set: the typed half of what SharedApi reads; see there for what each gives. Each
 * call is one view of the store. A class of static functions, so that those of the standard records are
 * compiled once (see below).
 */
template <class Records>
struct RecordReader {
    using Dept = typename Records::Dept;
    using DeptLeader = typename Records::DeptLeader;
    using Member = typename Records::Member;
    using DeptMember = typename Records::DeptMember;
    using Role = typename Records::Role;
    using RoleGroup = typename Records::RoleGroup;
    using RoleMember = typename Records::RoleMember;
    using User = typename Records::User;
    using LocalData = BasicLocalCorpData<Records>;
    [[nodiscard]] static std::vector<Dept> depts(CorpCore& core);
    [[nodiscard]] static Dept dept(CorpCore& core, std::string_view id);
    [[nodiscard]] static Dept rootDept(CorpCore& core);
    [[nodiscard]] static std::vector<Member> deptMembers(CorpCore& core, std::string const& id,
                                                         bool recursive);
    [[nodiscard]] static std::vector<DeptMember> memberDepts(CorpCore& core, std::string_view id);

    static void visitMembers(CorpCore& core, StatusFilter filter, FunctionRef<bool(Member const&)> f);
    [[nodiscard]] static std::vector<Member> members(CorpCore& core, StatusFilter filter);
    [[nodiscard]] static Member member(CorpCore& core, MemberId const& id);
    [[nodiscard]] static std::vector<Member> findMembers(CorpCore& core, MemberQuery const& query);
    [[nodiscard]] static std::vector<Role> roles(CorpCore& core);
    [[nodiscard]] static std::vector<RoleGroup> roleGroups(CorpCore& core);
    [[nodiscard]] static Role role(CorpCore& core, std::string_view id);
    [[nodiscard]] static RoleGroup roleGroup(CorpCore& core, std::string_view id);
    [[nodiscard]] static std::vector<Role> memberRoles(CorpCore& core, std::string_view id);
    [[nodiscard]] static std::vector<Member> roleMembers(CorpCore& core, std::string_view roleId);
    [[nodiscard]] static std::vector<RoleMember> setUserRole(CorpCore& core, std::string const& caller,
                                                             MemberId const& id,
                                                             std::vector<RoleId> const& roles);
    [[nodiscard]] static LocalData localData(CorpCore& core);

    // The same inside a transaction. What is asked for must be there, but for a user.
    [[nodiscard]] static Dept deptIn(CorpReader const& r, std::string_view id);
    [[nodiscard]] static Member memberIn(CorpReader const& r, MemberId const& id);
    /** The memberships of these, in their order. */
    [[nodiscard]] static std::vector<DeptMember> deptMembersIn(CorpReader const& r, DeptId const& dept,
                                                               std::vector<MemberId> const& ids);
    [[nodiscard]] static User userIn(CorpReader const& r, UserId const& id);
    template <class Record>
    [[nodiscard]] static Record oneIn(CorpReader const& r, TableSchema const& t, std::string_view id);

private:
    template <class Record>
    [[nodiscard]] static std::vector<Record> rowsOf(CorpReader const& r, TableSchema const& t);
    template <class Record>
    [[nodiscard]] static std::vector<Record> all(CorpCore& core, TableSchema const& t);
    template <class Record>
    [[nodiscard]] static Record one(CorpCore& core, TableSchema const& t, std::string_view id);
    [[nodiscard]] static Member memberOf(RowView row, MemberStatus status);
    [[nodiscard]] static std::vector<Member> activeIn(CorpReader const& r, std::vector<std::string> ids);
    [[nodiscard]] static std::vector<Dept> deptsIn(CorpReader const& r);
    /** Who resigned leads nothing; somebody who is no member of the corp may. */
    static void dropResigned(CorpReader const& r, std::vector<DeptLeader>& leaders);
};

template <class Records>
auto RecordReader<Records>::depts(CorpCore& core) -> std::vector<Dept> {
    std::vector<Dept> out;
    core.read([&](CorpReader const& r) { out = deptsIn(r); });
    return out;
}

template <class Records>
auto RecordReader<Records>::dept(CorpCore& core, std::string_view id) -> Dept {
    Dept out{};
    core.read([&](CorpReader const& r) {
        r.requireDept(id);
        out = deptIn(r, id);
    });
    return out;
}

template <class Records>
auto RecordReader<Records>::rootDept(CorpCore& core) -> Dept {
    Dept out{};
    core.read([&](CorpReader const& r) {
        std::string const id = r.rootDeptId();
        r.requireDept(id);
        out = deptIn(r, id);
    });
    return out;
}

template <class Records>
auto RecordReader<Records>::deptMembers(CorpCore& core, std::string const& id, bool recursive)
    -> std::vector<Member> {
    std::vector<Member> out;
    core.read([&](CorpReader const& r) {
        r.requireDept(id);
        std::vector<std::string> depts;
        if (recursive)
            depts = r.subtree(id);
        else
            depts.push_back(id);
        out = activeIn(r, r.membersOf(depts));
    });
    return out;
}

template <class Records>
auto RecordReader<Records>::memberDepts(CorpCore& core, std::string_view id) -> std::vector<DeptMember> {
    std::vector<DeptMember> out;
    core.read([&](CorpReader const& r) {
        r.requireMember(id);
        r.visitDeptsOf(id, [&](RowView row) {
            out.push_back(fromRow<DeptMember>(row));
            return true;
        });
        for (DeptMember& m : out) m.isLeader = r.leads(m.deptId.view(), id);
    });
    std::ranges::sort(out, [](DeptMember const& a, DeptMember const& b) {
        bool const first = a.isPrimary.valueOr(false), second = b.isPrimary.valueOr(false);
        return first != second ? first : a.deptId < b.deptId;
    });
    return out;
}

template <class Records>
auto RecordReader<Records>::visitMembers(CorpCore& core, StatusFilter filter,
                                         FunctionRef<bool(Member const&)> f) -> void {
    core.read([&](CorpReader const& r) {
        r.visitMembers(filter, [&](RowView row, MemberStatus status) { return f(memberOf(row, status)); });
    });
}

template <class Records>
auto RecordReader<Records>::members(CorpCore& core, StatusFilter filter) -> std::vector<Member> {
    std::vector<Member> out;
    core.read([&](CorpReader const& r) {
        r.visitMembers(filter, [&](RowView row, MemberStatus status) {
            out.push_back(memberOf(row, status));
            return true;
        });
    });
    return out;
}

template <class Records>
auto RecordReader<Records>::member(CorpCore& core, MemberId const& id) -> Member {
    Member out{};
    core.read([&](CorpReader const& r) { out = memberIn(r, id); });
    return out;
}

template <class Records>
auto RecordReader<Records>::findMembers(CorpCore& core, MemberQuery const& query) -> std::vector<Member> {
    // In the order in which they tell people apart best.
    std::array<std::pair<std::string_view, std::string const*>, 4> const wanted{
        {{"jobNumber", &query.jobNumber},
         {"phone", &query.phone},
         {"email", &query.email},
         {"nick", &query.nick}}};
    auto const first = std::ranges::find_if(wanted, [](auto const& w) { return !w.second->empty(); });
    if (first == wanted.end()) throw Error(Errc::invalidArgument, "findMembers needs something to look for");
    auto const equals = [](Field<std::string> const& f, std::string const& v) {
        return v.empty() || (f.known() && f.value() == v);
    };
    std::vector<Member> out;
    core.read([&](CorpReader const& r) {
        r.visitMembersBy(first->first, *first->second, [&](RowView row, MemberStatus status) {
            Member m = memberOf(row, status);
            if (equals(m.phone, query.phone) && equals(m.email, query.email) &&
                equals(m.jobNumber, query.jobNumber) && equals(m.nick, query.nick))
                out.push_back(std::move(m));
            return true;
        });
    });
    sortBy(out, &Member::memberId);
    return out;
}

template <class Records>
auto RecordReader<Records>::roles(CorpCore& core) -> std::vector<Role> {
    return all<Role>(core, *core.tables().role);
}

template <class Records>
auto RecordReader<Records>::roleGroups(CorpCore& core) -> std::vector<RoleGroup> {
    return all<RoleGroup>(core, *core.tables().roleGroup);
}

template <class Records>
auto RecordReader<Records>::role(CorpCore& core, std::string_view id) -> Role {
    return one<Role>(core, *core.tables().role, id);
}

template <class Records>
auto RecordReader<Records>::roleGroup(CorpCore& core, std::string_view id) -> RoleGroup {
    return one<RoleGroup>(core, *core.tables().roleGroup, id);
}

template <class Records>
auto RecordReader<Records>::memberRoles(CorpCore& core, std::string_view id) -> std::vector<Role> {
    std::vector<Role> out;
    core.read([&](CorpReader const& r) {
        r.requireMember(id);
        if (r.findStatus(id) != MemberStatus::active) return;
        for (std::string const& role : r.rolesOf(id))
            r.visitOne(*core.tables().role, role, [&](RowView row) { out.push_back(fromRow<Role>(row)); });
    });
    return out;
}

template <class Records>
auto RecordReader<Records>::roleMembers(CorpCore& core, std::string_view roleId) -> std::vector<Member> {
    std::vector<Member> out;
    core.read([&](CorpReader const& r) {
        r.requireRole(roleId);
        out = activeIn(r, r.withRole(roleId));
    });
    return out;
}

template <class Records>
auto RecordReader<Records>::setUserRole(CorpCore& core, std::string const& caller, MemberId const& id,
                                        std::vector<RoleId> const& roles) -> std::vector<RoleMember> {
    std::vector<RoleMember> out;
    core.edit(caller, [&](LocalEdits& edits) {
        edits.setUserRole(id, roles);
        edits.reader().visitRolesOf(id.view(), [&](RowView row) {
            out.push_back(fromRow<RoleMember>(row));
            return true;
        });
    });
    sortBy(out, &RoleMember::roleId);
    return out;
}

template <class Records>
auto RecordReader<Records>::localData(CorpCore& core) -> LocalData {
    LocalData out;
    out.corp = core.config().publicData();
    core.read([&](CorpReader const& r) {
        RecordTables const& t = core.tables();
        r.visitMembers(StatusFilter::active, [&](RowView row, MemberStatus status) {
            out.userList.push_back(memberOf(row, status));
            return true;
        });
        // Rows come in the order of their keys.
        auto const active = [&](MemberId const& id) {
            return std::ranges::binary_search(out.userList, id, {}, &Member::memberId);
        };
        out.deptList = deptsIn(r);
        r.visitAll(*t.deptMember, [&](RowView row) {
            DeptMember m = fromRow<DeptMember>(row);
            if (active(m.memberId)) out.deptMemberList.push_back(std::move(m));
            return true;
        });
        fillIsLeader(out.deptMemberList, rowsOf<DeptLeader>(r, *t.deptLeader));
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

template <class Records>
auto RecordReader<Records>::memberIn(CorpReader const& r, MemberId const& id) -> Member {
    Member out{};
    r.visitMember(id, [&](RowView row, MemberStatus status) {
        out = memberOf(row, status);
        return false;
    });
    return out;
}

template <class Records>
auto RecordReader<Records>::deptMembersIn(CorpReader const& r, DeptId const& dept,
                                          std::vector<MemberId> const& ids) -> std::vector<DeptMember> {
    std::vector<DeptMember> out;
    for (MemberId const& id : ids) {
        if (std::ranges::find(out, id, &DeptMember::memberId) != out.end()) continue;
        r.visitPair(*r.tables().deptMember, dept.view(), id.view(), [&](RowView row) {
            out.push_back(fromRow<DeptMember>(row));
            out.back().isLeader = r.leads(dept.view(), id.view());
        });
    }
    return out;
}

template <class Records>
auto RecordReader<Records>::userIn(CorpReader const& r, UserId const& id) -> User {
    User out{};
    r.visitUser(id.view(), [&](RowView row) { out = fromRow<User>(row); });
    return out;
}

template <class Records>
template <class Record>
auto RecordReader<Records>::oneIn(CorpReader const& r, TableSchema const& t, std::string_view id) -> Record {
    Record out{};
    r.visitOne(t, id, [&](RowView row) { out = fromRow<Record>(row); });
    return out;
}

template <class Records>
template <class Record>
auto RecordReader<Records>::rowsOf(CorpReader const& r, TableSchema const& t) -> std::vector<Record> {
    std::vector<Record> out;
    r.visitAll(t, [&](RowView row) {
        out.push_back(fromRow<Record>(row));
        return true;
    });
    return out;
}

template <class Records>
template <class Record>
auto RecordReader<Records>::all(CorpCore& core, TableSchema const& t) -> std::vector<Record> {
    std::vector<Record> out;
    core.read([&](CorpReader const& r) { out = rowsOf<Record>(r, t); });
    return out;
}

template <class Records>
template <class Record>
auto RecordReader<Records>::one(CorpCore& core, TableSchema const& t, std::string_view id) -> Record {
    Record out{};
    core.read([&](CorpReader const& r) { out = oneIn<Record>(r, t, id); });
    return out;
}

template <class Records>
auto RecordReader<Records>::memberOf(RowView row, MemberStatus status) -> Member {
    Member out = fromRow<Member>(row);
    out.status = status;
    return out;
}

template <class Records>
auto RecordReader<Records>::activeIn(CorpReader const& r, std::vector<std::string> ids)
    -> std::vector<Member> {
    std::vector<Member> out;
    r.visitMembers(std::move(ids), StatusFilter::active, [&](RowView row, MemberStatus status) {
        out.push_back(memberOf(row, status));
        return true;
    });
    return out;
}

template <class Records>
auto RecordReader<Records>::dropResigned(CorpReader const& r, std::vector<DeptLeader>& leaders) -> void {
    std::erase_if(leaders, [&](DeptLeader const& l) {
        return r.findStatus(l.memberId.view()) == MemberStatus::resigned;
    });
}

template <class Records>
auto RecordReader<Records>::deptsIn(CorpReader const& r) -> std::vector<Dept> {
    std::vector<Dept> out = rowsOf<Dept>(r, *r.tables().dept);
    fillPaths(out);
    std::vector<DeptLeader> leaders = rowsOf<DeptLeader>(r, *r.tables().deptLeader);
    dropResigned(r, leaders);
    fillLeaderIds(out, leaders);
    sortDepts(out);
    return out;
}

template <class Records>
auto RecordReader<Records>::deptIn(CorpReader const& r, std::string_view id) -> Dept {
    std::vector<Dept> found(1);
    r.visitOne(*r.tables().dept, id, [&](RowView row) { found[0] = fromRow<Dept>(row); });
    std::vector<DeptLeader> leaders;
    r.visitLeaders(id, [&](RowView row) {
        leaders.push_back(fromRow<DeptLeader>(row));
        return true;
    });
    dropResigned(r, leaders);
    fillLeaderIds(found, leaders);
    found[0].path = r.pathOf(id);
    return std::move(found[0]);
}

#ifdef CORPS_SEPARATE_COMPILATION
extern template struct RecordReader<StandardRecords>;
#endif

}  // namespace corps
