#include <corps/crypto/digest.hpp>
#include <corps/crypto/password.hpp>
#include <corps/error/error.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>

namespace crypto_password_test {

using namespace corps;

namespace {
PasswordCost quick() {
    PasswordCost c;
    c.logN = 4;
    return c;
}
bool throwsCode(Errc expected, PasswordHash const& stored) {
    try {
        static_cast<void>(verifyPassword("x", stored));
    } catch (Error const& e) {
        return e.is(expected);
    }
    return false;
}
}  // namespace

TEST_CASE("crypto: digests of the standard's example", "[crypto]") {
    CHECK(toHex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(toHex(sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");  // FIPS 180-2, A.1
}

TEST_CASE("crypto: constant-time comparison compares", "[crypto]") {
    CHECK(constantTimeEqual("", ""));
    CHECK(constantTimeEqual("secret", "secret"));
    CHECK_FALSE(constantTimeEqual("secret", "secreT"));
    CHECK_FALSE(constantTimeEqual("secret", "secret "));
}

TEST_CASE("crypto: a hash verifies its password and no other", "[crypto]") {
    PasswordHash const h = hashPassword("correct horse", quick());
    CHECK(verifyPassword("correct horse", h));
    CHECK_FALSE(verifyPassword("correct horsE", h));
    CHECK_FALSE(verifyPassword("", h));
}

TEST_CASE("crypto: a password and its MD5 are the same password", "[crypto]") {
    // MD5 of "123456", as callers of the documented API send it.
    PasswordHash const h = hashPassword("123456", quick());
    CHECK(verifyPassword("e10adc3949ba59abbe56e057f20f883e", h));
    CHECK(verifyPassword("E10ADC3949BA59ABBE56E057F20F883E", h));
    CHECK_FALSE(verifyPassword("e10adc3949ba59abbe56e057f20f883f", h));
}

TEST_CASE("crypto: scrypt agrees with OpenSSL's own command", "[crypto]") {
    // The MD5 of "password", hashed by
    // `openssl kdf -keylen 32 -kdfopt pass:5f4dcc3b5aa765d61d8327deb882cf99 -kdfopt
    // hexsalt:00112233445566778899aabbccddeeff
    //  -kdfopt n:1024 -kdfopt r:8 -kdfopt p:1 SCRYPT`.
    PasswordHash stored;
    stored.parameters = "scrypt$10$8$1$00112233445566778899aabbccddeeff";
    stored.hash = "cd26af03a42065a3259ee834aa96708bb50f709156fcb1e4c1c9df633576b361";
    CHECK(verifyPassword("password", stored));
}

TEST_CASE("crypto: two hashes of one password differ and hold neither it nor its MD5", "[crypto]") {
    PasswordHash const a = hashPassword("123456", quick());
    PasswordHash const b = hashPassword("123456", quick());
    CHECK(a.hash != b.hash);
    CHECK(a.parameters != b.parameters);
    CHECK((a.hash + a.parameters).find("123456") == std::string::npos);
    CHECK((a.hash + a.parameters).find("e10adc39") == std::string::npos);
}

TEST_CASE("crypto: parameters say when to hash again", "[crypto]") {
    PasswordHash const h = hashPassword("x", quick());
    CHECK_FALSE(needsRehash(h, quick()));
    CHECK(needsRehash(h));
}

TEST_CASE("crypto: damaged parameters and mad costs are errors", "[crypto]") {
    for (char const* parameters : {"", "scrypt", "md5$1$2$3$00", "scrypt$4$8$1$", "scrypt$4$8$1$0",
                                   "scrypt$4$8$1$zz", "scrypt$x$8$1$00"}) {
        PasswordHash h;
        h.parameters = parameters;
        CAPTURE(parameters);
        CHECK(throwsCode(Errc::storage, h));
    }
    PasswordHash huge;
    huge.parameters = "scrypt$30$64$1$00";
    CHECK(throwsCode(Errc::invalidArgument, huge));
}

}  // namespace crypto_password_test
