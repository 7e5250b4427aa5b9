#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace corps {

/**
 * What a store's secrets are sealed with, so that nobody reads them in its file: authenticated encryption
 * under a key of the caller's. `storeKey("...")` of <corps/crypto/store_key.hpp> makes one.
 *
 * Threads     All members may be called from any thread.
 */
class StoreKey {
public:
    virtual ~StoreKey() = default;
    /** Random bytes for a new store; together with the key they decide what its secrets are sealed with. */
    [[nodiscard]] virtual std::string newSalt() const = 0;
    /** @param row what the text belongs to: it opens nowhere else. @return different each time. */
    [[nodiscard]] virtual std::string seal(std::string_view salt, std::string_view text,
                                           std::string_view row) const = 0;
    /** The text; nothing when key, salt or row is another one, or when a bit of it was changed. */
    [[nodiscard]] virtual std::optional<std::string> open(std::string_view salt, std::string_view sealed,
                                                          std::string_view row) const = 0;
    /** A name for a text that tells nothing of it: the same for the same text, key and salt. */
    [[nodiscard]] virtual std::string mark(std::string_view salt, std::string_view text) const = 0;
};

}  // namespace corps
