// SuiteBook: what a store keeps of a suite, sentence by sentence.
#include <corps/corps.hpp>
#include <corps/storage/sqlite.hpp>
#include <corps/storage/store.hpp>
#include <corps/suite/suite_book.hpp>
#include <corps/testing/manual_clock.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <sqlite3.h>

#include <chrono>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <support/suite_callbacks.hpp>
#include <unit/storage/temp_dir.hpp>
#include <vector>

namespace suite_suite_book_test {

using namespace corps;
using namespace corps::testsupport;
using namespace std::chrono_literals;

namespace {

template <class Storage>
struct Shelf;
template <>
struct Shelf<MemoryStorage> {
    std::shared_ptr<Store> store = std::make_shared<StoreOf<MemoryStorage>>(MemoryStorage());
};
template <>
struct Shelf<SqliteStorage> {
    TempDir dir;
    std::shared_ptr<Store> store =
        std::make_shared<StoreOf<SqliteStorage>>(SqliteStorage(dir.file("suite.db")));
    /** Behind the store's back. */
    void run(std::string const& statement) const {
        sqlite3* db = nullptr;
        REQUIRE(sqlite3_open(dir.file("suite.db").c_str(), &db) == SQLITE_OK);
        CAPTURE(statement);
        CHECK(sqlite3_exec(db, statement.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
        CHECK(sqlite3_changes(db) == 2);
        sqlite3_close(db);
    }
};

SuiteCorp enterprise(std::string_view corpId, std::int64_t authorizedAt = 100) {
    SuiteCorp c;
    c.corpId = corpId;
    c.authorizedAt = authorizedAt;
    c.codeAt = authorizedAt;
    return c;
}

std::string codeOf(SuiteBook& book, std::string_view corpId) {
    std::optional<Secret> const code = book.code(corpId);
    return code ? std::string(code->reveal()) : "none";
}

/** How many of these fail, each because of its seal. */
template <class F>
int broken(std::initializer_list<F> const& reads) {
    int out = 0;
    for (F const& read : reads) {
        std::string text;
        Errc const e = failure(read, &text);
        if (e == Errc()) continue;
        CHECK(e == Errc::storage);
        CHECK(text.find("belongs to another row") != std::string::npos);
        ++out;
    }
    return out;
}

}  // namespace

TEMPLATE_TEST_CASE("suite book: only a newer ticket takes the place of one", "[proxy]", MemoryStorage,
                   SqliteStorage) {
    Shelf<TestType> const shelf;
    ContextOptions options = providerOptions();
    auto const clock = std::make_shared<testing::ManualClock>();
    options.clock = clock;
    SuiteBook book(Context(options), shelf.store, "s1");
    CHECK_FALSE(book.ticket());
    CHECK_FALSE(book.ticketReceivedAt());
    CHECK(book.putTicket(Secret("second"), 2000));
    std::int64_t const then = book.ticketReceivedAt().value();
    CHECK(then == clock->now().time_since_epoch().count());
    clock->advance(1s);
    CHECK_FALSE(book.putTicket(Secret("first"), 1000));
    CHECK_FALSE(book.putTicket(Secret("again"), 2000));
    CHECK(book.ticket()->value == Secret("second"));
    CHECK(book.ticket()->at == 2000);
    CHECK(book.ticket()->receivedAt == then);
    CHECK(book.putTicket(Secret("third"), 2001));
    CHECK(book.ticket()->value == Secret("third"));
    CHECK(book.ticket()->at == 2001);
    CHECK(book.ticketReceivedAt() == then + 1000);
    SuiteBook other(Context(options), shelf.store, "s2");
    CHECK_FALSE(other.ticket());
}

TEST_CASE("suite book: what is sealed is read in its own row, of its own suite, only", "[proxy]") {
    Shelf<SqliteStorage> const shelf;
    Context const context = providerContext();
    SuiteBook one(context, shelf.store, "s1");
    SuiteBook two(context, shelf.store, "s2");
    using Read = std::function<void()>;
    SECTION("a ticket of another suite") {
        one.putTicket(Secret("t1"), 1);
        two.putTicket(Secret("t2"), 1);
        shelf.run("UPDATE SuiteTicket SET ticket = (SELECT max(ticket) FROM SuiteTicket)");
        CHECK(broken<Read>(
                  {[&] { static_cast<void>(one.ticket()); }, [&] { static_cast<void>(two.ticket()); }}) == 1);
    }
    SECTION("a permanent code of another enterprise") {
        one.putCode(enterprise("a"), Secret("code of a"));
        one.putCode(enterprise("b"), Secret("code of b"));
        shelf.run("UPDATE SuiteCorp SET code = (SELECT max(code) FROM SuiteCorp)");
        CHECK(broken<Read>({[&] { static_cast<void>(one.code("a")); },
                            [&] { static_cast<void>(one.code("b")); }}) == 1);
    }
    SECTION("a permanent code that another suite has of the same enterprise") {
        one.putCode(enterprise("a"), Secret("code of a"));
        two.putCode(enterprise("a"), Secret("the other code of a"));
        shelf.run("UPDATE SuiteCorp SET code = (SELECT max(code) FROM SuiteCorp)");
        CHECK(broken<Read>({[&] { static_cast<void>(one.code("a")); },
                            [&] { static_cast<void>(two.code("a")); }}) == 1);
    }
    SECTION("an authorisation code of another authorisation") {
        CHECK(one.putWork(Secret("x"), false, 1, 1));
        CHECK(two.putWork(Secret("y"), false, 1, 1));
        shelf.run("UPDATE SuiteWork SET authCode = (SELECT max(authCode) FROM SuiteWork)");
        CHECK(broken<Read>(
                  {[&] { static_cast<void>(one.work()); }, [&] { static_cast<void>(two.work()); }}) == 1);
    }
    SECTION("of the same suite, too") {
        CHECK(one.putWork(Secret("x"), false, 1, 1));
        CHECK(one.putWork(Secret("y"), false, 1, 1));
        shelf.run("UPDATE SuiteWork SET authCode = (SELECT max(authCode) FROM SuiteWork)");
        CHECK(broken<Read>({[&] { static_cast<void>(one.work()); }}) == 1);
    }
}

TEMPLATE_TEST_CASE("suite book: an authorisation code is work once, until it is forgotten", "[proxy]",
                   MemoryStorage, SqliteStorage) {
    Shelf<TestType> const shelf;
    Context const context = providerContext();
    SuiteBook book(context, shelf.store, "s1");
    SuiteBook other(context, shelf.store, "s2");
    CHECK(book.putWork(Secret("code"), true, 1000, 1500));
    CHECK_FALSE(book.putWork(Secret("code"), true, 1001, 1600));
    CHECK(other.work().empty());
    REQUIRE(book.work().size() == 1);
    SuiteWork const work = book.work().front();
    CHECK(work.authCode == Secret("code"));
    CHECK(work.reset);
    CHECK(work.at == 1000);
    CHECK(work.receivedAt == 1500);
    CHECK(work.attempts == 0);
    CHECK(work.id.find("code") == std::string::npos);
    book.attempted(work.id);
    book.attempted(work.id);
    other.attempted(work.id);
    REQUIRE(book.work().size() == 1);
    CHECK(book.work().front().attempts == 2);
    CHECK(book.work().front().authCode == Secret("code"));

    book.finished(work.id);
    CHECK(book.work().empty());
    CHECK_FALSE(book.putWork(Secret("code"), true, 1002, 1700));  // it comes twice
    CHECK(book.work().empty());
    CHECK(other.putWork(Secret("code"), false, 1002, 1700));
    book.forgetWork(1500);
    CHECK_FALSE(book.putWork(Secret("code"), true, 1003, 1800));
    book.forgetWork(1501);
    CHECK(book.putWork(Secret("code"), false, 1004, 1900));
    REQUIRE(book.work().size() == 1);
    CHECK_FALSE(book.work().front().reset);
    CHECK(other.work().size() == 1);
}

TEST_CASE("suite book: what was exchanged is in the store no more, not even sealed", "[proxy]") {
    Shelf<SqliteStorage> const shelf;
    SuiteBook book(providerContext(), shelf.store, "s1");
    CHECK(book.putWork(Secret("code"), false, 1, 1));
    CHECK(book.putWork(Secret("another"), false, 1, 1));
    for (SuiteWork const& w : book.work()) book.finished(w.id);
    shelf.run("UPDATE SuiteWork SET done = CASE WHEN length(authCode) = 0 THEN 1 ELSE 0 END");
    CHECK(book.work().empty());
    book.putCode(enterprise("a"), Secret("code of a"));
    book.putCode(enterprise("b"), Secret("code of b"));
    CHECK(book.cancel("a", 200, 300));
    CHECK(book.cancel("b", 200, 300));
    shelf.run("UPDATE SuiteCorp SET agentId = length(code)");
    for (SuiteCorp const& c : book.corps()) CHECK(c.agentId == "0");
}

TEMPLATE_TEST_CASE("suite book: a permanent code makes an enterprise active, and keeps what is known of it",
                   "[proxy]", MemoryStorage, SqliteStorage) {
    Shelf<TestType> const shelf;
    Context const context = providerContext();
    SuiteBook book(context, shelf.store, "s1");
    SuiteBook same(context, shelf.store, "s1");
    SuiteCorp first = enterprise("wpA", 100);
    first.otherCorpId = "wwA";
    first.agentId = "1000002";
    first.corpName = "Alpha";
    first.permissions = std::vector<std::string>{"contact"};
    first.range = SuiteRange{{"1"}, {}, {}};
    std::uint64_t const before = same.changes();
    book.putCode(first, Secret("c1"));
    CHECK(same.changes() != before);
    CHECK(codeOf(book, "wpA") == "c1");
    CHECK(codeOf(book, "wwA") == "c1");
    CHECK(codeOf(book, "wpB") == "none");
    CHECK_FALSE(book.find(""));
    CHECK(otherIdsOf(book, "wwA") == std::vector<std::string>{"wpA"});

    book.refused("wpA", Secret("c1"), 150);
    CHECK(book.find("wpA")->status == SuiteCorpState::secretStale);
    CHECK(book.find("wpA")->staleAt == 150);
    CHECK(codeOf(book, "wpA") == "c1");
    SuiteCorp again;  // a reset: no facts but the code's time
    again.corpId = "wwA";
    again.codeAt = 200;
    book.putCode(again, Secret("c2"));
    CHECK(book.corps().size() == 1);
    SuiteCorp c = book.find("wpA").value();
    CHECK(codeOf(book, "wpA") == "c2");
    CHECK(c.status == SuiteCorpState::active);
    CHECK(c.staleAt == 0);
    CHECK(c.authorizedAt == 100);
    CHECK(c.codeAt == 200);
    CHECK(c.agentId == "1000002");
    CHECK(c.corpName == "Alpha");
    CHECK(c.permissions == first.permissions);
    CHECK(c.range == first.range);

    // A call that was made with the old code comes back late.
    book.refused("wpA", Secret("c1"), 250);
    CHECK(book.find("wpA")->status == SuiteCorpState::active);

    book.change("wwA", [](SuiteCorp& x) {
        x.corpId = "somebody else";
        x.status = SuiteCorpState::disabled;
        x.staleAt = 260;
    });
    book.refused("wpA", Secret("c2"), 270);  // switched off is still what is the matter with it
    CHECK(book.find("wpA")->status == SuiteCorpState::disabled);
    CHECK(book.find("wpA")->staleAt == 270);
    CHECK_FALSE(book.find("somebody else"));
    CHECK_FALSE(book.change("wpB", [](SuiteCorp&) {}));

    book.erase("wwA");
    CHECK(book.corps().empty());
    CHECK(codeOf(book, "wpA") == "none");
}

TEMPLATE_TEST_CASE("suite book: a withdrawal forgets the code, unless it was authorised again since",
                   "[proxy]", MemoryStorage, SqliteStorage) {
    Shelf<TestType> const shelf;
    Context const context = providerContext();
    SuiteBook book(context, shelf.store, "s1");
    book.putCode(enterprise("wpA", 100), Secret("c1"));
    CHECK_FALSE(book.cancel("wpA", 99, 500));  // of the authorisation before
    CHECK_FALSE(book.cancel("wpB", 200, 500));
    CHECK(codeOf(book, "wpA") == "c1");
    std::uint64_t const before = book.changes();
    CHECK(book.cancel("wpA", 100, 500));
    CHECK(book.changes() != before);
    CHECK(book.find("wpA")->status == SuiteCorpState::cancelled);
    CHECK(book.find("wpA")->cancelledAt == 500);
    CHECK_FALSE(book.find("wpA")->hasCode);
    CHECK(codeOf(book, "wpA") == "none");
    CHECK(book.cancel("wpA", 101, 600));  // told twice
    CHECK(book.find("wpA")->cancelledAt == 500);
    book.refused("wpA", Secret("c1"), 700);
    CHECK(book.find("wpA")->status == SuiteCorpState::cancelled);

    book.change("wpA", [](SuiteCorp& c) { c.erasedAt = 800; });
    book.putCode(enterprise("wpA", 900), Secret("c2"));
    SuiteCorp const c = book.find("wpA").value();
    CHECK(c.status == SuiteCorpState::active);
    CHECK(c.cancelledAt == 0);
    CHECK(c.erasedAt == 0);
    CHECK(c.authorizedAt == 900);
    CHECK_FALSE(book.cancel("wpA", 899, 1000));  // the event of the withdrawal comes once more, late
    CHECK(codeOf(book, "wpA") == "c2");
}

TEMPLATE_TEST_CASE("suite book: what changes nothing writes nothing, and a change of codes is told to all",
                   "[proxy]", MemoryStorage, SqliteStorage) {
    Shelf<TestType> const shelf;
    Context const context = providerContext();
    SuiteBook book(context, shelf.store, "s1");
    SuiteBook stranger(context, shelf.store, "s2");
    book.putCode(enterprise("wpA"), Secret("c1"));
    std::uint64_t const before = book.changes();
    CHECK(book.change("wpA", [](SuiteCorp& c) { c.agentId = "1"; }));
    CHECK(book.changes() == before);  // no code, no state
    CHECK(book.change("wpA", [](SuiteCorp& c) { c.status = SuiteCorpState::disabled; }));
    CHECK(book.changes() != before);
    CHECK(stranger.changes() == 0);
    CHECK(stranger.corps().empty());
}

}  // namespace suite_suite_book_test
