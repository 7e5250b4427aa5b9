// expect: FollowsAnUpstream
// A corp that is edited here has nothing to sync with.
#include <corps/corps.hpp>
#include <corps/crypto/password.hpp>
#include <corps/testing/scripted_transport.hpp>

using Normal = corps::NormalType<corps::MemoryStorage>;

template <class Corp>
concept CanSync = requires(Corp corp) { corp.syncCorp(); };
static_assert(!CanSync<Normal>);
static_assert(CanSync<corps::FSInnerType<corps::testing::ScriptedTransport, corps::MemoryStorage>>);

void use(Normal& corp) {
#ifdef CORPS_EXPECT_FAIL
    corp.syncCorp();
#else
    corp.createDept("Sales");
#endif
}
