#pragma once

#include <corps/emulator/impl/callback_sender.hpp>
#include <corps/transport/detail/url.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <type_traits>

namespace corps::emulator::detail {

/** What came of one try. */
struct CallbackOutcome {
    int status = 0;
    std::string body;
    std::string error;  ///< why there is no answer
};

/** One request and its answer, on a connection of its own. */
template <class Stream>
class CallbackExchange final : public std::enable_shared_from_this<CallbackExchange<Stream>> {
    using tcp = boost::asio::ip::tcp;
    using ErrorCode = boost::system::error_code;
    static constexpr bool kTls = !std::is_same_v<Stream, tcp::socket>;

public:
    using Done = std::function<void(CallbackOutcome)>;

    template <class... Extra>
    CallbackExchange(boost::asio::io_context& context, corps::detail::HttpUrl url, std::string request,
                     std::chrono::milliseconds connectTimeout, std::chrono::milliseconds timeout, Done done,
                     Extra&... extra)
        : stream_(context, extra...),
          resolver_(context),
          timer_(context),
          url_(std::move(url)),
          request_(std::move(request)),
          connectTimeout_(std::min(connectTimeout, timeout)),
          timeout_(timeout),
          deadline_(std::chrono::steady_clock::now() + timeout),
          done_(std::move(done)) {}

    void start() {
        expire(std::chrono::steady_clock::now() + connectTimeout_,
               "no connection within " + std::to_string(connectTimeout_.count()) + " ms");
        ErrorCode ec;
        const auto address = boost::asio::ip::make_address(url_.host, ec);
        if (!ec) {
            socket().async_connect({address, url_.port},
                                   [self = this->shared_from_this()](ErrorCode e) { self->onConnected(e); });
            return;
        }
        resolver_.async_resolve(url_.host, std::to_string(url_.port),
                                [self = this->shared_from_this()](ErrorCode e, const auto& found) {
                                    self->onResolved(e, found);
                                });
    }

private:
    tcp::socket& socket() noexcept {
        if constexpr (kTls) {
            return stream_.next_layer();
        } else {
            return stream_;
        }
    }

    void expire(std::chrono::steady_clock::time_point at, std::string why) {
        late_ = std::move(why);
        timer_.expires_at(at);
        timer_.async_wait([self = this->shared_from_this()](ErrorCode ec) {
            // One that was set anew meanwhile may still be told that it expired.
            if (!ec && self->timer_.expiry() <= std::chrono::steady_clock::now()) {
                self->finish({0, "", self->late_});
            }
        });
    }

    void onResolved(ErrorCode ec, const tcp::resolver::results_type& found) {
        if (ec) {
            finish({0, "", "the host is not known: " + ec.message()});
        } else if (done_) {
            boost::asio::async_connect(
                socket(), found,
                [self = this->shared_from_this()](ErrorCode e, const auto&) { self->onConnected(e); });
        }
    }

    void onConnected(ErrorCode ec) {
        if (ec) {
            finish({0, "", "no connection: " + ec.message()});
            return;
        }
        if (!done_) {
            return;
        }
        expire(deadline_, "no answer within " + std::to_string(timeout_.count()) + " ms");
        ErrorCode ignored;
        socket().set_option(tcp::no_delay(true), ignored);
        if constexpr (kTls) {
            SSL_set_tlsext_host_name(stream_.native_handle(), url_.host.c_str());
            stream_.async_handshake(boost::asio::ssl::stream_base::client,
                                    [self = this->shared_from_this()](ErrorCode e) {
                                        if (e) {
                                            self->finish({0, "", "no TLS: " + e.message()});
                                        } else {
                                            self->write();
                                        }
                                    });
        } else {
            write();
        }
    }

    void write() {
        boost::asio::async_write(stream_, boost::asio::buffer(request_),
                                 [self = this->shared_from_this()](ErrorCode ec, std::size_t) {
                                     // Who has answered early may have stopped to read.
                                     self->read(ec);
                                 });
    }

    void read(ErrorCode written) {
        if (!done_) {
            return;
        }
        parser_.body_limit(1U << 20U);
        boost::beast::http::async_read(
            stream_, buffer_, parser_, [self = this->shared_from_this(), written](ErrorCode ec, std::size_t) {
                if (ec) {
                    self->finish({0, "", "no whole answer: " + (written ? written : ec).message()});
                } else {
                    auto& message = self->parser_.get();
                    self->finish({static_cast<int>(message.result_int()), std::move(message.body()), ""});
                }
            });
    }

    void finish(CallbackOutcome outcome) {
        if (const Done done = std::exchange(done_, nullptr)) {
            timer_.cancel();
            resolver_.cancel();
            ErrorCode ignored;
            socket().close(ignored);
            done(std::move(outcome));
        }
    }

