#pragma once

#include <corps/error/error.hpp>
#include <corps/sync/detail/columns.hpp>
#include <corps/sync/detail/tables.hpp>
#include <corps/sync/engine.hpp>
#include <corps/sync/rename.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace corps {
namespace detail {

class Rename {
public:
    Rename(RowAccess& rows, RecordTables const& tables, MemberId const& from, MemberId const& to,
           RegistrationScope const& scope)
        : rows_(rows),
          t_(tables),
          c_(tables),
          from_(from),
          to_(to),
          scope_(scope),
          corpId_(StateValues(rows, scope.corp).bytes(kUpstreamCorp).value_or(scope.corp)),
          writer_(rows, tables, scope.corp, scope.caller, "", scope.now) {}

    void run() {
        if (to_.empty() || to_ == from_) throw refusal(Errc::invalidArgument, "is no other id");
        Row const member = memberRow(from_);
        if (member.empty()) throw errorOn(Errc::notFound, "no member has the id " + from_.str());
        makeRoom(member);
        moveMember(member);
        moveRows(*t_.deptMember, c_.deptMemberByMember, c_.deptMember.memberId);
        moveRows(*t_.deptLeader, c_.deptLeaderByMember, c_.deptLeader.memberId);
        moveRows(*t_.roleMember, c_.roleMemberByMember, c_.roleMember.memberId);
        moveRows(*t_.admin, 0, c_.admin.memberId);
        moveRows(*t_.deptLimit, indexOn(*t_.deptLimit, "memberId"), t_.deptLimit->find("memberId"));
        moveBinding();
        moveHolds();
        writer_.finish();
    }

private:
    [[nodiscard]] Error errorOn(Errc code, std::string text) const {
        Diagnostics d;
        d.corp = scope_.corp;
        return Error(code, std::move(text), std::move(d));
    }
    [[nodiscard]] Error refusal(Errc code, std::string const& why) const {
        return errorOn(code, "member " + from_.str() + " cannot be called " + to_.str() + ", which " + why);
    }
    [[nodiscard]] Row memberRow(MemberId const& id) const {
        std::array<Cell, 2> const key{Cell::text(scope_.corp), Cell::text(id.view())};
        return findRow(rows_, *t_.member, key);
    }

    /** Only the same person, resigned, may have the id; what was given to them here stays. */
    void makeRoom(Row const& member) {
        Row const there = memberRow(to_);
        if (there.empty()) return;
        if (there[c_.member.status].integer() != 2) throw refusal(Errc::refused, "is an active member's");
        auto differs = [&](std::size_t column) {
            std::string const& a = member[column].bytes();
            std::string const& b = there[column].bytes();
            return !a.empty() && !b.empty() && a != b;
        };
        if (differs(c_.member.userId) || differs(c_.member.unionId))
            throw refusal(Errc::refused, "was somebody else's");
        std::vector<Cell> const row = viewsOf(there);
        writer_.erase(*t_.member, std::span<Cell const>(row).first(t_.member->keyColumns));
    }

    void move(TableSchema const& t, Row const& row, std::size_t column) {
        std::vector<Cell> cells = viewsOf(row);
        writer_.erase(t, std::span<Cell const>(cells).first(t.keyColumns));
        cells[column] = Cell::text(to_.view());
        writer_.upsert(t, cells);
    }

    void moveMember(Row member) {
        // What the platform calls them is the id as well, where it was.
        std::size_t const third = t_.member->find("thirdUserId");
        if (third != TableSchema::npos && member[third].bytes() == from_.view())
            member[third] = OwnedCell(Cell::text(to_.view()));
        move(*t_.member, member, c_.member.memberId);
    }

    void moveRows(TableSchema const& t, std::size_t index, std::size_t column) {
        std::vector<Row> found;
        std::array<Cell, 2> const prefix{Cell::text(scope_.corp), Cell::text(from_.view())};
        rows_.forEach(t, index, prefix,
                      [&](std::span<Cell const> row) { found.emplace_back(row.begin(), row.end()); });
        for (Row const& row : found) move(t, row, column);
    }

    void moveBinding() {
        std::array<Cell, 3> const key{Cell::text(scope_.platform), Cell::text(corpId_),
                                      Cell::text(from_.view())};
        Row const binding = findRow(rows_, *t_.thirdAuth, key);
        if (!binding.empty()) move(*t_.thirdAuth, binding, c_.thirdAuth.thirdUserId);
    }

    void moveHolds() {
        std::vector<Row> held;
        std::array<Cell, 1> const prefix{Cell::text(scope_.corp)};
        rows_.forEach(holdTable(), 0, prefix, [&](std::span<Cell const> row) {
            std::string_view const kind = row[1].bytes();
            if (kind != "dept" && kind != "approval" && newHoldId(row[2].bytes()) != row[2].bytes())
                held.emplace_back(row.begin(), row.end());
        });
        for (Row const& row : held) {
            std::vector<Cell> cells = viewsOf(row);
            rows_.eraseRows(holdTable(), std::span<Cell const>(cells).first(holdTable().keyColumns));
            std::string const id = newHoldId(row[2].bytes());
            cells[2] = Cell::text(id);
            rows_.upsertRow(holdTable(), cells);
        }
    }
    /** The id of a hold is the member's, behind the department's where a membership is held. */
    [[nodiscard]] std::string newHoldId(std::string_view id) const {
        std::size_t const at = id.find('\x1f');
        std::size_t const start = at == std::string_view::npos ? 0 : at + 1;
        if (id.substr(start) != from_.view()) return std::string(id);
        return std::string(id.substr(0, start)) + to_.str();
    }

    RowAccess& rows_;
    RecordTables const& t_;
    Columns c_;
    MemberId const& from_;
    MemberId const& to_;
    RegistrationScope const& scope_;
    std::string corpId_;
    ChangeWriter writer_;
};

}  // namespace detail

CORPS_DECL void renameMember(RowAccess& rows, RecordTables const& tables, MemberId const& from,
                             MemberId const& to, RegistrationScope const& scope) {
    detail::Rename(rows, tables, from, to, scope).run();
}

}  // namespace corps
