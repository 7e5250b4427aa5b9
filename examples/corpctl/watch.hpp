// corpctl watch: all corps of an application by schedule and callbacks, until a signal ends it.
#pragma once

#include "session.hpp"

#include <corps/callback/request.hpp>
#include <corps/config/corp_config.hpp>
#include <corps/error/error.hpp>
#include <corps/suite/suite_corp.hpp>
#include <corps/suite/suite_events.hpp>
#include <corps/sync/auto_sync.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corpctl {

/** What a run comes to, for one line: "done: members +5 ~1 -0, departments +1 ~0 -0". */
[[nodiscard]] std::string summary(corps::SyncReport const& report);
/** How a schedule stands, for one line. @param now for "in 20 s". */
[[nodiscard]] std::string describe(corps::AutoSyncStatus const& status, corps::TimePoint now);

/**
 * Runs schedules, takes callbacks, and prints a line where something has changed. From when it is made SIGINT
 * and SIGTERM end run(), and SIGUSR1 has it print how everything stands.
 */
class Watcher {
public:
    using Callback = std::function<corps::CallbackResponse(corps::CallbackRequest const&)>;

    explicit Watcher(Session const& session);
    Watcher(Watcher const&) = delete;
    Watcher& operator=(Watcher const&) = delete;
    ~Watcher();

    /** Begins to sync it at once, and takes its callbacks. One that is edited here is named and left alone.
     */
    template <class Corp>
    void add(Corp const& corp) {
        if constexpr (Corp::Sync::kFollowsUpstream) {
            if constexpr (requires { corp.authFullName(); })
                knowEnterprise(corp.authFullName(), corp.corpId(), corp.fullName());
            if constexpr (TakesCallbacks<Corp>) {
                // A provider's application has the keys of its suite where it has none of its own.
                constexpr bool ofSuite = requires { corp.authFullName(); };
                if (ofSuite || corp.corpData().contains("callback"))
                    mount("/callback/" + corp.fullName(),
                          [mine = corp](corps::CallbackRequest const& q) mutable {
                              return mine.handleCallback(q);
                          });
            }
            keep(corp.fullName(), corps::AutoSync(corp, scheduleOf(corp.fullName())));
        } else {
            say(corp.fullName() + ": edited here; there is nothing to watch");
        }
    }

    /**
     * Takes the callbacks of a suite, and watches the enterprises that have authorised it, as they come and
     * until they go; but for those that a corp of the application mirrors, which are to be added before.
     */
    template <class Suite>
    void addSuite(Suite suite) {
        std::string const name = suite.fullName();
        mount("/suite/" + name,
              [mine = suite](corps::CallbackRequest const& q) mutable { return mine.handleCallback(q); });
        keepSuite(
            name, [this, suite] { look(suite); },
            suite.onEvent([this, name](corps::SuiteEvent const& e) { heard(name, e); }));
        look(suite);
        suite.resume();
    }

    /** This one is not watched; the others are. */
    void refuse(std::string const& name, std::string const& why);
    /** How many are watched; suites count. */
    [[nodiscard]] std::size_t watched() const noexcept;
    /** Until a signal comes: then everything is stopped, and this returns when nothing runs any more. */
    void run();

private:
    class Impl;

    template <class Corp>
    static constexpr bool TakesCallbacks = requires(Corp& corp, corps::CallbackRequest const& q) {
        { corp.handleCallback(q) } -> std::convertible_to<corps::CallbackResponse>;
    };

    /** Brings what is watched of a suite in line with what its store knows. */
    template <class Suite>
    void look(Suite const& suite) {
        std::vector<std::string> there;
        for (corps::SuiteCorp const& c : suite.corps()) {
            std::string const name = suite.configOf(c.corpId).fullName;
            there.push_back(name);
            if (isWatched(suite.fullName(), c, name)) continue;
            try {
                add(suite.open(c.corpId));
            } catch (corps::Error const& e) {
                refuse(name, e.what());
            }
        }
        dropOthers(suite.fullName(), there);
    }

    void mount(std::string const& path, Callback callback);
    [[nodiscard]] corps::AutoSyncOptions scheduleOf(std::string const& corp);
    void keep(std::string const& corp, corps::AutoSync schedule);
    void keepSuite(std::string const& suite, std::function<void()> look,
                   corps::SuiteSubscription subscription);
    void knowEnterprise(std::string const& suite, std::string const& corpId, std::string const& corp);
    [[nodiscard]] bool isWatched(std::string const& suite, corps::SuiteCorp const& enterprise,
                                 std::string const& own) const;
    /** Of those that are watched because of this suite. */
    void dropOthers(std::string const& suite, std::vector<std::string> const& names);
    /** Called on any thread. */
    void heard(std::string const& suite, corps::SuiteEvent const& event);
    void say(std::string const& line);
    std::unique_ptr<Impl> impl_;
};

/**
 * Watches what the command line names, corps and suites, or all there is.
 * @param open makes the suite of an auths.* element.
 */
template <class App, class OpenSuite>
int watch(App& app, Session const& session, OpenSuite const& open) {
    Watcher watcher(session);
    std::vector<std::string> const& wanted = session.arguments.corps;
    std::vector<std::string> const names = wanted.empty() ? app.names() : wanted;
    auto const each = [&](std::string_view kind, auto const& f) {
        for (std::string const& name : names) {
            if (!name.starts_with(kind)) continue;
            try {
                f(name);
            } catch (corps::Error const& e) {
                watcher.refuse(name, e.what());
            }
        }
    };
    each("corps.", [&](std::string const& name) { app.visit(name, [&](auto& corp) { watcher.add(corp); }); });
    each("auths.", [&](std::string const& name) {
        corps::CorpConfig auth = app.element(name);
        // What else an application keeps there is none of ours.
        if (wanted.empty() && !auth.credentials().contains("suiteId")) return;
        watcher.addSuite(open(std::move(auth)));
    });
    if (watcher.watched() == 0) throw std::runtime_error("there is nothing to watch");
    watcher.run();
    return kDone;
}

}  // namespace corpctl
