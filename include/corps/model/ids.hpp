#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps {

/**
 * An identifier of one kind. Ids of different kinds are different types: passing a department id where a
 * member id is expected does not compile. Converts implicitly from text, never from another kind.
 */
template <class Kind>
class Id {
public:
    Id() = default;
    Id(char const* text) : value_(text) {}       // NOLINT(google-explicit-constructor): a literal is an id
    Id(std::string_view text) : value_(text) {}  // NOLINT(google-explicit-constructor)
    Id(std::string text) : value_(std::move(text)) {}  // NOLINT(google-explicit-constructor)

    [[nodiscard]] std::string const& str() const& noexcept { return value_; }
    [[nodiscard]] std::string str() && noexcept { return std::move(value_); }
    [[nodiscard]] std::string_view view() const noexcept { return value_; }
    [[nodiscard]] bool empty() const noexcept { return value_.empty(); }

    friend bool operator==(Id const&, Id const&) = default;
    friend auto operator<=>(Id const&, Id const&) = default;
    template <class Stream>
        requires requires(Stream& s, std::string const& t) { s << t; }
    friend Stream& operator<<(Stream& s, Id const& id) {
        s << id.value_;
        return s;
    }

private:
    std::string value_;
};

using DeptId = Id<struct DeptIdKind>;
using MemberId = Id<struct MemberIdKind>;
using UserId = Id<struct UserIdKind>;
using RoleId = Id<struct RoleIdKind>;
using RoleGroupId = Id<struct RoleGroupIdKind>;

template <class T>
inline constexpr bool kIsId = false;
template <class Kind>
inline constexpr bool kIsId<Id<Kind>> = true;

/**
 * A list of ids as a named value, for calls inside coroutines, where a braced list miscompiles with g++ 12:
 * `co_await corp.asyncOfflineMember(ids<MemberId>("a", "b"))`.
 */
template <class IdType, class... Text>
    requires kIsId<IdType> && (std::convertible_to<Text, std::string_view> && ...)
[[nodiscard]] std::vector<IdType> ids(Text const&... text) {
    std::vector<IdType> out;
    out.reserve(sizeof...(Text));
    (out.push_back(IdType(std::string_view(text))), ...);
    return out;
}

}  // namespace corps

template <class Kind>
struct std::hash<corps::Id<Kind>> {
    std::size_t operator()(corps::Id<Kind> const& id) const noexcept {
        return std::hash<std::string_view>()(id.view());
    }
};
