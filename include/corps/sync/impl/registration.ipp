#pragma once

#include <corps/error/error.hpp>
#include <corps/model/corp_data.hpp>
#include <corps/sync/detail/binding.hpp>
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
          users_(rows, tables, c_, scope.corp, scope.platform, std::move(corpId), scope.now),
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
        Binding const binding =
            users_.find(member.memberId.view(), stored[c_.member.userId].bytes(), unionId, false);
        bool const made = binding.userId.empty();
        std::string const userId = made ? scope_.newId() : binding.userId;
        auto cell = [](Field<std::string> const& f) { return f.known() ? Cell::text(f.value()) : Cell(); };
        UserProfile const profile{cell(member.nick), cell(member.phone), cell(member.email),
                                  cell(member.photo)};
        Row const user = made ? Row() : users_.stored(userId);
        std::vector<Cell> const filling = users_.userRow(userId, profile, user);
        bool const filled = !filling.empty() && writer_.upsert(*t_.user, filling);
        Cell const knownUnion = unionId.empty() ? Cell() : Cell::text(unionId);
        bool const bound =
            writer_.upsert(*t_.thirdAuth, users_.authRow(member.memberId.view(), userId, knownUnion));

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
    RowAccess& rows_;
    RecordTables const& t_;
    Columns c_;
    RegistrationScope const& scope_;
    Users users_;
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
