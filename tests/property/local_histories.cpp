// Random histories of a corp that is edited here. After each step it holds what a naive model holds, which
// was written from the meaning of the methods: results, errors, everything that can be read; and a refusal
// leaves every row as it was.
//
// CORPS_OPERATIONS says how many steps there are on each storage, CORPS_SEED with which randomness.
#include "unit/storage/temp_dir.hpp"

#include <corps/corps.hpp>
#include <corps/crypto/password.hpp>
#include <corps/storage/sqlite.hpp>
#include <corps/sync/engine.hpp>
#include <corps/testing/manual_clock.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace property_local_histories_test {

using namespace corps;

namespace {

/** Passwords that cost next to nothing: what is tried here is not how hard they are to guess. */
using CheapLogin = ScryptLogin<PasswordCost{1, 1, 1}>;
template <class Storage>
using CheapCorp = Corp<CheapLogin, NoUpstream, Storage, LocalAuthority<StandardRecords>>;

using Text = std::string;
using Texts = std::vector<Text>;

struct ModelMember {
    Text userId, nick;
    std::optional<Text> phone, email, photo, extendConf;
    std::optional<int> gender;
    bool resigned = false;
    Text signature;
    [[nodiscard]] bool active() const { return !resigned; }
};
struct ModelUser {
    Text username, password;  // empty: none
};
struct ModelDept {
    Text parent, name;
    Texts leaders;
    std::set<Text> members;
};
struct ModelRole {
    Text group, name;
    std::set<Text> members;
    std::map<Text, std::set<Text>> limits;  // by member
};

/** What a corp should be, kept in the plainest way. */
struct Model {
    Text root;
    std::map<Text, ModelDept> depts;
    std::map<Text, ModelMember> members;
    std::map<Text, ModelUser> users;
    std::map<Text, Text> groups;
    std::map<Text, ModelRole> roles;
    std::set<Text> admins;

    [[nodiscard]] bool below(Text dept, Text const& top) const {
        for (; !dept.empty(); dept = depts.at(dept).parent)
            if (dept == top) return true;
        return false;
    }
    [[nodiscard]] bool active(Text const& member) const { return members.at(member).active(); }
    [[nodiscard]] Text userNamed(Text const& username) const {
        for (auto const& [id, user] : users)
            if (user.username == username) return id;
        return {};
    }
    [[nodiscard]] Text memberOf(Text const& user) const {
        for (auto const& [id, m] : members)
            if (m.userId == user) return id;
        return {};
    }
    [[nodiscard]] Texts pathOf(Text dept) const {
        Texts out;
        for (; !dept.empty(); dept = depts.at(dept).parent) out.insert(out.begin(), dept);
        return out;
    }

    void forget(Text const& member) {
        members.erase(member);
        admins.erase(member);
        for (auto& [id, d] : depts) {
            d.members.erase(member);
            std::erase(d.leaders, member);
        }
        for (auto& [id, r] : roles) {
            r.members.erase(member);
            r.limits.erase(member);
        }
    }

    static Text show(std::optional<Text> const& t) { return t ? "'" + *t + "'" : "?"; }
    static Text join(Texts const& list) {
        Text out;
        for (Text const& t : list) out += (out.empty() ? "" : ",") + t;
        return "[" + out + "]";
    }

