// What the pulls of all platforms do alike: faults are noted, failures that end nothing become a reply.
#pragma once

#include <corps/client/caller.hpp>
#include <corps/client/cutter.hpp>
#include <corps/client/pull.hpp>
#include <corps/client/task_group.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps::detail {

/** What a call came to when its failure does not end the pull. */
class PullReply {
public:
    PullReply() = default;
    Answer answer;
    std::optional<Error> error;

    [[nodiscard]] std::int64_t code() const noexcept {
        return error ? error->diagnostics().upstreamCode.value_or(0) : 0;
    }
};

/**
 * The departments that a record names in its array `key`; nothing when they are fewer than `least`. Looks for
 * the key and splits what stands behind it: nearly every record is as it was, and not parsed at all.
 */
inline std::vector<std::string_view> departmentsIn(std::string_view record, std::string_view key,
                                                   std::size_t least) {
    constexpr std::string_view kBlank = " \t\r\n";
    std::vector<std::string_view> out;
    std::size_t at = 0;
    for (;; ++at) {
        at = record.find(key, at);
        if (at == std::string_view::npos) return out;
        std::size_t const end = at + key.size();
        if (at > 0 && record[at - 1] == '"' && end < record.size() && record[end] == '"') break;
    }
    at = record.find_first_not_of(kBlank, at + key.size() + 1);
    if (at == std::string_view::npos || record[at] != ':') return out;
    at = record.find_first_not_of(kBlank, at + 1);
    if (at == std::string_view::npos || record[at] != '[') return out;
    std::string_view list = record.substr(at + 1);
    list = list.substr(0, list.find(']'));
    if (least > 1 && list.find(',') == std::string_view::npos) return out;
    while (!list.empty()) {
        std::size_t const end = std::min(list.find(','), list.size());
        std::string_view const id = list.substr(0, end);
        list.remove_prefix(std::min(end + 1, list.size()));
        std::size_t const from = id.find_first_not_of(" \t\r\n\"");
        if (from == std::string_view::npos) continue;
        out.push_back(id.substr(from, id.find_last_not_of(" \t\r\n\"") - from + 1));
    }
    if (out.size() < least) out.clear();
    return out;
}

/** One pull. Lives on a strand: its coroutines interleave and never run at once. */
class PullWork {
protected:
    /** @param endsThePull after this Error every further call would fail in the same way. */
    PullWork(Caller& caller, PageSink& sink, PullOptions options, asio::any_io_executor strand,
             bool (*endsThePull)(Error const&))
        : sink_(sink),
          group_(std::move(strand), options.concurrency),
          caller_(caller),
          callsBefore_(caller.calls()),
          endsThePull_(endsThePull) {}

    /** Awaits a call. Throws what ends the pull: also any Error that is no CallError, since it comes from
     * below the call (wrong credentials, no token, misuse). */
    asio::awaitable<PullReply> settle(asio::awaitable<Answer> call) {
        PullReply out;
        try {
            out.answer = co_await std::move(call);
        } catch (CallError const& e) {
            missing_.insert(e.missingPermissions().begin(), e.missingPermissions().end());
            if (endsThePull_(e)) throw;
            out.error.emplace(e);
        }
        sink_.called(caller_.calls() - callsBefore_);
        co_return out;
    }

    void fault(Listing const& listing, std::string place, Error const& e) {
        PullFault f;
        f.listing = listing;
        f.place = std::move(place);
        f.code = e.code();
        f.message = e.message();
        f.upstreamCode = e.diagnostics().upstreamCode;
        f.requestId = e.diagnostics().requestId;
        proof_.faults.push_back(std::move(f));
    }

    void treeFault(std::string place, Error const& e) {
        treeIncomplete_ = true;
        fault(tree_, std::move(place), e);
    }

    /** Passes a page of members on, with what their records say of other departments than the list's.
     * @param places key of the array in which a record names its person's departments. */
    void handOver(PageShape const& shape, Listing const& listing, std::span<std::string_view const> units,
                  std::string_view places) {
        sink_.page(shape, listing, units);
        for (std::string_view const unit : units) place(shape, listing, unit, places);
    }

    void place(PageShape const& shape, Listing const& listing, std::string_view unit,
               std::string_view places) {
        bool const ofDept = listing.kind == ListingKind::deptMembers;
        std::vector<std::string_view> const depts = departmentsIn(unit, places, ofDept ? 2 : 1);
        if (depts.empty()) return;
        std::optional<std::string> const person = keyOf(unit, shape.keyPath);
        if (!person) return;
        for (std::string_view const dept : depts)
            if (!ofDept || dept != listing.id) sink_.placed(dept, *person);
    }

    /** Ends the listings that belong to no list of the platform, and gives the proof away. */
    PullProof finished() {
        sink_.finish(tree_, treeIncomplete_ ? ListingState::incomplete : ListingState::complete,
                     std::nullopt);
        if (proof_.fullScope) {
            // Nobody is granted one by one any more: whoever was is a member of a department now, or gone.
            Listing const visible{ListingKind::visibleMembers, std::string()};
            sink_.finish(visible, ListingState::complete, std::nullopt);
        }
        proof_.calls = caller_.calls() - callsBefore_;
        proof_.missingPermissions.assign(missing_.begin(), missing_.end());
        return std::move(proof_);
    }

    PageSink& sink_;
    TaskGroup group_;
    PullProof proof_;
    Listing const tree_{ListingKind::departments, std::string()};
    std::set<std::string, std::less<>> missing_;  ///< permissions, as they show

private:
    Caller& caller_;
    std::uint64_t callsBefore_;
    bool (*endsThePull_)(Error const&);
    bool treeIncomplete_ = false;
};

/** Asks why one member is absent. */
using Explain = std::function<asio::awaitable<Absence>(std::string)>;

/** Asks why each of these is absent, beside each other; the answers in the order of ids. */
inline asio::awaitable<std::vector<Absence>> explainEach(std::vector<std::string> ids, Explain ask) {
    asio::any_io_executor const executor = co_await asio::this_coro::executor;
    asio::any_io_executor const strand = asio::make_strand(executor);
    std::vector<Absence> out(ids.size(), Absence::unknown);
    struct Work {
        static asio::awaitable<void> one(Explain* ask, std::string id, Absence* result) {
            *result = co_await (*ask)(std::move(id));
        }
        static asio::awaitable<void> all(Explain* ask, asio::any_io_executor strand,
                                         std::vector<std::string> const* ids, std::vector<Absence>* results) {
            TaskGroup group(strand, PullOptions().concurrency);
            for (std::size_t i = 0; i < ids->size(); ++i) {
                Absence* const result = &(*results)[i];
                std::string const& id = (*ids)[i];
                group.add([ask, id, result] { return one(ask, id, result); });
            }
            co_await group.join();
        }
    };
    co_await asio::co_spawn(strand, Work::all(&ask, strand, &ids, &out), asio::use_awaitable);
    co_return out;
}

}  // namespace corps::detail
