#pragma once

#include <corps/client/caller.hpp>
#include <corps/client/cutter.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace corps {
namespace detail {

inline constexpr unsigned kFailedInARow = 8;  // then calls are asked once only

/** A uniform duration in [0, most]; `most` is not negative. */
inline Duration jitter(Duration most, std::uint64_t random) noexcept {
    return Duration(static_cast<Duration::rep>(random % (static_cast<std::uint64_t>(most.count()) + 1)));
}

}  // namespace detail

CORPS_DECL std::optional<Duration> retryDelay(RetryPolicy const& policy, Verdict const& verdict,
                                              unsigned failed, unsigned throttled, std::uint64_t random) {
    bool const isThrottled = verdict.outcome == Outcome::throttled;
    if (!isThrottled && verdict.outcome != Outcome::transient) return std::nullopt;
    unsigned const times = isThrottled ? throttled : failed;
    if (times >= (isThrottled ? policy.throttledAttempts : policy.attempts)) return std::nullopt;
    if (isThrottled && verdict.wait) {
        if (*verdict.wait > policy.longestWait) return std::nullopt;
        Duration const wait = std::max(*verdict.wait, Duration(0));
        return wait + detail::jitter(std::min(wait / 4 + Duration(100), Duration(1000)), random);
    }
    Duration delay = policy.firstDelay;
    for (unsigned i = 1; i < times && delay < policy.longestDelay; ++i) delay *= 2;
    delay = std::min(delay, policy.longestDelay);
    return delay / 2 + detail::jitter(delay - delay / 2, random);
}

CORPS_DECL boost::json::object const* Answer::data() const noexcept {
    boost::json::value const* const v = envelope.if_contains("data");
    return v == nullptr ? nullptr : v->if_object();
}

CORPS_DECL CallError::CallError(Verdict const& v, Diagnostics d)
    : Error(v.errc, v.message, std::move(d)),
      missing_(std::make_shared<std::vector<std::string> const>(v.missingPermissions)) {}

CORPS_DECL Caller::Caller(Channel& channel, Context context, std::string corp, Classifier classify,
                          RetryPolicy retry)
    : channel_(&channel),
      context_(std::move(context)),
      corp_(std::move(corp)),
      classify_(classify),
      retry_(retry) {}

CORPS_DECL asio::awaitable<Answer> Caller::call(Request request, RateLimiter& limiter,
                                                PageShape const* shape) {
    request.limiter = &limiter;
    unsigned failed = 0;
    unsigned throttled = 0;
    PageCut cut;
    while (true) {
        co_await limiter.acquire();
        Answer answer;
        Verdict verdict;
        try {
            Response response = co_await channel_->send(request);
            answer.response_ = std::make_unique<Response>(std::move(response));
            ++calls_;
        } catch (Error const& e) {
            if (!e.retryable()) throw e.withCorp(corp_);
            verdict = Verdict(e.is(Errc::rateLimited) ? Outcome::throttled : Outcome::transient,
                              static_cast<Errc>(e.code().value()), e.message());
            verdict.upstreamCode = e.diagnostics().upstreamCode;
            verdict.httpStatus = e.diagnostics().httpStatus;
            verdict.upstreamMessage = e.diagnostics().upstreamMessage;
            verdict.requestId = e.diagnostics().requestId;
            if (verdict.outcome == Outcome::throttled) verdict.wait = e.diagnostics().retryAfter;
        }
        if (answer.response_) {
            Response const& response = *answer.response_;
            bool parsed = false;
            std::string_view text = response.body;
            if (shape != nullptr) {
                try {
                    cutPage(response.body, shape->arrayPath, cut);
                    text = cut.envelope;
                    answer.units.swap(cut.units);
                } catch (Error const&) {
                    text = std::string_view();  // an HTML page, or half an answer
                }
            }
            if (!text.empty()) {
                boost::system::error_code ec;
                boost::json::value v = boost::json::parse(text, ec);
                if (!ec && v.is_object()) {
                    answer.envelope = std::move(v.get_object());
                    parsed = true;
                }
            }
            answer.status = response.status;
            verdict = classify_(response, parsed ? &answer.envelope : nullptr);
            if (verdict.httpStatus == 0) verdict.httpStatus = response.status;
            if (verdict.outcome == Outcome::ok) {
                failedInARow_ = 0;
                co_return answer;
            }
        }
        if (verdict.outcome == Outcome::throttled) {
            ++throttled;
        } else {
            ++failed;
        }
        std::optional<Duration> delay = retryDelay(retry_, verdict, failed, throttled, context_.random());
        if (verdict.outcome == Outcome::transient && failedInARow_ >= detail::kFailedInARow) delay.reset();
        if (!delay) {
            if (verdict.outcome == Outcome::transient) ++failedInARow_;
            Diagnostics d;
            d.corp = corp_;
            d.endpoint = request.endpoint;
            d.upstreamCode = verdict.upstreamCode;
            d.httpStatus = verdict.httpStatus;
            d.upstreamMessage = verdict.upstreamMessage;
            d.requestId = verdict.requestId;
            d.retryAfter = verdict.wait;  // also where it was too long to be waited for here
            throw CallError(verdict, std::move(d));
        }
        if (verdict.outcome == Outcome::throttled) {
            limiter.pause(*delay);  // for everybody: the platform counts them together
        } else {
            co_await context_.clock().sleep(*delay);
        }
    }
}

