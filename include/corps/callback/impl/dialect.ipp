#pragma once

#include <corps/callback/dialect.hpp>
#include <corps/callback/replay_guard.hpp>
#include <corps/crypto/digest.hpp>
#include <corps/error/error.hpp>

#include <boost/json/value.hpp>

#include <charconv>

namespace corps {

namespace detail {

/** How far clocks may differ, and lists of a platform lag behind its events: an event this much older than a
 * sync is still news. */
inline constexpr Duration kNewsMargin = std::chrono::minutes(1);

/** What a corp needs to take callbacks, made with the first. */
class CallbackGate final : public CorpAttachment {
public:
    explicit CallbackGate(std::unique_ptr<CallbackDialect> d) : dialect(std::move(d)) {}
    std::unique_ptr<CallbackDialect> dialect;
    ReplayGuard guard;
};

CORPS_DECL CallbackReading refuseCallback(int status, std::string reason) {
    char const* text = "refused";
    if (status == 405) text = "POST it";
    if (status == 413) text = "too large";
    return CallbackReading{
        CallbackResponse(status, "text/plain; charset=utf-8", text), {}, std::move(reason)};
}

CORPS_DECL CallbackReading answerCallback(std::string body, std::string contentType) {
    return CallbackReading{CallbackResponse(200, std::move(contentType), std::move(body))};
}

CORPS_DECL std::optional<std::int64_t> decimal(std::string_view text) {
    std::int64_t out = 0;
    char const* const end = text.data() + text.size();
    auto const [stopped, ec] = std::from_chars(text.data(), end, out);
    if (text.empty() || ec != std::errc() || stopped != end || out < 0) return std::nullopt;
    return out;
}

CORPS_DECL std::optional<TimePoint> timeOf(std::string_view text) {
    std::optional<std::int64_t> value = decimal(text);
    if (!value) return std::nullopt;
    if (*value < 100'000'000'000) *value *= 1000;       // seconds until the year 5138
    if (*value >= 100'000'000'000'000) *value /= 1000;  // microseconds
    return TimePoint(Duration(*value));
}

CORPS_DECL std::string textId(std::string_view text) { return "sha256:" + sha256(text); }

CORPS_DECL std::string shownType(std::string_view type) {
    std::string out(type.substr(0, 64));
    for (char& c : out) {
        bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '_' || c == '.' || c == '-' || c == '/';
        if (!plain) c = '?';
    }
    return out;
}

CORPS_DECL CallbackKeys::CallbackKeys(CorpConfig const& config, std::string_view expected) : config_(config) {
    boost::json::value const* const v = config.business.if_contains("callback");
    if (v == nullptr || !v->is_object()) throw config.errorAt("callback", std::string(expected));
    keys_ = &v->get_object();
}

CORPS_DECL Secret CallbackKeys::secret(std::string_view key) const {
    Secret out = secretIfAny(key);
    if (out.empty()) throw errorAt(key, "the text of the platform's console");
    return out;
}

CORPS_DECL Secret CallbackKeys::secretIfAny(std::string_view key) const {
    boost::json::value const* const v = keys_->if_contains(key);
    if (v == nullptr) return Secret();
    if (!v->is_string() || v->get_string().empty())
        throw errorAt(key, "the text of the platform's console, which is not empty");
    return Secret(std::string_view(v->get_string()));
}

CORPS_DECL std::optional<Duration> CallbackKeys::window(std::optional<Duration> otherwise) const {
    boost::json::value const* const v = keys_->if_contains("windowSeconds");
    if (v == nullptr) return otherwise;
    if (!v->is_int64() || v->get_int64() < 0 || v->get_int64() > 86'400 * 365)
        throw errorAt("windowSeconds", "a number of seconds; 0 for no window");
    if (v->get_int64() == 0) return std::nullopt;
    return Duration(v->get_int64() * 1000);
}

CORPS_DECL Error CallbackKeys::errorAt(std::string_view key, std::string const& expected) const {
    return config_.errorAt("callback." + std::string(key), expected);
}

CORPS_DECL bool isRecent(std::string_view timestamp, std::optional<Duration> window, TimePoint now) {
    std::optional<TimePoint> const time = timeOf(timestamp);
    if (!window) return true;
    return time && *time >= now - *window && *time <= now + *window;
}

}  // namespace detail

CORPS_DECL CallbackResponse
takeCallback(std::shared_ptr<MirrorCore> const& core, CallbackRequest const& request,
             FunctionRef<std::unique_ptr<CallbackDialect>(CorpConfig const&)> make) {
    auto const attach = [&]() -> std::unique_ptr<CorpAttachment> {
        return std::make_unique<detail::CallbackGate>(make(core->config()));
    };
    auto& gate = static_cast<detail::CallbackGate&>(core->attached(attach));
    CallbackReading reading = gate.dialect->read(request, core->context().clock().now());
    if (reading.refused()) {
        core->context().log(LogLevel::warning,
                            core->config().fullName + ": a callback was refused: " + reading.refusal);
        return std::move(reading.response);
    }
    std::optional<TimePoint> const readFrom = core->lastReadFrom();
    AnnouncedChange change;
    for (CallbackEvent& event : reading.events) {
        if (event.change.empty()) continue;
        if (!gate.guard.first(event.id)) continue;
        if (event.time && readFrom && *event.time + detail::kNewsMargin < *readFrom) continue;
        core->context().log(LogLevel::debug, core->config().fullName + ": event " + event.type);
        change.add(std::move(event.change));
    }
    MirrorCore::announce(core, std::move(change));
    return std::move(reading.response);
}

}  // namespace corps
