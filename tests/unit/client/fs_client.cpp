#include <corps/auth/authorized.hpp>
#include <corps/auth/fs_auth.hpp>
#include <corps/client/cutter.hpp>
#include <corps/client/fs_client.hpp>
#include <corps/context/context.hpp>
#include <corps/error/error.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/testing/scripted_transport.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/system/system_error.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace client_fs_client_test {
namespace {

using namespace corps;
using namespace std::chrono_literals;
using testing::Fault;
using testing::ManualClock;
using testing::ScriptedTransport;
namespace json = boost::json;

static_assert(ClientPolicy<FSInnerClient>);

constexpr std::string_view kTokenCall = "POST /open-apis/auth/v3/tenant_access_token/internal";
constexpr std::string_view kTenant = "GET /open-apis/tenant/v2/tenant/query";
constexpr std::string_view kChildren = "GET /open-apis/contact/v3/departments/:department_id/children";
constexpr std::string_view kBatchDepts = "GET /open-apis/contact/v3/departments/batch";
constexpr std::string_view kUsersOf = "GET /open-apis/contact/v3/users/find_by_department";
constexpr std::string_view kBatchUsers = "GET /open-apis/contact/v3/users/batch";
constexpr std::string_view kUser = "GET /open-apis/contact/v3/users/:user_id";
constexpr std::string_view kScopes = "GET /open-apis/contact/v3/scopes";
constexpr std::string_view kRole = "GET /open-apis/contact/v3/functional_roles/:role_id/members";

// The query of a request, decoded; names may repeat.
std::multimap<std::string, std::string> query(std::string const& url) {
    std::multimap<std::string, std::string> out;
    std::size_t const mark = url.find('?');
    if (mark == std::string::npos) return out;
    std::string rest = url.substr(mark + 1);
    auto const decode = [](std::string const& s) {
        std::string text;
        for (std::size_t i = 0; i < s.size(); ++i) {
            if (s[i] == '%') {
                text += static_cast<char>(std::stoi(s.substr(i + 1, 2), nullptr, 16));
                i += 2;
            } else {
                text += s[i] == '+' ? ' ' : s[i];  // as servers do
            }
        }
        return text;
    };
    while (!rest.empty()) {
        std::size_t const end = std::min(rest.find('&'), rest.size());
        std::string const pair = rest.substr(0, end);
        rest.erase(0, std::min(end + 1, rest.size()));
        std::size_t const equal = pair.find('=');
        out.emplace(decode(pair.substr(0, equal)), decode(pair.substr(equal + 1)));
    }
    return out;
}

std::string pathPart(std::string const& url, std::size_t fromEnd) {
    std::string path = url.substr(0, url.find('?'));
    for (std::size_t i = 0; i < fromEnd; ++i) path.resize(path.rfind('/'));
    return path.substr(path.rfind('/') + 1);
}

Response answer(json::object data) {
    json::object o;
    o["code"] = 0;
    o["msg"] = "success";
    o["data"] = std::move(data);
    return {200, json::serialize(o)};
}

Response refusal(int status, std::int64_t code) {
    return {status, R"({"code":)" + std::to_string(code) + R"(,"msg":"refused","error":{"log_id":"L1"}})"};
}

// A platform with an organisation, as small as the client's view of it.
class Platform {
public:
    Platform() {
        net.on(std::string(kTokenCall), [this](Request const&) {
            token = "t-" + std::to_string(++tokens);
            return Response(200,
                            R"({"code":0,"msg":"ok","expire":7200,"tenant_access_token":")" + token + "\"}");
        });
        on(kTenant, [this](Request const&) {
            if (tenantRefused) return refusal(403, 1184001);
            return answer(json::parse(R"({"tenant":{"name":"Acme","tenant_key":"tk1"}})").as_object());
        });
        on(kChildren, [this](Request const& q) { return children(q); });
        on(kUsersOf, [this](Request const& q) {
            std::string const dept = query(q.url).find("department_id")->second;
            if (limited && dept == "0") return refusal(403, 40004);
            auto const it = users.find(dept);
            if (it == users.end() && dept != "0" && !depts.contains(dept)) return refusal(400, 99992357);
            return page(q, it == users.end() ? std::vector<json::object>() : it->second, "items", 50);
        });
        on(kRole, [this](Request const& q) {
            std::string const role = pathPart(q.url, 1);
            if (!roles.contains(role)) return refusal(404, 41202);
            return page(q, roles[role], "members", 100);
        });
        on(kScopes, [this](Request const& q) {
            scopePageSizes.insert(query(q.url).find("page_size")->second);
            json::object data;
            json::array ids;
            for (std::string const& d : scopeDepts) ids.emplace_back(d);
            if (!ids.empty()) data["department_ids"] = std::move(ids);
            ids = json::array();
            for (std::string const& u : scopeUsers) ids.emplace_back(u);
            if (!ids.empty()) data["user_ids"] = std::move(ids);
            if (scopeGroups != 0) {
                ids = json::array();
                for (int i = 0; i < scopeGroups; ++i) ids.emplace_back("g" + std::to_string(i));
                data["group_ids"] = std::move(ids);
            }
            data["has_more"] = false;
            return answer(std::move(data));
        });
        on(kBatchDepts, [this](Request const& q) {
            json::array items;
            auto const params = query(q.url);
            for (auto [it, end] = params.equal_range("department_ids"); it != end; ++it) {
                if (depts.contains(it->second)) items.emplace_back(dept(it->second));
            }
            json::object data;
            data["items"] = std::move(items);
            return answer(std::move(data));
        });
        on(kBatchUsers, [this](Request const& q) {
            json::array items;
            auto const params = query(q.url);
            for (auto [it, end] = params.equal_range("user_ids"); it != end; ++it) {
                auto const found = singles.find(it->second);
                if (found != singles.end()) items.emplace_back(found->second);
            }
            json::object data;
            if (!items.empty()) data["items"] = std::move(items);
            return answer(std::move(data));
        });
    }

    // Behind the token check, counted and possibly failing.
    void on(std::string_view endpoint, std::function<Response(Request const&)> f) {
        net.on(std::string(endpoint),
               [this, f = std::move(f), name = std::string(endpoint)](Request const& q) {
                   if (findHeader(q.headers, "Authorization") != "Bearer " + token)
                       return refusal(400, 99991663);
                   if (expireAt != 0 && ++gated == expireAt) {
                       token = "expired";
                       return refusal(400, 99991663);
                   }
                   if (intercept) {
                       std::optional<Response> r = intercept(q);
                       if (r) return std::move(*r);
                   }
                   return f(q);
               });
    }

    void addDept(std::string const& id, std::string const& parent,
                 std::optional<std::int64_t> memberCount = std::nullopt) {
        depts[id] = parent;
        order.push_back(id);
        if (memberCount) counts[id] = *memberCount;
    }
    void addUsers(std::string const& dept, int n) {
        for (int i = 0; i < n; ++i) users[dept].push_back(user(dept + "." + std::to_string(i), dept));
    }
    static json::object user(std::string const& id, std::string const& dept) {
        json::object o;
        o["open_id"] = "ou_" + id;
        o["union_id"] = "on_" + id;
        o["user_id"] = "u_" + id;
        o["name"] = "n";
        o["email"] = "";
        o["mobile"] = "";
        o["gender"] = 0;
        o["status"] = json::object();
        json::array ids;
        if (!dept.empty()) ids.emplace_back(dept);
        o["department_ids"] = std::move(ids);
        return o;
    }
    json::object dept(std::string const& id) const {
        json::object o;
        o["name"] = "D";
        o["open_department_id"] = id;
        o["department_id"] = "c" + id;
        o["parent_department_id"] = depts.at(id);
        auto const count = counts.find(id);
        if (count != counts.end()) o["member_count"] = count->second;
        return o;
    }

    Response page(Request const& q, std::vector<json::object> const& all, std::string_view key,
                  std::size_t most) {
        auto const params = query(q.url);
        std::size_t const size = static_cast<std::size_t>(std::stoi(params.find("page_size")->second));
        if (size == 0 || size > most) return refusal(400, 40011);
        std::size_t from = 0;
        auto const token_ = params.find("page_token");
        if (token_ != params.end()) {
            // As the platform's: opaque, and of characters that a query must encode.
            std::string const& t = token_->second;
            if (!t.starts_with("A+/") || !t.ends_with("==")) return refusal(400, 40012);
            from = static_cast<std::size_t>(std::stoi(t.substr(3)));
        }
        std::size_t const to = std::min(from + size, all.size());
        json::object data;
        json::array items;
        for (std::size_t i = from; i < to; ++i) items.emplace_back(all[i]);
        bool const more = to < all.size();
        data["has_more"] = more;
        if (more || tokenOnLastPage) data["page_token"] = "A+/" + std::to_string(to) + "==";
        if (!items.empty() || !omitEmpty) data[key] = std::move(items);
        return answer(std::move(data));
    }

