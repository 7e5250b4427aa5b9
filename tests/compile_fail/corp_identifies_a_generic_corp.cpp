// expect: FollowsAnUpstream
// Nobody logs in to a corp that is edited here through a platform: it verifies passwords.
#include <corps/corps.hpp>
#include <corps/crypto/password.hpp>
#include <corps/testing/scripted_transport.hpp>

using Normal = corps::NormalType<corps::MemoryStorage>;
using Feishu = corps::FSInnerType<corps::testing::ScriptedTransport, corps::MemoryStorage>;

template <class Corp>
concept Identifies = requires(Corp corp, corps::LoginCode code) { corp.identify(code); };
template <class Corp>
concept IdentifiesAsync = requires(Corp corp, corps::LoginCode code) { corp.asyncIdentify(code); };
template <class Corp>
concept SendsToLogin = requires(Corp corp, corps::LoginRequest request) { corp.authorizeUrl(request); };
static_assert(Identifies<Feishu> && IdentifiesAsync<Feishu> && SendsToLogin<Feishu>);
static_assert(!Identifies<Normal> && !IdentifiesAsync<Normal> && !SendsToLogin<Normal>);

void use(Normal& corp) {
#ifdef CORPS_EXPECT_FAIL
    corp.identify(corps::LoginCode("code"));
#else
    corp.createDept("Sales");
#endif
}
