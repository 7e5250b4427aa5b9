#pragma once

#include <corps/model/corp_data.hpp>
#include <corps/sync/detail/bytes.hpp>
#include <corps/sync/detail/columns.hpp>
#include <corps/sync/detail/findings.hpp>
#include <corps/sync/detail/migration.hpp>
#include <corps/sync/detail/planner.hpp>
#include <corps/sync/detail/runs.hpp>
#include <corps/sync/detail/tables.hpp>
#include <corps/sync/engine.hpp>
#include <corps/sync/impl/binding.ipp>
#include <corps/sync/impl/change_writer.ipp>
#include <corps/sync/impl/columns.ipp>
#include <corps/sync/impl/findings.ipp>
#include <corps/sync/impl/migration.ipp>
#include <corps/sync/impl/options.ipp>
#include <corps/sync/impl/plan.ipp>
#include <corps/sync/impl/planner.ipp>
#include <corps/sync/impl/runs.ipp>
#include <corps/sync/impl/tables.ipp>
#include <corps/sync/impl/verify.ipp>

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>

namespace corps {

CORPS_DECL std::vector<TableSchema const*> engineTables() {
    return {&detail::stateTable(), &detail::runTable(), &detail::runKeysTable(), &detail::holdTable(),
            &detail::feedTable()};
}

namespace detail {

inline constexpr std::int64_t kApprovalMillis = std::int64_t{7} * 24 * 3600 * 1000;
/** Raise it whenever the engine keeps other rows of the same unit: remembered fingerprints are then void. */
inline constexpr std::string_view kNormaliserVersion = "1";

CORPS_DECL std::int64_t millisNow(Context const& context) {
    return context.clock().now().time_since_epoch().count();
}

/** What decides whether fingerprints of last time mean the same now: the client's mapping and the fields that
 * are kept. */
CORPS_DECL std::string sidecarIdentity(RecordTables const& tables, std::string const& client) {
    std::string out(kNormaliserVersion);
    out += '\n' + client;
    for (std::size_t i = 0; i < kUpstreamTables; ++i) {
        TableSchema const& t = tables.upstream(static_cast<UpstreamTable>(i));
        out += '\n' + t.name;
        for (std::size_t at : upstreamPositions(static_cast<UpstreamTable>(i), tables))
            if (at < t.columns.size()) out += ' ' + t.columns[at].name;
    }
    return out;
}

}  // namespace detail

struct SyncEngine::Impl {
    Impl(Context c, Store& s, RecordTables const& t, std::string corpName, std::string corpTitle,
         MirrorIdentity who)
        : context(std::move(c)),
          store(s),
          tables(t),
          columns(t),
          corp(std::move(corpName)),
          title(std::move(corpTitle)),
          identity(std::move(who)) {}

    Context context;
    Store& store;
    RecordTables const& tables;
    detail::Columns columns;
    std::string corp;
    std::string title;
    MirrorIdentity identity;

    [[nodiscard]] Error named(Error const& e) const { return e.withCorp(corp); }

    detail::Baseline baseline(std::string const& clientIdentity, SyncOptions const& options) {
        detail::Baseline b;
        b.sidecarIdentity = detail::sidecarIdentity(tables, clientIdentity);
        store.read([&](RowAccess& rows) {
            detail::StateValues values(rows, corp);
            b.generation = values.number(detail::kGeneration).value_or(0);
            b.everSynced = values.bytes(detail::kSynced).has_value();
            b.storedSidecarIdentity = values.bytes(detail::kSidecarIdentity).value_or(std::string());
            b.scope = values.bytes(detail::kScope).value_or(std::string());
            b.upstreamCorp = values.bytes(detail::kUpstreamCorp).value_or(std::string());
            b.identity = values.bytes(detail::kIdentity).value_or(std::string());
            b.announced = values.number(detail::kChangesAnnounced).value_or(0);
            b.seen = values.number(detail::kChangesSeen).value_or(0);
            std::string const key = values.bytes(detail::kFingerprintKey).value_or(std::string());
            if (key.size() == sizeof b.key.word)
                std::memcpy(b.key.word, key.data(), sizeof b.key.word);
            else
                b.newKey = true;
            b.runs = detail::loadRuns(rows, corp);
        });
        if (b.newKey)
            for (std::uint64_t& w : b.key.word) w = context.random();
        b.warm = options.useSidecar && !options.migrate && !b.newKey && b.everSynced &&
                 b.storedSidecarIdentity == b.sidecarIdentity && sidecarComplete(b);
        if (!options.migrate) requireSame(b, identity);
        return b;
    }

    /** Dropped fingerprints leave nothing behind: without any run there is nothing to compare with. */
    static bool sidecarComplete(detail::Baseline const& b) { return !b.runs.empty(); }

    /** The same enterprise may be asked for by another of its ids: what is stored stands under the one it
     * had. */
    static std::string storedCorpId(PullProof const& proof, std::string const& stored) {
        auto const& others = proof.otherCorpIds;
        bool const same = std::find(others.begin(), others.end(), stored) != others.end();
        return same ? stored : proof.upstreamCorpId;
    }

    void checkUpstreamCorp(detail::Baseline const& b, std::string const& upstreamCorp,
                           SyncOptions const& options) const {
        if (options.migrate || b.upstreamCorp.empty() || upstreamCorp.empty() ||
            b.upstreamCorp == upstreamCorp)
            return;
        refuseUpstreamCorp(corp, b.upstreamCorp, upstreamCorp);
    }

