// What the graveyards of the platforms share: an organisation built line by line, a corp over a server that
// speaks as the platform does, a wire that is overheard, and a record of all that a corp says in public.
// Where a platform has facts of its own (its root, its keys, where its tokens travel), the file of the
// platform has them.
#pragma once

#include <corps/corps.hpp>
#include <corps/emulator/emulator.hpp>
#include <corps/storage/memory.hpp>
#include <corps/storage/store.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/testing/recording_logger.hpp>
#include <corps/transport/https.hpp>
#include <corps/types.hpp>

#include <boost/json/object.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

using Strings = std::set<std::string>;

/** An organisation that a test builds line by line. Ids are the test's own words. */
class Org {
public:
    /**
     * @param corpId the id of the organisation.
     * @param root the id of its root department, below which a department stands unless it says otherwise.
     */
    Org(std::string corpId, std::string root) : root_(std::move(root)) {
        data.corpId = std::move(corpId);
        data.corpName = "Graveyard Ltd";
        dept(root_, "");
    }
    Org& dept(std::string const& id) { return dept(id, root_); }
    Org& dept(std::string const& id, std::string const& parent) {
        corps::emulator::Dept d;
        d.deptId = id;
        d.parentId = parent;
        d.name = "Department " + id;
        data.deptList.push_back(std::move(d));
        return *this;
    }
    Org& person(std::string const& id, std::vector<std::string> const& depts) {
        corps::emulator::Member m;
        m.memberId = id;
        m.nick = "Person " + id;
        m.phone = "+861380000" + std::to_string(1000 + data.userList.size());
        m.email = id + "@graveyard.example";
        for (std::string const& d : depts) {
            corps::emulator::Membership in;
            in.deptId = d;
            in.isPrimary = d == depts.front();
            m.departments.push_back(std::move(in));
        }
        data.userList.push_back(std::move(m));
        return *this;
    }
    Org& people(std::string const& prefix, std::size_t count, std::string const& dept) {
        for (std::size_t i = 0; i < count; ++i) person(prefix + std::to_string(i), {dept});
        return *this;
    }
    /** A role or tag, and who has it. */
    Org& role(std::string const& id, std::vector<std::string> const& people) {
        corps::emulator::Role r;
        r.roleId = id;
        r.name = "Role " + id;
        data.roleList.push_back(std::move(r));
        for (std::string const& p : people) {
            corps::emulator::RoleMember m;
            m.roleId = id;
            m.memberId = p;
            data.roleMemberSet.push_back(std::move(m));
        }
        return *this;
    }
    /** Somebody leaves, and leaves the roles. */
    Org& without(std::string const& id) {
        std::erase_if(data.userList, [&id](auto const& m) { return m.memberId == id; });
        std::erase_if(data.roleMemberSet, [&id](auto const& m) { return m.memberId == id; });
        return *this;
    }
    Org& withoutDept(std::string const& id) {
        std::erase_if(data.deptList, [&id](auto const& d) { return d.deptId == id; });
        return *this;
    }
    [[nodiscard]] corps::emulator::Member& member(std::string const& id) {
        return *std::find_if(data.userList.begin(), data.userList.end(),
                             [&id](auto const& m) { return m.memberId == id; });
    }
    [[nodiscard]] corps::emulator::Dept& department(std::string const& id) {
        return *std::find_if(data.deptList.begin(), data.deptList.end(),
                             [&id](auto const& d) { return d.deptId == id; });
    }

    corps::emulator::Organisation data;

private:
    std::string root_;
};

/** A context whose time passes by itself. */
inline corps::Context contextOf(corps::testing::RecordingLogger& log, std::function<void()> onProgress = {}) {
    auto clock = std::make_shared<corps::testing::ManualClock>();
    clock->autoAdvance();
    corps::ContextOptions o;
    o.clock = clock;
    o.logger = log.logger();
    if (onProgress) o.progress = [call = std::move(onProgress)](corps::Progress const&) { call(); };
    return corps::Context(o);
}

inline corps::CorpConfig configOf(boost::json::object keys) {
    return corps::CorpConfig("corps.Grave", "Graveyard", std::move(keys));
}

/** The emulator, a store, and a corp that names people and departments by the ids of the test. */
template <class Server, class Corp, class Wire>
class GraveyardBench {
public:
    /** @param keys of the corp's configuration, to which the address of the server is added. */
    template <class Options>
    GraveyardBench(Options options, Org const& org, boost::json::object keys)
        : server(std::move(options), org.data), corp(config(std::move(keys)), context(), wire, storage) {}
    /** @param configure the corp's configuration, once the server is there. */
    template <class Options>
    GraveyardBench(Options options, Org const& org, corps::CorpConfig (*configure)(Server const&))
        : server(std::move(options), org.data), corp(configure(server), context(), wire, storage) {}

