/**
 * @file
 * Describing a record, once, beside its definition:
 *
 *     struct CorpDept {
 *         DeptId deptId{};
 *         DeptId parentId{};
 *         std::string name{};
 *         std::string corpFullName{};
 *         std::vector<DeptId> path{};
 *     };
 *     CORPS_RECORD(CorpDept, key(deptId), upstream(parentId, name), corp(corpFullName), index(parentId),
 *                  computed(path))
 *
 * and widening one, in the namespace of the new record:
 *
 *     struct MyMember : corps::CorpMember {
 *         corps::Field<std::string> costCentre{};
 *     };
 *     CORPS_EXTEND(MyMember, corps::CorpMember, upstream(costCentre), index(costCentre))
 *
 * Items, in the order in which JSON shall list the fields:
 *   key(a, b)       part of the key, never unknown; the key is in listed order
 *   upstream(a, b)  changed by the platform only
 *   local(a, b)     changed here only
 *   computed(a, b)  made on read, never stored
 *   internal(a, b)  local, and not part of the record's JSON
 *   corp(a)         the full name of the corp; a table has that column first even if no field shows it
 *   index(a, b)     a second way to find rows; within one corp
 *   unique(a)       an index that refuses a second row with the same values
 *   shared()        one table for all corps of a store: no corp column
 *   table(name)     the table's name, if it is not the record's
 *
 * A stored field is an id, std::string, an integer, bool, an enumeration (stored as its number), JsonText, or
 * a Field<> of these or of Date. An extension adds fields and indexes; it cannot add to the key.
 */
#pragma once

#include <corps/detail/config.hpp>
#include <corps/model/cell.hpp>
#include <corps/model/date.hpp>
#include <corps/model/field.hpp>
#include <corps/model/ids.hpp>
#include <corps/model/json_text.hpp>
#include <corps/model/table_schema.hpp>

#include <boost/hana/accessors.hpp>
#include <boost/hana/concept/struct.hpp>
#include <boost/hana/for_each.hpp>
#include <boost/hana/pair.hpp>
#include <boost/hana/second.hpp>
#include <boost/hana/string.hpp>
#include <boost/hana/tuple.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace corps {

/** What a field is for, beside its owner. */
enum class FieldUse : std::uint8_t { plain, corp, internal };

/** One field of a record, as data. */
struct FieldInfo {
    std::string_view name;
    Owner owner = Owner::upstream;
    FieldUse use = FieldUse::plain;
    ColumnType type = ColumnType::text;    ///< of the column; meaningless when computed
    bool mayBeUnknown = false;             ///< the field is a Field<>
    bool (*holds)(Cell const&) = nullptr;  ///< as ColumnSchema::holds
};

namespace detail {

/** A name as a template argument. */
template <std::size_t N>
struct FixedName {
    char text[N]{};
    consteval FixedName(char const (&t)[N]) {  // NOLINT(google-explicit-constructor)
        for (std::size_t i = 0; i < N; ++i) text[i] = t[i];
    }
    [[nodiscard]] constexpr std::string_view view() const noexcept { return {text, N - 1}; }
};

template <FixedName Name>
consteval auto hanaKey() {
    return []<std::size_t... I>(std::index_sequence<I...>) {
        return boost::hana::string<Name.text[I]...>{};
    }(std::make_index_sequence<sizeof(Name.text) - 1>{});
}

/** A field, and the function that gets it out of its record: what Hana calls an accessor. */
template <Owner O, FieldUse U, FixedName Name, auto Member>
struct FieldItem {
    static constexpr Owner kOwner = O;
    static constexpr FieldUse kUse = U;
    static constexpr std::string_view kName = Name.view();
    template <class T>
    [[nodiscard]] constexpr decltype(auto) operator()(T&& record) const noexcept {
        return (static_cast<T&&>(record).*Member);
    }
    [[nodiscard]] static consteval auto pair() {
        return boost::hana::pair<decltype(hanaKey<Name>()), FieldItem>{};
    }
};

struct IndexInfo {
    std::string_view columns;  ///< names with commas between
    bool unique = false;
};
template <bool Unique, FixedName Columns>
struct IndexItem {};
struct SharedItem {};
template <FixedName Name>
struct TableItem {};

template <class... Fields>
struct FieldList {
    static constexpr std::size_t kSize = sizeof...(Fields);
};
template <class... F, Owner O, FieldUse U, FixedName N, auto M>
consteval FieldList<F..., FieldItem<O, U, N, M>> operator+(FieldList<F...>, FieldItem<O, U, N, M>) {
    return {};
}
template <class... F, class Other>
consteval FieldList<F...> operator+(FieldList<F...>, Other) {
    return {};
}

/** What CORPS_RECORD says: the record's name, and its items as types. */
template <FixedName Name, class... Items>
struct RecordItems {
    using Fields = decltype((FieldList<>{} + ... + Items{}));
    static constexpr bool kShared = (std::same_as<Items, SharedItem> || ...);

