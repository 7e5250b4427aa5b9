#pragma once

#include <corps/crypto/cipher.hpp>
#include <corps/crypto/digest.hpp>
#include <corps/detail/config.hpp>
#include <corps/emulator/callbacks.hpp>
#include <corps/emulator/organisation.hpp>
#include <corps/emulator/server.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corps::emulator {

/** What the administrator lets an app see of the contacts: all staff, or the named departments (with all
 * below), members and tags (with their departments and members). */
struct WeComContactScope {
    bool all = true;
    std::vector<std::string> deptIds;    ///< as in the organisation file, or "1"; unknown ones are ignored
    std::vector<std::string> memberIds;  ///< as in the organisation file; unknown ones are ignored
    std::vector<std::string> tagIds;     ///< role ids of the organisation file; unknown ones are ignored
};

/** An app that may ask for tokens, and the organisation's secret for its contacts. Either secret may be
 * empty: then it is not there. */
struct WeComCredentials {
    std::string corpId;
    std::int64_t agentId = 0;
    std::string secret;                      ///< of the app
    std::string contactSecret;               ///< of the contact sync assistant
    std::optional<WeComContactScope> scope;  ///< of this app; without it that of the behaviour
};

/** How the emulated platform answers. All of it can be changed while the server runs. Where nobody has proved
 * how WeCom answers, both ways are offered. */
struct WeComBehaviour {
    WeComContactScope scope;  ///< of every app that has none of its own
    /** Tags that departments carry: ids of departments by the id of the role, as in the organisation file. */
    std::map<std::string, std::vector<std::string>> tagDepts;
    /** Secrets taken for those of the contact sync assistant while any credentials are accepted. */
    std::vector<std::string> contactSecrets;
    /** The address that uses the contact secret is newer than 2022-08-15: it gets ids, and 48009 for more. */
    bool contactNewAddress = true;
    bool contactTagNames = true;  ///< members of tags come with their names for such an address, too
    bool appDisabled = false;     ///< no tokens (40001), and no calls with those there are (50003)
    std::int64_t agentId = 0;     ///< of every app while any credentials are accepted; 0: of what it asks for

    /** Calls of each API by each organisation in each second, in each minute; 0: no such limit. Refused with
     * 45009, and then for as long as the window is. */
    std::uint32_t ratePerSecond = 0;
    std::uint32_t ratePerMinute = 0;
    /** What WeCom publishes: 10,000 a minute and 150,000 an hour for an organisation and API, twice and four
     * times that for an address. */
    bool publishedRates = false;
    std::size_t concurrency = 0;     ///< more calls of an API at once are refused (45033); 0: any number
    std::uint32_t wrongSecrets = 0;  ///< so many, and the address gets no token for an hour; 0: any number
    std::chrono::milliseconds latency{0};  ///< every answer waits so long
    std::string deniedIp;                  ///< not empty: the app's address list lacks this caller (60020)
    bool deniedAtToken = false;            ///< that shows when a token is asked for already

    // Departments, members
    bool ignoreFetchChild = false;    ///< `fetch_child` has no effect
    std::int64_t fetchChildCode = 0;  ///< not 0: `fetch_child=1` is refused so
    std::size_t fetchChildRows = 0;   ///< more members than that below a department: 45029; 0: any number
    bool maskParents = false;         ///< a parent out of sight is told as 0
    std::optional<std::uint64_t> shuffle;  ///< lists come in an order drawn from this seed

    // user/list_id
    std::size_t listIdLimit = 10'000;  ///< when the call names none
    bool limitCountsMembers = false;   ///< `limit` counts members, not pairs of member and department
    bool shortPages = false;           ///< pages hold fewer pairs than asked for, though more follow
    std::size_t pageLimit = 0;         ///< pages hold at most so many pairs, though more follow; 0: as asked
    bool moreOnFullLastPage = false;   ///< a last page that is full promises more; then comes an empty one
    std::int64_t listIdCode = 48002;   ///< to an app that asks

    // Exports
    std::uint32_t exportPolls =
        2;                      ///< so many questions for the result find the job not started, then running
    bool exportFails = false;   ///< then it has failed
    bool exportNamed = true;    ///< members that may be seen in no department are among the exported
    bool exportBase64 = false;  ///< files are the text of Base64, not the bytes

    // Records
    bool newApp = true;  ///< the app is newer than 2022-06-20: it gets no phone, e-mail, gender, picture
    bool emptyFields = false;   ///< what is withheld so comes as "" (gender "0"); else it is absent
    bool thumbAvatar = false;   ///< such an app gets `thumb_avatar` all the same
    bool openUserId = true;     ///< `open_userid` comes, empty
    bool bizMail = false;       ///< people have an address `userid@corp.example.com`
    bool legacyFields = false;  ///< `enable`, `isleader`, `hide_mobile`, in lists `english_name`, as once
    std::string jobNumberName = "工号";  ///< the attribute that holds job numbers; empty: there is none
    bool filterTagDepts = false;         ///< `partylist` of a tag holds only what the app may see
    bool omitErrcode = false;            ///< successes say neither `errcode` nor `errmsg`

    // Errors
    std::int64_t unknownUserCode = 60111;
    std::int64_t invisibleUserCode = 60011;
    std::int64_t unknownDeptCode = 60003;
    std::int64_t invisibleDeptCode = 60011;
    std::int64_t expiredTokenCode = 42001;
    bool distinctCodeErrors = false;  ///< 42003 and 42022 for login codes that are old or used, not 40029

