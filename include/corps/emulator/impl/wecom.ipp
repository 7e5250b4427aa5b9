#pragma once

#include <corps/emulator/impl/behaviour_json.hpp>
#include <corps/emulator/impl/fields.hpp>
#include <corps/emulator/impl/numbered_ids.hpp>
#include <corps/emulator/impl/wecom_impl.ipp>

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <random>
#include <set>

namespace corps::emulator {

namespace detail::wecom {

inline constexpr std::int64_t kSomeAgent = 1'000'002;

/** WeCom's words for its numbers, where they are known. */
inline std::string_view errorText(std::int64_t code) noexcept {
    struct Entry {
        std::int64_t code;
        std::string_view text;
    };
    static constexpr std::array<Entry, 42> kTexts{{
        {-1, "system busy"},
        {40001, "invalid credential"},
        {40003, "invalid userid"},
        {40013, "invalid corpid"},
        {40014, "invalid access_token"},
        {40029, "invalid code"},
        {40056, "invalid agentid"},
        {40058, "invalid parameter"},
        {40063, "some parameters are empty"},
        {40068, "invalid tagid"},
        {40088, "invalid jobid"},
        {40089, "job result has been cleared"},
        {40091, "invalid secret"},
        {41001, "access_token missing"},
        {41002, "corpid missing"},
        {41004, "corpsecret missing"},
        {41008, "code missing"},
        {41009, "userid missing"},
        {41011, "agentid missing"},
        {41017, "tagid missing"},
        {42001, "access_token expired"},
        {42003, "code expired"},
        {42022, "code has been used"},
        {43004, "userid has no weixin"},
        {45009, "api freq out of limit"},
        {45029, "response too large"},
        {45033, "api concurrent out of limit"},
        {46004, "user not exist"},
        {48002, "api forbidden"},
        {48009, "no permission to read contact details"},
        {50001, "redirect_uri is not a trusted domain"},
        {50002, "user not in the permission scope"},
        {50003, "app disabled"},
        {50100, "invalid cursor"},
        {60003, "department not found"},
        {60011, "no privilege to access/modify contact/party/agent"},
        {60020, "not allow to access from your ip"},
        {60111, "userid not found"},
        {60123, "invalid party id"},
        {84014, "user_ticket expired"},
        {84015, "invalid user_ticket"},
        {301002, "no permission for this agentid"},
    }};
    for (const Entry& entry : kTexts) {
        if (entry.code == code) {
            return entry.text;
        }
    }
    return "error";
}

/** A text as the value of a header. */
inline std::string headerText(std::string text) {
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) {
            c = '?';
        }
    }
    return text;
}

