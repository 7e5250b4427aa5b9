// What Feishu's records become.
#pragma once

#include <corps/client/fs_client.hpp>
#include <corps/client/impl/json_fields.hpp>
#include <corps/client/phone.hpp>

#include <boost/json/monotonic_resource.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace corps {

CORPS_DECL std::vector<std::string> FSInnerClient::Api::otherIds(Unit const& unit) const {
    static constexpr std::string_view kDept[] = {"open_department_id", "department_id"};
    static constexpr std::string_view kUser[] = {"open_id", "user_id", "union_id"};
    std::span<std::string_view const> keys;
    if (unit.listing->kind == ListingKind::departments) keys = kDept;
    if (unit.listing->kind == ListingKind::deptMembers || unit.listing->kind == ListingKind::visibleMembers)
        keys = kUser;
    std::vector<std::string> out;
    if (keys.empty()) return out;
    boost::json::value const parsed = detail::parseUnit(unit.bytes, {});
    for (std::string_view const key : keys) {
        std::string id = detail::jsonTextOr(parsed.get_object(), key);
        if (!id.empty()) out.push_back(std::move(id));
    }
    return out;
}

CORPS_DECL void FSInnerClient::Api::decode(Unit const& unit, RowSink& rows) const {
    std::array<unsigned char, 16 * 1024> buffer;  // left as it is: only what is written is read
    boost::json::monotonic_resource memory(buffer.data(), buffer.size());
    boost::json::value const parsed = detail::parseUnit(unit.bytes, &memory);
    boost::json::object const& o = parsed.get_object();
    switch (unit.listing->kind) {
        case ListingKind::departments: decodeDept(o, rows); break;
        case ListingKind::deptMembers:
        case ListingKind::visibleMembers: decodeUser(o, *unit.listing, rows); break;
        case ListingKind::roleMembers: {
            std::optional<std::string_view> const id = detail::jsonText(o, "user_id");
            if (!id || id->empty()) throw Error(Errc::protocol, "a member of a role has no user_id");
            std::array<Cell, 2> const cells = {Cell::text(unit.listing->id), Cell::text(*id)};
            rows.row(UpstreamTable::roleMember, cells);
            break;
        }
        case ListingKind::roles:
        case ListingKind::subtreeMembers:
        case ListingKind::memberDetails:
        case ListingKind::admins: throw Error(Errc::invalidArgument, "Feishu has no such list");
    }
}

CORPS_DECL void FSInnerClient::Api::decodeDept(boost::json::object const& dept, RowSink& rows) const {
    std::optional<std::string_view> const id = detail::jsonText(dept, deptIdKey());
    if (!id || id->empty()) {
        throw Error(
            Errc::protocol,
            customDeptIds_
                ? "a department has no department_id: the application lacks contact:department.base:readonly"
                : "a department has no open_department_id");
    }
    boost::json::object const* const status = detail::jsonObject(dept, "status");
    if (status != nullptr && detail::jsonBool(*status, "is_deleted").value_or(false)) return;
    std::array<Cell, 4> const cells = {Cell::text(*id), detail::jsonTextCell(dept, "parent_department_id"),
                                       detail::jsonTextCell(dept, "name"),
                                       detail::jsonIntegerCell(detail::jsonInteger(dept, "order"))};
    rows.row(UpstreamTable::dept, cells);

    std::vector<std::string_view> leaders;
    auto const add = [&leaders](std::string_view leader, bool front) {
        if (leader.empty() || std::find(leaders.begin(), leaders.end(), leader) != leaders.end()) return;
        leaders.insert(front ? leaders.begin() : leaders.end(), leader);
    };
    bool hasHead = false;
    if (boost::json::array const* const list = detail::jsonArray(dept, "leaders")) {
        for (bool const heads : {true, false}) {
            for (boost::json::value const& v : *list) {
                if (!v.is_object()) continue;
                if ((detail::jsonInteger(v.get_object(), "leaderType") == 1) != heads) continue;
                add(detail::jsonText(v.get_object(), "leaderID").value_or(std::string_view()), false);
                hasHead = hasHead || (heads && !leaders.empty());
            }
        }
    }
    if (!hasHead) {
        std::string_view const head = detail::jsonText(dept, "leader_user_id").value_or(std::string_view());
        auto const deputy = std::find(leaders.begin(), leaders.end(), head);
        if (deputy != leaders.end()) leaders.erase(deputy);
        add(head, true);
    }
    for (std::size_t rank = 0; rank < leaders.size(); ++rank) {
        std::array<Cell, 4> const leader = {
            Cell::text(*id), Cell::text(leaders[rank]),
            Cell::integer(static_cast<std::int64_t>(LeaderSource::departmentList)),
            Cell::integer(static_cast<std::int64_t>(rank))};
        rows.row(UpstreamTable::deptLeader, leader);
    }
}

