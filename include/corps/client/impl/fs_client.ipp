#pragma once

#include <corps/client/cutter.hpp>
#include <corps/client/fs_client.hpp>
#include <corps/client/phone.hpp>
#include <corps/client/task_group.hpp>
#include <corps/config/business_keys.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <limits>
#include <optional>
#include <set>
#include <unordered_set>
#include <utility>

namespace corps {
namespace detail {

inline constexpr std::string_view kFsItems[] = {"data", "items"};
inline constexpr std::string_view kFsMembers[] = {"data", "members"};
inline constexpr std::string_view kFsOpenDepartmentId[] = {"open_department_id"};
inline constexpr std::string_view kFsDepartmentId[] = {"department_id"};
inline constexpr std::string_view kFsOpenId[] = {"open_id"};
inline constexpr std::string_view kFsUserId[] = {"user_id"};
inline constexpr std::string_view kFsUnionId[] = {"union_id"};

// The key of a unit is data, so each id type that may be chosen has a shape of its own.
inline constexpr std::array<PageShape, 6> kFsShapes = {
    PageShape{"feishu.department", kFsItems, kFsOpenDepartmentId, 1},
    PageShape{"feishu.department.custom", kFsItems, kFsDepartmentId, 1},
    PageShape{"feishu.user.open_id", kFsItems, kFsOpenId, 1},
    PageShape{"feishu.user.user_id", kFsItems, kFsUserId, 1},
    PageShape{"feishu.user.union_id", kFsItems, kFsUnionId, 1},
    PageShape{"feishu.role_member", kFsMembers, kFsUserId, 1},
};
inline constexpr PageShape const& kFsRoleMemberShape = kFsShapes[5];

inline constexpr std::string_view kFsRoot = "0";
inline constexpr std::string_view kFsChildren =
    "GET /open-apis/contact/v3/departments/:department_id/children";
inline constexpr std::string_view kFsDepartment = "GET /open-apis/contact/v3/departments/:department_id";
inline constexpr std::string_view kFsDepartmentBatch = "GET /open-apis/contact/v3/departments/batch";
inline constexpr std::string_view kFsUsersOf = "GET /open-apis/contact/v3/users/find_by_department";
inline constexpr std::string_view kFsUserBatch = "GET /open-apis/contact/v3/users/batch";
inline constexpr std::string_view kFsUser = "GET /open-apis/contact/v3/users/:user_id";
inline constexpr std::string_view kFsScopes = "GET /open-apis/contact/v3/scopes";
inline constexpr std::string_view kFsRoleMembers =
    "GET /open-apis/contact/v3/functional_roles/:role_id/members";
inline constexpr std::string_view kFsTenant = "GET /open-apis/tenant/v2/tenant/query";

inline constexpr std::size_t kFsBatch = 50;  // ids in one call of departments/batch and users/batch

/** The path of an endpoint, without its method. */
inline std::string fsPath(std::string_view endpoint) {
    return std::string(endpoint.substr(endpoint.find(' ') + 1));
}

inline std::string fsPath(std::string_view endpoint, std::string_view parameter, std::string_view value) {
    std::string out = fsPath(endpoint);
    std::size_t const at = out.find(parameter);
    out.replace(at, parameter.size(), percentEncode(value));
    return out;
}

/** What logs and limits call a path given as a whole: without what looks like an id in it. */
inline std::string fsEndpoint(std::string_view method, std::string_view path) {
    std::string out(method);
    out += ' ';
    while (!path.empty()) {
        std::size_t const end = std::min(path.find('/', 1), path.size());
        std::string_view const part = path.substr(0, end);
        path.remove_prefix(end);
        bool const version = part.size() == 3 && part[1] == 'v' && part[2] >= '0' && part[2] <= '9';
        bool const id = !version && part.find_first_of("0123456789@%-.") != std::string_view::npos &&
                        part != "/open-apis";
        out += id ? std::string_view("/:id") : part;
    }
    return out;
}

/** The published limits (Feishu: frequency control), per API, application and tenant. */
inline std::vector<RateWindow> fsWindows(std::string_view endpoint) {
    auto const has = [endpoint](std::string_view part) {
        return endpoint.find(part) != std::string_view::npos;
    };
    using std::chrono::minutes;
    using std::chrono::seconds;
    std::vector<RateWindow> out;
    if (has("/contact/v3/job_titles")) {
        out.push_back(RateWindow{10, minutes(1)});
    } else if (has("/contact/v3/functional_roles") || has("/ehr/v1/") || has("/application/v6/")) {
        out.push_back(RateWindow{100, minutes(1)});
    } else {
        out.push_back(RateWindow{50, seconds(1)});
        out.push_back(RateWindow{1000, minutes(1)});
    }
    return out;
}

inline std::optional<std::int64_t> fsInteger(boost::json::value const& v) {
    if (v.is_int64()) return v.get_int64();
    if (v.is_uint64()) {
        std::uint64_t const u = v.get_uint64();
        if (u <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
            return static_cast<std::int64_t>(u);
        return std::nullopt;
    }
    if (v.is_string()) {  // orders are text in one place and numbers in another
        std::string_view const s = v.get_string();
        std::int64_t out = 0;
        auto const [end, ec] = std::from_chars(s.data(), s.data() + s.size(), out);
        if (ec == std::errc() && end == s.data() + s.size()) return out;
    }
    return std::nullopt;
}

inline std::optional<std::int64_t> fsInteger(boost::json::object const& o, std::string_view key) {
    boost::json::value const* const v = o.if_contains(key);
    return v == nullptr ? std::nullopt : fsInteger(*v);
}

/** The text of a key; nothing when it is absent, null or no text. */
inline std::optional<std::string_view> fsText(boost::json::object const& o, std::string_view key) {
    boost::json::value const* const v = o.if_contains(key);
    if (v == nullptr || !v->is_string()) return std::nullopt;
    return std::string_view(v->get_string());
}

inline std::string fsTextOr(boost::json::object const& o, std::string_view key) {
    return std::string(fsText(o, key).value_or(std::string_view()));
}

inline std::optional<bool> fsBool(boost::json::object const& o, std::string_view key) {
    boost::json::value const* const v = o.if_contains(key);
    if (v == nullptr || !v->is_bool()) return std::nullopt;
    return v->get_bool();
}

inline boost::json::object const* fsObject(boost::json::object const& o, std::string_view key) {
    boost::json::value const* const v = o.if_contains(key);
    return v == nullptr ? nullptr : v->if_object();
}

inline boost::json::array const* fsArray(boost::json::object const& o, std::string_view key) {
    boost::json::value const* const v = o.if_contains(key);
    return v == nullptr ? nullptr : v->if_array();
}

inline Cell fsTextCell(boost::json::object const& o, std::string_view key) {
    std::optional<std::string_view> const t = fsText(o, key);
    return t ? Cell::text(*t) : Cell();
}

inline Cell fsIntegerCell(std::optional<std::int64_t> i) { return i ? Cell::integer(*i) : Cell(); }

inline boost::json::value fsParseUnit(std::string_view bytes, boost::json::storage_ptr memory) {
    boost::system::error_code ec;
    boost::json::value v = boost::json::parse(bytes, ec, std::move(memory));
    if (ec) throw Error(Errc::protocol, "a record is not well-formed JSON");
    if (!v.is_object()) throw Error(Errc::protocol, "a record is not an object");
    return v;
}

/** A date in UTC+8 from seconds since 1970; nothing for what is no date (0 stands for "not set"). */
inline std::optional<std::array<char, 10>> fsDate(std::int64_t seconds) {
    // 1900 to 9999: outside, the number counts something else.
    if (seconds == 0 || seconds < -2'208'988'800 || seconds > 253'402'200'000) return std::nullopt;
    auto const day = std::chrono::floor<std::chrono::days>(
        std::chrono::sys_seconds(std::chrono::seconds(seconds)) + std::chrono::hours(8));
    std::chrono::year_month_day const d(day);
    auto const year = static_cast<unsigned>(static_cast<int>(d.year()));
    auto const month = static_cast<unsigned>(d.month());
    auto const dayOfMonth = static_cast<unsigned>(d.day());
    auto const digit = [](unsigned v) { return static_cast<char>('0' + v % 10); };
    return std::array<char, 10>{digit(year / 1000),
                                digit(year / 100),
                                digit(year / 10),
                                digit(year),
                                '-',
                                digit(month / 10),
                                digit(month),
                                '-',
                                digit(dayOfMonth / 10),
                                digit(dayOfMonth)};
}

/** Whether a text of the platform has the form of a permission's name: then it may stand in our messages. */
inline bool fsIsPermission(std::string_view name) {
    return name.size() <= 128 && name.find(':') != std::string_view::npos &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ':' || c == '.' || c == '_' ||
                      c == '-';
           });
}

/** The names in "... is required: [a, b]": some gateways name permissions in the message only. */
inline void fsPermissionsInText(std::string_view message, std::vector<std::string>& out) {
    std::size_t const open = message.find('[');
    std::size_t const close = message.find(']', open == std::string_view::npos ? 0 : open);
    if (open == std::string_view::npos || close == std::string_view::npos) return;
    std::string_view rest = message.substr(open + 1, close - open - 1);
    while (!rest.empty()) {
        std::size_t const end = std::min(rest.find(','), rest.size());
        std::string_view name = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
        while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
        if (fsIsPermission(name)) out.emplace_back(name);
    }
}

}  // namespace detail

