#pragma once

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/** How those who get events read them: with nothing of what the emulators write them with. */
namespace emulator_test {

inline void must(bool fine, const char* what) {
    if (!fine) {
        throw std::runtime_error(what);
    }
}

/** Base64, the spare bits of the last letter ignored. */
inline std::string unbase64(std::string_view text) {
    must(!text.empty() && text.size() % 4 == 0, "Base64: whole groups of four");
    std::string out(text.size() / 4 * 3, '\0');
    const int size =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    must(size >= 0, "Base64: a foreign letter");
    const auto padding = static_cast<std::size_t>(std::count(text.end() - 2, text.end(), '='));
    out.resize(static_cast<std::size_t>(size) - padding);
    return out;
}

inline std::string base64(std::string_view bytes) {
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

inline std::string digest(const EVP_MD* kind, std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned int size = 0;
    must(EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, kind, nullptr) == 1, "digest");
    return {reinterpret_cast<const char*>(out.data()), size};
}

inline std::string hex(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        static constexpr char kHex[] = "0123456789abcdef";
        out += kHex[static_cast<unsigned char>(c) >> 4U];
        out += kHex[static_cast<unsigned char>(c) & 15U];
    }
    return out;
}

inline std::string aes256(bool encrypt, std::string_view key, std::string_view iv, std::string_view bytes) {
    const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(),
                                                                                  &EVP_CIPHER_CTX_free);
    const auto in = [](std::string_view v) { return reinterpret_cast<const unsigned char*>(v.data()); };
    std::string out(bytes.size() + 32, '\0');
    int size = 0;
    int rest = 0;
    must(key.size() == 32 && iv.size() == 16 && bytes.size() % 16 == 0, "AES: sizes");
    must(EVP_CipherInit_ex(context.get(), EVP_aes_256_cbc(), nullptr, in(key), in(iv), encrypt ? 1 : 0) == 1,
         "AES");
    EVP_CIPHER_CTX_set_padding(context.get(), 0);
    must(EVP_CipherUpdate(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, in(bytes),
                          static_cast<int>(bytes.size())) == 1,
         "AES");
    must(EVP_CipherFinal_ex(context.get(), reinterpret_cast<unsigned char*>(out.data()) + size, &rest) == 1,
         "AES");
    out.resize(static_cast<std::size_t>(size + rest));
    return out;
}

inline std::string unpad(std::string text, std::size_t most) {
    const auto fill = text.empty() ? 0U : static_cast<unsigned char>(text.back());
    must(fill >= 1 && fill <= most && fill <= text.size(), "padding");
    for (std::size_t i = text.size() - fill; i < text.size(); ++i) {
        must(static_cast<unsigned char>(text[i]) == fill, "padding");
    }
    text.resize(text.size() - fill);
    return text;
}

// DingTalk and WeCom

inline std::string sortedSha1(std::string_view token, std::string_view timestamp, std::string_view nonce,
                              std::string_view encrypted) {
    std::vector<std::string> parts{std::string(token), std::string(timestamp), std::string(nonce),
                                   std::string(encrypted)};
    std::sort(parts.begin(), parts.end());
    return hex(digest(EVP_sha1(), parts[0] + parts[1] + parts[2] + parts[3]));
}

struct Opened {
    std::string message;
    std::string owner;
};

inline Opened openMessage(std::string_view aesKey, std::string_view encrypted) {
    const std::string key = unbase64(std::string(aesKey) + "=");
    const std::string plain = unpad(aes256(false, key, key.substr(0, 16), unbase64(encrypted)), 32);
    must(plain.size() >= 20, "too short");
    std::size_t size = 0;
    for (std::size_t i = 16; i < 20; ++i) {
        size = size * 256 + static_cast<unsigned char>(plain[i]);
    }
    must(size <= plain.size() - 20, "length");
    return {plain.substr(20, size), plain.substr(20 + size)};
}

inline std::string sealMessage(std::string_view aesKey, const std::string& message,
                               const std::string& owner) {
    const std::string key = unbase64(std::string(aesKey) + "=");
    std::string plain = "fedcba9876543210";
    plain += {'\0', '\0', static_cast<char>(message.size() / 256), static_cast<char>(message.size() % 256)};
    plain += message + owner;
    const std::size_t fill = 32 - plain.size() % 32;
    plain.append(fill, static_cast<char>(fill));
    return base64(aes256(true, key, key.substr(0, 16), plain));
}

// Feishu

inline std::string openFeishu(std::string_view encryptKey, std::string_view encrypted) {
    const std::string bytes = unbase64(encrypted);
    must(bytes.size() > 16, "too short");
    return unpad(aes256(false, digest(EVP_sha256(), encryptKey), bytes.substr(0, 16), bytes.substr(16)), 16);
}

inline std::string feishuSignature(std::string_view timestamp, std::string_view nonce,
                                   std::string_view encryptKey, std::string_view body) {
    std::string all;
    for (const std::string_view part : {timestamp, nonce, encryptKey, body}) {
        all += part;
    }
    return hex(digest(EVP_sha256(), all));
}

/** A list of one text. */
inline boost::json::value listOf(const std::string& text) {
    boost::json::array out;
    out.emplace_back(text);
    return out;
}

/** The content of the first element of that name, without CDATA; `-` when there is none. */
inline std::string element(std::string_view xml, const std::string& name) {
    const auto begin = xml.find("<" + name + ">");
    if (begin == std::string_view::npos) {
        return "-";
    }
    std::string_view rest = xml.substr(begin + name.size() + 2);
    rest = rest.substr(0, rest.find("</" + name + ">"));
    if (rest.starts_with("<![CDATA[")) {
        rest.remove_prefix(9);
        must(rest.ends_with("]]>"), "CDATA");
        rest.remove_suffix(3);
    }
    return std::string(rest);
}

}  // namespace emulator_test
