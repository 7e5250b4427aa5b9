#pragma once

#include <corps/config/corp_config.hpp>
#include <corps/error/error.hpp>
#include <corps/model/ids.hpp>
#include <corps/model/local_corp_data.hpp>
#include <corps/model/member_status.hpp>
#include <corps/model/records.hpp>
#include <corps/sync/corp_core.hpp>
#include <corps/sync/erasure.hpp>
#include <corps/sync/record_reader.hpp>
#include <corps/sync/results.hpp>

#include <boost/json/object.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace corps {

namespace detail {

/** A corp of a service provider: its enterprise has authorised a suite, which an auths.* element names. */
template <class Client>
concept AuthorizedThroughASuite = requires(Context const& context, std::string id) {
    { Client::getAgentId(context, id, id) } -> std::same_as<std::string>;
};

}  // namespace detail

/**
 * The methods that every corp has. Members carry the status that counts: resigned, too, who was set offline
 * here. Lists are sorted by id unless said otherwise.
 *
 * Errors      Error(notFound) for an id that names nothing; Error(storage).
 * Exceptions  Strong guarantee: what throws has changed nothing.
 * Threads     Any; each call is one transaction of its own. They block on the store.
 */
template <class Traits>
class SharedApi {
    using Reader = RecordReader<typename Traits::Records>;

public:
    using Records = typename Traits::Records;
    using Dept = typename Records::Dept;
    using Member = typename Records::Member;
    using DeptMember = typename Records::DeptMember;
    using Role = typename Records::Role;
    using RoleGroup = typename Records::RoleGroup;
    using RoleMember = typename Records::RoleMember;
    using LocalData = BasicLocalCorpData<Records>;

    // --- what it is ---

    [[nodiscard]] std::string const& title() const noexcept { return config().title; }
    /** "corps.Name" */
    [[nodiscard]] std::string const& fullName() const noexcept { return config().fullName; }
    /** The same as fullName. */
    [[nodiscard]] std::string const& corpFullName() const noexcept { return config().fullName; }
    /** Element and business file merged, secrets masked. */
    [[nodiscard]] boost::json::object corpData() const { return config().publicData(); }
    /** title, fullName, type and configuration; secrets masked. */
    [[nodiscard]] boost::json::object getCorpInfo() const { return config().publicData(); }
    [[nodiscard]] Context const& context() const noexcept { return core_->context(); }

    // --- of a service provider's corp ---

    /** The enterprise's id, as it is configured. */
    [[nodiscard]] std::string corpId() const
        requires detail::AuthorizedThroughASuite<typename Traits::Client>
    {
        return AuthConfig(config().credentials())["corpId"];
    }
    /** The full name of the auths.* element: "auths.Name". */
    [[nodiscard]] std::string authFullName() const
        requires detail::AuthorizedThroughASuite<typename Traits::Client>
    {
        std::string const named = config().text("authFullName");
        return named.empty() && config().auth ? config().auth->fullName : named;
    }
    /**
     * The application's id in an enterprise that has authorised a suite: as it is remembered of the
     * authorisation; else as the platform tells it of that, or of the application's token.
     *
     * @param context that of a Suite, or of a corp of this enterprise.
     * Errors      notFound when none of this context knows the suite and the enterprise; authRejected,
     * permissionDenied, rateLimited, transport, protocol.
     */
    [[nodiscard]] static std::string getAgentId(Context const& context, std::string corpId,
                                                std::string suiteId)
        requires detail::AuthorizedThroughASuite<typename Traits::Client>
    {
        return Traits::Client::getAgentId(context, std::move(corpId), std::move(suiteId));
    }
    [[nodiscard]] static asio::awaitable<std::string> asyncGetAgentId(Context context, std::string corpId,
                                                                      std::string suiteId)
        requires detail::AuthorizedThroughASuite<typename Traits::Client>
    {
        return Traits::Client::asyncGetAgentId(std::move(context), std::move(corpId), std::move(suiteId));
    }

