#pragma once

#include <corps/error/error.hpp>
#include <corps/model/corp_data.hpp>
#include <corps/model/json.hpp>
#include <corps/model/links.hpp>

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <ostream>
#include <span>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace corps {
namespace detail::organisation {

/** Takes over what `from` knows. Of two known values the greater wins, whatever the order of records was. */
template <class T>
void mergeRecord(T& into, T const& from) {
    std::array<Cell, columnCount<T>()> cells;
    toCells(from, cells);
    forEachField(into, [&cells](auto& field, FieldInfo const&, std::size_t column) {
        if constexpr (Storable<std::remove_cvref_t<decltype(field)>>) {
            if (column == TableSchema::npos || cells[column].isNull()) return;
            if (compareCells(cells[column], toCell(field)) > 0) (void)fromCell(cells[column], field);
        }
    });
}

/** Sorts by the given ids and makes one of records that agree in them. */
template <class T, class... Keys>
void sortAndMerge(std::vector<T>& list, Keys... keys) {
    sortBy(list, keys...);
    auto const same = [=](T const& a, T const& b) { return std::tie(a.*keys...) == std::tie(b.*keys...); };
    std::size_t n = 0;
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (n != 0 && same(list[n - 1], list[i])) {
            mergeRecord(list[n - 1], list[i]);
        } else {
            if (n != i) list[n] = std::move(list[i]);
            ++n;
        }
    }
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(n), list.end());
}

/** Positions of a table's decoded cells in its columns; the same for the life of the program. */
inline std::vector<std::size_t> const& standardPositions(UpstreamTable t) {
    static std::array<std::vector<std::size_t>, kUpstreamTables> const all = [] {
        std::array<std::vector<std::size_t>, kUpstreamTables> out;
        for (std::size_t i = 0; i < kUpstreamTables; ++i)
            out[i] = upstreamPositions(static_cast<UpstreamTable>(i), tablesOf<StandardRecords>());
        return out;
    }();
    return all[static_cast<std::size_t>(t)];
}

template <class T>
T recordOfDecoded(UpstreamTable t, std::span<Cell const> decoded) {
    std::array<Cell, columnCount<T>()> cells;
    std::vector<std::size_t> const& positions = standardPositions(t);
    for (std::size_t i = 0; i < decoded.size() && i < positions.size(); ++i) cells[positions[i]] = decoded[i];
    TableSchema const& schema = schemaOf<T>();
    for (std::size_t i = 1; i < schema.keyColumns; ++i) {
        if (cells[i].isNull() && schema.columns[i].name != "origin") {
            Diagnostics d;
            d.place = schema.name + "." + schema.columns[i].name;
            throw Error(Errc::protocol, "a record without its key", std::move(d));
        }
    }
    try {
        return fromRow<T>(cells);
    } catch (Error const& e) {
        throw Error(Errc::protocol, "a value of another type than the field's", e.diagnostics());
    }
}

template <class T>
void emitDecoded(UpstreamTable t, std::vector<T> const& list, RowSink& rows) {
    std::vector<std::size_t> const& positions = standardPositions(t);
    std::array<Cell, columnCount<T>()> cells;
    std::vector<Cell> decoded(positions.size());
    for (T const& r : list) {
        toCells(r, cells);
        for (std::size_t i = 0; i < positions.size(); ++i) decoded[i] = cells[positions[i]];
        rows.row(t, decoded);
    }
}

inline constexpr std::array<std::string_view, 8> kListingKinds = {
    "departments", "deptMembers", "visibleMembers", "roles",
    "roleMembers", "admins",      "subtreeMembers", "memberDetails"};

inline std::string_view nameOf(CorpDataListing::Kind k) { return kListingKinds[static_cast<std::size_t>(k)]; }

