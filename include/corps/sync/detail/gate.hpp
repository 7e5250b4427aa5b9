#pragma once

#include <mutex>

namespace corps::detail {

/**
 * Lets calls through, one at a time, until it is closed. Who closes it waits for a call that is under way on
 * another thread, so that what the call refers to may go then. A call may close the gate that it came
 * through.
 */
class Gate {
public:
    Gate() = default;
    Gate(Gate const&) = delete;
    Gate& operator=(Gate const&) = delete;

    /** Calls f, unless the gate is closed. Lets what f throws through. */
    template <class F>
    void pass(F&& f) {
        std::lock_guard const lock(mutex_);
        if (!closed_) f();
    }
    void close() noexcept {
        std::lock_guard const lock(mutex_);
        closed_ = true;
    }

private:
    std::recursive_mutex mutex_;  // recursive: for who closes it from within
    bool closed_ = false;
};

}  // namespace corps::detail
