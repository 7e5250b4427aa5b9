#pragma once

#include <corps/detail/config.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace corps {

namespace detail {
struct ChangeListener;
}

/**
 * A place among the listeners of a ChangeSignal; given up when this is destroyed. May outlive the signal.
 * Moved from, or made without one, it stands nowhere.
 *
 * Threads     Distinct objects: safe.
 */
class ChangeSubscription {
public:
    ChangeSubscription() noexcept = default;
    explicit ChangeSubscription(std::shared_ptr<detail::ChangeListener> listener) noexcept
        : listener_(std::move(listener)) {}
    ChangeSubscription(ChangeSubscription&& other) noexcept = default;
    ChangeSubscription& operator=(ChangeSubscription&& other) noexcept {
        if (this != &other) {
            reset();
            listener_ = std::move(other.listener_);
        }
        return *this;
    }
    ~ChangeSubscription() { reset(); }

    /**
     * From when this returns the listener is not called, and no call of it runs on another thread: what it
     * refers to may go. A listener may give up its own place. Who holds a lock that the listener takes must
     * not call this.
     */
    CORPS_DECL void reset() noexcept;
    /** Whether the listener would still be called, if the signal is still there. */
    [[nodiscard]] bool connected() const noexcept { return listener_ != nullptr; }

private:
    std::shared_ptr<detail::ChangeListener> listener_;
};

/**
 * Tells who wants to know that a platform announced a change: whoever takes the callbacks of a corp calls
 * notify(), and what syncs it listens. Says that something changed, never what: a sync finds that out.
 *
 * Threads     All members may be called from any thread, also by a listener.
 */
class ChangeSignal {
public:
    CORPS_DECL ChangeSignal();
    ChangeSignal(ChangeSignal const&) = delete;
    ChangeSignal& operator=(ChangeSignal const&) = delete;
    CORPS_DECL ~ChangeSignal();

    /**
     * @param listener called by notify(), on its thread, one call at a time. It should return at once; what
     * it throws is dropped.
     */
    [[nodiscard]] CORPS_DECL ChangeSubscription subscribe(std::function<void()> listener);
    /** Calls every listener once, in no particular order, and returns after that. No-throw. */
    CORPS_DECL void notify() noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/change_signal.ipp>
#endif
