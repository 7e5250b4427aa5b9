// What a client and the sync engine say to each other during a pull.
#pragma once

#include <corps/context/context.hpp>
#include <corps/model/upstream_tables.hpp>
#include <corps/transport/channel.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace corps {

/**
 * Kinds of lists that an upstream can prove to their end. Their numbers are stored.
 *
 * Members come by department, by subtree, or both ways in one pull: a list that is read to its end proves who
 * is in the departments it covers, wherever else they are listed, too. Which way is taken may change from
 * one pull to the next without a word of identity(): rows are the same, only that pull decodes more. A list
 * that was refused and replaced by others is not mentioned at all, neither by page() nor by finish().
 *
 * - `deptMembers`: a unit contributes the member, that one membership and whether they lead there.
 * - `subtreeMembers`: a unit contributes the member and every membership and leadership it names, the same in
 *   each list that shows the member. It covers the departments that the tree of this pull puts at or below
 *   `id`. A unit is believed for departments outside of `id`, too. A membership of a department that is
 *   neither in this pull's tree nor stored is left out, and comes when the department does; until then that
 *   unit is decoded at every pull, so name what the application may see where there is a choice.
 * - `memberDetails`: records of members who are listed elsewhere, from one more call each (or one for many).
 *   They contribute what the lists do not say, never another value of the same column, and prove nobody's
 *   presence or absence. Deliver each answer as a unit; of a call that failed deliver no unit, say
 *   stale(member, id) and finish the listing as incomplete: what was known stays. A pull without details
 *   (they are turned off) does not mention the listing, and has another identity().
 */
enum class ListingKind : std::uint8_t {
    departments,     ///< the tree, whole or below the visible roots; id empty
    deptMembers,     ///< direct members of one department; id its department id
    visibleMembers,  ///< people granted to the application one by one; id empty
    roles,           ///< roles and role groups; id empty
    roleMembers,     ///< members of one role; id its role id
    admins,          ///< administrators; id empty
    subtreeMembers,  ///< members of one department and of all below it; id its department id
    memberDetails,   ///< what further calls tell of members; id empty
};

struct Listing {
    ListingKind kind = ListingKind::departments;
    std::string id;
    friend bool operator==(Listing const&, Listing const&) = default;
    friend auto operator<=>(Listing const&, Listing const&) = default;
};

enum class ListingState : std::uint8_t {
    complete,    ///< read to its end: what is not in it is not there
    incomplete,  ///< a page or record failed after retries: says nothing about what is absent
};

/** Where the units of a page are. Static data of a client. */
struct PageShape {
    std::string_view name;                        ///< unique within the client
    std::span<std::string_view const> arrayPath;  ///< keys from the root of the page to the array of units
    std::span<std::string_view const> keyPath;    ///< keys from a unit to its id
    std::uint32_t version = 1;  ///< raise it whenever decode() of this shape changes its meaning
};

/** One record in one listing, as the platform sent it. The views live during the call that passes it. */
struct Unit {
    PageShape const* shape = nullptr;
    Listing const* listing = nullptr;
    std::string_view bytes;  ///< the JSON value
};

/** Receives what a pull finds, in one call after the other (never concurrently). */
class PageSink : public RowSink {
public:
    /** Units of one page of a listing, in delivered order; pages of one listing come in order, listings
     * interleave. A page without any is passed on where the page before it announced it: it casts doubt on
     * who is missing. */
    virtual void page(PageShape const& shape, Listing const& listing,
                      std::span<std::string_view const> units) = 0;
    /** No more pages of this listing. `count` is the platform's own number of records in it, where it gives
     * one. */
    virtual void finish(Listing const& listing, ListingState state, std::optional<std::int64_t> count) = 0;
    /** row(): a row known without a unit (the root, a configured role). No fingerprint stands for it: members
     * and what belongs to them come as units. */

    /** The record of `member` in another list says that they stand in `dept`, too. Said of people with
     * several departments, before or after the list of `dept`: where that one holds nobody, these words are
     * what tells a department that was emptied from an answer without its content. */
    virtual void placed(std::string_view /*dept*/, std::string_view /*member*/) {}

    /** The details of a department or member could not be read: what is stored stays, and the sync is
     * incomplete and says whom it concerns. */
    virtual void stale(UpstreamTable /*table*/, std::string_view /*id*/) {}

    /** Requests answered so far in this pull, for progress. */
    virtual void called(std::uint64_t /*calls*/) {}
};

/** A failure that did not end the pull. Holds no personal data. */
struct PullFault {
    Listing listing;
    std::string place;  ///< "members of department 42, page 3"
    boost::system::error_code code;
    std::string message;  ///< our text
    std::optional<std::int64_t> upstreamCode;
    std::string requestId;
};

/** What a pull proved beside the listings' own ends. */
struct PullProof {
    std::string upstreamCorpId;  ///< the platform's id of the enterprise; empty when it gives none
    std::vector<std::string> otherCorpIds{};  ///< under which other ids it knows the same enterprise
    /** Which kind of ids the records had, where a platform may change it by itself: as in
     * MirrorIdentity::idTypes. Empty: as configured, or nothing was shown. */
    std::string idTypes{};
    std::string corpName;    ///< empty when it may not be read
    std::string rootDeptId;  ///< the platform's root id
    bool fullScope = false;  ///< the application sees the whole organisation
    std::vector<std::string>
        visibleRoots;  ///< otherwise: the departments it sees, each with everything below
    std::vector<PullFault> faults;
    std::vector<std::string>
        missingPermissions;  ///< permissions by the platform's own names, as far as they showed
    std::uint64_t calls = 0;
};

