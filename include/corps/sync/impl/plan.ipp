#pragma once

#include <corps/error/error.hpp>
#include <corps/sync/detail/bytes.hpp>
#include <corps/sync/plan.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace corps {

CORPS_DECL std::string_view toString(SyncOutcome o) noexcept {
    switch (o) {
        case SyncOutcome::done: return "done";
        case SyncOutcome::unchanged: return "unchanged";
        case SyncOutcome::held: return "held";
        case SyncOutcome::incomplete: return "incomplete";
    }
    return "";
}

CORPS_DECL std::string_view toString(HoldReason r) noexcept {
    switch (r) {
        case HoldReason::tooMany: return "tooMany";
        case HoldReason::tooLargeShare: return "tooLargeShare";
        case HoldReason::wholeDepartment: return "wholeDepartment";
        case HoldReason::lastAdmin: return "lastAdmin";
        case HoldReason::differentPerson: return "differentPerson";
        case HoldReason::memberships: return "memberships";
        case HoldReason::standsIn: return "standsIn";
        case HoldReason::reversed: return "reversed";
        case HoldReason::unmatched: return "unmatched";
    }
    return "";
}

CORPS_DECL std::string_view toString(ChangeKind k) noexcept {
    switch (k) {
        case ChangeKind::create: return "create";
        case ChangeKind::update: return "update";
        case ChangeKind::erase: return "erase";
        case ChangeKind::resign: return "resign";
        case ChangeKind::reinstate: return "reinstate";
    }
    return "";
}

// A change in bytes: table, kind, key cells, then column, before, after of each value.

CORPS_DECL std::size_t ChangeList::intern(std::string_view name) {
    for (std::size_t i = 0; i < names_.size(); ++i)
        if (names_[i] == name) return i;
    names_.emplace_back(name);
    return names_.size() - 1;
}

CORPS_DECL void ChangeList::push_back(RowChange const& c) {
    std::vector<Cell> key;
    for (OwnedCell const& k : c.key) key.push_back(k.view());
    begin(c.table, c.kind, key);
    for (CellChange const& v : c.cells) cell(v.column, v.before.view(), v.after.view());
    static_cast<void>(end(true));
}

CORPS_DECL void ChangeList::begin(std::string_view table, ChangeKind kind, std::span<Cell const> key) {
    begun_ = bytes_.size();
    detail::putNumber(bytes_, intern(table));
    bytes_ += static_cast<char>(kind);
    detail::putNumber(bytes_, key.size());
    for (Cell const& k : key) detail::putCell(bytes_, k);
    firstCell_ = bytes_.size();
}

CORPS_DECL void ChangeList::cell(std::string_view column, Cell const& before, Cell const& after) {
    detail::putNumber(bytes_, intern(column));
    detail::putCell(bytes_, before);
    detail::putCell(bytes_, after);
}

CORPS_DECL bool ChangeList::end(bool keepEmpty) {
    if (!keepEmpty && bytes_.size() == firstCell_) {
        bytes_.resize(begun_);
        return false;
    }
    spans_.push_back(Span{begun_, bytes_.size() - begun_});
    return true;
}

CORPS_DECL void ChangeList::reorder(std::vector<std::size_t> const& order) {
    std::vector<Span> sorted;
    sorted.reserve(order.size());
    for (std::size_t i : order) sorted.push_back(spans_.at(i));
    spans_ = std::move(sorted);
}

CORPS_DECL RowChange ChangeList::operator[](std::size_t i) const {
    detail::ByteReader in(packed(i));
    RowChange c;
    c.table = names_.at(in.number());
    c.kind = static_cast<ChangeKind>(in.number());
    c.key.resize(in.number());
    for (OwnedCell& k : c.key) k = in.cell();
    while (!in.done()) {
        CellChange v;
        v.column = names_.at(in.number());
        v.before = in.cell();
        v.after = in.cell();
        c.cells.push_back(std::move(v));
    }
    return c;
}

CORPS_DECL std::string const& ChangeList::table(std::size_t i) const {
    return names_.at(detail::ByteReader(packed(i)).number());
}

CORPS_DECL ChangeKind ChangeList::kind(std::size_t i) const {
    detail::ByteReader in(packed(i));
    static_cast<void>(in.number());
    return static_cast<ChangeKind>(in.number());
}

