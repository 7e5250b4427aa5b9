#pragma once

#include <corps/auth/local_auth.hpp>
#include <corps/auth/upstream_auth.hpp>
#include <corps/config/corp_config.hpp>
#include <corps/fwd.hpp>
#include <corps/model/records.hpp>
#include <corps/sync/local_core.hpp>
#include <corps/sync/local_import.hpp>
#include <corps/sync/new_member.hpp>
#include <corps/sync/shared_api.hpp>
#include <corps/sync/sync_policy.hpp>

#include <boost/json/object.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps {

/**
 * The SyncPolicy of corps that are edited here: there is no upstream, and nothing is synced.
 *
 * @tparam R the corp's set of records: StandardRecords, or one with wider records.
 */
template <class R = StandardRecords>
struct LocalAuthority {
    using Records = R;
    using Core = LocalCore;
    static constexpr bool kFollowsUpstream = false;
    template <class Self, class Traits>
    class Api;

    /** Puts together what a corp works with; see Corp's constructor. */
    template <class Traits>
    [[nodiscard]] static std::shared_ptr<LocalCore> makeCore(CorpConfig config, Context context,
                                                             typename Traits::Storage storage) {
        return makeLocalCore(
            std::move(config), std::move(context),
            std::unique_ptr<Store>(new StoreOf<typename Traits::Storage>(std::move(storage))), tablesOf<R>(),
            passwordSchemeOf<typename Traits::Auth>());
    }
};

/** Who signed in with a password. */
template <class Records>
struct BasicSignIn {
    typename Records::User user{};
    typename Records::Member member{};
};

/**
 * The methods of a corp that is edited here; with SharedApi, all of them.
 *
 * Every call that changes something is one transaction: it is done whole or not at all, also by several
 * programs at once, and stands in the change feed under the name that as() gave. Lists of ids may be long:
 * they are handled in one pass. An id twice in a list counts once.
 *
 * Errors      notFound for an id that names nothing; invalidArgument for an empty name or id; storage; and
 *             what each says. The error names the corp and what the id was expected to be.
 * Exceptions  Strong guarantee: what throws has changed nothing.
 * Cost        Look-ups by key or index in the number of ids given, whatever the size of the corp, unless said
 *             otherwise.
 */
template <class R>
template <class Self, class Traits>
class LocalAuthority<R>::Api : public SharedApi<Traits> {
    using Shared = SharedApi<Traits>;
    using Sync = typename Traits::Sync;
    using Reader = RecordReader<R>;

public:
    using typename Shared::Dept;
    using typename Shared::DeptMember;
    using typename Shared::Member;
    using SignIn = BasicSignIn<R>;

    /**
     * Makes the root department, named like the corp, and the first member that the business file names: in
     * the root, and an administrator. Doing it again changes nothing: the first member is made once in the
     * life of a store, and does not come back when they were removed.
     *
     * Errors      config for a malformed `firstMember`; as addMember.
     */
    Done initCorp() {
        this->core()->init(this->caller());
        return Done();
    }
    /** The root department; made when there is none. */
    [[nodiscard]] Dept getRootDept() {
        initCorp();
        return Reader::rootDept(*this->core());
    }

    // --- members ---

