// expect: corps: ClientPolicy needs a nested type `Transport`
// Over<Client, Transport>
#include <corps/corps.hpp>
#include <corps/testing/scripted_transport.hpp>

#ifdef CORPS_EXPECT_FAIL
using Client = corps::FSInnerClient;
#else
using Client = corps::Over<corps::FSInnerClient, corps::testing::ScriptedTransport>;
#endif

void use(corps::Corp<corps::FSAuth, Client, corps::MemoryStorage, corps::Mirror<>>& corp) { corp.initCorp(); }
