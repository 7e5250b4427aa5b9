// Keeps a Feishu organisation in step, on the program's own event loop, until Ctrl-C.
//
//     FEISHU_SECRET=... example_6_schedule APP_ID FILE [SECONDS [BASE_URL]]
#include <corps/corps.hpp>
#include <corps/storage/sqlite.hpp>
#include <corps/sync/auto_sync.hpp>
#include <corps/transport/https.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

int main(int argc, char** argv) try {
    char const* const secret = std::getenv("FEISHU_SECRET");
    if (argc < 3 || argc > 5 || secret == nullptr) {
        std::fprintf(stderr, "usage: FEISHU_SECRET=... %s APP_ID FILE [SECONDS [BASE_URL]]\n", argv[0]);
        return 2;
    }
    boost::json::object keys;
    keys["appId"] = argv[1];
    keys["appSecret"] = secret;
    if (argc > 4) keys["baseUrl"] = argv[4];

    boost::asio::io_context loop;
    corps::ContextOptions context;
    context.executor = loop.get_executor();
    corps::FSInnerType<corps::HttpsTransport, corps::SqliteStorage> corp(
        corps::CorpConfig("corps.MyFeishuCorp", "My Feishu Organization", keys), corps::Context(context),
        corps::HttpsTransport(), corps::SqliteStorage(argv[2]));

    corps::AutoSyncOptions options;
    options.interval = std::chrono::seconds(argc > 3 ? std::stoi(argv[3]) : 3600);
    options.onRun = [](corps::AutoSyncRun const& run) {
        std::string const text = run.error ? std::string(run.error->what()) + "\n" : run.report->toText();
        std::fputs(text.c_str(), stdout);
        std::fflush(stdout);
    };
    corps::AutoSync schedule(corp, options);

    boost::asio::signal_set signals(loop, SIGINT, SIGTERM);
    signals.async_wait([&](boost::system::error_code, int) { schedule.stop(); });
    loop.run();  // returns when the schedule has ended: a sync that was under way has written all or nothing
    return 0;
} catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
