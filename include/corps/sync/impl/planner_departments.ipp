// Which departments are there, which are gone, and whether they are a tree.
#pragma once

#include <corps/sync/detail/planner.hpp>

#include <array>

namespace corps {
namespace detail {

CORPS_DECL void Planner::judgeDepartments() {
    FoundListing const* tree = finished(ListingKind::departments, "");
    treeComplete_ = tree != nullptr && tree->state == ListingState::complete;
    std::string const& root = proof_.rootDeptId;

    // Different values of one department within a pull: the one that differs from the store is the newer.
    auto choose = [this](std::string const& id, std::vector<std::string> const& rows) {
        auto const stored = storedDepts_.find(id);
        std::string chosen = rows.front();
        for (std::string const& candidate : rows) {
            if (candidate == chosen) continue;
            if (stored != storedDepts_.end()) {
                auto same = [&](std::string const& packed) {
                    std::vector<Cell> const cells = unpackRow(packed);
                    for (std::size_t i = 0; i < cells.size(); ++i)
                        if (!cells[i].isNull() && !(cells[i] == stored->second[i].view())) return false;
                    return true;
                };
                if (same(candidate)) continue;
                if (same(chosen)) {
                    chosen = candidate;
                    continue;
                }
            }
            if (candidate < chosen) chosen = candidate;
        }
        return chosen;
    };
    for (auto const& [id, rows] : f_.depts) deptRows_[id] = choose(id, rows);

    std::size_t const others = deptRows_.size() - (deptRows_.contains(root) ? 1 : 0);
    std::size_t const storedOthers = storedDepts_.size() - (storedDepts_.contains(root) ? 1 : 0);
    bool const emptied = others == 0 && storedOthers > 0;
    bool const cut = tree != nullptr && tree->emptyPage &&
                     std::any_of(storedDepts_.begin(), storedDepts_.end(), [&](auto const& stored) {
                         return stored.first != root && !deptRows_.contains(stored.first);
                     });
    if (treeComplete_ && ((emptied && proof_.fullScope) || cut) && !in_.options.allowRemovals) {
        treeComplete_ = false;
        SyncFault fault;
        fault.place = "departments";
        fault.code = make_error_code(Errc::protocol);
        fault.message = emptied
                            ? "success with no department where there were " + std::to_string(storedOthers)
                            : "success with no department on a page that was announced, and some are missing";
        faults_.push_back(std::move(fault));
    }

    if (!deptRows_.contains(root)) {
        std::string const& name = proof_.corpName.empty() ? in_.title : proof_.corpName;
        bool const known = storedDepts_.contains(root) && proof_.corpName.empty();
        std::array<Cell, 4> const cells{Cell::text(root), Cell::text(""), known ? Cell() : Cell::text(name),
                                        known ? Cell() : Cell::integer(0)};
        deptRows_[root] = f_.place(UpstreamTable::dept, cells);
    } else {
        std::vector<Cell> cells = unpackRow(deptRows_[root]);
        if (cells[c_.dept.name].isNull() && !storedDepts_.contains(root)) {
            cells[c_.dept.name] = Cell::text(in_.title);
            deptRows_[root] = packRow(cells);
        }
    }

    auto fail = [this](std::string const& what, std::string const& dept) {
        Diagnostics d;
        d.corp = in_.corp;
        d.place = "department " + dept;
        throw Error(Errc::brokenSnapshot, what, std::move(d));
    };
    // Where each department stands: as sent, or as stored when it was not sent and is not proven gone.
    std::map<std::string, std::string> sent;
    for (auto const& [id, packed] : deptRows_) {
        std::vector<Cell> const cells = unpackRow(packed);
        Cell const parent = cells[c_.dept.parentId];
        auto const stored = storedDepts_.find(id);
        if (id == root)
            sent[id] = "";
        else if (parent.isNull()) {  // not granted: as it was
            sent[id] = stored != storedDepts_.end() ? stored->second[c_.dept.parentId].bytes() : root;
            untold_.insert(id);
        } else
            sent[id] = parent.bytes().empty() ? root : std::string(parent.bytes());
    }
    for (auto& [id, parent] : sent) {
        if (id == root || sent.contains(parent)) continue;
        if (!proof_.fullScope) {
            // Out of sight; or on a page that was not read.
            if (treeComplete_ || !storedDepts_.contains(parent)) parent = root;
        } else if (treeComplete_ && untold_.contains(id)) {
            std::vector<Cell> cells = unpackRow(deptRows_[id]);
            cells[c_.dept.parentId] = Cell::text(root);
            deptRows_[id] = packRow(cells);
            warnings_.push_back("department " + id + " is put under the root: " + parent +
                                " is gone, and where it stands now is not told");
            parent = root;
        } else if (treeComplete_) {
            fail("a department stands under " + parent + ", which is not in the organisation", id);
        } else if (!storedDepts_.contains(parent)) {
            skippedDepts_.insert(id);
        }
    }
    for (bool grew = !skippedDepts_.empty(); grew;) {
        grew = false;
        for (auto const& [id, parent] : sent)
            if (!skippedDepts_.contains(id) && skippedDepts_.contains(parent)) {
                skippedDepts_.insert(id);
                grew = true;
            }
    }
    for (std::string const& id : skippedDepts_) {
        sent.erase(id);
        deptRows_.erase(id);
    }

    // A circle among what was sent is no tree, whatever else failed.
    std::map<std::string, int> state;
    for (auto const& [id, parent] : sent) {
        std::vector<std::string> way;
        std::string at = id;
        while (true) {
            auto const it = sent.find(at);
            if (it == sent.end() || at == root || state[at] == 2) break;
            if (state[at] == 1) fail("departments stand under each other in a circle", at);
            state[at] = 1;
            way.push_back(at);
            at = it->second;
        }
        for (std::string const& w : way) state[w] = 2;
    }

    for (auto const& [id, row] : storedDepts_) {
        if (id == root || deptRows_.contains(id)) continue;
        if (skippedDepts_.contains(id)) continue;
        if (treeComplete_ && proof_.fullScope)
            goneDepts_.insert(id);
        else if (treeComplete_)
            hiddenDepts_.insert(id);
    }
    if (!proof_.fullScope && !f_.listings.contains(Listing{ListingKind::deptMembers, root}) &&
        !f_.listings.contains(Listing{ListingKind::subtreeMembers, root}))
        hiddenDepts_.insert(root);
    parents_ = std::move(sent);
    for (auto const& [id, row] : storedDepts_)
        if (!goneDepts_.contains(id) && !parents_.contains(id)) parents_[id] = row[c_.dept.parentId].bytes();
}

CORPS_DECL std::string const& Planner::topLevelOf(std::string const& dept) {
    std::vector<std::string> way;
    std::string top;
    std::string at = dept;
    for (std::size_t steps = 0; steps <= storedDepts_.size(); ++steps) {
        if (auto const known = topLevel_.find(at); known != topLevel_.end()) {
            top = known->second;
            break;
        }
        way.push_back(at);
        auto const it = storedDepts_.find(at);
        if (it == storedDepts_.end()) {
            top = at;
            break;
        }
        std::string const& parent = it->second[c_.dept.parentId].bytes();
        if (parent.empty() || parent == proof_.rootDeptId) {
            if (at != proof_.rootDeptId) top = at;
            break;
        }
        at = parent;
    }
    for (std::string const& w : way) topLevel_[w] = top;
    return topLevel_[dept];
}

}  // namespace detail
}  // namespace corps
