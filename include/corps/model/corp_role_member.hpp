#pragma once

#include <corps/model/record.hpp>

#include <string>

namespace corps {

/** A member has a role, by upstream's word or by one given here; both may say so, as two records. */
struct CorpRoleMember {
    RoleId roleId{};
    MemberId memberId{};
    std::string origin{};  ///< kOriginUpstream or kOriginLocal

    friend bool operator==(CorpRoleMember const&, CorpRoleMember const&) = default;
};

CORPS_RECORD(CorpRoleMember, key(roleId, memberId, origin), index(memberId))

}  // namespace corps