CORPS_DECL void ChangeList::visit(std::size_t i, std::vector<Cell>& key,
                                  std::vector<std::string_view>& columns, std::vector<Cell>& before,
                                  std::vector<Cell>& after) const {
    detail::ByteReader in(packed(i));
    static_cast<void>(in.number());
    static_cast<void>(in.number());
    key.resize(in.number());
    for (Cell& k : key) k = in.cell();
    columns.clear();
    before.clear();
    after.clear();
    while (!in.done()) {
        columns.emplace_back(names_.at(in.number()));
        before.push_back(in.cell());
        after.push_back(in.cell());
    }
}

CORPS_DECL bool operator==(ChangeList const& a, ChangeList const& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (!(a[i] == b[i])) return false;
    return true;
}

namespace detail {

namespace json = boost::json;

CORPS_DECL json::value cellToJson(OwnedCell const& c) {
    switch (c.kind()) {
        case CellKind::integer: return c.integer();
        case CellKind::text: return json::string(c.bytes());
        case CellKind::blob: {
            // No column of a record is a blob today; hex keeps the plan readable if a user's is.
            static constexpr char kHex[] = "0123456789abcdef";
            std::string hex;
            for (char b : c.bytes()) {
                hex += kHex[static_cast<unsigned char>(b) >> 4];
                hex += kHex[static_cast<unsigned char>(b) & 15];
            }
            return json::object{{"hex", hex}};
        }
        case CellKind::null: break;
    }
    return nullptr;
}

[[noreturn]] CORPS_DECL void badPlan(std::string place, std::string expected) {
    Diagnostics d;
    d.place = std::move(place);
    throw Error(Errc::invalidArgument, "a sync plan in JSON: expected " + expected, std::move(d));
}

CORPS_DECL OwnedCell cellFromJson(json::value const& v, std::string const& place) {
    if (v.is_null()) return OwnedCell();
    if (v.is_int64()) return Cell::integer(v.get_int64());
    if (v.is_string()) return Cell::text(std::string_view(v.get_string()));
    if (v.is_object()) {
        json::value const* hex = v.get_object().if_contains("hex");
        if (hex != nullptr && hex->is_string() && hex->get_string().size() % 2 == 0) {
            std::string bytes;
            for (std::size_t i = 0; i < hex->get_string().size(); i += 2) {
                int value = 0;
                for (std::size_t j = i; j < i + 2; ++j) {
                    char const c = hex->get_string()[j];
                    if (c >= '0' && c <= '9')
                        value = value * 16 + (c - '0');
                    else if (c >= 'a' && c <= 'f')
                        value = value * 16 + (c - 'a' + 10);
                    else
                        badPlan(place, "hex digits");
                }
                bytes += static_cast<char>(value);
            }
            return Cell::blob(bytes);
        }
    }
    badPlan(place, "null, an integer or a text");
}

template <class T>
json::array textsToJson(std::vector<T> const& texts) {
    json::array out;
    out.reserve(texts.size());
    for (T const& t : texts) out.emplace_back(json::string(t));
    return out;
}

CORPS_DECL json::object holdToJson(Hold const& h) {
    json::object o;
    o["reason"] = json::string(toString(h.reason));
    if (!h.where.empty()) o["deptId"] = h.where;
    o["memberIds"] = textsToJson(h.memberIds);
    o["deptIds"] = textsToJson(h.deptIds);
    o["total"] = h.total;
    o["since"] = h.since;
    return o;
}

CORPS_DECL json::object migrationToJson(Migration const& m) {
    auto const identity = [](MirrorIdentity const& i, std::string const& corpId) {
        json::object o;
        o["platform"] = i.platform;
        o["appId"] = i.appId;
        o["idTypes"] = i.idTypes;
        o["corpId"] = corpId;
        return o;
    };
    auto const ids = [](std::vector<IdChange> const& list) {
        json::array out;
        out.reserve(list.size());
        for (IdChange const& change : list) {
            json::array pair;
            pair.emplace_back(json::string(change.from));
            pair.emplace_back(json::string(change.to));
            out.push_back(std::move(pair));
        }
        return out;
    };
    json::object o;
    o["from"] = identity(m.from, m.fromCorp);
    o["to"] = identity(m.to, m.toCorp);
    o["members"] = ids(m.members);
    o["departments"] = ids(m.departments);
    o["unmatched"] = textsToJson(m.unmatched);
    o["openIdsVoid"] = m.openIdsVoid;
    o["unionIdsVoid"] = m.unionIdsVoid;
    return o;
}

CORPS_DECL Migration migrationFromJson(json::value const& v) {
    std::string const place = "plan.migration";
    json::object const* const o = v.if_object();
    if (o == nullptr) badPlan(place, "an object");
    auto const at = [&](json::object const& from, std::string_view key) -> json::value const& {
        json::value const* const found = from.if_contains(key);
        if (found == nullptr) badPlan(place + "." + std::string(key), "a value");
        return *found;
    };
    auto const text = [&](json::value const& t, std::string_view key) {
        if (!t.is_string()) badPlan(place + "." + std::string(key), "a text");
        return std::string(t.get_string());
    };
    auto const identity = [&](std::string_view key, MirrorIdentity& i, std::string& corpId) {
        json::value const& found = at(*o, key);
        if (!found.is_object()) badPlan(place + "." + std::string(key), "an object");
        json::object const& from = found.get_object();
        i.platform = text(at(from, "platform"), "platform");
        i.appId = text(at(from, "appId"), "appId");
        i.idTypes = text(at(from, "idTypes"), "idTypes");
        corpId = text(at(from, "corpId"), "corpId");
    };
    auto const list = [&](std::string_view key) -> json::array const& {
        json::value const& found = at(*o, key);
        if (!found.is_array()) badPlan(place + "." + std::string(key), "a list");
        return found.get_array();
    };
    auto const ids = [&](std::string_view key, std::vector<IdChange>& out) {
        std::set<std::string> from;
        std::set<std::string> to;
        for (json::value const& pair : list(key)) {
            bool const two = pair.is_array() && pair.get_array().size() == 2;
            if (!two) badPlan(place + "." + std::string(key), "pairs of former and new id");
            IdChange change;
            change.from = text(pair.get_array()[0], key);
            change.to = text(pair.get_array()[1], key);
            bool const once = !change.from.empty() && !change.to.empty() && from.insert(change.from).second &&
                              to.insert(change.to).second;
            if (!once) badPlan(place + "." + std::string(key), "each id once");
            out.push_back(std::move(change));
        }
    };
    auto const flag = [&](std::string_view key) {
        json::value const& found = at(*o, key);
        if (!found.is_bool()) badPlan(place + "." + std::string(key), "true or false");
        return found.get_bool();
    };
    Migration m;
    identity("from", m.from, m.fromCorp);
    identity("to", m.to, m.toCorp);
    ids("members", m.members);
    ids("departments", m.departments);
    for (json::value const& id : list("unmatched")) m.unmatched.push_back(text(id, "unmatched"));
    m.openIdsVoid = flag("openIdsVoid");
    m.unionIdsVoid = flag("unionIdsVoid");
    return m;
}

CORPS_DECL json::object faultToJson(SyncFault const& f) {
    json::object o;
    o["place"] = f.place;
    o["error"] = f.code.message();
    o["message"] = f.message;
    if (f.upstreamCode) o["upstreamCode"] = *f.upstreamCode;
    if (!f.requestId.empty()) o["requestId"] = f.requestId;
    return o;
}

/** The code that faultToJson wrote as its text. */
CORPS_DECL boost::system::error_code errorFromText(std::string_view text, std::string const& place) {
    for (int i = static_cast<int>(Errc::config); i <= static_cast<int>(Errc::unsupported); ++i) {
        boost::system::error_code const code = make_error_code(static_cast<Errc>(i));
        if (code.message() == text) return code;
    }
    badPlan(place, "the text of an error");
}

CORPS_DECL json::object statsToJson(SyncStats const& s) {
    json::object o;
    o["calls"] = s.calls;
    o["pages"] = s.pages;
    o["units"] = s.units;
    o["decoded"] = s.decoded;
    o["members"] = s.members;
    o["departments"] = s.departments;
    return o;
}

/** How a hold reads for a person. No names: ids, counts, place. */
CORPS_DECL std::string describeHold(Hold const& h) {
    std::string out = "held: ";
    auto count = [](std::size_t n, char const* one, char const* many) {
        return std::to_string(n) + " " + (n == 1 ? one : many);
    };
    switch (h.reason) {
        case HoldReason::tooMany:
        case HoldReason::tooLargeShare:
            out += "removal of ";
            if (!h.memberIds.empty())
                out += count(h.memberIds.size(), "member", "members") + " of " + std::to_string(h.total);
            else
                out +=
                    count(h.deptIds.size(), "department", "departments") + " of " + std::to_string(h.total);
            break;
        case HoldReason::wholeDepartment:
            out += "removal of everything in top-level department " + h.where + ": ";
            out += !h.memberIds.empty() ? count(h.memberIds.size(), "member", "members")
                                        : count(h.deptIds.size(), "department", "departments");
            break;
        case HoldReason::lastAdmin:
            out += "no administrator would be left (" +
                   count(h.memberIds.size(), "administrator", "administrators") + ")";
            break;
        case HoldReason::differentPerson:
            out += "the id now names a different person (" + count(h.memberIds.size(), "member", "members") +
                   ")";
            break;
        case HoldReason::memberships:
            out += "department " + h.where + " would lose " + count(h.memberIds.size(), "member", "members") +
                   " of " + std::to_string(h.total) + " who stand nowhere else";
            break;
        case HoldReason::standsIn:
            out += count(h.deptIds.size(), "department", "departments") + " in which held members stand";
            break;
        case HoldReason::reversed:
            out += "reversed here: " + count(h.memberIds.size() + h.deptIds.size(), "change", "changes");
            break;
        case HoldReason::unmatched:
            out += count(h.memberIds.size(), "member", "members") + " of " + std::to_string(h.total) +
                   " not found again under the new ids";
            break;
    }
    auto list = [&out](std::vector<std::string> const& idList) {
        if (idList.empty()) return;
        out += ":";
        std::size_t const shown = std::min<std::size_t>(idList.size(), 10);
        for (std::size_t i = 0; i < shown; ++i) out += " " + idList[i];
        if (shown < idList.size()) out += " and " + std::to_string(idList.size() - shown) + " more";
    };
    list(h.memberIds);
    list(h.deptIds);
    return out;
}

CORPS_DECL std::string cellToText(OwnedCell const& c) {
    if (c.isNull()) return "unknown";
    if (c.kind() == CellKind::integer) return std::to_string(c.integer());
    return '"' + c.bytes() + '"';
}

/** What people and programs may see without asking for personal data: structure, not profiles. */
CORPS_DECL bool isStructural(std::string const& table, std::string const& column) {
    if (column == "status" || column == "upstreamStatus" || column == "order" || column == "rank" ||
        column == "isPrimary" || column == "parentId" || column == "roleGroupId")
        return true;
    return table == "CorpDept" && column == "name";
}

}  // namespace detail

