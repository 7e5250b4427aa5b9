#pragma once

#include <corps/client/caller.hpp>
#include <corps/client/pull.hpp>
#include <corps/detail/config.hpp>
#include <corps/model/ids.hpp>
#include <corps/transport/channel.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps {

class FSCallbacks;

/**
 * The client of a self-built application of Feishu or Lark (contact/v3).
 *
 * How a pull reads (Feishu: contact-v3 FAQ, "how to get all employees"): the tenant, departments below "0" by
 * pages of 50 recursively, the direct members of the root and of each department by pages of 50, the members
 * of each configured role by pages of 100: for D departments with n_d members and R roles with m_r members,
 * beside the token,
 *
 *     1 + max(1, ceil(D/50)) + sum over "0" and D of max(1, ceil(n_d/50)) + sum over R of max(1,
 * ceil(m_r/100)) calls.
 *
 * Where recursion is refused (43010), departments are walked level by level, one list each. Where the
 * application sees only a part (40004 or 40014 on the root), its range is read and walked from each visible
 * department; who was granted one by one is the listing `visibleMembers`.
 *
 * What becomes of fields: nick = name, email = email (not enterprise_email), phone = mobile in E.164 where it
 * says enough (see parsePhone), photo = avatar.avatar_240, jobNumber = employee_no, position = job_title,
 * hiredDate = join_time in UTC+8, gender as it is, thirdUserId = memberId. A key that was not sent, or is
 * null, is unknown. Who has resigned is left out; a frozen, exited, unjoined or unactivated account is active
 * with upstreamStatus "frozen", "exited", "unjoined", "unactivated". A department's order and a member's
 * place in it (user_order, where the larger comes first, negated) are smaller first. Leaders: the list
 * `leaders`, head first, else leader_user_id. Tenant administrators: is_tenant_manager.
 *
 * Business keys: baseUrl, userIdType (open_id, user_id, union_id), departmentIdType (open_department_id,
 * department_id), roles: [{roleId, name}] (there is no call that lists roles).
 */
struct FSInnerClient {
    static constexpr std::string_view kElementType = "corps.FSInnerType";
    static constexpr std::string_view kPlatform = "feishu";
    static constexpr std::string_view kRootDeptId = "0";
    /** What a store remembers of the business keys: the application, and which ids name people and
     * departments. */
    [[nodiscard]] CORPS_DECL static std::string appId(boost::json::object const& settings);
    [[nodiscard]] CORPS_DECL static std::string idTypes(boost::json::object const& settings);
    /** What handleCallback() reads the platform's callbacks with: <corps/callback/callbacks.hpp>. */
    using Callbacks = FSCallbacks;
    class Api;
};

/** Calls about departments, decoded as the platform sends them. */
class FSDepartments {
public:
    explicit FSDepartments(FSInnerClient::Api& api) : api_(&api) {}
    /** The departments below `parent` ("0": the root), all of them or the next level; all pages. */
    [[nodiscard]] CORPS_DECL asio::awaitable<std::vector<boost::json::object>> list(DeptId parent = "0",
                                                                                    bool recursive = true);
    /** One department. Errors: Errc::notFound, permissionDenied (outside the application's range). */
    [[nodiscard]] CORPS_DECL asio::awaitable<boost::json::object> get(DeptId id);

private:
    FSInnerClient::Api* api_;
};

/** Calls about users, decoded as the platform sends them. */
class FSUsers {
public:
    explicit FSUsers(FSInnerClient::Api& api) : api_(&api) {}
    /** The direct members of one department; all pages. */
    [[nodiscard]] CORPS_DECL asio::awaitable<std::vector<boost::json::object>> list(DeptId department);
    /** One user, a resigned one too. Errors: Errc::notFound, permissionDenied. */
    [[nodiscard]] CORPS_DECL asio::awaitable<boost::json::object> get(MemberId id);

private:
    FSInnerClient::Api* api_;
};

