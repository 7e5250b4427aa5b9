// expect: corps: AuthPolicy needs `asio::awaitable<IssuedToken> token\(Channel& wire\)`
#include <corps/corps.hpp>
#include <corps/testing/scripted_transport.hpp>

namespace {

struct MyAuth {
    struct Config {};
    explicit MyAuth(Config) {}
};

}  // namespace

#ifdef CORPS_EXPECT_FAIL
using Auth = MyAuth;
#else
using Auth = corps::FSAuth;
#endif

void use(corps::Corp<Auth, corps::Over<corps::FSInnerClient, corps::testing::ScriptedTransport>,
                     corps::MemoryStorage, corps::Mirror<>>& corp) {
    corp.initCorp();
}
