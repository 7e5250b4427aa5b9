#include <corps/context/context.hpp>
#include <corps/context/token_store.hpp>
#include <corps/testing/manual_clock.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/system/system_error.hpp>
#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace context_token_store_test {
namespace {

using namespace corps;
using namespace std::chrono_literals;
using testing::ManualClock;

// A platform that gives out token-1, token-2, ..., each after 1 s and good for 100 s.
struct Issuer {
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    int issued = 0;
    bool refuse = false;

    static asio::awaitable<Token> issue(Issuer* self) {
        co_await self->clock->sleep(1s);
        if (self->refuse) throw Error(Errc::authRejected, "refused");
        std::string value = "token-" + std::to_string(++self->issued);
        co_return Token(std::move(value), self->clock->uptime() + 100s);
    }
    TokenStore::Fetch fetch() {
        return [this] { return issue(this); };
    }
};

asio::awaitable<void> ask(TokenStore& store, TokenStore::Fetch fetch, std::vector<std::string>& out) {
    std::string token;
    try {
        token = co_await store.get("host/app", std::move(fetch));
    } catch (Error const& e) {
        token = e.message();
    } catch (boost::system::system_error const& e) {
        token = e.code() == asio::error::operation_aborted ? "aborted" : "other";
    }
    out.push_back(std::move(token));
}

struct Fixture {
    asio::io_context io;
    Issuer issuer;
    TokenStore store{*issuer.clock};
    std::vector<std::string> got;

    void askNow() { asio::co_spawn(io, ask(store, issuer.fetch(), got), asio::detached); }
    void settle() {
        io.restart();
        io.poll();
    }
    void pass(Duration d) {
        settle();
        issuer.clock->advance(d);
        settle();
    }
};

}  // namespace

TEST_CASE("token store: one fetch serves all who ask meanwhile, and later ones", "[context][coroutine]") {
    Fixture f;
    for (int i = 0; i < 5; ++i) f.askNow();
    f.pass(1s);
    CHECK(f.got == std::vector<std::string>(5, "token-1"));
    f.askNow();
    f.settle();
    CHECK(f.got.size() == 6);
    CHECK(f.issuer.issued == 1);
    f.issuer.clock->advance(100s);  // its time is over
    f.askNow();
    f.pass(1s);
    CHECK(f.got.back() == "token-2");
}

TEST_CASE("token store: a failed fetch fails who waits and is not remembered", "[context][coroutine]") {
    Fixture f;
    f.issuer.refuse = true;
    f.askNow();
    f.askNow();
    f.pass(1s);
    CHECK(f.got == std::vector<std::string>(2, "refused"));
    f.issuer.refuse = false;
    f.askNow();
    f.pass(1s);
    CHECK(f.got.back() == "token-1");
}

TEST_CASE("token store: a fetch that throws at once is a failed fetch", "[context][coroutine]") {
    Fixture f;
    asio::co_spawn(
        f.io,
        ask(
            f.store, []() -> asio::awaitable<Token> { throw Error(Errc::config, "no secret"); }, f.got),
        asio::detached);
    f.settle();
    CHECK(f.got == std::vector<std::string>{"no secret"});
    f.askNow();
    f.pass(1s);
    CHECK(f.got.back() == "token-1");
}

TEST_CASE("token store: the first asker may be cancelled, the others get the token", "[context][coroutine]") {
    Fixture f;
    asio::cancellation_signal signal;
    asio::co_spawn(f.io, ask(f.store, f.issuer.fetch(), f.got),
                   asio::bind_cancellation_slot(signal.slot(), asio::detached));
    f.settle();
    f.askNow();
    f.settle();
    signal.emit(asio::cancellation_type::terminal);
    f.settle();
    CHECK(f.got == std::vector<std::string>{"aborted"});
    f.pass(1s);
    CHECK(f.got == std::vector<std::string>{"aborted", "token-1"});
}

