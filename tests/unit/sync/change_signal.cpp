// Who is told that a platform announced a change.
#include <corps/sync/change_signal.hpp>

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace sync_change_signal_test {

using namespace corps;

TEST_CASE("change signal: every listener hears of every change, until it gives up its place", "[schedule]") {
    ChangeSignal signal;
    signal.notify();
    int first = 0, second = 0;
    ChangeSubscription a = signal.subscribe([&] { ++first; });
    ChangeSubscription b = signal.subscribe([&] { ++second; });
    signal.notify();
    signal.notify();
    CHECK(first == 2);
    CHECK(second == 2);

    a.reset();
    a.reset();
    CHECK_FALSE(a.connected());
    signal.notify();
    CHECK(first == 2);
    CHECK(second == 3);

    // The place moves with the subscription, and the one that is written over is given up.
    int third = 0;
    a = signal.subscribe([&] { ++third; });
    b = std::move(a);
    signal.notify();
    CHECK(second == 3);
    CHECK(third == 1);
    {
        ChangeSubscription const last = std::move(b);
        signal.notify();
        CHECK(third == 2);
    }
    signal.notify();
    CHECK(third == 2);
}

TEST_CASE("change signal: a listener that throws costs the others nothing", "[schedule]") {
    ChangeSignal signal;
    int heard = 0;
    ChangeSubscription const before = signal.subscribe([&] { ++heard; });
    ChangeSubscription const bad = signal.subscribe([] { throw std::runtime_error("not my day"); });
    ChangeSubscription const after = signal.subscribe([&] { ++heard; });
    signal.notify();
    CHECK(heard == 2);
}

TEST_CASE("change signal: a listener may give up its own place and another's, and may subscribe",
          "[schedule]") {
    ChangeSignal signal;
    int own = 0, other = 0, made = 0;
    ChangeSubscription a, b, c;
    auto const kept = std::make_shared<int>(7);
    a = signal.subscribe([&, kept] {
        ++own;
        a.reset();
        b.reset();
        c = signal.subscribe([&] { ++made; });
        CHECK(*kept == 7);  // still there, although its place is gone
    });
    b = signal.subscribe([&] { ++other; });
    signal.notify();
    CHECK(own == 1);
    CHECK(other == 0);
    CHECK(made == 0);  // came while the change was told
    CHECK(kept.use_count() == 1);
    signal.notify();
    CHECK(own == 1);
    CHECK(made == 1);
}

TEST_CASE("change signal: a place may outlive the signal", "[schedule]") {
    std::optional<ChangeSignal> signal(std::in_place);
    ChangeSubscription place = signal->subscribe([] {});
    signal.reset();
    place.reset();
    CHECK_FALSE(place.connected());
}

TEST_CASE("change signal: once a place is given up no call of the listener runs", "[schedule][thread]") {
    ChangeSignal signal;
    std::atomic<bool> stop{false};
    std::vector<std::thread> tellers;
    for (int i = 0; i < 2; ++i)
        tellers.emplace_back([&] {
            while (!stop) signal.notify();
        });
    std::atomic<int> heard{0};
    bool used = false;
    for (int i = 0; i < 60; ++i) {
        auto alive = std::make_unique<std::atomic<bool>>(true);
        int const before = heard;
        ChangeSubscription place = signal.subscribe([&, p = alive.get()] {
            if (!*p) used = true;
            ++heard;
        });
        while (heard == before) std::this_thread::yield();
        place.reset();
        *alive = false;
        alive.reset();  // an address sanitizer would see a call that still runs
    }
    stop = true;
    for (std::thread& t : tellers) t.join();
    CHECK_FALSE(used);
}

}  // namespace sync_change_signal_test
