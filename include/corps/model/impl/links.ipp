#pragma once

#include <corps/model/links.hpp>

#include <algorithm>
#include <unordered_map>

namespace corps::detail {

CORPS_DECL std::vector<std::pair<std::size_t, std::size_t>> topDown(std::vector<Link> const& depts) {
    std::unordered_map<std::string_view, std::size_t> byId;
    byId.reserve(depts.size());
    for (std::size_t i = 0; i < depts.size(); ++i) byId.emplace(depts[i].first, i);
    enum class State : unsigned char { open, onTheWay, placed, lost };
    std::vector<State> state(depts.size(), State::open);
    std::vector<std::pair<std::size_t, std::size_t>> out;
    out.reserve(depts.size());
    std::vector<std::size_t> chain;
    for (std::size_t start = 0; start < depts.size(); ++start) {
        chain.clear();
        // Up, to what is known already, or to what has nothing above it.
        std::size_t at = start;
        std::size_t parent = kNoParent;
        while (state[at] == State::open) {
            state[at] = State::onTheWay;
            chain.push_back(at);
            parent = kNoParent;
            auto const above = byId.find(depts[at].second);
            if (depts[at].second.empty() || above == byId.end()) break;
            parent = at = above->second;
        }
        bool const lost =
            parent != kNoParent && (state[parent] == State::onTheWay || state[parent] == State::lost);
        for (auto it = chain.rbegin(); it != chain.rend(); ++it) {
            state[*it] = lost ? State::lost : State::placed;
            if (!lost) out.emplace_back(*it, parent);
            parent = *it;
        }
    }
    return out;
}

CORPS_DECL void sortLinks(std::vector<Link>& links) { std::sort(links.begin(), links.end()); }

CORPS_DECL bool hasLink(std::vector<Link> const& sorted, Link const& link) {
    return std::binary_search(sorted.begin(), sorted.end(), link);
}

}  // namespace corps::detail
