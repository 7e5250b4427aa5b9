#pragma once

#include <corps/detail/config.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace corps {

/** Names a set of held removals: 128 bits, printed as 32 hex digits. All zero: none. */
struct RemovalDigest {
    std::array<std::uint8_t, 16> bytes{};
    [[nodiscard]] CORPS_DECL std::string str() const;
    /** 32 hex digits; anything else gives nothing. */
    [[nodiscard]] CORPS_DECL static std::optional<RemovalDigest> parse(std::string_view text) noexcept;
    [[nodiscard]] bool empty() const noexcept { return *this == RemovalDigest(); }
    friend bool operator==(RemovalDigest const&, RemovalDigest const&) = default;
};

/**
 * When removals are held instead of applied. Held when there are more than `maxCount` of them and they are
 * more than `maxShare` of those active; or at least `shareMinCount` of them and more than `alwaysShare`; or
 * every one of a top-level department that had at least `wholeDeptMin`; or, with `keepLastAdmin`, when no
 * administrator would be left.
 */
struct RemovalLimits {
    std::uint32_t maxCount = 10;
    double maxShare = 0.05;
    std::uint32_t shareMinCount = 2;
    double alwaysShare = 1.0 / 3.0;
    std::uint32_t wholeDeptMin = 5;
    bool keepLastAdmin = true;
};

/**
 * When members who stay lose their membership of one department: held for that department when more than
 * `maxCount` and more than `maxShare` of its members go nowhere else (are listed in no department
 * afterwards).
 */
struct MembershipLimits {
    std::uint32_t maxCount = 10;
    double maxShare = 0.5;
};

/** Trivially copyable on purpose: it is a parameter of coroutines. */
struct SyncOptions {
    bool dryRun = false;         ///< plan only
    bool allowRemovals = false;  ///< hold nothing
    bool allOrNothing = false;   ///< throw Error(Errc::held) and apply nothing when something would be held
    /**
     * Go on with another app id, other id types or another upstream corp than the store remembers: people and
     * departments are found again (see Migration) and keep everything given to them here; who is not is held.
     * Decodes everything once. Without such a difference it changes nothing.
     */
    bool migrate = false;
    /**
     * New members are taken for the one user of the store who has the same phone number (E.164), who is no
     * member of this corp yet, and whose union id on this platform is not another one. Off, since numbers
     * change hands: whoever gets the number of somebody else gets everything that is given to that user.
     * Users that there are already are never merged. Cost: one scan of users, bindings and members for a sync
     * that has somebody new.
     */
    bool bindByPhone = false;
    bool bindByEmail = false;       ///< the same by e-mail address, whatever the case of its letters
    bool useSidecar = true;         ///< false: decode everything, as if no fingerprints were stored
    std::uint32_t concurrency = 8;  ///< requests in flight at once, at most
    std::chrono::milliseconds lockTimeout{0};  ///< how long to wait for another sync of this corp
    RemovalDigest approve{};                   ///< removals with this digest may go (as approve() beforehand)
    RemovalLimits members{};
    RemovalLimits departments{};
    MembershipLimits memberships{};
};
static_assert(std::is_trivially_copyable_v<SyncOptions>);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/options.ipp>
#endif
