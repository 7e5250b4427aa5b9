#pragma once

#include <corps/emulator/impl/directory.hpp>
#include <corps/emulator/impl/parameters.hpp>
#include <corps/emulator/impl/server_core.hpp>
#include <corps/emulator/impl/visible_range.hpp>
#include <corps/emulator/wecom.hpp>

#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace corps::emulator {

/**
 * The WeCom dialect. Routes, gates and answers are in wecom.ipp; what the calls do in the files beside it.
 *
 * Gates are passed in this order: route, token, address, rate, concurrency, kind of secret, parameters,
 * visible range; then fields are withheld.
 */
class WeComServer::Impl final : public detail::Platform {
public:
    Impl(WeComOptions options, Organisation organisation);
    ~Impl() override { core_.stop(); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    detail::ServerCore& core() noexcept override { return core_; }

    // With the lock held:
    const WeComOptions& options() const noexcept { return options_; }
    void setBehaviour(WeComBehaviour behaviour);
    std::string loginCode(std::string_view memberId, std::int64_t agentId, bool privateInfo);
    std::int64_t tagId(std::string_view roleId) const;

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

private:
    using Index = detail::Directory::Index;
    static constexpr Index kNone = detail::Directory::kNone;
    static constexpr std::string_view kFilePath = "/_export/";  ///< of files; elsewhere another host's
    using Parameters = detail::Parameters;
    using Found = Parameters::Found;

    /** Which tokens a call takes. */
    enum class Gate {
        open,     ///< none needed
        any,      ///< both
        details,  ///< both, but that of a contact secret used from a new address (48009)
        app,      ///< of an app
        login,    ///< of an app, refused in words of the login
        contact   ///< of a contact secret
    };

    struct Call;
    using Handler = HttpReply (Impl::*)(const Call&);

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
        std::string corpId;
        std::string key;  ///< of its organisation and secret
        std::int64_t agentId = 0;
        bool contact = false;
        const WeComContactScope* scope = nullptr;  ///< the app's own
        std::int64_t expiresMs = 0;
    };
    struct LoginCode {
        std::string corpId;  ///< empty: any
        std::int64_t agentId = 0;
        std::string userId;  ///< or
        std::string openId;
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
    struct ExportJob {
        std::string id;
        std::string key;  ///< of the token that asked
        std::vector<std::string> files;
        std::vector<std::string> fileIds;
        std::uint32_t polls = 0;
        std::int64_t expiresMs = 0;  ///< when the files are gone
    };
    struct Tag {
        std::int64_t id = 0;
        const Role* role = nullptr;
    };
    struct Pair {
        Index member;
        Index dept;
    };

    /** A call that has passed the gates. */
    struct Call {
        const HttpRequest& request;
        const detail::Effects& effects;
        Parameters in;
        bool wrongJson = false;
        const Token* token = nullptr;
        const detail::VisibleRange* range = nullptr;
    };

    std::vector<Endpoint> makeEndpoints() const;
    std::optional<HttpReply> checkToken(const HttpRequest& request, Call& call);
    std::optional<HttpReply> checkAddress();
    std::optional<HttpReply> checkRate(const std::string& corpId);
    std::optional<HttpReply> checkConcurrency(const std::string& corpId);
    std::optional<HttpReply> checkKind(const Call& call);
    bool used(const std::string& key, std::span<const detail::RateLimit> limits);
    const detail::VisibleRange& rangeOf(const Token& token);
    const WeComContactScope& scopeOf(const Token& token) const {
        return token.scope != nullptr ? *token.scope : options_.behaviour.scope;
    }

    HttpReply succeed(const Call& call, std::string_view members);
    HttpReply failure(std::int64_t code, std::string_view text = {});
    HttpReply failure(const Call& call, std::int64_t code);
    HttpReply page(std::int64_t code);

    // departments, members
    std::optional<HttpReply> requireDept(const Call& call, std::string_view name, Index& out, bool mandatory);
    std::optional<HttpReply> requireUser(const Call& call, Index& out);
    std::string deptName(Index dept) const;
    std::int64_t parentId(const Call& call, Index dept) const;
    std::vector<Index> places(const Call& call, Index member) const;
    std::int64_t orderIn(Index member, Index dept) const;
    bool leads(Index member, Index dept) const;
    bool visible(const Call& call, Index member) const {
        return directory_->isActive(member) && call.range->member(member);
    }
    void appendIds(std::string& out, const std::vector<Index>& depts) const;
    void appendDeptBase(std::string& out, const Call& call, Index dept, bool name) const;
    void appendSimpleUser(std::string& out, const Call& call, Index member) const;
    void appendLeaders(std::string& out, const Call& call, Index dept) const;
    void appendUser(std::string& out, const Call& call, Index member, bool list) const;
    bool departments(const Call& call, std::vector<Index>& out, std::optional<HttpReply>& refused);
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
    HttpReply gettoken(const Call& call);
    HttpReply oauthPage(const Call& call);
    HttpReply ssoPage(const Call& call);
    HttpReply qrPage(const Call& call);
    HttpReply logIn(const Call& call, bool scan, bool privateInfo, std::int64_t agentId);
    HttpReply userInfo(const Call& call);
    HttpReply oldUserInfo(const Call& call);
    HttpReply userDetail(const Call& call);
    LoginCode* findCode(const Call& call, std::int64_t& code);
    std::string addCode(LoginCode code);
    std::string makeToken(std::string_view prefix, std::size_t digits);
    void forgetExpired();

    WeComOptions options_;
    detail::ServerCore core_;
    std::vector<Endpoint> endpoints_;
    const Endpoint* endpoint_ = nullptr;  // of the request in hand
    bool wrongMethod_ = false;

    std::unique_ptr<detail::Directory> directory_;
    std::vector<std::int64_t> deptIds_;
    std::unordered_map<std::int64_t, Index> byDeptId_;
    std::vector<Tag> tags_;
    std::vector<Pair> pairs_;                                          // of user/list_id; made when asked for
    std::map<const WeComContactScope*, detail::VisibleRange> ranges_;  // none: the whole organisation

    std::string secret_;
    std::uint64_t issued_ = 0;
    std::uint64_t answers_ = 0;
    detail::RateWindows rates_;
    std::unordered_map<std::string, std::int64_t> blockedUntilMs_;
    std::unordered_map<std::string, std::vector<std::chrono::steady_clock::time_point>> answering_;
    std::uint32_t wrongSecrets_ = 0;
    std::int64_t bannedUntilMs_ = 0;
    std::unordered_map<std::string, Token> tokens_;
    std::unordered_map<std::string, std::string> currentTokens_;
    std::unordered_map<std::string, LoginCode> codes_;
    std::unordered_map<std::string, Ticket> tickets_;
    std::unordered_map<std::string, Cursor> cursors_;
    std::vector<ExportJob> jobs_;
};

}  // namespace corps::emulator