CORPS_DECL std::string SyncPlan::toText(bool values) const {
    std::string out =
        corp + ": " + std::to_string(changes.size()) + (changes.size() == 1 ? " change" : " changes");
    if (!complete) out += ", incomplete";
    out += "\n";
    if (migration) out += "  migration " + migration->text() + "\n";
    for (RowChange const& c : changes) {
        out += "  " + std::string(toString(c.kind)) + " " + c.table;
        for (OwnedCell const& k : c.key)
            out += " " + (k.kind() == CellKind::integer ? std::to_string(k.integer()) : k.bytes());
        if (c.kind != ChangeKind::erase && c.kind != ChangeKind::create) {
            char const* separator = ": ";
            for (CellChange const& v : c.cells) {
                out += separator + v.column;
                if (values || detail::isStructural(c.table, v.column))
                    out += " " + detail::cellToText(v.before) + " -> " + detail::cellToText(v.after);
                separator = ", ";
            }
        }
        out += "\n";
    }
    for (Hold const& h : holds) out += "  " + detail::describeHold(h) + "\n";
    if (!digest.empty()) out += "  approve with: " + digest.str() + "\n";
    if (!outOfScope.empty()) out += "  out of scope, kept: " + std::to_string(outOfScope.size()) + "\n";
    if (!stale.empty()) out += "  details not read, kept: " + std::to_string(stale.size()) + "\n";
    for (SyncFault const& f : faults) out += "  could not read " + f.place + ": " + f.message + "\n";
    for (std::string const& w : warnings) out += "  warning: " + w + "\n";
    for (std::string const& p : missingPermissions) out += "  missing permission: " + p + "\n";
    return out;
}

