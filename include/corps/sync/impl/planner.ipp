// The stages of a plan, in their order.
#pragma once

#include <corps/sync/detail/planner.hpp>
#include <corps/sync/impl/planner_changes.ipp>
#include <corps/sync/impl/planner_departments.ipp>
#include <corps/sync/impl/planner_holds.ipp>
#include <corps/sync/impl/planner_members.ipp>
#include <corps/sync/impl/planner_next.ipp>
#include <corps/sync/impl/planner_stored.ipp>

#include <numeric>
#include <tuple>

namespace corps {
namespace detail {

CORPS_DECL Planner::Planner(Input const& input, RowAccess& rows, Findings& found, PullProof const& proof,
                            Baseline const& before)
    : in_(input),
      t_(*input.tables),
      c_(*input.columns),
      rows_(rows),
      f_(found),
      proof_(proof),
      base_(before),
      users_(rows, *input.tables, *input.columns, input.corp, input.identity.platform,
             !proof.upstreamCorpId.empty()  ? proof.upstreamCorpId
             : !before.upstreamCorp.empty() ? before.upstreamCorp  // not told this time
                                            : input.corp,
             input.now) {}

CORPS_DECL std::vector<std::string> Planner::unexplained() {
    readStored();
    doubtNoRoles();
    FoundListing const* roles = finished(ListingKind::roles, "");
    rolesComplete_ = roles != nullptr && roles->state == ListingState::complete;
    judgeDepartments();
    doubtEmptyListings();
    doubtCutListings();
    coverDepartments();
    touchMembers();
    judgeMembers();
    std::vector<std::string> out;
    if (proof_.fullScope) {
        for (auto const& [id, j] : judged_)
            if (j.gone && doubt(id)) out.push_back(id);
        return out;
    }
    for (auto const& [id, j] : judged_)
        if (j.gone && !explained_.contains(id)) out.push_back(id);
    return out;
}

CORPS_DECL SyncPlan Planner::plan(std::map<std::string, Absence> const& absences) {
    SyncPlan plan;
    plan.corp = in_.corp;
    plan.generation = base_.generation;
    if (!proof_.fullScope)
        for (auto& [id, j] : judged_) {
            if (!j.gone) continue;
            auto const it = absences.find(id);
            if (it != absences.end() && it->second == Absence::left) continue;
            j.gone = false;
            j.outOfScope = true;
        }

    std::map<std::string, std::string> const rows = deptRows_;
    std::map<std::string, std::string> const parents = parents_;
    std::vector<std::string> const warnings = warnings_;
    for (int round = 0;; ++round) {
        deptRows_ = rows;
        parents_ = parents;
        warnings_ = warnings;
        holds_.clear();
        heldMembers_.clear();
        heldDepts_.clear();
        heldAdmins_.clear();
        heldMemberships_.clear();
        adminAfter_.clear();
        limitRemovals();
        limitAdmins();
        closeHolds();
        limitMemberships();
        std::vector<HoldKey> keys;
        for (Hold const& h : holds_)
            for (HoldKey& k : holdKeys(h)) keys.push_back(std::move(k));
        plan.digest = digestOf(keys);
        // The whole set named by an approval may go; what is left is judged anew without it.
        if (round == 0 && !plan.digest.empty() && approvals_.contains(plan.digest.str())) {
            approvedNow_.insert(keys.begin(), keys.end());
            continue;
        }
        break;
    }
    if (!in_.options.approve.empty() && approvedNow_.empty()) {
        bool used = false;
        std::string const asked = in_.options.approve.str();
        for (auto const& [key, row] : storedHolds_)
            if (row.digest == asked) used = true;
        if (!used) warnings_.push_back("the approved digest names no removals that are held now");
    }

    emitDepartments();
    for (auto const& [id, j] : judged_) emitMember(id, j);
    emitRoles();
    emitAdmins();

    std::vector<std::size_t> order(changes_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
        return std::tie(order_[a], a) < std::tie(order_[b], b);
    });
    changes_.reorder(order);
    plan.changes = std::move(changes_);
    plan.holds = std::move(holds_);

    for (auto const& [id, j] : judged_)
        if (j.outOfScope) plan.outOfScope.push_back(id);
    for (PullFault const& f : proof_.faults) {
        SyncFault fault;
        fault.place = f.place;
        fault.code = f.code;
        fault.message = f.message;
        fault.upstreamCode = f.upstreamCode;
        fault.requestId = f.requestId;
        plan.faults.push_back(std::move(fault));
    }
    plan.faults.insert(plan.faults.end(), f_.faults.begin(), f_.faults.end());
    plan.faults.insert(plan.faults.end(), faults_.begin(), faults_.end());
    for (auto const& [listing, found] : f_.listings)
        if (!found.finished || found.state != ListingState::complete) plan.complete = false;
    if (!treeComplete_ || !listingsComplete_) plan.complete = false;
    if (!f_.staleMembers.empty() || !f_.staleDepts.empty()) plan.complete = false;
    plan.stale.assign(f_.staleMembers.begin(), f_.staleMembers.end());
    for (std::string const& d : f_.staleDepts)
        warnings_.push_back("department " + d + ": its details could not be read; what was known stays");
    plan.warnings = std::move(warnings_);
    std::sort(plan.warnings.begin(), plan.warnings.end());
    plan.warnings.erase(std::unique(plan.warnings.begin(), plan.warnings.end()), plan.warnings.end());
    plan.missingPermissions = proof_.missingPermissions;
    plan.stats = f_.stats;
    plan.stats.calls = proof_.calls;
    plan.stats.members = static_cast<std::uint64_t>(activeMembers_);
    plan.stats.departments = storedDepts_.size();
    plan.runs = std::make_shared<NextRuns>();
    nextRuns(plan);
    stateUpdates(plan);
    rememberAbsences(absences, *plan.runs);
    return plan;
}

}  // namespace detail
}  // namespace corps
