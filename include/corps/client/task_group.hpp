#pragma once

#include <corps/context/clock.hpp>
#include <corps/detail/config.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>

namespace corps {

/**
 * Coroutines that run beside each other, at most `limit` at once, and end together. Jobs start in the order
 * they were added; a job may add more. When one throws, or who joins is cancelled, waiting jobs are dropped,
 * running ones are cancelled, and join() throws once all of them have ended: nothing runs on after it.
 *
 * Threads     `executor` must not run two handlers at once (a strand, or a loop with one thread); all members
 * are called on it.
 */
class TaskGroup {
public:
    /** Makes the coroutine of a job when its turn comes. */
    using Job = std::function<asio::awaitable<void>()>;

    CORPS_DECL TaskGroup(asio::any_io_executor executor, unsigned limit);
    CORPS_DECL ~TaskGroup();
    TaskGroup(TaskGroup const&) = delete;
    TaskGroup& operator=(TaskGroup const&) = delete;

    CORPS_DECL void add(Job job);
    /** Waits until no job is left. Must be awaited to its end before the group goes, if anything was added.
     */
    [[nodiscard]] CORPS_DECL asio::awaitable<void> join();

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/client/impl/task_group.ipp>
#endif
