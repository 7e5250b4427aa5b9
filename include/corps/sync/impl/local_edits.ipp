#pragma once

#include <corps/error/error.hpp>
#include <corps/sync/impl/corp_reader.ipp>
#include <corps/sync/local_edits.hpp>

#include <algorithm>
#include <optional>
#include <span>

namespace corps {
namespace detail {

[[nodiscard]] inline Error errorAbout(Errc code, std::string_view what, std::string_view id,
                                      std::string message) {
    Diagnostics d;
    d.place = std::string(what) + " " + std::string(id);
    return Error(code, std::move(message), std::move(d));
}

/** @param what whose name it is. @param id empty where there is none yet. */
inline void requireName(std::string_view name, std::string_view what, std::string_view id = {}) {
    if (!name.empty()) return;
    std::string const message = "the name of a " + std::string(what) + " must not be empty";
    if (id.empty()) throw Error(Errc::invalidArgument, message);
    throw errorAbout(Errc::invalidArgument, what, id, message);
}

[[nodiscard]] inline Error takenId(std::string_view what, std::string_view id) {
    return errorAbout(Errc::alreadyExists, what, id,
                      "there is a " + std::string(what) + " with this id already; expected a free one");
}

/** Sorted, each once. The views live as long as the ids. */
template <class IdType>
[[nodiscard]] std::vector<std::string_view> distinct(std::vector<IdType> const& ids, std::string_view what) {
    std::vector<std::string_view> out;
    out.reserve(ids.size());
    for (IdType const& id : ids) {
        if (id.empty())
            throw Error(Errc::invalidArgument, "the id of a " + std::string(what) + " must not be empty");
        out.push_back(id.view());
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

}  // namespace detail

CORPS_DECL LocalEdits::LocalEdits(RowAccess& rows, RecordTables const& tables, std::string corp,
                                  std::string caller, std::int64_t now)
    : tables_(tables),
      corp_(std::move(corp)),
      reader_(rows, tables, corp_),
      writer_(rows, tables, corp_, std::move(caller), "", now) {}

CORPS_DECL void LocalEdits::finish() { writer_.finish(); }

CORPS_DECL void LocalEdits::put(TableSchema const& t, std::initializer_list<std::string_view> key,
                                Values values) {
    std::vector<Cell> cells(t.columns.size());
    cells[kCorpColumn] = Cell::text(corp_);
    std::size_t at = 1;
    for (std::string_view part : key) cells[at++] = Cell::text(part);
    for (auto const& [column, cell] : values) cells[detail::columnOf(t, column)] = cell;
    writer_.upsert(t, cells);
}

CORPS_DECL void LocalEdits::putNew(TableSchema const& t, std::string_view under,
                                   std::span<std::string_view const> members, std::string_view origin) {
    std::vector<std::string_view> missing;
    missing.reserve(members.size());
    auto next = members.begin();
    reader_.visitEach(t, under, members, [&](RowView row) {
        for (; *next != row[2].bytes(); ++next) missing.push_back(*next);
        // Of several origins the local one comes first.
        if (!origin.empty() && row[3].bytes() != origin) missing.push_back(*next);
        ++next;
        return true;
    });
    missing.insert(missing.end(), next, members.end());
    std::vector<Cell> cells(t.columns.size());
    cells[kCorpColumn] = Cell::text(corp_);
    cells[1] = Cell::text(under);
    if (!origin.empty()) cells[3] = Cell::text(origin);
    for (std::string_view member : missing) {
        cells[2] = Cell::text(member);
        writer_.insert(t, cells);
    }
}

CORPS_DECL void LocalEdits::take(TableSchema const& t, std::vector<std::string> const& key) {
    std::vector<Cell> cells{Cell::text(corp_)};
    for (std::string const& part : key) cells.push_back(Cell::text(part));
    writer_.erase(t, cells);
}

CORPS_DECL void LocalEdits::takeRow(TableSchema const& t, Row const& row) {
    std::vector<Cell> key;
    for (std::size_t i = 0; i < t.keyColumns; ++i) key.push_back(row[i].view());
    writer_.erase(t, key);
}

CORPS_DECL std::vector<std::vector<std::string>> LocalEdits::keysUnder(
    TableSchema const& t, std::initializer_list<std::string_view> prefix) const {
    std::vector<Cell> cells{Cell::text(corp_)};
    for (std::string_view part : prefix) cells.push_back(Cell::text(part));
    std::vector<std::vector<std::string>> out;
    reader_.rows().forEach(t, 0, cells, [&](RowView row) {
        std::vector<std::string> key;
        for (std::size_t i = 1; i < t.keyColumns; ++i) key.emplace_back(row[i].bytes());
        out.push_back(std::move(key));
    });
    return out;
}

CORPS_DECL void LocalEdits::requireLocal(TableSchema const& t, std::string_view id,
                                         std::string_view what) const {
    std::size_t const origin = detail::columnOf(t, "origin");
    bool local = false;
    bool const found =
        reader_.visitOne(t, id, [&](RowView row) { local = row[origin].bytes() == kOriginLocal; });
    if (!found) throw detail::unknownId(what, id);
    if (!local)
        throw Error(Errc::refused,
                    "this " + std::string(what) +
                        " belongs to the upstream; only what was made here can be changed here");
}

CORPS_DECL void LocalEdits::setAdmins(std::vector<MemberId> const& ids) {
    std::vector<std::string_view> const who = detail::distinct(ids, "member");
    reader_.requireMembers(who);
    for (auto const& key : keysUnder(*tables_.admin, {})) {
        bool const stays = std::binary_search(who.begin(), who.end(), std::string_view(key[0]));
        if (key[1] == kOriginLocal && !stays) take(*tables_.admin, key);
    }
    for (std::string_view id : who) put(*tables_.admin, {id, kOriginLocal});
}

CORPS_DECL void LocalEdits::saveSignature(MemberId const& id, std::string_view signature) {
    reader_.requireMember(id.view());
    put(*tables_.member, {id.view()}, {{"signature", Cell::text(signature)}});
}

CORPS_DECL void LocalEdits::setUserRole(MemberId const& id, std::vector<RoleId> const& roles) {
    reader_.requireMember(id.view());
    for (RoleId const& role : roles) reader_.requireRole(role.view());
    TableSchema const& t = *tables_.roleMember;
    std::vector<std::vector<std::string>> had;
    reader_.visitRolesOf(id.view(), [&](RowView row) {
        had.push_back(
            {std::string(row[1].bytes()), std::string(row[2].bytes()), std::string(row[3].bytes())});
        return true;
    });
    for (auto const& key : had) {
        bool const stays =
            key[2] == kOriginLocal && std::any_of(roles.begin(), roles.end(),
                                                  [&](RoleId const& role) { return role.view() == key[0]; });
        if (!stays) take(t, key);
    }
    for (RoleId const& role : roles) put(t, {role.view(), id.view(), kOriginLocal});
    put(*tables_.member, {id.view()}, {{"rolesLocal", Cell::integer(1)}});
}

CORPS_DECL void LocalEdits::releaseUserRole(MemberId const& id) {
    bool marked = false;
    std::size_t const rolesLocal = detail::columnOf(*tables_.member, "rolesLocal");
    reader_.visitMember(id, [&](RowView row, MemberStatus) {
        marked = row[rolesLocal].integer() != 0;
        return true;
    });
    if (marked) put(*tables_.member, {id.view()}, {{"rolesLocal", Cell::integer(0)}});
}

CORPS_DECL void LocalEdits::setOffline(std::vector<MemberId> const& ids) {
    std::vector<std::string_view> const who = detail::distinct(ids, "member");
    reader_.requireMembers(who);
    std::vector<std::string> active;
    reader_.visitEach(*tables_.member, std::nullopt, who, [&](RowView row) {
        if (reader_.statusOf(row) == MemberStatus::active) active.emplace_back(row[1].bytes());
        return true;
    });
    for (std::string const& id : active)
        put(*tables_.member, {id},
            {{"localStatus", Cell::integer(static_cast<std::int64_t>(MemberStatus::resigned))}});
}

CORPS_DECL void LocalEdits::reinstate(std::vector<MemberId> const& ids) {
    std::size_t const status = detail::columnOf(*tables_.member, "status");
    std::size_t const mark = detail::columnOf(*tables_.member, "localStatus");
    std::vector<std::string_view> marked;
    for (MemberId const& id : ids)
        reader_.visitMember(id, [&](RowView row, MemberStatus) {
            if (row[status].integer() == static_cast<std::int64_t>(MemberStatus::resigned)) {
                Diagnostics d;
                d.place = "member " + id.str();
                throw Error(Errc::refused, "who has resigned upstream comes back from there only",
                            std::move(d));
            }
            if (row[mark].integer() != 0) marked.push_back(id.view());
            return true;
        });
    for (std::string_view id : marked) put(*tables_.member, {id}, {{"localStatus", Cell::integer(0)}});
}

CORPS_DECL void LocalEdits::createRoleGroup(RoleGroupId const& id, std::string_view name) {
    detail::requireName(name, "role group", id.view());
    if (reader_.hasRoleGroup(id.view())) throw detail::takenId("role group", id.view());
    put(*tables_.roleGroup, {id.view()}, {{"name", Cell::text(name)}, {"origin", Cell::text(kOriginLocal)}});
}

CORPS_DECL void LocalEdits::renameRoleGroup(RoleGroupId const& id, std::string_view name) {
    detail::requireName(name, "role group", id.view());
    requireLocal(*tables_.roleGroup, id.view(), "role group");
    put(*tables_.roleGroup, {id.view()}, {{"name", Cell::text(name)}});
}

CORPS_DECL void LocalEdits::deleteRoleGroup(RoleGroupId const& id) {
    requireLocal(*tables_.roleGroup, id.view(), "role group");
    std::size_t const group = detail::columnOf(*tables_.role, "roleGroupId");
    bool used = false;
    reader_.visitAll(*tables_.role, [&](RowView row) {
        used = used || row[group].bytes() == id.view();
        return !used;
    });
    if (used) throw Error(Errc::refused, "a role group with roles in it cannot be deleted");
    take(*tables_.roleGroup, {id.str()});
}

CORPS_DECL void LocalEdits::createRole(RoleId const& id, RoleGroupId const& group, std::string_view name) {
    detail::requireName(name, "role", id.view());
    reader_.requireRoleGroup(group.view());
    if (reader_.hasRole(id.view())) throw detail::takenId("role", id.view());
    put(*tables_.role, {id.view()},
        {{"name", Cell::text(name)},
         {"roleGroupId", Cell::text(group.view())},
         {"origin", Cell::text(kOriginLocal)}});
}

CORPS_DECL void LocalEdits::renameRole(RoleId const& id, std::string_view name) {
    detail::requireName(name, "role", id.view());
    requireLocal(*tables_.role, id.view(), "role");
    put(*tables_.role, {id.view()}, {{"name", Cell::text(name)}});
}

CORPS_DECL void LocalEdits::deleteRole(RoleId const& id) {
    requireLocal(*tables_.role, id.view(), "role");
    for (auto const& key : keysUnder(*tables_.roleMember, {id.view()})) take(*tables_.roleMember, key);
    for (auto const& key : keysUnder(*tables_.deptLimit, {id.view()})) take(*tables_.deptLimit, key);
    take(*tables_.role, {id.str()});
}

CORPS_DECL void LocalEdits::addRoleMembers(RoleId const& role, std::vector<MemberId> const& ids) {
    reader_.requireRole(role.view());
    std::vector<std::string_view> const who = detail::distinct(ids, "member");
    reader_.requireMembers(who);
    putNew(*tables_.roleMember, role.view(), who, kOriginLocal);
}

CORPS_DECL void LocalEdits::deleteRoleMembers(RoleId const& role, std::vector<MemberId> const& ids) {
    reader_.requireRole(role.view());
    std::vector<std::string_view> const who = detail::distinct(ids, "member");
    reader_.requireMembers(who);
    for (std::string_view id : who) {
        for (auto const& key : keysUnder(*tables_.roleMember, {role.view(), id})) {
            if (key[2] != kOriginLocal)
                throw Error(Errc::refused,
                            "the member has this role from the upstream; setUserRole takes it over");
            take(*tables_.roleMember, key);
        }
    }
}

CORPS_DECL void LocalEdits::setDeptLimit(RoleId const& role, MemberId const& id,
                                         std::vector<DeptId> const& depts) {
    reader_.requireRole(role.view());
    reader_.requireMember(id.view());
    std::vector<std::string_view> const wanted = detail::distinct(depts, "department");
    std::vector<std::string> const before = reader_.deptLimit(role.view(), id.view());  // sorted
    for (std::string_view dept : wanted)  // one that is gone for now may stay, but not come new
        if (!std::binary_search(before.begin(), before.end(), dept)) reader_.requireDept(dept);
    for (std::string const& dept : before)
        if (!std::binary_search(wanted.begin(), wanted.end(), std::string_view(dept)))
            take(*tables_.deptLimit, {role.str(), id.str(), dept});
    for (std::string_view dept : wanted) put(*tables_.deptLimit, {role.view(), id.view(), dept});
}

CORPS_DECL bool LocalEdits::ensureRoot(DeptId const& id, std::string_view name) {
    if (!reader_.rootDeptId().empty()) return false;
    put(*tables_.dept, {id.view()}, {{"parentId", Cell::text("")}, {"name", Cell::text(name)}});
    return true;
}

CORPS_DECL void LocalEdits::takeMember(std::string_view id) {
    for (TableSchema const* t : {tables_.deptMember, tables_.deptLeader, tables_.roleMember,
                                 tables_.deptLimit, tables_.admin, tables_.member}) {
        std::vector<Row> gone;
        reader_.visitBy(*t, "memberId", id, [&](RowView row) {
            gone.emplace_back(row.begin(), row.end());
            return true;
        });
        for (Row const& row : gone) takeRow(*t, row);
    }
}

}  // namespace corps
