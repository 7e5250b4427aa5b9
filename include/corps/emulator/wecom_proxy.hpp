#pragma once

#include <corps/crypto/cipher.hpp>
#include <corps/crypto/digest.hpp>
#include <corps/detail/config.hpp>
#include <corps/emulator/callbacks.hpp>
#include <corps/emulator/organisation.hpp>
#include <corps/emulator/server.hpp>
#include <corps/emulator/wecom.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace corps::emulator {

/** A template of the provider: what enterprises authorise. */
struct WeComSuite {
    std::string suiteId = "dk0123456789abcdef";  ///< `dk...`; any other stands for a third-party app
    std::string suiteSecret;                     ///< empty: any
    std::string token;                           ///< of its callbacks
    std::string encodingAESKey;                  ///< of its callbacks
    std::string name = "同步助手";
    bool online = true;  ///< else nobody can authorise it (842002)
};

/** Every permission that a provider may ask an enterprise for and that concerns the contacts. */
[[nodiscard]] CORPS_DECL std::vector<std::string> weComPermissions();

/** How the emulated platform answers a provider. All of it can be changed while the server runs. What is
 * inherited holds for each enterprise; `scope` is that of apps authorised from then on. Where nobody has
 * proved how WeCom answers, both ways are offered. */
struct WeComProxyBehaviour : WeComBehaviour {
    WeComProxyBehaviour() {
        maskParents = true;  // their ids need `corp_arch:base:base`
        openUserId = false;
        listIdCode = 60020;
        callbackIdsOnly = false;
    }

    // Of apps authorised from then on
    bool encryptedIds = true;  ///< ids of members and enterprises are this provider's own: `wo...`, `wp...`
    std::vector<std::string> permissions = weComPermissions();
    bool newAgentIds = true;  ///< who authorises again gets another agent id

    // Ids, records
    bool plainIds = false;          ///< where ids are encrypted, plaintext ids of members are understood, too
    std::uint32_t wrongIds = 0;     ///< so many that cannot be converted, and an enterprise's conversions are
                                    ///< refused for the day (45009); 0: any number
    bool namesAsIds = false;        ///< a name that is withheld comes as the id; else it is absent
    bool listDirectLeader = false;  ///< `direct_leader` comes in lists of members, too
    bool allTags = true;            ///< the app sees the enterprise's tags; else none

    // Tokens, secrets
    bool newSuiteTokens = false;         ///< each call gives another token, and the others live on
    bool oldSecretDies = true;           ///< at a reset; else when the new secret is fetched
    std::int64_t cancelledCode = 40084;  ///< to who names a permanent code that was cancelled
    std::int64_t corpTokenCode = 48002;  ///< of `get_corp_token` for a `dk...` template; 0: it gives a token
    std::int64_t corpTokenCallCode = 48002;    ///< of calls with such a token; 0: they work
    std::int64_t thirdPartyLoginCode = 48002;  ///< of `getuserinfo3rd` for such a template; 0: it works
    std::int64_t badProviderTokenCode = 40014;
    std::int64_t expiredProviderTokenCode = 42001;

    // Addresses. `publishedRates` counts 40,000 a minute and 1,200,000 an hour for an address and API.
    std::vector<std::string> ipWhitelist;    ///< of the provider; empty: any address (else 60020)
    std::uint32_t addressRatePerMinute = 0;  ///< calls of each API by an address; 0: no such limit

    // Licences
    bool licences = false;  ///< after the trial only who has a basic account can log in
    std::uint32_t trialDays = 90;
    std::vector<std::string> licensedMemberIds;  ///< in any enterprise
    bool autoActivate = true;                    ///< a login that names the app gives its member an account
    std::int64_t licenceReadCode = 0;            ///< not 0: so user/get refuses those without

    // Answers
    std::int64_t publishStatus = 2;  ///< `customized_publish_status`
    bool authUserInfo = true;        ///< who authorised is told
    bool dealer = false;             ///< the older answers name a dealer
    bool exNamesAsList = false;      ///< `corp_ex_name.name_list` is a list, as documented, not a text

    // Callbacks: who is named within the ciphertext: provider, suite, corp, openCorp or none
    std::string templateGetReceiver = "provider";
    std::string templatePostReceiver = "suite";
    std::string appGetReceiver = "provider";
    std::string appPostReceiver = "openCorp";
    bool repeatAuthCode = true;        ///< a further try of a callback carries the same code
    bool spaceBeforeInfoType = false;  ///< as an official sample has it
    bool subscribeEvents = true;       ///< apps hear of every member who comes into sight or gets out of it
    /** For an answer to an event of an authorisation; to others `callbackDeadline`. In real time. */
    std::chrono::milliseconds suiteDeadline{1000};

