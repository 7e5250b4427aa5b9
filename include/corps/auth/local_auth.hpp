#pragma once

#include <corps/detail/verdict.hpp>
#include <corps/model/password_hash.hpp>

#include <concepts>
#include <string_view>

namespace corps {

/** The AuthPolicy of a corp without passwords: whatever needs one is refused with Errc::unsupported. */
struct NoAuth {};

namespace detail {

template <class A>
concept IsComplete = requires { sizeof(A); };
template <class A>
concept HashesPasswords = requires(std::string_view password) {
    { A::hash(password) } -> std::same_as<PasswordHash>;
};
template <class A>
concept VerifiesPasswords = requires(std::string_view password, PasswordHash const& stored) {
    { A::verify(password, stored) } -> std::same_as<bool>;
};
template <class A>
concept TellsOldHashes = requires(PasswordHash const& stored) {
    { A::needsRehash(stored) } -> std::same_as<bool>;
};

}  // namespace detail

/**
 * The AuthPolicy of a corp that is edited here: how it keeps passwords. All members are static.
 * - `PasswordHash hash(std::string_view password)`: with a new salt; takes as long as verify().
 * - `bool verify(std::string_view password, PasswordHash const& stored)`
 * - `bool needsRehash(PasswordHash const& stored)`: whether hash() would make a stronger one.
 *
 * Threads     Several calls at a time. They are slow on purpose, and no transaction is open during them.
 */
template <class A>
concept LocalAuth = detail::HashesPasswords<A> && detail::VerifiesPasswords<A> && detail::TellsOldHashes<A>;

/** A LocalAuth as data. */
struct PasswordScheme {
    PasswordHash (*hash)(std::string_view password) = nullptr;  ///< null: this corp has no passwords
    bool (*verify)(std::string_view password, PasswordHash const& stored) = nullptr;
    bool (*needsRehash)(PasswordHash const& stored) = nullptr;
};

template <class A>
[[nodiscard]] constexpr PasswordScheme passwordSchemeOf() noexcept {
    if constexpr (std::same_as<A, NoAuth>) {
        return PasswordScheme();
    } else {
        return PasswordScheme{&A::hash, &A::verify, &A::needsRehash};
    }
}

namespace detail {

struct LocalAuthNeedsHeader {
    template <class A>
    static consteval bool verify() {
        static_assert(
            IsComplete<A>,
            "corps: a corp that is edited here keeps passwords: include <corps/crypto/password.hpp>, "
            "which needs OpenSSL (CMake: corps::crypto)");
        return true;  // one error, not two
    }
};
struct LocalAuthNeedsPasswords {
    template <class A>
    static consteval bool verify() {
        static_assert(
            kAlwaysFalse<A>,
            "corps: the AuthPolicy of a corp that is edited here is PasswordLogin, NoAuth, or a type "
            "with `static PasswordHash hash(std::string_view password)`, `static bool "
            "verify(std::string_view password, PasswordHash const& stored)` and `static bool "
            "needsRehash(PasswordHash const& stored)`");
        return true;
    }
};

}  // namespace detail

/** What a type lacks to be the AuthPolicy of a corp that is edited here; see StorageVerdict. */
template <class A>
using LocalAuthVerdict = detail::FirstFailure<
    detail::Check<detail::IsComplete<A>, detail::LocalAuthNeedsHeader>,
    detail::Check<std::same_as<A, NoAuth> || LocalAuth<A>, detail::LocalAuthNeedsPasswords>>;

}  // namespace corps
