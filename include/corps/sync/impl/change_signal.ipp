#pragma once

#include <corps/sync/change_signal.hpp>
#include <corps/sync/detail/gate.hpp>

#include <cstdint>
#include <map>
#include <mutex>

namespace corps {

namespace detail {

struct ChangeListener {
    explicit ChangeListener(std::function<void()> f) : call(std::move(f)) {}

    void notify() noexcept {
        try {
            gate.pass([this] {
                if (call) call();
            });
        } catch (...) {
            // As documented: dropped. The other listeners must hear of the change all the same.
        }
    }

    Gate gate;
    std::function<void()> const call;
};

}  // namespace detail

CORPS_DECL void ChangeSubscription::reset() noexcept {
    if (std::shared_ptr<detail::ChangeListener> const mine = std::move(listener_)) mine->gate.close();
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
