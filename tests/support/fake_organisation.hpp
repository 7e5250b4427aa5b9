// An organisation in memory that plays the upstream of a sync: what a client would deliver, without any
// client.
#pragma once

#include <corps/client/pull.hpp>
#include <corps/error/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps::testsupport {

struct FakeDept {
    std::optional<std::string> parent = "0";  ///< nothing: not granted
    std::optional<std::string> name;
    std::int64_t order = 0;
    std::vector<std::string> leaders{};  ///< the department's own list
};

struct FakePlace {
    bool leads = false;
    std::int64_t order = 0;
    bool primary = true;
    friend bool operator==(FakePlace const&, FakePlace const&) = default;
};

struct FakeMember {
    std::optional<std::string> unionId{};
    std::optional<std::string> nick{};
    std::optional<std::string> phone{};
    std::optional<std::string> email{};
    std::optional<bool> admin{};  ///< by the member's own record; nothing: not told
    std::map<std::string, FakePlace> in{};
    bool granted = false;  ///< visible one by one
    std::string noise{};   ///< bytes that mean nothing
    friend bool operator==(FakeMember const&, FakeMember const&) = default;
};

struct FakeOrganisation {
    std::string corpId = "ent-1";
    std::string corpName = "Demo Ltd";
    std::string root = "0";
    std::map<std::string, FakeDept> depts{};  ///< without the root
    std::map<std::string, FakeMember> members{};
    std::map<std::string, std::string> roleGroups{};
    std::map<std::string, std::pair<std::string, std::string>> roles{};  ///< id: group, name
    std::map<std::string, std::set<std::string>> roleMembers{};
    std::optional<std::set<std::string>> admins{};  ///< a list of its own; nothing: there is none

    FakeMember& add(std::string const& id, std::vector<std::string> const& depts_, std::string nick = "") {
        FakeMember& m = members[id];
        m.nick = nick.empty() ? "nick " + id : std::move(nick);
        m.unionId = "union-" + id;
        for (std::string const& d : depts_) m.in[d];
        return m;
    }
    FakeDept& dept(std::string const& id, std::string const& parent = "0", std::string name = "") {
        FakeDept& d = depts[id];
        d.parent = parent;
        d.name = name.empty() ? "dept " + id : std::move(name);
        return d;
    }
};

/** How a pull shows an organisation, and what fails in it. */
struct FakePull {
    bool fullScope = true;
    std::vector<std::string> visibleRoots{};
    std::size_t pageSize = 3;
    std::optional<std::uint64_t> shuffle{};       ///< order of units and pages, from this seed
    bool interleave = true;                       ///< pages of different listings mix (with `shuffle`)
    unsigned duplicatePercent = 0;                ///< units that come twice (with `shuffle`)
    std::map<Listing, std::size_t> incomplete{};  ///< lists that end early, after so many units
    std::set<Listing> missing{};                  ///< lists that are neither shown nor ended
    std::set<Listing> empty{};                    ///< success with nothing in it
    std::set<Listing> garbage{};                  ///< one more unit in it that cannot be decoded
    std::map<std::pair<std::string, std::string>, FakeMember>
        older{};                                   ///< (department, member): shown there as it was before
    std::map<std::string, FakeDept> olderDepts{};  ///< shown as they were before
    std::map<std::pair<std::string, std::string>, FakeMember>
        twice{};                       ///< (department, member): shown there once more, like this
    std::set<std::string> subtrees{};  ///< departments whose members come in one list with all below them
    bool namesUnseen = false;          ///< such a list names departments out of sight, too
    bool details = false;              ///< order and main department of each place come by a further call
    std::set<std::string> failedDetails{};  ///< members of whom that call fails
    bool counts = false;                    ///< the platform counts the members of each department
    bool visibleMembers = true;             ///< there is a list of those granted one by one
};

