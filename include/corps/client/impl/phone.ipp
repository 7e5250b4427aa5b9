#pragma once

#include <corps/client/phone.hpp>

namespace corps {

CORPS_DECL Phone parsePhone(std::string_view given) {
    std::string digits;
    bool international = false;
    for (char const c : given) {
        if (c >= '0' && c <= '9') {
            digits += c;
        } else if (c == '+' && digits.empty() && !international) {
            international = true;
        } else if (c != ' ' && c != '-' && c != '.' && c != '(' && c != ')') {
            return {std::string(given), false};
        }
    }
    if (digits.empty()) return {std::string(given), given.empty()};
    if (!international && digits.starts_with("00")) {
        international = true;
        digits.erase(0, 2);
    }
    if (!international) {
        bool const mainlandMobile = digits.size() == 11 && digits[0] == '1' && digits[1] >= '3';
        if (!mainlandMobile) return {std::string(given), false};
        digits.insert(0, "86");
    }
    // E.164: a country code, which never starts with 0, and at most 15 digits.
    if (digits.size() < 7 || digits.size() > 15 || digits[0] == '0') return {std::string(given), false};
    digits.insert(0, "+");
    return {std::move(digits), true};
}

}  // namespace corps
