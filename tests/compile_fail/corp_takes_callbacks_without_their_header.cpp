// expect: corps: handleCallback needs .#include <corps/callback/callbacks.hpp>.
#include <corps/corps.hpp>
#ifndef CORPS_EXPECT_FAIL
#include <corps/callback/callbacks.hpp>
#endif
#include <corps/storage/memory.hpp>
#include <corps/testing/scripted_transport.hpp>
#include <corps/types.hpp>

using Feishu = corps::FSInnerType<corps::testing::ScriptedTransport, corps::MemoryStorage>;

corps::CallbackResponse mount(Feishu& corp, corps::CallbackRequest const& request) {
    return corp.handleCallback(request);
}