    [[nodiscard]] static constexpr std::string_view table() {
        std::string_view name = Name.view();
        (override(Items{}, name), ...);
        return name;
    }
    [[nodiscard]] static constexpr auto indexes() {
        std::array<IndexInfo, (std::size_t{0} + ... + isIndex(Items{}))> out{};
        std::size_t n = 0;
        (addIndex(Items{}, out, n), ...);
        return out;
    }

private:
    template <FixedName N>
    static constexpr void override(TableItem<N>, std::string_view& name) {
        name = N.view();
    }
    template <class Other>
    static constexpr void override(Other, std::string_view&) {}
    template <bool U, FixedName C>
    static constexpr std::size_t isIndex(IndexItem<U, C>) {
        return 1;
    }
    template <class Other>
    static constexpr std::size_t isIndex(Other) {
        return 0;
    }
    template <bool U, FixedName C, class Out>
    static constexpr void addIndex(IndexItem<U, C>, Out& out, std::size_t& n) {
        out[n++] = IndexInfo{C.view(), U};
    }
    template <class Other, class Out>
    static constexpr void addIndex(Other, Out&, std::size_t&) {}
};

template <class T>
struct RecordTag {};

/** Exactly T was described: a derived record does not count as its base. */
template <class T>
concept Described = requires { corpsRecordItems(RecordTag<T>{}); };
/** T or a base of it was described. */
template <class T>
concept DerivesFromDescribed = requires(T const* record) { corpsRecordBase(record); };

template <class T>
using ItemsOf = decltype(corpsRecordItems(RecordTag<T>{}));

struct NewKeyField {};
template <class Item>
inline constexpr bool kIsKey = false;
template <FieldUse U, FixedName N, auto M>
inline constexpr bool kIsKey<FieldItem<Owner::key, U, N, M>> = true;

template <class My, class Base, FixedName Name, class... Own, FixedName BaseName, class... Items>
consteval auto extend(RecordItems<Name, Own...>, RecordItems<BaseName, Items...>) {
    static_assert(std::derived_from<My, Base>, "corps: CORPS_EXTEND(My, Base, ...) needs `struct My : Base`");
    static_assert(!(kIsKey<Own> || ...), "corps: CORPS_EXTEND cannot add to the key of a record");
    return RecordItems<BaseName, Items..., Own...>{};
}

// --- cells ---

/** How a value becomes a cell and back. Not defined for types that cannot be stored. */
template <class T>
struct CellCodec {};

struct TextCodec {
    static constexpr ColumnType kType = ColumnType::text;
};

template <>
struct CellCodec<std::string> : TextCodec {
    static Cell toCell(std::string const& v) noexcept { return Cell::text(v); }
    static bool fromCell(Cell const& c, std::string& out) {
        out.assign(c.bytes());
        return true;
    }
};
template <class Kind>
struct CellCodec<Id<Kind>> : TextCodec {
    static Cell toCell(Id<Kind> const& v) noexcept { return Cell::text(v.view()); }
    static bool fromCell(Cell const& c, Id<Kind>& out) {
        out = Id<Kind>(c.bytes());
        return true;
    }
};
template <>
struct CellCodec<JsonText> : TextCodec {
    static Cell toCell(JsonText const& v) noexcept { return Cell::text(v.view()); }
    static bool fromCell(Cell const& c, JsonText& out) {
        out = JsonText(c.bytes());
        return true;
    }
};
template <>
struct CellCodec<Date> : TextCodec {
    static Cell toCell(Date const& v) noexcept { return Cell::text(v.view()); }
    static bool fromCell(Cell const& c, Field<Date>& out) {
        std::optional<Date> const date = Date::parse(c.bytes());
        if (date) out = *date;
        return date.has_value();
    }
};
template <class T>
concept StorableInteger =
    std::same_as<T, bool> || std::same_as<T, short> || std::same_as<T, int> || std::same_as<T, long> ||
    std::same_as<T, long long> || std::same_as<T, unsigned short> || std::same_as<T, signed char> ||
    std::same_as<T, unsigned char> || (std::same_as<T, unsigned> && sizeof(unsigned) < sizeof(std::int64_t));
template <StorableInteger T>
struct CellCodec<T> {
    static constexpr ColumnType kType = ColumnType::integer;
    static Cell toCell(T v) noexcept { return Cell::integer(static_cast<std::int64_t>(v)); }
    static bool fromCell(Cell const& c, T& out) noexcept {
        if (!std::in_range<std::conditional_t<std::same_as<T, bool>, unsigned char, T>>(c.integer()))
            return false;
        if (std::same_as<T, bool> && c.integer() > 1) return false;
        out = static_cast<T>(c.integer());
        return true;
    }
};
template <class T>
    requires(std::is_enum_v<T> && StorableInteger<std::underlying_type_t<T>>)
struct CellCodec<T> {
    using Number = std::underlying_type_t<T>;
    static constexpr ColumnType kType = ColumnType::integer;
    static Cell toCell(T v) noexcept { return CellCodec<Number>::toCell(static_cast<Number>(v)); }
    static bool fromCell(Cell const& c, T& out) noexcept {
        Number n{};
        if (!CellCodec<Number>::fromCell(c, n)) return false;
        out = static_cast<T>(n);
        return true;
    }
};

template <class T>
struct WithoutField {
    using Type = T;
};
template <class T>
struct WithoutField<Field<T>> {
    using Type = T;
};
template <class T>
using ValueOf = typename WithoutField<T>::Type;

template <class T>
concept Storable = requires { CellCodec<ValueOf<T>>::kType; } && !std::same_as<T, Date>;

constexpr CellKind kindOf(ColumnType t) noexcept {
    return t == ColumnType::integer ? CellKind::integer
           : t == ColumnType::blob  ? CellKind::blob
                                    : CellKind::text;
}

template <class T>
[[nodiscard]] Cell toCell(T const& v) noexcept {
    if constexpr (kIsField<T>) {
        return v.known() ? CellCodec<ValueOf<T>>::toCell(v.value()) : Cell();
    } else {
        return CellCodec<T>::toCell(v);
    }
}

/** False when the cell is no value of this type. A null cell is unknown, or the type's own empty value. */
template <class T>
[[nodiscard]] bool fromCell(Cell const& c, T& out) {
    if (c.isNull()) {
        out = T();
        return true;
    }
    if (c.kind() != kindOf(CellCodec<ValueOf<T>>::kType)) return false;
    if constexpr (std::same_as<T, Field<Date>>) {
        return CellCodec<Date>::fromCell(c, out);
    } else if constexpr (kIsField<T>) {
        out = ValueOf<T>();
        return CellCodec<ValueOf<T>>::fromCell(c, out.value());
    } else {
        return CellCodec<T>::fromCell(c, out);
    }
}

// --- what a description must hold ---

template <class Item, class T>
using FieldType = std::remove_cvref_t<decltype(Item{}(std::declval<T const&>()))>;

template <class Item, class T>
consteval bool checkField() {
    using Type = FieldType<Item, T>;
    if constexpr (Item::kOwner != Owner::computed) {
        static_assert(Storable<Type>,
                      "corps: a stored field is an id, std::string, an integer, bool, an enumeration, "
                      "JsonText, or a Field<> of "
                      "these or of Date; anything else is computed(...)");
        static_assert(Item::kOwner != Owner::key || !kIsField<Type>,
                      "corps: a key is never unknown: not a Field<>");
        static_assert(Item::kUse != FieldUse::corp || std::same_as<Type, std::string>,
                      "corps: corp(...) names a std::string, the corp's full name");
    }
    return true;
}

template <class T>
bool holdsCell(Cell const& c) {
    T scratch{};
    return fromCell(c, scratch);
}

template <class Item, class T>
consteval FieldInfo infoOf() {
    using Type = FieldType<Item, T>;
    FieldInfo out{Item::kName, Item::kOwner, Item::kUse, ColumnType::text, kIsField<Type>};
    if constexpr (Item::kUse == FieldUse::corp) {
        out.type = ColumnType::corp;
    } else if constexpr (Item::kOwner != Owner::computed && Storable<Type>) {
        out.type = CellCodec<ValueOf<Type>>::kType;
        if constexpr (CellCodec<ValueOf<Type>>::kType == ColumnType::integer ||
                      std::same_as<Type, Field<Date>>)
            out.holds = &holdsCell<Type>;
    }
    return out;
}

template <class T, class... Items>
consteval auto infosOf(FieldList<Items...>) {
    return std::array<FieldInfo, sizeof...(Items)>{infoOf<Items, T>()...};
}
template <class T, class... Items>
consteval bool checkFields(FieldList<Items...>) {
    return (checkField<Items, T>() && ...);
}

/** The names in "a, b", one call each; false as soon as f is. */
template <class F>
constexpr bool eachName(std::string_view names, F&& f) {
    while (!names.empty()) {
        std::size_t const comma = names.find(',');
        std::string_view name = names.substr(0, comma);
        while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
        while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
        if (!f(name)) return false;
        names = comma == std::string_view::npos ? std::string_view() : names.substr(comma + 1);
    }
    return true;
}

/** Everything about a described record that is known when compiling. */
template <class T>
struct RecordShape {
    using Items = ItemsOf<T>;
    using Fields = typename Items::Fields;
    static_assert(checkFields<T>(Fields{}));

