#pragma once

#include <corps/emulator/impl/directory.hpp>
#include <corps/emulator/impl/organisation_diff.hpp>
#include <corps/emulator/impl/parameters.hpp>
#include <corps/emulator/impl/server_core.hpp>
#include <corps/emulator/impl/visible_range.hpp>
#include <corps/emulator/wecom.hpp>

#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace corps::emulator {

namespace detail {

namespace wecom {
struct Patience;
struct Receiver;
struct Sight;
}  // namespace wecom

/** An organisation with what a server of WeCom looks up in it. */
struct WeComEnterprise {
    using Index = Directory::Index;

    struct Tag {
        std::int64_t id = 0;
        const Role* role = nullptr;
    };
    struct Pair {
        Index member;
        Index dept;
    };

    /** @throws OrganisationError what cannot be WeCom's. */
    CORPS_DECL explicit WeComEnterprise(Organisation organisation);

    std::unique_ptr<Directory> directory;
    std::vector<std::int64_t> deptIds;
    std::unordered_map<std::int64_t, Index> byDeptId;
    std::vector<Tag> tags;
    std::vector<Pair> pairs;                                  ///< of user/list_id; made when asked for
    std::map<const WeComContactScope*, VisibleRange> ranges;  ///< none: the whole organisation
};

/** An app of a provider in an enterprise: the matter of the server that has such. */
struct WeComProviderApp;

/**
 * The WeCom dialect: what the servers of one enterprise's own app and of a provider's apps have in common.
 * Routes, gates and answers are in wecom.ipp; what the calls do in the files beside it.
 *
 * Gates are passed in this order: route, token, address, rate, concurrency, kind of secret, parameters,
 * visible range; then fields are withheld.
 */
class WeComPlatform : public Platform {
public:
    explicit WeComPlatform(WeComOptions options);
    WeComPlatform(const WeComPlatform&) = delete;
    WeComPlatform& operator=(const WeComPlatform&) = delete;

    ServerCore& core() noexcept override { return core_; }

    // With the lock held:
    const WeComOptions& options() const noexcept { return options_; }
    std::int64_t tagId(std::string_view roleId) const;

    std::string_view route(const HttpRequest& request) override;
    HttpReply answer(const HttpRequest& request, const Effects& effects) override;
    HttpReply tooFast(const Fault& fault) override;
    HttpReply envelope(int httpStatus, std::int64_t code, const std::string& msg) override;
    HttpReply internalError(int httpStatus) override;
    std::chrono::milliseconds latency() const override { return options_.behaviour.latency; }

protected:
    using Index = Directory::Index;
    static constexpr Index kNone = Directory::kNone;
    static constexpr std::string_view kFilePath = "/_export/";  ///< of files; elsewhere another host's
    using Found = Parameters::Found;
    using Tag = WeComEnterprise::Tag;

    /** Which tokens a call takes. */
    enum class Gate {
        open,     ///< none needed
        any,      ///< both
        details,  ///< both, but that of a contact secret used from a new address (48009)
        app,      ///< of an app
        login,    ///< of an app, refused in words of the login
        contact,  ///< of a contact secret
        suite,    ///< of a template of a provider
        provider  ///< of a provider
    };

    /** What of a record an app may be kept from. */
    enum class Field {
        name,
        deptName,
        deptLeaders,
        leaderFlags,
        directLeader,
        position,
        telephone,
        extattr,
        externalPosition,
        externalProfile,
        mobile,
        gender,
        email,
        bizMail,
        avatar,
        thumbAvatar,
        address,
        qrCode
    };

    struct Call;
    using Handler = HttpReply (WeComPlatform::*)(const Call&);

    struct Endpoint {
        std::string_view method;
        std::string_view path;
        Handler handler = nullptr;
        Gate gate = Gate::any;
        bool list = false;  ///< it can answer with a list that has nothing in it
        bool page = false;  ///< what a browser sees
        std::string label;
    };

