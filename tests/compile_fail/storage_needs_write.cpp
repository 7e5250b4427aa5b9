// expect: corps: StoragePolicy needs .template <class F> void write\(F&& f\)
#include <corps/storage/verdict.hpp>
#include <corps/testing/storage_archetypes.hpp>

#ifdef CORPS_EXPECT_FAIL
using Storage = corps::testing::StorageWithoutWrite;
#else
using Storage = corps::testing::MinimalStorage;
#endif
static_assert(corps::StorageVerdict<Storage>::verify<Storage>());