CORPS_DECL Verdict classifyFeishu(Response const& response, boost::json::object const* envelope) {
    if (envelope == nullptr) return verdictWithoutEnvelope(response);
    boost::json::object const& o = *envelope;
    std::optional<std::int64_t> const code = detail::fsInteger(o, "code");
    if (!code) return verdictWithoutEnvelope(response);
    int const status = response.status;
    if (*code == 0 && status >= 200 && status < 300) return Verdict();

    Verdict v;
    switch (*code) {
        case 0: v = verdictWithoutEnvelope(response); break;  // says well, with a status that says otherwise
        case 99991403:  // HTTP 429, too, but it lasts until the next month
            v = Verdict(Outcome::failed, Errc::upstream,
                        "the tenant's quota of API calls for this month is used up");
            break;
        case 99991661:
        case 99991663:
        case 99991664:
        case 99991665:
        case 99991668:
        case 99991671:
        case 99991677:
            v = Verdict(Outcome::failed, Errc::authRejected,
                        "the platform refuses the application's token for this call");
            break;
        case 99991662:
        case 99991673:
            v = Verdict(Outcome::failed, Errc::authRejected,
                        "the application is disabled, or not available in this tenant");
            break;
        case 99991401:
            v = Verdict(Outcome::failed, Errc::permissionDenied, "calls from this address are not allowed");
            break;
        case 99991672:
        case 99991679:
            v = Verdict(Outcome::failed, Errc::permissionDenied, "the application lacks a permission");
            break;
        case 40004:
        case 40014:
        case 41050:
        case 1184001:
            v = Verdict(Outcome::failed, Errc::permissionDenied, "outside what the application may see");
            break;
        case 40008:
        case 40015:
        case 41012:
        case 41202:
        case 41203:
        case 1184000:
        case 99992351:
        case 99992357:
        case 99992358:
        case 99992359:
        case 99992360:
        case 99992363:
        case 99992379:
        case 99992380:
            v = Verdict(Outcome::failed, Errc::notFound, "the platform knows nothing under this id");
            break;
        case 43010:
            v = Verdict(Outcome::failed, Errc::upstream, "too many departments to be listed recursively");
            break;
        case 40012:
            v = Verdict(Outcome::failed, Errc::upstream, "the platform does not accept its cursor any more");
            break;
        case 99991400:
            v = Verdict(Outcome::throttled, Errc::rateLimited, "the platform limits the rate of calls");
            break;
        case 1500:
        case 2200:
        case 5000:
        case 40003:
        case 45500:
            v = Verdict(Outcome::transient, Errc::transport, "the platform cannot answer at the moment");
            break;
        default:
            if (status == 429) {
                v = Verdict(Outcome::throttled, Errc::rateLimited, "the platform limits the rate of calls");
            } else if (status >= 500) {
                v = Verdict(Outcome::transient, Errc::transport, "the platform cannot answer at the moment");
            } else {
                v = Verdict(Outcome::failed, Errc::upstream, "the platform refuses the call");
            }
            break;
    }
    if (v.outcome == Outcome::throttled) v.wait = parseSeconds(response.header("x-ogw-ratelimit-reset"));
    v.upstreamCode = code;
    v.httpStatus = status;
    v.upstreamMessage = detail::fsTextOr(o, "msg");
    boost::json::object const* const error = detail::fsObject(o, "error");
    for (std::string_view const header : {std::string_view("X-Tt-Logid"), std::string_view("X-Request-Id")}) {
        if (v.requestId.empty()) v.requestId = std::string(response.header(header));
    }
    if (error != nullptr) {
        for (std::string_view const key : {std::string_view("log_id"), std::string_view("logid")}) {
            if (v.requestId.empty()) v.requestId = detail::fsTextOr(*error, key);
        }
        if (boost::json::array const* const violations = detail::fsArray(*error, "permission_violations")) {
            for (boost::json::value const& violation : *violations) {
                if (!violation.is_object()) continue;
                std::string subject = detail::fsTextOr(violation.get_object(), "subject");
                if (detail::fsIsPermission(subject)) v.missingPermissions.push_back(std::move(subject));
            }
        }
    }
    if (v.missingPermissions.empty() && *code == 99991672)
        detail::fsPermissionsInText(v.upstreamMessage, v.missingPermissions);
    if (!v.missingPermissions.empty()) {
        v.message += v.missingPermissions.size() == 1 ? ": " : ": one of ";
        for (std::size_t i = 0; i < v.missingPermissions.size(); ++i)
            v.message += (i == 0 ? "" : ", ") + v.missingPermissions[i];
    }
    return v;
}

