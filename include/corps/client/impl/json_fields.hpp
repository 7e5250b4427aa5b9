// How a platform's JSON is read: what is absent, null or of another type is nothing.
#pragma once

#include <corps/error/error.hpp>
#include <corps/model/cell.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps::detail {

inline std::optional<std::int64_t> jsonInteger(boost::json::value const& v) {
    if (v.is_int64()) return v.get_int64();
    if (v.is_uint64()) {
        std::uint64_t const u = v.get_uint64();
        if (u <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
            return static_cast<std::int64_t>(u);
        return std::nullopt;
    }
    if (v.is_string()) {  // orders are text in one place and numbers in another
        std::string_view const s = v.get_string();
        std::int64_t out = 0;
        auto const [end, ec] = std::from_chars(s.data(), s.data() + s.size(), out);
        if (ec == std::errc() && end == s.data() + s.size()) return out;
    }
    return std::nullopt;
}

inline std::optional<std::int64_t> jsonInteger(boost::json::object const& o, std::string_view key) {
    boost::json::value const* const v = o.if_contains(key);
    return v == nullptr ? std::nullopt : jsonInteger(*v);
}

/** The text of a key; nothing when it is absent, null or no text. */
inline std::optional<std::string_view> jsonText(boost::json::object const& o, std::string_view key) {
    boost::json::value const* const v = o.if_contains(key);
    if (v == nullptr || !v->is_string()) return std::nullopt;
    return std::string_view(v->get_string());
}

inline std::string jsonTextOr(boost::json::object const& o, std::string_view key) {
    return std::string(jsonText(o, key).value_or(std::string_view()));
}

inline std::optional<bool> jsonBool(boost::json::object const& o, std::string_view key) {
    boost::json::value const* const v = o.if_contains(key);
    if (v == nullptr || !v->is_bool()) return std::nullopt;
    return v->get_bool();
}

inline boost::json::object const* jsonObject(boost::json::object const& o, std::string_view key) {
    boost::json::value const* const v = o.if_contains(key);
    return v == nullptr ? nullptr : v->if_object();
}

inline boost::json::array const* jsonArray(boost::json::object const& o, std::string_view key) {
    boost::json::value const* const v = o.if_contains(key);
    return v == nullptr ? nullptr : v->if_array();
}

inline Cell jsonTextCell(boost::json::object const& o, std::string_view key) {
    std::optional<std::string_view> const t = jsonText(o, key);
    return t ? Cell::text(*t) : Cell();
}

inline Cell jsonIntegerCell(std::optional<std::int64_t> i) { return i ? Cell::integer(*i) : Cell(); }

/** An order where the larger number comes first, turned round; the smallest number has no negative. */
inline Cell reversedOrder(std::optional<std::int64_t> order) {
    constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
    if (!order) return Cell();
    return Cell::integer(*order == kLeast ? std::numeric_limits<std::int64_t>::max() : -*order);
}

/** Those names of "a, b" that are accepted. */
inline void namesInList(std::string_view list, bool (*accepted)(std::string_view),
                        std::vector<std::string>& out) {
    while (!list.empty()) {
        std::size_t const end = std::min(list.find(','), list.size());
        std::string_view name = list.substr(0, end);
        list.remove_prefix(std::min(end + 1, list.size()));
        while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
        while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
        if (accepted(name)) out.emplace_back(name);
    }
}

inline boost::json::value parseUnit(std::string_view bytes, boost::json::storage_ptr memory) {
    boost::system::error_code ec;
    boost::json::value v = boost::json::parse(bytes, ec, std::move(memory));
    if (ec) throw Error(Errc::protocol, "a record is not well-formed JSON");
    if (!v.is_object()) throw Error(Errc::protocol, "a record is not an object");
    return v;
}

/** A date in UTC+8 from seconds since 1970; nothing for what is no date (0 stands for "not set"). */
inline std::optional<std::array<char, 10>> dateInUtc8(std::int64_t seconds) {
    // 1900 to 9999: outside, the number counts something else.
    if (seconds == 0 || seconds < -2'208'988'800 || seconds > 253'402'200'000) return std::nullopt;
    auto const day = std::chrono::floor<std::chrono::days>(
        std::chrono::sys_seconds(std::chrono::seconds(seconds)) + std::chrono::hours(8));
    std::chrono::year_month_day const d(day);
    auto const year = static_cast<unsigned>(static_cast<int>(d.year()));
    auto const month = static_cast<unsigned>(d.month());
    auto const dayOfMonth = static_cast<unsigned>(d.day());
    auto const digit = [](unsigned v) { return static_cast<char>('0' + v % 10); };
    return std::array<char, 10>{digit(year / 1000),
                                digit(year / 100),
                                digit(year / 10),
                                digit(year),
                                '-',
                                digit(month / 10),
                                digit(month),
                                '-',
                                digit(dayOfMonth / 10),
                                digit(dayOfMonth)};
}

}  // namespace corps::detail
