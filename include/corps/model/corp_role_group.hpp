#pragma once

#include <corps/model/record.hpp>

#include <string>

namespace corps {

/** A group of roles. */
struct CorpRoleGroup {
    RoleGroupId roleGroupId{};
    std::string name{};
    std::string origin{};  ///< who made it: kOriginUpstream or kOriginLocal; a sync touches its own only

    friend bool operator==(CorpRoleGroup const&, CorpRoleGroup const&) = default;
};

// The origin never changes; it is "local" so that it is no column which a client decodes.
CORPS_RECORD(CorpRoleGroup, key(roleGroupId), upstream(name), local(origin))

}  // namespace corps
