#pragma once

#include <corps/auth/impl/dd_hosts.hpp>
#include <corps/client/dd_client.hpp>
#include <corps/client/impl/dd_decode.ipp>
#include <corps/client/impl/dd_endpoints.hpp>
#include <corps/client/impl/dd_pull.ipp>
#include <corps/client/impl/dd_verdict.ipp>
#include <corps/client/impl/json_fields.hpp>
#include <corps/client/impl/pull_work.hpp>
#include <corps/config/business_keys.hpp>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <set>
#include <string>
#include <utility>

namespace corps {
CORPS_DECL std::string DDInnerClient::appId(boost::json::object const& settings) {
    return detail::jsonTextOr(settings, "appKey");
}

CORPS_DECL DDInnerClient::Api::Api(Channel& channel, ClientEnvironment environment) {
    detail::BusinessKeys const read(environment.config, environment.corp);
    baseUrl_ = read.baseUrl("baseUrl", detail::kDingTalkOapi);
    apiBaseUrl_ = read.baseUrl("apiBaseUrl", detail::dingTalkApiBeside(baseUrl_));
    corpId_ = detail::jsonTextOr(environment.config, "corpId");
    appKey_ = detail::jsonTextOr(environment.config, "appKey");
    std::string const detail = read.text("detail", "");
    if (!detail.empty() && detail != "full") read.refuse("detail", "\"full\", or no such key");
    full_ = detail == "full";
    caller_ = std::make_unique<Caller>(channel, environment.context, environment.corp, &classifyDingTalk);
    v1Caller_ = std::make_unique<Caller>(channel, std::move(environment.context), std::move(environment.corp),
                                         &classifyDingTalkV1);
}

CORPS_DECL std::span<PageShape const> DDInnerClient::Api::shapes() { return detail::kDdShapes; }

CORPS_DECL std::string DDInnerClient::Api::identity() const {
    boost::json::array versions;
    for (PageShape const& s : shapes()) versions.emplace_back(s.version);
    boost::json::array all;
    all.emplace_back("dingtalk");
    all.emplace_back(std::move(versions));
    all.emplace_back(baseUrl_);
    all.emplace_back(corpId_);
    all.emplace_back(appKey_);
    all.emplace_back(full_ ? "full" : "");
    return boost::json::serialize(all);
}

CORPS_DECL asio::awaitable<Answer> DDInnerClient::Api::call(std::string method, std::string path,
                                                            std::string query, std::string body,
                                                            PageShape const* shape) {
    bool const v1 = detail::isDingTalkV1(path);
    std::string const& host = v1 ? apiBaseUrl_ : baseUrl_;
    std::string endpoint = method + " " + path;
    RateLimiter& limiter = caller_->context().limiters().get("dingtalk " + host + " " + appKey_ + " " + path,
                                                             detail::ddWindows());
    Request q(std::move(method), host + path + query, std::move(endpoint));
    q.headers.emplace_back("Accept", "application/json");
    if (!body.empty()) q.headers.emplace_back("Content-Type", "application/json");
    q.body = std::move(body);
    return (v1 ? v1Caller_ : caller_)->call(std::move(q), limiter, shape);
}

CORPS_DECL asio::awaitable<Answer> DDInnerClient::Api::ask(std::string_view path, boost::json::object body,
                                                           PageShape const* shape) {
    return call("POST", std::string(path), std::string(), boost::json::serialize(body), shape);
}

CORPS_DECL asio::awaitable<std::vector<Absence>> DDInnerClient::Api::explainAbsence(
    std::vector<std::string> memberIds) {
    detail::Explain ask = [this](std::string id) { return explain(std::move(id)); };
    return detail::explainEach(std::move(memberIds), std::move(ask));
}

CORPS_DECL asio::awaitable<boost::json::object> DDInnerClient::Api::get(std::string path, Query query) {
    Answer a = co_await call("GET", std::move(path), query.text(), std::string(), nullptr);
    co_return std::move(a.envelope);
}

CORPS_DECL asio::awaitable<boost::json::object> DDInnerClient::Api::post(std::string path,
                                                                         boost::json::object body,
                                                                         Query query) {
    Answer a = co_await call("POST", std::move(path), query.text(), boost::json::serialize(body), nullptr);
    co_return std::move(a.envelope);
}

CORPS_DECL asio::awaitable<boost::json::object> DDInnerClient::Api::one(std::string_view path,
                                                                        boost::json::object body) {
    Answer const a = co_await ask(path, std::move(body), nullptr);
    boost::json::object const* const result = detail::jsonObject(a.envelope, "result");
    if (result == nullptr) throw Error(Errc::protocol, "the answer holds no result");
    co_return *result;
}

namespace detail {

inline void ddAppend(std::vector<boost::json::object>& out, boost::json::array const* list) {
    if (list == nullptr) return;
    for (boost::json::value const& v : *list)
        if (v.is_object()) out.push_back(v.get_object());
}

}  // namespace detail

CORPS_DECL asio::awaitable<std::vector<boost::json::object>> DDDepartments::list(DeptId parent,
                                                                                 bool recursive) {
    std::vector<boost::json::object> out;
    std::vector<std::string> open{parent.str()};
    while (!open.empty()) {
        std::string const from = std::move(open.back());
        open.pop_back();
        Answer const a = co_await api_->ask(detail::kDdSubDepartments, detail::ddDeptBody(from), nullptr);
        std::size_t const before = out.size();
        detail::ddAppend(out, detail::jsonArray(a.envelope, "result"));
        for (std::size_t i = before; recursive && i < out.size(); ++i)
            if (std::optional<std::int64_t> const id = detail::jsonInteger(out[i], "dept_id"); id && *id > 0)
                open.push_back(std::to_string(*id));
    }
    co_return out;
}

CORPS_DECL asio::awaitable<boost::json::object> DDDepartments::get(DeptId id) {
    return api_->one(detail::kDdDepartment, detail::ddDeptBody(id.view()));
}

CORPS_DECL asio::awaitable<std::vector<boost::json::object>> DDUsers::list(DeptId department) {
    std::vector<boost::json::object> out;
    CursorGuard guard;
    std::optional<std::string> cursor = std::string("0");
    while (cursor) {
        boost::json::object body = detail::ddDeptBody(department.view());
        body["cursor"] = detail::ddDeptNumber(*cursor).value_or(0);
        body["size"] = detail::kDdUserPage;
        body["contain_access_limit"] = true;
        boost::json::object const page = co_await api_->one(detail::kDdUsersOf, std::move(body));
        detail::ddAppend(out, detail::jsonArray(page, "list"));
        std::optional<std::int64_t> const next = detail::jsonInteger(page, "next_cursor");
        cursor = guard.next(detail::jsonBool(page, "has_more").value_or(false),
                            next ? std::to_string(*next) : std::string());
    }
    co_return out;
}

CORPS_DECL asio::awaitable<boost::json::object> DDUsers::get(MemberId id) {
    boost::json::object body;
    body["userid"] = id.view();
    return api_->one(detail::kDdUser, std::move(body));
}

CORPS_DECL asio::awaitable<std::vector<boost::json::object>> DDRoles::list() {
    std::vector<boost::json::object> out;
    std::int64_t offset = 0;
    std::set<std::int64_t> seen;
    for (CursorGuard guard;;) {
        boost::json::object body;
        body["size"] = detail::kDdRolePage;
        body["offset"] = offset;
        boost::json::object const page = co_await api_->one(detail::kDdRoles, std::move(body));
        boost::json::array const* const groups = detail::jsonArray(page, "list");
        detail::ddAppend(out, groups);
        std::size_t roles = 0;
        bool fresh = false;
        for (std::size_t i = 0; groups != nullptr && i < groups->size(); ++i) {
            boost::json::object const* const group = (*groups)[i].if_object();
            if (group == nullptr) continue;
            fresh = seen.insert(-detail::jsonInteger(*group, "groupId").value_or(0)).second || fresh;
            boost::json::array const* const list = detail::jsonArray(*group, "roles");
            for (std::size_t j = 0; list != nullptr && j < list->size(); ++j, ++roles)
                if (boost::json::object const* const role = (*list)[j].if_object())
                    fresh = seen.insert(detail::jsonInteger(*role, "id").value_or(0)).second || fresh;
        }
        offset += detail::ddRolesRead(groups == nullptr ? 0 : groups->size(), roles);
        if (!guard.next(detail::jsonBool(page, "hasMore").value_or(false), std::to_string(offset)))
            co_return out;
        if (!fresh) throw detail::ddNothingNew();
    }
}

CORPS_DECL asio::awaitable<std::vector<boost::json::object>> DDRoles::members(RoleId role) {
    std::vector<boost::json::object> out;
    std::int64_t offset = 0;
    std::set<std::string> seen;
    for (CursorGuard guard;;) {
        boost::json::object body;
        body["role_id"] = detail::ddDeptNumber(role.view()).value_or(0);
        body["size"] = detail::kDdRoleMemberPage;
        body["offset"] = offset;
        boost::json::object const page = co_await api_->one(detail::kDdRoleMembers, std::move(body));
        boost::json::array const* const people = detail::jsonArray(page, "list");
        std::size_t const before = seen.size();
        for (std::size_t i = 0; people != nullptr && i < people->size(); ++i)
            if (boost::json::object const* const person = (*people)[i].if_object())
                seen.insert(detail::jsonTextOr(*person, "userid"));
        detail::ddAppend(out, people);
        offset += people == nullptr ? 0 : static_cast<std::int64_t>(people->size());
        if (!guard.next(detail::jsonBool(page, "hasMore").value_or(false), std::to_string(offset)))
            co_return out;
        if (seen.size() == before) throw detail::ddNothingNew();
    }
}

}  // namespace corps
