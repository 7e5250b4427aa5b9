#pragma once

#include <corps/error/error.hpp>
#include <corps/sync/detail/bytes.hpp>
#include <corps/sync/detail/columns.hpp>
#include <corps/sync/detail/runs.hpp>
#include <corps/sync/detail/tables.hpp>
#include <corps/sync/erasure.hpp>
#include <corps/sync/impl/change_writer.ipp>
#include <corps/sync/impl/corp_core.ipp>
#include <corps/sync/impl/local_edits.ipp>
#include <corps/sync/mirror_identity.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps {
namespace detail {

/** What one transaction forgets, in one corp and in the pool of users. */
class Forgetting {
public:
    Forgetting(RowAccess& rows, RecordTables const& tables, std::string corp)
        : rows_(rows), t_(tables), c_(tables), corp_(std::move(corp)) {
        rows_.forEach(stateTable(), 0, {}, [this](std::span<Cell const> row) {
            if (row[0].bytes() != corp_ && (others_.empty() || others_.back() != row[0].bytes()))
                others_.emplace_back(row[0].bytes());
        });
    }

    /** Errors: as SharedApi::eraseMember. */
    void forgetMember(MemberId const& id, std::int64_t now) {
        CorpReader const reader(rows_, t_, corp_);
        std::string userId;
        std::optional<MemberStatus> const status = reader.findStatus(id.view());
        if (status) {
            std::int64_t stored = 0;
            reader.visitMember(id, [&](RowView row, MemberStatus) {
                userId = row[c_.member.userId].bytes();
                stored = row[c_.member.status].integer();
                return false;
            });
            if (*status != MemberStatus::resigned)
                throw errorAbout(Errc::refused, "member", id.view(),
                                 "only who has resigned can be forgotten; this member is active");
            if (stored != static_cast<std::int64_t>(MemberStatus::resigned))
                throw errorAbout(Errc::refused, "member", id.view(),
                                 "the member was set offline here and is active upstream, from where a sync "
                                 "would bring them back");
            LocalEdits edits(rows_, t_, corp_, "", now);
            edits.takeMember(id.view());
            edits.finish();
            eraseRuns(rows_, corp_);  // they name everybody who was ever listed
            eraseHoldsOf(id.view());
            forgetBinding(id.view(), userId);
        } else {
            userId = userOfDeleted(id);
        }
        bool const told = hush(corp_, [&](TableSchema const& t, std::span<Cell const> key) {
            std::size_t const at = t.find("memberId");
            return at != TableSchema::npos && at >= 1 && at <= key.size() && key[at - 1].bytes() == id.view();
        });
        if (!status && !told) throw unknownId("member", id.view());
        if (!userId.empty() && !isMemberElsewhere(userId)) forgetUsers({userId});
    }

    void forgetCorp() {
        std::set<std::string> users;
        std::array<Cell, 1> const all{Cell::text(corp_)};
        rows_.forEach(*t_.member, 0, all, [&](std::span<Cell const> row) {
            if (!row[c_.member.userId].bytes().empty()) users.emplace(row[c_.member.userId].bytes());
        });
        rows_.forEach(*t_.user, 0, {}, [&](std::span<Cell const> row) {
            if (row[c_.user.createdBy].bytes() == corp_) users.emplace(row[c_.user.userId].bytes());
        });
        StateValues state(rows_, corp_);
        std::optional<std::int64_t> const generation = state.number(kGeneration);
        std::optional<std::int64_t> const sequence = state.number(kFeedSequence);
        forgetBindings();
        for (TableSchema const* t : t_.all())
            if (t->columns[0].type == ColumnType::corp) rows_.eraseRows(*t, all);
        for (TableSchema const* t : engineTables()) rows_.eraseRows(*t, all);
        if (generation) state.setNumber(kGeneration, *generation + 1);
        if (sequence) state.setNumber(kFeedSequence, *sequence);
        std::erase_if(users, [this](std::string const& id) { return isMemberElsewhere(id); });
        forgetUsers(users);
    }

private:
    [[nodiscard]] bool isMemberElsewhere(std::string const& userId) const {
        return std::any_of(others_.begin(), others_.end(), [&](std::string const& corp) {
            bool found = false;
            CorpReader(rows_, t_, corp).visitMembersBy("userId", userId, [&](RowView, MemberStatus) {
                found = true;
                return false;
            });
            return found;
        });
    }

