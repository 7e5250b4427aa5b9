// How an organisation is read from DingTalk.
#pragma once

#include <corps/client/cutter.hpp>
#include <corps/client/dd_client.hpp>
#include <corps/client/impl/dd_endpoints.hpp>
#include <corps/client/impl/json_fields.hpp>
#include <corps/client/impl/pull_work.hpp>
#include <corps/context/detail/event.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace corps {

// One pull; see PullWork.
class DDInnerClient::Api::Pull : detail::PullWork {
public:
    Pull(Api& api, PageSink& sink, PullOptions options, asio::any_io_executor strand)
        : PullWork(*api.caller_, sink, options, std::move(strand), &endsThePull), api_(api) {
        proof_.rootDeptId = detail::kDdRoot;
        proof_.upstreamCorpId = api.corpId_;
    }

    asio::awaitable<PullProof> run() {
        co_await scopes();
        group_.add([this] { return roles(); });
        group_.add([this] { return administrators(); });
        co_await group_.join();
        co_return finished();
    }

private:
    using Reply = detail::PullReply;
    static constexpr std::string_view kPlaces = "dept_id_list";  // where a record names departments
    static constexpr std::string_view kRole = "role ";           // before the ids of roles, among keys()

    /** A list that comes by pages. */
    struct Paged {
        std::function<asio::awaitable<Reply>(std::string from, std::int64_t size)> ask;
        std::int64_t size = 0;  ///< of a page, at most
        std::string_view moreKey;
        std::string_view cursorKey;
        bool offsets = false;  ///< cursors that are not told count what was read
    };

    /** How the pages of a list ended. */
    class End {
    public:
        void page(std::string from, Answer& answer) {
            if (answer.units.empty()) {
                gap_ = gap_ || empty_;
                empty_ = pages_ > 0;
            } else {
                gap_ = gap_ || empty_;
                from_ = std::move(from);
                last_ = std::move(answer);
            }
            ++pages_;
        }
        /** A page that the one before it announced held nothing. */
        [[nodiscard]] bool doubtful() const noexcept { return empty_ || gap_; }
        /** That was the last page, and the only such one. */
        [[nodiscard]] bool atEnd() const noexcept { return empty_ && !gap_; }
        [[nodiscard]] std::string const& from() const noexcept { return from_; }
        [[nodiscard]] Answer const& last() const noexcept { return last_; }

    private:
        std::size_t pages_ = 0;
        bool empty_ = false;
        bool gap_ = false;
        std::string from_;  // cursor of the last page that held something
        Answer last_;
    };

    static bool endsThePull(Error const& e) {
        if (e.is(Errc::authRejected)) return true;
        switch (e.diagnostics().upstreamCode.value_or(0)) {
            case 60020:  // this address
            case 90001:
            case 90003:
            case 90004:
            case 90005:
            case 90006:
            case 90020: return true;
            default: return false;
        }
    }

    static bool lacksPermission(Reply const& r) { return r.code() == 60011; }

    asio::awaitable<Reply> ask(std::string_view path, boost::json::object body, PageShape const* shape) {
        return settle(api_.ask(path, std::move(body), shape));
    }

    // The range, and where the walk begins.
    asio::awaitable<void> scopes() {
        Reply r = co_await settle(
            api_.call("GET", std::string(detail::kDdScopes), std::string(), std::string(), nullptr));
        if (r.error) throw *r.error;
        boost::json::object const& o = r.answer.envelope;
        boost::json::object const* const range = detail::jsonObject(o, "auth_org_scopes");
        if (range == nullptr) throw Error(Errc::protocol, "the answer does not tell the application's range");
        if (boost::json::array const* const fields = detail::jsonArray(o, "auth_user_field")) {
            bool const mobile = std::any_of(fields->begin(), fields->end(), [](boost::json::value const& v) {
                return v.is_string() && v.get_string() == "mobile";
            });
            bool const email = std::any_of(fields->begin(), fields->end(), [](boost::json::value const& v) {
                return v.is_string() && v.get_string() == "email";
            });
            if (!mobile) missing_.emplace("fieldMobile");
            if (!email) missing_.emplace("fieldEmail");
        }
        std::vector<std::string> roots;
        std::vector<std::string> people;
        if (boost::json::array const* const list = detail::jsonArray(*range, "authed_dept"))
            for (boost::json::value const& v : *list)
                if (std::optional<std::int64_t> const id = detail::jsonInteger(v); id && *id > 0)
                    roots.push_back(std::to_string(*id));
        if (boost::json::array const* const list = detail::jsonArray(*range, "authed_user"))
            for (boost::json::value const& v : *list)
                if (v.is_string() && !v.get_string().empty()) people.emplace_back(v.get_string());
        unique(roots);
        unique(people);
        std::string const whole(detail::kDdRoot);
        proof_.fullScope = std::find(roots.begin(), roots.end(), whole) != roots.end();
        if (proof_.fullScope) {
            group_.add([this] { return root(); });
            enter(whole);
            co_return;
        }
        proof_.visibleRoots = roots;
        for (std::string const& id : roots) group_.add([this, id] { return visibleRoot(id); });
        group_.add([this, people] { return visibleMembers(people); });
    }

