#pragma once

#include <corps/client/caller.hpp>
#include <corps/client/pull.hpp>
#include <corps/detail/config.hpp>
#include <corps/model/ids.hpp>
#include <corps/transport/channel.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace corps {

class DDCallbacks;

/**
 * The client of a self-built application of DingTalk.
 *
 * How a pull reads: the application's range (auth/scopes), the root's record, one list of sub-departments for
 * each department (nothing tells a leaf beforehand), the direct members of each by pages of 100, role groups
 * by pages of 200, the members of each role by pages of 100, the administrators. With D departments, the root
 * included, n_d direct members of department d and R role groups with roles of m_r members, beside the token:
 *
 *     1 + 1 + D + sum over D of max(1, ceil(n_d/100)) + max(1, ceil(R/200)) + sum over roles of max(1,
 * ceil(m_r/100)) + 1 calls.
 *
 * `detail: "full"` adds one call for each department but the root (order among its siblings, managers) and
 * one for each member of several departments (which is the main one; a single department is the main one
 * without it). A call for details that fails, that for the root's record too, leaves what was known as it was
 * and makes the sync incomplete.
 *
 * In a partial scope each visible root costs one call more, and so does each person granted one by one
 * (listing `visibleMembers`).
 *
 * What becomes of fields (DingTalk: queries-the-complete-information-of-a-department-user): nick = name,
 * phone = state_code and mobile in E.164, email = email (not org_email), photo = avatar, jobNumber =
 * job_number, position = title, hiredDate = hired_date in UTC+8, unionId = unionid, thirdUserId = memberId =
 * userid; upstreamStatus "unactivated" where active is false. Gender is not told. A key that was not sent is
 * unknown, and so is an empty mobile, which stands for a missing permission. A member's place in a department
 * (dept_order, where the larger comes first, negated) is smaller first. Leaders: the members' `leader` flags,
 * and dept_manager_userid_list of the departments that were read one by one. Departments with ids below 1
 * (those of school-family books) are left out.
 *
 * Business keys: corpId, agentId, baseUrl, apiBaseUrl, detail ("full").
 */
struct DDInnerClient {
    static constexpr std::string_view kElementType = "corps.DDInnerType";
    static constexpr std::string_view kPlatform = "dingtalk";
    static constexpr std::string_view kRootDeptId = "1";
    /** What a store remembers of the business keys: the application. */
    [[nodiscard]] CORPS_DECL static std::string appId(boost::json::object const& settings);
    /** What handleCallback() reads the platform's callbacks with: <corps/callback/callbacks.hpp>. */
    using Callbacks = DDCallbacks;
    class Api;
};

/** Calls about departments, decoded as the platform sends them. */
class DDDepartments {
public:
    explicit DDDepartments(DDInnerClient::Api& api) : api_(&api) {}
    /** The departments below `parent`, all of them (one call each) or the next level (one call). */
    [[nodiscard]] CORPS_DECL asio::awaitable<std::vector<boost::json::object>> list(DeptId parent = "1",
                                                                                    bool recursive = true);
    /** One department. Errors: Errc::notFound, permissionDenied (outside the application's range). */
    [[nodiscard]] CORPS_DECL asio::awaitable<boost::json::object> get(DeptId id);

private:
    DDInnerClient::Api* api_;
};

/** Calls about users, decoded as the platform sends them. */
class DDUsers {
public:
    explicit DDUsers(DDInnerClient::Api& api) : api_(&api) {}
    /** The direct members of one department; all pages. */
    [[nodiscard]] CORPS_DECL asio::awaitable<std::vector<boost::json::object>> list(DeptId department);
    /** One user. Errors: Errc::notFound (a resigned one too), permissionDenied. */
    [[nodiscard]] CORPS_DECL asio::awaitable<boost::json::object> get(MemberId id);

private:
    DDInnerClient::Api* api_;
};

