// The main job, the whole way: HTTPS to a server that answers as Feishu does, into a SQLite file.
#include "support/tls_server.hpp"

#include <corps/corps.hpp>
#include <corps/emulator/emulator.hpp>
#include <corps/storage/sqlite.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/transport/https.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <string>

namespace integration_feishu_sqlite_test {

using namespace corps;

namespace {

using Feishu = FSInnerType<HttpsTransport, SqliteStorage>;

/** A directory of its own that goes with this object. */
class TempDir {
public:
    TempDir() {
        std::string name = (std::filesystem::temp_directory_path() / "corps-test-XXXXXX").string();
        support::require(::mkdtemp(name.data()) != nullptr, "temporary directory");
        path_ = name;
    }
    TempDir(TempDir const&) = delete;
    TempDir& operator=(TempDir const&) = delete;
    ~TempDir() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] std::string file(char const* name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

/** The emulator behind TLS, and a corp that trusts its authority. */
class Bench {
public:
    explicit Bench(std::size_t members)
        : authority(support::makeAuthority()),
          identity(support::makeIdentity(&authority, forLoopback())),
          caFile(authority.certificatePem()),
          certificateFile(identity.certificatePem()),
          keyFile(identity.keyPem()),
          server(serverOptions(), emulator::generate(members, 11)),
          storage(dir.file("organisation.db")) {}

    Feishu corp() {
        boost::json::object keys;
        keys["appId"] = "cli_sqlite";
        keys["appSecret"] = "s3cret-that-nobody-should-see";
        keys["baseUrl"] = server.baseUrl();
        HttpsOptions https;
        https.caFile = caFile.path();
        auto clock = std::make_shared<testing::ManualClock>();
        clock->autoAdvance();
        ContextOptions options;
        options.clock = clock;
        options.logger = [this](LogLevel, std::string_view line) { log += std::string(line) + "\n"; };
        return Feishu(CorpConfig("corps.Demo", "Demo", std::move(keys)), Context(options),
                      HttpsTransport(https), storage);
    }

    support::TlsIdentity authority;
    support::TlsIdentity identity;
    support::TextFile caFile;
    support::TextFile certificateFile;
    support::TextFile keyFile;
    TempDir dir;
    emulator::FeishuServer server;
    SqliteStorage storage;
    std::string log;

private:
    static support::CertificateOptions forLoopback() {
        support::CertificateOptions options;
        options.names = "DNS:localhost,IP:127.0.0.1";
        return options;
    }
    emulator::FeishuOptions serverOptions() const {
        emulator::FeishuOptions options;
        options.certificateFile = certificateFile.path();
        options.keyFile = keyFile.path();
        return options;
    }
};

std::size_t activeIn(emulator::Organisation const& o) {
    return static_cast<std::size_t>(
        std::count_if(o.userList.begin(), o.userList.end(), [](auto const& m) { return m.status == 1; }));
}

}  // namespace

TEST_CASE("feishu and sqlite: a second sync with nothing changed writes nothing",
          "[integration][coroutine]") {
    Bench bench(600);
    Feishu corp = bench.corp();
    SyncReport const first = corp.syncCorp();
    REQUIRE(first.outcome == SyncOutcome::done);
    CHECK(first.members.created == activeIn(bench.server.organisation()));

    std::uint64_t const rows = bench.storage.rowsChanged();
    SyncReport const second = corp.syncCorp();
    CHECK(second.outcome == SyncOutcome::unchanged);
    CHECK(second.toText().find("nothing written") != std::string::npos);
    CHECK(bench.storage.rowsChanged() == rows);

    SECTION("nor after a restart") {
        Feishu again = bench.corp();
        CHECK(again.syncCorp().outcome == SyncOutcome::unchanged);
        CHECK(bench.storage.rowsChanged() == rows);
    }
    SECTION("nor with pages in another order") {
        emulator::FeishuBehaviour behaviour = bench.server.behaviour();
        behaviour.shuffle = 5;
        behaviour.shortPages = true;
        bench.server.setBehaviour(behaviour);
        // The order of a list is remembered, so the remembered order is all that may be written.
        SyncPlan const plan = corp.planSync();
        CHECK(plan.empty());
        CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
    }
    SECTION("and with the fingerprints not used the plan is the same") {
        SyncOptions cold;
        cold.useSidecar = false;
        SyncPlan const plan = corp.planSync(cold);
        CHECK(plan.empty());
        CHECK(plan.stats.decoded == plan.stats.units);
    }
    CHECK(corp.verifyCorp().ok);
}

TEST_CASE(
    "feishu and sqlite: changes upstream arrive, leavers keep their record, and come back as themselves",
    "[integration][coroutine]") {
    Bench bench(400);
    Feishu corp = bench.corp();
    static_cast<void>(corp.syncCorp());

    emulator::Organisation o = bench.server.organisation();
    std::set<std::string> const admins(o.adminIds.begin(), o.adminIds.end());
    auto const leaver = std::find_if(o.userList.begin(), o.userList.end(), [&](auto const& m) {
        return m.status == 1 && !admins.contains(m.memberId);
    });
    REQUIRE(leaver != o.userList.end());
    std::string const leaverId = bench.server.openUserId("cli_sqlite", leaver->memberId);
    UserId const userId = corp.getMember(leaverId).userId.value();
    emulator::Organisation const before = o;
    leaver->status = 2;
    o.deptList.back().name = "Renamed";
    std::string const renamed = bench.server.openDepartmentId("cli_sqlite", o.deptList.back().deptId);
    bench.server.setOrganisation(o);

    SyncOptions dry;
    dry.dryRun = true;
    SyncReport const would = corp.syncCorp(dry);
    CHECK(would.dryRun);
    CHECK(would.members.removed == 1);
    CHECK(corp.getMember(leaverId).status == MemberStatus::active);

    SyncReport const report = corp.syncCorp();
    CHECK(report.outcome == SyncOutcome::done);
    CHECK(report.members.removed == 1);
    CHECK(report.departments.updated == 1);
    CHECK(corp.getMember(leaverId).status == MemberStatus::resigned);
    CHECK(corp.getMemberDepts(leaverId).empty());
    CHECK(corp.getDept(renamed).name == "Renamed");

    bench.server.setOrganisation(before);
    SyncReport const back = corp.syncCorp();
    CHECK(back.reinstated == 1);
    CHECK(corp.getMember(leaverId).status == MemberStatus::active);
    CHECK(corp.getMember(leaverId).userId.value() == userId);
    CHECK(corp.verifyCorp().ok);
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
}

TEST_CASE("feishu and sqlite: a department that cannot be read loses nobody", "[integration][coroutine]") {
    Bench bench(300);
    Feishu corp = bench.corp();
    static_cast<void>(corp.syncCorp());
    std::size_t const members = corp.getMembers("active").size();

    emulator::Fault fault;
    fault.match = "/users/find_by_department";
    fault.after = 3;
    fault.times = -1;
    fault.kind = emulator::FaultKind::status;
    fault.httpStatus = 500;
    bench.server.addFault(fault);
    SyncReport const report = corp.syncCorp();
    CHECK(report.outcome == SyncOutcome::incomplete);
    CHECK_FALSE(report.faults.empty());
    CHECK(corp.getMembers("active").size() == members);

    bench.server.clearFaults();
    CHECK(corp.syncCorp().outcome == SyncOutcome::unchanged);
    CHECK(corp.verifyCorp().ok);
}

TEST_CASE("feishu and sqlite: a server nobody vouches for is refused for good", "[integration][coroutine]") {
    Bench bench(10);
    boost::json::object keys;
    keys["appId"] = "cli_sqlite";
    keys["appSecret"] = "x";
    keys["baseUrl"] = bench.server.baseUrl();
    support::TlsIdentity const stranger = support::makeAuthority("somebody else");
    support::TextFile const file(stranger.certificatePem());
    HttpsOptions https;
    https.caFile = file.path();
    Feishu corp(CorpConfig("corps.Demo", "Demo", std::move(keys)), Context(), HttpsTransport(https),
                bench.storage);
    try {
        static_cast<void>(corp.syncCorp());
        FAIL("a certificate of an unknown authority must be an error");
    } catch (Error const& e) {
        CHECK(e.is(Errc::config));
        CHECK_FALSE(e.retryable());
    }
    CHECK(bench.server.stats().requests == 0);
}

}  // namespace integration_feishu_sqlite_test