// One pull. Lives on a strand: its coroutines interleave and never run at once.
class FSInnerClient::Api::Pull {
public:
    Pull(Api& api, PageSink& sink, PullOptions options, asio::any_io_executor strand)
        : api_(api),
          sink_(sink),
          callsBefore_(api.caller_->calls()),
          group_(std::move(strand), options.concurrency) {
        proof_.rootDeptId = detail::kFsRoot;
    }

    asio::awaitable<PullProof> run() {
        group_.add([this] { return departments(); });
        group_.add([this] { return tenant(); });
        group_.add([this] { return roles(); });
        co_await group_.join();
        sink_.finish(tree_, treeIncomplete_ ? ListingState::incomplete : ListingState::complete,
                     std::nullopt);
        if (proof_.fullScope) {
            // Nobody is granted one by one any more: whoever was is a member of a department now, or gone.
            Listing const visible{ListingKind::visibleMembers, std::string()};
            sink_.finish(visible, ListingState::complete, std::nullopt);
        }
        proof_.calls = api_.caller_->calls() - callsBefore_;
        proof_.missingPermissions.assign(missing_.begin(), missing_.end());
        co_return std::move(proof_);
    }

private:
    // What a call came to when its failure does not end the pull.
    class Reply {
    public:
        Reply() = default;
        Answer answer;
        std::optional<Error> error;

        [[nodiscard]] std::int64_t code() const noexcept {
            return error ? error->diagnostics().upstreamCode.value_or(0) : 0;
        }
        /** Outside the range of what the application may see. */
        [[nodiscard]] bool outOfRange() const noexcept {
            return code() == 40004 || code() == 40014 || code() == 41050;
        }
        [[nodiscard]] bool lacksPermission() const noexcept { return code() == 99991672; }
    };

    enum class WalkEnd : std::uint8_t { done, tooLarge, outOfRange, failed };
    class Walk {
    public:
        Walk() = default;
        WalkEnd end = WalkEnd::done;
        std::optional<Error> error;  // unless done
        std::size_t page = 0;        // that failed, from 1
    };

    // After these, every further call would fail in the same way.
    static bool endsThePull(Error const& e) {
        if (e.is(Errc::authRejected)) return true;
        std::int64_t const code = e.diagnostics().upstreamCode.value_or(0);
        return code == 99991403 || code == 99991401;
    }

    asio::awaitable<Reply> ask(std::string path, std::string_view endpoint, Query query,
                               PageShape const* shape) {
        Reply out;
        try {
            out.answer = co_await api_.call("GET", std::move(path), std::string(endpoint), std::move(query),
                                            std::string(), shape);
        } catch (CallError const& e) {
            missing_.insert(e.missingPermissions().begin(), e.missingPermissions().end());
            if (endsThePull(e)) throw;
            out.error.emplace(e);
        }
        // Any other Error passes: it comes from below the call (wrong credentials, no token, misuse).
        sink_.called(api_.caller_->calls() - callsBefore_);
        co_return out;
    }

    void fault(Listing const& listing, std::string place, Error const& e) {
        PullFault f;
        f.listing = listing;
        f.place = std::move(place);
        f.code = e.code();
        f.message = e.message();
        f.upstreamCode = e.diagnostics().upstreamCode;
        f.requestId = e.diagnostics().requestId;
        proof_.faults.push_back(std::move(f));
    }

    void treeFault(std::string place, Error const& e) {
        treeIncomplete_ = true;
        fault(tree_, std::move(place), e);
    }

    static std::optional<std::string> nextCursor(CursorGuard& guard, Answer const& answer) {
        boost::json::object const* const data = answer.data();
        if (data == nullptr) return guard.next(false, {});
        return guard.next(detail::fsBool(*data, "has_more").value_or(false),
                          detail::fsText(*data, "page_token").value_or(std::string_view()));
    }

    // Departments
    // ---------------------------------------------------------------------------------------------------

    asio::awaitable<void> departments() {
        proof_.fullScope = true;
        Walk const top = co_await walk(std::string(detail::kFsRoot), true);
        switch (top.end) {
            case WalkEnd::done: break;
            case WalkEnd::tooLarge: co_await level(std::string(detail::kFsRoot)); break;
            case WalkEnd::outOfRange: co_await partial(); break;
            case WalkEnd::failed:
                if (top.page == 1) throw *top.error;
                treeFault("departments, page " + std::to_string(top.page), *top.error);
                break;
        }
    }

    // Hands over the departments below one, page by page.
    asio::awaitable<Walk> walk(std::string parent, bool recursive) {
        Walk out;
        CursorGuard guard;
        std::optional<std::string> cursor = std::string();
        while (cursor) {
            Query q = api_.idTypes();
            q.add("fetch_child", recursive ? "true" : "false").add("page_size", "50");
            if (!cursor->empty()) q.add("page_token", *cursor);
            Reply r = co_await ask(detail::fsPath(detail::kFsChildren, ":department_id", parent),
                                   detail::kFsChildren, std::move(q), &api_.deptShape());
            out.page = guard.pages() + 1;
            if (r.error) {
                out.end = WalkEnd::failed;
                if (out.page == 1 && recursive && r.code() == 43010) out.end = WalkEnd::tooLarge;
                if (out.page == 1 && r.outOfRange()) out.end = WalkEnd::outOfRange;
                out.error = std::move(r.error);
                co_return out;
            }
            if (out.page == 1 && parent == detail::kFsRoot) addMembers(parent, std::nullopt);
            deliver(r.answer.units, !recursive);
            try {
                cursor = nextCursor(guard, r.answer);
            } catch (Error const& e) {
                out.end = WalkEnd::failed;
                out.error.emplace(e);
                co_return out;
            }
        }
        co_return out;
    }