    void requireSame(detail::Baseline const& b, MirrorIdentity const& asked) const {
        MirrorIdentity const stored = MirrorIdentity::unpack(b.identity);
        if (!b.identity.empty() && !asked.admits(stored)) refuseIdentity(corp, stored, asked);
    }

    /** What a pull has shown the mirror to be: where the configuration leaves the kind of ids open, the
     * records tell; where they do not, it is what it was. */
    [[nodiscard]] MirrorIdentity shown(detail::Baseline const& b, PullProof const& proof) const {
        MirrorIdentity out = identity;
        if (!proof.idTypes.empty()) out.idTypes = proof.idTypes;
        if (out.idTypes.empty()) out.idTypes = MirrorIdentity::unpack(b.identity).idTypes;
        return out;
    }

    detail::Planner::Input input(SyncOptions const& options) const {
        detail::Planner::Input in;
        in.tables = &tables;
        in.columns = &columns;
        in.corp = corp;
        in.title = title;
        in.identity = identity;
        in.options = options;
        in.now = detail::millisNow(context);
        in.newId = [this] { return context.newId(); };
        return in;
    }

    /** Whether the store moves to what is pulled now; only with SyncOptions::migrate. */
    [[nodiscard]] bool migrates(detail::Baseline const& b, PullProof const& proof) const {
        bool const otherCorp = !b.upstreamCorp.empty() && !proof.upstreamCorpId.empty() &&
                               b.upstreamCorp != proof.upstreamCorpId;
        return !b.identity.empty() &&
               (!shown(b, proof).admits(MirrorIdentity::unpack(b.identity)) || otherCorp);
    }

    [[nodiscard]] Migration migration(detail::Baseline const& b, PullProof const& proof, RowAccess& rows,
                                      detail::Findings const& found, detail::OtherIds const& others) const {
        detail::MigrationInput in;
        in.tables = &tables;
        in.columns = &columns;
        in.corp = corp;
        in.from = MirrorIdentity::unpack(b.identity);
        in.to = shown(b, proof);
        in.fromCorp = b.upstreamCorp;
        in.toCorp = proof.upstreamCorpId.empty() ? b.upstreamCorp : proof.upstreamCorpId;
        in.rootDeptId = proof.rootDeptId;
        return detail::findMigration(in, rows, found, others);
    }

    /** Active members whom a pull has not shown under their id. */
    [[nodiscard]] std::vector<std::string> unseen(RowAccess& rows, detail::Findings const& found) const {
        std::vector<std::string> out;
        std::array<Cell, 1> const prefix{Cell::text(corp)};
        rows.forEach(*tables.member, 0, prefix, [&](std::span<Cell const> row) {
            std::string id(row[columns.member.memberId].bytes());
            if (row[columns.member.status].integer() != 2 && !found.members.contains(id))
                out.push_back(std::move(id));
        });
        return out;
    }

    /** Calls f with the stored rows: as they are, or as they will be after the migration. */
    template <class F>
    void withRows(RowAccess& rows, std::optional<Migration> const& migration, F const& f) const {
        if (!migration) return f(rows);
        detail::RowTranslation const translation(tables, columns, corp, *migration);
        detail::MigratedRows migrated(rows, translation);
        f(migrated);
    }

    static asio::awaitable<SyncPlan> plan(Impl* self, Upstream& upstream, SyncOptions options) {
        detail::Baseline base;
        std::string const clientIdentity = upstream.identity();
        std::function<void()> const load = [&] { base = self->baseline(clientIdentity, options); };
        co_await self->context.blocking(load);
        detail::RunMap const none;
        detail::OtherIds others;
        Progress progress;
        progress.corp = self->corp;
        detail::Findings found(
            self->tables, self->corp, base.key, base.warm ? base.runs : none,
            [&](Unit const& u, RowSink& rows) {
                upstream.decode(u, rows);
                if (options.migrate) others.add(u, upstream.otherIds(u));
            },
            [&](SyncStats const& s) {
                progress.calls = s.calls;
                progress.pages = s.pages;
                progress.units = s.units;
                progress.decoded = s.decoded;
                self->context.report(progress);
            });
        PullOptions pullOptions;
        pullOptions.concurrency = options.concurrency;
        PullProof proof = co_await upstream.pull(found, pullOptions);
        found.end();
        proof.upstreamCorpId = storedCorpId(proof, base.upstreamCorp);
        self->checkUpstreamCorp(base, proof.upstreamCorpId, options);
        if (!options.migrate) self->requireSame(base, self->shown(base, proof));

        detail::Planner::Input in = self->input(options);
        in.identity = self->shown(base, proof);
        std::optional<Migration> migration;
        bool const migrates = options.migrate && self->migrates(base, proof);
        if (migrates) {
            base.runs.clear();
            std::vector<std::string> former;
            std::function<void()> const list = [&] {
                self->store.read([&](RowAccess& rows) { former = self->unseen(rows, found); });
            };
            co_await self->context.blocking(list);
            if (!former.empty()) {
                std::vector<std::string> asked = former;
                std::vector<std::string> const now = co_await upstream.currentIds(std::move(asked));
                for (std::size_t i = 0; i < former.size() && i < now.size(); ++i)
                    if (!now[i].empty()) others.members.emplace(former[i], now[i]);
            }
        }
        std::vector<std::string> ask;
        std::map<std::string, std::vector<Listing>> doubts;
        SyncPlan out;
        std::map<Listing, ListingState> states;
        for (auto const& [listing, f] : found.listings) states[listing] = f.state;
        std::function<void()> const judge = [&] {
            self->store.read([&](RowAccess& stored) {
                if (migrates) {
                    migration = self->migration(base, proof, stored, found, others);
                    in.unmatched = migration->unmatched;
                }
                self->withRows(stored, migration, [&](RowAccess& rows) {
                    detail::Planner planner(in, rows, found, proof, base);
                    ask = planner.unexplained();
                    doubts = planner.doubts();
                    if (ask.empty()) out = planner.plan({});
                });
            });
        };
        co_await self->context.blocking(judge);
        // Under a former id nobody is known any more: that says nothing.
        std::erase_if(ask, [&](std::string const& id) {
            return std::binary_search(in.unmatched.begin(), in.unmatched.end(), id);
        });
        bool const planned = out.runs != nullptr;
        if (planned) {
            out.migration = std::move(migration);
            co_return out;
        }
        std::vector<Absence> const why = co_await upstream.explainAbsence(ask);
        std::map<std::string, Absence> absences;
        for (std::size_t i = 0; i < ask.size() && i < why.size(); ++i) absences[ask[i]] = why[i];
        for (auto& [listing, f] : found.listings) f.state = states[listing];
        // Who did not leave is missing from a list that was cut short: it proves nothing, then.
        std::map<Listing, std::size_t> stillThere;
        for (auto const& [member, listings] : doubts) {
            auto const it = absences.find(member);
            if (it == absences.end() || it->second == Absence::left) continue;
            for (Listing const& listing : listings) ++stillThere[listing];
        }
        for (auto const& [listing, members] : stillThere) {
            found.listings[listing].state = ListingState::incomplete;
            SyncFault fault;
            fault.place = listing.kind == ListingKind::departments ? "departments"
                                                                   : "members of department " + listing.id;
            fault.code = make_error_code(Errc::protocol);
            fault.message =
                std::to_string(members) + " people are missing, and the platform does not say that they left";
            found.faults.push_back(std::move(fault));
        }
        std::function<void()> const judgeAgain = [&] {
            self->store.read([&](RowAccess& stored) {
                self->withRows(stored, migration, [&](RowAccess& rows) {
                    detail::Planner planner(in, rows, found, proof, base);
                    static_cast<void>(planner.unexplained());
                    out = planner.plan(absences);
                });
            });
        };
        co_await self->context.blocking(judgeAgain);
        out.migration = std::move(migration);
        co_return out;
    }