/** The pieces of an organisation file, made once for both ways of writing it. */
class File {
public:
    explicit File(CorpData const& data) : data_(data) {
        std::unordered_set<std::string_view> members;
        members.reserve(data.userList.size());
        for (CorpMember const& m : data.userList) members.insert(m.memberId.view());
        memberships_.reserve(data.deptMemberList.size());
        for (CorpDeptMember const& m : data.deptMemberList) memberships_.push_back(&m);
        std::ranges::sort(memberships_, [](CorpDeptMember const* a, CorpDeptMember const* b) {
            if (a->memberId != b->memberId) return a->memberId < b->memberId;
            return a < b;  // in the order of the list
        });
        auto const place = [](auto const& r) { return std::pair(r.memberId.view(), r.deptId.view()); };
        std::vector<std::pair<std::string_view, std::string_view>> places;
        places.reserve(memberships_.size());
        for (CorpDeptMember const* m : memberships_)
            if (members.contains(m->memberId.view())) places.push_back(place(*m));
        std::ranges::sort(places);
        std::vector<CorpDeptLeader> listed;
        for (CorpDeptLeader const& l : data.deptLeaderList) {
            if (l.source == LeaderSource::memberFlag && std::ranges::binary_search(places, place(l))) {
                flags_.push_back(place(l));
            } else {
                listed.push_back(l);  // a flag without a membership to put it on is listed too
            }
        }
        std::ranges::sort(flags_);
        depts_.reserve(data.deptList.size());
        for (CorpDept const& d : data.deptList) depts_.push_back(d);
        fillLeaderIds(depts_, listed);
    }

    [[nodiscard]] boost::json::object dept(std::size_t i) const {
        boost::json::object out;
        putFields(depts_[i], out, [](FieldInfo const& f) { return isUpstream(f) || f.name == "leaderIds"; });
        return out;
    }
    [[nodiscard]] boost::json::object member(std::size_t i) const {
        CorpMember const& m = data_.userList[i];
        boost::json::object out;
        putFields(m, out, &isUpstream);
        boost::json::array departments;
        auto it =
            std::ranges::lower_bound(memberships_, m.memberId, {},
                                     [](CorpDeptMember const* d) -> MemberId const& { return d->memberId; });
        for (; it != memberships_.end() && (*it)->memberId == m.memberId; ++it) {
            CorpDeptMember const& d = **it;
            boost::json::object place;
            place.emplace("deptId", d.deptId.view());
            place.emplace("isLeader",
                          std::ranges::binary_search(flags_, std::pair(d.memberId.view(), d.deptId.view())));
            if (d.order.known()) place.emplace("order", d.order.value());
            if (d.isPrimary.known()) place.emplace("isPrimary", d.isPrimary.value());
            departments.push_back(std::move(place));
        }
        out.emplace("departments", std::move(departments));
        return out;
    }
    template <class T>
    [[nodiscard]] static boost::json::object plain(T const& record) {
        boost::json::object out;
        putFields(record, out, [](FieldInfo const& f) { return isUpstream(f) && f.name != "origin"; });
        return out;
    }
    [[nodiscard]] boost::json::object proof() const {
        CorpDataProof const& p = data_.proof;
        boost::json::object out;
        out.emplace("fullScope", p.fullScope);
        out.emplace("rootDeptId", p.rootDeptId.view());
        out.emplace("visibleRoots", texts(p.visibleRoots));
        boost::json::array listings;
        for (CorpDataListing const& l : p.listings) {
            boost::json::object o;
            o.emplace("kind", nameOf(l.kind));
            o.emplace("id", l.id);
            o.emplace("complete", l.complete);
            if (l.count) o.emplace("count", *l.count);
            listings.push_back(std::move(o));
        }
        out.emplace("listings", std::move(listings));
        boost::json::array faults;
        for (CorpDataFault const& f : p.faults) {
            boost::json::object o;
            o.emplace("kind", nameOf(f.kind));
            o.emplace("id", f.id);
            o.emplace("place", f.place);
            o.emplace("message", f.message);
            if (f.upstreamCode) o.emplace("upstreamCode", *f.upstreamCode);
            o.emplace("requestId", f.requestId);
            faults.push_back(std::move(o));
        }
        out.emplace("faults", std::move(faults));
        boost::json::array permissions;
        for (std::string const& name : p.missingPermissions) permissions.emplace_back(name);
        out.emplace("missingPermissions", std::move(permissions));
        return out;
    }
    template <class Ids>
    [[nodiscard]] static boost::json::array texts(Ids const& ids) {
        boost::json::array out;
        out.reserve(ids.size());
        for (auto const& id : ids) out.emplace_back(id.view());
        return out;
    }

