#pragma once

#include <corps/emulator/impl/text.hpp>

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/** @file What encrypts the files that WeCom exports. For emulated data: it keeps no secret from who measures
 * time. */
namespace corps::emulator::detail {

/** AES with a key of 32 bytes (FIPS 197), encrypting only. */
class Aes256 {
public:
    using Block = std::array<std::uint8_t, 16>;

    explicit Aes256(std::string_view key) noexcept {
        makeBox();
        for (std::size_t i = 0; i < 32; ++i) {
            round_[i] = static_cast<std::uint8_t>(key[i]);
        }
        std::uint8_t constant = 1;
        for (std::size_t i = 32; i < round_.size(); i += 4) {
            std::array<std::uint8_t, 4> word{round_[i - 4], round_[i - 3], round_[i - 2], round_[i - 1]};
            if (i % 32 == 0) {
                word = {static_cast<std::uint8_t>(box_[word[1]] ^ constant), box_[word[2]], box_[word[3]],
                        box_[word[0]]};
                constant = twice(constant);
            } else if (i % 32 == 16) {
                word = {box_[word[0]], box_[word[1]], box_[word[2]], box_[word[3]]};
            }
            for (std::size_t k = 0; k < 4; ++k) {
                round_[i + k] = round_[i + k - 32] ^ word[k];
            }
        }
    }

    void encrypt(Block& block) const noexcept {
        addKey(block, 0);
        for (std::size_t round = 1; round <= 14; ++round) {
            Block moved{};
            for (std::size_t i = 0; i < 16; ++i) {  // each row moves on by its number
                moved[i] = box_[block[(i + 4 * (i % 4)) % 16]];
            }
            if (round < 14) {
                for (std::size_t column = 0; column < 16; column += 4) {
                    const std::array<std::uint8_t, 4> a{moved[column], moved[column + 1], moved[column + 2],
                                                        moved[column + 3]};
                    for (std::size_t k = 0; k < 4; ++k) {
                        const std::uint8_t next = a[(k + 1) % 4];
                        moved[column + k] = static_cast<std::uint8_t>(twice(a[k]) ^ twice(next) ^ next ^
                                                                      a[(k + 2) % 4] ^ a[(k + 3) % 4]);
                    }
                }
            }
            block = moved;
            addKey(block, round);
        }
    }

private:
    static std::uint8_t twice(std::uint8_t x) noexcept {
        return static_cast<std::uint8_t>((x << 1U) ^ ((x & 0x80U) != 0 ? 0x1b : 0));
    }
    void addKey(Block& block, std::size_t round) const noexcept {
        for (std::size_t i = 0; i < 16; ++i) {
            block[i] = static_cast<std::uint8_t>(block[i] ^ round_[round * 16 + i]);
        }
    }
    /** The substitution: p runs through the powers of 3, q through those of its inverse. */
    void makeBox() noexcept {
        std::uint8_t p = 1;
        std::uint8_t q = 1;
        do {
            p = static_cast<std::uint8_t>(p ^ twice(p));
            q = static_cast<std::uint8_t>(q ^ (q << 1U));
            q = static_cast<std::uint8_t>(q ^ (q << 2U));
            q = static_cast<std::uint8_t>(q ^ (q << 4U));
            q = static_cast<std::uint8_t>(q ^ ((q & 0x80U) != 0 ? 0x09 : 0));
            box_[p] = static_cast<std::uint8_t>(q ^ std::rotl(q, 1) ^ std::rotl(q, 2) ^ std::rotl(q, 3) ^
                                                std::rotl(q, 4) ^ 0x63);
        } while (p != 1);
        box_[0] = 0x63;
    }

    std::array<std::uint8_t, 256> box_{};
    std::array<std::uint8_t, 240> round_{};
};

/** AES-256-CBC; the first half of the key is the first block, and the text is filled up to 32 bytes. */
inline std::string encryptExport(std::string_view key, std::string text) {
    const std::size_t fill = 32 - text.size() % 32;
    text.append(fill, static_cast<char>(fill));
    const Aes256 cipher(key);
    Aes256::Block block{};
    for (std::size_t i = 0; i < 16; ++i) {
        block[i] = static_cast<std::uint8_t>(key[i]);
    }
    for (std::size_t at = 0; at < text.size(); at += 16) {
        for (std::size_t i = 0; i < 16; ++i) {
            block[i] = static_cast<std::uint8_t>(block[i] ^ static_cast<std::uint8_t>(text[at + i]));
        }
        cipher.encrypt(block);
        for (std::size_t i = 0; i < 16; ++i) {
            text[at + i] = static_cast<char>(block[i]);
        }
    }
    return text;
}

/** MD5 in hexadecimal digits (RFC 1321). */
inline std::string md5(std::string_view bytes) {
    static constexpr std::array<int, 16> kShift{7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21};
    std::string text(bytes);
    text += static_cast<char>(0x80);
    text.append((120 - text.size() % 64) % 64, '\0');
    for (unsigned i = 0; i < 8; ++i) {
        text += static_cast<char>(((static_cast<std::uint64_t>(bytes.size()) * 8U) >> (8U * i)) & 255U);
    }
    std::array<std::uint32_t, 4> sum{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    for (std::size_t at = 0; at < text.size(); at += 64) {
        std::array<std::uint32_t, 16> words{};
        for (std::size_t i = 0; i < 64; ++i) {
            words[i / 4] |= static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + i]))
                            << (8U * (i % 4));
        }
        auto [a, b, c, d] = sum;
        for (std::uint32_t i = 0; i < 64; ++i) {
            const std::uint32_t round = i / 16;
            const std::uint32_t mixed = round == 0   ? (b & c) | (~b & d)
                                        : round == 1 ? (d & b) | (~d & c)
                                        : round == 2 ? b ^ c ^ d
                                                     : c ^ (b | ~d);
            const std::uint32_t word = round == 0   ? i
                                       : round == 1 ? 5 * i + 1
                                       : round == 2 ? 3 * i + 5
                                                    : 7 * i;
            const auto constant = static_cast<std::uint32_t>(
                std::floor(4294967296.0 * std::fabs(std::sin(static_cast<double>(i + 1)))));
            const std::uint32_t turned =
                std::rotl(a + mixed + constant + words[word % 16], kShift[round * 4 + i % 4]);
            a = d;
            d = c;
            c = b;
            b += turned;
        }
        sum = {sum[0] + a, sum[1] + b, sum[2] + c, sum[3] + d};
    }
    std::string out;
    for (const std::uint32_t word : sum) {
        for (unsigned i = 0; i < 4; ++i) {
            appendHex(out, (word >> (8U * i)) & 255U, 2);
        }
    }
    return out;
}

}  // namespace corps::emulator::detail
