#pragma once

#include <corps/sync/options.hpp>

namespace corps {

CORPS_DECL std::string RemovalDigest::str() const {
    static constexpr char kHex[] = "0123456789abcdef";
    std::string out;
    for (std::uint8_t b : bytes) {
        out += kHex[b >> 4];
        out += kHex[b & 15];
    }
    return out;
}

CORPS_DECL std::optional<RemovalDigest> RemovalDigest::parse(std::string_view text) noexcept {
    RemovalDigest d;
    if (text.size() != 2 * d.bytes.size()) return std::nullopt;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        int v = -1;
        if (c >= '0' && c <= '9') v = c - '0';
        if (c >= 'a' && c <= 'f') v = c - 'a' + 10;
        if (c >= 'A' && c <= 'F') v = c - 'A' + 10;
        if (v < 0) return std::nullopt;
        d.bytes[i / 2] = static_cast<std::uint8_t>(d.bytes[i / 2] * 16 + v);
    }
    return d;
}

}  // namespace corps
