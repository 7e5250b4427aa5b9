#pragma once

#include <corps/detail/config.hpp>
#include <corps/model/ids.hpp>
#include <corps/model/record_tables.hpp>
#include <corps/storage/rows.hpp>
#include <corps/sync/results.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace corps {

struct CorpData;

/** Who registers members, and where. */
struct RegistrationScope {
    std::string corp;      ///< full name
    std::string platform;  ///< as the store knows it: "feishu"
    std::string caller;    ///< stands in the change feed
    std::int64_t now = 0;  ///< milliseconds since 1970
    std::function<std::string()> newId;
};

/**
 * Makes or updates the user and the binding of members who exist here, in the transaction of `rows`. A user
 * is the one bound before, the one with the same union id on this platform, or a new one. A field of a user
 * is filled while it is unknown, or by the corp that made the user.
 *
 * @param only register these of the data, or all of it when null.
 * Errors      Error(wrongCorp) when the data is of another enterprise than the store follows.
 */
CORPS_DECL RegisterReport registerMembers(RowAccess& rows, RecordTables const& tables, CorpData const& data,
                                          std::vector<MemberId> const* only, RegistrationScope const& scope);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/registration.ipp>
#endif
