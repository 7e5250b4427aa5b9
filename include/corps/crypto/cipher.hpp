#pragma once

#include <corps/detail/config.hpp>

#include <string>
#include <string_view>

#define CORPS_INCLUDED_CRYPTO 1

namespace corps {

/**
 * AES-256-CBC without padding of its own: what platforms pad with is their matter.
 * @param key 32 bytes. @param iv 16 bytes. @param bytes a multiple of 16.
 * Errors      Error(Errc::invalidArgument) for another length; Errc::unsupported when OpenSSL does not offer
 * it.
 */
[[nodiscard]] CORPS_DECL std::string aes256CbcEncrypt(std::string_view key, std::string_view iv,
                                                      std::string_view bytes);
[[nodiscard]] CORPS_DECL std::string aes256CbcDecrypt(std::string_view key, std::string_view iv,
                                                      std::string_view bytes);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/crypto/impl/cipher.ipp>
#endif
