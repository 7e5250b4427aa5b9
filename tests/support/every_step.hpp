// Every call of a sync fails in every way, once and for good. Whatever the failure, nobody who is there is
// taken for gone, and the sync after it reaches what an undisturbed one reaches.
//
// What is the same for every platform; a traits struct says the rest:
//
//     using Corp, Server, Options, Behaviour;      // the element type over testsupport::RecordedHttps
//     static std::string deptId(std::string_view);  // of "0" (the root), "a", "b", ...
//     static boost::json::object keys(Server const&);
//     static Call call(SentCall const&);            // which call it is, and how a fault finds it
//     static Facts facts(How<P> const&, Call const&);
//     static std::vector<Way> ways();
//     static std::optional<End> endOf(Facts const&, Way const&, bool forGood);  // where the table is not it
//     static void adapt(emulator::Fault&, Facts const&, Way const&);
//     static void randomise(Behaviour&, draw);
//     static CorpConfig complete(CorpConfig);       // optional: with what stands in other elements
//     static constexpr char const* kMembers;        // part of the path of the lists of members
//     static constexpr bool kKnownInPart;           // somebody new may be there before all of them is told
#pragma once

#include <corps/corps.hpp>
#include <corps/emulator/emulator.hpp>
#include <corps/storage/memory.hpp>
#include <corps/storage/store.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/transport/https.hpp>
#include <corps/types.hpp>

#include <boost/json/object.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps::testsupport {

// What was asked for
// --------------------------------------------------------------------------------------------------------------

/** A request as it was sent. */
struct SentCall {
    std::string target;  ///< path and query
    std::string body;
};

/** HTTPS that remembers what was asked for. */
class RecordedHttps {
public:
    explicit RecordedHttps(HttpsTransport inner = HttpsTransport()) : inner_(std::move(inner)) {}
    [[nodiscard]] asio::awaitable<Response> send(Request q) const {
        {
            std::lock_guard const lock(log_->mutex);
            log_->calls.push_back({q.url.substr(q.url.find('/', q.url.find("//") + 2)), q.body});
        }
        return inner_.send(std::move(q));
    }
    [[nodiscard]] std::vector<SentCall> take() const {
        std::lock_guard const lock(log_->mutex);
        return std::exchange(log_->calls, {});
    }

private:
    struct Log {
        std::mutex mutex;
        std::vector<SentCall> calls;
    };
    HttpsTransport inner_;
    std::shared_ptr<Log> log_ = std::make_shared<Log>();
};

inline bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

/** A path and query without one of its parameters. */
inline std::string withoutParameter(std::string target, std::string_view name) {
    std::size_t const from = target.find('?');
    std::size_t at = from;
    std::string const key = std::string(name) + '=';
    while (at < target.size() && std::string_view(target).substr(at + 1, key.size()) != key)
        at = target.find('&', at + 1);
    if (at >= target.size()) return target;
    std::size_t const end = std::min(target.find('&', at + 1), target.size());
    target.erase(at, end - at);
    if (at == from && at < target.size()) target[at] = '?';
    return target;
}

/** One call of a sync: the same name in each sync, and how a fault finds it. */
struct Call {
    std::string name;
    std::string match;
    bool whole = false;
    std::string matchBody;
};

/** What a call is for a sync. */
struct Facts {
    bool token = false;
    bool name = false;     ///< nothing but the organisation's name, which stays when it is not told
    bool vital = false;    ///< without it there is nothing to work with
    bool needed = false;   ///< a permission that is missing for it is missing for all of its kind
    bool paged = false;    ///< a list in pages
    bool later = false;    ///< a page after the first
    bool scopes = false;   ///< what the application may see
    bool members = false;  ///< a list of members
    bool why = false;      ///< why somebody is out of sight: whom nobody can tell of stays
};

enum class End {
    healed,      ///< as if nothing had happened
    incomplete,  ///< that part is as it was, the rest is as it should be
    error,       ///< nothing is written
    open,        ///< any of these: what counts is that nobody is lost
};

inline char const* nameOf(End e) {
    return e == End::healed       ? "healed"
           : e == End::incomplete ? "incomplete"
           : e == End::error      ? "error"
                                  : "open";
}

