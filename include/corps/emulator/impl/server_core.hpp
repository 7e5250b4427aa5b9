#pragma once

#include <corps/emulator/faults.hpp>
#include <corps/emulator/http_server.hpp>
#include <corps/emulator/impl/callback_sender.hpp>
#include <corps/emulator/impl/fault_reading.hpp>
#include <corps/emulator/impl/fields.hpp>
#include <corps/emulator/impl/json_reader.hpp>
#include <corps/emulator/impl/text.hpp>
#include <corps/emulator/organisation.hpp>
#include <corps/emulator/stats.hpp>

#include <boost/json/value.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps::emulator::detail {

/** A limit on calls: so many in each window. */
struct RateLimit {
    std::uint32_t calls;
    std::int64_t windowMs;
};

/** Counts calls in windows that open with their first call, or in those of the clock. */
class RateWindows {
public:
    struct Refusal {
        std::uint32_t limit;
        std::int64_t waitMs;
    };

    /** Counts a call, unless one of the limits is used up. @param aligned Windows start at their multiples.
     */
    std::optional<Refusal> count(const std::string& key, std::span<const RateLimit> limits,
                                 std::int64_t nowMs, bool aligned = false) {
        auto& windows = windows_[key];
        for (std::size_t i = 0; i < limits.size() && i < windows.size(); ++i) {
            Window& window = windows[i];
            if (nowMs - window.start >= limits[i].windowMs) {
                window = {aligned ? nowMs - nowMs % limits[i].windowMs : nowMs, 0};
            }
            if (window.calls >= limits[i].calls) {
                return Refusal{limits[i].calls, window.start + limits[i].windowMs - nowMs};
            }
        }
        for (std::size_t i = 0; i < limits.size() && i < windows.size(); ++i) {
            ++windows[i].calls;
        }
        return std::nullopt;
    }

    void clear() { windows_.clear(); }

private:
    struct Window {
        std::int64_t start = INT64_MIN / 2;
        std::uint32_t calls = 0;
    };
    std::map<std::string, std::array<Window, 2>> windows_;
};

/** What a fault asks of the platform's own answer. */
struct Effects {
    bool expireToken = false;
    bool wrongToken = false;
    bool repeatCursor = false;
    bool emptySuccess = false;
};

/** A control call that was not understood. */
class ControlError : public std::invalid_argument {
public:
    ControlError(const std::string& where, const std::string& expected)
        : std::invalid_argument(where + ": " + expected) {}
};

class ServerCore;

/** An address for events that has been named, and is not yet accepted. */
struct CallbackSetting {
    CallbackJob question;          ///< asks the address; without `write` it is not asked
    std::function<void()> accept;  ///< makes it the one; with the lock held
};

/** What one platform does; ServerCore calls it. */
class Platform {
public:
    virtual ~Platform() = default;
    [[nodiscard]] virtual ServerCore& core() noexcept = 0;
    /** Which endpoint this is, for the counters; kept for `answer`, which follows. */
    virtual std::string_view route(const HttpRequest& request) = 0;
    virtual HttpReply answer(const HttpRequest& request, const Effects& effects) = 0;
    /** The platform's way to say that calls come too fast. */
    virtual HttpReply tooFast(const Fault& fault) = 0;
    /** The platform's error envelope. */
    virtual HttpReply envelope(int httpStatus, std::int64_t code, const std::string& msg) = 0;
    /** What it says when it fails by itself. */
    virtual HttpReply internalError(int httpStatus) = 0;
    virtual std::chrono::milliseconds latency() const = 0;
    virtual const Organisation& currentOrganisation() const = 0;
    /** Called without the lock; takes it when the new organisation is ready. @throws OrganisationError */
    virtual void replaceOrganisation(Organisation organisation) = 0;
    /** Both of a server with several organisations. @param corp Which; empty: the only one. @throws
     * ControlError
     */
    virtual const Organisation& organisationOf(std::string_view /*corp*/) const {
        return currentOrganisation();
    }
    virtual void replaceOrganisationOf(std::string_view /*corp*/, Organisation organisation) {
        replaceOrganisation(std::move(organisation));
    }
    virtual std::string behaviourJson() const = 0;
    /** @throws ControlError */
    virtual void readBehaviour(const boost::json::value& json) = 0;
    /** A control call of this platform alone, with the lock held. @return The body, or nothing when there is
     * no such call. @throws ControlError */
    virtual std::optional<std::string> control(std::string_view /*what*/, const HttpRequest& /*request*/) {
        return std::nullopt;
    }
    /** The same without the lock, before it. */
    virtual std::optional<std::string> change(std::string_view /*what*/, const HttpRequest& /*request*/) {
        return std::nullopt;
    }
    /** Where events shall go, read with the lock held. @throws ControlError */
    virtual CallbackSetting prepareCallback(const boost::json::value& /*json*/) {
        throw ControlError("callback", "this platform has no address for events");
    }
    /** The addresses there are, as JSON and without what is secret; with the lock held. */
    virtual std::string callbacksSet() const { return "[]"; }
    /** No events any more; with the lock held. */
    virtual void clearCallbacks() {}
};

