// The answer of an authentication endpoint, and the Error it may become.
#pragma once

#include <corps/error/error.hpp>
#include <corps/transport/message.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps::detail {

class AuthAnswer {
public:
    /** @param secrets what was sent: a server that echoes it must not bring it into an error. */
    AuthAnswer(std::string endpoint, Response const& p, std::initializer_list<std::string_view> secrets) {
        d_.endpoint = std::move(endpoint);
        d_.httpStatus = p.status;
        boost::system::error_code ec;
        boost::json::value v = boost::json::parse(p.body, ec);
        if (!ec && v.is_object()) object_ = std::move(v.get_object());
        secrets_.assign(secrets.begin(), secrets.end());
    }

    /** Whether the body is a JSON object. */
    [[nodiscard]] explicit operator bool() const noexcept { return object_.has_value(); }
    [[nodiscard]] int status() const noexcept { return d_.httpStatus; }
    /** The object under a key of the body, or null. */
    [[nodiscard]] boost::json::object const* object(std::string_view key) const {
        boost::json::value const* const v = object_ ? object_->if_contains(key) : nullptr;
        return v == nullptr ? nullptr : v->if_object();
    }
    [[nodiscard]] std::string text(std::string_view key) const {
        return object_ ? text(*object_, key) : std::string();
    }
    [[nodiscard]] static std::string text(boost::json::object const& o, std::string_view key) {
        boost::json::value const* const v = o.if_contains(key);
        return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
    }
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key) const {
        boost::json::value const* const v = object_ ? object_->if_contains(key) : nullptr;
        if (v == nullptr || !v->is_int64()) return std::nullopt;
        return v->get_int64();
    }

    /** What the platform says of itself in an error. */
    void tells(std::optional<std::int64_t> code, std::string message, std::string requestId) {
        d_.upstreamCode = code;
        d_.requestId = std::move(requestId);
        for (std::string const& s : secrets_)
            if (!s.empty() && message.find(s) != std::string::npos) message.clear();
        d_.upstreamMessage = std::move(message);
    }
    [[noreturn]] void raise(Errc e, std::string message) {
        throw Error(e, std::move(message), std::move(d_));
    }
    /** Throws for what has nothing to do with what was sent: no JSON, a limit of rate, a failing server. */
    void raiseIfPassing() {
        if (d_.httpStatus == 429) raise(Errc::rateLimited, "the platform limits the rate of calls");
        if (d_.httpStatus >= 500) raise(Errc::transport, "the platform cannot answer at the moment");
        // Half an answer, or a page of something in between: asking again may help.
        if (!object_ && d_.httpStatus == 200)
            raise(Errc::transport, "the answer is not the platform's JSON: is baseUrl right?");
        if (!object_)
            raise(Errc::protocol, "the answer does not come from the platform's API: is baseUrl right?");
    }

private:
    std::optional<boost::json::object> object_;
    std::vector<std::string> secrets_;
    Diagnostics d_;
};

}  // namespace corps::detail
