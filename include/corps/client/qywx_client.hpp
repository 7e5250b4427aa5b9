#pragma once

#include <corps/client/caller.hpp>
#include <corps/client/pull.hpp>
#include <corps/detail/config.hpp>
#include <corps/model/ids.hpp>
#include <corps/transport/channel.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace corps {

class QywxCallbacks;

/**
 * The client of a self-built application of WeCom.
 *
 * How a pull reads: the application (its visible range), the department list, the members below each visible
 * root in one recursive list, the tag list and each tag. With R visible roots and T tags, beside the token:
 *
 *     1 + 1 + R + 1 + T calls.
 *
 * Recursion is not promised by the platform any more (WeCom: document/path/90313 still names it), so it is
 * proven for each list: some member of it must not be a member of the root itself. Where it is ignored or
 * refused, members are read department by department (D calls for D departments); where an answer would be
 * too large (45029), the list is split into one for the department alone and one for each child. Where the
 * department list is refused, ids are listed and each department is read by itself. In a partial scope each
 * person who is visible one by one, or by a tag, and stands in no visible department, costs one call more.
 *
 * Where details of members are refused (48002, 48009: the secret of the contact-sync assistant), ids and
 * memberships are read by pages of 10,000, with `contactSecret` if there is one: names stay what they were.
 *
 * What becomes of fields (WeCom: document/path/90196): nick = name, phone = mobile in E.164 where it says
 * enough, email = email (not biz_mail), photo = avatar, position = position, gender as it is but "0" unknown,
 * thirdUserId = memberId = userid; upstreamStatus "disabled" (status 2) or "unactivated" (4); who has left
 * (5) is left out. Applications made since 2022-06-20 are not sent mobile, email, avatar and gender: absent
 * or empty, they are unknown. Job number, hire date, union id and administrators are not told. `order`, where
 * the larger comes first, is negated. isPrimary: main_department. Leaders: department_leader and
 * is_leader_in_dept. Tags are roles without a group; a tag's departments stand for all members below them.
 *
 * Business keys: corpId, agentId, contactSecret, baseUrl.
 */
struct QywxInnerClient {
    static constexpr std::string_view kElementType = "corps.QywxInnerType";
    static constexpr std::string_view kPlatform = "wecom";
    static constexpr std::string_view kRootDeptId = "1";
    /** What a store remembers of the business keys: the application. */
    [[nodiscard]] CORPS_DECL static std::string appId(boost::json::object const& settings);
    /** What handleCallback() reads the platform's callbacks with: <corps/callback/callbacks.hpp>. */
    using Callbacks = QywxCallbacks;
    class Api;
};

/** Calls about departments, decoded as the platform sends them. */
class QywxDepartments {
public:
    explicit QywxDepartments(QywxInnerClient::Api& api) : api_(&api) {}
    /** All departments that the application may see, or those at and below one. One call. */
    [[nodiscard]] CORPS_DECL asio::awaitable<std::vector<boost::json::object>> list(DeptId below = {});
    /** One department. Errors: Errc::notFound, permissionDenied (outside the visible range). */
    [[nodiscard]] CORPS_DECL asio::awaitable<boost::json::object> get(DeptId id);

private:
    QywxInnerClient::Api* api_;
};

/** Calls about users, decoded as the platform sends them. */
class QywxUsers {
public:
    explicit QywxUsers(QywxInnerClient::Api& api) : api_(&api) {}
    /** The members of one department; `fetchChild`: of those below it, too, where the platform still does
     * that. One call. */
    [[nodiscard]] CORPS_DECL asio::awaitable<std::vector<boost::json::object>> list(DeptId department,
                                                                                    bool fetchChild = false);
    /** One user. Errors: Errc::notFound (who left, and who is out of sight), permissionDenied. */
    [[nodiscard]] CORPS_DECL asio::awaitable<boost::json::object> get(MemberId id);

private:
    QywxInnerClient::Api* api_;
};

/** Calls about tags, decoded as the platform sends them. */
class QywxTags {
public:
    explicit QywxTags(QywxInnerClient::Api& api) : api_(&api) {}
    /** All tags: tagid and tagname. One call. */
    [[nodiscard]] CORPS_DECL asio::awaitable<std::vector<boost::json::object>> list();
    /** One tag: tagname, its userlist and its partylist. One call. */
    [[nodiscard]] CORPS_DECL asio::awaitable<boost::json::object> get(RoleId id);

private:
    QywxInnerClient::Api* api_;
};

/** Calls about the application itself, decoded as the platform sends them. */
class QywxAgents {
public:
    explicit QywxAgents(QywxInnerClient::Api& api) : api_(&api) {}
    /** The applications that the token is of: one. One call. */
    [[nodiscard]] CORPS_DECL asio::awaitable<std::vector<boost::json::object>> list();
    /** One application, with its visible range; not given: this one. One call. */
    [[nodiscard]] CORPS_DECL asio::awaitable<boost::json::object> get(std::string agentId = std::string());
    /** What the enterprise has granted (WeCom: document/path/99060): for providers. One call. */
    [[nodiscard]] CORPS_DECL asio::awaitable<boost::json::object> permissions();
    /** The application's administrators: for providers. One call. */
    [[nodiscard]] CORPS_DECL asio::awaitable<std::vector<boost::json::object>> admins();

private:
    QywxInnerClient::Api* api_;
};