/** One way to fail. */
struct Way {
    enum class Kind {
        passing,  ///< goes away when asked again
        final,    ///< does not
        hour,     ///< longer than anybody waits
        token,    ///< every call would end so
        renewed,  ///< a token that is replaced once
        cursor,
        empty,
        denied,   ///< a permission that is missing
        outside,  ///< something outside of the application's range
        slow,     ///< later than anybody waits
        none,     ///< not worth a word
    };
    char const* name;
    Kind kind;
    emulator::FaultKind fault;
    int httpStatus = 0;
    std::int64_t code = 0;
    char const* body = nullptr;
    bool headers = true;
    std::int64_t seconds = 1;
    std::int64_t bytes = -1;
    std::int64_t milliseconds = 0;
};

using Kind = Way::Kind;

/**
 * Adds to a platform's own ways those in which any server fails, in the platform's words.
 * @param busy what it says with HTTP 503.
 * @param early one of its answers, as far as it came.
 * @param another JSON that is none of its answers.
 */
inline std::vector<Way> withUsualWays(std::vector<Way> own, char const* busy, char const* early,
                                      char const* another) {
    using emulator::FaultKind;
    static constexpr char const* kProxy = "<html><body>Not here</body></html>";
    std::vector<Way> const usual{
        {"HTTP 400, something else than the platform", Kind::final, FaultKind::status, 400, 0, kProxy},
        {"HTTP 403, something else than the platform", Kind::final, FaultKind::status, 403, 0, kProxy},
        {"HTTP 500", Kind::passing, FaultKind::status, 500},
        {"HTTP 502", Kind::passing, FaultKind::status, 502},
        {"HTTP 503, JSON", Kind::passing, FaultKind::status, 503, 0, busy},
        {"reset before an answer", Kind::passing, FaultKind::reset, 0, 0, nullptr, true, 1, 0},
        {"reset within an answer", Kind::passing, FaultKind::reset},
        {"half an answer", Kind::passing, FaultKind::truncate},
        {"closed without a word", Kind::none, FaultKind::close},
        {"no JSON", Kind::passing, FaultKind::garbage, 200, 0, "\x01\x02 no JSON {{{"},
        {"JSON that ends early", Kind::passing, FaultKind::garbage, 200, 0, early},
        {"JSON of another kind", Kind::passing, FaultKind::garbage, 200, 0, another},
        {"HTML with HTTP 200", Kind::passing, FaultKind::garbage},
        {"an expired token", Kind::renewed, FaultKind::expireToken},
        {"a cursor that repeats", Kind::cursor, FaultKind::repeatCursor},
        {"success with nothing in it", Kind::empty, FaultKind::emptySuccess},
    };
    own.insert(own.end(), usual.begin(), usual.end());
    return own;
}

// The organisation, before and after
// --------------------------------------------------------------------------------------------------------

/**
 * Eight departments on three levels and sixty people: in one place and in two, directly below the root, alone
 * in a department; with leaders, roles and administrators. `later` is the same some days on: everything of
 * this has come, gone, moved and changed.
 */
