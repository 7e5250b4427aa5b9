// What WeCom's records become.
#pragma once

#include <corps/client/impl/json_fields.hpp>
#include <corps/client/impl/qywx_endpoints.hpp>
#include <corps/client/phone.hpp>
#include <corps/client/qywx_client.hpp>

#include <boost/json/monotonic_resource.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace corps {
namespace detail {

/** Text that an application without the right to it may also be sent empty. */
inline Cell qywxWithheld(boost::json::object const& o, std::string_view key) {
    std::optional<std::string_view> const t = jsonText(o, key);
    return t && !t->empty() ? Cell::text(*t) : Cell();
}

inline std::optional<std::int64_t> qywxAt(boost::json::array const* list, std::size_t i) {
    if (list == nullptr || i >= list->size()) return std::nullopt;
    return jsonInteger((*list)[i]);
}

}  // namespace detail

CORPS_DECL void QywxInnerClient::Api::decode(Unit const& unit, RowSink& rows) const {
    std::array<unsigned char, 16 * 1024> buffer;  // left as it is: only what is written is read
    boost::json::monotonic_resource memory(buffer.data(), buffer.size());
    boost::json::value const parsed = detail::parseUnit(unit.bytes, &memory);
    boost::json::object const& o = parsed.get_object();
    switch (unit.listing->kind) {
        case ListingKind::departments:
            decodeDept(o, unit.shape != &detail::kQywxNamelessDeptShape, rows);
            break;
        case ListingKind::deptMembers:
        case ListingKind::subtreeMembers:
        case ListingKind::visibleMembers:
            decodeUser(o, unit.shape != &detail::kQywxNamelessUserShape, *unit.listing, rows);
            break;
        case ListingKind::roles: {
            std::optional<std::int64_t> const id = detail::jsonInteger(o, "tagid");
            if (!id) throw Error(Errc::protocol, "a tag has no tagid");
            std::string const tag = std::to_string(*id);
            std::array<Cell, 3> const cells = {Cell::text(tag), Cell::text(""),
                                               detail::jsonTextCell(o, "tagname")};
            rows.row(UpstreamTable::role, cells);
            break;
        }
        case ListingKind::roleMembers: {
            std::string_view const id = detail::jsonText(o, "userid").value_or(std::string_view());
            if (id.empty()) throw Error(Errc::protocol, "a member of a tag has no userid");
            std::array<Cell, 2> const cells = {Cell::text(unit.listing->id), Cell::text(id)};
            rows.row(UpstreamTable::roleMember, cells);
            break;
        }
        default: throw Error(Errc::invalidArgument, "WeCom has no such list");
    }
}

CORPS_DECL void QywxInnerClient::Api::decodeDept(boost::json::object const& dept, bool named,
                                                 RowSink& rows) const {
    std::optional<std::int64_t> const number = detail::jsonInteger(dept, "id");
    if (!number) throw Error(Errc::protocol, "a department has no id");
    std::string const id = std::to_string(*number);
    std::optional<std::int64_t> const parentNumber = detail::jsonInteger(dept, "parentid");
    bool const root = id == detail::kQywxRoot;
    std::string const parent =
        !root && parentNumber && *parentNumber > 0 ? std::to_string(*parentNumber) : std::string();
    std::array<Cell, 4> const cells = {
        Cell::text(id), root || parentNumber ? Cell::text(parent) : Cell(),
        named ? detail::qywxWithheld(dept, "name") : Cell(),
        root ? Cell::integer(0) : detail::reversedOrder(detail::jsonInteger(dept, "order"))};
    rows.row(UpstreamTable::dept, cells);

    boost::json::array const* const leaders = detail::jsonArray(dept, "department_leader");
    if (leaders == nullptr) {
        std::array<Cell, 4> const untold = {Cell::text(id), Cell(), Cell(), Cell()};
        rows.row(UpstreamTable::deptLeader, untold);
        return;
    }
    std::int64_t rank = 0;
    for (boost::json::value const& v : *leaders) {
        if (!v.is_string() || v.get_string().empty()) continue;
        std::array<Cell, 4> const leader = {
            Cell::text(id), Cell::text(v.get_string()),
            Cell::integer(static_cast<std::int64_t>(LeaderSource::departmentList)), Cell::integer(rank++)};
        rows.row(UpstreamTable::deptLeader, leader);
    }
}

