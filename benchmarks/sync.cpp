// How long does a sync take, beside the way one would write it first?
//
// The same pages, already in memory (no network), go through this library into SQLite, and through the
// conventional way: parse each page to a document, keep structs in an unordered_map, SELECT everything,
// compare, upsert. Both in one process, in turn; what counts are the ratios.
//
//     bench_sync [MEMBERS [ROUNDS]]        (100000, 5)

#include <corps/client/cutter.hpp>
#include <corps/client/fs_client.hpp>
#include <corps/corps.hpp>
#include <corps/emulator/generate.hpp>
#include <corps/model/records.hpp>
#include <corps/storage/sqlite.hpp>
#include <corps/storage/store.hpp>
#include <corps/sync/engine.hpp>
#include <corps/testing/scripted_transport.hpp>

#include <boost/json.hpp>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

using corps::emulator::Organisation;
namespace json = boost::json;

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
double median(std::vector<double> v) {
    std::sort(v.begin(), v.end());
    return v[v.size() / 2];
}

struct Pages {
    std::vector<std::string> departments;
    std::map<std::string, std::vector<std::string>> members;  // by department
    std::size_t bytes = 0;
};

std::string page(json::array items, bool more) {
    json::object data;
    data["has_more"] = more;
    if (more) data["page_token"] = "t";
    data["items"] = std::move(items);
    json::object out;
    out["code"] = 0;
    out["msg"] = "success";
    out["data"] = std::move(data);
    return json::serialize(out);
}

std::string idOf(std::string const& dept, Organisation const& o) {
    return dept == o.deptList.front().deptId ? "0" : dept;
}

Pages makePages(Organisation const& o) {
    Pages out;
    json::array items;
    auto flush = [](std::vector<std::string>& to, json::array& list, bool more) {
        to.push_back(page(std::move(list), more));
        list = json::array();
    };
    for (std::size_t i = 1; i < o.deptList.size(); ++i) {
        auto const& d = o.deptList[i];
        json::object e;
        e["name"] = d.name;
        e["parent_department_id"] = idOf(d.parentId, o);
        e["open_department_id"] = d.deptId;
        e["department_id"] = d.deptId;
        e["order"] = std::to_string(d.order);
        json::array leaders;
        for (std::string const& l : d.leaderIds) {
            json::object one;
            one["leaderType"] = 1;
            one["leaderID"] = l;
            leaders.push_back(std::move(one));
        }
        e["leaders"] = std::move(leaders);
        items.push_back(std::move(e));
        if (items.size() == 50) flush(out.departments, items, i + 1 < o.deptList.size());
    }
    if (!items.empty() || out.departments.empty()) flush(out.departments, items, false);
    std::map<std::string, std::vector<corps::emulator::Member const*>> byDept;
    for (auto const& d : o.deptList) byDept[idOf(d.deptId, o)];
    for (auto const& m : o.userList) {
        if (m.status != 1) continue;
        for (auto const& d : m.departments) byDept[idOf(d.deptId, o)].push_back(&m);
    }
    for (auto const& [dept, people] : byDept) {
        std::vector<std::string>& to = out.members[dept];
        for (std::size_t i = 0; i < people.size(); ++i) {
            auto const& m = *people[i];
            json::object e;
            e["open_id"] = m.memberId;
            e["union_id"] = "on_" + m.memberId;
            e["user_id"] = m.memberId;
            e["name"] = m.nick;
            e["email"] = m.email;
            e["mobile"] = m.phone;
            e["gender"] = m.gender;
            json::object avatar;
            avatar["avatar_72"] = "https://cdn.example.com/" + m.memberId + "/72.png";
            avatar["avatar_240"] = "https://cdn.example.com/" + m.memberId + "/240.png";
            e["avatar"] = std::move(avatar);
            json::object status;
            status["is_frozen"] = false;
            status["is_resigned"] = false;
            status["is_activated"] = true;
            e["status"] = std::move(status);
            json::array depts;
            json::array orders;
            for (auto const& d : m.departments) {
                depts.push_back(json::string(idOf(d.deptId, o)));
                json::object order;
                order["department_id"] = idOf(d.deptId, o);
                order["user_order"] = -d.order;
                order["department_order"] = d.isPrimary ? 2 : 1;
                order["is_primary_dept"] = d.isPrimary;
                orders.push_back(std::move(order));
            }
            e["department_ids"] = std::move(depts);
            e["orders"] = std::move(orders);
            e["employee_no"] = m.jobNumber;
            e["job_title"] = m.position;
            e["is_tenant_manager"] = false;
            items.push_back(std::move(e));
            if (items.size() == 50) flush(to, items, i + 1 < people.size());
        }
        if (!items.empty() || to.empty()) flush(to, items, false);
    }
    for (std::string const& p : out.departments) out.bytes += p.size();
    for (auto const& [d, list] : out.members)
        for (std::string const& p : list) out.bytes += p.size();
    return out;
}