    static void unique(std::vector<std::string>& ids) {
        std::sort(ids.begin(), ids.end());
        ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    }

    // Departments
    // ---------------------------------------------------------------------------------------------------

    // The root stands in no list: its name is the organisation's.
    asio::awaitable<void> root() {
        Reply const r = co_await ask(detail::kDdDepartment, detail::ddDeptBody(detail::kDdRoot), nullptr);
        boost::json::object const* const result =
            r.error ? nullptr : detail::jsonObject(r.answer.envelope, "result");
        if (result != nullptr) {
            proof_.corpName = detail::jsonTextOr(*result, "name");
        } else {
            Error const silent(Errc::protocol, "the answer holds no department");
            fault(tree_, "details of department 1", r.error ? *r.error : silent);
            sink_.stale(UpstreamTable::dept, detail::kDdRoot);
        }
        std::array<Cell, 4> const cells = {Cell::text(detail::kDdRoot), Cell::text(""),
                                           proof_.corpName.empty() ? Cell() : Cell::text(proof_.corpName),
                                           Cell::integer(0)};
        sink_.row(UpstreamTable::dept, cells);
        boost::json::array const* const managers =
            result == nullptr ? nullptr : detail::jsonArray(*result, "dept_manager_userid_list");
        if (managers == nullptr) {
            std::array<Cell, 4> const untold = {Cell::text(detail::kDdRoot), Cell(), Cell(), Cell()};
            sink_.row(UpstreamTable::deptLeader, untold);
            co_return;
        }
        std::int64_t rank = 0;
        for (boost::json::value const& m : *managers) {
            if (!m.is_string() || m.get_string().empty()) continue;
            std::array<Cell, 4> const leader = {
                Cell::text(detail::kDdRoot), Cell::text(m.get_string()),
                Cell::integer(static_cast<std::int64_t>(LeaderSource::departmentList)),
                Cell::integer(rank++)};
            sink_.row(UpstreamTable::deptLeader, leader);
        }
    }

    // A department whose parent the application does not see: no list shows it.
    asio::awaitable<void> visibleRoot(std::string id) {
        Reply const r = co_await ask(detail::kDdDepartment, detail::ddDeptBody(id), nullptr);
        boost::json::object const* const result =
            r.error ? nullptr : detail::jsonObject(r.answer.envelope, "result");
        if (result == nullptr) {
            Error const silent(Errc::protocol, "the answer holds no department");
            treeFault("department " + id, r.error ? *r.error : silent);
        } else {
            std::string const unit = boost::json::serialize(*result);
            deliver(unit);
        }
        enter(id);
    }

    // Whoever is known to be a department is walked once: its members, and what is below it.
    void enter(std::string const& id) {
        if (!seen_.insert(id).second) return;
        group_.add([this, id] { return below(id); });
        group_.add([this, id] { return members(id); });
    }

    void deliver(std::string_view unit) {
        std::array<std::string_view, 1> const units = {unit};
        sink_.page(detail::kDdDeptShape, tree_, units);
    }

