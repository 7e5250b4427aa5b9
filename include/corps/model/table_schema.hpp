#pragma once

#include <corps/model/cell.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace corps {

/** Who may change a column: part of the key; the platform; people here; or nobody, because it is computed on
 * read. */
enum class Owner : std::uint8_t { key, upstream, local, computed };

/**
 * Type of a stored column. `corp` is the full name of the corp as text: a storage may keep the name once and
 * a small number in the rows. Sorted and compared as text would be within one corp.
 */
enum class ColumnType : std::uint8_t { corp, integer, text, blob };

struct ColumnSchema {
    std::string name;
    ColumnType type = ColumnType::text;
    Owner owner = Owner::upstream;
    /** Whether a cell of the right type is a value of the field, a date say. Null: every one is. */
    bool (*holds)(Cell const&) = nullptr;
};

struct IndexSchema {
    std::string name;
    std::vector<std::size_t> columns;  ///< positions in TableSchema::columns
    bool unique = false;  ///< a second row with the same non-null cells is refused (Errc::alreadyExists)
};

/**
 * A table as data. The first `keyColumns` columns are the key, never null. Computed fields of a record are no
 * columns. A per-corp table has a column of type `corp` first.
 */
struct TableSchema {
    std::string name;
    std::vector<ColumnSchema> columns;
    std::size_t keyColumns = 0;
    std::vector<IndexSchema> indexes;  ///< scanRows index 1 is indexes[0]

    /** Position of a column by name, or npos. */
    [[nodiscard]] std::size_t find(std::string_view column) const noexcept {
        for (std::size_t i = 0; i < columns.size(); ++i)
            if (columns[i].name == column) return i;
        return npos;
    }
    static constexpr std::size_t npos = static_cast<std::size_t>(-1);
};

}  // namespace corps