/**
 * What every emulated platform has: the counters, the faults, the clock and the control calls.
 *
 * One lock guards all of it and the platform; the platform's functions are called with it held.
 */
class ServerCore {
public:
    using Platform = detail::Platform;

    /** @param steady The clock moves as the machine's does. */
    ServerCore(Platform& platform, std::function<std::chrono::milliseconds()> clock, bool steady = false)
        : platform_(platform),
          clock_(std::move(clock)),
          sender_(
              [this] {
                  const std::lock_guard lock(mutex_);
                  return wallMs();
              },
              steady || !clock_) {}

    static constexpr std::string_view kControl = "/_emulator/";

    /** Starts to listen. */
    void start(HttpServerOptions options) {
        options.bodyLimit = [](std::string_view target) -> std::uint64_t {
            return target.starts_with(kControl) ? 4ULL << 30U : 16ULL << 20U;
        };
        const bool tls = !options.certificateFile.empty() || !options.keyFile.empty();
        const std::lock_guard lock(mutex_);  // the first request may come before this returns
        baseUrl_ = (tls ? "https://" : "http://") + options.address + ":";
        server_.emplace(std::move(options), [this](const HttpRequest& request) { return handle(request); });
        port_ = server_->port();
        baseUrl_ += std::to_string(port_);
    }
    void stop() {
        sender_.stop();  // before what its answers are for
        if (server_) {
            server_->stop();
        }
    }

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] const std::string& baseUrl() const noexcept { return baseUrl_; }
    [[nodiscard]] std::mutex& mutex() const noexcept { return mutex_; }

    // With the lock held:
    [[nodiscard]] std::int64_t nowMs() const {
        return (clock_ ? clock_().count() : sinceEpoch<std::chrono::steady_clock>()) + advanced_.count();
    }
    void countCorp(const std::string& corpId, const std::string& endpoint) {
        ++stats_.byCorp[corpId][endpoint];
    }
    /** The same as the time since 1970, even if nobody set a clock. */
    [[nodiscard]] std::int64_t wallMs() const { return nowMs() + wallShift_; }
    void countToken() noexcept { ++stats_.tokensIssued; }
    void countRateLimited() noexcept { ++stats_.rateLimited; }

    /** Sends what one change made, as far as faults let it. */
    void send(std::vector<CallbackJob> batch) {
        std::vector<std::size_t> shuffled;
        std::vector<CallbackJob> out;
        for (CallbackJob& job : batch) {
            const auto fault = takeFault(
                callbackFaults_, callbackRandom_,
                [&job](const CallbackFault& f) {
                    return job.event.find(f.match) != std::string::npos ||
                           job.text.find(f.match) != std::string::npos;
                },
                [](const CallbackFault&) {});
            if (fault) {
                ++stats_.faultsInjected;
                switch (fault->kind) {
                    case CallbackFaultKind::lost: sender_.lose(job); continue;
                    case CallbackFaultKind::doubled: out.push_back(job); break;
                    case CallbackFaultKind::shuffled: shuffled.push_back(out.size()); break;
                    case CallbackFaultKind::delayed: job.dueMs = wallMs() + fault->delay.count(); break;
                    case CallbackFaultKind::answerLost: job.answersLost = 1; break;
                    case CallbackFaultKind::wrongSignature: job.spoil = CallbackSpoil::signature; break;
                    case CallbackFaultKind::garbled: job.spoil = CallbackSpoil::ciphertext; break;
                }
            }
            out.push_back(std::move(job));
        }
        for (std::size_t i = shuffled.size(); i > 1; --i) {
            std::swap(out[shuffled[i - 1]],
                      out[shuffled[static_cast<std::size_t>(mix64(callbackRandom_++) % i)]]);
        }
        for (CallbackJob& job : out) {
            sender_.send(std::move(job));
        }
    }
    /** Asks the address, then makes it the one. @param done Hears what was wrong with it, nothing if nothing
     * was; without the lock if the address is asked. */
    void beginCallback(CallbackSetting setting, std::function<void(const std::string& wrong)> done) {
        if (!setting.question.write) {
            setting.accept();
            done("");
            return;
        }
        setting.question.done = [this, accept = std::move(setting.accept),
                                 done = std::move(done)](const CallbackRecord& record) {
            if (record.state == CallbackRecord::State::accepted) {
                const std::lock_guard lock(mutex_);
                accept();
            }
            done(record.attempts.empty() ? std::string() : record.attempts.back().error);
        };
        sender_.send(std::move(setting.question));
    }
    /** What waits for this receiver is not sent any more. */
    void dropCallbacks(const std::string& receiver) { sender_.drop(receiver); }

    // These take the lock:
    [[nodiscard]] Stats stats() const {
        const std::lock_guard lock(mutex_);
        Stats out = stats_;
        out.connections = server_ ? server_->connections() : 0;
        out.highestConcurrency = server_ ? server_->highestConcurrency() : 0;
        return out;
    }
    void resetStats() {
        const std::lock_guard lock(mutex_);
        stats_ = Stats{};
        if (server_) {
            server_->resetCounters();
        }
    }
    void addFault(Fault fault) {
        const std::lock_guard lock(mutex_);
        faults_.add(std::move(fault));
    }
    [[nodiscard]] std::vector<Fault> faults() const {
        const std::lock_guard lock(mutex_);
        return faults_.pending();
    }
    void clearFaults() {
        const std::lock_guard lock(mutex_);
        faults_.clear();
    }
    void advance(std::chrono::milliseconds by) {
        {
            const std::lock_guard lock(mutex_);
            advanced_ += by;
        }
        sender_.wake();
    }
    CallbackSender& sender() noexcept { return sender_; }
    const CallbackSender& sender() const noexcept { return sender_; }
    /** Waits for what the address says. @param prepare Makes the setting; called with the lock held. @throws
     * CallbackError */
    template <class Prepare>
    void setCallback(Prepare prepare) {
        auto promise = std::make_shared<std::promise<std::string>>();
        auto answer = promise->get_future();
        try {
            const std::lock_guard lock(mutex_);
            // What is forgotten when the server stops takes the promise with it.
            beginCallback(prepare(), [promise = std::move(promise)](const std::string& wrong) {
                promise->set_value(wrong);
            });
        } catch (const ControlError& error) {
            throw CallbackError(error.what());
        }
        std::string wrong;
        try {
            wrong = answer.get();
        } catch (const std::future_error&) {
            wrong = "the server has stopped";
        }
        if (!wrong.empty()) {
            throw CallbackError("the address was not accepted: " + wrong);
        }
    }
    void addCallbackFault(CallbackFault fault) {
        const std::lock_guard lock(mutex_);
        if (fault.times != 0) {
            callbackFaults_.push_back(std::move(fault));
        }
    }
    [[nodiscard]] std::vector<CallbackFault> callbackFaults() const {
        const std::lock_guard lock(mutex_);
        return callbackFaults_;
    }
    void clearCallbackFaults() {
        const std::lock_guard lock(mutex_);
        callbackFaults_.clear();
        callbackRandom_ = 0;
    }