    Stream stream_;
    tcp::resolver resolver_;
    boost::asio::steady_timer timer_;
    corps::detail::HttpUrl url_;
    std::string request_;
    std::chrono::milliseconds connectTimeout_;
    std::chrono::milliseconds timeout_;
    std::chrono::steady_clock::time_point deadline_;
    std::string late_;
    boost::beast::flat_buffer buffer_;
    boost::beast::http::response_parser<boost::beast::http::string_body> parser_;
    Done done_;
};

class CallbackSender::Impl {
    using tcp = boost::asio::ip::tcp;
    using State = CallbackRecord::State;
    static constexpr std::size_t kKept = 10'000;
    static constexpr std::size_t kAnswerKept = 4096;

public:
    Impl(std::function<std::int64_t()> now, bool steady) : now_(std::move(now)), steady_(steady) {}
    ~Impl() { stop(); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void send(CallbackJob job) {
        const std::lock_guard lock(mutex_);
        if (stopped_) {
            return;
        }
        auto entry = std::make_unique<Entry>();
        entry->record = recordOf(job);
        entry->record.dueMs = job.dueMs;
        entry->job = std::move(job);
        Lane& lane = lanes_[entry->job.receiver];
        lane.limit = std::max<std::size_t>(entry->job.connections, 1);
        lane.waiting.emplace(entry->job.dueMs, entry->record.id);
        const std::uint64_t id = entry->record.id;
        entries_.emplace(id, std::move(entry));
        run();
    }

    void wakeAt(const std::string& name, std::int64_t dueMs, std::function<void()> ring) {
        const std::lock_guard lock(mutex_);
        if (!stopped_) {
            alarms_[name] = {dueMs, std::move(ring)};
            run();
        }
    }

    void forgetAlarm(const std::string& name) {
        const std::lock_guard lock(mutex_);
        alarms_.erase(name);
        changed_.notify_all();
    }

    void lose(const CallbackJob& job) {
        const std::lock_guard lock(mutex_);
        CallbackRecord record = recordOf(job);
        record.state = State::lost;
        keep(std::move(record));
    }

    void drop(const std::string& receiver) {
        const std::lock_guard lock(mutex_);
        const auto found = lanes_.find(receiver);
        if (found == lanes_.end()) {
            return;
        }
        for (const auto& [due, id] : found->second.waiting) {
            const auto entry = entries_.find(id);
            entry->second->record.state = State::failed;
            keep(std::move(entry->second->record));
            entries_.erase(entry);
        }
        found->second.waiting.clear();
        for (auto& [id, entry] : entries_) {
            entry->dropped = entry->dropped || entry->job.receiver == receiver;
        }
        changed_.notify_all();
    }

    void wake() {
        const std::lock_guard lock(mutex_);
        if (loop_ && !stopped_) {
            nudge();
        }
    }

    [[nodiscard]] std::vector<CallbackRecord> records() const {
        const std::lock_guard lock(mutex_);
        std::vector<CallbackRecord> out(over_.begin(), over_.end());
        for (const auto& [id, entry] : entries_) {
            out.push_back(entry->record);
        }
        std::sort(out.begin(), out.end(),
                  [](const CallbackRecord& a, const CallbackRecord& b) { return a.id < b.id; });
        return out;
    }

    void forget() {
        const std::lock_guard lock(mutex_);
        over_.clear();
    }

    [[nodiscard]] bool idle() const {
        const std::int64_t now = now_();
        const std::lock_guard lock(mutex_);
        return idleAt(now);
    }

    bool wait(std::chrono::milliseconds atMost) const {
        const auto until = std::chrono::steady_clock::now() + atMost;
        for (;;) {
            const std::int64_t now = now_();
            std::unique_lock lock(mutex_);
            if (idleAt(now)) {
                return true;
            }
            if (std::chrono::steady_clock::now() >= until) {
                return false;
            }
            // The clock may move without a word.
            changed_.wait_until(
                lock, std::min(until, std::chrono::steady_clock::now() + std::chrono::milliseconds(20)));
        }
    }

    void stop() {
        std::unique_ptr<Loop> loop;
        {
            const std::lock_guard lock(mutex_);
            stopped_ = true;
            loop = std::move(loop_);
        }
        if (loop) {
            loop->context.stop();
            loop->thread.join();
            loop.reset();
        }
        std::map<std::uint64_t, std::unique_ptr<Entry>> gone;
        {
            const std::lock_guard lock(mutex_);
            gone.swap(entries_);
            lanes_.clear();
            alarms_.clear();
            changed_.notify_all();
        }
    }

private:
    struct Entry {
        CallbackJob job;
        CallbackRecord record;
        std::size_t tries = 0;
        bool dropped = false;
    };
    struct Alarm {
        std::int64_t dueMs = 0;
        std::function<void()> ring;
    };
    struct Lane {
        std::set<std::pair<std::int64_t, std::uint64_t>> waiting;  // when due, and which
        std::size_t underway = 0;
        std::size_t limit = 1;
    };
    struct Loop {
        boost::asio::io_context context{1};
        boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{context.get_executor()};
        boost::asio::steady_timer timer{context};
        std::optional<boost::asio::ssl::context> tls;
        std::thread thread;
    };

    // With the lock held:

    CallbackRecord recordOf(const CallbackJob& job) {
        CallbackRecord out;
        out.id = ++made_;
        out.receiver = job.receiver;
        out.event = job.event;
        out.text = job.text;
        return out;
    }

    void keep(CallbackRecord record) {
        over_.push_back(std::move(record));
        if (over_.size() > kKept) {
            over_.pop_front();
        }
    }

    void run() {
        if (!loop_) {
            loop_ = std::make_unique<Loop>();
            loop_->thread = std::thread([context = &loop_->context] { context->run(); });
        }
        nudge();
    }

    void nudge() {
        if (!nudged_) {
            nudged_ = true;
            boost::asio::post(loop_->context, [this, loop = loop_.get()] { pump(*loop); });
        }
    }

    [[nodiscard]] bool idleAt(std::int64_t now) const {
        if (ringing_ > 0 || std::any_of(alarms_.begin(), alarms_.end(),
                                        [now](const auto& named) { return named.second.dueMs <= now; })) {
            return false;
        }
        return std::none_of(lanes_.begin(), lanes_.end(), [now](const auto& named) {
            const Lane& lane = named.second;
            return lane.underway > 0 || (!lane.waiting.empty() && lane.waiting.begin()->first <= now);
        });
    }

    // On the thread, without the lock:

    /** Starts what is due, and sets the alarm for what is not. */
    void pump(Loop& loop) {
        {
            const std::lock_guard lock(mutex_);
            nudged_ = false;
        }
        const std::int64_t now = now_();
        std::vector<Entry*> due;
        std::vector<std::function<void()>> rings;
        std::optional<std::int64_t> next;
        {
            const std::lock_guard lock(mutex_);
            for (auto alarm = alarms_.begin(); alarm != alarms_.end();) {
                if (alarm->second.dueMs > now) {
                    next = std::min(next.value_or(alarm->second.dueMs), alarm->second.dueMs);
                    ++alarm;
                } else {
                    rings.push_back(std::move(alarm->second.ring));
                    alarm = alarms_.erase(alarm);
                }
            }
            ringing_ += rings.size();
            for (auto& [name, lane] : lanes_) {
                while (!lane.waiting.empty() && lane.underway < lane.limit) {
                    const auto [at, id] = *lane.waiting.begin();
                    if (at > now) {
                        next = std::min(next.value_or(at), at);
                        break;
                    }
                    lane.waiting.erase(lane.waiting.begin());
                    ++lane.underway;
                    due.push_back(entries_.at(id).get());
                }
            }
        }
        for (Entry* entry : due) {
            start(loop, *entry, now);
        }
        for (const auto& ring : rings) {
            ring();  // what it sends or sets comes with another turn
            const std::lock_guard lock(mutex_);
            --ringing_;
            changed_.notify_all();
        }
        if (next) {
            std::chrono::milliseconds wait(*next - now);
            loop.timer.expires_after(steady_ ? wait : std::min(wait, std::chrono::milliseconds(10)));
            loop.timer.async_wait([this, &loop](boost::system::error_code ec) {
                if (!ec) {
                    pump(loop);
                }
            });
        }
    }

    void start(Loop& loop, Entry& entry, std::int64_t now) {
        CallbackAttempt attempt;
        attempt.atMs = now;
        try {
            CallbackMessage message = entry.job.write(now, entry.job.spoil);
            attempt.method = message.method;
            attempt.url = message.url;
            auto url = corps::detail::parseUrl(message.url, entry.job.event);
            corps::Request request(std::move(message.method), std::move(message.url), entry.job.event);
            for (auto& [name, value] : message.headers) {
                request.headers.emplace_back(std::move(name), std::move(value));
            }
            request.body = std::move(message.body);
            std::string text = corps::detail::serialize(request, url, "corps-emulator");
            const auto done = [this, &loop, &entry, attempt](CallbackOutcome outcome) {
                finish(loop, entry, attempt, std::move(outcome));
            };
            const auto& job = entry.job;
            if (url.tls) {
                if (!loop.tls) {
                    loop.tls.emplace(boost::asio::ssl::context::tls_client);
                    loop.tls->set_verify_mode(boost::asio::ssl::verify_none);
                }
                std::make_shared<CallbackExchange<boost::asio::ssl::stream<tcp::socket>>>(
                    loop.context, std::move(url), std::move(text), job.connectTimeout, job.timeout, done,
                    *loop.tls)
                    ->start();
            } else {
                std::make_shared<CallbackExchange<tcp::socket>>(loop.context, std::move(url), std::move(text),
                                                                job.connectTimeout, job.timeout, done)
                    ->start();
            }
        } catch (const std::exception& error) {
            entry.job.retries.clear();
            const CallbackOutcome outcome{0, "", error.what()};
            boost::asio::post(loop.context, [this, &loop, &entry, attempt, outcome] {
                finish(loop, entry, attempt, outcome);
            });
        }
    }

    void finish(Loop& loop, Entry& entry, CallbackAttempt attempt, CallbackOutcome outcome) {
        CallbackJob& job = entry.job;
        attempt.status = outcome.status;
        attempt.answered = outcome.error.empty();
        attempt.error = attempt.answered ? job.judge(outcome.status, outcome.body) : outcome.error;
        if (attempt.error.empty() && job.answersLost > 0) {
            --job.answersLost;
            attempt.answered = false;
            attempt.error = "a fault: the answer got lost";
        }
        attempt.accepted = attempt.error.empty();
        outcome.body.resize(std::min(outcome.body.size(), kAnswerKept));
        attempt.answer = std::move(outcome.body);

        const std::int64_t now = now_();
        std::unique_ptr<Entry> over;
        std::unique_lock lock(mutex_);
        Lane& lane = lanes_[job.receiver];
        CallbackRecord& record = entry.record;
        const bool accepted = attempt.accepted;
        const bool again = !accepted && !entry.dropped && entry.tries < job.retries.size() &&
                           (job.retryRefused || !attempt.answered);
        record.attempts.push_back(std::move(attempt));
        if (again) {
            record.dueMs = now + job.retries[entry.tries++].count();
            lane.waiting.emplace(record.dueMs, record.id);
        } else {
            record.state = accepted ? State::accepted : State::failed;
            const auto found = entries_.find(record.id);
            over = std::move(found->second);
            entries_.erase(found);
            keep(over->record);
        }
        if (over && !over->dropped && over->job.done) {
            lock.unlock();
            over->job.done(over->record);
            lock.lock();
        }
        --lane.underway;
        changed_.notify_all();
        lock.unlock();
        pump(loop);
    }

    std::function<std::int64_t()> now_;
    bool steady_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    bool stopped_ = false;
    bool nudged_ = false;
    std::uint64_t made_ = 0;
    std::map<std::uint64_t, std::unique_ptr<Entry>> entries_;
    std::map<std::string, Lane> lanes_;
    std::map<std::string, Alarm> alarms_;
    std::size_t ringing_ = 0;
    std::deque<CallbackRecord> over_;
    std::unique_ptr<Loop> loop_;
};

CORPS_DECL CallbackSender::CallbackSender(std::function<std::int64_t()> now, bool steady)
    : impl_(std::make_unique<Impl>(std::move(now), steady)) {}
CORPS_DECL CallbackSender::~CallbackSender() = default;
CORPS_DECL void CallbackSender::send(CallbackJob job) { impl_->send(std::move(job)); }
CORPS_DECL void CallbackSender::lose(const CallbackJob& job) { impl_->lose(job); }
CORPS_DECL void CallbackSender::drop(const std::string& receiver) { impl_->drop(receiver); }
CORPS_DECL void CallbackSender::wakeAt(const std::string& name, std::int64_t dueMs,
                                       std::function<void()> ring) {
    impl_->wakeAt(name, dueMs, std::move(ring));
}
CORPS_DECL void CallbackSender::forgetAlarm(const std::string& name) { impl_->forgetAlarm(name); }
CORPS_DECL void CallbackSender::wake() { impl_->wake(); }
CORPS_DECL std::vector<CallbackRecord> CallbackSender::records() const { return impl_->records(); }
CORPS_DECL void CallbackSender::forget() { impl_->forget(); }
CORPS_DECL bool CallbackSender::idle() const { return impl_->idle(); }
CORPS_DECL bool CallbackSender::wait(std::chrono::milliseconds atMost) const { return impl_->wait(atMost); }
CORPS_DECL void CallbackSender::stop() { impl_->stop(); }

}  // namespace corps::emulator::detail
