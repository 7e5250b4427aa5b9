#include "watch.hpp"

#include "http_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <ostream>
#include <set>
#include <string_view>
#include <utility>

namespace corpctl {
namespace {

namespace asio = boost::asio;

std::string counts(std::string_view what, corps::ChangeCounts const& c) {
    if (c.created + c.updated + c.removed == 0) return {};
    std::string out = ", " + std::string(what);
    if (c.created > 0) out += " +" + std::to_string(c.created);
    if (c.updated > 0) out += " ~" + std::to_string(c.updated);
    if (c.removed > 0) out += " -" + std::to_string(c.removed);
    return out;
}

std::string inSeconds(corps::TimePoint when, corps::TimePoint now) {
    auto const s = std::chrono::ceil<std::chrono::seconds>(when - now).count();
    return "in " + std::to_string(std::max<std::int64_t>(s, 0)) + " s";
}

std::string next(corps::AutoSyncStatus const& status, corps::TimePoint now) {
    return status.nextRun ? "; next " + inSeconds(*status.nextRun, now) : std::string();
}

corps::TimePoint timeNow() { return std::chrono::floor<corps::Duration>(std::chrono::system_clock::now()); }

}  // namespace

std::string summary(corps::SyncReport const& r) {
    std::string changes = counts("departments", r.departments) + counts("members", r.members) +
                          counts("memberships", r.memberships) + counts("leaders", r.leaders) +
                          counts("roles", r.roles) + counts("role members", r.roleMembers) +
                          counts("administrators", r.admins);
    std::string out(toString(r.outcome));
    if (!changes.empty()) out += ": " + changes.substr(2);
    if (!r.holds.empty()) out += "; removals wait for approval, digest " + r.digest.str();
    if (!r.faults.empty()) out += "; " + std::to_string(r.faults.size()) + " could not be read";
    return out;
}

std::string describe(corps::AutoSyncStatus const& s, corps::TimePoint now) {
    std::string out = s.corp + ": " + std::string(toString(s.state)) + next(s, now) + "; " +
                      std::to_string(s.runs) + (s.runs == 1 ? " run, " : " runs, ") +
                      std::to_string(s.failures) + " failed";
    if (s.lastSuccess)
        out += "; " + std::string(toString(*s.lastOutcome)) + " " +
               std::to_string(std::chrono::floor<std::chrono::seconds>(now - *s.lastSuccess).count()) +
               " s ago";
    if (s.failuresInARow > 0 && s.lastError) out += "; " + std::string(s.lastError->what());
    return out;
}

class Watcher::Impl {
public:
    explicit Impl(Session const& session)
        : options(session.arguments.watch),
          verbose(session.arguments.verbose),
          out(session.out()),
          group(options.parallel),
          signals(loop, SIGINT, SIGTERM, SIGUSR1),
          clock(loop) {
        if (options.listen) {
            server.emplace(loop, options.listen->first, options.listen->second,
                           [this](corps::CallbackRequest const& q) { return answer(q); });
            say("listening on " + server->address());
        }
        await();
        lookLater();
    }

    void say(std::string const& line) {
        std::lock_guard<std::mutex> const lock(printing);
        out << printable(line) << std::endl;
    }

    /** Called on the schedule's thread. */
    void ran(corps::AutoSyncRun const& r) {
        std::string line;
        if (r.error) {
            line = r.error->what();
            if (!line.starts_with(r.corp)) line = r.corp + ": " + line;
            if (r.error->is(corps::Errc::cancelled) && r.after.state == corps::AutoSyncState::stopped)
                line = r.corp + ": its sync was stopped; nothing of it is written";
            else if (!r.error->diagnostics().upstreamMessage.empty())
                line += "; the platform says: " + r.error->diagnostics().upstreamMessage;
        } else {
            line = r.corp + ": " + summary(*r.report);
        }
        // Nothing new is nothing to say: neither that nothing changed, nor that it still does not work.
        bool const wrote = r.report && !r.report->syncId.empty();
        {
            std::lock_guard<std::mutex> const lock(printing);
            bool const again = std::exchange(last[r.corp], line) == line;
            if (again && !wrote && !verbose) return;
        }
        say(line + next(r.after, r.ended));
    }
    void changed(corps::AutoSyncStatus const& s) {
        if (verbose || (s.state == corps::AutoSyncState::running && s.runs == 0))
            say(s.corp + ": " +
                (s.runs == 0 && s.state == corps::AutoSyncState::running ? std::string("first sync")
                                                                         : std::string(toString(s.state))));
    }