    SyncReport apply(SyncPlan const& plan, SyncOptions const& options, std::string_view caller);
    SyncReport report(SyncPlan const& plan, bool dryRun) const;
    void applyChanges(ChangeWriter& writer, SyncPlan const& plan);
    void storeHolds(RowAccess& rows, SyncPlan const& plan, std::int64_t now);
};

CORPS_DECL SyncEngine::SyncEngine(Context context, Store& store, RecordTables const& tables, std::string corp,
                                  std::string title, MirrorIdentity identity)
    : impl_(std::make_unique<Impl>(std::move(context), store, tables, std::move(corp), std::move(title),
                                   std::move(identity))) {}

CORPS_DECL SyncEngine::~SyncEngine() = default;

CORPS_DECL asio::awaitable<SyncPlan> SyncEngine::plan(Upstream& upstream, SyncOptions options) {
    Impl* const self = impl_.get();
    try {
        co_return co_await Impl::plan(self, upstream, options);
    } catch (Error const& e) {
        // What names the corp passes as it is: it may be of a derived type that knows more.
        if (!e.diagnostics().corp.empty()) throw;
        throw self->named(e);
    }
}

namespace detail {

/** Fills findings from collected data: what was listed is seen, and a listing proves what its proof says. */
class DataSource final : public RowSink {
public:
    DataSource(Findings& found, CorpData const& data) : found_(found) {
        for (CorpDataListing const& l : data.proof.listings) {
            Listing listing{static_cast<ListingKind>(l.kind), l.id};
            FoundListing& f = found_.listings[listing];
            f.finished = true;
            f.state = l.complete ? ListingState::complete : ListingState::incomplete;
            f.count = l.count;
        }
    }
    void row(UpstreamTable table, std::span<Cell const> cells) override {
        if (table == UpstreamTable::admin && found_.listings.contains(Listing{ListingKind::admins, ""})) {
            found_.admins.emplace(cells[0].bytes());
            return;
        }
        found_.row(table, cells);
        if (table == UpstreamTable::deptMember) {
            seen(ListingKind::deptMembers, cells);
            // Leaders come before memberships: without a flag by now, there is none.
            FoundMember& m = found_.members[std::string(cells[1].bytes())];
            if (std::none_of(m.flags.begin(), m.flags.end(),
                             [&](auto const& f) { return f.first == cells[0].bytes(); }))
                m.flagless.emplace_back(cells[0].bytes());
        }
        if (table == UpstreamTable::roleMember) seen(ListingKind::roleMembers, cells);
    }
    /** After the last row: who stands below the departments whose subtrees were listed. */
    void listSubtrees(CorpData const& data) {
        std::map<std::string_view, std::string_view> parents;
        for (CorpDept const& d : data.deptList) parents.emplace(d.deptId.view(), d.parentId.view());
        std::string_view const root = data.proof.rootDeptId.view();
        for (auto& [listing, found] : found_.listings) {
            if (listing.kind != ListingKind::subtreeMembers) continue;
            std::set<std::string_view> keys;
            for (CorpDeptMember const& m : data.deptMemberList) {
                std::string_view at = m.deptId.view();
                for (std::size_t steps = 0; at != listing.id && steps <= parents.size(); ++steps) {
                    auto const parent = parents.find(at);
                    if (parent == parents.end()) break;
                    at = parent->second.empty() ? root : parent->second;
                }
                if (at == listing.id || (data.proof.fullScope && listing.id == root))
                    keys.insert(m.memberId.view());
            }
            for (std::string_view key : keys) {
                add(found, key);
                found_.members[std::string(key)].below = true;
            }
        }
    }

private:
    void seen(ListingKind kind, std::span<Cell const> cells) {
        auto const it = found_.listings.find(Listing{kind, std::string(cells[0].bytes())});
        if (it == found_.listings.end()) return;
        add(it->second, cells[1].bytes());
    }
    static void add(FoundListing& f, std::string_view key) {
        f.prints.emplace_back();
        f.source.push_back(FoundListing::kNewKey + static_cast<std::uint32_t>(f.newKeys.size()));
        f.newKeys.emplace_back(key);
    }
    Findings& found_;
};

}  // namespace detail

CORPS_DECL SyncPlan SyncEngine::plan(CorpData const& data, SyncOptions options) {
    Impl& self = *impl_;
    try {
        options.useSidecar = false;
        detail::Baseline const base = self.baseline(std::string(), options);
        self.checkUpstreamCorp(base, data.corpId, options);
        detail::RunMap const none;
        detail::Findings found(self.tables, self.corp, base.key, none, [](Unit const&, RowSink&) {}, nullptr);
        detail::DataSource source(found, data);
        emitRows(data, source);
        source.listSubtrees(data);
        PullProof proof;
        proof.upstreamCorpId = data.corpId;
        proof.corpName = data.corpName;
        proof.rootDeptId = data.proof.rootDeptId.str();
        if (proof.rootDeptId.empty())
            for (CorpDept const& d : data.deptList)
                if (d.parentId.empty()) {
                    proof.rootDeptId = d.deptId.str();
                    break;
                }
        proof.fullScope = data.proof.fullScope;
        for (DeptId const& d : data.proof.visibleRoots) proof.visibleRoots.push_back(d.str());
        proof.missingPermissions = data.proof.missingPermissions;
        for (CorpDataFault const& f : data.proof.faults) {
            PullFault fault;
            fault.listing = Listing{static_cast<ListingKind>(f.kind), f.id};
            fault.place = f.place;
            fault.code = make_error_code(Errc::upstream);
            fault.message = f.message;
            fault.upstreamCode = f.upstreamCode;
            fault.requestId = f.requestId;
            proof.faults.push_back(std::move(fault));
        }
        detail::Planner::Input in = self.input(options);
        in.identity = self.shown(base, proof);
        SyncPlan plan;
        self.store.read([&](RowAccess& stored) {
            std::optional<Migration> migration;
            if (options.migrate && self.migrates(base, proof)) {
                migration = self.migration(base, proof, stored, found, detail::OtherIds());
                in.unmatched = migration->unmatched;
            }
            self.withRows(stored, migration, [&](RowAccess& rows) {
                detail::Planner planner(in, rows, found, proof, base);
                static_cast<void>(planner.unexplained());
                plan = planner.plan({});
            });
            plan.migration = std::move(migration);
        });
        // These rows come from no pull: whatever they touch loses its fingerprint when they are applied.
        plan.runs.reset();
        return plan;
    } catch (Error const& e) {
        throw self.named(e);
    }
}

CORPS_DECL SyncReport SyncEngine::Impl::report(SyncPlan const& plan, bool dryRun) const {
    SyncReport r;
    r.corp = corp;
    r.dryRun = dryRun;
    for (std::size_t i = 0; i < plan.changes.size(); ++i) {
        std::string const& table = plan.changes.table(i);
        ChangeCounts* counts = nullptr;
        if (table == tables.dept->name)
            counts = &r.departments;
        else if (table == tables.member->name)
            counts = &r.members;
        else if (table == tables.deptMember->name)
            counts = &r.memberships;
        else if (table == tables.deptLeader->name)
            counts = &r.leaders;
        else if (table == tables.role->name || table == tables.roleGroup->name)
            counts = &r.roles;
        else if (table == tables.roleMember->name)
            counts = &r.roleMembers;
        else if (table == tables.admin->name)
            counts = &r.admins;
        else if (table == tables.user->name)
            counts = &r.users;
        if (counts == nullptr) continue;
        switch (plan.changes.kind(i)) {
            case ChangeKind::create: ++counts->created; break;
            case ChangeKind::update: ++counts->updated; break;
            case ChangeKind::reinstate:
                ++counts->updated;
                ++r.reinstated;
                break;
            case ChangeKind::erase:
            case ChangeKind::resign: ++counts->removed; break;
        }
    }
    r.holds = plan.holds;
    r.digest = plan.digest;
    r.outOfScope = plan.outOfScope;
    r.stale = plan.stale;
    r.faults = plan.faults;
    r.warnings = plan.warnings;
    r.missingPermissions = plan.missingPermissions;
    r.scopeChanged = plan.scopeChanged;
    r.migration = plan.migration;
    r.stats = plan.stats;
    if (!plan.complete)
        r.outcome = SyncOutcome::incomplete;
    else if (!plan.holds.empty())
        r.outcome = SyncOutcome::held;
    else
        r.outcome = plan.empty() ? SyncOutcome::unchanged : SyncOutcome::done;
    return r;
}

CORPS_DECL void SyncEngine::Impl::applyChanges(ChangeWriter& writer, SyncPlan const& plan) {
    ChangeWriter::State& state = *writer.state_;
    std::vector<Cell> key;
    std::vector<std::string_view> names;
    std::vector<Cell> before;
    std::vector<Cell> after;
    TableSchema const* table = nullptr;
    std::vector<std::size_t> changed;
    auto bad = [this](std::size_t i, std::string const& what) {
        Diagnostics d;
        d.corp = corp;
        d.place = "plan.changes[" + std::to_string(i) + "]";
        return Error(Errc::invalidArgument, what, std::move(d));
    };
    for (std::size_t i = 0; i < plan.changes.size(); ++i) {
        std::string const& name = plan.changes.table(i);
        if (table == nullptr || table->name != name) {
            table = nullptr;
            for (TableSchema const* t : tables.all())
                if (t->name == name) table = t;
            if (table == nullptr) throw bad(i, "a change of a table that this corp does not have");
            if (table == tables.passwordAuth || table == tables.deptLimit)
                throw bad(i, "a change that no sync makes");
        }
        plan.changes.visit(i, key, names, before, after);
        std::size_t const start = table->columns[0].type == ColumnType::corp ? 1 : 0;
        if (key.size() + start != table->keyColumns) throw bad(i, "a key of another length than the table's");
        std::vector<Cell> rowBefore(table->columns.size());
        std::vector<Cell> rowAfter(table->columns.size());
        if (start == 1) rowBefore[0] = rowAfter[0] = Cell::text(corp);
        // What a plan of this process says of a row is true while the generation stands. Shared tables are
        // guarded by none, and a plan that was text meanwhile is not believed: there the row itself is looked
        // up.
        bool const believed = plan.runs != nullptr && start == 1;
        auto const put = [&](std::size_t at, Cell const& value) {
            ColumnSchema const& column = table->columns[at];
            if (!believed && !value.isNull()) {
                if (column.holds != nullptr && !column.holds(value))
                    throw bad(i, "a value that " + column.name + " cannot have");
                bool const ours = column.owner == Owner::local && detail::isMirrored(tables, *table);
                bool const binds = table == tables.member && (at == state.columns.member.userId ||
                                                              at == state.columns.member.localStatus);
                bool const origin = column.name == "origin" && value.bytes() == kOriginUpstream;
                if (ours && !binds && !origin)
                    throw bad(i, "a change of " + column.name + ", which no sync makes");
            }
            rowAfter[at] = value;
        };
        for (std::size_t k = 0; k < key.size(); ++k) {
            rowBefore[start + k] = key[k];
            put(start + k, key[k]);
        }
        changed.clear();
        for (std::size_t v = 0; v < names.size(); ++v) {
            std::size_t const at = table->find(names[v]);
            if (at == TableSchema::npos || at < table->keyColumns)
                throw bad(i, "a column that the table does not have");
            rowBefore[at] = before[v];
            put(at, after[v]);
            if (!after[v].isNull()) changed.push_back(at);
        }
        switch (plan.changes.kind(i)) {
            case ChangeKind::create:
                if (believed)
                    state.create(*table, rowAfter);
                else
                    static_cast<void>(writer.upsert(*table, rowAfter));
                break;
            case ChangeKind::erase:
                if (believed)
                    state.erase(*table, rowBefore);
                else
                    static_cast<void>(
                        writer.erase(*table, std::span<Cell const>(rowBefore).first(table->keyColumns)));
                break;
            case ChangeKind::update:
            case ChangeKind::resign:
            case ChangeKind::reinstate:
                if (believed)
                    state.update(*table, rowBefore, rowAfter, changed);
                else
                    static_cast<void>(writer.upsert(*table, rowAfter));
                break;
        }
    }
}

CORPS_DECL void SyncEngine::Impl::storeHolds(RowAccess& rows, SyncPlan const& plan, std::int64_t now) {
    std::map<detail::HoldKey, detail::HoldRow> const stored = detail::loadHolds(rows, corp);
    std::string const digest = plan.digest.str();
    std::map<detail::HoldKey, Hold const*> wanted;
    for (Hold const& h : plan.holds)
        for (detail::HoldKey& k : detail::holdKeys(h)) wanted.emplace(std::move(k), &h);
    for (auto const& [key, hold] : wanted) {
        auto const it = stored.find(key);
        if (it != stored.end() && it->second.digest == digest) continue;
        std::int64_t const from = it != stored.end() && it->second.since != 0 ? it->second.since
                                  : hold->since != 0                          ? hold->since
                                                                              : now;
        auto const total =
            hold->reason == HoldReason::standsIn ? std::int64_t{0} : static_cast<std::int64_t>(hold->total);
        std::array<Cell, 8> const row{Cell::text(corp),        Cell::text(key.first), Cell::text(key.second),
                                      Cell::text(digest),      Cell::integer(from),   Cell::integer(0),
                                      Cell::text(hold->where), Cell::integer(total)};
        rows.upsertRow(detail::holdTable(), row);
    }
    for (auto const& [key, row] : stored) {
        // From JSON it is not known whose absence was left open: an incomplete plan ends no hold then.
        bool const open = plan.runs != nullptr ? plan.runs->keptHolds.contains(key) : !plan.complete;
        bool const kept = wanted.contains(key) || open;
        bool const old = key.first == detail::kHoldApproval ? row.until <= now : !kept;
        if (!old) continue;
        std::array<Cell, 3> const at{Cell::text(corp), Cell::text(key.first), Cell::text(key.second)};
        rows.eraseRows(detail::holdTable(), at);
    }
}

CORPS_DECL SyncReport SyncEngine::Impl::apply(SyncPlan const& plan, SyncOptions const& options,
                                              std::string_view caller) {
    if (plan.corp != corp) {
        Diagnostics d;
        d.corp = corp;
        throw Error(Errc::invalidArgument, "the plan was made for " + plan.corp, std::move(d));
    }
    SyncReport out = report(plan, options.dryRun);
    if (options.allOrNothing && !plan.holds.empty()) {
        Diagnostics d;
        d.corp = corp;
        throw Error(Errc::held, "removals are held; approve " + plan.digest.str() + " to let them go",
                    std::move(d));
    }
    if (options.dryRun) return out;
    bool const fromPull = plan.runs != nullptr;
    if (plan.empty() && fromPull && plan.runs->nothing()) return out;
    std::int64_t const now = detail::millisNow(context);
    out.syncId = plan.empty() ? std::string() : context.newId();
    store.write([&](RowAccess& rows) {
        detail::StateValues values(rows, corp);
        if (values.number(detail::kGeneration).value_or(0) != plan.generation) {
            Diagnostics d;
            d.corp = corp;
            throw Error(Errc::stalePlan, "the organisation changed here since the plan was made",
                        std::move(d));
        }
        ChangeWriter writer(rows, tables, corp, std::string(caller), out.syncId, now);
        writer.state_->keepRuns = fromPull;
        if (plan.migration) {
            if (!identity.admits(plan.migration->to)) refuseIdentity(corp, plan.migration->to, identity);
            detail::RowTranslation const translation(tables, columns, corp, *plan.migration);
            detail::applyMigration(rows, writer, translation);
        } else {
            requireIdentity(rows, corp, identity);
        }
        applyChanges(writer, plan);
        writer.finish();
        if (fromPull) {
            for (auto const& [kind, id] : plan.runs->erased) detail::saveRun(rows, corp, kind, id, {}, {});
            for (detail::RunUpdate const& u : plan.runs->updates)
                detail::saveRun(rows, corp, u.kind, u.id, u.prints, u.keys);
            for (auto const& [name, bytes] : plan.runs->state) values.setBytes(name, bytes);
            if (plan.runs->seen && *plan.runs->seen > values.number(detail::kChangesSeen).value_or(0))
                values.setNumber(detail::kChangesSeen, *plan.runs->seen);
        } else {
            if (plan.migration)
                values.setBytes(detail::kIdentity, plan.migration->to.packed());
            else if (!values.bytes(detail::kIdentity))
                values.setBytes(detail::kIdentity, identity.packed());
            if (plan.migration && plan.migration->toCorp != corp)
                values.setBytes(detail::kUpstreamCorp, plan.migration->toCorp);
            if (!values.bytes(detail::kSynced)) values.setBytes(detail::kSynced, "1");
        }
        if (!fromPull || plan.runs->holdsChanged) storeHolds(rows, plan, now);
        if (fromPull && plan.complete) detail::trustAgain(rows, tables, corp);
    });
    return out;
}

CORPS_DECL SyncReport SyncEngine::apply(SyncPlan const& plan, SyncOptions options, std::string_view caller) {
    try {
        return impl_->apply(plan, options, caller);
    } catch (Error const& e) {
        throw impl_->named(e);
    }
}

CORPS_DECL asio::awaitable<SyncReport> SyncEngine::sync(Upstream& upstream, SyncOptions options,
                                                        std::string caller) {
    Impl* const self = impl_.get();
    Duration const patience = std::chrono::duration_cast<Duration>(options.lockTimeout);
    Duration const start = self->context.clock().uptime();
    std::unique_ptr<StoreLock> lock;
    while (!options.dryRun) {
        lock = self->store.tryLock(self->corp);
        if (lock != nullptr) break;
        Duration const waited = self->context.clock().uptime() - start;
        if (waited >= patience) {
            Diagnostics d;
            d.corp = self->corp;
            throw Error(Errc::busy, "another sync of this corp is running", std::move(d));
        }
        co_await self->context.clock().sleep(std::min<Duration>(patience - waited, Duration(50)));
    }
    SyncReport out;
    bool stale = false;
    for (int attempt = 0; attempt == 0 || stale; ++attempt) {
        SyncPlan const made = co_await plan(upstream, options);
        stale = false;
        std::function<void()> const write = [&] {
            try {
                out = apply(made, options, caller);
            } catch (Error const& e) {
                // A pull takes long, and people edit meanwhile: once more, before that becomes an error.
                if (attempt > 0 || !e.is(Errc::stalePlan)) throw;
                stale = true;
            }
        };
        co_await self->context.blocking(write);
    }
    co_return out;
}

CORPS_DECL void SyncEngine::approve(RemovalDigest digest) {
    Impl& self = *impl_;
    std::int64_t const now = detail::millisNow(self.context);
    std::string const text = digest.str();
    self.store.write([&](RowAccess& rows) {
        std::map<detail::HoldKey, detail::HoldRow> const stored = detail::loadHolds(rows, self.corp);
        bool known = false;
        for (auto const& [key, row] : stored)
            if (key.first != detail::kHoldApproval && row.digest == text) known = true;
        if (!known) {
            Diagnostics d;
            d.corp = self.corp;
            throw Error(Errc::notFound, "no held removals have the digest " + text, std::move(d));
        }
        std::array<Cell, 8> const row{Cell::text(self.corp), Cell::text(detail::kHoldApproval),
                                      Cell::text(text),      Cell::text(text),
                                      Cell::integer(now),    Cell::integer(now + detail::kApprovalMillis),
                                      Cell::text(""),        Cell::integer(0)};
        rows.upsertRow(detail::holdTable(), row);
    });
}

namespace detail {

/** Decodes everything that a pull hands over. */
class CollectingSink final : public PageSink {
public:
    explicit CollectingSink(Upstream& upstream) : upstream_(upstream) {}
    void page(PageShape const& shape, Listing const& listing,
              std::span<std::string_view const> units) override {
        detail_ = listing.kind == ListingKind::memberDetails;
        if (listing.kind == ListingKind::deptMembers && !units.empty()) shown_.insert(listing.id);
        for (std::string_view bytes : units) {
            Unit unit;
            unit.shape = &shape;
            unit.listing = &listing;
            unit.bytes = bytes;
            try {
                upstream_.decode(unit, *this);
            } catch (Error const& e) {
                if (!e.is(Errc::protocol) && !e.is(Errc::permissionDenied)) throw;
                damaged_.insert(listing);
                CorpDataFault f;
                f.kind = static_cast<CorpDataListing::Kind>(listing.kind);
                f.id = listing.id;
                f.place = "a record of " + std::string(shape.name) +
                          (listing.id.empty() ? std::string() : " of " + listing.id);
                f.message = e.message();
                faults.push_back(std::move(f));
            }
        }
        detail_ = false;
    }
    void finish(Listing const& listing, ListingState state, std::optional<std::int64_t> count) override {
        CorpDataListing l;
        l.kind = static_cast<CorpDataListing::Kind>(listing.kind);
        l.id = listing.id;
        l.complete = state == ListingState::complete && !damaged_.contains(listing);
        l.count = count;
        listings.push_back(std::move(l));
    }
    void placed(std::string_view dept, std::string_view) override { placed_.emplace(dept); }
    void row(UpstreamTable table, std::span<Cell const> cells) override {
        if (table == UpstreamTable::deptLeader && (cells.size() <= 2 || cells[2].isNull()))
            return;  // not told
        if (detail_) {
            details_.emplace_back(table, Row(cells.begin(), cells.end()));
            return;
        }
        if (table == UpstreamTable::member && !cells.empty()) untold_.emplace(cells[0].bytes());
        if (table == UpstreamTable::admin && cells.size() > 1) {
            adminsKnown = true;
            untold_.erase(std::string(cells[0].bytes()));
            if (cells[1].integer() == 0) return;
            cells = cells.first(1);
        }
        rows_.row(table, cells);
    }

