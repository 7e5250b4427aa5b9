// How an organisation is read from Feishu.
#pragma once

#include <corps/client/cutter.hpp>
#include <corps/client/fs_client.hpp>
#include <corps/client/impl/fs_endpoints.hpp>
#include <corps/client/impl/json_fields.hpp>
#include <corps/client/impl/pull_work.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <unordered_set>
#include <utility>

namespace corps {

// One pull; see PullWork.
class FSInnerClient::Api::Pull : detail::PullWork {
public:
    Pull(Api& api, PageSink& sink, PullOptions options, asio::any_io_executor strand)
        : PullWork(*api.caller_, sink, options, std::move(strand), &endsThePull), api_(api) {
        proof_.rootDeptId = detail::kFsRoot;
    }

    asio::awaitable<PullProof> run() {
        group_.add([this] { return departments(); });
        group_.add([this] { return tenant(); });
        group_.add([this] { return roles(); });
        co_await group_.join();
        co_return finished();
    }

private:
    using Reply = detail::PullReply;

    /** Outside the range of what the application may see. */
    static bool outOfRange(Reply const& r) {
        return r.code() == 40004 || r.code() == 40014 || r.code() == 41050;
    }
    static bool lacksPermission(Reply const& r) { return r.code() == 99991672; }

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
        return settle(
            api_.call("GET", std::move(path), std::string(endpoint), std::move(query), std::string(), shape));
    }

    static std::optional<std::string> nextCursor(CursorGuard& guard, Answer const& answer) {
        boost::json::object const* const data = answer.data();
        if (data == nullptr) return guard.next(false, {});
        return guard.next(detail::jsonBool(*data, "has_more").value_or(false),
                          detail::jsonText(*data, "page_token").value_or(std::string_view()));
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
                if (out.page == 1 && outOfRange(r)) out.end = WalkEnd::outOfRange;
                out.error = std::move(r.error);
                co_return out;
            }
            if (out.page == 1 && parent == detail::kFsRoot) addMembers(parent, std::nullopt);
            if (out.page > 1 && r.answer.units.empty()) sink_.page(api_.deptShape(), tree_, r.answer.units);
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
            boost::json::value const parsed = detail::parseUnit(unit, {});
            boost::json::object const& dept = parsed.get_object();
            std::string id = detail::jsonTextOr(dept, api_.deptIdKey());
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
            boost::json::object const* const status = detail::jsonObject(dept, "status");
            if (status != nullptr && detail::jsonBool(*status, "is_deleted").value_or(false)) continue;
            if (!seen_.insert(id).second) continue;
            addMembers(id, detail::jsonInteger(dept, "member_count"));
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
            std::optional<Error> failure = r.error;
            if (failure) {
                if (lacksPermission(r)) throw *failure;  // no list of members at all can be read
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
                // One that was announced and holds nobody is passed on, too.
                if (!r.answer.units.empty() || page > 1)
                    handOver(api_.userShape(), listing, r.answer.units, "department_ids");
                if (!r.answer.units.empty()) checkUsers(r.answer.units);
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
            {"gender", "contact:user.gender:readonly"},
        };
        std::array<bool, std::size(kFields)> there{};
        for (std::string_view const unit : units) {
            boost::json::value const parsed = detail::parseUnit(unit, {});
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
                if (boost::json::array const* const g = detail::jsonArray(*data, "group_ids"))
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
        boost::json::array const* const list = detail::jsonArray(data, key);
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
                if (lacksPermission(r)) throw *r.error;
                fault(listing, place, *r.error);
                state = ListingState::incomplete;
                continue;
            }
            if (!r.answer.units.empty()) {
                handOver(api_.userShape(), listing, r.answer.units, "department_ids");
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
            if (boost::json::object const* const t = detail::jsonObject(*data, "tenant")) {
                proof_.corpName = detail::jsonTextOr(*t, "name");
                proof_.upstreamCorpId = detail::jsonTextOr(*t, "tenant_key");
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
                    if (lacksPermission(r)) denied = r.error;
                    break;
                }
                if (!r.answer.units.empty() || guard.pages() > 0)
                    sink_.page(detail::kFsRoleMemberShape, listing, r.answer.units);
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
    std::unordered_set<std::string> seen_;
    bool wentPartial_ = false;
    bool deptChecked_ = false;
    bool usersChecked_ = false;
};

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
        boost::json::object const* const user = data == nullptr ? nullptr : detail::jsonObject(*data, "user");
        boost::json::object const* const status =
            user == nullptr ? nullptr : detail::jsonObject(*user, "status");
        bool const resigned = status != nullptr && detail::jsonBool(*status, "is_resigned").value_or(false);
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
    detail::Explain ask = [this](std::string id) { return explain(std::move(id)); };
    return detail::explainEach(std::move(memberIds), std::move(ask));
}

}  // namespace corps