    // --- departments ---

    /** All departments: the root first, then by id. */
    [[nodiscard]] std::vector<Dept> getDepts() const { return Reader::depts(*core_); }
    [[nodiscard]] Dept getDept(DeptId const& deptId) const { return Reader::dept(*core_, deptId.view()); }
    /** Active members of a department and, with `recursive`, of all below it; each once. */
    [[nodiscard]] std::vector<Member> getDeptMembers(DeptId const& deptId, bool recursive = false) const {
        return Reader::deptMembers(*core_, deptId.str(), recursive);
    }
    /** Where a member stands: the primary department first, then by id. */
    [[nodiscard]] std::vector<DeptMember> getMemberDepts(MemberId const& memberId) const {
        return Reader::memberDepts(*core_, memberId.view());
    }

    // --- members ---

    [[nodiscard]] std::vector<Member> getMembers(StatusFilter status = StatusFilter::all) const {
        return Reader::members(*core_, status);
    }
    /** @param status "all", "active" or "offline". Errors: invalidArgument for another word. */
    [[nodiscard]] std::vector<Member> getMembers(std::string_view status) const {
        return getMembers(parseStatusFilter(status));
    }
    [[nodiscard]] Member getMember(MemberId const& memberId) const {
        return Reader::member(*core_, memberId);
    }
    /**
     * Calls f(member) for each, in one view of the store and without a list of them all; when f returns bool,
     * false ends it. f must not change this corp.
     */
    template <class F>
        requires std::invocable<F&, Member const&>
    void forEachMember(F&& f, StatusFilter status = StatusFilter::all) const {
        if constexpr (std::is_void_v<std::invoke_result_t<F&, Member const&>>) {
            Reader::visitMembers(*core_, status, [&](Member const& m) {
                f(m);
                return true;
            });
        } else {
            Reader::visitMembers(*core_, status, [&](Member const& m) { return static_cast<bool>(f(m)); });
        }
    }
    /** Members of any status whose fields equal all that `query` names. Errors: invalidArgument when it names
     * nothing. */
    [[nodiscard]] std::vector<Member> findMembers(MemberQuery const& query) const {
        return Reader::findMembers(*core_, query);
    }

    // --- roles ---

