// expect: corps: StoragePolicy needs .std::optional<Lock> tryLock\(std::string_view corp\)
#include <corps/storage/verdict.hpp>
#include <corps/testing/storage_archetypes.hpp>

#ifdef CORPS_EXPECT_FAIL
using Storage = corps::testing::StorageWithoutTryLock;
#else
using Storage = corps::testing::MinimalStorage;
#endif
static_assert(corps::StorageVerdict<Storage>::verify<Storage>());