    /** text(key), value(key, v) and list(key, size, element) are called in the order of the file. */
    template <class Out>
    void write(Out& out) const {
        out.value("corpId", boost::json::string(data_.corpId));
        out.value("corpName", boost::json::string(data_.corpName));
        out.list("deptList", data_.deptList.size(), [this](std::size_t i) { return dept(i); });
        out.list("userList", data_.userList.size(), [this](std::size_t i) { return member(i); });
        out.list("roleGroupList", data_.roleGroupList.size(),
                 [this](std::size_t i) { return plain(data_.roleGroupList[i]); });
        out.list("roleList", data_.roleList.size(),
                 [this](std::size_t i) { return plain(data_.roleList[i]); });
        out.list("roleMemberSet", data_.roleMemberSet.size(),
                 [this](std::size_t i) { return plain(data_.roleMemberSet[i]); });
        out.value("adminIds", texts(data_.adminIds));
        if (!data_.proof.empty()) out.value("proof", proof());
    }

private:
    CorpData const& data_;
    std::vector<CorpDept> depts_;
    std::vector<CorpDeptMember const*> memberships_;                    ///< by member
    std::vector<std::pair<std::string_view, std::string_view>> flags_;  ///< member, department
};

/** Builds a document. */
class ObjectOut {
public:
    void value(std::string_view key, boost::json::value v) { object.emplace(key, std::move(v)); }
    template <class F>
    void list(std::string_view key, std::size_t n, F element) {
        boost::json::array out;
        out.reserve(n);
        for (std::size_t i = 0; i < n; ++i) out.push_back(element(i));
        object.emplace(key, std::move(out));
    }
    boost::json::object object;
};

/** Writes the text of the same document. */
class StreamOut {
public:
    explicit StreamOut(std::ostream& o) : out_(o) {}
    void value(std::string_view key, boost::json::value const& v) {
        begin(key);
        writeValue(out_, v);
    }
    template <class F>
    void list(std::string_view key, std::size_t n, F element) {
        begin(key);
        writeText(out_, "[");
        for (std::size_t i = 0; i < n; ++i) {
            if (i != 0) writeText(out_, ",");
            writeValue(out_, boost::json::value(element(i)));
        }
        writeText(out_, "]");
    }
    void end() { writeText(out_, "}"); }

private:
    void begin(std::string_view key) {
        writeText(out_, first_ ? "{" : ",");
        first_ = false;
        writeValue(out_, boost::json::value(boost::json::string(key)));
        writeText(out_, ":");
    }

    std::ostream& out_;
    bool first_ = true;
};

// --- reading ---

inline boost::json::value const* findKnown(boost::json::object const& o, std::string_view key) {
    boost::json::value const* const v = o.if_contains(key);
    return v && !v->is_null() ? v : nullptr;
}

inline std::string textAt(boost::json::object const& o, std::string_view key, JsonPlace const& outer) {
    std::string out;
    std::string scratch;
    if (boost::json::value const* const v = findKnown(o, key))
        valueFromJson(*v, out, false, JsonPlace{&outer, key}, scratch);
    return out;
}

/** f(value, place) for each element of a list that may be absent. */
template <class F>
void eachAt(boost::json::object const& o, std::string_view key, JsonPlace const& outer, F&& f) {
    boost::json::value const* const v = findKnown(o, key);
    if (!v) return;
    JsonPlace const listPlace{&outer, key};  // named: g++ 13 warns of a reference made with a temporary
    boost::json::array const& list = requireArray(*v, listPlace);
    for (std::size_t i = 0; i < list.size(); ++i) f(list[i], JsonPlace{&outer, key, i});
}

template <class T>
T recordAt(boost::json::value const& v, FieldChoice wanted, JsonPlace const& place) {
    T out{};
    takeFields(requireObject(v, place), out, wanted, place);
    return out;
}

template <class IdType>
IdType idAt(boost::json::value const& v, JsonPlace const& place) {
    IdType out;
    std::string scratch;
    valueFromJson(v, out, true, place, scratch);
    return out;
}

