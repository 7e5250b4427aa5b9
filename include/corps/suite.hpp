#pragma once

/**
 * @file
 * A service provider's side of WeCom: Suite. Needs OpenSSL (CMake: corps::crypto), for callbacks and for the
 * key of what the store keeps sealed (<corps/crypto/store_key.hpp>).
 */

#include <corps/client/task_group.hpp>
#include <corps/crypto/store_key.hpp>
#include <corps/storage/store.hpp>
#include <corps/suite/suite_core.hpp>
#include <corps/sync/mirror.hpp>
#include <corps/types.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps {

/** How the sync of one enterprise of a suite went. */
struct SuiteSync {
    SuiteCorp corp{};
    SyncReport report{};
    std::optional<Error> error{};  ///< why there is no report
};

/**
 * A suite of a service provider of WeCom, a template of proxy development (WeCom: document/path/97163), and
 * the enterprises that have authorised it. Takes the template's callbacks, exchanges codes, keeps tickets and
 * permanent codes, sealed, in the store, and opens the corp of each enterprise.
 *
 *     ContextOptions options;
 *     options.storeKey = storeKey(Secret(std::getenv("CORPS_STORE_KEY")));
 *     Context context(options);
 *     Suite<HttpsTransport, SqliteStorage> suite(app.element("auths.QywxProxyAuth"), context, transport,
 * store); suite.resume();
 *     // in your server, at the template's callback address:
 *     CallbackResponse answer = suite.handleCallback(request);
 *     // at any time:
 *     for (SuiteCorp const& c : suite.corps()) suite.open(c.corpId).syncCorp();
 *
 * A handle; copies are the same suite. While one lives, QywxProxyType::getAgentId of its Context asks it.
 * Directory work needs neither tickets nor the suite's token: where no ticket comes any more, enterprises
 * that have authorised are synced as before.
 *
 * Errors      config where the Context has no StoreKey, or another one than the store was sealed with; what
 * the transport, the platform or the store reports.
 * Threads     All members may be called from any thread. Plain forms wait, and are refused on the Context's
 * own thread; asyncX are to be awaited on a strand or a loop with one thread.
 */
template <class Transport, class Storage, class Records = StandardRecords>
class Suite {
public:
    /** The corp of an enterprise. */
    using CorpType = QywxProxyType<Transport, Storage, Records>;

    /**
     * Opens the suite's tables; sends nothing.
     * @param auth the auths.* element: keys suiteId, suiteSecret, token, encodingAESKey, providerCorpId, and
     * optional providerSecret, baseUrl, caFile.
     * Errors   Error(config) for a missing or wrong key; storage.
     */
    Suite(CorpConfig auth, Context context, Transport transport, Storage storage,
          SuiteOptions options = SuiteOptions())
        : auth_(std::make_shared<CorpConfig const>(std::move(auth))),
          transport_(std::move(transport)),
          storage_(std::move(storage)),
          core_(SuiteCore::make(SuiteConfig::fromConfig(*auth_), std::move(context),
                                std::make_shared<StoreOf<Storage>>(storage_),
                                std::make_shared<Wire<Transport>>(detail::trusting(transport_, *auth_)),
                                tablesOf<Records>(), options)) {}

    [[nodiscard]] std::string const& suiteId() const noexcept { return core_->config().suiteId; }
    /** "auths.Name" */
    [[nodiscard]] std::string const& fullName() const noexcept { return auth_->fullName; }
    [[nodiscard]] Context const& context() const noexcept { return core_->context(); }

    // --- callbacks ---

