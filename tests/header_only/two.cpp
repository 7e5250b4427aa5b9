#include "two.hpp"

#include <corps/callback/callbacks.hpp>
#include <corps/corps.hpp>
#include <corps/emulator/emulator.hpp>
#include <corps/storage/sqlite.hpp>
#include <corps/testing/manual_clock.hpp>
#include <corps/testing/scripted_transport.hpp>
#include <corps/transport/https.hpp>

std::string useEverything() {
    using Corp = corps::FSInnerType<corps::HttpsTransport, corps::SqliteStorage>;
    Corp const corp(corps::CorpConfig("corps.Two", "Two", {{"appId", "cli_1"}, {"appSecret", "unused"}}),
                    corps::Context(), corps::HttpsTransport(), corps::SqliteStorage("header_only.db"));
    return corp.fullName();
}
