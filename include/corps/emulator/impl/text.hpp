#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

/**
 * @file
 * Text and hashing that the emulators share. Nothing here is meant to keep a secret.
 */
namespace corps::emulator::detail {

/** Appends a number in decimal. */
template <std::integral T>
void appendNumber(std::string& out, T value) {
    char buffer[24];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    out.append(buffer, static_cast<std::size_t>(end - buffer));
}

/** Where something stands: `list[index]` or `list[index].key`. */
inline std::string place(std::string_view list, std::size_t index, std::string_view key = {}) {
    std::string out(list);
    out += '[';
    appendNumber(out, index);
    out += ']';
    if (!key.empty()) {
        out += '.';
        out += key;
    }
    return out;
}

/** Appends a JSON string with its quotes. The text must be UTF-8. */
inline void appendJson(std::string& out, std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    out.push_back('"');
    std::size_t clean = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        out.append(text, clean, i - clean);
        clean = i + 1;
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            default:
                out += "\\u00";
                out.push_back(kHex[c >> 4U]);
                out.push_back(kHex[c & 15U]);
        }
    }
    out.append(text, clean, text.size() - clean);
    out.push_back('"');
}

/** What a stranger sent, made fit to be quoted in an answer: ASCII, and not too long. */
inline std::string quotable(std::string_view text) {
    std::string out(text.substr(0, 128));
    for (char& c : out) {
        if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) {
            c = '?';
        }
    }
    return out;
}

inline constexpr std::uint64_t mix64(std::uint64_t x) noexcept {
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31U);
}

/** 128 bits that stand for a text. Stable: ids made of it are the same in every run. */
struct Id128 {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    friend bool operator==(const Id128&, const Id128&) = default;
    friend auto operator<=>(const Id128&, const Id128&) = default;
};

/** A running hash; parts are kept apart. */
class Hash128 {
public:
    explicit Hash128(std::string_view domain) noexcept { add(domain); }

    Hash128& add(std::string_view part) noexcept {
        for (const char c : part) {
            const auto byte = static_cast<unsigned char>(c);
            a_ = (a_ ^ byte) * 0x100000001b3ULL;
            b_ = (b_ + byte) * 0xd6e8feb86659fd93ULL;
            b_ ^= b_ >> 32U;
        }
        return add(static_cast<std::uint64_t>(part.size()));
    }

    Hash128& add(std::uint64_t part) noexcept {
        a_ = mix64(a_ ^ part);
        b_ = mix64(b_ + (part ^ a_));
        return *this;
    }

    [[nodiscard]] Id128 id() const noexcept { return {mix64(a_ ^ (b_ << 1U)), mix64(b_ ^ mix64(a_))}; }

private:
    std::uint64_t a_ = 0xcbf29ce484222325ULL;
    std::uint64_t b_ = 0x2545f4914f6cdd1dULL;
};

/** Puts a list into an order drawn from the seed; the same list, called the same, comes in the same order. */
template <class T>
void shuffle(std::vector<T>& items, std::string_view name, std::uint64_t seed) {
    std::uint64_t state = Hash128("shuffle").add(name).add(seed).id().low;
    for (std::size_t i = items.size(); i > 1; --i) {
        std::swap(items[i - 1], items[static_cast<std::size_t>(mix64(state++) % i)]);
    }
}

inline void appendHex(std::string& out, std::uint64_t value, int digits = 16) {
    static constexpr char kHex[] = "0123456789abcdef";
    for (int i = digits - 1; i >= 0; --i) {
        out.push_back(kHex[(value >> (4U * static_cast<unsigned>(i))) & 15U]);
    }
}

inline void appendHex(std::string& out, const Id128& id) {
    appendHex(out, id.high);
    appendHex(out, id.low);
}

/** The id written as 32 lower-case hexadecimal digits, or nothing. */
inline std::optional<Id128> parseHex(std::string_view text) noexcept {
    if (text.size() != 32) {
        return std::nullopt;
    }
    std::array<std::uint64_t, 2> halves{};
    for (std::size_t i = 0; i < 32; ++i) {
        const char c = text[i];
        std::uint64_t digit = 0;
        if (c >= '0' && c <= '9') {
            digit = static_cast<std::uint64_t>(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            digit = static_cast<std::uint64_t>(c - 'a') + 10U;
        } else {
            return std::nullopt;
        }
        halves[i / 16] = (halves[i / 16] << 4U) | digit;
    }
    return Id128{halves[0], halves[1]};
}

inline constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
inline constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

inline std::string base64Encode(std::string_view bytes, std::string_view alphabet = kBase64,
                                bool padded = true) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        const std::size_t n = bytes.size() - i < 3 ? bytes.size() - i : 3;
        for (std::size_t k = 0; k < 3; ++k) {
            group = (group << 8U) | (k < n ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            if (k <= n) {
                out.push_back(alphabet[(group >> (18U - 6U * static_cast<unsigned>(k))) & 63U]);
            } else if (padded) {
                out.push_back('=');
            }
        }
    }
    return out;
}

