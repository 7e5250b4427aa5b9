#pragma once

#include <corps/config/secret.hpp>
#include <corps/detail/config.hpp>

#include <boost/json/fwd.hpp>

#include <string>
#include <string_view>

namespace corps::detail {

/**
 * Reads business keys of an element. All throw Error(Errc::config) that names `place` (the file) and the key,
 * and what was expected; a value is never part of the message.
 *
 * Credentials stand under "authConfig" or flat beside the other keys; the same key in both is an error.
 */
class BusinessKeys {
public:
    /** Both must outlive this object. */
    BusinessKeys(boost::json::object const& keys, std::string_view place) : keys_(keys), place_(place) {}

    /** The text of a key that must be there and not empty. A number is taken as its text where `orNumber`. */
    [[nodiscard]] CORPS_DECL std::string credential(std::string_view key, bool orNumber = false) const;
    [[nodiscard]] CORPS_DECL Secret secret(std::string_view key) const;
    /** The same, empty when the key is absent. */
    [[nodiscard]] CORPS_DECL Secret secretIfAny(std::string_view key) const;
    /** The text of a key, or `fallback` when it is absent. */
    [[nodiscard]] CORPS_DECL std::string text(std::string_view key, std::string_view fallback) const;
    /** The address of a server without its last '/', or `fallback`. https only; http for loopback. */
    [[nodiscard]] CORPS_DECL std::string baseUrl(std::string_view key, std::string_view fallback) const;
    [[noreturn]] CORPS_DECL void refuse(std::string_view key, std::string_view expected) const;

private:
    [[nodiscard]] boost::json::value const* find(std::string_view key, bool credentials) const;

    boost::json::object const& keys_;
    std::string_view place_;
};

/** Whether `url` is https, or http to this very machine, with nothing after the path. */
[[nodiscard]] CORPS_DECL bool isBaseUrl(std::string_view url) noexcept;

}  // namespace corps::detail

#ifdef CORPS_HEADER_ONLY
#include <corps/config/impl/business_keys.ipp>
#endif
