#pragma once

#include <corps/detail/config.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#define CORPS_INCLUDED_CRYPTO 1

namespace corps {

/**
 * Cost of scrypt (RFC 7914): memory is 128 * 2^logN * blockSize bytes, time grows with all three. The default
 * takes 32 MiB and some tens of milliseconds.
 */
struct PasswordCost {
    std::uint32_t logN = 15;
    std::uint32_t blockSize = 8;
    std::uint32_t parallel = 1;
    friend bool operator==(PasswordCost const&, PasswordCost const&) = default;
};

/** A stored password: the hash and what it was made with. Nothing in it leads back to the password or its
 * MD5. */
struct PasswordHash {
    std::string hash;        ///< 64 hex digits
    std::string parameters;  ///< "scrypt$logN$blockSize$parallel$salt", the salt in hex
};

/**
 * Hashes a password with a new random salt of 16 bytes.
 *
 * @param password 32 hex digits are taken as the MD5 of the password, as callers of the documented API send
 * it; anything else is hashed to its MD5 first. So both ways of sending one password are the same password.
 * Errors      Error(Errc::invalidArgument) for a cost outside RFC 7914 or above 1 GiB.
 */
[[nodiscard]] CORPS_DECL PasswordHash hashPassword(std::string_view password,
                                                   PasswordCost cost = PasswordCost());

/**
 * Whether this is the password. Compares in constant time.
 *
 * Errors      Error(Errc::storage) for parameters that are none.
 */
[[nodiscard]] CORPS_DECL bool verifyPassword(std::string_view password, PasswordHash const& stored);

/** Whether a stored hash was made with other parameters than these: hash again after the next successful
 * check. */
[[nodiscard]] CORPS_DECL bool needsRehash(PasswordHash const& stored, PasswordCost cost = PasswordCost());

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/crypto/impl/password.ipp>
#endif