    /**
     * Adds a member with departments, roles and, given a username or password, what they sign in with. An
     * unknown userId makes that user; a known one is bound to the member, and keeps its username and
     * password: giving others is refused. The first department is the primary one.
     *
     * Errors      invalidArgument: no nick, no department, a password for a user without username.
     *             alreadyExists: the memberId, the username, or the user is a member here.
     *             unsupported: a password, with NoAuth.
     * Cost        One hash for a password, before the transaction: some tens of milliseconds.
     */
    Member addMember(NewMember const& member) { return std::move(addMembers({member}).front()); }
    /** The same for several, all or none; the members in the order given. */
    std::vector<Member> addMembers(std::vector<NewMember> const& members) {
        std::vector<Member> out;
        this->core()->addMembers(this->caller(), members, receiver(out));
        return out;
    }
    /**
     * Changes the fields that are known in `fields`. What the user of the pool does not know yet, or has from
     * this corp, follows.
     * Errors      invalidArgument for an empty nick, an unknown gender, an extendConf that is no object.
     */
    Done updateUserInfo(MemberId const& memberId, MemberUpdate const& fields) {
        return change([&](OrganisationEdits& e) { e.updateMember(memberId, fields); });
    }
    /** The same from JSON: nick, phone, email, photo, gender, extendConf. Errors: invalidArgument for any
     * other key, which it names. */
    Done updateUserInfo(MemberId const& memberId, boost::json::object const& fields) {
        return updateUserInfo(memberId, memberUpdateFromJson(fields));
    }
    /**
     * Members who resign keep departments, leaderships, roles, limits and administrator rows, without effect:
     * they work again on return. They no longer sign in, and do not keep a department from being deleted.
     */
    Done changeMemberStatus(std::vector<MemberId> const& memberIdList, MemberStatus status) {
        return change([&](OrganisationEdits& e) { e.setStatus(memberIdList, status); });
    }
    /** @param status 1 active, 2 resigned. Errors: invalidArgument for another number. */
    Done changeMemberStatus(std::vector<MemberId> const& memberIdList, int status) {
        return changeMemberStatus(memberIdList, memberStatusOf(status));
    }
    /** changeMemberStatus(memberIdList, MemberStatus::resigned): here, nobody else says who is active. */
    Done offlineMember(std::vector<MemberId> const& memberIdList) {
        return changeMemberStatus(memberIdList, MemberStatus::resigned);
    }
    /** changeMemberStatus(memberIdList, MemberStatus::active) */
    Done reinstateMember(std::vector<MemberId> const& memberIdList) {
        return changeMemberStatus(memberIdList, MemberStatus::active);
    }
    /**
     * Removes resigned members with departments, leaderships, roles, limits and administrator rows. The user
     * of the pool stays, with username and password; so does what the change feed says. To forget a person,
     * see eraseMember. Errors: refused for who is active.
     */
    Done deleteMember(std::vector<MemberId> const& memberIdList) {
        return change([&](OrganisationEdits& e) { e.deleteMembers(memberIdList); });
    }

    // --- departments ---

    /**
     * Makes a department below `parentId`, or below the root.
     * @param deptId not given: a new one. Errors: alreadyExists.
     */
    Dept createDept(std::string_view name, DeptId const& parentId = {}, DeptId const& deptId = {}) {
        if (parentId.empty()) initCorp();
        DeptId const id = deptId.empty() ? DeptId(this->context().newId()) : deptId;
        return changeDept(id, [&](OrganisationEdits& e) { e.createDept(id, parentId, name); });
    }
    /**
     * Renames a department and, with `parentId`, moves it with all below it.
     * Errors      refused for a parent inside the department's own subtree; so the root stays the root.
     */
    Dept updateDept(DeptId const& deptId, std::string_view name, DeptId const& parentId = {}) {
        return changeDept(deptId, [&](OrganisationEdits& e) { e.updateDept(deptId, name, parentId); });
    }
    /**
     * Errors      refused for the root, and for a department with departments or active members in it.
     *
     * Resigned members lose their place in it. Limits of roles keep naming it: they allow nothing there, and
     * nobody is set free by the deletion of a department.
     */
    Done deleteDept(DeptId const& deptId) {
        return change([&](OrganisationEdits& e) { e.deleteDept(deptId); });
    }
    /**
     * Replaces the leaders of a department; the first is the main one. An empty list: nobody leads it.
     * @return The memberships of the leaders, in this order.
     * Errors      refused for who is no member of the department.
     */
    std::vector<DeptMember> setDeptLeaderByDept(DeptId const& deptId,
                                                std::vector<MemberId> const& memberIdList) {
        std::vector<DeptMember> out;
        change([&](OrganisationEdits& e) {
            e.setLeaders(deptId, memberIdList);
            out = Reader::deptMembersIn(e.reader(), deptId, memberIdList);
        });
        return out;
    }
    /** Who is in the department already stays as they are. */
    Done addDeptMember(DeptId const& deptId, std::vector<MemberId> const& memberIdList) {
        return change([&](OrganisationEdits& e) { e.addDeptMembers(deptId, memberIdList); });
    }
    /** Takes members out of a department; they no longer lead it. Who is not in it is passed over. A member
     * may be left without any department. */
    Done deleteDeptMember(DeptId const& deptId, std::vector<MemberId> const& memberIdList) {
        return change([&](OrganisationEdits& e) { e.deleteDeptMembers(deptId, memberIdList); });
    }

    // --- everything at once ---

    /**
     * Brings what `data` (an organisation file: parseCorpData) names into this corp, all of it or nothing,
     * ids kept. What it knows replaces what is here; what it does not know stays, and so does who and what it
     * does not name. A list that it gives and that is not empty (a member's departments, a department's
     * leaders, who has a role, the administrators) replaces the one here. New members get users of their own,
     * and no password. Doing it twice changes nothing. Leaders need not be members of the department, as in
     * the platform that the data may come from.
     *
     * The root department takes over the id of the data's root, with all that refers to it.
     *
     * Errors      notFound for a reference to what is neither in the data nor here. invalidArgument: two
     * roots, a department below itself, a new department, role or role group without a name. refused: the
     * data's root is another department here, or the other way round. They name the place by kind and id.
     * Cost        Linear in the data.
     */
    ImportReport importCorpData(CorpData const& data) {
        return importInto(*this->core(), this->caller(), data);
    }

