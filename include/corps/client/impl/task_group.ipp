#pragma once

#include <corps/client/task_group.hpp>
#include <corps/context/detail/event.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <deque>
#include <exception>
#include <list>
#include <optional>
#include <utility>

namespace corps {

struct TaskGroup::State : std::enable_shared_from_this<TaskGroup::State> {
    State(asio::any_io_executor e, unsigned l) : executor(std::move(e)), limit(l == 0 ? 1 : l) {}

    [[nodiscard]] bool busy() const noexcept { return !running.empty() || !waiting.empty(); }

    void start() {
        while (!stopped && !waiting.empty() && running.size() < limit) {
            Job const job = std::move(waiting.front());
            waiting.pop_front();
            auto const self = running.emplace(running.end());
            auto ended = [state = shared_from_this(), self](std::exception_ptr e) {
                state->end(self, std::move(e));
            };
            asio::co_spawn(executor, job(), asio::bind_cancellation_slot(self->slot(), std::move(ended)));
        }
    }

    void end(std::list<asio::cancellation_signal>::iterator self, std::exception_ptr e) {
        running.erase(self);
        if (e) {
            if (!failure) failure = std::move(e);
            stop();
        } else {
            start();
        }
        if (!busy() && idle) idle->set();
    }

    void stop() {
        if (stopped) return;
        stopped = true;
        waiting.clear();
        // A signal whose job ends at once takes itself out of the list, so step on first.
        for (auto it = running.begin(); it != running.end();) (it++)->emit(asio::cancellation_type::terminal);
    }

    asio::any_io_executor executor;
    std::size_t limit;
    std::deque<Job> waiting;
    std::list<asio::cancellation_signal> running;
    std::exception_ptr failure;
    bool stopped = false;
    std::optional<detail::Event> idle;
};

CORPS_DECL TaskGroup::TaskGroup(asio::any_io_executor executor, unsigned limit)
    : state_(std::make_shared<State>(std::move(executor), limit)) {}

CORPS_DECL TaskGroup::~TaskGroup() = default;

CORPS_DECL void TaskGroup::add(Job job) {
    if (state_->stopped) return;
    state_->waiting.push_back(std::move(job));
    state_->start();
}

CORPS_DECL asio::awaitable<void> TaskGroup::join() {
    std::shared_ptr<State> const state = state_;
    // Cancellation must not take this coroutine away from under the jobs: it is looked at, and passed on to
    // them.
    bool const throwing = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    bool cancelled = false;
    if (state->busy()) {
        state->idle.emplace();
        while (state->busy()) {
            try {
                co_await state->idle->wait();
            } catch (boost::system::system_error const&) {
                // Cancelled: below.
            }
            asio::cancellation_state const now = co_await asio::this_coro::cancellation_state;
            if (now.cancelled() != asio::cancellation_type::none) {
                cancelled = true;
                state->stop();
            }
        }
        state->idle.reset();
    }
    co_await asio::this_coro::throw_if_cancelled(throwing);
    if (cancelled) throw boost::system::system_error(asio::error::operation_aborted);
    if (state->failure) std::rethrow_exception(state->failure);
}

}  // namespace corps
