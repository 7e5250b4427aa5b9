#pragma once

#include <corps/error/error.hpp>
#include <corps/model/member_status.hpp>

namespace corps {

CORPS_DECL StatusFilter parseStatusFilter(std::string_view word) {
    if (std::optional<StatusFilter> const filter = findStatusFilter(word)) return *filter;
    throw Error(Errc::invalidArgument, "expected \"active\", \"offline\" or \"all\" as status");
}

}  // namespace corps
