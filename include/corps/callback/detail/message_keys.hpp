// What WeCom and DingTalk are configured with alike.
#pragma once

#include <corps/callback/dialect.hpp>
#include <corps/callback/message_crypt.hpp>
#include <corps/error/error.hpp>

#include <chrono>
#include <optional>
#include <utility>

namespace corps::detail {

/** `callback`: {token, aesKey}, as WeCom and DingTalk have it. */
inline MessageCrypt messageCryptOf(CorpConfig const& config) {
    CallbackKeys const keys(config, "an object with the token and aesKey of the platform's console");
    Secret token = keys.secret("token");
    Secret const aesKey = keys.secret("aesKey");
    try {
        return MessageCrypt(std::move(token), aesKey);
    } catch (Error const&) {
        throw keys.errorAt("aesKey", "43 letters and digits");
    }
}

inline constexpr Duration kMessageWindow = std::chrono::hours(1);

inline std::optional<Duration> messageWindowOf(CorpConfig const& config) {
    return CallbackKeys(config, "an object").window(kMessageWindow);
}

}  // namespace corps::detail
