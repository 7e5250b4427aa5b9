#pragma once

#include <corps/context/detail/event.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace corps::detail {

struct Event::State {
    // One suspended coroutine. Completes at most once: whoever takes it out of the list completes it.
    class Waiter {
    public:
        virtual ~Waiter() = default;
        virtual void complete(boost::system::error_code ec) = 0;
    };

    template <class Handler>
    class WaiterOf final : public Waiter {
    public:
        explicit WaiterOf(Handler h)
            : handler_(std::move(h)),
              executor_(asio::prefer(asio::any_io_executor(asio::get_associated_executor(handler_)),
                                     asio::execution::outstanding_work.tracked)) {}
        void complete(boost::system::error_code ec) override {
            asio::post(executor_, [h = std::move(handler_), ec]() mutable { std::move(h)(ec); });
        }

    private:
        Handler handler_;
        asio::any_io_executor executor_;
    };

    std::unique_ptr<Waiter> take(Waiter const* which) {
        std::lock_guard const lock(mutex);
        auto const it =
            std::find_if(waiters.begin(), waiters.end(), [which](auto const& w) { return w.get() == which; });
        if (it == waiters.end()) return nullptr;
        auto out = std::move(*it);
        waiters.erase(it);
        return out;
    }

    struct Initiate {
        template <class Handler>
        void operator()(Handler&& handler, std::shared_ptr<State> state) const {
            auto slot = asio::get_associated_cancellation_slot(handler);
            auto waiter = std::make_unique<WaiterOf<std::decay_t<Handler>>>(std::forward<Handler>(handler));
            if (slot.is_connected()) {
                // Before the waiter can be seen by set(): from then on the coroutine may already run
                // elsewhere.
                slot.assign([weak = std::weak_ptr(state),
                             which = static_cast<Waiter const*>(waiter.get())](asio::cancellation_type_t) {
                    auto const self = weak.lock();
                    auto const mine = self ? self->take(which) : nullptr;
                    if (mine) mine->complete(asio::error::operation_aborted);
                });
            }
            {
                std::lock_guard const lock(state->mutex);
                if (!state->done) {
                    state->waiters.push_back(std::move(waiter));
                    return;
                }
            }
            waiter->complete({});
        }
    };

    std::mutex mutex;
    bool done = false;
    std::vector<std::unique_ptr<Waiter>> waiters;
};

CORPS_DECL Event::Event() : state_(std::make_shared<State>()) {}

CORPS_DECL void Event::set() const {
    std::vector<std::unique_ptr<State::Waiter>> waiters;
    {
        std::lock_guard const lock(state_->mutex);
        state_->done = true;
        waiters.swap(state_->waiters);
    }
    for (auto const& w : waiters) w->complete({});
}

CORPS_DECL bool Event::isSet() const {
    std::lock_guard const lock(state_->mutex);
    return state_->done;
}

CORPS_DECL asio::awaitable<void> Event::wait() const {
    return asio::async_initiate<asio::use_awaitable_t<> const, void(boost::system::error_code)>(
        State::Initiate(), asio::use_awaitable, state_);
}

}  // namespace corps::detail
