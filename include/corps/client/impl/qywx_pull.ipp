// How an organisation is read from WeCom.
#pragma once

#include <corps/auth/qywx_auth.hpp>
#include <corps/client/cutter.hpp>
#include <corps/client/impl/json_fields.hpp>
#include <corps/client/impl/pull_work.hpp>
#include <corps/client/impl/qywx_endpoints.hpp>
#include <corps/client/qywx_client.hpp>
#include <corps/client/suite_agents.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace corps {

// One pull; see PullWork. In three steps, each of which needs what the one before found: what the application
// sees, departments and tags; their members; whoever is visible otherwise, and the departments of tags.
class QywxInnerClient::Api::Pull : detail::PullWork {
public:
    Pull(Api& api, PageSink& sink, PullOptions options, asio::any_io_executor strand)
        : PullWork(*api.caller_, sink, options, std::move(strand), &endsThePull), api_(api) {
        proof_.rootDeptId = detail::kQywxRoot;
        proof_.upstreamCorpId = api.corpId_;
    }

    asio::awaitable<PullProof> run() {
        group_.add([this] { return agent(); });
        group_.add([this] { return departments(); });
        group_.add([this] { return tags(); });
        co_await group_.join();
        settleScope();
        // Asked of one list before the others: whether details are told at all.
        group_.add([this] { return members(); });
        co_await group_.join();
        if (!proof_.fullScope) group_.add([this] { return visibleMembers(); });
        co_await group_.join();
        expandTags();
        api_.seesAll_ = proof_.fullScope;
        api_.idCredential_ = idCredential_;
        if (api_.provider_) tellIds();
        co_return finished();
    }

private:
    using Reply = detail::PullReply;
    static constexpr std::string_view kPlaces = "department";  // where a record names departments

    /** Which ids were shown, and under which the enterprise is known, too. One plain id is enough: nobody's
     * is plain once they are encrypted. */
    void tellIds() {
        proof_.idTypes = api_.userIdType_;
        if (proof_.idTypes.empty() && anyPlainId_) proof_.idTypes = detail::kQywxPlainIds;
        if (proof_.idTypes.empty() && anyOpenId_) proof_.idTypes = detail::kQywxOpenIds;
        api_.idTypes_ = proof_.idTypes;
        std::shared_ptr<SuiteAgents> const agents =
            findSuiteAgents(api_.caller_->context(), api_.suiteId_, api_.corpId_);
        if (agents) proof_.otherCorpIds = agents->otherCorpIds(api_.corpId_);
    }
    void seesId(std::string_view unit) {
        if (!api_.provider_ || anyPlainId_) return;
        std::optional<std::string> const id = keyOf(unit, detail::kQywxUserKey);
        if (!id || id->empty()) return;
        (detail::qywxOpenUserId(*id) ? anyOpenId_ : anyPlainId_) = true;
    }

    static bool endsThePull(Error const& e) {
        return e.is(Errc::authRejected) || e.is(Errc::config) ||
               e.diagnostics().upstreamCode == std::int64_t{60020};
    }
    /** The application may not make this call at all. */
    static bool forbidden(Reply const& r) {
        return r.code() == 48001 || r.code() == 48002 || r.code() == 48005 || r.code() == 48009;
    }
    /** Nobody under this id, or nobody whom the application may see: the platform does not keep them apart.
     */
    static bool unknownId(Reply const& r) { return r.code() == 60111 || r.code() == 40003; }

    asio::awaitable<Reply> ask(std::string_view path, Query query, PageShape const* shape) {
        return settle(api_.ask(path, std::move(query), shape));
    }

    // Step one
    // ----------------------------------------------------------------------------------------------------

    /** The application's record. Where its id is not configured it is found out, and again where the platform
     * says that it is another's: an enterprise that authorised anew may have got another one. */
    asio::awaitable<Reply> agentRecord() {
        bool const configured = !api_.provider_ || !api_.agentId_.empty();
        std::string id = api_.agentId_;
        if (!configured) id = co_await api_.findAgentId();
        Query q;
        q.add("agentid", id);
        Reply out;
        std::optional<Error> another;
        try {
            out = co_await ask(detail::kQywxAgent, q, nullptr);
        } catch (CallError const& e) {
            if (configured || !e.is(Errc::config)) throw;
            another.emplace(e);
        }
        if (!another) co_return out;
        std::shared_ptr<SuiteAgents> const agents =
            findSuiteAgents(api_.caller_->context(), api_.suiteId_, api_.corpId_);
        if (agents) agents->learnAgentId(api_.corpId_, std::string_view());
        std::string const now = co_await api_.findAgentId();
        if (now == id) throw *another;
        Query again;
        again.add("agentid", now);
        out = co_await ask(detail::kQywxAgent, std::move(again), nullptr);
        co_return out;
    }

