#pragma once

#include <corps/context/detail/event.hpp>
#include <corps/transport/detail/url.hpp>
#include <corps/transport/https.hpp>
#include <corps/version.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/system/system_error.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace corps {
namespace detail {

using Tcp = asio::ip::tcp;
using SteadyTime = std::chrono::steady_clock::time_point;

inline SteadyTime steadyNow() { return std::chrono::steady_clock::now(); }

struct SslSessionFree {
    void operator()(SSL_SESSION* s) const noexcept { SSL_SESSION_free(s); }
};
using SslSession = std::unique_ptr<SSL_SESSION, SslSessionFree>;

/** One connection, used by one exchange at a time. */
class HttpsConnection {
public:
    explicit HttpsConnection(asio::any_io_executor const& executor) : socket_(executor) {}
    HttpsConnection(HttpsConnection const&) = delete;
    HttpsConnection& operator=(HttpsConnection const&) = delete;
    [[nodiscard]] Tcp::socket& socket() noexcept { return socket_; }
    [[nodiscard]] SSL* ssl() noexcept { return tls_ ? tls_->native_handle() : nullptr; }
    void startTls(asio::ssl::context& context) { tls_.emplace(socket_, context); }
    void close() {
        boost::system::error_code ignored;
        socket_.close(ignored);
    }

    asio::awaitable<void> handshake(boost::system::error_code& ec) {
        co_await tls_->async_handshake(asio::ssl::stream_base::client,
                                       asio::redirect_error(asio::use_awaitable, ec));
    }
    asio::awaitable<std::size_t> write(asio::const_buffer data, boost::system::error_code& ec) {
        if (tls_)
            co_return co_await asio::async_write(*tls_, data, asio::redirect_error(asio::use_awaitable, ec));
        co_return co_await asio::async_write(socket_, data, asio::redirect_error(asio::use_awaitable, ec));
    }
    asio::awaitable<std::size_t> readSome(asio::mutable_buffer into, boost::system::error_code& ec) {
        if (tls_)
            co_return co_await tls_->async_read_some(into, asio::redirect_error(asio::use_awaitable, ec));
        co_return co_await socket_.async_read_some(into, asio::redirect_error(asio::use_awaitable, ec));
    }

    // An idle connection has nothing to say. What can be read from it is its end, or something nobody asked
    // for.
    [[nodiscard]] bool quiet() {
        // Decrypted, in OpenSSL's hands, or on the way to it.
        if (tls_ && (SSL_has_pending(ssl()) == 1 || BIO_ctrl_pending(SSL_get_rbio(ssl())) > 0)) return false;
        char byte = 0;
        boost::system::error_code ec;
        socket_.receive(asio::buffer(&byte, 1), Tcp::socket::message_peek, ec);
        return ec == asio::error::would_block || ec == asio::error::try_again;
    }

    bool reusable = false;
    std::chrono::milliseconds keepFor{0};
    SteadyTime idleSince;

private:
    Tcp::socket socket_;
    std::optional<asio::ssl::stream<Tcp::socket&>> tls_;
};

/** The connections of one transport on one execution context: a number of slots for each origin, given out in
 * order. */
class HttpsPool : public std::enable_shared_from_this<HttpsPool> {
    using ConnectionPtr = std::unique_ptr<HttpsConnection>;

    struct Waiter {
        Event turn;
        bool granted = false;
    };
    struct Origin {
        std::size_t inUse = 0;
        std::vector<ConnectionPtr> idle;  // the one used last is last
        std::list<Waiter> queue;
    };
    using Origins = std::map<std::string, Origin, std::less<>>;

public:
    explicit HttpsPool(std::size_t slots) : slots_(slots) {}

    /** The right to one connection, and the connection. Gives both back at its end. */
    class Lease {
    public:
        Lease(std::shared_ptr<HttpsPool> pool, Origins::iterator origin)
            : pool_(std::move(pool)), origin_(origin) {}
        Lease(Lease&& other) noexcept
            : connection(std::move(other.connection)),
              pool_(std::move(other.pool_)),
              origin_(other.origin_) {}
        Lease& operator=(Lease&&) = delete;
        ~Lease() {
            if (pool_) pool_->release(origin_, std::move(connection));
        }
        /** Takes an idle connection, if one is left that is still good. */
        [[nodiscard]] bool reuse() {
            while ((connection = pool_->takeIdle(origin_))) {
                if (connection->quiet()) return true;
            }
            return false;
        }
        ConnectionPtr connection;

