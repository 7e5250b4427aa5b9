// An application of one element. The first line is the name that is asked for; then, between lines "%%", its
// e.json, its business file and the start of what the variable SECRET holds. Refused with Error, or a corp
// that says what it is configured with; the secret, where only the business file may name it, is in no
// message.
#include <corps/app.hpp>
#include <corps/crypto/password.hpp>
#include <corps/error/error.hpp>
#include <corps/storage/memory.hpp>
#include <corps/testing/scripted_transport.hpp>
#include <corps/types.hpp>

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace corps;
using Feishu = FSInnerType<testing::ScriptedTransport, MemoryStorage>;
using Normal = NormalType<MemoryStorage>;

void require(bool fine, char const* what) {
    if (fine) return;
    std::fputs(what, stderr);
    std::fputc('\n', stderr);
    std::abort();
}

std::string upTo(std::string_view& rest, std::string_view end) {
    std::size_t const at = std::min(rest.find(end), rest.size());
    std::string out(rest.substr(0, at));
    rest.remove_prefix(std::min(at + end.size(), rest.size()));
    return out;
}

/** Everything that a corp says of its configuration. */
template <class Corp>
void look(Corp& corp) {
    static_cast<void>(boost::json::serialize(corp.getCorpInfo()));
    boost::json::object const shown = corp.corpData();
    static_cast<void>(boost::json::serialize(shown));
    if constexpr (requires { corp.authConfig(); }) {
        AuthConfig const credentials = corp.authConfig();
        for (std::string const& key : credentials.keys()) static_cast<void>(credentials[key]);
        require(credentials.contains("appSecret"), "a corp without its secret");
        auto const* const secret = shown.if_contains("appSecret");
        require(secret == nullptr || *secret == "***", "a secret is shown");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    constexpr std::string_view kBetween = "\n%%\n";
    constexpr std::string_view kMark = " stays secret";  // no message says this by chance
    std::string_view rest(reinterpret_cast<char const*>(data), size);
    std::string const name = upTo(rest, "\n");
    std::string const element = upTo(rest, kBetween);
    std::string const business = upTo(rest, kBetween);
    std::string const secret = upTo(rest, kBetween) + std::string(kMark);

    FileTexts const files = {{"corps/Demo/e.json", element},
                             {"corps/Demo/Demo.json", business},
                             {"corps/Demo/keys/other.json", business},
                             {"auths/Demo/Inner/e.json", element},
                             {"auths/Demo/Inner/Inner.json", business}};
    AppOptions options;
    options.variables.environment = false;
    options.variables.values = {{"SECRET", secret}, {"HOST", "127.0.0.1:8080"}};
    options.init = false;
    App<Feishu, Normal> app(memoryFiles(files), Context(), options, testing::ScriptedTransport(),
                            MemoryStorage());
    require(app.names().size() == 2, "not the names of the elements");
    bool const alone =
        element.find('{', element.find('{') + 1) == std::string::npos &&
        std::string_view(reinterpret_cast<char const*>(data), size).find(kMark) == std::string_view::npos;
    auto const refused = [&](Error const& e) {
        require(e.is(Errc::config) || e.is(Errc::notFound), "another error than documented");
        std::string const text = e.what();
        require(!alone || text.find(kMark) == std::string::npos, "an error shows a secret");
    };
    try {
        CorpConfig const config = app.element(name);
        static_cast<void>(boost::json::serialize(config.publicData()));
        static_cast<void>(boost::json::serialize(config.settings()));
    } catch (Error const& e) {
        refused(e);
    }
    try {
        app.visit(name, [](auto& corp) { look(corp); });
    } catch (Error const& e) {
        refused(e);
    }
    return 0;
}
