#pragma once

#include <corps/callback/xml.hpp>
#include <corps/error/error.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace corps {

namespace detail {

// Boost's reader (property_tree) takes document types, mismatched tags and any depth, and recurses: what has
// to stand before it to make it safe is already this reader, but for the five entities.
class XmlReader {
public:
    XmlReader(std::string_view document, XmlLimits limits) : rest_(document), limits_(limits) {}

    [[nodiscard]] CORPS_DECL XmlElement read();

private:
    [[noreturn]] static void refuse(char const* what) {
        throw Error(Errc::protocol, std::string("the XML of a callback: ") + what);
    }
    static constexpr std::string_view kSpace = " \t\r\n";
    static bool blank(std::string_view text) {
        return text.find_first_not_of(kSpace) == std::string_view::npos;
    }
    /** What stands before the mark; both are taken. */
    std::string_view upTo(std::string_view mark, char const* otherwise) {
        std::size_t const at = rest_.find(mark);
        if (at == std::string_view::npos) refuse(otherwise);
        std::string_view const before = rest_.substr(0, at);
        rest_.remove_prefix(at + mark.size());
        return before;
    }
    bool take(std::string_view mark) {
        if (!rest_.starts_with(mark)) return false;
        rest_.remove_prefix(mark.size());
        return true;
    }
    void addText(std::string_view raw);
    void addPlain(std::string_view raw);
    void open(std::string_view name, bool empty);
    void close(std::string_view name);

    std::string_view rest_;
    XmlLimits limits_;
    XmlElement root_;
    bool seenRoot_ = false;
    std::vector<XmlElement*> open_;  // the vectors that hold these do not grow while they are open
};

CORPS_DECL void XmlReader::addText(std::string_view raw) {
    if (!open_.empty()) {
        open_.back()->text += raw;
    } else if (!blank(raw)) {
        refuse("text outside the first element");
    }
}

CORPS_DECL void XmlReader::addPlain(std::string_view raw) {
    static constexpr std::array<std::pair<std::string_view, char>, 5> kEntities{
        {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}}};
    while (!raw.empty()) {
        std::string_view const before = raw.substr(0, raw.find('&'));
        addText(before);
        raw.remove_prefix(before.size());
        if (raw.empty()) return;
        auto const entity = std::find_if(kEntities.begin(), kEntities.end(),
                                         [raw](auto const& e) { return raw.starts_with(e.first); });
        if (entity == kEntities.end()) refuse("an entity other than the five of XML");
        addText(std::string_view(&entity->second, 1));
        raw.remove_prefix(entity->first.size());
    }
}

CORPS_DECL void XmlReader::open(std::string_view name, bool empty) {
    bool const clean = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '-' || c == '.';
    });
    if (!clean) refuse("a tag that is not a plain name");
    if (open_.size() == limits_.depth) refuse("elements nested too deeply");
    XmlElement* element = &root_;
    if (open_.empty()) {
        if (std::exchange(seenRoot_, true)) refuse("more than one document");
    } else {
        element = &open_.back()->children.emplace_back();
    }
    element->name = name;
    open_.push_back(element);
    if (empty) close(name);
}

CORPS_DECL void XmlReader::close(std::string_view name) {
    if (open_.empty() || open_.back()->name != name) refuse("an end that does not match its beginning");
    XmlElement& element = *open_.back();
    open_.pop_back();
    if (!element.children.empty() && !blank(element.text)) refuse("text beside elements");
    std::size_t const first = std::min(element.text.find_first_not_of(kSpace), element.text.size());
    element.text.erase(element.text.find_last_not_of(kSpace) + 1);
    element.text.erase(0, std::min(first, element.text.size()));
}

CORPS_DECL XmlElement XmlReader::read() {
    if (rest_.size() > limits_.bytes) refuse("too large");
    if (rest_.find('\0') != std::string_view::npos) refuse("a zero byte");
    take("\xEF\xBB\xBF");
    if (take("<?xml ")) upTo("?>", "a declaration without an end");
    while (!rest_.empty()) {
        std::string_view const plain = rest_.substr(0, rest_.find('<'));
        addPlain(plain);
        rest_.remove_prefix(plain.size());
        if (rest_.empty()) break;
        if (take("<![CDATA[")) {
            std::string_view const text = upTo("]]>", "CDATA without an end");
            if (open_.empty()) refuse("text outside the first element");
            addText(text);
        } else if (take("</")) {
            std::string_view name = upTo(">", "a tag without an end");
            name = name.substr(0, name.find_last_not_of(kSpace) + 1);
            close(name);
        } else {
            take("<");
            std::string_view name = upTo(">", "a tag without an end");
            bool const empty = name.ends_with('/');
            if (empty) name.remove_suffix(1);
            name = name.substr(0, name.find_last_not_of(kSpace) + 1);
            open(name, empty);
        }
    }
    if (!seenRoot_ || !open_.empty()) refuse("an element without an end");
    return std::move(root_);
}

}  // namespace detail

CORPS_DECL XmlElement const* XmlElement::child(std::string_view childName) const noexcept {
    auto const found = std::find_if(children.begin(), children.end(),
                                    [childName](XmlElement const& e) { return e.name == childName; });
    return found == children.end() ? nullptr : &*found;
}

CORPS_DECL std::string_view XmlElement::textOf(std::string_view childName) const noexcept {
    XmlElement const* const found = child(childName);
    return found == nullptr ? std::string_view() : std::string_view(found->text);
}

CORPS_DECL XmlElement readXml(std::string_view document, XmlLimits limits) {
    return detail::XmlReader(document, limits).read();
}

}  // namespace corps
