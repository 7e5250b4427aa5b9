#pragma once

#include <corps/emulator/impl/text.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace corps::emulator::detail {

/** Elements as WeCom writes them: texts in CDATA, numbers plain, no space between them. */
class XmlWriter {
public:
    XmlWriter& open(std::string_view name) {
        out_ += '<';
        out_ += name;
        out_ += '>';
        return *this;
    }
    XmlWriter& close(std::string_view name) {
        out_ += "</";
        out_ += name;
        out_ += '>';
        return *this;
    }
    XmlWriter& text(std::string_view name, std::string_view value) {
        open(name);
        out_ += "<![CDATA[";
        // What would end the section is divided between two.
        for (std::size_t at = 0;;) {
            const std::size_t end = value.find("]]>", at);
            if (end == std::string_view::npos) {
                out_ += value.substr(at);
                break;
            }
            out_ += value.substr(at, end + 2 - at);
            out_ += "]]><![CDATA[";
            at = end + 2;
        }
        out_ += "]]>";
        return close(name);
    }
    /** A word that needs no CDATA. */
    XmlWriter& plain(std::string_view name, std::string_view value) {
        open(name);
        out_ += value;
        return close(name);
    }
    /** Elements that are written already. */
    XmlWriter& raw(std::string_view elements) {
        out_ += elements;
        return *this;
    }
    template <std::integral T>
    XmlWriter& number(std::string_view name, T value) {
        open(name);
        appendNumber(out_, value);
        return close(name);
    }
    [[nodiscard]] std::string take() { return std::move(out_); }

private:
    std::string out_;
};

}  // namespace corps::emulator::detail
