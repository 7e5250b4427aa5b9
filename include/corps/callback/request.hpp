#pragma once

#include <corps/detail/config.hpp>
#include <corps/transport/message.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps {

/**
 * One HTTP request of a platform, as whatever server the user runs received it. Nothing in it is trusted.
 * A class with constructors, because g++ 12 miscompiles aggregate temporaries in coroutines.
 */
class CallbackRequest {
public:
    CallbackRequest() = default;
    /**
     * @param m GET or POST.
     * @param t path and query as they stood in the request line, still percent-encoded.
     * @param h Feishu signs in headers; the other platforms need none.
     * @param b the body byte for byte: Feishu's signature covers it.
     */
    CallbackRequest(std::string m, std::string t, std::vector<Header> h, std::string b)
        : method(std::move(m)), target(std::move(t)), headers(std::move(h)), body(std::move(b)) {}
    CallbackRequest(std::string m, std::string t, std::string b)
        : CallbackRequest(std::move(m), std::move(t), {}, std::move(b)) {}

    std::string method = "GET";
    std::string target = "/";
    std::vector<Header> headers;
    std::string body;

    /** The value of a query parameter, percent-decoded; '+' stays '+'. Nothing when it is absent; empty when
     * it is malformed, or given twice with different values. */
    [[nodiscard]] CORPS_DECL std::optional<std::string> query(std::string_view name) const;
    /** ASCII case-insensitive; empty when absent. */
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept {
        return findHeader(headers, name);
    }
};

/** What to answer: the platform reads status and body. */
class CallbackResponse {
public:
    CallbackResponse() = default;
    CallbackResponse(int s, std::string type, std::string b)
        : status(s), contentType(std::move(type)), body(std::move(b)) {}

    int status = 200;
    std::string contentType = "text/plain; charset=utf-8";
    std::string body;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/callback/impl/request.ipp>
#endif
