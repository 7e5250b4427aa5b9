#pragma once

#include <corps/config/corp_config.hpp>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <utility>

namespace corps {
namespace detail {

// Every platform's secrets, by the names its pages and the element files give them.
inline constexpr std::string_view kSecretKeys[] = {
    "appSecret",      "secret",
    "contactSecret",  "suiteSecret",
    "providerSecret", "corpSecret",
    "token",          "encodingAESKey",
    "aesKey",         "encryptKey",
    "password",       "permanentCode",
    "clientSecret",   "verificationToken",
    "suiteTicket",    "accessToken",
    "refreshToken",   "privateKey",
};

// What stands under `authConfig`, or flat beside the other keys.
inline constexpr std::string_view kCredentialKeys[] = {
    "appId",          "appSecret",     "appKey",         "corpId",        "agentId",
    "secret",         "contactSecret", "suiteId",        "suiteSecret",   "providerCorpId",
    "providerSecret", "token",         "encodingAESKey", "permanentCode",
};

// Where a platform is, and whom to trust there; never under `authConfig`.
inline bool isAddressKey(std::string_view key) noexcept {
    return key == "caFile" || key == "baseUrl" || key.ends_with("BaseUrl");
}

inline char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

inline bool sameIgnoringCase(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

inline bool isCredentialKey(std::string_view key) noexcept {
    for (std::string_view k : kCredentialKeys)
        if (k == key) return true;
    return false;
}

inline boost::json::string_view jsonKey(std::string_view key) noexcept { return {key.data(), key.size()}; }
inline std::string_view plainText(boost::json::string const& s) noexcept { return {s.data(), s.size()}; }
inline std::string_view plainText(boost::json::string_view s) noexcept { return {s.data(), s.size()}; }

inline void maskIn(boost::json::value& v) {
    if (auto* o = v.if_object()) {
        for (auto& entry : *o) {
            if (isSecretKey(plainText(entry.key())))
                entry.value() = "***";
            else
                maskIn(entry.value());
        }
    } else if (auto* a = v.if_array()) {
        for (auto& element : *a) maskIn(element);
    }
}

inline void dropSecrets(boost::json::value& v) {
    if (auto* o = v.if_object()) {
        for (auto it = o->begin(); it != o->end();) {
            if (isSecretKey(plainText(it->key()))) {
                it = o->erase(it);
            } else {
                dropSecrets(it->value());
                ++it;
            }
        }
    } else if (auto* a = v.if_array()) {
        for (auto& element : *a) dropSecrets(element);
    }
}

inline std::optional<std::string> integerText(boost::json::value const& v) {
    if (auto const* i = v.if_int64()) return std::to_string(*i);
    if (auto const* u = v.if_uint64()) return std::to_string(*u);
    return std::nullopt;
}

}  // namespace detail

CORPS_DECL bool isSecretKey(std::string_view key) noexcept {
    for (std::string_view k : detail::kSecretKeys)
        if (detail::sameIgnoringCase(k, key)) return true;
    return false;
}

CORPS_DECL boost::json::object maskSecrets(boost::json::object const& o) {
    boost::json::value copy(o);
    detail::maskIn(copy);
    return std::move(copy.get_object());
}

CORPS_DECL std::string AuthConfig::operator[](std::string_view key) const {
    auto const* v = values_.if_contains(detail::jsonKey(key));
    if (v == nullptr) {
        Diagnostics d;
        d.place = key;
        throw Error(Errc::notFound, "authConfig has no such key", std::move(d));
    }
    if (auto const* s = v->if_string()) return std::string(detail::plainText(*s));
    if (auto i = detail::integerText(*v)) return *i;
    return boost::json::serialize(*v);
}

CORPS_DECL std::vector<std::string> AuthConfig::keys() const {
    std::vector<std::string> out;
    for (auto const& entry : values_) out.emplace_back(detail::plainText(entry.key()));
    return out;
}

CORPS_DECL CorpConfig::CorpConfig() = default;
CORPS_DECL CorpConfig::CorpConfig(CorpConfig const&) = default;
CORPS_DECL CorpConfig::CorpConfig(CorpConfig&&) noexcept = default;
CORPS_DECL CorpConfig& CorpConfig::operator=(CorpConfig const&) = default;
CORPS_DECL CorpConfig& CorpConfig::operator=(CorpConfig&&) noexcept = default;
CORPS_DECL CorpConfig::~CorpConfig() = default;

CORPS_DECL CorpConfig::CorpConfig(std::string name, std::string heading, boost::json::object businessKeys)
    : fullName(std::move(name)), title(std::move(heading)), business(std::move(businessKeys)) {}

CORPS_DECL std::string CorpConfig::place() const {
    return businessFile.empty() ? "configuration" : businessFile;
}

CORPS_DECL Error CorpConfig::errorAt(std::string_view key, std::string const& expected) const {
    Diagnostics d;
    d.corp = fullName;
    d.place = place();
    if (!key.empty()) d.place += ": " + std::string(key);
    std::string text =
        key.empty() ? "expected " + expected : "`" + std::string(key) + "` must be " + expected;
    if (!businessFound) text += "; the file does not exist";
    return Error(Errc::config, std::move(text), std::move(d));
}

CORPS_DECL boost::json::object CorpConfig::credentials() const {
    boost::json::object out;
    auto const* nested = business.if_contains("authConfig");
    for (auto const& entry : business) {
        std::string_view const key = detail::plainText(entry.key());
        if (!detail::isCredentialKey(key)) continue;
        if (nested != nullptr)
            throw errorAt(key, "either here or under `authConfig`, not in both ways at once");
        out.insert_or_assign(entry.key(), entry.value());
    }
    if (nested != nullptr) {
        auto const* object = nested->if_object();
        if (object == nullptr) throw errorAt("authConfig", "an object with the credentials");
        out = *object;
    }
    for (auto const& entry : out) {
        std::string const key(detail::plainText(entry.key()));
        // Overlooked, it would send the secrets to another server than meant.
        if (nested != nullptr && detail::isAddressKey(key))
            throw errorAt("authConfig." + key, "beside `authConfig`, not in it");
        if (entry.value().is_string() || detail::integerText(entry.value())) continue;
        throw errorAt((nested != nullptr ? "authConfig." : "") + key,
                      key == "agentId" ? "a text or a whole number" : "a text");
    }
    return out;
}

CORPS_DECL boost::json::object CorpConfig::allCredentials() const {
    boost::json::object out = auth ? auth->credentials() : boost::json::object();
    for (auto const& entry : credentials()) out.insert_or_assign(entry.key(), entry.value());
    return out;
}

CORPS_DECL boost::json::object CorpConfig::settings() const {
    boost::json::value out(auth ? auth->settings() : boost::json::object());
    for (auto const& entry : business) out.get_object().insert_or_assign(entry.key(), entry.value());
    out.get_object().erase("authConfig");
    for (auto const& entry : credentials()) out.get_object().insert_or_assign(entry.key(), entry.value());
    detail::dropSecrets(out);
    return std::move(out.get_object());
}

CORPS_DECL std::string CorpConfig::text(std::string_view key) const {
    for (CorpConfig const* config : {this, auth.get()}) {
        if (config == nullptr) continue;
        auto const* const v = config->business.if_contains(detail::jsonKey(key));
        if (v != nullptr && v->is_string()) return std::string(detail::plainText(v->get_string()));
    }
    return {};
}

CORPS_DECL boost::json::object CorpConfig::publicData() const {
    boost::json::object out = business;
    for (auto const& entry : element) out.insert_or_assign(entry.key(), entry.value());
    out.insert_or_assign("title", title);
    out.insert_or_assign("fullName", fullName);
    if (!type.empty()) out.insert_or_assign("type", type);
    return maskSecrets(out);
}

}  // namespace corps