template <class P>
emulator::Organisation everyStepOrganisation(bool later) {
    emulator::Organisation o;
    o.corpId = "fire";
    o.corpName = "Fire Ltd";
    auto const dept = [&o](std::string_view name, std::string_view parent, std::int64_t order,
                           std::vector<std::string> leaders) {
        emulator::Dept d;
        d.deptId = P::deptId(name);
        d.parentId = parent.empty() ? std::string() : P::deptId(parent);
        d.name = "Department " + std::string(name);
        d.order = order;
        d.leaderIds = std::move(leaders);
        o.deptList.push_back(std::move(d));
    };
    dept("0", "", 0, {});
    dept("a", "0", 1, {"m0", "m1"});
    dept("b", later ? "c" : "0", 2, {later ? "m21" : "m20"});
    dept("c", "0", later ? 1 : 3, {});
    dept("d", "a", 1, {"m40"});
    dept("e", "a", 2, {});
    dept("f", "d", 1, {"m59"});
    dept("g", "d", 2, {});
    if (later) o.deptList.back().name = "Renamed";
    dept(later ? "new" : "old", "b", 1, {});

    auto const person = [&o](unsigned n, std::vector<std::string> depts) -> emulator::Member& {
        emulator::Member m;
        m.memberId = "m" + std::to_string(n);
        m.nick = "Member " + std::to_string(n);
        m.phone = "+8613800000" + std::to_string(100 + n);
        m.email = "m" + std::to_string(n) + "@fire.example";
        m.jobNumber = std::to_string(1000 + n);
        for (std::size_t i = 0; i < depts.size(); ++i) {
            emulator::Membership in;
            in.deptId = P::deptId(depts[i]);
            in.order = static_cast<std::int64_t>(n);
            in.isPrimary = i == 0;
            m.departments.push_back(std::move(in));
        }
        o.userList.push_back(std::move(m));
        return o.userList.back();
    };
    static constexpr char const* kHome[] = {"a", "b", "b", "c", "d", "e"};
    for (unsigned n = 0; n < 60; ++n) {
        std::string const home = n < 4 ? "0" : n == 59 ? "f" : kHome[n % 6];
        std::vector<std::string> in{home};
        if (n % 13 == 5) in.emplace_back(home == "a" ? "g" : "a");
        if (n == 7 || n == 8) in.emplace_back(later ? "new" : "old");
        if (n == 30) in = {later ? "e" : "d"};
        if (n == (later ? 31U : 33U)) continue;  // one has left, and one has come
        emulator::Member& m = person(n, in);
        if (n == 12) m.phone = later ? "" : "+8613900000000";
        if (n == 13) m.nick = later ? "Another name" : "A name";
        if (n == 14) m.upstreamStatus = later ? "frozen" : "";
    }
    auto const role = [&o](std::string name, unsigned from, unsigned to) {
        emulator::Role r;
        r.roleId = name;
        r.name = name;
        o.roleList.push_back(r);
        for (unsigned n = from; n < to; ++n) {
            emulator::RoleMember m;
            m.roleId = name;
            m.memberId = "m" + std::to_string(n);
            o.roleMemberSet.push_back(std::move(m));
        }
    };
    role("r1", later ? 4 : 5, 12);
    role("r2", 40, 42);
    o.adminIds = {"m0", later ? "m2" : "m1"};
    return o;
}

/** Its departments' ids on a platform where ids are numbers, and the root is 1. */
inline std::string numberedDept(std::string_view name) {
    if (name == "0") return "1";
    if (name == "old") return "90";
    if (name == "new") return "91";
    return std::to_string(10 + name[0] - 'a');
}

/** Narrows what an application may see of it to these departments, by their names, and people. */
template <class P, class Scope>
void narrow(Scope& scope, std::vector<std::string> const& depts, std::vector<std::string> people) {
    scope.all = false;
    for (std::string const& name : depts) scope.deptIds.push_back(P::deptId(name));
    scope.memberIds = std::move(people);
}

// What a store holds
// ------------------------------------------------------------------------------------------------------------------

using Columns = std::map<std::string, std::string>;
using Contents = std::map<std::string, Columns>;  // by table and key

inline std::string shown(Cell const& c) {
    if (c.isNull()) return "?";
    return c.kind() == CellKind::integer ? std::to_string(c.integer()) : "'" + std::string(c.bytes()) + "'";
}

/** The rows of all records of a corp, without the times at which they were written. */
template <class Storage>
Contents contentsOf(Storage storage, char const* corp) {
    Contents out;
    StoreOf<Storage> store(std::move(storage));
    store.read([&out, corp](RowAccess& rows) {
        for (TableSchema const* const t : tablesOf<>().all()) {
            std::vector<Cell> prefix;
            if (t->columns[0].type == ColumnType::corp) prefix.push_back(Cell::text(corp));
            rows.forEach(*t, 0, prefix, [&](std::span<Cell const> row) {
                std::string key = t->name;
                Columns values;
                for (std::size_t i = 0; i < t->columns.size(); ++i) {
                    std::string const& name = t->columns[i].name;
                    if (i < t->keyColumns) {
                        key += " " + shown(row[i]);
                    } else if (!name.ends_with("At")) {
                        values[name] = shown(row[i]);
                    }
                }
                out[std::move(key)] = std::move(values);
            });
        }
    });
    return out;
}

/**
 * What is in neither world: a row that both have and this has not, one that neither has, a value of neither.
 * Empty when there is no such thing.
 * @param knownInPart A row that is new may lack values.
 */
inline std::string strange(Contents const& before, Contents const& truth, Contents const& after,
                           bool knownInPart) {
    for (auto const& [key, values] : after) {
        auto const b = before.find(key);
        auto const t = truth.find(key);
        if (b == before.end() && t == truth.end()) return "made up: " + key;
        for (auto const& [name, value] : values) {
            bool const old = b != before.end() && b->second.at(name) == value;
            bool const now = t != truth.end() && t->second.at(name) == value;
            if (knownInPart && b == before.end() && value == "?") continue;
            if (!old && !now) return "made up: " + key + ", " + name + " " + value;
        }
    }
    for (auto const& [key, values] : before) {
        if (truth.contains(key) && !after.contains(key)) return "lost: " + key;
    }
    return {};
}

