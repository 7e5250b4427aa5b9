#pragma once

/**
 * The version of corps, written here and nowhere else: CMake and the Conan recipe read these three lines.
 */
#define CORPS_VERSION_MAJOR 0
#define CORPS_VERSION_MINOR 1
#define CORPS_VERSION_PATCH 0

/// One number to compare in the preprocessor: 10203 is 1.2.3.
#define CORPS_VERSION (CORPS_VERSION_MAJOR * 10000 + CORPS_VERSION_MINOR * 100 + CORPS_VERSION_PATCH)

#define CORPS_DETAIL_TEXT_OF(x) #x
#define CORPS_DETAIL_TEXT(x) CORPS_DETAIL_TEXT_OF(x)
/// The version as text: "1.2.3".
#define CORPS_VERSION_STRING               \
    CORPS_DETAIL_TEXT(CORPS_VERSION_MAJOR) \
    "." CORPS_DETAIL_TEXT(CORPS_VERSION_MINOR) "." CORPS_DETAIL_TEXT(CORPS_VERSION_PATCH)
