// A provider's WeCom in memory, as small as the library's view of it: suites with tickets and tokens, and
// enterprises that authorise them.
#pragma once

#include <corps/config/corp_config.hpp>
#include <corps/testing/scripted_transport.hpp>
#include <corps/transport/message.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps::testsupport {

inline constexpr char const* kSuiteId = "dk0123456789abcdef";
inline constexpr char const* kAesKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
inline constexpr char const* kCallbackToken = "orgSyncToken01";
inline constexpr char const* kProviderCorp = "wwprovider00000001";

/** The auths.* element of the suite. */
inline std::shared_ptr<CorpConfig const> suiteElement(std::string suiteId = kSuiteId) {
    boost::json::object keys;
    boost::json::object& auth = keys["authConfig"].emplace_object();
    auth["suiteId"] = std::move(suiteId);
    auth["suiteSecret"] = "the-suite-secret";
    auth["token"] = kCallbackToken;
    auth["encodingAESKey"] = kAesKey;
    auth["providerCorpId"] = kProviderCorp;
    auth["providerSecret"] = "the-provider-secret";
    return std::make_shared<CorpConfig const>("auths.QywxProxyAuth", "Our suite", std::move(keys));
}

/** An enterprise as the platform has it. */
struct ProxyEnterprise {
    struct User {
        std::string id, name;
        std::vector<int> depts;
    };
    std::string plainId;  // "ww..."
    std::string openId;   // "wp..."
    std::string name;
    std::string agentId = "1000005";
    std::string code;       // the permanent code that is good; empty: not authorised
    bool encrypted = true;  // ids are sent encrypted
    bool namesGranted = true;
    bool enabled = true;
    std::vector<std::pair<int, int>> depts{{1, 0}};  // id, parent
    std::vector<User> users;
    std::map<int, std::pair<std::string, std::vector<std::string>>> tags;
    std::vector<std::string> permissions{"contact:sensitive:user_name", "contact:sensitive:department_name"};
    std::vector<int> rangeDepts{1};
    std::vector<std::string> rangeUsers;

    /** What the provider sees in the place of a userid. */
    [[nodiscard]] std::string shown(std::string const& id) const {
        if (!encrypted) return id;
        std::string out = "wo" + openId.substr(2, 6) + id;
        out.resize(32, 'A');
        return out;
    }
    [[nodiscard]] std::string shownCorp() const { return encrypted ? openId : plainId; }
    [[nodiscard]] bool isCalled(std::string_view id) const { return id == plainId || id == openId; }
};

class ProxyPlatform {
public:
    ProxyPlatform() {
        net.on("GET /cgi-bin/gettoken", [this](Request const& q) { return getToken(q); });
        suiteCalls();
        corpCalls();
    }
    ProxyPlatform(ProxyPlatform const&) = delete;
    ProxyPlatform& operator=(ProxyPlatform const&) = delete;

    /** An enterprise with `members` people in a root with one department. */
    ProxyEnterprise& add(std::string const& tag, int members = 3) {
        auto e = std::make_unique<ProxyEnterprise>();
        e->plainId = "ww" + tag + "0000000000";
        e->openId = "wp" + tag;
        e->openId.resize(32, 'B');
        e->name = "Enterprise " + tag;
        e->depts = {{1, 0}, {2, 1}};
        for (int i = 0; i < members; ++i)
            e->users.push_back({"u" + std::to_string(i), tag + " person " + std::to_string(i), {1 + i % 2}});
        enterprises.push_back(std::move(e));
        return *enterprises.back();
    }
    [[nodiscard]] ProxyEnterprise* find(std::string_view corpId) {
        for (auto& e : enterprises)
            if (e->isCalled(corpId)) return e.get();
        return nullptr;
    }
    /** The enterprise scans the code of the template: what create_auth carries. */
    std::string authorise(ProxyEnterprise& e) {
        std::string code = "AUTHCODE-" + std::to_string(++codes_);
        authCodes[code] = &e;
        return code;
    }
    void cancel(ProxyEnterprise& e) {
        e.code.clear();
        dropTokens(e);
    }
    void dropTokens(ProxyEnterprise const& e) {
        std::erase_if(tokens_, [&e](auto const& t) { return t.second == &e; });
    }

