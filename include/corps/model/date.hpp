#pragma once

#include <corps/detail/config.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <optional>
#include <string_view>

namespace corps {

/**
 * A day of the calendar, "2020-01-02", from year 0001 to 9999. There is no empty date: a missing one is an
 * unknown Field<Date>.
 */
class Date {
public:
    /** @throws Error(Errc::invalidArgument) unless `text` names a day as "YYYY-MM-DD". */
    CORPS_DECL explicit Date(std::string_view text);

    /** The day that `text` names as "YYYY-MM-DD", or nothing. No-throw. */
    [[nodiscard]] static constexpr std::optional<Date> parse(std::string_view text) noexcept {
        if (text.size() != kSize || text[4] != '-' || text[7] != '-') return std::nullopt;
        for (std::size_t i = 0; i < kSize; ++i)
            if (i != 4 && i != 7 && (text[i] < '0' || text[i] > '9')) return std::nullopt;
        auto two = [text](std::size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); };
        int const year = two(0) * 100 + two(2);
        int const month = two(5);
        int const day = two(8);
        if (year == 0 || month < 1 || month > 12 || day < 1) return std::nullopt;
        bool const leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        int const last = kDays[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
        if (day > last) return std::nullopt;
        Date d;
        for (std::size_t i = 0; i < kSize; ++i) d.text_[i] = text[i];
        return d;
    }

    /** "YYYY-MM-DD". */
    [[nodiscard]] constexpr std::string_view view() const noexcept { return {text_.data(), kSize}; }

    friend constexpr bool operator==(Date const&, Date const&) noexcept = default;
    friend constexpr auto operator<=>(Date const&, Date const&) noexcept = default;
    template <class Stream>
        requires requires(Stream& s, std::string_view t) { s << t; }
    friend Stream& operator<<(Stream& s, Date const& d) {
        s << d.view();
        return s;
    }

private:
    static constexpr std::size_t kSize = 10;
    constexpr Date() noexcept = default;

    std::array<char, kSize> text_{};
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/model/impl/date.ipp>
#endif