    /**
     * Answers a request to the template's callback address (WeCom: document/path/97172): verification of the
     * address, and the suite's events. Checks the signature in constant time before anything else, decrypts,
     * writes down what came, and answers; what an event asks of the platform is done afterwards, on the
     * Context. Events that come twice, late or in another order do no harm.
     *
     * Cost: one transaction of one row, so that what the platform was told "success" for outlives the
     * program. Where another program keeps the store locked for longer than the platform waits, it sends the
     * event again, which then does nothing more.
     *
     * @return status 200 with plain "success", or what the verification asks for; 403 for what the platform
     * did not send, 400 for what is malformed, 500 where the store or its key fails: the platform sends it
     * again. Exceptions  None beyond std::bad_alloc.
     */
    [[nodiscard]] CallbackResponse handleCallback(CallbackRequest const& request) {
        return core_->handleCallback(request);
    }
    /** Waits until what callbacks left to do is done, as far as it can be done now. */
    void drain() { context().run(SuiteCore::drain(core_)); }
    [[nodiscard]] asio::awaitable<void> asyncDrain() { return SuiteCore::drain(core_); }
    /** Begins, on the Context, what a program that ended early left to do: codes that were not exchanged,
     * enterprises that are to be erased. Call it once, where the program begins to take callbacks. */
    void resume() { core_->resume(); }
    /** Keeps a ticket that came in another way than by callback. False when a newer one is kept. */
    bool pushTicket(Secret const& ticket) {
        return core_->book().putTicket(ticket, context().clock().now().time_since_epoch().count());
    }
    /** How long ago the newest ticket came; nothing: none has. One is good for 30 minutes and comes every 10.
     */
    [[nodiscard]] std::optional<Duration> ticketAge() const {
        std::optional<std::int64_t> const at = core_->book().ticketReceivedAt();
        if (!at) return std::nullopt;
        return Duration(context().clock().now().time_since_epoch().count() - *at);
    }

    // --- enterprises ---

    /** Those that have authorised the suite, by corpId, as the store knows them now. */
    [[nodiscard]] std::vector<SuiteCorp> corps(bool cancelledToo = false) const {
        std::vector<SuiteCorp> out = core_->book().corps();
        if (!cancelledToo)
            std::erase_if(out, [](SuiteCorp const& c) { return c.status == SuiteCorpState::cancelled; });
        return out;
    }
    /** By its plain or its encrypted id. Errors: notFound. */
    [[nodiscard]] SuiteCorp corp(std::string_view corpId) const {
        std::optional<SuiteCorp> out = core_->book().find(corpId);
        if (!out) {
            Diagnostics d;
            d.corp = fullName();
            throw Error(Errc::notFound, "no enterprise of this id has authorised the suite", std::move(d));
        }
        return std::move(*out);
    }
    /** Calls `listener` when an enterprise authorises, changes or cancels, on the thread where that is seen.
     * It should return at once; what it throws is dropped. */
    [[nodiscard]] SuiteSubscription onEvent(SuiteListener listener) {
        return core_->onEvent(std::move(listener));
    }

    /**
     * Exchanges an authorisation code (of a create_auth or reset_permanent_code event, where no callback can
     * come), and asks what was granted. A code works once, for 10 minutes.
     * Errors   authRejected when the platform refuses it, or gives the suite no token.
     */
    SuiteCorp authorize(std::string authCode) {
        return context().run(SuiteCore::authorize(core_, std::move(authCode)));
    }
    [[nodiscard]] asio::awaitable<SuiteCorp> asyncAuthorize(std::string authCode) {
        return SuiteCore::authorize(core_, std::move(authCode));
    }
    /** Asks the platform again what an enterprise has granted, as its change_auth event does. Errors:
     * notFound; authRejected when the authorisation or its code is not good any more. */
    SuiteCorp refresh(std::string corpId) {
        return context().run(SuiteCore::refresh(core_, std::move(corpId)));
    }
    [[nodiscard]] asio::awaitable<SuiteCorp> asyncRefresh(std::string corpId) {
        return SuiteCore::refresh(core_, std::move(corpId));
    }
    /** The application's id in an enterprise; see QywxProxyType::getAgentId. */
    [[nodiscard]] std::string getAgentId(std::string corpId) {
        return context().run(core_->agentId(std::move(corpId)));
    }
    /** The encrypted id of an enterprise that is known by its plain one. Errors: config without
     * providerSecret; permissionDenied when it has not authorised. */
    [[nodiscard]] std::string openCorpId(std::string corpId) {
        return context().run(SuiteCore::openCorpId(core_, std::move(corpId)));
    }
    /** Any other call with the suite's token. @param path from "/cgi-bin/service/". */
    [[nodiscard]] boost::json::object post(std::string path, boost::json::object body) {
        return context().run(SuiteCore::post(core_, std::move(path), std::move(body), std::string()));
    }