namespace detail {

inline constexpr std::string_view kItems[] = {"items"};
inline constexpr std::string_view kId[] = {"id"};
inline constexpr PageShape kShapes[] = {
    {"fake.dept", kItems, kId, 1},  {"fake.member", kItems, kId, 1},     {"fake.roleGroup", kItems, kId, 1},
    {"fake.role", kItems, kId, 1},  {"fake.roleMember", kItems, kId, 1}, {"fake.admin", kItems, kId, 1},
    {"fake.below", kItems, kId, 1}, {"fake.details", kItems, kId, 1}};

inline void put(boost::json::object& o, std::string_view key, std::optional<std::string> const& v) {
    if (v) o[key] = *v;
}

inline std::string unitOf(std::string const& id, FakeDept const& d) {
    boost::json::object o;
    o["id"] = id;
    put(o, "parent", d.parent);
    put(o, "name", d.name);
    o["order"] = d.order;
    boost::json::array leaders;
    for (std::string const& l : d.leaders) leaders.emplace_back(l);
    o["leaders"] = std::move(leaders);
    return boost::json::serialize(o);
}

/** What a unit says of places: by department. */
inline boost::json::object placesOf(std::map<std::string, FakePlace> const& in, bool flags, bool orders) {
    boost::json::object out;
    for (auto const& [d, place] : in) {
        boost::json::object o;
        if (flags) o["leads"] = place.leads;
        if (orders) {
            o["order"] = place.order;
            o["primary"] = place.primary;
        }
        out[d] = std::move(o);
    }
    return out;
}

inline boost::json::object memberOf(std::string const& id, FakeMember const& m) {
    boost::json::object o;
    o["id"] = id;
    put(o, "union", m.unionId);
    put(o, "nick", m.nick);
    put(o, "phone", m.phone);
    put(o, "email", m.email);
    if (m.admin) o["admin"] = *m.admin;
    if (!m.noise.empty()) o["noise"] = m.noise;
    return o;
}

inline std::string unitOf(std::string const& id, FakeMember const& m, FakePlace const* place,
                          bool orders = true) {
    boost::json::object o = memberOf(id, m);
    if (place != nullptr) {
        o["leads"] = place->leads;
        if (orders) {
            o["order"] = place->order;
            o["primary"] = place->primary;
        }
    }
    return boost::json::serialize(o);
}

}  // namespace detail

/** Departments that a pull sees: all, or those at and below the visible roots. */
inline std::set<std::string> sightOf(FakeOrganisation const& org, FakePull const& how) {
    std::set<std::string> out;
    for (auto const& [id, d] : org.depts) {
        if (how.fullScope) {
            out.insert(id);
            continue;
        }
        std::string at = id;
        for (std::size_t steps = 0; steps <= org.depts.size(); ++steps) {
            if (std::find(how.visibleRoots.begin(), how.visibleRoots.end(), at) != how.visibleRoots.end())
                out.insert(id);
            auto const it = org.depts.find(at);
            if (it == org.depts.end() || !it->second.parent) break;
            at = *it->second.parent;
        }
    }
    return out;
}

/** Whether a department is `top` or stands below it. */
inline bool standsBelow(FakeOrganisation const& org, std::string at, std::string const& top) {
    for (std::size_t steps = 0; steps <= org.depts.size(); ++steps) {
        if (at == top) return true;
        auto const it = org.depts.find(at);
        if (it == org.depts.end()) return false;
        at = it->second.parent.value_or(org.root);
    }
    return false;
}

/** The lists that show the members of a department. */
inline std::vector<Listing> listsOf(FakeOrganisation const& org, FakePull const& how,
                                    std::string const& dept) {
    std::vector<Listing> out;
    for (std::string const& top : how.subtrees)
        if (standsBelow(org, dept, top)) out.push_back({ListingKind::subtreeMembers, top});
    if (out.empty()) out.push_back({ListingKind::deptMembers, dept});
    return out;
}

/** An Upstream that replays one pull, as often as it is asked. */
class FakeUpstream final : public Upstream {
public:
    FakeUpstream() = default;
    explicit FakeUpstream(FakeOrganisation const& org, FakePull const& how = FakePull()) { show(org, how); }