    // --- signing in ---

    /**
     * Adds somebody who asks for it: a new user, in the root department, without roles.
     * Errors      refused unless `allowJoin` of the element is 1; invalidArgument for an empty username,
     * password or nick; alreadyExists for a username that is taken.
     */
    Member join(std::string_view username, std::string_view password, std::string_view nick) {
        std::vector<Member> out;
        this->core()->join(this->caller(), username, password, nick, receiver(out));
        return std::move(out.front());
    }
    /**
     * Who this is: the user of the pool and their member here. After three failures in a row under a username
     * each further one makes the next attempt wait, 1 s, 2 s, 4 s and so on up to 15 minutes; attempts before
     * that are refused unheard. The count is kept in the store, and ends with a success or a day without
     * failures. A username that nobody has is answered in the same way and the same time.
     *
     * A password whose hash was made at lower cost than the AuthPolicy's is hashed anew on success.
     *
     * @param password the password or its MD5 (32 hex digits).
     * Errors      authRejected: wrong username or password. rateLimited: Diagnostics::retryAfter says how
     * long to wait. refused: the password is right, but the user is no active member of this corp.
     *             unsupported with NoAuth.
     * Cost        One hash, some tens of milliseconds; no transaction is open meanwhile.
     */
    [[nodiscard]] SignIn verifyPassword(std::string_view username, std::string_view password) {
        SignIn out;
        this->core()->verifyPassword(username, password,
                                     [&](CorpReader const& r, UserId const& user, MemberId const& member) {
                                         out.user = Reader::userIn(r, user);
                                         out.member = Reader::memberIn(r, member);
                                     });
        return out;
    }
    /**
     * Sets what a user signs in with, in all corps of the store, and forgets their failed attempts.
     * @param username not given: stays.
     * Errors      notFound when no member of this corp is this user; invalidArgument for an empty password,
     * or for no username where there is none yet; alreadyExists for a username of another user.
     */
    Done setPassword(UserId const& userId, std::string_view password, std::string_view username = {}) {
        this->core()->setPassword(this->caller(), userId, password, username);
        return Done();
    }

    /** Proves references, the tree and the sums of what is stored. */
    [[nodiscard]] VerifyReport verifyCorp() const { return this->core()->verify(); }

    // For corps that follow a platform; see Mirror.
    void syncCorp(SyncOptions options = SyncOptions())
        requires FollowsAnUpstream<Sync>;
    template <class... Args>
    void planSync(Args const&...)
        requires FollowsAnUpstream<Sync>;
    void applyPlan(SyncPlan const& plan, SyncOptions options = SyncOptions())
        requires FollowsAnUpstream<Sync>;
    void approve(RemovalDigest digest)
        requires FollowsAnUpstream<Sync>;
    void getThirdCorpData()
        requires FollowsAnUpstream<Sync>;
    template <class... Args>
    void bulkRegister(Args const&...)
        requires FollowsAnUpstream<Sync>;
    void getClient()
        requires FollowsAnUpstream<Sync>;
    void identify(LoginCode code)
        requires FollowsAnUpstream<Sync>;
    void asyncIdentify(LoginCode code)
        requires FollowsAnUpstream<Sync>;
    void authorizeUrl(LoginRequest const& request) const
        requires FollowsAnUpstream<Sync>;
    void releaseUserRole(MemberId const& memberId)
        requires FollowsAnUpstream<Sync>;
    void renameMember(MemberId const& formerId, MemberId const& newId)
        requires FollowsAnUpstream<Sync>;
    void authConfig() const
        requires FollowsAnUpstream<Sync>;
    void handleCallback(CallbackRequest const& request)
        requires FollowsAnUpstream<Sync>;

protected:
    using Shared::Shared;

private:
    template <class F>
    Done change(F&& f) {
        this->core()->change(this->caller(), f);
        return Done();
    }
    template <class F>
    Dept changeDept(DeptId const& id, F&& f) {
        Dept out{};
        change([&](OrganisationEdits& e) {
            f(e);
            out = Reader::deptIn(e.reader(), id.view());
        });
        return out;
    }
    /** What puts new members into a list. */
    static auto receiver(std::vector<Member>& out) {
        return [&out](CorpReader const& r, std::vector<MemberId> const& ids) {
            out.reserve(ids.size());
            for (MemberId const& id : ids) out.push_back(Reader::memberIn(r, id));
        };
    }
};

}  // namespace corps