    /** Everything, with the details of those whom a list shows. */
    [[nodiscard]] CorpData take() {
        for (CorpDataListing& l : listings) {
            if (l.kind != CorpDataListing::Kind::deptMembers || !l.complete || shown_.contains(l.id) ||
                !placed_.contains(l.id))
                continue;
            l.complete = false;
            CorpDataFault f;
            f.kind = l.kind;
            f.id = l.id;
            f.place = "members of department " + l.id;
            f.message = "success with nobody, and other lists place somebody there";
            faults.push_back(std::move(f));
        }
        CorpData data = std::move(rows_).take();
        if (details_.empty()) return data;
        std::set<std::pair<std::string_view, std::string_view>> places;
        for (CorpDeptMember const& m : data.deptMemberList)
            places.emplace(m.deptId.view(), m.memberId.view());
        CorpDataCollector merged;
        emitRows(data, merged);
        auto const members = data.userDict();
        for (auto const& [table, row] : details_) {
            if (table == UpstreamTable::member ? members.find(MemberId(row[0].bytes())) == nullptr
                                               : !places.contains({row[0].bytes(), row[1].bytes()}))
                continue;
            std::vector<Cell> const cells = viewsOf(row);
            merged.row(table, cells);
        }
        return std::move(merged).take();
    }

