// Keeps the organisations of an application directory in step with their platforms: takes their callbacks at
// http://127.0.0.1:PORT/callback/NAME (put a web server with TLS before it), and syncs by them and by the
// hour.
//
//     example_5_callbacks DIR FILE PORT
//
// Each business file names the callback's token and key:
//
//     {"corpId": "ww1", ..., "callback": {"token": "{{TOKEN}}", "aesKey": "{{AES_KEY}}"}}
#include <corps/app.hpp>
#include <corps/callback/callbacks.hpp>
#include <corps/corps.hpp>
#include <corps/storage/sqlite.hpp>
#include <corps/sync/auto_sync.hpp>
#include <corps/transport/https.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

using Feishu = corps::FSInnerType<corps::HttpsTransport, corps::SqliteStorage>;
using DingTalk = corps::DDInnerType<corps::HttpsTransport, corps::SqliteStorage>;
using WeCom = corps::QywxInnerType<corps::HttpsTransport, corps::SqliteStorage>;

/** What takes the callbacks of one corp, by its path. */
using Handlers =
    std::map<std::string, std::function<corps::CallbackResponse(corps::CallbackRequest const&)>, std::less<>>;

corps::CallbackResponse answer(Handlers const& handlers, corps::CallbackRequest const& request) {
    std::string_view const target = request.target;
    auto const handler = handlers.find(target.substr(0, target.find('?')));
    if (handler == handlers.end()) return corps::CallbackResponse(404, "text/plain", "no such corp");
    try {
        return handler->second(request);
    } catch (corps::Error const& e) {  // no key to check the request with
        std::fprintf(stderr, "%s\n", e.what());
        return corps::CallbackResponse(503, "text/plain", "not configured");
    }
}

asio::awaitable<void> serve(beast::tcp_stream stream, Handlers const& handlers) {
    beast::flat_buffer buffer;
    for (;;) {
        // A platform cuts the connection after some seconds anyway.
        stream.expires_after(std::chrono::seconds(10));
        http::request_parser<http::string_body> parser;
        parser.body_limit(corps::kMostCallbackBytes);
        co_await http::async_read(stream, buffer, parser, asio::use_awaitable);
        http::request<http::string_body> received = parser.release();

        corps::CallbackRequest request(std::string(received.method_string()), std::string(received.target()),
                                       std::move(received.body()));
        for (auto const& field : received)
            request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
        // Checks, decrypts and answers; the work follows by itself.
        corps::CallbackResponse const out = answer(handlers, request);

        http::response<http::string_body> response(static_cast<http::status>(out.status), received.version());
        response.set(http::field::content_type, out.contentType);
        response.body() = out.body;
        response.keep_alive(received.keep_alive());
        response.prepare_payload();
        co_await http::async_write(stream, response, asio::use_awaitable);
        if (!received.keep_alive()) co_return;
    }
}

asio::awaitable<void> accept(asio::ip::tcp::acceptor acceptor, Handlers const& handlers) {
    for (;;) {
        asio::ip::tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
        asio::co_spawn(acceptor.get_executor(), serve(beast::tcp_stream(std::move(socket)), handlers),
                       asio::detached);  // a connection that breaks is gone
    }
}

int main(int argc, char** argv) try {
    if (argc != 4) {
        std::fprintf(stderr, "usage: %s DIR FILE PORT\n", argv[0]);
        return 2;
    }
    corps::ContextOptions contextOptions;
    contextOptions.logger = [](corps::LogLevel level, std::string_view line) {
        if (level <= corps::LogLevel::warning)
            std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
    };
    // The Context has a thread of its own: syncs and what follows a callback run there, requests here.
    corps::Context const context(std::move(contextOptions));
    corps::AppOptions appOptions;
    appOptions.init = false;  // the schedule syncs first
    corps::App<Feishu, DingTalk, WeCom> app(corps::directoryFiles(argv[1]), context, appOptions,
                                            corps::HttpsTransport(), corps::SqliteStorage(argv[2]));

    Handlers handlers;
    std::vector<std::unique_ptr<corps::AutoSync>> schedules;
    corps::AutoSyncOptions schedule;
    schedule.interval = std::chrono::hours(1);  // platforms do not tell of everything
    schedule.onRun = [](corps::AutoSyncRun const& run) {
        if (run.report) std::fputs(run.report->toText().c_str(), stdout);
        if (run.error) std::fprintf(stderr, "%s\n", run.error->what());
        std::fflush(stdout);
    };
    for (std::string const& name : app.names()) {
        if (name.rfind("corps.", 0) != 0) continue;
        app.visit(name, [&](auto& corp) {
            auto copy = corp;  // the same corp
            handlers["/callback/" + name.substr(6)] = [copy](corps::CallbackRequest const& request) mutable {
                return copy.handleCallback(request);
            };
            schedules.push_back(std::make_unique<corps::AutoSync>(corp, schedule));
        });
    }

    asio::io_context loop(1);
    asio::ip::tcp::acceptor acceptor(
        loop, {asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(std::atoi(argv[3]))});
    std::printf("listening on 127.0.0.1:%u\n", static_cast<unsigned>(acceptor.local_endpoint().port()));
    std::fflush(stdout);
    asio::co_spawn(loop, accept(std::move(acceptor), handlers), asio::detached);
    asio::signal_set signals(loop, SIGINT, SIGTERM);
    signals.async_wait([&](auto, int) { loop.stop(); });
    loop.run();
    return 0;
} catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
