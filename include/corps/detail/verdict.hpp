#pragma once

#include <type_traits>

// Checks of policies that end in one sentence of ours instead of a page of the compiler's. A verdict is a
// type: PolicyOk, or the first requirement that is missing; tests compare it, and verify() turns it into a
// static_assert.
namespace corps::detail {

/** False, but only once a template is instantiated. */
template <class...>
inline constexpr bool kAlwaysFalse = false;

/** The verdict on a policy that has all it needs. */
struct PolicyOk {
    template <class>
    static consteval bool verify() {
        return true;
    }
};

/** One requirement: whether it is fulfilled, and the type whose verify<Policy>() says what is missing. */
template <bool Holds, class Missing>
struct Check {
    static constexpr bool kHolds = Holds;
    using Failure = Missing;
};

template <class... Checks>
struct FirstFailureOf {
    using Type = PolicyOk;
};
template <class First, class... Rest>
struct FirstFailureOf<First, Rest...> : FirstFailureOf<Rest...> {};
template <class First, class... Rest>
    requires(!First::kHolds)
struct FirstFailureOf<First, Rest...> {
    using Type = typename First::Failure;
};

/** The failure of the first Check that does not hold, or PolicyOk. */
template <class... Checks>
using FirstFailure = typename FirstFailureOf<Checks...>::Type;

}  // namespace corps::detail