/** Replays pages as the client hands them over, envelope and all. */
class Replay final : public corps::Upstream {
public:
    Replay() : channel_(corps::testing::ScriptedTransport()), api_(channel_, environment()) {}
    Pages const* pages = nullptr;

    corps::asio::awaitable<corps::PullProof> pull(corps::PageSink& sink, corps::PullOptions) override {
        std::array<corps::Cell, 4> const root{corps::Cell::text("0"), corps::Cell::text(""),
                                              corps::Cell::text("Example"), corps::Cell::integer(0)};
        sink.row(corps::UpstreamTable::dept, root);
        deliver(sink, corps::Listing{corps::ListingKind::departments, ""}, pages->departments,
                "feishu.department");
        for (auto const& [dept, list] : pages->members)
            deliver(sink, corps::Listing{corps::ListingKind::deptMembers, dept}, list, "feishu.user.open_id");
        corps::PullProof proof;
        proof.upstreamCorpId = "tenant";
        proof.corpName = "Example";
        proof.rootDeptId = "0";
        proof.fullScope = true;
        co_return proof;
    }
    void decode(corps::Unit const& u, corps::RowSink& rows) const override { api_.decode(u, rows); }
    std::string identity() const override { return api_.identity(); }
    corps::asio::awaitable<std::vector<corps::Absence>> explainAbsence(
        std::vector<std::string> ids) override {
        co_return std::vector<corps::Absence>(ids.size(), corps::Absence::unknown);
    }

private:
    static corps::ClientEnvironment environment() {
        json::object config;
        config["appId"] = "cli_bench";
        return corps::ClientEnvironment(corps::Context(), "corps.Bench", std::move(config));
    }
    static corps::PageShape const& shape(std::string_view wanted) {
        for (corps::PageShape const& s : corps::FSInnerClient::Api::shapes())
            if (s.name == wanted) return s;
        std::fprintf(stderr, "no page shape for %s\n", std::string(wanted).c_str());
        std::exit(1);
    }
    void deliver(corps::PageSink& sink, corps::Listing const& listing, std::vector<std::string> const& list,
                 std::string_view what) {
        corps::PageShape const& s = shape(what);
        for (std::string const& p : list) {
            corps::cutPage(p, s.arrayPath, cut_);
            json::value const envelope = json::parse(cut_.envelope);
            if (envelope.at("code").as_int64() != 0) std::exit(1);
            sink.page(s, listing, cut_.units);
        }
        sink.finish(listing, corps::ListingState::complete, std::nullopt);
    }

    corps::Wire<corps::testing::ScriptedTransport> channel_;
    corps::FSInnerClient::Api api_;
    corps::PageCut cut_;
};

void check(int rc, sqlite3* db) {
    if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW) return;
    std::fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db));
    std::exit(1);
}

/** The conventional way. */
class Conventional {
public:
    explicit Conventional(std::string const& path) {
        check(sqlite3_open(path.c_str(), &db_), db_);
        exec("PRAGMA journal_mode=WAL");
        exec("PRAGMA synchronous=FULL");
        exec(
            "CREATE TABLE IF NOT EXISTS member(id TEXT PRIMARY KEY, unionId TEXT, nick TEXT, phone TEXT, "
            "email TEXT, photo TEXT,"
            "gender INTEGER, jobNumber TEXT, position TEXT, status INTEGER) WITHOUT ROWID");
        exec(
            "CREATE TABLE IF NOT EXISTS membership(dept TEXT, id TEXT, ord INTEGER, isPrimary INTEGER, "
            "PRIMARY KEY(dept, id)) WITHOUT ROWID");
    }
    ~Conventional() { sqlite3_close(db_); }
    Conventional(Conventional const&) = delete;
    Conventional& operator=(Conventional const&) = delete;

