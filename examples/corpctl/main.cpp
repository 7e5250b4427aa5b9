// corpctl: syncs, shows and edits organisations from the command line.
#include "corpctl.hpp"
#include "terminal.hpp"

#include <csignal>
#include <iostream>
#include <unistd.h>

int main(int argc, char** argv) {
    // A file that may not grow is an error to report, like a full disk, and not an end without a word.
    std::signal(SIGXFSZ, SIG_IGN);
    Console console{std::cout, std::cerr, std::cin, isatty(STDERR_FILENO) != 0};
    if (isatty(STDIN_FILENO) != 0) console.askSecret = corpctl::askSecret;
    return corpctlMain(argc, argv, console);
}
