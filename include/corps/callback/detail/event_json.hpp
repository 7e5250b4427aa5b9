// JSON of events, as lenient as platforms are careless.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace corps::detail {

/** The object in a JSON text; nothing when it is none. */
inline std::optional<boost::json::object> jsonObject(std::string_view text) {
    boost::system::error_code ec;
    boost::json::value v = boost::json::parse(text, ec);
    if (ec || !v.is_object()) return std::nullopt;
    return std::move(v.get_object());
}

/** The member of an object by its key, whose ASCII case does not count. */
inline boost::json::value const* findAnyCase(boost::json::object const& o, std::string_view key) {
    auto const lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    for (auto const& entry : o) {
        std::string_view const name(entry.key().data(), entry.key().size());
        if (std::equal(name.begin(), name.end(), key.begin(), key.end(),
                       [&](char a, char b) { return lower(a) == lower(b); }))
            return &entry.value();
    }
    return nullptr;
}

/** A text or whole number as text; empty for anything else. */
inline std::string scalarText(boost::json::value const* v) {
    if (v == nullptr) return {};
    if (v->is_string()) return std::string(v->get_string());
    if (v->is_int64()) return std::to_string(v->get_int64());
    if (v->is_uint64()) return std::to_string(v->get_uint64());
    return {};
}

/** Adds the ids of a list, or the one id that stands in its place. */
template <class Id>
void addIds(std::vector<Id>& out, boost::json::value const* v) {
    if (v != nullptr && v->is_array()) {
        for (boost::json::value const& element : v->get_array())
            if (std::string id = scalarText(&element); !id.empty()) out.emplace_back(id);
    } else if (std::string const id = scalarText(v); !id.empty()) {
        out.emplace_back(id);
    }
}

/** The object under a key; an empty one where there is none. */
inline boost::json::object const& objectIn(boost::json::object const& o, std::string_view key) {
    static boost::json::object const none;
    boost::json::value const* const v = o.if_contains(key);
    return v != nullptr && v->is_object() ? v->get_object() : none;
}
inline std::string textIn(boost::json::object const& o, std::string_view key) {
    return scalarText(o.if_contains(key));
}

}  // namespace corps::detail
