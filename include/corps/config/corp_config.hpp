#pragma once

#include <corps/detail/config.hpp>
#include <corps/error/error.hpp>

#include <boost/json/object.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps {

/** Whether a configuration key names a secret (appSecret, token, password, ...). ASCII case does not matter.
 */
[[nodiscard]] CORPS_DECL bool isSecretKey(std::string_view key) noexcept;

/** A copy in which the value of every secret key, at any depth, is "***". */
[[nodiscard]] CORPS_DECL boost::json::object maskSecrets(boost::json::object const& o);

/**
 * Credentials of a corp, value by key. Has no output operator and no view of everything at once, so that no
 * secret slips into a log.
 */
class AuthConfig {
public:
    AuthConfig() = default;
    explicit AuthConfig(boost::json::object values) : values_(std::move(values)) {}

    /** The value as text (a number is printed). Errors: Error(notFound) that names the key. */
    [[nodiscard]] CORPS_DECL std::string operator[](std::string_view key) const;
    [[nodiscard]] bool contains(std::string_view key) const {
        return values_.contains({key.data(), key.size()});
    }
    /** The keys, as configured. */
    [[nodiscard]] CORPS_DECL std::vector<std::string> keys() const;

private:
    boost::json::object values_;
};

/**
 * What one corp (or one auths.* element) is configured with: its e.json and its business file, or the same
 * made in code:
 *
 *     CorpConfig config("corps.MyFeishuCorp", "My Feishu Organization", {{"appId", "cli_1"}, {"appSecret",
 * secret}});
 */
class CorpConfig {
public:
    CORPS_DECL CorpConfig();
    /** @param name "corps.Name". @param heading the display name. @param businessKeys as in the business
     * file. */
    CORPS_DECL CorpConfig(std::string name, std::string heading, boost::json::object businessKeys = {});

    CORPS_DECL CorpConfig(CorpConfig const&);
    CORPS_DECL CorpConfig(CorpConfig&&) noexcept;
    CORPS_DECL CorpConfig& operator=(CorpConfig const&);
    CORPS_DECL CorpConfig& operator=(CorpConfig&&) noexcept;
    CORPS_DECL ~CorpConfig();

    std::string fullName;          ///< "corps.Name"
    std::string title;             ///< display name
    std::string type;              ///< "corps.FSInnerType"; may be empty in code
    boost::json::object element;   ///< e.json with every key it has; empty in code
    boost::json::object business;  ///< the business file, template variables replaced
    std::string elementFile;       ///< where element was read, for errors; empty in code
    std::string businessFile;      ///< where business was read, or would have been
    bool businessFound = true;     ///< false: that file does not exist
    /** The auths.* element that `authFullName` names, where a corp has one; null: none. */
    std::shared_ptr<CorpConfig const> auth;

    /**
     * The credentials: the object under `authConfig`, or the credential keys that stand flat in the business
     * file. Errors: Error(config) when both are used at once, or `authConfig` is no object of texts and
     * numbers.
     */
    [[nodiscard]] CORPS_DECL boost::json::object credentials() const;
    /** The same with those of the auths.* element; a key in both has the value of the corp. */
    [[nodiscard]] CORPS_DECL boost::json::object allCredentials() const;
    /** The business keys and credentials that are no secrets, flat: what a client is configured with. The
     * auths.* element says what the corp does not. */
    [[nodiscard]] CORPS_DECL boost::json::object settings() const;
    /** A text among the business keys, or, where the corp has none, of the auths.* element; empty: neither
     * has. */
    [[nodiscard]] CORPS_DECL std::string text(std::string_view key) const;

    /** Element and business file merged, with secrets masked; a key in both has the value of the element. */
    [[nodiscard]] CORPS_DECL boost::json::object publicData() const;

    /** What errors about business keys name: the file, or "configuration" for a corp made in code. */
    [[nodiscard]] CORPS_DECL std::string place() const;
    /** An Error(config) at a business key. @param expected what should be there. */
    [[nodiscard]] CORPS_DECL Error errorAt(std::string_view key, std::string const& expected) const;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/config/impl/corp_config.ipp>
#endif
