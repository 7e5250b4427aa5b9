#pragma once

#include <corps/emulator/callbacks.hpp>
#include <corps/emulator/impl/callback_sender.hpp>
#include <corps/emulator/impl/json_reader.hpp>
#include <corps/emulator/impl/server_core.hpp>
#include <corps/error/error.hpp>
#include <corps/transport/detail/url.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/** @file What the events of all platforms have in common. */
namespace corps::emulator::detail {

/** An address with more in its query. */
inline std::string withQuery(std::string_view url, std::string_view query) {
    std::string out(url.substr(0, url.find('#')));
    out += out.find('?') == std::string::npos ? '?' : '&';
    out += query;
    return out;
}

/** Every try sends the bytes of the first. */
inline std::function<CallbackMessage(std::int64_t, CallbackSpoil)> sameEachTime(
    std::function<CallbackMessage(std::int64_t, CallbackSpoil)> write) {
    const auto first = std::make_shared<std::optional<CallbackMessage>>();
    return [write = std::move(write), first](std::int64_t nowMs, CallbackSpoil spoil) {
        if (!*first) {
            *first = write(nowMs, spoil);
        }
        return **first;
    };
}

/** Something else in place of a signature in hexadecimal digits. */
inline std::string wrongSignature(std::string signature) {
    if (!signature.empty()) {
        signature.front() = signature.front() == '0' ? '1' : '0';
    }
    return signature;
}

inline void readCallbackOptions(const ObjectReader<ControlError>& in, CallbackOptions& out) {
    std::int64_t connections = 1;
    in.read("url", out.url);
    in.read("token", out.token);
    in.read("aesKey", out.aesKey);
    in.read("verify", out.verify);
    in.read("connections", connections);
    if (connections < 1 || connections > 1000) {
        throw ControlError(in.at("connections"), "expected a number from 1 to 1000");
    }
    out.connections = static_cast<std::size_t>(connections);
}

/** @throws ControlError */
inline void requireUrl(const std::string& url) {
    try {
        static_cast<void>(corps::detail::parseUrl(url, "callback"));
    } catch (const corps::Error&) {
        throw ControlError("url", "expected an address that begins with http:// or https://");
    }
}

/** @throws ControlError when it is not so many letters and digits. */
inline void requireLetters(std::string_view where, std::string_view text, std::size_t least,
                           std::size_t most) {
    const bool fine = text.size() >= least && text.size() <= most &&
                      std::all_of(text.begin(), text.end(), corps::detail::isAlnumAscii);
    if (!fine) {
        std::string expected = "expected ";
        appendNumber(expected, least);
        if (most != least) {
            expected += " to ";
            appendNumber(expected, most);
        }
        throw ControlError(std::string(where), expected + " letters and digits");
    }
}

}  // namespace corps::emulator::detail