CORPS_DECL std::optional<std::string> CursorGuard::next(bool hasMore, std::string_view cursor) {
    ++pages_;
    if (!hasMore) return std::nullopt;
    auto const refuse = [this](char const* what) {
        Diagnostics d;
        d.place = "page " + std::to_string(pages_);
        throw Error(Errc::protocol, what, std::move(d));
    };
    if (cursor.empty()) refuse("the list has more pages, but no cursor to them");
    if (pages_ >= maxPages_) refuse("the list does not end");
    if (!seen_.emplace(cursor).second) refuse("the cursor of the list repeats");
    return std::string(cursor);
}

CORPS_DECL Query& Query::add(std::string_view name, std::string_view value) {
    text_ += text_.empty() ? '?' : '&';
    text_ += percentEncode(name);
    text_ += '=';
    text_ += percentEncode(value);
    return *this;
}

CORPS_DECL Verdict verdictWithoutEnvelope(Response const& response) {
    int const s = response.status;
    Verdict v;
    if (s == 429) {
        v = Verdict(Outcome::throttled, Errc::rateLimited, "the platform limits the rate of calls");
        v.wait = parseSeconds(response.header("Retry-After"));
    } else if (s >= 500 || s == 408) {
        v = Verdict(Outcome::transient, Errc::transport, "the platform cannot answer at the moment");
    } else if (s >= 200 && s < 300) {
        v = Verdict(Outcome::transient, Errc::protocol,
                    "the answer is not the JSON object that the platform documents");
    } else {
        v = Verdict(Outcome::failed, Errc::protocol,
                    "the answer does not come from the platform's API: is baseUrl right?");
    }
    v.httpStatus = s;
    return v;
}

CORPS_DECL std::optional<Duration> parseSeconds(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    std::int64_t seconds = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (ec != std::errc() || seconds < 0 || seconds > 1'000'000'000) return std::nullopt;
    std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
    std::int64_t ms = seconds * 1000;
    if (!rest.empty()) {
        if (rest.front() != '.') return std::nullopt;
        rest.remove_prefix(1);
        std::int64_t unit = 100;
        bool more = false;
        for (char const c : rest) {
            if (c < '0' || c > '9') return std::nullopt;
            more = more || (unit == 0 && c != '0');
            ms += (c - '0') * unit;
            unit /= 10;
        }
        if (more) ++ms;  // a wait is rounded up, never down
    }
    return Duration(ms);
}

}  // namespace corps
