#pragma once

#include <corps/callback/request.hpp>

#include <charconv>
#include <cstddef>

namespace corps {

namespace detail {

/** Of one name or value of a query; nothing when a percent sign is not followed by two hex digits. */
CORPS_DECL std::optional<std::string> percentDecode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        unsigned value = 0;
        if (text.size() - i < 3) return std::nullopt;
        char const* const end = text.data() + i + 3;
        auto const [stopped, ec] = std::from_chars(text.data() + i + 1, end, value, 16);
        if (ec != std::errc() || stopped != end) return std::nullopt;
        out += static_cast<char>(static_cast<unsigned char>(value));
        i += 2;
    }
    return out;
}

}  // namespace detail

CORPS_DECL std::optional<std::string> CallbackRequest::query(std::string_view name) const {
    std::string_view rest = target;
    rest = rest.substr(0, rest.find('#'));
    std::size_t const mark = rest.find('?');
    if (mark == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(mark + 1);
    std::optional<std::string> found;
    while (!rest.empty()) {
        std::string_view const pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(pair.size() < rest.size() ? pair.size() + 1 : rest.size());
        std::size_t const equals = pair.find('=');
        if (detail::percentDecode(pair.substr(0, equals)) != name) continue;
        std::optional<std::string> value = equals == std::string_view::npos
                                               ? std::optional<std::string>(std::string())
                                               : detail::percentDecode(pair.substr(equals + 1));
        if (!value || (found && *found != *value)) return std::string();
        found = std::move(value);
    }
    return found;
}

}  // namespace corps
