// The bodies, once for the program; the other files see declarations only.
#include <corps/crypto/password.hpp>
#include <corps/storage/sqlite.hpp>

#ifdef CORPS_SEPARATE_COMPILATION
#include <corps/src.hpp>
#endif
