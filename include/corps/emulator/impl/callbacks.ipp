#pragma once

#include <corps/emulator/callbacks.hpp>
#include <corps/emulator/faults.hpp>
#include <corps/emulator/impl/fault_reading.hpp>

#include <array>
#include <utility>

namespace corps::emulator {

namespace detail {

inline constexpr std::array<std::pair<std::string_view, CallbackFaultKind>, 7> kCallbackFaultKinds{{
    {"lost", CallbackFaultKind::lost},
    {"doubled", CallbackFaultKind::doubled},
    {"shuffled", CallbackFaultKind::shuffled},
    {"delayed", CallbackFaultKind::delayed},
    {"answer-lost", CallbackFaultKind::answerLost},
    {"wrong-signature", CallbackFaultKind::wrongSignature},
    {"garbled", CallbackFaultKind::garbled},
}};

inline CallbackFault parseCallbackFault(const boost::json::value& value, std::string where) {
    const ObjectReader<FaultPlaceError> in(value, std::move(where));
    CallbackFault fault;
    fault.kind = readKind<CallbackFaultKind>(in, kCallbackFaultKinds);
    std::int64_t delay = fault.delay.count();
    in.read("match", fault.match);
    in.read("times", fault.times);
    in.read("after", fault.after);
    in.read("probability", fault.probability);
    in.read("delayMs", delay);
    requireTimes(in, fault.times);
    requireDelay(in, delay);
    fault.delay = std::chrono::milliseconds(delay);
    return fault;
}

}  // namespace detail

CORPS_DECL std::vector<CallbackFault> parseCallbackFaults(std::string_view json) {
    return detail::parseOneOrMany(json, &detail::parseCallbackFault);
}

CORPS_DECL std::string_view toString(CallbackFaultKind kind) noexcept {
    return detail::wordOf(detail::kCallbackFaultKinds, kind);
}

CORPS_DECL std::string_view toString(CallbackRecord::State state) noexcept {
    switch (state) {
        case CallbackRecord::State::waiting: return "waiting";
        case CallbackRecord::State::accepted: return "accepted";
        case CallbackRecord::State::failed: return "failed";
        case CallbackRecord::State::lost: return "lost";
    }
    return "";
}

}  // namespace corps::emulator
