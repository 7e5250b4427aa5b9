#pragma once

#include <corps/storage/store.hpp>

#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace corps::testing {

/**
 * The storage that is put to the test. Make one with storageSubject().
 *
 * `fresh` makes a new, empty store. `reopen` makes a handle to the store that `fresh` made last, after all
 * handles to it are gone; leave it empty for a storage that does not outlive its handles. `copy` copies a
 * handle.
 */
struct StorageSubject {
    std::function<std::unique_ptr<Store>()> fresh;
    std::function<std::unique_ptr<Store>()> reopen;
    std::function<std::unique_ptr<Store>(Store&)> copy;
};

/** The subject for a storage of type S; `fresh` and `reopen` as in StorageSubject, returning an S that is not
 * yet open. */
template <StoragePolicy S, class Fresh>
[[nodiscard]] StorageSubject storageSubject(Fresh fresh, std::function<S()> reopen = nullptr) {
    StorageSubject subject;
    subject.fresh = [fresh]() mutable -> std::unique_ptr<Store> {
        return std::make_unique<StoreOf<S>>(fresh());
    };
    if (reopen)
        subject.reopen = [reopen]() -> std::unique_ptr<Store> {
            return std::make_unique<StoreOf<S>>(reopen());
        };
    subject.copy = [](Store& store) -> std::unique_ptr<Store> {
        return std::make_unique<StoreOf<S>>(S(static_cast<StoreOf<S>&>(store).storage()));
    };
    return subject;
}

/** What a check throws when the storage does not do what StoragePolicy says; what() says what it did instead.
 */
class ConformanceFailure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/** One thing that StoragePolicy says. `run` throws a ConformanceFailure, or whatever the storage throws. */
struct StorageCheck {
    char const* name;
    void (*run)(StorageSubject const&);
};

/** All checks; each works on stores of its own, in any order. Those that need `reopen` do nothing without it.
 */
[[nodiscard]] inline std::span<StorageCheck const> storageChecks() noexcept;

struct StorageFailure {
    std::string check;
    std::string what;
};

/**
 * Runs all checks, some of them with several threads; a storage whose readers and writers wait for each other
 * costs some seconds for each such check. No test framework is needed:
 *
 *     for (auto const& f :
 * corps::testing::runStorageConformance(corps::testing::storageSubject<MyStorage>(makeOne))) std::cerr <<
 * f.check << ": " << f.what << '\n';
 *
 * @return the checks that failed; empty for a storage that does all of it.
 */
[[nodiscard]] inline std::vector<StorageFailure> runStorageConformance(StorageSubject const& subject);

}  // namespace corps::testing

#include <corps/testing/impl/storage_conformance.ipp>
