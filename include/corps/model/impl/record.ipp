#pragma once

#include <corps/error/error.hpp>
#include <corps/model/record.hpp>

#include <string>
#include <utility>

namespace corps::detail {

CORPS_DECL TableSchema makeSchema(std::string_view table, bool shared, std::span<FieldInfo const> fields,
                                  std::span<IndexInfo const> indexes) {
    TableSchema t;
    t.name = table;
    if (!shared) t.columns.push_back({"corpFullName", ColumnType::corp, Owner::key});
    for (bool const wantKey : {true, false}) {
        for (FieldInfo const& f : fields) {
            if (f.use == FieldUse::corp || f.owner == Owner::computed || (f.owner == Owner::key) != wantKey)
                continue;
            t.columns.push_back({std::string(f.name), f.type, f.owner, f.holds});
        }
        if (wantKey) t.keyColumns = t.columns.size();
    }
    for (IndexInfo const& i : indexes) {
        IndexSchema index;
        index.name = t.name;
        index.unique = i.unique;
        if (!shared) index.columns.push_back(0);
        eachName(i.columns, [&](std::string_view name) {
            index.name += '_';
            index.name += name;
            std::size_t const column = t.find(name);
            if (column != 0 || shared) index.columns.push_back(column);
            return true;
        });
        t.indexes.push_back(std::move(index));
    }
    return t;
}

[[noreturn]] CORPS_DECL void throwBadCell(TableSchema const& t, std::size_t column) {
    Diagnostics d;
    d.place = t.name + "." + t.columns[column].name;
    throw Error(Errc::storage, "a stored value is not of the field's type", std::move(d));
}

[[noreturn]] CORPS_DECL void throwShortRow(TableSchema const& t, std::size_t cells) {
    Diagnostics d;
    d.place = t.name;
    throw Error(Errc::storage,
                "a row of " + std::to_string(cells) + " cells where " + std::to_string(t.columns.size()) +
                    " are expected",
                std::move(d));
}

}  // namespace corps::detail
