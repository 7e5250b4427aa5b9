#pragma once

#include <corps/config/corp_config.hpp>
#include <corps/context/context.hpp>
#include <corps/error/error.hpp>
#include <corps/model/corp_data.hpp>
#include <corps/sync/corp_core.hpp>
#include <corps/sync/detail/binding.hpp>
#include <corps/sync/detail/columns.hpp>
#include <corps/sync/engine.hpp>
#include <corps/sync/impl/corp_reader.ipp>
#include <corps/sync/local_import.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace corps {
namespace detail {

class Import {
public:
    Import(RowAccess& rows, RecordTables const& tables, CorpData const& data, CorpConfig const& config,
           std::string const& caller, Context const& context)
        : Import(rows, tables, data, config, caller, context,
                 context.clock().now().time_since_epoch().count()) {}

    ImportReport run() {
        findRoots();
        checkReferences();
        checkTree();
        if (root_.empty() && fileRoot_.empty()) {
            std::string const id = context_.newId();
            put(*t_.dept, {id}, {{"parentId", Cell::text("")}, {"name", Cell::text(title_)}});
            ++report_.depts.created;
        }
        writeDepts();
        writeMembers();
        writeRoles();
        writeLeaders();
        writeAdmins();
        writer_.finish();
        return report_;
    }

private:
    Import(RowAccess& rows, RecordTables const& tables, CorpData const& data, CorpConfig const& config,
           std::string const& caller, Context const& context, std::int64_t now)
        : rows_(rows),
          t_(tables),
          c_(tables),
          data_(data),
          context_(context),
          corp_(config.fullName),
          title_(config.title),
          reader_(rows, tables, corp_),
          users_(rows, tables, c_, corp_, {}, {}, now),
          writer_(rows, tables, corp_, caller, "", now) {}

    using Key = std::initializer_list<std::string_view>;
    using Values = std::initializer_list<std::pair<std::string_view, Cell>>;
    enum class Fate : std::uint8_t { unchanged, changed, created };

    [[noreturn]] static void refuse(Errc code, std::string_view what, std::string_view id,
                                    std::string const& message) {
        Diagnostics d;
        d.place = std::string(what) + " " + std::string(id);
        throw Error(code, message, std::move(d));
    }

    // --- what stands in the data and in the store ---

    void findRoots() {
        root_ = reader_.rootDeptId();
        for (CorpDept const& d : data_.deptList) {
            parentOf_[d.deptId.view()] = d.parentId.view();
            if (!d.parentId.empty()) continue;
            if (!fileRoot_.empty())
                refuse(Errc::invalidArgument, "department", d.deptId.view(),
                       "a second department without a parent, beside " + fileRoot_);
            fileRoot_ = d.deptId.str();
        }
        renames_ = !root_.empty() && !fileRoot_.empty() && root_ != fileRoot_;
        if (renames_ && reader_.hasDept(fileRoot_))
            refuse(Errc::refused, "department", fileRoot_,
                   "it has no parent in the data, but it is not the root department here");
        if (!root_.empty() && fileRoot_ != root_ && parentOf_.contains(root_))
            refuse(Errc::refused, "department", root_,
                   "it has a parent in the data, but it is the root department here");
        for (CorpMember const& m : data_.userList) members_.insert(m.memberId.view());
    }

    [[nodiscard]] bool knowsDept(std::string_view id) const {
        return parentOf_.contains(id) || (!(renames_ && id == root_) && reader_.hasDept(id));
    }
    [[nodiscard]] bool knowsMember(std::string_view id) const {
        return members_.contains(id) || reader_.findStatus(id).has_value();
    }

    void requireDept(std::string_view id, std::string_view what, std::string_view of) const {
        if (!knowsDept(id))
            refuse(Errc::notFound, what, of,
                   "the department " + std::string(id) + " is neither in the data nor here");
    }
    void requireMember(std::string_view id, std::string_view what, std::string_view of) const {
        if (!knowsMember(id))
            refuse(Errc::notFound, what, of,
                   "the member " + std::string(id) + " is neither in the data nor here");
    }

