#pragma once

#include <corps/auth/authorized.hpp>
#include <corps/auth/verdict.hpp>
#include <corps/client/over.hpp>
#include <corps/config/corp_config.hpp>
#include <corps/fwd.hpp>
#include <corps/model/corp_data.hpp>
#include <corps/model/records.hpp>
#include <corps/sync/login.hpp>
#include <corps/sync/shared_api.hpp>
#include <corps/sync/sync_policy.hpp>

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps {

namespace detail {

/** Throws e again; a config error of a policy that knows no file gets one. */
[[noreturn]] CORPS_DECL void rethrowConfigError(Error const& e, CorpConfig const& config);

/** A client, its authorised channel and its auth policy, made for one corp. */
template <class Auth, class Api>
class UpstreamPartsOf final : public UpstreamParts {
public:
    UpstreamPartsOf(AuthEnvironment const& environment, CorpConfig const& config)
        : channel_(environment.context, environment.wire, makeAuth(environment, config)),
          api_(channel_, ClientEnvironment(environment.context, config.fullName, config.settings())),
          upstream_(api_) {}

    [[nodiscard]] Upstream& upstream() noexcept override { return upstream_; }
    [[nodiscard]] Api& api() noexcept { return api_; }
    [[nodiscard]] asio::awaitable<Identity> identify(LoginCode code) override {
        return channel_.auth().identify(channel_.wire(), channel_, std::move(code));
    }
    [[nodiscard]] std::string authorizeUrl(LoginRequest const& r) override {
        return channel_.auth().authorizeUrl(r);
    }

private:
    static typename Auth::Config authConfig(CorpConfig const& config) {
        static_cast<void>(config.credentials());  // one rule for all platforms: nested or flat, not both
        if constexpr (HasConfigFromConfig<Auth>) {
            return Auth::Config::fromConfig(config);
        } else {
            return Auth::Config::fromJson(config.business, config.place());
        }
    }
    static Auth makeAuth(AuthEnvironment const& environment, CorpConfig const& config) {
        if constexpr (TakesEnvironment<Auth>) {
            return Auth(authConfig(config), environment);
        } else {
            return Auth(authConfig(config));
        }
    }

    Authorized<Auth> channel_;
    Api api_;
    UpstreamOf<Api> upstream_;
};

/** The file that `caFile` of the business keys names, relative to the business file; empty without that key.
 */
[[nodiscard]] CORPS_DECL std::string caFileOf(CorpConfig const& config);

/** Throws Error(config): the transport knows no such thing. */
[[noreturn]] CORPS_DECL void refuseCaFile(CorpConfig const& config);

/** The transport, trusting the authorities that the business keys name. Errors: Error(config) when it knows
 * no such thing. */
template <class T>
[[nodiscard]] T trusting(T transport, CorpConfig const& config) {
    std::string file = caFileOf(config);
    if (file.empty()) return transport;
    if constexpr (requires(T const& t) {
                      { t.withCaFile(std::move(file)) } -> std::same_as<T>;
                  }) {
        try {
            return transport.withCaFile(file);
        } catch (Error const& e) {
            if (!e.is(Errc::config)) throw;
            throw config.errorAt("caFile", "a PEM file of certificates, and " + file + " is none");
        }
    } else {
        refuseCaFile(config);
    }
}

/**
 * Makes the parts of a corp. A function template of its own, so that the official ones are compiled once
 * (types.hpp). Errors: Error(config) that names the file and the key.
 */
template <class Auth, class Api>
[[nodiscard]] std::unique_ptr<UpstreamParts> makeUpstreamParts(AuthEnvironment const& environment,
                                                               CorpConfig const& config) {
    try {
        return std::make_unique<UpstreamPartsOf<Auth, Api>>(environment, config);
    } catch (Error const& e) {
        rethrowConfigError(e, config);
    }
}

}  // namespace detail

/**
 * The SyncPolicy of corps that follow a platform: what the platform shows becomes what is here.
 *
 * @tparam R the corp's set of records: StandardRecords, or one with wider records.
 */
template <class R = StandardRecords>
struct Mirror {
    using Records = R;
    using Core = MirrorCore;
    static constexpr bool kFollowsUpstream = true;
    template <class Self, class Traits>
    class Api;

    /** Puts together what a corp works with; see Corp's constructor. */
    template <class Traits>
    [[nodiscard]] static std::shared_ptr<MirrorCore> makeCore(CorpConfig config, Context context,
                                                              typename Traits::Transport transport,
                                                              typename Traits::Storage storage) {
        using Client = typename Traits::Client;
        std::unique_ptr<Channel> wire(
            new Wire<typename Traits::Transport>(detail::trusting(std::move(transport), config)));
        PlatformFacts const facts{Client::kPlatform, Client::kRootDeptId, &detail::appIdOf<Client>,
                                  &detail::idTypesOf<Client>};
        return makeMirrorCore(
            std::move(config), std::move(context),
            std::unique_ptr<Store>(new StoreOf<typename Traits::Storage>(std::move(storage))), tablesOf<R>(),
            facts, &detail::makeUpstreamParts<typename Traits::Auth, typename Client::Api>, std::move(wire));
    }
};

/**
 * The methods of a corp that follows a platform; with SharedApi, all of them.
 *
 * What goes to the network has two forms: `asyncX` is a coroutine, to be awaited on a strand or a loop with
 * one thread; `X` waits for it and needs no event loop. One such operation at a time per corp object and its
 * copies, or Error(operationInProgress).
 *
 * Errors      Error with what the transport, the platform or the store reports; cancelled.
 * Cancellation  Before the transaction: nothing was written, and the object is as usable as before.
 */
template <class R>
template <class Self, class Traits>
class Mirror<R>::Api : public SharedApi<Traits> {
    using Shared = SharedApi<Traits>;
    using Sync = typename Traits::Sync;

public:
    using typename Shared::Dept;

    /** Makes sure of the root department, and syncs once if the store was never synced. Doing it again
     * changes nothing. */
    Done initCorp() { return MirrorCore::initNow(this->core(), this->caller()); }
    [[nodiscard]] asio::awaitable<Done> asyncInitCorp() {
        return MirrorCore::init(this->core(), this->caller());
    }

    /**
     * Brings the store in line with what the platform shows now: reads everything, then writes in one
     * transaction.
     *
     * @return What was added, changed, resigned, held and skipped. That removals are held or something could
     * not be read is no exception: see SyncReport::outcome.
     *
     * Errors      authRejected, permissionDenied, rateLimited, transport, protocol, brokenSnapshot, storage;
     * busy when another sync of this corp runs longer than options.lockTimeout; wrongCorp when the store
     * holds another corp; held with options.allOrNothing. Nothing was written then. Cost        One request a
     * page; linear in departments and members. 36 bytes a listed record, beside the page in hand and what
     * changed.
     */
    SyncReport syncCorp(SyncOptions options = SyncOptions()) {
        return MirrorCore::syncNow(this->core(), options, kSyncCaller);
    }
    [[nodiscard]] asio::awaitable<SyncReport> asyncSyncCorp(SyncOptions options = SyncOptions()) {
        return MirrorCore::sync(this->core(), options, kSyncCaller);
    }

    /**
     * Calls `listener` when a callback of the platform that this object or a copy of it took has announced a
     * change, on the thread that took it. A sync brings the change here: AutoSync listens and runs one.
     * @return Give it up, and the listener is called no more; see ChangeSubscription.
     */
    [[nodiscard]] ChangeSubscription onChange(std::function<void()> listener) const {
        return this->core()->changes().subscribe(std::move(listener));
    }

    /**
     * Takes one callback of the platform and gives what is to be answered: verified, decrypted and answered
     * as the platform requires, at once and without waiting for the store or the network. What it announces
     * follows afterwards on the corp's Context: who was renamed is renamed, who is named is read anew by the
     * next sync, and whoever listens to onChange() hears of it. A wrong request is refused with a status of
     * 4xx and changes nothing; so does an event that is unknown, was seen before, or is older than the last
     * sync.
     *
     * Include <corps/callback/callbacks.hpp>, and link OpenSSL's libcrypto (corps::crypto).
     *
     * @param request as the user's server received it; the body byte for byte.
     * @return CallbackResponse: status, contentType and body of the answer.
     * Errors      Error(config) naming the file and the key, when the business key `callback` is missing or
     * wrong. Threads     Any number at once, on any thread, also while this object syncs.
     * Cost        Microseconds; linear in the request.
     */
    [[nodiscard]] auto handleCallback(CallbackRequest const& request)
        requires detail::HasCallbacks<typename Traits::Client>
    {
        using Callbacks = typename Traits::Client::Callbacks;
        constexpr bool kIncluded = requires { sizeof(Callbacks); };
        static_assert(kIncluded, "corps: handleCallback needs `#include <corps/callback/callbacks.hpp>`");
        if constexpr (kIncluded) return Callbacks::handle(this->core(), request);
    }
    /** Waits until the work behind every handleCallback() that has returned is done. It runs by itself; this
     * is for who wants to see its end. */
    Done finishCallbacks() { return MirrorCore::announcedNow(this->core()); }
    [[nodiscard]] asio::awaitable<Done> asyncFinishCallbacks() { return MirrorCore::announced(this->core()); }
    /** Since when a change that the platform announced waits for a sync, also one announced to another
     * process; nothing when a complete sync has begun since the last. */
    [[nodiscard]] std::optional<TimePoint> changePendingSince() { return this->core()->changePendingSince(); }

    /** What a sync would do; writes nothing. */
    [[nodiscard]] SyncPlan planSync(SyncOptions options = SyncOptions()) {
        return MirrorCore::planNow(this->core(), options);
    }
    [[nodiscard]] asio::awaitable<SyncPlan> asyncPlanSync(SyncOptions options = SyncOptions()) {
        return MirrorCore::plan(this->core(), options);
    }
    /** The same from data that is already here. Data without proof plans no removal. */
    [[nodiscard]] SyncPlan planSync(CorpData const& data, SyncOptions options = SyncOptions()) {
        return this->core()->plan(data, options);
    }
    /** Applies exactly this plan in one transaction. Errors: stalePlan when upstream-owned rows changed
     * since; invalidArgument when a plan that was text holds what no sync makes, or a value that its field
     * cannot have. */
    SyncReport applyPlan(SyncPlan const& plan, SyncOptions options = SyncOptions()) {
        return this->core()->apply(plan, options, this->caller());
    }
    /** Lets the next sync remove those of this set of held removals that are still proven gone; remembered
     * for 7 days. */
    Done approve(RemovalDigest digest) {
        this->core()->approve(digest);
        return Done();
    }
    /** @param digest 32 hex digits, as reports print it. Errors: invalidArgument for another text. */
    Done approve(std::string_view digest) {
        std::optional<RemovalDigest> const parsed = RemovalDigest::parse(digest);
        if (!parsed) throw Error(Errc::invalidArgument, "a digest of removals has 32 hex digits");
        return approve(*parsed);
    }

    /** Everything the platform holds, decoded; writes nothing. Memory: about 700 bytes a member. */
    [[nodiscard]] CorpData getThirdCorpData() { return MirrorCore::collectNow(this->core(), PullOptions()); }
    [[nodiscard]] asio::awaitable<CorpData> asyncGetThirdCorpData() {
        return MirrorCore::collect(this->core(), PullOptions());
    }

    /**
     * Makes or updates the user of the pool and the binding of those members in the data who exist here, in
     * one transaction; makes no members, resigns and removes nobody. A sync does the same for the members it
     * brings. Errors      wrongCorp when the data is of another enterprise.
     */
    RegisterReport bulkRegister(CorpData const& corpData) {
        return this->core()->registerMembers(corpData, nullptr, this->caller());
    }
    /** The same for these members only; who is not in the data or not here is reported as unknown. */
    RegisterReport bulkRegister(CorpData const& corpData, std::vector<MemberId> const& memberList) {
        return this->core()->registerMembers(corpData, &memberList, this->caller());
    }

    /**
     * The platform calls this person by another id now, which only an event or somebody who knows can tell:
     * everything stored of them here, their user and what was given to them, stands under the new id, and the
     * next sync finds them as the same. Where the platform gives union ids a sync finds out by itself that
     * they are one user; roles, limits and marks given here then stay with the former id, so call this first.
     *
     * Errors      notFound: nobody has the former id; refused: the new one is an active member's, or was
     * somebody else's (another user or union id); invalidArgument: it is empty or the same. Nothing is
     * changed then. Cost        Linear in the rows of this member and in the listings that name them.
     */
    Done renameMember(MemberId const& formerId, MemberId const& newId) {
        this->core()->renameMember(formerId, newId, this->caller());
        return Done();
    }

    using Login = BasicLogin<R>;
    /** The address of the platform's login page, to send a browser to. Errors: config when the login host is
     * not known; invalidArgument for a kind of login that the platform does not have. */
    [[nodiscard]] std::string authorizeUrl(LoginRequest const& request) const {
        return this->core()->authorizeUrl(request);
    }
    /**
     * Who came back from the platform's login page: the platform's word, the member, and the user they are
     * bound to. The store is asked as the last sync left it.
     *
     * Errors      authRejected when the platform refuses the code (it works once, for some minutes); refused
     * when it refuses the person, or the person is not known here, belongs to another enterprise, has
     * resigned, was set offline here, or has an account that the platform froze or disabled: the message says
     * which, and names nobody but by id; wrongCorp when the store mirrors another application or id type;
     * config, transport, protocol. Threads     Any number at once, also while this object syncs.
     */
    [[nodiscard]] Login identify(LoginCode code) {
        Context const context = this->context();
        return context.run(loginOn(this->core(), std::move(code)));
    }
    [[nodiscard]] asio::awaitable<Login> asyncIdentify(LoginCode code) {
        return loginOn(this->core(), std::move(code));
    }

    /** The platform's client, for any other call of it. Lives as long as this corp. */
    [[nodiscard]] typename Traits::Client::Api& getClient() {
        return static_cast<detail::UpstreamPartsOf<typename Traits::Auth, typename Traits::Client::Api>&>(
                   this->core()->parts())
            .api();
    }

    /** The root department; made, with the corp's title for a name, when there is none. */
    [[nodiscard]] Dept getRootDept() {
        this->core()->ensureRoot(this->caller());
        return RecordReader<R>::rootDept(*this->core());
    }

    /**
     * From the next sync on a member has the upstream's roles again, beside those set here. The inverse of
     * setUserRole.
     */
    Done releaseUserRole(MemberId const& memberId) {
        this->core()->edit(this->caller(), [&](LocalEdits& edits) { edits.releaseUserRole(memberId); });
        return Done();
    }

    /** Proves references, the tree and the sums of what the upstream owns; what is wrong is named and decoded
     * anew next time. */
    VerifyReport verifyCorp() { return this->core()->verify(); }

    /** The credentials, those of the auths.* element too, value by key. */
    [[nodiscard]] AuthConfig authConfig() const { return AuthConfig(this->config().allCredentials()); }

    // For corps that are edited here; see LocalAuthority.
    template <class... Args>
    void addMember(Args const&...)
        requires EditedHere<Sync>;
    template <class... Args>
    void addMembers(Args const&...)
        requires EditedHere<Sync>;
    void createDept(std::string_view name, DeptId parentId = {})
        requires EditedHere<Sync>;
    void updateDept(DeptId const& deptId, std::string_view name, DeptId parentId = {})
        requires EditedHere<Sync>;
    void deleteDept(DeptId const& deptId)
        requires EditedHere<Sync>;
    void setDeptLeaderByDept(DeptId const& deptId, std::vector<MemberId> const& memberIdList)
        requires EditedHere<Sync>;
    void addDeptMember(DeptId const& deptId, std::vector<MemberId> const& memberIdList)
        requires EditedHere<Sync>;
    void deleteDeptMember(DeptId const& deptId, std::vector<MemberId> const& memberIdList)
        requires EditedHere<Sync>;
    template <class Fields>
    void updateUserInfo(MemberId const& memberId, Fields const& fields)
        requires EditedHere<Sync>;
    void changeMemberStatus(std::vector<MemberId> const& memberIdList, MemberStatus status)
        requires EditedHere<Sync>;
    void deleteMember(std::vector<MemberId> const& memberIdList)
        requires EditedHere<Sync>;
    void importCorpData(CorpData const& data)
        requires EditedHere<Sync>;
    void join(std::string_view username, std::string_view password, std::string_view nick)
        requires EditedHere<Sync>;
    void verifyPassword(std::string_view username, std::string_view password)
        requires EditedHere<Sync>;
    void setPassword(UserId const& userId, std::string_view password)
        requires EditedHere<Sync>;

    /** Who the changes of a sync are noted under in the change feed. */
    static constexpr char const* kSyncCaller = "sync";

protected:
    using Shared::Shared;

private:
    static asio::awaitable<Login> loginOn(std::shared_ptr<MirrorCore> core, LoginCode code) {
        Login out;
        out.identity = co_await MirrorCore::identify(core, std::move(code));
        std::function<void()> const look = [&] {
            core->read([&](CorpReader const& r) {
                std::string const id = core->requireLogin(r, out.identity);
                r.visitMember(MemberId(id), [&](RowView row, MemberStatus) {
                    out.member = fromRow<typename R::Member>(row);
                    return true;
                });
                r.visitUser(out.member.userId.value().view(),
                            [&](RowView row) { out.user = fromRow<typename R::User>(row); });
            });
        };
        co_await core->context().blocking(look);
        co_return out;
    }
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/mirror.ipp>
#endif