    /** Everything that can be read, in the order in which it is read. */
    [[nodiscard]] Texts lines() const {
        Texts out;
        for (auto const& [id, m] : members)
            if (m.active()) out.push_back(line(id, m));
        std::vector<Text> order;
        for (auto const& [id, d] : depts)
            if (d.parent.empty())
                order.insert(order.begin(), id);
            else
                order.push_back(id);
        for (Text const& id : order) {
            ModelDept const& d = depts.at(id);
            Texts leaders;  // who has resigned leads again on return
            for (Text const& m : d.leaders)
                if (active(m)) leaders.push_back(m);
            out.push_back("dept " + id + " below " + d.parent + " '" + d.name + "' led by " + join(leaders) +
                          " at " + join(pathOf(id)));
        }
        for (auto const& [id, d] : depts)
            for (Text const& m : d.members)
                if (active(m))
                    out.push_back("in " + id + " stands " + m +
                                  (std::ranges::count(d.leaders, m) != 0 ? " leading" : ""));
        for (auto const& [id, r] : roles)
            out.push_back("role " + id + " of " + r.group + " '" + r.name + "'");
        for (auto const& [id, name] : groups) out.push_back("group " + id + " '" + name + "'");
        for (auto const& [id, r] : roles)
            for (Text const& m : r.members)
                if (active(m)) out.push_back("has " + id + " " + m);
        for (auto const& [id, m] : members)
            out.push_back(line(id, m) + (m.active() ? "" : " gone") + " signs '" + m.signature + "'");
        for (Text const& m : admins)
            if (active(m)) out.push_back("admin " + m);
        for (auto const& [id, r] : roles)
            for (auto const& [m, depts_] : r.limits)
                if (!depts_.empty())
                    out.push_back("limit " + id + " " + m + " " + join({depts_.begin(), depts_.end()}));
        return out;
    }
    static Text line(Text const& id, ModelMember const& m) {
        return "member " + id + " is " + m.userId + " '" + m.nick + "' " + show(m.phone) + show(m.email) +
               show(m.photo) + (m.gender ? std::to_string(*m.gender) : "?") + show(m.extendConf);
    }
};

template <class T>
std::optional<Text> known(Field<T> const& f) {
    if (!f.known()) return std::nullopt;
    return f.value();
}
std::optional<Text> known(Field<JsonText> const& f) {
    if (!f.known()) return std::nullopt;
    return Text(f.value().view());
}

ModelMember asModel(CorpMember const& m) {
    ModelMember out;
    out.userId = m.userId.known() ? m.userId.value().str() : "nobody";
    out.nick = m.name();
    out.phone = known(m.phone);
    out.email = known(m.email);
    out.photo = known(m.photo);
    out.extendConf = known(m.extendConf);
    if (m.gender.known()) out.gender = static_cast<int>(m.gender.value());
    return out;
}

template <class Ids>
Texts texts(Ids const& ids) {
    Texts out;
    for (auto const& id : ids) out.push_back(id.str());
    return out;
}
template <class IdType>
std::vector<IdType> idsOf(Texts const& list) {
    std::vector<IdType> out;
    for (Text const& t : list) out.emplace_back(t);
    return out;
}

/** The same of a corp. `roles` and `members`: whose limits to ask for. */
template <class C>
Texts linesOf(C const& corp, Model const& model) {
    Texts out;
    LocalCorpData const data = corp.getLocalCorpData();
    for (CorpMember const& m : data.userList) out.push_back(Model::line(m.memberId.str(), asModel(m)));
    for (CorpDept const& d : data.deptList)
        out.push_back("dept " + d.deptId.str() + " below " + d.parentId.str() + " '" + d.name + "' led by " +
                      Model::join(texts(d.leaderIds)) + " at " + Model::join(texts(d.path)));
    for (CorpDeptMember const& m : data.deptMemberList)
        out.push_back("in " + m.deptId.str() + " stands " + m.memberId.str() +
                      (m.isLeader ? " leading" : ""));
    for (CorpRole const& r : data.roleList)
        out.push_back("role " + r.roleId.str() + " of " + r.roleGroupId.str() + " '" + r.name + "'");
    for (CorpRoleGroup const& g : data.roleGroupList)
        out.push_back("group " + g.roleGroupId.str() + " '" + g.name + "'");
    for (CorpRoleMember const& m : data.roleMemberSet)
        out.push_back("has " + m.roleId.str() + " " + m.memberId.str());
    for (CorpMember const& m : corp.getMembers())
        out.push_back(Model::line(m.memberId.str(), asModel(m)) +
                      (m.status == MemberStatus::active ? "" : " gone") + " signs '" +
                      corp.getUserSignature(m.memberId).signature + "'");
    for (MemberId const& id : corp.getAdmin()) out.push_back("admin " + id.str());
    for (auto const& [role, r] : model.roles)
        for (auto const& [member, depts] : r.limits) {
            Texts const limit = texts(corp.getDeptLimit(role, member));
            if (!limit.empty()) out.push_back("limit " + role + " " + member + " " + Model::join(limit));
        }
    return out;
}

/** Every row of every table, but for the texts of the change feed: whatever is added to it shows in its
 * number, too. */
template <class Storage>
Texts rowsOf(Storage storage, Text const& corp) {
    std::vector<TableSchema const*> all = engineTables();
    for (TableSchema const* t : tablesOf<>().all()) all.push_back(t);
    Texts out;
    storage.read([&](auto& tx) {
        for (TableSchema const* t : all) {
            if (t->name == "ChangeFeed") continue;
            Cell const prefix = Cell::text(corp);
            bool const shared = t->columns[0].type != ColumnType::corp;
            auto const visit = [](std::span<Cell const> row, void* context) {
                Text line;
                for (Cell const& c : row)
                    line += c.isNull()                      ? "?|"
                            : c.kind() == CellKind::integer ? std::to_string(c.integer()) + "|"
                                                            : "'" + Text(c.bytes()) + "'|";
                static_cast<Texts*>(context)->push_back(std::move(line));
                return true;
            };
            out.push_back(t->name);
            tx.scanRows(*t, 0, std::span<Cell const>(&prefix, shared ? 0U : 1U), visit, &out);
        }
    });
    return out;
}

class Disagreement : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

Text differences(Texts const& expected, Texts const& found) {
    std::set<Text> const a(expected.begin(), expected.end()), b(found.begin(), found.end());
    std::ostringstream out;
    for (Text const& t : a)
        if (!b.contains(t)) out << "\n  expected  " << t;
    for (Text const& t : b)
        if (!a.contains(t)) out << "\n  found     " << t;
    Text const text = out.str();
    return text.empty() ? "\n  the same in another order" : text;
}

template <class Storage>
class History {
public:
    History(Storage storage, std::uint64_t seed)
        : clock_(std::make_shared<testing::ManualClock>()),
          storage_(storage),
          corp_(config(), context(clock_, seed), std::move(storage)),
          random_(seed) {
        corp_.initCorp();
        model_.root = corp_.getRootDept().deptId.str();
        model_.depts[model_.root].name = "Model";
        ModelMember first;
        first.userId = "u-first";
        first.nick = "First";
        model_.members["first"] = first;
        model_.users["u-first"] = {"first", "pw0"};
        model_.depts[model_.root].members.insert("first");
        model_.admins.insert("first");
        compare();
    }