    static std::string parameter(Request const& q, std::string const& name) {
        for (char const lead : {'?', '&'}) {
            std::size_t const at = q.url.find(lead + name + "=");
            if (at == std::string::npos) continue;
            std::size_t const from = at + name.size() + 2;
            return q.url.substr(from, q.url.find('&', from) - from);
        }
        return {};
    }
    static Response refusal(std::int64_t code) {
        return {200, R"({"errcode":)" + std::to_string(code) +
                         R"(,"errmsg":"refused, hint: [1686402237354962763423746], from ip: 203.0.113.7"})"};
    }
    static Response good(boost::json::object o) {
        o["errcode"] = 0;
        o["errmsg"] = "ok";
        return {200, boost::json::serialize(o)};
    }

    testing::ScriptedTransport net;
    std::vector<std::unique_ptr<ProxyEnterprise>> enterprises;
    std::map<std::string, ProxyEnterprise*> authCodes;  // not exchanged yet
    std::string ticket = "TICKET-0001";                 // the one that is good
    bool v2 = true;                                     // the newer endpoints are there
    std::set<std::string> suiteTokens;                  // good ones
    std::function<std::optional<Response>(ProxyEnterprise&, Request const&)> intercept;  // a call of a corp
    std::function<void()> infoAsked;  // get_auth_info is being answered
    int tokensIssued = 0;
    int infoOutages = 0;  // so many questions for get_auth_info find the platform down
    int wrongSecrets = 0;

private:
    Response getToken(Request const& q) {
        ProxyEnterprise* const e = find(parameter(q, "corpid"));
        if (e == nullptr) return refusal(40013);
        if (e->code.empty() || !e->enabled || parameter(q, "corpsecret") != e->code) {
            ++wrongSecrets;
            return refusal(40001);
        }
        std::string const token = "corptoken" + std::to_string(++tokensIssued);
        tokens_[token] = e;
        boost::json::object o;
        o["access_token"] = token;
        o["expires_in"] = 7200;
        return good(std::move(o));
    }

    void suite(std::string const& path, std::function<Response(boost::json::object const&)> f) {
        net.on("POST " + path, [this, f = std::move(f)](Request const& q) {
            if (!suiteTokens.contains(parameter(q, "suite_access_token"))) return refusal(40082);
            return f(boost::json::parse(q.body).as_object());
        });
    }
    static std::string text(boost::json::object const& o, std::string_view key) {
        boost::json::value const* const v = o.if_contains(key);
        return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
    }

    boost::json::object corpInfo(ProxyEnterprise const& e) const {
        boost::json::object out;
        out["corpid"] = e.shownCorp();
        out["corp_name"] = e.name;
        out["corp_full_name"] = e.name + " Ltd";
        return out;
    }
    boost::json::object authInfo(ProxyEnterprise const& e) const {
        boost::json::object agent;
        agent["agentid"] = std::stoll(e.agentId);
        agent["name"] = "Sync";
        agent["is_customized_app"] = true;
        boost::json::object& p = agent["privilege"].emplace_object();
        p["level"] = 0;
        boost::json::array depts, users, tags;
        for (int d : e.rangeDepts) depts.emplace_back(d);
        for (auto const& u : e.rangeUsers) users.emplace_back(e.shown(u));
        p["allow_party"] = std::move(depts);
        p["allow_user"] = std::move(users);
        p["allow_tag"] = std::move(tags);
        boost::json::object out;
        boost::json::array& list = out["agent"].emplace_array();
        list.emplace_back(std::move(agent));
        return out;
    }

