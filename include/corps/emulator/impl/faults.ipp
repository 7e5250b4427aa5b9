#pragma once

#include <corps/emulator/faults.hpp>
#include <corps/emulator/impl/json_reader.hpp>

#include <array>
#include <utility>

namespace corps::emulator {

namespace detail {

inline constexpr std::array<std::pair<std::string_view, FaultKind>, 12> kFaultKinds{{
    {"status", FaultKind::status},
    {"reset", FaultKind::reset},
    {"truncate", FaultKind::truncate},
    {"close", FaultKind::close},
    {"delay", FaultKind::delay},
    {"garbage", FaultKind::garbage},
    {"rate-limit", FaultKind::rateLimit},
    {"expire-token", FaultKind::expireToken},
    {"wrong-token", FaultKind::wrongToken},
    {"code", FaultKind::code},
    {"repeat-cursor", FaultKind::repeatCursor},
    {"empty-success", FaultKind::emptySuccess},
}};

/** FaultError in the form the JSON reader uses. */
class FaultPlaceError : public FaultError {
public:
    FaultPlaceError(const std::string& where, const std::string& expected)
        : FaultError(where + ": " + expected) {}
};

inline Fault parseFault(const boost::json::value& value, std::string where) {
    const ObjectReader<FaultPlaceError> in(value, std::move(where));
    Fault fault;
    std::string kind;
    in.read("kind", kind);
    bool known = false;
    for (const auto& [word, meaning] : kFaultKinds) {
        if (word == kind) {
            fault.kind = meaning;
            known = true;
        }
    }
    if (!known) {
        std::string expected = "expected one of";
        for (const auto& [word, meaning] : kFaultKinds) {
            expected += ' ';
            expected += word;
        }
        throw FaultPlaceError(in.at("kind"), expected);
    }
    std::int64_t status = 0;
    std::int64_t delay = 0;
    in.read("match", fault.match);
    in.read("whole", fault.whole);
    in.read("matchBody", fault.matchBody);
    in.read("sameCall", fault.sameCall);
    in.read("times", fault.times);
    in.read("after", fault.after);
    in.read("probability", fault.probability);
    in.read("status", status);
    in.read("httpStatus", status);
    in.read("code", fault.code);
    in.read("msg", fault.msg);
    in.read("body", fault.body);
    in.read("contentType", fault.contentType);
    in.read("delayMs", delay);
    in.read("resetSeconds", fault.resetSeconds);
    in.read("headers", fault.headers);
    in.read("afterBytes", fault.afterBytes);
    if (status != 0 && (status < 200 || status > 599)) {
        throw FaultPlaceError(in.at("status"), "expected an HTTP status from 200 to 599");
    }
    if (delay < 0) {
        throw FaultPlaceError(in.at("delayMs"), "expected milliseconds, 0 or more");
    }
    if (fault.times < -1) {
        throw FaultPlaceError(in.at("times"), "expected a number, or -1 for ever");
    }
    fault.httpStatus = static_cast<int>(status);
    fault.delay = std::chrono::milliseconds(delay);
    return fault;
}

}  // namespace detail

CORPS_DECL std::vector<Fault> parseFaults(std::string_view json) {
    const auto document = detail::parseJson<detail::FaultPlaceError>(json);
    std::vector<Fault> out;
    if (document.is_array()) {
        std::size_t index = 0;
        for (const auto& element : document.get_array()) {
            std::string where = "[";
            detail::appendNumber(where, index++);
            out.push_back(detail::parseFault(element, where + "]"));
        }
    } else {
        out.push_back(detail::parseFault(document, ""));
    }
    return out;
}

CORPS_DECL std::string_view toString(FaultKind kind) noexcept {
    for (const auto& [word, meaning] : detail::kFaultKinds) {
        if (meaning == kind) {
            return word;
        }
    }
    return "";
}

CORPS_DECL void FaultList::add(Fault fault) {
    if (fault.times != 0) {
        faults_.push_back(std::move(fault));
    }
}

CORPS_DECL void FaultList::clear() noexcept {
    faults_.clear();
    random_ = 0;
}

CORPS_DECL std::optional<Fault> FaultList::take(std::string_view target, std::string_view body) {
    for (std::size_t i = 0; i < faults_.size(); ++i) {
        Fault& fault = faults_[i];
        if (fault.whole ? target != fault.match : target.find(fault.match) == std::string_view::npos) {
            continue;
        }
        if (body.find(fault.matchBody) == std::string_view::npos) {
            continue;
        }
        if (fault.after > 0) {
            --fault.after;
            continue;
        }
        if (fault.probability < 1.0) {
            const double drawn = static_cast<double>(detail::mix64(random_++) >> 11U) * 0x1.0p-53;
            if (drawn >= fault.probability) {
                continue;
            }
        }
        if (fault.sameCall) {
            fault.match = target;
            fault.whole = true;
            fault.matchBody = body;
        }
        Fault met = fault;
        if (fault.times > 0 && --fault.times == 0) {
            faults_.erase(faults_.begin() + static_cast<std::ptrdiff_t>(i));
        }
        return met;
    }
    return std::nullopt;
}

}  // namespace corps::emulator
