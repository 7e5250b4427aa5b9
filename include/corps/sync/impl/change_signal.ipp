#pragma once

#include <corps/sync/change_signal.hpp>

#include <cstdint>
#include <map>
#include <mutex>

namespace corps {

namespace detail {

// Its own lock, held while it is called: who gives up the place waits for a call that runs. Recursive,
// because a listener may give up its own.
struct ChangeListener {
    explicit ChangeListener(std::function<void()> f)
        : call(std::make_shared<std::function<void()> const>(std::move(f))) {}

    void notify() noexcept {
        // Held here, too: a listener that gives up its own place must not be destroyed while it runs.
        std::shared_ptr<std::function<void()> const> mine;
        std::lock_guard const lock(mutex);
        mine = call;
        if (mine == nullptr || !*mine) return;
        try {
            (*mine)();
        } catch (...) {
            // As documented: dropped. The other listeners must hear of the change all the same.
        }
    }
    void close() noexcept {
        std::shared_ptr<std::function<void()> const> doomed;
        std::lock_guard const lock(mutex);
        doomed.swap(call);
    }

    std::recursive_mutex mutex;
    std::shared_ptr<std::function<void()> const> call;
};

}  // namespace detail

CORPS_DECL void ChangeSubscription::reset() noexcept {
    if (std::shared_ptr<detail::ChangeListener> const mine = std::move(listener_)) mine->close();
}

struct ChangeSignal::State {
    std::mutex mutex;
    std::map<std::uint64_t, std::weak_ptr<detail::ChangeListener>> listeners;
    std::uint64_t last = 0;
};

CORPS_DECL ChangeSignal::ChangeSignal() : state_(std::make_unique<State>()) {}

CORPS_DECL ChangeSignal::~ChangeSignal() = default;

CORPS_DECL ChangeSubscription ChangeSignal::subscribe(std::function<void()> listener) {
    auto mine = std::make_shared<detail::ChangeListener>(std::move(listener));
    std::lock_guard const lock(state_->mutex);
    std::erase_if(state_->listeners, [](auto const& l) { return l.second.expired(); });
    state_->listeners.emplace(++state_->last, mine);
    return ChangeSubscription(std::move(mine));
}

CORPS_DECL void ChangeSignal::notify() noexcept {
    // One after the other and without the lock, so that a listener may subscribe another; by number, because
    // the list may change between two of them.
    std::uint64_t called = 0;
    std::uint64_t until = 0;
    {
        std::lock_guard const lock(state_->mutex);
        until = state_->last;
    }
    for (;;) {
        std::shared_ptr<detail::ChangeListener> next;
        {
            std::lock_guard const lock(state_->mutex);
            auto const it = state_->listeners.upper_bound(called);
            if (it == state_->listeners.end() || it->first > until) return;
            called = it->first;
            next = it->second.lock();
        }
        if (next != nullptr) next->notify();
    }
}

}  // namespace corps
