#pragma once

#include <corps/sync/detail/columns.hpp>
#include <corps/sync/detail/findings.hpp>

#include <algorithm>

namespace corps {
namespace detail {

CORPS_DECL Findings::Findings(RecordTables const& tables, std::string corp, FingerprintKey key,
                              RunMap const& stored, Decode decode, Report report)
    : tables_(tables),
      corp_(std::move(corp)),
      key_(key),
      stored_(stored),
      decode_(std::move(decode)),
      report_(std::move(report)) {
    for (std::size_t i = 0; i < kUpstreamTables; ++i)
        positions_[i] = upstreamPositions(static_cast<UpstreamTable>(i), tables_);
}

CORPS_DECL std::string Findings::place(UpstreamTable table, std::span<Cell const> cells) const {
    TableSchema const& t = tables_.upstream(table);
    std::vector<std::size_t> const& positions = positions_[static_cast<std::size_t>(table)];
    std::vector<Cell> out(t.columns.size());
    out[kCorpColumn] = Cell::text(corp_);
    for (std::size_t i = 0; i < cells.size() && i < positions.size(); ++i) out[positions[i]] = cells[i];
    std::size_t const origin = t.find("origin");
    if (origin != TableSchema::npos) out[origin] = Cell::text(kOriginUpstream);
    return packRow(out);
}

inline void addDistinct(std::vector<std::string>& rows, std::string row) {
    if (std::find(rows.begin(), rows.end(), row) == rows.end()) rows.push_back(std::move(row));
}
/** Of two values in one pull the same one is kept, whichever came first. */
template <class Key>
void keepOne(std::map<Key, std::string>& rows, Key key, std::string row) {
    auto const [it, fresh] = rows.try_emplace(std::move(key), row);
    if (!fresh && row < it->second) it->second = std::move(row);
}
inline void addDistinct(std::vector<std::pair<std::string, std::string>>& rows, std::string dept,
                        std::string row) {
    std::pair<std::string, std::string> entry(std::move(dept), std::move(row));
    if (std::find(rows.begin(), rows.end(), entry) == rows.end()) rows.push_back(std::move(entry));
}

/** The rows of one unit are about one member. */
CORPS_DECL FoundMember& Findings::memberOf(std::string_view id) {
    if (last_ == nullptr || lastId_ != id) {
        auto const it = members.try_emplace(std::string(id)).first;
        last_ = &it->second;
        lastId_ = it->first;
    }
    return *last_;
}

CORPS_DECL void Findings::row(UpstreamTable table, std::span<Cell const> cells) {
    auto text = [&cells](std::size_t i) {
        return i < cells.size() ? std::string(cells[i].bytes()) : std::string();
    };
    if (cells.empty() || (cells[0].kind() != CellKind::text) || cells[0].bytes().empty())
        throw Error(Errc::protocol, "a record without its id");
    switch (table) {
        case UpstreamTable::dept: addDistinct(depts[text(0)], place(table, cells)); return;
        case UpstreamTable::deptLeader: {
            std::string member = text(1);
            if (cells.size() <= 2 || cells[2].isNull()) {  // not told
                if (member.empty())
                    untoldLeaders.insert(text(0));
                else
                    unitFlags_.push_back(text(0));
                return;
            }
            if (cells[2].integer() == static_cast<std::int64_t>(LeaderSource::memberFlag)) {
                addDistinct(memberOf(member).flags, text(0), place(table, cells));
                unitFlags_.push_back(text(0));
            } else {
                keepOne(listLeaders, std::pair(text(0), std::move(member)), place(table, cells));
            }
            return;
        }
        case UpstreamTable::member: {
            memberKey_ = text(0);
            FoundMember& member = memberOf(memberKey_);
            addDistinct(member.rows, place(table, cells));
            if (current_ == nullptr || current_->kind != ListingKind::memberDetails) member.listed = true;
            return;
        }
        case UpstreamTable::deptMember: {
            FoundMember& member = memberOf(text(1));
            bool const detail = current_ != nullptr && current_->kind == ListingKind::memberDetails;
            addDistinct(detail ? member.detailDepts : member.depts, text(0), place(table, cells));
            if (std::find(unitDepts_.begin(), unitDepts_.end(), text(0)) == unitDepts_.end())
                unitDepts_.push_back(text(0));
            return;
        }
        case UpstreamTable::roleGroup: keepOne(roleGroups, text(0), place(table, cells)); return;
        case UpstreamTable::role: keepOne(roles, text(0), place(table, cells)); return;
        case UpstreamTable::roleMember: {
            memberKey_ = text(1);
            std::vector<std::string>& of = memberOf(memberKey_).roles;
            if (std::find(of.begin(), of.end(), text(0)) == of.end()) of.push_back(text(0));
            return;
        }
        case UpstreamTable::admin: {
            if (current_ != nullptr && current_->kind == ListingKind::admins) {
                memberKey_ = text(0);
                admins.insert(memberKey_);
                return;
            }
            FoundMember& member = memberOf(text(0));
            (cells.size() < 2 || cells[1].integer() != 0 ? member.saidAdmin : member.saidNoAdmin) = true;
            return;
        }
    }
}

CORPS_DECL void Findings::decodeUnit(PageShape const& shape, Listing const& listing, FoundListing& found,
                                     std::string_view bytes, Fingerprint print) {
    ++stats.decoded;
    Unit unit;
    unit.shape = &shape;
    unit.listing = &listing;
    unit.bytes = bytes;
    current_ = &listing;
    memberKey_.clear();
    unitDepts_.clear();
    unitFlags_.clear();
    try {
        decode_(unit, *this);
    } catch (Error const& e) {
        if (!e.is(Errc::protocol) && !e.is(Errc::permissionDenied)) throw;
        current_ = nullptr;
        SyncFault fault;
        fault.place = "a record of " + std::string(shape.name) +
                      (listing.id.empty() ? std::string() : " of " + listing.id);
        fault.code = e.code();
        fault.message = e.message();
        faults.push_back(std::move(fault));
        found.state = ListingState::incomplete;  // whoever it was may be one of those that seem gone
        found.count = -1;
        return;
    }
    current_ = nullptr;
    if (!hasRun(listing.kind)) return;
    if (memberKey_.empty()) return;  // the platform lists somebody whom the client passes over, a leaver say
    FoundMember& member = memberOf(memberKey_);
    if (listing.kind == ListingKind::visibleMembers) member.visible = true;
    auto flagless = [&](std::string const& dept) {
        if (std::find(unitFlags_.begin(), unitFlags_.end(), dept) == unitFlags_.end())
            member.flagless.push_back(dept);
    };
    if (listing.kind == ListingKind::deptMembers) flagless(listing.id);
    if (listing.kind == ListingKind::subtreeMembers) {
        RollingSum sum;
        for (std::string const& dept : unitDepts_) {
            flagless(dept);
            sum.add(sumOfDept(dept));
        }
        member.belowDiffers = member.belowDiffers || (member.below && !(member.belowSum == sum));
        member.below = true;
        member.belowSum = sum;
    }
    found.prints.push_back(print);
    found.source.push_back(FoundListing::kNewKey + static_cast<std::uint32_t>(found.newKeys.size()));
    found.newKeys.push_back(memberKey_);
}

CORPS_DECL void Findings::page(PageShape const& shape, Listing const& listing,
                               std::span<std::string_view const> units) {
    auto [it, fresh] = listings.try_emplace(listing);
    FoundListing& found = it->second;
    bool const keepsRun = hasRun(listing.kind);
    if (units.empty()) found.emptyPage = true;
    if (fresh && keepsRun) {
        if (auto const run = stored_.find(listing); run != stored_.end()) {
            found.stored = &run->second;
            found.matched.resize(run->second.size());
        }
    }
    ++stats.pages;
    stats.units += units.size();
    std::uint64_t const seed =
        fingerprint(key_, static_cast<std::uint64_t>(listing.kind) * 131 + shape.version, listing.id).lo;
    for (std::string_view bytes : units) {
        if (!keepsRun) {
            decodeUnit(shape, it->first, found, bytes, Fingerprint());
            continue;
        }
        Fingerprint const print = fingerprint(key_, seed, bytes);
        std::uint32_t at = FoundListing::kNewKey;
        if (found.stored != nullptr) {
            std::vector<Fingerprint> const& run = *found.stored;
            while (found.next_ < run.size() && found.matched[found.next_]) ++found.next_;
            if (found.next_ < run.size() && run[found.next_] == print) {
                at = static_cast<std::uint32_t>(found.next_++);
            } else {
                if (!found.byPrint_) {
                    found.byPrint_.emplace();
                    for (std::size_t i = 0; i < run.size(); ++i)
                        if (!run[i].none()) found.byPrint_->emplace(run[i].lo, static_cast<std::uint32_t>(i));
                }
                auto const [first, last] = found.byPrint_->equal_range(print.lo);
                for (auto candidate = first; candidate != last; ++candidate)
                    if (!found.matched[candidate->second] && run[candidate->second] == print) {
                        at = candidate->second;
                        break;
                    }
            }
        }
        if (at != FoundListing::kNewKey) {
            found.matched[at] = true;
            found.prints.push_back(print);
            found.source.push_back(at);
        } else {
            decodeUnit(shape, it->first, found, bytes, print);
        }
    }
    if (report_) report_(stats);
}

CORPS_DECL void Findings::finish(Listing const& listing, ListingState state,
                                 std::optional<std::int64_t> count) {
    auto [it, fresh] = listings.try_emplace(listing);
    FoundListing& found = it->second;
    if (fresh && hasRun(listing.kind)) {
        if (auto const run = stored_.find(listing); run != stored_.end()) {
            found.stored = &run->second;
            found.matched.resize(run->second.size());
        }
    }
    bool const damaged = found.count == -1;
    found.finished = true;
    found.state = damaged ? ListingState::incomplete : state;
    found.count = count;
}

CORPS_DECL void Findings::end() {
    for (auto& [listing, found] : listings)
        if (!found.finished) finish(listing, ListingState::incomplete, std::nullopt);
}

CORPS_DECL void Findings::stale(UpstreamTable table, std::string_view id) {
    (table == UpstreamTable::dept ? staleDepts : staleMembers).emplace(id);
}

CORPS_DECL void Findings::placed(std::string_view dept, std::string_view member) {
    places[std::string(dept)].emplace_back(member);
}

CORPS_DECL void Findings::called(std::uint64_t calls) {
    stats.calls = calls;
    if (report_) report_(stats);
}

}  // namespace detail
}  // namespace corps
