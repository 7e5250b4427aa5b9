#include "corpctl.hpp"

#include "arguments.hpp"
#include "commands.hpp"
#include "organisation.hpp"
#include "printing.hpp"
#include "roles.hpp"
#include "session.hpp"
#include "watch.hpp"

#include <corps/app.hpp>
#include <corps/callback/callbacks.hpp>
#include <corps/config/secret.hpp>
#include <corps/corps.hpp>
#include <corps/crypto/password.hpp>
#include <corps/crypto/store_key.hpp>
#include <corps/storage/memory.hpp>
#include <corps/storage/sqlite.hpp>
#include <corps/suite.hpp>
#include <corps/transport/https.hpp>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace corpctl {
namespace {

template <class Corp>
int runCommand(Corp& corp, Session const& session) {
    std::string const family = session.arguments.family();
    if (family == "role") return RoleCommands<Corp>(corp, session).run();
    if (family == "dept" || family == "member" || family == "passwd" || family == "import")
        return OrganisationCommands<Corp>(corp, session).run();
    return Commands<Corp>(corp, session).run();
}

template <class Storage>
int runOn(Storage storage, Session const& session, corps::Context context) {
    Arguments const& a = session.arguments;
    corps::AppOptions options;
    options.init = false;  // `init` does it itself
    using Transport = corps::HttpsTransport;
    auto const suiteOf = [context, storage](corps::CorpConfig auth) {
        return corps::Suite<Transport, Storage>(std::move(auth), context, Transport(), storage);
    };
    corps::App<corps::NormalType<Storage>, corps::FSInnerType<Transport, Storage>,
               corps::DDInnerType<Transport, Storage>, corps::QywxInnerType<Transport, Storage>,
               corps::QywxProxyType<Transport, Storage>>
        app(corps::directoryFiles(a.app), context, std::move(options), Transport(), storage);
    if (a.command == "watch") return watch(app, session, suiteOf);
    if (a.command == "authorize") {
        auto suite = suiteOf(app.element(a.corp));
        // Where no callback brings codes, none brings tickets either. Not an argument: others see those.
        if (char const* const ticket = std::getenv("CORPS_SUITE_TICKET");
            ticket != nullptr && *ticket != '\0')
            suite.pushTicket(corps::Secret(ticket));
        corps::SuiteCorp const c = suite.authorize(a.operand(0));
        session.out() << printable(c.corpId) << '\t' << printable(c.corpName) << '\t'
                      << printable(suite.configOf(c.corpId).fullName) << '\n';
        return kDone;
    }
    return app.visit(a.corp, [&](auto& found) {
        auto corp = found.as(a.caller);
        return runCommand(corp, session);
    });
}

int run(Arguments const& a, Console const& console) {
    std::unique_ptr<ProgressLine> progress;
    if (console.terminal && !a.verbose && a.command != "watch")
        progress = std::make_unique<ProgressLine>(console.err);
    std::mutex logging;
    corps::ContextOptions options;
    if (progress != nullptr)
        options.progress = [line = progress.get()](corps::Progress const& p) { line->show(p); };
    if (a.verbose)
        options.logger = [&](corps::LogLevel, std::string_view line) {
            std::lock_guard<std::mutex> const lock(logging);
            console.err << printable(line) << std::endl;
        };
    if (char const* const key = std::getenv("CORPS_STORE_KEY"); key != nullptr && *key != '\0')
        options.storeKey = corps::storeKey(corps::Secret(std::string(key)));
    corps::Context const context(std::move(options));
    Session const session{a, console, progress.get()};
    // A check makes no store; one that is there has the permanent codes of a suite.
    bool const keepsNothing = a.command == "check" &&
                              !(a.store.starts_with("sqlite:") && std::filesystem::exists(a.store.substr(7)));
    if (keepsNothing || a.store == "memory") return runOn(corps::MemoryStorage(), session, context);
    return runOn(corps::SqliteStorage(a.store.substr(7)), session, context);
}

/** What needs no store: help and version. True when the arguments asked for it. */
bool explain(int argc, char const* const* argv, std::ostream& out) {
    std::string about;
    for (int i = 1; i < argc; ++i) {
        std::string_view const arg = argv[i];
        if (arg == "--") break;
        if (arg == "--version") {
            out << "corpctl " CORPS_VERSION_STRING "\n";
            return true;
        }
        bool const help = arg == "--help" || arg == "-h";
        if (help && about.empty()) out << usage();
        if (help && !about.empty()) out << usage(about);
        if (help) return true;
        std::string const longer = about.empty() ? std::string(arg) : about + " " + std::string(arg);
        if (isCommandOrFamily(longer)) about = longer;
    }
    if (argc < 2 || std::string_view(argv[1]) != "help") return false;
    std::string name;
    for (int i = 2; i < argc; ++i) name += (name.empty() ? "" : " ") + std::string(argv[i]);
    if (!name.empty() && !isCommandOrFamily(name)) throw UsageError("there is no command " + name);
    out << usage(name);
    return true;
}

}  // namespace
}  // namespace corpctl

int corpctlMain(int argc, char const* const* argv, Console const& console) {
    using namespace corpctl;
    try {
        if (explain(argc, argv, console.out)) return kDone;
        Arguments const arguments = parse(argc, argv);
        int const code = run(arguments, console);
        if (!console.out.flush()) throw std::runtime_error("standard output cannot be written to");
        return code;
    } catch (UsageError const& e) {
        console.err << "corpctl: " << e.what() << "\n\n" << usage(e.about());
        return kUsageError;
    } catch (corps::Error const& e) {
        console.err << "corpctl: " << printable(e.what()) << '\n';
        if (!e.diagnostics().upstreamMessage.empty())
            console.err << "  the platform says: " << printable(e.diagnostics().upstreamMessage) << '\n';
        return kFailed;
    } catch (std::exception const& e) {
        console.err << "corpctl: " << e.what() << '\n';
        return kFailed;
    }
}
