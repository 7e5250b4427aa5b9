// Every call of a sync fails in every way, once and for good. Whatever the failure, nobody who is there is
// taken for gone, and the sync after it reaches what an undisturbed one reaches.
#include <corps/corps.hpp>
#include <corps/emulator/emulator.hpp>
#include <corps/storage/memory.hpp>
#include <corps/storage/store.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/transport/https.hpp>
#include <corps/types.hpp>

#include <boost/json/parse.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

using namespace corps;
using namespace std::chrono_literals;
using emulator::FaultKind;

namespace {

/** HTTPS that remembers what was asked for: path and query. */
class Recorded {
public:
    explicit Recorded(HttpsTransport inner = HttpsTransport()) : inner_(std::move(inner)) {}
    [[nodiscard]] asio::awaitable<Response> send(Request q) const {
        {
            std::lock_guard const lock(log_->mutex);
            log_->targets.push_back(q.url.substr(q.url.find('/', q.url.find("//") + 2)));
        }
        return inner_.send(std::move(q));
    }
    [[nodiscard]] std::vector<std::string> take() const {
        std::lock_guard const lock(log_->mutex);
        return std::exchange(log_->targets, {});
    }

private:
    struct Log {
        std::mutex mutex;
        std::vector<std::string> targets;
    };
    HttpsTransport inner_;
    std::shared_ptr<Log> log_ = std::make_shared<Log>();
};

using Feishu = FSInnerType<Recorded, MemoryStorage>;

constexpr char const* kCorp = "corps.Fire";
constexpr char const* kToken = "/open-apis/auth/v3/";
constexpr char const* kTenant = "/open-apis/tenant/";
constexpr char const* kChildren = "/children?";
constexpr char const* kBatch = "/departments/batch?";
constexpr char const* kScopes = "/contact/v3/scopes?";
constexpr char const* kOneUser = "/contact/v3/users/ou_";
constexpr char const* kUserBatch = "/users/batch?";
constexpr char const* kUsersOf = "/users/find_by_department?";
constexpr char const* kRoles = "/functional_roles/";

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// The organisation, before and after
// --------------------------------------------------------------------------------------------------------

std::string id(char const* prefix, unsigned i) { return prefix + std::to_string(i); }

/**
 * Eight departments on three levels and sixty people: in one place and in two, directly below the root, alone
 * in a department; with leaders, roles and administrators. `later` is the same some days on: everything of
 * this has come, gone, moved and changed.
 */
emulator::Organisation organisation(bool later) {
    emulator::Organisation o;
    o.corpId = "fire";
    o.corpName = "Fire Ltd";
    auto const dept = [&o](std::string name, std::string parent, std::int64_t order,
                           std::vector<std::string> leaders) {
        emulator::Dept d;
        d.deptId = name;
        d.parentId = std::move(parent);
        d.name = "Department " + name;
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
        m.memberId = id("m", n);
        m.nick = "Member " + std::to_string(n);
        m.phone = "+8613800000" + std::to_string(100 + n);
        m.email = "m" + std::to_string(n) + "@fire.example";
        m.jobNumber = std::to_string(1000 + n);
        for (std::size_t i = 0; i < depts.size(); ++i) {
            emulator::Membership in;
            in.deptId = depts[i];
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
            m.memberId = id("m", n);
            o.roleMemberSet.push_back(std::move(m));
        }
    };
    role("r1", later ? 4 : 5, 12);
    role("r2", 40, 42);
    o.adminIds = {"m0", later ? "m2" : "m1"};
    return o;
}

// What a store holds
// ------------------------------------------------------------------------------------------------------------------

using Columns = std::map<std::string, std::string>;
using Contents = std::map<std::string, Columns>;  // by table and key

std::string shown(Cell const& c) {
    if (c.isNull()) return "?";
    return c.kind() == CellKind::integer ? std::to_string(c.integer()) : "'" + std::string(c.bytes()) + "'";
}

/** The rows of all records of a corp, without the times at which they were written. */
template <class Storage>
Contents contentsOf(Storage storage) {
    Contents out;
    StoreOf<Storage> store(std::move(storage));
    store.read([&out](RowAccess& rows) {
        for (TableSchema const* const t : tablesOf<>().all()) {
            std::vector<Cell> prefix;
            if (t->columns[0].type == ColumnType::corp) prefix.push_back(Cell::text(kCorp));
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
 */
std::string strange(Contents const& before, Contents const& truth, Contents const& after) {
    for (auto const& [key, values] : after) {
        auto const b = before.find(key);
        auto const t = truth.find(key);
        if (b == before.end() && t == truth.end()) return "made up: " + key;
        for (auto const& [name, value] : values) {
            bool const old = b != before.end() && b->second.at(name) == value;
            bool const now = t != truth.end() && t->second.at(name) == value;
            if (!old && !now) return "made up: " + key + ", " + name + " " + value;
        }
    }
    for (auto const& [key, values] : before) {
        if (truth.contains(key) && !after.contains(key)) return "lost: " + key;
    }
    return {};
}

std::string difference(Contents const& expected, Contents const& found) {
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

struct How {
    emulator::FeishuBehaviour behaviour = {};
    std::size_t pageLimit = 5;
    std::chrono::milliseconds deadline{0};
    std::uint32_t concurrency = 8;
    bool roles = true;
};

/** One emulator and one store; each sync is a process of its own. */
class Bench {
public:
    explicit Bench(How h) : how(std::move(h)), server(options()) {
        how.behaviour.pageLimit = how.pageLimit;
        for (unsigned i = 0; i < 4; ++i) {  // so that everybody has come and gone once
            show(i % 2 == 1);
            SyncReport const r = sync();
            REQUIRE((r.outcome == SyncOutcome::done || r.outcome == SyncOutcome::unchanged));
            world[i % 2] = contentsOf(storage);
            std::vector<std::string> asked = wire.take();
            std::set<std::string> once;
            calls[i % 2].clear();
            for (std::string& target : asked) {
                if (once.insert(target).second) calls[i % 2].push_back(std::move(target));
            }
        }
        REQUIRE(world[0] != world[1]);
        now = 1;
    }

    void show(bool later) { server.setOrganisation(organisation(later)); }

    SyncReport sync() {
        emulator::FeishuBehaviour behaviour = how.behaviour;
        server.setBehaviour(behaviour);
        // Two days after the last one: what the platform said of somebody out of sight is asked again.
        day += std::chrono::hours(48);
        auto clock = std::make_shared<testing::ManualClock>(day);
        clock->autoAdvance();
        ContextOptions o;
        o.clock = clock;
        boost::json::object keys;
        keys["appId"] = "cli_fire";
        keys["appSecret"] = "irrelevant-but-present";
        keys["baseUrl"] = server.baseUrl();
        if (how.roles) keys["roles"] = boost::json::parse(R"([{"roleId": "r1"}, {"roleId": "r2"}])");
        HttpsOptions https;
        https.deadline = how.deadline;
        if (how.deadline != 0ms) wire = Recorded(HttpsTransport(https));
        Feishu corp(CorpConfig(kCorp, "Fire", std::move(keys)), Context(o), wire, storage);
        SyncOptions options;
        options.concurrency = how.concurrency;
        SyncReport report = corp.syncCorp(options);
        return report;
    }

    /** The world that the store shows now, and the other one, which is upstream from `turn` on. */
    [[nodiscard]] Contents const& before() const { return world[now]; }
    [[nodiscard]] Contents const& truth() const { return world[1 - now]; }
    [[nodiscard]] std::vector<std::string> const& nextCalls() const { return calls[1 - now]; }
    /** Both lists of calls. */
    [[nodiscard]] std::string log() const {
        std::string out;
        for (auto const& world_ : calls) {
            for (std::string const& call : world_) out += call + "\n";
        }
        return out;
    }
    void turn() { show(now == 0); }

    How how;
    emulator::FeishuServer server;
    MemoryStorage storage;
    Recorded wire;
    Contents world[2];
    std::vector<std::string> calls[2];  // in the order of their first time
    int now = 1;
    TimePoint day{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};

private:
    static emulator::FeishuOptions options() {
        emulator::FeishuOptions o;
        o.clock = [] { return 1h; };  // so that the same page has the same cursor each time
        return o;
    }
};

enum class End {
    healed,      ///< as if nothing had happened
    incomplete,  ///< that part is as it was, the rest is as it should be
    error,       ///< nothing is written
    open,        ///< any of these: what counts is that nobody is lost
};

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
    FaultKind fault;
    int httpStatus = 0;
    std::int64_t code = 0;
    char const* body = nullptr;
    bool headers = true;
    std::int64_t seconds = 1;
    std::int64_t bytes = -1;
    std::int64_t milliseconds = 0;
};

constexpr char const* kProxy = "<html><body>Not here</body></html>";
using Kind = Way::Kind;

std::vector<Way> ways() {
    return {
        {"HTTP 400, internal error", Kind::passing, FaultKind::code, 400, 2200},
        {"HTTP 400, something else than the platform", Kind::final, FaultKind::status, 400, 0, kProxy},
        {"HTTP 403, something else than the platform", Kind::final, FaultKind::status, 403, 0, kProxy},
        {"HTTP 403, outside the range", Kind::outside, FaultKind::code, 403, 40004},
        {"HTTP 400, a permission is missing", Kind::denied, FaultKind::code, 400, 99991672},
        {"HTTP 404, no such path", Kind::final, FaultKind::code, 404, 99991201},
        {"HTTP 500", Kind::passing, FaultKind::status, 500},
        {"HTTP 502", Kind::passing, FaultKind::status, 502},
        {"HTTP 503, JSON", Kind::passing, FaultKind::status, 503, 0,
         R"({"code":2200,"msg":"internal error"})"},
        {"an error code inside an HTTP 200", Kind::passing, FaultKind::code, 200, 2200},
        {"reset before an answer", Kind::passing, FaultKind::reset, 0, 0, nullptr, true, 1, 0},
        {"reset within an answer", Kind::passing, FaultKind::reset},
        {"half an answer", Kind::passing, FaultKind::truncate},
        {"closed without a word", Kind::none, FaultKind::close},
        {"no JSON", Kind::passing, FaultKind::garbage, 200, 0, "\x01\x02 no JSON {{{"},
        {"JSON that ends early", Kind::passing, FaultKind::garbage, 200, 0,
         R"({"code":0,"data":{"items":[{"na)"},
        {"JSON of another kind", Kind::passing, FaultKind::garbage, 200, 0, R"(["code", 0])"},
        {"HTML with HTTP 200", Kind::passing, FaultKind::garbage},
        {"too fast, with headers", Kind::passing, FaultKind::rateLimit},
        {"too fast, without headers", Kind::passing, FaultKind::rateLimit, 0, 0, nullptr, false},
        {"too fast, as HTTP 400", Kind::passing, FaultKind::rateLimit, 400},
        {"too fast for an hour", Kind::hour, FaultKind::rateLimit, 0, 0, nullptr, true, 3600},
        {"the month's quota", Kind::token, FaultKind::code, 429, 99991403},
        {"an expired token", Kind::renewed, FaultKind::expireToken},
        {"a token of the wrong kind", Kind::token, FaultKind::wrongToken},
        {"a cursor that repeats", Kind::cursor, FaultKind::repeatCursor},
        {"success with nothing in it", Kind::empty, FaultKind::emptySuccess},
    };
}

emulator::Fault faultOf(Way const& way, std::string const& call, bool forGood) {
    emulator::Fault f;
    f.match = call;
    f.whole = true;
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
    return f;
}

/** What the table of faults says. */
End endOf(Way const& way, std::string_view call, bool forGood) {
    bool const token = has(call, kToken);
    bool const tenant = has(call, kTenant);
    bool const later = has(call, "page_token=");
    bool const children = has(call, kChildren);
    bool const why = has(call, kOneUser);  // why somebody is out of sight
    // Without these there is nothing to work with.
    bool const vital = token || has(call, kScopes) || (children && has(call, "/departments/0/") && !later);
    switch (way.kind) {
        case Kind::none: return End::healed;
        case Kind::slow:
        case Kind::passing: {
            if (!forGood) return End::healed;
            break;
        }
        case Kind::final: break;
        case Kind::hour:
            if (token && !forGood) return End::healed;  // how long is not told to who asks for a token
            break;
        case Kind::renewed:
            if (token || !forGood) return End::healed;
            return End::error;
        case Kind::token: return token && way.fault == FaultKind::wrongToken ? End::healed : End::error;
        case Kind::denied:
            if (vital || has(call, kUsersOf) || has(call, kUserBatch)) return End::error;
            break;
        case Kind::outside:
            if (vital && !token) return End::open;  // read as a partial range
            break;
        case Kind::cursor:
            if (token || tenant) return End::healed;
            if (!later) return End::open;  // a page that comes twice, or one that was announced and is empty
            return has(call, kScopes) ? End::error : End::incomplete;
        case Kind::empty:
            if (tenant) return End::healed;
            return token ? End::error : End::open;
    }
    if (tenant) return End::healed;
    if (why) return End::open;  // whom nobody can tell of stays
    return vital ? End::error : End::incomplete;
}

char const* nameOf(End e) {
    return e == End::healed       ? "healed"
           : e == End::incomplete ? "incomplete"
           : e == End::error      ? "error"
                                  : "open";
}

/**
 * One case: the faults, what became of it, and the sync after it.
 * @param trust An empty department is believed where all who stood there are shown by another one: so it is
 * when a department is dissolved.
 */
void tryOut(Bench& bench, std::vector<emulator::Fault> const& faults, End expected, bool trust) {
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
    Contents after = contentsOf(bench.storage);
    if (trust) {
        for (auto const& [key, values] : before) {
            if (key.starts_with("CorpDeptMember") && truth.contains(key)) after.emplace(key, values);
        }
    }
    INFO((error ? std::string(error->what()) : report->toText()));
    CHECK(strange(before, truth, after) == "");
    if (error) {
        CHECK((expected == End::error || expected == End::open));
        CHECK(difference(before, after) == "");
        CHECK(error->diagnostics().corp == kCorp);
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
    CHECK(difference(truth, contentsOf(bench.storage)) == "");
    bench.now = 1 - bench.now;
}

void tryOut(Bench& bench, Way const& way, std::string const& call, bool forGood) {
    End const expected = endOf(way, call, forGood);
    CAPTURE(way.name, call, forGood, nameOf(expected));
    tryOut(bench, {faultOf(way, call, forGood)}, expected,
           way.kind == Kind::empty && has(call, kUsersOf) && !has(call, "page_token="));
}

/** A number from the environment, for longer runs. */
std::size_t sizeFrom(char const* name, std::size_t standard) {
    char const* const text = std::getenv(name);
    return text == nullptr ? standard : static_cast<std::size_t>(std::strtoull(text, nullptr, 10));
}

/**
 * Each call in each way, at the standard size one call in sixteen, the next way beginning at the next call.
 * CORPS_EVERY_STEP=1 tries them all.
 */
std::size_t tryAll(Bench& bench) {
    std::size_t const stride = sizeFrom("CORPS_EVERY_STEP", 16);
    std::size_t runs = 0;
    std::size_t first = 0;
    for (bool const forGood : {false, true}) {
        for (Way const& way : ways()) {
            for (std::size_t i = first++ % stride; i < bench.nextCalls().size(); i += stride) {
                std::string const call = bench.nextCalls()[i];
                tryOut(bench, way, call, forGood);
                ++runs;
            }
        }
    }
    return runs;
}

}  // namespace

TEST_CASE("feishu: each call of a sync fails in each way", "[integration][coroutine][fire]") {
    Bench bench{How()};
    CHECK(tryAll(bench) >= ways().size());
    CHECK(has(bench.log(), kTenant));
    CHECK(has(bench.log(), kRoles));
}

TEST_CASE("feishu: each call of a sync level by level fails in each way", "[integration][coroutine][fire]") {
    How how;
    how.behaviour.recursionLimit = 3;
    how.roles = false;
    Bench bench(how);
    CHECK(tryAll(bench) >= ways().size());
    CHECK(has(bench.log(), "fetch_child=false"));
}

TEST_CASE("feishu: each call of a sync of a part fails in each way", "[integration][coroutine][fire]") {
    How how;
    how.behaviour.range.all = false;
    how.behaviour.range.deptIds = {"a", "b", "c"};
    how.behaviour.range.memberIds = {"m0", "m1", "m30", "m59"};
    how.behaviour.recursionLimit = 2;
    how.roles = false;
    Bench bench(how);
    CHECK(tryAll(bench) >= ways().size());
    CHECK(has(bench.log(), kScopes));
    CHECK(has(bench.log(), kBatch));
    CHECK(has(bench.log(), kUserBatch));
    CHECK(has(bench.log(), kOneUser));
}

TEST_CASE("feishu: a call that takes longer than anybody waits", "[integration][coroutine][fire]") {
    How how;
    how.pageLimit = 50;
    Bench bench(how);
    auto const began = std::chrono::steady_clock::now();
    bench.turn();
    REQUIRE(bench.sync().outcome == SyncOutcome::done);
    bench.now = 1 - bench.now;
    auto const usual =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    // Long enough for the slowest of machines, which has just shown how slow it is.
    bench.how.deadline = std::max(150ms, 5 * usual);
    Way late{"late", Kind::slow, FaultKind::delay};
    late.milliseconds = (bench.how.deadline * 3).count();
    for (char const* const endpoint : {kToken, kTenant, kChildren, kUsersOf, kRoles}) {
        auto const call = std::find_if(bench.nextCalls().begin(), bench.nextCalls().end(),
                                       [endpoint](std::string const& c) { return has(c, endpoint); });
        REQUIRE(call != bench.nextCalls().end());
        tryOut(bench, late, std::string(*call), false);
    }
    for (char const* const endpoint : {kChildren, kUsersOf}) {
        auto const call = std::find_if(bench.nextCalls().begin(), bench.nextCalls().end(),
                                       [endpoint](std::string const& c) { return has(c, endpoint); });
        tryOut(bench, late, std::string(*call), true);
    }
}

TEST_CASE("feishu: several failures at once, at random", "[integration][coroutine][fire]") {
    std::size_t const runs = sizeFrom("CORPS_FIRE_RUNS", 30);
    for (std::uint64_t const world : {0U, 1U}) {
        How how;
        if (world == 1) {
            how.behaviour.range.all = false;
            how.behaviour.range.deptIds = {"a", "b"};
            how.behaviour.range.memberIds = {"m0", "m3", "m9"};
        }
        Bench bench(how);
        for (std::size_t run = 0; run < runs; ++run) {
            std::mt19937_64 random(run * 2 + world);
            auto const draw = [&random](std::size_t below) {
                return static_cast<std::size_t>(random() % below);
            };
            bench.how.behaviour.pageLimit = 2 + draw(9);
            bench.how.behaviour.shuffle =
                draw(3) == 0 ? std::optional<std::uint64_t>(random()) : std::nullopt;
            bench.how.behaviour.parentsAfterChildren = draw(4) == 0;
            bench.how.behaviour.omitEmptyItems = draw(2) == 0;
            bench.how.behaviour.tokenOnLastPage = draw(2) == 0;
            bench.how.behaviour.recursionLimit = draw(3) == 0 ? 1 + draw(8) : 0;
            bench.how.concurrency = 1 + static_cast<std::uint32_t>(draw(8));
            std::vector<Way> const all = ways();
            std::string told;
            std::vector<emulator::Fault> faults;
            for (std::size_t n = 1 + draw(4); n > 0; --n) {
                Way const& way = all[draw(all.size())];
                emulator::Fault f = faultOf(way, "", draw(2) == 0);
                f.whole = false;
                f.sameCall = draw(2) == 0;
                f.after = static_cast<std::int64_t>(draw(25));
                if (draw(3) == 0) f.match = "/users/find_by_department";
                if (f.times == 1) f.times = static_cast<std::int64_t>(1 + draw(4));
                if (draw(3) == 0) f.probability = 0.4;
                told += std::string(way.name) + ", after " + std::to_string(f.after) + ", times " +
                        std::to_string(f.times) + (f.sameCall ? ", one call\n" : "\n");
                faults.push_back(std::move(f));
            }
            CAPTURE(world, run, told);
            bool const empty = std::any_of(faults.begin(), faults.end(), [](emulator::Fault const& f) {
                return f.kind == FaultKind::emptySuccess;
            });
            tryOut(bench, faults, End::open, empty);
        }
    }
}