/**
 * Made for one corp. The channel must authorise requests (Authorized<FSAuth>) and outlive this.
 *
 * Threads     One operation at a time; decode() and identity() at any time from any thread.
 */
class FSInnerClient::Api {
public:
    /** Errors: Error(Errc::config) naming the business key. */
    CORPS_DECL Api(Channel& channel, ClientEnvironment environment);

    /** Departments, users and role members, one shape for each id type that may be their key. */
    [[nodiscard]] CORPS_DECL static std::span<PageShape const> shapes();

    /**
     * Reads the organisation. Errors: Error when nothing can be read: no token, no permission for departments
     * or members, no first page of departments or of the range, a quota that is used up; a list that fails
     * later is finished as incomplete, with a fault.
     */
    [[nodiscard]] CORPS_DECL asio::awaitable<PullProof> pull(PageSink& sink, PullOptions options);
    /** Cost: one parse of the unit, in memory on the stack where it is not large. */
    CORPS_DECL void decode(Unit const& unit, RowSink& rows) const;
    [[nodiscard]] CORPS_DECL std::string identity() const;
    /** The open, tenant and union id of a user, the open and custom id of a department, as far as they are
     * shown. */
    [[nodiscard]] CORPS_DECL std::vector<std::string> otherIds(Unit const& unit) const;
    /** Reads each one's record: who resigned can still be read. One call each. */
    [[nodiscard]] CORPS_DECL asio::awaitable<std::vector<Absence>> explainAbsence(
        std::vector<std::string> memberIds);

    [[nodiscard]] FSDepartments department() { return FSDepartments(*this); }
    [[nodiscard]] FSUsers user() { return FSUsers(*this); }

    /**
     * Any other call of the platform. @param path below baseUrl, from "/open-apis/"; ids in it
     * percent-encoded.
     * @return the whole answer: {"code": 0, "msg": ..., "data": {...}}; calls are paced and repeated as in a
     * pull. Errors   CallError when the platform's code is not 0.
     */
    [[nodiscard]] CORPS_DECL asio::awaitable<boost::json::object> get(std::string path,
                                                                      Query query = Query());
    [[nodiscard]] CORPS_DECL asio::awaitable<boost::json::object> post(std::string path,
                                                                       boost::json::object body,
                                                                       Query query = Query());

private:
    friend class FSDepartments;
    friend class FSUsers;
    class Pull;

    /** A role that the business file names. */
    struct Role {
        std::string id;
        std::string name;
        bool named = false;
    };

    enum class IdType : std::uint8_t { openId, userId, unionId };

    [[nodiscard]] Query idTypes() const;
    [[nodiscard]] asio::awaitable<Answer> call(std::string method, std::string path, std::string endpoint,
                                               Query query, std::string body, PageShape const* shape);
    [[nodiscard]] asio::awaitable<std::vector<boost::json::object>> all(std::string path,
                                                                        std::string endpoint, Query query);
    [[nodiscard]] asio::awaitable<boost::json::object> one(std::string path, std::string endpoint,
                                                           std::string key);
    [[nodiscard]] asio::awaitable<Absence> explain(std::string memberId);
    void decodeDept(boost::json::object const& dept, RowSink& rows) const;
    void decodeUser(boost::json::object const& user, Listing const& listing, RowSink& rows) const;
    [[nodiscard]] PageShape const& deptShape() const;
    [[nodiscard]] PageShape const& userShape() const;
    [[nodiscard]] std::string_view userIdKey() const;
    [[nodiscard]] std::string_view deptIdKey() const;

    std::unique_ptr<Caller> caller_;
    std::string baseUrl_;
    std::string appId_;
    IdType userIdType_ = IdType::openId;
    bool customDeptIds_ = false;
    std::vector<Role> roles_;
};

/** What an answer of the platform means; pure. */
[[nodiscard]] CORPS_DECL Verdict classifyFeishu(Response const& response,
                                                boost::json::object const* envelope);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/client/impl/fs_client.ipp>
#endif
