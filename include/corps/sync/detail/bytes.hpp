// A compact encoding of numbers, texts and cells, for runs and the change feed.
#pragma once

#include <corps/error/error.hpp>
#include <corps/model/cell.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace corps::detail {

inline void putNumber(std::string& out, std::uint64_t v) {
    while (v >= 0x80) {
        out += static_cast<char>(v | 0x80);
        v >>= 7;
    }
    out += static_cast<char>(v);
}

inline void putText(std::string& out, std::string_view s) {
    putNumber(out, s.size());
    out += s;
}

inline void putCell(std::string& out, Cell const& c) {
    out += static_cast<char>(c.kind());
    if (c.kind() == CellKind::integer) {
        auto const v = static_cast<std::uint64_t>(c.integer());
        putNumber(out, (v << 1) ^ (c.integer() < 0 ? ~std::uint64_t{0} : 0));
    } else if (!c.isNull()) {
        putText(out, c.bytes());
    }
}

/** Reads back what put* wrote; throws Error(storage) at the end of damaged bytes. */
class ByteReader {
public:
    explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}
    [[nodiscard]] bool done() const noexcept { return bytes_.empty(); }
    [[nodiscard]] std::uint64_t number() {
        std::uint64_t v = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            auto const b = static_cast<unsigned char>(take(1)[0]);
            v |= static_cast<std::uint64_t>(b & 0x7f) << shift;
            if ((b & 0x80) == 0) return v;
        }
        throw Error(Errc::storage, "a stored number is damaged");
    }
    [[nodiscard]] std::string_view text() { return take(number()); }
    [[nodiscard]] Cell cell() {
        auto const kind = static_cast<CellKind>(take(1)[0]);
        switch (kind) {
            case CellKind::null: return Cell();
            case CellKind::integer: {
                std::uint64_t const z = number();
                return Cell::integer(static_cast<std::int64_t>((z >> 1) ^ (~(z & 1) + 1)));
            }
            case CellKind::text: return Cell::text(text());
            case CellKind::blob: return Cell::blob(text());
        }
        throw Error(Errc::storage, "a stored value is damaged");
    }

private:
    std::string_view take(std::uint64_t n) {
        if (n > bytes_.size()) throw Error(Errc::storage, "stored bytes end early");
        std::string_view const out = bytes_.substr(0, static_cast<std::size_t>(n));
        bytes_.remove_prefix(static_cast<std::size_t>(n));
        return out;
    }
    std::string_view bytes_;
};

}  // namespace corps::detail