    asio::awaitable<void> agent() {
        Reply const r = co_await agentRecord();
        if (r.error) {
            // The contact-sync assistant is no application: it sees everybody.
            if (!forbidden(r)) throw *r.error;
            seesAll_ = true;
            co_return;
        }
        boost::json::object const& o = r.answer.envelope;
        if (boost::json::object const* const users = detail::jsonObject(o, "allow_userinfos"))
            if (boost::json::array const* const list = detail::jsonArray(*users, "user"))
                for (boost::json::value const& v : *list)
                    if (v.is_object())
                        if (std::string id = detail::jsonTextOr(v.get_object(), "userid"); !id.empty())
                            visible_.insert(std::move(id));
        if (boost::json::object const* const parties = detail::jsonObject(o, "allow_partys"))
            for (std::string const& id : numbers(detail::jsonArray(*parties, "partyid")))
                seesAll_ = seesAll_ || id == detail::kQywxRoot;
        if (boost::json::object const* const allowed = detail::jsonObject(o, "allow_tags"))
            for (std::string& id : numbers(detail::jsonArray(*allowed, "tagid")))
                visibleTags_.insert(std::move(id));
    }

    static std::vector<std::string> numbers(boost::json::array const* list) {
        std::vector<std::string> out;
        if (list == nullptr) return out;
        for (boost::json::value const& v : *list)
            if (std::optional<std::int64_t> const n = detail::jsonInteger(v); n && *n > 0)
                out.push_back(std::to_string(*n));
        return out;
    }

    asio::awaitable<void> departments() {
        Reply const r = co_await ask(detail::kQywxDepartments, Query(), &detail::kQywxDeptShape);
        if (!r.error) {
            requireList(r.answer, "department");
            bool const nameless = api_.provider_ && namesAreIds(r.answer.units, detail::kQywxIdKey);
            deliver(nameless ? detail::kQywxNamelessDeptShape : detail::kQywxDeptShape, r.answer.units);
            co_return;
        }
        if (!forbidden(r)) throw *r.error;
        Reply const ids = co_await ask(detail::kQywxDepartmentIds, Query(), &detail::kQywxSimpleDeptShape);
        if (ids.error) throw *ids.error;
        requireList(ids.answer, "department_id");
        bool told = true;
        for (std::string_view const unit : ids.answer.units) {
            std::optional<std::string> const id = keyOf(unit, detail::kQywxIdKey);
            if (!id) throw Error(Errc::protocol, "a department has no id");
            // The first one shows whether names are told at all.
            if (told && parents_.empty()) {
                told = co_await details(*id, std::string(unit));
            } else if (told) {
                std::string const copy(unit);
                group_.add([this, id = *id, copy] { return more(id, copy); });
                note(unit);
            } else {
                deliver(detail::kQywxSimpleDeptShape, {unit});
            }
        }
    }

    asio::awaitable<void> more(std::string id, std::string listed) {
        co_await details(std::move(id), std::move(listed));
    }

    // One department by itself. False when such calls are refused altogether.
    asio::awaitable<bool> details(std::string id, std::string listed) {
        Query q;
        q.add("id", id);
        Reply const r = co_await ask(detail::kQywxDepartment, std::move(q), nullptr);
        boost::json::object const* const dept =
            r.error ? nullptr : detail::jsonObject(r.answer.envelope, "department");
        if (dept != nullptr) {
            std::string const unit = boost::json::serialize(*dept);
            deliver(detail::kQywxSimpleDeptShape, {std::string_view(unit)});
            co_return true;
        }
        if (!forbidden(r)) {
            Error const silent(Errc::protocol, "the answer holds no department");
            fault(tree_, "details of department " + id, r.error ? *r.error : silent);
            sink_.stale(UpstreamTable::dept, id);
        }
        deliver(detail::kQywxSimpleDeptShape, {std::string_view(listed)});
        co_return !forbidden(r);
    }