    Response children(Request const& q) {
        std::string const parent = pathPart(q.url, 1);
        bool const recursive = query(q.url).find("fetch_child")->second == "true";
        if (limited && parent == "0") return refusal(403, limited);
        if (recursive && refuseRecursionOf.contains(parent)) return refusal(400, 43010);
        std::vector<json::object> out;
        for (std::string const& id : order) {
            std::string up = depts[id];
            bool inside = up == parent;
            while (recursive && !inside && depts.contains(up)) {
                up = depts[up];
                inside = up == parent;
            }
            if (inside) out.push_back(dept(id));
        }
        return page(q, out, "items", 50);
    }

    ScriptedTransport net;
    std::map<std::string, std::string> depts;  // id -> parent
    std::vector<std::string> order;
    std::map<std::string, std::int64_t> counts;
    std::map<std::string, std::vector<json::object>> users;
    std::map<std::string, std::vector<json::object>> roles;
    std::vector<std::string> scopeDepts;
    std::vector<std::string> scopeUsers;
    std::map<std::string, json::object> singles;
    int scopeGroups = 0;
    std::set<std::string> scopePageSizes;
    std::set<std::string> refuseRecursionOf;
    int limited = 0;  // the code on the root when the range is not everybody
    bool tenantRefused = false;
    bool omitEmpty = true;
    bool tokenOnLastPage = false;
    int tokens = 0;
    std::string token;
    int expireAt = 0;
    int gated = 0;
    std::function<std::optional<Response>(Request const&)> intercept;
};

struct Finished {
    ListingState state;
    std::optional<std::int64_t> count;
};

std::string name(Listing const& l) {
    switch (l.kind) {
        case ListingKind::departments: return "departments";
        case ListingKind::deptMembers: return "members " + l.id;
        case ListingKind::visibleMembers: return "visible";
        case ListingKind::roles: return "roles";
        case ListingKind::roleMembers: return "role " + l.id;
        case ListingKind::admins: return "admins";
        case ListingKind::subtreeMembers: return "subtree " + l.id;
        case ListingKind::memberDetails: return "details";
    }
    return "";
}

// Keeps all it is given, and checks that calls never overlap and that listings end once.
class Sink final : public PageSink {
public:
    void page(PageShape const& shape, Listing const& listing,
              std::span<std::string_view const> units) override {
        CHECK_FALSE(finished.contains(name(listing)));
        CHECK_FALSE(units.empty());
        for (std::string_view const u : units) {
            pages[name(listing)].emplace_back(u);
            ids[name(listing)].push_back(keyOf(u, shape.keyPath).value_or("?"));
            stored.emplace_back(shape, listing, u);
        }
    }
    void finish(Listing const& listing, ListingState state, std::optional<std::int64_t> count) override {
        bool const fresh = finished.emplace(name(listing), Finished{state, count}).second;
        CHECK(fresh);
    }
    void row(UpstreamTable table, std::span<Cell const> cells) override {
        Row r;
        for (Cell const& c : cells) r.emplace_back(c);
        rows.emplace_back(table, std::move(r));
    }
    void called(std::uint64_t calls) override {
        CHECK(calls > reported);
        reported = calls;
    }

    [[nodiscard]] bool complete(std::string const& listing) const {
        auto const it = finished.find(listing);
        return it != finished.end() && it->second.state == ListingState::complete;
    }
    [[nodiscard]] bool incomplete(std::string const& listing) const {
        auto const it = finished.find(listing);
        return it != finished.end() && it->second.state == ListingState::incomplete;
    }

    struct Stored {
        Stored(PageShape const& s, Listing l, std::string_view b)
            : shape(&s), listing(std::move(l)), bytes(b) {}
        PageShape const* shape;
        Listing listing;
        std::string bytes;
    };
    std::map<std::string, std::vector<std::string>> pages;
    std::map<std::string, std::vector<std::string>> ids;
    std::map<std::string, Finished> finished;
    std::vector<std::pair<UpstreamTable, Row>> rows;
    std::vector<Stored> stored;
    std::uint64_t reported = 0;
};

class Rig {
public:
    explicit Rig(std::string_view config = "{}", asio::any_io_executor executor = {})
        : context(options(clock, std::move(executor))),
          channel(context, std::make_shared<Wire<ScriptedTransport>>(platform.net),
                  FSAuth(FSAuth::Config("cli_1", Secret("x")))),
          api(channel, ClientEnvironment(context, "corps.Acme", json::parse(config).as_object())) {}

    void pull(unsigned concurrency = 8) {
        PullOptions o;
        o.concurrency = concurrency;
        proof = context.run(api.pull(sink, o));
    }
    std::optional<Error> failure() {
        try {
            pull();
        } catch (Error const& e) {
            return e;
        }
        return std::nullopt;
    }
    [[nodiscard]] std::size_t calls(std::string_view endpoint) const { return platform.net.calls(endpoint); }
    // Fails calls of one endpoint whose URL holds `part`.
    void fail(std::string_view endpoint, std::string part, Response r, int times = 1000) {
        auto const left = std::make_shared<int>(times);
        platform.intercept = [=, before = platform.intercept](Request const& q) -> std::optional<Response> {
            if (q.endpoint == endpoint && q.url.find(part) != std::string::npos && (*left)-- > 0) return r;
            if (before) return before(q);
            return std::nullopt;
        };
    }

    static ContextOptions options(std::shared_ptr<ManualClock> const& clock, asio::any_io_executor executor) {
        ContextOptions out;
        clock->autoAdvance();
        out.clock = clock;
        out.executor = std::move(executor);
        return out;
    }

    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
    Platform platform;
    Context context;
    Authorized<FSAuth> channel;
    FSInnerClient::Api api;
    Sink sink;
    PullProof proof;
};

std::size_t pages(std::size_t n, std::size_t size = 50) {
    return std::max<std::size_t>(1, (n + size - 1) / size);
}

std::vector<std::string> sorted(std::vector<std::string> v) {
    std::sort(v.begin(), v.end());
    return v;
}

// Decoding
// -------------------------------------------------------------------------------------------------------------

class Decoded final : public RowSink {
public:
    void row(UpstreamTable table, std::span<Cell const> cells) override {
        CHECK(cells.size() == upstreamColumns(table).size() + (table == UpstreamTable::admin ? 1 : 0));
        std::string line;
        for (Cell const& c : cells) {
            if (!line.empty()) line += '|';
            line += c.isNull()                      ? "?"
                    : c.kind() == CellKind::integer ? std::to_string(c.integer())
                                                    : "'" + std::string(c.bytes()) + "'";
        }
        tables[table].push_back(line);
    }
    std::string one(UpstreamTable t) {
        REQUIRE(tables[t].size() == 1);
        return tables[t][0];
    }
    std::map<UpstreamTable, std::vector<std::string>> tables;
};

Decoded decode(std::string_view unit, Listing const& listing, std::string_view config = "{}") {
    ScriptedTransport net;
    Wire<ScriptedTransport> wire(net);
    FSInnerClient::Api const api(wire,
                                 ClientEnvironment(Context(), "corps.Acme", json::parse(config).as_object()));
    Unit u;
    u.shape = &FSInnerClient::Api::shapes()[0];
    u.listing = &listing;
    u.bytes = unit;
    Decoded out;
    api.decode(u, out);
    return out;
}

Listing const kTree{ListingKind::departments, ""};
Listing const kDeptB{ListingKind::deptMembers, "od-b"};

// A member's cell by the column's name.
std::string cell(std::string_view unit, std::string_view column) {
    Decoded d = decode(unit, kDeptB);
    std::string rest = d.one(UpstreamTable::member);
    for (std::string_view const c : kMemberColumns) {
        std::size_t const end = std::min(rest.find('|'), rest.size());
        if (c == column) return rest.substr(0, end);
        rest.erase(0, std::min(end + 1, rest.size()));
    }
    return "no such column";
}

}  // namespace