    /** The user of a member who was deleted, as the feed tells it; empty when it does not, or when the user
     * is a member again. */
    [[nodiscard]] std::string userOfDeleted(MemberId const& id) const {
        std::uint64_t const member = feedNumber(t_, *t_.member);
        std::string out;
        std::array<Cell, 1> const prefix{Cell::text(corp_)};
        rows_.forEach(feedTable(), 0, prefix, [&](std::span<Cell const> row) {
            ByteReader in(row[6].bytes());
            while (!in.done()) {
                ByteReader entry(in.text());
                if (entry.done() || entry.number() != member) continue;
                bool const erased = entry.number() == static_cast<std::uint64_t>(ChangeKind::erase);
                if (!erased || entry.number() != 1 || entry.cell().bytes() != id.view()) continue;
                while (!entry.done()) {
                    std::string_view const column = entry.text();
                    Cell const before = entry.cell();
                    static_cast<void>(entry.cell());  // there is nothing after
                    if (column == "userId") out = before.bytes();
                }
            }
        });
        if (out.empty()) return out;
        bool again = false;
        CorpReader(rows_, t_, corp_).visitMembersBy("userId", out, [&](RowView, MemberStatus) {
            again = true;
            return false;
        });
        return again ? std::string() : out;
    }

    void eraseHoldsOf(std::string_view member) {
        std::array<Cell, 1> const all{Cell::text(corp_)};
        std::vector<std::pair<std::string, std::string>> gone;
        rows_.forEach(holdTable(), 0, all, [&](std::span<Cell const> row) {
            std::string_view const id = row[2].bytes();
            bool const theirs =
                id == member || (id.ends_with(member) && id.size() > member.size() &&
                                 id[id.size() - member.size() - 1] == '\x1f');  // in a department
            if (theirs && row[1].bytes() != "dept") gone.emplace_back(row[1].bytes(), id);
        });
        for (auto const& [kind, id] : gone) {
            std::array<Cell, 3> const key{Cell::text(corp_), Cell::text(kind), Cell::text(id)};
            rows_.eraseRows(holdTable(), key);
        }
    }

    /** Platform and enterprise under which bindings of this corp are stored, as registrations write them. */
    struct Enterprise {
        std::string platform;
        std::string id;
        friend bool operator==(Enterprise const&, Enterprise const&) = default;
    };
    [[nodiscard]] Enterprise enterpriseOf(std::string const& corp) const {
        StateValues state(rows_, corp);
        std::string const id = state.bytes(kUpstreamCorp).value_or(std::string());
        return {MirrorIdentity::unpack(state.bytes(kIdentity).value_or(std::string())).platform,
                id.empty() ? corp : id};
    }
    /** Two corps of the store may mirror one enterprise. */
    [[nodiscard]] bool sharesEnterprise(Enterprise const& e) const {
        return std::any_of(others_.begin(), others_.end(),
                           [&](std::string const& corp) { return enterpriseOf(corp) == e; });
    }
    void forgetBinding(std::string_view member, std::string_view userId) {
        Enterprise const e = enterpriseOf(corp_);
        if (userId.empty() || e.platform.empty() || sharesEnterprise(e)) return;
        std::array<Cell, 3> const key{Cell::text(e.platform), Cell::text(e.id), Cell::text(member)};
        rows_.eraseRows(*t_.thirdAuth, key);
        hushBindings({{e.platform, e.id, std::string(member)}});
    }
    void forgetBindings() {
        Enterprise const e = enterpriseOf(corp_);
        if (e.platform.empty() || sharesEnterprise(e)) return;
        std::array<Cell, 2> const key{Cell::text(e.platform), Cell::text(e.id)};
        rows_.eraseRows(*t_.thirdAuth, key);
    }

    using BindingKey = std::array<std::string, 3>;
    void hushBindings(std::set<BindingKey> const& gone) {
        auto const theirs = [&](TableSchema const& t, std::span<Cell const> key) {
            return &t == t_.thirdAuth && key.size() == 3 &&
                   gone.contains({std::string(key[0].bytes()), std::string(key[1].bytes()),
                                  std::string(key[2].bytes())});
        };
        hush(corp_, theirs);
        for (std::string const& corp : others_) hush(corp, theirs);
    }

