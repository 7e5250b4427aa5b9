// WeCom's calls, as every platform's failing calls are described to support/every_step.hpp. An application of
// a provider makes them, too.
#pragma once

#include "support/every_step.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corps::testsupport {

using emulator::FaultKind;

inline constexpr char const* kToken = "/cgi-bin/gettoken";
inline constexpr char const* kAgent = "/cgi-bin/agent/get";
inline constexpr char const* kAgents = "/cgi-bin/agent/list";
inline constexpr char const* kDepts = "/cgi-bin/department/list";
inline constexpr char const* kDeptIds = "/cgi-bin/department/simplelist";
inline constexpr char const* kUsersOf = "/cgi-bin/user/list?";
inline constexpr char const* kOneUser = "/cgi-bin/user/get?";
inline constexpr char const* kIds = "/cgi-bin/user/list_id";
inline constexpr char const* kTags = "/cgi-bin/tag/list";
inline constexpr char const* kTag = "/cgi-bin/tag/get?";
inline constexpr char const* kContactSecret = "the-contact-secret";

struct WeComSteps {
    using Corp = QywxInnerType<RecordedHttps, MemoryStorage>;
    using Server = emulator::WeComServer;
    using Options = emulator::WeComOptions;
    using Behaviour = emulator::WeComBehaviour;
    static constexpr char const* kMembers = kUsersOf;
    static constexpr bool kKnownInPart = true;

    static std::string deptId(std::string_view name) { return numberedDept(name); }

    static boost::json::object keys(Server const& server) {
        boost::json::object out;
        out["corpId"] = "fire";
        out["agentId"] = 1;
        out["secret"] = "irrelevant-but-present";
        out["baseUrl"] = server.baseUrl();
        return out;
    }

    /** The token is the last parameter, and another one each time. That of the call for a token is secret. */
    static Call call(SentCall const& sent) {
        Call out;
        if (sent.target.starts_with(kToken)) {
            out.name = kToken;
            out.match = kToken;
            return out;
        }
        if (sent.target.starts_with(kIds) && has(sent.body, "\"cursor\"")) {
            // Cursors differ from one time to the next.
            out.name = std::string(kIds) + " later";
            out.match = kIds;
            out.matchBody = "\"cursor\"";
            return out;
        }
        out.match = sent.target.substr(0, sent.target.find("access_token="));
        out.name = out.match + sent.body;
        out.match += "access_token=";
        out.matchBody = sent.body;
        return out;
    }

    template <class P>
    static Facts facts(How<P> const& how, Call const& call) {
        bool const all = how.behaviour.scope.all;
        Facts out;
        out.token = has(call.name, kToken);
        out.members = has(call.name, kUsersOf) || has(call.name, kIds);
        bool const ids = has(call.name, kIds);
        out.paged = ids && all;
        out.later = has(call.name, " later");
        out.vital = out.token || has(call.name, kAgent) || has(call.name, kAgents) ||
                    has(call.name, kDepts) || has(call.name, kDeptIds) || (out.paged && !out.later);
        out.why = !all && (ids || has(call.name, kOneUser));
        for (std::string const& id : how.behaviour.scope.memberIds)
            out.why = out.why && !has(call.name, "userid=" + id + "&");
        return out;
    }

    static std::optional<End> endOf(Facts const& c, Way const& way, bool) {
        // A token is no matter of lists.
        if (c.token && way.kind == Way::Kind::empty) return End::open;
        // Each is a sign of another kind of credential, or of a refused recursion: read in another way.
        if (way.kind == Way::Kind::denied) return End::open;
        if (way.kind == Way::Kind::outside) return c.vital ? End::error : End::open;
        // Recursion that is refused is replaced by a list for each department.
        bool const refused = way.fault == FaultKind::code && way.kind == Way::Kind::final;
        if (refused && c.members && !c.paged) return End::open;
        if (way.kind == Way::Kind::token && c.why) return End::open;
        // Where the assistant's list is refused, each one is asked for with the application's own token.
        if (way.kind == Way::Kind::renewed && c.why) return End::open;
        // A token is no list that could be empty.
        if (way.kind == Way::Kind::empty && c.token) return End::healed;
        return std::nullopt;
    }

    static void adapt(emulator::Fault&, Facts const&, Way const&) {}

    static void randomise(Behaviour& b, std::function<std::size_t(std::size_t)> const& draw) {
        b.ignoreFetchChild = draw(4) == 0;
        b.fetchChildCode = draw(4) == 0 ? 40035 : 0;
        b.fetchChildRows = draw(3) == 0 ? 5 + draw(40) : 0;
        b.maskParents = draw(2) == 0;
        b.omitErrcode = draw(4) == 0;
        b.newTokens = draw(2) == 0;
        b.expiredTokenCode = draw(2) == 0 ? 42001 : 40014;
        b.unknownUserCode = draw(2) == 0 ? 60111 : 40003;
    }

    static std::vector<Way> ways() {
        return withUsualWays(
            {{"an error code inside an HTTP 200: busy", Kind::passing, FaultKind::code, 200, -1},
             {"the same with HTTP 500", Kind::passing, FaultKind::code, 500, -1},
             {"a conflict of writers", Kind::passing, FaultKind::code, 200, 6000},
             {"a parameter is refused", Kind::final, FaultKind::code, 200, 40035},
             {"no such department, any more", Kind::final, FaultKind::code, 200, 60003},
             {"nobody under this id", Kind::outside, FaultKind::code, 200, 60111},
             {"the answer would be too large", Kind::final, FaultKind::code, 200, 45029},
             {"outside the range", Kind::outside, FaultKind::code, 200, 60011},
             {"not for this application", Kind::denied, FaultKind::code, 200, 48002},
             {"not for this credential", Kind::denied, FaultKind::code, 200, 48009},
             {"too fast", Kind::passing, FaultKind::rateLimit},
             {"too many at once", Kind::passing, FaultKind::code, 200, 45033},
             {"the address is not trusted", Kind::token, FaultKind::code, 200, 60020},
             {"a token of the wrong kind", Kind::renewed, FaultKind::wrongToken}},
            R"({"errcode":-1,"errmsg":"busy"})", R"({"errcode":0,"errmsg":"ok","userlist":[{"na)",
            R"(["errcode", 0])");
    }
};

/** Where no list has the people of all departments, and a tag has a department. */
template <class P>
How<P> byDepartments() {
    How<P> how;
    how.behaviour.fetchChildRows = 14;
    how.behaviour.tagDepts["r2"] = {P::deptId("f")};
    return how;
}

}  // namespace corps::testsupport