    std::vector<CorpDataListing> listings;
    std::vector<CorpDataFault> faults;
    bool adminsKnown = false;
    /** Every member's record says whether they administer. */
    [[nodiscard]] bool allAdminsKnown() const { return adminsKnown && untold_.empty(); }

private:
    Upstream& upstream_;
    CorpDataCollector rows_;
    std::vector<std::pair<UpstreamTable, Row>> details_;
    bool detail_ = false;  // the unit being decoded tells details
    std::set<std::string> untold_;
    std::set<Listing> damaged_;
    std::set<std::string> shown_;   // departments whose list holds somebody
    std::set<std::string> placed_;  // departments where another list's record places somebody
};

}  // namespace detail

CORPS_DECL asio::awaitable<CorpData> SyncEngine::collect(Upstream& upstream, PullOptions options) {
    Impl* const self = impl_.get();
    try {
        detail::CollectingSink sink(upstream);
        PullProof const proof = co_await upstream.pull(sink, options);
        CorpData data = sink.take();
        std::string stored;
        std::function<void()> const look = [&] {
            self->store.read([&](RowAccess& rows) {
                stored = detail::StateValues(rows, self->corp).bytes(detail::kUpstreamCorp).value_or("");
            });
        };
        if (!proof.otherCorpIds.empty()) co_await self->context.blocking(look);
        data.corpId = Impl::storedCorpId(proof, stored);
        data.corpName = proof.corpName;
        data.proof.fullScope = proof.fullScope;
        data.proof.rootDeptId = DeptId(proof.rootDeptId);
        for (std::string const& r : proof.visibleRoots) data.proof.visibleRoots.emplace_back(r);
        bool treeComplete = false;
        bool membersComplete = true;
        for (CorpDataListing const& l : sink.listings) {
            if (l.kind == CorpDataListing::Kind::departments) treeComplete = l.complete;
            if ((l.kind == CorpDataListing::Kind::deptMembers ||
                 l.kind == CorpDataListing::Kind::subtreeMembers) &&
                !l.complete)
                membersComplete = false;
        }
        data.proof.listings = std::move(sink.listings);
        if (sink.adminsKnown) {
            // The members' records say whether they administer: together that is the list, if each of them
            // does.
            CorpDataListing admins;
            admins.kind = CorpDataListing::Kind::admins;
            admins.complete = treeComplete && membersComplete && proof.fullScope && sink.allAdminsKnown();
            data.proof.listings.push_back(std::move(admins));
        }
        data.proof.faults = std::move(sink.faults);
        for (PullFault const& f : proof.faults) {
            CorpDataFault fault;
            fault.kind = static_cast<CorpDataListing::Kind>(f.listing.kind);
            fault.id = f.listing.id;
            fault.place = f.place;
            fault.message = f.message;
            fault.upstreamCode = f.upstreamCode;
            fault.requestId = f.requestId;
            data.proof.faults.push_back(std::move(fault));
        }
        data.proof.missingPermissions = proof.missingPermissions;
        co_return data;
    } catch (Error const& e) {
        if (!e.diagnostics().corp.empty()) throw;
        throw self->named(e);
    }
}

CORPS_DECL bool SyncEngine::everSynced() {
    bool out = false;
    impl_->store.read([&](RowAccess& rows) {
        out = detail::StateValues(rows, impl_->corp).bytes(detail::kSynced).has_value();
    });
    return out;
}

CORPS_DECL void SyncEngine::dropSidecar() {
    impl_->store.write([&](RowAccess& rows) { detail::eraseRuns(rows, impl_->corp); });
}

CORPS_DECL std::vector<FeedEntry> SyncEngine::changesSince(std::string_view cursor, std::size_t limit) {
    std::vector<FeedEntry> out;
    impl_->store.read(
        [&](RowAccess& rows) { out = readFeed(rows, impl_->tables, impl_->corp, cursor, limit); });
    return out;
}

CORPS_DECL VerifyReport SyncEngine::verify() {
    VerifyReport out;
    impl_->store.read([&](RowAccess& rows) { out = verifyRows(rows, impl_->tables, impl_->corp); });
    if (!out.ok) impl_->store.write([&](RowAccess& rows) { detail::distrust(rows, impl_->corp); });
    return out;
}

// ---- change feed
// --------------------------------------------------------------------------------------------------

CORPS_DECL std::vector<FeedEntry> readFeed(RowAccess& rows, RecordTables const& tables, std::string_view corp,
                                           std::string_view cursor, std::size_t limit) {
    // "sequence.part.index" of the last entry seen.
    std::array<std::int64_t, 3> from{0, 0, -1};
    if (!cursor.empty()) {
        std::size_t field = 0;
        std::int64_t value = 0;
        bool digits = false;
        for (char c : cursor) {
            if (c >= '0' && c <= '9' && value < (std::int64_t{1} << 55)) {
                value = value * 10 + (c - '0');
                digits = true;
            } else if (c == '.' && digits && field < 2) {
                from[field++] = value;
                value = 0;
                digits = false;
            } else {
                field = 9;
                break;
            }
        }
        if (field != 2 || !digits)
            throw Error(Errc::invalidArgument,
                        "a cursor of the change feed: expected one that changesSince() gave");
        from[2] = value;
    }
    std::vector<FeedEntry> out;
    auto const all = tables.all();
    std::array<Cell, 1> const prefix{Cell::text(corp)};
    auto const take = [&](std::span<Cell const> row) {
        std::int64_t const sequence = row[1].integer();
        std::int64_t const part = row[2].integer();
        if (sequence < from[0] || (sequence == from[0] && part < from[1])) return true;
        detail::ByteReader in(row[6].bytes());
        for (std::int64_t index = 0; !in.done(); ++index) {
            std::string_view const packed = in.text();
            if (sequence == from[0] && part == from[1] && index <= from[2]) continue;
            if (packed.empty()) continue;  // of somebody forgotten since
            if (out.size() >= limit) return false;
            detail::ByteReader entry(packed);
            std::uint64_t const number = entry.number();
            if (number >= all.size())
                throw Error(Errc::storage, "the change feed names a table that is not known");
            TableSchema const& t = *all[static_cast<std::size_t>(number)];
            FeedEntry e;
            e.cursor = std::to_string(sequence) + "." + std::to_string(part) + "." + std::to_string(index);
            e.at = row[3].integer();
            e.syncId = row[4].bytes();
            e.caller = row[5].bytes();
            e.change.table = t.name;
            e.change.kind = static_cast<ChangeKind>(entry.number());
            e.change.key.resize(static_cast<std::size_t>(entry.number()));
            for (OwnedCell& k : e.change.key) k = entry.cell();
            while (!entry.done()) {
                CellChange c;
                c.column = entry.text();
                c.before = entry.cell();
                c.after = entry.cell();
                e.change.cells.push_back(std::move(c));
            }
            out.push_back(std::move(e));
        }
        return true;
    };
    // From where the cursor stands, change by change; from the oldest where that is gone.
    bool known = false;
    bool more = true;
    std::int64_t const last =
        cursor.empty() ? 0 : detail::StateValues(rows, corp).number(detail::kFeedSequence).value_or(0);
    for (std::int64_t sequence = from[0]; more && sequence <= last; ++sequence) {
        std::array<Cell, 2> const key{prefix[0], Cell::integer(sequence)};
        rows.forEach(detail::feedTable(), 0, key, [&](std::span<Cell const> row) {
            known = true;
            more = take(row);
            return more;
        });
        if (!known) break;
    }
    if (!known) rows.forEach(detail::feedTable(), 0, prefix, take);
    return out;
}

}  // namespace corps