    static constexpr auto kFields = infosOf<T>(Fields{});
    static constexpr auto kIndexes = Items::indexes();
    static constexpr bool kShared = Items::kShared;

    static constexpr bool hasKey() {
        for (FieldInfo const& f : kFields)
            if (f.owner == Owner::key && f.use != FieldUse::corp) return true;
        return false;
    }
    static_assert(hasKey(), "corps: a record needs a key(...)");

    static constexpr bool indexesNameFields() {
        for (IndexInfo const& i : kIndexes) {
            bool const ok = eachName(i.columns, [](std::string_view name) {
                for (FieldInfo const& f : kFields)
                    if (f.name == name) return f.owner != Owner::computed;
                return false;
            });
            if (!ok) return false;
        }
        return true;
    }
    static_assert(indexesNameFields(), "corps: index(...) and unique(...) name stored fields of the record");

    static constexpr bool oneCorp() {
        std::size_t n = 0;
        for (FieldInfo const& f : kFields) n += f.use == FieldUse::corp ? 1 : 0;
        return n <= (kShared ? 0U : 1U);
    }
    static_assert(oneCorp(), "corps: one corp(...) a record, and none in a shared one");

    /** Position of each field's column, or npos: first the corp, then the key, then the rest as listed. */
    static constexpr auto columns() {
        std::array<std::size_t, kFields.size()> out{};
        std::size_t next = kShared ? 0 : 1;
        for (bool const wantKey : {true, false}) {
            for (std::size_t i = 0; i < kFields.size(); ++i) {
                FieldInfo const& f = kFields[i];
                if (f.use == FieldUse::corp) {
                    out[i] = 0;
                } else if (f.owner == Owner::computed) {
                    out[i] = TableSchema::npos;
                } else if ((f.owner == Owner::key) == wantKey) {
                    out[i] = next++;
                }
            }
        }
        return out;
    }
    static constexpr auto kColumns = columns();

