#pragma once

#include <corps/context/detail/event.hpp>
#include <corps/error/error.hpp>
#include <corps/testing/scripted_transport.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <utility>
#include <variant>

namespace corps::testing {

struct ScriptedTransport::State {
    class InFlight {
    public:
        explicit InFlight(std::shared_ptr<State> s) : state_(std::move(s)) {}
        InFlight(InFlight const&) = delete;
        InFlight& operator=(InFlight const&) = delete;
        ~InFlight() {
            std::lock_guard const lock(state_->mutex);
            --state_->inFlight;
        }

    private:
        std::shared_ptr<State> state_;
    };

    // What is decided when a call begins; needs the lock.
    struct Plan {
        Plan() = default;
        std::optional<Fault> fault;
        unsigned turns = 0;
        std::shared_ptr<Clock> clock;
        Duration wait{0};
    };

    Plan begin(Request const& q) {
        Plan plan;
        std::size_t const number = requests.size();
        requests.push_back(q);
        maxInFlight = std::max(maxInFlight, ++inFlight);
        auto const chosen = faults.find(number);
        if (chosen != faults.end()) plan.fault = chosen->second;
        if (counter && counter->due()) plan.fault = counterFault;
        if (turns > 0) plan.turns = 1 + static_cast<unsigned>(random() % turns);
        plan.clock = clock;
        plan.wait = wait;
        return plan;
    }

    // The right answer, or the fault that stands in the queue in its place.
    std::variant<Response, Fault> answer(Request const& q) {
        std::lock_guard const one(handlerMutex);
        Handler handler;
        {
            std::lock_guard const lock(mutex);
            auto const own = handlers.find(q.endpoint);
            if (own != handlers.end()) {
                handler = own->second;
            } else if (!queue.empty()) {
                auto out = std::move(queue.front());
                queue.pop_front();
                return out;
            } else {
                handler = general;
            }
        }
        if (handler) return handler(q);
        Diagnostics d;
        d.endpoint = q.endpoint;
        throw Error(Errc::unsupported, "the script has no answer for this call", std::move(d));
    }

    [[noreturn]] static void throwTimeout(Request const& q) {
        Diagnostics d;
        d.endpoint = q.endpoint;
        throw Error(Errc::transport, "timed out after " + std::to_string(q.timeout.count()) + " ms",
                    std::move(d));
    }

    static asio::awaitable<Response> fail(Fault fault, Request q, Plan plan, std::shared_ptr<State> s) {
        Diagnostics d;
        d.endpoint = q.endpoint;
        switch (fault.kind_) {
            case Fault::Kind::status: break;
            case Fault::Kind::connection: throw Error(Errc::transport, "connection reset", std::move(d));
            case Fault::Kind::timeout:
                if (plan.clock) co_await plan.clock->sleep(q.timeout);
                throwTimeout(q);
            case Fault::Kind::truncated: {
                std::variant<Response, Fault> right = s->answer(q);
                Response* const response = std::get_if<Response>(&right);
                if (response == nullptr)
                    throw Error(Errc::unsupported, "the script has no answer to truncate", std::move(d));
                response->body.resize(response->body.size() / 2);
                co_return std::move(*response);
            }
            case Fault::Kind::hang: {
                detail::Event const never;
                co_await never.wait();
                break;
            }
            case Fault::Kind::error: std::rethrow_exception(fault.exception_);
        }
        co_return Response(fault.status_, std::move(fault.body_));
    }

    static asio::awaitable<Response> send(std::shared_ptr<State> s, Request q) {
        Plan plan;
        {
            std::lock_guard const lock(s->mutex);
            plan = s->begin(q);
        }
        InFlight const counted(s);
        asio::any_io_executor const executor = co_await asio::this_coro::executor;
        for (unsigned i = 0; i < plan.turns; ++i) co_await asio::post(executor, asio::use_awaitable);
        if (plan.clock) {
            co_await plan.clock->sleep(std::min<Duration>(plan.wait, q.timeout));
            if (plan.wait > q.timeout) throwTimeout(q);
        }
        std::optional<Fault> fault = plan.fault;
        if (!fault) {
            std::variant<Response, Fault> right = s->answer(q);
            if (auto* const response = std::get_if<Response>(&right)) co_return std::move(*response);
            fault = std::get<Fault>(std::move(right));
        }
        co_return co_await fail(std::move(*fault), std::move(q), std::move(plan), s);
    }

