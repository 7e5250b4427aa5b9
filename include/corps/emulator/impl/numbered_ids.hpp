#pragma once

#include <corps/emulator/impl/text.hpp>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace corps::emulator::detail {

/** An id that a platform takes as a number: a whole number other than 0, as it is written plainly. */
inline std::optional<std::int64_t> idNumber(std::string_view id) {
    const auto number = parseNumber<std::int64_t>(id);
    return number && *number != 0 && std::to_string(*number) == id ? number : std::nullopt;
}

/** Gives ids out: the file's own where they are numbers, otherwise one of the thousand million from `first`
 * on. */
class NumberedIds {
public:
    explicit NumberedIds(std::int64_t first) : first_(first) {}

    void reserve(std::string_view id) {
        if (const auto number = idNumber(id); number && *number > 0) {
            taken_.insert(*number);
        }
    }
    std::int64_t numberFor(std::string_view what, std::string_view id) {
        if (const auto number = idNumber(id); number && *number > 0) {
            return *number;
        }
        std::int64_t out = first_ + static_cast<std::int64_t>(Hash128(what).add(id).id().low % 999'999'999U);
        while (!taken_.insert(out).second) {
            ++out;
        }
        return out;
    }

private:
    std::int64_t first_;
    std::set<std::int64_t> taken_;
};

}  // namespace corps::emulator::detail
