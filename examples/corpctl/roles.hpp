// corpctl role: of a corp of any type.
#pragma once

#include "session.hpp"

#include <corps/corps.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace corpctl {

template <class Corp>
class RoleCommands {
public:
    RoleCommands(Corp& corp, Session const& session) : corp_(corp), s_(session) {}

    int run() {
        std::string_view const command = s_.arguments.command;
        if (command == "role list") return list();
        if (command == "role create")
            return show(corp_.createRole(s_.operand(0), s_.template id<corps::RoleGroupId>(1),
                                         corps::RoleId(ownId())));
        if (command == "role rename") return show(corp_.renameRole(role(), s_.operand(1)));
        if (command == "role delete") return done(corp_.deleteRole(role()));
        if (command == "role members") return members();
        if (command == "role limit") return limit();
        if (command == "role group create")
            return show(corp_.createRoleGroup(s_.operand(0), corps::RoleGroupId(ownId())));
        if (command == "role group rename") return show(corp_.renameRoleGroup(group(), s_.operand(1)));
        return done(corp_.deleteRoleGroup(group()));
    }

private:
    [[nodiscard]] corps::RoleId role() const { return s_.template id<corps::RoleId>(0); }
    [[nodiscard]] corps::RoleGroupId group() const { return s_.template id<corps::RoleGroupId>(0); }
    [[nodiscard]] std::string ownId() const { return s_.arguments.value("--id").value_or(std::string()); }
    int show(corps::CorpRole const& r) const { return s_.show(r, r.roleId, r.name); }
    int show(corps::CorpRoleGroup const& g) const { return s_.show(g, g.roleGroupId, g.name); }
    static int done(corps::Done) { return kDone; }

    int list() {
        std::vector<corps::CorpRole> const roles = corp_.getRoles();
        auto const print = [&](corps::RoleGroupId const& of) {
            for (corps::CorpRole const& r : roles)
                if (r.roleGroupId == of)
                    s_.out() << "  " << printable(r.name) << " [" << printable(r.roleId.view()) << "] "
                             << corp_.getRoleMembers(r.roleId).size() << " members\n";
        };
        for (corps::CorpRoleGroup const& g : corp_.getRoleGroups()) {
            s_.out() << printable(g.name) << " [" << printable(g.roleGroupId.view()) << "]\n";
            print(g.roleGroupId);
        }
        print({});
        return kDone;
    }

    int members() {
        if (s_.arguments.has("--add")) corp_.addRoleMember(role(), s_.template ids<corps::MemberId>("--add"));
        if (s_.arguments.has("--remove"))
            corp_.deleteRoleMember(role(), s_.template ids<corps::MemberId>("--remove"));
        for (corps::CorpMember const& m : corp_.getRoleMembers(role())) s_.line(m.memberId, m.name());
        return kDone;
    }

    int limit() {
        auto const member = s_.template id<corps::MemberId>(1);
        if (s_.arguments.has("--set"))
            corp_.setDeptLimit(role(), member, s_.template ids<corps::DeptId>("--set"));
        for (corps::DeptId const& id : corp_.getDeptLimit(role(), member)) {
            bool there = true;
            corps::CorpDept dept;
            try {
                dept = corp_.getDept(id);
            } catch (corps::Error const& e) {
                if (!e.is(corps::Errc::notFound)) throw;
                there = false;
            }
            s_.line(id, there ? dept.name : "(no longer there)");
        }
        return kDone;
    }

    Corp& corp_;
    Session const& s_;
};

}  // namespace corpctl
