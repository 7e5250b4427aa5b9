#pragma once

#include <corps/detail/config.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace corps {

/** An element of the small XML that WeCom sends. */
struct XmlElement {
    std::string name;
    std::string text;  ///< its own text, plain or CDATA, without white space at both ends
    std::vector<XmlElement> children;

    /** The first child of this name; null when there is none. */
    [[nodiscard]] CORPS_DECL XmlElement const* child(std::string_view childName) const noexcept;
    /** The text of the first child of this name; empty when there is none. */
    [[nodiscard]] CORPS_DECL std::string_view textOf(std::string_view childName) const noexcept;
};

/** What readXml accepts; more is refused. */
struct XmlLimits {
    std::size_t bytes = std::size_t{1} << 20;
    std::size_t depth = 16;
};

/**
 * Reads one document of elements and text, and of nothing else: a document type, a comment, an attribute, a
 * processing instruction, and an entity other than the five of XML are refused, so is text beside elements.
 * Nothing is resolved or fetched, and nothing recurses.
 *
 * Errors      Error(Errc::protocol), which says what stands where it must not and holds nothing of the text.
 * Cost        One pass; as much memory as the document.
 */
[[nodiscard]] CORPS_DECL XmlElement readXml(std::string_view document, XmlLimits limits = XmlLimits());

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/callback/impl/xml.ipp>
#endif
