#pragma once

#include <corps/emulator/faults.hpp>
#include <corps/emulator/impl/json_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/** @file What faults of every kind are read with, and how their turns are counted. */
namespace corps::emulator::detail {

/** FaultError in the form the JSON reader uses. */
class FaultPlaceError : public FaultError {
public:
    FaultPlaceError(const std::string& where, const std::string& expected)
        : FaultError(where + ": " + expected) {}
};

/** The meaning of the word under `kind`. */
template <class Kind, class Words>
Kind readKind(const ObjectReader<FaultPlaceError>& in, const Words& words) {
    std::string kind;
    in.read("kind", kind);
    std::string expected = "expected one of";
    for (const auto& [word, meaning] : words) {
        if (word == kind) {
            return meaning;
        }
        expected += ' ';
        expected += word;
    }
    throw FaultPlaceError(in.at("kind"), expected);
}

template <class Words, class Kind>
std::string_view wordOf(const Words& words, Kind kind) noexcept {
    for (const auto& [word, meaning] : words) {
        if (meaning == kind) {
            return word;
        }
    }
    return "";
}

/** The first fault that matches and whose turn it is; `meet` may change it before it is counted. */
template <class Any, class Matches, class Meet>
std::optional<Any> takeFault(std::vector<Any>& faults, std::uint64_t& random, Matches matches, Meet meet) {
    for (std::size_t i = 0; i < faults.size(); ++i) {
        Any& fault = faults[i];
        if (!matches(fault)) {
            continue;
        }
        if (fault.after > 0) {
            --fault.after;
            continue;
        }
        if (fault.probability < 1.0) {
            const double drawn = static_cast<double>(mix64(random++) >> 11U) * 0x1.0p-53;
            if (drawn >= fault.probability) {
                continue;
            }
        }
        meet(fault);
        Any met = fault;
        if (fault.times > 0 && --fault.times == 0) {
            faults.erase(faults.begin() + static_cast<std::ptrdiff_t>(i));
        }
        return met;
    }
    return std::nullopt;
}

inline void requireTimes(const ObjectReader<FaultPlaceError>& in, std::int64_t times) {
    if (times < -1) {
        throw FaultPlaceError(in.at("times"), "expected a number, or -1 for ever");
    }
}

inline void requireDelay(const ObjectReader<FaultPlaceError>& in, std::int64_t delay) {
    if (delay < 0) {
        throw FaultPlaceError(in.at("delayMs"), "expected milliseconds, 0 or more");
    }
}

/** Faults from one object or an array of them. @param parse Makes one of a value and its place. */
template <class Parse>
auto parseOneOrMany(std::string_view json, Parse parse) {
    const auto document = parseJson<FaultPlaceError>(json);
    std::vector<decltype(parse(document, std::string()))> out;
    if (document.is_array()) {
        std::size_t index = 0;
        for (const auto& element : document.get_array()) {
            std::string where = "[";
            appendNumber(where, index++);
            out.push_back(parse(element, where + "]"));
        }
    } else {
        out.push_back(parse(document, ""));
    }
    return out;
}

}  // namespace corps::emulator::detail