/** Strict: the standard alphabet with its padding, nothing else. */
inline std::optional<std::string> base64Decode(std::string_view text) {
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += 4) {
        std::uint32_t group = 0;
        std::size_t padding = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            const char c = text[i + k];
            std::size_t value = 0;
            if (c == '=' && i + 4 == text.size() && k >= 2) {
                ++padding;
            } else {
                value = kBase64.find(c);
                if (value == std::string_view::npos || padding != 0) {
                    return std::nullopt;
                }
            }
            group = (group << 6U) | static_cast<std::uint32_t>(value);
        }
        for (std::size_t k = 0; k < 3 - padding; ++k) {
            out.push_back(static_cast<char>((group >> (16U - 8U * static_cast<unsigned>(k))) & 255U));
        }
    }
    return out;
}

/** Percent-decoding; in a query `+` is a space. A stray `%` stays as it is. */
inline std::string percentDecode(std::string_view text, bool query) {
    const auto digit = [](char c) -> int {
        if (c >= '0' && c <= '9') {
            return c - '0';
        }
        if (c >= 'a' && c <= 'f') {
            return c - 'a' + 10;
        }
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    };
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
            out.push_back(static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])));
            i += 2;
        } else {
            out.push_back(query && text[i] == '+' ? ' ' : text[i]);
        }
    }
    return out;
}

/** The names and values of a query or a form, decoded, in their order. */
inline void splitQuery(std::string_view text, std::vector<std::pair<std::string, std::string>>& out) {
    while (!text.empty()) {
        const auto end = std::min(text.find('&'), text.size());
        const auto part = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (part.empty()) {
            continue;
        }
        const auto equals = std::min(part.find('='), part.size());
        const auto value = equals < part.size() ? part.substr(equals + 1) : std::string_view{};
        out.emplace_back(percentDecode(part.substr(0, equals), true), percentDecode(value, true));
    }
}

inline std::string percentEncode(std::string_view text) {
    static constexpr char kHex[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            out.push_back(c);
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out.push_back('%');
            out.push_back(kHex[byte >> 4U]);
            out.push_back(kHex[byte & 15U]);
        }
    }
    return out;
}

/** A whole text as a number, or nothing. */
template <std::integral T>
std::optional<T> parseNumber(std::string_view text) noexcept {
    T value{};
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc{} || result.ptr != text.data() + text.size() || text.empty()) {
        return std::nullopt;
    }
    return value;
}

/** Days since 1970-01-01 of a date in the form YYYY-MM-DD, or nothing. */
inline std::optional<std::int64_t> parseDate(std::string_view text) noexcept {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') {
        return std::nullopt;
    }
    const auto year = parseNumber<unsigned>(text.substr(0, 4));
    const auto month = parseNumber<unsigned>(text.substr(5, 2));
    const auto day = parseNumber<unsigned>(text.substr(8, 2));
    if (!year || !month || !day || *month < 1 || *month > 12 || *day < 1) {
        return std::nullopt;
    }
    constexpr std::array<unsigned, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (*year % 4 == 0 && *year % 100 != 0) || *year % 400 == 0;
    if (*day > kDays[*month - 1] + (leap && *month == 2 ? 1U : 0U)) {
        return std::nullopt;
    }
    // Civil calendar to day number, with the year starting in March.
    const std::int64_t y = static_cast<std::int64_t>(*year) - (*month <= 2 ? 1 : 0);
    const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
    const std::int64_t yearOfEra = y - era * 400;
    const std::int64_t dayOfYear =
        (153 * (static_cast<std::int64_t>(*month) + (*month > 2 ? -3 : 9)) + 2) / 5 +
        static_cast<std::int64_t>(*day) - 1;
    return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468;
}

/** SHA-256, for the code challenge of a login. */
inline std::string sha256(std::string_view text) {
    static constexpr std::array<std::uint32_t, 64> kRound{
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
    std::array<std::uint32_t, 8> state{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    std::string data(text);
    data.push_back(static_cast<char>(0x80));
    while (data.size() % 64 != 56) {
        data.push_back('\0');
    }
    const std::uint64_t bits = static_cast<std::uint64_t>(text.size()) * 8U;
    for (int i = 7; i >= 0; --i) {
        data.push_back(static_cast<char>((bits >> (8U * static_cast<unsigned>(i))) & 255U));
    }
    const auto rotate = [](std::uint32_t x, unsigned n) { return (x >> n) | (x << (32U - n)); };
    for (std::size_t block = 0; block < data.size(); block += 64) {
        std::array<std::uint32_t, 64> w{};
        for (std::size_t i = 0; i < 64; ++i) {
            w[i / 4] |= static_cast<std::uint32_t>(static_cast<unsigned char>(data[block + i]))
                        << (24U - 8U * (i % 4U));
        }
        for (std::size_t i = 16; i < 64; ++i) {
            const std::uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ (w[i - 15] >> 3U);
            const std::uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ (w[i - 2] >> 10U);
            w[i] = w[i - 16] + s0 + w[i - 7] + s1;
        }
        auto v = state;
        for (std::size_t i = 0; i < 64; ++i) {
            const std::uint32_t s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
            const std::uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + kRound[i] + w[i];
            const std::uint32_t s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
            const std::uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
            v = {t1 + t2, v[0], v[1], v[2], v[3] + t1, v[4], v[5], v[6]};
        }
        for (std::size_t i = 0; i < 8; ++i) {
            state[i] += v[i];
        }
    }
    std::string out;
    for (const std::uint32_t word : state) {
        for (int i = 3; i >= 0; --i) {
            out.push_back(static_cast<char>((word >> (8U * static_cast<unsigned>(i))) & 255U));
        }
    }
    return out;
}

}  // namespace corps::emulator::detail
