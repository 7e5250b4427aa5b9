#pragma once

#include <corps/detail/config.hpp>
#include <corps/emulator/callbacks.hpp>
#include <corps/emulator/organisation.hpp>
#include <corps/emulator/server.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corps::emulator {

/** An app that may ask for tokens. */
struct DingTalkCredentials {
    std::string appKey;
    std::string appSecret;
};

/** What the administrator lets the app see of the contacts: all staff, or the named departments (with all
 * below) and members. */
struct DingTalkContactScope {
    bool all = true;
    std::vector<std::string> deptIds;    ///< as in the organisation file, or "1"; unknown ones are ignored
    std::vector<std::string> memberIds;  ///< as in the organisation file; unknown ones are ignored
};

/** Every permission point and field the emulator looks at: what an app has unless told otherwise. The points
 * of Smart HR and of the historic contacts API, which a new app does not get, are not among them:
 * `qyapi_hrm_read_user`, `historic_contacts`. */
[[nodiscard]] CORPS_DECL std::vector<std::string> dingtalkPermissions();

/** How the emulated platform answers. All of it can be changed while the server runs. Where nobody has proved
 * how DingTalk answers, both ways are offered. */
struct DingTalkBehaviour {
    /** Permission points (`qyapi_get_member`, `Contact.User.Read`, ...) and the fields `fieldMobile` and
     * `fieldEmail`. */
    std::vector<std::string> permissions = dingtalkPermissions();
    bool permissionNeedsNewToken = false;  ///< a point granted later works with tokens issued after that only
    DingTalkContactScope scope;

    /** Calls of each API by each app in each second of the clock; 0: no such limit. Refused with 90018. */
    std::uint32_t ratePerSecond = 0;
    /** What DingTalk publishes or was seen to do: 20 a second for an app and API, 1200 a second for an API
     * (90002), and an address that calls 10,000 times in 20 seconds is shut out for five minutes. */
    bool publishedRates = false;
    std::chrono::milliseconds latency{0};  ///< every answer waits so long
    std::string deniedIp;                  ///< not empty: the app's address list lacks this caller (60020)

    // Lists
    bool omitEmptyLists = false;        ///< an empty `result` or `list` is left out
    bool moreOnFullLastPage = false;    ///< a last page that is full promises more; then comes an empty one
    bool cursorOnLastPage = false;      ///< the last page has a `next_cursor` all the same
    bool opaqueCursors = false;         ///< cursors of members are no offsets
    bool shortPages = false;            ///< pages hold fewer items than asked for, though more follow
    std::size_t pageLimit = 0;          ///< pages hold at most so many items, though more follow; 0: as asked
    std::int64_t oversizeCode = 40035;  ///< a page of members larger than 100 is refused so
    bool countRoles = false;            ///< `offset` and `size` of the role list count roles, not groups
    bool roleNextCursor = false;        ///< lists of roles and of their members have a `nextCursor`
    std::optional<std::uint64_t> shuffle;  ///< lists come in an order drawn from this seed

    // Records
    bool emptyFields = false;  ///< fields without a value come as "", withheld ones too; else they are absent
    bool memberCounts = true;  ///< departments tell how many people they have
    bool permitLists = true;   ///< `dept_permits` and such come, empty, though nothing is hidden
    bool positionLists = false;   ///< `dept_position_list`: positions by department, with the main one
    bool rootHasOwnName = false;  ///< the root is called as in the file, not by the organisation's name
    bool defaultRoles = true;     ///< the group of roles that every organisation has
    bool orgMail = false;         ///< people with an e-mail address have an `org_email` too
    std::vector<std::string> hiddenDeptIds;  ///< departments hidden from colleagues
    bool withholdHidden = false;             ///< those are not listed
    /** Members with restricted access: listed only for who sets `contain_access_limit`. */
    std::vector<std::string> restrictedMemberIds;
    bool escapeSlashes = false;  ///< `/` is written `\/`

    // Errors
    std::int64_t unknownUserCode = 60121;    ///< or 33012, which is documented
    std::int64_t unknownMobileCode = 40104;  ///< or 60121
    std::int64_t expiredTokenCode = 40014;   ///< or 42001, which is documented
    int badLoginCodeStatus = 400;            ///< HTTP status for a login code that is not good
    int unknownPathStatus = 404;             ///< HTTP status for unknown paths below /v1.0/

    // Tokens and login
    bool separateTokens = false;  ///< each of the three token calls has a token of its own
    std::string loginMemberId;    ///< who logs in at the authorize page; empty: the first administrator, else
                                  ///< the first member
    std::string loginUnionId;     ///< not empty: somebody with this union id logs in, member or not
    bool denyLogin = false;       ///< that person refuses
    std::vector<std::string> externalUnionIds;  ///< external contacts of the organisation

    // Organisation
    std::int64_t authLevel = 1;     ///< 0: not authenticated; only the name is told
    bool hrmOpen = true;            ///< the organisation has opened Smart HR
    std::string hrSeparator = ",";  ///< between the departments of a roster value

