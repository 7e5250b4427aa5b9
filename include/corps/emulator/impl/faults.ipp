#pragma once

#include <corps/emulator/faults.hpp>
#include <corps/emulator/impl/fault_reading.hpp>

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

inline Fault parseFault(const boost::json::value& value, std::string where) {
    const ObjectReader<FaultPlaceError> in(value, std::move(where));
    Fault fault;
    fault.kind = readKind<FaultKind>(in, kFaultKinds);
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
    requireDelay(in, delay);
    requireTimes(in, fault.times);
    fault.httpStatus = static_cast<int>(status);
    fault.delay = std::chrono::milliseconds(delay);
    return fault;
}

}  // namespace detail

CORPS_DECL std::vector<Fault> parseFaults(std::string_view json) {
    return detail::parseOneOrMany(json, &detail::parseFault);
}

CORPS_DECL std::string_view toString(FaultKind kind) noexcept {
    return detail::wordOf(detail::kFaultKinds, kind);
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
    return detail::takeFault(
        faults_, random_,
        [&](Fault& fault) {
            return (fault.whole ? target == fault.match
                                : target.find(fault.match) != std::string_view::npos) &&
                   body.find(fault.matchBody) != std::string_view::npos;
        },
        [&](Fault& fault) {
            if (fault.sameCall) {
                fault.match = target;
                fault.whole = true;
                fault.matchBody = body;
            }
        });
}

}  // namespace corps::emulator