    std::size_t sync(Pages const& pages) {
        std::unordered_map<std::string, Rec> upstream;
        for (auto const& [dept, list] : pages.members)
            for (std::string const& p : list) {
                json::value const doc = json::parse(p);
                for (json::value const& v : doc.at("data").at("items").as_array()) {
                    json::object const& o = v.as_object();
                    Rec& r = upstream[text(o, "open_id")];
                    r.unionId = text(o, "union_id");
                    r.nick = text(o, "name");
                    r.phone = text(o, "mobile");
                    r.email = text(o, "email");
                    r.photo = text(o.at("avatar").as_object(), "avatar_240");
                    r.gender = o.at("gender").to_number<std::int64_t>();
                    r.jobNumber = text(o, "employee_no");
                    r.position = text(o, "job_title");
                    for (json::value const& e : o.at("orders").as_array())
                        if (text(e.as_object(), "department_id") == dept)
                            r.depts[dept] = {-e.at("user_order").to_number<std::int64_t>(),
                                             e.at("is_primary_dept").as_bool()};
                }
            }
        std::unordered_map<std::string, Rec> local;
        sqlite3_stmt* q = nullptr;
        check(sqlite3_prepare_v2(db_, "SELECT * FROM member", -1, &q, nullptr), db_);
        while (sqlite3_step(q) == SQLITE_ROW) {
            Rec& r = local[column(q, 0)];
            r.unionId = column(q, 1);
            r.nick = column(q, 2);
            r.phone = column(q, 3);
            r.email = column(q, 4);
            r.photo = column(q, 5);
            r.gender = sqlite3_column_int64(q, 6);
            r.jobNumber = column(q, 7);
            r.position = column(q, 8);
        }
        sqlite3_finalize(q);
        check(sqlite3_prepare_v2(db_, "SELECT * FROM membership", -1, &q, nullptr), db_);
        while (sqlite3_step(q) == SQLITE_ROW)
            local[column(q, 1)].depts[column(q, 0)] = {sqlite3_column_int64(q, 2),
                                                       sqlite3_column_int64(q, 3) != 0};
        sqlite3_finalize(q);
        std::size_t changes = 0;
        exec("BEGIN IMMEDIATE");
        sqlite3_stmt* member = nullptr;
        sqlite3_stmt* membership = nullptr;
        check(sqlite3_prepare_v2(db_, "INSERT OR REPLACE INTO member VALUES(?,?,?,?,?,?,?,?,?,1)", -1,
                                 &member, nullptr),
              db_);
        check(sqlite3_prepare_v2(db_, "INSERT OR REPLACE INTO membership VALUES(?,?,?,?)", -1, &membership,
                                 nullptr),
              db_);
        for (auto const& [id, r] : upstream) {
            auto const it = local.find(id);
            if (it != local.end() && it->second == r) continue;
            ++changes;
            bind(member, 1, id);
            bind(member, 2, r.unionId);
            bind(member, 3, r.nick);
            bind(member, 4, r.phone);
            bind(member, 5, r.email);
            bind(member, 6, r.photo);
            sqlite3_bind_int64(member, 7, r.gender);
            bind(member, 8, r.jobNumber);
            bind(member, 9, r.position);
            check(sqlite3_step(member), db_);
            sqlite3_reset(member);
            for (auto const& [dept, m] : r.depts) {
                bind(membership, 1, dept);
                bind(membership, 2, id);
                sqlite3_bind_int64(membership, 3, m.first);
                sqlite3_bind_int64(membership, 4, m.second ? 1 : 0);
                check(sqlite3_step(membership), db_);
                sqlite3_reset(membership);
            }
        }
        for (auto const& [id, r] : local)
            if (!upstream.contains(id)) ++changes;
        sqlite3_finalize(member);
        sqlite3_finalize(membership);
        exec("COMMIT");
        return changes;
    }

private:
    struct Rec {
        std::string unionId, nick, phone, email, photo, jobNumber, position;
        std::int64_t gender = 0;
        std::map<std::string, std::pair<std::int64_t, bool>> depts;
        bool operator==(Rec const&) const = default;
    };
    static std::string text(json::object const& o, char const* key) {
        json::value const* v = o.if_contains(key);
        return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
    }
    static std::string column(sqlite3_stmt* q, int i) {
        auto const* p = reinterpret_cast<char const*>(sqlite3_column_text(q, i));
        return p == nullptr ? std::string()
                            : std::string(p, static_cast<std::size_t>(sqlite3_column_bytes(q, i)));
    }
    static void bind(sqlite3_stmt* q, int i, std::string const& s) {
        sqlite3_bind_text(q, i, s.data(), static_cast<int>(s.size()), SQLITE_STATIC);
    }
    void exec(char const* sql) { check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr), db_); }
    sqlite3* db_ = nullptr;
};

