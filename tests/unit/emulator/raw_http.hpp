#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/** As little of HTTP as it takes to see what a server really sends. */
namespace emulator_test {

namespace asio = boost::asio;

struct Answer {
    int status = 0;
    std::string head;
    std::map<std::string, std::string> headers;
    std::string body;

    boost::json::value json() const { return boost::json::parse(body); }
    std::int64_t code() const { return json().at("code").to_number<std::int64_t>(); }
};

/** One connection. Throws boost::system::system_error when the server ends it. */
template <class Stream>
class ConnectionOver {
public:
    template <class... Extra>
    explicit ConnectionOver(std::uint16_t port, Extra&... extra) : stream_(context_, extra...) {
        stream_.lowest_layer().connect({asio::ip::make_address("127.0.0.1"), port});
    }

    Stream& stream() { return stream_; }

    void send(std::string_view text) { asio::write(stream_, asio::buffer(text.data(), text.size())); }

    Answer receive(bool head = false) {
        Answer out;
        const std::size_t size = asio::read_until(stream_, asio::dynamic_buffer(buffer_), "\r\n\r\n");
        out.head = buffer_.substr(0, size);
        buffer_.erase(0, size);
        out.status = std::stoi(out.head.substr(9, 3));
        for (std::size_t at = out.head.find("\r\n") + 2; at < out.head.size() - 2;) {
            const std::size_t end = out.head.find("\r\n", at);
            const std::size_t colon = out.head.find(": ", at);
            out.headers[out.head.substr(at, colon - at)] = out.head.substr(colon + 2, end - colon - 2);
            at = end + 2;
        }
        if (out.status == 100 || head) {
            return out;
        }
        if (out.headers.contains("Transfer-Encoding")) {
            for (std::size_t length = 1; length > 0;) {
                const std::string line =
                    take(asio::read_until(stream_, asio::dynamic_buffer(buffer_), "\r\n"));
                length = std::stoul(line, nullptr, 16);
                out.body += take(fill(length + 2)).substr(0, length);
            }
            return out;
        }
        out.body = take(fill(std::stoul(out.headers.at("Content-Length"))));
        return out;
    }

    Answer call(std::string_view method, std::string_view target, std::string_view body = {},
                std::string_view headers = {}) {
        std::string text = std::string(method) + " " + std::string(target) +
                           " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers);
        if (!body.empty()) {
            text += "Content-Type: application/json; charset=utf-8\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n";
        }
        send(text + "\r\n" + std::string(body));
        return receive();
    }

    /** Everything up to the end of the connection, and how it ended. */
    std::pair<std::string, boost::system::error_code> rest() {
        boost::system::error_code ec;
        asio::read(stream_, asio::dynamic_buffer(buffer_), ec);
        return {std::exchange(buffer_, {}), ec};
    }

private:
    /** Reads until so much is there. */
    std::size_t fill(std::size_t length) {
        if (buffer_.size() < length) {
            asio::read(stream_, asio::dynamic_buffer(buffer_),
                       asio::transfer_exactly(length - buffer_.size()));
        }
        return length;
    }
    std::string take(std::size_t length) {
        std::string out = buffer_.substr(0, length);
        buffer_.erase(0, length);
        return out;
    }

    asio::io_context context_;
    Stream stream_;
    std::string buffer_;
};

using Connection = ConnectionOver<asio::ip::tcp::socket>;

}  // namespace emulator_test
