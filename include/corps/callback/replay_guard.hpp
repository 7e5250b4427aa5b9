#pragma once

#include <corps/detail/config.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

namespace corps {

/**
 * Remembers the last events by their ids, so that one that is delivered again does nothing more. In memory: a
 * program that starts anew takes an old event once more, which costs a sync and does no harm.
 *
 * Threads     Safe.
 */
class ReplayGuard {
public:
    /** Of Feishu's retries the last comes 7 hours after the first: so many events in that time are known. */
    static constexpr std::size_t kDefaultCapacity = 16'384;

    /** @param capacity how many ids are remembered; at least one. About 100 bytes each. */
    explicit ReplayGuard(std::size_t capacity = kDefaultCapacity) : capacity_(capacity == 0 ? 1 : capacity) {}

    /** Whether this id is new; it is remembered, and the oldest forgotten where there are too many. */
    [[nodiscard]] bool first(std::string_view id) {
        std::lock_guard const lock(mutex_);
        auto const [at, isNew] = known_.emplace(id);
        if (!isNew) return false;
        order_.push_back(&*at);  // stays where it is in a set
        if (order_.size() > capacity_) {
            known_.erase(*order_.front());
            order_.pop_front();
        }
        return true;
    }

private:
    std::mutex mutex_;
    std::size_t capacity_;
    std::unordered_set<std::string> known_;
    std::deque<std::string const*> order_;
};

}  // namespace corps