    void checkReferences() const {
        for (CorpDept const& d : data_.deptList) {
            if (d.name.empty() && !reader_.hasDept(d.deptId.view()))
                refuse(Errc::invalidArgument, "department", d.deptId.view(), "a new department needs a name");
            if (!d.parentId.empty()) requireDept(d.parentId.view(), "department", d.deptId.view());
            for (MemberId const& id : d.leaderIds)
                requireMember(id.view(), "leader of department", d.deptId.view());
        }
        for (CorpDeptMember const& m : data_.deptMemberList) {
            requireDept(m.deptId.view(), "member", m.memberId.view());
            requireMember(m.memberId.view(), "department", m.deptId.view());
        }
        std::set<std::string_view> groups;
        for (CorpRoleGroup const& g : data_.roleGroupList) {
            groups.insert(g.roleGroupId.view());
            if (g.name.empty() && !reader_.hasRoleGroup(g.roleGroupId.view()))
                refuse(Errc::invalidArgument, "role group", g.roleGroupId.view(),
                       "a new role group needs a name");
        }
        std::set<std::string_view> roles;
        for (CorpRole const& r : data_.roleList) {
            roles.insert(r.roleId.view());
            if (r.name.empty() && !reader_.hasRole(r.roleId.view()))
                refuse(Errc::invalidArgument, "role", r.roleId.view(), "a new role needs a name");
            std::string_view const group = r.roleGroupId.view();
            if (!group.empty() && !groups.contains(group) && !reader_.hasRoleGroup(group))
                refuse(Errc::notFound, "role", r.roleId.view(),
                       "the role group " + std::string(group) + " is neither in the data nor here");
        }
        for (CorpRoleMember const& m : data_.roleMemberSet) {
            if (!roles.contains(m.roleId.view()) && !reader_.hasRole(m.roleId.view()))
                refuse(Errc::notFound, "member", m.memberId.view(),
                       "the role " + m.roleId.str() + " is neither in the data nor here");
            requireMember(m.memberId.view(), "role", m.roleId.view());
        }
        for (MemberId const& id : data_.adminIds) requireMember(id.view(), "administrator", id.view());
    }

    /** Every department leads up to the root, with the parents that the data gives. */
    void checkTree() const {
        std::set<std::string, std::less<>> good;
        std::size_t const parent = columnOf(*t_.dept, "parentId");
        for (CorpDept const& d : data_.deptList) {
            std::vector<std::string> way;
            std::string at = d.deptId.str();
            while (!at.empty() && !good.contains(at)) {
                if (std::find(way.begin(), way.end(), at) != way.end())
                    refuse(Errc::invalidArgument, "department", at, "it stands below itself");
                way.push_back(at);
                auto const given = parentOf_.find(at);
                if (given != parentOf_.end()) {
                    at = std::string(given->second);
                } else {
                    std::string next;
                    reader_.visitOne(*t_.dept, at, [&](RowView row) { next = row[parent].bytes(); });
                    at = renames_ && next == root_ ? fileRoot_ : std::move(next);
                }
            }
            good.insert(way.begin(), way.end());
        }
    }

    // --- writing ---

    bool put(TableSchema const& t, Key key, Values values = {}) {
        std::vector<Cell> cells(t.columns.size());
        cells[kCorpColumn] = Cell::text(corp_);
        std::size_t at = 1;
        for (std::string_view part : key) cells[at++] = Cell::text(part);
        for (auto const& [column, cell] : values) cells[columnOf(t, column)] = cell;
        return writer_.upsert(t, cells);
    }
    void take(TableSchema const& t, std::span<OwnedCell const> row) {
        std::vector<Cell> key;
        for (std::size_t i = 0; i < t.keyColumns; ++i) key.push_back(row[i].view());
        writer_.erase(t, key);
    }
    [[nodiscard]] std::vector<Row> rowsUnder(TableSchema const& t, std::size_t index, Key prefix) const {
        std::vector<Cell> cells{Cell::text(corp_)};
        for (std::string_view part : prefix) cells.push_back(Cell::text(part));
        std::vector<Row> out;
        rows_.forEach(t, index, cells,
                      [&](std::span<Cell const> row) { out.emplace_back(row.begin(), row.end()); });
        return out;
    }
    static void count(ImportReport::Counts& counts, Fate fate) {
        if (fate == Fate::created) ++counts.created;
        if (fate == Fate::changed) ++counts.changed;
        if (fate == Fate::unchanged) ++counts.unchanged;
    }
    static void raise(Fate& fate, bool changed) {
        if (changed && fate == Fate::unchanged) fate = Fate::changed;
    }

    void writeDepts() {
        if (renames_) renameRoot();
        for (CorpDept const& d : data_.deptList) {
            bool const was = reader_.hasDept(d.deptId.view());
            bool const changed = put(*t_.dept, {d.deptId.view()},
                                     {{"parentId", Cell::text(d.parentId.view())},
                                      {"name", d.name.empty() ? Cell() : Cell::text(d.name)},
                                      {"order", d.order.known() ? Cell::integer(d.order.value()) : Cell()}});
            deptFates_.push_back(!was ? Fate::created : changed ? Fate::changed : Fate::unchanged);
        }
    }

