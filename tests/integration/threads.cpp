// Corps from many threads: what they share (a context with its tokens and limits, a transport with its
// connections, a store) and one corp itself. Run under the thread sanitizer, too.
#include "support/tls_server.hpp"

#include <corps/emulator/emulator.hpp>
#include <corps/error/error.hpp>
#include <corps/storage/memory.hpp>
#include <corps/storage/sqlite.hpp>
#include <corps/transport/https.hpp>
#include <corps/types.hpp>

#include <boost/asio/thread_pool.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace integration_threads_test {

using namespace corps;

namespace {

constexpr std::string_view kTokenCall = "POST /open-apis/auth/v3/tenant_access_token/internal";

/** Threads that are joined whatever happens; what one throws is kept as text: Catch2 counts in one thread
 * only. */
class Crew {
public:
    Crew() = default;
    Crew(Crew const&) = delete;
    Crew& operator=(Crew const&) = delete;
    ~Crew() { join(); }

    void add(std::function<void()> work) {
        threads_.emplace_back([this, work = std::move(work)] {
            try {
                work();
            } catch (std::exception const& e) {
                std::lock_guard<std::mutex> const guard(mutex_);
                failures_.emplace_back(e.what());
            }
        });
    }
    /** What was thrown. */
    std::vector<std::string> join() {
        for (std::thread& t : threads_) t.join();
        threads_.clear();
        return failures_;
    }

private:
    std::mutex mutex_;
    std::vector<std::string> failures_;
    std::vector<std::thread> threads_;
};

using Failures = std::vector<std::string>;

/** A platform, and what all corps share; coroutines run on three threads. */
template <class Storage>
class Bench {
public:
    using Feishu = FSInnerType<HttpsTransport, Storage>;

    explicit Bench(Storage s) : storage(std::move(s)), server({}, emulator::generate(60, 3)) {
        auto const organisation = server.organisation();
        people =
            static_cast<std::size_t>(std::count_if(organisation.userList.begin(), organisation.userList.end(),
                                                   [](auto const& m) { return m.status == 1; }));
    }

    Feishu corp(std::string const& name) {
        boost::json::object keys;
        keys["appId"] = "cli_threads";
        keys["appSecret"] = "s3cret";
        keys["baseUrl"] = server.baseUrl();
        return Feishu(CorpConfig(name, "Demo", std::move(keys)), context, net, storage);
    }

    Storage storage;
    emulator::FeishuServer server;
    std::size_t people = 0;
    asio::thread_pool pool{3};
    Context context{options(pool)};
    HttpsTransport net;

private:
    static ContextOptions options(asio::thread_pool& threads) {
        ContextOptions out;
        out.executor = threads.get_executor();
        return out;
    }
};

/** Four corps of one store are made and synced at once, while others read them: nobody sees a half of one. */
template <class Storage>
void syncTogether(Storage storage) {
    Bench<Storage> bench(std::move(storage));
    auto const nameOf = [](std::size_t i) { return "corps.C" + std::to_string(i); };
    std::vector<SyncOutcome> outcomes(4, SyncOutcome::incomplete);
    std::atomic<std::size_t> syncing{outcomes.size()};
    std::atomic<int> torn{0};
    Crew crew;
    for (std::size_t i = 0; i < outcomes.size(); ++i)
        crew.add([&, i] {
            auto const done = [&syncing](void*) { --syncing; };
            std::unique_ptr<void, decltype(done)> const guard(&bench, done);
            outcomes[i] = bench.corp(nameOf(i)).syncCorp().outcome;
        });
    for (int reader = 0; reader < 2; ++reader)
        crew.add([&] {
            std::vector<typename Bench<Storage>::Feishu> corps;
            for (std::size_t i = 0; i < outcomes.size(); ++i) corps.push_back(bench.corp(nameOf(i)));
            do {
                for (auto& corp : corps) {
                    std::size_t const seen = corp.getLocalCorpData().userList.size();
                    if (seen != 0 && seen != bench.people) ++torn;
                }
            } while (syncing.load() != 0);
        });
    CHECK(crew.join() == Failures());
    CHECK(torn.load() == 0);
    CHECK(bench.server.stats().of(kTokenCall) == 1);  // whoever came first got it for all
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        auto corp = bench.corp(nameOf(i));
        CHECK(outcomes[i] == SyncOutcome::done);
        CHECK(corp.getMembers("active").size() == bench.people);
        CHECK(corp.verifyCorp().ok);
    }
}

