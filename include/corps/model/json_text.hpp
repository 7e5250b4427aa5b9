#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace corps {

/**
 * A JSON value as text, so that records need no JSON library. The text is kept as given; what is not JSON is
 * refused where it is turned into a JSON value (toJson). model/json.hpp converts both ways.
 */
class JsonText {
public:
    /** An empty object. */
    JsonText() = default;
    explicit JsonText(std::string_view text) : text_(text) {}
    explicit JsonText(char const* text) : text_(text) {}
    explicit JsonText(std::string text) : text_(std::move(text)) {}

    [[nodiscard]] std::string const& str() const noexcept { return text_; }
    [[nodiscard]] std::string_view view() const noexcept { return text_; }

    friend bool operator==(JsonText const&, JsonText const&) = default;

private:
    std::string text_ = "{}";
};

}  // namespace corps