    /** The root department under the id of the data, with all that refers to it. */
    void renameRoot() {
        std::vector<Row> const stored = rowsUnder(*t_.dept, 0, {root_});
        rekey(*t_.dept, stored, c_.dept.deptId);
        for (std::string const& child : reader_.childrenOf(root_))
            put(*t_.dept, {child}, {{"parentId", Cell::text(fileRoot_)}});
        rekey(*t_.deptMember, rowsUnder(*t_.deptMember, 0, {root_}), c_.deptMember.deptId);
        rekey(*t_.deptLeader, rowsUnder(*t_.deptLeader, 0, {root_}), c_.deptLeader.deptId);
        std::vector<Row> limits = rowsUnder(*t_.deptLimit, 0, {});
        std::size_t const limited = columnOf(*t_.deptLimit, "deptId");
        std::erase_if(limits, [&](Row const& row) { return row[limited].bytes() != root_; });
        rekey(*t_.deptLimit, limits, limited);
        report_.rootRenamed = true;
    }
    void rekey(TableSchema const& t, std::vector<Row> const& stored, std::size_t column) {
        for (Row const& row : stored) {
            std::vector<Cell> cells;
            for (OwnedCell const& c : row) cells.push_back(c.view());
            cells[column] = Cell::text(fileRoot_);
            take(t, row);
            writer_.upsert(t, cells);
        }
    }

    void writeMembers() {
        std::vector<std::size_t> const positions = upstreamPositions(UpstreamTable::member, t_);
        std::unordered_map<std::string_view, std::vector<CorpDeptMember const*>> places;
        for (CorpDeptMember const& m : data_.deptMemberList) places[m.memberId.view()].push_back(&m);
        std::vector<Cell> row(t_.member->columns.size());
        auto const write = [&](std::span<Cell const> cells) {
            std::fill(row.begin(), row.end(), Cell());
            row[kCorpColumn] = Cell::text(corp_);
            for (std::size_t i = 0; i < cells.size() && i < positions.size(); ++i)
                row[positions[i]] = cells[i];
            writeMember(row, places);
        };
        RowsOf sink(write);
        emitRows(data_, sink);
    }

    /** Hands over the decoded rows of members; `f` must outlive it. */
    class RowsOf final : public RowSink {
    public:
        explicit RowsOf(FunctionRef<void(std::span<Cell const>)> f) : f_(f) {}
        void row(UpstreamTable table, std::span<Cell const> cells) override {
            if (table == UpstreamTable::member) f_(cells);
        }

    private:
        FunctionRef<void(std::span<Cell const>)> f_;
    };

    void writeMember(std::vector<Cell>& row,
                     std::unordered_map<std::string_view, std::vector<CorpDeptMember const*>> const& places) {
        std::string_view const id = row[c_.member.memberId].bytes();
        std::array<Cell, 2> const key{Cell::text(corp_), Cell::text(id)};
        Row const stored = findRow(rows_, *t_.member, key);
        Fate fate = stored.empty() ? Fate::created : Fate::unchanged;
        std::string userId = stored.empty() ? std::string() : stored[c_.member.userId].bytes();
        bool const fresh = userId.empty();
        if (fresh) userId = context_.newId();
        row[c_.member.userId] = Cell::text(userId);
        UserProfile profile;
        profile.nick = row[c_.member.nick];
        profile.phone = row[c_.member.phone];
        profile.email = row[c_.member.email];
        profile.photo = row[c_.member.photo];
        Row const user = fresh ? Row() : users_.stored(userId);
        if (std::vector<Cell> const cells = users_.userRow(userId, profile, user); !cells.empty())
            raise(fate, writer_.upsert(*t_.user, cells));
        raise(fate, writer_.upsert(*t_.member, row));

        auto const at = places.find(id);
        if (at != places.end()) {
            if (!stored.empty())
                for (Row const& was : rowsUnder(*t_.deptMember, c_.deptMemberByMember, {id})) {
                    std::string const& dept = was[c_.deptMember.deptId].bytes();
                    bool const stays = std::any_of(at->second.begin(), at->second.end(),
                                                   [&](auto const* m) { return m->deptId.view() == dept; });
                    if (stays) continue;
                    take(*t_.deptMember, was);
                    raise(fate, true);
                }
            for (CorpDeptMember const* m : at->second)
                raise(fate,
                      put(*t_.deptMember, {m->deptId.view(), id},
                          {{"order", m->order.known() ? Cell::integer(m->order.value()) : Cell()},
                           {"isPrimary",
                            m->isPrimary.known() ? Cell::integer(m->isPrimary.value() ? 1 : 0) : Cell()}}));
        }
        count(report_.members, fate);
    }

