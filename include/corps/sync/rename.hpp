// The same person under another id: what only an event or a person can tell.
#pragma once

#include <corps/detail/config.hpp>
#include <corps/model/ids.hpp>
#include <corps/model/record_tables.hpp>
#include <corps/storage/rows.hpp>
#include <corps/sync/registration.hpp>

namespace corps {

/**
 * Puts everything that is stored of a member under another id, in the transaction of `rows`: see
 * Mirror::Api::renameMember.
 *
 * Errors      Error(notFound); Error(refused); Error(invalidArgument).
 */
CORPS_DECL void renameMember(RowAccess& rows, RecordTables const& tables, MemberId const& from,
                             MemberId const& to, RegistrationScope const& scope);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/rename.ipp>
#endif
