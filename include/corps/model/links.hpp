/**
 * @file
 * Fields that are computed on read, and the order of lists: what CorpData, LocalCorpData and the readers of a
 * corp share. For the documented records and wider ones.
 */
#pragma once

#include <corps/detail/config.hpp>
#include <corps/model/ids.hpp>
#include <corps/model/upstream_tables.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace corps {

namespace detail {

/** Two ids. What is done to these is compiled once, and not in each file that includes this. */
using Link = std::pair<std::string_view, std::string_view>;

inline constexpr std::size_t kNoParent = std::numeric_limits<std::size_t>::max();

/**
 * @param depts ids of departments, and of what they are below.
 * @return positions of departments and of their parents (kNoParent: of none that is here), parents first,
 * without those that are in or below a cycle. O(n).
 */
[[nodiscard]] CORPS_DECL std::vector<std::pair<std::size_t, std::size_t>> topDown(
    std::vector<Link> const& depts);

CORPS_DECL void sortLinks(std::vector<Link>& links);
/** Whether it is among these, which are sorted. */
[[nodiscard]] CORPS_DECL bool hasLink(std::vector<Link> const& sorted, Link const& link);

/** Sorts big records: each is moved once, and not at all where they are in order. */
template <class T, class Less>
void sortRecords(std::vector<T>& list, Less less) {
    if (std::ranges::is_sorted(list, less)) return;
    std::vector<T*> order;
    order.reserve(list.size());
    for (T& r : list) order.push_back(&r);
    std::ranges::sort(order, [&less](T const* a, T const* b) { return less(*a, *b); });
    std::vector<T> sorted;
    sorted.reserve(list.size());
    for (T* r : order) sorted.push_back(std::move(*r));
    list = std::move(sorted);
}

}  // namespace detail

/** Sorts departments: roots first, then by id. */
template <class Dept>
void sortDepts(std::vector<Dept>& depts) {
    detail::sortRecords(depts, [](Dept const& a, Dept const& b) {
        if (a.parentId.empty() != b.parentId.empty()) return a.parentId.empty();
        return a.deptId < b.deptId;
    });
}

/**
 * Sets CorpDept::path of each, from the topmost department in the list down to itself. A department in or
 * below a cycle gets an empty path. O(n + length of all paths).
 */
template <class Dept>
void fillPaths(std::vector<Dept>& depts) {
    std::vector<detail::Link> links;
    links.reserve(depts.size());
    for (Dept& d : depts) {
        d.path.clear();
        links.emplace_back(d.deptId.view(), d.parentId.view());
    }
    for (auto const& [at, parent] : detail::topDown(links)) {
        Dept& d = depts[at];
        if (parent != detail::kNoParent) d.path = depts[parent].path;
        d.path.push_back(d.deptId);
    }
}

/**
 * Sets CorpDept::leaderIds of each: those of the department's own list by rank, then those flagged as members
 * there, each once. O((departments + leaders) log).
 */
template <class Dept, class Leader>
void fillLeaderIds(std::vector<Dept>& depts, std::vector<Leader> const& leaders) {
    std::vector<Leader const*> sorted;
    sorted.reserve(leaders.size());
    for (Leader const& l : leaders) sorted.push_back(&l);
    std::ranges::sort(sorted, [](Leader const* a, Leader const* b) {
        if (a->deptId != b->deptId) return a->deptId < b->deptId;
        if (a->source != b->source) return a->source < b->source;
        std::int64_t const last = std::numeric_limits<std::int64_t>::max();
        std::int64_t const rankA = a->rank.valueOr(last);
        std::int64_t const rankB = b->rank.valueOr(last);
        if (rankA != rankB) return rankA < rankB;
        return a->memberId < b->memberId;
    });
    for (Dept& d : depts) {
        d.leaderIds.clear();
        auto it = std::ranges::lower_bound(sorted, d.deptId, {},
                                           [](Leader const* l) -> DeptId const& { return l->deptId; });
        for (; it != sorted.end() && (*it)->deptId == d.deptId; ++it)
            if (std::ranges::find(d.leaderIds, (*it)->memberId) == d.leaderIds.end())
                d.leaderIds.push_back((*it)->memberId);
    }
}

/** Sets CorpDeptMember::isLeader of each: whether some leader record names both. O(n log leaders). */
template <class DeptMember, class Leader>
void fillIsLeader(std::vector<DeptMember>& memberships, std::vector<Leader> const& leaders) {
    std::vector<detail::Link> sorted;
    sorted.reserve(leaders.size());
    for (Leader const& l : leaders) sorted.emplace_back(l.deptId.view(), l.memberId.view());
    detail::sortLinks(sorted);
    for (DeptMember& m : memberships)
        m.isLeader = detail::hasLink(sorted, detail::Link(m.deptId.view(), m.memberId.view()));
}

/** Sorts records by their id or ids: `sortBy(roles, &CorpRole::roleId)`. */
template <class T, class... Keys>
void sortBy(std::vector<T>& list, Keys... keys) {
    detail::sortRecords(list,
                        [=](T const& a, T const& b) { return std::tie(a.*keys...) < std::tie(b.*keys...); });
}

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/model/impl/links.ipp>
#endif