    void suiteCalls() {
        net.on("POST /cgi-bin/service/get_suite_token", [this](Request const& q) {
            boost::json::object const body = boost::json::parse(q.body).as_object();
            if (text(body, "suite_secret") != "the-suite-secret") return refusal(40080);
            if (ticket.empty() || text(body, "suite_ticket") != ticket) return refusal(40085);
            std::string const token = "suitetoken" + std::to_string(++suiteTokensIssued_);
            suiteTokens.insert(token);
            boost::json::object o;
            o["suite_access_token"] = token;
            o["expires_in"] = 7200;
            return good(std::move(o));
        });
        auto const exchange = [this](boost::json::object const& body, bool newer) {
            if (newer && !v2) return Response(404, "<html>404 Not Found</html>");
            auto const it = authCodes.find(text(body, "auth_code"));
            if (it == authCodes.end()) return refusal(40078);
            ProxyEnterprise& e = *it->second;
            authCodes.erase(it);
            e.code = "permanent-code-of-" + e.plainId + "-" + std::to_string(++codes_);
            dropTokens(e);
            boost::json::object o;
            o["permanent_code"] = e.code;
            o["auth_corp_info"] = corpInfo(e);
            o["state"] = "corp42";
            if (!newer) o["auth_info"] = authInfo(e);
            return Response(200, boost::json::serialize(o));  // no errcode: as some endpoints answer
        };
        suite("/cgi-bin/service/v2/get_permanent_code",
              [exchange](boost::json::object const& b) { return exchange(b, true); });
        suite("/cgi-bin/service/get_permanent_code",
              [exchange](boost::json::object const& b) { return exchange(b, false); });
        auto const info = [this](boost::json::object const& body, bool newer) {
            if (newer && !v2) return Response(404, "<html>404 Not Found</html>");
            if (infoOutages > 0) {
                --infoOutages;
                return Response(503, "");
            }
            if (infoAsked) infoAsked();
            ProxyEnterprise* const e = find(text(body, "auth_corpid"));
            if (e == nullptr) return refusal(84054);
            if (e->code.empty() || text(body, "permanent_code") != e->code) return refusal(40084);
            boost::json::object o;
            o["auth_corp_info"] = corpInfo(*e);
            o["auth_info"] = authInfo(*e);
            return good(std::move(o));
        };
        suite("/cgi-bin/service/v2/get_auth_info",
              [info](boost::json::object const& b) { return info(b, true); });
        suite("/cgi-bin/service/get_auth_info",
              [info](boost::json::object const& b) { return info(b, false); });
        net.on("POST /cgi-bin/service/get_provider_token", [](Request const& q) {
            boost::json::object const body = boost::json::parse(q.body).as_object();
            if (text(body, "corpid") != kProviderCorp ||
                text(body, "provider_secret") != "the-provider-secret")
                return refusal(40001);
            boost::json::object o;
            o["provider_access_token"] = "providertoken";
            o["expires_in"] = 7200;
            return Response(200, boost::json::serialize(o));
        });
        net.on("POST /cgi-bin/service/corpid_to_opencorpid", [this](Request const& q) {
            if (parameter(q, "provider_access_token") != "providertoken") return refusal(40014);
            ProxyEnterprise* const e = find(text(boost::json::parse(q.body).as_object(), "corpid"));
            if (e == nullptr || e->code.empty()) return refusal(48001);
            boost::json::object o;
            o["open_corpid"] = e->openId;
            return good(std::move(o));
        });
    }

    void corp(std::string const& endpoint, std::function<Response(ProxyEnterprise&, Request const&)> f) {
        net.on(endpoint, [this, f = std::move(f)](Request const& q) {
            auto const it = tokens_.find(parameter(q, "access_token"));
            if (it == tokens_.end()) return refusal(40014);
            if (intercept)
                if (std::optional<Response> r = intercept(*it->second, q)) return std::move(*r);
            return f(*it->second, q);
        });
    }

    static boost::json::object user(ProxyEnterprise const& e, ProxyEnterprise::User const& u) {
        boost::json::object out;
        out["userid"] = e.shown(u.id);
        out["name"] = e.namesGranted ? u.name : e.shown(u.id);
        boost::json::array depts, orders, leads;
        for (int d : u.depts) {
            depts.emplace_back(d);
            orders.emplace_back(0);
            leads.emplace_back(0);
        }
        out["main_department"] = u.depts.front();
        out["department"] = std::move(depts);
        out["order"] = std::move(orders);
        out["is_leader_in_dept"] = std::move(leads);
        out["status"] = 1;
        return out;
    }
    static bool below(ProxyEnterprise const& e, int dept, int top) {
        for (int steps = 0; steps < 100 && dept != 0; ++steps) {
            if (dept == top) return true;
            int parent = 0;
            for (auto const& [id, up] : e.depts)
                if (id == dept) parent = up;
            dept = parent;
        }
        return false;
    }