CORPS_DECL std::string SyncPlan::toJson() const {
    namespace json = boost::json;
    json::object o;
    o["version"] = 1;
    o["corp"] = corp;
    o["generation"] = generation;
    o["complete"] = complete;
    o["scopeChanged"] = scopeChanged;
    if (migration) o["migration"] = detail::migrationToJson(*migration);
    json::array list;
    list.reserve(changes.size());
    for (RowChange const& c : changes) {
        json::object e;
        e["table"] = c.table;
        e["kind"] = json::string(toString(c.kind));
        json::array key;
        for (OwnedCell const& k : c.key) key.push_back(detail::cellToJson(k));
        e["key"] = std::move(key);
        json::object cells;
        for (CellChange const& v : c.cells) {
            json::array pair;
            pair.push_back(detail::cellToJson(v.before));
            pair.push_back(detail::cellToJson(v.after));
            cells[v.column] = std::move(pair);
        }
        e["cells"] = std::move(cells);
        list.push_back(std::move(e));
    }
    o["changes"] = std::move(list);
    json::array heldList;
    for (Hold const& h : holds) heldList.push_back(detail::holdToJson(h));
    o["holds"] = std::move(heldList);
    if (!digest.empty()) o["digest"] = digest.str();
    o["outOfScope"] = detail::textsToJson(outOfScope);
    o["stale"] = detail::textsToJson(stale);
    json::array faultList;
    for (SyncFault const& f : faults) faultList.push_back(detail::faultToJson(f));
    o["faults"] = std::move(faultList);
    o["warnings"] = detail::textsToJson(warnings);
    o["missingPermissions"] = detail::textsToJson(missingPermissions);
    o["stats"] = detail::statsToJson(stats);
    return json::serialize(o);
}

