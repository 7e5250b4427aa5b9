#pragma once

#include <corps/emulator/impl/directory.hpp>

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace corps::emulator::detail {

/** What an app may see of the contacts: everything, or some departments with all below and some members. */
class VisibleRange {
public:
    using Index = Directory::Index;

    VisibleRange() = default;
    /** @param rootId The platform's own name of the root, beside the file's. Unknown ids are ignored. */
    VisibleRange(const Directory& directory, bool all, std::span<const std::string> deptIds,
                 std::span<const std::string> memberIds, std::string_view rootId)
        : directory_(&directory), all_(all), depts_(directory.organisation().deptList.size()) {
        for (const std::string& id : deptIds) {
            const Index dept = id == rootId ? directory.root() : directory.findDept(id);
            if (dept == Directory::kNone) {
                continue;
            }
            all_ = all_ || dept == directory.root();
            for (std::size_t i = directory.position(dept); i < directory.subtreeEnd(dept); ++i) {
                depts_[directory.preorder()[i]] = true;
            }
        }
        for (const std::string& id : memberIds) {
            if (const Index member = directory.findMember(id); member != Directory::kNone) {
                members_.insert(member);
            }
        }
    }

    [[nodiscard]] bool whole() const noexcept { return all_; }
    [[nodiscard]] bool dept(Index dept) const noexcept { return all_ || depts_[dept]; }
    /** Members that were named, whether they are in a visible department or not. */
    [[nodiscard]] const std::set<Index>& named() const noexcept { return members_; }
    [[nodiscard]] bool member(Index member) const {
        if (all_ || members_.contains(member)) {
            return true;
        }
        const auto& places = directory_->member(member).departments;
        return directory_->isActive(member) &&
               std::any_of(places.begin(), places.end(), [this](const Membership& place) {
                   return depts_[directory_->findDept(place.deptId)];
               });
    }

private:
    const Directory* directory_ = nullptr;
    bool all_ = true;
    std::vector<bool> depts_;
    std::set<Index> members_;
};

}  // namespace corps::emulator::detail