inline std::string difference(Contents const& expected, Contents const& found) {
    for (auto const& [key, values] : expected) {
        auto const it = found.find(key);
        if (it == found.end()) return "not there: " + key;
        for (auto const& [name, value] : values) {
            if (it->second.at(name) != value)
                return key + ", " + name + ": " + it->second.at(name) + ", not " + value;
        }
    }
    for (auto const& [key, values] : found) {
        if (!expected.contains(key)) return "too much: " + key;
    }
    return {};
}

// The bench
// -----------------------------------------------------------------------------------------------------------------------

inline constexpr char const* kEveryStepCorp = "corps.Fire";

template <class P>
struct How {
    typename P::Behaviour behaviour = {};
    std::size_t pageLimit = 5;
    std::chrono::milliseconds deadline{0};
    std::uint32_t concurrency = 8;
    boost::json::object keys = {};  ///< beside those that every corp has
};

/** One emulator and one store; each sync is a process of its own. */
template <class P>
class Bench {
public:
    explicit Bench(How<P> h) : how(std::move(h)), server(options()) {
        how.behaviour.pageLimit = how.pageLimit;
        for (unsigned i = 0; i < 4; ++i) {  // so that everybody has come and gone once
            show(i % 2 == 1);
            SyncReport const r = sync();
            INFO(r.toText());
            REQUIRE((r.outcome == SyncOutcome::done || r.outcome == SyncOutcome::unchanged));
            world[i % 2] = contents();
            std::set<std::string> once;
            calls[i % 2].clear();
            for (SentCall const& sent : wire.take()) {
                Call call = P::call(sent);
                if (once.insert(call.name).second) calls[i % 2].push_back(std::move(call));
            }
        }
        REQUIRE(world[0] != world[1]);
        now = 1;
    }

    void show(bool later) { server.setOrganisation(everyStepOrganisation<P>(later)); }
    [[nodiscard]] Contents contents() const { return contentsOf(storage, kEveryStepCorp); }

    SyncReport sync() {
        server.setBehaviour(how.behaviour);
        // Two days after the last one: what the platform said of somebody out of sight is asked again.
        day += std::chrono::hours(48);
        auto clock = std::make_shared<testing::ManualClock>(day);
        clock->autoAdvance();
        ContextOptions o;
        o.clock = clock;
        boost::json::object keys = P::keys(server);
        for (auto const& [key, value] : how.keys) keys[key] = value;
        HttpsOptions https;
        https.deadline = how.deadline;
        if (how.deadline.count() != 0) wire = RecordedHttps(HttpsTransport(https));
        CorpConfig config(kEveryStepCorp, "Fire", std::move(keys));
        if constexpr (requires { P::complete(config); }) config = P::complete(std::move(config));
        typename P::Corp corp(std::move(config), Context(o), wire, storage);
        SyncOptions options;
        options.concurrency = how.concurrency;
        return corp.syncCorp(options);
    }

    /** The world that the store shows now, and the other one, which is upstream from `turn` on. */
    [[nodiscard]] Contents const& before() const { return world[now]; }
    [[nodiscard]] Contents const& truth() const { return world[1 - now]; }
    [[nodiscard]] std::vector<Call> const& nextCalls() const { return calls[1 - now]; }
    /** The first call of the next sync with this in its name. */
    [[nodiscard]] Call callWith(std::string_view part) const {
        auto const it = std::find_if(nextCalls().begin(), nextCalls().end(),
                                     [part](Call const& c) { return has(c.name, part); });
        REQUIRE(it != nextCalls().end());
        return *it;
    }
    /** Both lists of calls. */
    [[nodiscard]] std::string log() const {
        std::string out;
        for (auto const& list : calls) {
            for (Call const& call : list) out += call.name + "\n";
        }
        return out;
    }
    void turn() { show(now == 0); }

    How<P> how;
    typename P::Server server;
    MemoryStorage storage;
    RecordedHttps wire;
    Contents world[2];
    std::vector<Call> calls[2];  // in the order of their first time
    int now = 1;
    TimePoint day{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};

private:
    static typename P::Options options() {
        typename P::Options o;
        // So that the same page has the same cursor each time.
        o.clock = [] { return std::chrono::hours(24 * 365 * 56); };
        return o;
    }
};