CORPS_DECL SyncPlan SyncPlan::fromJson(std::string_view text) {
    namespace json = boost::json;
    using detail::badPlan;
    boost::system::error_code ec;
    json::value const root = json::parse(text, ec);
    if (ec) badPlan("document", "JSON");
    json::object const* o = root.if_object();
    if (o == nullptr) badPlan("document", "an object");
    auto member = [](json::object const& from, std::string_view key,
                     std::string const& place) -> json::value const& {
        json::value const* v = from.if_contains(key);
        if (v == nullptr) badPlan(place + "." + std::string(key), "a value");
        return *v;
    };
    auto textOf = [&](json::object const& from, std::string_view key, std::string const& place) {
        json::value const& v = member(from, key, place);
        if (!v.is_string()) badPlan(place + "." + std::string(key), "a text");
        return std::string(v.get_string());
    };
    auto integerOf = [&](json::object const& from, std::string_view key, std::string const& place) {
        json::value const& v = member(from, key, place);
        if (!v.is_int64()) badPlan(place + "." + std::string(key), "an integer");
        return v.get_int64();
    };
    auto listOf = [&](json::object const& from, std::string_view key,
                      std::string const& place) -> json::array const& {
        json::value const& v = member(from, key, place);
        if (!v.is_array()) badPlan(place + "." + std::string(key), "a list");
        return v.get_array();
    };
    auto textsOf = [&](json::object const& from, std::string_view key, std::string const& place) {
        std::vector<std::string> out;
        for (json::value const& v : listOf(from, key, place)) {
            if (!v.is_string()) badPlan(place + "." + std::string(key), "a list of texts");
            out.emplace_back(v.get_string());
        }
        return out;
    };
    auto boolOf = [&](json::object const& from, std::string_view key, std::string const& place) {
        json::value const& v = member(from, key, place);
        if (!v.is_bool()) badPlan(place + "." + std::string(key), "true or false");
        return v.get_bool();
    };
    auto countOf = [&](json::object const& from, std::string_view key, std::string const& place) {
        std::int64_t const n = integerOf(from, key, place);
        if (n < 0) badPlan(place + "." + std::string(key), "a number that is not negative");
        return static_cast<std::uint64_t>(n);
    };
    if (integerOf(*o, "version", "plan") != 1) badPlan("plan.version", "1");
    SyncPlan plan;
    plan.corp = textOf(*o, "corp", "plan");
    plan.generation = integerOf(*o, "generation", "plan");
    plan.complete = boolOf(*o, "complete", "plan");
    plan.scopeChanged = boolOf(*o, "scopeChanged", "plan");
    if (json::value const* const m = o->if_contains("migration"))
        plan.migration = detail::migrationFromJson(*m);
    std::size_t at = 0;
    for (json::value const& v : listOf(*o, "changes", "plan")) {
        std::string const place = "plan.changes[" + std::to_string(at++) + "]";
        json::object const* e = v.if_object();
        if (e == nullptr) badPlan(place, "an object");
        RowChange c;
        c.table = textOf(*e, "table", place);
        std::string const kind = textOf(*e, "kind", place);
        bool known = false;
        for (ChangeKind k : {ChangeKind::create, ChangeKind::update, ChangeKind::erase, ChangeKind::resign,
                             ChangeKind::reinstate})
            if (toString(k) == kind) {
                c.kind = k;
                known = true;
            }
        if (!known) badPlan(place + ".kind", "create, update, erase, resign or reinstate");
        for (json::value const& k : listOf(*e, "key", place))
            c.key.push_back(detail::cellFromJson(k, place + ".key"));
        json::value const& cells = member(*e, "cells", place);
        if (!cells.is_object()) badPlan(place + ".cells", "an object");
        for (auto const& [name, pair] : cells.get_object()) {
            std::string const cellPlace = place + ".cells." + std::string(name);
            if (!pair.is_array() || pair.get_array().size() != 2)
                badPlan(cellPlace, "a pair of old and new value");
            CellChange change;
            change.column = std::string(name);
            change.before = detail::cellFromJson(pair.get_array()[0], cellPlace);
            change.after = detail::cellFromJson(pair.get_array()[1], cellPlace);
            c.cells.push_back(std::move(change));
        }
        plan.changes.push_back(c);
    }
    at = 0;
    for (json::value const& v : listOf(*o, "holds", "plan")) {
        std::string const place = "plan.holds[" + std::to_string(at++) + "]";
        json::object const* e = v.if_object();
        if (e == nullptr) badPlan(place, "an object");
        Hold h;
        std::string const reason = textOf(*e, "reason", place);
        bool known = false;
        for (HoldReason r : {HoldReason::tooMany, HoldReason::tooLargeShare, HoldReason::wholeDepartment,
                             HoldReason::lastAdmin, HoldReason::differentPerson, HoldReason::memberships,
                             HoldReason::standsIn, HoldReason::reversed, HoldReason::unmatched})
            if (toString(r) == reason) {
                h.reason = r;
                known = true;
            }
        if (!known) badPlan(place + ".reason", "a reason of a hold");
        if (e->contains("deptId")) h.where = textOf(*e, "deptId", place);
        h.memberIds = textsOf(*e, "memberIds", place);
        h.deptIds = textsOf(*e, "deptIds", place);
        h.total = countOf(*e, "total", place);
        h.since = integerOf(*e, "since", place);
        plan.holds.push_back(std::move(h));
    }
    if (o->contains("digest")) {
        std::optional<RemovalDigest> const d = RemovalDigest::parse(textOf(*o, "digest", "plan"));
        if (!d) badPlan("plan.digest", "32 hex digits");
        plan.digest = *d;
    }
    plan.outOfScope = textsOf(*o, "outOfScope", "plan");
    if (o->contains("stale")) plan.stale = textsOf(*o, "stale", "plan");
    plan.warnings = textsOf(*o, "warnings", "plan");
    plan.missingPermissions = textsOf(*o, "missingPermissions", "plan");
    at = 0;
    for (json::value const& v : listOf(*o, "faults", "plan")) {
        std::string const place = "plan.faults[" + std::to_string(at++) + "]";
        json::object const* e = v.if_object();
        if (e == nullptr) badPlan(place, "an object");
        SyncFault f;
        f.place = textOf(*e, "place", place);
        f.code = detail::errorFromText(textOf(*e, "error", place), place + ".error");
        f.message = textOf(*e, "message", place);
        if (e->contains("upstreamCode")) f.upstreamCode = integerOf(*e, "upstreamCode", place);
        if (e->contains("requestId")) f.requestId = textOf(*e, "requestId", place);
        plan.faults.push_back(std::move(f));
    }
    json::value const& stats = member(*o, "stats", "plan");
    if (!stats.is_object()) badPlan("plan.stats", "an object");
    auto statOf = [&](std::string_view key) { return countOf(stats.get_object(), key, "plan.stats"); };
    plan.stats.calls = statOf("calls");
    plan.stats.pages = statOf("pages");
    plan.stats.units = statOf("units");
    plan.stats.decoded = statOf("decoded");
    plan.stats.members = statOf("members");
    plan.stats.departments = statOf("departments");
    return plan;
}

