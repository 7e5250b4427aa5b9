// How DingTalk and WeCom make their events unreadable: the same way, but for what they call the owner.
#pragma once

#include <corps/crypto/cipher.hpp>
#include <corps/crypto/digest.hpp>
#include <corps/emulator/impl/text.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace corps::emulator::detail {

/** A token and a key of 43 letters and digits, and what is done with them (WeCom: document/path/90968;
 * DingTalk: the page on event subscription over HTTP). */
class MessageCrypt {
public:
    struct Opened {
        std::string message;
        std::string owner;
    };

    /** @throws std::invalid_argument for another key. */
    MessageCrypt(std::string token, std::string_view aesKey) : token_(std::move(token)) {
        auto key = aesKey.size() == 43 ? base64Decode(std::string(aesKey) + "=") : std::nullopt;
        if (!key) {
            throw std::invalid_argument("aesKey: expected 43 letters and digits");
        }
        key_ = std::move(*key);
    }

    /** @param random 16 bytes to begin with. */
    [[nodiscard]] std::string encrypt(std::string_view message, std::string_view owner,
                                      std::string_view random) const {
        std::string plain(random);
        for (int shift = 24; shift >= 0; shift -= 8) {
            plain.push_back(static_cast<char>((message.size() >> static_cast<unsigned>(shift)) & 255U));
        }
        plain += message;
        plain += owner;
        const std::size_t fill = 32 - plain.size() % 32;
        plain.append(fill, static_cast<char>(fill));
        return base64Encode(aes256CbcEncrypt(key_, iv(), plain));
    }
    [[nodiscard]] std::string encrypt(std::string_view message, std::string_view owner) const {
        return encrypt(message, owner, someLetters(16));
    }

    /** Nothing when it was not encrypted so. */
    [[nodiscard]] std::optional<Opened> decrypt(std::string_view encrypted) const {
        const auto bytes = base64Decode(encrypted);
        if (!bytes || bytes->empty() || bytes->size() % 16 != 0) {
            return std::nullopt;
        }
        std::string plain = aes256CbcDecrypt(key_, iv(), *bytes);
        const auto fill = static_cast<unsigned char>(plain.back());
        if (fill < 1 || fill > 32 || fill > plain.size()) {
            return std::nullopt;
        }
        plain.resize(plain.size() - fill);
        if (plain.size() < 20) {
            return std::nullopt;
        }
        std::size_t size = 0;
        for (std::size_t i = 16; i < 20; ++i) {
            size = (size << 8U) | static_cast<unsigned char>(plain[i]);
        }
        if (size > plain.size() - 20) {
            return std::nullopt;
        }
        return Opened{plain.substr(20, size), plain.substr(20 + size)};
    }

    [[nodiscard]] std::string signature(std::string_view timestamp, std::string_view nonce,
                                        std::string_view encrypted) const {
        std::array<std::string_view, 4> parts{token_, timestamp, nonce, encrypted};
        std::sort(parts.begin(), parts.end());
        std::string all;
        for (const std::string_view part : parts) {
            all += part;
        }
        return toHex(sha1(all));
    }

    /** So many random letters and digits. */
    [[nodiscard]] static std::string someLetters(std::size_t n) {
        std::string out = randomBytes(n);
        for (char& c : out) {
            c = kBase64[static_cast<unsigned char>(c) % 62U];
        }
        return out;
    }
    [[nodiscard]] static std::string someDigits(std::size_t n) {
        std::string out = randomBytes(n);
        for (char& c : out) {
            c = static_cast<char>('0' + static_cast<unsigned char>(c) % 10U);
        }
        out.front() = out.front() == '0' ? '1' : out.front();
        return out;
    }

private:
    [[nodiscard]] std::string_view iv() const noexcept { return std::string_view(key_).substr(0, 16); }

    std::string token_;
    std::string key_;
};

/** Spoils what was encrypted, so that it stays Base64 and cannot be read. */
inline void garble(std::string& encrypted) {
    // In the first block: it holds the beginning, without which the rest has no length.
    for (std::size_t i = 0; i < encrypted.size() && i < 32; ++i) {
        encrypted[i] = encrypted[i] == 'A' ? 'B' : 'A';
    }
}

}  // namespace corps::emulator::detail