    void show(Org const& org) { server.setOrganisation(org.data); }
    void fault(corps::emulator::FaultKind kind, std::string match, std::int64_t times = -1,
               std::function<void(corps::emulator::Fault&)> const& more = {}) {
        corps::emulator::Fault f;
        f.kind = kind;
        f.match = std::move(match);
        f.times = times;
        if (more) more(f);
        server.addFault(std::move(f));
    }
    [[nodiscard]] std::size_t active() { return corp.getMembers("active").size(); }
    [[nodiscard]] corps::MemberStatus status(std::string const& id) { return corp.getMember(id).status; }
    [[nodiscard]] Strings depts() {
        Strings out;
        for (auto const& d : corp.getDepts()) out.insert(d.deptId.str());
        return out;
    }
    /** "department/member" of everybody active. */
    [[nodiscard]] Strings memberships() {
        Strings out;
        for (auto const& m : corp.getMembers("active")) {
            for (auto const& d : corp.getMemberDepts(m.memberId))
                out.insert(d.deptId.str() + "/" + m.memberId.str());
        }
        return out;
    }
    [[nodiscard]] std::size_t rowsOf(corps::TableSchema const& t) {
        std::size_t n = 0;
        corps::StoreOf<corps::MemoryStorage> store(storage);
        store.read([&](corps::RowAccess& rows) {
            rows.forEach(t, 0, {}, [&n](std::span<corps::Cell const>) { ++n; });
        });
        return n;
    }
    [[nodiscard]] corps::CorpConfig config(boost::json::object keys) const {
        keys["baseUrl"] = server.baseUrl();
        return configOf(std::move(keys));
    }
    [[nodiscard]] corps::Context context() {
        return contextOf(log, [this] {
            if (onProgress) onProgress();
        });
    }

    Server server;
    corps::MemoryStorage storage;
    Wire wire;
    corps::testing::RecordingLogger log;
    std::function<void()> onProgress;
    Corp corp;
};

template <class Corp>
std::optional<corps::Error> failureOf(Corp& corp) {
    try {
        static_cast<void>(corp.syncCorp());
    } catch (corps::Error const& e) {
        return e;
    }
    return std::nullopt;
}

/** The tokens that went over a wire. Copies share one list. */
class Tokens {
public:
    void add(std::string_view token) const {
        std::lock_guard const lock(heard_->mutex);
        heard_->tokens.emplace(token);
        heard_->last = token;
    }
    /** What stands behind `before`, up to `end` or to the end of the text. */
    void addBehind(std::string_view text, std::string_view before, char end) const {
        std::size_t const at = text.find(before);
        if (at == std::string_view::npos) return;
        text.remove_prefix(at + before.size());
        add(text.substr(0, text.find(end)));
    }
    [[nodiscard]] std::string latest() const {
        std::lock_guard const lock(heard_->mutex);
        return heard_->last;
    }
    [[nodiscard]] Strings all() const {
        std::lock_guard const lock(heard_->mutex);
        return heard_->tokens;
    }

private:
    struct Heard {
        std::mutex mutex;
        Strings tokens;
        std::string last;
    };
    std::shared_ptr<Heard> heard_ = std::make_shared<Heard>();
};

/**
 * HTTPS that takes down what must never be said: every token that goes over it.
 * @tparam Ear knows where the platform's tokens travel: `static void request(Request const&, Tokens const&)`
 *         and `static void answer(Response const&, Tokens const&)`.
 */
template <class Ear>
class Overhearing {
public:
    [[nodiscard]] corps::asio::awaitable<corps::Response> send(corps::Request q) const {
        Ear::request(q, tokens_);
        corps::Response p = co_await inner_.send(std::move(q));
        Ear::answer(p, tokens_);
        co_return p;
    }
    [[nodiscard]] std::string latest() const { return tokens_.latest(); }
    [[nodiscard]] Strings tokens() const { return tokens_.all(); }

private:
    corps::HttpsTransport inner_;
    Tokens tokens_;
};