    void run() {
        loop.run();
        say("stopping");
        for (auto& [name, suite] : suites) suite.subscription.reset();
        for (auto& [name, s] : schedules) s.stop();
        for (auto& [name, s] : schedules) s.join();
        say("stopped");
    }
    /** On the loop's thread. */
    void lookAtSuite(std::string const& name) {
        auto const it = suites.find(name);
        if (it == suites.end()) return;
        try {
            it->second.look();
        } catch (corps::Error const& e) {
            say(std::string(e.what()));
        }
    }
    void happened(std::string const& suite, corps::SuiteEvent const& e) {
        using Kind = corps::SuiteEventKind;
        std::string const who =
            suite + ": " + (e.corp.corpId.empty() ? "an enterprise" : e.corp.corpId) + " ";
        switch (e.kind) {
            case Kind::authorized: say(who + "has authorised the suite"); break;
            case Kind::secretReset: say(who + "has a new permanent code"); break;
            case Kind::changed: say(who + "has changed what the application may see"); break;
            case Kind::cancelled: say(who + "has withdrawn its authorisation"); break;
            case Kind::erased: say(who + "is erased"); break;
            case Kind::failed: say(suite + ": " + e.problem); break;
        }
        lookAtSuite(suite);
        if (e.kind != Kind::authorized && e.kind != Kind::secretReset && e.kind != Kind::changed) return;
        for (Enterprise const& known : enterprises) {
            if (known.suite != suite || !e.corp.isCalled(known.corpId)) continue;
            auto const it = schedules.find(known.corp);
            if (it == schedules.end()) continue;
            // A schedule that waits since its code was refused need not wait any longer.
            e.kind == Kind::changed ? it->second.announce() : it->second.trigger();
        }
    }

    WatchOptions const& options;
    bool const verbose;
    std::ostream& out;
    corps::AutoSyncGroup group;
    asio::io_context loop{1};
    asio::signal_set signals;
    std::optional<HttpServer> server;
    asio::steady_timer clock;
    std::map<std::string, Callback, std::less<>> callbacks;  // by path
    struct Enterprise {
        std::string suite, corpId, corp;
    };
    std::vector<Enterprise> enterprises;  // that corps mirror
    struct Suite {
        std::function<void()> look;
        corps::SuiteSubscription subscription;
        std::set<std::string> corps{};  // that are watched because of it
    };
    std::map<std::string, Suite> suites;
    std::mutex printing;
    std::map<std::string, std::string> last;           // what was said of a corp
    std::map<std::string, corps::AutoSync> schedules;  // after what their callbacks use

private:
    void await() {
        signals.async_wait([this](boost::system::error_code ec, int signal) {
            if (ec) return;
            if (signal != SIGUSR1) {
                if (server) server->close();
                loop.stop();
                return;
            }
            for (auto const& [name, s] : schedules) say(describe(s.status(), timeNow()));
            await();
        });
    }
    /** Another program may have exchanged a code, or taken a callback. */
    void lookLater() {
        clock.expires_after(std::min<std::chrono::seconds>(options.interval, std::chrono::seconds(60)));
        clock.async_wait([this](boost::system::error_code ec) {
            if (ec) return;
            for (auto const& [name, suite] : suites) lookAtSuite(name);
            lookLater();
        });
    }