TEST_CASE("fs client: a pull in the documented number of calls", "[client][coroutine]") {
    for (std::size_t const departments : {0U, 1U, 49U, 50U, 51U, 101U}) {
        CAPTURE(departments);
        Rig rig(R"({"roles":[{"roleId":"r1","name":"Finance"},{"roleId":"r2"},{"roleId":"r3"}]})");
        static constexpr std::size_t kSizes[] = {0, 1, 49, 50, 51, 101};
        rig.platform.addUsers("0", 51);
        std::size_t memberCalls = 2;
        std::size_t members = 51;
        for (std::size_t i = 0; i < departments; ++i) {
            std::string const id = "od-" + std::to_string(i);
            rig.platform.addDept(id, i < 3 ? "0" : "od-" + std::to_string(i / 2));
            std::size_t const n = kSizes[i % 6];
            rig.platform.addUsers(id, static_cast<int>(n));
            memberCalls += pages(n);
            members += n;
        }
        for (int i = 0; i < 101; ++i) rig.platform.roles["r1"].push_back(Platform::user("0.0", "0"));
        rig.platform.roles["r2"].push_back(Platform::user("0.1", "0"));
        rig.platform.roles["r3"];
        rig.pull();

        CHECK(rig.calls(kTokenCall) == 1);
        CHECK(rig.calls(kTenant) == 1);
        CHECK(rig.calls(kChildren) == pages(departments));
        CHECK(rig.calls(kUsersOf) == memberCalls);
        CHECK(rig.calls(kRole) == 4);
        CHECK(rig.platform.net.calls() == 2 + pages(departments) + memberCalls + 4);
        CHECK(rig.proof.calls == rig.platform.net.calls() - 1);
        CHECK(rig.sink.reported == rig.proof.calls);
        CHECK(rig.platform.net.maxConcurrent() <= 8);

        CHECK(rig.proof.fullScope);
        CHECK(rig.proof.rootDeptId == "0");
        CHECK(rig.proof.corpName == "Acme");
        CHECK(rig.proof.upstreamCorpId == "tk1");
        CHECK(rig.proof.faults.empty());
        CHECK(rig.proof.missingPermissions.empty());
        CHECK(rig.sink.ids["departments"].size() == departments);
        std::size_t found = 0;
        for (auto const& [listing, ids] : rig.sink.ids) {
            if (listing.starts_with("members ")) found += ids.size();
        }
        CHECK(found == members);
        CHECK(rig.sink.finished.size() == departments + 7);  // root, tree, visible, roles, three role lists
        for (auto const& [listing, f] : rig.sink.finished) CHECK(f.state == ListingState::complete);
        CHECK(rig.sink.ids["role r1"].size() == 101);

        std::vector<std::pair<UpstreamTable, std::string>> rows;
        for (auto const& [table, row] : rig.sink.rows) {
            std::string line;
            for (OwnedCell const& c : row)
                line += c.isNull()                      ? "?|"
                        : c.kind() == CellKind::integer ? std::to_string(c.integer()) + "|"
                                                        : c.bytes() + "|";
            rows.emplace_back(table, line);
        }
        std::sort(rows.begin(), rows.end());
        CHECK(rows ==
              std::vector<std::pair<UpstreamTable, std::string>>{{UpstreamTable::dept, "0||Acme|0|"},
                                                                 {UpstreamTable::role, "r1||Finance|"},
                                                                 {UpstreamTable::role, "r2||?|"},
                                                                 {UpstreamTable::role, "r3||?|"}});
    }
}

TEST_CASE("graveyard 1: a department with 101, 200, 250 members: all arrive", "[client][coroutine]") {
    Rig rig;
    for (int const n : {101, 200, 250}) {
        std::string const id = "od-" + std::to_string(n);
        rig.platform.addDept(id, "0");
        rig.platform.addUsers(id, n);
    }
    rig.pull();
    for (int const n : {101, 200, 250}) {
        std::string const listing = "members od-" + std::to_string(n);
        std::vector<std::string> expected;
        for (int i = 0; i < n; ++i)
            expected.push_back("ou_od-" + std::to_string(n) + "." + std::to_string(i));
        CHECK(rig.sink.ids[listing] == expected);
        CHECK(rig.sink.complete(listing));
    }
}

TEST_CASE("graveyard 2: 51 sibling departments: all arrive", "[client][coroutine]") {
    Rig rig;
    for (int i = 0; i < 51; ++i) rig.platform.addDept("od-" + std::to_string(i), "0");
    rig.pull();
    CHECK(rig.sink.ids["departments"] == rig.platform.order);
    CHECK(rig.calls(kUsersOf) == 52);
}

TEST_CASE("graveyard 3: a cursor that repeats is an error, not a loop", "[client][coroutine]") {
    Response const again = answer(
        json::parse(
            R"({"has_more":true,"page_token":"same","items":[{"open_id":"ou_1","name":"","status":{},"department_ids":[],"email":"","mobile":""}]})")
            .as_object());
    Rig rig;
    rig.platform.addDept("od-a", "0");
    rig.platform.addDept("od-b", "0");
    rig.platform.addUsers("od-b", 1);
    rig.fail(kUsersOf, "department_id=od-a", again);
    rig.pull();
    CHECK(rig.sink.incomplete("members od-a"));
    CHECK(rig.sink.complete("members od-b"));
    CHECK(rig.sink.complete("departments"));
    REQUIRE(rig.proof.faults.size() == 1);
    CHECK(rig.proof.faults[0].code == make_error_code(Errc::protocol));
    CHECK(rig.proof.faults[0].listing == Listing{ListingKind::deptMembers, "od-a"});
    CHECK(rig.calls(kUsersOf) == 4);

    // More to come, but no cursor to it.
    Rig bare;
    bare.platform.addDept("od-a", "0");
    bare.fail(kUsersOf, "department_id=od-a", answer(json::parse(R"({"has_more":true})").as_object()));
    bare.pull();
    CHECK(bare.sink.incomplete("members od-a"));
}

TEST_CASE("graveyard 3: the cursor of the departments repeats: the tree is incomplete",
          "[client][coroutine]") {
    Rig rig;
    rig.fail(
        kChildren, "/children",
        answer(
            json::parse(
                R"({"has_more":true,"page_token":"same","items":[{"open_department_id":"od-a","name":"A","parent_department_id":"0"}]})")
                .as_object()));
    rig.platform.depts["od-a"] = "0";
    rig.pull();
    CHECK(rig.sink.incomplete("departments"));
    CHECK(rig.calls(kChildren) == 2);
    CHECK(rig.calls(kUsersOf) == 2);  // od-a was seen twice and is read once
    CHECK(rig.proof.faults.size() == 1);
}

TEST_CASE("graveyard 3: page 7 of 9 throttled is retried, then whole", "[client][coroutine]") {
    for (bool const header : {true, false}) {
        Rig rig;
        rig.platform.addDept("od-a", "0");
        rig.platform.addUsers("od-a", 450);
        Response slow(header ? 400 : 429, R"({"code":99991400,"msg":"request trigger frequency limit"})");
        if (header) slow.headers.emplace_back("x-ogw-ratelimit-reset", "52");
        rig.fail(kUsersOf, "page_token=A%2B%2F300%3D%3D", slow, 2);
        Duration const before = rig.clock->uptime();
        rig.pull();
        CHECK(rig.sink.complete("members od-a"));
        CHECK(rig.sink.ids["members od-a"].size() == 450);
        CHECK(rig.calls(kUsersOf) == 1 + 9 + 2);
        if (header) CHECK(rig.clock->uptime() - before >= 104s);
    }
}

TEST_CASE("graveyard 3: a page that stays throttled leaves its list incomplete", "[client][coroutine]") {
    Rig rig;
    rig.platform.addDept("od-a", "0");
    rig.platform.addUsers("od-a", 450);
    rig.platform.addDept("od-b", "0");
    rig.platform.addUsers("od-b", 3);
    rig.fail(kUsersOf, "page_token=A%2B%2F300%3D%3D", Response(429, R"({"code":99991400,"msg":""})"));
    rig.pull();
    CHECK(rig.sink.incomplete("members od-a"));
    CHECK(rig.sink.ids["members od-a"].size() == 300);
    CHECK(rig.sink.complete("members od-b"));
    REQUIRE(rig.proof.faults.size() == 1);
    CHECK(rig.proof.faults[0].place == "members of department od-a, page 7");
    CHECK(rig.proof.faults[0].code == make_error_code(Errc::rateLimited));
    CHECK(rig.proof.faults[0].upstreamCode == 99991400);
}

