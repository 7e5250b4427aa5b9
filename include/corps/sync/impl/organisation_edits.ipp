#pragma once

#include <corps/error/error.hpp>
#include <corps/model/json.hpp>
#include <corps/sync/detail/binding.hpp>
#include <corps/sync/detail/columns.hpp>
#include <corps/sync/detail/tables.hpp>
#include <corps/sync/impl/corp_reader.ipp>
#include <corps/sync/impl/local_edits.ipp>
#include <corps/sync/organisation_edits.hpp>

#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace corps {
namespace detail {

/** Name of the mark, in the state of a corp, that its first member was made. */
inline constexpr std::string_view kFirstMember = "firstMember";

/** The row of PasswordAuth with this username; empty when there is none. */
[[nodiscard]] inline Row credentialsNamed(CorpReader const& r, std::string_view username) {
    TableSchema const& t = *r.tables().passwordAuth;
    std::size_t const column = columnOf(t, "username");
    Row out;
    std::array<Cell, 1> const key{Cell::text(username)};
    for (std::size_t i = 0; i < t.indexes.size(); ++i) {
        if (t.indexes[i].columns.front() != column) continue;
        r.rows().forEach(t, i + 1, key, [&](RowView row) {
            out.assign(row.begin(), row.end());
            return false;
        });
        return out;
    }
    throw Error(Errc::invalidArgument, "PasswordAuth lacks its index by username");
}

/** The row of PasswordAuth of this user; empty when there is none. */
[[nodiscard]] inline Row credentialsOf(CorpReader const& r, std::string_view userId) {
    std::array<Cell, 1> const key{Cell::text(userId)};
    return findRow(r.rows(), *r.tables().passwordAuth, key);
}

}  // namespace detail

CORPS_DECL OrganisationEdits::OrganisationEdits(RowAccess& rows, RecordTables const& tables, std::string corp,
                                                std::string caller, std::int64_t now,
                                                std::function<std::string()> newId)
    : LocalEdits(rows, tables, std::move(corp), std::move(caller), now),
      now_(now),
      newId_(std::move(newId)) {}

CORPS_DECL void OrganisationEdits::putShared(TableSchema const& t, std::string_view key, Values values) {
    std::vector<Cell> cells(t.columns.size());
    cells[0] = Cell::text(key);
    for (auto const& [column, cell] : values) cells[detail::columnOf(t, column)] = cell;
    writer().upsert(t, cells);
}

// --- members ---

CORPS_DECL MemberId OrganisationEdits::addMember(NewMember const& member, PreparedPassword const& password) {
    detail::requireName(member.nick, "member", member.memberId.view());
    if (member.deptIdList.empty())
        throw Error(Errc::invalidArgument, "a member needs a department: deptIdList must not be empty");
    for (std::string_view id : detail::distinct(member.deptIdList, "department")) reader().requireDept(id);
    std::vector<std::string_view> const roles = detail::distinct(member.roleIdList, "role");
    for (std::string_view id : roles) reader().requireRole(id);
    MemberId const id = member.memberId.empty() ? MemberId(newId_()) : member.memberId;
    if (reader().findStatus(id.view())) throw detail::takenId("member", id.view());
    std::string const userId = member.userId.empty() ? newId_() : member.userId.str();
    if (!member.userId.empty()) {
        std::string const bound = memberOfUser(userId);
        if (!bound.empty())
            throw detail::errorAbout(Errc::alreadyExists, "user", userId,
                                     "the user is member " + bound + " of this corp already");
    }
    giveCredentials(userId, member, password);

    MemberUpdate profile;
    profile.nick = member.nick;
    if (!member.phone.empty()) profile.phone = member.phone;
    fillUser(userId, profile);
    put(*tables().member, {id.view()},
        {{"userId", Cell::text(userId)},
         {"nick", Cell::text(member.nick)},
         {"phone", member.phone.empty() ? Cell() : Cell::text(member.phone)},
         {"status", Cell::integer(static_cast<std::int64_t>(MemberStatus::active))}});
    for (std::size_t i = 0; i < member.deptIdList.size(); ++i) {
        DeptId const& dept = member.deptIdList[i];
        bool const again = std::find(member.deptIdList.begin(), member.deptIdList.end(), dept) !=
                           member.deptIdList.begin() + static_cast<std::ptrdiff_t>(i);
        if (!again)
            put(*tables().deptMember, {dept.view(), id.view()},
                {{"isPrimary", Cell::integer(i == 0 ? 1 : 0)}});
    }
    for (std::string_view role : roles) put(*tables().roleMember, {role, id.view(), kOriginLocal});
    return id;
}

