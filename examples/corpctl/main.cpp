// corpctl: syncs and shows organisations from the command line.
#include "corpctl.hpp"

#include <iostream>
#include <unistd.h>

int main(int argc, char** argv) {
    return corpctlMain(argc, argv, std::cout, std::cerr, isatty(STDERR_FILENO) != 0);
}
