#pragma once

#include <corps/config/business_keys.hpp>
#include <corps/error/error.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace corps::detail {

CORPS_DECL void BusinessKeys::refuse(std::string_view key, std::string_view expected) const {
    Diagnostics d;
    d.place = std::string(place_);
    throw Error(Errc::config, "\"" + std::string(key) + "\": expected " + std::string(expected),
                std::move(d));
}

CORPS_DECL boost::json::value const* BusinessKeys::find(std::string_view key, bool credentials) const {
    boost::json::value const* const flat = keys_.if_contains(key);
    if (!credentials) return flat;
    boost::json::value const* const nested = keys_.if_contains("authConfig");
    if (nested == nullptr) return flat;
    if (!nested->is_object()) refuse("authConfig", "an object");
    boost::json::value const* const inner = nested->get_object().if_contains(key);
    if (inner != nullptr && flat != nullptr) refuse(key, "it once, under \"authConfig\" or beside it");
    return inner != nullptr ? inner : flat;
}

CORPS_DECL std::string BusinessKeys::credential(std::string_view key, bool orNumber) const {
    boost::json::value const* const v = find(key, true);
    if (v != nullptr && v->is_string() && !v->get_string().empty()) return std::string(v->get_string());
    if (v != nullptr && orNumber) {
        if (v->is_int64()) return std::to_string(v->get_int64());
        if (v->is_uint64()) return std::to_string(v->get_uint64());
    }
    refuse(key, orNumber ? "text that is not empty, or a whole number" : "text that is not empty");
}

CORPS_DECL Secret BusinessKeys::secret(std::string_view key) const {
    boost::json::value const* const v = find(key, true);
    if (v == nullptr || !v->is_string() || v->get_string().empty()) refuse(key, "text that is not empty");
    return Secret(std::string_view(v->get_string()));
}

CORPS_DECL Secret BusinessKeys::secretIfAny(std::string_view key) const {
    return find(key, true) == nullptr ? Secret() : secret(key);
}

CORPS_DECL std::string BusinessKeys::text(std::string_view key, std::string_view fallback) const {
    boost::json::value const* const v = find(key, false);
    if (v == nullptr) return std::string(fallback);
    if (!v->is_string()) refuse(key, "text");
    return std::string(v->get_string());
}

CORPS_DECL std::string BusinessKeys::baseUrl(std::string_view key, std::string_view fallback) const {
    std::string url = text(key, fallback);
    while (!url.empty() && url.back() == '/') url.pop_back();
    if (!url.empty() && !isBaseUrl(url)) {
        refuse(key, "https://host[:port][/path]; http:// is for 127.0.0.1, [::1] and localhost only");
    }
    if (url.empty() && !fallback.empty()) refuse(key, "https://host[:port][/path]");
    return url;
}

CORPS_DECL bool isBaseUrl(std::string_view url) noexcept {
    bool const secure = url.starts_with("https://");
    if (!secure && !url.starts_with("http://")) return false;
    url.remove_prefix(secure ? 8 : 7);
    for (char const c : url) {
        if (static_cast<unsigned char>(c) <= ' ' || c == '?' || c == '#' || c == '@' || c == '\\' ||
            c == '"' || c == 0x7F)
            return false;
    }
    std::string_view authority = url.substr(0, url.find('/'));
    std::string_view host = authority;
    std::string_view port;
    bool hasPort = false;
    if (authority.starts_with('[')) {
        std::size_t const close = authority.find(']');
        if (close == std::string_view::npos) return false;
        host = authority.substr(0, close + 1);
        if (close + 1 < authority.size()) {
            if (authority[close + 1] != ':') return false;
            hasPort = true;
            port = authority.substr(close + 2);
        }
    } else if (std::size_t const colon = authority.find(':'); colon != std::string_view::npos) {
        host = authority.substr(0, colon);
        hasPort = true;
        port = authority.substr(colon + 1);
    }
    if (host.empty()) return false;
    if (hasPort) {
        if (port.empty() || port.size() > 5) return false;
        unsigned number = 0;
        for (char const c : port) {
            if (c < '0' || c > '9') return false;
            number = number * 10 + static_cast<unsigned>(c - '0');
        }
        if (number == 0 || number > 65535) return false;
    }
    if (secure) return true;
    if (host == "localhost" || host == "[::1]") return true;
    if (!host.starts_with("127.")) return false;
    // All of 127.0.0.0/8, but not a name like 127.example.com.
    int dots = 0;
    for (std::size_t i = 0; i < host.size(); ++i) {
        if (host[i] == '.') {
            ++dots;
            if (i + 1 == host.size() || host[i + 1] == '.') return false;
        } else if (host[i] < '0' || host[i] > '9') {
            return false;
        }
    }
    return dots == 3;
}

}  // namespace corps::detail
