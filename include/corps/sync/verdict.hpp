#pragma once

#include <corps/detail/verdict.hpp>
#include <corps/sync/sync_policy.hpp>

namespace corps {

namespace detail {

struct SyncNeedsRecords {
    template <class Y>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<Y>,
                      "corps: SyncPolicy needs a nested type `Records`, the corp's set of records");
        return true;  // one error, not two
    }
};
struct SyncNeedsDirection {
    template <class Y>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<Y>, "corps: SyncPolicy needs `static constexpr bool kFollowsUpstream`");
        return true;
    }
};
struct SyncNeedsApi {
    template <class Y>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<Y>,
                      "corps: SyncPolicy needs `template <class Self, class Traits> class Api`");
        return true;
    }
};

}  // namespace detail

/** What a type lacks to be a SyncPolicy; see StorageVerdict. */
template <class Y>
using SyncVerdict = detail::FirstFailure<detail::Check<detail::HasRecords<Y>, detail::SyncNeedsRecords>,
                                         detail::Check<detail::HasDirection<Y>, detail::SyncNeedsDirection>,
                                         detail::Check<SyncPolicy<Y>, detail::SyncNeedsApi>>;

}  // namespace corps
