#include <corps/testing/scripted_transport.hpp>
#include <corps/transport/verdict.hpp>

#include <catch2/catch_test_macros.hpp>

#include <concepts>
#include <memory>

namespace transport_verdict_test {
namespace {

using namespace corps;

// The least a transport can be: no default construction, nothing but copying and sending.
struct Minimal {
    explicit Minimal(int) {}
    asio::awaitable<Response> send(Request) { co_return Response(200, "minimal"); }
};
struct NoCopy : Minimal {
    using Minimal::Minimal;
    NoCopy(NoCopy const&) = delete;
    NoCopy& operator=(NoCopy const&) = delete;
};
struct NoSend {};
struct WrongSend {
    asio::awaitable<int> send(Request);
};

static_assert(Transport<Minimal> && Transport<testing::ScriptedTransport>);
static_assert(!Transport<NoCopy> && !Transport<NoSend> && !Transport<WrongSend>);
static_assert(std::same_as<TransportVerdict<Minimal>, detail::PolicyOk>);
static_assert(std::same_as<TransportVerdict<NoCopy>, detail::TransportNeedsCopy>);
static_assert(std::same_as<TransportVerdict<NoSend>, detail::TransportNeedsSend>);
static_assert(std::same_as<TransportVerdict<WrongSend>, detail::TransportNeedsSend>);

}  // namespace

TEST_CASE("transport: the smallest one works as a channel, and a type that is none is named", "[transport]") {
    Wire<Minimal> wire(Minimal(1));
    Channel& channel = wire;
    (void)channel.send(Request());  // an operation that is never awaited does nothing
    CHECK(TransportVerdict<Minimal>::verify<Minimal>());
    CHECK_FALSE(Transport<NoSend>);
}

}  // namespace transport_verdict_test