    /** Any other call with the provider's token. Errors: config without providerSecret. */
    [[nodiscard]] boost::json::object postAsProvider(std::string path, boost::json::object body) {
        return context().run(
            SuiteCore::post(core_, std::move(path), std::move(body), std::string(SuiteCore::kProvider)));
    }

    /** What the corp of an enterprise is configured with: "corps.<suiteId>_<corpId>". Errors: notFound. */
    [[nodiscard]] CorpConfig configOf(std::string_view corpId) const {
        SuiteCorp const c = corp(corpId);
        boost::json::object keys;
        keys["corpId"] = c.corpId;
        keys["authFullName"] = auth_->fullName;
        CorpConfig out("corps." + suiteId() + "_" + c.corpId, c.corpName.empty() ? c.corpId : c.corpName,
                       std::move(keys));
        out.auth = auth_;
        return out;
    }
    /**
     * The corp of an enterprise, over the suite's transport and storage, under the name of configOf(); each
     * call makes a handle of its own, of the same stored organisation. Sends nothing.
     * Errors   notFound; storage.
     */
    [[nodiscard]] CorpType open(std::string_view corpId) const { return open(configOf(corpId)); }
    /** The same, configured as the caller wants it (another name, permanentCode, ...). */
    [[nodiscard]] CorpType open(CorpConfig config) const {
        if (!config.auth) config.auth = auth_;
        return CorpType(std::move(config), context(), transport_, storage_);
    }

    /**
     * Syncs all enterprises side by side; one that fails leaves the others alone.
     * @param atOnce so many at a time, at most.
     * @return by corpId, one for each enterprise that has not cancelled.
     */
    [[nodiscard]] std::vector<SuiteSync> syncAll(SyncOptions options = SyncOptions(), unsigned atOnce = 8) {
        return context().run(asyncSyncAll(options, atOnce));
    }
    [[nodiscard]] asio::awaitable<std::vector<SuiteSync>> asyncSyncAll(SyncOptions options = SyncOptions(),
                                                                       unsigned atOnce = 8) {
        return syncEach(*this, options, atOnce);
    }

    /**
     * Erases what is mirrored of an enterprise in any corp of the store that mirrors it for this suite; see
     * eraseCorp. What the suite knows of it stays. @return how many corps that were.
     * Errors   busy while one of them syncs.
     */
    std::size_t eraseMirrored(std::string_view corpId) { return core_->eraseMirrored(corpId); }

private:
    static asio::awaitable<void> syncOne(CorpType corp, SyncOptions options, SuiteSync* out) {
        try {
            out->report = co_await corp.asyncSyncCorp(options);
        } catch (Error const& e) {
            out->error.emplace(e);
        }
    }
    static asio::awaitable<void> openOne(Suite const* self, SyncOptions options, SuiteSync* out) {
        std::optional<CorpType> corp;
        try {
            corp.emplace(self->open(out->corp.corpId));
        } catch (Error const& e) {
            out->error.emplace(e);
        }
        if (corp) co_await syncOne(*corp, options, out);
    }
    static asio::awaitable<void> joinEach(Suite const* self, SyncOptions options, unsigned atOnce,
                                          asio::any_io_executor strand, std::vector<SuiteSync>* out) {
        TaskGroup group(strand, atOnce == 0 ? 1 : atOnce);
        for (SuiteSync& s : *out) {
            SuiteSync* const one = &s;
            group.add([self, options, one] { return openOne(self, options, one); });
        }
        co_await group.join();
    }
    static asio::awaitable<std::vector<SuiteSync>> syncEach(Suite self, SyncOptions options,
                                                            unsigned atOnce) {
        std::vector<SuiteSync> out;
        for (SuiteCorp& c : self.corps()) {
            out.emplace_back();
            out.back().corp = std::move(c);
        }
        asio::any_io_executor const executor = co_await asio::this_coro::executor;
        asio::any_io_executor const strand = asio::make_strand(executor);
        co_await asio::co_spawn(strand, joinEach(&self, options, atOnce, strand, &out), asio::use_awaitable);
        co_return out;
    }

    std::shared_ptr<CorpConfig const> auth_;
    Transport transport_;
    Storage storage_;
    std::shared_ptr<SuiteCore> core_;
};

}  // namespace corps