/** Refuses a second record with the same id. */
class SeenIds {
public:
    void add(std::string_view id, JsonPlace const& place) { add(id, {}, place); }
    /** The ids must stay where they are. */
    void add(std::string_view id, std::string_view second, JsonPlace const& place) {
        if (seen_.emplace(id, second).second) return;
        Diagnostics d;
        d.place = place.str();
        throw Error(Errc::invalidArgument, "expected an id of its own, found one that an earlier record has",
                    std::move(d));
    }

private:
    struct Hash {
        std::size_t operator()(std::pair<std::string_view, std::string_view> const& ids) const noexcept {
            std::size_t const first = std::hash<std::string_view>()(ids.first);
            return first ^ (std::hash<std::string_view>()(ids.second) + (first << 6) + (first >> 2));
        }
    };
    std::unordered_set<std::pair<std::string_view, std::string_view>, Hash> seen_;
};

/** The text of a key that was read before. */
inline std::string_view textOf(boost::json::value const& v, std::string_view key) {
    boost::json::string const& s = v.get_object().at(key).get_string();
    return {s.data(), s.size()};
}

inline CorpDataListing::Kind kindAt(boost::json::object const& o, JsonPlace const& place) {
    std::string const name = textAt(o, "kind", place);
    for (std::size_t i = 0; i < kListingKinds.size(); ++i)
        if (kListingKinds[i] == name) return static_cast<CorpDataListing::Kind>(i);
    throwExpected(JsonPlace{&place, "kind"}, "the name of a kind of list", o.if_contains("kind"));
}

template <class T>
void takeAt(boost::json::object const& o, std::string_view key, JsonPlace const& outer, T& out) {
    std::string scratch;
    if (boost::json::value const* const v = findKnown(o, key))
        valueFromJson(*v, out, false, JsonPlace{&outer, key}, scratch);
}

inline std::optional<std::int64_t> numberAt(boost::json::object const& o, std::string_view key,
                                            JsonPlace const& outer) {
    Field<std::int64_t> out;
    takeAt(o, key, outer, out);
    return out.known() ? std::optional<std::int64_t>(out.value()) : std::nullopt;
}

inline CorpDataProof proofFromJson(boost::json::value const& v, JsonPlace const& at) {
    boost::json::object const& o = requireObject(v, at);
    CorpDataProof out;
    takeAt(o, "fullScope", at, out.fullScope);
    takeAt(o, "rootDeptId", at, out.rootDeptId);
    eachAt(o, "visibleRoots", at, [&](boost::json::value const& e, JsonPlace const& place) {
        out.visibleRoots.push_back(idAt<DeptId>(e, place));
    });
    eachAt(o, "listings", at, [&](boost::json::value const& e, JsonPlace const& place) {
        boost::json::object const& l = requireObject(e, place);
        CorpDataListing listing;
        listing.kind = kindAt(l, place);
        listing.id = textAt(l, "id", place);
        takeAt(l, "complete", place, listing.complete);
        listing.count = numberAt(l, "count", place);
        out.listings.push_back(std::move(listing));
    });
    eachAt(o, "faults", at, [&](boost::json::value const& e, JsonPlace const& place) {
        boost::json::object const& f = requireObject(e, place);
        CorpDataFault fault;
        fault.kind = kindAt(f, place);
        fault.id = textAt(f, "id", place);
        fault.place = textAt(f, "place", place);
        fault.message = textAt(f, "message", place);
        fault.upstreamCode = numberAt(f, "upstreamCode", place);
        fault.requestId = textAt(f, "requestId", place);
        out.faults.push_back(std::move(fault));
    });
    eachAt(o, "missingPermissions", at, [&](boost::json::value const& e, JsonPlace const& place) {
        std::string name;
        std::string scratch;
        valueFromJson(e, name, false, place, scratch);
        out.missingPermissions.push_back(std::move(name));
    });
    return out;
}

}  // namespace detail::organisation

CORPS_DECL KeyedView<MemberId, CorpMember> CorpData::userDict() const {
    return {userList, &CorpMember::memberId};
}

CORPS_DECL KeyedView<DeptId, CorpDept> CorpData::deptDict() const { return {deptList, &CorpDept::deptId}; }