    // Tokens and login
    bool newTokens = false;           ///< each call gives a new token, and the others live on
    bool wholeLifetime = false;       ///< a token that is told again is told to live as long again
    std::string loginMemberId;        ///< who logs in at the pages; empty: the first administrator, else the
                                      ///< first member
    std::string loginOpenId;          ///< not empty: an outsider with this `openid` logs in
    std::string loginExternalUserId;  ///< that one's `external_userid`, where known
    std::string loginLinkedId;        ///< not empty: somebody of a linked organisation, as `CorpId/userid`
    bool denyLogin = false;           ///< that person does not consent
    /** What members show to apps that ask for it (`snsapi_privateinfo`). */
    std::vector<std::string> privateFields{"gender", "avatar",   "qr_code", "mobile",
                                           "email",  "biz_mail", "address"};
    std::vector<std::string> unboundMemberIds;  ///< members without WeChat: 43004 instead of an openid

    // Events
    /** The contact sync assistant's address was named after 2022-08-15: events hold ids, and changes of
     * nothing else make none. */
    bool callbackIdsOnly = true;
    bool appContactEvents = false;  ///< contact events go to addresses of apps, too, as far as they can see
    std::chrono::milliseconds callbackDeadline{5000};      ///< for an answer, in real time
    std::chrono::milliseconds verificationDeadline{1000};  ///< for that to the first question
    std::uint32_t callbackTries = 3;                       ///< in all, and only for want of an answer
    std::chrono::milliseconds callbackRetryWait{1000};     ///< before each further try, by the server's clock
    bool freshTries = true;  ///< each try has a nonce, a time and a ciphertext of its own
};

/** Where events go. The address of an app hears of people who come into its sight or get out of it, and of
 * exports; that of the contact sync assistant of all changes to the contacts. `token` has 1 to 32 letters and
 * digits, `aesKey` 43. */
struct WeComCallback : CallbackOptions {
    std::int64_t agentId = 0;  ///< the app; 0: the contact sync assistant
    std::string corpId;        ///< empty: that of the credentials, or else that of the organisation
};

struct WeComOptions : ServerOptions {
    /** The apps that exist. Empty: any organisation id with any secret. */
    std::vector<WeComCredentials> credentials;
    std::string trustedDomain;  ///< the host a login may lead to; empty: any
    WeComBehaviour behaviour;

    std::chrono::seconds tokenLifetime{7200};
    std::chrono::seconds codeLifetime{300};
    std::chrono::seconds ticketLifetime{1800};
    std::chrono::seconds cursorLifetime{3600};
};

/**
 * A server on this machine that answers as WeCom does: `qyapi.weixin.qq.com` and the hosts of its login
 * pages, told apart by path.
 *
 * `memberId` and `deptId` of the organisation are WeCom's `userid` and department id, so department ids must
 * be whole numbers of 32 bits, written plainly, and member ids 1 to 64 letters, digits, `_-@.`, different
 * whatever the case of letters; the root is `1` whatever the file calls it. Roles are tags; ids that are no
 * numbers become some. An order becomes one of WeCom's, large ones first, beyond 31 bits.
 *
 * Beside the control calls of every server:
 *
 *     GET /_emulator/code?memberId=ID[&agentId=N][&scope=snsapi_privateinfo]
 *         {"code": "..."}, as a login gives it to the app
 *     POST /_emulator/rename     {"from": ID, "to": ID}: another userid for a member
 *
 * An address for events is named with `url`, `token`, `aesKey` and, for that of an app, `agentId`; `corpId`
 * and `connections` may say more, and with `"verify": false` it is not asked.
 *
 * Exceptions  The constructor throws boost::system::system_error when it cannot listen or read the
 * certificate.
 */
class WeComServer final : public Server {
public:
    /** Serves an empty organisation, nothing but a root, until told otherwise. */
    CORPS_DECL explicit WeComServer(WeComOptions options = {});
    /** Serves this organisation from the first request on. @throws OrganisationError */
    CORPS_DECL WeComServer(WeComOptions options, Organisation organisation);

    CORPS_DECL void setBehaviour(WeComBehaviour behaviour);
    [[nodiscard]] CORPS_DECL WeComBehaviour behaviour() const;

    /**
     * A code as WeCom gives it when a member logs in: good once and for five minutes.
     *
     * @param agentId     The app it is for; 0: any.
     * @param privateInfo The member consents to `snsapi_privateinfo`.
     */
    [[nodiscard]] CORPS_DECL std::string loginCode(std::string_view memberId, std::int64_t agentId = 0,
                                                   bool privateInfo = false);

    /**
     * Names an address for events; it replaces the one that the same receiver had.
     *
     * Exceptions  CallbackError when it does not answer as it must, or when something in `callback` is wrong.
     * Threads     Any, but not one that the address needs to answer.
     */
    CORPS_DECL void setCallback(const WeComCallback& callback);

    /** Gives a member another `userid`, as WeCom does: the same person. @throws OrganisationError */
    CORPS_DECL void renameMember(std::string_view from, std::string_view to);

    /** The id of a tag by that of the role in the present organisation; 0 for others. */
    [[nodiscard]] CORPS_DECL std::int64_t tagId(std::string_view roleId) const;

private:
    class Impl;
    [[nodiscard]] CORPS_DECL Impl& impl() const noexcept;
};

}  // namespace corps::emulator

#ifdef CORPS_HEADER_ONLY
#include <corps/emulator/impl/wecom.ipp>
#endif