/** All that a corp says in public. */
class Witness {
public:
    template <class F>
    void attempt(F&& f) {
        try {
            f();
        } catch (corps::Error const& e) {
            ++errors;
            corps::Diagnostics const& d = e.diagnostics();
            said += std::string(e.what()) + "\n" + e.message() + "\n" + d.corp + d.place + d.endpoint +
                    d.requestId + "\n";
            quoted += d.upstreamMessage + "\n";
        }
    }
    corps::SyncOutcome hear(corps::SyncReport const& r) {
        said += r.toText() + r.toJson() + "\n";
        incomplete += r.outcome == corps::SyncOutcome::incomplete ? 1U : 0U;
        return r.outcome;
    }
    void hear(corps::SyncPlan const& plan) {
        said += plan.toText() + "\n";
        quoted += plan.toJson() + "\n";  // holds the values that it sets, and no more than these
    }
    /** Everything, log lines above debug included. */
    [[nodiscard]] std::string all(corps::testing::RecordingLogger const& log) const {
        std::string out = said;
        for (auto const& [level, line] : log.lines()) {
            if (level != corps::LogLevel::debug) out += line + "\n";
        }
        return out;
    }

    std::string said;
    std::string quoted;  // words of the platform, kept apart from ours
    std::size_t errors = 0;
    std::size_t incomplete = 0;
};

/**
 * Of two departments that have the same people the list of one comes back empty, while the records in the
 * other say who stands in both: nobody loses a place by that. Once they really left the department, they did.
 * @param org what the bench serves: people of which some stand in `dept` and `other`, nobody in `dept` alone.
 * @param fault makes the list of `dept` come back as a success with nobody.
 * @param after called after each sync against such an answer.
 */
template <class Bench>
void checkPlacesStay(
    Bench& bench, Org org, std::string const& dept, std::function<void()> const& fault,
    std::function<void()> const& after = [] {}) {
    REQUIRE(bench.corp.syncCorp().outcome == corps::SyncOutcome::done);
    Strings const places = bench.memberships();
    fault();
    for (bool const warm : {true, false, true}) {
        corps::SyncOptions o;
        o.useSidecar = warm;
        corps::SyncReport const r = bench.corp.syncCorp(o);
        CAPTURE(warm, r.toText());
        CHECK(r.outcome == corps::SyncOutcome::incomplete);
        REQUIRE(r.faults.size() == 1);
        CHECK(r.faults[0].place == "members of department " + dept);
        CHECK(bench.memberships() == places);
        after();
    }
    corps::SyncPlan const plan = bench.corp.planSync(bench.corp.getThirdCorpData());
    CAPTURE(plan.toText());
    CHECK_FALSE(plan.complete);
    CHECK(plan.changes.size() == 0);
    bench.server.clearFaults();
    CHECK(bench.corp.syncCorp().outcome == corps::SyncOutcome::unchanged);
    after();

    for (corps::emulator::Member& m : org.data.userList)
        std::erase_if(m.departments, [&dept](auto const& in) { return in.deptId == dept; });
    bench.show(org);
    corps::SyncReport const r = bench.corp.syncCorp();
    CAPTURE(r.toText());
    CHECK(r.outcome == corps::SyncOutcome::done);
    CHECK(r.members.removed == 0);
    CHECK(bench.corp.getDeptMembers(dept).empty());
    CHECK(bench.corp.syncCorp().outcome == corps::SyncOutcome::unchanged);
    CHECK(bench.corp.verifyCorp().ok);
}

/** The platform shows an organisation that one person has left: they leave here with the next sync, once. */
template <class Bench, class Org>
void checkOneLeaves(Bench& bench, Org const& org) {
    bench.show(org);
    CHECK(bench.corp.syncCorp().members.removed == 1);
    CHECK(bench.corp.syncCorp().outcome == corps::SyncOutcome::unchanged);
}

/** A sync of what has not changed since the last one writes nothing, and says nothing above debug. */
template <class Bench>
void checkNothingWritten(Bench& bench) {
    REQUIRE(bench.corp.syncCorp().outcome == corps::SyncOutcome::done);
    std::size_t const feed = bench.corp.changesSince({}, 100'000).size();
    for (bool const fingerprints : {true, false}) {
        corps::SyncOptions o;
        o.useSidecar = fingerprints;
        corps::SyncReport const r = bench.corp.syncCorp(o);
        CHECK(r.outcome == corps::SyncOutcome::unchanged);
        CHECK(r.syncId.empty());
        CHECK(bench.corp.changesSince({}, 100'000).size() == feed);
    }
    for (corps::LogLevel const level :
         {corps::LogLevel::info, corps::LogLevel::warning, corps::LogLevel::error})
        CHECK(bench.log.count(level) == 0);
}

/** Checks that none of these words stands in the text. */
inline void checkNeverSaid(std::string const& text, Strings const& words) {
    for (std::string const& word : words) {
        CAPTURE(word);
        CHECK(text.find(word) == std::string::npos);
    }
}

}  // namespace support
