// The bodies of the emulators, beside those of src.cpp: two processors compile them at once.
#include <corps/emulator/emulator.hpp>
#include <corps/emulator/src.hpp>
