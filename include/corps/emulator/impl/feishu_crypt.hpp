// How Feishu encrypts and signs its events.
#pragma once

#include <corps/crypto/cipher.hpp>
#include <corps/crypto/digest.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace corps::emulator::detail::feishu {

/** AES-256-CBC under the SHA-256 of the key, with the first block before it. @param iv 16 bytes. */
inline std::string encryptEvent(std::string_view encryptKey, std::string_view iv, std::string text) {
    const std::size_t fill = 16 - text.size() % 16;
    text.append(fill, static_cast<char>(fill));
    return std::string(iv) + aes256CbcEncrypt(corps::sha256(encryptKey), iv, text);
}

/** What stands in `X-Lark-Signature`. */
inline std::string eventSignature(std::string_view timestamp, std::string_view nonce,
                                  std::string_view encryptKey, std::string_view body) {
    std::string all(timestamp);
    all += nonce;
    all += encryptKey;
    all += body;
    return toHex(corps::sha256(all));
}

}  // namespace corps::emulator::detail::feishu