TEST_CASE("token store: a token fetched for nobody is kept", "[context][coroutine]") {
    Fixture f;
    asio::cancellation_signal signal;
    asio::co_spawn(f.io, ask(f.store, f.issuer.fetch(), f.got),
                   asio::bind_cancellation_slot(signal.slot(), asio::detached));
    f.settle();
    signal.emit(asio::cancellation_type::terminal);
    f.pass(1s);
    f.askNow();
    f.settle();
    CHECK(f.got == std::vector<std::string>{"aborted", "token-1"});
}

TEST_CASE("token store: only the token that was refused is dropped", "[context][coroutine]") {
    Fixture f;
    f.askNow();
    f.pass(1s);
    f.store.drop("host/app", "token-0");
    f.store.drop("other/app", "token-1");
    f.askNow();
    f.settle();
    CHECK(f.got == std::vector<std::string>{"token-1", "token-1"});  // at once, from the store
    f.store.drop("host/app", "token-1");
    f.askNow();
    f.pass(1s);
    CHECK(f.got.back() == "token-2");
}

TEST_CASE("token store: keys do not share", "[context][coroutine]") {
    Fixture f;
    struct Body {
        static asio::awaitable<void> go(TokenStore& s, std::string key, TokenStore::Fetch fetch,
                                        std::vector<std::string>& out) {
            out.push_back(co_await s.get(std::move(key), std::move(fetch)));
        }
    };
    asio::co_spawn(f.io, Body::go(f.store, "host/a", f.issuer.fetch(), f.got), asio::detached);
    asio::co_spawn(f.io, Body::go(f.store, "host/b", f.issuer.fetch(), f.got), asio::detached);
    f.pass(1s);
    CHECK(f.got == std::vector<std::string>{"token-1", "token-2"});
}

TEST_CASE("token store: a fetch whose executor goes away fails the others instead of holding them",
          "[context][coroutine]") {
    Fixture f;
    {
        asio::io_context doomed;
        std::vector<std::string> nobody;
        asio::co_spawn(doomed, ask(f.store, f.issuer.fetch(), nobody), asio::detached);
        doomed.poll();
        f.askNow();
        f.settle();
    }
    f.settle();
    CHECK(f.got == std::vector<std::string>{"aborted"});
    f.askNow();
    f.pass(1s);
    CHECK(f.got.back() == "token-1");
}

TEST_CASE("token store: many threads, one fetch at a time", "[context][coroutine][thread]") {
    asio::thread_pool pool(4);
    auto const clock = std::make_shared<ManualClock>();
    TokenStore store(*clock);
    std::atomic<int> running = 0;
    std::atomic<int> overlaps = 0;
    std::atomic<int> fetched = 0;
    std::atomic<int> served = 0;
    struct Body {
        static asio::awaitable<Token> fetch(std::atomic<int>& running, std::atomic<int>& overlaps,
                                            std::atomic<int>& fetched) {
            overlaps += running++ > 0 ? 1 : 0;
            --running;
            std::string value = std::to_string(++fetched);
            co_return Token(std::move(value), std::chrono::hours(1000));
        }
        static asio::awaitable<void> use(TokenStore& s, TokenStore::Fetch fetch, std::atomic<int>& served) {
            for (int i = 0; i < 20; ++i) {
                std::string const token = co_await s.get("k", fetch);
                if (i % 5 == 0) s.drop("k", token);
                ++served;
            }
        }
    };
    TokenStore::Fetch const fetch = [&] { return Body::fetch(running, overlaps, fetched); };
    for (int i = 0; i < 32; ++i) asio::co_spawn(pool, Body::use(store, fetch, served), asio::detached);
    pool.join();
    CHECK(served == 640);
    CHECK(overlaps == 0);
    CHECK(fetched > 1);
    CHECK(fetched <= 32 * 4 + 1);
}

}  // namespace context_token_store_test
