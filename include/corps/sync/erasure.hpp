// What must not be remembered: a person, or a whole corp, with their history.
#pragma once

#include <corps/detail/config.hpp>
#include <corps/model/ids.hpp>
#include <corps/sync/corp_core.hpp>

namespace corps {

/** See SharedApi::eraseMember. */
CORPS_DECL void eraseMember(CorpCore& core, MemberId const& id);
/** See SharedApi::eraseCorp. */
CORPS_DECL void eraseCorp(CorpCore& core);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/erasure.ipp>
#endif
