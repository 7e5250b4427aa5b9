#pragma once

#include <corps/detail/config.hpp>
#include <corps/model/password_hash.hpp>

#include <cstdint>
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

/** Whether a stored hash took less memory or work than these parameters do: hash again after the next
 * successful check. One that cost more stays. */
[[nodiscard]] CORPS_DECL bool needsRehash(PasswordHash const& stored, PasswordCost cost = PasswordCost());

/** A LocalAuth: scrypt at this cost. To raise it, put it in the AuthPolicy's place of a corp type of your
 * own. */
template <PasswordCost Cost>
struct ScryptLogin {
    [[nodiscard]] static PasswordHash hash(std::string_view password) { return hashPassword(password, Cost); }
    [[nodiscard]] static bool verify(std::string_view password, PasswordHash const& stored) {
        return verifyPassword(password, stored);
    }
    [[nodiscard]] static bool needsRehash(PasswordHash const& stored) {
        return corps::needsRehash(stored, Cost);
    }
};

/** The AuthPolicy of NormalType: scrypt at the default cost. */
struct PasswordLogin : ScryptLogin<PasswordCost{}> {};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/crypto/impl/password.ipp>
#endif