    void step() {
        ++steps_;
        clock_->advance(std::chrono::milliseconds(upTo(400)));
        switch (upTo(32)) {
            case 0: return createDept();
            case 1: return renameDept();
            case 2: return moveDept();
            case 3: return deleteDept();
            case 4:
            case 5: return setLeaders();
            case 6:
            case 7: return addDeptMembers();
            case 8: return deleteDeptMembers();
            case 9:
            case 10: return addMember();
            case 11: return joinCorp();
            case 12:
            case 13: return updateUserInfo();
            case 14: return changeStatus();
            case 15: return deleteMembers();
            case 16: return createGroup();
            case 17: return renameGroup();
            case 18: return deleteGroup();
            case 19: return createRole();
            case 20: return renameRole();
            case 21: return deleteRole();
            case 22: return addRoleMembers();
            case 23: return deleteRoleMembers();
            case 24: return setUserRole();
            case 25: return setLimit();
            case 26: return setAdmins();
            case 27: return sign();
            case 28: return setPassword();
            case 29:
            case 30: return verifyPassword();
            default: return eraseMember();
        }
    }

    void compare() const {
        Texts const expected = model_.lines();
        Texts const found = linesOf(corp_, model_);
        if (expected != found) fail("state" + differences(expected, found));
    }
    void compareMore() const {
        VerifyReport const report = corp_.verifyCorp();
        if (!report.ok) fail("verifyCorp: " + (report.problems.empty() ? Text() : report.problems.front()));
        for (auto const& [id, m] : model_.members) {
            std::set<Text> roles;
            if (m.active())
                for (auto const& [role, r] : model_.roles)
                    if (r.members.contains(id)) roles.insert(role);
            std::set<Text> found;
            for (CorpRole const& r : corp_.getMemberRoles(id)) found.insert(r.roleId.str());
            if (roles != found) fail("roles of " + id);
            std::set<Text> depts, foundDepts;
            for (auto const& [dept, d] : model_.depts)
                if (d.members.contains(id)) depts.insert(dept);
            for (CorpDeptMember const& d : corp_.getMemberDepts(id)) foundDepts.insert(d.deptId.str());
            if (depts != foundDepts) fail("departments of " + id);
        }
        for (auto const& [id, d] : model_.depts) {
            std::set<Text> all, found;
            for (auto const& [other, o] : model_.depts)
                if (model_.below(other, id))
                    for (Text const& m : o.members)
                        if (model_.active(m)) all.insert(m);
            for (CorpMember const& m : corp_.getDeptMembers(id, true)) found.insert(m.memberId.str());
            if (all != found) fail("members in and below " + id);
        }
    }
    [[nodiscard]] Texts rows() const { return rowsOf(storage_, "corps.Model"); }
    [[nodiscard]] Texts lines() const { return linesOf(corp_, model_); }
    [[nodiscard]] std::map<Text, std::pair<std::size_t, std::size_t>> const& tally() const { return tally_; }

private:
    static CorpConfig config() {
        CorpConfig out("corps.Model", "Model",
                       {{"firstMember",
                         {{"memberId", "first"},
                          {"nick", "First"},
                          {"password", "pw0"},
                          {"userId", "u-first"},
                          {"username", "first"}}}});
        out.element["allowJoin"] = 1;
        return out;
    }
    static Context context(std::shared_ptr<testing::ManualClock> clock, std::uint64_t seed) {
        ContextOptions options;
        options.clock = std::move(clock);
        options.random = [engine = std::mt19937_64(seed)]() mutable { return engine(); };
        return Context(std::move(options));
    }

    using Errors = std::set<Errc>;

    [[noreturn]] void fail(Text const& what) const {
        throw Disagreement("step " + std::to_string(steps_) + ", " + operation_ + ": " + what);
    }

