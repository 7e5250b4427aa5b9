#pragma once

#include <corps/model/record.hpp>

#include <string>

namespace corps {

/** An administrator, by upstream's word or set here; both may say so, as two records. */
struct CorpAdmin {
    MemberId memberId{};
    std::string origin{};  ///< kOriginUpstream or kOriginLocal

    friend bool operator==(CorpAdmin const&, CorpAdmin const&) = default;
};

CORPS_RECORD(CorpAdmin, key(memberId, origin))

}  // namespace corps