    // The next level only; each department found walks its own.
    asio::awaitable<void> level(std::string parent) {
        Walk const below = co_await walk(parent, false);
        if (below.end == WalkEnd::done) co_return;
        if (parent == detail::kFsRoot && below.page == 1) throw *below.error;
        treeFault("departments below " + parent + ", page " + std::to_string(below.page), *below.error);
    }

    asio::awaitable<void> below(std::string parent) {
        Walk const w = co_await walk(parent, true);
        if (w.end == WalkEnd::done) co_return;
        if (w.end == WalkEnd::tooLarge) {
            co_await level(std::move(parent));
            co_return;
        }
        treeFault("departments below " + parent + ", page " + std::to_string(w.page), *w.error);
    }

    // Passes on departments; the listings of those not seen before begin. Returns their ids.
    std::vector<std::string> deliver(std::vector<std::string_view> const& units, bool descend) {
        std::vector<std::string> ids;
        if (units.empty()) return ids;
        sink_.page(api_.deptShape(), tree_, units);
        for (std::string_view const unit : units) {
            boost::json::value const parsed = detail::fsParseUnit(unit, {});
            boost::json::object const& dept = parsed.get_object();
            std::string id = detail::fsTextOr(dept, api_.deptIdKey());
            if (id.empty())
                throw Error(Errc::protocol, api_.customDeptIds_
                                                ? "a department has no department_id: the application lacks "
                                                  "contact:department.base:readonly"
                                                : "a department has no open_department_id");
            ids.push_back(id);
            if (std::exchange(deptChecked_, true) == false) {
                if (!dept.contains("parent_department_id"))
                    missing_.emplace("contact:department.organize:readonly");
                if (!dept.contains("name")) missing_.emplace("contact:department.base:readonly");
            }
            boost::json::object const* const status = detail::fsObject(dept, "status");
            if (status != nullptr && detail::fsBool(*status, "is_deleted").value_or(false)) continue;
            if (!seen_.insert(id).second) continue;
            addMembers(id, detail::fsInteger(dept, "member_count"));
            if (descend) group_.add([this, id] { return level(id); });
        }
        return ids;
    }

    // Members
    // -------------------------------------------------------------------------------------------------------

    void addMembers(std::string const& dept, std::optional<std::int64_t> memberCount) {
        group_.add([this, dept, memberCount] { return members(dept, memberCount); });
    }

    asio::awaitable<void> members(std::string dept, std::optional<std::int64_t> memberCount) {
        Listing const listing{ListingKind::deptMembers, dept};
        CursorGuard guard;
        std::optional<std::string> cursor = std::string();
        std::size_t found = 0;
        while (cursor) {
            std::size_t const page = guard.pages() + 1;
            Query q = api_.idTypes();
            q.add("department_id", dept).add("page_size", "50");
            if (!cursor->empty()) q.add("page_token", *cursor);
            Reply r = co_await ask(detail::fsPath(detail::kFsUsersOf), detail::kFsUsersOf, std::move(q),
                                   &api_.userShape());
            std::optional<Error> failure = std::move(r.error);
            if (failure) {
                if (r.lacksPermission()) throw *failure;  // no list of members at all can be read
                // An empty list of departments instead of a refusal also means that the range is not
                // everybody.
                bool const outside =
                    failure->is(Errc::permissionDenied) && dept == detail::kFsRoot && seen_.empty();
                if (outside && !std::exchange(wentPartial_, true)) {
                    co_await partial();
                    co_return;
                }
            } else {
                found += r.answer.units.size();
                if (!r.answer.units.empty()) {
                    sink_.page(api_.userShape(), listing, r.answer.units);
                    checkUsers(r.answer.units);
                }
                try {
                    cursor = nextCursor(guard, r.answer);
                } catch (Error const& e) {
                    failure.emplace(e);
                }
            }
            if (failure) {
                fault(listing, "members of department " + dept + ", page " + std::to_string(page), *failure);
                sink_.finish(listing, ListingState::incomplete, std::nullopt);
                co_return;
            }
        }
        // member_count counts descendants, and whom exactly is not documented: it says something about this
        // very list only when it is 0 and the list agrees.
        std::optional<std::int64_t> count;
        if (memberCount == 0 && found == 0) count = 0;
        sink_.finish(listing, ListingState::complete, count);
    }

    // Fields that are withheld are absent without an error: what no user of a page has is taken for withheld.
    void checkUsers(std::vector<std::string_view> const& units) {
        if (std::exchange(usersChecked_, true)) return;
        struct Field {
            std::string_view key;
            std::string_view permission;
        };
        static constexpr Field kFields[] = {
            {"name", "contact:user.base:readonly"},
            {"department_ids", "contact:user.department:readonly"},
            {"status", "contact:user.employee:readonly"},
            {"email", "contact:user.email:readonly"},
            {"mobile", "contact:user.phone:readonly"},
        };
        std::array<bool, std::size(kFields)> there{};
        for (std::string_view const unit : units) {
            boost::json::value const parsed = detail::fsParseUnit(unit, {});
            for (std::size_t i = 0; i < std::size(kFields); ++i)
                there[i] = there[i] || parsed.get_object().contains(kFields[i].key);
        }
        for (std::size_t i = 0; i < std::size(kFields); ++i) {
            if (!there[i]) missing_.emplace(kFields[i].permission);
        }
    }

    // A part of the organisation
    // --------------------------------------------------------------------------------------

    asio::awaitable<void> partial() {
        wentPartial_ = true;
        proof_.fullScope = false;
        std::vector<std::string> depts;
        std::vector<std::string> users;
        std::size_t groups = 0;
        std::set<std::string, std::less<>> known;
        CursorGuard guard;
        std::optional<std::string> cursor = std::string();
        while (cursor) {
            Query q = api_.idTypes();
            q.add("page_size", "100");
            if (!cursor->empty()) q.add("page_token", *cursor);
            Reply r =
                co_await ask(detail::fsPath(detail::kFsScopes), detail::kFsScopes, std::move(q), nullptr);
            if (r.error) throw *r.error;
            if (boost::json::object const* const data = r.answer.data()) {
                collect(*data, "department_ids", known, depts);
                collect(*data, "user_ids", known, users);
                if (boost::json::array const* const g = detail::fsArray(*data, "group_ids"))
                    groups += g->size();
            }
            cursor = nextCursor(guard, r.answer);
        }
        proof_.visibleRoots = depts;
        group_.add([this, users, groups] { return visibleMembers(users, groups); });
        for (std::size_t from = 0; from < depts.size(); from += detail::kFsBatch) {
            std::size_t const to = std::min(from + detail::kFsBatch, depts.size());
            Query q = api_.idTypes();
            for (std::size_t i = from; i < to; ++i) q.add("department_ids", depts[i]);
            Reply r = co_await ask(detail::fsPath(detail::kFsDepartmentBatch), detail::kFsDepartmentBatch,
                                   std::move(q), &api_.deptShape());
            if (r.error) {
                treeFault("visible departments " + std::to_string(from + 1) + " to " + std::to_string(to),
                          *r.error);
                continue;
            }
            std::vector<std::string> ids = deliver(r.answer.units, false);
            for (std::string const& id : ids) {
                group_.add([this, id] { return below(id); });
            }
            std::sort(ids.begin(), ids.end());
            for (std::size_t i = from; i < to; ++i) {
                if (std::binary_search(ids.begin(), ids.end(), depts[i])) continue;
                treeFault("visible department " + depts[i],
                          Error(Errc::protocol, "in the application's range, but not shown"));
            }
        }
    }