    // Whether an application without the right to names is sent ids in their place: all of them, then.
    static bool namesAreIds(std::vector<std::string_view> const& units,
                            std::span<std::string_view const> idPath) {
        bool any = false;
        for (std::string_view const unit : units) {
            boost::json::value const parsed = detail::parseUnit(unit, {});
            std::optional<std::string_view> const name = detail::jsonText(parsed.get_object(), "name");
            if (!name || name->empty()) continue;
            if (keyOf(unit, idPath) != std::string(*name)) return false;
            any = true;
        }
        return any;
    }

    // An answer that says neither "none" nor "refused" proves nothing.
    static void requireList(Answer const& answer, std::string_view key) {
        if (!answer.envelope.contains("errcode") && !answer.envelope.contains(key))
            throw Error(Errc::protocol, "the answer holds no \"" + std::string(key) + "\"");
    }

    void deliver(PageShape const& shape, std::vector<std::string_view> units) {
        std::erase_if(units, [this](std::string_view unit) { return !note(unit); });
        if (!units.empty()) sink_.page(shape, tree_, units);
    }

    // Remembers where a department stands. False for what cannot be one.
    bool note(std::string_view unit) {
        boost::json::value const parsed = detail::parseUnit(unit, {});
        boost::json::object const& o = parsed.get_object();
        std::optional<std::int64_t> const id = detail::jsonInteger(o, "id");
        if (!id) throw Error(Errc::protocol, "a department has no id");
        if (*id < 1) return false;
        std::optional<std::int64_t> const parent = detail::jsonInteger(o, "parentid");
        parents_[std::to_string(*id)] = std::to_string(parent.value_or(0));
        if (std::to_string(*id) == detail::kQywxRoot) proof_.corpName = detail::jsonTextOr(o, "name");
        return true;
    }

    asio::awaitable<void> tags() {
        Listing const listing{ListingKind::roles, std::string()};
        Reply const r = co_await ask(detail::kQywxTags, Query(), &detail::kQywxTagShape);
        if (r.error) {
            fault(listing, "tags", *r.error);
            sink_.finish(listing, ListingState::incomplete, std::nullopt);
            co_return;
        }
        if (!r.answer.units.empty()) sink_.page(detail::kQywxTagShape, listing, r.answer.units);
        sink_.finish(listing, ListingState::complete, std::nullopt);
        for (std::string_view const unit : r.answer.units)
            if (std::optional<std::string> const id = keyOf(unit, detail::kQywxTagKey))
                group_.add([this, id = *id] { return tag(id); });
    }

    asio::awaitable<void> tag(std::string id) {
        Listing const listing{ListingKind::roleMembers, id};
        Query q;
        q.add("tagid", id);
        Reply const r = co_await ask(detail::kQywxTag, std::move(q), &detail::kQywxTagMemberShape);
        if (r.error) {
            fault(listing, "tag " + id, *r.error);
            sink_.finish(listing, ListingState::incomplete, std::nullopt);
            unreadTags_.insert(id);
            co_return;
        }
        if (!r.answer.units.empty()) sink_.page(detail::kQywxTagMemberShape, listing, r.answer.units);
        Tag& found = tags_[id];
        found.parties = numbers(detail::jsonArray(r.answer.envelope, "partylist"));
        for (std::string_view const unit : r.answer.units)
            if (std::optional<std::string> person = keyOf(unit, detail::kQywxUserKey))
                found.people.insert(std::move(*person));
        if (found.parties.empty()) sink_.finish(listing, ListingState::complete, std::nullopt);
    }

    // Step two
    // ----------------------------------------------------------------------------------------------------

    void settleScope() {
        // An empty success looks the same as an application without departments.
        if (seesAll_ && !parents_.contains(std::string(detail::kQywxRoot)))
            throw Error(Errc::protocol,
                        "the list of departments lacks the root, which the application may see");
        proof_.fullScope = seesAll_;
        for (auto const& [id, parent] : parents_) {
            if (parents_.contains(parent)) {
                children_[parent].push_back(id);
            } else {
                roots_.push_back(id);
            }
        }
        // What stands in a circle has no root; the sync refuses it, and names it.
        if (!proof_.fullScope) proof_.visibleRoots = roots_;
        for (auto const& [id, t] : tags_) byDept_ = byDept_ || !t.parties.empty();
    }