    /** From now on pulls see this. */
    void show(FakeOrganisation const& org, FakePull const& how = FakePull()) {
        script_.clear();
        stale_.clear();
        proof_ = PullProof();
        proof_.upstreamCorpId = org.corpId;
        proof_.corpName = org.corpName;
        proof_.rootDeptId = org.root;
        proof_.fullScope = how.fullScope;
        proof_.visibleRoots = how.visibleRoots;
        std::mt19937_64 rng(how.shuffle.value_or(0));
        std::vector<std::vector<Event>> lists;
        auto list = [&](std::size_t shape, Listing listing, std::vector<std::string> units,
                        std::optional<std::int64_t> count = std::nullopt) {
            if (how.missing.contains(listing)) return;
            if (how.empty.contains(listing)) units.clear();
            if (how.shuffle) {
                std::shuffle(units.begin(), units.end(), rng);
                std::size_t const n = units.size();
                for (std::size_t i = 0; i < n; ++i)
                    if (rng() % 100 < how.duplicatePercent)
                        units.insert(units.begin() + static_cast<std::ptrdiff_t>(rng() % (units.size() + 1)),
                                     std::string(units[i]));
            }
            Event end;
            end.listing = listing;
            end.count = count;
            if (auto const it = how.incomplete.find(listing); it != how.incomplete.end()) {
                units.resize(std::min(units.size(), it->second));
                end.state = ListingState::incomplete;
                PullFault fault;
                fault.listing = listing;
                fault.place = "a list";
                fault.code = make_error_code(Errc::transport);
                fault.message = "failed";
                proof_.faults.push_back(fault);
            }
            if (how.garbage.contains(listing))
                units.insert(units.begin() + static_cast<std::ptrdiff_t>(units.size() / 2),
                             "{\"no\":\"id\"}");
            std::vector<Event> events;
            for (std::size_t at = 0; at < units.size(); at += how.pageSize) {
                Event page;
                page.listing = listing;
                page.shape = &detail::kShapes[shape];
                for (std::size_t i = at; i < std::min(units.size(), at + how.pageSize); ++i)
                    page.units.push_back(units[i]);
                events.push_back(std::move(page));
                ++proof_.calls;
            }
            end.finish = true;
            events.push_back(std::move(end));
            lists.push_back(std::move(events));
        };

        std::set<std::string> const sight = sightOf(org, how);
        std::vector<std::string> units;
        for (auto const& [id, d] : org.depts)
            if (sight.contains(id)) {
                auto const older = how.olderDepts.find(id);
                units.push_back(detail::unitOf(id, older == how.olderDepts.end() ? d : older->second));
            }
        list(0, {ListingKind::departments, ""}, units);
        std::set<std::string> listed = sight;
        if (how.fullScope) listed.insert(org.root);
        std::map<std::string, std::vector<std::pair<std::string const, FakeMember> const*>> in;
        for (auto const& entry : org.members)
            for (auto const& [d, place] : entry.second.in) in[d].push_back(&entry);
        for (std::string const& d : listed) {
            units.clear();
            if (listsOf(org, how, d).front().kind != ListingKind::deptMembers) continue;
            for (auto const* entry : in[d]) {
                auto const& [id, m] = *entry;
                FakePlace const& place = m.in.at(d);
                auto const older = how.older.find({d, id});
                units.push_back(
                    detail::unitOf(id, older == how.older.end() ? m : older->second, &place, !how.details));
                auto const twice = how.twice.find({d, id});
                if (twice == how.twice.end()) continue;
                auto const then = twice->second.in.find(d);
                units.push_back(detail::unitOf(id, twice->second,
                                               then == twice->second.in.end() ? &place : &then->second,
                                               !how.details));
            }
            std::optional<std::int64_t> count;
            if (how.counts) count = static_cast<std::int64_t>(units.size());
            list(1, {ListingKind::deptMembers, d}, units, count);
        }
        for (std::string const& top : how.subtrees) {
            units.clear();
            for (auto const& [id, m] : org.members) {
                std::map<std::string, FakePlace> places;
                bool here = false;
                for (auto const& [d, place] : m.in) {
                    if (listed.contains(d) || how.namesUnseen) places.emplace(d, place);
                    here = here || (listed.contains(d) && standsBelow(org, d, top));
                }
                if (!here) continue;
                auto put = [&](FakeMember const& shown, std::map<std::string, FakePlace> const& shownIn) {
                    boost::json::object o = detail::memberOf(id, shown);
                    o["in"] = detail::placesOf(shownIn, true, !how.details);
                    units.push_back(boost::json::serialize(o));
                };
                auto const older = how.older.find({top, id});
                put(older == how.older.end() ? m : older->second, places);
                auto const twice = how.twice.find({top, id});
                if (twice == how.twice.end()) continue;
                std::map<std::string, FakePlace> then = places;
                for (auto& [d, place] : then)
                    if (auto const it = twice->second.in.find(d); it != twice->second.in.end())
                        place = it->second;
                put(twice->second, then);
            }
            std::optional<std::int64_t> count;
            if (how.counts) count = static_cast<std::int64_t>(units.size());
            list(6, {ListingKind::subtreeMembers, top}, units, count);
        }
        if (how.details) {
            units.clear();
            for (auto const& [id, m] : org.members) {
                std::map<std::string, FakePlace> places;
                for (auto const& [d, place] : m.in)
                    if (listed.contains(d)) places.emplace(d, place);
                if (places.empty() || how.failedDetails.contains(id)) continue;
                boost::json::object o;
                o["id"] = id;
                o["in"] = detail::placesOf(places, false, true);
                units.push_back(boost::json::serialize(o));
            }
            list(7, {ListingKind::memberDetails, ""}, units);
            if (!how.failedDetails.empty()) lists.back().back().state = ListingState::incomplete;
            stale_ = how.failedDetails;
        }
        if (how.visibleMembers) {
            units.clear();
            for (auto const& [id, m] : org.members)
                if (m.granted) units.push_back(detail::unitOf(id, m, nullptr));
            list(1, {ListingKind::visibleMembers, ""}, units);
        }
        units.clear();
        for (auto const& [id, name] : org.roleGroups) {
            boost::json::object o;
            o["id"] = id;
            o["name"] = name;
            o["kind"] = "group";
            units.push_back(boost::json::serialize(o));
        }
        for (auto const& [id, role] : org.roles) {
            boost::json::object o;
            o["id"] = id;
            o["group"] = role.first;
            o["name"] = role.second;
            units.push_back(boost::json::serialize(o));
        }
        list(3, {ListingKind::roles, ""}, units);
        for (auto const& [role, name] : org.roles) {
            units.clear();
            if (auto const it = org.roleMembers.find(role); it != org.roleMembers.end())
                for (std::string const& m : it->second) {
                    boost::json::object o;
                    o["id"] = m;
                    units.push_back(boost::json::serialize(o));
                }
            list(4, {ListingKind::roleMembers, role}, units);
        }
        if (org.admins) {
            units.clear();
            for (std::string const& m : *org.admins) {
                boost::json::object o;
                o["id"] = m;
                units.push_back(boost::json::serialize(o));
            }
            list(5, {ListingKind::admins, ""}, units);
        }

        if (how.shuffle) std::shuffle(lists.begin(), lists.end(), rng);
        std::vector<std::size_t> at(lists.size(), 0);
        if (how.shuffle && how.interleave) {
            std::size_t left = 0;
            for (auto const& l : lists) left += l.size();
            while (left > 0) {
                std::size_t const i = static_cast<std::size_t>(rng() % lists.size());
                if (at[i] == lists[i].size()) continue;
                script_.push_back(lists[i][at[i]++]);
                --left;
            }
        } else {
            for (auto const& l : lists) script_.insert(script_.end(), l.begin(), l.end());
        }
    }

