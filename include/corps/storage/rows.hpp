#pragma once

#include <corps/model/cell.hpp>
#include <corps/model/table_schema.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace corps {

/**
 * Receives one row of a scan, all stored columns in the order of TableSchema::columns; false ends the scan.
 * The cells live until it returns. It must not write to the table being scanned.
 */
using RowVisitor = bool (*)(std::span<Cell const> row, void* context);

/**
 * Reading and writing rows inside one transaction, whatever the storage: the face that everything below the
 * typed rim works on. Valid only while the transaction runs, on its thread.
 *
 * Errors      Error with Errc::storage (anything the medium reports), Errc::alreadyExists (a unique index).
 */
class RowAccess {
public:
    virtual ~RowAccess() = default;

    /**
     * Visits the rows whose leading cells, in the order of the index, equal `prefix`. Index 0 is the key, in
     * key order (compareCells); index i is t.indexes[i - 1], in the order of its columns and then of the key.
     * Cost: O(log n + rows visited).
     */
    virtual void scanRows(TableSchema const& t, std::size_t index, std::span<Cell const> prefix, RowVisitor f,
                          void* context) = 0;
    /** Inserts or updates the row with this key; one cell per column. A null cell leaves what is stored.
     * O(log n). */
    virtual void upsertRow(TableSchema const& t, std::span<Cell const> cells) = 0;
    /** Erases the rows whose key starts with `prefix` and returns how many there were. */
    virtual std::uint64_t eraseRows(TableSchema const& t, std::span<Cell const> prefix) = 0;

    /** scanRows with any callable `bool(std::span<Cell const>)`, or one that returns nothing and sees every
     * row. */
    template <class F>
    void forEach(TableSchema const& t, std::size_t index, std::span<Cell const> prefix, F&& f) {
        using Callable = std::remove_reference_t<F>;
        scanRows(
            t, index, prefix,
            [](std::span<Cell const> row, void* p) {
                if constexpr (std::is_void_v<std::invoke_result_t<Callable&, std::span<Cell const>>>) {
                    (*static_cast<Callable*>(p))(row);
                    return true;
                } else {
                    return static_cast<bool>((*static_cast<Callable*>(p))(row));
                }
            },
            const_cast<void*>(static_cast<void const*>(std::addressof(f))));
    }
};

}  // namespace corps
