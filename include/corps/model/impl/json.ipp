#pragma once

#include <corps/error/error.hpp>
#include <corps/model/json.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/serializer.hpp>

#include <limits>
#include <ostream>

namespace corps {

CORPS_DECL boost::json::value toJson(JsonText const& text, std::string_view place) {
    boost::json::error_code ec;
    boost::json::value v = boost::json::parse(text.view(), ec);
    if (ec) {
        Diagnostics d;
        d.place = place;
        throw Error(Errc::storage, "a stored text is not JSON", std::move(d));
    }
    return v;
}

CORPS_DECL JsonText toJsonText(boost::json::value const& value) {
    return JsonText(boost::json::serialize(value));
}

namespace detail {

CORPS_DECL std::string JsonPlace::str() const {
    std::string out = outer ? outer->str() : std::string();
    if (!out.empty() && !key.empty()) out += '.';
    out += key;
    if (index != kNoIndex) out += '[' + std::to_string(index) + ']';
    return out;
}

[[noreturn]] CORPS_DECL void throwExpected(JsonPlace const& place, std::string_view expected,
                                           boost::json::value const* found) {
    auto nameOf = [](boost::json::kind k) {
        switch (k) {
            case boost::json::kind::null: return "null";
            case boost::json::kind::bool_: return "a boolean";
            case boost::json::kind::int64:
            case boost::json::kind::uint64:
            case boost::json::kind::double_: return "a number";
            case boost::json::kind::string: return "a string";
            case boost::json::kind::array: return "an array";
            case boost::json::kind::object: break;
        }
        return "an object";
    };
    std::string message = "expected ";
    message += expected;
    message += ", found ";
    message += found ? nameOf(found->kind()) : "nothing";
    Diagnostics d;
    d.place = place.str();
    throw Error(Errc::invalidArgument, std::move(message), std::move(d));
}

CORPS_DECL boost::json::value cellToJson(Cell const& c, JsonForm form, std::string_view key) {
    switch (form) {
        case JsonForm::boolean: return c.integer() != 0;
        case JsonForm::integer: return c.integer();
        case JsonForm::json: return toJson(JsonText(c.bytes()), key);
        case JsonForm::text:
        case JsonForm::date: break;
    }
    return boost::json::string(c.bytes());
}

CORPS_DECL Cell cellFromJson(boost::json::value const& v, JsonForm form, JsonPlace const& place,
                             std::string& scratch) {
    switch (form) {
        case JsonForm::boolean:
            if (!v.is_bool()) throwExpected(place, "true or false", &v);
            return Cell::integer(v.get_bool() ? 1 : 0);
        case JsonForm::integer:
            if (v.is_int64()) return Cell::integer(v.get_int64());
            throwExpected(place, v.is_uint64() ? "a smaller number" : "a whole number", &v);
        case JsonForm::json: scratch = boost::json::serialize(v); return Cell::text(scratch);
        case JsonForm::text:
        case JsonForm::date: break;
    }
    if (!v.is_string())
        throwExpected(place, form == JsonForm::date ? "a date as YYYY-MM-DD" : "a string", &v);
    return Cell::text({v.get_string().data(), v.get_string().size()});
}

CORPS_DECL boost::json::object const& requireObject(boost::json::value const& v, JsonPlace const& place) {
    if (!v.is_object()) throwExpected(place, "an object", &v);
    return v.get_object();
}

CORPS_DECL boost::json::array const& requireArray(boost::json::value const& v, JsonPlace const& place) {
    if (!v.is_array()) throwExpected(place, "an array", &v);
    return v.get_array();
}

CORPS_DECL void requireNotEmpty(Cell const& c, JsonPlace const& place) {
    if (c.kind() != CellKind::text || !c.bytes().empty()) return;
    Diagnostics d;
    d.place = place.str();
    throw Error(Errc::invalidArgument, "expected an id, found an empty string", std::move(d));
}

CORPS_DECL void writeText(std::ostream& out, std::string_view text) {
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
}

CORPS_DECL void writeValue(std::ostream& out, boost::json::value const& value) {
    boost::json::serializer s;
    s.reset(&value);
    char buffer[4096];
    while (!s.done()) {
        boost::json::string_view const piece = s.read(buffer, sizeof buffer);
        out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    }
}

}  // namespace detail
}  // namespace corps
