// expect: corps: StoragePolicy needs .void Tx::scanRows\(TableSchema const&
#include <corps/storage/verdict.hpp>
#include <corps/testing/storage_archetypes.hpp>

#ifdef CORPS_EXPECT_FAIL
using Storage = corps::testing::StorageWithoutScanRows;
#else
using Storage = corps::testing::MinimalStorage;
#endif
static_assert(corps::StorageVerdict<Storage>::verify<Storage>());
