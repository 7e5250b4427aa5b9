// expect: corps: SyncPolicy needs `static constexpr bool kFollowsUpstream`
#include <corps/corps.hpp>

namespace {

struct MySync {
    using Records = corps::StandardRecords;
};

}  // namespace

#ifdef CORPS_EXPECT_FAIL
using Sync = MySync;
#else
using Sync = corps::LocalAuthority<>;
#endif

void use(corps::Corp<corps::NoAuth, corps::NoUpstream, corps::MemoryStorage, Sync>& corp) { corp.initCorp(); }
