#pragma once

#include <corps/suite/suite_corp.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace corps {

/** What has happened to an enterprise of a suite. */
enum class SuiteEventKind : std::uint8_t {
    authorized,   ///< it has authorised the suite, for the first time or again
    secretReset,  ///< it has a new permanent code
    changed,      ///< its visible range, permissions or state have changed: sync it
    cancelled,    ///< it has withdrawn its authorisation
    erased,       ///< what was mirrored of it has been erased after that
    failed,       ///< something that a callback asked for could not be done; see problem
};

struct SuiteEvent {
    SuiteEventKind kind = SuiteEventKind::changed;
    SuiteCorp corp{};       ///< as it is now; only its suiteId where it is not known
    std::string problem{};  ///< of failed: what, in words without secrets
};

using SuiteListener = std::function<void(SuiteEvent const&)>;

namespace detail {

struct SuiteListenerSlot {
    std::recursive_mutex mutex;  // a listener may give up its own place
    SuiteListener call;
    bool gone = false;
};

}  // namespace detail

/** A place among the listeners of a Suite; given up when this is destroyed. May outlive the suite. */
class SuiteSubscription {
public:
    SuiteSubscription() noexcept = default;
    explicit SuiteSubscription(std::shared_ptr<detail::SuiteListenerSlot> slot) noexcept
        : slot_(std::move(slot)) {}
    SuiteSubscription(SuiteSubscription&&) noexcept = default;
    SuiteSubscription& operator=(SuiteSubscription&& other) noexcept {
        if (this != &other) {
            reset();
            slot_ = std::move(other.slot_);
        }
        return *this;
    }
    ~SuiteSubscription() { reset(); }
    /** From when this returns the listener is not called, and no call of it runs on another thread. */
    void reset() noexcept {
        std::shared_ptr<detail::SuiteListenerSlot> const slot = std::exchange(slot_, nullptr);
        if (!slot) return;
        std::lock_guard const lock(slot->mutex);
        slot->gone = true;
    }

private:
    std::shared_ptr<detail::SuiteListenerSlot> slot_;
};

/** How a Suite behaves. */
struct SuiteOptions {
    /**
     * After a cancellation, what is mirrored of the enterprise, in any corp of the store, is erased after
     * this long (the platform asks providers to delete it; WeCom: document/path/97174), unless it authorises
     * again. Not given: never by itself.
     */
    std::optional<std::chrono::milliseconds> eraseAfter{};
    /** How far the signed timestamp of a callback may be from now; zero: any. */
    std::chrono::milliseconds callbackWindow = std::chrono::hours(1);
};

}  // namespace corps
