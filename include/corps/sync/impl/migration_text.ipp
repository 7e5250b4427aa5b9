#pragma once

#include <corps/sync/migration.hpp>

namespace corps {

CORPS_DECL std::string Migration::text() const {
    std::string out = "from " + from.text();
    if (fromCorp != toCorp) out += " (" + fromCorp + ")";
    out += " to " + to.text();
    if (fromCorp != toCorp) out += " (" + toCorp + ")";
    out += ": " + std::to_string(members.size()) + " members and " + std::to_string(departments.size()) +
           " departments stand under other ids";
    if (!unmatched.empty()) out += "; " + std::to_string(unmatched.size()) + " members were not found again";
    return out;
}

}  // namespace corps
