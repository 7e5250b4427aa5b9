// Includes everything without separate compilation, and uses every part. What is defined in it and not inline
// would be defined twice in a program of two such files: once_only.sh looks for that.
#include <corps/callback/callbacks.hpp>
#include <corps/corps.hpp>
#include <corps/crypto/password.hpp>
#include <corps/crypto/store_key.hpp>
#include <corps/emulator/emulator.hpp>
#include <corps/storage/sqlite.hpp>
#include <corps/suite.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/testing/scripted_transport.hpp>
#include <corps/transport/https.hpp>

#include <cstdio>
#include <exception>

int main() {
    try {
        corps::NormalType<corps::MemoryStorage> corp(corps::CorpConfig("corps.One", "One"), corps::Context(),
                                                     corps::MemoryStorage());
        corp.initCorp();
        if (corp.getDepts().size() != 1) return 1;
        using Mirror = corps::FSInnerType<corps::HttpsTransport, corps::SqliteStorage>;
        Mirror const mirror(
            corps::CorpConfig("corps.Two", "Two", {{"appId", "cli_1"}, {"appSecret", "unused"}}),
            corps::Context(), corps::HttpsTransport(), corps::SqliteStorage("header_only.db"));
        if (mirror.fullName() != "corps.Two") return 1;
        std::puts("it works");
        return 0;
    } catch (std::exception const& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