    static void collect(boost::json::object const& data, std::string_view key,
                        std::set<std::string, std::less<>>& known, std::vector<std::string>& out) {
        boost::json::array const* const list = detail::fsArray(data, key);
        if (list == nullptr) return;
        for (boost::json::value const& v : *list) {
            if (!v.is_string() || v.get_string().empty()) continue;
            std::string id(v.get_string());
            if (known.insert(std::string(key) + ' ' + id).second) out.push_back(std::move(id));
        }
    }

    asio::awaitable<void> visibleMembers(std::vector<std::string> users, std::size_t groups) {
        Listing const listing{ListingKind::visibleMembers, std::string()};
        ListingState state = ListingState::complete;
        if (groups != 0) {
            fault(listing, std::to_string(groups) + " user groups in the application's range",
                  Error(Errc::unsupported, "people who are visible through a user group only are not read"));
        }
        for (std::size_t from = 0; from < users.size(); from += detail::kFsBatch) {
            std::size_t const to = std::min(from + detail::kFsBatch, users.size());
            Query q = api_.idTypes();
            for (std::size_t i = from; i < to; ++i) q.add("user_ids", users[i]);
            Reply r = co_await ask(detail::fsPath(detail::kFsUserBatch), detail::kFsUserBatch, std::move(q),
                                   &api_.userShape());
            std::string const place =
                "visible people " + std::to_string(from + 1) + " to " + std::to_string(to);
            if (r.error) {
                if (r.lacksPermission()) throw *r.error;
                fault(listing, place, *r.error);
                state = ListingState::incomplete;
                continue;
            }
            if (!r.answer.units.empty()) {
                sink_.page(api_.userShape(), listing, r.answer.units);
                checkUsers(r.answer.units);
            }
            std::set<std::string, std::less<>> shown;
            for (std::string_view const unit : r.answer.units) {
                std::optional<std::string> id = keyOf(unit, api_.userShape().keyPath);
                if (id) shown.insert(std::move(*id));
            }
            std::size_t missing = 0;
            for (std::size_t i = from; i < to; ++i) missing += shown.contains(users[i]) ? 0U : 1U;
            if (missing != 0) {
                fault(listing, place,
                      Error(Errc::protocol, std::to_string(missing) +
                                                " of them are in the application's range, but not shown"));
                state = ListingState::incomplete;
            }
        }
        sink_.finish(listing, state, std::nullopt);
    }

    // Tenant and roles
    // ------------------------------------------------------------------------------------------------

    asio::awaitable<void> tenant() {
        Reply r = co_await ask(detail::fsPath(detail::kFsTenant), detail::kFsTenant, Query(), nullptr);
        if (r.error) {
            if (r.code() == 1184001) missing_.emplace("tenant:tenant:readonly");
            api_.caller_->context().log(
                LogLevel::warning,
                api_.caller_->corp() + ": the name of the tenant cannot be read: " + r.error->message());
        } else if (boost::json::object const* const data = r.answer.data()) {
            if (boost::json::object const* const t = detail::fsObject(*data, "tenant")) {
                proof_.corpName = detail::fsTextOr(*t, "name");
                proof_.upstreamCorpId = detail::fsTextOr(*t, "tenant_key");
            }
        }
        std::array<Cell, 4> const root = {Cell::text(detail::kFsRoot), Cell::text(""),
                                          proof_.corpName.empty() ? Cell() : Cell::text(proof_.corpName),
                                          Cell::integer(0)};
        sink_.row(UpstreamTable::dept, root);
    }

    // One after the other: a limit of 100 a minute leaves nothing to win, and the departments need the
    // connections.
    asio::awaitable<void> roles() {
        for (Role const& role : api_.roles_) {
            std::array<Cell, 3> const cells = {Cell::text(role.id), Cell::text(""),
                                               role.named ? Cell::text(role.name) : Cell()};
            sink_.row(UpstreamTable::role, cells);
        }
        Listing const configured{ListingKind::roles, std::string()};
        sink_.finish(configured, ListingState::complete, static_cast<std::int64_t>(api_.roles_.size()));
        std::optional<Error> denied;
        for (Role const& role : api_.roles_) {
            Listing const listing{ListingKind::roleMembers, role.id};
            CursorGuard guard;
            std::optional<std::string> cursor = std::string();
            std::optional<Error> failure = denied;
            while (cursor && !failure) {
                Query q = api_.idTypes();
                q.add("page_size", "100");
                if (!cursor->empty()) q.add("page_token", *cursor);
                Reply r = co_await ask(detail::fsPath(detail::kFsRoleMembers, ":role_id", role.id),
                                       detail::kFsRoleMembers, std::move(q), &detail::kFsRoleMemberShape);
                if (r.error) {
                    failure = r.error;
                    if (r.lacksPermission()) denied = r.error;
                    break;
                }
                if (!r.answer.units.empty()) sink_.page(detail::kFsRoleMemberShape, listing, r.answer.units);
                try {
                    cursor = nextCursor(guard, r.answer);
                } catch (Error const& e) {
                    failure.emplace(e);
                }
            }
            if (failure) fault(listing, "members of role " + role.id, *failure);
            sink_.finish(listing, failure ? ListingState::incomplete : ListingState::complete, std::nullopt);
        }
    }

    Api& api_;
    PageSink& sink_;
    std::uint64_t callsBefore_;
    TaskGroup group_;
    PullProof proof_;
    Listing const tree_{ListingKind::departments, std::string()};
    std::unordered_set<std::string> seen_;
    std::set<std::string, std::less<>> missing_;
    bool treeIncomplete_ = false;
    bool wentPartial_ = false;
    bool deptChecked_ = false;
    bool usersChecked_ = false;
};

CORPS_DECL std::string FSInnerClient::appId(boost::json::object const& settings) {
    return detail::fsTextOr(settings, "appId");
}