    // All children at once: the list has no pages.
    asio::awaitable<void> below(std::string parent) {
        Reply const r =
            co_await ask(detail::kDdSubDepartments, detail::ddDeptBody(parent), &detail::kDdDeptShape);
        if (r.error) {
            bool const first = proof_.fullScope && parent == detail::kDdRoot;
            if (first || lacksPermission(r)) throw *r.error;
            treeFault("departments below " + parent, *r.error);
            co_return;
        }
        std::vector<std::string_view> units;
        for (std::string_view const unit : r.answer.units) {
            boost::json::value const parsed = detail::parseUnit(unit, {});
            std::optional<std::int64_t> const number =
                detail::jsonInteger(parsed.get_object(), detail::kDdDeptKey[0]);
            if (!number) throw Error(Errc::protocol, "a department has no dept_id");
            // Books of schools have departments with negative ids, which no other call knows.
            if (*number < 1) continue;
            std::string const id = std::to_string(*number);
            if (!proof_.fullScope && std::find(proof_.visibleRoots.begin(), proof_.visibleRoots.end(), id) !=
                                         proof_.visibleRoots.end()) {
                continue;  // read by itself
            }
            if (api_.full_) {
                std::string copy(unit);
                group_.add([this, id, copy] { return details(id, copy); });
            } else {
                units.push_back(unit);
            }
            enter(id);
        }
        if (!units.empty()) sink_.page(detail::kDdDeptShape, tree_, units);
    }

    // What only the record by itself tells: order and managers.
    asio::awaitable<void> details(std::string id, std::string listed) {
        Reply const r = co_await ask(detail::kDdDepartment, detail::ddDeptBody(id), nullptr);
        boost::json::object const* const result =
            r.error ? nullptr : detail::jsonObject(r.answer.envelope, "result");
        std::string keys;
        if (result == nullptr) {
            Error const silent(Errc::protocol, "the answer holds no department");
            fault(tree_, "details of department " + id, r.error ? *r.error : silent);
            sink_.stale(UpstreamTable::dept, id);
            keys = "\"" + std::string(detail::kDdNoDetail) + "\":true";
        } else {
            boost::json::object kept;
            for (std::string_view const key :
                 {std::string_view("order"), std::string_view("dept_manager_userid_list")})
                if (boost::json::value const* const v = result->if_contains(key)) kept[key] = *v;
            keys = boost::json::serialize(kept);
            keys = keys.substr(1, keys.size() - 2);
        }
        std::string const unit = keys.empty() ? std::move(listed) : detail::ddWithKeys(listed, keys);
        deliver(unit);
    }

    // Members
    // -------------------------------------------------------------------------------------------------------

    asio::awaitable<void> members(std::string dept) {
        Listing const listing{ListingKind::deptMembers, dept};
        Paged const paged = {[this, dept](std::string from, std::int64_t size) {
                                 return usersOf(dept, std::move(from), size);
                             },
                             detail::kDdUserPage, "has_more", "next_cursor", false};
        CursorGuard guard;
        End end;
        std::optional<std::string> cursor = std::string("0");
        while (cursor) {
            std::size_t const page = guard.pages() + 1;
            std::string const from = *cursor;
            Reply r = co_await paged.ask(from, paged.size);
            std::optional<Error> failure = r.error;
            if (failure && lacksPermission(r)) throw *failure;  // no list of members at all can be read
            if (!failure) {
                if (!r.answer.units.empty()) co_await hand(&listing, r.answer.units);
                try {
                    cursor = next(guard, r.answer, paged, 0, from);
                } catch (Error const& e) {
                    failure.emplace(e);
                }
            }
            if (failure) {
                fault(listing, "members of department " + dept + ", page " + std::to_string(page), *failure);
                sink_.finish(listing, ListingState::incomplete, std::nullopt);
                co_return;
            }
            end.page(from, r.answer);
        }
        co_await settleEnd(&listing, &detail::kDdUserShape, &paged, &end);
        sink_.finish(listing, ListingState::complete, std::nullopt);
    }

    asio::awaitable<Reply> usersOf(std::string dept, std::string from, std::int64_t size) {
        boost::json::object body = detail::ddDeptBody(dept);
        if (std::optional<std::int64_t> const offset = detail::ddDeptNumber(from)) {
            body["cursor"] = *offset;
        } else {
            body["cursor"] = from;
        }
        body["size"] = size;
        body["contain_access_limit"] = true;
        return ask(detail::kDdUsersOf, std::move(body), &detail::kDdUserShape);
    }