    static constexpr std::size_t columnCount() {
        std::size_t n = kShared ? 0 : 1;
        for (FieldInfo const& f : kFields) n += f.owner == Owner::computed || f.use == FieldUse::corp ? 0 : 1;
        return n;
    }
    static constexpr std::size_t kColumnCount = columnCount();
};

/** True for a described record; otherwise one error that says what is missing. */
template <class T>
consteval bool requireRecord() {
    if constexpr (!Described<T>) {
        static_assert(Described<T> || !DerivesFromDescribed<T>,
                      "corps: this record derives from another: write CORPS_EXTEND(My, Base, ...) in its "
                      "namespace, or its own "
                      "fields would be lost");
        static_assert(
            Described<T> || DerivesFromDescribed<T>,
            "corps: this is not a record: write CORPS_RECORD(Type, key(...), ...) in its namespace");
        return false;
    } else {
        return true;
    }
}

CORPS_DECL TableSchema makeSchema(std::string_view table, bool shared, std::span<FieldInfo const> fields,
                                  std::span<IndexInfo const> indexes);
[[noreturn]] CORPS_DECL void throwBadCell(TableSchema const& t, std::size_t column);
[[noreturn]] CORPS_DECL void throwShortRow(TableSchema const& t, std::size_t cells);

/** f(field, info, column) for every field of a record, in declared order. */
template <class T, class F>
constexpr void forEachField(T& record, F&& f) {
    using Shape = RecordShape<std::remove_const_t<T>>;
    std::size_t i = 0;
    boost::hana::for_each(boost::hana::accessors<std::remove_const_t<T>>(), [&](auto const& named) {
        f(boost::hana::second(named)(record), Shape::kFields[i], Shape::kColumns[i]);
        ++i;
    });
}

template <class... Items>
constexpr auto hanaAccessors(FieldList<Items...>) {
    return boost::hana::tuple<decltype(Items::pair())...>{};
}

}  // namespace detail

