// expect: corps: the AuthPolicy of a corp that is edited here is PasswordLogin, NoAuth, or a type
#include <corps/corps.hpp>

#include <string_view>

struct Login {
#ifndef CORPS_EXPECT_FAIL
    static corps::PasswordHash hash(std::string_view) { return {}; }
#endif
    static bool verify(std::string_view, corps::PasswordHash const&) { return false; }
    static bool needsRehash(corps::PasswordHash const&) { return false; }
};

void use(corps::Corp<Login, corps::NoUpstream, corps::MemoryStorage, corps::LocalAuthority<>>& corp) {
    corp.initCorp();
}