/** Why members that a partial scope no longer shows are not there. */
enum class Absence : std::uint8_t { unknown, left, outOfScope };

/** Trivially copyable on purpose: it is a parameter of coroutines. */
struct PullOptions {
    unsigned concurrency = 8;  ///< requests in flight at once, at most
};
static_assert(std::is_trivially_copyable_v<PullOptions>);

/** What a client is made with beside its channel. */
struct ClientEnvironment {
    ClientEnvironment(Context c, std::string corpName, boost::json::object configuration)
        : context(std::move(c)), corp(std::move(corpName)), config(std::move(configuration)) {}
    Context context;
    std::string corp;            ///< full name of the corp, for errors and logs
    boost::json::object config;  ///< business keys without secrets: baseUrl, userIdType, roles, ...
};

/** The client of no platform, for corps that are edited here. */
struct NoUpstream {};

/**
 * A client of one platform. Its Api is made for one corp:
 * - `pull(sink, options)` reads the whole organisation and hands over raw records, decoding only envelopes;
 * - `decode(unit, rows)` turns one record in one listing into the rows it contributes; pure; throws
 * Error(Errc::protocol) on a record without its id. A column of a member that has another value in each
 * listing must not be contributed: nobody could say which one is right (of two values in one pull the one
 * that differs from what is stored wins, and the units are decoded again the next time);
 * - `identity()` names everything that decides what decode() yields (versions of shapes, id types, configured
 * roles, base URL): when it changes, remembered fingerprints are void;
 * - `explainAbsence(ids)` says, in the order of ids, who left and who is merely out of sight; asked in
 * partial scope only: again of who is out of scope when the scope has changed or a day has passed, of who is
 * unknown at the next sync;
 *   in full scope asked about those who are missing only because a list came back empty or their department
 * is gone: of these, none but who left is resigned;
 * - optionally `otherIds(unit)`, a std::vector<std::string>: under which other ids the platform knows the
 * department or person of this unit. Asked when a store moves to other id types, so that everything given to
 * them here follows;
 * - optionally `currentIds(ids)`, an awaitable of a std::vector<std::string>: under which ids the platform
 * knows these members now, in the order of ids; empty where it does not tell. Asked for the same reason,
 * after a pull, of members whom it did not show.
 */
template <class C>
concept ClientPolicy = std::same_as<C, NoUpstream> ||
                       (std::constructible_from<typename C::Api, Channel&, ClientEnvironment> &&
                        requires(typename C::Api api, typename C::Api const& constApi, PageSink& sink,
                                 PullOptions o, Unit const& u, RowSink& rows, std::vector<std::string> ids) {
                            { C::Api::shapes() } -> std::same_as<std::span<PageShape const>>;
                            { api.pull(sink, o) } -> std::same_as<asio::awaitable<PullProof>>;
                            { constApi.decode(u, rows) } -> std::same_as<void>;
                            { constApi.identity() } -> std::same_as<std::string>;
                            {
                                api.explainAbsence(std::move(ids))
                            } -> std::same_as<asio::awaitable<std::vector<Absence>>>;
                        });

/** Any client's Api behind one face: what the sync engine works with. */
class Upstream {
public:
    virtual ~Upstream() = default;
    [[nodiscard]] virtual asio::awaitable<PullProof> pull(PageSink& sink, PullOptions o) = 0;
    virtual void decode(Unit const& u, RowSink& rows) const = 0;
    [[nodiscard]] virtual std::string identity() const = 0;
    [[nodiscard]] virtual std::vector<std::string> otherIds(Unit const&) const { return {}; }
    [[nodiscard]] virtual asio::awaitable<std::vector<std::string>> currentIds(std::vector<std::string>) {
        co_return std::vector<std::string>();
    }
    [[nodiscard]] virtual asio::awaitable<std::vector<Absence>> explainAbsence(
        std::vector<std::string> ids) = 0;
};

template <class Api>
class UpstreamOf final : public Upstream {
public:
    explicit UpstreamOf(Api& api) : api_(api) {}
    [[nodiscard]] asio::awaitable<PullProof> pull(PageSink& sink, PullOptions o) override {
        return api_.pull(sink, o);
    }
    void decode(Unit const& u, RowSink& rows) const override { api_.decode(u, rows); }
    [[nodiscard]] std::string identity() const override { return api_.identity(); }
    [[nodiscard]] std::vector<std::string> otherIds(Unit const& u) const override {
        if constexpr (requires(Api const& api) {
                          { api.otherIds(u) } -> std::same_as<std::vector<std::string>>;
                      }) {
            return api_.otherIds(u);
        } else {
            return {};
        }
    }
    [[nodiscard]] asio::awaitable<std::vector<std::string>> currentIds(
        std::vector<std::string> ids) override {
        if constexpr (requires(Api& api) {
                          {
                              api.currentIds(std::move(ids))
                          } -> std::same_as<asio::awaitable<std::vector<std::string>>>;
                      }) {
            return api_.currentIds(std::move(ids));
        } else {
            return Upstream::currentIds(std::move(ids));
        }
    }
    [[nodiscard]] asio::awaitable<std::vector<Absence>> explainAbsence(
        std::vector<std::string> ids) override {
        return api_.explainAbsence(std::move(ids));
    }

private:
    Api& api_;
};

}  // namespace corps
