#pragma once

#include <corps/emulator/feishu.hpp>
#include <corps/emulator/impl/behaviour_json.hpp>
#include <corps/emulator/impl/feishu_impl.ipp>

#include <algorithm>
#include <array>
#include <random>
#include <type_traits>

namespace corps::emulator {

namespace detail::feishu {

inline constexpr std::string_view kBase = "contact:contact.base:readonly";
inline constexpr std::string_view kOrganize = "contact:department.organize:readonly";
inline constexpr std::string_view kLegacyRead = "contact:contact:readonly";
inline constexpr std::string_view kLegacyAccess = "contact:contact:access_as_app";
inline constexpr std::string_view kLegacyReadAsApp = "contact:contact:readonly_as_app";
inline constexpr std::string_view kEmployeeId = "contact:user.employee_id:readonly";

inline constexpr std::array<std::string_view, 28> kScopes{kBase,
                                                          "contact:department.base:readonly",
                                                          kOrganize,
                                                          "contact:department.hrbp:readonly",
                                                          "contact:user.base:readonly",
                                                          "contact:user.department:readonly",
                                                          "contact:user.employee:readonly",
                                                          kEmployeeId,
                                                          "contact:user.email:readonly",
                                                          "contact:user.phone:readonly",
                                                          "contact:user.gender:readonly",
                                                          "contact:user.employee_number:read",
                                                          "contact:user.user_geo",
                                                          "contact:user.job_level:readonly",
                                                          "contact:user.job_family:readonly",
                                                          "contact:user.dotted_line_leader_info.read",
                                                          "contact:user.assign_info:read",
                                                          "contact:user.id:readonly",
                                                          "contact:functional_role:readonly",
                                                          "contact:functional_role",
                                                          "contact:unit:readonly",
                                                          "contact:job_title:readonly",
                                                          "tenant:tenant:readonly",
                                                          "tenant:tenant.domain:read",
                                                          "admin:app.info:readonly",
                                                          "auth:user.id:read",
                                                          "event:ip_list",
                                                          "offline_access"};

/** Parts of a path between its slashes; the leading slash is dropped. */
inline std::vector<std::string_view> segments(std::string_view path) {
    std::vector<std::string_view> out;
    while (!path.empty()) {
        path.remove_prefix(1);
        const auto end = std::min(path.find('/'), path.size());
        out.push_back(path.substr(0, end));
        path.remove_prefix(end);
    }
    return out;
}

}  // namespace detail::feishu

CORPS_DECL std::vector<std::string> feishuScopes() {
    return {detail::feishu::kScopes.begin(), detail::feishu::kScopes.end()};
}

CORPS_DECL FeishuServer::Impl::Impl(FeishuOptions options, Organisation organisation)
    : options_(std::move(options)), core_(*this, options_.clock) {
    std::random_device device;
    for (int i = 0; i < 4; ++i) {
        detail::appendHex(secret_, device(), 8);
    }
    endpoints_ = makeEndpoints();
    setBehaviour(options_.behaviour);
    replaceOrganisation(std::move(organisation));
    HttpServerOptions http;
    http.address = options_.address;
    http.port = options_.port;
    http.certificateFile = options_.certificateFile;
    http.keyFile = options_.keyFile;
    core_.start(std::move(http));
}

CORPS_DECL void FeishuServer::Impl::setBehaviour(FeishuBehaviour behaviour) {
    const Nodes before = callbacks_.empty() ? Nodes() : rangeNodes();
    options_.behaviour = std::move(behaviour);
    scopes_ = {options_.behaviour.scopes.begin(), options_.behaviour.scopes.end()};
    const bool legacy = granted(detail::feishu::kLegacyRead) || granted(detail::feishu::kLegacyAccess) ||
                        granted(detail::feishu::kLegacyReadAsApp);
    fields_.deptBase = legacy || granted("contact:department.base:readonly");
    fields_.deptOrganize = legacy || granted(detail::feishu::kOrganize);
    fields_.deptHrbp = granted("contact:department.hrbp:readonly");
    fields_.userId = granted(detail::feishu::kEmployeeId);
    fields_.userBase = legacy || granted("contact:user.base:readonly");
    fields_.email = granted("contact:user.email:readonly");
    fields_.phone = granted("contact:user.phone:readonly");
    fields_.gender = legacy || granted("contact:user.gender:readonly");
    fields_.userDept = legacy || granted("contact:user.department:readonly");
    fields_.employee = legacy || granted("contact:user.employee:readonly");
    fields_.employeeNo = fields_.employee || granted("contact:user.employee_number:read");
    fields_.geo = granted("contact:user.user_geo");
    fields_.jobLevel = granted("contact:user.job_level:readonly");
    fields_.jobFamily = granted("contact:user.job_family:readonly");
    fields_.dottedLine = granted("contact:user.dotted_line_leader_info.read");
    fields_.assignInfo = granted("contact:user.assign_info:read");
    rangePrepared_ = false;
    rates_.clear();
    if (!callbacks_.empty()) {
        tellRange(before);
    }
}

CORPS_DECL void FeishuServer::Impl::replaceOrganisation(Organisation organisation) {
    auto next = std::make_unique<detail::Directory>(std::move(organisation));
    std::int64_t lowest = 0;
    for (Index i = 0; i < next->organisation().deptList.size(); ++i) {
        if (i != next->root()) {
            if (next->dept(i).deptId == "0") {
                throw OrganisationError(detail::place("deptList", i, "deptId"),
                                        "expected another id; on Feishu \"0\" is the root");
            }
            lowest = std::min(lowest, next->dept(i).order);
        }
    }
    const std::lock_guard lock(core_.mutex());
    if (directory_) {
        for (const Dept& dept : directory_->organisation().deptList) {
            if (next->findDept(dept.deptId) == kNone) {
                formerDepts_.insert(dept.deptId);
            }
        }
    }
    std::swap(directory_, next);
    // Department orders are decimal numbers without a sign: lift them all when one is negative.
    const std::uint64_t orderShiftBefore =
        std::exchange(orderShift_, 0U - static_cast<std::uint64_t>(lowest));
    views_.clear();
    byUnionId_.clear();
    byEmail_.clear();
    byMobile_.clear();
    indexedUnionIds_ = false;
    indexedContacts_ = false;
    jobTitles_.reset();
    rangePrepared_ = false;
    if (next) {
        tell(*next, orderShiftBefore);
    }
}

// ---------------------------------------------------------------------------------------------------------------------------
// Routes and gates

CORPS_DECL std::vector<FeishuServer::Impl::Endpoint> FeishuServer::Impl::makeEndpoints() const {
    using namespace detail::feishu;
    const std::vector<std::string_view> read{kBase, kLegacyRead, kLegacyAccess, kLegacyReadAsApp};
    const std::vector<std::string_view> listing{kBase, kOrganize, kLegacyRead, kLegacyAccess,
                                                kLegacyReadAsApp};
    const std::vector<std::string_view> base{kBase};
    const std::vector<std::string_view> roles{"contact:functional_role:readonly", "contact:functional_role"};
    const std::vector<std::string_view> roleWrite{"contact:functional_role"};
    const std::vector<std::string_view> unit{"contact:unit:readonly"};
    const std::vector<std::string_view> titles{"contact:job_title:readonly"};
    const std::vector<std::string_view> none;
    const auto tenant = Gate::tenantToken;
    // Literal segments stand before variable ones.
    std::vector<Endpoint> out{
        {"POST",
         "/open-apis/auth/v3/tenant_access_token/internal",
         &Impl::tenantToken,
         Gate::open,
         none,
         Rate::none,
         "",
         {}},
        {"POST",
         "/open-apis/auth/v3/app_access_token/internal",
         &Impl::appToken,
         Gate::open,
         none,
         Rate::none,
         "",
         {}},
        {"GET",
         "/open-apis/tenant/v2/tenant/query",
         &Impl::tenantQuery,
         tenant,
         {"tenant:tenant:readonly"},
         Rate::standard,
         "",
         {}},
        {"GET", "/open-apis/contact/v3/departments", &Impl::deptsOld, tenant, read, Rate::standard, "", {}},
        {"GET",
         "/open-apis/contact/v3/departments/batch",
         &Impl::deptBatch,
         tenant,
         base,
         Rate::standard,
         "",
         {}},
        {"GET",
         "/open-apis/contact/v3/departments/parent",
         &Impl::deptParents,
         tenant,
         listing,
         Rate::none,
         "",
         {}},
        {"GET",
         "/open-apis/contact/v3/departments/:department_id",
         &Impl::deptGet,
         tenant,
         read,
         Rate::none,
         "",
         {}},
        {"GET",
         "/open-apis/contact/v3/departments/:department_id/children",
         &Impl::deptChildren,
         tenant,
         listing,
         Rate::standard,
         "",
         {}},
        {"GET", "/open-apis/contact/v3/users", &Impl::usersOld, tenant, read, Rate::standard, "", {}},
        {"GET",
         "/open-apis/contact/v3/users/find_by_department",
         &Impl::usersByDept,
         tenant,
         listing,
         Rate::standard,
         "",
         {}},
        {"GET", "/open-apis/contact/v3/users/batch", &Impl::userBatch, tenant, base, Rate::standard, "", {}},
        {"POST",
         "/open-apis/contact/v3/users/batch_get_id",
         &Impl::userIdsByContact,
         tenant,
         {"contact:user.id:readonly"},
         Rate::standard,
         "",
         {}},
        {"GET", "/open-apis/contact/v3/users/:user_id", &Impl::userGet, tenant, read, Rate::standard, "", {}},
        {"GET",
         "/open-apis/contact/v3/scopes",
         &Impl::scopeList,
         tenant,
         {kBase, kLegacyAccess, kLegacyReadAsApp},
         Rate::standard,
         "",
         {}},
        {"GET",
         "/open-apis/application/v6/applications/:app_id/contacts_range_configuration",
         &Impl::rangeConfiguration,
         tenant,
         {"admin:app.info:readonly"},
         Rate::perMinute100,
         "",
         {}},
        {"POST",
         "/open-apis/contact/v3/functional_roles",
         &Impl::roleCreate,
         tenant,
         roleWrite,
         Rate::perMinute100,
         "",
         {}},
        {"POST",
         "/open-apis/contact/v3/functional_roles/:role_id/members/batch_create",
         &Impl::roleAddMembers,
         tenant,
         roleWrite,
         Rate::perMinute100,
         "",
         {}},
        {"GET",
         "/open-apis/contact/v3/functional_roles/:role_id/members",
         &Impl::roleMembers,
         tenant,
         roles,
         Rate::perMinute100,
         "",
         {}},
        {"GET",
         "/open-apis/contact/v3/functional_roles/:role_id/members/:member_id",
         &Impl::roleMember,
         tenant,
         roles,
         Rate::perMinute100,
         "",
         {}},
        {"GET", "/open-apis/contact/v3/unit", &Impl::units, tenant, unit, Rate::standard, "", {}},
        {"GET",
         "/open-apis/contact/v3/unit/list_department",
         &Impl::unitDepts,
         tenant,
         unit,
         Rate::standard,
         "",
         {}},
        {"GET",
         "/open-apis/contact/v3/employee_type_enums",
         &Impl::employeeTypes,
         tenant,
         read,
         Rate::none,
         "",
         {}},
        {"GET",
         "/open-apis/contact/v3/job_titles",
         &Impl::jobTitles,
         tenant,
         titles,
         Rate::perMinute10,
         "",
         {}},
        {"GET",
         "/open-apis/contact/v3/job_titles/:job_title_id",
         &Impl::jobTitle,
         tenant,
         titles,
         Rate::perMinute10,
         "",
         {}},
        {"GET",
         "/open-apis/event/v1/outbound_ip",
         &Impl::outboundIps,
         tenant,
         {"event:ip_list"},
         Rate::standard,
         "",
         {}},
        {"GET", "/open-apis/authen/v1/authorize", &Impl::authorize, Gate::open, none, Rate::standard, "", {}},
        {"GET", "/open-apis/authen/v1/index", &Impl::authorize, Gate::open, none, Rate::standard, "", {}},
        {"GET",
         "/suite/passport/oauth/authorize",
         &Impl::authorize,
         Gate::open,
         none,
         Rate::standard,
         "",
         {}},
        {"POST",
         "/open-apis/authen/v2/oauth/token",
         &Impl::oauthToken,
         Gate::open,
         none,
         Rate::standard,
         "",
         {}},
        {"GET", "/open-apis/authen/v1/user_info", &Impl::userInfo, Gate::userToken, none, Rate::none, "", {}},
        {"POST",
         "/open-apis/authen/v1/oidc/access_token",
         &Impl::oidcToken,
         Gate::appToken,
         none,
         Rate::standard,
         "",
         {}},
        {"POST",
         "/open-apis/authen/v1/oidc/refresh_access_token",
         &Impl::oidcRefresh,
         Gate::appToken,
         none,
         Rate::standard,
         "",
         {}},
        {"POST",
         "/open-apis/authen/v1/access_token",
         &Impl::oldUserToken,
         Gate::appToken,
         none,
         Rate::none,
         "",
         {}},
    };
    for (Endpoint& endpoint : out) {
        endpoint.label = std::string(endpoint.method) + " " + std::string(endpoint.path);
        endpoint.segments = segments(endpoint.path);
    }
    return out;
}

CORPS_DECL std::string_view FeishuServer::Impl::route(const HttpRequest& request) {
    endpoint_ = nullptr;
    wrongMethod_ = false;
    std::string_view path = request.path;
    if (path.starts_with("/open-apis/auth/v3/") && path.ends_with('/')) {
        path.remove_suffix(1);  // SDKs and older documents write the token paths so
    }
    if (!path.starts_with('/')) {
        return "unknown";
    }
    const auto parts = detail::feishu::segments(path);
    for (const Endpoint& endpoint : endpoints_) {
        if (endpoint.segments.size() != parts.size() ||
            !std::equal(parts.begin(), parts.end(), endpoint.segments.begin(),
                        [](std::string_view part, std::string_view pattern) {
                            return pattern.starts_with(':') ? !part.empty() : part == pattern;
                        })) {
            continue;
        }
        if (endpoint.method != request.method) {
            wrongMethod_ = true;
            continue;
        }
        endpoint_ = &endpoint;
        pathParts_.clear();
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (endpoint.segments[i].starts_with(':')) {
                pathParts_.push_back(detail::percentDecode(parts[i], false));
            }
        }
        return endpoint.label;
    }
    return "unknown";
}

