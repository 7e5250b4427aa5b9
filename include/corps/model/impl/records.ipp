// Bodies of the records that do not concern JSON.
#pragma once

#include <corps/model/impl/date.ipp>
#include <corps/model/impl/member_status.ipp>
#include <corps/model/impl/record.ipp>
#include <corps/model/records.hpp>

#ifdef CORPS_SEPARATE_COMPILATION
namespace corps {
template RecordTables const& tablesOf<StandardRecords>();
}
#endif
