// What a store remembers of a suite and of the enterprises that authorised it.
#pragma once

#include <corps/config/secret.hpp>
#include <corps/context/context.hpp>
#include <corps/detail/config.hpp>
#include <corps/storage/store.hpp>
#include <corps/suite/suite_corp.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corps {

/** The newest suite ticket. */
struct SuiteTicket {
    Secret value{};
    std::int64_t at = 0;          ///< the platform's time of it, milliseconds since 1970
    std::int64_t receivedAt = 0;  ///< ours
};

/** An authorisation code that came and was not exchanged yet. */
struct SuiteWork {
    std::string id{};  ///< names the code without telling it
    Secret authCode{};
    bool reset = false;           ///< of a reset permanent code, not of an authorisation
    std::int64_t at = 0;          ///< the platform's time of it, milliseconds since 1970
    std::int64_t receivedAt = 0;  ///< ours
    std::int64_t attempts = 0;
};

/**
 * The tables of one suite in a store. Codes and tickets are sealed under the Context's StoreKey, each bound
 * to its row; everything else is as it is. Many objects, also of several programs, may share a store: each
 * write is one transaction.
 *
 * Errors      Error(config): there is no key, or it is not the one that the store was sealed with; nothing is
 * overwritten then. storage.
 * Threads     All members may be called from any thread; they block on the store.
 */
class SuiteBook {
public:
    /** Opens the tables. */
    CORPS_DECL SuiteBook(Context context, std::shared_ptr<Store> store, std::string suiteId);

    [[nodiscard]] std::string const& suiteId() const noexcept { return suiteId_; }
    [[nodiscard]] Store& store() const noexcept { return *store_; }
    /** Throws Error(config) when there is no key, or another one than the store was sealed with; a store that
     * has none is sealed with it from now on. Derives the key (0.1 s, 32 MiB), so that no later call does. */
    CORPS_DECL void requireKey();

    /** Keeps a ticket if it is newer than the one there is; false when it is not. */
    CORPS_DECL bool putTicket(Secret const& ticket, std::int64_t at);
    [[nodiscard]] CORPS_DECL std::optional<SuiteTicket> ticket();
    /** When the newest one came, without opening it. */
    [[nodiscard]] CORPS_DECL std::optional<std::int64_t> ticketReceivedAt();

    /** By corpId. */
    [[nodiscard]] CORPS_DECL std::vector<SuiteCorp> corps();
    /** By either of its ids. */
    [[nodiscard]] CORPS_DECL std::optional<SuiteCorp> find(std::string_view corpId);
    /** The permanent code, whatever its state. Nothing: none is kept. */
    [[nodiscard]] CORPS_DECL std::optional<Secret> code(std::string_view corpId);

    /**
     * An enterprise has authorised, or got a new code: it is active again. Facts that are not given (empty,
     * 0, nothing) stay as they were.
     */
    CORPS_DECL void putCode(SuiteCorp const& facts, Secret const& code);
    /** Changes facts of an enterprise in one transaction; false when there is none of this id. */
    CORPS_DECL bool change(std::string_view corpId, FunctionRef<void(SuiteCorp&)> f);
    /** The code was refused; nothing is done when another one is kept by now. */
    CORPS_DECL void refused(std::string_view corpId, Secret const& code, std::int64_t now);
    /** The authorisation is withdrawn; the code is forgotten. False when there is no such enterprise, or it
     * was authorised again later than `at`. */
    CORPS_DECL bool cancel(std::string_view corpId, std::int64_t at, std::int64_t now);
    /** Forgets all of an enterprise. */
    CORPS_DECL void erase(std::string_view corpId);

    /** Remembers a code to exchange; false when it was seen before. */
    CORPS_DECL bool putWork(Secret const& authCode, bool reset, std::int64_t at, std::int64_t now);
    [[nodiscard]] CORPS_DECL std::vector<SuiteWork> work();
    CORPS_DECL void attempted(std::string_view workId);
    /** Done: what remains is that it was seen. */
    CORPS_DECL void finished(std::string_view workId);
    /** Forgets what came before `before`: the platform's codes are good for 10 minutes. */
    CORPS_DECL void forgetWork(std::int64_t before);

    /** Grows whenever a code of this suite changes through any object of this Context. */
    [[nodiscard]] std::uint64_t changes() const noexcept { return changes_->load(); }

private:
    [[nodiscard]] std::string salt(RowAccess& rows, bool make);
    [[nodiscard]] StoreKey const& key() const;
    [[nodiscard]] std::string seal(RowAccess& rows, Secret const& text, std::string const& row);
    [[nodiscard]] Secret open(RowAccess& rows, std::string_view sealed, std::string const& row);
    [[nodiscard]] std::string mark(RowAccess& rows, Secret const& text, bool make);
    [[nodiscard]] std::string codeRow(std::string_view corpId) const;
    void write(RowAccess& rows, SuiteCorp const& corp, std::optional<std::string> const& sealedCode);
    [[nodiscard]] std::optional<SuiteCorp> findIn(RowAccess& rows, std::string_view corpId,
                                                  std::string* sealedCode = nullptr);

    Context context_;
    std::shared_ptr<Store> store_;
    std::string suiteId_;
    std::shared_ptr<std::atomic<std::uint64_t>> changes_;
};

/** Under which other ids an enterprise is known. */
[[nodiscard]] CORPS_DECL std::vector<std::string> otherIdsOf(SuiteBook& book, std::string_view corpId);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/suite/impl/suite_book.ipp>
#endif
