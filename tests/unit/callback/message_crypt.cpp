// The cryptography of messages that WeCom and DingTalk share, against vectors: those that the platforms
// publish, and some that two other implementations agree on.
#include <corps/callback/message_crypt.hpp>
#include <corps/crypto/base64.hpp>
#include <corps/crypto/cipher.hpp>
#include <corps/crypto/digest.hpp>
#include <corps/error/error.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <support/callback_vectors.hpp>

namespace callback_message_crypt_test {

using namespace corps;
using test::MessageVector;

TEST_CASE("every vector of WeCom and DingTalk is read, and written byte for byte", "[callback]") {
    for (MessageVector const& v : test::messageVectors()) {
        INFO(v.name);
        MessageCrypt const crypt{Secret(v.token), Secret(v.aesKey)};
        CHECK(crypt.signature(v.timestamp, v.nonce, v.encrypted) == v.signature);
        auto const message = crypt.open(v.signature, v.timestamp, v.nonce, v.encrypted);
        REQUIRE(message.has_value());
        CHECK(message->text == v.text);
        CHECK(message->receiveId == v.receiveId);
        CHECK(crypt.encryptWith(v.random, v.text, v.receiveId) == v.encrypted);
    }
}

TEST_CASE("what is encrypted here is read here, at every length around the blocks", "[callback]") {
    MessageCrypt const crypt{Secret("t"), Secret("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")};
    for (std::size_t n = 0; n < 100; ++n) {
        std::string const text(n, 'x');
        std::string const encrypted = crypt.encrypt(text, "receiver");
        auto const message = crypt.decrypt(encrypted);
        REQUIRE(message.has_value());
        CHECK(message->text == text);
        CHECK(message->receiveId == "receiver");
    }
    CHECK(crypt.encrypt("x", "r") != crypt.encrypt("x", "r"));
}

TEST_CASE("a signature is compared whole and exactly", "[callback]") {
    MessageVector const& v = test::messageVectors().front();
    MessageCrypt const crypt{Secret(v.token), Secret(v.aesKey)};
    std::string upper = v.signature;
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    CHECK(crypt.verify(v.signature, v.timestamp, v.nonce, v.encrypted));
    CHECK_FALSE(crypt.verify(upper, v.timestamp, v.nonce, v.encrypted));
    CHECK_FALSE(crypt.verify("", v.timestamp, v.nonce, v.encrypted));
    CHECK_FALSE(crypt.verify(v.signature + "0", v.timestamp, v.nonce, v.encrypted));
    CHECK_FALSE(crypt.verify(v.signature.substr(1), v.timestamp, v.nonce, v.encrypted));
    CHECK_FALSE(crypt.open(upper, v.timestamp, v.nonce, v.encrypted).has_value());
}

namespace {

std::string const kKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/** Encrypts what is not a message, too. */
std::string encryptRaw(std::string const& plain) {
    std::string key;
    for (int i = 0; i < 32; ++i) key += static_cast<char>(i);
    return base64Encode(aes256CbcEncrypt(key, key.substr(0, 16), plain));
}

std::string head(std::size_t size) {
    return std::string(16, 'r') + std::string(2, '\0') + static_cast<char>(size >> 8) +
           static_cast<char>(size & 0xFF);
}

}  // namespace

TEST_CASE("what is encrypted with the right key and is no message is refused", "[callback]") {
    MessageCrypt const crypt{Secret("t"), Secret(kKey)};
    // 16 + 4 + 3 + 2 = 25 bytes, 7 of padding: the smallest change to each part.
    std::string const good = head(3) + "abcid" + std::string(7, '\7');
    REQUIRE(crypt.decrypt(encryptRaw(good)).has_value());
    auto const refused = [&crypt](std::string const& plain) {
        return !crypt.decrypt(encryptRaw(plain)).has_value();
    };
    SECTION("padding of nothing, or of more than a block") {
        CHECK(refused(head(3) + "abcid" + std::string(6, '\7') + '\0'));
        CHECK(refused(head(3) + "abcid" + std::string(6, '\7') + '\x21'));
        CHECK(refused(head(3) + "abcid" + std::string(6, '\7') + '\xFF'));
    }
    SECTION("padding of unequal bytes") {
        CHECK(refused(head(3) + "abcid" + '\6' + std::string(6, '\7')));
        CHECK(refused(head(3) + "abcid" + std::string(5, '\7') + '\6' + '\7'));
    }
    SECTION("padding that reaches into the head") { CHECK(refused(std::string(32, '\x20'))); }
    SECTION("a length beyond the end") {
        CHECK_FALSE(refused(head(5) + "abcid" + std::string(7, '\7')));
        CHECK(refused(head(6) + "abcid" + std::string(7, '\7')));
        CHECK(refused(std::string(16, 'r') + "\xFF\xFF\xFF\xFF" + "abcid" + std::string(7, '\7')));
    }
    SECTION("16 bytes of padding are enough, as some senders have it") {
        auto const message = crypt.decrypt(encryptRaw(head(7) + "abcdefgreceiver" + std::string(13, '\xD')));
        REQUIRE(message.has_value());
        CHECK(message->text == "abcdefg");
        CHECK(message->receiveId == "receiver");
    }
    SECTION("not whole blocks, not Base64, nothing") {
        CHECK_FALSE(crypt.decrypt("").has_value());
        CHECK_FALSE(crypt.decrypt("AAAA").has_value());
        CHECK_FALSE(crypt.decrypt(base64Encode(std::string(16, 'x'))).has_value());
        CHECK_FALSE(crypt.decrypt(base64Encode(std::string(33, 'x'))).has_value());
        CHECK_FALSE(crypt.decrypt(encryptRaw(good) + "\n").has_value());
        CHECK_FALSE(crypt.decrypt("not base64 at all!!").has_value());
    }
}

TEST_CASE("spare bits of the key mean nothing", "[callback]") {
    // "8" ends in two zero bits, "9", "+" and "/" in others; the 32 bytes are the same.
    std::string const text = MessageCrypt{Secret("t"), Secret(kKey)}.encrypt("text", "id");
    for (char const last : {'8', '9', '+', '/'}) {
        MessageCrypt const crypt{Secret("t"), Secret(kKey.substr(0, 42) + last)};
        CHECK(crypt.decrypt(text).has_value());
    }
}

TEST_CASE("a key or token that cannot be one is refused without being shown", "[callback]") {
    auto const refused = [](std::string const& token, std::string const& key) {
        try {
            MessageCrypt const crypt{Secret(token), Secret(key)};
            return false;
        } catch (Error const& e) {
            return e.is(Errc::config) && std::string(e.what()).find("secretive") == std::string::npos;
        }
    };
    CHECK(refused("", kKey));
    CHECK(refused("t", ""));
    CHECK(refused("t", kKey.substr(1)));
    CHECK(refused("t", kKey + "A"));
    CHECK(refused("t", "secretive" + std::string(33, 'A') + "="));
    CHECK(refused("t", "secretive" + std::string(33, 'A') + " "));
    CHECK_FALSE(refused("t", "secretive" + std::string(34, 'A')));
}

TEST_CASE("Base64 is written and read whole, or not at all", "[callback]") {
    CHECK(base64Encode("") == "");
    CHECK(base64Encode("f") == "Zg==");
    CHECK(base64Encode("fo") == "Zm8=");
    CHECK(base64Encode("foo") == "Zm9v");
    CHECK(base64Encode("foobar") == "Zm9vYmFy");
    for (std::size_t n = 0; n < 70; ++n) {
        std::string bytes;
        for (std::size_t i = 0; i < n; ++i) bytes += static_cast<char>(i * 37 + n);
        CHECK(base64Decode(base64Encode(bytes)) == bytes);
    }
    CHECK(base64Decode("Zh==") == "f");  // spare bits
    for (char const* bad : {"Zg", "Zg=", "Zg===", "=", "====", "Z===", "Zg==Zg==", " Zg==", "Zg==\n",
                            "Z g=", "Zm9-", "Zm9_", "Zm=v", "\xC3\xA4g=="})
        CHECK_FALSE(base64Decode(bad).has_value());
}

}  // namespace callback_message_crypt_test
