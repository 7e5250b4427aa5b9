#pragma once

#include <corps/crypto/digest.hpp>
#include <corps/crypto/store_key.hpp>
#include <corps/error/error.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <climits>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace corps {
namespace detail {

// A sealed text: version, nonce, ciphertext, tag.
inline constexpr char kSealVersion = '\x01';
inline constexpr std::size_t kSealNonce = 12;
inline constexpr std::size_t kSealTag = 16;

inline unsigned char const* sealBytes(std::string_view v) noexcept {
    return reinterpret_cast<unsigned char const*>(v.data());
}
inline unsigned char* sealBytes(std::string& v) noexcept {
    return reinterpret_cast<unsigned char*>(v.data());
}

class SealContext {
public:
    SealContext() : context_(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free) {
        if (context_ == nullptr) fail();
    }
    [[nodiscard]] EVP_CIPHER_CTX* get() const noexcept { return context_.get(); }
    [[noreturn]] static void fail() { throw Error(Errc::unsupported, "OpenSSL does not offer AES-256-GCM"); }
    static void need(bool good) {
        if (!good) fail();
    }

private:
    std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context_;
};

inline std::string aes256GcmSeal(std::string_view key, std::string_view text, std::string_view row) {
    if (text.size() > INT_MAX / 2 || row.size() > INT_MAX / 2)
        throw Error(Errc::invalidArgument, "a text that is too long to be sealed");
    std::string const nonce = randomBytes(kSealNonce);
    SealContext const c;
    SealContext::need(
        EVP_EncryptInit_ex(c.get(), EVP_aes_256_gcm(), nullptr, sealBytes(key), sealBytes(nonce)) == 1);
    int n = 0;
    SealContext::need(EVP_EncryptUpdate(c.get(), nullptr, &n, sealBytes(row), static_cast<int>(row.size())) ==
                      1);
    std::string body(text.size() + kSealTag, '\0');
    SealContext::need(
        EVP_EncryptUpdate(c.get(), sealBytes(body), &n, sealBytes(text), static_cast<int>(text.size())) == 1);
    int last = 0;
    SealContext::need(EVP_EncryptFinal_ex(c.get(), sealBytes(body) + n, &last) == 1);
    SealContext::need(EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kSealTag),
                                          sealBytes(body) + text.size()) == 1);
    return std::string(1, kSealVersion) + nonce + body;
}

inline std::optional<std::string> aes256GcmOpen(std::string_view key, std::string_view sealed,
                                                std::string_view row) {
    if (sealed.size() < 1 + kSealNonce + kSealTag || sealed.front() != kSealVersion ||
        sealed.size() > INT_MAX || row.size() > INT_MAX)
        return std::nullopt;
    std::string_view const nonce = sealed.substr(1, kSealNonce);
    std::string_view const body = sealed.substr(1 + kSealNonce, sealed.size() - 1 - kSealNonce - kSealTag);
    std::string tag(sealed.substr(sealed.size() - kSealTag));
    SealContext const c;
    SealContext::need(
        EVP_DecryptInit_ex(c.get(), EVP_aes_256_gcm(), nullptr, sealBytes(key), sealBytes(nonce)) == 1);
    int n = 0;
    SealContext::need(EVP_DecryptUpdate(c.get(), nullptr, &n, sealBytes(row), static_cast<int>(row.size())) ==
                      1);
    std::string out(body.size() + 1, '\0');
    SealContext::need(
        EVP_DecryptUpdate(c.get(), sealBytes(out), &n, sealBytes(body), static_cast<int>(body.size())) == 1);
    SealContext::need(
        EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(kSealTag), sealBytes(tag)) == 1);
    int last = 0;
    bool const good = EVP_DecryptFinal_ex(c.get(), sealBytes(out) + n, &last) == 1;
    if (!good) {
        OPENSSL_cleanse(out.data(), out.size());
        return std::nullopt;
    }
    out.resize(body.size());
    return out;
}

class AesStoreKey final : public StoreKey {
public:
    explicit AesStoreKey(Secret key) : key_(std::move(key)) {
        if (key_.empty())
            throw Error(Errc::config,
                        "a store's key must not be empty: make one with `openssl rand -base64 32`");
    }

    [[nodiscard]] std::string newSalt() const override { return randomBytes(16); }
    [[nodiscard]] std::string seal(std::string_view salt, std::string_view text,
                                   std::string_view row) const override {
        Keys const keys = derived(salt);
        return aes256GcmSeal(keys->reveal().substr(0, kKey), text, row);
    }
    [[nodiscard]] std::optional<std::string> open(std::string_view salt, std::string_view sealed,
                                                  std::string_view row) const override {
        Keys const keys = derived(salt);
        return aes256GcmOpen(keys->reveal().substr(0, kKey), sealed, row);
    }
    [[nodiscard]] std::string mark(std::string_view salt, std::string_view text) const override {
        Keys const keys = derived(salt);
        std::string_view const key = keys->reveal().substr(kKey);
        std::string out(EVP_MAX_MD_SIZE, '\0');
        unsigned int size = 0;
        if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), sealBytes(text), text.size(),
                 sealBytes(out), &size) == nullptr)
            throw Error(Errc::unsupported, "OpenSSL does not offer HMAC with SHA-256");
        out.resize(size);
        return toHex(out);
    }

private:
    using Keys = std::shared_ptr<Secret const>;
    static constexpr std::size_t kKey = 32;  // bytes of each: one to seal with, one to name with

    [[nodiscard]] Keys derived(std::string_view salt) const {
        std::lock_guard const lock(mutex_);
        Keys& slot = keys_[std::string(salt)];
        if (!slot) {
            std::string out(2 * kKey, '\0');
            std::string_view const key = key_.reveal();
            constexpr std::uint64_t kCost = std::uint64_t{1} << 15U;
            if (EVP_PBE_scrypt(key.data(), key.size(), sealBytes(salt), salt.size(), kCost, 8, 1,
                               std::uint64_t{64} << 20U, sealBytes(out), out.size()) != 1)
                throw Error(Errc::unsupported, "OpenSSL does not offer scrypt");
            slot = std::make_shared<Secret const>(std::string_view(out));
            OPENSSL_cleanse(out.data(), out.size());
        }
        return slot;
    }

    Secret key_;
    mutable std::mutex mutex_;
    mutable std::map<std::string, Keys> keys_;  // by salt: scrypt is slow on purpose
};

}  // namespace detail

CORPS_DECL std::shared_ptr<StoreKey const> storeKey(Secret key) {
    return std::make_shared<detail::AesStoreKey>(std::move(key));
}

}  // namespace corps
