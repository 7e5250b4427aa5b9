// expect: corps: Transport needs `asio::awaitable<Response> send\(Request request\)`
#include <corps/corps.hpp>

namespace {

struct MyTransport {
#ifdef CORPS_EXPECT_FAIL
    corps::Response send(corps::Request q);
#else
    boost::asio::awaitable<corps::Response> send(corps::Request q);
#endif
};

}  // namespace

void use(corps::FSInnerType<MyTransport, corps::MemoryStorage>& corp) { corp.initCorp(); }
