#pragma once

#include <corps/crypto/digest.hpp>
#include <corps/error/error.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <climits>

namespace corps {

CORPS_DECL bool constantTimeEqual(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

namespace detail {

CORPS_DECL std::string digestOfBytes(EVP_MD const* kind, std::string_view bytes) {
    std::string out(static_cast<std::size_t>(EVP_MD_get_size(kind)), '\0');
    unsigned int size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(out.data()), &size, kind,
                   nullptr) != 1)
        throw Error(Errc::unsupported, "OpenSSL does not offer this digest");
    out.resize(size);
    return out;
}

}  // namespace detail

CORPS_DECL std::string sha256(std::string_view bytes) { return detail::digestOfBytes(EVP_sha256(), bytes); }

CORPS_DECL std::string sha1(std::string_view bytes) { return detail::digestOfBytes(EVP_sha1(), bytes); }

CORPS_DECL std::string md5(std::string_view bytes) { return detail::digestOfBytes(EVP_md5(), bytes); }

CORPS_DECL std::string randomBytes(std::size_t n) {
    std::string out(n, '\0');
    if (n > INT_MAX || RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(n)) != 1)
        throw Error(Errc::unsupported, "OpenSSL has no randomness to give");
    return out;
}

CORPS_DECL std::string toHex(std::string_view bytes) {
    static constexpr char kHex[] = "0123456789abcdef";
    std::string out;
    out.reserve(2 * bytes.size());
    for (char c : bytes) {
        auto const byte = static_cast<unsigned char>(c);
        out += kHex[byte >> 4];
        out += kHex[byte & 15];
    }
    return out;
}

}  // namespace corps
