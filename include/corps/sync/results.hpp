#pragma once

#include <corps/model/ids.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace corps {

/** Success that has nothing to tell; `{}` as JSON. */
struct Done {
    friend bool operator==(Done, Done) noexcept { return true; }
};

/** What getUserSignature gives: a link to the picture; empty when there is none. */
struct UserSignature {
    std::string signature;
    friend bool operator==(UserSignature const&, UserSignature const&) = default;
};

/** What bulkRegister did. */
struct RegisterReport {
    std::uint64_t bound = 0;        ///< members whose binding was made or changed
    std::uint64_t users = 0;        ///< users of the pool made or filled
    std::uint64_t unchanged = 0;    ///< members who were registered already
    std::vector<MemberId> unknown;  ///< not in the data, not a member here, or somebody else by now; sorted
};

}  // namespace corps