/** A type described by CORPS_RECORD or CORPS_EXTEND. A record that merely derives from one is none. */
template <class T>
concept Record = detail::Described<T>;

/** The fields of a record, in declared order. */
template <class T>
[[nodiscard]] constexpr std::span<FieldInfo const> fieldsOf() noexcept {
    if constexpr (detail::requireRecord<T>()) {
        return detail::RecordShape<T>::kFields;
    } else {
        return {};
    }
}

/** Number of columns of a record's table. */
template <class T>
[[nodiscard]] consteval std::size_t columnCount() {
    if constexpr (detail::requireRecord<T>()) {
        return detail::RecordShape<T>::kColumnCount;
    } else {
        return 0;
    }
}

/**
 * The table of a record: one object for the whole program, made at the first call.
 *
 * Threads     Safe.
 * Cost        One check of a flag, after the first call.
 */
template <class T>
[[nodiscard]] TableSchema const& schemaOf() {
    if constexpr (detail::requireRecord<T>()) {
        using Shape = detail::RecordShape<T>;
        static TableSchema const schema =
            detail::makeSchema(Shape::Items::table(), Shape::kShared, Shape::kFields, Shape::kIndexes);
        return schema;
    } else {
        static TableSchema const none;
        return none;
    }
}

/**
 * Shows a record as cells, one for each column of schemaOf<T>(). The cells point into the record. An unknown
 * field is a null cell. The corp column is what the record's own corpFullName says; without such a field it
 * is null, for the caller to fill.
 *
 * @param out At least columnCount<T>() cells; the first so many are written.
 *
 * Exceptions  No-throw.
 * Cost        Linear in the columns; allocates nothing.
 */
