#pragma once

#include <corps/error/error.hpp>
#include <corps/model/date.hpp>

#include <string>

namespace corps {

CORPS_DECL Date::Date(std::string_view text) {
    std::optional<Date> const parsed = parse(text);
    if (!parsed) throw Error(Errc::invalidArgument, "expected a date as YYYY-MM-DD");
    *this = *parsed;
}

}  // namespace corps