    [[nodiscard]] std::vector<Role> getRoles() const { return Reader::roles(*core_); }
    [[nodiscard]] std::vector<RoleGroup> getRoleGroups() const { return Reader::roleGroups(*core_); }
    /** Roles a member has, from upstream and from here; none while the member counts as resigned. */
    [[nodiscard]] std::vector<Role> getMemberRoles(MemberId const& memberId) const {
        return Reader::memberRoles(*core_, memberId.view());
    }
    /** Active members who have a role. */
    [[nodiscard]] std::vector<Member> getRoleMembers(RoleId const& roleId) const {
        return Reader::roleMembers(*core_, roleId.view());
    }
    /**
     * Clears all roles of a member, then sets these: from now on the member's roles are owned here and no
     * sync changes them, until releaseUserRole.
     */
    std::vector<RoleMember> setUserRole(MemberId const& memberId, std::vector<RoleId> const& roleIdList) {
        return Reader::setUserRole(*core_, caller_, memberId, roleIdList);
    }
    /** @param roleGroupId not given: a new one. Errors: invalidArgument for an empty name; alreadyExists. */
    RoleGroup createRoleGroup(std::string_view name, RoleGroupId const& roleGroupId = {}) {
        RoleGroupId const id = roleGroupId.empty() ? RoleGroupId(context().newId()) : roleGroupId;
        return changeOne<RoleGroup>(*core_->tables().roleGroup, id.view(),
                                    [&](LocalEdits& edits) { edits.createRoleGroup(id, name); });
    }
    /** Errors: refused for a group of the upstream; invalidArgument for an empty name. */
    RoleGroup renameRoleGroup(RoleGroupId const& roleGroupId, std::string_view name) {
        return changeOne<RoleGroup>(*core_->tables().roleGroup, roleGroupId.view(),
                                    [&](LocalEdits& edits) { edits.renameRoleGroup(roleGroupId, name); });
    }
    /** Errors: refused for a group of the upstream, and for one that has roles. */
    Done deleteRoleGroup(RoleGroupId const& roleGroupId) {
        core_->edit(caller_, [&](LocalEdits& edits) { edits.deleteRoleGroup(roleGroupId); });
        return Done();
    }
    /**
     * Makes a role of our own. @param roleId not given: a new one.
     * Errors      invalidArgument for an empty name; notFound for the group; alreadyExists.
     */
    Role createRole(std::string_view name, RoleGroupId const& roleGroupId, RoleId const& roleId = {}) {
        RoleId const id = roleId.empty() ? RoleId(context().newId()) : roleId;
        return changeOne<Role>(*core_->tables().role, id.view(),
                               [&](LocalEdits& edits) { edits.createRole(id, roleGroupId, name); });
    }
    /** Errors: refused for a role of the upstream; invalidArgument for an empty name. */
    Role renameRole(RoleId const& roleId, std::string_view name) {
        return changeOne<Role>(*core_->tables().role, roleId.view(),
                               [&](LocalEdits& edits) { edits.renameRole(roleId, name); });
    }
    /** With who has it and its limits. Errors: refused for a role of the upstream. */
    Done deleteRole(RoleId const& roleId) {
        core_->edit(caller_, [&](LocalEdits& edits) { edits.deleteRole(roleId); });
        return Done();
    }
    Done addRoleMember(RoleId const& roleId, std::vector<MemberId> const& memberIdList) {
        core_->edit(caller_, [&](LocalEdits& edits) { edits.addRoleMembers(roleId, memberIdList); });
        return Done();
    }
    /** Errors: refused for a member who has the role from the upstream; setUserRole takes such a member over.
     */
    Done deleteRoleMember(RoleId const& roleId, std::vector<MemberId> const& memberIdList) {
        core_->edit(caller_, [&](LocalEdits& edits) { edits.deleteRoleMembers(roleId, memberIdList); });
        return Done();
    }
    /** Limits a member's role to departments; replaces the limit there was; an empty list is no limit. */
    Done setDeptLimit(RoleId const& roleId, MemberId const& memberId, std::vector<DeptId> const& deptIdList) {
        core_->edit(caller_, [&](LocalEdits& edits) { edits.setDeptLimit(roleId, memberId, deptIdList); });
        return Done();
    }
    /** As set, with departments that have vanished since: they allow nothing, but the limit stays a limit.
     * Empty: none. */
    [[nodiscard]] std::vector<DeptId> getDeptLimit(RoleId const& roleId, MemberId const& memberId) const {
        std::vector<DeptId> out;
        core_->read([&](CorpReader const& r) {
            r.requireRole(roleId.view());
            r.requireMember(memberId.view());
            for (std::string& id : r.deptLimit(roleId.view(), memberId.view()))
                out.push_back(DeptId(std::move(id)));
        });
        return out;
    }

    // --- administrators, signatures, who is offline ---