TEST_CASE("graveyard 5: an error code inside an HTTP 200 in the middle of a walk", "[client][coroutine]") {
    Rig rig;
    rig.platform.refuseRecursionOf.insert("0");
    rig.platform.addDept("od-a", "0");
    rig.platform.addDept("od-b", "0");
    rig.platform.addDept("od-b1", "od-b");
    rig.fail(kChildren, "/od-a/children", Response(200, R"({"code":40008,"msg":"dept info is null"})"));
    rig.pull();
    CHECK(rig.sink.incomplete("departments"));
    CHECK(sorted(rig.sink.ids["departments"]) == std::vector<std::string>{"od-a", "od-b", "od-b1"});
    CHECK(rig.sink.complete("members od-a"));
    CHECK(rig.sink.complete("members od-b1"));
    REQUIRE(rig.proof.faults.size() == 1);
    CHECK(rig.proof.faults[0].place == "departments below od-a, page 1");
}

TEST_CASE("graveyard 7: members directly under the root are present", "[client][coroutine]") {
    for (char const* ids : {R"(["0"])", "[]"}) {
        Rig rig;
        json::object user = Platform::user("r", "0");
        user["department_ids"] = json::parse(ids);
        rig.platform.users["0"].push_back(user);
        rig.pull();
        REQUIRE(rig.sink.ids["members 0"] == std::vector<std::string>{"ou_r"});
        Sink::Stored const& s = rig.sink.stored.at(0);
        Unit u;
        u.shape = s.shape;
        u.listing = &s.listing;
        u.bytes = s.bytes;
        Decoded d;
        rig.api.decode(u, d);
        CHECK(d.one(UpstreamTable::deptMember) == "'0'|'ou_r'|?|1");
    }
}

TEST_CASE("graveyard 8: a tree twelve levels deep", "[client][coroutine]") {
    for (bool const levelwise : {false, true}) {
        Rig rig;
        std::string parent = "0";
        // Children before their parents: no order is promised.
        std::vector<std::string> chain;
        for (int i = 0; i < 12; ++i) {
            chain.push_back("od-" + std::to_string(i));
            rig.platform.addDept(chain.back(), parent);
            rig.platform.addUsers(chain.back(), 1);
            parent = chain.back();
        }
        std::reverse(rig.platform.order.begin(), rig.platform.order.end());
        if (levelwise) rig.platform.refuseRecursionOf.insert("0");
        rig.pull();
        CHECK(sorted(rig.sink.ids["departments"]) == sorted(chain));
        CHECK(rig.sink.complete("departments"));
        for (std::string const& id : chain) CHECK(rig.sink.ids["members " + id].size() == 1);
    }
}

TEST_CASE("graveyard 12: a token that expires between two pages is refreshed, and the pull is whole",
          "[client][coroutine]") {
    for (int at = 1; at <= 12; ++at) {
        CAPTURE(at);
        Rig rig;
        for (int i = 0; i < 60; ++i) rig.platform.addDept("od-" + std::to_string(i), "0");
        rig.platform.addUsers("od-0", 120);
        rig.platform.expireAt = at;
        rig.pull();
        CHECK(rig.calls(kTokenCall) == 2);
        CHECK(rig.proof.faults.empty());
        CHECK(rig.sink.ids["departments"].size() == 60);
        CHECK(rig.sink.ids["members od-0"].size() == 120);
    }
}

TEST_CASE("graveyard 12: a token of the wrong kind ends the pull with a clear error", "[client][coroutine]") {
    Rig rig;
    rig.fail(kChildren, "", refusal(400, 99991663));
    std::optional<Error> const e = rig.failure();
    REQUIRE(e);
    CHECK(e->is(Errc::authRejected));
    CHECK(e->diagnostics().corp == "corps.Acme");
    CHECK(rig.calls(kChildren) == 2);
    CHECK(rig.calls(kTokenCall) == 2);
}

TEST_CASE("fs client: refused credentials end the pull", "[client][coroutine]") {
    Rig rig;
    rig.platform.net.on(std::string(kTokenCall), [](Request const&) {
        return Response(200, R"({"code":10014,"msg":"app secret invalid"})");
    });
    std::optional<Error> const e = rig.failure();
    REQUIRE(e);
    CHECK(e->is(Errc::authRejected));
    CHECK(e->diagnostics().upstreamCode == 10014);
    CHECK_FALSE(rig.sink.finished.contains("departments"));
    CHECK(rig.calls(kChildren) == 0);
}

TEST_CASE("fs client: a token call that fails in passing is asked again", "[client][coroutine]") {
    Rig rig;
    rig.platform.addDept("od-a", "0");
    rig.platform.net.failAt(0, Fault::connection()).failAt(1, Fault::status(502, "<html>"));
    rig.pull();
    CHECK(rig.proof.faults.empty());
    CHECK(rig.sink.complete("members od-a"));
}

TEST_CASE("fs client: recursion refused: level by level", "[client][coroutine]") {
    Rig rig;
    rig.platform.refuseRecursionOf.insert("0");
    for (int i = 0; i < 51; ++i) rig.platform.addDept("od-" + std::to_string(i), "0");
    rig.platform.addDept("od-deep", "od-7");
    rig.platform.addUsers("od-deep", 2);
    rig.platform.addUsers("0", 1);
    rig.pull();
    CHECK(rig.proof.fullScope);
    CHECK(rig.sink.ids["departments"].size() == 52);
    CHECK(rig.sink.complete("departments"));
    CHECK(rig.sink.ids["members od-deep"].size() == 2);
    CHECK(rig.sink.ids["members 0"].size() == 1);
    CHECK(rig.calls(kChildren) == 1 + 2 + 52);  // the refusal, two pages of the root, one list a department
    CHECK(rig.calls(kUsersOf) == 53);
    CHECK(rig.proof.faults.empty());
}

TEST_CASE("fs client: a range that is not everybody", "[client][coroutine]") {
    for (int const code : {40004, 40014}) {
        Rig rig;
        rig.platform.limited = code;
        // a and its a1; b, with whom recursion is refused, and its b1; a1 is in the range by itself, too.
        rig.platform.addDept("od-a", "od-hidden");
        rig.platform.addDept("od-a1", "od-a");
        rig.platform.addDept("od-b", "0");
        rig.platform.addDept("od-b1", "od-b");
        rig.platform.refuseRecursionOf.insert("od-b");
        rig.platform.addUsers("od-a1", 3);
        rig.platform.addUsers("od-b1", 1);
        rig.platform.scopeDepts = {"od-a", "od-b", "od-a1"};
        for (int i = 0; i < 51; ++i) {
            std::string const id = "s" + std::to_string(i);
            rig.platform.scopeUsers.push_back("ou_" + id);
            rig.platform.singles["ou_" + id] = Platform::user(id, "od-hidden");
        }
        rig.pull();
        CHECK_FALSE(rig.proof.fullScope);
        CHECK(rig.proof.visibleRoots == std::vector<std::string>{"od-a", "od-b", "od-a1"});
        std::vector<std::string> seen = sorted(rig.sink.ids["departments"]);
        seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
        CHECK(seen == std::vector<std::string>{"od-a", "od-a1", "od-b", "od-b1"});
        CHECK(rig.sink.complete("departments"));
        CHECK(rig.sink.ids["members od-a1"].size() == 3);
        CHECK(rig.sink.ids["members od-b1"].size() == 1);
        CHECK_FALSE(rig.sink.finished.contains("members 0"));
        CHECK(rig.sink.ids["visible"] == rig.platform.scopeUsers);
        CHECK(rig.sink.complete("visible"));
        CHECK(rig.proof.faults.empty());
        CHECK(rig.calls(kScopes) == 1);
        CHECK(rig.platform.scopePageSizes == std::set<std::string>{"100"});
        CHECK(rig.calls(kBatchDepts) == 1);
        CHECK(rig.calls(kBatchUsers) == 2);
        CHECK(rig.calls(kUsersOf) == 4);
        CHECK(rig.calls(kChildren) ==
              1 + 3 + 2);                  // the root, each visible department, then b and b1 level by level
        CHECK(rig.sink.rows.size() == 1);  // the root's
    }
}

