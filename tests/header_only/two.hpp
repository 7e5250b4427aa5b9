#pragma once

#include <string>

/// Uses every part of the library in the other file of the program.
std::string useEverything();