/** This library: engine, client's decoder and cutter, SqliteStorage. */
class Ours {
public:
    explicit Ours(std::string const& path)
        : store_(corps::SqliteStorage(path)),
          engine_(context_, store_, corps::tablesOf<>(), "corps.Bench", "Bench", identity()) {
        std::vector<corps::TableSchema const*> tables = corps::engineTables();
        for (corps::TableSchema const* t : corps::tablesOf<>().all()) tables.push_back(t);
        store_.open(tables);
    }
    corps::SyncReport sync(Pages const& pages, bool sidecar = true) {
        upstream_.pages = &pages;
        corps::SyncOptions options;
        options.useSidecar = sidecar;
        return context_.run(engine_.sync(upstream_, options, "bench"));
    }
    corps::SyncPlan plan(Pages const& pages) {
        upstream_.pages = &pages;
        return context_.run(engine_.plan(upstream_, corps::SyncOptions()));
    }
    void apply(corps::SyncPlan const& plan) {
        static_cast<void>(engine_.apply(plan, corps::SyncOptions(), "bench"));
    }

private:
    static corps::MirrorIdentity identity() {
        corps::MirrorIdentity i;
        i.platform = "feishu";
        i.appId = "cli_bench";
        return i;
    }
    corps::Context context_;
    corps::StoreOf<corps::SqliteStorage> store_;
    corps::SyncEngine engine_;
    Replay upstream_;
};

/** Copies every row of a database into a fresh one of the same schema: a prepared statement a table, one
 * transaction. */
double handLoop(std::string const& from, std::string const& to) {
    sqlite3* source = nullptr;
    sqlite3* target = nullptr;
    check(sqlite3_open(from.c_str(), &source), source);
    check(sqlite3_open(to.c_str(), &target), target);
    auto exec = [&](std::string const& sql) {
        check(sqlite3_exec(target, sql.c_str(), nullptr, nullptr, nullptr), target);
    };
    exec("PRAGMA journal_mode=WAL");
    exec("PRAGMA synchronous=FULL");
    exec("PRAGMA wal_autocheckpoint=0");
    std::vector<std::string> tables;
    sqlite3_stmt* q = nullptr;
    check(sqlite3_prepare_v2(source,
                             "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT "
                             "LIKE 'sqlite_%' ORDER BY type DESC",
                             -1, &q, nullptr),
          source);
    while (sqlite3_step(q) == SQLITE_ROW) {
        std::string const type = reinterpret_cast<char const*>(sqlite3_column_text(q, 0));
        if (type == "table") tables.emplace_back(reinterpret_cast<char const*>(sqlite3_column_text(q, 1)));
        exec(reinterpret_cast<char const*>(sqlite3_column_text(q, 2)));
    }
    sqlite3_finalize(q);
    struct Value {
        int type;
        std::int64_t i;
        std::string s;
    };
    struct Table {
        std::string name;
        int columns = 0;
        std::vector<Value> values;
    };
    std::vector<Table> all;
    for (std::string const& t : tables) {
        Table copy;
        copy.name = t;
        check(sqlite3_prepare_v2(source, ("SELECT * FROM \"" + t + "\"").c_str(), -1, &q, nullptr), source);
        copy.columns = sqlite3_column_count(q);
        while (sqlite3_step(q) == SQLITE_ROW)
            for (int i = 0; i < copy.columns; ++i) {
                Value v{sqlite3_column_type(q, i), 0, {}};
                if (v.type == SQLITE_INTEGER)
                    v.i = sqlite3_column_int64(q, i);
                else if (v.type != SQLITE_NULL)
                    v.s.assign(static_cast<char const*>(sqlite3_column_blob(q, i)),
                               static_cast<std::size_t>(sqlite3_column_bytes(q, i)));
                copy.values.push_back(std::move(v));
            }
        sqlite3_finalize(q);
        all.push_back(std::move(copy));
    }
    double const start = now();
    exec("BEGIN IMMEDIATE");
    for (Table const& t : all) {
        std::string sql = "INSERT INTO \"" + t.name + "\" VALUES(";
        for (int i = 0; i < t.columns; ++i) sql += i == 0 ? "?" : ",?";
        check(sqlite3_prepare_v2(target, (sql + ")").c_str(), -1, &q, nullptr), target);
        auto const width = static_cast<std::size_t>(t.columns);
        for (std::size_t row = 0; row < t.values.size(); row += width) {
            for (std::size_t i = 0; i < width; ++i) {
                Value const& v = t.values[row + i];
                int const at = static_cast<int>(i) + 1;
                if (v.type == SQLITE_INTEGER)
                    sqlite3_bind_int64(q, at, v.i);
                else if (v.type == SQLITE_TEXT)
                    sqlite3_bind_text(q, at, v.s.data(), static_cast<int>(v.s.size()), SQLITE_STATIC);
                else if (v.type == SQLITE_BLOB)
                    sqlite3_bind_blob(q, at, v.s.data(), static_cast<int>(v.s.size()), SQLITE_STATIC);
                else
                    sqlite3_bind_null(q, at);
            }
            check(sqlite3_step(q), target);
            sqlite3_reset(q);
        }
        sqlite3_finalize(q);
    }
    exec("COMMIT");
    double const took = now() - start;
    sqlite3_close(source);
    sqlite3_close(target);
    return took;
}