CORPS_DECL boost::system::error_code SyncReport::code() const noexcept {
    if (outcome == SyncOutcome::held) return make_error_code(Errc::held);
    if (outcome == SyncOutcome::incomplete) return make_error_code(Errc::upstream);
    return boost::system::error_code();
}

CORPS_DECL std::string SyncReport::toText() const {
    std::string out = corp + ": ";
    switch (outcome) {
        case SyncOutcome::done: out += dryRun ? "would bring everything up to date" : "up to date"; break;
        case SyncOutcome::unchanged: out += "nothing changed, nothing written"; break;
        case SyncOutcome::held: out += "removals are held, the rest is applied"; break;
        case SyncOutcome::incomplete:
            out += "incomplete: not everything could be read, and nothing in that part was removed";
            break;
    }
    if (dryRun && outcome != SyncOutcome::unchanged && outcome != SyncOutcome::done)
        out += " (dry run: nothing was written)";
    out += "\n";
    auto line = [&out](char const* what, ChangeCounts const& c, char const* removedWord) {
        if (c.created == 0 && c.updated == 0 && c.removed == 0) return;
        out += "  " + std::string(what) + ": " + std::to_string(c.created) + " new, " +
               std::to_string(c.updated) + " changed, " + std::to_string(c.removed) + " " + removedWord +
               "\n";
    };
    line("departments", departments, "removed");
    line("members", members, "resigned");
    if (reinstated != 0) out += "  members who came back: " + std::to_string(reinstated) + "\n";
    line("memberships", memberships, "removed");
    line("leaders", leaders, "removed");
    line("roles", roles, "removed");
    line("role members", roleMembers, "removed");
    line("administrators", admins, "removed");
    line("users", users, "removed");
    for (Hold const& h : holds) out += "  " + detail::describeHold(h) + "\n";
    if (migration) out += "  migration " + migration->text() + "\n";
    if (scopeChanged) out += "  the application's visible scope changed since the last sync\n";
    if (!digest.empty()) out += "  to remove them, approve " + digest.str() + "\n";
    if (!outOfScope.empty())
        out +=
            "  no longer visible to the application, kept as they are: " + std::to_string(outOfScope.size()) +
            "\n";
    if (!stale.empty())
        out += "  details could not be read, kept as they were: " + std::to_string(stale.size()) + "\n";
    for (SyncFault const& f : faults) {
        out += "  could not read " + f.place + ": " + f.message;
        if (f.upstreamCode) out += " (code " + std::to_string(*f.upstreamCode) + ")";
        out += "\n";
    }
    for (std::string const& w : warnings) out += "  warning: " + w + "\n";
    for (std::string const& p : missingPermissions) out += "  missing permission: " + p + "\n";
    out += "  read: " + std::to_string(stats.calls) + " calls, " + std::to_string(stats.units) +
           " records, " + std::to_string(stats.decoded) + " of them decoded\n";
    return out;
}

