// A program with one type of corp on memory. What it costs to compile is measured and limited: measure.sh.
#include <corps/corps.hpp>
#include <corps/crypto/password.hpp>

#include <cstdio>
#include <exception>

int main() {
    try {
        corps::NormalType<corps::MemoryStorage> corp(corps::CorpConfig("corps.Demo", "Demo"),
                                                     corps::Context(), corps::MemoryStorage());
        corp.initCorp();
        std::printf("%s: %zu departments\n", corp.title().c_str(), corp.getDepts().size());
        return 0;
    } catch (std::exception const& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
