#pragma once

#include <corps/detail/config.hpp>

#include <cstdint>
#include <string>

namespace corps {

class CorpCore;
struct CorpData;

/** What importCorpData did. */
struct ImportReport {
    struct Counts {
        std::uint64_t created = 0;
        std::uint64_t changed = 0;    ///< the record itself, or who stands in it
        std::uint64_t unchanged = 0;  ///< are as the data has them
        friend bool operator==(Counts const&, Counts const&) = default;
    };
    Counts depts{};            ///< with their leaders
    Counts members{};          ///< with the departments they stand in
    Counts roleGroups{};       ///< records alone
    Counts roles{};            ///< with who has them
    bool rootRenamed = false;  ///< the root department took over the id that the data has for it
    bool adminsChanged = false;

    /** Nothing was written. */
    [[nodiscard]] bool nothing() const noexcept {
        for (Counts const* c : {&depts, &members, &roleGroups, &roles})
            if (c->created + c->changed > 0) return false;
        return !rootRenamed && !adminsChanged;
    }
    friend bool operator==(ImportReport const&, ImportReport const&) = default;
};

/** See LocalAuthority::Api::importCorpData. @param caller stands in the change feed. */
CORPS_DECL ImportReport importInto(CorpCore& core, std::string const& caller, CorpData const& data);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/sync/impl/local_import.ipp>
#endif