template <class T>
void toCells(T const& record, std::span<Cell> out) noexcept {
    if constexpr (detail::requireRecord<T>()) {
        if constexpr (!detail::RecordShape<T>::kShared) out[0] = Cell();
        detail::forEachField(record, [out](auto const& field, FieldInfo const&, std::size_t column) {
            if constexpr (detail::Storable<std::remove_cvref_t<decltype(field)>>)
                if (column != TableSchema::npos) out[column] = detail::toCell(field);
        });
    }
}

/** The same, with the corp column set to `corp`, whatever the record says. Not for shared records. */
template <class T>
void toCells(T const& record, std::string_view corp, std::span<Cell> out) noexcept {
    if constexpr (detail::requireRecord<T>()) {
        static_assert(!detail::RecordShape<T>::kShared,
                      "corps: a shared record belongs to no corp: toCells(record, cells)");
        toCells(record, out);
        out[0] = Cell::text(corp);
    }
}

/**
 * Makes a record of a row of schemaOf<T>(), or of a table whose columns start with those. Computed fields are
 * left empty.
 *
 * Errors      Error(Errc::storage) for a row that is too short or a cell that is no value of its field.
 * Cost        Linear in the columns; allocates only what the record's own strings need.
 */
template <class T>
[[nodiscard]] T fromRow(std::span<Cell const> row) {
    T out{};
    if constexpr (detail::requireRecord<T>()) {
        if (row.size() < detail::RecordShape<T>::kColumnCount)
            detail::throwShortRow(schemaOf<T>(), row.size());
        detail::forEachField(out, [row](auto& field, FieldInfo const&, std::size_t column) {
            if constexpr (detail::Storable<std::remove_cvref_t<decltype(field)>>)
                if (column != TableSchema::npos && !detail::fromCell(row[column], field))
                    detail::throwBadCell(schemaOf<T>(), column);
        });
    }
    return out;
}

}  // namespace corps

// Every described record is a boost::hana::Struct: hana::accessors, keys and members work on it.
namespace boost::hana {
template <class S>
struct accessors_impl<S, when<corps::detail::Described<S>>> {
    static constexpr auto apply() {
        return corps::detail::hanaAccessors(typename corps::detail::ItemsOf<S>::Fields{});
    }
};
}  // namespace boost::hana

// Describes a record; see the top of this file. To be written in the record's own namespace.
#define CORPS_RECORD(Type, ...)                                                          \
    [[maybe_unused]] constexpr auto corpsRecordItems(::corps::detail::RecordTag<Type>) { \
        using CorpsRecordType [[maybe_unused]] = Type;                                   \
        return ::corps::detail::RecordItems<#Type, CORPS_DETAIL_ITEMS(__VA_ARGS__)>{};   \
    }                                                                                    \
    [[maybe_unused]] constexpr ::corps::detail::RecordTag<Type> corpsRecordBase(Type const*) { return {}; }

// Describes a record that derives from a described one: its own fields, after those of the base.
#define CORPS_EXTEND(My, Base, ...)                                                             \
    [[maybe_unused]] constexpr auto corpsRecordItems(::corps::detail::RecordTag<My>) {          \
        using CorpsRecordType [[maybe_unused]] = My;                                            \
        return ::corps::detail::extend<My, Base>(                                               \
            ::corps::detail::RecordItems<#My __VA_OPT__(, ) CORPS_DETAIL_ITEMS(__VA_ARGS__)>{}, \
            ::corps::detail::ItemsOf<Base>{});                                                  \
    }                                                                                           \
    [[maybe_unused]] constexpr ::corps::detail::RecordTag<My> corpsRecordBase(My const*) { return {}; }