    // Logins of third-party apps and installations from a web page
    std::string loginCorpId;  ///< whose member logs in; empty: the first that has authorised
};

/** Where events go: `suite_ticket`, authorisations at the template's address; what changes in an enterprise,
 * in the manner of an enterprise's own app, at its app's. An empty `token` or `aesKey` is the template's. */
struct WeComProxyCallback : CallbackOptions {
    std::string suiteId;  ///< may be empty when there is one template
    /** Empty: the template's address. An enterprise: that of its app. `*`: that of the apps of all, of which
     * the first is asked; `$CORPID$` in the address is the id of each. */
    std::string corp;
};

struct WeComProxyOptions : ServerOptions {
    std::string providerCorpId = "wwprovider00000001";
    std::string providerSecret;  ///< empty: any
    /** Empty: one `dk...` template, which any suite id with any secret means, and any permanent code will do.
     * Tickets, codes and tokens have to be right all the same. */
    std::vector<WeComSuite> suites;
    /** Every enterprise has authorised every template when the server starts; else none any. */
    bool authorised = true;
    std::string trustedDomain;  ///< the host a login may lead to; empty: any
    WeComProxyBehaviour behaviour;

    std::chrono::seconds tokenLifetime{7200};  ///< of every kind of token
    std::chrono::seconds suiteTicketLifetime{1800};
    std::chrono::seconds suiteTicketInterval{600};  ///< 0: only when it is asked for
    std::chrono::seconds authCodeLifetime{600};
    std::chrono::seconds codeLifetime{300};
    std::chrono::seconds ticketLifetime{1800};  ///< of `user_ticket`
};

/** An app of the provider in an enterprise. */
struct WeComAuthorisation {
    std::string suiteId;
    std::string corpId;      ///< as in the organisation file
    std::string openCorpId;  ///< `wp...`
    std::string corpName;
    bool authorised = false;
    bool enabled = true;
    bool encryptedIds = true;
    std::int64_t agentId = 0;
    std::string permanentCode;  ///< the newest; empty before the first authorisation
    WeComContactScope range;
    std::vector<std::string> permissions;
};

/**
 * A server on this machine that answers a provider of WeCom (服务商代开发) as `qyapi.weixin.qq.com` does: the
 * provider's templates, and the contacts of the enterprises that have authorised them, told apart by token.
 *
 * Each enterprise is an organisation as `WeComServer` takes it, with a `corpId` of its own, whatever the case
 * of letters. An app sees of it what its range and its permissions let it see. The encrypted id of an
 * enterprise
 * (`wp...`) and of a member (`wo...`) follow from the provider's id and the plaintext id: they are the same
 * in every run.
 *
 * `setOrganisation` replaces the organisation of that `corpId`, `organisation()` is the first one's.
 *
 * Beside the control calls of every server, where `suiteId` may be left out when there is one template, and
 * `corp` is an id in either form, which may be left out when there is one enterprise:
 *
 *     GET|PUT /_emulator/org?corp=ID      one enterprise's organisation file; replace it
 *     GET     /_emulator/stats            has, beside the others, requests of each enterprise under `corps`
 *     GET     /_emulator/provider         the provider, its templates with their newest tickets, the
 * enterprises and their apps with agent ids, permanent codes, ranges and permissions POST /_emulator/ticket
 * {"suiteId"}: pushes a ticket now -> {"suiteTicket"};
 *                                         {"everySeconds": N}: from now on so often, 0: never
 *     POST    /_emulator/authorise        {"corp", "state"} -> {"authCode", "agentId"}: create_auth
 *     POST    /_emulator/range            {"corp", "all"} or {"corp", "deptIds", "memberIds", "tagIds"}:
 * change_auth POST    /_emulator/permissions      {"corp", "permissions": [...]}: change_auth POST
 * /_emulator/disable, enable  {"corp"}: change_auth POST    /_emulator/cancel           {"corp"}: cancel_auth
 *     POST    /_emulator/reset            {"corp"} -> {"authCode"}: reset_permanent_code
 *     POST    /_emulator/upgrade          {"corp"}: the app's ids are encrypted from now on
 *     GET     /_emulator/code?corp=ID&memberId=ID[&scope=snsapi_privateinfo][&service=true]
 *                                         {"code"}, as a login gives it to the app; `service`: to a
 * third-party app
 *
 * An address for events is named by POST /_emulator/callback with `url` and, as in WeComProxyCallback,
 * `suiteId`, `corp`, `token`, `aesKey`, `verify` and `connections`. A template's address gets suite_ticket
 * every ten minutes and create_auth, change_auth, cancel_auth and reset_permanent_code as they come to pass;
 * it has to answer `success`, to the latter within a second, and silence is tried three times.
 *
 * Exceptions  The constructor throws boost::system::system_error when it cannot listen or read the
 * certificate. What names an enterprise, template or member that is not there throws std::invalid_argument.
 * Cost        Memory as `Server` has it, for all enterprises together.
 */
