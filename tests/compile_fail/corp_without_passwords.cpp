// expect: corps: a corp that is edited here keeps passwords: include <corps/crypto/password.hpp>
// The first error is a sentence of ours where the header is missing.
#include <corps/corps.hpp>
#ifndef CORPS_EXPECT_FAIL
#include <corps/crypto/password.hpp>
#endif

void use(corps::NormalType<corps::MemoryStorage>& corp) { corp.initCorp(); }
