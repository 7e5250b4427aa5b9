#pragma once

#include <corps/auth/upstream_auth.hpp>
#include <corps/detail/config.hpp>
#include <corps/sync/corp_reader.hpp>
#include <corps/sync/mirror_identity.hpp>

#include <string>
#include <string_view>

namespace corps {

/** Who logged in, as identify() found them: the platform's word, the member of this corp, the user of the
 * pool. */
template <class Records>
struct BasicLogin {
    Identity identity{};
    typename Records::Member member{};
    typename Records::User user{};
};

/**
 * Whether the platform's word about an account keeps its owner out. An account that was not active yet does
 * not: who comes back from the login page has activated it since the last sync. Any other word does, also one
 * that is not known here.
 */
[[nodiscard]] constexpr bool barsLogin(std::string_view upstreamStatus) noexcept {
    return !upstreamStatus.empty() && upstreamStatus != "unactivated" && upstreamStatus != "unjoined";
}

/**
 * The member of a mirrored corp whom the platform has identified; their id. Looked for under the memberId of
 * the identity. Who stands under it must not have another union id (or, where one of the two is not known,
 * another open id): ids that an administrator may choose change, and change hands. Otherwise, and where the
 * platform told no memberId, the member who has this union id or open id: these name one person for good, the
 * open id within the application that the store remembers.
 *
 * Errors      Error(refused) that says why: of another enterprise, unknown, somebody else by now, more than
 * one, resigned, set offline here, kept out by the platform, not bound to a user. Error(wrongCorp) when the
 * store remembers another application or id type. Cost: a look-up; one scan of the members where the memberId
 * does not find them.
 */
[[nodiscard]] CORPS_DECL std::string requireLogin(CorpReader const& r, MirrorIdentity const& mirror,
                                                  Identity const& who);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/login.ipp>
#endif