CORPS_DECL HttpReply FeishuServer::Impl::answer(const HttpRequest& request, const detail::Effects& effects) {
    if (endpoint_ == nullptr) {
        return wrongMethod_ ? failure(405, 99991301, "HTTP method mismatch")
                            : failure(404, 99991201, "path not found");
    }
    Call call{request, effects, pathParts_, "", "", ""};
    if (endpoint_->gate != Gate::open) {
        if (auto refused = checkToken(request, endpoint_->gate, effects, call)) {
            return std::move(*refused);
        }
        if (!endpoint_->scopes.empty() && !grantedAny(endpoint_->scopes)) {
            return scopeMissing("action_scope_required", endpoint_->scopes, call.appId);
        }
    }
    if (auto refused = checkRate(call)) {
        return std::move(*refused);
    }
    if (endpoint_->gate == Gate::tenantToken) {
        if (auto refused = checkIdTypes(call)) {
            return std::move(*refused);
        }
        call.view = &viewOf(call.appId);
        prepareRange();
    }
    return (this->*endpoint_->handler)(call);
}

CORPS_DECL bool FeishuServer::Impl::grantedAny(std::span<const std::string_view> scopes) const {
    return std::any_of(scopes.begin(), scopes.end(),
                       [this](std::string_view scope) { return granted(scope); });
}

CORPS_DECL std::optional<HttpReply> FeishuServer::Impl::checkToken(const HttpRequest& request, Gate gate,
                                                                   const detail::Effects& effects,
                                                                   Call& call) {
    constexpr std::string_view kBearer = "Bearer ";
    const std::string_view authorization = request.header("Authorization");
    if (!authorization.starts_with(kBearer) || authorization.size() == kBearer.size()) {
        return failure(400, 99991661,
                       "Missing access token for authorization. Please make a request with token attached.");
    }
    call.token = std::string(authorization.substr(kBearer.size()));
    const bool userLike = call.token.starts_with("u-") || call.token.starts_with("eyJ");
    if (!userLike && !call.token.starts_with("t-") && !call.token.starts_with("a-")) {
        return failure(400, 99991671, "Invalid access token: must start with t-/u-");
    }
    auto found = tokens_.find(call.token);
    if (effects.wrongToken) {
        return gate == Gate::appToken    ? failure(200, 20014, "The app access token passed is invalid.")
               : gate == Gate::userToken ? failure(400, 99991668, "tenant access token not support")
                                         : failure(400, 99991668, "user access token not support");
    }
    if (effects.expireToken && found != tokens_.end()) {
        if (const auto current = appTokens_.find(found->second.appId);
            current != appTokens_.end() && current->second.token == call.token) {
            appTokens_.erase(current);
        }
        found->second.expiresMs = core_.nowMs();
    }
    const bool expired = found != tokens_.end() && found->second.expiresMs <= core_.nowMs();
    const bool valid = found != tokens_.end() && !expired;
    const bool wantsUser = gate == Gate::userToken;
    if (valid && (found->second.kind == TokenKind::user) == wantsUser) {
        call.appId = found->second.appId;
        call.memberId = found->second.memberId;
        return std::nullopt;
    }
    if (gate == Gate::appToken) {
        return failure(200, 20014, "The app access token passed is invalid. Please check the value.");
    }
    if (wantsUser) {
        return expired
                   ? failure(400, 99991677, "Authentication token expired.")
                   : failure(200, 20005, "The user access token passed is invalid. Please check the value.");
    }
    if (valid) {
        return failure(400, 99991668, "user access token not support");
    }
    if (userLike) {
        return expired ? failure(400, 99991677, "Authentication token expired.")
                       : failure(400, 99991668, "Invalid access token for authorization.");
    }
    return failure(400, 99991663,
                   "Invalid access token for authorization. Please make a request with token attached.");
}