CORPS_DECL void CorpData::normalise() {
    detail::organisation::sortAndMerge(deptList, &CorpDept::deptId);
    sortDepts(deptList);
    detail::organisation::sortAndMerge(deptLeaderList, &CorpDeptLeader::deptId, &CorpDeptLeader::memberId,
                                       &CorpDeptLeader::source);
    detail::organisation::sortAndMerge(userList, &CorpMember::memberId);
    detail::organisation::sortAndMerge(deptMemberList, &CorpDeptMember::deptId, &CorpDeptMember::memberId);
    detail::organisation::sortAndMerge(roleGroupList, &CorpRoleGroup::roleGroupId);
    detail::organisation::sortAndMerge(roleList, &CorpRole::roleId);
    detail::organisation::sortAndMerge(roleMemberSet, &CorpRoleMember::roleId, &CorpRoleMember::memberId,
                                       &CorpRoleMember::origin);
    std::ranges::sort(adminIds);
    auto const rest = std::ranges::unique(adminIds);
    adminIds.erase(rest.begin(), rest.end());
    fillPaths(deptList);
    fillLeaderIds(deptList, deptLeaderList);
    fillIsLeader(deptMemberList, deptLeaderList);
}

CORPS_DECL void CorpDataCollector::row(UpstreamTable table, std::span<Cell const> cells) {
    switch (table) {
        case UpstreamTable::dept:
            data_.deptList.push_back(detail::organisation::recordOfDecoded<CorpDept>(table, cells));
            return;
        case UpstreamTable::deptLeader:
            data_.deptLeaderList.push_back(
                detail::organisation::recordOfDecoded<CorpDeptLeader>(table, cells));
            return;
        case UpstreamTable::member:
            data_.userList.push_back(detail::organisation::recordOfDecoded<CorpMember>(table, cells));
            return;
        case UpstreamTable::deptMember:
            data_.deptMemberList.push_back(
                detail::organisation::recordOfDecoded<CorpDeptMember>(table, cells));
            return;
        case UpstreamTable::roleGroup:
            data_.roleGroupList.push_back(detail::organisation::recordOfDecoded<CorpRoleGroup>(table, cells));
            data_.roleGroupList.back().origin = kOriginUpstream;
            return;
        case UpstreamTable::role:
            data_.roleList.push_back(detail::organisation::recordOfDecoded<CorpRole>(table, cells));
            data_.roleList.back().origin = kOriginUpstream;
            return;
        case UpstreamTable::roleMember:
            data_.roleMemberSet.push_back(
                detail::organisation::recordOfDecoded<CorpRoleMember>(table, cells));
            data_.roleMemberSet.back().origin = kOriginUpstream;
            return;
        case UpstreamTable::admin:
            data_.adminIds.push_back(detail::organisation::recordOfDecoded<CorpAdmin>(table, cells).memberId);
            return;
    }
}

CORPS_DECL CorpData CorpDataCollector::take() && {
    data_.normalise();
    return std::move(data_);
}

CORPS_DECL void emitRows(CorpData const& data, RowSink& rows) {
    detail::organisation::emitDecoded(UpstreamTable::dept, data.deptList, rows);
    detail::organisation::emitDecoded(UpstreamTable::deptLeader, data.deptLeaderList, rows);
    detail::organisation::emitDecoded(UpstreamTable::member, data.userList, rows);
    detail::organisation::emitDecoded(UpstreamTable::deptMember, data.deptMemberList, rows);
    detail::organisation::emitDecoded(UpstreamTable::roleGroup, data.roleGroupList, rows);
    detail::organisation::emitDecoded(UpstreamTable::role, data.roleList, rows);
    detail::organisation::emitDecoded(UpstreamTable::roleMember, data.roleMemberSet, rows);
    for (MemberId const& id : data.adminIds) {
        Cell const cell = Cell::text(id.view());
        rows.row(UpstreamTable::admin, std::span<Cell const>(&cell, 1));
    }
}

CORPS_DECL boost::json::object toJson(CorpData const& data) {
    detail::organisation::ObjectOut out;
    detail::organisation::File(data).write(out);
    return std::move(out.object);
}

CORPS_DECL void writeJson(CorpData const& data, std::ostream& out) {
    detail::organisation::StreamOut stream(out);
    detail::organisation::File(data).write(stream);
    stream.end();
}

