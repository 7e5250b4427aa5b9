// How the library is compiled: header-only by default. With CORPS_SEPARATE_COMPILATION defined for the whole
// program, bodies are left out of the headers and exactly one source file includes <corps/src.hpp>.
#pragma once

#ifdef CORPS_SEPARATE_COMPILATION
#define CORPS_DECL
#else
#define CORPS_DECL inline
#define CORPS_HEADER_ONLY 1
#endif
