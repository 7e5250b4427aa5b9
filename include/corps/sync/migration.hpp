#pragma once

#include <corps/detail/config.hpp>
#include <corps/sync/mirror_identity.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace corps {

/** The same person or department under another id. */
struct IdChange {
    std::string from;
    std::string to;
    friend bool operator==(IdChange const&, IdChange const&) = default;
};

/**
 * What a plan does to a store that mirrored another application, other id types or another enterprise: what
 * is stored of people and departments who are found again stands under their new ids, with everything given
 * to them here; the changes of the plan are meant for the store after that.
 *
 * People are found again by their union id, by their open id within one application, by an id that both sides
 * know, in this order and never against it; who is not in the pull, by the id of the new type that the store
 * already has of them. Departments by an id that both sides know, else, where ids are not comparable, by
 * their name among the children of one parent. Never by phone, mail or name of a person.
 */
struct Migration {
    MirrorIdentity from;
    MirrorIdentity to;
    std::string fromCorp;  ///< the platform's id of the enterprise, or the corp's full name
    std::string toCorp;
    std::vector<IdChange> members;      ///< whose id changes, by former id
    std::vector<IdChange> departments;  ///< whose id changes, by former id
    std::vector<std::string>
        unmatched;              ///< active members who were not found again: held until approved; sorted
    bool openIdsVoid = false;   ///< the stored open ids are another application's
    bool unionIdsVoid = false;  ///< the stored union ids are another developer's

    friend bool operator==(Migration const&, Migration const&) = default;

    /** One line, without names. */
    [[nodiscard]] CORPS_DECL std::string text() const;
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/migration_text.ipp>
#endif
