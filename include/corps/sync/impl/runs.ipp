#pragma once

#include <corps/sync/detail/bytes.hpp>
#include <corps/sync/detail/columns.hpp>
#include <corps/sync/detail/runs.hpp>
#include <corps/sync/detail/tables.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace corps {
namespace detail {

inline constexpr std::size_t kRunChunk = 4096;  // entries: 64 KiB of fingerprints

/** Adds what one stored chunk holds. */
inline void addChunk(std::vector<Fingerprint>& run, std::string_view blob) {
    std::size_t const n = blob.size() / sizeof(Fingerprint);
    std::size_t const at = run.size();
    run.resize(at + n);
    if (n > 0) std::memcpy(run.data() + at, blob.data(), n * sizeof(Fingerprint));
}

CORPS_DECL std::vector<Fingerprint> loadRun(RowAccess& rows, std::string_view corp, std::int64_t kind,
                                            std::string_view id) {
    std::vector<Fingerprint> out;
    std::array<Cell, 3> const prefix{Cell::text(corp), Cell::integer(kind), Cell::text(id)};
    rows.forEach(runTable(), 0, prefix, [&out](std::span<Cell const> row) { addChunk(out, row[4].bytes()); });
    return out;
}

CORPS_DECL RunMap loadRuns(RowAccess& rows, std::string_view corp) {
    RunMap out;
    std::array<Cell, 1> const prefix{Cell::text(corp)};
    std::vector<Fingerprint>* run = nullptr;
    Listing last;
    rows.forEach(runTable(), 0, prefix, [&](std::span<Cell const> row) {
        if (row[1].integer() >= kPendingRun) return;  // of no listing
        Listing listing{static_cast<ListingKind>(row[1].integer()), std::string(row[2].bytes())};
        if (run == nullptr || listing != last) {
            run = &out[listing];
            last = std::move(listing);
        }
        addChunk(*run, row[4].bytes());
    });
    return out;
}

CORPS_DECL std::vector<std::string> loadRunKeys(RowAccess& rows, std::string_view corp, std::int64_t kind,
                                                std::string_view id) {
    std::vector<std::string> out;
    std::array<Cell, 3> const prefix{Cell::text(corp), Cell::integer(kind), Cell::text(id)};
    rows.forEach(runKeysTable(), 0, prefix, [&](std::span<Cell const> row) {
        ByteReader in(row[4].bytes());
        while (!in.done()) out.emplace_back(in.text());
    });
    return out;
}

CORPS_DECL void saveRun(RowAccess& rows, std::string_view corp, std::int64_t kind, std::string_view id,
                        std::span<Fingerprint const> prints, std::span<std::string const> keys) {
    std::array<Cell, 3> const prefix{Cell::text(corp), Cell::integer(kind), Cell::text(id)};
    rows.eraseRows(runTable(), prefix);
    rows.eraseRows(runKeysTable(), prefix);
    std::string packed;
    for (std::size_t at = 0, chunk = 0; at < prints.size(); at += kRunChunk, ++chunk) {
        std::size_t const n = std::min(kRunChunk, prints.size() - at);
        auto const number = Cell::integer(static_cast<std::int64_t>(chunk));
        std::string_view const blob(reinterpret_cast<char const*>(prints.data() + at),
                                    n * sizeof(Fingerprint));
        std::array<Cell, 5> const run{prefix[0], prefix[1], prefix[2], number, Cell::blob(blob)};
        rows.upsertRow(runTable(), run);
        packed.clear();
        for (std::size_t i = at; i < at + n; ++i) putText(packed, keys[i]);
        std::array<Cell, 5> const names{prefix[0], prefix[1], prefix[2], number, Cell::blob(packed)};
        rows.upsertRow(runKeysTable(), names);
    }
}

CORPS_DECL void eraseRuns(RowAccess& rows, std::string_view corp) {
    std::array<Cell, 1> const prefix{Cell::text(corp)};
    rows.eraseRows(runTable(), prefix);
    rows.eraseRows(runKeysTable(), prefix);
}

CORPS_DECL std::set<std::string> forgetRunEntries(RowAccess& rows, std::string_view corp, std::int64_t kind,
                                                  std::string_view id, std::set<std::string> const& keys) {
    std::vector<std::string> const stored = loadRunKeys(rows, corp, kind, id);
    std::set<std::size_t> chunks;
    std::set<std::string> unlisted = keys;
    for (std::size_t i = 0; i < stored.size(); ++i)
        if (keys.contains(stored[i])) {
            chunks.insert(i / kRunChunk);
            unlisted.erase(stored[i]);
        }
    for (std::size_t chunk : chunks) {
        std::array<Cell, 4> const at{Cell::text(corp), Cell::integer(kind), Cell::text(id),
                                     Cell::integer(static_cast<std::int64_t>(chunk))};
        std::string blob;
        rows.forEach(runTable(), 0, at, [&blob](std::span<Cell const> row) { blob = row[4].bytes(); });
        std::size_t const first = chunk * kRunChunk;
        std::size_t const last = std::min(stored.size(), first + blob.size() / sizeof(Fingerprint));
        for (std::size_t i = first; i < last; ++i)
            if (keys.contains(stored[i]))
                std::memset(blob.data() + (i - first) * sizeof(Fingerprint), 0, sizeof(Fingerprint));
        std::array<Cell, 5> const row{at[0], at[1], at[2], at[3], Cell::blob(blob)};
        rows.upsertRow(runTable(), row);
    }
    return unlisted;
}

CORPS_DECL std::set<std::string> forgetEntries(RowAccess& rows, RecordTables const& tables,
                                               std::string_view corp, RunEntries forget,
                                               std::set<std::string> const& members) {
    Columns const columns(tables);
    for (std::string const& m : members) {
        std::array<Cell, 2> const prefix{Cell::text(corp), Cell::text(m)};
        rows.forEach(*tables.deptMember, columns.deptMemberByMember, prefix, [&](std::span<Cell const> row) {
            forget[{static_cast<std::int64_t>(ListingKind::deptMembers),
                    std::string(row[columns.deptMember.deptId].bytes())}]
                .insert(m);
        });
        forget[{static_cast<std::int64_t>(ListingKind::visibleMembers), std::string()}].insert(m);
    }
    // These name all departments of a member, or say of them what no other list does.
    std::set<std::string> touchedMembers = members;
    for (auto const& [listing, keys] : forget)
        if (listing.first != static_cast<std::int64_t>(ListingKind::roleMembers))
            touchedMembers.insert(keys.begin(), keys.end());
    for (ListingKind kind : {ListingKind::subtreeMembers, ListingKind::memberDetails}) {
        std::set<std::string> ids;
        auto const number = static_cast<std::int64_t>(kind);
        std::array<Cell, 2> const prefix{Cell::text(corp), Cell::integer(number)};
        rows.forEach(runTable(), 0, prefix,
                     [&ids](std::span<Cell const> row) { ids.emplace(row[2].bytes()); });
        for (std::string const& id : ids)
            static_cast<void>(forgetRunEntries(rows, corp, number, id, touchedMembers));
    }
    std::set<std::string> out;
    for (auto const& [listing, keys] : forget) {
        std::set<std::string> unlisted = forgetRunEntries(rows, corp, listing.first, listing.second, keys);
        if (listing.first != static_cast<std::int64_t>(ListingKind::visibleMembers)) out.merge(unlisted);
    }
    return out;
}

CORPS_DECL void addPending(RowAccess& rows, std::string_view corp, std::set<std::string> members) {
    if (members.empty()) return;
    for (std::string& m : loadRunKeys(rows, corp, kPendingRun, "")) members.insert(std::move(m));
    std::vector<std::string> const keys(members.begin(), members.end());
    std::vector<Fingerprint> const prints(keys.size());
    saveRun(rows, corp, kPendingRun, "", prints, keys);
}

CORPS_DECL bool hasRuns(RowAccess& rows, std::string_view corp) {
    std::array<Cell, 1> const prefix{Cell::text(corp)};
    bool found = false;
    rows.forEach(runTable(), 0, prefix, [&found](std::span<Cell const>) {
        found = true;
        return false;
    });
    return found;
}

}  // namespace detail
}  // namespace corps
