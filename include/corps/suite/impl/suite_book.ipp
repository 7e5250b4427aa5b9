#pragma once

#include <corps/error/error.hpp>
#include <corps/model/table_schema.hpp>
#include <corps/suite/suite_book.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <span>
#include <utility>

namespace corps {
namespace detail {

/** SuiteSeal(name; salt, proof): what the secrets of the store are sealed with, and a text to try it on. */
inline TableSchema const& suiteSealTable() {
    static TableSchema const t{"SuiteSeal",
                               {{"name", ColumnType::text, Owner::key},
                                {"salt", ColumnType::blob, Owner::local},
                                {"proof", ColumnType::blob, Owner::local}},
                               1,
                               {}};
    return t;
}

/** SuiteTicket(suiteId; ticket, at, receivedAt). */
inline TableSchema const& suiteTicketTable() {
    static TableSchema const t{"SuiteTicket",
                               {{"suiteId", ColumnType::text, Owner::key},
                                {"ticket", ColumnType::blob, Owner::local},
                                {"at", ColumnType::integer, Owner::local},
                                {"receivedAt", ColumnType::integer, Owner::local}},
                               1,
                               {}};
    return t;
}

/** SuiteCorp(suiteId, corpId; the fields of a SuiteCorp, code). */
inline TableSchema const& suiteCorpTable() {
    static TableSchema const t{"SuiteCorp",
                               {{"suiteId", ColumnType::text, Owner::key},
                                {"corpId", ColumnType::text, Owner::key},
                                {"otherCorpId", ColumnType::text, Owner::local},
                                {"agentId", ColumnType::text, Owner::local},
                                {"corpName", ColumnType::text, Owner::local},
                                {"legalName", ColumnType::text, Owner::local},
                                {"state", ColumnType::text, Owner::local},
                                {"status", ColumnType::integer, Owner::local},
                                {"code", ColumnType::blob, Owner::local},
                                {"permissions", ColumnType::text, Owner::local},
                                {"visibleRange", ColumnType::text, Owner::local},
                                {"authorizedAt", ColumnType::integer, Owner::local},
                                {"codeAt", ColumnType::integer, Owner::local},
                                {"changedAt", ColumnType::integer, Owner::local},
                                {"staleAt", ColumnType::integer, Owner::local},
                                {"cancelledAt", ColumnType::integer, Owner::local},
                                {"erasedAt", ColumnType::integer, Owner::local}},
                               2,
                               {}};
    return t;
}
inline constexpr std::size_t kSuiteCodeColumn = 8;

/** SuiteWork(suiteId, id; authCode, reset, at, receivedAt, attempts, done). */
inline TableSchema const& suiteWorkTable() {
    static TableSchema const t{"SuiteWork",
                               {{"suiteId", ColumnType::text, Owner::key},
                                {"id", ColumnType::text, Owner::key},
                                {"authCode", ColumnType::blob, Owner::local},
                                {"reset", ColumnType::integer, Owner::local},
                                {"at", ColumnType::integer, Owner::local},
                                {"receivedAt", ColumnType::integer, Owner::local},
                                {"attempts", ColumnType::integer, Owner::local},
                                {"done", ColumnType::integer, Owner::local}},
                               2,
                               {}};
    return t;
}

inline std::string suiteList(std::vector<std::string> const& list) {
    boost::json::array out;
    for (std::string const& s : list) out.emplace_back(s);
    return boost::json::serialize(out);
}

inline std::vector<std::string> suiteListIn(boost::json::value const* v) {
    std::vector<std::string> out;
    if (v != nullptr && v->is_array())
        for (boost::json::value const& one : v->get_array())
            if (one.is_string()) out.emplace_back(one.get_string());
    return out;
}

inline std::string suiteRangeText(SuiteRange const& r) {
    return "{\"deptIds\":" + suiteList(r.deptIds) + ",\"memberIds\":" + suiteList(r.memberIds) +
           ",\"tagIds\":" + suiteList(r.tagIds) + "}";
}

inline boost::json::value suiteJson(Cell const& c) {
    boost::system::error_code ec;
    boost::json::value v = boost::json::parse(c.bytes(), ec);
    if (ec) throw Error(Errc::storage, "SuiteCorp: a column does not hold what was written to it");
    return v;
}

inline SuiteCorp suiteCorpOf(std::span<Cell const> row) {
    SuiteCorp c;
    std::size_t i = 0;
    for (std::string* text :
         {&c.suiteId, &c.corpId, &c.otherCorpId, &c.agentId, &c.corpName, &c.legalName, &c.state})
        *text = row[i++].bytes();
    c.status = static_cast<SuiteCorpState>(row[i++].integer());
    c.hasCode = !row[i++].bytes().empty();
    if (Cell const& p = row[i++]; !p.bytes().empty()) {
        boost::json::value const v = suiteJson(p);
        c.permissions = suiteListIn(&v);
    }
    if (Cell const& r = row[i++]; !r.bytes().empty()) {
        boost::json::value const v = suiteJson(r);
        if (boost::json::object const* const o = v.if_object()) {
            SuiteRange range;
            range.deptIds = suiteListIn(o->if_contains("deptIds"));
            range.memberIds = suiteListIn(o->if_contains("memberIds"));
            range.tagIds = suiteListIn(o->if_contains("tagIds"));
            c.range = std::move(range);
        }
    }
    for (std::int64_t* time :
         {&c.authorizedAt, &c.codeAt, &c.changedAt, &c.staleAt, &c.cancelledAt, &c.erasedAt})
        *time = row[i++].integer();
    return c;
}

inline constexpr std::string_view kSealRow = "SuiteSeal";
inline constexpr std::string_view kSealProof = "sealed with this key";

}  // namespace detail

CORPS_DECL SuiteBook::SuiteBook(Context context, std::shared_ptr<Store> store, std::string suiteId)
    : context_(std::move(context)), store_(std::move(store)), suiteId_(std::move(suiteId)) {
    std::array<TableSchema const*, 4> const tables{&detail::suiteSealTable(), &detail::suiteTicketTable(),
                                                   &detail::suiteCorpTable(), &detail::suiteWorkTable()};
    store_->open(tables);
    std::function<std::shared_ptr<void>()> const make = [] {
        return std::make_shared<std::atomic<std::uint64_t>>(0);
    };
    changes_ = std::static_pointer_cast<std::atomic<std::uint64_t>>(
        context_.findOrMake("wecom codes of " + suiteId_, make));
}

CORPS_DECL StoreKey const& SuiteBook::key() const {
    StoreKey const* const k = context_.storeKey();
    if (k == nullptr)
        throw Error(Errc::config,
                    "permanent codes and suite tickets are kept sealed, and there is no key: expected one in "
                    "ContextOptions::storeKey (corpctl: the environment's CORPS_STORE_KEY)");
    return *k;
}

// Nothing that is sealed is written before the key has proved itself on what is there.
CORPS_DECL std::string SuiteBook::salt(RowAccess& rows, bool make) {
    StoreKey const& k = key();
    std::array<Cell, 1> const name{Cell::text(detail::kSealRow)};
    std::string salt;
    std::string proof;
    rows.forEach(detail::suiteSealTable(), 0, name, [&](std::span<Cell const> row) {
        salt = row[1].bytes();
        proof = row[2].bytes();
    });
    if (salt.empty()) {
        if (!make) return salt;
        salt = k.newSalt();
        proof = k.seal(salt, detail::kSealProof, detail::kSealRow);
        std::array<Cell, 3> const row{name[0], Cell::blob(salt), Cell::blob(proof)};
        rows.upsertRow(detail::suiteSealTable(), row);
        return salt;
    }
    std::optional<std::string> const opened = k.open(salt, proof, detail::kSealRow);
    if (!opened || *opened != detail::kSealProof)
        throw Error(Errc::config,
                    "the key is not the one that this store's permanent codes and tickets were sealed with: "
                    "expected that one in ContextOptions::storeKey (corpctl: the environment's "
                    "CORPS_STORE_KEY); nothing was changed");
    return salt;
}

// Deriving costs a tenth of a second: now, and not while the platform waits for the answer to its first
// event.
CORPS_DECL void SuiteBook::requireKey() {
    bool sealed = false;
    store_->read([&](RowAccess& rows) { sealed = !salt(rows, false).empty(); });
    if (!sealed) store_->write([&](RowAccess& rows) { static_cast<void>(salt(rows, true)); });
}

CORPS_DECL std::string SuiteBook::seal(RowAccess& rows, Secret const& text, std::string const& row) {
    return key().seal(salt(rows, true), text.reveal(), row);
}

CORPS_DECL Secret SuiteBook::open(RowAccess& rows, std::string_view sealed, std::string const& row) {
    std::optional<std::string> text = key().open(salt(rows, false), sealed, row);
    if (!text)
        throw Error(Errc::storage, "what is sealed in the store was changed, or belongs to another row");
    Secret out(*text);
    for (char& c : *text) c = '\0';
    return out;
}

CORPS_DECL std::string SuiteBook::mark(RowAccess& rows, Secret const& text, bool make) {
    return key().mark(salt(rows, make), text.reveal());
}

CORPS_DECL std::string SuiteBook::codeRow(std::string_view corpId) const {
    return "SuiteCorp\x1f" + suiteId_ + '\x1f' + std::string(corpId);
}

CORPS_DECL bool SuiteBook::putTicket(Secret const& ticket, std::int64_t at) {
    bool newer = true;
    store_->write([&](RowAccess& rows) {
        std::array<Cell, 1> const key{Cell::text(suiteId_)};
        newer = true;
        rows.forEach(detail::suiteTicketTable(), 0, key,
                     [&](std::span<Cell const> row) { newer = row[2].integer() < at; });
        if (!newer) return;
        std::string const sealed = seal(rows, ticket, "SuiteTicket\x1f" + suiteId_);
        std::int64_t const now = context_.clock().now().time_since_epoch().count();
        std::array<Cell, 4> const row{key[0], Cell::blob(sealed), Cell::integer(at), Cell::integer(now)};
        rows.upsertRow(detail::suiteTicketTable(), row);
    });
    return newer;
}

CORPS_DECL std::optional<SuiteTicket> SuiteBook::ticket() {
    std::optional<SuiteTicket> out;
    store_->read([&](RowAccess& rows) {
        std::array<Cell, 1> const key{Cell::text(suiteId_)};
        std::string sealed;
        rows.forEach(detail::suiteTicketTable(), 0, key, [&](std::span<Cell const> row) {
            out.emplace();
            sealed = row[1].bytes();
            out->at = row[2].integer();
            out->receivedAt = row[3].integer();
        });
        if (out) out->value = open(rows, sealed, "SuiteTicket\x1f" + suiteId_);
    });
    return out;
}

CORPS_DECL std::optional<std::int64_t> SuiteBook::ticketReceivedAt() {
    std::optional<std::int64_t> out;
    store_->read([&](RowAccess& rows) {
        std::array<Cell, 1> const key{Cell::text(suiteId_)};
        rows.forEach(detail::suiteTicketTable(), 0, key,
                     [&](std::span<Cell const> row) { out = row[3].integer(); });
    });
    return out;
}

CORPS_DECL std::vector<SuiteCorp> SuiteBook::corps() {
    std::vector<SuiteCorp> out;
    store_->read([&](RowAccess& rows) {
        std::array<Cell, 1> const key{Cell::text(suiteId_)};
        rows.forEach(detail::suiteCorpTable(), 0, key,
                     [&](std::span<Cell const> row) { out.push_back(detail::suiteCorpOf(row)); });
    });
    return out;
}

CORPS_DECL std::optional<SuiteCorp> SuiteBook::findIn(RowAccess& rows, std::string_view corpId,
                                                      std::string* sealedCode) {
    std::optional<SuiteCorp> out;
    auto const take = [&](std::span<Cell const> row) {
        out = detail::suiteCorpOf(row);
        if (sealedCode != nullptr) *sealedCode = row[detail::kSuiteCodeColumn].bytes();
    };
    std::array<Cell, 2> const key{Cell::text(suiteId_), Cell::text(corpId)};
    rows.forEach(detail::suiteCorpTable(), 0, key, take);
    if (out || corpId.empty()) return out;
    rows.forEach(detail::suiteCorpTable(), 0, std::span<Cell const>(key).first(1),
                 [&](std::span<Cell const> row) {
                     if (row[2].bytes() != corpId) return true;
                     take(row);
                     return false;
                 });
    return out;
}

CORPS_DECL std::optional<SuiteCorp> SuiteBook::find(std::string_view corpId) {
    std::optional<SuiteCorp> out;
    store_->read([&](RowAccess& rows) { out = findIn(rows, corpId); });
    return out;
}

CORPS_DECL std::optional<Secret> SuiteBook::code(std::string_view corpId) {
    std::optional<Secret> out;
    store_->read([&](RowAccess& rows) {
        std::string sealed;
        std::optional<SuiteCorp> const corp = findIn(rows, corpId, &sealed);
        if (corp && !sealed.empty()) out = open(rows, sealed, codeRow(corp->corpId));
    });
    return out;
}

CORPS_DECL void SuiteBook::write(RowAccess& rows, SuiteCorp const& c,
                                 std::optional<std::string> const& sealedCode) {
    std::string const permissions = c.permissions ? detail::suiteList(*c.permissions) : std::string();
    std::string const range = c.range ? detail::suiteRangeText(*c.range) : std::string();
    std::array<Cell, 17> const row{
        Cell::text(suiteId_),
        Cell::text(c.corpId),
        Cell::text(c.otherCorpId),
        Cell::text(c.agentId),
        Cell::text(c.corpName),
        Cell::text(c.legalName),
        Cell::text(c.state),
        Cell::integer(static_cast<std::int64_t>(c.status)),
        sealedCode ? Cell::blob(*sealedCode) : Cell(),
        Cell::text(permissions),
        Cell::text(range),
        Cell::integer(c.authorizedAt),
        Cell::integer(c.codeAt),
        Cell::integer(c.changedAt),
        Cell::integer(c.staleAt),
        Cell::integer(c.cancelledAt),
        Cell::integer(c.erasedAt),
    };
    rows.upsertRow(detail::suiteCorpTable(), row);
}

CORPS_DECL void SuiteBook::putCode(SuiteCorp const& facts, Secret const& code) {
    store_->write([&](RowAccess& rows) {
        SuiteCorp c = findIn(rows, facts.corpId).value_or(SuiteCorp());
        if (c.corpId.empty()) c.corpId = facts.corpId;
        auto const take = [](std::string& to, std::string const& from) {
            if (!from.empty()) to = from;
        };
        take(c.otherCorpId, facts.otherCorpId);
        take(c.agentId, facts.agentId);
        take(c.corpName, facts.corpName);
        take(c.legalName, facts.legalName);
        take(c.state, facts.state);
        if (facts.permissions) c.permissions = facts.permissions;
        if (facts.range) c.range = facts.range;
        if (facts.authorizedAt != 0) c.authorizedAt = facts.authorizedAt;
        if (facts.codeAt != 0) c.codeAt = facts.codeAt;
        c.status = SuiteCorpState::active;
        c.staleAt = c.cancelledAt = c.erasedAt = 0;
        std::string const sealed = seal(rows, code, codeRow(c.corpId));
        write(rows, c, sealed);
    });
    changes_->fetch_add(1);
}

CORPS_DECL bool SuiteBook::change(std::string_view corpId, FunctionRef<void(SuiteCorp&)> f) {
    bool found = false;
    SuiteCorpState before = SuiteCorpState::active;
    SuiteCorpState after = SuiteCorpState::active;
    store_->write([&](RowAccess& rows) {
        std::optional<SuiteCorp> c = findIn(rows, corpId);
        found = c.has_value();
        if (!c) return;
        std::string const id = c->corpId;
        SuiteCorp const was = *c;
        before = c->status;
        f(*c);
        c->corpId = id;
        after = c->status;
        if (*c != was) write(rows, *c, std::nullopt);
    });
    if (before != after) changes_->fetch_add(1);
    return found;
}

CORPS_DECL void SuiteBook::refused(std::string_view corpId, Secret const& code, std::int64_t now) {
    store_->write([&](RowAccess& rows) {
        std::string sealed;
        std::optional<SuiteCorp> c = findIn(rows, corpId, &sealed);
        if (!c || sealed.empty() || c->status == SuiteCorpState::cancelled) return;
        if (!(open(rows, sealed, codeRow(c->corpId)) == code)) return;
        if (c->status != SuiteCorpState::disabled) c->status = SuiteCorpState::secretStale;
        c->staleAt = now;
        write(rows, *c, std::nullopt);
    });
    changes_->fetch_add(1);
}

CORPS_DECL bool SuiteBook::cancel(std::string_view corpId, std::int64_t at, std::int64_t now) {
    bool done = false;
    store_->write([&](RowAccess& rows) {
        std::optional<SuiteCorp> c = findIn(rows, corpId);
        done = c && c->authorizedAt <= at;
        if (!done || c->status == SuiteCorpState::cancelled) return;
        c->status = SuiteCorpState::cancelled;
        c->cancelledAt = now;
        std::string const none;
        write(rows, *c, none);
    });
    changes_->fetch_add(1);
    return done;
}

CORPS_DECL void SuiteBook::erase(std::string_view corpId) {
    store_->write([&](RowAccess& rows) {
        std::optional<SuiteCorp> const c = findIn(rows, corpId);
        if (!c) return;
        std::array<Cell, 2> const key{Cell::text(suiteId_), Cell::text(c->corpId)};
        rows.eraseRows(detail::suiteCorpTable(), key);
    });
    changes_->fetch_add(1);
}

CORPS_DECL bool SuiteBook::putWork(Secret const& authCode, bool reset, std::int64_t at, std::int64_t now) {
    bool fresh = true;
    store_->write([&](RowAccess& rows) {
        std::string const id = mark(rows, authCode, true);
        std::array<Cell, 2> const key{Cell::text(suiteId_), Cell::text(id)};
        fresh = true;
        rows.forEach(detail::suiteWorkTable(), 0, key, [&](std::span<Cell const>) { fresh = false; });
        if (!fresh) return;
        std::string const sealed = seal(rows, authCode, "SuiteWork\x1f" + suiteId_ + '\x1f' + id);
        std::array<Cell, 8> const row{key[0],
                                      key[1],
                                      Cell::blob(sealed),
                                      Cell::integer(reset ? 1 : 0),
                                      Cell::integer(at),
                                      Cell::integer(now),
                                      Cell::integer(0),
                                      Cell::integer(0)};
        rows.upsertRow(detail::suiteWorkTable(), row);
    });
    return fresh;
}

CORPS_DECL std::vector<SuiteWork> SuiteBook::work() {
    std::vector<SuiteWork> out;
    store_->read([&](RowAccess& rows) {
        std::array<Cell, 1> const key{Cell::text(suiteId_)};
        std::vector<std::string> sealed;
        rows.forEach(detail::suiteWorkTable(), 0, key, [&](std::span<Cell const> row) {
            if (row[7].integer() != 0) return;
            SuiteWork w;
            w.id = row[1].bytes();
            w.reset = row[3].integer() != 0;
            w.at = row[4].integer();
            w.receivedAt = row[5].integer();
            w.attempts = row[6].integer();
            sealed.emplace_back(row[2].bytes());
            out.push_back(std::move(w));
        });
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i].authCode = open(rows, sealed[i], "SuiteWork\x1f" + suiteId_ + '\x1f' + out[i].id);
    });
    return out;
}