class WeComProxyServer final : public Server {
public:
    /** @throws OrganisationError for an organisation that cannot be WeCom's, or two of one `corpId`. */
    CORPS_DECL WeComProxyServer(WeComProxyOptions options, std::vector<Organisation> organisations);

    CORPS_DECL void setBehaviour(WeComProxyBehaviour behaviour);
    [[nodiscard]] CORPS_DECL WeComProxyBehaviour behaviour() const;

    using Server::organisation;
    using Server::setOrganisation;
    /** Replaces one enterprise's organisation. @param corp In either form; the `corpId` of the new one does
     * not matter. @throws OrganisationError, std::invalid_argument */
    CORPS_DECL void setOrganisation(std::string_view corp, Organisation organisation);
    [[nodiscard]] CORPS_DECL Organisation organisation(std::string_view corp) const;

    /** `wp...` of an enterprise. */
    [[nodiscard]] CORPS_DECL std::string openCorpId(std::string_view corp) const;
    /** `wo...` of a member, by the id of the organisation file. */
    [[nodiscard]] CORPS_DECL std::string openUserId(std::string_view corp, std::string_view memberId) const;
    /** The id of a tag by that of the role; 0 for others. */
    [[nodiscard]] CORPS_DECL std::int64_t tagId(std::string_view corp, std::string_view roleId) const;

    // What the provider's and the enterprises' people do at their consoles. Everywhere `suiteId` may be empty
    // when there is one template. What changes something sends its callback.

    /** The newest ticket. */
    [[nodiscard]] CORPS_DECL std::string suiteTicket(std::string_view suiteId = {}) const;
    /** Makes another ticket and pushes it. */
    CORPS_DECL std::string pushTicket(std::string_view suiteId = {});
    /** By the server's clock; 0: no more. */
    CORPS_DECL void pushTicketEvery(std::chrono::seconds interval, std::string_view suiteId = {});

    /** An enterprise's administrator authorises the template. @param state Of the QR code. @return The code
     * to fetch the permanent code with: good once and for ten minutes. @throws std::invalid_argument when it
     * has done so already. */
    CORPS_DECL std::string authorise(std::string_view corp, std::string_view state = {},
                                     std::string_view suiteId = {});
    CORPS_DECL void setRange(std::string_view corp, WeComContactScope range, std::string_view suiteId = {});
    CORPS_DECL void setPermissions(std::string_view corp, std::vector<std::string> permissions,
                                   std::string_view suiteId = {});
    CORPS_DECL void disable(std::string_view corp, std::string_view suiteId = {});
    CORPS_DECL void enable(std::string_view corp, std::string_view suiteId = {});
    CORPS_DECL void cancel(std::string_view corp, std::string_view suiteId = {});
    /** Somebody asks for the secret again. @return As `authorise`. */
    CORPS_DECL std::string resetSecret(std::string_view corp, std::string_view suiteId = {});
    /** The app's ids are encrypted from now on. */
    CORPS_DECL void upgradeIds(std::string_view corp, std::string_view suiteId = {});
    /**
     * Names an address for events; it replaces the one that the same receiver had.
     *
     * Exceptions  CallbackError when it does not answer as it must, or when something in `callback` is wrong.
     * Threads     Any, but not one that the address needs to answer.
     */
    CORPS_DECL void setCallback(const WeComProxyCallback& callback);

    [[nodiscard]] CORPS_DECL WeComAuthorisation authorisation(std::string_view corp,
                                                              std::string_view suiteId = {}) const;

    /** A code as WeCom gives it to the app when a member logs in: good once and for five minutes.
     * @param privateInfo The member consents to `snsapi_privateinfo`. */
    [[nodiscard]] CORPS_DECL std::string loginCode(std::string_view corp, std::string_view memberId,
                                                   bool privateInfo = false, std::string_view suiteId = {});

private:
    class Impl;
    [[nodiscard]] CORPS_DECL Impl& impl() const noexcept;
};

}  // namespace corps::emulator

#ifdef CORPS_HEADER_ONLY
#include <corps/emulator/impl/wecom_proxy.ipp>
#endif
