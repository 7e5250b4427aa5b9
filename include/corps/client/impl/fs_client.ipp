#pragma once

#include <corps/client/fs_client.hpp>
#include <corps/client/impl/fs_decode.ipp>
#include <corps/client/impl/fs_endpoints.hpp>
#include <corps/client/impl/fs_pull.ipp>
#include <corps/client/impl/fs_verdict.ipp>
#include <corps/client/impl/json_fields.hpp>
#include <corps/config/business_keys.hpp>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <utility>

namespace corps {

CORPS_DECL std::string FSInnerClient::appId(boost::json::object const& settings) {
    return detail::jsonTextOr(settings, "appId");
}

CORPS_DECL std::string FSInnerClient::idTypes(boost::json::object const& settings) {
    detail::BusinessKeys const read(settings, "");
    return read.text("userIdType", "open_id") + "/" + read.text("departmentIdType", "open_department_id");
}

CORPS_DECL FSInnerClient::Api::Api(Channel& channel, ClientEnvironment environment) {
    detail::BusinessKeys const read(environment.config, environment.corp);
    baseUrl_ = read.baseUrl("baseUrl", "https://open.feishu.cn");
    appId_ = detail::jsonTextOr(environment.config, "appId");
    if (boost::json::object const* const credentials = detail::jsonObject(environment.config, "authConfig");
        credentials != nullptr && appId_.empty()) {
        appId_ = detail::jsonTextOr(*credentials, "appId");
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
            role.id = detail::jsonTextOr(v.get_object(), "roleId");
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
            if (boost::json::array const* const items = detail::jsonArray(*data, "items")) {
                for (boost::json::value const& v : *items) {
                    if (v.is_object()) out.push_back(v.get_object());
                }
            }
            cursor = guard.next(detail::jsonBool(*data, "has_more").value_or(false),
                                detail::jsonText(*data, "page_token").value_or(std::string_view()));
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
    boost::json::object const* const found = data == nullptr ? nullptr : detail::jsonObject(*data, key);
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
