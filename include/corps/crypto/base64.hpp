#pragma once

#include <corps/detail/config.hpp>

#include <optional>
#include <string>
#include <string_view>

#define CORPS_INCLUDED_CRYPTO 1

namespace corps {

/** RFC 4648, the standard alphabet, padded, on one line. */
[[nodiscard]] CORPS_DECL std::string base64Encode(std::string_view bytes);

/**
 * The bytes of a whole, padded Base64 text; nothing for any other text: white space, another alphabet, a
 * missing or misplaced '='. Spare bits of the last character may be set, as platforms set them; they are
 * dropped.
 */
[[nodiscard]] CORPS_DECL std::optional<std::string> base64Decode(std::string_view text);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/crypto/impl/base64.ipp>
#endif
