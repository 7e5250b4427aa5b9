#pragma once

#include <corps/client/pull.hpp>
#include <corps/transport/channel.hpp>

#include <boost/json/object.hpp>

#include <string>
#include <string_view>
#include <type_traits>

namespace corps {

/**
 * A platform's client and the transport that carries its calls, together: what the ClientPolicy slot of a
 * mirrored Corp holds. `Over<FSInnerClient, HttpsTransport>`.
 */
template <class Client, class T>
struct Over : Client {
    using Transport = T;
};

namespace detail {

template <class C>
concept HasTransport = requires { typename C::Transport; } && Transport<typename C::Transport>;
template <class C>
concept HasPlatform = requires {
    { C::kPlatform } -> std::convertible_to<std::string_view>;
    { C::kRootDeptId } -> std::convertible_to<std::string_view>;
};

/** A platform whose callbacks can be taken: `Callbacks` has
 * `static CallbackResponse handle(std::shared_ptr<MirrorCore> const&, CallbackRequest const&)`. */
template <class C>
concept HasCallbacks = requires { typename C::Callbacks; };

/** The app id that a store remembers; empty where a client does not tell. */
template <class C>
[[nodiscard]] std::string appIdOf(boost::json::object const& settings) {
    if constexpr (requires { C::appId(settings); }) {
        return C::appId(settings);
    } else {
        return {};
    }
}
/** The kinds of ids that a store remembers; empty where a platform has one kind only. */
template <class C>
[[nodiscard]] std::string idTypesOf(boost::json::object const& settings) {
    if constexpr (requires { C::idTypes(settings); }) {
        return C::idTypes(settings);
    } else {
        return {};
    }
}

}  // namespace detail

/**
 * A client that a corp can be made with: a ClientPolicy with a Transport, and
 * - `kPlatform`: the platform's name in the store ("feishu");
 * - `kRootDeptId`: the platform's id of the root department;
 * - optionally `kElementType`: the element type it serves ("corps.FSInnerType");
 * - optionally `appId(settings)` and `idTypes(settings)`: what a store remembers, so that it is not opened
 * with another application or other ids by mistake;
 * - optionally `Callbacks`: what reads the platform's callbacks, see CallbackDialect.
 */
template <class C>
concept MirrorClient =
    ClientPolicy<C> && !std::same_as<C, NoUpstream> && detail::HasTransport<C> && detail::HasPlatform<C>;

}  // namespace corps
