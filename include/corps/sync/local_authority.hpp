#pragma once

#include <corps/config/corp_config.hpp>
#include <corps/model/records.hpp>
#include <corps/sync/shared_api.hpp>
#include <corps/sync/sync_policy.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace corps {

/**
 * The SyncPolicy of corps that are edited here: there is no upstream, and nothing is synced.
 *
 * @tparam R the corp's set of records: StandardRecords, or one with wider records.
 */
template <class R = StandardRecords>
struct LocalAuthority {
    using Records = R;
    using Core = CorpCore;
    static constexpr bool kFollowsUpstream = false;
    template <class Self, class Traits>
    class Api;

    /** Puts together what a corp works with; see Corp's constructor. */
    template <class Traits>
    [[nodiscard]] static std::shared_ptr<CorpCore> makeCore(CorpConfig config, Context context,
                                                            typename Traits::Storage storage) {
        return makeLocalCore(
            std::move(config), std::move(context),
            std::unique_ptr<Store>(new StoreOf<typename Traits::Storage>(std::move(storage))), tablesOf<R>());
    }
};

namespace detail {

/** Makes the root department if there is none. Errors: unsupported when the business file asks for a first
 * member. */
CORPS_DECL void initLocalCorp(CorpCore& core, std::string const& caller);

}  // namespace detail

/** The methods of a corp that is edited here; with SharedApi, all of them. */
template <class R>
template <class Self, class Traits>
class LocalAuthority<R>::Api : public SharedApi<Traits> {
    using Shared = SharedApi<Traits>;
    using Sync = typename Traits::Sync;

public:
    using typename Shared::Dept;

    /**
     * Makes the root department, named like the corp; doing it again changes nothing.
     * Errors      unsupported when the business file names a `firstMember`: members cannot be made in this
     * version.
     */
    Done initCorp() {
        detail::initLocalCorp(*this->core(), this->caller());
        return Done();
    }
    /** The root department; made when there is none. */
    [[nodiscard]] Dept getRootDept() {
        initCorp();
        return RecordReader<R>::rootDept(*this->core());
    }
    /**
     * Makes a department below `parentId`, or below the root.
     * Errors      invalidArgument for an empty name; notFound for the parent.
     */
    Dept createDept(std::string_view name, DeptId parentId = {}) {
        DeptId const id(this->context().newId());
        if (parentId.empty()) parentId = getRootDept().deptId;
        this->core()->edit(this->caller(), [&](LocalEdits& edits) { edits.createDept(id, parentId, name); });
        return this->getDept(id);
    }
    /** Proves references, the tree and the sums of what is stored. */
    [[nodiscard]] VerifyReport verifyCorp() const {
        VerifyReport out;
        this->core()->read([&](CorpReader const& r) { out = verifyRows(r.rows(), r.tables(), r.corp()); });
        return out;
    }

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
    void authConfig() const
        requires FollowsAnUpstream<Sync>;

protected:
    using Shared::Shared;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/local_authority.ipp>
#endif
