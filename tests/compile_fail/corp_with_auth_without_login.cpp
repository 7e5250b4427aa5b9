// expect: corps: AuthPolicy needs `std::string authorizeUrl\(LoginRequest const&\)`
// An auth policy that knows the application's token, but not where people log in.
#include <corps/corps.hpp>
#include <corps/testing/scripted_transport.hpp>

namespace {

struct MyAuth {
    struct Config {};
    explicit MyAuth(Config) {}
    corps::asio::awaitable<corps::IssuedToken> token(corps::Channel&) { co_return corps::IssuedToken(); }
    void attach(corps::Request&, std::string_view) {}
    bool tokenRejected(corps::Response const&) { return false; }
    std::string tokenKey() { return "mine"; }
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