    private:
        std::shared_ptr<HttpsPool> pool_;
        Origins::iterator origin_;
    };

    static asio::awaitable<Lease> acquire(std::shared_ptr<HttpsPool> pool, std::string key) {
        Origins::iterator origin;
        std::list<Waiter>::iterator mine;
        bool wait = false;
        {
            std::lock_guard const lock(pool->mutex_);
            origin = pool->origins_.try_emplace(std::move(key)).first;
            Origin& o = origin->second;
            wait = o.inUse >= pool->slots_ || !o.queue.empty();
            if (wait)
                mine = o.queue.emplace(o.queue.end());
            else
                ++o.inUse;
        }
        if (wait) {
            Place place(pool, origin, mine);
            Event const turn = mine->turn;
            co_await turn.wait();
            place.taken = true;
        }
        co_return Lease(std::move(pool), origin);
    }

    void closeIdle() {
        std::lock_guard const lock(mutex_);
        for (auto& [key, origin] : origins_) origin.idle.clear();
    }
    /** The end: of the transport, or of the execution context to which the sockets belong. */
    void close() {
        std::lock_guard const lock(mutex_);
        closed_ = true;
        for (auto& [key, origin] : origins_) origin.idle.clear();
    }
    [[nodiscard]] bool closed() const {
        std::lock_guard const lock(mutex_);
        return closed_;
    }

private:
    // A place in the line; given up on any way out, with the slot if one was granted and not taken.
    class Place {
    public:
        Place(std::shared_ptr<HttpsPool> p, Origins::iterator o, std::list<Waiter>::iterator at)
            : pool_(std::move(p)), origin_(o), at_(at) {}
        Place(Place const&) = delete;
        Place& operator=(Place const&) = delete;
        ~Place() {
            std::lock_guard const lock(pool_->mutex_);
            bool const granted = at_->granted;
            origin_->second.queue.erase(at_);
            if (granted && !taken) pool_->passOn(origin_->second);
        }
        bool taken = false;

    private:
        std::shared_ptr<HttpsPool> pool_;
        Origins::iterator origin_;
        std::list<Waiter>::iterator at_;
    };

    // One slot is free: the first who waits has it, or nobody. Needs the lock.
    void passOn(Origin& origin) {
        auto const next = std::find_if(origin.queue.begin(), origin.queue.end(),
                                       [](Waiter const& w) { return !w.granted; });
        if (next == origin.queue.end() || closed_) {
            --origin.inUse;
            return;
        }
        next->granted = true;
        next->turn.set();
    }

    void release(Origins::iterator origin, ConnectionPtr connection) {
        std::lock_guard const lock(mutex_);
        SteadyTime const now = steadyNow();
        if (connection && connection->reusable && connection->keepFor.count() > 0 && !closed_) {
            connection->reusable = false;
            connection->idleSince = now;
            origin->second.idle.push_back(std::move(connection));
        }
        for (auto& [key, each] : origins_) {
            std::erase_if(each.idle,
                          [now](ConnectionPtr const& c) { return now - c->idleSince >= c->keepFor; });
        }
        connection.reset();  // under the lock, as long as the execution context cannot go away
        passOn(origin->second);
    }

    ConnectionPtr takeIdle(Origins::iterator origin) {
        std::lock_guard const lock(mutex_);
        auto& idle = origin->second.idle;
        SteadyTime const now = steadyNow();
        while (!idle.empty()) {
            ConnectionPtr out = std::move(idle.back());
            idle.pop_back();
            if (now - out->idleSince < out->keepFor) return out;
        }
        return nullptr;
    }

    std::size_t const slots_;
    mutable std::mutex mutex_;
    Origins origins_;  // never erased: a program talks to few
    bool closed_ = false;
};

/** Closes the idle connections of an execution context before it is destroyed: they could not be closed
 * after. */
class HttpsPools final : public asio::execution_context::service {
public:
    using key_type = HttpsPools;
    static inline asio::execution_context::id id;

