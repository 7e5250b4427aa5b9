// How WeCom encrypts the files of exports.
#pragma once

#include <corps/crypto/cipher.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace corps::emulator::detail {

/** AES-256-CBC; the first half of the key is the first block, and the text is filled up to 32 bytes. */
inline std::string encryptExport(std::string_view key, std::string text) {
    const std::size_t fill = 32 - text.size() % 32;
    text.append(fill, static_cast<char>(fill));
    return aes256CbcEncrypt(key, key.substr(0, 16), text);
}

}  // namespace corps::emulator::detail
