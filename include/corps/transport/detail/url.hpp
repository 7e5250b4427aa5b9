#pragma once

#include <corps/error/error.hpp>
#include <corps/transport/message.hpp>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace corps::detail {

/** The parts of an absolute http or https URL that a client needs. */
struct HttpUrl {
    HttpUrl() = default;
    bool tls = true;
    std::string host;  ///< without the brackets of an IPv6 address, lower case
    std::uint16_t port = 0;
    std::string authority;  ///< as the Host header has it
    std::string target;     ///< path and query, never empty
};

inline char lowerAscii(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline bool isAlnumAscii(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/** RFC 9110, token: what methods and header names are made of. */
inline bool isToken(std::string_view text) noexcept {
    for (char const c : text) {
        if (!isAlnumAscii(c) && std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos)
            return false;
    }
    return !text.empty();
}

/** @throws Error(Errc::invalidArgument); its text holds nothing of the URL, which may carry secrets. */
inline HttpUrl parseUrl(std::string_view url, std::string const& endpoint) {
    auto const refuse = [&endpoint](char const* what) {
        Diagnostics d;
        d.endpoint = endpoint;
        throw Error(Errc::invalidArgument, std::string("the URL of the request ") + what, std::move(d));
    };
    for (char const c : url) {
        if (c <= 0x20 || c >= 0x7f) refuse("holds a character that must be percent-encoded");
    }
    HttpUrl out;
    std::string scheme;
    std::size_t const colon = url.find("://");
    for (char const c : url.substr(0, colon == std::string_view::npos ? 0 : colon)) scheme += lowerAscii(c);
    if (scheme != "https" && scheme != "http") refuse("does not begin with https:// or http://");
    out.tls = scheme == "https";
    url.remove_prefix(colon + 3);

    std::string_view authority = url.substr(0, url.find_first_of("/?#"));
    url.remove_prefix(authority.size());
    if (authority.find('@') != std::string_view::npos) refuse("holds user information before the host");

    std::string_view host = authority;
    std::string_view port;
    bool const bracketed = !authority.empty() && authority.front() == '[';
    if (bracketed) {
        std::size_t const end = authority.find(']');
        if (end == std::string_view::npos) refuse("has a malformed host");
        host = authority.substr(1, end - 1);
        port = authority.substr(end + 1);
        if (!port.empty() && port.front() != ':') refuse("has a malformed host");
    } else if (std::size_t const at = authority.find(':'); at != std::string_view::npos) {
        host = authority.substr(0, at);
        port = authority.substr(at);
    }
    if (host.empty()) refuse("has no host");
    for (char const c : host) {
        bool const fine = bracketed ? isAlnumAscii(c) || c == ':' || c == '.'
                                    : isAlnumAscii(c) || c == '-' || c == '.' || c == '_';
        if (!fine) refuse("has a malformed host");
        out.host += lowerAscii(c);
    }
    out.port = out.tls ? 443 : 80;
    if (!port.empty()) {
        port.remove_prefix(1);
        auto const [end, ec] = std::from_chars(port.data(), port.data() + port.size(), out.port);
        if (ec != std::errc() || end != port.data() + port.size() || out.port == 0)
            refuse("has a malformed port");
    }
    out.authority = bracketed ? '[' + out.host + ']' : out.host;
    if (out.port != (out.tls ? 443 : 80)) out.authority += ':' + std::to_string(out.port);

    url = url.substr(0, url.find('#'));
    out.target = url.empty() || url.front() != '/' ? '/' + std::string(url) : std::string(url);
    return out;
}

/** The request as it goes over the wire. @throws Error(Errc::invalidArgument) for what would not be one
 * request. */
inline std::string serialize(Request const& q, HttpUrl const& url, std::string const& userAgent) {
    auto const refuse = [&q](std::string what) {
        Diagnostics d;
        d.endpoint = q.endpoint;
        throw Error(Errc::invalidArgument, std::move(what), std::move(d));
    };
    if (!isToken(q.method)) refuse("the method of the request is malformed");
    std::string out = q.method + ' ' + url.target + " HTTP/1.1\r\nHost: " + url.authority + "\r\n";
    for (Header const& h : q.headers) {
        if (!isToken(h.name)) refuse("the name of a request header is malformed");
        for (char const c : h.value) {
            if ((c >= 0 && c < 0x20 && c != '\t') || c == 0x7f)
                refuse("the value of the request header " + h.name + " holds a control character");
        }
        std::string name;
        for (char const c : h.name) name += lowerAscii(c);
        if (name == "host" || name == "content-length" || name == "transfer-encoding" ||
            name == "connection" || name == "expect") {
            refuse("the request header " + h.name + " is set by the transport");
        }
        out += h.name + ": " + h.value + "\r\n";
    }
    if (findHeader(q.headers, "User-Agent").empty()) out += "User-Agent: " + userAgent + "\r\n";
    if (findHeader(q.headers, "Accept").empty()) out += "Accept: */*\r\n";
    if (findHeader(q.headers, "Accept-Encoding").empty()) out += "Accept-Encoding: identity\r\n";
    if (!q.body.empty() || (q.method != "GET" && q.method != "HEAD" && q.method != "DELETE")) {
        out += "Content-Length: " + std::to_string(q.body.size()) + "\r\n";
    }
    out += "\r\n";
    out += q.body;
    return out;
}

}  // namespace corps::detail