TEST_CASE("fs client: an empty list instead of a refusal is no proof that the range is everybody",
          "[client][coroutine]") {
    Rig rig;
    rig.platform.limited = 40004;
    rig.fail(kChildren, "/0/children", answer(json::parse(R"({"has_more":false})").as_object()), 1);
    rig.platform.addDept("od-a", "od-hidden");
    rig.platform.scopeDepts = {"od-a"};
    rig.pull();
    CHECK_FALSE(rig.proof.fullScope);
    CHECK(rig.sink.ids["departments"] == std::vector<std::string>{"od-a"});
    CHECK(rig.sink.complete("members od-a"));
    CHECK_FALSE(rig.sink.finished.contains("members 0"));
}

TEST_CASE("fs client: a range with what is not shown, and with groups", "[client][coroutine]") {
    Rig rig;
    rig.platform.limited = 40004;
    rig.platform.addDept("od-a", "0");
    rig.platform.scopeDepts = {"od-a", "od-gone"};
    rig.platform.scopeUsers = {"ou_gone"};
    rig.platform.scopeGroups = 2;
    rig.pull();
    CHECK(rig.sink.incomplete("departments"));
    CHECK(rig.sink.complete("members od-a"));
    CHECK_FALSE(rig.sink.finished.contains("members od-gone"));
    CHECK(rig.sink.incomplete("visible"));
    REQUIRE(rig.proof.faults.size() == 3);
    CHECK(std::count_if(rig.proof.faults.begin(), rig.proof.faults.end(), [](PullFault const& f) {
              return f.code == make_error_code(Errc::unsupported);
          }) == 1);
    for (PullFault const& f : rig.proof.faults) CHECK(f.message.find("ou_gone") == std::string::npos);
}

TEST_CASE("fs client: the range cannot be read: an error", "[client][coroutine]") {
    Rig rig;
    rig.platform.limited = 40004;
    rig.fail(kScopes, "", refusal(400, 99991672));
    std::optional<Error> const e = rig.failure();
    REQUIRE(e);
    CHECK(e->is(Errc::permissionDenied));
}

TEST_CASE("fs client: an HTML 502 on one department is retried, then that list is incomplete",
          "[client][coroutine]") {
    Rig rig;
    rig.platform.addDept("od-a", "0");
    rig.platform.addDept("od-b", "0");
    rig.platform.addUsers("od-a", 2);
    rig.platform.addUsers("od-b", 2);
    rig.fail(kUsersOf, "department_id=od-a", Response(502, "<html><body>502 Bad Gateway</body></html>"));
    rig.pull();
    CHECK(rig.sink.incomplete("members od-a"));
    CHECK(rig.sink.complete("members od-b"));
    CHECK(rig.sink.complete("departments"));
    CHECK(rig.calls(kUsersOf) == 2 + 5);
    REQUIRE(rig.proof.faults.size() == 1);
    CHECK(rig.proof.faults[0].code == make_error_code(Errc::transport));
    CHECK(rig.proof.faults[0].place == "members of department od-a, page 1");

    Rig passing;
    passing.platform.addDept("od-a", "0");
    passing.platform.addUsers("od-a", 2);
    passing.fail(kUsersOf, "department_id=od-a", Response(502, "<html>"), 4);
    passing.pull();
    CHECK(passing.sink.complete("members od-a"));
    CHECK(passing.proof.faults.empty());
}

TEST_CASE("fs client: every list of members fails: the tree still stands, and all of them are incomplete",
          "[client][coroutine]") {
    Rig rig;
    for (int i = 0; i < 100; ++i) rig.platform.addDept("od-" + std::to_string(i), "0");
    rig.fail(kUsersOf, "", Response(500, R"({"code":40003,"msg":"internal error"})"));
    rig.pull();
    CHECK(rig.sink.complete("departments"));
    CHECK(rig.proof.faults.size() == 101);
    CHECK(rig.calls(kUsersOf) < 250);  // not 5 times each
}

TEST_CASE("fs client: the first page of departments fails: an error; a later one: incomplete",
          "[client][coroutine]") {
    Rig rig;
    rig.fail(kChildren, "", Response(500, R"({"code":40003,"msg":"internal error"})"));
    std::optional<Error> e = rig.failure();
    REQUIRE(e);
    CHECK(e->is(Errc::transport));
    CHECK(rig.calls(kChildren) == 5);
    CHECK(rig.platform.net.inFlight() == 0);

    Rig later;
    for (int i = 0; i < 101; ++i) later.platform.addDept("od-" + std::to_string(i), "0");
    later.fail(kChildren, "page_token=A%2B%2F50", Response(500, R"({"code":40003,"msg":"internal error"})"));
    later.pull();
    CHECK(later.sink.incomplete("departments"));
    CHECK(later.sink.ids["departments"].size() == 50);
    CHECK(later.calls(kUsersOf) == 51);
    REQUIRE(later.proof.faults.size() == 1);
    CHECK(later.proof.faults[0].place == "departments, page 2");
}

TEST_CASE("fs client: a missing permission ends the pull and is named", "[client][coroutine]") {
    Response const denied(
        400,
        R"({"code":99991672,"msg":"Access denied. One of the following scopes is required: [contact:contact.base:readonly]."})");
    for (std::string_view const endpoint : {kChildren, kUsersOf}) {
        Rig rig;
        rig.fail(endpoint, "", denied);
        std::optional<Error> const e = rig.failure();
        REQUIRE(e);
        CHECK(e->is(Errc::permissionDenied));
        CHECK(std::string(e->what()).find("contact:contact.base:readonly") != std::string::npos);
        CHECK(rig.calls(endpoint) == 1);
    }
}

TEST_CASE("fs client: a used-up quota ends the pull at once", "[client][coroutine]") {
    Rig rig;
    rig.platform.addDept("od-a", "0");
    rig.fail(kUsersOf, "", Response(429, R"({"code":99991403,"msg":"quota"})"));
    std::optional<Error> const e = rig.failure();
    REQUIRE(e);
    CHECK_FALSE(e->retryable());
    CHECK(rig.calls(kUsersOf) <= 2);
}

TEST_CASE("fs client: the tenant's name may stay unknown", "[client][coroutine]") {
    Rig rig;
    rig.platform.tenantRefused = true;
    rig.pull();
    CHECK(rig.proof.corpName.empty());
    CHECK(rig.proof.upstreamCorpId.empty());
    CHECK(rig.proof.faults.empty());
    CHECK(rig.proof.missingPermissions == std::vector<std::string>{"tenant:tenant:readonly"});
    REQUIRE(rig.sink.rows.size() == 1);
    CHECK(rig.sink.rows[0].second.at(2).isNull());
}

TEST_CASE("fs client: roles that are denied or gone", "[client][coroutine]") {
    Rig rig(R"({"roles":[{"roleId":"gone"},{"roleId":"r1"}]})");
    rig.platform.roles["r1"].push_back(Platform::user("a", "0"));
    rig.pull();
    CHECK(rig.sink.complete("roles"));
    CHECK(rig.sink.incomplete("role gone"));
    CHECK(rig.sink.complete("role r1"));
    CHECK(rig.proof.faults.size() == 1);

    Rig denied(R"({"roles":[{"roleId":"r1"},{"roleId":"r2"}]})");
    denied.fail(kRole, "", Response(400, R"({"code":99991672,"msg":"[contact:functional_role:readonly]"})"));
    denied.pull();
    CHECK(denied.sink.incomplete("role r1"));
    CHECK(denied.sink.incomplete("role r2"));
    CHECK(denied.calls(kRole) == 1);
    CHECK(denied.proof.missingPermissions == std::vector<std::string>{"contact:functional_role:readonly"});
}

TEST_CASE("graveyard 10: fields that are withheld are reported by the permission's name",
          "[client][coroutine]") {
    Rig rig;
    rig.platform.addDept("od-a", "0");
    json::object user;
    user["open_id"] = "ou_1";
    rig.platform.users["od-a"].push_back(user);
    rig.platform.intercept = [&](Request const& q) -> std::optional<Response> {
        if (q.endpoint != kChildren) return std::nullopt;
        return answer(json::parse(R"({"items":[{"open_department_id":"od-a"}]})").as_object());
    };
    rig.pull();
    CHECK(rig.proof.missingPermissions ==
          std::vector<std::string>{"contact:department.base:readonly", "contact:department.organize:readonly",
                                   "contact:user.base:readonly", "contact:user.department:readonly",
                                   "contact:user.email:readonly", "contact:user.employee:readonly",
                                   "contact:user.gender:readonly", "contact:user.phone:readonly"});
}

