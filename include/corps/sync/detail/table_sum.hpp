// What verifyCorp() compares: sums of what was written to a table, kept in step with every write.
#pragma once

#include <corps/model/cell.hpp>
#include <corps/model/table_schema.hpp>
#include <corps/sync/detail/bytes.hpp>
#include <corps/sync/detail/fingerprint.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace corps::detail {

/**
 * The sum of a table's rows, and the sum of the same weighted by the rows' keys. Either tells that something
 * differs; when it is one row, both together tell which.
 */
struct TableSum {
    RollingSum rows;
    RollingSum weighted;

    void add(TableSum const& s) noexcept {
        rows.add(s.rows);
        weighted.add(s.weighted);
    }
    void subtract(TableSum const& s) noexcept {
        rows.subtract(Fingerprint{s.rows.lo, s.rows.hi});
        weighted.subtract(Fingerprint{s.weighted.lo, s.weighted.hi});
    }
};

/** What one row adds to the sum of its table: its existence and its known upstream-owned cells. */
class RowSum {
public:
    explicit RowSum(std::span<Cell const> keyWithoutCorp) {
        std::string packed;
        for (Cell const& c : keyWithoutCorp) putCell(packed, c);
        row_ = fingerprint(FingerprintKey(), 0, packed);
    }
    void addRow() { sum_.add(row_); }
    void add(std::string_view column, Cell const& value) { sum_.add(cell(column, value)); }
    void subtract(std::string_view column, Cell const& value) { sum_.subtract(cell(column, value)); }
    [[nodiscard]] TableSum sum() const noexcept { return {sum_, weigh(sum_)}; }

    /** Whether a change of this row alone makes this difference of two sums of its table. */
    [[nodiscard]] bool explains(TableSum const& difference) const noexcept {
        return weigh(difference.rows) == difference.weighted;
    }

private:
    [[nodiscard]] Fingerprint cell(std::string_view column, Cell const& value) const {
        std::string packed(column);
        packed += '\0';
        putCell(packed, value);
        return fingerprint(FingerprintKey(), row_.lo ^ row_.hi, packed);
    }
    [[nodiscard]] RollingSum weigh(RollingSum const& s) const noexcept {
        RollingSum out;
        out.lo = s.lo * (row_.hi | 1U);
        out.hi = s.hi * (row_.lo | 1U);
        return out;
    }

    Fingerprint row_;
    RollingSum sum_;
};

[[nodiscard]] inline std::size_t keyStart(TableSchema const& t) {
    return t.columns[0].type == ColumnType::corp ? 1 : 0;
}

/** The sum of a whole stored row. */
[[nodiscard]] inline RowSum rowSum(TableSchema const& t, std::span<Cell const> row) {
    std::size_t const start = keyStart(t);
    RowSum out(row.subspan(start, t.keyColumns - start));
    out.addRow();
    for (std::size_t i = t.keyColumns; i < t.columns.size(); ++i)
        if (t.columns[i].owner == Owner::upstream && !row[i].isNull()) out.add(t.columns[i].name, row[i]);
    return out;
}

/** The name of a table's sum in SyncState. */
[[nodiscard]] inline std::string sumName(std::string const& table) { return "sum:" + table; }

[[nodiscard]] inline std::string packSum(TableSum const& s) {
    std::string out;
    for (std::uint64_t word : {s.rows.lo, s.rows.hi, s.weighted.lo, s.weighted.hi})
        for (unsigned shift = 0; shift < 64; shift += 8) out += static_cast<char>(word >> shift & 0xFFU);
    return out;
}

[[nodiscard]] inline TableSum unpackSum(std::string_view bytes) {
    TableSum s;
    std::uint64_t* const words[] = {&s.rows.lo, &s.rows.hi, &s.weighted.lo, &s.weighted.hi};
    if (bytes.size() != 32) return s;
    for (std::size_t i = 0; i < 32; ++i)
        *words[i / 8] |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << i % 8 * 8;
    return s;
}

}  // namespace corps::detail