CORPS_DECL std::string FSInnerClient::idTypes(boost::json::object const& settings) {
    detail::BusinessKeys const read(settings, "");
    return read.text("userIdType", "open_id") + "/" + read.text("departmentIdType", "open_department_id");
}

CORPS_DECL FSInnerClient::Api::Api(Channel& channel, ClientEnvironment environment) {
    detail::BusinessKeys const read(environment.config, environment.corp);
    baseUrl_ = read.baseUrl("baseUrl", "https://open.feishu.cn");
    appId_ = detail::fsTextOr(environment.config, "appId");
    if (boost::json::object const* const credentials = detail::fsObject(environment.config, "authConfig");
        credentials != nullptr && appId_.empty()) {
        appId_ = detail::fsTextOr(*credentials, "appId");
    }
    std::string const userId = read.text("userIdType", "open_id");
    if (userId == "user_id") {
        userIdType_ = IdType::userId;
    } else if (userId == "union_id") {
        userIdType_ = IdType::unionId;
    } else if (userId != "open_id") {
        read.refuse("userIdType", "\"open_id\", \"user_id\" or \"union_id\"");
    }
    std::string const deptId = read.text("departmentIdType", "open_department_id");
    customDeptIds_ = deptId == "department_id";
    if (!customDeptIds_ && deptId != "open_department_id")
        read.refuse("departmentIdType", "\"open_department_id\" or \"department_id\"");
    if (boost::json::value const* const list = environment.config.if_contains("roles")) {
        if (!list->is_array()) read.refuse("roles", "a list of {\"roleId\", \"name\"}");
        for (boost::json::value const& v : list->get_array()) {
            if (!v.is_object()) read.refuse("roles", "a list of {\"roleId\", \"name\"}");
            Role role;
            role.id = detail::fsTextOr(v.get_object(), "roleId");
            if (role.id.empty()) read.refuse("roles", "a \"roleId\" with text in each role");
            if (boost::json::value const* const name = v.get_object().if_contains("name")) {
                if (!name->is_string()) read.refuse("roles", "text as the \"name\" of a role");
                role.name = std::string(name->get_string());
                role.named = true;
            }
            for (Role const& other : roles_) {
                if (other.id == role.id) read.refuse("roles", "each \"roleId\" once");
            }
            roles_.push_back(std::move(role));
        }
    }
    caller_ = std::make_unique<Caller>(channel, std::move(environment.context), std::move(environment.corp),
                                       &classifyFeishu);
}

CORPS_DECL std::span<PageShape const> FSInnerClient::Api::shapes() { return detail::kFsShapes; }

CORPS_DECL PageShape const& FSInnerClient::Api::deptShape() const {
    return detail::kFsShapes[customDeptIds_ ? 1 : 0];
}

CORPS_DECL PageShape const& FSInnerClient::Api::userShape() const {
    return detail::kFsShapes[2 + static_cast<std::size_t>(userIdType_)];
}

CORPS_DECL std::string_view FSInnerClient::Api::userIdKey() const { return userShape().keyPath[0]; }

CORPS_DECL std::string_view FSInnerClient::Api::deptIdKey() const { return deptShape().keyPath[0]; }

CORPS_DECL Query FSInnerClient::Api::idTypes() const {
    Query q;
    q.add("user_id_type", userIdKey()).add("department_id_type", deptIdKey());
    return q;
}

CORPS_DECL std::string FSInnerClient::Api::identity() const {
    boost::json::array roles;
    for (Role const& r : roles_) {
        boost::json::array one;
        one.emplace_back(r.id);
        if (r.named) one.emplace_back(r.name);
        roles.emplace_back(std::move(one));
    }
    boost::json::array versions;
    for (PageShape const& s : shapes()) versions.emplace_back(s.version);
    boost::json::array all;
    all.emplace_back("feishu");
    all.emplace_back(std::move(versions));
    all.emplace_back(baseUrl_);
    all.emplace_back(appId_);
    all.emplace_back(userIdKey());
    all.emplace_back(deptIdKey());
    all.emplace_back(std::move(roles));
    return boost::json::serialize(all);
}

CORPS_DECL asio::awaitable<Answer> FSInnerClient::Api::call(std::string method, std::string path,
                                                            std::string endpoint, Query query,
                                                            std::string body, PageShape const* shape) {
    RateLimiter& limiter = caller_->context().limiters().get(
        "feishu " + baseUrl_ + " " + appId_ + " " + endpoint, detail::fsWindows(endpoint));
    Request q(std::move(method), baseUrl_ + path + query.text(), std::move(endpoint));
    if (!body.empty()) q.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
    q.body = std::move(body);
    return caller_->call(std::move(q), limiter, shape);
}

CORPS_DECL asio::awaitable<PullProof> FSInnerClient::Api::pull(PageSink& sink, PullOptions options) {
    asio::any_io_executor const executor = co_await asio::this_coro::executor;
    asio::any_io_executor const strand = asio::make_strand(executor);
    Pull pull(*this, sink, options, strand);
    PullProof proof = co_await asio::co_spawn(strand, pull.run(), asio::use_awaitable);
    co_return proof;
}

CORPS_DECL asio::awaitable<Absence> FSInnerClient::Api::explain(std::string memberId) {
    std::int64_t code = 0;
    try {
        Answer const a = co_await call("GET", detail::fsPath(detail::kFsUser, ":user_id", memberId),
                                       std::string(detail::kFsUser), idTypes(), std::string(), nullptr);
        boost::json::object const* const data = a.data();
        boost::json::object const* const user = data == nullptr ? nullptr : detail::fsObject(*data, "user");
        boost::json::object const* const status =
            user == nullptr ? nullptr : detail::fsObject(*user, "status");
        bool const resigned = status != nullptr && detail::fsBool(*status, "is_resigned").value_or(false);
        // Readable and not resigned: shown by something that the pull does not list.
        co_return resigned ? Absence::left : Absence::unknown;
    } catch (CallError const& e) {
        if (e.is(Errc::authRejected)) throw;
        code = e.diagnostics().upstreamCode.value_or(0);
    }
    switch (code) {
        case 41050:
        case 40004: co_return Absence::outOfScope;
        case 99992351:  // does not exist (any more), by kind of id
        case 99992359:
        case 99992360:
        case 99992363: co_return Absence::left;
        default: co_return Absence::unknown;
    }
}