TEST_CASE("fs client: an empty department's own count of 0 is passed on, and no other",
          "[client][coroutine]") {
    Rig rig;
    rig.platform.addDept("od-a", "0", 0);
    rig.platform.addDept("od-b", "0", 3);
    rig.platform.addUsers("od-b", 3);
    rig.platform.addDept("od-c", "0", 0);  // whom the number counts is not documented
    rig.platform.addUsers("od-c", 1);
    rig.platform.addDept("od-d", "0");
    rig.pull();
    CHECK(rig.sink.finished.at("members od-a").count == 0);
    CHECK_FALSE(rig.sink.finished.at("members od-b").count);
    CHECK_FALSE(rig.sink.finished.at("members od-c").count);
    CHECK_FALSE(rig.sink.finished.at("members od-d").count);
    CHECK_FALSE(rig.sink.finished.at("members 0").count);
}

TEST_CASE("fs client: empty lists with or without their key, cursors beside has_more false",
          "[client][coroutine]") {
    for (bool const omit : {true, false}) {
        for (bool const token : {true, false}) {
            Rig rig;
            rig.platform.omitEmpty = omit;
            rig.platform.tokenOnLastPage = token;
            rig.platform.addDept("od-a", "0");
            rig.platform.addDept("od-b", "0");
            rig.platform.addUsers("od-b", 50);
            rig.pull();
            CHECK(rig.calls(kUsersOf) == 3);
            CHECK(rig.sink.complete("members od-a"));
            CHECK(rig.sink.ids["members od-b"].size() == 50);
        }
    }
}

TEST_CASE("fs client: page tokens and ids are percent-encoded, id types always sent", "[client][coroutine]") {
    Rig rig(R"({"departmentIdType":"department_id","userIdType":"user_id","roles":[{"roleId":"a/b c"}]})");
    rig.platform.roles["a%2Fb%20c"];
    rig.fail(
        kChildren, "/0/children",
        answer(
            json::parse(
                R"({"items":[{"open_department_id":"od-1","department_id":"R&D.x@1","name":"x","parent_department_id":"0"}]})")
                .as_object()));
    rig.fail(
        kUsersOf, "department_id=R%26D.x%401",
        answer(
            json::parse(R"({"has_more":true,"page_token":"+/= &x","items":[{"user_id":"u1"}]})").as_object()),
        1);
    rig.fail(kUsersOf, "page_token=%2B%2F%3D%20%26x",
             answer(json::parse(R"({"items":[{"user_id":"u2"}]})").as_object()), 1);
    rig.pull();
    CHECK(rig.sink.ids["departments"] == std::vector<std::string>{"R&D.x@1"});
    CHECK(rig.sink.ids["members R&D.x@1"] == std::vector<std::string>{"u1", "u2"});
    CHECK(rig.sink.complete("role a/b c"));
    for (Request const& q : rig.platform.net.requests()) {
        if (q.endpoint == kTokenCall || q.endpoint == kTenant) continue;
        CHECK(q.url.find("user_id_type=user_id&department_id_type=department_id") != std::string::npos);
        CHECK(q.method == "GET");
    }
}

TEST_CASE("fs client: an id type whose field was not granted is an error that names the permission",
          "[client][coroutine]") {
    Rig rig(R"({"departmentIdType":"department_id"})");
    rig.fail(kChildren, "", answer(json::parse(R"({"items":[{"open_department_id":"od-1"}]})").as_object()));
    std::optional<Error> const e = rig.failure();
    REQUIRE(e);
    CHECK(e->is(Errc::protocol));
    CHECK(std::string(e->what()).find("contact:department.base:readonly") != std::string::npos);
}

TEST_CASE("fs client: whatever order answers come in, the pull is the same", "[client][coroutine]") {
    auto const build = [](Rig& rig) {
        for (int i = 0; i < 60; ++i) {
            rig.platform.addDept("od-" + std::to_string(i),
                                 i == 0 ? "0" : "od-" + std::to_string((i - 1) / 3));
            rig.platform.addUsers("od-" + std::to_string(i), (i * 37) % 120);
        }
    };
    Rig calm;
    build(calm);
    calm.pull(1);
    CHECK(calm.platform.net.maxConcurrent() == 1);
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        Rig rig;
        build(rig);
        rig.platform.net.interleave(20, seed);
        rig.pull(16);
        CHECK(rig.platform.net.maxConcurrent() > 8);
        CHECK(rig.platform.net.maxConcurrent() <= 16);
        CHECK(rig.sink.ids == calm.sink.ids);
        CHECK(rig.sink.pages == calm.sink.pages);
        CHECK(rig.proof.calls == calm.proof.calls);
    }
}

TEST_CASE("fs client: members are read while departments still come", "[client][coroutine]") {
    Rig rig;
    for (int i = 0; i < 500; ++i) rig.platform.addDept("od-" + std::to_string(i), "0");
    rig.platform.net.interleave(3, 1);
    rig.pull();
    std::vector<Request> const all = rig.platform.net.requests();
    std::size_t firstMember = all.size();
    std::size_t lastPage = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].endpoint == kUsersOf) firstMember = std::min(firstMember, i);
        if (all[i].endpoint == kChildren) lastPage = i;
    }
    CHECK(firstMember < lastPage);
}

TEST_CASE("fs client: a pull on many threads", "[client][coroutine][thread]") {
    asio::thread_pool pool(4);
    Rig rig(R"({"roles":[{"roleId":"r1"}]})", pool.get_executor());
    rig.platform.roles["r1"].push_back(Platform::user("a", "0"));
    for (int i = 0; i < 80; ++i) {
        rig.platform.addDept("od-" + std::to_string(i), "0");
        rig.platform.addUsers("od-" + std::to_string(i), 3);
    }
    rig.platform.net.interleave(4, 3);
    rig.pull();
    CHECK(rig.sink.ids["departments"].size() == 80);
    CHECK(rig.calls(kUsersOf) == 81);
    CHECK(rig.proof.faults.empty());
}

TEST_CASE("fs client: cancelled at any point, nothing runs on", "[client][coroutine]") {
    for (std::size_t stopAt = 1; stopAt < 30; stopAt += 3) {
        CAPTURE(stopAt);
        asio::io_context loop;
        Rig rig("{}", loop.get_executor());
        for (int i = 0; i < 40; ++i) rig.platform.addDept("od-" + std::to_string(i), "0");
        rig.platform.net.interleave(6, stopAt);
        asio::cancellation_signal signal;
        std::exception_ptr result;
        bool ended = false;
        asio::co_spawn(
            loop, rig.api.pull(rig.sink, PullOptions()),
            asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e, PullProof const&) {
                result = std::move(e);
                ended = true;
            }));
        while (rig.platform.net.calls() < stopAt) loop.run_one();
        signal.emit(asio::cancellation_type::terminal);
        loop.run();
        CHECK(ended);
        REQUIRE(result);
        CHECK_THROWS_AS(std::rethrow_exception(result), boost::system::system_error);
        CHECK(rig.platform.net.inFlight() == 0);
        CHECK(rig.platform.net.calls() <= stopAt + 16);
        // The same object can be used again.
        Sink again;
        loop.restart();
        bool fine = false;
        asio::co_spawn(loop, rig.api.pull(again, PullOptions()),
                       [&](std::exception_ptr const& e, PullProof const&) { fine = !e; });
        loop.run();
        CHECK(fine);
        CHECK(again.ids["departments"].size() == 40);
    }
}

TEST_CASE("fs client: any single call may fail, and nothing is claimed that was not read",
          "[client][coroutine]") {
    for (std::size_t at = 0;; ++at) {
        CAPTURE(at);
        Rig rig(R"({"roles":[{"roleId":"r1"}]})");
        rig.platform.roles["r1"].push_back(Platform::user("a", "0"));
        for (int i = 0; i < 3; ++i) rig.platform.addDept("od-" + std::to_string(i), "0");
        rig.platform.addUsers("od-1", 51);
        if (at >= 9) break;
        rig.platform.net.failAt(at, Fault::status(400, R"({"code":40001,"msg":"param error"})"));
        try {
            rig.pull();
        } catch (Error const&) {
            CHECK_FALSE(rig.sink.finished.contains("departments"));
            continue;
        }
        for (auto const& [listing, f] : rig.sink.finished) {
            if (f.state != ListingState::complete) continue;
            if (listing == "members od-1") CHECK(rig.sink.ids[listing].size() == 51);
            if (listing == "departments") CHECK(rig.sink.ids[listing].size() == 3);
            if (listing == "role r1") CHECK(rig.sink.ids[listing].size() == 1);
        }
    }
}

