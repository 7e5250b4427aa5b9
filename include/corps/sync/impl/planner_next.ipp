// What the next sync will compare with: runs, pending members, state.
#pragma once

#include <corps/sync/detail/planner.hpp>
#include <corps/sync/detail/tables.hpp>

#include <algorithm>

namespace corps {
namespace detail {

CORPS_DECL void Planner::nextRuns(SyncPlan& plan) {
    NextRuns& next = *plan.runs;
    std::map<Listing, std::set<std::string>> forgotten;
    for (auto const& [listing, key] : forget_) forgotten[listing].insert(key);
    static std::unordered_set<std::string> const nobody;
    auto inSubtree = [this](Listing const& l) -> std::unordered_set<std::string> const& {
        return l.kind == ListingKind::subtreeMembers ? forgetBelow_ : nobody;
    };

    for (auto& [listing, found] : f_.listings) {
        if (!hasRun(listing.kind) || !found.finished) continue;
        auto const storedRun = base_.runs.find(listing);
        std::vector<Fingerprint> const* stored = storedRun == base_.runs.end() ? nullptr : &storedRun->second;
        if (found.state != ListingState::complete && found.stored != nullptr) {
            std::unordered_set<std::string> const decoded(found.newKeys.begin(), found.newKeys.end());
            for (std::size_t i = 0; i < found.matched.size(); ++i) {
                if (found.matched[i] || (!decoded.empty() && decoded.contains(storedKeys(listing).at(i))))
                    continue;
                // Not read this time: what was known of it still holds.
                found.prints.push_back((*found.stored)[i]);
                found.source.push_back(static_cast<std::uint32_t>(i));
            }
        }
        std::vector<std::string> const* oldKeys = nullptr;
        auto keyAt = [&](std::size_t i) -> std::string const& {
            std::uint32_t const source = found.source[i];
            if (source >= FoundListing::kNewKey) return found.newKeys[source - FoundListing::kNewKey];
            if (oldKeys == nullptr) oldKeys = &storedKeys(listing);
            return oldKeys->at(source);
        };
        auto const known = forgotten.find(listing);
        std::unordered_set<std::string> const& below = inSubtree(listing);
        if (known != forgotten.end() || !below.empty())
            for (std::size_t i = 0; i < found.prints.size(); ++i)
                if (!found.prints[i].none() &&
                    ((known != forgotten.end() && known->second.contains(keyAt(i))) ||
                     below.contains(keyAt(i))))
                    found.prints[i] = Fingerprint();
        if (!found.newKeys.empty()) {
            // Of one key with different bytes in one listing, one at most equals the rows: none is kept.
            std::unordered_map<std::string, std::size_t> first;
            std::vector<std::size_t> differing;
            for (std::size_t i = 0; i < found.prints.size(); ++i) {
                auto const [at, fresh] = first.try_emplace(keyAt(i), i);
                if (fresh || found.prints[at->second] == found.prints[i]) continue;
                differing.push_back(at->second);
                differing.push_back(i);
            }
            for (std::size_t i : differing) found.prints[i] = Fingerprint();
        }
        bool same = stored != nullptr ? *stored == found.prints : found.prints.empty();
        if (same && std::any_of(found.prints.begin(), found.prints.end(),
                                [](Fingerprint const& p) { return p.none(); })) {
            // Entries that equal nothing look alike: only their keys tell whether they still name the same
            // people.
            std::vector<std::string> const& was = storedKeys(listing);
            for (std::size_t i = 0; same && i < found.prints.size(); ++i)
                same = i < was.size() && was[i] == keyAt(i);
        }
        if (same) continue;
        RunUpdate update;
        update.kind = static_cast<std::int64_t>(listing.kind);
        update.id = listing.id;
        update.keys.reserve(found.prints.size());
        for (std::size_t i = 0; i < found.prints.size(); ++i) update.keys.push_back(keyAt(i));
        update.prints = std::move(found.prints);
        next.updates.push_back(std::move(update));
    }
    for (auto const& [listing, run] : base_.runs) {
        auto const it = f_.listings.find(listing);
        if (it != f_.listings.end() && it->second.finished) continue;
        bool erased = !base_.warm && base_.storedSidecarIdentity != base_.sidecarIdentity;
        if (listing.kind == ListingKind::deptMembers && goneDepts_.contains(listing.id) &&
            !heldDepts_.contains(listing.id))
            erased = true;
        if (listing.kind == ListingKind::visibleMembers) erased = true;
        // Other listings have shown all that this one did.
        if (listing.kind == ListingKind::subtreeMembers && listingsComplete_) erased = true;
        if (listing.kind == ListingKind::deptMembers && covered_.contains(listing.id)) erased = true;
        if (listing.kind == ListingKind::roleMembers && rolesComplete_ && !f_.roles.contains(listing.id))
            erased = true;
        if (erased) {
            next.erased.emplace_back(static_cast<std::int64_t>(listing.kind), listing.id);
            continue;
        }
        auto const forgot = forgotten.find(listing);
        std::unordered_set<std::string> const& below = inSubtree(listing);
        std::unordered_set<std::string> const& changed =
            listing.kind == ListingKind::subtreeMembers || listing.kind == ListingKind::memberDetails
                ? changed_
                : nobody;
        if (forgot == forgotten.end() && below.empty() && changed.empty()) continue;
        RunUpdate update;
        update.prints = run;
        update.keys = storedKeys(listing);
        bool changes = false;
        for (std::size_t i = 0; i < update.prints.size(); ++i)
            if (!update.prints[i].none() &&
                ((forgot != forgotten.end() && forgot->second.contains(update.keys.at(i))) ||
                 below.contains(update.keys.at(i)) || changed.contains(update.keys.at(i)))) {
                update.prints[i] = Fingerprint();
                changes = true;
            }
        if (!changes) continue;
        update.kind = static_cast<std::int64_t>(listing.kind);
        update.id = listing.id;
        next.updates.push_back(std::move(update));
    }
    // Whoever is no longer here needs no second judgement.
    std::vector<std::string> pending(pendingAfter_.begin(), pendingAfter_.end());
    if (pending != pendingBefore_) {
        RunUpdate update;
        update.kind = kPendingRun;
        update.prints.resize(pending.size());
        update.keys = std::move(pending);
        next.updates.push_back(std::move(update));
    }
}

/** Whether this pull says neither that somebody held is back nor that they are gone. */
CORPS_DECL bool Planner::unread(HoldKey const& key) const {
    auto const& [kind, id] = key;
    if (kind == "dept")
        return storedDepts_.contains(id) && !deptRows_.contains(id) && !goneDepts_.contains(id);
    if (kind == "membership") return false;
    auto const j = judged_.find(id);
    return j != judged_.end() && !j->second.present && !j->second.gone && j->second.stored &&
           (j->second.active || kind == "person");
}

/** What the application sees, as the store remembers it. */
CORPS_DECL std::string Planner::scopeText() const {
    std::string out = proof_.fullScope ? "full" : "partial";
    std::vector<std::string> roots = proof_.visibleRoots;
    std::sort(roots.begin(), roots.end());
    for (std::string const& r : roots) out += " " + r;
    return out;
}

CORPS_DECL void Planner::rememberAbsences(std::map<std::string, Absence> const& absences,
                                          NextRuns& next) const {
    RunUpdate update;
    update.kind = kOutOfScopeRun;
    std::uint64_t const scope = fingerprint(FingerprintKey(), 0, scopeText()).lo;
    for (auto const& [id, j] : judged_) {
        if (j.present || !(j.outOfScope || j.unproven)) continue;
        auto const said = absences.find(id);
        auto const before = explained_.find(id);
        if (said != absences.end() ? said->second != Absence::outOfScope : before == explained_.end())
            continue;
        update.keys.push_back(id);
        update.prints.push_back(Fingerprint{
            static_cast<std::uint64_t>(said != absences.end() ? in_.now : before->second), scope});
    }
    if (update.keys == loadRunKeys(rows_, in_.corp, kOutOfScopeRun, "") &&
        update.prints == loadRun(rows_, in_.corp, kOutOfScopeRun, ""))
        return;
    next.updates.push_back(std::move(update));
}

CORPS_DECL void Planner::stateUpdates(SyncPlan& plan) {
    NextRuns& next = *plan.runs;
    auto set = [&next](std::string_view name, std::string const& was, std::string is) {
        if (was != is) next.state.emplace_back(name, std::move(is));
    };
    std::string scope = scopeText();
    plan.scopeChanged = !base_.scope.empty() && base_.scope != scope;
    set(kScope, base_.scope, scope);
    if (!proof_.upstreamCorpId.empty()) set(kUpstreamCorp, base_.upstreamCorp, proof_.upstreamCorpId);
    set(kIdentity, base_.identity, in_.identity.packed());
    set(kSidecarIdentity, base_.storedSidecarIdentity, base_.sidecarIdentity);
    if (base_.newKey)
        next.state.emplace_back(kFingerprintKey, std::string(reinterpret_cast<char const*>(base_.key.word),
                                                             sizeof base_.key.word));
    if (!base_.everSynced) next.state.emplace_back(kSynced, "1");
    if (plan.complete && base_.announced != base_.seen) next.seen = base_.announced;

    std::set<HoldKey> now;
    for (Hold const& h : plan.holds)
        for (HoldKey& k : holdKeys(h)) now.insert(std::move(k));
    std::string const digest = plan.digest.str();
    for (HoldKey const& k : now) {
        auto const it = storedHolds_.find(k);
        if (it == storedHolds_.end() || it->second.digest != digest) next.holdsChanged = true;
    }
    for (auto const& [key, row] : storedHolds_) {
        if (key.first == kHoldApproval) {
            if (row.until <= in_.now) next.holdsChanged = true;
        } else if (!now.contains(key)) {
            if (unread(key))
                next.keptHolds.insert(key);
            else
                next.holdsChanged = true;
        }
    }
}

}  // namespace detail
}  // namespace corps
