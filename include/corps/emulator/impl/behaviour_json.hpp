#pragma once

#include <corps/emulator/impl/json_reader.hpp>
#include <corps/emulator/impl/server_core.hpp>
#include <corps/emulator/impl/text.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/**
 * @file
 * A platform's behaviour to JSON and back: one function of each platform names the members, these two visit
 * them.
 */
namespace corps::emulator::detail {

class BehaviourWriter {
public:
    void operator()(std::string_view name, bool value) { key(name) += value ? "true" : "false"; }
    template <std::integral T>
    void operator()(std::string_view name, T value) {
        appendNumber(key(name), value);
    }
    void operator()(std::string_view name, const std::string& value) { appendJson(key(name), value); }
    void operator()(std::string_view name, std::chrono::milliseconds value) { (*this)(name, value.count()); }
    void operator()(std::string_view name, const std::optional<std::uint64_t>& value) {
        if (value) {
            (*this)(name, *value);
        } else {
            key(name) += "null";
        }
    }
    void operator()(std::string_view name, const std::vector<std::string>& values) {
        appendStrings(key(name), values);
    }
    void operator()(std::string_view name, const std::map<std::string, std::vector<std::string>>& lists) {
        std::string inner;
        for (const auto& [of, values] : lists) {
            appendJson(inner += inner.empty() ? "{" : ",", of);
            inner += ':';
            appendStrings(inner, values);
        }
        key(name) += inner.empty() ? "{}" : inner + "}";
    }
    /** What the app may see: everything, or what `visit` names. */
    template <class Visit>
    void range(std::string_view name, bool all, Visit visit) {
        key(name) += "{\"all\":";
        out_ += all ? "true" : "false";
        visit(*this);
        out_ += '}';
    }
    [[nodiscard]] std::string finish() { return out_ + "}\n"; }

private:
    static void appendStrings(std::string& out, const std::vector<std::string>& values) {
        out += '[';
        for (std::size_t i = 0; i < values.size(); ++i) {
            out += i == 0 ? "" : ",";
            appendJson(out, values[i]);
        }
        out += ']';
    }
    std::string& key(std::string_view name) {
        out_ += out_.size() == 1 ? "\"" : ",\"";
        out_ += name;
        out_ += "\":";
        return out_;
    }

    std::string out_ = "{";
};

/** What the JSON does not name stays as it is. @throws ControlError */
class BehaviourReader {
public:
    explicit BehaviourReader(const boost::json::value& json) : in_(json, "") {}

    void operator()(std::string_view name, bool& out) const { in_.read(name, out); }
    template <std::integral T>
    void operator()(std::string_view name, T& out) const {
        if (in_.find(name) != nullptr) {
            std::int64_t value = 0;
            in_.read(name, value);
            if (value < 0 || value > std::numeric_limits<std::int32_t>::max()) {
                throw ControlError(in_.at(name), "expected a number, 0 or more");
            }
            out = static_cast<T>(value);
        }
    }
    void operator()(std::string_view name, std::string& out) const { in_.read(name, out); }
    void operator()(std::string_view name, std::chrono::milliseconds& out) const {
        std::int64_t value = out.count();
        (*this)(name, value);
        out = std::chrono::milliseconds(value);
    }
    void operator()(std::string_view name, std::optional<std::uint64_t>& out) const {
        if (in_.isNull(name)) {
            out.reset();
        } else if (in_.find(name) != nullptr) {
            (*this)(name, out.emplace());
        }
    }
    void operator()(std::string_view name, std::vector<std::string>& out) const {
        if (in_.find(name) != nullptr) {
            out.clear();
            in_.readStrings(name, out);
        }
    }
    void operator()(std::string_view name, std::map<std::string, std::vector<std::string>>& out) const {
        const auto* value = in_.find(name);
        if (value == nullptr) {
            return;
        }
        const ObjectReader<ControlError> inner(*value, std::string(name));
        out.clear();
        for (const auto& member : value->get_object()) {
            inner.readStrings(member.key(), out[std::string(member.key())]);
        }
    }
    /** Lists that are not named are empty; with any of them `all` is false unless it says otherwise. */
    template <class Visit>
    void range(std::string_view name, bool& all, Visit visit) const {
        if (const auto* value = in_.find(name)) {
            RangeReader inner{ObjectReader<ControlError>(*value, std::string(name))};
            visit(inner);
            all = !inner.named;
            inner.in.read("all", all);
        }
    }

private:
    struct RangeReader {
        ObjectReader<ControlError> in;
        bool named = false;

        void operator()(std::string_view name, std::vector<std::string>& out) {
            named = named || in.find(name) != nullptr;
            out.clear();
            in.readStrings(name, out);
        }
    };

    ObjectReader<ControlError> in_;
};

}  // namespace corps::emulator::detail
