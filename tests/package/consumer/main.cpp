#include <corps/error/error.hpp>
#include <corps/version.hpp>

#include <cstdio>

int main() {
    std::puts(CORPS_VERSION_STRING);
    corps::Error const error(corps::Errc::busy, "one");
    return error.is(corps::Errc::busy) ? 0 : 1;
}
