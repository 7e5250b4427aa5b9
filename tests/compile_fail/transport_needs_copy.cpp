// expect: corps: Transport needs to be copyable
#include <corps/transport/verdict.hpp>

struct Mine {
#ifdef CORPS_EXPECT_FAIL
    Mine(Mine const&) = delete;
    Mine& operator=(Mine const&) = delete;
#endif
    corps::asio::awaitable<corps::Response> send(corps::Request request);
};

static_assert(corps::TransportVerdict<Mine>::verify<Mine>());
