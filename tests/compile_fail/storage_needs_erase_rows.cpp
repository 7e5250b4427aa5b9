// expect: corps: StoragePolicy needs .std::uint64_t Tx::eraseRows\(TableSchema const&
#include <corps/storage/verdict.hpp>
#include <corps/testing/storage_archetypes.hpp>

#ifdef CORPS_EXPECT_FAIL
using Storage = corps::testing::StorageWithoutEraseRows;
#else
using Storage = corps::testing::MinimalStorage;
#endif
static_assert(corps::StorageVerdict<Storage>::verify<Storage>());
