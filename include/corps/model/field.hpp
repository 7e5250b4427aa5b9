#pragma once

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

namespace corps {

/** Says that a field was not sent: SQL NULL, an absent JSON key. */
struct Unknown {
    friend constexpr bool operator==(Unknown, Unknown) noexcept { return true; }
};
inline constexpr Unknown kUnknown{};

/**
 * A value that an upstream may withhold. Unknown is not empty: an unknown field keeps what is stored, an
 * empty one (the type's own empty value, so that numbers have none) replaces it.
 */
template <class T>
class Field {
public:
    using value_type = T;

    constexpr Field() noexcept = default;
    constexpr Field(Unknown) noexcept {}  // NOLINT(google-explicit-constructor): `record.phone = kUnknown`
    template <class U>
        requires(std::constructible_from<T, U> && !std::same_as<std::remove_cvref_t<U>, Field> &&
                 !std::same_as<std::remove_cvref_t<U>, Unknown>)
    constexpr Field(U&& value)
        : value_(std::in_place, std::forward<U>(value)) {}  // NOLINT(google-explicit-constructor)

    [[nodiscard]] constexpr bool known() const noexcept { return value_.has_value(); }
    /** The value; requires known(). */
    [[nodiscard]] constexpr T const& value() const& noexcept { return *value_; }
    [[nodiscard]] constexpr T& value() & noexcept { return *value_; }
    [[nodiscard]] constexpr T value() && noexcept { return std::move(*value_); }
    /** The value, or `fallback` when unknown. */
    [[nodiscard]] constexpr T valueOr(T fallback = T()) const {
        return value_ ? *value_ : std::move(fallback);
    }

    friend constexpr bool operator==(Field const&, Field const&) = default;
    /** Writes the value, or nothing when unknown. */
    template <class Stream>
        requires requires(Stream& s, T const& v) { s << v; }
    friend Stream& operator<<(Stream& s, Field const& f) {
        if (f.value_) s << *f.value_;
        return s;
    }

private:
    std::optional<T> value_;
};

template <class T>
inline constexpr bool kIsField = false;
template <class T>
inline constexpr bool kIsField<Field<T>> = true;

}  // namespace corps
