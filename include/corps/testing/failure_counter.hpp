#pragma once

#include <corps/error/error.hpp>

#include <cstddef>
#include <limits>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace corps::testing {

/**
 * Fails one step of an operation, to try what happens when each of them fails in turn: wherever a fake can
 * fail it calls step(), and the step with the chosen number throws. A cheap handle; copies count together.
 * Any thread.
 */
class FailureCounter {
public:
    static constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();

    /** @param failAt number of the step that fails, from 0. @param code what it fails with. */
    explicit FailureCounter(std::size_t failAt = kNever, Errc code = Errc::transport)
        : state_(std::make_shared<State>(failAt, code)) {}

    /** @throws Error("injected failure") if it is this step's turn. */
    void step() const {
        if (due()) throw Error(state_->code, "injected failure");
    }
    /** Counts a step; true if it is this one that is to fail, in a way of the caller's own. */
    [[nodiscard]] bool due() const {
        std::lock_guard const lock(state_->mutex);
        bool const now = state_->steps++ == state_->failAt;
        state_->failed = state_->failed || now;
        return now;
    }
    [[nodiscard]] std::size_t steps() const {
        std::lock_guard const lock(state_->mutex);
        return state_->steps;
    }
    [[nodiscard]] bool failed() const {
        std::lock_guard const lock(state_->mutex);
        return state_->failed;
    }

private:
    struct State {
        State(std::size_t f, Errc c) : failAt(f), code(c) {}
        std::mutex mutex;
        std::size_t const failAt;
        Errc const code;
        std::size_t steps = 0;
        bool failed = false;
    };
    std::shared_ptr<State> state_;
};

/**
 * Calls `attempt(FailureCounter)` with step 0, 1, 2, ... failing, until it gets through without reaching the
 * failure. `attempt` must not let the injected failure out: it says itself what has to hold then.
 * @return how many steps there were. @throws std::logic_error if it does not end within `limit` rounds.
 */
template <class Attempt>
std::size_t failAtEveryStep(Attempt&& attempt, std::size_t limit = 10'000, Errc code = Errc::transport) {
    for (std::size_t n = 0; n < limit; ++n) {
        FailureCounter const counter(n, code);
        attempt(counter);
        if (!counter.failed()) return n;
    }
    throw std::logic_error("failAtEveryStep: the operation never gets through");
}

}  // namespace corps::testing