// What becomes of it
// --------------------------------------------------------------------------------------------------------------

/** What the table of faults says. */
template <class P>
End endOf(Facts const& c, Way const& way, bool forGood) {
    if (std::optional<End> const own = P::endOf(c, way, forGood)) return *own;
    switch (way.kind) {
        case Kind::none: return End::healed;
        case Kind::slow:
        case Kind::passing: {
            if (!forGood) return End::healed;
            break;
        }
        case Kind::final: break;
        case Kind::hour:
            if (c.token && !forGood) return End::healed;  // how long is not told to who asks for a token
            break;
        case Kind::renewed:
            if (c.token || !forGood) return End::healed;
            return End::error;
        case Kind::token:
            return c.token && way.fault == emulator::FaultKind::wrongToken ? End::healed : End::error;
        case Kind::denied:
            if (c.vital || c.needed) return End::error;
            break;
        case Kind::outside:
            if (c.vital && !c.token) return End::open;  // read as a partial range
            break;
        case Kind::cursor:
            if (!c.paged) return End::healed;
            if (!c.later)
                return End::open;  // a page that comes twice, or one that was announced and is empty
            return c.scopes ? End::error : End::incomplete;
        case Kind::empty:
            if (c.name) return End::healed;
            return c.token ? End::error : End::open;
    }
    if (c.name) return End::healed;
    if (c.why) return End::open;
    return c.vital ? End::error : End::incomplete;
}

template <class P>
emulator::Fault faultOf(Way const& way, Call const& call, Facts const& facts, bool forGood) {
    emulator::Fault f;
    f.match = call.match;
    f.whole = call.whole;
    f.matchBody = call.matchBody;
    f.kind = way.fault;
    f.times = forGood ? -1 : 1;
    f.httpStatus = way.httpStatus;
    f.code = way.code;
    f.msg = "as told";
    if (way.body != nullptr) f.body = way.body;
    f.headers = way.headers;
    f.resetSeconds = way.seconds;
    f.afterBytes = way.bytes;
    f.delay = std::chrono::milliseconds(way.milliseconds);
    P::adapt(f, facts, way);
    return f;
}

/** One case: the faults, what became of it, and the sync after it. */
template <class P>
void tryOut(Bench<P>& bench, std::vector<emulator::Fault> const& faults, End expected) {
    Contents const& before = bench.before();
    Contents const& truth = bench.truth();
    bench.turn();
    for (emulator::Fault const& f : faults) bench.server.addFault(f);
    std::optional<SyncReport> report;
    std::optional<Error> error;
    try {
        report = bench.sync();
    } catch (Error const& e) {
        error = e;
    }
    bench.server.clearFaults();
    Contents const after = bench.contents();
    INFO((error ? std::string(error->what()) : report->toText()));
    CHECK(strange(before, truth, after, P::kKnownInPart) == "");
    if (error) {
        CHECK((expected == End::error || expected == End::open));
        CHECK(difference(before, after) == "");
        CHECK(error->diagnostics().corp == kEveryStepCorp);
    } else if (expected == End::healed) {
        CHECK(report->outcome == SyncOutcome::done);
        CHECK(difference(truth, after) == "");
    } else if (expected == End::incomplete) {
        CHECK(report->outcome == SyncOutcome::incomplete);
        CHECK_FALSE(report->faults.empty());
        CHECK(report->code());
    } else {
        CHECK(expected == End::open);
    }
    SyncReport const next = bench.sync();
    INFO(next.toText());
    CHECK((next.outcome == SyncOutcome::done || next.outcome == SyncOutcome::unchanged));
    CHECK(difference(truth, bench.contents()) == "");
    bench.now = 1 - bench.now;
}

template <class P>
void tryOut(Bench<P>& bench, Way const& way, Call const& call, bool forGood) {
    Facts const facts = P::facts(bench.how, call);
    End const expected = endOf<P>(facts, way, forGood);
    CAPTURE(way.name, call.name, forGood, nameOf(expected));
    tryOut(bench, {faultOf<P>(way, call, facts, forGood)}, expected);
}

/** A number from the environment, for longer runs. */
inline std::size_t sizeFrom(char const* name, std::size_t standard) {
    char const* const text = std::getenv(name);
    return text == nullptr ? standard : static_cast<std::size_t>(std::strtoull(text, nullptr, 10));
}

