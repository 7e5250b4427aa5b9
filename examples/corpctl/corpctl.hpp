#pragma once

#include <functional>
#include <iosfwd>
#include <string>

/** What corpctl talks through. */
struct Console {
    std::ostream& out;
    std::ostream& err;
    std::istream& in;
    bool terminal = false;  ///< `err` is a terminal: progress is shown there, and nowhere else
    /** Asks on the terminal for what must not be shown; empty: it is a line of `in`. */
    std::function<std::string(std::string const& prompt)> askSecret{};
};

/**
 * corpctl as a function.
 * @return 0 done; 1 failed, nothing written; 2 wrong usage; 3 done, but something was held or incomplete.
 */
int corpctlMain(int argc, char const* const* argv, Console const& console);
