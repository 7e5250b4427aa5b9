#pragma once

#include <corps/error/error.hpp>
#include <corps/model/corp_data.hpp>
#include <corps/sync/detail/fingerprint.hpp>
#include <corps/sync/impl/corp_core.ipp>
#include <corps/sync/impl/organisation_edits.ipp>
#include <corps/sync/local_core.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

namespace corps {
namespace detail {

/** SignInFailures(bucket; failures, lastFailure): of usernames that nobody has, by a hash of the name. Shared
 * by all corps, and of a limited size whatever is tried. */
CORPS_DECL TableSchema const& signInFailureTable() {
    static TableSchema const t{"SignInFailures",
                               {{"bucket", ColumnType::integer, Owner::key},
                                {"failures", ColumnType::integer, Owner::local},
                                {"lastFailure", ColumnType::integer, Owner::local}},
                               1,
                               {}};
    return t;
}

/** Failed attempts to sign in, in a row, and what follows from them. */
struct SignInAttempts {
    std::int64_t failures = 0;
    std::int64_t last = 0;  ///< milliseconds since 1970

    static constexpr std::int64_t kFree = 3;  ///< so many failures cost no wait
    static constexpr std::int64_t kFirstWait = 1000;
    static constexpr std::int64_t kLongestWait = 15 * 60 * 1000;
    static constexpr std::int64_t kForgotten = 24 * 60 * 60 * 1000;

    /** A clock that was set back counts as one that went on. */
    [[nodiscard]] bool forgotten(std::int64_t now) const noexcept {
        return now < last || now - last >= kForgotten;
    }
    /** Milliseconds until the next attempt is heard. */
    [[nodiscard]] std::int64_t wait(std::int64_t now) const noexcept {
        if (failures < kFree || forgotten(now)) return 0;
        std::int64_t const doublings = std::min<std::int64_t>(failures - kFree, 20);
        std::int64_t const whole = std::min(kFirstWait << doublings, kLongestWait);
        return std::max<std::int64_t>(0, whole - (now - last));
    }
    [[nodiscard]] SignInAttempts failed(std::int64_t now) const noexcept {
        return {(forgotten(now) ? 0 : failures) + 1, now};
    }
};

/** Who stands under a username, as one transaction sees it. */
class SignIn {
public:
    SignIn(CorpReader const& r, std::string_view username) : reader_(r), t_(*r.tables().passwordAuth) {
        Row const row = username.empty() ? Row() : credentialsNamed(r, username);
        if (!row.empty()) {
            userId = row[0].bytes();
            stored.hash = row[columnOf(t_, "hash")].bytes();
            stored.parameters = row[columnOf(t_, "parameters")].bytes();
            attempts = {row[columnOf(t_, "failures")].integer(), row[columnOf(t_, "lastFailure")].integer()};
        } else {
            bucket_ = static_cast<std::int64_t>(fingerprint(FingerprintKey(), 0, username).lo & 0xffff);
            std::array<Cell, 1> const key{Cell::integer(bucket_)};
            r.rows().forEach(signInFailureTable(), 0, key,
                             [&](RowView found) { attempts = {found[1].integer(), found[2].integer()}; });
        }
    }

    /** Errors: rateLimited, with the time to wait. */
    void requireNoWait(std::int64_t now) const {
        std::int64_t const wait = attempts.wait(now);
        if (wait == 0) return;
        Diagnostics d;
        d.retryAfter = std::chrono::milliseconds(wait);
        throw Error(Errc::rateLimited,
                    "too many failed attempts to sign in under this name; the next is heard in " +
                        std::to_string((wait + 999) / 1000) + " s",
                    std::move(d));
    }
    // Not changes of the organisation: none of these stand in the feed.
    void writeFailure(std::int64_t now) const {
        SignInAttempts const next = attempts.failed(now);
        if (userId.empty()) {
            std::array<Cell, 3> const row{Cell::integer(bucket_), Cell::integer(next.failures),
                                          Cell::integer(next.last)};
            reader_.rows().upsertRow(signInFailureTable(), row);
        } else {
            std::vector<Cell> row = rowOfUser();
            row[columnOf(t_, "failures")] = Cell::integer(next.failures);
            row[columnOf(t_, "lastFailure")] = Cell::integer(next.last);
            reader_.rows().upsertRow(t_, row);
        }
    }
    void writeSuccess(std::optional<PasswordHash> const& better) const {
        std::vector<Cell> row = rowOfUser();
        row[columnOf(t_, "failures")] = Cell::integer(0);
        if (better) {
            row[columnOf(t_, "hash")] = Cell::text(better->hash);
            row[columnOf(t_, "parameters")] = Cell::text(better->parameters);
        }
        reader_.rows().upsertRow(t_, row);
    }

