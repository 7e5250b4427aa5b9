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

#include <corps/emulator/impl/feishu_contacts.ipp>
#include <corps/emulator/impl/feishu_events.ipp>
#include <corps/emulator/impl/feishu_login.ipp>
#include <corps/emulator/impl/feishu_records.ipp>
#include <corps/emulator/impl/feishu_scopes.ipp>
