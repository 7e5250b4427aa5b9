// The commands that a corp of any type has.
#pragma once

#include "session.hpp"

#include <corps/corps.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace corpctl {

/** What is held here, as what an upstream would hold. */
template <class Corp>
[[nodiscard]] corps::CorpData organisationOf(Corp const& corp) {
    corps::LocalCorpData const local = corp.getLocalCorpData();
    corps::CorpData out;
    out.corpId = corp.fullName();
    out.corpName = local.deptList.empty() ? corp.title() : local.deptList.front().name;
    out.userList = local.userList;
    out.deptList = local.deptList;
    out.deptMemberList = local.deptMemberList;
    out.roleList = local.roleList;
    out.roleGroupList = local.roleGroupList;
    out.roleMemberSet = local.roleMemberSet;
    out.adminIds = corp.getAdmin();
    for (corps::CorpDept const& dept : local.deptList) {
        std::int64_t rank = 0;
        // A leader out of sight, or one who has left, is nobody in a file of active members.
        for (corps::MemberId const& id : dept.leaderIds)
            if (std::ranges::binary_search(local.userList, id, {}, &corps::CorpMember::memberId))
                out.deptLeaderList.push_back({dept.deptId, id, corps::LeaderSource::departmentList, rank++});
    }
    out.normalise();
    return out;
}

template <class Corp>
class Commands {
public:
    Commands(Corp& corp, Session const& session)
        : corp_(corp), s_(session), a_(session.arguments), out_(session.out()) {}

    int run() {
        if (a_.command == "init") return init();
        if (a_.command == "sync") return sync();
        if (a_.command == "tree") return tree();
        if (a_.command == "members") return members();
        if (a_.command == "export") return exportData();
        if (a_.command == "info") return info();
        if (a_.command == "admin") return admin();
        if (a_.command == "verify") return verify();
        return check();
    }

private:
    static constexpr bool kMirrors = Corp::Sync::kFollowsUpstream;

    int init() {
        corp_.initCorp();
        s_.clearProgress();
        std::size_t active = 0;
        corp_.forEachMember([&active](corps::CorpMember const&) { ++active; }, corps::StatusFilter::active);
        out_ << corp_.fullName() << ": initialised, " << corp_.getDepts().size() << " departments, " << active
             << " active members\n";
        return kDone;
    }

    int sync() {
        if constexpr (kMirrors) {
            corps::SyncReport const report = corp_.syncCorp(a_.sync);
            s_.clearProgress();
            out_ << (a_.has("--json") ? report.toJson() + "\n" : report.toText());
            bool const whole =
                report.outcome == corps::SyncOutcome::done || report.outcome == corps::SyncOutcome::unchanged;
            return whole ? kDone : kUnfinished;
        } else {
            throw std::runtime_error(corp_.fullName() + " is edited here; there is nothing to sync it with");
        }
    }

    int tree() {
        std::vector<corps::CorpDept> const depts = corp_.getDepts();
        corps::LocalCorpData const data = corp_.getLocalCorpData();
        std::map<corps::DeptId, std::size_t> count;
        for (corps::CorpDeptMember const& m : data.deptMemberList) ++count[m.deptId];
        std::map<corps::MemberId, std::string> names;
        for (corps::CorpMember const& m : data.userList) names.emplace(m.memberId, m.name());
        printTree(depts, count, names, out_);
        return kDone;
    }

    int members() {
        corp_.forEachMember([this](corps::CorpMember const& m) { printMember(m, out_); }, a_.status);
        return kDone;
    }

    int exportData() {
        writeFile(a_.operand(0), out_, [this](std::ostream& file) {
            if (a_.has("--org"))
                corps::writeJson(organisationOf(corp_), file);
            else
                corps::writeJson(corp_.getLocalCorpData(), file);
        });
        return kDone;
    }

    int info() {
        printObject(corp_.getCorpInfo(), out_);
        return kDone;
    }

    int admin() {
        if (a_.has("--set")) corp_.setAdmin(s_.template ids<corps::MemberId>("--set"));
        for (corps::MemberId const& id : corp_.getAdmin()) s_.line(id, corp_.getMember(id).name());
        return kDone;
    }

    int verify() {
        corps::VerifyReport const report = corp_.verifyCorp();
        out_ << corp_.fullName()
             << (report.ok ? ": the store is consistent\n"
                           : ": the store is not consistent; the next sync reads everything anew\n");
        for (std::string const& problem : report.problems) out_ << "  " << printable(problem) << '\n';
        return report.ok ? kDone : kFailed;
    }

    int check() {
        if constexpr (kMirrors) {
            corps::CorpData const data = corp_.getThirdCorpData();
            s_.clearProgress();
            corps::CorpDataProof const& proof = data.proof;
            out_ << corp_.fullName() << ": the credentials are good\n";
            out_ << "  enterprise: "
                 << printable(data.corpName.empty() ? "(its name may not be read)" : data.corpName);
            if (!data.corpId.empty()) out_ << " [" << printable(data.corpId) << "]";
            out_ << "\n  sees: "
                 << (proof.fullScope ? "the whole organisation" : "a part of the organisation") << ", "
                 << data.deptList.size() << " departments, " << data.userList.size() << " members, "
                 << data.roleList.size() << " roles\n";
            if (!proof.fullScope)
                for (corps::DeptId const& id : proof.visibleRoots)
                    out_ << "    department " << printable(id.view()) << " and below\n";
            for (std::string const& p : proof.missingPermissions)
                out_ << "  missing permission: " << printable(p) << '\n';
            for (corps::CorpDataFault const& f : proof.faults)
                out_ << "  could not read " << printable(f.place) << ": " << printable(f.message) << '\n';
            return proof.missingPermissions.empty() && proof.faults.empty() ? kDone : kUnfinished;
        } else {
            out_ << corp_.fullName() << ": edited here; there are no credentials to check\n";
            return kDone;
        }
    }

    Corp& corp_;
    Session const& s_;
    Arguments const& a_;
    std::ostream& out_;
};

}  // namespace corpctl
