// Syncs every organisation of an application directory into one SQLite file.
//
//     example_3_application DIR FILE
#include <corps/app.hpp>
#include <corps/corps.hpp>
#include <corps/crypto/password.hpp>
#include <corps/storage/sqlite.hpp>
#include <corps/transport/https.hpp>

#include <cstdio>
#include <string>
#include <type_traits>

using Feishu = corps::FSInnerType<corps::HttpsTransport, corps::SqliteStorage>;
using Normal = corps::NormalType<corps::SqliteStorage>;

int main(int argc, char** argv) try {
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s DIR FILE\n", argv[0]);
        return 2;
    }
    // What each element's "type" is in C++; transports and storages are shared by all corps that name them.
    corps::App<Feishu, Normal> app(corps::directoryFiles(argv[1]), corps::Context(), corps::AppOptions(),
                                   corps::HttpsTransport(), corps::SqliteStorage(argv[2]));

    for (std::string const& name : app.names()) {
        if (name.rfind("corps.", 0) != 0) continue;
        // The first use of a corp initialises it: the root department, and a sync if the store was never
        // synced.
        app.visit(name, [](auto& corp) {
            using Corp = std::remove_reference_t<decltype(corp)>;
            if constexpr (Corp::Sync::kFollowsUpstream) {
                corps::SyncReport const report = corp.syncCorp();
                std::fputs(report.toText().c_str(), stdout);
            }
            std::printf("%s: %zu active members\n", corp.title().c_str(), corp.getMembers("active").size());
        });
    }
    return 0;
} catch (corps::Error const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