    struct Token {
        WeComEnterprise* corp = nullptr;  ///< none: the one there is
        std::string corpId;
        std::string key;  ///< of its organisation and secret
        std::int64_t agentId = 0;
        bool contact = false;
        const WeComContactScope* scope = nullptr;  ///< the app's own
        WeComProviderApp* app = nullptr;           ///< a provider's
        bool thirdParty = false;                   ///< of get_corp_token
        std::int64_t expiresMs = 0;
    };
    struct LoginCode {
        std::string corpId;  ///< empty: any
        std::int64_t agentId = 0;
        std::string userId;  ///< or
        std::string openId;
        WeComProviderApp* app = nullptr;  ///< a provider's
        bool service = false;             ///< for `getuserinfo3rd`
        bool privateInfo = false;
        bool used = false;
        std::int64_t expiresMs = 0;
    };
    struct Ticket {
        std::string memberId;
        std::string key;  ///< of the token that got it
        std::int64_t expiresMs = 0;
    };
    struct Cursor {
        std::size_t at = 0;
        std::int64_t expiresMs = 0;
    };
    struct Caller {
        std::uint32_t wrongSecrets = 0;
        std::int64_t bannedUntilMs = 0;
    };
    struct ExportJob {
        std::string id;
        std::string key;  ///< of the token that asked
        std::vector<std::string> files;
        std::vector<std::string> fileIds;
        std::uint32_t polls = 0;
        std::int64_t expiresMs = 0;  ///< when the files are gone
    };

    /** Whom somebody is who asks for a token. */
    struct Identity {
        std::int64_t code = 0;     ///< what the question is refused with; 0: it is not
        bool wrongSecret = false;  ///< counts for the ban of the address
        Token token;
    };
    /** What a login is for. */
    struct LoginTarget {
        WeComEnterprise* corp = nullptr;
        std::string corpId;
        const WeComContactScope* scope = nullptr;  ///< the app's own
        WeComProviderApp* app = nullptr;           ///< a provider's
        bool service = false;                      ///< of third parties, named by the template
    };

    /** What a range names. */
    struct Scope {
        std::vector<std::int64_t> depts;
        std::vector<Index> members;
        std::vector<std::int64_t> tags;
    };

    /** A call that has passed the gates. */
    struct Call {
        const HttpRequest& request;
        const Effects& effects;
        Parameters in;
        bool wrongJson = false;
        const Token* token = nullptr;
        const VisibleRange* range = nullptr;
    };

    /** Listens; the last thing a derived class's constructor does. */
    void start();
    void addEndpoints();
    void addEndpoint(std::string_view method, std::string_view path, Handler handler, Gate gate = Gate::any,
                     bool list = false, bool page = false);
    void behaviourChanged();

    /** Whose secret that is, with no part of it empty. */
    virtual Identity identify(const std::string& corpId, const std::string& secret) = 0;
    /** @return 0, or what is wrong: 40013 the id of the organisation, 40056 that of the app. */
    virtual std::int64_t findLogin(const std::string& corpId, std::int64_t agentId, LoginTarget& out) = 0;

    // What an app of the enterprise's own sees and does; a provider's sees less.
    /** @param list In a list of members. */
    virtual bool shows(const Call& call, Field field, bool list) const;
    /** What the enterprise lets the app ask its members for. */
    virtual bool consented(const Call& /*call*/, Field /*field*/) const { return true; }
    /** Knows all departments by their ids, those out of its range too. */
    virtual bool seesStructure(const Call& /*call*/) const { return false; }
    /** A name that is withheld comes as the id. */
    virtual bool namesAsIds() const { return false; }
    virtual std::string userId(const Call& /*call*/, Index member) const {
        return corp_->directory->member(member).memberId;
    }
    virtual Index findUser(const Call& /*call*/, const std::string& id) {
        return corp_->directory->findMember(id);
    }
    virtual bool seesTags(const Call& /*call*/) const { return true; }
    virtual std::string appName(const Call& /*call*/) const { return "App"; }
    /** Members of agent/get that only apps of providers have, and whether the app is shut. */
    virtual void appendAgent(std::string& out, const Call& call) const;
    /** A token is refused because of what has become of its app. */
    virtual std::optional<HttpReply> checkApp(const Call& call);
    /** The gates of providers. */
    virtual std::optional<HttpReply> checkProvider(Call& /*call*/) { return std::nullopt; }
    /** @return 0, or what somebody is told who may not log in. */
    virtual std::int64_t checkLogin(const LoginTarget& /*target*/, Index /*member*/,
                                    std::int64_t /*agentId*/) {
        return 0;
    }
    /** More calls than the platform lets one address make. */
    virtual bool addressUsedUp();
    /** A job was taken in: who waits to be told when it is done can be told. */
    std::string exportEvent(const std::string& corpId, ExportJob& job) const;
    virtual void exportSubmitted(const Token& /*token*/, ExportJob& /*job*/) {}

