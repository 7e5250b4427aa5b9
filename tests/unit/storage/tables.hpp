#pragma once

#include <corps/error/error.hpp>
#include <corps/storage/rows.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

/** People of corps: a key of two columns, an index and a unique index. */
inline corps::TableSchema const& people() {
    using namespace corps;
    static TableSchema const t{"people",
                               {{"corp", ColumnType::corp, Owner::key},
                                {"id", ColumnType::text, Owner::key},
                                {"age", ColumnType::integer, Owner::upstream},
                                {"nick", ColumnType::text, Owner::local}},
                               2,
                               {{"byAge", {0, 2}, false}, {"byNick", {0, 3}, true}}};
    return t;
}

inline corps::TableSchema const& counters() {
    using namespace corps;
    static TableSchema const t{
        "counters",
        {{"name", ColumnType::text, Owner::key}, {"value", ColumnType::integer, Owner::local}},
        1,
        {}};
    return t;
}

template <class Storage>
void openTables(Storage& s,
                std::initializer_list<corps::TableSchema const*> tables = {&people(), &counters()}) {
    s.open(std::span<corps::TableSchema const* const>(tables.begin(), tables.size()));
}

inline void put(corps::RowAccess& tx, corps::TableSchema const& t, std::vector<corps::Cell> const& cells) {
    tx.upsertRow(t, cells);
}

inline void putPerson(corps::RowAccess& tx, std::string_view id, std::int64_t age,
                      std::string_view corp = "corps.A") {
    put(tx, people(),
        {corps::Cell::text(corp), corps::Cell::text(id), corps::Cell::integer(age), corps::Cell()});
}

/** The rows as text: "a 1, b 2". */
inline std::string shown(corps::RowAccess& tx, corps::TableSchema const& t = people(),
                         std::size_t index = 0) {
    std::string all;
    tx.forEach(t, index, {}, [&](std::span<corps::Cell const> row) {
        if (!all.empty()) all += ", ";
        for (std::size_t i = t.keyColumns - 1; i < row.size(); ++i) {
            if (row[i].isNull()) continue;
            if (i >= t.keyColumns) all += ' ';
            if (row[i].kind() == corps::CellKind::integer)
                all += std::to_string(row[i].integer());
            else
                all += row[i].bytes();
        }
    });
    return all;
}

template <class Storage>
std::string stored(Storage& s, corps::TableSchema const& t = people(), std::size_t index = 0) {
    std::string all;
    s.read([&](corps::RowAccess& tx) { all = shown(tx, t, index); });
    return all;
}

/** What f is refused with; Error(Errc::cancelled) if it is not refused. */
template <class F>
corps::Error refusal(F f) {
    try {
        f();
    } catch (corps::Error const& e) {
        return e;
    }
    return corps::Error(corps::Errc::cancelled, "not refused");
}

}  // namespace