CORPS_DECL CorpData corpDataFromJson(boost::json::value const& value) {
    using namespace detail;
    using namespace detail::organisation;
    JsonPlace const top;
    boost::json::object const& root = requireObject(value, top);
    CorpData data;
    data.corpId = textAt(root, "corpId", top);
    data.corpName = textAt(root, "corpName", top);

    SeenIds depts;
    eachAt(root, "deptList", top, [&](boost::json::value const& v, JsonPlace const& place) {
        CorpDept d = recordAt<CorpDept>(
            v, [](FieldInfo const& f) { return isUpstream(f) || f.name == "leaderIds"; }, place);
        depts.add(textOf(v, "deptId"), JsonPlace{&place, "deptId"});
        SeenIds leaders;
        for (std::size_t i = 0; i < d.leaderIds.size(); ++i) {
            JsonPlace const at{&place, "leaderIds", i};
            requireNotEmpty(Cell::text(d.leaderIds[i].view()), at);
            leaders.add(d.leaderIds[i].view(), at);
            data.deptLeaderList.push_back(
                {d.deptId, d.leaderIds[i], LeaderSource::departmentList, static_cast<std::int64_t>(i)});
        }
        data.deptList.push_back(std::move(d));
    });

    SeenIds members;
    eachAt(root, "userList", top, [&](boost::json::value const& v, JsonPlace const& place) {
        CorpMember m = recordAt<CorpMember>(v, &isUpstream, place);
        members.add(textOf(v, "memberId"), JsonPlace{&place, "memberId"});
        SeenIds places;
        eachAt(
            v.get_object(), "departments", place, [&](boost::json::value const& e, JsonPlace const& inner) {
                boost::json::object const& o = requireObject(e, inner);
                CorpDeptMember d;
                JsonPlace const at{&inner, "deptId"};
                boost::json::value const* const id = o.if_contains("deptId");
                if (!id) throwExpected(at, "a string", nullptr);
                d.deptId = idAt<DeptId>(*id, at);
                d.memberId = m.memberId;
                places.add(textOf(e, "deptId"), at);
                takeAt(o, "order", inner, d.order);
                takeAt(o, "isPrimary", inner, d.isPrimary);
                bool flagged = false;
                takeAt(o, "isLeader", inner, flagged);
                if (flagged)
                    data.deptLeaderList.push_back({d.deptId, d.memberId, LeaderSource::memberFlag, kUnknown});
                data.deptMemberList.push_back(std::move(d));
            });
        data.userList.push_back(std::move(m));
    });

    SeenIds groups;
    eachAt(root, "roleGroupList", top, [&](boost::json::value const& v, JsonPlace const& place) {
        CorpRoleGroup g = recordAt<CorpRoleGroup>(v, &isUpstream, place);
        groups.add(textOf(v, "roleGroupId"), JsonPlace{&place, "roleGroupId"});
        g.origin = kOriginUpstream;
        data.roleGroupList.push_back(std::move(g));
    });
    SeenIds roles;
    eachAt(root, "roleList", top, [&](boost::json::value const& v, JsonPlace const& place) {
        CorpRole r = recordAt<CorpRole>(v, &isUpstream, place);
        roles.add(textOf(v, "roleId"), JsonPlace{&place, "roleId"});
        r.origin = kOriginUpstream;
        data.roleList.push_back(std::move(r));
    });
    SeenIds roleMembers;
    eachAt(root, "roleMemberSet", top, [&](boost::json::value const& v, JsonPlace const& place) {
        CorpRoleMember r = recordAt<CorpRoleMember>(
            v, [](FieldInfo const& f) { return isUpstream(f) && f.name != "origin"; }, place);
        roleMembers.add(textOf(v, "roleId"), textOf(v, "memberId"), place);
        r.origin = kOriginUpstream;
        data.roleMemberSet.push_back(std::move(r));
    });
    eachAt(root, "adminIds", top, [&](boost::json::value const& v, JsonPlace const& place) {
        data.adminIds.push_back(idAt<MemberId>(v, place));
    });
    if (boost::json::value const* const proof = findKnown(root, "proof"))
        data.proof = proofFromJson(*proof, JsonPlace{&top, "proof"});
    data.normalise();
    return data;
}

CORPS_DECL CorpData parseCorpData(std::string_view json) {
    boost::json::error_code ec;
    boost::json::monotonic_resource memory;  // a document that is read once and thrown away as a whole
    boost::json::value const value = boost::json::parse(json, ec, &memory);
    if (ec) throw Error(Errc::invalidArgument, "expected an organisation file, found text that is not JSON");
    return corpDataFromJson(value);
}

}  // namespace corps