TEST_CASE("fs client: why somebody is not seen any more", "[client][coroutine]") {
    Rig rig;
    rig.platform.on(kUser, [](Request const& q) {
        std::string const id = pathPart(q.url, 0);
        if (id == "ou_resigned")
            return answer(
                json::parse(R"({"user":{"open_id":"x","status":{"is_resigned":true}}})").as_object());
        if (id == "ou_here")
            return answer(
                json::parse(R"({"user":{"open_id":"x","status":{"is_resigned":false}}})").as_object());
        if (id == "ou_hidden") return refusal(400, 41050);
        if (id == "ou_broken") return Response(502, "<html>");
        return refusal(400, 99992351);
    });
    std::vector<Absence> const out = rig.context.run(
        rig.api.explainAbsence({"ou_resigned", "ou_hidden", "ou_erased", "ou_here", "ou_broken"}));
    CHECK(out == std::vector<Absence>{Absence::left, Absence::outOfScope, Absence::left, Absence::unknown,
                                      Absence::unknown});
    CHECK(rig.context.run(rig.api.explainAbsence({})).empty());
}

TEST_CASE("fs client: configuration", "[client]") {
    ScriptedTransport net;
    Wire<ScriptedTransport> wire(net);
    auto const make = [&](std::string_view config) {
        return FSInnerClient::Api(wire,
                                  ClientEnvironment(Context(), "corps.Acme", json::parse(config).as_object()))
            .identity();
    };
    for (std::string_view const config :
         {R"({"userIdType":"openid"})", R"({"departmentIdType":"id"})", R"({"roles":{}})",
          R"({"roles":["r1"]})", R"({"roles":[{"name":"x"}]})", R"({"roles":[{"roleId":""}]})",
          R"({"roles":[{"roleId":"a"},{"roleId":"a"}]})", R"({"roles":[{"roleId":"a","name":1}]})",
          R"({"baseUrl":"http://example.com"})", R"({"baseUrl":7})"}) {
        CAPTURE(config);
        try {
            (void)make(config);
            FAIL("accepted");
        } catch (Error const& e) {
            CHECK(e.is(Errc::config));
        }
    }
    // Whatever decides what a unit decodes to is in the identity.
    std::set<std::string> identities;
    for (std::string_view const config :
         {R"({})", R"({"appId":"cli_1"})", R"({"appId":"cli_2"})", R"({"userIdType":"user_id"})",
          R"({"userIdType":"union_id"})", R"({"departmentIdType":"department_id"})",
          R"({"baseUrl":"https://open.larksuite.com"})", R"({"roles":[{"roleId":"a"}]})",
          R"({"roles":[{"roleId":"a","name":"A"}]})"}) {
        CHECK(identities.insert(make(config)).second);
    }
    CHECK(make(R"({"authConfig":{"appId":"cli_1"}})") == make(R"({"appId":"cli_1"})"));
    std::set<std::string_view> names;
    for (PageShape const& s : FSInnerClient::Api::shapes()) CHECK(names.insert(s.name).second);
}

TEST_CASE("fs client: typed calls and any other call", "[client][coroutine]") {
    Rig rig;
    for (int i = 0; i < 51; ++i) rig.platform.addDept("od-" + std::to_string(i), i == 50 ? "od-0" : "0");
    rig.platform.addUsers("od-1", 51);
    CHECK(rig.context.run(rig.api.department().list()).size() == 51);
    CHECK(rig.context.run(rig.api.department().list("0", false)).size() == 50);
    CHECK(rig.context.run(rig.api.user().list("od-1")).size() == 51);
    rig.platform.on("GET /open-apis/contact/v3/departments/:department_id", [&](Request const& q) {
        return answer(json::object{{"department", rig.platform.dept(pathPart(q.url, 0))}});
    });
    auto later = rig.api.department().get("od-1");  // the temporary is gone when it runs
    CHECK(rig.context.run(std::move(later)).at("open_department_id") == "od-1");
    rig.platform.on(kUser, [](Request const&) { return refusal(400, 99992351); });
    try {
        (void)rig.context.run(rig.api.user().get("ou_1"));
        FAIL("found");
    } catch (Error const& e) {
        CHECK(e.is(Errc::notFound));
    }
    std::string body;
    rig.platform.on("GET /open-apis/contact/v3/group/:id/member/simplelist",
                    [](Request const&) { return Response(200, R"({"code":0,"flat":1})"); });
    CHECK(rig.context
              .run(rig.api.get("/open-apis/contact/v3/group/g0001/member/simplelist",
                               Query().add("page_size", "9")))
              .at("flat") == 1);
    rig.platform.on("POST /open-apis/contact/v3/users/batch_get_id", [&](Request const& q) {
        body = q.body;
        return Response(200, R"({"code":0,"data":{}})");
    });
    json::object ask;
    ask["emails"] = json::array();
    CHECK(rig.context.run(rig.api.post("/open-apis/contact/v3/users/batch_get_id", ask)).contains("data"));
    CHECK(body == R"({"emails":[]})");
}

TEST_CASE("fs client: one department, decoded", "[client]") {
    Decoded d = decode(
        R"({"name":"R&D","i18n_name":{"zh_cn":"研发部"},"parent_department_id":"od-p","department_id":"rd","open_department_id":"od-a",
            "leader_user_id":"ou_1","order":"100","member_count":42,"status":{"is_deleted":false},
            "leaders":[{"leaderType":2,"leaderID":"ou_2"},{"leaderType":1,"leaderID":"ou_1"},{"leaderType":2,"leaderID":"ou_3"}]})",
        kTree);
    CHECK(d.one(UpstreamTable::dept) == "'od-a'|'od-p'|'R&D'|100");
    CHECK(d.tables[UpstreamTable::deptLeader] ==
          std::vector<std::string>{"'od-a'|'ou_1'|1|0", "'od-a'|'ou_2'|1|1", "'od-a'|'ou_3'|1|2"});

    auto const leaders = [](std::string_view json) {
        return decode(json, kTree).tables[UpstreamTable::deptLeader];
    };
    CHECK(leaders(R"({"open_department_id":"a","leader_user_id":"ou_1"})") ==
          std::vector<std::string>{"'a'|'ou_1'|1|0"});
    CHECK(leaders(R"({"open_department_id":"a","leader_user_id":"ou_1","leaders":[]})") ==
          std::vector<std::string>{"'a'|'ou_1'|1|0"});
    CHECK(
        leaders(
            R"({"open_department_id":"a","leader_user_id":"ou_1","leaders":[{"leaderType":2,"leaderID":"ou_2"},{"leaderType":2,"leaderID":"ou_1"}]})") ==
        std::vector<std::string>{"'a'|'ou_1'|1|0", "'a'|'ou_2'|1|1"});
    CHECK(
        leaders(
            R"({"open_department_id":"a","leaders":[{"leaderType":1,"leaderID":"ou_1"},{"leaderType":2,"leaderID":"ou_1"}]})") ==
        std::vector<std::string>{"'a'|'ou_1'|1|0"});
    CHECK(leaders(R"({"open_department_id":"a","leader_user_id":"","leaders":null})").empty());
    CHECK(leaders(R"({"open_department_id":"a"})").empty());

    CHECK(decode(R"({"open_department_id":"a","name":"","order":7})", kTree).one(UpstreamTable::dept) ==
          "'a'|?|''|7");
    CHECK(decode(R"({"open_department_id":"a","department_id":"c"})", kTree,
                 R"({"departmentIdType":"department_id"})")
              .one(UpstreamTable::dept) == "'c'|?|?|?");
    CHECK(decode(R"({"open_department_id":"a","status":{"is_deleted":true}})", kTree).tables.empty());
}

