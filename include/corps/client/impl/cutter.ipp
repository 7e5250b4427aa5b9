#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <corps/client/cutter.hpp>
#include <corps/error/error.hpp>

namespace corps::detail {

/** What 64 bytes of JSON hold, one bit for each byte. */
struct JsonBlock {
    std::uint64_t quote = 0;
    std::uint64_t backslash = 0;
    std::uint64_t open = 0;   ///< { and [
    std::uint64_t close = 0;  ///< } and ]
};

// '{' and '[' differ in one bit only, and so do '}' and ']': setting it makes one comparison of two.
inline JsonBlock scanJsonBlock(char const* bytes) noexcept {
    JsonBlock out;
#if defined(__AVX2__)
    for (int half = 0; half < 2; ++half) {
        __m256i const v = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(bytes + half * 32));
        __m256i const folded = _mm256_or_si256(v, _mm256_set1_epi8(0x20));
        auto const mask = [half](__m256i equal) {
            return static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(equal)))
                   << (half * 32);
        };
        out.quote |= mask(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('"')));
        out.backslash |= mask(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\')));
        out.open |= mask(_mm256_cmpeq_epi8(folded, _mm256_set1_epi8('{')));
        out.close |= mask(_mm256_cmpeq_epi8(folded, _mm256_set1_epi8('}')));
    }
#elif defined(__SSE2__)
    for (int quarter = 0; quarter < 4; ++quarter) {
        __m128i const v = _mm_loadu_si128(reinterpret_cast<__m128i const*>(bytes + quarter * 16));
        __m128i const folded = _mm_or_si128(v, _mm_set1_epi8(0x20));
        auto const mask = [quarter](__m128i equal) {
            return static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm_movemask_epi8(equal)))
                   << (quarter * 16);
        };
        out.quote |= mask(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
        out.backslash |= mask(_mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
        out.open |= mask(_mm_cmpeq_epi8(folded, _mm_set1_epi8('{')));
        out.close |= mask(_mm_cmpeq_epi8(folded, _mm_set1_epi8('}')));
    }
#else
    for (unsigned i = 0; i < 64; ++i) {
        std::uint64_t const bit = std::uint64_t{1} << i;
        switch (bytes[i]) {
            case '"': out.quote |= bit; break;
            case '\\': out.backslash |= bit; break;
            case '{':
            case '[': out.open |= bit; break;
            case '}':
            case ']': out.close |= bit; break;
            default: break;
        }
    }
#endif
    return out;
}

/** Bit i of the result: the parity of bits 0 to i. From quotes it makes "inside a text", the opening quote
 * included. */
inline std::uint64_t prefixXor(std::uint64_t bits) noexcept {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^= bits << 32;
    return bits;
}

/** Walks over JSON without building anything. */
class JsonWalk {
public:
    explicit JsonWalk(std::string_view text) noexcept
        : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()) {}

    [[nodiscard]] char const* at() const noexcept { return at_; }
    [[nodiscard]] bool atEnd() const noexcept { return at_ == end_; }
    /** The byte in hand; 0 at the end. */
    [[nodiscard]] char peek() const noexcept { return at_ == end_ ? '\0' : *at_; }

    void space() noexcept {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
    }

    void expect(char c, char const* what) {
        if (peek() != c) fail(what);
        ++at_;
    }

    /** Passes a text; what is between its quotes. */
    std::string_view text() {
        expect('"', "a text was expected");
        char const* const from = at_;
        while (at_ != end_) {
            if (*at_ == '"') {
                std::string_view const out(from, static_cast<std::size_t>(at_ - from));
                ++at_;
                return out;
            }
            if (*at_ == '\\' && ++at_ == end_) break;
            ++at_;
        }
        fail("a text does not end");
    }

    /** Passes one value of any kind; its bytes. */
    std::string_view value() {
        char const* const from = at_;
        switch (peek()) {
            case '{':
            case '[': container(); break;
            case '"': text(); break;
            default: scalar(); break;
        }
        return {from, static_cast<std::size_t>(at_ - from)};
    }

    /** Calls `member(key)` for each member, standing at its value, which the call must pass. */
    template <class F>
    void object(F&& member) {
        expect('{', "an object was expected");
        space();
        if (peek() == '}') {
            ++at_;
            return;
        }
        while (true) {
            std::string_view const key = text();
            space();
            expect(':', "':' was expected");
            space();
            member(key);
            space();
            if (peek() != ',') break;
            ++at_;
            space();
        }
        expect('}', "',' or '}' was expected");
    }

    [[noreturn]] void fail(char const* what) const {
        Diagnostics d;
        d.place = "byte " + std::to_string(at_ - begin_);
        throw Error(Errc::protocol, std::string("the answer is not well-formed JSON: ") + what, std::move(d));
    }