CORPS_DECL std::string SyncReport::toJson() const {
    namespace json = boost::json;
    auto counts = [](ChangeCounts const& c) {
        json::object o;
        o["created"] = c.created;
        o["updated"] = c.updated;
        o["removed"] = c.removed;
        return o;
    };
    json::object o;
    o["corp"] = corp;
    o["outcome"] = json::string(toString(outcome));
    o["dryRun"] = dryRun;
    if (!syncId.empty()) o["syncId"] = syncId;
    o["departments"] = counts(departments);
    o["members"] = counts(members);
    o["reinstated"] = reinstated;
    o["memberships"] = counts(memberships);
    o["leaders"] = counts(leaders);
    o["roles"] = counts(roles);
    o["roleMembers"] = counts(roleMembers);
    o["admins"] = counts(admins);
    o["users"] = counts(users);
    json::array heldList;
    for (Hold const& h : holds) heldList.push_back(detail::holdToJson(h));
    o["holds"] = std::move(heldList);
    if (!digest.empty()) o["digest"] = digest.str();
    o["outOfScope"] = detail::textsToJson(outOfScope);
    o["stale"] = detail::textsToJson(stale);
    json::array faultList;
    for (SyncFault const& f : faults) faultList.push_back(detail::faultToJson(f));
    o["faults"] = std::move(faultList);
    o["warnings"] = detail::textsToJson(warnings);
    o["missingPermissions"] = detail::textsToJson(missingPermissions);
    o["scopeChanged"] = scopeChanged;
    if (migration) o["migration"] = detail::migrationToJson(*migration);
    o["stats"] = detail::statsToJson(stats);
    return json::serialize(o);
}

}  // namespace corps
