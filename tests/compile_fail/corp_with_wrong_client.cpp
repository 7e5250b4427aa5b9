// expect: corps: ClientPolicy needs `static std::span<PageShape const> Api::shapes\(\)`
#include <corps/corps.hpp>
#include <corps/testing/scripted_transport.hpp>

namespace {

struct MyClient {
    static constexpr std::string_view kPlatform = "mine";
    static constexpr std::string_view kRootDeptId = "0";
    class Api {
    public:
        Api(corps::Channel&, corps::ClientEnvironment) {}
    };
};

}  // namespace

#ifdef CORPS_EXPECT_FAIL
using Client = MyClient;
#else
using Client = corps::FSInnerClient;
#endif

void use(corps::Corp<corps::FSAuth, corps::Over<Client, corps::testing::ScriptedTransport>,
                     corps::MemoryStorage, corps::Mirror<>>& corp) {
    corp.initCorp();
}