private:
    void scalar() {
        char const* const from = at_;
        while (at_ != end_) {
            char const c = *at_;
            bool const part = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              c == '-' || c == '+' || c == '.';
            if (!part) break;
            ++at_;
        }
        if (at_ == from) fail("a value was expected");
    }

    // Passes an object or array: 64 bytes at a time, looking at brackets outside texts only.
    void container() {
        constexpr std::size_t kDeepest = 1024;
        std::uint64_t objects[kDeepest / 64] = {};  // which of the open brackets are '{'
        std::size_t depth = 0;
        std::uint64_t inText = 0;       // all ones while a text goes on
        std::uint64_t escapedNext = 0;  // 1 when the last byte escapes the first of the next block
        char last[64];
        for (char const* block = at_; block < end_; block += 64) {
            char const* bytes = block;
            if (end_ - block < 64) {
                std::memset(last, ' ', sizeof(last));
                std::memcpy(last, block, static_cast<std::size_t>(end_ - block));
                bytes = last;
            }
            JsonBlock const b = scanJsonBlock(bytes);
            std::uint64_t escaped = escapedNext;
            std::uint64_t escapes = b.backslash & ~escapedNext;
            escapedNext = 0;
            while (escapes != 0) {
                int const i = std::countr_zero(escapes);
                if (i == 63) {
                    escapedNext = 1;
                    break;
                }
                escaped |= std::uint64_t{2} << i;
                escapes &= ~(std::uint64_t{3} << i);  // the next byte is escaped: it escapes nothing itself
            }
            std::uint64_t const texts = prefixXor(b.quote & ~escaped) ^ inText;
            inText = std::uint64_t{0} - (texts >> 63);
            std::uint64_t brackets = (b.open | b.close) & ~texts;
            while (brackets != 0) {
                int const i = std::countr_zero(brackets);
                brackets &= brackets - 1;
                char const c = bytes[i];
                if (((b.open >> i) & 1) != 0) {
                    if (depth == kDeepest) {
                        at_ = block + i;
                        fail("nested too deeply");
                    }
                    std::uint64_t const bit = std::uint64_t{1} << (depth % 64);
                    if (c == '{') {
                        objects[depth / 64] |= bit;
                    } else {
                        objects[depth / 64] &= ~bit;
                    }
                    ++depth;
                } else {
                    --depth;
                    bool const isObject = ((objects[depth / 64] >> (depth % 64)) & 1) != 0;
                    if (isObject != (c == '}')) {
                        at_ = block + i;
                        fail("brackets do not match");
                    }
                    if (depth == 0) {
                        at_ = block + i + 1;
                        return;
                    }
                }
            }
        }
        at_ = end_;
        fail(inText != 0 ? "a text does not end" : "a bracket is not closed");
    }

    char const* begin_;
    char const* at_;
    char const* end_;
};

