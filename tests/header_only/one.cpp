// Two files of one program include everything without separate compilation: what is defined twice, or not
// inline, shows when they are linked.
#include "two.hpp"

#include <corps/callback/callbacks.hpp>
#include <corps/corps.hpp>
#include <corps/crypto/password.hpp>
#include <corps/emulator/emulator.hpp>
#include <corps/storage/sqlite.hpp>
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
        if (useEverything() != "corps.Two") return 1;
        std::puts("both files work");
        return 0;
    } catch (std::exception const& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
