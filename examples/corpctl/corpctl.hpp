#pragma once

#include <iosfwd>

/**
 * corpctl as a function.
 * @param terminal whether `err` is a terminal: progress is shown there, and nowhere else.
 * @return 0 done; 1 failed, nothing written; 2 wrong usage; 3 done, but something was held or incomplete.
 */
int corpctlMain(int argc, char const* const* argv, std::ostream& out, std::ostream& err,
                bool terminal = false);
