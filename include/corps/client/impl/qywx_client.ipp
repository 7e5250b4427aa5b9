#pragma once

#include <corps/auth/qywx_auth.hpp>
#include <corps/client/impl/json_fields.hpp>
#include <corps/client/impl/qywx_decode.ipp>
#include <corps/client/impl/qywx_endpoints.hpp>
#include <corps/client/impl/qywx_pull.ipp>
#include <corps/client/impl/qywx_verdict.ipp>
#include <corps/client/qywx_client.hpp>
#include <corps/client/suite_agents.hpp>
#include <corps/config/business_keys.hpp>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

namespace corps {
namespace detail {

inline std::vector<boost::json::object> qywxList(Answer const& answer, std::string_view key) {
    std::vector<boost::json::object> out;
    if (boost::json::array const* const list = jsonArray(answer.envelope, key))
        for (boost::json::value const& v : *list)
            if (v.is_object()) out.push_back(v.get_object());
    return out;
}

inline boost::json::object qywxRecord(Answer const& answer) {
    boost::json::object out = answer.envelope;
    out.erase("errcode");
    out.erase("errmsg");
    return out;
}

}  // namespace detail

CORPS_DECL std::string QywxInnerClient::appId(boost::json::object const& settings) {
    return detail::qywxNumber(settings, "agentId");
}

CORPS_DECL QywxInnerClient::Api::Api(Channel& channel, ClientEnvironment environment) {
    detail::BusinessKeys const read(environment.config, environment.corp);
    baseUrl_ = read.baseUrl("baseUrl", "https://qyapi.weixin.qq.com");
    corpId_ = detail::jsonTextOr(environment.config, "corpId");
    agentId_ = detail::qywxNumber(environment.config, "agentId");
    suiteId_ = detail::jsonTextOr(environment.config, "suiteId");
    caller_ = std::make_unique<Caller>(channel, std::move(environment.context), std::move(environment.corp),
                                       &classifyQywx);
}

CORPS_DECL QywxInnerClient::Api::Api(Channel& channel, ClientEnvironment environment, Provider)
    : Api(channel, ClientEnvironment(environment)) {
    provider_ = true;
    detail::BusinessKeys const read(environment.config, environment.corp);
    userIdType_ = read.text("userIdType", "");
    if (!userIdType_.empty() && userIdType_ != detail::kQywxPlainIds && userIdType_ != detail::kQywxOpenIds)
        read.refuse("userIdType", "\"userid\" or \"open_userid\"");
}

CORPS_DECL std::span<PageShape const> QywxInnerClient::Api::shapes() { return detail::kQywxShapes; }

CORPS_DECL std::string QywxInnerClient::Api::identity() const {
    boost::json::array versions;
    for (PageShape const& s : shapes().first(provider_ ? shapes().size() : detail::kQywxInnerShapes))
        versions.emplace_back(s.version);
    boost::json::array all;
    all.emplace_back("wecom");
    all.emplace_back(std::move(versions));
    all.emplace_back(baseUrl_);
    all.emplace_back(corpId_);
    // An enterprise that authorises a suite anew may get another application: the records are the same.
    all.emplace_back(provider_ ? suiteId_ : agentId_);
    return boost::json::serialize(all);
}

CORPS_DECL asio::awaitable<Answer> QywxInnerClient::Api::call(std::string method, std::string path,
                                                              Query query, std::string body,
                                                              PageShape const* shape,
                                                              std::string credential) {
    RateLimiter& limiter = detail::qywxLimiter(caller_->context(), baseUrl_, corpId_, path, provider_);
    std::string endpoint = method + " " + path;
    Request q(std::move(method), baseUrl_ + path + query.text(), std::move(endpoint));
    if (!body.empty()) q.headers.emplace_back("Content-Type", "application/json");
    q.body = std::move(body);
    q.credential = std::move(credential);
    if (path == detail::kQywxUsersOf || path == detail::kQywxDepartments) {
        q.maxResponseBytes = detail::kQywxLargestAnswer;
        q.timeout = detail::kQywxPatience;
    }
    return caller_->call(std::move(q), limiter, shape);
}

CORPS_DECL asio::awaitable<Answer> QywxInnerClient::Api::ask(std::string_view path, Query query,
                                                             PageShape const* shape) {
    return call("GET", std::string(path), std::move(query), std::string(), shape);
}

CORPS_DECL asio::awaitable<Answer> QywxInnerClient::Api::askIds(std::string cursor, std::string credential) {
    boost::json::object body;
    if (!cursor.empty()) body["cursor"] = std::move(cursor);
    body["limit"] = detail::kQywxIdPage;
    return call("POST", std::string(detail::kQywxUserIds), Query(), boost::json::serialize(body),
                &detail::kQywxPairShape, std::move(credential));
}

CORPS_DECL asio::awaitable<boost::json::object> QywxInnerClient::Api::get(std::string path, Query query) {
    Answer a = co_await call("GET", std::move(path), std::move(query), std::string(), nullptr);
    co_return std::move(a.envelope);
}

CORPS_DECL asio::awaitable<boost::json::object> QywxInnerClient::Api::post(std::string path,
                                                                           boost::json::object body,
                                                                           Query query) {
    Answer a =
        co_await call("POST", std::move(path), std::move(query), boost::json::serialize(body), nullptr);
    co_return std::move(a.envelope);
}

CORPS_DECL asio::awaitable<std::vector<boost::json::object>> QywxDepartments::list(DeptId below) {
    Query q;
    if (!below.empty()) q.add("id", below.view());
    Answer const a = co_await api_->ask(detail::kQywxDepartments, std::move(q), nullptr);
    co_return detail::qywxList(a, "department");
}

CORPS_DECL asio::awaitable<boost::json::object> QywxDepartments::get(DeptId id) {
    Query q;
    q.add("id", id.view());
    Answer const a = co_await api_->ask(detail::kQywxDepartment, std::move(q), nullptr);
    boost::json::object const* const found = detail::jsonObject(a.envelope, "department");
    if (found == nullptr) throw Error(Errc::protocol, "the answer holds no department");
    co_return *found;
}

CORPS_DECL asio::awaitable<std::vector<boost::json::object>> QywxUsers::list(DeptId department,
                                                                             bool fetchChild) {
    Query q;
    q.add("department_id", department.view());
    if (fetchChild) q.add("fetch_child", "1");
    Answer const a = co_await api_->ask(detail::kQywxUsersOf, std::move(q), nullptr);
    co_return detail::qywxList(a, "userlist");
}

CORPS_DECL asio::awaitable<boost::json::object> QywxUsers::get(MemberId id) {
    Query q;
    q.add("userid", id.view());
    Answer const a = co_await api_->ask(detail::kQywxUser, std::move(q), nullptr);
    co_return detail::qywxRecord(a);
}

CORPS_DECL asio::awaitable<std::string> QywxInnerClient::Api::findAgentId() {
    if (!agentId_.empty()) co_return agentId_;
    std::shared_ptr<SuiteAgents> const agents = findSuiteAgents(caller_->context(), suiteId_, corpId_);
    std::string known = agents ? agents->knownAgentId(corpId_) : std::string();
    if (!known.empty()) co_return known;
    Answer const a = co_await ask(detail::kQywxAgents, Query(), nullptr);
    for (boost::json::object const& one : detail::qywxList(a, "agentlist"))
        if (known.empty()) known = detail::qywxNumber(one, "agentid");
    if (known.empty()) {
        Diagnostics d;
        d.corp = caller_->corp();
        d.endpoint = "GET " + std::string(detail::kQywxAgents);
        throw Error(Errc::protocol, "the platform names no application that the token is of", std::move(d));
    }
    if (agents) agents->learnAgentId(corpId_, known);
    co_return known;
}

CORPS_DECL asio::awaitable<std::vector<std::string>> QywxInnerClient::Api::convertIds(
    std::vector<std::string> memberIds) {
    std::vector<std::string> out;
    // Asked of anything else than plain ids, and of too many that are not there, the platform refuses the
    // call for a day.
    if (idTypes_ != detail::kQywxOpenIds) co_return out;
    std::map<std::string, std::string, std::less<>> known;
    for (std::size_t at = 0; at < memberIds.size(); at += detail::kQywxConversions) {
        boost::json::array ids;
        std::size_t const end = std::min(memberIds.size(), at + detail::kQywxConversions);
        for (std::size_t i = at; i < end; ++i)
            if (!detail::qywxOpenUserId(memberIds[i])) ids.emplace_back(memberIds[i]);
        if (ids.empty()) continue;
        boost::json::object body;
        body["userid_list"] = std::move(ids);
        std::string const text = boost::json::serialize(body);
        Answer const a = co_await call("POST", "/cgi-bin/batch/userid_to_openuserid", Query(), text, nullptr);
        for (boost::json::object const& one : detail::qywxList(a, "open_userid_list"))
            known[detail::jsonTextOr(one, "userid")] = detail::jsonTextOr(one, "open_userid");
    }
    out.reserve(memberIds.size());
    for (std::string const& id : memberIds) {
        auto const it = known.find(id);
        out.push_back(it == known.end() ? std::string() : it->second);
    }
    co_return out;
}

CORPS_DECL asio::awaitable<std::vector<boost::json::object>> QywxAgents::list() {
    Answer const a = co_await api_->ask(detail::kQywxAgents, Query(), nullptr);
    co_return detail::qywxList(a, "agentlist");
}

CORPS_DECL asio::awaitable<boost::json::object> QywxAgents::get(std::string agentId) {
    if (agentId.empty()) agentId = co_await api_->findAgentId();
    Query q;
    q.add("agentid", agentId);
    Answer const a = co_await api_->ask(detail::kQywxAgent, std::move(q), nullptr);
    co_return detail::qywxRecord(a);
}

CORPS_DECL asio::awaitable<boost::json::object> QywxAgents::permissions() {
    std::string const nothing = "{}";
    Answer const a = co_await api_->call("POST", "/cgi-bin/agent/get_permissions", Query(), nothing, nullptr);
    co_return detail::qywxRecord(a);
}

CORPS_DECL asio::awaitable<std::vector<boost::json::object>> QywxAgents::admins() {
    std::string const nothing = "{}";
    Answer const a = co_await api_->call("POST", "/cgi-bin/agent/get_admin_list", Query(), nothing, nullptr);
    co_return detail::qywxList(a, "admin");
}

CORPS_DECL asio::awaitable<std::vector<boost::json::object>> QywxTags::list() {
    Answer const a = co_await api_->ask(detail::kQywxTags, Query(), nullptr);
    co_return detail::qywxList(a, "taglist");
}

CORPS_DECL asio::awaitable<boost::json::object> QywxTags::get(RoleId id) {
    Query q;
    q.add("tagid", id.view());
    Answer const a = co_await api_->ask(detail::kQywxTag, std::move(q), nullptr);
    co_return detail::qywxRecord(a);
}

}  // namespace corps