CORPS_DECL std::string OrganisationEdits::memberOfUser(std::string_view userId) const {
    std::string out;
    reader().visitMembersBy("userId", userId, [&](RowView row, MemberStatus) {
        out = row[1].bytes();
        return false;
    });
    return out;
}

CORPS_DECL void OrganisationEdits::requireFreeUsername(std::string_view username,
                                                       std::string_view userId) const {
    Row const taken = detail::credentialsNamed(reader(), username);
    if (!taken.empty() && taken[0].bytes() != userId)
        throw Error(Errc::alreadyExists, "the username is another user's; expected one that is free");
}

CORPS_DECL void OrganisationEdits::giveCredentials(std::string const& userId, NewMember const& member,
                                                   PreparedPassword const& password) {
    if (member.username.empty() && member.password.empty()) return;
    TableSchema const& t = *tables().passwordAuth;
    Row const stored = detail::credentialsOf(reader(), userId);
    std::string_view const had =
        stored.empty() ? std::string_view() : stored[detail::columnOf(t, "username")].bytes();
    if (member.username.empty() && had.empty())
        throw Error(Errc::invalidArgument, "a password is of no use without a username: give both");
    if (!member.username.empty()) {
        if (!had.empty() && had != member.username)
            throw detail::errorAbout(Errc::refused, "user", userId,
                                     "the user signs in under another name; expected that one, or none");
        requireFreeUsername(member.username, userId);
        putShared(t, userId, {{"username", Cell::text(member.username)}});
    }
    if (member.password.empty()) return;
    std::string_view const hash =
        stored.empty() ? std::string_view() : stored[detail::columnOf(t, "hash")].bytes();
    if (hash.empty()) {
        if (!password.hash)  // whoever prepared it saw another one, which is gone
            throw detail::errorAbout(Errc::refused, "user", userId, "the user's password was just changed");
        putCredentials(userId, "", *password.hash);
    } else if (hash != password.matches) {
        throw detail::errorAbout(Errc::refused, "user", userId,
                                 "the user has another password; expected that one, or none: setPassword "
                                 "changes it");
    }
}

CORPS_DECL void OrganisationEdits::fillUser(std::string_view userId, MemberUpdate const& from) {
    if (!columns_) columns_.emplace(tables());
    detail::Users const users(reader().rows(), tables(), *columns_, corp(), "", "", now_);
    auto const cell = [](Field<std::string> const& f) { return f.known() ? Cell::text(f.value()) : Cell(); };
    detail::UserProfile const profile{cell(from.nick), cell(from.phone), cell(from.email), cell(from.photo)};
    std::string const id(userId);
    Row const stored = users.stored(id);
    std::vector<Cell> const row = users.userRow(id, profile, stored);
    if (!row.empty()) writer().upsert(*tables().user, row);
}

CORPS_DECL void OrganisationEdits::deleteMembers(std::vector<MemberId> const& ids) {
    std::vector<std::string_view> const who = detail::distinct(ids, "member");
    for (std::string_view id : who) {
        std::optional<MemberStatus> const status = reader().findStatus(id);
        if (!status) throw detail::unknownId("member", id);
        if (*status != MemberStatus::resigned)
            throw detail::errorAbout(Errc::refused, "member", id,
                                     "only who has resigned can be deleted; this member is active");
    }
    for (std::string_view id : who) takeMember(id);
}

CORPS_DECL void OrganisationEdits::setStatus(std::vector<MemberId> const& ids, MemberStatus status) {
    if (!hasName(status))
        throw Error(Errc::invalidArgument, "status: expected " + std::string(namesOf(status)));
    std::vector<std::string_view> const who = detail::distinct(ids, "member");
    reader().requireMembers(who);
    std::size_t const stored = detail::columnOf(*tables().member, "status");
    std::size_t const mark = detail::columnOf(*tables().member, "localStatus");
    auto const number = static_cast<std::int64_t>(status);
    std::vector<std::pair<std::string, bool>> others;  // and whether they are marked
    reader().visitEach(*tables().member, std::nullopt, who, [&](RowView row) {
        bool const marked = row[mark].integer() != 0;  // by offlineMember, when the corp followed a platform
        if (marked || row[stored].integer() != number) others.emplace_back(row[1].bytes(), marked);
        return true;
    });
    for (auto const& [id, marked] : others)
        put(*tables().member, {id},
            {{"status", Cell::integer(number)}, {"localStatus", marked ? Cell::integer(0) : Cell()}});
}

