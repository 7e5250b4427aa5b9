// corpctl dept, member, passwd and import: editing the organisation itself.
#pragma once

#include "session.hpp"

#include <corps/corps.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corpctl {

template <class Corp>
class OrganisationCommands {
public:
    OrganisationCommands(Corp& corp, Session const& session) : corp_(corp), s_(session) {}

    int run() {
        std::string_view const command = s_.arguments.command;
        // What every corp has.
        if (command == "member show") return show();
        if (command == "member resign" || command == "member reinstate") return status();
        bool const shows =
            (command == "dept leaders" && !s_.arguments.has("--set")) ||
            (command == "member departments" && !s_.arguments.has("--add") && !s_.arguments.has("--remove"));
        if constexpr (Corp::Sync::kFollowsUpstream) {
            if (!shows) refuseMirror(corp_.fullName());
        } else if (!shows) {
            if (command == "import") return import();
            if (command == "passwd") return passwd();
            if (command == "dept create")
                return show(corp_.createDept(s_.operand(0), parent(),
                                             corps::DeptId(s_.arguments.value("--id").value_or(""))));
            if (command == "dept rename") return show(corp_.updateDept(dept(), s_.operand(1)));
            if (command == "dept move")
                return show(
                    corp_.updateDept(dept(), corp_.getDept(dept()).name, s_.template id<corps::DeptId>(1)));
            if (command == "dept delete") return done(corp_.deleteDept(dept()));
            if (command == "dept leaders")
                corp_.setDeptLeaderByDept(dept(), s_.template ids<corps::MemberId>("--set"));
            if (command == "member add") return add();
            if (command == "member update") return update();
            if (command == "member delete") return done(corp_.deleteMember(operandIds()));
            if (command == "member departments") changeDepartment();
        }
        return command == "dept leaders" ? leaders() : departments();
    }

private:
    [[nodiscard]] corps::DeptId dept() const { return s_.template id<corps::DeptId>(0); }
    [[nodiscard]] corps::MemberId member() const { return s_.template id<corps::MemberId>(0); }
    [[nodiscard]] corps::DeptId parent() const {
        return corps::DeptId(s_.arguments.value("--parent").value_or(std::string()));
    }
    [[nodiscard]] std::vector<corps::MemberId> operandIds() const {
        std::vector<corps::MemberId> out = splitIds<corps::MemberId>(s_.operand(0));
        if (out.empty()) throw UsageError(s_.arguments.command + " needs a member", s_.arguments.command);
        return out;
    }
    int show(corps::CorpDept const& d) const { return s_.show(d, d.deptId, d.name); }
    int show(corps::CorpMember const& m) const { return s_.show(m, m.memberId, m.name()); }
    static int done(corps::Done) { return kDone; }

    int show() {
        boost::json::object out = corps::toJson(corp_.getMember(member()));
        boost::json::array departments, roles;
        for (corps::CorpDeptMember const& m : corp_.getMemberDepts(member())) {
            boost::json::object o = corps::toJson(m);
            o.erase("memberId");
            departments.push_back(std::move(o));
        }
        for (corps::CorpRole const& r : corp_.getMemberRoles(member())) roles.push_back(corps::toJson(r));
        out["departments"] = std::move(departments);
        out["roles"] = std::move(roles);
        printObject(out, s_.out());
        return kDone;
    }

    int status() {
        bool const resign = s_.arguments.command == "member resign";
        std::vector<corps::MemberId> const who = operandIds();
        if constexpr (Corp::Sync::kFollowsUpstream) {
            if (resign)
                corp_.offlineMember(who);
            else
                corp_.reinstateMember(who);
        } else {
            corp_.changeMemberStatus(who,
                                     resign ? corps::MemberStatus::resigned : corps::MemberStatus::active);
        }
        return kDone;
    }

    int leaders() {
        for (corps::MemberId const& id : corp_.getDept(dept()).leaderIds) {
            std::string name;
            try {
                name = corp_.getMember(id).name();
            } catch (corps::Error const& e) {
                if (!e.is(corps::Errc::notFound)) throw;  // an upstream may name somebody out of sight
            }
            s_.line(id, name);
        }
        return kDone;
    }