    void writeRoles() {
        for (CorpRoleGroup const& g : data_.roleGroupList) {
            bool const was = reader_.hasRoleGroup(g.roleGroupId.view());
            bool const changed = put(*t_.roleGroup, {g.roleGroupId.view()},
                                     {{"name", g.name.empty() ? Cell() : Cell::text(g.name)},
                                      {"origin", Cell::text(kOriginLocal)}});
            count(report_.roleGroups, !was ? Fate::created : changed ? Fate::changed : Fate::unchanged);
        }
        std::map<std::string_view, std::set<std::string_view>> with;
        for (CorpRoleMember const& m : data_.roleMemberSet) with[m.roleId.view()].insert(m.memberId.view());
        std::map<std::string_view, Fate> fates;
        for (CorpRole const& r : data_.roleList) {
            bool const was = reader_.hasRole(r.roleId.view());
            std::string_view const group = r.roleGroupId.view();
            bool const changed = put(*t_.role, {r.roleId.view()},
                                     {{"name", r.name.empty() ? Cell() : Cell::text(r.name)},
                                      {"roleGroupId", was && group.empty() ? Cell() : Cell::text(group)},
                                      {"origin", Cell::text(kOriginLocal)}});
            fates[r.roleId.view()] = !was ? Fate::created : changed ? Fate::changed : Fate::unchanged;
        }
        for (auto const& [role, members] : with) {
            Fate& fate = fates.emplace(role, Fate::unchanged).first->second;
            for (Row const& was : rowsUnder(*t_.roleMember, 0, {role}))
                if (!members.contains(was[c_.roleMember.memberId].bytes())) {
                    take(*t_.roleMember, was);
                    raise(fate, true);
                }
            for (std::string_view member : members)
                raise(fate, put(*t_.roleMember, {role, member, kOriginLocal}));
        }
        for (auto const& [role, fate] : fates) count(report_.roles, fate);
    }

    /** All by the departments' own lists: here, leaders are set by department. */
    void writeLeaders() {
        for (std::size_t i = 0; i < data_.deptList.size(); ++i) {
            CorpDept const& d = data_.deptList[i];
            Fate& fate = deptFates_[i];
            if (!d.leaderIds.empty()) {
                auto const list = static_cast<std::int64_t>(LeaderSource::departmentList);
                for (Row const& was : rowsUnder(*t_.deptLeader, 0, {d.deptId.view()})) {
                    bool const stays =
                        was[c_.deptLeader.source].view().integer() == list &&
                        std::any_of(d.leaderIds.begin(), d.leaderIds.end(), [&](MemberId const& id) {
                            return id.view() == was[c_.deptLeader.memberId].bytes();
                        });
                    if (stays) continue;
                    take(*t_.deptLeader, was);
                    raise(fate, true);
                }
                for (std::size_t rank = 0; rank < d.leaderIds.size(); ++rank) {
                    std::vector<Cell> cells(t_.deptLeader->columns.size());
                    cells[kCorpColumn] = Cell::text(corp_);
                    cells[c_.deptLeader.deptId] = Cell::text(d.deptId.view());
                    cells[c_.deptLeader.memberId] = Cell::text(d.leaderIds[rank].view());
                    cells[c_.deptLeader.source] = Cell::integer(list);
                    cells[c_.deptLeader.rank] = Cell::integer(static_cast<std::int64_t>(rank));
                    raise(fate, writer_.upsert(*t_.deptLeader, cells));
                }
            }
            count(report_.depts, fate);
        }
    }

    void writeAdmins() {
        if (data_.adminIds.empty()) return;
        for (Row const& was : rowsUnder(*t_.admin, 0, {})) {
            bool const stays =
                std::any_of(data_.adminIds.begin(), data_.adminIds.end(),
                            [&](MemberId const& id) { return id.view() == was[c_.admin.memberId].bytes(); });
            if (stays) continue;
            take(*t_.admin, was);
            report_.adminsChanged = true;
        }
        for (MemberId const& id : data_.adminIds)
            if (put(*t_.admin, {id.view(), kOriginLocal})) report_.adminsChanged = true;
    }

    RowAccess& rows_;
    RecordTables const& t_;
    Columns c_;
    CorpData const& data_;
    Context const& context_;
    std::string const& corp_;
    std::string const& title_;
    CorpReader reader_;
    Users users_;
    ChangeWriter writer_;
    ImportReport report_;

    std::string root_;      // of the corp; empty when it has none yet
    std::string fileRoot_;  // of the data; empty when it names none
    bool renames_ = false;  // the corp's root takes the id of the data's
    std::unordered_map<std::string_view, std::string_view> parentOf_;  // by the data
    std::set<std::string_view> members_;                               // of the data
    std::vector<Fate> deptFates_;
};

}  // namespace detail

CORPS_DECL ImportReport importInto(CorpCore& core, std::string const& caller, CorpData const& data) {
    ImportReport out;
    std::string const& corp = core.config().fullName;
    try {
        core.store().write([&](RowAccess& rows) {
            out = detail::Import(rows, core.tables(), data, core.config(), caller, core.context()).run();
        });
    } catch (Error const& e) {
        throw e.withCorp(corp);
    }
    return out;
}

}  // namespace corps
