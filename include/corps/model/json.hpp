/**
 * @file
 * Records as JSON: the documented key names, in declared order. An unknown field is an absent key; computed
 * fields are included; what a record keeps for itself (internal(...): password hashes, local marks) is not.
 */
#pragma once

#include <corps/detail/config.hpp>
#include <corps/model/record.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace corps {

/** The value of a JSON text; `place` says where it stood. @throws Error(Errc::storage) when it is not JSON.
 */
[[nodiscard]] CORPS_DECL boost::json::value toJson(JsonText const& text, std::string_view place = {});
/** The text of a JSON value, compact, keys in their order. */
[[nodiscard]] CORPS_DECL JsonText toJsonText(boost::json::value const& value);

namespace detail {

/** Where a value stands in a document; turned into text only when something is wrong. */
struct JsonPlace {
    JsonPlace const* outer = nullptr;
    std::string_view key;
    std::size_t index = kNoIndex;

    static constexpr std::size_t kNoIndex = static_cast<std::size_t>(-1);
    /** "userList[3].departments[0].deptId" */
    [[nodiscard]] CORPS_DECL std::string str() const;
};

enum class JsonForm : std::uint8_t { text, date, json, boolean, integer };

template <class T>
consteval JsonForm jsonForm() {
    using Value = ValueOf<T>;
    if constexpr (std::same_as<Value, Date>) {
        return JsonForm::date;
    } else if constexpr (std::same_as<Value, JsonText>) {
        return JsonForm::json;
    } else if constexpr (std::same_as<Value, bool>) {
        return JsonForm::boolean;
    } else {
        return CellCodec<Value>::kType == ColumnType::integer ? JsonForm::integer : JsonForm::text;
    }
}

template <class T>
inline constexpr bool kIsList = false;
template <class T>
inline constexpr bool kIsList<std::vector<T>> = Storable<T>;

/** Throws Error(Errc::invalidArgument): "expected X, found a number". */
[[noreturn]] CORPS_DECL void throwExpected(JsonPlace const& place, std::string_view expected,
                                           boost::json::value const* found);

CORPS_DECL boost::json::value cellToJson(Cell const& c, JsonForm form, std::string_view key);
/** The cell of a JSON value; views into `v`, or into `scratch`. Throws when the value has another form. */
CORPS_DECL Cell cellFromJson(boost::json::value const& v, JsonForm form, JsonPlace const& place,
                             std::string& scratch);
CORPS_DECL boost::json::object const& requireObject(boost::json::value const& v, JsonPlace const& place);
CORPS_DECL boost::json::array const& requireArray(boost::json::value const& v, JsonPlace const& place);
CORPS_DECL void requireNotEmpty(Cell const& c, JsonPlace const& place);
CORPS_DECL void writeText(std::ostream& out, std::string_view text);
CORPS_DECL void writeValue(std::ostream& out, boost::json::value const& value);

template <class T>
void valueFromJson(boost::json::value const& v, T& out, bool isKey, JsonPlace const& place,
                   std::string& scratch) {
    Cell const cell = cellFromJson(v, jsonForm<T>(), place, scratch);
    if (isKey) requireNotEmpty(cell, place);
    if (!fromCell(cell, out))
        throwExpected(place, jsonForm<T>() == JsonForm::date ? "a date as YYYY-MM-DD" : "a number in range",
                      &v);
    if constexpr (requires(ValueOf<T> value) { hasName(value); }) {
        auto const named = [](auto const& field) {
            if constexpr (kIsField<T>) {
                return hasName(field.value());
            } else {
                return hasName(field);
            }
        };
        if (!named(out)) throwExpected(place, namesOf(ValueOf<T>()), &v);
    }
}

using FieldChoice = bool (*)(FieldInfo const&);
inline bool isPublic(FieldInfo const& f) noexcept { return f.use != FieldUse::internal; }
/** What comes from a platform. */
inline bool isUpstream(FieldInfo const& f) noexcept {
    return f.use == FieldUse::plain && (f.owner == Owner::key || f.owner == Owner::upstream);
}

template <class T>
void putFields(T const& record, boost::json::object& out, FieldChoice wanted) {
    out.reserve(out.size() + fieldsOf<T>().size());
    forEachField(record, [&](auto const& field, FieldInfo const& info, std::size_t) {
        using Type = std::remove_cvref_t<decltype(field)>;
        static_assert(
            Storable<Type> || kIsList<Type>,
            "corps: JSON of a computed field needs a type that can be stored, or a std::vector of one");
        if (!wanted(info)) return;
        if constexpr (kIsList<Type>) {
            boost::json::array list;
            list.reserve(field.size());
            for (auto const& v : field)
                list.push_back(
                    cellToJson(toCell(v), jsonForm<std::remove_cvref_t<decltype(v)>>(), info.name));
            out.emplace(info.name, std::move(list));
        } else if (Cell const cell = toCell(field); !cell.isNull()) {
            out.emplace(info.name, cellToJson(cell, jsonForm<Type>(), info.name));
        }
    });
}

template <class T>
void takeFields(boost::json::object const& in, T& record, FieldChoice wanted, JsonPlace const& place) {
    std::string scratch;
    forEachField(record, [&](auto& field, FieldInfo const& info, std::size_t) {
        using Type = std::remove_cvref_t<decltype(field)>;
        if (!wanted(info)) return;
        JsonPlace const at{&place, info.name};
        boost::json::value const* const v = in.if_contains(info.name);
        bool const isKey = info.owner == Owner::key && info.use == FieldUse::plain;
        if (!v || (v->is_null() && info.mayBeUnknown)) {
            if constexpr (Storable<Type>)
                if (isKey)
                    throwExpected(at, jsonForm<Type>() == JsonForm::integer ? "a number" : "a string",
                                  nullptr);
            return;
        }
        if constexpr (kIsList<Type>) {
            field.clear();
            boost::json::array const& list = requireArray(*v, at);
            field.reserve(list.size());
            for (std::size_t i = 0; i < list.size(); ++i)
                valueFromJson(list[i], field.emplace_back(), false, JsonPlace{&place, info.name, i}, scratch);
        } else {
            valueFromJson(*v, field, isKey, at, scratch);
        }
    });
}

}  // namespace detail

/**
 * A record as a JSON object.
 *
 * Errors      Error(Errc::storage) when a JsonText in it is not JSON.
 */
template <class T>
    requires Record<T>
[[nodiscard]] boost::json::object toJson(T const& record) {
    boost::json::object out;
    detail::putFields(record, out, &detail::isPublic);
    return out;
}

/**
 * A record from a JSON object. An absent key, or null where a field may be unknown, leaves the field unknown
 * or at its default; keys of the record are required, and not empty. Keys that the record does not have are
 * ignored.
 *
 * @param place What to call the value in errors: "userList[3]".
 *
 * Errors      Error(Errc::invalidArgument), Diagnostics::place "userList[3].memberId", message "expected a
 * string, found a number". Holds no value of the input.
 */
template <class T>
    requires Record<T>
[[nodiscard]] T fromJson(boost::json::value const& value, std::string_view place = {}) {
    T out{};
    detail::JsonPlace const at{nullptr, place};
    detail::takeFields(detail::requireObject(value, at), out, &detail::isPublic, at);
    return out;
}

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/model/impl/json.ipp>
#endif