    int departments() {
        for (corps::CorpDeptMember const& m : corp_.getMemberDepts(member())) {
            s_.out() << printable(m.deptId.view()) << '\t' << printable(corp_.getDept(m.deptId).name)
                     << (m.isPrimary.valueOr(false) ? "\tmain" : "\t") << (m.isLeader ? "\tleader" : "\t")
                     << '\n';
        }
        return kDone;
    }

    int add() {
        corps::NewMember n;
        n.nick = s_.operand(0);
        n.deptIdList = s_.template ids<corps::DeptId>("--dept");
        if (n.deptIdList.empty()) n.deptIdList.push_back(corp_.getRootDept().deptId);
        n.roleIdList = s_.template ids<corps::RoleId>("--role");
        n.phone = s_.arguments.value("--phone").value_or("");
        n.username = s_.arguments.value("--username").value_or("");
        n.memberId = corps::MemberId(s_.arguments.value("--id").value_or(""));
        n.userId = corps::UserId(s_.arguments.value("--user").value_or(""));
        if (s_.arguments.has("--ask-password")) n.password = s_.newPassword();
        return show(corp_.addMember(n));
    }

    int update() {
        corps::MemberUpdate u;
        auto const take = [&](char const* option, corps::Field<std::string>& field) {
            if (s_.arguments.has(option)) field = *s_.arguments.value(option);
        };
        take("--nick", u.nick);
        take("--phone", u.phone);
        take("--email", u.email);
        take("--photo", u.photo);
        u.gender = s_.arguments.gender;
        if (s_.arguments.has("--extend")) u.extendConf = corps::JsonText(*s_.arguments.value("--extend"));
        corp_.updateUserInfo(member(), u);
        return show(corp_.getMember(member()));
    }

    void changeDepartment() {
        if (s_.arguments.has("--add"))
            corp_.addDeptMember(corps::DeptId(*s_.arguments.value("--add")), {member()});
        if (s_.arguments.has("--remove"))
            corp_.deleteDeptMember(corps::DeptId(*s_.arguments.value("--remove")), {member()});
    }

    int passwd() {
        corps::CorpMember const who = corp_.getMember(member());
        corp_.setPassword(who.userId.valueOr(), s_.newPassword(),
                          s_.arguments.value("--username").value_or(""));
        s_.out() << "password set\n";
        return kDone;
    }

    int import() {
        std::string const text = readFile(s_.operand(0), s_.console.in);
        corps::ImportReport report;
        try {
            report = corp_.importCorpData(corps::parseCorpData(text));
        } catch (corps::Error const& e) {
            if (e.is(corps::Errc::storage)) throw;
            throw std::runtime_error(printable(s_.operand(0)) + ": " + printable(e.what()));
        }
        if (s_.arguments.has("--json"))
            printObject(toJson(report), s_.out());
        else
            print(report);
        return kDone;
    }
    static boost::json::object toJson(corps::ImportReport const& r) {
        auto const counts = [](corps::ImportReport::Counts const& c) {
            boost::json::object o;
            o["created"] = c.created;
            o["changed"] = c.changed;
            o["unchanged"] = c.unchanged;
            return o;
        };
        boost::json::object out;
        out["departments"] = counts(r.depts);
        out["members"] = counts(r.members);
        out["roleGroups"] = counts(r.roleGroups);
        out["roles"] = counts(r.roles);
        out["rootRenamed"] = r.rootRenamed;
        out["adminsChanged"] = r.adminsChanged;
        return out;
    }
    void print(corps::ImportReport const& r) {
        auto const counts = [this](char const* what, corps::ImportReport::Counts const& c) {
            if (c == corps::ImportReport::Counts()) return;
            s_.out() << "  " << what << ": " << c.created << " new, " << c.changed << " changed, "
                     << c.unchanged << " as they were\n";
        };
        s_.out() << corp_.fullName() << (r.nothing() ? ": nothing to change\n" : ": imported\n");
        counts("departments", r.depts);
        counts("members", r.members);
        counts("role groups", r.roleGroups);
        counts("roles", r.roles);
        if (r.rootRenamed) s_.out() << "  the root department has the id of the file now\n";
        if (r.adminsChanged) s_.out() << "  administrators changed\n";
    }

    Corp& corp_;
    Session const& s_;
};

}  // namespace corpctl