    // Events
    std::chrono::milliseconds callbackDeadline{
        1500};                    ///< for an answer, in real time; a newer page says 2500
    bool capturedEvents = false;  ///< events as they were seen from 2019 to 2022, not as they are documented
    std::vector<std::string> signatureNames{"signature", "msg_signature"};  ///< in the query
    bool freshTries = true;      ///< each try has a nonce, a time and a ciphertext of its own
    bool groupedEvents = false;  ///< one event for all people or departments that a change added or took away
    bool modifyAfterAdd = true;  ///< who joins makes a `user_modify_org`, too
    bool diffInfo = true;        ///< `user_modify_org` tells what the data were and are
    bool eventsOutsideScope = true;       ///< what the app may not see makes events, too
    std::string removeAction = "remove";  ///< of `label_user_change` when somebody loses a role
    std::chrono::milliseconds failedListDelay{
        180'000};                   ///< until a failed event can be read, by the server's clock
    bool newCallbackCodes = false;  ///< 400040 to 400054 where there are 71006 to 71013, too
};

/** Where events go. `token` has 3 to 63 letters and digits, `aesKey` 43. */
struct DingTalkCallback : CallbackOptions {
    std::string
        appKey;  ///< whose events; empty: of the first credentials, or else of who asked for a token last
    bool corpIdOwns = false;  ///< the id of the organisation ends what is encrypted, not the key of the app
    std::vector<std::string> tags;  ///< the events wanted; none: all of them
};

struct DingTalkOptions : ServerOptions {
    /** The apps that exist. Empty: any app key with any secret. */
    std::vector<DingTalkCredentials> credentials;
    std::vector<std::string> redirectUris;  ///< where a login may lead; empty: anywhere
    DingTalkBehaviour behaviour;

    std::chrono::seconds tokenLifetime{7200};
    std::chrono::seconds codeLifetime{300};
};

/**
 * A server on this machine that answers as the DingTalk open platform does: `oapi.dingtalk.com`,
 * `api.dingtalk.com` and `login.dingtalk.com`, told apart by path.
 *
 * `memberId` and `deptId` of the organisation are DingTalk's `userid` and `dept_id`, so department ids must
 * be whole numbers, written plainly; the root is `1` whatever the file calls it. Ids of roles and their
 * groups that are no numbers become some. Union ids are the file's or derived from the organisation. An order
 * becomes one of DingTalk's, large ones first, beyond what a double holds.
 *
 * The clock of the options tells the time since 1970. Beside the control calls of every server:
 *
 *     GET /_emulator/code?memberId=ID[&appKey=KEY]   {"code": "..."}, as the workbench would give it to the
 * app
 *
 * An address for events is named with `url`, `token`, `aesKey`, `appKey`, `corpIdOwns`, `tags` and
 * `connections`; with
 * `"verify": false` it is not asked. The calls under /call_back/ name one, too; an app has one address. What
 * is not accepted is tried again after 10 and 30 seconds and can be read with get_call_back_failed_result
 * then.
 *
 * Exceptions  The constructor throws boost::system::system_error when it cannot listen or read the
 * certificate.
 */
class DingTalkServer final : public Server {
public:
    /** Serves an empty organisation, nothing but a root, until told otherwise. */
    CORPS_DECL explicit DingTalkServer(DingTalkOptions options = {});
    /** Serves this organisation from the first request on. @throws OrganisationError */
    CORPS_DECL DingTalkServer(DingTalkOptions options, Organisation organisation);

    CORPS_DECL void setBehaviour(DingTalkBehaviour behaviour);
    [[nodiscard]] CORPS_DECL DingTalkBehaviour behaviour() const;

    /**
     * Names an address for the events of an app; it replaces the one there was.
     *
     * Exceptions  CallbackError when it does not answer as it must, or when something in `callback` is wrong.
     * Threads     Any, but not one that the address needs to answer.
     */
    CORPS_DECL void setCallback(const DingTalkCallback& callback);

    /** A code as DingTalk gives it to an app that a member opens: good once and for five minutes. */
    [[nodiscard]] CORPS_DECL std::string workbenchCode(std::string_view appKey, std::string_view memberId);

    /** The `unionid` of a member of the present organisation; empty for others. */
    [[nodiscard]] CORPS_DECL std::string unionId(std::string_view memberId) const;
    /** The id of a role of the present organisation; 0 for others. */
    [[nodiscard]] CORPS_DECL std::int64_t roleId(std::string_view roleId) const;
    /** The id of a role group of the present organisation; 0 for others. */
    [[nodiscard]] CORPS_DECL std::int64_t roleGroupId(std::string_view roleGroupId) const;

private:
    class Impl;
    [[nodiscard]] CORPS_DECL Impl& impl() const noexcept;
};

}  // namespace corps::emulator

#ifdef CORPS_HEADER_ONLY
#include <corps/emulator/impl/dingtalk.ipp>
#endif