CORPS_DECL std::optional<HttpReply> FeishuServer::Impl::checkRate(const Call& call) {
    static constexpr std::array<detail::RateLimit, 2> kStandard{{{50, 1000}, {1000, 60'000}}};
    static constexpr std::array<detail::RateLimit, 1> kPerMinute100{{{100, 60'000}}};
    static constexpr std::array<detail::RateLimit, 1> kPerMinute10{{{10, 60'000}}};
    const std::array<detail::RateLimit, 1> own{{{options_.behaviour.ratePerSecond, 1000}}};
    std::span<const detail::RateLimit> limits;
    if (options_.behaviour.ratePerSecond > 0) {
        if (endpoint_->gate != Gate::open) {
            limits = own;
        }
    } else if (options_.behaviour.publishedRates) {
        switch (endpoint_->rate) {
            case Rate::none: break;
            case Rate::standard: limits = kStandard; break;
            case Rate::perMinute100: limits = kPerMinute100; break;
            case Rate::perMinute10: limits = kPerMinute10; break;
        }
    }
    if (limits.empty()) {
        return std::nullopt;
    }
    const auto refusal = rates_.count(call.appId + " " + endpoint_->label, limits, core_.nowMs());
    if (!refusal) {
        return std::nullopt;
    }
    core_.countRateLimited();
    return tooFast(429, refusal->limit, (refusal->waitMs + 999) / 1000, true);
}

CORPS_DECL std::optional<HttpReply> FeishuServer::Impl::checkIdTypes(Call& call) {
    const std::string_view user = call.request.parameter("user_id_type");
    if (user == "union_id") {
        call.userIds = UserIdType::unionId;
        if (!indexedUnionIds_) {
            indexedUnionIds_ = true;
            for (Index i = 0; i < directory_->organisation().userList.size(); ++i) {
                byUnionId_.emplace(unionIdOf(i), i);
            }
        }
    } else if (user == "user_id") {
        static constexpr std::array<std::string_view, 1> kNeeded{detail::feishu::kEmployeeId};
        if (!grantedAny(kNeeded)) {
            return scopeMissing("field_scope_required", kNeeded, call.appId);
        }
        call.userIds = UserIdType::userId;
    } else if (!user.empty() && user != "open_id") {
        return violation("user_id_type", user,
                         "user_id_type is optional, options: [open_id,union_id,user_id]");
    }
    const std::string_view dept = call.request.parameter("department_id_type");
    if (dept == "department_id") {
        call.deptIds = DeptIdType::custom;
    } else if (!dept.empty() && dept != "open_department_id") {
        return violation("department_id_type", dept,
                         "department_id_type is optional, options: [department_id,open_department_id]");
    }
    return std::nullopt;
}

// ---------------------------------------------------------------------------------------------------------------------------
// Answers

CORPS_DECL std::string FeishuServer::Impl::logId() {
    std::string out;
    detail::appendHex(out, detail::Hash128("log").add(secret_).add(++answers_).id());
    return out;
}

CORPS_DECL HttpReply FeishuServer::Impl::reply(int httpStatus, std::string body) {
    HttpReply out;
    out.status = httpStatus;
    out.body = std::move(body);
    std::string id = logId();
    out.headers = {{"X-Request-Id", id}, {"X-Tt-Logid", std::move(id)}};
    return out;
}

CORPS_DECL HttpReply FeishuServer::Impl::success(std::string_view data) {
    std::string body = R"({"code":0,"msg":"success","data":)";
    body += data;
    body += '}';
    return reply(200, std::move(body));
}

CORPS_DECL HttpReply FeishuServer::Impl::failure(int httpStatus, std::int64_t code, std::string_view msg,
                                                 std::string_view error) {
    HttpReply out = reply(httpStatus, "");
    out.body = "{\"code\":";
    detail::appendNumber(out.body, code);
    out.body += ",\"msg\":";
    detail::appendJson(out.body, msg);
    out.body += ",\"error\":{\"log_id\":";
    detail::appendJson(out.body, out.headers.back().second);
    if (!error.empty()) {
        out.body += ',';
        out.body += error;
    }
    out.body += "}}";
    return out;
}

CORPS_DECL HttpReply FeishuServer::Impl::violation(std::string_view field, std::string_view value,
                                                   std::string_view description) {
    std::string error = "\"field_violations\":[{\"field\":";
    detail::appendJson(error, field);
    error += ",\"value\":";
    detail::appendJson(error, detail::quotable(value));
    error += ",\"description\":";
    detail::appendJson(error, description);
    error += "}]";
    return failure(400, 99992402, "field validation failed", error);
}

CORPS_DECL HttpReply FeishuServer::Impl::scopeMissing(std::string_view type,
                                                      std::span<const std::string_view> scopes,
                                                      const std::string& appId) {
    std::string names;
    std::string violations;
    std::string query;
    for (const std::string_view scope : scopes) {
        names += names.empty() ? "" : ", ";
        names += scope;
        query += query.empty() ? "" : ",";
        query += scope;
        violations += violations.empty() ? "{\"type\":" : ",{\"type\":";
        detail::appendJson(violations, type);
        violations += ",\"subject\":";
        detail::appendJson(violations, scope);
        violations += '}';
    }
    std::string error = "\"permission_violations\":[" + violations + "],\"helps\":[{\"url\":";
    detail::appendJson(error, "https://open.feishu.cn/app/" + detail::quotable(appId) + "/auth?q=" + query +
                                  "&op_from=openapi");
    error += ",\"description\":\"apply for the scope\"}]";
    return failure(400, 99991672, "Access denied. One of the following scopes is required: [" + names + "].",
                   error);
}

CORPS_DECL HttpReply FeishuServer::Impl::tooFast(int httpStatus, std::uint32_t limit,
                                                 std::int64_t waitSeconds, bool headers) {
    HttpReply out = reply(httpStatus, R"({"code":99991400,"msg":"request trigger frequency limit"})");
    if (headers) {
        out.headers.emplace_back("x-ogw-ratelimit-limit", std::to_string(limit));
        out.headers.emplace_back("x-ogw-ratelimit-reset", std::to_string(waitSeconds));
    }
    return out;
}

CORPS_DECL HttpReply FeishuServer::Impl::tooFast(const Fault& fault) {
    return tooFast(fault.httpStatus == 0 ? 429 : fault.httpStatus, 50, fault.resetSeconds, fault.headers);
}

CORPS_DECL HttpReply FeishuServer::Impl::unknownUser(const Call& call, std::string_view id) {
    const std::string_view type = call.userIds == UserIdType::openId   ? "open_id"
                                  : call.userIds == UserIdType::userId ? "user_id"
                                                                       : "union_id";
    std::int64_t code = call.userIds == UserIdType::openId   ? 99992351
                        : call.userIds == UserIdType::userId ? 99992360
                                                             : 99992363;
    if (call.userIds == UserIdType::openId) {
        for (const auto& other : views_) {
            if (other.get() != call.view && findId(other->byUser, "ou_", id) != kNone) {
                code = 99992361;  // another app's
            }
        }
    }
    const std::string_view example =
        call.userIds == UserIdType::openId   ? "ou_00000000000000000000000000000001"
        : call.userIds == UserIdType::userId ? "u0000001"
                                             : "on_00000000000000000000000000000001";
    return failure(400, code,
                   "The request you send is not a valid {" + std::string(type) +
                       "} or not exists, and the example value is {" + std::string(example) +
                       "}. Invalid ids: [" + detail::quotable(id) + "]");
}

CORPS_DECL HttpReply FeishuServer::Impl::unknownDept(const Call& call, std::string_view id) {
    const bool open = call.deptIds == DeptIdType::openId;
    return failure(400, open ? 99992357 : 99992380,
                   std::string("The request you send is not a valid {") +
                       (open ? "open_department_id" : "department_id") +
                       "} or not exists, and the example value is {" +
                       (open ? "od-0000000000000000000000000000000a" : "D096") + "}. Invalid ids: [" +
                       detail::quotable(id) + "]");
}

// ---------------------------------------------------------------------------------------------------------------------------
// Ids

CORPS_DECL detail::Id128 FeishuServer::Impl::derive(std::string_view what, std::string_view appId,
                                                    std::string_view corpId, std::string_view id) noexcept {
    return detail::Hash128(what).add(appId).add(corpId).add(id).id();
}

CORPS_DECL const FeishuServer::Impl::View& FeishuServer::Impl::viewOf(const std::string& appId) {
    for (const auto& view : views_) {
        if (view->appId == appId) {
            return *view;
        }
    }
    constexpr std::size_t kMostViews = 8;  // each costs some 50 bytes a member
    if (views_.size() == kMostViews) {
        views_.erase(views_.begin());
    }
    auto view = std::make_unique<View>();
    view->appId = appId;
    const Organisation& organisation = directory_->organisation();
    for (Index i = 0; i < organisation.userList.size(); ++i) {
        view->users.push_back(
            derive("open_id", appId, organisation.corpId, organisation.userList[i].memberId));
        view->byUser.emplace_back(view->users.back(), i);
    }
    for (Index i = 0; i < organisation.deptList.size(); ++i) {
        view->depts.push_back(
            derive("open_department_id", appId, organisation.corpId, organisation.deptList[i].deptId));
        if (i != directory_->root()) {
            view->byDept.emplace_back(view->depts.back(), i);
        }
    }
    std::sort(view->byUser.begin(), view->byUser.end());
    std::sort(view->byDept.begin(), view->byDept.end());
    views_.push_back(std::move(view));
    return *views_.back();
}

CORPS_DECL std::string FeishuServer::Impl::openUserId(std::string_view appId,
                                                      std::string_view memberId) const {
    std::string out = "ou_";
    detail::appendHex(out, derive("open_id", appId, directory_->organisation().corpId, memberId));
    return out;
}

CORPS_DECL std::string FeishuServer::Impl::openDepartmentId(std::string_view appId,
                                                            std::string_view deptId) const {
    if (directory_->dept(directory_->root()).deptId == deptId) {
        return "0";
    }
    std::string out = "od-";
    detail::appendHex(out, derive("open_department_id", appId, directory_->organisation().corpId, deptId));
    return out;
}

CORPS_DECL std::string FeishuServer::Impl::unionIdOf(const detail::Directory& directory, Index member) {
    const Member& person = directory.member(member);
    if (!person.unionId.empty()) {
        return person.unionId;
    }
    std::string out = "on_";
    detail::appendHex(out, derive("union_id", "", directory.organisation().corpId, person.memberId));
    return out;
}

CORPS_DECL void FeishuServer::Impl::appendUserId(std::string& out, const Call& call, Index member) const {
    switch (call.userIds) {
        case UserIdType::openId:
            out += "\"ou_";
            detail::appendHex(out, call.view->users[member]);
            out += '"';
            break;
        case UserIdType::unionId: detail::appendJson(out, unionIdOf(member)); break;
        case UserIdType::userId: detail::appendJson(out, directory_->member(member).memberId); break;
    }
}

CORPS_DECL void FeishuServer::Impl::appendDeptId(std::string& out, const Call& call, Index dept) const {
    if (dept == directory_->root()) {
        out += "\"0\"";
    } else if (call.deptIds == DeptIdType::openId) {
        out += "\"od-";
        detail::appendHex(out, call.view->depts[dept]);
        out += '"';
    } else {
        detail::appendJson(out, directory_->dept(dept).deptId);
    }
}

CORPS_DECL FeishuServer::Impl::Index FeishuServer::Impl::findId(
    const std::vector<std::pair<detail::Id128, Index>>& ids, std::string_view prefix,
    std::string_view text) noexcept {
    if (!text.starts_with(prefix)) {
        return kNone;
    }
    const auto id = detail::parseHex(text.substr(prefix.size()));
    if (!id) {
        return kNone;
    }
    const auto found = std::lower_bound(ids.begin(), ids.end(), std::pair<detail::Id128, Index>(*id, 0));
    return found != ids.end() && found->first == *id ? found->second : kNone;
}

CORPS_DECL FeishuServer::Impl::Index FeishuServer::Impl::findUser(const Call& call,
                                                                  std::string_view id) const {
    switch (call.userIds) {
        case UserIdType::openId: return findId(call.view->byUser, "ou_", id);
        case UserIdType::userId: return directory_->findMember(id);
        case UserIdType::unionId: break;
    }
    const auto found = byUnionId_.find(std::string(id));
    return found == byUnionId_.end() ? kNone : found->second;
}

CORPS_DECL FeishuServer::Impl::Index FeishuServer::Impl::findDept(const Call& call,
                                                                  std::string_view id) const {
    if (id == "0") {
        return directory_->root();
    }
    if (call.deptIds == DeptIdType::openId) {
        return findId(call.view->byDept, "od-", id);
    }
    const Index found = directory_->findDept(id);
    return found == directory_->root() ? kNone
                                       : found;  // the root has one id here, whatever the file calls it
}

CORPS_DECL bool FeishuServer::Impl::wasDept(const Call& call, std::string_view id) const {
    if (call.deptIds == DeptIdType::custom) {
        return formerDepts_.contains(id);
    }
    return std::any_of(formerDepts_.begin(), formerDepts_.end(),
                       [&](const std::string& former) { return openDepartmentId(call.appId, former) == id; });
}

// ---------------------------------------------------------------------------------------------------------------------------
// Contact range

CORPS_DECL void FeishuServer::Impl::prepareRange() {
    if (!rangePrepared_) {
        rangePrepared_ = true;
        const FeishuContactRange& range = options_.behaviour.range;
        range_ = detail::VisibleRange(*directory_, range.all, range.deptIds, range.memberIds, "0");
    }
}

// ---------------------------------------------------------------------------------------------------------------------------
// Lists

CORPS_DECL std::optional<HttpReply> FeishuServer::Impl::readBool(const Call& call, std::string_view name,
                                                                 bool& out) {
    const std::string_view text = call.request.parameter(name);
    // The official SDK for Python writes them with a capital.
    if (text == "true" || text == "True") {
        out = true;
    } else if (text == "false" || text == "False") {
        out = false;
    } else if (!text.empty()) {
        return violation(name, text, "expected true or false");
    }
    return std::nullopt;
}

CORPS_DECL std::optional<HttpReply> FeishuServer::Impl::readPage(const Call& call, const PageRules& rules,
                                                                 std::string key, Page& page) {
    const std::string_view sizeText = call.request.parameter("page_size");
    std::int64_t size = rules.standard;
    if (!sizeText.empty()) {
        const auto number = detail::parseNumber<std::int64_t>(sizeText);
        if (!number) {
            return violation("page_size", sizeText, "expected a number");
        }
        if (*number < rules.smallest || *number > rules.largest) {
            return failure(400, rules.sizeCode,
                           rules.sizeCode == 40011 ? "page size is invalid" : "param error");
        }
        size = *number == 0 ? rules.standard : *number;
    }
    page.size = static_cast<std::size_t>(size);
    if (options_.behaviour.pageLimit != 0) {
        page.size = std::min(page.size, options_.behaviour.pageLimit);
    }
    page.key = std::move(key);
    page.token = std::string(call.request.parameter("page_token"));
    if (page.token.empty()) {
        return std::nullopt;
    }
    const auto invalid = [&] {
        return failure(400, rules.tokenCode,
                       rules.tokenCode == 40012 ? "page token is invalid" : "invalid page_token");
    };
    const auto bytes = detail::base64Decode(page.token);
    if (!bytes || bytes->size() != 32) {
        return invalid();
    }
    // The token is made again from what it says; only one that this server made for this list comes out the
    // same.
    const auto number = [&](std::size_t at) {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < 8; ++i) {
            value = (value << 8U) | static_cast<unsigned char>((*bytes)[at + i]);
        }
        return value;
    };
    const std::uint64_t mask = number(6);
    const std::uint64_t offset = number(14) ^ detail::mix64(mask);
    const std::uint64_t issued = number(22) ^ detail::mix64(mask + 1);
    const detail::Id128 mac = detail::Hash128("page").add(secret_).add(page.key).add(offset).add(issued).id();
    if (mac.high != mask || static_cast<unsigned char>((*bytes)[30]) != (mac.low & 255U) ||
        static_cast<unsigned char>((*bytes)[31]) != ((mac.low >> 8U) & 255U)) {
        return invalid();
    }
    if (core_.nowMs() - static_cast<std::int64_t>(issued) >
        std::chrono::milliseconds(options_.pageTokenLifetime).count()) {
        return failure(400, rules.expiredCode,
                       rules.expiredCode == 40012 ? "page token is invalid"
                                                  : "page_token does not exist or has expired");
    }
    page.begin = static_cast<std::size_t>(offset);
    return std::nullopt;
}

CORPS_DECL std::string FeishuServer::Impl::pageToken(const Page& page, std::size_t offset) const {
    const auto issued = static_cast<std::uint64_t>(core_.nowMs());
    const detail::Id128 mac = detail::Hash128("page")
                                  .add(secret_)
                                  .add(page.key)
                                  .add(static_cast<std::uint64_t>(offset))
                                  .add(issued)
                                  .id();
    // Starts as "AQD9/R+c": with a slash and a plus, as clients must be ready to send them back.
    std::string bytes("\x01\x00\xfd\xfd\x1f\x9c", 6);
    const auto add = [&](std::uint64_t value) {
        for (int i = 7; i >= 0; --i) {
            bytes.push_back(static_cast<char>((value >> (8U * static_cast<unsigned>(i))) & 255U));
        }
    };
    add(mac.high);
    add(static_cast<std::uint64_t>(offset) ^ detail::mix64(mac.high));
    add(issued ^ detail::mix64(mac.high + 1));
    bytes.push_back(static_cast<char>(mac.low & 255U));
    bytes.push_back(static_cast<char>((mac.low >> 8U) & 255U));
    return detail::base64Encode(bytes);
}

CORPS_DECL std::span<const FeishuServer::Impl::Index> FeishuServer::Impl::arranged(
    std::span<const Index> items, std::string_view key, bool recursive) {
    const bool reversed = recursive && options_.behaviour.parentsAfterChildren;
    if (!reversed && !options_.behaviour.shuffle) {
        return items;
    }
    scratch_.assign(items.begin(), items.end());
    if (options_.behaviour.shuffle) {
        detail::shuffle(scratch_, key, *options_.behaviour.shuffle);
    } else {
        std::reverse(scratch_.begin(), scratch_.end());
    }
    return scratch_;
}

template <class Append>
HttpReply FeishuServer::Impl::list(const Call& call, const Page& page, std::string_view name,
                                   std::size_t total, Append append, bool alwaysToken) {
    const FeishuBehaviour& behaviour = options_.behaviour;
    std::size_t begin = std::min(page.begin, total);
    std::size_t end = std::min(
        total, begin + (behaviour.shortPages ? std::max<std::size_t>(1, page.size * 2 / 3) : page.size));
    bool more = end < total;
    if (call.effects.emptySuccess) {
        begin = end;
        more = false;
    }
    std::string data = "{\"has_more\":";
    data.reserve(128 + (end - begin) * 1024);
    std::string token;
    if (call.effects.repeatCursor) {
        more = true;
        token = page.token.empty() ? pageToken(page, 0) : page.token;
    } else if (more || alwaysToken || behaviour.tokenOnLastPage) {
        token = pageToken(page, end);
    }
    data += more ? "true" : "false";
    if (!token.empty()) {
        data += ",\"page_token\":";
        detail::appendJson(data, token);
    }
    if (begin < end || !behaviour.omitEmptyItems) {
        data += ",\"";
        data += name;
        data += "\":[";
        for (std::size_t i = begin; i < end; ++i) {
            if (i != begin) {
                data += ',';
            }
            append(data, i);
        }
        data += ']';
    }
    data += '}';
    return success(data);
}

CORPS_DECL void FeishuServer::Impl::appendDept(std::string& out, const Call& call, Index dept) const {
    using detail::appendJson;
    using detail::appendNumber;
    const detail::Directory& directory = *directory_;
    const std::int64_t people = options_.behaviour.countOutsideLeaders ? directory.peopleAndLeadersBelow(dept)
                                                                       : directory.peopleBelow(dept);
    if (dept == directory.root()) {
        out += "{\"open_department_id\":\"0\"";
        if (fields_.deptBase) {
            out += ",\"department_id\":\"0\",\"name\":\"\"";
        }
        if (fields_.deptOrganize) {
            out += ",\"member_count\":";
            appendNumber(out, people);
            out += ",\"primary_member_count\":";
            appendNumber(out, directory.primaryBelow(dept));
        }
        out += '}';
        return;
    }
    const Dept& record = directory.dept(dept);
    const auto& leaders = directory.leaders(dept);
    out += '{';
    if (fields_.deptBase) {
        out += "\"name\":";
        appendJson(out, record.name);
        out += ",\"i18n_name\":{\"zh_cn\":";
        appendJson(out, record.name);
        out += "},\"department_id\":";
        appendJson(out, record.deptId);
        out += ',';
    }
    if (fields_.deptOrganize) {
        out += "\"parent_department_id\":";
        appendDeptId(out, call, directory.parent(dept));
        out += ",\"leader_user_id\":";
        if (leaders.empty()) {
            out += "\"\"";
        } else {
            appendUserId(out, call, leaders.front());
        }
        out += ",\"order\":\"";
        appendNumber(out, static_cast<std::uint64_t>(record.order) + orderShift_);
        out += "\",\"unit_ids\":[],\"member_count\":";
        appendNumber(out, people);
        out += ",\"primary_member_count\":";
        appendNumber(out, directory.primaryBelow(dept));
        out += ',';
    }
    out += "\"open_department_id\":\"od-";
    detail::appendHex(out, call.view->depts[dept]);
    out += '"';
    if (fields_.deptBase) {
        out += ",\"status\":{\"is_deleted\":false}";
    }
    out += ",\"leaders\":[";
    for (std::size_t i = 0; i < leaders.size(); ++i) {
        out += i == 0 ? "{\"leaderType\":1" : ",{\"leaderType\":2";
        if (fields_.deptOrganize) {
            out += ",\"leaderID\":";
            appendUserId(out, call, leaders[i]);
        }
        out += '}';
    }
    out += "],\"group_chat_employee_types\":[]";
    if (fields_.deptHrbp) {
        out += ",\"department_hrbps\":[]";
    }
    out += '}';
}

CORPS_DECL void FeishuServer::Impl::appendStatus(std::string& out, const Member& member) {
    const bool active = member.status == 1;
    const auto flag = [&](const char* name, bool value) {
        out += name;
        out += value ? "true" : "false";
    };
    flag("{\"is_frozen\":", active && member.upstreamStatus == "frozen");
    flag(",\"is_resigned\":", !active);
    flag(",\"is_activated\":",
         active && member.upstreamStatus != "unactivated" && member.upstreamStatus != "unjoined");
    flag(",\"is_exited\":", active && member.upstreamStatus == "exited");
    flag(",\"is_unjoin\":", active && member.upstreamStatus == "unjoined");
    out += '}';
}

CORPS_DECL void FeishuServer::Impl::appendMobile(std::string& out, const Member& member,
                                                 bool countryCode) const {
    std::string_view phone = member.phone;
    if (!countryCode && phone.starts_with("+86")) {
        phone.remove_prefix(3);
    }
    detail::appendJson(out, phone);
}

/** The departments of a member as the app is told, with the member's place in each; none in the root that
 * nothing says. */
CORPS_DECL FeishuServer::Impl::Places FeishuServer::Impl::placesOf(const detail::Directory& directory,
                                                                   const detail::VisibleRange& range,
                                                                   const Member& member) const {
    const FeishuBehaviour& behaviour = options_.behaviour;
    Places out;
    if (member.status != 1) {
        return out;
    }
    for (const Membership& place : member.departments) {
        const Index dept = directory.findDept(place.deptId);
        if ((dept != directory.root() || !behaviour.rootMembersHaveNoDept) &&
            (!behaviour.hideDeptsOutOfRange || range.dept(dept))) {
            out.emplace_back(dept, &place);
        }
    }
    if (member.departments.empty() && !behaviour.rootMembersHaveNoDept) {
        out.emplace_back(directory.root(), nullptr);
    }
    return out;
}

template <class AppendDept>
void FeishuServer::Impl::appendOrders(std::string& out, const Places& places, const Member& member,
                                      AppendDept append) {
    const std::size_t primary = detail::Directory::primaryOf(member);
    out += '[';
    for (std::size_t i = 0; i < places.size(); ++i) {
        const Membership* place = places[i].second;
        const bool isPrimary = place == nullptr || place == &member.departments[primary];
        const std::int64_t order = place == nullptr ? 0 : place->order;
        out += i == 0 ? "{\"department_id\":" : ",{\"department_id\":";
        append(out, places[i].first);
        // Here the larger one comes first.
        out += ",\"user_order\":";
        detail::appendNumber(out, order == INT64_MIN ? INT64_MAX : -order);
        out += ",\"department_order\":";
        detail::appendNumber(out, isPrimary ? (places.size() + 1) * 100 : (places.size() - i) * 100);
        out += isPrimary ? ",\"is_primary_dept\":true}" : ",\"is_primary_dept\":false}";
    }
    out += ']';
}

CORPS_DECL void FeishuServer::Impl::appendUser(std::string& out, const Call& call, Index index,
                                               bool single) const {
    using detail::appendJson;
    using detail::appendNumber;
    const detail::Directory& directory = *directory_;
    const Member& member = directory.member(index);
    const bool active = member.status == 1;
    out += "{\"union_id\":";
    appendJson(out, unionIdOf(index));
    if (fields_.userId) {
        out += ",\"user_id\":";
        appendJson(out, member.memberId);
    }
    out += ",\"open_id\":\"ou_";
    detail::appendHex(out, call.view->users[index]);
    out += '"';
    if (fields_.userBase) {
        out += ",\"name\":";
        appendJson(out, member.nick);
        out += ",\"en_name\":\"\",\"nickname\":\"\"";
    }
    if (fields_.email) {
        out += ",\"email\":";
        appendJson(out, member.email);
    }
    if (fields_.phone) {
        out += ",\"mobile\":";
        appendMobile(out, member, options_.behaviour.mobileWithCountryCode);
    }
    out += ",\"mobile_visible\":true";
    if (fields_.gender) {
        out += ",\"gender\":";
        appendNumber(out, member.gender);
    }
    if (fields_.userBase) {
        out += ",\"avatar\":{\"avatar_72\":";
        appendJson(out, member.photo);
        out += ",\"avatar_240\":";
        appendJson(out, member.photo);
        out += ",\"avatar_640\":";
        appendJson(out, member.photo);
        out += ",\"avatar_origin\":";
        appendJson(out, member.photo);
        out += '}';
    }
    if (fields_.employee) {
        out += ",\"status\":";
        appendStatus(out, member);
    }
    if (fields_.userDept) {
        const Places places = placesOf(directory, range_, member);
        out += ",\"department_ids\":[";
        for (std::size_t i = 0; i < places.size(); ++i) {
            if (i != 0) {
                out += ',';
            }
            appendDeptId(out, call, places[i].first);
        }
        out += "],\"leader_user_id\":\"\",\"orders\":";
        appendOrders(out, places, member, [&](std::string& to, Index dept) { appendDeptId(to, call, dept); });
    }
    if (fields_.employee) {
        out += R"(,"city":"","country":"","work_station":"")";
        if (const auto day = detail::parseDate(member.hiredDate)) {
            out += ",\"join_time\":";
            appendNumber(out, *day * 86'400 - 8 * 3'600);  // midnight in China
        }
        out += directory.isAdmin(index) && active ? ",\"is_tenant_manager\":true"
                                                  : ",\"is_tenant_manager\":false";
        out += R"(,"employee_type":1,"custom_attrs":[],"enterprise_email":"","job_title":)";
        appendJson(out, member.position);
    }
    if (fields_.employeeNo) {
        out += ",\"employee_no\":";
        appendJson(out, member.jobNumber);
    }
    if (!single) {
        out += active && member.upstreamStatus == "frozen" ? ",\"is_frozen\":true" : ",\"is_frozen\":false";
    }
    if (fields_.geo) {
        out += ",\"geo\":\"cn\"";
    }
    if (fields_.jobLevel) {
        out += ",\"job_level_id\":\"\"";
    }
    if (fields_.jobFamily) {
        out += ",\"job_family_id\":\"\"";
    }
    if (fields_.dottedLine) {
        out += ",\"dotted_line_leader_user_ids\":[]";
    }
    if (single && fields_.assignInfo) {
        out += ",\"assign_info\":[]";
    }
    out += '}';
}

CORPS_DECL HttpReply FeishuServer::Impl::deptList(const Call& call, Index dept, bool recursive,
                                                  const Page& page) {
    std::span<const Index> items = directory_->children(dept);
    if (recursive) {
        const std::size_t begin = directory_->position(dept) + 1;
        const std::size_t count = directory_->subtreeEnd(dept) - begin;
        if (options_.behaviour.recursionLimit != 0 && count > options_.behaviour.recursionLimit) {
            return failure(400, 43010, "big dept forbid recursion error");
        }
        items = std::span<const Index>(directory_->preorder()).subspan(begin, count);
    }
    items = arranged(items, page.key, recursive);
    return list(call, page, "items", items.size(),
                [&](std::string& out, std::size_t i) { appendDept(out, call, items[i]); });
}

CORPS_DECL HttpReply FeishuServer::Impl::userList(const Call& call, std::span<const Index> members,
                                                  const Page& page) {
    members = arranged(members, page.key, false);
    return list(call, page, "items", members.size(),
                [&](std::string& out, std::size_t i) { appendUser(out, call, members[i], false); });
}

// ---------------------------------------------------------------------------------------------------------------------------
// Contacts. Each function stands for the page of its name in Feishu's documentation (contact-v3).

CORPS_DECL HttpReply FeishuServer::Impl::tenantQuery(const Call& call) {
    if (call.effects.emptySuccess) {
        return success("{}");
    }
    const Organisation& organisation = directory_->organisation();
    const detail::Id128 id = detail::Hash128("tenant").add(organisation.corpId).id();
    std::string data = "{\"tenant\":{\"name\":";
    detail::appendJson(data, organisation.corpName);
    data += ",\"display_id\":\"F";
    detail::appendNumber(data, 100'000'000 + id.low % 900'000'000);
    data += "\",\"tenant_tag\":0,\"tenant_key\":";
    detail::appendJson(data, organisation.corpId);
    data += R"(,"avatar":{"avatar_origin":"","avatar_72":"","avatar_240":"","avatar_640":""})";
    if (granted("tenant:tenant.domain:read")) {
        data += ",\"domain\":\"example.feishu.cn\"";
    }
    data += "}}";
    return success(data);
}

CORPS_DECL HttpReply FeishuServer::Impl::deptChildren(const Call& call) {
    const std::string& id = call.path[0];
    if (id.size() > 64) {
        return violation("department_id", id, "the max len is 64");
    }
    bool recursive = false;
    if (auto refused = readBool(call, "fetch_child", recursive)) {
        return std::move(*refused);
    }
    Page page;
    if (auto refused = readPage(call, {10, 1, 50},
                                "children " + call.appId + " " + id + (recursive ? " all" : ""), page)) {
        return std::move(*refused);
    }
    const Index dept = findDept(call, id);
    if (dept == kNone) {
        return wasDept(call, id) ? failure(400, 40008, "dept info is null") : unknownDept(call, id);
    }
    if (dept == directory_->root() ? !wholeRange() : !deptVisible(dept)) {
        return dept == directory_->root() ? noDeptAuthority()
                                          : failure(403, 40014, "no parent dept authority");
    }
    return deptList(call, dept, recursive, page);
}

CORPS_DECL HttpReply FeishuServer::Impl::deptGet(const Call& call) {
    const std::string& id = call.path[0];
    if (id.size() > 64) {
        return violation("department_id", id, "the max len is 64");
    }
    const Index dept = findDept(call, id);
    if (dept == kNone) {
        return wasDept(call, id) ? failure(400, 40015, "department not exist") : unknownDept(call, id);
    }
    if (!deptVisible(dept)) {
        return noDeptAuthority();
    }
    if (call.effects.emptySuccess) {
        return success("{}");
    }
    std::string data = "{\"department\":";
    appendDept(data, call, dept);
    return success(data + "}");
}

CORPS_DECL HttpReply FeishuServer::Impl::deptBatch(const Call& call) {
    std::vector<Index> found;
    std::size_t asked = 0;
    for (const auto& [name, value] : call.request.query) {
        if (name == "department_ids") {
            ++asked;
            const Index dept = findDept(call, value);
            if (dept != kNone && deptVisible(dept) &&
                std::find(found.begin(), found.end(), dept) == found.end()) {
                found.push_back(dept);
            }
        }
    }
    if (asked == 0) {
        return violation("department_ids", "", "department_ids is required");
    }
    if (asked > 50) {
        return failure(400, 40011, "page size is invalid");
    }
    std::string data = "{";
    if (!call.effects.emptySuccess && (!found.empty() || !options_.behaviour.omitEmptyItems)) {
        data += "\"items\":[";
        for (std::size_t i = 0; i < found.size(); ++i) {
            data += i == 0 ? "" : ",";
            appendDept(data, call, found[i]);
        }
        data += "]";
    }
    return success(data + "}");
}

CORPS_DECL HttpReply FeishuServer::Impl::deptParents(const Call& call) {
    const std::string_view id = call.request.parameter("department_id");
    if (id.empty()) {
        return violation("department_id", "", "department_id is required");
    }
    Page page;
    if (auto refused = readPage(call, {20, 1, 50}, "parent " + call.appId + " " + std::string(id), page)) {
        return std::move(*refused);
    }
    const Index dept = findDept(call, id);
    if (dept == kNone) {
        return unknownDept(call, id);
    }
    if (!deptVisible(dept)) {
        return noDeptAuthority();
    }
    std::vector<Index> chain;
    for (Index at = directory_->parent(dept); at != kNone && at != directory_->root();
         at = directory_->parent(at)) {
        if (deptVisible(at)) {
            chain.push_back(at);
        }
    }
    return list(call, page, "items", chain.size(),
                [&](std::string& out, std::size_t i) { appendDept(out, call, chain[i]); });
}

CORPS_DECL HttpReply FeishuServer::Impl::deptsOld(const Call& call) {
    const std::string id(call.request.parameter("parent_department_id"));
    bool recursive = false;
    if (auto refused = readBool(call, "fetch_child", recursive)) {
        return std::move(*refused);
    }
    Page page;
    if (auto refused = readPage(call, {10, 1, 50},
                                "departments " + call.appId + " " + id + (recursive ? " all" : ""), page)) {
        return std::move(*refused);
    }
    if (!id.empty()) {
        const Index dept = findDept(call, id);
        if (dept == kNone) {
            return unknownDept(call, id);
        }
        if (!deptVisible(dept)) {
            return noDeptAuthority();
        }
        return deptList(call, dept, recursive, page);
    }
    std::vector<Index> items;
    if (wholeRange()) {
        items.push_back(directory_->root());
    } else {
        std::set<Index> known;
        for (const std::string& top : options_.behaviour.range.deptIds) {
            const Index dept = directory_->findDept(top);
            if (dept == kNone) {
                continue;
            }
            const std::size_t end = recursive ? directory_->subtreeEnd(dept) : directory_->position(dept) + 1;
            for (std::size_t i = directory_->position(dept); i < end; ++i) {
                if (known.insert(directory_->preorder()[i]).second) {
                    items.push_back(directory_->preorder()[i]);
                }
            }
        }
    }
    return list(call, page, "items", items.size(),
                [&](std::string& out, std::size_t i) { appendDept(out, call, items[i]); });
}

CORPS_DECL HttpReply FeishuServer::Impl::usersByDept(const Call& call) {
    const std::string_view id = call.request.parameter("department_id");
    if (id.empty()) {
        return violation("department_id", "", "department_id is required");
    }
    Page page;
    if (auto refused = readPage(call, {10, 1, 50}, "users " + call.appId + " " + std::string(id), page)) {
        return std::move(*refused);
    }
    const Index dept = findDept(call, id);
    if (dept == kNone) {
        return unknownDept(call, id);
    }
    if (!deptVisible(dept)) {
        return noDeptAuthority();
    }
    return userList(call, directory_->directMembers(dept), page);
}

CORPS_DECL HttpReply FeishuServer::Impl::userBatch(const Call& call) {
    std::vector<Index> found;
    std::size_t asked = 0;
    for (const auto& [name, value] : call.request.query) {
        if (name == "user_ids") {
            ++asked;
            const Index member = findUser(call, value);
            if (member != kNone && userVisible(member) &&
                std::find(found.begin(), found.end(), member) == found.end()) {
                found.push_back(member);
            }
        }
    }
    if (asked == 0) {
        return violation("user_ids", "", "user_ids is required");
    }
    if (asked > 50) {
        return failure(400, 40001, "invalid parameter");
    }
    std::string data = "{";
    if (!call.effects.emptySuccess && (!found.empty() || !options_.behaviour.omitEmptyItems)) {
        data += "\"items\":[";
        for (std::size_t i = 0; i < found.size(); ++i) {
            data += i == 0 ? "" : ",";
            appendUser(data, call, found[i], false);
        }
        data += "]";
    }
    return success(data + "}");
}

CORPS_DECL HttpReply FeishuServer::Impl::userGet(const Call& call) {
    const Index member = findUser(call, call.path[0]);
    if (member == kNone) {
        return unknownUser(call, call.path[0]);
    }
    if (!userVisible(member)) {
        return noUserAuthority();
    }
    if (call.effects.emptySuccess) {
        return success("{}");
    }
    std::string data = "{\"user\":";
    appendUser(data, call, member, true);
    return success(data + "}");
}

CORPS_DECL HttpReply FeishuServer::Impl::userIdsByContact(const Call& call) {
    boost::json::value document;
    std::vector<std::string> emails;
    std::vector<std::string> mobiles;
    bool resigned = false;
    try {
        document =
            detail::parseJson<detail::ControlError>(call.request.body.empty() ? "{}" : call.request.body);
        const detail::ObjectReader<detail::ControlError> in(document, "");
        in.readStrings("emails", emails);
        in.readStrings("mobiles", mobiles);
        in.read("include_resigned", resigned);
    } catch (const detail::ControlError& error) {
        return violation("body", "", error.what());
    }
    if (emails.size() > 50 || mobiles.size() > 50) {
        return violation(emails.size() > 50 ? "emails" : "mobiles", "", "the max len is 50");
    }
    const auto bare = [](std::string_view phone) {
        return std::string(phone.starts_with("+86") ? phone.substr(3) : phone);
    };
    if (!indexedContacts_) {
        indexedContacts_ = true;
        for (Index i = 0; i < directory_->organisation().userList.size(); ++i) {
            const Member& member = directory_->member(i);
            // One who is active goes before one who left.
            const auto add = [&](std::unordered_map<std::string, Index>& map, const std::string& key) {
                if (!key.empty() && (!map.emplace(key, i).second && directory_->isActive(i) &&
                                     !directory_->isActive(map[key]))) {
                    map[key] = i;
                }
            };
            add(byEmail_, member.email);
            add(byMobile_, bare(member.phone));
        }
    }
    std::string data = "{\"user_list\":[";
    bool first = true;
    const auto entry = [&](const std::unordered_map<std::string, Index>& map, const std::string& key,
                           std::string_view name, const std::string& value) {
        data += first ? "{" : ",{";
        first = false;
        const auto found = map.find(key);
        const bool known = found != map.end() && userVisible(found->second) &&
                           (resigned || directory_->isActive(found->second));
        if (known) {
            data += "\"user_id\":";
            appendUserId(data, call, found->second);
            data += ',';
        }
        data += '"';
        data += name;
        data += "\":";
        detail::appendJson(data, value);
        if (known) {
            data += ",\"status\":";
            appendStatus(data, directory_->member(found->second));
        }
        data += '}';
    };
    for (const std::string& email : emails) {
        entry(byEmail_, email, "email", email);
    }
    for (const std::string& mobile : mobiles) {
        entry(byMobile_, bare(mobile), "mobile", mobile);
    }
    return success(data + "]}");
}

CORPS_DECL HttpReply FeishuServer::Impl::usersOld(const Call& call) {
    const std::string id(call.request.parameter("department_id"));
    Page page;
    if (auto refused = readPage(call, {10, 1, 100}, "old users " + call.appId + " " + id, page)) {
        return std::move(*refused);
    }
    if (!id.empty()) {
        const Index dept = findDept(call, id);
        if (dept == kNone) {
            return unknownDept(call, id);
        }
        if (!deptVisible(dept)) {
            return noDeptAuthority();
        }
        return userList(call, directory_->directMembers(dept), page);
    }
    // Those in the range by themselves, not through a department.
    std::vector<Index> alone;
    if (!wholeRange()) {
        for (const Index member : range_.named()) {
            const auto& places = directory_->member(member).departments;
            if (std::none_of(places.begin(), places.end(), [this](const Membership& place) {
                    return deptVisible(directory_->findDept(place.deptId));
                })) {
                alone.push_back(member);
            }
        }
    }
    return userList(call, alone, page);
}

CORPS_DECL HttpReply FeishuServer::Impl::membersInRange(const Call& call, const Page& page,
                                                        bool configuration) {
    const detail::Directory& directory = *directory_;
    const FeishuContactRange& range = options_.behaviour.range;
    std::vector<Index> users;
    std::vector<Index> depts;
    if (wholeRange()) {
        users = directory.directMembers(directory.root());
        depts = directory.children(directory.root());
    } else {
        for (const std::string& id : range.memberIds) {
            if (const Index member = directory.findMember(id); member != kNone) {
                users.push_back(member);
            }
        }
        for (const std::string& id : range.deptIds) {
            if (const Index dept = directory.findDept(id); dept != kNone) {
                depts.push_back(dept);
            }
        }
    }
    if (!configuration && !fields_.userId) {
        users.clear();
    }
    const std::size_t total = users.size() + depts.size() + range.groupIds.size();
    std::size_t begin = std::min(page.begin, total);
    const std::size_t end = std::min(total, begin + page.size);
    bool more = end < total;
    std::string token = more || options_.behaviour.tokenOnLastPage ? pageToken(page, end) : "";
    if (call.effects.emptySuccess) {
        begin = end;
        more = false;
    } else if (call.effects.repeatCursor) {
        more = true;
        token = page.token.empty() ? pageToken(page, 0) : page.token;
    }
    // One page holds so many ids in total, members first.
    std::string lists;
    const auto add = [&](std::string_view name, std::size_t from, std::size_t count, auto append) {
        const std::size_t first = std::max(begin, from);
        const std::size_t last = std::min(end, from + count);
        if (first >= last && options_.behaviour.omitEmptyItems) {
            return;
        }
        lists += lists.empty() ? "\"" : ",\"";
        lists += name;
        lists += "\":[";
        for (std::size_t i = first; i < last; ++i) {
            lists += i == first ? "" : ",";
            append(i - from);
        }
        lists += ']';
    };
    add(configuration ? "open_ids" : "user_ids", 0, users.size(),
        [&](std::size_t i) { appendUserId(lists, call, users[i]); });
    add("department_ids", users.size(), depts.size(),
        [&](std::size_t i) { appendDeptId(lists, call, depts[i]); });
    add("group_ids", users.size() + depts.size(), range.groupIds.size(),
        [&](std::size_t i) { detail::appendJson(lists, range.groupIds[i]); });
    std::string data = "{";
    if (configuration) {
        data += R"("contacts_range":{"contacts_scope_type":"some","visible_list":{)" + lists + "}}";
    } else {
        data += lists;
    }
    data += data.size() == 1 ? "\"has_more\":" : ",\"has_more\":";
    data += more ? "true" : "false";
    if (!token.empty()) {
        data += ",\"page_token\":";
        detail::appendJson(data, token);
    }
    return success(data + "}");
}

CORPS_DECL HttpReply FeishuServer::Impl::scopeList(const Call& call) {
    Page page;
    if (auto refused = readPage(call, {50, 1, 100}, "scopes " + call.appId, page)) {
        return std::move(*refused);
    }
    return membersInRange(call, page, false);
}

CORPS_DECL HttpReply FeishuServer::Impl::rangeConfiguration(const Call& call) {
    Page page;
    PageRules rules{50, 1, 100};
    rules.tokenCode = 210501;
    rules.expiredCode = 210500;
    rules.sizeCode = 99992402;
    if (auto refused = readPage(call, rules, "range " + call.appId, page)) {
        return std::move(*refused);
    }
    if (!call.path[0].starts_with("cli_") && call.path[0] != call.appId) {
        return failure(400, 210503, "invalid app_id");
    }
    if (call.path[0] != call.appId) {
        return failure(400, 210504, "no such app in tenant");
    }
    if (wholeRange()) {
        return success(R"({"contacts_range":{"contacts_scope_type":"all"},"has_more":false})");
    }
    return membersInRange(call, page, true);
}

CORPS_DECL void FeishuServer::Impl::appendRoleMember(std::string& out, const Call& call, Index member) const {
    out += "{\"user_id\":";
    appendUserId(out, call, member);
    out += ",\"scope_type\":\"None\"}";
}

CORPS_DECL HttpReply FeishuServer::Impl::roleMembers(const Call& call) {
    Page page;
    PageRules rules{20, 0, 100};
    rules.sizeCode = 40001;
    rules.tokenCode = 40001;
    rules.expiredCode = 40001;
    if (auto refused = readPage(call, rules, "role " + call.appId + " " + call.path[0], page)) {
        return std::move(*refused);
    }
    if (directory_->findRole(call.path[0]) == nullptr) {
        return failure(404, 41202, "role id is not exist");
    }
    std::vector<Index> members;
    for (const Index member : directory_->roleMembers(call.path[0])) {
        if (directory_->isActive(member)) {
            members.push_back(member);
        }
    }
    const auto items = arranged(members, page.key, false);
    return list(
        call, page, "members", items.size(),
        [&](std::string& out, std::size_t i) { appendRoleMember(out, call, items[i]); }, true);
}

CORPS_DECL HttpReply FeishuServer::Impl::roleMember(const Call& call) {
    if (directory_->findRole(call.path[0]) == nullptr) {
        return failure(404, 41202, "role id is not exist");
    }
    const Index member = findUser(call, call.path[1]);
    const auto& members = directory_->roleMembers(call.path[0]);
    if (member == kNone || !directory_->isActive(member) ||
        std::find(members.begin(), members.end(), member) == members.end()) {
        return failure(404, 41203, "member id is not exist");
    }
    std::string data = "{\"member\":";
    appendRoleMember(data, call, member);
    return success(data + "}");
}

CORPS_DECL HttpReply FeishuServer::Impl::roleCreate(const Call& call) {
    std::string name;
    try {
        const auto document = detail::parseJson<detail::ControlError>(call.request.body);
        detail::ObjectReader<detail::ControlError>(document, "").read("role_name", name);
    } catch (const detail::ControlError& error) {
        return violation("role_name", "", error.what());
    }
    const auto letters = std::count_if(
        name.begin(), name.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; });
    if (letters < 1 || letters > 50) {
        return violation("role_name", "", "the length must be 1 to 50");
    }
    const auto& roles = directory_->organisation().roleList;
    if (std::any_of(roles.begin(), roles.end(), [&](const Role& role) { return role.name == name; })) {
        return failure(400, 41201, "role name already exists");
    }
    if (roles.size() >= 500) {
        return failure(400, 41208, "too many roles");
    }
    std::string id;
    do {
        id = makeToken("", 15);
    } while (directory_->findRole(id) != nullptr);
    directory_->addRole(Role{id, "", name});
    return success("{\"role_id\":\"" + id + "\"}");
}

CORPS_DECL HttpReply FeishuServer::Impl::roleAddMembers(const Call& call) {
    std::vector<std::string> ids;
    try {
        const auto document = detail::parseJson<detail::ControlError>(call.request.body);
        detail::ObjectReader<detail::ControlError>(document, "").readStrings("members", ids);
    } catch (const detail::ControlError& error) {
        return violation("members", "", error.what());
    }
    if (ids.empty() || ids.size() > 100) {
        return violation("members", "", "the length must be 1 to 100");
    }
    const std::string& roleId = call.path[0];
    if (directory_->findRole(roleId) == nullptr) {
        return failure(404, 41202, "role id is not exist");
    }
    if (directory_->roleMembers(roleId).size() + ids.size() > 1000) {
        return failure(400, 41209, "too many members in the role");
    }
    std::string data = "{\"results\":[";
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const Index member = findUser(call, ids[i]);
        int reason = 1;
        if (member == kNone || !directory_->isActive(member)) {
            reason = 2;
        } else if (!userVisible(member)) {
            reason = 3;
        } else if (const auto& present = directory_->roleMembers(roleId);
                   std::find(present.begin(), present.end(), member) != present.end()) {
            reason = 4;
        } else {
            directory_->addRoleMember(roleId, member);
        }
        data += i == 0 ? "{\"user_id\":" : ",{\"user_id\":";
        detail::appendJson(data, ids[i]);
        data += ",\"reason\":";
        detail::appendNumber(data, reason);
        data += '}';
    }
    return success(data + "]}");
}

CORPS_DECL HttpReply FeishuServer::Impl::units(const Call& call) {
    Page page;
    if (auto refused = readPage(call, {50, 1, 100}, "units " + call.appId, page)) {
        return std::move(*refused);
    }
    return list(call, page, "unitlist", 0, [](std::string&, std::size_t) {});
}

CORPS_DECL HttpReply FeishuServer::Impl::unitDepts(const Call& call) {
    Page page;
    if (auto refused = readPage(call, {50, 1, 100}, "unit " + call.appId, page)) {
        return std::move(*refused);
    }
    // Units are a paid feature that organisation files do not know.
    return failure(400, 43051, "unit_id invalid");
}

CORPS_DECL HttpReply FeishuServer::Impl::employeeTypes(const Call& call) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kTypes{
        {{"Regular", "正式"},
         {"Intern", "实习"},
         {"Outsourced", "外包"},
         {"Contractor", "劳务"},
         {"Consultant", "顾问"}}};
    Page page;
    if (auto refused = readPage(call, {20, 1, 100}, "employee types " + call.appId, page)) {
        return std::move(*refused);
    }
    return list(call, page, "items", kTypes.size(), [&](std::string& out, std::size_t i) {
        std::string id;
        const detail::Id128 hash = detail::Hash128("employee type").add(static_cast<std::uint64_t>(i)).id();
        detail::appendHex(id, hash.high);
        out += "{\"enum_id\":";
        detail::appendJson(out, detail::base64Encode(id));
        out += ",\"enum_value\":\"";
        detail::appendNumber(out, i + 1);
        out += "\",\"content\":";
        detail::appendJson(out, kTypes[i].first);
        out += R"(,"enum_type":1,"enum_status":1,"i18n_content":[{"locale":"zh_cn","value":)";
        detail::appendJson(out, kTypes[i].second);
        out += "}]}";
    });
}

CORPS_DECL const std::vector<std::string>& FeishuServer::Impl::jobTitleNames() {
    if (!jobTitles_) {
        std::set<std::string> names;
        for (const Member& member : directory_->organisation().userList) {
            if (!member.position.empty()) {
                names.insert(member.position);
            }
        }
        jobTitles_.emplace(names.begin(), names.end());
    }
    return *jobTitles_;
}

namespace detail::feishu {

inline std::string jobTitleId(std::string_view name) {
    std::string out;
    appendHex(out, Hash128("job title").add(name).id().high, 12);
    return out;
}

inline void appendJobTitle(std::string& out, const std::string& name) {
    out += "{\"job_title_id\":\"" + jobTitleId(name) + "\",\"name\":";
    appendJson(out, name);
    out += R"(,"i18n_name":[{"locale":"zh_cn","value":)";
    appendJson(out, name);
    out += "}],\"status\":true}";
}

}  // namespace detail::feishu

CORPS_DECL HttpReply FeishuServer::Impl::jobTitles(const Call& call) {
    Page page;
    PageRules rules{10, 1, 50};
    rules.sizeCode = 40001;
    rules.tokenCode = 40001;
    rules.expiredCode = 40001;
    if (auto refused = readPage(call, rules, "job titles " + call.appId, page)) {
        return std::move(*refused);
    }
    const auto& names = jobTitleNames();
    return list(
        call, page, "items", names.size(),
        [&](std::string& out, std::size_t i) { detail::feishu::appendJobTitle(out, names[i]); }, true);
}

CORPS_DECL HttpReply FeishuServer::Impl::jobTitle(const Call& call) {
    for (const std::string& name : jobTitleNames()) {
        if (detail::feishu::jobTitleId(name) == call.path[0]) {
            std::string data = "{\"job_title\":";
            detail::feishu::appendJobTitle(data, name);
            return success(data + "}");
        }
    }
    return failure(400, 40001, "param error");
}

// ---------------------------------------------------------------------------------------------------------------------------
// Behaviour over the control calls

namespace detail::feishu {

template <class Behaviour, class Visitor>
void visit(Behaviour& b, Visitor& at) {
    at("scopes", b.scopes);
    at.range("range", b.range.all, [&b](auto& in) {
        in("deptIds", b.range.deptIds);
        in("memberIds", b.range.memberIds);
        in("groupIds", b.range.groupIds);
    });
    at("ratePerSecond", b.ratePerSecond);
    at("publishedRates", b.publishedRates);
    at("latencyMs", b.latency);
    at("recursionLimit", b.recursionLimit);
    at("pageLimit", b.pageLimit);
    at("shuffle", b.shuffle);
    at("omitEmptyItems", b.omitEmptyItems);
    at("tokenOnLastPage", b.tokenOnLastPage);
    at("shortPages", b.shortPages);
    at("parentsAfterChildren", b.parentsAfterChildren);
    at("rootMembersHaveNoDept", b.rootMembersHaveNoDept);
    at("hideDeptsOutOfRange", b.hideDeptsOutOfRange);
    at("countOutsideLeaders", b.countOutsideLeaders);
    at("mobileWithCountryCode", b.mobileWithCountryCode);
    at("denyLogin", b.denyLogin);
    at("loginMemberId", b.loginMemberId);
    at("callbackDeadlineMs", b.callbackDeadline);
    at("verificationDeadlineMs", b.verificationDeadline);
    at("signUnencrypted", b.signUnencrypted);
    at("freshTries", b.freshTries);
    at("oldUserWhole", b.oldUserWhole);
    at("eventsOfHiddenFields", b.eventsOfHiddenFields);
}

}  // namespace detail::feishu

CORPS_DECL std::string FeishuServer::Impl::behaviourJson() const {
    detail::BehaviourWriter out;
    detail::feishu::visit(options_.behaviour, out);
    return out.finish();
}

CORPS_DECL void FeishuServer::Impl::readBehaviour(const boost::json::value& json) {
    FeishuBehaviour next = options_.behaviour;
    detail::BehaviourReader in(json);
    detail::feishu::visit(next, in);
    setBehaviour(std::move(next));
}

// ---------------------------------------------------------------------------------------------------------------------------
// The public face

CORPS_DECL FeishuServer::FeishuServer(FeishuOptions options)
    : FeishuServer(std::move(options), detail::emptyOrganisation("0")) {}
CORPS_DECL FeishuServer::FeishuServer(FeishuOptions options, Organisation organisation)
    : Server(std::make_unique<Impl>(std::move(options), std::move(organisation))) {}

CORPS_DECL FeishuServer::Impl& FeishuServer::impl() const noexcept { return static_cast<Impl&>(*platform_); }

CORPS_DECL void FeishuServer::setBehaviour(FeishuBehaviour behaviour) {
    const std::lock_guard lock(impl().core().mutex());
    impl().setBehaviour(std::move(behaviour));
}

CORPS_DECL FeishuBehaviour FeishuServer::behaviour() const {
    const std::lock_guard lock(impl().core().mutex());
    return impl().options().behaviour;
}

CORPS_DECL std::string FeishuServer::openUserId(std::string_view appId, std::string_view memberId) const {
    const std::lock_guard lock(impl().core().mutex());
    return impl().openUserId(appId, memberId);
}

CORPS_DECL std::string FeishuServer::unionId(std::string_view memberId) const {
    const std::lock_guard lock(impl().core().mutex());
    const auto member = impl().directory().findMember(memberId);
    return member == detail::Directory::kNone ? std::string() : impl().unionIdOf(member);
}

CORPS_DECL std::string FeishuServer::openDepartmentId(std::string_view appId, std::string_view deptId) const {
    const std::lock_guard lock(impl().core().mutex());
    return impl().openDepartmentId(appId, deptId);
}

}  // namespace corps::emulator

#include <corps/emulator/impl/feishu_events.ipp>
#include <corps/emulator/impl/feishu_login.ipp>
