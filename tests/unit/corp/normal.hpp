// A corp that is edited here, on each storage, with passwords that cost next to nothing.
#pragma once

#include "unit/storage/temp_dir.hpp"

#include <corps/corps.hpp>
#include <corps/crypto/password.hpp>
#include <corps/storage/sqlite.hpp>
#include <corps/sync/engine.hpp>
#include <corps/testing/manual_clock.hpp>

#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace normal {
namespace {  // as the directory of the tests that it holds

using QuickLogin = corps::ScryptLogin<corps::PasswordCost{2, 1, 1}>;

/** NormalType, but for the cost of a password. */
template <class Storage, class Login = QuickLogin>
using Type = corps::Corp<Login, corps::NoUpstream, Storage, corps::LocalAuthority<>>;

template <class Storage>
struct Place;
template <>
struct Place<corps::MemoryStorage> {
    corps::MemoryStorage storage{};
};
template <>
struct Place<corps::SqliteStorage> {
    TempDir dir{};
    corps::SqliteStorage storage{dir.file("corps.db"), quick()};
    static corps::SqliteOptions quick() {
        corps::SqliteOptions options;
        options.sync = corps::SqliteSync::off;
        return options;
    }
};

[[maybe_unused]] corps::Context contextWith(std::shared_ptr<corps::Clock> clock) {
    corps::ContextOptions options;
    options.clock = std::move(clock);
    return corps::Context(std::move(options));
}

template <class Storage>
struct World : Place<Storage> {
    std::shared_ptr<corps::testing::ManualClock> clock = std::make_shared<corps::testing::ManualClock>();
    corps::Context context = contextWith(clock);
    Type<Storage> corp;

    explicit World(corps::CorpConfig config = corps::CorpConfig("corps.Default", "Default"))
        : corp(std::move(config), context, this->storage) {
        corp.initCorp();
    }

    /** Everything stored, as one text. */
    [[nodiscard]] std::string dump() {
        std::string out;
        std::vector<corps::TableSchema const*> tables = corps::engineTables();
        for (corps::TableSchema const* t : corps::tablesOf<>().all()) tables.push_back(t);
        this->storage.read([&](auto& tx) {
            for (corps::TableSchema const* t : tables) {
                out += t->name + "\n";
                tx.forEach(*t, 0, {}, [&](std::span<corps::Cell const> row) {
                    for (corps::Cell const& c : row)
                        out += c.isNull()                             ? "-|"
                               : c.kind() == corps::CellKind::integer ? std::to_string(c.integer()) + "|"
                                                                      : std::string(c.bytes()) + "|";
                    out += "\n";
                });
            }
        });
        return out;
    }
};

/** What f throws; fails when it throws nothing. */
template <class F>
corps::Error thrownBy(F&& f) {
    try {
        f();
    } catch (corps::Error const& e) {
        return e;
    }
    FAIL("nothing was thrown");
    return corps::Error(corps::Errc::unsupported, "");
}

}  // namespace
}  // namespace normal
