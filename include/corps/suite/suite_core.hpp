// What stands behind a Suite and needs no template: shared by its copies, and by work that still runs.
#pragma once

#include <corps/callback/message_crypt.hpp>
#include <corps/callback/request.hpp>
#include <corps/client/caller.hpp>
#include <corps/client/suite_agents.hpp>
#include <corps/config/secret.hpp>
#include <corps/context/context.hpp>
#include <corps/context/detail/event.hpp>
#include <corps/detail/config.hpp>
#include <corps/model/record_tables.hpp>
#include <corps/storage/store.hpp>
#include <corps/suite/suite_book.hpp>
#include <corps/suite/suite_config.hpp>
#include <corps/suite/suite_events.hpp>
#include <corps/transport/channel.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#define CORPS_INCLUDED_SUITE 1

namespace corps {

/** See Suite; coroutines are given this as a shared pointer, so that they may outlive the Suite. */
class SuiteCore final : public SuiteAgents, public std::enable_shared_from_this<SuiteCore> {
public:
    [[nodiscard]] CORPS_DECL static std::shared_ptr<SuiteCore> make(SuiteConfig config, Context context,
                                                                    std::shared_ptr<Store> store,
                                                                    std::shared_ptr<Channel> wire,
                                                                    RecordTables const& tables,
                                                                    SuiteOptions options);
    SuiteCore(SuiteCore const&) = delete;
    SuiteCore& operator=(SuiteCore const&) = delete;
    CORPS_DECL ~SuiteCore() override;

    [[nodiscard]] SuiteConfig const& config() const noexcept { return config_; }
    [[nodiscard]] Context const& context() const noexcept { return context_; }
    [[nodiscard]] SuiteBook& book() noexcept { return book_; }

    [[nodiscard]] CORPS_DECL CallbackResponse handleCallback(CallbackRequest const& request);
    [[nodiscard]] CORPS_DECL SuiteSubscription onEvent(SuiteListener listener);

    [[nodiscard]] CORPS_DECL static asio::awaitable<SuiteCorp> authorize(std::shared_ptr<SuiteCore> self,
                                                                         std::string authCode);
    [[nodiscard]] CORPS_DECL static asio::awaitable<SuiteCorp> refresh(std::shared_ptr<SuiteCore> self,
                                                                       std::string corpId);
    /** What callbacks left to do is done when it returns, as far as it can be now. */
    [[nodiscard]] CORPS_DECL static asio::awaitable<void> drain(std::shared_ptr<SuiteCore> self);
    /** Begins what an earlier program left to do. */
    CORPS_DECL void resume();
    [[nodiscard]] CORPS_DECL static asio::awaitable<std::string> openCorpId(std::shared_ptr<SuiteCore> self,
                                                                            std::string corpId);
    [[nodiscard]] CORPS_DECL static asio::awaitable<boost::json::object> post(std::shared_ptr<SuiteCore> self,
                                                                              std::string path,
                                                                              boost::json::object body,
                                                                              std::string credential);
    /** Whose token a call is made with: the suite's where this is empty. */
    static constexpr std::string_view kProvider = "provider";
    /** Erases what is mirrored of an enterprise, in any corp of the store. @return how many corps. */
    CORPS_DECL std::size_t eraseMirrored(std::string_view corpId);

    [[nodiscard]] CORPS_DECL std::string knownAgentId(std::string_view corpId) override;
    CORPS_DECL void learnAgentId(std::string_view corpId, std::string_view agentId) override;
    [[nodiscard]] CORPS_DECL std::vector<std::string> otherCorpIds(std::string_view corpId) override;
    [[nodiscard]] CORPS_DECL asio::awaitable<std::string> agentId(std::string corpId) override;

private:
    class Running;
    struct Exchanged;

    SuiteCore(SuiteConfig config, Context context, std::shared_ptr<Store> store,
              std::shared_ptr<Channel> wire, RecordTables const& tables, SuiteOptions options);

    [[nodiscard]] std::int64_t now() const;
    [[nodiscard]] Error named(Error const& e) const;
    [[nodiscard]] bool isOurs(std::string_view receiveId, bool verification);
    [[nodiscard]] CallbackResponse answerEvent(std::string const& xml);
    void tell(SuiteEventKind kind, SuiteCorp corp, std::string problem = std::string());
    void tellOf(SuiteEventKind kind, std::string_view corpId);
    void kick();
    void kickAfter(Duration d);
    void scheduleErasure();

    static asio::awaitable<void> detachedDrain(std::shared_ptr<SuiteCore> self);
    static asio::awaitable<void> later(std::weak_ptr<SuiteCore> weak, Duration d, bool erase);
    static asio::awaitable<bool> workOnce(std::shared_ptr<SuiteCore> self);
    static asio::awaitable<void> exchangeWork(std::shared_ptr<SuiteCore> self, SuiteWork work);
    static asio::awaitable<SuiteCorp> exchange(std::shared_ptr<SuiteCore> self, Secret authCode, bool reset,
                                               std::int64_t at);
    static asio::awaitable<SuiteCorp> readInfo(std::shared_ptr<SuiteCore> self, std::string corpId);
    static asio::awaitable<std::vector<std::string>> readPermissions(std::shared_ptr<SuiteCore> self,
                                                                     std::string corpId);
    static asio::awaitable<std::string> listAgent(std::shared_ptr<SuiteCore> self, std::string corpId);
    static asio::awaitable<std::string> askAgentId(std::shared_ptr<SuiteCore> self, std::string corpId);
    static asio::awaitable<boost::json::object> newerOrOlder(std::shared_ptr<SuiteCore> self,
                                                             std::string name, boost::json::object body);

    SuiteConfig config_;
    Context context_;
    std::shared_ptr<Store> store_;
    std::shared_ptr<Channel> wire_;
    RecordTables const& tables_;
    SuiteOptions options_;
    SuiteBook book_;
    MessageCrypt crypt_;
    std::shared_ptr<Channel> channel_;  // with the suite's or the provider's token

    std::mutex mutex_;
    std::vector<std::weak_ptr<detail::SuiteListenerSlot>> listeners_;
    std::set<std::string> stale_;   // enterprises whose authorisation is to be read again
    std::set<std::string> unread_;  // those whose authorisation could not be read for a reason that passes
    bool working_ = false;
    detail::Event idle_;
    bool queued_ = false;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/suite/impl/suite_calls.ipp>
#include <corps/suite/impl/suite_core.ipp>
#include <corps/suite/impl/suite_erasure.ipp>
#endif
