// expect: EditedHere
// A mirrored corp has no createDept: the platform is where departments are made.
#include <corps/corps.hpp>
#include <corps/crypto/password.hpp>
#include <corps/testing/scripted_transport.hpp>

using Feishu = corps::FSInnerType<corps::testing::ScriptedTransport, corps::MemoryStorage>;

template <class Corp>
concept CanCreateDept = requires(Corp corp) { corp.createDept("Sales"); };
static_assert(!CanCreateDept<Feishu>);
static_assert(CanCreateDept<corps::NormalType<corps::MemoryStorage>>);

void use(Feishu& corp) {
#ifdef CORPS_EXPECT_FAIL
    corp.createDept("Sales");
#else
    corp.syncCorp();
#endif
}