void print(char const* what, std::vector<double> const& ours, std::vector<double> const& theirs) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < ours.size(); ++i) ratios.push_back(theirs[i] / ours[i]);
    std::printf("%-44s %9.1f ms %11.1f ms %8.2f x  (%.2f .. %.2f)\n", what, median(ours) * 1e3,
                median(theirs) * 1e3, median(ratios), *std::min_element(ratios.begin(), ratios.end()),
                *std::max_element(ratios.begin(), ratios.end()));
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    std::size_t const members = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100000;
    std::size_t const rounds = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 5;
    Organisation a = corps::emulator::generate(members, 7);
    for (auto& m : a.userList)
        if (m.departments.empty()) m.departments.push_back({a.deptList.front().deptId, false, 0, true});
    Organisation b = a;
    for (std::size_t i = 0; i < b.userList.size(); i += 100) b.userList[i].position += " II";
    Pages const pagesA = makePages(a);
    Pages const pagesB = makePages(b);
    std::filesystem::path const dir =
        std::filesystem::temp_directory_path() / ("corps-bench-" + std::to_string(std::random_device()()));
    std::filesystem::create_directories(dir);
    std::printf("%zu members, %zu departments, %.1f MB of pages, SQLite file, median of %zu rounds\n",
                members, a.deptList.size(), static_cast<double>(pagesA.bytes) / 1e6, rounds);
    std::printf("%-44s %12s %14s %10s\n", "", "corps", "conventional", "ratio");

    std::vector<double> ours, theirs, apply, hand;
    for (std::size_t r = 0; r < rounds; ++r) {
        std::string const x = (dir / ("o" + std::to_string(r))).string();
        std::string const y = (dir / ("c" + std::to_string(r))).string();
        {
            Ours o(x);
            double t = now();
            corps::SyncPlan const plan = o.plan(pagesA);
            double const planned = now() - t;
            t = now();
            o.apply(plan);
            apply.push_back(now() - t);
            ours.push_back(planned + apply.back());
            if (plan.changes.size() < members) return 1;
        }
        {
            Conventional c(y);
            double const t = now();
            if (c.sync(pagesA) < members / 2) return 1;
            theirs.push_back(now() - t);
        }
        hand.push_back(handLoop(x, (dir / ("h" + std::to_string(r))).string()));
    }
    print("first sync (everything is new)", ours, theirs);

    Ours o((dir / "o0").string());
    Conventional c((dir / "c0").string());
    for (bool sidecar : {true, false}) {
        ours.clear();
        theirs.clear();
        for (std::size_t r = 0; r < rounds; ++r) {
            double t = now();
            if (o.sync(pagesA, sidecar).outcome != corps::SyncOutcome::unchanged) return 1;
            ours.push_back(now() - t);
            t = now();
            if (c.sync(pagesA) != 0) return 1;
            theirs.push_back(now() - t);
        }
        print(sidecar ? "nothing changed" : "nothing changed, fingerprints not used", ours, theirs);
    }
    ours.clear();
    theirs.clear();
    for (std::size_t r = 0; r < rounds; ++r) {
        Pages const& next = r % 2 == 0 ? pagesB : pagesA;
        double t = now();
        if (o.sync(next).members.updated == 0) return 1;
        ours.push_back(now() - t);
        t = now();
        if (c.sync(next) == 0) return 1;
        theirs.push_back(now() - t);
    }
    print("1 % changed", ours, theirs);
    std::printf("\n%-44s %9.1f ms %11.1f ms %8.2f x\n", "apply of the first sync against a hand loop",
                median(apply) * 1e3, median(hand) * 1e3, median(apply) / median(hand));
    std::filesystem::remove_all(dir);
    return 0;
}
