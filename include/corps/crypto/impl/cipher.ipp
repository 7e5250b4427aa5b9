#pragma once

#include <corps/crypto/cipher.hpp>
#include <corps/error/error.hpp>

#include <openssl/evp.h>

#include <climits>
#include <memory>

namespace corps {
namespace detail {

inline std::string aes256Cbc(std::string_view key, std::string_view iv, std::string_view bytes,
                             bool encrypt) {
    if (key.size() != 32 || iv.size() != 16 || bytes.size() % 16 != 0 || bytes.size() > INT_MAX)
        throw Error(Errc::invalidArgument,
                    "AES-256-CBC: a key of 32 bytes, 16 to begin with, and whole blocks of 16");
    std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> const context(EVP_CIPHER_CTX_new(),
                                                                                  &EVP_CIPHER_CTX_free);
    auto const in = [](std::string_view v) { return reinterpret_cast<unsigned char const*>(v.data()); };
    std::string out(bytes.size() + 16, '\0');
    auto* const to = reinterpret_cast<unsigned char*>(out.data());
    int written = 0;
    int last = 0;
    bool const good =
        context != nullptr &&
        EVP_CipherInit_ex(context.get(), EVP_aes_256_cbc(), nullptr, in(key), in(iv), encrypt ? 1 : 0) == 1 &&
        EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1 &&
        EVP_CipherUpdate(context.get(), to, &written, in(bytes), static_cast<int>(bytes.size())) == 1 &&
        EVP_CipherFinal_ex(context.get(), to + written, &last) == 1;
    if (!good) throw Error(Errc::unsupported, "OpenSSL does not offer AES-256-CBC");
    out.resize(static_cast<std::size_t>(written) + static_cast<std::size_t>(last));
    return out;
}

}  // namespace detail

CORPS_DECL std::string aes256CbcEncrypt(std::string_view key, std::string_view iv, std::string_view bytes) {
    return detail::aes256Cbc(key, iv, bytes, true);
}

CORPS_DECL std::string aes256CbcDecrypt(std::string_view key, std::string_view iv, std::string_view bytes) {
    return detail::aes256Cbc(key, iv, bytes, false);
}

}  // namespace corps
