#pragma once

#include <corps/error/error.hpp>

#include <utility>

namespace corps {
namespace detail {

CORPS_DECL std::string describe(boost::system::error_code const& ec, std::string const& message,
                                Diagnostics const& d) {
    std::string out;
    if (!d.corp.empty()) out += d.corp + ": ";
    out += message.empty() ? ec.message() : message;
    std::string where = d.place;
    auto add = [&where](std::string const& part) {
        if (!where.empty()) where += "; ";
        where += part;
    };
    if (!d.endpoint.empty()) add(d.endpoint);
    if (d.httpStatus != 0) add("HTTP " + std::to_string(d.httpStatus));
    if (d.upstreamCode) add("code " + std::to_string(*d.upstreamCode));
    if (!d.requestId.empty()) add("request " + d.requestId);
    if (!where.empty()) out += " (" + where + ")";
    return out;
}

}  // namespace detail

CORPS_DECL Error::Error(boost::system::error_code ec, std::string message, Diagnostics d)
    : std::runtime_error(detail::describe(ec, message, d)),
      code_(ec),
      message_(std::move(message)),
      diagnostics_(std::move(d)) {}

CORPS_DECL Error::Error(Errc e, std::string message, Diagnostics d)
    : Error(make_error_code(e), std::move(message), std::move(d)) {}

CORPS_DECL Error Error::withCorp(std::string const& corp) const {
    if (!diagnostics_.corp.empty()) return *this;
    Diagnostics d = diagnostics_;
    d.corp = corp;
    return Error(code_, message_, std::move(d));
}

}  // namespace corps