    std::mutex handlerMutex;  // taken before `mutex`
    mutable std::mutex mutex;
    Handler general;
    std::map<std::string, Handler, std::less<>> handlers;
    std::deque<std::variant<Response, Fault>> queue;
    std::map<std::size_t, Fault> faults;
    std::optional<FailureCounter> counter;
    std::optional<Fault> counterFault;
    unsigned turns = 0;
    std::mt19937_64 random;
    std::shared_ptr<Clock> clock;
    Duration wait{0};
    std::vector<Request> requests;
    std::size_t inFlight = 0;
    std::size_t maxInFlight = 0;
};

CORPS_DECL ScriptedTransport::ScriptedTransport() : state_(std::make_shared<State>()) {}

CORPS_DECL ScriptedTransport::ScriptedTransport(Handler handler) : ScriptedTransport() {
    state_->general = std::move(handler);
}

CORPS_DECL ScriptedTransport& ScriptedTransport::push(Response answer) {
    std::lock_guard const lock(state_->mutex);
    state_->queue.emplace_back(std::move(answer));
    return *this;
}

CORPS_DECL ScriptedTransport& ScriptedTransport::push(Fault fault) {
    std::lock_guard const lock(state_->mutex);
    state_->queue.emplace_back(std::move(fault));
    return *this;
}

CORPS_DECL ScriptedTransport& ScriptedTransport::on(std::string endpoint, Handler handler) {
    std::lock_guard const lock(state_->mutex);
    state_->handlers.insert_or_assign(std::move(endpoint), std::move(handler));
    return *this;
}

CORPS_DECL ScriptedTransport& ScriptedTransport::failAt(std::size_t call, Fault fault) {
    std::lock_guard const lock(state_->mutex);
    state_->faults.insert_or_assign(call, std::move(fault));
    return *this;
}

CORPS_DECL ScriptedTransport& ScriptedTransport::failWith(FailureCounter counter, Fault fault) {
    std::lock_guard const lock(state_->mutex);
    state_->counter = std::move(counter);
    state_->counterFault = std::move(fault);
    return *this;
}

CORPS_DECL ScriptedTransport& ScriptedTransport::interleave(unsigned turns, std::uint64_t seed) {
    std::lock_guard const lock(state_->mutex);
    state_->turns = turns;
    state_->random.seed(seed);
    return *this;
}

CORPS_DECL ScriptedTransport& ScriptedTransport::delay(std::shared_ptr<Clock> clock, Duration d) {
    std::lock_guard const lock(state_->mutex);
    state_->clock = std::move(clock);
    state_->wait = d;
    return *this;
}

CORPS_DECL asio::awaitable<Response> ScriptedTransport::send(Request q) const {
    return State::send(state_, std::move(q));
}

CORPS_DECL std::vector<Request> ScriptedTransport::requests() const {
    std::lock_guard const lock(state_->mutex);
    return state_->requests;
}

CORPS_DECL std::size_t ScriptedTransport::calls() const {
    std::lock_guard const lock(state_->mutex);
    return state_->requests.size();
}

CORPS_DECL std::size_t ScriptedTransport::calls(std::string_view endpoint) const {
    std::lock_guard const lock(state_->mutex);
    return static_cast<std::size_t>(
        std::count_if(state_->requests.begin(), state_->requests.end(),
                      [endpoint](Request const& q) { return q.endpoint == endpoint; }));
}

CORPS_DECL std::size_t ScriptedTransport::maxConcurrent() const {
    std::lock_guard const lock(state_->mutex);
    return state_->maxInFlight;
}

CORPS_DECL std::size_t ScriptedTransport::inFlight() const {
    std::lock_guard const lock(state_->mutex);
    return state_->inFlight;
}

CORPS_DECL std::size_t ScriptedTransport::queued() const {
    std::lock_guard const lock(state_->mutex);
    return state_->queue.size();
}

}  // namespace corps::testing
