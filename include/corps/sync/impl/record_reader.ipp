#pragma once

#include <corps/sync/record_reader.hpp>

#ifdef CORPS_SEPARATE_COMPILATION
namespace corps {
template struct RecordReader<StandardRecords>;
}
#endif
