#pragma once

#include <corps/model/cell.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace corps::detail {

/** 128 bits that stand for some bytes. All zero stands for nothing and equals no fingerprint of a unit. */
struct Fingerprint {
    std::uint64_t lo = 0;
    std::uint64_t hi = 0;
    [[nodiscard]] constexpr bool none() const noexcept { return lo == 0 && hi == 0; }
    friend constexpr bool operator==(Fingerprint const&, Fingerprint const&) = default;
};

/** Secret of one store: members choose their own field values, so that an unkeyed hash could be made to
 * collide. */
struct FingerprintKey {
    std::uint64_t word[4] = {0x9e3779b97f4a7c15ULL, 0xd1b54a32d192ed03ULL, 0x8bb84b93962eacc9ULL,
                             0x2d358dccaa6c78a5ULL};
};

__extension__ typedef unsigned __int128 Wide;

[[nodiscard]] inline std::uint64_t foldedMultiply(std::uint64_t a, std::uint64_t b) noexcept {
    Wide const m = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(m) ^ static_cast<std::uint64_t>(m >> 64);
}

[[nodiscard]] inline std::uint64_t load64(char const* p) noexcept {
    std::uint64_t v;
    std::memcpy(&v, p, 8);
    if constexpr (std::endian::native == std::endian::big) v = __builtin_bswap64(v);
    return v;
}

/**
 * Keyed 128-bit hash: two chains of folded multiplications over 16-byte steps, under different parts of the
 * key. `seed` mixes in where the bytes stand.
 */
[[nodiscard]] inline Fingerprint fingerprint(FingerprintKey const& key, std::uint64_t seed,
                                             std::string_view bytes) noexcept {
    std::uint64_t a = key.word[0] ^ seed;
    std::uint64_t b = key.word[1] ^ std::rotl(seed, 32);
    char const* p = bytes.data();
    std::size_t n = bytes.size();
    auto step = [&](std::uint64_t x, std::uint64_t y) {
        a = foldedMultiply(a ^ x ^ key.word[2], y ^ key.word[0]) + std::rotl(a, 23);
        b = foldedMultiply(b ^ y ^ key.word[3], x ^ key.word[1]) + std::rotl(b, 29);
    };
    while (n >= 16) {
        step(load64(p), load64(p + 8));
        p += 16;
        n -= 16;
    }
    if (n > 0) {
        char tail[16] = {};
        std::memcpy(tail, p, n);
        step(load64(tail), load64(tail + 8));
    }
    step(bytes.size(), seed);
    Fingerprint f{foldedMultiply(a ^ key.word[3], b ^ key.word[2]),
                  foldedMultiply(b + key.word[0], a ^ key.word[1])};
    if (f.none()) f.lo = 1;
    return f;
}

/** Sum of fingerprints, independent of order; adding and taking away the same value cancel out. */
struct RollingSum {
    std::uint64_t lo = 0;
    std::uint64_t hi = 0;
    void add(Fingerprint const& f) noexcept {
        lo += f.lo;
        hi += f.hi;
    }
    void subtract(Fingerprint const& f) noexcept {
        lo -= f.lo;
        hi -= f.hi;
    }
    void add(RollingSum const& s) noexcept {
        lo += s.lo;
        hi += s.hi;
    }
    friend bool operator==(RollingSum const&, RollingSum const&) = default;
};

}  // namespace corps::detail
