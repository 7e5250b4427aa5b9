#pragma once

#include <corps/detail/verdict.hpp>
#include <corps/transport/channel.hpp>

#include <concepts>

namespace corps {

namespace detail {

struct TransportNeedsCopy {
    template <class T>
    static consteval bool verify() {
        static_assert(
            kAlwaysFalse<T>,
            "corps: Transport needs to be copyable: make it a handle, for example a std::shared_ptr to "
            "the connections");
        return true;  // one error, not two
    }
};
struct TransportNeedsSend {
    template <class T>
    static consteval bool verify() {
        static_assert(kAlwaysFalse<T>,
                      "corps: Transport needs `asio::awaitable<Response> send(Request request)`");
        return true;
    }
};

}  // namespace detail

/**
 * What a type lacks to be a Transport: detail::PolicyOk if nothing, else the first missing requirement, whose
 * `verify<T>()` is a static_assert that shows the signature to add. Made of the concepts that Transport is
 * made of.
 */
template <class T>
using TransportVerdict = detail::FirstFailure<detail::Check<std::copyable<T>, detail::TransportNeedsCopy>,
                                              detail::Check<detail::HasSend<T>, detail::TransportNeedsSend>>;

}  // namespace corps
