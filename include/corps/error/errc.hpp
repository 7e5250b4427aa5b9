#pragma once

#include <corps/detail/config.hpp>

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>

#include <type_traits>

namespace corps {

/** What went wrong, independent of platform and storage. Values are stable. */
enum class Errc {
    config = 1,           ///< an element or business file is missing, malformed or incomplete
    authRejected,         ///< credentials, token or password refused
    permissionDenied,     ///< the application may not do or see this
    rateLimited,          ///< the platform throttles; retrying later helps
    transport,            ///< connection, TLS, or the deadline of a request
    protocol,             ///< an answer that is not what the platform documents
    upstream,             ///< the platform refused the call for another reason; see the platform's own code
    storage,              ///< the store failed, is full, locked or corrupt
    storageTooNew,        ///< the store was written by a newer version of this library
    notFound,             ///< an id that names nothing
    invalidArgument,      ///< an argument outside what is documented
    alreadyExists,        ///< an id or username that is taken
    busy,                 ///< another sync of this corp is running
    operationInProgress,  ///< this object already runs a network operation
    held,                 ///< removals are held until they are approved
    refused,              ///< a rule of the organisation forbids the change
    brokenSnapshot,       ///< what upstream showed is not one consistent tree
    stalePlan,            ///< the store changed since the plan was made
    wrongCorp,            ///< the store belongs to another upstream corp, app or id type
    cancelled,            ///< the operation was cancelled; nothing was written
    unsupported,          ///< not available for this platform or in this version
};

/** The category of Errc. No-throw; the same object in every translation unit. */
CORPS_DECL boost::system::error_category const& corpsCategory() noexcept;

inline boost::system::error_code make_error_code(Errc e) noexcept {
    return {static_cast<int>(e), corpsCategory()};
}

/** Whether the same call can succeed later without anybody changing anything. No-throw. */
CORPS_DECL bool isRetryable(boost::system::error_code const& ec) noexcept;

}  // namespace corps

template <>
struct boost::system::is_error_code_enum<corps::Errc> : std::true_type {};

#ifdef CORPS_HEADER_ONLY
#include <corps/error/impl/errc.ipp>
#endif