CORPS_DECL void OrganisationEdits::updateMember(MemberId const& id, MemberUpdate const& update) {
    if (update.nick.known()) detail::requireName(update.nick.value(), "member", id.view());
    if (update.gender.known() && !hasName(update.gender.value()))
        throw Error(Errc::invalidArgument, "gender: expected " + std::string(namesOf(update.gender.value())));
    if (update.extendConf.known()) {
        bool object = false;
        try {
            object = toJson(update.extendConf.value()).is_object();
        } catch (Error const&) {  // not JSON at all
        }
        if (!object) throw Error(Errc::invalidArgument, "extendConf: expected an object");
    }
    std::string userId;
    std::size_t const user = detail::columnOf(*tables().member, "userId");
    reader().visitMember(id, [&](RowView row, MemberStatus) {
        userId = row[user].bytes();
        return false;
    });
    auto const text = [](Field<std::string> const& f) { return f.known() ? Cell::text(f.value()) : Cell(); };
    put(*tables().member, {id.view()},
        {{"nick", text(update.nick)},
         {"phone", text(update.phone)},
         {"email", text(update.email)},
         {"photo", text(update.photo)},
         {"gender",
          update.gender.known() ? Cell::integer(static_cast<std::int64_t>(update.gender.value())) : Cell()},
         {"extendConf", update.extendConf.known() ? Cell::text(update.extendConf.value().view()) : Cell()}});
    if (!userId.empty()) fillUser(userId, update);
}

// --- departments ---

CORPS_DECL void OrganisationEdits::createDept(DeptId const& id, DeptId const& parent, std::string_view name) {
    detail::requireName(name, "department", id.view());
    if (reader().hasDept(id.view())) throw detail::takenId("department", id.view());
    std::string const below = parent.empty() ? reader().rootDeptId() : parent.str();
    reader().requireDept(below);
    put(*tables().dept, {id.view()}, {{"parentId", Cell::text(below)}, {"name", Cell::text(name)}});
}

CORPS_DECL void OrganisationEdits::updateDept(DeptId const& id, std::string_view name, DeptId const& parent) {
    detail::requireName(name, "department", id.view());
    reader().requireDept(id.view());
    Cell below;
    if (!parent.empty()) {
        reader().requireDept(parent.view());
        std::vector<DeptId> const above = reader().pathOf(parent.view());
        if (std::find(above.begin(), above.end(), id) != above.end())
            throw detail::errorAbout(Errc::refused, "department", id.view(),
                                     "a department cannot stand below itself; expected a parent outside of "
                                     "its own subtree");
        below = Cell::text(parent.view());
    }
    put(*tables().dept, {id.view()}, {{"parentId", below}, {"name", Cell::text(name)}});
}

CORPS_DECL void OrganisationEdits::deleteDept(DeptId const& id) {
    reader().requireDept(id.view());
    auto const refuse = [&id](char const* why) {
        return detail::errorAbout(Errc::refused, "department", id.view(), why);
    };
    std::size_t const parent = detail::columnOf(*tables().dept, "parentId");
    bool root = false;
    reader().visitOne(*tables().dept, id.view(), [&](RowView row) { root = row[parent].bytes().empty(); });
    if (root) throw refuse("the root department cannot be deleted");
    if (reader().hasChildren(id.view()))
        throw refuse("the department has departments below it; expected one without");
    std::vector<std::string> const members = reader().membersOf({id.str()});
    for (std::string const& member : members)
        if (reader().findStatus(member) == MemberStatus::active)
            throw refuse("the department has active members; expected one without");
    for (std::string const& member : members) take(*tables().deptMember, {id.str(), member});
    for (Row const& row : leadersOf(id.view())) takeRow(*tables().deptLeader, row);
    take(*tables().dept, {id.str()});
}