    asio::awaitable<void> members() {
        for (std::size_t i = 0; i < roots_.size(); ++i) {
            std::string const root = roots_[i];
            if (i > 0) {
                group_.add([this, root] { return subtree(root); });
                continue;
            }
            co_await subtree(root);
            if (idsOnly_) {
                co_await ids();
                co_return;
            }
        }
    }

    // A department and all below it: in one list, where the platform does that.
    asio::awaitable<void> subtree(std::string top) {
        bool const leaf = !children_.contains(top);
        if (leaf) {
            co_await oneByOne(top);
            co_return;
        }
        Listing const listing{ListingKind::subtreeMembers, top};
        Reply const r = co_await users(top, true);
        if (!r.error) {
            // Recursion may be ignored without a word: then the list is that of the department alone.
            bool const recursed = std::any_of(r.answer.units.begin(), r.answer.units.end(),
                                              [&top](std::string_view unit) { return !standsIn(unit, top); });
            if (!recursed) {
                Listing const direct{ListingKind::deptMembers, top};
                give(direct, r.answer.units);
                addBelow(top);
                co_return;
            }
            give(listing, r.answer.units);
            co_return;
        }
        if (r.code() == 45029) {  // too large: this department, and each child with what is below it
            co_await direct(top);
            if (idsOnly_) co_return;
            for (std::string const& child : children_[top])
                group_.add([this, child] { return subtree(child); });
            co_return;
        }
        if (r.error->is(Errc::upstream) || forbidden(r)) {
            // Perhaps it is the recursion that is refused.
            co_await oneByOne(top);
            co_return;
        }
        fault(listing, "members of department " + top + " and below", *r.error);
        sink_.finish(listing, ListingState::incomplete, std::nullopt);
        incompleteDepts_.insert(top);
    }

    static bool standsIn(std::string_view unit, std::string const& dept) {
        boost::json::value const parsed = detail::parseUnit(unit, {});
        std::vector<std::string> const depts = numbers(detail::jsonArray(parsed.get_object(), "department"));
        return std::find(depts.begin(), depts.end(), dept) != depts.end();
    }

    asio::awaitable<void> oneByOne(std::string top) {
        co_await direct(top);
        if (!idsOnly_) addBelow(top);
    }

    void addBelow(std::string const& top) {
        for (std::string const& id : below(top)) group_.add([this, id] { return direct(id); });
    }

    // All departments below one, without it.
    std::vector<std::string> below(std::string const& top) const {
        std::vector<std::string> out;
        std::vector<std::string> open{top};
        std::set<std::string> seen{top};
        while (!open.empty()) {
            std::string const at = std::move(open.back());
            open.pop_back();
            auto const it = children_.find(at);
            if (it == children_.end()) continue;
            for (std::string const& child : it->second) {
                if (!seen.insert(child).second) continue;
                out.push_back(child);
                open.push_back(child);
            }
        }
        return out;
    }

    asio::awaitable<void> direct(std::string dept) {
        Listing const listing{ListingKind::deptMembers, dept};
        Reply const r = co_await users(dept, false);
        if (!r.error) {
            give(listing, r.answer.units);
            co_return;
        }
        if (forbidden(r) && !anyUsers_) {
            refusal_ = r.error;
            idsOnly_ = true;
            co_return;
        }
        fault(listing, "members of department " + dept, *r.error);
        sink_.finish(listing, ListingState::incomplete, std::nullopt);
        incompleteDepts_.insert(dept);
    }

    asio::awaitable<Reply> users(std::string dept, bool recursive) {
        Query q;
        q.add("department_id", dept);
        if (recursive) q.add("fetch_child", "1");
        Reply r = co_await ask(detail::kQywxUsersOf, std::move(q), &detail::kQywxUserShape);
        if (!r.error && !r.answer.envelope.contains("errcode") && !r.answer.envelope.contains("userlist"))
            r.error.emplace(Errc::protocol, "the answer holds no \"userlist\"");
        anyUsers_ = anyUsers_ || !r.error;
        co_return r;
    }

