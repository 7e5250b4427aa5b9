// Keeps all that a client hands over in a pull, and checks what every client promises: listings end once, and
// no page comes after the end or is empty.
#pragma once

#include <corps/client/cutter.hpp>
#include <corps/client/pull.hpp>
#include <corps/model/cell.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

inline std::string name(corps::Listing const& l) {
    using corps::ListingKind;
    switch (l.kind) {
        case ListingKind::departments: return "departments";
        case ListingKind::deptMembers: return "members " + l.id;
        case ListingKind::visibleMembers: return "visible";
        case ListingKind::roles: return "roles";
        case ListingKind::roleMembers: return "role " + l.id;
        case ListingKind::admins: return "admins";
        default: return "other " + l.id;
    }
}

class PullSink final : public corps::PageSink {
public:
    void page(corps::PageShape const& shape, corps::Listing const& listing,
              std::span<std::string_view const> units) override {
        CHECK_FALSE(finished.contains(name(listing)));
        CHECK_FALSE(units.empty());
        for (std::string_view const u : units) {
            ids[name(listing)].push_back(corps::keyOf(u, shape.keyPath).value_or("?"));
            stored.emplace_back(shape, listing, u);
        }
    }
    void finish(corps::Listing const& listing, corps::ListingState state,
                std::optional<std::int64_t> count) override {
        bool const fresh = finished.emplace(name(listing), std::pair(state, count)).second;
        CHECK(fresh);
    }
    void row(corps::UpstreamTable table, std::span<corps::Cell const> cells) override {
        corps::Row r;
        for (corps::Cell const& c : cells) r.emplace_back(c);
        rows.emplace_back(table, std::move(r));
    }

    [[nodiscard]] bool complete(std::string const& listing) const {
        return is(listing, corps::ListingState::complete);
    }
    [[nodiscard]] bool incomplete(std::string const& listing) const {
        return is(listing, corps::ListingState::incomplete);
    }
    [[nodiscard]] std::vector<std::string> sorted(std::string const& listing) const {
        auto const it = ids.find(listing);
        std::vector<std::string> out = it == ids.end() ? std::vector<std::string>() : it->second;
        std::sort(out.begin(), out.end());
        return out;
    }

    struct Stored {
        Stored(corps::PageShape const& s, corps::Listing l, std::string_view b)
            : shape(&s), listing(std::move(l)), bytes(b) {}
        corps::PageShape const* shape;
        corps::Listing listing;
        std::string bytes;
    };
    std::map<std::string, std::vector<std::string>> ids;
    std::map<std::string, std::pair<corps::ListingState, std::optional<std::int64_t>>> finished;
    std::vector<std::pair<corps::UpstreamTable, corps::Row>> rows;
    std::vector<Stored> stored;

private:
    [[nodiscard]] bool is(std::string const& listing, corps::ListingState state) const {
        auto const it = finished.find(listing);
        return it != finished.end() && it->second.first == state;
    }
};

/** Rows as text, for comparison: "dept(1,,Acme,0)"; an unknown cell is "?". */
class DecodedText final : public corps::RowSink {
public:
    void row(corps::UpstreamTable table, std::span<corps::Cell const> cells) override {
        static constexpr std::string_view kNames[] = {"dept",      "leader", "member",     "deptMember",
                                                      "roleGroup", "role",   "roleMember", "admin"};
        std::string text(kNames[static_cast<std::size_t>(table)]);
        for (std::size_t i = 0; i < cells.size(); ++i) {
            text += i == 0 ? '(' : ',';
            corps::Cell const& c = cells[i];
            if (c.isNull())
                text += '?';
            else if (c.kind() == corps::CellKind::integer)
                text += std::to_string(c.integer());
            else
                text += c.bytes();
        }
        rows.push_back(text + ")");
    }
    std::vector<std::string> rows;
};

/** What a unit of a client decodes to. */
template <class Api>
std::vector<std::string> decoded(Api const& api, corps::PageShape const& shape, corps::Listing const& listing,
                                 std::string_view bytes) {
    DecodedText out;
    corps::Unit unit;
    unit.shape = &shape;
    unit.listing = &listing;
    unit.bytes = bytes;
    api.decode(unit, out);
    return out.rows;
}

}  // namespace support