    std::optional<HttpReply> checkToken(const HttpRequest& request, Call& call);
    virtual std::optional<HttpReply> checkAddress();
    std::optional<HttpReply> checkRate(const std::string& corpId);
    std::optional<HttpReply> checkConcurrency(const std::string& corpId);
    std::optional<HttpReply> checkKind(const Call& call);
    bool used(const std::string& key, std::span<const RateLimit> limits);
    const VisibleRange& rangeOf(const WeComContactScope* scope);
    /** None: everything. */
    const WeComContactScope* scopeOf(const Token& token) const {
        return token.contact ? nullptr : token.scope != nullptr ? token.scope : &options_.behaviour.scope;
    }

    HttpReply succeed(const Call& call, std::string_view members);
    HttpReply failure(std::int64_t code, std::string_view text = {});
    HttpReply failure(const Call& call, std::int64_t code);
    HttpReply page(std::int64_t code);

    // departments, members
    std::optional<HttpReply> requireDept(const Call& call, std::string_view name, Index& out, bool mandatory,
                                         bool structure = false);
    std::optional<HttpReply> requireUser(const Call& call, Index& out);
    std::string deptName(Index dept) const;
    std::int64_t parentId(const Call& call, Index dept) const;
    std::vector<Index> places(const Call& call, Index member) const;
    std::int64_t orderIn(Index member, Index dept) const;
    bool leads(Index member, Index dept) const;
    bool visible(const Call& call, Index member) const {
        return corp_->directory->isActive(member) && call.range->member(member);
    }
    void appendIds(std::string& out, const std::vector<Index>& depts) const;
    void appendName(std::string& out, const Call& call, Index member) const;
    void appendDeptName(std::string& out, const Call& call, Index dept) const;
    void appendDeptBase(std::string& out, const Call& call, Index dept, bool name) const;
    void appendSimpleUser(std::string& out, const Call& call, Index member) const;
    void appendLeaders(std::string& out, const Call& call, Index dept) const;
    void appendUser(std::string& out, const Call& call, Index member, bool list) const;
    bool departments(const Call& call, std::vector<Index>& out, std::optional<HttpReply>& refused,
                     bool structure = false);
    bool membersOf(const Call& call, std::vector<Index>& out, std::optional<HttpReply>& refused);
    Index findByText(bool email, std::string_view text) const;
    HttpReply departmentList(const Call& call);
    HttpReply departmentSimpleList(const Call& call);
    HttpReply departmentGet(const Call& call);
    HttpReply userGet(const Call& call);
    HttpReply userList(const Call& call);
    HttpReply userSimpleList(const Call& call);
    HttpReply userListId(const Call& call);
    HttpReply userByMobile(const Call& call);
    HttpReply userByEmail(const Call& call);
    HttpReply openIdOf(const Call& call);
    HttpReply userOfOpenId(const Call& call);

    // tags, the app
    const Tag* findTag(std::int64_t id) const;
    std::vector<Index> tagDepts(const std::string& roleId) const;
    std::optional<HttpReply> requireTag(const Call& call, const Tag*& out);
    std::vector<Index> tagMembers(const Call& call, const Tag& tag) const;
    std::vector<Index> tagDepts(const Call& call, const Tag& tag) const;
    void appendTagUser(std::string& out, const Call& call, Index member) const;
    HttpReply tagList(const Call& call);
    HttpReply tagGet(const Call& call);
    static Scope resolve(const WeComEnterprise& contacts, const WeComContactScope& scope);
    HttpReply agentGet(const Call& call);
    HttpReply agentList(const Call& call);
    HttpReply callbackIps(const Call& call);

    // exports
    HttpReply submitExport(const Call& call, std::string_view before, std::string_view list,
                           const std::vector<std::string>& rows, std::string_view after = {});
    std::vector<Index> everybody(const Call& call) const;
    HttpReply exportSimpleUsers(const Call& call);
    HttpReply exportUsers(const Call& call);
    HttpReply exportDepartments(const Call& call);
    HttpReply exportTagUsers(const Call& call);
    HttpReply exportResult(const Call& call);
    HttpReply exportFile(const Call& call);