inline bool isAlnum(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/** 1 to 64 letters, digits and `_-@.`, the first a letter or digit. */
inline bool isUserId(std::string_view id) noexcept {
    return !id.empty() && id.size() <= 64 && isAlnum(id.front()) &&
           std::all_of(id.begin(), id.end(),
                       [](char c) { return isAlnum(c) || c == '_' || c == '-' || c == '@' || c == '.'; });
}

inline std::string lowerCase(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

/** Ids of organisations are the same in any case of letters. */
inline bool sameCorp(std::string_view a, std::string_view b) { return lowerCase(a) == lowerCase(b); }

}  // namespace detail::wecom

CORPS_DECL detail::WeComEnterprise::WeComEnterprise(Organisation organisation)
    : directory(std::make_unique<Directory>(std::move(organisation))),
      deptIds(directory->organisation().deptList.size()) {
    for (Index i = 0; i < deptIds.size(); ++i) {
        const auto number = idNumber(directory->dept(i).deptId);
        const auto refuse = [&](const std::string& expected) {
            return OrganisationError(place("deptList", i, "deptId"), expected);
        };
        if (i == directory->root()) {
            deptIds[i] = 1;
        } else if (!number || *number < 1 || *number > std::numeric_limits<std::uint32_t>::max()) {
            throw refuse("expected a whole number of 32 bits, as department ids of WeCom are, found \"" +
                         directory->dept(i).deptId + "\"");
        } else if (*number == 1) {
            throw refuse("expected another id; on WeCom \"1\" is the root");
        } else {
            deptIds[i] = *number;
        }
        byDeptId.emplace(deptIds[i], i);
    }
    std::set<std::string> known;
    for (std::size_t i = 0; i < directory->organisation().userList.size(); ++i) {
        const std::string& id = directory->organisation().userList[i].memberId;
        const std::string where = place("userList", i, "memberId");
        if (!wecom::isUserId(id)) {
            throw OrganisationError(where,
                                    "expected 1 to 64 letters, digits and _-@., as user ids of WeCom are");
        }
        if (!known.insert(wecom::lowerCase(id)).second) {
            throw OrganisationError(where, "expected an id of its own, whatever the case of its letters");
        }
    }
    NumberedIds numbers(1'000'000'000);
    for (const Role& role : directory->organisation().roleList) {
        numbers.reserve(role.roleId);
    }
    for (const Role& role : directory->organisation().roleList) {
        tags.push_back({numbers.numberFor("tag", role.roleId), &role});
    }
}

CORPS_DECL detail::WeComPlatform::WeComPlatform(WeComOptions options)
    : options_(std::move(options)), core_(*this, options_.clock) {
    std::random_device device;
    for (int i = 0; i < 4; ++i) {
        detail::appendHex(secret_, device(), 8);
    }
    addEndpoints();
}

CORPS_DECL void detail::WeComPlatform::start() {
    HttpServerOptions http;
    http.address = options_.address;
    http.port = options_.port;
    http.certificateFile = options_.certificateFile;
    http.keyFile = options_.keyFile;
    core_.start(std::move(http));
}

CORPS_DECL void detail::WeComPlatform::behaviourChanged() {
    rates_.clear();
    blockedUntilMs_.clear();
}

// ---------------------------------------------------------------------------------------------------------------------------
// Routes and gates

CORPS_DECL void detail::WeComPlatform::addEndpoint(std::string_view method, std::string_view path,
                                                   Handler handler, Gate gate, bool list, bool page) {
    Endpoint endpoint;
    endpoint.method = method;
    endpoint.path = path;
    endpoint.handler = handler;
    endpoint.gate = gate;
    endpoint.list = list;
    endpoint.page = page;
    endpoint.label = std::string(method) + " " + std::string(path);
    endpoints_.push_back(std::move(endpoint));
}

CORPS_DECL void detail::WeComPlatform::addEndpoints() {
    const auto add = [this](std::string_view method, std::string_view path, Handler handler,
                            Gate gate = Gate::any, bool list = false,
                            bool page = false) { addEndpoint(method, path, handler, gate, list, page); };
    add("GET", "/cgi-bin/gettoken", &WeComPlatform::gettoken, Gate::open);
    add("GET", "/cgi-bin/agent/get", &WeComPlatform::agentGet, Gate::app);
    add("GET", "/cgi-bin/agent/list", &WeComPlatform::agentList, Gate::app, true);
    add("GET", "/cgi-bin/getcallbackip", &WeComPlatform::callbackIps);
    add("GET", "/cgi-bin/department/list", &WeComPlatform::departmentList, Gate::details, true);
    add("GET", "/cgi-bin/department/simplelist", &WeComPlatform::departmentSimpleList, Gate::any, true);
    add("GET", "/cgi-bin/department/get", &WeComPlatform::departmentGet, Gate::details);
    add("GET", "/cgi-bin/user/get", &WeComPlatform::userGet, Gate::details);
    add("GET", "/cgi-bin/user/list", &WeComPlatform::userList, Gate::details, true);
    add("GET", "/cgi-bin/user/simplelist", &WeComPlatform::userSimpleList, Gate::details, true);
    add("POST", "/cgi-bin/user/list_id", &WeComPlatform::userListId, Gate::contact, true);
    add("POST", "/cgi-bin/user/getuserid", &WeComPlatform::userByMobile);
    add("POST", "/cgi-bin/user/get_userid_by_email", &WeComPlatform::userByEmail);
    add("POST", "/cgi-bin/user/convert_to_openid", &WeComPlatform::openIdOf);
    add("POST", "/cgi-bin/user/convert_to_userid", &WeComPlatform::userOfOpenId);
    add("GET", "/cgi-bin/tag/list", &WeComPlatform::tagList, Gate::any, true);
    add("GET", "/cgi-bin/tag/get", &WeComPlatform::tagGet, Gate::any, true);
    add("GET", "/cgi-bin/auth/getuserinfo", &WeComPlatform::userInfo, Gate::login);
    add("GET", "/cgi-bin/user/getuserinfo", &WeComPlatform::oldUserInfo, Gate::login);
    add("POST", "/cgi-bin/auth/getuserdetail", &WeComPlatform::userDetail, Gate::login);
    add("POST", "/cgi-bin/user/getuserdetail", &WeComPlatform::userDetail, Gate::login);
    add("POST", "/cgi-bin/export/simple_user", &WeComPlatform::exportSimpleUsers, Gate::details);
    add("POST", "/cgi-bin/export/user", &WeComPlatform::exportUsers, Gate::details);
    add("POST", "/cgi-bin/export/department", &WeComPlatform::exportDepartments, Gate::details);
    add("POST", "/cgi-bin/export/taguser", &WeComPlatform::exportTagUsers, Gate::details);
    add("GET", "/cgi-bin/export/get_result", &WeComPlatform::exportResult, Gate::details);
    add("GET", kFilePath, &WeComPlatform::exportFile, Gate::open, false, true);
    add("GET", "/connect/oauth2/authorize", &WeComPlatform::oauthPage, Gate::open, false, true);
    add("GET", "/wwlogin/sso/login", &WeComPlatform::ssoPage, Gate::open, false, true);
    add("GET", "/wwopen/sso/qrConnect", &WeComPlatform::qrPage, Gate::open, false, true);
}

CORPS_DECL std::string_view detail::WeComPlatform::route(const HttpRequest& request) {
    endpoint_ = nullptr;
    wrongMethod_ = false;
    for (const Endpoint& endpoint : endpoints_) {
        if (endpoint.path == request.path ||
            (endpoint.path == kFilePath && request.path.starts_with(kFilePath))) {
            if (endpoint.method == request.method) {
                endpoint_ = &endpoint;
                return endpoint.label;
            }
            wrongMethod_ = true;
        }
    }
    return "unknown";
}

CORPS_DECL HttpReply detail::WeComPlatform::answer(const HttpRequest& request,
                                                   const detail::Effects& effects) {
    caller_ = request.caller;
    if (endpoint_ == nullptr) {
        if (wrongMethod_) {
            return failure(40058);
        }
        HttpReply out;
        out.status = 404;
        out.contentType = "text/html";
        return out;
    }
    Call call{request, effects, {}, false, nullptr, nullptr};
    if (request.method == "GET") {
        call.in = Parameters::ofQuery(request);
    } else if (auto json = Parameters::ofJson(request.body)) {
        call.in = std::move(*json);
    } else {
        call.wrongJson = true;
    }
    if (endpoint_->gate == Gate::suite || endpoint_->gate == Gate::provider) {
        if (auto refused = checkProvider(call)) {
            return std::move(*refused);
        }
        if (effects.emptySuccess) {
            return succeed(call, "");
        }
    } else if (endpoint_->gate != Gate::open) {
        if (auto refused = checkToken(request, call)) {
            return std::move(*refused);
        }
        if (auto refused = checkAddress()) {
            return std::move(*refused);
        }
        if (auto refused = checkApp(call)) {
            return std::move(*refused);
        }
        std::int64_t ignored = 0;
        // WeCom does not count logins that succeed.
        const bool counted = (endpoint_->handler != &WeComPlatform::userInfo &&
                              endpoint_->handler != &WeComPlatform::oldUserInfo) ||
                             findCode(call, ignored) == nullptr;
        if (counted) {
            if (auto refused = checkRate(call.token->corpId)) {
                return std::move(*refused);
            }
        }
        if (auto refused = checkConcurrency(call.token->corpId)) {
            return std::move(*refused);
        }
        if (auto refused = checkKind(call)) {
            return std::move(*refused);
        }
        call.range = &rangeOf(scopeOf(*call.token));
        if (effects.emptySuccess && !endpoint_->list) {
            return succeed(call, "");
        }
    } else if (!endpoint_->page) {
        if (auto refused = checkRate(std::string(request.parameter("corpid")))) {
            return std::move(*refused);
        }
    }
    return (this->*endpoint_->handler)(call);
}

CORPS_DECL std::optional<HttpReply> detail::WeComPlatform::checkToken(const HttpRequest& request,
                                                                      Call& call) {
    const std::string text(request.parameter("access_token"));
    if (text.empty()) {
        return failure(41001);
    }
    const auto found = tokens_.find(text);
    if (call.effects.expireToken && found != tokens_.end()) {
        std::erase_if(currentTokens_, [&](const auto& entry) { return entry.second == text; });
        found->second.expiresMs = core_.nowMs();
    }
    if (found == tokens_.end() || call.effects.wrongToken) {
        return failure(40014);
    }
    if (found->second.expiresMs <= core_.nowMs()) {
        return failure(options_.behaviour.expiredTokenCode);
    }
    call.token = &found->second;
    corp_ = call.token->corp != nullptr ? call.token->corp : corp_;
    return std::nullopt;
}

CORPS_DECL std::optional<HttpReply> detail::WeComPlatform::checkAddress() {
    return options_.behaviour.deniedIp.empty() ? std::nullopt : std::optional<HttpReply>(failure(60020));
}

/** Counts a call. @return Whether it is one too many; then the next ones are as well, while the window lasts.
 */
CORPS_DECL bool detail::WeComPlatform::used(const std::string& key,
                                            std::span<const detail::RateLimit> limits) {
    const std::int64_t now = core_.nowMs();
    if (const auto blocked = blockedUntilMs_.find(key); blocked != blockedUntilMs_.end()) {
        if (now < blocked->second) {
            return true;
        }
        blockedUntilMs_.erase(blocked);
    }
    const auto refusal = rates_.count(key, limits, now);
    if (!refusal) {
        return false;
    }
    const auto limit = std::find_if(limits.begin(), limits.end(), [&](const detail::RateLimit& each) {
        return each.calls == refusal->limit;
    });
    blockedUntilMs_[key] = now + limit->windowMs;
    return true;
}

CORPS_DECL std::optional<HttpReply> detail::WeComPlatform::checkRate(const std::string& corpId) {
    static constexpr std::array<detail::RateLimit, 2> kCorp{{{10'000, 60'000}, {150'000, 3'600'000}}};
    const WeComBehaviour& b = options_.behaviour;
    const std::array<detail::RateLimit, 1> second{{{b.ratePerSecond, 1000}}};
    const std::array<detail::RateLimit, 1> minute{{{b.ratePerMinute, 60'000}}};
    const std::string own = detail::wecom::lowerCase(corpId) + " " + endpoint_->label;
    if ((b.ratePerSecond > 0 && used("second " + own, second)) ||
        (b.ratePerMinute > 0 && used("minute " + own, minute)) ||
        (b.publishedRates && used("corp " + own, kCorp)) || addressUsedUp()) {
        core_.countRateLimited();
        return failure(45009);
    }
    return std::nullopt;
}

CORPS_DECL bool detail::WeComPlatform::addressUsedUp() {
    static constexpr std::array<RateLimit, 2> kAddress{{{20'000, 60'000}, {600'000, 3'600'000}}};
    return options_.behaviour.publishedRates && used("address " + caller_ + " " + endpoint_->label, kAddress);
}

CORPS_DECL std::optional<HttpReply> detail::WeComPlatform::checkApp(const Call& call) {
    return options_.behaviour.appDisabled && !call.token->contact ? std::optional<HttpReply>(failure(50003))
                                                                  : std::nullopt;
}

CORPS_DECL std::optional<HttpReply> detail::WeComPlatform::checkConcurrency(const std::string& corpId) {
    const WeComBehaviour& b = options_.behaviour;
    if (b.concurrency == 0) {
        return std::nullopt;
    }
    // Answers are made at once and sent when the latency is over, by the machine's clock.
    const auto now = std::chrono::steady_clock::now();
    auto& ends = answering_[detail::wecom::lowerCase(corpId) + " " + endpoint_->label];
    std::erase_if(ends, [now](const auto& end) { return end <= now; });
    if (ends.size() >= b.concurrency) {
        core_.countRateLimited();
        return failure(45033);
    }
    ends.push_back(now + b.latency);
    return std::nullopt;
}

CORPS_DECL std::optional<HttpReply> detail::WeComPlatform::checkKind(const Call& call) {
    const bool contact = call.token->contact;
    switch (endpoint_->gate) {
        case Gate::details:
            if (contact && options_.behaviour.contactNewAddress) {
                return failure(48009);
            }
            break;
        case Gate::app:
            if (contact) {
                return failure(48002);
            }
            break;
        case Gate::login:
            if (contact) {
                return failure(50001);
            }
            break;
        case Gate::contact:
            if (!contact) {
                return failure(options_.behaviour.listIdCode);
            }
            break;
        case Gate::open:
        case Gate::any:
        case Gate::suite:
        case Gate::provider: break;
    }
    return std::nullopt;
}

/** @param scope None: everything. */
CORPS_DECL const detail::VisibleRange& detail::WeComPlatform::rangeOf(const WeComContactScope* scope) {
    const auto found = corp_->ranges.find(scope);
    if (found != corp_->ranges.end()) {
        return found->second;
    }
    WeComContactScope all = scope == nullptr ? WeComContactScope{} : *scope;
    for (const std::string& id : all.tagIds) {
        for (const Index dept : tagDepts(id)) {
            all.deptIds.push_back(corp_->directory->dept(dept).deptId);
        }
        for (const Index member : corp_->directory->roleMembers(id)) {
            all.memberIds.push_back(corp_->directory->member(member).memberId);
        }
    }
    return corp_->ranges
        .emplace(scope, detail::VisibleRange(*corp_->directory, all.all, all.deptIds, all.memberIds, "1"))
        .first->second;
}

// ---------------------------------------------------------------------------------------------------------------------------
// Answers

/** @param members What stands beside the code, each with a comma before it. */
CORPS_DECL HttpReply detail::WeComPlatform::succeed(const Call& call, std::string_view members) {
    HttpReply out;
    out.contentType = "application/json; charset=UTF-8";
    if (options_.behaviour.omitErrcode && !call.wrongJson) {
        out.body = "{";
        out.body += members.substr(members.empty() ? 0 : 1);
    } else {
        out.body = call.wrongJson ? R"({"errcode":0,"errmsg":"ok. Warning: wrong json format. ")"
                                  : R"({"errcode":0,"errmsg":"ok")";
        out.body += members;
    }
    out.body += '}';
    return out;
}

CORPS_DECL HttpReply detail::WeComPlatform::failure(std::int64_t code, std::string_view text) {
    const std::string number = std::to_string(code);
    const detail::Id128 id = detail::Hash128("hint").add(secret_).add(++answers_).id();
    std::string msg(text.empty() ? detail::wecom::errorText(code) : text);
    msg += ", hint: [" + std::to_string(core_.nowMs() / 1000) + std::to_string(id.high % 1'000'000'000'000U) +
           "], from ip: " +
           (options_.behaviour.deniedIp.empty() ? caller_ : detail::quotable(options_.behaviour.deniedIp)) +
           ", more info at https://open.work.weixin.qq.com/devtool/query?e=" + number;
    HttpReply out;
    out.contentType = "application/json; charset=UTF-8";
    out.body = "{\"errcode\":" + number + ",\"errmsg\":";
    detail::appendJson(out.body, msg);
    out.body += '}';
    out.headers = {{"Error-Code", number}, {"Error-Msg", detail::wecom::headerText(std::move(msg))}};
    return out;
}

/** The same for a parameter, which may be missing because the JSON was none. */
CORPS_DECL HttpReply detail::WeComPlatform::failure(const Call& call, std::int64_t code) {
    return call.wrongJson
               ? failure(code, std::string(detail::wecom::errorText(code)) + ". Warning: wrong json format. ")
               : failure(code);
}

/** A page of the login that leads nowhere. */
CORPS_DECL HttpReply detail::WeComPlatform::page(std::int64_t code) {
    HttpReply out;
    out.contentType = "text/html; charset=utf-8";
    out.body = "<!DOCTYPE html><html><body><p>" + std::to_string(code) + "</p></body></html>\n";
    return out;
}

CORPS_DECL HttpReply detail::WeComPlatform::tooFast(const Fault& fault) {
    HttpReply out = failure(fault.code == 0 ? 45009 : fault.code, fault.msg);
    if (fault.httpStatus != 0) {
        out.status = fault.httpStatus;
    }
    return out;
}

CORPS_DECL HttpReply detail::WeComPlatform::envelope(int httpStatus, std::int64_t code,
                                                     const std::string& msg) {
    HttpReply out = failure(code, msg);
    out.status = httpStatus;
    return out;
}

CORPS_DECL HttpReply detail::WeComPlatform::internalError(int httpStatus) {
    return envelope(httpStatus, -1, "");
}

// ---------------------------------------------------------------------------------------------------------------------------
// Behaviour over the control calls

namespace detail::wecom {

template <class Behaviour, class Visitor>
void visit(Behaviour& b, Visitor& at) {
    at.range("scope", b.scope.all, [&b](auto& in) {
        in("deptIds", b.scope.deptIds);
        in("memberIds", b.scope.memberIds);
        in("tagIds", b.scope.tagIds);
    });
    at("tagDepts", b.tagDepts);
    at("contactSecrets", b.contactSecrets);
    at("contactNewAddress", b.contactNewAddress);
    at("contactTagNames", b.contactTagNames);
    at("appDisabled", b.appDisabled);
    at("agentId", b.agentId);
    at("ratePerSecond", b.ratePerSecond);
    at("ratePerMinute", b.ratePerMinute);
    at("publishedRates", b.publishedRates);
    at("concurrency", b.concurrency);
    at("wrongSecrets", b.wrongSecrets);
    at("latencyMs", b.latency);
    at("deniedIp", b.deniedIp);
    at("deniedAtToken", b.deniedAtToken);
    at("ignoreFetchChild", b.ignoreFetchChild);
    at("fetchChildCode", b.fetchChildCode);
    at("fetchChildRows", b.fetchChildRows);
    at("maskParents", b.maskParents);
    at("shuffle", b.shuffle);
    at("listIdLimit", b.listIdLimit);
    at("limitCountsMembers", b.limitCountsMembers);
    at("shortPages", b.shortPages);
    at("pageLimit", b.pageLimit);
    at("moreOnFullLastPage", b.moreOnFullLastPage);
    at("listIdCode", b.listIdCode);
    at("exportPolls", b.exportPolls);
    at("exportFails", b.exportFails);
    at("exportNamed", b.exportNamed);
    at("exportBase64", b.exportBase64);
    at("newApp", b.newApp);
    at("emptyFields", b.emptyFields);
    at("thumbAvatar", b.thumbAvatar);
    at("openUserId", b.openUserId);
    at("bizMail", b.bizMail);
    at("legacyFields", b.legacyFields);
    at("jobNumberName", b.jobNumberName);
    at("filterTagDepts", b.filterTagDepts);
    at("omitErrcode", b.omitErrcode);
    at("unknownUserCode", b.unknownUserCode);
    at("invisibleUserCode", b.invisibleUserCode);
    at("unknownDeptCode", b.unknownDeptCode);
    at("invisibleDeptCode", b.invisibleDeptCode);
    at("expiredTokenCode", b.expiredTokenCode);
    at("distinctCodeErrors", b.distinctCodeErrors);
    at("newTokens", b.newTokens);
    at("wholeLifetime", b.wholeLifetime);
    at("loginMemberId", b.loginMemberId);
    at("loginOpenId", b.loginOpenId);
    at("loginExternalUserId", b.loginExternalUserId);
    at("loginLinkedId", b.loginLinkedId);
    at("denyLogin", b.denyLogin);
    at("privateFields", b.privateFields);
    at("unboundMemberIds", b.unboundMemberIds);
    at("callbackIdsOnly", b.callbackIdsOnly);
    at("appContactEvents", b.appContactEvents);
    at("callbackDeadlineMs", b.callbackDeadline);
    at("verificationDeadlineMs", b.verificationDeadline);
    at("callbackTries", b.callbackTries);
    at("callbackRetryWaitMs", b.callbackRetryWait);
    at("freshTries", b.freshTries);
}

}  // namespace detail::wecom

CORPS_DECL std::string WeComServer::Impl::behaviourJson() const {
    detail::BehaviourWriter out;
    detail::wecom::visit(options_.behaviour, out);
    return out.finish();
}

CORPS_DECL void WeComServer::Impl::readBehaviour(const boost::json::value& json) {
    WeComBehaviour next = options_.behaviour;
    detail::BehaviourReader in(json);
    detail::wecom::visit(next, in);
    setBehaviour(std::move(next));
}

CORPS_DECL std::optional<std::string> WeComServer::Impl::control(std::string_view what,
                                                                 const HttpRequest& request) {
    if (what != "code" || request.method != "GET") {
        return std::nullopt;
    }
    const std::string_view memberId = request.parameter("memberId");
    const std::string_view agent = request.parameter("agentId");
    const auto agentId =
        agent.empty() ? std::optional<std::int64_t>(0) : detail::parseNumber<std::int64_t>(agent);
    if (corp_->directory->findMember(memberId) == kNone) {
        throw detail::ControlError("memberId", "expected the id of a member");
    }
    if (!agentId) {
        throw detail::ControlError("agentId", "expected a number");
    }
    std::string out = "{\"code\":";
    detail::appendJson(out,
                       loginCode(memberId, *agentId, request.parameter("scope") == "snsapi_privateinfo"));
    return out + "}\n";
}

// ---------------------------------------------------------------------------------------------------------------------------
// The public face

CORPS_DECL WeComServer::Impl::Impl(WeComOptions options, Organisation organisation)
    : WeComPlatform(std::move(options)) {
    replaceOrganisation(std::move(organisation));
    start();
}

CORPS_DECL void WeComServer::Impl::setBehaviour(WeComBehaviour behaviour) {
    const Seen before = seen();
    options_.behaviour = std::move(behaviour);
    corp_->ranges.clear();
    behaviourChanged();
    tell(*enterprise_, before, {});
}

CORPS_DECL void WeComServer::Impl::replaceOrganisation(Organisation organisation) {
    replaceOrganisation(std::move(organisation), {});
}

CORPS_DECL void WeComServer::Impl::replaceOrganisation(Organisation organisation,
                                                       const detail::MemberRenames& renames) {
    auto next = std::make_unique<detail::WeComEnterprise>(std::move(organisation));
    const std::lock_guard lock(core_.mutex());
    const Seen before = seen();
    std::swap(enterprise_, next);
    corp_ = enterprise_.get();
    if (next) {
        tell(*next, before, renames);
    }
}

CORPS_DECL WeComServer::WeComServer(WeComOptions options)
    : WeComServer(std::move(options), detail::emptyOrganisation("1")) {}
CORPS_DECL WeComServer::WeComServer(WeComOptions options, Organisation organisation)
    : Server(std::make_unique<Impl>(std::move(options), std::move(organisation))) {}

CORPS_DECL WeComServer::Impl& WeComServer::impl() const noexcept { return static_cast<Impl&>(*platform_); }

CORPS_DECL void WeComServer::setBehaviour(WeComBehaviour behaviour) {
    const std::lock_guard lock(impl().core().mutex());
    impl().setBehaviour(std::move(behaviour));
}

CORPS_DECL WeComBehaviour WeComServer::behaviour() const {
    const std::lock_guard lock(impl().core().mutex());
    return impl().options().behaviour;
}

CORPS_DECL std::string WeComServer::loginCode(std::string_view memberId, std::int64_t agentId,
                                              bool privateInfo) {
    const std::lock_guard lock(impl().core().mutex());
    return impl().loginCode(memberId, agentId, privateInfo);
}

CORPS_DECL std::int64_t WeComServer::tagId(std::string_view roleId) const {
    const std::lock_guard lock(impl().core().mutex());
    return impl().tagId(roleId);
}

}  // namespace corps::emulator

#include <corps/emulator/impl/wecom_callbacks.ipp>
#include <corps/emulator/impl/wecom_contacts.ipp>
#include <corps/emulator/impl/wecom_export.ipp>
#include <corps/emulator/impl/wecom_login.ipp>
#include <corps/emulator/impl/wecom_tags.ipp>