TEST_CASE("fs client: one user, decoded", "[client]") {
    Decoded d = decode(
        R"({"union_id":"on_1","user_id":"u0001","open_id":"ou_1","name":"李雷","en_name":"Lei Li","nickname":"Leo","email":"lei.li@example.com",
            "mobile":"13000000001","gender":1,"avatar":{"avatar_72":"a72","avatar_240":"a240","avatar_640":"a640"},
            "status":{"is_frozen":false,"is_resigned":false,"is_activated":true,"is_exited":false,"is_unjoin":false},
            "department_ids":["od-b","od-a","od-out-of-sight"],"join_time":1577836800,"is_tenant_manager":true,"employee_no":"10001",
            "orders":[{"department_id":"od-a","user_order":10,"department_order":100,"is_primary_dept":false},
                      {"department_id":"od-b","user_order":100,"department_order":200,"is_primary_dept":true}],
            "enterprise_email":"lei.li@corp.example.com","job_title":"Engineer","is_frozen":false})",
        kDeptB);
    CHECK(d.one(UpstreamTable::member) ==
          "'ou_1'|'李雷'|'+8613000000001'|'lei.li@example.com'|'a240'|1|'10001'|'Engineer'|1|''|'2020-01-01'|"
          "'ou_1'|'ou_1'|'on_1'");
    CHECK(d.one(UpstreamTable::deptMember) == "'od-b'|'ou_1'|-100|1");  // this list's membership and no other
    CHECK(d.one(UpstreamTable::admin) == "'ou_1'|1");
    CHECK(decode(R"({"open_id":"o","is_tenant_manager":false})", kDeptB).one(UpstreamTable::admin) ==
          "'o'|0");
    CHECK_FALSE(decode(R"({"open_id":"o"})", kDeptB).tables.contains(UpstreamTable::admin));
}

TEST_CASE("graveyard 10: a field that was not sent is unknown, an empty one is empty", "[client]") {
    CHECK(decode(R"({"open_id":"ou_1"})", kDeptB).one(UpstreamTable::member) ==
          "'ou_1'|?|?|?|?|?|?|?|1|?|?|'ou_1'|'ou_1'|?");
    CHECK(
        decode(
            R"({"open_id":"ou_1","name":null,"mobile":null,"email":null,"avatar":null,"gender":null,"status":null,"join_time":null,"orders":null})",
            kDeptB)
            .one(UpstreamTable::member) == "'ou_1'|?|?|?|?|?|?|?|1|?|?|'ou_1'|'ou_1'|?");
    CHECK(
        decode(
            R"({"open_id":"ou_1","name":"","mobile":"","email":"","avatar":{"avatar_240":""},"employee_no":"","job_title":"","status":{}})",
            kDeptB)
            .one(UpstreamTable::member) == "'ou_1'|''|''|''|''|?|''|''|1|''|?|'ou_1'|'ou_1'|?");
}

TEST_CASE("graveyard 11: a user's phone that does not parse stays as given", "[client]") {
    CHECK(cell(R"({"open_id":"o","mobile":"ext. 7"})", "phone") == "'ext. 7'");
    CHECK(cell(R"({"open_id":"o","mobile":"+14155550100"})", "phone") == "'+14155550100'");
    CHECK(cell(R"({"open_id":"o","mobile":""})", "phone") == "''");
    CHECK(cell(R"({"open_id":"o"})", "phone") == "?");
}

TEST_CASE("fs client: status of a user", "[client]") {
    auto const status = [](std::string const& flags) {
        return cell(R"({"open_id":"o","status":{)" + flags + "}}", "upstreamStatus");
    };
    CHECK(status(R"("is_activated":true)") == "''");
    CHECK(status(R"("is_frozen":true,"is_activated":false)") == "'frozen'");
    CHECK(status(R"("is_activated":false)") == "'unactivated'");
    CHECK(status(R"("is_exited":true)") == "'exited'");
    CHECK(status(R"("is_unjoin":true,"is_activated":false)") == "'unjoined'");
    CHECK(cell(R"({"open_id":"o","is_frozen":true})", "upstreamStatus") == "'frozen'");
    CHECK(cell(R"({"open_id":"o","is_frozen":true})", "status") == "1");
    // Not frozen, and the rest withheld: whoever was "exited" or "unactivated" stays so.
    CHECK(cell(R"({"open_id":"o","is_frozen":false})", "upstreamStatus") == "?");
    CHECK(decode(R"({"open_id":"o","is_tenant_manager":true,"status":{"is_resigned":true}})", kDeptB)
              .tables.empty());
}

TEST_CASE("fs client: dates in UTC+8", "[client]") {
    auto const date = [](std::string const& seconds) {
        return cell(R"({"open_id":"o","join_time":)" + seconds + "}", "hiredDate");
    };
    CHECK(date("1577807999") == "'2019-12-31'");
    CHECK(date("1577808000") == "'2020-01-01'");
    CHECK(date("1709136000") == "'2024-02-29'");
    CHECK(date("-1") == "'1970-01-01'");
    CHECK(date("-86400") == "'1969-12-31'");
    CHECK(date("0") == "?");
    CHECK(date("253402300800000") == "?");
    CHECK(date("\"1577836800\"") == "'2020-01-01'");
    CHECK(date("1e400") == "?");
}

TEST_CASE("fs client: order and primary department", "[client]") {
    auto const membership = [](std::string const& fields, Listing const& listing = kDeptB) {
        return decode(R"({"open_id":"o",)" + fields + "}", listing).one(UpstreamTable::deptMember);
    };
    CHECK(
        membership(
            R"("orders":[{"department_id":"od-b","user_order":-9223372036854775808,"is_primary_dept":false}])") ==
        "'od-b'|'o'|9223372036854775807|0");
    CHECK(
        membership(
            R"("orders":[{"department_id":"od-b","user_order":1,"department_order":5},{"department_id":"od-c","department_order":9}])") ==
        "'od-b'|'o'|-1|0");
    CHECK(
        membership(
            R"("orders":[{"department_id":"od-b","user_order":1,"department_order":9},{"department_id":"od-c","department_order":5}])") ==
        "'od-b'|'o'|-1|1");
    CHECK(
        membership(
            R"("orders":[{"department_id":"od-c","is_primary_dept":true}],"department_ids":["od-b","od-c"])") ==
        "'od-b'|'o'|?|0");
    CHECK(membership(R"("department_ids":["od-b"])") == "'od-b'|'o'|?|1");
    CHECK(membership(R"("department_ids":["od-b","od-c"])") == "'od-b'|'o'|?|?");
    CHECK(membership(R"("name":"x")") == "'od-b'|'o'|?|?");
    Listing const visible{ListingKind::visibleMembers, ""};
    CHECK_FALSE(decode(R"({"open_id":"o","department_ids":["od-x"]})", visible)
                    .tables.contains(UpstreamTable::deptMember));
}

TEST_CASE("fs client: the member's id by the chosen type; absent, it names the permission", "[client]") {
    constexpr std::string_view kUnit = R"({"open_id":"ou_1","user_id":"u1","union_id":"on_1"})";
    CHECK(
        decode(kUnit, kDeptB, R"({"userIdType":"user_id"})").one(UpstreamTable::member).starts_with("'u1'|"));
    CHECK(decode(kUnit, kDeptB, R"({"userIdType":"union_id"})")
              .one(UpstreamTable::member)
              .starts_with("'on_1'|"));
    for (std::string_view const unit : {R"({"open_id":"ou_1"})", R"({"open_id":"ou_1","user_id":""})",
                                        R"({"open_id":"ou_1","user_id":null})"}) {
        try {
            (void)decode(unit, kDeptB, R"({"userIdType":"user_id"})");
            FAIL("decoded");
        } catch (Error const& e) {
            CHECK(e.is(Errc::protocol));
            CHECK(e.message().find("contact:user.employee_id:readonly") != std::string::npos);
            CHECK(e.message().find("ou_1") == std::string::npos);
        }
    }
}

TEST_CASE("graveyard 9: ids of other kinds than text are refused, not a crash", "[client]") {
    for (std::string_view const unit : {R"({"open_id":1})", R"({"open_id":-1})", R"({"open_id":null})",
                                        R"({"open_id":{}})", R"([])", R"("x")", R"({)", ""}) {
        CAPTURE(unit);
        CHECK_THROWS_AS(decode(unit, kDeptB), Error);
        CHECK_THROWS_AS(decode(unit, kTree), Error);
    }
}

TEST_CASE("fs client: a member of a role, decoded", "[client]") {
    Listing const role{ListingKind::roleMembers, "r1"};
    Decoded d = decode(R"({"user_id":"ou_1","scope_type":"Part","department_ids":["od-b"]})", role);
    CHECK(d.one(UpstreamTable::roleMember) == "'r1'|'ou_1'");
    CHECK(d.tables.size() == 1);
    CHECK_THROWS_AS(decode(R"({"scope_type":"All"})", role), Error);
}

}  // namespace client_fs_client_test
