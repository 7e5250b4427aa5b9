#pragma once

#include <corps/emulator/dingtalk.hpp>
#include <corps/emulator/impl/behaviour_json.hpp>
#include <corps/emulator/impl/dingtalk_answers.ipp>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <random>

namespace corps::emulator {

namespace detail::dingtalk {

/** Whether a path fits a pattern in which a segment with a colon stands for any. */
inline bool matchPath(std::string_view pattern, std::string_view path, std::string& part) {
    const auto colon = pattern.find(':');
    if (colon == std::string_view::npos) {
        return pattern == path;
    }
    const std::string_view before = pattern.substr(0, colon);
    const auto slash = pattern.find('/', colon);
    const std::string_view after =
        slash == std::string_view::npos ? std::string_view{} : pattern.substr(slash);
    if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after)) {
        return false;
    }
    const std::string_view middle = path.substr(before.size(), path.size() - before.size() - after.size());
    if (middle.find('/') != std::string_view::npos) {
        return false;
    }
    part = percentDecode(middle, false);
    return true;
}

/** Time since 1970 that never runs backwards. */
inline std::function<std::chrono::milliseconds()> steadyTimeOfDay() {
    using std::chrono::duration_cast;
    using std::chrono::milliseconds;
    const auto shift = std::chrono::system_clock::now().time_since_epoch() -
                       duration_cast<std::chrono::system_clock::duration>(
                           std::chrono::steady_clock::now().time_since_epoch());
    return [shift] {
        return duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch() + shift);
    };
}

}  // namespace detail::dingtalk

CORPS_DECL std::vector<std::string> dingtalkPermissions() {
    return {detail::dingtalk::kPermissions.begin(), detail::dingtalk::kPermissions.end()};
}

