// Brings a Feishu organisation into a SQLite file and prints its departments.
//
//     example_1_first_sync APP_ID APP_SECRET FILE [BASE_URL CA_FILE]
#include <corps/corps.hpp>
#include <corps/storage/sqlite.hpp>
#include <corps/transport/https.hpp>

#include <cstdio>

int main(int argc, char** argv) try {
    if (argc != 4 && argc != 6) {
        std::fprintf(stderr, "usage: %s APP_ID APP_SECRET FILE [BASE_URL CA_FILE]\n", argv[0]);
        return 2;
    }
    boost::json::object keys;  // the keys of the business file
    keys["appId"] = argv[1];
    keys["appSecret"] = argv[2];
    corps::HttpsOptions https;
    if (argc == 6) {
        keys["baseUrl"] = argv[4];  // a private deployment, or the emulator
        https.caFile = argv[5];
    }

    using MyCorp = corps::FSInnerType<corps::HttpsTransport, corps::SqliteStorage>;
    MyCorp corp(corps::CorpConfig("corps.MyFeishuCorp", "My Feishu Organization", keys), corps::Context(),
                corps::HttpsTransport(https), corps::SqliteStorage(argv[3]));

    corps::SyncReport const report = corp.syncCorp();
    std::fputs(report.toText().c_str(), stdout);

    for (corps::CorpDept const& dept : corp.getDepts())
        std::printf("%*s%s: %zu members\n", static_cast<int>(2 * dept.path.size()), "", dept.name.c_str(),
                    corp.getDeptMembers(dept.deptId).size());
    return report.code() ? 3 : 0;
} catch (corps::Error const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
