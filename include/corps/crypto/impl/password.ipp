#pragma once

#include <corps/crypto/digest.hpp>
#include <corps/crypto/impl/digest.ipp>
#include <corps/crypto/password.hpp>
#include <corps/error/error.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace corps {
namespace detail {

inline constexpr std::uint64_t kMostPasswordMemory = std::uint64_t{1} << 30;

/** What is hashed: the MD5 in lower-case hex, given as such or made here. */
CORPS_DECL std::string passwordMd5(std::string_view password) {
    bool isMd5 = password.size() == 32;
    std::string lower;
    for (char c : password) {
        bool const digit = c >= '0' && c <= '9';
        bool const letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (!digit && !letter) isMd5 = false;
        lower += c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    if (isMd5) return lower;
    OPENSSL_cleanse(lower.data(), lower.size());
    return toHex(md5(password));
}

CORPS_DECL std::string scryptHex(std::string const& secret, std::string_view salt, PasswordCost const& cost) {
    std::uint64_t const memory =
        cost.logN < 40 ? (std::uint64_t{128} << cost.logN) * cost.blockSize : kMostPasswordMemory + 1;
    if (cost.logN < 1 || cost.blockSize < 1 || cost.parallel < 1 || cost.blockSize > 64 ||
        cost.parallel > 64 || memory > kMostPasswordMemory)
        throw Error(Errc::invalidArgument,
                    "cost of a password hash: expected RFC 7914's parameters within 1 GiB of memory");
    std::array<unsigned char, 32> key{};
    // OpenSSL counts its own buffers, too.
    std::uint64_t const allowed =
        memory + std::uint64_t{256} * cost.blockSize * cost.parallel + (std::uint64_t{1} << 20);
    if (EVP_PBE_scrypt(secret.data(), secret.size(), reinterpret_cast<unsigned char const*>(salt.data()),
                       salt.size(), std::uint64_t{1} << cost.logN, cost.blockSize, cost.parallel, allowed,
                       key.data(), key.size()) != 1)
        throw Error(Errc::unsupported, "OpenSSL refused to hash a password with scrypt");
    std::string out = toHex(std::string_view(reinterpret_cast<char const*>(key.data()), key.size()));
    OPENSSL_cleanse(key.data(), key.size());
    return out;
}

struct ParsedPassword {
    PasswordCost cost;
    std::string salt;
};

CORPS_DECL ParsedPassword parsePassword(std::string_view parameters) {
    auto fail = [] { return Error(Errc::storage, "the parameters of a stored password are damaged"); };
    auto next = [&parameters, &fail] {
        std::size_t const at = parameters.find('$');
        if (at == std::string_view::npos) throw fail();
        std::string_view const part = parameters.substr(0, at);
        parameters.remove_prefix(at + 1);
        return part;
    };
    auto number = [&next, &fail] {
        std::string_view const text = next();
        std::uint32_t value = 0;
        auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (ec != std::errc() || end != text.data() + text.size()) throw fail();
        return value;
    };
    if (next() != "scrypt") throw fail();
    ParsedPassword out;
    out.cost.logN = number();
    out.cost.blockSize = number();
    out.cost.parallel = number();
    if (parameters.empty() || parameters.size() % 2 != 0) throw fail();
    for (std::size_t i = 0; i < parameters.size(); i += 2) {
        unsigned value = 0;
        auto const [end, ec] = std::from_chars(parameters.data() + i, parameters.data() + i + 2, value, 16);
        if (ec != std::errc() || end != parameters.data() + i + 2) throw fail();
        out.salt += static_cast<char>(value);
    }
    return out;
}

}  // namespace detail

CORPS_DECL PasswordHash hashPassword(std::string_view password, PasswordCost cost) {
    std::string secret = detail::passwordMd5(password);
    std::string const salt = randomBytes(16);
    PasswordHash out;
    out.hash = detail::scryptHex(secret, salt, cost);
    out.parameters = "scrypt$" + std::to_string(cost.logN) + "$" + std::to_string(cost.blockSize) + "$" +
                     std::to_string(cost.parallel) + "$" + toHex(salt);
    OPENSSL_cleanse(secret.data(), secret.size());
    return out;
}

CORPS_DECL bool verifyPassword(std::string_view password, PasswordHash const& stored) {
    detail::ParsedPassword const parsed = detail::parsePassword(stored.parameters);
    std::string secret = detail::passwordMd5(password);
    std::string const hash = detail::scryptHex(secret, parsed.salt, parsed.cost);
    OPENSSL_cleanse(secret.data(), secret.size());
    return constantTimeEqual(hash, stored.hash);
}

CORPS_DECL bool needsRehash(PasswordHash const& stored, PasswordCost cost) {
    auto const memory = [](PasswordCost const& c) {
        return (std::uint64_t{1} << std::min(c.logN, 40U)) * c.blockSize;
    };
    PasswordCost const had = detail::parsePassword(stored.parameters).cost;
    return memory(had) < memory(cost) || memory(had) * had.parallel < memory(cost) * cost.parallel;
}

}  // namespace corps