    void corpCalls() {
        corp("GET /cgi-bin/agent/list", [](ProxyEnterprise& e, Request const&) {
            boost::json::object one;
            one["agentid"] = std::stoll(e.agentId);
            boost::json::object o;
            o["agentlist"].emplace_array().emplace_back(std::move(one));
            return good(std::move(o));
        });
        corp("GET /cgi-bin/agent/get", [](ProxyEnterprise& e, Request const& q) {
            if (parameter(q, "agentid") != e.agentId) return refusal(301002);
            boost::json::object o;
            o["agentid"] = std::stoll(e.agentId);
            o["close"] = e.enabled ? 0 : 1;
            boost::json::array depts, users;
            for (int d : e.rangeDepts) depts.emplace_back(d);
            for (auto const& u : e.rangeUsers)
                users.emplace_back(boost::json::object{{"userid", e.shown(u)}});
            o["allow_partys"].emplace_object()["partyid"] = std::move(depts);
            o["allow_userinfos"].emplace_object()["user"] = std::move(users);
            return good(std::move(o));
        });
        corp("POST /cgi-bin/agent/get_permissions", [](ProxyEnterprise& e, Request const&) {
            boost::json::object o;
            boost::json::array list;
            for (auto const& p : e.permissions) list.emplace_back(p);
            o["app_permissions"] = std::move(list);
            return good(std::move(o));
        });
        corp("GET /cgi-bin/department/list", [](ProxyEnterprise& e, Request const&) {
            boost::json::array list;
            for (auto const& [id, parent] : e.depts) {
                boost::json::object d;
                d["id"] = id;
                d["parentid"] = parent;
                d["name"] = e.namesGranted ? (id == 1 ? e.name : "Department " + std::to_string(id))
                                           : std::to_string(id);
                d["order"] = 0;
                list.emplace_back(std::move(d));
            }
            boost::json::object o;
            o["department"] = std::move(list);
            return good(std::move(o));
        });
        corp("GET /cgi-bin/user/list", [](ProxyEnterprise& e, Request const& q) {
            int const dept = std::stoi(parameter(q, "department_id"));
            bool const all = parameter(q, "fetch_child") == "1";
            boost::json::array list;
            for (auto const& u : e.users)
                for (int d : u.depts)
                    if (d == dept || (all && below(e, d, dept))) {
                        list.emplace_back(user(e, u));
                        break;
                    }
            boost::json::object o;
            o["userlist"] = std::move(list);
            return good(std::move(o));
        });
        corp("GET /cgi-bin/user/get", [](ProxyEnterprise& e, Request const& q) {
            for (auto const& u : e.users)
                if (e.shown(u.id) == parameter(q, "userid")) return good(user(e, u));
            return refusal(60111);
        });
        corp("GET /cgi-bin/tag/list", [](ProxyEnterprise& e, Request const&) {
            boost::json::array list;
            for (auto const& [id, tag] : e.tags)
                list.emplace_back(boost::json::object{{"tagid", id}, {"tagname", tag.first}});
            boost::json::object o;
            o["taglist"] = std::move(list);
            return good(std::move(o));
        });
        corp("GET /cgi-bin/tag/get", [](ProxyEnterprise& e, Request const& q) {
            auto const it = e.tags.find(std::stoi(parameter(q, "tagid")));
            if (it == e.tags.end()) return refusal(40068);
            boost::json::object o;
            o["tagname"] = it->second.first;
            boost::json::array list;
            for (auto const& id : it->second.second)
                list.emplace_back(boost::json::object{{"userid", e.shown(id)}});
            o["userlist"] = std::move(list);
            o["partylist"] = boost::json::array();
            return good(std::move(o));
        });
        corp("POST /cgi-bin/batch/userid_to_openuserid", [](ProxyEnterprise& e, Request const& q) {
            boost::json::object o;
            boost::json::array known, unknown;
            boost::json::object const body = boost::json::parse(q.body).as_object();
            for (boost::json::value const& v : body.at("userid_list").as_array()) {
                std::string const id(v.as_string());
                bool there = false;
                for (auto const& u : e.users) there = there || u.id == id;
                if (!there) {
                    unknown.emplace_back(id);
                    continue;
                }
                ProxyEnterprise upgraded = ProxyEnterprise();
                upgraded.openId = e.openId;
                known.emplace_back(boost::json::object{{"userid", id}, {"open_userid", upgraded.shown(id)}});
            }
            o["open_userid_list"] = std::move(known);
            o["invalid_userid_list"] = std::move(unknown);
            return good(std::move(o));
        });
        corp("GET /cgi-bin/auth/getuserinfo", [](ProxyEnterprise& e, Request const& q) {
            boost::json::object o;
            o["userid"] = e.shown(parameter(q, "code"));
            return good(std::move(o));
        });
    }

    std::map<std::string, ProxyEnterprise*> tokens_;
    int codes_ = 0;
    int suiteTokensIssued_ = 0;
};

}  // namespace corps::testsupport