    /** Does it and compares: when `errors` is empty it must succeed, else fail with one of them and change
     * nothing. */
    template <class Call, class Then>
    void attempt(Text const& name, Text const& arguments, Errors const& errors, Call&& call, Then&& then) {
        operation_ = name + "(" + arguments + ")";
        auto& [done, refused] = tally_[name];
        Texts const before = errors.empty() ? Texts() : rows();
        try {
            auto result = call();
            if (!errors.empty()) fail("was not refused");
            if constexpr (std::invocable<Then&>)
                then();
            else
                then(std::move(result));
            ++done;
        } catch (Error const& e) {
            if (errors.empty()) fail(Text("was refused: ") + e.what());
            bool const expected = std::ranges::any_of(errors, [&](Errc c) { return e.is(c); });
            if (!expected) fail(Text("was refused for another reason: ") + e.what());
            Texts const after = rows();
            if (before != after) fail("refused, but wrote" + differences(before, after));
            ++refused;
        }
        compare();
    }
    // --- chance ---
    std::size_t upTo(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
    bool oneIn(std::size_t n) { return upTo(n) == 0; }
    template <class Map>
    Text key(Map const& map) {
        if (map.empty() || oneIn(40)) return "unknown";
        auto it = map.begin();
        std::advance(it, static_cast<std::ptrdiff_t>(upTo(map.size())));
        return it->first;
    }
    Text dept() { return key(model_.depts); }
    Text member() { return key(model_.members); }
    Text role() { return key(model_.roles); }
    Texts several(std::function<Text()> const& one, std::size_t least = 0) {
        Texts out(least + upTo(4 - least));
        for (Text& t : out) t = one();
        return out;
    }
    Texts severalMembers() {
        return several([this] { return member(); });
    }
    Text name() {
        static char const* const kNames[] = {"Ann",      "Bo",   "研发部", "Sales & Co",
                                             "x'; DROP", "Ünal", "a\nb",   "0"};
        return oneIn(30) ? Text() : kNames[upTo(std::size(kNames))];
    }
    std::optional<Text> maybe(std::initializer_list<char const*> of) {
        if (oneIn(2)) return std::nullopt;
        return *(of.begin() + static_cast<std::ptrdiff_t>(upTo(of.size())));
    }

    template <class Map, class List>
    static void needAll(Map const& map, List const& list, Errors& errors) {
        for (Text const& id : list)
            if (!map.contains(id)) errors.insert(Errc::notFound);
    }
    void needName(Text const& n, Errors& errors) {
        if (n.empty()) errors.insert(Errc::invalidArgument);
    }

    // --- departments ---
    void createDept() {
        if (model_.depts.size() > 25) return deleteDept();
        Text const n = name(), parent = oneIn(5) ? Text() : dept();
        Errors errors;
        needName(n, errors);
        if (!parent.empty()) needAll(model_.depts, Texts{parent}, errors);
        attempt(
            "createDept", n + ", " + parent, errors, [&] { return corp_.createDept(n, parent); },
            [&](CorpDept const& d) {
                if (model_.depts.contains(d.deptId.str())) fail("an id that was there");
                ModelDept& m = model_.depts[d.deptId.str()];
                m.parent = parent.empty() ? model_.root : parent;
                m.name = n;
                if (d.name != n || texts(d.path) != model_.pathOf(d.deptId.str())) fail("the result");
            });
    }
    void renameDept() { updateDept(dept(), name(), {}); }
    void moveDept() { updateDept(dept(), name(), dept()); }
    void updateDept(Text const& id, Text const& n, Text const& parent) {
        Errors errors;
        needAll(model_.depts, Texts{id}, errors);
        needName(n, errors);
        if (!parent.empty()) {
            needAll(model_.depts, Texts{parent}, errors);
            if (model_.depts.contains(id) && model_.depts.contains(parent) && model_.below(parent, id))
                errors.insert(Errc::refused);
            if (id == model_.root) errors.insert(Errc::refused);
        }
        attempt(
            "updateDept", id + ", " + n + ", " + parent, errors,
            [&] { return parent.empty() ? corp_.updateDept(id, n) : corp_.updateDept(id, n, parent); },
            [&](CorpDept const& d) {
                model_.depts[id].name = n;
                if (!parent.empty()) model_.depts[id].parent = parent;
                if (d.name != n || d.parentId.str() != model_.depts[id].parent) fail("the result");
            });
    }
    void deleteDept() {
        Text const id = dept();
        Errors errors;
        needAll(model_.depts, Texts{id}, errors);
        if (id == model_.root) errors.insert(Errc::refused);
        if (errors.empty()) {
            for (auto const& [other, d] : model_.depts)
                if (d.parent == id) errors.insert(Errc::refused);
            for (Text const& m : model_.depts[id].members)
                if (model_.active(m)) errors.insert(Errc::refused);
        }
        attempt(
            "deleteDept", id, errors, [&] { return corp_.deleteDept(id); }, [&] { model_.depts.erase(id); });
    }
    void setLeaders() {
        Text const id = dept();
        Texts list = several([this] { return member(); });
        if (!oneIn(6) && model_.depts.contains(id)) {  // mostly of its members
            std::set<Text> const& in = model_.depts[id].members;
            std::erase_if(list, [&](Text const& m) { return !in.contains(m); });
        }
        Errors errors;
        needAll(model_.depts, Texts{id}, errors);
        needAll(model_.members, list, errors);
        if (model_.depts.contains(id))
            for (Text const& m : list)
                if (!model_.depts[id].members.contains(m)) errors.insert(Errc::refused);
        attempt(
            "setDeptLeaderByDept", id + ", " + Model::join(list), errors,
            [&] { return corp_.setDeptLeaderByDept(id, idsOf<MemberId>(list)); },
            [&](std::vector<CorpDeptMember> const& result) {
                Texts once;
                for (Text const& m : list)
                    if (std::ranges::count(once, m) == 0) once.push_back(m);
                model_.depts[id].leaders = once;
                std::set<Text> leaders;
                for (CorpDeptMember const& m : result)
                    if (m.deptId.str() != id || (!m.isLeader && model_.active(m.memberId.str())) ||
                        !leaders.insert(m.memberId.str()).second)
                        fail("the result");
                if (leaders != std::set<Text>(once.begin(), once.end())) fail("the result");
            });
    }
    void addDeptMembers() {
        Text const id = dept();
        Texts const list = severalMembers();
        Errors errors;
        needAll(model_.depts, Texts{id}, errors);
        needAll(model_.members, list, errors);
        attempt(
            "addDeptMember", id + ", " + Model::join(list), errors,
            [&] { return corp_.addDeptMember(id, idsOf<MemberId>(list)); },
            [&] { model_.depts[id].members.insert(list.begin(), list.end()); });
    }
    void deleteDeptMembers() {
        Text const id = dept();
        Texts const list = severalMembers();
        Errors errors;
        needAll(model_.depts, Texts{id}, errors);
        needAll(model_.members, list, errors);
        attempt(
            "deleteDeptMember", id + ", " + Model::join(list), errors,
            [&] { return corp_.deleteDeptMember(id, idsOf<MemberId>(list)); },
            [&] {
                for (Text const& m : list) {
                    model_.depts[id].members.erase(m);
                    std::erase(model_.depts[id].leaders, m);
                }
            });
    }

    // --- members ---
    void addMember() {
        if (model_.members.size() > 40) return deleteMembers();
        NewMember n;
        n.nick = name();
        Texts const depts = oneIn(20) ? Texts() : several([this] { return dept(); }, 1);
        Texts const roles = several([this] { return role(); });
        n.deptIdList = idsOf<DeptId>(depts);
        n.roleIdList = idsOf<RoleId>(roles);
        if (oneIn(2)) n.phone = "+861380000000" + std::to_string(upTo(10));
        if (oneIn(2)) {
            n.username = oneIn(8) ? key(usernames()) : "name" + std::to_string(++fresh_);
            n.password = "pw" + std::to_string(upTo(5));
        }
        if (oneIn(3)) n.memberId = oneIn(6) ? member() : "m" + std::to_string(++fresh_);
        if (n.memberId == "unknown") n.memberId = {};  // stays so
        if (oneIn(3)) n.userId = oneIn(3) ? key(model_.users) : "u" + std::to_string(++fresh_);
        Errors errors;
        needName(n.nick, errors);
        if (depts.empty()) errors.insert(Errc::invalidArgument);
        needAll(model_.depts, depts, errors);
        needAll(model_.roles, roles, errors);
        if (model_.members.contains(n.memberId.str())) errors.insert(Errc::alreadyExists);
        Text const holder = n.username.empty() ? Text() : model_.userNamed(n.username);
        if (!holder.empty() && holder != n.userId.str()) errors.insert(Errc::alreadyExists);
        if (!n.userId.empty()) {
            if (!model_.memberOf(n.userId.str()).empty()) errors.insert(Errc::alreadyExists);
            auto const user = model_.users.find(n.userId.str());
            if (user != model_.users.end() && !n.username.empty()) {  // one who signs in otherwise
                bool const other = !user->second.username.empty() && user->second.username != n.username;
                bool const wrong = !user->second.password.empty() && user->second.password != n.password;
                if (other || wrong) errors.insert(Errc::refused);
            }
        }
        attempt(
            "addMember", n.memberId.str() + ", " + n.userId.str() + ", " + n.nick + ", " + Model::join(depts),
            errors, [&] { return corp_.addMember(n); },
            [&](CorpMember const& made) {
                Text const id = made.memberId.str();
                if (id.empty() || model_.members.contains(id)) fail("an id that was there");
                if (!n.memberId.empty() && n.memberId != made.memberId) fail("another id");
                if (!n.userId.empty() && n.userId != made.userId.valueOr()) fail("another user");
                ModelMember m = asModel(made);
                if (m.nick != n.nick || m.phone.value_or("") != n.phone) fail("the result");
                for (Text const& d : depts) model_.depts[d].members.insert(id);
                for (Text const& r : roles) model_.roles[r].members.insert(id);
                ModelUser& user = model_.users[m.userId];
                if (!n.username.empty()) user = {n.username, n.password};
                model_.members[id] = std::move(m);
                if (corp_.getMemberDepts(id).front().deptId != depts.front()) fail("the primary department");
            });
    }
    [[nodiscard]] std::map<Text, int> usernames() const {
        std::map<Text, int> out;
        for (auto const& [id, u] : model_.users)
            if (!u.username.empty()) out[u.username];
        return out;
    }
    void joinCorp() {
        if (model_.members.size() > 40) return deleteMembers();
        Text const username = oneIn(6)    ? key(usernames())
                              : oneIn(20) ? Text()
                                          : "name" + std::to_string(++fresh_);
        Text const password = oneIn(20) ? Text() : "pw" + std::to_string(upTo(5));
        Text const nick = name();
        Errors errors;
        needName(username, errors);
        needName(password, errors);
        needName(nick, errors);
        if (!username.empty() && !model_.userNamed(username).empty()) errors.insert(Errc::alreadyExists);
        attempt(
            "join", username + ", " + password + ", " + nick, errors,
            [&] { return corp_.join(username, password, nick); },
            [&](CorpMember const& made) {
                Text const id = made.memberId.str();
                ModelMember m = asModel(made);
                if (model_.members.contains(id) || m.nick != nick) fail("the result");
                model_.depts[model_.root].members.insert(id);
                model_.users[m.userId] = {username, password};
                model_.members[id] = std::move(m);
            });
    }
    void updateUserInfo() {
        Text const id = member();
        Errors errors;
        needAll(model_.members, Texts{id}, errors);
        MemberUpdate u;
        boost::json::object o;
        ModelMember after = model_.members.contains(id) ? model_.members[id] : ModelMember();
        auto const set = [&](char const* k, Field<Text>& field, std::optional<Text> value, auto&& keep) {
            if (!value) return;
            field = *value;
            o[k] = *value;
            keep(*value);
        };
        set("nick", u.nick, maybe({"Ann", "Eve", "张三"}), [&](Text const& v) { after.nick = v; });
        if (oneIn(30)) {
            u.nick = Text();
            o["nick"] = "";
            errors.insert(Errc::invalidArgument);
        }
        set("phone", u.phone, maybe({"+8613900000001", "12", ""}), [&](Text const& v) { after.phone = v; });
        set("email", u.email, maybe({"a@b.cn", ""}), [&](Text const& v) { after.email = v; });
        set("photo", u.photo, maybe({"https://x/y.png", ""}), [&](Text const& v) { after.photo = v; });
        if (oneIn(3)) {
            int const g = static_cast<int>(upTo(4));
            u.gender = static_cast<Gender>(g);
            o["gender"] = g;
            after.gender = g;
        }
        if (oneIn(3)) {
            Text const ext = oneIn(2) ? R"({"a":1})" : R"({"b":{"c":[2]}})";
            u.extendConf = JsonText{ext};
            o["extendConf"] = boost::json::parse(ext);
            after.extendConf = ext;
        }
        bool const typed = oneIn(2);
        if (!typed && oneIn(10)) {
            o[oneIn(2) ? "status" : "userId"] = "1";
            errors.insert(Errc::invalidArgument);
        }
        attempt(
            "updateUserInfo", id + ", " + boost::json::serialize(o), errors,
            [&] {
                if (typed)
                    corp_.updateUserInfo(id, u);
                else
                    corp_.updateUserInfo(id, o);
                return Done();
            },
            [&] { model_.members[id] = after; });
    }
    void changeStatus() {
        Texts const list = severalMembers();
        bool const resign = oneIn(2), otherName = oneIn(3);
        Errors errors;
        needAll(model_.members, list, errors);
        attempt(
            otherName ? (resign ? "offlineMember" : "reinstateMember") : "changeMemberStatus",
            Model::join(list) + (resign ? ", 2" : ", 1"), errors,
            [&] {
                auto const who = idsOf<MemberId>(list);
                if (otherName) return resign ? corp_.offlineMember(who) : corp_.reinstateMember(who);
                return corp_.changeMemberStatus(who, resign ? MemberStatus::resigned : MemberStatus::active);
            },
            [&] {
                for (Text const& m : list) model_.members[m].resigned = resign;
            });
    }
    void deleteMembers() {
        Texts const list = several([this] {
            Text out = member();
            for (int i = 0; i < 6 && model_.members.contains(out) && model_.active(out); ++i) out = member();
            return out;
        });
        Errors errors;
        needAll(model_.members, list, errors);
        for (Text const& m : list)
            if (model_.members.contains(m) && model_.active(m)) errors.insert(Errc::refused);
        attempt(
            "deleteMember", Model::join(list), errors,
            [&] { return corp_.deleteMember(idsOf<MemberId>(list)); },
            [&] {
                for (Text const& m : list) {
                    if (!model_.members.contains(m)) continue;  // twice in the list
                    told_[m] = {clock_->now(), userOf(m)};
                    model_.forget(m);
                }
            });
    }
    void eraseMember() {
        if (!oneIn(8)) return deleteMembers();  // it reads the whole feed
        // The feed itself forgets after 400 days.
        std::erase_if(told_, [&](auto const& t) {
            return clock_->now() - t.second.when > std::chrono::hours(24 * 390);
        });
        Text const id = !told_.empty() && oneIn(3) ? told_.begin()->first : member();
        bool const here = model_.members.contains(id);
        Errors errors;
        if (!here && !told_.contains(id)) errors.insert(Errc::notFound);
        if (here && model_.active(id)) errors.insert(Errc::refused);
        attempt(
            "eraseMember", id, errors, [&] { return corp_.eraseMember(id); },
            [&] {
                Text const user = here ? userOf(id) : told_.at(id).userId;
                told_.erase(id);
                model_.forget(id);
                if (model_.memberOf(user).empty()) model_.users.erase(user);
                for (FeedEntry const& e : corp_.changesSince({}, 1'000'000))
                    for (OwnedCell const& key : e.change.key)
                        if (e.change.table.starts_with("Corp") && key.view() == Cell::text(id))
                            fail("the feed remembers");
            });
    }
    void sign() {
        Text const id = member(), signature = oneIn(4) ? Text() : "https://x/" + std::to_string(upTo(9));
        Errors errors;
        needAll(model_.members, Texts{id}, errors);
        attempt(
            "saveUserSignature", id, errors, [&] { return corp_.saveUserSignature(id, signature); },
            [&] { model_.members[id].signature = signature; });
    }

    // --- roles ---
    void createGroup() {
        if (model_.groups.size() > 5) return deleteGroup();
        Text const n = name();
        Errors errors;
        needName(n, errors);
        attempt(
            "createRoleGroup", n, errors, [&] { return corp_.createRoleGroup(n); },
            [&](CorpRoleGroup const& g) {
                if (g.name != n || !model_.groups.emplace(g.roleGroupId.str(), n).second) fail("the result");
            });
    }
    void renameGroup() {
        Text const id = key(model_.groups), n = name();
        Errors errors;
        needName(n, errors);
        needAll(model_.groups, Texts{id}, errors);
        attempt(
            "renameRoleGroup", id + ", " + n, errors, [&] { return corp_.renameRoleGroup(id, n); },
            [&](CorpRoleGroup const& g) {
                model_.groups[id] = n;
                if (g.name != n) fail("the result");
            });
    }
    void deleteGroup() {
        Text const id = key(model_.groups);
        Errors errors;
        needAll(model_.groups, Texts{id}, errors);
        for (auto const& [role, r] : model_.roles)
            if (r.group == id) errors.insert(Errc::refused);
        attempt(
            "deleteRoleGroup", id, errors, [&] { return corp_.deleteRoleGroup(id); },
            [&] { model_.groups.erase(id); });
    }
    void createRole() {
        if (model_.roles.size() > 8) return deleteRole();
        Text const n = name(), group = key(model_.groups);
        Errors errors;
        needName(n, errors);
        needAll(model_.groups, Texts{group}, errors);
        attempt(
            "createRole", n + ", " + group, errors, [&] { return corp_.createRole(n, group); },
            [&](CorpRole const& r) {
                if (r.name != n || r.roleGroupId.str() != group || model_.roles.contains(r.roleId.str()))
                    fail("the result");
                ModelRole& m = model_.roles[r.roleId.str()];
                m.group = group;
                m.name = n;
            });
    }
    void renameRole() {
        Text const id = role(), n = name();
        Errors errors;
        needName(n, errors);
        needAll(model_.roles, Texts{id}, errors);
        attempt(
            "renameRole", id + ", " + n, errors, [&] { return corp_.renameRole(id, n); },
            [&](CorpRole const& r) {
                model_.roles[id].name = n;
                if (r.name != n) fail("the result");
            });
    }
    void deleteRole() {
        Text const id = role();
        Errors errors;
        needAll(model_.roles, Texts{id}, errors);
        attempt(
            "deleteRole", id, errors, [&] { return corp_.deleteRole(id); }, [&] { model_.roles.erase(id); });
    }
    void addRoleMembers() {
        Text const id = role();
        Texts const list = severalMembers();
        Errors errors;
        needAll(model_.roles, Texts{id}, errors);
        needAll(model_.members, list, errors);
        attempt(
            "addRoleMember", id + ", " + Model::join(list), errors,
            [&] { return corp_.addRoleMember(id, idsOf<MemberId>(list)); },
            [&] { model_.roles[id].members.insert(list.begin(), list.end()); });
    }
    void deleteRoleMembers() {
        Text const id = role();
        Texts const list = severalMembers();
        Errors errors;
        needAll(model_.roles, Texts{id}, errors);
        needAll(model_.members, list, errors);
        attempt(
            "deleteRoleMember", id + ", " + Model::join(list), errors,
            [&] { return corp_.deleteRoleMember(id, idsOf<MemberId>(list)); },
            [&] {
                for (Text const& m : list) model_.roles[id].members.erase(m);
            });
    }
    void setUserRole() {
        Text const id = member();
        Texts const list = several([this] { return role(); });
        Errors errors;
        needAll(model_.members, Texts{id}, errors);
        needAll(model_.roles, list, errors);
        attempt(
            "setUserRole", id + ", " + Model::join(list), errors,
            [&] { return corp_.setUserRole(id, idsOf<RoleId>(list)); },
            [&](std::vector<CorpRoleMember> const& result) {
                std::set<Text> const wanted(list.begin(), list.end());
                for (auto& [role, r] : model_.roles)
                    if (wanted.contains(role))
                        r.members.insert(id);
                    else
                        r.members.erase(id);
                std::set<Text> found;
                for (CorpRoleMember const& m : result) found.insert(m.roleId.str());
                if (found != wanted || result.size() != wanted.size()) fail("the result");
            });
    }
    void setLimit() {
        Text const r = role(), m = member();
        Texts const list = several([this] { return dept(); });
        Errors errors;
        needAll(model_.roles, Texts{r}, errors);
        needAll(model_.members, Texts{m}, errors);
        needAll(model_.depts, list, errors);
        attempt(
            "setDeptLimit", r + ", " + m + ", " + Model::join(list), errors,
            [&] { return corp_.setDeptLimit(r, m, idsOf<DeptId>(list)); },
            [&] { model_.roles[r].limits[m] = {list.begin(), list.end()}; });
    }
    void setAdmins() {
        Texts const list = severalMembers();
        Errors errors;
        needAll(model_.members, list, errors);
        attempt(
            "setAdmin", Model::join(list), errors, [&] { return corp_.setAdmin(idsOf<MemberId>(list)); },
            [&] { model_.admins = {list.begin(), list.end()}; });
    }

    // --- passwords ---
    void setPassword() {
        Text const user = oneIn(3) ? key(model_.users) : model_.members.empty() ? "" : userOf(member());
        Text const password = oneIn(20) ? Text() : "pw" + std::to_string(upTo(5));
        Text const username =
            oneIn(3) ? (oneIn(4) ? key(usernames()) : "name" + std::to_string(++fresh_)) : Text();
        Errors errors;
        if (model_.memberOf(user).empty()) errors.insert(Errc::notFound);
        needName(password, errors);
        if (!username.empty()) {
            Text const holder = model_.userNamed(username);
            if (!holder.empty() && holder != user) errors.insert(Errc::alreadyExists);
        } else if (!model_.users.contains(user) || model_.users[user].username.empty()) {
            errors.insert(Errc::invalidArgument);
        }
        attempt(
            "setPassword", user + ", " + username, errors,
            [&] { return corp_.setPassword(user, password, username); },
            [&] {
                ModelUser& u = model_.users[user];
                u.password = password;
                if (!username.empty()) u.username = username;
            });
    }
    [[nodiscard]] Text userOf(Text const& member) const {
        auto const it = model_.members.find(member);
        return it == model_.members.end() ? Text("nobody") : it->second.userId;
    }
    void verifyPassword() {
        Text const username = key(usernames());
        Text const user = model_.userNamed(username);
        bool const right = !user.empty() && !oneIn(4);
        Text const password = right ? model_.users[user].password : Text("wrong");
        clock_->advance(std::chrono::hours(24));  // whatever the failures before
        Errors errors;
        if (!right || password.empty()) errors.insert(Errc::authRejected);
        Text const id = user.empty() ? Text() : model_.memberOf(user);
        if (right && (id.empty() || !model_.active(id))) errors.insert({Errc::authRejected, Errc::refused});
        operation_ = "verifyPassword(" + username + ")";
        auto& [done, refused] = tally_["verifyPassword"];
        try {
            auto const who = corp_.verifyPassword(username, password);
            if (!errors.empty()) fail("was let in");
            if (who.member.memberId.str() != id || who.user.userId.str() != user) fail("somebody else");
            ++done;
        } catch (Error const& e) {
            if (std::ranges::none_of(errors, [&](Errc c) { return e.is(c); })) fail(e.what());
            ++refused;  // the failure is counted in the store
        }
        compare();
    }

    std::shared_ptr<testing::ManualClock> clock_;
    Storage storage_;
    CheapCorp<Storage> corp_;
    std::mt19937_64 random_;
    Model model_;
    struct Deleted {
        TimePoint when;
        Text userId;
    };
    std::map<Text, Deleted> told_;  // who was deleted, and is not forgotten
    std::size_t steps_ = 0;
    std::size_t fresh_ = 0;
    Text operation_;
    std::map<Text, std::pair<std::size_t, std::size_t>> tally_;
};

std::uint64_t fromEnvironment(char const* name, std::uint64_t otherwise) {
    char const* const text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

TEST_CASE("local histories: a corp that is edited here is what a naive model says, on both storages",
          "[property]") {
    std::uint64_t const seed = fromEnvironment("CORPS_SEED", std::random_device()());
    std::uint64_t const operations = fromEnvironment("CORPS_OPERATIONS", 250);
    CAPTURE(seed);
    if (std::getenv("CORPS_OPERATIONS") != nullptr) WARN("CORPS_SEED=" << seed);  // a run of its own
    TempDir const dir;
    History<MemoryStorage> memory(MemoryStorage(), seed);
    History<SqliteStorage> sqlite(SqliteStorage(dir.file("corps.db")), seed);
    try {
        for (std::uint64_t i = 0; i < operations; ++i) {
            memory.step();
            sqlite.step();
            if (i % 50 == 0) {
                memory.compareMore();
                sqlite.compareMore();
            }
        }
        memory.compareMore();
        sqlite.compareMore();
    } catch (Disagreement const& e) {
        FAIL("seed " << seed << ": " << e.what());
    }
    // The same randomness: the same ids, the same organisation.
    CHECK(memory.lines() == sqlite.lines());
    // Nothing was only refused, and nothing only done.
    if (operations >= 20000)
        for (auto const& [name, count] : memory.tally()) {
            CAPTURE(name);
            CHECK(count.first > 0);
            CHECK(count.second > 0);
        }
}

}  // namespace property_local_histories_test