CORPS_DECL void FSInnerClient::Api::decodeUser(boost::json::object const& user, Listing const& listing,
                                               RowSink& rows) const {
    std::optional<std::string_view> const id = detail::jsonText(user, userIdKey());
    if (!id || id->empty()) {
        std::string message = "a user has no " + std::string(userIdKey());
        if (userIdType_ == IdType::userId)
            message += ": the application lacks contact:user.employee_id:readonly";
        throw Error(Errc::protocol, std::move(message));
    }

    // Status. Who has resigned is not a member any more, whatever list shows the record.
    Cell upstreamStatus;
    bool const frozenHere = detail::jsonBool(user, "is_frozen").value_or(false);
    boost::json::object const* const status = detail::jsonObject(user, "status");
    // Without the permission for `status` an account that is not frozen may still be anything else.
    if (status != nullptr || frozenHere) {
        auto const flag = [status](std::string_view key, bool absent) {
            return status == nullptr ? absent : detail::jsonBool(*status, key).value_or(absent);
        };
        if (flag("is_resigned", false)) return;
        std::string_view text;
        if (frozenHere || flag("is_frozen", false)) {
            text = "frozen";
        } else if (flag("is_exited", false)) {
            text = "exited";
        } else if (flag("is_unjoin", false)) {
            text = "unjoined";
        } else if (!flag("is_activated", true)) {
            text = "unactivated";
        }
        upstreamStatus = Cell::text(text);
    }

    Cell phone;
    Phone parsedPhone;
    if (std::optional<std::string_view> const mobile = detail::jsonText(user, "mobile")) {
        parsedPhone = parsePhone(*mobile);
        phone = Cell::text(parsedPhone.text);
    }
    Cell photo;
    if (boost::json::object const* const avatar = detail::jsonObject(user, "avatar"))
        photo = detail::jsonTextCell(*avatar, "avatar_240");
    Cell gender;
    if (std::optional<std::int64_t> const g = detail::jsonInteger(user, "gender"))
        gender = Cell::integer(*g >= 0 && *g <= 3 ? *g : 0);
    Cell hiredDate;
    std::optional<std::array<char, 10>> date;
    if (std::optional<std::int64_t> const joined = detail::jsonInteger(user, "join_time"))
        date = detail::dateInUtc8(*joined);
    if (date) hiredDate = Cell::text(std::string_view(date->data(), date->size()));

    std::array<Cell, std::size(kMemberColumns)> const cells = {
        Cell::text(*id),
        detail::jsonTextCell(user, "name"),
        phone,
        detail::jsonTextCell(user, "email"),
        photo,
        gender,
        detail::jsonTextCell(user, "employee_no"),
        detail::jsonTextCell(user, "job_title"),
        Cell::integer(1),
        upstreamStatus,
        hiredDate,
        Cell::text(*id),
        detail::jsonTextCell(user, "open_id"),
        detail::jsonTextCell(user, "union_id"),
    };
    rows.row(UpstreamTable::member, cells);

    if (listing.kind == ListingKind::deptMembers) {
        // The list that showed the user proves the membership; department_ids may name departments out of
        // sight, and for the root both ["0"] and [] have been seen.
        Cell order;
        Cell primary;
        boost::json::array const* const orders = detail::jsonArray(user, "orders");
        bool found = false;
        std::optional<std::int64_t> largest;
        std::optional<std::int64_t> own;
        if (orders != nullptr) {
            for (boost::json::value const& v : *orders) {
                if (!v.is_object()) continue;
                boost::json::object const& entry = v.get_object();
                std::optional<std::int64_t> const among = detail::jsonInteger(entry, "department_order");
                if (among && (!largest || *among > *largest)) largest = among;
                if (detail::jsonText(entry, "department_id") != std::string_view(listing.id)) continue;
                found = true;
                own = among;
                order = detail::reversedOrder(detail::jsonInteger(entry, "user_order"));
                if (std::optional<bool> const p = detail::jsonBool(entry, "is_primary_dept"))
                    primary = Cell::integer(*p ? 1 : 0);
            }
            if (found && primary.isNull() && own && largest)
                primary = Cell::integer(*own == *largest ? 1 : 0);
        }
        if (!found) {
            boost::json::array const* const departments = detail::jsonArray(user, "department_ids");
            bool const onlyThis = departments != nullptr && departments->size() <= 1;
            if (onlyThis) {
                primary = Cell::integer(1);
            } else if (orders != nullptr && !orders->empty()) {
                primary = Cell::integer(0);
            }
        }
        std::array<Cell, 4> const membership = {Cell::text(listing.id), Cell::text(*id), order, primary};
        rows.row(UpstreamTable::deptMember, membership);
    }

    // Not granted and not an administrator are different things: only the second takes a right away.
    if (std::optional<bool> const manager = detail::jsonBool(user, "is_tenant_manager")) {
        std::array<Cell, 2> const admin = {Cell::text(*id), Cell::integer(*manager ? 1 : 0)};
        rows.row(UpstreamTable::admin, admin);
    }
}

}  // namespace corps