    std::string userId;  ///< empty: nobody's name
    PasswordHash stored;
    SignInAttempts attempts;

private:
    [[nodiscard]] std::vector<Cell> rowOfUser() const {
        std::vector<Cell> row(t_.columns.size());
        row[0] = Cell::text(userId);
        return row;
    }

    CorpReader const& reader_;
    TableSchema const& t_;
    std::int64_t bucket_ = 0;
};

/** The business file's `firstMember`; nothing without one. Errors: Error(config) that names the key. */
[[nodiscard]] inline std::optional<NewMember> firstMemberOf(CorpConfig const& config) {
    boost::json::value const* const v = config.business.if_contains("firstMember");
    if (v == nullptr) return std::nullopt;
    boost::json::object const* const o = v->if_object();
    if (o == nullptr) throw config.errorAt("firstMember", "an object with memberId, userId and nick");
    auto const text = [&](char const* key, bool required) {
        boost::json::value const* const field = o->if_contains(key);
        if (field == nullptr && !required) return std::string();
        boost::json::string const* const s = field == nullptr ? nullptr : field->if_string();
        if (s == nullptr || (required && s->empty()))
            throw config.errorAt("firstMember." + std::string(key),
                                 required ? "a text that is not empty" : "a text");
        return std::string(s->data(), s->size());
    };
    NewMember out;
    out.memberId = MemberId(text("memberId", true));
    out.userId = UserId(text("userId", true));
    out.nick = text("nick", true);
    out.username = text("username", false);
    out.password = text("password", false);
    if (out.username.empty() && !out.password.empty())
        throw config.errorAt("firstMember.username", "given with `password`, which is of no use without");
    return out;
}

[[nodiscard]] inline NewMember inRoot(NewMember member, CorpReader const& r) {
    member.deptIdList = {DeptId(r.rootDeptId())};
    return member;
}

[[nodiscard]] inline bool allowsJoining(CorpConfig const& config) {
    for (boost::json::object const* o : {&config.element, &config.business}) {
        boost::json::value const* const v = o->if_contains("allowJoin");
        if (v == nullptr) continue;
        return (v->is_int64() && v->get_int64() == 1) || (v->is_bool() && v->get_bool());
    }
    return false;
}

}  // namespace detail

CORPS_DECL LocalCore::LocalCore(CorpConfig config, Context context, std::unique_ptr<Store> store,
                                RecordTables const& tables, PasswordScheme passwords)
    : CorpCore(std::move(config), std::move(context), std::move(store), tables), passwords_(passwords) {
    TableSchema const* const own = &detail::signInFailureTable();
    try {
        this->store().open(std::span(&own, 1));
    } catch (Error const& e) {
        throw e.withCorp(name());
    }
}

CORPS_DECL LocalCore::~LocalCore() = default;

CORPS_DECL std::int64_t LocalCore::now() const { return context().clock().now().time_since_epoch().count(); }

CORPS_DECL void LocalCore::change(std::string const& caller, FunctionRef<void(OrganisationEdits&)> f) {
    try {
        store().write([&](RowAccess& rows) {
            OrganisationEdits edits(rows, tables(), name(), caller, now(),
                                    [this] { return context().newId(); });
            f(edits);
            edits.finish();
        });
    } catch (Error const& e) {
        throw e.withCorp(name());
    }
}

// --- passwords ---

CORPS_DECL void LocalCore::requirePasswords() const {
    if (passwords_.hash != nullptr) return;
    Diagnostics d;
    d.corp = name();
    throw Error(Errc::unsupported, "this corp type keeps no passwords: its AuthPolicy is NoAuth",
                std::move(d));
}

CORPS_DECL PasswordHash LocalCore::hash(std::string_view password) const {
    requirePasswords();
    if (password.empty()) throw Error(Errc::invalidArgument, "a password must not be empty");
    return passwords_.hash(password);
}

CORPS_DECL PreparedPassword LocalCore::prepare(NewMember const& member) {
    PreparedPassword out;
    if (member.password.empty()) return out;
    requirePasswords();
    PasswordHash stored;
    if (!member.userId.empty())
        read([&](CorpReader const& r) {
            Row const row = detail::credentialsOf(r, member.userId.view());
            if (row.empty()) return;
            stored.hash = row[detail::columnOf(*tables().passwordAuth, "hash")].bytes();
            stored.parameters = row[detail::columnOf(*tables().passwordAuth, "parameters")].bytes();
        });
    if (stored.hash.empty())
        out.hash = passwords_.hash(member.password);
    else if (passwords_.verify(member.password, stored))
        out.matches = stored.hash;
    return out;
}

CORPS_DECL void LocalCore::verifyPassword(std::string_view username, std::string_view password,
                                          SignInReceiver done) {
    requirePasswords();
    PasswordHash stored;
    read([&](CorpReader const& r) {
        detail::SignIn const before(r, username);
        before.requireNoWait(now());
        stored = before.stored;
    });
    // No transaction is open while this takes its time, and it takes as long when there is nobody to compare
    // with.
    bool right = false;
    if (stored.hash.empty())
        static_cast<void>(passwords_.hash(password));
    else
        right = passwords_.verify(password, stored);
    std::optional<PasswordHash> better;
    if (right && passwords_.needsRehash(stored)) better = passwords_.hash(password);

    auto const welcome = [&](CorpReader const& r, std::string const& userId) {
        std::string member;
        r.visitMembersBy("userId", userId, [&](RowView row, MemberStatus status) {
            if (status == MemberStatus::active) member = row[1].bytes();
            return member.empty();
        });
        if (member.empty())
            throw Error(Errc::refused,
                        "the password is right, but this user is no active member of this corp");
        done(r, UserId(userId), MemberId(member));
    };
    // What others tried meanwhile counts: many attempts at once are not told more than one after another.
    bool settled = false;
    if (right && !better)
        read([&](CorpReader const& r) {
            detail::SignIn const after(r, username);
            after.requireNoWait(now());
            if (after.attempts.failures != 0 || after.stored.hash != stored.hash) return;
            settled = true;
            welcome(r, after.userId);
        });
    if (settled) return;
    // The outcome of an attempt stays, whatever is thrown because of it: it is passed on after the
    // transaction.
    std::optional<Error> refusal;
    change("", [&](OrganisationEdits& edits) {
        detail::SignIn const after(edits.reader(), username);
        after.requireNoWait(now());
        if (right && after.stored.hash == stored.hash) {
            after.writeSuccess(better);
            try {
                welcome(edits.reader(), after.userId);
            } catch (Error const& e) {
                refusal = e;
            }
        } else {
            after.writeFailure(now());
            refusal = Error(Errc::authRejected, "wrong username or password");
        }
    });
    if (refusal) throw refusal->withCorp(name());
}

CORPS_DECL void LocalCore::setPassword(std::string const& caller, UserId const& userId,
                                       std::string_view password, std::string_view username) {
    PasswordHash const made = hash(password);
    change(caller, [&](OrganisationEdits& edits) { edits.setPassword(userId, username, made); });
}

// --- members ---

CORPS_DECL void LocalCore::add(std::string const& caller, std::vector<NewMember> const& members, bool toRoot,
                               MemberReceiver done) {
    std::vector<PreparedPassword> passwords;
    passwords.reserve(members.size());
    for (NewMember const& m : members) passwords.push_back(prepare(m));
    change(caller, [&](OrganisationEdits& edits) {
        std::vector<MemberId> ids;
        ids.reserve(members.size());
        for (std::size_t i = 0; i < members.size(); ++i) {
            try {
                ids.push_back(edits.addMember(
                    toRoot ? detail::inRoot(members[i], edits.reader()) : members[i], passwords[i]));
            } catch (Error const& e) {
                if (members.size() == 1) throw;
                Diagnostics d = e.diagnostics();
                d.place = "members[" + std::to_string(i) + "]" + (d.place.empty() ? "" : ", ") + d.place;
                throw Error(e.code(), e.message(), std::move(d));
            }
        }
        done(edits.reader(), ids);
    });
}

CORPS_DECL void LocalCore::addMembers(std::string const& caller, std::vector<NewMember> const& members,
                                      MemberReceiver done) {
    add(caller, members, false, done);
}

CORPS_DECL void LocalCore::join(std::string const& caller, std::string_view username,
                                std::string_view password, std::string_view nick, MemberReceiver done) {
    Diagnostics d;
    d.corp = name();
    if (!detail::allowsJoining(config()))
        throw Error(Errc::refused, "joining is not allowed here; expected `allowJoin` 1", std::move(d));
    if (username.empty() || password.empty())
        throw Error(Errc::invalidArgument, "who joins needs a username and a password", std::move(d));
    init(caller);
    NewMember member;
    member.nick = nick;
    member.username = username;
    member.password = password;
    add(caller, {member}, true, done);
}

CORPS_DECL void LocalCore::init(std::string const& caller) {
    std::optional<NewMember> const first = detail::firstMemberOf(config());
    bool root = false, member = false;
    read([&](CorpReader const& r) {
        root = !r.rootDeptId().empty();
        member = !first || detail::StateValues(r.rows(), name()).number(detail::kFirstMember).has_value();
    });
    if (root && member) return;
    PreparedPassword password;
    if (!member) password = prepare(*first);
    DeptId const id(context().newId());
    change(caller, [&](OrganisationEdits& edits) {
        edits.ensureRoot(id, config().title);
        if (!member) edits.addFirstMember(*first, password);
    });
}

CORPS_DECL std::shared_ptr<LocalCore> makeLocalCore(CorpConfig config, Context context,
                                                    std::unique_ptr<Store> store, RecordTables const& tables,
                                                    PasswordScheme passwords) {
    return std::make_shared<LocalCore>(std::move(config), std::move(context), std::move(store), tables,
                                       passwords);
}

}  // namespace corps
