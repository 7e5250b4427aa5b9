#pragma once

#include <corps/model/record.hpp>

#include <string>

namespace corps {

/** A role. */
struct CorpRole {
    RoleId roleId{};
    RoleGroupId roleGroupId{};  ///< empty: in no group
    std::string name{};
    std::string origin{};  ///< who made it: kOriginUpstream or kOriginLocal; a sync touches its own only

    friend bool operator==(CorpRole const&, CorpRole const&) = default;
};

// The origin never changes; it is "local" so that it is no column which a client decodes.
CORPS_RECORD(CorpRole, key(roleId), upstream(roleGroupId, name), local(origin))

}  // namespace corps
