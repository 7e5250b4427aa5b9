#pragma once

#include <corps/detail/config.hpp>
#include <corps/error/errc.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace corps {

/**
 * Where an error happened and what the platform said. Never contains a token, a secret or a request or
 * response body. `upstreamMessage` is the platform's own text: untrusted, and kept out of Error::what().
 */
struct Diagnostics {
    std::string corp;      ///< full name of the corp, "corps.Name"; empty when none is concerned
    std::string place;     ///< file and key, table, department, or page: where to look
    std::string endpoint;  ///< method and path of the call, without query values
    std::optional<std::int64_t> upstreamCode;  ///< the platform's own error code
    int httpStatus = 0;                        ///< 0 when no response arrived
    std::string upstreamMessage;               ///< untrusted text of the platform
    std::string requestId;                     ///< the platform's id of the request, to quote to its support
    std::optional<std::chrono::milliseconds> retryAfter{};  ///< when the same call may succeed, where known
};

/**
 * The one exception type of the library. what() reads "corps.Name: what failed (place; endpoint; code 123)"
 * and holds text of ours only.
 *
 * Threads     Distinct objects: safe. Copying does not throw beyond std::bad_alloc.
 */
class Error : public std::runtime_error {
public:
    /** @param ec what failed. @param message our own plain text: what was expected. @param d where. */
    CORPS_DECL Error(boost::system::error_code ec, std::string message, Diagnostics d = Diagnostics());
    CORPS_DECL Error(Errc e, std::string message, Diagnostics d = Diagnostics());

    [[nodiscard]] boost::system::error_code const& code() const noexcept { return code_; }
    /** Our text alone, without place and codes. */
    [[nodiscard]] std::string const& message() const noexcept { return message_; }
    [[nodiscard]] Diagnostics const& diagnostics() const noexcept { return diagnostics_; }
    [[nodiscard]] bool retryable() const noexcept { return isRetryable(code_); }
    [[nodiscard]] bool is(Errc e) const noexcept { return code_ == make_error_code(e); }

    /** The same error with the corp named, when it was not yet. */
    [[nodiscard]] CORPS_DECL Error withCorp(std::string const& corp) const;

private:
    boost::system::error_code code_;
    std::string message_;
    Diagnostics diagnostics_;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/error/impl/error.ipp>
#endif
