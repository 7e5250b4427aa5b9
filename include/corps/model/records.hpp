/**
 * @file
 * All records, and sets of them. A corp works with one set; to give a record more fields, put a wider one in
 * its place:
 *
 *     struct MyRecords : corps::StandardRecords {
 *         using Member = MyMember;  // CORPS_EXTEND(MyMember, corps::CorpMember, ...)
 *     };
 */
#pragma once

#include <corps/model/corp_admin.hpp>
#include <corps/model/corp_dept.hpp>
#include <corps/model/corp_dept_leader.hpp>
#include <corps/model/corp_dept_limit.hpp>
#include <corps/model/corp_dept_member.hpp>
#include <corps/model/corp_member.hpp>
#include <corps/model/corp_role.hpp>
#include <corps/model/corp_role_group.hpp>
#include <corps/model/corp_role_member.hpp>
#include <corps/model/password_auth.hpp>
#include <corps/model/record.hpp>
#include <corps/model/record_tables.hpp>
#include <corps/model/third_auth.hpp>
#include <corps/model/user.hpp>

#include <concepts>

namespace corps {

/** The documented records. */
struct StandardRecords {
    using Dept = CorpDept;
    using DeptLeader = CorpDeptLeader;
    using Member = CorpMember;
    using DeptMember = CorpDeptMember;
    using RoleGroup = CorpRoleGroup;
    using Role = CorpRole;
    using RoleMember = CorpRoleMember;
    using Admin = CorpAdmin;
    using DeptLimit = CorpDeptLimit;
    using User = corps::User;
    using ThirdAuth = corps::ThirdAuth;
    using PasswordAuth = corps::PasswordAuth;
};

namespace detail {

/** `T` can stand where `Standard` is documented: it is that record, or extends it. */
template <class T, class Standard>
concept StandsFor = Described<T> && std::derived_from<T, Standard>;

}  // namespace detail

/** A set of records: every documented one, or a record that extends it. */
template <class R>
concept RecordSet =
    detail::StandsFor<typename R::Dept, CorpDept> &&
    detail::StandsFor<typename R::DeptLeader, CorpDeptLeader> &&
    detail::StandsFor<typename R::Member, CorpMember> &&
    detail::StandsFor<typename R::DeptMember, CorpDeptMember> &&
    detail::StandsFor<typename R::RoleGroup, CorpRoleGroup> &&
    detail::StandsFor<typename R::Role, CorpRole> &&
    detail::StandsFor<typename R::RoleMember, CorpRoleMember> &&
    detail::StandsFor<typename R::Admin, CorpAdmin> &&
    detail::StandsFor<typename R::DeptLimit, CorpDeptLimit> && detail::StandsFor<typename R::User, User> &&
    detail::StandsFor<typename R::ThirdAuth, ThirdAuth> &&
    detail::StandsFor<typename R::PasswordAuth, PasswordAuth>;

namespace detail {

template <class T, class Standard>
consteval bool requireRecordFor() {
    if constexpr (!std::derived_from<T, Standard>) {
        static_assert(std::derived_from<T, Standard>,
                      "corps: a set of records needs, in this place, the documented record or one that "
                      "derives from it and says "
                      "CORPS_EXTEND(My, Base, ...)");
        return false;
    } else {
        return requireRecord<T>();
    }
}

/** True for a RecordSet; otherwise one error for each record that does not fit. */
template <class R>
consteval bool requireRecordSet() {
    bool ok = requireRecordFor<typename R::Dept, CorpDept>();
    ok = requireRecordFor<typename R::DeptLeader, CorpDeptLeader>() && ok;
    ok = requireRecordFor<typename R::Member, CorpMember>() && ok;
    ok = requireRecordFor<typename R::DeptMember, CorpDeptMember>() && ok;
    ok = requireRecordFor<typename R::RoleGroup, CorpRoleGroup>() && ok;
    ok = requireRecordFor<typename R::Role, CorpRole>() && ok;
    ok = requireRecordFor<typename R::RoleMember, CorpRoleMember>() && ok;
    ok = requireRecordFor<typename R::Admin, CorpAdmin>() && ok;
    ok = requireRecordFor<typename R::DeptLimit, CorpDeptLimit>() && ok;
    ok = requireRecordFor<typename R::User, User>() && ok;
    ok = requireRecordFor<typename R::ThirdAuth, ThirdAuth>() && ok;
    ok = requireRecordFor<typename R::PasswordAuth, PasswordAuth>() && ok;
    return ok;
}

}  // namespace detail

/**
 * The tables of a set of records: one object for the whole program, made at the first call.
 *
 * Threads     Safe.
 * Cost        One check of a flag, after the first call.
 */
template <class Records = StandardRecords>
[[nodiscard]] RecordTables const& tablesOf() {
    if constexpr (detail::requireRecordSet<Records>()) {
        static RecordTables const tables = [] {
            RecordTables t;
            t.dept = &schemaOf<typename Records::Dept>();
            t.deptLeader = &schemaOf<typename Records::DeptLeader>();
            t.member = &schemaOf<typename Records::Member>();
            t.deptMember = &schemaOf<typename Records::DeptMember>();
            t.roleGroup = &schemaOf<typename Records::RoleGroup>();
            t.role = &schemaOf<typename Records::Role>();
            t.roleMember = &schemaOf<typename Records::RoleMember>();
            t.admin = &schemaOf<typename Records::Admin>();
            t.deptLimit = &schemaOf<typename Records::DeptLimit>();
            t.user = &schemaOf<typename Records::User>();
            t.thirdAuth = &schemaOf<typename Records::ThirdAuth>();
            t.passwordAuth = &schemaOf<typename Records::PasswordAuth>();
            return t;
        }();
        return tables;
    } else {
        static RecordTables const none;
        return none;
    }
}

#ifdef CORPS_SEPARATE_COMPILATION
extern template RecordTables const& tablesOf<StandardRecords>();
#endif

}  // namespace corps
