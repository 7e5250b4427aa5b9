#pragma once

#include <corps/auth/local_auth.hpp>
#include <corps/auth/verdict.hpp>
#include <corps/callback/request.hpp>
#include <corps/client/verdict.hpp>
#include <corps/config/corp_config.hpp>
#include <corps/context/context.hpp>
#include <corps/storage/store.hpp>
#include <corps/storage/verdict.hpp>
#include <corps/sync/local_authority.hpp>
#include <corps/sync/mirror.hpp>
#include <corps/sync/verdict.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace corps {

template <class AuthPolicy, class ClientPolicy, class StoragePolicy, class SyncPolicy>
class Corp;

namespace detail {

template <class Client>
struct TransportOf {
    using Type = void;
};
template <HasTransportType Client>
struct TransportOf<Client> {
    using Type = typename Client::Transport;
};

template <class C>
concept HasElementType = requires {
    { C::kElementType } -> std::convertible_to<std::string_view>;
};

/** The "type" of elements that are corps with this client; empty where the client does not tell. */
template <class Client>
constexpr std::string_view elementTypeOf() {
    if constexpr (std::same_as<Client, NoUpstream>) {
        return "corps.NormalType";
    } else if constexpr (HasElementType<Client>) {
        return Client::kElementType;
    } else {
        return {};
    }
}

/** The configuration with its type, which one made in code need not name. */
[[nodiscard]] inline CorpConfig withType(CorpConfig config, std::string_view type) {
    if (config.type.empty()) config.type = type;
    return config;
}

/** What the API base of a Corp knows of it while Corp itself is incomplete. */
template <class A, class C, class S, class Y>
struct CorpTraits {
    using Auth = A;
    using Client = C;
    using Storage = S;
    using Sync = Y;
    using Records = typename Y::Records;
    using Core = typename Y::Core;
    using Transport = typename TransportOf<C>::Type;
};

struct ClientWithoutUpstream {
    template <class C>
    static consteval bool verify() {
        static_assert(std::same_as<C, NoUpstream>,
                      "corps: a corp that is edited here has no client: its ClientPolicy is NoUpstream; to "
                      "follow a platform, make "
                      "its SyncPolicy Mirror<Records>");
        return true;
    }
};

/** Checks all four policies: the first error that the compiler prints is one sentence of ours. True if there
 * is an Api. */
template <class A, class C, class S, class Y>
consteval bool checkPolicies() {
    using OfSync = SyncVerdict<Y>;
    static_assert(OfSync::template verify<Y>());
    if constexpr (!std::same_as<OfSync, PolicyOk>) {
        return false;
    } else {
        static_cast<void>(requireRecordSet<typename Y::Records>());
        static_assert(StorageVerdict<S>::template verify<S>());
        if constexpr (Y::kFollowsUpstream) {
            static_assert(ClientVerdict<C>::template verify<C>());
            static_assert(AuthVerdict<A>::template verify<A>());
        } else {
            static_assert(ClientWithoutUpstream::verify<C>());
            static_assert(LocalAuthVerdict<A>::template verify<A>());
        }
        return true;
    }
}

struct NoApi {};

template <bool HasApi, class A, class C, class S, class Y>
struct ApiOf {
    using Type = NoApi;
};
template <class A, class C, class S, class Y>
struct ApiOf<true, A, C, S, Y> {
    using Type = typename Y::template Api<Corp<A, C, S, Y>, CorpTraits<A, C, S, Y>>;
};

template <class A, class C, class S, class Y>
using CheckedApi = typename ApiOf<checkPolicies<A, C, S, Y>(), A, C, S, Y>::Type;

}  // namespace detail

/**
 * One enterprise organisation. Its methods come from the SyncPolicy: see Mirror::Api, LocalAuthority::Api,
 * and SharedApi for what both have.
 *
 * A handle: copies are the same corp. The official types are aliases of it (types.hpp); a type of your own is
 * one more alias, with a policy of your own in any of the four places.
 *
 * @tparam AuthPolicy    who the corp is to its platform: an UpstreamAuth; or, for a corp that is edited here,
 *                       how passwords are kept: PasswordLogin, another LocalAuth, or NoAuth.
 * @tparam ClientPolicy  how it is read: Over<Client, Transport>, or NoUpstream.
 * @tparam StoragePolicy where it is kept.
 * @tparam SyncPolicy    who has authority over it: Mirror<Records> or LocalAuthority<Records>.
 *
 * Threads     Distinct objects: safe. One object: any thread, and one network operation at a time.
 */
template <class AuthPolicy, class ClientPolicy, class StoragePolicy, class SyncPolicy>
class Corp : public detail::CheckedApi<AuthPolicy, ClientPolicy, StoragePolicy, SyncPolicy> {
    using Base = detail::CheckedApi<AuthPolicy, ClientPolicy, StoragePolicy, SyncPolicy>;
    using Traits = detail::CorpTraits<AuthPolicy, ClientPolicy, StoragePolicy, SyncPolicy>;

public:
    using Auth = AuthPolicy;
    using Client = ClientPolicy;
    using Storage = StoragePolicy;
    using Sync = SyncPolicy;
    using Records = typename SyncPolicy::Records;

    /**
     * A corp that follows a platform. Opens its tables in the store; sends nothing.
     * Errors      Error(config) for a missing or wrong key; storage, storageTooNew.
     */
    template <class Transport>
        requires(FollowsAnUpstream<SyncPolicy> &&
                 std::convertible_to<Transport, typename detail::TransportOf<ClientPolicy>::Type>)
    Corp(CorpConfig config, Context context, Transport transport, StoragePolicy storage)
        : Base(SyncPolicy::template makeCore<Traits>(
                   detail::withType(std::move(config), detail::elementTypeOf<ClientPolicy>()),
                   std::move(context), std::move(transport), std::move(storage)),
               std::string(kDefaultCaller)) {}

    /** A corp that is edited here. Opens its tables in the store. Errors: storage, storageTooNew. */
    Corp(CorpConfig config, Context context, StoragePolicy storage)
        requires EditedHere<SyncPolicy>
        : Base(SyncPolicy::template makeCore<Traits>(
                   detail::withType(std::move(config), detail::elementTypeOf<ClientPolicy>()),
                   std::move(context), std::move(storage)),
               std::string(kDefaultCaller)) {}

    /** The same corp; what is changed through the result stands under this name in the change feed. */
    [[nodiscard]] Corp as(std::string caller) const { return Corp(this->core(), std::move(caller)); }

    /** Who changes are noted under unless as() says otherwise. */
    static constexpr std::string_view kDefaultCaller = "local";

private:
    Corp(std::shared_ptr<typename SyncPolicy::Core> core, std::string caller)
        : Base(std::move(core), std::move(caller)) {}
};

}  // namespace corps