CORPS_DECL std::vector<Row> OrganisationEdits::leadersOf(std::string_view dept) const {
    std::vector<Row> out;
    reader().visitLeaders(dept, [&](RowView row) {
        out.emplace_back(row.begin(), row.end());
        return true;
    });
    return out;
}

CORPS_DECL void OrganisationEdits::setLeaders(DeptId const& id, std::vector<MemberId> const& members) {
    reader().requireDept(id.view());
    std::vector<std::string_view> const who = detail::distinct(members, "member");
    reader().requireMembers(who);
    for (std::string_view member : who) {
        if (!reader().standsIn(id.view(), member))
            throw detail::errorAbout(Errc::refused, "member", member,
                                     "a leader must be a member of the department " + id.str());
    }
    std::size_t const source = detail::columnOf(*tables().deptLeader, "source");
    auto const kList = static_cast<std::int64_t>(LeaderSource::departmentList);
    for (Row const& row : leadersOf(id.view())) {
        bool const stays = row[source].integer() == kList &&
                           std::any_of(members.begin(), members.end(),
                                       [&](MemberId const& m) { return m.view() == row[2].bytes(); });
        if (!stays) takeRow(*tables().deptLeader, row);
    }
    std::set<std::string_view> seen;
    for (MemberId const& member : members) {
        if (!seen.insert(member.view()).second) continue;
        std::vector<Cell> cells(tables().deptLeader->columns.size());
        cells[kCorpColumn] = Cell::text(corp());
        cells[1] = Cell::text(id.view());
        cells[2] = Cell::text(member.view());
        cells[source] = Cell::integer(kList);
        cells[detail::columnOf(*tables().deptLeader, "rank")] =
            Cell::integer(static_cast<std::int64_t>(seen.size() - 1));
        writer().upsert(*tables().deptLeader, cells);
    }
}

CORPS_DECL void OrganisationEdits::addDeptMembers(DeptId const& id, std::vector<MemberId> const& members) {
    reader().requireDept(id.view());
    std::vector<std::string_view> const who = detail::distinct(members, "member");
    reader().requireMembers(who);
    putNew(*tables().deptMember, id.view(), who, {});
}

CORPS_DECL void OrganisationEdits::deleteDeptMembers(DeptId const& id, std::vector<MemberId> const& members) {
    reader().requireDept(id.view());
    std::vector<std::string_view> const who = detail::distinct(members, "member");
    reader().requireMembers(who);
    for (Row const& row : leadersOf(id.view()))
        if (std::binary_search(who.begin(), who.end(), std::string_view(row[2].bytes())))
            takeRow(*tables().deptLeader, row);
    for (std::string_view member : who) take(*tables().deptMember, {id.str(), std::string(member)});
}

// --- the first member, credentials ---

CORPS_DECL void OrganisationEdits::addFirstMember(NewMember member, PreparedPassword const& password) {
    detail::StateValues state(reader().rows(), corp());
    if (state.number(detail::kFirstMember)) return;
    state.setNumber(detail::kFirstMember, 1);
    if (reader().findStatus(member.memberId.view())) return;
    member.deptIdList = {DeptId(reader().rootDeptId())};
    MemberId const id = addMember(member, password);
    put(*tables().admin, {id.view(), kOriginLocal});
}

CORPS_DECL void OrganisationEdits::putCredentials(std::string_view user, std::string_view username,
                                                  PasswordHash const& hash) {
    putShared(*tables().passwordAuth, user,
              {{"username", username.empty() ? Cell() : Cell::text(username)},
               {"hash", Cell::text(hash.hash)},
               {"parameters", Cell::text(hash.parameters)},
               {"failures", Cell::integer(0)}});
}

CORPS_DECL void OrganisationEdits::setPassword(UserId const& user, std::string_view username,
                                               PasswordHash const& hash) {
    if (memberOfUser(user.view()).empty()) throw detail::unknownId("user", user.view());
    if (!username.empty()) {
        requireFreeUsername(username, user.view());
    } else {
        Row const had = detail::credentialsOf(reader(), user.view());
        if (had.empty() || had[detail::columnOf(*tables().passwordAuth, "username")].bytes().empty())
            throw detail::errorAbout(Errc::invalidArgument, "user", user.view(),
                                     "the user has no username yet: give one");
    }
    putCredentials(user.view(), username, hash);
}

}  // namespace corps
