#pragma once

#include <corps/detail/config.hpp>
#include <corps/emulator/callbacks.hpp>
#include <corps/emulator/organisation.hpp>
#include <corps/emulator/server.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corps::emulator {

/** An app that may ask for tokens. */
struct FeishuCredentials {
    std::string appId;
    std::string appSecret;
};

/** What the app may see of the contacts: everything, or the named departments (with all below) and members.
 */
struct FeishuContactRange {
    bool all = true;
    std::vector<std::string> deptIds;    ///< as in the organisation file; unknown ones are ignored
    std::vector<std::string> memberIds;  ///< as in the organisation file; unknown ones are ignored
    std::vector<std::string>
        groupIds;  ///< user groups: named in the range, otherwise unknown to the emulator
};

/** Every scope the emulator looks at, legacy ones left out: what an app has unless told otherwise. */
[[nodiscard]] CORPS_DECL std::vector<std::string> feishuScopes();

/** How the emulated platform answers. All of it can be changed while the server runs. */
struct FeishuBehaviour {
    /** API and field scopes granted to the app. */
    std::vector<std::string> scopes = feishuScopes();
    FeishuContactRange range;

    /** Calls a second for each API and app; 0: no such limit. */
    std::uint32_t ratePerSecond = 0;
    /** The limits that Feishu publishes: 1000 a minute and 50 a second for most, 100 or 10 a minute for some.
     */
    bool publishedRates = false;
    std::chrono::milliseconds latency{0};  ///< every answer waits so long

    /** Departments below which a recursive listing is refused with 43010; 0: never. */
    std::size_t recursionLimit = 0;
    bool omitEmptyItems = false;   ///< an empty list comes without its key
    bool tokenOnLastPage = false;  ///< `has_more` false comes with a `page_token` all the same
    std::size_t pageLimit = 0;     ///< pages hold at most so many items, though more follow; 0: as asked for
    bool shortPages = false;       ///< pages hold fewer items than asked for, though more follow
    bool parentsAfterChildren = false;     ///< recursive listings name a department after those below it
    std::optional<std::uint64_t> shuffle;  ///< lists come in an order drawn from this seed
    bool rootMembersHaveNoDept =
        false;                         ///< the root is left out of `department_ids`, `[]` in place of `["0"]`
    bool hideDeptsOutOfRange = false;  ///< `department_ids` and `orders` name only departments in range
    bool countOutsideLeaders = true;   ///< `member_count` counts leaders who are not members
    bool mobileWithCountryCode = false;  ///< mainland numbers keep their +86

    std::string loginMemberId;  ///< who logs in at the authorize page; empty: the first administrator, else
                                ///< the first member
    bool denyLogin = false;     ///< that person refuses

    // Events
    std::chrono::milliseconds callbackDeadline{3000};      ///< for an answer, in real time
    std::chrono::milliseconds verificationDeadline{1000};  ///< for that to the challenge
    bool signUnencrypted = true;  ///< without an Encrypt Key the headers of the signature come all the same
    bool freshTries =
        true;  ///< each try has a nonce, a time and a ciphertext of its own; the event stays the same
    bool oldUserWhole = false;         ///< `old_object` of a changed user has what did not change, too
    bool eventsOfHiddenFields = true;  ///< a change of fields that the app may not see is an event as well
};

/**
 * Where events go. `token` is the Verification Token, `aesKey` the Encrypt Key; either may be empty, as the
 * platform allows it: without the key events are not encrypted.
 */
struct FeishuCallback : CallbackOptions {
    std::string
        appId;  ///< whose events; empty: of the first credentials, or else of who asked for a token last
};

struct FeishuOptions : ServerOptions {
    /** The apps that exist. Empty: any app id with any secret. */
    std::vector<FeishuCredentials> credentials;
    std::vector<std::string> redirectUris;  ///< where a login may lead; empty: anywhere
    FeishuBehaviour behaviour;

    std::chrono::seconds tokenLifetime{7200};
    std::chrono::seconds tokenRenewal{1800};  ///< a token that lives at least so long is handed out again
    std::chrono::seconds pageTokenLifetime{7200};
};

/**
 * A server on this machine that answers as the Feishu open platform does: tokens, contacts, functional roles,
 * tenant name and login.
 *
 * `memberId` and `deptId` of the organisation are Feishu's `user_id` and `department_id`; the root is `0`;
 * open ids are derived from them and the app id, union ids are the file's or derived from the tenant.
 *
 * A change of the organisation makes events of version 2.0 for the apps that have an address, of what is in
 * their contact range; another contact range makes `contact.scope.updated_v3`. An address is named with
 * `url`, `verificationToken`, `encryptKey` (or `token`, `aesKey`), `appId` and `connections`; with `"verify":
 * false` it is not asked. What is not accepted is tried again after 15 seconds, 5 minutes, 1 hour and 6
 * hours.
 *
 * Exceptions  The constructor throws boost::system::system_error when it cannot listen or read the
 * certificate.
 */
class FeishuServer final : public Server {
public:
    /** Serves an empty organisation, nothing but a root, until told otherwise. */
    CORPS_DECL explicit FeishuServer(FeishuOptions options = {});
    /** Serves this organisation from the first request on. @throws OrganisationError */
    CORPS_DECL FeishuServer(FeishuOptions options, Organisation organisation);

    CORPS_DECL void setBehaviour(FeishuBehaviour behaviour);
    [[nodiscard]] CORPS_DECL FeishuBehaviour behaviour() const;

    /**
     * Names an address for the events of an app; it replaces the one there was.
     *
     * Exceptions  CallbackError when it does not answer as it must, or when something in `callback` is wrong.
     * Threads     Any, but not one that the address needs to answer.
     */
    CORPS_DECL void setCallback(const FeishuCallback& callback);

    /** The `open_id` that the app sees for a member. */
    [[nodiscard]] CORPS_DECL std::string openUserId(std::string_view appId, std::string_view memberId) const;
    /** The `union_id` of a member of the present organisation; empty for others. */
    [[nodiscard]] CORPS_DECL std::string unionId(std::string_view memberId) const;
    /** The `open_department_id` that the app sees; `0` for the root. */
    [[nodiscard]] CORPS_DECL std::string openDepartmentId(std::string_view appId,
                                                          std::string_view deptId) const;

private:
    class Impl;
    [[nodiscard]] CORPS_DECL Impl& impl() const noexcept;
};

}  // namespace corps::emulator

#ifdef CORPS_HEADER_ONLY
#include <corps/emulator/impl/feishu.ipp>
#endif
