#pragma once

#include <corps/emulator/impl/text.hpp>

#include <cstdint>
#include <string>
#include <string_view>

/** @file Members of a JSON object that is being written: each brings the comma before it. */
namespace corps::emulator::detail {

inline void appendFlag(std::string& out, std::string_view key, bool value) {
    out += out.ends_with('{') ? "\"" : ",\"";
    out += key;
    out += value ? "\":true" : "\":false";
}

inline void appendText(std::string& out, std::string_view key, std::string_view value) {
    out += out.ends_with('{') ? "\"" : ",\"";
    out += key;
    out += "\":";
    appendJson(out, value);
}

inline void appendInteger(std::string& out, std::string_view key, std::int64_t value) {
    out += out.ends_with('{') ? "\"" : ",\"";
    out += key;
    out += "\":";
    appendNumber(out, value);
}

/** `[a,b]`, each written by `append(out, item)`. */
template <class Items, class Append>
void appendList(std::string& out, const Items& items, Append append) {
    out += '[';
    bool first = true;
    for (const auto& item : items) {
        out += first ? "" : ",";
        first = false;
        append(out, item);
    }
    out += ']';
}

}  // namespace corps::emulator::detail
