#pragma once

#include <corps/auth/fs_auth.hpp>
#include <corps/config/business_keys.hpp>
#include <corps/error/error.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace corps {
namespace detail {

inline constexpr std::string_view kFeishuApi = "https://open.feishu.cn";
inline constexpr std::string_view kFeishuAccounts = "https://accounts.feishu.cn";
inline constexpr std::string_view kLarkApi = "https://open.larksuite.com";
inline constexpr std::string_view kLarkAccounts = "https://accounts.larksuite.com";
inline constexpr std::string_view kFeishuJson = "application/json; charset=utf-8";

/** The body as an object, or nothing. */
inline std::optional<boost::json::object> feishuObject(Response const& p) {
    boost::system::error_code ec;
    boost::json::value v = boost::json::parse(p.body, ec);
    if (ec || !v.is_object()) return std::nullopt;
    return std::move(v.get_object());
}

inline std::optional<std::int64_t> feishuCode(boost::json::object const& o) {
    boost::json::value const* const code = o.if_contains("code");
    if (code == nullptr || !code->is_int64()) return std::nullopt;
    return code->get_int64();
}

inline std::string feishuText(boost::json::object const& o, std::string_view key) {
    boost::json::value const* const v = o.if_contains(key);
    return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

inline std::string feishuRequestId(Response const& p) {
    std::string_view const log = p.header("X-Tt-Logid");
    return std::string(log.empty() ? p.header("X-Request-Id") : log);
}

/** Throws what an answer of an authentication endpoint means; `o` is null when the body is no JSON object. */
class FeishuRefusal {
public:
    FeishuRefusal(Request const& q, Response const& p, boost::json::object const* o,
                  std::string_view secret) {
        d_.endpoint = q.endpoint;
        d_.httpStatus = p.status;
        d_.requestId = feishuRequestId(p);
        if (o == nullptr) return;
        d_.upstreamCode = feishuCode(*o);
        d_.upstreamMessage = feishuText(*o, "msg");
        if (d_.upstreamMessage.empty()) d_.upstreamMessage = feishuText(*o, "error_description");
        // A server that echoes what it was sent must not bring the secret into an error.
        if (!secret.empty() && d_.upstreamMessage.find(secret) != std::string::npos)
            d_.upstreamMessage.clear();
    }
    [[noreturn]] void raise(Errc e, std::string message) {
        throw Error(e, std::move(message), std::move(d_));
    }
    [[nodiscard]] std::int64_t code() const noexcept { return d_.upstreamCode.value_or(0); }
    /** What has nothing to do with what was sent. */
    void raiseIfPassing() {
        if (code() == 99991403)
            raise(Errc::upstream, "the tenant's quota of API calls for this month is used up");
        if (d_.httpStatus == 429 || code() == 99991400)
            raise(Errc::rateLimited, "the platform limits the rate of calls");
        if (d_.httpStatus >= 500 || code() == 2200)
            raise(Errc::transport, "the platform cannot answer at the moment");
        if (d_.httpStatus == 404)
            raise(Errc::protocol, "the platform has no such call at this address: is baseUrl right?");
        // Half an answer, or a page of something in between: asking again may help.
        if (!d_.upstreamCode && d_.httpStatus == 200)
            raise(Errc::transport, "the answer is not the platform's JSON: is baseUrl right?");
        if (!d_.upstreamCode)
            raise(Errc::protocol, "the answer does not come from the platform's API: is baseUrl right?");
    }

private:
    Diagnostics d_;
};

inline std::string feishuCredentialsText(std::int64_t code) {
    switch (code) {
        case 10003: return "the platform refuses the form of appId or appSecret";
        case 10005: return "the platform does not accept appId: the application is not authorised";
        case 10014:
            return "the platform refuses appId or appSecret: the application is not known or disabled, or "
                   "the secret is wrong";
        case 10015: return "the platform refuses appSecret";
        case 99991401:
            return "the platform refuses calls from this address: see the application's list of allowed "
                   "addresses";
        case 99991662:
        case 99991673: return "the application appId is disabled, or not available in this tenant";
        default: return "the platform gives no token for appId and appSecret";
    }
}

inline void feishuLoginKind(std::string_view kind) {
    if (!kind.empty())
        throw Error(Errc::invalidArgument, "a kind of login: Feishu has one, which an empty kind stands for");
}

/** Throws when the platform refuses the person, and not what they brought. */
inline void feishuRefusePerson(FeishuRefusal& refusal) {
    switch (refusal.code()) {
        case 20008: refusal.raise(Errc::refused, "the platform does not know this person any more");
        case 20010: refusal.raise(Errc::refused, "this person may not use the application");
        case 20021: refusal.raise(Errc::refused, "this person has resigned");
        case 20022: refusal.raise(Errc::refused, "this person's account is frozen");
        case 20023: refusal.raise(Errc::refused, "this person is not registered with the platform");
        case 20066:
            refusal.raise(Errc::refused,
                          "the platform refuses this person's status: resigned, frozen or not activated");
        default: break;
    }
}

}  // namespace detail

CORPS_DECL FSAuth::Config FSAuth::Config::fromJson(boost::json::object const& keys, std::string_view place) {
    detail::BusinessKeys const read(keys, place);
    Config out(read.credential("appId"), read.secret("appSecret"));
    out.baseUrl = read.baseUrl("baseUrl", detail::kFeishuApi);
    // Feishu and Lark are two worlds, each with its login host; that of a private deployment is not guessed.
    std::string_view accounts;
    if (out.baseUrl == detail::kFeishuApi) accounts = detail::kFeishuAccounts;
    if (out.baseUrl == detail::kLarkApi) accounts = detail::kLarkAccounts;
    out.accountsBaseUrl = read.baseUrl("accountsBaseUrl", accounts);
    // One brand's browser page for the other brand's API: every login would come back with a code that the
    // API does not know.
    bool const mixed =
        (accounts == detail::kFeishuAccounts && out.accountsBaseUrl == detail::kLarkAccounts) ||
        (accounts == detail::kLarkAccounts && out.accountsBaseUrl == detail::kFeishuAccounts);
    if (mixed)
        read.refuse("accountsBaseUrl",
                    "the login host of the same brand as baseUrl: " + std::string(accounts));
    out.userIdType = read.text("userIdType", "open_id");
    if (out.userIdType != "open_id" && out.userIdType != "user_id" && out.userIdType != "union_id") {
        read.refuse("userIdType", "\"open_id\", \"user_id\" or \"union_id\"");
    }
    return out;
}

CORPS_DECL FSAuth::FSAuth(Config config) : config_(std::move(config)) {}

CORPS_DECL asio::awaitable<IssuedToken> FSAuth::token(Channel& wire) const {
    boost::json::object body;
    body["app_id"] = config_.appId;
    body["app_secret"] = config_.appSecret.reveal();
    Request q("POST", config_.baseUrl + "/open-apis/auth/v3/tenant_access_token/internal",
              "POST /open-apis/auth/v3/tenant_access_token/internal");
    q.headers.emplace_back("Content-Type", std::string(detail::kFeishuJson));
    q.body = boost::json::serialize(body);
    Request sent = q;
    Response p = co_await wire.send(std::move(sent));
    std::optional<boost::json::object> const o = detail::feishuObject(p);
    detail::FeishuRefusal refusal(q, p, o ? &*o : nullptr, config_.appSecret.reveal());
    refusal.raiseIfPassing();
    if (refusal.code() != 0) refusal.raise(Errc::authRejected, detail::feishuCredentialsText(refusal.code()));
    std::string value = detail::feishuText(*o, "tenant_access_token");
    boost::json::value const* const expire = o->if_contains("expire");
    if (value.empty() || expire == nullptr || !expire->is_int64() || expire->get_int64() <= 0) {
        refusal.raise(Errc::protocol, "the answer holds no token with a lifetime");
    }
    // "expire" is what remains, 30 to 120 minutes: asked again with more than 30 left, the platform repeats
    // the token. So the margin must be well below that, or a token just fetched would already count as old.
    std::int64_t const seconds = std::min<std::int64_t>(expire->get_int64(), 7 * 24 * 3600);
    Duration const lifetime = std::chrono::seconds(seconds);
    IssuedToken out(std::move(value), lifetime - std::min<Duration>(std::chrono::minutes(10), lifetime / 3));
    co_return out;
}

CORPS_DECL void FSAuth::attach(Request& q, std::string_view token) const {
    q.headers.emplace_back("Authorization", "Bearer " + std::string(token));
}

CORPS_DECL bool FSAuth::tokenRejected(Response const& p) const {
    // Most answers are large and say nothing of tokens: a search is much cheaper than parsing each of them
    // once more.
    if (p.body.find("999916") == std::string::npos) return false;
    std::optional<boost::json::object> const o = detail::feishuObject(p);
    if (!o) return false;
    switch (detail::feishuCode(*o).value_or(0)) {
        case 99991663:
        case 99991664:
        case 99991665:
        case 99991671: return true;
        default: return false;
    }
}

CORPS_DECL std::string FSAuth::tokenKey() const {
    // The secret takes part, as a hash: a corp that does not know it must not live on the token of one that
    // does.
    std::size_t const proof = std::hash<std::string_view>()(config_.appSecret.reveal());
    return "feishu " + config_.baseUrl + " " + config_.appId + " " + std::to_string(proof);
}

CORPS_DECL std::string FSAuth::authorizeUrl(LoginRequest const& r) const {
    if (config_.accountsBaseUrl.empty()) {
        throw Error(Errc::config,
                    "\"accountsBaseUrl\": expected the host of the login page, since \"baseUrl\" is neither "
                    "Feishu's nor Lark's own");
    }
    detail::feishuLoginKind(r.kind);
    std::string out = config_.accountsBaseUrl +
                      "/open-apis/authen/v1/authorize?client_id=" + percentEncode(config_.appId) +
                      "&response_type=code&redirect_uri=" + percentEncode(r.redirectUri);
    if (!r.scope.empty()) out += "&scope=" + percentEncode(r.scope);
    if (!r.state.empty()) out += "&state=" + percentEncode(r.state);
    if (!r.codeChallenge.empty())
        out += "&code_challenge=" + percentEncode(r.codeChallenge) + "&code_challenge_method=S256";
    return out;
}

CORPS_DECL asio::awaitable<Identity> FSAuth::identify(Channel& wire, Channel& /*authorised*/,
                                                      LoginCode code) const {
    detail::feishuLoginKind(code.kind);
    boost::json::object body;
    body["grant_type"] = "authorization_code";
    body["client_id"] = config_.appId;
    body["client_secret"] = config_.appSecret.reveal();
    body["code"] = code.code;
    if (!code.redirectUri.empty()) body["redirect_uri"] = code.redirectUri;
    if (!code.codeVerifier.empty()) body["code_verifier"] = code.codeVerifier;
    Request q("POST", config_.baseUrl + "/open-apis/authen/v2/oauth/token",
              "POST /open-apis/authen/v2/oauth/token");
    q.headers.emplace_back("Content-Type", std::string(detail::kFeishuJson));
    q.body = boost::json::serialize(body);
    Request sent = q;
    Response p = co_await wire.send(std::move(sent));
    std::optional<boost::json::object> o = detail::feishuObject(p);
    {
        detail::FeishuRefusal refusal(q, p, o ? &*o : nullptr, config_.appSecret.reveal());
        if (refusal.code() == 20050 || refusal.code() == 20072)
            refusal.raise(Errc::transport, "the platform cannot answer at the moment");
        refusal.raiseIfPassing();
        detail::feishuRefusePerson(refusal);
        switch (refusal.code()) {
            case 0: break;
            case 20002: refusal.raise(Errc::config, "the platform refuses appSecret");
            case 20048: refusal.raise(Errc::config, "the platform does not know appId");
            case 20009:
            case 20069:
                refusal.raise(Errc::config, "the application is not installed or not enabled in this tenant");
            case 20071:
                refusal.raise(Errc::invalidArgument,
                              "the redirect address is not the one the login page was opened with");
            case 20046:
                refusal.raise(
                    Errc::config,
                    "the application is of the other brand: is baseUrl Feishu's where it is Lark's, "
                    "or the other way round?");
            case 20049: refusal.raise(Errc::authRejected, "the code verifier does not fit");
            case 20003:
            case 20004:
            case 20065:
                refusal.raise(Errc::authRejected, "the login code is not known, too old, or was used before");
            default: refusal.raise(Errc::authRejected, "the platform refuses the login");
        }
    }
    std::string const token = detail::feishuText(*o, "access_token");
    Request info("GET", config_.baseUrl + "/open-apis/authen/v1/user_info",
                 "GET /open-apis/authen/v1/user_info");
    attach(info, token);
    sent = info;
    p = co_await wire.send(std::move(sent));
    o = detail::feishuObject(p);
    detail::FeishuRefusal refusal(info, p, o ? &*o : nullptr, token);
    if (refusal.code() == 20050) refusal.raise(Errc::transport, "the platform cannot answer at the moment");
    refusal.raiseIfPassing();
    detail::feishuRefusePerson(refusal);
    if (refusal.code() != 0) refusal.raise(Errc::authRejected, "the platform does not say who logged in");
    boost::json::value const* const data = o->if_contains("data");
    if (data == nullptr || !data->is_object())
        refusal.raise(Errc::protocol, "the answer says nothing of who logged in");
    boost::json::object const& who = data->get_object();
    Identity out;
    out.upstreamCorpId = detail::feishuText(who, "tenant_key");
    out.openId = detail::feishuText(who, "open_id");
    out.unionId = detail::feishuText(who, "union_id");
    out.memberId = detail::feishuText(who, config_.userIdType);
    if (out.memberId.empty() && out.openId.empty())
        refusal.raise(Errc::protocol, "the answer says nothing of who logged in");
    co_return out;
}

}  // namespace corps