    /** Administrators who are active: the upstream's and those set here. */
    [[nodiscard]] std::vector<MemberId> getAdmin() const {
        std::vector<MemberId> out;
        core_->read([&](CorpReader const& r) {
            for (std::string& id : r.admins()) out.push_back(MemberId(std::move(id)));
        });
        return out;
    }
    /** Replaces the administrators set here; the upstream's stay as they are. */
    Done setAdmin(std::vector<MemberId> const& memberIdList) {
        core_->edit(caller_, [&](LocalEdits& edits) { edits.setAdmins(memberIdList); });
        return Done();
    }
    [[nodiscard]] UserSignature getUserSignature(MemberId const& memberId) const {
        UserSignature out;
        core_->read([&](CorpReader const& r) { out.signature = r.memberText(memberId, "signature"); });
        return out;
    }
    /** @param signature a link to the picture; empty takes it away. */
    Done saveUserSignature(MemberId const& memberId, std::string_view signature) {
        core_->edit(caller_, [&](LocalEdits& edits) { edits.saveSignature(memberId, signature); });
        return Done();
    }
    /**
     * Members who count as resigned from now on, through every sync, until reinstateMember or until they
     * leave upstream and return. Does not concern their other corps.
     */
    Done offlineMember(std::vector<MemberId> const& memberIdList) {
        core_->edit(caller_, [&](LocalEdits& edits) { edits.setOffline(memberIdList); });
        return Done();
    }
    /** The inverse of offlineMember. Errors: refused for who has resigned upstream. */
    Done reinstateMember(std::vector<MemberId> const& memberIdList) {
        core_->edit(caller_, [&](LocalEdits& edits) { edits.reinstate(memberIdList); });
        return Done();
    }

    // --- everything ---

    /** All that is held here of active members, sorted by id, so that equal data is equal text. Holds it all
     * in memory. */
    [[nodiscard]] LocalData getLocalCorpData() const { return Reader::localData(*core_); }
    /**
     * The change feed: who changed what, when, with old and new values.
     * @param cursor of the last entry seen; empty: from the oldest kept. @param limit at most so many
     * entries.
     */
    [[nodiscard]] std::vector<FeedEntry> changesSince(std::string_view cursor = {},
                                                      std::size_t limit = 1000) const {
        return core_->changesSince(cursor, limit);
    }

    // --- forgetting ---

    /**
     * Forgets a person who has resigned: the member with all that is theirs, their binding, and what the
     * change feed says of them, also when they were deleted before. The user of the pool goes with what they
     * sign in with, unless they are a member of another corp of the store. Nothing says who did it, or that
     * it was done.
     *
     * Errors      notFound for an id that neither a member nor the feed has; refused for who is active, also
     * upstream: a sync would bring them back.
     * Cost        Reads the whole change feed.
     */
    Done eraseMember(MemberId const& memberId) {
        corps::eraseMember(*core_, memberId);
        return Done();
    }
    /**
     * Forgets the corp: departments, members, roles, settings, sync state, change feed, and every user who is
     * in no other corp of the store. This object stays usable, as that of a corp which was never filled.
     * Kept is the corp's name with two counters, so that cursors and plans of before are not taken for new
     * ones.
     *
     * Errors      busy while a sync of this corp runs.
     * Cost        Linear in all that is stored of the corp, and in the change feeds of the store.
     */
    Done eraseCorp() {
        corps::eraseCorp(*core_);
        return Done();
    }

protected:
    using Core = typename Traits::Core;

    SharedApi(std::shared_ptr<Core> core, std::string caller)
        : core_(std::move(core)), caller_(std::move(caller)) {}
    ~SharedApi() = default;
    SharedApi(SharedApi const&) = default;
    SharedApi(SharedApi&&) noexcept = default;
    SharedApi& operator=(SharedApi const&) = default;
    SharedApi& operator=(SharedApi&&) noexcept = default;

    [[nodiscard]] CorpConfig const& config() const noexcept { return core_->config(); }
    [[nodiscard]] std::shared_ptr<Core> const& core() const noexcept { return core_; }
    [[nodiscard]] std::string const& caller() const noexcept { return caller_; }

private:
    /** Changes a record and gives it as it is then. */
    template <class Record, class F>
    Record changeOne(TableSchema const& t, std::string_view id, F&& f) {
        Record out{};
        core_->edit(caller_, [&](LocalEdits& edits) {
            f(edits);
            out = Reader::template oneIn<Record>(edits.reader(), t, id);
        });
        return out;
    }

    std::shared_ptr<Core> core_;
    std::string caller_;
};

}  // namespace corps