    // Passes a whole list on: it has no pages.
    void give(Listing const& listing, std::vector<std::string_view> const& units) {
        bool const nameless = api_.provider_ && namesAreIds(units, detail::kQywxUserKey);
        for (std::string_view const unit : units) seesId(unit);
        if (!units.empty())
            sink_.page(nameless ? detail::kQywxNamelessUserShape : detail::kQywxUserShape, listing, units);
        sink_.finish(listing, ListingState::complete, std::nullopt);
        for (std::string_view const unit : units) {
            if (!proof_.fullScope)
                if (std::optional<std::string> id = keyOf(unit, detail::kQywxUserKey))
                    listed_.insert(std::move(*id));
            stand(listing, unit);
        }
    }

    // What a record says of where its person stands. It names all of their departments, whichever list shows
    // it: one whose own list holds nobody has them all the same.
    void stand(Listing const& listing, std::string_view unit) {
        bool const several = !detail::departmentsIn(unit, kPlaces, 2).empty();
        bool const tell = listing.kind == ListingKind::visibleMembers ||
                          (listing.kind == ListingKind::deptMembers && several);
        if (!tell && !byDept_) return;
        std::optional<std::string> const id = keyOf(unit, detail::kQywxUserKey);
        if (!id) return;
        boost::system::error_code ec;
        boost::json::value const parsed = boost::json::parse(unit, ec);
        if (ec || !parsed.is_object()) return;                                // decode() says so
        if (detail::jsonInteger(parsed.get_object(), "status") == 5) return;  // has left
        if (tell) place(detail::kQywxUserShape, listing, unit, kPlaces);
        if (!byDept_) return;
        if (listing.kind == ListingKind::deptMembers) membersOf_[listing.id].push_back(*id);
        for (std::string const& dept : numbers(detail::jsonArray(parsed.get_object(), kPlaces)))
            if (listing.kind != ListingKind::deptMembers || dept != listing.id)
                membersOf_[dept].push_back(*id);
    }

    // Who stands where, and nothing else: all that the contact-sync assistant is told. One flat list, which
    // becomes the list of each department.
    asio::awaitable<void> ids() {
        std::map<std::string, std::vector<std::string>> members;
        for (auto const& [id, parent] : parents_) members[id];
        std::optional<Error> failure;
        std::string credential;
        bool announcedNobody = false;
        CursorGuard guard;
        std::optional<std::string> cursor = std::string();
        while (cursor && !failure) {
            Reply r;
            try {
                r = co_await settle(api_.askIds(*cursor, credential));
            } catch (Error const& e) {
                // There is no other credential: what was refused first is what is wrong.
                if (credential.empty() || !e.is(Errc::config)) throw;
                throw *refusal_;
            }
            if (r.error && credential.empty() && guard.pages() == 0 && forbidden(r)) {
                credential = std::string(QywxAuth::kContact);
                continue;
            }
            if (r.error) {
                failure = r.error;
                if (guard.pages() == 0) throw *failure;
                break;
            }
            announcedNobody = announcedNobody || (guard.pages() > 0 && r.answer.units.empty());
            for (std::string_view const unit : r.answer.units) {
                boost::json::value const parsed = detail::parseUnit(unit, {});
                boost::json::object const& o = parsed.get_object();
                std::string const id = detail::jsonTextOr(o, "userid");
                std::optional<std::int64_t> const dept = detail::jsonInteger(o, "department");
                if (id.empty() || !dept)
                    throw Error(Errc::protocol, "a member's department has no userid or no number");
                members[std::to_string(*dept)].push_back(id);
            }
            try {
                std::string const next = detail::jsonTextOr(r.answer.envelope, "next_cursor");
                cursor = guard.next(!next.empty(), next);
            } catch (Error const& e) {
                failure.emplace(e);
            }
        }
        idCredential_ = credential;
        missing_.emplace("user/list");
        std::set<std::string, std::less<>> const known = treeIds();
        for (auto& [dept, people] : members) {
            if (!known.contains(dept)) continue;  // made since the departments were read
            std::sort(people.begin(), people.end());
            people.erase(std::unique(people.begin(), people.end()), people.end());
            Listing const listing{ListingKind::deptMembers, dept};
            std::vector<std::string> units;
            units.reserve(people.size());
            for (std::string const& id : people) {
                boost::json::object o;
                o["userid"] = id;
                units.push_back(boost::json::serialize(o));
                listed_.insert(id);
                if (byDept_) membersOf_[dept].push_back(id);
            }
            std::vector<std::string_view> const views(units.begin(), units.end());
            if (!views.empty()) sink_.page(detail::kQywxUserShape, listing, views);
            // Anybody may have been meant to stand there.
            if (announcedNobody) sink_.page(detail::kQywxUserShape, listing, {});
            sink_.finish(listing, failure ? ListingState::incomplete : ListingState::complete, std::nullopt);
            if (failure) incompleteDepts_.insert(dept);
        }
        if (failure) {
            Listing const root{ListingKind::deptMembers, std::string(detail::kQywxRoot)};
            fault(root, "ids of members, page " + std::to_string(guard.pages() + 1), *failure);
        }
    }