private:
    template <class Clock>
    static std::int64_t sinceEpoch() {
        return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch()).count();
    }

    HttpReply handle(const HttpRequest& request) {
        if (request.path.starts_with(kControl)) {
            HttpReply reply = control(request);
            reply.counted = false;
            return reply;
        }
        const std::lock_guard lock(mutex_);
        ++stats_.requests;
        const std::string_view endpoint = platform_.route(request);
        const auto counter = stats_.byEndpoint.find(endpoint);
        if (counter == stats_.byEndpoint.end()) {
            stats_.byEndpoint.emplace(std::string(endpoint), 1);
        } else {
            ++counter->second;
        }
        const auto fault = faults_.take(request.target, request.body);
        HttpReply reply = fault ? faulty(request, *fault) : platform_.answer(request, Effects{});
        reply.delay += platform_.latency();
        return reply;
    }

    HttpReply faulty(const HttpRequest& request, const Fault& fault) {
        ++stats_.faultsInjected;
        HttpReply reply;
        switch (fault.kind) {
            case FaultKind::status: {
                const int status = fault.httpStatus == 0 ? 500 : fault.httpStatus;
                if (!fault.body.empty()) {
                    reply.body = fault.body;
                } else if (status >= 502 && status <= 504) {
                    // What stands between is not the platform, and does not speak its language.
                    reply.body =
                        "<html><head><title>Bad gateway</title></head><body><center><h1>Upstream "
                        "failed</h1></center></body></html>\n";
                    reply.contentType = "text/html";
                } else {
                    reply = platform_.internalError(status);
                }
                reply.status = status;
                break;
            }
            case FaultKind::reset:
            case FaultKind::truncate:
            case FaultKind::close:
                reply = platform_.answer(request, Effects{});
                reply.ending = fault.kind == FaultKind::reset      ? HttpReply::Ending::reset
                               : fault.kind == FaultKind::truncate ? HttpReply::Ending::truncate
                                                                   : HttpReply::Ending::closeAfter;
                reply.afterBytes = fault.afterBytes;
                break;
            case FaultKind::delay: reply = platform_.answer(request, Effects{}); break;
            case FaultKind::garbage:
                reply.status = fault.httpStatus == 0 ? 200 : fault.httpStatus;
                reply.body =
                    fault.body.empty()
                        ? "<!DOCTYPE html><html><body>Please sign in to the network first.</body></html>\n"
                        : fault.body;
                reply.contentType = "text/html; charset=utf-8";
                break;
            case FaultKind::rateLimit:
                ++stats_.rateLimited;
                reply = platform_.tooFast(fault);
                break;
            case FaultKind::code:
                reply =
                    platform_.envelope(fault.httpStatus == 0 ? 200 : fault.httpStatus, fault.code, fault.msg);
                break;
            case FaultKind::expireToken:
            case FaultKind::wrongToken:
            case FaultKind::repeatCursor:
            case FaultKind::emptySuccess: {
                Effects effects;
                effects.expireToken = fault.kind == FaultKind::expireToken;
                effects.wrongToken = fault.kind == FaultKind::wrongToken;
                effects.repeatCursor = fault.kind == FaultKind::repeatCursor;
                effects.emptySuccess = fault.kind == FaultKind::emptySuccess;
                reply = platform_.answer(request, effects);
                break;
            }
        }
        if (!fault.contentType.empty()) {
            reply.contentType = fault.contentType;
        }
        reply.delay += fault.delay;
        return reply;
    }

    static HttpReply controlFailure(int status, std::string_view why) {
        HttpReply reply;
        reply.status = status;
        reply.body = "{\"error\":";
        appendJson(reply.body, why);
        reply.body += "}\n";
        return reply;
    }

    HttpReply control(const HttpRequest& request) {
        const std::string_view what = std::string_view(request.path).substr(kControl.size());
        HttpReply reply;
        reply.body = "{}\n";
        try {
            if (what == "stats" && request.method == "GET") {
                reply.body = statsJson();
            } else if (what == "stats" && request.method == "DELETE") {
                resetStats();
            } else if (what == "org" && request.method == "GET") {
                const std::lock_guard lock(mutex_);
                reply.body = writeOrganisation(platform_.organisationOf(request.parameter("corp")));
            } else if (what == "org" && request.method == "PUT") {
                const std::string_view corp = request.parameter("corp");
                platform_.replaceOrganisationOf(corp, parseOrganisation(request.body));
                const std::lock_guard lock(mutex_);
                const Organisation& now = platform_.organisationOf(corp);
                reply.body = "{\"departments\":" + std::to_string(now.deptList.size()) +
                             ",\"members\":" + std::to_string(now.userList.size()) + "}\n";
            } else if (what == "faults" && request.method == "GET") {
                reply.body = faultsJson();
            } else if (what == "faults" && request.method == "POST") {
                for (Fault& fault : parseFaults(request.body)) {
                    addFault(std::move(fault));
                }
            } else if (what == "faults" && request.method == "DELETE") {
                clearFaults();
            } else if (what == "clock" && request.method == "POST") {
                const auto document = parseJson<ControlError>(request.body);
                const ObjectReader<ControlError> in(document, "");
                double seconds = 0;
                in.read("advanceSeconds", seconds);
                if (!(seconds >= 0 && seconds < 1e10)) {
                    throw ControlError("advanceSeconds", "expected seconds, 0 or more");
                }
                advance(std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000.0)));
            } else if (what == "behaviour" && request.method == "GET") {
                const std::lock_guard lock(mutex_);
                reply.body = platform_.behaviourJson();
            } else if (what == "behaviour" && request.method == "PUT") {
                const auto document = parseJson<ControlError>(request.body);
                const std::lock_guard lock(mutex_);
                platform_.readBehaviour(document);
                reply.body = platform_.behaviourJson();
            } else if (what == "callback" && request.method == "GET") {
                const std::lock_guard lock(mutex_);
                reply.body = platform_.callbacksSet() + "\n";
            } else if (what == "callback" && request.method == "POST") {
                const auto document = parseJson<ControlError>(request.body);
                const std::lock_guard lock(mutex_);
                reply.later = answerLater(platform_.prepareCallback(document));
            } else if (what == "callback" && request.method == "DELETE") {
                const std::lock_guard lock(mutex_);
                platform_.clearCallbacks();
            } else if (what == "callbacks" && request.method == "GET") {
                reply.body = callbacksJson();
            } else if (what == "callbacks" && request.method == "DELETE") {
                sender_.forget();
            } else if (what == "callback-faults" && request.method == "GET") {
                reply.body = callbackFaultsJson();
            } else if (what == "callback-faults" && request.method == "POST") {
                for (CallbackFault& fault : parseCallbackFaults(request.body)) {
                    addCallbackFault(std::move(fault));
                }
            } else if (what == "callback-faults" && request.method == "DELETE") {
                clearCallbackFaults();
            } else if (auto change = platform_.change(what, request)) {
                reply.body = std::move(*change);
            } else {
                const std::lock_guard lock(mutex_);
                if (auto own = platform_.control(what, request)) {
                    reply.body = std::move(*own);
                } else {
                    reply = controlFailure(404, "no such control call");
                }
            }
        } catch (const std::invalid_argument& error) {
            reply = controlFailure(400, error.what());
        }
        return reply;
    }

    /** The answer to who names an address: it comes when the address has said its word. */
    std::function<void(std::function<void(HttpReply)>)> answerLater(CallbackSetting setting) {
        return [this, setting](const std::function<void(HttpReply)>& answer) {
            const std::lock_guard lock(mutex_);
            beginCallback(setting, [answer](const std::string& wrong) {
                HttpReply reply;
                reply.body = "{}\n";
                answer(wrong.empty() ? std::move(reply)
                                     : controlFailure(400, "url: it was not accepted: " + wrong));
            });
        };
    }

    static void appendCounters(std::string& out,
                               const std::map<std::string, std::uint64_t, std::less<>>& counters) {
        out += '{';
        bool first = true;
        for (const auto& [endpoint, count] : counters) {
            out += first ? "" : ",";
            first = false;
            appendJson(out, endpoint);
            out += ":" + std::to_string(count);
        }
        out += '}';
    }

    [[nodiscard]] std::string statsJson() const {
        const Stats now = stats();
        std::string out = "{\"requests\":" + std::to_string(now.requests) + ",\"endpoints\":";
        appendCounters(out, now.byEndpoint);
        if (!now.byCorp.empty()) {
            out += ",\"corps\":{";
            for (const auto& [corp, counters] : now.byCorp) {
                appendJson(out += out.ends_with('{') ? "" : ",", corp);
                out += ':';
                appendCounters(out, counters);
            }
            out += '}';
        }
        out += ",\"highestConcurrency\":" + std::to_string(now.highestConcurrency) +
               ",\"connections\":" + std::to_string(now.connections) +
               ",\"rateLimited\":" + std::to_string(now.rateLimited) +
               ",\"tokensIssued\":" + std::to_string(now.tokensIssued) +
               ",\"faultsInjected\":" + std::to_string(now.faultsInjected) + "}\n";
        return out;
    }

    [[nodiscard]] std::string faultsJson() const {
        const std::lock_guard lock(mutex_);
        std::string out = "[";
        for (const Fault& fault : faults_.pending()) {
            out += out.size() == 1 ? "{\"match\":" : ",{\"match\":";
            appendJson(out, fault.match);
            if (!fault.matchBody.empty()) {
                out += ",\"matchBody\":";
                appendJson(out, fault.matchBody);
            }
            out += ",\"kind\":";
            appendJson(out, toString(fault.kind));
            out += ",\"times\":" + std::to_string(fault.times) + ",\"after\":" + std::to_string(fault.after);
            out += fault.whole ? ",\"whole\":true" : "";
            out += fault.sameCall ? ",\"sameCall\":true}" : "}";
        }
        return out + "]\n";
    }

    [[nodiscard]] std::string callbackFaultsJson() const {
        std::string out = "[";
        for (const CallbackFault& fault : callbackFaults()) {
            out += out.size() == 1 ? "{\"match\":" : ",{\"match\":";
            appendJson(out, fault.match);
            out += ",\"kind\":";
            appendJson(out, toString(fault.kind));
            out += ",\"times\":" + std::to_string(fault.times) + ",\"after\":" + std::to_string(fault.after) +
                   "}";
        }
        return out + "]\n";
    }

    [[nodiscard]] std::string callbacksJson() const {
        std::string out =
            sender_.idle() ? "{\"idle\":true,\"callbacks\":[" : "{\"idle\":false,\"callbacks\":[";
        bool first = true;
        for (const CallbackRecord& record : sender_.records()) {
            out += first ? "{" : ",{";
            first = false;
            appendInteger(out, "id", static_cast<std::int64_t>(record.id));
            appendText(out, "receiver", record.receiver);
            appendText(out, "event", record.event);
            appendText(out, "text", record.text);
            appendText(out, "state", toString(record.state));
            if (record.state == CallbackRecord::State::waiting && !record.attempts.empty()) {
                appendInteger(out, "dueMs", record.dueMs);
            }
            out += ",\"attempts\":";
            appendList(out, record.attempts, [](std::string& to, const CallbackAttempt& attempt) {
                to += '{';
                appendInteger(to, "atMs", attempt.atMs);
                appendText(to, "method", attempt.method);
                appendText(to, "url", attempt.url);
                appendInteger(to, "status", attempt.status);
                appendText(to, "answer", quotable(attempt.answer));
                appendText(to, "error", attempt.error);
                appendFlag(to, "answered", attempt.answered);
                appendFlag(to, "accepted", attempt.accepted);
                to += '}';
            });
            out += '}';
        }
        return out + "]}\n";
    }

    Platform& platform_;
    std::function<std::chrono::milliseconds()> clock_;
    mutable std::mutex mutex_;
    std::chrono::milliseconds advanced_{0};
    const std::int64_t wallShift_ =
        clock_ ? 0 : sinceEpoch<std::chrono::system_clock>() - sinceEpoch<std::chrono::steady_clock>();
    FaultList faults_;
    std::vector<CallbackFault> callbackFaults_;
    std::uint64_t callbackRandom_ = 0;
    Stats stats_;
    CallbackSender sender_;
    std::uint16_t port_ = 0;
    std::string baseUrl_;
    std::optional<HttpServer> server_;
};

}  // namespace corps::emulator::detail
