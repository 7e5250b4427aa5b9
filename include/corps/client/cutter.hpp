#pragma once

#include <corps/client/pull.hpp>
#include <corps/detail/config.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace corps {

/** A page taken apart without decoding its records. */
struct PageCut {
    /** The elements of the array, in their order: views into the page. Any JSON values. */
    std::vector<std::string_view> units;
    /** The page with `[]` in the place of the array: small, and still JSON, for cursor and codes. */
    std::string envelope;
    /** False when the array was not there, or null: many platforms leave out an empty list. */
    bool found = false;
};

/**
 * Finds the array at `arrayPath` (keys from the root of the page; empty: the page itself) and the bounds of
 * its elements. Keys are compared decoded, wherever they stand in their object; the same key at another level
 * is another key. `out` is overwritten, its memory reused.
 *
 * Errors      Error(Errc::protocol) on brackets that do not match, an unterminated text, a key of the path
 * that stands twice in one object, something else than an array or null at the path, or text after the value.
 * What is inside the elements is only checked for its brackets and quotes: decoding them checks the rest.
 * Cost        One pass over the bytes, 64 at a time within the elements.
 */
CORPS_DECL void cutPage(std::string_view page, std::span<std::string_view const> arrayPath, PageCut& out);

/**
 * The id of a unit, decoded, without a document: the text at `keyPath`, or the digits of a number there. Of a
 * key that stands twice the last one counts, as in Boost.JSON. Nothing when it is absent, null, or neither
 * text nor number. Errors      Error(Errc::protocol) on JSON that is not well-formed as far as it was read.
 */
[[nodiscard]] CORPS_DECL std::optional<std::string> keyOf(std::string_view unit,
                                                          std::span<std::string_view const> keyPath);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/client/impl/cutter.ipp>
#endif