    [[nodiscard]] std::set<std::string, std::less<>> treeIds() const {
        std::set<std::string, std::less<>> out;
        for (auto const& [id, parent] : parents_) out.insert(id);
        return out;
    }

    // Step three
    // --------------------------------------------------------------------------------------------------

    // Visible one by one or by a tag, and in no department that is.
    asio::awaitable<void> visibleMembers() {
        Listing const listing{ListingKind::visibleMembers, std::string()};
        ListingState state = ListingState::complete;
        for (std::string const& id : visibleTags_) {
            if (unreadTags_.contains(id) || !tags_.contains(id)) {
                state = ListingState::incomplete;
                continue;
            }
            Tag const& t = tags_[id];
            visible_.insert(t.people.begin(), t.people.end());
        }
        for (std::string const& id : visible_) {
            if (listed_.contains(id)) continue;
            Query q;
            q.add("userid", id);
            Reply r = co_await ask(detail::kQywxUser, std::move(q), nullptr);
            if (unknownId(r)) continue;  // left since the range was told
            if (r.error) {
                fault(listing, "visible person " + id, *r.error);
                state = ListingState::incomplete;
                continue;
            }
            r.answer.envelope.erase("errcode");
            r.answer.envelope.erase("errmsg");
            std::string const unit = boost::json::serialize(r.answer.envelope);
            std::array<std::string_view, 1> const units = {unit};
            seesId(unit);
            sink_.page(detail::kQywxUserShape, listing, units);
            stand(listing, unit);
        }
        sink_.finish(listing, state, std::nullopt);
    }

    // A tag's departments stand for their members, and those of all departments below.
    void expandTags() {
        for (auto& [id, tag] : tags_) {
            if (tag.parties.empty()) continue;
            Listing const listing{ListingKind::roleMembers, id};
            std::set<std::string, std::less<>> more;
            bool whole = true;
            for (std::string const& party : tag.parties) {
                if (!parents_.contains(party)) {
                    // Out of sight, as its members are; where everything is in sight it was made just now.
                    whole = whole && !proof_.fullScope;
                    continue;
                }
                std::vector<std::string> depts = below(party);
                depts.push_back(party);
                for (std::string const& dept : depts) {
                    whole = whole && !unread(dept);
                    auto const it = membersOf_.find(dept);
                    if (it == membersOf_.end()) continue;
                    for (std::string const& person : it->second)
                        if (!tag.people.contains(person)) more.insert(person);
                }
            }
            std::vector<std::string> units;
            units.reserve(more.size());
            for (std::string const& person : more) {
                boost::json::object o;
                o["userid"] = person;
                units.push_back(boost::json::serialize(o));
            }
            std::vector<std::string_view> const views(units.begin(), units.end());
            if (!views.empty()) sink_.page(detail::kQywxTagMemberShape, listing, views);
            // Its departments were told, and their members: that it holds nobody is no answer without
            // content.
            std::optional<std::int64_t> count;
            if (whole && proof_.fullScope) count = static_cast<std::int64_t>(tag.people.size() + more.size());
            sink_.finish(listing, whole ? ListingState::complete : ListingState::incomplete, count);
        }
    }

    // Whether the members of a department were not read, by itself or with what stands above it.
    bool unread(std::string dept) const {
        std::set<std::string> seen;
        while (seen.insert(dept).second) {
            if (incompleteDepts_.contains(dept)) return true;
            auto const it = parents_.find(dept);
            if (it == parents_.end()) return false;
            dept = it->second;
        }
        return false;
    }

    struct Tag {
        std::set<std::string, std::less<>> people;
        std::vector<std::string> parties;
    };

