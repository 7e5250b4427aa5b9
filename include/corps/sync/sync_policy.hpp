#pragma once

#include <concepts>

namespace corps {

namespace detail {

template <class Y>
concept HasRecords = requires { typename Y::Records; };
template <class Y>
concept HasDirection = std::same_as<decltype(Y::kFollowsUpstream), bool const>;
struct AnySelf;
struct AnyTraits;

}  // namespace detail

/**
 * Who has authority over a corp, and so which methods it has:
 * - `Records`: its set of records (model/records.hpp);
 * - `kFollowsUpstream`, a `static constexpr bool`: whether it is pulled from a platform or edited here;
 * - `template <class Self, class Traits> class Api`: its methods; Corp derives from it. Self is incomplete
 * there: what is known of the corp is in Traits.
 */
template <class Y>
concept SyncPolicy = detail::HasRecords<Y> && detail::HasDirection<Y> &&
                     requires { typename Y::template Api<detail::AnySelf, detail::AnyTraits>; };

/** The corp is pulled from a platform. As the reason of a refused call: this method is for such corps only.
 */
template <class Sync>
concept FollowsAnUpstream = Sync::kFollowsUpstream;

/** The corp is edited here. As the reason of a refused call: this method is for such corps only. */
template <class Sync>
concept EditedHere = !Sync::kFollowsUpstream;

}  // namespace corps