CORPS_DECL DingTalkServer::Impl::Impl(DingTalkOptions options, Organisation organisation)
    : options_(std::move(options)),
      core_(*this, options_.clock ? options_.clock : detail::dingtalk::steadyTimeOfDay(), !options_.clock) {
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

CORPS_DECL void DingTalkServer::Impl::setBehaviour(DingTalkBehaviour behaviour) {
    const bool rolesChange = behaviour.defaultRoles != options_.behaviour.defaultRoles;
    options_.behaviour = std::move(behaviour);
    const DingTalkBehaviour& b = options_.behaviour;
    permissions_ = {b.permissions.begin(), b.permissions.end()};
    hidden_ = {b.hiddenDeptIds.begin(), b.hiddenDeptIds.end()};
    restricted_ = {b.restrictedMemberIds.begin(), b.restrictedMemberIds.end()};
    external_ = {b.externalUnionIds.begin(), b.externalUnionIds.end()};
    scopePrepared_ = false;
    rates_.clear();
    if (rolesChange && directory_) {
        prepareRoles();
    }
}

CORPS_DECL void DingTalkServer::Impl::prepareScope() {
    if (!scopePrepared_) {
        scopePrepared_ = true;
        const DingTalkContactScope& scope = options_.behaviour.scope;
        scope_ = detail::VisibleRange(*directory_, scope.all, scope.deptIds, scope.memberIds, "1");
    }
}

CORPS_DECL void DingTalkServer::Impl::replaceOrganisation(Organisation organisation) {
    auto next = std::make_unique<detail::Directory>(std::move(organisation));
    std::vector<std::int64_t> ids(next->organisation().deptList.size());
    std::unordered_map<std::int64_t, Index> byId;
    for (Index i = 0; i < ids.size(); ++i) {
        if (i == next->root()) {
            ids[i] = 1;
        } else {
            const auto number = detail::idNumber(next->dept(i).deptId);
            if (!number) {
                throw OrganisationError(
                    detail::place("deptList", i, "deptId"),
                    "expected a whole number, as department ids of DingTalk are, found \"" +
                        next->dept(i).deptId + "\"");
            }
            if (*number == 1) {
                throw OrganisationError(detail::place("deptList", i, "deptId"),
                                        "expected another id; on DingTalk \"1\" is the root");
            }
            ids[i] = *number;
        }
        byId.emplace(ids[i], i);
    }
    const std::lock_guard lock(core_.mutex());
    if (directory_) {
        for (const Member& member : directory_->organisation().userList) {
            const Index now = next->findMember(member.memberId);
            if (member.status == 1 && (now == kNone || !next->isActive(now))) {
                leavers_.push_back({member, core_.nowMs()});
            }
        }
    }
    for (const Member& member : next->organisation().userList) {
        if (member.status != 1 && findLeaver(member.memberId) == nullptr) {
            leavers_.push_back({member, core_.nowMs()});
        }
    }
    Roles rolesBefore{std::move(groups_), std::move(roles_)};
    std::swap(directory_, next);
    std::swap(deptIds_, ids);
    byDeptId_ = std::move(byId);
    ordered_.assign(deptIds_.size(), {});
    byUnionId_.clear();
    byMobile_.clear();
    scopePrepared_ = false;
    prepareRoles();
    if (next) {
        tell(*next, ids, rolesBefore);
    }
}

// ---------------------------------------------------------------------------------------------------------------------------
// Routes and gates

CORPS_DECL std::vector<DingTalkServer::Impl::Endpoint> DingTalkServer::Impl::makeEndpoints() const {
    using namespace detail::dingtalk;
    std::vector<Endpoint> out;
    const auto add = [&out](Family family, std::string_view method, std::string_view path, Handler handler,
                            std::string_view permission, bool list = false, Gate gate = Gate::appToken) {
        Endpoint endpoint;
        endpoint.method = method;
        endpoint.path = path;
        endpoint.handler = handler;
        endpoint.family = family;
        endpoint.gate = gate;
        endpoint.permission = permission;
        endpoint.list = list;
        endpoint.label = std::string(method) + " " + std::string(path);
        endpoint.api = std::string(path);
        if (family == Family::topapi) {
            endpoint.api = "dingtalk.oapi." + std::string(path.substr(8));
            std::replace(endpoint.api.begin(), endpoint.api.end(), '/', '.');
        }
        out.push_back(std::move(endpoint));
    };
    const auto topapi = [&](std::string_view path, Handler handler, std::string_view permission,
                            bool list = false) {
        add(Family::topapi, "POST", path, handler, permission, list);
    };
    const auto old = [&](std::string_view path, Handler handler, std::string_view permission,
                         bool list = false) { add(Family::old, "GET", path, handler, permission, list); };

    add(Family::old, "GET", "/gettoken", &Impl::oldToken, "", false, Gate::open);
    add(Family::v1, "POST", "/v1.0/oauth2/accessToken", &Impl::accessToken, "", false, Gate::open);
    add(Family::v1, "POST", "/v1.0/oauth2/userAccessToken", &Impl::userAccessToken, "", false, Gate::open);
    add(Family::v1, "POST", "/v1.0/oauth2/:corpId/token", &Impl::unifiedToken, "", false, Gate::open);
    add(Family::page, "GET", "/oauth2/auth", &Impl::authorize, "", false, Gate::open);

    topapi("/topapi/v2/department/listsub", &Impl::deptListSub, kDeptRead, true);
    topapi("/topapi/v2/department/listsubid", &Impl::deptListSubId, kDeptRead, true);
    topapi("/topapi/v2/department/get", &Impl::deptGet, kDeptRead);
    topapi("/topapi/v2/department/listparentbydept", &Impl::parentsOfDept, kDeptRead);
    topapi("/topapi/v2/department/listparentbyuser", &Impl::parentsOfUser, kDeptRead);

    topapi("/topapi/v2/user/list", &Impl::userList, kDeptMembers, true);
    topapi("/topapi/user/listsimple", &Impl::userListSimple, kDeptMembers, true);
    topapi("/topapi/user/listid", &Impl::userListId, kMember, true);
    topapi("/topapi/v2/user/get", &Impl::userGet, kMember);
    topapi("/topapi/v2/user/getbymobile", &Impl::userByMobile, "qyapi_get_member_by_mobile");
    topapi("/topapi/user/getbyunionid", &Impl::userByUnionId, kMember);
    topapi("/topapi/user/count", &Impl::userCount, kMember);

    topapi("/topapi/role/list", &Impl::roleList, kDeptRead, true);
    topapi("/topapi/role/simplelist", &Impl::roleMembers, kDeptMembers, true);
    topapi("/topapi/role/getrolegroup", &Impl::roleGroupGet, kDeptRead);
    topapi("/topapi/role/getrole", &Impl::roleGet, kDeptMembers);
    topapi("/topapi/user/listadmin", &Impl::adminList, kMember, true);
    topapi("/topapi/user/get_admin_scope", &Impl::adminScope, kMember);
    old("/auth/scopes", &Impl::authScopes, kBase);

    add(Family::old, "POST", "/call_back/register_call_back", &Impl::registerCallBack, "");
    add(Family::old, "POST", "/call_back/update_call_back", &Impl::updateCallBack, "");
    old("/call_back/get_call_back", &Impl::getCallBack, "");
    old("/call_back/delete_call_back", &Impl::deleteCallBack, "");
    old("/call_back/get_call_back_failed_result", &Impl::failedCallBacks, "", true);

    add(Family::v1, "GET", "/v1.0/contact/organizations/authInfos", &Impl::authInfos, "Contact.Org.Read");
    add(Family::v1, "GET", "/v1.0/contact/empLeaveRecords", &Impl::leaveRecords, "Contact.Common.Read", true);
    topapi("/topapi/smartwork/hrm/employee/queryonjob", &Impl::hrOnJob, kHrRead, true);
    topapi("/topapi/smartwork/hrm/employee/querydimission", &Impl::hrLeft, kHrRead, true);
    topapi("/topapi/smartwork/hrm/employee/listdimission", &Impl::hrLeftDetails, kHrRead, true);
    add(Family::v1, "GET", "/v1.0/hrm/employees/dismissions", &Impl::dismissions, kHrRead, true);
    add(Family::v1, "GET", "/v1.0/hrm/employees/dimissionInfos", &Impl::dimissionInfos, kHrRead, true);
    add(Family::v1, "POST", "/v1.0/hrm/rosters/lists/query", &Impl::rosters, kHrRead, true);

    old("/department/list", &Impl::oldDeptList, kHistoric, true);
    old("/department/get", &Impl::oldDeptGet, kHistoric);
    old("/user/listbypage", &Impl::oldUserPage, kHistoric, true);
    old("/user/list", &Impl::oldUserPage, kHistoric, true);
    old("/user/get", &Impl::oldUserGet, kHistoric);
    old("/user/getDeptMember", &Impl::oldDeptMembers, kHistoric, true);

    topapi("/topapi/v2/user/getuserinfo", &Impl::userInfo, kBase);
    old("/user/getuserinfo", &Impl::oldUserInfo, kBase);
    add(Family::v1, "GET", "/v1.0/contact/users/:unionId", &Impl::usersMe, "Contact.User.Read", false,
        Gate::userToken);
    return out;
}

CORPS_DECL std::string_view DingTalkServer::Impl::route(const HttpRequest& request) {
    endpoint_ = nullptr;
    wrongMethod_ = false;
    family_ = request.path.starts_with("/topapi/") ? Family::topapi
              : request.path.starts_with("/v1.0/") ? Family::v1
                                                   : Family::old;
    for (const Endpoint& endpoint : endpoints_) {
        if (detail::dingtalk::matchPath(endpoint.path, request.path, pathPart_)) {
            if (endpoint.method == request.method) {
                endpoint_ = &endpoint;
                family_ = endpoint.family;
                wrongMethod_ = false;
                return endpoint.label;
            }
            wrongMethod_ = true;
        }
    }
    return "unknown";
}

CORPS_DECL HttpReply DingTalkServer::Impl::answer(const HttpRequest& request,
                                                  const detail::Effects& effects) {
    if (auto refused = checkAddress()) {
        return std::move(*refused);
    }
    if (endpoint_ == nullptr) {
        return unknownPath(request);
    }
    Call call{request, effects, {}, "", "", "", nullptr};
    if (auto refused = readParameters(request, call)) {
        return std::move(*refused);
    }
    if (endpoint_->gate != Gate::open) {
        if (auto refused = checkToken(request, call)) {
            return std::move(*refused);
        }
        if (!endpoint_->permission.empty() && !granted(call, endpoint_->permission)) {
            return permissionMissing(call, endpoint_->permission);
        }
        if (auto refused = checkRate(call)) {
            return std::move(*refused);
        }
        prepareScope();
    }
    if (effects.emptySuccess && !endpoint_->list && family_ != Family::page) {
        return nothing();
    }
    return (this->*endpoint_->handler)(call);
}

CORPS_DECL std::optional<HttpReply> DingTalkServer::Impl::checkAddress() {
    if (!options_.behaviour.publishedRates) {
        return std::nullopt;
    }
    static constexpr std::array<detail::RateLimit, 1> kLimit{{{10'000, 20'000}}};
    const std::int64_t now = core_.nowMs();
    if (now >= shutOutUntilMs_) {
        if (!rates_.count("address", kLimit, now)) {
            return std::nullopt;
        }
        shutOutUntilMs_ = now + 300'000;
    }
    core_.countRateLimited();
    // What guards the platform does not speak its language.
    return reply(R"({"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":")" + uuid() + "\"}");
}

