#pragma once

#include <corps/model/record.hpp>

#include <cstdint>
#include <string>

namespace corps {

/** A human in the pool that all corps of one store share. */
struct User {
    UserId userId{};
    Field<std::string> nick{};
    Field<std::string> phone{};
    Field<std::string> email{};
    Field<std::string> photo{};
    Field<std::string> createdBy{};   ///< full name of the corp whose sync or caller made this user
    Field<std::int64_t> createdAt{};  ///< milliseconds since 1970
    Field<std::int64_t> updatedAt{};  ///< milliseconds since 1970

    friend bool operator==(User const&, User const&) = default;
};

CORPS_RECORD(User, shared(), key(userId), local(nick, phone, email, photo, createdBy, createdAt, updatedAt))

}  // namespace corps