inline void appendUtf8(std::string& out, std::uint32_t point) {
    auto const byte = [&out](std::uint32_t b) { out += static_cast<char>(static_cast<unsigned char>(b)); };
    if (point < 0x80) {
        byte(point);
    } else if (point < 0x800) {
        byte(0xC0 | (point >> 6));
        byte(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        byte(0xE0 | (point >> 12));
        byte(0x80 | ((point >> 6) & 0x3F));
        byte(0x80 | (point & 0x3F));
    } else {
        byte(0xF0 | (point >> 18));
        byte(0x80 | ((point >> 12) & 0x3F));
        byte(0x80 | ((point >> 6) & 0x3F));
        byte(0x80 | (point & 0x3F));
    }
}

/** The four digits of a \u at the start of `text`; nothing when they are not there. */
inline std::optional<std::uint32_t> fourHexDigits(std::string_view text) noexcept {
    if (text.size() < 4) return std::nullopt;
    std::uint32_t out = 0;
    for (char const c : text.substr(0, 4)) {
        std::uint32_t digit = 0;
        if (c >= '0' && c <= '9') {
            digit = static_cast<std::uint32_t>(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            digit = static_cast<std::uint32_t>(c - 'a') + 10;
        } else if (c >= 'A' && c <= 'F') {
            digit = static_cast<std::uint32_t>(c - 'A') + 10;
        } else {
            return std::nullopt;
        }
        out = out * 16 + digit;
    }
    return out;
}

/** The text between two quotes with its escapes decoded; nothing when an escape is none. */
inline std::optional<std::string> unescapeJson(std::string_view raw) {
    std::string out;
    out.reserve(raw.size());
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (raw[i] != '\\') {
            out += raw[i];
            continue;
        }
        if (++i == raw.size()) return std::nullopt;
        switch (raw[i]) {
            case '"':
            case '\\':
            case '/': out += raw[i]; break;
            case 'b': out += '\b'; break;
            case 'f': out += '\f'; break;
            case 'n': out += '\n'; break;
            case 'r': out += '\r'; break;
            case 't': out += '\t'; break;
            case 'u': {
                std::optional<std::uint32_t> point = fourHexDigits(raw.substr(i + 1));
                if (!point || (*point >= 0xDC00 && *point < 0xE000)) return std::nullopt;
                i += 4;
                if (*point >= 0xD800 && *point < 0xDC00) {
                    if (raw.substr(i + 1, 2) != "\\u") return std::nullopt;
                    std::optional<std::uint32_t> const low = fourHexDigits(raw.substr(i + 3));
                    if (!low || *low < 0xDC00 || *low >= 0xE000) return std::nullopt;
                    i += 6;
                    point = 0x10000 + ((*point - 0xD800) << 10) + (*low - 0xDC00);
                }
                appendUtf8(out, *point);
                break;
            }
            default: return std::nullopt;
        }
    }
    return out;
}

inline bool isJsonKey(std::string_view raw, std::string_view key) {
    if (raw.find('\\') == std::string_view::npos) return raw == key;
    std::optional<std::string> const decoded = unescapeJson(raw);
    return decoded && *decoded == key;
}

class PageCutter {
public:
    PageCutter(std::string_view page, std::span<std::string_view const> path, PageCut& out)
        : walk_(page), page_(page), path_(path), out_(out) {}

    void run() {
        out_.units.clear();
        out_.found = false;
        walk_.space();
        find(0);
        walk_.space();
        if (!walk_.atEnd()) walk_.fail("text after the end");
        if (out_.found) {
            out_.envelope.assign(page_.substr(0, from_));
            out_.envelope += "[]";
            out_.envelope += page_.substr(to_);
        } else {
            out_.envelope.assign(page_);
        }
    }

private:
    // Stands at the value that the first `level` keys of the path lead to.
    void find(std::size_t level) {
        if (level == path_.size()) {
            array();
            return;
        }
        if (walk_.peek() != '{') {
            walk_.value();
            return;
        }
        bool seen = false;
        walk_.object([&](std::string_view key) {
            if (!isJsonKey(key, path_[level])) {
                walk_.value();
                return;
            }
            if (seen) walk_.fail("a key on the way to the list stands twice");
            seen = true;
            find(level + 1);
        });
    }

    void array() {
        if (walk_.peek() == 'n') {
            if (walk_.value() != "null") walk_.fail("a list was expected");
            return;
        }
        from_ = static_cast<std::size_t>(walk_.at() - page_.data());
        walk_.expect('[', "a list was expected");
        out_.found = true;
        walk_.space();
        if (walk_.peek() != ']') {
            while (true) {
                out_.units.push_back(walk_.value());
                walk_.space();
                if (walk_.peek() != ',') break;
                walk_.expect(',', "");
                walk_.space();
            }
        }
        walk_.expect(']', "',' or ']' was expected");
        to_ = static_cast<std::size_t>(walk_.at() - page_.data());
    }

    JsonWalk walk_;
    std::string_view page_;
    std::span<std::string_view const> path_;
    PageCut& out_;
    std::size_t from_ = 0;
    std::size_t to_ = 0;
};

}  // namespace corps::detail

namespace corps {

CORPS_DECL void cutPage(std::string_view page, std::span<std::string_view const> arrayPath, PageCut& out) {
    detail::PageCutter(page, arrayPath, out).run();
}

CORPS_DECL std::optional<std::string> keyOf(std::string_view unit,
                                            std::span<std::string_view const> keyPath) {
    std::string_view value = unit;
    for (std::string_view const key : keyPath) {
        detail::JsonWalk walk(value);
        walk.space();
        if (walk.peek() != '{') return std::nullopt;
        std::optional<std::string_view> found;
        walk.object([&](std::string_view k) {
            std::string_view const v = walk.value();
            if (detail::isJsonKey(k, key)) found = v;
        });
        if (!found) return std::nullopt;
        value = *found;
    }
    detail::JsonWalk walk(value);
    walk.space();
    char const first = walk.peek();
    if (first == '"') {
        std::optional<std::string> decoded = detail::unescapeJson(walk.text());
        if (!decoded) walk.fail("an escape that is none");
        return decoded;
    }
    if (first == '-' || (first >= '0' && first <= '9')) return std::string(walk.value());
    return std::nullopt;
}

}  // namespace corps
