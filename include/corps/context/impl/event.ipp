#pragma once

#include <corps/context/detail/event.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace corps::detail {

// Who waits on the executors of one execution context. They live here and not in the event, so that they are
// destroyed with the context as every other suspended operation is; a coroutine that the event kept would
// often own the event.
class EventWaiters {
public:
    class Waiter {
    public:
        virtual ~Waiter() = default;
        virtual void complete(boost::system::error_code ec) = 0;
    };

    // 0 when the context is going away; the waiter is destroyed then.
    std::uint64_t add(std::unique_ptr<Waiter> waiter) {
        std::lock_guard const lock(mutex_);
        if (closed_) return 0;
        waiters_.emplace(++last_, std::move(waiter));
        return last_;
    }
    void complete(std::uint64_t id, boost::system::error_code ec) {
        // Handed over, and its count of work given back, under the lock: until it is released the context
        // cannot go away.
        std::lock_guard const lock(mutex_);
        auto const it = waiters_.find(id);
        if (it == waiters_.end()) return;
        std::unique_ptr<Waiter> const waiter = std::move(it->second);
        waiters_.erase(it);
        waiter->complete(ec);
    }
    void close() {
        std::unordered_map<std::uint64_t, std::unique_ptr<Waiter>> doomed;
        {
            std::lock_guard const lock(mutex_);
            closed_ = true;
            doomed.swap(waiters_);
        }
    }

private:
    std::mutex mutex_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Waiter>> waiters_;
    std::uint64_t last_ = 0;
    bool closed_ = false;
};

class EventService final : public asio::execution_context::service {
public:
    using key_type = EventService;
    static inline asio::execution_context::id id;

    explicit EventService(asio::execution_context& context) : service(context) {}
    [[nodiscard]] std::shared_ptr<EventWaiters> const& waiters() const { return waiters_; }

private:
    void shutdown() override { waiters_->close(); }

    std::shared_ptr<EventWaiters> waiters_ = std::make_shared<EventWaiters>();
};

struct Event::State {
    template <class Handler>
    class WaiterOf final : public EventWaiters::Waiter {
    public:
        explicit WaiterOf(Handler h)
            : handler_(std::move(h)),
              executor_(asio::prefer(asio::any_io_executor(asio::get_associated_executor(handler_)),
                                     asio::execution::outstanding_work.tracked)) {}
        [[nodiscard]] asio::execution_context& context() const {
            return asio::query(executor_, asio::execution::context);
        }
        void complete(boost::system::error_code ec) override {
            asio::post(executor_, [h = std::move(handler_), ec]() mutable { std::move(h)(ec); });
        }

    private:
        Handler handler_;
        asio::any_io_executor executor_;
    };

    struct Initiate {
        template <class Handler>
        void operator()(Handler&& handler, std::shared_ptr<State> state) const {
            auto slot = asio::get_associated_cancellation_slot(handler);
            auto waiter = std::make_unique<WaiterOf<std::decay_t<Handler>>>(std::forward<Handler>(handler));
            auto const waiters = asio::use_service<EventService>(waiter->context()).waiters();
            // The lock keeps set() away until all is in place: from then on the coroutine may already run
            // elsewhere.
            std::unique_lock lock(state->mutex);
            std::uint64_t const id = waiters->add(std::move(waiter));
            if (id == 0) return;
            if (slot.is_connected()) {
                slot.assign([weak = std::weak_ptr(waiters), id](asio::cancellation_type_t) {
                    if (auto const mine = weak.lock()) mine->complete(id, asio::error::operation_aborted);
                });
            }
            bool const already = state->done;
            if (!already) state->waiting.emplace_back(waiters, id);
            lock.unlock();
            if (already) waiters->complete(id, {});
        }
    };

    std::mutex mutex;
    bool done = false;
    std::vector<std::pair<std::shared_ptr<EventWaiters>, std::uint64_t>> waiting;
};

CORPS_DECL Event::Event() : state_(std::make_shared<State>()) {}

CORPS_DECL void Event::set() const {
    std::vector<std::pair<std::shared_ptr<EventWaiters>, std::uint64_t>> waiting;
    {
        std::lock_guard const lock(state_->mutex);
        state_->done = true;
        waiting.swap(state_->waiting);
    }
    for (auto const& [waiters, id] : waiting) waiters->complete(id, {});
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