    explicit HttpsPools(asio::execution_context& context) : service(context) {}
    void add(std::shared_ptr<HttpsPool> const& pool) {
        std::lock_guard const lock(mutex_);
        std::erase_if(pools_, [](auto const& p) { return p.expired(); });
        pools_.emplace_back(pool);
    }

private:
    void shutdown() override {
        std::lock_guard const lock(mutex_);
        for (auto const& weak : pools_) {
            if (auto const pool = weak.lock()) pool->close();
        }
    }

    std::mutex mutex_;
    std::vector<std::weak_ptr<HttpsPool>> pools_;
};

/** A look-up of a name. It cannot be stopped, only left behind; so it belongs to itself. */
struct HttpsLookup {
    explicit HttpsLookup(asio::any_io_executor const& executor) : resolver(executor) {}
    Tcp::resolver resolver;
    Event done;
    boost::system::error_code ec;
    std::vector<Tcp::endpoint> found;
};

}  // namespace detail

class HttpsTransport::State {
    using ErrorCode = boost::system::error_code;
    using Url = detail::HttpUrl;
    using Connection = detail::HttpsConnection;

    // One request under way. All but `done` and what is read after it is touched on `strand` only.
    class Operation {
    public:
        Operation(asio::any_io_executor const& executor, Request q)
            : request(std::move(q)), strand(asio::make_strand(executor)), deadline(strand), attempt(strand) {}

        Request request;
        Url url;
        std::string wire;  // the request, serialised
        std::chrono::milliseconds timeout{0};
        std::size_t maxBody = 0;

        asio::any_io_executor strand;
        asio::steady_timer deadline;
        asio::steady_timer attempt;  // one of several addresses, or looking one up
        std::function<void()> endAttempt;
        asio::cancellation_signal stop;
        bool expired = false;
        bool attemptExpired = false;
        bool finished = false;
        char const* phase = "";  // what a time-out interrupts

        detail::Event done;
        std::optional<Response> response;
        std::exception_ptr failure;
    };
    using OperationPtr = std::shared_ptr<Operation>;

    // How far an exchange on a connection got.
    class Progress {
    public:
        bool sent = false;      // the server may have seen the request
        bool received = false;  // something of a response came
    };

public:
    explicit State(HttpsOptions given) : options_(std::move(given)), tls_(asio::ssl::context::tls_client) {
        if (options_.maxConnectionsPerOrigin == 0 || options_.maxResponseBytes == 0 ||
            options_.connectTimeout.count() <= 0) {
            throw Error(Errc::invalidArgument, "HttpsOptions: a limit of zero lets no request through");
        }
        if (options_.userAgent.empty()) options_.userAgent = "corps/" CORPS_VERSION_STRING;
        setUpTls();
    }
    State(State const&) = delete;
    State& operator=(State const&) = delete;
    [[nodiscard]] HttpsOptions const& options() const noexcept { return options_; }
    ~State() {
        for (auto const& [context, pool] : pools_) pool->close();
    }

    static asio::awaitable<Response> send(std::shared_ptr<State> self, Request q) {
        auto const executor = co_await asio::this_coro::executor;
        ++self->requests_;
        auto const op = std::make_shared<Operation>(executor, std::move(q));
        self->prepare(*op);
        asio::co_spawn(
            op->strand, exchange(self, op),
            asio::bind_cancellation_slot(op->stop.slot(), [op](std::exception_ptr) { op->done.set(); }));
        try {
            co_await op->done.wait();
        } catch (...) {
            // Not waited for: what is under way, a look-up for instance, may not be quick to stop.
            asio::post(op->strand, [op] {
                if (!op->finished) op->stop.emit(asio::cancellation_type::terminal);
            });
            throw;
        }
        if (op->failure) std::rethrow_exception(std::exchange(op->failure, nullptr));
        co_return std::move(*op->response);
    }

    [[nodiscard]] HttpsCounters counters() const {
        HttpsCounters out;
        out.requests = requests_;
        out.connections = connections_;
        out.resumedSessions = resumed_;
        out.retriedConnections = retried_;
        return out;
    }

