#pragma once

#include <corps/detail/config.hpp>

#include <cstddef>
#include <string>
#include <string_view>

#define CORPS_INCLUDED_CRYPTO 1

namespace corps {

/** Whether two byte strings are equal, in time that depends on their lengths only. */
[[nodiscard]] CORPS_DECL bool constantTimeEqual(std::string_view a, std::string_view b) noexcept;

/** SHA-256, 32 bytes. */
[[nodiscard]] CORPS_DECL std::string sha256(std::string_view bytes);

/** SHA-1, 20 bytes: for what a platform's protocol asks for, never for security. */
[[nodiscard]] CORPS_DECL std::string sha1(std::string_view bytes);

/** MD5, 16 bytes: for what a platform's protocol asks for, never for security. */
[[nodiscard]] CORPS_DECL std::string md5(std::string_view bytes);

/** Unpredictable bytes from OpenSSL. Throws Error(Errc::unsupported) when there is no randomness. */
[[nodiscard]] CORPS_DECL std::string randomBytes(std::size_t n);

/** Lower-case hex. */
[[nodiscard]] CORPS_DECL std::string toHex(std::string_view bytes);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/crypto/impl/digest.ipp>
#endif