CORPS_DECL asio::awaitable<std::vector<Absence>> FSInnerClient::Api::explainAbsence(
    std::vector<std::string> memberIds) {
    asio::any_io_executor const executor = co_await asio::this_coro::executor;
    asio::any_io_executor const strand = asio::make_strand(executor);
    std::vector<Absence> out(memberIds.size(), Absence::unknown);
    struct Work {
        static asio::awaitable<void> one(Api* api, std::string id, Absence* result) {
            *result = co_await api->explain(std::move(id));
        }
        static asio::awaitable<void> all(Api* api, asio::any_io_executor strand,
                                         std::vector<std::string> const* ids, std::vector<Absence>* results) {
            TaskGroup group(strand, PullOptions().concurrency);
            for (std::size_t i = 0; i < ids->size(); ++i) {
                Absence* const result = &(*results)[i];
                std::string const& id = (*ids)[i];
                group.add([api, id, result] { return one(api, id, result); });
            }
            co_await group.join();
        }
    };
    co_await asio::co_spawn(strand, Work::all(this, strand, &memberIds, &out), asio::use_awaitable);
    co_return out;
}

// Decoding
// ------------------------------------------------------------------------------------------------------------

CORPS_DECL void FSInnerClient::Api::decode(Unit const& unit, RowSink& rows) const {
    std::array<unsigned char, 16 * 1024> buffer;  // left as it is: only what is written is read
    boost::json::monotonic_resource memory(buffer.data(), buffer.size());
    boost::json::value const parsed = detail::fsParseUnit(unit.bytes, &memory);
    boost::json::object const& o = parsed.get_object();
    switch (unit.listing->kind) {
        case ListingKind::departments: decodeDept(o, rows); break;
        case ListingKind::deptMembers:
        case ListingKind::visibleMembers: decodeUser(o, *unit.listing, rows); break;
        case ListingKind::roleMembers: {
            std::optional<std::string_view> const id = detail::fsText(o, "user_id");
            if (!id || id->empty()) throw Error(Errc::protocol, "a member of a role has no user_id");
            std::array<Cell, 2> const cells = {Cell::text(unit.listing->id), Cell::text(*id)};
            rows.row(UpstreamTable::roleMember, cells);
            break;
        }
        case ListingKind::roles:
        case ListingKind::admins: throw Error(Errc::invalidArgument, "Feishu has no such list");
    }
}

CORPS_DECL void FSInnerClient::Api::decodeDept(boost::json::object const& dept, RowSink& rows) const {
    std::optional<std::string_view> const id = detail::fsText(dept, deptIdKey());
    if (!id || id->empty()) {
        throw Error(
            Errc::protocol,
            customDeptIds_
                ? "a department has no department_id: the application lacks contact:department.base:readonly"
                : "a department has no open_department_id");
    }
    boost::json::object const* const status = detail::fsObject(dept, "status");
    if (status != nullptr && detail::fsBool(*status, "is_deleted").value_or(false)) return;
    std::array<Cell, 4> const cells = {Cell::text(*id), detail::fsTextCell(dept, "parent_department_id"),
                                       detail::fsTextCell(dept, "name"),
                                       detail::fsIntegerCell(detail::fsInteger(dept, "order"))};
    rows.row(UpstreamTable::dept, cells);

    std::vector<std::string_view> leaders;
    auto const add = [&leaders](std::string_view leader, bool front) {
        if (leader.empty() || std::find(leaders.begin(), leaders.end(), leader) != leaders.end()) return;
        leaders.insert(front ? leaders.begin() : leaders.end(), leader);
    };
    bool hasHead = false;
    if (boost::json::array const* const list = detail::fsArray(dept, "leaders")) {
        for (bool const heads : {true, false}) {
            for (boost::json::value const& v : *list) {
                if (!v.is_object()) continue;
                if ((detail::fsInteger(v.get_object(), "leaderType") == 1) != heads) continue;
                add(detail::fsText(v.get_object(), "leaderID").value_or(std::string_view()), false);
                hasHead = hasHead || (heads && !leaders.empty());
            }
        }
    }
    if (!hasHead) {
        std::string_view const head = detail::fsText(dept, "leader_user_id").value_or(std::string_view());
        auto const deputy = std::find(leaders.begin(), leaders.end(), head);
        if (deputy != leaders.end()) leaders.erase(deputy);
        add(head, true);
    }
    for (std::size_t rank = 0; rank < leaders.size(); ++rank) {
        std::array<Cell, 4> const leader = {
            Cell::text(*id), Cell::text(leaders[rank]),
            Cell::integer(static_cast<std::int64_t>(LeaderSource::departmentList)),
            Cell::integer(static_cast<std::int64_t>(rank))};
        rows.row(UpstreamTable::deptLeader, leader);
    }
}

