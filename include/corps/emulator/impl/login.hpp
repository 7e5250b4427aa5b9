#pragma once

#include <corps/emulator/http_server.hpp>
#include <corps/emulator/impl/text.hpp>
#include <corps/emulator/organisation.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/** @file What the logins of all platforms have in common. */
namespace corps::emulator::detail {

/** A text of hexadecimal digits after a prefix, another one with each call. */
inline std::string makeToken(std::string_view secret, std::uint64_t& issued, std::string_view prefix,
                             std::size_t digits) {
    std::string out;
    while (out.size() < digits) {
        appendHex(out, Hash128("token").add(secret).add(++issued).id());
    }
    out.resize(digits);
    return std::string(prefix) + out;
}

/** Whether a login may lead there: the address is registered, or any is when none is registered. */
inline bool mayLeadTo(std::string_view redirect, std::span<const std::string> registered) {
    // A line break would end the header that carries it.
    return !redirect.empty() &&
           (registered.empty() ||
            std::find(registered.begin(), registered.end(), redirect) != registered.end()) &&
           std::none_of(redirect.begin(), redirect.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x21; });
}

/** Where the browser is sent: the address with what came of the login, and the state, in its query. */
inline std::string redirectTo(std::string_view redirect, std::string result, const HttpRequest& request) {
    if (request.hasParameter("state")) {
        result += "&state=" + percentEncode(request.parameter("state"));
    }
    const auto hash = std::min(redirect.find('#'), redirect.size());
    std::string out(redirect.substr(0, hash));
    out += out.find('?') == std::string::npos ? '?' : '&';
    out += result;
    out += redirect.substr(hash);
    return out;
}

/** Who logs in: the named member, else the first administrator, else the first member; empty when there is
 * nobody. */
inline std::string whoLogsIn(const Organisation& organisation, const std::string& named) {
    if (named.empty() && !organisation.adminIds.empty()) {
        return organisation.adminIds.front();
    }
    return named.empty() && !organisation.userList.empty() ? organisation.userList.front().memberId : named;
}

}  // namespace corps::emulator::detail