/**
 * Made for one corp. The channel must authorise requests (Authorized<QywxAuth>) and outlive this.
 *
 * Threads     One operation at a time; decode() and identity() at any time from any thread.
 */
class QywxInnerClient::Api {
public:
    /** Errors: Error(Errc::config) naming the business key. */
    CORPS_DECL Api(Channel& channel, ClientEnvironment environment);

    [[nodiscard]] CORPS_DECL static std::span<PageShape const> shapes();

    /**
     * Reads the organisation. Errors: Error when nothing can be read: no token, no permission, the wrong
     * agentId, no visible range, no list of departments, or one without the root that the application may
     * see; a list that fails later is finished as incomplete, with a fault.
     */
    [[nodiscard]] CORPS_DECL asio::awaitable<PullProof> pull(PageSink& sink, PullOptions options);
    /** Cost: one parse of the unit, in memory on the stack where it is not large. */
    CORPS_DECL void decode(Unit const& unit, RowSink& rows) const;
    [[nodiscard]] CORPS_DECL std::string identity() const;
    /**
     * With `contactSecret`, or after a pull that was told nothing but ids: reads the ids of the whole
     * enterprise (one call for 10,000 memberships), which tells. Without, or where that list has a page
     * without anybody: asks for each one's record (one call each), which tells who is out of the visible
     * range. An id that the platform knows nothing of (60111) has left where the last pull saw everybody; in
     * a partial range the platform answers the same for who is out of sight, and it stays unknown.
     */
    [[nodiscard]] CORPS_DECL asio::awaitable<std::vector<Absence>> explainAbsence(
        std::vector<std::string> memberIds);

    [[nodiscard]] QywxDepartments department() { return QywxDepartments(*this); }
    [[nodiscard]] QywxUsers user() { return QywxUsers(*this); }
    [[nodiscard]] QywxTags tag() { return QywxTags(*this); }
    [[nodiscard]] QywxAgents agent() { return QywxAgents(*this); }

    /**
     * Any other call of the platform. @param path from "/cgi-bin/".
     * @return the whole answer; calls are paced and repeated as in a pull. Errors: CallError when the
     * platform refuses the call.
     */
    [[nodiscard]] CORPS_DECL asio::awaitable<boost::json::object> get(std::string path,
                                                                      Query query = Query());
    [[nodiscard]] CORPS_DECL asio::awaitable<boost::json::object> post(std::string path,
                                                                       boost::json::object body,
                                                                       Query query = Query());

protected:
    /** Of a provider's application: its agentId may be asked for, names may be withheld by an id in their
     * place, and its calls count for the provider, too. */
    struct Provider {};
    CORPS_DECL Api(Channel& channel, ClientEnvironment environment, Provider);

    /** The application's id: configured, known to who looks after the suite, or asked for (agent/list). */
    [[nodiscard]] asio::awaitable<std::string> findAgentId();
    /** Under which encrypted ids the platform knows these plain ones now. */
    [[nodiscard]] asio::awaitable<std::vector<std::string>> convertIds(std::vector<std::string> memberIds);

private:
    friend class QywxDepartments;
    friend class QywxUsers;
    friend class QywxTags;
    friend class QywxAgents;
    class Pull;

    [[nodiscard]] asio::awaitable<Answer> call(std::string method, std::string path, Query query,
                                               std::string body, PageShape const* shape,
                                               std::string credential = std::string());
    [[nodiscard]] asio::awaitable<Answer> ask(std::string_view path, Query query, PageShape const* shape);
    [[nodiscard]] asio::awaitable<Answer> askIds(std::string cursor, std::string credential);
    [[nodiscard]] asio::awaitable<Absence> explain(std::string memberId);
    [[nodiscard]] asio::awaitable<std::vector<Absence>> explainByIds(std::vector<std::string> memberIds);
    void decodeDept(boost::json::object const& dept, bool named, RowSink& rows) const;
    void decodeUser(boost::json::object const& user, bool named, Listing const& listing, RowSink& rows) const;

    std::unique_ptr<Caller> caller_;
    std::string baseUrl_;
    std::string corpId_;
    std::string agentId_;     // as configured
    std::string suiteId_;     // of a provider's application
    std::string userIdType_;  // of a provider's application, as configured
    bool provider_ = false;
    // Of the last pull:
    bool seesAll_ = false;
    std::string idTypes_;                      // of a provider's application: which ids were shown
    std::optional<std::string> idCredential_;  // whose lists of ids told who is there
};

/** What an answer of the platform means; pure. */
[[nodiscard]] CORPS_DECL Verdict classifyQywx(Response const& response, boost::json::object const* envelope);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/client/impl/qywx_client.ipp>
#endif