CORPS_DECL void FSInnerClient::Api::decodeUser(boost::json::object const& user, Listing const& listing,
                                               RowSink& rows) const {
    std::optional<std::string_view> const id = detail::fsText(user, userIdKey());
    if (!id || id->empty()) {
        std::string message = "a user has no " + std::string(userIdKey());
        if (userIdType_ == IdType::userId)
            message += ": the application lacks contact:user.employee_id:readonly";
        throw Error(Errc::protocol, std::move(message));
    }

    // Status. Who has resigned is not a member any more, whatever list shows the record.
    Cell upstreamStatus;
    bool const frozenHere = detail::fsBool(user, "is_frozen").value_or(false);
    boost::json::object const* const status = detail::fsObject(user, "status");
    if (status != nullptr || user.contains("is_frozen")) {
        auto const flag = [status](std::string_view key, bool absent) {
            return status == nullptr ? absent : detail::fsBool(*status, key).value_or(absent);
        };
        if (flag("is_resigned", false)) return;
        std::string_view text;
        if (frozenHere || flag("is_frozen", false)) {
            text = "frozen";
        } else if (flag("is_exited", false)) {
            text = "exited";
        } else if (flag("is_unjoin", false)) {
            text = "unjoined";
        } else if (!flag("is_activated", true)) {
            text = "unactivated";
        }
        upstreamStatus = Cell::text(text);
    }

    Cell phone;
    Phone parsedPhone;
    if (std::optional<std::string_view> const mobile = detail::fsText(user, "mobile")) {
        parsedPhone = parsePhone(*mobile);
        phone = Cell::text(parsedPhone.text);
    }
    Cell photo;
    if (boost::json::object const* const avatar = detail::fsObject(user, "avatar"))
        photo = detail::fsTextCell(*avatar, "avatar_240");
    Cell gender;
    if (std::optional<std::int64_t> const g = detail::fsInteger(user, "gender"))
        gender = Cell::integer(*g >= 0 && *g <= 3 ? *g : 0);
    Cell hiredDate;
    std::optional<std::array<char, 10>> date;
    if (std::optional<std::int64_t> const joined = detail::fsInteger(user, "join_time"))
        date = detail::fsDate(*joined);
    if (date) hiredDate = Cell::text(std::string_view(date->data(), date->size()));

    std::array<Cell, std::size(kMemberColumns)> const cells = {
        Cell::text(*id),
        detail::fsTextCell(user, "name"),
        phone,
        detail::fsTextCell(user, "email"),
        photo,
        gender,
        detail::fsTextCell(user, "employee_no"),
        detail::fsTextCell(user, "job_title"),
        Cell::integer(1),
        upstreamStatus,
        hiredDate,
        Cell::text(*id),
        detail::fsTextCell(user, "open_id"),
        detail::fsTextCell(user, "union_id"),
    };
    rows.row(UpstreamTable::member, cells);

    if (listing.kind == ListingKind::deptMembers) {
        // The list that showed the user proves the membership; department_ids may name departments out of
        // sight, and for the root both ["0"] and [] have been seen.
        Cell order;
        Cell primary;
        boost::json::array const* const orders = detail::fsArray(user, "orders");
        bool found = false;
        std::optional<std::int64_t> largest;
        std::optional<std::int64_t> own;
        if (orders != nullptr) {
            for (boost::json::value const& v : *orders) {
                if (!v.is_object()) continue;
                boost::json::object const& entry = v.get_object();
                std::optional<std::int64_t> const among = detail::fsInteger(entry, "department_order");
                if (among && (!largest || *among > *largest)) largest = among;
                if (detail::fsText(entry, "department_id") != std::string_view(listing.id)) continue;
                found = true;
                own = among;
                if (std::optional<std::int64_t> const o = detail::fsInteger(entry, "user_order")) {
                    // Larger comes first there, smaller here. The smallest number has no negative.
                    order = Cell::integer(*o == std::numeric_limits<std::int64_t>::min()
                                              ? std::numeric_limits<std::int64_t>::max()
                                              : -*o);
                }
                if (std::optional<bool> const p = detail::fsBool(entry, "is_primary_dept"))
                    primary = Cell::integer(*p ? 1 : 0);
            }
            if (found && primary.isNull() && own && largest)
                primary = Cell::integer(*own == *largest ? 1 : 0);
        }
        if (!found) {
            boost::json::array const* const departments = detail::fsArray(user, "department_ids");
            bool const onlyThis = departments != nullptr && departments->size() <= 1;
            if (onlyThis) {
                primary = Cell::integer(1);
            } else if (orders != nullptr && !orders->empty()) {
                primary = Cell::integer(0);
            }
        }
        std::array<Cell, 4> const membership = {Cell::text(listing.id), Cell::text(*id), order, primary};
        rows.row(UpstreamTable::deptMember, membership);
    }

    // Not granted and not an administrator are different things: only the second takes a right away.
    if (std::optional<bool> const manager = detail::fsBool(user, "is_tenant_manager")) {
        std::array<Cell, 2> const admin = {Cell::text(*id), Cell::integer(*manager ? 1 : 0)};
        rows.row(UpstreamTable::admin, admin);
    }
}

// Typed calls
// ---------------------------------------------------------------------------------------------------------

CORPS_DECL asio::awaitable<boost::json::object> FSInnerClient::Api::get(std::string path, Query query) {
    std::string endpoint = detail::fsEndpoint("GET", path);
    Answer a =
        co_await call("GET", std::move(path), std::move(endpoint), std::move(query), std::string(), nullptr);
    co_return std::move(a.envelope);
}

CORPS_DECL asio::awaitable<boost::json::object> FSInnerClient::Api::post(std::string path,
                                                                         boost::json::object body,
                                                                         Query query) {
    std::string endpoint = detail::fsEndpoint("POST", path);
    Answer a = co_await call("POST", std::move(path), std::move(endpoint), std::move(query),
                             boost::json::serialize(body), nullptr);
    co_return std::move(a.envelope);
}

CORPS_DECL asio::awaitable<std::vector<boost::json::object>> FSInnerClient::Api::all(std::string path,
                                                                                     std::string endpoint,
                                                                                     Query query) {
    std::vector<boost::json::object> out;
    CursorGuard guard;
    std::optional<std::string> cursor = std::string();
    while (cursor) {
        Query q = query;
        if (!cursor->empty()) q.add("page_token", *cursor);
        Answer const a = co_await call("GET", path, endpoint, std::move(q), std::string(), nullptr);
        cursor.reset();
        if (boost::json::object const* const data = a.data()) {
            if (boost::json::array const* const items = detail::fsArray(*data, "items")) {
                for (boost::json::value const& v : *items) {
                    if (v.is_object()) out.push_back(v.get_object());
                }
            }
            cursor = guard.next(detail::fsBool(*data, "has_more").value_or(false),
                                detail::fsText(*data, "page_token").value_or(std::string_view()));
        }
    }
    co_return out;
}

CORPS_DECL asio::awaitable<boost::json::object> FSInnerClient::Api::one(std::string path,
                                                                        std::string endpoint,
                                                                        std::string key) {
    Answer const a =
        co_await call("GET", std::move(path), std::move(endpoint), idTypes(), std::string(), nullptr);
    boost::json::object const* const data = a.data();
    boost::json::object const* const found = data == nullptr ? nullptr : detail::fsObject(*data, key);
    if (found == nullptr) throw Error(Errc::protocol, "the answer holds no " + key);
    co_return *found;
}

CORPS_DECL asio::awaitable<std::vector<boost::json::object>> FSDepartments::list(DeptId parent,
                                                                                 bool recursive) {
    Query q = api_->idTypes();
    q.add("fetch_child", recursive ? "true" : "false").add("page_size", "50");
    return api_->all(detail::fsPath(detail::kFsChildren, ":department_id", parent.view()),
                     std::string(detail::kFsChildren), std::move(q));
}

CORPS_DECL asio::awaitable<boost::json::object> FSDepartments::get(DeptId id) {
    return api_->one(detail::fsPath(detail::kFsDepartment, ":department_id", id.view()),
                     std::string(detail::kFsDepartment), "department");
}

CORPS_DECL asio::awaitable<std::vector<boost::json::object>> FSUsers::list(DeptId department) {
    Query q = api_->idTypes();
    q.add("department_id", department.view()).add("page_size", "50");
    return api_->all(detail::fsPath(detail::kFsUsersOf), std::string(detail::kFsUsersOf), std::move(q));
}

CORPS_DECL asio::awaitable<boost::json::object> FSUsers::get(MemberId id) {
    return api_->one(detail::fsPath(detail::kFsUser, ":user_id", id.view()), std::string(detail::kFsUser),
                     "user");
}

}  // namespace corps