// One macro an item: `key(a, b)` becomes CORPS_DETAIL_ITEM_key(a, b).
#define CORPS_DETAIL_ITEM_key(...) CORPS_DETAIL_FIELDS(::corps::Owner::key, plain, __VA_ARGS__)
#define CORPS_DETAIL_ITEM_upstream(...) CORPS_DETAIL_FIELDS(::corps::Owner::upstream, plain, __VA_ARGS__)
#define CORPS_DETAIL_ITEM_local(...) CORPS_DETAIL_FIELDS(::corps::Owner::local, plain, __VA_ARGS__)
#define CORPS_DETAIL_ITEM_computed(...) CORPS_DETAIL_FIELDS(::corps::Owner::computed, plain, __VA_ARGS__)
#define CORPS_DETAIL_ITEM_internal(...) CORPS_DETAIL_FIELDS(::corps::Owner::local, internal, __VA_ARGS__)
#define CORPS_DETAIL_ITEM_corp(name) CORPS_DETAIL_FIELDS(::corps::Owner::key, corp, name)
#define CORPS_DETAIL_ITEM_index(...) ::corps::detail::IndexItem<false, #__VA_ARGS__>
#define CORPS_DETAIL_ITEM_unique(...) ::corps::detail::IndexItem<true, #__VA_ARGS__>
#define CORPS_DETAIL_ITEM_shared(...) ::corps::detail::SharedItem
#define CORPS_DETAIL_ITEM_table(name) ::corps::detail::TableItem<#name>

// Repetition over items and, inside each, over names: deferred self-reference, scanned again by the EXPAND
// macros. The two levels need macros of their own, because a macro does not expand inside itself.
#define CORPS_DETAIL_PARENS ()
#define CORPS_DETAIL_ITEMS(...) __VA_OPT__(CORPS_DETAIL_EXPAND(CORPS_DETAIL_ITEM(__VA_ARGS__)))
#define CORPS_DETAIL_ITEM(item, ...) \
    CORPS_DETAIL_ITEM_##item __VA_OPT__(, CORPS_DETAIL_ITEM_AGAIN CORPS_DETAIL_PARENS(__VA_ARGS__))
#define CORPS_DETAIL_ITEM_AGAIN() CORPS_DETAIL_ITEM
#define CORPS_DETAIL_FIELDS(owner, use, ...) \
    CORPS_DETAIL_EXPAND_N(CORPS_DETAIL_FIELD(owner, use, __VA_ARGS__))
#define CORPS_DETAIL_FIELD(owner, use, name, ...)                                                        \
    ::corps::detail::FieldItem<owner, ::corps::FieldUse::use, #name, &CorpsRecordType::name> __VA_OPT__( \
        , CORPS_DETAIL_FIELD_AGAIN CORPS_DETAIL_PARENS(owner, use, __VA_ARGS__))
#define CORPS_DETAIL_FIELD_AGAIN() CORPS_DETAIL_FIELD

#define CORPS_DETAIL_EXPAND(...) CORPS_DETAIL_EXPAND3(CORPS_DETAIL_EXPAND3(CORPS_DETAIL_EXPAND3(__VA_ARGS__)))
#define CORPS_DETAIL_EXPAND3(...) \
    CORPS_DETAIL_EXPAND2(CORPS_DETAIL_EXPAND2(CORPS_DETAIL_EXPAND2(__VA_ARGS__)))
#define CORPS_DETAIL_EXPAND2(...) \
    CORPS_DETAIL_EXPAND1(CORPS_DETAIL_EXPAND1(CORPS_DETAIL_EXPAND1(__VA_ARGS__)))
#define CORPS_DETAIL_EXPAND1(...) __VA_ARGS__
#define CORPS_DETAIL_EXPAND_N(...) \
    CORPS_DETAIL_EXPAND_N3(CORPS_DETAIL_EXPAND_N3(CORPS_DETAIL_EXPAND_N3(__VA_ARGS__)))
#define CORPS_DETAIL_EXPAND_N3(...) \
    CORPS_DETAIL_EXPAND_N2(CORPS_DETAIL_EXPAND_N2(CORPS_DETAIL_EXPAND_N2(__VA_ARGS__)))
#define CORPS_DETAIL_EXPAND_N2(...) \
    CORPS_DETAIL_EXPAND_N1(CORPS_DETAIL_EXPAND_N1(CORPS_DETAIL_EXPAND_N1(__VA_ARGS__)))
#define CORPS_DETAIL_EXPAND_N1(...) __VA_ARGS__

#ifdef CORPS_HEADER_ONLY
#include <corps/model/impl/record.ipp>
#endif