/** Calls about roles, decoded as the platform sends them. */
class DDRoles {
public:
    explicit DDRoles(DDInnerClient::Api& api) : api_(&api) {}
    /** Role groups, each with its `roles`; all pages. */
    [[nodiscard]] CORPS_DECL asio::awaitable<std::vector<boost::json::object>> list();
    /** The members of one role: userid and name; all pages. */
    [[nodiscard]] CORPS_DECL asio::awaitable<std::vector<boost::json::object>> members(RoleId role);

private:
    DDInnerClient::Api* api_;
};

/**
 * Made for one corp. The channel must authorise requests (Authorized<DDAuth>) and outlive this.
 *
 * Threads     One operation at a time; decode() and identity() at any time from any thread.
 */
class DDInnerClient::Api {
public:
    /** Errors: Error(Errc::config) naming the business key. */
    CORPS_DECL Api(Channel& channel, ClientEnvironment environment);

    [[nodiscard]] CORPS_DECL static std::span<PageShape const> shapes();

    /**
     * Reads the organisation. Errors: Error when nothing can be read: no token, no permission for departments
     * or members, no range, no first list of departments, a quota that is used up; a list that fails later is
     * finished as incomplete, with a fault.
     */
    [[nodiscard]] CORPS_DECL asio::awaitable<PullProof> pull(PageSink& sink, PullOptions options);
    /** Cost: one parse of the unit, in memory on the stack where it is not large. */
    CORPS_DECL void decode(Unit const& unit, RowSink& rows) const;
    [[nodiscard]] CORPS_DECL std::string identity() const;
    /** Asks for each one's record: who left is not known any more, who is out of range is. One call each. */
    [[nodiscard]] CORPS_DECL asio::awaitable<std::vector<Absence>> explainAbsence(
        std::vector<std::string> memberIds);

    [[nodiscard]] DDDepartments department() { return DDDepartments(*this); }
    [[nodiscard]] DDUsers user() { return DDUsers(*this); }
    [[nodiscard]] DDRoles role() { return DDRoles(*this); }

    /**
     * Any other call of the platform. @param path from "/topapi/" (or an older path), or from "/v1.0/"; each
     * goes to the host of its family.
     * @return the whole answer; calls are paced and repeated as in a pull. Errors: CallError when the
     * platform refuses the call.
     */
    [[nodiscard]] CORPS_DECL asio::awaitable<boost::json::object> get(std::string path,
                                                                      Query query = Query());
    [[nodiscard]] CORPS_DECL asio::awaitable<boost::json::object> post(std::string path,
                                                                       boost::json::object body,
                                                                       Query query = Query());

private:
    friend class DDDepartments;
    friend class DDUsers;
    friend class DDRoles;
    class Pull;

    [[nodiscard]] asio::awaitable<Answer> call(std::string method, std::string path, std::string query,
                                               std::string body, PageShape const* shape);
    /** A call of the topapi family. */
    [[nodiscard]] asio::awaitable<Answer> ask(std::string_view path, boost::json::object body,
                                              PageShape const* shape);
    [[nodiscard]] asio::awaitable<boost::json::object> one(std::string_view path, boost::json::object body);
    [[nodiscard]] asio::awaitable<Absence> explain(std::string memberId);
    void decodeDept(boost::json::object const& dept, RowSink& rows) const;
    void decodeUser(boost::json::object const& user, Listing const& listing, RowSink& rows) const;
    void decodeRoleGroup(boost::json::object const& group, RowSink& rows) const;

    // One for each family: what makes an answer a good one differs.
    std::unique_ptr<Caller> caller_;
    std::unique_ptr<Caller> v1Caller_;
    std::string baseUrl_;
    std::string apiBaseUrl_;
    std::string corpId_;
    std::string appKey_;
    bool full_ = false;
};

/** What an answer of the topapi family means; pure. */
[[nodiscard]] CORPS_DECL Verdict classifyDingTalk(Response const& response,
                                                  boost::json::object const* envelope);
/** What an answer of the v1.0 family means; pure. */
[[nodiscard]] CORPS_DECL Verdict classifyDingTalkV1(Response const& response,
                                                    boost::json::object const* envelope);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/client/impl/dd_client.ipp>
#endif