    void closeIdle() {
        std::lock_guard const lock(mutex_);
        for (auto const& [context, pool] : pools_) pool->closeIdle();
    }

private:
    void setUpTls() {
        ErrorCode ec;
        SSL_CTX* const native = tls_.native_handle();
        SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
        SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
        SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);  // kept here, by origin
        static constexpr unsigned char kAlpn[] = "\x08http/1.1";
        SSL_CTX_set_alpn_protos(native, kAlpn, sizeof kAlpn - 1);
        if (!options_.verifyServer) {
            tls_.set_verify_mode(asio::ssl::verify_none);
            return;
        }
        tls_.set_verify_mode(asio::ssl::verify_peer);
        auto const refuse = [](char const* what, std::string place) {
            Diagnostics d;
            d.place = std::move(place);
            throw Error(Errc::config, what, std::move(d));
        };
        if (!options_.caFile.empty()) {
            tls_.load_verify_file(options_.caFile, ec);
            if (ec) refuse("certificate authorities cannot be read from the file", options_.caFile);
        }
        if (!options_.extraCaPem.empty()) addAuthorities(refuse);
        ERR_clear_error();
    }

    // On first use: there are some hundred of them, which takes long, and plain http to this machine needs
    // none.
    void loadSystemAuthorities() {
        if (!options_.verifyServer || !options_.caFile.empty()) return;
        std::call_once(systemAuthorities_, [this] {
            ErrorCode ec;
            tls_.set_default_verify_paths(ec);
            if (ec) throw Error(Errc::config, "the system's certificate authorities cannot be set up");
            ERR_clear_error();
        });
    }

    // One by one: OpenSSL's own loading of a text reads the first certificate only.
    template <class Refuse>
    void addAuthorities(Refuse const& refuse) {
        static constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
        std::string_view rest = options_.extraCaPem;
        std::size_t count = 0;
        for (std::size_t end = rest.find(kEnd); end != std::string_view::npos;
             end = rest.find(kEnd), ++count) {
            ErrorCode ec;
            tls_.add_certificate_authority(asio::buffer(rest.data(), end + kEnd.size()), ec);
            if (ec) refuse("a certificate in HttpsOptions::extraCaPem cannot be read", std::string());
            rest.remove_prefix(end + kEnd.size());
        }
        if (count == 0) refuse("HttpsOptions::extraCaPem holds no certificate", std::string());
    }

    [[noreturn]] static void fail(Operation const& op, Errc e, std::string what) {
        Diagnostics d;
        d.endpoint = op.request.endpoint;
        throw Error(e, std::move(what), std::move(d));
    }

    static std::string where(Url const& url) {
        return (url.host.find(':') == std::string::npos ? url.host : '[' + url.host + ']') + ':' +
               std::to_string(url.port);
    }

    void prepare(Operation& op) const {
        op.url = detail::parseUrl(op.request.url, op.request.endpoint);
        if (!op.url.tls && op.url.host != "localhost") {
            ErrorCode ec;
            auto const address = asio::ip::make_address(op.url.host, ec);
            if (ec || !address.is_loopback()) failPlain(op);
        }
        op.wire = detail::serialize(op.request, op.url, options_.userAgent);
        op.timeout = op.request.timeout;
        if (options_.deadline.count() > 0) op.timeout = std::min(op.timeout, options_.deadline);
        op.maxBody = std::min(op.request.maxResponseBytes, options_.maxResponseBytes);
    }

    [[noreturn]] static void failPlain(Operation const& op) {
        fail(op, Errc::config,
             "http:// without TLS is for this machine only (127.0.0.0/8, ::1, localhost); " + op.url.host +
                 " needs https://");
    }

    std::shared_ptr<detail::HttpsPool> pool(asio::any_io_executor const& executor) {
        asio::execution_context& context = asio::query(executor, asio::execution::context);
        std::lock_guard const lock(mutex_);
        auto& slot = pools_[&context];
        // A closed one belonged to a context that stood at this address before.
        if (!slot || slot->closed()) {
            slot = std::make_shared<detail::HttpsPool>(options_.maxConnectionsPerOrigin);
            asio::use_service<detail::HttpsPools>(context).add(slot);
        }
        return slot;
    }

    // Never throws: the outcome is in the operation.
    static asio::awaitable<void> exchange(std::shared_ptr<State> self, OperationPtr op) {
        op->deadline.expires_after(op->timeout);
        op->deadline.async_wait([op](ErrorCode ec) {
            if (ec || op->finished) return;
            op->expired = true;
            op->stop.emit(asio::cancellation_type::terminal);
        });
        try {
            Response response = co_await attempts(self, op);
            op->response.emplace(std::move(response));
        } catch (...) {
            op->failure = std::current_exception();
        }
        op->finished = true;
        op->deadline.cancel();
        op->attempt.cancel();
        op->endAttempt = nullptr;
        if (op->expired && op->failure) {
            try {
                fail(*op, Errc::transport,
                     "timed out after " + std::to_string(op->timeout.count()) + " ms while " + op->phase);
            } catch (...) {
                op->failure = std::current_exception();
            }
        }
    }

    static asio::awaitable<Response> attempts(std::shared_ptr<State> self, OperationPtr op) {
        op->phase = "waiting for a free connection";
        std::shared_ptr<detail::HttpsPool> const pool = self->pool(op->strand);
        std::string key = (op->url.tls ? "https://" : "http://") + where(op->url);
        detail::HttpsPool::Lease lease = co_await detail::HttpsPool::acquire(pool, key);
        bool reused = lease.reuse();
        for (;;) {
            if (!lease.connection) co_await connect(self, op, key, lease.connection);
            Progress progress;
            try {
                Response response = co_await roundTrip(self, op, *lease.connection, progress);
                if (!reused) self->keepSession(key, lease.connection->ssl());
                co_return response;
            } catch (Error const& e) {
                bool const repeatable = op->request.method == "GET" || op->request.method == "HEAD";
                bool const again = reused && e.is(Errc::transport) && !progress.received && !op->expired &&
                                   (repeatable || !progress.sent);
                if (!again) throw;
            }
            // The server closed the kept connection, as it may at any time.
            reused = false;
            lease.connection.reset();
            ++self->retried_;
        }
    }

    // Ends what `endAttempt` knows of when `until` has come.
    static void limitAttempt(OperationPtr const& op, detail::SteadyTime until, std::function<void()> end) {
        op->attemptExpired = false;
        op->endAttempt = std::move(end);
        op->attempt.expires_at(until);
        op->attempt.async_wait([op](ErrorCode ec) {
            // Moved on meanwhile: the wait had ended before it could be cancelled.
            if (ec || op->finished || op->attempt.expiry() > detail::steadyNow() || !op->endAttempt) return;
            op->attemptExpired = true;
            op->endAttempt();
        });
    }
    static void endLimit(OperationPtr const& op) {
        op->attempt.cancel();
        op->endAttempt = nullptr;
    }

    static asio::awaitable<std::vector<detail::Tcp::endpoint>> addresses(std::shared_ptr<State> self,
                                                                         OperationPtr op,
                                                                         detail::SteadyTime until) {
        Url const& url = op->url;
        std::vector<detail::Tcp::endpoint> out;
        ErrorCode ec;
        auto const literal = asio::ip::make_address(url.host, ec);
        if (!ec) {
            out.emplace_back(literal, url.port);
            co_return out;
        }
        // This machine, whatever a resolver would say (RFC 6761, section 6.3): one may not know the name, or
        // lie.
        if (url.host == "localhost") {
            out.emplace_back(asio::ip::address_v6::loopback(), url.port);
            out.emplace_back(asio::ip::address_v4::loopback(), url.port);
            co_return out;
        }
        op->phase = "looking up the host's address";
        auto const lookup = std::make_shared<detail::HttpsLookup>(op->strand);
        lookup->resolver.async_resolve(
            url.host, std::to_string(url.port), detail::Tcp::resolver::numeric_service,
            asio::bind_executor(op->strand,
                                [lookup](ErrorCode e, detail::Tcp::resolver::results_type const& results) {
                                    lookup->ec = e;
                                    for (auto const& entry : results)
                                        lookup->found.push_back(entry.endpoint());
                                    lookup->done.set();
                                }));
        limitAttempt(op, until, [lookup] { lookup->done.set(); });
        co_await lookup->done.wait();
        endLimit(op);
        if (op->attemptExpired) failConnect(*self, *op, "looking up the address of " + url.host);
        if (lookup->ec || lookup->found.empty()) {
            fail(*op, Errc::transport,
                 "could not resolve host " + url.host +
                     (lookup->ec ? ": " + lookup->ec.message() : std::string()));
        }
        out = lookup->found;
        co_return out;
    }

    [[noreturn]] static void failConnect(State const& self, Operation const& op, std::string const& during) {
        fail(op, Errc::transport,
             "timed out after " + std::to_string(self.options_.connectTimeout.count()) + " ms while " +
                 during);
    }

    static asio::awaitable<void> connect(std::shared_ptr<State> self, OperationPtr op, std::string key,
                                         std::unique_ptr<Connection>& result) {
        Url const& url = op->url;
        detail::SteadyTime const until = detail::steadyNow() + self->options_.connectTimeout;
        std::vector<detail::Tcp::endpoint> const found = co_await addresses(self, op, until);
        op->phase = "connecting";
        ErrorCode ec;
        std::unique_ptr<Connection> connection;
        for (std::size_t i = 0; i < found.size(); ++i) {
            // The socket's own executor is not the strand: it may live longer than this request.
            connection = std::make_unique<Connection>(inner(op->strand));
            // An address that swallows everything must leave time for the others.
            auto const share = (until - detail::steadyNow()) / static_cast<std::int64_t>(found.size() - i);
            limitAttempt(op, detail::steadyNow() + share, [c = connection.get()] { c->close(); });
            co_await connection->socket().async_connect(found[i],
                                                        asio::redirect_error(asio::use_awaitable, ec));
            endLimit(op);
            if (op->attemptExpired) ec = asio::error::timed_out;
            if (!ec) break;
            if (op->expired || ec == asio::error::operation_aborted)
                throw boost::system::system_error(asio::error::operation_aborted);
        }
        if (ec == asio::error::timed_out) failConnect(*self, *op, "connecting to " + where(url));
        if (ec == asio::error::connection_refused)
            fail(*op, Errc::transport, "connection refused by " + where(url));
        if (ec) fail(*op, Errc::transport, "could not connect to " + where(url) + ": " + ec.message());
        ErrorCode ignored;
        connection->socket().set_option(detail::Tcp::no_delay(true), ignored);
        connection->socket().non_blocking(true, ignored);  // for quiet(); asynchronous calls do not care

        if (url.tls) {
            op->phase = "agreeing on TLS";
            self->loadSystemAuthorities();
            connection->startTls(self->tls_);
            self->prepareTls(*op, key, connection->ssl());
            limitAttempt(op, until, [c = connection.get()] { c->close(); });
            co_await connection->handshake(ec);
            endLimit(op);
            if (op->attemptExpired) failConnect(*self, *op, "agreeing on TLS with " + where(url));
            if (ec) failHandshake(*op, *connection, ec);
            if (SSL_session_reused(connection->ssl()) == 1) ++self->resumed_;
        }
        ++self->connections_;
        result = std::move(connection);
    }

    static asio::any_io_executor inner(asio::any_io_executor const& strand) {
        return strand.target<asio::strand<asio::any_io_executor>>()->get_inner_executor();
    }

    void prepareTls(Operation const& op, std::string const& key, SSL* ssl) {
        Url const& url = op.url;
        std::string name = url.host;
        if (name.ends_with('.')) name.pop_back();
        ErrorCode notLiteral;
        asio::ip::make_address(url.host, notLiteral);
        X509_VERIFY_PARAM* const param = SSL_get0_param(ssl);
        X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        int fine = 0;
        if (notLiteral) {
            // What SSL_set_tlsext_host_name() is, without its cast.
            fine = static_cast<int>(
                SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()));
            fine = fine == 1 ? X509_VERIFY_PARAM_set1_host(param, name.data(), name.size()) : 0;
        } else {
            fine = X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str());
        }
        if (fine != 1) {
            ERR_clear_error();
            fail(op, Errc::invalidArgument, "the host " + url.host + " cannot be verified by TLS");
        }
        std::lock_guard const lock(mutex_);
        auto const known = sessions_.find(key);
        if (known == sessions_.end()) return;
        unsigned char const* bytes = known->second.data();
        detail::SslSession const session(
            d2i_SSL_SESSION(nullptr, &bytes, static_cast<long>(known->second.size())));
        if (session) SSL_set_session(ssl, session.get());
    }

    [[noreturn]] static void failHandshake(Operation const& op, Connection& connection, ErrorCode ec) {
        if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
        bool const verified = (SSL_get_verify_mode(connection.ssl()) & SSL_VERIFY_PEER) != 0;
        long const verdict = SSL_get_verify_result(connection.ssl());
        if (verified && verdict != X509_V_OK) {
            std::string reason = X509_verify_cert_error_string(verdict);
            if (verdict == X509_V_ERR_HOSTNAME_MISMATCH)
                reason = "it is for another host name (hostname mismatch)";
            if (verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)
                reason = "it is for another host (IP address mismatch)";
            if (verdict == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
                verdict == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
                verdict == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
                verdict == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE)
                reason += "; `caFile` names the authorities to trust";
            fail(op, Errc::config, "certificate verify failed for " + where(op.url) + ": " + reason);
        }
        if (ec.category() == asio::error::get_ssl_category()) {
            int const reason = ERR_GET_REASON(static_cast<unsigned long>(ec.value()));
            char const* const text = ERR_reason_error_string(static_cast<unsigned long>(ec.value()));
            std::string const what = "TLS handshake with " + where(op.url) +
                                     " failed: " + (text != nullptr ? text : "unknown reason");
            bool const version =
                reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION || reason == SSL_R_UNSUPPORTED_PROTOCOL;
            if (version) fail(op, Errc::config, what + " (TLS 1.2 is the least that is accepted)");
            fail(op, Errc::transport, what);
        }
        fail(op, Errc::transport, "connection closed by " + where(op.url) + " during the TLS handshake");
    }

    // After a response: with TLS 1.3 the ticket comes behind the handshake.
    void keepSession(std::string const& key, SSL* ssl) {
        if (ssl == nullptr) return;
        SSL_SESSION* const session = SSL_get_session(ssl);
        if (session == nullptr || SSL_SESSION_is_resumable(session) != 1) return;
        int const size = i2d_SSL_SESSION(session, nullptr);
        if (size <= 0) return;
        std::vector<unsigned char> bytes(static_cast<std::size_t>(size));
        unsigned char* end = bytes.data();
        i2d_SSL_SESSION(session, &end);
        std::lock_guard const lock(mutex_);
        sessions_[key] = std::move(bytes);
    }

    [[noreturn]] static void failConnection(Operation const& op, ErrorCode ec, char const* when) {
        if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
        bool const closed = ec == asio::error::eof || ec == asio::ssl::error::stream_truncated ||
                            ec == asio::error::broken_pipe;
        std::string const peer = where(op.url) + ' ' + when;
        if (closed) fail(op, Errc::transport, "connection closed by " + peer);
        if (ec == asio::error::connection_reset) fail(op, Errc::transport, "connection reset by " + peer);
        fail(op, Errc::transport, "connection to " + peer + " failed: " + ec.message());
    }

    static asio::awaitable<Response> roundTrip(std::shared_ptr<State> self, OperationPtr op,
                                               Connection& connection, Progress& progress) {
        namespace http = boost::beast::http;
        static constexpr std::size_t kChunk = 16 * 1024;
        static constexpr std::uint32_t kMaxHead = 64 * 1024;
        using Parser = http::response_parser<http::string_body>;

        ErrorCode ec;
        op->phase = "sending the request";
        std::size_t const written = co_await connection.write(asio::buffer(op->wire), ec);
        progress.sent = written > 0;
        if (ec) failConnection(*op, ec, "while the request was sent");

        op->phase = "reading the response";
        boost::beast::flat_buffer buffer;
        std::optional<Parser> parser;
        auto const begin = [&parser, &op] {
            parser.emplace();
            parser->header_limit(kMaxHead);
            parser->body_limit(op->maxBody);
            parser->eager(true);
            if (op->request.method == "HEAD") parser->skip(true);
        };
        begin();
        for (;;) {
            while (buffer.size() > 0 && !parser->is_done()) {
                buffer.consume(parser->put(buffer.data(), ec));
                if (ec == http::error::need_more) {
                    ec = {};
                    break;
                }
                if (ec) failParse(*op, ec);
            }
            if (parser->is_done()) {
                if (parser->get().result_int() >= 200) break;
                // 100 Continue and other news before the response; a change of protocol nobody asked for.
                if (parser->get().result_int() == 101)
                    fail(*op, Errc::transport, "the response is not HTTP/1.1 (101)");
                begin();
                continue;
            }
            std::size_t const n = co_await connection.readSome(buffer.prepare(kChunk), ec);
            buffer.commit(n);
            progress.received = progress.received || n > 0;
            if (n > 0) ec = {};
            if (!ec) continue;
            // Only a proper end may end a body without a length: over TLS anybody can cut a connection.
            bool const ended = ec == asio::error::eof && parser->is_header_done();
            if (ended) {
                ErrorCode partial;
                parser->put_eof(partial);
                if (!partial && parser->is_done()) break;
            }
            failConnection(*op, ec,
                           progress.received ? "in the middle of the response" : "before a response");
        }
        bool const keep = parser->keep_alive() && buffer.size() == 0;
        co_return finish(*self, *op, connection, parser->release(), keep);
    }

    [[noreturn]] static void failParse(Operation const& op, ErrorCode ec) {
        namespace http = boost::beast::http;
        if (ec == http::error::body_limit) {
            fail(op, Errc::transport, "the response is larger than " + std::to_string(op.maxBody) + " bytes");
        }
        if (ec == http::error::header_limit)
            fail(op, Errc::transport, "the head of the response is too large");
        fail(op, Errc::transport, "the response is not HTTP: " + ec.message());
    }

    template <class Message>
    static Response finish(State const& self, Operation const& op, Connection& connection, Message message,
                           bool keep) {
        Response out(static_cast<int>(message.result_int()), std::move(message.body()));
        for (auto const& field : message.base())
            out.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
        std::string_view const encoding = out.header("Content-Encoding");
        if (!encoding.empty() && encoding != "identity" &&
            findHeader(op.request.headers, "Accept-Encoding").empty()) {
            fail(op, Errc::protocol, "the response is in an encoding that was not asked for");
        }
        connection.keepFor = self.options_.idleTimeout;
        std::string_view const keepAlive = out.header("Keep-Alive");
        std::size_t const at = keepAlive.find("timeout=");
        if (at != std::string_view::npos) {
            long seconds = 0;
            char const* const first = keepAlive.data() + at + 8;
            std::from_chars(first, keepAlive.data() + keepAlive.size(), seconds);
            // A second less than the server: its clock has a head start.
            auto const stated = std::chrono::seconds(std::clamp(seconds - 1, 0L, 86400L));
            connection.keepFor = std::min(connection.keepFor, std::chrono::milliseconds(stated));
        }
        connection.reusable = keep;
        return out;
    }

    HttpsOptions options_;
    asio::ssl::context tls_;
    std::once_flag systemAuthorities_;
    std::mutex mutex_;
    std::map<asio::execution_context*, std::shared_ptr<detail::HttpsPool>> pools_;
    // As bytes: OpenSSL's own object would be shared by connections, and one that breaks would spoil it for
    // all.
    std::map<std::string, std::vector<unsigned char>, std::less<>> sessions_;
    std::atomic<std::uint64_t> requests_ = 0;
    std::atomic<std::uint64_t> connections_ = 0;
    std::atomic<std::uint64_t> resumed_ = 0;
    std::atomic<std::uint64_t> retried_ = 0;
};

CORPS_DECL HttpsTransport::HttpsTransport() : HttpsTransport(HttpsOptions()) {}

CORPS_DECL HttpsTransport::HttpsTransport(HttpsOptions options)
    : state_(std::make_shared<State>(std::move(options))) {}

CORPS_DECL HttpsTransport HttpsTransport::withCaFile(std::string file) const {
    HttpsOptions options = state_->options();
    options.caFile = std::move(file);
    return HttpsTransport(std::move(options));
}

CORPS_DECL asio::awaitable<Response> HttpsTransport::send(Request q) const {
    return State::send(state_, std::move(q));
}

CORPS_DECL HttpsCounters HttpsTransport::counters() const { return state_->counters(); }

CORPS_DECL void HttpsTransport::closeIdle() const { state_->closeIdle(); }

}  // namespace corps
