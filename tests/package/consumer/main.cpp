#include <corps/corps.hpp>
#include <corps/crypto/password.hpp>
#include <corps/storage/sqlite.hpp>

#include <cstdio>
#include <exception>

int main() {
    try {
        corps::NormalType<corps::SqliteStorage> corp(corps::CorpConfig("corps.Consumer", "Consumer"),
                                                     corps::Context(), corps::SqliteStorage("consumer.db"));
        corp.initCorp();
        std::printf("corps %s: %s has %zu departments\n", CORPS_VERSION_STRING, corp.title().c_str(),
                    corp.getDepts().size());
        return corp.getDepts().empty() ? 1 : 0;
    } catch (std::exception const& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
