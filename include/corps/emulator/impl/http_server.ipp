#pragma once

#include <corps/emulator/http_server.hpp>
#include <corps/emulator/impl/text.hpp>

#include <boost/asio/buffer.hpp>
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
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <thread>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>

namespace corps::emulator {

namespace detail {

inline bool sameIgnoringCase(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace detail

CORPS_DECL std::string_view HttpRequest::header(std::string_view name) const noexcept {
    for (const auto& [key, value] : headers) {
        if (detail::sameIgnoringCase(key, name)) {
            return value;
        }
    }
    return {};
}

CORPS_DECL std::string_view HttpRequest::parameter(std::string_view name) const noexcept {
    for (const auto& [key, value] : query) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

CORPS_DECL bool HttpRequest::hasParameter(std::string_view name) const noexcept {
    return std::any_of(query.begin(), query.end(), [&](const auto& pair) { return pair.first == name; });
}

class HttpServer::Impl {
    using tcp = boost::asio::ip::tcp;
    using ErrorCode = boost::system::error_code;
    using Plain = tcp::socket;
    using Tls = boost::asio::ssl::stream<tcp::socket>;

public:
    Impl(HttpServerOptions options, Handler handler)
        : options_(std::move(options)), handler_(std::move(handler)), acceptor_(context_), retry_(context_) {
        if (!options_.certificateFile.empty() || !options_.keyFile.empty()) {
            tls_.emplace(boost::asio::ssl::context::tls_server);
            tls_->set_options(boost::asio::ssl::context::default_workarounds |
                              boost::asio::ssl::context::no_sslv2 | boost::asio::ssl::context::no_sslv3 |
                              boost::asio::ssl::context::no_tlsv1 | boost::asio::ssl::context::no_tlsv1_1);
            ErrorCode ec;
            tls_->use_certificate_chain_file(options_.certificateFile, ec);
            require(ec, "certificate " + options_.certificateFile);
            tls_->use_private_key_file(options_.keyFile, boost::asio::ssl::context::pem, ec);
            require(ec, "key " + options_.keyFile);
        }
        ErrorCode ec;
        const auto address = boost::asio::ip::make_address(options_.address, ec);
        if (!ec) acceptor_.open(address.is_v4() ? tcp::v4() : tcp::v6(), ec);
        if (!ec) acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
        if (!ec) acceptor_.bind({address, options_.port}, ec);
        if (!ec) acceptor_.listen(boost::asio::socket_base::max_listen_connections, ec);
        require(ec, "listening on " + options_.address + ":" + std::to_string(options_.port));
        port_ = acceptor_.local_endpoint().port();
        accept();
        thread_ = std::thread([this] { context_.run(); });
    }

    ~Impl() { stop(); }

    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] std::uint64_t connections() const noexcept { return connections_; }
    [[nodiscard]] std::uint64_t highest() const noexcept { return highest_; }

    void resetCounters() noexcept {
        connections_ = 0;
        highest_ = 0;
    }

    void stop() {
        if (thread_.joinable()) {
            context_.stop();
            thread_.join();
            ErrorCode ignored;
            acceptor_.close(ignored);
            waiting_.clear();
            for (SessionBase* session : sessions_) {
                session->close();
            }
        }
    }

private:
    static void require(const ErrorCode& ec, const std::string& what) {
        if (ec) {
            throw boost::system::system_error(ErrorCode(ec.value(), ec.category()), what);
        }
    }

    class SessionBase {
    public:
        virtual ~SessionBase() = default;
        virtual void close() noexcept = 0;
    };

    template <class Stream>
    class Session final : public SessionBase, public std::enable_shared_from_this<Session<Stream>> {
    public:
        template <class... Extra>
        Session(Impl& server, tcp::socket socket, Extra&... extra)
            : server_(server), stream_(std::move(socket), extra...), timer_(server.context_) {
            server_.sessions_.insert(this);
        }
        ~Session() override { server_.sessions_.erase(this); }
        Session(const Session&) = delete;
        Session& operator=(const Session&) = delete;

        void close() noexcept override {
            ErrorCode ignored;
            socket().close(ignored);
        }

        void start() {
            if constexpr (std::is_same_v<Stream, Tls>) {
                stream_.async_handshake(boost::asio::ssl::stream_base::server,
                                        [self = this->shared_from_this()](ErrorCode ec) {
                                            if (!ec) {
                                                self->readHead();
                                            }
                                        });
            } else {
                readHead();
            }
        }

    private:
        tcp::socket& socket() noexcept {
            if constexpr (std::is_same_v<Stream, Tls>) {
                return stream_.next_layer();
            } else {
                return stream_;
            }
        }

        void readHead() {
            parser_.emplace();
            parser_->header_limit(64U * 1024U);
            parser_->body_limit(boost::none);
            boost::beast::http::async_read_header(
                stream_, buffer_, *parser_, [self = this->shared_from_this()](ErrorCode ec, std::size_t) {
                    if (!ec) {
                        self->onHead();
                    } else if (ec.category() == boost::beast::http::make_error_code(
                                                    boost::beast::http::error::end_of_stream)
                                                    .category() &&
                               ec != boost::beast::http::error::end_of_stream &&
                               ec != boost::beast::http::error::partial_message) {
                        self->refuse(ec == boost::beast::http::error::header_limit ? 431 : 400);
                    } else {
                        self->finish();
                    }
                });
        }

        void onHead() {
            const auto& head = parser_->get();
            if (server_.options_.bodyLimit) {
                const auto target = head.target();
                limit_ = server_.options_.bodyLimit({target.data(), target.size()});
            }
            const auto announced = parser_->content_length();
            if (announced && *announced > limit_) {
                refuse(413);
                return;
            }
            parser_->body_limit(limit_);
            const auto expect = head[boost::beast::http::field::expect];
            if (detail::sameIgnoringCase({expect.data(), expect.size()}, "100-continue")) {
                static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
                boost::asio::async_write(stream_, boost::asio::buffer(kContinue.data(), kContinue.size()),
                                         [self = this->shared_from_this()](ErrorCode ec, std::size_t) {
                                             if (!ec) {
                                                 self->readBody();
                                             }
                                         });
            } else {
                readBody();
            }
        }

        void readBody() {
            boost::beast::http::async_read(stream_, buffer_, *parser_,
                                           [self = this->shared_from_this()](ErrorCode ec, std::size_t) {
                                               if (!ec) {
                                                   self->handle();
                                               } else if (ec == boost::beast::http::error::body_limit) {
                                                   self->refuse(413);
                                               } else {
                                                   self->finish();
                                               }
                                           });
        }

        void handle() {
            auto& message = parser_->get();
            keepAlive_ = parser_->keep_alive();
            HttpRequest request;
            request.method.assign(message.method_string().data(), message.method_string().size());
            request.target.assign(message.target().data(), message.target().size());
            // A proxy's request names the server too.
            if (const auto scheme = request.target.find("://");
                scheme != std::string::npos && request.target.front() != '/') {
                const auto slash = request.target.find('/', scheme + 3);
                request.target = slash == std::string::npos ? "/" : request.target.substr(slash);
            }
            const std::string_view target = request.target;
            const auto mark = target.find('?');
            request.path = std::string(target.substr(0, mark));
            if (mark != std::string_view::npos) {
                detail::splitQuery(target.substr(mark + 1), request.query);
            }
            for (const auto& field : message) {
                request.headers.emplace_back(
                    std::string(field.name_string().data(), field.name_string().size()),
                    std::string(field.value().data(), field.value().size()));
            }
            request.body = std::move(message.body());
            ErrorCode gone;
            if (const auto caller = socket().remote_endpoint(gone); !gone) {
                request.caller = caller.address().to_string();
            }
            isHead_ = request.method == "HEAD";
            const bool chunks = message.version() >= 11;
            try {
                reply_ = server_.handler_(request);
            } catch (const std::exception&) {
                reply_ = HttpReply{};
                reply_.status = 500;
                reply_.contentType = "text/plain";
                reply_.body = "the emulator failed\n";
                keepAlive_ = false;
            }
            chunks_ = chunks && !isHead_;
            counted_ = reply_.counted;
            if (counted_) {
                server_.enter();
            }
            if (const auto later = std::exchange(reply_.later, nullptr)) {
                server_.waiting_[this] = this->shared_from_this();
                later([this, &server = server_](HttpReply reply) {
                    boost::asio::post(server.context_, [this, &server, reply = std::move(reply)]() mutable {
                        // Whoever calls this twice finds nobody, or that nobody waits.
                        if (const auto node = server.waiting_.extract(this)) {
                            const auto self = this->shared_from_this();
                            onLate(std::move(reply));
                        }
                    });
                });
            } else {
                deliver();
            }
        }

        void onLate(HttpReply reply) {
            reply.delay += reply_.delay;
            if (reply_.ending != HttpReply::Ending::complete) {
                reply.ending = reply_.ending;
                reply.afterBytes = reply_.afterBytes;
            }
            reply_ = std::move(reply);
            deliver();
        }

        void deliver() {
            reply_.chunked = reply_.chunked && chunks_;
            if (reply_.delay.count() > 0) {
                timer_.expires_after(reply_.delay);
                timer_.async_wait([self = this->shared_from_this()](ErrorCode ec) {
                    if (!ec) {
                        self->write();
                    }
                });
            } else {
                write();
            }
        }

        /** An answer to what could not be read; the connection is of no further use. */
        void refuse(int status) {
            reply_ = HttpReply{};
            reply_.status = status;
            reply_.contentType = "text/plain";
            keepAlive_ = false;
            counted_ = false;
            isHead_ = false;
            write();
        }

        void write() {
            using Ending = HttpReply::Ending;
            const auto reason =
                boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(reply_.status));
            head_ = "HTTP/1.1 ";
            detail::appendNumber(head_, reply_.status);
            head_ += ' ';
            head_.append(reason.data(), reason.size());
            for (const auto& [name, value] : reply_.headers) {
                head_ += "\r\n" + name + ": " + value;
            }
            if (!reply_.body.empty()) {
                head_ += "\r\nContent-Type: " + reply_.contentType;
            }
            if (reply_.chunked) {
                head_ += "\r\nTransfer-Encoding: chunked";
                reply_.body = inChunks(reply_.body);
            } else {
                head_ += "\r\nContent-Length: ";
                detail::appendNumber(head_, reply_.body.size());
            }
            head_ += keepAlive_ ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
            const std::size_t bodySize = isHead_ ? 0 : reply_.body.size();
            std::size_t total = head_.size() + bodySize;
            if (reply_.ending == Ending::truncate || reply_.ending == Ending::reset) {
                total = reply_.afterBytes < 0 ? head_.size() + bodySize / 2
                                              : std::min(total, static_cast<std::size_t>(reply_.afterBytes));
            }
            const std::size_t fromHead = std::min(total, head_.size());
            const std::array<boost::asio::const_buffer, 2> parts{
                boost::asio::buffer(head_.data(), fromHead),
                boost::asio::buffer(reply_.body.data(), total - fromHead)};
            boost::asio::async_write(
                stream_, parts,
                [self = this->shared_from_this()](ErrorCode ec, std::size_t) { self->onWritten(ec); });
        }

        /** The body as it is sent: in chunks, none of them very long. */
        static std::string inChunks(std::string_view body) {
            constexpr std::size_t kChunk = 8192;
            std::string out;
            out.reserve(body.size() + (body.size() / kChunk + 2) * 10);
            while (!body.empty()) {
                const std::string_view chunk = body.substr(0, kChunk);
                body.remove_prefix(chunk.size());
                detail::appendHex(out, chunk.size(), 4);
                out += "\r\n";
                out += chunk;
                out += "\r\n";
            }
            return out + "0\r\n\r\n";
        }

        void onWritten(ErrorCode ec) {
            if (counted_) {
                counted_ = false;
                server_.leave();
            }
            if (ec) {
                return;
            }
            switch (reply_.ending) {
                case HttpReply::Ending::reset: {
                    ErrorCode ignored;
                    socket().set_option(boost::asio::socket_base::linger(true, 0), ignored);
                    socket().close(ignored);
                    return;
                }
                case HttpReply::Ending::truncate:
                case HttpReply::Ending::closeAfter: finish(); return;
                case HttpReply::Ending::complete: break;
            }
            if (keepAlive_) {
                readHead();
                return;
            }
            if constexpr (std::is_same_v<Stream, Tls>) {
                stream_.async_shutdown([self = this->shared_from_this()](ErrorCode) { self->finish(); });
            } else {
                finish();
            }
        }

        /** Closes in order: says that nothing more comes, and waits for the peer, whose unread data would
         * make it a reset. */
        void finish() {
            ErrorCode ignored;
            socket().shutdown(tcp::socket::shutdown_send, ignored);
            discard();
        }

        void discard() {
            socket().async_read_some(boost::asio::buffer(scratch_),
                                     [self = this->shared_from_this()](ErrorCode ec, std::size_t) {
                                         if (!ec) {
                                             self->discard();
                                         }
                                     });
        }

        Impl& server_;
        Stream stream_;
        boost::asio::steady_timer timer_;
        boost::beast::flat_buffer buffer_;
        std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
        std::array<char, 1024> scratch_{};
        HttpReply reply_;
        std::string head_;
        std::uint64_t limit_ = 16U * 1024U * 1024U;
        bool keepAlive_ = false;
        bool isHead_ = false;
        bool chunks_ = false;
        bool counted_ = false;
    };

    void accept() {
        acceptor_.async_accept([this](ErrorCode ec, tcp::socket socket) {
            if (!ec) {
                ++connections_;
                ErrorCode ignored;
                socket.set_option(tcp::no_delay(true), ignored);
                if (tls_) {
                    std::make_shared<Session<Tls>>(*this, std::move(socket), *tls_)->start();
                } else {
                    std::make_shared<Session<Plain>>(*this, std::move(socket))->start();
                }
                accept();
            } else if (ec != boost::asio::error::operation_aborted) {
                // Out of descriptors, most likely: some will be free in a moment.
                retry_.expires_after(std::chrono::milliseconds(20));
                retry_.async_wait([this](ErrorCode stopped) {
                    if (!stopped) {
                        accept();
                    }
                });
            }
        });
    }

    void enter() noexcept {
        ++current_;
        if (current_ > highest_) {
            highest_ = current_;
        }
    }
    void leave() noexcept { --current_; }

    HttpServerOptions options_;
    Handler handler_;
    std::optional<boost::asio::ssl::context> tls_;
    std::unordered_set<SessionBase*> sessions_;  // touched by the thread, and after it has ended
    // Those whose answer comes later; the same holds.
    std::unordered_map<SessionBase*, std::shared_ptr<SessionBase>> waiting_;
    std::atomic<std::uint64_t> connections_{0};
    std::atomic<std::uint64_t> highest_{0};
    std::uint64_t current_ = 0;
    std::uint16_t port_ = 0;
    boost::asio::io_context context_{1};
    tcp::acceptor acceptor_;
    boost::asio::steady_timer retry_;
    std::thread thread_;
};

CORPS_DECL HttpServer::HttpServer(HttpServerOptions options, Handler handler)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(handler))) {}
CORPS_DECL HttpServer::~HttpServer() = default;
CORPS_DECL std::uint16_t HttpServer::port() const noexcept { return impl_->port(); }
CORPS_DECL std::uint64_t HttpServer::connections() const noexcept { return impl_->connections(); }
CORPS_DECL std::uint64_t HttpServer::highestConcurrency() const noexcept { return impl_->highest(); }
CORPS_DECL void HttpServer::resetCounters() noexcept { impl_->resetCounters(); }
CORPS_DECL void HttpServer::stop() { impl_->stop(); }

}  // namespace corps::emulator