CORPS_DECL void QywxInnerClient::Api::decodeUser(boost::json::object const& user, bool named,
                                                 Listing const& listing, RowSink& rows) const {
    std::string_view const id = detail::jsonText(user, "userid").value_or(std::string_view());
    if (id.empty()) throw Error(Errc::protocol, "a user has no userid");

    Cell upstreamStatus;
    std::optional<std::int64_t> const status = detail::jsonInteger(user, "status");
    if (status == 5) return;  // has left, whatever list shows the record
    if (status == 2 || detail::jsonInteger(user, "enable") == 0) {
        upstreamStatus = Cell::text("disabled");
    } else if (status) {
        upstreamStatus = Cell::text(*status == 4 ? "unactivated" : "");
    }
    std::optional<std::string> phone;
    if (std::string_view const mobile = detail::jsonText(user, "mobile").value_or(std::string_view());
        !mobile.empty()) {
        phone = parsePhone(mobile).text;
    }
    Cell gender;  // "0" is also what an application without the right to it is sent
    if (std::optional<std::int64_t> const g = detail::jsonInteger(user, "gender"); g == 1 || g == 2)
        gender = Cell::integer(*g);

    std::array<Cell, std::size(kMemberColumns)> const cells = {
        Cell::text(id),
        named ? detail::qywxWithheld(user, "name") : Cell(),
        phone ? Cell::text(*phone) : Cell(),
        detail::qywxWithheld(user, "email"),
        detail::qywxWithheld(user, "avatar"),
        gender,
        Cell(),  // neither a number
        detail::jsonTextCell(user, "position"),
        Cell::integer(1),
        upstreamStatus,
        Cell(),  // nor a date is told
        Cell::text(id),
        Cell(),
        Cell(),  // and no id that would mean the same person elsewhere
    };
    rows.row(UpstreamTable::member, cells);
    if (listing.kind == ListingKind::visibleMembers) return;

    boost::json::array const* const depts = detail::jsonArray(user, "department");
    boost::json::array const* const orders = detail::jsonArray(user, "order");
    boost::json::array const* const flags = detail::jsonArray(user, "is_leader_in_dept");
    std::optional<std::int64_t> const main = detail::jsonInteger(user, "main_department");
    auto const stands = [&](std::string const& dept, std::optional<std::size_t> at) {
        Cell primary;
        if (main && *main > 0) {
            primary = Cell::integer(std::to_string(*main) == dept ? 1 : 0);
        } else if (depts != nullptr && depts->size() == 1) {
            primary = Cell::integer(1);
        }
        std::array<Cell, 4> const membership = {
            Cell::text(dept), Cell::text(id),
            at ? detail::reversedOrder(detail::qywxAt(orders, *at)) : Cell(), primary};
        rows.row(UpstreamTable::deptMember, membership);
        std::optional<std::int64_t> const leads = at ? detail::qywxAt(flags, *at) : std::nullopt;
        if (leads == 0) return;
        std::array<Cell, 4> const leader = {
            Cell::text(dept), Cell::text(id),
            leads ? Cell::integer(static_cast<std::int64_t>(LeaderSource::memberFlag)) : Cell(), Cell()};
        rows.row(UpstreamTable::deptLeader, leader);
    };
    bool found = false;
    for (std::size_t i = 0; depts != nullptr && i < depts->size(); ++i) {
        std::optional<std::int64_t> const number = detail::jsonInteger((*depts)[i]);
        if (!number || *number < 1) continue;
        std::string const dept = std::to_string(*number);
        if (listing.kind == ListingKind::deptMembers && dept != listing.id) continue;
        stands(dept, i);
        found = true;
    }
    // The list of one department that shows a user proves the membership, whatever the record names.
    if (!found && listing.kind == ListingKind::deptMembers) stands(listing.id, std::nullopt);
}

}  // namespace corps