    // Passes a page on; with details, after asking for the main department of those who have several.
    asio::awaitable<void> hand(Listing const* listing, std::vector<std::string_view> units) {
        std::vector<std::string> composed;
        if (api_.full_) {
            composed.resize(units.size());
            for (std::size_t i = 0; i < units.size(); ++i) {
                boost::json::value const parsed = detail::parseUnit(units[i], {});
                boost::json::array const* const depts = detail::jsonArray(parsed.get_object(), kPlaces);
                if (depts == nullptr || depts->size() < 2) continue;
                std::optional<std::int64_t> const main =
                    co_await mainDept(listing, detail::jsonTextOr(parsed.get_object(), "userid"));
                if (!main) continue;
                composed[i] = detail::ddWithKeys(
                    units[i], "\"" + std::string(detail::kDdMainDept) + "\":" + std::to_string(*main));
                units[i] = composed[i];
            }
        }
        handOver(detail::kDdUserShape, *listing, units, kPlaces);
    }

    struct Main {
        detail::Event known;
        std::optional<std::int64_t> dept;
    };

    // Each person is asked for once, whichever of their departments comes first.
    asio::awaitable<std::optional<std::int64_t>> mainDept(Listing const* listing, std::string id) {
        auto const [it, first] = mains_.try_emplace(id);
        if (!first) {
            std::shared_ptr<Main> const other = it->second;
            co_await other->known.wait();
            co_return other->dept;
        }
        std::shared_ptr<Main> const own = std::make_shared<Main>();
        it->second = own;
        boost::json::object body;
        body["userid"] = id;
        Reply const r = co_await ask(detail::kDdUser, std::move(body), nullptr);
        boost::json::object const* const result =
            r.error ? nullptr : detail::jsonObject(r.answer.envelope, "result");
        if (result == nullptr) {
            Error const silent(Errc::protocol, "the answer holds no user");
            fault(*listing, "details of member " + id, r.error ? *r.error : silent);
            sink_.stale(UpstreamTable::member, id);
        } else if (boost::json::array const* const places =
                       detail::jsonArray(*result, "dept_position_list")) {
            for (boost::json::value const& v : *places) {
                if (!v.is_object() || !detail::jsonBool(v.get_object(), "is_main").value_or(false)) continue;
                own->dept = detail::jsonInteger(v.get_object(), "dept_id");
                break;
            }
        }
        own->known.set();
        co_return own->dept;
    }

    // People granted one by one: no call takes several of them.
    asio::awaitable<void> visibleMembers(std::vector<std::string> people) {
        Listing const listing{ListingKind::visibleMembers, std::string()};
        ListingState state = ListingState::complete;
        for (std::string const& id : people) {
            boost::json::object body;
            body["userid"] = id;
            Reply const r = co_await ask(detail::kDdUser, std::move(body), nullptr);
            if (r.code() == 60121 || r.code() == 33012) continue;  // left since the range was told
            boost::json::object const* const result =
                r.error ? nullptr : detail::jsonObject(r.answer.envelope, "result");
            if (result == nullptr) {
                Error const silent(Errc::protocol, "the answer holds no user");
                fault(listing, "visible person " + id, r.error ? *r.error : silent);
                state = ListingState::incomplete;
                continue;
            }
            std::string const unit = boost::json::serialize(*result);
            std::array<std::string_view, 1> const units = {unit};
            handOver(detail::kDdUserShape, listing, units, kPlaces);
        }
        sink_.finish(listing, state, std::nullopt);
    }

    // Roles and administrators
    // ------------------------------------------------------------------------------------

    asio::awaitable<void> roles() {
        Listing const listing{ListingKind::roles, std::string()};
        Paged const paged = {[this](std::string from, std::int64_t size) {
                                 boost::json::object body;
                                 body["size"] = size;
                                 body["offset"] = detail::ddDeptNumber(from).value_or(0);
                                 return ask(detail::kDdRoles, std::move(body), &detail::kDdRoleShape);
                             },
                             detail::kDdRolePage, "hasMore", "nextCursor", true};
        std::string const place = "roles";
        std::set<std::string> const found = co_await byOffset(&listing, &detail::kDdRoleShape, &paged, place);
        for (std::string const& key : found)
            if (key.starts_with(kRole))
                group_.add([this, id = key.substr(kRole.size())] { return roleMembers(id); });
    }

