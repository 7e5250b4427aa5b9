#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace corps {

enum class CellKind : std::uint8_t { null, integer, text, blob };

/** One value of a row, as a view: text and blob point into memory of whoever made it. Trivially copyable. */
class Cell {
public:
    constexpr Cell() noexcept = default;
    [[nodiscard]] static constexpr Cell integer(std::int64_t v) noexcept {
        return Cell(CellKind::integer, v, {});
    }
    [[nodiscard]] static constexpr Cell text(std::string_view v) noexcept {
        return Cell(CellKind::text, 0, v);
    }
    [[nodiscard]] static constexpr Cell blob(std::string_view v) noexcept {
        return Cell(CellKind::blob, 0, v);
    }

    [[nodiscard]] constexpr CellKind kind() const noexcept { return kind_; }
    [[nodiscard]] constexpr bool isNull() const noexcept { return kind_ == CellKind::null; }
    /** The integer; 0 for other kinds. */
    [[nodiscard]] constexpr std::int64_t integer() const noexcept { return integer_; }
    /** The bytes of a text or blob; empty for other kinds. */
    [[nodiscard]] constexpr std::string_view bytes() const noexcept { return bytes_; }

    friend constexpr bool operator==(Cell const&, Cell const&) noexcept = default;

private:
    constexpr Cell(CellKind kind, std::int64_t i, std::string_view b) noexcept
        : bytes_(b), integer_(i), kind_(kind) {}

    std::string_view bytes_;
    std::int64_t integer_ = 0;
    CellKind kind_ = CellKind::null;
};

/** One value of a row that owns its bytes. */
class OwnedCell {
public:
    OwnedCell() = default;
    OwnedCell(Cell const& c) : bytes_(c.bytes()), integer_(c.integer()), kind_(c.kind()) {}  // NOLINT

    [[nodiscard]] Cell view() const noexcept {
        switch (kind_) {
            case CellKind::integer: return Cell::integer(integer_);
            case CellKind::text: return Cell::text(bytes_);
            case CellKind::blob: return Cell::blob(bytes_);
            case CellKind::null: break;
        }
        return Cell();
    }
    [[nodiscard]] CellKind kind() const noexcept { return kind_; }
    [[nodiscard]] bool isNull() const noexcept { return kind_ == CellKind::null; }
    [[nodiscard]] std::int64_t integer() const noexcept { return integer_; }
    [[nodiscard]] std::string const& bytes() const noexcept { return bytes_; }

    friend bool operator==(OwnedCell const& a, OwnedCell const& b) noexcept { return a.view() == b.view(); }

private:
    std::string bytes_;
    std::int64_t integer_ = 0;
    CellKind kind_ = CellKind::null;
};

/** Order of keys in every storage: null, then integers by value, then bytes by unsigned byte value. */
[[nodiscard]] inline int compareCells(Cell const& a, Cell const& b) noexcept {
    auto rank = [](CellKind k) {
        return k == CellKind::null ? 0 : k == CellKind::integer ? 1 : k == CellKind::text ? 2 : 3;
    };
    if (a.kind() != b.kind()) return rank(a.kind()) - rank(b.kind());
    if (a.kind() == CellKind::integer)
        return a.integer() < b.integer() ? -1 : a.integer() > b.integer() ? 1 : 0;
    return a.bytes().compare(b.bytes());
}

using Row = std::vector<OwnedCell>;

}  // namespace corps