    Api& api_;
    bool seesAll_ = false;
    std::set<std::string, std::less<>> visible_;      // people granted one by one
    std::set<std::string, std::less<>> visibleTags_;  // tags granted
    std::map<std::string, std::string> parents_;      // department -> parent
    std::map<std::string, std::vector<std::string>> children_;
    std::vector<std::string> roots_;
    std::map<std::string, Tag> tags_;
    std::set<std::string, std::less<>> unreadTags_;
    bool byDept_ = false;  // some tag names departments: remember who stands where
    std::unordered_map<std::string, std::vector<std::string>> membersOf_;  // as any record says
    std::unordered_set<std::string> listed_;                               // in a partial scope
    std::set<std::string, std::less<>> incompleteDepts_;
    bool anyUsers_ = false;
    bool anyPlainId_ = false;
    bool anyOpenId_ = false;
    bool idsOnly_ = false;
    std::optional<std::string> idCredential_;  // whose lists of ids were read
    std::optional<Error> refusal_;
};

CORPS_DECL asio::awaitable<PullProof> QywxInnerClient::Api::pull(PageSink& sink, PullOptions options) {
    asio::any_io_executor const executor = co_await asio::this_coro::executor;
    asio::any_io_executor const strand = asio::make_strand(executor);
    Pull pull(*this, sink, options, strand);
    PullProof proof = co_await asio::co_spawn(strand, pull.run(), asio::use_awaitable);
    co_return proof;
}

CORPS_DECL asio::awaitable<Absence> QywxInnerClient::Api::explain(std::string memberId) {
    Query q;
    q.add("userid", memberId);
    std::int64_t code = 0;
    try {
        Answer const a = co_await ask(detail::kQywxUser, std::move(q), nullptr);
        co_return detail::jsonInteger(a.envelope, "status") == 5 ? Absence::left : Absence::unknown;
    } catch (CallError const& e) {
        if (e.is(Errc::authRejected)) throw;
        code = e.diagnostics().upstreamCode.value_or(0);
    }
    switch (code) {
        case 50002:
        case 60011:
        case 60021:
        case 92000: co_return Absence::outOfScope;
        case 40003:
        case 60111:
            // Said of who left and of who is out of sight; nobody is out of sight of who sees everybody.
            co_return seesAll_ ? Absence::left : Absence::unknown;
        default: co_return Absence::unknown;
    }
}

// Nothing when the list is not one to rely on.
CORPS_DECL asio::awaitable<std::vector<Absence>> QywxInnerClient::Api::explainByIds(
    std::vector<std::string> memberIds) {
    std::vector<Absence> out;
    std::unordered_set<std::string> there;
    CursorGuard guard;
    std::optional<std::string> cursor = std::string();
    while (cursor) {
        std::string const credential = idCredential_.value_or(std::string(QywxAuth::kContact));
        Answer const a = co_await askIds(*cursor, credential);
        // Nobody at all is no list of an enterprise, and a page without anybody may be one that failed.
        if (a.units.empty()) co_return out;
        for (std::string_view const unit : a.units)
            if (std::optional<std::string> id = keyOf(unit, detail::kQywxUserKey))
                there.insert(std::move(*id));
        std::string const next = detail::jsonTextOr(a.envelope, "next_cursor");
        cursor = guard.next(!next.empty(), next);
    }
    out.reserve(memberIds.size());
    for (std::string const& id : memberIds)
        out.push_back(there.contains(id) ? Absence::outOfScope : Absence::left);
    co_return out;
}

CORPS_DECL asio::awaitable<std::vector<Absence>> QywxInnerClient::Api::explainAbsence(
    std::vector<std::string> memberIds) {
    std::vector<Absence> out;
    if (memberIds.empty()) co_return out;
    try {
        std::vector<std::string> const copy = memberIds;
        out = co_await explainByIds(copy);
    } catch (CallError const&) {
        out.clear();
    } catch (Error const& e) {
        // No contactSecret, or a list that has no end.
        if (!e.is(Errc::config) && !e.is(Errc::protocol)) throw;
    }
    if (!out.empty()) co_return out;
    detail::Explain ask = [this](std::string id) { return explain(std::move(id)); };
    out = co_await detail::explainEach(std::move(memberIds), std::move(ask));
    co_return out;
}

}  // namespace corps