/**
 * Each call in each way, at the standard size one call in `standard`, the next way beginning at the next
 * call. CORPS_EVERY_STEP=1 tries them all, CORPS_EVERY_STEP_PART=2 half as many as usual.
 */
template <class P>
std::size_t tryAll(Bench<P>& bench, std::size_t standard) {
    std::size_t const stride = sizeFrom("CORPS_EVERY_STEP", standard * sizeFrom("CORPS_EVERY_STEP_PART", 1));
    std::size_t runs = 0;
    std::size_t first = 0;
    for (bool const forGood : {false, true}) {
        for (Way const& way : P::ways()) {
            for (std::size_t i = first++ % stride; i < bench.nextCalls().size(); i += stride) {
                Call const call = bench.nextCalls()[i];
                tryOut(bench, way, call, forGood);
                ++runs;
            }
        }
    }
    return runs;
}

/**
 * tryAll(), of syncs that make each of these calls.
 * @param calls parts of their names.
 * @return the names of all calls, one in a line.
 */
template <class P>
std::string checkEveryStep(How<P> const& how, std::size_t standard, std::vector<char const*> const& calls) {
    Bench<P> bench(how);
    CHECK(tryAll(bench, standard) * sizeFrom("CORPS_EVERY_STEP_PART", 1) >= P::ways().size());
    for (char const* const part : calls) {
        CAPTURE(part);
        CHECK(has(bench.log(), part));
    }
    return bench.log();
}

/** Calls that take longer than anybody waits: those of `once` the first time, those of `always` each time. */
template <class P>
void tryLate(Bench<P>& bench, std::vector<char const*> const& once, std::vector<char const*> const& always) {
    auto const began = std::chrono::steady_clock::now();
    bench.turn();
    REQUIRE(bench.sync().outcome == SyncOutcome::done);
    bench.now = 1 - bench.now;
    auto const usual =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    // Long enough for the slowest of machines, which has just shown how slow it is.
    bench.how.deadline = std::max<std::chrono::milliseconds>(std::chrono::milliseconds(150), 5 * usual);
    Way late{"late", Kind::slow, emulator::FaultKind::delay};
    late.milliseconds = (bench.how.deadline * 3).count();
    for (char const* const part : once) tryOut(bench, late, bench.callWith(part), false);
    for (char const* const part : always) tryOut(bench, late, bench.callWith(part), true);
}

/** Several failures at once, drawn from `seed`, with the platform's manner drawn, too. */
template <class P>
void tryRandom(Bench<P>& bench, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::function<std::size_t(std::size_t)> const draw = [&random](std::size_t below) {
        return static_cast<std::size_t>(random() % below);
    };
    bench.how.behaviour.pageLimit = 2 + draw(9);
    bench.how.behaviour.shuffle = draw(3) == 0 ? std::optional<std::uint64_t>(random()) : std::nullopt;
    P::randomise(bench.how.behaviour, draw);
    bench.how.concurrency = 1 + static_cast<std::uint32_t>(draw(8));
    std::vector<Way> const all = P::ways();
    std::string told;
    std::vector<emulator::Fault> faults;
    for (std::size_t n = 1 + draw(4); n > 0; --n) {
        Way const& way = all[draw(all.size())];
        emulator::Fault f = faultOf<P>(way, Call(), Facts(), draw(2) == 0);
        f.sameCall = draw(2) == 0;
        f.after = static_cast<std::int64_t>(draw(25));
        if (draw(3) == 0) f.match = P::kMembers;
        if (f.times == 1) f.times = static_cast<std::int64_t>(1 + draw(4));
        if (draw(3) == 0) f.probability = 0.4;
        told += std::string(way.name) + ", after " + std::to_string(f.after) + ", times " +
                std::to_string(f.times) + (f.sameCall ? ", one call\n" : "\n");
        faults.push_back(std::move(f));
    }
    CAPTURE(seed, told);
    tryOut(bench, faults, End::open);
}

/** The same in each of these worlds, many times: CORPS_FIRE_RUNS says how many. */
template <class P>
void tryRandom(std::vector<How<P>> const& worlds) {
    std::size_t const runs = sizeFrom("CORPS_FIRE_RUNS", 30);
    for (std::size_t world = 0; world < worlds.size(); ++world) {
        Bench<P> bench(worlds[world]);
        for (std::size_t run = 0; run < runs; ++run) tryRandom(bench, run * worlds.size() + world);
    }
}

}  // namespace corps::testsupport