CORPS_DECL void SuiteBook::attempted(std::string_view workId) {
    store_->write([&](RowAccess& rows) {
        std::array<Cell, 2> const key{Cell::text(suiteId_), Cell::text(workId)};
        std::int64_t attempts = -1;
        rows.forEach(detail::suiteWorkTable(), 0, key,
                     [&](std::span<Cell const> row) { attempts = row[6].integer(); });
        if (attempts < 0) return;
        std::array<Cell, 8> const row{
            key[0], key[1], Cell(), Cell(), Cell(), Cell(), Cell::integer(attempts + 1), Cell()};
        rows.upsertRow(detail::suiteWorkTable(), row);
    });
}

CORPS_DECL void SuiteBook::finished(std::string_view workId) {
    store_->write([&](RowAccess& rows) {
        std::array<Cell, 2> const key{Cell::text(suiteId_), Cell::text(workId)};
        bool there = false;
        rows.forEach(detail::suiteWorkTable(), 0, key, [&](std::span<Cell const>) { there = true; });
        if (!there) return;
        std::array<Cell, 8> const row{key[0], key[1], Cell::blob(""), Cell(),
                                      Cell(), Cell(), Cell(),         Cell::integer(1)};
        rows.upsertRow(detail::suiteWorkTable(), row);
    });
}

CORPS_DECL void SuiteBook::forgetWork(std::int64_t before) {
    std::vector<std::string> old;
    store_->read([&](RowAccess& rows) {
        std::array<Cell, 1> const key{Cell::text(suiteId_)};
        rows.forEach(detail::suiteWorkTable(), 0, key, [&](std::span<Cell const> row) {
            if (row[5].integer() < before) old.emplace_back(row[1].bytes());
        });
    });
    if (old.empty()) return;
    store_->write([&](RowAccess& rows) {
        for (std::string const& id : old) {
            std::array<Cell, 2> const key{Cell::text(suiteId_), Cell::text(id)};
            rows.eraseRows(detail::suiteWorkTable(), key);
        }
    });
}

CORPS_DECL std::vector<std::string> otherIdsOf(SuiteBook& book, std::string_view corpId) {
    std::vector<std::string> out;
    std::optional<SuiteCorp> const corp = book.find(corpId);
    if (!corp) return out;
    for (std::string const* id : {&corp->corpId, &corp->otherCorpId})
        if (!id->empty() && *id != corpId) out.push_back(*id);
    return out;
}

}  // namespace corps
