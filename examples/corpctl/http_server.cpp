#include "http_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

namespace corpctl {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr std::size_t kLargestBody = std::size_t{4} << 20;
constexpr std::size_t kMostConnections = 256;
constexpr std::chrono::seconds kPatience{30};

}  // namespace

class HttpServer::Impl : public std::enable_shared_from_this<Impl> {
public:
    Impl(asio::io_context& loop, Handler handler)
        : loop_(loop), acceptor_(loop), pause_(loop), handler_(std::move(handler)) {}

    void listen(std::string const& host, std::uint16_t port) {
        ErrorCode ec;
        tcp::resolver resolver(loop_);
        auto const found = resolver.resolve(host, std::to_string(port), ec);
        if (!ec) {
            tcp::endpoint const at = found.begin()->endpoint();
            acceptor_.open(at.protocol(), ec);
            if (!ec) acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
            if (!ec) acceptor_.bind(at, ec);
            if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
        }
        if (ec)
            throw std::runtime_error("cannot listen on " + host + ":" + std::to_string(port) + ": " +
                                     ec.message());
        std::ostringstream text;
        text << acceptor_.local_endpoint();
        address_ = text.str();
        accept();
    }

    [[nodiscard]] std::string const& address() const noexcept { return address_; }

    void close() {
        ErrorCode ignored;
        acceptor_.close(ignored);
        pause_.cancel();
        for (Session* s : sessions_) s->close();
    }

private:
    class Session : public std::enable_shared_from_this<Session> {
    public:
        Session(std::shared_ptr<Impl> server, tcp::socket socket)
            : server_(std::move(server)), stream_(std::move(socket)) {
            server_->sessions_.insert(this);
        }
        Session(Session const&) = delete;
        Session& operator=(Session const&) = delete;
        ~Session() { server_->sessions_.erase(this); }

        void close() {
            ErrorCode ignored;
            stream_.socket().close(ignored);
        }
        void read() {
            parser_.emplace();
            parser_->header_limit(16 * 1024);
            parser_->body_limit(kLargestBody);
            stream_.expires_after(kPatience);
            http::async_read(stream_, buffer_, *parser_,
                             [self = shared_from_this()](ErrorCode ec, std::size_t) { self->got(ec); });
        }
        void refuse(http::status status) {
            http::response<http::string_body> r(status, 11);
            r.keep_alive(false);
            write(std::move(r));
        }

    private:
        void got(ErrorCode ec) {
            if (ec == http::error::body_limit) return refuse(http::status::payload_too_large);
            if (ec == http::error::header_limit) return refuse(http::status::request_header_fields_too_large);
            if (ec && ec != http::error::end_of_stream && ec != http::error::partial_message &&
                ec.category() == make_error_code(http::error::end_of_stream).category())
                return refuse(http::status::bad_request);
            if (ec) return;

            auto const& q = parser_->get();
            std::vector<corps::Header> headers;
            for (auto const& f : q) {
                auto const name = f.name_string();
                auto const value = f.value();
                headers.emplace_back(std::string(name.data(), name.size()),
                                     std::string(value.data(), value.size()));
            }
            corps::CallbackRequest const request(
                std::string(q.method_string().data(), q.method_string().size()),
                std::string(q.target().data(), q.target().size()), std::move(headers), q.body());
            corps::CallbackResponse answer;
            try {
                answer = server_->handler_(request);
            } catch (std::exception const&) {
                // What went wrong is nothing that a stranger should read; the platform asks again.
                answer = corps::CallbackResponse(500, "text/plain; charset=utf-8", "failed");
            }
            http::response<http::string_body> r(static_cast<http::status>(answer.status), q.version());
            if (!answer.contentType.empty()) r.set(http::field::content_type, answer.contentType);
            r.keep_alive(q.keep_alive());
            r.body() = std::move(answer.body);
            write(std::move(r));
        }
        void write(http::response<http::string_body> response) {
            response.prepare_payload();
            response_.emplace(std::move(response));
            bool const more = response_->keep_alive();
            stream_.expires_after(kPatience);
            http::async_write(stream_, *response_,
                              [self = shared_from_this(), more](ErrorCode ec, std::size_t) {
                                  if (ec) return;
                                  if (more) return self->read();
                                  self->stream_.socket().shutdown(tcp::socket::shutdown_send, ec);
                              });
        }

        std::shared_ptr<Impl> server_;
        beast::tcp_stream stream_;
        beast::flat_buffer buffer_;
        std::optional<http::request_parser<http::string_body>> parser_;
        std::optional<http::response<http::string_body>> response_;
    };

    void accept() {
        acceptor_.async_accept([self = shared_from_this()](ErrorCode ec, tcp::socket socket) {
            if (!self->acceptor_.is_open()) return;
            if (ec) {
                // No descriptors left, say: that passes.
                self->pause_.expires_after(std::chrono::milliseconds(100));
                self->pause_.async_wait([self](ErrorCode stopped) {
                    if (!stopped && self->acceptor_.is_open()) self->accept();
                });
                return;
            }
            bool const full = self->sessions_.size() >= kMostConnections;
            auto const session = std::make_shared<Session>(self, std::move(socket));
            full ? session->refuse(http::status::service_unavailable) : session->read();
            self->accept();
        });
    }

    asio::io_context& loop_;
    tcp::acceptor acceptor_;
    asio::steady_timer pause_;
    Handler handler_;
    std::string address_;
    std::set<Session*> sessions_;
};

HttpServer::HttpServer(asio::io_context& loop, std::string const& host, std::uint16_t port, Handler handler)
    : impl_(std::make_shared<Impl>(loop, std::move(handler))) {
    impl_->listen(host, port);
}

HttpServer::~HttpServer() { close(); }

std::string const& HttpServer::address() const noexcept { return impl_->address(); }

void HttpServer::close() { impl_->close(); }

}  // namespace corpctl
