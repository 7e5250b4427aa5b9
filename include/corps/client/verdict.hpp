#pragma once

#include <corps/client/over.hpp>
#include <corps/client/pull.hpp>
#include <corps/detail/verdict.hpp>
#include <corps/transport/verdict.hpp>

#include <concepts>

namespace corps {

namespace detail {

template <class C>
concept HasTransportType = requires { typename C::Transport; };
template <class C>
concept HasApi =
    requires { typename C::Api; } && std::constructible_from<typename C::Api, Channel&, ClientEnvironment>;
template <class C>
concept HasShapes = requires {
    { C::Api::shapes() } -> std::same_as<std::span<PageShape const>>;
};
template <class C>
concept HasPull = requires(typename C::Api api, PageSink& sink, PullOptions o) {
    { api.pull(sink, o) } -> std::same_as<asio::awaitable<PullProof>>;
};
template <class C>
concept HasDecode = requires(typename C::Api const& api, Unit const& u, RowSink& rows) {
    { api.decode(u, rows) } -> std::same_as<void>;
};
template <class C>
concept HasIdentity = requires(typename C::Api const& api) {
    { api.identity() } -> std::same_as<std::string>;
};

struct ClientNeedsTransport {
    template <class C>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<C>,
                      "corps: ClientPolicy needs a nested type `Transport`; put a client and its transport "
                      "together with "
                      "Over<Client, Transport>");
        return true;  // one error, not two
    }
};
struct ClientTransportFails {
    template <class C>
    static consteval bool verify() {
        return TransportVerdict<typename C::Transport>::template verify<typename C::Transport>();
    }
};
struct ClientNeedsPlatform {
    template <class C>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<C>,
                      "corps: ClientPolicy needs `static constexpr std::string_view kPlatform` and "
                      "`kRootDeptId`: the platform's "
                      "name in the store, and its id of the root department");
        return true;
    }
};
struct ClientNeedsApi {
    template <class C>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<C>,
                      "corps: ClientPolicy needs a nested class `Api` with a constructor `Api(Channel&, "
                      "ClientEnvironment)`");
        return true;
    }
};
struct ClientNeedsShapes {
    template <class C>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<C>,
                      "corps: ClientPolicy needs `static std::span<PageShape const> Api::shapes()`");
        return true;
    }
};
struct ClientNeedsPull {
    template <class C>
    static consteval bool verify() {
        static_assert(
            kAlwaysFalse<C>,
            "corps: ClientPolicy needs `asio::awaitable<PullProof> Api::pull(PageSink&, PullOptions)`");
        return true;
    }
};
struct ClientNeedsDecode {
    template <class C>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<C>,
                      "corps: ClientPolicy needs `void Api::decode(Unit const&, RowSink&) const`");
        return true;
    }
};
struct ClientNeedsIdentity {
    template <class C>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<C>, "corps: ClientPolicy needs `std::string Api::identity() const`");
        return true;
    }
};
struct ClientNeedsExplainAbsence {
    template <class C>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<C>,
                      "corps: ClientPolicy needs `asio::awaitable<std::vector<Absence>> "
                      "Api::explainAbsence(std::vector<std::string>)`");
        return true;
    }
};

}  // namespace detail

/** What a type lacks to be a MirrorClient; see StorageVerdict. */
template <class C>
using ClientVerdict =
    detail::FirstFailure<detail::Check<detail::HasTransportType<C>, detail::ClientNeedsTransport>,
                         detail::Check<detail::HasTransport<C>, detail::ClientTransportFails>,
                         detail::Check<detail::HasPlatform<C>, detail::ClientNeedsPlatform>,
                         detail::Check<detail::HasApi<C>, detail::ClientNeedsApi>,
                         detail::Check<detail::HasShapes<C>, detail::ClientNeedsShapes>,
                         detail::Check<detail::HasPull<C>, detail::ClientNeedsPull>,
                         detail::Check<detail::HasDecode<C>, detail::ClientNeedsDecode>,
                         detail::Check<detail::HasIdentity<C>, detail::ClientNeedsIdentity>,
                         detail::Check<MirrorClient<C>, detail::ClientNeedsExplainAbsence>>;

}  // namespace corps
