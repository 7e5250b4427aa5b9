// expect: corps: Transport needs `asio::awaitable<Response> send.Request request.`
#include <corps/transport/verdict.hpp>

struct Mine {
#ifdef CORPS_EXPECT_FAIL
    corps::Response send(corps::Request request);
#else
    corps::asio::awaitable<corps::Response> send(corps::Request request);
#endif
};

static_assert(corps::TransportVerdict<Mine>::verify<Mine>());
