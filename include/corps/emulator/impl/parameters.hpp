#pragma once

#include <corps/emulator/http_server.hpp>
#include <corps/emulator/impl/text.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps::emulator::detail {

/** Parameters of a call, whether they came as JSON, as JSON strings or as a form. */
class Parameters {
public:
    enum class Found { absent, good, bad };

    static Parameters ofQuery(const HttpRequest& request) {
        Parameters out;
        out.fields_ = request.query;
        return out;
    }
    static Parameters ofForm(std::string_view body) {
        Parameters out;
        splitQuery(body, out.fields_);
        return out;
    }
    /** Nothing when it is no JSON object. */
    static std::optional<Parameters> ofJson(std::string_view body);

    Found text(std::string_view name, std::string& out) const;
    Found number(std::string_view name, std::int64_t& out) const;
    Found boolean(std::string_view name, bool& out) const;
    /** A list of strings: a JSON array, an array as JSON text, or text with commas. */
    Found list(std::string_view name, std::vector<std::string>& out) const;
    /** A list of whole numbers, of JSON. @return Whether it is one. */
    bool numbers(std::string_view name, std::vector<std::int64_t>& out) const;
    [[nodiscard]] std::string text(std::string_view name) const {
        std::string out;
        text(name, out);
        return out;
    }

private:
    const std::string* find(std::string_view name) const;

    std::vector<std::pair<std::string, std::string>> fields_;
    boost::json::value document_;  ///< of JSON, for the lists
};

inline std::optional<Parameters> Parameters::ofJson(std::string_view body) {
    boost::system::error_code ec;
    Parameters out;
    out.document_ = boost::json::parse(boost::json::string_view(body.data(), body.size()), ec);
    if (ec || !out.document_.is_object()) {
        return std::nullopt;
    }
    for (const auto& member : out.document_.get_object()) {
        std::string name(member.key().data(), member.key().size());
        const auto& value = member.value();
        if (value.is_string()) {
            out.fields_.emplace_back(std::move(name),
                                     std::string(value.get_string().data(), value.get_string().size()));
        } else if (!value.is_null()) {
            out.fields_.emplace_back(std::move(name), boost::json::serialize(value));
        }
    }
    return out;
}

inline const std::string* Parameters::find(std::string_view name) const {
    for (const auto& [key, value] : fields_) {
        if (key == name) {
            return &value;
        }
    }
    return nullptr;
}

inline Parameters::Found Parameters::text(std::string_view name, std::string& out) const {
    const std::string* value = find(name);
    if (value == nullptr) {
        return Found::absent;
    }
    out = *value;
    return Found::good;
}

inline Parameters::Found Parameters::number(std::string_view name, std::int64_t& out) const {
    const std::string* value = find(name);
    if (value == nullptr) {
        return Found::absent;
    }
    const auto number = parseNumber<std::int64_t>(*value);
    if (!number) {
        return Found::bad;
    }
    out = *number;
    return Found::good;
}

inline Parameters::Found Parameters::boolean(std::string_view name, bool& out) const {
    const std::string* value = find(name);
    if (value == nullptr) {
        return Found::absent;
    }
    // In any case: programs in Python write True.
    const auto is = [value](std::string_view word) {
        return std::equal(value->begin(), value->end(), word.begin(), word.end(),
                          [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
    };
    out = is("true");
    if (!out && !is("false")) {
        return Found::bad;
    }
    return Found::good;
}

inline Parameters::Found Parameters::list(std::string_view name, std::vector<std::string>& out) const {
    const std::string* value = find(name);
    if (value == nullptr) {
        return Found::absent;
    }
    out.clear();
    if (value->starts_with('[')) {
        boost::system::error_code ec;
        const auto array = boost::json::parse(*value, ec);
        if (ec || !array.is_array()) {
            return Found::bad;
        }
        for (const auto& element : array.get_array()) {
            if (!element.is_string()) {
                return Found::bad;
            }
            out.emplace_back(element.get_string().data(), element.get_string().size());
        }
        return Found::good;
    }
    std::string_view rest = *value;
    while (!rest.empty()) {
        const auto comma = std::min(rest.find(','), rest.size());
        if (comma > 0) {
            out.emplace_back(rest.substr(0, comma));
        }
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return Found::good;
}

inline bool Parameters::numbers(std::string_view name, std::vector<std::int64_t>& out) const {
    const auto* object = document_.if_object();
    const auto* list = object == nullptr ? nullptr : object->if_contains({name.data(), name.size()});
    if (list == nullptr || !list->is_array()) {
        return false;
    }
    out.clear();
    for (const auto& element : list->get_array()) {
        if (!element.is_int64()) {
            return false;
        }
        out.push_back(element.get_int64());
    }
    return true;
}

}  // namespace corps::emulator::detail
