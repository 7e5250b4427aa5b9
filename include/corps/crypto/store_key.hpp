#pragma once

#include <corps/config/secret.hpp>
#include <corps/context/store_key.hpp>
#include <corps/detail/config.hpp>

#include <memory>
#include <string>
#include <string_view>

#define CORPS_INCLUDED_CRYPTO 1

namespace corps {

/**
 * A key for what a store keeps sealed: AES-256-GCM with a random nonce each time, bound to the row; the key
 * of it is derived by scrypt (32 MiB) from this one and the store's salt, once for each store.
 *
 *     corps::ContextOptions options;
 *     options.storeKey = corps::storeKey(corps::Secret(std::getenv("CORPS_STORE_KEY")));
 *
 * @param key any text that is not empty. Let it be random: `openssl rand -base64 32` makes one. Whoever has
 * it and the store reads its permanent codes; without it they are lost. Errors   Error(Errc::config) when it
 * is empty. Using the result: Errc::unsupported when OpenSSL does not offer AES-256-GCM or scrypt.
 */
[[nodiscard]] CORPS_DECL std::shared_ptr<StoreKey const> storeKey(Secret key);

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/crypto/impl/store_key.ipp>
#endif
