#pragma once

#include <corps/emulator/impl/text.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace corps::emulator::detail {

/** What a JSON value is, in words. */
inline const char* describe(const boost::json::value& value) noexcept {
    switch (value.kind()) {
        case boost::json::kind::null: return "null";
        case boost::json::kind::bool_: return "a boolean";
        case boost::json::kind::int64:
        case boost::json::kind::uint64:
        case boost::json::kind::double_: return "a number";
        case boost::json::kind::string: return "a string";
        case boost::json::kind::array: return "an array";
        case boost::json::kind::object: return "an object";
    }
    return "nothing";
}

/**
 * Reads the members of a JSON object, complaining with their place.
 *
 * @tparam Error Constructible from (place, what was expected).
 */
template <class Error>
class ObjectReader {
public:
    ObjectReader(const boost::json::value& value, std::string where) : where_(std::move(where)) {
        if (!value.is_object()) {
            throw Error(where_.empty() ? "document" : where_,
                        std::string("expected an object, found ") + describe(value));
        }
        object_ = &value.get_object();
    }

    [[nodiscard]] const std::string& where() const noexcept { return where_; }
    [[nodiscard]] std::string at(std::string_view key) const {
        return where_.empty() ? std::string(key) : where_ + "." + std::string(key);
    }

    /** The member, or nullptr when it is absent or null. */
    [[nodiscard]] const boost::json::value* find(std::string_view key) const {
        const auto* value = object_->if_contains(key);
        return value == nullptr || value->is_null() ? nullptr : value;
    }

    [[nodiscard]] bool isNull(std::string_view key) const {
        const auto* value = object_->if_contains(key);
        return value != nullptr && value->is_null();
    }

    void read(std::string_view key, std::string& out) const {
        if (const auto* value = find(key)) {
            if (!value->is_string()) {
                wrong(key, "a string", *value);
            }
            out.assign(value->get_string().data(), value->get_string().size());
        }
    }

    void read(std::string_view key, bool& out) const {
        if (const auto* value = find(key)) {
            if (!value->is_bool()) {
                wrong(key, "true or false", *value);
            }
            out = value->get_bool();
        }
    }

    void read(std::string_view key, std::int64_t& out) const {
        if (const auto* value = find(key)) {
            if (value->is_int64()) {
                out = value->get_int64();
            } else {
                wrong(key, "a whole number", *value);
            }
        }
    }

    void read(std::string_view key, double& out) const {
        if (const auto* value = find(key)) {
            if (!value->is_number()) {
                wrong(key, "a number", *value);
            }
            out = value->template to_number<double>();
        }
    }

    /** Calls f(element, place) for each element of an array. */
    template <class F>
    void each(std::string_view key, F f) const {
        const auto* value = find(key);
        if (value == nullptr) {
            return;
        }
        if (!value->is_array()) {
            wrong(key, "an array", *value);
        }
        std::size_t index = 0;
        for (const auto& element : value->get_array()) {
            std::string place = at(key);
            place += '[';
            appendNumber(place, index++);
            place += ']';
            f(element, std::move(place));
        }
    }

    /** An array of strings. */
    template <class Container>
    void readStrings(std::string_view key, Container& out) const {
        each(key, [&](const boost::json::value& element, const std::string& place) {
            if (!element.is_string()) {
                throw Error(place, std::string("expected a string, found ") + describe(element));
            }
            out.emplace_back(element.get_string().data(), element.get_string().size());
        });
    }

    [[noreturn]] void wrong(std::string_view key, std::string_view expected,
                            const boost::json::value& found) const {
        throw Error(at(key), "expected " + std::string(expected) + ", found " + describe(found));
    }

private:
    const boost::json::object* object_ = nullptr;
    std::string where_;
};

/** Parses a whole text; Error("document", ...) when it is no JSON. */
template <class Error>
boost::json::value parseJson(std::string_view text, boost::json::storage_ptr storage = {}) {
    boost::system::error_code ec;
    auto value = boost::json::parse(text, ec, std::move(storage));
    if (ec) {
        throw Error("document", "expected JSON (" + ec.message() + ")");
    }
    return value;
}

}  // namespace corps::emulator::detail
