#pragma once

#include <corps/error/errc.hpp>

namespace corps {
namespace detail {

class CorpsCategory final : public boost::system::error_category {
public:
    // A fixed id makes the category equal across shared libraries that each hold a copy of it.
    constexpr CorpsCategory() noexcept : error_category(0x636f7270735f6572ULL) {}
    char const* name() const noexcept override { return "corps"; }
    std::string message(int value) const override {
        switch (static_cast<Errc>(value)) {
            case Errc::config: return "configuration error";
            case Errc::authRejected: return "authentication rejected";
            case Errc::permissionDenied: return "permission denied";
            case Errc::rateLimited: return "rate limited";
            case Errc::transport: return "transport error";
            case Errc::protocol: return "unexpected answer";
            case Errc::upstream: return "refused by the platform";
            case Errc::storage: return "storage error";
            case Errc::storageTooNew: return "store written by a newer version";
            case Errc::notFound: return "not found";
            case Errc::invalidArgument: return "invalid argument";
            case Errc::alreadyExists: return "already exists";
            case Errc::busy: return "another sync is running";
            case Errc::operationInProgress: return "operation in progress";
            case Errc::held: return "removals held";
            case Errc::refused: return "refused";
            case Errc::brokenSnapshot: return "inconsistent organisation";
            case Errc::stalePlan: return "plan out of date";
            case Errc::wrongCorp: return "store belongs to another corp";
            case Errc::cancelled: return "cancelled";
            case Errc::unsupported: return "not supported";
        }
        return "unknown error";
    }
};

}  // namespace detail

CORPS_DECL boost::system::error_category const& corpsCategory() noexcept {
    static detail::CorpsCategory const category;
    return category;
}

CORPS_DECL bool isRetryable(boost::system::error_code const& ec) noexcept {
    if (ec.category() != corpsCategory()) return false;
    switch (static_cast<Errc>(ec.value())) {
        case Errc::rateLimited:
        case Errc::transport:
        case Errc::busy:
        case Errc::stalePlan: return true;
        default: return false;
    }
}

}  // namespace corps
