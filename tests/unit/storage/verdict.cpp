#include <corps/storage/memory.hpp>
#include <corps/storage/sqlite.hpp>
#include <corps/storage/storage_policy.hpp>
#include <corps/storage/verdict.hpp>
#include <corps/testing/failing_storage.hpp>
#include <corps/testing/storage_archetypes.hpp>
#include <corps/testing/storage_conformance.hpp>

#include <catch2/catch_test_macros.hpp>

#include <concepts>
#include <span>

namespace storage_verdict_test {
namespace {

using namespace corps;
using namespace corps::testing;
namespace cd = corps::detail;

template <class S, class Verdict>
constexpr bool kJudged =
    std::same_as<StorageVerdict<S>, Verdict> && StoragePolicy<S> == std::same_as<Verdict, cd::PolicyOk>;

static_assert(kJudged<MemoryStorage, cd::PolicyOk>);
static_assert(kJudged<SqliteStorage, cd::PolicyOk>);
static_assert(kJudged<MinimalStorage, cd::PolicyOk>);
static_assert(kJudged<FailingStorage<MinimalStorage>, cd::PolicyOk>);
static_assert(kJudged<int, cd::StorageNeedsTx>);
static_assert(kJudged<StorageWithoutCopy, cd::StorageNeedsCopy>);
static_assert(kJudged<StorageWithoutTx, cd::StorageNeedsTx>);
static_assert(kJudged<StorageWithoutScanRows, cd::StorageNeedsScanRows>);
static_assert(kJudged<StorageWithoutUpsertRow, cd::StorageNeedsUpsertRow>);
static_assert(kJudged<StorageWithoutEraseRows, cd::StorageNeedsEraseRows>);
static_assert(kJudged<StorageWithoutOpen, cd::StorageNeedsOpen>);
static_assert(kJudged<StorageWithoutRead, cd::StorageNeedsRead>);
static_assert(kJudged<StorageWithoutWrite, cd::StorageNeedsWrite>);
static_assert(kJudged<StorageWithoutTryLock, cd::StorageNeedsTryLock>);

// Each archetype lacks one thing only: with it, it would be a storage.
static_assert(cd::HasOpen<StorageWithoutTryLock> && cd::HasRead<StorageWithoutTryLock> &&
              cd::HasWrite<StorageWithoutTryLock>);
static_assert(cd::HasTryLock<StorageWithoutOpen> && cd::HasTryLock<StorageWithoutCopy> &&
              cd::HasTryLock<StorageWithoutTx>);
static_assert(!std::default_initializable<MinimalStorage> && !std::copyable<MinimalStorage::Lock>);

}  // namespace

TEST_CASE("storage: the least that is a StoragePolicy is enough for everything that takes one", "[storage]") {
    auto const failures =
        runStorageConformance(storageSubject<MinimalStorage>([] { return MinimalStorage::make(); }));
    for (StorageFailure const& f : failures) UNSCOPED_INFO(f.check << ": " << f.what);
    CHECK(failures.empty());
}

}  // namespace storage_verdict_test
