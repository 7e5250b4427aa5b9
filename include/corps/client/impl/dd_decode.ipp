// What DingTalk's records become.
#pragma once

#include <corps/client/dd_client.hpp>
#include <corps/client/impl/dd_endpoints.hpp>
#include <corps/client/impl/json_fields.hpp>
#include <corps/client/phone.hpp>

#include <boost/json/monotonic_resource.hpp>

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace corps {
namespace detail {

/** A mobile number with its country's code beside it. */
inline std::optional<std::string> ddPhone(boost::json::object const& user) {
    std::string_view const mobile = jsonText(user, "mobile").value_or(std::string_view());
    if (mobile.empty()) return std::nullopt;
    std::string country = jsonTextOr(user, "state_code");
    if (std::optional<std::int64_t> const number = jsonInteger(user, "state_code"))
        country = std::to_string(*number);
    if (country.starts_with('+')) country.erase(0, 1);
    bool const given = mobile.front() == '+' || mobile.starts_with("00");
    if (country.empty() || given) return parsePhone(mobile).text;
    Phone const whole = parsePhone("+" + country + std::string(mobile));
    return whole.parsed ? whole.text : std::string(mobile);
}

}  // namespace detail

CORPS_DECL void DDInnerClient::Api::decode(Unit const& unit, RowSink& rows) const {
    std::array<unsigned char, 16 * 1024> buffer;  // left as it is: only what is written is read
    boost::json::monotonic_resource memory(buffer.data(), buffer.size());
    boost::json::value const parsed = detail::parseUnit(unit.bytes, &memory);
    boost::json::object const& o = parsed.get_object();
    auto const person = [&o](char const* what) {
        std::string_view const id = detail::jsonText(o, "userid").value_or(std::string_view());
        if (id.empty()) throw Error(Errc::protocol, std::string(what) + " has no userid");
        return id;
    };
    switch (unit.listing->kind) {
        case ListingKind::departments: decodeDept(o, rows); break;
        case ListingKind::deptMembers:
        case ListingKind::visibleMembers: decodeUser(o, *unit.listing, rows); break;
        case ListingKind::roles: decodeRoleGroup(o, rows); break;
        case ListingKind::roleMembers: {
            std::array<Cell, 2> const cells = {Cell::text(unit.listing->id),
                                               Cell::text(person("a member of a role"))};
            rows.row(UpstreamTable::roleMember, cells);
            break;
        }
        case ListingKind::admins: {
            std::array<Cell, 1> const cells = {Cell::text(person("an administrator"))};
            rows.row(UpstreamTable::admin, cells);
            break;
        }
        default: throw Error(Errc::invalidArgument, "DingTalk has no such list");
    }
}

CORPS_DECL void DDInnerClient::Api::decodeDept(boost::json::object const& dept, RowSink& rows) const {
    std::optional<std::int64_t> const number = detail::jsonInteger(dept, "dept_id");
    if (!number) throw Error(Errc::protocol, "a department has no dept_id");
    std::string const id = std::to_string(*number);
    std::optional<std::int64_t> const parentNumber = detail::jsonInteger(dept, "parent_id");
    std::string const parent = parentNumber && *parentNumber > 0 ? std::to_string(*parentNumber) : "";
    bool const root = id == detail::kDdRoot;
    std::array<Cell, 4> const cells = {Cell::text(id), root || parentNumber ? Cell::text(parent) : Cell(),
                                       detail::jsonTextCell(dept, "name"),
                                       detail::jsonIntegerCell(detail::jsonInteger(dept, "order"))};
    rows.row(UpstreamTable::dept, cells);

    if (detail::jsonBool(dept, detail::kDdNoDetail).value_or(false)) {
        std::array<Cell, 4> const untold = {Cell::text(id), Cell(), Cell(), Cell()};
        rows.row(UpstreamTable::deptLeader, untold);
    } else if (boost::json::array const* const managers =
                   detail::jsonArray(dept, "dept_manager_userid_list")) {
        std::int64_t rank = 0;
        for (boost::json::value const& m : *managers) {
            if (!m.is_string() || m.get_string().empty()) continue;
            std::array<Cell, 4> const leader = {
                Cell::text(id), Cell::text(m.get_string()),
                Cell::integer(static_cast<std::int64_t>(LeaderSource::departmentList)),
                Cell::integer(rank++)};
            rows.row(UpstreamTable::deptLeader, leader);
        }
    }
}

CORPS_DECL void DDInnerClient::Api::decodeUser(boost::json::object const& user, Listing const& listing,
                                               RowSink& rows) const {
    std::string_view const id = detail::jsonText(user, "userid").value_or(std::string_view());
    if (id.empty()) throw Error(Errc::protocol, "a user has no userid");

    std::optional<std::string> const phone = detail::ddPhone(user);
    Cell upstreamStatus;
    if (std::optional<bool> const active = detail::jsonBool(user, "active"))
        upstreamStatus = Cell::text(*active ? "" : "unactivated");
    std::optional<std::array<char, 10>> date;
    if (std::optional<std::int64_t> const hired = detail::jsonInteger(user, "hired_date"))
        date = detail::dateInUtc8(*hired / 1000);

    std::array<Cell, std::size(kMemberColumns)> const cells = {
        Cell::text(id),
        detail::jsonTextCell(user, "name"),
        phone ? Cell::text(*phone) : Cell(),
        detail::jsonTextCell(user, "email"),
        detail::jsonTextCell(user, "avatar"),
        Cell(),  // the gender is not told
        detail::jsonTextCell(user, "job_number"),
        detail::jsonTextCell(user, "title"),
        Cell::integer(1),
        upstreamStatus,
        date ? Cell::text(std::string_view(date->data(), date->size())) : Cell(),
        Cell::text(id),
        Cell(),  // no call of the contacts tells the open id
        detail::jsonTextCell(user, "unionid"),
    };
    rows.row(UpstreamTable::member, cells);
    if (listing.kind != ListingKind::deptMembers) return;

    // The list that showed the user proves the membership; what it says of places and leaders is said of
    // this department.
    Cell primary;
    if (std::optional<std::int64_t> const main = detail::jsonInteger(user, detail::kDdMainDept)) {
        primary = Cell::integer(std::to_string(*main) == listing.id ? 1 : 0);
    } else if (boost::json::array const* const depts = detail::jsonArray(user, "dept_id_list");
               depts != nullptr && depts->size() <= 1) {
        primary = Cell::integer(1);
    }
    std::array<Cell, 4> const membership = {Cell::text(listing.id), Cell::text(id),
                                            detail::reversedOrder(detail::jsonInteger(user, "dept_order")),
                                            primary};
    rows.row(UpstreamTable::deptMember, membership);
    std::optional<bool> const leads = detail::jsonBool(user, "leader");
    if (leads == false) return;
    std::array<Cell, 4> const leader = {
        Cell::text(listing.id), Cell::text(id),
        leads ? Cell::integer(static_cast<std::int64_t>(LeaderSource::memberFlag)) : Cell(), Cell()};
    rows.row(UpstreamTable::deptLeader, leader);
}

CORPS_DECL void DDInnerClient::Api::decodeRoleGroup(boost::json::object const& group, RowSink& rows) const {
    std::optional<std::int64_t> const number = detail::jsonInteger(group, "groupId");
    if (!number) throw Error(Errc::protocol, "a role group has no groupId");
    std::string const groupId = std::to_string(*number);
    std::array<Cell, 2> const cells = {Cell::text(groupId), detail::jsonTextCell(group, "name")};
    rows.row(UpstreamTable::roleGroup, cells);
    boost::json::array const* const roles = detail::jsonArray(group, "roles");
    if (roles == nullptr) return;
    for (boost::json::value const& v : *roles) {
        if (!v.is_object()) continue;
        std::optional<std::int64_t> const role = detail::jsonInteger(v.get_object(), "id");
        if (!role) throw Error(Errc::protocol, "a role has no id");
        std::string const roleId = std::to_string(*role);
        std::array<Cell, 3> const row = {Cell::text(roleId), Cell::text(groupId),
                                         detail::jsonTextCell(v.get_object(), "name")};
        rows.row(UpstreamTable::role, row);
    }
}

}  // namespace corps
