// Who a member is among the users that all corps of a store share: the one rule for syncs and registrations.
#pragma once

#include <corps/detail/config.hpp>
#include <corps/model/cell.hpp>
#include <corps/model/record_tables.hpp>
#include <corps/storage/rows.hpp>
#include <corps/sync/detail/columns.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corps::detail {

/** What a member's record says of the human. Null: not known. */
struct UserProfile {
    Cell nick;
    Cell phone;
    Cell email;
    Cell photo;
};

struct Binding {
    std::string userId;   ///< empty when there is none yet
    std::string byUnion;  ///< the user with the same union id on this platform; empty when there is none
    Row auth;             ///< the stored binding under this id; empty when there is none
};

/** Looks up users and bindings of one corp's upstream and says which rows are to be written; writes none. */
class Users {
public:
    /** @param corpId upstream's id of the enterprise. @param now ms since 1970. */
    Users(RowAccess& rows, RecordTables const& tables, Columns const& columns, std::string corp,
          std::string platform, std::string corpId, std::int64_t now)
        : rows_(rows),
          t_(tables),
          c_(columns),
          corp_(std::move(corp)),
          platform_(std::move(platform)),
          corpId_(std::move(corpId)),
          now_(now) {}

    /**
     * The user bound before (`linked`, of the member's own row, or by the stored binding), else the one with
     * the same union id on this platform.
     *
     * @param otherPerson the id belongs to somebody else now: what is bound under it does not count.
     */
    [[nodiscard]] CORPS_DECL Binding find(std::string_view memberId, std::string linked,
                                          std::string_view unionId, bool otherPerson) const;
    /** Whether anybody of this platform is bound at all. */
    [[nodiscard]] CORPS_DECL bool any() const;
    /** The user's row as stored; empty when there is none. */
    [[nodiscard]] CORPS_DECL Row stored(std::string const& userId) const;
    /**
     * What to write of a user: a field is filled while it is unknown, or by the corp that made the user.
     * Empty when nothing changes. The cells refer to `userId`, `profile` and this.
     */
    [[nodiscard]] CORPS_DECL std::vector<Cell> userRow(std::string const& userId, UserProfile const& profile,
                                                       Row const& stored) const;
    /** The row of a binding. The cells refer to the arguments and to this. */
    [[nodiscard]] CORPS_DECL std::vector<Cell> authRow(std::string_view memberId, std::string const& userId,
                                                       Cell unionId) const;

private:
    RowAccess& rows_;
    RecordTables const& t_;
    Columns const& c_;
    std::string corp_;
    std::string platform_;
    std::string corpId_;
    std::int64_t now_;
};

}  // namespace corps::detail

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/binding.ipp>
#endif
