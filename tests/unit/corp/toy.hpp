// A platform of our own, as small as one can be: one call for the departments, one for the members of a
// department, one for the roles and one for the members of a role. The client is the smallest complete one
// (docs/policies.md).
#pragma once

#include <corps/auth/upstream_auth.hpp>
#include <corps/client/over.hpp>
#include <corps/corp.hpp>
#include <corps/storage/memory.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/testing/scripted_transport.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace toy {

namespace json = boost::json;

inline std::string text(json::object const& o, std::string_view key) {
    json::value const* const v = o.if_contains({key.data(), key.size()});
    return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

/** What the platform holds. Change it between two syncs. */
struct Organisation {
    struct Dept {
        std::string parent, name;
    };
    struct Member {
        std::string nick, phone, email;
        std::vector<std::string> depts;
        bool admin = false;
        std::string jobNumber{};
        std::vector<std::string> leads{};
        std::string unionId{};
        std::string standing{};  // the platform's word about the account
    };
    std::map<std::string, Dept> depts;  // without the root, "root"
    std::map<std::string, Member> members;
    std::map<std::string, std::pair<std::string, std::set<std::string>>> roles;  // id: name, members
    std::string secret = "open sesame";
    int calls = 0;

    corps::Response answer(corps::Request const& q) {
        ++calls;
        std::string const path = q.url.substr(q.url.find("/toy/") + 5);
        if (path == "token") {
            if (q.body != secret) return corps::Response(403, "{}");
            return corps::Response(200, "{\"token\":\"t-1\"}");
        }
        if (path.starts_with("badge/")) {
            bool const authorised = corps::findHeader(q.headers, "Authorization") == "t-1";
            return authorised ? corps::Response(200, path.substr(6)) : corps::Response(401, "{}");
        }
        json::array items;
        if (path == "depts") {
            for (auto const& [id, d] : depts)
                items.push_back(json::object{{"id", id}, {"parent", d.parent}, {"name", d.name}});
        } else if (path.starts_with("members/")) {
            std::string const dept = path.substr(8);
            for (auto const& [id, m] : members) {
                bool in = false, leads = false;
                for (std::string const& d : m.depts) in = in || d == dept;
                for (std::string const& d : m.leads) leads = leads || d == dept;
                if (!in) continue;
                json::object o{{"id", id},
                               {"nick", m.nick},
                               {"admin", m.admin},
                               {"leads", leads},
                               {"primary", m.depts.front() == dept}};
                if (!m.phone.empty()) o["phone"] = m.phone;
                if (!m.email.empty()) o["email"] = m.email;
                if (!m.jobNumber.empty()) o["jobNumber"] = m.jobNumber;
                if (!m.unionId.empty()) o["unionId"] = m.unionId;
                o["standing"] = m.standing;
                items.push_back(std::move(o));
            }
        } else if (path == "roles") {
            for (auto const& [id, r] : roles) items.push_back(json::object{{"id", id}, {"name", r.first}});
        } else if (path.starts_with("role/")) {
            auto const it = roles.find(path.substr(5));
            if (it != roles.end())
                for (std::string const& m : it->second.second) items.push_back(json::object{{"id", m}});
        } else {
            return corps::Response(404, "{}");
        }
        return corps::Response(200, json::serialize(items));
    }
};

class Auth {
public:
    class Config {
    public:
        static Config fromJson(json::object const& keys, std::string_view place) {
            Config out;
            json::value const* const nested = keys.if_contains("authConfig");
            out.secret =
                text(nested != nullptr && nested->is_object() ? nested->get_object() : keys, "appSecret");
            if (out.secret.empty()) {
                corps::Diagnostics d;
                d.place = place;
                throw corps::Error(corps::Errc::config, "\"appSecret\": expected text that is not empty",
                                   std::move(d));
            }
            return out;
        }
        std::string secret;
    };

    explicit Auth(Config config) : config_(std::move(config)) {}

    boost::asio::awaitable<corps::IssuedToken> token(corps::Channel& wire) const {
        corps::Request q("POST", "https://toy.example/toy/token", "POST /toy/token");
        q.body = config_.secret;
        corps::Response const p = co_await wire.send(std::move(q));
        if (p.status != 200) throw corps::Error(corps::Errc::authRejected, "the secret is wrong");
        co_return corps::IssuedToken("t-1", std::chrono::hours(1));
    }
    void attach(corps::Request& q, std::string_view token) const {
        q.headers.emplace_back("Authorization", std::string(token));
    }
    bool tokenRejected(corps::Response const& p) const { return p.status == 401; }
    std::string tokenKey() const { return "toy"; }
    std::string authorizeUrl(corps::LoginRequest const& r) const {
        return "https://toy.example/login?back=" + r.redirectUri + "&state=" + r.state;
    }
    /** The code is who it is: "member/union id"; by the kind "badge", what the platform says to the token. */
    boost::asio::awaitable<corps::Identity> identify(corps::Channel&, corps::Channel& authorised,
                                                     corps::LoginCode code) const {
        if (code.kind == "badge") {
            corps::Request q("GET", "https://toy.example/toy/badge/" + code.code, "GET /toy/badge");
            corps::Response const p = co_await authorised.send(std::move(q));
            if (p.status != 200) throw corps::Error(corps::Errc::authRejected, "no such badge");
            code.code = p.body;
        }
        corps::Identity who;
        std::size_t const slash = code.code.find('/');
        who.upstreamCorpId = code.redirectUri.empty() ? "toy-corp" : code.redirectUri;
        who.memberId = code.code.substr(0, slash);
        if (slash != std::string::npos) who.unionId = code.code.substr(slash + 1);
        co_return who;
    }

private:
    Config config_;
};

struct Client {
    static constexpr std::string_view kElementType = "corps.ToyType";
    static constexpr std::string_view kPlatform = "toy";
    static constexpr std::string_view kRootDeptId = "root";

    class Api {
    public:
        Api(corps::Channel& channel, corps::ClientEnvironment environment)
            : channel_(&channel), corp_(std::move(environment.corp)) {}

        static std::span<corps::PageShape const> shapes() { return kShapes; }

        boost::asio::awaitable<corps::PullProof> pull(corps::PageSink& sink, corps::PullOptions) {
            corps::PullProof proof;
            proof.upstreamCorpId = "toy-corp";
            proof.corpName = "Toy Ltd";
            proof.rootDeptId = "root";
            proof.fullScope = true;

            corps::Listing tree(corps::ListingKind::departments, "");
            std::vector<std::string> depts{"root"};
            json::array const found = co_await list("depts");
            for (json::value const& d : found) depts.push_back(text(d.get_object(), "id"));
            page(sink, kShapes[0], tree, found);
            for (std::string const& dept : depts) {
                corps::Listing members(corps::ListingKind::deptMembers, dept);
                json::array const people = co_await list("members/" + dept);
                page(sink, kShapes[1], members, people);
            }
            corps::Listing roles(corps::ListingKind::roles, "");
            json::array const roleList = co_await list("roles");
            page(sink, kShapes[2], roles, roleList);
            for (json::value const& r : roleList) {
                std::string const id = text(r.get_object(), "id");
                corps::Listing members(corps::ListingKind::roleMembers, id);
                json::array const people = co_await list("role/" + id);
                page(sink, kShapes[3], members, people);
            }
            co_return proof;
        }

        void decode(corps::Unit const& unit, corps::RowSink& rows) const {
            using corps::Cell;
            json::value const v = json::parse({unit.bytes.data(), unit.bytes.size()});
            json::object const& o = v.get_object();
            std::string const id = text(o, "id");
            auto const cell = [&o](std::string_view key) {
                json::value const* const found = o.if_contains({key.data(), key.size()});
                return found == nullptr
                           ? Cell()
                           : Cell::text({found->get_string().data(), found->get_string().size()});
            };
            if (unit.shape == &kShapes[0]) {
                std::string const parent = text(o, "parent");
                std::array<Cell, 4> const dept{Cell::text(id), Cell::text(parent), cell("name"), Cell()};
                rows.row(corps::UpstreamTable::dept, dept);
            } else if (unit.shape == &kShapes[1]) {
                std::array<Cell, std::size(corps::kMemberColumns)> member{};
                member[0] = Cell::text(id);
                member[1] = cell("nick");
                member[2] = cell("phone");
                member[3] = cell("email");
                member[6] = cell("jobNumber");
                member[8] = Cell::integer(1);
                member[9] = cell("standing");
                member[11] = Cell::text(id);
                member[13] = cell("unionId");
                rows.row(corps::UpstreamTable::member, member);
                std::array<Cell, 4> const place{Cell::text(unit.listing->id), Cell::text(id), Cell(),
                                                Cell::integer(o.at("primary").get_bool() ? 1 : 0)};
                rows.row(corps::UpstreamTable::deptMember, place);
                if (o.at("leads").get_bool()) {
                    std::array<Cell, 4> const leader{
                        Cell::text(unit.listing->id), Cell::text(id),
                        Cell::integer(static_cast<int>(corps::LeaderSource::memberFlag)), Cell()};
                    rows.row(corps::UpstreamTable::deptLeader, leader);
                }
                std::array<Cell, 2> const admin{Cell::text(id),
                                                Cell::integer(o.at("admin").get_bool() ? 1 : 0)};
                rows.row(corps::UpstreamTable::admin, admin);
            } else if (unit.shape == &kShapes[2]) {
                std::array<Cell, 3> const role{Cell::text(id), Cell::text(""), cell("name")};
                rows.row(corps::UpstreamTable::role, role);
            } else {
                std::array<Cell, 2> const member{Cell::text(unit.listing->id), Cell::text(id)};
                rows.row(corps::UpstreamTable::roleMember, member);
            }
        }

        std::string identity() const { return "toy 1"; }

        boost::asio::awaitable<std::vector<corps::Absence>> explainAbsence(std::vector<std::string> ids) {
            co_return std::vector<corps::Absence>(ids.size(), corps::Absence::left);
        }

    private:
        boost::asio::awaitable<json::array> list(std::string path) {
            corps::Request q("GET", "https://toy.example/toy/" + path,
                             "GET /toy/" + path.substr(0, path.find('/')));
            corps::Response const p = co_await channel_->send(std::move(q));
            if (p.status != 200) throw corps::Error(corps::Errc::upstream, "the platform refused");
            co_return json::parse(p.body).as_array();
        }
        static void page(corps::PageSink& sink, corps::PageShape const& shape, corps::Listing const& listing,
                         json::array const& items) {
            std::vector<std::string> bytes;
            for (json::value const& item : items) bytes.push_back(json::serialize(item));
            std::vector<std::string_view> const units(bytes.begin(), bytes.end());
            sink.page(shape, listing, units);
            sink.finish(listing, corps::ListingState::complete, std::nullopt);
        }

        static constexpr std::string_view kId[] = {"id"};
        static constexpr corps::PageShape kShapes[] = {{"toy.dept", {}, kId, 1},
                                                       {"toy.member", {}, kId, 1},
                                                       {"toy.role", {}, kId, 1},
                                                       {"toy.roleMember", {}, kId, 1}};
        corps::Channel* channel_;
        std::string corp_;
    };
};

template <class Storage = corps::MemoryStorage, class Records = corps::StandardRecords>
using Type = corps::Corp<Auth, corps::Over<Client, corps::testing::ScriptedTransport>, Storage,
                         corps::Mirror<Records>>;

/** Three departments, five people, two roles; ann and bob are administrators of the platform. */
inline std::shared_ptr<Organisation> demo() {
    auto out = std::make_shared<Organisation>();
    out->depts = {{"dev", {"root", "Development"}}, {"web", {"dev", "Web"}}, {"ops", {"root", "Operations"}}};
    out->members = {{"ann", {"Ann", "+8613800000001", "ann@toy.example", {"root"}, true}},
                    {"bob", {"Bob", "+8613800000002", "bob@toy.example", {"dev"}, true, "7", {"dev"}}},
                    {"cid", {"Cid", "+8613800000003", "", {"dev", "ops"}}},
                    {"dan", {"Dan", "", "", {"web"}}},
                    {"eve", {"Eve", "", "eve@toy.example", {"ops"}}}};
    out->roles = {{"finance", {"Finance", {"ann", "cid"}}}, {"sales", {"Sales", {"eve"}}}};
    return out;
}

inline corps::testing::ScriptedTransport wireTo(std::shared_ptr<Organisation> org) {
    return corps::testing::ScriptedTransport([org](corps::Request const& q) { return org->answer(q); });
}

inline corps::CorpConfig config() {
    corps::CorpConfig out("corps.Toy", "Toy", {{"appId", "toy-app"}, {"appSecret", "open sesame"}});
    out.type = "corps.ToyType";
    return out;
}

/** An organisation, a corp that mirrors it in memory, and what they share. */
struct World {
    World() : World(demo()) {}
    explicit World(std::shared_ptr<Organisation> o)
        : org(std::move(o)), corp(config(), context, wireTo(org), storage) {}

    std::shared_ptr<Organisation> org;
    corps::Context context;
    corps::MemoryStorage storage;
    Type<> corp;
};

}  // namespace toy