CORPS_DECL std::optional<HttpReply> DingTalkServer::Impl::readParameters(const HttpRequest& request,
                                                                         Call& call) {
    if (request.method != "POST") {
        call.in = Parameters::ofQuery(request);
        return std::nullopt;
    }
    std::string type(request.header("Content-Type"));
    std::transform(type.begin(), type.end(), type.begin(),
                   [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
    const bool form = type.starts_with("application/x-www-form-urlencoded");
    if (family_ == Family::v1) {
        auto json = form ? std::nullopt : Parameters::ofJson(request.body);
        if (!json) {
            return v1Failure(400, "Missingbody", "body is mandatory for this action");
        }
        call.in = std::move(*json);
    } else if (form) {
        call.in = Parameters::ofForm(request.body);
    } else if (!request.body.empty()) {
        auto json = Parameters::ofJson(request.body);
        if (!json) {
            return failure(47001);
        }
        call.in = std::move(*json);
    }
    return std::nullopt;
}

CORPS_DECL std::optional<HttpReply> DingTalkServer::Impl::checkToken(const HttpRequest& request, Call& call) {
    const bool v1 = family_ == Family::v1;
    if (v1) {
        call.token = std::string(request.header("x-acs-dingtalk-access-token"));
    } else {
        call.token = std::string(request.parameter("access_token"));
        const std::string_view type = request.header("Content-Type");
        if (call.token.empty() && type.starts_with("application/x-www-form-urlencoded")) {
            call.token = call.in.text("access_token");
        }
    }
    if (call.token.empty()) {
        return v1 ? v1Failure(400, "AuthenticationFailed.MissingParameter",
                              "缺少参数：x-acs-dingtalk-access-token")
                  : gatewayFailure(40000);
    }
    const auto found = tokens_.find(call.token);
    if (call.effects.expireToken && found != tokens_.end()) {
        std::erase_if(appTokens_, [&](const auto& entry) { return entry.second == call.token; });
        found->second.expiresMs = core_.nowMs();
    }
    const bool wantsUser = endpoint_->gate == Gate::userToken;
    const bool right = found != tokens_.end() && (found->second.kind == TokenKind::user) == wantsUser &&
                       !call.effects.wrongToken;
    if (!right) {
        return v1 ? v1Failure(400, "InvalidAuthentication", detail::dingtalk::errorText(40014))
                  : gatewayFailure(40014);
    }
    if (found->second.expiresMs <= core_.nowMs()) {
        return wantsUser ? v1Failure(400, "accesstoken.expired", "用户accessToken过期")
               : v1      ? v1Failure(400, "InvalidAuthentication", detail::dingtalk::errorText(40014))
                         : gatewayFailure(options_.behaviour.expiredTokenCode);
    }
    call.appKey = found->second.appKey;
    call.unionId = found->second.unionId;
    call.tokenPermissions = &found->second.permissions;
    if (const std::string& ip = options_.behaviour.deniedIp; !ip.empty()) {
        return v1 ? v1Failure(403, "Forbidden.AccessDenied.IpNotInWhiteList", "访问ip不在白名单之中")
                  : gatewayFailure(60020, "访问ip不在白名单之中,request ip=" + ip + " appKey(" +
                                              detail::quotable(call.appKey) + ")");
    }
    return std::nullopt;
}

CORPS_DECL bool DingTalkServer::Impl::granted(const Call& call, std::string_view permission) const {
    return permissions_.contains(permission) &&
           (!options_.behaviour.permissionNeedsNewToken || call.tokenPermissions == nullptr ||
            call.tokenPermissions->contains(permission));
}

CORPS_DECL std::optional<HttpReply> DingTalkServer::Impl::checkRate(const Call& call) {
    static constexpr std::uint32_t kOwn = 20;
    static constexpr std::array<detail::RateLimit, 1> kAll{{{1200, 1000}}};
    const bool published = options_.behaviour.publishedRates;
    const std::uint32_t calls = options_.behaviour.ratePerSecond > 0 ? options_.behaviour.ratePerSecond
                                : published                          ? kOwn
                                                                     : 0;
    if (calls == 0) {
        return std::nullopt;
    }
    const std::array<detail::RateLimit, 1> own{{{calls, 1000}}};
    if (rates_.count(call.appKey + " " + endpoint_->label, own, core_.nowMs(), true)) {
        core_.countRateLimited();
        return tooFast(Limit::appAndApi, calls, 1, true);
    }
    if (published && rates_.count(endpoint_->label, kAll, core_.nowMs(), true)) {
        core_.countRateLimited();
        return tooFast(Limit::api, 1200, 1, true);
    }
    return std::nullopt;
}

// ---------------------------------------------------------------------------------------------------------------------------
// Behaviour over the control calls

namespace detail::dingtalk {

template <class Behaviour, class Visitor>
void visit(Behaviour& b, Visitor& at) {
    at("permissions", b.permissions);
    at("permissionNeedsNewToken", b.permissionNeedsNewToken);
    at.range("scope", b.scope.all, [&b](auto& in) {
        in("deptIds", b.scope.deptIds);
        in("memberIds", b.scope.memberIds);
    });
    at("ratePerSecond", b.ratePerSecond);
    at("publishedRates", b.publishedRates);
    at("latencyMs", b.latency);
    at("deniedIp", b.deniedIp);
    at("omitEmptyLists", b.omitEmptyLists);
    at("moreOnFullLastPage", b.moreOnFullLastPage);
    at("cursorOnLastPage", b.cursorOnLastPage);
    at("opaqueCursors", b.opaqueCursors);
    at("shortPages", b.shortPages);
    at("pageLimit", b.pageLimit);
    at("oversizeCode", b.oversizeCode);
    at("countRoles", b.countRoles);
    at("roleNextCursor", b.roleNextCursor);
    at("shuffle", b.shuffle);
    at("emptyFields", b.emptyFields);
    at("memberCounts", b.memberCounts);
    at("permitLists", b.permitLists);
    at("positionLists", b.positionLists);
    at("rootHasOwnName", b.rootHasOwnName);
    at("defaultRoles", b.defaultRoles);
    at("orgMail", b.orgMail);
    at("hiddenDeptIds", b.hiddenDeptIds);
    at("withholdHidden", b.withholdHidden);
    at("restrictedMemberIds", b.restrictedMemberIds);
    at("escapeSlashes", b.escapeSlashes);
    at("unknownUserCode", b.unknownUserCode);
    at("unknownMobileCode", b.unknownMobileCode);
    at("expiredTokenCode", b.expiredTokenCode);
    at("badLoginCodeStatus", b.badLoginCodeStatus);
    at("unknownPathStatus", b.unknownPathStatus);
    at("separateTokens", b.separateTokens);
    at("loginMemberId", b.loginMemberId);
    at("loginUnionId", b.loginUnionId);
    at("denyLogin", b.denyLogin);
    at("externalUnionIds", b.externalUnionIds);
    at("authLevel", b.authLevel);
    at("hrmOpen", b.hrmOpen);
    at("hrSeparator", b.hrSeparator);
    at("callbackDeadlineMs", b.callbackDeadline);
    at("capturedEvents", b.capturedEvents);
    at("signatureNames", b.signatureNames);
    at("freshTries", b.freshTries);
    at("groupedEvents", b.groupedEvents);
    at("modifyAfterAdd", b.modifyAfterAdd);
    at("diffInfo", b.diffInfo);
    at("eventsOutsideScope", b.eventsOutsideScope);
    at("removeAction", b.removeAction);
    at("failedListDelayMs", b.failedListDelay);
    at("newCallbackCodes", b.newCallbackCodes);
}

}  // namespace detail::dingtalk

CORPS_DECL std::string DingTalkServer::Impl::behaviourJson() const {
    detail::BehaviourWriter out;
    detail::dingtalk::visit(options_.behaviour, out);
    return out.finish();
}

CORPS_DECL void DingTalkServer::Impl::readBehaviour(const boost::json::value& json) {
    DingTalkBehaviour next = options_.behaviour;
    detail::BehaviourReader in(json);
    detail::dingtalk::visit(next, in);
    setBehaviour(std::move(next));
}

CORPS_DECL std::optional<std::string> DingTalkServer::Impl::control(std::string_view what,
                                                                    const HttpRequest& request) {
    if (what != "code" || request.method != "GET") {
        return std::nullopt;
    }
    const std::string_view memberId = request.parameter("memberId");
    if (directory_->findMember(memberId) == kNone) {
        throw detail::ControlError("memberId", "expected the id of a member");
    }
    std::string out = "{\"code\":";
    detail::appendJson(out, workbenchCode(request.parameter("appKey"), memberId));
    return out + "}\n";
}

// ---------------------------------------------------------------------------------------------------------------------------
// The public face

CORPS_DECL DingTalkServer::DingTalkServer(DingTalkOptions options)
    : DingTalkServer(std::move(options), detail::emptyOrganisation("1")) {}
CORPS_DECL DingTalkServer::DingTalkServer(DingTalkOptions options, Organisation organisation)
    : Server(std::make_unique<Impl>(std::move(options), std::move(organisation))) {}

CORPS_DECL DingTalkServer::Impl& DingTalkServer::impl() const noexcept {
    return static_cast<Impl&>(*platform_);
}

CORPS_DECL void DingTalkServer::setBehaviour(DingTalkBehaviour behaviour) {
    const std::lock_guard lock(impl().core().mutex());
    impl().setBehaviour(std::move(behaviour));
}

CORPS_DECL DingTalkBehaviour DingTalkServer::behaviour() const {
    const std::lock_guard lock(impl().core().mutex());
    return impl().options().behaviour;
}

CORPS_DECL std::string DingTalkServer::workbenchCode(std::string_view appKey, std::string_view memberId) {
    const std::lock_guard lock(impl().core().mutex());
    return impl().workbenchCode(appKey, memberId);
}

CORPS_DECL std::string DingTalkServer::unionId(std::string_view memberId) const {
    const std::lock_guard lock(impl().core().mutex());
    const auto member = impl().directory().findMember(memberId);
    return member == detail::Directory::kNone ? std::string() : impl().unionIdOf(member);
}

CORPS_DECL std::int64_t DingTalkServer::roleId(std::string_view roleId) const {
    const std::lock_guard lock(impl().core().mutex());
    return impl().numberOf(impl().roleIds(), roleId);
}

CORPS_DECL std::int64_t DingTalkServer::roleGroupId(std::string_view roleGroupId) const {
    const std::lock_guard lock(impl().core().mutex());
    return impl().numberOf(impl().groupIds(), roleGroupId);
}

}  // namespace corps::emulator

#include <corps/emulator/impl/dingtalk_callbacks.ipp>
#include <corps/emulator/impl/dingtalk_contacts.ipp>
#include <corps/emulator/impl/dingtalk_historic.ipp>
#include <corps/emulator/impl/dingtalk_hr.ipp>
#include <corps/emulator/impl/dingtalk_login.ipp>
#include <corps/emulator/impl/dingtalk_roles.ipp>