    asio::awaitable<void> roleMembers(std::string role) {
        Listing const listing{ListingKind::roleMembers, role};
        Paged const paged = {[this, role](std::string from, std::int64_t size) {
                                 boost::json::object body;
                                 body["role_id"] = detail::ddDeptNumber(role).value_or(0);
                                 body["size"] = size;
                                 body["offset"] = detail::ddDeptNumber(from).value_or(0);
                                 return ask(detail::kDdRoleMembers, std::move(body),
                                            &detail::kDdRoleMemberShape);
                             },
                             detail::kDdRoleMemberPage, "hasMore", "nextCursor", true};
        std::string const place = "members of role " + role;
        static_cast<void>(co_await byOffset(&listing, &detail::kDdRoleMemberShape, &paged, place));
    }

    // Reads a list to its end and finishes it. Returns what it holds; see keys().
    asio::awaitable<std::set<std::string>> byOffset(Listing const* listing, PageShape const* shape,
                                                    Paged const* paged, std::string place) {
        CursorGuard guard;
        End end;
        std::optional<std::string> cursor = std::string("0");
        std::optional<Error> failure;
        std::set<std::string> found;
        while (cursor && !failure) {
            std::string const from = *cursor;
            Reply r = co_await paged->ask(from, paged->size);
            failure = std::move(r.error);
            if (failure) break;
            if (!r.answer.units.empty()) sink_.page(*shape, *listing, r.answer.units);
            std::size_t const before = found.size();
            found.merge(keys(r.answer, *shape));
            try {
                cursor = next(guard, r.answer, *paged, read(r.answer, *shape, paged->size), from);
                // An offset always moves on, so that the same page might come for ever.
                if (cursor && found.size() == before) failure = detail::ddNothingNew();
            } catch (Error const& e) {
                failure = e;
            }
            end.page(from, r.answer);
        }
        if (failure) {
            bool const pages = listing->kind == ListingKind::roles;
            fault(*listing, pages ? place + ", page " + std::to_string(guard.pages() + 1) : place, *failure);
        } else {
            co_await settleEnd(listing, shape, paged, &end);
        }
        sink_.finish(*listing, failure ? ListingState::incomplete : ListingState::complete, std::nullopt);
        co_return found;
    }

    asio::awaitable<void> administrators() {
        Listing const listing{ListingKind::admins, std::string()};
        Reply const r = co_await ask(detail::kDdAdmins, boost::json::object(), &detail::kDdAdminShape);
        if (r.error) {
            fault(listing, "administrators", *r.error);
        } else if (!r.answer.units.empty()) {
            sink_.page(detail::kDdAdminShape, listing, r.answer.units);
        }
        sink_.finish(listing, r.error ? ListingState::incomplete : ListingState::complete, std::nullopt);
    }

    // Pages
    // -----------------------------------------------------------------------------------------------------

    // A page that was announced and is empty is what follows a full last page, or one that failed.
    asio::awaitable<void> settleEnd(Listing const* listing, PageShape const* shape, Paged const* paged,
                                    End const* end) {
        if (!end->doubtful()) co_return;
        bool proven = end->atEnd();
        if (proven) proven = co_await endsThere(shape, paged, end);
        if (!proven) sink_.page(*shape, *listing, {});
    }

    // Whether a list ends behind the last page that held something. Read from that page on in pages of
    // another size, whose last one is not full, the platform has no reason to announce more: it must show the
    // same again and say by itself that there is no more. A page that failed the first time would show up, or
    // fail again.
    asio::awaitable<bool> endsThere(PageShape const* shape, Paged const* paged, End const* end) {
        std::set<std::string> const there = keys(end->last(), *shape);
        auto const count = static_cast<std::int64_t>(end->last().units.size());
        std::int64_t const size = count < paged->size ? count + 1 : count - 1;
        std::set<std::string> again;
        CursorGuard guard;
        std::optional<std::string> cursor = end->from();
        while (cursor) {
            std::string const from = *cursor;
            Reply const r = co_await paged->ask(from, size);
            if (r.error || r.answer.units.empty()) co_return false;
            std::size_t const before = again.size();
            again.merge(keys(r.answer, *shape));
            if (again.size() == before || again.size() > there.size()) co_return false;
            try {
                cursor = next(guard, r.answer, *paged, read(r.answer, *shape, size), from);
            } catch (Error const&) {
                co_return false;
            }
        }
        co_return again == there;
    }