    corps::CallbackResponse answer(corps::CallbackRequest const& q) {
        std::string_view const path = std::string_view(q.target).substr(0, q.target.find('?'));
        auto const it = callbacks.find(path);
        if (it == callbacks.end())
            return corps::CallbackResponse(404, "text/plain; charset=utf-8", "not found");
        try {
            return it->second(q);
        } catch (corps::Error const& e) {
            // The business file is wrong: whoever reads these lines should know, and a stranger should not.
            std::string const line = std::string(path.substr(1)) + ": " + e.what();
            if (std::exchange(last[std::string(path)], line) != line) say(line);
            return corps::CallbackResponse(500, "text/plain; charset=utf-8", "failed");
        }
    }
};

Watcher::Watcher(Session const& session) : impl_(std::make_unique<Impl>(session)) {}

Watcher::~Watcher() = default;

corps::AutoSyncOptions Watcher::scheduleOf(std::string const& corp) {
    Impl* const impl = impl_.get();
    corps::AutoSyncOptions out;
    out.interval = impl->options.interval;
    out.settle = impl->options.settle;
    out.distance = impl->options.distance;
    out.group = impl->group;
    out.onRun = [impl](corps::AutoSyncRun const& r) { impl->ran(r); };
    out.onState = [impl](corps::AutoSyncStatus const& s) { impl->changed(s); };
    say(corp + ": watched, every " +
        std::to_string(std::chrono::duration_cast<std::chrono::seconds>(out.interval).count()) + " s");
    return out;
}

void Watcher::keep(std::string const& corp, corps::AutoSync schedule) {
    impl_->schedules.insert_or_assign(corp, std::move(schedule));
}

void Watcher::keepSuite(std::string const& suite, std::function<void()> look,
                        corps::SuiteSubscription subscription) {
    impl_->suites.insert_or_assign(suite, Impl::Suite{std::move(look), std::move(subscription)});
    say(suite + ": its enterprises are watched, as they come and go");
}

void Watcher::knowEnterprise(std::string const& suite, std::string const& corpId, std::string const& corp) {
    auto const same = [&](Impl::Enterprise const& e) { return e.corp == corp; };
    std::erase_if(impl_->enterprises, same);
    impl_->enterprises.push_back({suite, corpId, corp});
}

bool Watcher::isWatched(std::string const& suite, corps::SuiteCorp const& enterprise,
                        std::string const& own) const {
    // The name of its own is in `there`, whoever mirrors it: so what looks for others finds none to drop.
    bool const watched = std::ranges::any_of(impl_->enterprises, [&](Impl::Enterprise const& e) {
        return e.suite == suite && enterprise.isCalled(e.corpId) && impl_->schedules.contains(e.corp);
    });
    if (!watched) impl_->suites.at(suite).corps.insert(own);
    return watched;
}

void Watcher::dropOthers(std::string const& suite, std::vector<std::string> const& names) {
    Impl::Suite& mine = impl_->suites.at(suite);
    for (auto it = mine.corps.begin(); it != mine.corps.end();) {
        if (std::ranges::find(names, *it) != names.end()) {
            ++it;
            continue;
        }
        say(*it + ": its enterprise is gone; it is watched no more");
        impl_->callbacks.erase("/callback/" + *it);
        impl_->schedules.erase(*it);  // stops it
        it = mine.corps.erase(it);
    }
}

void Watcher::heard(std::string const& suite, corps::SuiteEvent const& event) {
    asio::post(impl_->loop, [impl = impl_.get(), suite, event] { impl->happened(suite, event); });
}

void Watcher::say(std::string const& line) { impl_->say(line); }

void Watcher::mount(std::string const& path, Callback callback) {
    if (!impl_->server) return;
    impl_->callbacks[path] = std::move(callback);
    say("http://" + impl_->server->address() + path + " takes callbacks");
}

void Watcher::refuse(std::string const& name, std::string const& why) {
    std::string const line = (why.starts_with(name) ? why : name + ": " + why) + "; it is not watched";
    // Of a suite's enterprise this is found again and again.
    if (std::exchange(impl_->last[name], line) != line) say(line);
}

std::size_t Watcher::watched() const noexcept { return impl_->schedules.size() + impl_->suites.size(); }

void Watcher::run() { impl_->run(); }

}  // namespace corpctl