/** One corp, and a second object of it, synced, edited and read by everybody at once. */
template <class Storage>
void shareOne(Storage storage) {
    Bench<Storage> bench(std::move(storage));
    auto corp = bench.corp("corps.One");
    auto other = bench.corp("corps.One");
    REQUIRE(corp.syncCorp().outcome == SyncOutcome::done);
    std::vector<MemberId> ids;
    for (CorpMember const& m : corp.getMembers("active")) ids.push_back(m.memberId);

    constexpr int kRounds = 4;
    std::atomic<int> synced{0};
    std::atomic<int> refused{0};
    std::atomic<int> torn{0};
    Crew crew;
    for (auto* one : {&corp, &corp, &other})
        crew.add([&synced, &refused, one] {
            for (int n = 0; n < kRounds; ++n) {
                try {
                    static_cast<void>(one->syncCorp());
                    ++synced;
                } catch (Error const& e) {
                    // The same object has an operation of its own under way, another object the corp's lock.
                    if (!e.is(Errc::operationInProgress) && !e.is(Errc::busy)) throw;
                    ++refused;
                }
            }
        });
    crew.add([&] {
        auto alice = corp.as("alice");
        for (int n = 0; n < 3 * kRounds; ++n) alice.saveUserSignature(ids[0], std::to_string(n));
    });
    crew.add([&] {
        for (int n = 0; n < kRounds; ++n) {
            other.offlineMember({ids[1], ids[2]});
            other.reinstateMember({ids[1], ids[2]});
            other.setAdmin({ids[static_cast<std::size_t>(n)]});
        }
    });
    crew.add([&] {
        for (int n = 0; n < 3 * kRounds; ++n) {
            std::size_t const seen = corp.getMembers("active").size();
            if (seen != ids.size() && seen != ids.size() - 2) ++torn;  // both are offline, or none
            static_cast<void>(corp.changesSince());
        }
    });
    CHECK(crew.join() == Failures());
    CHECK(torn.load() == 0);
    CHECK(synced.load() >= 1);
    CHECK(synced.load() + refused.load() == 3 * kRounds);
    CHECK(corp.getMembers("active").size() == ids.size());
    CHECK(corp.getUserSignature(ids[0]).signature == std::to_string(3 * kRounds - 1));
    CHECK(corp.verifyCorp().ok);
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
}

/** A SQLite file that goes with this object. */
class File {
public:
    File() {
        std::string name = (std::filesystem::temp_directory_path() / "corps-test-XXXXXX").string();
        support::require(::mkdtemp(name.data()) != nullptr, "temporary directory");
        folder_ = name;
    }
    File(File const&) = delete;
    File& operator=(File const&) = delete;
    ~File() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    [[nodiscard]] SqliteStorage storage() const { return SqliteStorage((folder_ / "corps.db").string()); }

private:
    std::filesystem::path folder_;
};

}  // namespace

TEST_CASE("threads: corps of one store in memory and one context", "[integration][coroutine][thread]") {
    syncTogether(MemoryStorage());
}

TEST_CASE("threads: corps of one SQLite file and one context", "[integration][coroutine][thread]") {
    File const file;
    syncTogether(file.storage());
}

TEST_CASE("threads: one corp in memory", "[integration][coroutine][thread]") { shareOne(MemoryStorage()); }

TEST_CASE("threads: one corp in a SQLite file", "[integration][coroutine][thread]") {
    File const file;
    shareOne(file.storage());
}

}  // namespace integration_threads_test
