#pragma once

/**
 * @file
 * Everything that needs Boost alone. Include what reaches further beside it, where it is used:
 *
 *   corps/transport/https.hpp     HTTPS (OpenSSL)
 *   corps/storage/sqlite.hpp      SQLite
 *   corps/app.hpp                 elements from a directory
 *   corps/emulator/emulator.hpp   servers that answer as the platforms do (OpenSSL)
 */
#include <corps/context/context.hpp>
#include <corps/error/error.hpp>
#include <corps/storage/memory.hpp>
#include <corps/version.hpp>
#if __has_include(<corps/types.hpp>)
#include <corps/types.hpp>
#endif
