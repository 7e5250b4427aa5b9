#pragma once

#include <corps/detail/config.hpp>

#include <string>
#include <string_view>

namespace corps {

/** A phone number as the platform gave it, and what it became. */
class Phone {
public:
    Phone() = default;
    Phone(std::string t, bool p) : text(std::move(t)), parsed(p) {}
    std::string text;     ///< E.164 when parsed, else as given
    bool parsed = false;  ///< an empty text counts as parsed
};

/**
 * E.164 where the number says enough: international numbers with '+' or "00", and the bare 11 digits of a
 * mobile phone of mainland China, which get +86. Spaces, dots, dashes and brackets are dropped. Anything else
 * stays as given.
 */
[[nodiscard]] CORPS_DECL Phone parsePhone(std::string_view given);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/client/impl/phone.ipp>
#endif