    // tokens and login
    bool banned();
    void countWrongSecret();
    void appendToken(std::string& out, Token token, std::string_view secret);
    HttpReply gettoken(const Call& call);
    HttpReply oauthPage(const Call& call);
    HttpReply ssoPage(const Call& call);
    HttpReply qrPage(const Call& call);
    HttpReply logIn(const Call& call, bool scan, bool privateInfo, std::int64_t agentId);
    HttpReply userInfo(const Call& call);
    HttpReply oldUserInfo(const Call& call);
    HttpReply userDetail(const Call& call);
    void appendPrivate(std::string& out, Index member, const std::function<bool(Field)>& consented) const;
    virtual bool knowsLoginType(std::string_view type) const { return type == "CorpApp"; }
    LoginCode* findCode(const Call& call, std::int64_t& code);
    std::string addCode(LoginCode code);
    std::string makeToken(std::string_view prefix, std::size_t digits);
    void forgetExpired();

    WeComOptions options_;
    ServerCore core_;
    std::vector<Endpoint> endpoints_;
    const Endpoint* endpoint_ = nullptr;  // of the request in hand, like the next
    std::string caller_ = "127.0.0.1";
    bool wrongMethod_ = false;

    WeComEnterprise* corp_ = nullptr;  // whose contacts the request in hand is about

    std::string secret_;
    std::uint64_t issued_ = 0;
    std::uint64_t answers_ = 0;
    RateWindows rates_;
    std::unordered_map<std::string, std::int64_t> blockedUntilMs_;
    std::unordered_map<std::string, std::vector<std::chrono::steady_clock::time_point>> answering_;
    std::unordered_map<std::string, Caller> callers_;
    std::unordered_map<std::string, Token> tokens_;
    std::unordered_map<std::string, std::string> currentTokens_;
    std::unordered_map<std::string, LoginCode> codes_;
    std::unordered_map<std::string, Ticket> tickets_;
    std::unordered_map<std::string, Cursor> cursors_;
    std::vector<ExportJob> jobs_;
};

}  // namespace detail

/** The server of one enterprise. */
class WeComServer::Impl final : public detail::WeComPlatform {
public:
    Impl(WeComOptions options, Organisation organisation);
    ~Impl() override { core_.stop(); }

    // With the lock held:
    void setBehaviour(WeComBehaviour behaviour);
    std::string loginCode(std::string_view memberId, std::int64_t agentId, bool privateInfo);

    const Organisation& currentOrganisation() const override {
        return enterprise_->directory->organisation();
    }
    void replaceOrganisation(Organisation organisation) override;
    std::string behaviourJson() const override;
    void readBehaviour(const boost::json::value& json) override;
    std::optional<std::string> control(std::string_view what, const HttpRequest& request) override;
    std::optional<std::string> change(std::string_view what, const HttpRequest& request) override;
    detail::CallbackSetting prepareCallback(const boost::json::value& json) override;
    std::string callbacksSet() const override;
    void clearCallbacks() override;
    /** @throws ControlError */
    detail::CallbackSetting prepareCallback(WeComCallback callback);
    /** Without the lock. @throws OrganisationError */
    void replaceOrganisation(Organisation organisation, const detail::MemberRenames& renames);

private:
    /** What the apps with an address see, and which departments carry a tag. */
    struct Seen {
        std::map<std::int64_t, detail::VisibleRange> ranges;
        std::map<std::int64_t, std::vector<std::string>> tagDepts;
    };

    Identity identify(const std::string& corpId, const std::string& secret) override;
    std::int64_t findLogin(const std::string& corpId, std::int64_t agentId, LoginTarget& out) override;
    void exportSubmitted(const Token& token, ExportJob& job) override;

    Seen seen();
    void tell(const detail::WeComEnterprise& was, const Seen& before, const detail::MemberRenames& renames);
    detail::wecom::Receiver receiverOf(const WeComCallback& callback) const;
    detail::wecom::Patience patience() const;
    std::vector<detail::CallbackJob> contactJobs(const WeComCallback& callback,
                                                 const detail::wecom::Sight& was,
                                                 const detail::wecom::Sight& is, const Seen& before,
                                                 const Seen& now, const detail::MemberRenames& renames) const;

    std::unique_ptr<detail::WeComEnterprise> enterprise_;
    std::map<std::int64_t, WeComCallback> callbacks_;  // by the id of the app; 0: the contact sync assistant
};

}  // namespace corps::emulator
