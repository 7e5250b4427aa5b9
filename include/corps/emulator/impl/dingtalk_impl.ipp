#pragma once

#include <corps/emulator/dingtalk.hpp>
#include <corps/emulator/impl/directory.hpp>
#include <corps/emulator/impl/parameters.hpp>
#include <corps/emulator/impl/server_core.hpp>
#include <corps/emulator/impl/visible_range.hpp>

#include <boost/json/value.hpp>

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

namespace detail::dingtalk {
struct Event;
}  // namespace detail::dingtalk

/**
 * The DingTalk dialect. Routes, gates and answers are in dingtalk.ipp; what the calls do in the files beside
 * it.
 *
 * Gates are passed in this order: route, method, address, token, permission, rate, parameters, contact scope;
 * then fields are withheld.
 */
class DingTalkServer::Impl final : public detail::Platform {
public:
    Impl(DingTalkOptions options, Organisation organisation);
    ~Impl() override { core_.stop(); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    detail::ServerCore& core() noexcept override { return core_; }

    // With the lock held:
    const DingTalkOptions& options() const noexcept { return options_; }
    void setBehaviour(DingTalkBehaviour behaviour);
    std::string workbenchCode(std::string_view appKey, std::string_view memberId);
    std::string unionIdOf(std::uint32_t member) const;
    const detail::Directory& directory() const noexcept { return *directory_; }
    std::int64_t numberOf(const std::unordered_map<std::string, std::int64_t>& ids,
                          std::string_view id) const {
        const auto found = ids.find(std::string(id));
        return found == ids.end() ? 0 : found->second;
    }
    const std::unordered_map<std::string, std::int64_t>& roleIds() const noexcept { return roleIds_; }
    const std::unordered_map<std::string, std::int64_t>& groupIds() const noexcept { return groupIds_; }

    std::string_view route(const HttpRequest& request) override;
    HttpReply answer(const HttpRequest& request, const detail::Effects& effects) override;
    HttpReply tooFast(const Fault& fault) override;
    HttpReply envelope(int httpStatus, std::int64_t code, const std::string& msg) override;
    HttpReply internalError(int httpStatus) override;
    std::chrono::milliseconds latency() const override { return options_.behaviour.latency; }
    const Organisation& currentOrganisation() const override { return directory_->organisation(); }
    void replaceOrganisation(Organisation organisation) override;
    std::string behaviourJson() const override;
    void readBehaviour(const boost::json::value& json) override;
    std::optional<std::string> control(std::string_view what, const HttpRequest& request) override;
    detail::CallbackSetting prepareCallback(const boost::json::value& json) override;
    std::string callbacksSet() const override;
    void clearCallbacks() override;
    /** @throws ControlError */
    detail::CallbackSetting prepareCallback(DingTalkCallback callback);

private:
    using Index = detail::Directory::Index;
    static constexpr Index kNone = detail::Directory::kNone;
    /** Orders of members lie below this, some 1.76e17. */
    static constexpr std::int64_t kTopOrder = 176'188'733'616'559'512;

    /** How a call answers. */
    enum class Family {
        topapi,  ///< errors of the gateway are wrapped in 88; there is a request id
        old,     ///< the other paths of oapi: errors on top, no request id
        v1,      ///< api.dingtalk.com: HTTP status and a code that is a word
        page     ///< what a browser sees
    };
    enum class Gate { open, appToken, userToken };
    enum class TokenKind { app, user };
    enum class CodeKind { workbench, oauth };
    /** What is to be done about a call that comes too often. */
    enum class Limit { appAndApi, api };

    struct Call;
    using Handler = HttpReply (Impl::*)(const Call&);

    struct Endpoint {
        std::string_view method;
        std::string_view path;  ///< a segment with a colon stands for any
        Handler handler = nullptr;
        Family family = Family::topapi;
        Gate gate = Gate::appToken;
        std::string_view permission;  ///< none: no permission needed
        bool list = false;            ///< it can answer with a list that has nothing in it
        std::string label;
        std::string api;  ///< its name, as throttling texts have it
    };

    using Parameters = detail::Parameters;
    using Found = Parameters::Found;

    struct Token {
        std::string appKey;
        TokenKind kind = TokenKind::app;
        std::int64_t expiresMs = 0;
        std::string unionId;                             ///< of user tokens
        std::set<std::string, std::less<>> permissions;  ///< as they were when it was issued
    };
    struct LoginCode {
        CodeKind kind = CodeKind::workbench;
        std::string appKey;  ///< empty: any
        std::string memberId;
        std::string unionId;
        bool withCorp = false;
        std::int64_t expiresMs = 0;
    };
    struct RefreshToken {
        std::string appKey;
        std::string unionId;
        bool withCorp = false;
        std::int64_t expiresMs = 0;
    };
    struct Leaver {
        Member member;
        std::int64_t leaveMs = 0;
    };
    struct RoleEntry {
        std::int64_t id = 0;
        std::string name;
        std::size_t group = 0;
        std::vector<Index> members;
    };
    struct GroupEntry {
        std::int64_t id = 0;
        std::string name;
        std::vector<std::size_t> roles;
    };
    struct Roles {
        std::vector<GroupEntry> groups;
        std::vector<RoleEntry> roles;
    };
    /** An event that nobody accepted. */
    struct FailedEvent {
        std::string appKey;  ///< as it was given
        std::string tag;
        std::int64_t atMs = 0;
        std::int64_t readableMs = 0;
        std::vector<std::pair<std::string, std::string>> data;
        bool told = false;
    };

    /** A call that has passed the gates. */
    struct Call {
        const HttpRequest& request;
        const detail::Effects& effects;
        Parameters in;
        std::string appKey;
        std::string token;
        std::string unionId;  ///< of a user token
        const std::set<std::string, std::less<>>* tokenPermissions = nullptr;
    };

    struct Page {
        std::size_t begin = 0;
        std::size_t size = 0;
        std::int64_t cursor = 0;  ///< as sent
    };
    /** How a list of members refuses bad paging. */
    struct PageCodes {
        std::int64_t cursor;
        std::int64_t size;
        std::int64_t tooLarge;
    };
    struct Slice {
        std::size_t begin = 0;
        std::size_t end = 0;
        bool more = false;
    };

    // answers
    HttpReply reply(std::string body);
    HttpReply succeed(std::string_view result);
    HttpReply succeedFlat(std::string_view before, std::string_view after, bool errmsg = true);
    HttpReply failure(std::int64_t code, std::string_view msg = {});
    HttpReply gatewayFailure(std::int64_t code, std::string_view msg = {});
    HttpReply v1Success(std::string body);
    HttpReply v1Failure(int httpStatus, std::string_view code, std::string_view message,
                        std::string_view detail = {});
    HttpReply nothing();
    HttpReply unknownPath(const HttpRequest& request);
    HttpReply permissionMissing(const Call& call, std::string_view permission);
    HttpReply tooFast(Limit limit, std::uint32_t calls, std::int64_t seconds, bool times);
    HttpReply badParameter() { return failure(400002); }
    HttpReply unknownUser() { return failure(options_.behaviour.unknownUserCode); }
    std::string requestId();
    std::string uuid();

    // gates
    std::optional<HttpReply> checkAddress();
    std::optional<HttpReply> checkToken(const HttpRequest& request, Call& call);
    std::optional<HttpReply> checkRate(const Call& call);
    std::optional<HttpReply> readParameters(const HttpRequest& request, Call& call);
    bool granted(const Call& call, std::string_view permission) const;

    // contacts
    bool isListed(Index dept) const;
    Index findDept(std::int64_t id) const;
    std::optional<HttpReply> requireDept(const Call& call, Index& out, bool scoped, std::int64_t badCode,
                                         std::optional<std::int64_t> standard = std::nullopt);
    std::optional<HttpReply> requireUser(const Call& call, Index& out, bool scoped);
    std::optional<HttpReply> readPage(const Call& call, const PageCodes& codes, Page& page);
    std::optional<HttpReply> readOffset(const Call& call, std::int64_t standard, std::int64_t largest,
                                        Page& page);
    Slice slice(const Call& call, const Page& page, std::size_t total) const;
    std::int64_t cursorOf(std::size_t offset) const;
    void arrange(std::vector<Index>& items, std::string_view key) const;
    const std::vector<Index>& ordered(Index dept);
    std::int64_t orderIn(const Member& member, Index dept) const;
    bool leads(Index member, Index dept) const;
    std::vector<Index> places(const Member& member) const;
    const std::string& rootName() const;
    const std::string& deptName(Index dept) const;
    bool isRestricted(Index member) const;

    HttpReply deptListSub(const Call& call);
    HttpReply deptListSubId(const Call& call);
    HttpReply deptGet(const Call& call);
    HttpReply parentsOfDept(const Call& call);
    HttpReply parentsOfUser(const Call& call);
    void appendChain(std::string& out, Index dept) const;
    void appendDeptBase(std::string& out, Index dept) const;

    HttpReply userList(const Call& call);
    HttpReply userListSimple(const Call& call);
    HttpReply memberPage(const Call& call, const PageCodes& codes, std::int64_t deptCode, bool simple);
    HttpReply userListId(const Call& call);
    HttpReply userGet(const Call& call);
    HttpReply userByMobile(const Call& call);
    HttpReply userByUnionId(const Call& call);
    HttpReply userCount(const Call& call);
    void appendUser(std::string& out, const Call& call, Index member, Index dept) const;
    Index findMobile(std::string_view mobile);
    Index findUnionId(std::string_view unionId);

    HttpReply roleList(const Call& call);
    HttpReply roleMembers(const Call& call);
    HttpReply roleGroupGet(const Call& call);
    HttpReply roleGet(const Call& call);
    HttpReply adminList(const Call& call);
    HttpReply adminScope(const Call& call);
    HttpReply authScopes(const Call& call);
    int adminLevel(Index member) const;
    void prepareRoles();
    const RoleEntry* findRole(std::int64_t id) const;

    // organisation, Smart HR, who left
    HttpReply authInfos(const Call& call);
    HttpReply leaveRecords(const Call& call);
    HttpReply hrOnJob(const Call& call);
    HttpReply hrLeft(const Call& call);
    HttpReply hrLeftDetails(const Call& call);
    HttpReply dismissions(const Call& call);
    HttpReply dimissionInfos(const Call& call);
    HttpReply rosters(const Call& call);
    template <class Append>
    HttpReply idPage(const Call& call, std::size_t total, Append append);
    const Leaver* findLeaver(std::string_view memberId) const;

    // the historic contacts API
    HttpReply oldDeptList(const Call& call);
    HttpReply oldDeptGet(const Call& call);
    HttpReply oldUserPage(const Call& call);
    HttpReply oldUserGet(const Call& call);
    HttpReply oldDeptMembers(const Call& call);
    void appendOldUser(std::string& out, const Call& call, Index member, Index dept) const;

    // tokens and login
    HttpReply oldToken(const Call& call);
    HttpReply accessToken(const Call& call);
    HttpReply unifiedToken(const Call& call);
    HttpReply userAccessToken(const Call& call);
    HttpReply authorize(const Call& call);
    HttpReply userInfo(const Call& call);
    HttpReply oldUserInfo(const Call& call);
    HttpReply usersMe(const Call& call);
    std::int64_t redeem(const Call& call, Index& member);
    std::string issueToken(const std::string& appKey, std::string_view which);
    std::string userToken(const std::string& appKey, const std::string& unionId);
    bool knownApp(std::string_view appKey, std::string_view secret) const;
    std::string makeToken(std::string_view prefix, std::size_t digits);
    void forgetExpired();

    // events
    HttpReply registerCallBack(const Call& call);
    HttpReply updateCallBack(const Call& call);
    HttpReply keepCallBack(const Call& call, bool fresh);
    HttpReply getCallBack(const Call& call);
    HttpReply deleteCallBack(const Call& call);
    HttpReply failedCallBacks(const Call& call);
    std::int64_t callbackCode(std::int64_t old, std::int64_t now) const;
    DingTalkCallback* callbackOf(const std::string& appKey);
    std::string appKeyOf(const DingTalkCallback& callback) const;
    detail::CallbackJob callbackJob(const DingTalkCallback& callback, std::string event,
                                    std::string text) const;
    std::string written(const detail::dingtalk::Event& event, std::int64_t nowMs) const;
    std::string memberInfo(const detail::Directory& directory, Index member) const;
    std::vector<detail::dingtalk::Event> roleEvents(const detail::Directory& before, const Roles& was) const;
    std::vector<detail::dingtalk::Event> changeEvents(const detail::Directory& before,
                                                      const std::vector<std::int64_t>& idsBefore,
                                                      const Roles& roles) const;
    void tell(const detail::Directory& before, const std::vector<std::int64_t>& idsBefore,
              const Roles& roles);

    std::vector<Endpoint> makeEndpoints() const;
    void prepareScope();

    DingTalkOptions options_;
    detail::ServerCore core_;
    std::vector<Endpoint> endpoints_;
    const Endpoint* endpoint_ = nullptr;  // of the request in hand
    Family family_ = Family::topapi;      // of the request in hand, known even without an endpoint
    bool wrongMethod_ = false;
    std::string pathPart_;  // the variable part

    std::unique_ptr<detail::Directory> directory_;
    std::vector<std::int64_t> deptIds_;
    std::unordered_map<std::int64_t, Index> byDeptId_;
    std::vector<std::vector<Index>> ordered_;
    std::unordered_map<std::string, Index> byUnionId_, byMobile_;
    std::vector<Leaver> leavers_;
    std::vector<RoleEntry> roles_;
    std::vector<GroupEntry> groups_;
    std::unordered_map<std::string, std::int64_t> roleIds_, groupIds_;
    std::unordered_map<Index, std::vector<std::size_t>> rolesOf_;

    std::map<std::string, DingTalkCallback> callbacks_;  // by the key of the app as it was given
    std::vector<FailedEvent> failedEvents_;
    std::string lastApp_;  // that asked for a token

    std::set<std::string, std::less<>> permissions_;
    std::set<std::string, std::less<>> hidden_, restricted_, external_;
    bool scopePrepared_ = false;
    detail::VisibleRange scope_;

    std::string secret_;
    std::uint64_t issued_ = 0;
    std::uint64_t answers_ = 0;
    detail::RateWindows rates_;
    std::int64_t shutOutUntilMs_ = 0;
    std::unordered_map<std::string, Token> tokens_;
    std::unordered_map<std::string, std::string> appTokens_;
    std::unordered_map<std::string, LoginCode> codes_;
    std::unordered_map<std::string, RefreshToken> refreshTokens_;
};

}  // namespace corps::emulator
