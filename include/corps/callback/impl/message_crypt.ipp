#pragma once

#include <corps/callback/message_crypt.hpp>
#include <corps/crypto/base64.hpp>
#include <corps/crypto/cipher.hpp>
#include <corps/crypto/digest.hpp>
#include <corps/error/error.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace corps {

namespace detail {

inline constexpr std::size_t kMessageHead = 16 + 4;  // random bytes, length
inline constexpr std::size_t kMessageBlock = 32;

/** 32 bytes of 43 characters of Base64; empty when they are none. */
CORPS_DECL Secret messageKey(std::string_view aesKey) {
    if (aesKey.size() != 43) return Secret();
    // The padding stands for zero bits: what OpenSSL makes of the spare ones is the 33rd byte, cut off.
    std::optional<std::string> bytes = base64Decode(std::string(aesKey) + '=');
    if (!bytes || bytes->size() != 32) return Secret();
    return Secret(std::move(*bytes));
}

}  // namespace detail

CORPS_DECL MessageCrypt::MessageCrypt(Secret token, Secret const& aesKey)
    : token_(std::move(token)), key_(detail::messageKey(aesKey.reveal())) {
    if (token_.empty())
        throw Error(Errc::config, "token of the callbacks: expected a text that is not empty");
    if (key_.empty())
        throw Error(Errc::config, "key of the callbacks: expected the 43 letters and digits of the console");
}

CORPS_DECL std::string MessageCrypt::signature(std::string_view timestamp, std::string_view nonce,
                                               std::string_view encrypted) const {
    std::array<std::string_view, 4> parts{token_.reveal(), timestamp, nonce, encrypted};
    std::sort(parts.begin(), parts.end());
    std::string all;
    all.reserve(parts[0].size() + parts[1].size() + parts[2].size() + parts[3].size());
    for (std::string_view const part : parts) all += part;
    std::string out = toHex(sha1(all));
    Secret const wiped(std::move(all));  // it holds the token
    return out;
}

CORPS_DECL bool MessageCrypt::verify(std::string_view signature, std::string_view timestamp,
                                     std::string_view nonce, std::string_view encrypted) const {
    return constantTimeEqual(this->signature(timestamp, nonce, encrypted), signature);
}

CORPS_DECL std::optional<CallbackMessage> MessageCrypt::decrypt(std::string_view encrypted) const {
    std::optional<std::string> const bytes = base64Decode(encrypted);
    if (!bytes || bytes->size() < detail::kMessageHead || bytes->size() % 16 != 0) return std::nullopt;
    std::string_view const key = key_.reveal();
    std::string const padded = aes256CbcDecrypt(key, key.substr(0, 16), *bytes);
    std::size_t const padding = static_cast<unsigned char>(padded.back());
    if (padding < 1 || padding > detail::kMessageBlock || padded.size() < detail::kMessageHead + padding)
        return std::nullopt;
    std::string_view plain = padded;
    std::string_view const tail = plain.substr(plain.size() - padding);
    if (tail.find_first_not_of(tail.back()) != std::string_view::npos) return std::nullopt;
    plain.remove_suffix(padding);
    std::uint32_t size = 0;
    for (char const c : plain.substr(16, 4)) size = size << 8 | static_cast<unsigned char>(c);
    plain.remove_prefix(detail::kMessageHead);
    if (size > plain.size()) return std::nullopt;
    return CallbackMessage{std::string(plain.substr(0, size)), std::string(plain.substr(size))};
}

CORPS_DECL std::optional<CallbackMessage> MessageCrypt::open(std::string_view signature,
                                                             std::string_view timestamp,
                                                             std::string_view nonce,
                                                             std::string_view encrypted) const {
    if (!verify(signature, timestamp, nonce, encrypted)) return std::nullopt;
    return decrypt(encrypted);
}

CORPS_DECL std::string MessageCrypt::encrypt(std::string_view text, std::string_view receiveId) const {
    return encryptWith(toHex(randomBytes(8)), text, receiveId);
}

CORPS_DECL std::string MessageCrypt::encryptWith(std::string_view random, std::string_view text,
                                                 std::string_view receiveId) const {
    if (random.size() != 16 || text.size() > UINT32_MAX)
        throw Error(Errc::invalidArgument, "a message to encrypt: 16 random bytes and less than 4 GiB");
    std::string plain(random);
    for (int shift = 24; shift >= 0; shift -= 8)
        plain += static_cast<char>(static_cast<unsigned char>(text.size() >> shift & 0xFF));
    plain += text;
    plain += receiveId;
    std::size_t const padding = detail::kMessageBlock - plain.size() % detail::kMessageBlock;
    plain.append(padding, static_cast<char>(padding));
    std::string_view const key = key_.reveal();
    return base64Encode(aes256CbcEncrypt(key, key.substr(0, 16), plain));
}

}  // namespace corps