    PullProof& proof() { return proof_; }
    std::function<void()> onPull;                          ///< called when a pull begins; may throw
    std::function<asio::awaitable<void>()> halfway;        ///< awaited when half of the pull is delivered
    std::function<Absence(std::string const&)> onAbsence;  ///< empty: unknown
    std::string mapping = "fake 1";                        ///< what identity() gives
    std::size_t pulls = 0;
    std::vector<std::string> asked{};  ///< whose absence was asked for

    asio::awaitable<PullProof> pull(PageSink& sink, PullOptions) override {
        ++pulls;
        if (onPull) onPull();
        std::vector<std::string_view> units;
        std::size_t at = 0;
        for (Event const& e : script_) {
            if (at++ == script_.size() / 2 && halfway) co_await halfway();
            if (e.finish) {
                sink.finish(e.listing, e.state, e.count);
            } else {
                units.assign(e.units.begin(), e.units.end());
                sink.page(*e.shape, e.listing, units);
            }
        }
        for (std::string const& id : stale_) sink.stale(UpstreamTable::member, id);
        co_return proof_;
    }

    void decode(Unit const& u, RowSink& rows) const override {
        boost::json::value const parsed = boost::json::parse(u.bytes);
        boost::json::object const& o = parsed.as_object();
        auto text = [&o](std::string_view key) {
            boost::json::value const* v = o.if_contains(key);
            return v == nullptr ? Cell() : Cell::text(std::string_view(v->as_string()));
        };
        auto integer = [&o](std::string_view key) {
            boost::json::value const* v = o.if_contains(key);
            if (v == nullptr) return Cell();
            return Cell::integer(v->is_bool() ? static_cast<std::int64_t>(v->as_bool()) : v->as_int64());
        };
        Cell const id = text("id");
        if (id.isNull()) throw Error(Errc::protocol, "a record has no id");
        switch (u.listing->kind) {
            case ListingKind::departments: {
                std::array<Cell, 4> const dept{id, text("parent"), text("name"), integer("order")};
                rows.row(UpstreamTable::dept, dept);
                std::int64_t rank = 0;
                for (boost::json::value const& l : o.at("leaders").as_array()) {
                    std::array<Cell, 4> const leader{id, Cell::text(std::string_view(l.as_string())),
                                                     Cell::integer(1), Cell::integer(rank++)};
                    rows.row(UpstreamTable::deptLeader, leader);
                }
                return;
            }
            case ListingKind::memberDetails:
            case ListingKind::subtreeMembers:
            case ListingKind::deptMembers:
            case ListingKind::visibleMembers: {
                std::array<Cell, 14> const member{
                    id,     text("nick"),     text("phone"), text("email"), Cell(), Cell(), Cell(),
                    Cell(), Cell::integer(1), Cell(),        Cell(),        id,     Cell(), text("union")};
                if (u.listing->kind != ListingKind::memberDetails) {
                    rows.row(UpstreamTable::member, member);
                } else {
                    std::array<Cell, 1> const only{id};
                    rows.row(UpstreamTable::member, only);
                }
                if (boost::json::value const* in = o.if_contains("in"); in != nullptr)
                    for (auto const& [d, value] : in->as_object()) {
                        Cell const dept = Cell::text(std::string_view(d));
                        boost::json::object const& p = value.as_object();
                        auto number = [&p](std::string_view key) {
                            boost::json::value const* v = p.if_contains(key);
                            if (v == nullptr) return Cell();
                            return Cell::integer(v->is_bool() ? static_cast<std::int64_t>(v->as_bool())
                                                              : v->as_int64());
                        };
                        std::array<Cell, 4> const place{dept, id, number("order"), number("primary")};
                        rows.row(UpstreamTable::deptMember, place);
                        if (number("leads").integer() != 0) {
                            std::array<Cell, 4> const leader{dept, id, Cell::integer(2), Cell()};
                            rows.row(UpstreamTable::deptLeader, leader);
                        }
                    }
                if (u.listing->kind == ListingKind::deptMembers) {
                    Cell const dept = Cell::text(u.listing->id);
                    std::array<Cell, 4> const place{dept, id, integer("order"), integer("primary")};
                    rows.row(UpstreamTable::deptMember, place);
                    if (integer("leads").integer() != 0) {
                        std::array<Cell, 4> const leader{dept, id, Cell::integer(2), Cell()};
                        rows.row(UpstreamTable::deptLeader, leader);
                    }
                }
                if (o.contains("admin")) {
                    std::array<Cell, 2> const admin{id, integer("admin")};
                    rows.row(UpstreamTable::admin, admin);
                }
                return;
            }
            case ListingKind::roles: {
                if (o.contains("kind")) {
                    std::array<Cell, 2> const group{id, text("name")};
                    rows.row(UpstreamTable::roleGroup, group);
                } else {
                    std::array<Cell, 3> const role{id, text("group"), text("name")};
                    rows.row(UpstreamTable::role, role);
                }
                return;
            }
            case ListingKind::roleMembers: {
                std::array<Cell, 2> const member{Cell::text(u.listing->id), id};
                rows.row(UpstreamTable::roleMember, member);
                return;
            }
            case ListingKind::admins: {
                std::array<Cell, 1> const admin{id};
                rows.row(UpstreamTable::admin, admin);
                return;
            }
        }
    }

    [[nodiscard]] std::string identity() const override { return mapping; }

    asio::awaitable<std::vector<Absence>> explainAbsence(std::vector<std::string> ids) override {
        asked.insert(asked.end(), ids.begin(), ids.end());
        std::vector<Absence> out;
        for (std::string const& id : ids)
            out.push_back(onAbsence ? onAbsence(id) : proof_.fullScope ? Absence::left : Absence::unknown);
        co_return out;
    }

private:
    struct Event {
        Listing listing{};
        PageShape const* shape = nullptr;
        std::vector<std::string> units{};
        bool finish = false;
        ListingState state = ListingState::complete;
        std::optional<std::int64_t> count{};
    };
    std::vector<Event> script_;
    PullProof proof_;
    std::set<std::string> stale_;
};

}  // namespace corps::testsupport
