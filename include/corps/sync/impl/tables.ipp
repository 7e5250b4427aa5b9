#pragma once

#include <corps/sync/detail/tables.hpp>

#include <array>

namespace corps {
namespace detail {

CORPS_DECL TableSchema const& stateTable() {
    static TableSchema const t{"SyncState",
                               {{"corpFullName", ColumnType::corp, Owner::key},
                                {"name", ColumnType::text, Owner::key},
                                {"number", ColumnType::integer, Owner::local},
                                {"bytes", ColumnType::blob, Owner::local}},
                               2,
                               {}};
    return t;
}

CORPS_DECL TableSchema const& runTable() {
    static TableSchema const t{"SyncRun",
                               {{"corpFullName", ColumnType::corp, Owner::key},
                                {"kind", ColumnType::integer, Owner::key},
                                {"id", ColumnType::text, Owner::key},
                                {"chunk", ColumnType::integer, Owner::key},
                                {"fingerprints", ColumnType::blob, Owner::local}},
                               4,
                               {}};
    return t;
}

CORPS_DECL TableSchema const& runKeysTable() {
    static TableSchema const t{"SyncRunKeys",
                               {{"corpFullName", ColumnType::corp, Owner::key},
                                {"kind", ColumnType::integer, Owner::key},
                                {"id", ColumnType::text, Owner::key},
                                {"chunk", ColumnType::integer, Owner::key},
                                {"keys", ColumnType::blob, Owner::local}},
                               4,
                               {}};
    return t;
}

CORPS_DECL TableSchema const& holdTable() {
    static TableSchema const t{"SyncHold",
                               {{"corpFullName", ColumnType::corp, Owner::key},
                                {"kind", ColumnType::text, Owner::key},
                                {"id", ColumnType::text, Owner::key},
                                {"digest", ColumnType::text, Owner::local},
                                {"since", ColumnType::integer, Owner::local},
                                {"until", ColumnType::integer, Owner::local},
                                {"place", ColumnType::text, Owner::local},
                                {"total", ColumnType::integer, Owner::local}},
                               3,
                               {}};
    return t;
}

CORPS_DECL TableSchema const& feedTable() {
    static TableSchema const t{"ChangeFeed",
                               {{"corpFullName", ColumnType::corp, Owner::key},
                                {"sequence", ColumnType::integer, Owner::key},
                                {"part", ColumnType::integer, Owner::key},
                                {"at", ColumnType::integer, Owner::local},
                                {"syncId", ColumnType::text, Owner::local},
                                {"caller", ColumnType::text, Owner::local},
                                {"entries", ColumnType::blob, Owner::local}},
                               3,
                               {}};
    return t;
}

CORPS_DECL std::optional<std::int64_t> StateValues::number(std::string_view name) {
    std::array<Cell, 2> const key{Cell::text(corp_), Cell::text(name)};
    std::optional<std::int64_t> out;
    rows_.forEach(stateTable(), 0, key, [&](std::span<Cell const> row) {
        if (!row[2].isNull()) out = row[2].integer();
    });
    return out;
}

CORPS_DECL std::optional<std::string> StateValues::bytes(std::string_view name) {
    std::array<Cell, 2> const key{Cell::text(corp_), Cell::text(name)};
    std::optional<std::string> out;
    rows_.forEach(stateTable(), 0, key, [&](std::span<Cell const> row) {
        if (!row[3].isNull()) out = std::string(row[3].bytes());
    });
    return out;
}

CORPS_DECL void StateValues::setNumber(std::string_view name, std::int64_t value) {
    std::array<Cell, 4> const row{Cell::text(corp_), Cell::text(name), Cell::integer(value), Cell()};
    rows_.upsertRow(stateTable(), row);
}

CORPS_DECL void StateValues::setBytes(std::string_view name, std::string_view value) {
    std::array<Cell, 4> const row{Cell::text(corp_), Cell::text(name), Cell(), Cell::blob(value)};
    rows_.upsertRow(stateTable(), row);
}

}  // namespace detail
}  // namespace corps
