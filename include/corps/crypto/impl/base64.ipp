#pragma once

#include <corps/crypto/base64.hpp>
#include <corps/error/error.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <climits>

namespace corps {

CORPS_DECL std::string base64Encode(std::string_view bytes) {
    if (bytes.size() > INT_MAX / 2) throw Error(Errc::invalidArgument, "Base64: too many bytes");
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL ends it with a zero
    int const written =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<unsigned char const*>(bytes.data()), static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(written));
    return out;
}

CORPS_DECL std::optional<std::string> base64Decode(std::string_view text) {
    // OpenSSL skips white space at both ends and counts '=' for zero bits: what it would forgive is refused
    // before.
    if (text.size() % 4 != 0 || text.size() > INT_MAX / 2) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
    std::string_view const digits = text.substr(0, text.size() - padding);
    bool const clean = std::all_of(digits.begin(), digits.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
               c == '/';
    });
    if (!clean) return std::nullopt;
    std::string out(text.size() / 4 * 3, '\0');
    int const written =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<unsigned char const*>(text.data()), static_cast<int>(text.size()));
    if (written < 0 || static_cast<std::size_t>(written) != out.size()) return std::nullopt;
    out.resize(out.size() - padding);
    return out;
}

}  // namespace corps
