#pragma once

#include <corps/model/record.hpp>

#include <cstdint>
#include <string>

namespace corps {

/** How a user of the pool signs in with a password. Its JSON holds neither the hash nor its parameters. */
struct PasswordAuth {
    UserId userId{};
    Field<std::string> username{};
    Field<std::string> hash{};          ///< salted; never leaves the store
    Field<std::string> parameters{};    ///< of the hash, its salt included
    Field<std::int64_t> failures{};     ///< in a row
    Field<std::int64_t> lastFailure{};  ///< milliseconds since 1970

    friend bool operator==(PasswordAuth const&, PasswordAuth const&) = default;
};

CORPS_RECORD(PasswordAuth, shared(), key(userId), local(username),
             internal(hash, parameters, failures, lastFailure), unique(username))

}  // namespace corps