    // What a page holds: people, or groups and the roles in them.
    static std::set<std::string> keys(Answer const& answer, PageShape const& shape) {
        std::set<std::string> out;
        for (std::string_view const unit : answer.units) {
            out.insert(keyOf(unit, shape.keyPath).value_or(std::string()));
            if (&shape != &detail::kDdRoleShape) continue;
            boost::json::value const parsed = detail::parseUnit(unit, {});
            boost::json::array const* const list = detail::jsonArray(parsed.get_object(), "roles");
            if (list == nullptr) continue;
            for (boost::json::value const& v : *list)
                if (boost::json::object const* const role = v.if_object())
                    if (std::optional<std::int64_t> const id = detail::jsonInteger(*role, "id"))
                        out.insert(std::string(kRole) + std::to_string(*id));
        }
        return out;
    }

    // How far a page leads, where no cursor says it.
    static std::int64_t read(Answer const& answer, PageShape const& shape, std::int64_t size) {
        std::size_t const units = answer.units.size();
        if (&shape != &detail::kDdRoleShape) return static_cast<std::int64_t>(units);
        std::size_t roles = 0;
        for (std::string_view const unit : answer.units) {
            boost::json::value const parsed = detail::parseUnit(unit, {});
            boost::json::array const* const list = detail::jsonArray(parsed.get_object(), "roles");
            if (list == nullptr) continue;
            for (boost::json::value const& v : *list)
                if (boost::json::object const* const role = v.if_object())
                    roles += detail::jsonInteger(*role, "id") ? 1U : 0U;
        }
        return detail::ddRolesRead(units, roles, size);
    }

    // The cursor after a page.
    static std::optional<std::string> next(CursorGuard& guard, Answer const& answer, Paged const& paged,
                                           std::int64_t read, std::string_view from) {
        boost::json::object const* const result = detail::jsonObject(answer.envelope, "result");
        if (result == nullptr) throw Error(Errc::protocol, "the answer holds no list");
        bool const more = detail::jsonBool(*result, paged.moreKey).value_or(false);
        std::string told = detail::jsonTextOr(*result, paged.cursorKey);
        if (std::optional<std::int64_t> const number = detail::jsonInteger(*result, paged.cursorKey))
            told = std::to_string(*number);
        if (told.empty() && paged.offsets)
            told = std::to_string(detail::ddDeptNumber(from).value_or(0) + read);
        return guard.next(more, told);
    }

    Api& api_;
    std::unordered_set<std::string> seen_;
    std::map<std::string, std::shared_ptr<Main>, std::less<>> mains_;
};

CORPS_DECL asio::awaitable<PullProof> DDInnerClient::Api::pull(PageSink& sink, PullOptions options) {
    asio::any_io_executor const executor = co_await asio::this_coro::executor;
    asio::any_io_executor const strand = asio::make_strand(executor);
    Pull pull(*this, sink, options, strand);
    PullProof proof = co_await asio::co_spawn(strand, pull.run(), asio::use_awaitable);
    co_return proof;
}

CORPS_DECL asio::awaitable<Absence> DDInnerClient::Api::explain(std::string memberId) {
    boost::json::object body;
    body["userid"] = memberId;
    std::int64_t code = 0;
    try {
        Answer const a = co_await ask(detail::kDdUser, std::move(body), nullptr);
        static_cast<void>(a);
        co_return Absence::unknown;  // readable: shown by something that the pull does not list
    } catch (CallError const& e) {
        if (e.is(Errc::authRejected)) throw;
        code = e.diagnostics().upstreamCode.value_or(0);
    }
    switch (code) {
        case 50002:
        case 50004: co_return Absence::outOfScope;
        case 33012:
        case 60111:
        case 60121: co_return Absence::left;
        default: co_return Absence::unknown;
    }
}

}  // namespace corps
