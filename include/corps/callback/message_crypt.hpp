#pragma once

#include <corps/config/secret.hpp>
#include <corps/detail/config.hpp>

#include <optional>
#include <string>
#include <string_view>

#define CORPS_INCLUDED_CRYPTO 1

namespace corps {

/** A message as it stood inside the ciphertext. */
struct CallbackMessage {
    std::string text;
    /** For whom the platform encrypted it: a corp id, suite id, app key. The caller compares it: see
     * MessageCrypt. */
    std::string receiveId;
};

/**
 * The message cryptography that WeCom and DingTalk share: SHA-1 over four sorted texts, and AES-256-CBC over
 * 16 random bytes, a length, the message and the receiver's id, padded to blocks of 32. (WeCom:
 * document/path/90968; DingTalk: "Event subscription", HTTP push.)
 *
 * The signature is the authentication and is always checked first; what fails after it fails in one way, so
 * that nobody learns from the answer how far a forged message came.
 *
 * Threads     const calls are safe at the same time. Copying copies the secrets.
 */
class MessageCrypt {
public:
    /**
     * @param token what the console calls Token. @param aesKey 43 characters of Base64 (EncodingAESKey,
     * aes_key). The two bits that they hold beyond 32 bytes may be set and mean nothing.
     * Errors      Error(Errc::config) for an empty token, or a key that is not 43 such characters; the text
     * of neither is in it.
     */
    CORPS_DECL MessageCrypt(Secret token, Secret const& aesKey);

    /** Lower-case hex SHA-1 over token, timestamp, nonce and encrypted text, sorted bytewise. */
    [[nodiscard]] CORPS_DECL std::string signature(std::string_view timestamp, std::string_view nonce,
                                                   std::string_view encrypted) const;

    /** Whether the signature is ours: exact, in constant time. */
    [[nodiscard]] CORPS_DECL bool verify(std::string_view signature, std::string_view timestamp,
                                         std::string_view nonce, std::string_view encrypted) const;

    /**
     * The message in an encrypted text; nothing when it is not one: Base64, whole blocks, padding of 1 to 32
     * equal bytes, a length within them. Never call it on a text whose signature was not checked; open() does
     * both.
     */
    [[nodiscard]] CORPS_DECL std::optional<CallbackMessage> decrypt(std::string_view encrypted) const;

    /** verify(), then decrypt(). */
    [[nodiscard]] CORPS_DECL std::optional<CallbackMessage> open(std::string_view signature,
                                                                 std::string_view timestamp,
                                                                 std::string_view nonce,
                                                                 std::string_view encrypted) const;

    /** Base64 of the encrypted message, with 16 random letters and digits before it. */
    [[nodiscard]] CORPS_DECL std::string encrypt(std::string_view text, std::string_view receiveId) const;

    /** The same with the 16 bytes given, for tests against published vectors. Errors
     * Error(Errc::invalidArgument) for another number of bytes. */
    [[nodiscard]] CORPS_DECL std::string encryptWith(std::string_view random, std::string_view text,
                                                     std::string_view receiveId) const;

private:
    Secret token_;
    Secret key_;  // 32 bytes, the first 16 of which the cipher begins with
};

}  // namespace corps

#ifdef CORPS_HEADER_ONLY
#include <corps/callback/impl/message_crypt.ipp>
#endif
