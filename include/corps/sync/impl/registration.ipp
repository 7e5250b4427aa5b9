#pragma once

#include <corps/error/error.hpp>
#include <corps/model/corp_data.hpp>
#include <corps/sync/detail/columns.hpp>
#include <corps/sync/detail/tables.hpp>
#include <corps/sync/engine.hpp>
#include <corps/sync/registration.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace corps {
namespace detail {

class Registration {
public:
    Registration(RowAccess& rows, RecordTables const& tables, RegistrationScope const& scope,
                 std::string corpId)
        : rows_(rows),
          t_(tables),
          c_(tables),
          scope_(scope),
          corpId_(std::move(corpId)),
          writer_(rows, tables, scope.corp, scope.caller, "", scope.now) {}

    void add(CorpMember const& member) {
        std::array<Cell, 2> const key{Cell::text(scope_.corp), Cell::text(member.memberId.view())};
        Row const stored = findRow(rows_, *t_.member, key);
        if (stored.empty()) {
            report.unknown.push_back(member.memberId);
            return;
        }
        std::string const& before = stored[c_.member.unionId].bytes();
        if (!before.empty() && member.unionId.known() && !member.unionId.value().empty() &&
            member.unionId.value() != before) {
            report.unknown.push_back(
                member.memberId);  // the id is somebody else's now: for a sync to hold and name
            return;
        }
        std::string_view const unionId =
            member.unionId.known() ? std::string_view(member.unionId.value()) : std::string_view(before);
        std::string userId = userOf(member.memberId, stored[c_.member.userId].bytes(), unionId);
        bool const made = userId.empty();
        if (made) userId = scope_.newId();
        bool const filled = fillUser(member, userId, made);

        std::vector<Cell> auth(t_.thirdAuth->columns.size());
        auth[c_.thirdAuth.platform] = Cell::text(scope_.platform);
        auth[c_.thirdAuth.thirdCorpId] = Cell::text(corpId_);
        auth[c_.thirdAuth.thirdUserId] = Cell::text(member.memberId.view());
        auth[c_.thirdAuth.userId] = Cell::text(userId);
        if (!unionId.empty()) auth[c_.thirdAuth.unionId] = Cell::text(unionId);
        bool const bound = writer_.upsert(*t_.thirdAuth, auth);

        std::vector<Cell> row(t_.member->columns.size());
        row[kCorpColumn] = key[0];
        row[c_.member.memberId] = key[1];
        row[c_.member.userId] = Cell::text(userId);
        bool const linked = writer_.upsert(*t_.member, row);

        if (filled) ++report.users;
        if (bound || linked) ++report.bound;
        if (!filled && !bound && !linked) ++report.unchanged;
    }
    void finish() { writer_.finish(); }

    RegisterReport report;

private:
    /** The user bound before, or the one with the same union id on this platform; empty when there is
     * neither. */
    std::string userOf(MemberId const& id, std::string const& linked, std::string_view unionId) {
        if (!linked.empty()) return linked;
        std::array<Cell, 3> const key{Cell::text(scope_.platform), Cell::text(corpId_),
                                      Cell::text(id.view())};
        Row const auth = findRow(rows_, *t_.thirdAuth, key);
        if (!auth.empty() && !auth[c_.thirdAuth.userId].bytes().empty())
            return auth[c_.thirdAuth.userId].bytes();
        std::string out;
        if (unionId.empty()) return out;
        std::array<Cell, 2> const byUnion{Cell::text(scope_.platform), Cell::text(unionId)};
        rows_.forEach(*t_.thirdAuth, c_.thirdAuthByUnion, byUnion, [&](std::span<Cell const> row) {
            out = row[c_.thirdAuth.userId].bytes();
            return out.empty();
        });
        return out;
    }

    bool fillUser(CorpMember const& member, std::string const& userId, bool made) {
        std::array<std::pair<std::size_t, Field<std::string> const*>, 4> const fields{
            std::pair(c_.user.nick, &member.nick), std::pair(c_.user.phone, &member.phone),
            std::pair(c_.user.email, &member.email), std::pair(c_.user.photo, &member.photo)};
        std::array<Cell, 1> const key{Cell::text(userId)};
        Row const stored = made ? Row() : findRow(rows_, *t_.user, key);
        bool const fresh = stored.empty();
        bool const ours = fresh || stored[c_.user.createdBy].bytes() == scope_.corp;
        std::vector<Cell> row(t_.user->columns.size());
        row[c_.user.userId] = key[0];
        bool changes = fresh;
        for (auto const& [column, field] : fields) {
            if (!field->known() || (!ours && !stored[column].isNull())) continue;
            Cell const value = Cell::text(field->value());
            if (!fresh && stored[column].view() == value) continue;
            row[column] = value;
            changes = true;
        }
        if (!changes) return false;
        if (fresh) {
            row[c_.user.createdBy] = Cell::text(scope_.corp);
            row[c_.user.createdAt] = Cell::integer(scope_.now);
        }
        row[c_.user.updatedAt] = Cell::integer(scope_.now);
        return writer_.upsert(*t_.user, row);
    }

    RowAccess& rows_;
    RecordTables const& t_;
    Columns c_;
    RegistrationScope const& scope_;
    std::string corpId_;
    ChangeWriter writer_;
};

}  // namespace detail

CORPS_DECL RegisterReport registerMembers(RowAccess& rows, RecordTables const& tables, CorpData const& data,
                                          std::vector<MemberId> const* only, RegistrationScope const& scope) {
    std::string corpId =
        detail::StateValues(rows, scope.corp).bytes(detail::kUpstreamCorp).value_or(std::string());
    if (!corpId.empty() && !data.corpId.empty() && corpId != data.corpId) {
        Diagnostics d;
        d.corp = scope.corp;
        throw Error(Errc::wrongCorp, "the data is of another enterprise than the store follows",
                    std::move(d));
    }
    if (corpId.empty()) corpId = data.corpId.empty() ? scope.corp : data.corpId;

    detail::Registration work(rows, tables, scope, std::move(corpId));
    auto const members = data.userDict();
    if (only == nullptr) {
        for (CorpMember const& m : data.userList) work.add(m);
    } else {
        std::vector<MemberId> ids = *only;
        std::sort(ids.begin(), ids.end());
        ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
        for (MemberId const& id : ids) {
            CorpMember const* const m = members.find(id);
            if (m == nullptr)
                work.report.unknown.push_back(id);
            else
                work.add(*m);
        }
    }
    work.finish();
    std::sort(work.report.unknown.begin(), work.report.unknown.end());
    return std::move(work.report);
}

}  // namespace corps
