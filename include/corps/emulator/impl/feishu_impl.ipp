#pragma once

#include <corps/emulator/feishu.hpp>
#include <corps/emulator/impl/directory.hpp>
#include <corps/emulator/impl/server_core.hpp>
#include <corps/emulator/impl/visible_range.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace corps::emulator {

namespace detail::feishu {
using Members = std::vector<std::pair<std::string, std::string>>;
}  // namespace detail::feishu

/**
 * The Feishu dialect. Routes, gates and answers are in feishu.ipp, records and lists in feishu_records.ipp,
 * what the calls do in the files beside them, events in feishu_events.ipp.
 *
 * Gates are passed in this order: route, method, Authorization, token, scope, rate, parameters, contact
 * range; then fields are pruned.
 */
class FeishuServer::Impl final : public detail::Platform {
public:
    Impl(FeishuOptions options, Organisation organisation);
    ~Impl() override { core_.stop(); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    detail::ServerCore& core() noexcept override { return core_; }
    const FeishuOptions& options() const noexcept { return options_; }

    // With the lock held:
    void setBehaviour(FeishuBehaviour behaviour);
    std::string openUserId(std::string_view appId, std::string_view memberId) const;
    std::string openDepartmentId(std::string_view appId, std::string_view deptId) const;
    std::string unionIdOf(std::uint32_t member) const { return unionIdOf(*directory_, member); }
    static std::string unionIdOf(const detail::Directory& directory, std::uint32_t member);
    const detail::Directory& directory() const noexcept { return *directory_; }

    std::string_view route(const HttpRequest& request) override;
    HttpReply answer(const HttpRequest& request, const detail::Effects& effects) override;
    HttpReply tooFast(const Fault& fault) override;
    HttpReply envelope(int httpStatus, std::int64_t code, const std::string& msg) override {
        return failure(httpStatus, code, msg);
    }
    HttpReply internalError(int httpStatus) override { return failure(httpStatus, 40003, "internal error"); }
    std::chrono::milliseconds latency() const override { return options_.behaviour.latency; }
    const Organisation& currentOrganisation() const override { return directory_->organisation(); }
    void replaceOrganisation(Organisation organisation) override;
    std::string behaviourJson() const override;
    void readBehaviour(const boost::json::value& json) override;
    detail::CallbackSetting prepareCallback(const boost::json::value& json) override;
    std::string callbacksSet() const override;
    void clearCallbacks() override;
    /** @throws ControlError */
    detail::CallbackSetting prepareCallback(FeishuCallback callback);

private:
    using Index = detail::Directory::Index;
    static constexpr Index kNone = detail::Directory::kNone;

    enum class UserIdType { openId, unionId, userId };
    enum class DeptIdType { openId, custom };
    enum class TokenKind { tenant, user };
    /** Which published limit applies. */
    enum class Rate { none, standard, perMinute100, perMinute10 };
    /** What comes before the handler. */
    enum class Gate { open, tenantToken, userToken, appToken };

    struct Call;
    using Handler = HttpReply (Impl::*)(const Call&);

    struct Endpoint {
        std::string_view method;
        std::string_view path;
        Handler handler;
        Gate gate;
        std::vector<std::string_view> scopes;  ///< any of them opens the gate; none: no scope needed
        Rate rate;
        std::string label;
        std::vector<std::string_view> segments;
    };

    struct Token {
        std::string appId;
        TokenKind kind = TokenKind::tenant;
        std::int64_t expiresMs = 0;
        std::string memberId;  ///< of user tokens
    };
    struct AppToken {
        std::string token;
        std::int64_t expiresMs = 0;
    };
    struct LoginGrant {
        std::string appId;
        std::string memberId;
        std::string scope;
    };
    struct LoginCode {
        LoginGrant grant;
        std::string redirectUri;
        std::string challenge;
        bool sha256 = false;
        bool used = false;
        std::int64_t expiresMs = 0;
    };
    struct RefreshToken {
        LoginGrant grant;
        bool used = false;
        bool legacy = false;
        std::string accessToken;
        std::int64_t expiresMs = 0;
        std::int64_t authorizedMs = 0;
    };

    /** The ids one app sees. */
    struct View {
        std::string appId;
        std::vector<detail::Id128> users;
        std::vector<detail::Id128> depts;
        std::vector<std::pair<detail::Id128, Index>> byUser;
        std::vector<std::pair<detail::Id128, Index>> byDept;
    };

    /** A call that has passed the gates. */
    struct Call {
        const HttpRequest& request;
        const detail::Effects& effects;
        const std::vector<std::string>& path;  ///< the decoded variable parts
        std::string appId;
        std::string memberId;  ///< of a user token
        std::string token;
        const View* view = nullptr;
        UserIdType userIds = UserIdType::openId;
        DeptIdType deptIds = DeptIdType::openId;
    };

    struct Page {
        std::size_t size = 0;
        std::size_t begin = 0;
        std::string key;    ///< which list the token belongs to
        std::string token;  ///< as sent
    };
    /** How a list refuses bad paging. */
    struct PageRules {
        std::int64_t standard;
        std::int64_t smallest;
        std::int64_t largest;
        std::int64_t sizeCode = 40011;
        std::int64_t tokenCode = 40012;
        std::int64_t expiredCode = 40012;
    };

    /** Which fields the granted scopes open. */
    struct Fields {
        bool deptBase, deptOrganize, deptHrbp;
        bool userId, userBase, email, phone, gender, userDept, employee, employeeNo, geo, jobLevel, jobFamily,
            dottedLine, assignInfo;
    };

    // answers
    std::string logId();
    HttpReply reply(int httpStatus, std::string body);
    HttpReply success(std::string_view data);
    HttpReply failure(int httpStatus, std::int64_t code, std::string_view msg, std::string_view error = {});
    HttpReply violation(std::string_view field, std::string_view value, std::string_view description);
    HttpReply scopeMissing(std::string_view type, std::span<const std::string_view> scopes,
                           const std::string& appId);
    HttpReply tooFast(int httpStatus, std::uint32_t limit, std::int64_t waitSeconds, bool headers);
    HttpReply unknownUser(const Call& call, std::string_view id);
    HttpReply unknownDept(const Call& call, std::string_view id);
    HttpReply noDeptAuthority() { return failure(403, 40004, "no dept authority error"); }
    HttpReply noUserAuthority() { return failure(400, 41050, "no user authority error"); }

    // gates
    bool granted(std::string_view scope) const { return scopes_.contains(scope); }
    bool grantedAny(std::span<const std::string_view> scopes) const;
    std::optional<HttpReply> checkToken(const HttpRequest& request, Gate gate, const detail::Effects& effects,
                                        Call& call);
    std::optional<HttpReply> checkRate(const Call& call);
    std::optional<HttpReply> checkIdTypes(Call& call);

    // ids
    static detail::Id128 derive(std::string_view what, std::string_view appId, std::string_view corpId,
                                std::string_view id) noexcept;
    const View& viewOf(const std::string& appId);
    void appendUserId(std::string& out, const Call& call, Index member) const;
    void appendDeptId(std::string& out, const Call& call, Index dept) const;
    Index findUser(const Call& call, std::string_view id) const;
    Index findDept(const Call& call, std::string_view id) const;
    bool wasDept(const Call& call, std::string_view id) const;
    static Index findId(const std::vector<std::pair<detail::Id128, Index>>& ids, std::string_view prefix,
                        std::string_view text) noexcept;

    // contact range
    void prepareRange();
    bool deptVisible(Index dept) const noexcept { return range_.dept(dept); }
    bool userVisible(Index member) const { return range_.member(member); }
    bool wholeRange() const noexcept { return range_.whole(); }

    // lists
    std::optional<HttpReply> readPage(const Call& call, const PageRules& rules, std::string key, Page& page);
    std::string pageToken(const Page& page, std::size_t offset) const;
    std::span<const Index> arranged(std::span<const Index> items, std::string_view key, bool recursive);
    template <class Append>
    HttpReply list(const Call& call, const Page& page, std::string_view name, std::size_t total,
                   Append append, bool alwaysToken = false);
    HttpReply deptList(const Call& call, Index dept, bool recursive, const Page& page);
    HttpReply userList(const Call& call, std::span<const Index> members, const Page& page);
    void appendDept(std::string& out, const Call& call, Index dept) const;
    void appendUser(std::string& out, const Call& call, Index member, bool single) const;
    static void appendStatus(std::string& out, const Member& member);
    using Places = std::vector<std::pair<Index, const Membership*>>;
    Places placesOf(const detail::Directory& directory, const detail::VisibleRange& range,
                    const Member& member) const;
    template <class AppendDept>
    static void appendOrders(std::string& out, const Places& places, const Member& member, AppendDept append);
    void appendMobile(std::string& out, const Member& member, bool countryCode) const;
    std::optional<HttpReply> readBool(const Call& call, std::string_view name, bool& out);

    // contacts
    HttpReply tenantQuery(const Call& call);
    HttpReply deptChildren(const Call& call);
    HttpReply deptGet(const Call& call);
    HttpReply deptBatch(const Call& call);
    HttpReply deptParents(const Call& call);
    HttpReply deptsOld(const Call& call);
    HttpReply usersByDept(const Call& call);
    HttpReply userBatch(const Call& call);
    HttpReply userGet(const Call& call);
    HttpReply userIdsByContact(const Call& call);
    HttpReply usersOld(const Call& call);
    HttpReply scopeList(const Call& call);
    HttpReply rangeConfiguration(const Call& call);
    HttpReply roleMembers(const Call& call);
    HttpReply roleMember(const Call& call);
    HttpReply roleCreate(const Call& call);
    HttpReply roleAddMembers(const Call& call);
    HttpReply units(const Call& call);
    HttpReply unitDepts(const Call& call);
    HttpReply employeeTypes(const Call& call);
    HttpReply jobTitles(const Call& call);
    HttpReply jobTitle(const Call& call);
    HttpReply membersInRange(const Call& call, const Page& page, bool configuration);
    void appendRoleMember(std::string& out, const Call& call, Index member) const;

    // events
    struct Sight;
    /** What the contact range consists of. */
    struct Nodes {
        std::set<Index> depts;
        std::set<Index> users;
        std::set<std::string> groups;
    };
    HttpReply outboundIps(const Call& call);
    detail::feishu::Members userMembers(const Sight& sight, Index member, const Fields& fields) const;
    detail::feishu::Members deptMembers(const Sight& sight, Index dept, bool deleted) const;
    std::string appIdOf(const FeishuCallback& callback) const;
    detail::CallbackJob eventJob(const FeishuCallback& callback, std::string_view type,
                                 const std::string& event);
    void tell(const detail::Directory& before, std::uint64_t orderShiftBefore);
    Nodes rangeNodes() const;
    void tellRange(const Nodes& before);

    // tokens and login
    HttpReply tenantToken(const Call& call);
    HttpReply appToken(const Call& call);
    HttpReply issueToken(const Call& call, bool app);
    HttpReply authorize(const Call& call);
    HttpReply oauthToken(const Call& call);
    HttpReply oidcToken(const Call& call);
    HttpReply oidcRefresh(const Call& call);
    HttpReply oldUserToken(const Call& call);
    HttpReply userInfo(const Call& call);
    HttpReply oauthFailure(int httpStatus, std::int64_t code, std::string_view error,
                           std::string_view description);
    std::int64_t redeemCode(std::string_view code, std::string_view appId, LoginCode& out);
    std::string userToken(const LoginGrant& grant, bool legacy);
    std::string refreshToken(const LoginGrant& grant, bool legacy, const std::string& accessToken,
                             std::int64_t authorizedMs);
    HttpReply oauthSuccess(const LoginGrant& grant, std::string_view scope, std::int64_t authorizedMs);
    void appendLegacyTokens(std::string& out, const LoginGrant& grant, std::int64_t authorizedMs);
    void appendUserInfo(std::string& out, const std::string& appId, Index member);
    std::int64_t loginState(const std::string& memberId) const;
    const FeishuCredentials* findApp(std::string_view appId) const noexcept;
    std::string makeToken(std::string_view prefix, std::size_t digits);
    void forgetExpired();

    std::vector<Endpoint> makeEndpoints() const;
    const std::vector<std::string>& jobTitleNames();

    FeishuOptions options_;
    detail::ServerCore core_;
    std::vector<Endpoint> endpoints_;
    const Endpoint* endpoint_ = nullptr;  // of the request in hand
    bool wrongMethod_ = false;
    std::vector<std::string> pathParts_;

    std::unique_ptr<detail::Directory> directory_;
    std::set<std::string, std::less<>> formerDepts_;  // ids that departments had in earlier organisations
    std::uint64_t orderShift_ = 0;
    std::vector<std::unique_ptr<View>> views_;
    std::unordered_map<std::string, Index> byUnionId_, byEmail_, byMobile_;
    bool indexedUnionIds_ = false;
    bool indexedContacts_ = false;
    std::optional<std::vector<std::string>> jobTitles_;

    std::map<std::string, FeishuCallback> callbacks_;  // by the id of the app as it was given
    std::string lastApp_;                              // that asked for a token

    std::set<std::string, std::less<>> scopes_;
    Fields fields_{};
    bool rangePrepared_ = false;
    detail::VisibleRange range_;
    std::vector<Index> scratch_;

    std::string secret_;
    std::uint64_t issued_ = 0;
    std::uint64_t answers_ = 0;
    detail::RateWindows rates_;
    std::unordered_map<std::string, Token> tokens_;
    std::unordered_map<std::string, AppToken> appTokens_;
    std::unordered_map<std::string, LoginCode> codes_;
    std::unordered_map<std::string, RefreshToken> refreshTokens_;
};

}  // namespace corps::emulator