    void forgetUsers(std::set<std::string> const& users) {
        if (users.empty()) return;
        std::size_t byUser = 0;
        for (std::size_t i = 0; i < t_.thirdAuth->indexes.size(); ++i)
            if (t_.thirdAuth->indexes[i].columns.front() == c_.thirdAuth.userId) byUser = i + 1;
        std::set<BindingKey> bindings;
        for (std::string const& user : users) {
            std::array<Cell, 1> const key{Cell::text(user)};
            rows_.eraseRows(*t_.user, key);
            rows_.eraseRows(*t_.passwordAuth, key);
            if (byUser == 0) continue;
            rows_.forEach(*t_.thirdAuth, byUser, key, [&](std::span<Cell const> row) {
                bindings.insert({std::string(row[c_.thirdAuth.platform].bytes()),
                                 std::string(row[c_.thirdAuth.thirdCorpId].bytes()),
                                 std::string(row[c_.thirdAuth.thirdUserId].bytes())});
            });
        }
        for (BindingKey const& b : bindings) {
            std::array<Cell, 3> const key{Cell::text(b[0]), Cell::text(b[1]), Cell::text(b[2])};
            rows_.eraseRows(*t_.thirdAuth, key);
        }
        if (!bindings.empty()) hushBindings(bindings);
        auto const theirs = [&](TableSchema const& t, std::span<Cell const> key) {
            return (&t == t_.user || &t == t_.passwordAuth) && key.size() == 1 &&
                   users.contains(std::string(key[0].bytes()));
        };
        hush(corp_, theirs);
        for (std::string const& corp : others_) hush(corp, theirs);
    }

    /**
     * Empties the entries of a corp's feed for which f(table, key without the corp) says so: their places
     * stay, since cursors count them. True when there were any.
     */
    template <class F>
    bool hush(std::string const& corp, F const& f) {
        struct Changed {
            std::int64_t sequence, part;
            std::string entries;
        };
        auto const all = t_.all();
        std::vector<Changed> changed;
        std::array<Cell, 1> const prefix{Cell::text(corp)};
        std::vector<Cell> key;
        rows_.forEach(feedTable(), 0, prefix, [&](std::span<Cell const> row) {
            ByteReader in(row[6].bytes());
            std::string out;
            bool any = false;
            while (!in.done()) {
                std::string_view const packed = in.text();
                ByteReader entry(packed);
                bool theirs = false;
                if (!packed.empty()) {
                    std::uint64_t const number = entry.number();
                    static_cast<void>(entry.number());  // the kind of change
                    key.resize(static_cast<std::size_t>(entry.number()));
                    for (Cell& cell : key) cell = entry.cell();
                    theirs = number < all.size() && f(*all[static_cast<std::size_t>(number)], key);
                }
                putText(out, theirs ? std::string_view() : packed);
                any = any || theirs;
            }
            if (any) changed.push_back({row[1].integer(), row[2].integer(), std::move(out)});
        });
        for (Changed const& c : changed) {
            std::array<Cell, 7> const row{
                Cell::text(corp), Cell::integer(c.sequence), Cell::integer(c.part), Cell(), Cell(),
                Cell(),           Cell::blob(c.entries)};
            rows_.upsertRow(feedTable(), row);
        }
        return !changed.empty();
    }

    RowAccess& rows_;
    RecordTables const& t_;
    Columns c_;
    std::string corp_;
    std::vector<std::string> others_;  // every other corp that the store knows
};

}  // namespace detail

CORPS_DECL void eraseMember(CorpCore& core, MemberId const& id) {
    std::int64_t const now = core.context().clock().now().time_since_epoch().count();
    try {
        core.store().write([&](RowAccess& rows) {
            detail::Forgetting(rows, core.tables(), core.config().fullName).forgetMember(id, now);
        });
    } catch (Error const& e) {
        throw e.withCorp(core.config().fullName);
    }
}

CORPS_DECL void eraseCorp(CorpCore& core) {
    std::string const& corp = core.config().fullName;
    try {
        std::unique_ptr<StoreLock> const lock = core.store().tryLock(corp);
        if (lock == nullptr)
            throw Error(Errc::busy, "a sync of this corp runs; it can be erased when that is over");
        core.store().write(
            [&](RowAccess& rows) { detail::Forgetting(rows, core.tables(), corp).forgetCorp(); });
    } catch (Error const& e) {
        throw e.withCorp(corp);
    }
}

}  // namespace corps
