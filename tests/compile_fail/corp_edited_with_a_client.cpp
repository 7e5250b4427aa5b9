// expect: corps: a corp that is edited here has no client
#include <corps/corps.hpp>
#include <corps/testing/scripted_transport.hpp>

#ifdef CORPS_EXPECT_FAIL
using Client = corps::Over<corps::FSInnerClient, corps::testing::ScriptedTransport>;
#else
using Client = corps::NoUpstream;
#endif

void use(corps::Corp<corps::NoAuth, Client, corps::MemoryStorage, corps::LocalAuthority<>>& corp) {
    corp.initCorp();
}
