#pragma once

#include <corps/detail/config.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps {

class RateLimiter;

struct Header {
    Header(std::string n, std::string v) : name(std::move(n)), value(std::move(v)) {}
    std::string name;
    std::string value;
};

/** ASCII case-insensitive look-up; empty when absent. */
[[nodiscard]] CORPS_DECL std::string_view findHeader(std::vector<Header> const& headers,
                                                     std::string_view name) noexcept;

/** One HTTP request. A class with constructors, because g++ 12 miscompiles aggregate temporaries in
 * coroutines. */
class Request {
public:
    Request() = default;
    /**
     * @param m GET, POST, ...  @param u absolute URL with its query, percent-encoded.
     * @param e what logs, limits and errors call this call: method and path template, never query values or
     * ids
     *          ("GET /open-apis/contact/v3/users/find_by_department").
     */
    Request(std::string m, std::string u, std::string e)
        : method(std::move(m)), url(std::move(u)), endpoint(std::move(e)) {}

    std::string method = "GET";
    std::string url;
    std::string endpoint;
    std::vector<Header> headers;
    std::string body;
    std::chrono::milliseconds timeout{30'000};           ///< for the whole exchange, connecting included
    std::size_t maxResponseBytes = 64ULL * 1024 * 1024;  ///< a larger answer is an error, not a truncation
    /** What paces the calls of this API: whoever sends the request once more asks it for a permit first.
     * Null: nothing does. Must outlive the call. */
    RateLimiter* limiter = nullptr;
    /** Which of the application's credentials it is made with, where the platform has several; empty: the
     * usual one. Not sent. */
    std::string credential;
};

/** One HTTP response, whatever its status: a status is not an error here. */
class Response {
public:
    Response() = default;
    Response(int s, std::string b) : status(s), body(std::move(b)) {}

    int status = 0;
    std::vector<Header> headers;
    std::string body;

    [[nodiscard]] std::string_view header(std::string_view name) const noexcept {
        return findHeader(headers, name);
    }
};

/** Percent-encodes everything but unreserved characters (RFC 3986), for query values and path segments. */
[[nodiscard]] CORPS_DECL std::string percentEncode(std::string_view text);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/transport/impl/message.ipp>
#endif
