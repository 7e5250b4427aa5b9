#pragma once

#include <string>

namespace corpctl {

/** Asks on the terminal of standard input and reads a line without showing it. Throws when it is given up. */
[[nodiscard]] std::string askSecret(std::string const& prompt);

}  // namespace corpctl
