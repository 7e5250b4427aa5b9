#pragma once

#include <string>

namespace corps {

/** A stored password: the hash and what it was made with. Nothing in it leads back to the password or its
 * MD5. */
struct PasswordHash {
    std::string hash;        ///< in hex
    std::string parameters;  ///< how it was made, the salt included: "scrypt$logN$blockSize$parallel$salt"
};

}  // namespace corps
